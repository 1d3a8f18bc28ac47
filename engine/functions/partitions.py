"""Functions about partitions: their tree, their constraints, and where a hash puts a row."""

from collections.abc import Iterator
from typing import Any

from ..catalog.quoting import quote_identifier
from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE, UNDEFINED_OBJECT

_FACTS = 3  # arguments before the values of the key


def _parent(catalog: Any, oid: int) -> int | None:
    """What a partition belongs to; None if it is being detached."""
    links = catalog.pg_inherits.find("inhrelid", oid)
    return links[0].inhparent if links and not links[0].inhdetachpending else None


@implements("pg_partition_ancestors", context=True)
def pg_partition_ancestors(ctx: Any, oid: int) -> Iterator[int]:
    row = ctx.catalog.pg_class.get(oid)
    while row is not None and (row.relispartition or row.relkind in "pI"):
        yield row.oid
        parent = _parent(ctx.catalog, row.oid)
        row = None if parent is None else ctx.catalog.pg_class.get(parent)


@implements("pg_partition_root", context=True)
def pg_partition_root(ctx: Any, oid: int) -> int | None:
    last = None
    for ancestor in pg_partition_ancestors(ctx, oid):
        last = ancestor
    return last


@implements("pg_partition_tree", context=True)
def pg_partition_tree(ctx: Any, oid: int) -> Iterator[tuple[Any, ...]]:
    from ..catalog.inheritance import children_of

    row = ctx.catalog.pg_class.get(oid)
    if row is None or not (row.relispartition or row.relkind in "pI"):
        return
    queue = [(oid, _parent(ctx.catalog, oid), 0)]
    while queue:
        relid, parent, level = queue.pop(0)
        kind = ctx.catalog.pg_class.get(relid).relkind
        yield relid, parent, kind not in "pI", level
        queue += [(child, relid, level + 1) for child in children_of(ctx.catalog, relid)]


@implements("pg_get_partition_constraintdef", context=True)
def pg_get_partition_constraintdef(ctx: Any, oid: int) -> str | None:
    from ..catalog.deparse import deparse_expression
    from ..catalog.partitionquals import partition_constraint

    row = ctx.catalog.pg_class.get(oid)
    if row is None or not row.relispartition or row.relkind in "iI":
        return None
    expr = partition_constraint(ctx.catalog, oid)
    return None if expr is None else deparse_expression(expr, oid, ctx.catalog, ctx=ctx)


@implements("satisfies_hash_partition", context=True, bind=True)
def satisfies_hash_partition(site: Any) -> Any:
    def run(ctx: Any, oid: int | None, modulus: int | None, remainder: int | None, *values: Any) -> bool:
        if oid is None or modulus is None or remainder is None:
            return False
        given = values
        types = site.arg_types[_FACTS:]
        if site.variadic:
            if values[0] is None:
                return False
            given = values[0].items
            types = (values[0].elemtype,) * len(given)
        table = _hash_table(ctx.catalog, oid, modulus, remainder)
        if len(given) != len(table.keys):
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f"number of partitioning columns ({len(table.keys)}) does not match number of partition keys "
                f"provided ({len(given)})",
            )
        for number, (key, typid) in enumerate(zip(table.keys, types, strict=True), 1):
            if key.typid != typid:
                wanted, found = ctx.catalog.format_type(key.typid), ctx.catalog.format_type(typid)
                raise SqlError(
                    INVALID_PARAMETER_VALUE,
                    f'column {number} of the partition key has type "{wanted}", but supplied value is '
                    f'of type "{found}"',
                )
        return bool(table.row_hash(given) % modulus == remainder)

    return run


def _hash_table(catalog: Any, oid: int, modulus: int, remainder: int) -> Any:
    from ..run.partitions import partition_table

    row = catalog.pg_class.get(oid)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, f"could not open relation with OID {oid}")
    table = partition_table(catalog, oid) if row.relkind == "p" else None
    if table is None or table.strategy != "h":
        name = quote_identifier(row.relname)
        raise SqlError(INVALID_PARAMETER_VALUE, f'"{name}" is not a hash partitioned table')
    if modulus <= 0:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "modulus for hash partition must be an integer value greater than zero",
        )
    if remainder < 0:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "remainder for hash partition must be an integer value greater than or equal to zero",
        )
    if remainder >= modulus:
        raise SqlError(INVALID_PARAMETER_VALUE, "remainder for hash partition must be less than modulus")
    return table
