"""The built-in rows of pg_tablespace, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'spcname', 'spcowner', 'spcacl', 'spcoptions')
ROWS = r"""
[1663,"pg_default",10,null,null]
[1664,"pg_global",10,null,null]
"""
