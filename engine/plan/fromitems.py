"""Subqueries, functions, VALUES and WITH items in FROM as base relations; quals pushed into
subqueries (optimizer/path/allpaths.c: set_subquery_pathlist, subquery_is_pushdown_safe)."""

from typing import Any

from ..tree import FuncExpr, Query, RangeTblEntry, RangeTblFunction, SetOperationStmt, Var
from . import costs
from .clauses import contain_subplans, contain_volatile_functions, expression_returns_set
from .ctes import find_cte
from .joins import Path, Rel
from .nodes import CteScan, FunctionScan, Result, SubqueryScan, ValuesScan, WorkTableScan
from .root import Root
from .walk import (
    any_node,
    increment_var_sublevels_up,
    make_and,
    pull_varnos,
    replace,
    transform,
    walk,
    walk_query,
)


def set_lateral(root: Root, rel: Rel) -> None:
    """Which other relations of this query the item uses."""
    rte = rel.rte
    found = 0
    kind = rte.rtekind
    if kind == "subquery":

        def visit(node: Any, level: int) -> None:
            nonlocal found
            if type(node) is Var and node.varlevelsup == level:
                found |= pull_varnos(root.resolve_var(replace(node, varlevelsup=0)))

        if rte.lateral or rte.subquery is not None:
            walk_query(rte.subquery, lambda node, level: visit(node, level), 1)
    elif kind == "function":
        functions = tuple([_preprocess_function(root, f) for f in rte.functions])
        rel.rte = rte = replace(rte, functions=functions)
        for function in functions:
            found |= pull_varnos(function.funcexpr)
            root.extra_uses.append(function.funcexpr)
    elif kind == "values":
        lists = tuple([tuple([root.preprocess_expression(e) for e in row]) for row in rte.values_lists])
        rel.rte = rte = replace(rte, values_lists=lists)
        for row in lists:
            for expr in row:
                relids = pull_varnos(expr)
                if relids:
                    found |= relids
                    root.extra_uses.append(expr)
    rel.lateral = found & ~rel.relids


def _preprocess_function(root: Root, function: RangeTblFunction) -> RangeTblFunction:
    return replace(function, funcexpr=root.preprocess_expression(function.funcexpr))


def set_from_item_path(root: Root, rel: Rel) -> None:
    """The one path of a subquery, function, VALUES or WITH item."""
    rte = rel.rte
    kind = rte.rtekind
    quals = tuple([c.expr for c in rel.clauses])
    if kind == "subquery":
        rel.add_path(_subquery_path(root, rel))
        return
    if kind == "function":
        rows = sum(function_rows(root, f.funcexpr) for f in rte.functions[:1])
        plan: Any = FunctionScan(
            varno=rel.varno, functions=rte.functions, ordinality=rte.funcordinality, quals=quals
        )
        cost = rows * 0.2
    elif kind == "values":
        rows = float(len(rte.values_lists))
        plan = ValuesScan(varno=rel.varno, lists=rte.values_lists, quals=quals)
        cost = rows * costs.VALUE_ROW
    elif kind == "cte":
        plan, rows, cost = _cte_scan(root, rel, quals)
    elif kind == "result":
        plan, rows, cost = Result(quals=quals), 1.0, 0.1
    else:
        from ..errors import SqlError
        from ..sqlstates import FEATURE_NOT_SUPPORTED

        raise SqlError(FEATURE_NOT_SUPPORTED, f"range table entry of kind {kind} is not supported in FROM")
    rel.tuples = rows
    if quals:
        rows = max(rows * root.estimator.clauselist(quals), 1.0)
    plan.rows = rows
    plan.cost = cost + rel.tuples * len(quals) * costs.QUAL
    rel.add_path(Path(plan, (), rel.lateral))


def function_rows(root: Root, expr: Any) -> float:
    """How many rows a function in FROM may give: its pg_proc.prorows, or the exact count of a
    generate_series of constants and of an unnest of a constant array."""
    if type(expr) is not FuncExpr or not expr.funcretset:
        return 1.0
    row = root.catalog.pg_proc.get(expr.funcid)
    values: list[Any] = [getattr(arg, "constvalue", None) for arg in expr.args]
    if row is not None and row.proname == "generate_series" and len(values) in (2, 3):
        if all(isinstance(v, int) for v in values) and row.prorettype in (20, 23):
            step = values[2] if len(values) == 3 else 1
            if step:
                return float(max((values[1] - values[0]) // step + 1, 1))
    if row is not None and row.proname == "unnest" and values and hasattr(values[0], "items"):
        items = values[0].items
        if isinstance(items, tuple):
            return float(max(len(items), 1))
    return float(row.prorows) if row is not None and row.prorows else 100.0


def _cte_scan(root: Root, rel: Rel, quals: Any) -> tuple[Any, float, float]:
    rte = rel.rte
    info = find_cte(root, rte)
    if rte.self_reference or info.planning:
        rows = max(info.rows / 10, 1.0)
        return (
            WorkTableScan(varno=rel.varno, ctename=rte.ctename, quals=quals),
            rows,
            rows * costs.COLLECTED_ROW,
        )
    plan = CteScan(varno=rel.varno, ctename=rte.ctename, levelsup=rte.ctelevelsup, quals=quals)
    return plan, info.rows, info.rows * costs.COLLECTED_ROW


# --- subqueries -----------------------------------------------------------------------------------


def _subquery_path(root: Root, rel: Rel) -> Path:
    from .build import subquery_planner

    query = rel.rte.subquery
    pushed, kept = [], []
    for clause in rel.clauses:
        if (
            not rel.rte.security_barrier
            and not clause.volatile
            and not contain_subplans(clause.expr)
            and qual_is_pushdown_safe(root, query, rel.varno, clause.expr)
        ):
            pushed.append(clause.expr)
        else:
            kept.append(clause.expr)
    if pushed:
        query = push_quals(query, rel.varno, pushed)
    child = subquery_planner(root.glob, query, root, root.tuple_fraction if len(root.rels) == 1 else 0.0)
    planned = child.planned
    assert planned is not None
    if planned.volatile:
        root.volatile = True
    below = planned.plan
    rows = max(below.rows * (root.estimator.clauselist(kept) if kept else 1.0), 1.0)
    rel.tuples = max(below.rows, 1.0)
    for ref in child.outer_refs:
        inner = increment_var_sublevels_up(ref, -1, 1)
        if getattr(inner, "varlevelsup", 1) == 0:
            root.extra_uses.append(inner)
    node = SubqueryScan(
        varno=rel.varno,
        plan=planned,
        quals=tuple(kept),
        rows=rows,
        cost=below.cost + below.rows * (costs.LOOP_ROW + len(kept) * costs.QUAL),
        startup_cost=below.startup_cost,
        width=below.width,
    )
    rel.single_row = below.rows <= 1 and not below.cost
    return Path(node, _subquery_order(root, rel, child), rel.lateral)


def _subquery_order(root: Root, rel: Rel, child: Root) -> tuple[Any, ...]:
    """The subquery's ORDER BY in terms of its outputs, as far as these are plain."""
    from .grouping import pathkeys_of, sort_keys_of
    from .paths import useful_order

    query = child.query
    if not query.sortClause or child.query.setOperations or child.planned is None:
        return ()
    from .nodes import SortKey

    keys = []
    columns = {}
    visible = 0
    for entry in child.tlist:
        if not entry.resjunk:
            visible += 1
            columns[entry.expr] = (visible, entry)
    for key in sort_keys_of(child, query.sortClause):
        found = columns.get(key.expr)
        if found is None:
            break
        from ..treetypes import expr_collation, expr_type, expr_typmod

        var = Var(
            varno=rel.varno,
            varattno=found[0],
            vartype=expr_type(key.expr),
            vartypmod=expr_typmod(key.expr),
            varcollid=expr_collation(key.expr),
        )
        keys.append(
            SortKey(expr=var, sortop=key.sortop, descending=key.descending, nulls_first=key.nulls_first)
        )
    order = pathkeys_of(root, tuple(keys))
    return order if useful_order(root, order) else ()


def qual_is_pushdown_safe(root: Root, query: Query, varno: int, qual: Any) -> bool:
    """Whether the qual may be evaluated inside the subquery instead of above it."""
    if contain_volatile_functions(root.catalog, qual):
        return False
    attnums = set()
    for node in walk(qual):
        if type(node) is Var and node.varlevelsup == 0 and node.varno == varno:
            if node.varattno <= 0:
                return False
            attnums.add(node.varattno)
        elif type(node) is Var and node.varlevelsup == 0:
            return False
    return _query_is_safe(root, query, attnums)


def _query_is_safe(root: Root, query: Query, attnums: set[int]) -> bool:
    if query.limitCount is not None or query.limitOffset is not None or query.commandType != "select":
        return False
    if query.rowMarks:
        return False
    if query.setOperations is not None:
        return _setop_is_safe(root, query, query.setOperations, attnums)
    if query.groupingSets or (query.hasAggs and not query.groupClause):
        return False
    outputs = [entry for entry in query.targetList if not entry.resjunk]
    grouped = {clause.tleSortGroupRef for clause in query.groupClause}
    distinct = {clause.tleSortGroupRef for clause in query.distinctClause}
    for attnum in attnums:
        entry = outputs[attnum - 1]
        if contain_volatile_functions(root.catalog, entry.expr) or expression_returns_set(entry.expr):
            return False
        if query.hasSubLinks and any_node(entry.expr, lambda n: type(n).__name__ == "SubLink"):
            return False
        if query.hasDistinctOn and entry.ressortgroupref not in distinct:
            return False
        if query.hasWindowFuncs:
            partitioned = bool(query.windowClause) and all(
                any(c.tleSortGroupRef == entry.ressortgroupref for c in w.partitionClause)
                for w in query.windowClause
            )
            if not entry.ressortgroupref or not partitioned:
                return False
        if grouped and query.hasTargetSRFs and entry.ressortgroupref not in grouped:
            return False
    return not (query.hasTargetSRFs and not attnums)


def _setop_is_safe(root: Root, query: Query, node: Any, attnums: set[int]) -> bool:
    if isinstance(node, SetOperationStmt):
        if node.op == "except":
            return False
        return _setop_is_safe(root, query, node.larg, attnums) and _setop_is_safe(
            root, query, node.rarg, attnums
        )
    arm = query.rtable[node.rtindex - 1].subquery
    if arm is None or (arm.cteList and arm.setOperations):
        return False
    outer = [e for e in query.targetList if not e.resjunk]
    from ..treetypes import expr_type

    inner = [e for e in arm.targetList if not e.resjunk]
    for attnum in attnums:
        if expr_type(inner[attnum - 1].expr) != expr_type(outer[attnum - 1].expr):
            return False
    return _query_is_safe(root, arm, attnums)


def push_quals(query: Query, varno: int, quals: list[Any]) -> Query:
    """The subquery with the quals (of its parent, over Var(varno, n)) added."""
    if query.setOperations is not None:
        rtable = list(query.rtable)

        def visit(node: Any) -> None:
            if isinstance(node, SetOperationStmt):
                visit(node.larg)
                visit(node.rarg)
                return
            rte: RangeTblEntry = rtable[node.rtindex - 1]
            assert rte.subquery is not None
            inner = [_one_level_in(q, varno) for q in quals]
            rtable[node.rtindex - 1] = replace(rte, subquery=push_quals(rte.subquery, varno, inner))

        visit(query.setOperations)
        return replace(query, rtable=rtable)
    outputs = [entry.expr for entry in query.targetList if not entry.resjunk]
    inner_quals = [_into(q, varno, outputs) for q in quals]
    changes: dict[str, Any] = {}
    if any_node(make_and(inner_quals), lambda n: type(n).__name__ == "SubLink"):
        changes["hasSubLinks"] = True
    if query.groupClause or query.hasAggs or query.havingQual is not None:
        having = [query.havingQual] if query.havingQual is not None else []
        return replace(query, havingQual=make_and([*having, *inner_quals]), **changes)
    from ..tree import FromExpr

    tree = query.jointree if query.jointree is not None else FromExpr(fromlist=())
    where = [tree.quals] if tree.quals is not None else []
    return replace(query, jointree=replace(tree, quals=make_and([*where, *inner_quals])), **changes)


def _into(qual: Any, varno: int, outputs: list[Any]) -> Any:
    def function(node: Any, level: int) -> Any:
        if type(node) is Var:
            if node.varlevelsup == 0 and node.varno == varno:
                return outputs[node.varattno - 1]
            return replace(node, varlevelsup=node.varlevelsup + 1)
        if getattr(node, "agglevelsup", 0):
            return increment_var_sublevels_up(node, 1, 1)
        return None

    return transform(qual, function)


def _one_level_in(qual: Any, varno: int) -> Any:
    """For an arm of a set operation: outer references are one level further; the Vars to be replaced stay."""

    def function(node: Any, level: int) -> Any:
        if type(node) is Var and not (node.varlevelsup == 0 and node.varno == varno):
            return replace(node, varlevelsup=node.varlevelsup + 1)
        if getattr(node, "agglevelsup", 0):
            return increment_var_sublevels_up(node, 1, 1)
        return None

    return transform(qual, function)
