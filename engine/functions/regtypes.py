"""The reg* types: oids that read and print as names."""

import struct
from collections.abc import Callable
from typing import Any

from ..catalog.namespaces import (
    explicit_namespace,
    function_candidates,
    is_visible,
    named_oid,
    operator_candidates,
    split_identifier_list,
)
from ..catalog.quoting import quote_identifier, quote_qualified
from ..catalog.typenames import format_type
from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    AMBIGUOUS_FUNCTION,
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_NAME,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    SYNTAX_ERROR,
    TOO_MANY_ARGUMENTS,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    UNDEFINED_PARAMETER,
    UNDEFINED_SCHEMA,
    UNDEFINED_TABLE,
)

_OPERATOR_CHARACTERS = "+-*/<>=~!@#%^&|`?"


def search_path(ctx: Any) -> tuple[int, ...]:
    """The session's effective search path; without a session, that of a fresh database."""
    session = getattr(ctx, "session", None)
    return (11, 2200) if session is None else session.search_path(ctx.catalog)


def _temp(ctx: Any) -> int:
    return getattr(getattr(ctx, "session", None), "temporary_namespace", 0)


def numeric_oid(text: str) -> int | None:
    """The oid if the text is "-" (0) or digits (parseNumericOid, parseDashOrOid)."""
    if text == "-":
        return 0
    if text and text.isascii() and text.isdigit():
        oid = int(text)
        if oid >= 2**32:
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type oid')
        return oid
    return None


def qualified_names(text: str) -> list[str]:
    """a.b.c as names (stringToQualifiedNameList)."""
    names: list[str] = []
    position, end = 0, len(text)
    while True:
        while position < end and text[position].isspace():
            position += 1
        if position < end and text[position] == '"':
            close, name = position, ""
            while True:
                found = text.find('"', close + 1)
                if found < 0:
                    raise SqlError(INVALID_NAME, "invalid name syntax")
                name += text[close + 1 : found]
                close = found
                if close + 1 < end and text[close + 1] == '"':
                    name += '"'
                    close += 1
                    continue
                break
            if not name:
                raise SqlError(INVALID_NAME, "invalid name syntax")
            position = close + 1
        else:
            start = position
            while position < end and text[position] != "." and not text[position].isspace():
                position += 1
            if position == start:
                raise SqlError(INVALID_NAME, "invalid name syntax")
            name = "".join([c.lower() if "A" <= c <= "Z" else c for c in text[start:position]])
        names.append(name.encode()[:63].decode(errors="ignore"))
        while position < end and text[position].isspace():
            position += 1
        if position == end:
            return names
        if text[position] != ".":
            raise SqlError(INVALID_NAME, "invalid name syntax")
        position += 1


def schema_and_name(ctx: Any, names: list[str], what: str = "relation") -> tuple[int | None, str]:
    """(namespace oid or None if unqualified, name); checks the database part (DeconstructQualifiedName)."""
    if len(names) == 1:
        return None, names[0]
    if len(names) == 3:
        database = ctx.catalog.pg_database.get(ctx.catalog.database_oid)
        if database is None or names[0] != database.datname:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f'cross-database references are not implemented: "{".".join(names)}"'
                if what == "relation"
                else f"cross-database references are not implemented: {'.'.join(names)}",
            )
    elif len(names) > 3:
        raise SqlError(
            SYNTAX_ERROR,
            f"improper {'relation' if what == 'relation' else 'qualified'} name"
            f" (too many dotted names): {'.'.join(names)}",
        )
    return explicit_namespace(ctx.catalog, names[-2], _temp(ctx)), names[-1]


def schema_if_any(ctx: Any, names: list[str]) -> tuple[int | None, str]:
    """As schema_and_name, with -1, which is no namespace, where the schema does not exist."""
    try:
        return schema_and_name(ctx, names, "name")
    except SqlError as error:
        if error.sqlstate != UNDEFINED_SCHEMA:
            raise
        return -1, names[-1]


def relation_named(ctx: Any, text: str, missing_ok: bool = False) -> int | None:
    """The oid of a relation named in text (regclass input, nextval('...'))."""
    names = qualified_names(text)
    catalog = ctx.catalog
    try:
        schema, name = schema_and_name(ctx, names)
    except SqlError as error:
        if error.sqlstate != UNDEFINED_SCHEMA:
            raise
        schema, name = -1, names[-1]
    oid = catalog.relation_oid(name, search_path(ctx) if schema is None else (schema,))
    if oid is None and not missing_ok:
        shown = ".".join(names[-2:])
        raise SqlError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
    return oid


# --- input ------------------------------------------------------------------------------------------------


@implements("regclassin", context=True)
def regclassin(ctx: Any, text: str) -> int | None:
    oid = numeric_oid(text)
    return relation_named(ctx, text) if oid is None else oid


@implements("text_regclass", context=True)
def text_regclass(ctx: Any, text: str) -> int | None:
    return relation_named(ctx, text)


@implements("regprocin", context=True)
def regprocin(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    if oid is not None:
        return oid
    schema, name = schema_if_any(ctx, qualified_names(text))
    found = function_candidates(ctx.catalog, name, search_path(ctx), schema)
    if not found:
        raise SqlError(UNDEFINED_FUNCTION, f'function "{text}" does not exist')
    if len(found) > 1:
        raise SqlError(AMBIGUOUS_FUNCTION, f'more than one function named "{text}"')
    return int(found[0].oid)


def name_and_types(ctx: Any, text: str, allow_none: bool) -> tuple[list[str], list[int]]:
    """name(type, type) as names and type oids (parseNameAndArgTypes)."""
    quoted = False
    opening = -1
    for n, c in enumerate(text):
        if c == '"':
            quoted = not quoted
        elif c == "(" and not quoted:
            opening = n
            break
    if opening < 0:
        raise SqlError(INVALID_TEXT_REPRESENTATION, "expected a left parenthesis")
    rest = text[opening + 1 :].rstrip()
    if not rest.endswith(")"):
        raise SqlError(INVALID_TEXT_REPRESENTATION, "expected a right parenthesis")
    raw_name = text[:opening].strip()
    if allow_none and raw_name.rsplit(".", 1)[-1].strip(_OPERATOR_CHARACTERS) == "":
        schema, dot, symbol = raw_name.rpartition(".")
        names = [*qualified_names(schema), symbol] if dot else [symbol]
    else:
        names = qualified_names(raw_name)
    types: list[int] = []
    body = rest[:-1]
    if not body.strip():
        return names, types
    part, depth, quoted = "", 0, False
    for c in body + ",":
        if c == "," and depth == 0 and not quoted:
            if not part.strip():
                raise SqlError(INVALID_TEXT_REPRESENTATION, "expected a type name")
            if allow_none and part.strip().lower() == "none":
                types.append(0)
            else:
                types.append(type_named(ctx, part.strip())[0])
            part = ""
            continue
        quoted ^= c == '"'
        depth += (c in "([") - (c in ")]") if not quoted else 0
        part += c
    return names, types


@implements("regprocedurein", context=True)
def regprocedurein(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    if oid is not None:
        return oid
    names, types = name_and_types(ctx, text, False)
    schema, name = schema_if_any(ctx, names)
    for row in function_candidates(ctx.catalog, name, search_path(ctx), schema):
        if list(row.proargtypes.items) == types:
            return int(row.oid)
    raise SqlError(UNDEFINED_FUNCTION, f'function "{text}" does not exist')


def _operator_names(text: str) -> list[str]:
    schema, dot, symbol = text.rpartition(".")
    return [*qualified_names(schema), symbol] if dot else [text]


@implements("regoperin", context=True)
def regoperin(ctx: Any, text: str) -> int:
    oid = 0 if text == "0" else numeric_oid(text) if text != "-" else None
    if oid is not None:
        return oid
    schema, name = schema_if_any(ctx, _operator_names(text))
    found = operator_candidates(ctx.catalog, name, search_path(ctx), schema)
    if not found:
        raise SqlError(UNDEFINED_FUNCTION, f"operator does not exist: {text}")
    if len(found) > 1:
        raise SqlError(AMBIGUOUS_FUNCTION, f"more than one operator named {text}")
    return int(found[0].oid)


@implements("regoperatorin", context=True)
def regoperatorin(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    if oid is not None:
        return oid
    names, types = name_and_types(ctx, text, True)
    if len(types) == 1:
        raise SqlError(
            UNDEFINED_PARAMETER,
            "missing argument",
            hint="Use NONE to denote the missing argument of a unary operator.",
        )
    if len(types) != 2:
        raise SqlError(
            TOO_MANY_ARGUMENTS, "too many arguments", hint="Provide two argument types for operator."
        )
    schema, name = schema_if_any(ctx, names)
    for row in operator_candidates(ctx.catalog, name, search_path(ctx), schema):
        if [row.oprleft, row.oprright] == types:
            return int(row.oid)
    raise SqlError(UNDEFINED_FUNCTION, f"operator does not exist: {text}")


def type_named(ctx: Any, text: str) -> tuple[int, int]:
    """(type oid, typmod) of a type name."""
    from ..bind.parse_state import AnalyzeContext
    from ..bind.typenames import parse_type_string

    context = AnalyzeContext(ctx.catalog, search_path(ctx), ctx=ctx, temp_namespace=_temp(ctx))
    found = parse_type_string(context, text)
    assert found is not None
    return found


@implements("regtypein", context=True)
def regtypein(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    return type_named(ctx, text)[0] if oid is None else oid


def _single_name(text: str) -> str:
    names = qualified_names(text)
    if len(names) != 1:
        raise SqlError(INVALID_NAME, "invalid name syntax")
    return names[0]


@implements("regrolein", context=True)
def regrolein(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    if oid is not None:
        return oid
    name = _single_name(text)
    role = ctx.catalog.role_oid(name)
    if role is None:
        raise SqlError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
    return int(role)


@implements("regnamespacein", context=True)
def regnamespacein(ctx: Any, text: str) -> int:
    oid = numeric_oid(text)
    return explicit_namespace(ctx.catalog, _single_name(text), _temp(ctx)) if oid is None else oid


def _register_named_input(function: str, table: str, message: str) -> None:
    @implements(function, context=True)
    def read(ctx: Any, text: str) -> int:
        oid = numeric_oid(text)
        if oid is not None:
            return oid
        names = qualified_names(text)
        schema, name = schema_if_any(ctx, names)
        path = search_path(ctx) if schema is None else (schema,)
        found = named_oid(ctx.catalog, table, name, path, _temp(ctx))
        if found is None:
            raise SqlError(UNDEFINED_OBJECT, message.format(".".join(names)))
        return found


_register_named_input("regcollationin", "pg_collation", 'collation "{}" for encoding "UTF8" does not exist')
_register_named_input("regconfigin", "pg_ts_config", 'text search configuration "{}" does not exist')
_register_named_input("regdictionaryin", "pg_ts_dict", 'text search dictionary "{}" does not exist')


# --- output -----------------------------------------------------------------------------------------------


def _schema_name(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_namespace.get(oid)
    if row is None:
        return "???"
    return "pg_temp" if oid == _temp(ctx) and oid else str(row.nspname)


@implements("regclassout", context=True)
def regclassout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_class.get(oid)
    if row is None:
        return str(oid) if oid else "-"
    visible = ctx.catalog.relation_oid(row.relname, search_path(ctx)) == oid
    return quote_qualified(None if visible else _schema_name(ctx, row.relnamespace), row.relname)


@implements("regprocout", context=True)
def regprocout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_proc.get(oid)
    if row is None:
        return str(oid) if oid else "-"
    found = function_candidates(ctx.catalog, row.proname, search_path(ctx))
    visible = len(found) == 1 and found[0].oid == oid
    return quote_qualified(None if visible else _schema_name(ctx, row.pronamespace), row.proname)


def procedure_text(ctx: Any, oid: int, qualify: bool | None = None) -> str | None:
    """name(type,type), qualified if not visible (format_procedure); None if there is none."""
    row = ctx.catalog.pg_proc.get(oid)
    if row is None:
        return None
    path = search_path(ctx)
    if qualify is None:
        qualify = not is_visible(ctx.catalog, "pg_proc", oid, path)
    types = ",".join([format_type(ctx.catalog, t, None, path=path) for t in row.proargtypes.items])
    return (
        f"{quote_qualified(_schema_name(ctx, row.pronamespace) if qualify else None, row.proname)}({types})"
    )


@implements("regprocedureout", context=True)
def regprocedureout(ctx: Any, oid: int) -> str:
    return procedure_text(ctx, oid) or (str(oid) if oid else "-")


@implements("regoperout", context=True)
def regoperout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_operator.get(oid)
    if row is None:
        return str(oid)
    found = operator_candidates(ctx.catalog, row.oprname, search_path(ctx))
    if len(found) == 1 and found[0].oid == oid:
        return str(row.oprname)
    return f"{quote_identifier(_schema_name(ctx, row.oprnamespace))}.{row.oprname}"


@implements("regoperatorout", context=True)
def regoperatorout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_operator.get(oid)
    if row is None:
        return str(oid)
    path = search_path(ctx)
    types = [
        format_type(ctx.catalog, t, None, path=path) if t else "NONE" for t in (row.oprleft, row.oprright)
    ]
    schema = ""
    if not is_visible(ctx.catalog, "pg_operator", oid, path):
        schema = quote_identifier(_schema_name(ctx, row.oprnamespace)) + "."
    return f"{schema}{row.oprname}({types[0]},{types[1]})"


@implements("regtypeout", context=True)
def regtypeout(ctx: Any, oid: int) -> str:
    if not oid:
        return "-"
    if ctx.catalog.pg_type.get(oid) is None:
        return str(oid)
    return format_type(ctx.catalog, oid, None, path=search_path(ctx))


@implements("regroleout", context=True)
def regroleout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_authid.get(oid)
    return quote_identifier(row.rolname) if row is not None else str(oid) if oid else "-"


@implements("regnamespaceout", context=True)
def regnamespaceout(ctx: Any, oid: int) -> str:
    row = ctx.catalog.pg_namespace.get(oid)
    return quote_identifier(row.nspname) if row is not None else str(oid) if oid else "-"


def _register_named_output(function: str, table: str, prefix: str) -> None:
    @implements(function, context=True)
    def write(ctx: Any, oid: int) -> str:
        row = ctx.catalog.table(table).get(oid)
        if row is None:
            return str(oid) if oid else "-"
        visible = is_visible(ctx.catalog, table, oid, search_path(ctx), _temp(ctx))
        schema = _schema_name(ctx, getattr(row, prefix + "namespace"))
        return quote_qualified(None if visible else schema, getattr(row, prefix + "name"))


_register_named_output("regcollationout", "pg_collation", "coll")
_register_named_output("regconfigout", "pg_ts_config", "cfg")
_register_named_output("regdictionaryout", "pg_ts_dict", "dict")


_KINDS = (
    "proc",
    "procedure",
    "oper",
    "operator",
    "class",
    "type",
    "role",
    "namespace",
    "collation",
    "config",
    "dictionary",
)


@implements(*[f"reg{kind}recv" for kind in _KINDS])
def regrecv(data: bytes) -> int:
    if len(data) != 4:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message")
    return int.from_bytes(data, "big")


_pack = struct.Struct(">I").pack


@implements(*[f"reg{kind}send" for kind in _KINDS])
def regsend(oid: int) -> bytes:
    return _pack(oid)


# --- to_reg* ----------------------------------------------------------------------------------------------

_SOFT = (
    UNDEFINED_TABLE,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    UNDEFINED_SCHEMA,
    AMBIGUOUS_FUNCTION,
    INVALID_NAME,
    INVALID_TEXT_REPRESENTATION,
    UNDEFINED_PARAMETER,
    TOO_MANY_ARGUMENTS,
    NUMERIC_VALUE_OUT_OF_RANGE,
)


def _register_soft(name: str, read: Callable[..., Any]) -> None:
    @implements(name, context=True)
    def soft(ctx: Any, text: str) -> int | None:
        try:
            return read(ctx, text)
        except SqlError as error:
            if error.sqlstate in _SOFT:
                return None
            raise


_register_soft("to_regclass", regclassin)
_register_soft("to_regproc", regprocin)
_register_soft("to_regprocedure", regprocedurein)
_register_soft("to_regoper", regoperin)
_register_soft("to_regoperator", regoperatorin)
_register_soft("to_regtype", regtypein)
_register_soft("to_regrole", regrolein)
_register_soft("to_regnamespace", regnamespacein)


def _collation(ctx: Any, text: str) -> int:
    from ..registry import IMPLEMENTATIONS

    return int(IMPLEMENTATIONS["regcollationin"].function(ctx, text))


_register_soft("to_regcollation", _collation)
_register_soft("to_regtypemod", lambda ctx, text: type_named(ctx, text)[1])

__all__ = [
    "numeric_oid",
    "procedure_text",
    "qualified_names",
    "relation_named",
    "search_path",
    "split_identifier_list",
]
