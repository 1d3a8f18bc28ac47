"""Functions and operators on ranges (manual section 9.20)."""

from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import DATA_EXCEPTION, SYNTAX_ERROR
from ..types.hashing import hash_uint32
from ..types.ranges import (
    Key,
    RangeInfo,
    empty_range,
    lower_key,
    make_range,
    range_flags,
    range_info,
    range_key,
    upper_key,
)
from ..values import Range

# --- what the operators mean ----------------------------------------------------------------------------


def bounds(info: RangeInfo, value: Range) -> tuple[Key, Key]:
    """The keys of both bounds."""
    return lower_key(value, info.key), upper_key(value, info.key)


def overlaps(info: RangeInfo, a: Range, b: Range) -> bool:
    """&&"""
    if a.empty or b.empty:
        return False
    (low_a, high_a), (low_b, high_b) = bounds(info, a), bounds(info, b)
    return low_a <= high_b and low_b <= high_a


def contains(info: RangeInfo, a: Range, b: Range) -> bool:
    """@>"""
    if b.empty:
        return True
    if a.empty:
        return False
    (low_a, high_a), (low_b, high_b) = bounds(info, a), bounds(info, b)
    return low_a <= low_b and high_a >= high_b


def contains_element(info: RangeInfo, a: Range, element: Any) -> bool:
    """@> of a value."""
    if a.empty:
        return False
    low, high = bounds(info, a)
    key = (1, info.key(element), 0)
    return low <= key <= high


def before(info: RangeInfo, a: Range, b: Range) -> bool:
    """<<"""
    return not a.empty and not b.empty and upper_key(a, info.key) < lower_key(b, info.key)


def after(info: RangeInfo, a: Range, b: Range) -> bool:
    """>>"""
    return before(info, b, a)


def overleft(info: RangeInfo, a: Range, b: Range) -> bool:
    """&<"""
    return not a.empty and not b.empty and upper_key(a, info.key) <= upper_key(b, info.key)


def overright(info: RangeInfo, a: Range, b: Range) -> bool:
    """&>"""
    return not a.empty and not b.empty and lower_key(a, info.key) >= lower_key(b, info.key)


def touches(info: RangeInfo, a: Range, b: Range) -> bool:
    """Whether b starts exactly where a ends."""
    if a.upper is None or b.lower is None:
        return False
    high, low = info.key(a.upper), info.key(b.lower)
    if high == low:
        return a.upper_inc != b.lower_inc
    if high > low or info.canonical is None:
        return False
    return make_range(info, a.upper, b.lower, not a.upper_inc, not b.lower_inc).empty


def adjacent(info: RangeInfo, a: Range, b: Range) -> bool:
    """-|-"""
    return not a.empty and not b.empty and (touches(info, a, b) or touches(info, b, a))


def contained(info: RangeInfo, a: Range, b: Range) -> bool:
    """<@"""
    return contains(info, b, a)


def union(info: RangeInfo, a: Range, b: Range, strict: bool = False) -> Range:
    """+: an error if `strict` and there is a gap."""
    if a.empty:
        return b
    if b.empty:
        return a
    if strict and not overlaps(info, a, b) and not adjacent(info, a, b):
        raise SqlError(DATA_EXCEPTION, "result of range union would not be contiguous")
    low = a if lower_key(a, info.key) <= lower_key(b, info.key) else b
    high = a if upper_key(a, info.key) >= upper_key(b, info.key) else b
    return Range(info.typid, low.lower, high.upper, low.lower_inc, high.upper_inc)


def intersect(info: RangeInfo, a: Range, b: Range) -> Range:
    """*"""
    if not overlaps(info, a, b):
        return empty_range(info.typid)
    low = a if lower_key(a, info.key) >= lower_key(b, info.key) else b
    high = a if upper_key(a, info.key) <= upper_key(b, info.key) else b
    return make_range(info, low.lower, high.upper, low.lower_inc, high.upper_inc)


def subtract(info: RangeInfo, a: Range, b: Range) -> list[Range]:
    """What of a is not in b: none, one or two ranges."""
    if not overlaps(info, a, b):
        return [] if a.empty else [a]
    found = []
    if lower_key(a, info.key) < lower_key(b, info.key):
        found.append(make_range(info, a.lower, b.lower, a.lower_inc, not b.lower_inc))
    if upper_key(a, info.key) > upper_key(b, info.key):
        found.append(make_range(info, b.upper, a.upper, not b.upper_inc, a.upper_inc))
    return [item for item in found if not item.empty]


def minus(info: RangeInfo, a: Range, b: Range) -> Range:
    """-: an error if two parts are left."""
    found = subtract(info, a, b)
    if len(found) > 1:
        raise SqlError(DATA_EXCEPTION, "result of range difference would not be contiguous")
    return found[0] if found else empty_range(info.typid)


# --- registration ------------------------------------------------------------------------------------------


def _binary(name: str, function: Callable[[RangeInfo, Range, Range], Any]) -> None:
    @implements(name, bind=True)
    def bind(site: CallSite) -> Callable[[Range, Range], bool]:
        catalog = site.catalog
        return lambda a, b: function(range_info(catalog, a.typid), a, b)


_binary("range_overlaps", overlaps)
_binary("range_contains", contains)
_binary("range_contained_by", contained)
_binary("range_before", before)
_binary("range_after", after)
_binary("range_overleft", overleft)
_binary("range_overright", overright)
_binary("range_adjacent", adjacent)
_binary("range_union", lambda info, a, b: union(info, a, b, True))
_binary("range_merge", union)
_binary("range_intersect", intersect)
_binary("range_intersect_agg_transfn", intersect)
_binary("range_minus", minus)
_binary("range_contains_elem", contains_element)


@implements("elem_contained_by_range", bind=True)
def elem_contained_by_range(site: CallSite) -> Callable[[Any, Range], bool]:
    return lambda element, a: contains_element(range_info(site.catalog, a.typid), a, element)


def _compare(info: RangeInfo, a: Range, b: Range) -> int:
    left, right = range_key(a, info.key), range_key(b, info.key)
    return (left > right) - (left < right)


def register_tests(
    prefix: str, register: Callable[[str, Any], None], compare: Callable[[RangeInfo, Any, Any], int]
) -> None:
    """The six comparison operators and the btree support function."""
    register(f"{prefix}_cmp", compare)
    register(f"{prefix}_eq", lambda info, a, b: compare(info, a, b) == 0)
    register(f"{prefix}_ne", lambda info, a, b: compare(info, a, b) != 0)
    register(f"{prefix}_lt", lambda info, a, b: compare(info, a, b) < 0)
    register(f"{prefix}_le", lambda info, a, b: compare(info, a, b) <= 0)
    register(f"{prefix}_gt", lambda info, a, b: compare(info, a, b) > 0)
    register(f"{prefix}_ge", lambda info, a, b: compare(info, a, b) >= 0)


register_tests("range", _binary, _compare)


# --- parts -------------------------------------------------------------------------------------------------


@implements("range_lower")
def range_lower(value: Range) -> Any:
    return value.lower


@implements("range_upper")
def range_upper(value: Range) -> Any:
    return value.upper


@implements("range_empty")
def range_empty(value: Range) -> bool:
    return value.empty


@implements("range_lower_inc")
def range_lower_inc(value: Range) -> bool:
    return value.lower_inc


@implements("range_upper_inc")
def range_upper_inc(value: Range) -> bool:
    return value.upper_inc


@implements("range_lower_inf")
def range_lower_inf(value: Range) -> bool:
    return not value.empty and value.lower is None


@implements("range_upper_inf")
def range_upper_inf(value: Range) -> bool:
    return not value.empty and value.upper is None


_FLAGS = {"[]": (True, True), "[)": (True, False), "(]": (False, True), "()": (False, False)}


@implements("range_constructor2", "range_constructor3", bind=True)
def range_constructor(site: CallSite) -> Callable[..., Range]:
    info = range_info(site.catalog, site.result_type)

    def construct(lower: Any, upper: Any, flags: str | None = "[)") -> Range:
        if flags is None:
            raise SqlError(DATA_EXCEPTION, "range constructor flags argument must not be null")
        inclusive = _FLAGS.get(flags)
        if inclusive is None:
            raise SqlError(
                SYNTAX_ERROR,
                "invalid range bound flags",
                hint='Valid values are "[]", "[)", "(]", and "()".',
            )
        return make_range(info, lower, upper, *inclusive)

    return construct


# --- hashing ------------------------------------------------------------------------------------------------


def hash_of(info: RangeInfo, value: Range) -> int:
    """hash_range, unsigned."""
    from .generic import _hash_function

    function = _hash_function(info.catalog, info.subtype)
    result = hash_uint32(range_flags(value)) & 0xFFFFFFFF
    if value.lower is not None:
        result ^= function(value.lower) & 0xFFFFFFFF
    result = (result << 1 | result >> 31) & 0xFFFFFFFF
    if value.upper is not None:
        result ^= function(value.upper) & 0xFFFFFFFF
    return result


def signed(value: int, bits: int) -> int:
    """An unsigned number as a signed one."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@implements("hash_range", bind=True)
def hash_range(site: CallSite) -> Callable[[Range], int]:
    return lambda value: signed(hash_of(range_info(site.catalog, value.typid), value), 32)


def _subdiff(a: Any, b: Any) -> float:
    return float(a - b)


implements("int4range_subdiff", "int8range_subdiff", "numrange_subdiff", "daterange_subdiff")(_subdiff)


@implements("tsrange_subdiff", "tstzrange_subdiff")
def tsrange_subdiff(a: int, b: int) -> float:
    return (a - b) / 1_000_000
