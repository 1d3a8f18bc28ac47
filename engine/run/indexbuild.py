"""Filling an index from the rows of its table."""

from collections.abc import Iterator
from typing import Any

from gaveldb.storage.api import row_span

from . import violations

CHUNK = 256


def fill_index(ctx: Any, relation: Any, index_oid: int) -> Iterator[Any]:
    """Write an index's entries for all rows; a generator of breaths. 23505 if it is unique and they are not.

    Rows that others commit meanwhile would be missing, so the table's rows become a validated read.
    """
    from ..compile.indexwriter import entry_function

    transaction = ctx.transaction
    index = next(index for index in relation.indexes if index.oid == index_oid)
    entry = entry_function(
        ctx.catalog if index_oid == 0 else transaction.catalog, ctx.settings, relation, index
    )
    low, high = row_span(relation.storage_id)
    transaction.validate_range(low, high)
    pending = transaction.pending
    seen = 0
    extra = dict(pending)
    rows = _rows_with(transaction.scan(low, high), extra, low, high)
    for key, value in rows:
        seen += 1
        if seen % CHUNK == 0:
            yield []
        made = entry(ctx, key, value)
        if made is None:
            continue
        entry_key, entry_value, values, must_be_unique = made
        if must_be_unique and entry_key in pending and pending[entry_key] is not None:
            raise violations.not_buildable(ctx, relation, index, values)
        pending[entry_key] = entry_value


def _rows_with(
    rows: Iterator[tuple[bytes, bytes]], pending: dict[bytes, Any], low: bytes, high: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """The rows as the command's own writes have left them (ALTER TABLE rewrites before it builds)."""
    own = {key: value for key, value in pending.items() if low <= key < high}
    if not own:
        yield from rows
        return
    for key, value in rows:
        if key not in own:
            yield key, value
    for key in sorted(own):
        if own[key] is not None:
            yield key, own[key]


def remove_own(transaction: Any, key: bytes, rowid: bytes) -> None:
    """Delete an entry of a unique index that is not complete, unless it leads to another row: then whoever
    completes the index must find it there, and nobody may change it meanwhile."""
    pending = transaction.pending
    found = pending[key] if key in pending else transaction.get(key)
    if found is None or found[:8] == rowid:
        pending[key] = None
    else:
        transaction.validate_read(key)
