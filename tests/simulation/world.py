"""Virtual time: an event loop, threads and pauses that cost no real time and always happen in the same order.

One `World` is one simulation. Its seed decides everything that is left open: how long an operation of
the disk takes, which client goes first, when a crash comes.

Threads are greenlets. Whatever waits (a disk, a thread that starts) calls `pause`: on the loop that
moves time on, for the loop is blocked; in a thread the loop goes on meanwhile.
"""

import asyncio
import contextlib
import random
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet


class Crash(SystemExit, GreenletExit):
    """The process is dead. It passes through everything, as asyncio and greenlet let it."""


class Finding(Exception):
    """Something that must not be."""


class World:
    """Time, chance, and the process that runs at present."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0  # seconds
        self.alive = False
        self.reboot = False  # whether the crash takes the machine along
        self.operations_left = 0  # of the disk, until the process dies; 0: it does not
        self.findings: list[str] = []
        self.error: BaseException | None = None  # the first one that a finding came with
        self.notes: list[str] = []  # what happened, for whoever repeats a seed
        self.paused: list[greenlet] = []
        self._main = getcurrent()
        self.loop: VirtualLoop | None = None

    def note(self, text: str) -> None:
        self.notes.append(f"{self.now:10.6f} {text}")

    def find(self, text: str, error: BaseException | None = None) -> None:
        """Something must not be."""
        self.error = self.error or error
        self.note(f"FINDING {text}")
        self.findings.append(text)

    def crash(self, *, reboot: bool) -> None:
        """The end of the process (and of the machine), here and now."""
        if self.alive:
            self.note("the machine stops" if reboot else "the process is killed")
            self.alive = False
            self.reboot = reboot
        raise Crash

    def step(self) -> None:
        """Before each operation of the disk: a dead process does nothing, and this may be its end."""
        if not self.alive:
            raise Crash
        if self.operations_left:
            self.operations_left -= 1
            if not self.operations_left:
                self.crash(reboot=self.reboot)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        current = getcurrent()
        if current is self._main or self.loop is None:
            self.now += seconds
            return
        self.loop.call_later(seconds, self._resume, current)
        self.paused.append(current)
        self._main.switch()
        if not self.alive:
            raise Crash

    def thread(self, function: Callable[[], None]) -> None:
        """Run it in a thread that starts a little later."""
        assert self.loop is not None
        thread = greenlet(lambda: self._run(function))
        self.loop.call_later(self.random.random() * 0.0001, self._resume, thread)

    def _run(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Crash:
            pass
        except Exception as error:
            self.find(f"a thread failed: {error!r}")

    def _resume(self, thread: greenlet) -> None:
        if thread in self.paused:
            self.paused.remove(thread)
        thread.switch()
        if not self.alive:
            raise Crash

    def run(self, main: Callable[[], Any]) -> bool:
        """Run a process until it ends or crashes; whether it ended by itself."""
        self.alive = True
        loop = self.loop = VirtualLoop(self)
        asyncio.set_event_loop(None)
        try:
            loop.run_until_complete(main())
            return True
        except Crash:
            return False
        finally:
            self.alive = False
            self._bury(loop)

    def _bury(self, loop: "VirtualLoop") -> None:
        """What the dead process left: tasks and threads that must not go on, nor complain."""
        self.loop = None
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            _close(task.get_coro())
        for thread in self.paused:
            with contextlib.suppress(BaseException):
                thread.throw(Crash)
        self.paused.clear()
        loop.close()


def _close(coroutine: Any) -> None:
    with contextlib.suppress(BaseException):
        coroutine.close()


class _Selector:
    """Nothing to wait for but time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Finding("everything waits for something that will never come")
        if timeout > 0:
            self._world.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """asyncio's own loop over virtual time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._selector = _Selector(world)
        self.set_exception_handler(self._complain)

    def _complain(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        if self._world.alive and self._world.loop is self and not isinstance(context.get("exception"), Crash):
            self._world.find(f"{context['message']}: {context.get('exception')!r}")

    def time(self) -> float:
        return self._world.now

    def _process_events(self, event_list: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """asyncio.to_thread ends here."""
        future: Future[Any] = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                self.call_soon(_settle, future, None, error)
            else:
                self.call_soon(_settle, future, result, None)

        self._world.thread(work)
        return future


def _settle(future: "Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


class SimWorker:
    """journal.host.Worker over a thread of the world."""

    def __init__(self, world: World, work: Callable[[Any], None], done: Callable[[Any], None]) -> None:
        self._world = world
        self._work = work
        self._done = done
        self._items: deque[Any] = deque()
        self._running = False

    def put(self, item: Any) -> None:
        self._items.append(item)
        if not self._running:
            self._running = True
            self._world.thread(self._run)

    def _run(self) -> None:
        while self._items:
            item = self._items.popleft()
            self._work(item)
            assert self._world.loop is not None
            self._world.loop.call_later(self._world.random.random() * 0.00005, self._done, item)
        self._running = False

    def stop(self) -> None:
        if self._items or self._running:
            raise Finding("a worker was stopped while it had something to do")


class SimSyncer:
    """journal.host.Syncer: a thread of the world that syncs, as the kernel does."""

    def __init__(self, world: World, disk: Any) -> None:
        self._world = world
        self._disk = disk
        self._running = False

    def sync(self, descriptor: int, done: Callable[[OSError | None], None]) -> None:
        if self._running:
            raise Finding("two syncs at a time")
        self._running = True

        def work() -> None:
            error = None
            try:
                self._disk.fdatasync(descriptor)
            except OSError as failed:
                error = failed
            assert self._world.loop is not None
            self._world.loop.call_later(self._world.random.random() * 0.00002, self._finish, done, error)

        self._world.thread(work)

    def _finish(self, done: Callable[[OSError | None], None], error: OSError | None) -> None:
        self._running = False
        done(error)

    def stop(self) -> None:
        if self._running:
            raise Finding("a sync is under way at the end")
