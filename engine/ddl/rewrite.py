"""Reading and rewriting whole tables for ALTER TABLE: the third phase of PostgreSQL's tablecmds.c.

Expressions here are typed trees whose Vars (varno 1) are columns of the table that is read. `catalog` is the
version of the catalogs that describes the stored rows: a rewrite reads by the old one and writes by the new.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gaveldb.storage.api import row_key, row_span

from .. import tree as t
from ..errors import SqlError
from ..portal import StatementContext
from ..sqlstates import CHECK_VIOLATION, NOT_NULL_VIOLATION
from ..treetypes import expr_type
from .truncate import new_storage


def scan_relation(
    ctx: Any, catalog: Any, relid: int, exprs: Sequence[Any], qual: Any = None
) -> Iterator[Any]:
    """Batches of rows of `exprs` over a table, and what else its plan yields."""
    from ..bind.parse_state import make_parsestate
    from ..bind.rangetable import add_range_table_entry_for_relation
    from ..bind.rewrite import rewrite_query
    from ..compile.query import compile_query
    from ..plan.build import plan_query

    context = ctx.session.analyze_context()
    context.catalog = catalog
    pstate = make_parsestate(context, ctx.source)
    add_range_table_entry_for_relation(pstate, catalog.relation(relid), None, False, True)
    entry = pstate.p_rtable[0]
    entry.requiredPerms = ""
    query = t.Query(
        "select",
        rtable=[entry],
        jointree=t.FromExpr((t.RangeTblRef(1),), qual),
        targetList=[t.TargetEntry(expr, number, f"c{number}") for number, expr in enumerate(exprs, 1)],
    )
    query = rewrite_query(query, context)[0]
    compiled = compile_query(plan_query(query, catalog, ctx.settings), catalog, ctx.settings)
    inner = StatementContext(ctx.session, ctx.params, ctx.source)
    inner.attach(ctx.transaction)
    inner.catalog = catalog
    if compiled.point is not None:
        yield list(compiled.point(inner) or ())
    else:
        yield from compiled.run(inner)


def rewrite_table(ctx: Any, old_catalog: Any, relid: int, values: dict[int, Any]) -> Iterator[Any]:
    """Store the table's rows anew: column n as values[n] (over the old columns), else as it was. Its indexes
    get fresh storage too; the caller fills them. A generator of breaths."""
    from .tables_as import row_packer

    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    old = {column.attnum: column for column in old_catalog.relation(relid).columns}
    exprs = []
    types = []
    for column in relation.columns:
        expr = values.get(column.attnum)
        if column.dropped or column.generated == "v":
            expr = t.Const(23, None, True)
        elif expr is None and column.attnum not in old:
            expr = t.Const(
                column.typid, column.missing, column.missing is None, column.typmod, column.collation
            )
        elif expr is None:
            before = old[column.attnum]
            expr = t.Var(1, column.attnum, before.typid, before.typmod, before.collation)
        exprs.append(expr)
        types.append(expr_type(expr) if column.dropped or column.generated == "v" else column.typid)
    pack = row_packer(transaction.catalog, types)
    storage_id = new_storage(ctx, relid)
    for index in relation.indexes:
        new_storage(ctx, index.oid)
    pending = transaction.pending
    for item in scan_relation(ctx, old_catalog, relid, exprs):
        if type(item) is not list:
            yield item
            continue
        if item:
            for rowid, row in zip(transaction.rowids(storage_id, len(item)), item, strict=True):
                pending[row_key(storage_id, rowid)] = pack(row)
        yield []
    for attribute in transaction.catalog.pg_attribute.find("attrelid", relid):
        if attribute.atthasmissing:
            transaction.catalog_update(
                "pg_attribute", attribute, attribute._replace(atthasmissing=False, attmissingval=None)
            )
    transaction.end_command()


def verify_rows(
    ctx: Any, relid: int, not_nulls: Sequence[int], checks: Sequence[tuple[str, Any]]
) -> Iterator[Any]:
    """23502 or 23514 if a row has NULL in one of the columns or fails a check, a (name, expression)."""
    transaction = ctx.transaction
    transaction.end_command()
    catalog = transaction.catalog
    relation = catalog.relation(relid)
    tests: list[Any] = []
    for attnum in not_nulls:
        column = relation.columns[attnum - 1]
        var = t.Var(1, attnum, column.typid, column.typmod, column.collation)
        tests.append(t.NullTest(var, "is_null"))
    for _, expr in checks:
        tests.append(t.BoolExpr("not", (expr,)))
    if not tests:
        return
    if not transaction.locking:
        transaction.validate_range(*row_span(relation.storage_id))
    reading = _nullable_catalog(catalog, relid, not_nulls)
    qual = tests[0] if len(tests) == 1 else t.BoolExpr("or", tuple(tests))
    scan = scan_relation(ctx, reading, relid, tests, qual)
    schema = catalog.pg_namespace.get(relation.namespace).nspname
    for item in scan:
        if type(item) is not list or not item:
            yield item
            continue
        row = item[0]
        for number, attnum in enumerate(not_nulls):
            if row[number] is True:
                name = relation.columns[attnum - 1].name
                raise SqlError(
                    NOT_NULL_VIOLATION,
                    f'column "{name}" of relation "{relation.name}" contains null values',
                    schema=schema,
                    table=relation.name,
                    column=name,
                )
        for number, (name, _) in enumerate(checks, len(not_nulls)):
            if row[number] is True:
                raise SqlError(
                    CHECK_VIOLATION,
                    f'check constraint "{name}" of relation "{relation.name}" is violated by some row',
                    schema=schema,
                    table=relation.name,
                    constraint=name,
                )


def _nullable_catalog(catalog: Any, relid: int, attnums: Sequence[int]) -> Any:
    """The catalogs as if the columns were not yet NOT NULL and no index could be used: plans made by
    them look at the rows. An index that the command itself makes is still empty."""
    table = catalog.pg_index
    hidden = {
        table.rowid(row): row._replace(indisvalid=False)
        for row in table.find("indrelid", relid)
        if row.indisvalid
    }
    if hidden:
        catalog = catalog.evolve({2610: hidden})
    if not attnums:
        return catalog
    table = catalog.pg_attribute
    changes = {}
    for attnum in attnums:
        row = table.get(relid, attnum)
        changes[table.rowid(row)] = row._replace(attnotnull=False)
    return catalog.evolve({1249: changes})
