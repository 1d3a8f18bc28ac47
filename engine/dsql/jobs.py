"""Asynchronous jobs: sys.jobs, and who does what is written there.

1. A job is a row of the table sys.jobs, written by the transaction that asks for it: it is there exactly if
   the index or the constraint is, so nothing is lost in a crash. What was unfinished begins again at start.
2. Each job is worked on by one task of the loop, in transactions of its own, slice by slice (builds.py).
3. Finished jobs are kept for 30 minutes.
4. `gaveldb.job_delay` and `gaveldb.job_failure` of the session that asks hold up a job or make it fail; a
   restart forgets them.
"""

import asyncio
import base64
import contextlib
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from gaveldb.storage.api import row_key, row_span

from ..errors import SqlError
from ..functions.sleeping import Interruptible
from ..portal import StatementContext
from ..sqlstates import T_R_SERIALIZATION_FAILURE
from ..transaction import EPOCH_OFFSET_US
from .syscatalog import JOBS

log = logging.getLogger("gaveldb.engine")
KEPT_SECONDS = 1800
RETRY_SECONDS = 0.01
FINISHED = ("completed", "failed")
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


@dataclass
class Job:
    """A row of sys.jobs."""

    row: list[Any]  # as in syscatalog.JOB_COLUMNS
    rowid: int
    delay_seconds: float = 0.0
    fails: bool = False
    waiting: list[Any] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its name."""
        return str(self.row[0])

    @property
    def status(self) -> str:
        """submitted, processing, completed or failed."""
        return str(self.row[1])

    @property
    def kind(self) -> str:
        """INDEX_BUILD or VALIDATE_CONSTRAINT."""
        return str(self.row[3])

    @property
    def object_id(self) -> int:
        """The index or the constraint."""
        return int(self.row[5])

    def put(self, transaction: Any, status: str, details: str | None = None) -> list[Any]:
        """Write the row with this status; returns it, to be taken over after COMMIT."""
        row = [*self.row]
        row[1], row[2], row[8] = status, details, _now()
        transaction.put(row_key(JOBS, self.rowid), _pack(row))
        return row


def _now() -> int:
    return time.time_ns() // 1000 - EPOCH_OFFSET_US


def new_id() -> str:
    """16 random bytes in base32."""
    return base64.b32encode(uuid.uuid4().bytes).decode().rstrip("=").lower()


class Jobs:
    """The jobs of the database postgres."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions = 0
        self._closing = asyncio.Event()

    def open(self) -> None:
        """Read the table, and go on with what is not finished."""
        from ..engine import POSTGRES_OID

        snapshot = self.engine.storage.snapshot(POSTGRES_OID)
        try:
            for key, value in snapshot.scan(*row_span(JOBS)):
                job = Job(_unpack(value), int.from_bytes(key[4:], "big"))
                self.jobs[job.id] = job
        finally:
            snapshot.close()
        for job in self.jobs.values():
            self._start(self._expire(job) if job.status in FINISHED else self._work(job))

    async def close(self) -> None:
        """Stop between two transactions; unfinished jobs go on after the next start."""
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _pause(self, seconds: float) -> None:
        """Sleep, if need be until the end of the server."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        self._check_open()

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise asyncio.CancelledError

    def submit(self, ctx: Any, kind: str, class_id: int, object_id: int, name: str) -> Job:
        """A job of the running transaction: it begins when that is committed."""
        now = _now()
        transaction = ctx.transaction
        row = [new_id(), "submitted", None, kind, class_id, object_id, name, now, now]
        job = Job(row, transaction.next_rowid(JOBS))
        setting = ctx.session.settings.value
        job.delay_seconds = int(setting("gaveldb.job_delay")) / 1000
        job.fails = bool(setting("gaveldb.job_failure"))
        job.put(transaction, "submitted")
        transaction.on_commit.append(lambda: self._submitted(job))
        return job

    def _submitted(self, job: Job) -> None:
        self.jobs[job.id] = job
        self._start(self._work(job))

    def finished(self, job: Job) -> Any:
        """None, or a Future of the job's end."""
        if job.status in FINISHED:
            return None
        future = Interruptible()
        job.waiting.append(future)
        return future

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job) -> None:
        from .builds import WORK

        try:
            await self.change_status(job, "processing")
            if job.delay_seconds:
                await self._pause(job.delay_seconds)
            if job.fails:
                await self.change_status(job, "failed", "the job was made to fail")
            else:
                await WORK[job.kind](self, job)
        except SqlError as error:
            await self.change_status(job, "failed", error.message)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("job %s", job.id)
            await self.change_status(job, "failed", "internal error")
        await self._expire(job)

    async def _expire(self, job: Job) -> None:
        age = (_now() - int(job.row[8])) / 1_000_000
        await self._pause(max(0.0, KEPT_SECONDS - age))
        await self.transact(lambda ctx: ctx.transaction.delete(row_key(JOBS, job.rowid)), holds_size=False)
        self.jobs.pop(job.id, None)

    async def change_status(self, job: Job, status: str, details: str | None = None) -> None:
        """Commit a new status."""
        done = await self.transact(lambda ctx: job.put(ctx.transaction, status, details), holds_size=False)
        self.settle(job, done)

    def settle(self, job: Job, row: list[Any]) -> None:
        """A committed row: whoever waits is told."""
        job.row = row
        if job.status in FINISHED:
            waiting, job.waiting = job.waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def transact(
        self, change: Callable[[Any], Any], attempts: int = 1_000_000, *, holds_size: bool = True
    ) -> Any:
        """Run change(ctx), a function or a generator of breaths, in a transaction of its own until it is
        committed; returns what it returns. SqlError, except conflicts, while there are attempts left.
        `holds_size`: it must not make a full cluster larger."""
        from .session import Nobody

        self._sessions += 1
        output: Any = Nobody()
        session = self.engine.open_session("postgres", "postgres", {}, output, pid=-self._sessions, peer="")
        session.holds_size = holds_size
        try:
            while True:
                self._check_open()
                attempts -= 1
                try:
                    return await self._attempt(session, change)
                except SqlError as error:
                    session._abort()
                    if error.sqlstate != T_R_SERIALIZATION_FAILURE or not attempts:
                        raise
                await asyncio.sleep(RETRY_SECONDS)
        finally:
            session.close()  # and roll back, if it was stopped

    async def _attempt(self, session: Any, change: Callable[[Any], Any]) -> Any:
        session.begin_statement()
        ctx = StatementContext(session, (), "")
        ctx.attach(session.transaction)
        result = change(ctx)
        if hasattr(result, "send"):
            steps = result
            while True:
                try:
                    item = next(steps)
                except StopIteration as stop:
                    result = stop.value
                    break
                self._check_open()
                await (asyncio.sleep(0) if item is None or type(item) is list else item)
        ctx.transaction.end_command()
        await session._commit()
        return result
