"""The end of statements and transactions: COMMIT, ROLLBACK, what an error leaves behind."""

import time
from asyncio import Future
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gaveldb.journal.errors import JournalFull, SerializationFailure
from gaveldb.storage.errors import StorageFull

from .errors import SqlError
from .optimistic import new_transaction
from .portal import Portal
from .serializable import prepare
from .sessionstate import SessionState
from .sqlstates import (
    IN_FAILED_SQL_TRANSACTION,
    QUERY_CANCELED,
)
from .stepping import settle
from .transaction import Transaction


class TransactionEnd(SessionState):
    """COMMIT and ROLLBACK of a Session."""

    def check_interrupts(self, deadline: float | None = None) -> None:
        """Raise 57014 if the statement was cancelled or has run into statement_timeout."""
        if self.cancelled is not None:
            error, self.cancelled = self.cancelled, None
            raise error
        if deadline is not None and time.monotonic() > deadline:
            raise SqlError(QUERY_CANCELED, "canceling statement due to statement timeout")

    def drain_portals(self) -> None:
        """Open portals keep what they see: read their remaining rows before the snapshot changes or
        this transaction writes."""
        for portal in self.portals.values():
            if portal is self._driven or portal.plan is None or not portal.plan.read_only:
                continue
            if portal.plan.query is not None and portal.plan.query.rowMarks:
                continue  # it locks rows as they are fetched; its snapshot stays open
            if portal.position is not None:
                portal.position.drain()
                continue
            running = portal.running
            if running is not None and portal.started and portal.plan.utility is None:
                rows = portal.rows
                for item in running:
                    if type(item) is list:
                        rows = rows + item
                portal.rows = rows
                portal.running = None

    def has_locking_portals(self) -> bool:
        """Whether there are cursors FOR UPDATE or the like."""
        return any(
            portal.plan is not None and portal.plan.query is not None and portal.plan.query.rowMarks
            for portal in self.portals.values()
        )

    def _check_failed(self, statement: Any, node: str) -> None:
        if self.failed:
            if node == "TransactionStmt" and statement is not None and statement.kind.name in _IN_FAILED:
                return
            raise in_failed_transaction()

    async def _commit(self) -> None:
        """Commit the transaction, implicit or explicit."""
        for item in self.commit_steps():
            await settle(item)

    def commit_steps(self) -> Iterator[Any]:
        """Commit: yields breaths and Futures whose results it takes itself."""
        transaction = self.transaction
        assert transaction is not None
        try:
            yield from self.commit_checks(transaction)
            if self.portals:
                yield from self._end_portals_commit()
            if self._on_commit:
                from .ddl.oncommit import on_commit_actions

                on_commit_actions(self)
            unsettled = self.unsettled(transaction)
            if transaction.has_writes:
                request = yield from transaction.commit_request_steps()
                transaction.release()
                if request is not None:
                    if self.faults is not None:
                        yield from self.faults.at_commit(request)
                    reservation = self.engine.reservation()
                    if reservation is not None:
                        yield reservation
                    future = self.engine.commit(request, self._hand_over(transaction))
                    self.committing = transaction.sent = future
                    yield future
                    future.result()
            if unsettled and transaction.sent is None:
                yield from self._settled(unsettled)
        except BaseException as error:
            winner = self._commit_lost(error)
            if winner is not None:
                yield winner
            lost = self.engine.commit_error(error)
            if transaction.continues and isinstance(lost, SqlError):
                lost.retryable = False
            raise lost from None
        self._committed(transaction)

    def commit_checks(self, transaction: Transaction) -> Iterator[Any]:
        """The last that a transaction may fail of before its writes go to the adjudicator."""
        if transaction.deferred:
            from .run.deferred import check_all

            yield from check_all(transaction)
            transaction.end_command()
        waits = transaction.waits
        while waits:
            future = waits.pop()
            yield future
            future.result()
        if transaction.serial is not None:
            prepare(transaction, transaction.serial)

    def commit_at_once(self, acknowledge: Callable[[], None]) -> "Future[int] | None":
        """COMMIT of a transaction that has nothing but writes, as far as the journal: the Future whose end
        `_committed` or `_commit_lost` must follow. None, with nothing done: `commit_steps` is needed.
        `acknowledge` may be called when the commit is sure, and nothing will be sent but its tag."""
        transaction = self.transaction
        assert transaction is not None
        if (
            transaction.deferred
            or transaction.waits
            or self.faults is not None
            or self.engine.is_reserving()
            or transaction.is_large()
            or not self.ends_quietly()
        ):
            return None
        request = transaction.commit_request()
        if request is None:
            return None
        self.portals.clear()
        transaction.release()
        quiet = not (self.settings.dirty or transaction.on_commit)
        acknowledge_quietly = acknowledge if quiet else None
        future = self.engine.commit_alone(request, acknowledge_quietly, self._hand_over(transaction))
        transaction.sent = future
        return future

    def _hand_over(self, transaction: Transaction) -> Callable[[], None] | None:
        """What is done as soon as the writes are applied, be they durable or not: others get the locks. None
        if nobody may see them before they are durable (new definitions, and what files depend on), or if
        there is more to be done before others get the locks."""
        if (
            transaction.changed_catalog()
            or transaction.raw_writes
            or transaction.range_deletes
            or transaction.on_commit
        ):
            return None
        if transaction.serial is not None:
            return partial(self._hand_over_serial, transaction)
        return transaction.release_locks

    def _hand_over_serial(self, transaction: Transaction) -> None:
        serial, transaction.serial = transaction.serial, None
        if serial is not None:
            self.database.serializer.end(serial, True)
        transaction.release_locks()

    def unsettled(self, transaction: Transaction) -> int:
        """The tau that must be durable before anybody is told that a transaction without writes of its own is
        committed: that of the newest state that it has seen. 0 if it is."""
        seen: int = transaction.seen_tau
        snapshot = transaction.snapshot
        if snapshot is not None and snapshot.tau > seen:
            seen = snapshot.tau
        return seen if seen > self.engine.committer.durable_tau else 0

    def _settled(self, tau: int) -> Iterator[Any]:
        future = self.engine.committer.durable(tau)
        if future is not None:
            yield future
            future.result()

    def _commit_lost(self, error: BaseException) -> Any:
        """The end of a transaction whose COMMIT failed; perhaps something to wait for: whoever tries again at
        once must see what it lost against."""
        self._abort()
        if isinstance(error, SerializationFailure):
            return self.engine.applied(error.committed_at)
        return None

    def _committed(self, transaction: Transaction) -> None:
        """The end of a transaction whose writes, if any, are durable and applied."""
        self.transaction = None
        transaction.release()
        if transaction.serial is not None:
            self.database.serializer.end(transaction.serial, True)
        transaction.release_locks()
        if transaction.explicit:
            self.engine.blocks -= 1
        if transaction.has_writes:
            transaction.apply_temporary()
            if transaction.sent is not None:
                self.last_commit = transaction.sent, transaction.transaction_timestamp
        for hook in transaction.on_commit:
            hook()
        if transaction.notifications:
            self.engine.notify(self, transaction.notifications)
        self.settings.commit()

    def begin_explicit(self, like: Transaction | None = None) -> None:
        """BEGIN, or the next transaction of AND CHAIN with the modes of the last one."""
        transaction = self.transaction
        if transaction is None:
            transaction = new_transaction(self)
            self.settings.start_transaction(transaction)
            self.transaction = transaction
            self.cancelled = None
        if not transaction.explicit:
            transaction.explicit = True
            self.engine.blocks += 1
        if like is not None:
            transaction.isolation = like.isolation
            transaction.read_only = like.read_only
            transaction.deferrable = like.deferrable

    def _implicit_end_readonly(self) -> None:
        """The end of an implicit transaction that has written nothing."""
        transaction = self.transaction
        if transaction is None:
            return
        if transaction.explicit:
            return
        portals = self.portals
        if portals:
            for name, portal in list(portals.items()):
                if not portal.stored:
                    if portal.running is not None:
                        close_running(portal)
                    del portals[name]
        self.transaction = None
        transaction.release()
        if transaction.serial is not None:
            self.database.serializer.end(transaction.serial, True)
        transaction.release_locks()
        settings = self.settings
        dirty = settings.dirty
        if dirty:
            settings.commit()
        if (
            not dirty  # a transaction has the modes that were the default when it was made
            and not transaction.has_writes
            and not transaction.on_commit
            and not transaction.reads
            and not transaction.pending
            and not transaction.changed_catalog()
            and not transaction.xid
            and transaction.isolation == "read committed"
            and not transaction.read_only
        ):
            self._spare = transaction
        else:
            for hook in transaction.on_commit:
                hook()

    def ends_quietly(self) -> bool:
        """Whether COMMIT of the transaction is, but for what it has written, no more than to forget it."""
        transaction = self.transaction
        assert transaction is not None
        portals = self.portals
        return not (
            transaction.serial is not None
            or self._on_commit
            or transaction.notifications
            or transaction.raw_writes
            or (portals and (len(portals) > 1 or "" not in portals or not portals[""].done))
        )

    def end_quietly(self) -> None:
        """COMMIT, if `ends_quietly`."""
        transaction = self.transaction
        assert transaction is not None
        self.portals.clear()
        self._committed(transaction)

    def _abort(self) -> None:
        """Roll back and forget the transaction."""
        transaction = self.transaction
        self.transaction = None
        if self.portals:
            self._end_portals()
        if transaction is not None:
            transaction.release()
            if transaction.serial is not None:
                self.database.serializer.end(transaction.serial, False)
            transaction.release_locks()
            if transaction.explicit:
                self.engine.blocks -= 1
            for hook in transaction.on_abort:
                hook()
        self.settings.rollback()
        self.settings_changed()

    def _end_portals_commit(self) -> Iterator[Any]:
        """At COMMIT: cursors WITH HOLD are read to their end, all other portals close."""
        for name, portal in list(self.portals.items()):
            if portal.declared and portal.holdable:
                if not portal.stored:
                    yield from portal.position.read_to(2**63)
                    portal.stored = True
                continue
            close_running(portal)
            del self.portals[name]

    def _end_portals(self) -> None:
        """At ROLLBACK: only cursors held since an earlier transaction stay."""
        for name, portal in list(self.portals.items()):
            if not portal.stored:
                close_running(portal)
                del self.portals[name]

    def _statement_failed(self, error: BaseException) -> BaseException:
        """Put the transaction into the state that an error leaves it in; returns the error to raise."""
        if isinstance(error, (SerializationFailure, JournalFull, StorageFull)):
            error = self.engine.commit_error(error)
        elif isinstance(error, RecursionError):
            from .sqlstates import STATEMENT_TOO_COMPLEX

            error = SqlError(
                STATEMENT_TOO_COMPLEX,
                "stack depth limit exceeded",
                hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), after '
                "ensuring the platform's stack depth limit is adequate.",
            )
        elif isinstance(error, MemoryError):
            from .sqlstates import OUT_OF_MEMORY

            error = SqlError(OUT_OF_MEMORY, "out of memory")
        transaction = self.transaction
        if transaction is None:
            return error
        transaction.abort_command()
        if transaction.explicit:
            self.failed = True
            points = transaction.savepoints
            if points:
                transaction.release_locks_after(points[-1].locks)
            else:
                transaction.release_locks()
                if transaction.serial is not None:
                    self.database.serializer.end(transaction.serial, False)
        else:
            self._abort()
        return error

    def rollback_failed(self) -> None:
        """ROLLBACK (or COMMIT of a failed transaction)."""
        self.failed = False
        self._abort()


def close_running(portal: Portal) -> None:
    """Stop a portal's plan where it is."""
    running = portal.running
    portal.running = None
    close = getattr(running, "close", None)
    if close is not None:
        close()


def in_failed_transaction() -> SqlError:
    return SqlError(
        IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )


_IN_FAILED = frozenset(
    (
        "TRANS_STMT_COMMIT",
        "TRANS_STMT_ROLLBACK",
        "TRANS_STMT_ROLLBACK_TO",
        "TRANS_STMT_PREPARE",
    )
)
