"""The extended protocol: Parse, Bind, Execute, Sync; prepared statements and portals by name."""

import time
from collections.abc import Sequence
from typing import Any

from .api import Output
from .ending import close_running, in_failed_transaction
from .errors import SqlError
from .execution import command_name, same_columns
from .lockwait import StatementRestart, WouldBlock, begin_again, withdraw
from .parameters import parameter_decoders
from .portal import Portal, PreparedStatement, StatementContext
from .simple_protocol import NO_TRANSACTION, SimpleProtocol
from .sqlstates import (
    DUPLICATE_CURSOR,
    DUPLICATE_PSTATEMENT,
    FEATURE_NOT_SUPPORTED,
    INVALID_SQL_STATEMENT_NAME,
    PROTOCOL_VIOLATION,
    SYNTAX_ERROR,
)
from .statement import Plan, build_plan, cached_plan, parse_for
from .transaction import EPOCH_OFFSET_US


class ExtendedProtocol(SimpleProtocol):
    """The messages of the extended protocol of a Session."""

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
            statements = parse_for(self, text)
            if len(statements) > 1:
                raise SqlError(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement")
            if not statements:
                return PreparedStatement(text, None, declared, None)
            raw = statements[0]
            node = type(raw.stmt).__name__
            self._check_failed(raw.stmt, node)
            if node in NO_TRANSACTION or self.failed:
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
                raise in_failed_transaction()
            self._begin_statement()
            new = cached_plan(
                self, prepared.text, tuple(prepared.parameter_types), prepared.raw, deferring=True
            )
        except BaseException as error:
            raise self._statement_failed(error) from None
        if not same_columns(new.columns, prepared.columns):
            raise self._statement_failed(
                SqlError(
                    FEATURE_NOT_SUPPORTED,
                    "cached plan must not change result type",
                    routine="RevalidateCachedQuery",  # asyncpg and others look for it
                )
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
                raise plan.failure.again()
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
            and not self.database.strong
            and self.settings.statement_fast
        ):
            transaction = self.transaction
            if transaction is None:
                self._replay_mark = output.mark()
                self._replay = []
            self._begin_statement()
            transaction = self.transaction
            transaction.has_statements = True  # type: ignore[union-attr]
            if plan.locks is not None:
                transaction.used.add(plan.locks)  # type: ignore[union-attr]
            context = portal.context
            context.attach(transaction)
            events = len(transaction.deferred)  # type: ignore[union-attr]
            if plan.catalog is context.catalog:
                try:
                    if not plan.read_only:
                        transaction.forbid_if_read_only(command_name(plan))  # type: ignore[union-attr]
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
                except (WouldBlock, StatementRestart) as reason:
                    begin_again(context, events, fresh=False)
                    withdraw(self, reason)
                    portal.started = portal.done = False
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
                plan.utility is not None
                and transaction is not None
                and not transaction.explicit
                and plan.node in _COMMIT_AT_ONCE
            ):
                if transaction is not None and not transaction.explicit:
                    await self._commit()
        except BaseException as error:
            raise self._statement_failed(error) from None

    def express(self, prepared: PreparedStatement) -> Any:
        """The express way of a prepared statement (engine/express.py), or None."""
        from .express import express

        return express(self, prepared)

    def express_query(self, text: str, literals: Sequence[tuple[int, int]]) -> Any:
        """The express way of a simple query (engine/expressquery.py), or None."""
        from .expressquery import express_query

        return express_query(self, text, literals)

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
        if (
            transaction.has_writes
            or transaction.waits
            or transaction.notifications
            or transaction.deferred
            or transaction.serial is not None
            or self.unsettled(transaction)
        ):
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
                        portal.name,
                        portal.prepared,
                        portal.plan,
                        portal.context,
                        portal.formats,
                        portal.columns,
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


_COMMIT_AT_ONCE = frozenset(("VacuumStmt", "CreatedbStmt", "DropdbStmt"))
