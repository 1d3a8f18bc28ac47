"""UNION, INTERSECT and EXCEPT (optimizer/prep/prepunion.c).

Arms are queries of their own, one level below the set operation's query. An operation nested in
another one, other than a UNION's own arms, becomes a PlannedQuery in between: its arms are then one
level deeper, and their outer references are adjusted.
"""

from typing import Any

from ..lsyscache import op_hashjoinable
from ..tree import Query, SetOperationStmt, Var
from ..treetypes import expr_type
from . import costs
from .joins import Path
from .nodes import Append, Distinct, PlannedQuery, SetOp
from .root import Root
from .walk import increment_var_sublevels_up


def plan_set_operations(root: Root) -> Any:
    """The plan of a query whose FROM is a tree of set operations."""
    from .grouping import finish

    operation: Any = root.query.setOperations
    plan = _operation(root, root.query, operation, 0)
    return finish(root, Path(plan))


def leftmost(node: Any) -> int:
    """The range table index of the first arm, which stands for the operation's columns."""
    while isinstance(node, SetOperationStmt):
        node = node.larg
    return int(node.rtindex)


def _operation(root: Root, query: Query, node: SetOperationStmt, depth: int) -> Any:
    varno = leftmost(node)
    if node.op == "union":
        arms = [_arm(root, query, arm, node, depth) for arm in _union_arms(node, node)]
        return _union(root, node, varno, arms)
    left = _arm(root, query, node.larg, node, depth)
    right = _arm(root, query, node.rarg, node, depth)
    rows = min(left.plan.rows, right.plan.rows) if node.op == "intersect" else left.plan.rows
    cost = left.plan.cost + right.plan.cost + (left.plan.rows + right.plan.rows) * costs.GROUP_ROW
    return SetOp(
        varno=varno,
        op=node.op,
        all=node.all,
        left=left,
        right=right,
        eqops=tuple([clause.eqop for clause in node.groupClauses]),
        rows=max(rows, 1.0),
        cost=cost,
        startup_cost=cost,
    )


def _union_arms(node: Any, top: SetOperationStmt) -> list[Any]:
    """The arms of a UNION with those of nested UNIONs that have the same columns and no effect of
    their own: UNION ALL in anything, UNION in UNION."""
    if isinstance(node, SetOperationStmt) and node.op == "union" and (node.all or not top.all):
        if node.colTypes == top.colTypes and (node is top or node.all == top.all or not top.all):
            return [*_union_arms(node.larg, top), *_union_arms(node.rarg, top)]
    return [node]


def _union(root: Root, node: SetOperationStmt, varno: int, arms: list[PlannedQuery]) -> Any:
    rows = sum(arm.plan.rows for arm in arms)
    plan: Any = Append(
        varno=varno,
        inputs=tuple(arms),
        rows=rows,
        cost=sum(arm.plan.cost for arm in arms) + rows * costs.LOOP_ROW,
        startup_cost=arms[0].plan.startup_cost,
    )
    if node.all:
        return plan
    keys = []
    hashable = True
    for i, clause in enumerate(node.groupClauses):
        typid = node.colTypes[i]
        var = Var(
            varno=varno,
            varattno=i + 1,
            vartype=typid,
            vartypmod=node.colTypmods[i],
            varcollid=node.colCollations[i],
        )
        keys.append((var, clause.eqop))
        hashable = hashable and op_hashjoinable(root.catalog, clause.eqop, typid)
    presorted = False
    if not hashable:
        from .grouping import make_sort, sort_key

        plan = make_sort(
            plan, tuple([sort_key(root, k[0], c) for k, c in zip(keys, node.groupClauses, strict=False)])
        )
        presorted = True
    return Distinct(
        input=plan,
        keys=tuple(keys),
        sorted=presorted,
        rows=max(rows * 0.5, 1.0),
        cost=plan.cost + rows * costs.GROUP_ROW,
        startup_cost=plan.startup_cost,
    )


def _arm(root: Root, query: Query, arm: Any, node: SetOperationStmt, depth: int) -> PlannedQuery:
    from .build import subquery_planner

    if isinstance(arm, SetOperationStmt):
        inner = Root(root.glob, Query(commandType="select", rtable=query.rtable), root)
        plan = _operation(inner, query, arm, depth + 1)
        targets = tuple(
            [
                Var(
                    varno=leftmost(arm),
                    varattno=i + 1,
                    vartype=arm.colTypes[i],
                    vartypmod=arm.colTypmods[i],
                    varcollid=arm.colCollations[i],
                )
                for i in range(len(arm.colTypes))
            ]
        )
        planned = PlannedQuery(
            plan=plan,
            targets=targets,
            names=tuple([f"column{i + 1}" for i in range(len(targets))]),
            types=arm.colTypes,
            typmods=arm.colTypmods,
            rtable=list(query.rtable),
            volatile=inner.volatile,
        )
        if inner.volatile:
            root.volatile = True
    else:
        subquery = query.rtable[arm.rtindex - 1].subquery
        assert subquery is not None
        subquery = increment_var_sublevels_up(subquery, depth, 1)
        child = subquery_planner(root.glob, subquery, root, 0.0).planned
        assert child is not None
        planned = child
        if planned.volatile:
            root.volatile = True
    _coerce_outputs(root, planned, node.colTypes)
    return planned


def _coerce_outputs(root: Root, planned: PlannedQuery, types: tuple[int, ...]) -> None:
    """The outputs as the operation's column types."""
    if planned.types == types:
        return
    targets = []
    for target, typid in zip(planned.targets, types, strict=False):
        if expr_type(target) != typid:
            target = coerce_output(root, target, typid)
        targets.append(target)
    planned.targets = tuple(targets)
    planned.types = types


def coerce_output(root: Root, expr: Any, typid: int) -> Any:
    """An implicit coercion, as analysis would make it."""
    from ..bind.coercion import coerce_to_common_type
    from ..bind.parse_state import AnalyzeContext, ParseState

    context = AnalyzeContext.__new__(AnalyzeContext)
    context.catalog = root.catalog
    context.params = None
    return root.simplify(coerce_to_common_type(ParseState(context), expr, typid, "UNION/INTERSECT/EXCEPT"))
