"""MERGE (PostgreSQL's parse_merge.c)."""

from typing import Any

from ..sqlstates import DUPLICATE_ALIAS, FEATURE_NOT_SUPPORTED, SYNTAX_ERROR
from ..tree import FromExpr, MergeAction, Query
from . import expressions
from .clauses import transform_where_clause
from .fromclause import set_target_table, transform_from_clause
from .modify import (
    insert_target_list,
    override_name,
    transform_insert_row,
    transform_returning_clause,
    transform_update_target_list,
)
from .parse_state import (
    EXPR_KIND_JOIN_ON,
    EXPR_KIND_MERGE_RETURNING,
    EXPR_KIND_MERGE_WHEN,
    EXPR_KIND_VALUES_SINGLE,
    ParseState,
)
from .raw import enum_name
from .relations import add_ns_item_to_query, get_ns_item_by_range_table_posn
from .select import finish_query, transform_with
from .targets import check_insert_targets, transform_expression_list

_MATCH_KINDS = {
    "MERGE_WHEN_MATCHED": "matched",
    "MERGE_WHEN_NOT_MATCHED_BY_SOURCE": "not_matched_by_source",
    "MERGE_WHEN_NOT_MATCHED_BY_TARGET": "not_matched_by_target",
}
_COMMANDS = {"CMD_INSERT": "insert", "CMD_UPDATE": "update", "CMD_DELETE": "delete", "CMD_NOTHING": "nothing"}
_PERMS = {"insert": "a", "update": "w", "delete": "d", "nothing": "r"}
_KIND_DETAILS = {
    "S": "This operation is not supported for sequences.",
    "m": "This operation is not supported for materialized views.",
    "f": "This operation is not supported for foreign tables.",
    "t": "This operation is not supported for TOAST tables.",
}


def transform_merge_stmt(pstate: ParseState, stmt: Any) -> Query:
    """MERGE: the source in the join tree, the target joined by mergeJoinCondition, and the actions."""
    query = Query("merge")
    if stmt.withClause is not None and stmt.withClause.recursive:
        raise pstate.error(SYNTAX_ERROR, "WITH RECURSIVE is not supported for MERGE statement")
    transform_with(pstate, query, stmt.withClause)
    perms = _check_when_clauses(pstate, stmt.mergeWhenClauses)
    query.resultRelation = set_target_table(pstate, stmt.relation, bool(stmt.relation.inh), False, perms)
    query.mergeTargetRelation = query.resultRelation
    target = pstate.p_target_nsitem
    assert target is not None
    relation = pstate.p_target_relation
    if relation.kind not in ("r", "p", "v"):
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f'cannot execute MERGE on relation "{relation.name}"',
            detail=_KIND_DETAILS.get(relation.kind),
        )
    transform_from_clause(pstate, (stmt.sourceRelation,))
    source_rti = len(pstate.p_rtable)
    source = get_ns_item_by_range_table_posn(pstate, source_rti, 0)
    name = target.p_names.aliasname
    if name == source.p_names.aliasname:
        raise pstate.error(
            DUPLICATE_ALIAS,
            f'name "{name}" specified more than once',
            detail="The name is used both as MERGE target table and data source.",
        )
    add_ns_item_to_query(pstate, target, False, True, True)
    query.mergeJoinCondition = expressions.transform_expr(pstate, stmt.joinCondition, EXPR_KIND_JOIN_ON)
    query.jointree = FromExpr(tuple(pstate.p_joinlist))
    transform_returning_clause(pstate, query, stmt.returningClause, EXPR_KIND_MERGE_RETURNING)
    for clause in stmt.mergeWhenClauses:
        kind = _MATCH_KINDS[enum_name(clause.matchKind)]
        _set_visible(pstate, target.p_rte, kind != "not_matched_by_target")
        _set_visible(pstate, source.p_rte, kind != "not_matched_by_source")
        query.mergeActionList.append(_transform_action(pstate, clause, kind))
    return finish_query(pstate, query)


def _check_when_clauses(pstate: ParseState, clauses: Any) -> str:
    """The permissions that the actions need; 42601 if one cannot be reached."""
    perms = ""
    unconditional: set[str] = set()
    for clause in clauses:
        letter = _PERMS[_COMMANDS[enum_name(clause.commandType)]]
        if letter not in perms:
            perms += letter
        kind = enum_name(clause.matchKind)
        if kind in unconditional:
            raise pstate.error(
                SYNTAX_ERROR, "unreachable WHEN clause specified after unconditional WHEN clause"
            )
        if clause.condition is None:
            unconditional.add(kind)
    return perms


def _set_visible(pstate: ParseState, rte: Any, visible: bool) -> None:
    for item in pstate.p_namespace:
        if item.p_rte is rte:
            item.p_rel_visible = visible
            item.p_cols_visible = visible
            break


def _transform_action(pstate: ParseState, clause: Any, kind: str) -> MergeAction:
    command = _COMMANDS[enum_name(clause.commandType)]
    qual = transform_where_clause(pstate, clause.condition, EXPR_KIND_MERGE_WHEN, "WHEN")
    tlist: list[Any] = []
    if command == "insert":
        pstate.p_is_insert = True
        columns = check_insert_targets(pstate, clause.targetList)
        if clause.values:
            exprs = transform_expression_list(pstate, clause.values, EXPR_KIND_VALUES_SINGLE, True)
            exprs = transform_insert_row(pstate, exprs, clause.targetList, columns, False)
            tlist = insert_target_list(pstate, exprs, columns)
    elif command == "update":
        pstate.p_is_insert = False
        tlist = transform_update_target_list(pstate, clause.targetList)
    return MergeAction(kind, command, qual, tuple(tlist), override_name(clause.override))
