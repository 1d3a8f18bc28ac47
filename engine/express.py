"""The express way of a prepared statement: from Bind to CommandComplete in one call.

Most statements of most applications are a point plan (engine/compile/query.py), BEGIN or COMMIT, bound
to the unnamed portal, executed without a row limit, and followed by Sync. Bind and Execute then need
no portal of their own and no coroutine. An ExpressStatement knows what of all that can be decided
once per plan; `run` decides the rest, and says False, with nothing done, where the statement must
take the ordinary way (extended_protocol.py), whose results it must equal:

1. The plan is valid for the session's catalogs and settings as they are now.
2. The transaction has not failed, and has no catalog changes of its own.
3. Within a transaction block the unnamed portal is afterwards one that has run to its end.
4. Outside of blocks a statement that writes leaves what the retry of a lost commit needs (`_replay`).
"""

import time
from asyncio import Future
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from gaveldb.journal.api import Request
from pglast import ast

from .api import Output
from .errors import BindError, SqlError
from .execution import command_name
from .lockwait import StatementRestart, WouldBlock, begin_again, wait_steps
from .optimistic import new_transaction
from .parameters import Decoders, parameter_decoders
from .portal import Portal, PreparedStatement, StatementContext
from .statement import Plan
from .transaction import EPOCH_OFFSET_US, Transaction

if TYPE_CHECKING:
    from .extended_protocol import ExtendedProtocol

_time_ns = time.time_ns
_BEGIN = ("TRANS_STMT_BEGIN", "TRANS_STMT_START")


class ExpressPlan:
    """One point plan of one session, and how it is run."""

    begins: bool | None = None

    __slots__ = ("context", "count", "events", "plan", "pure", "rows", "session", "settings_key")

    def __init__(self, session: "ExtendedProtocol", plan: Plan, text: str) -> None:
        self.session = session
        self.plan = plan
        self.pure = _is_pure(plan)
        self.settings_key = plan.settings_key
        self.context = StatementContext(session, (), text)
        self.context.catalog = plan.catalog
        self.rows: bytes | None = None  # what `run` leaves: encoded rows, if the statement returns any
        self.count = 0  # and how many rows were returned or changed
        self.events = 0  # checks that were waiting when it began

    def tag(self, count: int) -> str:
        """The command tag."""
        return f"{self.plan.tag}{count}"

    def is_current(self) -> bool:
        """Whether the plan may run in the session as it is now."""
        session = self.session
        if session.failed:
            return False
        settings = session.settings
        if self.settings_key is not session._plan_settings or (
            settings.version != session._plan_settings_version
        ):
            if self.plan.settings_key != session.plan_settings():
                return False
            self.settings_key = session._plan_settings
        return settings.statement_fast

    def run_plan(self, transaction: Transaction, portal: Portal, context: StatementContext) -> None:
        """The statement as a command of the transaction."""
        plan = self.plan
        transaction.has_statements = True
        context.transaction = transaction
        self.events = len(transaction.deferred)
        if self.session.database.strong:
            raise WouldBlock
        if plan.locks is not None and (transaction.explicit or not plan.read_only):
            transaction.used.add(plan.locks)
        transaction.statement_timestamp = context.statement_timestamp = _time_ns() // 1000 - EPOCH_OFFSET_US
        context.transaction_timestamp = transaction.transaction_timestamp
        context.processed = 0
        self._run_again(transaction, portal, context)

    def _run_again(self, transaction: Transaction, portal: Portal, context: StatementContext) -> None:
        """The statement alone: after a wait for a lock nothing else of run_plan is to be repeated."""
        plan = self.plan
        if plan.read_only:
            rows = plan.point(context)  # type: ignore[misc]
            self.rows = portal.encode(context, rows) if rows else None
            self.count = len(rows)  # type: ignore[arg-type]
            return
        if transaction.read_only:
            transaction.forbid_if_read_only(command_name(plan))
        rows = plan.point(context)  # type: ignore[misc]
        self.rows = portal.encode(context, rows) if rows else None
        self.count = context.processed
        transaction.end_command()

    def read_alone(self, portal: Portal) -> Any:
        """A transaction of its own that only reads, on a snapshot that all share, of what is durable: b"I";
        None if its end has to be seen to; False, with nothing done, if it cannot be that simple. It is not
        counted among the snapshot's users, since nothing else runs before its end. Raises WouldBlock and
        StatementRestart, with the transaction still there."""
        session = self.session
        snapshot = session.database.settled_snapshot()
        if snapshot is None:
            return False
        transaction = session._spare
        if transaction is None:
            transaction = new_transaction(session)
            session.settings.start_transaction(transaction)
            if transaction.isolation == "serializable":
                return False
        else:
            session._spare = None
        now = _time_ns() // 1000 - EPOCH_OFFSET_US
        transaction.transaction_timestamp = now
        transaction.snapshot = snapshot
        transaction._catalog = transaction._catalog_base = self.plan.catalog
        session.transaction = transaction
        session.cancelled = None
        try:
            self.run_plan(transaction, portal, self.context)
        except (WouldBlock, StatementRestart):
            snapshot.users += 1  # which the end of the transaction takes back
            raise
        except BaseException as error:
            snapshot.users += 1
            raise session._statement_failed(error) from None
        if not self.pure or session.portals:
            snapshot.users += 1
            return None
        transaction.snapshot = None
        session.transaction = None
        if transaction.isolation == "read committed" and not transaction.read_only:
            session._spare = transaction
        return b"I"

    async def end_statement(self, output: Output) -> None:
        """What the statement has to wait for, then its answer."""
        session = self.session
        rows, count = self.rows, self.count
        try:
            await session._end_statement()
        except BaseException as error:
            raise session._statement_failed(error) from None
        if rows is not None:
            output.rows(rows)
        output.command_complete(self.tag(count))


class ExpressStatement(ExpressPlan):
    """One prepared statement of one session, for one plan."""

    __slots__ = ("prepared",)

    def __init__(self, session: "ExtendedProtocol", prepared: PreparedStatement) -> None:
        assert prepared.plan is not None
        super().__init__(session, prepared.plan, prepared.text)
        self.prepared = prepared

    def is_fresh(self) -> bool:
        """See api.ExpressStatement."""
        session = self.session
        transaction = session.transaction
        return self.plan.catalog is session.catalog and (
            transaction is None or not transaction.changed_catalog()
        )

    def binding(
        self, formats: tuple[int, ...], result_formats: tuple[int, ...]
    ) -> tuple[Portal, Decoders] | None:
        """See api.ExpressStatement."""
        prepared, plan = self.prepared, self.plan
        count = len(prepared.parameter_types)
        width = len(plan.columns or ())
        if len(formats) > 1 and len(formats) != count:
            return None
        if len(result_formats) > 1 and len(result_formats) != width:
            return None
        decoders = parameter_decoders(plan.catalog, prepared, formats, count)
        if not decoders.context_free:
            return None
        every = result_formats * width if len(result_formats) == 1 else result_formats or (0,) * width
        portal = Portal("", prepared, plan, self.context, every, plan.columns)
        portal.started = portal.done = True
        if plan.columns is not None:
            portal.encode = self.session.row_encoder(plan, every)
        return portal, decoders

    def run(self, portal: Portal, decoders: Decoders, values: Sequence[bytes | None], output: Output) -> Any:
        """See api.ExpressStatement."""
        session = self.session
        plan = self.plan
        transaction = session.transaction
        if transaction is None:
            if plan.catalog is not session.database.catalog or session._temporary_rows:
                return False
            if not plan.read_only:
                return self._run_alone(portal, decoders, values, output)
            context = self.context
            try:
                context.params = decoders.decode(context, values)
            except SqlError as error:
                raise BindError(error) from None
            try:
                return self.read_alone(portal)
            except (WouldBlock, StatementRestart) as reason:
                return self._wait(reason, portal, output)
        if not transaction.explicit:
            return False
        transaction.take_snapshot()
        if transaction._catalog is not plan.catalog or transaction._catalog_changes:
            return False
        context = self.context
        try:
            context.params = decoders.decode(context, values)
        except SqlError as error:
            raise BindError(session._statement_failed(error)) from None
        try:
            self.run_plan(transaction, portal, context)
        except (WouldBlock, StatementRestart) as reason:
            return self._wait(reason, portal, output)
        except BaseException as error:
            raise session._statement_failed(error) from None
        session.portals[""] = portal
        if transaction.waits or transaction.deferred:
            return self.end_statement(output)
        return b"T"

    def _run_alone(
        self, portal: Portal, decoders: Decoders, values: Sequence[bytes | None], output: Output
    ) -> Any:
        """A transaction of its own that writes, and may have to be run again at Sync."""
        session = self.session
        plan = self.plan
        context = self.context = StatementContext(session, (), self.prepared.text)
        context.catalog = plan.catalog
        try:
            context.params = decoders.decode(context, values)
        except SqlError as error:
            raise BindError(error) from None
        session._replay_mark = output.mark()
        session._begin_statement()
        transaction = session.transaction
        assert transaction is not None
        try:
            self.run_plan(transaction, portal, context)
        except (WouldBlock, StatementRestart) as reason:
            return self._wait(reason, portal, output)
        except BaseException as error:
            raise session._statement_failed(error) from None
        again = Portal("", self.prepared, plan, context, portal.formats, plan.columns)
        session._replay = [(again, output)]
        if transaction.waits or transaction.deferred:
            return self.end_statement(output)
        return None

    def _wait(self, reason: BaseException, portal: Portal, output: Output) -> Any:
        """What is left to do of a statement that has to wait for a lock, or to begin again."""
        begin_again(self.context, self.events, fresh=False)
        request = getattr(reason, "request", None)
        if request is None:
            return self._slowly(portal, output)
        return self._wait_steps(request, portal, output)

    def _wait_steps(self, request: Request, portal: Portal, output: Output) -> Generator[Any, Any, None]:
        """Wait for the lock, run the statement again, and so on; then its answer."""
        session, context = self.session, self.context
        transaction = session.transaction
        assert transaction is not None
        try:
            while True:
                yield from self._wait_for(request)
                try:
                    self._run_again(transaction, portal, context)
                    break
                except (WouldBlock, StatementRestart) as reason:
                    begin_again(context, self.events, fresh=False)
                    following = getattr(reason, "request", None)
                if following is None:
                    yield from self._slowly(portal, output).__await__()
                    return
                request = following
        except BaseException as error:
            raise session._statement_failed(error) from None
        if transaction.explicit:
            session.portals[""] = portal
        else:
            again = Portal("", self.prepared, self.plan, context, portal.formats, self.plan.columns)
            session._replay = [(again, output)]
        if transaction.waits or transaction.deferred:
            yield from self.end_statement(output).__await__()
            return
        if self.rows is not None:
            output.rows(self.rows)
        output.command_complete(self.tag(self.count))

    def _wait_for(self, request: Request) -> Generator[Any, Any, None]:
        session = self.session
        steps = wait_steps(session, request)
        try:
            for item in steps:
                session.waiting = item
                yield item
                session.waiting = None
                session.check_interrupts()
        finally:
            session.waiting = None
            steps.close()

    def _slowly(self, portal: Portal, output: Output) -> Any:
        """The ordinary way, for a statement of which nothing is left as yet."""
        session = self.session
        waiting = Portal("", self.prepared, self.plan, self.context, portal.formats, self.plan.columns)
        session.portals[""] = waiting
        if session.transaction is not None and not session.transaction.explicit:
            session._replay = []
        return session._execute_slowly(waiting, 0, output)


class ExpressControl:
    """BEGIN or COMMIT."""

    columns = None
    count = 0
    rows = None

    __slots__ = ("_tag", "begins", "session")

    def __init__(self, session: "ExtendedProtocol", statement: Any) -> None:
        self.session = session
        kind = statement.kind.name
        self.begins = kind in _BEGIN
        self._tag = "COMMIT" if not self.begins else "BEGIN" if kind == _BEGIN[0] else "START TRANSACTION"

    def tag(self, count: int) -> str:
        """The command tag."""
        return self._tag

    def binding(self, formats: tuple[int, ...], result_formats: tuple[int, ...]) -> tuple[None, None] | None:
        """There is nothing to bind; result formats do not matter."""
        return None if len(formats) > 1 or len(result_formats) > 1 else (None, None)

    def run_query(self, text: str, literals: Sequence[str], output: Output, mark: int) -> Any:
        """See api.ExpressQuery."""
        self.session.current_query = text
        self.session.forget_unnamed()
        return self.run(None, None, (), output)

    def is_fresh(self) -> bool:
        """See api.ExpressStatement."""
        return True

    def is_current(self) -> bool:
        """Whether it may run in the session as it is now."""
        return not self.session.failed and self.session.settings.statement_fast

    def run(self, portal: None, decoders: None, values: Sequence[bytes | None], output: Output) -> Any:
        """See api.ExpressStatement."""
        session = self.session
        transaction = session.transaction
        if self.begins:
            if transaction is not None:
                return False
            session.begin_explicit()
            return b"T"
        if transaction is None or not transaction.explicit:
            return False
        if transaction.has_writes:
            future = session.commit_at_once(output.acknowledge)
            if future is not None:
                if future.done() and future.exception() is None:
                    session._committed(transaction)
                    return b"I"
                return CommitStep(session, transaction, future, output)
        elif (
            not (transaction.deferred or transaction.waits)
            and session.ends_quietly()
            and not session.unsettled(transaction)
        ):
            session.end_quietly()
            return b"I"
        return self._commit(output)

    async def _commit(self, output: Output) -> None:
        session = self.session
        try:
            await session._commit()
        except BaseException as error:
            raise session._statement_failed(error) from None
        output.command_complete("COMMIT")


class CommitStep:
    """The wait for a commit, as a coroutine would do it: `send` gives the Future, then ends."""

    __slots__ = ("_future", "_lost", "_output", "_session", "_transaction")

    def __init__(
        self,
        session: "ExtendedProtocol",
        transaction: Transaction,
        future: "Future[int]",
        output: Output,
    ) -> None:
        self._session = session
        self._transaction = transaction
        self._future = future
        self._output = output
        self._lost: BaseException | None = None

    def send(self, _: None) -> Any:
        """The next thing to wait for; StopIteration at the end, or the error of the COMMIT."""
        if self._lost is not None:
            raise self._lost
        future = self._future
        if not future.done():
            return future
        session = self._session
        error = future.exception()
        if error is None:
            session._committed(self._transaction)
            self._output.command_complete("COMMIT")
            raise StopIteration
        winner = session._commit_lost(error)
        lost = session._statement_failed(session.engine.commit_error(error))
        if winner is None:
            raise lost
        self._lost = lost
        return winner


Express = ExpressStatement | ExpressControl


def express(session: "ExtendedProtocol", prepared: PreparedStatement) -> Express | None:
    """The express way of a prepared statement, if it has one."""
    plan = prepared.plan
    if plan is None or plan.failure is not None:
        return None
    if plan.utility is not None:
        return express_control(session, plan.utility)
    if plan.point is None or session.engine.dsql:
        return None
    return ExpressStatement(session, prepared)


def express_control(session: "ExtendedProtocol", statement: Any) -> ExpressControl | None:
    """The express way of a raw statement, if it is a plain BEGIN or COMMIT."""
    if not isinstance(statement, ast.TransactionStmt) or statement.options or statement.chain:
        return None
    if statement.kind.name not in _BEGIN and statement.kind.name != "TRANS_STMT_COMMIT":
        return None
    return ExpressControl(session, statement)


def _is_pure(plan: Plan) -> bool:
    """Whether running it leaves nothing behind that the end of a transaction would have to see to."""
    from .plan.clauses import query_is_volatile

    query = plan.query
    return (
        plan.read_only
        and query is not None
        and not query.rowMarks
        and not query_is_volatile(plan.catalog, query)
    )
