"""plan_query: from a typed Query to a PlannedQuery (optimizer/plan/planner.c, planmain.c).

The steps of one query level (subquery_planner), each in the module named:
1. WITH items are planned or marked for inlining (ctes.py).
2. Sublinks and subqueries are pulled up into the join tree (sublinks.py, pullup.py).
3. Expressions are preprocessed: Vars resolved, constants folded, remaining sublinks planned.
4. The join tree is taken apart (jointree.py), base relations get access paths (paths.py,
   fromitems.py), and the join order is searched (joins.py).
5. Each of the remaining paths is finished with grouping, windows, DISTINCT, ORDER BY and LIMIT
   (grouping.py, windows.py); the cheapest wins.
Set operations (setops.py) and data modification (modify.py) are built around these.
"""

from typing import Any

from ..tree import Const, Query, RangeTblEntry, RelabelType, TargetEntry, Var
from ..treetypes import expr_collation, expr_type, expr_typmod
from .clauses import contain_volatile_functions
from .ctes import process_ctes
from .fromitems import set_lateral
from .grouping import finish, move_having_to_where, preprocess_limit, set_wanted_orders
from .joins import JoinSearch, Path
from .jointree import Deconstructed, reduce_outer_joins
from .nodes import PlannedQuery, Result
from .paths import make_base_rel, set_base_paths
from .pullup import jointree_relids, prepare_jointree
from .root import PlannerGlobal, Root
from .walk import bits, increment_var_sublevels_up, replace

_functions_loaded = False


def _load_functions() -> None:
    """Constant folding calls implementations, so all must have been registered."""
    global _functions_loaded
    from ..functions.loader import load_types

    load_types()
    _functions_loaded = True


def plan_query(query: Query, catalog: Any, settings: Any, *, param_values: Any = None) -> PlannedQuery:
    """The plan of a rewritten query. With param_values ($1, ... as engine values) it is made for these
    values only; without, it serves any."""
    if not _functions_loaded:
        _load_functions()
    glob = PlannerGlobal(catalog, settings, param_values)
    planned = subquery_planner(glob, query, None, 0.0).planned
    assert planned is not None
    planned.relations = tuple(glob.relations)
    return planned


def subquery_planner(glob: PlannerGlobal, query: Query, parent: Root | None, tuple_fraction: float) -> Root:
    """Plans one query level; the plan is in the Root's `planned`."""
    if query.commandType == "select" and (query.sortClause or query.distinctClause):
        query = _evaluate_volatile_keys_once(glob.catalog, query)
    root = Root(glob, query, parent)
    root.tuple_fraction = tuple_fraction
    if query.cteList:
        process_ctes(root)
    if query.commandType != "select":
        from .modify import plan_modify

        root.planned = plan_modify(root)
    else:
        prepare_jointree(root)
        root.tlist = preprocess_targets(root, query.targetList)
        if query.groupingSets:
            root.tlist = _grouped_constants(query, root.tlist)
        preprocess_limit(root)
        if query.setOperations is not None:
            from .setops import plan_set_operations

            plan = plan_set_operations(root)
        else:
            plan = plan_select(root)
        root.planned = make_planned_query(root, plan, root.tlist)
    return root


def preprocess_targets(root: Root, targets: list[TargetEntry]) -> list[TargetEntry]:
    """The target list with preprocessed expressions."""
    out = []
    for entry in targets:
        expr = root.preprocess_expression(entry.expr)
        out.append(entry if expr is entry.expr else replace(entry, expr=expr))
    return out


def _grouped_constants(query: Query, targets: list[TargetEntry]) -> list[TargetEntry]:
    """Constants that are grouping keys of GROUPING SETS are NULL in the sets without them: labelled, so
    that they are values of the grouping."""
    refs = {clause.tleSortGroupRef for clause in query.groupClause}
    out = []
    for entry in targets:
        expr = entry.expr
        if entry.ressortgroupref in refs and type(expr) is Const:
            label = RelabelType(expr, expr.consttype, expr.consttypmod, expr.constcollid)
            entry = replace(entry, expr=label)
        out.append(entry)
    return out


def plan_select(root: Root) -> Any:
    """The plan of a SELECT without set operations, up to LIMIT."""
    query = root.query
    root.having = root.preprocess_qual(query.havingQual)
    if query.havingQual is not None and not (
        query.hasAggs or query.groupClause or query.groupingSets or root.outer_aggs or query.hasWindowFuncs
    ):
        # HAVING without aggregates: one group or none, whatever the rows
        return finish(root, Path(Result(rows=1.0, cost=0.1)))
    paths = query_planner(root)
    best = None
    best_cost = 0.0
    for path in paths:
        plan = finish(root, path)
        cost = plan.cost
        fraction = root.tuple_fraction
        if fraction > 0:
            part = fraction if fraction < 1 else min(fraction / max(plan.rows, 1.0), 1.0)
            cost = plan.startup_cost + part * (plan.cost - plan.startup_cost)
        if best is None or cost < best_cost:
            best, best_cost = plan, cost
    assert best is not None
    if query.hasAggs and not query.groupClause and not query.groupingSets:
        from .minmax import plan_minmax

        indexed = plan_minmax(root, best_cost)
        if indexed is not None:
            return indexed
    return best


def query_planner(root: Root) -> list[Path]:
    """The paths of the join of everything in FROM, filtered by WHERE."""
    tree = root.jointree
    relids = jointree_relids(tree)
    for varno in bits(relids):
        make_base_rel(root, varno)
    tree = reduce_outer_joins(root, tree)
    if root.having:
        moved = move_having_to_where(root, root.having)
        if moved:
            tree = replace(tree, quals=(*(tree.quals or ()), *moved))
    root.jointree = tree
    quals = _all_quals(tree)
    root.extra_uses.extend(quals)
    for varno in bits(relids):
        rel = root.rels[varno]
        if rel.rte.rtekind != "relation":
            set_lateral(root, rel)
    parts = Deconstructed(root)
    parts.run(tree)
    root.parts = parts
    root.onetime = parts.onetime
    root.ecs = parts.ecs
    set_wanted_orders(root)
    if not relids:
        return [Path(Result(rows=1.0, cost=0.1))]
    for rel in root.rels.values():
        _widen_lateral(rel, parts)
    for rel in root.rels.values():
        set_base_paths(root, rel, parts)
    final = JoinSearch(root, parts).search(parts.items)
    paths = [p for p in final.paths if not p.req]
    assert paths, "lateral references cannot be satisfied"
    cheapest = min(paths, key=lambda p: p.cost)
    return [p for p in paths if p is cheapest or p.keys or p.startup < cheapest.startup]


def _widen_lateral(rel: Any, parts: Deconstructed) -> None:
    """A lateral reference to the nullable side of an outer join waits for that join."""
    changed = bool(rel.lateral)
    while changed:
        changed = False
        for info in parts.joins:
            if info.jointype == "left" and info.syn_right & rel.lateral and not info.syn_right & rel.relids:
                wider = (rel.lateral | info.min_left | info.min_right) & ~rel.relids
                if wider != rel.lateral:
                    rel.lateral, changed = wider, True


def _all_quals(node: Any) -> list[Any]:
    out: list[Any] = []
    stack = [node]
    while stack:
        node = stack.pop()
        quals = getattr(node, "quals", None)
        if quals:
            out.extend(quals)
        if hasattr(node, "fromlist"):
            stack.extend(node.fromlist)
        elif hasattr(node, "larg"):
            stack.append(node.larg)
            stack.append(node.rarg)
    return out


def make_planned_query(
    root: Root, plan: Any, tlist: list[TargetEntry], command: str = "select"
) -> PlannedQuery:
    """The PlannedQuery of a finished plan and its output columns."""
    visible = [entry for entry in tlist if not entry.resjunk]
    targets = tuple([entry.expr for entry in visible])
    volatile = root.volatile
    if not volatile:
        volatile = any(contain_volatile_functions(root.catalog, t) for t in targets) or any(
            contain_volatile_functions(root.catalog, q) for q in root.extra_uses
        )
        root.volatile = volatile
    return PlannedQuery(
        plan=plan,
        targets=targets,
        names=tuple([entry.resname or "?column?" for entry in visible]),
        types=tuple([expr_type(t) for t in targets]),
        typmods=tuple([expr_typmod(t) for t in targets]),
        rtable=root.rtable,
        command=command,
        ctes=root.planned_ctes,
        modifying_ctes=root.modifying_ctes,
        resorigtbl=tuple([entry.resorigtbl for entry in visible]),
        resorigcol=tuple([entry.resorigcol for entry in visible]),
        volatile=volatile,
    )


def _evaluate_volatile_keys_once(catalog: Any, query: Query) -> Query:
    """ORDER BY random(): a volatile expression that is sorted by or made distinct, and perhaps output
    as well, is computed once per row, in a subquery."""
    refs = {c.tleSortGroupRef for c in query.sortClause} | {c.tleSortGroupRef for c in query.distinctClause}
    if not any(
        entry.ressortgroupref in refs and contain_volatile_functions(catalog, entry.expr)
        for entry in query.targetList
    ):
        return query
    if query.setOperations is not None:
        return query
    inner = replace(
        query,
        sortClause=[],
        distinctClause=[],
        hasDistinctOn=False,
        limitCount=None,
        limitOffset=None,
        limitOption="count",
        targetList=[replace(entry, resjunk=False) for entry in query.targetList],
    )
    inner = increment_var_sublevels_up(inner, 1, 1)
    outer = []
    names = []
    for i, entry in enumerate(query.targetList):
        var = Var(
            varno=1,
            varattno=i + 1,
            vartype=expr_type(entry.expr),
            vartypmod=expr_typmod(entry.expr),
            varcollid=expr_collation(entry.expr),
        )
        outer.append(replace(entry, expr=var))
        names.append(entry.resname or "?column?")
    from ..tree import FromExpr, RangeTblRef

    rte = RangeTblEntry(rtekind="subquery", eref="sorted", eref_colnames=tuple(names), subquery=inner)
    return Query(
        commandType="select",
        rtable=[rte],
        jointree=FromExpr(fromlist=(RangeTblRef(rtindex=1),)),
        targetList=outer,
        sortClause=query.sortClause,
        distinctClause=query.distinctClause,
        hasDistinctOn=query.hasDistinctOn,
        limitCount=query.limitCount,
        limitOffset=query.limitOffset,
        limitOption=query.limitOption,
        hasSubLinks=query.hasSubLinks,
    )
