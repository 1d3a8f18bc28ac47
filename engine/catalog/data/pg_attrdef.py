"""The built-in rows of pg_attrdef, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'adrelid', 'adnum', 'adbin')
ROWS = r"""
"""
