"""WindowAgg: the input is collected, engine/run/window.py computes, the results are consumed."""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..plan import nodes as plan
from ..registry import IMPLEMENTATIONS, CallSite
from ..run import window as run
from ..run.moving import MOVING
from ..sqlstates import FEATURE_NOT_SUPPORTED
from .aggregates import make_step
from .expressions import hash_code, true, value
from .produce import produce, produces
from .scope import Scope
from .unit import Code, Consume


@produces(plan.WindowAgg)
def _window_agg(scope: Scope, node: plan.WindowAgg, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    rows = unit.fresh("window")
    atoms = [
        atom
        for atom in scope.needs.above[id(node)]
        if scope.needs.provides(node.input, atom) and atom not in node.functions
    ]
    nulls: list[bool] = []
    unit.helper("WindowRow", run.Row)
    unit.helper("WindowFrame", run.Frame)
    unit.helper("window_rows", run.window_rows)
    unit.needs_strand()
    frame.line(f"{rows} = []")
    held = frame.holds()
    clause = node.window
    ranged = clause.frameOptions & run.RANGE and clause.frameOptions & (run.START_OFFSET | run.END_OFFSET)

    def keep() -> None:
        nonlocal nulls
        partition = "".join(hash_code(scope, expr).source + ", " for expr, _ in node.partition)
        order = "".join(hash_code(scope, key.expr).source + ", " for key in node.order)
        order_value = value(scope, node.order[0].expr).source if ranged else "None"
        arguments = "".join(_arguments(scope, function) + ", " for function in node.functions)
        saved, nulls = scope.save(atoms)
        frame.line(
            f"{rows}.append(WindowRow(({partition}), ({order}), {order_value}, {saved}, ({arguments})))"
        )
        frame.hold(held, f"{rows}[-1]")

    produce(scope, node.input, keep)
    functions = [_function(scope, function, slot) for slot, function in enumerate(node.functions)]
    frame_source = _frame(scope, node)
    chunk, row = unit.fresh("chunk"), unit.fresh("row")
    with frame.block(f"for {chunk} in window_rows({rows}, [{', '.join(functions)}], {frame_source}):"):
        with frame.block(f"if {chunk} is None:"):
            frame.breathe()
            frame.line("continue")
        with frame.block(f"for {row} in {chunk}:"):
            scope.restore(atoms, f"{row}[0]", nulls)
            for index, function in enumerate(node.functions):
                scope.bind(function, unit.fresh("result"), True, f"{row}[{index + 1}]")
            consume()
        frame.breathe()
    frame.bury(rows)


def _arguments(scope: Scope, function: t.WindowFunc) -> str:
    codes = "".join(value(scope, arg).source + ", " for arg in function.args)
    if function.aggfilter is not None:
        return f"(({codes}) if {true(scope, function.aggfilter)} else None)"
    return f"({codes})"


def _function(scope: Scope, function: t.WindowFunc, slot: int) -> str:
    """Source of a callable (partition) -> results."""
    unit = scope.unit
    proc = scope.catalog.pg_proc.get(function.winfnoid)
    if proc.prokind == "a":
        unit.helper("aggregate_over_frames", run.aggregate_over_frames)
        moving = "None"
        found = _moving(scope, function)
        if found is not None:
            moving = unit.constant(found, "moving")
        make = _aggregate(scope, function)
        return f"(lambda partition: aggregate_over_frames(partition, {slot}, {make}, {moving}))"
    found = run.WINDOW_FUNCTIONS.get(proc.prosrc)
    if found is None or function.ignore_nulls:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"window function {proc.proname} is not implemented")
    return f"(lambda partition: {unit.constant(found, proc.prosrc)}(partition, {slot}))"


def _moving(scope: Scope, function: t.WindowFunc) -> Any:
    """How rows can be taken out of the aggregate again; None if they cannot."""
    row = scope.catalog.pg_aggregate.get(function.winfnoid)
    transition = scope.catalog.pg_proc.get(row.aggtransfn).prosrc
    final = scope.catalog.pg_proc.get(row.aggfinalfn).prosrc if row.aggfinalfn else ""
    return MOVING.get((transition, final))


def _aggregate(scope: Scope, function: t.WindowFunc) -> str:
    """Define a factory of (add, result) for the aggregate."""
    unit = scope.unit
    types = tuple([scope.type_of(arg) for arg in function.args])
    agg = t.Aggref(
        function.winfnoid,
        function.wintype,
        tuple([t.TargetEntry(arg, i + 1) for i, arg in enumerate(function.args)]),
        types,
        aggstar=function.winstar,
        inputcollid=function.inputcollid,
    )
    step = make_step(scope, agg, grouped=False)
    make = unit.fresh("make_aggregate")
    names = [unit.fresh("x") for _ in function.args]
    with unit.function(make, "collect") as frame:
        step.states = [unit.fresh(step.stem) for _ in step.init]
        for name, init in zip(step.states, step.init, strict=True):
            frame.line(f"{name} = {init}")
        with unit.function("add", "collect", ", ".join(names)) as inner:
            inner.line(f"nonlocal {', '.join(step.states)}")
            step.take(scope, [Code(name, True, True) for name in names])
        with unit.function("result", "collect") as inner:
            source, _ = step.result(scope)
            inner.line(f"return {source}")
        frame.line("return add, result")
    return make


def _frame(scope: Scope, node: plan.WindowAgg) -> str:
    clause = node.window
    start = value(scope, clause.startOffset).source if clause.startOffset is not None else "None"
    end = value(scope, clause.endOffset).source if clause.endOffset is not None else "None"
    start_in = _in_range(scope, node, clause.startInRangeFunc, clause.startOffset)
    end_in = _in_range(scope, node, clause.endInRangeFunc, clause.endOffset)
    return (
        f"WindowFrame({clause.frameOptions}, {start}, {end}, {start_in}, {end_in},"
        f" {clause.inRangeAsc}, {clause.inRangeNullsFirst})"
    )


def _in_range(scope: Scope, node: plan.WindowAgg, funcid: int, offset: Any) -> str:
    """Source of an in_range support function, without the context argument."""
    if not funcid:
        return "None"
    unit = scope.unit
    proc = scope.catalog.pg_proc.get(funcid)
    implementation = IMPLEMENTATIONS.get(proc.prosrc)
    if implementation is None:
        numbers = (20, 21, 23, 700, 701, 1700)
        if scope.type_of(node.order[0].expr) in numbers and scope.type_of(offset) in numbers:
            return unit.constant(run.plain_in_range, "in_range")
        raise SqlError(FEATURE_NOT_SUPPORTED, f"function {proc.proname} is not implemented")
    function = implementation.function
    if implementation.bind:
        types = (scope.type_of(node.order[0].expr),) * 2 + (scope.type_of(offset), 16, 16)
        function = function(CallSite(scope.catalog, funcid, types, (-1,) * 5, 16, -1, 0, False))
    name = unit.constant(function, proc.prosrc)
    return f"(lambda *args: {name}(ctx, *args))" if implementation.context else name
