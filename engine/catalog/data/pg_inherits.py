"""The built-in rows of pg_inherits, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('inhrelid', 'inhparent', 'inhseqno', 'inhdetachpending')
ROWS = r"""
"""
