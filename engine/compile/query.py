"""compile_query: a PlannedQuery becomes Python source and that becomes functions.

A CompiledQuery compiles its forms when they are first wanted: `point` (a plain function that
returns all rows, for plans that surely touch few), `run` (a generator of row batches, an empty one
being a breath), and `instrumented` (a `run` that counts and times, for EXPLAIN ANALYZE). The source
is put into linecache, so tracebacks show it.
"""

import linecache
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from ..functions.loader import load_types
from ..plan import nodes as plan
from ..run.instrument import NodeStatistics, timed
from .expressions import value
from .produce import produce, producer
from .scope import Scope
from .sort import limit_rows
from .unit import Code, Unit

Rows = list[tuple[Any, ...]]
_numbers = count(1)
POINT_VALUES_MAX = 100
POINT_CHILDREN_MAX = 100


class CompiledQuery:
    """A planned query as functions of the execution context."""

    def __init__(self, planned: plan.PlannedQuery, catalog: Any, settings: Any) -> None:
        self.planned = planned
        self._catalog = catalog
        self._settings = None  # plans are kept for all sessions, and must not keep the first one
        session = getattr(settings, "session", None)
        self._metered = session is not None and session.engine.limits is not None
        self._run: Callable[[Any], Iterator[Rows]] | None = None
        self._source = ""
        self.point: Callable[[Any], Rows] | None = None
        if is_point(planned.plan) and not planned.ctes:
            point, source, unit = _build(planned, catalog, None, "point")
            if not unit.long:
                self.point, self._source = point, source

    def run(self, ctx: Any) -> Iterator[Rows]:
        """Batches of rows; an empty batch is a breath."""
        if self._run is None:
            self._run, source, _ = _build(
                self.planned, self._catalog, self._settings, "batch", metered=self._metered
            )
            self._source = self._source or source
            self.run = self._run  # type: ignore[method-assign, assignment]
        return self._run(ctx)

    @property
    def source(self) -> str:
        """The generated Python, as EXPLAIN (CODE) shows it."""
        if not self._source:
            self._run, self._source, _ = _build(
                self.planned, self._catalog, self._settings, "batch", metered=self._metered
            )
        return self._source

    def instrumented(self) -> "tuple[Callable[[Any], Iterator[Rows]], dict[int, NodeStatistics]]":
        """A fresh (run, statistics): statistics maps id(plan node) to its counts and times, to be
        read after the run."""
        run, _, unit = _build(
            self.planned, self._catalog, self._settings, "batch", metered=self._metered, instrumented=True
        )
        stats = unit.globals["stats"]
        return run, {node: stats[number] for node, number in unit.plan_ids.items()}


def compile_query(planned: plan.PlannedQuery, catalog: Any, settings: Any) -> CompiledQuery:
    """Compile a planned query."""
    load_types()
    return CompiledQuery(planned, catalog, settings)


def is_point(node: Any) -> bool:
    """Whether the plan surely touches few rows."""
    if isinstance(node, plan.Result):
        return True
    if isinstance(node, plan.IndexScan):
        return node.unique
    if isinstance(node, plan.RowidScan):
        return not node.array
    if isinstance(node, plan.ValuesScan):
        return len(node.lists) <= POINT_VALUES_MAX
    if isinstance(node, plan.Filter | plan.Limit | plan.Sort | plan.Agg | plan.LockRows | plan.Distinct):
        return is_point(node.input)
    if isinstance(node, plan.ModifyTable):
        return is_point(node.input)
    if isinstance(node, plan.NestLoop):
        return is_point(node.outer) and is_point(node.inner)
    if isinstance(node, plan.SubqueryScan):
        return is_point(node.plan.plan) and not node.plan.ctes
    if isinstance(node, plan.ChildAppend):
        return len(node.scans) <= POINT_CHILDREN_MAX and all(is_point(scan) for scan in node.scans)
    return False


def _build(
    planned: plan.PlannedQuery,
    catalog: Any,
    settings: Any,
    kind: str,
    metered: bool = False,
    instrumented: bool = False,
) -> tuple[Any, str, Unit]:
    """Generate and compile one form."""
    unit = Unit(catalog, settings, breathing=kind == "batch", instrumented=instrumented)
    unit.metered = metered
    frame = unit.root
    frame.kind = kind
    if instrumented:
        unit.globals["timed"] = timed
        unit.globals["stats"] = _Growing()
    frame.need_prelude("out = []")
    frame.stop = ["yield out", "return"] if kind == "batch" else ["return out"]

    def give(scope: Scope, codes: list[Code]) -> None:
        frame.line(f"out.append(({''.join(code.source + ', ' for code in codes)}))")

    emit_query(unit, None, planned, give, own_frame=True)
    frame.line("yield out" if kind == "batch" else "return out")
    name = "run" if kind == "batch" else "point"
    source = "\n".join(frame.finish(f"def {name}(ctx):")) + "\n"
    file = f"<plan {next(_numbers)}>"
    code = compile(source, file, "exec")
    exec(code, unit.globals)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    if len(linecache.cache) > 2000:
        _forget_old_sources()
    made = unit.globals[name]
    if unit.strand and kind == "batch":
        from ..run.strand import on_strand

        made = on_strand(made)
    return made, source, unit


def _forget_old_sources() -> None:
    for file in [file for file in linecache.cache if file.startswith("<plan ")][:1000]:
        del linecache.cache[file]


class _Growing(list[NodeStatistics]):
    """A list of statistics that grows as nodes are numbered."""

    def __getitem__(self, number: Any) -> Any:
        while len(self) <= number:
            self.append(NodeStatistics())
        return super().__getitem__(number)


GiveRow = Callable[[Scope, list[Code]], None]


def emit_query(
    unit: Unit,
    parent: Scope | None,
    planned: plan.PlannedQuery,
    give: GiveRow,
    own_frame: bool = False,
    wanted: Any = None,
) -> Scope:
    """Write the code of a query here. `give` is called with the code of its output columns. With
    own_frame the function holds nothing else, so a LIMIT may end it. `wanted`: the positions of the
    outputs to compute (others are None), all by default."""
    scope = Scope(unit, parent, planned)
    if planned.ctes:
        from .setop import emit_ctes

        emit_ctes(scope)

    def consume() -> None:
        codes = [
            value(scope, target) if wanted is None or number in wanted else Code("None", True, True)
            for number, target in enumerate(planned.targets)
        ]
        give(scope, codes)

    top = planned.plan
    if own_frame and isinstance(top, plan.Limit) and not unit.instrumented:
        limit_rows(scope, top, consume)
    elif own_frame and isinstance(top, plan.ModifyTable) and not unit.instrumented:
        producer(top)(scope, top, consume)
    else:
        produce(scope, top, consume)
    return scope


from . import aggregate, function, index, inherited, join, lock, mergejoin, scan, setop, subplan, window  # noqa: E402, F401
