"""The lock table: modes, queues, circles, and that it never grants what excludes one another."""

import asyncio
from collections.abc import Iterator

import pytest
from gaveldb.journal.api import (
    ACCESS_EXCLUSIVE_LOCK,
    ACCESS_SHARE_LOCK,
    EXCLUSIVE_LOCK,
    KEY_SHARE,
    MODES,
    NO_KEY_UPDATE,
    SHARE,
    SHARE_LOCK,
    UPDATE,
    Hold,
    LockTable,
    Request,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Callbacks that are due run."""
    loop.run_until_complete(asyncio.sleep(0))


@pytest.mark.parametrize(
    ("mode", "excluded"),
    [
        (KEY_SHARE, [UPDATE]),
        (SHARE, [NO_KEY_UPDATE, UPDATE]),
        (NO_KEY_UPDATE, [SHARE, NO_KEY_UPDATE, UPDATE]),
        (UPDATE, [KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE]),
        (ACCESS_SHARE_LOCK, [ACCESS_EXCLUSIVE_LOCK]),
        (ACCESS_EXCLUSIVE_LOCK, list(range(ACCESS_SHARE_LOCK, ACCESS_EXCLUSIVE_LOCK + 1))),
    ],
)
def test_modes(mode: int, excluded: list[int]) -> None:
    kind = range(UPDATE + 1) if mode <= UPDATE else range(ACCESS_SHARE_LOCK, ACCESS_EXCLUSIVE_LOCK + 1)
    for other in kind:
        table = LockTable()
        assert table.try_acquire(Hold("a", mode), "key")
        assert table.try_acquire(Hold("b", other), "key") == (other not in excluded)


def test_conflicts_are_mutual() -> None:
    for number, mode in enumerate(MODES):
        for other, _ in enumerate(MODES):
            assert mode.conflicts >> other & 1 == MODES[other].conflicts >> number & 1


def test_an_owner_does_not_wait_for_itself(loop: asyncio.AbstractEventLoop) -> None:
    table = LockTable()
    weak, strong = Hold("a", KEY_SHARE), Hold("a", UPDATE)
    assert table.try_acquire(weak, "row")
    assert table.try_acquire(strong, "row")
    assert table.try_acquire(weak, "row")  # it has it in a stronger mode
    assert table.acquire(Hold("b", KEY_SHARE), "row", loop) is not None
    table.release(strong)
    assert [hold.owner for hold in table.holders("row")] == ["a", "b"]


def test_the_queue_of_rows_lets_compatible_ones_pass_and_that_of_tables_does_not(
    loop: asyncio.AbstractEventLoop,
) -> None:
    for share, exclusive, passes in ((SHARE, UPDATE, True), (SHARE_LOCK, EXCLUSIVE_LOCK, False)):
        table = LockTable()
        first = Hold("a", share)
        assert table.try_acquire(first, 1)
        waiting = table.acquire(Hold("b", exclusive), 1, loop)
        assert waiting is not None
        third = Hold("c", share)
        assert table.try_acquire(third, 1) == passes
        table.release(first)
        table.release(third)
        assert waiting.done()
        assert [hold.owner for hold in table.holders(1)] == ["b"]


def test_grants_go_in_order(loop: asyncio.AbstractEventLoop) -> None:
    table = LockTable()
    holds = [Hold(name, UPDATE) for name in "abc"]
    requests = [table.acquire(hold, "row", loop) for hold in holds]
    assert requests[0] is None
    for place in (1, 2):
        request = requests[place]
        assert request is not None and not request.done()
        table.release(holds[place - 1])
        assert request.done()
    table.release(holds[2])
    assert table.held == {}


def test_who_leaves_lets_the_next_ones_go(loop: asyncio.AbstractEventLoop) -> None:
    table = LockTable()
    table.try_acquire(Hold("a", SHARE_LOCK), 1)
    blocked = table.acquire(Hold("b", EXCLUSIVE_LOCK), 1, loop)
    behind = table.acquire(Hold("c", SHARE_LOCK), 1, loop)
    assert blocked is not None and behind is not None and not behind.done()
    blocked.cancel()
    turn(loop)
    assert behind.done()
    assert table.waits() == {}


def test_withdrawing_a_granted_request_gives_the_lock_back(loop: asyncio.AbstractEventLoop) -> None:
    table = LockTable()
    first = Hold("a", UPDATE)
    table.try_acquire(first, 1)
    request = table.acquire(Hold("b", UPDATE), 1, loop)
    assert request is not None
    table.release(first)
    table.withdraw(request)
    assert table.held == {}


def test_savepoints_are_lengths() -> None:
    table = LockTable()
    hold = Hold("a", UPDATE)
    for key in range(5):
        table.try_acquire(hold, key)
    table.release(hold, 2)
    assert sorted(table.held) == [0, 1]  # type: ignore[type-var]


def test_counted_holds() -> None:
    """Advisory locks are given back as often as they were taken."""
    table = LockTable()
    hold = Hold("a", EXCLUSIVE_LOCK)
    assert table.try_acquire(hold, 7) and table.try_acquire(hold, 7)
    assert table.release_one(hold, 7)
    assert not table.try_acquire(Hold("b", SHARE_LOCK), 7)
    assert table.release_one(hold, 7)
    assert not table.release_one(hold, 7)
    assert table.try_acquire(Hold("b", SHARE_LOCK), 7)


def test_circles(loop: asyncio.AbstractEventLoop) -> None:
    table = LockTable()
    owners = a, b, c = [object() for _ in range(3)]
    for place, owner in enumerate(owners):
        table.try_acquire(Hold(owner, UPDATE), place)
    for place, owner in enumerate(owners[:-1]):
        table.acquire(Hold(owner, UPDATE), place + 1, loop)
    assert table.circle(a) == []
    table.acquire(Hold(c, UPDATE), 0, loop)
    assert [wait.request.hold.owner for wait in table.circle(b)] == [b, c, a]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "try", "end", "cancel"]),
            st.integers(0, 3),
            st.integers(0, 2),
            st.sampled_from(range(len(MODES))),
        ),
        max_size=60,
    )
)
def test_nothing_granted_excludes_one_another(steps: list[tuple[str, int, int, int]]) -> None:
    loop = asyncio.new_event_loop()
    table = LockTable()
    holds: dict[tuple[int, int], Hold] = {}
    waiting: dict[int, Request] = {}
    for what, owner, number, mode in steps:
        kind = "row" if mode <= UPDATE else "table"
        key = (kind, number)
        hold = holds.setdefault((owner, mode), Hold(owner, mode))
        if owner in waiting and waiting[owner].done():
            del waiting[owner]
        if what == "cancel" and owner in waiting:
            table.withdraw(waiting.pop(owner))
        elif what == "end":
            if owner in waiting:
                table.withdraw(waiting.pop(owner))
            for (who, _), one in holds.items():
                if who == owner:
                    table.release(one)
        elif owner not in waiting and what == "try":
            table.try_acquire(hold, key)
        elif owner not in waiting and what == "take":
            request = table.acquire(hold, key, loop)
            if request is not None:
                waiting[owner] = request
        turn(loop)
        for held in list(table.held):
            granted = table.holders(held)
            for one in granted:
                for other in granted:
                    assert one.owner == other.owner or not MODES[one.mode].conflicts >> other.mode & 1
    for request in waiting.values():
        table.withdraw(request)
    for hold in holds.values():
        table.release(hold)
    assert table.held == {} and table.waits() == {}
    turn(loop)
    loop.close()
