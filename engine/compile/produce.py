"""Producers: for each plan node, the code that makes its rows (HyPer's produce / consume).

`produce(scope, node, consume)` writes loops that make the node's rows one after another and, in the
innermost one, calls `consume`, which writes what is done with a row. The values of the row are in
scope.slots. Inside consume `continue` goes on with the next row. consume is called exactly once per
produce, so code size stays linear in plan size; a node whose rows come from several places
(outer joins, UNION ALL) goes through an inner generator instead (`split`).
"""

from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..plan import nodes as plan
from ..sqlstates import FEATURE_NOT_SUPPORTED
from .expressions import emit_filter
from .scope import Scope
from .unit import LOOPS_MAX, Consume

Producer = Callable[[Scope, Any, Consume], None]
PRODUCERS: dict[type, Producer] = {}
NULLS = "null_rows"


def produces(*kinds: type) -> Callable[[Producer], Producer]:
    """Register the decorated function as the producer of these plan nodes."""

    def register(function: Producer) -> Producer:
        for kind in kinds:
            PRODUCERS[kind] = function
        return function

    return register


def produce(scope: Scope, node: plan.Plan, consume: Consume) -> None:
    """Write the code for a node's rows, in an inner generator if loops would nest too deeply."""
    if scope.unit.instrumented or loop_depth(node) + scope.frame.loops > LOOPS_MAX:
        split(scope, node, consume)
    else:
        producer(node)(scope, node, consume)


def producer(node: plan.Plan) -> Producer:
    found = PRODUCERS.get(type(node))
    if found is None and isinstance(node, plan.ModifyTable):
        from . import modify  # noqa: F401  (registers itself)

        found = PRODUCERS.get(type(node))
    if found is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"plan node {type(node).__name__} is not supported")
    return found


def split(
    scope: Scope, node: plan.Plan, consume: Consume, make: Producer | None = None, filters: Any = ()
) -> None:
    """Make the node's rows in an inner generator function and loop over it here."""
    atoms = scope.needs.kept(node)
    name, nulls = rows_function(scope, node, atoms, make, filters)
    with loop_over(scope, f"{name}()", node) as row:
        scope.restore(atoms, row, nulls)
        consume()


def rows_function(
    scope: Scope, node: plan.Plan, atoms: list[Any], make: Producer | None = None, filters: Any = ()
) -> tuple[str, list[bool]]:
    """Define an inner generator that yields tuples of the atoms, and None as a breath."""
    unit = scope.unit
    name = unit.fresh("rows_" + type(node).__name__.lower())
    nulls: list[bool] = []
    with unit.function(name, "rows") as frame:

        def give() -> None:
            nonlocal nulls
            if filters:
                emit_filter(scope, filters)
            source, nulls = scope.save(atoms)
            frame.line(f"yield {source}")

        (make or producer(node))(scope, node, give)
    return name, nulls


class loop_over:
    """`with loop_over(scope, "rows()") as row`: a loop over an inner generator that passes breaths on."""

    def __init__(self, scope: Scope, source: str, node: Any = None) -> None:
        self.scope = scope
        unit = scope.unit
        if unit.instrumented and node is not None:
            number = unit.plan_ids.setdefault(id(node), len(unit.plan_ids))
            source = f"timed(stats[{number}], {source})"
        self.row = unit.fresh("row")
        self.block = scope.frame.block(f"for {self.row} in {source}:")

    def __enter__(self) -> str:
        self.block.__enter__()
        frame = self.scope.frame
        if self.scope.unit.breathing:
            with frame.block(f"if {self.row} is None:"):
                frame.pass_breath()
                frame.line("continue")
        return self.row

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.block.__exit__(None, None, None)


class loop_rows:
    """`with loop_rows(scope, "rows_1") as row`: a loop over a list, in chunks with a breath after each."""

    def __init__(self, scope: Scope, rows: str, target: str = "") -> None:
        self.scope = scope
        self.rows = rows
        self.row = target or scope.unit.fresh("row")

    def __enter__(self) -> str:
        frame = self.scope.frame
        self.outer = None
        rows = self.rows
        if frame.breathing:
            start = self.scope.unit.fresh("start")
            self.outer = frame.block(f"for {start} in range(0, len({rows}), 256):")
            self.outer.__enter__()
            rows = f"{rows}[{start}:{start} + 256]"
        self.inner = frame.block(f"for {self.row} in {rows}:")
        self.inner.__enter__()
        return self.row

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.inner.__exit__(None, None, None)
            if self.outer is not None:
                self.scope.frame.breathe()
                self.outer.__exit__(None, None, None)


def loop_depth(node: Any) -> int:
    """How many loops are open where the node's rows are consumed."""
    if isinstance(node, plan.PlannedQuery):
        return loop_depth(node.plan)
    if isinstance(node, plan.NestLoop):
        inner = 2 if not node.rescan or node.jointype != "inner" else loop_depth(node.inner)
        return loop_depth(node.outer) + inner
    if isinstance(node, plan.HashJoin):
        if node.jointype in ("right", "full", "right_semi", "right_anti"):
            return 1
        return loop_depth(node.outer) + 1
    if isinstance(node, plan.SubqueryScan):
        return loop_depth(node.plan.plan)
    if isinstance(node, plan.Filter | plan.LockRows):
        return loop_depth(node.input)
    if isinstance(node, plan.Distinct):
        return loop_depth(node.input)
    if isinstance(node, plan.ProjectSet):
        return loop_depth(node.input) + 1
    if isinstance(node, plan.IndexScan):
        return 3
    return 2
