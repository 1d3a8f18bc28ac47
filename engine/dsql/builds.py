"""What asynchronous jobs do: fill an index, validate a constraint.

An index is in the catalogs, not valid, before its build begins. Whoever has begun to write before that
conflicts with the DDL, so all others write its entries and heed its uniqueness. The build goes through the
rows by row id, a slice per transaction; a slice is committed only if nobody has changed its rows meanwhile.
Rows that are inserted later have their entries already.
"""

from collections.abc import Awaitable, Callable, Generator
from itertools import islice
from typing import Any

from gaveldb.storage.api import row_span

from ..errors import SqlError
from ..run import violations
from ..sqlstates import T_R_SERIALIZATION_FAILURE, UNDEFINED_OBJECT

SLICE = 2000
BREATH_ROWS = 256


async def build_index(jobs: Any, job: Any) -> None:
    """INDEX_BUILD: when all entries are there the index becomes valid."""
    after: bytes | None = b""
    size = SLICE
    while after is not None:
        here, count = after, size
        try:
            after = await jobs.transact(lambda ctx: _slice(ctx, job.object_id, here, count), 1)  # noqa: B023
            size = min(SLICE, size * 2)
        except SqlError as error:
            if error.sqlstate != T_R_SERIALIZATION_FAILURE:
                raise
            size = max(1, size // 2)  # fewer rows, fewer conflicts
    jobs.settle(job, await jobs.transact(lambda ctx: _make_valid(ctx, job)))


def _slice(ctx: Any, oid: int, after: bytes, size: int) -> Generator[Any, Any, bytes | None]:
    """Entries for the next rows; returns the key of the last, None at the end. 23505 if rows are alike."""
    from ..compile.indexwriter import entry_function

    transaction = ctx.transaction
    catalog = transaction.catalog
    row = _index_row(catalog, oid)
    relation = catalog.relation(row.indrelid)
    index = next(index for index in relation.indexes if index.oid == oid)
    entry = catalog.cache.get(("dsql_build", oid))
    if entry is None:
        entry = catalog.cache["dsql_build", oid] = entry_function(catalog, None, relation, index)
    low, high = row_span(relation.storage_id)
    low = after + b"\0" if after else low
    pending = transaction.pending
    last = None
    for number, (key, value) in enumerate(islice(transaction.scan(low, high), size), 1):
        if number % BREATH_ROWS == 0:
            yield None
        last = bytes(key)
        made = entry(ctx, key, value)
        if made is None:
            continue
        entry_key, entry_value, values, must_be_unique = made
        found = pending.get(entry_key) or transaction.get(entry_key)
        if found is None:
            pending[entry_key] = entry_value
        elif must_be_unique and bytes(found[:8]) != last[4:12]:
            raise violations.not_buildable(ctx, relation, index, values)
    if last is not None:
        transaction.validate_range(low, last + b"\0")
    return last


def _index_row(catalog: Any, oid: int) -> Any:
    row = catalog.pg_index.get(oid)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, "the index was dropped")
    return row


def _make_valid(ctx: Any, job: Any) -> list[Any]:
    transaction = ctx.transaction
    row = _index_row(transaction.catalog, job.object_id)
    transaction.catalog_update("pg_index", row, row._replace(indisvalid=True))
    done: list[Any] = job.put(transaction, "completed")
    return done


async def validate_constraint(jobs: Any, job: Any) -> None:
    """VALIDATE_CONSTRAINT, as ALTER TABLE does it."""
    jobs.settle(job, await jobs.transact(lambda ctx: _validate(ctx, job)))


def _validate(ctx: Any, job: Any) -> Generator[Any, Any, list[Any]]:
    from pglast.parser import parse_sql

    from ..catalog.quoting import quote_identifier, quote_qualified
    from ..ddl.alter_table import alter_table
    from ..run.strand import Strand

    catalog = ctx.transaction.catalog
    row = catalog.pg_constraint.get(job.object_id)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, "the constraint was dropped")
    table = catalog.pg_class.get(row.conrelid)
    schema = catalog.pg_namespace.get(table.relnamespace).nspname
    name = quote_qualified(schema, table.relname)
    text = f"ALTER TABLE {name} VALIDATE CONSTRAINT {quote_identifier(row.conname)}"
    steps = alter_table(ctx, parse_sql(text)[0].stmt)
    yield from Strand(steps if steps is not None else iter(()))
    done: list[Any] = job.put(ctx.transaction, "completed")
    return done


WORK: dict[str, Callable[[Any, Any], Awaitable[None]]] = {
    "INDEX_BUILD": build_index,
    "VALIDATE_CONSTRAINT": validate_constraint,
}
