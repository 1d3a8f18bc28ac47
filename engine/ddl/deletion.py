"""Deleting objects with what depends on them: PostgreSQL's performDeletion (catalog/dependency.c)."""

from functools import partial
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK

from ..errors import Notice, SqlError
from ..relationlocks import is_lockable, lock_relation
from ..sqlstates import DEPENDENT_OBJECTS_STILL_EXIST
from .dependencies import (
    AUTO,
    INTERNAL,
    PG_ATTRDEF,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_PROC,
    PG_TYPE,
    Address,
)
from .objects import describe_object

DETAIL_LINES_MAX = 100
_ORIGINAL = "original"
_SUBOBJECT = "subobject"  # a column of a table that goes as a whole
PARTITION_PRI, PARTITION_SEC = "P", "S"  # parts of partitions: they go with the parent's, or the partition
_PARTITION = frozenset((PARTITION_PRI, PARTITION_SEC))
_SILENT = frozenset((_ORIGINAL, _SUBOBJECT, AUTO, INTERNAL, PARTITION_PRI, PARTITION_SEC))


class _Target:
    """An object that goes: how it was reached, and from which."""

    __slots__ = ("address", "dependee", "flags")

    def __init__(self, address: Address, flags: set[str], dependee: Address | None) -> None:
        self.address = address
        self.flags = flags
        self.dependee = dependee


class _Frame:
    """An object whose dependents are being looked for."""

    __slots__ = ("address", "flags", "parent")

    def __init__(self, address: Address, flags: set[str], parent: "_Frame | None") -> None:
        self.address = address
        self.flags = flags
        self.parent = parent


class Deletion:
    """The set of objects that go, dependents before what they depend on (findDependentObjects)."""

    def __init__(self, ctx: Any, *, cascade: bool, quiet: bool = False) -> None:
        self.ctx = ctx
        self.transaction = ctx.transaction
        self.catalog = ctx.transaction.catalog
        self.path = ctx.session.search_path(self.catalog)
        self.cascade = cascade
        self.quiet = quiet
        self.targets: list[_Target] = []
        self.by_object: dict[tuple[int, int], list[_Target]] = {}
        self.named: list[Address] = []

    def add(self, address: Address) -> None:
        """An object that the command names."""
        self._find(address, _ORIGINAL, None)

    def _in_targets(self, address: Address, flag: str) -> bool:
        found = False
        for target in self.by_object.get(address[:2], ()):
            if target.address.objsubid == address.objsubid:
                target.flags.add(flag)
                found = True
            elif target.address.objsubid == 0:
                found = True
            elif address.objsubid == 0:
                target.flags.update((flag, _SUBOBJECT))
        return found

    @staticmethod
    def _on_stack(address: Address, flag: str | None, frame: "_Frame | None") -> bool:
        found = False
        while frame is not None:
            if frame.address[:2] == address[:2]:
                if frame.address.objsubid == address.objsubid:
                    if flag is not None:
                        frame.flags.add(flag)
                    found = True
                elif frame.address.objsubid == 0:
                    found = True
                elif address.objsubid == 0 and flag is not None:
                    frame.flags.update((flag, _SUBOBJECT))
            frame = frame.parent
        return found

    def _find(self, address: Address, flag: str, stack: "_Frame | None") -> None:
        if self._on_stack(address, flag, stack) or self._in_targets(address, flag):
            return
        if not self._check_owner(address, flag, stack):
            return
        rows = self.catalog.pg_depend.find("refclassid_refobjid", address.classid, address.objid)
        dependents = []
        for row in rows:
            if address.objsubid and row.refobjsubid != address.objsubid:
                continue
            if row.classid == address.classid and row.objid == address.objid:
                continue
            dependents.append((-row.objid, row.classid, row.objsubid, row.deptype))
        frame = _Frame(address, {flag}, stack)
        for objid, classid, objsubid, deptype in sorted(dependents):
            self._find(Address(classid, -objid, objsubid), deptype, frame)
        target = _Target(address, frame.flags, None if stack is None else stack.address)
        self.targets.append(target)
        self.by_object.setdefault(address[:2], []).append(target)

    def _check_owner(self, address: Address, flag: str, stack: "_Frame | None") -> bool:
        """False: the object is an internal part of another one, which has been dealt with instead."""
        owner: Address | None = None
        for row in self.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
            if row.deptype != INTERNAL or (address.objsubid and row.objsubid != address.objsubid):
                continue
            other = Address(row.refclassid, row.refobjid, row.refobjsubid)
            if other[:2] == address[:2] and (other.objsubid or not address.objsubid):
                continue  # generated columns; but one of a partition key goes with its table only
            if stack is None:
                if any(one == other or (one[:2] == other[:2] and not one.objsubid) for one in self.named):
                    return False
                owner = other
                continue
            if self._on_stack(other, None, stack):
                continue
            self._find(other, flag, stack)
            self._in_targets(address, flag)
            return False
        if owner is not None:
            for row in self.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
                if row.deptype == PARTITION_PRI and not address.objsubid:
                    owner = Address(row.refclassid, row.refobjid, row.refobjsubid)
            what = describe_object(self.catalog, self.path, address)
            by = describe_object(self.catalog, self.path, owner)
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                f"cannot drop {what} because {by} requires it",
                hint=f"You can drop {by} instead.",
            )
        return True

    def _check_parts(self) -> None:
        """2BP01 if a part of a partition would go without that and without its parent's counterpart."""
        for target in self.targets:
            if target.flags & _PARTITION or _SUBOBJECT in target.flags:
                continue
            for row in self.catalog.pg_depend.find("classid_objid", *target.address[:2]):
                if row.deptype == PARTITION_PRI and not target.address.objsubid:
                    other = Address(row.refclassid, row.refobjid, row.refobjsubid)
                    what = describe_object(self.catalog, self.path, target.address)
                    by = describe_object(self.catalog, self.path, other)
                    raise SqlError(
                        DEPENDENT_OBJECTS_STILL_EXIST,
                        f"cannot drop {what} because {by} requires it",
                        hint=f"You can drop {by} instead.",
                    )

    def check(self) -> None:
        """RESTRICT: 2BP01 if anything is left that is not dropped silently; CASCADE: tell of it."""
        self._check_parts()
        reported = [target for target in reversed(self.targets) if not target.flags & _SILENT]
        if not reported:
            return
        describe = partial(describe_object, self.catalog, self.path)
        if self.cascade:
            if self.quiet:
                return
            lines = [f"drop cascades to {describe(target.address)}" for target in reported[:DETAIL_LINES_MAX]]
        else:
            lines = []
            for target in reported[:DETAIL_LINES_MAX]:
                assert target.dependee is not None, "named objects are silent"
                lines.append(f"{describe(target.address)} depends on {describe(target.dependee)}")
        if len(reported) > DETAIL_LINES_MAX:
            extra = len(reported) - DETAIL_LINES_MAX
            lines.append(f"and {extra} other object{'s' if extra > 1 else ''} (see server log for list)")
        if not self.cascade:
            if len(self.named) == 1:
                message = f"cannot drop {describe(self.named[0])} because other objects depend on it"
            else:
                message = "cannot drop desired object(s) because other objects depend on them"
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                message,
                detail="\n".join(lines),
                hint="Use DROP ... CASCADE to drop the dependent objects too.",
            )
        if len(reported) == 1:
            self.ctx.notice(Notice(lines[0]))
        else:
            self.ctx.notice(
                Notice(f"drop cascades to {len(reported)} other objects", detail="\n".join(lines))
            )

    def perform(self) -> None:
        """Delete everything, dependents first."""
        self.check()
        for target in self.targets:
            if _SUBOBJECT not in target.flags:
                _delete_object(self.ctx, target.address)


def perform_deletion(ctx: Any, addresses: list[Address], *, cascade: bool, quiet: bool = False) -> None:
    """Drop the objects and, silently or by CASCADE, what depends on them."""
    deletion = Deletion(ctx, cascade=cascade, quiet=quiet)
    deletion.named = list(addresses)
    for address in addresses:
        deletion.add(address)
    deletion.perform()


def _delete_object(ctx: Any, address: Address) -> None:
    """The rows of one object."""
    transaction = ctx.transaction
    if address.classid == PG_CLASS and address.objsubid:
        from .columns import drop_column_rows

        drop_column_rows(ctx, address.objid, address.objsubid)
    else:
        deleter = _DELETERS.get(address.classid)
        if deleter is not None:
            deleter(ctx, address.objid)
        else:
            _delete_row(ctx, address.classid, address.objid)
    for row in transaction.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
        if not address.objsubid or row.objsubid == address.objsubid:
            transaction.catalog_delete("pg_depend", row)
    for row in transaction.catalog.pg_description.find("objoid_classoid", address.objid, address.classid):
        if not address.objsubid or row.objsubid == address.objsubid:
            transaction.catalog_delete("pg_description", row)


def _delete_row(ctx: Any, classid: int, oid: int) -> None:
    table = ctx.transaction.catalog.table(classid)
    row = table.get(oid)
    if row is not None:
        ctx.transaction.catalog_delete(table.name, row)


def _delete_relation(ctx: Any, oid: int) -> None:
    from gaveldb.storage.api import row_span

    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_class.get(oid)
    if row is None:
        return
    if transaction.locking and is_lockable(catalog, oid):
        lock_relation(ctx.session, oid, ACCESS_EXCLUSIVE_LOCK)
    if row.relkind in "rmSiI" and row.relfilenode:
        low, high = row_span(row.relfilenode)
        transaction.delete_range(low, high)
        if row.relkind != "S":
            transaction.validate_range(low, high)
    if row.relkind in "iI":
        index = catalog.pg_index.get(oid)
        transaction.catalog_delete("pg_index", index)
        table = catalog.pg_class.get(index.indrelid)
        if table is not None:
            others = [
                other
                for other in catalog.pg_index.find("indrelid", index.indrelid)
                if other.indexrelid != oid
            ]
            transaction.catalog_update("pg_class", table, table._replace(relhasindex=bool(others)))
    if row.relkind == "S":
        sequence = catalog.pg_sequence.get(oid)
        if sequence is not None:
            transaction.catalog_delete("pg_sequence", sequence)
    _forget_parents(ctx, oid)
    for attribute in catalog.pg_attribute.find("attrelid", oid):
        transaction.catalog_delete("pg_attribute", attribute)
    for statistic in catalog.pg_statistic.find("starelid", oid):
        transaction.catalog_delete("pg_statistic", statistic)
    transaction.catalog_delete("pg_class", row)


def _forget_parents(ctx: Any, oid: int) -> None:
    """A relation that goes is no longer a child, nor partitioned."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    for link in catalog.pg_inherits.find("inhrelid", oid):
        transaction.catalog_delete("pg_inherits", link)
        above = transaction.catalog.pg_class.get(link.inhparent)
        if above is None:
            continue
        transaction.catalog_touch("pg_class", above)
        key = catalog.pg_partitioned_table.get(link.inhparent)
        if key is not None and key.partdefid == oid:
            transaction.catalog_update("pg_partitioned_table", key, key._replace(partdefid=0))
    key = catalog.pg_partitioned_table.get(oid)
    if key is not None:
        transaction.catalog_delete("pg_partitioned_table", key)


def _delete_constraint(ctx: Any, oid: int) -> None:
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_constraint.get(oid)
    if row is None:
        return
    transaction.catalog_delete("pg_constraint", row)
    if not row.conrelid:
        return
    table = catalog.pg_class.get(row.conrelid)
    if table is None:
        return
    if row.contype == "c":
        transaction.catalog_update("pg_class", table, table._replace(relchecks=max(0, table.relchecks - 1)))
    elif row.contype == "n":
        attribute = catalog.pg_attribute.get(row.conrelid, row.conkey.items[0])
        if attribute is not None and attribute.attnotnull:
            transaction.catalog_update("pg_attribute", attribute, attribute._replace(attnotnull=False))
        transaction.catalog_touch("pg_class", table)
    else:
        transaction.catalog_touch("pg_class", table)


def _delete_default(ctx: Any, oid: int) -> None:
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_attrdef.get(oid)
    if row is None:
        return
    transaction.catalog_delete("pg_attrdef", row)
    attribute = catalog.pg_attribute.get(row.adrelid, row.adnum)
    if attribute is not None:
        transaction.catalog_update(
            "pg_attribute", attribute, attribute._replace(atthasdef=False, attgenerated="")
        )


def _delete_type(ctx: Any, oid: int) -> None:
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_type.get(oid)
    if row is None:
        return
    for label in catalog.pg_enum.find("enumtypid", oid):
        transaction.catalog_delete("pg_enum", label)
    transaction.catalog_delete("pg_type", row)


def _delete_function(ctx: Any, oid: int) -> None:
    transaction = ctx.transaction
    aggregate = transaction.catalog.pg_aggregate.get(oid)
    if aggregate is not None:
        transaction.catalog_delete("pg_aggregate", aggregate)
    _delete_row(ctx, PG_PROC, oid)


_DELETERS = {
    PG_CLASS: _delete_relation,
    PG_CONSTRAINT: _delete_constraint,
    PG_ATTRDEF: _delete_default,
    PG_TYPE: _delete_type,
    PG_PROC: _delete_function,
}
