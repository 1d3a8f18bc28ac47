"""Keys for hashing and sorting engine values: Python equality and order that say what PostgreSQL's say.

A template is a format string for generated code with {0} for the (not NULL) value; None means that
the value is its own key. `TEMPLATE_NAMES` are the globals which templates may mention.

1. hash keys: two keys are equal (and hash alike) iff the type's default `=` holds.
2. sort keys: order as the type's default btree operator class does, ascending. Text orders by code
   point, which is UTF-8 byte order (collation "C").
3. NaN is equal to itself and above all numbers; inside arrays and records NULL is above all values.

Modules of types with an own rule register it with `register_keys`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..errors import SqlError
from ..sqlstates import DATATYPE_MISMATCH
from ..values import Array, Interval, Jsonb, Multirange, Range, Record, TimeTz

BPCHAR, RECORD, ANYARRAY = 1042, 2249, 2277
_DAY = 86_400_000_000


class Top:
    """A key above all other keys of lower or no rank: NaN (rank 1), NULL in a container (rank 2)."""

    __slots__ = ("rank",)

    def __init__(self, rank: int) -> None:
        self.rank = rank

    def _rank(self, other: object) -> int:
        return other.rank if isinstance(other, Top) else 0

    def __lt__(self, other: object) -> bool:
        return self.rank < self._rank(other)

    def __le__(self, other: object) -> bool:
        return self.rank <= self._rank(other)

    def __gt__(self, other: object) -> bool:
        return self.rank > self._rank(other)

    def __ge__(self, other: object) -> bool:
        return self.rank >= self._rank(other)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return self.rank


NAN_KEY = Top(1)
NULL_KEY = Top(2)


def jsonb_element_key(value: Any) -> tuple[Any, ...]:
    """The key of a value nested in a jsonb container (order of jsonb_util.c's value types)."""
    if value is None:
        return (0,)
    if value is True or value is False:
        return (3, value)
    kind = type(value)
    if kind is str:
        return (1, value)
    if kind is list:
        return (16, len(value), 1, *map(jsonb_element_key, value))
    if kind is dict:
        parts: list[Any] = [17, len(value)]
        for key, item in value.items():
            parts.append(key)
            parts.append(jsonb_element_key(item))
        return tuple(parts)
    return (2, value)


def jsonb_key(jsonb: Jsonb) -> tuple[Any, ...]:
    """The key of a jsonb value; a bare scalar is a one-element array that sorts before real ones."""
    value = jsonb.value
    if type(value) is list or type(value) is dict:
        return jsonb_element_key(value)
    return (16, 1, 0, jsonb_element_key(value))


def array_key(array: Array, element: Callable[[Any], Any] | None) -> tuple[Any, ...]:
    """Elements first, then dimensions, then lower bounds."""
    if element is None:
        items = tuple([NULL_KEY if item is None else item for item in array.items])
    else:
        items = tuple([NULL_KEY if item is None else element(item) for item in array.items])
    return (items, len(array.dims), array.dims, array.lowers)


def record_key(record: Record, columns: "tuple[Callable[[Any], Any] | None, ...]") -> tuple[Any, ...]:
    """Column by column."""
    return tuple(
        [
            NULL_KEY if value is None else value if key is None else key(value)
            for value, key in zip(record.values, columns, strict=False)
        ]
    )


def any_key(value: Any, typid: int = 0) -> Any:
    """A key found from the value itself, where the type is known only at run time (record)."""
    kind = type(value)
    if kind is int or kind is str or kind is bool or kind is bytes:
        return value.rstrip(" ") if typid == BPCHAR else value
    if kind is float or kind is Decimal:
        return value if value == value else NAN_KEY
    if kind is Interval:
        return (value[0] * 30 + value[1]) * _DAY + value[2]
    if kind is TimeTz:
        return (value[0] + value[1] * 1_000_000, value[1])
    if kind is Jsonb:
        return jsonb_key(value)
    if kind is Range or kind is Multirange:
        from .ranges import any_range_key

        return any_range_key(value)
    if kind is Array:
        elemtype = value.elemtype
        return array_key(value, lambda item: any_key(item, elemtype))
    if kind is Record:
        return RecordKey(value)
    return value


class RecordKey:
    """The key of a record whose shape is known only at run time; different shapes cannot be compared."""

    __slots__ = ("key", "types")

    def __init__(self, record: Record) -> None:
        self.types = types = record.rowtype.types
        self.key = tuple(
            [
                NULL_KEY if item is None else any_key(item, typ)
                for item, typ in zip(record.values, types, strict=False)
            ]
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecordKey):
            return False
        if self.types != other.types:
            check_shapes(self, other)
        return self.key == other.key

    def __lt__(self, other: "RecordKey") -> bool:
        if type(other) is not RecordKey:  # NULL_KEY is above all
            return True
        if self.types != other.types:
            check_shapes(self, other)
        return self.key < other.key

    def __gt__(self, other: "RecordKey") -> bool:
        return type(other) is RecordKey and other < self

    def __le__(self, other: "RecordKey") -> bool:
        return not self > other

    def __ge__(self, other: "RecordKey") -> bool:
        return not self < other

    def __hash__(self) -> int:
        return hash(self.key)


def check_shapes(left: RecordKey, right: RecordKey) -> None:
    """42804 if types or numbers of columns differ before the values do (record_cmp)."""
    for place, (x, y) in enumerate(zip(left.types, right.types, strict=False)):
        if x != y:
            raise SqlError(
                DATATYPE_MISMATCH,
                f"cannot compare dissimilar column types {_type_name(x)} and {_type_name(y)} "
                f"at record column {place + 1}",
            )
        if left.key[place] != right.key[place]:
            return
    if len(left.types) != len(right.types):
        raise SqlError(DATATYPE_MISMATCH, "cannot compare record types with different numbers of columns")


def _type_name(typid: int) -> str:
    """Without the catalogs at hand: user-defined types by their number."""
    from ..catalog.schema import Catalog
    from ..catalog.typenames import format_type

    name = format_type(Catalog.bootstrap(), typid)
    return name if name != "???" else f"with OID {typid}"


TEMPLATE_NAMES: dict[str, Any] = {
    "NAN_KEY": NAN_KEY,
    "NULL_KEY": NULL_KEY,
    "jsonb_key": jsonb_key,
    "array_key": array_key,
    "record_key": record_key,
    "any_key": any_key,
}

_NUMBER = "({0} if {0} == {0} else NAN_KEY)"
_KEYS: dict[int, str | None] = {  # the same key serves both purposes
    700: _NUMBER,
    701: _NUMBER,
    1700: _NUMBER,
    BPCHAR: "{0}.rstrip(' ')",
    1186: "(({0}[0] * 30 + {0}[1]) * 86400000000 + {0}[2])",
    1266: "({0}[0] + {0}[1] * 1000000, {0}[1])",
    3802: "jsonb_key({0})",
    RECORD: "any_key({0})",
    ANYARRAY: "any_key({0})",
    22: "{0}.items",
    30: "(len({0}.items), {0}.items)",
}

_SORT_ONLY: dict[int, str | None] = {}


def register_keys(
    typid: int, hash_template: str | None, sort_template: str | None, names: dict[str, Any]
) -> None:
    """Give a type its own key templates and the names they use."""
    _KEYS[typid] = hash_template
    if sort_template != hash_template:
        _SORT_ONLY[typid] = sort_template
    TEMPLATE_NAMES.update(names)


def hash_key_template(catalog: Any, typid: int) -> str | None:
    """The template of a hashable key, equal iff PostgreSQL's default = says so."""
    return _template(catalog, typid, False)


def sort_key_template(catalog: Any, typid: int) -> str | None:
    """The template of an orderable key, ordering as the default btree operator class."""
    return _template(catalog, typid, True)


def _template(catalog: Any, typid: int, sort: bool) -> str | None:
    cache_key = ("key_template", typid, sort)
    try:
        return catalog.cache[cache_key]
    except KeyError:
        found = catalog.cache[cache_key] = _find_template(catalog, typid, sort)
        return found


def _find_template(catalog: Any, typid: int, sort: bool) -> str | None:
    if sort and typid in _SORT_ONLY:
        return _SORT_ONLY[typid]
    if typid in _KEYS:
        return _KEYS[typid]
    row = catalog.pg_type.get(typid)
    if row is None:
        return None
    if row.typtype == "d":
        return _template(catalog, catalog.base_type(typid), sort)
    if row.typtype == "e":
        return _enum_template(catalog, typid) if sort else None
    if row.typtype == "c":
        keys = ", ".join(
            _lambda(_template(catalog, column[1], sort)) for column in catalog.row_columns(typid)
        )
        return f"record_key({{0}}, ({keys},))" if keys else "record_key({0}, ())"
    if row.typtype in ("r", "m"):
        from .ranges import key_template

        return key_template(catalog, typid, row.typtype)
    element = catalog.element_type(typid)
    if element:
        return f"array_key({{0}}, {_lambda(_template(catalog, element, sort))})"
    return None


def _lambda(template: str | None) -> str:
    return "None" if template is None else "(lambda x: " + template.replace("{0}", "x") + ")"


def _enum_template(catalog: Any, typid: int) -> str | None:
    labels = sorted(catalog.pg_enum.find("enumtypid", typid), key=lambda row: row.enumsortorder)
    oids = [row.oid for row in labels]
    if oids == sorted(oids):
        return None
    pairs = ", ".join(f"{oid}: {place}" for place, oid in enumerate(oids))
    return "{{" + pairs + "}}[{0}]"


def _function(catalog: Any, typid: int, sort: bool) -> Callable[[Any], Any] | None:
    cache_key = ("key_function", typid, sort)
    try:
        return catalog.cache[cache_key]
    except KeyError:
        template = _template(catalog, typid, sort)
        found = None if template is None else eval("lambda x: " + template.format("x"), dict(TEMPLATE_NAMES))
        catalog.cache[cache_key] = found
        return found


def hash_key(catalog: Any, typid: int) -> Callable[[Any], Any] | None:
    """The hash key as a function; None if the value is its own key."""
    return _function(catalog, typid, False)


def sort_key(catalog: Any, typid: int) -> Callable[[Any], Any] | None:
    """The sort key as a function; None if the value is its own key."""
    return _function(catalog, typid, True)


def compare_values(catalog: Any, typid: int) -> Callable[[Any, Any], int]:
    """A comparison of two not NULL values: -1, 0 or 1 as the default btree operator class says."""
    key = sort_key(catalog, typid)
    if key is None:
        return lambda a, b: (a > b) - (a < b)

    def compare(a: Any, b: Any) -> int:
        left, right = key(a), key(b)
        return (left > right) - (left < right)

    return compare
