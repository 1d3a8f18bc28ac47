"""min() and max() from the ends of an index: each becomes a scalar subquery
SELECT x FROM t WHERE x IS NOT NULL ORDER BY x LIMIT 1 (optimizer/plan/planagg.c)."""

from typing import Any

from ..tree import (
    Aggref,
    Const,
    FromExpr,
    NullTest,
    Query,
    SortGroupClause,
    SubLink,
    TargetEntry,
    Var,
)
from ..treetypes import expr_type
from .clauses import (
    contain_mutable_functions,
    contain_subplans,
    equality_operator_of_ordering,
    ordering_family,
)
from .grouping import collect_aggregates
from .nodes import ChildAppend, Filter, IndexScan, Plan, Result, Sort, SubPlan
from .root import Root
from .sublinks import make_subplan
from .walk import increment_var_sublevels_up, make_and, mutate, replace


def plan_minmax(root: Root, cost: float) -> Plan | None:
    """A Result with the aggregates replaced by subqueries, if all of them are min or max over an
    index's order and that is cheaper; root.tlist is changed then."""
    query = root.query
    rels = list(root.rels.values())
    if (
        len(rels) != 1
        or rels[0].relation is None
        or rels[0].relation.system
        or root.having
        or root.outer_aggs
    ):
        return None
    rel = rels[0]
    if (
        not rel.relation.indexes
        or query.havingQual is not None
        or query.hasTargetSRFs
        or query.hasWindowFuncs
    ):
        return None
    if (
        query.sortClause
        or query.distinctClause
        or query.limitCount is not None
        or query.limitOffset is not None
    ):
        return None
    aggs = collect_aggregates(root)
    quals = [c.expr for c in rel.clauses]
    if any(contain_subplans(q) for q in quals) or not aggs or root.onetime:
        return None
    replacements: dict[Any, SubPlan] = {}
    total = 0.0
    for agg in aggs:
        subplan = _subplan(root, rel, agg, quals)
        if subplan is None:
            return None
        total += subplan.plan.plan.cost
        replacements[agg] = subplan
    if total >= cost:
        return None

    def function(node: Any) -> Any:
        found = replacements.get(node) if type(node) is Aggref else None
        return found if found is not None else mutate(node, function)

    root.tlist = [replace(entry, expr=function(entry.expr)) for entry in root.tlist]
    return Result(rows=1.0, cost=total)


def _subplan(root: Root, rel: Any, agg: Aggref, quals: list[Any]) -> SubPlan | None:
    if len(agg.args) != 1 or agg.aggorder or agg.aggfilter is not None or agg.aggkind != "n":
        return None
    row = root.catalog.pg_aggregate.get(agg.aggfnoid)
    if row is None or not row.aggsortop:
        return None
    arg = agg.args[0].expr
    if type(arg) is not Var or arg.varlevelsup or contain_mutable_functions(root.catalog, arg):
        return None
    if not any(key.attnum == arg.varattno for index in rel.relation.indexes for key in index.keys):
        return None
    ordering = ordering_family(root.catalog, row.aggsortop)
    if ordering is None:
        return None
    clause = SortGroupClause(
        tleSortGroupRef=1,
        eqop=equality_operator_of_ordering(root.catalog, row.aggsortop),
        sortop=row.aggsortop,
        reverse_sort=ordering[1],
        nulls_first=ordering[1],
    )
    where = make_and([*quals, NullTest(arg=arg, nulltesttype="is_not_null")])
    from ..tree import RangeTblRef

    subselect = Query(
        commandType="select",
        rtable=list(root.rtable),
        jointree=FromExpr(fromlist=(RangeTblRef(rtindex=rel.varno),), quals=where),
        targetList=[TargetEntry(expr=arg, resno=1, resname="min_max", ressortgroupref=1)],
        sortClause=[clause],
        limitCount=Const(consttype=20, constvalue=1),
    )
    subselect = increment_var_sublevels_up(subselect, 1, 1)
    subplan = make_subplan(root, SubLink(subLinkType="expr", subselect=subselect), False)
    plan: Any = subplan.plan.plan
    while hasattr(plan, "input") and not isinstance(plan, (Sort, Filter)):
        plan = plan.input
    scans = plan.scans if isinstance(plan, ChildAppend) else (plan,)
    if not all(isinstance(scan, IndexScan) for scan in scans) or subplan.first_column_type != expr_type(agg):
        return None
    return subplan
