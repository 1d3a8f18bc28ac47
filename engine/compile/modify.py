"""ModifyTable: INSERT, UPDATE, DELETE and MERGE, row by row over the input's rows.

The input's rows are not affected by what is written for them: reads see the transaction as of the
command's start (engine/transaction.py). A row that this command has already changed (two matches
of a join) is skipped, as PostgreSQL does; MERGE and ON CONFLICT raise 21000.

`ctx.processed` counts the rows for the command tag. RETURNING makes the node produce rows, whose
new values stand for Var(varno, *), and OLD / NEW for OldNewVar.
"""

from typing import Any

from gaveldb.journal.api import NO_KEY_UPDATE, UPDATE
from gaveldb.storage.api import row_key

from ..catalog.relation import Relation
from ..catalog.triggers import BEFORE, EVENTS, ROW, Triggers, triggers_of
from ..errors import SqlError
from ..lockwait import StatementRestart
from ..plan import nodes as plan
from ..run import triggers as trigger_calls
from ..run import violations
from ..sqlstates import FEATURE_NOT_SUPPORTED, WITH_CHECK_OPTION_VIOLATION
from ..transaction import TEMPORARY_FIRST, definition_key
from ..tree import TargetEntry
from ..types.storage import pack_template
from .expressions import template_helpers, true, value
from .lock import bind_row, emit_lock
from .needs import RAW_ROW
from .produce import produce, produces
from .scan import DECODE, bind_stored_column, decode_whole_row, stored_column_source
from .scope import Scope
from .unit import Consume, Frame
from .writer import TableWriter, table_writer


@produces(plan.ModifyTable)
def _modify(scope: Scope, node: plan.ModifyTable, consume: Consume) -> None:
    if node.inherited:
        from .modifychildren import InheritedModification

        InheritedModification(scope, node, consume).emit()
        return
    if scope.catalog.relation(node.relid).kind == "v":
        from .modifyview import ViewModification

        ViewModification(scope, node, consume).emit()
        return
    Modification(scope, node, consume).emit()


class Modification:
    """The state of compiling one ModifyTable."""

    def __init__(self, scope: Scope, node: plan.ModifyTable, consume: Consume) -> None:
        self.scope = scope
        self.node = node
        self.consume = consume
        self.catalog = scope.catalog
        self.relation: Relation = scope.catalog.relation(node.relid)
        if self.relation.system:
            raise SqlError(
                FEATURE_NOT_SUPPORTED, f'changing rows of system catalog "{self.relation.name}" directly'
            )
        self.target_atoms: tuple[int, ...] = (-1, RAW_ROW)
        self.writer: TableWriter = self._make_writer()
        self.triggers: Triggers | None = triggers_of(scope.catalog, node.relid)
        self.transitions = "None"  # the local that keeps rows for transition tables
        self.width = len(self.relation.columns)
        unit = scope.unit
        unit.root.need_prelude("txn = ctx.transaction")
        definition = definition_key(scope.catalog, self.relation.oid)
        if definition is not None:
            unit.root.need_prelude(f"txn.uses_row({definition!r})")
        unit.helper("row_key", row_key)
        unit.helper("decode", DECODE)

    def _make_writer(self) -> TableWriter:
        return table_writer(self.scope.catalog, self.scope.unit.settings, self.node.relid)

    def _may_wait(self) -> bool:
        """Whether what is computed for a row (CHECK, keys of indexes, generated columns) may stop."""
        return self.writer.may_wait

    @property
    def frame(self) -> Frame:
        return self.scope.frame

    def emit(self) -> None:
        """Write the loops over the input and what is done with each row."""
        operation = self.node.operation
        if self._may_wait():
            self.scope.unit.needs_strand()
        if operation != "insert":
            for attnum in self.target_atoms:
                self.scope.needs.used.setdefault(("var", self.node.varno, attnum), None)
            self._keep_target_atoms()
        step = {"insert": self._insert, "update": self._update, "delete": self._delete, "merge": self._merge}[
            operation
        ]
        self._emit_statement_triggers()
        produce(self.scope, self.node.input, step)

    # --- triggers -------------------------------------------------------------------------------

    def _has_triggers(self, kind: int) -> bool:
        """Whether a row of the relation may have triggers of this kind."""
        return self.triggers is not None and self.triggers.has(kind)

    def _emit_statement_triggers(self) -> None:
        if self.triggers is None:
            return
        events: dict[str, frozenset[int]] = {}
        node = self.node
        if node.operation == "merge":
            for action in node.merge_actions:
                if action.commandType != "nothing":
                    changed = frozenset(entry.resno for entry in action.targetList or ())
                    events[action.commandType] = events.get(action.commandType, frozenset()) | changed
        else:
            events[node.operation] = frozenset(entry.resno for entry in node.targetList)
        if node.on_conflict is not None and node.on_conflict.action == "update":
            events["update"] = frozenset(entry.resno for entry in node.on_conflict.onConflictSet)
        order = [(event, events[event]) for event in ("insert", "update", "delete") if event in events]
        if any(self.triggers.has(EVENTS[event] | when) for event, _ in order for when in (0, BEFORE)) or any(
            self.triggers.collects(event) for event in events
        ):
            unit = self.scope.unit
            unit.needs_strand()
            helper = unit.helper("statement_triggers", trigger_calls.statement)
            known = unit.constant(self.triggers, "triggers")
            call = f"{helper}(ctx, {known}, {unit.constant(tuple(order), 'events')})"
            self.transitions = unit.fresh("transitions")
            unit.root.need_prelude(f"{self.transitions} = {call}")

    def _emit_before(
        self, event: str, changed: frozenset[int], old: str, new: str, key: str = "None"
    ) -> None:
        """BEFORE ROW triggers: the local `new` becomes the row to be written; if there is to be none, the
        input's next row is next."""
        if not self._has_triggers(ROW | BEFORE | EVENTS[event]):
            return
        unit, frame = self.scope.unit, self.frame
        unit.needs_strand()
        helper = unit.helper("before_row", trigger_calls.before_row)
        known, names = unit.constant(self.triggers, "triggers"), unit.constant(changed, "changed")
        target = new if new != "None" else unit.fresh("kept")
        frame.line(f"{target} = {helper}(ctx, {known}, {event!r}, {names}, {old}, {new}, {key})")
        with frame.block(f"if {target} is None:"):
            frame.line("continue")

    def _emit_after(self, event: str, changed: frozenset[int], old: str, new: str) -> None:
        """AFTER ROW triggers are queued."""
        if not self._has_triggers(ROW | EVENTS[event]) and not self._collects(event):
            return
        unit = self.scope.unit
        unit.needs_strand()
        helper = unit.helper("after_row", trigger_calls.after_row)
        known, names = unit.constant(self.triggers, "triggers"), unit.constant(changed, "changed")
        self.frame.line(f"{helper}(ctx, {known}, {event!r}, {names}, {old}, {new}, {self.transitions})")

    def _collects(self, event: str) -> bool:
        """Whether rows are kept for transition tables."""
        return self.triggers is not None and self.triggers.collects(event)

    def _changed(self, targets: Any) -> frozenset[int]:
        """The columns that an UPDATE may change: with BEFORE triggers, any."""
        if self._has_triggers(ROW | BEFORE | EVENTS["update"]):
            return frozenset(column.attnum for column in self.relation.columns if not column.dropped)
        return frozenset(entry.resno for entry in targets)

    def _keep_target_atoms(self) -> None:
        """Joins and sorts below must carry the target's row id and stored row up to here."""
        needs = self.scope.needs
        for attnum in self.target_atoms:
            atom = ("var", self.node.varno, attnum)
            pending = [self.node.input]
            while pending:
                child = pending.pop()
                above = needs.above.get(id(child))
                if above is not None:
                    above.setdefault(atom, None)
                from .needs import inputs

                pending.extend(inputs(child))

    # --- pieces ---------------------------------------------------------------------------------

    def _writer_global(self, name: str, function: Any) -> str:
        return self.scope.unit.constant(function, f"{name}_{self.relation.name}")

    # What is done with a row, whichever relation has it.

    def _emit_prepare(self, row: str) -> None:
        self.frame.line(f"{self._writer_global('prepare', self.writer.prepare)}(ctx, {row})")

    def _emit_store(self, rowid: str, row: str) -> None:
        self.frame.line(f"{rowid} = {self._writer_global('store', self.writer.store)}(ctx, {row})")

    def _emit_conflict(self, rowid: str, row: str) -> None:
        finder = self._writer_global("conflict", self.writer.conflict(self.node.arbiters))
        self.frame.line(f"{rowid} = {finder}(ctx, {row})")

    def _emit_stored(self, old: str, stored: str) -> None:
        """`old` becomes the decoded row in the local `stored`."""
        decode_whole_row(self.scope, self.relation, old, stored)

    def _emit_update(self, rowid: str, old: str, new: str, changed: frozenset[int]) -> None:
        update = self._writer_global("update", self.writer.update(changed))
        self.frame.line(f"{update}(ctx, {rowid}, {old}, {new})")

    def _emit_conflict_update(self, rowid: str, old: str, new: str, changed: frozenset[int]) -> None:
        self._emit_update(rowid, old, new, changed)

    def _emit_remove(self, rowid: str, old: str) -> None:
        self.frame.line(f"{self._writer_global('remove', self.writer.remove)}(ctx, {rowid}, {old})")

    def _key(self, rowid: str) -> str:
        """Source of the key of a row."""
        return f"row_key({self.relation.storage_id}, {rowid})"

    def _packed(self, entry: TargetEntry) -> str:
        """Source of a target's value in stored form."""
        column = self.relation.columns[entry.resno - 1]
        code = value(self.scope, entry.expr)
        template = pack_template(self.catalog, column.typid)
        if template is None:
            return code.source
        self.scope.unit.helpers(template_helpers(template))
        name = self.scope.unit.fresh(column.name)
        self.frame.line(f"{name} = {code.source}")
        if code.null:
            return f"None if {name} is None else {template.format(name)}"
        return template.format(name)

    def _count(self) -> None:
        """For the command tag, which does not count what WITH modifies."""
        if self.scope.parent is None:
            self.frame.line("ctx.processed += 1")

    def _bind_new_row(self, row: str, rowid: str, varno: int) -> None:
        """Var(varno, *) is the stored row named `row` from here on."""
        key = f"row_key({self.relation.storage_id}, {rowid})"
        attnums = {atom[2] for atom in self.scope.needs.used if atom[1] == varno}
        attnums |= {column.attnum for column in self.relation.columns if not column.dropped} | {0, -1, -6}
        for attnum in sorted(attnums):
            if attnum == RAW_ROW:
                self.scope.bind(("var", varno, RAW_ROW), row, False)
            else:
                self._bind_nullable(varno, attnum, row, key, rowid)

    def _bind_nullable(self, varno: int, attnum: int, row: str, key: str, rowid: str) -> None:
        if attnum == -1:
            self.scope.bind(("var", varno, -1), rowid, False)
        else:
            bind_stored_column(self.scope, varno, self.relation, attnum, row, key)

    def _returning(self, new: str | None, old: str | None, rowid: str) -> None:
        """Produce the row for RETURNING (the old row for DELETE)."""
        row = new if new is not None else old
        assert row is not None
        self._bind_new_row(row, rowid, self.node.varno)
        self._bind_old_new("new", new, rowid)
        self._bind_old_new("old", old, rowid)
        self.consume()

    def _bind_old_new(self, which: str, row: str | None, rowid: str) -> None:
        """OLD.* and NEW.* of RETURNING: atoms (which, varno, attnum); `row` names a local, which may be
        None when the statement runs; None: there is none."""
        scope, varno = self.scope, self.node.varno
        live = [column.attnum for column in self.relation.columns if not column.dropped]
        for attnum in (*live, 0, -1, -6):
            atom = (which, varno, attnum)
            name = scope.unit.fresh(f"{which}_{scope.column_name(varno, attnum)}")
            if row is None:
                scope.bind(atom, name, True, "None")
                continue
            load = stored_column_source(scope, self.relation, attnum, row, name, rowid)
            scope.bind(atom, name, True, f"None if {row} is None else {load}")

    def _check_options(self, row: str, rowid: str) -> None:
        """WITH CHECK OPTION of the views that the statement went through."""
        if not self.node.check_options:
            return
        self._bind_new_row(row, rowid, self.node.varno)
        for name, qual, *_ in self.node.check_options:
            if qual is None:  # a view without WHERE that only passes the check on to those below
                continue
            helper = self.scope.unit.helper("fail_check_option", _fail_check_option)
            relation = self.scope.unit.constant(self.relation, "relation")
            values = self.scope.unit.constant(self.writer.engine_values, "engine_values")
            with self.frame.block(f"if not {true(self.scope, qual)}:"):
                self.frame.line(f"raise {helper}(ctx, {relation}, {name!r}, {values}({row}))")

    # --- INSERT -----------------------------------------------------------------------------------

    def _new_row(self, targets: Any) -> str:
        """Write code that builds the stored row of an INSERT; returns its name."""
        fields = ["None"] * self.width
        for entry in targets:
            source = self._packed(entry)
            fields[entry.resno - 1] = source
        row = self.scope.unit.fresh("n")
        self.frame.line(f"{row} = [{', '.join(fields)}]")
        return row

    def _insert(self) -> None:
        row = self._new_row(self.node.targetList)
        self.scope.unit.strand = True
        self._emit_before("insert", frozenset(), "None", row)
        self._emit_prepare(row)
        conflict = self.node.on_conflict
        rowid = self.scope.unit.fresh("rowid")
        if conflict is None:
            self._check_options(row, "0")
            self._emit_store(rowid, row)
            self._emit_after("insert", frozenset(), "None", row)
            self._count()
            if self.node.returning:
                self._returning(row, None, rowid)
            return
        self.scope.unit.strand = True
        self._emit_conflict(rowid, row)
        if conflict.action == "nothing":
            with self.frame.block(f"if {rowid}:"):
                self.frame.line("continue")
            self._check_options(row, "0")
            self._emit_store(rowid, row)
            self._emit_after("insert", frozenset(), "None", row)
            self._count()
            if self.node.returning:
                self._returning(row, None, rowid)
            return
        old = self.scope.unit.fresh("o")
        self.frame.line(f"{old} = None")
        with self.frame.block(f"if not {rowid}:"):
            self._check_options(row, "0")
            self._emit_store(rowid, row)
            self._emit_after("insert", frozenset(), "None", row)
        with self.frame.block("else:"):
            self._conflict_update(conflict, row, old, rowid)
        self._count()
        if self.node.returning:
            self._returning(row, old, rowid)

    def _conflict_update(self, conflict: Any, row: str, old: str, rowid: str) -> None:
        """ON CONFLICT DO UPDATE: `row` becomes the updated row, `old` what it was."""
        frame, scope = self.frame, self.scope
        second = scope.unit.helper("second_time", violations.second_time)
        key = scope.unit.fresh("k")
        frame.line(f"{key} = {self._key(rowid)}")
        with frame.block(f"if {key} in txn.pending:"):
            frame.line(f"raise {second}('ON CONFLICT DO UPDATE')")
        mode = (
            UPDATE
            if self.relation.key_columns() & {e.resno for e in conflict.onConflictSet}
            else NO_KEY_UPDATE
        )
        stored = scope.unit.fresh("v")
        frame.line(f"{stored} = txn.lock_conflicting({key}, {mode})")
        self._emit_stored(old, stored)
        excluded = scope.unit.fresh("excluded")
        frame.line(f"{excluded} = {row}")
        self._bind_excluded(excluded)
        self._bind_new_row(old, rowid, self.node.varno)
        if conflict.onConflictWhere is not None:
            with frame.block(f"if not {true(scope, conflict.onConflictWhere)}:"):
                frame.line("continue")
        self._assign(conflict.onConflictSet, old, row)
        named = frozenset(entry.resno for entry in conflict.onConflictSet)
        self._emit_before("update", named, old, row, key)
        self._check_options(row, rowid)
        self._emit_conflict_update(rowid, old, row, self._changed(conflict.onConflictSet))
        self._emit_after("update", named, old, row)

    def _bind_excluded(self, row: str) -> None:
        varno = self.node.conflict_var
        for column in self.relation.columns:
            if not column.dropped:
                bind_stored_column(self.scope, varno, self.relation, column.attnum, row, "b''")
                self.scope.slots["var", varno, column.attnum].null = True
        bind_stored_column(self.scope, varno, self.relation, 0, row, "b''")

    # --- UPDATE and DELETE ---------------------------------------------------------------------------

    def _assign(self, targets: Any, old: str, new: str) -> None:
        """new = old with the targets' values."""
        sources = [(entry.resno - 1, self._packed(entry)) for entry in targets]
        names = []
        for position, source in sources:
            name = self.scope.unit.fresh("set")
            self.frame.line(f"{name} = {source}")
            names.append((position, name))
        self.frame.line(f"{new} = {old}[:]")
        for position, name in names:
            self.frame.line(f"{new}[{position}] = {name}")

    def _target(self) -> tuple[str, str]:
        """(row id, stored row) names of the input's target row."""
        rowid = self.scope.atom_code(("var", self.node.varno, -1)).source
        row = self.scope.atom_code(("var", self.node.varno, RAW_ROW)).source
        return rowid, row

    def _lock_target(self, rowid: str, row: str, mode: int) -> tuple[str, str]:
        """Skip a row that this command has already changed, lock it, and make its newest version the
        target's. Returns the names of its key and of its stored row."""
        frame, scope, relation = self.frame, self.scope, self.relation
        key, old = scope.unit.fresh("k"), scope.unit.fresh("o")
        frame.line(f"{key} = row_key({relation.storage_id}, {rowid})")
        with frame.block(f"if {key} in txn.pending:"):
            frame.line("continue")
        if relation.storage_id & TEMPORARY_FIRST:
            return key, row
        frame.line(f"{old} = {row}")
        emit_lock(scope, relation, self.node.varno, key, mode, self.node.recheck, old).__exit__(
            None, None, None
        )
        bind_row(scope, relation, self.node.varno, old, key)
        scope.bind(("var", self.node.varno, -1), rowid, False)
        return key, old

    def _lock_key_change(self, key: str, old: str, new: str, changed: frozenset[int]) -> None:
        """A new value in a column of a unique key needs the stronger lock, against foreign keys."""
        columns = sorted(changed & self.relation.key_columns())
        if not columns or self.relation.storage_id & TEMPORARY_FIRST:
            return
        test = " or ".join(f"{new}[{attnum - 1}] != {old}[{attnum - 1}]" for attnum in columns)
        with self.frame.block(f"if {test}:"):
            self.frame.line(f"txn.lock_row({key}, {UPDATE})")

    def _update(self) -> None:
        rowid, row = self._target()
        key, old = self._lock_target(rowid, row, NO_KEY_UPDATE)
        new = self.scope.unit.fresh("n")
        self._assign(self.node.targetList, old, new)
        named = frozenset(entry.resno for entry in self.node.targetList)
        self._emit_before("update", named, old, new, key)
        self._check_options(new, rowid)
        changed = self._changed(self.node.targetList)
        self._lock_key_change(key, old, new, changed)
        self._emit_update(rowid, old, new, changed)
        self._emit_after("update", named, old, new)
        self._count()
        if self.node.returning:
            self._returning(new, old, rowid)

    def _delete(self) -> None:
        rowid, row = self._target()
        key, old = self._lock_target(rowid, row, UPDATE)
        self._emit_before("delete", frozenset(), old, "None", key)
        self._emit_remove(rowid, old)
        self._emit_after("delete", frozenset(), old, "None")
        self._count()
        if self.node.returning:
            self._returning(None, old, rowid)

    def _lock_matched(self, rowid: str, mode: int) -> str:
        """Lock the target row of a MERGE; if others have changed it, all begins again: which clause it is
        for, and whether it is matched at all, is open then. Returns the name of its key."""
        frame, scope = self.frame, self.scope
        key = scope.unit.fresh("k")
        frame.line(f"{key} = {self._key(rowid)}")
        if not self.relation.storage_id & TEMPORARY_FIRST:
            scope.unit.strand = True
            with frame.block(f"if txn.lock_row({key}, {mode}) is not None:"):
                frame.line(f"raise {scope.unit.helper('StatementRestart', StatementRestart)}")
        return key

    def _merge_target(self, rowid: str, row: str) -> str:
        """The name of the target row of a MERGE in the relation's layout; it may be None."""
        return row

    # --- MERGE -------------------------------------------------------------------------------------

    def _merge(self) -> None:
        """WHEN clauses in order; the first whose condition holds is done."""
        frame, scope, node = self.frame, self.scope, self.node
        rowid, old = self._target()
        second = scope.unit.helper("second_time", violations.second_time)
        old = self._merge_target(rowid, old)
        action_name, new = scope.unit.fresh("action"), scope.unit.fresh("n")
        result_old, result_id = scope.unit.fresh("o"), scope.unit.fresh("rowid")
        frame.line(f"{action_name} = None")
        frame.line(f"{new} = {result_old} = None")
        frame.line(f"{result_id} = {rowid}")
        matched = "True"
        if node.merge_join_condition is not None:
            matched = scope.unit.fresh("matched")
            frame.line(f"{matched} = {true(scope, node.merge_join_condition)}")
        tests = {
            "matched": f"{rowid} is not None and {matched}",
            "not_matched_by_source": f"{rowid} is not None and not {matched}",
            "not_matched_by_target": f"{rowid} is None",
        }
        for action in node.merge_actions:
            with frame.block(f"if {action_name} is None and {tests[action.matchKind]}:"):
                test = true(scope, action.qual) if action.qual is not None else "True"
                with frame.block(f"if {test}:"):
                    frame.line(f"{action_name} = {action.commandType.upper()!r}")
                    if action.commandType in ("update", "delete"):
                        with frame.block(f"if {self._key(rowid)} in txn.pending:"):
                            frame.line(f"raise {second}('MERGE')")
                        mode = UPDATE if action.commandType == "delete" else NO_KEY_UPDATE
                        key = self._lock_matched(rowid, mode)
                        frame.line(f"{result_old} = {old}")
                    if action.commandType == "update":
                        self._assign(action.targetList, old, new)
                        named = frozenset(entry.resno for entry in action.targetList)
                        self._emit_before("update", named, old, new, key)
                        changed = self._changed(action.targetList)
                        self._lock_key_change(key, old, new, changed)
                        self._check_options(new, rowid)
                        self._emit_update(rowid, old, new, changed)
                        self._emit_after("update", named, old, new)
                        if self.node.inherited:  # it may have gone to another partition
                            frame.line(f"{result_id} = {rowid}")
                    elif action.commandType == "delete":
                        self._emit_before("delete", frozenset(), old, "None", key)
                        self._emit_remove(rowid, old)
                        self._emit_after("delete", frozenset(), old, "None")
                    elif action.commandType == "insert":
                        row = self._new_row(action.targetList)
                        frame.line(f"{new} = {row}")
                        self._emit_before("insert", frozenset(), "None", new)
                        self._emit_prepare(new)
                        self._check_options(new, "0")
                        self._emit_store(result_id, new)
                        self._emit_after("insert", frozenset(), "None", new)
        with frame.block(f"if {action_name} is None or {action_name} == 'NOTHING':"):
            frame.line("continue")
        self._count()
        if node.returning:
            final = scope.unit.fresh("row")
            frame.line(f"{final} = {new} if {new} is not None else {result_old}")
            self._bind_new_row(final, result_id, node.varno)
            self._bind_old_new("new", new, result_id)
            self._bind_old_new("old", result_old, result_id)
            scope.merge_action = action_name
            self.consume()


def _fail_check_option(ctx: Any, relation: Relation, name: str, values: Any) -> SqlError:
    return SqlError(
        WITH_CHECK_OPTION_VIOLATION,
        f'new row violates check option for view "{name}"',
        detail=violations.failing_row(ctx, relation, values),
    )
