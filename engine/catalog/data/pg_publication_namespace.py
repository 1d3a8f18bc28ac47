"""The built-in rows of pg_publication_namespace, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'pnpubid', 'pnnspid')
ROWS = r"""
"""
