"""Which function a call means (PostgreSQL's FuncnameGetCandidates and func_get_detail).

The rules are those of the manual's sections 10.3 (functions) and 10.2 (operators, which share
func_match_argtypes and func_select_candidate).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import tree as t
from ..errors import SqlError
from ..lsyscache import get_type_category_preferred, type_category, type_is_complex
from ..sqlstates import TOO_MANY_ARGUMENTS
from .coercion import (
    COERCION_EXPLICIT,
    COERCION_IMPLICIT,
    COERCION_PATH_COERCEVIAIO,
    COERCION_PATH_RELABELTYPE,
    can_coerce_type,
    find_coercion_pathway,
    is_preferred_type,
)
from .names import deconstruct_qualified_name, lookup_explicit_namespace, name_parts
from .parse_state import AnalyzeContext

UNKNOWNOID = 705
RECORDOID = 2249
FUNC_MAX_ARGS = 100

FUNCDETAIL_NOTFOUND = "notfound"
FUNCDETAIL_MULTIPLE = "multiple"
FUNCDETAIL_NORMAL = "normal"
FUNCDETAIL_PROCEDURE = "procedure"
FUNCDETAIL_AGGREGATE = "aggregate"
FUNCDETAIL_WINDOWFUNC = "windowfunc"
FUNCDETAIL_COERCION = "coercion"

_DETAIL_OF_PROKIND = {
    "f": FUNCDETAIL_NORMAL,
    "p": FUNCDETAIL_PROCEDURE,
    "a": FUNCDETAIL_AGGREGATE,
    "w": FUNCDETAIL_WINDOWFUNC,
}


class Candidate:
    """A function or operator that may be meant, with its argument types as this call would see them.

    args: variadic arguments expanded, named ones in call order, defaulted ones last.
    argnumbers: for each of args, which parameter it is; None if they are in order.
    nvargs: arguments matched to the VARIADIC parameter; ndargs: parameters left to their defaults.
    row None: several functions match equally (PostgreSQL's oid 0).
    """

    __slots__ = ("argnumbers", "args", "ndargs", "nominalnargs", "nvargs", "pathpos", "row")

    def __init__(
        self,
        row: Any,
        args: tuple[int, ...],
        pathpos: int = 0,
        nominalnargs: int = 0,
        argnumbers: tuple[int, ...] | None = None,
        nvargs: int = 0,
        ndargs: int = 0,
    ) -> None:
        self.row = row
        self.args = args
        self.pathpos = pathpos
        self.nominalnargs = nominalnargs
        self.argnumbers = argnumbers
        self.nvargs = nvargs
        self.ndargs = ndargs


class FuncDetail(NamedTuple):
    """What a call means (the output parameters of func_get_detail)."""

    code: str
    funcid: int = 0
    rettype: int = 0
    retset: bool = False
    nvargs: int = 0
    vatype: int = 0
    declared: tuple[int, ...] = ()
    argnumbers: tuple[int, ...] | None = None
    defaults: tuple[int, ...] = ()  # parameter numbers (0-based) to be filled by their defaults
    row: Any = None


# --- candidates by name -----------------------------------------------------------------------------


def funcname_get_candidates(
    context: AnalyzeContext,
    names: Sequence[Any],
    nargs: int,
    argnames: Sequence[str],
    expand_variadic: bool,
    expand_defaults: bool,
    include_out_arguments: bool,
    missing_ok: bool = False,
) -> list[Candidate]:
    """The functions with this name that nargs arguments could be given to (nargs -1: any)."""
    catalog = context.catalog
    schema, name = deconstruct_qualified_name(context, names)
    positions: dict[int, int]
    if schema is not None:
        if missing_ok and catalog.namespace_oid(schema) is None:
            return []
        positions = {lookup_explicit_namespace(context, schema): 0}
    else:
        positions = {oid: n for n, oid in enumerate(context.search_path) if oid != context.temp_namespace}
    result: list[Candidate] = []
    any_special = False
    for row in catalog.pg_proc.find("proname", name):
        pathpos = positions.get(row.pronamespace)
        if pathpos is None:
            continue
        found = _candidate(
            row, pathpos, nargs, argnames, expand_variadic, expand_defaults, include_out_arguments
        )
        if found is None:
            continue
        any_special = any_special or bool(argnames) or found.nvargs > 0 or found.ndargs > 0
        if not result or (schema is not None and not any_special) or _add_unless_hidden(result, found):
            result.append(found)
    return result


def _candidate(
    row: Any,
    pathpos: int,
    nargs: int,
    argnames: Sequence[str],
    expand_variadic: bool,
    expand_defaults: bool,
    include_out_arguments: bool,
) -> Candidate | None:
    """The pg_proc row as a candidate for this call, None if the number of arguments cannot fit."""
    types = tuple(row.proargtypes.items)
    if include_out_arguments and row.proallargtypes is not None:
        types = tuple(row.proallargtypes.items)
    pronargs = len(types)
    variadic = False
    argnumbers = None
    use_defaults = pronargs > nargs and expand_defaults
    if use_defaults and nargs + row.pronargdefaults < pronargs:
        return None
    if argnames:
        # A call with named arguments can use a variadic parameter only as an array.
        if row.provariadic and expand_variadic:
            return None
        if pronargs != nargs and not use_defaults:
            return None
        argnumbers = match_named_call(row, nargs, argnames, include_out_arguments, pronargs)
        if argnumbers is None:
            return None
        types = tuple([types[number] for number in argnumbers])
    else:
        variadic = pronargs <= nargs and expand_variadic and row.provariadic != 0
        if nargs >= 0 and pronargs != nargs and not variadic and not use_defaults:
            return None
    nvargs = 0
    if variadic:
        nvargs = nargs - pronargs + 1
        types = types[: pronargs - 1] + (row.provariadic,) * nvargs
    ndargs = pronargs - nargs if use_defaults else 0
    return Candidate(row, types, pathpos, pronargs, argnumbers, nvargs, ndargs)


def _add_unless_hidden(result: list[Candidate], new: Candidate) -> bool:
    """Compare with an earlier candidate of the same argument types: the one nearer in the search
    path stays, then the one that is not variadic; if equal, the call is ambiguous."""
    count = len(new.args) - new.ndargs
    for i, old in enumerate(result):
        if count != len(old.args) - old.ndargs or new.args[:count] != old.args[:count]:
            continue
        if new.pathpos != old.pathpos:
            preference = new.pathpos - old.pathpos
        elif new.nvargs and not old.nvargs:
            preference = 1
        elif not new.nvargs and old.nvargs:
            preference = -1
        else:
            preference = 0
        if preference > 0:
            return False
        if preference < 0:
            del result[i]
            return True
        old.row = None
        return False
    return True


def match_named_call(
    row: Any, nargs: int, argnames: Sequence[str], include_out_arguments: bool, pronargs: int
) -> tuple[int, ...] | None:
    """For each parameter in call order, its number; None if names do not fit (MatchNamedCall)."""
    if row.proargnames is None:
        return None
    names = row.proargnames.items
    modes = None if row.proargmodes is None else row.proargmodes.items
    numposargs = nargs - len(argnames)
    argnumbers = list(range(numposargs))
    given = set(argnumbers)
    for argname in argnames:
        parameter = 0
        for i, name in enumerate(names):
            if not include_out_arguments and modes is not None and modes[i] not in ("i", "b", "v"):
                continue
            if name and name == argname:
                if parameter in given:
                    return None
                given.add(parameter)
                argnumbers.append(parameter)
                break
            parameter += 1
        else:
            return None
    if nargs < pronargs:
        first_with_default = pronargs - row.pronargdefaults
        for parameter in range(numposargs, pronargs):
            if parameter in given:
                continue
            if parameter < first_with_default:
                return None
            argnumbers.append(parameter)
    return tuple(argnumbers)


# --- the best candidate --------------------------------------------------------------------------------


def func_match_argtypes(
    catalog: Any, input_typeids: Sequence[int], candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The candidates whose parameters the inputs can be coerced to implicitly."""
    return [c for c in candidates if can_coerce_type(catalog, input_typeids, c.args, COERCION_IMPLICIT)]


def _keep_best(candidates: list[Candidate], score: Any) -> list[Candidate]:
    scores = [score(candidate) for candidate in candidates]
    best = max(scores)
    return [c for c, value in zip(candidates, scores, strict=True) if value == best]


def func_select_candidate(
    catalog: Any, input_typeids: Sequence[int], candidates: list[Candidate]
) -> Candidate | None:
    """The best of several matching candidates; None if there is no single best."""
    nargs = len(input_typeids)
    if nargs > FUNC_MAX_ARGS:
        raise too_many_arguments(None)
    inputs = [typ if typ == UNKNOWNOID else catalog.base_type(typ) for typ in input_typeids]
    known = [i for i in range(nargs) if inputs[i] != UNKNOWNOID]
    unknown = [i for i in range(nargs) if inputs[i] == UNKNOWNOID]

    # Most exact matches, then most exact matches or preferred types.
    candidates = _keep_best(candidates, lambda c: sum([c.args[i] == inputs[i] for i in known]))
    if len(candidates) == 1:
        return candidates[0]
    categories = {i: type_category(catalog, inputs[i]) for i in known}
    candidates = _keep_best(
        candidates,
        lambda c: sum(
            [c.args[i] == inputs[i] or is_preferred_type(catalog, categories[i], c.args[i]) for i in known]
        ),
    )
    if len(candidates) == 1:
        return candidates[0]
    if not unknown:
        return None
    slots = _unknown_slots(catalog, candidates, unknown)
    if slots is not None:
        kept = [
            c
            for c in candidates
            if all(_fits_slot(get_type_category_preferred(catalog, c.args[i]), slots[i]) for i in unknown)
        ]
        if kept:
            candidates = kept
        if len(candidates) == 1:
            return candidates[0]
    # All known inputs of one type: suppose that the unknown ones are of it, too.
    if known and len({inputs[i] for i in known}) == 1:
        supposed = (inputs[known[0]],) * nargs
        matching = func_match_argtypes(catalog, supposed, candidates)
        if len(matching) == 1:
            return matching[0]
    return None


def _unknown_slots(
    catalog: Any, candidates: list[Candidate], unknown: list[int]
) -> dict[int, tuple[str, bool]] | None:
    """For each unknown argument (category to choose, whether a preferred type of it is accepted by
    some candidate): string if any candidate takes one, else the one on which all agree."""
    slots: dict[int, tuple[str, bool]] = {}
    for i in unknown:
        slot: tuple[str, bool] | None = None
        conflict = False
        for candidate in candidates:
            category, preferred = get_type_category_preferred(catalog, candidate.args[i])
            if slot is None:
                slot = (category, preferred)
            elif category == slot[0]:
                slot = (category, slot[1] or preferred)
            elif category == "S":
                slot = (category, preferred)
            else:
                conflict = True
        assert slot is not None
        if conflict and slot[0] != "S":
            return None
        slots[i] = slot
    return slots


def _fits_slot(own: tuple[str, bool], slot: tuple[str, bool]) -> bool:
    return own[0] == slot[0] and (own[1] or not slot[1])


def too_many_arguments(position: int | None) -> SqlError:
    """The error for more than 100 arguments."""
    return SqlError(
        TOO_MANY_ARGUMENTS,
        f"cannot pass more than {FUNC_MAX_ARGS} arguments to a function",
        position=position,
    )


# --- func_get_detail --------------------------------------------------------------------------------------


def func_get_detail(
    context: AnalyzeContext,
    funcname: Sequence[Any],
    fargs: Sequence[Any],
    fargnames: Sequence[str],
    argtypes: tuple[int, ...],
    expand_variadic: bool,
    expand_defaults: bool,
    include_out_arguments: bool,
) -> FuncDetail:
    """Find the function that a call names."""
    is_literal = len(argtypes) == 1 and bool(fargs) and isinstance(fargs[0], t.Const)
    cache = context.catalog.cache
    key = (
        "function",
        name_parts(funcname),
        argtypes,
        tuple(fargnames),
        expand_variadic,
        expand_defaults,
        include_out_arguments,
        bool(fargs),
        is_literal,
        context.search_path,
        context.temp_namespace,
    )
    detail = cache.get(key)
    if detail is None:
        detail = cache[key] = _func_get_detail(
            context,
            funcname,
            bool(fargs),
            is_literal,
            fargnames,
            argtypes,
            expand_variadic,
            expand_defaults,
            include_out_arguments,
        )
    return detail


def _func_get_detail(
    context: AnalyzeContext,
    funcname: Sequence[Any],
    have_args: bool,
    is_literal: bool,
    fargnames: Sequence[str],
    argtypes: tuple[int, ...],
    expand_variadic: bool,
    expand_defaults: bool,
    include_out_arguments: bool,
) -> FuncDetail:
    catalog = context.catalog
    nargs = len(argtypes)
    candidates = funcname_get_candidates(
        context, funcname, nargs, fargnames, expand_variadic, expand_defaults, include_out_arguments
    )
    best = next((c for c in candidates if c.args[:nargs] == argtypes), None)
    if best is None:
        if nargs == 1 and have_args and not fargnames:
            target = func_name_as_type(context, funcname)
            if target and _is_coercion(catalog, target, argtypes[0], is_literal):
                return FuncDetail(FUNCDETAIL_COERCION, 0, target, declared=argtypes)
        matching = func_match_argtypes(catalog, argtypes, candidates)
        if len(matching) == 1:
            best = matching[0]
        elif matching:
            best = func_select_candidate(catalog, argtypes, matching)
            if best is None:
                return FuncDetail(FUNCDETAIL_MULTIPLE)
    if best is None:
        return FuncDetail(FUNCDETAIL_NOTFOUND)
    row = best.row
    if row is None:
        return FuncDetail(FUNCDETAIL_MULTIPLE)
    # VARIADIC must mark the last parameter, also in named notation.
    if (
        fargnames
        and not expand_variadic
        and nargs > 0
        and best.argnumbers is not None
        and best.argnumbers[nargs - 1] != nargs - 1
    ):
        return FuncDetail(FUNCDETAIL_NOTFOUND)
    defaults: tuple[int, ...] = ()
    if best.ndargs:
        total = len(best.args)
        numbers = best.argnumbers or tuple(range(total))
        defaults = numbers[total - best.ndargs :]
    return FuncDetail(
        _DETAIL_OF_PROKIND[row.prokind],
        row.oid,
        row.prorettype,
        row.proretset,
        best.nvargs,
        row.provariadic,
        best.args,
        best.argnumbers,
        defaults,
        row,
    )


def _is_coercion(catalog: Any, target: int, source: int, is_literal: bool) -> bool:
    """Whether a call that looks like typename(value) is a cast."""
    if source == UNKNOWNOID and is_literal:
        return True
    path = find_coercion_pathway(catalog, target, source, COERCION_EXPLICIT)[0]
    if path == COERCION_PATH_RELABELTYPE:
        return True
    if path == COERCION_PATH_COERCEVIAIO:
        # A row as text would be surprising: row.name may be a mistyped column.
        is_row = source == RECORDOID or type_is_complex(catalog, source)
        return not (is_row and type_category(catalog, target) == "S")
    return False


def func_name_as_type(context: AnalyzeContext, funcname: Sequence[Any]) -> int:
    """The type of this name, 0 if there is none or it is composite."""
    catalog = context.catalog
    schema, name = deconstruct_qualified_name(context, funcname)
    if schema is not None:
        namespace = lookup_explicit_namespace(context, schema)
        rows = catalog.pg_type.find("typname_typnamespace", name, namespace)
        row = rows[0] if rows else None
    else:
        path = [oid for oid in context.search_path if oid != context.temp_namespace]
        typid = catalog.type_oid(name, path)
        row = catalog.pg_type.get(typid) if typid else None
    if row is None or not row.typisdefined or row.typrelid:
        return 0
    return int(row.oid)
