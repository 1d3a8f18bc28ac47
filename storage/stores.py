"""Where an Environments keeps its stores: one LMDB environment per database in a directory, or memory.

    store/5/        database 5's environment
    store/5.new/    one that is being copied from its template

Copies (checkpoints, branches) are whole, compact files.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Protocol

from .errors import StorageFull
from .memory_store import MemoryStore
from .store import LmdbStore, Operation, sync_path


class Store(Protocol):
    """One database's keyspace: LmdbStore or MemoryStore."""

    applied_tau: int
    batch_start: int

    def snapshot(self, tau: int) -> Any: ...

    def size(self) -> int: ...

    def reserve(self, entries: int, size: int) -> None: ...

    def write_one(self, key: bytes, value: bytes | None, tau: int, batch_start: int) -> None: ...

    def write(self, operations: list[Operation], tau: int, batch_start: int) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class Stores(Protocol):
    """A maker and keeper of stores, by database."""

    def present(self) -> list[tuple[int, Store]]:
        """Open those that are there; drop what a crash left half made."""

    def create(self, database: int) -> Store: ...

    def branch(self, source: Any, database: int) -> Store:
        """A new store with the content of another one."""

    def remove(self, database: int) -> None:
        """Its files; the store has been closed, or soon will be."""

    def check_room(self, size: int) -> None:
        """Raises StorageFull if a new store of this many bytes would not fit."""

    def clear(self) -> None:
        """Remove all, before any is opened."""

    def restore(self, database: int, copy: Path) -> None:
        """Make a store from its copy, before any is opened."""

    def copy(self, store: Any, target: Path) -> None:
        """A durable copy of the store as it is now, not yet in its place. May run in a thread."""

    def keep_copy(self, target: Path) -> None:
        """Put the last copy in its place; the name is not durable yet. May run in a thread."""


class MemoryStores:
    """Nothing outlives the process."""

    def present(self) -> list[tuple[int, Store]]:
        return []

    def create(self, database: int) -> Store:
        return MemoryStore()

    def branch(self, source: MemoryStore, database: int) -> Store:
        return source.branch()

    def remove(self, database: int) -> None:
        pass

    def check_room(self, size: int) -> None:
        pass

    def clear(self) -> None:
        pass

    def restore(self, database: int, copy: Path) -> None:
        raise NotImplementedError("stores in memory have no copies")

    def copy(self, store: MemoryStore, target: Path) -> None:
        raise NotImplementedError("stores in memory have no copies")

    def keep_copy(self, target: Path) -> None:
        raise NotImplementedError("stores in memory have no copies")


class LmdbStores:
    """The environments below a directory. `depth`: see LmdbStore."""

    def __init__(self, directory: Path, *, depth: int = 2) -> None:
        self._directory = directory
        self._depth = depth

    def present(self) -> list[tuple[int, Store]]:
        self._directory.mkdir(parents=True, exist_ok=True)
        found: list[tuple[int, Store]] = []
        for path in sorted(self._directory.iterdir()):
            if path.name.isdigit():
                found.append((int(path.name), LmdbStore(path, depth=self._depth)))
            elif path.suffix == ".new":
                shutil.rmtree(path)  # a creation that did not come to its end
        return found

    def create(self, database: int) -> Store:
        return LmdbStore(self._directory / str(database), depth=self._depth)

    def branch(self, source: LmdbStore, database: int) -> Store:
        unfinished = self._directory / f"{database}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        source.copy(unfinished)
        os.rename(unfinished, self._directory / str(database))
        return self.create(database)

    def remove(self, database: int) -> None:
        shutil.rmtree(self._directory / str(database))

    def check_room(self, size: int) -> None:
        stat = os.statvfs(self._directory)
        if stat.f_bavail * stat.f_frsize < size:
            raise StorageFull("no space left on device for the database")

    def clear(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    def restore(self, database: int, copy: Path) -> None:
        target = self._directory / str(database)
        target.mkdir(parents=True)
        shutil.copyfile(copy, target / "data.mdb")

    def copy(self, store: LmdbStore, target: Path) -> None:
        unfinished = target.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        try:
            store.copy(unfinished)
            sync_path(unfinished / "data.mdb")
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def keep_copy(self, target: Path) -> None:
        unfinished = target.with_suffix(".new")
        os.replace(unfinished / "data.mdb", target)
        shutil.rmtree(unfinished, ignore_errors=True)
