"""A client's session: settings, the current transaction, prepared statements and portals.

The life of a statement:

1. `simple_query` splits a text (statement.parse); `prepare`, `bind`, `execute`, `sync` are the
   extended protocol. Either way a statement becomes a Plan (statement.cached_plan).
2. `_begin_statement` gives it a transaction (implicit unless BEGIN made one) and a snapshot.
3. A plan with `point` runs as a plain function. Any other is an iterator of row batches: an empty
   batch is a breath, a Future is waited for (`_drive`).
4. The end of a statement merges its writes (Transaction.end_command); an implicit transaction
   commits after the last statement of a simple query, or at Sync.
5. COMMIT sends one request through the engine to the adjudicator. An implicit transaction that
   loses, and none of whose output has left, runs again from its first statement.

The class is built up in layers, each on the one before: state (sessionstate.py), the end of
statements and transactions (ending.py), running a statement (execution.py), the simple and the
extended protocol (simple_protocol.py, extended_protocol.py).
"""

from .ending import close_running
from .errors import SqlError
from .extended_protocol import ExtendedProtocol
from .sqlstates import QUERY_CANCELED


class Session(ExtendedProtocol):
    """One client's session (engine/api.py): the parts above one another, and what comes from outside."""

    def cancel(self) -> None:
        """A cancel request: the running statement ends at its next breath."""
        self.cancelled = SqlError(QUERY_CANCELED, "canceling statement due to user request")
        waiting = self.waiting
        if waiting is not None and not waiting.done() and getattr(waiting, "interruptible", False):
            waiting.cancel()

    def close(self) -> None:
        """The connection is gone."""
        self.failed = False
        if self.transaction is not None:
            self._abort()
        self.release_advisory_locks()
        for portal in self.portals.values():
            close_running(portal)
        self.portals.clear()
        self.engine.forget_session(self)
