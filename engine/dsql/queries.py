"""What is refused of an analysed query: LATERAL on the right side of a left join, a defect of the service."""

from collections.abc import Iterator
from typing import Any

from ..errors import SqlError
from ..plan.walk import walk_query
from ..sqlstates import DATATYPE_MISMATCH
from ..tree import FromExpr, JoinExpr, Query, RangeTblRef, Var

WRONG_TYPE = "attribute 1 of type {name} has wrong type"
NO_TABLE = "record"  # of what is no table; inferred


def check_query(query: Query, catalog: Any) -> None:
    """42804 if a lateral subquery on the right of a LEFT JOIN looks at what stands left of it."""
    levels: list[Query] = []
    walk_query(query, lambda node, _: levels.append(node) if type(node) is Query else None)
    for level in levels:
        if not any(entry.lateral and entry.subquery is not None for entry in level.rtable):
            continue
        for join in _left_joins(level.jointree):
            _check_join(level, join, catalog)


def _left_joins(node: Any) -> Iterator[JoinExpr]:
    if isinstance(node, FromExpr):
        for item in node.fromlist:
            yield from _left_joins(item)
    elif isinstance(node, JoinExpr):
        if node.jointype == "left":
            yield node
        yield from _left_joins(node.larg)
        yield from _left_joins(node.rarg)


def _numbers(node: Any) -> Iterator[int]:
    """The range table entries below a node of FROM."""
    if isinstance(node, RangeTblRef):
        yield node.rtindex
    elif isinstance(node, JoinExpr):
        yield node.rtindex
        yield from _numbers(node.larg)
        yield from _numbers(node.rarg)


def _check_join(level: Query, join: JoinExpr, catalog: Any) -> None:
    inside = frozenset(_numbers(join.rarg))
    for number in inside:
        entry = level.rtable[number - 1]
        if not entry.lateral or entry.subquery is None:
            continue
        outside: list[int] = []

        def visit(node: Any, depth: int, found: list[int] = outside) -> None:
            if type(node) is Var and node.varlevelsup == depth and node.varno not in inside:
                found.append(node.varno)

        walk_query(entry.subquery, visit, 1)
        if outside:
            relid = level.rtable[outside[0] - 1].relid
            name = catalog.pg_class.get(relid).relname if relid else NO_TABLE
            raise SqlError(DATATYPE_MISMATCH, WRONG_TYPE.format(name=name))
