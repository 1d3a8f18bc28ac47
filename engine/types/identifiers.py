"""Number-like system types: oid, xid, xid8, cid, tid and "char"."""

import re
import struct
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROTOCOL_VIOLATION,
)
from .hashing import fold_int8, hash_bytes, hash_bytes_extended, hash_uint32, hash_uint32_extended
from .integers import BLANKS, register_comparisons

_C_INTEGER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))")


def parse_unsigned(text: str, typename: str, bits: int) -> int:
    """As C's strtoul with base 0: octal and hexadecimal prefixes, and small negative numbers wrap."""
    match = _C_INTEGER.fullmatch(text.strip(BLANKS))
    if match is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type {typename}: "{text}"')
    sign, hexadecimal, octal, decimal = match.groups()
    if len(text) < 200:
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
        if sign == "-":
            value = -value
        least = -(2**31) if bits == 32 else -(2**64) + 1
        if least <= value < 2**bits:
            return value % 2**bits
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type {typename}')


@implements("oidin")
def oidin(text: str) -> int:
    return parse_unsigned(text, "oid", 32)


@implements("xidin")
def xidin(text: str) -> int:
    return parse_unsigned(text, "xid", 32)


@implements("cidin")
def cidin(text: str) -> int:
    return parse_unsigned(text, "cid", 32)


@implements("xid8in")
def xid8in(text: str) -> int:
    return parse_unsigned(text, "xid8", 64)


@implements("oidout", "xidout", "cidout", "xid8out", inline="str({0})")
def oidout(value: int) -> str:
    return str(value)


def receive_unsigned(data: bytes, size: int) -> int:
    """Exactly `size` bytes as an unsigned integer."""
    if len(data) != size:
        if len(data) < size:
            raise SqlError(PROTOCOL_VIOLATION, "insufficient data left in message")
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return int.from_bytes(data, "big")


@implements("oidrecv", "xidrecv", "cidrecv")
def oidrecv(data: bytes) -> int:
    return receive_unsigned(data, 4)


@implements("xid8recv")
def xid8recv(data: bytes) -> int:
    return receive_unsigned(data, 8)


@implements("oidsend", "xidsend", "cidsend", inline="({0}).to_bytes(4, 'big')")
def oidsend(value: int) -> bytes:
    return value.to_bytes(4, "big")


@implements("xid8send", inline="({0}).to_bytes(8, 'big')")
def xid8send(value: int) -> bytes:
    return value.to_bytes(8, "big")


register_comparisons("oid{}", "xid8{}", "tid{}", "char{}")
implements("xideq", "cideq", inline="({0} == {1})")(lambda a, b: a == b)
implements("xidneq", inline="({0} != {1})")(lambda a, b: a != b)


@implements("btoidcmp", "xid8cmp", "bttidcmp", "btcharcmp")
def btoidcmp(a: Any, b: Any) -> int:
    return (a > b) - (a < b)


@implements("oidlarger", "xid8_larger", "tidlarger", inline="({0} if {0} > {1} else {1})")
def oidlarger(a: int, b: int) -> int:
    return a if a > b else b


@implements("oidsmaller", "xid8_smaller", "tidsmaller", inline="({0} if {0} < {1} else {1})")
def oidsmaller(a: int, b: int) -> int:
    return a if a < b else b


@implements("xid8toxid", inline="({0} & 4294967295)")
def xid8toxid(value: int) -> int:
    return value & 0xFFFFFFFF


@implements("hashoid", "hashxid", "hashcid")
def hashoid(value: int) -> int:
    return hash_uint32(value)


@implements("hashenum")
def hashenum(value: int) -> int:
    return hash_uint32(value)


@implements("hashoidextended", "hashxidextended", "hashcidextended", "hashenumextended")
def hashoidextended(value: int, seed: int) -> int:
    return hash_uint32_extended(value, seed)


@implements("hashxid8")
def hashxid8(value: int) -> int:
    return hash_uint32(fold_int8(value))


@implements("hashoidvector")
def hashoidvector(value: Any) -> int:
    return hash_bytes(struct.pack(f"<{len(value.items)}I", *value.items))


# --- tid: the row id, shown as (its upper bits, its lowest 16 bits) -----------------------------------

_TID = re.compile(r"\(([ \t]*[+-]?[0-9]+),([ \t]*[+-]?[0-9]+)\).*", re.DOTALL)


@implements("tidin")
def tidin(text: str) -> int:
    match = _TID.fullmatch(text.lstrip(BLANKS))
    if match is not None:
        block, offset = int(match.group(1)), int(match.group(2))
        if block < 0 and block >= -(2**31):
            block += 2**32
        if 0 <= block < 2**47 and 0 <= offset < 2**16:
            return block << 16 | offset
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type tid: "{text}"')


@implements("tidout")
def tidout(value: int) -> str:
    return f"({value >> 16},{value & 0xFFFF})"


@implements("tidrecv")
def tidrecv(data: bytes) -> int:
    return receive_unsigned(data, 6)


@implements("tidsend")
def tidsend(value: int) -> bytes:
    return (value & 0xFFFFFFFFFFFF).to_bytes(6, "big")


@implements("hashtid")
def hashtid(value: int) -> int:
    block = value >> 16
    return hash_bytes(struct.pack("<HHH", block >> 16 & 0xFFFF, block & 0xFFFF, value & 0xFFFF))


# --- "char": one byte, kept as the character with that code --------------------------------------------

_OCTAL = re.compile(r"\\([0-3][0-7][0-7])")


@implements("charin", "text_char")
def charin(text: str) -> str:
    match = _OCTAL.fullmatch(text)
    code = int(match.group(1), 8) if match else text.encode()[0] if text else 0
    return chr(code) if code else ""


@implements("charout", "char_text")
def charout(value: str) -> str:
    return f"\\{ord(value):03o}" if value > "\x7f" else value


implements("char_bpchar")(charout)


@implements("charrecv")
def charrecv(data: bytes) -> str:
    code = receive_unsigned(data, 1)
    return chr(code) if code else ""


@implements("charsend")
def charsend(value: str) -> bytes:
    return value.encode("latin-1") if value else b"\0"


@implements("chartoi4")
def chartoi4(value: str) -> int:
    code = ord(value) if value else 0
    return code - 256 if code > 127 else code


@implements("i4tochar")
def i4tochar(value: int) -> str:
    if not -128 <= value <= 127:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, '"char" out of range')
    return chr(value & 0xFF) if value else ""


@implements("hashchar")
def hashchar(value: str) -> int:
    return hash_uint32(chartoi4(value))


@implements("hashcharextended")
def hashcharextended(value: str, seed: int) -> int:
    return hash_uint32_extended(chartoi4(value), seed)


@implements("hashvarlena")
def hashvarlena(value: bytes) -> int:
    return hash_bytes(value)


@implements("hashvarlenaextended")
def hashvarlenaextended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(value, seed)
