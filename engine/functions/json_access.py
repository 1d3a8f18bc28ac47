"""Functions that look into json: its text is kept as it was given (manual section 9.16)."""

from collections.abc import Iterable
from json.encoder import encode_basestring as quote_string
from typing import NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE
from ..types import jsontext
from ..types.jsontext import as_text, check_escapes, children, kind, pairs, path_integer
from ..values import Array


def _refuse(message: str) -> NoReturn:
    raise SqlError(INVALID_PARAMETER_VALUE, message)


# --- one part ---------------------------------------------------------------------------------------


def _field(text: str, name: str) -> str | None:
    if kind(text) != "{":
        return None
    found = None
    for key, value in pairs(text):
        if key == name:
            found = value
    return found


def _element(text: str, place: int) -> str | None:
    if kind(text) != "[":
        return None
    items = children(text)
    return items[place] if -len(items) <= place < len(items) else None


@implements("json_object_field")
def json_object_field(text: str, name: str) -> str | None:
    check_escapes(text)
    return _field(text, name)


@implements("json_object_field_text")
def json_object_field_text(text: str, name: str) -> str | None:
    check_escapes(text)
    found = _field(text, name)
    return None if found is None else as_text(found)


@implements("json_array_element")
def json_array_element(text: str, place: int) -> str | None:
    check_escapes(text)
    return _element(text, place)


@implements("json_array_element_text")
def json_array_element_text(text: str, place: int) -> str | None:
    check_escapes(text)
    found = _element(text, place)
    return None if found is None else as_text(found)


def _path(text: str, path: Array) -> str | None:
    check_escapes(text)
    if None in path.items:
        return None
    found: str | None = text.strip(" \t\n\r")
    for step in path.items:
        assert found is not None
        if kind(found) == "{":
            found = _field(found, step)
        else:
            place = path_integer(step)
            found = None if place is None else _element(found, place)
        if found is None:
            return None
    return found


@implements("json_extract_path")
def json_extract_path(text: str, path: Array) -> str | None:
    return _path(text, path)


@implements("json_extract_path_text")
def json_extract_path_text(text: str, path: Array) -> str | None:
    found = _path(text, path)
    return None if found is None else as_text(found)


# --- all parts -----------------------------------------------------------------------------------------


def _check_object(text: str) -> None:
    check_escapes(text)
    if kind(text) == "[":
        _refuse("cannot deconstruct an array as an object")
    if kind(text) != "{":
        _refuse("cannot deconstruct a scalar")


@implements("json_each")
def json_each(text: str) -> Iterable[tuple[str, str]]:
    _check_object(text)
    return pairs(text)


@implements("json_each_text")
def json_each_text(text: str) -> Iterable[tuple[str, str | None]]:
    _check_object(text)
    return [(key, as_text(value)) for key, value in pairs(text)]


@implements("json_object_keys")
def json_object_keys(text: str) -> Iterable[str]:
    check_escapes(text)
    if kind(text) == "[":
        _refuse("cannot call json_object_keys on an array")
    if kind(text) != "{":
        _refuse("cannot call json_object_keys on a scalar")
    return [key for key, _ in pairs(text)]


def _items(text: str, name: str) -> list[str]:
    if kind(text) == "{":
        _refuse(f"cannot call {name} on a non-array")
    if kind(text) != "[":
        _refuse(f"cannot call {name} on a scalar")
    return children(text)


@implements("json_array_elements")
def json_array_elements(text: str) -> Iterable[str]:
    return _items(text, "json_array_elements")


@implements("json_array_elements_text")
def json_array_elements_text(text: str) -> Iterable[str | None]:
    check_escapes(text)
    return [as_text(item) for item in _items(text, "json_array_elements_text")]


@implements("json_array_length")
def json_array_length(text: str) -> int:
    if kind(text) == "{":
        _refuse("cannot get array length of a non-array")
    if kind(text) != "[":
        _refuse("cannot get array length of a scalar")
    return len(children(text))


@implements("json_typeof")
def json_typeof(text: str) -> str:
    return jsontext.typeof(text)


@implements("json_strip_nulls")
def json_strip_nulls(text: str, in_arrays: bool = False) -> str:
    check_escapes(text)
    return _stripped(text.strip(" \t\n\r"), in_arrays)


def _stripped(text: str, in_arrays: bool) -> str:
    first = text[:1]
    if first == "{":
        kept = [(key, value) for key, value in pairs(text) if value != "null"]
        return "{" + ",".join([f"{quote_string(k)}:{_stripped(v, in_arrays)}" for k, v in kept]) + "}"
    if first == "[":
        items = [item for item in children(text) if not (in_arrays and item == "null")]
        return "[" + ",".join([_stripped(item, in_arrays) for item in items]) + "]"
    return quote_string(jsontext.unquote(text)) if first == '"' else text
