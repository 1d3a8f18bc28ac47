"""Indexes of partitioned tables: each partition has one of its own, attached to the parent's
(DefineIndex)."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..catalog.inheritance import attribute_map, children_of, renumber
from ..errors import SqlError
from ..run.partitions import partition_table
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    WRONG_OBJECT_TYPE,
)
from .constraints import add_not_null, insert_key_constraint_row
from .dependencies import PG_CLASS, PG_CONSTRAINT, Address, record_dependency
from .heap import BTREE_AM
from .indexes import IndexColumn, build_index, default_index_name, insert_index
from .names import choose_relation_name
from .rows import new_row

PARTITION_PRI, PARTITION_SEC = "P", "S"


def check_unique_key(ctx: Any, relation: Any, attnums: Sequence[int], what: str) -> None:
    """0A000 unless a unique key of a partitioned table has all columns of the partition key."""
    from ..run.partitions import partition_table

    if relation.kind != "p":
        return
    for key in partition_table(ctx.transaction.catalog, relation.oid).keys:
        if not key.attnum:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f"unsupported {what} constraint with partition key definition",
                detail=f"{what} constraints cannot be used when partition keys include expressions.",
            )
        if key.attnum not in attnums:
            column = relation.columns[key.attnum - 1].name
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "unique constraint on partitioned table must include all partitioning columns",
                detail=f'{what} constraint on table "{relation.name}" lacks column "{column}" which is '
                "part of the partition key.",
            )


def index_partitions(ctx: Any, oid: int, index_oid: int, *, build: bool = True) -> Iterator[Any]:
    """An index has just been made on a table: if that is partitioned, its partitions get theirs. Without
    `build` the last value tells nothing, and nothing is filled."""
    catalog = ctx.transaction.catalog
    if catalog.pg_class.get(oid).relkind != "p":
        if build:
            yield from build_index(ctx, oid, index_oid)
        return
    for child in partition_table(catalog, oid).order:
        yield from index_partition(ctx, oid, index_oid, child, build=build)


def index_partition(ctx: Any, oid: int, index_oid: int, child: int, *, build: bool = True) -> Iterator[Any]:
    """One partition gets an index: one that it has already, or a new one."""
    catalog = ctx.transaction.catalog
    found = matching_index(catalog, oid, index_oid, child)
    if found:
        attach_index(ctx, found, index_oid, child)
        return
    made = clone_index(ctx, oid, index_oid, child)
    attach_index(ctx, made, index_oid, child)
    yield from index_partitions(ctx, child, made, build=build)


def copy_indexes(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """A new partition gets the indexes of its parent; it has no rows yet."""
    for index in ctx.transaction.catalog.relation(parent).indexes:
        yield from index_partition(ctx, parent, index.oid, oid, build=False)


def copy_or_attach_indexes(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """A table with rows becomes a partition: it gets the indexes of its parent that it does not have."""
    for index in ctx.transaction.catalog.relation(parent).indexes:
        yield from index_partition(ctx, parent, index.oid, oid)


def _index(catalog: Any, relid: int, oid: int) -> Any:
    return next(index for index in catalog.relation(relid).indexes if index.oid == oid)


def matching_index(catalog: Any, parent: int, index_oid: int, child: int) -> int:
    """An index of a partition that is the same as the parent's and belongs to no other one; 0: none."""
    numbers = attribute_map(catalog.relation(parent), catalog.relation(child))
    index = _index(catalog, parent, index_oid)
    for other in catalog.relation(child).indexes:
        if not other.valid or catalog.pg_class.get(other.oid).relispartition:
            continue
        if same_index(catalog, index, other, numbers):
            return int(other.oid)
    return 0


def same_index(catalog: Any, index: Any, other: Any, numbers: dict[int, int]) -> bool:
    """Whether a partition's index is the one that its parent's would be there (CompareIndexInfo)."""
    from ..tree import strip_locations

    def mapped(expr: Any) -> Any:
        return None if expr is None else strip_locations(renumber(expr, numbers))

    if (index.unique, index.nulls_not_distinct, index.am, len(index.keys)) != (
        other.unique,
        other.nulls_not_distinct,
        other.am,
        len(other.keys),
    ):
        return False
    if bool(index.constraint) and (not other.constraint or index.primary != other.primary):
        return False
    for key, mine in zip(index.keys, other.keys, strict=True):
        if (numbers[key.attnum] if key.attnum else 0) != mine.attnum:
            return False
        if (key.collation, key.opfamily) != (mine.collation, mine.opfamily):
            return False
        if not key.attnum and mapped(key.expr) != strip_locations(mine.expr):
            return False
    if tuple([numbers[attnum] for attnum in index.include]) != other.include:
        return False
    theirs = None if other.predicate is None else strip_locations(other.predicate)
    return bool(mapped(index.predicate) == theirs)


def clone_index(ctx: Any, parent: int, index_oid: int, child: int) -> int:
    """Make an index of the parent on a partition, with the constraint that it belongs to; returns its oid."""
    catalog = ctx.transaction.catalog
    source, relation = catalog.relation(parent), catalog.relation(child)
    index = _index(catalog, parent, index_oid)
    numbers = attribute_map(source, relation)
    shape = catalog.pg_index.get(index_oid)
    attributes = {row.attnum: row for row in catalog.pg_attribute.find("attrelid", index_oid)}
    columns = []
    for number, key in enumerate(index.keys, 1):
        attribute = attributes[number]
        attnum = numbers[key.attnum] if key.attnum else 0
        columns.append(
            IndexColumn(
                attnum,
                None if key.attnum else renumber(key.expr, numbers),
                relation.columns[attnum - 1].name if attnum else attribute.attname,
                attribute.atttypid,
                attribute.atttypmod,
                key.collation,
                key.opclass,
                shape.indoption.items[number - 1],
            )
        )
    include = [numbers[attnum] for attnum in index.include]
    if index.unique:
        attnums = [column.attnum for column in columns]
        check_unique_key(ctx, relation, attnums, "PRIMARY KEY" if index.primary else "UNIQUE")
    if index.primary and any(other.primary for other in relation.indexes):
        raise SqlError(
            INVALID_TABLE_DEFINITION, f'multiple primary keys for table "{relation.name}" are not allowed'
        )
    constraint = 0
    if index.constraint:
        name = _key_name(ctx, relation, index, columns, include)
        if index.primary:
            for column in columns:
                add_not_null(ctx, child, column.attnum)
        constraint = insert_key_constraint_row(
            ctx,
            ctx.transaction.catalog.relation(child),
            name,
            index.primary,
            [column.attnum for column in columns],
            deferrable=index.deferrable,
            deferred=index.deferred,
            include=include,
        )
        made = ctx.transaction.catalog.pg_constraint.get(constraint)
        ctx.transaction.catalog_update("pg_constraint", made, made._replace(connoinherit=False))
    else:
        name = default_index_name(ctx, relation, columns, include, "idx")
    row = catalog.pg_class.get(index_oid)
    return insert_index(
        ctx,
        relation,
        name,
        columns,
        include,
        unique=index.unique,
        primary=index.primary,
        predicate=None if index.predicate is None else renumber(index.predicate, numbers),
        nulls_not_distinct=index.nulls_not_distinct,
        am=row.relam or BTREE_AM,
        immediate=not index.deferrable,
        constraint=constraint,
        options=row.reloptions,
    )


def _key_name(ctx: Any, relation: Any, index: Any, columns: Any, include: Any) -> str:
    names = [column.name for column in columns]
    names += [relation.columns[attnum - 1].name for attnum in include]
    joined = None if index.primary else "_".join(names)
    label = "pkey" if index.primary else "key"
    return choose_relation_name(ctx, relation.name, joined, label, relation.namespace)


def attach_index(ctx: Any, oid: int, parent: int, table: int) -> None:
    """Make an index (of `table`) a partition of another one, and its constraint of that one's
    (IndexSetParentIndex, ConstraintSetParentConstraint)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_class.get(oid)
    temporary = row.relpersistence == "t"
    transaction.catalog_insert(
        "pg_inherits",
        new_row(
            transaction.base_catalog,
            "pg_inherits",
            inhrelid=oid,
            inhparent=parent,
            inhseqno=1,
            inhdetachpending=False,
        ),
        temporary=temporary,
    )
    transaction.catalog_update("pg_class", row, row._replace(relispartition=True))
    above = transaction.catalog.pg_class.get(parent)
    if not above.relhassubclass:
        transaction.catalog_update("pg_class", above, above._replace(relhassubclass=True))
    depend_on_partition(ctx, Address(PG_CLASS, oid), Address(PG_CLASS, parent), table, temporary=temporary)
    mine, theirs = index_constraint(catalog, oid), index_constraint(catalog, parent)
    if mine is not None and theirs is not None:
        transaction.catalog_update(
            "pg_constraint",
            mine,
            mine._replace(
                conparentid=theirs.oid,
                conislocal=False,
                coninhcount=mine.coninhcount + 1,
            ),
        )
        depend_on_partition(
            ctx,
            Address(PG_CONSTRAINT, mine.oid),
            Address(PG_CONSTRAINT, theirs.oid),
            table,
            temporary=temporary,
        )


def depend_on_partition(ctx: Any, address: Address, parent: Address, table: int, *, temporary: bool) -> None:
    """A part of a partition goes with its parent's counterpart, or with the partition."""
    transaction = ctx.transaction
    record_dependency(transaction, address, parent, PARTITION_PRI, temporary=temporary)
    record_dependency(transaction, address, Address(PG_CLASS, table), PARTITION_SEC, temporary=temporary)


def forget_partition_dependencies(ctx: Any, address: Address) -> None:
    """It is on its own again."""
    transaction = ctx.transaction
    for row in transaction.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
        if row.deptype in (PARTITION_PRI, PARTITION_SEC):
            transaction.catalog_delete("pg_depend", row)


def detach_index(ctx: Any, oid: int) -> None:
    """The index of a partition, and its constraint, are no longer parts of the parent's."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    for row in catalog.pg_inherits.find("inhrelid", oid):
        transaction.catalog_delete("pg_inherits", row)
    row = catalog.pg_class.get(oid)
    transaction.catalog_update("pg_class", row, row._replace(relispartition=False))
    forget_partition_dependencies(ctx, Address(PG_CLASS, oid))
    constraint = index_constraint(catalog, oid)
    if constraint is not None and constraint.conparentid:
        transaction.catalog_update(
            "pg_constraint",
            constraint,
            constraint._replace(
                conparentid=0,
                conislocal=True,
                coninhcount=max(constraint.coninhcount - 1, 0),
                connoinherit=True,
            ),
        )
        forget_partition_dependencies(ctx, Address(PG_CONSTRAINT, constraint.oid))


def index_constraint(catalog: Any, oid: int) -> Any:
    """The pg_constraint row that an index belongs to, or None."""
    return next((c for c in catalog.pg_constraint.find("conindid", oid) if c.contype in "pux"), None)


def attach_index_command(ctx: Any, parent: int, name: Any) -> Iterator[Any]:
    """ALTER INDEX parent ATTACH PARTITION name (ATExecAttachPartitionIdx)."""
    from .names import find_relation

    transaction = ctx.transaction
    catalog = transaction.catalog
    oid = find_relation(ctx, name)
    assert oid is not None
    row, above = catalog.pg_class.get(oid), catalog.pg_class.get(parent)
    if row.relkind not in "iI":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not an index')
    current = [link.inhparent for link in catalog.pg_inherits.find("inhrelid", oid)]
    if current == [parent]:
        return

    def refuse(detail: str, state: Any = OBJECT_NOT_IN_PREREQUISITE_STATE) -> SqlError:
        return SqlError(
            state,
            f'cannot attach index "{row.relname}" as a partition of index "{above.relname}"',
            detail=detail,
        )

    if current:
        raise refuse(f'Index "{row.relname}" is already attached to another index.')
    parent_table, table = catalog.pg_index.get(parent).indrelid, catalog.pg_index.get(oid).indrelid
    if parent_table not in [link.inhparent for link in catalog.pg_inherits.find("inhrelid", table)]:
        raise refuse(
            f'Index "{row.relname}" is not an index on any partition of table '
            f'"{catalog.pg_class.get(parent_table).relname}".'
        )
    numbers = attribute_map(catalog.relation(parent_table), catalog.relation(table))
    index, other = _index(catalog, parent_table, parent), _index(catalog, table, oid)
    if index.constraint and not other.constraint:
        raise refuse(
            f'The index "{above.relname}" belongs to a constraint in table '
            f'"{catalog.pg_class.get(parent_table).relname}" but no constraint exists for '
            f'index "{row.relname}".'
        )
    if not same_index(catalog, index, other, numbers):
        from ..sqlstates import INVALID_OBJECT_DEFINITION

        raise refuse("The index definitions do not match.", INVALID_OBJECT_DEFINITION)
    for each in catalog.relation(table).indexes:
        if [link.inhparent for link in catalog.pg_inherits.find("inhrelid", each.oid)] == [parent]:
            raise refuse(
                f'Another index is already attached for partition "{catalog.pg_class.get(table).relname}".'
            )
    attach_index(ctx, oid, parent, table)
    validate_index(ctx, parent)
    yield from ()


def invalidate_index(ctx: Any, oid: int) -> None:
    """An index made with ONLY is not valid before each partition's has been attached."""
    shape = ctx.transaction.catalog.pg_index.get(oid)
    ctx.transaction.catalog_update("pg_index", shape, shape._replace(indisvalid=False))
    validate_index(ctx, oid)


def validate_index(ctx: Any, oid: int) -> None:
    """A partitioned index is valid once each partition has a valid one (validatePartitionedIndex)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    shape = catalog.pg_index.get(oid)
    if shape.indisvalid:
        return
    attached = [
        link.inhrelid
        for link in catalog.pg_inherits.find("inhparent", oid)
        if catalog.pg_index.get(link.inhrelid).indisvalid
    ]
    if len(attached) < len(children_of(catalog, shape.indrelid)):
        return
    transaction.catalog_update("pg_index", shape, shape._replace(indisvalid=True))
    above = catalog.pg_inherits.find("inhrelid", oid)
    if above:
        validate_index(ctx, above[0].inhparent)
