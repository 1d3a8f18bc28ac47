"""Partitioned tables: which partition a row belongs to, and which ones conditions leave
(partitioning/partbounds.c).

Values of the partition key become the bytes that an index over the key would have (engine/indexkeys.py), so

1. a range partition is an interval of bytes: MINVALUE is the end of a prefix, MAXVALUE sorts behind all
values;
2. a list partition is a set of bytes, equal exactly if the values are equal to the key's operator class;
3. hash partitions use PostgreSQL's own seeded hash functions: rows land where they land there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple

from gaveldb.storage.api import successor

from ..catalog.inheritance import children_of
from ..catalog.relation import IndexKey, Relation
from ..catalog.trees import load_tree
from ..indexkeys import key_column_encoder, null_flag
from ..tree import PartitionBoundSpec

HASH_SEED = 0x7A5B22367996DCFD
_COMBINE = 0x49A0F4DD15E5A8E3
_MASK = 0xFFFFFFFFFFFFFFFF
_MAXVALUE = b"\xff"


class KeyCondition(NamedTuple):
    """A condition on a column of the key, its value known: op as in plan.nodes.IndexCondition; of "in", value
    is a list."""

    column: int
    op: str
    value: Any


class PartitionTable:
    """The key and the partitions of a partitioned table.

    order: the partitions as PostgreSQL sorts them, the default one last. key(ctx, row) -> the key's values of
    a stored row.
    """

    def __init__(self, catalog: Any, relation: Relation, children: list[int]) -> None:
        self.catalog = catalog
        self.relation = relation
        row = relation.extra["partition_key"]
        self.strategy: str = row.partstrat
        self.keys = partition_keys(catalog, relation, row)
        self.default = 0
        self._encoders: list[Callable[[Any], bytes]] | None = None
        self._hashes: list[Callable[[Any, int], int]] | None = None
        self._key: Any = None
        specs = {}
        for oid in children:
            text = catalog.pg_class.get(oid).relpartbound
            if text is None:  # it is about to become a partition
                continue
            spec: PartitionBoundSpec = load_tree(text)
            if spec.is_default:
                self.default = oid
            else:
                specs[oid] = spec
        {"h": self._build_hash, "l": self._build_list, "r": self._build_range}[self.strategy](specs)

    # --- the partitions -----------------------------------------------------------------------------

    def _build_hash(self, specs: dict[int, PartitionBoundSpec]) -> None:
        self.order = sorted(specs, key=lambda oid: (specs[oid].modulus, specs[oid].remainder))
        self.modulus = max((spec.modulus for spec in specs.values()), default=1)
        self.slots = [0] * self.modulus
        for oid, spec in specs.items():
            for slot in range(spec.remainder, self.modulus, spec.modulus):
                self.slots[slot] = oid

    def _build_list(self, specs: dict[int, PartitionBoundSpec]) -> None:
        self.null_partition = 0
        self.values: dict[bytes, int] = {}
        for oid, spec in specs.items():
            for datum in spec.listdatums:
                if datum.constisnull:
                    self.null_partition = oid
                else:
                    self.values[self.encode((datum.constvalue,))] = oid
        self.sorted_values = sorted(self.values)
        self.order = list(dict.fromkeys(self.values[value] for value in self.sorted_values))
        self.order += [oid for oid in (self.null_partition, self.default) if oid and oid not in self.order]

    def _build_range(self, specs: dict[int, PartitionBoundSpec]) -> None:
        """bounds[i] .. bounds[i + 1] belongs to owners[i]; 0: to the default partition, if there is one."""
        edges: dict[bytes, int] = {}
        for oid, spec in specs.items():
            edges[self.bound(spec.lowerdatums)] = oid
        for spec in specs.values():
            edges.setdefault(self.bound(spec.upperdatums), 0)
        self.bounds = sorted(edges)
        self.owners = [edges[bound] for bound in self.bounds]
        self.order = [oid for oid in self.owners if oid]
        if self.default:
            self.order.append(self.default)

    # --- values to bytes ------------------------------------------------------------------------------

    @property
    def encoders(self) -> list[Callable[[Any], bytes]]:
        """One per key column; flag byte included."""
        if self._encoders is None:
            self._encoders = [key_column_encoder(self.catalog, key) for key in self.keys]
        return self._encoders

    def encode(self, values: Sequence[Any]) -> bytes:
        """The bytes of (the first columns of) the key."""
        return b"".join([encode(value) for encode, value in zip(self.encoders, values, strict=False)])

    def bound(self, datums: Iterable[Any]) -> bytes:
        """The bytes of a range bound."""
        parts: list[bytes] = []
        for datum, encode in zip(datums, self.encoders, strict=True):
            if datum.kind:
                return b"".join(parts) + (_MAXVALUE if datum.kind > 0 else b"")
            parts.append(encode(datum.value.constvalue))
        return b"".join(parts)

    def row_hash(self, values: Sequence[Any]) -> int:
        """compute_partition_hash_value."""
        if self._hashes is None:
            from ..functions.hashes_extended import extended_hash

            self._hashes = [extended_hash(self.catalog, self.catalog.base_type(k.typid)) for k in self.keys]
        result = 0
        for value, function in zip(values, self._hashes, strict=True):
            if value is not None:
                result ^= (
                    (function(value, HASH_SEED) & _MASK) + _COMBINE + (result << 54) + (result >> 7)
                ) & _MASK
        return result

    # --- routing --------------------------------------------------------------------------------------

    def find(self, values: Sequence[Any]) -> int:
        """The partition of a row with these values of the key; 0 if there is none."""
        if self.strategy == "h":
            return self.slots[self.row_hash(values) % self.modulus]
        if self.strategy == "l":
            if values[0] is None:
                return self.null_partition or self.default
            return self.values.get(self.encode(values), self.default)
        if None in values:
            return self.default
        place = bisect_right(self.bounds, self.encode(values)) - 1
        return (self.owners[place] if place >= 0 else 0) or self.default

    def key(self, ctx: Any, row: list[Any]) -> tuple[Any, ...]:
        """The key's values of a stored row of the partitioned table."""
        if self._key is None:
            from ..compile.partitionkey import compile_key

            self._key = compile_key(self.catalog, self.relation, self.keys)
        values: tuple[Any, ...] = self._key(ctx, row)
        return values

    # --- pruning ----------------------------------------------------------------------------------------

    def select(self, conditions: Sequence[KeyCondition]) -> set[int]:
        """The partitions that may have rows for which all conditions hold."""
        for condition in conditions:
            if condition.op not in ("is_null", "is_not_null") and condition.value is None:
                return set()
        by_column: dict[int, list[KeyCondition]] = {}
        for condition in conditions:
            by_column.setdefault(condition.column, []).append(condition)
        if self.strategy == "h":
            return self._select_hash(by_column)
        if self.strategy == "l":
            return self._select_list(by_column.get(0, []))
        return self._select_range(by_column)

    def _points(self, conditions: Sequence[KeyCondition]) -> list[Any] | None:
        """The values that equality leaves for a column; None: any."""
        for condition in conditions:
            if condition.op == "=":
                return [condition.value]
            if condition.op == "in":
                return [value for value in condition.value if value is not None]
            if condition.op == "is_null":
                return [None]
        return None

    def _select_hash(self, by_column: dict[int, list[KeyCondition]]) -> set[int]:
        points = [self._points(by_column.get(number, [])) for number in range(len(self.keys))]
        if any(values is None for values in points):
            return set(self.order)
        return {
            found for values in product(*[p for p in points if p is not None]) if (found := self.find(values))
        }

    def _select_list(self, conditions: Sequence[KeyCondition]) -> set[int]:
        points = self._points(conditions)
        if points is not None:
            return {oid for value in points if (oid := self.find((value,)))}
        if not conditions:
            return set(self.order)
        low, high = self._interval(b"", conditions, 0)
        first, last = bisect_left(self.sorted_values, low), bisect_left(self.sorted_values, high)
        found = {self.values[value] for value in self.sorted_values[first:last]}
        if self.default:
            found.add(self.default)
        return found

    def _select_range(self, by_column: dict[int, list[KeyCondition]]) -> set[int]:
        if any(condition.op == "is_null" for several in by_column.values() for condition in several):
            return {self.default} if self.default else set()
        prefixes = [b""]
        column = 0
        found: set[int] = set()
        while column < len(self.keys):
            points = self._points(by_column.get(column, []))
            if points is None:
                break
            if None in points:  # a NULL anywhere in the key is the default partition's
                return {self.default} if self.default else set()
            encode = self.encoders[column]
            prefixes = [prefix + encode(value) for prefix in prefixes for value in points]
            column += 1
        # A NULL in any column of the key is the default partition's.
        nulls_possible = any(not by_column.get(number) for number in range(len(self.keys)))
        for prefix in prefixes:
            if column < len(self.keys):
                low, high = self._interval(prefix, by_column.get(column, []), column)
            else:
                low, high = prefix, prefix + b"\x00"
            found |= self._owners(low, high)
        if nulls_possible and self.default:
            found.add(self.default)
        return found

    def _interval(
        self, prefix: bytes, conditions: Sequence[KeyCondition], column: int
    ) -> tuple[bytes, bytes]:
        low, high = prefix, prefix + _MAXVALUE + b"\xff"
        if conditions:
            high = prefix + null_flag(self.keys[column])
        for condition in conditions:
            if condition.op == "is_not_null":
                continue
            edge = prefix + self.encoders[column](condition.value)
            if condition.op == ">=":
                low = max(low, edge)
            elif condition.op == ">":
                low = max(low, successor(edge))
            elif condition.op == "<":
                high = min(high, edge)
            elif condition.op == "<=":
                high = min(high, successor(edge))
        return low, high

    def _owners(self, low: bytes, high: bytes) -> set[int]:
        """The partitions that have a part of [low, high)."""
        if low >= high:
            return set()
        first, last = bisect_right(self.bounds, low) - 1, bisect_left(self.bounds, high)
        found = {(self.owners[place] if place >= 0 else 0) or self.default for place in range(first, last)}
        found.discard(0)
        return found


def partition_keys(catalog: Any, relation: Relation, row: Any) -> tuple[IndexKey, ...]:
    """The columns and expressions of a pg_partitioned_table row as the keys of an ascending index."""
    from ..treetypes import expr_type

    expressions = iter(() if row.partexprs is None else load_tree(row.partexprs))
    keys = []
    for number, attnum in enumerate(row.partattrs.items):
        expr = None if attnum else next(expressions)
        opclass = catalog.pg_opclass.get(row.partclass.items[number])
        keys.append(
            IndexKey(
                attnum=attnum,
                expr=expr,
                typid=relation.columns[attnum - 1].typid if attnum else expr_type(expr),
                collation=row.partcollation.items[number],
                opclass=opclass.oid,
                opfamily=opclass.opcfamily,
            )
        )
    return tuple(keys)


def partition_table(catalog: Any, oid: int) -> PartitionTable:
    """The descriptor of a partitioned table, from the Catalog's cache."""
    key = ("partition_table", oid)
    found: PartitionTable | None = catalog.cache.get(key)
    if found is None:
        children = children_of(catalog, oid)
        found = catalog.cache[key] = PartitionTable(catalog, catalog.relation(oid), children)
    return found


def bounds_table(catalog: Any, oid: int) -> PartitionTable:
    """As partition_table, with partitions that DETACH CONCURRENTLY is about to take off: they keep their
    bounds until then."""
    key = ("bounds_table", oid)
    found: PartitionTable | None = catalog.cache.get(key)
    if found is None:
        children = children_of(catalog, oid, detaching=True)
        found = partition_table(catalog, oid)
        if len(children) > len(children_of(catalog, oid)):
            found = PartitionTable(catalog, catalog.relation(oid), children)
        catalog.cache[key] = found
    return found


def key_attnums(catalog: Any, relation: Relation) -> set[int]:
    """The columns that say in which partition of a partitioned table, at whatever level below it, a row is,
    as attnums of the table itself; 0: any column."""
    from ..catalog.inheritance import attribute_map
    from ..treetypes import walk

    found: set[int] = set()
    pending: list[tuple[int, dict[int, int]]] = [(relation.oid, {})]
    while pending:
        oid, back = pending.pop()
        table = partition_table(catalog, oid)
        for key in table.keys:
            attnums = [key.attnum] if key.attnum else [getattr(n, "varattno", -1) for n in walk(key.expr)]
            found.update(back.get(attnum, attnum) for attnum in attnums if attnum >= 0)
        for child in table.order:
            below = catalog.relation(child)
            if below.kind == "p":
                numbers = attribute_map(relation, below)
                pending.append((child, {mine: theirs for theirs, mine in numbers.items()}))
    return found


def live_children(
    catalog: Any, oid: int, selected: dict[int, Callable[[PartitionTable], set[int]]]
) -> set[int]:
    """The leaves below a partitioned table that are left by a choice of partitions of each partitioned
    one."""
    table = partition_table(catalog, oid)
    choose = selected.get(oid)
    found: set[int] = set()
    for child in table.order if choose is None else choose(table):
        if catalog.pg_class.get(child).relkind == "p":
            found |= live_children(catalog, child, selected)
        else:
            found.add(child)
    return found
