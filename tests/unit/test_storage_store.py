"""The two stores against a dict: entries of all key lengths, range deletes, scans, old snapshots."""

import random
from pathlib import Path
from typing import Any

import pytest
from gaveldb.storage.memory_store import MemoryStore
from gaveldb.storage.store import LmdbStore

P = b"\x00\x00\x00\x01"
LONG = P + b"x" * 496  # exactly 500 bytes


def some_key(source: random.Random, long: bool) -> bytes:
    if long and source.random() < 0.5:
        middle = source.choice((b"", b"\x00", b"a", b"b" * 30, b"\xff" * 3))
        return LONG[: source.choice((499, 500))] + middle + source.choice((b"", b"\x00", b"z"))
    return P + bytes(source.randrange(3) for _ in range(source.randrange(1, 5)))


def check(snapshot: Any, model: dict[bytes, bytes], source: random.Random, long: bool) -> None:
    ordered = sorted(model.items())
    assert list(snapshot.scan(b"", b"\xff")) == ordered
    assert list(snapshot.values(b"", b"\xff")) == [value for _, value in ordered]
    for _ in range(4):
        low, high = some_key(source, long), some_key(source, long)
        expected = [entry for entry in ordered if low <= entry[0] < high]
        assert list(snapshot.scan(low, high)) == expected
        assert list(snapshot.scan(low, high, reverse=True)) == expected[::-1]
        assert list(snapshot.values(low, high)) == [value for _, value in expected]
        assert list(snapshot.keys(low, high)) == [key for key, _ in expected]
        assert snapshot.get(low) == model.get(low)
    for key in (P, LONG + b"nothing", *list(model)[:5]):
        assert snapshot.get(key) == model.get(key)


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("kind", ["lmdb", "memory"])
def test_against_a_model(kind: str, long: bool, tmp_path: Path) -> None:
    source = random.Random(f"{kind}{long}")
    store: Any = LmdbStore(tmp_path / "s") if kind == "lmdb" else MemoryStore()
    model: dict[bytes, bytes] = {}
    open_snapshots: list[tuple[Any, dict[bytes, bytes]]] = []
    for tau in range(1, 300):
        operations: list[Any] = []
        for _ in range(source.randrange(1, 3)):
            if source.random() < 0.1:
                low, high = sorted((some_key(source, long), some_key(source, long)))
                operations.append((low, high))
                model = {k: v for k, v in model.items() if not low <= k < high}
            else:
                count = source.choice((1, 2, 3, 100))
                writes = {
                    some_key(source, long): None if source.random() < 0.3 and count < 100 else b"%d" % tau
                    for _ in range(count)
                }
                operations.append(writes)
                for key, value in writes.items():
                    if value is None:
                        model.pop(key, None)
                    else:
                        model[key] = value
        if len(operations) == 1 and isinstance(operations[0], dict) and len(operations[0]) == 1:
            ((key, value),) = operations[0].items()
            store.write_one(key, value, tau, tau - 1)
        else:
            store.write(operations, tau, tau - 1)
        open_snapshots.append((store.snapshot(tau), dict(model)))
        if len(open_snapshots) > 5:
            snapshot, state = open_snapshots.pop(source.randrange(5))
            check(snapshot, state, source, long)
            snapshot.close()
    for snapshot, _ in open_snapshots:
        snapshot.close()
    store.close()
    if kind == "lmdb":
        store = LmdbStore(tmp_path / "s")
        assert (store.applied_tau, store.batch_start, store.has_buckets) == (299, 298, long)
        check(snapshot := store.snapshot(299), model, source, long)
        snapshot.close()
        store.close()


@pytest.mark.parametrize("kind", ["lmdb", "memory"])
def test_long_scans(kind: str, tmp_path: Path) -> None:
    store: Any = LmdbStore(tmp_path / "s") if kind == "lmdb" else MemoryStore()
    entries = {P + b"%06d" % n: b"%d" % n for n in range(10_000)}
    store.write([entries], 1, 0)
    snapshot = store.snapshot(1)
    for first, last in ((0, 10_000), (0, 4), (17, 5000), (9_999, 10_000), (5, 5), (100, 101), (4096, 9999)):
        low, high = P + b"%06d" % first, P + b"%06d" % last
        expected = [b"%d" % n for n in range(first, last)]
        assert list(snapshot.values(low, high)) == expected
        assert [v for _, v in snapshot.scan(low, high)] == expected
        assert [v for _, v in snapshot.scan(low, high, reverse=True)] == expected[::-1]
        assert [v for chunk in snapshot.value_chunks(low, high, size=7) for v in chunk] == expected
        assert all(len(chunk) <= 7 for chunk in snapshot.chunks(low, high, size=7))
    # A scan goes on undisturbed while commits are applied in between.
    scan = snapshot.scan(P, b"\xff")
    for _ in range(300):
        next(scan)
    store.write([(P, b"\xff"), {P + b"new": b"1"}], 2, 1)
    assert sum(1 for _ in scan) == 9_700
    snapshot.close()
    store.close()
