"""Type names in statements: TypeName -> type oid and typmod (PostgreSQL's parse_type.c)."""

from collections.abc import Sequence
from typing import Any

from pglast import ast

from ..catalog.namespaces import named_oid
from ..errors import Notice, SqlError
from ..lsyscache import get_typcollation
from ..sqlstates import (
    DATATYPE_MISMATCH,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_TABLE,
)
from ..types.io import implementation
from ..values import make_array
from .names import (
    deconstruct_qualified_name,
    lookup_explicit_namespace,
    name_parts,
    namelist_to_string,
)
from .parse_state import AnalyzeContext, ParseState

CSTRINGOID = 2275
UTF8 = 6


def typename_to_string(catalog: Any, node: Any) -> str:
    """The type name as written, for messages (TypeNameToString)."""
    text = namelist_to_string(node.names) if node.names else catalog.format_type(node.typeOid)
    if node.pct_type:
        text += "%TYPE"
    if node.arrayBounds:
        text += "[]"
    return str(text)


def _position(node: Any) -> int | None:
    location = node.location
    return location if location is not None and location >= 0 else None


def lookup_type_name(
    context: AnalyzeContext, node: Any, missing_ok: bool = False, temp_ok: bool = True
) -> Any | None:
    """The pg_type row that a TypeName stands for, None if there is none."""
    catalog = context.catalog
    if not node.names:
        return catalog.pg_type.get(node.typeOid)
    if node.pct_type:
        typid = _column_type(context, node, missing_ok)
    else:
        schema, name = deconstruct_qualified_name(context, node.names)
        try:
            if schema is not None:
                typid = _type_in_schema(context, schema, name, missing_ok)
            else:
                path = context.search_path
                if not temp_ok:
                    path = tuple([oid for oid in path if oid != context.temp_namespace])
                typid = catalog.type_oid(name, path) or 0
        except SqlError as error:
            if error.position is None:
                error.position = _position(node)
            raise
    if node.arrayBounds and not node.pct_type and typid:
        typid = catalog.array_type(typid)
    return catalog.pg_type.get(typid) if typid else None


def _type_in_schema(context: AnalyzeContext, schema: str, name: str, missing_ok: bool) -> int:
    namespace: int | None
    if missing_ok:
        namespace = context.catalog.namespace_oid(schema)
        if namespace is None:
            return 0
    else:
        namespace = lookup_explicit_namespace(context, schema)
    rows = context.catalog.pg_type.find("typname_typnamespace", name, namespace)
    return int(rows[0].oid) if rows else 0


def _column_type(context: AnalyzeContext, node: Any, missing_ok: bool) -> int:
    """relation.column%TYPE."""
    parts = name_parts(node.names)
    at = _position(node)
    if len(parts) == 1:
        raise SqlError(
            SYNTAX_ERROR, f"improper %TYPE reference (too few dotted names): {parts[0]}", position=at
        )
    if len(parts) > 4:
        raise SqlError(
            SYNTAX_ERROR,
            f"improper %TYPE reference (too many dotted names): {namelist_to_string(node.names)}",
            position=at,
        )
    catalog = context.catalog
    schema, relname = deconstruct_qualified_name(context, parts[:-1])
    if schema is None:
        relid = catalog.relation_oid(relname, context.search_path)
    else:
        relid = catalog.relation_oid(relname, (lookup_explicit_namespace(context, schema, at),))
    if relid is None:
        if missing_ok:
            return 0
        name = relname if schema is None else f"{schema}.{relname}"
        raise SqlError(UNDEFINED_TABLE, f'relation "{name}" does not exist', position=at)
    rows = catalog.pg_attribute.find("attrelid_attname", relid, parts[-1])
    if not rows:
        if missing_ok:
            return 0
        raise SqlError(
            UNDEFINED_COLUMN,
            f'column "{parts[-1]}" of relation "{relname}" does not exist',
            position=at,
        )
    typid = int(rows[0].atttypid)
    if context.ctx is not None:
        written = typename_to_string(catalog, node)
        context.ctx.notice(Notice(f"type reference {written} converted to {catalog.format_type(typid)}"))
    return typid


def typename_type(context: AnalyzeContext, node: Any) -> Any:
    """The pg_type row of a TypeName; 42704 if there is none or it is only a shell."""
    row = lookup_type_name(context, node)
    if row is None:
        raise SqlError(
            UNDEFINED_OBJECT,
            f'type "{typename_to_string(context.catalog, node)}" does not exist',
            position=_position(node),
        )
    if not row.typisdefined:
        raise SqlError(
            UNDEFINED_OBJECT,
            f'type "{typename_to_string(context.catalog, node)}" is only a shell',
            position=_position(node),
        )
    return row


def _context(state: ParseState | AnalyzeContext) -> AnalyzeContext:
    return state.context if isinstance(state, ParseState) else state


def typename_type_id(state: ParseState | AnalyzeContext, node: Any) -> int:
    """The type oid of a TypeName."""
    return int(typename_type(_context(state), node).oid)


def typename_type_id_and_mod(state: ParseState | AnalyzeContext, node: Any) -> tuple[int, int]:
    """The type oid and typmod of a TypeName."""
    context = _context(state)
    row = typename_type(context, node)
    return int(row.oid), typename_typmod(context, node, row)


def lookup_type_name_oid(
    state: ParseState | AnalyzeContext, node: Any, missing_ok: bool = False
) -> int | None:
    """The type oid of a TypeName, shells included; None or 42704 if there is none."""
    context = _context(state)
    row = lookup_type_name(context, node, missing_ok)
    if row is not None:
        return int(row.oid)
    if missing_ok:
        return None
    raise SqlError(
        UNDEFINED_OBJECT,
        f'type "{typename_to_string(context.catalog, node)}" does not exist',
        position=_position(node),
    )


def typename_typmod(context: AnalyzeContext, node: Any, row: Any) -> int:
    """The typmod that a TypeName's modifiers mean, through the type's typmodin function."""
    if not node.typmods:
        return -1 if node.typemod is None else int(node.typemod)
    at = _position(node)
    if not row.typisdefined or not row.typmodin:
        what = "cannot be specified for shell type" if not row.typisdefined else "is not allowed for type"
        raise SqlError(
            SYNTAX_ERROR,
            f'type modifier {what} "{typename_to_string(context.catalog, node)}"',
            position=at,
        )
    texts = [_modifier_text(item) for item in node.typmods]
    if None in texts:
        raise SqlError(SYNTAX_ERROR, "type modifiers must be simple constants or identifiers", position=at)
    _, found = implementation(context.catalog, row.typmodin)
    argument = make_array(CSTRINGOID, texts)
    try:
        result = found.function(context.ctx, argument) if found.context else found.function(argument)
    except SqlError as error:
        if error.position is None:
            error.position = at
        raise
    return int(result)


def _modifier_text(node: Any) -> str | None:
    if isinstance(node, ast.A_Const) and not node.isnull:
        value = node.val
        if isinstance(value, ast.Integer):
            return str(value.ival)
        if isinstance(value, ast.Float):
            return str(value.fval)
        if isinstance(value, ast.String):
            return str(value.sval)
    elif isinstance(node, ast.ColumnRef):
        fields: Any = node.fields or ()
        if len(fields) == 1 and isinstance(fields[0], ast.String):
            return str(fields[0].sval)
    return None


# --- type names as text -----------------------------------------------------------------------------------


def type_string_to_typename(text: str) -> Any:
    """The raw TypeName of a type name given as text; 42601 if it is none."""
    from pglast.parser import ParseError, parse_sql

    failure = SqlError(SYNTAX_ERROR, f'invalid type name "{text}"')
    if not text.strip(" \t\n\r\f"):
        raise failure
    try:
        statements = parse_sql(f"SELECT NULL::{text}")
        select: Any = statements[0].stmt
        target = select.targetList[0].val
    except (ParseError, AttributeError, TypeError, IndexError):
        raise failure from None
    if (
        len(statements) != 1
        or not isinstance(target, ast.TypeCast)
        or not isinstance(target.arg, ast.A_Const)
    ):
        raise failure
    return target.typeName


def parse_type_string(
    state: ParseState | AnalyzeContext, text: str, missing_ok: bool = False
) -> tuple[int, int] | None:
    """(type oid, typmod) of a type name given as text, as in regtype input (parseTypeString)."""
    context = _context(state)
    node = type_string_to_typename(text)
    try:
        if missing_ok and lookup_type_name(context, node, True) is None:
            return None
        return typename_type_id_and_mod(context, node)
    except SqlError as error:
        error.position = None  # it would point into `text`, not into the statement
        raise


# --- collations ---------------------------------------------------------------------------------------------


def lookup_collation(
    state: ParseState | AnalyzeContext, names: Sequence[Any], location: int | None = None
) -> int:
    """The oid of a collation named in the statement; 42704 if there is none."""
    context = _context(state)
    catalog = context.catalog
    if location is not None and location < 0:
        location = None
    try:
        schema, name = deconstruct_qualified_name(context, names)
        if schema is not None:
            namespace = lookup_explicit_namespace(context, schema)
            rows = catalog.pg_collation.find("collname_collnamespace", name, namespace)
            oid = rows[0].oid if rows else None
        else:
            oid = named_oid(catalog, "pg_collation", name, context.search_path, context.temp_namespace)
        if oid is None:
            raise SqlError(
                UNDEFINED_OBJECT,
                f'collation "{namelist_to_string(names)}" for encoding "UTF8" does not exist',
            )
    except SqlError as error:
        if error.position is None:
            error.position = location
        raise
    return int(oid)


def get_column_def_collation(state: ParseState | AnalyzeContext, column: Any, typid: int) -> int:
    """The collation of a column definition: its COLLATE clause, or its type's own."""
    context = _context(state)
    own = get_typcollation(context.catalog, typid)
    if column.collClause is None:
        return own
    result = lookup_collation(context, column.collClause.collname, column.collClause.location)
    if not own:
        raise SqlError(
            DATATYPE_MISMATCH,
            f"collations are not supported by type {context.catalog.format_type(typid)}",
            position=column.collClause.location,
        )
    return result
