"""How coroutines and generators of the engine let go of the loop: breaths, and waiting quietly."""

from typing import Any


class _Breath:
    """Awaited, it gives the loop one turn."""

    __slots__ = ()

    def __await__(self) -> Any:
        yield None


BREATH = _Breath()


async def settle(item: Any) -> None:
    """Wait for what a generator yielded: a breath (None or an empty list) or a Future, whose result or
    exception the generator looks at itself."""
    if item is None or type(item) is list:
        await BREATH
        return
    try:
        await item
    except BaseException:
        if not item.done():
            raise
