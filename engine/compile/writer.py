"""Writers: the generated functions that insert, update and delete rows of one table.

They work on rows in stored form (the msgpack list; storage templates in engine/types/storage.py), so
an UPDATE copies the columns that it does not change without decoding them. A writer

1. computes stored generated columns,
2. checks NOT NULL and CHECK constraints,
3. maintains index entries and checks unique ones against what this command has written and what
   it sees,
4. queues foreign key and deferrable unique checks (engine/run/deferred.py) for the end of the
   statement or transaction.

Writers live in the Catalog's cache: a change of the table's definition makes new ones.
"""

import linecache
from collections.abc import Callable, Iterable
from itertools import count
from struct import Struct
from typing import Any

import msgspec
from gaveldb.storage.api import row_key

from ..catalog.relation import ForeignKey, Index, Relation
from ..catalog.triggers import triggers_of
from ..indexkeys import always_has_rowid, column_source
from ..plan import nodes as plan
from ..run import deferred, violations
from ..run.indexbuild import remove_own
from ..tree import RangeTblEntry, Var, strip_locations
from ..treetypes import walk
from ..types.storage import pack_template
from .expressions import template_helpers, value
from .scan import column_source as field_source
from .scope import Scope
from .unit import Frame, Unit

_numbers = count(1)
_ENCODE = msgspec.msgpack.Encoder().encode
_MISSING = object()
_ROWID = Struct(">Q").pack

Insert = Callable[[Any, list[Any]], int]


class TableWriter:
    """The writing functions of one table at one version of the catalogs.

    prepare(ctx, row): generated columns and constraints, in place.
    store(ctx, row) -> row id: entries and the row; raises 23505.
    bulk(ctx, rows): prepare and store many, None if rows must be written one by one; an error has the
    place of its row as `bulk_place`.
    conflict(ctx, row, indexes) -> row id of a row that a unique index says is in the way, or 0.
    remove(ctx, rowid, row).
    may_wait: whether an expression calls what may stop (run/strand.py): whoever uses the writer then needs a
    strand.
    """

    def __init__(self, catalog: Any, settings: Any, relation: Relation) -> None:
        self.catalog = catalog
        self.settings = settings
        self.relation = relation
        self.width = len(relation.columns)
        self.rows_prefix = relation.storage_id.to_bytes(4, "big")
        self._updates: dict[frozenset[int] | None, Any] = {}
        self._conflicts: dict[tuple[int, ...], Any] = {}
        self.may_wait = False
        self.prepare = self._prepare_function(None)
        self._routed: Any = None
        self.store = self._store_function()
        self.remove = self._remove_function()
        self._bulk: Any = _MISSING
        self.row_key = relation.storage_id

    def update(self, changed: frozenset[int]) -> Any:
        """update(ctx, rowid, old, new): `new` differs from `old` in no other than these columns
        (generated ones apart)."""
        found = self._updates.get(changed)
        if found is None:
            found = self._updates[changed] = self._update_function(changed)
        return found

    def conflict(self, indexes: tuple[int, ...]) -> Any:
        """conflict(ctx, row) -> (row id, written by this command) | None, by these unique indexes."""
        found = self._conflicts.get(indexes)
        if found is None:
            found = self._conflicts[indexes] = self._conflict_function(indexes)
        return found

    @property
    def routed(self) -> Any:
        """prepare for rows that have been routed to this partition, which therefore belong to it."""
        if not self.relation.row.relispartition:
            return self.prepare
        if self._routed is None:
            self._routed = self._prepare_function(None, routed=True)
        return self._routed

    @property
    def bulk(self) -> Any:
        """See above; made when it is first wanted."""
        if self._bulk is _MISSING:
            self._bulk = self._bulk_function() if self._is_simple() else None
        return self._bulk

    def _is_simple(self) -> bool:
        """Whether writing a row runs nothing of the user's, which could write rows itself."""
        relation = self.relation
        return (
            not relation.checks
            and triggers_of(self.catalog, relation.oid) is None
            and not relation.row.relispartition
            and not any(column.generated for column in relation.columns)
            and all(
                index.predicate is None and all(key.expr is None for key in index.keys)
                for index in relation.indexes
            )
        )

    def predicate(self, expr: Any) -> Any:
        """test(ctx, row) -> bool: whether a boolean expression holds for a stored row (COPY ... WHERE)."""
        unit = self._unit()
        code = value(self._scope(unit, "n", trust_not_null=False), strip_locations(expr))
        unit.root.line(f"return ({code.source}) is True")
        return self._compile(unit, "test(ctx, n)")

    def condition(self, expr: Any) -> Any:
        """test(ctx, o, n) -> bool: whether a trigger's condition over Var(1, OLD) and Var(2, NEW) holds."""
        unit = self._unit()
        scope = self._scope(unit, "o", trust_not_null=False)
        self._bind_row(scope, "n", 2, trust_not_null=False)
        code = value(scope, strip_locations(expr))
        unit.root.line(f"return ({code.source}) is True")
        return self._compile(unit, "test(ctx, o, n)")

    # --- pieces ---------------------------------------------------------------------------------

    def _unit(self) -> Unit:
        unit = Unit(self.catalog, self.settings, breathing=False)
        unit.globals.update(
            encode=_ENCODE,
            MISSING=_MISSING,
            ROWID=_ROWID,
            row_key=row_key,
            relation=self.relation,
            fail_null=violations.not_null,
            fail_check=violations.check,
            fail_unique=violations.unique,
            remove_own=remove_own,
            engine_values=self.engine_values,
        )
        return unit

    def _scope(self, unit: Unit, row: str, *, trust_not_null: bool) -> Scope:
        """A scope in which Var(1, n) is a column of the stored row named `row`."""
        names = tuple(column.name for column in self.relation.columns)
        entry = RangeTblEntry(
            "relation", relid=self.relation.oid, eref=self.relation.name, eref_colnames=names
        )
        planned = plan.PlannedQuery(
            plan=plan.Result(), targets=(), names=(), types=(), typmods=(), rtable=[entry]
        )
        scope = Scope(unit, None, planned)
        self._bind_row(scope, row, 1, trust_not_null=trust_not_null)
        return scope

    def _bind_row(self, scope: Scope, row: str, varno: int, *, trust_not_null: bool) -> None:
        """Var(varno, n) is a column of the stored row named `row`."""
        from ..values import Record
        from .scan import row_type

        unit = scope.unit
        for column in self.relation.columns:
            if column.dropped:
                continue
            name = unit.fresh(column.name)
            null = not (column.notnull and trust_not_null)
            load = field_source(scope, column, row, name, null)
            scope.bind(("var", varno, column.attnum), name, null, load)
        unit.helper("Record", Record)
        shape = unit.constant(row_type(self.relation), "shape")
        live = [column for column in self.relation.columns if not column.dropped]
        fields = "".join(f"engine_values({row})[{column.attnum - 1}], " for column in live)
        scope.bind(("var", varno, 0), unit.fresh("whole"), False, f"Record({shape}, ({fields}))")
        scope.bind(("var", varno, -6), unit.fresh("tableoid"), False, str(self.relation.oid))

    def engine_values(self, row: list[Any]) -> list[Any]:
        """The engine values of a stored row, for error details."""
        return stored_values(self.catalog, self.relation, row)

    def _compile(self, unit: Unit, head: str) -> Any:
        self.may_wait = self.may_wait or unit.strand
        source = "\n".join(unit.root.finish(f"def {head}:")) + "\n"
        file = f"<writer {self.relation.name} {next(_numbers)}>"
        exec(compile(source, file, "exec"), unit.globals)
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        return unit.globals[head.partition("(")[0]]

    def _emit_generated(self, scope: Scope, frame: Frame, row: str) -> None:
        for column in self.relation.columns:
            if column.generated == "s" and not column.dropped:
                code = value(scope, strip_locations(column.default))
                template = pack_template(self.catalog, column.typid)
                source = code.source
                if template is not None:
                    scope.unit.helpers(template_helpers(template))
                    name = scope.unit.fresh("generated")
                    frame.line(f"{name} = {source}")
                    source = f"None if {name} is None else {template.format(name)}"
                frame.line(f"{row}[{column.attnum - 1}] = {source}")

    def _prepare_function(self, changed: frozenset[int] | None, *, routed: bool = False) -> Any:
        """prepare(ctx, n): generated columns, NOT NULL, CHECK, and whether the row belongs to the
        partition."""
        unit = self._unit()
        frame = unit.root
        relation = self.relation
        generated = [column for column in relation.columns if column.generated == "s" and not column.dropped]
        if generated:
            self._emit_generated(self._scope(unit, "n", trust_not_null=False), frame, "n")
        for column in relation.columns:
            if not column.notnull or column.dropped:
                continue
            if changed is not None and column.attnum not in changed and not column.generated:
                continue
            with frame.block(f"if n[{column.attnum - 1}] is None:"):
                frame.line(f"raise fail_null(ctx, relation, {column.attnum}, engine_values(n))")
        scope = self._scope(unit, "n", trust_not_null=True)
        for constraint in sorted(relation.checks, key=lambda item: item.name):
            if not constraint.enforced:
                continue
            expr = strip_locations(constraint.expr)
            if changed is not None and not _touches(expr, changed, relation):
                continue
            code = value(scope, expr)
            with frame.block(f"if ({code.source}) is False:"):
                frame.line(f"raise fail_check(ctx, relation, {constraint.name!r}, engine_values(n))")
        if relation.row.relispartition and not routed:
            from ..run.childtargets import check_partition, constraining_attnums

            if changed is None or constraining_attnums(self.catalog, relation) & changed:
                unit.globals["check_partition"] = check_partition
                frame.line(f"check_partition(ctx, {unit.constant(self.catalog, 'catalog')}, relation, n)")
        frame.line("return")
        return self._compile(unit, "prepare(ctx, n)")

    def _emit_key(self, scope: Scope, frame: Frame, index: Index, rowid: str, name: str) -> tuple[bool, str]:
        """Write code that sets `name` to the entry's key, without the row id where it is unique;
        None if the partial index does not have the row. Returns whether it may be None, and the
        source of the tuple of the key's values."""
        unit = scope.unit
        partial = index.predicate is not None
        values: list[str] = []
        if partial:
            frame.line(f"{name} = None")
            code = value(scope, strip_locations(index.predicate))
            test = f"({code.source}) is True" if code.null else code.source
            context = frame.block(f"if {test}:")
            context.__enter__()
        parts = []
        nullable = []
        for number, key in enumerate(index.keys):
            expr = strip_locations(key.expr) if key.expr is not None else Var(1, key.attnum, key.typid)
            code = value(scope, expr)
            field = unit.fresh("key")
            frame.line(f"{field} = {code.source}")
            part = column_source(self.catalog, key, number, field, code.null)
            unit.helpers(part.helpers)
            parts.append(part.source)
            values.append(field)
            if code.null:
                nullable.append(field)
        prefix = self.catalog.relation(index.oid).storage_id.to_bytes(4, "big")
        source = " + ".join([repr(prefix), *parts])
        if always_has_rowid(index):
            frame.line(f"{name} = {source} + {rowid}")
        elif nullable and not index.nulls_not_distinct:
            frame.line(f"{name} = {source}")
            test = " or ".join(f"{field} is None" for field in nullable)
            with frame.block(f"if {test}:"):
                frame.line(f"{name} += {rowid}")
        else:
            frame.line(f"{name} = {source}")
        if partial:
            context.__exit__(None, None, None)
        return partial, f"({', '.join(values)},)"

    def _emit_removal(self, frame: Frame, index: Index, name: str) -> None:
        """The entry goes. While a unique index is built it may be that of another row with the same key."""
        if index.valid or not index.unique:
            frame.line(f"pending[{name}] = None")
        else:
            frame.line(f"remove_own(txn, {name}, id8)")

    def _entry_value(self, index: Index, row: str, rowid: str) -> str:
        if not index.include:
            return rowid
        fields = ", ".join(f"{row}[{attnum - 1}]" for attnum in index.include)
        return f"{rowid} + encode(({fields},))"

    def _emit_unique(
        self,
        frame: Frame,
        index: Index,
        name: str,
        values: str,
        unit: Unit,
        rowid: str,
        last: str | None = None,
    ) -> None:
        """The unique check of an entry that is about to be written; `last` names the last key that
        earlier commands know of."""
        if not index.unique:
            return
        constant = unit.constant(index, "index")
        if index.deferrable:
            unit.globals["queue_unique"] = deferred.queue_unique
            frame.line(f"queue_unique(txn, relation, {constant}, {name}[:-8], {values})")
            return
        frame.line(f"found = pending.get({name}, MISSING)")
        with frame.block("if found is MISSING:"):
            look_up = f"found = txn.unique_entry({name}, {self.rows_prefix!r})"
            if last is None:
                frame.line(look_up)
            else:
                with frame.block(f"if {name} > {last} and txn.claim({name}):"):
                    frame.line("found = None")
                with frame.block("else:"):
                    frame.line(look_up)
                    frame.line(f"{last} = txn.last_key({name}[:4], {last})")
        with frame.block("if found is not None:"):
            frame.line(f"raise fail_unique(ctx, relation, {constant}, {values})")

    def _indexes(self) -> list[Index]:
        """All indexes, unique ones first, the primary key before all: as PostgreSQL checks them by
        oid, the first made is the first to complain."""
        return sorted(self.relation.indexes, key=lambda index: index.oid)

    def _store_function(self) -> Any:
        unit = self._unit()
        frame = unit.root
        relation = self.relation
        frame.line("txn = ctx.transaction")
        frame.line("pending = txn.pending")
        frame.line(f"rowid = txn.next_rowid({relation.storage_id})")
        frame.line("id8 = ROWID(rowid)")
        scope = self._scope(unit, "n", trust_not_null=True)
        for index in self._indexes():
            name = unit.fresh("entry")
            partial, values = self._emit_key(scope, frame, index, "id8", name)
            if partial:
                with frame.block(f"if {name} is not None:"):
                    self._emit_unique(frame, index, name, values, unit, "id8")
                    frame.line(f"pending[{name}] = {self._entry_value(index, 'n', 'id8')}")
            else:
                self._emit_unique(frame, index, name, values, unit, "id8")
                frame.line(f"pending[{name}] = {self._entry_value(index, 'n', 'id8')}")
        frame.line(f"pending[row_key({relation.storage_id}, rowid)] = encode(n)")
        self._emit_child_checks(unit, frame, scope, None)
        frame.line("return rowid")
        return self._compile(unit, "store(ctx, n)")

    def _bulk_function(self) -> Any:
        unit = self._unit()
        frame = unit.root
        relation = self.relation
        frame.line("txn = ctx.transaction")
        frame.line("pending = txn.pending")
        frame.line(f"first = rowid = txn.rowids({relation.storage_id}, len(rows)).start")
        indexes = self._indexes()
        lasts: dict[int, str] = {}
        for index in indexes:
            if index.unique and not index.deferrable:
                prefix = self.catalog.relation(index.oid).storage_id.to_bytes(4, "big")
                lasts[index.oid] = unit.fresh("last")
                frame.line(f"{lasts[index.oid]} = txn.last_key({prefix!r}, None)")
        alone = not any(_checked(foreign_key, "insert") for foreign_key in relation.foreign_keys)
        if alone and not indexes:
            self._emit_all_at_once(frame)
        if alone:  # no check will look for the rows before the statement has ended
            frame.line("values = []")
        with frame.block("try:"), frame.block("for n in rows:"):
            for column in relation.columns:
                if column.notnull and not column.dropped:
                    with frame.block(f"if n[{column.attnum - 1}] is None:"):
                        frame.line(f"raise fail_null(ctx, relation, {column.attnum}, engine_values(n))")
            frame.line("id8 = ROWID(rowid)")
            scope = self._scope(unit, "n", trust_not_null=True)
            for index in indexes:
                name = unit.fresh("entry")
                _, values = self._emit_key(scope, frame, index, "id8", name)
                self._emit_unique(frame, index, name, values, unit, "id8", lasts.get(index.oid))
                frame.line(f"pending[{name}] = {self._entry_value(index, 'n', 'id8')}")
            if alone:
                frame.line("values.append(encode(n))")
            else:
                frame.line(f"pending[{self.rows_prefix!r} + id8] = encode(n)")
            self._emit_child_checks(unit, frame, scope, None)
            frame.line("rowid += 1")
        with frame.block("except Exception as error:"):
            frame.line("error.bulk_place = rowid - first")
            frame.line("raise")
        if alone:
            frame.line(f"txn.load_rows({self.rows_prefix!r}, first, values)")
        return self._compile(unit, "bulk(ctx, rows)")

    def _emit_all_at_once(self, frame: Frame) -> None:
        """Rows of which nothing else hangs are encoded and stored without a loop of our own; if one is not
        as it should be, the loop that follows finds it."""
        relation = self.relation
        required = [c.attnum - 1 for c in relation.columns if c.notnull and not c.dropped]
        tests = [f"None not in [n[{place}] for n in rows]" for place in required]
        with frame.block(f"if {' and '.join(tests) or 'True'}:"):
            frame.line(f"txn.load_rows({self.rows_prefix!r}, first, [*map(encode, rows)])")
            frame.line("return")

    def _emit_child_checks(
        self, unit: Unit, frame: Frame, scope: Scope, old: Scope | None, changed: frozenset[int] | None = None
    ) -> None:
        for foreign_key in self.relation.foreign_keys:
            if not _checked(foreign_key, "insert" if old is None else "update") or (
                changed is not None and not changed.intersection(foreign_key.columns)
            ):
                continue
            unit.globals["queue_child"] = deferred.queue_child
            constant = unit.constant(foreign_key, "foreign_key")
            new = self._values(scope, foreign_key.columns)
            if old is None:
                frame.line(f"queue_child(txn, {constant}, {new})")
            else:
                with frame.block(
                    f"if {self._raw('n', foreign_key.columns)} != {self._raw('o', foreign_key.columns)}:"
                ):
                    frame.line(f"queue_child(txn, {constant}, {new})")

    def _emit_parent_checks(
        self, unit: Unit, frame: Frame, old: Scope, new: Scope | None, changed: frozenset[int] | None = None
    ) -> None:
        for foreign_key in self.relation.referenced_by:
            if not _checked(foreign_key, "delete" if new is None else "update") or (
                changed is not None and not changed.intersection(foreign_key.refcolumns)
            ):
                continue
            unit.globals["queue_parent"] = deferred.queue_parent
            constant = unit.constant(foreign_key, "foreign_key")
            before = self._values(old, foreign_key.refcolumns)
            if new is None:
                frame.line(f"queue_parent(txn, {constant}, {before}, None)")
            else:
                raw_new, raw_old = (
                    self._raw("n", foreign_key.refcolumns),
                    self._raw("o", foreign_key.refcolumns),
                )
                with frame.block(f"if {raw_new} != {raw_old}:"):
                    after = self._values(new, foreign_key.refcolumns)
                    frame.line(f"queue_parent(txn, {constant}, {before}, {after})")

    def _values(self, scope: Scope, attnums: Iterable[int]) -> str:
        codes = [value(scope, Var(1, attnum, self.relation.columns[attnum - 1].typid)) for attnum in attnums]
        return f"({', '.join(code.source for code in codes)},)"

    def _raw(self, row: str, attnums: Iterable[int]) -> str:
        return f"({', '.join(f'{row}[{attnum - 1}]' for attnum in attnums)},)"

    def _update_function(self, changed: frozenset[int]) -> Any:
        """update(ctx, rowid, o, n): o the old stored row (at full width), n the new one."""
        unit = self._unit()
        frame = unit.root
        relation = self.relation
        generated = {column.attnum for column in relation.columns if column.generated == "s"}
        touched = changed | generated
        unit.globals["prepare_update"] = self._prepare_function(frozenset(touched))
        frame.line("prepare_update(ctx, n)")
        frame.line("txn = ctx.transaction")
        frame.line("pending = txn.pending")
        new = self._scope(unit, "n", trust_not_null=True)
        old = self._scope(unit, "o", trust_not_null=True)
        indexes = [index for index in self._indexes() if _index_touched(index, touched, relation)]
        if indexes:
            frame.line("id8 = ROWID(rowid)")
        for index in indexes:
            before, after = unit.fresh("before"), unit.fresh("after")
            self._emit_key(old, frame, index, "id8", before)
            _, values = self._emit_key(new, frame, index, "id8", after)
            same_include = " and ".join(f"o[{attnum - 1}] == n[{attnum - 1}]" for attnum in index.include)
            test = f"{before} != {after}" + (f" or not ({same_include})" if same_include else "")
            with frame.block(f"if {test}:"):
                with frame.block(f"if {before} is not None:"):
                    self._emit_removal(frame, index, before)
                with frame.block(f"if {after} is not None:"):
                    self._emit_unique(frame, index, after, values, unit, "id8")
                    frame.line(f"pending[{after}] = {self._entry_value(index, 'n', 'id8')}")
        frame.line(f"pending[row_key({relation.storage_id}, rowid)] = encode(n)")
        self._emit_child_checks(unit, frame, new, old, touched)
        self._emit_parent_checks(unit, frame, old, new, touched)
        frame.line("return")
        return self._compile(unit, "update(ctx, rowid, o, n)")

    def _remove_function(self) -> Any:
        unit = self._unit()
        frame = unit.root
        relation = self.relation
        frame.line("txn = ctx.transaction")
        frame.line("pending = txn.pending")
        scope = self._scope(unit, "o", trust_not_null=True)
        indexes = self._indexes()
        if indexes:
            frame.line("id8 = ROWID(rowid)")
        for index in indexes:
            name = unit.fresh("entry")
            partial, _ = self._emit_key(scope, frame, index, "id8", name)
            if partial:
                with frame.block(f"if {name} is not None:"):
                    self._emit_removal(frame, index, name)
            else:
                self._emit_removal(frame, index, name)
        frame.line(f"pending[row_key({relation.storage_id}, rowid)] = None")
        self._emit_parent_checks(unit, frame, scope, None)
        frame.line("return")
        return self._compile(unit, "remove(ctx, rowid, o)")

    def _conflict_function(self, indexes: tuple[int, ...]) -> Any:
        unit = self._unit()
        frame = unit.root
        frame.line("txn = ctx.transaction")
        frame.line("pending = txn.pending")
        scope = self._scope(unit, "n", trust_not_null=True)
        for index in self._indexes():
            if not index.unique or (indexes and index.oid not in indexes):
                continue
            name = unit.fresh("entry")
            self._emit_key(scope, frame, index, "b''", name)
            if index.deferrable:
                from ..errors import SqlError
                from ..sqlstates import OBJECT_NOT_IN_PREREQUISITE_STATE

                raise SqlError(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as "
                    "arbiters",
                )
            with frame.block(f"if {name} is not None:"):
                frame.line(f"found = pending.get({name}, MISSING)")
                with frame.block("if found is MISSING:"):
                    frame.line(f"found = txn.conflicting_entry({name}, {self.rows_prefix!r})")
                with frame.block("if found is not None:"):
                    # a key with a NULL in it is never found: entries with NULLs end with a row id
                    frame.line("return int.from_bytes(found[:8], 'big')")
        frame.line("return 0")
        return self._compile(unit, "conflict(ctx, n)")


def _checked(foreign_key: ForeignKey, event: str) -> bool:
    return foreign_key.enforced and event not in foreign_key.silent


def stored_values(catalog: Any, relation: Relation, row: list[Any]) -> list[Any]:
    """The engine values of a stored row."""
    from ..types.storage import unpack_value

    out = []
    for column in relation.columns:
        stored = row[column.attnum - 1] if column.attnum <= len(row) else None
        out.append(None if stored is None or column.dropped else unpack_value(catalog, column.typid, stored))
    return out


def _touches(expr: Any, changed: frozenset[int], relation: Relation) -> bool:
    for node in walk(expr):
        if isinstance(node, Var) and (node.varattno in changed or node.varattno == 0):
            return True
    return False


def _index_touched(index: Index, changed: frozenset[int], relation: Relation) -> bool:
    if changed.intersection(index.include):
        return True
    for key in index.keys:
        if key.attnum in changed or (key.expr is not None and _touches(key.expr, changed, relation)):
            return True
    return index.predicate is not None and _touches(index.predicate, changed, relation)


def table_writer(catalog: Any, settings: Any, relid: int) -> TableWriter:
    """The writer of a table, from the Catalog's cache."""
    cached = catalog.cache.get(("writer", relid))
    if cached is None:
        # Without the settings: what the catalogs keep must not keep a session.
        cached = catalog.cache["writer", relid] = TableWriter(catalog, None, catalog.relation(relid))
    return cached
