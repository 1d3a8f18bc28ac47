"""Range table entries and their namespace items (the add* half of parse_relation.c).

Every `add_range_table_entry_*` appends one entry to `pstate.p_rtable` and returns a NamespaceItem for
it; `add_ns_item_to_query` puts that into the join list and the namespace.
"""

from collections.abc import Sequence
from typing import Any

from ..catalog.namespaces import require_usage
from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    TOO_MANY_COLUMNS,
    UNDEFINED_TABLE,
)
from ..tree import FuncExpr, RangeTblEntry, RangeTblFunction, RangeTblRef
from ..treetypes import expr_collation, expr_location, expr_type, expr_typmod
from .parse_state import Alias, NamespaceColumn, NamespaceItem, ParseState
from .rowtypes import RowColumn, get_expr_result_type, get_func_result_name

RECORDOID = 2249
INT8OID = 20
MAX_TUPLE_ATTRIBUTES = 1664
MAX_HEAP_ATTRIBUTES = 1600


def alias_of(node: Any) -> Alias | None:
    """The Alias of a raw parse node's alias (a pglast Alias), or None."""
    if node is None or isinstance(node, Alias):
        return node
    return Alias(node.aliasname, tuple([name.sval for name in node.colnames or ()]))


# --- finding relations ---


def range_var_get_relid(pstate: ParseState, relation: Any) -> int:
    """The oid of the relation that a RangeVar names, or 0."""
    context = pstate.context
    catalog = pstate.catalog
    if relation.catalogname is not None and relation.catalogname != current_database_name(pstate):
        raise pstate.error(
            FEATURE_NOT_SUPPORTED,
            "cross-database references are not implemented: "
            f'"{relation.catalogname}.{relation.schemaname}.{relation.relname}"',
            location_of(relation),
        )
    if relation.schemaname is not None:
        if relation.schemaname == "pg_temp":
            namespace = context.temp_namespace
        else:
            namespace = catalog.namespace_oid(relation.schemaname)
        if not namespace:
            return 0
        position = max(location_of(relation), 0)
        require_usage(catalog, context.role, namespace, context.temp_namespace, position)
        return catalog.relation_oid(relation.relname, (namespace,)) or 0
    return catalog.relation_oid(relation.relname, context.search_path) or 0


def current_database_name(pstate: ParseState) -> str:
    """The name of the connected database."""
    row = pstate.catalog.pg_database.get(pstate.catalog.database_oid)
    return row.datname if row is not None else ""


def location_of(node: Any) -> int:
    """A raw node's own location, -1 if it has none."""
    location = getattr(node, "location", None)
    return -1 if location is None else location


def parser_open_table(pstate: ParseState, relation: Any) -> Any:
    """The Relation that a RangeVar names; 42P01 if there is none, 42809 for indexes and types."""
    relid = range_var_get_relid(pstate, relation)
    location = location_of(relation)
    if not relid:
        name = relation.relname
        if relation.schemaname:
            raise pstate.error(
                UNDEFINED_TABLE, f'relation "{relation.schemaname}.{name}" does not exist', location
            )
        detail = hint = None
        if is_future_cte(pstate, name):
            detail = (
                f'There is a WITH item named "{name}", '
                "but it cannot be referenced from this part of the query."
            )
            hint = "Use WITH RECURSIVE, or re-order the WITH items to remove forward references."
        raise pstate.error(
            UNDEFINED_TABLE, f'relation "{name}" does not exist', location, detail=detail, hint=hint
        )
    return table_open(pstate, relid, location)


def table_open(pstate: ParseState, relid: int, location: int = -1) -> Any:
    """The Relation; 42809 if it is an index or a composite type."""
    relation = pstate.catalog.relation(relid)
    if relation.kind in "iIc":
        from ..sqlstates import WRONG_OBJECT_TYPE

        detail = (
            "This operation is not supported for composite types."
            if relation.kind == "c"
            else "This operation is not supported for partitioned indexes."
            if relation.kind == "I"
            else "This operation is not supported for indexes."
        )
        raise pstate.error(
            WRONG_OBJECT_TYPE, f'cannot open relation "{relation.name}"', location, detail=detail
        )
    return relation


def is_future_cte(pstate: ParseState | None, name: str) -> bool:
    """Whether `name` is a WITH item that comes later in its list."""
    while pstate is not None:
        for cte in pstate.p_future_ctes:
            if cte.ctename == name:
                return True
        pstate = pstate.parentParseState
    return False


def is_locked_refname(pstate: ParseState, refname: str) -> bool:
    """Whether a FOR UPDATE / SHARE clause names this FROM item."""
    if pstate.p_locked_from_parent:
        return True
    for clause in pstate.p_locking_clause or ():
        if not clause.lockedRels:
            return True
        for relation in clause.lockedRels:
            if relation.relname == refname:
                return True
    return False


# --- building entries ---


def _alias_columns(
    actual: Sequence[tuple[str, bool]], alias: Alias | None, refname: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """buildRelationAliases: (eref columns, alias columns) for columns given as (name, dropped)."""
    given = list(alias.colnames) if alias else []
    if not given:
        return tuple(["" if dropped else name for name, dropped in actual]), ()
    names: list[str] = []
    written: list[str] = []
    used = 0
    for name, dropped in actual:
        if dropped:
            if used < len(given):
                written.append("")
            names.append("")
        elif used < len(given):
            names.append(given[used])
            written.append(given[used])
            used += 1
        else:
            names.append(name)
    if used < len(given):
        available = sum(1 for _, dropped in actual if not dropped)
        raise SqlError(
            INVALID_COLUMN_REFERENCE,
            f'table "{refname}" has {available} columns available but {len(given)} columns specified',
        )
    return tuple(names), tuple(written)


def _item(rte: RangeTblEntry, pstate: ParseState, columns: tuple[NamespaceColumn, ...]) -> NamespaceItem:
    return NamespaceItem(Alias(rte.eref, rte.eref_colnames), rte, len(pstate.p_rtable), columns)


def _append(pstate: ParseState, rte: RangeTblEntry) -> int:
    pstate.p_rtable.append(rte)
    return len(pstate.p_rtable)


def _columns_from_lists(
    rtindex: int, types: Sequence[int], typmods: Sequence[int], collations: Sequence[int]
) -> tuple[NamespaceColumn, ...]:
    return tuple(
        [
            NamespaceColumn(rtindex, number, typid, typmod, collation, rtindex, number)
            for number, (typid, typmod, collation) in enumerate(
                zip(types, typmods, collations, strict=False), 1
            )
        ]
    )


_DROPPED = NamespaceColumn(0, 0, 0)


def _columns_from_relation(rtindex: int, relation: Any) -> tuple[NamespaceColumn, ...]:
    return tuple(
        [
            _DROPPED
            if column.dropped
            else NamespaceColumn(
                rtindex, column.attnum, column.typid, column.typmod, column.collation, rtindex, column.attnum
            )
            for column in relation.columns
        ]
    )


def add_range_table_entry(
    pstate: ParseState, relation: Any, alias: Any, inh: bool, in_from_cl: bool
) -> NamespaceItem:
    """An entry for the relation that a RangeVar names."""
    opened = parser_open_table(pstate, relation)
    return add_range_table_entry_for_relation(pstate, opened, alias, inh, in_from_cl)


def add_range_table_entry_for_relation(
    pstate: ParseState, relation: Any, alias: Any = None, inh: bool = False, in_from_cl: bool = False
) -> NamespaceItem:
    """An entry for a Relation, with SELECT permission required."""
    alias = alias_of(alias)
    refname = alias.aliasname if alias else relation.name
    names, written = _alias_columns([(c.name, c.dropped) for c in relation.columns], alias, refname)
    rte = RangeTblEntry(
        "relation",
        alias=alias.aliasname if alias else None,
        alias_colnames=written,
        eref=refname,
        eref_colnames=names,
        inFromCl=in_from_cl,
        relid=relation.oid,
        relkind=relation.kind,
        inh=inh,
        requiredPerms="r",
    )
    rtindex = _append(pstate, rte)
    return _item(rte, pstate, _columns_from_relation(rtindex, relation))


def _pad_alias(alias: Alias | None, refname: str, available: Sequence[str], message: str) -> tuple[str, ...]:
    given = alias.colnames if alias else ()
    if len(given) > len(available):
        raise SqlError(
            INVALID_COLUMN_REFERENCE,
            f"{message} {len(available)} columns available but {len(given)} columns specified",
        )
    return tuple(given) + tuple(available[len(given) :])


def add_range_table_entry_for_subquery(
    pstate: ParseState, subquery: Any, alias: Any, lateral: bool, in_from_cl: bool
) -> NamespaceItem:
    """An entry for a sub-SELECT."""
    alias = alias_of(alias)
    refname = alias.aliasname if alias else "unnamed_subquery"
    entries = [entry for entry in subquery.targetList if not entry.resjunk]
    rte = RangeTblEntry(
        "subquery",
        alias=alias.aliasname if alias else None,
        alias_colnames=alias.colnames if alias else (),
        eref=refname,
        eref_colnames=_pad_alias(
            alias, refname, [entry.resname or "" for entry in entries], f'table "{refname}" has'
        ),
        inFromCl=in_from_cl,
        inh=False,
        subquery=subquery,
        lateral=lateral,
    )
    rtindex = _append(pstate, rte)
    columns = tuple(
        [
            NamespaceColumn(
                rtindex,
                number,
                expr_type(entry.expr),
                expr_typmod(entry.expr),
                expr_collation(entry.expr),
                rtindex,
                number,
            )
            for number, entry in enumerate(entries, 1)
        ]
    )
    return _item(rte, pstate, columns)


def _scalar_function_alias(pstate: ParseState, expr: Any, name: str, alias: Alias | None, count: int) -> str:
    """chooseScalarFunctionAlias: an OUT parameter's name, else the alias, else the function's."""
    if isinstance(expr, FuncExpr):
        result_name = get_func_result_name(pstate.catalog, expr.funcid)
        if result_name:
            return result_name
    if count == 1 and alias:
        return alias.aliasname
    return name


def _function_columns(
    pstate: ParseState, expr: Any, name: str, definitions: Any, alias: Alias | None, count: int
) -> tuple[list[RowColumn], RangeTblFunction]:
    """The columns of one function in FROM, and its RangeTblFunction."""
    kind, typid, columns = get_expr_result_type(pstate.catalog, expr)
    if definitions:
        where = location_of(definitions[0])
        if kind == "composite":
            named = "a named composite type" if expr_type(expr) != RECORDOID else None
            raise pstate.error(
                SYNTAX_ERROR,
                "a column definition list is redundant for a function "
                + (f"returning {named}" if named else "with OUT parameters"),
                where,
            )
        if kind != "record":
            raise pstate.error(
                SYNTAX_ERROR,
                'a column definition list is only allowed for functions returning "record"',
                where,
            )
    elif kind == "record":
        raise pstate.error(
            SYNTAX_ERROR,
            'a column definition list is required for functions returning "record"',
            expr_location(expr),
        )
    if kind == "composite":
        assert columns is not None
        return list(columns), RangeTblFunction(expr, len(columns))
    if kind == "scalar":
        column = RowColumn(
            _scalar_function_alias(pstate, expr, name, alias, count),
            typid,
            expr_typmod(expr),
            expr_collation(expr),
        )
        return [column], RangeTblFunction(expr, 1)
    if kind == "record":
        return _defined_columns(pstate, expr, definitions)
    raise pstate.error(
        DATATYPE_MISMATCH,
        f'function "{name}" in FROM has unsupported return type {pstate.catalog.format_type(typid)}',
        expr_location(expr),
    )


def _defined_columns(
    pstate: ParseState, expr: Any, definitions: Any
) -> tuple[list[RowColumn], RangeTblFunction]:
    """The columns of a column definition list."""
    from .typenames import get_column_def_collation, typename_type_id_and_mod

    if len(definitions) > MAX_HEAP_ATTRIBUTES:
        raise pstate.error(
            TOO_MANY_COLUMNS,
            f"column definition lists can have at most {MAX_HEAP_ATTRIBUTES} entries",
            location_of(definitions[0]),
        )
    columns: list[RowColumn] = []
    for definition in definitions:
        name = definition.colname
        if definition.typeName.setof:
            raise pstate.error(
                INVALID_TABLE_DEFINITION,
                f'column "{name}" cannot be declared SETOF',
                location_of(definition),
            )
        typid, typmod = typename_type_id_and_mod(pstate, definition.typeName)
        collation = get_column_def_collation(pstate, definition, typid)
        columns.append(RowColumn(name, typid, typmod, collation))
    _check_column_names(columns, pstate)
    function = RangeTblFunction(
        expr,
        len(columns),
        tuple([column.name for column in columns]),
        tuple([column.typid for column in columns]),
        tuple([column.typmod for column in columns]),
        tuple([column.collation for column in columns]),
    )
    return columns, function


def _check_column_names(columns: list[RowColumn], pstate: ParseState) -> None:
    """CheckAttributeNamesTypes for a column definition list."""
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise SqlError(DUPLICATE_COLUMN, f'column name "{column.name}" specified more than once')
        seen.add(column.name)
        row = pstate.catalog.pg_type.get(column.typid)
        if row is not None and row.typtype == "p" and column.typid not in (RECORDOID, 2287):
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'column "{column.name}" has pseudo-type {pstate.catalog.format_type(column.typid)}',
            )


def add_range_table_entry_for_function(
    pstate: ParseState,
    names: Sequence[str],
    exprs: Sequence[Any],
    definitions: Sequence[Any],
    alias: Any,
    ordinality: bool,
    lateral: bool,
    in_from_cl: bool,
) -> NamespaceItem:
    """An entry for one or more functions in FROM (`definitions`: a column definition list each)."""
    alias = alias_of(alias)
    refname = alias.aliasname if alias else names[0]
    columns: list[RowColumn] = []
    functions: list[RangeTblFunction] = []
    for name, expr, definition in zip(names, exprs, definitions, strict=False):
        some, function = _function_columns(pstate, expr, name, definition, alias, len(exprs))
        columns += some
        functions.append(function)
    if ordinality:
        columns.append(RowColumn("ordinality", INT8OID, -1, 0))
    if (len(exprs) > 1 or ordinality) and len(columns) > MAX_TUPLE_ATTRIBUTES:
        raise pstate.error(
            TOO_MANY_COLUMNS,
            f"functions in FROM can return at most {MAX_TUPLE_ATTRIBUTES} columns",
            expr_location(exprs[0]),
        )
    visible, written = _alias_columns([(c.name, c.dropped) for c in columns], alias, refname)
    rte = RangeTblEntry(
        "function",
        alias=alias.aliasname if alias else None,
        alias_colnames=written,
        eref=refname,
        eref_colnames=visible,
        lateral=lateral,
        inFromCl=in_from_cl,
        inh=False,
        functions=tuple(functions),
        funcordinality=bool(ordinality),
        coltypes=tuple([column.typid for column in columns]),
        coltypmods=tuple([column.typmod for column in columns]),
        colcollations=tuple([column.collation for column in columns]),
    )
    rtindex = _append(pstate, rte)
    nscolumns = tuple(
        [
            _DROPPED
            if column.dropped
            else NamespaceColumn(
                rtindex, number, column.typid, column.typmod, column.collation, rtindex, number
            )
            for number, column in enumerate(columns, 1)
        ]
    )
    return _item(rte, pstate, nscolumns)


def add_range_table_entry_for_values(
    pstate: ParseState,
    lists: Sequence[Sequence[Any]],
    coltypes: Sequence[int],
    coltypmods: Sequence[int],
    colcollations: Sequence[int],
    alias: Any,
    lateral: bool,
    in_from_cl: bool,
) -> NamespaceItem:
    """An entry for VALUES lists."""
    alias = alias_of(alias)
    refname = alias.aliasname if alias else "*VALUES*"
    rte = RangeTblEntry(
        "values",
        alias=alias.aliasname if alias else None,
        alias_colnames=alias.colnames if alias else (),
        eref=refname,
        eref_colnames=_pad_alias(
            alias,
            refname,
            [f"column{number}" for number in range(1, len(coltypes) + 1)],
            f'VALUES lists "{refname}" have',
        ),
        lateral=lateral,
        inFromCl=in_from_cl,
        inh=False,
        values_lists=tuple([tuple(row) for row in lists]),
        coltypes=tuple(coltypes),
        coltypmods=tuple(coltypmods),
        colcollations=tuple(colcollations),
    )
    rtindex = _append(pstate, rte)
    return _item(rte, pstate, _columns_from_lists(rtindex, coltypes, coltypmods, colcollations))


def add_range_table_entry_for_join(
    pstate: ParseState,
    colnames: Sequence[str],
    nscolumns: Sequence[NamespaceColumn],
    jointype: str,
    nummergedcols: int,
    aliasvars: Sequence[Any],
    leftcols: Sequence[int],
    rightcols: Sequence[int],
    join_using_alias: str | None,
    alias: Any,
    in_from_cl: bool,
) -> NamespaceItem:
    """An entry for a join; columns whose NamespaceColumn has p_varno 0 are this join's own."""
    alias = alias_of(alias)
    refname = alias.aliasname if alias else "unnamed_join"
    rte = RangeTblEntry(
        "join",
        alias=alias.aliasname if alias else None,
        alias_colnames=alias.colnames if alias else (),
        eref=refname,
        eref_colnames=_pad_alias(alias, refname, colnames, f'join expression "{refname}" has'),
        inFromCl=in_from_cl,
        inh=False,
        jointype=jointype,
        joinmergedcols=nummergedcols,
        joinaliasvars=tuple(aliasvars),
        joinleftcols=tuple(leftcols),
        joinrightcols=tuple(rightcols),
        join_using_alias=join_using_alias,
    )
    _append(pstate, rte)
    return _item(rte, pstate, tuple(nscolumns))


def add_range_table_entry_for_cte(
    pstate: ParseState, cte: Any, levelsup: int, relation: Any, in_from_cl: bool
) -> NamespaceItem:
    """An entry that refers to a WITH item (a ctes.WithItem) `levelsup` query levels out."""
    alias = alias_of(relation.alias)
    refname = alias.aliasname if alias else cte.ctename
    self_reference = cte.ctequery is None
    if not self_reference:
        cte.cterefcount += 1
        if cte.ctequery.commandType != "select" and not cte.ctequery.returningList:
            raise pstate.error(
                FEATURE_NOT_SUPPORTED,
                f'WITH query "{cte.ctename}" does not have a RETURNING clause',
                location_of(relation),
            )
    names = _pad_alias(alias, refname, cte.ctecolnames, f'table "{refname}" has')
    types, typmods = list(cte.ctecoltypes), list(cte.ctecoltypmods)
    collations = list(cte.ctecolcollations)
    extra = cte.extra_columns()
    for name, typid, typmod, collation in extra:
        names += (name,)
        types.append(typid)
        typmods.append(typmod)
        collations.append(collation)
    rte = RangeTblEntry(
        "cte",
        alias=alias.aliasname if alias else None,
        alias_colnames=alias.colnames if alias else (),
        eref=refname,
        eref_colnames=names,
        inFromCl=in_from_cl,
        inh=False,
        ctename=cte.ctename,
        ctelevelsup=levelsup,
        self_reference=self_reference,
        coltypes=tuple(types),
        coltypmods=tuple(typmods),
        colcollations=tuple(collations),
    )
    rtindex = _append(pstate, rte)
    columns = list(_columns_from_lists(rtindex, types, typmods, collations))
    if levelsup > 0:
        # SEARCH and CYCLE columns are not part of the recursive term's own SELECT *.
        for number in range(len(columns) - len(extra), len(columns)):
            columns[number] = columns[number]._replace(p_dontexpand=True)
    return _item(rte, pstate, tuple(columns))


def add_ns_item_to_query(
    pstate: ParseState,
    item: NamespaceItem,
    add_to_join_list: bool,
    add_to_rel_namespace: bool,
    add_to_var_namespace: bool,
) -> None:
    """Put an item into the join list and / or the namespace."""
    if add_to_join_list:
        pstate.p_joinlist.append(RangeTblRef(item.p_rtindex))
    if add_to_rel_namespace or add_to_var_namespace:
        item.p_rel_visible = add_to_rel_namespace
        item.p_cols_visible = add_to_var_namespace
        item.p_lateral_only = False
        item.p_lateral_ok = True
        pstate.p_namespace = [*pstate.p_namespace, item]
