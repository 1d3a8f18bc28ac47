"""The built-in rows of pg_subscription_rel, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('srsubid', 'srrelid', 'srsubstate', 'srsublsn')
ROWS = r"""
"""
