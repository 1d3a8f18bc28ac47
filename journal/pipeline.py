"""The pipeline: adjudicate, append, publish, answer.

The life of a commit:
1. `commit` asks the store whether it has room (`reserve`), and the adjudicator for a tau.
2. The commit joins the group that is being collected; its body is encoded.
3. At the end of the loop's turn the group is written to a free journal with one write and one sync.
   For a client that is alone that happens on the loop, if the disk is quick. When others are at work,
   the file is synced while the loop goes on (syncing.py). Large groups and parallel journals use the
   journal's own thread, while the loop collects the next group.
4. The crossbar delivers it, in tau order, to the local store and the synchronous subscribers.
5. The futures of the group complete.

Commits whose committers say what to do when they are `applied` do not wait for the sync before step 4:
locks are handed over, and the next holder works on what it sees, while the disk is still busy. Nothing
may leave the process that depends on what is not durable: `durable_tau` and `durable` tell, and
asynchronous subscribers wait for it. The store is never ahead of what has been written to the journal,
and both outlive the process; if the machine stops, the store is not trusted. If the sync fails, all ends.
While many wait for locks (`at_leisure`) there is a pause between two syncs: what all wait for is the
locks' chain, and fewer syncs leave it more of the processor.

A group that found the disk full counts as a heartbeat: its taus pass without commits, so that the
next snapshots have a base behind what the adjudicator remembers of it. A second after the last
group a heartbeat is written, which tells the next opening that the group had been durable.
"""

import asyncio
import heapq
from asyncio import AbstractEventLoop, Future, TimerHandle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from .adjudicator import Adjudicator, Decider
from .api import Batch, Clock, Commit, CommitGroup, CommitRequest
from .clock import SystemClock
from .crossbar import Crossbar
from .errors import CommitTooLarge, JournalBroken, JournalClosed, JournalFull
from .host import Host, SystemHost, Worker
from .log import Journal, MemoryJournal, SegmentLog
from .records import BODY_SIZE_MAX, Record, decode, encode_body
from .syncing import Syncer
from .window import Window

Reserve = Callable[[CommitRequest, int], None]
INLINE_SECONDS_MAX = 0.001  # a slower sync must not hold up the loop ...
INLINE_GROUP_SECONDS_MAX = 0.0003  # ... and less so when others are known to be there
INLINE_BYTES_MAX = 256 << 10
BEAT_SECONDS = 1.0
BULK_WRITES = 5_000  # commits of more entries are encoded and applied in slices ...
SLICE_SECONDS = 0.004  # ... of about this length, so that others have their turns
RECENT_GROUPS = 1_000  # that can be asked for
PAUSE_SECONDS = 0.001  # between two syncs, if nobody is in a hurry
CROWD = 64  # so many commits that are alone make a crowd disperse
RESTORE_MICROSECONDS = 60_000_000  # of the window that is brought back, within the last segment


class _Group:
    """Commits that are written together."""

    __slots__ = (
        "acknowledge",
        "applied",
        "bulk",
        "commits",
        "empties",
        "entries",
        "error",
        "futures",
        "is_applied",
        "journal",
        "seconds",
    )

    def __init__(self) -> None:
        self.applied: list[Callable[[], None]] = []  # of all its commits, or it is applied when it is durable
        self.is_applied = False
        self.commits: list[Commit] = []
        self.entries: list[tuple[int, bytes]] = []
        self.futures: list[Future[int]] = []
        self.journal = 0
        self.bulk = False  # whether one of them is large
        self.empties = False  # whether one of them empties ranges, which may have been large
        self.error: Exception | None = None
        self.acknowledge: Callable[[], None] | None = None
        self.seconds = 0.0  # how long the write and sync took on the loop


class Pipeline:
    """The Committer and the Feed of one process."""

    def __init__(
        self,
        journals: Sequence[Journal],
        clock: Clock,
        adjudicator: Decider,
        host: Host | None = None,
    ) -> None:
        self._host = host if host is not None else SystemHost()
        self._perf_counter = self._host.perf_counter
        self.journals = journals
        self.adjudicator = adjudicator
        self.crossbar = Crossbar(len(journals), adjudicator.last_tau, self.history)
        self.reserve: Reserve | None = None
        self.prepare: Callable[[Sequence[Commit]], Iterator[None]] | None = None
        self.after_commit: Callable[[], None] | None = None
        self.broken: Exception | None = None
        self.on_broken: Callable[[Exception], None] | None = None
        self._now = clock.now
        self._loop: AbstractEventLoop | None = None
        self._group: _Group | None = None
        self._scheduled = False
        self._in_flight: deque[_Group] = deque()
        self._idle = list(range(len(journals) - 1, -1, -1))
        self._workers: list[Worker | None] = [None] * len(journals)
        self._closed = False
        self.durable_tau = adjudicator.last_tau  # everything applied up to here is durable
        self._unsynced: deque[_Group] = deque()  # written
        self._syncing = 0  # how many of them the sync under way is for; not 0 in a pause before one, too
        self.syncing_tau = 0  # what will be durable when it ends
        self.before_unsettled: Callable[[], None] | None = None
        self.after_settled: Callable[[], None] | None = None
        self.at_leisure: Callable[[], bool] | None = None
        self._syncer: Syncer | None = None
        self._crowd = 0  # whether others commit at the same time, as far as one can tell
        self._awaited: list[tuple[int, Future[None]]] = []  # what durable_tau is to reach
        self._drained: Future[None] | None = None
        self._sync_seconds = 0.0  # a moving average
        self._beat_timer: TimerHandle | None = None
        self._recent: deque[tuple[int, int, int, int, int, float, int]] = deque(maxlen=RECENT_GROUPS)

    @property
    def current_tau(self) -> int:
        """The tau up to which everything is applied."""
        return self.crossbar.upto

    @property
    def adjudicated_tau(self) -> int:
        """The newest tau given, durable or not: the base for keys that only one writer writes, commit
        after commit, without waiting."""
        return self.adjudicator.last_tau

    @property
    def journaled_tau(self) -> int:
        """The newest tau that a journal has."""
        return max(journal.written_tau for journal in self.journals)

    @property
    def feed(self) -> Crossbar:
        """Where to subscribe."""
        return self.crossbar

    def start(self, upto: int, sink: Callable[[Batch], None]) -> None:
        """See api.Pipeline."""
        self.durable_tau = max(upto, self.adjudicator.last_tau)
        self.crossbar.start(self.durable_tau)
        self.crossbar.sink = sink

    # --- commits ------------------------------------------------------------------------------

    def commit(
        self, request: CommitRequest, applied: Callable[[], None] | None = None, *, crowded: bool = False
    ) -> "Future[int]":
        """See api.Committer."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        future: Future[int] = loop.create_future()
        try:
            body = encode_body(request.writes, request.deletes)
            if len(body) > BODY_SIZE_MAX:
                raise CommitTooLarge(f"a commit of {len(body)} bytes is more than a record can hold")
            if self.reserve is not None:
                self.reserve(request, len(body))
            if self._closed or self.broken:
                raise self.broken or JournalClosed("the journal is closed")
            tau = self.adjudicator.adjudicate(request, self._now())
        except Exception as error:
            future.set_exception(error)
            return future
        group = self._group
        if group is None:
            group = self._group = _Group()
            if not self._scheduled:
                self._scheduled = True
                loop.call_soon(self._flush)
        if len(request.writes) > BULK_WRITES:
            group.bulk = True
        if request.deletes:
            group.empties = True
        if crowded or group.commits or self._syncing:
            self._crowd = CROWD
        elif self._crowd:
            self._crowd -= 1
        if applied is not None:
            group.applied.append(applied)
        group.commits.append(Commit(tau, request.writes, request.deletes, request.single))
        group.entries.append((tau, body))
        group.futures.append(future)
        return future

    def committed_since(self, key: bytes, tau: int) -> bool:
        """See api.Committer."""
        return self.adjudicator.committed_since(key, tau)

    def group_of(self, tau: int) -> CommitGroup | None:
        """See api.Committer."""
        for first, last, journal, size, length, seconds, durable_at in reversed(self._recent):
            if first <= tau <= last:
                return CommitGroup(journal, size, length, seconds, durable_at)
        return None

    def flush(self, acknowledge: Callable[[], None] | None = None) -> None:
        """See api.Committer."""
        group = self._group
        if group is None or not self._idle:
            return
        self._crowd = 0
        if len(self.journals) == 1 and not (group.bulk or group.empties or self._unsynced):
            group.acknowledge = acknowledge
        scheduled = self._scheduled
        self._flush()
        self._scheduled = scheduled
        group.acknowledge = None  # a journal's thread may have it: then it is answered in the usual way

    def _flush(self) -> None:
        """Write the group if a journal is free; otherwise the end of a sync will come back."""
        self._scheduled = False
        group = self._group
        if group is None or not self._idle:
            return
        if self._may_overlap(group):
            self._write(group)
            return
        if self._unsynced:  # it has to be alone; the end of the sync will come back
            return
        self._group = None
        group.journal = index = self._idle.pop()
        self._in_flight.append(group)
        journal = self.journals[index]
        if journal.blocking and not self._is_quick(group):
            worker = self._workers[index]
            if worker is None:
                assert self._loop is not None
                append = partial(_append, journal)
                worker = self._workers[index] = self._host.start_worker(self._loop, append, self._written)
            worker.put(group)
            return
        start = self._perf_counter()
        _append(journal, group)
        group.seconds = self._perf_counter() - start
        self._written(group)

    # --- synced while the loop goes on ------------------------------------------------------------

    def _may_overlap(self, group: _Group) -> bool:
        """Whether the group is written now, and synced while the loop goes on."""
        journal = self.journals[0]
        return (
            (self._crowd > 0 or len(self._unsynced) > 0)
            and len(self.journals) == 1
            and not (group.bulk or group.empties)
            and journal.blocking
            and journal.sees_full_disk
            and (len(group.entries) == 1 or sum([len(body) for _, body in group.entries]) <= INLINE_BYTES_MAX)
        )

    def _write(self, group: _Group) -> None:
        journal = self.journals[0]
        if journal.is_full and self._syncing:
            return  # the end of the sync will come back
        self._group = None
        last = group.commits[-1].tau
        try:
            journal.write(group.entries)
        except JournalFull as error:
            group.error = error
            self._fail(group)
            self.crossbar.apply(Batch(last, ()))
            self._settle(last)
            return
        except Exception as error:
            self._break(error)
            self._abandon(group)
            return
        if len(group.applied) == len(group.commits):
            if self.before_unsettled is not None:
                self.before_unsettled()
            try:
                self.crossbar.apply(Batch(last, group.commits))
            except Exception as error:
                self._break(error)
                self._abandon(group)
                return
            group.is_applied = True
            for applied in group.applied:
                applied()
        else:
            self._idle.pop()  # what comes behind is applied behind it
        self._unsynced.append(group)
        if not self._syncing:
            self._sync()

    def _sync(self) -> None:
        """Sync what is written."""
        syncer = self._syncer
        if syncer is None:
            assert self._loop is not None
            syncer = self._syncer = self._host.start_syncer(self._loop)
        self._syncing = len(self._unsynced)
        self.syncing_tau = self._unsynced[-1].commits[-1].tau
        try:
            syncer.sync(self.journals[0].descriptor, self._synced)
        except OSError as error:
            self._synced(error)

    def _sync_after_pause(self) -> None:
        self._syncing = 0
        if self._unsynced:
            self._sync()

    def _synced(self, error: OSError | None) -> None:
        """Some groups are durable, or nobody knows what has become of them."""
        count, self._syncing = self._syncing, 0
        if error is not None and self.broken is None:
            self._break(JournalBroken(f"cannot sync the journal: {error}"))
        if self.broken is not None:
            self._abandon(None)
            return
        crossbar = self.crossbar
        groups = [self._unsynced.popleft() for _ in range(count)]
        last = groups[-1].commits[-1].tau
        self.journals[0].synced(last)
        crossbar.durable = max(crossbar.durable, last)
        for group in groups:
            batch = Batch(group.commits[-1].tau, group.commits)
            if not group.is_applied:
                try:
                    crossbar.apply(batch)
                except Exception as failure:  # the store could not apply what is durable
                    self._break(failure)
                    self._abandon(group)
                    return
                self._idle.append(0)
            crossbar.publish(batch)
            self._note(group)
            for future, entry in zip(group.futures, group.entries, strict=True):
                if not future.done():
                    future.set_result(entry[0])
        self._settle(last)
        if self._unsynced:
            if self.at_leisure is not None and self.at_leisure():
                assert self._loop is not None
                self._syncing = 1
                self._loop.call_later(PAUSE_SECONDS, self._sync_after_pause)
            else:
                self._sync()
        if self._group is not None and not self._scheduled:
            self._flush()
        self._after()

    def durable(self, tau: int) -> "Future[None] | None":
        """See api.Committer."""
        if tau <= self.durable_tau:
            return None
        future: Future[None] = asyncio.get_running_loop().create_future()
        if self.broken is not None:
            future.set_exception(self.broken)
        else:
            self._awaited.append((tau, future))
        return future

    def _settle(self, tau: int) -> None:
        """Everything applied up to here is durable, but for what is still in `_unsynced`."""
        if self._unsynced:
            tau = min(tau, self._unsynced[0].commits[0].tau - 1)
        else:  # taus of commits that the disk had no room for count, too
            tau = max(tau, self.crossbar.upto)
        if tau > self.durable_tau:
            self.durable_tau = tau
            if self.after_settled is not None:
                self.after_settled()
            if self._awaited:
                awaited, self._awaited = self._awaited, []
                for wanted, future in awaited:
                    if wanted > tau:
                        self._awaited.append((wanted, future))
                    elif not future.done():
                        future.set_result(None)

    # --- synced before the loop goes on, or in a thread -------------------------------------------

    def _is_quick(self, group: _Group) -> bool:
        """Whether the group is better synced on the loop."""
        if len(group.entries) == 1:
            return self._sync_seconds <= INLINE_SECONDS_MAX and len(group.entries[0][1]) <= INLINE_BYTES_MAX
        return (
            len(self.journals) == 1
            and self._sync_seconds <= INLINE_GROUP_SECONDS_MAX
            and sum([len(body) for _, body in group.entries]) <= INLINE_BYTES_MAX
        )

    def _written(self, group: _Group) -> None:
        """A group is durable, or has failed: publish and answer, then go on with the next."""
        if group.acknowledge is not None and group.error is None:
            group.acknowledge()
        self._note(group)
        large = group.bulk or group.empties
        if large and self.prepare is not None and group.error is None and len(self.journals) == 1:
            self._prepare(group, self.prepare(group.commits))
        else:
            self._publish(group)

    def _note(self, group: _Group) -> None:
        """For those who ask what became of a commit."""
        entries = group.entries
        count = len(entries)
        size = len(entries[0][1]) if count == 1 else sum([len(body) for _, body in entries])
        note = (entries[0][0], entries[-1][0], group.journal, count, size, group.seconds, self._now())
        self._recent.append(note)

    def _prepare(self, group: _Group, steps: Iterator[None]) -> None:
        """Have the store write the group, some of it in each turn of the loop. The journal is not
        free before all is applied: so what comes later is applied later."""
        assert self._loop is not None
        until = self._perf_counter() + SLICE_SECONDS
        try:
            for _ in steps:
                if self._perf_counter() > until:
                    self._loop.call_soon(self._prepare, group, steps)
                    return
        except Exception as error:
            self._break(error)
            self._in_flight.popleft()
            self._abandon(group)
            return
        self._publish(group)

    def _publish(self, group: _Group) -> None:
        self._idle.append(group.journal)
        if group.seconds:
            self._sync_seconds += (group.seconds - self._sync_seconds) / 8
        else:  # by a thread, which cannot tell the sync from waiting for the lock: try again some time
            self._sync_seconds *= 0.99
        if group.error is not None and not isinstance(group.error, JournalFull):
            self._break(group.error)
        if self.broken is not None:  # what comes behind a gap must reach neither store nor subscribers
            self._abandon(group)
            return
        try:
            if len(self.journals) == 1:
                self._in_flight.popleft()
                self._finish(group)
            else:
                self._merge(group)
        except Exception as error:  # the store could not apply what is durable
            self._break(error)
            self._abandon(group)
            return
        if self._group is not None and not self._scheduled:
            self._flush()
        self._after()

    def _after(self) -> None:
        """After each group."""
        if self.after_commit is not None:
            self.after_commit()
        if self._beat_timer is None and self._loop is not None and self.journals[0].blocking:
            self._beat_timer = self._loop.call_later(BEAT_SECONDS, self._beat)
        self._tell_drained()

    def _tell_drained(self) -> None:
        if self._drained is not None and not (self._in_flight or self._unsynced) and self._group is None:
            self._drained.set_result(None)
            self._drained = None

    def _finish(self, group: _Group) -> None:
        """The only journal's group goes straight through the crossbar."""
        if group.error is None:
            self.crossbar.durable = last = group.commits[-1].tau
            self.crossbar.advance(0, group.commits, last)
            for future, entry in zip(group.futures, group.entries, strict=True):
                if not future.done():
                    future.set_result(entry[0])
        else:
            self._fail(group)
            self.crossbar.advance(0, (), group.commits[-1].tau)
        self._settle(group.commits[-1].tau)

    def _merge(self, group: _Group) -> None:
        """Several journals: the crossbar delivers up to the oldest group that is still being
        written, so only then are those before it answered."""
        crossbar = self.crossbar
        last = group.commits[-1].tau
        group.entries = []  # written
        if group.error is None:
            crossbar.durable = max(crossbar.durable, last)
        crossbar.advance(group.journal, group.commits if group.error is None else (), last)
        if group.error is not None:
            self._fail(group)
        in_flight = self._in_flight
        while in_flight and not in_flight[0].entries:
            done = in_flight.popleft()
            upto = done.commits[-1].tau
            for index in range(len(self.journals)):  # all groups up to here are in: the idle beat
                crossbar.advance(index, (), upto)
            for future, commit in zip(done.futures, done.commits, strict=True):
                if not future.done():
                    future.set_result(commit.tau)
        self._settle(crossbar.upto)

    def _fail(self, group: _Group) -> None:
        assert group.error is not None
        for future in group.futures:
            if not future.done():
                future.set_exception(group.error)

    def _abandon(self, group: _Group | None) -> None:
        """Nobody can tell what has become of these commits; the process is to end and recover."""
        groups = [*self._in_flight, *self._unsynced]
        if group is not None:
            groups.append(group)
        if self._group is not None:
            groups.append(self._group)
            self._group = None
        self._in_flight.clear()
        self._unsynced.clear()
        for _, waiting in self._awaited:
            if not waiting.done():
                assert self.broken is not None
                waiting.set_exception(self.broken)
        self._awaited.clear()
        for each in groups:
            if each.error is None:
                each.error = self.broken
            self._fail(each)
        self._tell_drained()

    def _beat(self) -> None:
        """Tell the journals, and with them those who read them, that nothing came for a while."""
        self._beat_timer = None
        if self._closed or self.broken is not None:
            return
        if self._in_flight or self._unsynced or self._group is not None:
            assert self._loop is not None
            self._beat_timer = self._loop.call_later(BEAT_SECONDS, self._beat)
            return
        tau = self.adjudicator.last_tau = max(self.adjudicator.last_tau + 1, self._now())
        try:
            for journal in self.journals:
                with suppress(JournalFull):
                    journal.append([(tau, b"")])
                    self.crossbar.durable = tau
            for index in range(len(self.journals)):
                self.crossbar.advance(index, (), tau)
            self._settle(tau)
        except Exception as error:
            self._break(error)

    def _break(self, error: Exception) -> None:
        self.broken = error if isinstance(error, JournalBroken) else JournalBroken(str(error))
        if self.on_broken is not None:
            self.on_broken(error)

    # --- the rest -----------------------------------------------------------------------------

    def history(self, after: int) -> Iterator[Commit]:
        """The commits after a tau, in order, as far as the journals have them."""
        return (decode(record) for record in self.records(after) if record.body)

    def records(self, after: int) -> Iterator[Record]:
        """The records after a tau, of all journals, in order."""
        readers = [journal.read(after) for journal in self.journals]
        if len(readers) == 1:
            return readers[0]
        return heapq.merge(*readers, key=_tau)

    def truncate_before(self, tau: int) -> None:
        """Let go of what neither the store nor a subscriber needs."""
        before = min(tau, self.crossbar.needed_after())
        for journal in self.journals:
            journal.truncate_before(before)

    def size_after(self, tau: int) -> int:
        """About how many bytes of journal there are after a tau."""
        return sum(journal.size_after(tau) for journal in self.journals)

    async def close(self) -> None:
        """Finish what has been admitted, admit nothing more, and leave a last heartbeat, which
        tells the next opening that everything before it was durable."""
        if self._closed:
            return
        self._closed = True
        while self._in_flight or self._unsynced or self._group is not None:
            if self._in_flight or self._unsynced:
                self._drained = asyncio.get_running_loop().create_future()
                await self._drained
            else:
                await asyncio.sleep(0)
        self.release()

    def release(self) -> None:
        """Close the journals; nothing may be in flight."""
        self._closed = True
        if self._beat_timer is not None:
            self._beat_timer.cancel()
        self.crossbar.close()
        for worker in self._workers:
            if worker is not None:
                worker.stop()
        if self._syncer is not None:
            self._syncer.stop()
        for journal in self.journals:
            if self.broken is None:
                with suppress(JournalFull, JournalBroken):
                    journal.append([(max(journal.last_tau, self.crossbar.upto) + 1, b"")])
            journal.close()


def _tau(record: Record) -> int:
    return record.tau


def _append(journal: Journal, group: _Group) -> None:
    try:
        journal.append(group.entries)
    except Exception as error:
        group.error = error


def open_pipeline(
    directory: Path | None,
    clock: Clock | None = None,
    *,
    journals: int = 1,
    start_tau: int = 0,
    host: Host | None = None,
) -> Pipeline:
    """Open (or create) the journals below `directory`, memory ones if it is None, and bring back
    the adjudicator's window from their tail. `start_tau`: at least this tau has been given out."""
    host = host if host is not None else SystemHost()
    opened: list[Journal] = []
    if directory is None:
        opened = [MemoryJournal(start_tau, bytes_max=64 << 20) for _ in range(journals)]
    else:
        disk = host.disk
        disk.make_directory(directory)
        existing = sum(1 for path in disk.list_directory(directory) if path.name.isdigit())
        for index in range(max(journals, existing)):
            opened.append(SegmentLog(directory / str(index), start_tau=start_tau, disk=disk))
    last_tau = max(start_tau, *(journal.last_tau for journal in opened))
    tail = max([last_tau - RESTORE_MICROSECONDS, *(journal.tail_tau for journal in opened)])
    adjudicator = Adjudicator(last_tau, Window(min(tail, last_tau)))
    pipeline = Pipeline(opened, clock or SystemClock(), adjudicator, host)
    if tail < last_tau:
        for commit in pipeline.history(tail):
            adjudicator.restore(commit)
    return pipeline
