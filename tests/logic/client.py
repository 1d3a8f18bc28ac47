"""Asks a server one statement after the other by the simple protocol, and shows the answers as text."""

import json
import socket
from typing import Any

from gaveldb.engine.catalog.data import pg_type

from ..wire.messages import decode, encode
from .statements import Statement

TIMEOUT_SECONDS = 30
OPTIONS = {
    "user": "postgres",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "application_name": "logic",
}
TYPE_NAMES = {row[0]: row[1] for row in map(json.loads, filter(None, pg_type.ROWS.strip().splitlines()))}
ERROR_FIELDS = {"D": "detail", "H": "hint", "P": "position", "q": "internal query", "W": "context"}
NAME_FIELDS = "stcdn"


class Lost(Exception):
    """The server hung up or did not answer."""


class Client:
    """One session."""

    def __init__(self, host: str, port: int, database: str = "postgres") -> None:
        self.socket = socket.create_connection((host, port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.socket.sendall(encode(f"Startup {json.dumps({'options': {**OPTIONS, 'database': database}})}"))
        self._answer(Statement(""))

    def close(self) -> None:
        self.socket.close()

    def ask(self, statement: Statement) -> list[str]:
        """The answer, a line for each part of it: columns, rows, notices, tag or error."""
        self.socket.sendall(encode(f"Query {json.dumps({'text': statement.text})}"))
        return self._answer(statement)

    def rows(self, text: str) -> list[list[str | None]]:
        """The rows of a query that must not fail."""
        self.socket.sendall(encode(f"Query {json.dumps({'text': text})}"))
        rows, errors = [], []
        while True:
            name, content = self._message()
            if name == "DataRow":
                rows.append(content)
            elif name == "ErrorResponse":
                errors.append(content["M"])
            elif name == "ReadyForQuery":
                if errors:
                    raise RuntimeError(f"{text}: {errors[0]}")
                return rows

    def _answer(self, statement: Statement) -> list[str]:
        lines: list[str] = []
        rows: list[str] = []

        def flush() -> None:
            lines.extend(rows if statement.ordered else sorted(rows))
            rows.clear()

        while True:
            name, content = self._message()
            if name == "DataRow":
                rows.append("| " + " | ".join(map(_shown, content)))
                continue
            flush()
            match name:
                case "RowDescription":
                    lines.append("columns " + ", ".join(map(_column, content)))
                case "CommandComplete":
                    lines.append(f"tag {content}")
                case "EmptyQueryResponse":
                    lines.append("empty")
                case "ErrorResponse" | "NoticeResponse":
                    lines += _report(content)
                case "CopyInResponse":
                    data = (statement.data or "").encode()
                    self.socket.sendall(b"d" + (len(data) + 4).to_bytes(4, "big") + data + b"c\0\0\0\4")
                case "CopyData":
                    lines.append("copy " + _shown(content))
                case "ParameterStatus":
                    lines.append(f"setting {content[0]} = {content[1]}")
                case "ReadyForQuery":
                    if content != "I":
                        lines.append(f"in transaction {content}")
                    return lines

    def _message(self) -> tuple[str, Any]:
        while True:
            if len(self.received) >= 5:
                end = int.from_bytes(self.received[1:5], "big") + 1
                if len(self.received) >= end:
                    tag, body = chr(self.received[0]), bytes(self.received[5:end])
                    del self.received[:end]
                    return decode(tag, body)
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise Lost("no answer") from None
            except ConnectionError:
                data = b""
            if not data:
                raise Lost("the server hung up")
            self.received += data


def _shown(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _column(column: dict[str, Any]) -> str:
    name = TYPE_NAMES.get(column["type"], "a type of the user")
    modifier = "" if column["typmod"] == -1 else f"({column['typmod']})"
    return f"{column['name']} {name}{modifier}".replace("\n", "\\n")


def _report(fields: dict[str, str]) -> list[str]:
    """An error or notice, with the names of the objects it is about."""
    kind = "error" if fields["S"] in ("ERROR", "FATAL", "PANIC") else fields["S"].lower()
    names = "".join(f" {code}={fields[code]}" for code in NAME_FIELDS if code in fields)
    first = f"{kind} {fields['C']} {_shown(fields['M'])}"
    rest = [f"  {word} {_shown(fields[code])}" for code, word in ERROR_FIELDS.items() if code in fields]
    return [first, *rest, *([f"  about{names}"] if names else [])]
