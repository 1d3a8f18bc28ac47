"""The built-in rows of pg_am, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'amname', 'amhandler', 'amtype')
ROWS = r"""
[2,"heap",3,"t"]
[403,"btree",330,"i"]
[405,"hash",331,"i"]
[783,"gist",332,"i"]
[2742,"gin",333,"i"]
[3580,"brin",335,"i"]
[4000,"spgist",334,"i"]
"""
