"""DROP of objects other than relations, schemas and types: FINDERS gives the address of what is named."""

from typing import Any

from ..errors import Notice, SqlError
from ..sqlstates import DEPENDENT_OBJECTS_STILL_EXIST
from .addresses import (
    NAMED_OBJECTS,
    QUALIFIED_OBJECTS,
    RELATION_OBJECTS,
    find_object,
    names_of,
    require_object_owner,
)
from .dependencies import FIRST_NORMAL_OID, PG_CLASS, Address
from .objects import describe_object


def _find(ctx: Any, value: Any, kind: str, missing_ok: bool) -> Address | None:
    address = find_object(ctx, kind, value, missing_ok=missing_ok)
    if address is None:
        missing = _missing(ctx, kind, value)
        verb = "" if kind in ("OBJECT_OPCLASS", "OBJECT_OPFAMILY") else " does not exist"
        ctx.notice(Notice(f"{missing}{verb}, skipping"))
        return None
    require_object_owner(ctx, kind, address)
    if address.objid < FIRST_NORMAL_OID and address.classid != PG_CLASS:
        catalog = ctx.transaction.catalog
        what = describe_object(catalog, ctx.session.search_path(catalog), address)
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST, f"cannot drop {what} because it is required by the database system"
        )
    return address


def _missing(ctx: Any, kind: str, value: Any) -> str:
    from ..bind.typenames import typename_to_string

    word = kind.removeprefix("OBJECT_").lower().replace("_", " ")
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        name = ".".join(names_of(value.objname))
        catalog = ctx.transaction.catalog
        types = ",".join(typename_to_string(catalog, one) for one in value.objargs or ())
        return f"{word} {name}({types})"
    if kind in RELATION_OBJECTS:
        names = names_of(value)
        return f'{RELATION_OBJECTS[kind][4]} "{names[-1]}" for relation "{".".join(names[:-1])}"'
    if kind in NAMED_OBJECTS:
        return f'{NAMED_OBJECTS[kind][3]} "{names_of(value)[-1]}"'
    if kind in QUALIFIED_OBJECTS:
        return f'{QUALIFIED_OBJECTS[kind][4]} "{".".join(names_of(value))}"'
    from .skipping import missing_object

    return missing_object(ctx, kind, value) or word


FINDERS = dict.fromkeys(
    (
        "OBJECT_FUNCTION",
        "OBJECT_PROCEDURE",
        "OBJECT_ROUTINE",
        "OBJECT_AGGREGATE",
        "OBJECT_TRIGGER",
        "OBJECT_RULE",
        "OBJECT_POLICY",
        "OBJECT_STATISTIC_EXT",
        "OBJECT_COLLATION",
        "OBJECT_CONVERSION",
        "OBJECT_OPERATOR",
        "OBJECT_CAST",
        "OBJECT_EXTENSION",
        "OBJECT_LANGUAGE",
        "OBJECT_ACCESS_METHOD",
        "OBJECT_EVENT_TRIGGER",
        "OBJECT_PUBLICATION",
        "OBJECT_FDW",
        "OBJECT_FOREIGN_SERVER",
        "OBJECT_TSCONFIGURATION",
        "OBJECT_TSDICTIONARY",
        "OBJECT_TSPARSER",
        "OBJECT_TSTEMPLATE",
        "OBJECT_OPCLASS",
        "OBJECT_OPFAMILY",
    ),
    _find,
)
