"""A small raw client for fuzzing: bytes out, messages in, with a deadline."""

import socket
import struct
import time

TIMEOUT_SECONDS = 20.0


class Hang(Exception):
    """The server did not answer in time."""


class Stuck(Exception):
    """After this statement the server answers nobody; so many are left to send."""

    def __init__(self, text: str, left: int) -> None:
        super().__init__(text)
        self.text = text
        self.left = left


class Gone(Exception):
    """The server closed the connection."""


def message(tag: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return tag + struct.pack("!i", len(body) + 4) + body


def startup(database: str = "postgres", **options: str) -> bytes:
    body = struct.pack("!i", 196608)
    for name, value in {"user": "postgres", "database": database, **options}.items():
        body += name.encode() + b"\0" + value.encode() + b"\0"
    return struct.pack("!i", len(body) + 5) + body + b"\0"


def query(text: str) -> bytes:
    return message(b"Q", text.encode("utf-8", "replace").replace(b"\0", b""), b"\0")


def extended(text: str) -> bytes:
    """Parse, describe, bind, execute, sync of a statement without parameters."""
    sql = text.encode("utf-8", "replace").replace(b"\0", b"")
    return (
        message(b"P", b"\0", sql, b"\0\0\0")
        + message(b"D", b"S\0")
        + message(b"B", b"\0\0\0\0\0\0\0\1\0\1")
        + message(b"E", b"\0\0\0\0\0")
        + message(b"S")
    )


def error_fields(body: bytes) -> dict[str, str]:
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}


class RawClient:
    """One connection."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT_SECONDS) -> None:
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.received = bytearray()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except TimeoutError:
            raise Hang("the server does not read") from None
        except OSError as error:
            raise Gone(str(error)) from None

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """The next message: (tag, body)."""
        received = self.received
        while True:
            if len(received) >= 5:
                size = struct.unpack_from("!i", received, 1)[0] + 1
                if len(received) >= size:
                    tag, body = bytes(received[:1]), bytes(received[5:size])
                    del received[:size]
                    return tag, body
            left = deadline - time.monotonic()
            if left <= 0:
                raise Hang("no answer")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                raise Hang("no answer") from None
            except OSError as error:
                raise Gone(str(error)) from None
            if not data:
                raise Gone("closed")
            received += data

    def until_ready(self, copy_answer: bytes = b"") -> list[tuple[bytes, bytes]]:
        """All messages up to ReadyForQuery but rows; a COPY FROM STDIN gets `copy_answer`."""
        deadline = time.monotonic() + self.timeout
        found = []
        while True:
            tag, body = self.receive(deadline)
            if tag == b"G":
                self.send(copy_answer or message(b"c"))
            if tag not in b"Dd":
                found.append((tag, body))
            if tag == b"Z":
                return found

    def login(self, **options: str) -> None:
        self.send(startup(**options))
        self.until_ready()
