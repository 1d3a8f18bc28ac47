"""Checkpoints: synced copies of the environments, from which the store can be made again.

    checkpoint/5.mdb     the compact copy of database 5's environment, with its applied_tau inside
    checkpoint/FLOOR     a tau: every commit at or before it is in the copies

1. A copy is made in a thread, synced, and renamed into place; then FLOOR is, and then the journal
   before FLOOR may go.
2. Environments are copied at different taus, all at or after the floor; replay starts at the floor
   and skips, per environment, what its copy has.
3. An environment that has not changed since its last copy is not copied again.
"""

import asyncio
import os
import shutil
from pathlib import Path

from .directory import replace_file, sync_path
from .environments import Environments
from .store import LmdbStore


class Checkpoints:
    """The checkpoints of one data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._copied: dict[int, int] = {}  # database -> applied_tau of its copy, as far as known

    def floor(self) -> int:
        """Every commit at or before this tau is in the copies."""
        try:
            return int((self._directory / "FLOOR").read_text())
        except FileNotFoundError:
            return 0

    def restore(self, store: Path) -> None:
        """Make the store again from the copies."""
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir(parents=True)
        for copy in sorted(self._directory.glob("*.mdb")):
            target = store / copy.stem
            target.mkdir()
            shutil.copyfile(copy, target / "data.mdb")

    def forget(self, database: int) -> None:
        """The database was dropped."""
        (self._directory / f"{database}.mdb").unlink(missing_ok=True)
        self._copied.pop(database, None)

    async def take(self, environments: Environments) -> int:
        """Copy what has changed; returns the new floor."""
        floor = environments.current_tau
        for database, _ in environments.stores():
            store = environments.begin_copying(database)
            try:
                if isinstance(store, LmdbStore) and self._copied.get(database) != store.applied_tau:
                    applied = store.applied_tau
                    await asyncio.to_thread(self._copy, store, database)
                    self._copied[database] = applied
            finally:
                if not environments.end_copying(database):
                    self.forget(database)
        await asyncio.to_thread(self._set_floor, floor)
        return floor

    def _copy(self, store: LmdbStore, database: int) -> None:
        unfinished = self._directory / f"{database}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            store.copy(unfinished)
            sync_path(unfinished / "data.mdb")
            os.replace(unfinished / "data.mdb", self._directory / f"{database}.mdb")
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _set_floor(self, floor: int) -> None:
        sync_path(self._directory)
        replace_file(self._directory / "FLOOR", str(floor))
