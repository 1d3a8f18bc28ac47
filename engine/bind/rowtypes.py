"""The columns that a row-valued expression has (the result-type part of funcapi.c)."""

from typing import Any, NamedTuple

from ..errors import SqlError
from ..lsyscache import get_typcollation
from ..sqlstates import DATATYPE_MISMATCH
from ..tree import Const, FuncExpr, OpExpr, RowExpr
from ..treetypes import expr_collation, expr_type, expr_typmod
from ..values import Record

RECORDOID = 2249
RECORDARRAYOID = 2287


class RowColumn(NamedTuple):
    """One column of a row type (an attribute of PostgreSQL's TupleDesc)."""

    name: str
    typid: int
    typmod: int = -1
    collation: int = 0
    dropped: bool = False


def relation_columns(relation: Any) -> tuple[RowColumn, ...]:
    """The columns of a Relation, dropped ones included."""
    return tuple([RowColumn(c.name, c.typid, c.typmod, c.collation, c.dropped) for c in relation.columns])


def composite_columns(catalog: Any, typid: int) -> tuple[RowColumn, ...] | None:
    """The columns of a composite type or a domain over one, dropped ones included; None if the type
    is neither."""
    row = catalog.pg_type.get(typid)
    if row is not None and row.typtype == "d":
        row = catalog.pg_type.get(catalog.base_type(typid))
    if row is None or row.typtype != "c" or not row.typrelid:
        return None
    return relation_columns(catalog.relation(row.typrelid))


def _array_items(value: Any) -> tuple[Any, ...]:
    return tuple(value.items) if value is not None and hasattr(value, "items") else tuple(value or ())


def get_func_result_name(catalog: Any, funcid: int) -> str | None:
    """The name of a function's only OUT parameter, or None."""
    row = catalog.pg_proc.get(funcid)
    if row is None or row.proallargtypes is None or row.proargnames is None or row.proargmodes is None:
        return None
    result = None
    for mode, name in zip(_array_items(row.proargmodes), _array_items(row.proargnames), strict=False):
        if mode in ("o", "b", "t"):
            if result is not None:
                return None
            result = name
            if not name:
                return None
    return result or None


def _out_columns(catalog: Any, row: Any, args: tuple[Any, ...]) -> tuple[RowColumn, ...] | None:
    """The row that a function's OUT parameters make, with polymorphic types resolved by `args`."""
    if row.proallargtypes is None or row.proargmodes is None:
        return None
    types = _array_items(row.proallargtypes)
    modes = _array_items(row.proargmodes)
    names = _array_items(row.proargnames) if row.proargnames is not None else ("",) * len(types)
    outputs = [number for number, mode in enumerate(modes) if mode in ("o", "b", "t")]
    if not outputs or (len(outputs) < 2 and row.prorettype != RECORDOID):
        return None
    resolved = _resolve_polymorphic(catalog, row, args, [types[number] for number in outputs])
    columns = []
    for position, (number, typid) in enumerate(zip(outputs, resolved, strict=False), 1):
        name = names[number] or f"column{position}"
        columns.append(RowColumn(name, typid, -1, get_typcollation(catalog, typid)))
    return tuple(columns)


_POLYMORPHIC = frozenset((2283, 2277, 2776, 3500, 3831, 4537, 5077, 5078, 5079, 5080))


def _resolve_polymorphic(catalog: Any, row: Any, args: tuple[Any, ...], outputs: list[int]) -> list[int]:
    if not any(typid in _POLYMORPHIC for typid in outputs):
        return outputs
    from .polymorphic import enforce_generic_type_consistency

    declared = list(_array_items(row.proargtypes))
    actual = [expr_type(arg) for arg in args]
    while len(actual) < len(declared):
        actual.append(declared[len(actual)])
    result = []
    for typid in outputs:
        if typid in _POLYMORPHIC:
            typid = _call_consistency(enforce_generic_type_consistency, catalog, actual, declared, typid)
        result.append(typid)
    return result


def _call_consistency(function: Any, catalog: Any, actual: list[int], declared: list[int], typid: int) -> int:
    """The concrete type for one polymorphic result type."""
    answer = function(catalog, list(actual), list(declared), typid, False)
    return answer[0] if isinstance(answer, tuple) else answer


def get_expr_result_type(catalog: Any, expr: Any) -> tuple[str, int, tuple[RowColumn, ...] | None]:
    """What an expression returns: ("composite", type, columns), ("scalar", type, None), ("record",
    type, None) for rows of unknown shape, or ("other", type, None) for pseudo-types."""
    typid = expr_type(expr)
    if isinstance(expr, (FuncExpr, OpExpr)):
        funcid = expr.funcid if isinstance(expr, FuncExpr) else expr.opfuncid
        if typid == RECORDOID:
            row = catalog.pg_proc.get(funcid)
            columns = _out_columns(catalog, row, expr.args) if row is not None else None
            return ("composite", typid, columns) if columns is not None else ("record", typid, None)
    elif isinstance(expr, RowExpr) and typid == RECORDOID:
        return (
            "composite",
            typid,
            tuple(
                [
                    RowColumn(name, expr_type(arg), expr_typmod(arg), expr_collation(arg))
                    for name, arg in zip(expr.colnames, expr.args, strict=False)
                ]
            ),
        )
    elif isinstance(expr, Const) and typid == RECORDOID and isinstance(expr.constvalue, Record):
        shape = expr.constvalue.rowtype
        return (
            "composite",
            typid,
            tuple(
                [
                    RowColumn(name, kind, typmod, get_typcollation(catalog, kind))
                    for name, kind, typmod in zip(shape.names, shape.types, shape.typmods, strict=False)
                ]
            ),
        )
    if typid == RECORDOID:
        return "record", typid, None
    columns = composite_columns(catalog, typid)
    if columns is not None:
        return "composite", typid, columns
    row = catalog.pg_type.get(typid)
    # As get_type_func_class: void, cstring and unknown may appear; other pseudo-types may not.
    if row is not None and row.typtype == "p" and typid not in (2278, 2275, 705):
        return "other", typid, None
    return "scalar", typid, None


def get_expr_result_tupdesc(catalog: Any, expr: Any, no_error: bool = False) -> tuple[RowColumn, ...] | None:
    """The columns of a row-valued expression; 42804 if it has none (None with no_error)."""
    kind, typid, columns = get_expr_result_type(catalog, expr)
    if kind == "composite":
        return columns
    if no_error:
        return None
    if typid != RECORDOID:
        from ..sqlstates import WRONG_OBJECT_TYPE

        raise SqlError(WRONG_OBJECT_TYPE, f"type {catalog.format_type(typid)} is not composite")
    if isinstance(expr, FuncExpr):
        row = catalog.pg_proc.get(expr.funcid)
        name = row.proname if row is not None else "?"
        raise SqlError(
            DATATYPE_MISMATCH, f'could not determine row description for function "{name}" returning record'
        )
    from ..sqlstates import WRONG_OBJECT_TYPE

    raise SqlError(WRONG_OBJECT_TYPE, "record type has not been registered")
