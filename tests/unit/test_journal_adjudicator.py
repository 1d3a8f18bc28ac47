"""The adjudicator's verdicts, one table row each: earlier commits, a request, who wins."""

import pytest
from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import Commit, CommitRequest, KeyRange
from gaveldb.journal.errors import SerializationFailure, TooOld
from gaveldb.journal.window import Window

R = KeyRange


def commits(*requests: CommitRequest) -> Adjudicator:
    """An adjudicator that has admitted these at tau 10, 20, 30, ..."""
    adjudicator = Adjudicator()
    for index, request in enumerate(requests, 1):
        assert adjudicator.adjudicate(request, index * 10) == index * 10
    return adjudicator


A = CommitRequest(0, {b"a": b"1"})
B = CommitRequest(0, {b"b": b"1"})
DELETE_A_C = CommitRequest(15, {}, [R(b"a", b"c")])
KEEP_A = CommitRequest(0, {b"z": b""}, reads=[(b"a", 0)], kept=[b"a"])
LOCK_A = CommitRequest(0, {}, reads=[(b"a", 0)], locked=[b"a"])

ADMITTED = [
    ("first", [], CommitRequest(0, {b"a": b"1"})),
    ("another key", [A], CommitRequest(0, {b"b": b"1"})),
    ("read after the commit", [A], CommitRequest(10, {b"a": b"2"})),
    ("one key at another base", [A, B], CommitRequest(0, {b"a": b"2"}, bases={b"a": 10})),
    ("read key unchanged since", [A], CommitRequest(10, {b"z": b""}, reads=[(b"a", 10)])),
    ("range unchanged since", [A], CommitRequest(10, {b"z": b""}, read_ranges=[(R(b"a", b"c"), 10)])),
    ("range ends before the key", [B], CommitRequest(0, {b"z": b""}, read_ranges=[(R(b"a", b"b"), 0)])),
    ("after a range delete", [A, DELETE_A_C], CommitRequest(20, {b"a": b"2"})),
    ("outside a range delete", [A, DELETE_A_C], CommitRequest(0, {b"c": b"2"})),
    ("range delete of what was seen", [A, B], CommitRequest(20, {}, [R(b"a", b"c")])),
    ("kept by both", [KEEP_A], CommitRequest(0, {b"y": b""}, reads=[(b"a", 0)], kept=[b"a"])),
    ("kept and written", [KEEP_A], CommitRequest(0, {b"a": b"2"})),
    ("kept before it was read", [KEEP_A], CommitRequest(10, {b"a": None})),
    ("kept and another deleted", [KEEP_A], CommitRequest(0, {b"b": None})),
    ("locked before it was read", [LOCK_A], CommitRequest(10, {b"a": None})),
    ("catalog unchanged", [A], CommitRequest(10, {b"z": b""}, catalog_tau=5, database=1)),
]
REFUSED = [
    ("same key", [A], CommitRequest(0, {b"a": b"2"}), b"a", 10),
    ("one of several", [A, B], CommitRequest(10, {b"a": b"2", b"b": b"2", b"c": b""}), b"b", 20),
    ("a key read earlier than base", [A, B], CommitRequest(20, {b"b": b"2"}, bases={b"b": 15}), b"b", 20),
    ("read key changed", [A], CommitRequest(10, {b"z": b""}, reads=[(b"a", 9)]), b"a", 10),
    ("range changed", [B], CommitRequest(0, {b"z": b""}, read_ranges=[(R(b"a", b"c"), 9)]), b"b", 10),
    ("write into deleted range", [A, DELETE_A_C], CommitRequest(15, {b"b": b"2"}), b"b", 20),
    ("read in deleted range", [A, DELETE_A_C], CommitRequest(30, {b"z": b""}, reads=[(b"b", 15)]), b"b", 20),
    ("read range overlaps deleted one", [A, DELETE_A_C],
     CommitRequest(30, {b"z": b""}, read_ranges=[(R(b"b", b"d"), 15)]), b"b", 20),
    ("delete of a kept key", [KEEP_A], CommitRequest(0, {b"b": None, b"a": None}), b"a", 10),
    ("delete of a kept range", [KEEP_A, B], CommitRequest(5, {}, [R(b"a", b"b")]), b"a", 10),
    ("delete of a kept key read earlier", [KEEP_A, B],
     CommitRequest(20, {b"a": None}, bases={b"a": 9}), b"a", 10),
    ("write to a locked key", [LOCK_A], CommitRequest(0, {b"a": b""}), b"a", 10),
    ("lock of a locked key", [LOCK_A], CommitRequest(0, {}, reads=[(b"a", 0)], locked=[b"a"]), b"a", 10),
    ("range delete over a newer key", [A, B], CommitRequest(10, {}, [R(b"a", b"c")]), b"b", 20),
    ("range delete over a range delete", [A, DELETE_A_C], CommitRequest(19, {}, [R(b"b", b"z")]), b"b", 20),
]  # fmt: skip


@pytest.mark.parametrize(("earlier", "request_"), [row[1:] for row in ADMITTED], ids=[r[0] for r in ADMITTED])
def test_admitted(earlier: list[CommitRequest], request_: CommitRequest) -> None:
    assert commits(*earlier).adjudicate(request_, 100) == 100


@pytest.mark.parametrize(
    ("earlier", "request_", "key", "tau"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused(earlier: list[CommitRequest], request_: CommitRequest, key: bytes, tau: int) -> None:
    adjudicator = commits(*earlier)
    with pytest.raises(SerializationFailure) as caught:
        adjudicator.adjudicate(request_, 100)
    assert (caught.value.key, caught.value.committed_at) == (key, tau)
    assert adjudicator.last_tau == 10 * len(earlier)


def test_tau_never_goes_back() -> None:
    adjudicator = commits(A)
    taus = [adjudicator.adjudicate(CommitRequest(99, {b"k": b""}), now) for now in (5, 5, 50, 40)]
    assert taus == [11, 12, 50, 51]


def test_catalog_change() -> None:
    adjudicator = commits(CommitRequest(0, {b"x": b""}, database=1, changes_catalog=True))
    adjudicator.adjudicate(CommitRequest(10, {b"y": b""}, catalog_tau=10, database=1), 20)
    adjudicator.adjudicate(CommitRequest(10, {b"z": b""}, catalog_tau=5, database=2), 30)
    with pytest.raises(SerializationFailure) as caught:
        adjudicator.adjudicate(CommitRequest(10, {b"w": b""}, catalog_tau=5, database=1), 40)
    assert caught.value.catalog
    adjudicator.adjudicate(CommitRequest(10, {b"s": b""}, database=0, changes_catalog=True), 50)
    with pytest.raises(SerializationFailure):
        adjudicator.adjudicate(CommitRequest(10, {b"v": b""}, catalog_tau=30, database=2), 60)


def test_window_forgets_and_refuses_the_too_old() -> None:
    adjudicator = Adjudicator(0, Window(0, span=100))
    for tau in range(10, 1000, 10):
        adjudicator.adjudicate(CommitRequest(tau - 10, {b"%d" % tau: b""}), tau)
    horizon = adjudicator.window.horizon
    assert 990 - 200 <= horizon <= 990 - 100
    with pytest.raises(TooOld):
        adjudicator.adjudicate(CommitRequest(horizon - 1, {b"new": b""}), 1000)
    with pytest.raises(TooOld):
        adjudicator.adjudicate(CommitRequest(999, {b"new": b""}, reads=[(b"q", horizon - 1)]), 1000)
    with pytest.raises(TooOld):
        adjudicator.adjudicate(CommitRequest(999, {b"new": b""}, bases={b"new": horizon - 1}), 1000)
    with pytest.raises(SerializationFailure):
        adjudicator.adjudicate(CommitRequest(horizon, {b"%d" % (horizon + 10): b""}), 1000)
    adjudicator.adjudicate(CommitRequest(horizon, {b"new": b""}), 1000)


def test_an_idle_database_does_not_make_its_snapshots_too_old() -> None:
    adjudicator = Adjudicator(0, Window(0, span=100))
    adjudicator.adjudicate(CommitRequest(0, {b"a": b""}), 10)
    assert adjudicator.adjudicate(CommitRequest(10, {b"a": b""}), 10_000) == 10_000
    assert adjudicator.adjudicate(CommitRequest(10_000, {b"a": b""}), 90_000) == 90_000


def test_ranges_over_many_keys() -> None:
    adjudicator = Adjudicator()
    for tau in range(1, 10_001):
        adjudicator.adjudicate(CommitRequest(tau - 1, {b"%05d" % (tau * 7919 % 10_007): b""}), tau)
    taus = adjudicator.window.current.taus
    for low, high, after in [(b"00500", b"00600", 9_000), (b"0", b"9", 10_000), (b"09990", b"1", 100),
                             (b"1", b"2", 0), (b"05000", b"05001", 4_000)]:  # fmt: skip
        expected = any(low <= key < high and tau > after for key, tau in taus.items())
        found = adjudicator.window.current.committed_in(low, high, after)
        assert (found is not None) == expected
        if found:
            assert low <= found[0] < high and taus[found[0]] == found[1] > after


def test_restored_from_the_tail() -> None:
    adjudicator = Adjudicator(50, Window(30))
    adjudicator.restore(Commit(40, {b"a": b""}, ()))
    with pytest.raises(SerializationFailure):
        adjudicator.adjudicate(CommitRequest(35, {b"a": b""}), 60)
    with pytest.raises(TooOld):
        adjudicator.adjudicate(CommitRequest(29, {b"b": b""}), 60)
    assert adjudicator.adjudicate(CommitRequest(40, {b"a": b""}), 0) == 51
