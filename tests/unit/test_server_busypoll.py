"""BusyPoll: the loop stays awake for one client that is quick, and for nobody else."""

import asyncio

import pytest
from gaveldb.server import busypoll
from gaveldb.server.busypoll import PROBE_EVERY, BusyPoll

pytestmark = pytest.mark.pure


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch) -> BusyPoll:
    monkeypatch.setattr(busypoll, "_processors", lambda: 2)
    return BusyPoll(200)


async def test_polls_after_a_probe_and_ends(poll: BusyPoll) -> None:
    client = object()
    for _ in range(PROBE_EVERY):
        assert not poll.active
        poll.replied(client)
    poll.replied(client)
    assert poll.active
    await asyncio.sleep(0.01)
    assert not poll.active


async def test_a_quick_client_is_waited_for_each_time(poll: BusyPoll) -> None:
    client = object()
    for _ in range(PROBE_EVERY + 1):
        poll.replied(client)
    poll.received()
    poll.received()
    await asyncio.sleep(0.01)
    poll.replied(client)
    assert poll.active
    await asyncio.sleep(0.01)


async def test_not_for_several_clients(poll: BusyPoll) -> None:
    clients = object(), object()
    for turn in range(200):
        poll.replied(clients[turn % 2])
        assert not poll.active


async def test_off_with_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busypoll, "_processors", lambda: 1)
    poll = BusyPoll(200)
    client = object()
    for _ in range(100):
        poll.replied(client)
        assert not poll.active
