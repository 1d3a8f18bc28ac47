"""What can go wrong in the storage room; one class for each thing a caller can react to."""

from pathlib import Path


class StorageError(Exception):
    """The base of this room's errors."""


class StorageFull(StorageError):
    """No space for what a commit would add to the store; reads go on. SQLSTATE 53100."""


class DirectoryLocked(StorageError):
    """Another process serves this data directory."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f'data directory "{directory}" is in use by {holder}')
        self.directory = directory
        self.pid = pid


class NoSuchDatabase(StorageError):
    """There is no environment for this database."""

    def __init__(self, database: int) -> None:
        super().__init__(f"database {database} does not exist in the store")
        self.database = database


class SnapshotClosed(StorageError):
    """The snapshot was used after it had been closed."""


class StorageBroken(StorageError):
    """The store could not apply what the journal holds; the process must end and recover."""
