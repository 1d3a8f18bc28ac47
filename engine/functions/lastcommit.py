"""gaveldb.last_commit(): what became of the session's last commit that wrote."""

from typing import Any

from ..registry import implements
from ..transaction import EPOCH_OFFSET_US
from ..values import Record
from .catalog import record

_LAST_COMMIT = (
    ("tau", 20),
    ("committed_at", 1184),
    ("journal", 23),
    ("group_size", 23),
    ("group_bytes", 20),
    ("lock_wait_ms", 701),
    ("durable_ms", 701),
    ("sync_ms", 701),
)


@implements("gaveldb_last_commit", context=True)
def last_commit(ctx: Any) -> Record | None:
    """What the session and the pipeline know of the session's last commit that wrote. The pipeline forgets
    groups after a while; lock waits are those of the transaction."""
    session = ctx.session
    if session.last_commit is None:
        return None
    future, began = session.last_commit
    tau = future.result()
    began += EPOCH_OFFSET_US
    waited = sum(lasted for at, lasted in session.lock_waits if began <= at <= tau) / 1000
    group = session.engine.commit_group(tau)
    of_group: tuple[Any, ...] = (None,) * 5
    if group is not None:
        sync = round(group.seconds * 1000, 3) if group.seconds else None
        durable = (group.durable_at - tau) / 1000
        of_group = (group.journal, group.size, group.bytes, durable, sync)
    journal, size, length, durable_ms, sync_ms = of_group
    values = (tau, tau - EPOCH_OFFSET_US, journal, size, length, waited, durable_ms, sync_ms)
    return record(_LAST_COMMIT, values)
