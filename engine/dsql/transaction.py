"""A transaction that counts what it changes, and asks for the catalog to be as it was."""

from collections.abc import Sequence
from typing import Any

from gaveldb.journal.api import CommitRequest, Run

from ..optimistic import OptimisticTransaction

USER_RELATIONS = (16_384).to_bytes(4, "big")
ENTRY_OVERHEAD = 16  # bytes per row and per index entry; inferred


class DsqlTransaction(OptimisticTransaction):
    """What the limits of a transaction are held against."""

    def __init__(self, session: Any, explicit: bool) -> None:
        super().__init__(session, explicit)
        self.rows_changed = 0
        self.has_ddl = False
        self.has_dml = False
        self.touched = False  # it has used a table

    def end_command(self) -> None:
        """Hold the command's writes against the limits, then merge them."""
        if self.pending:
            self._account()
        super().end_command()

    def _account(self) -> None:
        limits = self.session.engine.limits
        tables = table_prefixes(self.catalog)
        rows = self.rows_changed
        row_bytes, key_bytes = limits["row_bytes"], limits["key_bytes"]
        for key, value in self.pending.items():
            if key[:4] in tables:
                rows += 1
                if value is not None and len(value) > row_bytes:
                    raise limits.error("row_bytes", len(value))
            elif len(key) - 4 > key_bytes and key[:4] >= USER_RELATIONS:
                raise limits.error("key_bytes", len(key))
        limits.check("rows", rows)
        self.rows_changed = rows

    def size(self) -> int:
        """The bytes of rows and index entries that COMMIT would write."""
        total = 0
        for writes in self.written.values():
            for key, value in writes.entries.items():
                total += len(key) + len(value or b"") + ENTRY_OVERHEAD
        return total

    def _request(self, writes: dict[bytes, bytes | None], runs: Sequence[Run] = ()) -> CommitRequest | None:
        request = super()._request(writes, runs)
        if request is None:
            return None
        return request._replace(
            catalog_tau=self.snapshot.tau if self.snapshot is not None else request.base,
            database=self.database.oid,
            changes_catalog=self.changed_catalog() or bool(self.shared_writes),
        )


def table_prefixes(catalog: Any) -> frozenset[bytes]:
    """The first four bytes of the keys of tables' rows."""
    found: frozenset[bytes] | None = catalog.cache.get("dsql_tables")
    if found is None:
        table = catalog.pg_class
        found = frozenset(
            row.relfilenode.to_bytes(4, "big")
            for row in table.rows()
            if row.relkind == "r" and row.relfilenode >= 16_384
        )
        catalog.cache["dsql_tables"] = found
    return found
