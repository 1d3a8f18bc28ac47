"""Comparisons of row constructors (make_row_comparison_op and relatives of parse_expr.c)."""

from collections.abc import Sequence
from typing import Any

from .. import tree as t
from ..lsyscache import get_op_btree_interpretation
from ..sqlstates import DATATYPE_MISMATCH, FEATURE_NOT_SUPPORTED, SYNTAX_ERROR
from ..treetypes import expression_returns_set
from .names import name_parts
from .operators import make_op
from .parse_state import ParseState

BOOLOID = 16

_STRATEGY_NAMES = {1: "<", 2: "<=", 3: "=", 4: ">=", 5: ">", 6: "<>"}


def _check_lengths(pstate: ParseState, left: Sequence[Any], right: Sequence[Any], location: int) -> None:
    if len(left) != len(right):
        raise pstate.error(SYNTAX_ERROR, "unequal number of entries in row expressions", location)


def make_row_comparison_op(
    pstate: ParseState, opname: Sequence[Any], largs: Sequence[Any], rargs: Sequence[Any], location: int
) -> Any:
    """(a, b) op (c, d): AND or OR of comparisons for = and <>, RowCompareExpr for < <= >= >."""
    _check_lengths(pstate, largs, rargs, location)
    if not largs:
        raise pstate.error(FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length", location)
    comparisons = []
    for left, right in zip(largs, rargs, strict=True):
        comparison = make_op(pstate, opname, left, right, pstate.p_last_srf, location)
        if comparison.opresulttype != BOOLOID:
            raise pstate.error(
                DATATYPE_MISMATCH,
                "row comparison operator must yield type boolean, not type "
                + pstate.catalog.format_type(comparison.opresulttype),
                location,
            )
        if expression_returns_set(comparison):
            raise pstate.error(DATATYPE_MISMATCH, "row comparison operator must not return a set", location)
        comparisons.append(comparison)
    if len(comparisons) == 1:
        return comparisons[0]
    meanings = [get_op_btree_interpretation(pstate.catalog, c.opno) for c in comparisons]
    common = {meaning.strategy for meaning in meanings[0]}
    for some in meanings[1:]:
        common &= {meaning.strategy for meaning in some}
    if not common:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"could not determine interpretation of row comparison operator {name_parts(opname)[-1]}",
            location,
            hint="Row comparison operators must be associated with btree operator families.",
        )
    strategy = min(common)
    if strategy in (3, 6):
        return t.BoolExpr("and" if strategy == 3 else "or", tuple(comparisons), location)
    families = [next(m.opfamily for m in some if m.strategy == strategy) for some in meanings]
    return t.RowCompareExpr(
        _STRATEGY_NAMES[strategy],
        tuple([c.opno for c in comparisons]),
        tuple(families),
        tuple([c.args[0] for c in comparisons]),
        tuple([c.args[1] for c in comparisons]),
    )


def make_row_distinct_op(
    pstate: ParseState, opname: Sequence[Any], left: t.RowExpr, right: t.RowExpr, location: int
) -> Any:
    """(a, b) IS DISTINCT FROM (c, d)."""
    _check_lengths(pstate, left.args, right.args, location)
    result: Any = None
    for larg, rarg in zip(left.args, right.args, strict=True):
        comparison = make_distinct_op(pstate, opname, larg, rarg, location)
        result = comparison if result is None else t.BoolExpr("or", (result, comparison), location)
    return t.Const(BOOLOID, False) if result is None else result


def make_distinct_op(pstate: ParseState, opname: Sequence[Any], left: Any, right: Any, location: int) -> Any:
    """left IS DISTINCT FROM right, of transformed arguments."""
    op = make_op(pstate, opname, left, right, pstate.p_last_srf, location)
    if op.opresulttype != BOOLOID:
        raise pstate.error(
            DATATYPE_MISMATCH, "IS DISTINCT FROM requires = operator to yield boolean", location
        )
    if op.opretset:
        raise pstate.error(DATATYPE_MISMATCH, "IS DISTINCT FROM must not return a set", location)
    return t.DistinctExpr(op.opno, op.opfuncid, op.args, location=location)
