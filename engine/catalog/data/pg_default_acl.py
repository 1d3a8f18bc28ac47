"""The built-in rows of pg_default_acl, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'defaclrole', 'defaclnamespace', 'defaclobjtype', 'defaclacl')
ROWS = r"""
"""
