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
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gaveldb.journal.errors import JournalFull, SerializationFailure
from gaveldb.storage.errors import StorageFull

from .api import Output
from .errors import Notice, SqlError
from .memory import Meter
from .parameters import parameter_decoders
from .portal import Portal, PreparedStatement, StatementContext
from .sqlstates import (
    ACTIVE_SQL_TRANSACTION,
    DUPLICATE_CURSOR,
    DUPLICATE_PSTATEMENT,
    FEATURE_NOT_SUPPORTED,
    IN_FAILED_SQL_TRANSACTION,
    INVALID_SQL_STATEMENT_NAME,
    PROTOCOL_VIOLATION,
    QUERY_CANCELED,
    SYNTAX_ERROR,
    T_R_SERIALIZATION_FAILURE,
)
from .statement import Plan, build_plan, cached_plan, parse
from .temporary import TemporaryStore
from .transaction import EPOCH_OFFSET_US, Transaction

RETRIES_MAX = 200
ROWS_BEFORE_BREATH = 2_000
TEMPORARY_ROWID_FIRST = 1 << 62


class _Breath:
    """Awaited, it gives the loop one turn."""

    __slots__ = ()

    def __await__(self) -> Any:
        yield None


BREATH = _Breath()


async def settle(item: Any) -> None:
    """Wait for what a generator yielded: a breath (None or an empty list) or a Future, whose result or
    exception the generator looks at itself."""
    if item is None or type(item) is list:
        await BREATH
        return
    try:
        await item
    except BaseException:
        if not item.done():
            raise


class Session:
    """One client's session (engine/api.py)."""

    def __init__(
        self, engine: Any, database: Any, role: int, output: Output, settings: Any, *, pid: int, peer: str, user: str
    ) -> None:
        self.engine = engine
        self.database = database
        self.pid = pid
        self.peer = peer
        self.user = user
        self.session_role = role
        self.role = role
        self.login_role = role
        self.settings = settings
        self.output: Output = output
        self.transaction: Transaction | None = None
        self.failed = False
        self.temporary = TemporaryStore()
        self.temporary_namespace = 0
        self.prepared_statements: dict[str, PreparedStatement] = {}
        self.portals: dict[str, Portal] = {}
        self.last_values: dict[int, int] = {}  # currval
        self.last_sequence = 0
        self.backend_start = time.time_ns() // 1000 - EPOCH_OFFSET_US
        self.query_start = 0
        self.current_query = ""
        self.cancelled: SqlError | None = None
        self.waiting: Any = None  # the Future that the running command waits for
        self.in_implicit_block = False  # several statements in one simple query
        self.functions: dict[Any, Any] = {}  # state of functions that keep some, e.g. random()
        self._on_commit: dict[int, str] = {}  # temporary tables: ONCOMMIT_DROP, ONCOMMIT_DELETE_ROWS
        self._temporary_rows: dict[int, dict[int, Any]] = {}
        self._temporary_next = TEMPORARY_ROWID_FIRST
        self._catalog: Any = None
        self._catalog_base: Any = None
        self._spare: Transaction | None = None
        self.transaction_locks: list[Any] = []  # advisory locks held for the transaction
        self.on_cancel: Any = None  # set by the server: cancels what runs, ends the connection
        self.on_terminate: Any = None
        self._driven: Portal | None = None  # the portal that runs at present
        self._replay: list[Any] | None = []
        self._replay_mark = -1
        self._plan_settings: Any = None
        self._plan_settings_version = -1
        self._analyze_context: Any = None

    # --- state ------------------------------------------------------------------------------------

    @property
    def status(self) -> bytes:
        """The transaction status of ReadyForQuery."""
        if self.failed:
            return b"E"
        transaction = self.transaction
        return b"T" if transaction is not None and transaction.explicit else b"I"

    @property
    def catalog(self) -> Any:
        """The catalogs as the next statement sees them."""
        transaction = self.transaction
        if transaction is not None and transaction.snapshot is not None:
            return transaction.catalog
        return self.current_catalog()

    def current_catalog(self) -> Any:
        """The database's newest catalogs, with this session's temporary objects."""
        shared = self.database.catalog
        if not self._temporary_rows:
            return shared
        if shared is not self._catalog_base:
            self._catalog_base = shared
            self._catalog = shared.evolve(self._temporary_rows)
        return self._catalog

    def temporary_catalog_rowid(self) -> int:
        """A row id for a catalog row of a temporary object."""
        self._temporary_next += 1
        return self._temporary_next

    def merge_temporary_catalog(self, changes: dict[int, dict[int, Any]]) -> None:
        """Catalog rows of temporary objects that a transaction has committed."""
        for relid, rows in changes.items():
            mine = self._temporary_rows.setdefault(relid, {})
            for rowid, row in rows.items():
                if row is None:
                    mine.pop(rowid, None)
                else:
                    mine[rowid] = row
        self._catalog_base = None

    def plan_settings(self) -> Any:
        """What plans depend on besides the catalogs: a hashable value."""
        settings = self.settings
        if settings.version != self._plan_settings_version:
            self._plan_settings_version = settings.version
            self._plan_settings = (self.role, self.session_role, self.temporary_namespace, settings.plan_key())
            self._analyze_context = None
        return self._plan_settings

    def settings_changed(self) -> None:
        """The role or something else outside `settings` that plans depend on has changed."""
        self._plan_settings_version = -1

    def search_path(self, catalog: Any) -> tuple[int, ...]:
        """The effective search path: namespace oids, pg_temp and pg_catalog included."""
        key = ("search_path", self.settings.search_path, self.role, self.temporary_namespace)
        path = catalog.cache.get(key)
        if path is None:
            from .catalog.namespaces import effective_search_path

            path = effective_search_path(catalog, self.settings.search_path, self.role, self.temporary_namespace)
            catalog.cache[key] = path
        return path  # type: ignore[no-any-return]

    def analyze_context(self) -> Any:
        """The AnalyzeContext of engine/bind for the session's current catalog."""
        from .bind.parse_state import AnalyzeContext

        catalog = self.catalog
        context = StatementContext(self, (), "")
        context.catalog = catalog
        context.transaction = self.transaction
        transaction = self.transaction
        now = time.time_ns() // 1000 - EPOCH_OFFSET_US
        context.transaction_timestamp = transaction.transaction_timestamp if transaction is not None else now
        context.statement_timestamp = transaction.statement_timestamp if transaction is not None else now
        return AnalyzeContext(
            catalog=catalog,
            search_path=self.search_path(catalog),
            role=self.role,
            settings=self.settings,
            ctx=context,
            temp_namespace=self.temporary_namespace,
        )

    def send_notice(self, notice: Notice) -> None:
        """A notice to the client, if client_min_messages lets it through."""
        if self.settings.lets_through(notice.severity):
            self.output.notice(notice)

    def parameters(self) -> Mapping[str, str]:
        """The settings that are reported to the client."""
        return self.settings.reported()  # type: ignore[no-any-return]

    # --- the simple protocol ------------------------------------------------------------------------

    async def simple_query(self, text: str, output: Output) -> None:
        """Everything between Query and ReadyForQuery."""
        self.output = output
        self.current_query = text
        try:
            literal = None
            if self.transaction is None or not self.failed:
                literal = self.engine.literal_plans.find(self, text)
            if literal is not None:
                plan, params = literal
                await self._simple_single(plan, params, text, output)
            else:
                await self._simple_texts(text, output)
        except BaseException as error:
            raise self._statement_failed(error) from None

    async def _simple_single(self, plan: Plan, params: tuple[Any, ...], text: str, output: Output) -> None:
        mark = output.mark()
        attempt = 0
        while True:
            context = StatementContext(self, params, text)
            portal = Portal("", None, plan, context, (), plan.columns)
            await self._run_to_end(portal, output, describe=True)
            transaction = self.transaction
            if transaction is None or transaction.explicit:
                return
            try:
                await self._commit()
                return
            except SqlError as error:
                attempt += 1
                if not self._may_retry(error, attempt, output, mark):
                    raise
            plan = cached_plan_again(self, plan, text)

    async def _simple_texts(self, text: str, output: Output) -> None:
        statements = parse(text)
        if not statements:
            output.empty_query()
            self._implicit_end_readonly()
            return
        single = len(statements) == 1
        self.in_implicit_block = not single
        index = 0
        restart = 0  # the first statement of the running implicit transaction
        mark = output.mark()
        attempt = 0
        replayable = self.transaction is None
        count = len(statements)
        while True:
            while index < count:
                raw = statements[index]
                if self.transaction is None:
                    restart, mark, replayable, attempt = index, output.mark(), True, attempt
                node = type(raw.stmt).__name__
                if node == "TransactionStmt" or node == "CopyStmt":
                    replayable = False
                self._check_failed(raw.stmt, node)
                if single and node in _CACHEABLE:
                    self._begin_statement()
                    plan = cached_plan(self, text, (), raw)
                    if plan.param_types:  # the simple protocol has no parameters: 42P02
                        plan = build_plan(self, raw, text, (), variable=False)
                    if plan.param_types:  # a simple query has no parameters: 42P02
                        plan = build_plan(self, raw, text, (), variable=False)
                else:
                    if node not in _NO_TRANSACTION:
                        self._begin_statement()
                    plan = build_plan(self, raw, text, (), variable=False)
                portal = Portal("", None, plan, StatementContext(self, (), text), (), plan.columns)
                portal.raw = raw
                if not single:
                    self._check_block(node, count)
                await self._run_to_end(portal, output, describe=True)
                index += 1
            transaction = self.transaction
            if transaction is None or transaction.explicit:
                return
            try:
                await self._commit()
                return
            except SqlError as error:
                attempt += 1
                if not replayable or not self._may_retry(error, attempt, output, mark):
                    raise
                index = restart

    def _check_block(self, node: str, count: int) -> None:
        from .commands.registry import find_command

        if node in _CACHEABLE:
            return
        found = find_command(node)
        if found is not None and not found.in_block:
            raise SqlError(
                ACTIVE_SQL_TRANSACTION, f"{found.tag} cannot run inside a transaction block"
            )

    def _may_retry(self, error: SqlError, attempt: int, output: Output, mark: int) -> bool:
        return (
            error.sqlstate == T_R_SERIALIZATION_FAILURE
            and attempt <= RETRIES_MAX
            and not self.engine.dsql
            and output.rewind(mark)
        )

    # --- the extended protocol ----------------------------------------------------------------------

    def prepare(self, text: str, parameter_types: Sequence[int]) -> PreparedStatement:
        """Parse."""
        try:
            declared = tuple(parameter_types)
            if not self.failed and (self.transaction is None or not self.transaction.changed_catalog()):
                plans = self.catalog.cache.get("plans")
                if plans is not None:
                    plan = plans.get((text, declared, self.plan_settings()))
                    if plan is not None:
                        return PreparedStatement(text, None, declared, plan)
            statements = parse(text)
            if len(statements) > 1:
                raise SqlError(
                    SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement"
                )
            if not statements:
                return PreparedStatement(text, None, declared, None)
            raw = statements[0]
            node = type(raw.stmt).__name__
            self._check_failed(raw.stmt, node)
            if node in _NO_TRANSACTION or self.failed:
                plan = build_plan(self, raw, text, declared, variable=True)
            else:
                self._begin_statement()
                plan = cached_plan(self, text, declared, raw, deferring=True)
            return PreparedStatement(text, raw, declared, plan)
        except BaseException as error:
            raise self._statement_failed(error) from None

    def refresh(self, prepared: PreparedStatement) -> None:
        """Plan again if the catalogs have changed since."""
        plan = prepared.plan
        if plan is None or (plan.catalog is self.catalog and plan.settings_key == self.plan_settings()):
            return
        if plan.utility is not None:
            plan.catalog = self.catalog
            return
        try:
            if self.failed:
                raise _in_failed_transaction()
            self._begin_statement()
            new = cached_plan(
                self, prepared.text, tuple(prepared.parameter_types), prepared.raw, deferring=True
            )
        except BaseException as error:
            raise self._statement_failed(error) from None
        if not _same_columns(new.columns, prepared.columns):
            raise self._statement_failed(
                SqlError(FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
            )
        prepared.plan = new
        prepared.decoders.clear()

    def bind(
        self,
        prepared: PreparedStatement,
        name: str,
        formats: Sequence[int],
        values: Sequence[bytes | None],
        result_formats: Sequence[int],
    ) -> Portal:
        """Bind: decode the parameters, make a portal."""
        plan = prepared.plan
        try:
            if plan is not None and (
                plan.catalog is not self.database.catalog
                or self.failed
                or self.transaction is not None
                or plan.settings_key is not self._plan_settings
            ):
                if self.failed:
                    self._check_failed(plan.utility, plan.node)
                else:
                    self.refresh(prepared)
                    plan = prepared.plan
            if plan is not None and plan.failure is not None:
                raise plan.failure.with_traceback(None)
            if len(values) != len(prepared.parameter_types):
                raise SqlError(
                    PROTOCOL_VIOLATION,
                    f"bind message supplies {len(values)} parameters, but prepared statement "
                    f'"{prepared.name}" requires {len(prepared.parameter_types)}',
                )
            context = StatementContext(self, (), prepared.text)
            if values:
                decoders = prepared.decoders.get(formats) if type(formats) is tuple else None
                if decoders is None:
                    decoders = parameter_decoders(self.catalog, prepared, formats, len(values))
                if decoders.context_free:
                    context.catalog = plan.catalog  # type: ignore[union-attr]
                else:
                    transaction = self.transaction
                    if transaction is None or transaction.snapshot is None:
                        self._begin_statement()
                    context.attach(self.transaction)
                context.params = decoders.decode(context, values)
            columns = prepared.columns
            portal = Portal(name, prepared, plan, context, (), columns)
            if columns is not None:
                count = len(result_formats)
                if count == 0:
                    portal.formats = (0,) * len(columns)
                elif count == 1:
                    portal.formats = tuple(result_formats) * len(columns)
                elif count == len(columns):
                    portal.formats = tuple(result_formats)
                else:
                    raise SqlError(
                        PROTOCOL_VIOLATION,
                        f"bind message has {count} result formats but query has {len(columns)} columns",
                    )
            if name:
                if name in self.portals:
                    raise SqlError(DUPLICATE_CURSOR, f'cursor "{name}" already exists')
            self.portals[name] = portal
            return portal
        except BaseException as error:
            raise self._statement_failed(error) from None

    def portal(self, name: str) -> Portal | None:
        """The portal of that name."""
        return self.portals.get(name)

    def close_portal(self, name: str) -> None:
        """Close; no error if there is none."""
        portal = self.portals.pop(name, None)
        if portal is not None:
            close_running(portal)

    def execute(self, portal: Portal, row_limit: int, output: Output) -> Any:
        """Execute: None if everything is done, else a coroutine."""
        plan = portal.plan
        if (
            plan is not None
            and plan.point is not None
            and not row_limit
            and not portal.started
            and not self.failed
            and self.settings.statement_fast
        ):
            transaction = self.transaction
            if transaction is None:
                self._replay_mark = output.mark()
                self._replay = []
            self._begin_statement()
            transaction = self.transaction
            context = portal.context
            context.attach(transaction)
            if plan.catalog is context.catalog:
                try:
                    if not plan.read_only:
                        transaction.forbid_if_read_only(_command_name(plan))  # type: ignore[union-attr]
                    rows = plan.point(context)
                    portal.started = portal.done = True
                    if plan.columns is not None:
                        if rows:
                            encode = portal.encode
                            if encode is None:
                                encode = portal.encode = self.row_encoder(plan, portal.formats)
                            output.rows(encode(context, rows))
                        count = len(rows) if plan.read_only else context.processed  # type: ignore[arg-type]
                    else:
                        count = context.processed
                    if not plan.read_only:
                        transaction.end_command()  # type: ignore[union-attr]
                        if transaction.waits or transaction.deferred:  # type: ignore[union-attr]
                            return self._finish_point(portal, plan, count, output)
                    output.command_complete(plan.tag + str(count))
                    if self._replay is not None:
                        self._replay.append((portal, output))
                    return None
                except BaseException as error:
                    raise self._statement_failed(error) from None
        return self._execute_slowly(portal, row_limit, output)

    async def _finish_point(self, portal: Portal, plan: Plan, count: int, output: Output) -> None:
        try:
            await self._end_statement()
        except BaseException as error:
            raise self._statement_failed(error) from None
        output.command_complete(plan.tag + str(count))
        if self._replay is not None:
            self._replay.append((portal, output))

    async def _execute_slowly(self, portal: Portal, row_limit: int, output: Output) -> None:
        self.output = output
        try:
            plan = portal.plan
            if plan is None:
                output.empty_query()
                return
            if self.transaction is None:
                self._replay_mark = output.mark()
                self._replay = []
            if plan.utility is not None or row_limit:
                self._replay = None
            if portal.prepared is not None:
                self.current_query = portal.prepared.text
            await self._run(portal, output, row_limit)
            if self._replay is not None:
                self._replay.append((portal, output))
            transaction = self.transaction
            if plan.node == "TransactionStmt" or (
                plan.utility is not None and transaction is not None and not transaction.explicit
                and plan.node in _COMMIT_AT_ONCE
            ):
                if transaction is not None and not transaction.explicit:
                    await self._commit()
        except BaseException as error:
            raise self._statement_failed(error) from None

    def sync(self, output: Output) -> Any:
        """Sync: commit the implicit transaction. None if there is nothing to wait for."""
        transaction = self.transaction
        if transaction is None or transaction.explicit:
            if self.failed and transaction is None:
                self.failed = False
            return None
        if self.failed:
            self.failed = False
            self._abort()
            return None
        if transaction.has_writes or transaction.waits or transaction.notifications or transaction.deferred:
            return self._commit_at_sync(output)
        self._implicit_end_readonly()
        return None

    async def _commit_at_sync(self, output: Output) -> None:
        attempt = 0
        replay = self._replay
        mark = self._replay_mark
        while True:
            try:
                await self._commit()
                return
            except SqlError as error:
                attempt += 1
                if replay is None or not self._may_retry(error, attempt, output, mark):
                    raise self._statement_failed(error) from None
            try:
                for portal, portal_output in replay:
                    again = Portal(
                        portal.name, portal.prepared, portal.plan, portal.context, portal.formats, portal.columns
                    )
                    again.context.processed = 0
                    if portal.prepared is not None:
                        self.refresh(portal.prepared)
                        again.plan = portal.prepared.plan
                    await self._run(again, portal_output, 0)
            except BaseException as error:
                raise self._statement_failed(error) from None

    def fail(self, error: Exception) -> None:
        """A protocol-level error."""
        self._statement_failed(error)

    def prepared(self, name: str) -> PreparedStatement | None:
        """The prepared statement of that name."""
        return self.prepared_statements.get(name)

    def store_prepared(self, name: str, prepared: PreparedStatement) -> None:
        """Register under a name."""
        if name and name in self.prepared_statements:
            raise self._statement_failed(
                SqlError(DUPLICATE_PSTATEMENT, f'prepared statement "{name}" already exists')
            )
        prepared.name = name
        prepared.prepared_at = time.time_ns() // 1000 - EPOCH_OFFSET_US
        self.prepared_statements[name] = prepared

    def close_prepared(self, name: str) -> None:
        """Close; no error if there is none."""
        self.prepared_statements.pop(name, None)

    def find_prepared(self, name: str) -> PreparedStatement:
        """For EXECUTE: 26000 if there is none."""
        found = self.prepared_statements.get(name) if name else None
        if found is None:
            raise SqlError(INVALID_SQL_STATEMENT_NAME, f'prepared statement "{name}" does not exist')
        return found

    # --- running one statement ----------------------------------------------------------------------

    def _begin_statement(self) -> None:
        """A transaction and a snapshot for the next statement."""
        transaction = self.transaction
        now = time.time_ns() // 1000 - EPOCH_OFFSET_US
        if transaction is None:
            transaction = self._spare
            if transaction is not None:
                self._spare = None
                transaction.transaction_timestamp = now
            else:
                transaction = Transaction(self, explicit=False)
                self.settings.start_transaction(transaction)
            self.transaction = transaction
            self.cancelled = None
        transaction.statement_timestamp = now
        transaction.take_snapshot()

    async def _run_to_end(self, portal: Portal, output: Output, *, describe: bool) -> None:
        """Run a statement of the simple protocol and write all it answers."""
        plan = portal.plan
        assert plan is not None
        if plan.columns is not None and describe:
            binary = plan.node == "FetchStmt" and self._is_binary_cursor(plan.utility.portalname)
            portal.formats = (1 if binary else 0,) * len(plan.columns)
        await self._run(portal, output, 0, describe=describe)

    def _is_binary_cursor(self, name: str) -> bool:
        cursor = self.portals.get(name)
        return cursor is not None and cursor.binary

    def cursor_rowid(self, name: str, relid: int) -> int:
        """WHERE CURRENT OF: the row id of the cursor's current row of a table."""
        from .commands.cursors import current_rowid

        return current_rowid(self, name, relid)

    async def _run(self, portal: Portal, output: Output, row_limit: int, *, describe: bool = False) -> None:
        """Run (or go on with) a portal: rows, then CommandComplete or PortalSuspended."""
        plan = portal.plan
        assert plan is not None
        self._check_failed(plan.utility, plan.node)
        if plan.utility is not None:
            from .utility import run_utility

            await run_utility(self, portal, output, row_limit, describe=describe)
            return
        context = portal.context
        if not portal.started:
            self._begin_statement()
            context.attach(self.transaction)
            if plan.catalog is not context.catalog:
                plan = portal.plan = cached_plan_again(self, plan, plan.source)
        transaction = self.transaction
        assert transaction is not None
        if not plan.read_only:
            transaction.forbid_if_read_only(_command_name(plan))
        columns = plan.columns
        ended = plan.read_only
        if columns is not None and not plan.read_only:
            if not portal.started:  # changes are complete before the first row is sent
                await self._collect(portal)
                transaction.end_command()
                if transaction.waits or transaction.deferred:
                    await self._end_statement()
            ended = True
        if columns is not None:
            if describe:
                output.row_description(columns, portal.formats)
        count = await self._drive(portal, output, row_limit)
        if not portal.done:
            output.portal_suspended()
            return
        if not ended:
            transaction.end_command()
        if not plan.read_only and plan.tag != "SELECT ":
            count = context.processed
        if transaction.waits or transaction.deferred:
            await self._end_statement()
        output.command_complete(plan.tag + str(count))

    async def _collect(self, portal: Portal) -> None:
        """Run the portal's plan to its end, keeping its rows."""
        plan = portal.plan
        assert plan is not None
        portal.started = True
        kept = portal.rows = []
        if plan.point is not None:
            kept += plan.point(portal.context) or ()
            return
        assert plan.run is not None
        deadline = self.settings.statement_deadline()
        for item in plan.run(portal.context):
            if type(item) is list and item:
                kept += item
            elif type(item) is list or item is None:
                self.check_interrupts(deadline)
                await BREATH
            else:
                await self._settle(item, deadline)

    async def first_rows(self, portal: Portal) -> None:
        """Run what the portal runs up to its first batch of rows, and keep that."""
        deadline = self.settings.statement_deadline()
        if portal.running is None:
            return
        for item in portal.running:
            if type(item) is list and item:
                portal.rows = item
                return
            if type(item) is list or item is None:
                self.check_interrupts(deadline)
                await BREATH
            else:
                await self._settle(item, deadline)

    async def _settle(self, item: Any, deadline: float | None) -> None:
        """Wait for what a plan waits for; cancel and statement_timeout end it."""
        alarm = None
        if deadline is not None and getattr(item, "interruptible", False):
            alarm = item.get_loop().call_later(max(deadline - time.monotonic(), 0) + 0.001, item.cancel)
        self.waiting = item
        await settle(item)
        self.waiting = None
        if alarm is not None:
            alarm.cancel()
        self.check_interrupts(deadline)

    async def _drive(self, portal: Portal, output: Output, row_limit: int) -> int:
        """Step the portal's plan and write its rows; returns how many."""
        plan = portal.plan
        assert plan is not None
        self._driven = portal
        context = portal.context
        encode = None
        if plan.columns is not None:
            encode = portal.encode
            if encode is None:
                encode = portal.encode = self.row_encoder(plan, portal.formats)
        count = 0
        if not portal.started:
            portal.started = True
            if plan.point is not None:
                portal.running = iter(())
                portal.rows = list(plan.point(context) or ())
            else:
                assert plan.run is not None
                portal.running = iter(plan.run(context))
                portal.rows = []
        rows = portal.rows
        running, portal.running = portal.running, None  # COMMIT closes portals, but not its own
        deadline = self.settings.statement_deadline()
        meter = Meter()
        breath_at = ROWS_BEFORE_BREATH
        while True:
            if rows:
                if row_limit and len(rows) > row_limit - count:
                    take = row_limit - count
                    portal.rows = rows[take:]
                    rows = rows[:take]
                else:
                    portal.rows = []
                count += len(rows)
                if encode is not None:
                    output.rows(encode(context, rows))
                    waiting = output.drained()
                    if waiting is not None:
                        await waiting
                    if count >= breath_at:  # a client that keeps up must not keep the loop
                        breath_at = count + ROWS_BEFORE_BREATH
                        self.check_interrupts(deadline)
                        await BREATH
                rows = portal.rows
                if row_limit and count >= row_limit:
                    portal.running = running
                    return count
                continue
            if running is None:
                portal.done = True
                return count
            try:
                item = next(running)
            except StopIteration:
                portal.done = True
                return count
            if type(item) is list:
                rows = item
                if not item:
                    self.check_interrupts(deadline)
                    meter.breath()
                    await BREATH
            elif item is None:
                self.check_interrupts(deadline)
                meter.breath()
                await BREATH
            else:
                await self._settle(item, deadline)

    def check_interrupts(self, deadline: float | None = None) -> None:
        """Raise 57014 if the statement was cancelled or has run into statement_timeout."""
        if self.cancelled is not None:
            error, self.cancelled = self.cancelled, None
            raise error
        if deadline is not None and time.monotonic() > deadline:
            raise SqlError(QUERY_CANCELED, "canceling statement due to statement timeout")

    async def _end_statement(self) -> None:
        """Constraint checks that wait for the end of the statement, and reservations."""
        transaction = self.transaction
        assert transaction is not None
        if transaction.deferred:
            from .run.deferred import check_immediate

            for item in check_immediate(transaction):
                await settle(item)
        waits = transaction.waits
        while waits:
            await waits.pop()

    def row_encoder(self, plan: Plan, formats: Sequence[int]) -> Any:
        """The generated function that encodes this plan's rows as DataRow messages."""
        key = tuple(formats)
        encoder = plan.encoders.get(key)
        if encoder is None:
            from .compile.encode import make_row_encoder

            assert plan.columns is not None
            types = plan.planned.types if plan.planned is not None else [column.type_oid for column in plan.columns]
            encoder = plan.encoders[key] = make_row_encoder(plan.catalog, types, key)
        return encoder

    def drain_portals(self) -> None:
        """Open portals keep what they see: read their remaining rows before the snapshot changes or
        this transaction writes."""
        for portal in self.portals.values():
            if portal is self._driven or portal.plan is None or not portal.plan.read_only:
                continue
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

    def _check_failed(self, statement: Any, node: str) -> None:
        if self.failed:
            if node == "TransactionStmt" and statement is not None and statement.kind.name in _IN_FAILED:
                return
            raise _in_failed_transaction()

    # --- the end of a transaction -------------------------------------------------------------------

    async def _commit(self) -> None:
        """Commit the transaction, implicit or explicit."""
        for item in self.commit_steps():
            await settle(item)

    def commit_steps(self) -> Iterator[Any]:
        """Commit: yields breaths and Futures whose results it takes itself."""
        transaction = self.transaction
        assert transaction is not None
        try:
            if transaction.deferred:
                from .run.deferred import check_all

                yield from check_all(transaction)
                transaction.end_command()
            waits = transaction.waits
            while waits:
                future = waits.pop()
                yield future
                future.result()
            if self.portals:
                yield from self._end_portals_commit()
            if self._on_commit:
                from .ddl.oncommit import on_commit_actions

                on_commit_actions(self)
            if transaction.has_writes:
                request = transaction.commit_request()
                transaction.release()
                if request is not None:
                    reservation = self.engine.reservation()
                    if reservation is not None:
                        yield reservation
                    future = self.engine.commit(request)
                    yield future
                    future.result()
                transaction.apply_temporary()
        except SerializationFailure as failure:
            # Whoever tries again at once must see what it lost against.
            self._abort()
            winner = self.engine.applied(failure.committed_at)
            if winner is not None:
                yield winner
            raise self.engine.commit_error(failure) from None
        except BaseException as error:
            self._abort()
            raise self.engine.commit_error(error) from None
        self.transaction = None
        transaction.release()
        for hook in transaction.on_commit:
            hook()
        if transaction.notifications:
            self.engine.notify(self, transaction.notifications)
        self.settings.commit()

    def begin_explicit(self, like: Transaction | None = None) -> None:
        """BEGIN, or the next transaction of AND CHAIN with the modes of the last one."""
        transaction = self.transaction
        if transaction is None:
            transaction = Transaction(self, explicit=True)
            self.settings.start_transaction(transaction)
            self.transaction = transaction
            self.cancelled = None
        transaction.explicit = True
        if like is not None:
            transaction.isolation = like.isolation
            transaction.read_only = like.read_only
            transaction.deferrable = like.deferrable

    def begin_statement(self) -> None:
        """A transaction and a snapshot for the next statement."""
        self._begin_statement()

    def on_commit_action(self, oid: int, action: str | None) -> None:
        """What COMMIT does with a temporary table: ONCOMMIT_DROP, ONCOMMIT_DELETE_ROWS or None."""
        if action is None:
            self._on_commit.pop(oid, None)
        else:
            self._on_commit[oid] = action

    def on_commit_tables(self) -> list[tuple[int, str]]:
        """The temporary tables with an action."""
        return list(self._on_commit.items())

    def require_no_block(self, what: str) -> None:
        """25001 inside a transaction block."""
        transaction = self.transaction
        if self.in_implicit_block or (transaction is not None and transaction.explicit):
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{what} cannot run inside a transaction block")

    def listening(self) -> list[str]:
        """The channels that the session listens to."""
        return sorted(name for name, who in self.engine.listeners.items() if self in who)

    def parse_state(self, source: str) -> Any:
        """A fresh ParseState of engine/bind for expressions of utility statements."""
        from .bind.parse_state import make_parsestate

        return make_parsestate(self.analyze_context(), source)

    def set_role(self, role: int, *, session_authorization: bool = False) -> None:
        """SET ROLE, SET SESSION AUTHORIZATION."""
        self.role = role
        if session_authorization:
            self.session_role = role
        self.settings_changed()

    def role_name(self) -> str:
        """The current role's name."""
        return self.current_catalog().role_name(self.role)  # type: ignore[no-any-return]

    def allow_system_table_mods(self) -> bool:
        """The setting allow_system_table_mods."""
        return self.settings.get("allow_system_table_mods") == "on"

    def reset_authorization(self) -> None:
        """Back to the role that logged in."""
        self.role = self.session_role = self.login_role
        self.settings_changed()

    def _implicit_end_readonly(self) -> None:
        """The end of an implicit transaction that has written nothing."""
        transaction = self.transaction
        if transaction is None:
            return
        if transaction.explicit:
            return
        portals = self.portals
        if portals:
            for name, portal in list(portals.items()) if len(portals) > 1 else ((*portals, *portals.values()),):
                if not portal.stored:
                    if portal.running is not None:
                        close_running(portal)
                    del portals[name]
        self.transaction = None
        transaction.release()
        settings = self.settings
        if settings.dirty:
            settings.commit()
        if (
            not transaction.has_writes
            and not transaction.on_commit
            and not transaction.reads
            and not transaction.pending
            and not transaction.changed_catalog()
            and transaction.isolation == "read committed"
            and not transaction.read_only
        ):
            self._spare = transaction
        else:
            for hook in transaction.on_commit:
                hook()

    def _abort(self) -> None:
        """Roll back and forget the transaction."""
        transaction = self.transaction
        self.transaction = None
        if self.portals:
            self._end_portals()
        if transaction is not None:
            transaction.release()
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
        else:
            self._abort()
        return error

    def rollback_failed(self) -> None:
        """ROLLBACK (or COMMIT of a failed transaction)."""
        self.failed = False
        self._abort()

    # --- from outside ---------------------------------------------------------------------------------

    def cancel(self) -> None:
        """A cancel request: the running statement ends at its next breath."""
        self.cancelled = SqlError(QUERY_CANCELED, "canceling statement due to user request")
        waiting = self.waiting
        if waiting is not None and not waiting.done() and getattr(waiting, "interruptible", False):
            waiting.cancel()

    def hold_for_transaction(self, key: Any, exclusive: bool) -> None:
        """An advisory lock was taken that goes with the transaction."""
        if not self.transaction_locks:
            transaction = self.transaction
            assert transaction is not None
            transaction.on_commit.append(self.release_transaction_locks)
            transaction.on_abort.append(self.release_transaction_locks)
        self.transaction_locks.append((key, exclusive))

    def release_transaction_locks(self, first: int = 0) -> None:
        """Give back advisory locks of the transaction, from the `first` one taken on."""
        taken = self.transaction_locks[first:]
        del self.transaction_locks[first:]
        self.database.advisory.release(self, taken)

    def release_advisory_locks(self) -> None:
        """Give back the session's advisory locks."""
        self.database.advisory.unlock_all(self)

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


def cached_plan_again(session: Session, plan: Plan, text: str) -> Plan:
    """A plan for the same statement under the session's current catalog."""
    if plan.catalog is session.catalog:
        return plan
    return cached_plan(session, plan.source or text, tuple(plan.param_types))


def close_running(portal: Portal) -> None:
    """Stop a portal's plan where it is."""
    running = portal.running
    portal.running = None
    close = getattr(running, "close", None)
    if close is not None:
        close()


def _same_columns(new: Any, old: Any) -> bool:
    if new is None or old is None:
        return new is old
    return [(c.name, c.type_oid, c.typmod) for c in new] == [(c.name, c.type_oid, c.typmod) for c in old]


def _command_name(plan: Plan) -> str:
    assert plan.query is not None
    name = plan.query.commandType.upper()
    return name if name != "SELECT" else "SELECT INTO"


def _in_failed_transaction() -> SqlError:
    return SqlError(
        IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block",
    )


_CACHEABLE = frozenset(("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))
_NO_TRANSACTION = frozenset(("TransactionStmt",))
_IN_FAILED = frozenset(
    (
        "TRANS_STMT_COMMIT",
        "TRANS_STMT_ROLLBACK",
        "TRANS_STMT_ROLLBACK_TO",
        "TRANS_STMT_PREPARE",
    )
)
_COMMIT_AT_ONCE = frozenset(("VacuumStmt", "CreatedbStmt", "DropdbStmt"))

