"""The built-in rows of pg_ts_parser, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'prsname', 'prsnamespace', 'prsstart', 'prstoken', 'prsend', 'prsheadline', 'prslextype')
ROWS = r"""
[3722,"default",11,3717,3718,3719,3720,3721]
"""
