"""Relation descriptors (PostgreSQL's relcache): a relation's columns, indexes and constraints.

Built by Catalog.relation(oid) from the catalog rows and cached there; immutable.
Expressions are typed trees (engine/tree.py) whose Vars have varno 1.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `attnum` is 1-based and never reused. The stored row's array index is `place`: attnum-1,
    but in a child seen as its parent (catalog/inheritance.py)."""

    attnum: int
    name: str
    typid: int
    typmod: int
    collation: int
    notnull: bool
    dropped: bool = False
    default: Any = None  # typed tree, or None
    identity: str = ""  # "", "a" (always), "d" (by default)
    generated: str = ""  # "", "s" (stored), "v" (virtual); the expression is `default`
    missing: Any = None  # value for rows stored before ADD COLUMN ... DEFAULT
    has_missing: bool = False
    place: int = -1

    def __post_init__(self) -> None:
        if self.place < 0:
            object.__setattr__(self, "place", self.attnum - 1)


@dataclass(frozen=True, slots=True)
class IndexKey:
    """One key column of an index: a column (attnum > 0) or an expression (attnum 0)."""

    attnum: int
    expr: Any
    typid: int
    collation: int
    opclass: int
    opfamily: int
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index. Its entries: see engine/indexkeys.py."""

    oid: int
    name: str
    relid: int
    keys: tuple[IndexKey, ...]
    include: tuple[int, ...]  # attnums
    unique: bool
    primary: bool
    nulls_not_distinct: bool
    predicate: Any = None
    valid: bool = True
    deferrable: bool = False
    deferred: bool = False
    constraint: int = 0  # pg_constraint oid, if it belongs to one
    am: str = "btree"
    reltuples: float = -1.0


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK (or NOT NULL) constraint."""

    oid: int
    name: str
    expr: Any
    validated: bool = True
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; actions as in pg_constraint ("a" no action, "r", "c", "n", "d")."""

    oid: int
    name: str
    relid: int
    refrelid: int
    columns: tuple[int, ...]
    refcolumns: tuple[int, ...]
    index: int
    match: str
    on_update: str
    on_delete: str
    set_columns: tuple[int, ...]
    equality_operators: tuple[int, ...]
    deferrable: bool
    deferred: bool
    validated: bool
    enforced: bool = True
    silent: frozenset[str] = frozenset()  # events that are not checked: DISABLE TRIGGER


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, sequence, index or composite type."""

    oid: int
    name: str
    namespace: int
    kind: str  # pg_class.relkind
    persistence: str  # "p", "t" (temporary), "u"
    owner: int
    rowtype: int  # pg_type oid of its row type, 0 for indexes
    columns: tuple[Column, ...]  # all, dropped ones included: columns[attnum - 1]
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()  # of this table
    referenced_by: tuple[ForeignKey, ...] = ()  # of other tables, to this one
    view_loader: Any = None  # function giving the Query of a view, called once by `view_query`
    system: bool = False  # rows come from the Catalog value, not from storage
    shared: bool = False  # in the shared environment
    reltuples: float = -1.0
    storage_id: int = 0  # pg_class.relfilenode: the relation number in keys
    row: Any = None  # the pg_class row
    extra: dict[str, Any] = field(default_factory=dict)
    own: "Relation | None" = None  # of a child seen as its parent: the child as it is

    @property
    def stored(self) -> "Relation":
        """The relation whose columns are in the order of the stored rows."""
        return self if self.own is None else self.own

    def key_columns(self) -> set[int]:
        """The attnums of the columns that a foreign key might refer to (INDEX_ATTR_BITMAP_KEY)."""
        return {
            key.attnum
            for index in self.indexes
            if index.unique
            and not index.deferrable
            and index.predicate is None
            and all(key.expr is None for key in index.keys)
            for key in index.keys
        }

    @property
    def view_query(self) -> Any:
        """The Query of a view, analysed on first use; not to be changed: copy it. None if no view."""
        if self.view_loader is None:
            return None
        query = self.extra.get("view_query")
        if query is None:
            query = self.extra["view_query"] = self.view_loader()
        return query
