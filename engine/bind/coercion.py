"""Type coercion: PostgreSQL's parse_coerce.c.

can_coerce_type says whether, coerce_type does it, coerce_to_target_type does both and adds length
coercion. Contexts are ordered: what is allowed implicitly is allowed in assignments and casts too.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from .. import tree as t
from ..errors import SqlError
from ..lsyscache import (
    get_typcollation,
    get_type_category_preferred,
    type_category,
    type_is_array,
    type_is_collatable,
    type_is_complex,
    type_is_enum,
    type_is_multirange,
    type_is_range,
    type_or_domain_type_relid,
)
from ..sqlstates import CANNOT_COERCE, DATATYPE_MISMATCH, INTERNAL_ERROR
from ..treetypes import (
    expr_collation,
    expr_location,
    expr_type,
    expr_typmod,
    expression_returns_set,
)
from ..types.io import text_input
from .parse_state import ParseState
from .polymorphic import (
    ANYARRAYOID,
    ANYCOMPATIBLEARRAYOID,
    ANYCOMPATIBLEMULTIRANGEOID,
    ANYCOMPATIBLENONARRAYOID,
    ANYCOMPATIBLEOID,
    ANYCOMPATIBLERANGEOID,
    ANYELEMENTOID,
    ANYENUMOID,
    ANYMULTIRANGEOID,
    ANYNONARRAYOID,
    ANYOID,
    ANYRANGEOID,
    POLYMORPHIC,
    check_generic_type_consistency,
)

COERCION_IMPLICIT = 0
COERCION_ASSIGNMENT = 1
COERCION_PLPGSQL = 2
COERCION_EXPLICIT = 3

# How to get from one type to another.
COERCION_PATH_NONE = ""
COERCION_PATH_FUNC = "func"
COERCION_PATH_RELABELTYPE = "relabel"
COERCION_PATH_ARRAYCOERCE = "array"
COERCION_PATH_COERCEVIAIO = "io"

BOOLOID = 16
INT4OID = 23
TEXTOID = 25
UNKNOWNOID = 705
INTERVALOID = 1186
RECORDOID = 2249
RECORDARRAYOID = 2287

_CONTEXT_OF_CODE = {"i": COERCION_IMPLICIT, "a": COERCION_ASSIGNMENT, "e": COERCION_EXPLICIT}
_AS_IS = frozenset((ANYOID, ANYELEMENTOID, ANYNONARRAYOID, ANYCOMPATIBLEOID, ANYCOMPATIBLENONARRAYOID))
_BASE_TYPE_AS_IS = frozenset(
    (
        ANYARRAYOID,
        ANYENUMOID,
        ANYRANGEOID,
        ANYMULTIRANGEOID,
        ANYCOMPATIBLEARRAYOID,
        ANYCOMPATIBLERANGEOID,
        ANYCOMPATIBLEMULTIRANGEOID,
    )
)


# --- pathways -----------------------------------------------------------------------------------------


def find_coercion_pathway(catalog: Any, target: int, source: int, ccontext: int) -> tuple[str, int]:
    """How to coerce source to target in this context: (COERCION_PATH_*, function oid or 0)."""
    key = ("coercion", source, target, ccontext)
    result = catalog.cache.get(key)
    if result is None:
        result = catalog.cache[key] = _find_coercion_pathway(catalog, target, source, ccontext)
    return result


def _find_coercion_pathway(catalog: Any, target: int, source: int, ccontext: int) -> tuple[str, int]:
    if source:
        source = catalog.base_type(source)
    if target:
        target = catalog.base_type(target)
    if source == target:
        return COERCION_PATH_RELABELTYPE, 0
    path, function = COERCION_PATH_NONE, 0
    casts = catalog.pg_cast.find("castsource_casttarget", source, target)
    if casts:
        cast = casts[0]
        if ccontext >= _CONTEXT_OF_CODE[cast.castcontext]:
            if cast.castmethod == "f":
                path, function = COERCION_PATH_FUNC, cast.castfunc
            else:
                path = COERCION_PATH_COERCEVIAIO if cast.castmethod == "i" else COERCION_PATH_RELABELTYPE
    else:
        if target not in (22, 30):  # not int2vector, oidvector: their dimensions are special
            target_element = catalog.element_type(target)
            source_element = catalog.element_type(source) if target_element else 0
            if source_element and find_coercion_pathway(catalog, target_element, source_element, ccontext)[0]:
                path = COERCION_PATH_ARRAYCOERCE
        if not path and (
            (ccontext >= COERCION_ASSIGNMENT and type_category(catalog, target) == "S")
            or (ccontext >= COERCION_EXPLICIT and type_category(catalog, source) == "S")
        ):
            path = COERCION_PATH_COERCEVIAIO
    if not path and ccontext == COERCION_PLPGSQL:
        path = COERCION_PATH_COERCEVIAIO
    return path, function


def find_typmod_coercion_function(catalog: Any, typid: int) -> tuple[str, int]:
    """How to apply a length to a type's values: (COERCION_PATH_*, function oid or 0)."""
    path = COERCION_PATH_FUNC
    element = catalog.element_type(typid)
    if element:
        typid = element
        path = COERCION_PATH_ARRAYCOERCE
    casts = catalog.pg_cast.find("castsource_casttarget", typid, typid)
    function = casts[0].castfunc if casts else 0
    return (path, function) if function else (COERCION_PATH_NONE, 0)


def is_binary_coercible(catalog: Any, source: int, target: int) -> bool:
    """Whether values of source are values of target as they are (IsBinaryCoercible)."""
    if source == target or target in (ANYOID, ANYELEMENTOID, ANYCOMPATIBLEOID):
        return True
    if source:
        source = catalog.base_type(source)
    if source == target:
        return True
    if target in (ANYARRAYOID, ANYCOMPATIBLEARRAYOID) and type_is_array(catalog, source):
        return True
    if target in (ANYNONARRAYOID, ANYCOMPATIBLENONARRAYOID) and not type_is_array(catalog, source):
        return True
    if target == ANYENUMOID and type_is_enum(catalog, source):
        return True
    if target in (ANYRANGEOID, ANYCOMPATIBLERANGEOID) and type_is_range(catalog, source):
        return True
    if target in (ANYMULTIRANGEOID, ANYCOMPATIBLEMULTIRANGEOID) and type_is_multirange(catalog, source):
        return True
    if target == RECORDOID and type_is_complex(catalog, source):
        return True
    if target == RECORDARRAYOID and is_complex_array(catalog, source):
        return True
    casts = catalog.pg_cast.find("castsource_casttarget", source, target)
    return bool(casts) and casts[0].castmethod == "b" and casts[0].castcontext == "i"


def is_complex_array(catalog: Any, typid: int) -> bool:
    """Whether it is an array of a composite type."""
    element = catalog.element_type(typid)
    return bool(element) and type_is_complex(catalog, element)


def is_preferred_type(catalog: Any, category: str, typid: int) -> bool:
    """Whether the type is the preferred one of the category ("" matches any)."""
    own, preferred = get_type_category_preferred(catalog, typid)
    return preferred and category in (own, "")


def _is_child_row_type(catalog: Any, source: int, target: int) -> bool:
    """typeInheritsFrom() or typeIsOfTypedTable()."""
    relid = type_or_domain_type_relid(catalog, source)
    if not relid:
        return False
    target_relid = catalog.pg_type.get(target).typrelid
    if not target_relid:
        return False
    if catalog.pg_class.get(relid).reloftype == target:
        return True
    seen = {relid}
    queue = [relid]
    while queue:
        for row in catalog.pg_inherits.find("inhrelid", queue.pop()):
            if row.inhparent == target_relid:
                return True
            if row.inhparent not in seen:
                seen.add(row.inhparent)
                queue.append(row.inhparent)
    return False


def can_coerce_type(
    catalog: Any, input_typeids: Sequence[int], target_typeids: Sequence[int], ccontext: int
) -> bool:
    """Whether all inputs can become their targets (pairwise; extra targets are ignored)."""
    have_generics = False
    for source, target in zip(input_typeids, target_typeids, strict=False):
        if source == target or target == ANYOID:
            continue
        if target in POLYMORPHIC:
            have_generics = True
            continue
        if source == UNKNOWNOID:
            continue
        if find_coercion_pathway(catalog, target, source, ccontext)[0]:
            continue
        if source == RECORDOID and type_is_complex(catalog, target):
            continue
        if target == RECORDOID and type_is_complex(catalog, source):
            continue
        if target == RECORDARRAYOID and is_complex_array(catalog, source):
            continue
        if _is_child_row_type(catalog, source, target):
            continue
        return False
    return not have_generics or check_generic_type_consistency(catalog, input_typeids, target_typeids)


# --- coercion -----------------------------------------------------------------------------------------


def coerce_to_target_type(
    pstate: ParseState,
    expr: Any,
    exprtype: int,
    targettype: int,
    targettypmod: int,
    ccontext: int,
    cformat: str,
    location: int,
) -> Any | None:
    """The expression as targettype with targettypmod applied; None if it cannot be."""
    if not can_coerce_type(pstate.catalog, (exprtype,), (targettype,), ccontext):
        return None
    # A COLLATE at the top is taken off and put back, to see whether coerce_type changed anything.
    original = expr
    while isinstance(expr, t.CollateExpr):
        expr = expr.arg
    result = coerce_type(pstate, expr, exprtype, targettype, targettypmod, ccontext, cformat, location)
    result = coerce_type_typmod(
        pstate,
        result,
        targettype,
        targettypmod,
        ccontext,
        cformat,
        location,
        result is not expr and not isinstance(result, t.Const),
    )
    if expr is not original and type_is_collatable(pstate.catalog, targettype):
        result = t.CollateExpr(result, original.collOid, original.location)
    return result


def coerce_type(
    pstate: ParseState,
    node: Any,
    input_type: int,
    target_type: int,
    target_typmod: int,
    ccontext: int,
    cformat: str,
    location: int,
) -> Any:
    """The expression as target_type; the caller has made sure that it is possible.

    No length coercion to target_typmod happens here, except where the cast function does it.
    """
    if target_type == input_type or node is None:
        return node
    catalog = pstate.catalog
    if target_type in _AS_IS:
        # The argument keeps its actual type, also unknown.
        return node
    if target_type in _BASE_TYPE_AS_IS and input_type != UNKNOWNOID:
        base = catalog.base_type(input_type)
        if base != input_type:
            return t.RelabelType(node, base, -1, 0, cformat, location)
        return node
    if input_type == UNKNOWNOID and isinstance(node, t.Const):
        return _coerce_unknown_const(pstate, node, target_type, target_typmod, ccontext, cformat, location)
    if isinstance(node, t.Param) and pstate.context.params is not None:
        result = pstate.context.params.coerce(pstate, node, target_type, target_typmod, location)
        if result is not None:
            return result
    if isinstance(node, t.CollateExpr):
        # The coercion goes below the COLLATE, which is dropped if the target is not collatable.
        result = coerce_type(
            pstate, node.arg, input_type, target_type, target_typmod, ccontext, cformat, location
        )
        if type_is_collatable(catalog, target_type):
            result = t.CollateExpr(result, node.collOid, node.location)
        return result
    path, function = find_coercion_pathway(catalog, target_type, input_type, ccontext)
    if path == COERCION_PATH_RELABELTYPE:
        result = coerce_to_domain(pstate, node, 0, -1, target_type, ccontext, cformat, location, False)
        if result is node:
            result = t.RelabelType(node, target_type, -1, 0, cformat, location)
        return result
    if path:
        base, base_typmod = catalog.base_type_and_typmod(target_type, target_typmod)
        result = build_coercion_expression(
            pstate, node, path, function, base, base_typmod, ccontext, cformat, location
        )
        if target_type != base:
            result = coerce_to_domain(
                pstate, result, base, base_typmod, target_type, ccontext, cformat, location, True
            )
        return result
    return _coerce_rows(pstate, node, input_type, target_type, ccontext, cformat, location)


def _coerce_rows(
    pstate: ParseState,
    node: Any,
    input_type: int,
    target_type: int,
    ccontext: int,
    cformat: str,
    location: int,
) -> Any:
    catalog = pstate.catalog
    if input_type == RECORDOID and type_is_complex(catalog, target_type):
        return coerce_record_to_complex(pstate, node, target_type, ccontext, cformat, location)
    if target_type == RECORDOID and type_is_complex(catalog, input_type):
        return node
    if target_type == RECORDARRAYOID and is_complex_array(catalog, input_type):
        return node
    if _is_child_row_type(catalog, input_type, target_type):
        base = catalog.base_type(input_type)
        if base != input_type:
            node = t.RelabelType(node, base, -1, 0, t.COERCE_IMPLICIT_CAST, location)
        return t.ConvertRowtypeExpr(node, target_type, cformat, location)
    raise SqlError(  # as PostgreSQL's elog
        INTERNAL_ERROR,
        f"failed to find conversion function from {catalog.format_type(input_type)} to "
        f"{catalog.format_type(target_type)}",
    )


def _coerce_unknown_const(
    pstate: ParseState,
    node: t.Const,
    target_type: int,
    target_typmod: int,
    ccontext: int,
    cformat: str,
    location: int,
) -> Any:
    """A literal of unknown type, read by the target type's input function."""
    catalog = pstate.catalog
    base, base_typmod = catalog.base_type_and_typmod(target_type, target_typmod)
    # Lengths are applied by the caller; interval's fields restrict how it is read.
    input_typmod = base_typmod if base == INTERVALOID else -1
    value = None
    if not node.constisnull:
        value = input_const(pstate, base, node.constvalue, input_typmod, node.location)
    result: Any = t.Const(
        base,
        value,
        node.constisnull,
        input_typmod,
        get_typcollation(catalog, base),
        node.location,
    )
    if base != target_type:
        result = coerce_to_domain(
            pstate, result, base, base_typmod, target_type, ccontext, cformat, location, False
        )
    return result


def input_const(pstate: ParseState, typid: int, text: str, typmod: int, location: int) -> Any:
    """The value of a literal through the type's input function; errors point at the literal."""
    try:
        return text_input(pstate.catalog, typid)(pstate.context.ctx, text, typmod)
    except SqlError as error:
        if error.position is None and location >= 0:
            error.position = location
        raise


def coerce_to_domain(
    pstate: ParseState,
    arg: Any,
    base_type: int,
    base_typmod: int,
    typid: int,
    ccontext: int,
    cformat: str,
    location: int,
    hide_input_coercion: bool,
) -> Any:
    """The expression, already of the domain's base type, checked against the domain `typid`.

    base_type 0: to be looked up. Returns `arg` itself if typid is no domain.
    """
    if not base_type:
        base_type, base_typmod = pstate.catalog.base_type_and_typmod(typid, base_typmod)
    if base_type == typid:
        return arg
    if hide_input_coercion:
        arg = hide_coercion_node(arg)
    arg = coerce_type_typmod(
        pstate, arg, base_type, base_typmod, ccontext, t.COERCE_IMPLICIT_CAST, location, False
    )
    return t.CoerceToDomain(arg, typid, -1, 0, cformat, location)


def coerce_type_typmod(
    pstate: ParseState,
    node: Any,
    target_type: int,
    target_typmod: int,
    ccontext: int,
    cformat: str,
    location: int,
    hide_input_coercion: bool,
) -> Any:
    """The expression with a length coercion, if its type has such."""
    if target_typmod == expr_typmod(node):
        return node
    if hide_input_coercion:
        node = hide_coercion_node(node)
    if target_typmod >= 0:
        path, function = find_typmod_coercion_function(pstate.catalog, target_type)
        if path:
            return build_coercion_expression(
                pstate, node, path, function, target_type, target_typmod, ccontext, cformat, location
            )
    return apply_relabel_type(node, target_type, target_typmod, expr_collation(node), cformat, location)


def apply_relabel_type(arg: Any, rtype: int, rtypmod: int, rcollid: int, rformat: str, location: int) -> Any:
    """The expression labelled with type, typmod and collation, by as few nodes as possible."""
    while isinstance(arg, t.RelabelType):
        arg = arg.arg
    if isinstance(arg, t.Const):
        return msgspec.structs.replace(arg, consttype=rtype, consttypmod=rtypmod, constcollid=rcollid)
    if expr_type(arg) == rtype and expr_typmod(arg) == rtypmod and expr_collation(arg) == rcollid:
        return arg
    return t.RelabelType(arg, rtype, rtypmod, rcollid, rformat, location)


_FORMAT_FIELD: dict[type, str] = {
    t.FuncExpr: "funcformat",
    t.RelabelType: "relabelformat",
    t.CoerceViaIO: "coerceformat",
    t.ArrayCoerceExpr: "coerceformat",
    t.ConvertRowtypeExpr: "convertformat",
    t.RowExpr: "row_format",
    t.CoerceToDomain: "coercionformat",
}


def hide_coercion_node(node: Any) -> Any:
    """The coercion marked as implicit, so that deparsing does not show it."""
    field = _FORMAT_FIELD.get(node.__class__)
    if field is None:  # a parameter that has just got its type
        return node
    return msgspec.structs.replace(node, **{field: t.COERCE_IMPLICIT_CAST})


def build_coercion_expression(
    pstate: ParseState,
    node: Any,
    path: str,
    function: int,
    target_type: int,
    target_typmod: int,
    ccontext: int,
    cformat: str,
    location: int,
) -> Any:
    """The node that carries out a coercion along `path`."""
    catalog = pstate.catalog
    if path == COERCION_PATH_FUNC:
        nargs = catalog.pg_proc.get(function).pronargs
        args = [node]
        if nargs >= 2:
            args.append(t.Const(INT4OID, target_typmod))
        if nargs == 3:
            args.append(t.Const(BOOLOID, ccontext == COERCION_EXPLICIT))
        return t.FuncExpr(function, target_type, tuple(args), funcformat=cformat, location=location)
    if path == COERCION_PATH_COERCEVIAIO:
        return t.CoerceViaIO(node, target_type, 0, cformat, location)
    source_base, source_typmod = catalog.base_type_and_typmod(expr_type(node), expr_typmod(node))
    source_element = catalog.element_type(source_base)
    element = coerce_to_target_type(
        pstate,
        t.CaseTestExpr(source_element, source_typmod),
        source_element,
        catalog.element_type(target_type),
        target_typmod,
        ccontext,
        cformat,
        location,
    )
    assert element is not None
    return t.ArrayCoerceExpr(node, element, target_type, expr_typmod(element), 0, cformat, location)


def _coercion_position(location: int, expr: Any) -> int | None:
    """Where to report a failed coercion: at the cast, or at its input if that is implicit."""
    if location < 0:
        location = expr_location(expr)
    return location if location >= 0 else None


def cannot_cast(
    pstate: ParseState, source: int, target: int, location: int, expr: Any, detail: str | None = None
) -> NoReturn:
    """Raise "cannot cast type ... to ..."."""
    catalog = pstate.catalog
    raise SqlError(
        CANNOT_COERCE,
        f"cannot cast type {catalog.format_type(source)} to {catalog.format_type(target)}",
        detail=detail,
        position=_coercion_position(location, expr),
    )


def coerce_record_to_complex(
    pstate: ParseState, node: Any, target_type: int, ccontext: int, cformat: str, location: int
) -> Any:
    """A row constructor or whole row of type record as a specific composite type.

    The RowExpr gets one argument per live column.
    """
    catalog = pstate.catalog
    if isinstance(node, t.RowExpr):
        args = list(node.args)
    elif isinstance(node, t.Var) and node.varattno == 0:
        from .relations import expand_ns_item_vars, get_ns_item_by_range_table_posn

        nsitem = get_ns_item_by_range_table_posn(pstate, node.varno, node.varlevelsup)
        args = list(expand_ns_item_vars(pstate, nsitem, node.varlevelsup, node.location)[0])
    else:
        cannot_cast(pstate, RECORDOID, target_type, location, node)
    base, base_typmod = catalog.base_type_and_typmod(target_type, -1)
    newargs: list[Any] = []
    given = iter(args)
    number = 0
    for column in catalog.relation(catalog.pg_type.get(base).typrelid).columns:
        if column.dropped:
            continue
        number += 1
        expr = next(given, None)
        if expr is None:
            cannot_cast(pstate, RECORDOID, target_type, location, node, "Input has too few columns.")
        exprtype = expr_type(expr)
        coerced = coerce_to_target_type(
            pstate, expr, exprtype, column.typid, column.typmod, ccontext, t.COERCE_IMPLICIT_CAST, -1
        )
        if coerced is None:
            detail = (
                f"Cannot cast type {catalog.format_type(exprtype)} to "
                f"{catalog.format_type(column.typid)} in column {number}."
            )
            cannot_cast(pstate, RECORDOID, target_type, location, expr, detail)
        newargs.append(coerced)
    if next(given, None) is not None:
        cannot_cast(pstate, RECORDOID, target_type, location, node, "Input has too many columns.")
    if base == target_type:
        return t.RowExpr(tuple(newargs), base, cformat, (), location)
    row = t.RowExpr(tuple(newargs), base, t.COERCE_IMPLICIT_CAST, (), location)
    return coerce_to_domain(pstate, row, base, base_typmod, target_type, ccontext, cformat, location, False)


# --- required types -------------------------------------------------------------------------------------


def coerce_to_boolean(pstate: ParseState, node: Any, construct: str) -> Any:
    """The argument of a construct that wants a boolean, such as "WHERE"."""
    return coerce_to_specific_type(pstate, node, BOOLOID, construct)


def coerce_to_specific_type(pstate: ParseState, node: Any, target_type: int, construct: str) -> Any:
    """The argument of a construct that wants this type; a set is refused."""
    return coerce_to_specific_type_typmod(pstate, node, target_type, -1, construct)


def coerce_to_specific_type_typmod(
    pstate: ParseState, node: Any, target_type: int, target_typmod: int, construct: str
) -> Any:
    """Likewise with a typmod."""
    input_type = expr_type(node)
    if input_type != target_type:
        newnode = coerce_to_target_type(
            pstate,
            node,
            input_type,
            target_type,
            target_typmod,
            COERCION_ASSIGNMENT,
            t.COERCE_IMPLICIT_CAST,
            -1,
        )
        if newnode is None:
            catalog = pstate.catalog
            raise pstate.error(
                DATATYPE_MISMATCH,
                f"argument of {construct} must be type {catalog.format_type(target_type)}, "
                f"not type {catalog.format_type(input_type)}",
                expr_location(node),
            )
        node = newnode
    if expression_returns_set(node):
        raise pstate.error(
            DATATYPE_MISMATCH, f"argument of {construct} must not return a set", expr_location(node)
        )
    return node


def coerce_null_to_domain(pstate: ParseState, typid: int, typmod: int, collation: int) -> Any:
    """A NULL of this type, through CoerceToDomain if it is a domain (which may be NOT NULL)."""
    base, base_typmod = pstate.catalog.base_type_and_typmod(typid, typmod)
    result = t.Const(base, None, True, base_typmod, collation)
    if typid == base:
        return result
    return coerce_to_domain(
        pstate, result, base, base_typmod, typid, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1, False
    )


# --- common types ---------------------------------------------------------------------------------------


def select_common_type(pstate: ParseState, exprs: Sequence[Any], context: str | None) -> int:
    """The type for the result of UNION, CASE and the like (the manual's section 10.5).

    `context` names the construct in the error; None: return 0 instead of raising.
    """
    catalog = pstate.catalog
    types = [expr_type(expr) for expr in exprs]
    ptype = types[0]
    if ptype != UNKNOWNOID and all(typid == ptype for typid in types):
        return ptype
    ptype = catalog.base_type(ptype)
    pcategory, ppreferred = get_type_category_preferred(catalog, ptype)
    for expr, typid in zip(exprs[1:], types[1:], strict=True):
        ntype = catalog.base_type(typid)
        if ntype in (UNKNOWNOID, ptype):
            continue
        ncategory, npreferred = get_type_category_preferred(catalog, ntype)
        if ptype == UNKNOWNOID:
            ptype, pcategory, ppreferred = ntype, ncategory, npreferred
        elif ncategory != pcategory:
            if context is None:
                return 0
            raise pstate.error(
                DATATYPE_MISMATCH,
                f"{context} types {catalog.format_type(ptype)} and {catalog.format_type(ntype)} "
                "cannot be matched",
                expr_location(expr),
            )
        elif (
            not ppreferred
            and can_coerce_type(catalog, (ptype,), (ntype,), COERCION_IMPLICIT)
            and not can_coerce_type(catalog, (ntype,), (ptype,), COERCION_IMPLICIT)
        ):
            ptype, pcategory, ppreferred = ntype, ncategory, npreferred
    return TEXTOID if ptype == UNKNOWNOID else int(ptype)


def select_common_typmod(exprs: Sequence[Any], common_type: int) -> int:
    """The typmod that all expressions share, -1 if their types or typmods differ."""
    result: int | None = None
    for expr in exprs:
        if expr_type(expr) != common_type:
            return -1
        typmod = expr_typmod(expr)
        if result is None:
            result = typmod
        elif typmod != result:
            return -1
    return -1 if result is None else result


def verify_common_type(pstate: ParseState, common_type: int, exprs: Sequence[Any]) -> bool:
    """Whether all expressions coerce implicitly to common_type."""
    return all(
        can_coerce_type(pstate.catalog, (expr_type(expr),), (common_type,), COERCION_IMPLICIT)
        for expr in exprs
    )


def coerce_to_common_type(pstate: ParseState, node: Any, target_type: int, context: str) -> Any:
    """The expression as the type that select_common_type chose."""
    input_type = expr_type(node)
    if input_type == target_type:
        return node
    catalog = pstate.catalog
    if can_coerce_type(catalog, (input_type,), (target_type,), COERCION_IMPLICIT):
        return coerce_type(
            pstate, node, input_type, target_type, -1, COERCION_IMPLICIT, t.COERCE_IMPLICIT_CAST, -1
        )
    raise pstate.error(
        CANNOT_COERCE,
        f"{context} could not convert type {catalog.format_type(input_type)} to "
        f"{catalog.format_type(target_type)}",
        expr_location(node),
    )
