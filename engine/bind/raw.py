"""Small helpers over raw parse nodes (pglast's AST): locations, walks, changed copies.

Raw nodes may be cached and analysed again, so nothing here or elsewhere in bind/ changes them.
"""

from collections.abc import Iterator
from typing import Any

from pglast import ast

_LEFTMOST: dict[type, tuple[str, ...]] = {
    ast.A_Expr: ("location", "lexpr"),
    ast.FuncCall: ("location", "args"),
    ast.TypeCast: ("arg", "typeName", "location"),
    ast.CollateClause: ("arg",),
    ast.A_Indirection: ("arg",),
    ast.BoolExpr: ("location", "args"),
    ast.NullTest: ("location", "arg"),
    ast.BooleanTest: ("location", "arg"),
    ast.SubLink: ("testexpr", "location"),
    ast.SortBy: ("node",),
    ast.SelectStmt: (),
    ast.IntoClause: ("rel",),
}


def raw_location(node: Any, pstate: Any = None) -> int:
    """Where a raw node's text begins (exprLocation), -1 if unknown; for a list its first known.

    Literals have locations only in the second run of analysis (constants.py); give pstate for them.
    """
    if node is None:
        return -1
    if isinstance(node, ast.A_Const):
        locations = pstate.context.literal_locations if pstate is not None else None
        return -1 if locations is None else locations.get(id(node), -1)
    if isinstance(node, (tuple, list)):
        for item in node:
            location = raw_location(item, pstate)
            if location >= 0:
                return location
        return -1
    names = _LEFTMOST.get(type(node))
    if names is None:
        own = getattr(node, "location", None)
        if own is not None:
            return int(own)
        return -1
    best = -1
    for name in names:
        value = getattr(node, name, None)
        location = value if isinstance(value, int) else raw_location(value, pstate)
        if location >= 0 and (best < 0 or location < best):
            best = location
    return best


def changed(node: Any, **changes: Any) -> Any:
    """A shallow copy of a raw node with some attributes replaced."""
    copy = object.__new__(type(node))
    for cls in type(node).__mro__:
        for name in getattr(cls, "__slots__", ()):
            try:
                value = getattr(node, name)
            except AttributeError:
                continue
            object.__setattr__(copy, name, value)
    for name, value in changes.items():
        object.__setattr__(copy, name, value)
    return copy


def raw_children(node: Any) -> Iterator[Any]:
    """The raw nodes directly below a node (raw_expression_tree_walker)."""
    for name in node.__slots__:
        value = getattr(node, name)
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _flat(value)


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, ast.Node):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _flat(value)


def enum_name(value: Any) -> str:
    """The name of a pglast enum value ("" for None); pglast gives ints for some of them."""
    return getattr(value, "name", "") if value is not None else ""
