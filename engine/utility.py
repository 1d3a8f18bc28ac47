"""Runs utility statements (engine/commands, engine/ddl) in a portal."""

from collections.abc import Generator, Iterator
from typing import Any

from .api import Output
from .commands.registry import find_command
from .errors import SqlError
from .portal import Portal
from .relationlocks import lock_for_command
from .run.strand import Strand
from .sqlstates import ACTIVE_SQL_TRANSACTION, FEATURE_NOT_SUPPORTED

# after these SET TRANSACTION is still allowed
_NO_QUERIES = {
    "VariableSetStmt",
    "VariableShowStmt",
    "ConstraintsSetStmt",
    "LockStmt",
    "ListenStmt",
    "NotifyStmt",
    "UnlistenStmt",
}


# these leave the snapshot of REPEATABLE READ and SERIALIZABLE to the first query
_NO_SNAPSHOT = {"VariableSetStmt", "VariableShowStmt", "LockStmt", "ListenStmt", "NotifyStmt", "UnlistenStmt"}
# commands that take no locks, on the hot path of some client
_NEVER_WAIT = {"TransactionStmt", "VariableSetStmt", "VariableShowStmt", "DeallocateStmt", "FetchStmt"}


def _drop_tag(statement: Any) -> str:
    """The command that DROP and its like are called in an error, as their commands choose tags."""
    kind = getattr(statement, "removeType", None) or getattr(statement, "renameType", None)
    if kind is None:
        return type(statement).__name__.removesuffix("Stmt").upper()
    verb = "DROP" if hasattr(statement, "removeType") else "ALTER"
    name = kind.name.removeprefix("OBJECT_").replace("_", " ").replace("MATVIEW", "MATERIALIZED VIEW")
    return f"{verb} {name}"


async def run_utility(
    session: Any, portal: Portal, output: Output, row_limit: int, *, describe: bool
) -> None:
    """Run the portal's utility statement to its end (or to the row limit) and write what it answers."""
    plan = portal.plan
    assert plan is not None
    found = find_command(plan.node)
    if found is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"statement {plan.node} is not supported")
    context = portal.context
    context.output = output
    if not portal.started:
        transaction = session.transaction
        if not found.in_block and transaction is not None and transaction.explicit:
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{found.tag} cannot run inside a transaction block")
        if found.needs_snapshot and not session.failed:
            session._begin_statement()
            if plan.node not in _NO_QUERIES:
                session.transaction.has_statements = True
            context.attach(session.transaction)
            if not found.read_only_ok:
                session.transaction.forbid_if_read_only(found.tag or _drop_tag(plan.utility))
        context.parameter_types = plan.param_types
        result: Any
        if plan.node in _NEVER_WAIT:
            result = found.run(context, plan.utility)
        else:
            result = Strand(_steps(found.run, context, plan.utility))
        portal.started = True
        if isinstance(result, Iterator):
            portal.running = _Tagged(result, found.tag)
        else:
            portal.rows = []
            portal.running = _Tagged(iter(()), result if isinstance(result, str) else found.tag)
        if describe and plan.columns is not None:
            await session.first_rows(portal)  # errors come before the description
            output.row_description(plan.columns, portal.formats)
    tagged = portal.running
    count = await session._drive(portal, output, row_limit)
    if not portal.done:
        output.portal_suspended()
        return
    transaction = session.transaction
    if transaction is not None:
        transaction.end_command()
        if plan.node in _NO_SNAPSHOT:
            transaction.forget_snapshot()
        if transaction.waits or transaction.deferred:
            await session._end_statement()
    tag = tagged.tag if isinstance(tagged, _Tagged) else found.tag
    if tag.endswith(" *"):  # FETCH and friends count the rows that went out
        tag = f"{tag[:-1]}{count}"
    if tag:
        output.command_complete(tag)


def _steps(run: Any, context: Any, statement: Any) -> Generator[Any, Any, Any]:
    """A command on a strand: it may wait wherever it is."""
    if context.transaction is not None and context.transaction.locking:
        lock_for_command(context, statement)
    result = run(context, statement)
    if isinstance(result, Generator):
        return (yield from result)
    if isinstance(result, Iterator):
        yield from result
        return None
    return result


class _Tagged:
    """An iterator over a command's batches which keeps the tag that the command returns."""

    def __init__(self, batches: Iterator[Any], tag: str) -> None:
        self._batches = batches
        self.tag = tag

    def __iter__(self) -> "_Tagged":
        return self

    def __next__(self) -> Any:
        try:
            return next(self._batches)
        except StopIteration as stop:
            if isinstance(stop.value, str):
                self.tag = stop.value
            raise

    def close(self) -> None:
        """Stop where it is."""
        close = getattr(self._batches, "close", None)
        if close is not None:
            close()
