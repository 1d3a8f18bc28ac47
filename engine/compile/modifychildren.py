"""ModifyTable on a relation with children: rows are routed to partitions, written where they are, and moved.

Rows are kept in the layout of the relation that the statement names; a ChildTarget (run/childtargets.py) maps
them to the child's own and knows its writer.
"""

from typing import Any

from ..catalog.triggers import BEFORE, EVENTS, ROW
from ..plan import nodes as plan
from ..run import violations
from ..run.childtargets import ChildTargets, child_targets
from .lock import bind_row, child_local, emit_lock, seen_relation
from .modify import Modification
from .needs import RAW_ROW
from .scope import Scope
from .unit import Consume


class InheritedModification(Modification):
    """The state of compiling it: the locals that hold the row's ChildTarget and its row in the child's
    layout."""

    def __init__(self, scope: Scope, node: plan.ModifyTable, consume: Consume) -> None:
        super().__init__(scope, node, consume)
        self.relation = seen_relation(scope, self.relation)
        self.targets: ChildTargets = child_targets(scope.catalog, node.relid)
        self.target_atoms = (-1, RAW_ROW, -6)
        self.child = scope.unit.fresh("child")
        self.own = scope.unit.fresh("own")
        self.named: frozenset[int] = frozenset()  # the columns that the UPDATE at hand names
        self.generated = any(column.generated == "s" for column in self.relation.columns)

    def _make_writer(self) -> Any:
        return NoWriter(self.scope.catalog, self.node.relid)

    def _may_wait(self) -> bool:
        return self.targets.may_wait

    def _route(self) -> str:
        return f"{self.scope.unit.constant(self.targets, 'targets')}.route"

    def _bind_new_row(self, row: str, rowid: str, varno: int) -> None:
        super()._bind_new_row(row, rowid, varno)
        name = self.scope.unit.fresh("tableoid")
        self.scope.bind(("var", varno, -6), name, False, f"{self.child}.relid")

    def _bind_old_new(self, which: str, row: str | None, rowid: str) -> None:
        super()._bind_old_new(which, row, rowid)
        if row is not None:
            name = self.scope.unit.fresh("tableoid")
            load = f"None if {row} is None else {self.child}.relid"
            self.scope.bind((which, self.node.varno, -6), name, True, load)

    # --- triggers -------------------------------------------------------------------------------------

    def _has_triggers(self, kind: int) -> bool:
        return self.targets.triggered(kind)

    def _emit_before(
        self, event: str, changed: frozenset[int], old: str, new: str, key: str = "None"
    ) -> None:
        unit, frame = self.scope.unit, self.frame
        self.named = changed
        if event == "insert" or not self._has_triggers(ROW | BEFORE | EVENTS[event]):
            return  # new rows: when they have been routed
        unit.needs_strand()
        if event == "update":
            names = unit.constant(changed, "changed")
            frame.line(f"{new} = {self.child}.before_update(ctx, {names}, {self.own}, {new}, {key})")
            test = new
        else:
            test = unit.fresh("kept")
            frame.line(f"{test} = {self.child}.before(ctx, 'delete', frozenset(), {self.own}, None, {key})")
        with frame.block(f"if {test} is None:"):
            frame.line("continue")

    def _emit_after(self, event: str, changed: frozenset[int], old: str, new: str) -> None:
        if self._collects(event):
            self.frame.line(f"{self.transitions}.add({event!r}, {old}, {new})")
        if event == "update" or not self._has_triggers(ROW | EVENTS[event]):
            return  # changed rows: where they are written, if they stay in their partition
        self.scope.unit.needs_strand()
        rows = f"None, {self.own}" if event == "insert" else f"{self.own}, None"
        self.frame.line(f"{self.child}.after(ctx, {event!r}, frozenset(), {rows})")

    # --- new rows -------------------------------------------------------------------------------------

    def _emit_prepare(self, row: str) -> None:
        if self.targets.partitioned:
            self.frame.line(f"{self.child} = {self._route()}(ctx, {row})")
        else:
            targets = self.scope.unit.constant(self.targets, "targets")
            self.frame.line(f"{self.child} = {targets}[{self.node.relid}]")
        self.frame.line(f"{self.own} = {self.child}.with_root(None, {row})")
        self.frame.line(f"{self.child}.enter(ctx, {self.own})")
        triggered = self._has_triggers(ROW | BEFORE | EVENTS["insert"])
        if triggered:
            self.scope.unit.needs_strand()
            self.frame.line(f"{self.own} = {self.child}.before_insert(ctx, {self.own})")
            with self.frame.block(f"if {self.own} is None:"):
                self.frame.line("continue")
        self.frame.line(f"{self.child}.prepare(ctx, {self.own})")
        self._back(row, triggered)

    def _back(self, row: str, triggered: bool) -> None:
        """What the child has generated, or its triggers have changed, becomes part of the row."""
        if self.generated or triggered:
            self.frame.line(f"{row} = {self.child}.to_root({self.own})[:]")

    def _emit_store(self, rowid: str, row: str) -> None:
        self.frame.line(f"{rowid} = {self.child}.writer.store(ctx, {self.own})")

    def _emit_conflict(self, rowid: str, row: str) -> None:
        self.frame.line(f"{rowid} = {self.child}.conflict(ctx, {self.own}, {self.node.arbiters!r})")

    def _emit_stored(self, old: str, stored: str) -> None:
        self.frame.line(f"{self.own} = {self.child}.decode({stored})")
        self.frame.line(f"{old} = {self.child}.to_root({self.own})")

    def _key(self, rowid: str) -> str:
        return f"{self.child}.key({rowid})"

    # --- rows that are there --------------------------------------------------------------------------

    def _lock_target(self, rowid: str, row: str, mode: int) -> tuple[str, str]:
        frame, scope, varno = self.frame, self.scope, self.node.varno
        key, old = scope.unit.fresh("k"), scope.unit.fresh("o")
        tableoid = scope.atom_code(("var", varno, -6)).source
        frame.line(f"{self.child} = {child_local(scope, self.relation, tableoid)}")
        frame.line(f"{key} = {self._key(rowid)}")
        with frame.block(f"if {key} in txn.pending:"):
            frame.line("continue")
        frame.line(f"{self.own} = {row}")
        block = emit_lock(
            scope, self.relation, varno, key, mode, self.node.recheck, self.own, child=self.child
        )
        block.__exit__(None, None, None)
        frame.line(f"{old} = {self.child}.to_root({self.own})")
        bind_row(scope, self.relation, varno, old, key)
        scope.bind(("var", varno, -6), scope.unit.fresh("tableoid"), False, f"{self.child}.relid")
        scope.bind(("var", varno, -1), rowid, False)
        return key, old

    def _lock_key_change(self, key: str, old: str, new: str, changed: frozenset[int]) -> None:
        self.frame.line(
            f"{self.child}.lock_key_change(txn, {key}, {self.own}, {self.child}.with_root({self.own}, {new}))"
        )

    def _emit_update(self, rowid: str, old: str, new: str, changed: frozenset[int]) -> None:
        frame, unit = self.frame, self.scope.unit
        if self.targets.partitioned and self.targets.moves(changed):
            moved = unit.fresh("moved")
            targets = unit.constant(self.targets, "targets")
            frame.line(f"{moved} = {targets}.move(ctx, {self.child}, {rowid}, {self.own}, {new})")
            if self._has_triggers(ROW | BEFORE | EVENTS["delete"]) or self._has_triggers(
                ROW | BEFORE | EVENTS["insert"]
            ):
                unit.needs_strand()
                with frame.block(f"if {moved} is False:"):
                    frame.line("continue")
            with frame.block(f"if {moved} is None:"):
                self._write(rowid, new, changed)
            with frame.block("else:"):
                frame.line(f"{self.child}, {rowid}, {new} = {moved}")
        else:
            self._write(rowid, new, changed)

    def _write(self, rowid: str, new: str, changed: frozenset[int]) -> None:
        own = self.scope.unit.fresh("own")
        attnums = self.scope.unit.constant(changed, "changed")
        self.frame.line(f"{own} = {self.child}.with_root({self.own}, {new})")
        self.frame.line(f"{self.child}.update(ctx, {rowid}, {self.own}, {own}, {attnums})")
        if self._has_triggers(ROW | EVENTS["update"]):
            self.scope.unit.needs_strand()
            names = self.scope.unit.constant(self.named, "named")
            self.frame.line(f"{self.child}.after(ctx, 'update', {names}, {self.own}, {own})")
        if self.generated:
            self.frame.line(f"{new} = {self.child}.to_root({own})")

    def _emit_conflict_update(self, rowid: str, old: str, new: str, changed: frozenset[int]) -> None:
        if self.targets.partitioned and self.targets.moves(changed):
            helper = self.scope.unit.helper("moved_by_conflict", violations.moved_by_conflict)
            with self.frame.block(f"if {self._route()}(ctx, {new}) is not {self.child}:"):
                self.frame.line(f"raise {helper}()")
        self._write(rowid, new, changed)

    def _emit_remove(self, rowid: str, old: str) -> None:
        self.frame.line(f"{self.child}.writer.remove(ctx, {rowid}, {self.own})")

    def _lock_matched(self, rowid: str, mode: int) -> str:
        frame, scope = self.frame, self.scope
        key = scope.unit.fresh("k")
        frame.line(f"{key} = {self._key(rowid)}")
        scope.unit.strand = True
        with frame.block(f"if {self.child}.lock(txn, {key}, {mode}) is not None:"):
            frame.line(f"raise {self._restart()}")
        return key

    def _restart(self) -> str:
        from ..lockwait import StatementRestart

        return self.scope.unit.helper("StatementRestart", StatementRestart)

    def _merge_target(self, rowid: str, row: str) -> str:
        frame, scope = self.frame, self.scope
        old = scope.unit.fresh("o")
        tableoid = scope.atom_code(("var", self.node.varno, -6)).source
        frame.line(f"{self.own} = {old} = {self.child} = None")
        with frame.block(f"if {rowid} is not None:"):
            frame.line(f"{self.child} = {child_local(scope, self.relation, tableoid)}")
            frame.line(f"{self.own} = {row}")
            frame.line(f"{old} = {self.child}.to_root({self.own})")
        return old


class NoWriter:
    """A relation with children has no single writer, a view none; what a message needs of one it has."""

    def __init__(self, catalog: Any, relid: int) -> None:
        self.catalog = catalog
        self.relation = catalog.relation(relid)

    def engine_values(self, row: list[Any]) -> list[Any]:
        """See TableWriter."""
        from .writer import stored_values

        return stored_values(self.catalog, self.relation, row)
