"""A bank on asyncpg: a pool, prepared statements, concurrent transfers, and a retry loop.

    gaveldb serve --in-memory                   # in another terminal
    python -m examples.asyncpg_bank             # or with the database's URL as an argument

Transfers run SERIALIZABLE: a transaction that loses a conflict fails with SQLSTATE 40001 and is simply
run again, which is how one writes for GavelDB, for Aurora DSQL, and for PostgreSQL at this level.
The same program runs against `gaveldb serve --dsql` with --isolation repeatable_read.
"""
