"""Subqueries and sublinks in FROM and WHERE merged into their parent (optimizer/prep/prepjointree.c).

1. WITH items to be inlined become subqueries in FROM.
2. EXISTS and IN conjuncts become semi and anti joins: JoinExpr with jointype "semi" or "anti".
3. Simple subqueries and one-row VALUES are replaced by what is in them. Below the nullable side of
   an outer join a subquery's outputs must be strict in its own columns, because they become NULL
   with them; a subquery whose outputs are not is planned on its own.
"""

from typing import Any

from ..tree import FromExpr, JoinExpr, Query, RangeTblEntry, RangeTblRef, Var
from .clauses import contain_volatile_functions, expression_returns_set, find_nonnullable_vars
from .root import Root, merge_child
from .walk import any_node, make_and, pull_varnos, replace, walk_query


def prepare_jointree(root: Root) -> None:
    """All of the above for one query level; leaves root.jointree, root.rtable and root.subst."""
    from .ctes import inline_cte_references
    from .sublinks import pull_up_sublinks

    query = root.query
    if any(rte.rtekind == "cte" for rte in root.rtable):
        inline_cte_references(root)
    for i, rte in enumerate(root.rtable):
        if rte.rtekind == "join":
            root.subst[i + 1] = rte.joinaliasvars
    if query.hasSubLinks and not query.setOperations:
        root.jointree = pull_up_sublinks(root, root.jointree)
    if not query.setOperations and any(rte.rtekind in ("subquery", "values") for rte in root.rtable):
        root.jointree = _pull_up(root, root.jointree, 0, False, 0)
    for i, rte in enumerate(root.rtable):
        if rte.rtekind == "join" and i + 1 not in root.subst:
            root.subst[i + 1] = rte.joinaliasvars


def jointree_relids(node: Any) -> int:
    """The base relations below a join tree node."""
    if type(node) is RangeTblRef:
        return 1 << int(node.rtindex)
    if type(node) is JoinExpr:
        return jointree_relids(node.larg) | jointree_relids(node.rarg)
    out = 0
    for item in node.fromlist:
        out |= jointree_relids(item)
    return out


def _pull_up(root: Root, node: Any, enclosing: int, nullable: bool, outer_scope: int) -> Any:
    """`outer_scope`: relations of the lowest outer join above (0: none), which lateral references
    must stay within."""
    if type(node) is RangeTblRef:
        rte = root.rte(node.rtindex)
        if rte.rtekind == "subquery" and rte.subquery is not None:
            return _pull_up_subquery(root, node, rte, nullable, outer_scope)
        if rte.rtekind == "values" and not nullable and not outer_scope:
            return _pull_up_values(root, node, rte)
        return node
    if type(node) is FromExpr:
        items = tuple([_pull_up(root, item, enclosing, nullable, outer_scope) for item in node.fromlist])
        return replace(node, fromlist=items)
    scope = outer_scope
    kind = node.jointype
    if kind in ("left", "right", "full", "anti"):
        scope = jointree_relids(node)
    left_nullable = nullable or kind in ("right", "full")
    right_nullable = nullable or kind in ("left", "full")
    larg = _pull_up(root, node.larg, enclosing, left_nullable, scope)
    rarg = _pull_up(root, node.rarg, enclosing, right_nullable, scope)
    return replace(node, larg=larg, rarg=rarg)


def is_simple_subquery(root: Root, query: Query) -> bool:
    """Whether the subquery is just a join with outputs (is_simple_subquery)."""
    if (
        query.commandType != "select"
        or query.setOperations is not None
        or query.hasAggs
        or query.hasWindowFuncs
        or query.hasTargetSRFs
        or query.groupClause
        or query.groupingSets
        or query.havingQual is not None
        or query.sortClause
        or query.distinctClause
        or query.limitOffset is not None
        or query.limitCount is not None
        or query.rowMarks
        or query.cteList
        or query.hasForUpdate
    ):
        return False
    for entry in query.targetList:
        if expression_returns_set(entry.expr) or contain_volatile_functions(root.catalog, entry.expr):
            return False
        if root.query.hasSubLinks and any_node(entry.expr, lambda n: type(n).__name__ == "SubLink"):
            return False  # it might end up inside of another sublink, which is planned by itself
    return True


def _pull_up_subquery(
    root: Root, ref: RangeTblRef, rte: RangeTblEntry, nullable: bool, outer_scope: int
) -> Any:
    query = rte.subquery
    assert query is not None
    if rte.security_barrier or not is_simple_subquery(root, query):
        return ref
    if root.query.groupingSets:  # its columns become NULL above the grouping, their expressions would not
        return ref
    restricted = nullable or outer_scope != 0
    if query.jointree is None or not query.jointree.fromlist:
        if restricted or (query.jointree is not None and query.jointree.quals is not None):
            return ref
    if restricted and not _may_pull_up_restricted(root, ref, query, nullable, outer_scope, rte):
        return ref
    child = Root(root.glob, query, root, pulled=True)
    child.parent = root
    prepare_jointree(child)
    if restricted and not jointree_relids(child.jointree):
        return ref
    _, bring = merge_child(root, child)
    exprs = [bring(entry.expr) for entry in query.targetList if not entry.resjunk]
    root.subst[ref.rtindex] = tuple(exprs)
    root.rtable[ref.rtindex - 1] = replace(rte, lateral=False)
    return bring(child.jointree)


def _may_pull_up_restricted(
    root: Root, ref: RangeTblRef, query: Query, nullable: bool, outer_scope: int, rte: RangeTblEntry
) -> bool:
    """The extra conditions below an outer join."""
    if rte.lateral:
        lateral = 0

        def visit(node: Any, level: int) -> None:
            nonlocal lateral
            if type(node) is Var and node.varlevelsup == level + 1:
                lateral |= 1 << node.varno

        walk_query(query, visit)
        if lateral & ~outer_scope:
            return False
    if not nullable:
        return True
    for entry in query.targetList:
        if entry.resjunk:
            continue
        if type(entry.expr) is Var and entry.expr.varlevelsup == 0 and _is_plain_column(query, entry.expr):
            continue
        if any_node(entry.expr, lambda n: type(n).__name__ == "SubLink"):
            return False
        if not find_nonnullable_vars(root.catalog, entry.expr, False):
            return False
        if type(entry.expr).__name__ == "RowExpr":
            return False
        if any(
            not _is_plain_column(query, Var(varno=v, varattno=a, vartype=0))
            for v, a in find_nonnullable_vars(root.catalog, entry.expr, False)
        ):
            return False
    return not _whole_row_used(root, ref.rtindex)


def _is_plain_column(query: Query, var: Var) -> bool:
    """Whether the Var is certainly NULL in a null-extended row: what stands for it is no expression
    that could be otherwise."""
    rte = query.rtable[var.varno - 1]
    if rte.rtekind == "relation":
        return True
    if rte.rtekind == "join" and 0 < var.varattno <= len(rte.joinaliasvars):
        below = rte.joinaliasvars[var.varattno - 1]
        return type(below) is Var and below.varlevelsup == 0 and _is_plain_column(query, below)
    if rte.rtekind in ("subquery", "cte", "values"):
        # It may itself be replaced by an expression when it is pulled up; look through it.
        if rte.rtekind == "subquery" and rte.subquery is not None and var.varattno > 0:
            below = rte.subquery.targetList[var.varattno - 1].expr
            return type(below) is Var and below.varlevelsup == 0 and _is_plain_column(rte.subquery, below)
        return False
    return rte.rtekind == "function"


def _whole_row_used(root: Root, varno: int) -> bool:
    found = False

    def visit(node: Any, level: int) -> None:
        nonlocal found
        if type(node) is Var and node.varno == varno and node.varattno == 0 and node.varlevelsup == level:
            found = True

    walk_query(root.query, visit)
    return found


def _pull_up_values(root: Root, ref: RangeTblRef, rte: RangeTblEntry) -> Any:
    """A VALUES of one row is replaced by its expressions."""
    if len(rte.values_lists) != 1 or root.query.commandType != "select" or root.query.groupingSets:
        return ref
    row = rte.values_lists[0]
    for expr in row:
        if contain_volatile_functions(root.catalog, expr) or expression_returns_set(expr):
            return ref
        if type(expr).__name__ == "SetToDefault" or pull_varnos(expr):
            return ref
    root.subst[ref.rtindex] = row
    return FromExpr(fromlist=())


def collect_quals(quals: list[Any]) -> Any:
    """The conjunction of raw quals."""
    return make_and([q for q in quals if q is not None])
