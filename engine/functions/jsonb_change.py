"""Functions that make a changed copy of a jsonb: ||, -, #-, jsonb_set, jsonb_insert, strip_nulls."""

from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    ARRAY_SUBSCRIPT_ERROR,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NULL_VALUE_NOT_ALLOWED,
)
from ..types.jsonb import sort_keys
from ..types.jsontext import path_integer
from ..values import Array, Jsonb
from .jsonb_access import refuse

DELETE, REPLACE, CREATE, INSERT_BEFORE, INSERT_AFTER = 2, 1, 4, 8, 16  # JB_PATH_* of jsonfuncs.c
INSERT = INSERT_BEFORE | INSERT_AFTER
CREATE_OR_INSERT = INSERT | CREATE


def _is_scalar(tree: Any) -> bool:
    return type(tree) is not dict and type(tree) is not list


@implements("jsonb_concat")
def jsonb_concat(a: Jsonb, b: Jsonb) -> Jsonb:
    left, right = a.value, b.value
    if type(left) is dict and type(right) is dict:
        return Jsonb(sort_keys({**left, **right}))
    return Jsonb((left if type(left) is list else [left]) + (right if type(right) is list else [right]))


def _check_deletable(tree: Any) -> None:
    if _is_scalar(tree):
        refuse("cannot delete from scalar")


@implements("jsonb_delete")
def jsonb_delete(jsonb: Jsonb, name: str) -> Jsonb:
    _check_deletable(jsonb.value)
    return Jsonb(_without(jsonb.value, (name,)))


def _without(tree: Any, names: Any) -> Any:
    if type(tree) is dict:
        return {key: item for key, item in tree.items() if key not in names}
    return [item for item in tree if type(item) is not str or item not in names]


@implements("jsonb_delete_array")
def jsonb_delete_array(jsonb: Jsonb, names: Array) -> Jsonb:
    _check_path(names)
    _check_deletable(jsonb.value)
    return Jsonb(_without(jsonb.value, names.items)) if names.items else jsonb


@implements("jsonb_delete_idx")
def jsonb_delete_idx(jsonb: Jsonb, place: int) -> Jsonb:
    tree = jsonb.value
    _check_deletable(tree)
    if type(tree) is dict:
        refuse("cannot delete from object using integer index")
    if not -len(tree) <= place < len(tree):
        return jsonb
    return Jsonb([item for index, item in enumerate(tree) if index != place % len(tree)])


# --- paths ---------------------------------------------------------------------------------------------


def _check_path(path: Array) -> None:
    if len(path.dims) > 1:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")


def set_path(tree: Any, path: tuple[Any, ...], level: int, new: Any, how: int) -> Any:
    """The tree with what lies at the path replaced, inserted or deleted (setPath of jsonfuncs.c)."""
    if _is_scalar(tree):
        return tree
    if path[level] is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, f"path element at position {level + 1} is null")
    if type(tree) is dict:
        return _set_in_object(tree, path, level, new, how)
    return _set_in_array(tree, path, level, new, how)


def _set_in_object(tree: dict[str, Any], path: tuple[Any, ...], level: int, new: Any, how: int) -> Any:
    key, last = path[level], level == len(path) - 1
    if key not in tree:
        return sort_keys({**tree, key: new}) if last and how & CREATE_OR_INSERT else tree
    if not last:
        return {**tree, key: set_path(tree[key], path, level + 1, new, how)}
    if how & INSERT:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "cannot replace existing key",
            hint="Try using the function jsonb_set to replace key value.",
        )
    if how & DELETE:
        return {name: item for name, item in tree.items() if name != key}
    return {**tree, key: new}


def _set_in_array(tree: list[Any], path: tuple[Any, ...], level: int, new: Any, how: int) -> Any:
    last = level == len(path) - 1
    place = path_integer(path[level])
    if place is None:
        raise SqlError(
            INVALID_TEXT_REPRESENTATION,
            f'path element at position {level + 1} is not an integer: "{path[level]}"',
        )
    if place < 0:
        place += len(tree)
    creates = last and bool(how & CREATE_OR_INSERT)
    if place < 0:
        return [new, *tree] if creates else tree
    if place >= len(tree):
        return [*tree, new] if creates else tree
    before, old, after = tree[:place], tree[place], tree[place + 1 :]
    if not last:
        return [*before, set_path(old, path, level + 1, new, how), *after]
    if how & INSERT_BEFORE:
        return [*before, new, old, *after]
    if how & INSERT_AFTER:
        return [*before, old, new, *after]
    return before + after if how & DELETE else [*before, new, *after]


def _set(jsonb: Jsonb, path: Array, new: Jsonb, create: bool = True) -> Jsonb:
    _check_path(path)
    if _is_scalar(jsonb.value):
        refuse("cannot set path in scalar")
    if not path.items:
        return jsonb
    return Jsonb(set_path(jsonb.value, path.items, 0, new.value, CREATE if create else REPLACE))


@implements("jsonb_set")
def jsonb_set(jsonb: Jsonb, path: Array, new: Jsonb, create: bool = True) -> Jsonb:
    return _set(jsonb, path, new, create)


@implements("jsonb_insert")
def jsonb_insert(jsonb: Jsonb, path: Array, new: Jsonb, after: bool = False) -> Jsonb:
    _check_path(path)
    if _is_scalar(jsonb.value):
        refuse("cannot set path in scalar")
    if not path.items:
        return jsonb
    how = INSERT_AFTER if after else INSERT_BEFORE
    return Jsonb(set_path(jsonb.value, path.items, 0, new.value, how))


def _delete_path(jsonb: Jsonb, path: Array) -> Jsonb:
    _check_path(path)
    if _is_scalar(jsonb.value):
        refuse("cannot delete path in scalar")
    if not path.items or not jsonb.value:
        return jsonb
    return Jsonb(set_path(jsonb.value, path.items, 0, None, DELETE))


@implements("jsonb_delete_path")
def jsonb_delete_path(jsonb: Jsonb, path: Array) -> Jsonb:
    return _delete_path(jsonb, path)


def _bad_treatment() -> NoReturn:
    refuse(
        'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
    )


@implements("jsonb_set_lax")
def jsonb_set_lax(
    jsonb: Jsonb | None, path: Array | None, new: Jsonb | None, create: bool | None, treatment: str | None
) -> Jsonb | None:
    if jsonb is None or path is None or create is None:
        return None
    if treatment is None:
        _bad_treatment()
    if new is not None:
        return _set(jsonb, path, new, create)
    if treatment == "raise_exception":
        raise SqlError(
            NULL_VALUE_NOT_ALLOWED,
            "JSON value must not be null",
            detail='Exception was raised because null_value_treatment is "raise_exception".',
            hint="To avoid, either change the null_value_treatment argument or ensure that an SQL NULL "
            "is not passed.",
        )
    if treatment == "use_json_null":
        return _set(jsonb, path, Jsonb(None), create)
    if treatment == "delete_key":
        return _delete_path(jsonb, path)
    if treatment == "return_target":
        return jsonb
    _bad_treatment()


@implements("jsonb_strip_nulls")
def jsonb_strip_nulls(jsonb: Jsonb, in_arrays: bool = False) -> Jsonb:
    return Jsonb(_stripped(jsonb.value, in_arrays))


def _stripped(tree: Any, in_arrays: bool) -> Any:
    if type(tree) is dict:
        return {key: _stripped(item, in_arrays) for key, item in tree.items() if item is not None}
    if type(tree) is list:
        return [_stripped(item, in_arrays) for item in tree if item is not None or not in_arrays]
    return tree
