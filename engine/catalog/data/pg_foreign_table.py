"""The built-in rows of pg_foreign_table, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('ftrelid', 'ftserver', 'ftoptions')
ROWS = r"""
"""
