"""Large collections that a plan is done with are freed bit by bit: all at once would hold up the loop."""

import asyncio
from collections import deque
from time import monotonic
from typing import Any

LARGE = 5000
TURN_SECONDS = 0.001
PORTION = 1000

_buried: deque[Any] = deque()
_scheduled: list[Any] = []  # the loop that a turn is scheduled in


def bury(items: Any) -> None:
    """Empty a list, dict or set that nobody uses any more, later."""
    if len(items) < LARGE:
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    _buried.append(items)
    if not _scheduled or _scheduled[0] is not loop:
        _scheduled[:] = [loop]
        loop.call_soon(_turn)


def _turn() -> None:
    end = monotonic() + TURN_SECONDS
    while _buried:
        items = _buried[-1]
        if type(items) is list:
            del items[-PORTION:]
        elif type(items) is dict:
            for _ in range(min(PORTION, len(items))):
                items.popitem()
        else:
            for _ in range(min(PORTION, len(items))):
                items.pop()
        if not items:
            _buried.pop()
        if monotonic() > end:
            break
    loop = _scheduled.pop()
    if _buried:
        _scheduled.append(loop)
        loop.call_soon(_turn)
