"""The built-in rows of pg_event_trigger, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'evtname', 'evtevent', 'evtowner', 'evtfoid', 'evtenabled', 'evttags')
ROWS = r"""
"""
