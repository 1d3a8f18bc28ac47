"""The target of ON CONFLICT: columns, expressions or a constraint (parse_clause.c)."""

from typing import Any

from pglast import ast

from ..errors import SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
)
from ..tree import InferenceElem
from ..treetypes import expr_location
from . import expressions
from .parse_state import EXPR_KIND_INDEX_EXPRESSION, EXPR_KIND_INDEX_PREDICATE, ParseState
from .raw import enum_name, raw_location
from .relations import add_perms


def transform_on_conflict_arbiter(
    pstate: ParseState, clause: Any
) -> tuple[tuple[InferenceElem, ...], Any, int]:
    """(elements, predicate, constraint oid) of an ON CONFLICT target."""
    infer = clause.infer
    relation = pstate.p_target_relation
    location = raw_location(clause)
    if enum_name(clause.action) == "ONCONFLICT_UPDATE" and infer is None:
        raise pstate.error(
            SYNTAX_ERROR,
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            location,
            hint="For example, ON CONFLICT (column_name).",
        )
    if relation.oid < 16384 and relation.namespace in (11, 99):
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, "ON CONFLICT is not supported with system catalog tables", location
        )
    if infer is None:
        return (), None, 0
    elements = tuple([_inference_element(pstate, infer, elem) for elem in infer.indexElems or ()])
    where = None
    if infer.whereClause is not None:
        where = expressions.transform_expr(pstate, infer.whereClause, EXPR_KIND_INDEX_PREDICATE)
    constraint = 0
    if infer.conname:
        constraint, attnums = _find_constraint(pstate, relation, infer.conname)
        assert pstate.p_target_nsitem is not None
        rte = pstate.p_target_nsitem.p_rte
        add_perms(rte, "r")
        rte.selectedCols += tuple([attnum for attnum in attnums if attnum not in rte.selectedCols])
    return elements, where, constraint


def _inference_element(pstate: ParseState, infer: Any, elem: Any) -> InferenceElem:
    location = raw_location(infer)
    if enum_name(elem.ordering) not in ("SORTBY_DEFAULT", ""):
        raise pstate.error(
            INVALID_COLUMN_REFERENCE, "ASC/DESC is not allowed in ON CONFLICT clause", location
        )
    if enum_name(elem.nulls_ordering) not in ("SORTBY_NULLS_DEFAULT", ""):
        raise pstate.error(
            INVALID_COLUMN_REFERENCE, "NULLS FIRST/LAST is not allowed in ON CONFLICT clause", location
        )
    raw = elem.expr
    if raw is None:
        raw = ast.ColumnRef(fields=(ast.String(elem.name),), location=location)
    expr = expressions.transform_expr(pstate, raw, EXPR_KIND_INDEX_EXPRESSION)
    collation = opclass = 0
    if elem.collation:
        from .typenames import lookup_collation

        collation = lookup_collation(pstate, elem.collation, expr_location(expr))
    if elem.opclass:
        opclass = _btree_opclass(pstate, elem.opclass)
    return InferenceElem(expr, collation, opclass)


def _btree_opclass(pstate: ParseState, names: Any) -> int:
    """The oid of a btree operator class by name (get_opclass_oid)."""
    from .names import deconstruct_qualified_name, lookup_explicit_namespace, namelist_to_string

    schema, name = deconstruct_qualified_name(pstate.context, names)
    path = (
        pstate.context.search_path if schema is None else (lookup_explicit_namespace(pstate.context, schema),)
    )
    for namespace in path:
        for row in pstate.catalog.pg_opclass.rows():
            if row.opcmethod == 403 and row.opcname == name and row.opcnamespace == namespace:
                return int(row.oid)
    raise SqlError(
        UNDEFINED_OBJECT,
        f'operator class "{namelist_to_string(names)}" does not exist for access method "btree"',
    )


def _find_constraint(pstate: ParseState, relation: Any, name: str) -> tuple[int, tuple[int, ...]]:
    """(oid, attnums) of a constraint of the relation (get_relation_constraint_attnos)."""
    for row in pstate.catalog.pg_constraint.rows():
        if row.conrelid == relation.oid and row.conname == name:
            key = row.conkey
            return row.oid, tuple(key.items) if key is not None else ()
    raise SqlError(UNDEFINED_OBJECT, f'constraint "{name}" for table "{relation.name}" does not exist')
