"""A transaction that counts what it changes, and asks for the catalog to be as it was."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from gaveldb.journal.api import CommitRequest, Run
from gaveldb.storage.api import decode_row

from ..errors import SqlError
from ..optimistic import OptimisticTransaction
from ..sqlstates import FEATURE_NOT_SUPPORTED
from . import rules

USER_RELATIONS = (16_384).to_bytes(4, "big")
ENTRY_OVERHEAD = 16  # bytes per row and per index entry; inferred
LIMITED_TYPES = ("text", "varchar", "bpchar", "bytea", "json", "jsonb")
COMPRESSION_LEVEL = 1  # of zlib, which stands for the service's compression; inferred


class DsqlTransaction(OptimisticTransaction):
    """What the limits of a transaction are held against."""

    def __init__(self, session: Any, explicit: bool) -> None:
        super().__init__(session, explicit)
        self.rows_changed = 0
        self.has_ddl = False
        self.has_dml = False
        self.in_ddl = False  # the statement that runs is DDL
        self.touched = False  # it has used a table

    def end_command(self) -> None:
        """Hold the command's writes against the limits, then merge them."""
        if self.pending:
            self._account()
        super().end_command()

    def _account(self) -> None:
        limits = self.session.engine.limits
        tables = table_relations(self.catalog)
        rows = self.rows_changed
        key_bytes = limits["key_bytes"]
        longest = min(limits["row_bytes"], limits["value_bytes"])
        for key, value in self.pending.items():
            if key[:4] in tables:
                rows += 1
                if value is not None and len(value) > longest:
                    self._check_row(tables[key[:4]], value)
            elif len(key) - 4 > key_bytes and key[:4] >= USER_RELATIONS:
                raise limits.error("key_bytes", len(key))
        limits.check("rows", rows)
        if rows > self.rows_changed and not self.in_ddl:  # in functions and EXPLAIN ANALYZE, too
            if self.has_ddl:
                raise SqlError(FEATURE_NOT_SUPPORTED, rules.DDL_AND_DML)
            self.has_dml = True
        self.rows_changed = rows

    def _check_row(self, oid: int, row: bytes) -> None:
        """A long row and its values must be within their limits. A value counts as it is when compressed, a
        row as it is (inferred)."""
        limits = self.session.engine.limits
        for name, value in self._long_values(oid, row, limits["value_bytes"]):
            compressed = len(zlib.compress(value, COMPRESSION_LEVEL))
            if compressed > limits["value_bytes"]:
                raise limits.error("value_bytes", compressed, type=name)
        limits.check("row_bytes", len(row))

    def _long_values(self, oid: int, row: bytes, least: int) -> Iterator[tuple[str, bytes]]:
        """The types and bytes of a row's values that have more than `least` characters or bytes."""
        catalog = self.catalog
        for column, value in zip(catalog.relation(oid).columns, decode_row(row), strict=False):
            if isinstance(value, str | bytes):
                data = value.encode() if isinstance(value, str) else value
                row_type = catalog.pg_type.get(catalog.base_type(column.typid))
                name = row_type.typname if row_type is not None and not column.dropped else ""
                if len(data) > least and name in LIMITED_TYPES:
                    yield name, data

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


def table_relations(catalog: Any) -> dict[bytes, int]:
    """The tables' oids by the first four bytes of the keys of their rows."""
    found: dict[bytes, int] | None = catalog.cache.get("dsql_tables")
    if found is None:
        table = catalog.pg_class
        found = {
            row.relfilenode.to_bytes(4, "big"): row.oid
            for row in table.rows()
            if row.relkind == "r" and row.relfilenode >= 16_384
        }
        catalog.cache["dsql_tables"] = found
    return found
