"""All environments of a data directory, and the subscriber that keeps them current.

`apply` is the crossbar's sink: it splits each batch by database, writes one transaction per
environment, and moves `current_tau` on. A batch that touches several environments is several LMDB
transactions; each carries its own applied_tau, so a crash in between is mended by replay.

Databases are created and dropped by control writes, in the same commit as the rows that tell of
them: the key is CONTROL_PREFIX | database u32, the value msgpack ["create", template or nil] or
["drop"]. A creation copies the template as it is at that place in the order of commits.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from gaveldb.journal.api import Batch, Commit, CommitRequest, runs_of, scattered
from msgspec import msgpack

from .errors import NoSuchDatabase, StorageBroken
from .store import LmdbStore, Operation, Writes
from .stores import Store, Stores

CONTROL_PREFIX = b"\xff\xff\xff\xff"
SHARED_DATABASE = 0
NEW_STORE_BYTES = 4 << 20
KEY_BYTES = 16  # of a row
SLICE_ENTRIES = 2000  # of a commit that is applied in several turns of the loop


def prefix_of(database: int) -> bytes:
    """The bytes that a database's keys begin with in the journal."""
    return database.to_bytes(4, "big")


def create_database_write(database: int, template: int | None) -> tuple[bytes, bytes]:
    """The key and value to add to a commit's writes so that it creates a database."""
    return CONTROL_PREFIX + prefix_of(database), msgpack.encode(["create", template])


def drop_database_write(database: int) -> tuple[bytes, bytes]:
    """The key and value to add to a commit's writes so that it drops a database."""
    return CONTROL_PREFIX + prefix_of(database), msgpack.encode(["drop"])


class Environments:
    """The Storage."""

    def __init__(self, stores: Stores) -> None:
        self.current_tau = 0
        self.on_dropped: Callable[[int], None] | None = None
        self.written_bytes = 0  # of commits since it was last set to zero
        self.kept = stores
        self._stores: dict[bytes, Store] = {}
        self._by_id: dict[int, Store] = {}
        self._copying: set[int] = set()
        self._dropped: list[Store] = []  # while they were being copied
        self._replaying = False
        self._prepared: tuple[LmdbStore, int] | None = None  # whose bulk write waits for this tau
        for database, store in stores.present():
            self._add(database, store)
        if SHARED_DATABASE not in self._by_id:
            self._add(SHARED_DATABASE, stores.create(SHARED_DATABASE))

    def _add(self, database: int, store: Store) -> None:
        self._stores[prefix_of(database)] = store
        self._by_id[database] = store

    # --- reading ------------------------------------------------------------------------------

    def snapshot(self, database: int) -> Any:
        """See api.Storage."""
        try:
            store = self._by_id[database]
        except KeyError:
            raise NoSuchDatabase(database) from None
        return store.snapshot(self.current_tau)

    def databases(self) -> list[int]:
        return sorted(self._by_id)

    def size(self, database: int) -> int:
        try:
            return self._by_id[database].size()
        except KeyError:
            raise NoSuchDatabase(database) from None

    def stores(self) -> list[tuple[int, Store]]:
        """All of them, by database."""
        return sorted(self._by_id.items())

    # --- room ---------------------------------------------------------------------------------

    def reserve(self, request: CommitRequest, size: int) -> None:
        """The pipeline asks before it admits a commit. Raises StorageFull."""
        self.written_bytes += size
        writes = request.writes
        entries = len(writes)
        if type(writes) is not dict:
            self._reserve_bulk(request, size)
            return
        if entries == 1 and not request.deletes:
            (key,) = writes
            store = self._stores.get(key[:4])
            if store is not None:
                store.reserve(1, size)
            return
        if entries > SLICE_ENTRIES and min(writes)[:4] == max(writes)[:4]:
            prefixes: dict[bytes, None] = {next(iter(writes))[:4]: None}
        else:
            prefixes = dict.fromkeys([key[:4] for key in writes])
        for low, _ in request.deletes:
            prefixes[low[:4]] = None
        if CONTROL_PREFIX in prefixes:
            self._reserve_copies(request)
        for prefix in prefixes:
            store = self._stores.get(prefix)
            if store is not None:
                store.reserve(entries, size)

    def _reserve_bulk(self, request: CommitRequest, size: int) -> None:
        """As reserve; `size` does not have the keys of the runs."""
        rows: dict[bytes, int] = {}
        for run in runs_of(request.writes):
            rows[run.low[:4]] = rows.get(run.low[:4], 0) + len(run.values)
        for key in scattered(request.writes):
            rows[key[:4]] = rows.get(key[:4], 0) + 1
        for low, _ in request.deletes:
            rows.setdefault(low[:4], 0)
        if CONTROL_PREFIX in rows:
            self._reserve_copies(request)
        for prefix, entries in rows.items():
            store = self._stores.get(prefix)
            if store is not None:
                store.reserve(entries, size + KEY_BYTES * entries)

    def _reserve_copies(self, request: CommitRequest) -> None:
        for key, value in request.writes.items():
            if key[:4] == CONTROL_PREFIX and value is not None:
                change = msgpack.decode(value)
                if change[0] == "create":
                    source = self._by_id.get(change[1])
                    self.kept.check_room((source.size() if source is not None else 0) + NEW_STORE_BYTES)

    # --- applying -----------------------------------------------------------------------------

    def prepare(self, commits: Sequence[Commit]) -> Iterator[None]:
        """Write commits that will be the next batch, in slices: `apply` makes them visible. Does nothing
        about those that touch several environments. Raises StorageBroken."""
        store = self._only_store(commits)
        if store is None:
            return
        try:
            store.begin_bulk()
            for commit in commits:
                for low, high in commit.deletes:
                    yield from store.delete_bulk(low[4:], high[4:] if high[:4] == low[:4] else b"\xff" * 512)
                items = iter(scattered(commit.writes).items())
                while part := {key[4:]: value for key, value in islice(items, SLICE_ENTRIES)}:
                    store.put_bulk(part)
                    yield
                for run in runs_of(commit.writes):
                    inside = run._replace(low=run.low[4:])
                    for start in range(0, len(run.values), SLICE_ENTRIES):
                        end = min(start + SLICE_ENTRIES, len(run.values))
                        store.put_run(inside.keys(start, end), run.values[start:end])
                        yield
        except Exception as error:
            raise StorageBroken(f"the store cannot apply a commit: {error}") from error
        self._prepared = (store, commits[-1].tau)

    def _only_store(self, commits: Sequence[Commit]) -> LmdbStore | None:
        prefix = b""
        for commit in commits:
            if not commit.writes:
                return None
            prefix = prefix or next(iter(commit.writes))[:4]
            if prefix == CONTROL_PREFIX:
                return None
            if any(low[:4] != prefix for low, _ in commit.deletes):
                return None
            end = (int.from_bytes(prefix, "big") + 1).to_bytes(4, "big") if prefix < CONTROL_PREFIX else b""
            if commit.single:
                if next(iter(commit.writes))[:4] != prefix:
                    return None
                continue
            if min(commit.writes) < prefix or max(commit.writes) >= end:
                return None
        store = self._stores.get(prefix)
        return store if isinstance(store, LmdbStore) else None

    def apply(self, batch: Batch) -> None:
        """The crossbar's sink. Raises StorageBroken."""
        upto, commits = batch
        try:
            if self._prepared is not None:
                bulk, tau = self._prepared
                assert commits[-1].tau == tau
                bulk.end_bulk(tau, self.current_tau)
                self._prepared = None
                self.current_tau = upto
                return
            if len(commits) == 1:
                tau, writes, deletes, _ = commits[0]
                if len(writes) == 1 and not deletes:
                    (key,) = writes
                    prefix = key[:4]
                    if prefix != CONTROL_PREFIX:
                        store = self._stores.get(prefix)
                        if store is not None and (not self._replaying or store.applied_tau < tau):
                            store.write_one(key[4:], writes[key], tau, self.current_tau)
                        self.current_tau = upto
                        return
            if commits and not self._apply_to_one(batch):
                self._apply_all(batch)
        except Exception as error:
            raise StorageBroken(f"the store cannot apply a commit: {error}") from error
        self.current_tau = upto

    def _apply_to_one(self, batch: Batch) -> bool:
        """Commits of keys of one environment and nothing else; False, with nothing done: there is more."""
        commits = batch.commits
        prefix = b""
        merged: Writes = {}
        for _, writes, deletes, _ in commits:
            if deletes:
                return False
            for key, value in writes.items():
                if key[:4] != prefix:
                    if prefix:
                        return False
                    prefix = key[:4]
                merged[key[4:]] = value
        if prefix == CONTROL_PREFIX or not prefix:
            return False
        store = self._stores.get(prefix)
        tau = commits[-1].tau
        if store is not None and (not self._replaying or store.applied_tau < tau):
            store.write([merged], tau, self.current_tau)
        return True

    def replay(self, commit: Commit) -> None:
        """A commit of the journal's tail at recovery; environments that have it skip it."""
        self._replaying = True
        try:
            self.apply(Batch(commit.tau, (commit,)))
        finally:
            self._replaying = False

    def _apply_all(self, batch: Batch) -> None:
        pending: dict[bytes, tuple[list[Operation], int]] = {}
        for commit in batch.commits:
            parts = _split(commit)
            controls = parts.pop(CONTROL_PREFIX, None)
            if controls is None:
                self._collect(pending, parts, commit.tau)
                continue
            # A creation copies its template as all commits before left it.
            self._write(pending)
            changes = [msgpack.decode(value) for value in controls[0].values() if value is not None]
            databases = [int.from_bytes(key, "big") for key in controls[0]]
            for database, change in zip(databases, changes, strict=True):
                if change[0] == "create":
                    self._create(database, change[1], commit.tau, parts.pop(prefix_of(database), []))
            self._collect(pending, parts, commit.tau)
            self._write(pending)
            for database, change in zip(databases, changes, strict=True):
                if change[0] == "drop":
                    self._drop(database, commit.tau)
        self._write(pending)

    def _collect(
        self, pending: dict[bytes, tuple[list[Operation], int]], parts: dict[bytes, list[Any]], tau: int
    ) -> None:
        for prefix, operations in parts.items():
            if prefix in pending:
                before = pending[prefix][0]
                first = operations[0]
                if len(operations) == 1 and isinstance(first, dict) and isinstance(before[-1], dict):
                    before[-1].update(first)
                else:
                    before.extend(operations)
                pending[prefix] = (before, tau)
            else:
                pending[prefix] = (operations, tau)

    def _write(self, pending: dict[bytes, tuple[list[Operation], int]]) -> None:
        for prefix, (operations, tau) in pending.items():
            store = self._stores.get(prefix)
            if store is not None and (not self._replaying or store.applied_tau < tau):
                store.write(operations, tau, self.current_tau)
        pending.clear()

    # --- databases ----------------------------------------------------------------------------

    def _create(self, database: int, template: int | None, tau: int, operations: list[Operation]) -> None:
        """Make a database and do what its commit does inside of it. Its tau says that both are done,
        before the template sees anything of that commit: so what a crash cut short is made again."""
        present = self._by_id.get(database)
        if present is not None:
            if present.applied_tau >= tau:
                return
            self._remove(database)
        source = self._by_id.get(template) if template is not None else None
        store = self.kept.create(database) if source is None else self.kept.branch(source, database)
        store.write(operations, tau, self.current_tau)
        self._add(database, store)

    def _drop(self, database: int, tau: int) -> None:
        store = self._by_id.get(database)
        if store is None or (self._replaying and store.applied_tau > tau):
            return
        self._remove(database)

    def _remove(self, database: int) -> None:
        store = self._by_id.pop(database)
        del self._stores[prefix_of(database)]
        if database in self._copying:
            self._dropped.append(store)
        else:
            store.close()
        self.kept.remove(database)
        if self.on_dropped is not None:
            self.on_dropped(database)

    def begin_copying(self, database: int) -> Store | None:
        """A store to be copied by a thread: it will not be closed before `end_copying`."""
        store = self._by_id.get(database)
        if store is not None:
            self._copying.add(database)
        return store

    def end_copying(self, database: int) -> bool:
        """Whether the database is still there."""
        self._copying.discard(database)
        for store in self._dropped:
            store.close()
        self._dropped.clear()
        return database in self._by_id

    def sync(self) -> None:
        for store in self._by_id.values():
            store.sync()

    def close(self) -> None:
        for store in self._by_id.values():
            store.close()
        self._by_id.clear()
        self._stores.clear()


def _split(commit: Commit) -> dict[bytes, list[Any]]:
    """A commit's operations by database prefix, without the prefixes; deletions come first."""
    parts: dict[bytes, list[Any]] = {}
    for low, high in commit.deletes:
        prefix = low[:4]
        end = high[4:] if high[:4] == prefix else b"\xff" * 512
        parts.setdefault(prefix, []).append((low[4:], end))
    writes = commit.writes
    if not writes:
        return parts
    first = min(writes)[:4]
    if max(writes)[:4] == first:
        part: Writes = {key[4:]: value for key, value in writes.items()}
        parts.setdefault(first, []).append(part)
        return parts
    split: dict[bytes, Writes] = {}
    for key, value in writes.items():
        split.setdefault(key[:4], {})[key[4:]] = value
    for prefix, part in split.items():
        parts.setdefault(prefix, []).append(part)
    return parts
