"""BusyPoll: the loop stays awake for clients that are quick, and for nobody else."""

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
    for _ in range(PROBE_EVERY):
        assert not poll.active
        poll.replied()
    poll.replied()
    assert poll.active
    await asyncio.sleep(0.01)
    assert not poll.active


async def test_a_quick_client_is_waited_for_each_time(poll: BusyPoll) -> None:
    for _ in range(PROBE_EVERY + 1):
        poll.replied()
    poll.received()
    poll.received()
    await asyncio.sleep(0.01)
    poll.replied()
    assert poll.active
    await asyncio.sleep(0.01)


async def test_clients_that_think_for_longer_are_not_waited_for(poll: BusyPoll) -> None:
    polls = 0
    for _ in range(4 * PROBE_EVERY):
        poll.replied()
        if poll.active:
            polls += 1
            await asyncio.sleep(0.002)
            assert not poll.active
    assert polls == 4


async def test_off_with_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busypoll, "_processors", lambda: 1)
    poll = BusyPoll(200)
    for _ in range(100):
        poll.replied()
        assert not poll.active
