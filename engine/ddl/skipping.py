"""What DROP ... IF EXISTS says when the schema or a type in an object's name is not there (dropcmds.c).

The finders of objects raise an error for those; here they are looked for first.
"""

from collections.abc import Iterable
from typing import Any

from pglast import ast

from .addresses import RELATION_OBJECTS, names_of, range_var
from .names import find_relation

_ROUTINES = ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE")
_IN_SCHEMAS = frozenset((
    "OBJECT_COLLATION", "OBJECT_CONVERSION", "OBJECT_STATISTIC_EXT",
    "OBJECT_TSPARSER", "OBJECT_TSDICTIONARY", "OBJECT_TSTEMPLATE", "OBJECT_TSCONFIGURATION",
))  # fmt: skip


def missing_part(ctx: Any, kind: str, value: Any) -> str | None:
    """`schema "s" does not exist, skipping` or the like; None if all parts of the name are there."""
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        found = _missing_schema(ctx, names_of(value.names if isinstance(value, ast.TypeName) else value))
    elif kind in _ROUTINES or kind == "OBJECT_OPERATOR":
        arguments = [one for one in value.objargs or () if isinstance(one, ast.TypeName)]
        found = _missing_schema(ctx, names_of(value.objname)) or _missing_type(ctx, arguments)
    elif kind == "OBJECT_CAST":
        found = _missing_type(ctx, value)
    elif kind in RELATION_OBJECTS:
        relation = names_of(value)[:-1]
        found = _missing_schema(ctx, relation)
        if found is None and relation and find_relation(ctx, range_var(relation), missing_ok=True) is None:
            found = f'relation "{".".join(relation)}"'
    elif kind in ("OBJECT_OPCLASS", "OBJECT_OPFAMILY"):
        found = _missing_schema(ctx, names_of(value)[1:])
    elif kind in _IN_SCHEMAS:
        found = _missing_schema(ctx, names_of(value))
    else:
        found = None
    return None if found is None else f"{found} does not exist, skipping"


def missing_object(ctx: Any, kind: str, value: Any) -> str | None:
    """What operators, casts, operator classes and families are called when they are not there."""
    from ..bind.typenames import typename_to_string

    catalog = ctx.transaction.catalog
    if kind == "OBJECT_OPERATOR":
        return f"operator {'.'.join(names_of(value.objname))}"
    if kind == "OBJECT_CAST":
        source, target = (typename_to_string(catalog, one) for one in value)
        return f"cast from type {source} to type {target}"
    if kind in ("OBJECT_OPCLASS", "OBJECT_OPFAMILY"):
        method, *names = names_of(value)
        word = "class" if kind == "OBJECT_OPCLASS" else "family"
        return f'operator {word} "{".".join(names)}" does not exist for access method "{method}"'
    return None


def _missing_schema(ctx: Any, names: list[str]) -> str | None:
    if (
        len(names) < 2
        or names[-2] == "pg_temp"
        or ctx.transaction.catalog.namespace_oid(names[-2]) is not None
    ):
        return None
    return f'schema "{names[-2]}"'


def _missing_type(ctx: Any, types: Iterable[ast.TypeName]) -> str | None:
    from ..bind.typenames import lookup_type_name, typename_to_string

    context = ctx.session.analyze_context()
    context.catalog = ctx.transaction.catalog
    for one in types:
        schema = _missing_schema(ctx, names_of(one.names))
        if schema is not None:
            return schema
        if lookup_type_name(context, one) is None:
            return f'type "{typename_to_string(context.catalog, one)}"'
    return None
