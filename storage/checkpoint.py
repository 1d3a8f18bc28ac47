"""Checkpoints: synced copies of the environments, from which the store can be made again.

    checkpoint/5.mdb     the compact copy of database 5's environment, with its applied_tau inside
    checkpoint/FLOOR     a tau: every commit at or before it is in the copies

1. A copy is made in a thread, synced, and, once all that is in it is durable in the journal, renamed into
   place; then FLOOR is, and then the journal before FLOOR may go.
2. Environments are copied at different taus, all at or after the floor; replay starts at the floor
   and skips, per environment, what its copy has.
3. An environment that has not changed since its last copy is not copied again.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gaveldb.journal.api import Disk, read_file, replace_file

from .environments import Environments
from .stores import Stores

Durable = Callable[[int], "asyncio.Future[None] | None"]


async def _wait(future: "asyncio.Future[None] | None") -> None:
    if future is not None:
        await future


class Checkpoints:
    """The checkpoints of one data directory."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._directory = directory
        self._disk = disk
        disk.make_directory(directory)
        self._copied: dict[int, int] = {}  # database -> applied_tau of its copy, as far as known

    def floor(self) -> int:
        """Every commit at or before this tau is in the copies."""
        try:
            return int(read_file(self._disk, self._directory / "FLOOR"))
        except FileNotFoundError:
            return 0

    def restore(self, stores: Stores) -> None:
        """Make the stores again from the copies."""
        stores.clear()
        for copy in self._disk.list_directory(self._directory):
            if copy.suffix == ".mdb":
                stores.restore(int(copy.stem), copy)

    def forget(self, database: int) -> None:
        """The database was dropped."""
        self._disk.unlink(self._path(database))
        self._copied.pop(database, None)

    def _path(self, database: int) -> Path:
        return self._directory / f"{database}.mdb"

    async def take(self, environments: Environments, durable: Durable) -> int:
        """Copy what has changed; returns the new floor. `durable`: see journal.api.Committer."""
        floor = environments.current_tau
        for database, _ in environments.stores():
            store = environments.begin_copying(database)
            try:
                if store is not None and self._copied.get(database) != store.applied_tau:
                    applied = store.applied_tau
                    path = self._path(database)
                    await asyncio.to_thread(environments.kept.copy, store, path)
                    await _wait(durable(environments.current_tau))
                    await asyncio.to_thread(environments.kept.keep_copy, path)
                    self._copied[database] = applied
            finally:
                if not environments.end_copying(database):
                    self.forget(database)
        await _wait(durable(floor))
        await asyncio.to_thread(self._set_floor, floor)
        return floor

    def _set_floor(self, floor: int) -> None:
        self._disk.sync_directory(self._directory)
        replace_file(self._disk, self._directory / "FLOOR", str(floor))
