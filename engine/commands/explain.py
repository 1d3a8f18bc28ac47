"""EXPLAIN: the plan of a statement, and with ANALYZE what running it took.

engine/plan/explain.py describes plans; here are the options, the run, and the sections around the plan.
EXPLAIN (CODE) shows the Python function that the plan was compiled to.
"""

import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..errors import SqlError
from ..plan.explain import ExplainOptions, explain_structure, explain_text
from ..portal import StatementContext
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, SYNTAX_ERROR
from ..statement import Plan, plan_analyzed
from ..tree import Const, Param, Query
from .options import option_boolean, option_string
from .registry import command, describes

_FORMATS = {"text": 25, "json": 114, "yaml": 25, "xml": 142}
_FLAGS = frozenset(
    ("analyze", "verbose", "costs", "buffers", "wal", "settings", "generic_plan", "timing", "summary",
     "memory", "code")
)  # fmt: skip
Rows = Generator[Any, None, Any]


class Options(ExplainOptions):
    """All options of the statement."""

    def __init__(self) -> None:
        super().__init__()
        self.wal = False
        self.settings = False
        self.generic_plan = False
        self.memory = False
        self.code = False
        self.serialize = "none"


def read_options(elements: Sequence[ast.DefElem] | None) -> Options:
    """The options, checked as ExplainQuery() does."""
    options = Options()
    given: set[str] = set()
    for element in elements or ():
        name = element.defname
        if name in _FLAGS:
            setattr(options, name, option_boolean(element))
        elif name == "serialize":
            options.serialize = _choice(element, ("none", "text", "binary"), "text")
        elif name == "format":
            options.format = _choice(element, tuple(_FORMATS), None)
        else:
            raise SqlError(SYNTAX_ERROR, f'unrecognized EXPLAIN option "{name}"', position=element.location)
        given.add(name)
    for name in ("wal", "timing", "serialize"):
        wanted = options.serialize != "none" if name == "serialize" else getattr(options, name)
        if wanted and not options.analyze and (name != "timing" or name in given):
            raise _invalid(f"EXPLAIN option {name.upper()} requires ANALYZE")
    if options.generic_plan and options.analyze:
        raise _invalid("EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together")
    if options.memory:
        raise SqlError(FEATURE_NOT_SUPPORTED, "EXPLAIN option MEMORY is not supported")
    if "summary" not in given:
        options.summary = options.analyze
    return options


def _choice(element: ast.DefElem, values: tuple[str, ...], missing: str | None) -> str:
    if element.arg is None and missing is not None:
        return missing
    value = option_string(element)
    if value not in values:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'unrecognized value for EXPLAIN option "{element.defname}": "{value}"',
            position=element.location,
        )
    return value


def _invalid(message: str) -> SqlError:
    return SqlError(INVALID_PARAMETER_VALUE, message)


@describes("ExplainStmt")
def describe_explain(session: Any, statement: ast.ExplainStmt) -> Sequence[ColumnDescription]:
    """One column, "QUERY PLAN"."""
    typid = 25
    for element in statement.options or ():
        if element.defname == "format" and element.arg is not None:
            typid = _FORMATS.get(option_string(element), 25)
    return [ColumnDescription("QUERY PLAN", 0, 0, typid, -1, -1)]


@command("ExplainStmt", tag="EXPLAIN", read_only_ok=True)
def explain(ctx: Any, statement: ast.ExplainStmt) -> Rows:
    """EXPLAIN [(options)] statement."""
    options = read_options(statement.options)
    started = time.perf_counter()
    plan = _plan(ctx, statement.query, options)
    planning = time.perf_counter() - started
    if plan is None:
        yield _utility(options)
        return "EXPLAIN"
    report = Report(ctx, plan, options, planning)
    if options.analyze:
        yield from report.run()
    yield report.rows()
    return "EXPLAIN"


def _utility(options: Options) -> list[tuple[str]]:
    text = "Utility statements have no plan structure"
    if options.format == "json":
        text = f'[\n  "{text}"\n]'
    elif options.format == "yaml":
        text = f'- "{text}"'
    elif options.format == "xml":
        from ..plan.explain_formats import NAMESPACE

        text = f'<explain xmlns="{NAMESPACE}">\n  <Utility-Statement>{text}</Utility-Statement>\n</explain>'
    return [(text,)]


# --- plans ----------------------------------------------------------------------------------------------


def _plan(ctx: Any, node: Any, options: Options) -> Plan | None:
    """The plan to explain, None for a utility statement without one."""
    session = ctx.session
    if isinstance(node, ast.ExecuteStmt):
        return _prepared_plan(ctx, node)
    if isinstance(node, ast.CreateTableAsStmt):
        if options.analyze:
            raise SqlError(FEATURE_NOT_SUPPORTED, "EXPLAIN ANALYZE of CREATE TABLE AS is not supported")
        if isinstance(node.query, ast.ExecuteStmt):
            return _prepared_plan(ctx, node.query)
        node = node.query
    elif isinstance(node, ast.DeclareCursorStmt):
        node = node.query
    elif not isinstance(node, _OPTIMIZABLE):
        return None
    if isinstance(node, ast.SelectStmt):
        node = _without_into(node, options)
    from ..bind.analyze import analyze

    raw = ast.RawStmt(stmt=node)
    query, _ = analyze(raw, ctx.source, session.analyze_context(), [], options.generic_plan)
    return _planned(ctx, query)


def _without_into(node: ast.SelectStmt, options: Options) -> Any:
    first = node
    while first.larg is not None:
        first = first.larg
    if first.intoClause is None:
        return node
    if options.analyze or first is not node:
        raise SqlError(FEATURE_NOT_SUPPORTED, "EXPLAIN ANALYZE of SELECT INTO is not supported")
    from ..bind.raw import changed

    return changed(node, intoClause=None)


_OPTIMIZABLE = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


def _planned(ctx: Any, query: Query) -> Plan:
    plan = Plan()
    plan.source = ctx.source
    plan.catalog = ctx.catalog
    return plan_analyzed(ctx.session, plan, query)


def _prepared_plan(ctx: Any, node: ast.ExecuteStmt) -> Plan | None:
    """The plan of EXECUTE, for these parameter values as PostgreSQL's custom plans."""
    from ..bind.analyze import analyze
    from ..bind.walkers import mutate_query
    from ..statement import parse
    from .prepared import execute_arguments

    session = ctx.session
    prepared = session.find_prepared(node.name)
    if prepared.plan is None or prepared.plan.utility is not None:
        return None
    values = execute_arguments(ctx, prepared, node)
    raw = prepared.raw if prepared.raw is not None else parse(prepared.text)[0]
    types = list(prepared.parameter_types)
    query, _ = analyze(raw, prepared.text, session.analyze_context(), types, True)

    def constant(tree: Any, depth: int) -> Any:
        if isinstance(tree, Param) and tree.paramkind == "extern":
            value = values[tree.paramid - 1]
            return Const(tree.paramtype, value, value is None, tree.paramtypmod, tree.paramcollid)
        return None

    return _planned(ctx, mutate_query(query, constant))


# --- reports --------------------------------------------------------------------------------------------


class _ById:
    """Measurements by plan node: nodes are equal by value, so their identity is what counts."""

    def __init__(self, statistics: dict[int, Any]) -> None:
        self._statistics = statistics

    def get(self, node: Any) -> Any:
        """What was measured for the node."""
        return self._statistics.get(id(node))


class Report:
    """What EXPLAIN says of one plan."""

    def __init__(self, ctx: Any, plan: Plan, options: Options, planning: float) -> None:
        self.ctx = ctx
        self.plan = plan
        self.options = options
        self.planning = planning
        self.execution = 0.0
        self.statistics: Any = None
        self.serialized_bytes = 0
        self.serialized_seconds = 0.0

    def run(self) -> Rows:
        """Run the plan and throw its rows away."""
        ctx, plan = self.ctx, self.plan
        session = ctx.session
        if not plan.read_only:
            assert plan.query is not None
            session.transaction.forbid_if_read_only(plan.query.commandType.upper())
        inner = StatementContext(session, ctx.params, ctx.source)
        inner.output = ctx.output
        inner.attach(session.transaction)
        encode: Callable[[Any, Any], bytes] | None = None
        if self.options.serialize != "none" and plan.columns is not None:
            binary = 1 if self.options.serialize == "binary" else 0
            encode = session.row_encoder(plan, (binary,) * len(plan.columns))
        run, measured = plan.compiled.instrumented()
        self.statistics = _ById(measured)
        started = time.perf_counter()
        for item in run(inner):
            if type(item) is not list:
                yield item
                continue
            if item and encode is not None:
                begun = time.perf_counter()
                self.serialized_bytes += len(encode(inner, item))
                self.serialized_seconds += time.perf_counter() - begun
            yield []
        self.execution = time.perf_counter() - started
        if not plan.read_only:
            session.transaction.end_command()

    def rows(self) -> list[tuple[str]]:
        """The result."""
        if self.options.format == "text":
            return [(line,) for line in self._text()]
        from ..plan.explain_formats import NAMESPACE, to_json, to_xml, to_yaml

        structure = self._structure()
        if self.options.format == "json":
            return [(to_json([structure]),)]
        if self.options.format == "yaml":
            return [(to_yaml([structure]),)]
        body = to_xml(structure, "Query", 2)
        return [(f'<explain xmlns="{NAMESPACE}">\n{body}\n</explain>',)]

    def _text(self) -> list[str]:
        options = self.options
        lines = explain_text(self.plan.planned, self.plan.catalog, options, self.statistics)
        if options.settings:
            settings = self._settings()
            if settings:
                lines.append(
                    "Settings: " + ", ".join(f"{name} = '{value}'" for name, value in settings.items())
                )
        if options.summary:
            lines.append(f"Planning Time: {self.planning * 1000:.3f} ms")
        if options.serialize != "none":
            took = f"time={self.serialized_seconds * 1000:.3f} ms  " if options.timing else ""
            size = (self.serialized_bytes + 1023) // 1024
            lines.append(f"Serialization: {took}output={size}kB  format={options.serialize}")
        if options.summary and options.analyze:
            lines.append(f"Execution Time: {self.execution * 1000:.3f} ms")
        if options.code:
            lines.append("Code:")
            lines += ["  " + line for line in self.plan.compiled.source.splitlines()]
        return lines

    def _structure(self) -> dict[str, Any]:
        options = self.options
        plan = self.plan
        out: dict[str, Any] = {
            "Plan": explain_structure(plan.planned, plan.catalog, options, self.statistics)
        }
        if options.settings:
            out["Settings"] = self._settings()
        if options.summary:
            out["Planning Time"] = self.planning * 1000
        if options.analyze:
            out["Triggers"] = []
        if options.serialize != "none":
            serialization: dict[str, Any] = {}
            if options.timing:
                serialization["Time"] = self.serialized_seconds * 1000
            serialization["Output Volume"] = (self.serialized_bytes + 1023) // 1024
            serialization["Format"] = options.serialize
            out["Serialization"] = serialization
        if options.summary and options.analyze:
            out["Execution Time"] = self.execution * 1000
        if options.code:
            out["Code"] = plan.compiled.source
        return out

    def _settings(self) -> dict[str, str]:
        """The settings that planning reads and that are not at their defaults."""
        from ..settings import definitions
        from ..settingvalues import format_value, parse_value

        settings = self.ctx.settings
        out = {}
        for definition in definitions().values():
            if "EXPLAIN" in definition.flags:
                shown = settings.show(definition.name)
                default = definition.boot_val
                if default is None or shown != format_value(definition, parse_value(definition, default)):
                    out[definition.name] = shown
        return out
