"""The built-in rows of pg_parameter_acl, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'parname', 'paracl')
ROWS = r"""
"""
