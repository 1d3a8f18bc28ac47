"""Fixtures of all tests."""

from .fix_server import durable_server, oracle_bin, server

__all__ = ["durable_server", "oracle_bin", "server"]
