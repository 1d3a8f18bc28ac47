"""SELECT, VALUES and FOR UPDATE / SHARE (analyze.c)."""

from typing import Any

import msgspec

from ..sqlstates import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, UNDEFINED_TABLE
from ..tree import FromExpr, Query, RowMarkClause
from ..treetypes import list_location
from . import coercion, collations
from .aggregates import parse_check_aggregates
from .clauses import (
    transform_distinct_clause,
    transform_distinct_on_clause,
    transform_group_clause,
    transform_limit_clause,
    transform_sort_clause,
    transform_where_clause,
    transform_window_definitions,
)
from .ctes import freeze_ctes, transform_with_clause
from .fromclause import transform_from_clause
from .parse_state import (
    EXPR_KIND_GROUP_BY,
    EXPR_KIND_HAVING,
    EXPR_KIND_LIMIT,
    EXPR_KIND_OFFSET,
    EXPR_KIND_ORDER_BY,
    EXPR_KIND_SELECT_TARGET,
    EXPR_KIND_VALUES,
    EXPR_KIND_WHERE,
    ParseState,
)
from .raw import enum_name, raw_location
from .relations import (
    add_ns_item_to_query,
    add_perms,
    add_range_table_entry_for_values,
    expand_ns_item_attrs,
)
from .targets import (
    mark_target_list_origins,
    resolve_target_list_unknowns,
    transform_expression_list,
    transform_target_list,
)
from .walkers import contain_vars_of_level

_LOCK_STRENGTHS = {
    "LCS_FORKEYSHARE": "keyshare",
    "LCS_FORSHARE": "share",
    "LCS_FORNOKEYUPDATE": "nokeyupdate",
    "LCS_FORUPDATE": "update",
}
_LOCK_NAMES = {
    "keyshare": "FOR KEY SHARE",
    "share": "FOR SHARE",
    "nokeyupdate": "FOR NO KEY UPDATE",
    "update": "FOR UPDATE",
}
_LOCK_ORDER = ("keyshare", "share", "nokeyupdate", "update")
_WAIT_POLICIES = {"LockWaitBlock": "block", "LockWaitSkip": "skip", "LockWaitError": "error"}
_WAIT_ORDER = ("block", "skip", "error")


def transform_with(pstate: ParseState, query: Query, with_clause: Any) -> None:
    """The WITH clause of any statement."""
    if with_clause is not None:
        query.hasRecursive = bool(with_clause.recursive)
        transform_with_clause(pstate, with_clause)
        query.hasModifyingCTE = pstate.p_hasModifyingCTE


def finish_query(pstate: ParseState, query: Query) -> Query:
    """Copies what the state has gathered into the query; assigns collations."""
    query.rtable = pstate.p_rtable
    query.hasSubLinks = pstate.p_hasSubLinks
    query.hasWindowFuncs = pstate.p_hasWindowFuncs
    query.hasTargetSRFs = pstate.p_hasTargetSRFs
    query.hasAggs = pstate.p_hasAggs
    query.cteList = freeze_ctes(pstate.p_ctenamespace)
    collations.assign_query_collations(pstate, query)
    return query


def limit_option(stmt: Any) -> str:
    """ "with_ties" or "count"."""
    return "with_ties" if enum_name(stmt.limitOption) == "LIMIT_OPTION_WITH_TIES" else "count"


def transform_select_stmt(pstate: ParseState, stmt: Any) -> Query:
    """A plain SELECT."""
    query = Query("select")
    transform_with(pstate, query, stmt.withClause)
    if stmt.intoClause is not None:
        raise pstate.error(SYNTAX_ERROR, "SELECT ... INTO is not allowed here", raw_location(stmt.intoClause))
    pstate.p_locking_clause = stmt.lockingClause or ()
    pstate.p_windowdefs = list(stmt.windowClause or ())
    transform_from_clause(pstate, stmt.fromClause)
    tlist = transform_target_list(pstate, stmt.targetList, EXPR_KIND_SELECT_TARGET)
    mark_target_list_origins(pstate, tlist)
    qual = transform_where_clause(pstate, stmt.whereClause, EXPR_KIND_WHERE, "WHERE")
    query.havingQual = transform_where_clause(pstate, stmt.havingClause, EXPR_KIND_HAVING, "HAVING")
    # ORDER BY before GROUP BY and DISTINCT, so that these can use its sort order.
    query.sortClause = transform_sort_clause(pstate, stmt.sortClause, tlist, EXPR_KIND_ORDER_BY, False)
    query.groupClause, query.groupingSets = transform_group_clause(
        pstate, stmt.groupClause, tlist, query.sortClause, EXPR_KIND_GROUP_BY, False
    )
    query.groupDistinct = bool(stmt.groupDistinct)
    if stmt.distinctClause:
        if stmt.distinctClause[0] is None:
            query.distinctClause = transform_distinct_clause(pstate, tlist, query.sortClause, False)
        else:
            query.distinctClause = transform_distinct_on_clause(
                pstate, stmt.distinctClause, tlist, query.sortClause
            )
            query.hasDistinctOn = True
    _transform_limits(pstate, query, stmt)
    query.windowClause = transform_window_definitions(pstate, pstate.p_windowdefs, tlist)
    if pstate.p_resolve_unknowns:
        resolve_target_list_unknowns(pstate, tlist)
    query.targetList = tlist
    query.jointree = FromExpr(tuple(pstate.p_joinlist), qual)
    query.rtable = pstate.p_rtable
    query.hasAggs = pstate.p_hasAggs
    query.hasWindowFuncs = pstate.p_hasWindowFuncs
    query.hasTargetSRFs = pstate.p_hasTargetSRFs
    for clause in stmt.lockingClause or ():
        transform_locking_clause(pstate, query, clause)
    finish_query(pstate, query)
    if pstate.p_hasAggs or query.groupClause or query.groupingSets or query.havingQual is not None:
        parse_check_aggregates(pstate, query)
    return query


def _transform_limits(pstate: ParseState, query: Query, stmt: Any) -> None:
    option = limit_option(stmt)
    query.limitOffset = transform_limit_clause(pstate, stmt.limitOffset, EXPR_KIND_OFFSET, "OFFSET", option)
    query.limitCount = transform_limit_clause(pstate, stmt.limitCount, EXPR_KIND_LIMIT, "LIMIT", option)
    query.limitOption = option


def transform_values_lists(pstate: ParseState, lists: Any, allow_default: bool) -> list[list[Any]]:
    """The transformed rows of VALUES, all of the same length."""
    rows: list[list[Any]] = []
    for raw_row in lists:
        row = transform_expression_list(pstate, raw_row, EXPR_KIND_VALUES, allow_default)
        if rows and len(row) != len(rows[0]):
            raise pstate.error(SYNTAX_ERROR, "VALUES lists must all be the same length", list_location(row))
        rows.append(row)
    return rows


def transform_values_clause(pstate: ParseState, stmt: Any) -> Query:
    """VALUES as a query of its own: SELECT from a VALUES entry."""
    query = Query("select")
    transform_with(pstate, query, stmt.withClause)
    rows = transform_values_lists(pstate, stmt.valuesLists, False)
    types: list[int] = []
    typmods: list[int] = []
    colls: list[int] = []
    for number in range(len(rows[0])):
        column = [row[number] for row in rows]
        typid = coercion.select_common_type(pstate, column, "VALUES")
        column = [coercion.coerce_to_common_type(pstate, expr, typid, "VALUES") for expr in column]
        types.append(typid)
        typmods.append(coercion.select_common_typmod(column, typid))
        colls.append(collations.select_common_collation(pstate, column, True))
        for row, expr in zip(rows, column, strict=False):
            row[number] = expr
    lateral = bool(pstate.p_rtable) and contain_vars_of_level(rows, 0)
    item = add_range_table_entry_for_values(pstate, rows, types, typmods, colls, None, lateral, True)
    add_ns_item_to_query(pstate, item, True, True, True)
    tlist = expand_ns_item_attrs(pstate, item, 0, True, -1)
    query.sortClause = transform_sort_clause(pstate, stmt.sortClause, tlist, EXPR_KIND_ORDER_BY, False)
    _transform_limits(pstate, query, stmt)
    if stmt.lockingClause:
        name = _LOCK_NAMES[_LOCK_STRENGTHS[enum_name(stmt.lockingClause[0].strength)]]
        raise pstate.error(FEATURE_NOT_SUPPORTED, f"{name} cannot be applied to VALUES")
    query.targetList = tlist
    query.jointree = FromExpr(tuple(pstate.p_joinlist))
    return finish_query(pstate, query)


# --- FOR UPDATE / SHARE ---


def locking_clause_name(strength: str) -> str:
    """FOR UPDATE etc. as messages call them; `strength` as in RowMarkClause."""
    return _LOCK_NAMES[strength]


def raw_locking_clause_name(clause: Any) -> str:
    """The same for a raw LockingClause."""
    return _LOCK_NAMES[_LOCK_STRENGTHS[enum_name(clause.strength)]]


def check_select_locking(pstate: ParseState, query: Query, strength: str) -> None:
    """0A000 if rows of the query's result are not rows of its tables."""
    what = None
    if query.setOperations is not None:
        what = "UNION/INTERSECT/EXCEPT"
    elif query.distinctClause:
        what = "DISTINCT clause"
    elif query.groupClause or query.groupingSets:
        what = "GROUP BY clause"
    elif query.havingQual is not None:
        what = "HAVING clause"
    elif query.hasAggs:
        what = "aggregate functions"
    elif query.hasWindowFuncs:
        what = "window functions"
    elif query.hasTargetSRFs:
        what = "set-returning functions in the target list"
    if what:
        raise pstate.error(FEATURE_NOT_SUPPORTED, f"{_LOCK_NAMES[strength]} is not allowed with {what}")


def transform_locking_clause(pstate: ParseState, query: Query, clause: Any) -> None:
    """One FOR UPDATE / SHARE clause."""
    strength = _LOCK_STRENGTHS[enum_name(clause.strength)]
    policy = _WAIT_POLICIES[enum_name(clause.waitPolicy)]
    if not clause.lockedRels:
        _lock_all(pstate, query, strength, policy, False)
        return
    check_select_locking(pstate, query, strength)
    for relation in clause.lockedRels:
        _lock_one(pstate, query, relation, strength, policy)


def _lock_all(pstate: ParseState, query: Query, strength: str, policy: str, pushed_down: bool) -> None:
    check_select_locking(pstate, query, strength)
    for rti, rte in enumerate(query.rtable, 1):
        if rte.inFromCl and rte.rtekind in ("relation", "subquery"):
            _lock_entry(pstate, query, rti, strength, policy, pushed_down)


def _lock_entry(
    pstate: ParseState, query: Query, rti: int, strength: str, policy: str, pushed_down: bool
) -> None:
    rte = query.rtable[rti - 1]
    apply_locking_clause(query, rti, strength, policy, pushed_down)
    if rte.rtekind == "relation":
        add_perms(rte, "w")
    else:
        assert rte.subquery is not None
        _lock_all(pstate, rte.subquery, strength, policy, True)


_UNLOCKABLE = {
    "join": "a join",
    "function": "a function",
    "tablefunc": "a table function",
    "values": "VALUES",
    "cte": "a WITH query",
}


def _lock_one(pstate: ParseState, query: Query, relation: Any, strength: str, policy: str) -> None:
    name = _LOCK_NAMES[strength]
    location = raw_location(relation)
    if relation.catalogname or relation.schemaname:
        raise pstate.error(SYNTAX_ERROR, f"{name} must specify unqualified relation names", location)
    for rti, rte in enumerate(query.rtable, 1):
        if not rte.inFromCl:
            continue
        if rte.rtekind == "join" and rte.alias is None:
            if rte.join_using_alias is None:
                continue
            rtename = rte.join_using_alias
        elif rte.rtekind in ("subquery", "values") and rte.alias is None:
            continue
        else:
            rtename = rte.eref
        if rtename != relation.relname:
            continue
        if rte.rtekind not in ("relation", "subquery"):
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"{name} cannot be applied to {_UNLOCKABLE[rte.rtekind]}",
                location,
            )
        _lock_entry(pstate, query, rti, strength, policy, False)
        return
    raise pstate.error(
        UNDEFINED_TABLE,
        f'relation "{relation.relname}" in {name} clause not found in FROM clause',
        location,
    )


def apply_locking_clause(query: Query, rti: int, strength: str, policy: str, pushed_down: bool) -> None:
    """Records a row mark, or makes an existing one for the entry stronger."""
    if not pushed_down:
        query.hasForUpdate = True
    for index, mark in enumerate(query.rowMarks):
        if mark.rti == rti:
            query.rowMarks[index] = msgspec.structs.replace(
                mark,
                strength=max(mark.strength, strength, key=_LOCK_ORDER.index),
                waitPolicy=max(mark.waitPolicy, policy, key=_WAIT_ORDER.index),
                pushedDown=mark.pushedDown and pushed_down,
            )
            return
    query.rowMarks.append(RowMarkClause(rti, strength, policy, pushed_down))
