"""Firing triggers: what generated code, COPY, TRUNCATE and the end of a statement call (trigger.c).

BEFORE triggers run where a row is about to change; AFTER triggers are events in `Transaction.deferred`, among
those of foreign keys, in the order in which the rows changed. Rows are stored rows (lists); functions get
them as values of the relation's row type. A function's own statements are commands of their own: they do not
see what the statement around them has changed so far, but AFTER triggers run when it has ended.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ..catalog.triggers import BEFORE, EVENTS, INSTEAD, ROW, Trigger, Triggers
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, TRIGGERED_DATA_CHANGE_VIOLATION
from ..types.storage import pack_value
from ..values import Array, Record
from .strand import Strand

_PLPGSQL, _INTERNAL = 12775, 12
_NOTHING = object()
NO_ROWS = Array(0, (), (), ())
Row = list[Any]


class Transitions:
    """What one statement has done to rows, for transition tables: by event, the old and the new rows."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: dict[str, tuple[list[Row], list[Row]]] = {event: ([], []) for event in EVENTS}

    def add(self, event: str, old: Row | None, new: Row | None) -> None:
        """One more row, in the layout of the relation that the statement names."""
        before, after = self.rows[event]
        if old is not None:
            before.append(old)
        if new is not None:
            after.append(new)


class TriggerEvent:
    """An AFTER trigger that is to fire; without rows: that of a statement. Without a trigger it only says
    that a statement has begun whose AFTER STATEMENT triggers have not fired yet."""

    __slots__ = ("event", "new", "old", "relation", "transitions", "trigger")

    foreign_key = None

    def __init__(
        self,
        trigger: Trigger | None,
        relation: Any,
        event: str,
        old: Row | None,
        new: Row | None,
        transitions: Transitions | None,
    ) -> None:
        self.trigger = trigger
        self.transitions = transitions
        self.relation = relation
        self.event = event
        self.old = old
        self.new = new

    @property
    def of_statement(self) -> bool:
        """Whether it comes behind the rows'."""
        return self.trigger is None or not self.trigger.kind & ROW


def role_of(ctx: Any) -> str:
    """session_replication_role."""
    return str(ctx.session.settings.value("session_replication_role"))


# --- the rows of a statement --------------------------------------------------------------------------


def before_row(
    ctx: Any, triggers: Triggers, event: str, changed: frozenset[int], old: Row | None, new: Row | None,
    key: bytes | None = None,
) -> Row | None:  # fmt: skip
    """Fire the BEFORE ROW triggers: the row that is to be written (for a deletion, the old one); None: leave
    this row as it is. `changed`: the columns that UPDATE names; `key`: of the row that is there."""
    transaction = ctx.transaction
    relation = triggers.relation
    if event == "update" and new is not None:
        new = _without_generated(relation, new)
    fired = False
    commands = transaction.commands
    for trigger in triggers.choose(ROW | BEFORE | EVENTS[event], role_of(ctx)):
        if not _applies(ctx, trigger, event, changed, old, new, relation):
            continue
        if not fired:
            fired = True
            written = _written(transaction, key)
            outer, transaction.deferred = transaction.deferred, []
        try:
            result = call(ctx, trigger, relation, event, old, new)
        except BaseException:
            transaction.deferred = outer + transaction.deferred
            raise
        if result is None:
            transaction.deferred = outer + transaction.deferred
            return None
        if new is not None:
            new = result
    if fired:
        transaction.deferred = outer + transaction.deferred
        if transaction.commands != commands and _written(transaction, key) != written:
            raise _second_change(event)
    return old if new is None else new


def instead_of_row(ctx: Any, triggers: Triggers, event: str, old: Row | None, new: Row | None) -> Row | None:
    """Fire a view's INSTEAD OF triggers: the row for RETURNING; None: they have done nothing."""
    transaction = ctx.transaction
    outer, transaction.deferred = transaction.deferred, []
    try:
        for trigger in triggers.choose(ROW | INSTEAD | EVENTS[event], role_of(ctx)):
            result = call(ctx, trigger, triggers.relation, event, old, new)
            if result is None:
                return None
            if new is not None:
                new = result
    finally:
        transaction.deferred = outer + transaction.deferred
    return old if new is None else new


def _without_generated(relation: Any, row: Row) -> Row:
    places = [column.attnum - 1 for column in relation.columns if column.generated]
    if not places:
        return row
    row = row[:]
    for place in places:
        row[place] = None
    return row


def _written(transaction: Any, key: bytes | None) -> Any:
    """What the transaction has written to the key before the statement that runs."""
    if key is None:
        return None
    writes = transaction.written.get(key[:4])
    return _NOTHING if writes is None else writes.entries.get(key, _NOTHING)


def _second_change(event: str) -> SqlError:
    """27000: the trigger's own statements have changed the row."""
    what = "updated" if event == "update" else "deleted"
    return SqlError(
        TRIGGERED_DATA_CHANGE_VIOLATION,
        f"tuple to be {what} was already modified by an operation triggered by the current command",
        hint="Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other "
        "rows.",
    )


def after_row(
    ctx: Any,
    triggers: Triggers,
    event: str,
    changed: frozenset[int],
    old: Row | None,
    new: Row | None,
    transitions: Transitions | None,
) -> None:
    """Queue the AFTER ROW triggers of a row that has been written."""
    relation = triggers.relation
    if transitions is not None:
        transitions.add(event, old, new)
    for trigger in triggers.choose(ROW | EVENTS[event], role_of(ctx)):
        if _applies(ctx, trigger, event, changed, old, new, relation):
            ctx.transaction.deferred.append(TriggerEvent(trigger, relation, event, old, new, transitions))


def _applies(
    ctx: Any,
    trigger: Trigger,
    event: str,
    changed: frozenset[int],
    old: Row | None,
    new: Row | None,
    relation: Any,
) -> bool:
    if event == "update" and trigger.columns and not trigger.columns & changed:
        return False
    if trigger.when is None:
        return True
    if trigger.test is None:
        from ..compile.writer import table_writer

        trigger.test = table_writer(ctx.transaction.catalog, None, relation.oid).condition(trigger.when)
    return bool(trigger.test(ctx, old, new))


# --- statements ---------------------------------------------------------------------------------------


def statement(
    ctx: Any, triggers: Triggers, events: Sequence[tuple[str, frozenset[int]]]
) -> Transitions | None:
    """A statement begins: fire its BEFORE STATEMENT triggers, queue its AFTER STATEMENT triggers. `events`:
    what it may do to rows, with the columns that UPDATE names. Returns where to put the rows of transition
    tables, None if there are none."""
    transitions = Transitions() if any(triggers.collects(event) for event, _ in events) else None
    begun, known = _begun(ctx.transaction, triggers.relation.oid, [event for event, _ in events])
    if known is not None:
        transitions = known
    role = role_of(ctx)
    transaction = ctx.transaction
    relation = triggers.relation
    for event, changed in events:
        for trigger in () if event in begun else triggers.choose(BEFORE | EVENTS[event], role):
            if _applies(ctx, trigger, event, changed, None, None, relation):
                outer, transaction.deferred = transaction.deferred, []
                try:
                    call(ctx, trigger, relation, event, None, None)
                finally:
                    transaction.deferred = outer + transaction.deferred
    for event, changed in reversed(events):
        transaction.deferred.append(TriggerEvent(None, relation, event, None, None, transitions))
        for trigger in triggers.choose(EVENTS[event], role):
            if _applies(ctx, trigger, event, changed, None, None, relation):
                transaction.deferred.append(TriggerEvent(trigger, relation, event, None, None, transitions))
    return transitions


def _begun(transaction: Any, relid: int, events: Sequence[str]) -> tuple[set[str], Transitions | None]:
    """Which of the events an earlier statement of the same command has begun with (a cascade of a foreign
    key, another part of WITH): their AFTER STATEMENT triggers fire once, behind all. They are taken out of
    the queue; the transition tables are shared."""
    mine = [
        event
        for event in transaction.deferred
        if isinstance(event, TriggerEvent)
        and event.of_statement
        and event.event in events
        and event.relation.oid == relid
    ]
    if not mine:
        return set(), None
    transaction.deferred = [event for event in transaction.deferred if event not in mine]
    return {event.event for event in mine}, mine[-1].transitions


def fire_events(transaction: Any, events: Sequence[TriggerEvent]) -> Iterator[Any]:
    """Fire AFTER triggers, one after the other, on a stack of their own."""
    return Strand(_fire_all(transaction, events))


def _fire_all(transaction: Any, events: Sequence[TriggerEvent]) -> Iterator[Any]:
    from ..portal import StatementContext

    ctx = StatementContext(transaction.session, (), "")
    ctx.attach(transaction)
    for number, event in enumerate(events):
        if number % 16 == 15:
            yield []
        if event.trigger is not None:
            call(ctx, event.trigger, event.relation, event.event, event.old, event.new, event.transitions)


# --- a call -------------------------------------------------------------------------------------------


def call(
    ctx: Any,
    trigger: Trigger,
    relation: Any,
    event: str,
    old: Row | None,
    new: Row | None,
    transitions: Transitions | None = None,
) -> Row | None:
    """Run a trigger's function: the row that it returns, None for NULL."""
    catalog = ctx.transaction.catalog
    proc = catalog.pg_proc.get(trigger.function)
    current = catalog.relation(relation.oid)
    if proc.prolang == _INTERNAL:
        return _builtin(proc)(ctx, old, new)
    if proc.prolang != _PLPGSQL:
        language = catalog.pg_language.get(proc.prolang).lanname
        raise SqlError(FEATURE_NOT_SUPPORTED, f"triggers in language {language} are not supported")
    from ..plpgsql.triggers import trigger_routine, variables

    routine = trigger_routine(ctx, proc, current, (trigger.old_table, trigger.new_table))
    shape = routine.row_shape
    values = variables(
        catalog,
        trigger,
        current,
        event.upper(),
        _record(catalog, current, shape, new),
        _record(catalog, current, shape, old),
    )
    if transitions is not None:
        for name, kept in zip((trigger.old_table, trigger.new_table), transitions.rows[event], strict=True):
            if name:
                items = tuple([_record(catalog, current, shape, row) for row in kept])
                values += (Array(shape.typid, items, (len(items),), (1,)) if items else NO_ROWS,)
    session = ctx.session
    session.trigger_depth += 1
    try:
        found = routine.call(ctx, values)
    finally:
        session.trigger_depth -= 1
    if found is None or not trigger.kind & ROW:
        return None
    return _stored(catalog, current, found)


def _record(catalog: Any, relation: Any, shape: Any, row: Row | None) -> Record | None:
    if row is None:
        return None
    from ..compile.writer import stored_values

    values = zip(relation.columns, stored_values(catalog, relation, row), strict=True)
    return Record(shape, tuple([value for column, value in values if not column.dropped]))


def _stored(catalog: Any, relation: Any, record: Record) -> Row:
    row: Row = [None] * len(relation.columns)
    values = iter(record.values)
    for column in relation.columns:
        if not column.dropped:
            value = next(values)
            row[column.attnum - 1] = None if value is None else pack_value(catalog, column.typid, value)
    return row


def _suppress_redundant_updates(ctx: Any, old: Row | None, new: Row | None) -> Row | None:
    return None if old is not None and new == old else new


_BUILTIN = {"suppress_redundant_updates_trigger": _suppress_redundant_updates}


def _builtin(proc: Any) -> Any:
    found = _BUILTIN.get(proc.prosrc)
    if found is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"trigger function {proc.proname} is not supported")
    return found
