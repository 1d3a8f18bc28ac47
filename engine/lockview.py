"""The rows of pg_locks: what the lock tables show."""

from collections.abc import Iterator
from typing import Any

from gaveldb.journal.api import EXCLUSIVE_LOCK, MODES

from .lockwait import AdvisoryKey, RelationKey, VirtualKey

NOTHING = (None,) * 5


def status(database: Any) -> Iterator[tuple[Any, ...]]:
    """The advisory locks, locked relations and transaction ids of one database. Row locks are not shown, as
    in PostgreSQL: but whoever waits for one waits for its transaction."""
    holders: dict[Any, None] = {}
    for key, hold, granted in database.locks.entries():
        session, mode = hold.owner, MODES[hold.mode].name
        if isinstance(key, AdvisoryKey):
            names = (None, None, key.classid, key.objid, key.objsubid)
            yield _row("advisory", database.oid, names, session, mode, granted)
        elif isinstance(key, RelationKey):
            yield _row("relation", database.oid, (key.oid, None, None, None, None), session, mode, granted)
        elif isinstance(key, VirtualKey):
            yield _row("virtualxid", None, NOTHING, session, mode, granted, f"{key.owner.pid}/1")
        elif granted:
            holders[session] = None
        else:
            blockers = database.locks.conflicting(session, key, hold.mode)
            if blockers and blockers[0].owner.transaction is not None:
                xid = blockers[0].owner.transaction.assigned_xid()
                yield _row("transactionid", None, (None, xid, None, None, None), session, "ShareLock", False)
    for session in holders:
        if session.transaction is not None:
            xid = session.transaction.assigned_xid()
            mode = MODES[EXCLUSIVE_LOCK].name
            yield _row("transactionid", None, (None, xid, None, None, None), session, mode, True)


def _row(
    kind: str,
    database: int | None,
    names: tuple[Any, ...],
    session: Any,
    mode: str,
    granted: bool,
    virtual: str | None = None,
) -> tuple[Any, ...]:
    """One row; `names`: relation, transactionid, classid, objid, objsubid."""
    relation, xid, classid, objid, objsubid = names
    return (
        kind, database, relation, None, None, virtual, xid, classid, objid, objsubid, f"{session.pid}/1",
        session.pid or None, mode, granted, False, None,
    )  # fmt: skip
