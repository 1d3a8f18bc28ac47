"""Encodes backend messages. No I/O.

RowDescription and CommandComplete messages are remembered: a prepared statement describes the same
columns each time, and most tags are "SELECT 1", "INSERT 0 1" and the like.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct

from gaveldb.engine.api import ColumnDescription
from gaveldb.engine.errors import SqlError

PARSE_COMPLETE = b"1\0\0\0\x04"
BIND_COMPLETE = b"2\0\0\0\x04"
CLOSE_COMPLETE = b"3\0\0\0\x04"
NO_DATA = b"n\0\0\0\x04"
EMPTY_QUERY = b"I\0\0\0\x04"
PORTAL_SUSPENDED = b"s\0\0\0\x04"
COPY_DONE = b"c\0\0\0\x04"
NO_PARAMETERS = b"t\0\0\0\x06\0\0"
READY_FOR_QUERY = {status: b"Z\0\0\0\x05" + status for status in (b"I", b"T", b"E")}
AUTHENTICATION_OK = b"R\0\0\0\x08\0\0\0\0"
AUTHENTICATION_CLEARTEXT = b"R\0\0\0\x08\0\0\0\x03"

_LENGTH = Struct("!I")
_FIELD = Struct("!IhIhiH")
_CACHE_ENTRIES_MAX = 512

_row_descriptions: dict[tuple[int, tuple[int, ...]], tuple[tuple[ColumnDescription, ...], bytes]] = {}
_command_tags: dict[str, bytes] = {}


def message(tag: bytes, body: bytes) -> bytes:
    """Any message."""
    return tag + _LENGTH.pack(len(body) + 4) + body


def row_description(
    columns: Sequence[ColumnDescription], formats: Sequence[int], codec: str = "utf-8"
) -> bytes:
    """RowDescription; formats may be empty (all text)."""
    if type(columns) is not tuple or codec != "utf-8":
        return _row_description(columns, formats, codec)
    # By identity, which is safe as the entry keeps the tuple alive.
    key = (id(columns), tuple(formats))
    entry = _row_descriptions.get(key)
    if entry is None:
        if len(_row_descriptions) >= _CACHE_ENTRIES_MAX:
            _row_descriptions.clear()
        entry = _row_descriptions[key] = (columns, _row_description(columns, formats, codec))
    return entry[1]


def _row_description(columns: Sequence[ColumnDescription], formats: Sequence[int], codec: str) -> bytes:
    body = bytearray(len(columns).to_bytes(2, "big"))
    for index, column in enumerate(columns):
        name, table_oid, attnum, type_oid, type_size, typmod = column
        body += name.encode(codec, "replace")
        body += b"\0"
        body += _FIELD.pack(table_oid, attnum, type_oid, type_size, typmod, formats[index] if formats else 0)
    return message(b"T", bytes(body))


def parameter_description(types: Sequence[int]) -> bytes:
    """ParameterDescription."""
    if not types:
        return NO_PARAMETERS
    return message(b"t", Struct(f"!H{len(types)}I").pack(len(types), *types))


def command_complete(tag: str) -> bytes:
    """CommandComplete."""
    reply = _command_tags.get(tag)
    if reply is None:
        if len(_command_tags) >= _CACHE_ENTRIES_MAX:
            _command_tags.clear()
        reply = _command_tags[tag] = message(b"C", tag.encode() + b"\0")
    return reply


def parameter_status(name: str, value: str, codec: str = "utf-8") -> bytes:
    """ParameterStatus."""
    return message(b"S", f"{name}\0{value}\0".encode(codec, "replace"))


def parameter_statuses(values: Mapping[str, str]) -> bytes:
    """ParameterStatus of all the values."""
    return b"".join(parameter_status(name, value) for name, value in values.items())


def backend_key_data(pid: int, key: bytes) -> bytes:
    """BackendKeyData."""
    return message(b"K", _LENGTH.pack(pid) + key)


def notification(pid: int, channel: str, payload: str, codec: str = "utf-8") -> bytes:
    """NotificationResponse."""
    return message(b"A", _LENGTH.pack(pid) + f"{channel}\0{payload}\0".encode(codec, "replace"))


def copy_response(tag: bytes, binary: bool, formats: Sequence[int]) -> bytes:
    """CopyInResponse (G) and CopyOutResponse (H)."""
    count = len(formats)
    return message(tag, Struct(f"!BH{count}H").pack(binary, count, *formats))


def function_call_response(value: bytes | None) -> bytes:
    """FunctionCallResponse."""
    return message(b"V", b"\xff\xff\xff\xff" if value is None else _LENGTH.pack(len(value)) + value)


def negotiate_protocol_version(version: int, options: Iterable[str]) -> bytes:
    """NegotiateProtocolVersion: the newest version we speak, and the options we do not know."""
    names = [name.encode() + b"\0" for name in options]
    return message(b"v", _LENGTH.pack(version) + _LENGTH.pack(len(names)) + b"".join(names))


def authentication(code: int, body: bytes = b"") -> bytes:
    """Authentication requests with a body: MD5 (5), SASL (10), SASLContinue (11), SASLFinal (12)."""
    return message(b"R", _LENGTH.pack(code) + body)


def character_position(offset: int | None) -> int | None:
    """The protocol's 1-based position of a 0-based one, both in characters."""
    return None if offset is None or offset < 0 else offset + 1


def error_response(error: SqlError, text: str | None = None, codec: str = "utf-8") -> bytes:
    """ErrorResponse; `text` is the statement that positions count in."""
    return _report(b"E", error, text, codec)


def notice_response(notice: SqlError, text: str | None = None, codec: str = "utf-8") -> bytes:
    """NoticeResponse."""
    return _report(b"N", notice, text, codec)


def _report(tag: bytes, error: SqlError, text: str | None, codec: str) -> bytes:
    severity = error.severity
    fields: tuple[tuple[str, str | int | None], ...] = (
        ("S", severity),
        ("V", severity),
        ("C", error.sqlstate),
        ("M", error.message),
        ("D", error.detail),
        ("H", error.hint),
        ("P", character_position(error.position)),
        ("p", character_position(error.internal_position)),
        ("q", error.internal_query),
        ("W", error.where),
        ("s", error.schema),
        ("t", error.table),
        ("c", error.column),
        ("d", error.datatype),
        ("n", error.constraint),
        ("R", error.routine),
    )
    body = "".join(f"{code}{str(value).replace(chr(0), '')}\0" for code, value in fields if value is not None)
    return message(tag, body.encode(codec, "replace") + b"\0")
