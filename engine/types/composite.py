"""Composite values, enums and domains: their input and output functions.

Domain constraints are expressions, which engine/compile/lone.py turns into functions, once per
domain and catalog version.
"""

import struct
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    CHECK_VIOLATION,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    NOT_NULL_VIOLATION,
    PROTOCOL_VIOLATION,
)
from ..values import Record, RowType
from .io import binary_receive, binary_send, text_input, text_output, type_row

RECORDOID = 2249


def row_type(catalog: Any, typid: int) -> RowType:
    """The shape of a composite type's values."""
    found = catalog.cache.get(("row_type", typid))
    if found is None:
        columns = catalog.row_columns(typid)
        found = catalog.cache[("row_type", typid)] = RowType(
            typid,
            tuple(column[0] for column in columns),
            tuple(column[1] for column in columns),
            tuple(column[2] for column in columns),
        )
    return found


def _malformed(text: str, detail: str) -> NoReturn:
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'malformed record literal: "{text}"', detail=detail)


def _field(text: str, here: int) -> tuple[str | None, int]:
    """The field that starts at `here` and the place of the , or ) after it."""
    if text[here : here + 1] in (",", ")"):
        return None, here
    parts: list[str] = []
    quoted = False
    while True:
        char = text[here : here + 1]
        if not quoted and (char == "," or char == ")"):
            return "".join(parts), here
        here += 1
        if char == "\\":
            char = text[here : here + 1]
            here += 1
        elif char == '"':
            if quoted and text[here : here + 1] == '"':
                here += 1
            else:
                quoted = not quoted
                continue
        if char == "":
            _malformed(text, "Unexpected end of input.")
        parts.append(char)


def _cannot_read_record() -> NoReturn:
    raise SqlError(FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented")


@implements("record_in", context=True, bind=True)
def record_in(site: CallSite) -> Callable[..., Record]:
    catalog = site.catalog

    def read_record(ctx: Any, text: str, typid: int, typmod: int) -> Record:
        if typid == RECORDOID:
            _cannot_read_record()
        shape = row_type(catalog, typid)
        here = len(text) - len(text.lstrip(" \t\n\r\v\f"))
        if text[here : here + 1] != "(":
            _malformed(text, "Missing left parenthesis.")
        here += 1
        values: list[Any] = []
        for place, column_type in enumerate(shape.types):
            if place:
                if text[here : here + 1] != ",":
                    _malformed(text, "Too few columns.")
                here += 1
            field, here = _field(text, here)
            if field is None:
                domain_null(catalog, ctx, column_type)
                values.append(None)
            else:
                values.append(text_input(catalog, column_type)(ctx, field, shape.typmods[place]))
        if text[here : here + 1] != ")":
            _malformed(text, "Too many columns.")
        if text[here + 1 :].strip(" \t\n\r\v\f"):
            _malformed(text, "Junk after right parenthesis.")
        return Record(shape, tuple(values))

    return read_record


def record_field_text(text: str) -> str:
    """One field as record_out writes it, quoted where it must be."""
    if text.isalnum():
        return text
    if text == "" or any(char in '"\\(), \t\n\r\v\f' for char in text):
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
    return text


@implements("record_out", context=True, bind=True)
def record_out(site: CallSite) -> Callable[..., str]:
    catalog = site.catalog

    def write_record(ctx: Any, record: Record) -> str:
        fields = [
            "" if value is None else record_field_text(text_output(catalog, typid)(ctx, value))
            for value, typid in zip(record.values, record.rowtype.types, strict=True)
        ]
        return "(" + ",".join(fields) + ")"

    return write_record


@implements("record_send", context=True, bind=True)
def record_send(site: CallSite) -> Callable[..., bytes]:
    catalog = site.catalog

    def send_record(ctx: Any, record: Record) -> bytes:
        parts = [struct.pack(">i", len(record.values))]
        for value, typid in zip(record.values, record.rowtype.types, strict=True):
            if value is None:
                parts.append(struct.pack(">Ii", typid, -1))
            else:
                data = binary_send(catalog, typid)(ctx, value)
                parts.append(struct.pack(">Ii", typid, len(data)))
                parts.append(data)
        return b"".join(parts)

    return send_record


def _receive_record(catalog: Any, ctx: Any, data: bytes, typid: int) -> Record:
    shape = row_type(catalog, typid)
    (count,) = struct.unpack_from(">i", data)
    if count != len(shape.types):
        raise SqlError(DATATYPE_MISMATCH, f"wrong number of columns: {count}, expected {len(shape.types)}")
    here = 4
    values: list[Any] = []
    for place, expected in enumerate(shape.types):
        sent_type, length = struct.unpack_from(">Ii", data, here)
        here += 8
        # Oids of user-defined types differ from server to server: only those of built-in ones tell.
        if sent_type != expected and sent_type < 10_000 and expected < 10_000:
            raise SqlError(
                DATATYPE_MISMATCH,
                f"binary data has type {sent_type} ({catalog.format_type(sent_type)}) "
                f"instead of expected {expected} ({catalog.format_type(expected)}) "
                f"in record column {place + 1}",
            )
        if length == -1:
            domain_null(catalog, ctx, expected)
            values.append(None)
            continue
        if length < 0 or here + length > len(data):
            raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
        values.append(
            binary_receive(catalog, expected)(ctx, data[here : here + length], shape.typmods[place])
        )
        here += length
    return Record(shape, tuple(values))


@implements("record_recv", context=True, bind=True)
def record_recv(site: CallSite) -> Callable[..., Record]:
    catalog = site.catalog

    def receive_record(ctx: Any, data: bytes, typid: int, typmod: int) -> Record:
        if typid == RECORDOID:
            _cannot_read_record()
        try:
            return _receive_record(catalog, ctx, data, typid)
        except struct.error:
            raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message") from None

    return receive_record


# --- enums -------------------------------------------------------------------------------------------


def enum_rows(catalog: Any, typid: int) -> tuple[Any, ...]:
    """The pg_enum rows of an enum in their sort order."""
    found = catalog.cache.get(("enum_rows", typid))
    if found is None:
        rows = catalog.pg_enum.find("enumtypid", typid)
        found = catalog.cache[("enum_rows", typid)] = tuple(sorted(rows, key=lambda row: row.enumsortorder))
    return found


def enum_value(catalog: Any, label: str, typid: int) -> int:
    """The oid of a label; 22P02 if the enum has none such."""
    labels = catalog.cache.get(("enum_labels", typid))
    if labels is None:
        labels = {row.enumlabel: row.oid for row in enum_rows(catalog, typid)}
        catalog.cache[("enum_labels", typid)] = labels
    value = labels.get(label)
    if value is None:
        raise SqlError(
            INVALID_TEXT_REPRESENTATION,
            f'invalid input value for enum {catalog.format_type(typid)}: "{label}"',
        )
    return value


def enum_label(catalog: Any, value: int) -> str:
    """The label of an enum value."""
    row = catalog.pg_enum.get(value)
    if row is None:
        raise SqlError(INVALID_BINARY_REPRESENTATION, f"invalid internal value for enum: {value}")
    return row.enumlabel


@implements("enum_in", bind=True)
def enum_in(site: CallSite) -> Callable[..., int]:
    catalog = site.catalog
    return lambda text, typid: enum_value(catalog, text, typid)


@implements("enum_out", bind=True)
def enum_out(site: CallSite) -> Callable[..., str]:
    catalog = site.catalog
    return lambda value: enum_label(catalog, value)


@implements("enum_recv", bind=True)
def enum_recv(site: CallSite) -> Callable[..., int]:
    catalog = site.catalog
    return lambda data, typid: enum_value(catalog, data.decode(), typid)


@implements("enum_send", bind=True)
def enum_send(site: CallSite) -> Callable[..., bytes]:
    catalog = site.catalog
    return lambda value: enum_label(catalog, value).encode()


# --- domains -----------------------------------------------------------------------------------------

DomainCheck = Callable[[Any, Any], Any]  # (ctx, value or None) -> value, or raises


def domain_check(catalog: Any, typid: int) -> DomainCheck | None:
    """The function that checks a value (None included) of a domain; None if it has no constraint."""
    key = ("domain_check", typid)
    if key not in catalog.cache:
        catalog.cache[key] = _build_domain_check(catalog, typid)
    return catalog.cache[key]


def _build_domain_check(catalog: Any, typid: int) -> DomainCheck | None:
    notnull: str | None = None
    checks: list[tuple[str, Any, str]] = []
    row = type_row(catalog, typid)
    while row.typtype == "d":
        name = row.typname
        if row.typnotnull:
            notnull = notnull or name
        constraints = sorted(catalog.pg_constraint.find("contypid", row.oid), key=lambda c: c.conname)
        own = [(c.conname, c.conbin, name) for c in constraints if c.contype == "c"]
        checks = own + checks  # a base domain's constraints are checked first
        row = type_row(catalog, row.typbasetype)
    if notnull is None and not checks:
        return None
    name = type_row(catalog, typid).typname
    shown = catalog.format_type(typid)
    namespace = catalog.pg_namespace.get(type_row(catalog, typid).typnamespace).nspname
    compiled: list[tuple[str, Callable[[Any, Any], Any]]] | None = None

    def check(ctx: Any, value: Any) -> Any:
        nonlocal compiled
        if value is None and notnull is not None:
            raise SqlError(
                NOT_NULL_VIOLATION,
                f"domain {shown} does not allow null values",
                schema=namespace,
                datatype=name,
            )
        if compiled is None:
            compiled = [(constraint, _compile_check(catalog, tree)) for constraint, tree, _ in checks]
        for constraint, function in compiled:
            if function(ctx, value) is False:
                raise SqlError(
                    CHECK_VIOLATION,
                    f'value for domain {shown} violates check constraint "{constraint}"',
                    schema=namespace,
                    datatype=name,
                    constraint=constraint,
                )
        return value

    return check


def _compile_check(catalog: Any, tree: str) -> Callable[[Any, Any], Any]:
    from ..compile.lone import compile_domain_check

    return compile_domain_check(catalog, tree)


def domain_null(catalog: Any, ctx: Any, typid: int) -> None:
    """Check NULL as a value of this type: an error if it is a domain that does not allow it."""
    row = type_row(catalog, typid)
    if row.typtype == "d":
        check = domain_check(catalog, typid)
        if check is not None:
            check(ctx, None)


@implements("domain_in", context=True, bind=True)
def domain_in(site: CallSite) -> Callable[..., Any]:
    catalog = site.catalog

    def read_domain(ctx: Any, text: str | None, typid: int, typmod: int) -> Any:
        base, base_typmod = catalog.base_type_and_typmod(typid, -1)
        value = None if text is None else text_input(catalog, base)(ctx, text, base_typmod)
        check = domain_check(catalog, typid)
        return value if check is None else check(ctx, value)

    return read_domain


@implements("domain_recv", context=True, bind=True)
def domain_recv(site: CallSite) -> Callable[..., Any]:
    catalog = site.catalog

    def receive_domain(ctx: Any, data: bytes | None, typid: int, typmod: int) -> Any:
        base, base_typmod = catalog.base_type_and_typmod(typid, -1)
        value = None if data is None else binary_receive(catalog, base)(ctx, data, base_typmod)
        check = domain_check(catalog, typid)
        return value if check is None else check(ctx, value)

    return receive_domain
