"""Functions and operators on arrays (manual section 9.19) and array_agg.

Element types are found in the array values or in the call's result type; elements are compared by the
hash and sort keys of types/compare.py.
"""

import random
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from ..errors import SqlError
from ..lsyscache import lookup_type_cache
from ..registry import CallSite, implements
from ..sqlstates import (
    ARRAY_ELEMENT_ERROR,
    ARRAY_SUBSCRIPT_ERROR,
    DATA_EXCEPTION,
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    NULL_VALUE_NOT_ALLOWED,
    NUMERIC_VALUE_OUT_OF_RANGE,
    PROGRAM_LIMIT_EXCEEDED,
    UNDEFINED_FUNCTION,
)
from ..types.arrays import DIMENSIONS_MAX, ITEMS_MAX
from ..types.compare import array_key, hash_key, sort_key
from ..types.io import text_output
from ..values import Array, make_array

Key = Callable[[Any], Any]


def _element_type(site: CallSite, typid: int) -> int:
    return int(site.catalog.element_type(site.catalog.base_type(typid)))


def equality_key(catalog: Any, elemtype: int) -> Key:
    """The hash key of the element type as a function; an error if the type has no equality."""
    cache_key = ("array_equality_key", elemtype)
    found = catalog.cache.get(cache_key)
    if found is None:
        if not lookup_type_cache(catalog, elemtype).eq_opr:
            raise SqlError(
                UNDEFINED_FUNCTION,
                f"could not identify an equality operator for type {catalog.format_type(elemtype)}",
            )
        found = catalog.cache[cache_key] = hash_key(catalog, elemtype) or _identity
    return found


def _identity(value: Any) -> Any:
    return value


# --- shape -----------------------------------------------------------------------------------------


@implements("array_ndims")
def array_ndims(array: Array) -> int | None:
    return len(array.dims) or None


@implements("array_dims")
def array_dims(array: Array) -> str | None:
    if not array.dims:
        return None
    bounds = zip(array.lowers, array.dims, strict=True)
    return "".join([f"[{lower}:{lower + length - 1}]" for lower, length in bounds])


@implements("array_lower")
def array_lower(array: Array, dimension: int) -> int | None:
    return array.lowers[dimension - 1] if 0 < dimension <= len(array.dims) else None


@implements("array_upper")
def array_upper(array: Array, dimension: int) -> int | None:
    if not 0 < dimension <= len(array.dims):
        return None
    return array.lowers[dimension - 1] + array.dims[dimension - 1] - 1


@implements("array_length")
def array_length(array: Array, dimension: int) -> int | None:
    return array.dims[dimension - 1] if 0 < dimension <= len(array.dims) else None


@implements("array_cardinality", inline="len({0}.items)")
def array_cardinality(array: Array) -> int:
    return len(array.items)


# --- putting together ----------------------------------------------------------------------------------


def _one_dimension(array: Array) -> None:
    if len(array.dims) > 1:
        raise SqlError(DATA_EXCEPTION, "argument must be empty or one-dimensional array")


def _check_size(size: int) -> None:
    if size > ITEMS_MAX:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"array size exceeds the maximum allowed ({ITEMS_MAX})")


def _check_bound(lower: int, length: int) -> None:
    if lower + length > 2**31 - 1:
        raise SqlError(PROGRAM_LIMIT_EXCEEDED, f"array lower bound is too large: {lower}")


@implements("array_append", bind=True)
def array_append(site: CallSite) -> Callable[[Array | None, Any], Array]:
    elemtype = _element_type(site, site.result_type)

    def append(array: Array | None, item: Any) -> Array:
        if array is None or not array.dims:
            return Array(elemtype, (item,), (1,), (1,))
        _one_dimension(array)
        size = array.dims[0]
        if array.lowers[0] + size >= 2**31:
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")
        _check_bound(array.lowers[0], size + 1)
        return Array(array.elemtype, (*array.items, item), (size + 1,), array.lowers)

    return append


@implements("array_prepend", bind=True)
def array_prepend(site: CallSite) -> Callable[[Any, Array | None], Array]:
    elemtype = _element_type(site, site.result_type)

    def prepend(item: Any, array: Array | None) -> Array:
        if array is None or not array.dims:
            return Array(elemtype, (item,), (1,), (1,))
        _one_dimension(array)
        if array.lowers[0] == -(2**31):
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")
        return Array(array.elemtype, (item, *array.items), (array.dims[0] + 1,), array.lowers)

    return prepend


def _incompatible(detail: str) -> NoReturn:
    raise SqlError(ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays", detail=detail)


@implements("array_cat")
def array_cat(a: Array | None, b: Array | None) -> Array | None:
    if a is None:
        return b
    if b is None or not b.dims:
        return a
    if not a.dims:
        return b
    if len(a.dims) == len(b.dims):
        if a.dims[1:] != b.dims[1:] or a.lowers[1:] != b.lowers[1:]:
            _incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
        dims, lowers = (a.dims[0] + b.dims[0], *a.dims[1:]), a.lowers
    elif len(a.dims) == len(b.dims) - 1:
        if a.dims != b.dims[1:] or a.lowers != b.lowers[1:]:
            _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        dims, lowers = (b.dims[0] + 1, *b.dims[1:]), b.lowers
    elif len(a.dims) == len(b.dims) + 1:
        if b.dims != a.dims[1:] or b.lowers != a.lowers[1:]:
            _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        dims, lowers = (a.dims[0] + 1, *a.dims[1:]), a.lowers
    else:
        _incompatible(
            f"Arrays of {len(a.dims)} and {len(b.dims)} dimensions are not compatible for concatenation."
        )
    _check_size(len(a.items) + len(b.items))
    return Array(a.elemtype, a.items + b.items, dims, lowers)


@implements("array_fill", bind=True)
def array_fill(site: CallSite) -> Callable[[Any, Array | None], Array]:
    elemtype = _element_type(site, site.result_type)
    return lambda item, dims: _fill(elemtype, item, dims, None, False)


@implements("array_fill_with_lower_bounds", bind=True)
def array_fill_with_lower_bounds(site: CallSite) -> Callable[[Any, Array | None, Array | None], Array]:
    elemtype = _element_type(site, site.result_type)
    return lambda item, dims, lowers: _fill(elemtype, item, dims, lowers, True)


def _fill(elemtype: int, item: Any, dims: Array | None, lowers: Array | None, has_lowers: bool) -> Array:
    if dims is None or (has_lowers and lowers is None):
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "dimension array or low bound array cannot be null")
    for given, what in ((dims, "Dimension"), (lowers, "Low bound")):
        if given is None:
            continue
        if len(given.dims) > 1:
            raise SqlError(
                ARRAY_SUBSCRIPT_ERROR,
                "wrong number of array subscripts",
                detail=f"{what} array must be one dimensional.",
            )
        if None in given.items:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null")
    if len(dims.items) > DIMENSIONS_MAX:
        raise SqlError(
            PROGRAM_LIMIT_EXCEEDED,
            f"number of array dimensions ({len(dims.items)}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
        )
    if lowers is not None and len(lowers.items) != len(dims.items):
        raise SqlError(
            ARRAY_SUBSCRIPT_ERROR,
            "wrong number of array subscripts",
            detail="Low bound array has different size than dimensions array.",
        )
    count = 1 if dims.items else 0
    for length in dims.items:
        if length < 0:
            _check_size(ITEMS_MAX + 1)
        count *= length
        _check_size(count)
    bounds = lowers.items if lowers is not None else (1,) * len(dims.items)
    for lower, length in zip(bounds, dims.items, strict=True):
        _check_bound(lower, length)
    if not count:
        return Array(elemtype, (), (), ())
    return Array(elemtype, (item,) * count, dims.items, bounds)


# --- searching and changing ------------------------------------------------------------------------------


def _places(catalog: Any, array: Array, item: Any) -> Iterable[int]:
    """The offsets of an item; NULL finds NULL."""
    if len(array.dims) > 1:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, "searching for elements in multidimensional arrays is not supported"
        )
    key = equality_key(catalog, array.elemtype)
    if item is None:
        return (place for place, value in enumerate(array.items) if value is None)
    wanted = key(item)
    return (place for place, value in enumerate(array.items) if value is not None and key(value) == wanted)


@implements("array_position", bind=True)
def array_position(site: CallSite) -> Callable[[Array | None, Any], int | None]:
    def position(array: Array | None, item: Any) -> int | None:
        if array is None:
            return None
        place = next(iter(_places(site.catalog, array, item)), None)
        return None if place is None else place + array.lowers[0]

    return position


@implements("array_position_start", bind=True)
def array_position_start(site: CallSite) -> Callable[[Array | None, Any, int | None], int | None]:
    def position(array: Array | None, item: Any, start: int | None) -> int | None:
        if array is None:
            return None
        places = _places(site.catalog, array, item)
        if start is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, "initial position must not be null")
        found = (place + array.lowers[0] for place in places)
        return next((place for place in found if place >= start), None)

    return position


@implements("array_positions", bind=True)
def array_positions(site: CallSite) -> Callable[[Array | None, Any], Array | None]:
    def positions(array: Array | None, item: Any) -> Array | None:
        if array is None:
            return None
        return make_array(23, [place + array.lowers[0] for place in _places(site.catalog, array, item)])

    return positions


@implements("array_remove", bind=True)
def array_remove(site: CallSite) -> Callable[[Array | None, Any], Array | None]:
    def remove(array: Array | None, item: Any) -> Array | None:
        if array is None:
            return None
        if len(array.dims) > 1:
            raise SqlError(
                FEATURE_NOT_SUPPORTED, "removing elements from multidimensional arrays is not supported"
            )
        places = set(_places(site.catalog, array, item))
        if not places:
            return array
        kept = tuple([value for place, value in enumerate(array.items) if place not in places])
        if not kept:
            return Array(array.elemtype, (), (), ())
        return Array(array.elemtype, kept, (len(kept),), array.lowers)

    return remove


@implements("array_replace", bind=True)
def array_replace(site: CallSite) -> Callable[[Array | None, Any, Any], Array | None]:
    def replace(array: Array | None, old: Any, new: Any) -> Array | None:
        if array is None:
            return None
        key = equality_key(site.catalog, array.elemtype)
        if old is None:
            items = [new if value is None else value for value in array.items]
        else:
            wanted = key(old)
            items = [new if value is not None and key(value) == wanted else value for value in array.items]
        return array._replace(items=tuple(items))

    return replace


def _slices(array: Array) -> list[tuple[Any, ...]]:
    """The parts of an array along its first dimension."""
    width = len(array.items) // array.dims[0]
    return [array.items[start : start + width] for start in range(0, len(array.items), width)]


def _joined(array: Array, parts: list[tuple[Any, ...]], lowers: tuple[int, ...]) -> Array:
    if not parts:
        return Array(array.elemtype, (), (), ())
    items = tuple([item for part in parts for item in part])
    return Array(array.elemtype, items, (len(parts), *array.dims[1:]), lowers)


@implements("trim_array")
def trim_array(array: Array, count: int) -> Array:
    length = array.dims[0] if array.dims else 0
    if not 0 <= count <= length:
        raise SqlError(ARRAY_ELEMENT_ERROR, f"number of elements to trim must be between 0 and {length}")
    if not array.dims:
        return array
    return _joined(array, _slices(array)[: length - count], (1,) * len(array.dims))


@implements("array_reverse")
def array_reverse(array: Array) -> Array:
    if not array.dims or array.dims[0] < 2:
        return array
    return _joined(array, _slices(array)[::-1], array.lowers)


@implements("array_shuffle")
def array_shuffle(array: Array) -> Array:
    if not array.dims or array.dims[0] < 2:
        return array
    parts = _slices(array)
    random.shuffle(parts)
    return _joined(array, parts, array.lowers)


@implements("array_sample")
def array_sample(array: Array, count: int) -> Array:
    length = array.dims[0] if array.dims else 0
    if not 0 <= count <= length:
        raise SqlError(INVALID_PARAMETER_VALUE, f"sample size must be between 0 and {length}")
    if not count:
        return Array(array.elemtype, (), (), ())
    return _joined(array, random.sample(_slices(array), count), (1, *array.lowers[1:]))


@implements("array_sort", "array_sort_order", "array_sort_order_nulls_first", bind=True)
def array_sort(site: CallSite) -> Callable[..., Array]:
    catalog = site.catalog

    def sort(array: Array, descending: bool = False, nulls_first: bool | None = None) -> Array:
        if not array.dims or array.dims[0] < 2:
            return array
        if not lookup_type_cache(catalog, array.elemtype).lt_opr:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f"could not identify a comparison function for type {catalog.format_type(array.elemtype)}",
            )
        key = sort_key(catalog, array.elemtype)
        if len(array.dims) > 1:
            inner = array.dims[1:], array.lowers[1:]
            parts = sorted(
                _slices(array),
                key=lambda part: array_key(Array(array.elemtype, part, *inner), key),
                reverse=descending,
            )
            return _joined(array, parts, array.lowers)
        values = sorted([v for v in array.items if v is not None], key=key, reverse=descending)
        nulls = [None] * (len(array.items) - len(values))
        first = descending if nulls_first is None else nulls_first
        return array._replace(items=tuple(nulls + values if first else values + nulls))

    return sort


# --- comparison by elements ---------------------------------------------------------------------------------


def _sets(catalog: Any, a: Array, b: Array) -> tuple[set[Any], set[Any]]:
    if a.elemtype != b.elemtype:
        raise SqlError(DATATYPE_MISMATCH, "cannot compare arrays of different element types")
    key = equality_key(catalog, a.elemtype)
    return {key(v) for v in a.items if v is not None}, {key(v) for v in b.items if v is not None}


@implements("arrayoverlap", bind=True)
def arrayoverlap(site: CallSite) -> Callable[[Array, Array], bool]:
    def overlap(a: Array, b: Array) -> bool:
        left, right = _sets(site.catalog, a, b)
        return not left.isdisjoint(right)

    return overlap


@implements("arraycontains", bind=True)
def arraycontains(site: CallSite) -> Callable[[Array, Array], bool]:
    def contains(a: Array, b: Array) -> bool:
        left, right = _sets(site.catalog, a, b)
        return None not in b.items and left >= right

    return contains


@implements("arraycontained", bind=True)
def arraycontained(site: CallSite) -> Callable[[Array, Array], bool]:
    contains = arraycontains(site)
    return lambda a, b: contains(b, a)


# --- to text and to rows ----------------------------------------------------------------------------------


def _to_text(catalog: Any, ctx: Any, array: Array, separator: str, null: str | None) -> str:
    write = text_output(catalog, array.elemtype)
    parts = []
    for item in array.items:
        if item is not None:
            parts.append(write(ctx, item))
        elif null is not None:
            parts.append(null)
    return separator.join(parts)


@implements("array_to_text", context=True, bind=True)
def array_to_text(site: CallSite) -> Callable[..., str]:
    return lambda ctx, array, separator: _to_text(site.catalog, ctx, array, separator, None)


@implements("array_to_text_null", context=True, bind=True)
def array_to_text_null(site: CallSite) -> Callable[..., str | None]:
    def run(ctx: Any, array: Array | None, separator: str | None, null: str | None) -> str | None:
        if array is None or separator is None:
            return None
        return _to_text(site.catalog, ctx, array, separator, null)

    return run


@implements("array_unnest")
def array_unnest(array: Array) -> Iterable[Any]:
    return array.items


@implements("generate_subscripts", "generate_subscripts_nodir")
def generate_subscripts(array: Array, dimension: int, reverse: bool = False) -> Iterable[int]:
    if not 0 < dimension <= len(array.dims):
        return ()
    lower = array.lowers[dimension - 1]
    found = range(lower, lower + array.dims[dimension - 1])
    return reversed(found) if reverse else found


@implements("oidvectortypes", bind=True)
def oidvectortypes(site: CallSite) -> Callable[[Array], str]:
    return lambda vector: ", ".join([site.catalog.format_type(typid) for typid in vector.items])


# --- array_agg ----------------------------------------------------------------------------------------------


@implements("array_agg_transfn")
def array_agg_transfn(state: list[Any] | None, item: Any) -> list[Any]:
    if state is None:
        return [item]
    state.append(item)
    return state


@implements("array_agg_finalfn", bind=True)
def array_agg_finalfn(site: CallSite) -> Callable[..., Array | None]:
    elemtype = _element_type(site, site.result_type)
    return lambda state, *_: None if state is None else make_array(elemtype, state)


@implements("array_agg_array_transfn")
def array_agg_array_transfn(state: list[Array] | None, array: Array | None) -> list[Array]:
    if array is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays")
    if state is None:
        if len(array.dims) + 1 > DIMENSIONS_MAX:
            raise SqlError(
                PROGRAM_LIMIT_EXCEEDED,
                f"number of array dimensions ({len(array.dims) + 1}) exceeds the maximum allowed "
                f"({DIMENSIONS_MAX})",
            )
        state = []
    elif state[0].dims != array.dims or state[0].lowers != array.lowers:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate arrays of different dimensionality")
    if not array.dims:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays")
    state.append(array)
    return state


@implements("array_agg_array_finalfn")
def array_agg_array_finalfn(state: list[Array] | None, *_: Any) -> Array | None:
    if state is None:
        return None
    first = state[0]
    items = tuple([item for array in state for item in array.items])
    return Array(first.elemtype, items, (len(state), *first.dims), (1, *first.lowers))
