"""The built-in rows of pg_db_role_setting, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('setdatabase', 'setrole', 'setconfig')
ROWS = r"""
"""
