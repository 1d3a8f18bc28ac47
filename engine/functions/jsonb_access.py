"""Functions that look into jsonb: operators, *_each, elements, casts, comparison (manual section 9.16)."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from json.encoder import encode_basestring as quote_string
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, implements
from ..sqlstates import INVALID_PARAMETER_VALUE
from ..types.compare import jsonb_key
from ..types.hashing import hash_bytes, hash_bytes_extended
from ..types.jsonb import value_text
from ..types.jsontext import path_integer
from ..values import Array, Jsonb

_MISSING: Any = object()


def refuse(message: str) -> NoReturn:
    """The usual error: 22023."""
    raise SqlError(INVALID_PARAMETER_VALUE, message)


def tree_text(value: Any) -> str | None:
    """A value inside a Jsonb as ->> gives it."""
    if type(value) is str:
        return value
    return None if value is None else value_text(value)


def tree_typeof(value: Any) -> str:
    """As jsonb_typeof names it."""
    if value is None:
        return "null"
    return {dict: "object", list: "array", str: "string", bool: "boolean"}.get(type(value), "number")


# --- one part ---------------------------------------------------------------------------------------


@implements("jsonb_object_field")
def jsonb_object_field(jsonb: Jsonb, name: str) -> Jsonb | None:
    tree = jsonb.value
    return Jsonb(tree[name]) if type(tree) is dict and name in tree else None


@implements("jsonb_object_field_text")
def jsonb_object_field_text(jsonb: Jsonb, name: str) -> str | None:
    tree = jsonb.value
    return tree_text(tree.get(name)) if type(tree) is dict else None


@implements("jsonb_array_element")
def jsonb_array_element(jsonb: Jsonb, place: int) -> Jsonb | None:
    tree = _as_list(jsonb.value)
    return Jsonb(tree[place]) if -len(tree) <= place < len(tree) else None


def _as_list(tree: Any) -> list[Any]:
    """A bare scalar is an array of one item to ->, an object an empty one."""
    if type(tree) is list:
        return tree
    return [] if type(tree) is dict else [tree]


@implements("jsonb_array_element_text")
def jsonb_array_element_text(jsonb: Jsonb, place: int) -> str | None:
    tree = _as_list(jsonb.value)
    return tree_text(tree[place]) if -len(tree) <= place < len(tree) else None


def _path(tree: Any, path: Array) -> Any:
    if None in path.items:
        return _MISSING
    for step in path.items:
        if type(tree) is dict:
            tree = tree.get(step, _MISSING)
        elif type(tree) is list:
            place = path_integer(step)
            if place is None or not -len(tree) <= place < len(tree):
                return _MISSING
            tree = tree[place]
        else:
            return _MISSING
    return tree


@implements("jsonb_extract_path")
def jsonb_extract_path(jsonb: Jsonb, path: Array) -> Jsonb | None:
    found = _path(jsonb.value, path)
    return None if found is _MISSING else Jsonb(found)


@implements("jsonb_extract_path_text")
def jsonb_extract_path_text(jsonb: Jsonb, path: Array) -> str | None:
    found = _path(jsonb.value, path)
    return None if found is _MISSING else tree_text(found)


# --- all parts -----------------------------------------------------------------------------------------


def _pairs(jsonb: Jsonb, name: str) -> Any:
    if type(jsonb.value) is not dict:
        refuse(f"cannot call {name} on a non-object")
    return jsonb.value.items()


@implements("jsonb_each")
def jsonb_each(jsonb: Jsonb) -> Iterable[tuple[str, Jsonb]]:
    return [(key, Jsonb(value)) for key, value in _pairs(jsonb, "jsonb_each")]


@implements("jsonb_each_text")
def jsonb_each_text(jsonb: Jsonb) -> Iterable[tuple[str, str | None]]:
    return [(key, tree_text(value)) for key, value in _pairs(jsonb, "jsonb_each_text")]


@implements("jsonb_object_keys")
def jsonb_object_keys(jsonb: Jsonb) -> Iterable[str]:
    if type(jsonb.value) is list:
        refuse("cannot call jsonb_object_keys on an array")
    if type(jsonb.value) is not dict:
        refuse("cannot call jsonb_object_keys on a scalar")
    return list(jsonb.value)


def _items(jsonb: Jsonb) -> list[Any]:
    if type(jsonb.value) is dict:
        refuse("cannot extract elements from an object")
    if type(jsonb.value) is not list:
        refuse("cannot extract elements from a scalar")
    return jsonb.value


@implements("jsonb_array_elements")
def jsonb_array_elements(jsonb: Jsonb) -> Iterable[Jsonb]:
    return [Jsonb(item) for item in _items(jsonb)]


@implements("jsonb_array_elements_text")
def jsonb_array_elements_text(jsonb: Jsonb) -> Iterable[str | None]:
    return [tree_text(item) for item in _items(jsonb)]


@implements("jsonb_array_length")
def jsonb_array_length(jsonb: Jsonb) -> int:
    if type(jsonb.value) is dict:
        refuse("cannot get array length of a non-array")
    if type(jsonb.value) is not list:
        refuse("cannot get array length of a scalar")
    return len(jsonb.value)


@implements("jsonb_typeof")
def jsonb_typeof(jsonb: Jsonb) -> str:
    return tree_typeof(jsonb.value)


@implements("jsonb_pretty")
def jsonb_pretty(jsonb: Jsonb) -> str:
    return _pretty(jsonb.value, "\n")


def _pretty(value: Any, line: str) -> str:
    deeper = line + "    "
    if type(value) is dict:
        if not value:
            return "{" + line + "}"
        parts = [f"{quote_string(key)}: {_pretty(item, deeper)}" for key, item in value.items()]
        return "{" + deeper + ("," + deeper).join(parts) + line + "}"
    if type(value) is list:
        if not value:
            return "[" + line + "]"
        return "[" + deeper + ("," + deeper).join([_pretty(item, deeper) for item in value]) + line + "]"
    return value_text(value)


# --- containment and existence ------------------------------------------------------------------------------


def same_scalar(a: Any, b: Any) -> bool:
    """Equality of two scalars: true is not 1."""
    return a == b and (type(a) is bool) == (type(b) is bool)


def _contains(a: Any, b: Any) -> bool:
    """Whether container a contains container b of the same kind."""
    if type(b) is dict:
        return all(key in a and _matches(a[key], item) for key, item in b.items())
    return all(any(_matches(own, item) for own in a) for item in b)


def _matches(a: Any, b: Any) -> bool:
    if type(b) is dict or type(b) is list:
        return type(a) is type(b) and _contains(a, b)
    return type(a) not in (dict, list) and same_scalar(a, b)


def tree_contains(a: Any, b: Any) -> bool:
    """a @> b; an array contains a bare scalar that is an item of it."""
    if type(a) is dict or type(b) is dict:
        return type(a) is type(b) and _contains(a, b)
    if type(a) is list:
        return _contains(a, b if type(b) is list else [b])
    return type(b) is not list and same_scalar(a, b)


@implements("jsonb_contains")
def jsonb_contains(a: Jsonb, b: Jsonb) -> bool:
    return tree_contains(a.value, b.value)


@implements("jsonb_contained")
def jsonb_contained(a: Jsonb, b: Jsonb) -> bool:
    return tree_contains(b.value, a.value)


def _has(tree: Any, name: str) -> bool:
    if type(tree) is dict or type(tree) is list:
        return name in tree
    return type(tree) is str and tree == name


@implements("jsonb_exists")
def jsonb_exists(jsonb: Jsonb, name: str) -> bool:
    return _has(jsonb.value, name)


@implements("jsonb_exists_any")
def jsonb_exists_any(jsonb: Jsonb, names: Array) -> bool:
    return any(_has(jsonb.value, name) for name in names.items if name is not None)


@implements("jsonb_exists_all")
def jsonb_exists_all(jsonb: Jsonb, names: Array) -> bool:
    return all(_has(jsonb.value, name) for name in names.items if name is not None)


# --- comparison and hashing ---------------------------------------------------------------------------------


def _register_comparisons() -> None:
    tests: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
        "eq": ("==", lambda a, b: a == b),
        "ne": ("!=", lambda a, b: a != b),
        "lt": ("<", lambda a, b: a < b),
        "le": ("<=", lambda a, b: a <= b),
        "gt": (">", lambda a, b: a > b),
        "ge": (">=", lambda a, b: a >= b),
    }

    def make(test: Callable[[Any, Any], bool]) -> Callable[[Jsonb, Jsonb], bool]:
        return lambda a, b: test(jsonb_key(a), jsonb_key(b))

    for suffix, (operator, test) in tests.items():
        inline = f"(jsonb_key({{0}}) {operator} jsonb_key({{1}}))"
        implements(f"jsonb_{suffix}", inline=inline, names={"jsonb_key": jsonb_key})(make(test))


_register_comparisons()


@implements("jsonb_cmp")
def jsonb_cmp(a: Jsonb, b: Jsonb) -> int:
    left, right = jsonb_key(a), jsonb_key(b)
    return (left > right) - (left < right)


_ARRAY, _OBJECT = 0x40000000, 0x20000000


def _hash_parts(value: Any) -> Iterable[Any]:
    """Flags (as int) of containers and the scalars (as one-tuples) in jsonb's order."""
    if type(value) is list:
        yield _ARRAY
        for item in value:
            yield from _hash_parts(item)
    elif type(value) is dict:
        yield _OBJECT
        for key, item in value.items():
            yield (key,)
            yield from _hash_parts(item)
    else:
        yield (value,)


def _root_parts(tree: Any) -> Iterable[Any]:
    if type(tree) is list or type(tree) is dict:
        return _hash_parts(tree) if tree else ()
    return (_ARRAY, (tree,))


@implements("jsonb_hash")
def jsonb_hash(jsonb: Jsonb) -> int:
    result = 0
    for part in _root_parts(jsonb.value):
        if type(part) is int:
            result ^= part
            continue
        item = part[0]
        if item is None:
            own = 1
        elif type(item) is bool:
            own = 2 if item else 4
        elif type(item) is str:
            own = hash_bytes(item.encode())
        else:
            own = IMPLEMENTATIONS["hash_numeric"].function(Decimal(item))
        result = ((result << 1 | result >> 31) & 0xFFFFFFFF) ^ (own & 0xFFFFFFFF)
    return result - (1 << 32) if result >> 31 else result


@implements("jsonb_hash_extended")
def jsonb_hash_extended(jsonb: Jsonb, seed: int) -> int:
    mask = 0xFFFFFFFFFFFFFFFF
    tree = jsonb.value
    if (type(tree) is list or type(tree) is dict) and not tree:
        return seed
    result = 0
    for part in _root_parts(tree):
        if type(part) is int:
            result ^= part << 32 | part
            continue
        item = part[0]
        if item is None:
            own = seed + 1
        elif type(item) is bool:
            own = IMPLEMENTATIONS["hashcharextended"].function(chr(item), seed) if seed else 2 if item else 4
        elif type(item) is str:
            own = hash_bytes_extended(item.encode(), seed)
        else:
            own = IMPLEMENTATIONS["hash_numeric_extended"].function(Decimal(item), seed)
        result = (result << 1) & 0xFFFFFFFEFFFFFFFE | (result >> 31) & 0x100000001
        result ^= own & mask
    return result - (1 << 64) if result >> 63 else result


# --- casts --------------------------------------------------------------------------------------------------


def _cannot_cast(value: Any, target: str) -> NoReturn:
    word = tree_typeof(value)
    refuse(f"cannot cast jsonb {'numeric' if word == 'number' else word} to type {target}")


@implements("jsonb_bool")
def jsonb_bool(jsonb: Jsonb) -> bool | None:
    value = jsonb.value
    if value is None or type(value) is bool:
        return value
    _cannot_cast(value, "boolean")


@implements("jsonb_numeric")
def jsonb_numeric(jsonb: Jsonb) -> Decimal | None:
    return _number(jsonb.value, "numeric")


def _number(value: Any, target: str) -> Decimal | None:
    if value is None:
        return None
    if type(value) is not int and type(value) is not Decimal:
        _cannot_cast(value, target)
    return Decimal(value)


def _register_casts() -> None:
    def make(target: str, convert: str) -> Callable[[Jsonb], Any]:
        def cast(jsonb: Jsonb) -> Any:
            number = _number(jsonb.value, target)
            return None if number is None else IMPLEMENTATIONS[convert].function(number)

        return cast

    for name, target in (
        ("int2", "smallint"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("float4", "real"),
        ("float8", "double precision"),
    ):
        implements(f"jsonb_{name}")(make(target, f"numeric_{name}"))


_register_casts()
