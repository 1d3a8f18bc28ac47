"""The built-in rows of pg_shdepend, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('dbid', 'classid', 'objid', 'objsubid', 'refclassid', 'refobjid', 'deptype')
ROWS = r"""
"""
