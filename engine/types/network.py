"""inet, cidr, macaddr, macaddr8 (manual sections 8.9 and 9.12).

All are bytes that order as PostgreSQL orders the values. A macaddr is its 6 (8) bytes. An inet or cidr is
family (2: IPv4, 3: IPv6), the address with the host bits cleared, the mask length, the address.
"""

import re
import socket
from typing import NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_BINARY_REPRESENTATION, INVALID_TEXT_REPRESENTATION

V4, V6 = 2, 3
_OCTETS = re.compile(r"(\d{1,10}(?:\.\d{1,10}){0,3})(?:/(\d{1,9}))?")


def make_inet(family: int, address: int, masklen: int) -> bytes:
    """The value of an address."""
    size = 4 if family == V4 else 16
    host_bits = size * 8 - masklen
    network = address >> host_bits << host_bits
    return bytes([family]) + network.to_bytes(size) + bytes([masklen]) + address.to_bytes(size)


def inet_parts(value: bytes) -> tuple[int, int, int, int]:
    """(family, address, mask length, bits of an address)"""
    size = (len(value) - 2) // 2
    return value[0], int.from_bytes(value[size + 2 :]), value[size + 1], size * 8


def address_text(family: int, address: int) -> str:
    """An address without mask length."""
    if family == V4:
        return ".".join([str(byte) for byte in address.to_bytes(4)])
    return socket.inet_ntop(socket.AF_INET6, address.to_bytes(16))


def _invalid(text: str, typename: str) -> NoReturn:
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type {typename}: "{text}"')


def parse_inet(text: str, is_cidr: bool) -> bytes:
    """Text as inet_in and cidr_in take it."""
    typename = "cidr" if is_cidr else "inet"
    family, address, masklen = (
        _parse_v6(text, typename) if ":" in text else _parse_v4(text, typename, is_cidr)
    )
    host_bits = (32 if family == V4 else 128) - masklen
    if is_cidr and address & ((1 << host_bits) - 1):
        raise SqlError(
            INVALID_TEXT_REPRESENTATION,
            f'invalid cidr value: "{text}"',
            detail="Value has bits set to right of mask.",
        )
    return make_inet(family, address, masklen)


def _parse_v4(text: str, typename: str, is_cidr: bool) -> tuple[int, int, int]:
    match = _OCTETS.fullmatch(text)
    if match is None or not text.isascii():
        _invalid(text, typename)
    octets = [int(part) for part in match.group(1).split(".")]
    masklen = -1 if match.group(2) is None else int(match.group(2))
    if max(octets) > 255 or masklen > 32:
        _invalid(text, typename)
    if masklen < 0:
        if len(octets) == 4:
            masklen = 32
        elif not is_cidr:
            _invalid(text, typename)
        else:
            masklen = _class_bits(octets[0])
            masklen = 8 if masklen == 4 and octets[0] != 224 else masklen
            masklen = max(masklen, len(octets) * 8)
            if octets[0] == 224 and len(octets) == 1:
                masklen = 4
    octets += [0] * (4 - len(octets))
    return V4, int.from_bytes(bytes(octets)), masklen


def _class_bits(first: int) -> int:
    """The default mask length of an address class."""
    if first >= 240:
        return 32
    if first >= 224:
        return 4
    return 24 if first >= 192 else 16 if first >= 128 else 8


def _parse_v6(text: str, typename: str) -> tuple[int, int, int]:
    address, slash, bits = text.partition("/")
    if slash and not (bits.isascii() and bits.isdigit() and len(bits) < 4 and int(bits) <= 128):
        _invalid(text, typename)
    try:
        packed = socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):
        _invalid(text, typename)
    return V6, int.from_bytes(packed), int(bits) if slash else 128


@implements("inet_in")
def inet_in(text: str) -> bytes:
    return parse_inet(text, False)


@implements("cidr_in")
def cidr_in(text: str) -> bytes:
    return parse_inet(text, True)


@implements("inet_out")
def inet_out(value: bytes) -> str:
    family, address, masklen, bits = inet_parts(value)
    text = address_text(family, address)
    return text if masklen == bits else f"{text}/{masklen}"


@implements("cidr_out", "network_show")
def cidr_out(value: bytes) -> str:
    family, address, masklen, _ = inet_parts(value)
    return f"{address_text(family, address)}/{masklen}"


def _send(value: bytes, is_cidr: bool) -> bytes:
    _, _, masklen, bits = inet_parts(value)
    size = bits // 8
    return bytes([value[0], masklen, is_cidr, size]) + value[size + 2 :]


@implements("inet_send")
def inet_send(value: bytes) -> bytes:
    return _send(value, False)


@implements("cidr_send")
def cidr_send(value: bytes) -> bytes:
    return _send(value, True)


def _receive(data: bytes, typename: str) -> bytes:
    def refuse(what: str) -> NoReturn:
        raise SqlError(INVALID_BINARY_REPRESENTATION, f'invalid {what} in external "{typename}" value')

    if len(data) < 4:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message")
    family, masklen, _, size = data[:4]
    if family not in (V4, V6):
        refuse("address family")
    expected = 4 if family == V4 else 16
    if masklen > expected * 8:
        refuse("bits")
    if size != expected or len(data) != 4 + size:
        refuse("length")
    address = int.from_bytes(data[4:])
    if typename == "cidr" and address & ((1 << (size * 8 - masklen)) - 1):
        raise SqlError(
            INVALID_BINARY_REPRESENTATION,
            'invalid external "cidr" value',
            detail="Value has bits set to right of mask.",
        )
    return make_inet(family, address, masklen)


@implements("inet_recv")
def inet_recv(data: bytes) -> bytes:
    return _receive(data, "inet")


@implements("cidr_recv")
def cidr_recv(data: bytes) -> bytes:
    return _receive(data, "cidr")


# --- macaddr ---------------------------------------------------------------------------------------

_HEX = "[0-9a-fA-F]"
_MAC_FORMS = [
    re.compile(pattern.replace("h", _HEX))
    for pattern in (
        r"(h{1,2}):(h{1,2}):(h{1,2}):(h{1,2}):(h{1,2}):(h{1,2})",
        r"(h{1,2})-(h{1,2})-(h{1,2})-(h{1,2})-(h{1,2})-(h{1,2})",
        r"(h{2})(h{2})(h{2})[:-](h{2})(h{2})(h{2})",
        r"(h{2})(h{2})([.-]?)(h{2})(h{2})\3(h{2})(h{2})",
    )
]
_MAC8 = re.compile(r"h{2}(?:([:.-]?)h{2})(?:[:.-]?h{2}){4}(?:(?:[:.-]?h{2}){2})?".replace("h", _HEX))


@implements("macaddr_in")
def macaddr_in(text: str) -> bytes:
    stripped = text.strip()
    for form in _MAC_FORMS:
        match = form.fullmatch(stripped)
        if match is not None:
            return bytes([int(part, 16) for part in match.groups() if part not in ("", ".", "-")])
    _invalid(text, "macaddr")


@implements("macaddr8_in")
def macaddr8_in(text: str) -> bytes:
    stripped = text.strip()
    separators = {char for char in stripped if char in ":.-"}
    if _MAC8.fullmatch(stripped) is None or len(separators) > 1:
        _invalid(text, "macaddr8")
    data = bytes.fromhex("".join([char for char in stripped if char not in ":.-"]))
    return data if len(data) == 8 else data[:3] + b"\xff\xfe" + data[3:]


@implements("macaddr_out", "macaddr8_out", inline="{0}.hex(':')")
def macaddr_out(value: bytes) -> str:
    return value.hex(":")


@implements("macaddr_send", "macaddr8_send", inline="{0}")
def macaddr_send(value: bytes) -> bytes:
    return value


@implements("macaddr_recv")
def macaddr_recv(data: bytes) -> bytes:
    if len(data) != 6:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return bytes(data)


@implements("macaddr8_recv")
def macaddr8_recv(data: bytes) -> bytes:
    if len(data) not in (6, 8):
        raise SqlError(INVALID_BINARY_REPRESENTATION, "incorrect binary data format")
    return bytes(data) if len(data) == 8 else data[:3] + b"\xff\xfe" + data[3:]
