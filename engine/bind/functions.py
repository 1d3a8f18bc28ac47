"""Function calls and column projection (PostgreSQL's parse_func.c)."""

from collections.abc import Sequence
from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..lsyscache import get_base_element_type, type_is_complex
from ..sqlstates import (
    AMBIGUOUS_FUNCTION,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_FUNCTION_DEFINITION,
    SYNTAX_ERROR,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
    SqlState,
)
from ..treetypes import expr_location, expr_type, list_location
from . import parse_state as k
from .candidates import (
    FUNC_MAX_ARGS,
    FUNCDETAIL_AGGREGATE,
    FUNCDETAIL_COERCION,
    FUNCDETAIL_MULTIPLE,
    FUNCDETAIL_NORMAL,
    FUNCDETAIL_NOTFOUND,
    FUNCDETAIL_PROCEDURE,
    FUNCDETAIL_WINDOWFUNC,
    FuncDetail,
    func_get_detail,
    too_many_arguments,
)
from .coercion import (
    COERCION_EXPLICIT,
    COERCION_IMPLICIT,
    coerce_to_boolean,
    coerce_type,
    select_common_type,
    select_common_typmod,
)
from .names import name_parts, namelist_to_string
from .parse_state import ParseState
from .polymorphic import ANYOID, enforce_generic_type_consistency

RECORDOID = 2249
VOIDOID = 2278


class NamedArg:
    """A transformed argument given by name; it lives only until the call is resolved."""

    __slots__ = ("arg", "location", "name")

    def __init__(self, arg: Any, name: str, location: int) -> None:
        self.arg = arg
        self.name = name
        self.location = location


def _bare(arg: Any) -> Any:
    return arg.arg if isinstance(arg, NamedArg) else arg


class _Call:
    """The parts of a FuncCall, with the defaults of a bare column projection (fn None)."""

    def __init__(self, pstate: ParseState, fn: Any | None) -> None:
        self.order: Sequence[Any] = ()
        self.filter = None
        self.over = None
        self.within_group = self.star = self.distinct = self.variadic = False
        self.format = t.COERCE_EXPLICIT_CALL
        if fn is None:
            return
        self.order = fn.agg_order or ()
        self.over = fn.over
        self.within_group = fn.agg_within_group
        self.star = fn.agg_star
        self.distinct = fn.agg_distinct
        self.variadic = fn.func_variadic
        if fn.funcformat is not None and fn.funcformat.name == "COERCE_SQL_SYNTAX":
            self.format = t.COERCE_SQL_SYNTAX
        if fn.agg_filter is not None:
            from .expressions import transform_expr

            condition = transform_expr(pstate, fn.agg_filter, k.EXPR_KIND_FILTER)
            self.filter = coerce_to_boolean(pstate, condition, "FILTER")


def parse_func_or_column(
    pstate: ParseState,
    funcname: Sequence[Any],
    fargs: Sequence[Any],
    last_srf: Any,
    fn: Any | None,
    proc_call: bool,
    location: int,
) -> Any | None:
    """A function call, or `fargs[0].funcname` if fn is None (then None if there is no such thing).

    fargs are transformed; those given by name are NamedArgs.
    """
    is_column = fn is None
    call = _Call(pstate, fn)
    args = list(fargs)
    if len(args) > FUNC_MAX_ARGS:
        raise too_many_arguments(location if location >= 0 else None)
    if not is_column and not call.within_group:
        # A parameter declared void is an OUT argument: not part of the call.
        args = [a for a in args if not (isinstance(a, t.Param) and a.paramtype == VOIDOID)]
    argnames = _argument_names(pstate, args)
    actual = [expr_type(_bare(arg)) for arg in args]
    could_be_projection = (
        len(args) == 1
        and not proc_call
        and not call.order
        and call.filter is None
        and not call.star
        and not call.distinct
        and call.over is None
        and not call.variadic
        and not argnames
        and len(funcname) == 1
        and (actual[0] == RECORDOID or type_is_complex(pstate.catalog, actual[0]))
    )
    if could_be_projection and is_column:
        result = parse_complex_projection(pstate, name_parts(funcname)[0], args[0], location)
        if result is not None:
            return result
    try:
        detail = func_get_detail(
            pstate.context, funcname, args, argnames, tuple(actual), not call.variadic, True, proc_call
        )
    except SqlError as error:
        if error.position is None and location >= 0:
            error.position = location
        raise
    if detail.code in (FUNCDETAIL_NOTFOUND, FUNCDETAIL_MULTIPLE):
        if is_column:
            return None
        if detail.code == FUNCDETAIL_NOTFOUND and could_be_projection:
            result = parse_complex_projection(pstate, name_parts(funcname)[0], args[0], location)
            if result is not None:
                return result
        raise _no_function(pstate, funcname, argnames, actual, detail.code, call, proc_call, location)
    declared = list(detail.declared)
    aggkind = _check_call(
        pstate, funcname, detail, call, args, argnames, actual, declared, proc_call, location
    )
    if detail.code == FUNCDETAIL_COERCION:
        return coerce_type(
            pstate,
            args[0],
            actual[0],
            detail.rettype,
            -1,
            COERCION_EXPLICIT,
            t.COERCE_EXPLICIT_CALL,
            location,
        )
    variadic = _complete_arguments(pstate, detail, call, args, actual, declared, location)
    rettype = enforce_generic_type_consistency(pstate.catalog, actual, declared, detail.rettype, False)
    make_fn_arguments(pstate, args, actual, declared)
    args = _positional(args, detail)
    args, variadic = _pack_variadic(pstate, detail, args, actual, variadic)
    if detail.retset:
        check_srf_call_placement(pstate, last_srf, location)
    if detail.code in (FUNCDETAIL_NORMAL, FUNCDETAIL_PROCEDURE):
        result = t.FuncExpr(
            detail.funcid,
            rettype,
            tuple(args),
            detail.retset,
            variadic,
            call.format,
            location=location,
        )
    elif detail.code == FUNCDETAIL_AGGREGATE and call.over is None:
        result = _make_aggref(
            pstate, funcname, detail, call, args, argnames, rettype, variadic, aggkind, location
        )
    else:
        result = _make_window_func(pstate, funcname, detail, call, args, rettype, last_srf, location)
    if detail.retset:
        pstate.p_last_srf = result
    return result


def _argument_names(pstate: ParseState, args: Sequence[Any]) -> tuple[str, ...]:
    """The names of the named arguments, which must come last and be distinct."""
    names: list[str] = []
    for arg in args:
        if isinstance(arg, NamedArg):
            if arg.name in names:
                raise pstate.error(
                    SYNTAX_ERROR, f'argument name "{arg.name}" used more than once', arg.location
                )
            names.append(arg.name)
        elif names:
            raise pstate.error(
                SYNTAX_ERROR, "positional argument cannot follow named argument", expr_location(arg)
            )
    return tuple(names)


def _no_function(
    pstate: ParseState,
    funcname: Sequence[Any],
    argnames: Sequence[str],
    actual: Sequence[int],
    code: str,
    call: _Call,
    proc_call: bool,
    location: int,
) -> SqlError:
    """The error for a call that names no function, or several."""
    signature = func_signature_string(pstate.catalog, funcname, argnames, actual)
    kind = "procedure" if proc_call else "function"
    if code == FUNCDETAIL_MULTIPLE:
        return pstate.error(
            AMBIGUOUS_FUNCTION,
            f"{kind} {signature} is not unique",
            location,
            hint=f"Could not choose a best candidate {kind}. You might need to add explicit type casts.",
        )
    if len(call.order) > 1 and not call.within_group:
        hint = (
            "No aggregate function matches the given name and argument types. Perhaps you misplaced "
            "ORDER BY; ORDER BY must appear after all regular arguments of the aggregate."
        )
    else:
        hint = (
            f"No {kind} matches the given name and argument types. You might need to add explicit type casts."
        )
    return pstate.error(UNDEFINED_FUNCTION, f"{kind} {signature} does not exist", location, hint=hint)


def _check_call(
    pstate: ParseState,
    funcname: Sequence[Any],
    detail: FuncDetail,
    call: _Call,
    args: list[Any],
    argnames: Sequence[str],
    actual: list[int],
    declared: list[int],
    proc_call: bool,
    location: int,
) -> str:
    """Refuse decorations that the kind of function does not allow; returns an aggregate's aggkind."""

    def refuse(message: str, hint: str | None = None, sqlstate: SqlState = WRONG_OBJECT_TYPE) -> None:
        raise pstate.error(sqlstate, message, location, hint=hint)

    name = namelist_to_string(funcname)
    code = detail.code
    if proc_call and code != FUNCDETAIL_PROCEDURE:
        signature = func_signature_string(pstate.catalog, funcname, argnames, actual)
        refuse(f"{signature} is not a procedure", "To call a function, use SELECT.")
    if code == FUNCDETAIL_PROCEDURE and not proc_call:
        signature = func_signature_string(pstate.catalog, funcname, argnames, actual)
        refuse(f"{signature} is a procedure", "To call a procedure, use CALL.")
    if code == FUNCDETAIL_AGGREGATE:
        aggregate = pstate.catalog.pg_aggregate.get(detail.funcid)
        if aggregate.aggkind == "n":
            if call.within_group:
                refuse(f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP")
            return "n"
        _check_ordered_set(
            pstate, name, funcname, aggregate, detail, call, args, argnames, actual, declared, location
        )
        return str(aggregate.aggkind)
    if code == FUNCDETAIL_WINDOWFUNC:
        if call.over is None:
            refuse(f"window function {name} requires an OVER clause")
        if call.within_group:
            refuse(f"window function {name} cannot have WITHIN GROUP")
        return ""
    if call.star:
        refuse(f"{name}(*) specified, but {name} is not an aggregate function")
    for present, what in (
        (call.distinct, "DISTINCT"),
        (call.within_group, "WITHIN GROUP"),
        (call.order, "ORDER BY"),
        (call.filter is not None, "FILTER"),
    ):
        if present:
            refuse(f"{what} specified, but {name} is not an aggregate function")
    if call.over is not None:
        refuse(f"OVER specified, but {name} is not a window function nor an aggregate function")
    return ""


def _check_ordered_set(
    pstate: ParseState,
    name: str,
    funcname: Sequence[Any],
    aggregate: Any,
    detail: FuncDetail,
    call: _Call,
    args: list[Any],
    argnames: Sequence[str],
    actual: list[int],
    declared: list[int],
    location: int,
) -> None:
    """The number of direct and aggregated arguments of an ordered-set aggregate must be right."""
    if not call.within_group:
        raise pstate.error(
            WRONG_OBJECT_TYPE, f"WITHIN GROUP is required for ordered-set aggregate {name}", location
        )
    if call.over is not None:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, f"OVER is not supported for ordered-set aggregate {name}", location
        )
    nargs = len(args)
    aggregated = len(call.order)
    direct = nargs - aggregated
    wanted = aggregate.aggnumdirectargs
    plural = "argument" if wanted == 1 else "arguments"
    hint = None
    exact = (
        f"There is an ordered-set aggregate {name}, but it requires {wanted} direct {plural}, not {direct}."
    )
    if not detail.vatype:
        if direct != wanted:
            hint = exact
    else:
        pronargs = nargs - (detail.nvargs - 1 if detail.nvargs > 1 else 0)
        if wanted < pronargs:
            if direct != wanted:
                hint = exact
        elif aggregate.aggkind == "h":
            if detail.nvargs != 2 * aggregated:
                hint = (
                    f"To use the hypothetical-set aggregate {name}, the number of hypothetical direct "
                    f"arguments (here {detail.nvargs - aggregated}) must match the number of ordering "
                    f"columns (here {aggregated})."
                )
        elif detail.nvargs <= aggregated:
            hint = (
                f"There is an ordered-set aggregate {name}, but it requires at least {wanted} "
                f"direct {plural}."
            )
    if hint is not None:
        signature = func_signature_string(pstate.catalog, funcname, argnames, actual)
        raise pstate.error(UNDEFINED_FUNCTION, f"function {signature} does not exist", location, hint=hint)
    if aggregate.aggkind == "h":
        _unify_hypothetical_args(pstate, args, aggregated, actual, declared)


def _unify_hypothetical_args(
    pstate: ParseState, args: list[Any], aggregated: int, actual: list[int], declared: list[int]
) -> None:
    """Give each hypothetical argument and its ordering column a common type."""
    direct = len(args) - aggregated
    first = direct - aggregated
    for hypothetical in range(first, direct):
        ordering = direct + hypothetical - first
        if declared[hypothetical] != ANYOID:
            continue
        pair = (args[ordering], args[hypothetical])
        common = select_common_type(pstate, pair, "WITHIN GROUP")
        typmod = select_common_typmod(pair, common)
        for position in (hypothetical, ordering):
            args[position] = coerce_type(
                pstate,
                args[position],
                actual[position],
                common,
                typmod,
                COERCION_IMPLICIT,
                t.COERCE_IMPLICIT_CAST,
                -1,
            )
            actual[position] = common


def _complete_arguments(
    pstate: ParseState,
    detail: FuncDetail,
    call: _Call,
    args: list[Any],
    actual: list[int],
    declared: list[int],
    location: int,
) -> bool:
    """Append the values of parameters left to their defaults; returns whether VARIADIC holds."""
    if detail.defaults:
        if len(args) + len(detail.defaults) > FUNC_MAX_ARGS:
            raise too_many_arguments(location if location >= 0 else None)
        expressions = function_defaults(pstate, detail.row)
        first = len(detail.row.proargtypes.items) - len(expressions)
        for number in detail.defaults:
            expr = expressions[number - first]
            args.append(expr)
            actual.append(expr_type(expr))
    return call.variadic and detail.vatype != 0


def function_defaults(pstate: ParseState, row: Any) -> tuple[Any, ...]:
    """The default expressions of a function's last input parameters, as typed trees."""
    cache = pstate.catalog.cache
    key = ("function_defaults", row.oid)
    result = cache.get(key)
    if result is None:
        result = cache[key] = _load_defaults(pstate, row)
    return result


def _load_defaults(pstate: ParseState, row: Any) -> tuple[Any, ...]:
    text = row.proargdefaults
    if not text.startswith("sql:"):
        from ..treecodec import load

        return tuple(load(text))
    # Built-in functions carry their defaults as SQL text.
    from pglast.parser import parse_sql

    from .expressions import transform_expr

    inner = k.make_parsestate(k.AnalyzeContext(pstate.catalog, (11,), ctx=pstate.context.ctx))
    types = row.proargtypes.items[-row.pronargdefaults :]
    result = []
    select: Any = parse_sql("SELECT " + text[4:])[0].stmt
    for target, typid in zip(select.targetList, types, strict=True):
        expr = transform_expr(inner, target.val, k.EXPR_KIND_FUNCTION_DEFAULT)
        result.append(
            coerce_type(
                inner, expr, expr_type(expr), typid, -1, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1
            )
        )
    return tuple([t.strip_locations(expr) for expr in result])


def _positional(args: list[Any], detail: FuncDetail) -> list[Any]:
    """The arguments in the order of the parameters, without their names."""
    if detail.argnumbers is None:
        return args
    ordered: list[Any] = [None] * len(args)
    for number, arg in zip(detail.argnumbers, args, strict=True):
        ordered[number] = _bare(arg)
    return ordered


def _pack_variadic(
    pstate: ParseState, detail: FuncDetail, args: list[Any], actual: list[int], variadic: bool
) -> tuple[list[Any], bool]:
    """Make the arguments of a VARIADIC parameter one array (those of VARIADIC "any" stay)."""
    catalog = pstate.catalog
    if detail.nvargs > 0 and detail.vatype != ANYOID:
        fixed = len(args) - detail.nvargs
        elements = args[fixed:]
        element = expr_type(elements[0])
        location = list_location(elements)
        array = catalog.array_type(element)
        if not array:
            raise pstate.error(
                UNDEFINED_OBJECT,
                f"could not find array type for data type {catalog.format_type(element)}",
                location,
            )
        return [*args[:fixed], t.ArrayExpr(array, element, tuple(elements), False, 0, location)], True
    if args and detail.vatype == ANYOID and variadic and not get_base_element_type(catalog, actual[-1]):
        raise pstate.error(DATATYPE_MISMATCH, "VARIADIC argument must be an array", expr_location(args[-1]))
    return args, variadic


def _parameterless(pstate: ParseState, funcname: Sequence[Any], location: int) -> SqlError:
    return pstate.error(
        WRONG_OBJECT_TYPE,
        f"{namelist_to_string(funcname)}(*) must be used to call a parameterless aggregate function",
        location,
    )


def _make_aggref(
    pstate: ParseState,
    funcname: Sequence[Any],
    detail: FuncDetail,
    call: _Call,
    args: list[Any],
    argnames: Sequence[str],
    rettype: int,
    variadic: bool,
    aggkind: str,
    location: int,
) -> t.Aggref:
    if not args and not call.star and not call.within_group:
        raise _parameterless(pstate, funcname, location)
    if detail.retset:
        raise pstate.error(INVALID_FUNCTION_DEFINITION, "aggregates cannot return sets", location)
    if argnames:
        raise pstate.error(FEATURE_NOT_SUPPORTED, "aggregates cannot use named arguments", location)
    from .aggregates import transform_aggregate_call

    aggref = t.Aggref(
        detail.funcid,
        rettype,
        aggfilter=call.filter,
        aggstar=call.star,
        aggvariadic=variadic,
        aggkind=aggkind,
        location=location,
    )
    return transform_aggregate_call(pstate, aggref, args, call.order, call.distinct)


def _make_window_func(
    pstate: ParseState,
    funcname: Sequence[Any],
    detail: FuncDetail,
    call: _Call,
    args: list[Any],
    rettype: int,
    last_srf: Any,
    location: int,
) -> t.WindowFunc:
    is_aggregate = detail.code == FUNCDETAIL_AGGREGATE

    def refuse(message: str) -> None:
        raise pstate.error(FEATURE_NOT_SUPPORTED, message, location)

    if call.distinct:
        refuse("DISTINCT is not implemented for window functions")
    if is_aggregate and not args and not call.star:
        raise _parameterless(pstate, funcname, location)
    if call.order:
        refuse("aggregate ORDER BY is not implemented for window functions")
    if not is_aggregate and call.filter is not None:
        refuse("FILTER is not implemented for non-aggregate window functions")
    if pstate.p_last_srf is not last_srf:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            "window function calls cannot contain set-returning function calls",
            expr_location(pstate.p_last_srf),
            hint="You might be able to move the set-returning function into a LATERAL FROM item.",
        )
    if detail.retset:
        raise pstate.error(INVALID_FUNCTION_DEFINITION, "window functions cannot return sets", location)
    from .aggregates import transform_window_func_call

    wfunc = t.WindowFunc(
        detail.funcid,
        rettype,
        tuple(args),
        0,
        call.filter,
        call.star,
        is_aggregate,
        location=location,
    )
    return transform_window_func_call(pstate, wfunc, call.over)


def make_fn_arguments(
    pstate: ParseState, args: list[Any], actual: Sequence[int], declared: Sequence[int]
) -> None:
    """Coerce the arguments, in place, to their declared types."""
    for i, arg in enumerate(args):
        if actual[i] == declared[i]:
            continue
        node = coerce_type(
            pstate,
            _bare(arg),
            actual[i],
            declared[i],
            -1,
            COERCION_IMPLICIT,
            t.COERCE_IMPLICIT_CAST,
            -1,
        )
        args[i] = NamedArg(node, arg.name, arg.location) if isinstance(arg, NamedArg) else node


# --- column projection ----------------------------------------


def parse_complex_projection(pstate: ParseState, name: str, arg: Any, location: int) -> Any | None:
    """The column `name` of a row-valued expression, None if it has none."""
    from .relations import get_ns_item_by_range_table_posn, scan_ns_item_for_column

    if isinstance(arg, t.Var) and arg.varattno == 0:
        # A column of a whole row is that column itself.
        nsitem = get_ns_item_by_range_table_posn(pstate, arg.varno, arg.varlevelsup)
        return scan_ns_item_for_column(pstate, nsitem, arg.varlevelsup, name, location)
    if isinstance(arg, t.Var) and arg.vartype == RECORDOID:
        from .targets import expand_record_variable

        columns: Any = expand_record_variable(pstate, arg, 0)
    else:
        from .rowtypes import get_expr_result_tupdesc

        columns = get_expr_result_tupdesc(pstate.catalog, arg, True)
    for number, column in enumerate(columns or (), 1):
        if column.name == name and not column.dropped:
            return t.FieldSelect(arg, number, column.typid, column.typmod, column.collation)
    return None


# --- signatures ----------------------------------------


def func_signature_string(
    catalog: Any, funcname: Sequence[Any], argnames: Sequence[str], argtypes: Sequence[int]
) -> str:
    """ "name(type, arg => type)", for messages."""
    first_named = len(argtypes) - len(argnames)
    parts = []
    for i, typid in enumerate(argtypes):
        prefix = f"{argnames[i - first_named]} => " if i >= first_named else ""
        parts.append(prefix + catalog.format_type(typid))
    return f"{namelist_to_string(funcname)}({', '.join(parts)})"


# --- where set-returning functions may stand ----------------------------------------

_SRF_IN_TARGETS = frozenset(
    (
        k.EXPR_KIND_WINDOW_PARTITION,
        k.EXPR_KIND_WINDOW_ORDER,
        k.EXPR_KIND_SELECT_TARGET,
        k.EXPR_KIND_INSERT_TARGET,
        k.EXPR_KIND_GROUP_BY,
        k.EXPR_KIND_ORDER_BY,
        k.EXPR_KIND_DISTINCT_ON,
        k.EXPR_KIND_VALUES_SINGLE,
    )
)

# "set-returning functions are not allowed in ..."; kinds in neither table use the construct's name.
_SRF_REFUSED: dict[str, str] = {
    k.EXPR_KIND_JOIN_ON: "JOIN conditions",
    k.EXPR_KIND_JOIN_USING: "JOIN conditions",
    k.EXPR_KIND_POLICY: "policy expressions",
    k.EXPR_KIND_WINDOW_FRAME_RANGE: "window definitions",
    k.EXPR_KIND_WINDOW_FRAME_ROWS: "window definitions",
    k.EXPR_KIND_WINDOW_FRAME_GROUPS: "window definitions",
    k.EXPR_KIND_MERGE_WHEN: "MERGE WHEN conditions",
    k.EXPR_KIND_CHECK_CONSTRAINT: "check constraints",
    k.EXPR_KIND_DOMAIN_CHECK: "check constraints",
    k.EXPR_KIND_COLUMN_DEFAULT: "DEFAULT expressions",
    k.EXPR_KIND_FUNCTION_DEFAULT: "DEFAULT expressions",
    k.EXPR_KIND_INDEX_EXPRESSION: "index expressions",
    k.EXPR_KIND_INDEX_PREDICATE: "index predicates",
    k.EXPR_KIND_STATS_EXPRESSION: "statistics expressions",
    k.EXPR_KIND_ALTER_COL_TRANSFORM: "transform expressions",
    k.EXPR_KIND_EXECUTE_PARAMETER: "EXECUTE parameters",
    k.EXPR_KIND_TRIGGER_WHEN: "trigger WHEN conditions",
    k.EXPR_KIND_PARTITION_BOUND: "partition bound",
    k.EXPR_KIND_PARTITION_EXPRESSION: "partition key expressions",
    k.EXPR_KIND_CALL_ARGUMENT: "CALL arguments",
    k.EXPR_KIND_COPY_WHERE: "COPY FROM WHERE conditions",
    k.EXPR_KIND_GENERATED_COLUMN: "column generation expressions",
}


def check_srf_call_placement(pstate: ParseState, last_srf: Any, location: int) -> None:
    """Refuse a set-returning call where none may stand; note it if it is in a target list."""
    kind = pstate.p_expr_kind
    if kind in _SRF_IN_TARGETS:
        pstate.p_hasTargetSRFs = True
        return
    if kind == k.EXPR_KIND_OTHER:
        return
    if kind == k.EXPR_KIND_FROM_FUNCTION:
        if pstate.p_last_srf is not last_srf:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                "set-returning functions must appear at top level of FROM",
                expr_location(pstate.p_last_srf),
            )
        return
    where = _SRF_REFUSED.get(kind) or k.parse_expr_kind_name(kind)
    raise pstate.error(FEATURE_NOT_SUPPORTED, f"set-returning functions are not allowed in {where}", location)
