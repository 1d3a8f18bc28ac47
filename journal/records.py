"""The binary form of a commit in the journal.

    offset  size  what
         0     4  length of the body
         4     4  crc32c of everything behind it, and of the length
         8     1  version
         9     8  tau
        17     8  durable: the tau of the last record known to be synced when this one was written
        25     -  body: msgpack [writes {key: value or nil}, deletes [[low, high], ...]], and of a load
                  a third field, runs [[low, first, [value, ...]], ...] (bulkwrites.py)

An empty body is a heartbeat. All integers are big-endian. A damaged record is the torn end of a
crash only if no good record behind it says that something after its predecessor was durable; that
is what `durable` is for. A length of zero with a zero checksum is unwritten, preallocated space.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from crc32c import crc32c
from msgspec import DecodeError, ValidationError
from msgspec.msgpack import Decoder, Encoder

from .api import Commit, KeyRange
from .bulkwrites import BulkWrites, Run, Writes, runs_of, scattered

VERSION = 1
HEADER = Struct(">IIBQQ")
HEADER_SIZE = HEADER.size
BODY_SIZE_MAX = 2**32 - 1

_TAIL = Struct(">IBQQ")  # what the checksum covers besides the body
_encode = Encoder().encode
_THREE_FIELDS = 0x93  # what msgpack begins an array of three with
_decode_bulk = Decoder(
    tuple[dict[bytes, bytes | None], list[tuple[bytes, bytes]], list[tuple[bytes, int, list[bytes]]]]
).decode
_decode = Decoder(tuple[dict[bytes, bytes | None], list[tuple[bytes, bytes]]]).decode


class Record(NamedTuple):
    """A record as read: the body is still encoded."""

    tau: int
    durable: int
    body: bytes
    size: int


class BadRecord(Exception):
    """The bytes are no record; says why."""


def encode_body(writes: Writes, deletes: Sequence[KeyRange] = ()) -> bytes:
    """The body of a commit's record: writes, range deletes, and if there are any, runs."""
    if type(writes) is not dict:
        runs = [(run.low, run.first, run.values) for run in runs_of(writes)]
        return _encode((scattered(writes), deletes, runs))
    return _encode((writes, deletes))


def decode_body(body: bytes) -> tuple[Writes, Sequence[KeyRange]]:
    """Writes and range deletes of a body."""
    if not body:
        return {}, ()
    writes: Writes
    try:
        if body[0] == _THREE_FIELDS:
            entries, deletes, runs = _decode_bulk(body)
            writes = BulkWrites(entries, [Run(low, first, values, 0) for low, first, values in runs])
        else:
            writes, deletes = _decode(body)
    except (DecodeError, ValidationError) as error:
        raise BadRecord(f"unreadable body: {error}") from error
    return writes, [KeyRange(low, high) for low, high in deletes] if deletes else ()


def frame(tau: int, durable: int, body: bytes) -> bytes:
    """Header and body as they lie in the file."""
    length = len(body)
    crc = crc32c(body, crc32c(_TAIL.pack(length, VERSION, tau, durable)))
    return HEADER.pack(length, crc, VERSION, tau, durable) + body


def encode(commit: Commit, durable: int = 0) -> bytes:
    """The whole record of a commit."""
    return frame(commit.tau, durable, encode_body(commit.writes, commit.deletes))


def parse(data: bytes | memoryview, offset: int = 0) -> Record | None:
    """The record at `offset`; None at the end of what was written; BadRecord if it is damaged."""
    remaining = len(data) - offset
    if remaining < HEADER_SIZE:
        if any(data[offset:]):
            raise BadRecord("the header is cut short")
        return None
    length, crc, version, tau, durable = HEADER.unpack_from(data, offset)
    if not crc and not length and not version and not tau and not durable:
        return None
    if length > remaining - HEADER_SIZE:
        raise BadRecord("the record is cut short")
    start = offset + HEADER_SIZE
    body = bytes(data[start : start + length])
    if crc32c(body, crc32c(_TAIL.pack(length, version, tau, durable))) != crc:
        raise BadRecord("the checksum is wrong")
    if version != VERSION:
        raise BadRecord(f"unknown version {version}")
    return Record(tau, durable, body, HEADER_SIZE + length)


def decode(record: Record) -> Commit:
    """The commit in a record."""
    writes, deletes = decode_body(record.body)
    return Commit(record.tau, writes, deletes)
