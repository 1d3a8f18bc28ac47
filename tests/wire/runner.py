"""Runs message scripts: to record PostgreSQL's answers, or to compare GavelDB's with them.

A script is a text file of blocks, divided by empty lines:

    # A sentence: what this shows.

    send
    Query {"text": "select 1"}

    until ReadyForQuery
    ["RowDescription", ...]          recorded: one JSON line per message
    ["ReadyForQuery", "I"]

Directives: `send` messages; `until <names>`: receive until those messages have come, in this order;
`eof`: receive until the server hangs up; `byte`: receive one byte (the answer to SSLRequest);
`cancel`: send a CancelRequest for the connection. Each may be followed by `@name` for another
connection than the first. A connection opens with its first use and says Startup, unless the first thing it
sends is a Startup, SSLRequest, GSSENCRequest or Raw. ParameterStatus messages are left out unless
the script waits for one.

    python -m tests.wire.runner record|compare HOST:PORT [script...]
"""

import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

from .messages import FRONTEND, decode, encode

SCRIPTS = Path(__file__).parent / "scripts"
TIMEOUT_SECONDS = 3
CANCEL_DELAY_SECONDS = 0.3
OPENING = ("Startup", "SSLRequest", "GSSENCRequest", "Raw")


class Client:
    """One connection of a script."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket = socket.create_connection(address, TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.key = b""

    def close(self) -> None:
        self.socket.close()

    def start(self) -> None:
        """The usual start, its answers dropped."""
        self.socket.sendall(encode("Startup"))
        self.until(["ReadyForQuery"])

    def take(self, count: int) -> bytes:
        """Exactly so many bytes; fewer at the end of the connection."""
        while len(self.received) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                break
            self.received += data
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def message(self) -> tuple[str, Any] | None:
        """The next message, None at the end."""
        head = self.take(5)
        if len(head) < 5:
            return None
        body = self.take(int.from_bytes(head[1:], "big") - 4)
        if head[:1] == b"K":
            self.key = body
        return decode(chr(head[0]), body)

    def until(self, names: list[str]) -> list[str]:
        """JSON lines up to and with the last of the names."""
        waiting = list(names)
        lines = []
        while waiting:
            try:
                message = self.message()
            except TimeoutError:
                return [*lines, json.dumps(["nothing more comes"])]
            if message is None:
                return [*lines, json.dumps(["EOF"])]
            name, content = message
            if name != "ParameterStatus" or "ParameterStatus" in names:
                lines.append(json.dumps([name] if content is None else [name, content], ensure_ascii=False))
            if name == waiting[0]:
                waiting.pop(0)
        return lines

    def cancel(self) -> None:
        """On a connection of its own."""
        with socket.create_connection(self.address, TIMEOUT_SECONDS) as other:
            body = (80877102).to_bytes(4, "big") + self.key
            other.sendall((len(body) + 4).to_bytes(4, "big") + body)
            other.recv(1)


def blocks(text: str) -> list[list[str]]:
    """The blocks of a script as lists of lines."""
    return [block.splitlines() for block in text.strip().split("\n\n")]


def play(text: str, address: tuple[str, int]) -> str:
    """The script with the answers of the server at `address`."""
    clients: dict[str, Client] = {}
    result = []
    try:
        for block in blocks(text):
            if block[0].startswith("#"):
                result.append(block)
                continue
            words = block[0].split()
            name = words.pop() if words[-1].startswith("@") else "@"
            result.append(_run(words, block, name, clients, address))
    finally:
        for client in clients.values():
            client.close()
    return "\n\n".join("\n".join(block) for block in result) + "\n"


def _run(
    words: list[str], block: list[str], name: str, clients: dict[str, Client], address: tuple[str, int]
) -> list[str]:
    client = clients.get(name)
    if client is None:
        client = clients[name] = Client(address)
        if not block[1:] or block[1].split()[0] not in OPENING:
            client.start()
    match words[0]:
        case "send":
            for line in block[1:]:
                assert line.split()[0] in FRONTEND, line
            client.socket.sendall(b"".join(encode(line) for line in block[1:]))
            return block
        case "until":
            return [block[0], *client.until(words[1:])]
        case "eof":
            return [block[0], *client.until(["the end"])]
        case "byte":
            return [block[0], json.dumps(client.take(1).decode())]
        case "cancel":
            time.sleep(CANCEL_DELAY_SECONDS)
            client.cancel()
            return block
    raise ValueError(block[0])


def main(mode: str, address: str, *names: str) -> int:
    host, _, port = address.partition(":")
    failures = 0
    for path in [SCRIPTS / f"{name}.txt" for name in names] or sorted(SCRIPTS.glob("*.txt")):
        text = path.read_text()
        played = play(text, (host, int(port)))
        if mode == "record":
            assert "nothing more comes" not in played, f"{path.stem}: {played}"
            path.write_text(played)
        elif played != text:
            failures += 1
            sys.stdout.write(f"== {path.stem}\n")
            import difflib

            sys.stdout.writelines(
                line + "\n"
                for line in difflib.unified_diff(text.splitlines(), played.splitlines(), n=1, lineterm="")
            )
    return failures


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
