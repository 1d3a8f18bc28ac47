"""A machine of the simulation: disk, stores, clock; it stops and starts again."""

from asyncio import AbstractEventLoop
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .disk import SimDisk
from .stores import CachedStores, LmdbStoresOnCopies
from .world import SimSyncer, SimWorker, World


class SimClock:
    """Wall time, which is set forward and back now and then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.offset = 1_000_000_000

    def now(self) -> int:
        return self.offset + int(self._world.now * 1_000_000)


class Machine:
    """journal.host.Host."""

    def __init__(self, world: World, folder: Path | None = None) -> None:
        self.world = world
        self.disk: Any = SimDisk(world)
        self.stores = (
            CachedStores(world, self.disk) if folder is None else LmdbStoresOnCopies(world, self.disk, folder)
        )
        self.clock = SimClock(world)
        self.runs = 1

    def died(self, *, reboot: bool) -> None:
        """The process has ended without a word, and with the machine if `reboot`."""
        if reboot:
            self.disk.machine_stopped()
            self.stores.machine_stopped()
            self.runs += 1
        else:
            self.disk.process_died()
            self.stores.process_died()

    def perf_counter(self) -> float:
        return self.world.now

    def boot_id(self) -> str:
        return f"run-{self.runs}"

    def start_worker(
        self, loop: AbstractEventLoop, work: Callable[[Any], None], done: Callable[[Any], None]
    ) -> SimWorker:
        return SimWorker(self.world, work, done)

    def start_syncer(self, loop: AbstractEventLoop) -> SimSyncer:
        return SimSyncer(self.world, self.disk)
