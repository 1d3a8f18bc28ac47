"""ALTER TABLE actions on partitions: ATTACH PARTITION, also of indexes."""

from collections.abc import Callable, Iterator
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK

from ..catalog.inheritance import children_of
from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    INVALID_OBJECT_DEFINITION,
    WRONG_OBJECT_TYPE,
)
from .alter_inherit import check_circular, create_inheritance
from .names import find_relation, require_owner
from .partitionindexes import attach_index_command, copy_or_attach_indexes
from .partitioning import analyse_bound, check_bound, store_bound
from .partitionkeys import copy_foreign_keys, lock_references
from .partitions import lock_table, lock_tree, verify_default, verify_partition
from .triggers import clone_row_triggers


def attach_partition(alteration: Any, action: Any) -> None:
    """ATTACH PARTITION name FOR VALUES ...; of an index: ATTACH PARTITION name."""
    if alteration.relation.kind in "iI":
        alteration.last(attach_index_command(alteration.ctx, alteration.relid, action.def_.name))
        return
    alteration.last(_attach(alteration, action.def_))


def _attach(alteration: Any, command: Any) -> Iterator[Any]:
    """ATExecAttachPartition."""
    ctx, parent = alteration.ctx, alteration.relid
    transaction = ctx.transaction
    catalog = transaction.catalog
    oid = find_relation(ctx, command.name)
    assert oid is not None
    from ..run.partitions import partition_table

    lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)
    _check_attachable(ctx, oid, parent)
    default = partition_table(transaction.catalog, parent).default
    lock_table(ctx, default)
    lock_references(ctx, parent)
    catalog = transaction.catalog
    relation = catalog.relation(oid)
    spec = analyse_bound(ctx, parent, command.bound)
    check_bound(ctx, parent, relation.name, spec, command.bound.location)
    create_inheritance(ctx, oid, parent, partition=True)
    store_bound(ctx, oid, parent, spec)
    yield from copy_or_attach_indexes(ctx, oid, parent)
    clone_row_triggers(ctx, transaction.catalog.relation(parent), transaction.catalog.relation(oid))
    unchecked = copy_foreign_keys(ctx, oid, parent)
    message = 'partition constraint of relation "{}" is violated by some row'
    yield from verify_partition(ctx, oid, message)
    if default and not spec.is_default:
        yield from verify_default(ctx, default)
    for relid, constraint in unchecked:
        alteration.foreign_keys.append((relid, constraint))


def _check_attachable(ctx: Any, oid: int, above: int) -> None:
    catalog = ctx.transaction.catalog
    relation, parent = catalog.relation(oid), catalog.relation(above)
    require_owner(ctx, relation.row)
    if relation.row.relispartition:
        raise SqlError(WRONG_OBJECT_TYPE, f'"{relation.name}" is already a partition')
    if relation.kind not in "rpf":
        from .indexes import unsuitable_relation

        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'ALTER action ATTACH PARTITION cannot be performed on relation "{relation.name}"',
            detail=unsuitable_relation(relation.kind),
        )
    if catalog.pg_inherits.find("inhrelid", relation.oid):
        raise SqlError(WRONG_OBJECT_TYPE, "cannot attach inheritance child as partition")
    if relation.kind == "r" and children_of(catalog, relation.oid):
        raise SqlError(WRONG_OBJECT_TYPE, "cannot attach inheritance parent as partition")
    check_circular(ctx, relation.oid, parent.oid)
    if parent.persistence != "t" and relation.persistence == "t":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot attach a temporary relation as partition of permanent relation "{parent.name}"',
        )
    if parent.persistence == "t" and relation.persistence != "t":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot attach a permanent relation as partition of temporary relation "{parent.name}"',
        )
    names = {column.name for column in parent.columns if not column.dropped}
    for column in relation.columns:
        if column.dropped:
            continue
        if column.identity:
            raise SqlError(
                INVALID_OBJECT_DEFINITION,
                f'table "{relation.name}" being attached contains an identity column "{column.name}"',
                detail="The new partition may not contain an identity column.",
            )
        if column.name not in names:
            raise SqlError(
                DATATYPE_MISMATCH,
                f'table "{relation.name}" contains column "{column.name}" not found in parent '
                f'"{parent.name}"',
                detail="The new partition may contain only the columns present in parent.",
            )


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_AttachPartition": attach_partition,
}
