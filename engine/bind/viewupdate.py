"""INSERT, UPDATE and DELETE on automatically updatable views (rewriteTargetView and its checks)."""

from typing import Any

import msgspec

from ..catalog.triggers import EVENTS, INSTEAD
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR, OBJECT_NOT_IN_PREREQUISITE_STATE
from ..tree import (
    BoolExpr,
    CurrentOfExpr,
    FromExpr,
    Query,
    RangeTblEntry,
    RangeTblRef,
    TargetEntry,
    Var,
    WithCheckOption,
)
from .relations import get_tle_by_resno
from .walkers import (
    change_var_nodes,
    check_expr_has_sublink,
    copy_query,
    replace_vars_from_target_list,
)


def view_options(relation: Any) -> dict[str, str]:
    """A view's reloptions."""
    options = relation.row.reloptions if relation.row is not None else None
    result: dict[str, str] = {}
    for item in options.items if options is not None else ():
        name, _, value = item.partition("=")
        result[name] = value
    return result


def is_true(options: dict[str, str], name: str) -> bool:
    """Whether a boolean option is on."""
    return options.get(name, "").lower() in ("true", "on", "yes", "1", "t", "y")


def view_query_is_auto_updatable(query: Query, check_cols: bool) -> str | None:
    """Why a view's query is not updatable, None if it is."""
    kind = None
    if query.distinctClause:
        kind = "containing DISTINCT"
    elif query.groupClause or query.groupingSets:
        kind = "containing GROUP BY"
    elif query.havingQual is not None:
        kind = "containing HAVING"
    elif query.setOperations is not None:
        kind = "containing UNION, INTERSECT, or EXCEPT"
    elif query.cteList:
        kind = "containing WITH"
    elif query.limitOffset is not None or query.limitCount is not None:
        kind = "containing LIMIT or OFFSET"
    elif query.hasAggs:
        kind = "that return aggregate functions"
    elif query.hasWindowFuncs:
        kind = "that return window functions"
    elif query.hasTargetSRFs:
        kind = "that return set-returning functions"
    else:
        rtr = _single_reference(query)
        rte = query.rtable[rtr.rtindex - 1] if rtr is not None else None
        if rte is None or rte.rtekind != "relation" or rte.relkind not in ("r", "f", "v", "p"):
            kind = "that do not select from a single table or view"
        elif rte.tablesample is not None:
            kind = "containing TABLESAMPLE"
        elif check_cols and all(_column_problem(rtr, entry) for entry in query.targetList):
            kind = "that have no updatable columns"
    return f"Views {kind} are not automatically updatable." if kind else None


def _single_reference(query: Query) -> RangeTblRef | None:
    assert query.jointree is not None
    items = query.jointree.fromlist
    return items[0] if len(items) == 1 and isinstance(items[0], RangeTblRef) else None


def _column_problem(rtr: RangeTblRef | None, entry: TargetEntry) -> str | None:
    """Why a view's column is not updatable, None if it is."""
    expr = entry.expr
    if entry.resjunk:
        return "Junk view columns are not updatable."
    if rtr is None or not isinstance(expr, Var) or expr.varno != rtr.rtindex or expr.varlevelsup != 0:
        return "View columns that are not columns of their base relation are not updatable."
    if expr.varattno < 0:
        return "View columns that refer to system columns are not updatable."
    if expr.varattno == 0:
        return "View columns that return whole-row references are not updatable."
    return None


_VERBS = {
    "insert": ("insert into", "inserting into", "INSERT"),
    "update": ("update", "updating", "UPDATE"),
    "delete": ("delete from", "deleting from", "DELETE"),
}


def view_not_updatable(view: Any, command: str, detail: str | None, using: str = "") -> SqlError:
    """The error for a view that is not automatically updatable."""
    verb, gerund, event = _VERBS[command]
    if using:
        return SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot {verb} view "{view.name}"',
            detail=detail,
            hint=f"To enable {gerund} the view{using}, provide an INSTEAD OF {event} trigger.",
        )
    return SqlError(
        OBJECT_NOT_IN_PREREQUISITE_STATE,
        f'cannot {verb} view "{view.name}"',
        detail=detail,
        hint=f"To enable {gerund} the view, provide an INSTEAD OF {event} trigger or an unconditional "
        f"ON {event} DO INSTEAD rule.",
    )


def instead_events(catalog: Any, view: Any) -> set[str]:
    """The events for which a view has INSTEAD OF triggers."""
    kinds = [row.tgtype for row in catalog.pg_trigger.find("tgrelid", view.oid) if row.tgtype & INSTEAD]
    return {event for event, bit in EVENTS.items() if any(kind & bit for kind in kinds)}


def has_instead_triggers(catalog: Any, view: Any, query: Query) -> bool:
    """Whether INSTEAD OF triggers do all that the statement asks for."""
    if not view.row.relhastriggers:
        return False
    wanted = {query.commandType}
    if query.commandType == "merge":
        wanted = {action.commandType for action in query.mergeActionList} - {"nothing"}
    return wanted <= instead_events(catalog, view)


def updatable_events(
    catalog: Any, relid: int, include_triggers: bool = False, seen: tuple[int, ...] = ()
) -> tuple[set[str], set[int]]:
    """(events, updatable attnums) of a relation, for pg_relation_is_updatable."""
    relation = catalog.relation(relid)
    everything = {"insert", "update", "delete"}
    triggered = instead_events(catalog, relation) if include_triggers and relation.kind == "v" else set()
    if relid in seen:
        return set(), set()
    if relation.kind in ("r", "p"):
        return everything, {column.attnum for column in relation.columns if not column.dropped}
    if relation.kind != "v":
        return set(), set()
    if triggered == everything:
        return everything, {column.attnum for column in relation.columns if not column.dropped}
    query = relation.view_query
    if view_query_is_auto_updatable(query, False) is not None:
        return triggered, set()
    rtr = _single_reference(query)
    assert rtr is not None
    base = query.rtable[rtr.rtindex - 1]
    events, base_columns = updatable_events(catalog, base.relid, include_triggers, (*seen, relid))
    columns = {
        entry.resno
        for entry in query.targetList
        if _column_problem(rtr, entry) is None and entry.expr.varattno in base_columns
    }
    if not columns:
        events = events & {"delete"}
    return events | triggered, columns


def _check_columns(query: Query, view: Any, viewquery: Query, rtr: RangeTblRef, view_rte: Any) -> None:
    """0A000 if a column that is written is not updatable."""
    written = set(view_rte.insertedCols) | set(view_rte.updatedCols)
    written |= {entry.resno for entry in query.targetList if not entry.resjunk}
    if query.onConflict is not None:
        written |= {entry.resno for entry in query.onConflict.onConflictSet if not entry.resjunk}
    for action in query.mergeActionList:
        written |= {entry.resno for entry in action.targetList if not entry.resjunk}
    for entry in viewquery.targetList:
        problem = _column_problem(rtr, entry)
        if problem is not None and entry.resno in written:
            verb = {"insert": "insert into", "update": "update", "merge": "merge into"}[query.commandType]
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f'cannot {verb} column "{entry.resname}" of view "{view.name}"',
                detail=problem,
            )


def _adjust_columns(columns: tuple[int, ...], targetlist: list[TargetEntry]) -> tuple[int, ...]:
    """Column numbers of the view as those of its base relation."""
    result: list[int] = []
    for attnum in columns:
        if attnum == 0:
            result += [entry.expr.varattno for entry in targetlist if not entry.resjunk]
            continue
        entry = get_tle_by_resno(targetlist, attnum)
        if entry is None or not isinstance(entry.expr, Var):
            raise SqlError(INTERNAL_ERROR, f"attribute number {attnum} not found in view targetlist")
        result.append(entry.expr.varattno)
    return tuple(dict.fromkeys(result))


def _renumber(entries: Any, targetlist: list[TargetEntry]) -> list[TargetEntry]:
    """Assignments to the view's columns as assignments to the base relation's."""
    result = []
    for entry in entries:
        if not entry.resjunk:
            view_entry = get_tle_by_resno(targetlist, entry.resno)
            if view_entry is None or not isinstance(view_entry.expr, Var):
                raise SqlError(INTERNAL_ERROR, f"attribute number {entry.resno} not found in view targetlist")
            entry = msgspec.structs.replace(entry, resno=view_entry.expr.varattno)
        result.append(entry)
    return result


def and_quals(first: Any, second: Any) -> Any:
    """The conjunction of two conditions, either of which may be None."""
    if first is None or second is None:
        return second if first is None else first
    args = list(first.args) if isinstance(first, BoolExpr) and first.boolop == "and" else [first]
    return BoolExpr("and", (*args, second))


def forbid_current_of(query: Query) -> None:
    """0A000: a view's rows are not those that a cursor knows."""
    if query.jointree is not None and isinstance(query.jointree.quals, CurrentOfExpr):
        raise SqlError(FEATURE_NOT_SUPPORTED, "WHERE CURRENT OF on a view is not implemented")


def rewrite_target_view(catalog: Any, query: Query, view: Any) -> Query:
    """The statement on the view made into one on its base relation."""
    command = query.commandType
    forbid_current_of(query)
    viewquery = copy_query(view.view_query)
    writes = {action.commandType for action in query.mergeActionList} if command == "merge" else {command}
    problem = view_query_is_auto_updatable(viewquery, bool(writes & {"insert", "update"}))
    if problem is not None:
        for action in query.mergeActionList:
            if action.commandType != "nothing":
                raise view_not_updatable(view, action.commandType, problem, " using MERGE")
        raise view_not_updatable(view, command, problem)
    view_index = query.resultRelation
    view_rte = query.rtable[view_index - 1]
    rtr = _single_reference(viewquery)
    assert rtr is not None and viewquery.jointree is not None
    if command != "delete":
        _check_columns(query, view, viewquery, rtr, view_rte)
    if (writes - {"nothing"}) & instead_events(catalog, view):
        raise _some_instead_triggers(view)
    options = view_options(view)
    new_rte = viewquery.rtable[rtr.rtindex - 1]
    query.rtable.append(new_rte)
    new_index = len(query.rtable)
    new_rte.relkind = catalog.relation(new_rte.relid).kind
    new_rte.inFromCl = view_rte.inFromCl
    if command == "insert":
        new_rte.inh = False
    tlist = change_var_nodes(viewquery.targetList, rtr.rtindex, new_index)
    new_rte.checkAsUser = 0 if is_true(options, "security_invoker") else view.owner
    new_rte.requiredPerms = view_rte.requiredPerms
    new_rte.insertedCols = _adjust_columns(view_rte.insertedCols, tlist)
    new_rte.updatedCols = _adjust_columns(view_rte.updatedCols, tlist)
    query = replace_vars_from_target_list(query, view_index, view_rte, tlist, "error")
    query = change_var_nodes(query, view_index, new_index)
    query.resultRelation = new_index
    if command == "merge":
        query.mergeTargetRelation = new_index
    query.rowMarks = [
        msgspec.structs.replace(mark, rti=new_index) if mark.rti == view_index else mark
        for mark in query.rowMarks
    ]
    if command == "merge":
        query.mergeActionList = [
            msgspec.structs.replace(action, targetList=tuple(_renumber(action.targetList, tlist)))
            for action in query.mergeActionList
        ]
    elif command != "delete":
        query.targetList = _renumber(query.targetList, tlist)
    if query.onConflict is not None and query.onConflict.action == "update":
        _rewrite_excluded(catalog, query, new_rte.relid, view_rte, tlist, new_index)
    quals = change_var_nodes(viewquery.jointree.quals, rtr.rtindex, new_index)
    if quals is not None:
        if command != "insert":
            assert query.jointree is not None
            query.jointree = FromExpr(query.jointree.fromlist, and_quals(query.jointree.quals, quals))
        query.hasSubLinks = query.hasSubLinks or check_expr_has_sublink(quals)
    if command != "delete":
        _add_check_option(query, view, options, quals)
    return query


def _some_instead_triggers(view: Any) -> SqlError:
    return SqlError(
        FEATURE_NOT_SUPPORTED,
        f'cannot merge into view "{view.name}"',
        detail="MERGE is not supported for views with INSTEAD OF triggers for some actions but not all.",
        hint="To enable merging into the view, either provide a full set of INSTEAD OF triggers or drop the "
        "existing INSTEAD OF triggers.",
    )


def _add_check_option(query: Query, view: Any, options: dict[str, str], quals: Any) -> None:
    option = options.get("check_option", "")
    has, cascaded = option in ("local", "cascaded"), option == "cascaded"
    if query.withCheckOptions and query.withCheckOptions[0].cascaded:
        has = cascaded = True
    if has and (cascaded or quals is not None):
        query.withCheckOptions = [WithCheckOption(view.name, quals, cascaded), *query.withCheckOptions]


def _rewrite_excluded(
    catalog: Any,
    query: Query,
    relid: int,
    view_rte: RangeTblEntry,
    tlist: list[TargetEntry],
    target_index: int,
) -> None:
    """EXCLUDED as a row of the base relation."""
    conflict = query.onConflict
    assert conflict is not None
    relation = catalog.relation(relid)
    excluded = RangeTblEntry(
        "relation",
        alias="excluded",
        eref="excluded",
        eref_colnames=tuple(["" if column.dropped else column.name for column in relation.columns]),
        inFromCl=False,
        relid=relid,
        relkind="c",
        inh=False,
    )
    query.rtable.append(excluded)
    index = len(query.rtable)
    old_index = conflict.exclRelIndex
    columns = change_var_nodes(tlist, target_index, index)
    onset = _renumber(conflict.onConflictSet, tlist)
    conflict = msgspec.structs.replace(conflict, onConflictSet=tuple(onset), exclRelIndex=index)
    query.onConflict = replace_vars_from_target_list(conflict, old_index, view_rte, columns, "error")
