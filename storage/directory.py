"""The data directory as a whole: whose it is, and whether its store can be trusted.

VERSION       of this layout
lock          held by the serving process, whose pid it contains
BOOT          the boot id of the machine when the directory was last opened, and "clean" if it
              has been closed in order since
journal/      the truth (journal/log.py)
store/        one LMDB environment per database: a view of the truth, never synced while in use
checkpoint/   synced copies of those
"""

import os
from pathlib import Path

from gaveldb.journal.api import Host, read_file, replace_file

from .errors import DirectoryLocked, StorageError

VERSION = "1"


class DataDirectory:
    """An open, locked data directory."""

    def __init__(self, path: Path, host: Host) -> None:
        self.path = path
        self._host = host
        self._disk = disk = host.disk
        self.journal = path / "journal"
        self.store = path / "store"
        self.checkpoint = path / "checkpoint"
        disk.make_directory(path)
        self._lock = disk.open(path / "lock", os.O_RDWR | os.O_CREAT)
        try:
            self._take_lock()
            self._check_version()
        except BaseException:
            disk.close(self._lock)
            raise

    def _take_lock(self) -> None:
        disk = self._disk
        try:
            disk.lock(self._lock)
        except OSError:
            with disk.mapped(self.path / "lock") as view:
                content = bytes(view).decode(errors="replace").strip()
            raise DirectoryLocked(self.path, int(content) if content.isdigit() else None) from None
        disk.ftruncate(self._lock, 0)
        disk.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _check_version(self) -> None:
        file = self.path / "VERSION"
        disk = self._disk
        if not disk.exists(file):
            if disk.exists(self.journal):
                raise StorageError(f'"{self.path}" has a journal but no VERSION file')
            replace_file(disk, file, VERSION + "\n")
        elif (version := read_file(disk, file).strip()) != VERSION:
            raise StorageError(f'"{self.path}" was made by another version: {version}')

    def store_is_trusted(self) -> bool:
        """Whether everything that was applied to the store is in it: it was closed in order, or the
        machine has not stopped since."""
        try:
            booted, _, state = read_file(self._disk, self.path / "BOOT").strip().partition(" ")
        except FileNotFoundError:
            return False
        return state == "clean" or (booted != "" and booted == self._host.boot_id())

    def mark(self, *, clean: bool) -> None:
        """Note this boot; `clean` when everything has been synced."""
        boot_id = self._host.boot_id()
        replace_file(self._disk, self.path / "BOOT", f"{boot_id} {'clean' if clean else 'open'}\n")

    def distrust(self) -> None:
        """From now on, and until it is marked again, the store is not to be trusted."""
        replace_file(self._disk, self.path / "BOOT", " open\n")

    def close(self) -> None:
        self._disk.close(self._lock)
