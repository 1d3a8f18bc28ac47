"""The client's side of the protocol for message scripts: frontend messages from JSON arguments,
backend messages to JSON values without what differs from run to run."""

import json
import struct
from collections.abc import Callable
from typing import Any

NAMES = {
    "R": "Authentication", "K": "BackendKeyData", "2": "BindComplete", "3": "CloseComplete",
    "C": "CommandComplete", "d": "CopyData", "c": "CopyDone", "G": "CopyInResponse", "H": "CopyOutResponse",
    "D": "DataRow", "I": "EmptyQueryResponse", "E": "ErrorResponse", "V": "FunctionCallResponse",
    "v": "NegotiateProtocolVersion", "n": "NoData", "N": "NoticeResponse", "A": "NotificationResponse",
    "t": "ParameterDescription", "S": "ParameterStatus", "1": "ParseComplete", "s": "PortalSuspended",
    "Z": "ReadyForQuery", "T": "RowDescription",
}  # fmt: skip
FIRST_USER_OID = 16384


def _message(tag: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return tag.encode() + struct.pack("!i", len(body) + 4) + body


def _string(text: str) -> bytes:
    return text.encode() + b"\0"


def _shorts(values: list[int]) -> bytes:
    return struct.pack(f"!H{len(values)}H", len(values), *values)


def _values(values: list[str | None]) -> bytes:
    """Text, or bytes as "\\x0102", or null."""
    encoded = [struct.pack("!H", len(values))]
    for value in values:
        if value is None:
            encoded.append(struct.pack("!i", -1))
        else:
            data = bytes.fromhex(value[2:]) if value.startswith("\\x") else value.encode()
            encoded += (struct.pack("!i", len(data)), data)
    return b"".join(encoded)


def _bind(
    statement: str = "", portal: str = "", formats: Any = (), values: Any = (), results: Any = ()
) -> bytes:
    return _message(
        "B",
        _string(portal),
        _string(statement),
        _shorts(list(formats)),
        _values(list(values)),
        _shorts(list(results)),
    )


def _function_call(oid: int, formats: Any, values: Any, result: int) -> bytes:
    return _message(
        "F", struct.pack("!I", oid), _shorts(list(formats)), _values(list(values)), struct.pack("!H", result)
    )


def _startup(version: str = "3.0", options: Any = None, raw: str | None = None) -> bytes:
    major, minor = version.split(".")
    body = struct.pack("!HH", int(major), int(minor))
    if raw is not None:
        body += bytes.fromhex(raw)
    else:
        pairs = {"user": "postgres", "database": "postgres"} if options is None else options
        body += b"".join(_string(name) + _string(value) for name, value in pairs.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


FRONTEND: dict[str, Callable[..., bytes]] = {
    "Startup": _startup,
    "SSLRequest": lambda: struct.pack("!ii", 8, 80877103),
    "GSSENCRequest": lambda: struct.pack("!ii", 8, 80877104),
    "Query": lambda text: _message("Q", _string(text)),
    "Parse": lambda text, name="", types=(): _message(
        "P", _string(name), _string(text), struct.pack(f"!H{len(types)}I", len(types), *types)
    ),
    "Bind": _bind,
    "Describe": lambda kind, name="": _message("D", kind.encode(), _string(name)),
    "Execute": lambda portal="", limit=0: _message("E", _string(portal), struct.pack("!i", limit)),
    "Close": lambda kind, name="": _message("C", kind.encode(), _string(name)),
    "Sync": lambda: _message("S"),
    "Flush": lambda: _message("H"),
    "Terminate": lambda: _message("X"),
    "CopyData": lambda text: _message("d", _values([text])[6:]),
    "CopyDone": lambda: _message("c"),
    "CopyFail": lambda text: _message("f", _string(text)),
    "FunctionCall": _function_call,
    "Message": lambda tag, hex="": _message(tag, bytes.fromhex(hex)),
    "Raw": lambda hex: bytes.fromhex(hex),
}


def encode(line: str) -> bytes:
    """A line of a script, `Name {arguments}`, as bytes."""
    name, _, arguments = line.partition(" ")
    return FRONTEND[name](**(json.loads(arguments) if arguments else {}))


def _shown(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "\\x" + data.hex()
    plain = all(character.isprintable() or character in "\t\n" for character in text)
    return text if plain and not text.startswith("\\x") else "\\x" + data.hex()


class _Body:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def unpack(self, form: str) -> Any:
        values = struct.unpack_from("!" + form, self.data, self.position)
        self.position += struct.calcsize("!" + form)
        return values if len(values) != 1 else values[0]

    def string(self) -> str:
        zero = self.data.index(0, self.position)
        text = self.data[self.position : zero].decode()
        self.position = zero + 1
        return text

    def value(self) -> str | None:
        length = self.unpack("i")
        if length < 0:
            return None
        self.position += length
        return _shown(self.data[self.position - length : self.position])


def _row_description(body: _Body) -> Any:
    columns = []
    for _ in range(body.unpack("H")):
        name = body.string()
        table, attnum, type_oid, size, typmod, form = body.unpack("IhIhih")
        column: dict[str, Any] = {
            "name": name,
            "type": type_oid,
            "size": size,
            "typmod": typmod,
            "format": form,
        }
        if table:
            column["column"] = [table if table < FIRST_USER_OID else "user", attnum]
        columns.append(column)
    return columns


def _report(body: _Body) -> Any:
    fields = {}
    while code := body.unpack("c").rstrip(b"\0").decode():
        text = body.string()
        if code not in "FLRV":
            fields[code] = "pg_temp" if code == "s" and text.startswith("pg_temp_") else text
    return fields


def _authentication(body: _Body) -> Any:
    code = body.unpack("i")
    return (
        {"code": code}
        if code != 10
        else {"code": code, "mechanisms": body.data[4:].decode().split("\0")[:-2]}
    )


DECODERS: dict[str, Callable[[_Body], Any]] = {
    "Authentication": _authentication,
    "BackendKeyData": lambda body: {"key_bytes": len(body.data) - 4},
    "CommandComplete": lambda body: body.string(),
    "CopyData": lambda body: _shown(body.data),
    "CopyInResponse": lambda body: list(body.data),
    "CopyOutResponse": lambda body: list(body.data),
    "DataRow": lambda body: [body.value() for _ in range(body.unpack("H"))],
    "ErrorResponse": _report,
    "FunctionCallResponse": lambda body: body.value(),
    "NegotiateProtocolVersion": lambda body: [
        "{}.{}".format(*body.unpack("HH")), [body.string() for _ in range(body.unpack("i"))]
    ],
    "NoticeResponse": _report,
    "NotificationResponse": lambda body: (body.unpack("i"), [body.string(), body.string()])[1],
    "ParameterDescription": lambda body: [body.unpack("I") for _ in range(body.unpack("H"))],
    "ParameterStatus": lambda body: [body.string(), body.string()],
    "ReadyForQuery": lambda body: body.data.decode(),
    "RowDescription": _row_description,
}  # fmt: skip


def decode(tag: str, body: bytes) -> tuple[str, Any]:
    """Name and content of a backend message; content None if it has none."""
    name = NAMES.get(tag, f"unknown {tag!r}")
    decoder = DECODERS.get(name)
    return name, decoder(_Body(body)) if decoder else None
