"""What clients did and saw, and what became of it: all that checkers may look at, besides the final state."""

from dataclasses import dataclass, field
from typing import Any

COMMITTED = "committed"  # acknowledged
REFUSED = "refused"  # lost against another one
FAILED = "failed"  # the disk was full: nothing of it is kept
UNKNOWN = "unknown"  # no answer
OPEN = "open"


@dataclass(slots=True)
class Entry:
    """One transaction. Times are seconds of the simulation; `begun` is when its snapshot was opened."""

    number: int
    workload: str
    life: int
    begun: float
    base: int
    serializable: bool
    ended: float = 0.0
    outcome: str = OPEN
    tau: int = 0
    writes: bool = False
    unsure: bool = False  # it reads what was not durable when it began
    actions: list[tuple[Any, ...]] = field(default_factory=list)

    def was_told(self, happened: set[int]) -> bool:
        """Whether what it read must be true: what is not durable may be read, but nobody is told so."""
        return not self.unsure or self.outcome == COMMITTED or self.number in happened


class History:
    """All transactions of a run, in the order in which they began."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def begin(self, workload: str, life: int, now: float, base: int, serializable: bool) -> Entry:
        entry = Entry(len(self.entries) + 1, workload, life, now, base, serializable)
        self.entries.append(entry)
        return entry

    def of(self, workload: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.workload == workload]
