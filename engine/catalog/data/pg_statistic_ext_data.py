"""The built-in rows of pg_statistic_ext_data, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('stxoid', 'stxdinherit', 'stxdndistinct', 'stxddependencies', 'stxdmcv', 'stxdexpr')
ROWS = r"""
"""
