"""SQL-level prepared statements: PREPARE, EXECUTE, DEALLOCATE."""

from collections.abc import Generator, Sequence
from typing import Any

from pglast import ast
from pglast.stream import RawStream

from ..api import ColumnDescription
from ..errors import SqlError
from ..lockwait import batches
from ..portal import PreparedStatement, StatementContext
from ..relationlocks import lock_relations
from ..sqlstates import INVALID_PSTATEMENT_DEFINITION
from ..statement import Plan, cached_plan
from .registry import command, describes


@command("PrepareStmt", tag="PREPARE", read_only_ok=True)
def prepare(ctx: Any, statement: ast.PrepareStmt) -> None:
    """PREPARE name (types) AS statement."""
    from ..bind.typenames import typename_type_id

    session = ctx.session
    if not statement.name:
        raise SqlError(INVALID_PSTATEMENT_DEFINITION, "invalid statement name: must not be empty")
    pstate = session.parse_state(ctx.source)
    types = []
    for name in statement.argtypes or ():
        found = typename_type_id(pstate, name)
        types.append(found if isinstance(found, int) else found[0])
    text, raw = ctx.source, ast.RawStmt(stmt=statement.query)
    if ";" in text.rstrip("; \t\r\n"):  # perhaps one of several statements: the text alone names the plan
        text = RawStream()(statement.query)
        raw = None
    plan = cached_plan(session, text, tuple(types), raw, deferring=True)
    prepared = PreparedStatement(text, raw, tuple(types), plan)
    prepared.from_sql = True
    prepared.source = ctx.source
    session.store_prepared(statement.name, prepared)
    if plan.locks is not None and plan.query is not None:  # what it names, not what is below that
        named = {rte.relid for rte in plan.query.rtable if rte.rtekind == "relation"}
        lock_relations(session, [lock for lock in plan.locks.locks if lock[0] in named])


@describes("ExecuteStmt")
def describe_execute(session: Any, statement: ast.ExecuteStmt) -> Sequence[ColumnDescription] | None:
    """The prepared statement's columns."""
    prepared = session.find_prepared(statement.name)
    session.refresh(prepared)
    return prepared.columns


@command("ExecuteStmt", read_only_ok=True)
def execute(ctx: Any, statement: ast.ExecuteStmt) -> Generator[Any, None, Any]:
    """EXECUTE name (arguments)."""
    session = ctx.session
    prepared = session.find_prepared(statement.name)
    session.refresh(prepared)
    params = execute_arguments(ctx, prepared, statement)
    plan = prepared.plan
    if plan.failure is not None:
        raise plan.failure.with_traceback(None)
    inner = StatementContext(session, params, prepared.text)
    inner.output = ctx.output
    inner.attach(session.transaction)
    return (yield from run_inner(session, plan, inner))


def execute_arguments(ctx: Any, prepared: PreparedStatement, statement: ast.ExecuteStmt) -> tuple[Any, ...]:
    """The argument expressions, coerced to the parameter types and evaluated."""
    from ..bind.analyze import transform_execute_params
    from ..evaluate import evaluate_expression

    exprs = transform_execute_params(
        statement.params, ctx.source, ctx.session.analyze_context(), statement.name, prepared.parameter_types
    )
    return tuple([evaluate_expression(ctx, expr) for expr in exprs])


def run_inner(session: Any, plan: Plan, ctx: StatementContext) -> Generator[Any, None, Any]:
    """Run a plan inside a utility command; returns its tag."""
    from ..commands.registry import find_command

    if plan.utility is not None:
        found = find_command(plan.node)
        assert found is not None
        result = found.run(ctx, plan.utility)
        if isinstance(result, Generator):
            tag = yield from result
            return tag if isinstance(tag, str) else found.tag
        return result if isinstance(result, str) else found.tag
    transaction = session.transaction
    if not plan.read_only:
        from ..execution import command_name

        transaction.forbid_if_read_only(command_name(plan))
    count = 0
    for item in batches(plan, ctx):
        if type(item) is list:
            count += len(item)
            if plan.columns is None:
                item = []
        yield item
    if not plan.read_only:
        transaction.end_command()
        count = ctx.processed
    return plan.tag + str(count)


@command("DeallocateStmt", tag="DEALLOCATE", needs_snapshot=False, read_only_ok=True)
def deallocate(ctx: Any, statement: ast.DeallocateStmt) -> str:
    """DEALLOCATE name | ALL."""
    session = ctx.session
    if statement.name is None:
        session.prepared_statements.clear()
        return "DEALLOCATE ALL"
    session.find_prepared(statement.name)
    session.close_prepared(statement.name)
    return "DEALLOCATE"
