"""A disk that loses what was not synced, tears what was being written, stalls, fills up and fails.

A file is an inode: what the page cache has (`content`), what the platter has (`durable`), and the
changes in between in their order (`dirty`). Names live in directories, which have the same three.

1. A dead process loses its descriptors and locks, nothing else.
2. A machine that stops loses changes: of each file none, all, a first part, or any sectors; of each
   directory a last part. What was not named durably is gone, and so is what lies below it.
3. `lies`: syncs return without doing anything. `broken`: a sync fails once, and what it was to write
   will never be written, although the page cache shows it: that is how Linux does it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .world import World

SECTOR = 512
Change = tuple[str, int, bytes]  # write at, truncate to


class Inode:
    """A file."""

    __slots__ = ("content", "dirty", "durable", "holder")

    def __init__(self) -> None:
        self.content = bytearray()
        self.durable = bytearray()
        self.dirty: list[Change] = []
        self.holder = 0  # the descriptor that has locked it


class Directory:
    """Names; `durable` and `dirty` as in Inode."""

    __slots__ = ("dirty", "durable", "names")

    def __init__(self) -> None:
        self.names: dict[str, Inode | Directory] = {}
        self.durable: dict[str, Inode | Directory] = {}
        self.dirty: list[tuple[str, Inode | Directory | None]] = []

    def change(self, name: str, entry: "Inode | Directory | None") -> None:
        _enter(self.names, name, entry)
        self.dirty.append((name, entry))

    def sync(self) -> None:
        self.durable = dict(self.names)
        self.dirty.clear()


def _enter(names: "dict[str, Inode | Directory]", name: str, entry: "Inode | Directory | None") -> None:
    if entry is None:
        names.pop(name, None)
    else:
        names[name] = entry


def _apply(content: bytearray, change: Change) -> None:
    kind, where, data = change
    if kind == "truncate":
        if where < len(content):
            del content[where:]
        else:
            content.extend(bytes(where - len(content)))
        return
    if where > len(content):
        content.extend(bytes(where - len(content)))
    content[where : where + len(data)] = data


class SimDisk:
    """journal.disk.Disk for the process that is alive in the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.root = Directory()
        self.full = False
        self.allocates = True
        self.lies = False
        self.fail_syncs = 0  # how many syncs to fail
        self.sync_seconds = 0.0002
        self.stall_share = 0.0  # of syncs
        self.stall_seconds = 0.5
        self.lost = False  # whether something was lost that had been said to be durable
        self._descriptors: dict[int, Inode | Directory] = {}
        self._next = 3

    # --- crashes ------------------------------------------------------------------------------

    def process_died(self) -> None:
        for entry in self._descriptors.values():
            if isinstance(entry, Inode):
                entry.holder = 0
        self._descriptors.clear()

    def machine_stopped(self) -> None:
        self.process_died()
        self._lose(self.root)

    def _lose(self, directory: Directory) -> None:
        source = self.world.random
        kept = source.choice([0, len(directory.dirty), source.randint(0, len(directory.dirty))])
        for name, entry in directory.dirty[:kept]:
            _enter(directory.durable, name, entry)
        directory.names = dict(directory.durable)
        directory.dirty.clear()
        for entry in directory.names.values():
            if isinstance(entry, Directory):
                self._lose(entry)
            else:
                self._tear(entry)

    def _tear(self, inode: Inode) -> None:
        source = self.world.random
        content = bytearray(inode.durable)
        how = source.choice(("none", "all", "first", "some", "most"))
        changes = inode.dirty
        if how == "none":
            changes = []
        elif how == "first":
            changes = changes[: source.randint(0, len(changes))]
        share = {"some": 0.5, "most": 0.9}.get(how, 1.0)
        for change in changes:
            if share == 1.0:
                _apply(content, change)
            elif change[0] == "truncate":
                if source.random() < share:
                    _apply(content, change)
            else:
                self._apply_sectors(content, change, share)
        inode.content = content
        inode.durable = bytearray(content)
        inode.dirty = []
        inode.holder = 0

    def _apply_sectors(self, content: bytearray, change: Change, share: float) -> None:
        _, where, data = change
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (where + start) % SECTOR)
            if self.world.random.random() < share:
                _apply(content, ("write", where + start, data[start:end]))
            start = end

    # --- names --------------------------------------------------------------------------------

    def _find(self, path: Path) -> "Inode | Directory | None":
        entry: Inode | Directory | None = self.root
        for part in path.parts[1:]:
            if not isinstance(entry, Directory):
                return None
            entry = entry.names.get(part)
        return entry

    def _directory(self, path: Path) -> Directory:
        entry = self._find(path)
        if not isinstance(entry, Directory):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return entry

    def _file(self, path: Path) -> Inode:
        entry = self._find(path)
        if not isinstance(entry, Inode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return entry

    def exists(self, path: Path) -> bool:
        return self._find(path) is not None

    def size(self, path: Path) -> int:
        return len(self._file(path).content)

    def list_directory(self, path: Path) -> list[Path]:
        return [path / name for name in sorted(self._directory(path).names)]

    def make_directory(self, path: Path) -> None:
        if self._find(path) is None:
            if self._find(path.parent) is None:
                self.make_directory(path.parent)
            self.world.step()
            self._directory(path.parent).change(path.name, Directory())
        self.sync_directory(path.parent)

    def replace(self, source: Path, target: Path) -> None:
        self.world.step()
        inode = self._file(source)
        self._directory(target.parent).change(target.name, inode)
        self._directory(source.parent).change(source.name, None)

    def unlink(self, path: Path) -> None:
        self.world.step()
        if self.exists(path):
            self._directory(path.parent).change(path.name, None)

    def sync_directory(self, path: Path) -> None:
        self._sync()
        if self.lies:
            self.lost = True
        else:
            self._directory(path).sync()

    # --- files --------------------------------------------------------------------------------

    def open(self, path: Path, flags: int) -> int:
        self.world.step()
        entry = self._find(path)
        if entry is None:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            entry = Inode()
            self._directory(path.parent).change(path.name, entry)
        elif flags & os.O_TRUNC and isinstance(entry, Inode):
            self._change(entry, ("truncate", 0, b""))
        self._next += 1
        self._descriptors[self._next] = entry
        return self._next

    def close(self, descriptor: int, /) -> None:
        entry = self._descriptors.pop(descriptor)
        if isinstance(entry, Inode) and entry.holder == descriptor:
            entry.holder = 0

    def lock(self, descriptor: int) -> None:
        inode = self._opened(descriptor)
        if inode.holder:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        inode.holder = descriptor

    def _opened(self, descriptor: int) -> Inode:
        entry = self._descriptors.get(descriptor)
        if not isinstance(entry, Inode):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return entry

    def _change(self, inode: Inode, change: Change) -> None:
        _apply(inode.content, change)
        inode.dirty.append(change)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int, /) -> int:
        inode = self._opened(descriptor)
        data = bytes(data)
        source = self.world.random
        left = self.world.operations_left
        if left == 1 and len(data) > 1:  # it dies in the middle
            self._change(inode, ("write", offset, data[: source.randrange(len(data))]))
        self.world.step()
        if self.full and offset + len(data) > len(inode.content):
            room = max(0, len(inode.content) - offset)
            if not self.allocates:  # so there may be a little left
                room = max(room, source.randrange(len(data)))
            if room <= 0 or source.random() < 0.3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[:room]
        elif len(data) > 1 and source.random() < 0.01:
            data = data[: source.randrange(1, len(data))]
        self._change(inode, ("write", offset, data))
        self.world.pause(0.000005)
        return len(data)

    def allocate(self, descriptor: int, offset: int, length: int, /) -> None:
        inode = self._opened(descriptor)
        self.world.step()
        if not self.allocates:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if offset + length > len(inode.content):
            self._change(inode, ("truncate", offset + length, b""))

    def ftruncate(self, descriptor: int, size: int, /) -> None:
        self.world.step()
        self._change(self._opened(descriptor), ("truncate", size, b""))

    def fdatasync(self, descriptor: int, /) -> None:
        inode = self._opened(descriptor)
        count = len(inode.dirty)
        self._sync()
        if self.fail_syncs:
            self.fail_syncs -= 1
            self.lost = True
            del inode.dirty[:count]
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.lies:
            self.lost = True
            return
        for change in inode.dirty[:count]:
            _apply(inode.durable, change)
        del inode.dirty[:count]

    fsync = fdatasync

    def _sync(self) -> None:
        world = self.world
        world.step()
        seconds = self.sync_seconds * (0.5 + world.random.random())
        if self.stall_share and world.random.random() < self.stall_share:
            seconds = self.stall_seconds * world.random.random()
        world.pause(seconds)
        world.step()

    @contextmanager
    def mapped(self, path: Path) -> Iterator[memoryview]:
        view = memoryview(bytes(self._file(path).content))
        try:
            yield view
        finally:
            view.release()


def files(disk: SimDisk, path: Path) -> dict[str, Any]:
    """Sizes by name, for whoever looks into a failing seed."""
    return {str(child): len(disk._file(child).content) for child in disk.list_directory(path)}
