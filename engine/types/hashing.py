"""PostgreSQL's hash functions (common/hashfn.c: Bob Jenkins' lookup3), whose values users can see.

hashtext() and friends partition data in applications, so they must answer as PostgreSQL's on a
little-endian machine. Hash joins and aggregates do not come here: see compare.hash_key_template.
"""

import struct

_MASK = 0xFFFFFFFF


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    m = _MASK
    a = (a - c) & m
    a ^= (c << 4 | c >> 28) & m
    c = (c + b) & m
    b = (b - a) & m
    b ^= (a << 6 | a >> 26) & m
    a = (a + c) & m
    c = (c - b) & m
    c ^= (b << 8 | b >> 24) & m
    b = (b + a) & m
    a = (a - c) & m
    a ^= (c << 16 | c >> 16) & m
    c = (c + b) & m
    b = (b - a) & m
    b ^= (a << 19 | a >> 13) & m
    a = (a + c) & m
    c = (c - b) & m
    c ^= (b << 4 | b >> 28) & m
    b = (b + a) & m
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int]:
    m = _MASK
    c = ((c ^ b) - ((b << 14 | b >> 18) & m)) & m
    a = ((a ^ c) - ((c << 11 | c >> 21) & m)) & m
    b = ((b ^ a) - ((a << 25 | a >> 7) & m)) & m
    c = ((c ^ b) - ((b << 16 | b >> 16) & m)) & m
    a = ((a ^ c) - ((c << 4 | c >> 28) & m)) & m
    b = ((b ^ a) - ((a << 14 | a >> 18) & m)) & m
    c = ((c ^ b) - ((b << 24 | b >> 8) & m)) & m
    return b, c


def _hash(data: bytes, seed: int) -> tuple[int, int]:
    length = len(data)
    a = b = c = (0x9E3779B9 + length + 3923095) & _MASK
    if seed:
        a = (a + (seed >> 32)) & _MASK
        b = (b + (seed & _MASK)) & _MASK
        a, b, c = _mix(a, b, c)
    whole = length // 12 * 12
    for x, y, z in struct.iter_unpack("<III", data[:whole]):
        a, b, c = _mix((a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK)
    tail = data[whole:]
    a += int.from_bytes(tail[:4], "little")
    b += int.from_bytes(tail[4:8], "little")
    c += int.from_bytes(tail[8:], "little") << 8  # the lowest byte of c is the length's
    return _final(a & _MASK, b & _MASK, c & _MASK)


def _signed32(value: int) -> int:
    return value - 0x100000000 if value & 0x80000000 else value


def _signed64(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def hash_bytes(data: bytes) -> int:
    """hash_any(): a signed 32-bit hash."""
    return _signed32(_hash(data, 0)[1])


def hash_bytes_extended(data: bytes, seed: int) -> int:
    """hash_any_extended(): a signed 64-bit hash with a seed."""
    high, low = _hash(data, seed & 0xFFFFFFFFFFFFFFFF)
    return _signed64(high << 32 | low)


def hash_uint32(value: int) -> int:
    """hash_uint32(): of four bytes, cheaper than hash_bytes but not equal to it."""
    a = b = c = (0x9E3779B9 + 4 + 3923095) & _MASK
    return _signed32(_final((a + (value & _MASK)) & _MASK, b, c)[1])


def hash_uint32_extended(value: int, seed: int) -> int:
    """hash_uint32_extended()."""
    a = b = c = (0x9E3779B9 + 4 + 3923095) & _MASK
    seed &= 0xFFFFFFFFFFFFFFFF
    if seed:
        a = (a + (seed >> 32)) & _MASK
        b = (b + (seed & _MASK)) & _MASK
        a, b, c = _mix(a, b, c)
    high, low = _final((a + (value & _MASK)) & _MASK, b, c)
    return _signed64(high << 32 | low)


def fold_int8(value: int) -> int:
    """The 32 bits that stand for an int8, equal to the int4 of the same value."""
    low = value & _MASK
    high = (value >> 32) & _MASK
    return low ^ (high if value >= 0 else ~high & _MASK)
