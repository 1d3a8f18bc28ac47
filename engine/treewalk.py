"""The base of the typed tree's expression nodes, and walks over them; tree.py offers all of it as its own."""

from typing import Any, ClassVar

import msgspec


class Node(msgspec.Struct, frozen=True, tag=True, tag_field="node"):
    """Base of all expression nodes."""

    has_children: ClassVar[bool] = True  # False: no field holds expressions, whatever its annotation


# Which fields of a class may hold expressions; found out once per class.
_child_fields: dict[type, tuple[str, ...]] = {}
_PLAIN = (int, str, bool, str | None, tuple[int, ...], tuple[str, ...], "Query", "tuple[int, ...]")


def _find_child_fields(cls: Any) -> tuple[str, ...]:
    fields = tuple([n for n in cls.__struct_fields__ if cls.__annotations__.get(n) not in _PLAIN])
    _child_fields[cls] = fields if cls.has_children else ()
    return _child_fields[cls]


def map_children(node: Any, function: Any) -> Any:
    """`node` with function applied to each child expression (fields that are Nodes or tuples of
    Nodes, at any nesting of tuples); the same object if nothing changed. Does not enter Query."""
    changes = {}
    fields = _child_fields.get(node.__class__)
    if fields is None:
        fields = _find_child_fields(node.__class__)
    for name in fields:
        value = getattr(node, name)
        if not value:
            continue
        new = _map_value(value, function)
        if new is not value:
            changes[name] = new
    return msgspec.structs.replace(node, **changes) if changes else node


def _map_value(value: Any, function: Any) -> Any:
    if isinstance(value, Node):
        return function(value)
    if type(value) is tuple and value:
        new = tuple([_map_value(item, function) for item in value])
        for a, b in zip(new, value, strict=True):
            if a is not b:
                return new
    return value


def children(node: Any) -> list[Any]:
    """The child expression nodes of `node` (not entering Query)."""
    out: list[Any] = []
    fields = _child_fields.get(node.__class__)
    if fields is None:
        fields = _find_child_fields(node.__class__)
    for name in fields:
        _collect(getattr(node, name), out)
    return out


def _collect(value: Any, out: list[Any]) -> None:
    if isinstance(value, Node):
        out.append(value)
    elif type(value) is tuple:
        for item in value:
            _collect(item, out)


def strip_locations(node: Any) -> Any:
    """The expression without locations, so that equal expressions compare and hash equal."""
    node = map_children(node, strip_locations)
    if getattr(node, "varnosyn", 0):
        node = msgspec.structs.replace(node, varnosyn=0, varattnosyn=0)
    if getattr(node, "location", -1) != -1:
        node = msgspec.structs.replace(node, location=-1)
    return node


def equal(a: Any, b: Any) -> bool:
    """Whether two expressions are the same but for their locations (PostgreSQL's equal())."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    return bool(strip_locations(a) == strip_locations(b))
