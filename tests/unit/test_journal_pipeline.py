"""The pipeline and the crossbar: order over several journals, groups, and failing devices."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import Batch, Commit, CommitRequest, KeyRange
from gaveldb.journal.clock import ManualClock
from gaveldb.journal.crossbar import Crossbar
from gaveldb.journal.errors import JournalBroken, JournalFull
from gaveldb.journal.log import MemoryJournal
from gaveldb.journal.pipeline import Pipeline, open_pipeline
from gaveldb.journal.ranges import Cover, cut

pytestmark = pytest.mark.pure


def commit(tau: int, *keys: bytes, deletes: Sequence[KeyRange] = ()) -> Commit:
    return Commit(tau, dict.fromkeys(keys, b""), deletes)


def no_history(after: int) -> Iterator[Commit]:
    return iter(())


def test_merge_up_to_the_lowest_watermark() -> None:
    crossbar = Crossbar(2, 0, no_history)
    batches: list[tuple[int, list[int]]] = []
    crossbar.sink = lambda batch: batches.append((batch.upto, [c.tau for c in batch.commits]))
    crossbar.advance(0, [commit(3), commit(7)], 7)
    crossbar.advance(1, [commit(5)], 5)
    crossbar.advance(0, [commit(12)], 12)
    crossbar.advance(1, [commit(9)], 9)
    crossbar.advance(1, (), 20)
    crossbar.advance(0, (), 15)
    assert batches == [(5, [3, 5]), (9, [7, 9]), (12, [12]), (15, [])]


def test_cut_and_cover() -> None:
    spans = [KeyRange(b"b", b"d"), KeyRange(b"f", b"g")]
    whole = commit(1, b"a", b"b", b"c", b"d", b"f", deletes=[KeyRange(b"a", b"c"), KeyRange(b"x", b"z")])
    part = cut(whole, spans)
    assert part is not None
    assert sorted(part.writes) == [b"b", b"c", b"f"]
    assert part.deletes == [KeyRange(b"b", b"c")]
    assert cut(commit(1, b"a", b"d", b"g"), spans) is None


def test_cover_against_each_range() -> None:
    source = random.Random(5)
    for _ in range(200):
        spans = []
        for owner in range(4):
            low, high = sorted((bytes([source.randrange(20)]), bytes([source.randrange(20)])))
            if low < high:
                spans.append((KeyRange(low, high), owner))
        cover: Cover[int] = Cover(spans)
        low, high = sorted((bytes([source.randrange(20)]), bytes([source.randrange(20)])))
        deletes = [KeyRange(low, high)] if low < high and source.random() < 0.5 else []
        change = commit(1, *[bytes([source.randrange(20)]) for _ in range(3)], deletes=deletes)
        expected = {owner for span, owner in spans if cut(change, [span]) is not None}
        assert expected <= set(cover.touched(change))


class Device(MemoryJournal):
    """A journal that is slow, and fails when told to."""

    blocking = True

    def __init__(self, slow: float = 0.0) -> None:
        super().__init__()
        self.slow = slow
        self.error: Exception | None = None
        self.groups: list[int] = []

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        if self.slow:
            time.sleep(self.slow)
        if self.error is not None:
            raise self.error
        self.groups.append(len(entries))
        super().append(entries)


def pipeline_over(*journals: Device) -> tuple[Any, list[int]]:
    pipeline = Pipeline(journals, ManualClock(), Adjudicator())
    delivered: list[int] = []
    pipeline.start(0, lambda batch: delivered.extend(c.tau for c in batch.commits))
    return pipeline, delivered


@pytest.mark.parametrize("slow", [0.0, 0.005])
@pytest.mark.parametrize("count", [1, 3])
async def test_order_and_groups(count: int, slow: float) -> None:
    devices = [Device(slow * (index + 1)) for index in range(count)]
    pipeline, delivered = pipeline_over(*devices)
    answered: list[int] = []

    async def client(number: int) -> None:
        for step in range(10):
            tau = await pipeline.commit(CommitRequest(pipeline.current_tau, {b"%d %d" % (number, step): b""}))
            assert pipeline.current_tau >= tau
            answered.append(tau)

    await asyncio.gather(*[client(number) for number in range(20)])
    await pipeline.close()
    assert delivered == sorted(delivered) == answered
    assert len(delivered) == 200
    assert max(devices[0].groups) > 1
    merged = [record.tau for record in pipeline.records(0) if record.body]
    assert merged == delivered


@pytest.mark.parametrize("count", [1, 2])
async def test_full_journal_passes(count: int) -> None:
    devices = [Device() for _ in range(count)]
    pipeline, delivered = pipeline_over(*devices)
    for device in devices:
        device.error = JournalFull("full")
    with pytest.raises(JournalFull):
        await pipeline.commit(CommitRequest(0, {b"a": b""}))
    results = await asyncio.gather(
        *[pipeline.commit(CommitRequest(pipeline.current_tau, {b"%d" % n: b""})) for n in range(3)],
        return_exceptions=True,
    )
    assert all(isinstance(result, JournalFull) for result in results)
    for device in devices:
        device.error = None
    tau = await pipeline.commit(CommitRequest(pipeline.current_tau, {b"a": b"", b"1": b""}))
    assert delivered == [tau]
    await pipeline.close()


async def test_broken_device() -> None:
    device = Device()
    pipeline, delivered = pipeline_over(device)
    told: list[Exception] = []
    pipeline.on_broken = told.append
    device.error = OSError(5, "Input/output error")
    with pytest.raises(OSError, match="Input/output"):
        await pipeline.commit(CommitRequest(0, {b"a": b""}))
    with pytest.raises(JournalBroken):
        await pipeline.commit(CommitRequest(0, {b"b": b""}))
    assert told == [device.error]
    assert delivered == []
    await pipeline.close()


async def test_store_that_cannot_apply() -> None:
    pipeline, _ = pipeline_over(Device())

    def fail(batch: Batch) -> None:
        raise ValueError("cannot")

    pipeline.crossbar.sink = fail
    with pytest.raises(JournalBroken):
        await pipeline.commit(CommitRequest(0, {b"a": b""}))
    assert pipeline.broken is not None
    await pipeline.close()


async def test_a_heartbeat_confirms_the_last_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaveldb.journal.pipeline.BEAT_SECONDS", 0.01)
    pipeline: Any = open_pipeline(tmp_path, ManualClock(), journals=2)
    pipeline.start(0, lambda batch: None)
    tau = await pipeline.commit(CommitRequest(0, {b"a": b""}))
    for _ in range(100):
        if pipeline.current_tau > tau:
            break
        await asyncio.sleep(0.01)
    for journal in pipeline.journals:
        assert [record.tau for record in journal.read(tau)] == [tau + 1]
    await pipeline.close()
    again: Any = open_pipeline(tmp_path, ManualClock(0), journals=2)
    assert again.adjudicator.last_tau > tau + 1
    again.release()


async def test_flush_tells_before_it_applies(tmp_path: Path) -> None:
    pipeline = open_pipeline(tmp_path)
    pipeline._sync_seconds = 0.0  # a quick disk
    seen: list[str] = []
    pipeline.start(0, lambda batch: seen.append("applied"))
    future = pipeline.commit(CommitRequest(pipeline.adjudicated_tau, {b"\0\0\0\1k": b"v"}))
    pipeline.flush(lambda: seen.append("told"))
    assert future.done()
    assert seen == ["told", "applied"]
    await pipeline.close()


async def test_flush_tells_nobody_when_a_thread_syncs(tmp_path: Path) -> None:
    pipeline = open_pipeline(tmp_path)
    pipeline._sync_seconds = 1.0  # a slow disk
    seen: list[str] = []
    pipeline.start(0, lambda batch: seen.append("applied"))
    future = pipeline.commit(CommitRequest(pipeline.adjudicated_tau, {b"\0\0\0\1k": b"v"}))
    pipeline.flush(lambda: seen.append("told"))
    assert not future.done()
    await future
    assert seen == ["applied"]
    await pipeline.close()
