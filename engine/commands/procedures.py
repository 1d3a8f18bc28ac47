"""CALL, and DO (which needs a procedural language)."""

from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, UNDEFINED_OBJECT
from .registry import command, describes


def analyzed_call(session: Any, statement: ast.CallStmt, types: tuple[int, ...], source: str = "") -> Any:
    """A CALL, analysed."""
    from ..bind.analyze import analyze

    statement = ast.CallStmt(funccall=statement.funccall)
    return analyze(statement, source, session.analyze_context(), types, True).query


@command("CallStmt", tag="CALL")
def call(ctx: Any, statement: ast.CallStmt) -> Any:
    """CALL procedure(arguments): its OUT parameters are one row."""
    query = analyzed_call(ctx.session, statement, ctx.parameter_types, ctx.source)
    return _run(ctx, query)


def _run(ctx: Any, query: Any) -> Any:
    from ..compile.query import compile_query
    from ..plan.nodes import PlannedQuery, Result
    from ..tree import strip_locations
    from ..treetypes import expr_type

    expr = strip_locations(query.callExpr)
    planned = PlannedQuery(
        plan=Result(), targets=(expr,), names=("call",), types=(expr_type(expr),), typmods=(-1,), rtable=[]
    )
    compiled = compile_query(planned, ctx.catalog, ctx.settings)
    value = None
    for item in compiled.run(ctx):
        if type(item) is list:
            if item:
                value = item[0][0]
            yield []
        else:
            yield item
    if _columns(ctx.session, query) is not None:
        yield [value.values if value is not None else (None,) * len(query.callOutArgs)]


def _columns(session: Any, query: Any) -> tuple[ColumnDescription, ...] | None:
    from ..bind.sqlfunctions import signature_of

    catalog = session.catalog
    proc = catalog.pg_proc.get(query.callExpr.funcid)
    types = list(proc.proargtypes.items)
    columns = signature_of(catalog, proc, types).columns
    if not columns:
        return None
    described = []
    for name, typid in columns:
        base, typmod = catalog.base_type_and_typmod(typid, -1)
        described.append(ColumnDescription(name, 0, 0, base, catalog.pg_type.get(base).typlen, typmod))
    return tuple(described)


@describes("CallStmt")
def describe_call(session: Any, statement: ast.CallStmt) -> tuple[ColumnDescription, ...] | None:
    """The OUT parameters."""
    session.begin_statement()
    return _columns(session, analyzed_call(session, statement, ()))


@command("DoStmt", tag="DO")
def do(ctx: Any, statement: ast.DoStmt) -> Any:
    """DO, in PL/pgSQL only."""
    names = [option.arg.sval for option in statement.args if option.defname == "language"]
    language = names[0] if names else "plpgsql"
    row = next((row for row in ctx.catalog.pg_language.rows() if row.lanname == language), None)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, f'language "{language}" does not exist')
    if row.lanname == "plpgsql":
        from ..plpgsql.routine import run_inline
        from ..run.strand import Strand

        text = next(option.arg.sval for option in statement.args if option.defname == "as")
        return Strand(run_inline(ctx, text))
    if not row.laninline:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'language "{language}" does not support inline code execution')
    raise SqlError(FEATURE_NOT_SUPPORTED, f"functions in language {language} are not supported")
