"""Where the rows of a relation with children are written: each child with the parent's columns mapped to
its own.

Generated code works on rows in the parent's layout (`to_root`, `with_root`) and leaves to a ChildTarget what
depends on the child: keys, locks, constraints, index entries.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from gaveldb.journal.api import ROW_EXCLUSIVE_LOCK, UPDATE

from ..catalog.inheritance import ancestors, attribute_map, descendants
from ..catalog.relation import Relation
from ..catalog.relcache import foreign_key
from ..catalog.triggers import Triggers, triggers_of
from ..errors import SqlError
from ..lockwait import StatementRestart
from ..relationlocks import lock_relation, noted
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR
from ..transaction import TEMPORARY_FIRST
from ..treetypes import walk
from ..types.storage import pack_value
from . import triggers as trigger_calls
from . import violations
from .partitions import PartitionTable, bounds_table, key_attnums, partition_table

_decode = msgspec.msgpack.Decoder().decode


class ChildTarget:
    """One child (or the parent itself) as a target."""

    def __init__(self, catalog: Any, root: Relation, relid: int) -> None:
        self.catalog = catalog
        self.root = root
        self.relid = relid
        self.relation: Relation = catalog.relation(relid)
        self.prefix = self.relation.storage_id.to_bytes(4, "big")
        self.temporary = bool(self.relation.storage_id & TEMPORARY_FIRST)
        self.width = len(self.relation.columns)
        self.numbers = attribute_map(root, self.relation)
        self.places = [self.numbers[c.attnum] - 1 if not c.dropped else None for c in root.columns]
        self.same = self.places == list(range(self.width))
        self.name = self.relation.name
        self._note = noted(relid, ROW_EXCLUSIVE_LOCK)
        self.key_places = tuple(sorted(attnum - 1 for attnum in self.relation.key_columns()))
        self._writer: Any = None
        self._missing: list[Any] | None = None
        self._arbiters: dict[tuple[int, ...], tuple[int, ...]] = {}

    @property
    def writer(self) -> Any:
        """The child's TableWriter."""
        if self._writer is None:
            from ..compile.writer import table_writer

            self._writer = table_writer(self.catalog, None, self.relid)
        return self._writer

    @property
    def triggers(self) -> Triggers | None:
        """The child's own."""
        return triggers_of(self.catalog, self.relid)

    def before(
        self,
        ctx: Any,
        event: str,
        named: frozenset[int],
        old: list[Any] | None,
        new: list[Any] | None,
        key: bytes | None = None,
    ) -> list[Any] | None:
        """BEFORE ROW triggers, for rows in the child's layout; see run/triggers.py."""
        triggers = self.triggers
        if triggers is None:
            return old if new is None else new
        return trigger_calls.before_row(ctx, triggers, event, self.changed(named), old, new, key)

    def before_insert(self, ctx: Any, row: list[Any]) -> list[Any] | None:
        """As `before`, for a row that has been routed to this partition, and must stay there."""
        found = self.before(ctx, "insert", frozenset(), None, row)
        if found is not None and found is not row and self.relation.row.relispartition:
            if found != row and not in_partition(ctx, self.catalog, self.relation, found):
                raise self._leaving()
        return found

    def _leaving(self) -> SqlError:
        triggers = self.triggers
        assert triggers is not None
        names = [t.name for t in triggers if t.kind & 7 == 7]
        schema = self.catalog.pg_namespace.get(self.relation.namespace).nspname
        return SqlError(
            FEATURE_NOT_SUPPORTED,
            "moving row to another partition during a BEFORE FOR EACH ROW trigger is not supported",
            detail=f'Before executing trigger "{names[0]}", the row was to be in partition '
            f'"{schema}.{self.name}".',
        )

    def before_update(
        self, ctx: Any, named: frozenset[int], old: list[Any], root_row: list[Any], key: bytes
    ) -> list[Any] | None:
        """As `before`: the old row is in the child's layout, the new one in the parent's."""
        if self.triggers is None:
            return root_row
        found = self.before(ctx, "update", named, old, self.with_root(old, root_row), key)
        return None if found is None else self.to_root(found)

    def after(
        self,
        ctx: Any,
        event: str,
        named: frozenset[int],
        old: list[Any] | None,
        new: list[Any] | None,
    ) -> None:
        """AFTER ROW triggers are queued."""
        triggers = self.triggers
        if triggers is not None:
            trigger_calls.after_row(ctx, triggers, event, self.changed(named), old, new, None)

    def enter(self, ctx: Any, row: list[Any]) -> None:
        """Lock the child to write a row (in its layout) that has been routed to it. If that has to wait,
        the row may not belong there any more: 23514, as PostgreSQL has it; else all begins again."""
        txn = ctx.transaction
        if self._note in txn.used:
            return
        if self.relid in txn.database.strong and not self.temporary and txn.locking:
            if lock_relation(ctx.session, self.relid, ROW_EXCLUSIVE_LOCK):
                catalog = ctx.session.current_catalog()
                if catalog.pg_class.get(self.relid) is not None:
                    check_partition(ctx, catalog, catalog.relation(self.relid), row)
                raise StatementRestart
        if not self.temporary:
            txn.used.add(self._note)

    def key(self, rowid: int) -> bytes:
        """The key of a row."""
        return self.prefix + rowid.to_bytes(8, "big")

    def decode(self, stored: bytes) -> list[Any]:
        """A stored row at its full width."""
        return self.extend(_decode(stored))

    def extend(self, row: list[Any]) -> list[Any]:
        """A decoded row at its full width."""
        if len(row) < self.width:
            if self._missing is None:
                self._missing = [
                    pack_value(self.catalog, column.typid, column.missing)
                    if column.has_missing and column.missing is not None
                    else None
                    for column in self.relation.columns
                ]
            row.extend(self._missing[len(row) :])
        return row

    def to_root(self, row: list[Any]) -> list[Any]:
        """The row in the parent's layout."""
        if self.same:
            return row
        return [None if place is None else row[place] for place in self.places]

    def with_root(self, row: list[Any] | None, root_row: list[Any]) -> list[Any]:
        """The child's row (a new one, if None) with the columns of a row in the parent's layout."""
        if self.same:
            return root_row[:]
        new = [None] * self.width if row is None else row[:]
        for place, value in zip(self.places, root_row, strict=True):
            if place is not None:
                new[place] = value
        return new

    def lock(self, txn: Any, key: bytes, mode: int, policy: str = "block", marked: bool = False) -> Any:
        """Transaction.lock_row; what only this session sees needs no lock."""
        return None if self.temporary else txn.lock_row(key, mode, policy, self.name, marked)

    def lock_shared(self, txn: Any, key: bytes, mode: int, policy: str = "block") -> Any:
        """FOR KEY SHARE: a change of other columns than those of keys is none."""
        return None if self.temporary else txn.lock_row(key, mode, policy, self.name, True, self.key_places)

    def lock_key_change(self, txn: Any, key: bytes, old: list[Any], new: list[Any]) -> None:
        """A new value in a column of a unique key needs the stronger lock, against foreign keys."""
        if not self.temporary and any(old[place] != new[place] for place in self.key_places):
            txn.lock_row(key, UPDATE)

    def changed(self, attnums: frozenset[int]) -> frozenset[int]:
        """The parent's attnums as the child's."""
        return frozenset([self.numbers[attnum] for attnum in attnums])

    def update(self, ctx: Any, rowid: int, old: list[Any], new: list[Any], attnums: frozenset[int]) -> None:
        """Write a changed row; `attnums`: the parent's columns that may differ."""
        try:
            self.writer.update(self.changed(attnums))(ctx, rowid, old, new)
        except SqlError as error:
            raise self._as_root(ctx, error, new) from None

    def prepare(self, ctx: Any, row: list[Any]) -> None:
        """TableWriter.routed: generated columns and constraints of a row that belongs here."""
        try:
            self.writer.routed(ctx, row)
        except SqlError as error:
            raise self._as_root(ctx, error, row) from None

    def _as_root(self, ctx: Any, error: SqlError, row: list[Any]) -> SqlError:
        """Errors show rows as the relation that the statement names has them."""
        detail = error.detail or ""
        if not self.same and error.table == self.name and detail.startswith("Failing row contains"):
            from ..compile.writer import stored_values

            values = stored_values(self.catalog, self.root, self.to_root(row))
            error.detail = violations.failing_row(ctx, self.root, values)
        return error

    def conflict(self, ctx: Any, row: list[Any], arbiters: tuple[int, ...]) -> int:
        """The row id of a row that is in the way of a new one; `arbiters` are the parent's indexes."""
        own = self._arbiters.get(arbiters)
        if own is None:
            wanted = set(arbiters)
            own = self._arbiters[arbiters] = tuple(
                [
                    index.oid
                    for index in self.relation.indexes
                    if index.oid in wanted or wanted.intersection(ancestors(self.catalog, index.oid))
                ]
            )
        if arbiters and not own:
            raise SqlError(INTERNAL_ERROR, "invalid arbiter index list")
        rowid: int = self.writer.conflict(own)(ctx, row)
        return rowid


class ChildTargets(dict[int, ChildTarget]):
    """The targets below a relation by their oids, made when they are first wanted."""

    def __init__(self, catalog: Any, relation: Relation) -> None:
        super().__init__()
        self.catalog = catalog
        self.root = relation
        self.partitioned = relation.kind == "p"
        self._key_attnums: set[int] | None = None
        self._may_wait: bool | None = None
        self._tables: dict[int, tuple[PartitionTable, ChildTarget]] = {}

    def __missing__(self, oid: int) -> ChildTarget:
        found = self[oid] = ChildTarget(self.catalog, self.root, oid)
        return found

    def moves(self, attnums: frozenset[int]) -> bool:
        """Whether a change of these columns may put a row into another partition."""
        if self._key_attnums is None:
            self._key_attnums = key_attnums(self.catalog, self.root)
            if self.root.row.relispartition:  # or out of the relation that the statement names
                self._key_attnums |= constraining_attnums(self.catalog, self.root)
        return 0 in self._key_attnums or bool(self._key_attnums & attnums)

    def _table(self, oid: int) -> tuple[PartitionTable, ChildTarget]:
        found = self._tables.get(oid)
        if found is None:
            table = partition_table(self.catalog, oid)
            found = self._tables[oid] = table, ChildTarget(self.catalog, self.root, oid)
        return found

    def route(self, ctx: Any, row: list[Any]) -> ChildTarget:
        """The partition of a row in the root's layout; 23514 if there is none."""
        if self.root.row.relispartition:
            check_partition(ctx, self.catalog, self.root, row)
        oid = self.root.oid
        while True:
            table, seen = self._table(oid)
            values = table.key(ctx, seen.with_root(None, row))
            found = table.find(values)
            if not found:
                raise violations.no_partition(ctx, table, values)
            if self.catalog.pg_class.get(found).relkind != "p":
                return self[found]
            oid = found
            below = self._table(oid)[1]
            below.enter(ctx, below.with_root(None, row))

    @property
    def may_wait(self) -> bool:
        """Whether what is computed for a row, to route or to write it, may stop (run/strand.py)."""
        if self._may_wait is None:
            from ..compile.expressions import may_stop

            self._may_wait = any(
                expr is not None and may_stop(self.catalog, expr)
                for oid in descendants(self.catalog, self.root.oid)
                for expr in self._computed(oid)
            )
        return self._may_wait

    def _computed(self, oid: int) -> Iterator[Any]:
        relation = self.catalog.relation(oid)
        yield from [check.expr for check in relation.checks]
        yield from [column.default for column in relation.columns if column.generated == "s"]
        for index in relation.indexes:
            yield index.predicate
            yield from [key.expr for key in index.keys]
        if relation.kind == "p":
            yield from [key.expr for key in self._table(oid)[0].keys]

    def triggered(self, kind: int) -> bool:
        """Whether a row below may have triggers of this kind."""
        for oid in descendants(self.catalog, self.root.oid):
            triggers = triggers_of(self.catalog, oid)
            if triggers is not None and triggers.has(kind):
                return True
        return False

    def move(
        self, ctx: Any, target: ChildTarget, rowid: int, old: list[Any], row: list[Any]
    ) -> tuple[ChildTarget, int, list[Any]] | bool | None:
        """Put an updated row (in the root's layout) into another partition, if it belongs there: (the
        partition, the new row id, the row as it is stored). None: it stays where it is; False: triggers will
        not have it. `old`: the old row in the layout of its partition."""
        goal = self.route(ctx, row)
        if goal is target:
            return None
        txn = ctx.transaction
        key = target.key(rowid)
        target.lock(txn, key, UPDATE)
        if target.before(ctx, "delete", frozenset(), old, None, key) is None:
            return False
        before = len(txn.deferred)
        target.writer.remove(ctx, rowid, old)
        queued = txn.deferred[before:]
        target.after(ctx, "delete", frozenset(), old, None)
        new = goal.with_root(None, row)
        goal.enter(ctx, new)
        kept = goal.before_insert(ctx, new)
        if kept is None:
            return False
        new = kept
        goal.prepare(ctx, new)
        new_rowid = goal.writer.store(ctx, new)
        goal.after(ctx, "insert", frozenset(), None, new)
        stored = goal.to_root(new)
        _as_updates(txn, before, queued, target, stored, self.root)
        txn.note_move(key)
        return goal, new_rowid, stored


class RoutingWriter:
    """A TableWriter of a partitioned table, for rows that come one by one: prepare, then store."""

    bulk = None
    transitions: trigger_calls.Transitions | None = None

    def __init__(self, catalog: Any, writer: Any) -> None:
        self._targets = child_targets(catalog, writer.relation.oid)
        self._target: ChildTarget | None = None
        self._row: list[Any] = []

    def prepare(self, ctx: Any, row: list[Any]) -> bool:
        """Find the partition of a row and check its constraints; True: triggers will not have it."""
        target = self._target = self._targets.route(ctx, row)
        own = target.with_root(None, row)
        target.enter(ctx, own)
        kept = target.before_insert(ctx, own)
        if kept is None:
            return True
        self._row = kept
        target.prepare(ctx, kept)
        return False

    def store(self, ctx: Any, row: list[Any]) -> int:
        """Store the row that was prepared last."""
        assert self._target is not None
        rowid: int = self._target.writer.store(ctx, self._row)
        self._target.after(ctx, "insert", frozenset(), None, self._row)
        if self.transitions is not None:
            self.transitions.add("insert", None, self._target.to_root(self._row))
        return rowid


class TriggeredWriter:
    """A TableWriter of a table with triggers, for rows that come one by one: prepare, then store."""

    bulk = None
    transitions: trigger_calls.Transitions | None = None

    def __init__(self, writer: Any, triggers: Triggers) -> None:
        self._writer = writer
        self._triggers = triggers
        self._row: list[Any] = []

    def prepare(self, ctx: Any, row: list[Any]) -> bool:
        """See RoutingWriter."""
        kept = trigger_calls.before_row(ctx, self._triggers, "insert", frozenset(), None, row)
        if kept is None:
            return True
        self._row = kept
        self._writer.prepare(ctx, kept)
        return False

    def store(self, ctx: Any, row: list[Any]) -> int:
        """Store the row that was prepared last."""
        rowid: int = self._writer.store(ctx, self._row)
        trigger_calls.after_row(ctx, self._triggers, "insert", frozenset(), None, self._row, self.transitions)
        return rowid


class InsteadWriter:
    """What COPY to a view has for a TableWriter: its INSTEAD OF triggers."""

    bulk = None
    transitions: trigger_calls.Transitions | None = None

    def __init__(self, triggers: Triggers) -> None:
        self._triggers = triggers

    def prepare(self, ctx: Any, row: list[Any]) -> bool:
        """See RoutingWriter."""
        return trigger_calls.instead_of_row(ctx, self._triggers, "insert", None, row) is None

    def store(self, ctx: Any, row: list[Any]) -> int:
        """The triggers have done it."""
        return 0


def _as_updates(
    txn: Any, before: int, queued: list[Any], target: ChildTarget, new: list[Any], root: Relation
) -> None:
    """What the old partition has queued for its row as deleted, is for foreign keys to it an update:
    PostgreSQL runs the root's action then (ExecCrossPartitionUpdateForeignKey)."""
    from ..types.storage import unpack_value

    catalog = target.catalog
    kept = []
    for event in queued:
        row = catalog.pg_constraint.get(event.foreign_key.oid)
        if not row.conparentid:  # of the partition itself: for that the row is deleted
            kept.append(event)
            continue
        while row.confrelid != root.oid and row.conparentid:
            row = catalog.pg_constraint.get(row.conparentid)
        if row.confrelid != root.oid:
            raise _not_movable(catalog, row.confrelid, root)
        event.foreign_key = foreign_key(row)
        values = []
        for attnum in event.foreign_key.refcolumns:
            column = root.columns[attnum - 1]
            stored = new[column.place]
            values.append(None if stored is None else unpack_value(catalog, column.typid, stored))
        event.after = tuple(values)
        if event.after != event.before:
            kept.append(event)
    txn.deferred[before : before + len(queued)] = kept


def _not_movable(catalog: Any, oid: int, root: Relation) -> SqlError:
    name = catalog.pg_class.get(oid).relname
    return SqlError(
        FEATURE_NOT_SUPPORTED,
        "cannot move tuple across partitions when a non-root ancestor of the source partition is directly "
        "referenced in a foreign key",
        detail=f'A foreign key points to ancestor "{name}" but not the root ancestor "{root.name}".',
        hint=f'Consider defining the foreign key on table "{root.name}".',
    )


def check_partition(ctx: Any, catalog: Any, relation: Relation, row: list[Any]) -> None:
    """23514 if a row of a partition, in its own layout, does not belong to it."""
    if not in_partition(ctx, catalog, relation, row):
        from ..compile.writer import stored_values

        raise violations.outside_partition(ctx, relation, stored_values(catalog, relation, row))


def in_partition(ctx: Any, catalog: Any, relation: Relation, row: list[Any]) -> bool:
    """Whether routing from each of its ancestors leads a row to this partition."""
    oid = relation.oid
    for parent in ancestors(catalog, relation.oid):
        seen = child_target(catalog, parent, relation.oid)
        table = bounds_table(catalog, parent)
        if table.find(table.key(ctx, seen.to_root(row))) != oid:
            return False
        oid = parent
    return True


def constraining_attnums(catalog: Any, relation: Relation) -> set[int]:
    """The columns of a partition on which it depends that a row belongs to it."""
    found: set[int] = set()
    for parent in ancestors(catalog, relation.oid):
        seen = child_target(catalog, parent, relation.oid)
        for key in partition_table(catalog, parent).keys:
            numbers = [key.attnum] if key.attnum else [getattr(n, "varattno", -1) for n in walk(key.expr)]
            if 0 in numbers:
                return set(seen.numbers.values())
            found.update(seen.numbers[number] for number in numbers if number > 0)
    return found


def child_target(catalog: Any, root: int, oid: int) -> ChildTarget:
    """A relation as a child of another one."""
    return child_targets(catalog, root)[oid]


def child_targets(catalog: Any, oid: int) -> ChildTargets:
    """The targets below a relation, from the Catalog's cache."""
    key = ("child_targets", oid)
    found: ChildTargets | None = catalog.cache.get(key)
    if found is None:
        found = catalog.cache[key] = ChildTargets(catalog, catalog.relation(oid))
    return found
