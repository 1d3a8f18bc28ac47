"""What can go wrong in the journal room; one class for each thing a caller can react to."""

from pathlib import Path


class JournalError(Exception):
    """The base of this room's errors."""


class SerializationFailure(JournalError):
    """A commit lost against one that came first.

    `key` is the contested key (the low end for a range, None for the catalog), `committed_at` the
    tau of the winner (0 if it is forgotten), `catalog` says that the catalog changed.
    """

    def __init__(
        self, message: str, key: bytes | None = None, committed_at: int = 0, *, catalog: bool = False
    ) -> None:
        super().__init__(message)
        self.key = key
        self.committed_at = committed_at
        self.catalog = catalog


class TooOld(SerializationFailure):
    """The request's base lies before the adjudicator's window: nobody knows what came since."""

    def __init__(self, base: int, horizon: int) -> None:
        super().__init__(f"the commit's base {base} is older than the adjudicator's horizon {horizon}")
        self.base = base
        self.horizon = horizon


class JournalFull(JournalError):
    """No space left for the journal; nothing of the commit is kept. Later commits may succeed."""


class CommitTooLarge(JournalError):
    """The commit does not fit a record (4 GB)."""


class JournalBroken(JournalError):
    """The device failed to sync: what is durable is unknown, so the process must end."""


class JournalClosed(JournalError):
    """A commit came after the pipeline was closed."""


class JournalCorrupt(JournalError):
    """A record that had been durable is damaged."""

    def __init__(self, path: Path | str, offset: int, reason: str) -> None:
        super().__init__(f"journal file {path} is damaged at offset {offset}: {reason}")
        self.path = Path(path)
        self.offset = offset
        self.reason = reason


class JournalTruncated(JournalError):
    """A subscriber asks for commits that the journal no longer holds; it needs a checkpoint."""
