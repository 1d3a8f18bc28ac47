"""Expressions: raw parse nodes -> typed tree (PostgreSQL's parse_expr.c).

transform_expr is the door; _TRANSFORM maps each raw node class to its function. Raw nodes are never
changed. Some constructs rest on others' modules: rows.py (comparisons of rows), subscripts.py,
sublinks.py, jsonexprs.py (SQL/JSON).
"""

from collections.abc import Callable, Sequence
from typing import Any

from pglast import ast
from pglast.enums import A_Expr_Kind

from .. import tree as t
from ..errors import Notice
from ..lsyscache import type_is_collatable, type_is_rowtype
from ..sqlstates import (
    CANNOT_COERCE,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INDETERMINATE_DATATYPE,
    INVALID_PARAMETER_VALUE,
    SYNTAX_ERROR,
    TOO_MANY_COLUMNS,
    UNDEFINED_OBJECT,
    UNDEFINED_PARAMETER,
)
from ..treetypes import (
    contain_vars_of_level,
    expr_collation,
    expr_location,
    expr_type,
    expr_typmod,
)
from .coercion import (
    COERCION_EXPLICIT,
    coerce_to_boolean,
    coerce_to_common_type,
    coerce_to_target_type,
    select_common_type,
    verify_common_type,
)
from .collations import assign_expr_collations
from .columnrefs import column_ref, transform_whole_row_ref, unknown_attribute
from .constants import make_const
from .functions import NamedArg, parse_func_or_column
from .operators import make_op, make_scalar_array_op
from .parse_state import (
    EXPR_KIND_MERGE_RETURNING,
    EXPR_KIND_ORDER_BY,
    ParseState,
)
from .raw import enum_name, raw_location
from .rows import make_distinct_op, make_row_comparison_op, make_row_distinct_op
from .sublinks import transform_multi_assign_ref, transform_row_sublink, transform_sub_link
from .subscripts import transform_container_subscripts, transform_container_type
from .typenames import lookup_collation, typename_type_id_and_mod

__all__ = [
    "transform_container_subscripts",
    "transform_container_type",
    "transform_expr",
    "transform_whole_row_ref",
]

TEXTOID = 25
UNKNOWNOID = 705
RECORDOID = 2249
MAX_TUPLE_ATTRIBUTES = 1664

Transformer = Callable[[ParseState, Any], Any]


def transform_expr(pstate: ParseState, expr: Any, kind: str) -> Any:
    """The typed tree of a raw expression; `kind` is one of parse_state's EXPR_KIND_*."""
    saved = pstate.p_expr_kind
    pstate.p_expr_kind = kind
    try:
        return transform_recurse(pstate, expr)
    finally:
        pstate.p_expr_kind = saved


def transform_recurse(pstate: ParseState, expr: Any) -> Any:
    """Likewise within an expression (None stays None, typed nodes stay as they are)."""
    if expr is None:
        return None
    transformer = _TRANSFORM.get(expr.__class__)
    if transformer is not None:
        return transformer(pstate, expr)
    if isinstance(expr, t.Node):
        return expr
    from .jsonexprs import JSON_TRANSFORM

    transformer = JSON_TRANSFORM.get(expr.__class__)
    if transformer is not None:
        return transformer(pstate, expr)
    raise pstate.error(
        FEATURE_NOT_SUPPORTED, f"{expr.__class__.__name__} is not supported", raw_location(expr)
    )


# --- fields, subscripts, parameters ----------------------------------------


def _indirection(pstate: ParseState, node: Any) -> Any:
    last_srf = pstate.p_last_srf
    result = transform_recurse(pstate, node.arg)
    location = expr_location(result)
    subscripts: list[Any] = []

    def subscripted(base: Any) -> Any:
        if not subscripts:
            return base
        ref = transform_container_subscripts(
            pstate, base, expr_type(base), expr_typmod(base), subscripts, False
        )
        subscripts.clear()
        return ref

    for item in node.indirection:
        if isinstance(item, ast.A_Indices):
            subscripts.append(item)
            continue
        if isinstance(item, ast.A_Star):
            raise pstate.error(FEATURE_NOT_SUPPORTED, 'row expansion via "*" is not supported here', location)
        result = subscripted(result)
        selected = parse_func_or_column(pstate, [item], [result], last_srf, None, False, location)
        if selected is None:
            raise unknown_attribute(pstate, result, item.sval, location)
        result = selected
    return subscripted(result)


def _param_ref(pstate: ParseState, node: Any) -> Any:
    params = pstate.context.params
    if params is None:
        raise pstate.error(UNDEFINED_PARAMETER, f"there is no parameter ${node.number}", node.location)
    return params.paramref(pstate, node)


# --- operators ----------------------------------------


def _is_null_constant(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and bool(node.isnull)


def _is_scalar_sublink(node: Any) -> bool:
    return isinstance(node, ast.SubLink) and enum_name(node.subLinkType) == "EXPR_SUBLINK"


def _op(pstate: ParseState, name: Sequence[Any], lexpr: Any, rexpr: Any, location: int) -> Any:
    """An operator on raw (or already transformed) arguments."""
    if isinstance(lexpr, ast.RowExpr):
        if _is_scalar_sublink(rexpr):
            return transform_row_sublink(pstate, rexpr, lexpr, name, location)
        if isinstance(rexpr, ast.RowExpr):
            left = transform_recurse(pstate, lexpr)
            right = transform_recurse(pstate, rexpr)
            return make_row_comparison_op(pstate, name, left.args, right.args, location)
    last_srf = pstate.p_last_srf
    left = transform_recurse(pstate, lexpr)
    right = transform_recurse(pstate, rexpr)
    return make_op(pstate, name, left, right, last_srf, location)


def _aexpr_op(pstate: ParseState, node: Any) -> Any:
    lexpr, rexpr = node.lexpr, node.rexpr
    if (
        (_is_null_constant(lexpr) or _is_null_constant(rexpr))
        and len(node.name) == 1
        and node.name[0].sval == "="
        and _transform_null_equals(pstate)
    ):
        arg = transform_recurse(pstate, rexpr if _is_null_constant(lexpr) else lexpr)
        return t.NullTest(arg, "is_null", type_is_rowtype(pstate.catalog, expr_type(arg)), node.location)
    return _op(pstate, node.name, lexpr, rexpr, node.location)


def _transform_null_equals(pstate: ParseState) -> bool:
    settings = pstate.context.settings
    return settings is not None and settings.get("transform_null_equals") == "on"


def _aexpr_any(pstate: ParseState, node: Any) -> Any:
    return _scalar_array(pstate, node, True)


def _aexpr_all(pstate: ParseState, node: Any) -> Any:
    return _scalar_array(pstate, node, False)


def _scalar_array(pstate: ParseState, node: Any, use_or: bool) -> Any:
    left = transform_recurse(pstate, node.lexpr)
    right = transform_recurse(pstate, node.rexpr)
    return make_scalar_array_op(pstate, node.name, use_or, left, right, node.location)


def _aexpr_distinct(pstate: ParseState, node: Any) -> Any:
    negated = node.kind == A_Expr_Kind.AEXPR_NOT_DISTINCT
    lexpr, rexpr = node.lexpr, node.rexpr
    if _is_null_constant(rexpr) or _is_null_constant(lexpr):
        # Works for types without an equality operator, too.
        arg = transform_recurse(pstate, lexpr if _is_null_constant(rexpr) else rexpr)
        return t.NullTest(arg, "is_null" if negated else "is_not_null", False, node.location)
    left = transform_recurse(pstate, lexpr)
    right = transform_recurse(pstate, rexpr)
    if isinstance(left, t.RowExpr) and isinstance(right, t.RowExpr):
        result = make_row_distinct_op(pstate, node.name, left, right, node.location)
    else:
        result = make_distinct_op(pstate, node.name, left, right, node.location)
    return t.BoolExpr("not", (result,), node.location) if negated else result


def _aexpr_nullif(pstate: ParseState, node: Any) -> Any:
    left = transform_recurse(pstate, node.lexpr)
    right = transform_recurse(pstate, node.rexpr)
    op = make_op(pstate, node.name, left, right, pstate.p_last_srf, node.location)
    if op.opresulttype != 16:
        raise pstate.error(DATATYPE_MISMATCH, "NULLIF requires = operator to yield boolean", node.location)
    if op.opretset:
        raise pstate.error(DATATYPE_MISMATCH, "NULLIF must not return a set", node.location)
    # The result has the type of the first argument as it was given to the operator.
    return t.NullIfExpr(op.opno, op.opfuncid, expr_type(op.args[0]), op.args, location=node.location)


def _aexpr_in(pstate: ParseState, node: Any) -> Any:
    """a IN (b, c, ...): one ScalarArrayOpExpr for what has no column in it, comparisons for the rest."""
    use_or = node.name[0].sval != "<>"
    left = transform_recurse(pstate, node.lexpr)
    exprs = [transform_recurse(pstate, item) for item in node.rexpr]
    rest = exprs
    result: Any = None
    plain = [expr for expr in exprs if not contain_vars_of_level(expr, 0)]
    if len(plain) > 1:
        together = [left, *plain]
        scalar_type = select_common_type(pstate, together, None)
        if scalar_type and not verify_common_type(pstate, scalar_type, together):
            scalar_type = 0
        array_type = 0
        if scalar_type and scalar_type != RECORDOID:
            array_type = pstate.catalog.array_type(scalar_type)
        if array_type:
            elements = [coerce_to_common_type(pstate, expr, scalar_type, "IN") for expr in plain]
            array = t.ArrayExpr(array_type, scalar_type, tuple(elements))
            result = make_scalar_array_op(pstate, node.name, use_or, left, array, node.location)
            rest = [expr for expr in exprs if contain_vars_of_level(expr, 0)]
    for expr in rest:
        comparison: Any
        if isinstance(left, t.RowExpr) and isinstance(expr, t.RowExpr):
            comparison = make_row_comparison_op(pstate, node.name, left.args, expr.args, node.location)
        else:
            comparison = make_op(pstate, node.name, left, expr, pstate.p_last_srf, node.location)
        comparison = coerce_to_boolean(pstate, comparison, "IN")
        if result is None:
            result = comparison
        else:
            result = t.BoolExpr("or" if use_or else "and", (result, comparison), node.location)
    return result


def _aexpr_between(pstate: ParseState, node: Any) -> Any:
    kind = node.kind
    negated = kind in (A_Expr_Kind.AEXPR_NOT_BETWEEN, A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM)
    symmetric = kind in (A_Expr_Kind.AEXPR_BETWEEN_SYM, A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM)
    low, high = node.rexpr

    def bounds(first: Any, second: Any) -> Any:
        operators = ("<", ">") if negated else (">=", "<=")
        args = [
            coerce_to_boolean(
                pstate,
                _op(pstate, (operator,), node.lexpr, bound, node.location),
                "OR" if negated else "AND",
            )
            for operator, bound in zip(operators, (first, second), strict=True)
        ]
        return t.BoolExpr("or" if negated else "and", tuple(args), node.location)

    if not symmetric:
        return bounds(low, high)
    both = (bounds(low, high), bounds(high, low))
    return t.BoolExpr("and" if negated else "or", both, node.location)


_AEXPR: dict[Any, Transformer] = {
    A_Expr_Kind.AEXPR_OP: _aexpr_op,
    A_Expr_Kind.AEXPR_LIKE: _aexpr_op,
    A_Expr_Kind.AEXPR_ILIKE: _aexpr_op,
    A_Expr_Kind.AEXPR_SIMILAR: _aexpr_op,
    A_Expr_Kind.AEXPR_OP_ANY: _aexpr_any,
    A_Expr_Kind.AEXPR_OP_ALL: _aexpr_all,
    A_Expr_Kind.AEXPR_DISTINCT: _aexpr_distinct,
    A_Expr_Kind.AEXPR_NOT_DISTINCT: _aexpr_distinct,
    A_Expr_Kind.AEXPR_NULLIF: _aexpr_nullif,
    A_Expr_Kind.AEXPR_IN: _aexpr_in,
    A_Expr_Kind.AEXPR_BETWEEN: _aexpr_between,
    A_Expr_Kind.AEXPR_NOT_BETWEEN: _aexpr_between,
    A_Expr_Kind.AEXPR_BETWEEN_SYM: _aexpr_between,
    A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM: _aexpr_between,
}


def _aexpr(pstate: ParseState, node: Any) -> Any:
    return _AEXPR[node.kind](pstate, node)


_BOOL_NAMES = {"AND_EXPR": "and", "OR_EXPR": "or", "NOT_EXPR": "not"}


def _bool_expr(pstate: ParseState, node: Any) -> Any:
    boolop = _BOOL_NAMES[node.boolop.name]
    name = boolop.upper()
    args = [coerce_to_boolean(pstate, transform_recurse(pstate, arg), name) for arg in node.args]
    return t.BoolExpr(boolop, tuple(args), node.location)


# --- calls ----------------------------------------


def _func_call(pstate: ParseState, node: Any) -> Any:
    last_srf = pstate.p_last_srf
    args = [transform_recurse(pstate, arg) for arg in node.args or ()]
    if node.agg_within_group:
        # The ordering columns of WITHIN GROUP are the last arguments.
        args += [transform_expr(pstate, item.node, EXPR_KIND_ORDER_BY) for item in node.agg_order]
    location = -1 if node.location is None else node.location
    return parse_func_or_column(pstate, node.funcname, args, last_srf, node, False, location)


def _named_arg(pstate: ParseState, node: Any) -> Any:
    return NamedArg(transform_recurse(pstate, node.arg), node.name, node.location)


def _grouping_func(pstate: ParseState, node: Any) -> Any:
    from .aggregates import transform_grouping_func

    return transform_grouping_func(pstate, node)


def _merge_support_func(pstate: ParseState, node: Any) -> Any:
    level: ParseState | None = pstate
    while level is not None and level.p_expr_kind != EXPR_KIND_MERGE_RETURNING:
        level = level.parentParseState
    if level is None:
        raise pstate.error(
            SYNTAX_ERROR,
            "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command",
            node.location,
        )
    return t.MergeSupportFunc(TEXTOID, node.location)


# op -> (name in the tree, type, name of the type in messages)
_VALUE_FUNCTIONS: dict[str, tuple[str, int, str]] = {
    "SVFOP_CURRENT_DATE": ("current_date", 1082, ""),
    "SVFOP_CURRENT_TIME": ("current_time", 1266, "TIME"),
    "SVFOP_CURRENT_TIMESTAMP": ("current_timestamp", 1184, "TIMESTAMP"),
    "SVFOP_LOCALTIME": ("localtime", 1083, "TIME"),
    "SVFOP_LOCALTIMESTAMP": ("localtimestamp", 1114, "TIMESTAMP"),
    "SVFOP_CURRENT_ROLE": ("current_role", 19, ""),
    "SVFOP_CURRENT_USER": ("current_user", 19, ""),
    "SVFOP_USER": ("user", 19, ""),
    "SVFOP_SESSION_USER": ("session_user", 19, ""),
    "SVFOP_CURRENT_CATALOG": ("current_catalog", 19, ""),
    "SVFOP_CURRENT_SCHEMA": ("current_schema", 19, ""),
}


def _sql_value_function(pstate: ParseState, node: Any) -> Any:
    op = node.op.name
    typmod = -1
    if op.endswith("_N"):
        name, typid, shown = _VALUE_FUNCTIONS[op[:-2]]
        typmod = _time_typmod(pstate, shown, typid in (1184, 1266), node.typmod)
    else:
        name, typid, _ = _VALUE_FUNCTIONS[op]
    return t.SQLValueFunction(name, typid, typmod, node.location)


def _time_typmod(pstate: ParseState, name: str, with_zone: bool, typmod: int) -> int:
    zone = " WITH TIME ZONE" if with_zone else ""
    if typmod < 0:
        raise pstate.error(INVALID_PARAMETER_VALUE, f"{name}({typmod}){zone} precision must not be negative")
    if typmod > 6:
        if pstate.context.ctx is not None:
            message = f"{name}({typmod}){zone} precision reduced to maximum allowed, 6"
            pstate.context.ctx.notice(Notice(message, sqlstate=INVALID_PARAMETER_VALUE, severity="WARNING"))
        return 6
    return typmod


# --- conditional expressions ----------------------------------------


def refuse_srf(pstate: ParseState, last_srf: Any, construct: str) -> None:
    """Set-returning functions may not stand where evaluation is conditional."""
    if pstate.p_last_srf is not last_srf:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"set-returning functions are not allowed in {construct}",
            expr_location(pstate.p_last_srf),
            hint="You might be able to move the set-returning function into a LATERAL FROM item.",
        )


def _case_expr(pstate: ParseState, node: Any) -> Any:
    last_srf = pstate.p_last_srf
    arg = transform_recurse(pstate, node.arg)
    placeholder = None
    if arg is not None:
        if expr_type(arg) == UNKNOWNOID:
            arg = coerce_to_common_type(pstate, arg, TEXTOID, "CASE")
        # The collation must be known before the placeholder is used in comparisons.
        arg = assign_expr_collations(pstate, arg)
        placeholder = t.CaseTestExpr(expr_type(arg), expr_typmod(arg), expr_collation(arg))
    conditions = []
    results = []
    for when in node.args:
        if placeholder is not None:
            condition = _op(pstate, ("=",), placeholder, when.expr, when.location)
        else:
            condition = transform_recurse(pstate, when.expr)
        conditions.append(coerce_to_boolean(pstate, condition, "CASE/WHEN"))
        results.append(transform_recurse(pstate, when.result))
    if node.defresult is None:
        default: Any = t.Const(UNKNOWNOID, None, True)
    else:
        default = transform_recurse(pstate, node.defresult)
    typid = select_common_type(pstate, [default, *results], "CASE")
    default = coerce_to_common_type(pstate, default, typid, "CASE/ELSE")
    whens = tuple(
        [
            t.CaseWhen(condition, coerce_to_common_type(pstate, result, typid, "CASE/WHEN"), when.location)
            for condition, result, when in zip(conditions, results, node.args, strict=True)
        ]
    )
    refuse_srf(pstate, last_srf, "CASE")
    return t.CaseExpr(typid, arg, whens, default, location=node.location)


def _coalesce(pstate: ParseState, node: Any) -> Any:
    last_srf = pstate.p_last_srf
    args = [transform_recurse(pstate, arg) for arg in node.args]
    typid = select_common_type(pstate, args, "COALESCE")
    args = [coerce_to_common_type(pstate, arg, typid, "COALESCE") for arg in args]
    refuse_srf(pstate, last_srf, "COALESCE")
    return t.CoalesceExpr(typid, tuple(args), location=node.location)


def _min_max(pstate: ParseState, node: Any) -> Any:
    name = "GREATEST" if node.op.name == "IS_GREATEST" else "LEAST"
    args = [transform_recurse(pstate, arg) for arg in node.args]
    typid = select_common_type(pstate, args, name)
    args = [coerce_to_common_type(pstate, arg, typid, name) for arg in args]
    return t.MinMaxExpr(typid, name.lower(), tuple(args), location=node.location)


def _null_test(pstate: ParseState, node: Any) -> Any:
    arg = transform_recurse(pstate, node.arg)
    kind = "is_null" if node.nulltesttype.name == "IS_NULL" else "is_not_null"
    return t.NullTest(arg, kind, type_is_rowtype(pstate.catalog, expr_type(arg)), node.location)


def _boolean_test(pstate: ParseState, node: Any) -> Any:
    name = node.booltesttype.name
    arg = transform_recurse(pstate, node.arg)
    arg = coerce_to_boolean(pstate, arg, name.replace("_", " "))
    return t.BooleanTest(arg, name.lower(), node.location)


# --- rows, arrays, casts ----------------------------------------


def transform_row_expr(pstate: ParseState, node: Any, allow_default: bool = False) -> t.RowExpr:
    """ROW(...); allow_default: DEFAULT may stand in it (UPDATE ... SET (a, b) = ROW(...))."""
    from .targets import transform_expression_list

    args = transform_expression_list(pstate, node.args, pstate.p_expr_kind, allow_default)
    if len(args) > MAX_TUPLE_ATTRIBUTES:
        raise pstate.error(
            TOO_MANY_COLUMNS,
            f"ROW expressions can have at most {MAX_TUPLE_ATTRIBUTES} entries",
            node.location,
        )
    names = tuple([f"f{number}" for number in range(1, len(args) + 1)])
    return t.RowExpr(tuple(args), RECORDOID, t.COERCE_IMPLICIT_CAST, names, node.location)


def _array_expr(pstate: ParseState, node: Any) -> Any:
    return _transform_array(pstate, node, 0, 0, -1)


def _transform_array(
    pstate: ParseState, node: Any, array_type: int, element_type: int, typmod: int
) -> t.ArrayExpr:
    """ARRAY[...]; array_type is given if it is cast at once (0: found out from the elements)."""
    catalog = pstate.catalog
    multidims = False
    elements = []
    for item in node.elements or ():
        if isinstance(item, ast.A_ArrayExpr):
            element: Any = _transform_array(pstate, item, array_type, element_type, typmod)
            multidims = True
        else:
            element = transform_recurse(pstate, item)
            if not multidims:
                typid = expr_type(element)
                # int2vector and oidvector count as scalars here
                multidims = typid not in (22, 30) and catalog.element_type(typid) != 0
        elements.append(element)
    if array_type:
        target = array_type if multidims else element_type
        elements = [_cast_element(pstate, element, target, typmod) for element in elements]
        return t.ArrayExpr(array_type, element_type, tuple(elements), multidims, 0, node.location)
    if not elements:
        raise pstate.error(
            INDETERMINATE_DATATYPE,
            "cannot determine type of empty array",
            node.location,
            hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].",
        )
    common = select_common_type(pstate, elements, "ARRAY")
    if multidims:
        array_type, element_type = common, catalog.element_type(common)
        missing = "" if element_type else "element"
    else:
        array_type, element_type = catalog.array_type(common), common
        missing = "" if array_type else "array"
    if missing:
        raise pstate.error(
            UNDEFINED_OBJECT,
            f"could not find {missing} type for data type {catalog.format_type(common)}",
            node.location,
        )
    elements = [coerce_to_common_type(pstate, element, common, "ARRAY") for element in elements]
    return t.ArrayExpr(array_type, element_type, tuple(elements), multidims, 0, node.location)


def _cast_element(pstate: ParseState, element: Any, target: int, typmod: int) -> Any:
    source = expr_type(element)
    result = coerce_to_target_type(
        pstate, element, source, target, typmod, COERCION_EXPLICIT, t.COERCE_EXPLICIT_CAST, -1
    )
    if result is None:
        shown = pstate.catalog.format_type
        raise pstate.error(
            CANNOT_COERCE, f"cannot cast type {shown(source)} to {shown(target)}", expr_location(element)
        )
    return result


def _type_cast(pstate: ParseState, node: Any) -> Any:
    catalog = pstate.catalog
    target, typmod = typename_type_id_and_mod(pstate, node.typeName)
    expr: Any = None
    if isinstance(node.arg, ast.A_ArrayExpr):
        # ARRAY[...]::type[] casts each element, and gives an empty array its type.
        base, base_typmod = catalog.base_type_and_typmod(target, typmod)
        element = catalog.element_type(base)
        if element:
            expr = _transform_array(pstate, node.arg, base, element, base_typmod)
    if expr is None:
        expr = transform_recurse(pstate, node.arg)
    source = expr_type(expr)
    location = -1 if node.location is None else node.location
    if location < 0 and node.typeName.location is not None:
        location = node.typeName.location
    result = coerce_to_target_type(
        pstate, expr, source, target, typmod, COERCION_EXPLICIT, t.COERCE_EXPLICIT_CAST, location
    )
    if result is None:
        raise pstate.error(
            CANNOT_COERCE,
            f"cannot cast type {catalog.format_type(source)} to {catalog.format_type(target)}",
            location if location >= 0 else expr_location(expr),
        )
    return result


def _collate_clause(pstate: ParseState, node: Any) -> Any:
    arg = transform_recurse(pstate, node.arg)
    typid = expr_type(arg)
    if typid != UNKNOWNOID and not type_is_collatable(pstate.catalog, typid):
        raise pstate.error(
            DATATYPE_MISMATCH,
            f"collations are not supported by type {pstate.catalog.format_type(typid)}",
            node.location,
        )
    return t.CollateExpr(arg, lookup_collation(pstate, node.collname, node.location), node.location)


def _current_of(pstate: ParseState, node: Any) -> Any:
    assert pstate.p_target_nsitem is not None
    if not node.cursor_name:
        raise pstate.error(FEATURE_NOT_SUPPORTED, "WHERE CURRENT OF with a parameter is not supported")
    return t.CurrentOfExpr(pstate.p_target_nsitem.p_rtindex, node.cursor_name)


def _set_to_default(pstate: ParseState, node: Any) -> Any:
    raise pstate.error(SYNTAX_ERROR, "DEFAULT is not allowed in this context", node.location)


def _xml(pstate: ParseState, node: Any) -> Any:
    raise pstate.error(
        FEATURE_NOT_SUPPORTED,
        "unsupported XML feature",
        detail="This functionality requires the server to be built with libxml support.",
    )


_TRANSFORM: dict[type, Transformer] = {
    ast.ColumnRef: column_ref,
    ast.ParamRef: _param_ref,
    ast.A_Const: make_const,
    ast.A_Indirection: _indirection,
    ast.A_ArrayExpr: _array_expr,
    ast.TypeCast: _type_cast,
    ast.CollateClause: _collate_clause,
    ast.A_Expr: _aexpr,
    ast.BoolExpr: _bool_expr,
    ast.FuncCall: _func_call,
    ast.MultiAssignRef: transform_multi_assign_ref,
    ast.GroupingFunc: _grouping_func,
    ast.MergeSupportFunc: _merge_support_func,
    ast.NamedArgExpr: _named_arg,
    ast.SubLink: transform_sub_link,
    ast.CaseExpr: _case_expr,
    ast.RowExpr: transform_row_expr,
    ast.CoalesceExpr: _coalesce,
    ast.MinMaxExpr: _min_max,
    ast.SQLValueFunction: _sql_value_function,
    ast.XmlExpr: _xml,
    ast.XmlSerialize: _xml,
    ast.NullTest: _null_test,
    ast.BooleanTest: _boolean_test,
    ast.CurrentOfExpr: _current_of,
    ast.SetToDefault: _set_to_default,
}
