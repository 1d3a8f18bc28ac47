"""The built-in rows of pg_statistic_ext, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'stxrelid', 'stxname', 'stxnamespace', 'stxowner', 'stxkeys', 'stxstattarget', 'stxkind', 'stxexprs')
ROWS = r"""
"""
