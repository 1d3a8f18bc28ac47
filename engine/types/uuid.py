"""uuid: input and output, comparison, generation (versions 4 and 7) and inspection."""

import os
import re
import time

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_BINARY_REPRESENTATION, INVALID_TEXT_REPRESENTATION
from ..values import Interval
from .hashing import hash_bytes, hash_bytes_extended
from .integers import register_comparisons

_UUID = re.compile(r"[0-9a-fA-F]{4}(?:-?[0-9a-fA-F]{4}){7}")
EPOCH_SHIFT = 946_684_800_000_000  # microseconds from 1970 to 2000
_GREGORIAN_SHIFT = 13_165_977_600_000_000  # microseconds from 1582-10-15 to 2000


@implements("uuid_in")
def uuid_in(text: str) -> bytes:
    word = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if _UUID.fullmatch(word) is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type uuid: "{text}"')
    return bytes.fromhex(word.replace("-", ""))


@implements("uuid_out")
def uuid_out(value: bytes) -> str:
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@implements("uuid_recv")
def uuid_recv(data: bytes) -> bytes:
    if len(data) != 16:
        short = len(data) < 16
        what = "insufficient data left in message" if short else "incorrect binary data format"
        raise SqlError(INVALID_BINARY_REPRESENTATION, what)
    return data


@implements("uuid_send", inline="{0}")
def uuid_send(value: bytes) -> bytes:
    return value


register_comparisons("uuid_{}")


@implements("uuid_cmp")
def uuid_cmp(a: bytes, b: bytes) -> int:
    return (a > b) - (a < b)


@implements("uuid_hash")
def uuid_hash(value: bytes) -> int:
    return hash_bytes(value)


@implements("uuid_hash_extended")
def uuid_hash_extended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(value, seed)


@implements("gen_random_uuid")
def gen_random_uuid() -> bytes:
    value = bytearray(os.urandom(16))
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    return bytes(value)


_last_nanoseconds = 0
_STEP = 245  # nanoseconds per unit of the 12-bit fraction, rounded up


def _increasing_nanoseconds() -> int:
    """Now, at least one step after the last answer: values of one process are strictly ordered."""
    global _last_nanoseconds
    now = time.time_ns()
    if now < _last_nanoseconds + _STEP:
        now = _last_nanoseconds + _STEP
    _last_nanoseconds = now
    return now


def make_uuid7(nanoseconds: int) -> bytes:
    """Milliseconds, a 12-bit fraction of a millisecond, and random bits (RFC 9562, method 3)."""
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    tail = bytearray(os.urandom(8))
    tail[0] = tail[0] & 0x3F | 0x80
    return (
        (milliseconds & (1 << 48) - 1).to_bytes(6, "big")
        + (0x7000 | fraction).to_bytes(2, "big")
        + bytes(tail)
    )


@implements("uuidv7")
def uuidv7() -> bytes:
    return make_uuid7(_increasing_nanoseconds())


@implements("uuidv7_interval", context=True)
def uuidv7_interval(ctx: object, shift: Interval) -> bytes:
    nanoseconds = _increasing_nanoseconds()
    microseconds = nanoseconds // 1000 - EPOCH_SHIFT
    if shift.months:
        from ..registry import IMPLEMENTATIONS

        plus = IMPLEMENTATIONS["timestamptz_pl_interval"]
        moved = (
            plus.function(ctx, microseconds, shift) if plus.context else plus.function(microseconds, shift)
        )
    else:
        moved = microseconds + shift.days * 86_400_000_000 + shift.microseconds
    return make_uuid7((moved + EPOCH_SHIFT) * 1000 + nanoseconds % 1000)


@implements("uuid_extract_version")
def uuid_extract_version(value: bytes) -> int | None:
    return value[6] >> 4 if value[8] & 0xC0 == 0x80 else None


@implements("uuid_extract_timestamp")
def uuid_extract_timestamp(value: bytes) -> int | None:
    if value[8] & 0xC0 != 0x80:
        return None
    version = value[6] >> 4
    if version == 1:
        high = int.from_bytes(value[6:8], "big") & 0x0FFF
        ticks = high << 48 | int.from_bytes(value[4:6], "big") << 32 | int.from_bytes(value[:4], "big")
        return ticks // 10 - _GREGORIAN_SHIFT
    if version == 7:
        return int.from_bytes(value[:6], "big") * 1000 - EPOCH_SHIFT
    return None
