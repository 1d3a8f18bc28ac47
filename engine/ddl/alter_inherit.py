"""ALTER TABLE ... [NO] INHERIT, and what ATTACH and DETACH PARTITION share with it: a table that is there
becomes a child, or ceases to be one (CreateInheritance, RemoveInheritance)."""

from collections.abc import Callable
from typing import Any

from ..catalog.inheritance import attribute_map, descendants, renumber
from ..errors import SqlError
from ..sqlstates import (
    COLLATION_MISMATCH,
    DATATYPE_MISMATCH,
    DUPLICATE_TABLE,
    INVALID_OBJECT_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
)
from ..tree import strip_locations
from .dependencies import PG_CLASS
from .inheriting import store_parent
from .names import find_relation, require_owner

FINALIZE_HINT = "Use ALTER TABLE ... DETACH PARTITION ... FINALIZE to complete the pending detach operation."


def create_inheritance(ctx: Any, oid: int, parent: int, *, partition: bool) -> None:
    """A table becomes a child: its columns and constraints must be (at least) those of the parent."""
    catalog = ctx.transaction.catalog
    child, above = catalog.relation(oid), catalog.relation(parent)
    links = catalog.pg_inherits.find("inhrelid", oid)
    if any(link.inhparent == parent for link in links):
        raise SqlError(DUPLICATE_TABLE, f'relation "{above.name}" would be inherited from more than once')
    _merge_columns(ctx, child, above, partition=partition)
    _merge_constraints(ctx, child, above, partition=partition)
    number = max((link.inhseqno for link in links), default=0) + 1
    store_parent(ctx, oid, parent, number, partition=partition)


def check_circular(ctx: Any, oid: int, parent: int) -> None:
    """42P07 if the parent is below the child."""
    catalog = ctx.transaction.catalog
    if parent in descendants(catalog, oid):
        child, above = catalog.pg_class.get(oid).relname, catalog.pg_class.get(parent).relname
        raise SqlError(
            DUPLICATE_TABLE,
            "circular inheritance not allowed",
            detail=f'"{above}" is already a child of "{child}".',
        )


def _merge_columns(ctx: Any, child: Any, parent: Any, *, partition: bool) -> None:
    """MergeAttributesIntoExisting."""
    transaction = ctx.transaction
    mine = {column.name: column for column in child.columns if not column.dropped}
    for column in parent.columns:
        if column.dropped:
            continue
        own = mine.get(column.name)
        if own is None:
            raise SqlError(DATATYPE_MISMATCH, f'child table is missing column "{column.name}"')
        _check_column(parent, child, column, own)
        row = transaction.catalog.pg_attribute.get(child.oid, own.attnum)
        values: dict[str, Any] = {"attinhcount": row.attinhcount + 1}
        if partition:
            values.update(attislocal=False, attidentity=column.identity)
        transaction.catalog_update("pg_attribute", row, row._replace(**values))


def check_same_type(child: Any, own: Any, column: Any) -> None:
    """A child's column must be as its parent's is, or is to be."""
    if (column.typid, column.typmod) != (own.typid, own.typmod):
        raise SqlError(
            DATATYPE_MISMATCH, f'child table "{child.name}" has different type for column "{column.name}"'
        )
    if column.collation != own.collation:
        raise SqlError(
            COLLATION_MISMATCH,
            f'child table "{child.name}" has different collation for column "{column.name}"',
        )


def _check_column(parent: Any, child: Any, column: Any, own: Any) -> None:
    check_same_type(child, own, column)
    constraint = parent.extra.get("not_null", {}).get(column.attnum)
    if constraint is not None and not constraint.connoinherit:
        if own.attnum not in child.extra.get("not_null", {}):
            raise SqlError(
                DATATYPE_MISMATCH,
                f'column "{column.name}" in child table "{child.name}" must be marked NOT NULL',
            )
    if column.generated != own.generated:
        if column.generated and own.generated:
            words = {"s": "STORED", "v": "VIRTUAL"}
            raise SqlError(
                DATATYPE_MISMATCH,
                f'column "{column.name}" inherits from generated column of different kind',
                detail=f"Parent column is {words[column.generated]}, child column is {words[own.generated]}.",
            )
        must = "must be" if column.generated else "must not be"
        raise SqlError(DATATYPE_MISMATCH, f'column "{column.name}" in child table {must} a generated column')


def _merge_constraints(ctx: Any, child: Any, parent: Any, *, partition: bool) -> None:
    """MergeConstraintsIntoExisting."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    numbers = attribute_map(parent, child)
    by_name = {check.name: check for check in child.checks}
    for check in sorted(parent.checks, key=lambda item: item.name):
        row = catalog.pg_constraint.get(check.oid)
        if row.connoinherit:
            continue
        own = by_name.get(check.name)
        if own is None:
            raise SqlError(DATATYPE_MISMATCH, f'child table is missing constraint "{check.name}"')
        if strip_locations(renumber(check.expr, numbers)) != strip_locations(own.expr):
            raise SqlError(
                DATATYPE_MISMATCH,
                f'child table "{child.name}" has different definition for check constraint "{check.name}"',
            )
        _merge_constraint(ctx, child, row, catalog.pg_constraint.get(own.oid), partition=partition)
    for attnum, row in parent.extra.get("not_null", {}).items():
        if not row.connoinherit:
            own_row = child.extra["not_null"][numbers[attnum]]
            _merge_constraint(ctx, child, row, own_row, partition=partition)


def _merge_constraint(ctx: Any, child: Any, row: Any, own: Any, *, partition: bool) -> None:
    problem = None
    if own.connoinherit:
        problem = "non-inherited"
    elif row.convalidated and own.conenforced and not own.convalidated:
        problem = "NOT VALID"
    elif row.conenforced and not own.conenforced:
        problem = "NOT ENFORCED"
    if problem is not None:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'constraint "{own.conname}" conflicts with {problem} constraint on child table "{child.name}"',
        )
    values: dict[str, Any] = {"coninhcount": own.coninhcount + 1}
    if partition:
        values["conislocal"] = False
    ctx.transaction.catalog_update("pg_constraint", own, own._replace(**values))


def _check_pending(child: Any, link: Any, pending: bool) -> None:
    """55000 if a partition's detach is pending, or (`pending`) is not (DeleteInheritsTuple)."""
    if link.inhdetachpending and not pending:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot detach partition "{child.name}"',
            detail="The partition is being detached concurrently or has an incomplete detach.",
            hint=FINALIZE_HINT,
        )
    if pending and not link.inhdetachpending:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot complete detaching partition "{child.name}"',
            detail="There's no pending concurrent detach.",
        )


def mark_detaching(ctx: Any, oid: int, parent: int) -> None:
    """The first half of DETACH CONCURRENTLY (MarkInheritDetached): 55000 if any detach is pending."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    child, above = catalog.pg_class.get(oid), catalog.pg_class.get(parent)
    found = None
    for link in catalog.pg_inherits.find("inhparent", parent):
        if link.inhdetachpending:
            name = catalog.pg_class.get(link.inhrelid).relname
            schema = catalog.pg_namespace.get(above.relnamespace).nspname
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f'partition "{name}" already pending detach in partitioned table "{schema}.{above.relname}"',
                hint=FINALIZE_HINT,
            )
        if link.inhrelid == oid:
            found = link
    if found is None:
        raise _no_partition(child.relname, above.relname)
    transaction.catalog_update("pg_inherits", found, found._replace(inhdetachpending=True))
    transaction.catalog_touch("pg_class", above)


def _no_partition(child: str, parent: str) -> SqlError:
    return SqlError(UNDEFINED_TABLE, f'relation "{child}" is not a partition of relation "{parent}"')


def remove_inheritance(ctx: Any, oid: int, parent: int, *, partition: bool, pending: bool = False) -> None:
    """A child is on its own: what it had of the parent becomes its own. `pending`: as DETACH CONCURRENTLY has
    begun."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    child, above = catalog.relation(oid), catalog.relation(parent)
    links = [link for link in catalog.pg_inherits.find("inhrelid", oid) if link.inhparent == parent]
    if not links:
        if partition:
            raise _no_partition(child.name, above.name)
        raise SqlError(UNDEFINED_TABLE, f'relation "{above.name}" is not a parent of relation "{child.name}"')
    for link in links:
        _check_pending(child, link, pending)
        transaction.catalog_delete("pg_inherits", link)
    mine = {column.name: column.attnum for column in child.columns if not column.dropped}
    names = {column.attnum: column.name for column in above.columns if not column.dropped}
    # a column that the parent has got while the partition was being detached is missing
    numbers = {attnum: mine[name] for attnum, name in names.items() if name in mine}
    for attnum in numbers.values():
        row = catalog.pg_attribute.get(oid, attnum)
        left = max(row.attinhcount - 1, 0)
        values: dict[str, Any] = {"attinhcount": left, "attislocal": row.attislocal or not left}
        if partition:
            values["attidentity"] = ""
        transaction.catalog_update("pg_attribute", row, row._replace(**values))
    inherited = {check.name for check in above.checks}
    for check in child.checks:
        if check.name in inherited:
            _release_constraint(ctx, catalog.pg_constraint.get(check.oid))
    for attnum, constraint in above.extra.get("not_null", {}).items():
        own = child.extra.get("not_null", {}).get(numbers.get(attnum))
        if own is not None and not constraint.connoinherit:
            _release_constraint(ctx, own)
    for row in catalog.pg_depend.find("classid_objid", PG_CLASS, oid):
        if (row.refclassid, row.refobjid, row.refobjsubid) == (PG_CLASS, parent, 0) and not row.objsubid:
            transaction.catalog_delete("pg_depend", row)
    transaction.catalog_touch("pg_class", transaction.catalog.pg_class.get(parent))
    transaction.catalog_touch("pg_class", transaction.catalog.pg_class.get(oid))


def _release_constraint(ctx: Any, row: Any) -> None:
    left = max(row.coninhcount - 1, 0)
    ctx.transaction.catalog_update(
        "pg_constraint", row, row._replace(coninhcount=left, conislocal=row.conislocal or not left)
    )


# --- the actions -------------------------------------------------------------------------------------


def _refuse_partitions(alteration: Any) -> None:
    relation = alteration.relation
    if relation.row.relispartition:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot change inheritance of a partition")
    if relation.kind == "p":
        raise SqlError(WRONG_OBJECT_TYPE, "cannot change inheritance of partitioned table")


def add_inherit(alteration: Any, action: Any) -> None:
    """INHERIT parent."""
    _refuse_partitions(alteration)
    ctx = alteration.ctx
    parent = find_relation(ctx, action.def_)
    assert parent is not None
    above = ctx.transaction.catalog.relation(parent)
    require_owner(ctx, above.row)
    if above.kind not in "rpf":
        from .indexes import unsuitable_relation

        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'ALTER action INHERIT cannot be performed on relation "{above.name}"',
            detail=unsuitable_relation(above.kind),
        )
    if above.persistence == "t" and alteration.relation.persistence != "t":
        raise SqlError(WRONG_OBJECT_TYPE, f'cannot inherit from temporary relation "{above.name}"')
    if above.kind == "p":
        raise SqlError(WRONG_OBJECT_TYPE, f'cannot inherit from partitioned table "{above.name}"')
    if above.row.relispartition:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot inherit from a partition")
    check_circular(ctx, alteration.relid, parent)
    create_inheritance(ctx, alteration.relid, parent, partition=False)


def drop_inherit(alteration: Any, action: Any) -> None:
    """NO INHERIT parent."""
    if alteration.relation.row.relispartition:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot change inheritance of a partition")
    parent = find_relation(alteration.ctx, action.def_)
    assert parent is not None
    remove_inheritance(alteration.ctx, alteration.relid, parent, partition=False)


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_AddInherit": add_inherit,
    "AT_DropInherit": drop_inherit,
}
