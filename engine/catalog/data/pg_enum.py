"""The built-in rows of pg_enum, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'enumtypid', 'enumsortorder', 'enumlabel')
ROWS = r"""
"""
