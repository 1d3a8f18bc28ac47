"""Qualified names in raw parse trees (the name part of namespace.c)."""

from collections.abc import Sequence
from typing import Any

from pglast import ast

from ..catalog.namespaces import explicit_namespace, require_usage
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR
from .parse_state import AnalyzeContext


def name_parts(names: Sequence[Any]) -> tuple[str, ...]:
    """The strings of a list of String nodes."""
    return tuple([name if isinstance(name, str) else name.sval for name in names])


def namelist_to_string(names: Sequence[Any]) -> str:
    """A dotted name as messages show it, without quotes (NameListToString)."""
    return ".".join(
        ["*" if isinstance(n, ast.A_Star) else n if isinstance(n, str) else n.sval for n in names]
    )


def database_name(catalog: Any) -> str:
    """The name of the database that the catalog belongs to."""
    row = catalog.pg_database.get(catalog.database_oid)
    return "" if row is None else str(row.datname)


def deconstruct_qualified_name(context: AnalyzeContext, names: Sequence[Any]) -> tuple[str | None, str]:
    """(schema or None, name) of a possibly qualified name."""
    parts = name_parts(names)
    if len(parts) == 1:
        return None, parts[0]
    if len(parts) == 2:
        return parts[0], parts[1]
    if len(parts) == 3:
        if parts[0] != database_name(context.catalog):
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f"cross-database references are not implemented: {namelist_to_string(names)}",
            )
        return parts[1], parts[2]
    raise SqlError(
        SYNTAX_ERROR, f"improper qualified name (too many dotted names): {namelist_to_string(names)}"
    )


def lookup_explicit_namespace(context: AnalyzeContext, schema: str, location: int | None = None) -> int:
    """The oid of a schema that the statement names; raises 3F000, 42501."""
    if location is not None and location < 0:
        location = None
    namespace = explicit_namespace(context.catalog, schema, context.temp_namespace, location)
    require_usage(context.catalog, context.role, namespace, context.temp_namespace, location)
    return namespace
