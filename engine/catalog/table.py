"""CatalogTable: one system catalog's rows - built-in ones overlaid by stored ones - and its indexes.

1. Built-in rows (PostgreSQL's, and those of data/own.py) are one object per process (`Builtin`), loaded and
   indexed on first use, and shared by all catalogs and versions; their row id is the oid, or 1, 2, 3... in
   catalogs without one.
2. A table is immutable. `evolved` copies the dict of stored rows and those indexes of it that exist.
3. A stored row with a built-in row's id replaces it; None there hides it.
"""

import importlib
import sys
from collections import namedtuple
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from .data.own import ROWS as OWN_ROWS
from .data.tables import TABLES
from .indexes import INDEXES, ORDERED, WHOLE_ROW_KEYS
from .rowcodec import ARRAY_TYPES, pack_values, to_array, unpack_values

FIRST_STORED_ROWID = 2**32
_EMPTY: dict[Any, Any] = {}
_decode_lines = msgspec.json.Decoder(tuple).decode_lines


class Builtin:
    """The shape of one catalog and its built-in rows."""

    __slots__ = (
        "_groups",
        "_indexes",
        "_raw",
        "_rows",
        "arrays",
        "columns",
        "has_oid",
        "key_columns",
        "name",
        "relid",
        "row_type",
        "shared",
        "types",
    )

    def __init__(self, relid: int) -> None:
        name, shared, columns, types, key = TABLES[relid]
        self.relid = relid
        self.name: str = name
        self.shared: bool = shared
        self.columns: tuple[str, ...] = columns
        self.types: tuple[int, ...] = types
        self.has_oid = columns[0] == "oid"
        if name in WHOLE_ROW_KEYS:
            key = columns
        self.key_columns = tuple(columns.index(c) for c in key)
        self.row_type: Any = namedtuple(name, columns)  # type: ignore[misc]
        self.arrays = tuple(n for n, t in enumerate(types) if t in ARRAY_TYPES)
        self._raw: dict[int, tuple[Any, ...]] | None = None
        self._rows: dict[int, Any] = {}  # materialised ones
        self._indexes: dict[str, dict[Any, tuple[int, ...]]] = {}
        self._groups: dict[tuple[str, Any], tuple[Any, ...]] = {}

    def raw(self) -> dict[int, tuple[Any, ...]]:
        """Row id -> undecoded row."""
        raw = self._raw
        if raw is None:
            module_name = f"{__package__}.data.{self.name}"
            module = importlib.import_module(module_name)
            lines = _decode_lines(module.ROWS) + _decode_lines(OWN_ROWS.get(self.name, ""))
            sys.modules.pop(module_name, None)  # the text is not needed again
            vars(sys.modules[f"{__package__}.data"]).pop(self.name, None)
            raw = {line[0]: line for line in lines} if self.has_oid else dict(enumerate(lines, 1))
            self._raw = raw
        return raw

    def row(self, rowid: int) -> Any | None:
        """The row with this id."""
        row = self._rows.get(rowid)
        if row is None:
            values = self.raw().get(rowid)
            if values is None:
                return None
            if self.arrays:
                fixed = list(values)
                for n in self.arrays:
                    if fixed[n] is not None:
                        fixed[n] = to_array(fixed[n], self.types[n])
                values = tuple(fixed)
            row = self._rows[rowid] = self.row_type._make(values)
        return row

    def index(self, name: str) -> dict[Any, tuple[int, ...]]:
        """Key -> row ids."""
        index = self._indexes.get(name)
        if index is None:
            columns = self.index_columns(name)
            raw = self.raw()
            building: dict[Any, list[int]] = {}
            if len(columns) == 1:
                column = columns[0]
                for rowid, row in raw.items():
                    building.setdefault(row[column], []).append(rowid)
            else:
                for rowid, row in raw.items():
                    building.setdefault(tuple([row[c] for c in columns]), []).append(rowid)
            order = ORDERED.get((self.name, name))
            if order is not None:
                by = self.columns.index(order)
                for rowids in building.values():
                    rowids.sort(key=lambda rowid: raw[rowid][by])
            index = self._indexes[name] = {key: tuple(rowids) for key, rowids in building.items()}
        return index

    def group(self, name: str, key: Any) -> tuple[Any, ...]:
        """The rows with a key."""
        group = self._groups.get((name, key))
        if group is None:
            rowids = self.index(name).get(key)
            if rowids is None:
                return ()
            group = self._groups[name, key] = tuple([self.row(rowid) for rowid in rowids])
        return group

    def primary(self) -> dict[Any, tuple[int, ...]]:
        """Primary key -> row ids."""
        return self.index("")

    def index_columns(self, name: str) -> tuple[int, ...]:
        """The columns of an index, by its name; "" is the primary key."""
        if not name:
            return self.key_columns
        columns = _index_columns(self.name).get(name)
        if columns is None:
            raise KeyError(f"{self.name} has no index {name}")
        return columns

    def ordered(self, name: str, rows: tuple[Any, ...]) -> tuple[Any, ...]:
        """The rows in the order that the index promises."""
        order = ORDERED.get((self.name, name))
        if order is None or len(rows) < 2:
            return rows
        by = self.columns.index(order)
        return tuple(sorted(rows, key=lambda row: row[by]))

    def key_of(self, row: Any, columns: tuple[int, ...]) -> Any:
        """A row's key in an index over `columns`."""
        return row[columns[0]] if len(columns) == 1 else tuple([row[c] for c in columns])


_builtins: dict[int, Builtin] = {}
_index_columns_cache: dict[str, dict[str, tuple[int, ...]]] = {}
RELIDS: dict[str, int] = {shape[0]: relid for relid, shape in TABLES.items()}


def builtin(relid: int) -> Builtin:
    """The process-wide shape and built-in rows of a catalog."""
    found = _builtins.get(relid)
    if found is None:
        found = _builtins[relid] = Builtin(relid)
    return found


def _index_columns(table: str) -> dict[str, tuple[int, ...]]:
    known = _index_columns_cache.get(table)
    if known is None:
        _, _, columns, _, primary = TABLES[RELIDS[table]]
        declared = list(INDEXES.get(table, ()))
        if primary:
            declared += [primary, (primary[0],)]
        known = {"_".join(names): tuple(columns.index(n) for n in names) for names in declared}
        _index_columns_cache[table] = known
    return known


class CatalogTable:
    """The rows of one system catalog at one version (engine/catalog/api.py)."""

    __slots__ = ("_builtin", "_hidden", "_indexes", "_primary", "_stored")

    def __init__(self, shape: Builtin, stored: dict[int, Any] | None = None) -> None:
        self._builtin = shape
        self._stored: dict[int, Any] = stored if stored is not None else _EMPTY
        self._hidden: frozenset[int] | None = None
        self._primary: dict[Any, int] | None = None
        self._indexes: dict[str, dict[Any, tuple[Any, ...]]] = {}

    @property
    def relid(self) -> int:
        return self._builtin.relid

    @property
    def name(self) -> str:
        return self._builtin.name

    @property
    def shared(self) -> bool:
        return self._builtin.shared

    @property
    def columns(self) -> tuple[str, ...]:
        return self._builtin.columns

    @property
    def types(self) -> tuple[int, ...]:
        return self._builtin.types

    @property
    def row_type(self) -> Any:
        return self._builtin.row_type

    @property
    def stored(self) -> Mapping[int, Any]:
        """Row id -> row, or None for a deleted built-in row: what storage holds."""
        return self._stored

    def get(self, *key: Any) -> Any | None:
        """The row with this primary key, or None."""
        shape = self._builtin
        wanted: Any = key[0] if len(key) == 1 else key
        if self._stored:
            rowid = self._primary_index().get(wanted)
            if rowid is not None:
                return self._stored[rowid]
        if shape.has_oid:
            if wanted in self._stored:  # a built-in row that was deleted or got another key
                return None
            return shape._rows.get(wanted) or shape.row(wanted)
        found = shape.primary().get(wanted)
        if found is None or found[0] in self._stored:
            return None
        return shape.row(found[0])

    def find(self, index: str, *key: Any) -> tuple[Any, ...]:
        """The rows with this key in a named index (engine/catalog/indexes.py)."""
        wanted = key[0] if len(key) == 1 else key
        shape = self._builtin
        rows = shape.group(index, wanted)
        if not self._stored:
            return rows
        if rows:
            hidden = self._hidden_rowids()
            if hidden:
                rowids = shape.index(index)[wanted]
                rows = tuple([row for row, rowid in zip(rows, rowids, strict=True) if rowid not in hidden])
        own = self._index(index).get(wanted)
        if own is None:
            return rows
        return shape.ordered(index, rows + own) if rows else own

    def rows(self) -> Iterator[Any]:
        """All rows, built-in ones first."""
        for _, row in self.items():
            yield row

    def items(self) -> Iterator[tuple[int, Any]]:
        """All (row id, row)."""
        shape, stored = self._builtin, self._stored
        for rowid in shape.raw():
            if rowid not in stored:
                yield rowid, shape.row(rowid)
        for rowid, row in stored.items():
            if row is not None:
                yield rowid, row

    def by_rowid(self, rowid: int) -> Any | None:
        """The row with this row id, or None."""
        if rowid in self._stored:
            return self._stored[rowid]
        return None if rowid >= FIRST_STORED_ROWID else self._builtin.row(rowid)

    def rowid(self, row: Any) -> int:
        """The row's row id. Of equal rows in a catalog without a key, one's; 0 if it is only shown."""
        shape = self._builtin
        key = shape.key_of(row, shape.key_columns)
        if self._stored:
            rowid = self._primary_index().get(key)
            if rowid is not None:
                return rowid
            if key not in shape.primary():  # one of several equal rows, and another one of them is gone
                return next((rowid for rowid, stored in self._stored.items() if stored == row), 0)
        return shape.primary()[key][0]

    def pack_row(self, row: Any) -> bytes:
        """The stored form of a row; b"" for None (a deleted built-in row)."""
        return b"" if row is None else pack_values(row, self._builtin.types)

    def unpack_row(self, data: bytes) -> Any | None:
        """The row of a stored form."""
        values = unpack_values(data, self._builtin.types)
        return None if values is None else self._builtin.row_type._make(values)

    def evolved(self, changes: Mapping[int, Any]) -> "CatalogTable":
        """A new table with {row id: row or None} applied."""
        shape = self._builtin
        new = CatalogTable(shape, dict(self._stored))
        stored = new._stored
        raw: Any = None
        touched: set[tuple[str, Any]] = set()
        primary = None if self._primary is None else dict(self._primary)
        indexes = {name: (dict(index), shape.index_columns(name)) for name, index in self._indexes.items()}
        for rowid, row in changes.items():
            old = stored.get(rowid)
            if old is not None:
                if primary is not None:
                    key = shape.key_of(old, shape.key_columns)
                    if primary.get(key) == rowid:
                        del primary[key]
                for index, columns in indexes.values():
                    key = shape.key_of(old, columns)
                    rest = tuple([r for r in index[key] if r is not old])
                    if rest:
                        index[key] = rest
                    else:
                        del index[key]
            if row is None:
                if rowid < FIRST_STORED_ROWID:
                    raw = shape.raw() if raw is None else raw
                    if rowid in raw:
                        stored[rowid] = None
                        continue
                stored.pop(rowid, None)
                continue
            if type(row) is not shape.row_type:
                row = shape.row_type._make(row)
            stored[rowid] = row
            if primary is not None:
                primary[shape.key_of(row, shape.key_columns)] = rowid
            for name, (index, columns) in indexes.items():
                key = shape.key_of(row, columns)
                index[key] = (*index.get(key, ()), row)
                touched.add((name, key))
        for name, key in touched:
            index = indexes[name][0]
            if key in index:
                index[key] = shape.ordered(name, index[key])
        new._primary = primary
        new._indexes = {name: index for name, (index, _) in indexes.items()}
        return new

    def _hidden_rowids(self) -> frozenset[int]:
        hidden = self._hidden
        if hidden is None:
            hidden = self._hidden = frozenset([r for r in self._stored if r < FIRST_STORED_ROWID])
        return hidden

    def _primary_index(self) -> dict[Any, int]:
        index = self._primary
        if index is None:
            shape = self._builtin
            index = {
                shape.key_of(row, shape.key_columns): rowid
                for rowid, row in self._stored.items()
                if row is not None
            }
            self._primary = index
        return index

    def _index(self, name: str) -> dict[Any, tuple[Any, ...]]:
        index = self._indexes.get(name)
        if index is None:
            shape = self._builtin
            columns = shape.index_columns(name)
            building: dict[Any, list[Any]] = {}
            for row in self._stored.values():
                if row is not None:
                    building.setdefault(shape.key_of(row, columns), []).append(row)
            index = self._indexes[name] = {
                key: shape.ordered(name, tuple(rows)) for key, rows in building.items()
            }
        return index
