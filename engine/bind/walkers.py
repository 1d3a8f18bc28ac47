"""Walks and rewrites of whole trees, subqueries included (nodeFuncs.c's walkers and mutators).

`depth` counts the query levels entered below the starting point: a Var belongs to the starting
query if its varlevelsup equals the depth at which it is found.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import SqlError
from ..sqlstates import INTERNAL_ERROR
from ..tree import (
    COERCE_IMPLICIT_CAST,
    Aggref,
    CommonTableExpr,
    GroupingFunc,
    JoinExpr,
    Node,
    OldNewVar,
    OnConflictExpr,
    Query,
    RangeTblEntry,
    RangeTblRef,
    RowExpr,
    SubLink,
    Var,
    WindowFunc,
)
from ..treetypes import expr_location

# Fields of each class that can hold nodes, found out once per class.
_node_fields: dict[type, tuple[str, ...]] = {}
_PLAIN = (
    "int",
    "str",
    "bool",
    "tuple[int, ...]",
    "tuple[str, ...]",
    "str | None",
    "list[int]",
)


def _fields(cls: Any) -> tuple[str, ...]:
    names = _node_fields.get(cls)
    if names is None:
        hints: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            hints.update(getattr(base, "__annotations__", {}))
        plain = {"utilityStmt", "constvalue"}
        found = []
        for name in cls.__struct_fields__:
            hint = hints.get(name)
            text = hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))
            if isinstance(hint, type) and hint in (int, str, bool):
                continue
            if text in _PLAIN or str(hint) in _PLAIN or name in plain:
                continue
            found.append(name)
        names = _node_fields[cls] = tuple(found)
    return names


Visit = Callable[[Any, int], Any]


def walk_tree(node: Any, visit: Visit, depth: int = 0) -> None:
    """Calls visit(node, depth) for every node and range table entry; a true answer prunes it."""
    if node is None:
        return
    cls = node.__class__
    if cls is tuple or cls is list:
        for item in node:
            walk_tree(item, visit, depth)
    elif cls is Query:
        walk_query(node, visit, depth + 1)
    elif isinstance(node, (Node, RangeTblEntry)):
        if visit(node, depth):
            return
        for name in _fields(cls):
            value = getattr(node, name)
            if value is not None and value != ():
                walk_tree(value, visit, depth)


def walk_query(query: Query, visit: Visit, depth: int = 0) -> None:
    """walk_tree over everything in a query, whose own level is `depth`."""
    walk_tree(query.rtable, visit, depth)
    for name in _fields(Query):
        if name != "rtable":
            value = getattr(query, name)
            if value:
                walk_tree(value, visit, depth)


def mutate_tree(node: Any, change: Visit, depth: int = 0) -> Any:
    """The tree with every node for which change(node, depth) gives one replaced by that.

    None from `change` means: look inside. Queries and range table entries come back as copies.
    """
    if node is None:
        return None
    cls = node.__class__
    if cls is tuple:
        new = tuple([mutate_tree(item, change, depth) for item in node])
        for a, b in zip(new, node, strict=False):
            if a is not b:
                return new
        return node
    if cls is list:
        return [mutate_tree(item, change, depth) for item in node]
    if cls is Query:
        return mutate_query(node, change, depth + 1)
    if cls is RangeTblEntry:
        return _mutate_fields(node, change, depth, True)
    if isinstance(node, Node):
        new = change(node, depth)
        if new is not None:
            return new
        return _mutate_fields(node, change, depth, False)
    return node


def _mutate_fields(node: Any, change: Visit, depth: int, always: bool) -> Any:
    changes = {}
    for name in _fields(node.__class__):
        value = getattr(node, name)
        if value is None or value == ():
            continue
        new = mutate_tree(value, change, depth)
        if new is not value:
            changes[name] = new
    return msgspec.structs.replace(node, **changes) if changes or always else node


def mutate_query(query: Query, change: Visit, depth: int = 0) -> Query:
    """A changed copy of a query whose own level is `depth`."""
    changes: dict[str, Any] = {"constraintDeps": list(query.constraintDeps)}
    for name in _fields(Query):
        value = getattr(query, name)
        if value is not None:
            changes[name] = mutate_tree(value, change, depth)
    return msgspec.structs.replace(query, **changes)


def copy_query(query: Query) -> Query:
    """A copy that shares no mutable part with the original (copyObject)."""
    return mutate_query(query, lambda node, depth: None)


# --- questions ---


class _Found(Exception):
    def __init__(self, location: int) -> None:
        self.location = location


def _locate(tree: Any, test: Callable[[Any, int], bool]) -> tuple[bool, int]:
    """(whether any node passes the test, the location of the first that has one)."""
    any_found = False

    def visit(node: Any, depth: int) -> Any:
        nonlocal any_found
        if test(node, depth):
            any_found = True
            location = expr_location(node)
            if location >= 0:
                raise _Found(location)
        return None

    try:
        if isinstance(tree, Query):
            walk_query(tree, visit)
        else:
            walk_tree(tree, visit)
    except _Found as found:
        return True, found.location
    return any_found, -1


def locate_var_of_level(tree: Any, level: int) -> int:
    """The location of the first Var of this level (counted from `tree`), -1 if unknown."""
    return _locate(tree, lambda n, d: n.__class__ is Var and n.varlevelsup == level + d)[1]


def contain_vars_of_level(tree: Any, level: int) -> bool:
    """Whether the tree has Vars `level` levels above it."""
    return _locate(tree, lambda n, d: n.__class__ is Var and n.varlevelsup == level + d)[0]


def locate_agg_of_level(tree: Any, level: int) -> int:
    """The location of the first aggregate (or GROUPING) of this level, -1 if unknown."""
    return _locate(tree, lambda n, d: n.__class__ in (Aggref, GroupingFunc) and n.agglevelsup == level + d)[1]


def contain_aggs_of_level(tree: Any, level: int) -> bool:
    """Whether the tree has aggregates (or GROUPING) of this level."""
    return _locate(tree, lambda n, d: n.__class__ in (Aggref, GroupingFunc) and n.agglevelsup == level + d)[0]


def locate_windowfunc(tree: Any) -> int:
    """The location of the first window function at the tree's own level, -1 if unknown."""
    return _locate(tree, lambda n, d: d == 0 and n.__class__ is WindowFunc)[1]


def contain_windowfuncs(tree: Any) -> bool:
    """Whether the tree has window functions at its own level."""
    return _locate(tree, lambda n, d: d == 0 and n.__class__ is WindowFunc)[0]


def check_expr_has_sublink(tree: Any) -> bool:
    """Whether the tree has sublinks."""
    return _locate(tree, lambda n, d: n.__class__ is SubLink)[0]


def range_table_entry_used(tree: Any, rtindex: int) -> bool:
    """Whether anything in a query or expression refers to a range table entry of its level."""

    def test(node: Any, depth: int) -> bool:
        cls = node.__class__
        if cls is Var:
            return node.varno == rtindex and node.varlevelsup == depth
        if depth == 0:
            if cls is RangeTblRef or cls is JoinExpr:
                return node.rtindex == rtindex
            if cls is OnConflictExpr:
                return node.exclRelIndex == rtindex
        return False

    return _locate(tree, test)[0]


# --- rewrites ---


def increment_var_sublevels_up(tree: Any, delta: int, minimum: int = 0) -> Any:
    """The tree with references to levels of at least `minimum` raised by delta."""

    def change(node: Any, depth: int) -> Any:
        cls = node.__class__
        if cls is Var:
            if node.varlevelsup >= minimum + depth:
                return msgspec.structs.replace(node, varlevelsup=node.varlevelsup + delta)
            return node
        if cls in (Aggref, GroupingFunc) and node.agglevelsup >= minimum + depth:
            raised = msgspec.structs.replace(node, agglevelsup=node.agglevelsup + delta)
            return _mutate_fields(raised, change, depth, False)
        if cls is RangeTblEntry:
            return None
        return None

    def levels(node: Any, depth: int) -> Any:
        is_cte = node.__class__ is RangeTblEntry and node.rtekind == "cte"
        if is_cte and node.ctelevelsup >= minimum + depth:
            node.ctelevelsup += delta
        return None

    new = mutate_tree(tree, change) if not isinstance(tree, Query) else mutate_query(tree, change)
    if delta:
        # The copies just made are ours to change.
        if isinstance(new, Query):
            walk_query(new, levels)
        else:
            walk_tree(new, levels)
    return new


def change_var_nodes(tree: Any, old: int, new: int, depth: int = 0) -> Any:
    """The tree with references to range table entry `old` of its level made to `new`."""

    def change(node: Any, level: int) -> Any:
        cls = node.__class__
        if cls is Var:
            if node.varno == old and node.varlevelsup == level:
                return msgspec.structs.replace(node, varno=new)
            return node
        if level == depth:
            if cls is RangeTblRef and node.rtindex == old:
                return RangeTblRef(new)
            if cls is JoinExpr and node.rtindex == old:
                return _mutate_fields(msgspec.structs.replace(node, rtindex=new), change, level, False)
        return None

    if isinstance(tree, Query):
        return mutate_query(tree, change, depth)
    return mutate_tree(tree, change, depth)


def flatten_join_alias_vars(query: Query, tree: Any) -> Any:
    """The tree with Vars of join entries replaced by what they stand for in the joined tables."""

    def change(node: Any, depth: int) -> Any:
        if node.__class__ is not Var or node.varlevelsup != depth:
            return None
        rte = query.rtable[node.varno - 1]
        if rte.rtekind != "join":
            return node
        if node.varattno == 0:
            args, names = [], []
            for name, alias in zip(rte.eref_colnames, rte.joinaliasvars, strict=False):
                if alias is None:
                    continue
                args.append(_raise(mutate_tree(alias, change, 0), depth))
                names.append(name)
            return RowExpr(tuple(args), node.vartype, COERCE_IMPLICIT_CAST, tuple(names), node.location)
        alias = mutate_tree(rte.joinaliasvars[node.varattno - 1], change, 0)
        if alias.__class__ is Var and node.location >= 0:
            alias = msgspec.structs.replace(alias, location=node.location)
        return _raise(alias, depth)

    if isinstance(tree, Query):
        return mutate_query(tree, change)
    return mutate_tree(tree, change)


def _raise(node: Any, depth: int) -> Any:
    return increment_var_sublevels_up(node, depth) if depth else node


def replace_vars_from_target_list(
    tree: Any, rtindex: int, rte: RangeTblEntry, targetlist: Any, missing: str, new_varno: int = 0
) -> Any:
    """The tree with the columns of entry `rtindex` replaced by a target list's expressions.

    For a column that is not in the list, `missing` says: "error"; "change_varno": a Var of
    new_varno; "null": a NULL of its type.
    """

    def change(node: Any, depth: int) -> Any:
        if node.__class__ is OldNewVar:
            var = node.var
            if var.varno == rtindex and var.varlevelsup == depth:
                new = change(var, depth)
                return _as_old_new(new, node.which)
            return node
        if node.__class__ is not Var:
            return None
        if node.varno != rtindex or node.varlevelsup != depth:
            return node
        if node.varattno == 0:
            return _whole_row(node, depth)
        return _one(node, depth)

    def _one(var: Var, depth: int) -> Any:
        for entry in targetlist:
            if entry.resno == var.varattno and not entry.resjunk:
                return _raise(entry.expr, depth)
        if missing == "change_varno":
            return msgspec.structs.replace(var, varno=new_varno)
        if missing == "null":
            from ..tree import Const

            return Const(var.vartype, None, True, var.vartypmod, var.varcollid)
        raise SqlError(
            INTERNAL_ERROR, f"could not find replacement targetlist entry for attno {var.varattno}"
        )

    def _whole_row(var: Var, depth: int) -> Any:
        args = []
        for entry in targetlist:
            if not entry.resjunk:
                args.append(_raise(entry.expr, depth))
        names = tuple([name for name in rte.eref_colnames if name])
        return RowExpr(tuple(args), var.vartype, COERCE_IMPLICIT_CAST, names, var.location)

    if isinstance(tree, Query):
        return mutate_query(tree, change)
    return mutate_tree(tree, change)


def _as_old_new(tree: Any, which: str) -> Any:
    """The expression with its own level's columns read from the OLD or NEW row."""
    return mutate_tree(
        tree, lambda n, d: OldNewVar(which, n) if n.__class__ is Var and n.varlevelsup == d else None
    )


def with_query(cte: CommonTableExpr, query: Query) -> CommonTableExpr:
    """A WITH item with another query."""
    return msgspec.structs.replace(cte, ctequery=query)
