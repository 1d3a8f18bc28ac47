"""The built-in rows of pg_subscription, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'subdbid', 'subskiplsn', 'subname', 'subowner', 'subenabled', 'subbinary', 'substream', 'subtwophasestate', 'subdisableonerr', 'subpasswordrequired', 'subrunasowner', 'subfailover', 'subconninfo', 'subslotname', 'subsynccommit', 'subpublications', 'suborigin')
ROWS = r"""
"""
