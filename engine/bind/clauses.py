"""WHERE, LIMIT, GROUP BY, ORDER BY, DISTINCT, windows and ON CONFLICT arbiters (the second half of
PostgreSQL's parse_clause.c; FROM is in fromclause.py).

Target lists are Python lists of frozen entries: functions that add to a list or number its entries
change the list in place, and speak of entries by their index.
"""

from typing import Any

import msgspec
from pglast import ast

from ..errors import SqlError
from ..lsyscache import get_op_btree_interpretation, op_hashjoinable
from ..sqlstates import (
    AMBIGUOUS_COLUMN,
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    INVALID_COLUMN_REFERENCE,
    INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
    SYNTAX_ERROR,
    TOO_MANY_COLUMNS,
    UNDEFINED_OBJECT,
    WINDOWING_ERROR,
    WRONG_OBJECT_TYPE,
)
from ..tree import (
    COERCE_IMPLICIT_CAST,
    ArrayCoerceExpr,
    CoerceToDomain,
    CoerceViaIO,
    ConvertRowtypeExpr,
    FuncExpr,
    GroupingSet,
    RelabelType,
    SortGroupClause,
    TargetEntry,
    WindowClause,
    equal,
)
from ..treetypes import expr_collation, expr_location, expr_type
from . import coercion, expressions, operators
from .coercion import COERCION_IMPLICIT
from .parse_state import (
    EXPR_KIND_DISTINCT_ON,
    EXPR_KIND_GROUP_BY,
    EXPR_KIND_LIMIT,
    EXPR_KIND_WINDOW_FRAME_GROUPS,
    EXPR_KIND_WINDOW_FRAME_RANGE,
    EXPR_KIND_WINDOW_FRAME_ROWS,
    EXPR_KIND_WINDOW_ORDER,
    EXPR_KIND_WINDOW_PARTITION,
    ParseState,
    parse_expr_kind_name,
)
from .raw import enum_name, raw_location
from .relations import col_name_to_var
from .targets import transform_target_entry, unknown_to_text
from .walkers import (
    contain_aggs_of_level,
    contain_vars_of_level,
    contain_windowfuncs,
    locate_agg_of_level,
    locate_var_of_level,
    locate_windowfunc,
)

UNKNOWNOID = 705
INT8OID = 20

# PostgreSQL's FRAMEOPTION_* bits (nodes/parsenodes.h).
FRAMEOPTION_RANGE = 0x00002
FRAMEOPTION_ROWS = 0x00004
FRAMEOPTION_GROUPS = 0x00008
FRAMEOPTION_START_OFFSET = 0x00800 | 0x02000
FRAMEOPTION_END_OFFSET = 0x01000 | 0x04000
FRAMEOPTION_DEFAULTS = 0x00002 | 0x00020 | 0x00400
BTINRANGE_PROC = 3


# --- WHERE and LIMIT ---


def transform_where_clause(pstate: ParseState, clause: Any, expr_kind: str, construct: str) -> Any:
    """A condition, coerced to boolean; None if there is none."""
    if clause is None:
        return None
    qual = expressions.transform_expr(pstate, clause, expr_kind)
    return coercion.coerce_to_boolean(pstate, qual, construct)


def transform_limit_clause(
    pstate: ParseState, clause: Any, expr_kind: str, construct: str, limit_option: str
) -> Any:
    """A LIMIT or OFFSET expression of type int8; None if there is none."""
    if clause is None:
        return None
    qual = expressions.transform_expr(pstate, clause, expr_kind)
    qual = coercion.coerce_to_specific_type(pstate, qual, INT8OID, construct)
    _check_var_free(pstate, qual, construct)
    if (
        expr_kind == EXPR_KIND_LIMIT
        and limit_option == "with_ties"
        and isinstance(clause, ast.A_Const)
        and clause.isnull
    ):
        raise pstate.error(
            INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
            "row count cannot be null in FETCH FIRST ... WITH TIES clause",
        )
    return qual


def _check_var_free(pstate: ParseState, node: Any, construct: str) -> None:
    if contain_vars_of_level(node, 0):
        raise pstate.error(
            INVALID_COLUMN_REFERENCE,
            f"argument of {construct} must not contain variables",
            locate_var_of_level(node, 0),
        )


# --- finding the target that a sort or group item means ---


def strip_implicit_coercions(node: Any) -> Any:
    """The expression below implicit coercions at its top."""
    cls = node.__class__
    if cls is FuncExpr:
        implicit = node.funcformat == COERCE_IMPLICIT_CAST
        return strip_implicit_coercions(node.args[0]) if implicit else node
    if cls is RelabelType:
        implicit = node.relabelformat == COERCE_IMPLICIT_CAST
    elif cls is CoerceViaIO or cls is ArrayCoerceExpr:
        implicit = node.coerceformat == COERCE_IMPLICIT_CAST
    elif cls is ConvertRowtypeExpr:
        implicit = node.convertformat == COERCE_IMPLICIT_CAST
    elif cls is CoerceToDomain:
        implicit = node.coercionformat == COERCE_IMPLICIT_CAST
    else:
        return node
    return strip_implicit_coercions(node.arg) if implicit else node


def _check_sql92_entry(pstate: ParseState, entry: TargetEntry, expr_kind: str) -> None:
    if expr_kind != EXPR_KIND_GROUP_BY:
        return
    name = parse_expr_kind_name(expr_kind)
    if pstate.p_hasAggs and contain_aggs_of_level(entry.expr, 0):
        raise pstate.error(
            GROUPING_ERROR,
            f"aggregate functions are not allowed in {name}",
            locate_agg_of_level(entry.expr, 0),
        )
    if pstate.p_hasWindowFuncs and contain_windowfuncs(entry.expr):
        raise pstate.error(
            WINDOWING_ERROR,
            f"window functions are not allowed in {name}",
            locate_windowfunc(entry.expr),
        )


def _find_sql92(pstate: ParseState, node: Any, tlist: list[TargetEntry], expr_kind: str) -> int:
    """The index of the target that an ORDER BY, GROUP BY or DISTINCT ON item means: an output name,
    an output number, or an expression (added to the list if it is not there)."""
    kind_name = parse_expr_kind_name(expr_kind)
    if isinstance(node, ast.ColumnRef) and len(node.fields) == 1 and isinstance(node.fields[0], ast.String):
        name = node.fields[0].sval
        location = raw_location(node)
        # In GROUP BY, input columns go before output names.
        if expr_kind != EXPR_KIND_GROUP_BY or col_name_to_var(pstate, name, True, location) is None:
            found = -1
            for index, entry in enumerate(tlist):
                if entry.resjunk or entry.resname != name:
                    continue
                if found < 0:
                    found = index
                elif not equal(tlist[found].expr, entry.expr):
                    raise pstate.error(AMBIGUOUS_COLUMN, f'{kind_name} "{name}" is ambiguous', location)
            if found >= 0:
                _check_sql92_entry(pstate, tlist[found], expr_kind)
                return found
    if isinstance(node, ast.A_Const):
        location = raw_location(node, pstate)
        if not isinstance(node.val, ast.Integer):
            raise pstate.error(SYNTAX_ERROR, f"non-integer constant in {kind_name}", location)
        wanted = node.val.ival
        position = 0
        for index, entry in enumerate(tlist):
            if not entry.resjunk:
                position += 1
                if position == wanted:
                    _check_sql92_entry(pstate, entry, expr_kind)
                    return index
        raise pstate.error(
            INVALID_COLUMN_REFERENCE, f"{kind_name} position {wanted} is not in select list", location
        )
    return _find_sql99(pstate, node, tlist, expr_kind)


def _find_sql99(pstate: ParseState, node: Any, tlist: list[TargetEntry], expr_kind: str) -> int:
    """The index of the target that equals an expression, added as junk if there is none."""
    expr = expressions.transform_expr(pstate, node, expr_kind)
    for index, entry in enumerate(tlist):
        if equal(expr, strip_implicit_coercions(entry.expr)):
            return index
    tlist.append(transform_target_entry(pstate, node, expr, expr_kind, None, True))
    return len(tlist) - 1


# --- sort and group clauses ---


def assign_sort_group_ref(index: int, tlist: list[TargetEntry]) -> int:
    """The ressortgroupref of an entry, given to it if it has none yet."""
    entry = tlist[index]
    if entry.ressortgroupref:
        return entry.ressortgroupref
    ref = max([other.ressortgroupref for other in tlist], default=0) + 1
    tlist[index] = msgspec.structs.replace(entry, ressortgroupref=ref)
    return ref


def target_is_in_sort_list(
    pstate: ParseState, entry: TargetEntry, sortop: int, clauses: list[SortGroupClause]
) -> bool:
    """Whether the clauses sort (by sortop or its commutator, if not 0) or group by the entry."""
    if not entry.ressortgroupref:
        return False
    for clause in clauses:
        if clause.tleSortGroupRef != entry.ressortgroupref:
            continue
        if not sortop or sortop == clause.sortop:
            return True
        row = pstate.catalog.pg_operator.get(clause.sortop)
        if row is not None and row.oprcom == sortop:
            return True
    return False


def _with_position(pstate: ParseState, location: int, function: Any, *args: Any) -> Any:
    """Calls a function whose errors shall point to `location`."""
    try:
        return function(*args)
    except SqlError as error:
        if error.position is None and location >= 0:
            error.position = location
        raise


def add_target_to_sort_list(
    pstate: ParseState, index: int, sortlist: list[SortGroupClause], tlist: list[TargetEntry], sortby: Any
) -> list[SortGroupClause]:
    """The clauses with one for the entry appended, unless it is sorted by already."""
    if expr_type(tlist[index].expr) == UNKNOWNOID:
        tlist[index] = unknown_to_text(pstate, tlist[index])
    restype = expr_type(tlist[index].expr)
    location = -1 if sortby.location is None else sortby.location
    if location < 0:
        location = raw_location(sortby.node, pstate)
    sortop, eqop, hashable, reverse = _with_position(
        pstate, location, _sort_operators, pstate, sortby, restype
    )
    if target_is_in_sort_list(pstate, tlist[index], sortop, sortlist):
        return sortlist
    nulls = enum_name(sortby.sortby_nulls)
    nulls_first = reverse if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
    ref = assign_sort_group_ref(index, tlist)
    return [*sortlist, SortGroupClause(ref, eqop, sortop, reverse, nulls_first, hashable)]


def _sort_operators(pstate: ParseState, sortby: Any, restype: int) -> tuple[int, int, bool, bool]:
    """(sort operator, equality operator, hashable, descending) of a SortBy."""
    direction = enum_name(sortby.sortby_dir)
    catalog = pstate.catalog
    if direction == "SORTBY_USING":
        sortop = operators.compatible_oper_opid(pstate, sortby.useOp, restype, restype, False)
        for meaning in get_op_btree_interpretation(catalog, sortop):
            if meaning.strategy in (1, 5):
                from ..lsyscache import get_opfamily_member

                eqop = get_opfamily_member(catalog, meaning.opfamily, meaning.lefttype, meaning.righttype, 3)
                if eqop:
                    return sortop, eqop, op_hashjoinable(catalog, eqop, restype), meaning.strategy == 5
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f"operator {sortby.useOp[-1].sval} is not a valid ordering operator",
            hint='Ordering operators must be "<" or ">" members of btree operator families.',
        )
    if direction == "SORTBY_DESC":
        _, eqop, sortop, hashable = operators.get_sort_group_operators(catalog, restype, False, True, True)
        return sortop, eqop, hashable, True
    sortop, eqop, _, hashable = operators.get_sort_group_operators(catalog, restype, True, True, False)
    return sortop, eqop, hashable, False


def add_target_to_group_list(
    pstate: ParseState,
    index: int,
    grouplist: list[SortGroupClause],
    tlist: list[TargetEntry],
    location: int,
) -> list[SortGroupClause]:
    """The clauses with one for the entry appended, unless it is grouped by already."""
    if expr_type(tlist[index].expr) == UNKNOWNOID:
        tlist[index] = unknown_to_text(pstate, tlist[index])
    if target_is_in_sort_list(pstate, tlist[index], 0, grouplist):
        return grouplist
    restype = expr_type(tlist[index].expr)
    sortop, eqop, _, hashable = _with_position(
        pstate,
        location,
        operators.get_sort_group_operators,
        pstate.catalog,
        restype,
        False,
        True,
        False,
    )
    ref = assign_sort_group_ref(index, tlist)
    return [*grouplist, SortGroupClause(ref, eqop, sortop, False, False, hashable)]


def transform_sort_clause(
    pstate: ParseState, orderlist: Any, tlist: list[TargetEntry], expr_kind: str, use_sql99: bool
) -> list[SortGroupClause]:
    """ORDER BY; what is not in the target list is added to it as junk."""
    result: list[SortGroupClause] = []
    find = _find_sql99 if use_sql99 else _find_sql92
    for sortby in orderlist or ():
        index = find(pstate, sortby.node, tlist, expr_kind)
        result = add_target_to_sort_list(pstate, index, result, tlist, sortby)
    return result


# --- GROUP BY ---


def _flatten_grouping_sets(node: Any, toplevel: bool, seen: list[bool]) -> Any:
    """Raw GROUP BY with nested grouping sets merged: lists of items, where an item is a raw
    expression, a (kind, content, location) tuple for a grouping set, or a list for (a, b)."""
    if isinstance(node, (list, tuple)):
        result: list[Any] = []
        for item in node:
            flat = _flatten_grouping_sets(item, toplevel, seen)
            if isinstance(flat, list):
                result += flat
            elif flat is not None:
                result.append(flat)
        return result
    if isinstance(node, ast.RowExpr) and enum_name(node.row_format) == "COERCE_IMPLICIT_CAST":
        return _flatten_grouping_sets(node.args or (), False, [])
    if isinstance(node, ast.GroupingSet):
        seen.append(True)
        kind = enum_name(node.kind)
        if toplevel and kind == "GROUPING_SET_EMPTY":
            return None
        content: list[Any] = []
        for item in node.content or ():
            flat = _flatten_grouping_sets(item, False, [])
            if isinstance(item, ast.GroupingSet) and enum_name(item.kind) == "GROUPING_SET_SETS":
                content += flat
            else:
                content.append(flat)
        if toplevel or kind != "GROUPING_SET_SETS":
            return (kind, content, raw_location(node))
        return content
    return node


class _Grouping:
    """The state of the transformation of one GROUP BY or PARTITION BY."""

    def __init__(
        self,
        pstate: ParseState,
        tlist: list[TargetEntry],
        sort_clause: list[SortGroupClause],
        expr_kind: str,
        use_sql99: bool,
    ) -> None:
        self.pstate = pstate
        self.tlist = tlist
        self.sort_clause = sort_clause
        self.expr_kind = expr_kind
        self.find = _find_sql99 if use_sql99 else _find_sql92
        self.result: list[SortGroupClause] = []

    def expr(self, seen: set[int], node: Any, toplevel: bool) -> int:
        """Adds one grouping expression; its ref, 0 if it is in `seen` already."""
        index = self.find(self.pstate, node, self.tlist, self.expr_kind)
        entry = self.tlist[index]
        if entry.ressortgroupref:
            if entry.ressortgroupref in seen:
                return 0
            if target_is_in_sort_list(self.pstate, entry, 0, self.result):
                return entry.ressortgroupref
            # If it is sorted by as well, group the same way, so that one sort can do both.
            for clause in self.sort_clause:
                if clause.tleSortGroupRef == entry.ressortgroupref:
                    if not toplevel:
                        clause = msgspec.structs.replace(clause, nulls_first=False)
                    self.result.append(clause)
                    return entry.ressortgroupref
        self.result = add_target_to_group_list(
            self.pstate, index, self.result, self.tlist, raw_location(node, self.pstate)
        )
        return self.tlist[index].ressortgroupref

    def simple(self, nodes: list[Any], toplevel: bool) -> GroupingSet:
        seen: set[int] = set()
        refs: list[int] = []
        for node in nodes:
            ref = self.expr(seen, node, toplevel)
            if ref:
                seen.add(ref)
                refs.append(ref)
        return GroupingSet("simple", tuple(refs), raw_location(nodes))

    def grouping_set(self, item: tuple[str, list[Any], int]) -> GroupingSet:
        kind, content, location = item
        parts: list[GroupingSet] = []
        for node in content:
            if isinstance(node, list):
                parts.append(self.simple(node, False))
            elif isinstance(node, tuple):
                parts.append(self.grouping_set(node))
            else:
                ref = self.expr(set(), node, False)
                parts.append(GroupingSet("simple", (ref,), raw_location(node, self.pstate)))
        if kind == "GROUPING_SET_CUBE" and len(parts) > 12:
            raise self.pstate.error(TOO_MANY_COLUMNS, "CUBE is limited to 12 elements", location)
        return GroupingSet(_SET_KINDS[kind], tuple(parts), location)


_SET_KINDS = {
    "GROUPING_SET_EMPTY": "empty",
    "GROUPING_SET_SIMPLE": "simple",
    "GROUPING_SET_ROLLUP": "rollup",
    "GROUPING_SET_CUBE": "cube",
    "GROUPING_SET_SETS": "sets",
}


def transform_group_clause(
    pstate: ParseState,
    grouplist: Any,
    tlist: list[TargetEntry],
    sort_clause: list[SortGroupClause],
    expr_kind: str,
    use_sql99: bool,
) -> tuple[list[SortGroupClause], list[GroupingSet]]:
    """(grouping clauses, grouping sets) of GROUP BY or PARTITION BY."""
    if not grouplist:
        return [], []
    has_sets: list[bool] = []
    flat = _flatten_grouping_sets(grouplist, True, has_sets)
    sets: list[GroupingSet] = []
    if not flat and has_sets:
        return [], [GroupingSet("empty", (), raw_location(grouplist))]
    grouping = _Grouping(pstate, tlist, sort_clause, expr_kind, use_sql99)
    seen: set[int] = set()
    for item in flat:
        if isinstance(item, tuple):
            sets.append(grouping.grouping_set(item))
            continue
        ref = grouping.expr(seen, item, True)
        if ref:
            seen.add(ref)
            if has_sets:
                sets.append(GroupingSet("simple", (ref,), raw_location(item, pstate)))
    return grouping.result, sets


# --- DISTINCT ---


def _index_of_ref(tlist: list[TargetEntry], ref: int) -> int:
    for index, entry in enumerate(tlist):
        if entry.ressortgroupref == ref:
            return index
    raise AssertionError("ORDER/GROUP BY expression not found in targetlist")


def transform_distinct_clause(
    pstate: ParseState, tlist: list[TargetEntry], sort_clause: list[SortGroupClause], is_agg: bool
) -> list[SortGroupClause]:
    """DISTINCT: all output columns, those of ORDER BY first."""
    result: list[SortGroupClause] = []
    for clause in sort_clause:
        entry = tlist[_index_of_ref(tlist, clause.tleSortGroupRef)]
        if entry.resjunk:
            raise pstate.error(
                INVALID_COLUMN_REFERENCE,
                "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list"
                if is_agg
                else "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                expr_location(entry.expr),
            )
        result.append(clause)
    for index, entry in enumerate(tlist):
        if not entry.resjunk:
            result = add_target_to_group_list(pstate, index, result, tlist, expr_location(entry.expr))
    if not result:
        raise pstate.error(
            SYNTAX_ERROR,
            "an aggregate with DISTINCT must have at least one argument"
            if is_agg
            else "SELECT DISTINCT must have at least one column",
        )
    return result


def transform_distinct_on_clause(
    pstate: ParseState, distinctlist: Any, tlist: list[TargetEntry], sort_clause: list[SortGroupClause]
) -> list[SortGroupClause]:
    """DISTINCT ON: the expressions, in the order in which ORDER BY begins with them."""
    message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
    refs: list[int] = []
    for node in distinctlist:
        index = _find_sql92(pstate, node, tlist, EXPR_KIND_DISTINCT_ON)
        refs.append(assign_sort_group_ref(index, tlist))
    result: list[SortGroupClause] = []
    skipped = False
    for clause in sort_clause:
        if clause.tleSortGroupRef in refs:
            if skipped:
                node = distinctlist[refs.index(clause.tleSortGroupRef)]
                raise pstate.error(INVALID_COLUMN_REFERENCE, message, raw_location(node, pstate))
            result.append(clause)
        else:
            skipped = True
    for node, ref in zip(distinctlist, refs, strict=False):
        index = _index_of_ref(tlist, ref)
        if target_is_in_sort_list(pstate, tlist[index], 0, result):
            continue
        if skipped:
            raise pstate.error(INVALID_COLUMN_REFERENCE, message, raw_location(node, pstate))
        result = add_target_to_group_list(pstate, index, result, tlist, raw_location(node, pstate))
    return result


# --- WINDOW ---


def transform_window_definitions(
    pstate: ParseState, windowdefs: Any, tlist: list[TargetEntry]
) -> list[WindowClause]:
    """The WINDOW clause and the inline OVER (...) of a query."""
    result: list[WindowClause] = []
    for winref, windef in enumerate(windowdefs or (), 1):
        result.append(_transform_window(pstate, winref, windef, result, tlist))
    return result


def _find_window(windows: list[WindowClause], name: str) -> WindowClause | None:
    return next((window for window in windows if window.name == name), None)


def _transform_window(
    pstate: ParseState, winref: int, windef: Any, done: list[WindowClause], tlist: list[TargetEntry]
) -> WindowClause:
    location = raw_location(windef)
    if windef.name and _find_window(done, windef.name) is not None:
        raise pstate.error(WINDOWING_ERROR, f'window "{windef.name}" is already defined', location)
    base = None
    if windef.refname:
        base = _find_window(done, windef.refname)
        if base is None:
            raise pstate.error(UNDEFINED_OBJECT, f'window "{windef.refname}" does not exist', location)
    order = transform_sort_clause(pstate, windef.orderClause, tlist, EXPR_KIND_WINDOW_ORDER, True)
    partition, _ = transform_group_clause(
        pstate, windef.partitionClause, tlist, order, EXPR_KIND_WINDOW_PARTITION, True
    )
    copied = False
    if base is not None:
        if partition:
            raise pstate.error(
                WINDOWING_ERROR,
                f'cannot override PARTITION BY clause of window "{windef.refname}"',
                location,
            )
        if order and base.orderClause:
            raise pstate.error(
                WINDOWING_ERROR, f'cannot override ORDER BY clause of window "{windef.refname}"', location
            )
        partition = list(base.partitionClause)
        if not order:
            order = list(base.orderClause)
            copied = True
        if base.frameOptions != FRAMEOPTION_DEFAULTS:
            # A bare OVER (w) would work as OVER w.
            bare = not (windef.name or windef.orderClause or windef.frameOptions != FRAMEOPTION_DEFAULTS)
            raise pstate.error(
                WINDOWING_ERROR,
                f'cannot copy window "{windef.refname}" because it has a frame clause',
                location,
                hint="Omit the parentheses in this OVER clause." if bare else None,
            )
    window = WindowClause(
        winref,
        windef.name,
        windef.refname,
        tuple(partition),
        tuple(order),
        windef.frameOptions,
        copiedOrder=copied,
    )
    return _transform_frame(pstate, window, windef, tlist)


def _transform_frame(
    pstate: ParseState, window: WindowClause, windef: Any, tlist: list[TargetEntry]
) -> WindowClause:
    options = window.frameOptions
    location = raw_location(windef)
    family = intype = 0
    changes: dict[str, Any] = {}
    if options & FRAMEOPTION_RANGE and options & (FRAMEOPTION_START_OFFSET | FRAMEOPTION_END_OFFSET):
        if len(window.orderClause) != 1:
            raise pstate.error(
                WINDOWING_ERROR,
                "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
                location,
            )
        clause = window.orderClause[0]
        key = tlist[_index_of_ref(tlist, clause.tleSortGroupRef)].expr
        meaning = next(
            m for m in get_op_btree_interpretation(pstate.catalog, clause.sortop) if m.strategy in (1, 5)
        )
        family, intype = meaning.opfamily, meaning.lefttype
        changes["inRangeColl"] = expr_collation(key)
        changes["inRangeAsc"] = meaning.strategy == 1
        changes["inRangeNullsFirst"] = clause.nulls_first
    if options & FRAMEOPTION_GROUPS and not window.orderClause:
        raise pstate.error(WINDOWING_ERROR, "GROUPS mode requires an ORDER BY clause", location)
    start, start_func = _transform_frame_offset(pstate, options, family, intype, windef.startOffset)
    end, end_func = _transform_frame_offset(pstate, options, family, intype, windef.endOffset)
    return msgspec.structs.replace(
        window,
        startOffset=start,
        startInRangeFunc=start_func,
        endOffset=end,
        endInRangeFunc=end_func,
        **changes,
    )


def _transform_frame_offset(
    pstate: ParseState, options: int, family: int, intype: int, clause: Any
) -> tuple[Any, int]:
    """(expression, in_range function for RANGE) of a frame bound's offset."""
    if clause is None:
        return None, 0
    function = 0
    if options & FRAMEOPTION_RANGE:
        construct = "RANGE"
        node = expressions.transform_expr(pstate, clause, EXPR_KIND_WINDOW_FRAME_RANGE)
        typid, function = _in_range_function(pstate, family, intype, node)
        node = coercion.coerce_to_specific_type(pstate, node, typid, construct)
    else:
        rows = options & FRAMEOPTION_ROWS
        construct = "ROWS" if rows else "GROUPS"
        kind = EXPR_KIND_WINDOW_FRAME_ROWS if rows else EXPR_KIND_WINDOW_FRAME_GROUPS
        node = expressions.transform_expr(pstate, clause, kind)
        node = coercion.coerce_to_specific_type(pstate, node, INT8OID, construct)
    _check_var_free(pstate, node, construct)
    return node, function


def _in_range_function(pstate: ParseState, family: int, intype: int, node: Any) -> tuple[int, int]:
    """(offset type, in_range function) for ordering type `intype` and the offset expression."""
    catalog = pstate.catalog
    nodetype = expr_type(node)
    preferred = nodetype if nodetype != UNKNOWNOID else intype
    count = matches = selected = function = 0
    for row in catalog.pg_amproc.rows():
        if row.amprocfamily != family or row.amproclefttype != intype or row.amprocnum != BTINRANGE_PROC:
            continue
        count += 1
        if not coercion.can_coerce_type(catalog, (nodetype,), (row.amprocrighttype,), COERCION_IMPLICIT):
            continue
        matches += 1
        if selected != preferred:
            selected, function = row.amprocrighttype, row.amproc
    prefix = "RANGE with offset PRECEDING/FOLLOWING"
    location = expr_location(node)
    shown = catalog.format_type
    if count == 0:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"{prefix} is not supported for column type {shown(intype)}",
            location,
        )
    if matches == 0:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"{prefix} is not supported for column type {shown(intype)} and offset type {shown(nodetype)}",
            location,
            hint="Cast the offset value to an appropriate type.",
        )
    if matches != 1 and selected != preferred:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"{prefix} has multiple interpretations for column type {shown(intype)} "
            f"and offset type {shown(nodetype)}",
            location,
            hint="Cast the offset value to the exact intended type.",
        )
    return selected, function
