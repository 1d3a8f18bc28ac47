"""The built-in rows of pg_shseclabel, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('objoid', 'classoid', 'provider', 'label')
ROWS = r"""
"""
