"""Functions on values of any type: comparison of arrays, records and enums, num_nulls, pg_typeof, ...

Comparisons of containers are bound to their element types when the call is compiled; they use the
sort and hash keys of types/compare.py.
"""

from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import DATATYPE_MISMATCH, UNDEFINED_FUNCTION
from ..types import compare
from ..types.composite import enum_rows
from ..values import Array, Record, make_array

# --- arrays ----------------------------------------------------------------------------------------------


def _check_elements(a: Array, b: Array) -> None:
    if a.elemtype != b.elemtype:
        raise SqlError(DATATYPE_MISMATCH, "cannot compare arrays of different element types")


def _array_key(catalog: Any) -> Callable[[Array], Any]:
    """The sort key of any array, by the element type which the value itself names."""
    keys: dict[int, Any] = {}

    def key(array: Array) -> Any:
        elemtype = array.elemtype
        if elemtype not in keys:
            keys[elemtype] = _element_key(catalog, elemtype)
        return compare.array_key(array, keys[elemtype])

    return key


def _element_key(catalog: Any, elemtype: int) -> Any:
    return compare.sort_key(catalog, elemtype)


def array_compare(catalog: Any) -> Callable[[Array, Array], int]:
    """Comparison of two arrays as btarraycmp."""
    key = _array_key(catalog)

    def order(a: Array, b: Array) -> int:
        _check_elements(a, b)
        left, right = key(a), key(b)
        return (left > right) - (left < right)

    return order


def _record_key(catalog: Any) -> Callable[[Record], Any]:
    shapes: dict[Any, Any] = {}

    def key(record: Record) -> Any:
        types = record.rowtype.types
        columns = shapes.get(types)
        if columns is None:
            columns = shapes[types] = tuple(compare.sort_key(catalog, typid) for typid in types)
        return compare.record_key(record, columns)

    return key


def _check_shapes(catalog: Any, a: Record, b: Record) -> None:
    left, right = a.rowtype.types, b.rowtype.types
    if left == right:
        return
    for place, (x, y) in enumerate(zip(left, right, strict=False)):
        if x != y and catalog.base_type(x) != catalog.base_type(y):
            raise SqlError(
                DATATYPE_MISMATCH,
                f"cannot compare dissimilar column types {catalog.format_type(x)} and "
                f"{catalog.format_type(y)} at record column {place + 1}",
            )
    if len(left) != len(right):
        raise SqlError(DATATYPE_MISMATCH, "cannot compare record types with different numbers of columns")


def record_compare(catalog: Any) -> Callable[[Record, Record], int]:
    """Comparison of two records as btrecordcmp."""
    key = _record_key(catalog)

    def order(a: Record, b: Record) -> int:
        _check_shapes(catalog, a, b)
        left, right = key(a), key(b)
        return (left > right) - (left < right)

    return order


def _enum_compare(catalog: Any) -> Callable[[int, int], int]:
    def order(a: int, b: int) -> int:
        if a == b:
            return 0
        left, right = catalog.pg_enum.get(a).enumsortorder, catalog.pg_enum.get(b).enumsortorder
        return (left > right) - (left < right)

    return order


_TESTS: dict[str, Callable[[int], bool]] = {
    "eq": lambda c: c == 0,
    "ne": lambda c: c != 0,
    "lt": lambda c: c < 0,
    "le": lambda c: c <= 0,
    "gt": lambda c: c > 0,
    "ge": lambda c: c >= 0,
}


def _register_comparisons(prefix: str, cmp_names: tuple[str, ...], maker: Callable[[Any], Any]) -> None:
    def make_test(test: Callable[[int], bool]) -> Callable[[CallSite], Any]:
        def bind(site: CallSite) -> Callable[[Any, Any], bool]:
            order = maker(site.catalog)
            return lambda a, b: test(order(a, b))

        return bind

    for suffix, test in _TESTS.items():
        implements(f"{prefix}_{suffix}", bind=True)(make_test(test))
    implements(*cmp_names, bind=True)(lambda site: maker(site.catalog))

    def larger(site: CallSite) -> Callable[[Any, Any], Any]:
        order = maker(site.catalog)
        return lambda a, b: a if order(a, b) > 0 else b

    def smaller(site: CallSite) -> Callable[[Any, Any], Any]:
        order = maker(site.catalog)
        return lambda a, b: a if order(a, b) < 0 else b

    implements(f"{prefix}_larger", bind=True)(larger)
    implements(f"{prefix}_smaller", bind=True)(smaller)


_register_comparisons("array", ("btarraycmp",), array_compare)
_register_comparisons("record", ("btrecordcmp",), record_compare)
_register_comparisons("enum", ("enum_cmp",), _enum_compare)


def _register_images() -> None:
    """record_image_*: byte images; equal exactly when the values are the same."""

    def make_test(test: Callable[[int], bool]) -> Callable[[CallSite], Any]:
        def bind(site: CallSite) -> Callable[[Record, Record], bool]:
            order = image_compare(site.catalog)
            return lambda a, b: test(order(a, b))

        return bind

    for suffix, test in _TESTS.items():
        implements(f"record_image_{suffix}", bind=True)(make_test(test))


def image_compare(catalog: Any) -> Callable[[Record, Record], int]:
    """Comparison of two records that is 0 only for identical images."""
    order = record_compare(catalog)

    def run(a: Record, b: Record) -> int:
        result = order(a, b)
        if result == 0 and repr(a.values) != repr(b.values):
            return -1 if repr(a.values) < repr(b.values) else 1
        return result

    return run


implements("btrecordimagecmp", bind=True)(lambda site: image_compare(site.catalog))


_register_images()


@implements("oidvectoreq", inline="({0}.items == {1}.items)")
def oidvectoreq(a: Array, b: Array) -> bool:
    return a.items == b.items


def _register_oidvectors() -> None:
    def order(a: Array, b: Array) -> int:
        left, right = (len(a.items), a.items), (len(b.items), b.items)
        return (left > right) - (left < right)

    def make(test: Callable[[int], bool]) -> Callable[[Array, Array], bool]:
        return lambda a, b: test(order(a, b))

    for suffix, test in _TESTS.items():
        if suffix != "eq":
            implements(f"oidvector{suffix}")(make(test))
    implements("btoidvectorcmp")(order)


_register_oidvectors()

# --- hashing of containers ---------------------------------------------------------------------------------


def _hash_function(catalog: Any, typid: int) -> Callable[[Any], int]:
    """The type's default hash function, for hash_array and hash_record."""
    from ..registry import IMPLEMENTATIONS

    family = _hash_proc(catalog, typid)
    if family is None:
        raise SqlError(
            UNDEFINED_FUNCTION, f"could not identify a hash function for type {catalog.format_type(typid)}"
        )
    found = IMPLEMENTATIONS[catalog.pg_proc.get(family).prosrc]
    function = found.function
    if found.bind:
        function = function(CallSite(catalog, family, (typid,), (-1,), 23, -1, 0, False))
    return function


def _hash_proc(catalog: Any, typid: int) -> int | None:
    base = catalog.base_type(typid)
    row = catalog.pg_type.get(base)
    wanted = {base}
    if row.typtype == "e":
        wanted = {3500}
    elif row.typtype == "c" or base == 2249:
        wanted = {2249}
    elif row.typtype in ("r", "m"):
        wanted = {3831 if row.typtype == "r" else 4537}
    elif catalog.element_type(base):
        wanted = {2277}
    elif base in (1043, 25):
        wanted = {25}
    for opclass in catalog.pg_opclass.rows():
        if opclass.opcmethod == 405 and opclass.opcintype in wanted and opclass.opcdefault:
            for proc in catalog.pg_amproc.rows():
                if (
                    proc.amprocfamily == opclass.opcfamily
                    and proc.amproclefttype == opclass.opcintype
                    and proc.amprocrighttype == opclass.opcintype
                    and proc.amprocnum == 1
                ):
                    return int(proc.amproc)
    return None


def _signed(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - 0x100000000 if value & 0x80000000 else value


@implements("hash_array", bind=True)
def hash_array(site: CallSite) -> Callable[[Array], int]:
    functions: dict[int, Any] = {}

    def run(array: Array) -> int:
        function = functions.get(array.elemtype)
        if function is None:
            function = functions[array.elemtype] = _hash_function(site.catalog, array.elemtype)
        result = 1
        for item in array.items:
            result = (result * 31 + (0 if item is None else function(item))) & 0xFFFFFFFF
        return _signed(result)

    return run


@implements("hash_record", bind=True)
def hash_record(site: CallSite) -> Callable[[Record], int]:
    def run(record: Record) -> int:
        result = 0
        for value, typid in zip(record.values, record.rowtype.types, strict=True):
            item = 0 if value is None else _hash_function(site.catalog, typid)(value)
            result = (result * 31 + item) & 0xFFFFFFFF
        return _signed(result)

    return run


# --- enums -------------------------------------------------------------------------------------------------


def _enum_oids(site: CallSite) -> list[int]:
    typid = site.arg_types[0] or site.result_type
    return [row.oid for row in enum_rows(site.catalog, typid)]


@implements("enum_first", bind=True)
def enum_first(site: CallSite) -> Callable[[Any], int]:
    return lambda _value: _enum_oids(site)[0]


@implements("enum_last", bind=True)
def enum_last(site: CallSite) -> Callable[[Any], int]:
    return lambda _value: _enum_oids(site)[-1]


@implements("enum_range_all", bind=True)
def enum_range_all(site: CallSite) -> Callable[[Any], Array]:
    return lambda _value: make_array(site.arg_types[0], _enum_oids(site))


@implements("enum_range_bounds", bind=True)
def enum_range_bounds(site: CallSite) -> Callable[[Any, Any], Array]:
    def run(low: int | None, high: int | None) -> Array:
        oids = _enum_oids(site)
        first = 0 if low is None else oids.index(low)
        last = len(oids) if high is None else oids.index(high) + 1
        return make_array(site.arg_types[0], oids[first:last])

    return run


# --- num_nulls, pg_typeof, pg_input_is_valid, sizes --------------------------------------------------------


@implements("pg_num_nulls", bind=True)
def pg_num_nulls(site: CallSite) -> Callable[..., int | None]:
    if site.variadic:
        return lambda array: None if array is None else array.items.count(None)
    return lambda *values: sum(value is None for value in values)


@implements("pg_num_nonnulls", bind=True)
def pg_num_nonnulls(site: CallSite) -> Callable[..., int | None]:
    if site.variadic:
        return lambda array: None if array is None else len(array.items) - array.items.count(None)
    return lambda *values: sum(value is not None for value in values)


def _try_input(catalog: Any, ctx: Any, text: str, type_name: str) -> SqlError | None:
    from ..types.io import text_input
    from .regtypes import type_named

    typid, typmod = type_named(ctx, type_name)
    try:
        text_input(catalog, typid)(ctx, text, typmod)
    except SqlError as error:
        return error
    return None


@implements("pg_input_is_valid", context=True, bind=True)
def pg_input_is_valid(site: CallSite) -> Callable[..., bool]:
    return lambda ctx, text, type_name: _try_input(site.catalog, ctx, text, type_name) is None


@implements("pg_input_error_info", context=True, bind=True)
def pg_input_error_info(site: CallSite) -> Callable[..., Any]:
    from ..values import RowType

    shape = RowType(2249, ("message", "detail", "hint", "sql_error_code"), (25, 25, 25, 25), (-1,) * 4)

    def run(ctx: Any, text: str, type_name: str) -> Record:
        error = _try_input(site.catalog, ctx, text, type_name)
        if error is None:
            return Record(shape, (None, None, None, None))
        return Record(shape, (error.message, error.detail, error.hint, str(error.sqlstate)))

    return run


@implements("pg_column_size", bind=True)
def pg_column_size(site: CallSite) -> Callable[[Any], int]:
    """As stored by PostgreSQL without compression; estimated for containers."""
    row = site.catalog.pg_type.get(site.arg_types[0])
    length = row.typlen if row is not None else -1

    def size(value: Any) -> int:
        if length > 0:
            return length
        if isinstance(value, (str, bytes)):
            data = len(value.encode()) if isinstance(value, str) else len(value)
            return data + (1 if data < 127 and length == -1 and row.typstorage != "p" else 4)
        if isinstance(value, Array):
            return 24 + sum(8 if not isinstance(i, str) else len(i) + 4 for i in value.items)
        if isinstance(value, Record):
            return 24 + 8 * len(value.values)
        return len(str(value)) + 4

    return size
