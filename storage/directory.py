"""The data directory as a whole: whose it is, and whether its store can be trusted.

VERSION       of this layout
lock          held by the serving process, whose pid it contains
BOOT          the boot id of the machine when the directory was last opened, and "clean" if it
              has been closed in order since
journal/      the truth (journal/log.py)
store/        one LMDB environment per database: a view of the truth, never synced while in use
checkpoint/   synced copies of those
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from .errors import DirectoryLocked, StorageError

VERSION = "1"


def boot_id() -> str:
    """Names the machine's present run; empty if it cannot be known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        pass
    if sys.platform == "darwin":
        found = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
        )
        return found.stdout.strip()
    return ""


class DataDirectory:
    """An open, locked data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "journal"
        self.store = path / "store"
        self.checkpoint = path / "checkpoint"
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._take_lock()
        self._check_version()

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            content = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            os.close(self._lock)
            raise DirectoryLocked(self.path, int(content) if content.isdigit() else None) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _check_version(self) -> None:
        file = self.path / "VERSION"
        if not file.exists():
            if self.journal.exists():
                raise StorageError(f'"{self.path}" has a journal but no VERSION file')
            replace_file(file, VERSION + "\n")
        elif file.read_text().strip() != VERSION:
            raise StorageError(f'"{self.path}" was made by another version: {file.read_text().strip()}')

    def store_is_trusted(self) -> bool:
        """Whether everything that was applied to the store is in it: it was closed in order, or the
        machine has not stopped since."""
        try:
            booted, _, state = (self.path / "BOOT").read_text().strip().partition(" ")
        except FileNotFoundError:
            return False
        return state == "clean" or (booted != "" and booted == boot_id())

    def mark(self, *, clean: bool) -> None:
        """Note this boot; `clean` when everything has been synced."""
        replace_file(self.path / "BOOT", f"{boot_id()} {'clean' if clean else 'open'}\n")

    def close(self) -> None:
        os.close(self._lock)


def replace_file(path: Path, content: str) -> None:
    """Write a small file durably, all or nothing."""
    new = path.with_name(path.name + ".new")
    with new.open("w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """fsync a file or directory."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
