"""Running one statement in its portal."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from .api import Output
from .ending import TransactionEnd
from .errors import SqlError
from .lockwait import batches, start
from .memory import Meter
from .optimistic import new_transaction
from .portal import Portal
from .serializable import wait_until_safe
from .sqlstates import FEATURE_NOT_SUPPORTED
from .statement import Plan, cached_plan
from .stepping import BREATH, settle
from .transaction import EPOCH_OFFSET_US

ROWS_BEFORE_BREATH = 2_000


class Execution(TransactionEnd):
    """Runs the plans of a Session's portals."""

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
                transaction = new_transaction(self)
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

    def cursor_rowid(self, name: str, relid: int, child: int) -> int:
        """WHERE CURRENT OF: the row id of the cursor's current row of a table."""
        from .commands.cursors import current_rowid

        return current_rowid(self, name, relid, child)

    async def _run(self, portal: Portal, output: Output, row_limit: int, *, describe: bool = False) -> None:
        """Run (or go on with) a portal: rows, then CommandComplete or PortalSuspended."""
        plan = portal.plan
        assert plan is not None
        self._check_failed(plan.utility, plan.node)
        self._tag_mark = -1
        if plan.utility is not None:
            from .utility import run_utility

            await run_utility(self, portal, output, row_limit, describe=describe)
            return
        context = portal.context
        if not portal.started:
            while True:
                self._begin_statement()
                self.transaction.has_statements = True  # type: ignore[union-attr]
                context.attach(self.transaction)
                if plan.catalog is not context.catalog:
                    plan = self._replan(portal, plan, describe)
                if not await self._lock_relations(plan):
                    break
                self.transaction.renew_catalog()  # type: ignore[union-attr]
        transaction = self.transaction
        assert transaction is not None
        if transaction.deferrable and transaction.read_only and transaction.serial is not None:
            await wait_until_safe(self)
        if not plan.read_only:
            transaction.forbid_if_read_only(command_name(plan))
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
        if portal.position is not None:
            from .commands.cursors import rows_ahead

            portal.running = rows_ahead(portal.position, row_limit)
            portal.rows = []
            portal.done = False
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
        self._tag_mark = output.mark()
        output.command_complete(plan.tag + str(count))

    def _replan(self, portal: Portal, plan: Plan, describe: bool) -> Plan:
        """The portal's statement under the catalogs of now; its fields may differ only if the client has not
        been told of them."""
        again = portal.plan = cached_plan_again(self, plan, plan.source)
        if describe:
            portal.formats = tuple(portal.formats[:1]) * len(again.columns or ())
        elif not same_columns(again.columns, plan.columns):
            raise SqlError(FEATURE_NOT_SUPPORTED, "cached plan must not change result type")
        return again

    async def _lock_relations(self, plan: Plan) -> bool:
        """Take the plan's table-level locks; returns whether that has waited, and the plan may be stale."""
        transaction = self.transaction
        assert transaction is not None
        if not self.database.strong:
            if plan.locks is not None:
                transaction.used.add(plan.locks)
            return False
        from .relationlocks import lock_plan_steps

        deadline = self.settings.statement_deadline()
        steps = lock_plan_steps(self, plan)
        while True:
            try:
                item = next(steps)
            except StopIteration as stop:
                return bool(stop.value)
            await self._settle(item, deadline)

    async def _collect(self, portal: Portal) -> None:
        """Run the portal's plan to its end, keeping its rows."""
        plan = portal.plan
        assert plan is not None
        portal.started = True
        kept = portal.rows = []
        deadline = self.settings.statement_deadline()
        for item in batches(plan, portal.context):
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
        if item is not self.committing:
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
            portal.running, portal.rows = start(plan, context)
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

    async def _end_statement(self) -> None:
        """Constraint checks that wait for the end of the statement, and reservations."""
        transaction = self.transaction
        assert transaction is not None
        if transaction.deferred:
            from .run.deferred import check_immediate

            deadline = self.settings.statement_deadline()
            for item in check_immediate(transaction):
                await self._settle(item, deadline)
        waits = transaction.waits
        while waits:
            await waits.pop()

    def commit_and_go_on(self, context: Any) -> Iterator[Any]:
        """Commit in the middle of a command, which goes on in a transaction of its own (without a snapshot);
        outside of transaction blocks only."""
        assert self.transaction is not None
        self.transaction.end_command()
        yield from self.commit_steps()
        self.check_interrupts()
        self.begin_statement()
        transaction = self.transaction
        transaction.has_statements = transaction.continues = True
        context.attach(transaction)
        transaction.release()

    def row_encoder(self, plan: Plan, formats: Sequence[int]) -> Any:
        """The generated function that encodes this plan's rows as DataRow messages."""
        key = tuple(formats)
        encoder = plan.encoders.get(key)
        if encoder is None:
            from .compile.encode import make_row_encoder

            assert plan.columns is not None
            types = (
                plan.planned.types
                if plan.planned is not None
                else [column.type_oid for column in plan.columns]
            )
            encoder = plan.encoders[key] = make_row_encoder(plan.catalog, types, key)
        return encoder

    def begin_statement(self) -> None:
        """A transaction and a snapshot for the next statement."""
        self._begin_statement()


def cached_plan_again(session: Any, plan: Plan, text: str) -> Plan:
    """A plan for the same statement under the session's current catalog."""
    if plan.catalog is session.catalog:
        return plan
    return cached_plan(session, plan.source or text, tuple(plan.param_types))


def same_columns(new: Any, old: Any) -> bool:
    """Whether two descriptions have the same names and types."""
    if new is None or old is None:
        return new is old
    return [(c.name, c.type_oid, c.typmod) for c in new] == [(c.name, c.type_oid, c.typmod) for c in old]


def command_name(plan: Plan) -> str:
    assert plan.query is not None
    name = plan.query.commandType.upper()
    return name if name != "SELECT" else "SELECT INTO"
