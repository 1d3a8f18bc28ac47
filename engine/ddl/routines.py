"""Functions, procedures, aggregates and operators by their signature (parse_func.c's LookupFuncWithArgs)."""

from typing import Any

from ..errors import SqlError
from ..sqlstates import AMBIGUOUS_FUNCTION, UNDEFINED_FUNCTION, WRONG_OBJECT_TYPE

_WORDS = {
    "OBJECT_FUNCTION": ("function", "fw"),
    "OBJECT_PROCEDURE": ("procedure", "p"),
    "OBJECT_AGGREGATE": ("aggregate", "a"),
    "OBJECT_ROUTINE": ("routine", "fpaw"),
}


def find_routine(ctx: Any, value: Any, kind: str, missing_ok: bool = False) -> int:
    """The oid of the routine an ObjectWithArgs means, 0 if there is none and missing_ok."""
    from ..bind.typenames import typename_to_string, typename_type_id
    from ..catalog.namespaces import explicit_namespace, function_candidates

    catalog = ctx.transaction.catalog
    word, kinds = _WORDS[kind]
    names = [part.sval for part in value.objname]
    schema = (
        explicit_namespace(catalog, names[-2], ctx.session.temporary_namespace) if len(names) > 1 else None
    )
    shown = ".".join(names)
    candidates = function_candidates(catalog, names[-1], ctx.session.search_path(catalog), schema)
    if value.args_unspecified:
        found = [row for row in candidates if row.prokind in kinds]
        if not found:
            if missing_ok:
                return 0
            raise SqlError(UNDEFINED_FUNCTION, f'could not find a {word} named "{shown}"')
        if len(found) > 1:
            raise SqlError(
                AMBIGUOUS_FUNCTION,
                f'{word} name "{shown}" is not unique',
                hint=f"Specify the argument list to select the {word} unambiguously.",
            )
        return int(found[0].oid)
    context = ctx.session.analyze_context()
    arguments = value.objargs or ()
    try:
        types = [typename_type_id(context, name) for name in arguments]
    except SqlError:
        if missing_ok:
            return 0
        raise
    for row in candidates:
        if list(row.proargtypes.items) == types:
            if row.prokind not in kinds:
                article = "an" if word == "aggregate" else "a"
                signature = f"{shown}({', '.join(catalog.format_type(typid) for typid in types)})"
                raise SqlError(WRONG_OBJECT_TYPE, f"{signature} is not {article} {word}")
            return int(row.oid)
    if missing_ok:
        return 0
    listed = ", ".join(typename_to_string(catalog, name) for name in arguments)
    if kind == "OBJECT_AGGREGATE" and not arguments:
        raise SqlError(UNDEFINED_FUNCTION, f"aggregate {shown}(*) does not exist")
    listed = ", ".join(catalog.format_type(typid) for typid in types)
    raise SqlError(UNDEFINED_FUNCTION, f"{word} {shown}({listed}) does not exist")


def find_operator(ctx: Any, value: Any, missing_ok: bool = False) -> int:
    """The oid of the operator an ObjectWithArgs means."""
    from ..bind.typenames import typename_type_id
    from ..catalog.namespaces import explicit_namespace, operator_candidates

    catalog = ctx.transaction.catalog
    names = [part.sval for part in value.objname]
    schema = (
        explicit_namespace(catalog, names[-2], ctx.session.temporary_namespace) if len(names) > 1 else None
    )
    context = ctx.session.analyze_context()
    left, right = (0 if name is None else typename_type_id(context, name) for name in value.objargs)
    for row in operator_candidates(catalog, names[-1], ctx.session.search_path(catalog), schema):
        if (row.oprleft, row.oprright) == (left, right):
            return int(row.oid)
    if missing_ok:
        return 0
    shown = " ".join(
        part
        for part in (catalog.format_type(left) if left else "", ".".join(names), catalog.format_type(right))
        if part
    )
    raise SqlError(UNDEFINED_FUNCTION, f"operator does not exist: {shown}")
