"""Cuts received bytes into messages, with a limit on the length of each kind. No I/O.

A frontend message is a tag byte, a length (big-endian, counts itself, not the tag) and a body.
Nothing is copied while messages arrive whole, which they nearly always do: handlers read their
fields at offsets of the very bytes object that the transport delivered. What is left over waits
in `tail` and is joined once, when the whole message is there, so a large message costs one copy
and not one for each packet of it.

The limits are those of PostgreSQL (libpq.h PQ_SMALL_MESSAGE_LIMIT and PQ_LARGE_MESSAGE_LIMIT).
"""

from struct import Struct

HEADER = Struct("!Bi")
HEADER_BYTES = 5

SMALL_MESSAGE_BYTES_MAX = 10_000
LARGE_MESSAGE_BYTES_MAX = 0x3FFFFFFE
STARTUP_PACKET_BYTES_MAX = 10_000
PASSWORD_BYTES_MAX = 65_535


def limits(most: int) -> tuple[int, ...]:
    """Largest length of a message by tag, once the session runs; 0: there is no such message."""
    found = [0] * 256
    for tag in b"QFBPd":
        found[tag] = most
    for tag in b"CDEHSXcf":
        found[tag] = min(SMALL_MESSAGE_BYTES_MAX, most)
    return tuple(found)


LIMITS = limits(LARGE_MESSAGE_BYTES_MAX)


class Inbound:
    """The bytes received and not yet consumed; the reader moves `position` itself."""

    __slots__ = ("data", "needed", "position", "tail", "tail_bytes")

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.position = 0
        self.needed = HEADER_BYTES
        self.tail: list[bytes] = []
        self.tail_bytes = 0

    def feed(self, data: bytes) -> None:
        """Append what the transport delivered."""
        if self.tail or self.position < len(self.data):
            self.tail.append(data)
            self.tail_bytes += len(data)
        else:
            self.data = data
            self.position = 0

    def gather(self) -> None:
        """Join the pieces, if with them the message begun is complete."""
        if self.tail and len(self.data) - self.position + self.tail_bytes >= self.needed:
            self.data = b"".join((self.data[self.position :], *self.tail))
            self.position = 0
            self.needed = HEADER_BYTES
            self.tail.clear()
            self.tail_bytes = 0

    def release(self) -> None:
        """Drop consumed bytes, so that an idle connection keeps none."""
        if self.position:
            self.data = self.data[self.position :]
            self.position = 0

    def __len__(self) -> int:
        return len(self.data) - self.position + self.tail_bytes
