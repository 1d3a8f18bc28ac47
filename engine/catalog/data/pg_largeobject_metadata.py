"""The built-in rows of pg_largeobject_metadata, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'lomowner', 'lomacl')
ROWS = r"""
"""
