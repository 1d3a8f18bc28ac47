"""Runs of rows in a commit: the same mapping of keys to values as without them, and the same conflicts."""

import random
from typing import Any

import pytest
from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import BulkWrites, Commit, CommitRequest, KeyRange, Run
from gaveldb.journal.errors import SerializationFailure
from gaveldb.journal.records import decode, encode, parse
from gaveldb.journal.sharded import ShardedAdjudicator

LOW = b"\0\0\0\5\0\0\0\7"
OTHER = b"\0\0\0\5\0\0\0\3entry"


def row(number: int) -> bytes:
    return LOW + number.to_bytes(8, "big")


def load(first: int, count: int, base: int | None = 0) -> BulkWrites:
    values = [b"%d" % number for number in range(first, first + count)]
    return BulkWrites({OTHER: None}, [Run(LOW, first, values, base)])


def test_mapping() -> None:
    writes = load(250, 10)
    plain = {OTHER: None} | {row(number): b"%d" % number for number in range(250, 260)}
    assert dict(writes) == plain == dict(writes.items())
    assert list(writes) == list(plain) and len(writes) == 11
    assert writes[row(255)] == b"255" and row(255) in writes and row(260) not in writes
    assert row(255) + b"x" not in writes and LOW not in writes


def test_cut_is_by_key_order() -> None:
    run = Run(LOW, 1000, [b"%d" % number for number in range(1000, 1600)])
    keys = dict(zip(run.keys(), run.values, strict=True))
    source = random.Random(5)
    bounds = [b"", LOW[:3], LOW, LOW + b"\0" * 6, LOW + b"\xff" * 9, row(999), row(1300) + b"x", b"\xff"]
    bounds += [row(source.randrange(900, 1700))[: source.randrange(12, 17)] for _ in range(50)]
    for _ in range(300):
        low, high = sorted(source.sample(bounds, 2))
        part = run.cut(low, high)
        inside = {key: value for key, value in keys.items() if low <= key < high}
        found = {} if part is None else dict(zip(part.keys(), part.values, strict=True))
        assert found == inside


def test_record() -> None:
    commit = Commit(77, load(1, 3000), [KeyRange(LOW, LOW + b"x")])
    record = parse(encode(commit))
    assert record is not None
    again = decode(record)
    assert isinstance(again.writes, BulkWrites)
    assert dict(again.writes) == dict(commit.writes) and again.deletes == commit.deletes


@pytest.fixture(params=["one", "sharded"])
def adjudicator(request: pytest.FixtureRequest) -> Any:
    return Adjudicator() if request.param == "one" else ShardedAdjudicator([LOW, row(1500), row(1700)])


def refused(adjudicator: Any, request: CommitRequest) -> bool:
    try:
        adjudicator.adjudicate(request, 0)
    except SerializationFailure:
        return True
    return False


def test_conflicts(adjudicator: Any) -> None:
    tau = adjudicator.adjudicate(CommitRequest(0, load(1000, 1000)), 1000)
    for key, hit in ((row(999), False), (row(1000), True), (row(1999), True), (row(2000), False)):
        assert refused(adjudicator, CommitRequest(tau - 1, {key: b""})) is hit
        assert adjudicator.committed_since(key, tau - 1) is (hit or key == row(999) or key == row(2000))
    assert refused(adjudicator, CommitRequest(tau - 1, {OTHER: b""}))
    assert not refused(adjudicator, CommitRequest(tau, {row(1200): b""}))


def test_reads_and_ranges(adjudicator: Any) -> None:
    tau = adjudicator.adjudicate(CommitRequest(0, load(1000, 1000)), 1000)

    def ranged(low: int, high: int, at: int) -> bool:
        span = KeyRange(row(low), row(high))
        return refused(adjudicator, CommitRequest(at, {}, read_ranges=[(span, at)]))

    assert refused(adjudicator, CommitRequest(tau, {}, reads=[(row(1000), tau - 1)]))
    assert not refused(adjudicator, CommitRequest(tau, {}, reads=[(row(2000), tau - 1)]))
    assert ranged(0, 1001, tau - 1) and not ranged(0, 1000, tau - 1) and not ranged(0, 5000, tau)


def test_a_load_is_refused_by_its_own_base(adjudicator: Any) -> None:
    tau = adjudicator.adjudicate(CommitRequest(0, {row(1600): b""}), 1000)
    assert refused(adjudicator, CommitRequest(tau, load(1000, 1000, tau - 1)))
    assert not refused(adjudicator, CommitRequest(0, load(2000, 10, tau)))
    emptied = adjudicator.adjudicate(
        CommitRequest(adjudicator.last_tau, {}, [KeyRange(LOW, LOW + b"\xff" * 8)]), 5000
    )
    assert refused(adjudicator, CommitRequest(emptied, load(3000, 10, emptied - 1)))
    assert not refused(adjudicator, CommitRequest(emptied, load(3000, 10, None)))
    assert not refused(adjudicator, CommitRequest(adjudicator.last_tau, load(4000, 10, emptied)))


def test_what_nobody_knows_is_not_remembered(adjudicator: Any) -> None:
    tau = adjudicator.adjudicate(CommitRequest(0, load(1000, 1000, None)), 1000)
    assert not refused(adjudicator, CommitRequest(tau - 1, {row(1500): b""}))
