"""One journal on disk: segments of records, appended in groups.

    journal/0/00001764000000000000.log      the number is the tau that all records inside are above
        8 bytes "GAVELJ01" | u64 that tau again | u32 crc32c of both
        record | record | ... | zeros (space preallocated for what comes)

1. `append` writes a group of records at once and syncs; when it returns, all are durable. `write` does
   not sync: then the caller has `descriptor` synced, and tells with `synced` what has become durable.
2. If either fails for want of space, nothing of the group is kept, and later ones may succeed.
3. Records are in tau order within a journal, and a segment is started only after everything before
   it is durable. So damage is the torn end of a crash only if it is in the last segment and no
   record behind it knows of something durable after the last good one (`durable` in records.py).
   Any other damage raises JournalCorrupt, naming file and offset.

Space is preallocated in steps: a sync that need not change the file's size is a third cheaper, and
a full disk shows before anything is written. `append` runs in the journal's thread while `read` and
`truncate_before` may run in the loop's: they only look at what the last append had completed. It shows to
readers what is written; whoever may see only what is durable has to know how far that is.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Protocol

from crc32c import crc32c

from .disk import Disk, SystemDisk, write_all
from .errors import JournalBroken, JournalCorrupt, JournalFull, JournalTruncated
from .records import HEADER, HEADER_SIZE, BadRecord, Record, frame, parse

SEGMENT_SIZE = 16 << 20
ALLOCATION_FIRST = 1 << 20
ALLOCATION_STEP = 4 << 20
MAGIC = b"GAVELJ01"

_HEAD = Struct(">8sQI")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class Journal(Protocol):
    """Where records go. `append` blocks, and may be called from another thread than the rest."""

    blocking: bool  # whether append is worth a thread
    last_tau: int  # the newest that has been given out, as far as this journal knows

    @property
    def written_tau(self) -> int:
        """The newest tau that it has."""

    @property
    def tail_tau(self) -> int:
        """After this tau reading is cheap."""

    @property
    def descriptor(self) -> int:
        """The file that is to be synced after `write`."""

    @property
    def is_full(self) -> bool:
        """Whether the next write starts another file: no sync may be under way then."""

    @property
    def sees_full_disk(self) -> bool:
        """Whether a full disk shows when something is written, and not when it is synced."""

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """Make (tau, body) pairs durable, all or none. Raises JournalFull or JournalBroken."""

    def write(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """As append, but they are durable only after a sync: until then they outlive the process, not the
        machine."""

    def synced(self, upto: int) -> None:
        """The records up to the one of this tau have become durable."""

    def read(self, after: int) -> Iterator[Record]:
        """The records after this tau, in order, up to the last append that was complete when the
        iterator came there. Raises JournalTruncated, JournalCorrupt."""

    def truncate_before(self, tau: int) -> None:
        """Records before this tau may go."""

    def size_after(self, tau: int) -> int:
        """About how many bytes of records there are after this tau."""

    def close(self) -> None: ...


class MemoryJournal:
    """A journal that is durable as long as the process lives."""

    blocking = False
    descriptor = -1
    is_full = False
    sees_full_disk = False  # nor has it anything to sync

    @property
    def written_tau(self) -> int:
        return self.last_tau

    def __init__(self, last_tau: int = 0, *, bytes_max: int | None = None) -> None:
        self.last_tau = last_tau
        self._records: list[Record] = []
        self._size = 0
        self._bytes_max = bytes_max
        self._truncated = 0

    @property
    def tail_tau(self) -> int:
        return self._truncated

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        durable = self.last_tau
        for tau, body in entries:
            self._records.append(Record(tau, durable, body, HEADER_SIZE + len(body)))
            self._size += len(body)
        self.last_tau = entries[-1][0]
        if self._bytes_max is not None and self._size > self._bytes_max:
            self.truncate_before(self._records[len(self._records) // 2].tau)

    def write(self, entries: Sequence[tuple[int, bytes]]) -> None:
        self.append(entries)

    def synced(self, upto: int) -> None:
        pass

    def read(self, after: int) -> Iterator[Record]:
        if after < self._truncated:
            raise JournalTruncated(f"the journal begins after {self._truncated}")
        yield from [record for record in self._records if record.tau > after]

    def truncate_before(self, tau: int) -> None:
        kept = [record for record in self._records if record.tau >= tau]
        if len(kept) < len(self._records):
            self._truncated = self._records[len(self._records) - len(kept) - 1].tau
            self._records = kept
            self._size = sum(len(record.body) for record in kept)

    def size_after(self, tau: int) -> int:
        return self._size

    def close(self) -> None:
        pass


class _Segment:
    """A file of the journal; `end` is where its records end, None if it has not been read."""

    __slots__ = ("end", "path", "start_tau")

    def __init__(self, path: Path, start_tau: int, end: int | None = None) -> None:
        self.path = path
        self.start_tau = start_tau
        self.end = end


class SegmentLog:
    """The journal in one directory. Opening it cuts a torn tail."""

    blocking = True

    def __init__(
        self,
        directory: Path,
        *,
        segment_size: int = SEGMENT_SIZE,
        start_tau: int = 0,
        disk: Disk | None = None,
    ) -> None:
        self._disk = disk = disk if disk is not None else SystemDisk()
        self._pwrite = disk.pwrite
        self._fdatasync = disk.fdatasync
        self._directory = directory
        self._segment_size = segment_size
        disk.make_directory(directory)
        self._segments: list[_Segment] = []
        self._fd = -1
        self._offset = 0
        self._allocated = 0
        self._preallocates = True
        self.last_tau = start_tau
        self.written_tau = 0  # the last record's tau, or that of the segment if it has none
        self._durable = 0  # the same for what has been synced
        self._recover()

    # --- opening ------------------------------------------------------------------------------

    def _recover(self) -> None:
        disk = self._disk
        names = [path for path in disk.list_directory(self._directory) if path.suffix == ".log"]
        for path in names:
            start_tau = self._read_head(path, last=path is names[-1])
            if start_tau is not None:
                self._segments.append(_Segment(path, start_tau))
        if not self._segments:
            self._create(0)
            return
        last = self._segments[-1]
        self.last_tau = max(self.last_tau, last.start_tau)
        good_tau = last.start_tau
        unsure: deque[tuple[int, int]] = deque()  # (tau, place) of records not known to be durable
        with disk.mapped(last.path) as data:
            last.end = _HEAD.size
            while True:
                try:
                    record = parse(data, last.end)
                    if record is not None and record.tau <= good_tau:
                        raise BadRecord("its tau is not above the one before")
                except BadRecord as error:
                    if _durable_behind(data, last.end, good_tau):
                        raise JournalCorrupt(last.path, last.end, str(error)) from None
                    break
                if record is None:
                    # Zeros are the end only if nothing durable lies behind them.
                    if _durable_behind(data, last.end, good_tau):
                        raise JournalCorrupt(last.path, last.end, "a record is missing")
                    break
                while unsure and unsure[0][0] <= record.durable:
                    unsure.popleft()
                unsure.append((record.tau, last.end))
                good_tau = record.tau
                last.end += record.size
            begin = unsure[0][1] if unsure else last.end
            tail = bytes(data[begin : last.end])
        self._fd = disk.open(last.path, os.O_RDWR)
        # Nobody knows whether the last groups were synced, and where a sync has failed the page cache shows
        # what will never be written: so they are written again.
        write_all(disk, self._fd, tail, begin)
        disk.ftruncate(self._fd, last.end)
        disk.fsync(self._fd)
        disk.sync_directory(self._directory)
        self._offset = self._allocated = last.end
        self.last_tau = max(self.last_tau, good_tau)
        self.written_tau = self._durable = good_tau

    def _read_head(self, path: Path, *, last: bool) -> int | None:
        with self._disk.mapped(path) as data:
            head = bytes(data[: _HEAD.size])
        if len(head) == _HEAD.size:
            magic, start_tau, crc = _HEAD.unpack(head)
            if magic == MAGIC and crc == crc32c(head[:16]):
                return int(start_tau)
        if last:
            with self._disk.mapped(path) as data:
                empty = not _durable_behind(data, 0, -1)
            if empty:  # a crash while the segment was being made
                self._disk.unlink(path)
                return None
        raise JournalCorrupt(path, 0, "the head of the file is damaged")

    # --- appending ----------------------------------------------------------------------------

    def append(self, entries: Sequence[tuple[int, bytes]]) -> None:
        if self.is_full:
            self._roll()
        before = self._offset, self.written_tau, self.last_tau
        self.write(entries)
        try:
            self._fdatasync(self._fd)
        except OSError as error:
            self._offset, self.written_tau, self.last_tau = before
            self._segments[-1].end = self._offset
            self._take_back(error)
        self._durable = self.written_tau

    @property
    def descriptor(self) -> int:
        return self._fd

    @property
    def is_full(self) -> bool:
        return self._offset >= self._segment_size

    @property
    def sees_full_disk(self) -> bool:
        return self._preallocates

    def synced(self, upto: int) -> None:
        if upto > self._durable:
            self._durable = upto

    def write(self, entries: Sequence[tuple[int, bytes]]) -> None:
        if self.is_full:
            self._roll()
        durable = self._durable
        if len(entries) == 1:
            data = frame(entries[0][0], durable, entries[0][1])
        else:
            data = b"".join([frame(tau, durable, body) for tau, body in entries])
        offset = self._offset
        end = offset + len(data)
        if end > self._allocated and self._preallocates:
            self._allocate(end)
        try:
            written = self._pwrite(self._fd, data, offset)
            while written < len(data):
                written += self._pwrite(self._fd, memoryview(data)[written:], offset + written)
        except OSError as error:
            self._take_back(error)
        if end > self._allocated:
            self._allocated = end
        self.last_tau = self.written_tau = entries[-1][0]
        self._offset = self._segments[-1].end = end

    def _take_back(self, error: OSError) -> None:
        """Leave nothing of a group that could not be written."""
        if error.errno not in _NO_SPACE:
            raise JournalBroken(f"cannot write the journal: {error}") from error
        try:
            self._disk.ftruncate(self._fd, self._offset)
            self._disk.fsync(self._fd)
        except OSError as second:
            raise JournalBroken(f"cannot take back a write to the journal: {second}") from second
        self._allocated = self._offset
        raise JournalFull("no space left for the journal") from error

    def _allocate(self, end: int) -> None:
        step = ALLOCATION_FIRST if self._allocated < ALLOCATION_FIRST else ALLOCATION_STEP
        target = max(end, min(self._allocated + step, max(self._segment_size, end)))
        for wanted in (target, end):
            try:
                self._disk.allocate(self._fd, self._allocated, wanted - self._allocated)
                self._allocated = wanted
                return
            except OSError as error:
                if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                    self._preallocates = False
                    return
                if error.errno not in _NO_SPACE:
                    raise JournalBroken(f"cannot extend the journal: {error}") from error
        self._take_back(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _roll(self) -> None:
        """Start the next segment; the one before keeps no preallocated space."""
        old, end = self._fd, self._offset  # not from _segments, which truncate_before may shorten
        if self._durable < self.written_tau:
            try:
                self._fdatasync(old)
            except OSError as error:
                raise JournalBroken(f"cannot write the journal: {error}") from error
            self._durable = self.written_tau
        self._create(self._durable)
        self._disk.ftruncate(old, end)
        self._disk.close(old)

    def _create(self, start_tau: int) -> None:
        path = self._directory / f"{start_tau:020d}.log"
        head = MAGIC + start_tau.to_bytes(8, "big")
        head += crc32c(head).to_bytes(4, "big")
        disk = self._disk
        try:
            fd = disk.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise _refusal(error) from error
        try:
            write_all(disk, fd, head, 0)
            disk.fsync(fd)
            disk.sync_directory(self._directory)
        except OSError as error:
            disk.close(fd)
            disk.unlink(path)
            raise _refusal(error) from error
        self._fd = fd
        self._offset = self._allocated = len(head)
        self._segments.append(_Segment(path, start_tau, len(head)))

    # --- reading ------------------------------------------------------------------------------

    @property
    def tail_tau(self) -> int:
        return self._segments[-1].start_tau

    def read(self, after: int) -> Iterator[Record]:
        segments = list(self._segments)
        if after < segments[0].start_tau:
            raise JournalTruncated(f"the journal begins after {segments[0].start_tau}")
        first = max(i for i, segment in enumerate(segments) if segment.start_tau <= after)
        for index in range(first, len(segments)):
            segment = segments[index]
            following = segments[index + 1].start_tau if index + 1 < len(segments) else None
            yield from self._read_segment(segment, after, following)

    def _read_segment(self, segment: _Segment, after: int, following: int | None) -> Iterator[Record]:
        tau = segment.start_tau
        offset = _HEAD.size
        with self._disk.mapped(segment.path) as data:
            view = data if segment.end is None else data[: segment.end]
            try:
                while True:
                    try:
                        record = parse(view, offset)
                    except BadRecord as error:
                        raise JournalCorrupt(segment.path, offset, str(error)) from None
                    if record is None:
                        break
                    if record.tau <= tau:
                        raise JournalCorrupt(segment.path, offset, "its tau is not above the one before")
                    tau = record.tau
                    offset += record.size
                    if tau > after:
                        yield record
            finally:
                view.release()
        if following is not None and tau != following:
            raise JournalCorrupt(segment.path, offset, f"records between {tau} and {following} are missing")

    def truncate_before(self, tau: int) -> None:
        while len(self._segments) > 1 and self._segments[1].start_tau < tau:
            self._disk.unlink(self._segments.pop(0).path)
        self._disk.sync_directory(self._directory)

    def size_after(self, tau: int) -> int:
        total = 0
        for segment, following in zip(self._segments, [*self._segments[1:], None], strict=True):
            if following is None or following.start_tau > tau:
                total += self._disk.size(segment.path) if segment.end is None else segment.end
        return total

    def close(self) -> None:
        """Gives unused space back."""
        if self._fd >= 0:
            self._disk.ftruncate(self._fd, self._offset)
            self._disk.close(self._fd)
            self._fd = -1


def _durable_behind(data: memoryview, offset: int, good_tau: int) -> bool:
    """Whether some record behind `offset` says that something after `good_tau` was durable."""
    content = bytes(data[offset:])
    position = content.find(b"\x01", 8)
    while position >= 0:
        start = position - 8
        if start + HEADER_SIZE <= len(content):
            length, _, _, tau, durable = HEADER.unpack_from(content, start)
            if tau > durable > good_tau and length <= len(content) - start - HEADER_SIZE:
                try:
                    if parse(content[start : start + HEADER_SIZE + length]):
                        return True
                except BadRecord:
                    pass
        position = content.find(b"\x01", position + 1)
    return False


def _refusal(error: OSError) -> Exception:
    if error.errno in _NO_SPACE:
        return JournalFull("no space left for the journal")
    return JournalBroken(f"cannot write the journal: {error}")
