"""Cork: replies to several clients go out together, in their order, before the loop sleeps."""

import asyncio
from typing import Any

import pytest
from gaveldb.server.cork import BATCH, LARGE_BYTES, Cork
from gaveldb.server.output import ClientOutput


class Wire(asyncio.Transport):
    """Notes who writes what."""

    def __init__(self, name: str, log: list[tuple[str, bytes]]) -> None:
        super().__init__()
        self.name = name
        self.log = log

    def write(self, data: Any) -> None:
        self.log.append((self.name, bytes(data)))


@pytest.fixture
def log() -> list[tuple[str, bytes]]:
    return []


@pytest.fixture
def clients(log: list[tuple[str, bytes]]) -> list[ClientOutput]:
    cork = Cork()
    return [ClientOutput(Wire(name, log), cork) for name in "abcdef"]


async def test_several_replies_wait_for_the_end_of_the_turn(
    clients: list[ClientOutput], log: list[tuple[str, bytes]]
) -> None:
    a, b, *_ = clients
    a.write(b"1")
    b.write(b"2")
    a.write(b"3")
    assert not log
    await asyncio.sleep(0)
    assert log == [("a", b"1"), ("b", b"2"), ("a", b"3")]


async def test_not_for_more_than_a_batch(clients: list[ClientOutput], log: list[tuple[str, bytes]]) -> None:
    for client in clients[:BATCH]:
        client.write(b"x")
    assert [name for name, _ in log] == list("abcdef"[:BATCH])


async def test_a_client_alone_waits_for_nobody(
    clients: list[ClientOutput], log: list[tuple[str, bytes]]
) -> None:
    a = clients[0]
    a.write(b"1")
    await asyncio.sleep(0)
    a.write(b"2")
    assert log == [("a", b"1"), ("a", b"2")]


async def test_what_is_large_goes_at_once_behind_the_rest(
    clients: list[ClientOutput], log: list[tuple[str, bytes]]
) -> None:
    a, b, *_ = clients
    a.write(b"1")
    b.write(bytes(LARGE_BYTES + 1))
    assert [name for name, _ in log] == ["a", "b"]


async def test_a_client_that_is_gone_gets_nothing(
    clients: list[ClientOutput], log: list[tuple[str, bytes]]
) -> None:
    a, b, *_ = clients
    a.write(b"1")
    b.write(b"2")
    a.lost = True
    await asyncio.sleep(0)
    assert log == [("b", b"2")]
