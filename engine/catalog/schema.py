"""Catalog: one immutable version of one database's catalogs (contract: engine/catalog/api.py)."""

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

from ..errors import SqlError
from ..sqlstates import UNDEFINED_OBJECT
from .data.tables import TABLES
from .relation import Relation
from .table import FIRST_STORED_ROWID, RELIDS, CatalogTable, builtin
from .typenames import format_type

_versions = count(1)

# which relations' descriptors a changed row of a catalog makes stale
_RELATION_COLUMNS: dict[int, tuple[str, ...]] = {
    1259: ("oid",),
    1249: ("attrelid",),
    2604: ("adrelid",),
    2610: ("indexrelid", "indrelid"),
    2606: ("conrelid", "confrelid"),
    2618: ("ev_class",),
    2620: ("tgrelid",),
    2611: ("inhrelid", "inhparent"),
    3350: ("partrelid",),
}


class Catalog:
    """See engine/catalog/api.py. Tables are attributes: catalog.pg_type, catalog.pg_proc, ...

    shown: catalogs that queries see otherwise than they are: relid -> function of the catalog giving rows.
    """

    shown: Mapping[int, Callable[["Catalog"], Iterable[Any]]] = MappingProxyType({})

    def __init__(self, database_oid: int, tables: Mapping[int, CatalogTable], version: int) -> None:
        self.database_oid = database_oid
        self.version = version
        self.tables = tables
        self.cache: dict[Any, Any] = {}
        self._relations: dict[int, Relation] = {}
        for relid, table in tables.items():
            setattr(self, TABLES[relid][0], table)

    # mypy: the tables are set by name in __init__
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no system catalog {name}")

    @classmethod
    def bootstrap(cls, database_oid: int = 5) -> "Catalog":
        """A database as initdb leaves it."""
        return cls(database_oid, {relid: CatalogTable(builtin(relid)) for relid in TABLES}, next(_versions))

    @classmethod
    def load(
        cls,
        database_oid: int,
        rows: Iterable[tuple[int, int, bytes]],
        shared: Iterable[tuple[int, int, bytes]] = (),
    ) -> "Catalog":
        """A database with its stored rows: (catalog relid, row id, packed row) of its own
        environment and of the shared one."""
        stored: dict[int, dict[int, Any]] = {}
        empty = {relid: CatalogTable(builtin(relid)) for relid in TABLES}
        for source in (rows, shared):
            for relid, rowid, data in source:
                table = empty.get(relid)
                if table is not None:
                    stored.setdefault(relid, {})[rowid] = table.unpack_row(data)
        tables = {
            relid: CatalogTable(builtin(relid), stored[relid]) if relid in stored else table
            for relid, table in empty.items()
        }
        return cls(database_oid, tables, next(_versions))

    def evolve(self, changes: Mapping[int, Mapping[int, Any]], version: int | None = None) -> "Catalog":
        """A new Catalog with {catalog relid: {row id: row or None}} applied; rows may be any
        sequences in column order."""
        new = Catalog.__new__(Catalog)
        fields = new.__dict__
        fields.update(self.__dict__)
        fields["cache"] = {}
        fields["version"] = next(_versions) if version is None else version
        tables = dict(self.tables)
        # Descriptors of views that nobody has read would keep this catalog.
        relations = {
            oid: relation
            for oid, relation in self._relations.items()
            if relation.view_loader is None or relation.view_loader.catalog is None
        }
        for relid, rows in changes.items():
            if relations and relid in _RELATION_COLUMNS:
                self._forget_relations(relations, relid, rows)
            table = tables[relid] = tables[relid].evolved(rows)
            fields[table.name] = table
        fields["tables"] = tables
        fields["_relations"] = relations
        return new

    def _forget_relations(self, relations: dict[int, Relation], relid: int, rows: Mapping[int, Any]) -> None:
        table = self.tables[relid]
        positions = [table.columns.index(c) for c in _RELATION_COLUMNS[relid]]
        for rowid, row in rows.items():
            for version in (row, table.by_rowid(rowid)):
                if version is not None:
                    for position in positions:
                        relations.pop(version[position], None)

    def table(self, name_or_relid: str | int) -> CatalogTable:
        """A system catalog by name or relid."""
        relid = RELIDS[name_or_relid] if isinstance(name_or_relid, str) else name_or_relid
        return self.tables[relid]

    def relation(self, oid: int) -> Relation:
        """The relation's descriptor; XX000 if there is none."""
        found = self._relations.get(oid)
        if found is None:
            from .relcache import build_relation

            found = self._relations[oid] = build_relation(self, oid)
        return found

    # --- names ------------------------------------------------------------------------------------

    def namespace_oid(self, name: str) -> int | None:
        rows = self.pg_namespace.find("nspname", name)
        return rows[0].oid if rows else None

    def relation_oid(self, name: str, path: Iterable[int]) -> int | None:
        find = self.pg_class.find
        for namespace in path:
            rows = find("relname_relnamespace", name, namespace)
            if rows:
                return rows[0].oid
        return None

    def type_oid(self, name: str, path: Iterable[int]) -> int | None:
        find = self.pg_type.find
        for namespace in path:
            rows = find("typname_typnamespace", name, namespace)
            if rows:
                return rows[0].oid
        return None

    def role_oid(self, name: str) -> int | None:
        """The role with this name."""
        rows = self.pg_authid.find("rolname", name)
        return rows[0].oid if rows else None

    def role_name(self, oid: int) -> str:
        """The role's name, or "unknown (OID=n)"."""
        row = self.pg_authid.get(oid)
        return row.rolname if row is not None else f"unknown (OID={oid})"

    # --- types ------------------------------------------------------------------------------------

    def type_row(self, typid: int) -> Any:
        """The pg_type row; XX000 if there is none."""
        row = self.pg_type.get(typid)
        if row is None:
            raise SqlError(UNDEFINED_OBJECT, f"type with OID {typid} does not exist")
        return row

    def base_type(self, typid: int) -> int:
        return self.base_type_and_typmod(typid, -1)[0]

    def base_type_and_typmod(self, typid: int, typmod: int) -> tuple[int, int]:
        while True:
            row = self.pg_type.get(typid)
            if row is None or row.typtype != "d":
                return typid, typmod
            if typmod < 0:
                typmod = row.typtypmod
            typid = row.typbasetype

    def element_type(self, typid: int) -> int:
        row = self.pg_type.get(typid)
        # array_subscript_handler marks true arrays; vectors and json have subscripts of their own
        return row.typelem if row is not None and row.typsubscript == 6179 else 0

    def array_type(self, typid: int) -> int:
        row = self.pg_type.get(typid)
        return 0 if row is None else row.typarray

    def format_type(self, typid: int, typmod: int | None = None) -> str:
        return format_type(self, typid, typmod)

    def row_columns(self, typid: int) -> tuple[tuple[str, int, int], ...]:
        row = self.pg_type.get(self.base_type(typid))
        if row is None or not row.typrelid:
            return ()
        return tuple(
            [
                (a.attname, a.atttypid, a.atttypmod)
                for a in self.pg_attribute.find("attrelid", row.typrelid)
                if a.attnum > 0 and not a.attisdropped
            ]
        )


__all__ = ["FIRST_STORED_ROWID", "Catalog"]
