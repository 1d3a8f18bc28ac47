"""Window functions: one WindowAgg per window, those with the most sort keys first, so that windows
that share a prefix share the sort (select_active_windows of optimizer/plan/planner.c)."""

from typing import Any

from ..tree import WindowFunc
from . import costs
from .grouping import (
    equality_of,
    is_ordered,
    make_sort,
    pathkeys_of,
    sort_key,
    sort_keys_of,
    target_of,
    unique_clauses,
)
from .nodes import Plan, WindowAgg
from .root import Root
from .walk import child_nodes, replace


def collect_window_functions(root: Root) -> dict[int, list[Any]]:
    """The distinct window functions by winref."""
    found: dict[int, dict[Any, None]] = {}
    stack = [entry.expr for entry in root.tlist]
    stack.reverse()
    while stack:
        node = stack.pop()
        if type(node) is WindowFunc:
            found.setdefault(node.winref, {})[node] = None
            continue
        stack.extend(reversed(child_nodes(node)))
    return {winref: list(functions) for winref, functions in found.items()}


def add_windows(root: Root, plan: Plan, keys: tuple[Any, ...]) -> tuple[Plan, tuple[Any, ...]]:
    """WindowAggs above the plan; gives the resulting order as well."""
    functions = collect_window_functions(root)
    active = [w for w in root.query.windowClause if w.winref in functions]

    def length(window: Any) -> int:
        return len(_clauses(window))

    active.sort(key=length, reverse=True)
    for window in active:
        clauses = _clauses(window)
        sort_keys = sort_keys_of(root, clauses)
        wanted = pathkeys_of(root, sort_keys)
        if not is_ordered(wanted, keys):
            plan = make_sort(plan, sort_keys)
            keys = wanted
        partition = tuple(
            [(target_of(root, c.tleSortGroupRef), equality_of(root, c)) for c in window.partitionClause]
        )
        window = replace(
            window,
            startOffset=root.preprocess_expression(window.startOffset),
            endOffset=root.preprocess_expression(window.endOffset),
        )
        order = tuple([sort_key(root, target_of(root, c.tleSortGroupRef), c) for c in window.orderClause])
        mine = functions[window.winref]
        plan = WindowAgg(
            input=plan,
            window=window,
            partition=partition,
            order=order,
            order_eqops=tuple([equality_of(root, c) for c in window.orderClause]),
            functions=tuple(mine),
            rows=plan.rows,
            cost=plan.cost + plan.rows * (costs.COLLECTED_ROW + 0.4 * len(mine)),
            startup_cost=plan.startup_cost,
            width=plan.width,
        )
    return plan, keys


def _clauses(window: Any) -> list[Any]:
    return unique_clauses([*window.partitionClause, *window.orderClause])
