"""The built-in rows of pg_shdescription, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('objoid', 'classoid', 'description')
ROWS = r"""
[1,1262,"default template for new databases"]
[4,1262,"unmodifiable empty database"]
[5,1262,"default administrative connection database"]
"""
