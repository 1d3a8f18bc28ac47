"""SQL/JSON constructors and IS JSON.

JsonConstructorExpr.func is a complete expression for the value, and .coercion (if not None) one that
has the RETURNING type. Where no catalog function does it (ABSENT ON NULL, WITH UNIQUE KEYS of
JSON_OBJECT and JSON_ARRAY), func is a JsonConstructorExpr without func: its args are JSON texts, and
run/jsonbuild.py puts them together. JSON_VALUE, JSON_QUERY, JSON_EXISTS and JSON_TABLE: 0A000.
"""

from collections.abc import Sequence
from typing import Any

from pglast import ast

from .. import tree as t
from ..lsyscache import type_category
from ..sqlstates import (
    CANNOT_COERCE,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    SYNTAX_ERROR,
)
from ..treetypes import expr_location, expr_type
from .coercion import COERCION_EXPLICIT, COERCION_IMPLICIT, coerce_to_boolean, coerce_to_target_type
from .parse_state import EXPR_KIND_FILTER, ParseState
from .typenames import typename_type_id_and_mod

BYTEAOID = 17
TEXTOID = 25
JSONOID = 114
UNKNOWNOID = 705
JSONBOID = 3802

TO_JSON = 3176
CONVERT_FROM = 1714
CONVERT_TO = 1717
# (function, function without arguments) by result type
BUILD_ARRAY = {JSONOID: (3198, 3199), JSONBOID: (3271, 3272)}
BUILD_OBJECT = {JSONOID: (3200, 3201), JSONBOID: (3273, 3274)}
ARRAY_AGG = {(JSONOID, False): 3175, (JSONOID, True): 6276, (JSONBOID, False): 3267, (JSONBOID, True): 6284}
# (result type, absent on null, unique keys) -> aggregate
OBJECT_AGG = {
    (JSONOID, False, False): 3197,
    (JSONOID, True, False): 6280,
    (JSONOID, False, True): 6281,
    (JSONOID, True, True): 6282,
    (JSONBOID, False, False): 3270,
    (JSONBOID, True, False): 6288,
    (JSONBOID, False, True): 6289,
    (JSONBOID, True, True): 6290,
}


def _cast(pstate: ParseState, expr: Any, target: int, typmod: int, location: int) -> Any | None:
    return coerce_to_target_type(
        pstate,
        expr,
        expr_type(expr),
        target,
        typmod,
        COERCION_EXPLICIT,
        t.COERCE_EXPLICIT_CAST,
        location,
    )


def _known(pstate: ParseState, expr: Any) -> Any:
    """Literals of unknown type are text."""
    if expr_type(expr) != UNKNOWNOID:
        return expr
    return coerce_to_target_type(
        pstate, expr, UNKNOWNOID, TEXTOID, -1, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1
    )


def _is_string(pstate: ParseState, typid: int) -> bool:
    return typid == UNKNOWNOID or type_category(pstate.catalog, typid) == "S"


def _cannot_cast(pstate: ParseState, source: int, target: int, location: int) -> Exception:
    shown = pstate.catalog.format_type
    return pstate.error(CANNOT_COERCE, f"cannot cast type {shown(source)} to {shown(target)}", location)


# --- values and output ----------------------------------------------------------------------------------


def _value(pstate: ParseState, node: Any, json_by_default: bool, target: int = 0) -> Any:
    """A JsonValueExpr: an SQL value, read as JSON if it has FORMAT JSON (transformJsonValueExpr)."""
    from .expressions import transform_recurse

    expr = transform_recurse(pstate, node.raw_expr)
    typid = expr_type(expr)
    location = expr_location(expr)
    explicit = node.format is not None and node.format.format_type.name != "JS_FORMAT_DEFAULT"
    if explicit and node.format.encoding.name != "JS_ENC_DEFAULT" and typid != BYTEAOID:
        raise pstate.error(
            DATATYPE_MISMATCH, "JSON ENCODING clause is only allowed for bytea input type", location
        )
    as_json = (explicit or json_by_default) and typid not in (JSONOID, JSONBOID)
    if not as_json and (not target or target == typid):
        return expr
    if not target and typid != BYTEAOID and not _is_string(pstate, typid):
        how = "explicit" if explicit else "implicit"
        raise pstate.error(
            DATATYPE_MISMATCH, f"cannot use non-string types with {how} FORMAT JSON clause", location
        )
    if as_json and typid == BYTEAOID:
        expr = _bytea_to_text(expr)
    result = _cast(pstate, expr, target or JSONOID, -1, location)
    if result is None:
        raise _cannot_cast(pstate, typid, target or JSONOID, location)
    return result


def _bytea_to_text(expr: Any) -> Any:
    return t.FuncExpr(CONVERT_FROM, TEXTOID, (expr, t.Const(19, "utf8")), location=-1)


def _output(pstate: ParseState, output: Any, args: Sequence[Any], default: int = 0) -> tuple[int, int]:
    """(type, typmod) of RETURNING; without it jsonb if any argument is, else json."""
    if output is None:
        if default:
            return default, -1
        return (JSONBOID if any(expr_type(arg) == JSONBOID for arg in args) else JSONOID), -1
    if output.typeName.setof:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, "returning SETOF types is not supported in SQL/JSON functions"
        )
    typid, typmod = typename_type_id_and_mod(pstate, output.typeName)
    if pstate.catalog.pg_type.get(typid).typtype == "p":
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, "returning pseudo-types is not supported in SQL/JSON functions"
        )
    return typid, typmod


def _make(
    pstate: ParseState,
    kind: str,
    args: Sequence[Any],
    func: Any,
    returning: tuple[int, int],
    absent: bool,
    unique: bool,
    location: int,
) -> t.JsonConstructorExpr:
    """The constructor's node, with a coercion if `func` has not the RETURNING type."""
    typid, typmod = returning
    coercion = None
    source = expr_type(func)
    if typid == BYTEAOID and source in (JSONOID, TEXTOID):
        text = _cast(pstate, func, TEXTOID, -1, location)
        coercion = t.FuncExpr(CONVERT_TO, BYTEAOID, (text, t.Const(19, "UTF8")))
    elif source != typid or typmod >= 0:
        coercion = _cast(pstate, func, typid, typmod, location)
        if coercion is None:
            raise _cannot_cast(pstate, source, typid, -1)
    return t.JsonConstructorExpr(kind, tuple(args), func, coercion, absent, unique, location)


def _json_type(returning: tuple[int, int]) -> int:
    return JSONBOID if returning[0] == JSONBOID else JSONOID


def _call(funcs: tuple[int, int], typid: int, args: Sequence[Any], location: int) -> t.FuncExpr:
    """A call of a json_build_ function."""
    return t.FuncExpr(funcs[0] if args else funcs[1], typid, tuple(args), location=location)


def _json_text(pstate: ParseState, expr: Any) -> Any:
    """An SQL value as JSON text; NULL stays NULL."""
    return t.FuncExpr(TO_JSON, JSONOID, (expr,))


# --- constructors -----------------------------------------------------------------------------------------


def _key(pstate: ParseState, node: Any) -> Any:
    from .expressions import transform_recurse

    return _known(pstate, transform_recurse(pstate, node))


def _object(pstate: ParseState, node: Any) -> Any:
    args: list[Any] = []
    for pair in node.exprs or ():
        args.append(_key(pstate, pair.key))
        args.append(_known(pstate, _value(pstate, pair.value, False)))
    returning = _output(pstate, node.output, args)
    absent, unique = bool(node.absent_on_null), bool(node.unique)
    if args and (absent or unique):
        texts = []
        for position, arg in enumerate(args):
            if position % 2 == 0 and expr_type(arg) != TEXTOID:
                arg = _cast(pstate, arg, TEXTOID, -1, -1)
            texts.append(_json_text(pstate, arg))
        func: Any = t.JsonConstructorExpr("object", tuple(texts), None, None, absent, unique)
    else:
        typid = _json_type(returning)
        func = _call(BUILD_OBJECT[typid], typid, args, node.location)
    return _make(pstate, "object", args, func, returning, absent, unique, node.location)


def _array(pstate: ParseState, node: Any) -> Any:
    args = [_known(pstate, _value(pstate, item, False)) for item in node.exprs or ()]
    returning = _output(pstate, node.output, args)
    absent = bool(node.absent_on_null)
    given = args
    if absent:
        given = [arg for arg in args if not (isinstance(arg, t.Const) and arg.constisnull)]
    if absent and not all(isinstance(arg, t.Const) for arg in given):
        texts = tuple([_json_text(pstate, arg) for arg in given])
        func: Any = t.JsonConstructorExpr("array", texts, None, None, True)
    else:
        typid = _json_type(returning)
        func = _call(BUILD_ARRAY[typid], typid, given, node.location)
    return _make(pstate, "array", args, func, returning, absent, False, node.location)


def _array_query(pstate: ParseState, node: Any) -> Any:
    """JSON_ARRAY(SELECT ...) is (SELECT JSON_ARRAYAGG(a) FROM (SELECT ...) q(a))."""
    from .analyze import parse_sub_analyze
    from .parse_state import make_parsestate
    from .sublinks import transform_scalar_subquery

    query = parse_sub_analyze(node.query, make_parsestate(pstate), None, False, True)
    if sum([not entry.resjunk for entry in query.targetList]) != 1:
        raise pstate.error(SYNTAX_ERROR, "subquery must return only one column", node.location)
    column = ast.ColumnRef(fields=(ast.String(sval="q"), ast.String(sval="a")), location=node.location)
    aggregate = ast.JsonArrayAgg(
        constructor=ast.JsonAggConstructor(output=node.output, location=node.location),
        arg=ast.JsonValueExpr(raw_expr=column, format=node.format),
        absent_on_null=node.absent_on_null,
    )
    alias = ast.Alias(aliasname="q", colnames=(ast.String(sval="a"),))
    select = ast.SelectStmt(
        targetList=(ast.ResTarget(val=aggregate, location=node.location),),
        fromClause=(ast.RangeSubselect(subquery=node.query, alias=alias, lateral=False),),
        op=0,
        limitOption=0,
        groupDistinct=False,
        all=False,
    )
    return transform_scalar_subquery(pstate, select, node.location)


def _parse(pstate: ParseState, node: Any) -> Any:
    unique = bool(node.unique_keys)
    if unique:
        arg = _parse_argument(pstate, node.expr.raw_expr)
        if expr_type(arg) != TEXTOID:
            raise pstate.error(
                DATATYPE_MISMATCH,
                "cannot use non-string types with WITH UNIQUE KEYS clause",
                node.location,
            )
        raise pstate.error(FEATURE_NOT_SUPPORTED, "JSON() WITH UNIQUE KEYS is not supported", node.location)
    func = _value(pstate, node.expr, True, JSONOID)
    return _make(pstate, "parse", (func,), func, (JSONOID, -1), False, False, node.location)


def _scalar(pstate: ParseState, node: Any) -> Any:
    from .expressions import transform_recurse

    arg = _known(pstate, transform_recurse(pstate, node.expr))
    returning = _output(pstate, node.output, (), JSONOID)
    func = t.FuncExpr(TO_JSON, JSONOID, (arg,), location=node.location)
    return _make(pstate, "scalar", (arg,), func, returning, False, False, node.location)


def _serialize(pstate: ParseState, node: Any) -> Any:
    arg = _value(pstate, node.expr, True)
    returning = _output(pstate, node.output, (), TEXTOID)
    if returning[0] != BYTEAOID and type_category(pstate.catalog, returning[0]) != "S":
        raise pstate.error(
            DATATYPE_MISMATCH,
            f"cannot use type {pstate.catalog.format_type(returning[0])} in RETURNING clause of "
            "JSON_SERIALIZE()",
            hint="Try returning a string type or bytea.",
        )
    func = arg
    if expr_type(arg) == JSONBOID:
        func = _cast(pstate, arg, TEXTOID, -1, node.location)
    return _make(pstate, "serialize", (arg,), func, returning, False, False, node.location)


# --- aggregates ---------------------------------------------------------------------------------------------


def _aggregate(
    pstate: ParseState,
    constructor: Any,
    kind: str,
    function: int,
    args: list[Any],
    returning: tuple[int, int],
    absent: bool,
    unique: bool,
) -> Any:
    from .aggregates import transform_aggregate_call, transform_window_func_call
    from .expressions import transform_expr

    location = constructor.location
    condition = None
    if constructor.agg_filter is not None:
        condition = transform_expr(pstate, constructor.agg_filter, EXPR_KIND_FILTER)
        condition = coerce_to_boolean(pstate, condition, "FILTER")
    typid = _json_type(returning)
    if constructor.over is not None:
        if constructor.agg_order:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                "aggregate ORDER BY is not implemented for window functions",
                location,
            )
        window = t.WindowFunc(function, typid, tuple(args), 0, condition, winagg=True, location=location)
        func: Any = transform_window_func_call(pstate, window, constructor.over)
    else:
        aggref = t.Aggref(function, typid, aggfilter=condition, location=location)
        func = transform_aggregate_call(pstate, aggref, args, constructor.agg_order or (), False)
    return _make(pstate, kind, (), func, returning, absent, unique, location)


def _object_agg(pstate: ParseState, node: Any) -> Any:
    args = [_key(pstate, node.arg.key), _known(pstate, _value(pstate, node.arg.value, False))]
    returning = _output(pstate, node.constructor.output, args)
    absent, unique = bool(node.absent_on_null), bool(node.unique)
    function = OBJECT_AGG[_json_type(returning), absent, unique]
    return _aggregate(pstate, node.constructor, "objectagg", function, args, returning, absent, unique)


def _array_agg(pstate: ParseState, node: Any) -> Any:
    args = [_known(pstate, _value(pstate, node.arg, False))]
    returning = _output(pstate, node.constructor.output, args)
    absent = bool(node.absent_on_null)
    function = ARRAY_AGG[_json_type(returning), absent]
    return _aggregate(pstate, node.constructor, "arrayagg", function, args, returning, absent, False)


# --- IS JSON ------------------------------------------------------------------------------------------------


def _parse_argument(pstate: ParseState, raw: Any) -> Any:
    """A string argument as text; anything else as it is."""
    from .expressions import transform_recurse

    expr = transform_recurse(pstate, raw)
    typid = expr_type(expr)
    if typid not in (BYTEAOID, TEXTOID) and _is_string(pstate, typid):
        return coerce_to_target_type(
            pstate, expr, typid, TEXTOID, -1, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1
        )
    return expr


def _is_json(pstate: ParseState, node: Any) -> Any:
    expr = _parse_argument(pstate, node.expr)
    typid = expr_type(expr)
    if typid not in (TEXTOID, BYTEAOID, JSONOID, JSONBOID):
        raise pstate.error(
            DATATYPE_MISMATCH,
            f"cannot use type {pstate.catalog.format_type(typid)} in IS JSON predicate",
        )
    item_type = node.item_type.name.removeprefix("JS_TYPE_").lower()
    return t.JsonIsPredicate(expr, item_type, bool(node.unique_keys), node.location)


JSON_TRANSFORM: dict[type, Any] = {
    ast.JsonObjectConstructor: _object,
    ast.JsonArrayConstructor: _array,
    ast.JsonArrayQueryConstructor: _array_query,
    ast.JsonObjectAgg: _object_agg,
    ast.JsonArrayAgg: _array_agg,
    ast.JsonParseExpr: _parse,
    ast.JsonScalarExpr: _scalar,
    ast.JsonSerializeExpr: _serialize,
    ast.JsonIsPredicate: _is_json,
}
