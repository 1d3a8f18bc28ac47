"""ModifyTable on a view with INSTEAD OF triggers: nothing is written but what they write."""

from typing import Any

from ..catalog.triggers import EVENTS, INSTEAD, ROW
from ..plan import nodes as plan
from ..run import triggers as trigger_calls
from .expressions import value
from .modify import Modification
from .modifychildren import NoWriter
from .scope import Scope
from .unit import Consume


class ViewModification(Modification):
    """The state of compiling it. The triggers are called where others have their BEFORE ROW triggers; there
    is no row id, no key and no lock."""

    def __init__(self, scope: Scope, node: plan.ModifyTable, consume: Consume) -> None:
        super().__init__(scope, node, consume)
        self.target_atoms = ()

    def _make_writer(self) -> Any:
        return NoWriter(self.scope.catalog, self.node.relid)

    def _may_wait(self) -> bool:
        return True

    def _emit_before(
        self, event: str, changed: frozenset[int], old: str, new: str, key: str = "None"
    ) -> None:
        unit, frame = self.scope.unit, self.frame
        assert self.triggers is not None and self.triggers.has(ROW | INSTEAD | EVENTS[event])
        helper = unit.helper("instead_of_row", trigger_calls.instead_of_row)
        target = new if new != "None" else unit.fresh("kept")
        frame.line(
            f"{target} = {helper}(ctx, {unit.constant(self.triggers, 'triggers')}, {event!r}, {old}, {new})"
        )
        with frame.block(f"if {target} is None:"):
            frame.line("continue")

    def _emit_prepare(self, row: str) -> None:
        """The triggers have done it."""

    def _emit_store(self, rowid: str, row: str) -> None:
        self.frame.line(f"{rowid} = 0")

    def _emit_conflict(self, rowid: str, row: str) -> None:
        self.frame.line(f"{rowid} = 0")

    def _emit_update(self, rowid: str, old: str, new: str, changed: frozenset[int]) -> None:
        """The triggers have done it."""

    def _emit_remove(self, rowid: str, old: str) -> None:
        """The triggers have done it."""

    def _key(self, rowid: str) -> str:
        return "b''"

    def _target(self) -> tuple[str, str]:
        frame, unit = self.frame, self.scope.unit
        rowid, old = unit.fresh("rowid"), unit.fresh("o")
        frame.line(f"{rowid} = 0")
        if self.node.old_whole is None:
            self._emit_old(old)
            return rowid, old
        whole = value(self.scope, self.node.old_whole)
        frame.line(f"{old} = None")
        with frame.block(f"if {whole.source} is None:"):
            frame.line(f"{rowid} = None")
        with frame.block("else:"):
            self._emit_old(old)
        return rowid, old

    def _emit_old(self, old: str) -> None:
        fields = ["None"] * self.width
        assert self.node.old_row is not None
        for entry in self.node.old_row:
            fields[entry.resno - 1] = self._packed(entry)
        self.frame.line(f"{old} = [{', '.join(fields)}]")

    def _lock_target(self, rowid: str, row: str, mode: int) -> tuple[str, str]:
        return "None", row

    def _lock_key_change(self, key: str, old: str, new: str, changed: frozenset[int]) -> None:
        """Nothing is locked."""

    def _lock_matched(self, rowid: str, mode: int) -> str:
        return "None"
