"""Opening and closing: recovery, and the wiring of journal, crossbar and store.

Recovery:
1. Lock the directory. If the store is not to be trusted (the machine stopped without a clean
   close, or it is ahead of the journal), make it again from the last checkpoint.
2. Open the journals (a torn tail is cut) and replay, in tau order, what the environments lack:
   after the checkpoint's floor, or after what every environment is known to have.
3. Start the pipeline: the store is the crossbar's sink, and is asked for room before each commit.
"""

import asyncio
import logging
from pathlib import Path

from gaveldb.journal.api import Clock, Committer, Feed, Host, Pipeline, SystemHost, open_pipeline

from .checkpoint import Checkpoints
from .directory import DataDirectory
from .environments import Environments
from .stores import LmdbStores, MemoryStores, Stores

CHECKPOINT_JOURNAL_MIN = 256 << 20

_log = logging.getLogger("gaveldb.storage")


class OpenStorage:
    """Everything below the engine, running."""

    def __init__(
        self,
        pipeline: Pipeline,
        storage: Environments,
        directory: DataDirectory | None,
        checkpoints: Checkpoints | None,
        *,
        checkpoint_journal_min: int = CHECKPOINT_JOURNAL_MIN,
    ) -> None:
        self.committer: Committer = pipeline
        self.feed: Feed = pipeline.feed
        self.storage = storage
        self.pipeline = pipeline
        self._directory = directory
        self._checkpoints = checkpoints
        self._checkpoint_journal_min = checkpoint_journal_min
        self._checkpoint_task: asyncio.Task[None] | None = None
        self._checkpoint_lock = asyncio.Lock()
        self._closed = False
        if checkpoints is not None:
            pipeline.after_commit = self._maybe_checkpoint
            storage.on_dropped = checkpoints.forget

    async def checkpoint(self) -> None:
        """Take a checkpoint and let go of the journal before it. Nothing to do in memory."""
        if self._checkpoints is None:
            return
        async with self._checkpoint_lock:
            self.storage.written_bytes = 0
            floor = await self._checkpoints.take(self.storage, self.pipeline.durable)
            self.pipeline.truncate_before(floor)

    def _maybe_checkpoint(self) -> None:
        """When the journal since the last checkpoint exceeds max(256 MB, half the store)."""
        written = self.storage.written_bytes
        if written < self._checkpoint_journal_min or self._checkpoint_task is not None:
            return
        if written > sum(store.size() for _, store in self.storage.stores()) // 2:
            self._checkpoint_task = asyncio.get_running_loop().create_task(self._checkpoint_quietly())

    async def _checkpoint_quietly(self) -> None:
        try:
            await self.checkpoint()
        except Exception:
            _log.exception("checkpoint failed; it will be tried again")
        finally:
            self._checkpoint_task = None

    async def close(self) -> None:
        """Finish what has been admitted, sync everything, unlock. Snapshots are invalid after."""
        if self._closed:
            return
        self._closed = True
        if self._checkpoint_task is not None:
            await self._checkpoint_task
        await self.pipeline.close()
        if self._directory is not None:
            await asyncio.to_thread(self.storage.sync)
        self.storage.close()
        if self._directory is not None:
            if self.pipeline.broken is None:
                self._directory.mark(clean=True)
            self._directory.close()


def open_storage(
    data_dir: Path | str | None,
    *,
    journals: int = 1,
    clock: Clock | None = None,
    checkpoint_journal_min: int = CHECKPOINT_JOURNAL_MIN,
    host: Host | None = None,
    stores: Stores | None = None,
) -> OpenStorage:
    """See storage/api.py. `host` and `stores` are for simulations."""
    host = host if host is not None else SystemHost()
    if data_dir is None:
        memory = Environments(MemoryStores())
        pipeline = open_pipeline(None, clock, journals=journals, host=host)
        return _start(OpenStorage(pipeline, memory, None, None), 0)
    directory = DataDirectory(Path(data_dir), host)
    if stores is None:
        stores = LmdbStores(directory.store, depth=journals + 1)
    try:
        checkpoints = Checkpoints(directory.checkpoint, host.disk)
        trusted = directory.store_is_trusted()
        if trusted:
            directory.mark(clean=False)
        else:
            checkpoints.restore(stores)
        environments = Environments(stores)
        known = checkpoints.floor()
        if trusted:
            known = max(known, *(store.batch_start for _, store in environments.stores()))
        applied = max(known, *(store.applied_tau for _, store in environments.stores()))
        pipeline = open_pipeline(directory.journal, clock, journals=journals, start_tau=applied, host=host)
        ahead = any(store.applied_tau > pipeline.journaled_tau for _, store in environments.stores())
        if trusted and ahead:  # a sync has failed, and what it was to write is lost: nobody was told of it
            trusted = False
            directory.distrust()
            environments.close()
            checkpoints.restore(stores)
            environments = Environments(stores)
            known = checkpoints.floor()
        environments.current_tau = known
        environments.on_dropped = checkpoints.forget
        for commit in pipeline.history(known):
            environments.replay(commit)
        if not trusted:  # before, copies of several taus do not know of one another
            directory.mark(clean=False)
    except BaseException:
        directory.close()
        raise
    opened = OpenStorage(
        pipeline, environments, directory, checkpoints, checkpoint_journal_min=checkpoint_journal_min
    )
    return _start(opened, applied)


def _start(opened: OpenStorage, upto: int) -> OpenStorage:
    pipeline, storage = opened.pipeline, opened.storage
    pipeline.start(upto, storage.apply)
    storage.current_tau = opened.committer.current_tau
    pipeline.reserve = storage.reserve
    pipeline.prepare = storage.prepare
    return opened
