"""Waiting until transactions of others end, whatever they do (WaitForLockers, WaitForOlderSnapshots).

Nobody is made to wait behind the one that waits here, as would be with a lock on what they use. The wait is
one in the lock table all the same, so that deadlocks are found and pg_locks shows it: the transaction that is
waited for gets an EXCLUSIVE lock on its own VirtualKey, which the one that waits wants in SHARE mode.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from gaveldb.journal.api import EXCLUSIVE_LOCK, SHARE_LOCK

from .lockwait import RelationKey, VirtualKey, wait_steps


def wait_for_lockers(session: Any, oid: int) -> Iterator[Any]:
    """Wait for all transactions that have a lock on a relation by now, in whatever mode."""
    key = RelationKey(oid)
    found = [other for other in _others(session) if _has_lock(other.transaction, oid, key)]
    yield from _wait_for(session, found)


def wait_for_older_snapshots(session: Any) -> Iterator[Any]:
    """Wait for all transactions that go on reading a snapshot which is no newer than the session's own."""
    tau = session.transaction.snapshot.tau
    found = []
    for other in _others(session):
        snapshot = getattr(other.transaction, "snapshot", None)  # a prepared transaction has none
        if snapshot is not None and other.transaction.isolation != "read committed" and snapshot.tau <= tau:
            found.append(other)
    yield from _wait_for(session, found)


def _others(session: Any) -> Iterator[Any]:
    """The sessions of the database with a transaction, and the prepared transactions."""
    engine = session.engine
    for other in (*engine.sessions.values(), *engine.prepared.values()):
        if other is not session and other.database is session.database and other.transaction is not None:
            yield other


def _has_lock(transaction: Any, oid: int, key: RelationKey) -> bool:
    noted = any(relation == oid for locks in transaction.used for relation, _ in locks.locks)
    return noted or any(hold is not None and key in hold.keys for hold in transaction.holds)


def _wait_for(session: Any, others: list[Any]) -> Iterator[Any]:
    locks = session.database.locks
    loop = asyncio.get_running_loop()
    awaited = [(other, other.transaction, _identity(other.transaction)) for other in others]
    for other, transaction, identity in awaited:
        key = VirtualKey(other)
        # ROLLBACK TO SAVEPOINT gives back what was entered since: then it is entered again
        while _goes_on(other, transaction) and _identity(transaction) == identity:
            theirs, mine = transaction.hold(EXCLUSIVE_LOCK), session.transaction.hold(SHARE_LOCK)
            if key not in theirs.keys:
                locks.enter(theirs, key)
            request = locks.acquire(mine, key, loop)
            if request is not None:
                yield from wait_steps(session, request)
            locks.release_one(mine, key)


def _goes_on(other: Any, transaction: Any) -> bool:
    """Whether the transaction has not ended; one that has failed as a whole is as good as rolled back."""
    if other.transaction is not transaction:
        return False
    return bool(transaction.savepoints) if getattr(other, "failed", False) else True


def _identity(transaction: Any) -> Any:
    """A session uses the same object for several transactions, one after the other."""
    return getattr(transaction, "transaction_timestamp", None)
