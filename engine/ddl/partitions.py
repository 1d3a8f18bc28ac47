"""Tables become partitions and cease to be: PARTITION OF, ATTACH and DETACH PARTITION (tablecmds.c)."""

from collections.abc import Iterator
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK
from gaveldb.storage.api import row_span

from ..catalog.inheritance import descendants, scanned_children
from ..errors import SqlError
from ..relationlocks import is_lockable, lock_relation
from ..sqlstates import CHECK_VIOLATION
from .partitioning import analyse_bound, check_bound, store_bound

ROWS_PER_BREATH = 500


def become_partition(ctx: Any, oid: int, parent: int, raw: Any) -> Iterator[Any]:
    """PARTITION OF: the bound of a table that has just been made; rows of the default partition may not
    belong to it."""
    from ..run.partitions import partition_table

    catalog = ctx.transaction.catalog
    try:
        default = partition_table(catalog, parent).default
        lock_table(ctx, default)
        catalog = ctx.transaction.catalog
        spec = analyse_bound(ctx, parent, raw)
        check_bound(ctx, parent, catalog.pg_class.get(oid).relname, spec, raw.location)
    finally:
        ctx.catalog = ctx.transaction.catalog
    store_bound(ctx, oid, parent, spec)
    if default and not spec.is_default:
        yield from verify_default(ctx, default, catalog.pg_class.get(default).relname)


def lock_table(ctx: Any, oid: int) -> None:
    """ACCESS EXCLUSIVE on a table and those below it (0: none)."""
    if oid:
        lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)


def lock_tree(ctx: Any, oid: int, mode: int) -> None:
    """Lock a table and those below it; after a wait the catalogs and the snapshot are those of then."""
    transaction = ctx.transaction
    again = transaction.locking
    while again:
        again = False
        catalog = transaction.catalog
        for each in descendants(catalog, oid):
            if is_lockable(catalog, each):
                again = lock_relation(ctx.session, each, mode) or again
        if again:
            ctx.session.renew_catalog(ctx)


def verify_default(ctx: Any, default: int, name: str = "{}") -> Iterator[Any]:
    """23514 if a row of a default partition belongs to another partition. `name`: the partition in the
    message, by default that which has the row."""
    message = f'updated partition constraint for default partition "{name}" would be violated by some row'
    yield from verify_partition(ctx, default, message)


def verify_partition(ctx: Any, oid: int, message: str) -> Iterator[Any]:
    """23514 with this message if rows of a partition, or of partitions below it, do not belong there."""
    from ..run.childtargets import child_target, in_partition

    transaction = ctx.transaction
    transaction.end_command()
    transaction.renew_snapshot()
    catalog = transaction.catalog
    ctx.catalog = catalog
    top = catalog.relation(oid)
    leaves = scanned_children(catalog, top) if top.kind == "p" else (oid,)
    for leaf in leaves:
        relation = catalog.relation(leaf)
        target = child_target(catalog, leaf, leaf)
        low, high = row_span(relation.storage_id)
        if not transaction.locking:
            transaction.validate_range(low, high)
        for number, (_, stored) in enumerate(transaction.scan(low, high)):
            if number % ROWS_PER_BREATH == ROWS_PER_BREATH - 1:
                yield []
            if not in_partition(ctx, catalog, relation, target.decode(stored)):
                schema = catalog.pg_namespace.get(relation.namespace).nspname
                text = message.format(relation.name)
                raise SqlError(CHECK_VIOLATION, text, schema=schema, table=relation.name)


def copy_to_partition(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """A new partition gets the indexes, foreign keys and row triggers of its parent."""
    from .partitionindexes import copy_indexes
    from .partitionkeys import copy_foreign_keys
    from .triggers import clone_row_triggers

    yield from copy_indexes(ctx, oid, parent)
    catalog = ctx.transaction.catalog
    clone_row_triggers(ctx, catalog.relation(parent), catalog.relation(oid))
    copy_foreign_keys(ctx, oid, parent)
