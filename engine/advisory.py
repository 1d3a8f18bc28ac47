"""Advisory locks: names that the sessions of one database lock by agreement (manual section 13.3.5).

A session may hold a lock many times, for the session or for the transaction, shared or exclusive. They
are locks of the database's lock table (journal/locks.py), which also keeps them in order.
"""

from typing import TYPE_CHECKING, Any

from gaveldb.journal.api import EXCLUSIVE_LOCK, MODES, SHARE_LOCK, Hold

from .lockwait import AdvisoryKey, lock

if TYPE_CHECKING:
    from .database import Database


def mode_name(exclusive: bool) -> str:
    """What pg_locks calls the mode."""
    return MODES[EXCLUSIVE_LOCK if exclusive else SHARE_LOCK].name


class AdvisoryLocks:
    """The advisory locks of one database."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def try_lock(self, session: Any, key: AdvisoryKey, exclusive: bool, transaction: bool) -> bool:
        """Lock if that is possible at once."""
        return self._database.locks.try_acquire(self._hold(session, exclusive, transaction), key)

    def lock(self, session: Any, key: AdvisoryKey, exclusive: bool, transaction: bool) -> None:
        """Lock, waiting for it."""
        lock(session, self._hold(session, exclusive, transaction), key)

    def unlock(self, session: Any, key: AdvisoryKey, exclusive: bool) -> bool:
        """Give back one hold of the session's; False if there is none."""
        return self._database.locks.release_one(self._hold(session, exclusive, False), key)

    def unlock_all(self, session: Any) -> None:
        """Give back all holds for the session."""
        for hold in session.advisory_holds.values():
            self._database.locks.release(hold)

    def _hold(self, session: Any, exclusive: bool, transaction: bool) -> Hold:
        """The Hold of the session or of its transaction."""
        mode = EXCLUSIVE_LOCK if exclusive else SHARE_LOCK
        if transaction:
            return session.transaction.hold(mode)
        found: Hold | None = session.advisory_holds.get(mode)
        if found is None:
            found = session.advisory_holds[mode] = Hold(session, mode)
        return found
