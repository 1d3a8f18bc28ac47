"""The adjudicators, whole and sharded, against the reference: every verdict, on random requests."""

import contextlib
from typing import Any

import pytest
from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import CommitRequest, KeyRange
from gaveldb.journal.errors import SerializationFailure
from gaveldb.journal.sharded import ShardedAdjudicator
from gaveldb.journal.window import Window
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.reference import Checked, Reference

KEYS = [database + bytes([letter]) for database in (b"\0\0\0\0", b"\0\0\0\1") for letter in b"abcdef"]
keys = st.sampled_from(KEYS)
ages = st.integers(0, 30)  # how far before the last tau something was read
spans = st.lists(keys, min_size=2, max_size=2, unique=True).map(lambda pair: KeyRange(*sorted(pair)))
steps = st.lists(
    st.tuples(
        st.integers(0, 20),  # how far the clock goes
        ages,
        st.dictionaries(keys, st.sampled_from([b"", None]), max_size=3),
        st.lists(spans, max_size=1),
        st.dictionaries(keys, ages, max_size=1),
        st.lists(st.tuples(keys, ages), max_size=2),
        st.lists(st.tuples(spans, ages), max_size=2),
        st.none() | ages,  # of the catalog
        st.integers(0, 1),
        st.booleans(),
        st.lists(keys, max_size=1),  # locked
        st.lists(keys, max_size=1),  # kept
    ),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("split", [None, [], [KEYS[3]], [KEYS[2], KEYS[6], KEYS[8]]])
@pytest.mark.parametrize("keys_max", [4, 10**6])
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_every_verdict(split: list[bytes] | None, keys_max: int, steps: list[Any]) -> None:
    fast: Any
    if split is None:
        fast = Adjudicator(0, Window(0, keys_max=keys_max))
    else:
        fast = ShardedAdjudicator(split)
        for shard in fast.shards:
            shard.window = Window(0, keys_max=keys_max)
    checked = Checked(fast, Reference())
    now = 100
    for clock, age, writes, deletes, bases, reads, ranges, catalog, database, changes, locked, kept in steps:
        now += clock
        last = checked.last_tau
        request = CommitRequest(
            max(0, last - age),
            writes,
            deletes,
            {key: max(0, last - a) for key, a in bases.items() if key in writes} or None,
            [*((key, max(0, last - a)) for key, a in reads), *((key, last) for key in (*locked, *kept))],
            [(span, max(0, last - a)) for span, a in ranges],
            0 if catalog is None else max(1, last - catalog),
            database,
            changes,
            locked=locked,
            kept=kept,
        )
        with contextlib.suppress(SerializationFailure):
            checked.adjudicate(request, now)
        assert not checked.wrong
