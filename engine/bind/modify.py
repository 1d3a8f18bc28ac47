"""INSERT, UPDATE, DELETE and RETURNING (analyze.c)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..sqlstates import DUPLICATE_ALIAS, SYNTAX_ERROR, UNDEFINED_COLUMN
from ..tree import (
    CoerceToDomain,
    Const,
    FieldStore,
    FromExpr,
    OnConflictExpr,
    Param,
    Query,
    RowExpr,
    SubscriptingRef,
    TargetEntry,
    Var,
)
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod
from . import collations
from .aggregates import parse_check_aggregates
from .clauses import transform_where_clause
from .conflict import transform_on_conflict_arbiter
from .fromclause import set_target_table, transform_from_clause
from .parse_state import (
    EXPR_KIND_INSERT_TARGET,
    EXPR_KIND_RETURNING,
    EXPR_KIND_UPDATE_SOURCE,
    EXPR_KIND_VALUES_SINGLE,
    EXPR_KIND_WHERE,
    Alias,
    NamespaceItem,
    ParseState,
    make_parsestate,
)
from .raw import enum_name, raw_location
from .relations import (
    add_ns_item_to_query,
    add_range_table_entry_for_relation,
    add_range_table_entry_for_subquery,
    add_range_table_entry_for_values,
    attname_attnum,
    expand_ns_item_vars,
    get_rte_by_range_table_posn,
    get_tle_by_resno,
    refname_namespace_item,
)
from .select import finish_query, transform_values_lists, transform_with
from .targets import (
    InsertColumn,
    check_insert_targets,
    mark_target_list_origins,
    resolve_target_list_unknowns,
    transform_assigned_expr,
    transform_expression_list,
    transform_target_list,
    update_target_list_entry,
)
from .walkers import contain_vars_of_level

UNKNOWNOID = 705
RECORDOID = 2249
_OVERRIDES = {
    "OVERRIDING_NOT_SET": "",
    "OVERRIDING_USER_VALUE": "user",
    "OVERRIDING_SYSTEM_VALUE": "system",
}


def override_name(value: Any) -> str:
    """ "", "user" or "system" for a raw OverridingKind."""
    return _OVERRIDES.get(enum_name(value), "")


# --- DELETE and UPDATE ---


def transform_delete_stmt(pstate: ParseState, stmt: Any) -> Query:
    """DELETE."""
    query = Query("delete")
    transform_with(pstate, query, stmt.withClause)
    query.resultRelation = set_target_table(pstate, stmt.relation, bool(stmt.relation.inh), True, "d")
    _transform_other_relations(pstate, stmt.usingClause)
    qual = transform_where_clause(pstate, stmt.whereClause, EXPR_KIND_WHERE, "WHERE")
    transform_returning_clause(pstate, query, stmt.returningClause, EXPR_KIND_RETURNING)
    query.jointree = FromExpr(tuple(pstate.p_joinlist), qual)
    finish_query(pstate, query)
    if pstate.p_hasAggs:
        parse_check_aggregates(pstate, query)
    return query


def _transform_other_relations(pstate: ParseState, from_clause: Any) -> None:
    """USING or FROM: the target is there, but LATERAL references to it are errors."""
    item = pstate.p_target_nsitem
    assert item is not None
    item.p_lateral_only = True
    item.p_lateral_ok = False
    transform_from_clause(pstate, from_clause)
    item.p_lateral_only = False
    item.p_lateral_ok = True


def transform_update_stmt(pstate: ParseState, stmt: Any) -> Query:
    """UPDATE."""
    query = Query("update")
    pstate.p_is_insert = False
    transform_with(pstate, query, stmt.withClause)
    query.resultRelation = set_target_table(pstate, stmt.relation, bool(stmt.relation.inh), True, "w")
    _transform_other_relations(pstate, stmt.fromClause)
    qual = transform_where_clause(pstate, stmt.whereClause, EXPR_KIND_WHERE, "WHERE")
    transform_returning_clause(pstate, query, stmt.returningClause, EXPR_KIND_RETURNING)
    query.targetList = transform_update_target_list(pstate, stmt.targetList)
    query.jointree = FromExpr(tuple(pstate.p_joinlist), qual)
    return finish_query(pstate, query)


def transform_update_target_list(pstate: ParseState, targets: Any) -> list[TargetEntry]:
    """SET: entries with resno the target column's number, then the junk ones of multi-assignments."""
    tlist = transform_target_list(pstate, targets, EXPR_KIND_UPDATE_SOURCE)
    relation = pstate.p_target_relation
    pstate.p_next_resno = max(pstate.p_next_resno, len(relation.columns) + 1)
    item = pstate.p_target_nsitem
    assert item is not None
    raw_targets = iter(targets)
    for index, entry in enumerate(tlist):
        if entry.resjunk:
            tlist[index] = msgspec.structs.replace(entry, resno=pstate.p_next_resno, resname=None)
            pstate.p_next_resno += 1
            continue
        target = next(raw_targets)
        location = raw_location(target)
        attnum = attname_attnum(relation, target.name, True)
        if attnum == 0:
            qualified = target.indirection and target.name == item.p_names.aliasname
            raise pstate.error(
                UNDEFINED_COLUMN,
                f'column "{target.name}" of relation "{relation.name}" does not exist',
                location,
                hint="SET target columns cannot be qualified with the relation name." if qualified else None,
            )
        tlist[index] = update_target_list_entry(
            pstate, entry, target.name, attnum, target.indirection or (), location
        )
        if attnum not in item.p_rte.updatedCols:
            item.p_rte.updatedCols += (attnum,)
    return tlist


# --- INSERT ---


def transform_insert_stmt(pstate: ParseState, stmt: Any) -> Query:
    """INSERT from DEFAULT VALUES, VALUES or any SELECT."""
    query = Query("insert")
    pstate.p_is_insert = True
    transform_with(pstate, query, stmt.withClause)
    query.override = override_name(stmt.override)
    conflict = stmt.onConflictClause
    is_update = conflict is not None and enum_name(conflict.action) == "ONCONFLICT_UPDATE"
    select = stmt.selectStmt
    general = select is not None and (
        not select.valuesLists
        or select.sortClause
        or select.limitOffset is not None
        or select.limitCount is not None
        or select.lockingClause
        or select.withClause is not None
    )
    sub_rtable: list[Any] = []
    sub_namespace: list[Any] = []
    if general:
        # A rule's OLD and NEW, if there are any, belong to the SELECT.
        sub_rtable, pstate.p_rtable = pstate.p_rtable, []
        sub_namespace, pstate.p_namespace = pstate.p_namespace, []
    query.resultRelation = set_target_table(pstate, stmt.relation, False, False, "aw" if is_update else "a")
    columns = check_insert_targets(pstate, stmt.cols)
    if select is None:
        exprs: list[Any] = []
    elif general:
        exprs = _insert_select(pstate, stmt, columns, sub_rtable, sub_namespace)
    elif len(select.valuesLists) > 1:
        exprs = _insert_values(pstate, stmt, columns)
    else:
        exprs = transform_expression_list(pstate, select.valuesLists[0], EXPR_KIND_VALUES_SINGLE, True)
        exprs = transform_insert_row(pstate, exprs, stmt.cols, columns, False)
    query.targetList = insert_target_list(pstate, exprs, columns)
    if conflict is not None or stmt.returningClause is not None:
        pstate.p_namespace = []
        assert pstate.p_target_nsitem is not None
        add_ns_item_to_query(pstate, pstate.p_target_nsitem, False, True, True)
    if conflict is not None:
        query.onConflict = _transform_on_conflict_clause(pstate, conflict)
    transform_returning_clause(pstate, query, stmt.returningClause, EXPR_KIND_RETURNING)
    query.jointree = FromExpr(tuple(pstate.p_joinlist))
    return finish_query(pstate, query)


def insert_target_list(
    pstate: ParseState, exprs: Sequence[Any], columns: Sequence[InsertColumn]
) -> list[TargetEntry]:
    """Target entries for the values of INSERT's columns."""
    assert pstate.p_target_nsitem is not None
    rte = pstate.p_target_nsitem.p_rte
    result = []
    for expr, column in zip(exprs, columns, strict=False):
        result.append(TargetEntry(expr, column.attnum, column.name))
        if column.attnum not in rte.insertedCols:
            rte.insertedCols += (column.attnum,)
    return result


def _insert_select(
    pstate: ParseState, stmt: Any, columns: list[InsertColumn], rtable: list[Any], namespace: list[Any]
) -> list[Any]:
    from .analyze import transform_stmt

    sub = make_parsestate(pstate)
    sub.p_rtable = rtable
    sub.p_namespace = namespace
    sub.p_resolve_unknowns = False
    select = transform_stmt(sub, stmt.selectStmt)
    item = add_range_table_entry_for_subquery(pstate, select, Alias("*SELECT*"), False, False)
    add_ns_item_to_query(pstate, item, True, False, False)
    exprs: list[Any] = []
    for entry in select.targetList:
        if entry.resjunk:
            continue
        expr = entry.expr
        # Unknown literals are better coerced here, to the column's type.
        if not (isinstance(expr, (Const, Param)) and expr_type(expr) == UNKNOWNOID):
            expr = Var(
                item.p_rtindex,
                entry.resno,
                expr_type(expr),
                expr_typmod(expr),
                expr_collation(expr),
                location=expr_location(expr),
            )
        exprs.append(expr)
    return transform_insert_row(pstate, exprs, stmt.cols, columns, False)


def _insert_values(pstate: ParseState, stmt: Any, columns: list[InsertColumn]) -> list[Any]:
    """Several VALUES rows: a VALUES entry, whose values are coerced to the columns' types."""
    rows = []
    for row in transform_values_lists(pstate, stmt.selectStmt.valuesLists, True):
        row = transform_insert_row(pstate, row, stmt.cols, columns, True)
        rows.append(list(collations.assign_list_collations(pstate, row)))
    lateral = len(pstate.p_rtable) != 1 and contain_vars_of_level(rows, 0)
    item = add_range_table_entry_for_values(
        pstate,
        rows,
        [expr_type(expr) for expr in rows[0]],
        [expr_typmod(expr) for expr in rows[0]],
        [0] * len(rows[0]),
        None,
        lateral,
        True,
    )
    add_ns_item_to_query(pstate, item, True, False, False)
    exprs, _ = expand_ns_item_vars(pstate, item, 0, -1)
    return transform_insert_row(pstate, exprs, stmt.cols, columns, False)


def transform_insert_row(
    pstate: ParseState,
    exprs: Sequence[Any],
    stmtcols: Any,
    columns: Sequence[InsertColumn],
    strip_indirection: bool,
) -> list[Any]:
    """A row of values coerced to the target columns; strip_indirection: without the assignment to
    parts of columns, which is done above the VALUES entry."""
    if len(exprs) > len(columns):
        raise pstate.error(
            SYNTAX_ERROR,
            "INSERT has more expressions than target columns",
            expr_location(exprs[len(columns)]),
        )
    if stmtcols and len(exprs) < len(columns):
        hint = None
        if len(exprs) == 1 and _count_row_columns(pstate, exprs[0]) == len(columns):
            hint = (
                "The insertion source is a row expression containing the same number of columns expected "
                "by the INSERT. Did you accidentally use extra parentheses?"
            )
        raise pstate.error(
            SYNTAX_ERROR,
            "INSERT has more target columns than expressions",
            columns[len(exprs)].location,
            hint=hint,
        )
    result = []
    for expr, column in zip(exprs, columns, strict=False):
        expr = transform_assigned_expr(
            pstate,
            expr,
            EXPR_KIND_INSERT_TARGET,
            column.name,
            column.attnum,
            column.indirection,
            column.location,
        )
        if strip_indirection:
            expr = _strip_assignments(expr)
        result.append(expr)
    return result


def _strip_assignments(expr: Any) -> Any:
    while True:
        inner = expr
        while isinstance(inner, CoerceToDomain):
            inner = inner.arg
        if isinstance(inner, FieldStore):
            expr = inner.newvals[0]
        elif isinstance(inner, SubscriptingRef) and inner.refassgnexpr is not None:
            expr = inner.refassgnexpr
        else:
            return expr


def _count_row_columns(pstate: ParseState, expr: Any) -> int:
    """The number of columns of a row expression, -1 if it is none."""
    if isinstance(expr, RowExpr):
        return len(expr.args)
    if isinstance(expr, Var) and expr.varattno > 0 and expr.vartype == RECORDOID:
        rte = get_rte_by_range_table_posn(pstate, expr.varno, expr.varlevelsup)
        if rte.rtekind == "subquery" and rte.subquery is not None:
            entry = get_tle_by_resno(rte.subquery.targetList, expr.varattno)
            if entry is not None and isinstance(entry.expr, RowExpr):
                return len(entry.expr.args)
    return -1


def _transform_on_conflict_clause(pstate: ParseState, clause: Any) -> OnConflictExpr:
    is_update = enum_name(clause.action) == "ONCONFLICT_UPDATE"
    excluded: NamespaceItem | None = None
    if is_update:
        excluded = add_range_table_entry_for_relation(
            pstate, pstate.p_target_relation, Alias("excluded"), False, False
        )
        # Not a real relation: no permissions are checked, and it has no system columns.
        excluded.p_rte.relkind = "c"
        excluded.p_rte.requiredPerms = ""
    elements, where, constraint = transform_on_conflict_arbiter(pstate, clause)
    onset: list[TargetEntry] = []
    onwhere = None
    if excluded is not None:
        pstate.p_is_insert = False
        saved = pstate.p_namespace
        add_ns_item_to_query(pstate, excluded, False, True, True)
        onset = transform_update_target_list(pstate, clause.targetList)
        onwhere = transform_where_clause(pstate, clause.whereClause, EXPR_KIND_WHERE, "WHERE")
        pstate.p_namespace = saved
    return OnConflictExpr(
        "update" if is_update else "nothing",
        elements,
        where,
        constraint,
        tuple(onset),
        onwhere,
        excluded.p_rtindex if excluded is not None else 0,
    )


# --- RETURNING ---


def _add_returning_item(pstate: ParseState, name: str, which: str) -> None:
    """Makes OLD or NEW visible as a table name."""
    target = pstate.p_target_nsitem
    assert target is not None
    columns = tuple([column._replace(p_varreturningtype=which) for column in target.p_nscolumns])
    names = Alias(name, target.p_rte.eref_colnames)
    item = NamespaceItem(names, target.p_rte, target.p_rtindex, columns, p_returning_type=which)
    add_ns_item_to_query(pstate, item, False, True, False)


def transform_returning_clause(pstate: ParseState, query: Query, clause: Any, expr_kind: str) -> None:
    """RETURNING [WITH (OLD AS o, NEW AS n)] list."""
    if clause is None:
        return
    saved_namespace = pstate.p_namespace
    saved_resno = pstate.p_next_resno
    aliases: dict[str, str] = {}
    for option in clause.options or ():
        which = "old" if enum_name(option.option) == "RETURNING_OPTION_OLD" else "new"
        location = raw_location(option)
        if which in aliases:
            raise pstate.error(SYNTAX_ERROR, f"{which.upper()} cannot be specified multiple times", location)
        aliases[which] = option.value
        if refname_namespace_item(pstate, None, option.value, -1, True)[0] is not None:
            raise pstate.error(
                DUPLICATE_ALIAS, f'table name "{option.value}" specified more than once', location
            )
        _add_returning_item(pstate, option.value, which)
    for which in ("old", "new"):
        if which not in aliases and refname_namespace_item(pstate, None, which, -1, True)[0] is None:
            aliases[which] = which
            _add_returning_item(pstate, which, which)
    pstate.p_returning_old = aliases.get("old")
    pstate.p_returning_new = aliases.get("new")
    pstate.p_next_resno = 1
    tlist = transform_target_list(pstate, clause.exprs, expr_kind)
    if not tlist:
        raise pstate.error(
            SYNTAX_ERROR, "RETURNING must have at least one column", raw_location(clause.exprs)
        )
    mark_target_list_origins(pstate, tlist)
    if pstate.p_resolve_unknowns:
        resolve_target_list_unknowns(pstate, tlist)
    query.returningList = tlist
    pstate.p_namespace = saved_namespace
    pstate.p_next_resno = saved_resno
