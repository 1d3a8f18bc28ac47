"""Column references: A.B and whole rows -> Vars (PostgreSQL's parse_expr.c, transformColumnRef)."""

from typing import Any

from pglast import ast

from .. import tree as t
from ..lsyscache import type_is_complex, type_is_rowtype
from ..sqlstates import (
    AMBIGUOUS_COLUMN,
    FEATURE_NOT_SUPPORTED,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
)
from ..treetypes import (
    expr_collation,
    expr_type,
)
from .functions import parse_func_or_column
from .names import database_name, namelist_to_string
from .parse_state import (
    EXPR_KIND_COLUMN_DEFAULT,
    EXPR_KIND_PARTITION_BOUND,
    NamespaceItem,
    ParseState,
)

RECORDOID = 2249


def column_ref(pstate: ParseState, cref: Any) -> Any:
    """A, A.B, A.B.C or A.B.C.D, the last one possibly `*`."""
    from .relations import (
        RangeName,
        col_name_to_var,
        error_missing_column,
        error_missing_rte,
        refname_namespace_item,
    )

    location = cref.location
    kind = pstate.p_expr_kind
    if kind in (EXPR_KIND_COLUMN_DEFAULT, EXPR_KIND_PARTITION_BOUND):
        where = "DEFAULT" if kind == EXPR_KIND_COLUMN_DEFAULT else "partition bound"
        raise pstate.error(
            FEATURE_NOT_SUPPORTED, f"cannot use column reference in {where} expression", location
        )
    if pstate.p_pre_columnref_hook is not None:
        node = pstate.p_pre_columnref_hook(pstate, cref)
        if node is not None:
            return node
    fields = cref.fields
    node = None
    missing = ""
    relname: str | None = None
    schema: str | None = None
    colname = ""
    if len(fields) == 1:
        colname = fields[0].sval
        node = col_name_to_var(pstate, colname, False, location)
        if node is None:
            # As in PostQUEL: the name of a table stands for its whole row.
            nsitem, levels = refname_namespace_item(pstate, None, colname, location)
            if nsitem is not None:
                node = transform_whole_row_ref(pstate, nsitem, levels, location)
    elif len(fields) <= 4:
        relname = fields[-2].sval
        schema = fields[-3].sval if len(fields) > 2 else None
        if len(fields) == 4 and fields[0].sval != database_name(pstate.catalog):
            missing = "database"
        else:
            nsitem, levels = refname_namespace_item(pstate, schema, relname, location)
            if nsitem is None:
                missing = "relation"
            else:
                last = fields[-1]
                colname = "" if isinstance(last, ast.A_Star) else last.sval
                node = _qualified_column(pstate, nsitem, levels, last, location)
    else:
        missing = "too many"
    if pstate.p_post_columnref_hook is not None:
        hooked = pstate.p_post_columnref_hook(pstate, cref, node)
        if node is None:
            node = hooked
        elif hooked is not None:
            raise pstate.error(
                AMBIGUOUS_COLUMN, f'column reference "{namelist_to_string(fields)}" is ambiguous', location
            )
    if node is not None:
        return node
    if missing == "relation":
        raise error_missing_rte(pstate, RangeName(schema, relname or "", location))
    if missing == "database":
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            f"cross-database references are not implemented: {namelist_to_string(fields)}",
            location,
        )
    if missing:
        raise pstate.error(
            SYNTAX_ERROR,
            f"improper qualified name (too many dotted names): {namelist_to_string(fields)}",
            location,
        )
    raise error_missing_column(pstate, relname, colname, location)


def _qualified_column(
    pstate: ParseState, nsitem: NamespaceItem, levels: int, field: Any, location: int
) -> Any | None:
    """nsitem.field: the whole row for `*`, a column, or a function of the whole row."""
    from .relations import scan_ns_item_for_column

    if isinstance(field, ast.A_Star):
        return transform_whole_row_ref(pstate, nsitem, levels, location)
    node = scan_ns_item_for_column(pstate, nsitem, levels, field.sval, location)
    if node is None:
        row = transform_whole_row_ref(pstate, nsitem, levels, location)
        node = parse_func_or_column(pstate, [field], [row], pstate.p_last_srf, None, False, location)
    return node


def transform_whole_row_ref(pstate: ParseState, nsitem: NamespaceItem, levels: int, location: int) -> Any:
    """The whole row of a FROM item: a Var with varattno 0, or a RowExpr for a JOIN USING alias."""
    from .relations import expand_rte, mark_var_for_select_priv

    rte = nsitem.p_rte
    if rte.rtekind == "join" and len(nsitem.p_names.colnames) != len(rte.eref_colnames):
        count = len(nsitem.p_names.colnames)
        _, fields = expand_rte(pstate, rte, nsitem.p_rtindex, levels, location)
        return t.RowExpr(
            tuple(fields[:count]),
            RECORDOID,
            t.COERCE_IMPLICIT_CAST,
            tuple(nsitem.p_names.colnames),
            location,
        )
    var = make_whole_row_var(pstate, rte, nsitem.p_rtindex, levels, True, location)
    mark_var_for_select_priv(pstate, var)
    if nsitem.p_returning_type:
        return t.OldNewVar(nsitem.p_returning_type, var)
    return var


def make_whole_row_var(
    pstate: ParseState, rte: t.RangeTblEntry, varno: int, levels: int, allow_scalar: bool, location: int = -1
) -> t.Var:
    """The Var for a range table entry's whole row; for a function of scalar type its only column."""
    catalog = pstate.catalog
    typid = RECORDOID
    if rte.rtekind == "relation" or (rte.rtekind == "subquery" and rte.relid):
        typid = catalog.relation(rte.relid).rowtype
        if not typid:
            raise pstate.error(
                WRONG_OBJECT_TYPE,
                f'relation "{catalog.relation(rte.relid).name}" does not have a composite type',
            )
    elif rte.rtekind == "function" and not rte.funcordinality and len(rte.functions) == 1:
        expr = rte.functions[0].funcexpr
        result = expr_type(expr)
        if type_is_rowtype(catalog, result):
            typid = result
        elif allow_scalar:
            return t.Var(varno, 1, result, -1, expr_collation(expr), levels, location=location)
    return t.Var(varno, 0, typid, -1, 0, levels, location=location)


def unknown_attribute(pstate: ParseState, row: Any, name: str, location: int) -> Exception:
    """The error for selecting a field that is not there."""
    if isinstance(row, t.Var) and row.varattno == 0:
        from .relations import get_rte_by_range_table_posn

        rte = get_rte_by_range_table_posn(pstate, row.varno, row.varlevelsup)
        return pstate.error(UNDEFINED_COLUMN, f"column {rte.eref}.{name} does not exist", location)
    catalog = pstate.catalog
    typid = expr_type(row)
    if type_is_complex(catalog, typid):
        message = f'column "{name}" not found in data type {catalog.format_type(typid)}'
        return pstate.error(UNDEFINED_COLUMN, message, location)
    if typid == RECORDOID:
        message = f'could not identify column "{name}" in record data type'
        return pstate.error(UNDEFINED_COLUMN, message, location)
    message = (
        f"column notation .{name} applied to type {catalog.format_type(typid)}, which is not a composite type"
    )
    return pstate.error(WRONG_OBJECT_TYPE, message, location)
