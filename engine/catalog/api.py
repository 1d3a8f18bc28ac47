"""What the rest of the engine may ask of the catalogs.

A Catalog is an immutable value at one version: PostgreSQL's built-in rows (catalog/data/) overlaid
by the database's own rows. A transaction that changes catalog rows works on an evolved Catalog of
its own (Transaction.catalog). Rows are NamedTuples, one class per system catalog with the manual's
column names (chapter "System Catalogs"); oids are int, `name` str, "char" str, arrays
engine.values.Array or None, pg_node_tree columns str (engine/treecodec.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from .relation import Relation


class CatalogTable(Protocol):
    """The rows of one system catalog."""

    relid: int
    columns: tuple[str, ...]
    row_type: Any  # the NamedTuple class

    def get(self, *key: Any) -> Any | None:
        """The row with this primary key (PostgreSQL's own: oid; (attrelid, attnum); ...)."""

    def find(self, index: str, *key: Any) -> tuple[Any, ...]:
        """The rows with this key in a named index of engine/catalog/indexes.py, for instance
        pg_proc.find("proname", "abs"), pg_operator.find("oprname", "+"),
        pg_cast.find("castsource_casttarget", 23, 20), pg_class.find("relname_relnamespace", n, s),
        pg_attribute.find("attrelid", relid) (in attnum order)."""

    def rows(self) -> Iterator[Any]:
        """All rows."""

    def rowid(self, row: Any) -> int:
        """The row's row id: built-in rows have small ones, stored rows from 2**32 on."""


class Catalog(Protocol):
    """One version of one database's catalogs. Attributes pg_type, pg_proc, pg_class, ... give the
    CatalogTables; `cache` is a dict for values derived from this version (type codecs, relation
    descriptors, privilege answers, operator look-ups); it dies with the version."""

    version: int
    database_oid: int
    cache: dict[Any, Any]

    pg_type: CatalogTable
    pg_proc: CatalogTable
    pg_operator: CatalogTable
    pg_cast: CatalogTable
    pg_aggregate: CatalogTable
    pg_class: CatalogTable
    pg_attribute: CatalogTable
    pg_namespace: CatalogTable
    # ... one for every system catalog of PostgreSQL 18

    def table(self, name_or_relid: str | int) -> CatalogTable: ...

    def relation(self, oid: int) -> Relation:
        """The descriptor; raises SqlError(XX000) "could not open relation with OID n" if absent."""

    def evolve(self, changes: Mapping[int, Mapping[int, Any]]) -> "Catalog":
        """A new Catalog with {catalog relid: {row id: row or None}} applied."""

    # --- names, PostgreSQL's namespace.c; `path` is a search path as a tuple of namespace oids ----
    def namespace_oid(self, name: str) -> int | None: ...

    def relation_oid(self, name: str, path: Iterable[int]) -> int | None: ...

    def type_oid(self, name: str, path: Iterable[int]) -> int | None: ...

    # --- types --------------------------------------------------------------------------------
    def base_type(self, typid: int) -> int:
        """The type below all domains."""

    def base_type_and_typmod(self, typid: int, typmod: int) -> tuple[int, int]: ...

    def element_type(self, typid: int) -> int:
        """The element type of a true array type, else 0."""

    def array_type(self, typid: int) -> int:
        """The array type over this type, or 0."""

    def format_type(self, typid: int, typmod: int | None = None) -> str:
        """As pg_catalog.format_type(): "integer", "character varying(10)"."""

    def row_columns(self, typid: int) -> tuple[tuple[str, int, int], ...]:
        """(name, type, typmod) of a composite type's live columns."""
