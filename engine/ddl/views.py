"""CREATE VIEW: the relation and its rule _RETURN, whose action is the analysed query (view.c)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INDETERMINATE_COLLATION,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    WRONG_OBJECT_TYPE,
)
from ..tree import Query
from ..treetypes import expr_collation, expr_type, expr_typmod
from .dependencies import INTERNAL, NORMAL, PG_CLASS, PG_REWRITE, Address, query_addresses, record_dependency
from .heap import ColumnSpec, create_relation, insert_attribute
from .names import creation_schema, require_owner
from .reloptions import storage_options
from .rows import new_row


@command("ViewStmt", tag="CREATE VIEW")
def create_view(ctx: Any, statement: ast.ViewStmt) -> None:
    """CREATE [OR REPLACE] [TEMP] [RECURSIVE] VIEW."""
    from ..bind.analyze import analyze, is_query_using_temp_relation

    context = ctx.session.analyze_context()
    query = analyze(statement.query, ctx.source, context).query
    if query.commandType == "utility":
        raise SqlError(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO")
    if query.hasModifyingCTE:
        raise SqlError(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH")
    if statement.view.relpersistence == "u":
        raise SqlError(SYNTAX_ERROR, "views cannot be unlogged because they do not have storage")
    options = list(statement.options or ())
    check = statement.withCheckOption.name
    if check != "NO_CHECK_OPTION":
        word = "local" if check == "LOCAL_CHECK_OPTION" else "cascaded"
        options.append(ast.DefElem(defname="check_option", arg=ast.String(sval=word)))
    if any(option.defname == "check_option" for option in options):
        require_updatable(query)
    reloptions = storage_options(options, "v")
    name_columns(query, [alias.sval for alias in statement.aliases or ()])
    persistence = statement.view.relpersistence
    if persistence == "p" and is_query_using_temp_relation(ctx.transaction.catalog, query):
        persistence = "t"
        ctx.notice(Notice(f'view "{statement.view.relname}" will be a temporary view'))
    namespace = creation_schema(ctx, statement.view.schemaname, temporary=persistence == "t")
    if namespace == ctx.session.temporary_namespace and namespace:
        persistence = "t"
    columns = query_columns(ctx, query, for_view=True)
    catalog = ctx.transaction.catalog
    existing = catalog.pg_class.find("relname_relnamespace", statement.view.relname, namespace)
    if existing and statement.replace:
        replace_view(ctx, existing[0], columns, reloptions, query)
        return
    oid = create_relation(
        ctx, statement.view.relname, namespace, columns, "v", persistence=persistence, options=reloptions
    )
    store_rule(ctx, oid, query, temporary=persistence == "t")


def require_updatable(query: Query) -> None:
    """CHECK OPTION is for automatically updatable views."""
    from ..bind.viewupdate import view_query_is_auto_updatable

    problem = view_query_is_auto_updatable(query, True)
    if problem is not None:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "WITH CHECK OPTION is supported only on automatically updatable views",
            hint=problem,
        )


def name_columns(query: Query, names: Sequence[str]) -> None:
    """Give the query's columns the names of the view's column list."""
    if not names:
        return
    targets = list(query.targetList)
    left = list(names)
    for number, entry in enumerate(targets):
        if not entry.resjunk and left:
            targets[number] = msgspec.structs.replace(entry, resname=left.pop(0))
    if left:
        raise SqlError(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns")
    query.targetList = targets


def query_columns(
    ctx: Any, query: Query, names: Sequence[str] = (), *, for_view: bool = False
) -> list[ColumnSpec]:
    """The columns of a relation with a query's result."""
    catalog = ctx.transaction.catalog
    columns = []
    targets = [entry for entry in query.targetList if not entry.resjunk]
    for number, entry in enumerate(targets):
        name = names[number] if number < len(names) else (entry.resname or "?column?")
        typid, collation = expr_type(entry.expr), expr_collation(entry.expr)
        row = catalog.pg_type.get(typid)
        if row.typcollation and not collation:
            if for_view:
                raise SqlError(
                    INDETERMINATE_COLLATION,
                    f'could not determine which collation to use for view column "{name}"',
                    hint="Use the COLLATE clause to set the collation explicitly.",
                )
            raise SqlError(
                INDETERMINATE_COLLATION,
                f'no collation was derived for column "{name}" with collatable type '
                f"{catalog.format_type(typid)}",
                hint="Use the COLLATE clause to set the collation explicitly.",
            )
        columns.append(ColumnSpec(name, typid, expr_typmod(entry.expr), collation))
    return columns


def store_rule(ctx: Any, oid: int, query: Query, *, temporary: bool) -> None:
    """The rule _RETURN of a view or materialized view, with its dependencies."""
    from ..treecodec import dump

    transaction = ctx.transaction
    rule = int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_rewrite",
        new_row(
            transaction.base_catalog,
            "pg_rewrite",
            oid=rule,
            rulename="_RETURN",
            ev_class=oid,
            ev_type="1",
            ev_enabled="O",
            is_instead=True,
            ev_qual="<>",
            ev_action=dump(query),
        ),
        temporary=temporary,
    )
    address = Address(PG_REWRITE, rule)
    record_dependency(transaction, address, Address(PG_CLASS, oid), INTERNAL, temporary=temporary)
    seen = set(query_addresses(query))
    for target in sorted(seen):
        if target.objsubid == 0 and any(
            other.classid == target.classid and other.objid == target.objid and other.objsubid
            for other in seen
        ):
            continue
        record_dependency(transaction, address, target, NORMAL, temporary=temporary)
    row = transaction.catalog.pg_class.get(oid)
    if not row.relhasrules:
        transaction.catalog_update("pg_class", row, row._replace(relhasrules=True))
    else:
        transaction.catalog_touch("pg_class", row)


def delete_rule(ctx: Any, oid: int) -> None:
    """Take a view's rule away (before the new one comes)."""
    transaction = ctx.transaction
    for rule in transaction.catalog.pg_rewrite.find("ev_class", oid):
        if rule.rulename == "_RETURN":
            for row in transaction.catalog.pg_depend.find("classid_objid", PG_REWRITE, rule.oid):
                transaction.catalog_delete("pg_depend", row)
            transaction.catalog_delete("pg_rewrite", rule)


def replace_view(ctx: Any, row: Any, columns: Sequence[ColumnSpec], reloptions: Any, query: Query) -> None:
    """CREATE OR REPLACE VIEW: the old columns must stay, new ones may follow (checkViewColumns)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    if row.relkind != "v":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not a view')
    require_owner(ctx, row, "view")
    old = catalog.relation(row.oid).columns
    if len(columns) < len(old):
        raise SqlError(INVALID_TABLE_DEFINITION, "cannot drop columns from view")
    for before, after in zip(old, columns):  # noqa: B905 - new columns may follow
        if before.name != after.name:
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'cannot change name of view column "{before.name}" to "{after.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )
        if (before.typid, before.typmod) != (after.typid, after.typmod):
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'cannot change data type of view column "{before.name}" from '
                f"{catalog.format_type(before.typid, before.typmod)} to "
                f"{catalog.format_type(after.typid, after.typmod)}",
            )
        if before.collation != after.collation:
            names = [
                collation.collname if collation is not None else ""
                for collation in (
                    catalog.pg_collation.get(before.collation),
                    catalog.pg_collation.get(after.collation),
                )
            ]
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'cannot change collation of view column "{before.name}" from "{names[0]}" to "{names[1]}"',
            )
    temporary = row.relpersistence == "t"
    for number, column in enumerate(columns[len(old) :], len(old) + 1):
        insert_attribute(ctx, row.oid, number, column, temporary=temporary)
    current = transaction.catalog.pg_class.get(row.oid)
    transaction.catalog_update(
        "pg_class", current, current._replace(relnatts=len(columns), reloptions=reloptions)
    )
    delete_rule(ctx, row.oid)
    store_rule(ctx, row.oid, query, temporary=temporary)
