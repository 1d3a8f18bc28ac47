"""From a parsed statement to a typed Query (PostgreSQL's analyze.c, its entry points).

`analyze` is what sessions call; `parse_sub_analyze` is for subqueries. SELECT is in select.py and
setops.py, data modification in modify.py and merge.py, WITH in ctes.py.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from pglast import ast

from ..sqlstates import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_CURSOR_DEFINITION,
    SYNTAX_ERROR,
)
from ..tree import COERCE_IMPLICIT_CAST, Query
from ..treetypes import expr_location, expr_type
from . import coercion, collations, expressions, functions
from .constants import analyze_with_locations
from .params import ParamTypes
from .parse_state import (
    EXPR_KIND_CALL_ARGUMENT,
    EXPR_KIND_EXECUTE_PARAMETER,
    AnalyzeContext,
    ParseState,
    make_parsestate,
)
from .raw import changed, enum_name, raw_location
from .select import locking_clause_name
from .walkers import walk_query

_CURSOR_OPTIONS = {"scroll": 0x0002, "no_scroll": 0x0004, "insensitive": 0x0008, "asensitive": 0x0010}
_CURSOR_OPTION_HOLD = 0x0020


class Analyzed(NamedTuple):
    """A statement's Query and the types of its parameters."""

    query: Query
    param_types: tuple[int, ...]


def analyze(
    raw_stmt: Any,
    source_text: str,
    actx: AnalyzeContext,
    param_types: Sequence[int] | None = None,
    variable_params: bool = False,
) -> Analyzed:
    """Analyses one statement (a pglast RawStmt, or the node in it).

    param_types: types of $1, $2, ... (0: to be deduced, if variable_params); None: no parameters are
    allowed unless variable_params. Positions in errors are those of raw nodes in source_text.
    """

    def run() -> Analyzed:
        if param_types is None and not variable_params:
            params = None
        else:
            params = ParamTypes(param_types or (), variable_params)
        actx.params = params
        pstate = make_parsestate(actx, source_text)
        query = transform_top_level_stmt(pstate, raw_stmt)
        if params is None:
            return Analyzed(query, ())
        if variable_params:
            params.check(pstate, query.utilityQuery or query)
            return Analyzed(query, params.resolved(pstate))
        return Analyzed(query, tuple(params.types))

    saved = actx.params
    actx.literal_locations = None
    try:
        return analyze_with_locations(actx, source_text, raw_stmt, run)
    finally:
        actx.params = saved
        actx.literal_locations = None


def parse_sub_analyze(
    node: Any, parent: ParseState, parent_cte: Any, locked_from_parent: bool, resolve_unknowns: bool
) -> Query:
    """The Query of a subquery, analysed below `parent`."""
    pstate = make_parsestate(parent)
    pstate.p_parent_cte = parent_cte
    pstate.p_locked_from_parent = locked_from_parent
    pstate.p_resolve_unknowns = resolve_unknowns
    return transform_stmt(pstate, node)


def transform_top_level_stmt(pstate: ParseState, raw_stmt: Any) -> Query:
    """The Query of a whole statement; SELECT INTO becomes CREATE TABLE AS."""
    node = raw_stmt.stmt if isinstance(raw_stmt, ast.RawStmt) else raw_stmt
    query = _transform_optional_select_into(pstate, node)
    if isinstance(raw_stmt, ast.RawStmt):
        query.stmt_location = raw_stmt.stmt_location or 0
        query.stmt_len = raw_stmt.stmt_len or 0
    return query


def _transform_optional_select_into(pstate: ParseState, node: Any) -> Query:
    if isinstance(node, ast.SelectStmt):
        node = select_into_as_create(node)
    return transform_stmt(pstate, node)


def select_into_as_create(node: Any) -> Any:
    """SELECT ... INTO as CREATE TABLE AS; other SELECTs as they are."""
    into, select = _take_into(node)
    if into is None:
        return node
    return ast.CreateTableAsStmt(
        query=select,
        into=into,
        objtype={"#": "ObjectType", "name": "OBJECT_TABLE"},
        is_select_into=True,
        if_not_exists=False,
    )


def _take_into(node: Any) -> tuple[Any, Any]:
    """(INTO clause of the leftmost SELECT, the statement without it)."""
    if enum_name(node.op) != "SETOP_NONE":
        into, larg = _take_into(node.larg)
        return into, changed(node, larg=larg) if into is not None else node
    if node.intoClause is None:
        return None, node
    return node.intoClause, changed(node, intoClause=None)


def transform_stmt(pstate: ParseState, node: Any) -> Query:
    """The Query of any statement."""
    transform = _TRANSFORMS.get(type(node).__name__)
    if transform is None:
        return Query("utility", utilityStmt=node)
    return transform(pstate, node)


def _transform_select(pstate: ParseState, node: Any) -> Query:
    from .select import transform_select_stmt, transform_values_clause
    from .setops import transform_set_operation_stmt

    if node.valuesLists:
        return transform_values_clause(pstate, node)
    if enum_name(node.op) == "SETOP_NONE":
        return transform_select_stmt(pstate, node)
    return transform_set_operation_stmt(pstate, node)


def _transform_insert(pstate: ParseState, node: Any) -> Query:
    from .modify import transform_insert_stmt

    return transform_insert_stmt(pstate, node)


def _transform_update(pstate: ParseState, node: Any) -> Query:
    from .modify import transform_update_stmt

    return transform_update_stmt(pstate, node)


def _transform_delete(pstate: ParseState, node: Any) -> Query:
    from .modify import transform_delete_stmt

    return transform_delete_stmt(pstate, node)


def _transform_merge(pstate: ParseState, node: Any) -> Query:
    from .merge import transform_merge_stmt

    return transform_merge_stmt(pstate, node)


# --- utility statements with a query inside ---


def _transform_return(pstate: ParseState, node: Any) -> Query:
    """RETURN expression, the body of an SQL function."""
    from ..tree import FromExpr, TargetEntry
    from .parse_state import EXPR_KIND_SELECT_TARGET
    from .select import finish_query
    from .targets import resolve_target_list_unknowns

    query = Query("select", targetList=[], isReturn=True)
    expr = expressions.transform_expr(pstate, node.returnval, EXPR_KIND_SELECT_TARGET)
    query.targetList = [TargetEntry(expr, 1)]
    if pstate.p_resolve_unknowns:
        resolve_target_list_unknowns(pstate, query.targetList)
    query.jointree = FromExpr(tuple(pstate.p_joinlist))
    return finish_query(pstate, query)


def _transform_explain(pstate: ParseState, node: Any) -> Query:
    inner = _transform_optional_select_into(pstate, node.query)
    return Query("utility", utilityStmt=node, utilityQuery=inner)


def _transform_declare_cursor(pstate: ParseState, node: Any) -> Query:
    options = node.options

    def has(name: str) -> bool:
        return bool(options & _CURSOR_OPTIONS[name])

    if has("scroll") and has("no_scroll"):
        raise pstate.error(INVALID_CURSOR_DEFINITION, "cannot specify both SCROLL and NO SCROLL")
    if has("asensitive") and has("insensitive"):
        raise pstate.error(INVALID_CURSOR_DEFINITION, "cannot specify both ASENSITIVE and INSENSITIVE")
    query = transform_stmt(pstate, node.query)
    if query.commandType != "select":
        raise pstate.error(SYNTAX_ERROR, "unexpected non-SELECT command in DECLARE CURSOR")
    if query.hasModifyingCTE:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, "DECLARE CURSOR must not contain data-modifying statements in WITH"
        )
    if query.rowMarks:
        name = locking_clause_name(query.rowMarks[0].strength)
        if options & _CURSOR_OPTION_HOLD:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"DECLARE CURSOR WITH HOLD ... {name} is not supported",
                detail="Holdable cursors must be READ ONLY.",
            )
        if has("scroll"):
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"DECLARE SCROLL CURSOR ... {name} is not supported",
                detail="Scrollable cursors must be READ ONLY.",
            )
        if has("insensitive"):
            raise pstate.error(
                INVALID_CURSOR_DEFINITION,
                f"DECLARE INSENSITIVE CURSOR ... {name} is not valid",
                detail="Insensitive cursors must be READ ONLY.",
            )
    return Query("utility", utilityStmt=node, utilityQuery=query)


def _transform_create_table_as(pstate: ParseState, node: Any) -> Query:
    query = transform_stmt(pstate, node.query)
    if enum_name(node.objtype) == "OBJECT_MATVIEW":
        problem = None
        if query.hasModifyingCTE:
            problem = "materialized views must not use data-modifying statements in WITH"
        elif is_query_using_temp_relation(pstate.catalog, query):
            problem = "materialized views must not use temporary tables or views"
        elif query_contains_extern_params(query):
            problem = "materialized views may not be defined using bound parameters"
        elif node.into.rel.relpersistence == "u":
            problem = "materialized views cannot be unlogged"
        if problem:
            raise pstate.error(FEATURE_NOT_SUPPORTED, problem)
    return Query("utility", utilityStmt=node, utilityQuery=query)


def is_query_using_temp_relation(catalog: Any, query: Query) -> bool:
    """Whether a query reads or writes a temporary relation."""
    found = False

    def visit(node: Any, depth: int) -> bool:
        nonlocal found
        if type(node).__name__ == "RangeTblEntry" and node.rtekind == "relation":
            found = found or catalog.relation(node.relid).persistence == "t"
        return found

    walk_query(query, visit)
    return found


def query_contains_extern_params(query: Query) -> bool:
    """Whether a query uses $n parameters."""
    found = False

    def visit(node: Any, depth: int) -> bool:
        nonlocal found
        found = found or (type(node).__name__ == "Param" and node.paramkind == "extern")
        return found

    walk_query(query, visit)
    return found


def _transform_call(pstate: ParseState, node: Any) -> Query:
    call = node.funccall
    args = [expressions.transform_expr(pstate, arg, EXPR_KIND_CALL_ARGUMENT) for arg in call.args or ()]
    expr = functions.parse_func_or_column(
        pstate, call.funcname, args, pstate.p_last_srf, call, True, raw_location(call)
    )
    expr = collations.assign_expr_collations(pstate, expr)
    row = pstate.catalog.pg_proc.get(expr.funcid)
    outs: list[Any] = []
    if row.proargmodes is not None:
        ins: list[Any] = []
        for mode, arg in zip(row.proargmodes.items, expr.args, strict=False):
            if mode in ("i", "v", "b"):
                ins.append(arg)
            if mode in ("o", "b"):
                outs.append(arg)
        expr = msgspec.structs.replace(expr, args=tuple(ins))
    return Query("utility", utilityStmt=node, callExpr=expr, callOutArgs=outs)


_TRANSFORMS: dict[str, Any] = {
    "SelectStmt": _transform_select,
    "InsertStmt": _transform_insert,
    "UpdateStmt": _transform_update,
    "DeleteStmt": _transform_delete,
    "MergeStmt": _transform_merge,
    "ReturnStmt": _transform_return,
    "ExplainStmt": _transform_explain,
    "DeclareCursorStmt": _transform_declare_cursor,
    "CreateTableAsStmt": _transform_create_table_as,
    "CallStmt": _transform_call,
}


# --- EXECUTE's arguments ---


def transform_execute_params(
    raw_params: Any,
    source_text: str,
    actx: AnalyzeContext,
    name: str,
    param_types: Sequence[int],
    outer_params: ParamTypes | None = None,
) -> list[Any]:
    """The expressions of EXECUTE name(...), coerced to the statement's parameter types."""

    def run() -> list[Any]:
        actx.params = outer_params
        pstate = make_parsestate(actx, source_text)
        given = raw_params or ()
        if len(given) != len(param_types):
            raise pstate.error(
                SYNTAX_ERROR,
                f'wrong number of parameters for prepared statement "{name}"',
                detail=f"Expected {len(param_types)} parameters but got {len(given)}.",
            )
        result = []
        for number, (raw, typid) in enumerate(zip(given, param_types, strict=False), 1):
            expr = expressions.transform_expr(pstate, raw, EXPR_KIND_EXECUTE_PARAMETER)
            source = expr_type(expr)
            value = coercion.coerce_to_target_type(
                pstate, expr, source, typid, -1, coercion.COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1
            )
            if value is None:
                shown = pstate.catalog.format_type
                raise pstate.error(
                    DATATYPE_MISMATCH,
                    f"parameter ${number} of type {shown(source)} cannot be coerced to the expected type "
                    f"{shown(typid)}",
                    expr_location(expr),
                    hint="You will need to rewrite or cast the expression.",
                )
            result.append(collations.assign_expr_collations(pstate, value))
        return result

    saved = actx.params
    actx.literal_locations = None
    try:
        return analyze_with_locations(actx, source_text, tuple(raw_params or ()), run)
    finally:
        actx.params = saved
        actx.literal_locations = None


# --- views in the built-in catalogs ---


class _ViewContext:
    """What type input functions need while a system view's definition is analysed: it is its own
    session, with search_path pg_catalog."""

    temporary_namespace = 0
    temp_namespace = 0
    settings: Any = None

    def __init__(self, catalog: Any, path: tuple[int, ...]) -> None:
        self.catalog = catalog
        self.path = path
        self.session = self

    def search_path(self, catalog: Any = None) -> tuple[int, ...]:
        return self.path


def analyze_view_text(catalog: Any, text: str) -> Query:
    """The Query of a system view's definition, analysed with search_path pg_catalog."""
    import pglast

    path = (catalog.namespace_oid("pg_catalog"),)
    actx = AnalyzeContext(catalog, path, ctx=_ViewContext(catalog, path))
    return analyze(pglast.parse_sql(text)[0], text, actx).query
