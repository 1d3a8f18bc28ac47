"""Collations of expressions (PostgreSQL's parse_collate.c).

Bottom-up, each expression gets a collation and a strength: none, implicit (from a column or a type),
conflict (between implicit ones: an error only if the collation is needed), explicit (COLLATE).
Nodes are immutable, so every function here returns the tree with its collations filled in.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from .. import tree as t
from ..lsyscache import get_typcollation
from ..sqlstates import COLLATION_MISMATCH
from ..treetypes import (
    COLLATION_DEFAULT,
    expr_collation,
    expr_location,
    expr_set_collation,
    expr_set_input_collation,
    expr_type,
    expr_typmod,
)
from .parse_state import ParseState

_NONE = 0
_IMPLICIT = 1
_CONFLICT = 2
_EXPLICIT = 3


class _State:
    """The collation that the expressions seen so far have in common."""

    __slots__ = ("collation", "collation2", "location", "location2", "pstate", "strength")

    def __init__(self, pstate: ParseState) -> None:
        self.pstate = pstate
        self.collation = 0
        self.strength = _NONE
        self.location = -1
        self.collation2 = 0  # the two sides of a conflict
        self.location2 = -1

    def merge(self, collation: int, strength: int, location: int, inner: "_State | None" = None) -> None:
        """Take in one more expression; `inner` tells what a conflict was between."""
        if strength > self.strength:
            self.collation, self.strength, self.location = collation, strength, location
            if strength == _CONFLICT and inner is not None:
                self.collation2, self.location2 = inner.collation2, inner.location2
        elif strength == self.strength and collation != self.collation:
            if strength == _IMPLICIT:
                if self.collation == COLLATION_DEFAULT:
                    self.collation, self.location = collation, location
                elif collation != COLLATION_DEFAULT:
                    self.strength = _CONFLICT
                    self.collation2, self.location2 = collation, location
            elif strength == _EXPLICIT:
                raise _mismatch(self.pstate, "explicit", self.collation, collation, location)

    def conflict(self) -> Exception:
        """The error for a conflict where a collation is needed."""
        return _mismatch(self.pstate, "implicit", self.collation, self.collation2, self.location2)


def _mismatch(pstate: ParseState, kind: str, first: int, second: int, location: int) -> Exception:
    hint = None
    if kind == "implicit":
        hint = "You can choose the collation by applying the COLLATE clause to one or both expressions."
    collations = pstate.catalog.pg_collation
    return pstate.error(
        COLLATION_MISMATCH,
        f'collation mismatch between {kind} collations "{collations.get(first).collname}" and '
        f'"{collations.get(second).collname}"',
        location,
        hint=hint,
    )


# --- doors ---------------------------------------------------------------------------------------------


def assign_query_collations(pstate: ParseState, query: t.Query) -> None:
    """Fill in the collations of all expressions of the query itself (its subqueries have theirs)."""
    query.targetList = assign_list_collations(pstate, query.targetList)
    query.returningList = assign_list_collations(pstate, query.returningList)
    query.mergeActionList = assign_list_collations(pstate, query.mergeActionList)
    query.windowClause = assign_list_collations(pstate, query.windowClause)
    for name in ("onConflict", "jointree", "havingQual", "limitOffset", "limitCount", "mergeJoinCondition"):
        value = getattr(query, name)
        if value is not None:
            setattr(query, name, assign_expr_collations(pstate, value))


def assign_list_collations(pstate: ParseState, exprs: Iterable[Any]) -> list[Any]:
    """The expressions with their collations, independently of each other."""
    return [assign_expr_collations(pstate, expr) for expr in exprs]


def assign_expr_collations(pstate: ParseState, expr: Any) -> Any:
    """The expression with its collations."""
    return None if expr is None else _assign(expr, _State(pstate))


def select_common_collation(pstate: ParseState, exprs: Sequence[Any], none_ok: bool) -> int:
    """The collation of the expressions together; on conflict 0 if none_ok, else an error."""
    state = _State(pstate)
    for expr in exprs:
        _assign(expr, state)
    if state.strength == _CONFLICT:
        if none_ok:
            return 0
        raise state.conflict()
    return state.collation


# --- the walk ------------------------------------------------------------------------------------------

_LEAVES = frozenset(
    (t.Var, t.Const, t.Param, t.CoerceToDomainValue, t.CaseTestExpr, t.SetToDefault, t.OldNewVar)
)
_CLAUSES = frozenset(
    (
        t.InferenceElem,
        t.RangeTblRef,
        t.JoinExpr,
        t.FromExpr,
        t.OnConflictExpr,
        t.SortGroupClause,
        t.MergeAction,
        t.WindowClause,
    )
)


def _assign(node: Any, context: _State) -> Any:
    """The node with its collations; its own one is merged into `context`."""
    cls = node.__class__
    if cls in _LEAVES:
        collation = expr_collation(node)
        if collation:
            context.merge(collation, _IMPLICIT, expr_location(node))
        return node
    special = _SPECIAL.get(cls)
    if special is not None:
        return special(node, context)
    pstate = context.pstate
    if cls in _CLAUSES:
        return t.map_children(node, lambda child: assign_expr_collations(pstate, child))
    state = _State(pstate)
    inside = _INSIDE.get(cls)
    if inside is not None:
        node = inside(node, state)
    else:
        node = t.map_children(node, lambda child: _assign(child, state))
    return _conclude(node, state, context)


def _conclude(node: Any, state: _State, context: _State) -> Any:
    """Set the node's collation from its type and what its arguments have in common."""
    own = get_typcollation(context.pstate.catalog, expr_type(node))
    collation, strength, location = 0, _NONE, -1
    if own:
        if state.strength > _NONE:
            collation, strength, location = state.collation, state.strength, state.location
        else:
            collation, strength, location = own, _IMPLICIT, expr_location(node)
    node = expr_set_collation(node, 0 if strength == _CONFLICT else collation)
    node = expr_set_input_collation(node, 0 if state.strength == _CONFLICT else state.collation)
    context.merge(collation, strength, location, state)
    return node


def _collate_expr(node: t.CollateExpr, context: _State) -> Any:
    arg = _assign(node.arg, _State(context.pstate))
    if arg is not node.arg:
        node = msgspec.structs.replace(node, arg=arg)
    context.merge(node.collOid, _EXPLICIT, node.location)
    return node


def _field_select(node: t.FieldSelect, context: _State) -> Any:
    arg = _assign(node.arg, _State(context.pstate))
    if arg is not node.arg:
        node = msgspec.structs.replace(node, arg=arg)
    if node.resultcollid:
        context.merge(node.resultcollid, _IMPLICIT, expr_location(node))
    return node


def _row_expr(node: t.RowExpr, context: _State) -> Any:
    pstate = context.pstate
    return t.map_children(node, lambda child: assign_expr_collations(pstate, child))


def _row_compare(node: t.RowCompareExpr, context: _State) -> Any:
    largs, rargs, collations = [], [], []
    for left, right in zip(node.largs, node.rargs, strict=True):
        state = _State(context.pstate)
        largs.append(_assign(left, state))
        rargs.append(_assign(right, state))
        collations.append(0 if state.strength == _CONFLICT else state.collation)
    return msgspec.structs.replace(
        node, largs=tuple(largs), rargs=tuple(rargs), inputcollids=tuple(collations)
    )


def _coerce_to_domain(node: t.CoerceToDomain, context: _State) -> Any:
    state = _State(context.pstate)
    arg = _assign(node.arg, state)
    if arg is not node.arg:
        node = msgspec.structs.replace(node, arg=arg)
    own = get_typcollation(context.pstate.catalog, node.resulttype)
    collation, strength, location = 0, _NONE, -1
    if own == COLLATION_DEFAULT:
        collation, strength, location = state.collation, state.strength, state.location
    elif own:
        collation, strength, location = own, _IMPLICIT, expr_location(node)
    node = expr_set_collation(node, 0 if strength == _CONFLICT else collation)
    context.merge(collation, strength, location, state)
    return node


def _target_entry(node: t.TargetEntry, context: _State) -> Any:
    state = _State(context.pstate)
    expr = _assign(node.expr, state)
    if state.strength == _CONFLICT and node.ressortgroupref:
        # It is sorted or grouped by, so the collation is needed.
        raise state.conflict()
    context.merge(state.collation, state.strength, state.location, state)
    return node if expr is node.expr else msgspec.structs.replace(node, expr=expr)


_SPECIAL: dict[type, Any] = {
    t.CollateExpr: _collate_expr,
    t.FieldSelect: _field_select,
    t.RowExpr: _row_expr,
    t.RowCompareExpr: _row_compare,
    t.CoerceToDomain: _coerce_to_domain,
    t.TargetEntry: _target_entry,
}


# --- nodes whose children do not all count ----------------------------------------------------------------


def _inside_sublink(node: t.SubLink, state: _State) -> Any:
    testexpr = node.testexpr
    if testexpr is not None:
        testexpr = _assign(testexpr, state)
    targets = node.subselect.targetList
    if targets and not targets[0].resjunk:
        expr = targets[0].expr
        collation = expr_collation(expr)
        if collation:
            state.merge(collation, _IMPLICIT, expr_location(expr))
    return node if testexpr is node.testexpr else msgspec.structs.replace(node, testexpr=testexpr)


def _inside_case(node: t.CaseExpr, state: _State) -> Any:
    whens = []
    for when in node.args:
        expr = _assign(when.expr, state)
        result = _assign(when.result, state)
        whens.append(t.CaseWhen(expr, result, when.location))
    default = None if node.defresult is None else _assign(node.defresult, state)
    return msgspec.structs.replace(node, args=tuple(whens), defresult=default)


def _inside_subscripting(node: t.SubscriptingRef, state: _State) -> Any:
    pstate = state.pstate
    return msgspec.structs.replace(
        node,
        refupperindexpr=tuple(assign_list_collations(pstate, node.refupperindexpr)),
        reflowerindexpr=tuple(assign_list_collations(pstate, node.reflowerindexpr)),
        refexpr=None if node.refexpr is None else _assign(node.refexpr, state),
        refassgnexpr=None if node.refassgnexpr is None else _assign(node.refassgnexpr, state),
    )


def _inside_window_func(node: t.WindowFunc, state: _State) -> Any:
    return msgspec.structs.replace(
        node,
        args=tuple([_assign(arg, state) for arg in node.args]),
        aggfilter=assign_expr_collations(state.pstate, node.aggfilter),
    )


def _inside_aggref(node: t.Aggref, state: _State) -> Any:
    pstate = state.pstate
    if node.aggkind == "n":
        args = [
            assign_expr_collations(pstate, entry) if entry.resjunk else _assign(entry, state)
            for entry in node.args
        ]
        direct: list[Any] = []
    elif node.aggkind == "o":
        merge = _merges_sort_collations(pstate, node)
        direct = [_assign(arg, state) for arg in node.aggdirectargs]
        args = [
            _assign(entry, state) if merge else assign_expr_collations(pstate, entry) for entry in node.args
        ]
    else:
        direct, args = _hypothetical_arguments(node, state)
    return msgspec.structs.replace(
        node,
        args=tuple(args),
        aggdirectargs=tuple(direct),
        aggfilter=assign_expr_collations(pstate, node.aggfilter),
    )


def _merges_sort_collations(pstate: ParseState, node: t.Aggref) -> bool:
    """Whether the ordering column's collation is also that of the aggregate's function."""
    return len(node.args) == 1 and not pstate.catalog.pg_proc.get(node.aggfnoid).provariadic


def _hypothetical_arguments(node: t.Aggref, state: _State) -> tuple[list[Any], list[Any]]:
    """Each hypothetical argument is compared with its ordering column: one collation for both."""
    pstate = state.pstate
    merge = _merges_sort_collations(pstate, node)
    extra = len(node.aggdirectargs) - len(node.args)
    direct = [_assign(arg, state) for arg in node.aggdirectargs[:extra]]
    args = []
    for hypothetical, entry in zip(node.aggdirectargs[extra:], node.args, strict=True):
        pair = _State(pstate)
        direct.append(_assign(hypothetical, pair))
        expr = _assign(entry.expr, pair)
        if pair.strength == _CONFLICT:
            raise pair.conflict()
        if pair.collation and pair.collation != expr_collation(expr):
            # The sort uses the collation of the expression.
            expr = t.RelabelType(expr, expr_type(expr), expr_typmod(expr), pair.collation)
        args.append(msgspec.structs.replace(entry, expr=expr))
        if merge:
            state.merge(pair.collation, pair.strength, pair.location, pair)
    return direct, args


_INSIDE: dict[type, Any] = {
    t.SubLink: _inside_sublink,
    t.CaseExpr: _inside_case,
    t.SubscriptingRef: _inside_subscripting,
    t.WindowFunc: _inside_window_func,
    t.Aggref: _inside_aggref,
}
