"""The built-in rows of pg_transform, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'trftype', 'trflang', 'trffromsql', 'trftosql')
ROWS = r"""
"""
