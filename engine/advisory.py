"""Advisory locks: names that the sessions of one database lock by agreement (manual section 13.3.5).

A session may hold a lock many times, for the session or for the transaction, shared or exclusive. Who has
to wait stands in the lock's queue; a request that conflicts with one that waits goes behind it, unless
its session holds the lock already. A wait that would close a circle is refused (40P01).
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from .errors import SqlError
from .sqlstates import LOCK_NOT_AVAILABLE, T_R_DEADLOCK_DETECTED

MODES = ("ShareLock", "ExclusiveLock")


class Key(NamedTuple):
    """What pg_locks shows as classid, objid and objsubid (1: a bigint, 2: two integers)."""

    classid: int
    objid: int
    objsubid: int


class Request(asyncio.Future[None]):
    """A place in the queue of a lock; cancel requests and timeouts may cancel it."""

    interruptible = True
    session: Any
    exclusive: bool


class Lock:
    """Who holds a lock, how often: (session, exclusive, for the transaction) -> count; and who waits."""

    __slots__ = ("held", "queue")

    def __init__(self) -> None:
        self.held: dict[tuple[Any, bool, bool], int] = {}
        self.queue: list[Request] = []

    def blockers(self, session: Any, exclusive: bool) -> list[Any]:
        """The other sessions whose hold conflicts."""
        return [who for who, mode, _ in self.held if who is not session and (mode or exclusive)]

    def holds(self, session: Any) -> bool:
        """Whether the session holds the lock in any mode."""
        return any(who is session for who, _, _ in self.held)

    def admits(self, session: Any, exclusive: bool, before: list[Request]) -> bool:
        """Whether the session may have the lock now, those in `before` waiting for it."""
        if self.blockers(session, exclusive):
            return False
        return self.holds(session) or not any(
            request.session is not session and (request.exclusive or exclusive) for request in before
        )


class AdvisoryLocks:
    """The advisory locks of one database."""

    def __init__(self, database_oid: int) -> None:
        self._database_oid = database_oid
        self._locks: dict[Key, Lock] = {}

    def try_lock(self, session: Any, key: Key, exclusive: bool, transaction: bool) -> bool:
        """Lock if that is possible at once."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = Lock()
        if not lock.admits(session, exclusive, lock.queue):
            return False
        self._grant(lock, session, key, exclusive, transaction)
        return True

    def lock(self, session: Any, key: Key, exclusive: bool, transaction: bool) -> None:
        """Lock, waiting for it."""
        from .run.strand import wait

        if self.try_lock(session, key, exclusive, transaction):
            return
        lock = self._locks[key]
        loop = asyncio.get_running_loop()
        request = Request(loop=loop)
        request.session, request.exclusive = session, exclusive
        lock.queue.append(request)
        request.add_done_callback(lambda request: self._leave(key, lock, request))
        settings = session.settings
        timers = [loop.call_later(settings.value("deadlock_timeout") / 1000, self._break_deadlock, request)]
        if settings.value("lock_timeout"):
            error = SqlError(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout")
            timers.append(loop.call_later(settings.value("lock_timeout") / 1000, _fail, request, error))
        granted = False
        try:
            wait(request)
            granted = True
        finally:
            for timer in timers:
                timer.cancel()
            if request in lock.queue:
                lock.queue.remove(request)
            if granted:
                self._grant(lock, session, key, exclusive, transaction)
            self._wake(key, lock)

    def _leave(self, key: Key, lock: Lock, request: Any) -> None:
        """A cancelled request goes at once: its statement may be gone without having run again."""
        if request.cancelled() and request in lock.queue:
            lock.queue.remove(request)
            self._wake(key, lock)

    def unlock(self, session: Any, key: Key, exclusive: bool) -> bool:
        """Give back one hold of the session's; False if there is none."""
        lock = self._locks.get(key)
        entry = (session, exclusive, False)
        if lock is None or entry not in lock.held:
            return False
        self._drop(key, lock, entry)
        return True

    def unlock_all(self, session: Any) -> None:
        """Give back all holds for the session."""
        for key, lock in list(self._locks.items()):
            for entry in [entry for entry in lock.held if entry[0] is session and not entry[2]]:
                del lock.held[entry]
                self._wake(key, lock)

    def release(self, session: Any, taken: list[tuple[Key, bool]]) -> None:
        """Give back holds for the transaction."""
        for key, exclusive in reversed(taken):
            lock = self._locks.get(key)
            entry = (session, exclusive, True)
            if lock is not None and entry in lock.held:
                self._drop(key, lock, entry)

    def _grant(self, lock: Lock, session: Any, key: Key, exclusive: bool, transaction: bool) -> None:
        entry = (session, exclusive, transaction)
        lock.held[entry] = lock.held.get(entry, 0) + 1
        if transaction:
            session.hold_for_transaction(key, exclusive)

    def _drop(self, key: Key, lock: Lock, entry: tuple[Any, bool, bool]) -> None:
        lock.held[entry] -= 1
        if not lock.held[entry]:
            del lock.held[entry]
            self._wake(key, lock)

    def _wake(self, key: Key, lock: Lock) -> None:
        """Let those go on who may; they enter themselves as holders when they run."""
        before: list[Request] = []
        for request in lock.queue:
            if request.done():
                if not request.cancelled() and request.exception() is None:
                    before.append(request)  # has it already, but has not run yet
                continue
            if lock.admits(request.session, request.exclusive, before):
                request.set_result(None)
            before.append(request)
        if not lock.held and not lock.queue:
            self._locks.pop(key, None)

    # --- deadlocks ------------------------------------------------------------------------------------

    def _waits_for(self) -> dict[Any, tuple[Key, bool, list[Any]]]:
        """session -> (lock, mode, the sessions that it waits for)."""
        out = {}
        for key, lock in self._locks.items():
            before: list[Request] = []
            for request in lock.queue:
                whom = lock.blockers(request.session, request.exclusive)
                whom += [r.session for r in before if r.exclusive or request.exclusive]
                out[request.session] = (key, request.exclusive, whom)
                before.append(request)
        return out

    def blocking(self, session: Any) -> list[Any]:
        """The sessions that one waits for."""
        found = self._waits_for().get(session)
        return [] if found is None else list(dict.fromkeys(found[2]))

    def _break_deadlock(self, request: Request) -> None:
        """Fail the request if its session waits for itself."""
        session = request.session
        waits = self._waits_for()
        path: list[Any] = []

        def reaches(who: Any) -> bool:
            path.append(who)
            for blocker in waits[who][2] if who in waits else ():
                if blocker is session or (blocker not in path and reaches(blocker)):
                    return True
            path.pop()
            return False

        if not reaches(session):
            return
        lines = []
        for place, who in enumerate(path):
            wanted, mode, _ = waits[who]
            blocker = path[(place + 1) % len(path)]
            lines.append(
                f"Process {who.pid} waits for {MODES[mode]} on advisory lock "
                f"[{self._database_oid},{wanted.classid},{wanted.objid},{wanted.objsubid}]; "
                f"blocked by process {blocker.pid}."
            )
        error = SqlError(
            T_R_DEADLOCK_DETECTED,
            "deadlock detected",
            detail="\n".join(lines),
            hint="See server log for query details.",
        )
        _fail(request, error)

    # --- pg_locks -------------------------------------------------------------------------------------

    def status(self) -> Iterator[tuple[Any, ...]]:
        """The rows of pg_locks."""
        for key, lock in self._locks.items():
            holders = dict.fromkeys((who, mode) for who, mode, _ in lock.held)
            entries = [(who, mode, True) for who, mode in holders]
            entries += [(request.session, request.exclusive, False) for request in lock.queue]
            for who, mode, granted in entries:
                yield (
                    "advisory", self._database_oid, None, None, None, None, None, key.classid, key.objid,
                    key.objsubid, f"{who.pid}/1", who.pid, MODES[mode], granted, False, None,
                )  # fmt: skip


def _fail(request: Request, error: SqlError) -> None:
    if not request.done():
        request.set_exception(error)
