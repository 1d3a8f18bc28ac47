"""Defaults in rewriting: what INSERT and UPDATE put into columns that are not given, or given as
DEFAULT (the target list part of PostgreSQL's rewriteHandler.c)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..catalog.inheritance import identity_owner
from ..errors import SqlError
from ..sqlstates import DATATYPE_MISMATCH, GENERATED_ALWAYS, INTERNAL_ERROR, SYNTAX_ERROR
from ..tree import (
    COERCE_IMPLICIT_CAST,
    CoerceToDomain,
    CollateExpr,
    Const,
    FieldStore,
    NextValueExpr,
    Query,
    RangeTblEntry,
    SetToDefault,
    SubscriptingRef,
    TargetEntry,
    Var,
    equal,
)
from ..treetypes import expr_collation, expr_type
from . import coercion
from .parse_state import ParseState

RELATION_CLASS = 1259


def identity_sequence(catalog: Any, relid: int, attnum: int) -> int:
    """The oid of the sequence of an identity column."""
    relid, attnum = identity_owner(catalog, relid, attnum)
    for row in catalog.pg_depend.find("refclassid_refobjid_refobjsubid", RELATION_CLASS, relid, attnum):
        if row.classid == RELATION_CLASS and row.deptype == "i":
            sequence = catalog.pg_class.get(row.objid)
            if sequence is not None and sequence.relkind == "S":
                return int(row.objid)
    raise SqlError(INTERNAL_ERROR, "no owned sequence found")


def get_typdefault(pstate: ParseState, typid: int) -> Any:
    """The default of a type (of a domain, usually) as an expression, or None."""
    row = pstate.catalog.pg_type.get(typid)
    if row is None:
        return None
    if row.typdefaultbin is not None:
        from ..catalog.trees import load_tree

        return load_tree(row.typdefaultbin)
    if row.typdefault is not None:
        value = coercion.input_const(pstate, typid, row.typdefault, row.typtypmod, -1)
        return Const(typid, value, False, -1, row.typcollation)
    return None


def build_column_default(pstate: ParseState, relation: Any, attnum: int) -> Any:
    """The default of a column, coerced to its type; None if it has none. For a generated column, its
    expression (whose Vars have varno 1)."""
    column = relation.columns[attnum - 1]
    catalog = pstate.catalog
    if column.identity:
        return NextValueExpr(identity_sequence(catalog, relation.oid, attnum), column.typid)
    expr = column.default
    if expr is None and not column.generated:
        expr = get_typdefault(pstate, column.typid)
    if expr is None:
        return None
    source = expr_type(expr)
    result = coercion.coerce_to_target_type(
        pstate,
        expr,
        source,
        column.typid,
        column.typmod,
        coercion.COERCION_ASSIGNMENT,
        COERCE_IMPLICIT_CAST,
        -1,
    )
    if result is None:
        raise SqlError(
            DATATYPE_MISMATCH,
            f'column "{column.name}" is of type {catalog.format_type(column.typid)} but default expression '
            f"is of type {catalog.format_type(source)}",
            hint="You will need to rewrite or cast the expression.",
        )
    return result


def generation_expression(pstate: ParseState, relation: Any, attnum: int) -> Any:
    """A generated column's expression, with the column's collation."""
    column = relation.columns[attnum - 1]
    expr = build_column_default(pstate, relation, attnum)
    if expr is None:
        raise SqlError(
            INTERNAL_ERROR,
            f'no generation expression found for column number {attnum} of table "{relation.name}"',
        )
    if column.collation and column.collation != expr_collation(expr):
        expr = CollateExpr(expr, column.collation)
    return expr


# --- target lists ---


class ValuesTarget:
    """The VALUES entry of an INSERT, and which of its columns turn out not to be needed."""

    def __init__(self, rte: RangeTblEntry, rtindex: int) -> None:
        self.rte = rte
        self.rtindex = rtindex
        self.unused: set[int] = set()
        self._default_only: set[int] | None = None

    def attnum_of(self, expr: Any) -> int:
        """The column of the VALUES entry that an expression is, 0 if it is none."""
        return expr.varattno if isinstance(expr, Var) and expr.varno == self.rtindex else 0

    def default_only(self, attnum: int) -> bool:
        """Whether every row has DEFAULT in this column."""
        if self._default_only is None:
            columns = set(range(1, len(self.rte.values_lists[0]) + 1))
            for row in self.rte.values_lists:
                columns = {number for number in columns if isinstance(row[number - 1], SetToDefault)}
            self._default_only = columns
        return attnum in self._default_only


def rewrite_target_list_iu(
    pstate: ParseState,
    targetlist: Sequence[TargetEntry],
    command: str,
    override: str,
    relation: Any,
    values: ValuesTarget | None = None,
) -> list[TargetEntry]:
    """The target list in column order with defaults put in and generated columns left out."""
    given: dict[int, TargetEntry] = {}
    junk: list[TargetEntry] = []
    next_junk = len(relation.columns) + 1
    for entry in targetlist:
        if entry.resjunk:
            junk.append(msgspec.structs.replace(entry, resno=next_junk))
            next_junk += 1
        elif not relation.columns[entry.resno - 1].dropped:
            name = relation.columns[entry.resno - 1].name
            given[entry.resno] = _process_matched(entry, given.get(entry.resno), name)
    result: list[TargetEntry] = []
    for column in relation.columns:
        if column.dropped:
            continue
        entry_or_none = given.get(column.attnum)
        if command == "insert":
            apply_default = _insert_default(column, entry_or_none, override, values)
        else:
            apply_default = _update_default(column, entry_or_none)
        if column.generated:
            continue
        if apply_default:
            entry_or_none = _default_entry(pstate, relation, column, command)
        if entry_or_none is not None:
            result.append(entry_or_none)
    return result + junk


def _default_entry(pstate: ParseState, relation: Any, column: Any, command: str) -> TargetEntry | None:
    expr = build_column_default(pstate, relation, column.attnum)
    if expr is None:
        if command == "insert":
            return None  # a column that is left out gets NULL
        expr = coercion.coerce_null_to_domain(pstate, column.typid, column.typmod, column.collation)
    return TargetEntry(expr, column.attnum, column.name)


def _non_default_error(column: Any) -> SqlError:
    identity = bool(column.identity)
    return SqlError(
        GENERATED_ALWAYS,
        f'cannot insert a non-DEFAULT value into column "{column.name}"',
        detail=f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.'
        if identity
        else f'Column "{column.name}" is a generated column.',
        hint="Use OVERRIDING SYSTEM VALUE to override." if identity else None,
    )


def _insert_default(
    column: Any, entry: TargetEntry | None, override: str, values: ValuesTarget | None
) -> bool:
    """Whether INSERT uses the column's default; 428C9 if it should but a value is given."""
    apply_default = entry is None or isinstance(entry.expr, SetToDefault)
    values_attnum = values.attnum_of(entry.expr) if values is not None and entry is not None else 0
    if column.identity == "a" and not apply_default:
        if override == "user":
            apply_default = True
        elif override != "system":
            if values is not None and values_attnum and values.default_only(values_attnum):
                apply_default = True
            else:
                raise _non_default_error(column)
    if column.identity == "d" and override == "user":
        apply_default = True
    if column.generated and not apply_default:
        if values is not None and values_attnum and values.default_only(values_attnum):
            apply_default = True
        else:
            raise _non_default_error(column)
    if values is not None and values_attnum and apply_default:
        values.unused.add(values_attnum)
    return apply_default


def _update_default(column: Any, entry: TargetEntry | None) -> bool:
    """Whether UPDATE sets the column to its default; 428C9 for a value where only that may be."""
    if entry is None:
        return False
    if isinstance(entry.expr, SetToDefault):
        return True
    if column.identity == "a":
        detail = f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.'
    elif column.generated:
        detail = f'Column "{column.name}" is a generated column.'
    else:
        return False
    raise SqlError(GENERATED_ALWAYS, f'column "{column.name}" can only be updated to DEFAULT', detail=detail)


def _assignment_input(node: Any) -> Any:
    """What a partial assignment starts from, None if the node is none."""
    if isinstance(node, FieldStore):
        return node.arg
    if isinstance(node, SubscriptingRef) and node.refassgnexpr is not None:
        return node.refexpr
    return None


def _process_matched(entry: TargetEntry, prior: TargetEntry | None, name: str) -> TargetEntry:
    """Several assignments to parts of one column become nested ones."""
    if prior is None:
        return entry
    domain: CoerceToDomain | None = None
    source, earlier = entry.expr, prior.expr
    if (
        isinstance(source, CoerceToDomain)
        and isinstance(earlier, CoerceToDomain)
        and source.resulttype == earlier.resulttype
    ):
        domain = source
        source, earlier = source.arg, earlier.arg
    source_input, prior_input = _assignment_input(source), _assignment_input(earlier)
    bottom = prior_input
    while bottom is not None and _assignment_input(bottom) is not None:
        bottom = _assignment_input(bottom)
    if (
        source_input is None
        or prior_input is None
        or expr_type(source) != expr_type(earlier)
        or not equal(bottom, source_input)
    ):
        raise SqlError(SYNTAX_ERROR, f'multiple assignments to same column "{name}"')
    new: Any
    if isinstance(source, FieldStore):
        if isinstance(earlier, FieldStore):
            new = msgspec.structs.replace(
                earlier,
                newvals=earlier.newvals + source.newvals,
                fieldnums=earlier.fieldnums + source.fieldnums,
            )
        else:
            new = msgspec.structs.replace(source, arg=earlier)
    else:
        new = msgspec.structs.replace(source, refexpr=earlier)
    if domain is not None:
        new = msgspec.structs.replace(domain, arg=new)
    return msgspec.structs.replace(entry, expr=new)


def rewrite_values_rte(
    pstate: ParseState, query: Query, values: ValuesTarget, relation: Any, is_view: bool
) -> None:
    """DEFAULTs in the rows of VALUES become the columns' defaults. Those of a view's columns without a
    default stay, for the base table."""
    rte = values.rte
    if not any(isinstance(expr, SetToDefault) for row in rte.values_lists for expr in row):
        return
    targets: dict[int, int] = {}
    for entry in query.targetList:
        number = values.attnum_of(entry.expr)
        if number:
            targets[number] = entry.resno
    rows = []
    for row in rte.values_lists:
        new_row = []
        for number, expr in enumerate(row, 1):
            if isinstance(expr, SetToDefault):
                expr = _values_default(pstate, expr, number, targets, values, relation, is_view)
            new_row.append(expr)
        rows.append(tuple(new_row))
    rte.values_lists = tuple(rows)


def _values_default(
    pstate: ParseState,
    default: SetToDefault,
    number: int,
    targets: dict[int, int],
    values: ValuesTarget,
    relation: Any,
    is_view: bool,
) -> Any:
    if number in values.unused:
        return Const(default.typeId, None, True, default.typeMod, default.collation)
    attnum = targets.get(number, 0)
    if not attnum:
        raise SqlError(INTERNAL_ERROR, f"cannot set value in column {number} to DEFAULT")
    column = relation.columns[attnum - 1]
    expr = None if column.dropped else build_column_default(pstate, relation, attnum)
    if expr is not None:
        return expr
    if is_view:
        return default
    return coercion.coerce_null_to_domain(pstate, column.typid, column.typmod, column.collation)
