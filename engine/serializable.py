"""SERIALIZABLE transactions: what they read is told to the database's Serializer (journal/serializable.py).

Otherwise they are REPEATABLE READ. A Transaction becomes one when it takes its snapshot. Reads of this
session's temporary tables and of the system catalogs do not count.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from gaveldb.journal.api import Member, Unserializable

from .errors import SqlError
from .sqlstates import T_R_SERIALIZATION_FAILURE
from .transaction import Transaction

FIRST_NORMAL_RELATION = 16_384
_FIRST = FIRST_NORMAL_RELATION.to_bytes(4, "big")


def unserializable(error: Unserializable) -> SqlError:
    """40001, with PostgreSQL's reason code."""
    return SqlError(
        T_R_SERIALIZATION_FAILURE,
        "could not serialize access due to read/write dependencies among transactions",
        detail=f"Reason code: {error.reason}",
        hint="The transaction might succeed if retried.",
    )


class SerializableTransaction(Transaction):
    """See above; `serial` is its Member, while it has a snapshot."""

    def _member(self) -> Member:
        assert self.serial is not None
        return self.serial

    def _counts(self, key: bytes) -> bool:
        return not key[0] & 0x80 and key >= _FIRST

    def get(self, key: bytes) -> bytes | None:
        """See Transaction."""
        if self._counts(key):
            try:
                self.database.serializer.read_key(self._member(), key)
            except Unserializable as error:
                raise unserializable(error) from None
        return super().get(key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """See Transaction."""
        if self._counts(low):
            try:
                self.database.serializer.read_range(self._member(), low, high)
            except Unserializable as error:
                raise unserializable(error) from None
        return super().scan(low, high, reverse)

    def plain_snapshot(self, low: bytes) -> Any | None:
        """None: bulk scans must be told of, too."""
        return None

    def column_chunks(self, relation: Any, positions: Any, missing: Any) -> Any:
        """None, as above."""
        return None

    def end_command(self) -> None:
        """See Transaction; the command's writes may be what is one conflict too many."""
        keys = [key for key in self.pending if self._counts(key)]
        if keys:
            self._write(keys)
        super().end_command()

    def unique_entry(self, key: bytes, rows: bytes) -> bytes | None:
        """See RowLocks. Of an entry that stands in the way 40001 is told before 23505."""
        entry = super().unique_entry(key, rows)
        if entry is not None and self._counts(key):
            self._write([key])
        return entry

    def _write(self, keys: list[bytes]) -> None:
        try:
            self.database.serializer.write(self._member(), keys)
        except Unserializable as error:
            raise unserializable(error) from None

    def prepare_serial(self) -> None:
        """The last moment at which the transaction may fail to be serializable."""
        try:
            self.database.serializer.prepare(self._member())
        except Unserializable as error:
            raise unserializable(error) from None


def make_serializable(transaction: Transaction) -> None:
    """A transaction that has just taken its snapshot joins the serializable ones."""
    transaction.__class__ = SerializableTransaction
    assert isinstance(transaction, SerializableTransaction)
    transaction.serial = transaction.database.serializer.begin(transaction.read_only)
    transaction.serial.name = transaction.assigned_xid()
    transaction.serial.owner = transaction.session


async def wait_until_safe(session: Any) -> None:
    """SERIALIZABLE READ ONLY DEFERRABLE: the first statement waits for a snapshot that nobody can harm."""
    transaction = session.transaction
    while not transaction.serial.safe:
        if transaction.serial.unsafe:
            transaction.database.serializer.end(transaction.serial, False)
            transaction.release()
            transaction.serial = None
            transaction.take_snapshot()
            continue
        transaction.serial.waiter = asyncio.get_running_loop().create_future()
        transaction.serial.waiter.interruptible = True
        await session._settle(transaction.serial.waiter, session.settings.statement_deadline())
