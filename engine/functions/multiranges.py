"""Functions and operators on multiranges (manual section 9.20), range_agg."""

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import CARDINALITY_VIOLATION, NULL_VALUE_NOT_ALLOWED
from ..types.ranges import RangeInfo, empty_range, make_multirange, multirange_key, range_info
from ..values import Array, Multirange, Range
from . import ranges

Operand = Range | Multirange


def _parts(value: Operand) -> tuple[Range, ...]:
    """The ranges of a multirange, or the range alone (none, if it is empty)."""
    if isinstance(value, Multirange):
        return value.ranges
    return () if value.empty else (value,)


def overlaps(info: RangeInfo, a: Operand, b: Operand) -> bool:
    """&&"""
    return any(ranges.overlaps(info, x, y) for x in _parts(a) for y in _parts(b))


def contains(info: RangeInfo, a: Operand, b: Operand) -> bool:
    """@>"""
    return all(any(ranges.contains(info, x, y) for x in _parts(a)) for y in _parts(b))


def contained(info: RangeInfo, a: Operand, b: Operand) -> bool:
    """<@"""
    return contains(info, b, a)


def contains_element(info: RangeInfo, a: Multirange, element: Any) -> bool:
    """@> of a value."""
    return any(ranges.contains_element(info, item, element) for item in a.ranges)


def _ends(test: Callable[[RangeInfo, Range, Range], bool], first: int, second: int) -> Any:
    """A test of one end range of each operand; false if one has none."""

    def run(info: RangeInfo, a: Operand, b: Operand) -> bool:
        left, right = _parts(a), _parts(b)
        return bool(left) and bool(right) and test(info, left[first], right[second])

    return run


before = _ends(ranges.before, -1, 0)
after = _ends(ranges.after, 0, -1)
overleft = _ends(ranges.overleft, -1, -1)
overright = _ends(ranges.overright, 0, 0)


def adjacent(info: RangeInfo, a: Operand, b: Operand) -> bool:
    """-|-: only the outer ends count."""
    left, right = _parts(a), _parts(b)
    if not left or not right:
        return False
    return ranges.touches(info, left[-1], right[0]) or ranges.touches(info, right[-1], left[0])


def _register(name: str, function: Callable[[RangeInfo, Any, Any], Any]) -> None:
    @implements(name, bind=True)
    def bind(site: CallSite) -> Callable[[Any, Any], bool]:
        catalog = site.catalog
        return lambda a, b: function(range_info(catalog, a.typid), a, b)


for _name, _function in (
    ("overlaps", overlaps),
    ("before", before),
    ("after", after),
    ("overleft", overleft),
    ("overright", overright),
    ("adjacent", adjacent),
):
    for _pair in ("multirange_{}_multirange", "multirange_{}_range", "range_{}_multirange"):
        _register(_pair.format(_name), _function)
for _name, _function in (("contains", contains), ("contained_by", contained)):
    for _pair in ("multirange_{}_multirange", "multirange_{}_range", "range_{}_multirange"):
        _register(_pair.format(_name), _function)
_register("multirange_contains_elem", contains_element)


@implements("elem_contained_by_multirange", bind=True)
def elem_contained_by_multirange(site: CallSite) -> Callable[[Any, Multirange], bool]:
    return lambda element, a: contains_element(range_info(site.catalog, a.typid), a, element)


def _compare(info: RangeInfo, a: Multirange, b: Multirange) -> int:
    left, right = multirange_key(a, info.key), multirange_key(b, info.key)
    return (left > right) - (left < right)


ranges.register_tests("multirange", _register, _compare)

# --- arithmetic ---------------------------------------------------------------------------------------------


def union(info: RangeInfo, a: Multirange, b: Multirange) -> Multirange:
    """+"""
    return make_multirange(info, a.ranges + b.ranges)


def intersect(info: RangeInfo, a: Multirange, b: Multirange) -> Multirange:
    """*"""
    return make_multirange(info, [ranges.intersect(info, x, y) for x in a.ranges for y in b.ranges])


def minus(info: RangeInfo, a: Multirange, b: Multirange) -> Multirange:
    """-"""
    left = list(a.ranges)
    for cut in b.ranges:
        left = [part for item in left for part in ranges.subtract(info, item, cut)]
    return make_multirange(info, left)


_register("multirange_union", union)
_register("multirange_intersect", intersect)
_register("multirange_intersect_agg_transfn", intersect)
_register("multirange_minus", minus)


@implements("range_merge_from_multirange", bind=True)
def range_merge_from_multirange(site: CallSite) -> Callable[[Multirange], Range]:
    def merge(value: Multirange) -> Range:
        info = range_info(site.catalog, value.typid)
        if not value.ranges:
            return empty_range(info.typid)
        return ranges.union(info, value.ranges[0], value.ranges[-1])

    return merge


# --- parts ------------------------------------------------------------------------------------------------


@implements("multirange_lower")
def multirange_lower(value: Multirange) -> Any:
    return value.ranges[0].lower if value.ranges else None


@implements("multirange_upper")
def multirange_upper(value: Multirange) -> Any:
    return value.ranges[-1].upper if value.ranges else None


@implements("multirange_empty")
def multirange_empty(value: Multirange) -> bool:
    return not value.ranges


@implements("multirange_lower_inc")
def multirange_lower_inc(value: Multirange) -> bool:
    return bool(value.ranges) and value.ranges[0].lower_inc


@implements("multirange_upper_inc")
def multirange_upper_inc(value: Multirange) -> bool:
    return bool(value.ranges) and value.ranges[-1].upper_inc


@implements("multirange_lower_inf")
def multirange_lower_inf(value: Multirange) -> bool:
    return bool(value.ranges) and value.ranges[0].lower is None


@implements("multirange_upper_inf")
def multirange_upper_inf(value: Multirange) -> bool:
    return bool(value.ranges) and value.ranges[-1].upper is None


@implements("multirange_unnest")
def multirange_unnest(value: Multirange) -> Iterable[Range]:
    return value.ranges


# --- making -----------------------------------------------------------------------------------------------


@implements("multirange_constructor0", bind=True)
def multirange_constructor0(site: CallSite) -> Callable[[], Multirange]:
    return lambda: Multirange(site.result_type, ())


@implements("multirange_constructor1", bind=True)
def multirange_constructor1(site: CallSite) -> Callable[[Range], Multirange]:
    info = range_info(site.catalog, site.result_type)
    return lambda value: make_multirange(info, [value])


@implements("multirange_constructor2", bind=True)
def multirange_constructor2(site: CallSite) -> Callable[[Array], Multirange]:
    info = range_info(site.catalog, site.result_type)

    def construct(array: Array) -> Multirange:
        if len(array.dims) > 1:
            raise SqlError(
                CARDINALITY_VIOLATION, "multiranges cannot be constructed from multidimensional arrays"
            )
        if None in array.items:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, "multirange values cannot contain null members")
        return make_multirange(info, array.items)

    return construct


@implements("range_agg_transfn")
def range_agg_transfn(state: list[Range] | None, value: Range | None) -> list[Range]:
    state = [] if state is None else state
    if value is not None:
        state.append(value)
    return state


@implements("multirange_agg_transfn")
def multirange_agg_transfn(state: list[Range] | None, value: Multirange | None) -> list[Range]:
    state = [] if state is None else state
    if value is not None:
        state.extend(value.ranges or (empty_range(0),))
    return state


@implements("range_agg_finalfn", bind=True)
def range_agg_finalfn(site: CallSite) -> Callable[..., Multirange | None]:
    info = range_info(site.catalog, site.result_type)
    return lambda state, *_: make_multirange(info, state) if state else None


@implements("hash_multirange", bind=True)
def hash_multirange(site: CallSite) -> Callable[[Multirange], int]:
    def run(value: Multirange) -> int:
        info = range_info(site.catalog, value.typid)
        result = 1
        for item in value.ranges:
            result = (result * 31 + ranges.hash_of(info, item)) & 0xFFFFFFFF
        return ranges.signed(result, 32)

    return run
