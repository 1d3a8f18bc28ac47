"""Subqueries in expressions: joins where PostgreSQL makes joins, SubPlan nodes otherwise
(optimizer/plan/subselect.c, pull_up_sublinks of prepjointree.c)."""

from typing import Any

from ..lsyscache import op_hashjoinable
from ..tree import (
    BoolExpr,
    Const,
    FromExpr,
    JoinExpr,
    OpExpr,
    Param,
    Query,
    RangeTblEntry,
    RangeTblRef,
    SubLink,
    Var,
)
from ..treetypes import expr_collation, expr_type, expr_typmod
from .clauses import contain_volatile_functions, is_strict
from .nodes import SubPlan
from .pullup import jointree_relids, prepare_jointree
from .root import Root, merge_child
from .walk import (
    any_node,
    contains,
    make_and,
    make_ands_implicit,
    pull_varnos,
    replace,
    transform,
    walk_query,
)


def pull_up_sublinks(root: Root, node: Any) -> Any:
    """EXISTS and IN conjuncts of WHERE and inner join conditions become semi and anti joins."""
    if type(node) is RangeTblRef:
        return node
    if type(node) is JoinExpr:
        larg = pull_up_sublinks(root, node.larg)
        rarg = pull_up_sublinks(root, node.rarg)
        if node.jointype == "inner" and node.quals is not None and contains(node.quals, SubLink):
            return pull_up_sublinks(root, FromExpr(fromlist=(larg, rarg), quals=node.quals))
        return replace(node, larg=larg, rarg=rarg)
    items = tuple([pull_up_sublinks(root, item) for item in node.fromlist])
    if node.quals is None or not items or not contains(node.quals, SubLink):
        return replace(node, fromlist=items)
    remaining = []
    tree: Any = FromExpr(fromlist=items) if len(items) > 1 else items[0]
    available = jointree_relids(tree)
    for qual in make_ands_implicit(node.quals):
        join = _convert(root, qual, available)
        if join is None:
            remaining.append(qual)
        else:
            jointype, rarg, quals = join
            if jointype == "semi" and contains(quals, SubLink):
                tree, quals = _convert_within(root, tree, quals, available)
            tree = JoinExpr(jointype=jointype, larg=tree, rarg=rarg, quals=quals)
    return FromExpr(fromlist=(tree,), quals=make_and(remaining))


def _convert_within(root: Root, tree: Any, quals: Any, available: int) -> tuple[Any, Any]:
    """Sublinks in the condition of a semi join that are about its left side only are joined there first."""
    remaining = []
    for qual in make_ands_implicit(quals):
        join = _convert(root, qual, available)
        if join is None:
            remaining.append(qual)
        else:
            tree = JoinExpr(jointype=join[0], larg=tree, rarg=join[1], quals=join[2])
    return tree, make_and(remaining)


def _convert(root: Root, qual: Any, available: int) -> tuple[str, Any, Any] | None:
    if type(qual) is SubLink:
        if qual.subLinkType == "any":
            return convert_any_sublink_to_join(root, qual, available)
        if qual.subLinkType == "exists":
            return convert_exists_sublink_to_join(root, qual, False, available)
    elif type(qual) is BoolExpr and qual.boolop == "not":
        inner = qual.args[0]
        if type(inner) is SubLink and inner.subLinkType == "exists":
            return convert_exists_sublink_to_join(root, inner, True, available)
    return None


def outer_levels(query: Query) -> set[int]:
    """How many levels out (1 = the query's parent) the references of a query go."""
    out: set[int] = set()

    def visit(node: Any, level: int) -> None:
        up = getattr(node, "varlevelsup", None)
        if up is None:
            up = getattr(node, "agglevelsup", None)
        if up is not None and up > level:
            out.add(up - level)
        elif type(node) is RangeTblEntry and node.rtekind == "cte" and node.ctelevelsup > level:
            pass

    walk_query(query, visit)
    return out


def convert_any_sublink_to_join(root: Root, sublink: SubLink, available: int) -> tuple[str, Any, Any] | None:
    """x IN (SELECT ...) as a semi join with the subquery."""
    query = sublink.subselect
    if query.commandType != "select" or sublink.testexpr is None:
        return None
    levels = outer_levels(query)
    if 1 in levels or (root.pulled and levels):
        return None
    upper = pull_varnos(sublink.testexpr)
    if not upper or upper & ~available:
        return None
    if root.pulled and any_node(sublink.testexpr, lambda n: bool(getattr(n, "varlevelsup", 0))):
        return None
    if contain_volatile_functions(root.catalog, sublink.testexpr):
        return None
    root.rtable.append(
        RangeTblEntry(
            rtekind="subquery",
            alias="ANY_subquery",
            eref="ANY_subquery",
            eref_colnames=tuple([e.resname or "?column?" for e in query.targetList if not e.resjunk]),
            subquery=query,
            inFromCl=False,
        )
    )
    rtindex = len(root.rtable)
    columns = [entry.expr for entry in query.targetList if not entry.resjunk]

    def function(node: Any, level: int) -> Any:
        if type(node) is SubLink:  # its parameters are its own
            return node
        if type(node) is Param and node.paramkind == "sublink" and level == 0:
            expr = columns[node.paramid - 1]
            return Var(
                varno=rtindex,
                varattno=node.paramid,
                vartype=node.paramtype,
                vartypmod=expr_typmod(expr),
                varcollid=expr_collation(expr),
            )
        return None

    quals = transform(sublink.testexpr, function)
    return "semi", RangeTblRef(rtindex=rtindex), quals


def convert_exists_sublink_to_join(
    root: Root, sublink: SubLink, negated: bool, available: int
) -> tuple[str, Any, Any] | None:
    """[NOT] EXISTS (SELECT ... WHERE correlated) as a semi or anti join."""
    query = simplify_exists_query(root, sublink.subselect)
    if query is None or query.jointree is None or not query.jointree.fromlist or query.cteList:
        return None
    where = query.jointree.quals
    if where is None:
        return None
    rest = replace(query, jointree=FromExpr(fromlist=query.jointree.fromlist), targetList=[])
    levels = outer_levels(rest)
    if 1 in levels or (root.pulled and levels):
        return None
    upper = _outer_varnos(where)
    if not upper or upper & ~available or contain_volatile_functions(root.catalog, where):
        return None
    if root.pulled and 2 in outer_levels(query):
        return None
    child = Root(root.glob, replace(query, targetList=[]), root, pulled=True)
    prepare_jointree(child)
    _, bring = merge_child(root, child)
    tree = bring(child.jointree)
    rarg: Any = FromExpr(fromlist=tree.fromlist)
    quals = tree.quals
    if len(rarg.fromlist) == 1:
        rarg = rarg.fromlist[0]
    return ("anti" if negated else "semi"), rarg, quals


def _outer_varnos(where: Any) -> int:
    """The parent's relations that the WHERE of a subquery uses."""
    found = 0

    def function(node: Any, level: int) -> Any:
        nonlocal found
        if type(node) is Var and node.varlevelsup == level + 1:
            found |= 1 << node.varno
        return None

    transform(where, function)
    return found


def simplify_exists_query(root: Root, query: Query) -> Query | None:
    """Without what cannot change whether there is a row; None if it is not that simple."""
    if (
        query.commandType != "select"
        or query.setOperations is not None
        or query.hasAggs
        or query.groupingSets
        or query.hasWindowFuncs
        or query.hasTargetSRFs
        or query.hasModifyingCTE
        or query.havingQual is not None
        or query.limitOffset is not None
        or query.rowMarks
    ):
        return None
    if query.limitCount is not None:
        limit = root.simplify(query.limitCount)
        if type(limit) is not Const or (not limit.constisnull and limit.constvalue <= 0):
            return None
    return replace(
        query,
        targetList=[],
        groupClause=[],
        windowClause=[],
        distinctClause=[],
        sortClause=[],
        hasDistinctOn=False,
        limitCount=None,
    )


# --- SubPlans -------------------------------------------------------------------------------------


def make_subplan(root: Root, sublink: SubLink, is_qual: bool) -> SubPlan:
    """The planned form of a SubLink whose testexpr is already preprocessed."""
    from .build import subquery_planner

    kind = sublink.subLinkType
    query = sublink.subselect
    fraction = 0.0
    if kind == "exists":
        simple = simplify_exists_query(root, query)
        if simple is not None:
            query = simple
        fraction = 1.0
    elif kind in ("any", "all"):
        fraction = 0.5
    elif kind in ("expr", "rowcompare"):
        fraction = 1.0
    child = subquery_planner(root.glob, query, root, fraction)
    plan = child.planned
    assert plan is not None
    refs = tuple([_outward(ref) for ref in child.outer_refs])
    correlated = bool(refs) or plan_uses_worktable(child)
    testexpr = sublink.testexpr
    hashed = False
    if kind == "any" and not correlated and testexpr is not None and plan.plan.rows < 5e6:
        hashed = testexpr_is_hashable(root, testexpr)
    if kind in ("any", "all") and hashed and child.tuple_fraction:
        child = subquery_planner(root.glob, query, root, 0.0)
        plan = child.planned
        assert plan is not None
    first_type = plan.types[0] if plan.types else 0
    first_typmod = plan.typmods[0] if plan.typmods else -1
    if kind == "array":
        first_type = sublink.arraytype or root.catalog.array_type(first_type) or first_type
    if plan.volatile:
        root.volatile = True
    return SubPlan(
        kind=kind,
        plan=plan,
        testexpr=testexpr,
        correlated=correlated,
        hashed=hashed,
        plan_id=root.glob.next_plan_id(),
        first_column_type=first_type,
        first_column_typmod=first_typmod,
        outer_refs=refs,
    )


def _outward(ref: Any) -> Any:
    """An outer reference as the containing query sees it."""
    from .walk import increment_var_sublevels_up

    return increment_var_sublevels_up(ref, -1, 1)


def plan_uses_worktable(child: Root) -> bool:
    """Whether the subquery reads the work table of an enclosing recursion (its rows change)."""
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

    walk_query(child.query, visit)
    return found


def testexpr_is_hashable(root: Root, testexpr: Any) -> bool:
    """Whether every combining operator is a strict hashable equality of an outer expression and a
    subquery column."""
    for clause in make_ands_implicit(testexpr):
        if type(clause) is not OpExpr or len(clause.args) != 2:
            return False
        row = root.catalog.pg_operator.get(clause.opno)
        if row is None or not row.oprcanhash or not is_strict(root.catalog, clause.opfuncid):
            return False
        left, right = clause.args
        if not op_hashjoinable(root.catalog, clause.opno, expr_type(left)):
            return False
        if contains(left, Param) and any_node(left, _is_sublink_param):
            return False
        if not any_node(right, _is_sublink_param):
            return False
    return True


def _is_sublink_param(node: Any) -> bool:
    return type(node) is Param and node.paramkind == "sublink"
