"""BusyPoll: after a reply the loop stays awake for some microseconds: the next packet often comes that soon.

To put a thread to sleep in the kernel and to wake it again takes longer than a point statement does: the
processor has to be woken, and its caches and branch predictors are cold. So the loop polls its sockets
(SO_BUSY_POLL does the same in the kernel) as long as that pays:

1. It polls for at most `microseconds` after the latest reply.
2. Each poll that ends in vain takes from a credit, each packet in time adds to it. Without credit only
   one reply in PROBE_EVERY is followed by a poll, so that an idle server stays idle, and clients that
   think for longer than the poll cost next to nothing.
3. On a machine with one processor it would only keep the client from running: it is off there.

Syncs must not need the processor that polls: see journal/syncing.py.
"""

import asyncio
import os
from time import perf_counter

CREDIT_MAX = 32
PROBE_EVERY = 16


class BusyPoll:
    """One for all connections of a loop."""

    __slots__ = ("_credit", "_loop", "_seconds", "_skipped", "_until", "active")

    def __init__(self, microseconds: int) -> None:
        self.active = False
        self._seconds = microseconds / 1e6 if _processors() > 1 else 0.0
        self._credit = 0
        self._skipped = 0
        self._until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def replied(self) -> None:
        """A reply has gone out."""
        if self.active:
            self._until = perf_counter() + self._seconds
            return
        if not self._credit:
            self._skipped += 1
            if self._skipped < PROBE_EVERY:
                return
            self._skipped = 0
        if self._seconds:
            self.active = True
            self._until = perf_counter() + self._seconds
            loop = self._loop
            if loop is None:
                loop = self._loop = asyncio.get_running_loop()
            loop.call_soon(self._poll)

    def received(self) -> None:
        """A packet has come while `active`."""
        if self._credit < CREDIT_MAX:
            self._credit += 1

    def _poll(self) -> None:
        if perf_counter() < self._until:
            assert self._loop is not None
            self._loop.call_soon(self._poll)
            return
        self.active = False
        if self._credit:
            self._credit -= 1


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
