"""Waiting for locks of the lock table (journal/locks.py): timeouts, deadlocks, and what errors say of them.

A plan that runs on a strand waits where it is; a generator yields the request. A point plan runs without
either: WouldBlock ends it, with the request that it has made, and when that is granted it is run again.
"""

import asyncio
import heapq
import time
from collections.abc import Generator, Iterator
from itertools import count
from typing import Any, NamedTuple

from gaveldb.journal.api import EXCLUSIVE_LOCK, MODES, Hold, Request, Wait

from .errors import SqlError
from .run.strand import on_stack, pause
from .sqlstates import LOCK_NOT_AVAILABLE, T_R_DEADLOCK_DETECTED

PRUNE_AT = 1000  # requests that are watched: those that have ended are thrown out


class WouldBlock(BaseException):
    """The statement has to wait for a lock, and cannot wait in the form in which it runs. `request`: its
    place in the queue; whoever catches this waits for it, or withdraws it. None: it has none as yet."""

    def __init__(self, request: Request | None = None) -> None:
        super().__init__()
        self.request = request


class StatementRestart(BaseException):
    """A row that the statement has locked was changed by others since its snapshot, and the statement cannot
    be evaluated again for that row alone: it begins again, on a new snapshot."""


class RelationKey(NamedTuple):
    """A relation in the lock table."""

    oid: int


class VirtualKey(NamedTuple):
    """The transaction of a session (or a prepared one), for those that wait until it ends: they take it in
    SHARE mode. Entered, in EXCLUSIVE mode, once somebody waits (engine/transactionwaits.py)."""

    owner: Any


class AdvisoryKey(NamedTuple):
    """An advisory lock: what pg_locks shows as classid, objid and objsubid (1: a bigint, 2: two integers)."""

    classid: int
    objid: int
    objsubid: int


def wait_for(session: Any, request: Request) -> None:
    """Wait on the strand that runs until the request is granted; raises WouldBlock if there is none, 55P03
    after lock_timeout, 40P01 if the wait would never end."""
    if not on_stack():
        raise WouldBlock(request)
    for item in wait_steps(session, request):
        pause(item)


def withdraw(session: Any, reason: BaseException) -> None:
    """Give up the place in a queue that WouldBlock brings."""
    request = getattr(reason, "request", None)
    if request is not None:
        session.database.locks.withdraw(request)


def wait_steps(session: Any, request: Request) -> Generator[Request, Any, None]:
    """As wait_for, in a generator whose driver waits for the Futures that it yields."""
    if request.doomed:
        _break_deadlock(session, request)
    loop = request.get_loop()
    settings = session.settings
    session.database.deadlocks.watch(session, request, settings.deadlock_timeout / 1000)
    alarm = None
    if settings.lock_timeout:
        alarm = loop.call_later(settings.lock_timeout / 1000, _time_out, request)
    granted = False
    began = time.time_ns() // 1000
    try:
        if not request.done():
            yield request
        request.result()
        granted = True
    finally:
        if alarm is not None:
            alarm.cancel()
        session.lock_waits.append((began, time.time_ns() // 1000 - began))
        if not granted:
            session.database.locks.withdraw(request)


def lock(session: Any, hold: Hold, key: Any) -> None:
    """Take a lock, waiting on the strand that runs."""
    request = session.database.locks.acquire(hold, key, asyncio.get_running_loop())
    if request is not None:
        wait_for(session, request)


def lock_steps(session: Any, hold: Hold, key: Any) -> Generator[Request, Any, None]:
    """Take a lock, waiting in a generator."""
    request = session.database.locks.acquire(hold, key, asyncio.get_running_loop())
    if request is not None:
        yield from wait_steps(session, request)


def _time_out(request: Request) -> None:
    if not request.done():
        request.set_exception(SqlError(LOCK_NOT_AVAILABLE, "canceling statement due to lock timeout"))


# --- deadlocks ------------------------------------------------------------------------------------------


class DeadlockWatch:
    """Looks for a circle once a request has waited for its session's deadlock_timeout: one timer for all of
    them, since nearly all waits end before."""

    __slots__ = ("_due", "_next", "_prune_at", "_timer", "_timer_at")

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Any, Request]] = []
        self._next = count().__next__
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._prune_at = PRUNE_AT

    def watch(self, session: Any, request: Request, seconds: float) -> None:
        """Look after so long, if the request still waits."""
        loop = request.get_loop()
        at = loop.time() + seconds
        due = self._due
        heapq.heappush(due, (at, self._next(), session, request))
        if self._timer is None or at < self._timer_at:
            self._start(loop, at)
        if len(due) > self._prune_at:
            self._due = [entry for entry in due if not entry[3].done()]
            heapq.heapify(self._due)
            self._prune_at = max(PRUNE_AT, 2 * len(self._due))

    def _start(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(at, self._look)
        self._timer_at = at

    def _look(self) -> None:
        self._timer = None
        due = self._due
        while due:
            at, _, session, request = due[0]
            if not request.done():
                loop = request.get_loop()
                if at > loop.time():
                    self._start(loop, at)
                    return
                _break_deadlock(session, request)
            heapq.heappop(due)


def _break_deadlock(session: Any, request: Request) -> None:
    """Fail the request if its session waits for itself."""
    if request.done():
        return
    circle = session.database.locks.untangle(session)
    if not circle or request.done():
        return
    lines = []
    for place, wait in enumerate(circle):
        blocker = circle[(place + 1) % len(circle)].request.hold.owner
        lines.append(f"{_waits(wait)}; blocked by process {blocker.pid}.")
    request.set_exception(
        SqlError(
            T_R_DEADLOCK_DETECTED,
            "deadlock detected",
            detail="\n".join(lines),
            hint="See server log for query details.",
        )
    )


def _waits(wait: Wait) -> str:
    """Who waits for what, as in the detail of a deadlock."""
    request = wait.request
    session = request.hold.owner
    what, mode = waited_for(session.database, wait)
    return f"Process {session.pid} waits for {mode} on {what}"


def waited_for(database: Any, wait: Wait) -> tuple[str, str]:
    """(what a request waits for, in which mode) in PostgreSQL's words: whoever waits for a row waits for the
    transaction that has it, or behind others for the row."""
    request = wait.request
    key, mode = request.key, MODES[request.hold.mode].name
    if isinstance(key, AdvisoryKey):
        return f"advisory lock [{database.oid},{key.classid},{key.objid},{key.objsubid}]", mode
    if isinstance(key, RelationKey):
        return f"relation {key.oid} of database {database.oid}", mode
    if isinstance(key, VirtualKey):
        return f"virtual transaction {key.owner.pid}/1", mode
    holders = database.locks.conflicting(request.hold.owner, key, request.hold.mode)
    transaction = holders[0].owner.transaction if holders else None
    if transaction is not None:
        return f"transaction {transaction.assigned_xid()}", "ShareLock"
    return "tuple of a relation", MODES[EXCLUSIVE_LOCK].name


# --- plans ------------------------------------------------------------------------------------------------


def batches(plan: Any, ctx: Any) -> Iterator[Any]:
    """The batches of a plan (point, run) that begins a command of its own: a point plan that has to wait runs
    again in the other form; a statement that must begin again does so, if none of its rows has left. The
    plan's relations are locked first."""
    from .relationlocks import lock_plan_steps

    yield from lock_plan_steps(ctx.session, plan)
    rest, rows = start(plan, ctx)
    if rows:
        yield rows
    yield from rest


def start(plan: Any, ctx: Any) -> tuple[Iterator[Any], list[Any]]:
    """Begin a plan whose relations are locked: (what is still to run, the rows that there are)."""
    request = None
    if plan.point is not None:
        events = len(ctx.transaction.deferred)
        try:
            return iter(()), list(plan.point(ctx) or ())
        except WouldBlock as block:
            request = block.request
            begin_again(ctx, events, fresh=False)
        except StatementRestart:
            begin_again(ctx, events, fresh=True)
    return restarting(plan, ctx, request), []


def restarting(plan: Any, ctx: Any, request: Request | None = None) -> Iterator[Any]:
    """The batches of `plan.run`, after a wait for the lock that is requested already; see batches."""
    if request is not None:
        yield from wait_steps(ctx.session, request)
    given = False
    transaction = ctx.transaction
    events, commands = len(transaction.deferred), transaction.commands
    while True:
        try:
            for item in plan.run(ctx):
                given = given or (type(item) is list and bool(item))
                yield item
            return
        except StatementRestart:
            if given or transaction.commands != commands:  # or functions have written, or other cursors
                from .rowlocks import concurrent_update

                raise concurrent_update() from None
            begin_again(ctx, events, fresh=True)


def begin_again(ctx: Any, events: int, *, fresh: bool) -> None:
    """Forget what a command has done, to run it again: its writes, and the checks that it has queued since
    there were `events` of them. `fresh`: on a new snapshot."""
    transaction = ctx.transaction
    transaction.abort_command()
    del transaction.deferred[events:]
    ctx.processed = 0
    if fresh:
        transaction.take_snapshot()
