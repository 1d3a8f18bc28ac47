"""The machine that the process runs on: its disk, its time, its threads, and which run of it this is.

`SystemHost` is the real one; simulations bring their own, and with it virtual time and threads that
run when they are told to.
"""

import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, Protocol

from .disk import Disk, SystemDisk
from .syncing import ProcessSyncer, Syncer, ThreadSyncer, finish, work


class Worker(Protocol):
    """A thread that does one thing with whatever it gets, one after the other."""

    def put(self, item: Any) -> None: ...

    def stop(self) -> None:
        """Returns when everything that was put has been worked on."""


class Host(Protocol):
    """See SystemHost."""

    disk: Disk

    def perf_counter(self) -> float:
        """Seconds, for differences."""

    def boot_id(self) -> str:
        """Names the machine's present run; empty if it cannot be known."""

    def start_worker(
        self, loop: AbstractEventLoop, work: Callable[[Any], None], done: Callable[[Any], None]
    ) -> Worker:
        """`work(item)` in a thread, then `done(item)` on the loop, in the order of the items."""

    def start_syncer(self, loop: AbstractEventLoop) -> Syncer:
        """Syncs files while the loop goes on."""


class SystemHost:
    """The machine itself."""

    perf_counter = staticmethod(perf_counter)

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk: Disk = disk if disk is not None else SystemDisk()

    def boot_id(self) -> str:
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            pass
        if sys.platform == "darwin":
            found = subprocess.run(
                ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
                capture_output=True,
                text=True,
                check=False,
            )
            return found.stdout.strip()
        return ""

    def start_worker(
        self, loop: AbstractEventLoop, work: Callable[[Any], None], done: Callable[[Any], None]
    ) -> Worker:
        return _ThreadWorker(loop, work, done)

    def start_syncer(self, loop: AbstractEventLoop) -> Syncer:
        try:
            return ProcessSyncer(loop)
        except OSError:
            return ThreadSyncer(self.start_worker(loop, work, finish))


class _ThreadWorker:
    def __init__(
        self, loop: AbstractEventLoop, work: Callable[[Any], None], done: Callable[[Any], None]
    ) -> None:
        self._items: SimpleQueue[Any] = SimpleQueue()
        self.put = self._items.put
        self._loop = loop
        self._work = work
        self._done = done
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            self._work(item)
            self._loop.call_soon_threadsafe(self._done, item)

    def stop(self) -> None:
        self._items.put(None)
        self._thread.join()
