"""Foreign keys from and to partitioned tables (addFkRecurseReferenced, addFkRecurseReferencing).

The constraint of the table itself has children: one for each partition of the referenced table (same
referencing table), by whose rows deletions are watched, and one on each partition of the referencing table.
"""

from collections.abc import Iterator
from typing import Any

from gaveldb.journal.api import SHARE_LOCK, SHARE_ROW_EXCLUSIVE_LOCK

from ..catalog.inheritance import attribute_map
from ..catalog.relcache import foreign_key
from ..errors import SqlError
from ..run.partitions import partition_table
from ..sqlstates import FOREIGN_KEY_VIOLATION, INTERNAL_ERROR
from .constraints import constraint_name_taken
from .dependencies import AUTO, INTERNAL, NORMAL, PG_CLASS, PG_CONSTRAINT, Address, record_dependency
from .heap import attnums_array
from .partitionindexes import depend_on_partition, forget_partition_dependencies


def expand_foreign_key(ctx: Any, oid: int) -> None:
    """A foreign key has just been made: its children for the partitions on both sides."""
    row = ctx.transaction.catalog.pg_constraint.get(oid)
    expand_referenced(ctx, row, row.conname)
    expand_referencing(ctx, row)


def expand_referenced(ctx: Any, row: Any, name: str) -> None:
    """One more constraint, name_1 and so on, for each partition of the referenced table."""
    catalog = ctx.transaction.catalog
    if catalog.pg_class.get(row.confrelid).relkind == "p":
        for child in partition_table(catalog, row.confrelid).order:
            reference_partition(ctx, row, child, name)


def reference_partition(ctx: Any, row: Any, partition: int, name: str) -> None:
    """The constraint for one partition of the referenced table, and for those below it."""
    catalog = ctx.transaction.catalog
    numbers = attribute_map(catalog.relation(row.confrelid), catalog.relation(partition))
    index = partition_index(catalog, row.conindid, partition)
    oid = _insert(
        ctx,
        row,
        conname=_numbered_name(ctx, name, row.connamespace),
        confrelid=partition,
        conindid=index,
        confkey=attnums_array([numbers[attnum] for attnum in row.confkey.items]),
    )
    record_dependency(
        ctx.transaction,
        Address(PG_CONSTRAINT, oid),
        Address(PG_CONSTRAINT, row.oid),
        INTERNAL,
        temporary=_is_temporary(ctx, row.conrelid),
    )
    expand_referenced(ctx, ctx.transaction.catalog.pg_constraint.get(oid), name)


def expand_referencing(ctx: Any, row: Any) -> None:
    """One more constraint on each partition of the referencing table."""
    catalog = ctx.transaction.catalog
    if catalog.pg_class.get(row.conrelid).relkind == "p":
        for child in partition_table(catalog, row.conrelid).order:
            constrain_partition(ctx, row, child)


def constrain_partition(ctx: Any, row: Any, partition: int) -> int:
    """The constraint on one partition of the referencing table, and on those below it: one that it has
    already, or a new one. Returns its oid if existing rows must be checked, else 0."""
    catalog = ctx.transaction.catalog
    numbers = attribute_map(catalog.relation(row.conrelid), catalog.relation(partition))
    columns = [numbers[attnum] for attnum in row.conkey.items]
    for own in catalog.pg_constraint.find("conrelid", partition):
        if _is_same(row, own, columns):
            _attach(ctx, own, row, partition)
            return 0 if own.convalidated else int(own.oid)
    name = row.conname
    if constraint_name_taken(ctx, partition, name):
        from .constraints import choose_constraint_name

        relation = catalog.relation(partition)
        joined = "_".join(relation.columns[attnum - 1].name for attnum in columns)
        name = choose_constraint_name(ctx, relation.name, joined, "fkey", relation.namespace)
    set_columns = row.confdelsetcols
    if set_columns is not None:
        set_columns = attnums_array([numbers[attnum] for attnum in set_columns.items])
    oid = _insert(
        ctx, row, conname=name, conrelid=partition, conkey=attnums_array(columns), confdelsetcols=set_columns
    )
    depend_on_partition(
        ctx,
        Address(PG_CONSTRAINT, oid),
        Address(PG_CONSTRAINT, row.oid),
        partition,
        temporary=_is_temporary(ctx, partition),
    )
    expand_referencing(ctx, ctx.transaction.catalog.pg_constraint.get(oid))
    return oid if row.convalidated else 0


def _is_same(row: Any, own: Any, columns: list[int]) -> bool:
    """Whether a partition's own foreign key serves as its part of the parent's
    (tryAttachPartitionForeignKey)."""
    return bool(
        own.contype == "f"
        and not own.conparentid
        and own.conenforced == row.conenforced
        and list(own.conkey.items) == columns
        and (own.confrelid, own.confkey.items) == (row.confrelid, row.confkey.items)
        and (own.condeferrable, own.condeferred) == (row.condeferrable, row.condeferred)
        and (own.confupdtype, own.confdeltype, own.confmatchtype)
        == (row.confupdtype, row.confdeltype, row.confmatchtype)
    )


def _attach(ctx: Any, own: Any, row: Any, partition: int) -> None:
    """A partition's own foreign key becomes its part of the parent's; the parent's watches deletions for
    it."""
    transaction = ctx.transaction
    for child in transaction.catalog.pg_constraint.find("conparentid", own.oid):
        if child.conrelid == own.conrelid:
            _delete_tree(ctx, child)
    own = transaction.catalog.pg_constraint.get(own.oid)
    transaction.catalog_update(
        "pg_constraint",
        own,
        own._replace(conparentid=row.oid, conislocal=False, coninhcount=own.coninhcount + 1),
    )
    depend_on_partition(
        ctx,
        Address(PG_CONSTRAINT, own.oid),
        Address(PG_CONSTRAINT, row.oid),
        partition,
        temporary=_is_temporary(ctx, partition),
    )


def _delete_tree(ctx: Any, row: Any) -> None:
    """A constraint and those that are parts of it, with their dependencies."""
    transaction = ctx.transaction
    for child in transaction.catalog.pg_constraint.find("conparentid", row.oid):
        _delete_tree(ctx, child)
    for depend in transaction.catalog.pg_depend.find("classid_objid", PG_CONSTRAINT, row.oid):
        transaction.catalog_delete("pg_depend", depend)
    transaction.catalog_delete("pg_constraint", transaction.catalog.pg_constraint.get(row.oid))


def _insert(ctx: Any, row: Any, **values: Any) -> int:
    """A constraint that is a part of `row`."""
    transaction = ctx.transaction
    oid = int(transaction.new_oid())
    new = row._replace(oid=oid, conparentid=row.oid, conislocal=False, coninhcount=1, **values)
    namespace = transaction.catalog.pg_class.get(new.conrelid).relnamespace
    new = new._replace(connamespace=namespace, connoinherit=False)
    temporary = _is_temporary(ctx, new.conrelid)
    transaction.catalog_insert("pg_constraint", new, temporary=temporary)
    address = Address(PG_CONSTRAINT, oid)
    for attnum in new.conkey.items:
        column = Address(PG_CLASS, new.conrelid, attnum)
        record_dependency(transaction, address, column, AUTO, temporary=temporary)
    for attnum in new.confkey.items:
        column = Address(PG_CLASS, new.confrelid, attnum)
        record_dependency(transaction, address, column, NORMAL, temporary=temporary)
    record_dependency(transaction, address, Address(PG_CLASS, new.conindid), NORMAL, temporary=temporary)
    for relid in {new.conrelid, new.confrelid}:
        relation = transaction.catalog.pg_class.get(relid)
        transaction.catalog_update("pg_class", relation, relation._replace(relhastriggers=True))
    return oid


def _numbered_name(ctx: Any, base: str, namespace: int) -> str:
    """base_1, base_2, ..., whichever is free in the schema."""
    from .names import make_object_name

    catalog = ctx.transaction.catalog
    number = 1
    while True:
        name = make_object_name(base, None, str(number))
        if not catalog.pg_constraint.find("conname_connamespace", name, namespace):
            return name
        number += 1


def _is_temporary(ctx: Any, relid: int) -> bool:
    return bool(ctx.transaction.catalog.pg_class.get(relid).relpersistence == "t")


def partition_index(catalog: Any, parent_index: int, partition: int) -> int:
    """The index of a partition that is attached to a parent's index; XX000 if there is none."""
    for index in catalog.relation(partition).indexes:
        if any(link.inhparent == parent_index for link in catalog.pg_inherits.find("inhrelid", index.oid)):
            return int(index.oid)
    raise SqlError(INTERNAL_ERROR, f"index for {parent_index} not found in partition {partition}")


def own_constraints(catalog: Any, column: str, oid: int) -> list[Any]:
    """The foreign keys of ("conrelid") or to ("confrelid") a table, without those that are parts of another
    one of the same table on that side."""
    out = []
    for row in catalog.pg_constraint.find(column, oid):
        if row.contype != "f":
            continue
        above = catalog.pg_constraint.get(row.conparentid) if row.conparentid else None
        if above is None or getattr(above, column) != oid:
            out.append(row)
    return out


# --- partitions come and go ------------------------------------------------------------------------------


def lock_references(ctx: Any, parent: int) -> None:
    """Lock the tables on the other side of a partitioned table's foreign keys."""
    from .partitions import lock_tree

    catalog = ctx.transaction.catalog
    for column, other in (("conrelid", "confrelid"), ("confrelid", "conrelid")):
        for row in own_constraints(catalog, column, parent):
            if getattr(row, other) != parent:
                lock_tree(ctx, getattr(row, other), SHARE_ROW_EXCLUSIVE_LOCK)


def copy_foreign_keys(ctx: Any, oid: int, parent: int) -> list[tuple[int, int]]:
    """A table becomes a partition: foreign keys of its parent are its own, those to its parent refer to it,
    too. Returns (table, constraint) whose rows must be checked."""
    catalog = ctx.transaction.catalog
    unchecked = []
    for row in own_constraints(catalog, "conrelid", parent):
        made = constrain_partition(ctx, row, oid)
        if made:
            unchecked.append((oid, made))
    for row in own_constraints(ctx.transaction.catalog, "confrelid", parent):
        reference_partition(ctx, row, oid, row.conname)
    return unchecked


def _references(catalog: Any, oid: int, parent: int) -> list[Any]:
    """The foreign keys to a partition that are parts of those to its parent."""
    found = []
    for row in catalog.pg_constraint.find("confrelid", oid):
        above = catalog.pg_constraint.get(row.conparentid) if row.conparentid else None
        if row.contype == "f" and above is not None and above.confrelid == parent:
            found.append(row)
    return found


def check_references(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """23503 if rows refer to a partition that is to be detached; nobody adds one before the transaction has
    ended (ATDetachCheckNoForeignKeyRefs)."""
    from .partitions import lock_tree

    for relid in dict.fromkeys(row.conrelid for row in _references(ctx.transaction.catalog, oid, parent)):
        lock_tree(ctx, relid, SHARE_LOCK)
    for row in _references(ctx.transaction.catalog, oid, parent):
        yield from _refuse_referenced(ctx, row)


def detach_foreign_keys(ctx: Any, oid: int, parent: int) -> None:
    """A partition is on its own: its foreign keys stay, those that refer to it go."""
    from .partitions import lock_table

    transaction = ctx.transaction
    for row in _references(transaction.catalog, oid, parent):
        lock_table(ctx, row.conrelid)  # RemoveConstraintById
    for row in _references(transaction.catalog, oid, parent):
        _delete_tree(ctx, row)
    for row in own_constraints(transaction.catalog, "conrelid", oid):
        if not row.conparentid:
            continue
        transaction.catalog_update(
            "pg_constraint",
            row,
            row._replace(conparentid=0, conislocal=True, coninhcount=max(row.coninhcount - 1, 0)),
        )
        forget_partition_dependencies(ctx, Address(PG_CONSTRAINT, row.oid))
        expand_referenced(ctx, transaction.catalog.pg_constraint.get(row.oid), row.conname)


def _refuse_referenced(ctx: Any, row: Any) -> Iterator[Any]:
    """23503 if rows still refer to the partition (RI_PartitionRemove_Check)."""
    from ..run.deferred import referenced_key

    transaction = ctx.transaction
    transaction.end_command()
    catalog = transaction.catalog
    found = yield from referenced_key(ctx, foreign_key(row))
    if found is not None:
        child, parent = catalog.relation(row.conrelid), catalog.relation(row.confrelid)
        raise SqlError(
            FOREIGN_KEY_VIOLATION,
            f'removing partition "{parent.name}" violates foreign key constraint "{row.conname}"',
            detail=f'Key {found} is still referenced from table "{child.name}".',
            schema=catalog.pg_namespace.get(child.namespace).nspname,
            table=child.name,
            constraint=row.conname,
        )
