"""SQL-level prepared statements: PREPARE, EXECUTE, DEALLOCATE."""

from collections.abc import Iterator, Sequence
from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..errors import SqlError
from ..portal import PreparedStatement, StatementContext
from ..sqlstates import DATATYPE_MISMATCH, INVALID_PSTATEMENT_DEFINITION, SYNTAX_ERROR
from ..statement import Plan, cached_plan
from .registry import command, describes


@command("PrepareStmt", tag="PREPARE", read_only_ok=True)
def prepare(ctx: Any, statement: ast.PrepareStmt) -> None:
    """PREPARE name (types) AS statement."""
    from ..bind.typenames import typename_type_id
    from pglast.stream import RawStream

    session = ctx.session
    if not statement.name:
        raise SqlError(INVALID_PSTATEMENT_DEFINITION, "invalid statement name: must not be empty")
    pstate = session.parse_state(ctx.source)
    types = tuple(typename_type_id(pstate, name)[0] if not isinstance(typename_type_id(pstate, name), int)
                  else typename_type_id(pstate, name) for name in statement.argtypes or ())
    text = RawStream()(statement.query)
    plan = cached_plan(session, text, types)
    prepared = PreparedStatement(text, None, types, plan)
    prepared.from_sql = True
    prepared.source = ctx.source
    session.store_prepared(statement.name, prepared)


@describes("ExecuteStmt")
def describe_execute(session: Any, statement: ast.ExecuteStmt) -> Sequence[ColumnDescription] | None:
    """The prepared statement's columns."""
    prepared = session.find_prepared(statement.name)
    session.refresh(prepared)
    return prepared.columns


@command("ExecuteStmt", read_only_ok=True)
def execute(ctx: Any, statement: ast.ExecuteStmt) -> Iterator[Any]:
    """EXECUTE name (arguments)."""
    session = ctx.session
    prepared = session.find_prepared(statement.name)
    session.refresh(prepared)
    params = execute_arguments(ctx, prepared, statement)
    plan = prepared.plan
    inner = StatementContext(session, params, prepared.text)
    inner.output = ctx.output
    inner.attach(session.transaction)
    return (yield from run_inner(session, plan, inner))


def execute_arguments(ctx: Any, prepared: PreparedStatement, statement: ast.ExecuteStmt) -> tuple[Any, ...]:
    """The argument expressions, coerced to the parameter types and evaluated."""
    from ..bind.expressions import transform_expr
    from ..bind.coercion import COERCION_ASSIGNMENT, coerce_to_target_type
    from ..evaluate import evaluate_expression
    from ..treetypes import expr_type

    session = ctx.session
    arguments = statement.params or ()
    types = prepared.parameter_types
    if len(arguments) != len(types):
        raise SqlError(
            SYNTAX_ERROR,
            f'wrong number of parameters for prepared statement "{statement.name}"',
            detail=f"Expected {len(types)} parameters but got {len(arguments)}.",
        )
    pstate = session.parse_state(ctx.source)
    out = []
    for index, (argument, typid) in enumerate(zip(arguments, types, strict=True)):
        expr = transform_expr(pstate, argument, "execute_parameter")
        given = expr_type(expr)
        coerced = coerce_to_target_type(pstate, expr, given, typid, -1, COERCION_ASSIGNMENT, "implicit", -1)
        if coerced is None:
            catalog = ctx.catalog
            raise SqlError(
                DATATYPE_MISMATCH,
                f"parameter ${index + 1} of type {catalog.format_type(given)} cannot be coerced to the "
                f"expected type {catalog.format_type(typid)}",
                hint="You will need to rewrite or cast the expression.",
                position=getattr(argument, "location", None),
            )
        out.append(evaluate_expression(ctx, coerced))
    return tuple(out)


def run_inner(session: Any, plan: Plan, ctx: StatementContext) -> Iterator[Any]:
    """Run a plan inside a utility command; returns its tag."""
    from ..commands.registry import find_command

    if plan.utility is not None:
        found = find_command(plan.node)
        assert found is not None
        result = found.run(ctx, plan.utility)
        if isinstance(result, Iterator):
            tag = yield from result
            return tag if isinstance(tag, str) else found.tag
        return result if isinstance(result, str) else found.tag
    transaction = session.transaction
    count = 0
    if plan.point is not None:
        rows = plan.point(ctx)
        if rows:
            count = len(rows)
            if plan.columns is not None:
                yield rows
    else:
        assert plan.run is not None
        for item in plan.run(ctx):
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

