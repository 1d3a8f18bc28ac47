"""The generated function that makes one index's entry from a stored row (CREATE INDEX)."""

from typing import Any

import msgspec

from ..catalog.relation import Index, Relation
from ..indexkeys import always_has_rowid
from .writer import TableWriter

DECODE = msgspec.msgpack.Decoder().decode


def entry_function(catalog: Any, settings: Any, relation: Relation, index: Index) -> Any:
    """(ctx, row key, stored bytes) -> (entry key, entry value, key values, must be unique), or None if
    a partial index does not have the row."""
    return IndexWriter(catalog, settings, relation).entry(index)


class IndexWriter(TableWriter):
    """A TableWriter that makes the entries of a single index."""

    def __init__(self, catalog: Any, settings: Any, relation: Relation) -> None:
        self.catalog = catalog
        self.settings = settings
        self.relation = relation
        self.width = len(relation.columns)
        self.may_wait = False

    def entry(self, index: Index) -> Any:
        """See entry_function."""
        from .scan import _missing_values

        unit = self._unit()
        frame = unit.root
        unit.globals["decode"] = DECODE
        missing = unit.constant(_missing_values(self.catalog, self.relation.columns), "missing")
        frame.line("n = decode(v)")
        with frame.block(f"if len(n) < {self.width}:"):
            frame.line(f"n.extend({missing}[len(n):])")
        frame.line("id8 = k[4:12]")
        scope = self._scope(unit, "n", trust_not_null=True)
        partial, values = self._emit_key(scope, frame, index, "id8", "entry")
        if partial:
            with frame.block("if entry is None:"):
                frame.line("return None")
            # the key's values are locals only where the predicate held
        unique = "False"
        if index.unique:
            fields = values.strip("(,)")
            unique = "True" if index.nulls_not_distinct else f"None not in ({fields},)"
            if always_has_rowid(index):
                unique = "False"
        frame.line(f"return entry, {self._entry_value(index, 'n', 'id8')}, {values}, {unique}")
        return self._compile(unit, "make_entry(ctx, k, v)")
