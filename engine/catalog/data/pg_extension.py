"""The built-in rows of pg_extension, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'extname', 'extowner', 'extnamespace', 'extrelocatable', 'extversion', 'extconfig', 'extcondition')
ROWS = r"""
[12771,"plpgsql",10,11,false,"1.0",null,null]
"""
