"""The built-in rows of pg_foreign_server, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'srvname', 'srvowner', 'srvfdw', 'srvtype', 'srvversion', 'srvacl', 'srvoptions')
ROWS = r"""
"""
