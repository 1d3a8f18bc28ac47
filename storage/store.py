"""One LMDB environment: the materialised keyspace of one database.

It is opened without any syncing, over a writable map: what is durable is the journal. The map lives
in the page cache, so it survives the process, and `applied_tau` is written in the same transaction
as the data, so replaying the journal over it changes nothing that is there already.

The entry under META_KEY is the environment's own: applied_tau | batch_start | flags. `batch_start`
is the tau up to which all environments of the store had been applied when this one was last written:
the journal is replayed from the highest one of all environments on.

A full disk under a writable map would be a SIGBUS. So the file's blocks are allocated ahead, and
`reserve` refuses a commit that might need more pages than could be allocated.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from struct import Struct
from typing import Any

import lmdb

from .errors import StorageFull
from .longkeys import SHORT_MAX, Bucket, bucket_key, change, decode_bucket, encode_bucket
from .snapshot import FIRST_KEY, LmdbSnapshot

META_KEY = b"\x00"
PAGE_SIZE = 4096
MAP_SIZE_MIN = 1 << 30
MAP_SIZE_MAX = 1 << 40
ALLOCATION_MIN = 1 << 20
ALLOCATION_MAX = 64 << 20
READERS_MAX = 8192
SPARE_TRANSACTIONS = 128
SLICE_DELETIONS = 2000
BULK_MIN = 64  # from here on writes are sorted and put by one call

_META = Struct(">QQB")
_HAS_BUCKETS = 1
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

Writes = dict[bytes, bytes | None]
Operation = Writes | tuple[bytes, bytes]  # in order: puts and deletions, or an emptied range


class LmdbStore:
    """The environment in one directory. Keys are without the database prefix."""

    def __init__(self, directory: Path, *, depth: int = 2) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "data.mdb"
        self._map_pages = 0
        self._environment = self._open()
        self._environment.reader_check()
        self._file = os.open(self._path, os.O_RDWR)
        self._allocated = 0
        self._headroom = 0
        self._recent = [0] * (depth + 1)  # pages reserved since the last, the last but one, ... write
        self.applied_tau = 0
        self.batch_start = 0
        self.has_buckets = False
        self._begun: Any = None  # the transaction of a bulk write that is under way
        self._read_meta()
        self._begin = self._environment.begin

    def _open(self) -> Any:
        stat = os.statvfs(self.directory)
        size = MAP_SIZE_MIN
        while size < stat.f_blocks * stat.f_frsize and size < MAP_SIZE_MAX:
            size *= 2
        if self._path.exists():
            size = max(size, self._path.stat().st_size)
        while True:
            try:
                environment = lmdb.open(
                    str(self.directory),
                    map_size=size,
                    sync=False,
                    metasync=False,
                    writemap=True,
                    max_readers=READERS_MAX,
                    max_spare_txns=SPARE_TRANSACTIONS,
                )
            except lmdb.Error:  # the address space or the file system does not take so much
                if size <= MAP_SIZE_MIN:
                    raise
                size //= 4
                continue
            self._map_pages = size // PAGE_SIZE
            return environment

    def _read_meta(self) -> None:
        with self._environment.begin() as transaction:
            meta = transaction.get(META_KEY)
        self.has_buckets = False
        if meta is not None:
            self.applied_tau, self.batch_start, flags = _META.unpack(meta)
            self.has_buckets = bool(flags & _HAS_BUCKETS)

    # --- reading ------------------------------------------------------------------------------

    def snapshot(self, tau: int) -> LmdbSnapshot:
        """What is applied; `tau` is what the snapshot is to call itself."""
        return LmdbSnapshot(self._begin(), tau, self.has_buckets)

    def size(self) -> int:
        """Bytes used by the data and LMDB's own pages, free ones included."""
        return int(self._environment.info()["last_pgno"] + 1) * PAGE_SIZE

    # --- room ---------------------------------------------------------------------------------

    def reserve(self, entries: int, size: int) -> None:
        """Make sure there is room for a commit of so many entries and bytes; or StorageFull."""
        # New pages may be half full; besides, each entry may copy the pages on its way from the root,
        # but a page is copied only once.
        pages = 24 + size // 1800
        if entries > 1000:
            pages += min(8 * entries, self.size() // PAGE_SIZE)
        elif entries > 1:
            pages += 8 * entries
        self._recent[0] += pages
        self._headroom -= pages
        if self._headroom < 0:
            try:
                self._make_room()
            except StorageFull:
                self._recent[0] -= pages
                self._headroom += pages
                raise

    def _make_room(self) -> None:
        used = self._environment.info()["last_pgno"] + 1
        needed = used + sum(self._recent)
        if needed > self._allocated:
            if needed >= self._map_pages:
                self._grow_map(needed)
            ahead = min(max(ALLOCATION_MIN, used * PAGE_SIZE // 8), ALLOCATION_MAX) // PAGE_SIZE
            for wanted in (min(needed + ahead, self._map_pages), needed):
                try:
                    self._allocate(wanted)
                    break
                except OSError as error:
                    if error.errno not in _NO_SPACE:
                        raise
            else:
                raise StorageFull("no space left on device for the store")
        self._headroom = self._allocated - needed

    def _allocate(self, pages: int) -> None:
        start = self._allocated * PAGE_SIZE
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file, start, pages * PAGE_SIZE - start)
        else:
            stat = os.statvfs(self.directory)
            if stat.f_bavail * stat.f_frsize < pages * PAGE_SIZE - start:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._allocated = pages

    def _grow_map(self, pages: int) -> None:
        """The map is as large as the file system was, so this takes a grown one; it needs a moment
        without any reader in this process."""
        lines = self._environment.readers().splitlines()[1:]
        if any(line.split()[-1] != "-" for line in lines if line.strip()):
            raise StorageFull("the store's map cannot grow while snapshots are open")
        size = self._map_pages * PAGE_SIZE
        while size < pages * PAGE_SIZE * 2:
            size *= 2
        try:
            self._environment.set_mapsize(size)
        except lmdb.Error as error:
            raise StorageFull(f"the store's map cannot grow: {error}") from error
        self._map_pages = size // PAGE_SIZE

    # --- writing ------------------------------------------------------------------------------

    def write_one(self, key: bytes, value: bytes | None, tau: int, batch_start: int) -> None:
        """A commit of one entry."""
        if len(key) > SHORT_MAX or self.has_buckets:
            self.write(({key: value},), tau, batch_start)
            return
        transaction = self._begin(write=True)
        try:
            if value is None:
                transaction.delete(key)
            else:
                transaction.put(key, value)
            transaction.put(META_KEY, _META.pack(tau, batch_start, 0))
            transaction.commit()
        except BaseException:
            transaction.abort()
            raise
        self._applied(tau, batch_start)

    def write(self, operations: Sequence[Operation], tau: int, batch_start: int) -> None:
        """The operations in order, in one transaction, and the taus with them."""
        transaction = self._begin(write=True)
        had_buckets = self.has_buckets
        try:
            for operation in operations:
                if isinstance(operation, dict):
                    self._put(transaction, operation)
                else:
                    self._delete_range(transaction, *operation)
            flags = _HAS_BUCKETS if self.has_buckets else 0
            transaction.put(META_KEY, _META.pack(tau, batch_start, flags))
            transaction.commit()
        except BaseException:
            transaction.abort()
            self.has_buckets = had_buckets
            raise
        self._applied(tau, batch_start)

    def begin_bulk(self) -> None:
        """Start a write that takes several turns of the loop: nobody else may write before its end."""
        self._begun = self._begin(write=True)

    def put_bulk(self, writes: Writes) -> None:
        """Some of its entries."""
        try:
            self._put(self._begun, writes)
        except BaseException:
            self.abort_bulk()
            raise

    def put_run(self, keys: list[bytes], values: list[bytes]) -> None:
        """As put_bulk: short keys in ascending order, and their values."""
        try:
            self._put_sorted(self._begun, zip(keys, values, strict=True), keys[0])
        except BaseException:
            self.abort_bulk()
            raise

    def delete_bulk(self, low: bytes, high: bytes) -> Iterator[None]:
        """Empty a range in steps."""
        try:
            yield from self._delete_steps(self._begun, low, high)
        except BaseException:
            self.abort_bulk()
            raise

    def end_bulk(self, tau: int, batch_start: int) -> None:
        """All of it becomes visible, the taus with it."""
        transaction = self._begun
        try:
            flags = _HAS_BUCKETS if self.has_buckets else 0
            transaction.put(META_KEY, _META.pack(tau, batch_start, flags))
            transaction.commit()
        except BaseException:
            self.abort_bulk()
            raise
        self._begun = None
        self._applied(tau, batch_start)

    def abort_bulk(self) -> None:
        """Nothing of it has happened."""
        transaction, self._begun = self._begun, None
        if transaction is not None:
            transaction.abort()
            self._read_meta()

    def _applied(self, tau: int, batch_start: int) -> None:
        self.applied_tau = tau
        self.batch_start = batch_start
        recent = self._recent
        if recent[0] or recent[1]:
            recent.pop()
            recent.insert(0, 0)

    def _put(self, transaction: Any, writes: Writes) -> None:
        if len(writes) >= BULK_MIN and None not in writes.values() and max(map(len, writes)) <= SHORT_MAX:
            items = sorted(writes.items())
            self._put_sorted(transaction, items, items[0][0])
            return
        put = transaction.put
        delete = transaction.delete
        long: Writes = {}
        for key, value in writes.items():
            if len(key) > SHORT_MAX:
                long[key] = value
            elif value is None:
                delete(key)
            else:
                put(key, value)
        if long:
            self._put_long(transaction, long)

    @staticmethod
    def _put_sorted(transaction: Any, items: Iterable[tuple[bytes, bytes | None]], first: bytes) -> None:
        with transaction.cursor() as cursor:
            append = not cursor.last() or cursor.key() < first  # new rows of the newest relation
            cursor.putmulti(items, append=append)

    def _put_long(self, transaction: Any, writes: Writes) -> None:
        buckets: dict[bytes, Bucket] = {}
        for key, value in writes.items():
            where = bucket_key(key)
            bucket = buckets.get(where)
            if bucket is None:
                content = transaction.get(where)
                bucket = buckets[where] = decode_bucket(content) if content is not None else []
            change(bucket, key[SHORT_MAX:], value)
        self._store_buckets(transaction, buckets)

    def _store_buckets(self, transaction: Any, buckets: dict[bytes, Bucket]) -> None:
        for where, bucket in buckets.items():
            if bucket:
                transaction.put(where, encode_bucket(bucket))
                self.has_buckets = True
            else:
                transaction.delete(where)

    def _delete_range(self, transaction: Any, low: bytes, high: bytes) -> None:
        for _ in self._delete_steps(transaction, low, high):
            pass

    def _delete_steps(self, transaction: Any, low: bytes, high: bytes) -> Iterator[None]:
        if low < FIRST_KEY:
            low = FIRST_KEY
        if low >= high:
            return
        if self.has_buckets:
            self._cut_bucket(transaction, low, high)
        # A long bound lies inside its bucket, which has been seen to; go on behind it, or up to it.
        first = bucket_key(low) + b"\x00" if len(low) > SHORT_MAX else low
        last = bucket_key(high) if len(high) > SHORT_MAX else high
        with transaction.cursor() as cursor:
            if not cursor.set_range(first):
                return
            key, delete = cursor.key, cursor.delete
            current = key()
            while current and current < last:
                for _ in range(SLICE_DELETIONS):
                    delete()
                    current = key()
                    if not current or current >= last:
                        break
                yield

    def _cut_bucket(self, transaction: Any, low: bytes, high: bytes) -> None:
        """Empty the part of the range that lies in the buckets of its long bounds."""
        buckets: dict[bytes, Bucket] = {}
        for bound in (low, high):
            where = bucket_key(bound)
            if len(bound) > SHORT_MAX and where not in buckets:
                content = transaction.get(where)
                if content is not None:
                    prefix = bound[:SHORT_MAX]
                    buckets[where] = [e for e in decode_bucket(content) if not low <= prefix + e[0] < high]
        self._store_buckets(transaction, buckets)

    # --- life ---------------------------------------------------------------------------------

    def copy(self, directory: Path) -> None:
        """A compact copy of what is applied, in a directory that exists. May run in a thread."""
        self._environment.copy(str(directory), compact=True)

    def sync(self) -> None:
        """Everything applied to disk, the environment's own name included."""
        self._environment.sync(True)
        for path in (self.directory, self.directory.parent):
            sync_path(path)

    def close(self) -> None:
        """Gives unused space back. Snapshots must not be used any more."""
        self.abort_bulk()
        size = self.size()
        self._environment.close()
        os.ftruncate(self._file, size)
        os.close(self._file)


def sync_path(path: Path) -> None:
    """fsync a file or directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
