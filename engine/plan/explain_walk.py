"""What EXPLAIN has to find in a plan before it describes it."""

from typing import Any

from ..tree import Node
from . import nodes


def read_children(node: Any, varno: int) -> list[int]:
    """The children that the scans of an entry below a node read."""
    stack = [node]
    while stack:
        item = stack.pop()
        if getattr(item, "varno", 0) == varno:
            return list(item.relids) if isinstance(item, nodes.ChildAppend) else [item.relid]
        stack += [getattr(item, name) for name in ("input", "outer", "inner") if hasattr(item, name)]
    return []


def count_relations(value: Any) -> int:
    """The range table entries of a planned query and of the queries inside it."""
    count = 0
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, nodes.PlannedQuery):
            count += sum(1 for rte in item.rtable if rte.rtekind != "result")
            stack += [item.plan, *item.targets, *item.ctes.values()]
        elif isinstance(item, (tuple, list)):
            stack.extend(item)
        elif isinstance(item, (nodes.Plan, Node)):
            count += len(item.scans) if isinstance(item, nodes.ChildAppend) else 0
            stack.extend([getattr(item, name) for name in item.__struct_fields__])
    return count
