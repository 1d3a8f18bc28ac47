"""UNION, INTERSECT and EXCEPT (analyze.c)."""

from typing import Any

import msgspec

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_COLUMN_REFERENCE, SYNTAX_ERROR
from ..tree import (
    Const,
    FromExpr,
    Param,
    Query,
    RangeTblRef,
    SetOperationStmt,
    SetToDefault,
    SortGroupClause,
    TargetEntry,
    Var,
)
from ..treetypes import expr_location, expr_type
from . import coercion, collations, operators
from .clauses import transform_limit_clause, transform_sort_clause
from .parse_state import (
    EXPR_KIND_LIMIT,
    EXPR_KIND_OFFSET,
    EXPR_KIND_ORDER_BY,
    Alias,
    NamespaceColumn,
    ParseState,
)
from .raw import enum_name, raw_location
from .relations import (
    add_ns_item_to_query,
    add_range_table_entry_for_join,
    add_range_table_entry_for_subquery,
)
from .select import finish_query, limit_option, raw_locking_clause_name, transform_with
from .walkers import contain_vars_of_level, locate_var_of_level

UNKNOWNOID = 705
RECORDOID = 2249
RECORDARRAYOID = 2287
_OPS = {
    "SETOP_UNION": ("union", "UNION"),
    "SETOP_INTERSECT": ("intersect", "INTERSECT"),
    "SETOP_EXCEPT": ("except", "EXCEPT"),
}


class _Column:
    """An output column of an arm. For an arm that is a query, `query.targetList[index]` is it."""

    def __init__(self, expr: Any, query: Query | None = None, index: int = 0) -> None:
        self.expr = expr
        self.query = query
        self.index = index

    def set(self, expr: Any) -> None:
        self.expr = expr
        if self.query is not None:
            entry = self.query.targetList[self.index]
            self.query.targetList[self.index] = msgspec.structs.replace(entry, expr=expr)


def transform_set_operation_stmt(pstate: ParseState, stmt: Any) -> Query:
    """A whole tree of set operations, with its ORDER BY and LIMIT."""
    query = Query("select")
    leftmost = stmt.larg
    while enum_name(leftmost.op) != "SETOP_NONE":
        leftmost = leftmost.larg
    if leftmost.intoClause is not None:
        raise pstate.error(
            SYNTAX_ERROR, "SELECT ... INTO is not allowed here", raw_location(leftmost.intoClause)
        )
    if stmt.lockingClause:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"{raw_locking_clause_name(stmt.lockingClause[0])} is not allowed with UNION/INTERSECT/EXCEPT",
        )
    transform_with(pstate, query, stmt.withClause)
    operation, _ = _transform_tree(pstate, stmt, True)
    assert isinstance(operation, SetOperationStmt)
    query.setOperations = operation
    node: Any = operation.larg
    while isinstance(node, SetOperationStmt):
        node = node.larg
    leftmost_rti = node.rtindex
    leftmost_query = pstate.p_rtable[leftmost_rti - 1].subquery
    assert leftmost_query is not None
    tlist, targetvars, names, columns = _result_columns(pstate, operation, leftmost_rti, leftmost_query)
    _transform_order_by(pstate, query, stmt, tlist, targetvars, names, columns)
    option = limit_option(stmt)
    query.limitOffset = transform_limit_clause(pstate, stmt.limitOffset, EXPR_KIND_OFFSET, "OFFSET", option)
    query.limitCount = transform_limit_clause(pstate, stmt.limitCount, EXPR_KIND_LIMIT, "LIMIT", option)
    query.limitOption = option
    query.targetList = tlist
    query.jointree = FromExpr(tuple(pstate.p_joinlist))
    return finish_query(pstate, query)


def _result_columns(
    pstate: ParseState, operation: SetOperationStmt, rti: int, leftmost: Query
) -> tuple[list[TargetEntry], list[Any], list[str], list[NamespaceColumn]]:
    """The output columns: Vars of the leftmost query with the common types."""
    tlist: list[TargetEntry] = []
    variables: list[Any] = []
    names: list[str] = []
    columns: list[NamespaceColumn] = []
    properties = zip(
        operation.colTypes, operation.colTypmods, operation.colCollations, leftmost.targetList, strict=False
    )
    for typid, typmod, collation, entry in properties:
        var = Var(rti, entry.resno, typid, typmod, collation, location=expr_location(entry.expr))
        name = entry.resname or ""
        tlist.append(TargetEntry(var, pstate.p_next_resno, name))
        pstate.p_next_resno += 1
        variables.append(var)
        names.append(name)
        columns.append(NamespaceColumn(rti, entry.resno, typid, typmod, collation, rti, entry.resno))
    return tlist, variables, names, columns


def _transform_order_by(
    pstate: ParseState,
    query: Query,
    stmt: Any,
    tlist: list[TargetEntry],
    variables: list[Any],
    names: list[str],
    columns: list[NamespaceColumn],
) -> None:
    """ORDER BY sees the output columns only, through a join entry made for the purpose."""
    rtable_length = len(pstate.p_rtable)
    item = add_range_table_entry_for_join(
        pstate, names, columns, "inner", 0, variables, (), (), None, None, False
    )
    saved = pstate.p_namespace
    pstate.p_namespace = []
    add_ns_item_to_query(pstate, item, False, False, True)
    count = len(tlist)
    query.sortClause = transform_sort_clause(pstate, stmt.sortClause, tlist, EXPR_KIND_ORDER_BY, False)
    pstate.p_namespace = saved
    del pstate.p_rtable[rtable_length:]
    if len(tlist) != count:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
            expr_location(tlist[count].expr),
            detail="Only result column names can be used, not expressions or functions.",
            hint="Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
        )


def make_sort_group_clause_for_set_op(catalog: Any, typid: int, require_hash: bool) -> SortGroupClause:
    """How a column of a set operation is compared."""
    sortop, eqop, _, hashable = operators.get_sort_group_operators(catalog, typid, False, True, False)
    if require_hash and typid in (RECORDOID, RECORDARRAYOID):
        hashable = True
    return SortGroupClause(0, eqop, sortop, False, False, hashable)


def _transform_tree(pstate: ParseState, stmt: Any, top_level: bool) -> tuple[Any, list[_Column]]:
    """(RangeTblRef or SetOperationStmt, columns) of an arm."""
    if not top_level:
        if stmt.intoClause is not None:
            raise pstate.error(
                SYNTAX_ERROR,
                "INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT",
                raw_location(stmt.intoClause),
            )
        if stmt.lockingClause:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"{raw_locking_clause_name(stmt.lockingClause[0])} "
                "is not allowed with UNION/INTERSECT/EXCEPT",
            )
        if (
            enum_name(stmt.op) == "SETOP_NONE"
            or stmt.sortClause
            or stmt.limitOffset is not None
            or stmt.limitCount is not None
            or stmt.withClause is not None
        ):
            return _transform_leaf(pstate, stmt)
    return _transform_operation(pstate, stmt, top_level)


def _transform_leaf(pstate: ParseState, stmt: Any) -> tuple[Any, list[_Column]]:
    from .analyze import parse_sub_analyze

    query = parse_sub_analyze(stmt, pstate, None, False, False)
    if pstate.p_namespace and contain_vars_of_level(query, 1):
        raise pstate.error(
            INVALID_COLUMN_REFERENCE,
            "UNION/INTERSECT/EXCEPT member statement cannot refer to other relations of same query level",
            locate_var_of_level(query, 1),
        )
    columns = [
        _Column(entry.expr, query, index) for index, entry in enumerate(query.targetList) if not entry.resjunk
    ]
    name = f"*SELECT* {len(pstate.p_rtable) + 1}"
    item = add_range_table_entry_for_subquery(pstate, query, Alias(name), False, False)
    return RangeTblRef(item.p_rtindex), columns


def _transform_operation(pstate: ParseState, stmt: Any, top_level: bool) -> tuple[Any, list[_Column]]:
    op, context = _OPS[enum_name(stmt.op)]
    parent_cte = pstate.p_parent_cte
    recursive = parent_cte is not None and parent_cte.cterecursive
    larg, left = _transform_tree(pstate, stmt.larg, False)
    if top_level and recursive:
        _determine_recursive_col_types(pstate, larg, left)
    rarg, right = _transform_tree(pstate, stmt.rarg, False)
    if len(left) != len(right):
        location = next((at for at in (expr_location(c.expr) for c in right) if at >= 0), -1)
        raise pstate.error(
            SYNTAX_ERROR, f"each {context} query must have the same number of columns", location
        )
    is_all = bool(stmt.all)
    types: list[int] = []
    typmods: list[int] = []
    colls: list[int] = []
    clauses: list[SortGroupClause] = []
    result: list[_Column] = []
    for lcol, rcol in zip(left, right, strict=False):
        typid, best = _common_type(pstate, lcol.expr, rcol.expr, context)
        lexpr = _coerce_arm(pstate, lcol, typid, context)
        rexpr = _coerce_arm(pstate, rcol, typid, context)
        typmod = coercion.select_common_typmod([lexpr, rexpr], typid)
        collation = collations.select_common_collation(pstate, [lexpr, rexpr], op == "union" and is_all)
        types.append(typid)
        typmods.append(typmod)
        colls.append(collation)
        if op != "union" or not is_all:
            try:
                clauses.append(make_sort_group_clause_for_set_op(pstate.catalog, typid, recursive))
            except SqlError as error:
                if error.position is None and best >= 0:
                    error.position = best
                raise
        result.append(_Column(SetToDefault(typid, typmod, collation, best)))
    node = SetOperationStmt(
        op, is_all, larg, rarg, tuple(types), tuple(typmods), tuple(colls), tuple(clauses)
    )
    return node, result


def _common_type(pstate: ParseState, left: Any, right: Any, context: str) -> tuple[int, int]:
    """(common type, location of the arm's expression that decided it)."""
    typid = coercion.select_common_type(pstate, [left, right], context)
    base = pstate.catalog.base_type
    for expr in (left, right):
        if expr_type(expr) == typid or base(expr_type(expr)) == typid:
            return typid, expr_location(expr)
    return typid, expr_location(left)


def _coerce_arm(pstate: ParseState, column: _Column, typid: int, context: str) -> Any:
    """The arm's expression coerced; only an unknown literal or parameter is changed in the arm itself,
    the planner does the rest."""
    expr = column.expr
    if expr_type(expr) != UNKNOWNOID:
        return coercion.coerce_to_common_type(pstate, expr, typid, context)
    if isinstance(expr, (Const, Param)):
        expr = coercion.coerce_to_common_type(pstate, expr, typid, context)
        column.set(expr)
    return expr


def _determine_recursive_col_types(pstate: ParseState, larg: Any, columns: list[_Column]) -> None:
    """The non-recursive term decides the column types of a recursive WITH item."""
    from .ctes import analyze_cte_target_list

    while isinstance(larg, SetOperationStmt):
        larg = larg.larg
    leftmost = pstate.p_rtable[larg.rtindex - 1].subquery
    assert leftmost is not None
    tlist = [
        TargetEntry(column.expr, number, entry.resname)
        for number, (column, entry) in enumerate(zip(columns, leftmost.targetList, strict=False), 1)
    ]
    analyze_cte_target_list(pstate, pstate.p_parent_cte, tlist)
