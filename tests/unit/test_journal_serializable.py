"""The Serializer: random schedules of transactions over versioned keys leave a serializable history."""

from itertools import pairwise

import pytest
from gaveldb.journal.api import Member, Serializer, Unserializable
from hypothesis import given, settings
from hypothesis import strategies as st

A, B, C = (b"\x00\x00\x40\x01" + bytes([number]) for number in range(3))
KEYS = (A, B, C)
END = b"\x00\x00\x40\x01\xff"


def test_write_skew() -> None:
    serializer = Serializer()
    one, two = serializer.begin(False), serializer.begin(False)
    serializer.read_key(one, A)
    serializer.read_key(two, B)
    serializer.write(one, [B])
    serializer.write(two, [A])
    serializer.prepare(one)
    serializer.end(one, True)
    with pytest.raises(Unserializable, match="read/write"):
        serializer.prepare(two)


def test_disjoint_ranges_do_not_conflict() -> None:
    serializer = Serializer()
    one, two = serializer.begin(False), serializer.begin(False)
    serializer.read_range(one, A, B)
    serializer.read_range(two, B, C)
    serializer.write(one, [A])
    serializer.write(two, [B])
    for member in (one, two):
        serializer.prepare(member)
        serializer.end(member, True)


def test_a_single_conflict_is_none() -> None:
    serializer = Serializer()
    reader, writer = serializer.begin(False), serializer.begin(False)
    serializer.read_key(reader, A)
    serializer.write(writer, [A])
    serializer.prepare(writer)
    serializer.end(writer, True)
    serializer.write(reader, [B])
    serializer.prepare(reader)
    serializer.end(reader, True)


def test_read_only_is_safe_without_writers_under_way() -> None:
    serializer = Serializer()
    assert serializer.begin(True).safe
    writer = serializer.begin(False)
    reader = serializer.begin(True)
    assert not reader.safe
    serializer.end(writer, False)
    assert reader.safe


def test_nothing_is_kept_when_all_have_ended() -> None:
    serializer = Serializer()
    for _ in range(3):
        members = [serializer.begin(False) for _ in range(3)]
        for number, member in enumerate(members):
            serializer.read_key(member, KEYS[number])
            serializer.write(member, [KEYS[number]])
        for member in members:
            serializer.prepare(member)
            serializer.end(member, True)
    assert not serializer._members


class Run:
    """A transaction of a schedule: its snapshot is the number of versions of each key that it sees."""

    def __init__(self, member: Member, seen: dict[bytes, int]) -> None:
        self.member = member
        self.seen = seen
        self.reads: set[bytes] = set()
        self.writes: set[bytes] = set()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["read", "scan", "write", "commit", "abort"]),
                  st.sampled_from(KEYS)),
        max_size=60,
    )
)  # fmt: skip
def test_histories_are_serializable(steps: list[tuple[int, str, bytes]]) -> None:
    serializer = Serializer()
    versions: dict[bytes, list[Run]] = {key: [] for key in KEYS}
    running: dict[int, Run] = {}
    committed: list[Run] = []
    for who, what, key in steps:
        run = running.get(who)
        if run is None:
            run = running[who] = Run(
                serializer.begin(False), {key: len(found) for key, found in versions.items()}
            )
        try:
            if what == "read":
                serializer.read_key(run.member, key)
                run.reads.add(key)
            elif what == "scan":
                serializer.read_range(run.member, key, END)
                run.reads.update(other for other in KEYS if other >= key)
            elif what == "write":
                # First updater wins, as row locks and snapshots have it.
                others = [other for other in running.values() if other is not run]
                if len(versions[key]) > run.seen[key] or any(key in other.writes for other in others):
                    continue
                serializer.write(run.member, [key])
                run.writes.add(key)
            elif what == "commit":
                serializer.prepare(run.member)
                serializer.end(run.member, True)
                del running[who]
                committed.append(run)
                for written in run.writes:
                    versions[written].append(run)
            else:
                serializer.end(run.member, False)
                del running[who]
        except Unserializable:
            serializer.end(run.member, False)
            del running[who]
    assert not _has_cycle(committed, versions)


def _has_cycle(runs: list[Run], versions: dict[bytes, list[Run]]) -> bool:
    """Whether the serialization graph (ww, wr and rw edges) of committed transactions has a cycle."""
    after: dict[Run, set[Run]] = {run: set() for run in runs}
    for key, writers in versions.items():
        for earlier, later in pairwise(writers):
            after[earlier].add(later)
        for run in runs:
            if key in run.reads:
                seen = run.seen[key]
                if seen and writers[seen - 1] is not run:
                    after[writers[seen - 1]].add(run)
                if len(writers) > seen and writers[seen] is not run:
                    after[run].add(writers[seen])
    state: dict[Run, int] = {}

    def visit(run: Run) -> bool:
        state[run] = 1
        for other in after[run]:
            if state.get(other) == 1 or (other not in state and visit(other)):
                return True
        state[run] = 2
        return False

    return any(run not in state and visit(run) for run in runs)
