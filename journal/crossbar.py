"""The crossbar: from several journals to one order, and from there to whoever wants to hear.

    journal 0  --- 3 --- 7 --------- 12 -->   watermark 12
    journal 1  ------ 5 ------ 9 --------->   watermark 9      delivered: 3 5 7 9, upto 9

1. A journal's watermark is a tau at or before which nothing more comes from it; idle journals are
   moved on by heartbeats. What lies at or before the lowest watermark is delivered, in tau order.
2. `sink`, the local store, gets every batch first; then synchronous subscribers, in the same call;
   asynchronous ones get theirs later, from the loop. A lone journal's commits may be applied (`apply`)
   before they are durable; asynchronous subscribers hear of them (`publish`) only then.
3. A subscriber gets the commits that touch its ranges, cut to them, in order, none twice.
4. An asynchronous subscriber may return an awaitable, and gets the next batch when it is done. What
   it has not taken is buffered up to `buffer_max` commits; beyond that the buffer is dropped, and
   it re-reads the journal from where it was. The journal keeps what a subscriber has yet to read.
5. Asynchronous subscribers may remember `upto` for longer than this process lives. So theirs is never
   above `durable`: a tau that was given out but not journaled (disk full) may be given again by the
   next process. Synchronous ones live in this process, and hear of those, too.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence

from .api import Batch, Commit, KeyRange, Subscriber
from .ranges import Cover, cut

_log = logging.getLogger("gaveldb.journal")

BUFFER_MAX = 10_000
REREAD_COMMITS = 1_000

History = Callable[[int], Iterator[Commit]]  # the commits after a tau, in order, from the journals


class Crossbar:
    """One feed over the journals."""

    def __init__(self, journals: int, upto: int, history: History, *, buffer_max: int = BUFFER_MAX) -> None:
        self.upto = upto
        self.durable = upto  # the journal knows of this tau, or of a later one
        self.sink: Callable[[Batch], None] | None = None
        self._watermarks = [upto] * journals
        self._waiting: list[deque[Commit]] = [deque() for _ in range(journals)]
        self._history = history
        self._buffer_max = buffer_max
        self._synchronous: list[_Synchronous] = []
        self._asynchronous: list[_Asynchronous] = []
        self._covers: tuple[_Cover | None, _Cover | None] = (None, None)  # synchronous, asynchronous

    def start(self, upto: int) -> None:
        """Everything up to here is with the local store already."""
        self.upto = self.durable = upto
        self._watermarks = [upto] * len(self._watermarks)

    # --- from the journals --------------------------------------------------------------------

    def advance(self, journal: int, commits: Sequence[Commit], upto: int) -> None:
        """A journal has these more commits, durable, and none more at or before `upto`."""
        if len(self._watermarks) == 1:
            self._deliver(Batch(upto, commits))
            return
        self._waiting[journal].extend(commits)
        self._watermarks[journal] = max(upto, self._watermarks[journal])
        lowest = min(self._watermarks)
        if lowest <= self.upto:
            return
        ready: list[Commit] = []
        for queue in self._waiting:
            while queue and queue[0].tau <= lowest:
                ready.append(queue.popleft())
        ready.sort(key=_tau)
        self._deliver(Batch(lowest, ready))

    def _deliver(self, batch: Batch) -> None:
        self.apply(batch)
        self.publish(batch)

    def apply(self, batch: Batch) -> None:
        """The local store and the synchronous subscribers get the next batch."""
        if self.sink is not None:
            self.sink(batch)
        self.upto = batch.upto
        cover = self._covers[0]
        if cover is not None:
            self._route(batch, cover, self._synchronous)

    def publish(self, batch: Batch) -> None:
        """What has been applied is durable: asynchronous subscribers get it."""
        cover = self._covers[1]
        if cover is not None:
            self._route(batch, cover, self._asynchronous)

    def _route(self, batch: Batch, cover: "_Cover", owners: "Sequence[_Synchronous | _Asynchronous]") -> None:
        upto, commits = batch
        if len(owners) == 1:
            self._hand(owners[0], upto, [part for c in commits if (part := cut(c, owners[0].ranges))])
            return
        parts: dict[_Synchronous | _Asynchronous, list[Commit]] = {}
        for commit in commits:
            for owner in cover.touched(commit):
                part = cut(commit, owner.ranges)
                if part is not None:
                    parts.setdefault(owner, []).append(part)
        for owner in owners:
            self._hand(owner, upto, parts.get(owner, ()))

    def _hand(self, owner: "_Synchronous | _Asynchronous", upto: int, commits: Sequence[Commit]) -> None:
        try:
            owner.take(Batch(upto, commits))
        except Exception:  # a subscriber's mistake must not keep the others from the commit
            _log.exception("a subscriber failed")

    # --- to the subscribers -------------------------------------------------------------------

    def subscribe(
        self,
        ranges: Sequence[KeyRange],
        after: int,
        subscriber: Subscriber,
        *,
        synchronous: bool = False,
    ) -> Callable[[], None]:
        """Deliver every commit after `after` that touches the ranges, cut to them; returns the
        function that ends the subscription. A synchronous subscriber is called in the same turn of
        the loop as the local store applied the commits, before their committers hear of it, and
        gets what came since `after` before this returns. Raises JournalTruncated if the journal
        does not reach back that far."""
        spans = [KeyRange(low, high) for low, high in ranges]
        if synchronous:
            listener = _Synchronous(spans, subscriber)
            if after < self.upto:
                reread = self._reread(after, self.upto)
                missed = [part for part in (cut(c, spans) for c in reread) if part is not None]
                listener.take(Batch(self.upto, missed))
            self._synchronous.append(listener)
            self._rebuild()
            return lambda: self._unsubscribe(listener)
        follower = _Asynchronous(spans, subscriber, after, self)
        self._asynchronous.append(follower)
        self._rebuild()
        follower.start()
        return lambda: self._unsubscribe(follower)

    def _unsubscribe(self, owner: "_Synchronous | _Asynchronous") -> None:
        if isinstance(owner, _Synchronous):
            if owner in self._synchronous:
                self._synchronous.remove(owner)
        elif owner in self._asynchronous:
            self._asynchronous.remove(owner)
            owner.stop()
        self._rebuild()

    def _rebuild(self) -> None:
        synchronous, asynchronous = [
            Cover[_Synchronous | _Asynchronous]((span, owner) for owner in owners for span in owner.ranges)
            if owners
            else None
            for owners in (self._synchronous, self._asynchronous)
        ]
        self._covers = synchronous, asynchronous

    def _reread(self, after: int, upto: int) -> Iterator[Commit]:
        for commit in self._history(after):
            if commit.tau > upto:
                return
            yield commit

    def needed_after(self) -> int:
        """The tau after which subscribers may still have to read the journal."""
        return min([self.upto, *(follower.position for follower in self._asynchronous)])

    def close(self) -> None:
        """End all subscriptions."""
        for follower in self._asynchronous:
            follower.stop()
        self._synchronous.clear()
        self._asynchronous.clear()
        self._covers = (None, None)


def _tau(commit: Commit) -> int:
    return commit.tau


class _Synchronous:
    """Called at once."""

    __slots__ = ("ranges", "take")

    def __init__(self, ranges: Sequence[KeyRange], subscriber: Subscriber) -> None:
        self.ranges = ranges
        self.take: Callable[[Batch], Awaitable[None] | None] = subscriber


class _Asynchronous:
    """Called from a task of its own, one batch after the other."""

    def __init__(
        self, ranges: Sequence[KeyRange], subscriber: Subscriber, after: int, crossbar: Crossbar
    ) -> None:
        self.ranges = ranges
        self.position = after  # everything at or before it has been handed over
        self._subscriber = subscriber
        self._crossbar = crossbar
        self._buffer: deque[Commit] = deque()
        self._upto = after  # the buffer holds everything between position and upto, unless lagging
        shown = min(crossbar.upto, crossbar.durable)
        self._lagging = after < shown
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        if not self._lagging:
            self._upto = max(after, shown)

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._wake.set()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def take(self, batch: Batch) -> None:
        if not self._lagging:
            commits = batch.commits
            if commits and commits[0].tau <= self.position:  # subscribed after what was only applied
                commits = [commit for commit in commits if commit.tau > self.position]
            if len(self._buffer) + len(commits) > self._crossbar._buffer_max:
                self._buffer.clear()
                self._lagging = True
            else:
                self._buffer.extend(commits)
                self._upto = max(self._upto, min(batch.upto, self._crossbar.durable))
        self._wake.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._hand_over_all()
        except Exception:  # its subscription ends, so that the journal need not wait for it
            _log.exception("a subscriber failed")
            self._crossbar._unsubscribe(self)

    async def _hand_over_all(self) -> None:
        while self._lagging:
            await self._catch_up()
        if self._upto > self.position:
            commits = list(self._buffer)
            self._buffer.clear()
            await self._hand_over(Batch(self._upto, commits))

    async def _hand_over(self, batch: Batch) -> None:
        done = self._subscriber(batch)
        if done is not None:
            await done
        self.position = batch.upto

    async def _catch_up(self) -> None:
        """One stretch of the journal; no longer lagging when it reaches the feed's end."""
        crossbar = self._crossbar
        commits: list[Commit] = []
        upto = end = min(crossbar.upto, crossbar.durable)
        for looked_at, commit in enumerate(crossbar._reread(self.position, end), 1):
            part = cut(commit, self.ranges)
            if part is not None:
                commits.append(part)
            if looked_at >= REREAD_COMMITS:
                upto = commit.tau
                break
        if upto == end:
            self._lagging = False
            self._upto = upto
        await self._hand_over(Batch(upto, commits))
        await asyncio.sleep(0)


_Cover = Cover[_Synchronous | _Asynchronous]
