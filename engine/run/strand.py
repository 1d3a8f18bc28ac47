"""Strands: plans whose code may stop at any depth, in a function or a subquery called by an expression.

A generator can only stop in its own frame. The plan of a Strand runs on a stack of its own
(greenlet): `pause` switches from wherever it is called back to the loop that drives the plan, which
sees one more item, a breath or a Future to wait for, and later resumes the plan there.
"""

from collections.abc import Callable, Iterator
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED


class _Stack(greenlet):
    """The stack of one running plan."""


class Strand:
    """An iterator over a plan's batches, and over what `pause` hands up meanwhile."""

    __slots__ = ("_items", "_stack", "_value")

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items
        self._value: Any = None  # what a generator returned
        self._stack: Any = _Stack(self._steps)

    def _steps(self) -> None:
        items = self._items
        while True:
            try:
                item = next(items)
            except StopIteration as stop:
                self._value = stop.value
                return
            getcurrent().parent.switch(item)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        stack = self._stack
        if stack.dead:
            raise StopIteration(self._value)
        here = getcurrent()
        if stack.parent is not here:
            stack.parent = here
        item = stack.switch()
        if stack.dead:
            raise StopIteration(self._value)
        return item

    def close(self) -> None:
        """Stop where it is."""
        stack = self._stack
        if not stack.dead and stack:
            stack.parent = getcurrent()
            stack.throw(GreenletExit)
        close = getattr(self._items, "close", None)
        if close is not None:
            close()


def on_strand(run: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    """The same run function, each run on a strand; one that is called from a strand needs none."""

    def run_on_strand(ctx: Any) -> Iterator[Any]:
        if type(getcurrent()) is _Stack:
            return run(ctx)
        return Strand(run(ctx))

    return run_on_strand


def on_stack() -> bool:
    """Whether the code that runs may `pause`."""
    return type(getcurrent()) is _Stack


def pause(item: Any = None) -> bool:
    """Give control back, with a breath (None) or a Future; False if there is nobody to give it to."""
    current = getcurrent()
    if type(current) is not _Stack:
        return False
    current.parent.switch(item)
    return True


def wait(future: Any) -> Any:
    """The result of a Future, when it is there."""
    if not future.done():
        hand_up(future)
    return future.result()


def hand_up(future: Any) -> None:
    """Let whoever drives the strand wait for a Future; 0A000 where nobody does."""
    if not pause(future) and not future.done():
        raise SqlError(FEATURE_NOT_SUPPORTED, "waiting is not supported in this context")


def drain(items: Iterator[Any]) -> Iterator[list[Any]]:
    """The row batches of a plan that runs inside another one; breaths and Futures go up from here."""
    for item in items:
        if type(item) is list:
            if item:
                yield item
            else:
                pause()
        elif item is None:
            pause()
        else:
            hand_up(item)
