"""Agg: grouping by hash, aggregates as inline steps over a list of states per group.

The state of a group is one list: [set number,] keys, other values of the group's first row, states.
Without grouping the states are locals. Of sorted input only one group at a time is kept. Hashed
groups that become too many are written to temporary files, if all aggregates can combine states.
"""

from typing import Any

from .. import tree as t
from ..plan import nodes as plan
from ..run.sorting import ITEM0
from ..run.spill import SAMPLE, GroupSpill
from ..types.compare import hash_key_template
from .aggregates import Step, make_step
from .expressions import apply_template, emit_filter, value
from .needs import is_plain_var, var_atom
from .produce import loop_over, loop_rows, produce, produces
from .scope import Scope
from .unit import Code, Consume


def key_atom(expr: Any) -> Any:
    return var_atom(expr.varno, expr.varattno) if is_plain_var(expr) else expr


@produces(plan.Agg)
def _agg(scope: Scope, node: plan.Agg, consume: Consume) -> None:
    if not node.keys and not node.grouping_sets:
        _plain(scope, node, consume)
    else:
        _Grouping(scope, node).emit(consume)


def _plain(scope: Scope, node: plan.Agg, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    steps = []
    for agg in node.aggs:
        step = make_step(scope, agg, grouped=False)
        step.states = [unit.fresh(step.stem) for _ in step.init]
        for name, init in zip(step.states, step.init, strict=True):
            frame.line(f"{name} = {init}")
        if step.gathers:
            step.held = frame.holds()
        steps.append(step)

    def advance() -> None:
        for step in steps:
            step.emit(scope)

    outer_atoms = dict(scope.slots)
    produce(scope, node.input, advance)
    scope.slots = outer_atoms
    with frame.block("for _ in ONCE:"):
        for step in steps:
            step.finish(scope)
        _bind_grouping(scope, node, "")
        emit_filter(scope, node.quals)
        consume()


def _bind_grouping(scope: Scope, node: plan.Agg, set_number: str) -> None:
    """GROUPING(): a bit per argument, 1 if it is not in the row's grouping set."""
    for atom in scope.needs.above[id(node)]:
        if not isinstance(atom, t.GroupingFunc):
            continue
        sets = node.grouping_sets or (tuple(range(len(node.keys))),)
        answers = []
        for members in sets:
            present = {node.refs[index] for index in members if index < len(node.refs)}
            bits = 0
            for ref in atom.refs:
                bits = bits * 2 + (0 if ref in present else 1)
            answers.append(bits)
        source = (
            str(answers[0]) if len(answers) == 1 else f"{scope.unit.constant(tuple(answers))}[{set_number}]"
        )
        scope.bind(atom, scope.unit.fresh("grouping"), False, source)


class _Grouping:
    """The code of one Agg with grouping keys."""

    def __init__(self, scope: Scope, node: plan.Agg) -> None:
        self.scope = scope
        self.node = node
        self.sets = node.grouping_sets if len(node.grouping_sets) > 1 or node.grouping_sets == ((),) else ()
        unit = scope.unit
        self.groups = unit.fresh("groups")
        self.group = unit.fresh("g")
        keys = [key_atom(expr) for expr, _ in node.keys]
        self.keys = keys
        self.extras = [
            atom
            for atom in scope.needs.above[id(node)]
            if type(atom) is tuple
            and atom[0] == "var"
            and atom not in keys
            and scope.needs.provides(node.input, atom)
        ]
        self.steps: list[Step] = []
        place = (1 if self.sets else 0) + len(keys) + len(self.extras)
        for agg in node.aggs:
            step = make_step(scope, agg, grouped=True)
            step.states = [f"{self.group}[{place + i}]" for i in range(len(step.init))]
            place += len(step.init)
            self.steps.append(step)
        self.held = ""  # see Frame.hold
        self.spill = ""  # the name of the GroupSpill
        self.last = ""  # sorted input: the name of the current group's key
        self.key_nulls: list[bool] = []
        self.extra_nulls: list[bool] = []

    def emit(self, consume: Consume) -> None:
        scope, node = self.scope, self.node
        frame, unit = scope.frame, scope.unit
        if node.strategy == "sorted" and not self.sets:
            self._emit_sorted(consume)
            return
        frame.line(f"{self.groups} = {{}}")
        self.held = frame.holds()
        for step in self.steps:
            if step.gathers:
                step.held = frame.holds()
        combine = self._combine() if frame.breathing else ""
        if combine:
            self.spill = unit.fresh("spill")
            unit.helper("GroupSpill", GroupSpill)
            frame.line(f"{self.spill} = GroupSpill(ctx)")
            frame.line(f"{self.spill}_limit = {SAMPLE}")
        produce(scope, node.input, self._advance)
        if self.sets:
            self._empty_sets()
        rows = unit.fresh("groups")
        if self.spill:
            with frame.block(f"for {rows} in {self.spill}.parts({self.groups}, {combine}):"):
                with frame.block(f"if {rows} is None:"):
                    frame.breathe()
                    frame.line("continue")
                self._emit_groups(rows, consume)
                frame.bury(rows)
            frame.bury(self.groups)
            return
        frame.line(f"{rows} = list({self.groups}.values())")
        self._emit_groups(rows, consume)
        frame.bury(rows)
        frame.bury(self.groups)

    def _emit_groups(self, rows: str, consume: Consume) -> None:
        if self.sets:
            self.scope.unit.helper("ITEM0", ITEM0)
            self.scope.frame.line(f"{rows}.sort(key=ITEM0)")
        with loop_rows(self.scope, rows, self.group):
            self._emit_group(consume)

    def _emit_group(self, consume: Consume) -> None:
        scope, node = self.scope, self.node
        first = 1 if self.sets else 0
        scope.restore(self.keys, self.group, self.key_nulls, first)
        scope.restore(self.extras, self.group, self.extra_nulls, first + len(self.keys))
        for step in self.steps:
            step.finish(scope)
        _bind_grouping(scope, node, f"{self.group}[0]")
        emit_filter(scope, node.quals)
        consume()

    def _emit_sorted(self, consume: Consume) -> None:
        """The input is sorted by the keys: a group is complete when the key changes."""
        scope, unit = self.scope, self.scope.unit
        name = unit.fresh("rows_agg")
        self.last = unit.fresh("last")
        with unit.function(name, "rows") as frame:
            frame.line(f"{self.group} = {self.last} = None")
            produce(scope, self.node.input, self._advance)
            with frame.block(f"if {self.group} is not None:"):
                frame.line(f"yield {self.group}")
        with loop_over(scope, f"{name}()") as row:
            scope.frame.line(f"{self.group} = {row}")
            self._emit_group(consume)

    def _combine(self) -> str:
        """Define the function that adds a group's states to another's; "" if that cannot be done."""
        unit = self.scope.unit
        lines: list[str] = []
        for step in self.steps:
            others = [state.replace(self.group, "other", 1) for state in step.states]
            found = step.combine(others)
            if found is None:
                return ""
            lines += found
        name = unit.fresh("combine")
        with unit.function(name, "collect", f"{self.group}, other") as frame:
            for line in lines:
                frame.line(line)
        return name

    def _inits(self) -> str:
        return ", ".join(init for step in self.steps for init in step.init)

    def _advance(self) -> None:
        scope, node = self.scope, self.node
        frame, unit = scope.frame, scope.unit
        codes = []
        hashes = []
        for expr, _ in node.keys:
            code = value(scope, expr)
            if not code.simple:
                name = unit.fresh("key")
                frame.line(f"{name} = {code.source}")
                code = Code(name, code.null, True)
            codes.append(code)
            template = hash_key_template(scope.catalog, scope.type_of(expr))
            hashes.append(apply_template(scope, template, code).source)
        extras, self.extra_nulls = scope.save(self.extras)
        self.key_nulls = [code.null or bool(self.sets) for code in codes]
        rest = f"{extras[1:-1]} {self._inits()}"
        if not self.sets:
            key = hashes[0] if len(hashes) == 1 else f"({', '.join(hashes)})"
            if len(hashes) > 1 or not codes[0].simple or hashes[0] != codes[0].source:
                name = unit.fresh("key")
                frame.line(f"{name} = {key}")
                key = name
            values = "".join(code.source + ", " for code in codes)
            self._find(key, f"[{values}{rest}]")
            for step in self.steps:
                step.emit(scope)
            return
        number, key = unit.fresh("set"), unit.fresh("key")
        choices = []
        for index, members in enumerate(self.sets):
            parts = "".join(hashes[i] + ", " for i in members)
            choices.append(f"({index}, ({index}, {parts}))")
        with frame.block(f"for {number}, {key} in ({', '.join(choices)},):"):
            masked = ""
            for index, code in enumerate(codes):
                present = {i for i, members in enumerate(self.sets) if index in members}
                masked += f"{code.source} if {number} in {present or '()'} else None, "
            self._find(key, f"[{number}, {masked}{rest}]")
            for step in self.steps:
                step.emit(scope)

    def _find(self, key: str, fresh: str) -> None:
        frame = self.scope.frame
        if self.last:
            with frame.block(
                f"if {self.group} is None or {key} is not {self.last} and {key} != {self.last}:"
            ):
                with frame.block(f"if {self.group} is not None:"):
                    frame.line(f"yield {self.group}")
                frame.line(f"{self.group} = {fresh}")
                frame.line(f"{self.last} = {key}")
            return
        frame.line(f"{self.group} = {self.groups}.get({key})")
        with frame.block(f"if {self.group} is None:"):
            if self.spill:
                with frame.block(f"if len({self.groups}) >= {self.spill}_limit:"):
                    with frame.block(f"for _ in {self.spill}.full({self.groups}):"):
                        frame.pass_breath()
                    frame.line(f"{self.spill}_limit = {self.spill}.limit")
            frame.line(f"{self.groups}[{key}] = {self.group} = {fresh}")
            frame.hold(self.held, f"({key}, {self.group})")

    def _empty_sets(self) -> None:
        """The grand total has a row even if there was no input row."""
        frame = self.scope.frame
        padding = "None, " * (len(self.keys) + len(self.extras))
        for index, members in enumerate(self.sets):
            if not members:
                with frame.block(f"if ({index},) not in {self.groups}:"):
                    frame.line(f"{self.groups}[({index},)] = [{index}, {padding}{self._inits()}]")
