"""Bodies of SQL functions: their parameters by name, and what they return (executor/functions.c).

A body is a text of statements, or a parsed one (BEGIN ATOMIC, RETURN). Parameters are $n; those with
names can be used by name too, where no column has that name.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pglast import ast

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import INVALID_FUNCTION_DEFINITION
from ..treetypes import expr_collation, expr_type, expr_typmod
from .analyze import transform_top_level_stmt
from .coercion import COERCION_ASSIGNMENT, can_coerce_type, coerce_to_target_type
from .constants import analyze_with_locations
from .params import ParamTypes
from .parse_state import AnalyzeContext, ParseState, make_parsestate
from .polymorphic import enforce_generic_type_consistency, is_polymorphic_type

RECORDOID = 2249
VOIDOID = 2278
ANY_INPUT = ("i", "b", "v")


class Signature(NamedTuple):
    """What a body must know of its function: input types by position, their names ("" for none), and
    the result. `columns`: (name, type) of a row result that is not a named type's."""

    name: str
    arg_types: tuple[int, ...]
    arg_names: tuple[str, ...]
    result_type: int
    returns_set: bool
    columns: tuple[tuple[str, int], ...]
    procedure: bool = False


def signature_of(catalog: Any, proc: Any, actual: Sequence[int] = (), result_type: int = 0) -> Signature:
    """The signature of a pg_proc row; polymorphic types are replaced by those of the actual arguments."""
    declared = list(proc.proargtypes.items)
    types = [
        given if is_polymorphic_type(typid) and given else typid
        for typid, given in zip(declared, actual or (0,) * len(declared), strict=False)
    ]
    names = [""] * len(types)
    columns: list[tuple[str, int]] = []
    if proc.proargnames is not None:
        modes = proc.proargmodes.items if proc.proargmodes is not None else ("i",) * len(types)
        given_names = iter(proc.proargnames.items)
        inputs = [name or "" for mode, name in zip(modes, given_names, strict=False) if mode in ANY_INPUT]
        names[: len(inputs)] = inputs
    if proc.proargmodes is not None and (proc.prorettype == RECORDOID or proc.prokind == "p"):
        all_names = proc.proargnames.items if proc.proargnames is not None else ()
        outs = [
            (index, typid)
            for index, (mode, typid) in enumerate(
                zip(proc.proargmodes.items, proc.proallargtypes.items, strict=True)
            )
            if mode in ("o", "b", "t")
        ]
        for index, typid in outs:
            if is_polymorphic_type(typid) and actual:
                typid = enforce_generic_type_consistency(catalog, actual, list(declared), typid, False)
            name = (all_names[index] if index < len(all_names) else "") or f"column{len(columns) + 1}"
            columns.append((name, typid))
    return Signature(
        proc.proname,
        tuple(types),
        tuple(names),
        result_type or proc.prorettype,
        proc.proretset,
        tuple(columns),
        proc.prokind == "p",
    )


# --- analysis -------------------------------------------------------------------------------------


def columnref_hook(signature: Signature) -> Callable[[ParseState, Any, Any], Any]:
    """The hook that finds parameters by name: `name`, `function.name`, and fields of both."""

    def resolve(pstate: ParseState, name: str, location: int) -> Any:
        for index, known in enumerate(signature.arg_names):
            if known and known == name:
                params = pstate.context.params
                return params.paramref(pstate, ast.ParamRef(number=index + 1, location=location))
        return None

    def hook(pstate: ParseState, cref: Any, found: Any) -> Any:
        if found is not None:
            return None
        fields = list(cref.fields)
        if isinstance(fields[-1], ast.A_Star):
            fields.pop()
        if not 0 < len(fields) <= 3:
            return None
        names = [field.sval for field in fields]
        subfield = None
        if len(fields) == 3:
            if names[0] != signature.name:
                return None
            param, subfield = resolve(pstate, names[1], cref.location), fields[2]
        elif len(fields) == 2:
            param = resolve(pstate, names[1], cref.location) if names[0] == signature.name else None
            if param is None:
                param, subfield = resolve(pstate, names[0], cref.location), fields[1]
        else:
            param = resolve(pstate, names[0], cref.location)
        if param is None or subfield is None:
            return param
        from .functions import parse_func_or_column

        return parse_func_or_column(
            pstate, [subfield], [param], pstate.p_last_srf, None, False, cref.location
        )

    return hook


def analyze_body_statement(context: AnalyzeContext, signature: Signature, raw: Any, text: str) -> t.Query:
    """The Query of one statement of a body; positions in errors are those in `text`."""

    def run() -> t.Query:
        context.params = ParamTypes(signature.arg_types, False)
        pstate = make_parsestate(context, text)
        pstate.p_post_columnref_hook = columnref_hook(signature)
        return transform_top_level_stmt(pstate, raw)

    saved = context.params
    context.literal_locations = None
    try:
        return analyze_with_locations(context, text, raw, run)
    finally:
        context.params = saved
        context.literal_locations = None


def atomic_statements(body: Any) -> list[Any]:
    """The raw statements of a parsed body: of RETURN, or of BEGIN ATOMIC."""
    if isinstance(body, tuple | list):
        return list(body[0]) if len(body) == 1 and isinstance(body[0], tuple | list) else list(body)
    return [body]


# --- results --------------------------------------------------------------------------------------


class ResultPlan(NamedTuple):
    """How rows of the final statement become results: `kind` "void", "scalar", "row" or "value" (one
    column that is the composite result itself); per column an expression over CaseTestExpr or None."""

    kind: str
    coercions: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    types: tuple[int, ...] = ()


def _mismatch(context: AnalyzeContext, signature: Signature, detail: str) -> SqlError:
    name = context.catalog.format_type(signature.result_type)
    if signature.procedure:
        return SqlError(INVALID_FUNCTION_DEFINITION, "return type mismatch in procedure", detail=detail)
    return SqlError(
        INVALID_FUNCTION_DEFINITION,
        f"return type mismatch in function declared to return {name}",
        detail=detail,
    )


def check_sql_fn_retval(context: AnalyzeContext, signature: Signature, final: t.Query | None) -> ResultPlan:
    """Check the final statement against the declared result (check_sql_fn_retval)."""
    catalog = context.catalog
    result = signature.result_type
    if result == VOIDOID and not (signature.procedure and signature.columns):
        return ResultPlan("void")
    targets: Sequence[Any] | None = None
    if final is not None:
        if final.commandType == "select":
            targets = final.targetList
        elif final.commandType != "utility" and final.returningList:
            targets = final.returningList
    if targets is None:
        raise _mismatch(
            context,
            signature,
            "Function's final statement must be SELECT or INSERT/UPDATE/DELETE/MERGE RETURNING.",
        )
    targets = [entry for entry in targets if not entry.resjunk]
    pstate = make_parsestate(context)
    base = catalog.base_type(result)
    row = catalog.pg_type.get(base)
    if row.typtype != "c" and base != RECORDOID and not signature.columns:
        if row.typtype == "p" and not is_polymorphic_type(base):
            raise SqlError(
                INVALID_FUNCTION_DEFINITION,
                f"return type {catalog.format_type(result)} is not supported for SQL functions",
            )
        if len(targets) != 1:
            raise _mismatch(context, signature, "Final statement must return exactly one column.")
        done, coerced = _coerced(pstate, targets[0].expr, result)
        if not done:
            shown = catalog.format_type(expr_type(targets[0].expr))
            raise _mismatch(context, signature, f"Actual return type is {shown}.")
        return ResultPlan("scalar", (coerced,))
    if len(targets) == 1 and not signature.procedure:
        done, coerced = _coerced(pstate, targets[0].expr, result)
        if done:
            return ResultPlan("value", (coerced,))
    if signature.columns:
        wanted = [(name, typid) for name, typid in signature.columns]
    elif base == RECORDOID:
        wanted = [(entry.resname or "?column?", expr_type(entry.expr)) for entry in targets]
    else:
        wanted = [(name, typid) for name, typid, _ in catalog.row_columns(base)]
    coercions = []
    for number, (entry, (_, typid)) in enumerate(zip(targets, wanted, strict=False), 1):
        done, coerced = _coerced(pstate, entry.expr, typid)
        if not done:
            raise _mismatch(
                context,
                signature,
                f"Final statement returns {catalog.format_type(expr_type(entry.expr))} instead of "
                f"{catalog.format_type(typid)} at column {number}.",
            )
        coercions.append(coerced)
    if len(targets) > len(wanted):
        raise _mismatch(context, signature, "Final statement returns too many columns.")
    if len(targets) < len(wanted):
        raise _mismatch(context, signature, "Final statement returns too few columns.")
    return ResultPlan(
        "row", tuple(coercions), tuple([name for name, _ in wanted]), tuple([typid for _, typid in wanted])
    )


def _coerced(pstate: ParseState, expr: Any, target: int) -> tuple[bool, Any]:
    """(whether a column can be assigned to the type, the expression that does it or None)."""
    actual = expr_type(expr)
    if actual == target or is_polymorphic_type(target):
        return True, None
    if not can_coerce_type(pstate.catalog, (actual,), (target,), COERCION_ASSIGNMENT):
        return False, None
    placeholder = t.CaseTestExpr(actual, expr_typmod(expr), expr_collation(expr))
    coerced = coerce_to_target_type(
        pstate, placeholder, actual, target, -1, COERCION_ASSIGNMENT, t.COERCE_IMPLICIT_CAST, -1
    )
    if coerced is None:
        return False, None
    inner = coerced
    while isinstance(inner, t.RelabelType):
        inner = inner.arg
    return True, None if inner is placeholder else coerced
