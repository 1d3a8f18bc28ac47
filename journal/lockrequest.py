"""Request: a place in the queue of a lock (locks.py), which a session waits for as a Future."""

from asyncio import Future
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .locks import Hold


class Request(Future[None]):
    """A place in a lock's queue; `interruptible`: cancel requests and timeouts may cancel it."""

    interruptible = True
    hold: "Hold"
    key: Hashable
    doomed = False  # it waits for an owner that waits for it, at this lock
