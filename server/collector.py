"""The cyclic garbage collector of a server: never a long pause while statements run.

1. What exists after start-up stays for good: it is frozen, so no collection looks at it. Before that
   none runs: start-up makes little garbage, and looking for it would be a tenth of its time.
2. Statements make millions of objects that are freed by reference counts alone. The automatic
   collections look at the youngest only: a millisecond's worth.
3. A full collection runs when no long statement has run for a while (or none has come for long),
   and the longer it takes, the longer the next one waits.
"""

import asyncio
import gc
import time

from gaveldb.engine.api import last_breath

YOUNG = 10_000
NEVER = 1_000_000
CHECK_SECONDS = 5.0
QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
COLLECTIONS_MIN = 20  # of young objects, since the last full one
SHARE = 0.005  # of the time may go into full collections


class Collector:
    """Runs full collections in a server's idle moments."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    def start(self) -> None:
        """To be called when the server is ready."""
        gc.freeze()
        gc.enable()
        gc.set_threshold(YOUNG, NEVER, NEVER)
        self._later()

    def stop(self) -> None:
        """No more collections."""
        if self._timer is not None:
            self._timer.cancel()

    def _later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check)

    def _check(self) -> None:
        now = time.monotonic()
        if (
            gc.get_count()[1] >= COLLECTIONS_MIN
            and now >= self._not_before
            and (now - last_breath() > QUIET_SECONDS or now > self._not_before + PATIENCE_SECONDS)
        ):
            gc.collect()
            end = time.monotonic()
            self._not_before = end + (end - now) / SHARE
        self._later()
