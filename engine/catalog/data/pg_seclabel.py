"""The built-in rows of pg_seclabel, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('objoid', 'classoid', 'objsubid', 'provider', 'label')
ROWS = r"""
"""
