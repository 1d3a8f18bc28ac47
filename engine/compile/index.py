"""Index access: point look-ups, ranges, and bitmaps of row ids.

The encoded key prefix (equality conditions) and the bounds on the column behind it are computed
once per scan; every entry's value begins with the row id, so the row's key is one concatenation.
"""

from typing import Any

from gaveldb.storage.api import row_key, successor

from .. import indexkeys
from ..catalog.relation import Index, Relation
from ..errors import SqlError
from ..plan import nodes as plan
from ..run.bitmap import index_rowids, sorted_rowids
from ..run.scans import entry_chunks, value_chunks
from ..sqlstates import INTERNAL_ERROR
from .expressions import emit_filter, value
from .needs import RAW_ROW
from .produce import produces
from .scan import bind_stored_row, fetch_row, scanned_relation, wanted_columns
from .scope import Scope
from .unit import Consume

INT8_BIAS = 1 << 63


def find_index(relation: Relation, oid: int) -> Index:
    for index in relation.indexes:
        if index.oid == oid:
            return index
    raise SqlError(INTERNAL_ERROR, f"could not open index with OID {oid}")


def encode_source(scope: Scope, key: Any, name: str) -> str:
    """Source of the encoded key column of a value that is not NULL."""
    unit = scope.unit
    kind = indexkeys.key_kind(scope.catalog, key.typid)
    if kind == "int8" and not key.descending:
        unit.helper("flagged_int8", _FLAGGED_INT8)
        return f"flagged_int8(1, {name} + {INT8_BIAS})"
    encoder = scope.catalog.cache.get(("column_encoder", key))
    if encoder is None:
        encoder = scope.catalog.cache[("column_encoder", key)] = indexkeys.key_column_encoder(
            scope.catalog, key
        )
    return f"{unit.constant(encoder, 'encode')}({name})"


from struct import Struct  # noqa: E402

_FLAGGED_INT8 = Struct(">BQ").pack


class Bounds:
    """Emits the key range of an index scan: names (or literals) of its low and high keys. To be
    called where `continue` skips the scan (a NULL bound); opens a loop per IN condition."""

    def __init__(
        self, scope: Scope, relation: Relation, index: Index, conditions: Any, backward: bool
    ) -> None:
        self.scope = scope
        self.index = index
        self.backward = backward
        self.blocks: list[Any] = []
        self.equal_all = False
        prefix = row_key(indexkeys.storage_id(scope.catalog, index), 0)[:4]
        self.prefix = repr(prefix)
        by_column: dict[int, list[Any]] = {}
        for condition in conditions:
            by_column.setdefault(condition.column, []).append(condition)
        column = 0
        points = 0
        while (
            column in by_column
            and by_column[column][0].op in ("=", "in", "is_null")
            and len(by_column[column]) == 1
        ):
            condition = by_column[column][0]
            self._equality(index.keys[column], condition)
            points += condition.op != "is_null"
            column += 1
        self.equal_all = points == len(index.keys)
        self._range(index, column, by_column.pop(column, []))

    def _simple(self, source: str, stem: str) -> str:
        name = self.scope.unit.fresh(stem)
        self.scope.frame.line(f"{name} = {source}")
        return name

    def _value(self, condition: Any) -> str:
        """A local with the condition's value, which is then known not to be NULL."""
        code = value(self.scope, condition.value)
        name = code.source if code.simple else self._simple(code.source, "bound")
        if code.null:
            with self.scope.frame.block(f"if {name} is None:"):
                self.scope.frame.line("continue")
        return name

    def _equality(self, key: Any, condition: Any) -> None:
        scope = self.scope
        if condition.op == "is_null":
            self.prefix = f"{self.prefix} + {indexkeys.null_flag(key)!r}"
        elif condition.op == "=":
            self.prefix = f"{self.prefix} + {encode_source(scope, key, self._value(condition))}"
        else:
            array = value(scope, condition.value)
            unit = scope.unit
            unit.helper("in_keys", indexkeys.in_keys)
            encoder = unit.constant(indexkeys.key_column_encoder(scope.catalog, key), "encode")
            element = unit.fresh("element")
            before = self._simple(self.prefix, "prefix")
            block = scope.frame.block(
                f"for {element} in in_keys({array.source}, {encoder}, {self.backward}):"
            )
            block.__enter__()
            self.blocks.append(block)
            self.prefix = f"{before} + {element}"

    def _range(self, index: Index, column: int, conditions: Any) -> None:
        unit = self.scope.unit
        self.prefix = self._simple(self.prefix, "prefix")
        self.low, self.high = self.prefix, ""
        unit.helper("successor", successor)
        if not conditions:
            self.high = f"successor({self.prefix})"
            return
        key = index.keys[column]
        low, high = f"{self.prefix} + b'\\x01'", f"{self.prefix} + b'\\x02'"
        lows, highs = [], []
        for condition in conditions:
            op = condition.op
            if op == "is_not_null":
                continue
            if op == "is_null":
                low = f"{self.prefix} + {indexkeys.null_flag(key)!r}"
                high = f"successor({low})"
                continue
            name = self._value(condition)
            edge = self._simple(f"{self.prefix} + {encode_source(self.scope, key, name)}", "edge")
            if key.descending:
                op = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            if op in (">", ">=", "="):
                lows.append(edge if op != ">" else f"successor({edge})")
            if op in ("<", "<=", "="):
                highs.append(edge if op == "<" else f"successor({edge})")
        self.low = lows[0] if len(lows) == 1 else f"max({', '.join(lows)})" if lows else low
        self.high = highs[0] if len(highs) == 1 else f"min({', '.join(highs)})" if highs else high

    def close(self) -> None:
        for block in reversed(self.blocks):
            block.__exit__(None, None, None)


@produces(plan.IndexScan)
def _index_scan(scope: Scope, node: plan.IndexScan, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    relation = scanned_relation(scope, node)
    index = find_index(relation, node.indexid)
    unit.root.need_prelude("txn = ctx.transaction")
    with frame.block("for _ in ONCE:"):
        bounds = Bounds(scope, relation, index, node.conditions, node.backward)
        entry = unit.fresh("entry")
        if bounds.equal_all and index.unique and not index.deferrable:
            frame.line(f"{entry} = txn.get({bounds.prefix})")
            with frame.block(f"if {entry} is None:"):
                frame.line("continue")
            _index_row(scope, node, relation, entry, consume)
        else:
            _range_scan(scope, node, relation, bounds, entry, consume)
        bounds.close()


def _range_scan(
    scope: Scope, node: plan.IndexScan, relation: Relation, bounds: Bounds, entry: str, consume: Consume
) -> None:
    unit, frame = scope.unit, scope.frame
    key = unit.fresh("key")
    if not frame.breathing:
        with frame.block(f"for {key}, {entry} in txn.scan({bounds.low}, {bounds.high}, {node.backward}):"):
            _index_row(scope, node, relation, entry, consume)
        return
    chunk = unit.fresh("chunk")
    if node.backward:
        unit.helper("entry_chunks", entry_chunks)
        source, target = f"entry_chunks(txn, {bounds.low}, {bounds.high}, True)", f"{key}, {entry}"
    else:
        unit.helper("value_chunks", value_chunks)
        source, target = f"value_chunks(txn, {bounds.low}, {bounds.high})", entry
    with frame.block(f"for {chunk} in {source}:"):
        with frame.block(f"for {target} in {chunk}:"):
            _index_row(scope, node, relation, entry, consume)
        frame.breathe()


def _index_row(scope: Scope, node: plan.IndexScan, relation: Relation, entry: str, consume: Consume) -> None:
    """The row of an index entry; not fetched if none of its columns is wanted."""
    unit, frame = scope.unit, scope.frame
    attnums = wanted_columns(scope, node.varno)
    key = unit.fresh("k")
    prefix = row_key(relation.storage_id, 0)[:4]
    if all(attnum < 0 and attnum != RAW_ROW for attnum in attnums):
        if attnums:
            frame.line(f"{key} = {prefix!r} + {entry}[:8]")
        bind_stored_row(scope, node.varno, relation, key, "")
    else:
        stored = unit.fresh("v")
        frame.line(f"{key} = {prefix!r} + {entry}[:8]")
        frame.line(f"{stored} = txn.get({key})")
        with frame.block(f"if {stored} is None:"):
            frame.line("continue")
        bind_stored_row(scope, node.varno, relation, key, stored)
    emit_filter(scope, node.quals)
    consume()


# --- bitmaps --------------------------------------------------------------------------------------


@produces(plan.BitmapScan)
def _bitmap_scan(scope: Scope, node: plan.BitmapScan, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    relation = scanned_relation(scope, node)
    unit.root.need_prelude("txn = ctx.transaction")
    unit.helper("sorted_rowids", sorted_rowids)
    with frame.block("for _ in ONCE:"):
        bitmap = _emit_bitmap(scope, relation, node.bitmap)
        chunk, rowid = unit.fresh("chunk"), unit.fresh("rowid")
        with frame.block(f"for {chunk} in sorted_rowids({bitmap}):"):
            with frame.block(f"for {rowid} in {chunk}:"):
                fetch_row(scope, node.varno, relation, rowid)
                emit_filter(scope, node.quals)
                consume()
            frame.breathe()


def _emit_bitmap(scope: Scope, relation: Relation, node: Any) -> str:
    """Code that fills a set of row ids; returns its name."""
    unit, frame = scope.unit, scope.frame
    if isinstance(node, plan.BitmapAnd | plan.BitmapOr):
        names = [_emit_bitmap(scope, relation, part) for part in node.inputs]
        result = unit.fresh("bitmap")
        frame.line(f"{result} = {(' & ' if isinstance(node, plan.BitmapAnd) else ' | ').join(names)}")
        return result
    index = find_index(relation, node.indexid)
    bitmap = unit.fresh("bitmap")
    unit.helper("index_rowids", index_rowids)
    from pyroaring import BitMap64

    unit.helper("BitMap64", BitMap64)
    frame.line(f"{bitmap} = BitMap64()")
    with frame.block("for _ in ONCE:"):
        bounds = Bounds(scope, relation, index, node.conditions, False)
        chunk = unit.fresh("rowids")
        with frame.block(f"for {chunk} in index_rowids(txn, {bounds.low}, {bounds.high}):"):
            frame.line(f"{bitmap}.update({chunk})")
            frame.breathe()
        bounds.close()
    return bitmap
