"""Deterministic simulation of journal/ and storage/: see world.py and run.py."""
