"""CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW and REFRESH: relations filled from a query."""

from collections.abc import Generator, Sequence
from typing import Any

import msgspec
from gaveldb.storage.api import row_key
from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
)
from ..tree import Query
from .heap import HEAP_AM, ColumnSpec, create_relation
from .names import creation_schema, find_relation
from .reloptions import storage_options
from .views import query_columns, store_rule

_ENCODE = msgspec.msgpack.Encoder().encode


@command("CreateTableAsStmt", tag="CREATE TABLE AS")
def create_table_as(ctx: Any, statement: ast.CreateTableAsStmt) -> Generator[Any, Any, str]:
    """CREATE TABLE ... AS, SELECT ... INTO, CREATE MATERIALIZED VIEW."""
    into = statement.into
    target = into.rel
    matview = statement.objtype.name == "OBJECT_MATVIEW"
    persistence = target.relpersistence
    if into.onCommit.name != "ONCOMMIT_NOOP" and persistence != "t" and target.schemaname != "pg_temp":
        raise SqlError(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables")
    if into.tableSpaceName not in (None, "pg_default"):
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{into.tableSpaceName}" does not exist')
    if into.accessMethod not in (None, "heap"):
        raise SqlError(UNDEFINED_OBJECT, f'access method "{into.accessMethod}" does not exist')
    namespace = creation_schema(ctx, target.schemaname, temporary=persistence == "t")
    if namespace == ctx.session.temporary_namespace and namespace:
        persistence = "t"
    catalog = ctx.transaction.catalog
    if catalog.pg_class.find("relname_relnamespace", target.relname, namespace):
        if statement.if_not_exists:
            ctx.notice(
                Notice(f'relation "{target.relname}" already exists, skipping', sqlstate=DUPLICATE_TABLE)
            )
            return "CREATE MATERIALIZED VIEW" if matview else "CREATE TABLE AS"
        raise SqlError(DUPLICATE_TABLE, f'relation "{target.relname}" already exists')
    plan, query, run_context = _query_plan(ctx, statement)
    stored_query = None
    if matview:
        from ..bind.walkers import copy_query

        stored_query = copy_query(query)
    names = [name.sval for name in into.colNames or ()]
    columns = query_columns(ctx, query, names)
    if len(names) > len(columns):
        raise SqlError(SYNTAX_ERROR, "too many column names were specified")
    oid = create_relation(
        ctx,
        target.relname,
        namespace,
        columns,
        "m" if matview else "r",
        persistence=persistence,
        am=HEAP_AM,
        options=storage_options(into.options, "r"),
    )
    if into.onCommit.name in ("ONCOMMIT_DROP", "ONCOMMIT_DELETE_ROWS"):
        ctx.session.on_commit_action(oid, into.onCommit.name)
    if matview:
        assert stored_query is not None
        name_stored_columns(stored_query, columns)
        store_rule(ctx, oid, stored_query, temporary=False)
        if into.skipData:
            row = ctx.transaction.catalog.pg_class.get(oid)
            ctx.transaction.catalog_update("pg_class", row, row._replace(relispopulated=False))
    if into.skipData:
        return "CREATE MATERIALIZED VIEW" if matview else "CREATE TABLE AS"
    if plan is None:
        plan = _plan(ctx, query)
    count = yield from fill_relation(ctx, oid, columns, plan, run_context)
    return f"SELECT {count}"


def name_stored_columns(query: Query, columns: Sequence[ColumnSpec]) -> None:
    """The stored query of a materialized view has the relation's column names."""
    names = iter(columns)
    query.targetList = [
        entry if entry.resjunk else msgspec.structs.replace(entry, resname=next(names).name)
        for entry in query.targetList
    ]


def _query_plan(ctx: Any, statement: ast.CreateTableAsStmt) -> tuple[Any, Query, Any]:
    """(plan or None, the query, the context to run it in)."""
    from ..bind.analyze import analyze

    session = ctx.session
    if isinstance(statement.query, ast.ExecuteStmt):
        from ..commands.prepared import execute_arguments
        from ..portal import StatementContext

        prepared = session.find_prepared(statement.query.name)
        session.refresh(prepared)
        plan = prepared.plan
        if plan is not None and plan.failure is not None:
            raise plan.failure.with_traceback(None)
        if plan is None or plan.query is None or plan.columns is None or plan.query.commandType != "select":
            raise SqlError(FEATURE_NOT_SUPPORTED, "prepared statement is not a SELECT")
        inner = StatementContext(session, execute_arguments(ctx, prepared, statement.query), prepared.text)
        inner.attach(ctx.transaction)
        return plan, plan.query, inner
    context = session.analyze_context()
    types = getattr(ctx, "parameter_types", None)
    query = analyze(statement, ctx.source, context, types).query.utilityQuery
    assert query is not None
    return None, query, ctx


def _plan(ctx: Any, query: Query, role: int | None = None) -> Any:
    from ..statement import Plan, plan_analyzed

    session = ctx.session
    plan = Plan()
    plan.source = ctx.source
    plan.node = "SelectStmt"
    plan.catalog = session.catalog
    plan.settings_key = session.plan_settings()
    saved = session.role
    if role is not None and role != saved:
        session.set_role(role)
    try:
        return plan_analyzed(session, plan, query)
    finally:
        if session.role != saved:
            session.set_role(saved)


def row_packer(catalog: Any, types: Sequence[int]) -> Any:
    """A function from a row of engine values to the stored bytes."""
    from ..types.storage import TEMPLATE_NAMES, pack_template

    templates = [pack_template(catalog, typid) for typid in types]
    if not any(templates):
        return _ENCODE
    parts = [
        f"r[{number}]"
        if template is None
        else f"None if r[{number}] is None else {template.format(f'r[{number}]')}"
        for number, template in enumerate(templates)
    ]
    return eval(f"lambda r: encode(({', '.join(parts)},))", {**TEMPLATE_NAMES, "encode": _ENCODE})


def fill_relation(
    ctx: Any, oid: int, columns: Sequence[Any], plan: Any, run_context: Any
) -> Generator[Any, Any, int]:
    """Store the rows of a plan in a relation without indexes; returns how many."""
    transaction = ctx.transaction
    relation = transaction.catalog.relation(oid)
    pack = row_packer(transaction.catalog, [column.typid for column in columns])
    storage_id = relation.storage_id
    pending = transaction.pending
    count = 0
    if plan.point is not None and not plan.query.rowMarks:
        batches: Any = [list(plan.point(run_context) or ())]
    else:
        batches = plan.run(run_context)
    for item in batches:
        if type(item) is not list:
            yield item
            continue
        if item:
            count += len(item)
            if transaction.pending is not pending:  # a function in the query may have ended a command
                pending = transaction.pending
            for rowid, row in zip(transaction.rowids(storage_id, len(item)), item, strict=True):
                pending[row_key(storage_id, rowid)] = pack(row)
        yield []
    return count


@command("RefreshMatViewStmt", tag="REFRESH MATERIALIZED VIEW")
def refresh(ctx: Any, statement: ast.RefreshMatViewStmt) -> Generator[Any, Any, str]:
    """REFRESH MATERIALIZED VIEW [CONCURRENTLY] name [WITH [NO] DATA]: fresh storage, filled anew."""
    from ..bind.rewrite import set_check_as_user
    from ..bind.walkers import copy_query
    from ..catalog.privileges import has_privilege
    from .indexes import build_index
    from .truncate import new_storage

    transaction = ctx.transaction
    oid = find_relation(ctx, statement.relation)
    assert oid is not None
    relation = transaction.catalog.relation(oid)
    if not has_privilege(transaction.catalog, ctx.session.role, "table", oid, "MAINTAIN"):
        kind = "materialized view" if relation.kind == "m" else "table"
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {kind} {relation.name}")
    if relation.kind != "m":
        raise SqlError(FEATURE_NOT_SUPPORTED, f'"{relation.name}" is not a materialized view')
    if statement.concurrent:
        _check_concurrently(ctx, statement, relation)
    query = copy_query(relation.view_query)
    set_check_as_user(query, relation.owner)
    plan = None if statement.skipData else _plan(ctx, query, relation.owner)
    new_storage(ctx, oid)
    for index in relation.indexes:
        new_storage(ctx, index.oid)
    row = transaction.catalog.pg_class.get(oid)
    transaction.catalog_update("pg_class", row, row._replace(relispopulated=not statement.skipData))
    if plan is not None:
        yield from fill_relation(ctx, oid, relation.columns, plan, ctx)
        for index in relation.indexes:
            yield from build_index(ctx, oid, index.oid)
    return "REFRESH MATERIALIZED VIEW"


def _check_concurrently(ctx: Any, statement: ast.RefreshMatViewStmt, relation: Any) -> None:
    from .objects import qualified_name

    if not relation.row.relispopulated:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, "CONCURRENTLY cannot be used when the materialized view is not populated"
        )
    if statement.skipData:
        raise SqlError(SYNTAX_ERROR, "CONCURRENTLY and WITH NO DATA options cannot be used together")
    if not any(
        index.unique and index.predicate is None and all(key.attnum for key in index.keys)
        for index in relation.indexes
    ):
        name = qualified_name(
            ctx.transaction.catalog, (), "pg_class", relation.row, relation.name, relation.namespace
        )
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot refresh materialized view "{name}" concurrently',
            hint="Create a unique index with no WHERE clause on one or more columns of the materialized "
            "view.",
        )
