"""Clocks: where commit timestamps come from.

A tau is the clock's microseconds since 1970 (UTC), or one more than the last tau where the clock
has not moved on or was set back; the adjudicator sees to that, and starts from the journal's last
tau after a restart. So tau follows the wall clock but never goes backwards.
"""

from time import time_ns


class SystemClock:
    """The wall clock of the machine."""

    __slots__ = ()

    def now(self) -> int:
        return time_ns() // 1000


class ManualClock:
    """A clock that stands still until it is set; for tests and simulations."""

    __slots__ = ("time",)

    def __init__(self, time: int = 1_000_000) -> None:
        self.time = time

    def now(self) -> int:
        return self.time

    def advance(self, microseconds: int) -> None:
        self.time += microseconds
