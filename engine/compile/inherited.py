"""Scans of relations with children: an inner generator that reads one child after another.

Each child's code binds the parent's columns, so all give the same tuples. Children that the run's own values
rule out (parameters, rows of an outer loop) are skipped.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..plan import nodes as plan
from ..run.partitions import KeyCondition, PartitionTable, live_children
from .expressions import value
from .produce import loop_over, produce, produces
from .scope import Scope
from .unit import Consume


@produces(plan.ChildAppend)
def _child_append(scope: Scope, node: plan.ChildAppend, consume: Consume) -> None:
    unit = scope.unit
    atoms = scope.needs.kept(node)
    nulls = [not node.scans] * len(atoms)
    name = unit.fresh("rows_append")
    with unit.function(name, "rows") as frame:

        def give() -> None:
            source, found = scope.save(atoms)
            for number, null in enumerate(found):
                nulls[number] = nulls[number] or null
            frame.line(f"yield {source}")

        live = _emit_pruning(scope, node) if node.pruning else ""
        for scan, relid in zip(node.scans, node.relids, strict=True):
            with frame.block(f"if {relid} in {live}:" if live else "for _ in ONCE:"):
                produce(scope, scan, give)
        if not node.scans:
            frame.line("yield from ()")
    with loop_over(scope, f"{name}()", node) as row:
        scope.restore(atoms, row, nulls)
        consume()


def _emit_pruning(scope: Scope, node: plan.ChildAppend) -> str:
    """Code that sets a local to the children that may have rows; returns its name."""
    unit, frame = scope.unit, scope.frame
    sources = []
    shape = []
    for oid, conditions in node.pruning:
        shape.append((oid, tuple([(c.column, c.op) for c in conditions])))
        sources += ["None" if c.value is None else value(scope, c.value).source for c in conditions]
    live = unit.fresh("live")
    pruner = unit.constant(Pruner(scope.catalog, node.relid, shape), "prune")
    frame.line(f"{live} = {pruner}(({''.join(source + ', ' for source in sources)}))")
    return live


class Pruner:
    """Called with the values of all conditions: the children that they leave."""

    def __init__(
        self, catalog: Any, relid: int, shape: list[tuple[int, tuple[tuple[int, str], ...]]]
    ) -> None:
        self.catalog = catalog
        self.relid = relid
        self.shape = shape

    def __call__(self, values: tuple[Any, ...]) -> set[int]:
        selected: dict[int, Callable[[PartitionTable], set[int]]] = {}
        place = 0
        for oid, conditions in self.shape:
            known = []
            for column, op in conditions:
                item = values[place]
                place += 1
                known.append(
                    KeyCondition(column, op, item.items if op == "in" and item is not None else item)
                )
            selected[oid] = partial(_choose, tuple(known))
        return live_children(self.catalog, self.relid, selected)


def _choose(conditions: tuple[KeyCondition, ...], table: PartitionTable) -> set[int]:
    return table.select(conditions)
