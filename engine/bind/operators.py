"""Operator look-up and operator expressions (PostgreSQL's parse_oper.c).

Results of look-ups are kept in catalog.cache by name, input types and search path.
"""

from collections.abc import Sequence
from typing import Any

from .. import tree as t
from ..catalog.namespaces import operator_candidates
from ..errors import SqlError
from ..lsyscache import get_base_element_type, lookup_type_cache
from ..sqlstates import (
    AMBIGUOUS_FUNCTION,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..treetypes import expr_type
from .candidates import Candidate, func_match_argtypes, func_select_candidate
from .coercion import is_binary_coercible
from .functions import check_srf_call_placement, make_fn_arguments
from .names import deconstruct_qualified_name, lookup_explicit_namespace, namelist_to_string
from .parse_state import AnalyzeContext, ParseState
from .polymorphic import enforce_generic_type_consistency, is_polymorphic_type

BOOLOID = 16
UNKNOWNOID = 705


def _candidates(context: AnalyzeContext, opname: Sequence[Any], location: int) -> tuple[Any, ...]:
    """pg_operator rows with this name that are visible or in the named schema."""
    schema, name = deconstruct_qualified_name(context, opname)
    namespace = None if schema is None else lookup_explicit_namespace(context, schema, location)
    path = context.search_path
    if context.temp_namespace and namespace is None:
        path = tuple([oid for oid in path if oid != context.temp_namespace])
    return operator_candidates(context.catalog, name, path, namespace)


def opername_get_oprid(
    context: AnalyzeContext, opname: Sequence[Any], left: int, right: int, location: int = -1
) -> int:
    """The operator with exactly these argument types (left 0: prefix), 0 if there is none."""
    for row in _candidates(context, opname, location):
        if row.oprleft == left and row.oprright == right:
            return int(row.oid)
    return 0


def binary_oper_exact(catalog: Any, rows: Sequence[Any], left: int, right: int) -> Any | None:
    """The operator for just these types; an unknown is taken to be like the other side."""
    was_unknown = False
    if left == UNKNOWNOID and right:
        left, was_unknown = right, True
    elif right == UNKNOWNOID and left:
        right, was_unknown = left, True
    for row in rows:
        if row.oprleft == left and row.oprright == right:
            return row
    if was_unknown:
        base = catalog.base_type(left)
        if base != left:
            for row in rows:
                if row.oprleft == base and row.oprright == base:
                    return row
    return None


def _select(catalog: Any, rows: Sequence[Any], inputs: tuple[int, ...]) -> tuple[Any | None, bool]:
    """The best operator for the inputs; (None, True) if several are equally good."""
    if len(inputs) == 1:
        candidates = [Candidate(row, (row.oprright,)) for row in rows]
    else:
        candidates = [Candidate(row, (row.oprleft, row.oprright)) for row in rows]
    matching = func_match_argtypes(catalog, inputs, candidates)
    if not matching:
        return None, False
    if len(matching) == 1:
        return matching[0].row, False
    best = func_select_candidate(catalog, inputs, matching)
    return (None, True) if best is None else (best.row, False)


def _cache_key(context: AnalyzeContext, opname: Sequence[Any], left: int, right: int) -> tuple[Any, ...]:
    names = tuple([name if isinstance(name, str) else name.sval for name in opname])
    return ("oper", names, left, right, context.search_path, context.temp_namespace)


def oper(
    pstate: ParseState, opname: Sequence[Any], ltype: int, rtype: int, no_error: bool, location: int
) -> Any | None:
    """The pg_operator row of a binary operator for these input types."""
    context = pstate.context
    catalog = context.catalog
    key = _cache_key(context, opname, ltype, rtype)
    row = catalog.cache.get(key)
    if row is not None:
        return row
    rows = [row for row in _candidates(context, opname, location) if row.oprkind == "b"]
    row = binary_oper_exact(catalog, rows, ltype, rtype)
    ambiguous = False
    if row is None and rows:
        row, ambiguous = _select(catalog, rows, (ltype or rtype, rtype or ltype))
    if row is not None:
        catalog.cache[key] = row
    elif not no_error:
        raise op_error(pstate, opname, ltype, rtype, ambiguous, location)
    return row


def left_oper(
    pstate: ParseState, opname: Sequence[Any], arg: int, no_error: bool, location: int
) -> Any | None:
    """The pg_operator row of a prefix operator for this input type."""
    context = pstate.context
    catalog = context.catalog
    key = _cache_key(context, opname, 0, arg)
    row = catalog.cache.get(key)
    if row is not None:
        return row
    rows = [row for row in _candidates(context, opname, location) if row.oprkind == "l"]
    ambiguous = False
    row = next((row for row in rows if row.oprright == arg), None)
    if row is None and rows:
        row, ambiguous = _select(catalog, rows, (arg,))
    if row is not None:
        catalog.cache[key] = row
    elif not no_error:
        raise op_error(pstate, opname, 0, arg, ambiguous, location)
    return row


def compatible_oper(
    pstate: ParseState, opname: Sequence[Any], left: int, right: int, no_error: bool, location: int
) -> Any | None:
    """A binary operator that takes the inputs as they are, without run-time coercion."""
    row = oper(pstate, opname, left, right, no_error, location)
    if row is None:
        return None
    catalog = pstate.catalog
    if is_binary_coercible(catalog, left, row.oprleft) and is_binary_coercible(catalog, right, row.oprright):
        return row
    if no_error:
        return None
    raise pstate.error(
        UNDEFINED_FUNCTION,
        "operator requires run-time type coercion: " + op_signature_string(catalog, opname, left, right),
        location,
    )


def compatible_oper_opid(
    pstate: ParseState, opname: Sequence[Any], left: int, right: int, no_error: bool
) -> int:
    """Likewise, its oid; 0 if there is none."""
    row = compatible_oper(pstate, opname, left, right, no_error, -1)
    return 0 if row is None else int(row.oid)


def lookup_oper_name(
    pstate: ParseState, opname: Sequence[Any], left: int, right: int, no_error: bool, location: int
) -> int:
    """The operator with exactly these argument types, for DDL and USING (LookupOperName)."""
    oid = opername_get_oprid(pstate.context, opname, left, right, location)
    if oid or no_error:
        return oid
    if not right:
        raise SqlError(UNDEFINED_FUNCTION, "postfix operators are not supported")
    signature = op_signature_string(pstate.catalog, opname, left, right)
    raise pstate.error(UNDEFINED_FUNCTION, f"operator does not exist: {signature}", location)


def op_signature_string(catalog: Any, opname: Sequence[Any], left: int, right: int) -> str:
    """The operator with its input types, for messages: "integer + text"."""
    prefix = f"{catalog.format_type(left)} " if left else ""
    return f"{prefix}{namelist_to_string(opname)} {catalog.format_type(right)}"


def op_error(
    pstate: ParseState, opname: Sequence[Any], left: int, right: int, ambiguous: bool, location: int
) -> SqlError:
    """The error for an operator that does not exist or is not unique."""
    signature = op_signature_string(pstate.catalog, opname, left, right)
    if ambiguous:
        return pstate.error(
            AMBIGUOUS_FUNCTION,
            f"operator is not unique: {signature}",
            location,
            hint="Could not choose a best candidate operator. You might need to add explicit type casts.",
        )
    if left and right:
        hint = (
            "No operator matches the given name and argument types. "
            "You might need to add explicit type casts."
        )
    else:
        hint = (
            "No operator matches the given name and argument type. "
            "You might need to add an explicit type cast."
        )
    return pstate.error(UNDEFINED_FUNCTION, f"operator does not exist: {signature}", location, hint=hint)


def _check_not_shell(pstate: ParseState, row: Any, opname: Sequence[Any], location: int) -> None:
    if not row.oprcode:
        signature = op_signature_string(pstate.catalog, opname, row.oprleft, row.oprright)
        raise pstate.error(UNDEFINED_FUNCTION, f"operator is only a shell: {signature}", location)


def make_op(
    pstate: ParseState,
    opname: Sequence[Any],
    ltree: Any | None,
    rtree: Any,
    last_srf: Any,
    location: int,
) -> t.OpExpr:
    """The OpExpr of an operator applied to transformed arguments (ltree None: prefix)."""
    catalog = pstate.catalog
    rtype = expr_type(rtree)
    actual: tuple[int, ...]
    if ltree is None:
        row = left_oper(pstate, opname, rtype, False, location)
        assert row is not None
        args = [rtree]
        actual = (rtype,)
        declared = [row.oprright]
    else:
        ltype = expr_type(ltree)
        row = oper(pstate, opname, ltype, rtype, False, location)
        assert row is not None
        args = [ltree, rtree]
        actual = (ltype, rtype)
        declared = [row.oprleft, row.oprright]
    if not row.oprcode:
        _check_not_shell(pstate, row, opname, location)
    rettype = enforce_generic_type_consistency(catalog, actual, declared, row.oprresult, False)
    make_fn_arguments(pstate, args, actual, declared)
    retset = catalog.pg_proc.get(row.oprcode).proretset
    result = t.OpExpr(row.oid, row.oprcode, rettype, tuple(args), retset, location=location)
    if retset:
        check_srf_call_placement(pstate, last_srf, location)
        pstate.p_last_srf = result
    return result


def make_scalar_array_op(
    pstate: ParseState, opname: Sequence[Any], use_or: bool, ltree: Any, rtree: Any, location: int
) -> t.ScalarArrayOpExpr:
    """The node of `ltree op ANY/ALL (rtree)`."""
    catalog = pstate.catalog
    ltype = expr_type(ltree)
    atype = expr_type(rtree)
    if atype == UNKNOWNOID:
        rtype = UNKNOWNOID
    else:
        rtype = get_base_element_type(catalog, atype)
        if not rtype:
            raise pstate.error(WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires array on right side", location)
    row = oper(pstate, opname, ltype, rtype, False, location)
    assert row is not None
    _check_not_shell(pstate, row, opname, location)
    args = [ltree, rtree]
    declared = [row.oprleft, row.oprright]
    rettype = enforce_generic_type_consistency(catalog, (ltype, rtype), declared, row.oprresult, False)
    if rettype != BOOLOID:
        raise pstate.error(
            WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator to yield boolean", location
        )
    if catalog.pg_proc.get(row.oprcode).proretset:
        raise pstate.error(
            WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator not to return a set", location
        )
    if is_polymorphic_type(declared[1]):
        array_type = atype
    else:
        array_type = catalog.array_type(declared[1])
        if not array_type:
            raise pstate.error(
                UNDEFINED_OBJECT,
                f"could not find array type for data type {catalog.format_type(declared[1])}",
                location,
            )
    declared[1] = array_type
    make_fn_arguments(pstate, args, (ltype, atype), declared)
    return t.ScalarArrayOpExpr(row.oid, row.oprcode, use_or, tuple(args), 0, location)


def get_sort_group_operators(
    catalog: Any, argtype: int, need_lt: bool, need_eq: bool, need_gt: bool
) -> tuple[int, int, int, bool]:
    """(<, =, > operators, whether hashable) of a type; an error if a needed one is missing."""
    entry = lookup_type_cache(catalog, argtype)
    if (need_lt and not entry.lt_opr) or (need_gt and not entry.gt_opr):
        raise SqlError(
            UNDEFINED_FUNCTION,
            f"could not identify an ordering operator for type {catalog.format_type(argtype)}",
            hint="Use an explicit ordering operator or modify the query.",
        )
    if need_eq and not entry.eq_opr:
        raise SqlError(
            UNDEFINED_FUNCTION,
            f"could not identify an equality operator for type {catalog.format_type(argtype)}",
        )
    return entry.lt_opr, entry.eq_opr, entry.gt_opr, entry.hash_proc != 0
