"""Typed trees as text: the form in which catalogs store them (PostgreSQL's pg_node_tree).

1. `load(dump(tree))` is equal to `tree`, field by field; Query and RangeTblEntry are rebuilt anew.
2. The text is JSON. A node is an object with its tag under "node" and those fields that differ from
   their defaults; tuples and lists are arrays (the field says which one comes back).
3. Constants keep their Python type: what JSON cannot say is an object with its kind under "$".
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from . import tree
from .tree import Const, Query, RangeTblEntry
from .values import Array, Interval, Jsonb, Multirange, Range, Record, RowType, TimeTz

_INT64_MAX = 2**63 - 1


class _Layout:
    """How one node class is written and read."""

    __slots__ = ("defaults", "fields", "lists", "tag")

    def __init__(self, cls: Any) -> None:
        info = {field.name: field for field in msgspec.structs.fields(cls)}
        self.tag = cls.__struct_config__.tag
        self.fields = cls.__struct_fields__
        self.defaults: dict[str, Any] = {}
        self.lists: set[str] = set()
        for name, field in info.items():
            if field.default is not msgspec.NODEFAULT:
                self.defaults[name] = field.default
            elif field.default_factory is not msgspec.NODEFAULT:
                self.defaults[name] = []
                self.lists.add(name)


_classes: dict[str, Any] = {}
_layouts: dict[Any, _Layout] = {}


def _register() -> None:
    for cls in vars(tree).values():
        if isinstance(cls, type) and issubclass(cls, msgspec.Struct):
            layout = _Layout(cls)
            _layouts[cls] = layout
            if isinstance(layout.tag, str):
                _classes[layout.tag] = cls


def dump(node: Any) -> str:
    """The text of a tree: a node, a Query, a RangeTblEntry, or a tuple or list of them."""
    return msgspec.json.encode(_write(node)).decode()


def load(text: str) -> Any:
    """The tree of a text made by `dump`."""
    return _read(msgspec.json.decode(text))


def _write(value: Any) -> Any:
    if value is None or value is True or value is False or isinstance(value, (str, int)):
        return value
    if type(value) in (tuple, list):
        return [_write(item) for item in value]
    if isinstance(value, Const):
        return _write_node(value, {"constvalue": _write_value(value.constvalue)})
    if isinstance(value, (tree.Node, Query, RangeTblEntry)):
        return _write_node(value, {})
    raise TypeError(f"a tree with {type(value).__name__} in it cannot be stored")


def _write_node(node: Any, given: dict[str, Any]) -> dict[str, Any]:
    if not _layouts:
        _register()
    layout = _layouts[type(node)]
    out: dict[str, Any] = {"node": layout.tag}
    defaults = layout.defaults
    for name in layout.fields:
        if name in given:
            out[name] = given[name]
            continue
        value = getattr(node, name)
        if name in defaults:
            default = defaults[name]
            if type(default) is type(value) and default == value:
                continue
        out[name] = _write(value)
    return out


def _read(data: Any) -> Any:
    if type(data) is list:
        return tuple([_read(item) for item in data])
    if type(data) is not dict:
        return data
    if not _layouts:
        _register()
    tag = data.pop("node")
    cls = _classes[tag]
    lists = _layouts[cls].lists
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name == "constvalue":
            values[name] = _read_value(value)
        elif name in lists:
            values[name] = [_read(item) for item in value]
        else:
            values[name] = _read(value)
    return cls(**values)


# --- constants ------------------------------------------------------------------------------------


def _write_value(value: Any) -> Any:
    """An engine value as JSON; see engine/values.py."""
    if value is None or isinstance(value, (bool, str)):
        return value
    kind = type(value)
    if kind is int:
        return value if -_INT64_MAX <= value <= _INT64_MAX else {"$": "int", "v": str(value)}
    writer = _WRITERS.get(kind)
    if writer is None:
        raise TypeError(f"a constant of Python type {kind.__name__} cannot be stored")
    return writer(value)


def _write_record(value: Record) -> dict[str, Any]:
    shape = value.rowtype
    return {
        "$": "record",
        "v": [
            [shape.typid, list(shape.names), list(shape.types), list(shape.typmods)],
            [_write_value(item) for item in value.values],
        ],
    }


def _range_fields(value: Range) -> list[Any]:
    return [
        value.typid,
        _write_value(value.lower),
        _write_value(value.upper),
        value.lower_inc,
        value.upper_inc,
        value.empty,
    ]


def _read_range(data: Any) -> Range:
    typid, lower, upper, lower_inc, upper_inc, empty = data
    return Range(typid, _read_value(lower), _read_value(upper), lower_inc, upper_inc, empty)


def _write_json(value: Any) -> Any:
    if type(value) is dict:
        return {"$": "object", "v": [[key, _write_json(item)] for key, item in value.items()]}
    if type(value) is list:
        return [_write_json(item) for item in value]
    return _write_value(value)


_WRITERS: dict[type, Callable[[Any], Any]] = {
    float: lambda value: {"$": "float", "v": value.hex()},
    Decimal: lambda value: {"$": "numeric", "v": str(value)},
    bytes: lambda value: {"$": "bytes", "v": value.hex()},
    Interval: lambda value: {"$": "interval", "v": [_write_value(part) for part in value]},
    TimeTz: lambda value: {"$": "timetz", "v": list(value)},
    Array: lambda value: {
        "$": "array",
        "v": [
            value.elemtype,
            [_write_value(item) for item in value.items],
            list(value.dims),
            list(value.lowers),
        ],
    },
    Range: lambda value: {"$": "range", "v": _range_fields(value)},
    Multirange: lambda value: {
        "$": "multirange",
        "v": [value.typid, [_range_fields(item) for item in value.ranges]],
    },
    Record: _write_record,
    Jsonb: lambda value: {"$": "jsonb", "v": _write_json(value.value)},
}


def _read_value(data: Any) -> Any:
    if type(data) is dict:
        return _READERS[data["$"]](data["v"])
    if type(data) is list:
        return [_read_value(item) for item in data]
    return data


def _read_record(data: Any) -> Record:
    (typid, names, types, typmods), items = data
    return Record(
        RowType(typid, tuple(names), tuple(types), tuple(typmods)),
        tuple([_read_value(item) for item in items]),
    )


_READERS: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float.fromhex,
    "numeric": Decimal,
    "bytes": bytes.fromhex,
    "interval": lambda data: Interval(*[_read_value(part) for part in data]),
    "timetz": lambda data: TimeTz(*data),
    "array": lambda data: Array(
        data[0], tuple([_read_value(item) for item in data[1]]), tuple(data[2]), tuple(data[3])
    ),
    "range": _read_range,
    "multirange": lambda data: Multirange(data[0], tuple([_read_range(item) for item in data[1]])),
    "record": _read_record,
    "jsonb": lambda data: Jsonb(_read_value(data)),
    "object": lambda data: {key: _read_value(item) for key, item in data},
}
