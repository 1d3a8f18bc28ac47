"""The steps of aggregates: how a state starts, takes in a row, and becomes the result.

Hot aggregates are inlined, found by the prosrc of their transition function; all others call their
transition and final functions from the registry. With DISTINCT or ORDER BY the argument rows are
collected per group and run through the step at the end.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..registry import IMPLEMENTATIONS
from ..run import accumulate, orderedset
from ..run.sorting import ITEM0, sorted_chunks
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR
from ..types.compare import hash_key_template, sort_key, sort_key_template
from ..types.io import text_input
from .expressions import (
    Callee,
    apply_template,
    call_parts,
    callee,
    literal,
    true,
    value,
)
from .scope import Scope
from .unit import Code


class Step:
    """One aggregate of an Agg. `init`: sources of the initial states; `states`: where they are."""

    stem = "state"
    gathers = False  # whether the state grows with every row
    held = ""  # see Frame.hold

    def __init__(self, scope: Scope, agg: Any, init: list[str]) -> None:
        self.agg = agg
        self.init = init
        self.states: list[str] = []

    def emit(self, scope: Scope) -> None:
        """Take in the current row."""
        if self.agg.aggfilter is not None:
            with scope.frame.block(f"if {true(scope, self.agg.aggfilter)}:"):
                self.take_row(scope)
        else:
            self.take_row(scope)

    def take_row(self, scope: Scope) -> None:
        self.take(scope, [value(scope, arg) for arg in plain_args(self.agg)])

    def take(self, scope: Scope, args: list[Code]) -> None:
        raise NotImplementedError

    def combine(self, others: list[str]) -> list[str] | None:
        """Lines that add another state (`others`) to this one; None: that cannot be done."""
        return None

    def finish(self, scope: Scope) -> None:
        """Make the result available."""
        source, null = self.result(scope)
        scope.bind(self.agg, scope.unit.fresh("agg"), null, source)

    def result(self, scope: Scope) -> tuple[str, bool]:
        raise NotImplementedError


def plain_args(agg: Any) -> list[Any]:
    return [arg.expr if isinstance(arg, t.TargetEntry) else arg for arg in agg.args]


class Guard:
    """`with guard(scope, code) as name`: a block that runs only if the value is not NULL."""

    def __init__(self, scope: Scope, codes: list[Code]) -> None:
        frame = scope.frame
        self.names = []
        tests = []
        for code in codes:
            if not code.simple:
                name = scope.unit.fresh("x")
                frame.line(f"{name} = {code.source}")
                code = Code(name, code.null, True)
            if code.null:
                tests.append(f"{code.source} is not None")
            self.names.append(code.source)
        self.block = frame.block(f"if {' and '.join(tests)}:") if tests else None

    def __enter__(self) -> list[str]:
        if self.block is not None:
            self.block.__enter__()
        return self.names

    def __exit__(self, *error: Any) -> None:
        if self.block is not None and error[0] is None:
            self.block.__exit__(None, None, None)


# --- inlined ------------------------------------------------------------------------------------


class Count(Step):
    stem = "count"

    def __init__(self, scope: Scope, agg: Any, grouped: bool) -> None:
        super().__init__(scope, agg, ["0"])

    def take(self, scope: Scope, args: list[Code]) -> None:
        if args and args[0].null:
            with Guard(scope, args):
                scope.frame.line(f"{self.states[0]} += 1")
        else:
            scope.frame.line(f"{self.states[0]} += 1")

    def combine(self, others: list[str]) -> list[str] | None:
        return [f"{self.states[0]} += {others[0]}"]

    def result(self, scope: Scope) -> tuple[str, bool]:
        return self.states[0], False


class CountDistinct(Step):
    """count(DISTINCT x): a set of keys."""

    stem = "distinct"
    gathers = True

    def __init__(self, scope: Scope, agg: Any, grouped: bool) -> None:
        super().__init__(scope, agg, ["set()"])

    def take_row(self, scope: Scope) -> None:
        from .expressions import hash_code

        with Guard(scope, [hash_code(scope, plain_args(self.agg)[0])]) as (name,):
            if self.held:
                with scope.frame.block(f"if {name} not in {self.states[0]}:"):
                    scope.frame.hold(self.held, name)
            scope.frame.line(f"{self.states[0]}.add({name})")

    def combine(self, others: list[str]) -> list[str] | None:
        return [f"{self.states[0]} |= {others[0]}"]

    def finish(self, scope: Scope) -> None:
        frame, state = scope.frame, self.states[0]
        if not state.isidentifier():
            super().finish(scope)
            return
        name = scope.unit.fresh("agg")
        frame.line(f"{name} = len({state})")
        frame.bury(state)
        scope.bind(self.agg, name, False)

    def result(self, scope: Scope) -> tuple[str, bool]:
        return f"len({self.states[0]})", False


class Sum(Step):
    """Sums of numbers that Python adds: None until the first value."""

    stem = "sum"

    def __init__(
        self, scope: Scope, agg: Any, grouped: bool, final: str = "{0}", add: str = "{0} + {1}"
    ) -> None:
        super().__init__(scope, agg, ["None"])
        self.final = final
        self.add = add

    def take(self, scope: Scope, args: list[Code]) -> None:
        state = self.states[0]
        with Guard(scope, args) as (x,):
            scope.frame.line(f"{state} = {x} if {state} is None else {self.add.format(state, x)}")

    def combine(self, others: list[str]) -> list[str] | None:
        state, other = self.states[0], others[0]
        return [
            f"if {other} is not None:",
            f"    {state} = {other} if {state} is None else {self.add.format(state, other)}",
        ]

    def result(self, scope: Scope) -> tuple[str, bool]:
        state = self.states[0]
        if self.final == "{0}":
            return state, True
        return f"None if {state} is None else {self.final.format(state)}", True


class Average(Step):
    """A sum and a count."""

    stem = "average"

    def __init__(
        self, scope: Scope, agg: Any, grouped: bool, final: str, start: str = "0", add: str = ""
    ) -> None:
        super().__init__(scope, agg, [start, "0"])
        self.final = final
        self.add = add

    def take(self, scope: Scope, args: list[Code]) -> None:
        total, count = self.states
        with Guard(scope, args) as (x,):
            scope.frame.line(f"{total} = {self.add.format(total, x)}" if self.add else f"{total} += {x}")
            scope.frame.line(f"{count} += 1")

    def combine(self, others: list[str]) -> list[str] | None:
        total, count = self.states
        added = self.add.format(total, others[0]) if self.add else f"{total} + {others[0]}"
        return [f"{total} = {added}", f"{count} += {others[1]}"]

    def result(self, scope: Scope) -> tuple[str, bool]:
        total, count = self.states
        return f"{self.final.format(total, count)} if {count} else None", True


class Extreme(Step):
    """min and max of values that Python compares as PostgreSQL does."""

    stem = "extreme"

    def __init__(self, scope: Scope, agg: Any, grouped: bool, operator: str) -> None:
        super().__init__(scope, agg, ["None"])
        self.operator = operator

    def take(self, scope: Scope, args: list[Code]) -> None:
        state = self.states[0]
        with (
            Guard(scope, args) as (x,),
            scope.frame.block(f"if {state} is None or {x} {self.operator} {state}:"),
        ):
            scope.frame.line(f"{state} = {x}")

    def combine(self, others: list[str]) -> list[str] | None:
        state, other = self.states[0], others[0]
        return [
            f"if {other} is not None and ({state} is None or {other} {self.operator} {state}):",
            f"    {state} = {other}",
        ]

    def result(self, scope: Scope) -> tuple[str, bool]:
        return self.states[0], True


def _numeric_names(scope: Scope) -> None:
    unit = scope.unit
    unit.helper("numeric_add_exact", accumulate.numeric_add_exact)
    unit.helper("numeric_average", accumulate.numeric_average)
    unit.helper("int8_checked", accumulate.int8_checked)
    unit.helper("Decimal", Decimal)


Maker = Callable[[Scope, Any, bool], Step]
_ADD = "numeric_add_exact({0}, {1})"
_AVERAGE = "numeric_average({0}, {1})"
_HOT: dict[tuple[str, str], Maker] = {  # (transition, final) by prosrc
    ("int8inc", ""): Count,
    ("int8inc_any", ""): Count,
    ("int2_sum", ""): lambda s, a, g: Sum(s, a, g, "int8_checked({0})"),
    ("int4_sum", ""): lambda s, a, g: Sum(s, a, g, "int8_checked({0})"),
    ("int8_avg_accum", "numeric_poly_sum"): lambda s, a, g: Sum(s, a, g, "Decimal({0})"),
    ("numeric_avg_accum", "numeric_sum"): lambda s, a, g: Sum(s, a, g, "{0}", _ADD),
    ("int2_avg_accum", "int8_avg"): lambda s, a, g: Average(s, a, g, _AVERAGE),
    ("int4_avg_accum", "int8_avg"): lambda s, a, g: Average(s, a, g, _AVERAGE),
    ("int8_avg_accum", "numeric_poly_avg"): lambda s, a, g: Average(s, a, g, _AVERAGE),
    ("numeric_avg_accum", "numeric_avg"): lambda s, a, g: Average(s, a, g, _AVERAGE, "Decimal(0)", _ADD),
    ("float8_accum", "float8_avg"): lambda s, a, g: Average(s, a, g, "{0} / {1}", "0.0"),
    ("booland_statefunc", ""): lambda s, a, g: Sum(s, a, g, "{0}", "({0} and {1})"),
    ("boolor_statefunc", ""): lambda s, a, g: Sum(s, a, g, "{0}", "({0} or {1})"),
}


# --- any ----------------------------------------------------------------------------------------


GATHERING = re.compile(r"(?!.*_intersect_).*agg_.*transfn").fullmatch  # array_agg, string_agg, json_agg, ...


class Generic(Step):
    """An aggregate by its catalog functions."""

    def __init__(self, scope: Scope, agg: Any, grouped: bool, row: Any) -> None:
        self.row = row
        args = plain_args(agg)
        types = tuple([scope.type_of(arg) for arg in args])
        typmods = tuple([scope.typmod_of(arg) for arg in args])
        state_type = _state_type(scope, row, agg, types)
        self.initial = "None"
        if row.agginitval is not None:
            initial = text_input(scope.catalog, state_type)(None, row.agginitval, -1)
            self.initial = literal(scope, initial).source
        super().__init__(scope, agg, [self.initial])
        self.transition: Callee = callee(
            scope, row.aggtransfn, (state_type, *types), (-1, *typmods), state_type, agg.inputcollid
        )
        direct = agg.aggdirectargs
        direct_types = tuple([scope.type_of(arg) for arg in direct])
        transition = scope.catalog.pg_proc.get(row.aggtransfn).prosrc
        self.gathers = GATHERING(transition) is not None
        self.final: Callee | None = None
        self.extra = len(types) if row.aggfinalextra else 0
        if row.aggfinalfn:
            extra = types if row.aggfinalextra else ()
            arg_types = (state_type, *direct_types, *extra)
            self.final = callee(
                scope, row.aggfinalfn, arg_types, (-1,) * len(arg_types), agg.aggtype, agg.inputcollid
            )

    def take(self, scope: Scope, args: list[Code]) -> None:
        state, frame = self.states[0], scope.frame
        if not self.transition.strict:
            if self.held:
                args = scope.named(args)
            parts = call_parts(scope, self.transition, [Code(state, True, True), *args])
            frame.line(f"{state} = {parts.code().source}")
            scope.frame.hold(self.held, f"({''.join(arg.source + ', ' for arg in args)})")
            return
        with Guard(scope, args) as names:
            frame.hold(self.held, f"({''.join(name + ', ' for name in names)})")
            call = self.transition.build([state, *names])
            if self.row.agginitval is None:
                if names:
                    frame.line(f"{state} = {names[0]} if {state} is None else {call}")
                else:
                    frame.line(f"{state} = {call}")
            else:
                with frame.block(f"if {state} is not None:"):
                    frame.line(f"{state} = {call}")

    def result(self, scope: Scope) -> tuple[str, bool]:
        state = Code(self.states[0], True, True)
        if self.final is None:
            return state.source, True
        direct = [value(scope, arg) for arg in self.agg.aggdirectargs]
        args = [state, *direct, *[Code("None", True, True)] * self.extra]
        if self.final.strict and self.extra:
            # strictness concerns the state only: the extra arguments are always NULL
            return f"None if {state.source} is None else {self.final.build([a.source for a in args])}", True
        return call_parts(scope, self.final, args).code().source, True


def _state_type(scope: Scope, row: Any, agg: Any, types: tuple[int, ...]) -> int:
    """aggtranstype, with a polymorphic one resolved."""
    state = int(row.aggtranstype)
    if state in (2277, 5078):  # anyarray, anycompatiblearray
        return types[0] if types and scope.catalog.element_type(types[0]) else int(agg.aggtype)
    if state in (2283, 2776, 3500, 3831, 4537, 5077, 5079, 5080, 4538):
        return types[0] if types else int(agg.aggtype)
    return state


class Collected(Step):
    """DISTINCT or ORDER BY inside: rows are kept, sorted at the end and then run through `inner`."""

    stem = "collected"
    gathers = True

    def __init__(self, scope: Scope, agg: Any, inner: Step) -> None:
        super().__init__(scope, agg, ["[]"])
        self.inner = inner
        self.nulls: list[bool] = []
        self.reverse = False
        self.width = 0

    def take_row(self, scope: Scope) -> None:
        from ..plan.nodes import SortKey
        from .sort import emit_sort_key

        agg, frame = self.agg, scope.frame
        entries = list(agg.args)
        clauses = agg.aggdistinct or agg.aggorder
        by_ref = {entry.ressortgroupref: entry.expr for entry in entries if entry.ressortgroupref}
        keys = tuple(
            [SortKey(by_ref[c.tleSortGroupRef], c.sortop, c.reverse_sort, c.nulls_first) for c in clauses]
        )
        args = [value(scope, entry.expr) for entry in entries]
        sources = []
        for code in args:
            if not code.simple:
                name = scope.unit.fresh("x")
                frame.line(f"{name} = {code.source}")
                sources.append(name)
            else:
                sources.append(code.source)
        self.nulls = [code.null for code in args]
        key, self.reverse = emit_sort_key(scope, keys)
        frame.line(f"{self.states[0]}.append(({key}, {', '.join(sources)},))")
        frame.hold(self.held, f"{self.states[0]}[-1]")

    def combine(self, others: list[str]) -> list[str] | None:
        return [f"{self.states[0]} += {others[0]}"]

    def finish(self, scope: Scope) -> None:
        unit, frame, agg = scope.unit, scope.frame, self.agg
        rows = self.states[0]
        unit.helper("ITEM0", ITEM0)
        chunks = unit.fresh("chunk")
        source = f"({rows},)"
        large = frame.breathing and rows.isidentifier()
        if large:
            unit.helper("sorted_chunks", sorted_chunks)
            source = f"sorted_chunks(ctx, {rows}, {self.reverse})"
        else:
            frame.line(f"{rows}.sort(key=ITEM0, reverse={self.reverse})")
        inner = self.inner
        inner.states = [unit.fresh("state") for _ in inner.init]
        for name, init in zip(inner.states, inner.init, strict=True):
            frame.line(f"{name} = {init}")
        row = unit.fresh("row")
        if agg.aggdistinct:
            frame.line(f"{rows}_seen = None" if rows.isidentifier() else f"{row}_seen = None")
        seen = f"{rows}_seen" if rows.isidentifier() else f"{row}_seen"
        with frame.block(f"for {chunks} in {source}:"):
            if large:
                with frame.block(f"if {chunks} is None:"):
                    frame.breathe()
                    frame.line("continue")
            self._finish_rows(scope, chunks, row, seen)
            if large:
                frame.breathe()
        if large:
            frame.bury(rows)
        inner.finish(scope)

    def _finish_rows(self, scope: Scope, rows: str, row: str, seen: str) -> None:
        """Run a list of sorted rows through the inner step."""
        unit, frame, agg, inner = scope.unit, scope.frame, self.agg, self.inner
        entries = list(agg.args)
        with frame.block(f"for {row} in {rows}:"):
            names = []
            for index, null in enumerate(self.nulls):
                name = unit.fresh("x")
                frame.line(f"{name} = {row}[{index + 1}]")
                names.append(Code(name, null, True))
            if agg.aggdistinct:
                refs = {clause.tleSortGroupRef for clause in agg.aggdistinct}
                hashes = [
                    apply_template(
                        scope, hash_key_template(scope.catalog, scope.type_of(entry.expr)), name
                    ).source
                    for entry, name in zip(entries, names, strict=True)
                    if entry.ressortgroupref in refs
                ]
                frame.line(f"{row}_key = ({', '.join(hashes)},)")
                with frame.block(f"if {row}_key == {seen}:"):
                    frame.line("continue")
                frame.line(f"{seen} = {row}_key")
            live = [name for entry, name in zip(entries, names, strict=True) if not entry.resjunk]
            inner.take(scope, live)


class OrderedSet(Step):
    """WITHIN GROUP: the sorted argument rows go to the final function as an accumulate.SortedRows."""

    stem = "ordered"
    gathers = True

    def __init__(self, scope: Scope, agg: Any, row: Any) -> None:
        super().__init__(scope, agg, ["[]"])
        self.collected = Collected(scope, agg, self)
        args = plain_args(agg)
        self.types = tuple([scope.type_of(arg) for arg in args])
        self.direct = tuple([scope.type_of(arg) for arg in agg.aggdirectargs])
        extra = self.types if row.aggfinalextra else ()
        self.extra = len(extra)
        arg_types = (2281, *self.direct, *extra)
        self.final = callee(
            scope, row.aggfinalfn, arg_types, (-1,) * len(arg_types), agg.aggtype, agg.inputcollid
        )

    def take_row(self, scope: Scope) -> None:
        self.collected.states = self.states
        self.collected.held = self.held
        if self.agg.aggkind == "o":
            with Guard(scope, [value(scope, arg) for arg in plain_args(self.agg)]):
                self.collected.take_row(scope)
        else:
            self.collected.take_row(scope)

    def combine(self, others: list[str]) -> list[str] | None:
        return [f"{self.states[0]} += {others[0]}"]

    def finish(self, scope: Scope) -> None:
        unit, frame = scope.unit, scope.frame
        unit.helper("SortedRows", accumulate.SortedRows)
        unit.helper("ITEM0", ITEM0)
        frame.line(f"{self.states[0]}.sort(key=ITEM0, reverse={self.collected.reverse})")
        clauses = self.agg.aggorder
        keys = []
        for entry in self.agg.args:
            clause = next((c for c in clauses if c.tleSortGroupRef == entry.ressortgroupref), None)
            keys.append(
                (
                    sort_key(scope.catalog, scope.type_of(entry.expr)),
                    bool(clause and clause.reverse_sort),
                    bool(clause and clause.nulls_first),
                )
            )
        order = unit.constant(tuple(keys), "order")
        direct = [value(scope, arg).source for arg in self.agg.aggdirectargs]
        name = unit.fresh("agg")
        args = [f"SortedRows({self.states[0]}, {order})", *direct, *["None"] * self.extra]
        frame.line(f"{name} = {self.final.build(args)}")
        scope.bind(self.agg, name, True)


def make_step(scope: Scope, agg: Any, grouped: bool) -> Step:
    """The step of an Aggref."""
    row = scope.catalog.pg_aggregate.get(agg.aggfnoid)
    if row is None:
        raise SqlError(INTERNAL_ERROR, f"cache lookup failed for aggregate {agg.aggfnoid}")
    if agg.aggkind in ("o", "h"):
        final = scope.catalog.pg_proc.get(row.aggfinalfn)
        if final.prosrc not in IMPLEMENTATIONS:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f"aggregate {scope.catalog.pg_proc.get(agg.aggfnoid).proname} is not implemented",
            )
        return OrderedSet(scope, agg, row)
    transition = scope.catalog.pg_proc.get(row.aggtransfn).prosrc
    final = scope.catalog.pg_proc.get(row.aggfinalfn).prosrc if row.aggfinalfn else ""
    if agg.aggdistinct and transition == "int8inc_any" and not agg.aggorder:
        return CountDistinct(scope, agg, grouped)
    step = _hot(scope, agg, grouped, transition, final) or Generic(scope, agg, grouped, row)
    if agg.aggdistinct or agg.aggorder:
        return Collected(scope, agg, step)
    return step


def _hot(scope: Scope, agg: Any, grouped: bool, transition: str, final: str) -> Step | None:
    maker = _HOT.get((transition, final))
    if maker is not None:
        _numeric_names(scope)
        return maker(scope, agg, grouped)
    if not final and transition.endswith(("smaller", "larger")) and len(agg.args) == 1:
        typid = scope.type_of(plain_args(agg)[0])
        base = scope.catalog.pg_type.get(scope.catalog.base_type(typid))
        if base.typtype == "b" and sort_key_template(scope.catalog, typid) is None:
            return Extreme(scope, agg, grouped, "<" if transition.endswith("smaller") else ">")
    return None


__all__ = ["Step", "make_step", "orderedset", "plain_args"]
