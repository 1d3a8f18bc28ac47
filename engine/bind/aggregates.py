"""Aggregates, GROUPING and window functions in queries (PostgreSQL's parse_agg.c)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    INVALID_RECURSION,
    STATEMENT_TOO_COMPLEX,
    TOO_MANY_ARGUMENTS,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    WINDOWING_ERROR,
)
from ..tree import (
    Aggref,
    Const,
    FuncExpr,
    GroupingFunc,
    GroupingSet,
    OpExpr,
    Param,
    Query,
    RangeTblEntry,
    TargetEntry,
    Var,
    WindowFunc,
    equal,
)
from ..treetypes import expr_location, expr_type
from . import expressions
from .parse_state import (
    EXPR_KIND_ORDER_BY,
    ParseState,
    parse_expr_kind_name,
)
from .raw import raw_location
from .relations import get_rte_attribute_name
from .walkers import (
    contain_windowfuncs,
    flatten_join_alias_vars,
    locate_agg_of_level,
    locate_var_of_level,
    locate_windowfunc,
    mutate_tree,
    walk_tree,
)

# Where aggregates may not stand: the place as the message calls it, None for the construct's name.
_AGGREGATE_PLACES: dict[str, str | None] = {
    "join_on": "JOIN conditions",
    "join_using": "JOIN conditions",
    "from_subselect": "FROM clause of their own query level",
    "from_function": "functions in FROM",
    "where": None,
    "policy": "policy expressions",
    "filter": None,
    "window_frame_range": "window RANGE",
    "window_frame_rows": "window ROWS",
    "window_frame_groups": "window GROUPS",
    "insert_target": None,
    "update_source": None,
    "update_target": None,
    "merge_when": "MERGE WHEN conditions",
    "group_by": None,
    "limit": None,
    "offset": None,
    "returning": None,
    "merge_returning": None,
    "values": None,
    "values_single": None,
    "check_constraint": "check constraints",
    "domain_check": "check constraints",
    "column_default": "DEFAULT expressions",
    "function_default": "DEFAULT expressions",
    "index_expression": "index expressions",
    "index_predicate": "index predicates",
    "stats_expression": "statistics expressions",
    "alter_col_transform": "transform expressions",
    "execute_parameter": "EXECUTE parameters",
    "trigger_when": "trigger WHEN conditions",
    "partition_bound": "partition bound",
    "partition_expression": "partition key expressions",
    "generated_column": "column generation expressions",
    "call_argument": "CALL arguments",
    "copy_where": "COPY FROM WHERE conditions",
    "cycle_mark": None,
}
# Window functions: the same places and these.
_WINDOW_PLACES: dict[str, str | None] = {
    **_AGGREGATE_PLACES,
    "from_subselect": None,
    "having": None,
    "window_partition": "window definitions",
    "window_order": "window definitions",
    "window_frame_range": "window definitions",
    "window_frame_rows": "window definitions",
    "window_frame_groups": "window definitions",
}


# --- aggregate calls ---


def transform_aggregate_call(
    pstate: ParseState, agg: Aggref, args: Sequence[Any], aggorder: Any, agg_distinct: bool
) -> Aggref:
    """The finished Aggref of a call with these transformed arguments and raw ORDER BY items."""
    from .clauses import add_target_to_sort_list, transform_distinct_clause, transform_sort_clause

    tlist: list[TargetEntry] = []
    torder: list[Any] = []
    tdistinct: list[Any] = []
    direct: tuple[Any, ...] = ()
    aggorder = aggorder or ()
    if agg.aggkind != "n":
        direct_count = len(args) - len(aggorder)
        direct = tuple(args[:direct_count])
        for number, (arg, sortby) in enumerate(zip(args[direct_count:], aggorder, strict=False), 1):
            tlist.append(TargetEntry(arg, number))
            torder = add_target_to_sort_list(pstate, number - 1, torder, tlist, sortby)
    else:
        tlist = [TargetEntry(arg, number) for number, arg in enumerate(args, 1)]
        saved = pstate.p_next_resno
        pstate.p_next_resno = len(tlist) + 1
        torder = transform_sort_clause(pstate, aggorder, tlist, EXPR_KIND_ORDER_BY, True)
        if agg_distinct:
            tdistinct = transform_distinct_clause(pstate, tlist, torder, True)
            _check_distinct_sortable(pstate, tlist, tdistinct)
        pstate.p_next_resno = saved
    argtypes = [expr_type(arg) for arg in direct]
    argtypes += [expr_type(entry.expr) for entry in tlist if not entry.resjunk]
    agg = msgspec.structs.replace(
        agg,
        aggdirectargs=direct,
        args=tuple(tlist),
        aggorder=tuple(torder),
        aggdistinct=tuple(tdistinct),
        aggargtypes=tuple(argtypes),
    )
    level = _check_agglevels_and_constraints(pstate, agg)
    return msgspec.structs.replace(agg, agglevelsup=level)


def _check_distinct_sortable(pstate: ParseState, tlist: list[TargetEntry], clauses: list[Any]) -> None:
    for clause in clauses:
        if clause.sortop:
            continue
        for entry in tlist:
            if entry.ressortgroupref == clause.tleSortGroupRef:
                shown = pstate.catalog.format_type(expr_type(entry.expr))
                raise pstate.error(
                    UNDEFINED_FUNCTION,
                    f"could not identify an ordering operator for type {shown}",
                    expr_location(entry.expr),
                    detail="Aggregates with DISTINCT must be able to sort their inputs.",
                )


def transform_grouping_func(pstate: ParseState, node: Any) -> GroupingFunc:
    """GROUPING(...) of a raw node; refs are filled in when the query's GROUP BY is known."""
    location = raw_location(node)
    if len(node.args) > 31:
        raise pstate.error(TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments", location)
    args = [expressions.transform_expr(pstate, arg, pstate.p_expr_kind) for arg in node.args]
    result = GroupingFunc(tuple(args), (), location=location)
    level = _check_agglevels_and_constraints(pstate, result)
    return msgspec.structs.replace(result, agglevelsup=level)


def _check_agglevels_and_constraints(pstate: ParseState, expr: Any) -> int:
    """The query level an aggregate belongs to; raises if it may not stand where it is."""
    is_agg = isinstance(expr, Aggref)
    location = expr.location
    level = _check_agg_arguments(
        pstate,
        expr.aggdirectargs if is_agg else (),
        expr.args,
        expr.aggfilter if is_agg else None,
        location,
    )
    owner = pstate
    for _ in range(level):
        assert owner.parentParseState is not None
        owner = owner.parentParseState
    owner.p_hasAggs = True
    kind = owner.p_expr_kind
    if kind in _AGGREGATE_PLACES:
        what = "aggregate functions" if is_agg else "grouping operations"
        place = _AGGREGATE_PLACES[kind] or parse_expr_kind_name(kind)
        raise pstate.error(GROUPING_ERROR, f"{what} are not allowed in {place}", location)
    return level


class _ArgumentLevels:
    """The innermost query levels that an aggregate's arguments refer to, -1 for none."""

    def __init__(self, pstate: ParseState) -> None:
        self.pstate = pstate
        self.min_varlevel = -1
        self.min_agglevel = -1
        self.min_ctelevel = -1
        self.min_cte: RangeTblEntry | None = None

    def visit(self, node: Any, depth: int) -> bool:
        cls = node.__class__
        if cls is Var:
            level = node.varlevelsup - depth
            if level >= 0 and (self.min_varlevel < 0 or self.min_varlevel > level):
                self.min_varlevel = level
            return True
        if cls is Aggref or cls is GroupingFunc:
            level = node.agglevelsup - depth
            if level >= 0 and (self.min_agglevel < 0 or self.min_agglevel > level):
                self.min_agglevel = level
        elif cls is RangeTblEntry and node.rtekind == "cte":
            level = node.ctelevelsup - depth
            if level >= 0 and (self.min_ctelevel < 0 or self.min_ctelevel > level):
                self.min_ctelevel = level
                self.min_cte = node
        if depth == 0:
            if (cls is FuncExpr and node.funcretset) or (cls is OpExpr and node.opretset):
                raise self.pstate.error(
                    FEATURE_NOT_SUPPORTED,
                    "aggregate function calls cannot contain set-returning function calls",
                    expr_location(node),
                    hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                )
            if cls is WindowFunc:
                raise self.pstate.error(
                    GROUPING_ERROR,
                    "aggregate function calls cannot contain window function calls",
                    node.location,
                )
        return False

    def check_cte(self, agglevel: int, location: int) -> None:
        if 0 <= self.min_ctelevel < agglevel and self.min_cte is not None:
            raise self.pstate.error(
                FEATURE_NOT_SUPPORTED,
                "outer-level aggregate cannot use a nested CTE",
                location,
                detail=f'CTE "{self.min_cte.eref}" is below the aggregate\'s semantic level.',
            )


def _check_agg_arguments(pstate: ParseState, direct: Any, args: Any, agg_filter: Any, location: int) -> int:
    levels = _ArgumentLevels(pstate)
    walk_tree(args, levels.visit)
    walk_tree(agg_filter, levels.visit)
    if levels.min_varlevel < 0:
        agglevel = max(levels.min_agglevel, 0)
    elif levels.min_agglevel < 0:
        agglevel = levels.min_varlevel
    else:
        agglevel = min(levels.min_varlevel, levels.min_agglevel)
    if agglevel == levels.min_agglevel:
        nested = locate_agg_of_level(args, agglevel)
        if nested < 0:
            nested = locate_agg_of_level(agg_filter, agglevel)
        raise pstate.error(GROUPING_ERROR, "aggregate function calls cannot be nested", nested)
    levels.check_cte(agglevel, location)
    if direct:
        inner = _ArgumentLevels(pstate)
        walk_tree(direct, inner.visit)
        if 0 <= inner.min_varlevel < agglevel:
            raise pstate.error(
                GROUPING_ERROR,
                "outer-level aggregate cannot contain a lower-level variable in its direct arguments",
                locate_var_of_level(direct, inner.min_varlevel),
            )
        if 0 <= inner.min_agglevel <= agglevel:
            raise pstate.error(
                GROUPING_ERROR,
                "aggregate function calls cannot be nested",
                locate_agg_of_level(direct, inner.min_agglevel),
            )
        inner.check_cte(agglevel, location)
    return agglevel


# --- window function calls ---


def transform_window_func_call(pstate: ParseState, wfunc: WindowFunc, windef: Any) -> WindowFunc:
    """The finished WindowFunc: its winref found, or its OVER (...) added to the query's windows."""
    if pstate.p_hasWindowFuncs and contain_windowfuncs(wfunc.args):
        raise pstate.error(
            WINDOWING_ERROR, "window function calls cannot be nested", locate_windowfunc(wfunc.args)
        )
    kind = pstate.p_expr_kind
    if kind in _WINDOW_PLACES:
        place = _WINDOW_PLACES[kind] or parse_expr_kind_name(kind)
        raise pstate.error(WINDOWING_ERROR, f"window functions are not allowed in {place}", wfunc.location)
    winref = 0
    if windef.name:
        for number, other in enumerate(pstate.p_windowdefs, 1):
            if other.name == windef.name:
                winref = number
                break
        else:
            raise pstate.error(
                UNDEFINED_OBJECT, f'window "{windef.name}" does not exist', raw_location(windef)
            )
    else:
        for number, other in enumerate(pstate.p_windowdefs, 1):
            if (
                other.refname == windef.refname
                and (other.partitionClause or ()) == (windef.partitionClause or ())
                and (other.orderClause or ()) == (windef.orderClause or ())
                and other.frameOptions == windef.frameOptions
                and other.startOffset == windef.startOffset
                and other.endOffset == windef.endOffset
            ):
                winref = number
                break
        else:
            pstate.p_windowdefs = [*pstate.p_windowdefs, windef]
            winref = len(pstate.p_windowdefs)
    pstate.p_hasWindowFuncs = True
    return msgspec.structs.replace(wfunc, winref=winref)


# --- GROUP BY checks ---


def parse_check_aggregates(pstate: ParseState, query: Query) -> None:
    """Checks that ungrouped columns are used in aggregates only, and fills in GROUPING's refs."""
    common: set[int] | None = None
    if query.groupingSets:
        sets = expand_grouping_sets(query.groupingSets, query.groupDistinct, 4096)
        if not sets:
            raise pstate.error(
                STATEMENT_TOO_COMPLEX,
                "too many grouping sets present (maximum 4096)",
                query.groupingSets[0].location,
            )
        common = set(sets[0])
        for one in sets[1:]:
            common &= set(one)
        if len(sets) == 1 and query.groupClause:
            query.groupingSets = []
    has_join = any(rte.rtekind == "join" for rte in pstate.p_rtable)
    has_self_reference = any(rte.rtekind == "cte" and rte.self_reference for rte in pstate.p_rtable)
    by_ref = {entry.ressortgroupref: entry for entry in query.targetList if entry.ressortgroupref}
    groups: list[TargetEntry] = [
        by_ref[clause.tleSortGroupRef] for clause in query.groupClause if clause.tleSortGroupRef in by_ref
    ]
    if has_join:
        groups = flatten_join_alias_vars(query, groups)
    check = _GroupCheck(pstate, query, groups, common if query.groupingSets else None, has_join)
    query.targetList = check.finalize(query.targetList)
    check.check(query.targetList)
    query.havingQual = check.finalize(query.havingQual)
    check.check(query.havingQual)
    if pstate.p_hasAggs and has_self_reference:
        raise pstate.error(
            INVALID_RECURSION,
            "aggregate functions are not allowed in a recursive query's recursive term",
            locate_agg_of_level(query.targetList, 0),
        )


class _GroupCheck:
    """The two passes over one query's target list and HAVING (check_ungrouped_columns_context)."""

    def __init__(
        self,
        pstate: ParseState,
        query: Query,
        groups: list[TargetEntry],
        common: set[int] | None,
        has_join: bool,
    ) -> None:
        self.pstate = pstate
        self.query = query
        self.groups = groups
        self.has_join = has_join
        self.have_non_var = any(not isinstance(entry.expr, Var) for entry in groups)
        self.vars = {
            (entry.expr.varno, entry.expr.varattno): entry.ressortgroupref
            for entry in reversed(groups)
            if isinstance(entry.expr, Var) and entry.expr.varlevelsup == 0
        }
        self.common_vars = [
            entry.expr
            for entry in groups
            if isinstance(entry.expr, Var) and (common is None or entry.ressortgroupref in common)
        ]
        self.functional: set[int] = set()
        self.in_direct_args = False

    # --- GROUPING ---

    def finalize(self, clause: Any) -> Any:
        """The clause with the refs of this query's GROUPING calls filled in."""
        found = False

        def visit(node: Any, depth: int) -> bool:
            nonlocal found
            found = found or (node.__class__ is GroupingFunc and node.agglevelsup == depth)
            return found

        walk_tree(clause, visit)
        if not found:
            return clause
        return mutate_tree(clause, self._finalize_node)

    def _finalize_node(self, node: Any, depth: int) -> Any:
        if node.__class__ is Aggref and node.agglevelsup == depth:
            # Aggregates of this level hold no GROUPING of it but in their direct arguments.
            direct = mutate_tree(node.aggdirectargs, self._finalize_node, depth)
            return msgspec.structs.replace(node, aggdirectargs=direct)
        if node.__class__ is not GroupingFunc or node.agglevelsup != depth:
            return None
        refs = []
        for arg in node.args:
            expr = flatten_join_alias_vars(self.query, arg) if self.has_join and depth == 0 else arg
            ref = 0
            if isinstance(expr, Var):
                if expr.varlevelsup == depth:
                    ref = self.vars.get((expr.varno, expr.varattno), 0)
            elif self.have_non_var and depth == 0:
                for entry in self.groups:
                    if equal(expr, entry.expr):
                        ref = entry.ressortgroupref
                        break
            if not ref:
                raise self.pstate.error(
                    GROUPING_ERROR,
                    "arguments to GROUPING must be grouping expressions of the associated query level",
                    expr_location(expr),
                )
            refs.append(ref)
        return msgspec.structs.replace(node, refs=tuple(refs))

    # --- ungrouped columns ---

    def check(self, clause: Any) -> None:
        """Raises 42803 if the clause uses an ungrouped column outside aggregates."""
        if self.has_join:
            clause = flatten_join_alias_vars(self.query, clause)
        walk_tree(clause, self._check_node)

    def _check_node(self, node: Any, depth: int) -> bool:
        cls = node.__class__
        if cls is Const or cls is Param:
            return True
        if cls is Aggref:
            if node.agglevelsup == depth:
                self.in_direct_args = True
                walk_tree(node.aggdirectargs, self._check_node, depth)
                self.in_direct_args = False
                return True
            if node.agglevelsup > depth:
                return True
        elif cls is GroupingFunc and node.agglevelsup >= depth:
            return True
        if self.have_non_var and depth == 0 and cls is not TargetEntry:
            for entry in self.groups:
                if equal(node, entry.expr):
                    return True
        if cls is Var:
            self._check_var(node, depth)
            return True
        return bool(cls is RangeTblEntry and node.rtekind == "join")

    def _check_var(self, var: Var, depth: int) -> None:
        if var.varlevelsup != depth or (var.varno, var.varattno) in self.vars:
            return
        if var.varno in self.functional:
            return
        rte = self.pstate.p_rtable[var.varno - 1]
        if rte.rtekind == "relation" and self._functionally_dependent(rte.relid, var.varno):
            self.functional.add(var.varno)
            return
        name = get_rte_attribute_name(self.pstate.catalog, rte, var.varattno)
        shown = f'"{rte.eref}.{name}"'
        if depth:
            raise self.pstate.error(
                GROUPING_ERROR, f"subquery uses ungrouped column {shown} from outer query", var.location
            )
        raise self.pstate.error(
            GROUPING_ERROR,
            f"column {shown} must appear in the GROUP BY clause or be used in an aggregate function",
            var.location,
            detail="Direct arguments of an ordered-set aggregate must use only grouped columns."
            if self.in_direct_args
            else None,
        )

    def _functionally_dependent(self, relid: int, varno: int) -> bool:
        """Whether the grouping columns include the relation's primary key (pg_constraint.c)."""
        columns = {var.varattno for var in self.common_vars if var.varno == varno and var.varlevelsup == 0}
        relation = self.pstate.catalog.relation(relid)
        for index in relation.indexes or relation.extra.get("system_indexes", ()):
            usable = index.primary and not index.deferrable and index.constraint
            if usable and all(key.attnum in columns for key in index.keys):
                self.query.constraintDeps.append(index.constraint)
                return True
        return False


# --- grouping sets ---


def _expand_node(node: GroupingSet) -> list[list[int]]:
    if node.kind == "empty":
        return [[]]
    if node.kind == "simple":
        return [list(node.content)]
    if node.kind == "sets":
        return [one for child in node.content for one in _expand_node(child)]
    parts = [list(child.content) for child in node.content]
    if node.kind == "rollup":
        return [[ref for part in parts[:size] for ref in part] for size in range(len(parts), -1, -1)]
    result = []
    for mask in range(1 << len(parts)):
        result.append([ref for bit, part in enumerate(parts) if mask >> bit & 1 for ref in part])
    return result


def _union(*lists: list[int]) -> list[int]:
    return list(dict.fromkeys([ref for one in lists for ref in one]))


def expand_grouping_sets(sets: Sequence[GroupingSet], distinct: bool, limit: int) -> list[list[int]]:
    """The flat list of grouping sets, each a list of refs; [] if they are more than `limit`."""
    if not sets:
        return []
    result: list[list[int]] = [[]]
    for number, node in enumerate(sets):
        expanded = _expand_node(node)
        if 0 <= limit < len(result) * len(expanded):
            return []
        if number == 0:
            result = [_union(one) for one in expanded]
        else:
            result = [_union(one, other) for one in result for other in expanded]
    if distinct and len(result) > 1:
        unique = {tuple(sorted(one)) for one in result}
        return [list(one) for one in sorted(unique, key=lambda one: (len(one), one))]
    return sorted(result, key=len)
