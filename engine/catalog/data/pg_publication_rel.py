"""The built-in rows of pg_publication_rel, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'prpubid', 'prrelid', 'prqual', 'prattrs')
ROWS = r"""
"""
