"""Subscripts of arrays and jsonb (transformContainerSubscripts and the types' own parts of it)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from .. import tree as t
from ..lsyscache import ARRAY_SUBSCRIPT_HANDLER
from ..sqlstates import DATATYPE_MISMATCH, PROGRAM_LIMIT_EXCEEDED
from ..treetypes import expr_location, expr_type
from .coercion import (
    COERCION_ASSIGNMENT,
    COERCION_IMPLICIT,
    can_coerce_type,
    coerce_to_target_type,
    coerce_type,
)
from .parse_state import ParseState

INT4OID = 23
TEXTOID = 25
UNKNOWNOID = 705
JSONBOID = 3802
RAW_ARRAY_SUBSCRIPT_HANDLER = 6180
JSONB_SUBSCRIPT_HANDLER = 6098
MAXDIM = 6


def transform_container_type(
    pstate: ParseState, container_type: int, container_typmod: int
) -> tuple[int, int]:
    """The type that is really subscripted: the base of a domain, the array for the vector types."""
    typid, typmod = pstate.catalog.base_type_and_typmod(container_type, container_typmod)
    return {22: 1005, 30: 1028}.get(typid, typid), typmod


def transform_container_subscripts(
    pstate: ParseState,
    base: Any,
    container_type: int,
    container_typmod: int,
    indirection: Sequence[Any],
    is_assignment: bool,
) -> t.SubscriptingRef:
    """`base` with subscripts (A_Indices nodes); for an assignment without the new value."""
    if not is_assignment:
        container_type, container_typmod = transform_container_type(pstate, container_type, container_typmod)
    row = pstate.catalog.pg_type.get(container_type)
    ref = t.SubscriptingRef(container_type, 0, 0, base, (), reftypmod=container_typmod)
    handler = row.typsubscript
    if handler in (ARRAY_SUBSCRIPT_HANDLER, RAW_ARRAY_SUBSCRIPT_HANDLER):
        return _array_subscripts(pstate, ref, row.typelem, indirection)
    if handler == JSONB_SUBSCRIPT_HANDLER:
        return _jsonb_subscripts(pstate, ref, indirection)
    raise pstate.error(
        DATATYPE_MISMATCH,
        f"cannot subscript type {pstate.catalog.format_type(container_type)} because it does not "
        "support subscripting",
        -1 if base is None else expr_location(base),
    )


def _array_subscripts(
    pstate: ParseState, ref: t.SubscriptingRef, element: int, indirection: Sequence[Any]
) -> t.SubscriptingRef:
    is_slice = any(index.is_slice for index in indirection)
    upper: list[Any] = []
    lower: list[Any] = []
    for index in indirection:
        if is_slice:
            if index.lidx is not None:
                lower.append(_array_subscript(pstate, index.lidx))
            else:
                # In a slice a plain subscript n means 1:n; an omitted bound stays open.
                lower.append(None if index.is_slice else t.Const(INT4OID, 1))
        upper.append(None if index.uidx is None else _array_subscript(pstate, index.uidx))
    if len(upper) > MAXDIM:
        raise pstate.error(
            PROGRAM_LIMIT_EXCEEDED,
            f"number of array dimensions ({len(upper)}) exceeds the maximum allowed ({MAXDIM})",
        )
    return msgspec.structs.replace(
        ref,
        refelemtype=element,
        refrestype=ref.refcontainertype if is_slice else element,
        refupperindexpr=tuple(upper),
        reflowerindexpr=tuple(lower),
    )


def _array_subscript(pstate: ParseState, node: Any) -> Any:
    from .expressions import transform_expr

    expr = transform_expr(pstate, node, pstate.p_expr_kind)
    result = coerce_to_target_type(
        pstate, expr, expr_type(expr), INT4OID, -1, COERCION_ASSIGNMENT, t.COERCE_IMPLICIT_CAST, -1
    )
    if result is None:
        raise pstate.error(DATATYPE_MISMATCH, "array subscript must have type integer", expr_location(expr))
    return result


def _jsonb_subscripts(
    pstate: ParseState, ref: t.SubscriptingRef, indirection: Sequence[Any]
) -> t.SubscriptingRef:
    from .expressions import transform_expr

    catalog = pstate.catalog
    is_slice = any(index.is_slice for index in indirection)
    upper = []
    for index in indirection:
        if is_slice:
            bound = index.uidx if index.uidx is not None else index.lidx
            location = -1
            if bound is not None:
                location = expr_location(transform_expr(pstate, bound, pstate.p_expr_kind))
            raise pstate.error(DATATYPE_MISMATCH, "jsonb subscript does not support slices", location)
        expr = transform_expr(pstate, index.uidx, pstate.p_expr_kind)
        typid = expr_type(expr)
        target = TEXTOID
        if typid != UNKNOWNOID:
            targets = [
                candidate
                for candidate in (INT4OID, TEXTOID)
                if can_coerce_type(catalog, (typid,), (candidate,), COERCION_IMPLICIT)
            ]
            if len(targets) != 1:
                either = "only one type, integer or text" if targets else "either integer or text"
                raise pstate.error(
                    DATATYPE_MISMATCH,
                    f"subscript type {catalog.format_type(typid)} is not supported",
                    expr_location(expr),
                    hint=f"jsonb subscript must be coercible to {either}.",
                )
            target = targets[0]
        upper.append(
            coerce_type(pstate, expr, typid, target, -1, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1)
        )
    return msgspec.structs.replace(ref, refupperindexpr=tuple(upper), refrestype=JSONBOID, reftypmod=-1)
