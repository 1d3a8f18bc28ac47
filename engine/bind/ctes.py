"""WITH clauses (PostgreSQL's parse_cte.c): order of analysis, recursion checks, column types."""

from typing import Any

from pglast import ast

from ..sqlstates import (
    COLLATION_MISMATCH,
    DATATYPE_MISMATCH,
    DUPLICATE_ALIAS,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    INVALID_RECURSION,
)
from ..tree import CommonTableExpr, CTECycleClause, CTESearchClause, Query
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod
from .parse_state import ParseState
from .raw import enum_name, raw_children, raw_location
from .searchcycle import (
    check_search_and_cycle,
    extra_columns,
    transform_cycle_clause,
    transform_search_clause,
)
from .targets import cte_target_list

UNKNOWNOID = 705
TEXTOID = 25
DEFAULT_COLLATION_OID = 100

_MATERIALIZED = {
    "CTEMaterializeDefault": "default",
    "CTEMaterializeAlways": "always",
    "CTEMaterializeNever": "never",
}
_RECURSION_PLACES = {
    "nonrecursive": "its non-recursive term",
    "sublink": "a subquery",
    "outerjoin": "an outer join",
    "intersect": "INTERSECT",
    "except": "EXCEPT",
}


class WithItem:
    """A WITH item while its query level is analysed; `ctequery` is None until it has been itself.

    The names are CommonTableExpr's, which `freeze` makes of it.
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.ctename: str = raw.ctename
        self.aliascolnames = tuple([name.sval for name in raw.aliascolnames or ()])
        self.ctequery: Query | None = None
        self.cterecursive = False
        self.cterefcount = 0
        self.ctecolnames: list[str] = []
        self.ctecoltypes: list[int] = []
        self.ctecoltypmods: list[int] = []
        self.ctecolcollations: list[int] = []
        self.location = raw_location(raw)
        self.depends_on: set[int] = set()
        self.search_clause: CTESearchClause | None = None
        self.cycle_clause: CTECycleClause | None = None

    def extra_columns(self) -> list[tuple[str, int, int, int]]:
        """(name, type, typmod, collation) of the columns that SEARCH and CYCLE add."""
        return extra_columns(self.search_clause, self.cycle_clause)

    def freeze(self) -> CommonTableExpr:
        """The item for Query.cteList."""
        assert self.ctequery is not None
        return CommonTableExpr(
            self.ctename,
            self.ctequery,
            _MATERIALIZED[enum_name(self.raw.ctematerialized)],
            self.aliascolnames,
            self.cterecursive,
            self.cterefcount,
            tuple(self.ctecolnames),
            tuple(self.ctecoltypes),
            tuple(self.ctecoltypmods),
            tuple(self.ctecolcollations),
            self.search_clause,
            self.cycle_clause,
            self.location,
        )


def freeze_ctes(items: list[WithItem]) -> list[CommonTableExpr]:
    """The WITH items of a finished query level."""
    return [item.freeze() for item in items]


def transform_with_clause(pstate: ParseState, with_clause: Any) -> None:
    """Analyses the WITH queries into pstate.p_ctenamespace."""
    items = [WithItem(raw) for raw in with_clause.ctes]
    names: set[str] = set()
    for item in items:
        if item.ctename in names:
            raise pstate.error(
                DUPLICATE_ALIAS,
                f'WITH query name "{item.ctename}" specified more than once',
                item.location,
            )
        names.add(item.ctename)
        if not isinstance(item.raw.ctequery, ast.SelectStmt):
            pstate.p_hasModifyingCTE = True
    if with_clause.recursive:
        items = _make_dependency_graph(pstate, items)
        for item in items:
            _check_well_formed_recursion(pstate, item)
        pstate.p_ctenamespace = list(items)
        for item in items:
            _analyze_cte(pstate, item)
        return
    pstate.p_future_ctes = list(items)
    for item in items:
        _analyze_cte(pstate, item)
        pstate.p_ctenamespace = [*pstate.p_ctenamespace, item]
        pstate.p_future_ctes = pstate.p_future_ctes[1:]


def _analyze_cte(pstate: ParseState, item: WithItem) -> None:
    from .analyze import parse_sub_analyze

    if item.raw.search_clause is not None:
        item.search_clause = transform_search_clause(item.raw.search_clause)
    if item.raw.cycle_clause is not None:
        item.cycle_clause = transform_cycle_clause(pstate, item.raw.cycle_clause)
    query = parse_sub_analyze(item.raw.ctequery, pstate, item, False, True)
    if query.commandType != "select" and pstate.parentParseState is not None:
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            "WITH clause containing a data-modifying statement must be at the top level",
            item.location,
        )
    query.canSetTag = False
    item.ctequery = query
    if not item.cterecursive:
        analyze_cte_target_list(pstate, item, cte_target_list(query))
    else:
        _check_recursive_types(pstate, item, query)
    if item.search_clause is not None or item.cycle_clause is not None:
        check_search_and_cycle(pstate, item)


def _check_recursive_types(pstate: ParseState, item: WithItem, query: Query) -> None:
    """The whole must have the types that the non-recursive term alone has."""
    entries = [entry for entry in cte_target_list(query) if not entry.resjunk]
    shown = pstate.catalog.format_type
    columns = zip(entries, item.ctecoltypes, item.ctecoltypmods, item.ctecolcollations, strict=False)
    for number, (entry, typid, typmod, collation) in enumerate(columns, 1):
        expr = entry.expr
        if expr_type(expr) != typid or expr_typmod(expr) != typmod:
            raise pstate.error(
                DATATYPE_MISMATCH,
                f'recursive query "{item.ctename}" column {number} has type {shown(typid, typmod)} in '
                f"non-recursive term but type {shown(expr_type(expr), expr_typmod(expr))} overall",
                expr_location(expr),
                hint="Cast the output of the non-recursive term to the correct type.",
            )
        if expr_collation(expr) != collation:
            raise pstate.error(
                COLLATION_MISMATCH,
                f'recursive query "{item.ctename}" column {number} has collation '
                f'"{_collation_name(pstate, collation)}" in non-recursive term but collation '
                f'"{_collation_name(pstate, expr_collation(expr))}" overall',
                expr_location(expr),
                hint="Use the COLLATE clause to set the collation of the non-recursive term.",
            )


def _collation_name(pstate: ParseState, oid: int) -> str:
    row = pstate.catalog.pg_collation.get(oid)
    return row.collname if row is not None else ""


def analyze_cte_target_list(pstate: ParseState, item: WithItem, tlist: Any) -> None:
    """Fills in the columns of a WITH item."""
    entries = [entry for entry in tlist if not entry.resjunk]
    aliases = item.aliascolnames
    item.ctecolnames = [*aliases, *[entry.resname or "" for entry in entries[len(aliases) :]]]
    for entry in entries:
        typid = expr_type(entry.expr)
        typmod = expr_typmod(entry.expr)
        collation = expr_collation(entry.expr)
        if item.cterecursive and typid == UNKNOWNOID:
            typid, typmod, collation = TEXTOID, -1, collation or DEFAULT_COLLATION_OID
        item.ctecoltypes.append(typid)
        item.ctecoltypmods.append(typmod)
        item.ctecolcollations.append(collation)
    if len(entries) < len(aliases):
        raise pstate.error(
            INVALID_COLUMN_REFERENCE,
            f'WITH query "{item.ctename}" has {len(entries)} columns available but {len(aliases)} columns '
            "specified",
            item.location,
        )


# --- WITH RECURSIVE: who refers to whom ---


def _make_dependency_graph(pstate: ParseState, items: list[WithItem]) -> list[WithItem]:
    """The items in an order in which each refers to earlier ones and itself only."""
    index_of = {item.ctename: index for index, item in enumerate(items)}
    for index, item in enumerate(items):

        def refer(node: Any, index: int = index, item: WithItem = item) -> None:
            target = index_of.get(node.relname)
            if target is None:
                return
            if target == index:
                item.cterecursive = True
            else:
                item.depends_on.add(target)

        _walk_references(item.raw.ctequery, [], refer)
    remaining = list(range(len(items)))
    order: list[int] = []
    for position in range(len(items)):
        for at in range(position, len(remaining)):
            if not items[remaining[at]].depends_on:
                break
        else:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                "mutual recursion between WITH items is not implemented",
                items[remaining[position]].location,
            )
        remaining[position], remaining[at] = remaining[at], remaining[position]
        order.append(remaining[position])
        for later in remaining[position + 1 :]:
            items[later].depends_on.discard(remaining[position])
    return [items[index] for index in order]


def _walk_references(node: Any, inner: list[list[str]], refer: Any) -> None:
    """Calls refer(RangeVar) for references to WITH items from outside the node."""
    if isinstance(node, ast.RangeVar):
        if not node.schemaname and not any(node.relname in names for names in inner):
            refer(node)
        return
    if isinstance(node, ast.WithClause):
        return
    with_clause = getattr(node, "withClause", None)
    if with_clause is not None:
        _enter_with(with_clause, inner, lambda query, now: _walk_references(query, now, refer))
        inner = [[cte.ctename for cte in with_clause.ctes], *inner]
    for child in raw_children(node):
        _walk_references(child, inner, refer)


def _enter_with(with_clause: Any, inner: list[list[str]], walk: Any) -> None:
    """Calls walk(query, names in scope) for each query of an inner WITH."""
    if with_clause.recursive:
        inner = [[cte.ctename for cte in with_clause.ctes], *inner]
        for cte in with_clause.ctes:
            walk(cte.ctequery, inner)
        return
    seen: list[str] = []
    for cte in with_clause.ctes:
        walk(cte.ctequery, [list(seen), *inner])
        seen.append(cte.ctename)


# --- WITH RECURSIVE: is the recursion well-formed ---


def _check_well_formed_recursion(pstate: ParseState, item: WithItem) -> None:
    if not item.cterecursive:
        return
    stmt = item.raw.ctequery
    name = item.ctename
    if not isinstance(stmt, ast.SelectStmt):
        raise pstate.error(
            INVALID_RECURSION,
            f'recursive query "{name}" must not contain data-modifying statements',
            item.location,
        )
    if enum_name(stmt.op) != "SETOP_UNION":
        raise pstate.error(
            INVALID_RECURSION,
            f'recursive query "{name}" does not have the form non-recursive-term UNION [ALL] recursive-term',
            item.location,
        )
    if stmt.withClause is not None:
        check = _RecursionCheck(pstate, name)
        check.context = "sublink"
        for cte in stmt.withClause.ctes:
            check.walk(cte, [])
    not_implemented = (
        ("ORDER BY", stmt.sortClause),
        ("OFFSET", stmt.limitOffset),
        ("LIMIT", stmt.limitCount),
        ("FOR UPDATE/SHARE", stmt.lockingClause),
    )
    for construct, clause in not_implemented:
        if clause:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"{construct} in a recursive query is not implemented",
                raw_location(clause, pstate),
            )
    check = _RecursionCheck(pstate, name)
    check.context = "nonrecursive"
    check.walk(stmt.larg, [])
    check = _RecursionCheck(pstate, name)
    check.walk(stmt.rarg, [])
    if check.count != 1:
        raise pstate.error(INVALID_RECURSION, "missing recursive reference")


class _RecursionCheck:
    """Looks for the recursive references in one arm (checkWellFormedRecursionWalker)."""

    def __init__(self, pstate: ParseState, name: str) -> None:
        self.pstate = pstate
        self.name = name
        self.context = "ok"
        self.count = 0

    def _reference(self, node: Any) -> None:
        location = raw_location(node)
        prefix = f'recursive reference to query "{self.name}" must not appear'
        if self.context != "ok":
            raise self.pstate.error(
                INVALID_RECURSION, f"{prefix} within {_RECURSION_PLACES[self.context]}", location
            )
        self.count += 1
        if self.count > 1:
            raise self.pstate.error(INVALID_RECURSION, f"{prefix} more than once", location)

    def within(self, context: str, node: Any, inner: list[list[str]]) -> None:
        """Walks a part where a reference would be in another context."""
        saved = self.context
        self.context = context
        self.walk(node, inner)
        self.context = saved

    def walk(self, node: Any, inner: list[list[str]]) -> None:
        if node is None:
            return
        if isinstance(node, (tuple, list)):
            for item in node:
                self.walk(item, inner)
        elif isinstance(node, ast.RangeVar):
            if (
                not node.schemaname
                and node.relname == self.name
                and not any(node.relname in names for names in inner)
            ):
                self._reference(node)
        elif isinstance(node, ast.SelectStmt):
            if node.withClause is not None:
                _enter_with(node.withClause, inner, self.walk)
                inner = [[cte.ctename for cte in node.withClause.ctes], *inner]
            self._select(node, inner)
        elif isinstance(node, ast.WithClause):
            pass
        elif isinstance(node, ast.JoinExpr):
            self._join(node, inner)
        elif isinstance(node, ast.SubLink):
            self.within("sublink", node.subselect, inner)
            self.walk(node.testexpr, inner)
        else:
            for child in raw_children(node):
                self.walk(child, inner)

    def _join(self, node: Any, inner: list[list[str]]) -> None:
        kind = enum_name(node.jointype)
        outer = "outerjoin" if self.context == "ok" else self.context
        self.within(outer if kind in ("JOIN_FULL", "JOIN_RIGHT") else self.context, node.larg, inner)
        self.within(outer if kind in ("JOIN_FULL", "JOIN_LEFT") else self.context, node.rarg, inner)
        self.walk(node.quals, inner)

    def _select(self, node: Any, inner: list[list[str]]) -> None:
        op = enum_name(node.op)
        if self.context != "ok" or op in ("SETOP_NONE", "SETOP_UNION"):
            for child in raw_children(node):
                self.walk(child, inner)
            return
        if op == "SETOP_INTERSECT":
            context = "intersect" if node.all else "ok"
            self.within(context, node.larg, inner)
            self.within(context, node.rarg, inner)
        else:
            self.within("except" if node.all else "ok", node.larg, inner)
            self.within("except", node.rarg, inner)
        for part in (node.sortClause, node.limitOffset, node.limitCount, node.lockingClause):
            self.walk(part, inner)
