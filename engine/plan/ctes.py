"""WITH: items inlined into their only reference, or planned apart and materialised
(SS_process_ctes of optimizer/plan/subselect.c, and generate_recursion_path)."""

from typing import Any

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..tree import CommonTableExpr, Query, RangeTblEntry, SetOperationStmt
from .clauses import query_is_volatile
from .nodes import RecursiveUnion
from .root import CteInfo, Root
from .walk import increment_var_sublevels_up, replace, walk_query


def process_ctes(root: Root) -> None:
    """Decides for each WITH item of the query how to use it, and plans the materialised ones."""
    from .build import subquery_planner

    query = root.query
    modifying = []
    for cte in query.cteList:
        references = count_references(query, cte)
        info = CteInfo(cte.ctename, cte.ctequery, references)
        select = cte.ctequery.commandType == "select"
        if select and references == 0:
            continue
        root.ctes[cte.ctename] = info
        if select and _may_inline(root, cte, references):
            continue
        info.query = None
        info.recursive = cte.cterecursive and _is_recursive(cte)
        if info.recursive:
            planned: Any = plan_recursive(root, cte, info)
        else:
            child = subquery_planner(root.glob, cte.ctequery, root, 0.0)
            planned = child.planned
            info.rows = planned.plan.rows
            if planned.volatile:
                root.volatile = True
        info.planned = planned
        root.planned_ctes[cte.ctename] = planned
        if not select:
            modifying.append(cte.ctename)
            root.volatile = True
    root.modifying_ctes = tuple(modifying)


def count_references(query: Query, cte: CommonTableExpr) -> int:
    """How often the item is referred to, its own recursive references not counted."""
    count = 0

    def visit(node: Any, level: int) -> None:
        nonlocal count
        if type(node) is RangeTblEntry and node.rtekind == "cte" and node.ctename == cte.ctename:
            if node.ctelevelsup == level and not node.self_reference:
                count += 1

    walk_query(query, visit)
    if cte.cterecursive:
        own = 0

        def visit_own(node: Any, level: int) -> None:
            nonlocal own
            if type(node) is RangeTblEntry and node.rtekind == "cte" and node.ctename == cte.ctename:
                if node.ctelevelsup == level + 1 and not node.self_reference:
                    own += 1

        walk_query(cte.ctequery, visit_own)
        count -= own
    return count


def _may_inline(root: Root, cte: CommonTableExpr, references: int) -> bool:
    if cte.ctematerialized == "always" or (cte.cterecursive and _is_recursive(cte)):
        return False
    if cte.ctematerialized == "default" and references != 1:
        return False
    if query_is_volatile(root.catalog, cte.ctequery) or cte.ctequery.hasModifyingCTE:
        return False
    return not _has_outer_self_reference(cte.ctequery)


def _has_outer_self_reference(query: Query) -> bool:
    found = False

    def visit(node: Any, level: int) -> None:
        nonlocal found
        if (
            type(node) is RangeTblEntry
            and node.rtekind == "cte"
            and node.self_reference
            and node.ctelevelsup > level
        ):
            found = True

    walk_query(query, visit)
    return found


def _is_recursive(cte: CommonTableExpr) -> bool:
    """Whether the item refers to itself."""
    found = False

    def visit(node: Any, level: int) -> None:
        nonlocal found
        if type(node) is RangeTblEntry and node.rtekind == "cte" and node.ctename == cte.ctename:
            if node.ctelevelsup == level + 1:
                found = True

    walk_query(cte.ctequery, visit)
    return found


def find_cte(root: Root, rte: RangeTblEntry) -> CteInfo:
    """The WITH item that a range table entry refers to."""
    return root.ancestor(rte.ctelevelsup).ctes[rte.ctename]


def inline_cte_references(root: Root) -> None:
    """References to items that are inlined become subqueries."""
    for i, rte in enumerate(root.rtable):
        if rte.rtekind != "cte" or rte.self_reference:
            continue
        info = root.ancestor(rte.ctelevelsup).ctes.get(rte.ctename)
        if info is None or info.query is None:
            continue
        # The item's query is one level below the query with the WITH, as a subquery here is below this one.
        subquery = increment_var_sublevels_up(info.query, rte.ctelevelsup, 1)
        root.rtable[i] = RangeTblEntry(
            rtekind="subquery",
            alias=rte.alias,
            alias_colnames=rte.alias_colnames,
            eref=rte.eref,
            eref_colnames=rte.eref_colnames,
            subquery=subquery,
            inFromCl=rte.inFromCl,
        )


def plan_recursive(root: Root, cte: CommonTableExpr, info: CteInfo) -> RecursiveUnion:
    """WITH RECURSIVE. The arms become children of the query with the WITH, so their references
    beyond the set operation's own level come one level closer."""
    from .build import subquery_planner

    query = cte.ctequery
    operation = query.setOperations
    if not isinstance(operation, SetOperationStmt) or operation.op != "union":
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'recursive query "{cte.ctename}" does not have the form'
            " non-recursive-term UNION [ALL] recursive-term",
        )
    arms = [_arm(query, operation.larg), _arm(query, operation.rarg)]
    info.recursive = True
    info.planning = True
    first = subquery_planner(root.glob, arms[0], root, 0.0).planned
    info.rows = max(first.plan.rows * 10, 10.0)
    second = subquery_planner(root.glob, arms[1], root, 0.0).planned
    info.planning = False
    rows = first.plan.rows + 10 * second.plan.rows
    info.rows = rows
    if first.volatile or second.volatile:
        root.volatile = True
    distinct = () if operation.all else tuple([clause.eqop for clause in operation.groupClauses])
    return RecursiveUnion(
        ctename=cte.ctename,
        first=first,
        recursive=second,
        distinct=distinct,
        rows=rows,
        cost=first.plan.cost + 10 * second.plan.cost,
    )


def _arm(query: Query, node: Any) -> Query:
    if isinstance(node, SetOperationStmt):
        # A nested set operation as an arm: a query of its own with the same range table.
        arm = Query(
            commandType="select",
            rtable=query.rtable,
            setOperations=node,
            targetList=list(query.targetList),
            cteList=query.cteList,
        )
        return arm
    arm = query.rtable[node.rtindex - 1].subquery
    assert arm is not None
    arm = increment_var_sublevels_up(arm, -1, 2)
    if query.cteList:
        # The set operation's own WITH moves into the arm: its references of level 1 become level 0.
        moved = [replace(c, ctequery=c.ctequery) for c in query.cteList]
        arm = _with_ctes(arm, moved)
    return arm


def _with_ctes(arm: Query, ctes: list[CommonTableExpr]) -> Query:
    from .walk import transform_query

    names = {c.ctename for c in ctes}

    def rte_function(rte: RangeTblEntry, level: int) -> RangeTblEntry:
        if rte.rtekind == "cte" and rte.ctename in names and rte.ctelevelsup == level + 1:
            return replace(rte, ctelevelsup=level)
        return rte

    arm = transform_query(arm, lambda node, level: None, rte_function)
    return replace(arm, cteList=[*ctes, *arm.cteList])
