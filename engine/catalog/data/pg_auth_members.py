"""The built-in rows of pg_auth_members, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'roleid', 'member', 'grantor', 'admin_option', 'inherit_option', 'set_option')
ROWS = r"""
[10308,3374,3373,10,false,true,true]
[10309,3375,3373,10,false,true,true]
[10310,3377,3373,10,false,true,true]
"""
