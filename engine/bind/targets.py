"""Target lists: SELECT outputs, INSERT and UPDATE targets (PostgreSQL's parse_target.c).

TargetEntry is frozen, so functions that change entries return new ones or replace them in the list.
"""

from typing import Any, NamedTuple

import msgspec
from pglast import ast

from ..lsyscache import get_typcollation, type_or_domain_type_relid
from ..sqlstates import (
    CANNOT_COERCE,
    DATATYPE_MISMATCH,
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
)
from ..tree import (
    COERCE_IMPLICIT_CAST,
    CaseTestExpr,
    Const,
    FieldSelect,
    FieldStore,
    OldNewVar,
    Param,
    SetToDefault,
    SubLink,
    TargetEntry,
    Var,
)
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod, walk
from . import coercion, expressions
from .coercion import COERCION_ASSIGNMENT, COERCION_IMPLICIT
from .parse_state import EXPR_KIND_UPDATE_SOURCE, EXPR_KIND_UPDATE_TARGET, ParseState
from .rangetable import current_database_name
from .raw import changed, enum_name, raw_location
from .relations import (
    SYSTEM_COLUMNS,
    RangeName,
    add_perms,
    attname_attnum,
    error_missing_rte,
    expand_ns_item_attrs,
    expand_ns_item_vars,
    expand_rte,
    get_cte_for_rte,
    get_ns_item_by_range_table_posn,
    get_rte_by_range_table_posn,
    get_tle_by_resno,
    mark_var_for_select_priv,
    refname_namespace_item,
)
from .rowtypes import RowColumn, get_expr_result_tupdesc
from .subscripts import transform_container_subscripts, transform_container_type

UNKNOWNOID = 705
TEXTOID = 25
RECORDOID = 2249

# --- target lists ---


def transform_target_entry(
    pstate: ParseState, node: Any, expr: Any, expr_kind: str, colname: str | None, resjunk: bool
) -> TargetEntry:
    """A target entry for a raw expression (already transformed if `expr` is not None)."""
    if expr is None:
        if expr_kind == EXPR_KIND_UPDATE_SOURCE and isinstance(node, ast.SetToDefault):
            expr = default_marker(node)
        else:
            expr = expressions.transform_expr(pstate, node, expr_kind)
    if colname is None and not resjunk:
        colname = figure_colname(node, expr)
    entry = TargetEntry(expr, pstate.p_next_resno, colname, resjunk=resjunk)
    pstate.p_next_resno += 1
    return entry


def default_marker(node: Any) -> SetToDefault:
    """DEFAULT in a list of values, before its column is known."""
    return SetToDefault(0, location=raw_location(node))


def transform_target_list(pstate: ParseState, targetlist: Any, expr_kind: str) -> list[TargetEntry]:
    """The target entries of a list of ResTargets, with stars expanded except in UPDATE."""
    result: list[TargetEntry] = []
    expand_star = expr_kind != EXPR_KIND_UPDATE_SOURCE
    for target in targetlist or ():
        node = target.val
        if expand_star:
            if isinstance(node, ast.ColumnRef) and isinstance(node.fields[-1], ast.A_Star):
                result += expand_column_ref_star(pstate, node, True)
                continue
            if isinstance(node, ast.A_Indirection) and isinstance(node.indirection[-1], ast.A_Star):
                result += expand_indirection_star(pstate, node, True, expr_kind)
                continue
        result.append(transform_target_entry(pstate, node, None, expr_kind, target.name, False))
    if pstate.p_multiassign_exprs:
        result += pstate.p_multiassign_exprs
        pstate.p_multiassign_exprs = []
    return result


def transform_expression_list(
    pstate: ParseState, exprlist: Any, expr_kind: str, allow_default: bool
) -> list[Any]:
    """The expressions of a VALUES row or of ROW(...), with stars expanded."""
    result: list[Any] = []
    for node in exprlist or ():
        if isinstance(node, ast.ColumnRef) and isinstance(node.fields[-1], ast.A_Star):
            result += expand_column_ref_star(pstate, node, False)
        elif isinstance(node, ast.A_Indirection) and isinstance(node.indirection[-1], ast.A_Star):
            result += expand_indirection_star(pstate, node, False, expr_kind)
        elif allow_default and isinstance(node, ast.SetToDefault):
            result.append(default_marker(node))
        else:
            result.append(expressions.transform_expr(pstate, node, expr_kind))
    return result


def resolve_target_list_unknowns(pstate: ParseState, targetlist: list[TargetEntry]) -> None:
    """Makes output columns of type unknown text, in place in the list."""
    for index, entry in enumerate(targetlist):
        if expr_type(entry.expr) == UNKNOWNOID:
            targetlist[index] = unknown_to_text(pstate, entry)


def unknown_to_text(pstate: ParseState, entry: TargetEntry) -> TargetEntry:
    """The entry with its unknown-type expression coerced to text."""
    expr = coercion.coerce_type(
        pstate, entry.expr, UNKNOWNOID, TEXTOID, -1, COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1
    )
    return msgspec.structs.replace(entry, expr=expr)


def mark_target_list_origins(pstate: ParseState, targetlist: list[TargetEntry]) -> None:
    """Fills in resorigtbl and resorigcol, in place in the list."""
    for index, entry in enumerate(targetlist):
        expr = entry.expr.var if isinstance(entry.expr, OldNewVar) else entry.expr
        if isinstance(expr, Var):
            table, column = _origin(pstate, expr)
            if table:
                targetlist[index] = msgspec.structs.replace(entry, resorigtbl=table, resorigcol=column)


def _origin(pstate: ParseState, var: Var) -> tuple[int, int]:
    """(relation, attnum) of the table column that a Var stands for, or (0, 0)."""
    rte = get_rte_by_range_table_posn(pstate, var.varno, var.varlevelsup)
    if rte.rtekind == "relation":
        return rte.relid, var.varattno
    if var.varattno == 0:
        return 0, 0
    entries: Any = ()
    if rte.rtekind == "subquery":
        assert rte.subquery is not None
        entries = rte.subquery.targetList
    elif rte.rtekind == "cte" and not rte.self_reference:
        entries = cte_target_list(get_cte_for_rte(pstate, rte, var.varlevelsup).ctequery)
    entry = get_tle_by_resno(entries, var.varattno)
    return (entry.resorigtbl, entry.resorigcol) if entry is not None else (0, 0)


def cte_target_list(query: Any) -> list[TargetEntry]:
    """The output columns of a WITH query (GetCTETargetList)."""
    return query.targetList if query.commandType == "select" else query.returningList


# --- assignment ---


def transform_assigned_expr(
    pstate: ParseState,
    expr: Any,
    expr_kind: str,
    colname: str,
    attrno: int,
    indirection: Any,
    location: int,
) -> Any:
    """An expression coerced to the target column's type, or put into the column by `indirection`."""
    relation = pstate.p_target_relation
    saved_kind = pstate.p_expr_kind
    pstate.p_expr_kind = expr_kind
    if attrno <= 0:
        raise pstate.error(FEATURE_NOT_SUPPORTED, f'cannot assign to system column "{colname}"', location)
    column = relation.columns[attrno - 1]
    if isinstance(expr, SetToDefault):
        expr = msgspec.structs.replace(
            expr, typeId=column.typid, typeMod=column.typmod, collation=column.collation
        )
        if indirection:
            what = "an array element" if isinstance(indirection[0], ast.A_Indices) else "a subfield"
            raise pstate.error(FEATURE_NOT_SUPPORTED, f"cannot set {what} to DEFAULT", location)
    typid = expr_type(expr)
    if indirection:
        if pstate.p_is_insert:
            base: Any = Const(column.typid, None, True, column.typmod, column.collation)
        else:
            assert pstate.p_target_nsitem is not None
            base = Var(
                pstate.p_target_nsitem.p_rtindex,
                attrno,
                column.typid,
                column.typmod,
                column.collation,
                location=location,
            )
        result = transform_assignment_indirection(
            pstate,
            base,
            colname,
            False,
            column.typid,
            column.typmod,
            column.collation,
            tuple(indirection),
            expr,
            COERCION_ASSIGNMENT,
            location,
        )
    else:
        result = coercion.coerce_to_target_type(
            pstate, expr, typid, column.typid, column.typmod, COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1
        )
        if result is None:
            shown = pstate.catalog.format_type
            raise pstate.error(
                DATATYPE_MISMATCH,
                f'column "{colname}" is of type {shown(column.typid)} '
                f"but expression is of type {shown(typid)}",
                expr_location(expr),
                hint="You will need to rewrite or cast the expression.",
            )
    pstate.p_expr_kind = saved_kind
    return result


def update_target_list_entry(
    pstate: ParseState,
    entry: TargetEntry,
    colname: str,
    attrno: int,
    indirection: Any,
    location: int,
) -> TargetEntry:
    """An UPDATE target: the expression assigned to its column, with resno the column's number."""
    expr = transform_assigned_expr(
        pstate, entry.expr, EXPR_KIND_UPDATE_TARGET, colname, attrno, indirection, location
    )
    return msgspec.structs.replace(entry, expr=expr, resno=attrno, resname=colname)


def transform_assignment_indirection(
    pstate: ParseState,
    base: Any,
    target_name: str,
    target_is_subscripting: bool,
    target_type: int,
    target_typmod: int,
    target_collation: int,
    indirection: tuple[Any, ...],
    rhs: Any,
    ccontext: int,
    location: int,
) -> Any:
    """rhs put into a part of `base` (fields and subscripts), the new value of the whole."""
    if indirection and base is None:
        base = CaseTestExpr(target_type, target_typmod, target_collation)
    subscripts: list[Any] = []
    for number, step in enumerate(indirection):
        if isinstance(step, ast.A_Indices):
            subscripts.append(step)
            continue
        if isinstance(step, ast.A_Star):
            raise pstate.error(FEATURE_NOT_SUPPORTED, 'row expansion via "*" is not supported here', location)
        if subscripts:
            return _transform_assignment_subscripts(
                pstate,
                base,
                target_name,
                target_type,
                target_typmod,
                target_collation,
                subscripts,
                indirection[number:],
                rhs,
                ccontext,
                location,
            )
        return _transform_field_assignment(
            pstate,
            base,
            target_name,
            target_type,
            target_typmod,
            step.sval,
            indirection[number + 1 :],
            rhs,
            ccontext,
            location,
        )
    if subscripts:
        return _transform_assignment_subscripts(
            pstate,
            base,
            target_name,
            target_type,
            target_typmod,
            target_collation,
            subscripts,
            (),
            rhs,
            ccontext,
            location,
        )
    result = coercion.coerce_to_target_type(
        pstate, rhs, expr_type(rhs), target_type, target_typmod, ccontext, COERCE_IMPLICIT_CAST, -1
    )
    if result is None:
        shown = pstate.catalog.format_type
        if target_is_subscripting:
            message = f'subscripted assignment to "{target_name}" requires type {shown(target_type)}'
        else:
            message = f'subfield "{target_name}" is of type {shown(target_type)}'
        raise pstate.error(
            DATATYPE_MISMATCH,
            f"{message} but expression is of type {shown(expr_type(rhs))}",
            location,
            hint="You will need to rewrite or cast the expression.",
        )
    return result


def _transform_field_assignment(
    pstate: ParseState,
    base: Any,
    target_name: str,
    target_type: int,
    target_typmod: int,
    field: str,
    rest: tuple[Any, ...],
    rhs: Any,
    ccontext: int,
    location: int,
) -> Any:
    catalog = pstate.catalog
    base_type, base_typmod = catalog.base_type_and_typmod(target_type, target_typmod)
    relid = type_or_domain_type_relid(catalog, base_type)
    shown = catalog.format_type(target_type)
    prefix = f'cannot assign to field "{field}" of column "{target_name}" because'
    if not relid:
        raise pstate.error(DATATYPE_MISMATCH, f"{prefix} its type {shown} is not a composite type", location)
    relation = catalog.relation(relid)
    attnum = attname_attnum(relation, field, False)
    if attnum == 0:
        if field in SYSTEM_COLUMNS and relation.kind != "c":
            raise pstate.error(UNDEFINED_COLUMN, f'cannot assign to system column "{field}"', location)
        raise pstate.error(
            UNDEFINED_COLUMN, f"{prefix} there is no such column in data type {shown}", location
        )
    column = relation.columns[attnum - 1]
    value = transform_assignment_indirection(
        pstate,
        None,
        field,
        False,
        column.typid,
        column.typmod,
        column.collation,
        rest,
        rhs,
        ccontext,
        location,
    )
    store = FieldStore(base, (value,), (attnum,), base_type)
    if base_type != target_type:
        return coercion.coerce_to_domain(
            pstate,
            store,
            base_type,
            base_typmod,
            target_type,
            COERCION_IMPLICIT,
            COERCE_IMPLICIT_CAST,
            location,
            False,
        )
    return store


def _transform_assignment_subscripts(
    pstate: ParseState,
    base: Any,
    target_name: str,
    target_type: int,
    target_typmod: int,
    target_collation: int,
    subscripts: list[Any],
    rest: tuple[Any, ...],
    rhs: Any,
    ccontext: int,
    location: int,
) -> Any:
    container_type, container_typmod = transform_container_type(pstate, target_type, target_typmod)
    ref = transform_container_subscripts(pstate, base, container_type, container_typmod, subscripts, True)
    if container_type == target_type:
        collation = target_collation
    else:
        collation = get_typcollation(pstate.catalog, container_type)
    value = transform_assignment_indirection(
        pstate,
        None,
        target_name,
        True,
        ref.refrestype,
        ref.reftypmod,
        collation,
        rest,
        rhs,
        ccontext,
        location,
    )
    result: Any = msgspec.structs.replace(
        ref, refassgnexpr=value, refrestype=container_type, reftypmod=container_typmod
    )
    if container_type != target_type:
        source = expr_type(result)
        result = coercion.coerce_to_target_type(
            pstate, result, source, target_type, target_typmod, ccontext, COERCE_IMPLICIT_CAST, -1
        )
        if result is None:
            shown = pstate.catalog.format_type
            raise pstate.error(
                CANNOT_COERCE, f"cannot cast type {shown(source)} to {shown(target_type)}", location
            )
    return result


class InsertColumn(NamedTuple):
    """One target column of INSERT."""

    name: str
    indirection: Any
    location: int
    attnum: int


def check_insert_targets(pstate: ParseState, cols: Any) -> list[InsertColumn]:
    """INSERT's target columns: those given, or all of the relation."""
    relation = pstate.p_target_relation
    if not cols:
        return [InsertColumn(c.name, (), -1, c.attnum) for c in relation.columns if not c.dropped]
    result: list[InsertColumn] = []
    whole: set[int] = set()
    partial: set[int] = set()
    for col in cols:
        location = raw_location(col)
        attnum = attname_attnum(relation, col.name, False)
        if attnum == 0:
            raise pstate.error(
                UNDEFINED_COLUMN,
                f'column "{col.name}" of relation "{relation.name}" does not exist',
                location,
            )
        indirection = col.indirection or ()
        if attnum in whole or (not indirection and attnum in partial):
            raise pstate.error(DUPLICATE_COLUMN, f'column "{col.name}" specified more than once', location)
        (partial if indirection else whole).add(attnum)
        result.append(InsertColumn(col.name, indirection, location, attnum))
    return result


# --- stars ---


def _name_list(fields: Any) -> str:
    return ".".join("*" if isinstance(field, ast.A_Star) else field.sval for field in fields)


def expand_column_ref_star(pstate: ParseState, cref: Any, make_target_entry: bool) -> list[Any]:
    """What `*`, `t.*` or `s.t.*` stands for: target entries, or bare expressions."""
    fields = cref.fields
    location = raw_location(cref)
    if len(fields) == 1:
        return _expand_all_tables(pstate, location)
    if pstate.p_pre_columnref_hook is not None:
        node = pstate.p_pre_columnref_hook(pstate, cref)
        if node is not None:
            return expand_row_reference(pstate, node, make_target_entry)
    names = [field.sval for field in fields[:-1]]
    item, levels = None, 0
    schema: str | None = None
    wrong_db = False
    if len(names) == 3 and names[0] != current_database_name(pstate):
        wrong_db = True
    elif len(names) <= 3:
        schema = names[-2] if len(names) > 1 else None
        item, levels = refname_namespace_item(pstate, schema, names[-1], location)
    if pstate.p_post_columnref_hook is not None:
        node = pstate.p_post_columnref_hook(pstate, cref, item.p_rte if item is not None else None)
        if node is not None:
            if item is not None:
                from ..sqlstates import AMBIGUOUS_COLUMN

                raise pstate.error(
                    AMBIGUOUS_COLUMN, f'column reference "{_name_list(fields)}" is ambiguous', location
                )
            return expand_row_reference(pstate, node, make_target_entry)
    if item is None:
        if wrong_db:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f"cross-database references are not implemented: {_name_list(fields)}",
                location,
            )
        if len(names) > 3:
            raise pstate.error(
                SYNTAX_ERROR,
                f"improper qualified name (too many dotted names): {_name_list(fields)}",
                location,
            )
        raise error_missing_rte(pstate, RangeName(schema, names[-1], location))
    return _expand_single_table(pstate, item, levels, location, make_target_entry)


def _expand_all_tables(pstate: ParseState, location: int) -> list[Any]:
    result: list[Any] = []
    found = False
    for item in pstate.p_namespace:
        if item.p_cols_visible:
            found = True
            result += expand_ns_item_attrs(pstate, item, 0, True, location)
    if not found:
        raise pstate.error(SYNTAX_ERROR, "SELECT * with no tables specified is not valid", location)
    return result


def expand_indirection_star(
    pstate: ParseState, node: Any, make_target_entry: bool, expr_kind: str
) -> list[Any]:
    """What `(expression).*` stands for."""
    inner = changed(node, indirection=tuple(node.indirection[:-1]))
    expr = expressions.transform_expr(pstate, inner, expr_kind)
    return expand_row_reference(pstate, expr, make_target_entry)


def _expand_single_table(
    pstate: ParseState, item: Any, levelsup: int, location: int, make_target_entry: bool
) -> list[Any]:
    if make_target_entry:
        return expand_ns_item_attrs(pstate, item, levelsup, True, location)
    exprs, _ = expand_ns_item_vars(pstate, item, levelsup, location)
    if item.p_rte.rtekind == "relation":
        add_perms(item.p_rte, "r")
    for expr in exprs:
        mark_var_for_select_priv(pstate, expr.var if isinstance(expr, OldNewVar) else expr)
    return exprs


def expand_row_reference(pstate: ParseState, expr: Any, make_target_entry: bool) -> list[Any]:
    """The fields of a row-valued expression."""
    if isinstance(expr, Var) and expr.varattno == 0:
        item = get_ns_item_by_range_table_posn(pstate, expr.varno, expr.varlevelsup)
        return _expand_single_table(pstate, item, expr.varlevelsup, expr.location, make_target_entry)
    if isinstance(expr, Var) and expr.vartype == RECORDOID:
        columns: Any = expand_record_variable(pstate, expr, 0)
    else:
        columns = get_expr_result_tupdesc(pstate.catalog, expr)
    result: list[Any] = []
    for number, column in enumerate(columns, 1):
        if column.dropped:
            continue
        field = FieldSelect(expr, number, column.typid, column.typmod, column.collation)
        if make_target_entry:
            result.append(TargetEntry(field, pstate.p_next_resno, column.name))
            pstate.p_next_resno += 1
        else:
            result.append(field)
    return result


def expand_record_variable(pstate: ParseState, var: Var, levelsup: int) -> tuple[RowColumn, ...]:
    """The columns of a Var of type record, found at its origin."""
    net = var.varlevelsup + levelsup
    rte = get_rte_by_range_table_posn(pstate, var.varno, net)
    if var.varattno == 0:
        names, exprs = expand_rte(pstate, rte, var.varno, 0, var.location)
        return tuple(
            [
                RowColumn(name, expr_type(expr), expr_typmod(expr), expr_collation(expr))
                for name, expr in zip(names, exprs, strict=False)
            ]
        )
    expr: Any = var
    if rte.rtekind == "join":
        expr = rte.joinaliasvars[var.varattno - 1]
        if isinstance(expr, Var):
            return expand_record_variable(pstate, expr, net)
    elif rte.rtekind == "subquery":
        assert rte.subquery is not None
        entry = get_tle_by_resno(rte.subquery.targetList, var.varattno)
        assert entry is not None
        expr = entry.expr
        if isinstance(expr, Var):
            return expand_record_variable(_state_inside(pstate, net, rte.subquery), expr, 0)
    elif rte.rtekind == "cte" and not rte.self_reference:
        query = get_cte_for_rte(pstate, rte, net).ctequery
        entry = get_tle_by_resno(cte_target_list(query), var.varattno)
        if entry is not None:
            expr = entry.expr
            if isinstance(expr, Var):
                return expand_record_variable(_state_inside(pstate, rte.ctelevelsup + net, query), expr, 0)
    columns = get_expr_result_tupdesc(pstate.catalog, expr)
    assert columns is not None
    return columns


def _state_inside(pstate: ParseState, levels: int, query: Any) -> ParseState:
    """A state that sees the range table of an analysed subquery of the state `levels` levels up."""
    for _ in range(levels):
        assert pstate.parentParseState is not None
        pstate = pstate.parentParseState
    inner = ParseState(pstate.context, "", pstate)
    inner.p_rtable = query.rtable
    inner.p_ctenamespace = query.cteList
    return inner


# --- names of output columns ---

_FIXED_NAMES: dict[str, str] = {
    "GroupingFunc": "grouping",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "XmlSerialize": "xmlserialize",
    "MergeSupportFunc": "merge_action",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_ENUM_NAMES: dict[str, str] = {
    "IS_GREATEST": "greatest",
    "IS_LEAST": "least",
    "SVFOP_CURRENT_DATE": "current_date",
    "SVFOP_CURRENT_TIME": "current_time",
    "SVFOP_CURRENT_TIME_N": "current_time",
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
    "SVFOP_CURRENT_TIMESTAMP_N": "current_timestamp",
    "SVFOP_LOCALTIME": "localtime",
    "SVFOP_LOCALTIME_N": "localtime",
    "SVFOP_LOCALTIMESTAMP": "localtimestamp",
    "SVFOP_LOCALTIMESTAMP_N": "localtimestamp",
    "SVFOP_CURRENT_ROLE": "current_role",
    "SVFOP_CURRENT_USER": "current_user",
    "SVFOP_USER": "user",
    "SVFOP_SESSION_USER": "session_user",
    "SVFOP_CURRENT_CATALOG": "current_catalog",
    "SVFOP_CURRENT_SCHEMA": "current_schema",
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
    "IS_XMLSERIALIZE": "xmlserialize",
    "JSON_EXISTS_OP": "json_exists",
    "JSON_QUERY_OP": "json_query",
    "JSON_VALUE_OP": "json_value",
}


def figure_colname(node: Any, expr: Any = None) -> str:
    """The name PostgreSQL gives an output column without AS. `expr`, the transformed expression, is
    needed for subqueries only."""
    _, name = _figure(node, expr)
    return name if name is not None else "?column?"


def figure_index_colname(node: Any, expr: Any = None) -> str | None:
    """The same for an index expression: None if it has no natural name."""
    return _figure(node, expr)[1]


def _figure(node: Any, expr: Any) -> tuple[int, str | None]:
    """(strength, name): 2 a good name, 1 a default to be overridden, 0 none."""
    if isinstance(node, ast.ColumnRef):
        names = [field.sval for field in node.fields if isinstance(field, ast.String)]
        return (2, names[-1]) if names else (0, None)
    if isinstance(node, ast.A_Indirection):
        names = [step.sval for step in node.indirection if isinstance(step, ast.String)]
        return (2, names[-1]) if names else _figure(node.arg, expr)
    if isinstance(node, ast.FuncCall):
        return 2, node.funcname[-1].sval
    if isinstance(node, ast.A_Expr):
        return (2, "nullif") if enum_name(node.kind) == "AEXPR_NULLIF" else (0, None)
    if isinstance(node, ast.TypeCast):
        strength, name = _figure(node.arg, expr)
        if strength <= 1 and node.typeName is not None:
            return 1, node.typeName.names[-1].sval
        return strength, name
    if isinstance(node, ast.CollateClause):
        return _figure(node.arg, expr)
    if isinstance(node, ast.SubLink):
        return _figure_sublink(node, expr)
    if isinstance(node, ast.CaseExpr):
        strength, name = _figure(node.defresult, expr)
        return (1, "case") if strength <= 1 else (strength, name)
    if node is None:
        return 0, None
    fixed = _FIXED_NAMES.get(type(node).__name__)
    if fixed is None and not isinstance(node, ast.BoolExpr):
        fixed = _ENUM_NAMES.get(enum_name(getattr(node, "op", None)))
    return (2, fixed) if fixed is not None else (0, None)


def _figure_sublink(node: Any, expr: Any) -> tuple[int, str | None]:
    kind = enum_name(node.subLinkType)
    if kind == "EXISTS_SUBLINK":
        return 2, "exists"
    if kind == "ARRAY_SUBLINK":
        return 2, "array"
    if kind == "EXPR_SUBLINK" and expr is not None:
        location = raw_location(node)
        for inner in walk(expr):
            if isinstance(inner, SubLink) and inner.subLinkType == "expr" and inner.location == location:
                name = inner.subselect.targetList[0].resname
                return (2, name) if name else (0, None)
    return 0, None


def is_constant_or_param(expr: Any) -> bool:
    """Whether an unknown-type expression can be coerced where it stands."""
    return isinstance(expr, (Const, Param))
