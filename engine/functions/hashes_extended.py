"""Seeded hashes of containers and small types, in_range for numeric, ages of transaction ids."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, CallSite, implements
from ..sqlstates import INVALID_PRECEDING_OR_FOLLOWING_SIZE, UNDEFINED_FUNCTION
from ..types.hashing import hash_uint32_extended
from ..types.ranges import range_flags, range_info
from ..values import Array, Multirange, Range, Record
from .generic import _hash_proc

_MASK = 0xFFFFFFFFFFFFFFFF


def extended_hash(catalog: Any, typid: int) -> Callable[[Any, int], int]:
    """The type's default seeded hash function."""
    cache_key = ("extended_hash", typid)
    found = catalog.cache.get(cache_key)
    if found is not None:
        return found
    plain = _hash_proc(catalog, typid)
    for row in catalog.pg_amproc.rows() if plain is not None else ():
        if row.amproc == plain and row.amprocnum == 1:
            for other in catalog.pg_amproc.rows():
                same = (other.amprocfamily, other.amproclefttype) == (row.amprocfamily, row.amproclefttype)
                if same and other.amprocnum == 2:
                    proc = catalog.pg_proc.get(other.amproc)
                    implementation = IMPLEMENTATIONS[proc.prosrc]
                    function = implementation.function
                    if implementation.bind:
                        types = (typid, 20)
                        function = function(CallSite(catalog, proc.oid, types, (-1, -1), 20, -1, 0, False))
                    catalog.cache[cache_key] = function
                    return function
    raise SqlError(
        UNDEFINED_FUNCTION,
        f"could not identify an extended hash function for type {catalog.format_type(typid)}",
    )


def _signed(value: int) -> int:
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


@implements("hash_array_extended", bind=True)
def hash_array_extended(site: CallSite) -> Callable[[Array, int], int]:
    def run(array: Array, seed: int) -> int:
        function = extended_hash(site.catalog, array.elemtype)
        result = 1
        for item in array.items:
            result = (result * 31 + (0 if item is None else function(item, seed))) & _MASK
        return _signed(result)

    return run


@implements("hash_record_extended", bind=True)
def hash_record_extended(site: CallSite) -> Callable[[Record, int], int]:
    def run(record: Record, seed: int) -> int:
        result = 0
        for value, typid in zip(record.values, record.rowtype.types, strict=True):
            item = 0 if value is None else extended_hash(site.catalog, typid)(value, seed)
            result = (result * 31 + item) & _MASK
        return _signed(result)

    return run


def _range_hash(catalog: Any, value: Range, seed: int) -> int:
    function = extended_hash(catalog, range_info(catalog, value.typid).subtype)
    result = hash_uint32_extended(range_flags(value), seed) & _MASK
    if value.lower is not None:
        result ^= function(value.lower, seed) & _MASK
    result = (result << 1) & 0xFFFFFFFEFFFFFFFE | (result >> 31) & 0x100000001
    if value.upper is not None:
        result ^= function(value.upper, seed) & _MASK
    return result


@implements("hash_range_extended", bind=True)
def hash_range_extended(site: CallSite) -> Callable[[Range, int], int]:
    return lambda value, seed: _signed(_range_hash(site.catalog, value, seed))


@implements("hash_multirange_extended", bind=True)
def hash_multirange_extended(site: CallSite) -> Callable[[Multirange, int], int]:
    def run(value: Multirange, seed: int) -> int:
        result = 1
        for item in value.ranges:
            result = (result * 31 + _range_hash(site.catalog, item, seed)) & _MASK
        return _signed(result)

    return run


@implements("in_range_numeric_numeric")
def in_range_numeric_numeric(value: Decimal, base: Decimal, offset: Decimal, sub: bool, less: bool) -> bool:
    if offset.is_nan() or offset < 0:
        raise SqlError(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function"
        )
    if value.is_nan() or base.is_nan():
        if value.is_nan() and base.is_nan():
            return True
        return not less if value.is_nan() else less
    if offset.is_infinite():
        if base.is_infinite() and (base > 0) == sub:
            return True
        bound = -offset if sub else offset
    else:
        from ..types.numeric import CONTEXT

        bound = CONTEXT.subtract(base, offset) if sub else CONTEXT.add(base, offset)
    return value <= bound if less else value >= bound
