"""The simple protocol: a text of statements, one implicit transaction, answers in order."""

from typing import Any

from .api import Output
from .ending import close_running
from .errors import SqlError
from .execution import Execution, cached_plan_again
from .portal import Portal, StatementContext
from .sqlstates import (
    ACTIVE_SQL_TRANSACTION,
    T_R_SERIALIZATION_FAILURE,
)
from .statement import Plan, build_plan, cached_plan, parse_for

RETRIES_MAX = 200


class SimpleProtocol(Execution):
    """Query messages of a Session."""

    async def simple_query(self, text: str, output: Output) -> None:
        """Everything between Query and ReadyForQuery."""
        self.output = output
        self.current_query = text
        self.forget_unnamed()
        try:
            literal = None
            if self.transaction is None or not self.failed:
                literal = self.engine.literal_plans.find(self, text)
            if literal is not None:
                plan, params = literal
                await self._simple_single(plan, params, text, output)
            else:
                try:
                    await self._simple_texts(text, output)
                finally:
                    self.in_implicit_block = False
        except BaseException as error:
            raise self._statement_failed(error) from None

    def forget_unnamed(self) -> None:
        """A simple query ends the unnamed prepared statement and the unnamed portal."""
        self.prepared_statements.pop("", None)
        if self.portals:
            portal = self.portals.pop("", None)
            if portal is not None:
                close_running(portal)

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
                    output.rewind(self._tag_mark)  # it is not complete after all
                    raise
            plan = cached_plan_again(self, plan, text)

    async def _simple_texts(self, text: str, output: Output) -> None:
        statements = parse_for(self, text)
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
                    if plan.param_types:  # a simple query has no parameters: 42P02
                        plan = build_plan(self, raw, text, (), variable=False)
                else:
                    if node not in NO_TRANSACTION:
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
                    output.rewind(self._tag_mark)
                    raise
                index = restart

    def _check_block(self, node: str, count: int) -> None:
        from .commands.registry import find_command

        if node in _CACHEABLE:
            return
        found = find_command(node)
        if found is not None and not found.in_block:
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{found.tag} cannot run inside a transaction block")

    def _may_retry(self, error: SqlError, attempt: int, output: Output, mark: int) -> bool:
        return (
            error.sqlstate == T_R_SERIALIZATION_FAILURE
            and error.retryable
            and attempt <= RETRIES_MAX
            and not self.engine.dsql
            and output.rewind(mark)
        )


_CACHEABLE = frozenset(("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))
NO_TRANSACTION = frozenset(("TransactionStmt",))
