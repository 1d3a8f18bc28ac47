"""FROM: tables, subqueries, functions and joins, and the target tables of INSERT, UPDATE, ... (the
first half of PostgreSQL's parse_clause.c)."""

from typing import Any

from pglast import ast

from ..sqlstates import (
    AMBIGUOUS_COLUMN,
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
)
from ..tree import (
    COERCE_IMPLICIT_CAST,
    BoolExpr,
    CoalesceExpr,
    JoinExpr,
    RangeTblRef,
    RelabelType,
    Var,
)
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod
from . import coercion, collations, expressions, operators
from .coercion import COERCION_IMPLICIT
from .parse_state import (
    EXPR_KIND_FROM_FUNCTION,
    EXPR_KIND_FROM_SUBSELECT,
    EXPR_KIND_JOIN_ON,
    EXPR_KIND_NONE,
    Alias,
    NamespaceColumn,
    NamespaceItem,
    ParseState,
)
from .raw import changed, enum_name, raw_location
from .relations import (
    add_ns_item_to_query,
    add_range_table_entry,
    add_range_table_entry_for_cte,
    add_range_table_entry_for_function,
    add_range_table_entry_for_join,
    add_range_table_entry_for_relation,
    add_range_table_entry_for_subquery,
    alias_of,
    check_namespace_conflicts,
    is_locked_refname,
    mark_var_for_select_priv,
    parser_open_table,
    scan_namespace_for_cte,
)
from .targets import figure_colname
from .walkers import contain_vars_of_level

_JOIN_TYPES = {"JOIN_INNER": "inner", "JOIN_LEFT": "left", "JOIN_FULL": "full", "JOIN_RIGHT": "right"}


def transform_from_clause(pstate: ParseState, from_clause: Any) -> None:
    """Adds FROM items to the range table, the join list and the namespace."""
    for node in from_clause or ():
        tree, _, namespace = transform_from_clause_item(pstate, node)
        check_namespace_conflicts(pstate, pstate.p_namespace, namespace)
        set_namespace_lateral_state(namespace, True, True)
        pstate.p_joinlist.append(tree)
        pstate.p_namespace = pstate.p_namespace + namespace
    set_namespace_lateral_state(pstate.p_namespace, False, True)


def set_target_table(
    pstate: ParseState, relation: Any, inh: bool, also_source: bool, required_perms: str
) -> int:
    """Opens the target of a data-modifying statement; its range table index."""
    opened = parser_open_table(pstate, relation)
    pstate.p_target_relation = opened
    item = add_range_table_entry_for_relation(pstate, opened, relation.alias, inh, False)
    pstate.p_target_nsitem = item
    item.p_rte.requiredPerms = required_perms
    if also_source:
        add_ns_item_to_query(pstate, item, True, True, True)
    return item.p_rtindex


def set_namespace_lateral_state(items: list[NamespaceItem], only: bool, ok: bool) -> None:
    """Make items visible to LATERAL only, or to everything."""
    for item in items:
        item.p_lateral_only = only
        item.p_lateral_ok = ok


# --- items ---


def transform_from_clause_item(
    pstate: ParseState, node: Any
) -> tuple[Any, NamespaceItem, list[NamespaceItem]]:
    """(join tree node, its namespace item, all items it makes visible)."""
    if isinstance(node, ast.JoinExpr):
        return _transform_join(pstate, node)
    if isinstance(node, ast.RangeTableSample):
        _tree, item, _namespace = transform_from_clause_item(pstate, node.relation)
        rte = item.p_rte
        location = raw_location(node.relation)
        if rte.rtekind != "relation" or rte.relkind not in ("r", "m", "p"):
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                "TABLESAMPLE clause can only be applied to tables and materialized views",
                location,
            )
        raise pstate.error(FEATURE_NOT_SUPPORTED, "TABLESAMPLE is not supported", raw_location(node))
    if isinstance(node, ast.RangeVar):
        item = _transform_range_var(pstate, node)
    elif isinstance(node, ast.RangeSubselect):
        item = _transform_range_subselect(pstate, node)
    elif isinstance(node, ast.RangeFunction):
        item = _transform_range_function(pstate, node)
    elif isinstance(node, ast.RangeTableFunc):
        raise pstate.error(FEATURE_NOT_SUPPORTED, "XMLTABLE is not supported", raw_location(node))
    elif type(node).__name__ == "JsonTable":
        raise pstate.error(FEATURE_NOT_SUPPORTED, "JSON_TABLE is not supported", raw_location(node))
    else:
        raise pstate.error(INTERNAL_ERROR, f"unrecognized FROM item {type(node).__name__}")
    return RangeTblRef(item.p_rtindex), item, [item]


def _transform_range_var(pstate: ParseState, node: Any) -> NamespaceItem:
    if not node.schemaname:
        cte, levels = scan_namespace_for_cte(pstate, node.relname)
        if cte is not None:
            return add_range_table_entry_for_cte(pstate, cte, levels, node, True)
    return add_range_table_entry(pstate, node, node.alias, node.inh, True)


def _transform_range_subselect(pstate: ParseState, node: Any) -> NamespaceItem:
    from .analyze import parse_sub_analyze

    pstate.p_expr_kind = EXPR_KIND_FROM_SUBSELECT
    pstate.p_lateral_active = bool(node.lateral)
    locked = is_locked_refname(pstate, node.alias.aliasname if node.alias is not None else "")
    query = parse_sub_analyze(node.subquery, pstate, None, locked, True)
    pstate.p_lateral_active = False
    pstate.p_expr_kind = EXPR_KIND_NONE
    item = add_range_table_entry_for_subquery(pstate, query, node.alias, bool(node.lateral), True)
    item.p_rel_visible = node.alias is not None
    return item


def _transform_range_function(pstate: ParseState, node: Any) -> NamespaceItem:
    exprs: list[Any] = []
    names: list[str] = []
    definitions: list[Any] = []
    pstate.p_lateral_active = True
    for pair in node.functions:
        raw, definition = pair[0], pair[1] if len(pair) > 1 else None
        for call in _unnest_calls(raw, definition):
            last_srf = pstate.p_last_srf
            expr = expressions.transform_expr(pstate, call, EXPR_KIND_FROM_FUNCTION)
            if pstate.p_last_srf is not last_srf and pstate.p_last_srf is not expr:
                raise pstate.error(
                    FEATURE_NOT_SUPPORTED,
                    "set-returning functions must appear at top level of FROM",
                    expr_location(pstate.p_last_srf),
                )
            exprs.append(expr)
            names.append(figure_colname(call, expr))
            if definition and node.coldeflist:
                raise pstate.error(
                    SYNTAX_ERROR,
                    "multiple column definition lists are not allowed for the same function",
                    raw_location(node.coldeflist),
                )
            definitions.append(definition)
    pstate.p_lateral_active = False
    exprs = list(collations.assign_list_collations(pstate, exprs))
    if node.coldeflist:
        _check_column_definitions(pstate, node, len(exprs))
        definitions = [node.coldeflist]
    lateral = bool(node.lateral) or contain_vars_of_level(exprs, 0)
    return add_range_table_entry_for_function(
        pstate, names, exprs, definitions, node.alias, bool(node.ordinality), lateral, True
    )


def _unnest_calls(raw: Any, definition: Any) -> list[Any]:
    """unnest(a, b) in FROM is several unnest calls side by side."""
    if (
        isinstance(raw, ast.FuncCall)
        and len(raw.funcname) == 1
        and raw.funcname[0].sval == "unnest"
        and len(raw.args or ()) > 1
        and not raw.agg_order
        and raw.agg_filter is None
        and raw.over is None
        and not raw.agg_star
        and not raw.agg_distinct
        and not raw.func_variadic
        and not definition
    ):
        name = (ast.String("pg_catalog"), ast.String("unnest"))
        return [changed(raw, funcname=name, args=(arg,)) for arg in raw.args]
    return [raw]


def _check_column_definitions(pstate: ParseState, node: Any, count: int) -> None:
    location = raw_location(node.coldeflist)
    if count != 1:
        if node.is_rowsfrom:
            raise pstate.error(
                SYNTAX_ERROR,
                "ROWS FROM() with multiple functions cannot have a column definition list",
                location,
                hint="Put a separate column definition list for each function inside ROWS FROM().",
            )
        raise pstate.error(
            SYNTAX_ERROR,
            "UNNEST() with multiple arguments cannot have a column definition list",
            location,
            hint="Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to "
            "each one.",
        )
    if node.ordinality:
        raise pstate.error(
            SYNTAX_ERROR,
            "WITH ORDINALITY cannot be used with a column definition list",
            location,
            hint="Put the column definition list inside ROWS FROM().",
        )


# --- joins ---


class _JoinColumns:
    """The columns of a join as they are collected."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.vars: list[Any] = []
        self.nscolumns: list[NamespaceColumn] = []

    def add_rest(self, item: NamespaceItem, merged: list[int]) -> list[int]:
        """Adds an arm's columns that are not merged; all its column numbers, merged ones first."""
        numbers = list(merged)
        for number, (name, column) in enumerate(
            zip(item.p_names.colnames, item.p_nscolumns, strict=False), 1
        ):
            if name and number not in merged:
                numbers.append(number)
                self.names.append(name)
                self.vars.append(_var_from_column(column))
                self.nscolumns.append(column)
        return numbers


def _var_from_column(column: NamespaceColumn) -> Var:
    return Var(column.p_varno, column.p_varattno, column.p_vartype, column.p_vartypmod, column.p_varcollid)


def _transform_join(pstate: ParseState, node: Any) -> tuple[Any, NamespaceItem, list[NamespaceItem]]:
    jointype = _JOIN_TYPES[enum_name(node.jointype)]
    larg, l_item, l_namespace = transform_from_clause_item(pstate, node.larg)
    # The left side is visible to LATERAL references in the right side, for some join types validly.
    set_namespace_lateral_state(l_namespace, True, jointype in ("inner", "left"))
    saved = pstate.p_namespace
    pstate.p_namespace = saved + l_namespace
    rarg, r_item, r_namespace = transform_from_clause_item(pstate, node.rarg)
    pstate.p_namespace = saved
    check_namespace_conflicts(pstate, l_namespace, r_namespace)
    my_namespace = l_namespace + r_namespace
    using = [name.sval for name in node.usingClause or ()]
    if node.isNatural:
        using = [name for name in l_item.p_names.colnames if name and name in r_item.p_names.colnames]
    columns = _JoinColumns()
    l_merged: list[int] = []
    r_merged: list[int] = []
    quals = None
    if using:
        quals = _merge_using(pstate, jointype, using, l_item, r_item, columns, l_merged, r_merged)
    elif node.quals is not None:
        quals = _transform_join_on(pstate, node.quals, my_namespace)
    leftcols = columns.add_rest(l_item, l_merged)
    rightcols = columns.add_rest(r_item, r_merged)
    using_alias = node.join_using_alias.aliasname if node.join_using_alias is not None else None
    alias = alias_of(node.alias)
    item = add_range_table_entry_for_join(
        pstate,
        columns.names,
        columns.nscolumns,
        jointype,
        len(using),
        columns.vars,
        leftcols,
        rightcols,
        using_alias,
        alias,
        True,
    )
    rtindex = item.p_rtindex
    item.p_nscolumns = _own_columns(item.p_nscolumns, rtindex, alias is not None)
    join = JoinExpr(
        jointype,
        larg,
        rarg,
        quals,
        rtindex,
        bool(node.isNatural),
        tuple(using),
        alias.aliasname if alias else None,
    )
    pstate.p_joinexprs += [None] * (rtindex - 1 - len(pstate.p_joinexprs))
    pstate.p_joinexprs.append(join)
    if using_alias is not None:
        # USING (...) AS name: a name for the merged columns only.
        merged_item = NamespaceItem(
            Alias(using_alias, tuple(using)), item.p_rte, rtindex, item.p_nscolumns[: len(using)]
        )
        check_namespace_conflicts(pstate, [merged_item], my_namespace)
        my_namespace = [*my_namespace, merged_item]
    if alias is not None:
        my_namespace = []
    else:
        for other in my_namespace:
            other.p_cols_visible = False
    item.p_rel_visible = alias is not None
    item.p_cols_visible = True
    return join, item, [*my_namespace, item]


def _own_columns(
    columns: tuple[NamespaceColumn, ...], rtindex: int, has_alias: bool
) -> tuple[NamespaceColumn, ...]:
    """The columns with those of the join itself pointing to its entry."""
    result = []
    for number, column in enumerate(columns, 1):
        if column.p_varno == 0:
            column = column._replace(p_varno=rtindex)
        if has_alias:
            column = column._replace(p_varnosyn=rtindex, p_varattnosyn=number)
        result.append(column)
    return tuple(result)


def _find_merged(pstate: ParseState, item: NamespaceItem, name: str, side: str) -> int:
    """The index of a USING column in one arm."""
    names = item.p_names.colnames
    count = names.count(name)
    if count > 1:
        raise pstate.error(
            AMBIGUOUS_COLUMN, f'common column name "{name}" appears more than once in {side} table'
        )
    if count == 0:
        raise pstate.error(
            UNDEFINED_COLUMN,
            f'column "{name}" specified in USING clause does not exist in {side} table',
        )
    return names.index(name)


def _merge_using(
    pstate: ParseState,
    jointype: str,
    using: list[str],
    l_item: NamespaceItem,
    r_item: NamespaceItem,
    columns: _JoinColumns,
    l_merged: list[int],
    r_merged: list[int],
) -> Any:
    """Puts the merged columns first; the join condition they imply."""
    pairs: list[tuple[Var, Var]] = []
    for name in using:
        if name in columns.names:
            raise pstate.error(
                DUPLICATE_COLUMN, f'column name "{name}" appears more than once in USING clause'
            )
        l_index = _find_merged(pstate, l_item, name, "left")
        r_index = _find_merged(pstate, r_item, name, "right")
        l_merged.append(l_index + 1)
        r_merged.append(r_index + 1)
        l_var = _var_from_column(l_item.p_nscolumns[l_index])
        r_var = _var_from_column(r_item.p_nscolumns[r_index])
        pairs.append((l_var, r_var))
        merged = build_merged_join_var(pstate, jointype, l_var, r_var)
        columns.names.append(name)
        columns.vars.append(merged)
        if merged is l_var:
            columns.nscolumns.append(l_item.p_nscolumns[l_index])
        elif merged is r_var:
            columns.nscolumns.append(r_item.p_nscolumns[r_index])
        else:
            columns.nscolumns.append(
                NamespaceColumn(
                    0,
                    len(columns.names),
                    expr_type(merged),
                    expr_typmod(merged),
                    expr_collation(merged),
                    0,
                    len(columns.names),
                )
            )
    quals = []
    for l_var, r_var in pairs:
        mark_var_for_select_priv(pstate, l_var)
        mark_var_for_select_priv(pstate, r_var)
        quals.append(operators.make_op(pstate, ("=",), l_var, r_var, pstate.p_last_srf, -1))
    if len(quals) == 1:
        return coercion.coerce_to_boolean(pstate, quals[0], "JOIN/USING")
    args = tuple([coercion.coerce_to_boolean(pstate, qual, "AND") for qual in quals])
    return BoolExpr("and", args)


def _transform_join_on(pstate: ParseState, quals: Any, namespace: list[NamespaceItem]) -> Any:
    from .clauses import transform_where_clause

    # Only the two sides are in scope, not what stands before the join in FROM.
    set_namespace_lateral_state(namespace, False, True)
    saved = pstate.p_namespace
    pstate.p_namespace = namespace
    result = transform_where_clause(pstate, quals, EXPR_KIND_JOIN_ON, "JOIN/ON")
    pstate.p_namespace = saved
    return result


def build_merged_join_var(pstate: ParseState, jointype: str, l_var: Var, r_var: Var) -> Any:
    """The value of a merged column; the very l_var or r_var if that is all it is."""
    typid = coercion.select_common_type(pstate, [l_var, r_var], "JOIN/USING")
    typmod = coercion.select_common_typmod([l_var, r_var], typid)

    def coerced(var: Var) -> Any:
        if var.vartype != typid:
            return coercion.coerce_type(
                pstate, var, var.vartype, typid, typmod, COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1
            )
        if var.vartypmod != typmod:
            return RelabelType(var, typid, typmod)
        return var

    left, right = coerced(l_var), coerced(r_var)
    if jointype == "inner":
        result = left if isinstance(left, Var) or not isinstance(right, Var) else right
    elif jointype == "left":
        result = left
    elif jointype == "right":
        result = right
    else:
        result = CoalesceExpr(typid, (left, right))
    if result is l_var or result is r_var:
        return result
    return collations.assign_expr_collations(pstate, result)
