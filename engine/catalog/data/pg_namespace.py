"""The built-in rows of pg_namespace, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'nspname', 'nspowner', 'nspacl')
ROWS = r"""
[11,"pg_catalog",10,[[10,10,768],[0,10,256]]]
[99,"pg_toast",10,null]
[2200,"public",6171,[[6171,6171,768],[0,6171,256]]]
[12421,"information_schema",10,[[10,10,768],[0,10,256]]]
"""
