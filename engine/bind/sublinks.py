"""Subqueries in expressions, and the sources of multiple-column assignments."""

from collections.abc import Sequence
from typing import Any

import msgspec
from pglast import ast

from .. import tree as t
from ..sqlstates import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod
from . import parse_state as k
from .names import name_parts
from .parse_state import ParseState
from .raw import raw_location
from .rows import make_row_comparison_op

# "cannot use subquery in ..."
_REFUSED: dict[str, str] = {
    k.EXPR_KIND_CHECK_CONSTRAINT: "check constraint",
    k.EXPR_KIND_DOMAIN_CHECK: "check constraint",
    k.EXPR_KIND_COLUMN_DEFAULT: "DEFAULT expression",
    k.EXPR_KIND_FUNCTION_DEFAULT: "DEFAULT expression",
    k.EXPR_KIND_INDEX_EXPRESSION: "index expression",
    k.EXPR_KIND_INDEX_PREDICATE: "index predicate",
    k.EXPR_KIND_STATS_EXPRESSION: "statistics expression",
    k.EXPR_KIND_ALTER_COL_TRANSFORM: "transform expression",
    k.EXPR_KIND_EXECUTE_PARAMETER: "EXECUTE parameter",
    k.EXPR_KIND_TRIGGER_WHEN: "trigger WHEN condition",
    k.EXPR_KIND_PARTITION_BOUND: "partition bound",
    k.EXPR_KIND_PARTITION_EXPRESSION: "partition key expression",
    k.EXPR_KIND_CALL_ARGUMENT: "CALL argument",
    k.EXPR_KIND_COPY_WHERE: "COPY FROM WHERE condition",
    k.EXPR_KIND_GENERATED_COLUMN: "column generation expression",
}

_KINDS = {
    "EXISTS_SUBLINK": "exists",
    "ALL_SUBLINK": "all",
    "ANY_SUBLINK": "any",
    "ROWCOMPARE_SUBLINK": "rowcompare",
    "EXPR_SUBLINK": "expr",
    "ARRAY_SUBLINK": "array",
}


def transform_sub_link(pstate: ParseState, node: Any) -> t.SubLink:
    """EXISTS, IN, ANY, ALL, ARRAY or scalar subquery."""
    return _transform(
        pstate, node.subselect, _KINDS[node.subLinkType.name], node.testexpr, node.operName, node.location
    )


def transform_scalar_subquery(pstate: ParseState, select: Any, location: int) -> t.SubLink:
    """(SELECT ...) as a value, of a raw SelectStmt."""
    return _transform(pstate, select, "expr", None, None, location)


def transform_row_sublink(
    pstate: ParseState, node: Any, left: Any, opname: Sequence[Any], location: int
) -> t.SubLink:
    """(a, b) op (SELECT ...)."""
    return _transform(pstate, node.subselect, "rowcompare", left, opname, location)


def _transform(
    pstate: ParseState,
    subselect: Any,
    kind: str,
    testexpr: Any,
    oper_name: Sequence[Any] | None,
    location: int,
) -> t.SubLink:
    from .analyze import parse_sub_analyze

    refused = _REFUSED.get(pstate.p_expr_kind)
    if refused is not None:
        raise pstate.error(FEATURE_NOT_SUPPORTED, f"cannot use subquery in {refused}", location)
    pstate.p_hasSubLinks = True
    query = parse_sub_analyze(subselect, pstate, None, False, True)
    columns = [entry for entry in query.targetList if not entry.resjunk]
    if kind in ("exists", "multiexpr"):
        return t.SubLink(kind, query, location=location)
    if kind in ("expr", "array"):
        if len(columns) != 1:
            raise pstate.error(SYNTAX_ERROR, "subquery must return only one column", location)
        array = _array_type(pstate, expr_type(columns[0].expr)) if kind == "array" else 0
        return t.SubLink(kind, query, location=location, arraytype=array)
    return _compared(pstate, query, columns, kind, testexpr, oper_name or ("=",), location)


def _array_type(pstate: ParseState, element: int) -> int:
    """The result type of ARRAY(SELECT ...): arrays are stacked (get_promoted_array_type)."""
    from ..sqlstates import UNDEFINED_OBJECT

    catalog = pstate.catalog
    array = catalog.array_type(element)
    if array:
        return int(array)
    if catalog.element_type(element):
        return element
    raise pstate.error(
        UNDEFINED_OBJECT, f"could not find array type for data type {catalog.format_type(element)}"
    )


def _compared(
    pstate: ParseState,
    query: t.Query,
    columns: list[t.TargetEntry],
    kind: str,
    testexpr: Any,
    oper_name: Sequence[Any],
    location: int,
) -> t.SubLink:
    """ANY, ALL and row comparison: the test combines the left side with Params for the columns."""
    from .expressions import transform_recurse

    left = transform_recurse(pstate, testexpr)
    left_args = left.args if isinstance(left, t.RowExpr) else (left,)
    right_args = [
        t.Param(
            entry.resno,
            expr_type(entry.expr),
            expr_typmod(entry.expr),
            expr_collation(entry.expr),
            "sublink",
        )
        for entry in columns
    ]
    if len(left_args) != len(right_args):
        many = "many" if len(left_args) < len(right_args) else "few"
        raise pstate.error(SYNTAX_ERROR, f"subquery has too {many} columns", location)
    test = make_row_comparison_op(pstate, oper_name, left_args, right_args, location)
    return t.SubLink(kind, query, test, name_parts(oper_name), location=location)


# --- UPDATE ... SET (a, b) = ... ------------------------------------------------------------------------


def transform_multi_assign_ref(pstate: ParseState, node: Any) -> Any:
    """The value for one of the columns; the source is transformed with the first.

    A sub-SELECT becomes a junk target entry, and the columns are "multiexpr" Params of it.
    """
    pending = pstate.p_multiassign_exprs
    if node.colno == 1:
        pending.append(t.TargetEntry(_multi_assign_source(pstate, node), 0, None, resjunk=True))
    source = pending[-1].expr
    if isinstance(source, t.SubLink):
        entry = source.subselect.targetList[node.colno - 1]
        return t.Param(
            (source.subLinkId << 16) | node.colno,
            expr_type(entry.expr),
            expr_typmod(entry.expr),
            expr_collation(entry.expr),
            "multiexpr",
            expr_location(entry.expr),
        )
    if node.colno == node.ncolumns:
        pending.pop()
    return source.args[node.colno - 1]


def _is_a(node: Any, cls: type) -> bool:
    return isinstance(node, cls)


def _multi_assign_source(pstate: ParseState, node: Any) -> Any:
    from .expressions import transform_row_expr

    source: Any = node.source
    if _is_a(source, ast.SubLink) and source.subLinkType.name == "EXPR_SUBLINK":
        sublink = _transform(pstate, source.subselect, "multiexpr", None, None, source.location)
        count = sum([not entry.resjunk for entry in sublink.subselect.targetList])
        number = len(pstate.p_multiassign_exprs) + 1
        result: Any = msgspec.structs.replace(sublink, subLinkId=number)
        location = source.location
    elif _is_a(source, ast.RowExpr):
        result = transform_row_expr(pstate, source, True)
        count = len(result.args)
        location = source.location
    else:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
            raw_location(source, pstate),
        )
    if count != node.ncolumns:
        raise pstate.error(SYNTAX_ERROR, "number of columns does not match number of values", location)
    return result
