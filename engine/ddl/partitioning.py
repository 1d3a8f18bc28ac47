"""PARTITION BY and FOR VALUES: partition keys and bounds as catalog rows (ComputePartitionAttrs,
partbounds.c)."""

from collections.abc import Sequence
from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INDETERMINATE_COLLATION,
    INVALID_OBJECT_DEFINITION,
    INVALID_TABLE_DEFINITION,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
)
from ..tree import PartitionBoundSpec, PartitionRangeDatum
from .dependencies import INTERNAL, NORMAL, PG_CLASS, Address, record_dependency, record_expression
from .heap import BTREE_AM, SYSTEM_COLUMN_NAMES, attnums_array, column_number, table_parse_state
from .indexes import HASH_AM
from .rows import new_row

COLUMNS_MAX = 32
_WORDS = {"l": "list", "r": "range", "h": "hash"}
PG_OPCLASS = 2616
PG_COLLATION = 3456


# --- keys -------------------------------------------------------------------------------------------


def store_partition_key(ctx: Any, oid: int, spec: Any) -> None:
    """The pg_partitioned_table row of a table that has just been made."""
    from ..catalog.rowcodec import oidvector
    from ..treecodec import dump

    transaction = ctx.transaction
    relation = transaction.catalog.relation(oid)
    strategy = chr(spec.strategy.value) if isinstance(spec.strategy.value, int) else spec.strategy.value
    params = spec.partParams
    if strategy == "l" and len(params) > 1:
        raise SqlError(
            INVALID_OBJECT_DEFINITION, 'cannot use "list" partition strategy with more than one column'
        )
    if len(params) > COLUMNS_MAX:
        raise SqlError(INVALID_OBJECT_DEFINITION, f"cannot partition using more than {COLUMNS_MAX} columns")
    pstate = table_parse_state(ctx, oid)
    keys = [
        _key_element(ctx, pstate, relation, element, strategy, number)
        for number, element in enumerate(params, 1)
    ]
    expressions = [key[1] for key in keys if key[1] is not None]
    temporary = relation.persistence == "t"
    transaction.catalog_insert(
        "pg_partitioned_table",
        new_row(
            transaction.base_catalog,
            "pg_partitioned_table",
            partrelid=oid,
            partstrat=strategy,
            partnatts=len(keys),
            partdefid=0,
            partattrs=attnums_array([key[0] for key in keys])._replace(lowers=(0,)),
            partclass=oidvector(*[key[3] for key in keys]),
            partcollation=oidvector(*[key[2] for key in keys]),
            partexprs=dump(expressions) if expressions else None,
        ),
        temporary=temporary,
    )
    address = Address(PG_CLASS, oid)
    for attnum, _, collation, opclass in keys:
        record_dependency(transaction, address, Address(PG_OPCLASS, opclass), NORMAL, temporary=temporary)
        if collation not in (0, 100):
            record_dependency(
                transaction, address, Address(PG_COLLATION, collation), NORMAL, temporary=temporary
            )
        if attnum:
            record_dependency(
                transaction, Address(PG_CLASS, oid, attnum), address, INTERNAL, temporary=temporary
            )
    for expr in expressions:
        record_expression(transaction, address, expr, oid, NORMAL, INTERNAL, temporary=temporary)


def _key_element(
    ctx: Any, pstate: Any, relation: Any, element: Any, strategy: str, number: int
) -> tuple[int, Any, int, int]:
    """(attnum, expression, collation, operator class) of one item of a partition key."""
    from ..bind.typenames import lookup_collation
    from ..treetypes import expr_collation, expr_type

    position = element.location
    attnum, expr = 0, None
    if element.name is not None:
        found = column_number(relation, element.name)
        if found is None:
            if element.name in SYSTEM_COLUMN_NAMES:
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    f'cannot use system column "{element.name}" in partition key',
                    position=position,
                )
            raise SqlError(
                UNDEFINED_COLUMN,
                f'column "{element.name}" named in partition key does not exist',
                position=position,
            )
        attnum = found
        column = relation.columns[attnum - 1]
        _refuse_generated(column, position)
        typid, collation = column.typid, column.collation
    else:
        expr = _key_expression(ctx, pstate, relation, element, number)
        if isinstance(expr, t.Var) and expr.varattno > 0:
            attnum, expr = expr.varattno, None
            typid = relation.columns[attnum - 1].typid
            collation = relation.columns[attnum - 1].collation
        else:
            typid, collation = expr_type(expr), expr_collation(expr)
    if element.collation:
        collation = lookup_collation(ctx.session.analyze_context(), element.collation, position)
    elif collation == 0 and ctx.transaction.catalog.pg_type.get(typid).typcollation:
        raise SqlError(
            INDETERMINATE_COLLATION,
            "could not determine which collation to use for partition expression",
            hint="Use the COLLATE clause to set the collation explicitly.",
        )
    return attnum, expr, collation, _key_opclass(ctx, element, typid, strategy)


def _refuse_generated(column: Any, position: int) -> None:
    if column.generated:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            "cannot use generated column in partition key",
            detail=f'Column "{column.name}" is a generated column.',
            position=position,
        )


def _key_expression(ctx: Any, pstate: Any, relation: Any, element: Any, number: int) -> Any:
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..treetypes import contain_mutable_functions, expr_type, walk
    from .alter_columns import unpositioned

    catalog = ctx.transaction.catalog
    with unpositioned():
        expr = transform_expr(pstate, element.expr, "partition_expression")
        expr = assign_expr_collations(pstate, expr)
    numbers = [node.varattno for node in walk(expr) if isinstance(node, t.Var)]
    row = catalog.pg_type.get(expr_type(expr))
    if row.typtype == "p":
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f"partition key column {number} has pseudo-type {catalog.format_type(row.oid)}",
        )
    if any(number < 0 for number in numbers):
        raise SqlError(
            INVALID_OBJECT_DEFINITION, "partition key expressions cannot contain system column references"
        )
    if 0 in numbers:
        numbers += [column.attnum for column in relation.columns if not column.dropped]
    for attnum in numbers:
        if attnum:
            _refuse_generated(relation.columns[attnum - 1], element.location)
    if contain_mutable_functions(catalog, expr):
        raise SqlError(
            INVALID_OBJECT_DEFINITION, "functions in partition key expression must be marked IMMUTABLE"
        )
    if not numbers:
        raise SqlError(INVALID_OBJECT_DEFINITION, "cannot use constant expression as partition key")
    return expr


def _key_opclass(ctx: Any, element: Any, typid: int, strategy: str) -> int:
    from ..lsyscache import get_default_opclass
    from .indexes import index_opclass

    am = HASH_AM if strategy == "h" else BTREE_AM
    if element.opclass:
        return index_opclass(ctx, element.opclass, typid, am)
    catalog = ctx.transaction.catalog
    row = get_default_opclass(catalog, typid, am)
    if row is None:
        word = "hash" if strategy == "h" else "btree"
        raise SqlError(
            UNDEFINED_OBJECT,
            f"data type {catalog.format_type(typid)} has no default operator class for access method "
            f'"{word}"',
            hint=f"You must specify a {word} operator class or define a default {word} operator class for "
            "the data type.",
        )
    return int(row.oid)


# --- bounds -----------------------------------------------------------------------------------------


def analyse_bound(ctx: Any, parent: int, raw: Any) -> PartitionBoundSpec:
    """FOR VALUES of a partition of `parent` (transformPartitionBound)."""

    row = ctx.transaction.catalog.pg_partitioned_table.get(parent)
    strategy = row.partstrat
    if raw.is_default:
        if strategy == "h":
            raise SqlError(
                INVALID_OBJECT_DEFINITION,
                "a hash-partitioned table may not have a default partition",
            )
        return PartitionBoundSpec(strategy, is_default=True)
    if raw.strategy != strategy:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f"invalid bound specification for a {_WORDS[strategy]} partition",
            position=raw.location,
        )
    if strategy == "h":
        return _hash_bound(raw)
    table = _Key(ctx, parent, row)
    names = _key_names(ctx, table)
    if strategy == "l":
        datums = []
        for number, item in enumerate(raw.listdatums):
            datum = _bound_value(ctx, item, table.keys[0], names[0], (raw.location, 0, number))
            if datum not in datums:
                datums.append(datum)
        return PartitionBoundSpec("l", listdatums=tuple(datums))
    for words, given in (("FROM", raw.lowerdatums), ("TO", raw.upperdatums)):
        if len(given) != len(table.keys):
            raise SqlError(
                INVALID_TABLE_DEFINITION, f"{words} must specify exactly one value per partitioning column"
            )
    return PartitionBoundSpec(
        "r",
        lowerdatums=_range_datums(ctx, raw.lowerdatums, table, names, raw.location, 0),
        upperdatums=_range_datums(ctx, raw.upperdatums, table, names, raw.location, 1),
    )


class _Key:
    """The key of a partitioned table whose partitions do not matter."""

    def __init__(self, ctx: Any, parent: int, row: Any) -> None:
        from ..run.partitions import partition_keys

        catalog = ctx.transaction.catalog
        self.relation = catalog.relation(parent)
        self.keys = partition_keys(catalog, self.relation, row)


def _hash_bound(raw: Any) -> PartitionBoundSpec:
    modulus, remainder = raw.modulus or 0, raw.remainder or 0
    if modulus <= 0:
        raise SqlError(
            INVALID_TABLE_DEFINITION, "modulus for hash partition must be an integer value greater than zero"
        )
    if remainder < 0:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            "remainder for hash partition must be an integer value greater than or equal to zero",
        )
    if remainder >= modulus:
        raise SqlError(INVALID_TABLE_DEFINITION, "remainder for hash partition must be less than modulus")
    return PartitionBoundSpec("h", modulus=modulus, remainder=remainder)


def _key_names(ctx: Any, table: Any) -> list[str]:
    from ..catalog.deparse import deparse_expression

    return [
        table.relation.columns[key.attnum - 1].name
        if key.attnum
        else deparse_expression(key.expr, table.relation.oid, ctx.transaction.catalog)
        for key in table.keys
    ]


def _bound_value(ctx: Any, raw: Any, key: Any, name: str, place: tuple[int, int, int]) -> t.Const:
    """A bound's value as a constant of the key's type (transformPartitionBoundValue)."""
    from ..bind.coercion import COERCION_ASSIGNMENT, coerce_to_target_type
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..evaluate import evaluate_expression
    from ..treetypes import expr_type, walk

    catalog = ctx.transaction.catalog
    pstate = ctx.session.parse_state(ctx.source)
    pstate.context.catalog = pstate.catalog = catalog
    expr = transform_expr(pstate, raw, "partition_bound")
    if any(isinstance(node, t.Var) for node in walk(expr)):
        raise SqlError(FEATURE_NOT_SUPPORTED, "cannot use column reference in partition bound expression")
    typid = key.typid
    coerced = coerce_to_target_type(
        pstate, expr, expr_type(expr), typid, -1, COERCION_ASSIGNMENT, "implicit", -1
    )
    if coerced is None:
        raise SqlError(
            DATATYPE_MISMATCH,
            f'specified value cannot be cast to type {catalog.format_type(typid)} for column "{name}"',
            position=datum_position(ctx.source, *place),
        )
    coerced = assign_expr_collations(pstate, coerced)
    ctx.catalog = catalog
    value = evaluate_expression(ctx, coerced)
    return t.Const(typid, value, value is None, -1, key.collation)


def _range_datums(
    ctx: Any, raws: Sequence[Any], table: Any, names: list[str], position: int, group: int
) -> tuple[PartitionRangeDatum, ...]:
    out = []
    infinite = {"minvalue": -1, "maxvalue": 1}
    for raw, key, name in zip(raws, table.keys, names, strict=True):
        fields = getattr(raw, "fields", None)
        word = fields[0].sval if fields is not None and len(fields) == 1 else None
        kind = infinite.get(word) if isinstance(word, str) else None
        if kind is not None:
            out.append(PartitionRangeDatum(kind))
            continue
        value = _bound_value(ctx, raw, key, name, (position, group, len(out)))
        if value.constisnull:
            raise SqlError(INVALID_TABLE_DEFINITION, "cannot specify NULL in range bound")
        out.append(PartitionRangeDatum(0, value))
    kind = 0
    for number, datum in enumerate(out):
        if kind and datum.kind != kind:
            word = "MINVALUE" if kind < 0 else "MAXVALUE"
            raise SqlError(
                DATATYPE_MISMATCH,
                f"every bound following {word} must also be {word}",
                position=datum_position(ctx.source, position, group, number),
            )
        kind = datum.kind
    return tuple(out)


def datum_position(source: str, start: int, group: int, number: int) -> int:
    """Where the datum with this number stands, in the first (0) or second list in parentheses behind `start`.
    The parser does not tell for literals."""
    from pglast.parser import scan

    depth, groups, items = 0, -1, 0
    for token in scan(source):
        if token.start < start:
            continue
        text = source[token.start : token.end + 1]
        if depth == 1 and groups == group and text not in ")," and items == number:
            return int(token.start)
        if text == "(":
            depth += 1
            if depth == 1:
                groups, items = groups + 1, 0
        elif text == ")":
            depth -= 1
        elif text == "," and depth == 1:
            items += 1
    return start


def check_bound(ctx: Any, parent: int, name: str, spec: PartitionBoundSpec, position: int) -> None:
    """42P17 if a new partition would overlap another one (check_new_partition_bound)."""
    from ..run.partitions import bounds_table

    catalog = ctx.transaction.catalog
    table = bounds_table(catalog, parent)

    def clash(other: int, group: int = 0, number: int = 0) -> SqlError:
        at = position
        if spec.strategy != "h":
            at = datum_position(ctx.source, position, group, number)
        return SqlError(
            INVALID_OBJECT_DEFINITION,
            f'partition "{name}" would overlap partition "{catalog.pg_class.get(other).relname}"',
            position=at,
        )

    if spec.is_default:
        if table.default:
            raise SqlError(
                INVALID_OBJECT_DEFINITION,
                f'partition "{name}" conflicts with existing default partition '
                f'"{catalog.pg_class.get(table.default).relname}"',
                position=position,
            )
    elif spec.strategy == "l":
        for number, datum in enumerate(spec.listdatums):
            other = (
                table.null_partition
                if datum.constisnull
                else table.values.get(table.encode((datum.constvalue,)), 0)
            )
            if other:
                raise clash(other, 0, number)
    elif spec.strategy == "r":
        _check_range(ctx, table, name, spec, position, clash)
    else:
        _check_hash(ctx, table, spec, clash)


def _check_range(ctx: Any, table: Any, name: str, spec: Any, position: int, clash: Any) -> None:
    from ..catalog.partitionbounds import datums_text

    low, high = table.bound(spec.lowerdatums), table.bound(spec.upperdatums)
    if low >= high:
        catalog = ctx.transaction.catalog
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'empty range bound specified for partition "{name}"',
            detail=f"Specified lower bound {datums_text(catalog, spec.lowerdatums, ctx)} is greater than or "
            f"equal to upper bound {datums_text(catalog, spec.upperdatums, ctx)}.",
            position=datum_position(
                ctx.source,
                position,
                0,
                _difference(table, spec.lowerdatums, spec.upperdatums, len(table.keys) - 1),
            ),
        )
    for place, owner in enumerate(table.owners):
        if owner and table.bounds[place] < high and table.bounds[place + 1] > low:
            other = table_spec(ctx.transaction.catalog, owner)
            if low >= table.bounds[place]:
                # A bound that is also the upper one of another partition differs behind all columns.
                shared = place > 0 and table.owners[place - 1] and low == table.bounds[place]
                last = len(table.keys) - 1 if shared else 0
                raise clash(owner, 0, _difference(table, spec.lowerdatums, other.lowerdatums, last))
            raise clash(owner, 1, _difference(table, spec.upperdatums, other.lowerdatums))


def _difference(table: Any, one: Sequence[Any], other: Sequence[Any], equal: int = 0) -> int:
    """The first column in which two range bounds differ, `equal` if in none."""
    for number, (a, b) in enumerate(zip(one, other, strict=True)):
        if a.kind != b.kind:
            return number
        if not a.kind:
            encode = table.encoders[number]
            if encode(a.value.constvalue) != encode(b.value.constvalue):
                return number
    return equal


def _check_hash(ctx: Any, table: Any, spec: Any, clash: Any) -> None:
    catalog = ctx.transaction.catalog
    if not table.order:
        return
    specs = [(table_spec(catalog, oid), oid) for oid in table.order]
    for below, above in _neighbours(specs, spec.modulus):
        for other, factor in ((below, spec.modulus), (above, None)):
            if other is None:
                continue
            modulus = other[0].modulus
            existing = catalog.pg_class.get(other[1]).relname
            if factor is not None and spec.modulus % modulus:
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    "every hash partition modulus must be a factor of the next larger modulus",
                    detail=f"The new modulus {spec.modulus} is not divisible by {modulus}, the modulus of "
                    f'existing partition "{existing}".',
                )
            if factor is None and modulus % spec.modulus:
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    "every hash partition modulus must be a factor of the next larger modulus",
                    detail=f"The new modulus {spec.modulus} is not a factor of {modulus}, the modulus of "
                    f'existing partition "{existing}".',
                )
    greatest = max(table.modulus, spec.modulus)
    for slot in range(spec.remainder, greatest, spec.modulus):
        owner = table.slots[slot % table.modulus]
        if owner:
            raise clash(owner)


def _neighbours(specs: list[Any], modulus: int) -> list[tuple[Any, Any]]:
    """The partition with the largest modulus that is not larger, and the one with the next larger."""
    below = [item for item in specs if item[0].modulus <= modulus]
    above = [item for item in specs if item[0].modulus > modulus]
    return [(below[-1] if below else None, above[0] if above else None)]


def table_spec(catalog: Any, oid: int) -> PartitionBoundSpec:
    """The bound of a partition."""
    from ..catalog.trees import load_tree

    spec: PartitionBoundSpec = load_tree(catalog.pg_class.get(oid).relpartbound)
    return spec


def store_bound(ctx: Any, oid: int, parent: int, spec: PartitionBoundSpec) -> None:
    """Make a table a partition (StorePartitionBound)."""
    from ..treecodec import dump

    transaction = ctx.transaction
    row = transaction.catalog.pg_class.get(oid)
    transaction.catalog_update("pg_class", row, row._replace(relispartition=True, relpartbound=dump(spec)))
    if spec.is_default:
        set_default_partition(ctx, parent, oid)
    transaction.catalog_touch("pg_class", transaction.catalog.pg_class.get(parent))


def set_default_partition(ctx: Any, parent: int, oid: int) -> None:
    """Note which partition is the default one (0: none)."""
    transaction = ctx.transaction
    row = transaction.catalog.pg_partitioned_table.get(parent)
    if row is not None and row.partdefid != oid:
        transaction.catalog_update("pg_partitioned_table", row, row._replace(partdefid=oid))
