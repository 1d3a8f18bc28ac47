"""The built-in rows of pg_foreign_data_wrapper, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'fdwname', 'fdwowner', 'fdwhandler', 'fdwvalidator', 'fdwacl', 'fdwoptions')
ROWS = r"""
"""
