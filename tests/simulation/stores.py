"""Where simulated machines keep their stores: in a page cache that outlives a process, not the machine.

`CachedStores` has MemoryStores. `LmdbStoresOnCopies` has the real LMDB ones in a real folder, which
stands for the page cache, while their copies are files of the simulated disk.
"""

import os
import shutil
from pathlib import Path
from typing import Any
from zlib import crc32

from gaveldb.storage.errors import StorageFull
from gaveldb.storage.memory_store import MemoryStore
from gaveldb.storage.store import LmdbStore
from gaveldb.storage.stores import LmdbStores
from msgspec import msgpack

from .disk import SimDisk
from .world import World


class CachedStore(MemoryStore):
    """A MemoryStore with room on a disk, that a dead process does not write to."""

    def __init__(self, keeper: "CachedStores", database: int) -> None:
        super().__init__()
        self.disk = keeper.disk
        self.keeper = keeper
        self.database = database

    def sync(self) -> None:
        self.keeper.world.step()
        self.keeper.synced[self.database] = self.content()

    def reserve(self, entries: int, size: int) -> None:
        if self.disk.full and self.disk.world.random.random() < 0.5:
            raise StorageFull("no space left on device for the store")

    def content(self) -> bytes:
        content = msgpack.encode((dict(self.entries), self.applied_tau, self.batch_start))
        return crc32(content).to_bytes(4, "big") + content

    def fill(self, content: bytes) -> None:
        if crc32(content[4:]).to_bytes(4, "big") != content[:4]:
            raise ValueError("the copy is damaged")
        entries, self.applied_tau, self.batch_start = msgpack.decode(
            content[4:], type=tuple[dict[bytes, bytes], int, int]
        )
        self.entries.clear()
        self.entries.update(entries)


class CachedStores:
    """storage.stores.Stores; one for the life of a machine."""

    def __init__(self, world: World, disk: SimDisk) -> None:
        self.world = world
        self.disk = disk
        self.cache: dict[int, CachedStore] = {}
        self.synced: dict[int, bytes] = {}

    # --- crashes ------------------------------------------------------------------------------

    def process_died(self) -> None:
        for database, store in list(self.cache.items()):
            copied = CachedStore(self, database)
            copied.fill(store.content())
            self.cache[database] = copied

    def machine_stopped(self) -> None:
        """Of what was applied since the last sync anything may be there: so nobody should look."""
        source = self.world.random
        for database in [*self.cache]:
            before = self.synced.get(database)
            if before is None and source.random() < 0.3:
                del self.cache[database]
                continue
            store = CachedStore(self, database)
            newest = self.cache[database]
            if before is not None:
                store.fill(before)
            if newest.content() != before:
                for key, value in newest.entries.items():
                    if source.random() < 0.5:
                        store.entries[key] = value
                if source.random() < 0.5:
                    store.applied_tau, store.batch_start = newest.applied_tau, newest.batch_start
            self.cache[database] = store

    # --- Stores -------------------------------------------------------------------------------

    def present(self) -> list[tuple[int, Any]]:
        return sorted(self.cache.items())

    def create(self, database: int) -> CachedStore:
        self.world.step()
        store = self.cache[database] = CachedStore(self, database)
        return store

    def branch(self, source: CachedStore, database: int) -> CachedStore:
        self.world.step()
        store = CachedStore(self, database)
        store.fill(source.content())
        self.cache[database] = store
        self.world.step()
        return store

    def remove(self, database: int) -> None:
        self.world.step()
        self.cache.pop(database)
        self.synced.pop(database, None)

    def check_room(self, size: int) -> None:
        if self.disk.full:
            raise StorageFull("no space left on device for the database")

    def clear(self) -> None:
        self.world.step()
        self.cache.clear()
        self.synced.clear()

    def restore(self, database: int, copy: Path) -> None:
        self.world.step()
        store = CachedStore(self, database)
        with self.disk.mapped(copy) as view:
            store.fill(bytes(view))
        self.cache[database] = store

    def copy(self, store: CachedStore, target: Path) -> None:
        write_file(self.disk, target, store.content())

    def keep_copy(self, target: Path) -> None:
        self.disk.replace(target.with_suffix(".new"), target)


class LmdbStoresOnCopies(LmdbStores):
    """The real thing, except that its copies go to the simulated disk."""

    def __init__(self, world: World, disk: SimDisk, folder: Path) -> None:
        super().__init__(folder / "store")
        self.world = world
        self.disk = disk
        self._folder = folder
        self._opened: list[LmdbStore] = []
        self._synced: dict[Path, bytes] = {}

    def process_died(self) -> None:
        for store in self._opened:
            store._environment.close()
            os.close(store._file)
        self._opened.clear()

    def machine_stopped(self) -> None:
        self.process_died()
        for path in self._folder.glob("store/*/data.mdb"):
            path.write_bytes(self._synced.get(path, b"garbage"))

    def present(self) -> list[tuple[int, Any]]:
        found = super().present()
        for _, store in found:
            self._watch(store)
        return found

    def _watch(self, store: Any) -> None:
        close, sync = store.close, store.sync
        self._synced.pop(store.directory / "data.mdb", None)

        def syncing() -> None:
            sync()
            path = store.directory / "data.mdb"  # which is as long as the map
            with path.open("rb") as file:
                self._synced[path] = file.read(store.size())

        def closing() -> None:
            self._opened.remove(store)
            close()

        store.close, store.sync = closing, syncing
        self._opened.append(store)

    def create(self, database: int) -> Any:
        self.world.step()
        store = super().create(database)
        self._watch(store)
        return store

    def remove(self, database: int) -> None:
        self.world.step()
        super().remove(database)

    def restore(self, database: int, copy: Path) -> None:
        self.world.step()
        whole = self._folder / "copy"
        with self.disk.mapped(copy) as view:
            whole.write_bytes(view)
        super().restore(database, whole)

    def copy(self, store: LmdbStore, target: Path) -> None:
        made = self._folder / "made"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        store.copy(made)
        content = (made / "data.mdb").read_bytes()
        write_file(self.disk, target, content)

    def keep_copy(self, target: Path) -> None:
        self.disk.replace(target.with_suffix(".new"), target)


def write_file(disk: SimDisk, target: Path, content: bytes) -> None:
    """As a checkpoint's copy is written: under another name, and synced."""
    unfinished = target.with_suffix(".new")
    if disk.exists(unfinished):  # a new file: the old one may have the copy's name, too
        disk.unlink(unfinished)
    descriptor = disk.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        offset = 0
        while offset < len(content):
            offset += disk.pwrite(descriptor, content[offset : offset + 65536], offset)
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)
