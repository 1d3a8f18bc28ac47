"""Journal files: what was appended is read; damage is cut or reported, never passed on."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from gaveldb.journal.api import Commit, KeyRange
from gaveldb.journal.disk import SystemDisk
from gaveldb.journal.errors import JournalCorrupt, JournalFull, JournalTruncated
from gaveldb.journal.log import MemoryJournal, SegmentLog
from gaveldb.journal.records import BadRecord, decode, encode, encode_body, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

keys = st.binary(min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.integers(1, 2**63), st.dictionaries(keys, st.none() | st.binary(max_size=50)),
       st.lists(st.tuples(keys, keys)), st.integers(0, 2**63))  # fmt: skip
def test_records_round_trip(
    tau: int, writes: dict[bytes, bytes | None], deletes: list[tuple[bytes, bytes]], durable: int
) -> None:
    commit = Commit(tau, writes, [KeyRange(*pair) for pair in deletes] or ())
    data = encode(commit, durable)
    record = parse(b"xy" + data + b"\x00" * 30, 2)
    assert record is not None
    assert decode(record) == commit
    assert (record.size, record.durable) == (len(data), durable)


def test_every_flipped_bit_of_a_record_shows() -> None:
    data = encode(Commit(77, {b"key": b"value"}, ()), 3)
    for index in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[index // 8] ^= 1 << index % 8
        with pytest.raises(BadRecord):
            parse(bytes(flipped))


def entries(*taus: int) -> list[tuple[int, bytes]]:
    return [(tau, encode_body({b"k%d" % tau: b"v" * 20})) for tau in taus]


def taus(journal: SegmentLog | MemoryJournal, after: int = 0) -> list[int]:
    return [record.tau for record in journal.read(after) if record.body]


def test_append_read_reopen_truncate(tmp_path: Path) -> None:
    journal = SegmentLog(tmp_path, segment_size=100)
    for group in ((1, 2), (3,), (4, 5, 6), (7,), (8, 9)):
        journal.append(entries(*group))
    assert taus(journal) == list(range(1, 10))
    assert taus(journal, 4) == [5, 6, 7, 8, 9]
    journal.close()
    assert len(list(tmp_path.iterdir())) >= 3
    journal = SegmentLog(tmp_path, segment_size=100)
    assert journal.last_tau == 9
    journal.append(entries(12))
    assert taus(journal, 8) == [9, 12]
    journal.truncate_before(8)
    assert taus(journal, 7) == [8, 9, 12]
    with pytest.raises(JournalTruncated):
        taus(journal)
    journal.close()


def test_memory_journal() -> None:
    journal = MemoryJournal(bytes_max=1000)
    for tau in range(1, 100):
        journal.append(entries(tau))
    assert taus(journal, 95) == [96, 97, 98, 99]
    with pytest.raises(JournalTruncated):
        taus(journal)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("written") / "0"
    journal = SegmentLog(path)
    for group in ((1, 2), (3,), (4, 5, 6), (7,)):
        journal.append(entries(*group))
    journal.append([(8, b"")])
    journal.close()
    return path


def opened(original: Path, path: Path, change: bytes) -> list[int] | None:
    """What is read after the only segment became `change`; None if the damage is reported."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    name = next(original.iterdir()).name
    (path / name).write_bytes(change)
    try:
        journal = SegmentLog(path)
    except JournalCorrupt as error:
        assert error.path == path / name
        assert 0 <= error.offset <= len(change)
        return None
    found = taus(journal)
    journal.append(entries(100))
    assert taus(journal) == [*found, 100]
    journal.close()
    again = SegmentLog(path)
    assert taus(again) == [*found, 100]
    again.close()
    return found


def test_torn_at_every_byte(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemDisk, "fsync", staticmethod(lambda fd: None))
    data = next(written.iterdir()).read_bytes()
    lengths = []
    for size in range(len(data) + 1):
        for padding in (b"", b"\x00" * 100):
            found = opened(written, tmp_path / "0", data[:size] + padding)
            assert found == list(range(1, len(found or ()) + 1))
            lengths.append(len(found or ()))
    assert lengths == sorted(lengths)
    assert lengths[-1] == 7


def test_each_byte_flipped(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemDisk, "fsync", staticmethod(lambda fd: None))
    data = next(written.iterdir()).read_bytes()
    last = len(data) - 25  # the closing heartbeat, without which nobody knows of the last group
    for index in range(len(data)):
        flipped = bytearray(data)
        flipped[index] ^= 0x55
        found = opened(written, tmp_path / "0", bytes(flipped))
        assert found is None if index < last else found == [1, 2, 3, 4, 5, 6, 7]


def test_unfinished_group_is_cut_although_its_end_arrived(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "0"
    journal = SegmentLog(path)
    journal.append(entries(1))
    end = journal.size_after(0)
    journal.append(entries(2, 3))
    journal.close()
    file = next(path.iterdir())
    data = bytearray(file.read_bytes())
    data[end + 30] ^= 1
    file.write_bytes(data)
    journal = SegmentLog(path)
    assert taus(journal) == [1]
    journal.close()


def test_damage_in_an_older_segment(tmp_path: Path) -> None:
    journal = SegmentLog(tmp_path, segment_size=100)
    for tau in range(1, 9):
        journal.append(entries(tau))
    journal.close()
    files = sorted(tmp_path.iterdir())
    content = files[0].read_bytes()
    files[0].write_bytes(content[:60] + b"?" + content[61:])
    journal = SegmentLog(tmp_path, segment_size=100)
    with pytest.raises(JournalCorrupt, match=files[0].name):
        taus(journal)
    files[0].write_bytes(content[:-70])
    with pytest.raises(JournalCorrupt):
        taus(journal)
    journal.close()


def test_full_disk_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite, full = os.pwrite, False

    def failing(fd: int, data: bytes, offset: int) -> int:
        if not full:
            return pwrite(fd, data, offset)
        if len(data) > 30:
            return pwrite(fd, data[:30], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SystemDisk, "pwrite", staticmethod(failing))
    journal = SegmentLog(tmp_path)
    journal.append(entries(1))
    full = True
    with pytest.raises(JournalFull):
        journal.append(entries(2))
    assert taus(journal) == [1]
    full = False
    journal.append(entries(3))
    assert taus(journal) == [1, 3]
    journal.close()
    journal = SegmentLog(tmp_path)
    assert taus(journal) == [1, 3]
    journal.close()
