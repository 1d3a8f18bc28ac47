"""SEARCH and CYCLE of WITH RECURSIVE (parts of PostgreSQL's parse_cte.c, and rewriteSearchCycle.c).

Analysis checks the clauses; rewriting adds their columns to both arms of the recursive query: each arm
becomes a subquery of a new arm that computes the ordering column, the cycle mark and the path.
"""

from typing import Any

import msgspec

from ..errors import SqlError
from ..sqlstates import DUPLICATE_COLUMN, FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, UNDEFINED_FUNCTION
from ..tree import (
    COERCE_IMPLICIT_CAST,
    ArrayExpr,
    CaseExpr,
    CaseWhen,
    CommonTableExpr,
    Const,
    CTECycleClause,
    CTESearchClause,
    FieldSelect,
    FromExpr,
    FuncExpr,
    OpExpr,
    Query,
    RangeTblEntry,
    RangeTblRef,
    RowExpr,
    ScalarArrayOpExpr,
    SetOperationStmt,
    TargetEntry,
    Var,
)
from . import coercion, collations
from .parse_state import EXPR_KIND_CYCLE_MARK, ParseState
from .raw import raw_location
from .walkers import increment_var_sublevels_up

INT8OID = 20
BOOLOID = 16
RECORDOID = 2249
RECORDARRAYOID = 2287
RECORD_EQ_OP = 2988
RECORD_EQ = 2981
ARRAY_CAT = 383
INT8INC = 1219

Column = tuple[str, int, int, int]  # name, type, typmod, collation


# --- analysis ---


def transform_search_clause(raw: Any) -> CTESearchClause:
    """The clause as it is kept in the WITH item."""
    names = tuple([name.sval for name in raw.search_col_list])
    return CTESearchClause(names, bool(raw.search_breadth_first), raw.search_seq_column)


def transform_cycle_clause(pstate: ParseState, raw: Any) -> CTECycleClause:
    """The clause with its two marks as expressions of one type."""
    from .expressions import transform_expr
    from .operators import get_sort_group_operators

    catalog = pstate.catalog
    marks = [
        transform_expr(pstate, mark, EXPR_KIND_CYCLE_MARK)
        for mark in (raw.cycle_mark_value, raw.cycle_mark_default)
    ]
    typid = coercion.select_common_type(pstate, marks, "CYCLE")
    value = coercion.coerce_to_common_type(pstate, marks[0], typid, "CYCLE/SET/TO")
    default = coercion.coerce_to_common_type(pstate, marks[1], typid, "CYCLE/SET/DEFAULT")
    typmod = coercion.select_common_typmod([value, default], typid)
    collation = collations.select_common_collation(pstate, [value, default], True)
    try:
        equality = get_sort_group_operators(catalog, typid, False, True, False)[1]
    except SqlError:
        equality = 0
    shown = catalog.format_type(typid)
    if not equality:
        raise SqlError(UNDEFINED_FUNCTION, f"could not identify an equality operator for type {shown}")
    inequality = catalog.pg_operator.get(equality).oprnegate
    if not inequality:
        raise SqlError(UNDEFINED_FUNCTION, f"could not identify an inequality operator for type {shown}")
    return CTECycleClause(
        tuple([name.sval for name in raw.cycle_col_list]),
        raw.cycle_mark_column,
        value,
        default,
        raw.cycle_path_column,
        typid,
        typmod,
        collation,
        inequality,
    )


def extra_columns(search: CTESearchClause | None, cycle: CTECycleClause | None) -> list[Column]:
    """The columns that the clauses add to the WITH item."""
    columns: list[Column] = []
    if search is not None:
        columns.append((search.search_seq_column, search_type(search), -1, 0))
    if cycle is not None:
        mark = (cycle.cycle_mark_type, cycle.cycle_mark_typmod, cycle.cycle_mark_collation)
        columns.append((cycle.cycle_mark_column, *mark))
        columns.append((cycle.cycle_path_column, RECORDARRAYOID, -1, 0))
    return columns


def search_type(search: CTESearchClause) -> int:
    """The type of the ordering column."""
    return RECORDOID if search.search_breadth_first else RECORDARRAYOID


def check_search_and_cycle(pstate: ParseState, item: Any) -> None:
    """The rules for the clauses of a WITH item that has been analysed (a ctes.WithItem)."""
    search, cycle = item.search_clause, item.cycle_clause
    if not item.cterecursive:
        raise pstate.error(SYNTAX_ERROR, "WITH query is not recursive", item.location)
    operation = item.ctequery.setOperations
    if not isinstance(operation.larg, RangeTblRef):
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT",
        )
    if not isinstance(operation.rarg, RangeTblRef):
        raise SqlError(
            SYNTAX_ERROR, "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT"
        )
    columns = item.ctecolnames
    if search is not None:
        place = raw_location(item.raw.search_clause)
        _check_columns(pstate, "search", search.search_col_list, columns, place)
        _check_name(pstate, "search sequence", search.search_seq_column, columns, place)
    if cycle is not None:
        place = raw_location(item.raw.cycle_clause)
        _check_columns(pstate, "cycle", cycle.cycle_col_list, columns, place)
        _check_name(pstate, "cycle mark", cycle.cycle_mark_column, columns, place)
        _check_name(pstate, "cycle path", cycle.cycle_path_column, columns, place)
        if cycle.cycle_mark_column == cycle.cycle_path_column:
            raise pstate.error(
                SYNTAX_ERROR, "cycle mark column name and cycle path column name are the same", place
            )
    if search is not None and cycle is not None:
        place = raw_location(item.raw.search_clause)
        for other, name in (("mark", cycle.cycle_mark_column), ("path", cycle.cycle_path_column)):
            if search.search_seq_column == name:
                raise pstate.error(
                    SYNTAX_ERROR,
                    f"search sequence column name and cycle {other} column name are the same",
                    place,
                )


def _check_columns(
    pstate: ParseState, clause: str, names: tuple[str, ...], columns: list[str], place: int
) -> None:
    seen = set()
    for name in names:
        if name not in columns:
            raise pstate.error(SYNTAX_ERROR, f'{clause} column "{name}" not in WITH query column list', place)
        if name in seen:
            raise pstate.error(DUPLICATE_COLUMN, f'{clause} column "{name}" specified more than once', place)
        seen.add(name)


def _check_name(pstate: ParseState, what: str, name: str, columns: list[str], place: int) -> None:
    if name in columns:
        raise pstate.error(
            SYNTAX_ERROR, f'{what} column name "{name}" already used in WITH query column list', place
        )


# --- rewriting ---


def rewrite_search_and_cycle(catalog: Any, cte: CommonTableExpr) -> CommonTableExpr:
    """The WITH item with the clauses' columns computed by its query; the clauses are done then. The
    item's query must be nobody else's: it is changed."""
    return _Expansion(catalog, cte).item()


class _Expansion:
    """The work on one WITH item."""

    def __init__(self, catalog: Any, cte: CommonTableExpr) -> None:
        self.catalog = catalog
        self.cte = cte
        self.search: CTESearchClause | None = cte.search_clause
        self.cycle: CTECycleClause | None = cte.cycle_clause
        self.extra = extra_columns(self.search, self.cycle)
        self.width = len(cte.ctecolnames)
        self.mark_attno = self.width + (2 if self.search is not None else 1)
        self.path_attno = self.mark_attno + 1

    def item(self) -> CommonTableExpr:
        query = self.cte.ctequery
        operation = query.setOperations
        assert isinstance(operation, SetOperationStmt)
        first = query.rtable[operation.larg.rtindex - 1]
        second = query.rtable[operation.rarg.rtindex - 1]
        originals = (first.subquery, second.subquery)
        first.subquery = self._first(originals[0])
        second.subquery = self._second(originals[1])
        names = tuple([column[0] for column in self.extra])
        for rte in (first, second):
            rte.eref_colnames = (*rte.eref_colnames, *names)
        query.setOperations = self._operation(operation)
        targets = list(query.targetList)
        for name, typid, typmod, collation in self.extra:
            resno = len(targets) + 1
            targets.append(TargetEntry(Var(1, resno, typid, typmod, collation), resno, name))
        query.targetList = targets
        cte = self.cte
        return msgspec.structs.replace(
            cte,
            ctecolnames=(*cte.ctecolnames, *names),
            ctecoltypes=(*cte.ctecoltypes, *[c[1] for c in self.extra]),
            ctecoltypmods=(*cte.ctecoltypmods, *[c[2] for c in self.extra]),
            ctecolcollations=(*cte.ctecolcollations, *[c[3] for c in self.extra]),
            search_clause=None,
            cycle_clause=None,
        )

    def _operation(self, operation: SetOperationStmt) -> SetOperationStmt:
        from .setops import make_sort_group_clause_for_set_op

        clauses = operation.groupClauses
        if not operation.all:
            added = [make_sort_group_clause_for_set_op(self.catalog, c[1], True) for c in self.extra]
            clauses = (*clauses, *added)
        return msgspec.structs.replace(
            operation,
            colTypes=(*operation.colTypes, *[c[1] for c in self.extra]),
            colTypmods=(*operation.colTypmods, *[c[2] for c in self.extra]),
            colCollations=(*operation.colCollations, *[c[3] for c in self.extra]),
            groupClauses=clauses,
        )

    def _first(self, subquery: Any) -> Query:
        """SELECT columns, start of the order, no cycle, path of one FROM (the non-recursive term)."""
        added: list[Any] = []
        if self.search is not None:
            row = self._row(self.search.search_col_list)
            if self.search.search_breadth_first:
                added.append(_with_depth(row, Const(INT8OID, 0)))
            else:
                added.append(_array(row))
        if self.cycle is not None:
            added.append(self.cycle.cycle_mark_default)
            added.append(_array(self._row(self.cycle.cycle_col_list)))
        return self._arm("*TLOCRN*", self.cte.ctecolnames, subquery, added, None)

    def _second(self, subquery: Any) -> Query:
        """SELECT columns, next of the order, mark, longer path FROM (the recursive term with the
        columns of the row it came from) WHERE that row closes no cycle."""
        reference = self._reference(subquery)
        old = list(subquery.targetList)
        targets = list(old)
        for number, (name, typid, typmod, collation) in enumerate(self.extra, self.width + 1):
            var = Var(reference, number, typid, typmod, collation)
            targets.append(TargetEntry(var, len(targets) + 1, name))
        subquery.targetList = targets
        added: list[Any] = []
        quals = None
        if self.search is not None:
            row = self._row(self.search.search_col_list)
            if self.search.search_breadth_first:
                before = FieldSelect(Var(1, self.width + 1, RECORDOID), 1, INT8OID)
                added.append(_with_depth(row, FuncExpr(INT8INC, INT8OID, (before,))))
            else:
                added.append(_longer(row, self.width + 1))
        if self.cycle is not None:
            quals = self._no_cycle(self.cycle)
            added += self._mark_and_path(self.cycle)
        names = (*self.cte.ctecolnames, *[column[0] for column in self.extra])
        return self._arm("*TROCRN*", names, subquery, added, quals)

    def _no_cycle(self, cycle: CTECycleClause) -> OpExpr:
        mark = Var(
            1, self.mark_attno, cycle.cycle_mark_type, cycle.cycle_mark_typmod, cycle.cycle_mark_collation
        )
        code = self.catalog.pg_operator.get(cycle.cycle_mark_neop).oprcode
        return OpExpr(
            cycle.cycle_mark_neop,
            code,
            BOOLOID,
            (mark, cycle.cycle_mark_value),
            inputcollid=cycle.cycle_mark_collation,
        )

    def _mark_and_path(self, cycle: CTECycleClause) -> list[Any]:
        row = self._row(cycle.cycle_col_list)
        path = Var(1, self.path_attno, RECORDARRAYOID)
        seen = ScalarArrayOpExpr(RECORD_EQ_OP, RECORD_EQ, True, (row, path))
        mark = CaseExpr(
            cycle.cycle_mark_type,
            None,
            (CaseWhen(seen, cycle.cycle_mark_value),),
            cycle.cycle_mark_default,
            cycle.cycle_mark_collation,
        )
        return [mark, _longer(row, self.path_attno)]

    def _reference(self, subquery: Any) -> int:
        """The range table index of the recursive reference in the recursive term."""
        for index, rte in enumerate(subquery.rtable, 1):
            if rte.rtekind == "cte" and rte.ctename == self.cte.ctename and rte.ctelevelsup == 2:
                return index
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'with a SEARCH or CYCLE clause, the recursive reference to WITH query "{self.cte.ctename}" must '
            "be at the top level of its right-hand SELECT",
        )

    def _row(self, names: tuple[str, ...]) -> RowExpr:
        args = []
        for name in names:
            index = self.cte.ctecolnames.index(name)
            args.append(self._column(index))
        return RowExpr(tuple(args), RECORDOID, COERCE_IMPLICIT_CAST, names)

    def _column(self, index: int) -> Var:
        cte = self.cte
        return Var(
            1, index + 1, cte.ctecoltypes[index], cte.ctecoltypmods[index], cte.ctecolcollations[index]
        )

    def _arm(self, alias: str, names: tuple[str, ...], subquery: Any, added: list[Any], quals: Any) -> Query:
        targets = []
        for index, name in enumerate(self.cte.ctecolnames):
            origin = subquery.targetList[index]
            entry = TargetEntry(self._column(index), index + 1, name)
            targets.append(
                msgspec.structs.replace(entry, resorigtbl=origin.resorigtbl, resorigcol=origin.resorigcol)
            )
        for expr, column in zip(added, self.extra, strict=True):
            targets.append(TargetEntry(expr, len(targets) + 1, column[0]))
        rte = RangeTblEntry(
            "subquery",
            alias=alias,
            alias_colnames=names,
            eref=alias,
            eref_colnames=names,
            subquery=increment_var_sublevels_up(subquery, 1, 1),
            inFromCl=True,
        )
        return Query(
            commandType="select",
            rtable=[rte],
            jointree=FromExpr((RangeTblRef(1),), quals),
            targetList=targets,
        )


def _array(row: RowExpr) -> ArrayExpr:
    return ArrayExpr(RECORDARRAYOID, RECORDOID, (row,))


def _longer(row: RowExpr, attno: int) -> FuncExpr:
    """The path so far || ARRAY[ROW(...)]."""
    return FuncExpr(ARRAY_CAT, RECORDARRAYOID, (Var(1, attno, RECORDARRAYOID), _array(row)))


def _with_depth(row: RowExpr, depth: Any) -> RowExpr:
    return RowExpr((depth, *row.args), RECORDOID, COERCE_IMPLICIT_CAST, ("*DEPTH*", *row.colnames))
