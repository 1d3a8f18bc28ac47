"""SERIALIZABLE transactions: what they read is told to the database's Serializer (journal/serializable.py).

Otherwise they are REPEATABLE READ. A Transaction is one from its snapshot on, as long as it has a Member
(`serial`). Reads of this session's temporary tables and of the system catalogs do not count.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gaveldb.journal.api import Member, Unserializable

from .errors import SqlError
from .sqlstates import T_R_SERIALIZATION_FAILURE

if TYPE_CHECKING:
    from .rowlocks import RowLocks
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


def counts(key: bytes) -> bool:
    """Whether others can depend on it."""
    return not key[0] & 0x80 and key >= _FIRST


def note_read(transaction: "RowLocks", serial: Member, key: bytes) -> None:
    """A key is read. Raises 40001."""
    if counts(key):
        try:
            transaction.database.serializer.read_key(serial, key)
        except Unserializable as error:
            raise unserializable(error) from None


def note_scan(transaction: "RowLocks", serial: Member, low: bytes, high: bytes) -> None:
    """A range is read. Raises 40001."""
    if counts(low):
        try:
            transaction.database.serializer.read_range(serial, low, high)
        except Unserializable as error:
            raise unserializable(error) from None


def note_writes(transaction: "RowLocks", serial: Member, keys: Iterable[bytes]) -> None:
    """Keys are written, which may be one conflict too many: raises 40001."""
    written = [key for key in keys if counts(key)]
    if written:
        try:
            transaction.database.serializer.write(serial, written)
        except Unserializable as error:
            raise unserializable(error) from None


def prepare(transaction: "Transaction", serial: Member) -> None:
    """The last moment at which the transaction may fail to be serializable."""
    try:
        transaction.database.serializer.prepare(serial)
    except Unserializable as error:
        raise unserializable(error) from None


def make_serializable(transaction: "Transaction") -> None:
    """A transaction that has just taken its snapshot joins the serializable ones."""
    serial = transaction.database.serializer.begin(transaction.read_only)
    serial.name = transaction.assigned_xid()
    serial.owner = transaction.session
    transaction.serial = serial


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
