"""Rewriting (PostgreSQL's rewriteHandler.c): defaults, views, generated columns.

`rewrite_query` takes a Query from analysis over: it changes it or returns another, so analyse again
(or copy_query) to rewrite again. Rules other than views' do not exist.
"""

from typing import Any, NamedTuple

import msgspec

from ..errors import SqlError
from ..sqlstates import INVALID_OBJECT_DEFINITION, WRONG_OBJECT_TYPE
from ..tree import (
    COERCE_IMPLICIT_CAST,
    CommonTableExpr,
    FromExpr,
    JoinExpr,
    MergeAction,
    Node,
    OldNewVar,
    Query,
    RangeTblEntry,
    RangeTblRef,
    RowExpr,
    SubLink,
    TargetEntry,
    Var,
)
from ..treetypes import expr_type, expr_typmod
from .defaults import ValuesTarget, generation_expression, rewrite_target_list_iu, rewrite_values_rte
from .parse_state import AnalyzeContext, ParseState, make_parsestate
from .relations import add_perms
from .select import apply_locking_clause
from .viewupdate import forbid_current_of, has_instead_triggers, is_true, rewrite_target_view, view_options
from .walkers import (
    change_var_nodes,
    copy_query,
    increment_var_sublevels_up,
    mutate_query,
    range_table_entry_used,
    walk_tree,
    with_query,
)


class OutputColumn(NamedTuple):
    """One output column of a query: name, type, typmod, and the table column it comes from (or 0)."""

    name: str
    type_oid: int
    typmod: int
    table_oid: int
    attnum: int


def result_columns(query: Query) -> list[OutputColumn] | None:
    """The columns that a query returns, None if it returns no rows (and for utility statements)."""
    if query.commandType == "select":
        entries = query.targetList
    elif query.returningList:
        entries = query.returningList
    else:
        return None
    return [
        OutputColumn(
            entry.resname or "",
            expr_type(entry.expr),
            expr_typmod(entry.expr),
            entry.resorigtbl,
            max(entry.resorigcol, 0) if entry.resorigtbl else 0,
        )
        for entry in entries
        if not entry.resjunk
    ]


def rewrite_query(query: Query, actx: AnalyzeContext) -> list[Query]:
    """The queries to plan and run instead of `query` (one, as there are no rules)."""
    if query.commandType == "utility":
        return [query]
    pstate = make_parsestate(actx)
    query = _rewrite_modification(pstate, query, ())
    fire_rir_rules(pstate, query, ())
    return [query]


# --- data modification ---


def _rewrite_modification(pstate: ParseState, query: Query, events: tuple[tuple[int, str], ...]) -> Query:
    """Defaults and view targets of a data-modifying query and of those in its WITH."""
    for index, cte in enumerate(query.cteList):
        if cte.ctequery.commandType != "select":
            query.cteList[index] = with_query(cte, _rewrite_modification(pstate, cte.ctequery, ()))
    command = query.commandType
    if command == "select":
        return query
    catalog = pstate.catalog
    rte = query.rtable[query.resultRelation - 1]
    relation = catalog.relation(rte.relid)
    is_view = relation.kind == "v"
    _check_result_relation(relation)
    _rewrite_target_lists(pstate, query, relation, is_view)
    if not is_view:
        return query
    if has_instead_triggers(catalog, relation, query):
        return query
    if (relation.oid, command) in events:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'infinite recursion detected in rules for relation "{relation.name}"',
        )
    rewritten = rewrite_target_view(catalog, query, relation)
    saved = rewritten.cteList
    rewritten.cteList = []  # they are done
    rewritten = _rewrite_modification(pstate, rewritten, (*events, (relation.oid, command)))
    rewritten.cteList = saved
    return rewritten


_NOT_CHANGEABLE = {
    "S": "cannot change sequence",
    "t": "cannot change TOAST relation",
    "m": "cannot change materialized view",
    "f": "cannot change foreign table",
}


def _check_result_relation(relation: Any) -> None:
    if relation.kind in _NOT_CHANGEABLE:
        raise SqlError(WRONG_OBJECT_TYPE, f'{_NOT_CHANGEABLE[relation.kind]} "{relation.name}"')


def _rewrite_target_lists(pstate: ParseState, query: Query, relation: Any, is_view: bool) -> None:
    command = query.commandType
    if command == "insert":
        values = _values_target(query)
        query.targetList = rewrite_target_list_iu(
            pstate, query.targetList, "insert", query.override, relation, values
        )
        if values is not None:
            rewrite_values_rte(pstate, query, values, relation, is_view)
        conflict = query.onConflict
        if conflict is not None and conflict.action == "update":
            onset = rewrite_target_list_iu(pstate, conflict.onConflictSet, "update", query.override, relation)
            query.onConflict = msgspec.structs.replace(conflict, onConflictSet=tuple(onset))
    elif command == "update":
        query.targetList = rewrite_target_list_iu(pstate, query.targetList, "update", "", relation)
    elif command == "merge":
        query.mergeActionList = [
            _rewrite_action(pstate, action, relation) for action in query.mergeActionList
        ]


def _rewrite_action(pstate: ParseState, action: MergeAction, relation: Any) -> MergeAction:
    if action.commandType not in ("insert", "update"):
        return action
    entries = rewrite_target_list_iu(pstate, action.targetList, action.commandType, action.override, relation)
    return msgspec.structs.replace(action, targetList=tuple(entries))


def _values_target(query: Query) -> ValuesTarget | None:
    """The VALUES entry of an INSERT with several rows."""
    assert query.jointree is not None
    for item in query.jointree.fromlist:
        if isinstance(item, RangeTblRef):
            rte = query.rtable[item.rtindex - 1]
            if rte.rtekind == "values":
                return ValuesTarget(rte, item.rtindex)
    return None


# --- views ---


def fire_rir_rules(pstate: ParseState, query: Query, active: tuple[int, ...]) -> None:
    """Expands views and virtual generated columns everywhere in a query, in place."""
    catalog = pstate.catalog
    for index, cte in enumerate(query.cteList):
        if cte.search_clause is not None or cte.cycle_clause is not None:
            from .searchcycle import rewrite_search_and_cycle

            query.cteList[index] = rewrite_search_and_cycle(catalog, cte)
    virtual: list[tuple[int, Any]] = []
    for rtindex, rte in enumerate(query.rtable, 1):
        if rte.rtekind == "subquery":
            assert rte.subquery is not None
            fire_rir_rules(pstate, rte.subquery, active)
        elif rte.rtekind == "relation":
            relation = catalog.relation(rte.relid)
            if relation.kind != "v":
                if any(column.generated == "v" for column in relation.columns):
                    virtual.append((rtindex, relation))
            elif rtindex == query.resultRelation and _stays_target(query):
                continue
            elif rte.relkind != "c" and range_table_entry_used(query, rtindex):
                if rtindex == query.resultRelation:
                    _divide_target(query, rtindex, rte, relation)
                _expand_view(pstate, query, rtindex, rte, relation, active)
    for cte in query.cteList:
        fire_rir_rules(pstate, cte.ctequery, active)
    if query.hasSubLinks:
        _fire_in_sublinks(pstate, query, active)
    for rtindex, relation in virtual:
        _expand_virtual_columns(pstate, query, rtindex, relation)


def _fire_in_sublinks(pstate: ParseState, query: Query, active: tuple[int, ...]) -> None:
    def visit(node: Any, depth: int) -> bool:
        if isinstance(node, SubLink):
            fire_rir_rules(pstate, node.subselect, active)
            walk_tree(node.testexpr, visit)
            return True
        if isinstance(node, CommonTableExpr):
            return True
        if isinstance(node, RangeTblEntry):
            # Its subquery is done; functions and values are expressions of this level.
            walk_tree(node.functions, visit)
            walk_tree(node.values_lists, visit)
            return True
        return False

    for name in _EXPRESSION_PARTS:
        walk_tree(getattr(query, name), visit)


_EXPRESSION_PARTS = (
    "rtable",
    "targetList",
    "jointree",
    "onConflict",
    "returningList",
    "mergeActionList",
    "mergeJoinCondition",
    "havingQual",
    "windowClause",
    "limitOffset",
    "limitCount",
    "withCheckOptions",
)


def _expand_view(
    pstate: ParseState, query: Query, rtindex: int, rte: RangeTblEntry, view: Any, active: tuple[int, ...]
) -> None:
    """ApplyRetrieveRule: the entry becomes the view's query. It keeps relid and the permissions that
    are needed on the view itself."""
    if view.oid in active:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'infinite recursion detected in rules for relation "{view.name}"',
        )
    subquery = copy_query(view.view_query)
    options = view_options(view)
    if not is_true(options, "security_invoker"):
        set_check_as_user(subquery, view.owner)
    for mark in query.rowMarks:
        if mark.rti == rtindex:
            _mark_query_for_locking(subquery, subquery.jointree, mark.strength, mark.waitPolicy)
    fire_rir_rules(pstate, subquery, (*active, view.oid))
    rte.rtekind = "subquery"
    rte.subquery = subquery
    rte.security_barrier = is_true(options, "security_barrier")
    rte.tablesample = None
    rte.inh = False


def _stays_target(query: Query) -> bool:
    """Whether a view with INSTEAD OF triggers is the target only: nothing is read from this entry."""
    return query.commandType == "insert" or query.mergeTargetRelation not in (0, query.resultRelation)


def _divide_target(query: Query, rtindex: int, rte: RangeTblEntry, view: Any) -> None:
    """UPDATE, DELETE and MERGE on a view with INSTEAD OF triggers: the rows are read from the entry that
    becomes the view's query, and stand for OLD; a new entry is the target, and stands for what RETURNING and
    WITH CHECK OPTION see. The old row as a whole tells MERGE whether there is one."""
    forbid_current_of(query)
    query.rtable.append(msgspec.structs.replace(rte))
    target = len(query.rtable)
    rte.requiredPerms = ""
    query.mergeTargetRelation = rtindex
    if query.commandType == "merge":
        whole = Var(rtindex, 0, view.rowtype)
        query.targetList = [TargetEntry(whole, 1, "wholerow", resjunk=True)]
    query.resultRelation = target
    query.returningList = change_var_nodes(query.returningList, rtindex, target)
    query.withCheckOptions = [
        msgspec.structs.replace(option, qual=change_var_nodes(option.qual, rtindex, target))
        for option in query.withCheckOptions
    ]


def set_check_as_user(query: Query, user: int) -> None:
    """Permissions of all relations in a view's query are checked for its owner."""

    def visit(node: Any, depth: int) -> bool:
        if isinstance(node, RangeTblEntry) and node.rtekind == "relation":
            node.checkAsUser = user
        return False

    walk_tree((query,), visit)


def _mark_query_for_locking(query: Query, node: Any, strength: str, policy: str) -> None:
    """FOR UPDATE of a view locks the rows of its tables."""
    if isinstance(node, RangeTblRef):
        rte = query.rtable[node.rtindex - 1]
        if rte.rtekind == "relation":
            apply_locking_clause(query, node.rtindex, strength, policy, True)
            add_perms(rte, "w")
        elif rte.rtekind == "subquery":
            apply_locking_clause(query, node.rtindex, strength, policy, True)
            assert rte.subquery is not None
            _mark_query_for_locking(rte.subquery, rte.subquery.jointree, strength, policy)
    elif isinstance(node, FromExpr):
        for item in node.fromlist:
            _mark_query_for_locking(query, item, strength, policy)
    elif isinstance(node, JoinExpr):
        _mark_query_for_locking(query, node.larg, strength, policy)
        _mark_query_for_locking(query, node.rarg, strength, policy)


# --- virtual generated columns ---


def _expand_virtual_columns(pstate: ParseState, query: Query, rtindex: int, relation: Any) -> None:
    """Replaces references to an entry's virtual generated columns by their expressions, in place."""
    exprs: dict[int, Any] = {
        column.attnum: change_var_nodes(generation_expression(pstate, relation, column.attnum), 1, rtindex)
        for column in relation.columns
        if column.generated == "v" and not column.dropped
    }

    def value(attnum: int, depth: int, which: str) -> Any:
        expr = exprs[attnum]
        if depth:
            expr = increment_var_sublevels_up(expr, depth)
        return _read_from(expr, which) if which else expr

    def expand(var: Var, depth: int, which: str) -> Any | None:
        if var.varno != rtindex or var.varlevelsup != depth:
            return None
        if var.varattno in exprs:
            return value(var.varattno, depth, which)
        if var.varattno:
            return None
        args: list[Any] = []
        for column in relation.columns:
            if column.dropped:
                continue
            if column.attnum in exprs:
                args.append(value(column.attnum, depth, which))
                continue
            field = Var(rtindex, column.attnum, column.typid, column.typmod, column.collation, depth)
            args.append(OldNewVar(which, field) if which else field)
        names = tuple([column.name for column in relation.columns if not column.dropped])
        return RowExpr(tuple(args), var.vartype, COERCE_IMPLICIT_CAST, names, var.location)

    def change(node: Any, depth: int) -> Any:
        if node.__class__ is Var:
            return expand(node, depth, "")
        if node.__class__ is OldNewVar:
            return expand(node.var, depth, node.which) or node
        return None

    replaced = mutate_query(query, change)
    for name in Query.__struct_fields__:
        setattr(query, name, getattr(replaced, name))


def _read_from(expr: Any, which: str) -> Any:
    """The expression with its columns read from the OLD or NEW row."""

    def change(node: Any) -> Any:
        if node.__class__ is Var:
            return OldNewVar(which, node)
        from ..tree import map_children

        return map_children(node, change)

    return change(expr) if isinstance(expr, Node) else expr
