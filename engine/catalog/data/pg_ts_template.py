"""The built-in rows of pg_ts_template, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'tmplname', 'tmplnamespace', 'tmplinit', 'tmpllexize')
ROWS = r"""
[3727,"simple",11,3725,3726]
[3730,"synonym",11,3728,3729]
[3733,"ispell",11,3731,3732]
[3742,"thesaurus",11,3740,3741]
[12362,"snowball",11,12360,12361]
"""
