"""Files, as far as journals and stores need them.

`SystemDisk` is the machine's; simulations bring their own. Descriptors are ints, flags those of
`os.open`, and errors are OSErrors. What is durable when:

1. A file's content and size after `fdatasync`, all of it (attributes too) after `fsync`.
2. A name (created, replaced, removed) after `sync_directory` of the directory that it is in.
3. `make_directory` returns when the directories that it made are durable.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol


class Disk(Protocol):
    """A file system."""

    def open(self, path: Path, flags: int) -> int:
        """A descriptor; O_CREAT makes the file readable for its owner only."""

    def close(self, descriptor: int, /) -> None: ...

    def lock(self, descriptor: int) -> None:
        """Until it is closed, nobody else's. Raises BlockingIOError if it is somebody's already."""

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int, /) -> int:
        """How many bytes were written."""

    def allocate(self, descriptor: int, offset: int, length: int, /) -> None:
        """Zeros behind the end of the file, with their space; EOPNOTSUPP if that cannot be had."""

    def ftruncate(self, descriptor: int, size: int, /) -> None: ...

    def fdatasync(self, descriptor: int, /) -> None: ...

    def fsync(self, descriptor: int, /) -> None: ...

    def mapped(self, path: Path) -> AbstractContextManager[memoryview]:
        """A file's content, read-only, while the context lasts."""

    def size(self, path: Path) -> int: ...

    def exists(self, path: Path) -> bool: ...

    def list_directory(self, path: Path) -> list[Path]:
        """What is in it, sorted."""

    def make_directory(self, path: Path) -> None:
        """With its parents, unless they are there."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename, over whatever is there."""

    def unlink(self, path: Path) -> None:
        """Unless it is gone."""

    def sync_directory(self, path: Path) -> None: ...


class SystemDisk:
    """The operating system's files."""

    close = staticmethod(os.close)
    pwrite = staticmethod(os.pwrite)
    ftruncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    fdatasync = staticmethod(os.fdatasync if hasattr(os, "fdatasync") else os.fsync)

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags, 0o600)

    def lock(self, descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def allocate(self, descriptor: int, offset: int, length: int, /) -> None:
        if not hasattr(os, "posix_fallocate"):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        os.posix_fallocate(descriptor, offset, length)

    @contextmanager
    def mapped(self, path: Path) -> Iterator[memoryview]:
        with path.open("rb") as file:
            content: mmap.mmap | bytes = b""
            if os.fstat(file.fileno()).st_size:
                content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(content)
        try:
            yield view
        finally:
            view.release()
            if isinstance(content, mmap.mmap):
                content.close()

    def size(self, path: Path) -> int:
        return path.stat().st_size

    def exists(self, path: Path) -> bool:
        return path.exists()

    def list_directory(self, path: Path) -> list[Path]:
        return sorted(path.iterdir())

    def make_directory(self, path: Path) -> None:
        if path.is_dir():  # made by a process that did not come to sync it, perhaps
            with suppress(PermissionError):
                self.sync_directory(path.parent)
            return
        if not path.parent.is_dir():
            self.make_directory(path.parent)
        with suppress(FileExistsError):
            path.mkdir()
        self.sync_directory(path.parent)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_all(disk: Disk, descriptor: int, data: bytes, offset: int) -> None:
    """pwrite may do less than it is asked for."""
    written = disk.pwrite(descriptor, data, offset)
    while written < len(data):
        written += disk.pwrite(descriptor, memoryview(data)[written:], offset + written)


def replace_file(disk: Disk, path: Path, content: str) -> None:
    """Write a small file durably, all or nothing."""
    new = path.with_name(path.name + ".new")
    descriptor = disk.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        write_all(disk, descriptor, content.encode(), 0)
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)
    disk.replace(new, path)
    disk.sync_directory(path.parent)


def read_file(disk: Disk, path: Path) -> str:
    """A small file's text, or FileNotFoundError."""
    with disk.mapped(path) as view:
        return bytes(view).decode()
