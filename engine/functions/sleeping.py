"""pg_sleep: a statement that waits while all others go on."""

import asyncio
from typing import Any

from ..registry import implements

LONGEST = 86400.0 * 365


class Interruptible(asyncio.Future[Any]):
    """A Future that cancel requests and timeouts may cancel."""

    interruptible = True


@implements("pg_sleep", context=True, waits=True)
def pg_sleep(ctx: Any, seconds: float) -> str:
    if not seconds > 0:
        return ""
    from ..run.strand import wait

    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        future = Interruptible(loop=loop)
        timer = loop.call_later(min(left, LONGEST), _wake, future)
        try:
            wait(future)
        finally:
            timer.cancel()
    return ""


def _wake(future: Interruptible) -> None:
    if not future.done():
        future.set_result(None)
