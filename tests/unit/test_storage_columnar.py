"""Columns kept for scans: always what the snapshot's rows hold, whatever is committed in between."""

import random
from collections.abc import Iterator
from itertools import chain

from gaveldb.storage.api import ColumnStore, encode_row, row_key

RELATION = 20_000


class World:
    """Rows by key, with snapshots that are copies."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.tau = 1
        self.columns = ColumnStore()

    def commit(self, writes: dict[int, list[object] | None]) -> None:
        self.tau += 1
        for rowid, row in writes.items():
            key = row_key(RELATION, rowid)
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = encode_row(row)
            self.columns.apply(self.tau, key)

    def snapshot(self) -> "Snapshot":
        return Snapshot(dict(sorted(self.rows.items())), self.tau)


class Snapshot:
    def __init__(self, rows: dict[bytes, bytes], tau: int) -> None:
        self.rows = rows
        self.tau = tau

    def scan(self, low: bytes, high: bytes, *, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        return iter([(key, value) for key, value in self.rows.items() if low <= key < high])

    def values(self, low: bytes, high: bytes) -> Iterator[bytes]:
        return iter([value for _, value in self.scan(low, high)])


def read(world: World, snapshot: Snapshot, positions: list[int]) -> list[tuple[object, ...]] | None:
    chunks = world.columns.chunks(snapshot, world.tau, RELATION, positions, [None, None, "missing"])
    if chunks is None:
        return None
    return list(chain.from_iterable(zip(*chunk, strict=True) for chunk in chunks))


def test_columns_are_the_rows() -> None:
    from msgspec.msgpack import decode

    dice = random.Random(7)
    world = World()
    world.commit({rowid: [rowid, float(rowid)] for rowid in range(1, 30_000, 3)})
    held: list[Snapshot] = []
    for step in range(300):
        kind = dice.random()
        if kind < 0.5:
            rowid = dice.randrange(1, 40_000)
            row = (
                None
                if dice.random() < 0.3
                else [rowid, dice.choice([1, 2.5, None, "x", 2**70 % 2**63]), dice.choice("ab")]
            )
            world.commit({rowid: row})
        elif kind < 0.6:
            held.append(world.snapshot())
        snapshot = dice.choice(held) if held and dice.random() < 0.4 else world.snapshot()
        positions = dice.choice([[0], [1, 0], [2], [0, 1, 2]])
        found = read(world, snapshot, positions)
        if found is None:
            continue
        expected = []
        for value in snapshot.rows.values():
            row = decode(value)
            row += [None, None, "missing"][len(row) :]
            expected.append(tuple(row[position] for position in positions))
        assert found == expected, step


def test_first_scan_reads_the_rows() -> None:
    world = World()
    world.commit({1: [1]})
    assert read(world, world.snapshot(), [0]) is None
    assert read(world, world.snapshot(), [0]) == [(1,)]


def test_budget_is_kept() -> None:
    world = World()
    world.columns = ColumnStore(bytes_max=100_000)
    world.commit({rowid: [rowid] for rowid in range(50_000)})
    snapshot = world.snapshot()
    for _ in range(3):
        found = read(world, snapshot, [0])
        assert found is None or len(found) == 50_000
    assert world.columns._bytes <= 100_000


def test_a_deleted_range_is_forgotten() -> None:
    world = World()
    world.commit({1: [1]})
    read(world, world.snapshot(), [0])
    assert read(world, world.snapshot(), [0]) == [(1,)]
    world.columns.forget(row_key(RELATION, 0), row_key(RELATION + 1, 0))
    assert world.columns.empty
