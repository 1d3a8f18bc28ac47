"""JSON out of SQL values: to_json, row_to_json, json_build_*, json_object, json_agg and json_object_agg.

Each comes twice: the json ones write text in PostgreSQL's layout, the jsonb ones build trees.
"""

from collections.abc import Callable
from json.encoder import encode_basestring as quote_string
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    ARRAY_SUBSCRIPT_ERROR,
    DUPLICATE_JSON_OBJECT_KEY_VALUE,
    INVALID_PARAMETER_VALUE,
    NULL_VALUE_NOT_ALLOWED,
)
from ..types.io import text_output
from ..types.jsonb import sort_keys
from ..types.jsonout import array_json, category, is_scalar, json_writer, jsonb_writer, record_json
from ..values import Array, Jsonb, Record

# --- to_json ----------------------------------------------------------------------------------------


@implements("to_json", context=True, bind=True)
def to_json(site: CallSite) -> Callable[..., str]:
    return json_writer(site.catalog, site.arg_types[0])


@implements("to_jsonb", context=True, bind=True)
def to_jsonb(site: CallSite) -> Callable[..., Jsonb]:
    write = jsonb_writer(site.catalog, site.arg_types[0])
    return lambda ctx, value: Jsonb(write(ctx, value))


@implements("array_to_json", "array_to_json_pretty", context=True, bind=True)
def array_to_json(site: CallSite) -> Callable[..., str]:
    def run(ctx: Any, array: Array, pretty: bool = False) -> str:
        return array_json(site.catalog, ctx, array, ",\n " if pretty else ",")

    return run


@implements("row_to_json", "row_to_json_pretty", context=True, bind=True)
def row_to_json(site: CallSite) -> Callable[..., str]:
    def run(ctx: Any, record: Record, pretty: bool = False) -> str:
        return record_json(site.catalog, ctx, record, ",\n " if pretty else ",")

    return run


# --- keys ---------------------------------------------------------------------------------------------


def key_writer(catalog: Any, typid: int) -> Callable[[Any, Any], str]:
    """A value as the key of an object, not quoted."""
    if not is_scalar(catalog, typid):
        return lambda ctx, value: _no_scalar_key()
    if category(catalog, typid) in ("bool", "date"):
        write = jsonb_writer(catalog, typid)

        def word(ctx: Any, value: Any) -> str:
            found = write(ctx, value)
            return found if isinstance(found, str) else "true" if found else "false"

        return word
    return text_output(catalog, typid)


def _no_scalar_key() -> NoReturn:
    raise SqlError(INVALID_PARAMETER_VALUE, "key value must be scalar, not array, composite, or json")


def _null_key() -> NoReturn:
    raise SqlError(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")


# --- json_build_object, json_build_array --------------------------------------------------------------


def _arguments(site: CallSite) -> Callable[[tuple[Any, ...]], tuple[tuple[Any, ...], tuple[int, ...]] | None]:
    """(values, types) of a VARIADIC "any" call; None for VARIADIC NULL."""
    if not site.variadic:
        return lambda args: (args, site.arg_types)

    def unpack(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[int, ...]] | None:
        array = args[0]
        return None if array is None else (array.items, (array.elemtype,) * len(array.items))

    return unpack


def _check_even(count: int, name: str) -> None:
    if count % 2:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "argument list must have even number of elements",
            hint=f"The arguments of {name}() must consist of alternating keys and values.",
        )


@implements("json_build_object", context=True, bind=True)
def json_build_object(site: CallSite) -> Callable[..., str | None]:
    unpack, catalog = _arguments(site), site.catalog

    def build(ctx: Any, *args: Any) -> str | None:
        found = unpack(args)
        if found is None:
            return None
        values, types = found
        _check_even(len(values), "json_build_object")
        parts = []
        for place in range(0, len(values), 2):
            key, value = values[place], values[place + 1]
            if key is None:
                _null_key()
            name = quote_string(key_writer(catalog, types[place])(ctx, key))
            text = "null" if value is None else json_writer(catalog, types[place + 1])(ctx, value)
            parts.append(f"{name} : {text}")
        return "{" + ", ".join(parts) + "}"

    return build


@implements("jsonb_build_object", context=True, bind=True)
def jsonb_build_object(site: CallSite) -> Callable[..., Jsonb | None]:
    unpack, catalog = _arguments(site), site.catalog

    def build(ctx: Any, *args: Any) -> Jsonb | None:
        found = unpack(args)
        if found is None:
            return None
        values, types = found
        _check_even(len(values), "jsonb_build_object")
        tree = {}
        for place in range(0, len(values), 2):
            key, value = values[place], values[place + 1]
            if key is None:
                raise SqlError(INVALID_PARAMETER_VALUE, f"argument {place + 1}: key must not be null")
            name = key_writer(catalog, types[place])(ctx, key)
            tree[name] = None if value is None else jsonb_writer(catalog, types[place + 1])(ctx, value)
        return Jsonb(sort_keys(tree))

    return build


@implements("json_build_array", context=True, bind=True)
def json_build_array(site: CallSite) -> Callable[..., str | None]:
    unpack, catalog = _arguments(site), site.catalog

    def build(ctx: Any, *args: Any) -> str | None:
        found = unpack(args)
        if found is None:
            return None
        parts = [
            "null" if value is None else json_writer(catalog, typid)(ctx, value)
            for value, typid in zip(*found, strict=True)
        ]
        return "[" + ", ".join(parts) + "]"

    return build


@implements("jsonb_build_array", context=True, bind=True)
def jsonb_build_array(site: CallSite) -> Callable[..., Jsonb | None]:
    unpack, catalog = _arguments(site), site.catalog

    def build(ctx: Any, *args: Any) -> Jsonb | None:
        found = unpack(args)
        if found is None:
            return None
        return Jsonb(
            [
                None if value is None else jsonb_writer(catalog, typid)(ctx, value)
                for value, typid in zip(*found, strict=True)
            ]
        )

    return build


@implements("json_build_object_noargs")
def json_build_object_noargs() -> str:
    return "{}"


@implements("json_build_array_noargs")
def json_build_array_noargs() -> str:
    return "[]"


@implements("jsonb_build_object_noargs")
def jsonb_build_object_noargs() -> Jsonb:
    return Jsonb({})


@implements("jsonb_build_array_noargs")
def jsonb_build_array_noargs() -> Jsonb:
    return Jsonb([])


# --- json_object -----------------------------------------------------------------------------------------


def _text_pairs(array: Array) -> list[tuple[str, str | None]]:
    """The pairs of {k,v,k,v} or {{k,v},{k,v}}."""
    if len(array.dims) > 2:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
    if len(array.dims) == 1 and array.dims[0] % 2:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "array must have even number of elements")
    if len(array.dims) == 2 and array.dims[1] != 2:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "array must have two columns")
    return _checked(list(zip(array.items[::2], array.items[1::2], strict=True)))


def _checked(pairs: list[tuple[Any, Any]]) -> list[tuple[str, str | None]]:
    if any(key is None for key, _ in pairs):
        _null_key()
    return pairs


def _zipped_pairs(keys: Array, values: Array) -> list[tuple[str, str | None]]:
    if len(keys.dims) > 1 or len(keys.dims) != len(values.dims):
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
    if len(keys.items) != len(values.items):
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions")
    return _checked(list(zip(keys.items, values.items, strict=True)))


def _object_text(pairs: list[tuple[str, str | None]]) -> str:
    parts = [f"{quote_string(k)} : {'null' if v is None else quote_string(v)}" for k, v in pairs]
    return "{" + ", ".join(parts) + "}"


@implements("json_object")
def json_object(array: Array) -> str:
    return _object_text(_text_pairs(array))


@implements("json_object_two_arg")
def json_object_two_arg(keys: Array, values: Array) -> str:
    return _object_text(_zipped_pairs(keys, values))


@implements("jsonb_object")
def jsonb_object(array: Array) -> Jsonb:
    return Jsonb(sort_keys(dict(_text_pairs(array))))


@implements("jsonb_object_two_arg")
def jsonb_object_two_arg(keys: Array, values: Array) -> Jsonb:
    return Jsonb(sort_keys(dict(_zipped_pairs(keys, values))))


# --- json_agg -----------------------------------------------------------------------------------------------


def _register_json_agg(name: str, strict: bool) -> None:
    @implements(name, context=True, bind=True)
    def bind(site: CallSite) -> Callable[..., list[str]]:
        typid = site.arg_types[1]
        write = json_writer(site.catalog, typid)
        structured = category(site.catalog, typid) in ("array", "row")

        def transition(ctx: Any, state: list[str] | None, value: Any) -> list[str]:
            first = state is None
            if state is None:
                state = []
            if value is not None:
                text = write(ctx, value)
                state.append("\n " + text if structured and not first else text)
            elif not strict:
                state.append("null")
            return state

        return transition


_register_json_agg("json_agg_transfn", False)
_register_json_agg("json_agg_strict_transfn", True)


@implements("json_agg_finalfn")
def json_agg_finalfn(state: list[str] | None) -> str | None:
    return None if state is None else "[" + ", ".join(state) + "]"


def _register_jsonb_agg(name: str, strict: bool) -> None:
    @implements(name, context=True, bind=True)
    def bind(site: CallSite) -> Callable[..., list[Any]]:
        write = jsonb_writer(site.catalog, site.arg_types[1])

        def transition(ctx: Any, state: list[Any] | None, value: Any) -> list[Any]:
            if state is None:
                state = []
            if value is not None:
                state.append(write(ctx, value))
            elif not strict:
                state.append(None)
            return state

        return transition


_register_jsonb_agg("jsonb_agg_transfn", False)
_register_jsonb_agg("jsonb_agg_strict_transfn", True)


@implements("jsonb_agg_finalfn")
def jsonb_agg_finalfn(state: list[Any] | None) -> Jsonb | None:
    return None if state is None else Jsonb(list(state))


# --- json_object_agg ----------------------------------------------------------------------------------------


class ObjectState:
    """The pairs seen so far, and the keys if they must be unique."""

    __slots__ = ("keys", "parts")

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.keys: set[str] = set()


def _register_object_agg(name: str, strict: bool, unique: bool) -> None:
    @implements(name, context=True, bind=True)
    def bind(site: CallSite) -> Callable[..., ObjectState]:
        write_key = key_writer(site.catalog, site.arg_types[1])
        write = json_writer(site.catalog, site.arg_types[2])

        def transition(ctx: Any, state: ObjectState | None, key: Any, value: Any) -> ObjectState:
            if state is None:
                state = ObjectState()
            if key is None:
                _null_key()
            skip = strict and value is None
            if skip and not unique:
                return state
            quoted = quote_string(write_key(ctx, key))
            if unique:
                if quoted in state.keys:
                    raise SqlError(
                        DUPLICATE_JSON_OBJECT_KEY_VALUE, f"duplicate JSON object key value: {quoted}"
                    )
                state.keys.add(quoted)
            if not skip:
                state.parts.append(f"{quoted} : {'null' if value is None else write(ctx, value)}")
            return state

        return transition


def _register_jsonb_object_agg(name: str, strict: bool, unique: bool) -> None:
    @implements(name, context=True, bind=True)
    def bind(site: CallSite) -> Callable[..., ObjectState]:
        write_key = key_writer(site.catalog, site.arg_types[1])
        write = jsonb_writer(site.catalog, site.arg_types[2])

        def transition(ctx: Any, state: ObjectState | None, key: Any, value: Any) -> ObjectState:
            if state is None:
                state = ObjectState()
            if key is None:
                raise SqlError(INVALID_PARAMETER_VALUE, "field name must not be null")
            skip = strict and value is None
            if skip and not unique:
                return state
            word = write_key(ctx, key)
            if unique:
                if word in state.keys:
                    raise SqlError(DUPLICATE_JSON_OBJECT_KEY_VALUE, "duplicate JSON object key value")
                state.keys.add(word)
            if not skip:
                state.parts.append((word, None if value is None else write(ctx, value)))
            return state

        return transition


for _infix, _strict, _unique in (
    ("", False, False),
    ("_strict", True, False),
    ("_unique", False, True),
    ("_unique_strict", True, True),
):
    _register_object_agg(f"json_object_agg{_infix}_transfn", _strict, _unique)
    _register_jsonb_object_agg(f"jsonb_object_agg{_infix}_transfn", _strict, _unique)


@implements("json_object_agg_finalfn")
def json_object_agg_finalfn(state: ObjectState | None) -> str | None:
    return None if state is None else "{ " + ", ".join(state.parts) + " }"


@implements("jsonb_object_agg_finalfn")
def jsonb_object_agg_finalfn(state: ObjectState | None) -> Jsonb | None:
    return None if state is None else Jsonb(sort_keys(dict(state.parts)))
