"""What an expression of the typed tree is: its type, typmod, collation, location and properties.

PostgreSQL's nodes/nodeFuncs.c (exprType and friends) and parts of optimizer/util/clauses.c. One
function per question, each a table from node class to a getter, since these run in analysis,
planning and compilation alike.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from . import tree as t

BOOLOID = 16
INT4OID = 23
TEXTOID = 25

COLLATION_DEFAULT = 100
COLLATION_C = 950

Getter = Callable[[Any], int]


def _sublink_column(node: t.SubLink) -> Any:
    """The subquery's first output expression."""
    return node.subselect.targetList[0].expr


# --- type --------------------------------------------------------------------------------------------


def _sublink_type(node: t.SubLink) -> int:
    kind = node.subLinkType
    if kind == "expr":
        return expr_type(_sublink_column(node))
    if kind == "array":
        return node.arraytype
    if kind == "multiexpr":
        return 2249
    return BOOLOID


def _json_constructor_type(node: t.JsonConstructorExpr) -> int:
    if node.coercion is None and node.func is None:
        return 114
    return expr_type(node.coercion if node.coercion is not None else node.func)


def _constantly(value: int) -> Getter:
    return lambda node: value


def _field(name: str) -> Getter:
    return lambda node: getattr(node, name)


def _of(name: str, question: str) -> Getter:
    """Ask the same question of a child."""
    return lambda node: globals()[question](getattr(node, name))


_TYPE: dict[type, Getter] = {
    t.Var: _field("vartype"),
    t.Const: _field("consttype"),
    t.Param: _field("paramtype"),
    t.CaseTestExpr: _field("typeId"),
    t.CoerceToDomainValue: _field("typeId"),
    t.SetToDefault: _field("typeId"),
    t.CurrentOfExpr: _constantly(BOOLOID),
    t.FuncExpr: _field("funcresulttype"),
    t.OpExpr: _field("opresulttype"),
    t.DistinctExpr: _field("opresulttype"),
    t.NullIfExpr: _field("opresulttype"),
    t.ScalarArrayOpExpr: _constantly(BOOLOID),
    t.BoolExpr: _constantly(BOOLOID),
    t.Aggref: _field("aggtype"),
    t.GroupingFunc: _constantly(INT4OID),
    t.WindowFunc: _field("wintype"),
    t.SubLink: _sublink_type,
    t.SubscriptingRef: _field("refrestype"),
    t.FieldSelect: _field("resulttype"),
    t.FieldStore: _field("resulttype"),
    t.RelabelType: _field("resulttype"),
    t.CoerceViaIO: _field("resulttype"),
    t.ArrayCoerceExpr: _field("resulttype"),
    t.ConvertRowtypeExpr: _field("resulttype"),
    t.CoerceToDomain: _field("resulttype"),
    t.CollateExpr: _of("arg", "expr_type"),
    t.CaseExpr: _field("casetype"),
    t.CaseWhen: _of("result", "expr_type"),
    t.ArrayExpr: _field("array_typeid"),
    t.RowExpr: _field("row_typeid"),
    t.RowCompareExpr: _constantly(BOOLOID),
    t.CoalesceExpr: _field("coalescetype"),
    t.MinMaxExpr: _field("minmaxtype"),
    t.SQLValueFunction: _field("type"),
    t.NullTest: _constantly(BOOLOID),
    t.BooleanTest: _constantly(BOOLOID),
    t.NextValueExpr: _field("typeId"),
    t.JsonIsPredicate: _constantly(BOOLOID),
    t.JsonConstructorExpr: _json_constructor_type,
    t.MergeSupportFunc: _field("msftype"),
    t.OldNewVar: _of("var", "expr_type"),
    t.TargetEntry: _of("expr", "expr_type"),
    t.InferenceElem: _of("expr", "expr_type"),
}


def expr_type(node: Any) -> int:
    """The type oid of an expression's result (exprType)."""
    return _TYPE[node.__class__](node)


# --- typmod --------------------------------------------------------------------------------------------


def expr_is_length_coercion(node: Any) -> int | None:
    """The typmod that a length-coercion call enforces; None if `node` is no such call."""
    if isinstance(node, t.FuncExpr):
        if node.funcformat not in (t.COERCE_EXPLICIT_CAST, t.COERCE_IMPLICIT_CAST):
            return None
        if len(node.args) not in (2, 3):
            return None
        second = node.args[1]
        if not isinstance(second, t.Const) or second.consttype != INT4OID or second.constisnull:
            return None
        return int(second.constvalue)
    if isinstance(node, t.ArrayCoerceExpr):
        return node.resulttypmod if node.resulttypmod >= 0 else None
    return None


def _function_typmod(node: Any) -> int:
    typmod = expr_is_length_coercion(node)
    return -1 if typmod is None else typmod


def _sublink_typmod(node: t.SubLink) -> int:
    if node.subLinkType in ("expr", "array"):
        return expr_typmod(_sublink_column(node))
    return -1


def _common_typmod(typid: int, nodes: Any) -> int:
    """The typmod that all nodes share, if all are of this type; else -1."""
    result: int | None = None
    for node in nodes:
        if expr_type(node) != typid:
            return -1
        typmod = expr_typmod(node)
        if result is None:
            result = typmod
        if typmod < 0 or typmod != result:
            return -1
    return -1 if result is None else result


def _case_typmod(node: t.CaseExpr) -> int:
    if node.defresult is None:
        return -1
    return _common_typmod(node.casetype, [node.defresult, *[when.result for when in node.args]])


def _array_typmod(node: t.ArrayExpr) -> int:
    return _common_typmod(node.array_typeid if node.multidims else node.element_typeid, node.elements)


_TYPMOD: dict[type, Getter] = {
    t.Var: _field("vartypmod"),
    t.Const: _field("consttypmod"),
    t.Param: _field("paramtypmod"),
    t.CaseTestExpr: _field("typeMod"),
    t.CoerceToDomainValue: _field("typeMod"),
    t.SetToDefault: _field("typeMod"),
    t.FuncExpr: _function_typmod,
    t.NullIfExpr: lambda node: expr_typmod(node.args[0]),
    t.SubLink: _sublink_typmod,
    t.SubscriptingRef: _field("reftypmod"),
    t.FieldSelect: _field("resulttypmod"),
    t.RelabelType: _field("resulttypmod"),
    t.ArrayCoerceExpr: _field("resulttypmod"),
    t.CoerceToDomain: _field("resulttypmod"),
    t.CollateExpr: _of("arg", "expr_typmod"),
    t.CaseExpr: _case_typmod,
    t.CaseWhen: _of("result", "expr_typmod"),
    t.ArrayExpr: _array_typmod,
    t.CoalesceExpr: lambda node: _common_typmod(node.coalescetype, node.args),
    t.MinMaxExpr: lambda node: _common_typmod(node.minmaxtype, node.args),
    t.SQLValueFunction: _field("typmod"),
    t.JsonConstructorExpr: lambda node: expr_typmod(node.coercion) if node.coercion is not None else -1,
    t.OldNewVar: _of("var", "expr_typmod"),
    t.TargetEntry: _of("expr", "expr_typmod"),
}


def expr_typmod(node: Any) -> int:
    """The type modifier of an expression's result, -1 if it has none (exprTypmod)."""
    getter = _TYPMOD.get(node.__class__)
    return -1 if getter is None else getter(node)


# --- collation -------------------------------------------------------------------------------------------


def _sublink_collation(node: t.SubLink) -> int:
    if node.subLinkType in ("expr", "array"):
        return expr_collation(_sublink_column(node))
    return 0


_COLLATION_FIELD: dict[type, str] = {
    t.Var: "varcollid",
    t.Const: "constcollid",
    t.Param: "paramcollid",
    t.CaseTestExpr: "collation",
    t.CoerceToDomainValue: "collation",
    t.SetToDefault: "collation",
    t.FuncExpr: "funccollid",
    t.OpExpr: "opcollid",
    t.NullIfExpr: "opcollid",
    t.Aggref: "aggcollid",
    t.WindowFunc: "wincollid",
    t.SubscriptingRef: "refcollid",
    t.FieldSelect: "resultcollid",
    t.RelabelType: "resultcollid",
    t.CoerceViaIO: "resultcollid",
    t.ArrayCoerceExpr: "resultcollid",
    t.CoerceToDomain: "resultcollid",
    t.CollateExpr: "collOid",
    t.CaseExpr: "casecollid",
    t.ArrayExpr: "array_collid",
    t.CoalesceExpr: "coalescecollid",
    t.MinMaxExpr: "minmaxcollid",
}

_COLLATION: dict[type, Getter] = {
    **{cls: _field(name) for cls, name in _COLLATION_FIELD.items()},
    t.SubLink: _sublink_collation,
    t.SQLValueFunction: lambda node: COLLATION_C if node.type == 19 else 0,
    t.MergeSupportFunc: _constantly(COLLATION_DEFAULT),
    t.JsonConstructorExpr: lambda node: expr_collation(node.coercion) if node.coercion is not None else 0,
    t.OldNewVar: _of("var", "expr_collation"),
    t.TargetEntry: _of("expr", "expr_collation"),
    t.InferenceElem: _of("expr", "expr_collation"),
    t.CaseWhen: _of("result", "expr_collation"),
}


def expr_collation(node: Any) -> int:
    """The collation of an expression's result, 0 if it has none (exprCollation)."""
    getter = _COLLATION.get(node.__class__)
    return 0 if getter is None else getter(node)


def expr_set_collation(node: Any, collation: int) -> Any:
    """The node with its result collation set (exprSetCollation); the same one if it stays."""
    name = _COLLATION_FIELD.get(node.__class__)
    if name is None or getattr(node, name) == collation:
        return node
    return msgspec.structs.replace(node, **{name: collation})


_INPUT_COLLATION: frozenset[Any] = frozenset(
    (
        t.FuncExpr,
        t.OpExpr,
        t.DistinctExpr,
        t.NullIfExpr,
        t.ScalarArrayOpExpr,
        t.Aggref,
        t.WindowFunc,
        t.MinMaxExpr,
    )
)


def expr_input_collation(node: Any) -> int:
    """The collation that the node's function should use, 0 if none (exprInputCollation)."""
    return int(node.inputcollid) if type(node) in _INPUT_COLLATION else 0


def expr_set_input_collation(node: Any, collation: int) -> Any:
    """The node with its input collation set; the same one if it stays or has none."""
    if node.__class__ not in _INPUT_COLLATION or node.inputcollid == collation:
        return node
    return msgspec.structs.replace(node, inputcollid=collation)


# --- location --------------------------------------------------------------------------------------------


def _leftmost(a: int, b: int) -> int:
    if a < 0:
        return b
    if b < 0:
        return a
    return min(a, b)


def list_location(nodes: Any) -> int:
    """The first known location among the nodes (exprLocation of a List)."""
    for node in nodes:
        location = expr_location(node)
        if location >= 0:
            return location
    return -1


_LOCATION: dict[type, Getter] = {
    t.FuncExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.OpExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.DistinctExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.NullIfExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.ScalarArrayOpExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.BoolExpr: lambda node: _leftmost(node.location, list_location(node.args)),
    t.SubLink: lambda node: _leftmost(
        node.location, -1 if node.testexpr is None else expr_location(node.testexpr)
    ),
    t.SubscriptingRef: lambda node: expr_location(node.refexpr),
    t.FieldSelect: lambda node: expr_location(node.arg),
    t.FieldStore: lambda node: expr_location(node.arg),
    t.RelabelType: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.CoerceViaIO: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.ArrayCoerceExpr: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.ConvertRowtypeExpr: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.CoerceToDomain: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.CollateExpr: lambda node: expr_location(node.arg),
    t.NullTest: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.BooleanTest: lambda node: _leftmost(node.location, expr_location(node.arg)),
    t.RowCompareExpr: lambda node: list_location(node.largs),
    t.TargetEntry: lambda node: expr_location(node.expr),
    t.OldNewVar: lambda node: node.var.location,
}


def expr_location(node: Any) -> int:
    """Where the expression starts in the statement (a byte offset), -1 if unknown (exprLocation).

    As in PostgreSQL this is where its text begins, so `a + b` is at `a`, not at the operator.
    """
    getter = _LOCATION.get(node.__class__)
    if getter is not None:
        return getter(node)
    return getattr(node, "location", -1)


# --- walks -----------------------------------------------------------------------------------------------


def walk(node: Any) -> Iterator[Any]:
    """The node and all expression nodes below it, not entering subqueries."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(t.children(node))


def expression_returns_set(node: Any) -> bool:
    """Whether the expression holds a set-returning call outside aggregates and subqueries."""
    cls = node.__class__
    if cls is t.FuncExpr and node.funcretset:
        return True
    if cls is t.OpExpr and node.opretset:
        return True
    if cls in (t.Aggref, t.GroupingFunc, t.WindowFunc):
        return False
    return any(expression_returns_set(child) for child in t.children(node))


def contain_vars_of_level(node: Any, level: int = 0) -> bool:
    """Whether the expression (subqueries included) refers to columns `level` query levels up."""
    cls = node.__class__
    if cls is t.Var:
        return bool(node.varlevelsup == level)
    if cls is t.CurrentOfExpr:
        return level == 0
    if cls is t.SubLink and query_any(
        node.subselect, lambda inner, depth: _is_var_of_level(inner, level + depth)
    ):
        return True
    return any(contain_vars_of_level(child, level) for child in t.children(node))


def _is_var_of_level(node: Any, level: int) -> bool:
    return node.__class__ is t.Var and node.varlevelsup == level


def query_any(query: t.Query, test: Callable[[Any, int], bool], depth: int = 1) -> bool:
    """Whether `test(node, depth)` holds for any expression node of the query or of queries in it;
    depth is the number of query levels entered (1 for `query` itself)."""

    def scan(node: Any, depth: int) -> bool:
        if node is None:
            return False
        if isinstance(node, (list, tuple)):
            return any(scan(item, depth) for item in node)
        if isinstance(node, t.Query):
            return query_any(node, test, depth + 1)
        if isinstance(node, t.RangeTblEntry):
            if node.subquery is not None and query_any(node.subquery, test, depth + 1):
                return True
            return (
                scan(node.functions, depth) or scan(node.values_lists, depth) or scan(node.tablesample, depth)
            )
        if not isinstance(node, t.Node):
            return False
        if test(node, depth):
            return True
        if isinstance(node, t.SubLink) and query_any(node.subselect, test, depth + 1):
            return True
        if isinstance(node, t.CommonTableExpr):
            return isinstance(node.ctequery, t.Query) and query_any(node.ctequery, test, depth + 1)
        return any(scan(child, depth) for child in t.children(node))

    return any(scan(getattr(query, name), depth) for name in _QUERY_PARTS)


_QUERY_PARTS = (
    "targetList",
    "jointree",
    "rtable",
    "cteList",
    "onConflict",
    "returningList",
    "mergeActionList",
    "mergeJoinCondition",
    "havingQual",
    "windowClause",
    "limitOffset",
    "limitCount",
    "setOperations",
    "withCheckOptions",
)


def called_functions(node: Any) -> Iterator[int]:
    """The pg_proc oids that the node itself calls (check_functions_in_node); 0 never occurs."""
    cls = node.__class__
    if cls is t.FuncExpr:
        yield node.funcid
    elif cls in (t.OpExpr, t.DistinctExpr, t.NullIfExpr, t.ScalarArrayOpExpr):
        yield node.opfuncid
    elif cls is t.Aggref:
        yield node.aggfnoid
    elif cls is t.WindowFunc:
        yield node.winfnoid


def _volatility(catalog: Any, node: Any) -> str:
    """ "i", "s" or "v": the most volatile thing in the expression, subqueries included."""
    worst = "i"
    cls = node.__class__
    for oid in called_functions(node):
        volatility = catalog.pg_proc.get(oid).provolatile
        if volatility == "v":
            return "v"
        if volatility == "s":
            worst = "s"
    if cls is t.CoerceViaIO:
        worst = _worse(worst, _io_volatility(catalog, node))
        if worst == "v":
            return "v"
    elif cls is t.SQLValueFunction or cls is t.CurrentOfExpr:
        worst = "s"
    elif cls is t.NextValueExpr:
        return "v"
    elif cls is t.RowCompareExpr:
        for opno in node.opnos:
            worst = _worse(worst, catalog.pg_proc.get(catalog.pg_operator.get(opno).oprcode).provolatile)
    elif cls is t.SubLink and query_any(
        node.subselect, lambda inner, depth: _volatility_of_node(catalog, inner) == "v"
    ):
        return "v"
    for child in t.children(node):
        worst = _worse(worst, _volatility(catalog, child))
        if worst == "v":
            return "v"
    return worst


def _volatility_of_node(catalog: Any, node: Any) -> str:
    if node.__class__ is t.NextValueExpr:
        return "v"
    worst = "i"
    for oid in called_functions(node):
        worst = _worse(worst, catalog.pg_proc.get(oid).provolatile)
    return worst


def _worse(a: str, b: str) -> str:
    return "v" if "v" in (a, b) else "s" if "s" in (a, b) else "i"


def _io_volatility(catalog: Any, node: t.CoerceViaIO) -> str:
    source = catalog.pg_type.get(expr_type(node.arg))
    target = catalog.pg_type.get(node.resulttype)
    return _worse(
        catalog.pg_proc.get(source.typoutput).provolatile, catalog.pg_proc.get(target.typinput).provolatile
    )


def contain_volatile_functions(catalog: Any, node: Any) -> bool:
    """Whether the expression calls anything volatile (its value may differ from call to call)."""
    return node is not None and _volatility(catalog, node) == "v"


def contain_mutable_functions(catalog: Any, node: Any) -> bool:
    """Whether the expression calls anything that is not immutable."""
    return node is not None and _volatility(catalog, node) != "i"


def contain_subplans(node: Any) -> bool:
    """Whether the expression holds a subquery."""
    return any(isinstance(item, t.SubLink) for item in walk(node))


def contain_agg_clause(node: Any) -> bool:
    """Whether the expression holds an aggregate call of this query level."""
    return any(isinstance(item, (t.Aggref, t.GroupingFunc)) and item.agglevelsup == 0 for item in walk(node))


def contain_window_function(node: Any) -> bool:
    """Whether the expression holds a window function call."""
    return any(isinstance(item, t.WindowFunc) for item in walk(node))
