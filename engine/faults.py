"""Conflicts on purpose: commits that fail or stall because a test has asked for it.

1. Asked for by the settings `gaveldb.*` and the functions of the schema gaveldb (functions/faults.py).
2. Only commits that write count: their request is on its way to the adjudicator and does not get there. So
   a failure is an abort as any other, and nothing of it is in the journal.
3. `Session.faults` is None for a session that nothing concerns, which is all that COMMIT looks at.
4. The client gets to see every failure: the server does not retry what was asked for (`retryable`).
5. PREPARE TRANSACTION is where a transaction in two phases fails; COMMIT PREPARED never does.
"""

import asyncio
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from .errors import SqlError
from .sqlstates import QUERY_CANCELED, T_R_DEADLOCK_DETECTED, T_R_SERIALIZATION_FAILURE, SqlState

FAULT_SEED = "gaveldb.fault_seed"
_KIND, _RATE = "gaveldb.commit_failure_kind", "gaveldb.commit_failure_rate"
_STALL, _STALL_RATE = "gaveldb.commit_stall", "gaveldb.commit_stall_rate"
FAULT_SETTINGS = frozenset((_KIND, _RATE, _STALL, _STALL_RATE, FAULT_SEED))
KINDS = ("40001", "40P01", "OC000", "OC001")


class CommitFailure(SqlError):
    """A COMMIT that was asked to fail."""

    retryable = False


class Stall(asyncio.Future[None]):
    """What a stalled COMMIT waits for. Cancel requests and timeouts may end it; it sees to them itself."""

    interruptible = True


class Countdown:
    """The next `count` commits after `after` others fail."""

    def __init__(self, count: int, after: int, kind: str | None) -> None:
        self.count = count
        self.after = after
        self.kind = kind  # None: as the setting says

    def is_due(self) -> bool:
        """Count one commit; whether it is to fail."""
        if self.after:
            self.after -= 1
            return False
        self.count -= 1
        return True


class KeyFault(NamedTuple):
    """The next commit that writes the row with this primary key fails."""

    database: int
    relation: int
    values: tuple[Any, ...]
    shown: str
    kind: str


class ServerFaults:
    """What all sessions of a server are to suffer."""

    def __init__(self) -> None:
        self.countdown: Countdown | None = None
        self.keys: list[KeyFault] = []
        self.sequences: dict[int, Random] = {}  # by seed: for sessions that have not SET theirs

    @property
    def armed(self) -> bool:
        """Whether there is anything that a session could not know from its settings."""
        return self.countdown is not None or bool(self.keys)


class SessionFaults:
    """What one session's commits are to suffer."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.countdown: Countdown | None = None
        self.own: tuple[int, Random] | None = None  # (seed, sequence) of a session that has SET its seed

    def at_commit(self, request: Any) -> Iterator[Any]:
        """Stall, fail, or let go the commit of a request; yields Futures."""
        value = self.session.settings.value
        stalls = bool(value(_STALL)) and self._sequence().random() < value(_STALL_RATE)
        failure = self._failure(request)
        if stalls:
            yield from _stall(self.session, value(_STALL) / 1000)
        if failure is not None:
            raise failure
        if not self._has_any():
            self.session.faults = None

    def _failure(self, request: Any) -> CommitFailure | None:
        session = self.session
        settings, server = session.settings, session.engine.faults
        rate = settings.value(_RATE)
        by_chance = bool(rate) and self._sequence().random() < rate  # drawn for every commit
        for owner in (self, server):
            countdown = owner.countdown
            if countdown is not None and countdown.is_due():
                if not countdown.count:
                    owner.countdown = None
                return self._made(countdown.kind, "gaveldb.fail_commits()")
        for fault in server.keys:
            if fault.database == session.database.oid and _writes(session, fault, request):
                server.keys.remove(fault)
                return self._made(fault.kind, "gaveldb.fail_key()")
        return self._made(None, _RATE) if by_chance else None

    def _made(self, kind: str | None, by: str) -> CommitFailure:
        """The error, whose message is that of a real conflict."""
        sqlstate, message = _messages(self.session.engine.dsql)[kind or self.session.settings.value(_KIND)]
        return CommitFailure(sqlstate, message, detail=f"The commit was made to fail by {by}.")

    def _sequence(self) -> Random:
        """Where the next choice comes from."""
        seed = self.session.settings.value(FAULT_SEED)
        if self.own is not None and self.own[0] == seed:
            return self.own[1]
        shared: dict[int, Random] = self.session.engine.faults.sequences
        return shared.setdefault(seed, Random(seed))

    def _has_any(self) -> bool:
        return (
            self.countdown is not None
            or self.own is not None
            or self.session.engine.faults.armed
            or asks_for_any(self.session.settings)
        )


@lru_cache(2)
def _messages(dsql: bool) -> dict[str, tuple[SqlState, str]]:
    """Kind -> (SQLSTATE, message)."""
    from .dsql.rules import CONFLICT, SCHEMA_CHANGED

    usual = CONFLICT if dsql else "could not serialize access due to concurrent update"
    return {
        "40001": (T_R_SERIALIZATION_FAILURE, usual),
        "40P01": (T_R_DEADLOCK_DETECTED, "deadlock detected"),
        "OC000": (T_R_SERIALIZATION_FAILURE, CONFLICT),
        "OC001": (T_R_SERIALIZATION_FAILURE, SCHEMA_CHANGED),
    }


def asks_for_any(settings: Any) -> bool:
    """Whether the settings make commits fail or stall."""
    return bool(settings.value(_RATE) or settings.value(_STALL))


def arm(session: Any) -> SessionFaults:
    """Have a session's commits look at what is asked for."""
    if session.faults is None:
        session.faults = SessionFaults(session)
    faults: SessionFaults = session.faults
    return faults


def arm_all(engine: Any) -> None:
    """The same for all sessions that there are; later ones look when they are opened."""
    for session in engine.sessions.values():
        arm(session)


def arm_new(session: Any) -> None:
    """A session that has just been opened."""
    if session.engine.faults.armed or asks_for_any(session.settings):
        arm(session)


def begin_sequence(session: Any, seed: int | None) -> None:
    """The seed was SET (None: RESET): the session has a sequence of its own, from its beginning."""
    arm(session).own = None if seed is None else (seed, Random(seed))


def reset(session: Any, *, everywhere: bool) -> None:
    """Forget what functions have asked for in a session, or everywhere; sequences begin again."""
    engine = session.engine
    for each in list(engine.sessions.values()) if everywhere else [session]:
        faults = each.faults
        if faults is not None:
            faults.countdown = None
            if faults.own is not None:
                begin_sequence(each, faults.own[0])
    if everywhere:
        engine.faults.countdown = None
        engine.faults.keys.clear()
        engine.faults.sequences.clear()


def _stall(session: Any, seconds: float) -> Iterator[Any]:
    loop = asyncio.get_running_loop()
    future = Stall(loop=loop)
    timer = loop.call_later(seconds, _wake, future)
    session.waiting = session.committing = future
    try:
        yield future
    finally:
        timer.cancel()
        session.waiting = None
    session.check_interrupts()
    if future.cancelled():
        raise SqlError(QUERY_CANCELED, "canceling statement due to statement timeout")


def _wake(future: Stall) -> None:
    if not future.done():
        future.set_result(None)


# --- keys ---------------------------------------------------------------------------------------------


def primary_key(relation: Any) -> Any:
    """The index of a relation's primary key, or None."""
    return next((index for index in relation.indexes if index.primary), None)


def _writes(session: Any, fault: KeyFault, request: Any) -> bool:
    """Whether a commit inserts, updates or deletes the row: it writes the key's entry, or the row that the
    entry leads to."""
    from gaveldb.storage.api import row_key

    from .indexkeys import always_has_rowid, entry_key

    database = session.database
    catalog = database.catalog
    if catalog.pg_class.get(fault.relation) is None:
        return False
    relation = catalog.relation(fault.relation)
    index = primary_key(relation)
    if index is None or len(index.keys) != len(fault.values):
        return False
    low = entry_key(catalog, index)(fault.values, 0)
    high = low + b"\x00"
    if always_has_rowid(index):  # of a deferrable constraint
        low = low[:-8]
        high = low + b"\xff" * 8
    prefix = database.prefix
    writes = request.writes
    if any(prefix + low <= key < prefix + high for key in writes):
        return True
    snapshot = database.shared_snapshot()
    return any(
        prefix + row_key(relation.storage_id, int.from_bytes(bytes(entry)[:8], "big")) in writes
        for _, entry in snapshot.scan(low, high)
    )
