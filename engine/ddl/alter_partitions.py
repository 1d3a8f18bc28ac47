"""ALTER TABLE actions on partitions: ATTACH and DETACH PARTITION, and ALTER INDEX ... ATTACH PARTITION."""

from collections.abc import Callable, Iterator
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK, SHARE_UPDATE_EXCLUSIVE_LOCK

from ..catalog.inheritance import children_of
from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    INVALID_OBJECT_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    WRONG_OBJECT_TYPE,
)
from .alter_inherit import check_circular, create_inheritance, remove_inheritance
from .names import find_relation, require_owner
from .partitionindexes import attach_index_command, copy_or_attach_indexes, detach_index
from .partitioning import analyse_bound, check_bound, set_default_partition, store_bound
from .partitionkeys import copy_foreign_keys, detach_foreign_keys, lock_references
from .partitions import lock_table, lock_tree, verify_default, verify_partition
from .triggers import clone_row_triggers, drop_cloned_triggers


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


def detach_partition(alteration: Any, action: Any) -> None:
    """DETACH PARTITION name [CONCURRENTLY]."""
    if action.def_.concurrent:
        alteration.ctx.session.require_no_block("ALTER TABLE ... DETACH CONCURRENTLY")
    alteration.last(_detach(alteration, action.def_))


def _detach(alteration: Any, command: Any) -> Iterator[Any]:
    """ATExecDetachPartition. CONCURRENTLY takes the locks of the plain form, in one transaction."""
    from ..run.partitions import partition_table

    ctx, parent = alteration.ctx, alteration.relid
    transaction = ctx.transaction
    catalog = transaction.catalog
    oid = find_relation(ctx, command.name)
    assert oid is not None
    lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)
    catalog = transaction.catalog
    default = partition_table(catalog, parent).default
    if default and command.concurrent:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot detach partitions concurrently when a default partition exists",
        )
    lock_table(ctx, default)
    yield from detach(ctx, oid, parent)
    if command.concurrent:
        _keep_constraint(ctx, oid, parent, catalog)


def detach(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """A partition is a table on its own."""
    transaction = ctx.transaction
    remove_inheritance(ctx, oid, parent, partition=True)
    yield from detach_foreign_keys(ctx, oid, parent)
    drop_cloned_triggers(ctx, oid)
    parents = {index.oid for index in transaction.catalog.relation(parent).indexes}
    for index in transaction.catalog.relation(oid).indexes:
        links = transaction.catalog.pg_inherits.find("inhrelid", index.oid)
        if any(link.inhparent in parents for link in links):
            detach_index(ctx, index.oid)
    row = transaction.catalog.pg_class.get(oid)
    transaction.catalog_update("pg_class", row, row._replace(relispartition=False, relpartbound=None))
    key = transaction.catalog.pg_partitioned_table.get(parent)
    if key.partdefid == oid:
        set_default_partition(ctx, parent, 0)


def _keep_constraint(ctx: Any, oid: int, parent: int, before: Any) -> None:
    """CONCURRENTLY leaves the partition's constraint as a CHECK, so that it can be attached again quickly."""
    from ..catalog.partitionquals import partition_constraint
    from .constraints import add_cooked_check, check_name

    relation = ctx.transaction.catalog.relation(oid)
    expr = partition_constraint(before, oid, parent)
    if expr is None:
        return
    name = check_name(ctx, relation, expr)
    add_cooked_check(ctx, oid, name, expr, validated=True, enforced=True, no_inherit=False)


def detach_finalize(alteration: Any, action: Any) -> None:
    """DETACH PARTITION name FINALIZE: nothing is ever left half detached."""
    ctx = alteration.ctx
    oid = find_relation(ctx, action.def_.name)
    catalog = ctx.transaction.catalog
    links = catalog.pg_inherits.find("inhrelid", oid)
    name = catalog.pg_class.get(oid).relname
    if not any(link.inhparent == alteration.relid for link in links):
        from ..sqlstates import UNDEFINED_TABLE

        raise SqlError(
            UNDEFINED_TABLE,
            f'relation "{name}" is not a partition of relation "{alteration.relation.name}"',
        )
    raise SqlError(
        OBJECT_NOT_IN_PREREQUISITE_STATE,
        f'no pending detach for partition "{name}" of partitioned table "{alteration.relation.name}"',
    )


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_AttachPartition": attach_partition,
    "AT_DetachPartition": detach_partition,
    "AT_DetachPartitionFinalize": detach_finalize,
}
__all__ = ["FUNCTIONS", "SHARE_UPDATE_EXCLUSIVE_LOCK"]
