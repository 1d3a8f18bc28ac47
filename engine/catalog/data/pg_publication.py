"""The built-in rows of pg_publication, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'pubname', 'pubowner', 'puballtables', 'pubinsert', 'pubupdate', 'pubdelete', 'pubtruncate', 'pubviaroot', 'pubgencols')
ROWS = r"""
"""
