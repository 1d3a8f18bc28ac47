"""The built-in rows of pg_partitioned_table, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('partrelid', 'partstrat', 'partnatts', 'partdefid', 'partattrs', 'partclass', 'partcollation', 'partexprs')
ROWS = r"""
"""
