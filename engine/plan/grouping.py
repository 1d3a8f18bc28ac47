"""What comes above the joins: grouping, aggregates, windows, set-returning targets, DISTINCT, ORDER BY,
row locks and LIMIT, in PostgreSQL's order (optimizer/plan/planner.c: grouping_planner)."""

from typing import Any

from ..errors import SqlError
from ..lsyscache import op_hashjoinable
from ..sqlstates import WRONG_OBJECT_TYPE
from ..tree import Aggref, Const, GroupingFunc, GroupingSet, OpExpr, SortGroupClause, Var
from ..treetypes import expr_collation, expr_type
from . import costs
from .clauses import (
    contain_agg_clause,
    contain_subplans,
    contain_volatile_functions,
    equality_operator_of_ordering,
    expression_returns_set,
    ordering_family,
    set_returning_calls,
)
from .inherit import is_inherited
from .joins import Path
from .nodes import Agg, Distinct, Filter, Limit, LockRows, Plan, ProjectSet, Sort, SortKey
from .paths import canonical_expression, expression_cost
from .recheck import recheck_quals
from .root import Root
from .walk import child_nodes

INT8_PLUS = (684, 463)


# --- order ----------------------------------------------------------------------------------------


def target_of(root: Root, ref: int) -> Any:
    """The expression of the target with this ressortgroupref."""
    for entry in root.tlist:
        if entry.ressortgroupref == ref:
            return entry.expr
    raise AssertionError(f"ORDER/GROUP BY expression {ref} not found in targetlist")


def sort_keys_of(root: Root, clauses: Any) -> tuple[SortKey, ...]:
    """SortKeys of SortGroupClauses."""
    out = []
    for clause in clauses:
        out.append(sort_key(root, target_of(root, clause.tleSortGroupRef), clause))
    return tuple(out)


def sort_key(root: Root, expr: Any, clause: SortGroupClause) -> SortKey:
    ordering = ordering_family(root.catalog, clause.sortop)
    descending = ordering[1] if ordering is not None else clause.reverse_sort
    return SortKey(expr=expr, sortop=clause.sortop, descending=descending, nulls_first=clause.nulls_first)


def pathkeys_of(root: Root, keys: tuple[SortKey, ...]) -> tuple[Any, ...]:
    """The order as canonical keys: constants and repetitions are dropped."""
    out = []
    seen = set()
    for key in keys:
        ordering = ordering_family(root.catalog, key.sortop)
        family = ordering[0] if ordering is not None else -key.sortop
        if type(key.expr) is Const:
            continue
        expr = canonical_expression(root, key.expr, family)
        if expr is None or expr in seen:
            continue
        seen.add(expr)
        out.append((expr, family, expr_collation(key.expr), key.descending, key.nulls_first))
    return tuple(out)


def is_ordered(wanted: tuple[Any, ...], have: tuple[Any, ...]) -> bool:
    return have[: len(wanted)] == wanted


def common_prefix(wanted: tuple[Any, ...], have: tuple[Any, ...]) -> int:
    n = 0
    for a, b in zip(wanted, have, strict=False):
        if a != b:
            break
        n += 1
    return n


def make_sort(
    plan: Plan,
    keys: tuple[SortKey, ...],
    limit: Any = None,
    limit_rows: float | None = None,
    presorted: int = 0,
) -> Sort:
    """A Sort above the plan."""
    cost = plan.cost + costs.sort_cost(plan.rows, limit_rows)
    startup = cost
    if presorted:
        startup = plan.startup_cost + (cost - plan.startup_cost) / max(min(plan.rows, 50.0), 1.0)
    return Sort(
        input=plan,
        keys=keys,
        limit=limit,
        presorted=presorted,
        rows=plan.rows,
        cost=cost + plan.rows * costs.LOOP_ROW,
        startup_cost=startup,
        width=plan.width,
    )


def set_wanted_orders(root: Root) -> None:
    """The orders that would save a sort, for the choice of index paths."""
    query = root.query
    wanted = []
    root.wanted_groups = set()
    if query.groupClause and not query.groupingSets:
        for clause in query.groupClause:
            if clause.sortop:
                keys = pathkeys_of(root, sort_keys_of(root, [clause]))
                root.wanted_groups.update([k[0] for k in keys])
    elif not query.hasAggs and not query.windowClause:
        if query.sortClause:
            wanted.append(pathkeys_of(root, sort_keys_of(root, query.sortClause)))
        elif query.distinctClause and all(c.sortop for c in query.distinctClause):
            keys = pathkeys_of(root, sort_keys_of(root, query.distinctClause))
            wanted.append(keys)
            root.wanted_groups.update([k[0] for k in keys])
    for window in query.windowClause:
        clauses = [*window.partitionClause, *window.orderClause]
        if all(c.sortop for c in clauses):
            wanted.append(pathkeys_of(root, sort_keys_of(root, clauses)))
    root.wanted_orders = tuple([w for w in wanted if w])


# --- the pipeline ---------------------------------------------------------------------------------


def finish(root: Root, path: Path) -> Plan:
    """Everything above the scan/join path."""
    query = root.query
    plan, keys = path.plan, path.keys
    if root.onetime:
        plan = Filter(
            input=plan,
            quals=tuple(root.onetime),
            onetime=True,
            rows=plan.rows,
            cost=plan.cost,
            startup_cost=plan.startup_cost,
            width=plan.width,
        )
    if (
        query.hasAggs
        or query.groupClause
        or query.groupingSets
        or root.having
        or query.havingQual is not None
        or root.outer_aggs
    ):
        plan, keys = _add_grouping(root, plan, keys)
    if query.hasWindowFuncs:
        from .windows import add_windows

        plan, keys = add_windows(root, plan, keys)
    calls = _target_calls(root)
    postponed = bool(calls) and _may_postpone_calls(root)
    if calls and not postponed:
        plan = add_project_set(root, plan, calls)
    if query.distinctClause:
        plan, keys = _add_distinct(root, plan, keys)
    if query.sortClause:
        plan = _add_sort(root, plan, keys, bool(calls and postponed))
    if calls and postponed:
        plan = add_project_set(root, plan, calls)
    if query.rowMarks:
        _check_lockable(root)
        plan = LockRows(
            input=plan,
            marks=tuple(query.rowMarks),
            rechecks=tuple([recheck_quals(root, mark.rti) for mark in query.rowMarks]),
            inherited=tuple([mark.rti for mark in query.rowMarks if is_inherited(root, mark.rti)]),
            rows=plan.rows,
            cost=plan.cost + plan.rows,
            startup_cost=plan.startup_cost,
            width=plan.width,
        )
    if root.limit_count is not None or root.limit_offset is not None:
        plan = _add_limit(root, plan)
    return plan


_NOT_LOCKABLE = {"m": "materialized view", "S": "sequence", "t": "TOAST relation"}


def _check_lockable(root: Root) -> None:
    """42809 for FOR UPDATE and the like of something without rows of its own (CheckValidRowMarkRel)."""
    for mark in root.query.rowMarks:
        rte = root.rte(mark.rti)
        if rte.rtekind != "relation":
            continue
        relation = root.catalog.relation(rte.relid)
        if relation.kind in _NOT_LOCKABLE:
            raise SqlError(
                WRONG_OBJECT_TYPE, f'cannot lock rows in {_NOT_LOCKABLE[relation.kind]} "{relation.name}"'
            )


# --- grouping -------------------------------------------------------------------------------------


def collect_aggregates(root: Root) -> tuple[Any, ...]:
    """The distinct aggregates of this query, wherever they are used."""
    found: dict[Any, None] = {}
    stack = [*[entry.expr for entry in root.tlist], *root.having]
    stack.reverse()
    while stack:
        node = stack.pop()
        if type(node) is Aggref and node.agglevelsup == 0:
            found[node] = None
            continue
        stack.extend(reversed(child_nodes(node)))
    for node in root.outer_aggs:
        if type(node) is Aggref:
            found[node] = None
    return tuple(found)


def _add_grouping(root: Root, plan: Plan, keys: tuple[Any, ...]) -> tuple[Plan, tuple[Any, ...]]:
    query = root.query
    clauses = unique_clauses(query.groupClause)
    exprs = [target_of(root, clause.tleSortGroupRef) for clause in clauses]
    calls: list[Any] = []
    for expr in exprs:
        set_returning_calls(expr, calls)
    if calls:
        plan = add_project_set(root, plan, calls)
    aggs = collect_aggregates(root)
    group_keys = tuple([(expr, clause.eqop) for expr, clause in zip(exprs, clauses, strict=False)])
    refs = tuple([clause.tleSortGroupRef for clause in clauses])
    sets: tuple[tuple[int, ...], ...] = ()
    if query.groupingSets:
        sets = _grouping_sets(query.groupingSets, refs, query.groupDistinct)
    rows = root.estimator.groups(exprs, plan.rows) if exprs else 1.0
    if sets:
        rows = max(sum(root.estimator.groups([exprs[i] for i in s], plan.rows) for s in sets), 1.0)
    agg_cost = plan.rows * costs.AGG_ROW * max(len(aggs), 1)
    for agg in aggs:
        agg_cost += plan.rows * sum(
            expression_cost(root, a.expr) for a in agg.args if type(a.expr) is not Var
        )
    strategy = "plain"
    order: tuple[Any, ...] = ()
    if exprs or (sets and sets != ((),)):
        ordered = any(agg.aggorder or agg.aggdistinct or agg.aggkind != "n" for agg in aggs)
        plan, strategy, order, extra = _group_input(root, plan, keys, clauses, exprs, bool(sets), ordered)
        agg_cost += extra
    quals = tuple(sorted(root.having, key=contain_subplans))
    node = Agg(
        input=plan,
        strategy=strategy,
        keys=group_keys,
        refs=refs,
        grouping_sets=sets,
        aggs=aggs,
        quals=quals,
        rows=max(rows * (0.3333 if quals else 1.0), 1.0),
        cost=plan.cost + agg_cost + rows * costs.LOOP_ROW,
        startup_cost=plan.startup_cost if strategy == "sorted" else plan.cost + agg_cost,
        width=plan.width,
    )
    return node, order


def _group_input(
    root: Root,
    plan: Plan,
    keys: tuple[Any, ...],
    clauses: list[Any],
    exprs: list[Any],
    sets: bool,
    ordered: bool,
) -> tuple[Plan, str, tuple[Any, ...], float]:
    """(input, strategy, resulting order, cost of grouping): sorted where the order is there, where
    hashing is impossible, and where aggregates keep their input (DISTINCT, ORDER BY): then only one
    group's input is held at a time."""
    catalog = root.catalog
    hashable = (
        (sets or not ordered)
        and all(op_hashjoinable(catalog, c.eqop, expr_type(e)) for c, e in zip(clauses, exprs, strict=False))
        and root.glob.enabled("enable_hashagg")
    )
    sortable = all(c.sortop for c in clauses)
    grouping = plan.rows * costs.GROUP_ROW + costs.hash_key_cost(plan.rows, len(exprs))
    if not sets:
        canonical = set()
        for clause, expr in zip(clauses, exprs, strict=False):
            for key in pathkeys_of(root, (sort_key(root, expr, clause),)) if clause.sortop else ():
                canonical.add((key[0], key[1], key[2]))
        have = {(k[0], k[1], k[2]) for k in keys[: len(canonical)]}
        if sortable and have == canonical and len(keys) >= len(canonical):
            return plan, "sorted", keys[: len(canonical)], grouping * 0.5
    if hashable or not sortable:
        return plan, "hash", (), grouping
    sort_keys = tuple([sort_key(root, e, c) for c, e in zip(clauses, exprs, strict=False)])
    sorted_plan = make_sort(plan, sort_keys)
    return (
        sorted_plan,
        "hash" if sets else "sorted",
        () if sets else pathkeys_of(root, sort_keys),
        grouping * 0.5,
    )


def unique_clauses(clauses: Any) -> list[Any]:
    """Without repetitions of a reference."""
    seen: dict[int, Any] = {}
    for clause in clauses:
        seen.setdefault(clause.tleSortGroupRef, clause)
    return list(seen.values())


def _grouping_sets(items: Any, refs: tuple[int, ...], distinct: bool) -> tuple[tuple[int, ...], ...]:
    """GROUP BY's items multiplied out (expand_grouping_sets), as indexes into the keys."""
    result: list[tuple[int, ...]] = [()]
    for item in items:
        result = [(*a, *b) for a in result for b in expand_grouping_set(item)]
    out = []
    for members in result:
        unique = tuple(sorted(set(members), key=refs.index))
        out.append(tuple([refs.index(ref) for ref in unique]))
    if distinct:
        seen: dict[frozenset[int], tuple[int, ...]] = {}
        for members in out:
            seen.setdefault(frozenset(members), members)
        out = list(seen.values())
    return tuple(sorted(out, key=len, reverse=True))


def expand_grouping_set(item: Any) -> list[tuple[int, ...]]:
    """The sets of refs that one GroupingSet stands for."""
    if not isinstance(item, GroupingSet):
        return [(item,)]
    kind = item.kind
    if kind == "empty":
        return [()]
    if kind == "simple":
        return [tuple(item.content)]
    if kind == "sets":
        return [s for content in item.content for s in expand_grouping_set(content)]
    parts = [expand_grouping_set(content)[0] for content in item.content]
    if kind == "rollup":
        return [tuple([r for part in parts[:n] for r in part]) for n in range(len(parts), -1, -1)]
    out = []
    for mask in range(2 ** len(parts) - 1, -1, -1):
        out.append(
            tuple([r for i, part in enumerate(parts) if mask & (1 << (len(parts) - 1 - i)) for r in part])
        )
    return out


def move_having_to_where(root: Root, having: list[Any]) -> list[Any]:
    """HAVING conjuncts without aggregates that may be tested before grouping; they are taken out of
    `having`."""
    query = root.query
    if not query.groupClause or query.groupingSets:
        return []
    moved = [
        q
        for q in having
        if not contain_agg_clause(q)
        and not contain_volatile_functions(root.catalog, q)
        and not contain_subplans(q)
        and not any(isinstance(n, (Aggref, GroupingFunc)) for n in child_nodes(q))
    ]
    for qual in moved:
        having.remove(qual)
    return moved


# --- set-returning targets ------------------------------------------------------------------------


def _target_calls(root: Root) -> list[Any]:
    if not root.query.hasTargetSRFs:
        return []
    calls: list[Any] = []
    for entry in root.tlist:
        set_returning_calls(entry.expr, calls)
    grouped: list[Any] = []
    for clause in root.query.groupClause:
        set_returning_calls(target_of(root, clause.tleSortGroupRef), grouped)
    return [call for call in calls if call not in grouped]


def _may_postpone_calls(root: Root) -> bool:
    """Set-returning targets come after ORDER BY unless something to sort or make distinct needs them."""
    query = root.query
    if not query.sortClause:
        return False
    needed = {clause.tleSortGroupRef for clause in query.sortClause}
    if query.distinctClause:
        if not query.hasDistinctOn:
            return False
        needed |= {clause.tleSortGroupRef for clause in query.distinctClause}
    return not any(expression_returns_set(e.expr) for e in root.tlist if e.ressortgroupref in needed)


def add_project_set(root: Root, plan: Plan, calls: list[Any]) -> Plan:
    """ProjectSet nodes, nested calls in nodes of their own below."""
    from .fromitems import function_rows

    depths: dict[int, list[Any]] = {}
    for call in calls:
        depths.setdefault(_depth(call), []).append(call)
    for depth in sorted(depths):
        level = depths[depth]
        rows = plan.rows * max(function_rows(root, call) for call in level)
        plan = ProjectSet(
            input=plan,
            calls=tuple(level),
            rows=rows,
            cost=plan.cost + rows * 0.2,
            startup_cost=plan.startup_cost,
            width=plan.width,
        )
    return plan


def _depth(node: Any) -> int:
    below: list[Any] = []
    for child in child_nodes(node):
        set_returning_calls(child, below)
    return 1 + max([_depth(call) for call in below], default=0)


# --- DISTINCT, ORDER BY, LIMIT --------------------------------------------------------------------


def _add_distinct(root: Root, plan: Plan, keys: tuple[Any, ...]) -> tuple[Plan, tuple[Any, ...]]:
    query = root.query
    clauses = unique_clauses(query.distinctClause)
    exprs = [target_of(root, c.tleSortGroupRef) for c in clauses]
    pairs = tuple([(e, c.eqop) for e, c in zip(exprs, clauses, strict=False)])
    rows = root.estimator.groups(exprs, plan.rows)
    hashable = all(
        op_hashjoinable(root.catalog, c.eqop, expr_type(e)) for c, e in zip(clauses, exprs, strict=False)
    )
    presorted = False
    if query.hasDistinctOn:
        source = (
            query.sortClause if len(query.sortClause) >= len(query.distinctClause) else query.distinctClause
        )
        sort_keys = sort_keys_of(root, source)
        wanted = pathkeys_of(root, sort_keys)
        if not is_ordered(wanted, keys):
            plan = make_sort(plan, sort_keys, presorted=_presorted(root, sort_keys, wanted, keys))
            keys = wanted
        presorted = True
    else:
        sortable = all(c.sortop for c in clauses)
        if sortable:
            mine = {k[:3] for k in pathkeys_of(root, sort_keys_of(root, clauses))}
            presorted = bool(mine) and {k[:3] for k in keys[: len(mine)]} == mine and len(keys) >= len(mine)
            if not presorted and not hashable:
                sort_keys = sort_keys_of(root, clauses)
                plan = make_sort(plan, sort_keys)
                keys = pathkeys_of(root, sort_keys)
                presorted = True
        if not presorted:
            keys = ()
    cost = (
        plan.cost
        + plan.rows * (costs.GROUP_ROW * (0.5 if presorted else 1.0))
        + costs.hash_key_cost(plan.rows, len(pairs))
    )
    node = Distinct(
        input=plan,
        keys=pairs,
        sorted=presorted,
        rows=rows,
        cost=cost,
        startup_cost=plan.startup_cost,
        width=plan.width,
    )
    return node, keys


def _presorted(root: Root, keys: tuple[SortKey, ...], wanted: tuple[Any, ...], have: tuple[Any, ...]) -> int:
    """How many leading sort keys are in order already (only if no key was dropped on the way)."""
    if len(keys) != len(wanted):
        return 0
    n = common_prefix(wanted, have)
    return n if n < len(keys) else 0


def _add_sort(root: Root, plan: Plan, keys: tuple[Any, ...], srf_above: bool) -> Plan:
    query = root.query
    sort_keys = sort_keys_of(root, query.sortClause)
    wanted = pathkeys_of(root, sort_keys)
    if is_ordered(wanted, keys):
        return plan
    limit = None
    rows = None
    if root.limit_count is not None and not srf_above and not query.rowMarks and query.limitOption == "count":
        limit = root.limit_count
        if root.limit_offset is not None:
            limit = _plus(limit, root.limit_offset)
        if limit is not None:
            rows = root.limit_rows
    # equal or constant keys need not be compared
    kept = []
    seen = set()
    for key in sort_keys:
        if type(key.expr) is not Const and key.expr not in seen:
            seen.add(key.expr)
            kept.append(key)
    reduced = tuple(kept)
    return make_sort(plan, reduced, limit, rows, _presorted(root, reduced, wanted, keys))


def _plus(count: Any, offset: Any) -> Any:
    if type(count) is Const and type(offset) is Const:
        if offset.constisnull:
            return count
        total = count.constvalue + max(offset.constvalue, 0)
        return Const(consttype=20, constvalue=total) if total < 2**63 else None
    # a negative or NULL value is an error or no bound: leave such sums to the Limit node
    if contain_subplans(count) or contain_subplans(offset) or type(offset) is not Const:
        return None
    return OpExpr(opno=INT8_PLUS[0], opfuncid=INT8_PLUS[1], opresulttype=20, args=(count, offset))


def preprocess_limit(root: Root) -> None:
    """LIMIT and OFFSET: expressions, and how many rows are likely to be fetched."""
    query = root.query
    root.limit_count = root.limit_offset = None
    root.limit_rows = None
    if query.limitCount is not None:
        count = root.preprocess_expression(query.limitCount)
        if not (type(count) is Const and count.constisnull):
            root.limit_count = count
    if query.limitOffset is not None:
        offset = root.preprocess_expression(query.limitOffset)
        if not (type(offset) is Const and (offset.constisnull or offset.constvalue == 0)):
            root.limit_offset = offset
    if root.limit_count is not None:
        count = root.limit_count
        rows = float(max(count.constvalue, 1)) if type(count) is Const else 10.0
        if root.limit_offset is not None:
            rows += float(max(root.limit_offset.constvalue, 0)) if type(root.limit_offset) is Const else 10.0
        root.limit_rows = rows


def _add_limit(root: Root, plan: Plan) -> Plan:
    query = root.query
    rows = plan.rows if root.limit_rows is None else min(plan.rows, root.limit_rows)
    fraction = rows / max(plan.rows, 1.0)
    ties: tuple[SortKey, ...] = ()
    if query.limitOption == "with_ties":
        ties = sort_keys_of(root, query.sortClause)
    return Limit(
        input=plan,
        count=root.limit_count,
        offset=root.limit_offset,
        with_ties=ties,
        rows=max(rows, 1.0),
        cost=plan.startup_cost + (plan.cost - plan.startup_cost) * fraction,
        startup_cost=plan.startup_cost,
        width=plan.width,
    )


def equality_of(root: Root, clause: SortGroupClause) -> int:
    """The equality operator of a sort clause."""
    return clause.eqop or equality_operator_of_ordering(root.catalog, clause.sortop)
