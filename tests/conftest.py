"""Fixtures of all tests."""

import pytest
from gaveldb.journal import pipeline

from .fix_server import durable_server, oracle_bin, server

__all__ = ["durable_server", "oracle_bin", "server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The compiled build (make compiled) runs everything but what is marked pure."""
    if pipeline.__file__.endswith(".py"):
        return
    for item in items:
        if item.get_closest_marker("pure"):
            item.add_marker(pytest.mark.skip(reason="the build is compiled"))
