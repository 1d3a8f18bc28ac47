"""Composite values and JSON predicates at run time."""

from decimal import Decimal
from typing import Any

import msgspec

from ..errors import SqlError
from ..sqlstates import INVALID_PARAMETER_VALUE, INVALID_TEXT_REPRESENTATION, NULL_VALUE_NOT_ALLOWED
from ..values import Jsonb, Record, RowType


def row_is_null(record: Record | None) -> bool:
    """ROW(...) IS NULL: itself or all of its fields are NULL."""
    return record is None or all(value is None for value in record.values)


def row_is_not_null(record: Record | None) -> bool:
    """ROW(...) IS NOT NULL: no field is NULL."""
    return record is not None and None not in record.values


def record_replace(shape: RowType, old: Record | None, changes: dict[int, Any]) -> Record:
    """The record with some fields replaced."""
    values = list(old.values) if old is not None else [None] * len(shape.types)
    for position, value in changes.items():
        values[position] = value
    return Record(shape, tuple(values))


def compare_rows(left: tuple[Any, ...], right: tuple[Any, ...]) -> int | None:
    """The order of two rows of sort keys; None if a NULL comes before a difference."""
    for a, b in zip(left, right, strict=True):
        if a is None or b is None:
            return None
        if a != b:
            return -1 if a < b else 1
    return 0


def _step(value: Any, key: Any) -> tuple[bool, Any]:
    """(found, item) of a container by a text or integer subscript."""
    if type(value) is dict:
        key = str(key)
        return key in value, value.get(key)
    if type(value) is list:
        try:
            place = int(key)
        except ValueError:
            return False, None
        if -len(value) <= place < len(value):
            return True, value[place]
    return False, None


def jsonb_fetch(jsonb: Jsonb, path: tuple[Any, ...]) -> Jsonb | None:
    """jsonb[...] reading: NULL where there is nothing."""
    value = jsonb.value
    for key in path:
        if key is None:
            return None
        found, value = _step(value, key)
        if not found:
            return None
    return Jsonb(value)


def jsonb_assign(jsonb: Jsonb | None, path: tuple[Any, ...], new: Jsonb | None) -> Jsonb:
    """jsonb[...] := new: missing containers are created, arrays are filled up with nulls."""
    if None in path:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "jsonb subscript in assignment must not be null")
    item = None if new is None else new.value
    if jsonb is None:
        return Jsonb(_set_path([] if type(path[0]) is int else {}, path, item))
    if type(jsonb.value) not in (dict, list):
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "cannot replace existing key",
            detail="The path assumes key is a composite object, but it is a scalar value.",
        )
    return Jsonb(_set_path(jsonb.value, path, item))


def _set_path(container: Any, path: tuple[Any, ...], item: Any) -> Any:
    if not path:
        return item
    key, rest = path[0], path[1:]
    if type(container) is dict:
        key = str(key)
        copy = dict(container)
        copy[key] = _set_path(_child(copy.get(key, _ABSENT), rest), rest, item)
        return dict(sorted(copy.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode())))
    try:
        place = int(key)
    except ValueError:
        raise SqlError(
            INVALID_TEXT_REPRESENTATION, f'path element at position 1 is not an integer: "{key}"'
        ) from None
    copied = list(container)
    if place < 0:
        place += len(copied)
        if place < 0:
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f"path element at position 1 is out of range: {place - len(copied)}",
            )
    while len(copied) <= place:
        copied.append(_ABSENT if len(copied) == place else None)
    copied[place] = _set_path(_child(copied[place], rest), rest, item)
    return copied


_ABSENT: Any = object()


def _child(existing: Any, rest: tuple[Any, ...]) -> Any:
    if not rest:
        return existing
    if existing is _ABSENT or existing is None:
        return [] if type(rest[0]) is int else {}
    if type(existing) not in (dict, list):
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "cannot replace existing key",
            detail="The path assumes key is a composite object, but it is a scalar value.",
        )
    return existing


_KINDS: dict[str, tuple[type, ...]] = {"array": (list,), "object": (dict,)}


def is_json(value: Any, item_type: str, unique_keys: bool) -> bool:
    """IS JSON: of jsonb, or of text, bytea and json by parsing."""
    if type(value) is Jsonb:
        tree = value.value
    else:
        try:
            tree = _parse(value, unique_keys)
        except (ValueError, msgspec.DecodeError, UnicodeDecodeError):
            return False
    kind = item_type.lower()
    if kind == "scalar":
        return type(tree) not in (list, dict)
    wanted = _KINDS.get(kind)
    return wanted is None or type(tree) in wanted


def _parse(source: str | bytes, unique_keys: bool) -> Any:
    import json

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if unique_keys and len(found) != len(items):
            raise ValueError("duplicate key")
        return found

    def constant(name: str) -> Any:
        raise ValueError(name)

    return json.loads(source, object_pairs_hook=pairs, parse_constant=constant, parse_float=Decimal)
