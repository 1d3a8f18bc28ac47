"""The constraints of partitions as expressions (get_qual_for_list, get_qual_for_range and
get_qual_for_hash)."""

from typing import Any

from .. import tree as t
from ..lsyscache import get_opfamily_member
from ..run.partitions import PartitionTable, bounds_table
from .inheritance import ancestors, attribute_map, renumber
from .trees import load_tree

_EQUAL = 3
SATISFIES_HASH_PARTITION = 5028


def partition_constraint(catalog: Any, oid: int, parent: int = 0) -> Any:
    """What holds for the rows of a partition, over its own columns; None: nothing is said. With `parent`,
    only what being a partition of that one says."""
    quals: list[Any] = []
    child = catalog.relation(oid)
    below = oid
    for above in ancestors(catalog, oid):
        table = bounds_table(catalog, above)
        numbers = attribute_map(table.relation, child)
        try:
            quals = [renumber(qual, numbers) for qual in _quals(catalog, table, below)] + quals
        except KeyError:  # a row as a whole, which would have to be converted
            return None
        if above == parent:
            break
        below = above
    if not quals:
        return None
    return quals[0] if len(quals) == 1 else t.BoolExpr("and", tuple(quals))


def _quals(catalog: Any, table: PartitionTable, oid: int) -> list[Any]:
    """The conjuncts for one partition, over the parent's columns."""
    spec = load_tree(catalog.pg_class.get(oid).relpartbound)
    if table.strategy == "h":
        return [_hash_qual(table, spec)]
    if table.strategy == "l":
        return _list_quals(catalog, table, spec)
    if not spec.is_default:
        return _range_quals(catalog, table, spec, False)
    arms = []
    for other in table.order:
        if other != oid:
            conjuncts = _range_quals(
                catalog, table, load_tree(catalog.pg_class.get(other).relpartbound), True
            )
            arms.append(_and(conjuncts))
    if not arms:
        return []
    inner = (*_not_nulls(table), arms[0] if len(arms) == 1 else t.BoolExpr("or", tuple(arms)))
    return [t.BoolExpr("not", (t.BoolExpr("and", inner),))]


def _and(quals: list[Any]) -> Any:
    return quals[0] if len(quals) == 1 else t.BoolExpr("and", tuple(quals))


def _key_expr(table: PartitionTable, number: int) -> Any:
    key = table.keys[number]
    if not key.attnum:
        return key.expr
    column = table.relation.columns[key.attnum - 1]
    return t.Var(1, key.attnum, column.typid, column.typmod, column.collation)


def _not_nulls(table: PartitionTable) -> list[Any]:
    return [t.NullTest(_key_expr(table, number), "is_not_null") for number in range(len(table.keys))]


def _operator(catalog: Any, key: Any, strategy: int) -> tuple[int, int]:
    """(operator, function) of a key's ordering."""
    opclass = catalog.pg_opclass.get(key.opclass)
    opno = get_opfamily_member(catalog, key.opfamily, opclass.opcintype, opclass.opcintype, strategy)
    return int(opno), int(catalog.pg_operator.get(opno).oprcode)


def _relabelled(catalog: Any, key: Any, expr: Any) -> Any:
    """The key as the type that its operators are for."""
    wanted = catalog.pg_opclass.get(key.opclass).opcintype
    row = catalog.pg_type.get(wanted)
    if key.typid == wanted or row.typtype == "p":
        return expr
    return t.RelabelType(expr, wanted, -1, key.collation)


def _compare(catalog: Any, table: PartitionTable, number: int, strategy: int, value: Any) -> Any:
    key = table.keys[number]
    opno, function = _operator(catalog, key, strategy)
    return t.OpExpr(
        opno=opno,
        opfuncid=function,
        opresulttype=16,
        inputcollid=key.collation,
        args=(_relabelled(catalog, key, _key_expr(table, number)), value),
    )


def _hash_qual(table: PartitionTable, spec: Any) -> Any:
    arguments = [t.Const(26, table.relation.oid), t.Const(23, spec.modulus), t.Const(23, spec.remainder)]
    keys = [_key_expr(table, number) for number in range(len(table.keys))]
    return t.FuncExpr(
        funcid=SATISFIES_HASH_PARTITION,
        funcresulttype=16,
        args=(*arguments, *keys),
        funcformat=t.COERCE_EXPLICIT_CALL,
    )


def _list_quals(catalog: Any, table: PartitionTable, spec: Any) -> list[Any]:
    datums = list(spec.listdatums)
    has_null = any(datum.constisnull for datum in datums)
    if spec.is_default:
        has_null = bool(table.null_partition)
        by_key = {}
        for oid in table.order:
            for datum in load_tree(catalog.pg_class.get(oid).relpartbound).listdatums:
                if not datum.constisnull:
                    by_key[table.encode((datum.constvalue,))] = datum
        datums = [by_key[value] for value in table.sorted_values]
        if not datums and not has_null:
            return []
    datums = [datum for datum in datums if not datum.constisnull]
    equality = _any_of(catalog, table, datums) if datums else None
    key = _key_expr(table, 0)
    quals: list[Any] = [t.NullTest(key, "is_null" if has_null else "is_not_null")]
    if equality is not None:
        quals = [t.BoolExpr("or", (quals[0], equality))] if has_null else [quals[0], equality]
    return [t.BoolExpr("not", (_and(quals),))] if spec.is_default else quals


def _any_of(catalog: Any, table: PartitionTable, datums: list[Any]) -> Any:
    key = table.keys[0]
    if len(datums) == 1:
        return _compare(catalog, table, 0, _EQUAL, datums[0])
    array = catalog.pg_type.get(key.typid).typarray
    if catalog.element_type(key.typid) or not array:
        return t.BoolExpr("or", tuple([_compare(catalog, table, 0, _EQUAL, datum) for datum in datums]))
    opno, function = _operator(catalog, key, _EQUAL)
    elements = t.ArrayExpr(
        array_typeid=array, array_collid=key.collation, element_typeid=key.typid, elements=tuple(datums)
    )
    return t.ScalarArrayOpExpr(
        opno=opno,
        opfuncid=function,
        useOr=True,
        inputcollid=key.collation,
        args=(_relabelled(catalog, key, _key_expr(table, 0)), elements),
    )


def _range_quals(catalog: Any, table: PartitionTable, spec: Any, for_default: bool) -> list[Any]:
    quals: list[Any] = [] if for_default else _not_nulls(table)
    low, high = spec.lowerdatums, spec.upperdatums
    first = 0
    while first < len(low) and not low[first].kind and not high[first].kind:
        one, other = (table.encoders[first](side[first].value.constvalue) for side in (low, high))
        if one != other:
            break
        quals.append(_compare(catalog, table, first, _EQUAL, low[first].value))
        first += 1
    for datums, strict, loose, beyond in ((low, 5, 4, -1), (high, 1, 2, 1)):
        arms = _arms(catalog, table, datums, first, strict, loose, beyond)
        if arms:
            quals.append(arms[0] if len(arms) == 1 else t.BoolExpr("or", tuple(arms)))
    if not quals:
        return _not_nulls(table) if for_default else [t.Const(16, True)]
    return quals


def _arms(
    catalog: Any, table: PartitionTable, datums: Any, first: int, strict: int, loose: int, beyond: int
) -> list[Any]:
    """(a > 1) OR (a = 1 AND b >= 2): one bound of a range. `beyond`: the infinity that makes the bound
    before it one with equality."""
    arms = []
    for last in range(first, len(datums)):
        if datums[last].kind:
            break
        final = last == len(datums) - 1
        # The last column of a lower bound is included, that of an upper bound is not.
        open_end = strict if beyond > 0 else loose
        following = None if final else datums[last + 1].kind
        strategy = open_end if final else loose if following == beyond else strict
        parts = [_compare(catalog, table, n, _EQUAL, datums[n].value) for n in range(first, last)]
        parts.append(_compare(catalog, table, last, strategy, datums[last].value))
        arms.append(_and(parts))
        if following:
            break
    return arms
