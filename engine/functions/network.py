"""Functions and operators on inet, cidr, macaddr and macaddr8 (manual section 9.12)."""

from collections.abc import Callable

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE, NUMERIC_VALUE_OUT_OF_RANGE
from ..types.hashing import hash_bytes, hash_bytes_extended
from ..types.network import V4, address_text, cidr_out, inet_out, inet_parts, make_inet

# --- comparison: the bytes order as the values do --------------------------------------------------


def _register_comparisons() -> None:
    tests: dict[str, tuple[str, Callable[[bytes, bytes], bool]]] = {
        "eq": ("==", lambda a, b: a == b),
        "ne": ("!=", lambda a, b: a != b),
        "lt": ("<", lambda a, b: a < b),
        "le": ("<=", lambda a, b: a <= b),
        "gt": (">", lambda a, b: a > b),
        "ge": (">=", lambda a, b: a >= b),
    }
    for suffix, (operator, test) in tests.items():
        names = [f"{prefix}_{suffix}" for prefix in ("network", "macaddr", "macaddr8")]
        implements(*names, inline=f"({{0}} {operator} {{1}})")(test)


_register_comparisons()


@implements("network_cmp", "macaddr_cmp", "macaddr8_cmp")
def network_cmp(a: bytes, b: bytes) -> int:
    return (a > b) - (a < b)


@implements("network_larger")
def network_larger(a: bytes, b: bytes) -> bytes:
    return max(a, b)


@implements("network_smaller")
def network_smaller(a: bytes, b: bytes) -> bytes:
    return min(a, b)


def _hashed(value: bytes) -> bytes:
    family, address, masklen, bits = inet_parts(value)
    return bytes([family, masklen]) + address.to_bytes(bits // 8)


@implements("hashinet")
def hashinet(value: bytes) -> int:
    return hash_bytes(_hashed(value))


@implements("hashinetextended")
def hashinetextended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(_hashed(value), seed)


@implements("hashmacaddr", "hashmacaddr8")
def hashmacaddr(value: bytes) -> int:
    return hash_bytes(value)


@implements("hashmacaddrextended", "hashmacaddr8extended")
def hashmacaddrextended(value: bytes, seed: int) -> int:
    return hash_bytes_extended(value, seed)


# --- inet: containment -----------------------------------------------------------------------------


def _covers(a: bytes, b: bytes) -> bool:
    """Whether the network of a, no longer than b's, holds b."""
    if a[0] != b[0]:
        return False
    _, address_a, masklen, bits = inet_parts(a)
    address_b = inet_parts(b)[1]
    return address_a >> (bits - masklen) == address_b >> (bits - masklen)


@implements("network_sup")
def network_sup(a: bytes, b: bytes) -> bool:
    return inet_parts(a)[2] < inet_parts(b)[2] and _covers(a, b)


@implements("network_supeq")
def network_supeq(a: bytes, b: bytes) -> bool:
    return inet_parts(a)[2] <= inet_parts(b)[2] and _covers(a, b)


@implements("network_sub")
def network_sub(a: bytes, b: bytes) -> bool:
    return network_sup(b, a)


@implements("network_subeq")
def network_subeq(a: bytes, b: bytes) -> bool:
    return network_supeq(b, a)


@implements("network_overlap")
def network_overlap(a: bytes, b: bytes) -> bool:
    return network_supeq(a, b) or network_supeq(b, a)


# --- inet: parts -----------------------------------------------------------------------------------


@implements("network_family")
def network_family(value: bytes) -> int:
    return 4 if value[0] == V4 else 6


@implements("network_masklen")
def network_masklen(value: bytes) -> int:
    return inet_parts(value)[2]


@implements("network_host")
def network_host(value: bytes) -> str:
    return address_text(*inet_parts(value)[:2])


@implements("inet_abbrev")
def inet_abbrev(value: bytes) -> str:
    return inet_out(value)


@implements("cidr_abbrev")
def cidr_abbrev(value: bytes) -> str:
    family, address, masklen, bits = inet_parts(value)
    if family == V4:
        octets = max(1, -(-masklen // 8))
        return ".".join([str(byte) for byte in address.to_bytes(4)[:octets]]) + f"/{masklen}"
    if masklen == 0:
        return "::/0"
    if masklen == bits:
        return cidr_out(value)
    words = address.to_bytes(16)
    count = -(-masklen // 16)
    shown = [f"{int.from_bytes(words[2 * place : 2 * place + 2]):x}" for place in range(count)]
    return _squeezed(shown) + f"/{masklen}"


def _squeezed(words: list[str]) -> str:
    """IPv6 words with the longest run of two or more zeros as ::"""
    best, best_length = -1, 1
    place = 0
    while place < len(words):
        end = place
        while end < len(words) and words[end] == "0":
            end += 1
        if end - place > best_length:
            best, best_length = place, end - place
        place = max(end, place + 1)
    if best < 0:
        return ":".join(words)
    return ":".join(words[:best]) + "::" + ":".join(words[best + best_length :])


@implements("network_broadcast")
def network_broadcast(value: bytes) -> bytes:
    family, address, masklen, bits = inet_parts(value)
    return make_inet(family, address | ((1 << (bits - masklen)) - 1), masklen)


@implements("network_network", "inet_to_cidr")
def network_network(value: bytes) -> bytes:
    family, address, masklen, bits = inet_parts(value)
    return make_inet(family, address >> (bits - masklen) << (bits - masklen), masklen)


@implements("network_netmask")
def network_netmask(value: bytes) -> bytes:
    family, _, masklen, bits = inet_parts(value)
    return make_inet(family, ((1 << masklen) - 1) << (bits - masklen), bits)


@implements("network_hostmask")
def network_hostmask(value: bytes) -> bytes:
    family, _, masklen, bits = inet_parts(value)
    return make_inet(family, (1 << (bits - masklen)) - 1, bits)


def _new_length(value: bytes, masklen: int) -> int:
    bits = inet_parts(value)[3]
    if masklen == -1:
        return bits
    if not 0 <= masklen <= bits:
        raise SqlError(INVALID_PARAMETER_VALUE, f"invalid mask length: {masklen}")
    return masklen


@implements("inet_set_masklen")
def inet_set_masklen(value: bytes, masklen: int) -> bytes:
    family, address, _, _ = inet_parts(value)
    return make_inet(family, address, _new_length(value, masklen))


@implements("cidr_set_masklen")
def cidr_set_masklen(value: bytes, masklen: int) -> bytes:
    return network_network(inet_set_masklen(value, masklen))


@implements("inet_same_family")
def inet_same_family(a: bytes, b: bytes) -> bool:
    return a[0] == b[0]


@implements("inet_merge")
def inet_merge(a: bytes, b: bytes) -> bytes:
    if a[0] != b[0]:
        raise SqlError(INVALID_PARAMETER_VALUE, "cannot merge addresses from different families")
    family, address_a, masklen_a, bits = inet_parts(a)
    _, address_b, masklen_b, _ = inet_parts(b)
    common = min(masklen_a, masklen_b, bits - (address_a ^ address_b).bit_length())
    return make_inet(family, address_a >> (bits - common) << (bits - common), common)


# --- inet: arithmetic ------------------------------------------------------------------------------


def _same_size(a: bytes, b: bytes, what: str) -> None:
    if a[0] != b[0]:
        raise SqlError(INVALID_PARAMETER_VALUE, f"cannot {what} inet values of different sizes")


@implements("inetnot")
def inetnot(value: bytes) -> bytes:
    family, address, masklen, bits = inet_parts(value)
    return make_inet(family, address ^ ((1 << bits) - 1), masklen)


@implements("inetand")
def inetand(a: bytes, b: bytes) -> bytes:
    _same_size(a, b, "AND")
    left, right = inet_parts(a), inet_parts(b)
    return make_inet(a[0], left[1] & right[1], max(left[2], right[2]))


@implements("inetor")
def inetor(a: bytes, b: bytes) -> bytes:
    _same_size(a, b, "OR")
    left, right = inet_parts(a), inet_parts(b)
    return make_inet(a[0], left[1] | right[1], max(left[2], right[2]))


def _moved(value: bytes, distance: int) -> bytes:
    family, address, masklen, bits = inet_parts(value)
    moved = address + distance
    if not 0 <= moved < 1 << bits:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
    return make_inet(family, moved, masklen)


@implements("inetpl")
def inetpl(value: bytes, distance: int) -> bytes:
    return _moved(value, distance)


@implements("inetmi_int8")
def inetmi_int8(value: bytes, distance: int) -> bytes:
    return _moved(value, -distance)


@implements("inetmi")
def inetmi(a: bytes, b: bytes) -> int:
    _same_size(a, b, "subtract")
    distance = inet_parts(a)[1] - inet_parts(b)[1]
    if not -(2**63) <= distance < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range")
    return distance


# --- macaddr ---------------------------------------------------------------------------------------


@implements("macaddr_not", "macaddr8_not")
def macaddr_not(value: bytes) -> bytes:
    return bytes([byte ^ 0xFF for byte in value])


@implements("macaddr_and", "macaddr8_and")
def macaddr_and(a: bytes, b: bytes) -> bytes:
    return bytes([x & y for x, y in zip(a, b, strict=True)])


@implements("macaddr_or", "macaddr8_or")
def macaddr_or(a: bytes, b: bytes) -> bytes:
    return bytes([x | y for x, y in zip(a, b, strict=True)])


@implements("macaddr_trunc", "macaddr8_trunc")
def macaddr_trunc(value: bytes) -> bytes:
    return value[:3] + bytes(len(value) - 3)


@implements("macaddr8_set7bit")
def macaddr8_set7bit(value: bytes) -> bytes:
    return bytes([value[0] | 2]) + value[1:]


@implements("macaddrtomacaddr8")
def macaddrtomacaddr8(value: bytes) -> bytes:
    return value[:3] + b"\xff\xfe" + value[3:]


@implements("macaddr8tomacaddr")
def macaddr8tomacaddr(value: bytes) -> bytes:
    if value[3:5] != b"\xff\xfe":
        raise SqlError(
            NUMERIC_VALUE_OUT_OF_RANGE,
            "macaddr8 data out of range to convert to macaddr",
            hint="Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for "
            "example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.",
        )
    return value[:3] + value[5:]
