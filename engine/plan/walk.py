"""Walking and rewriting typed trees, with knowledge of query levels (rewriteManip.c, clauses.c).

Relation sets are ints: bit n stands for range table entry n.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from ..tree import (
    Aggref,
    CurrentOfExpr,
    GroupingFunc,
    JoinExpr,
    Query,
    RangeTblEntry,
    RangeTblRef,
    SubLink,
    Var,
)
from .nodes import SubPlan

replace = msgspec.structs.replace

_EXPRESSION_FIELDS = frozenset(
    [
        "args",
        "arg",
        "expr",
        "refexpr",
        "refupperindexpr",
        "reflowerindexpr",
        "refassgnexpr",
        "newvals",
        "elemexpr",
        "defresult",
        "result",
        "elements",
        "largs",
        "rargs",
        "testexpr",
        "aggdirectargs",
        "aggfilter",
        "func",
        "coercion",
        "var",
        "startOffset",
        "endOffset",
        "quals",
        "larg",
        "rarg",
        "fromlist",
        "onConflictSet",
        "qual",
        "targetList",
        "funcexpr",
        "arbiterElems",
        "arbiterWhere",
        "onConflictWhere",
        "repeatable",
    ]
)
_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(cls: type) -> tuple[str, ...]:
    names = tuple(n for n in cls.__struct_fields__ if n in _EXPRESSION_FIELDS)  # type: ignore[attr-defined]
    _FIELDS[cls] = names
    return names


def mutate(node: Any, function: Callable[[Any], Any]) -> Any:
    """`node` with function applied to its direct children; the same object if nothing changed."""
    cls = type(node)
    fields = _FIELDS.get(cls)
    if fields is None:
        fields = _fields(cls)
    changes: dict[str, Any] | None = None
    for name in fields:
        value = getattr(node, name)
        if value is None:
            continue
        new = _mutate_tuple(value, function) if type(value) is tuple else function(value)
        if new is not value:
            if changes is None:
                changes = {}
            changes[name] = new
    return node if changes is None else replace(node, **changes)


def _mutate_tuple(value: tuple[Any, ...], function: Callable[[Any], Any]) -> tuple[Any, ...]:
    changed = False
    out = []
    for item in value:
        if item is None:
            new = None
        elif type(item) is tuple:
            new = _mutate_tuple(item, function)
        else:
            new = function(item)
        if new is not item:
            changed = True
        out.append(new)
    return tuple(out) if changed else value


def child_nodes(node: Any) -> list[Any]:
    """Direct child expressions; for a planned subquery also the outer expressions it uses."""
    cls = type(node)
    fields = _FIELDS.get(cls)
    if fields is None:
        fields = _fields(cls)
    out: list[Any] = []
    for name in fields:
        value = getattr(node, name)
        if value is None:
            continue
        if type(value) is tuple:
            _collect(value, out)
        else:
            out.append(value)
    if cls is SubPlan:
        out.extend(node.outer_refs)
    return out


def _collect(value: tuple[Any, ...], out: list[Any]) -> None:
    for item in value:
        if item is None:
            continue
        if type(item) is tuple:
            _collect(item, out)
        else:
            out.append(item)


def walk(node: Any) -> Iterator[Any]:
    """All nodes of an expression, itself first (not entering unplanned subqueries)."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child_nodes(node))


def any_node(node: Any, test: Callable[[Any], bool]) -> bool:
    """Whether any node of the expression passes the test."""
    stack = [node]
    while stack:
        node = stack.pop()
        if test(node):
            return True
        stack.extend(child_nodes(node))
    return False


def contains(node: Any, *classes: type) -> bool:
    """Whether the expression has a node of one of these classes."""
    return any_node(node, lambda n: isinstance(n, classes))


def pull_varnos(node: Any) -> int:
    """The relations of this level that the expression uses, entering unplanned subqueries."""
    out = 0
    stack = [node]
    while stack:
        node = stack.pop()
        cls = type(node)
        if cls is Var:
            if not node.varlevelsup:
                out |= 1 << node.varno
        elif cls is CurrentOfExpr:
            out |= 1 << node.cvarno
        elif cls is SubLink:
            if node.testexpr is not None:
                stack.append(node.testexpr)
            out |= _query_varnos(node.subselect, 1)
        else:
            stack.extend(child_nodes(node))
    return out


def _query_varnos(query: Query, level: int) -> int:
    found = 0

    def visit(node: Any, depth: int) -> None:
        nonlocal found
        if type(node) is Var and node.varlevelsup == depth:
            found |= 1 << node.varno

    walk_query(query, visit, level)
    return found


def walk_query(query: Query, visit: Callable[[Any, int], None], level: int = 0) -> None:
    """Visits every expression node of a query and of the queries inside it, with its depth; Query
    and RangeTblEntry objects are visited too."""
    visit(query, level)

    def expr(node: Any, depth: int) -> None:
        visit(node, depth)
        if type(node) is SubLink:
            walk_query(node.subselect, visit, depth + 1)
        for child in child_nodes(node):
            expr(child, depth)

    for node in query_expressions(query):
        expr(node, level)
    for rte in query.rtable:
        visit(rte, level)
        for node in rte_expressions(rte):
            expr(node, level)
        if rte.subquery is not None:
            walk_query(rte.subquery, visit, level + 1)
    for cte in query.cteList:
        walk_query(cte.ctequery, visit, level + 1)


def query_expressions(query: Query) -> Iterator[Any]:
    """The expression roots of a query, except those of its range table."""
    yield from query.targetList
    for node in (
        query.jointree,
        query.havingQual,
        query.limitOffset,
        query.limitCount,
        query.onConflict,
        query.mergeJoinCondition,
    ):
        if node is not None:
            yield node
    yield from query.returningList
    yield from query.mergeActionList
    yield from query.windowClause


def rte_expressions(rte: RangeTblEntry) -> Iterator[Any]:
    """The expression roots of a range table entry."""
    yield from rte.functions
    for row in rte.values_lists:
        yield from row
    for node in rte.joinaliasvars:
        if node is not None:
            yield node
    if rte.tablesample is not None and hasattr(rte.tablesample, "__struct_fields__"):
        yield rte.tablesample


ExprFunction = Callable[[Any, int], Any]
RteFunction = Callable[[RangeTblEntry, int], RangeTblEntry]


def transform(
    node: Any, function: ExprFunction, rte_function: RteFunction | None = None, level: int = 0
) -> Any:
    """Rewrites an expression, entering subqueries. function(node, level) gives a replacement, or
    None to go on with the children."""
    new = function(node, level)
    if new is not None:
        return new
    if type(node) is SubLink:
        subselect = transform_query(node.subselect, function, rte_function, level + 1)
        testexpr = node.testexpr
        if testexpr is not None:
            testexpr = transform(testexpr, function, rte_function, level)
        return replace(node, subselect=subselect, testexpr=testexpr)
    return mutate(node, lambda child: transform(child, function, rte_function, level))


def transform_query(
    query: Query, function: ExprFunction, rte_function: RteFunction | None = None, level: int = 0
) -> Query:
    """A copy of the query with all its expressions transformed."""

    def one(node: Any) -> Any:
        return None if node is None else transform(node, function, rte_function, level)

    return replace(
        query,
        targetList=[one(n) for n in query.targetList],
        jointree=one(query.jointree),
        havingQual=one(query.havingQual),
        limitOffset=one(query.limitOffset),
        limitCount=one(query.limitCount),
        onConflict=one(query.onConflict),
        mergeJoinCondition=one(query.mergeJoinCondition),
        returningList=[one(n) for n in query.returningList],
        mergeActionList=[one(n) for n in query.mergeActionList],
        windowClause=[one(n) for n in query.windowClause],
        rtable=[transform_rte(r, function, rte_function, level) for r in query.rtable],
        cteList=[
            replace(c, ctequery=transform_query(c.ctequery, function, rte_function, level + 1))
            for c in query.cteList
        ],
    )


def transform_rte(
    rte: RangeTblEntry, function: ExprFunction, rte_function: RteFunction | None = None, level: int = 0
) -> RangeTblEntry:
    """A copy of the entry with its expressions transformed."""

    def one(node: Any) -> Any:
        return None if node is None else transform(node, function, rte_function, level)

    if rte_function is not None:
        rte = rte_function(rte, level)
    kind = rte.rtekind
    if kind == "relation":
        if rte.tablesample is None or not hasattr(rte.tablesample, "__struct_fields__"):
            return rte
        return replace(rte, tablesample=one(rte.tablesample))
    if rte.subquery is not None:
        return replace(rte, subquery=transform_query(rte.subquery, function, rte_function, level + 1))
    if kind == "join":
        return replace(rte, joinaliasvars=tuple([one(n) for n in rte.joinaliasvars]))
    if kind == "function":
        return replace(rte, functions=tuple([one(n) for n in rte.functions]))
    if kind == "values":
        return replace(rte, values_lists=tuple([tuple([one(n) for n in row]) for row in rte.values_lists]))
    return rte


def _level_functions(delta: int, minimum: int) -> tuple[ExprFunction, RteFunction]:
    def function(node: Any, level: int) -> Any:
        cls = type(node)
        if cls is Var:
            if node.varlevelsup >= minimum + level:
                return replace(node, varlevelsup=node.varlevelsup + delta)
            return node
        if (cls is Aggref or cls is GroupingFunc) and node.agglevelsup >= minimum + level:
            node = replace(node, agglevelsup=node.agglevelsup + delta)
            return mutate(node, lambda child: transform(child, function, rte_function, level))
        return None

    def rte_function(rte: RangeTblEntry, level: int) -> RangeTblEntry:
        if rte.rtekind == "cte" and rte.ctelevelsup >= minimum + level:
            return replace(rte, ctelevelsup=rte.ctelevelsup + delta)
        return rte

    return function, rte_function


def increment_var_sublevels_up(node: Any, delta: int, minimum: int = 0) -> Any:
    """References to `minimum` or more levels up (as seen from `node`) go `delta` levels further."""
    if delta == 0:
        return node
    function, rte_function = _level_functions(delta, minimum)
    if isinstance(node, Query):
        return transform_query(node, function, rte_function)
    if isinstance(node, RangeTblEntry):
        return transform_rte(node, function, rte_function)
    return transform(node, function, rte_function)


def offset_functions(offset: int) -> ExprFunction:
    """A transform function that adds `offset` to the range table numbers of level 0."""

    def function(node: Any, level: int) -> Any:
        cls = type(node)
        if cls is Var:
            if node.varlevelsup == level:
                return replace(node, varno=node.varno + offset)
            return node
        if level == 0:
            if cls is RangeTblRef:
                return RangeTblRef(rtindex=node.rtindex + offset)
            if cls is JoinExpr and node.rtindex:
                node = replace(node, rtindex=node.rtindex + offset)
                return mutate(node, lambda child: transform(child, function, None, level))
            if cls is CurrentOfExpr:
                return replace(node, cvarno=node.cvarno + offset)
        return None

    return function


def substitute_vars(node: Any, varno: int, exprs: Any) -> Any:
    """Var(varno, n) of level 0 replaced by exprs[n - 1], shifted to where it stands."""

    def function(n: Any, level: int) -> Any:
        if type(n) is Var:
            if n.varno == varno and n.varlevelsup == level and n.varattno > 0:
                return increment_var_sublevels_up(exprs[n.varattno - 1], level)
            return n
        return None

    return transform(node, function)


def make_ands_implicit(node: Any) -> list[Any]:
    """A qual as the list of its conjuncts."""
    from ..tree import BoolExpr

    if node is None:
        return []
    if type(node) is BoolExpr and node.boolop == "and":
        out: list[Any] = []
        for arg in node.args:
            out.extend(make_ands_implicit(arg))
        return out
    return [node]


def make_and(quals: Any) -> Any:
    """The conjunction of a list of quals; None if empty."""
    from ..tree import BoolExpr

    if not quals:
        return None
    if len(quals) == 1:
        return quals[0]
    return BoolExpr(boolop="and", args=tuple(quals))


def bits(relids: int) -> Iterator[int]:
    """The members of a relation set, ascending."""
    while relids:
        low = relids & -relids
        yield low.bit_length() - 1
        relids ^= low
