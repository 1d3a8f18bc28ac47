"""A cancel request that comes while a commit is being written is too late: the client hears of the commit."""

import asyncio
from typing import Any

import pytest

from .test_faults import World


@pytest.mark.parametrize(
    "last", ["commit", "commit and chain", "prepare transaction 'p'", "commit prepared 'p'"]
)
async def test_too_late(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with World() as world:
        await world.ask("begin")
        await world.ask("update t set n = 5")
        if last == "commit prepared 'p'":
            await world.ask("prepare transaction 'p'")
        engine, commit = world.engine, world.engine.commit

        def slowly(request: Any, applied: Any = None) -> "asyncio.Future[int]":
            loop = asyncio.get_running_loop()
            future: asyncio.Future[int] = loop.create_future()
            sent = commit(request, applied)
            loop.call_later(0.1, lambda: future.set_result(sent.result()))
            return future

        monkeypatch.setattr(engine, "commit", slowly)
        monkeypatch.setattr(engine, "is_reserving", lambda: True)  # no express way
        client = world.client()
        client.feed(f'Query {{"text": "{last}"}}')
        await asyncio.sleep(0.02)
        client.session.cancel()
        tags = [content for name, content in await client.replies() if name == "CommandComplete"]
        assert tags == [last.removesuffix(" 'p'").removesuffix(" and chain").upper()]
        prepared = "1" if last.startswith("prepare") else "0"
        assert await world.ask("select count(*) from pg_prepared_xacts") == [[prepared]]
        assert await world.values() == [["0" if last.startswith("prepare") else "5"]]
