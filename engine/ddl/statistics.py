"""CREATE STATISTICS, ALTER STATISTICS: pg_statistic_ext rows (the planner does not use them)."""

from typing import Any

from pglast import ast

from .. import tree as t
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    SYNTAX_ERROR,
    TOO_MANY_COLUMNS,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..values import make_array
from .comment import copy_comment
from .dependencies import AUTO, NORMAL, PG_CLASS, PG_NAMESPACE, Address, record_dependency, record_expression
from .heap import column_number, table_parse_state
from .names import creation_schema, find_relation, make_object_name, require_owner
from .rows import new_row

PG_STATISTIC_EXT = 3381
KINDS = {"ndistinct": "d", "dependencies": "f", "mcv": "m"}
COLUMNS_MAX = 8


@command("CreateStatsStmt", tag="CREATE STATISTICS")
def create_statistics(ctx: Any, statement: ast.CreateStatsStmt) -> None:
    """CREATE STATISTICS [IF NOT EXISTS] [name] [(kinds)] ON columns FROM table."""
    catalog = ctx.transaction.catalog
    if len(statement.relations) != 1 or not isinstance(statement.relations[0], ast.RangeVar):
        raise SqlError(FEATURE_NOT_SUPPORTED, "only a single relation is allowed in CREATE STATISTICS")
    relid = find_relation(ctx, statement.relations[0])
    assert relid is not None
    relation = catalog.relation(relid)
    if relation.kind not in "rmpf":
        from .indexes import unsuitable_relation

        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot define statistics for relation "{relation.name}"',
            detail=unsuitable_relation(relation.kind),
        )
    require_owner(ctx, relation.row)
    if len(statement.exprs) > COLUMNS_MAX:
        raise SqlError(TOO_MANY_COLUMNS, f"cannot have more than {COLUMNS_MAX} columns in statistics")
    attnums, expressions, names = _columns(ctx, relation, statement)
    kinds = []
    for kind in statement.stat_types or ():
        if kind.sval not in KINDS:
            raise SqlError(SYNTAX_ERROR, f'unrecognized statistics kind "{kind.sval}"')
        kinds.append(KINDS[kind.sval])
    if len(attnums) + len(expressions) < 2:
        if not expressions:
            raise SqlError(INVALID_OBJECT_DEFINITION, "extended statistics require at least 2 columns")
        if kinds:
            raise SqlError(
                SYNTAX_ERROR,
                "when building statistics on a single expression, statistics kinds may not be specified",
            )
    elif not kinds:
        kinds = ["d", "f", "m"]
    if expressions:
        kinds.append("e")
    if statement.defnames:
        parts = [part.sval for part in statement.defnames]
        namespace = creation_schema(ctx, parts[-2] if len(parts) > 1 else None)
        name = parts[-1]
    else:
        namespace = relation.namespace
        name = _free_name(ctx, relation.name, "_".join(names)[:63], namespace)
    if catalog.pg_statistic_ext.find("stxname_stxnamespace", name, namespace):
        if statement.if_not_exists:
            ctx.notice(
                Notice(f'statistics object "{name}" already exists, skipping', sqlstate=DUPLICATE_OBJECT)
            )
            return
        raise SqlError(DUPLICATE_OBJECT, f'statistics object "{name}" already exists')
    insert_statistics(
        ctx, relation, name, namespace, sorted(attnums), expressions, [k for k in "dfme" if k in kinds]
    )


def _columns(ctx: Any, relation: Any, statement: Any) -> tuple[list[int], list[Any], list[str]]:
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr

    attnums: list[int] = []
    expressions: list[Any] = []
    names: list[str] = []
    pstate = table_parse_state(ctx, relation.oid)
    for element in statement.exprs:
        if element.name is not None:
            attnum = column_number(relation, element.name)
            if attnum is None:
                raise SqlError(UNDEFINED_COLUMN, f'column "{element.name}" does not exist')
            if attnum in attnums:
                raise SqlError(DUPLICATE_COLUMN, "duplicate column name in statistics definition")
            attnums.append(attnum)
            names.append(element.name)
            continue
        expr = assign_expr_collations(pstate, transform_expr(pstate, element.expr, "stats_expression"))
        if isinstance(expr, t.Var):
            attnums.append(expr.varattno)
            names.append(relation.columns[expr.varattno - 1].name)
        else:
            expressions.append(expr)
            names.append("expr")
    return attnums, expressions, names


def _free_name(ctx: Any, name1: str, name2: str, namespace: int) -> str:
    catalog = ctx.transaction.catalog
    number = 0
    while True:
        name = make_object_name(name1, name2, f"stat{number or ''}")
        if not catalog.pg_statistic_ext.find("stxname_stxnamespace", name, namespace):
            return name
        number += 1


def insert_statistics(
    ctx: Any,
    relation: Any,
    name: str,
    namespace: int,
    attnums: list[int],
    expressions: list[Any],
    kinds: list[str],
) -> int:
    """The row of a statistics object, with its dependencies; returns its oid."""
    from ..catalog.rowcodec import int2vector
    from ..treecodec import dump

    transaction = ctx.transaction
    temporary = relation.persistence == "t"
    oid = int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_statistic_ext",
        new_row(
            transaction.base_catalog,
            "pg_statistic_ext",
            oid=oid,
            stxrelid=relation.oid,
            stxname=name,
            stxnamespace=namespace,
            stxowner=ctx.session.role,
            stxkeys=int2vector(*attnums),
            stxstattarget=None,
            stxkind=make_array(18, kinds),
            stxexprs=dump(expressions) if expressions else None,
        ),
        temporary=temporary,
    )
    address = Address(PG_STATISTIC_EXT, oid)
    for attnum in attnums:
        record_dependency(
            transaction, address, Address(PG_CLASS, relation.oid, attnum), AUTO, temporary=temporary
        )
    if not attnums:
        record_dependency(transaction, address, Address(PG_CLASS, relation.oid), AUTO, temporary=temporary)
    for expr in expressions:
        record_expression(transaction, address, expr, relation.oid, NORMAL, AUTO, temporary=temporary)
    record_dependency(transaction, address, Address(PG_NAMESPACE, namespace), NORMAL, temporary=temporary)
    return oid


def copy_statistics(ctx: Any, source: Any, new: int, numbers: dict[int, int], *, comments: bool) -> None:
    """CREATE TABLE ... (LIKE ... INCLUDING STATISTICS)."""
    from ..catalog.trees import load_tree
    from .like import map_variables

    catalog = ctx.transaction.catalog
    relation = catalog.relation(new)
    for row in catalog.pg_statistic_ext.find("stxrelid", source.oid):
        attnums = sorted(numbers[attnum] for attnum in row.stxkeys.items)
        stored = load_tree(row.stxexprs) if row.stxexprs is not None else ()
        expressions = [map_variables(expr, numbers, lambda: AssertionError("whole-row")) for expr in stored]
        names = [relation.columns[attnum - 1].name for attnum in attnums] + ["expr"] * len(expressions)
        name = _free_name(ctx, relation.name, "_".join(names)[:63], relation.namespace)
        oid = insert_statistics(
            ctx, relation, name, relation.namespace, attnums, expressions, list(row.stxkind.items)
        )
        if comments:
            copy_comment(ctx, (PG_STATISTIC_EXT, row.oid, 0), (PG_STATISTIC_EXT, oid, 0))


@command("AlterStatsStmt", tag="ALTER STATISTICS")
def alter_statistics(ctx: Any, statement: ast.AlterStatsStmt) -> None:
    """ALTER STATISTICS name SET STATISTICS target."""
    from .addresses import find_object, require_object_owner

    address = find_object(
        ctx, "OBJECT_STATISTIC_EXT", statement.defnames, missing_ok=bool(statement.missing_ok)
    )
    if address is None:
        name = ".".join(part.sval for part in statement.defnames)
        ctx.notice(Notice(f'statistics object "{name}" does not exist, skipping', sqlstate=UNDEFINED_OBJECT))
        return
    require_object_owner(ctx, "OBJECT_STATISTIC_EXT", address)
    target = statement.stxstattarget.ival if isinstance(statement.stxstattarget, ast.Integer) else None
    if target is not None and target < 0:
        target = None
    row = ctx.transaction.catalog.pg_statistic_ext.get(address.objid)
    ctx.transaction.catalog_update("pg_statistic_ext", row, row._replace(stxstattarget=target))
