"""Builds relation descriptors (engine/catalog/relation.py) from catalog rows."""

from typing import Any

from ..errors import SqlError
from ..sqlstates import INTERNAL_ERROR
from .relation import Check, Column, ForeignKey, Index, IndexKey, Relation
from .table import RELIDS
from .trees import load_tree, view_query
from .triggers import EVENTS, RI_CHECKS

FIRST_NORMAL_OID = 16384
_SHARED_ENVIRONMENT = 1664  # pg_tablespace pg_global
BTREE_AM = 403
_OPTION_DESC, _OPTION_NULLS_FIRST = 1, 2


def build_relation(catalog: Any, oid: int) -> Relation:
    """The descriptor of a relation; XX000 if it does not exist."""
    row = catalog.pg_class.get(oid)
    if row is None:
        raise SqlError(INTERNAL_ERROR, f"could not open relation with OID {oid}")
    kind = row.relkind
    columns = build_columns(catalog, row)
    system = oid < FIRST_NORMAL_OID and kind in "rt"
    extra: dict[str, Any] = {}
    indexes: tuple[Index, ...] = ()
    checks: list[Check] = []
    foreign_keys: list[ForeignKey] = []
    referenced_by: list[ForeignKey] = []
    if kind in "rpmtf":
        if row.relhasindex:
            indexes = build_indexes(catalog, oid, columns)
        if system:
            # rows of system relations are in the Catalog value: no stored index entries to scan
            extra["system_indexes"], indexes = indexes, ()
        else:
            _constraints(catalog, oid, checks, foreign_keys, referenced_by, extra)
        if kind in "rpf" and not system:
            extra["triggers"] = catalog.pg_trigger.find("tgrelid", oid)
        if kind == "p":
            extra["partition_key"] = catalog.pg_partitioned_table.get(oid)
    loader = None
    if kind == "v" or kind == "m":
        loader = ViewLoader(catalog, oid)
    elif kind in "iI":
        extra["index"] = build_index(catalog, catalog.pg_index.get(oid), None)
    return Relation(
        oid=oid,
        name=row.relname,
        namespace=row.relnamespace,
        kind=kind,
        persistence=row.relpersistence,
        owner=row.relowner,
        rowtype=row.reltype,
        columns=columns,
        indexes=indexes,
        checks=tuple(checks),
        foreign_keys=tuple(foreign_keys),
        referenced_by=tuple(referenced_by),
        view_loader=loader,
        system=system,
        shared=row.relisshared,
        reltuples=row.reltuples,
        storage_id=row.relfilenode or oid,
        row=row,
        extra=extra,
    )


class ViewLoader:
    """Gives the Query of a view once; only until then it keeps the Catalog (see Catalog.evolve)."""

    __slots__ = ("catalog", "oid")

    def __init__(self, catalog: Any, oid: int) -> None:
        self.catalog = catalog
        self.oid = oid

    def __call__(self) -> Any:
        query = view_query(self.catalog, self.oid)
        self.catalog = None
        return query


def build_columns(catalog: Any, row: Any) -> tuple[Column, ...]:
    """The columns of a pg_class row's relation, dropped ones included."""
    defaults = {}
    if row.oid >= FIRST_NORMAL_OID:
        defaults = {d.adnum: d.adbin for d in catalog.pg_attrdef.find("adrelid", row.oid)}
    columns = []
    for a in catalog.pg_attribute.find("attrelid", row.oid):
        if a.attnum <= 0:
            continue
        default = defaults.get(a.attnum)
        missing = a.attmissingval
        columns.append(
            Column(
                attnum=a.attnum,
                name=a.attname,
                typid=a.atttypid,
                typmod=a.atttypmod,
                collation=a.attcollation,
                notnull=a.attnotnull,
                dropped=a.attisdropped,
                default=None if default is None else load_tree(default),
                identity=a.attidentity,
                generated=a.attgenerated,
                missing=None if missing is None else missing.items[0],
                has_missing=a.atthasmissing,
            )
        )
    return tuple(columns)


def build_indexes(catalog: Any, relid: int, columns: tuple[Column, ...]) -> tuple[Index, ...]:
    """The indexes of a table, in oid order as PostgreSQL lists them."""
    rows = catalog.pg_index.find("indrelid", relid)
    return tuple([build_index(catalog, row, columns) for row in rows])


def build_index(catalog: Any, row: Any, columns: tuple[Column, ...] | None) -> Index:
    """The descriptor of a pg_index row; `columns` are its table's, if they are at hand."""
    relation = catalog.pg_class.get(row.indexrelid)
    attributes = {a.attnum: a for a in catalog.pg_attribute.find("attrelid", row.indexrelid)}
    if columns is None:
        columns = build_columns(catalog, catalog.pg_class.get(row.indrelid))
    expressions = iter(() if row.indexprs is None else load_tree(row.indexprs))
    keys = []
    attnums = row.indkey.items
    for n in range(row.indnkeyatts):
        attnum = attnums[n]
        if attnum > 0:
            expr, typid = None, columns[attnum - 1].typid
        else:
            expr, typid = next(expressions), attributes[n + 1].atttypid
        opclass = row.indclass.items[n]
        option = row.indoption.items[n]
        keys.append(
            IndexKey(
                attnum=attnum,
                expr=expr,
                typid=typid,
                collation=row.indcollation.items[n],
                opclass=opclass,
                opfamily=catalog.pg_opclass.get(opclass).opcfamily,
                descending=bool(option & _OPTION_DESC),
                nulls_first=bool(option & _OPTION_NULLS_FIRST),
            )
        )
    constraint = next(
        (
            c
            for c in catalog.pg_constraint.find("conindid", row.indexrelid)
            if c.contype in "pux" and c.conrelid == row.indrelid
        ),
        None,
    )
    return Index(
        oid=row.indexrelid,
        name=relation.relname,
        relid=row.indrelid,
        keys=tuple(keys),
        include=tuple(attnums[row.indnkeyatts :]),
        unique=row.indisunique,
        primary=row.indisprimary,
        nulls_not_distinct=row.indnullsnotdistinct,
        predicate=None if row.indpred is None else load_tree(row.indpred),
        valid=row.indisvalid,
        deferrable=constraint.condeferrable if constraint else False,
        deferred=constraint.condeferred if constraint else False,
        constraint=constraint.oid if constraint else 0,
        am=catalog.pg_am.get(relation.relam).amname if relation.relam not in (0, BTREE_AM) else "btree",
        reltuples=relation.reltuples,
    )


def _constraints(
    catalog: Any,
    oid: int,
    checks: list[Check],
    foreign_keys: list[ForeignKey],
    referenced_by: list[ForeignKey],
    extra: dict[str, Any],
) -> None:
    silent = _silent_events(catalog, oid)
    for c in catalog.pg_constraint.find("conrelid", oid):
        if c.contype == "c":
            checks.append(Check(c.oid, c.conname, load_tree(c.conbin), c.convalidated, c.conenforced))
        elif c.contype == "f":
            if not _is_part(catalog, c, "conrelid"):
                foreign_keys.append(foreign_key(c, silent.get((c.oid, True), frozenset())))
        elif c.contype == "n":
            extra.setdefault("not_null", {})[c.conkey.items[0]] = c
        elif c.contype == "x":
            extra.setdefault("exclusion", []).append(c)
    for c in catalog.pg_constraint.find("confrelid", oid):
        if c.contype == "f" and not _is_part(catalog, c, "confrelid"):
            referenced_by.append(foreign_key(c, silent.get((c.oid, False), frozenset())))


def _is_part(catalog: Any, row: Any, column: str) -> bool:
    """Whether a foreign key is there for a partition of the other side only."""
    above = catalog.pg_constraint.get(row.conparentid) if row.conparentid else None
    return above is not None and getattr(above, column) == getattr(row, column)


def _silent_events(catalog: Any, oid: int) -> dict[tuple[int, bool], frozenset[str]]:
    """The events for which foreign keys of a relation are not checked, by constraint and whether it is the
    side that refers."""
    found: dict[tuple[int, bool], frozenset[str]] = {}
    for row in catalog.pg_trigger.find("tgrelid", oid):
        if row.tgisinternal and row.tgenabled in "DR":
            events = frozenset([event for event, bit in EVENTS.items() if row.tgtype & bit])
            key = row.tgconstraint, row.tgfoid in RI_CHECKS
            found[key] = found.get(key, frozenset()) | events
    return found


def foreign_key(row: Any, silent: frozenset[str] = frozenset()) -> ForeignKey:
    """The descriptor of a FOREIGN KEY's pg_constraint row."""
    return ForeignKey(
        oid=row.oid,
        name=row.conname,
        relid=row.conrelid,
        refrelid=row.confrelid,
        columns=tuple(row.conkey.items),
        refcolumns=tuple(row.confkey.items),
        index=row.conindid,
        match=row.confmatchtype,
        on_update=row.confupdtype,
        on_delete=row.confdeltype,
        set_columns=() if row.confdelsetcols is None else tuple(row.confdelsetcols.items),
        equality_operators=() if row.conpfeqop is None else tuple(row.conpfeqop.items),
        deferrable=row.condeferrable,
        deferred=row.condeferred,
        validated=row.convalidated,
        enforced=row.conenforced,
        silent=silent,
    )


def is_catalog_table(relid: int) -> bool:
    """Whether Catalog.table(relid) exists."""
    from .data.tables import TABLES

    return relid in TABLES or relid in RELIDS.values()
