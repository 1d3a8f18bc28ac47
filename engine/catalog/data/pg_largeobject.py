"""The built-in rows of pg_largeobject, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('loid', 'pageno', 'data')
ROWS = r"""
"""
