"""Properties of expressions: volatility, strictness, set-returning calls, sort and hash operators.

PostgreSQL's optimizer/util/clauses.c and the operator part of utils/cache/lsyscache.c.
"""

from typing import Any

from .. import treetypes
from ..lsyscache import BTREE_AM_OID, FamilyMember, get_opfamily_member, operator_families
from ..tree import (
    Aggref,
    ArrayCoerceExpr,
    BooleanTest,
    BoolExpr,
    CoerceViaIO,
    CollateExpr,
    Const,
    CurrentOfExpr,
    DistinctExpr,
    FuncExpr,
    GroupingFunc,
    NextValueExpr,
    NullIfExpr,
    NullTest,
    OpExpr,
    Param,
    Query,
    RelabelType,
    ScalarArrayOpExpr,
    SubLink,
    Var,
    WindowFunc,
)
from .nodes import SubPlan
from .walk import any_node, child_nodes, contains, walk, walk_query


def _subplan_type(node: SubPlan) -> int:
    if node.kind in ("expr", "array"):
        return node.first_column_type
    return 2249 if node.kind == "multiexpr" else 16


treetypes._TYPE.setdefault(SubPlan, _subplan_type)
treetypes._TYPMOD.setdefault(SubPlan, lambda n: n.first_column_typmod if n.kind == "expr" else -1)
expr_type = treetypes.expr_type


def function_volatility(catalog: Any, funcid: int) -> str:
    """pg_proc.provolatile."""
    row = catalog.pg_proc.get(funcid)
    return "v" if row is None else row.provolatile


def is_strict(catalog: Any, funcid: int) -> bool:
    """pg_proc.proisstrict."""
    row = catalog.pg_proc.get(funcid)
    return row is not None and bool(row.proisstrict)


def function_of(node: Any) -> int:
    """The function that the node itself calls, 0 if none."""
    cls = type(node)
    if cls is FuncExpr:
        return int(node.funcid)
    if cls is OpExpr or cls is DistinctExpr or cls is NullIfExpr or cls is ScalarArrayOpExpr:
        return int(node.opfuncid)
    return 0


def node_is_volatile(catalog: Any, node: Any) -> bool:
    """Whether the node itself (not its children) is volatile."""
    funcid = function_of(node)
    if funcid:
        return function_volatility(catalog, funcid) == "v"
    cls = type(node)
    if cls is NextValueExpr:
        return True
    if cls is SubPlan:
        return bool(node.plan.volatile)
    if cls is SubLink:
        return query_is_volatile(catalog, node.subselect)
    return False


def contain_volatile_functions(catalog: Any, node: Any) -> bool:
    """Whether evaluating the expression twice may give different results or effects."""
    cls = type(node)
    if cls is Var or cls is Const or cls is Param:
        return False
    return any_node(node, lambda n: node_is_volatile(catalog, n))


def query_is_volatile(catalog: Any, query: Query) -> bool:
    """Whether the query has volatile functions, modifies data or locks rows."""
    found = query.commandType != "select"

    def visit(node: Any, level: int) -> None:
        nonlocal found
        if found:
            return
        if type(node) is Query:
            found = bool(node.rowMarks) or node.commandType != "select"
        elif type(node) is not SubLink:
            found = node_is_volatile(catalog, node)

    walk_query(query, visit)
    return found


def contain_mutable_functions(catalog: Any, node: Any) -> bool:
    """Whether the expression has anything that is not immutable."""

    def mutable(n: Any) -> bool:
        funcid = function_of(n)
        if funcid:
            return function_volatility(catalog, funcid) != "i"
        return type(n).__name__ in ("SQLValueFunction", "NextValueExpr", "SubLink", "SubPlan")

    return any_node(node, mutable)


def contain_subplans(node: Any) -> bool:
    """Whether the expression has a subquery, planned or not."""
    return contains(node, SubLink, SubPlan)


def contain_agg_clause(node: Any) -> bool:
    """Whether the expression has an aggregate or GROUPING() of this level."""
    return any_node(node, lambda n: type(n) in (Aggref, GroupingFunc) and n.agglevelsup == 0)


def contain_window_function(node: Any) -> bool:
    """Whether the expression has a window function."""
    return contains(node, WindowFunc)


def expression_returns_set(node: Any) -> bool:
    """Whether the expression has a set-returning call (not inside an aggregate's arguments)."""
    cls = type(node)
    if cls is Var or cls is Const:
        return False
    if (cls is FuncExpr and node.funcretset) or (cls is OpExpr and node.opretset):
        return True
    if cls is Aggref or cls is GroupingFunc or cls is WindowFunc or cls is SubPlan:
        return False
    return any(expression_returns_set(child) for child in child_nodes(node))


def set_returning_calls(node: Any, out: list[Any]) -> None:
    """The set-returning calls in an expression, innermost first."""
    cls = type(node)
    if cls is Aggref or cls is GroupingFunc or cls is WindowFunc or cls is SubPlan:
        return
    for child in child_nodes(node):
        set_returning_calls(child, out)
    if ((cls is FuncExpr and node.funcretset) or (cls is OpExpr and node.opretset)) and node not in out:
        out.append(node)


def pull_vars(node: Any) -> list[Any]:
    """The Vars of this level."""
    return [n for n in walk(node) if type(n) is Var and n.varlevelsup == 0]


# --- strictness -----------------------------------------------------------------------------------

_STRICT_WRAPPERS = (RelabelType, CoerceViaIO, ArrayCoerceExpr, CollateExpr)


def find_nonnullable_vars(catalog: Any, node: Any, top_level: bool = True) -> frozenset[tuple[int, int]]:
    """(varno, attno) of Vars that are not NULL wherever the qual is true; with top_level False:
    wherever the expression is not NULL (find_nonnullable_vars)."""
    empty: frozenset[tuple[int, int]] = frozenset()
    cls = type(node)
    if cls is Var:
        return frozenset([(node.varno, node.varattno)]) if node.varlevelsup == 0 else empty
    if cls is FuncExpr or cls is OpExpr or cls is ScalarArrayOpExpr:
        if not is_strict(catalog, function_of(node)) or getattr(node, "funcretset", False):
            return empty
        if cls is ScalarArrayOpExpr:
            # x op ANY/ALL (array): strict in x only if the array cannot be empty, or for ANY at top level
            if not (node.useOr and top_level):
                array = node.args[1]
                if not (type(array) is Const and not array.constisnull and array.constvalue.items):
                    return empty
            return find_nonnullable_vars(catalog, node.args[0], False)
        out = empty
        for arg in node.args:
            out |= find_nonnullable_vars(catalog, arg, False)
        return out
    if cls is BoolExpr:
        if node.boolop == "not":
            return find_nonnullable_vars(catalog, node.args[0], False)
        sets = [find_nonnullable_vars(catalog, arg, top_level) for arg in node.args]
        if node.boolop == "and" and top_level:
            return frozenset().union(*sets)
        return frozenset.intersection(*sets)
    if cls in _STRICT_WRAPPERS:
        return find_nonnullable_vars(catalog, node.arg, top_level)
    if cls is NullTest:
        if top_level and node.nulltesttype == "is_not_null" and not node.argisrow:
            return find_nonnullable_vars(catalog, node.arg, False)
    elif cls is BooleanTest:
        if top_level and node.booltesttype in ("is_true", "is_false", "is_not_unknown"):
            return find_nonnullable_vars(catalog, node.arg, False)
    elif (cls is SubPlan or cls is SubLink) and top_level and node.testexpr is not None:
        if (node.kind if cls is SubPlan else node.subLinkType) not in ("any", "rowcompare"):
            return empty
        return find_nonnullable_vars(catalog, node.testexpr, top_level)
    return empty


def find_nonnullable_rels(catalog: Any, node: Any) -> int:
    """Relations that cannot be null-extended where the qual is true."""
    out = 0
    for varno, _ in find_nonnullable_vars(catalog, node):
        out |= 1 << varno
    return out


def find_forced_null_vars(node: Any) -> frozenset[tuple[int, int]]:
    """Vars that must be NULL where the qual is true (var IS NULL)."""
    cls = type(node)
    if cls is NullTest and node.nulltesttype == "is_null" and not node.argisrow and type(node.arg) is Var:
        if node.arg.varlevelsup == 0:
            return frozenset([(node.arg.varno, node.arg.varattno)])
    elif cls is BoolExpr and node.boolop == "and":
        return frozenset().union(*[find_forced_null_vars(arg) for arg in node.args])
    return frozenset()


# --- operators ------------------------------------------------------------------------------------


def btree_members(catalog: Any, opno: int) -> list[FamilyMember]:
    """The btree families that the operator is a member of."""
    cache = catalog.cache
    key = ("btree_members", opno)
    found = cache.get(key)
    if found is None:
        found = cache[key] = [
            m for m in operator_families(catalog, opno) if m[4] == BTREE_AM_OID and m[5] == "s"
        ]
    return found


def get_commutator(catalog: Any, opno: int) -> int:
    """pg_operator.oprcom."""
    row = catalog.pg_operator.get(opno)
    return 0 if row is None else int(row.oprcom)


def get_negator(catalog: Any, opno: int) -> int:
    """pg_operator.oprnegate."""
    row = catalog.pg_operator.get(opno)
    return 0 if row is None else int(row.oprnegate)


def make_op(catalog: Any, opno: int, left: Any, right: Any, collation: int) -> OpExpr:
    """A boolean operator call."""
    row = catalog.pg_operator.get(opno)
    return OpExpr(
        opno=opno, opfuncid=row.oprcode, opresulttype=row.oprresult, args=(left, right), inputcollid=collation
    )


def equality_operator_of_ordering(catalog: Any, sortop: int) -> int:
    """The "=" that belongs to a "<" or ">" operator (get_equality_op_for_ordering_op)."""
    for m in btree_members(catalog, sortop):
        if m[3] in (1, 5):
            return get_opfamily_member(catalog, m[0], m[1], m[2], 3)
    return 0


def ordering_family(catalog: Any, sortop: int) -> tuple[int, bool] | None:
    """(btree family, descending) of an ordering operator."""
    for m in btree_members(catalog, sortop):
        if m[3] == 1:
            return m[0], False
        if m[3] == 5:
            return m[0], True
    return None


def is_pseudo_constant(catalog: Any, node: Any) -> bool:
    """Whether the expression uses no Var of this level and nothing volatile."""
    cls = type(node)
    if cls is Const or cls is Param:
        return True
    if any_node(node, lambda n: type(n) in (Var, Aggref, WindowFunc, CurrentOfExpr) and not _outer(n)):
        return False
    return not contain_volatile_functions(catalog, node)


def _outer(node: Any) -> bool:
    level = getattr(node, "varlevelsup", None)
    return bool(level if level is not None else getattr(node, "agglevelsup", 0))


def strip_relabel(node: Any) -> Any:
    """The expression below binary-compatible coercions."""
    while type(node) is RelabelType:
        node = node.arg
    return node
