"""The built-in rows of pg_replication_origin, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('roident', 'roname')
ROWS = r"""
"""
