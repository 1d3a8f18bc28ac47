"""The built-in rows of pg_user_mapping, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'umuser', 'umserver', 'umoptions')
ROWS = r"""
"""
