"""Deleting objects with what depends on them: PostgreSQL's performDeletion (catalog/dependency.c)."""

from typing import Any

from ..errors import Notice, SqlError
from ..sqlstates import DEPENDENT_OBJECTS_STILL_EXIST
from .dependencies import (
    AUTO,
    INTERNAL,
    NORMAL,
    PG_ATTRDEF,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_PROC,
    PG_REWRITE,
    PG_TYPE,
    Address,
)
from .objects import describe_object

DETAIL_LINES_MAX = 100
_ORIGINAL = "original"


class Deletion:
    """The set of objects that go, in an order in which dependents come first."""

    def __init__(self, ctx: Any, *, cascade: bool, quiet: bool = False) -> None:
        self.ctx = ctx
        self.transaction = ctx.transaction
        self.catalog = ctx.transaction.catalog
        self.path = ctx.session.search_path(self.catalog)
        self.cascade = cascade
        self.quiet = quiet
        self.order: list[Address] = []  # referenced objects first
        self.why: dict[Address, tuple[str, Address | None]] = {}

    def add(self, address: Address) -> None:
        """An object that the command names."""
        owner = self._internal_owner(address)
        if owner is not None:
            what = describe_object(self.catalog, self.path, address)
            by = describe_object(self.catalog, self.path, owner)
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                f"cannot drop {what} because {by} requires it",
                hint=f"You can drop {by} instead.",
            )
        if address in self.why:
            self.why[address] = (_ORIGINAL, None)
            return
        self._visit(address, _ORIGINAL, None)

    def _internal_owner(self, address: Address) -> Address | None:
        for row in self.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
            if row.deptype == INTERNAL and (not address.objsubid or row.objsubid == address.objsubid):
                if row.objsubid != 0 and address.objsubid == 0:
                    continue
                owner = Address(row.refclassid, row.refobjid, row.refobjsubid)
                if not any(self._covers(one, owner) for one in self.why):
                    return owner
        return None

    @staticmethod
    def _covers(one: Address, other: Address) -> bool:
        return one == other or (one.classid == other.classid and one.objid == other.objid and one.objsubid == 0)

    def _visit(self, address: Address, kind: str, parent: Address | None) -> None:
        found = self.why.get(address)
        if found is not None:
            if found[0] == NORMAL and kind in (AUTO, INTERNAL):
                self.why[address] = (kind, parent)
            return
        whole = Address(address.classid, address.objid)
        if address.objsubid and whole in self.why:
            return
        self.why[address] = (kind, parent)
        self.order.append(address)
        rows = self.catalog.pg_depend.find("refclassid_refobjid", address.classid, address.objid)
        dependents = []
        for row in rows:
            if address.objsubid and row.refobjsubid != address.objsubid:
                continue
            dependent = Address(row.classid, row.objid, row.objsubid)
            if self._covers(address, dependent):
                continue
            dependents.append((row.deptype, dependent))
        # what goes silently first, so that it is not counted as depending on something later
        for deptype, dependent in sorted(dependents, key=lambda item: (item[0] == NORMAL, item[1])):
            target = dependent
            owner = self._rule_owner(dependent)
            if owner is not None:
                target, deptype = owner, NORMAL if deptype == NORMAL else deptype
            self._visit(target, deptype, address)

    def _rule_owner(self, address: Address) -> Address | None:
        """A view's rule or a type's relation stands for the object that it belongs to internally."""
        if address.classid not in (PG_REWRITE, PG_TYPE, PG_CLASS, PG_CONSTRAINT):
            return None
        for row in self.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
            if row.deptype == INTERNAL and not row.refobjsubid and not row.objsubid:
                owner = Address(row.refclassid, row.refobjid)
                if owner not in self.why:
                    return owner
        return None

    def check(self) -> None:
        """RESTRICT: 2BP01 if anything is left that is not dropped silently; CASCADE: tell of it."""
        reported = [
            (address, parent) for address in self.order
            for kind, parent in (self.why[address],)
            if kind == NORMAL and parent is not None
        ]
        if not reported:
            return
        if not self.cascade:
            lines = [
                f"{describe_object(self.catalog, self.path, address)} depends on "
                f"{describe_object(self.catalog, self.path, parent)}"
                for address, parent in reported[:DETAIL_LINES_MAX]
            ]
            if len(reported) > DETAIL_LINES_MAX:
                extra = len(reported) - DETAIL_LINES_MAX
                lines.append(f"and {extra} other object{'s' if extra > 1 else ''} (see server log for list)")
            originals = [address for address in self.order if self.why[address][0] == _ORIGINAL]
            if len(originals) == 1:
                what = describe_object(self.catalog, self.path, originals[0])
                message = f"cannot drop {what} because other objects depend on it"
            else:
                message = "cannot drop desired object(s) because other objects depend on them"
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST, message, detail="\n".join(lines),
                hint="Use DROP ... CASCADE to drop the dependent objects too.",
            )
        if self.quiet:
            return
        lines = [
            f"drop cascades to {describe_object(self.catalog, self.path, address)}"
            for address, _ in reported[:DETAIL_LINES_MAX]
        ]
        if len(reported) > DETAIL_LINES_MAX:
            extra = len(reported) - DETAIL_LINES_MAX
            lines.append(f"and {extra} other object{'s' if extra > 1 else ''} (see server log for list)")
        if len(reported) == 1:
            self.ctx.notice(Notice(lines[0]))
        else:
            self.ctx.notice(
                Notice(f"drop cascades to {len(reported)} other objects", detail="\n".join(lines))
            )

    def perform(self) -> None:
        """Delete everything, dependents first."""
        self.check()
        for address in reversed(self.order):
            _delete_object(self.ctx, address)


def perform_deletion(ctx: Any, addresses: list[Address], *, cascade: bool, quiet: bool = False) -> None:
    """Drop the objects and, silently or by CASCADE, what depends on them."""
    deletion = Deletion(ctx, cascade=cascade, quiet=quiet)
    for address in addresses:
        deletion.why[address] = (_ORIGINAL, None)
    deletion.why.clear()
    named = set(addresses)
    for address in addresses:
        if any(other != address and _belongs(ctx, address, other) for other in named):
            continue
        deletion.add(address)
    deletion.perform()


def _belongs(ctx: Any, address: Address, other: Address) -> bool:
    return any(
        row.deptype == INTERNAL and row.refclassid == other.classid and row.refobjid == other.objid
        for row in ctx.transaction.catalog.pg_depend.find("classid_objid", address.classid, address.objid)
    )


def _delete_object(ctx: Any, address: Address) -> None:
    """The rows of one object."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    if address.classid == PG_CLASS and address.objsubid:
        from .columns import drop_column_rows

        drop_column_rows(ctx, address.objid, address.objsubid)
    else:
        deleter = _DELETERS.get(address.classid)
        if deleter is not None:
            deleter(ctx, address.objid)
        else:
            _delete_row(ctx, address.classid, address.objid)
    for row in catalog.pg_depend.find("classid_objid", address.classid, address.objid):
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
            others = [other for other in catalog.pg_index.find("indrelid", index.indrelid) if other.indexrelid != oid]
            transaction.catalog_update("pg_class", table, table._replace(relhasindex=bool(others)))
    if row.relkind == "S":
        sequence = catalog.pg_sequence.get(oid)
        if sequence is not None:
            transaction.catalog_delete("pg_sequence", sequence)
    for attribute in catalog.pg_attribute.find("attrelid", oid):
        transaction.catalog_delete("pg_attribute", attribute)
    for statistic in catalog.pg_statistic.find("starelid", oid):
        transaction.catalog_delete("pg_statistic", statistic)
    transaction.catalog_delete("pg_class", row)


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
        transaction.catalog_update("pg_attribute", attribute, attribute._replace(atthasdef=False, attgenerated=""))


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
    PG_CLASS: _delete_relation, PG_CONSTRAINT: _delete_constraint, PG_ATTRDEF: _delete_default,
    PG_TYPE: _delete_type, PG_PROC: _delete_function,
}
