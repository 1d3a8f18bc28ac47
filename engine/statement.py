"""From text to planned statements: parsing, analysis, planning, compilation, and the plan cache.

A Plan is valid for one Catalog value, search path, role and the settings that analysis reads; it
lives in that Catalog's `cache`, so a catalog change drops all plans at once.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast
from pglast.parser import ParseError, parse_sql

from .api import ColumnDescription
from .errors import SqlError
from .relationlocks import RelationLocks, plan_locks
from .sqlstates import (
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INVALID_ESCAPE_SEQUENCE,
    INVALID_PARAMETER_VALUE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    RESERVED_NAME,
    SYNTAX_ERROR,
    WINDOWING_ERROR,
)
from .tree import Query

if TYPE_CHECKING:
    from .sessionstate import SessionState

PLANS_MAX = 5000
TRANSACTION_TEXTS_MAX = 200
_TRANSACTION_TEXTS: dict[str, Any] = {}  # BEGIN and the like, which are never changed after parsing


class Plan:
    """A statement ready to run.

    `point`: ctx -> rows, if the plan surely touches few rows; `run`: ctx -> iterator of row batches.
    Exactly as in engine/compile/query.py's CompiledQuery; utilities have `run` only.
    """

    __slots__ = (
        "catalog",
        "columns",
        "compiled",
        "encoders",
        "failure",
        "key",
        "locks",
        "node",
        "param_types",
        "planned",
        "point",
        "query",
        "read_only",
        "run",
        "settings_key",
        "source",
        "tag",
        "tag_counts",
        "utility",
    )

    def __init__(self) -> None:
        self.catalog: Any = None
        self.columns: tuple[ColumnDescription, ...] | None = None
        self.compiled: Any = None
        self.encoders: dict[Any, Any] = {}
        self.key: Any = None
        self.locks: RelationLocks | None = None
        self.node = ""
        self.param_types: tuple[int, ...] = ()
        self.planned: Any = None
        self.point: Callable[[Any], list[Any] | None] | None = None
        self.query: Query | None = None
        self.read_only = True
        self.run: Callable[[Any], Iterator[Any]] | None = None
        self.settings_key: Any = None
        self.source = ""
        self.tag = ""
        self.tag_counts = False
        self.utility: Any = None
        self.failure: SqlError | None = None  # found while planning: Parse is well, Bind fails


def parse(text: str) -> list[Any]:
    """The raw statements of a text (pglast RawStmt); 42601 with PostgreSQL's message otherwise."""
    known = _TRANSACTION_TEXTS.get(text)
    if known is not None:
        return [known]
    try:
        statements = list(parse_sql(text))
    except ParseError as error:
        raise syntax_error(text, error) from None
    if len(statements) == 1 and isinstance(statements[0].stmt, ast.TransactionStmt) and len(text) < 64:
        if len(_TRANSACTION_TEXTS) < TRANSACTION_TEXTS_MAX:
            _TRANSACTION_TEXTS[text] = statements[0]
    return statements


def parse_for(session: "SessionState", text: str) -> list[Any]:
    """parse, with the statements that only Aurora DSQL has, if the session has them."""
    if session.engine.dsql:
        from .dsql.asynchronous import parse_with_async

        return parse_with_async(text)
    return parse(text)


def parse_body(session: "SessionState", text: str) -> list[Any]:
    """The statements of a function's body, which must be such as the session takes."""
    statements = parse(text)
    if session.engine.dsql:
        from .dsql.check import check

        for raw in statements:
            check(session, raw, text)
    return statements


# Words of the grammar's messages that come with another SQLSTATE than 42601 (src/backend/parser/gram.y).
_GRAMMAR_SQLSTATES = (
    ("not supported", FEATURE_NOT_SUPPORTED),
    ("not yet implemented", FEATURE_NOT_SUPPORTED),
    ("not implemented", FEATURE_NOT_SUPPORTED),
    ("no longer supported", FEATURE_NOT_SUPPORTED),
    ("no longer required", FEATURE_NOT_SUPPORTED),
    ("cannot include schema elements", FEATURE_NOT_SUPPORTED),
    ("current database cannot be changed", FEATURE_NOT_SUPPORTED),
    ("is only supported for ON DELETE actions", FEATURE_NOT_SUPPORTED),
    ("aggregates cannot have output arguments", FEATURE_NOT_SUPPORTED),
    ("constraints cannot be marked", FEATURE_NOT_SUPPORTED),
    ("an ordered-set aggregate with a VARIADIC", FEATURE_NOT_SUPPORTED),
    ("frame start", WINDOWING_ERROR),
    ("frame end", WINDOWING_ERROR),
    ("column number must be in range", INVALID_PARAMETER_VALUE),
    ("precision for type float", INVALID_PARAMETER_VALUE),
    ("for hash partition provided more than once", DUPLICATE_OBJECT),
    ('role name "', RESERVED_NAME),
    ("cannot be used as a role name here", RESERVED_NAME),
)


def syntax_error(text: str, error: ParseError) -> SqlError:
    """PostgreSQL's error for what its parser said."""
    message = str(error.args[0])
    position = error.args[1] if len(error.args) > 1 else None
    if position is not None and position < 0:
        position = None
    if position is None and message == "syntax error at end of input":
        position = len(text)
    if message == "invalid Unicode escape":
        return _unicode_error(text, message, position)
    for words, sqlstate in _GRAMMAR_SQLSTATES:  # noqa: B007
        if words in message and not message.startswith("syntax error"):
            break
    else:
        sqlstate = SYNTAX_ERROR
    return SqlError(sqlstate, message, position=position)


def _unicode_error(text: str, message: str, position: int | None) -> SqlError:
    """E'...' and U&'...' have errors of their own; both begin before the escape."""
    before = text[: position or 0].upper()
    if before.rfind("U&") > max(before.rfind("E'"), -1):
        hint = "Unicode escapes must be \\XXXX or \\+XXXXXX."
        return SqlError(SYNTAX_ERROR, message, hint=hint, position=position)
    hint = "Unicode escapes must be \\uXXXX or \\UXXXXXXXX."
    return SqlError(INVALID_ESCAPE_SEQUENCE, message, hint=hint, position=position)


def statement_source(text: str, raw: Any, single: bool) -> str:
    """The part of `text` that one raw statement was parsed from."""
    if single:
        return text
    start = raw.stmt_location
    end = start + raw.stmt_len if raw.stmt_len else len(text)
    return text[start:end].strip()


_CONSTANT_ERRORS = ("22", "0A", "2F", "39", "54")  # classes of errors that functions raise
_TAGS = {
    "select": "SELECT ",
    "insert": "INSERT 0 ",
    "update": "UPDATE ",
    "delete": "DELETE ",
    "merge": "MERGE ",
}


def build_plan(
    session: "SessionState", raw: Any, text: str, param_types: Sequence[int] | None, *, variable: bool = False
) -> Plan:
    """Analyse, rewrite, plan and compile one raw statement for the session's current catalog."""
    if session.engine.dsql:
        from .dsql.check import check

        check(session, raw, text)
    statement = raw.stmt
    if isinstance(statement, ast.SelectStmt):
        statement = select_into(statement)
    node = type(statement).__name__
    plan = Plan()
    plan.source = text
    plan.node = node
    plan.catalog = session.catalog
    plan.settings_key = session.plan_settings()
    if not isinstance(statement, _OPTIMIZABLE):
        from .commands.registry import find_command, find_describer

        if find_command(node) is None:
            raise SqlError(FEATURE_NOT_SUPPORTED, f"statement {node} is not supported")
        plan.utility = statement
        plan.param_types = tuple(param_types or ())
        if (
            variable
            and isinstance(statement, ast.CreateTableAsStmt)
            and isinstance(statement.query, ast.SelectStmt)
        ):
            from .bind.analyze import analyze

            plan.param_types = tuple(
                analyze(statement, text, session.analyze_context(), plan.param_types, True)[1]
            )
        elif variable and isinstance(statement, ast.CallStmt):
            from .bind.analyze import analyze

            call = ast.CallStmt(funccall=statement.funccall)
            plan.param_types = tuple(
                analyze(call, text, session.analyze_context(), plan.param_types, True)[1]
            )
        describer = find_describer(node)
        if describer is not None:
            columns = describer(session, statement)
            plan.columns = tuple(columns) if columns is not None else None
        return plan
    from .bind.analyze import analyze

    query, types = analyze(raw, text, session.analyze_context(), list(param_types or ()), variable)
    plan.param_types = tuple(types)
    return plan_analyzed(session, plan, query, deferring=variable)


def select_into(statement: ast.SelectStmt) -> Any:
    """SELECT ... INTO as the CREATE TABLE AS that it is; other SELECTs as they are."""
    leftmost = statement
    while leftmost.larg is not None:
        leftmost = leftmost.larg
    if leftmost.intoClause is None:
        return statement
    from .bind.analyze import select_into_as_create

    return select_into_as_create(statement)


def plan_analyzed(session: "SessionState", plan: Plan, query: Query, *, deferring: bool = False) -> Plan:
    """Rewrite, plan and compile an analysed query into `plan`. `deferring`: an error of a constant
    expression becomes the plan's failure."""
    from .bind.rewrite import rewrite_query
    from .compile.query import compile_query
    from .permissions import check_permissions
    from .plan.build import plan_query

    queries = rewrite_query(query, session.analyze_context())
    if len(queries) != 1:
        raise SqlError(FEATURE_NOT_SUPPORTED, "rules that make several queries are not supported")
    query = queries[0]
    catalog = plan.catalog
    if session.engine.dsql:
        from .dsql.queries import check_query

        check_query(query, catalog)
    check_permissions(catalog, session.role, query)
    try:
        planned = plan_query(query, catalog, session.settings)
    except SqlError as error:
        if not deferring or error.sqlstate[:2] not in _CONSTANT_ERRORS:
            raise
        plan.query = query
        plan.failure = error.again()
        plan.columns = _described_early(catalog, query)
        return plan
    for oid in planned.relations:
        row = catalog.pg_class.get(oid)
        if row is not None and not row.relispopulated:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f'materialized view "{row.relname}" has not been populated',
                hint="Use the REFRESH MATERIALIZED VIEW command.",
            )
    plan.planned = planned
    plan.query = query
    plan.locks = plan_locks(catalog, planned, query)
    plan.columns = describe_targets(catalog, planned, query)
    compiled = compile_query(planned, catalog, session.settings)
    plan.compiled = compiled
    plan.point = compiled.point
    plan.run = compiled.run
    plan.read_only = query.commandType == "select" and not query.hasModifyingCTE
    plan.tag = _TAGS[query.commandType]
    plan.tag_counts = True
    return plan


def _described_early(catalog: Any, query: Query) -> tuple[ColumnDescription, ...] | None:
    """The fields of a query that could not be planned."""
    from .treetypes import expr_type, expr_typmod

    targets = query.targetList if query.commandType == "select" else query.returningList
    if not targets:
        return None
    columns = []
    for entry in targets:
        if not entry.resjunk:
            base, typmod = catalog.base_type_and_typmod(expr_type(entry.expr), expr_typmod(entry.expr))
            size = catalog.pg_type.get(base).typlen
            columns.append(
                ColumnDescription(entry.resname or "", entry.resorigtbl, entry.resorigcol, base, size, typmod)
            )
    return tuple(columns)


def describe_targets(catalog: Any, planned: Any, query: Query) -> tuple[ColumnDescription, ...] | None:
    """The RowDescription fields of a planned query; None if it returns no rows."""
    if query.commandType != "select" and not query.returningList:
        return None
    tables = planned.resorigtbl or (0,) * len(planned.names)
    attnums = planned.resorigcol or (0,) * len(planned.names)
    pg_type = catalog.pg_type
    columns = []
    for name, typid, typmod, table, attnum in zip(
        planned.names, planned.types, planned.typmods, tables, attnums, strict=True
    ):
        base, base_typmod = catalog.base_type_and_typmod(typid, typmod)
        row = pg_type.get(base)
        columns.append(ColumnDescription(name, table, attnum, base, row.typlen, base_typmod))
    return tuple(columns)


_OPTIMIZABLE = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def cached_plan(
    session: "SessionState",
    text: str,
    param_types: tuple[int, ...],
    raw: Any = None,
    *,
    deferring: bool = False,
) -> Plan:
    """The plan of a single statement with known parameter types, from the catalog's cache or new.
    `deferring`: the caller deals with a plan that is a failure."""
    catalog = session.catalog
    plans = catalog.cache.get("plans")
    if plans is None:
        plans = catalog.cache["plans"] = {}
    key = (text, param_types, session.plan_settings())
    plan: Plan | None = plans.get(key)
    if plan is None:
        if raw is None:
            raw = parse_for(session, text)[0]
        plan = build_plan(session, raw, text, param_types, variable=True)
        plan.key = key
        if plan.utility is None and session.catalog is catalog:
            if len(plans) >= PLANS_MAX:
                plans.clear()
            plans[key] = plan
    if plan.failure is not None and not deferring:
        raise plan.failure.again()
    return plan
