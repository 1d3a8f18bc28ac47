"""Bugs put in on purpose, one line each, to see that the simulation finds them.

Each is a context manager that patches the code under test. `find` runs seeds until one has a finding.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from gaveldb.journal.adjudicator import Adjudicator
from gaveldb.journal.api import Commit
from gaveldb.journal.crossbar import Crossbar, _Asynchronous
from gaveldb.journal.log import SegmentLog
from gaveldb.journal.pipeline import Pipeline
from gaveldb.journal.window import Generation, Window
from gaveldb.storage import checkpoint
from gaveldb.storage.checkpoint import Checkpoints
from gaveldb.storage.directory import DataDirectory
from gaveldb.storage.environments import Environments
from gaveldb.storage.memory_store import MemoryStore

from .run import run_seed

Patch = Callable[[], AbstractContextManager[Any]]


def replaced(owner: Any, name: str, function: Callable[..., Any]) -> Patch:
    """`function` gets the method it replaces first."""
    original = getattr(owner, name)

    def patched(*args: Any, **named: Any) -> Any:
        return function(original, *args, **named)

    return lambda: mock.patch.object(owner, name, patched)


def _nothing(original: Any, *args: Any) -> None:
    return None


# --- adjudicator ---------------------------------------------------------------------------------


def _forget_older_generation(original: Any, self: Window, tau: int) -> None:
    """The horizon stays where it was when keys are forgotten."""
    horizon = self.horizon
    original(self, tau)
    self.horizon = horizon


def _off_by_one(original: Any, self: Generation, low: bytes, high: bytes, after: int) -> Any:
    """The commit right after the base is overlooked."""
    return original(self, low, high, after + 1)


# --- journal -------------------------------------------------------------------------------------


def _append_unsynced(original: Any, self: SegmentLog, entries: Any) -> None:
    """One sync in eight is left out."""
    sync = self._fdatasync
    if entries[-1][0] % 8 == 0:
        self._fdatasync = lambda descriptor: None
    try:
        original(self, entries)
    finally:
        self._fdatasync = sync


def _done_at_once(original: Any, self: Pipeline) -> None:
    """What is written is said to be durable, without a sync."""
    self._syncing = len(self._unsynced)
    self._synced(None)


def _forget_the_rest(original: Any, self: Pipeline, tau: int) -> None:
    """What has been applied is taken for durable."""
    unsynced, self._unsynced = self._unsynced, type(self._unsynced)()
    original(self, max(tau, self.crossbar.upto))
    self._unsynced = unsynced


def _copies_early(original: Any, future: Any) -> Any:
    """Checkpoints do not wait for the journal."""
    return original(None)


def _keep_failed_group(original: Any, self: SegmentLog, error: OSError) -> None:
    """What was written of a group that did not fit stays in the file."""
    with mock.patch.object(self._disk, "ftruncate", lambda descriptor, size: None):
        original(self, error)


def _unsynced_names(original: Any, self: SegmentLog, start_tau: int) -> None:
    """The name of a new segment is not made durable."""
    with mock.patch.object(self._disk, "sync_directory", lambda path: None):
        original(self, start_tau)


# --- crossbar ------------------------------------------------------------------------------------


def _highest_watermark(original: Any, self: Crossbar, journal: int, commits: Any, upto: int) -> None:
    """Deliver what one journal has, whatever the others may still bring."""
    with mock.patch("gaveldb.journal.crossbar.min", max, create=True):
        original(self, journal, commits, upto)


def _drop_overflow(original: Any, self: _Asynchronous, batch: Any) -> None:
    """A buffer that overflows is emptied, and that is all."""
    original(self, batch)
    self._lagging = False


def _answer_early(original: Any, self: Pipeline, group: Any) -> None:
    """With several journals a group is answered when it is durable, not when it is delivered."""
    if len(self.journals) > 1 and group.error is None:
        for future, commit in zip(group.futures, group.commits, strict=True):
            if not future.done():
                future.set_result(commit.tau)
    original(self, group)


# --- store ---------------------------------------------------------------------------------------


def _no_notes(original: Any, self: MemoryStore, writes: Any) -> None:
    """Open snapshots see what is committed later."""
    opened, self._open = self._open, {}
    original(self, writes)
    self._open = opened


def _first_environment_only(original: Any, self: Environments, pending: Any) -> None:
    """Of a batch that touches three environments, the last gets nothing."""
    if len(pending) > 2:
        pending.popitem()
    original(self, pending)


def _deletes_last(original: Any, self: MemoryStore, operations: Any, tau: int, start: int) -> None:
    """Ranges are emptied after the writes of the same commit."""
    original(self, sorted(operations, key=lambda operation: not isinstance(operation, dict)), tau, start)


# --- recovery ------------------------------------------------------------------------------------


def _replay_too_little(original: Any, self: Environments, commit: Commit) -> None:
    """A commit that some environment has is taken to be in all of them."""
    if all(store.applied_tau < commit.tau for _, store in self.stores()):
        original(self, commit)


def _trust(original: Any, self: DataDirectory) -> bool:
    """The store is trusted although the machine has stopped."""
    return self._disk.exists(self.path / "BOOT")


def _floor_too_high(original: Any, self: Checkpoints, floor: int) -> None:
    """The floor says more than the copies have."""
    original(self, floor + 3_000)


def _without_loads(original: Any, self: Adjudicator, tau: int, writes: Any, deletes: Any, runs: Any) -> None:
    """The rows of loads are taken for nobody else's."""
    original(self, tau, writes, deletes, ())


MUTATIONS: dict[str, Patch] = {
    "adjudicator: read ranges are not validated": replaced(Adjudicator, "_check_range", _nothing),
    "adjudicator: range deletes of others are not looked at": replaced(Adjudicator, "_check_spans", _nothing),
    "adjudicator: loads are not checked": replaced(Adjudicator, "_check_runs", _nothing),
    "adjudicator: loads are not remembered": replaced(Adjudicator, "_record", _without_loads),
    "adjudicator: marks are forgotten": replaced(Window, "mark", _nothing),
    "adjudicator: marks are not looked at": replaced(Adjudicator, "_check_kept", _nothing),
    "adjudicator: the horizon stays behind": replaced(Window, "_turn", _forget_older_generation),
    "adjudicator: ranges overlook the first commit": replaced(Generation, "committed_in", _off_by_one),
    "journal: a sync is left out": replaced(SegmentLog, "append", _append_unsynced),
    "journal: a failed group stays": replaced(SegmentLog, "_take_back", _keep_failed_group),
    "journal: the name of a segment is not synced": replaced(SegmentLog, "_create", _unsynced_names),
    "crossbar: the highest watermark": replaced(Crossbar, "advance", _highest_watermark),
    "crossbar: an overflow is forgotten": replaced(_Asynchronous, "take", _drop_overflow),
    "pipeline: answered before it is delivered": replaced(Pipeline, "_merge", _answer_early),
    "pipeline: no sync while the loop goes on": replaced(Pipeline, "_sync", _done_at_once),
    "pipeline: what is applied passes for durable": replaced(Pipeline, "_settle", _forget_the_rest),
    "checkpoint: copies are ahead of the journal": replaced(checkpoint, "_wait", _copies_early),
    "store: snapshots move": replaced(MemoryStore, "_put", _no_notes),
    "store: an environment is left out": replaced(Environments, "_write", _first_environment_only),
    "store: deletes come last": replaced(MemoryStore, "write", _deletes_last),
    "recovery: too little is replayed": replaced(Environments, "replay", _replay_too_little),
    "recovery: the store is trusted after a reboot": replaced(DataDirectory, "store_is_trusted", _trust),
    "recovery: the checkpoint's floor is too high": replaced(Checkpoints, "_set_floor", _floor_too_high),
}


def find(name: str, seeds: Iterator[int]) -> tuple[int, str] | None:
    """The first of the seeds that finds the bug, and what it says."""
    with MUTATIONS[name]():
        for seed in seeds:
            world = run_seed(seed)
            if world.findings:
                return seed, world.findings[0]
    return None
