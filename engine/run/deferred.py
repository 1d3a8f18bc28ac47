"""Checks that wait for the end of the statement or of the transaction: foreign keys, and unique
constraints that are deferrable.

Writers queue events in `Transaction.deferred`; `check_immediate` runs those that are due at the end of a
statement, `check_all` the rest at COMMIT. Referential actions are internal SQL statements, as in
PostgreSQL's ri_triggers.c, and may queue further events.

A child's check locks the parent's row FOR KEY SHARE, and a parent's sees the newest children: so neither of
two concurrent transactions can miss the other. Where there are no locks, or no index leads to the parent, and
above READ COMMITTED for the children, index entries and ranges become validated reads instead.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from gaveldb.journal.api import ROW_SHARE_LOCK
from gaveldb.storage.api import row_span, successor

from ..catalog.inheritance import attribute_map, scanned_children
from ..catalog.quoting import quote_identifier
from ..catalog.relation import ForeignKey, Index, Relation
from ..errors import Notice, SqlError
from ..indexkeys import key_column_encoder
from ..internal import run_internal, table_name
from ..relationlocks import lock_steps
from ..sqlstates import (
    FOREIGN_KEY_VIOLATION,
    NO_ACTIVE_SQL_TRANSACTION,
    RESTRICT_VIOLATION,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..types.io import text_output
from . import violations
from .partitions import partition_table
from .triggers import TriggerEvent, fire_events

_ACTIONS_LATER = "a"  # only NO ACTION may be deferred


class ChildEvent:
    """A row of the referencing table was inserted or got a new key."""

    __slots__ = ("foreign_key", "values")

    def __init__(self, foreign_key: ForeignKey, values: tuple[Any, ...]) -> None:
        self.foreign_key = foreign_key
        self.values = values


class ParentEvent:
    """A row of the referenced table was deleted (after is None) or got another key."""

    __slots__ = ("after", "before", "foreign_key")

    def __init__(
        self, foreign_key: ForeignKey, before: tuple[Any, ...], after: tuple[Any, ...] | None
    ) -> None:
        self.foreign_key = foreign_key
        self.before = before
        self.after = after


class UniqueEvent:
    """An entry was added to the index of a deferrable unique constraint."""

    __slots__ = ("index", "prefix", "relation", "values")

    def __init__(self, relation: Relation, index: Index, prefix: bytes, values: tuple[Any, ...]) -> None:
        self.relation = relation
        self.index = index
        self.prefix = prefix
        self.values = values


def queue_child(transaction: Any, foreign_key: ForeignKey, values: tuple[Any, ...]) -> None:
    """Check later that the parent exists; keys with NULLs are settled here."""
    if None in values:
        if foreign_key.match != "f" or all(value is None for value in values):
            return
    if transaction.session.settings.replica:
        return
    transaction.deferred.append(ChildEvent(foreign_key, values))


def queue_parent(
    transaction: Any, foreign_key: ForeignKey, before: tuple[Any, ...], after: tuple[Any, ...] | None
) -> None:
    """Look for children later."""
    if None not in before and not transaction.session.settings.replica:
        transaction.deferred.append(ParentEvent(foreign_key, before, after))


def queue_unique(
    transaction: Any, relation: Relation, index: Index, prefix: bytes, values: tuple[Any, ...]
) -> None:
    """Look for a second entry later."""
    if None in values and not index.nulls_not_distinct:
        return
    transaction.deferred.append(UniqueEvent(relation, index, prefix, values))


# --- when ------------------------------------------------------------------------------------------


def _is_deferred(transaction: Any, event: Any) -> bool:
    if isinstance(event, TriggerEvent):
        trigger = event.trigger
        if trigger is None:
            return False
        oid, deferrable, initially = trigger.constraint, trigger.deferrable, trigger.deferred
    elif isinstance(event, UniqueEvent):
        oid, deferrable, initially = event.index.constraint, event.index.deferrable, event.index.deferred
    else:
        foreign_key = event.foreign_key
        oid, deferrable, initially = foreign_key.oid, foreign_key.deferrable, foreign_key.deferred
        if isinstance(event, ParentEvent):
            action = foreign_key.on_delete if event.after is None else foreign_key.on_update
            deferrable = deferrable and action in _ACTIONS_LATER
    if not deferrable:
        return False
    modes = transaction.constraint_modes
    if oid in modes:
        return bool(modes[oid])
    return bool(modes.get(0, initially))


def check_immediate(transaction: Any) -> Iterator[Any]:
    """The events that are due at the end of a statement; yields breaths."""
    transaction.end_command()
    while True:
        due = [event for event in transaction.deferred if not _is_deferred(transaction, event)]
        if not due:
            return
        transaction.deferred = [event for event in transaction.deferred if _is_deferred(transaction, event)]
        yield from _run_events(transaction, due)
        transaction.end_command()


def check_all(transaction: Any) -> Iterator[Any]:
    """All events: COMMIT, SET CONSTRAINTS ALL IMMEDIATE."""
    transaction.end_command()
    while transaction.deferred:
        due, transaction.deferred = transaction.deferred, []
        yield from _run_events(transaction, due)
        transaction.end_command()


def _run_events(transaction: Any, events: list[Any]) -> Iterator[Any]:
    transaction.renew_snapshot()
    done: set[Any] = set()
    fired: list[TriggerEvent] = []
    if any(isinstance(event, TriggerEvent) and event.of_statement for event in events):
        events = sorted(events, key=lambda event: isinstance(event, TriggerEvent) and event.of_statement)
    for number, event in enumerate(events):
        if number % 256 == 255:
            yield []
        if isinstance(event, TriggerEvent):
            fired.append(event)
            continue
        if fired:
            yield from fire_events(transaction, fired)
            fired = []
        if isinstance(event, ChildEvent):
            key = (event.foreign_key.oid, event.values)
            try:
                if key in done:
                    continue
                done.add(key)
            except TypeError:
                pass
            yield from _check_child(transaction, event)
        elif isinstance(event, ParentEvent):
            yield from _check_parent(transaction, event)
        else:
            yield from _check_unique(transaction, event)
    if fired:
        yield from fire_events(transaction, fired)


def set_constraint_modes(ctx: Any, statement: Any) -> Generator[Any, Any, str]:
    """SET CONSTRAINTS."""
    transaction = ctx.transaction
    deferred = bool(statement.deferred)
    if not transaction.explicit and not ctx.session.in_implicit_block:
        text = "SET CONSTRAINTS can only be used in transaction blocks"
        ctx.notice(Notice(text, sqlstate=NO_ACTIVE_SQL_TRANSACTION, severity="WARNING"))
    if not statement.constraints:
        transaction.constraint_modes = {0: deferred}
    else:
        for oid in _named_constraints(ctx, statement.constraints):
            transaction.constraint_modes[oid] = deferred
    if not deferred:
        yield from check_immediate(transaction)
    return "SET CONSTRAINTS"


def _named_constraints(ctx: Any, names: Any) -> Iterator[int]:
    catalog = ctx.catalog
    for name in names:
        rows = catalog.pg_constraint.find("conname", name.relname)
        if name.schemaname is not None:
            namespace = catalog.namespace_oid(name.schemaname)
            rows = [row for row in rows if row.connamespace == namespace]
        else:
            path = ctx.session.search_path(catalog)
            first = next((oid for oid in path if any(row.connamespace == oid for row in rows)), 0)
            rows = [row for row in rows if row.connamespace == first]
        if not rows:
            raise SqlError(UNDEFINED_OBJECT, f'constraint "{name.relname}" does not exist')
        for row in rows:
            if not row.condeferrable:
                raise SqlError(WRONG_OBJECT_TYPE, f'constraint "{name.relname}" is not deferrable')
            pending = [row.oid]
            for oid in pending:  # the parts that partitions have of it follow
                yield oid
                pending += [part.oid for part in catalog.pg_constraint.find("conparentid", oid)]


# --- unique ------------------------------------------------------------------------------------------


def _check_unique(transaction: Any, event: UniqueEvent) -> Iterator[Any]:
    low, high = event.prefix, successor(event.prefix)
    yield from transaction.lock_entry(low)
    transaction.renew_snapshot()
    transaction.validate_range(low, high)
    count = 0
    for key, _ in transaction.scan(low, high):
        if len(key) == len(event.prefix) + 8:
            count += 1
            if count > 1:
                raise violations.unique(_Context(transaction), event.relation, event.index, event.values)


class _Context:
    """As much of an ExecutionContext as error texts need."""

    def __init__(self, transaction: Any) -> None:
        self.transaction = transaction
        self.catalog = transaction.catalog
        self.session = transaction.session
        self.settings = transaction.session.settings
        self.statement_timestamp = transaction.statement_timestamp
        self.transaction_timestamp = transaction.transaction_timestamp


# --- foreign keys -----------------------------------------------------------------------------------


def _index_prefix(catalog: Any, index: Index, columns: Sequence[int], values: Sequence[Any]) -> bytes | None:
    """The key bytes of an index whose first columns are `columns` in any order; None if a value's type has
    another encoding than the index column."""
    by_column = dict(zip(columns, values, strict=True))
    parts = [catalog.relation(index.oid).storage_id.to_bytes(4, "big")]
    for key in index.keys[: len(columns)]:
        try:
            parts.append(key_column_encoder(catalog, key)(by_column[key.attnum]))
        except (TypeError, ValueError, AttributeError, OverflowError):
            return None
    return b"".join(parts)


def _same_types(child: Relation, parent: Relation, foreign_key: ForeignKey, catalog: Any) -> bool:
    integers = (20, 21, 23)
    texts = (25, 1043)
    for a, b in zip(foreign_key.columns, foreign_key.refcolumns, strict=True):
        left = catalog.base_type(child.columns[a - 1].typid)
        right = catalog.base_type(parent.columns[b - 1].typid)
        if (
            left != right
            and not (left in integers and right in integers)
            and not (left in texts and right in texts)
        ):
            return False
    return True


def _check_child(transaction: Any, event: ChildEvent) -> Iterator[Any]:
    foreign_key = event.foreign_key
    catalog = transaction.catalog
    child, parent = catalog.relation(foreign_key.relid), catalog.relation(foreign_key.refrelid)
    if None in event.values:
        raise SqlError(
            FOREIGN_KEY_VIOLATION,
            f'insert or update on table "{child.name}" violates foreign key constraint "{foreign_key.name}"',
            detail="MATCH FULL does not allow mixing of null and nonnull key values.",
            schema=_schema(catalog, child),
            table=child.name,
            constraint=foreign_key.name,
        )
    root, refcolumns, wanted = parent, foreign_key.refcolumns, foreign_key.index
    if parent.kind == "p":
        leaf = referenced_leaf(catalog, parent, wanted, refcolumns, event.values)
        if leaf is None or transaction.detached_since(leaf[0].oid):
            raise _no_parent(transaction, event, child, root)
        parent, refcolumns, wanted = leaf
    index = next((index for index in parent.indexes if index.oid == wanted), None)
    found = False
    if index is not None and _same_types(child, parent, foreign_key, catalog):
        key = _index_prefix(catalog, index, refcolumns, event.values)
        assert key is not None
        if transaction.locking and parent.persistence != "t":
            yield from lock_steps(transaction.session, parent.oid, ROW_SHARE_LOCK)
        found = yield from transaction.lock_parent(
            key, parent.storage_id.to_bytes(4, "big"), newest=root is not parent
        )
    else:
        rows = yield from _matching_rows(
            transaction, parent, refcolumns, child, foreign_key.columns, event.values
        )
        found = bool(rows)
        transaction.validate_range(*row_span(parent.storage_id))
    if not found:
        raise _no_parent(transaction, event, child, root)


def _no_parent(transaction: Any, event: ChildEvent, child: Relation, parent: Relation) -> SqlError:
    foreign_key = event.foreign_key
    return SqlError(
        FOREIGN_KEY_VIOLATION,
        f'insert or update on table "{child.name}" violates foreign key constraint "{foreign_key.name}"',
        detail=f"Key {_key_text(transaction, child, foreign_key.columns, event.values)} is not present "
        f'in table "{parent.name}".',
        schema=_schema(transaction.catalog, child),
        table=child.name,
        constraint=foreign_key.name,
    )


def referenced_leaf(
    catalog: Any, parent: Relation, index: int, columns: Sequence[int], values: Sequence[Any]
) -> tuple[Relation, tuple[int, ...], int] | None:
    """The partition that would have a row with these values of a referenced key, which has the columns of the
    partition key: (partition, the key's columns there, its index). None: there is no such partition."""
    while parent.kind == "p":
        table = partition_table(catalog, parent.oid)
        by_column = dict(zip(columns, values, strict=True))
        oid = table.find([by_column[key.attnum] for key in table.keys])
        if not oid:
            return None
        child = catalog.relation(oid)
        numbers = attribute_map(parent, child)
        columns = tuple([numbers[attnum] for attnum in columns])
        index = next(
            mine.oid
            for mine in child.indexes
            if any(link.inhparent == index for link in catalog.pg_inherits.find("inhrelid", mine.oid))
        )
        parent = child
    return parent, tuple(columns), index


def _only(relation: Relation) -> str:
    """A foreign key is about the table without those that inherit from it; partitions are its rows."""
    return "" if relation.kind == "p" else "ONLY "


def _schema(catalog: Any, relation: Relation) -> str:
    row = catalog.pg_namespace.get(relation.namespace)
    return row.nspname if row is not None else ""


def _key_text(transaction: Any, relation: Relation, columns: Sequence[int], values: Sequence[Any]) -> str:
    ctx = _Context(transaction)
    names = ", ".join(relation.columns[attnum - 1].name for attnum in columns)
    texts = []
    for attnum, value in zip(columns, values, strict=True):
        typid = relation.columns[attnum - 1].typid
        texts.append("null" if value is None else text_output(ctx.catalog, typid)(ctx, value))
    return f"({names})=({', '.join(texts)})"


def _conditions(relation: Relation, columns: Sequence[int], first: int = 1) -> str:
    return " AND ".join(
        f"{quote_identifier(relation.columns[attnum - 1].name)} = ${number}"
        for number, attnum in enumerate(columns, first)
    )


def _types(relation: Relation, columns: Sequence[int]) -> list[int]:
    return [relation.columns[attnum - 1].typid for attnum in columns]


def _matching_rows(
    transaction: Any,
    relation: Relation,
    columns: Sequence[int],
    value_relation: Relation,
    value_columns: Sequence[int],
    values: Sequence[Any],
) -> Generator[Any, Any, list[Any]]:
    table = table_name(transaction.catalog, relation)
    text = f"SELECT 1 FROM {_only(relation)}{table} WHERE {_conditions(relation, columns)} LIMIT 1"
    rows, _ = yield from run_internal(
        transaction.session, text, _types(value_relation, value_columns), values, role=relation.owner
    )
    return rows


def _check_parent(transaction: Any, event: ParentEvent) -> Iterator[Any]:
    foreign_key = event.foreign_key
    catalog = transaction.catalog
    child, parent = catalog.relation(foreign_key.relid), catalog.relation(foreign_key.refrelid)
    action = foreign_key.on_delete if event.after is None else foreign_key.on_update
    if action == "a" and _taken_over(transaction, event, parent):
        return
    if transaction.locking:
        unseen = transaction.isolation != "read committed"
    else:  # children mark the parent's key, if it is by the key that they find it
        unseen = not _same_types(child, parent, foreign_key, catalog)
    if unseen:
        _validate_children(transaction, child, foreign_key, event.before)
    if action not in "ar":
        text, types, params = _action_statement(catalog, event, child, parent, action)
        yield from run_internal(transaction.session, text, types, params, role=child.owner)
        # A child whose defaults are the very key that goes has not changed by SET DEFAULT.
        if action != "d" or _taken_over(transaction, event, parent):
            return
    rows = yield from _matching_rows(
        transaction, child, foreign_key.columns, parent, foreign_key.refcolumns, event.before
    )
    if rows:
        raise _still_referenced(transaction, event, child, parent, action)


def _taken_over(transaction: Any, event: ParentEvent, parent: Relation) -> bool:
    """Whether another row of the parent has the key by now."""
    columns, oid = event.foreign_key.refcolumns, event.foreign_key.index
    if parent.kind == "p":
        leaf = referenced_leaf(transaction.catalog, parent, oid, columns, event.before)
        if leaf is None:
            return False
        parent, columns, oid = leaf
    index = next((index for index in parent.indexes if index.oid == oid), None)
    if index is None:
        return False
    key = _index_prefix(transaction.catalog, index, columns, event.before)
    return key is not None and transaction.get(key) is not None


def _still_referenced(
    transaction: Any, event: ParentEvent, child: Relation, parent: Relation, action: str
) -> SqlError:
    foreign_key = event.foreign_key
    key = _key_text(transaction, parent, foreign_key.refcolumns, event.before)
    fields: dict[str, Any] = {
        "schema": _schema(transaction.catalog, child),
        "table": child.name,
        "constraint": foreign_key.name,
    }
    if action == "r":
        return SqlError(
            RESTRICT_VIOLATION,
            f'update or delete on table "{parent.name}" violates RESTRICT setting of foreign key constraint '
            f'"{foreign_key.name}" on table "{child.name}"',
            detail=f'Key {key} is referenced from table "{child.name}".',
            **fields,
        )
    return SqlError(
        FOREIGN_KEY_VIOLATION,
        f'update or delete on table "{parent.name}" violates foreign key constraint "{foreign_key.name}" on '
        f'table "{child.name}"',
        detail=f'Key {key} is still referenced from table "{child.name}".',
        **fields,
    )


def _action_statement(
    catalog: Any, event: ParentEvent, child: Relation, parent: Relation, action: str
) -> tuple[str, list[int], list[Any]]:
    foreign_key = event.foreign_key
    name = table_name(catalog, child)
    types = _types(parent, foreign_key.refcolumns)
    params = list(event.before)
    condition = _conditions(child, foreign_key.columns)
    if action == "c" and event.after is None:
        return f"DELETE FROM {_only(child)}{name} WHERE {condition}", types, params
    columns: Sequence[int] = foreign_key.columns
    if action == "c":
        assert event.after is not None
        assignments = [
            f"{quote_identifier(child.columns[attnum - 1].name)} = ${len(params) + number}"
            for number, attnum in enumerate(columns, 1)
        ]
        types = types + types
        params += list(event.after)
    else:
        if event.after is None and foreign_key.set_columns:
            columns = foreign_key.set_columns
        word = "NULL" if action == "n" else "DEFAULT"
        assignments = [f"{quote_identifier(child.columns[attnum - 1].name)} = {word}" for attnum in columns]
    return f"UPDATE {_only(child)}{name} SET {', '.join(assignments)} WHERE {condition}", types, params


def _validate_children(
    transaction: Any, child: Relation, foreign_key: ForeignKey, values: Sequence[Any]
) -> None:
    catalog = transaction.catalog
    wanted = set(foreign_key.columns)
    for index in child.indexes if child.kind != "p" else ():
        leading = [key.attnum for key in index.keys[: len(wanted)]]
        if set(leading) == wanted and len(leading) == len(wanted) and index.predicate is None:
            prefix = _index_prefix(catalog, index, foreign_key.columns, values)
            if prefix is not None:
                transaction.validate_range(prefix, successor(prefix))
                return
    _validate_rows(transaction, child)


def _validate_rows(transaction: Any, relation: Relation) -> None:
    """All rows of a table are validated reads."""
    for oid in scanned_children(transaction.catalog, relation) if relation.kind == "p" else (relation.oid,):
        transaction.validate_range(*row_span(transaction.catalog.relation(oid).storage_id))


def referenced_key(ctx: Any, foreign_key: ForeignKey) -> Generator[Any, Any, str | None]:
    """The key of a row of the referenced table that others refer to; None if there is no such row."""
    catalog = ctx.transaction.catalog
    child, parent = catalog.relation(foreign_key.relid), catalog.relation(foreign_key.refrelid)
    quoted = [quote_identifier(child.columns[attnum - 1].name) for attnum in foreign_key.columns]
    refs = [quote_identifier(parent.columns[attnum - 1].name) for attnum in foreign_key.refcolumns]
    join = " AND ".join(f"pk.{b} = fk.{a}" for a, b in zip(quoted, refs, strict=True))
    text = (
        f"SELECT {', '.join('fk.' + a for a in quoted)} FROM {_only(child)}{table_name(catalog, child)} fk "
        f"JOIN {_only(parent)}{table_name(catalog, parent)} pk ON ({join}) LIMIT 1"
    )
    rows, _ = yield from run_internal(ctx.session, text, role=child.owner)
    if not rows:
        return None
    return _key_text(ctx.transaction, parent, foreign_key.refcolumns, rows[0])


def validate_foreign_key(ctx: Any, relation: Relation, foreign_key: ForeignKey) -> Iterator[Any]:
    """ALTER TABLE ... ADD / VALIDATE: all existing rows must have their parents."""
    transaction = ctx.transaction
    transaction.end_command()
    transaction.renew_snapshot()
    catalog = transaction.catalog
    parent = catalog.relation(foreign_key.refrelid)
    quoted = [quote_identifier(relation.columns[attnum - 1].name) for attnum in foreign_key.columns]
    refs = [quote_identifier(parent.columns[attnum - 1].name) for attnum in foreign_key.refcolumns]
    join = " AND ".join(f"pk.{b} = fk.{a}" for a, b in zip(quoted, refs, strict=True))
    not_null = (" OR " if foreign_key.match == "f" else " AND ").join(f"fk.{a} IS NOT NULL" for a in quoted)
    text = (
        f"SELECT {', '.join('fk.' + a for a in quoted)} "
        f"FROM {_only(relation)}{table_name(catalog, relation)} fk "
        f"LEFT OUTER JOIN {_only(parent)}{table_name(catalog, parent)} pk ON ({join}) "
        f"WHERE pk.{refs[0]} IS NULL AND ({not_null}) LIMIT 1"
    )
    rows, _ = yield from run_internal(ctx.session, text, role=relation.owner)
    if not transaction.locking:
        _validate_rows(transaction, relation)
        _validate_rows(transaction, parent)
    if rows:
        detail = (
            f"Key {_key_text(transaction, relation, foreign_key.columns, rows[0])} is not present in table "
            f'"{parent.name}".'
        )
        if None in rows[0]:
            detail = "MATCH FULL does not allow mixing of null and nonnull key values."
        raise SqlError(
            FOREIGN_KEY_VIOLATION,
            f'insert or update on table "{relation.name}" violates foreign key constraint '
            f'"{foreign_key.name}"',
            detail=detail,
            schema=_schema(catalog, relation),
            table=relation.name,
            constraint=foreign_key.name,
        )
