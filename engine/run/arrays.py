"""Arrays at run time: three-valued ANY and ALL, subscripts, slices, assignment."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    ARRAY_SUBSCRIPT_ERROR,
    FEATURE_NOT_SUPPORTED,
    NULL_VALUE_NOT_ALLOWED,
    PROGRAM_LIMIT_EXCEEDED,
)
from ..values import Array

DIMENSIONS_MAX = 6
NAME_BYTES = 64
ITEMS_MAX = 134_217_727


def any_of(results: list[bool | None]) -> bool | None:
    """OR of three-valued results."""
    if True in results:
        return True
    return None if None in results else False


def all_of(results: list[bool | None]) -> bool | None:
    """AND of three-valued results."""
    if False in results:
        return False
    return None if None in results else True


def hashed_items(array: Array | None, key: Callable[[Any], Any] | None) -> tuple[Any, bool]:
    """(the set of the items' hash keys, whether there is a NULL); (None, False) for a NULL array."""
    if array is None:
        return None, False
    items = array.items
    has_null = None in items
    if key is None:
        return frozenset([item for item in items if item is not None]), has_null
    return frozenset([key(item) for item in items if item is not None]), has_null


def stack_arrays(elemtype: int, arrays: Sequence[Array | None]) -> Array:
    """An array one dimension higher, of arrays of equal shape."""
    shapes = {(item.dims, item.lowers) if item is not None else ((), ()) for item in arrays}
    if len(shapes) > 1:
        raise SqlError(
            ARRAY_SUBSCRIPT_ERROR,
            "multidimensional arrays must have array expressions with matching dimensions",
        )
    if not arrays or not next(iter(shapes))[0]:
        return Array(elemtype, (), (), ())
    dims, lowers = next(iter(shapes))
    if len(dims) + 1 > DIMENSIONS_MAX:
        raise SqlError(
            PROGRAM_LIMIT_EXCEEDED,
            f"number of array dimensions ({len(dims) + 1}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
        )
    items = tuple([item for array in arrays if array is not None for item in array.items])
    return Array(elemtype, items, (len(arrays), *dims), (1, *lowers))


def name_characters(name: str) -> Array:
    """A name as the array that its subscripts see: 64 values of type "char" from 0 on."""
    codes = name.encode().ljust(NAME_BYTES, b"\0")
    return Array(18, tuple([chr(code) if code else "" for code in codes]), (NAME_BYTES,), (0,))


def array_get(array: Any, *subscripts: int | None) -> Any:
    """array[i, j]: NULL if a subscript is NULL or out of range, or if there are too few of them."""
    if type(array) is not Array:
        array = name_characters(array) if type(array) is str else Array(*array)
    dims = array.dims
    if len(subscripts) != len(dims):
        return None
    place = 0
    for subscript, length, lower in zip(subscripts, dims, array.lowers, strict=True):
        if subscript is None:
            return None
        offset = subscript - lower
        if not 0 <= offset < length:
            return None
        place = place * length + offset
    return array.items[place]


def _bounds(
    array: Array,
    lower: tuple[Any, ...],
    upper: tuple[Any, ...],
    has_lower: tuple[bool, ...],
    has_upper: tuple[bool, ...],
) -> list[tuple[int, int]] | None:
    """The slice's bounds per given dimension; None if one is NULL."""
    found = []
    for index in range(len(upper)):
        dimension = index < len(array.dims)
        first = lower[index] if has_lower[index] else (array.lowers[index] if dimension else 1)
        last = (
            upper[index]
            if has_upper[index]
            else (array.lowers[index] + array.dims[index] - 1 if dimension else 0)
        )
        if first is None or last is None:
            return None
        found.append((first, last))
    return found


def array_slice(
    array: Array | str,
    lower: tuple[Any, ...],
    upper: tuple[Any, ...],
    has_lower: tuple[bool, ...],
    has_upper: tuple[bool, ...],
) -> Array | None:
    """array[a:b, ...]; dimensions without bounds are taken whole. Bounds are clipped."""
    if isinstance(array, str):
        raise SqlError(FEATURE_NOT_SUPPORTED, "slices of fixed-length arrays not implemented")
    bounds = _bounds(array, lower, upper, has_lower, has_upper)
    if bounds is None:
        return None
    empty = Array(array.elemtype, (), (), ())
    if len(bounds) > len(array.dims) or not array.dims:
        return empty
    ranges = []
    for index, (length, low) in enumerate(zip(array.dims, array.lowers, strict=True)):
        first, last = bounds[index] if index < len(bounds) else (low, low + length - 1)
        first, last = max(first, low), min(last, low + length - 1)
        if first > last:
            return empty
        ranges.append(range(first - low, last - low + 1))
    items = tuple([array.items[place] for place in _places(ranges, array.dims)])
    return Array(array.elemtype, items, tuple([len(r) for r in ranges]), (1,) * len(ranges))


def _places(ranges: list[range], dims: tuple[int, ...]) -> list[int]:
    if len(ranges) == 1:
        return list(ranges[0])
    places = []
    for position in product(*ranges):
        place = 0
        for offset, length in zip(position, dims, strict=True):
            place = place * length + offset
        places.append(place)
    return places


def _too_large(size: int) -> None:
    if size > ITEMS_MAX:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"array size exceeds the maximum allowed ({ITEMS_MAX})")


def array_assign(elemtype: int, array: Array | None, subscripts: tuple[int | None, ...], new: Any) -> Array:
    """array[i, j] := new; a one-dimensional array grows (with NULLs in a gap)."""
    if None in subscripts:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "array subscript in assignment must not be null")
    if array is None or not array.dims:
        return Array(elemtype, (new,), (1,) * len(subscripts), tuple(subscripts))  # type: ignore[arg-type]
    if len(subscripts) != len(array.dims):
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
    if len(array.dims) == 1:
        place: Any = subscripts[0]
        low, items = array.lowers[0], list(array.items)
        if place < low:
            _too_large(len(items) + low - place)
            items = [None] * (low - place) + items
            low = place
        elif place >= low + len(items):
            _too_large(place - low + 1)
            items += [None] * (place - low - len(items) + 1)
        items[place - low] = new
        return Array(array.elemtype, tuple(items), (len(items),), (low,))
    position = 0
    for subscript, length, low in zip(subscripts, array.dims, array.lowers, strict=True):
        offset = subscript - low  # type: ignore[operator]
        if not 0 <= offset < length:
            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range")
        position = position * length + offset
    changed = list(array.items)
    changed[position] = new
    return array._replace(items=tuple(changed))


def array_assign_slice(
    elemtype: int,
    array: Array | None,
    lower: tuple[Any, ...],
    upper: tuple[Any, ...],
    has_lower: tuple[bool, ...],
    has_upper: tuple[bool, ...],
    new: Array | None,
) -> Array | None:
    """array[a:b] := new array; NULL leaves the array as it is."""
    if new is None:
        return array
    if array is None or not array.dims:
        if not all(has_upper):
            raise SqlError(
                ARRAY_SUBSCRIPT_ERROR,
                "array slice subscript must provide both boundaries",
                detail="When assigning to a slice of an empty array value, slice boundaries must be fully "
                "specified.",
            )
        array = Array(elemtype, (), (), ())
    bounds = _bounds(array, lower, upper, has_lower, has_upper)
    if bounds is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "array subscript in assignment must not be null")
    if not array.dims:
        dims = tuple([max(0, last - first + 1) for first, last in bounds])
        count = 1
        for length in dims:
            count *= length
        if len(new.items) < count:
            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "source array too small")
        return Array(elemtype, new.items[:count], dims, tuple([first for first, _ in bounds]))
    if len(bounds) > len(array.dims):
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
    if len(array.dims) == 1:
        return _assign_slice_1(array, bounds[0], new)
    ranges = []
    for index, (length, low) in enumerate(zip(array.dims, array.lowers, strict=True)):
        first, last = bounds[index] if index < len(bounds) else (low, low + length - 1)
        if first > last:
            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound")
        if first < low or last >= low + length:
            raise SqlError(ARRAY_SUBSCRIPT_ERROR, "array subscript out of range")
        ranges.append(range(first - low, last - low + 1))
    places = _places(ranges, array.dims)
    if len(new.items) < len(places):
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "source array too small")
    items = list(array.items)
    for place, item in zip(places, new.items, strict=False):
        items[place] = item
    return array._replace(items=tuple(items))


def _assign_slice_1(array: Array, bounds: tuple[int, int], new: Array) -> Array:
    first, last = bounds
    if first > last:
        if last == first - 1 and not new.items:
            return array
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound")
    if len(new.items) < last - first + 1:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "source array too small")
    low, items = array.lowers[0], list(array.items)
    _too_large(max(last, low + len(items)) - min(first, low))
    if first < low:
        items = [None] * (low - first) + items
        low = first
    if last >= low + len(items):
        items += [None] * (last - low - len(items) + 1)
    items[first - low : last - low + 1] = new.items[: last - first + 1]
    return Array(array.elemtype, tuple(items), (len(items),), (low,))
