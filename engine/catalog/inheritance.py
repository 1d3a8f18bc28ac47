"""Which relations are children of which (pg_inherits), and a child seen as its parent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..tree import Var, map_children
from .relation import Column, Index, IndexKey, Relation


def has_children(catalog: Any, relation: Relation) -> bool:
    """Whether its rows are (also) those of other relations."""
    if relation.kind == "p":
        return True
    return bool(relation.kind in "rf" and relation.row.relhassubclass and children_of(catalog, relation.oid))


def children_of(catalog: Any, oid: int, *, detaching: bool = False) -> list[int]:
    """The direct children, by oid; `detaching`: also partitions that DETACH CONCURRENTLY is about to take
    off."""
    rows = catalog.pg_inherits.find("inhparent", oid)
    return sorted(row.inhrelid for row in rows if detaching or not row.inhdetachpending)


def is_detaching(catalog: Any, oid: int) -> bool:
    """Whether the first half of DETACH CONCURRENTLY has been done to a partition, and not the second."""
    return any(row.inhdetachpending for row in catalog.pg_inherits.find("inhrelid", oid))


def descendants(catalog: Any, oid: int) -> list[int]:
    """The relation and all below it, level by level (find_all_inheritors)."""
    found = [oid]
    for each in found:
        found += [child for child in children_of(catalog, each) if child not in found]
    return found


def ancestors(catalog: Any, oid: int) -> Iterator[int]:
    """A partition's parent, the parent's, up to the root."""
    while rows := catalog.pg_inherits.find("inhrelid", oid):
        oid = rows[0].inhparent
        yield oid


def identity_owner(catalog: Any, relid: int, attnum: int) -> tuple[int, int]:
    """The table and column whose sequence gives an identity column its values: a partition has its root's."""
    if not catalog.pg_class.get(relid).relispartition:
        return relid, attnum
    *_, root = ancestors(catalog, relid)
    name = catalog.pg_attribute.get(relid, attnum).attname
    return root, next(c.attnum for c in catalog.relation(root).columns if c.name == name and not c.dropped)


def scanned_children(catalog: Any, relation: Relation) -> tuple[int, ...]:
    """The relations that hold the rows of a relation with children, in the order in which they are read:
    of partitions by their bounds, otherwise the relation itself first."""
    key = ("scanned_children", relation.oid)
    found: tuple[int, ...] | None = catalog.cache.get(key)
    if found is None:
        if relation.kind == "p":
            from ..run.partitions import partition_table

            leaves: list[int] = []
            for child in partition_table(catalog, relation.oid).order:
                below = catalog.relation(child)
                leaves += scanned_children(catalog, below) if below.kind == "p" else [child]
            found = tuple(leaves)
        else:
            found = tuple([
                oid for oid in descendants(catalog, relation.oid) if catalog.pg_class.get(oid).relkind == "r"
            ])  # fmt: skip
        catalog.cache[key] = found
    return found


def attribute_map(parent: Relation, child: Relation) -> dict[int, int]:
    """The child's attnums of the parent's live columns, by name."""
    numbers = {column.name: column.attnum for column in child.columns if not column.dropped}
    return {c.attnum: numbers[c.name] for c in parent.columns if not c.dropped}


def renumber(expr: Any, numbers: dict[int, int], depth: int = 0) -> Any:
    """An expression over a relation's columns with other attnums; KeyError if one has none."""
    if type(expr) is Var and expr.varlevelsup == depth:
        if expr.varattno > 0:
            return Var(
                varno=expr.varno,
                varattno=numbers[expr.varattno],
                vartype=expr.vartype,
                vartypmod=expr.vartypmod,
                varcollid=expr.varcollid,
                varlevelsup=expr.varlevelsup,
            )
        if expr.varattno == 0:
            raise KeyError(0)
        return expr
    return map_children(expr, lambda node: renumber(node, numbers, depth))


def inherited_view(catalog: Any, oid: int, parent_oid: int) -> Relation:
    """A child with the columns, attnums and row type of a parent: what scans it for the parent needs no more.
    Indexes on columns that the parent does not have are left out."""
    if oid == parent_oid:
        own: Relation = catalog.relation(oid)
        return own
    key = ("inherited_view", oid, parent_oid)
    found: Relation | None = catalog.cache.get(key)
    if found is None:
        found = catalog.cache[key] = _make_view(catalog.relation(oid), catalog.relation(parent_oid))
    return found


def _make_view(child: Relation, parent: Relation) -> Relation:
    numbers = attribute_map(parent, child)
    back = {mine: theirs for theirs, mine in numbers.items()}
    columns: list[Column] = []
    for column in parent.columns:
        if column.dropped:
            columns.append(column)
            continue
        mine = child.columns[numbers[column.attnum] - 1]
        columns.append(replace(mine, attnum=column.attnum, place=mine.place))
    indexes = [seen for index in child.indexes if (seen := _index_view(index, back)) is not None]
    return replace(
        child, columns=tuple(columns), indexes=tuple(indexes), rowtype=parent.rowtype, checks=(), own=child
    )


def _index_view(index: Index, back: dict[int, int]) -> Index | None:
    try:
        keys: list[IndexKey] = []
        for key in index.keys:
            if key.attnum:
                keys.append(replace(key, attnum=back[key.attnum]))
            else:
                keys.append(replace(key, expr=renumber(key.expr, back)))
        predicate = None if index.predicate is None else renumber(index.predicate, back)
    except KeyError:
        return None
    include = tuple([back.get(attnum, 0) for attnum in index.include])
    return replace(index, keys=tuple(keys), predicate=predicate, include=include)
