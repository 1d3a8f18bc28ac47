"""Looking up names of relations and columns in the namespace (the look-up half of parse_relation.c).

Errors, their details and hints are PostgreSQL's, the "Perhaps you meant" rule included.
"""

from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    AMBIGUOUS_ALIAS,
    AMBIGUOUS_COLUMN,
    DUPLICATE_ALIAS,
    INTERNAL_ERROR,
    INVALID_COLUMN_REFERENCE,
    UNDEFINED_COLUMN,
    UNDEFINED_TABLE,
)
from ..tree import JoinExpr, OldNewVar, RangeTblEntry, RangeTblRef, TargetEntry, Var
from ..treetypes import expr_collation, expr_type, expr_typmod
from .parse_state import (
    EXPR_KIND_CHECK_CONSTRAINT,
    EXPR_KIND_GENERATED_COLUMN,
    EXPR_KIND_MERGE_WHEN,
    Alias,
    NamespaceItem,
    ParseState,
)
from .rangetable import (
    add_ns_item_to_query,
    add_range_table_entry,
    add_range_table_entry_for_cte,
    add_range_table_entry_for_function,
    add_range_table_entry_for_join,
    add_range_table_entry_for_relation,
    add_range_table_entry_for_subquery,
    add_range_table_entry_for_values,
    alias_of,
    is_locked_refname,
    location_of,
    parser_open_table,
    range_var_get_relid,
    table_open,
)

__all__ = [
    "add_ns_item_to_query",
    "add_range_table_entry",
    "add_range_table_entry_for_cte",
    "add_range_table_entry_for_function",
    "add_range_table_entry_for_join",
    "add_range_table_entry_for_relation",
    "add_range_table_entry_for_subquery",
    "add_range_table_entry_for_values",
    "alias_of",
    "attname_attnum",
    "check_namespace_conflicts",
    "col_name_to_var",
    "error_missing_column",
    "error_missing_rte",
    "expand_ns_item_attrs",
    "expand_ns_item_vars",
    "expand_rte",
    "get_ns_item_by_range_table_posn",
    "get_rte_attribute_name",
    "get_rte_by_range_table_posn",
    "get_tle_by_resno",
    "is_locked_refname",
    "location_of",
    "mark_var_for_select_priv",
    "parser_open_table",
    "range_var_get_relid",
    "refname_namespace_item",
    "scan_ns_item_for_column",
    "table_open",
]

# name -> (attnum, type)
SYSTEM_COLUMNS: dict[str, tuple[int, int]] = {
    "ctid": (-1, 27),
    "xmin": (-2, 28),
    "cmin": (-3, 29),
    "xmax": (-4, 28),
    "cmax": (-5, 29),
    "tableoid": (-6, 26),
}
SYSTEM_COLUMN_NAMES: dict[int, str] = {attnum: name for name, (attnum, _) in SYSTEM_COLUMNS.items()}
_TABLEOID = -6
MAX_FUZZY_DISTANCE = 3


# --- relation names ---


def refname_namespace_item(
    pstate: ParseState, schemaname: str | None, refname: str, location: int, local_only: bool = False
) -> tuple[NamespaceItem | None, int]:
    """The namespace item that `[schema.]refname` names, and how many query levels up it is."""
    relid = 0
    if schemaname is not None:
        if schemaname == "pg_temp":
            namespace = pstate.context.temp_namespace
        else:
            namespace = pstate.catalog.namespace_oid(schemaname)
        if not namespace:
            return None, 0
        relid = pstate.catalog.relation_oid(refname, (namespace,)) or 0
        if not relid:
            return None, 0
    levels = 0
    level: ParseState | None = pstate
    while level is not None:
        found = _scan_namespace(level, refname, relid, location)
        if found is not None:
            return found, levels
        if local_only:
            break
        levels += 1
        level = level.parentParseState
    return None, levels


def _scan_namespace(pstate: ParseState, refname: str, relid: int, location: int) -> NamespaceItem | None:
    """scanNameSpaceForRefname (relid 0) and scanNameSpaceForRelid."""
    result = None
    for item in pstate.p_namespace:
        if not item.p_rel_visible or (item.p_lateral_only and not pstate.p_lateral_active):
            continue
        if relid:
            rte = item.p_rte
            if (
                item.p_returning_type
                or rte.rtekind != "relation"
                or rte.relid != relid
                or rte.alias is not None
            ):
                continue
        elif item.p_names.aliasname != refname:
            continue
        if result is not None:
            shown = f"{relid}" if relid else f'"{refname}"'
            raise pstate.error(AMBIGUOUS_ALIAS, f"table reference {shown} is ambiguous", location)
        check_lateral_ref_ok(pstate, item, location)
        result = item
    return result


def scan_namespace_for_cte(pstate: ParseState, refname: str) -> tuple[Any, int]:
    """The WITH item of this name that is in scope (or None), and how many levels up it is."""
    levels = 0
    level: ParseState | None = pstate
    while level is not None:
        for cte in level.p_ctenamespace:
            if cte.ctename == refname:
                return cte, levels
        level = level.parentParseState
        levels += 1
    return None, 0


def check_lateral_ref_ok(pstate: ParseState, item: NamespaceItem, location: int) -> None:
    """42P10 if the item is visible to LATERAL only and the join type forbids it."""
    if not item.p_lateral_only or item.p_lateral_ok:
        return
    refname = item.p_names.aliasname
    target = pstate.p_target_nsitem
    detail = hint = None
    if target is not None and item.p_rte is target.p_rte:
        hint = (
            f'There is an entry for table "{refname}", '
            "but it cannot be referenced from this part of the query."
        )
    else:
        detail = "The combining JOIN type must be INNER or LEFT for a LATERAL reference."
    raise pstate.error(
        INVALID_COLUMN_REFERENCE,
        f'invalid reference to FROM-clause entry for table "{refname}"',
        location,
        detail=detail,
        hint=hint,
    )


def check_namespace_conflicts(
    pstate: ParseState, items1: list[NamespaceItem], items2: list[NamespaceItem]
) -> None:
    """42712 if a relation name occurs in both lists."""
    for item1 in items1:
        if not item1.p_rel_visible:
            continue
        name = item1.p_names.aliasname
        for item2 in items2:
            if not item2.p_rel_visible or item2.p_names.aliasname != name:
                continue
            rte1, rte2 = item1.p_rte, item2.p_rte
            if (
                rte1.rtekind == rte2.rtekind == "relation"
                and rte1.alias is None
                and rte2.alias is None
                and rte1.relid != rte2.relid
            ):
                continue  # schema-qualified names tell them apart
            raise pstate.error(DUPLICATE_ALIAS, f'table name "{name}" specified more than once')


def get_ns_item_by_range_table_posn(pstate: ParseState, varno: int, levelsup: int) -> NamespaceItem:
    """The namespace item of a range table entry."""
    pstate = _up(pstate, levelsup)
    for item in pstate.p_namespace:
        if item.p_rtindex == varno and not item.p_returning_type:
            return item
    raise SqlError(INTERNAL_ERROR, "nsitem not found (internal error)")


def get_rte_by_range_table_posn(pstate: ParseState, varno: int, levelsup: int) -> RangeTblEntry:
    """The range table entry that a Var refers to."""
    return _up(pstate, levelsup).p_rtable[varno - 1]


def get_cte_for_rte(pstate: ParseState, rte: RangeTblEntry, rtelevelsup: int) -> Any:
    """The WITH item (ctes.WithItem) of a "cte" entry."""
    pstate = _up(pstate, rte.ctelevelsup + rtelevelsup)
    for cte in pstate.p_ctenamespace:
        if cte.ctename == rte.ctename:
            return cte
    raise SqlError(INTERNAL_ERROR, f'could not find CTE "{rte.ctename}"')


def _up(pstate: ParseState, levels: int) -> ParseState:
    while levels > 0:
        assert pstate.parentParseState is not None
        pstate = pstate.parentParseState
        levels -= 1
    return pstate


# --- column names ---


def scan_ns_item_for_column(
    pstate: ParseState, item: NamespaceItem, levelsup: int, colname: str, location: int
) -> Any | None:
    """A Var (or OldNewVar) for a column of one namespace item, None if it has no such column."""
    attnum = scan_rte_for_column(pstate, item.p_rte, item.p_names, colname, location)
    if attnum == 0:
        return None
    if attnum < 0:
        _check_system_column(pstate, colname, attnum, location)
        var = Var(item.p_rtindex, attnum, SYSTEM_COLUMNS[colname][1], -1, 0, levelsup, location=location)
        returning = item.p_returning_type
    else:
        column = item.p_nscolumns[attnum - 1]
        if column.p_varno == 0:
            raise pstate.error(
                UNDEFINED_COLUMN,
                f'column "{colname}" of relation "{item.p_names.aliasname}" does not exist',
            )
        var = Var(
            column.p_varno,
            column.p_varattno,
            column.p_vartype,
            column.p_vartypmod,
            column.p_varcollid,
            levelsup,
            location=location,
            varnosyn=column.p_varnosyn if column.p_varnosyn != column.p_varno else 0,
            varattnosyn=column.p_varattnosyn if column.p_varnosyn != column.p_varno else 0,
        )
        returning = column.p_varreturningtype
    mark_var_for_select_priv(pstate, var)
    return OldNewVar(returning, var) if returning else var


def _check_system_column(pstate: ParseState, colname: str, attnum: int, location: int) -> None:
    if attnum == _TABLEOID:
        return
    kind = pstate.p_expr_kind
    if kind == EXPR_KIND_CHECK_CONSTRAINT:
        message = f'system column "{colname}" reference in check constraint is invalid'
    elif kind == EXPR_KIND_GENERATED_COLUMN:
        message = f'cannot use system column "{colname}" in column generation expression'
    elif kind == EXPR_KIND_MERGE_WHEN:
        message = f'cannot use system column "{colname}" in MERGE WHEN condition'
    else:
        return
    raise pstate.error(INVALID_COLUMN_REFERENCE, message, location)


def scan_rte_for_column(
    pstate: ParseState, rte: RangeTblEntry, names: Alias, colname: str, location: int
) -> int:
    """The attribute number of a column by its visible name; 0 if there is none."""
    colnames = names.colnames
    if colname in colnames:
        if colnames.count(colname) > 1 and colname:
            raise pstate.error(AMBIGUOUS_COLUMN, f'column reference "{colname}" is ambiguous', location)
        if colname:
            return colnames.index(colname) + 1
    if rte.rtekind == "relation" and colname in SYSTEM_COLUMNS and rte.relkind not in ("v", "c"):
        return SYSTEM_COLUMNS[colname][0]
    return 0


def col_name_to_var(pstate: ParseState, colname: str, localonly: bool, location: int) -> Any | None:
    """A Var for an unqualified column name, None if there is no such column in scope."""
    result = None
    levels = 0
    level: ParseState | None = pstate
    while level is not None:
        for item in level.p_namespace:
            if not item.p_cols_visible or (item.p_lateral_only and not level.p_lateral_active):
                continue
            found = scan_ns_item_for_column(pstate, item, levels, colname, location)
            if found is None:
                continue
            if result is not None:
                raise pstate.error(AMBIGUOUS_COLUMN, f'column reference "{colname}" is ambiguous', location)
            check_lateral_ref_ok(level, item, location)
            result = found
        if result is not None or localonly:
            break
        level = level.parentParseState
        levels += 1
    return result


# --- privileges ---


def add_perms(rte: RangeTblEntry, letters: str) -> None:
    """Require privileges (ACL letters) on an entry's relation."""
    for letter in letters:
        if letter not in rte.requiredPerms:
            rte.requiredPerms += letter


def mark_var_for_select_priv(pstate: ParseState, var: Var) -> None:
    """Require SELECT on the column that a Var reads."""
    _mark_rte_for_select_priv(_up(pstate, var.varlevelsup), var.varno, var.varattno)


def _mark_rte_for_select_priv(pstate: ParseState, rtindex: int, attnum: int) -> None:
    rte = pstate.p_rtable[rtindex - 1]
    if rte.rtekind == "relation":
        add_perms(rte, "r")
        if attnum not in rte.selectedCols:
            rte.selectedCols += (attnum,)
    elif rte.rtekind == "join" and attnum == 0:
        join = pstate.p_joinexprs[rtindex - 1]
        for arm in (join.larg, join.rarg):
            if isinstance(arm, (RangeTblRef, JoinExpr)):
                _mark_rte_for_select_priv(pstate, arm.rtindex, 0)


# --- expansion ---


def expand_ns_item_vars(
    pstate: ParseState, item: NamespaceItem, levelsup: int, location: int
) -> tuple[list[Any], list[str]]:
    """(Vars, names) of the columns that `item.*` stands for."""
    result: list[Any] = []
    names: list[str] = []
    for name, column in zip(item.p_names.colnames, item.p_nscolumns, strict=False):
        if column.p_dontexpand or not name or column.p_varno == 0:
            continue
        var: Any = Var(
            column.p_varno,
            column.p_varattno,
            column.p_vartype,
            column.p_vartypmod,
            column.p_varcollid,
            levelsup,
            location=location,
            varnosyn=column.p_varnosyn if column.p_varnosyn != column.p_varno else 0,
            varattnosyn=column.p_varattnosyn if column.p_varnosyn != column.p_varno else 0,
        )
        if column.p_varreturningtype:
            var = OldNewVar(column.p_varreturningtype, var)
        result.append(var)
        names.append(name)
    return result, names


def expand_ns_item_attrs(
    pstate: ParseState, item: NamespaceItem, levelsup: int, require_col_privs: bool, location: int
) -> list[TargetEntry]:
    """Target entries for `item.*`."""
    exprs, names = expand_ns_item_vars(pstate, item, levelsup, location)
    if item.p_rte.rtekind == "relation":
        add_perms(item.p_rte, "r")
    result = []
    for expr, name in zip(exprs, names, strict=False):
        result.append(TargetEntry(expr, pstate.p_next_resno, name))
        pstate.p_next_resno += 1
        if require_col_privs:
            mark_var_for_select_priv(pstate, expr.var if isinstance(expr, OldNewVar) else expr)
    return result


def expand_rte(
    pstate: ParseState, rte: RangeTblEntry, rtindex: int, levelsup: int, location: int
) -> tuple[list[str], list[Any]]:
    """(names, Vars) of an entry's live columns (expandRTE without dropped ones)."""
    names: list[str] = []
    exprs: list[Any] = []

    def add(name: str, attnum: int, typid: int, typmod: int, collation: int) -> None:
        names.append(name)
        exprs.append(Var(rtindex, attnum, typid, typmod, collation, levelsup, location=location))

    if rte.rtekind == "relation":
        relation = pstate.catalog.relation(rte.relid)
        for name, column in zip(rte.eref_colnames, relation.columns, strict=False):
            if not column.dropped:
                add(name, column.attnum, column.typid, column.typmod, column.collation)
    elif rte.rtekind == "subquery":
        assert rte.subquery is not None
        entries = [entry for entry in rte.subquery.targetList if not entry.resjunk]
        for attnum, (name, entry) in enumerate(zip(rte.eref_colnames, entries, strict=False), 1):
            expr = entry.expr
            add(name, attnum, expr_type(expr), expr_typmod(expr), expr_collation(expr))
    elif rte.rtekind == "join":
        for attnum, (name, alias) in enumerate(zip(rte.eref_colnames, rte.joinaliasvars, strict=False), 1):
            if isinstance(alias, Var):
                names.append(name)
                exprs.append(
                    Var(
                        alias.varno,
                        alias.varattno,
                        alias.vartype,
                        alias.vartypmod,
                        alias.varcollid,
                        levelsup,
                        location=location,
                    )
                )
            elif alias is not None:
                add(name, attnum, expr_type(alias), expr_typmod(alias), expr_collation(alias))
    else:
        columns = zip(rte.eref_colnames, rte.coltypes, rte.coltypmods, rte.colcollations, strict=False)
        for attnum, (name, typid, typmod, collation) in enumerate(columns, 1):
            if typid and name:
                add(name, attnum, typid, typmod, collation)
    return names, exprs


def get_rte_attribute_name(catalog: Any, rte: RangeTblEntry, attnum: int) -> str:
    """The name under which messages show a column of an entry."""
    if attnum == 0:
        return "*"
    if rte.alias is not None and 0 < attnum <= len(rte.alias_colnames):
        return rte.alias_colnames[attnum - 1]
    if rte.rtekind == "relation":
        if attnum < 0:
            return SYSTEM_COLUMN_NAMES[attnum]
        return catalog.relation(rte.relid).columns[attnum - 1].name
    if 0 < attnum <= len(rte.eref_colnames):
        return rte.eref_colnames[attnum - 1]
    raise SqlError(INTERNAL_ERROR, f"invalid attnum {attnum} for rangetable entry {rte.eref}")


def get_tle_by_resno(entries: Any, resno: int) -> TargetEntry | None:
    """The target entry with this number."""
    for entry in entries:
        if entry.resno == resno:
            return entry
    return None


def attname_attnum(relation: Any, name: str, system_ok: bool) -> int:
    """The attribute number of a relation's column by name, 0 if there is none."""
    for column in relation.columns:
        if column.name == name and not column.dropped:
            return int(column.attnum)
    if system_ok and name in SYSTEM_COLUMNS:
        return SYSTEM_COLUMNS[name][0]
    return 0


# --- errors with hints ---


def _find_item_for_rte(pstate: ParseState | None, rte: RangeTblEntry) -> NamespaceItem | None:
    while pstate is not None:
        for item in pstate.p_namespace:
            if item.p_rte is rte:
                return item
        pstate = pstate.parentParseState
    return None


def _visible_if_lateral(pstate: ParseState, rte: RangeTblEntry) -> bool:
    if pstate.p_lateral_active:
        return False
    item = _find_item_for_rte(pstate, rte)
    return item is not None and item.p_lateral_only and item.p_lateral_ok


def _visible_if_qualified(pstate: ParseState, rte: RangeTblEntry) -> bool:
    item = _find_item_for_rte(pstate, rte)
    return item is not None and item.p_rel_visible and not item.p_cols_visible


def _search_range_table_for_rel(pstate: ParseState, relation: Any) -> RangeTblEntry | None:
    """An entry, visible or not, that the user may have meant by a RangeVar."""
    name = relation.relname
    cte, cte_levels = (None, 0)
    if not relation.schemaname:
        cte, cte_levels = scan_namespace_for_cte(pstate, name)
    relid = 0 if cte is not None else range_var_get_relid(pstate, relation)
    levels = 0
    level: ParseState | None = pstate
    while level is not None:
        for rte in level.p_rtable:
            if rte.rtekind == "relation" and relid and rte.relid == relid:
                return rte
            if (
                rte.rtekind == "cte"
                and cte is not None
                and rte.ctelevelsup + levels == cte_levels
                and rte.ctename == name
            ):
                return rte
            if rte.eref == name:
                return rte
        level = level.parentParseState
        levels += 1
    return None


class RangeName:
    """A relation name where PostgreSQL makes a RangeVar of parts of a column reference."""

    def __init__(self, schemaname: str | None, relname: str, location: int) -> None:
        self.catalogname: str | None = None
        self.schemaname = schemaname
        self.relname = relname
        self.location = location


def error_missing_rte(pstate: ParseState, relation: Any) -> SqlError:
    """Raises 42P01 for a column reference whose relation is not in FROM; `relation` is a RangeVar or
    a RangeName."""
    name = relation.relname
    location = location_of(relation)
    rte = _search_range_table_for_rel(pstate, relation)
    bad_alias = None
    if rte is not None and rte.alias is not None and rte.eref != name:
        item, _ = refname_namespace_item(pstate, None, rte.eref, location)
        if item is not None and item.p_rte is rte:
            bad_alias = rte.eref
    invalid = f'invalid reference to FROM-clause entry for table "{name}"'
    if bad_alias is not None:
        raise pstate.error(
            UNDEFINED_TABLE,
            invalid,
            location,
            hint=f'Perhaps you meant to reference the table alias "{bad_alias}".',
        )
    if rte is not None:
        raise pstate.error(
            UNDEFINED_TABLE,
            invalid,
            location,
            detail=(
                f'There is an entry for table "{rte.eref}", '
                "but it cannot be referenced from this part of the query."
            ),
            hint="To reference that table, you must mark this subquery with LATERAL."
            if _visible_if_lateral(pstate, rte)
            else None,
        )
    raise pstate.error(UNDEFINED_TABLE, f'missing FROM-clause entry for table "{name}"', location)


def levenshtein(source: str, target: str, limit: int) -> int:
    """The edit distance of two names in bytes' sense of characters; limit + 1 if it is larger."""
    if abs(len(source) - len(target)) > limit:
        return limit + 1
    previous = list(range(len(target) + 1))
    for row, left in enumerate(source, 1):
        current = [row]
        for column, right in enumerate(target, 1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (left != right),
                )
            )
        previous = current
    return min(previous[-1], limit + 1)


class _FuzzyMatches:
    """What the search for similar column names has found (FuzzyAttrMatchState)."""

    def __init__(self) -> None:
        self.distance = MAX_FUZZY_DISTANCE + 1
        self.first: tuple[RangeTblEntry, str] | None = None
        self.second: tuple[RangeTblEntry, str] | None = None
        self.exact: list[RangeTblEntry] = []

    def update(self, penalty: int, rte: RangeTblEntry, actual: str, wanted: str) -> None:
        if penalty > self.distance or not actual:
            return
        distance = levenshtein(actual, wanted, self.distance + 1 - penalty)
        if distance > len(wanted.encode()) // 2:
            return
        distance += penalty
        if distance < self.distance:
            self.distance = distance
            self.first = (rte, actual)
            self.second = None
        elif distance == self.distance:
            if self.second is not None:
                # Three equally good ones are too many to suggest; only better ones count from here.
                self.first = self.second = None
                self.distance = distance - 1
            elif self.first is not None:
                self.second = (rte, actual)
            elif self.distance <= MAX_FUZZY_DISTANCE:
                self.first = (rte, actual)


def _search_range_table_for_col(
    pstate: ParseState, alias: str | None, colname: str, location: int
) -> _FuzzyMatches:
    matches = _FuzzyMatches()
    level: ParseState | None = pstate
    while level is not None:
        for rte in level.p_rtable:
            if rte.rtekind == "join":
                continue
            penalty = 0 if alias is None else levenshtein(alias, rte.eref, MAX_FUZZY_DISTANCE + 1)
            for actual in rte.eref_colnames:
                matches.update(penalty, rte, actual, colname)
            names = Alias(rte.eref, rte.eref_colnames)
            if scan_rte_for_column(pstate, rte, names, colname, location) and penalty == 0:
                matches.exact.append(rte)
        level = level.parentParseState
    return matches


def error_missing_column(pstate: ParseState, relname: str | None, colname: str, location: int) -> SqlError:
    """Raises 42703 for a column that is not there, with the hint that PostgreSQL gives."""
    matches = _search_range_table_for_col(pstate, relname, colname, location)
    message = (
        f"column {relname}.{colname} does not exist" if relname else f'column "{colname}" does not exist'
    )
    detail = hint = None
    if len(matches.exact) > 1:
        detail = (
            f'There are columns named "{colname}", but they are in tables that cannot be referenced from '
            "this part of the query."
        )
        if not relname:
            hint = "Try using a table-qualified name."
    elif matches.exact:
        rte = matches.exact[0]
        detail = (
            f'There is a column named "{colname}" in table "{rte.eref}", but it cannot be referenced from '
            "this part of the query."
        )
        if _visible_if_lateral(pstate, rte):
            hint = "To reference that column, you must mark this subquery with LATERAL."
        elif not relname and _visible_if_qualified(pstate, rte):
            hint = "To reference that column, you must use a table-qualified name."
    elif matches.first is not None:
        rte, actual = matches.first
        hint = f'Perhaps you meant to reference the column "{rte.eref}.{actual}"'
        if matches.second is not None:
            rte, actual = matches.second
            hint += f' or the column "{rte.eref}.{actual}"'
        hint += "."
    raise pstate.error(UNDEFINED_COLUMN, message, location, detail=detail, hint=hint)
