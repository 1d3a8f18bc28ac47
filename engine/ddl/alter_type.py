"""ALTER COLUMN ... TYPE ... USING: a new type for a filled column, and what depends on the column.

Indexes keep their rows in the catalogs and get the new type's operator classes; CHECK constraints, index
expressions and predicates are written as SQL before the change and analysed again after it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from pglast import parse_sql

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_DEFINITION,
    INVALID_PARAMETER_VALUE,
    INVALID_TABLE_DEFINITION,
    UNDEFINED_COLUMN,
)
from ..treetypes import expr_type
from ..values import Array
from .alter_children import check_key_column, check_other_parents, child_alterations, refuse_only
from .alter_columns import require_column, touch, update_attribute
from .dependencies import (
    NORMAL,
    PG_ATTRDEF,
    PG_CLASS,
    PG_COLLATION,
    PG_CONSTRAINT,
    PG_PROC,
    PG_REWRITE,
    PG_TYPE,
    Address,
    record_dependency,
    record_expression,
)
from .heap import check_column_type, store_default, table_parse_state
from .objects import describe_object

_TEXTS = (25, 1043)


class Rebuild:
    """What has to be made again once all columns have their new types."""

    def __init__(self) -> None:
        self.altered: dict[int, Any] = {}  # attnum -> action
        self.checks: dict[int, str] = {}  # constraint -> its expression as SQL
        self.indexes: dict[int, tuple[list[str | None], str | None]] = {}  # index -> expressions, predicate
        self.foreign_keys: dict[int, int] = {}  # constraint -> its table


def _rebuild(alteration: Any) -> Rebuild:
    found = getattr(alteration, "rebuild", None)
    if found is None:
        found = alteration.rebuild = Rebuild()
        from .alter_table import ADD_CONSTRAINT

        alteration.later(ADD_CONSTRAINT, lambda: _rebuild_dependents(alteration))
    return found


def prepare_alter_type(alteration: Any, action: Any, *, inherited: bool = False) -> None:
    """Analyse the USING expression over the table as it is (ATPrepAlterColumnType)."""
    from ..bind.coercion import COERCION_ASSIGNMENT, coerce_to_target_type
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..bind.typenames import get_column_def_collation, typename_type_id_and_mod
    from .alter_table import ALTER_TYPE

    ctx = alteration.ctx
    relation = alteration.relation
    column = next((c for c in relation.columns if c.name == action.name and not c.dropped), None)
    if column is None:
        if any(
            other.subtype.name == "AT_AddColumn" and other.def_.colname == action.name
            for other in alteration.statement.cmds
        ):
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{action.name}" of relation "{relation.name}" does not exist'
            )
        require_column(alteration, action.name)
        return
    if inherited and column.attnum in _rebuild(alteration).altered:
        return  # it has been reached by another parent
    row = alteration.transaction.catalog.pg_attribute.get(alteration.relid, column.attnum)
    if row.attinhcount and not inherited:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot alter inherited column "{column.name}"',
            position=action.def_.location,
        )
    check_key_column(alteration, column.attnum, "alter", action.def_.location)
    if inherited:
        check_other_parents(alteration, row, "alter")
    children = child_alterations(alteration)
    refuse_only(
        alteration, children, f'type of inherited column "{column.name}" must be changed in child tables too'
    )
    for child in children:
        prepare_alter_type(child, action, inherited=True)
        alteration.later(ALTER_TYPE, partial(alter_column_type, child, action))
    state = _rebuild(alteration)
    element = action.def_
    if column.generated and element.raw_default is not None:
        raise SqlError(
            INVALID_COLUMN_DEFINITION,
            "cannot specify USING when altering type of generated column",
            detail=f'Column "{column.name}" is a generated column.',
            position=element.location,
        )
    context = ctx.session.analyze_context()
    typid, typmod = typename_type_id_and_mod(context, element.typeName)
    collation = get_column_def_collation(context, element, typid)
    check_column_type(ctx, column.name, typid, relation.kind)
    if column.identity and typid not in (20, 21, 23):
        raise SqlError(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint")
    if relation.kind == "c":
        from .types import check_row_type_unused

        check_row_type_unused(ctx, relation)
    if column.attnum in state.altered:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'cannot alter type of column "{column.name}" twice')
    state.altered[column.attnum] = (typid, typmod, collation)
    if relation.kind != "r":
        return
    pstate = table_parse_state(ctx, alteration.relid)
    if element.raw_default is not None:
        expr = transform_expr(pstate, element.raw_default, "alter_col_transform")
    else:
        expr = t.Var(1, column.attnum, column.typid, column.typmod, column.collation)
    catalog = alteration.old_catalog
    coerced = coerce_to_target_type(
        pstate, expr, expr_type(expr), typid, typmod, COERCION_ASSIGNMENT, "implicit", -1
    )
    if coerced is None:
        shown = catalog.format_type(typid)
        if element.raw_default is not None:
            raise SqlError(
                DATATYPE_MISMATCH,
                f'result of USING clause for column "{column.name}" cannot be cast automatically to type '
                f"{shown}",
                hint="You might need to add an explicit cast.",
            )
        from ..catalog.quoting import quote_identifier

        hint = None
        if not column.generated:
            hint = (
                f'You might need to specify "USING {quote_identifier(column.name)}::'
                f'{catalog.format_type(typid, typmod)}".'
            )
        raise SqlError(
            DATATYPE_MISMATCH,
            f'column "{column.name}" cannot be cast automatically to type {shown}',
            hint=hint,
        )
    coerced = assign_expr_collations(pstate, coerced)
    if column.generated != "v" and not _same_storage(coerced, column.attnum):
        alteration.new_values[column.attnum] = coerced
        alteration.rewrite = True
    elif not (column.typid in _TEXTS and typid in _TEXTS):
        state.indexes_anew = True  # type: ignore[attr-defined]


def _same_storage(expr: Any, attnum: int) -> bool:
    """Whether the stored values serve as they are (ATColumnChangeRequiresRewrite)."""
    while isinstance(expr, t.RelabelType):
        expr = expr.arg
    return isinstance(expr, t.Var) and expr.varattno == attnum


def alter_column_type(alteration: Any, action: Any) -> None:
    """The catalogs' side (ATExecAlterColumnType)."""
    column = require_column(alteration, action.name)
    state = _rebuild(alteration)
    typid, typmod, collation = state.altered[column.attnum]
    _remember_dependents(alteration, state, column)
    catalog = alteration.transaction.catalog
    default = None
    if column.default is not None:
        default = _convert_default(alteration, column, typid, typmod)
    row = catalog.pg_type.get(typid)
    missing: dict[str, Any] = {}
    if column.has_missing and column.missing is not None and not alteration.rewrite:
        missing["attmissingval"] = Array(typid, (column.missing,), (1,), (1,))
    update_attribute(
        alteration,
        column.attnum,
        atttypid=typid,
        atttypmod=typmod,
        attcollation=collation,
        attndims=len(action.def_.typeName.arrayBounds or ()),
        attlen=row.typlen,
        attbyval=row.typbyval,
        attalign=row.typalign,
        attstorage=row.typstorage,
        attcompression="",
        **missing,
    )
    _replace_type_dependencies(alteration, column.attnum, typid, collation)
    transaction = alteration.transaction
    for statistic in transaction.catalog.pg_statistic.find(
        "starelid_staattnum", alteration.relid, column.attnum
    ):
        transaction.catalog_delete("pg_statistic", statistic)
    if default is not None:
        for old in transaction.catalog.pg_attrdef.find("adrelid_adnum", alteration.relid, column.attnum):
            for depend in transaction.catalog.pg_depend.find("classid_objid", PG_ATTRDEF, old.oid):
                transaction.catalog_delete("pg_depend", depend)
            transaction.catalog_delete("pg_attrdef", old)
        store_default(
            alteration.ctx,
            alteration.relid,
            column.attnum,
            default,
            temporary=alteration.temporary,
            generated=column.generated,
        )
    if column.identity:
        _retype_sequence(alteration, column, typid)


def _retype_sequence(alteration: Any, column: Any, typid: int) -> None:
    from pglast import ast

    from .sequences import change_sequence, identity_sequence

    names = {20: "int8", 21: "int2", 23: "int4"}
    name = ast.TypeName(names=(ast.String(sval="pg_catalog"), ast.String(sval=names[typid])), typemod=-1)
    sequence = identity_sequence(alteration.ctx, alteration.relid, column.attnum)
    change_sequence(alteration.ctx, sequence, (ast.DefElem(defname="as", arg=name),), for_identity=True)


def _convert_default(alteration: Any, column: Any, typid: int, typmod: int) -> Any:
    from ..bind.clauses import strip_implicit_coercions
    from ..bind.coercion import COERCION_ASSIGNMENT, coerce_to_target_type

    pstate = table_parse_state(alteration.ctx, alteration.relid)
    expr = strip_implicit_coercions(column.default)
    coerced = coerce_to_target_type(
        pstate, expr, expr_type(expr), typid, typmod, COERCION_ASSIGNMENT, "implicit", -1
    )
    if coerced is None:
        shown = alteration.transaction.catalog.format_type(typid)
        what = "generation expression" if column.generated else "default"
        raise SqlError(
            DATATYPE_MISMATCH,
            f'{what} for column "{column.name}" cannot be cast automatically to type {shown}',
        )
    return coerced


def _replace_type_dependencies(alteration: Any, attnum: int, typid: int, collation: int) -> None:
    transaction = alteration.transaction
    address = Address(PG_CLASS, alteration.relid, attnum)
    for row in transaction.catalog.pg_depend.find("classid_objid_objsubid", *address):
        if row.refclassid in (PG_TYPE, PG_COLLATION) and row.deptype == NORMAL:
            transaction.catalog_delete("pg_depend", row)
    temporary = alteration.temporary
    record_dependency(transaction, address, Address(PG_TYPE, typid), NORMAL, temporary=temporary)
    if collation not in (0, 100):
        record_dependency(transaction, address, Address(PG_COLLATION, collation), NORMAL, temporary=temporary)


def _remember_dependents(alteration: Any, state: Rebuild, column: Any) -> None:
    """Note what refers to the column; 0A000 where that cannot follow (RememberAllDependentForRebuilding)."""
    catalog = alteration.transaction.catalog
    path = alteration.ctx.session.search_path(catalog)
    rows = catalog.pg_depend.find(
        "refclassid_refobjid_refobjsubid", PG_CLASS, alteration.relid, column.attnum
    )
    for row in rows:
        dependent = Address(row.classid, row.objid, row.objsubid)
        if row.classid == PG_CLASS and not row.objsubid:
            if catalog.pg_class.get(row.objid).relkind in "iI":
                _remember_index(alteration, state, row.objid)
        elif row.classid == PG_CONSTRAINT:
            _remember_constraint(alteration, state, row.objid)
        elif row.classid == PG_REWRITE:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a view or rule",
                detail=f'{describe_object(catalog, path, dependent)} depends on column "{column.name}"',
            )
        elif row.classid == PG_PROC:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a function or procedure",
                detail=f'{describe_object(catalog, path, dependent)} depends on column "{column.name}"',
            )
        elif row.classid == PG_ATTRDEF:
            default = catalog.pg_attrdef.get(row.objid)
            if default.adnum != column.attnum:
                other = catalog.relation(alteration.relid).columns[default.adnum - 1]
                raise SqlError(
                    FEATURE_NOT_SUPPORTED,
                    "cannot alter type of a column used by a generated column",
                    detail=f'Column "{column.name}" is used by generated column "{other.name}".',
                )
    if getattr(state, "indexes_anew", False) or alteration.rewrite:
        for index in alteration.relation.indexes:
            if any(key.attnum == column.attnum for key in index.keys):
                _remember_index(alteration, state, index.oid)


def _remember_constraint(alteration: Any, state: Rebuild, oid: int) -> None:
    from ..catalog.deparse import deparse_expression

    catalog = alteration.transaction.catalog
    row = catalog.pg_constraint.get(oid)
    if row.contype == "c" and oid not in state.checks:
        from ..catalog.trees import load_tree

        state.checks[oid] = deparse_expression(load_tree(row.conbin), alteration.relid, catalog)
    elif row.contype == "f":
        state.foreign_keys[oid] = row.conrelid
    elif row.contype in "pu":
        _remember_index(alteration, state, row.conindid)


def _remember_index(alteration: Any, state: Rebuild, oid: int) -> None:
    from ..catalog.deparse import deparse_expression

    if oid in state.indexes:
        return
    catalog = alteration.transaction.catalog
    index = next(index for index in alteration.relation.indexes if index.oid == oid)
    state.indexes[oid] = (
        [
            None if key.expr is None else deparse_expression(key.expr, alteration.relid, catalog)
            for key in index.keys
        ],
        None if index.predicate is None else deparse_expression(index.predicate, alteration.relid, catalog),
    )


def _analysed(alteration: Any, text: str, kind: str) -> Any:
    from ..bind.coercion import coerce_to_boolean
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr

    raw = parse_sql(f"SELECT ({text})")[0].stmt.targetList[0].val
    pstate = table_parse_state(alteration.ctx, alteration.relid)
    expr = transform_expr(pstate, raw, kind)
    if kind in ("check_constraint", "index_predicate"):
        expr = coerce_to_boolean(pstate, expr, "CHECK" if kind == "check_constraint" else "WHERE")
    return assign_expr_collations(pstate, expr)


def _rebuild_dependents(alteration: Any) -> None:
    state = alteration.rebuild
    for oid, text in state.checks.items():
        _rebuild_check(alteration, oid, text)
    for oid, (expressions, predicate) in state.indexes.items():
        if alteration.transaction.catalog.pg_index.get(oid) is not None:
            _rebuild_index(alteration, oid, expressions, predicate)
    for oid, relid in state.foreign_keys.items():
        _rebuild_foreign_key(alteration, oid, relid)
    touch(alteration)


def _rebuild_check(alteration: Any, oid: int, text: str) -> None:
    from ..treecodec import dump

    transaction = alteration.transaction
    row = transaction.catalog.pg_constraint.get(oid)
    if row is None:
        return
    expr = _analysed(alteration, text, "check_constraint")
    transaction.catalog_update("pg_constraint", row, row._replace(conbin=dump(expr)))
    address = Address(PG_CONSTRAINT, oid)
    for depend in transaction.catalog.pg_depend.find("classid_objid", PG_CONSTRAINT, oid):
        if depend.refclassid != PG_CLASS:
            transaction.catalog_delete("pg_depend", depend)
    record_expression(
        transaction, address, expr, alteration.relid, NORMAL, NORMAL, temporary=alteration.temporary
    )
    if row.convalidated and row.conenforced:
        alteration.checks.append((row.conname, expr))


def _rebuild_index(alteration: Any, oid: int, expressions: list[str | None], predicate: str | None) -> None:
    """New operator classes, collations and expressions; its entries are made again."""
    from ..catalog.rowcodec import oidvector
    from ..treecodec import dump
    from ..treetypes import expr_collation, expr_typmod
    from .indexes import index_opclass
    from .truncate import new_storage

    transaction = alteration.transaction
    catalog = transaction.catalog
    shape = catalog.pg_index.get(oid)
    am = catalog.pg_class.get(oid).relam
    columns = alteration.relation.columns
    opclasses, collations, trees = [], [], []
    for number, text in enumerate(expressions):
        attnum = shape.indkey.items[number]
        if attnum:
            column = columns[attnum - 1]
            typid, typmod, collation = column.typid, column.typmod, column.collation
        else:
            assert text is not None
            expr = _analysed(alteration, text, "index_expression")
            trees.append(expr)
            typid, typmod, collation = expr_type(expr), expr_typmod(expr), expr_collation(expr)
        old = catalog.pg_opclass.get(shape.indclass.items[number])
        opclass = (
            old.oid
            if not old.opcdefault and old.opcintype == typid
            else index_opclass(alteration.ctx, None, typid, am)
        )
        opclasses.append(opclass)
        collations.append(collation)
        attribute = catalog.pg_attribute.get(oid, number + 1)
        transaction.catalog_update(
            "pg_attribute",
            attribute,
            attribute._replace(atttypid=typid, atttypmod=typmod, attcollation=collation),
        )
    transaction.catalog_update(
        "pg_index",
        shape,
        shape._replace(
            indclass=oidvector(*opclasses),
            indcollation=oidvector(*collations),
            indexprs=dump(trees) if trees else None,
            indpred=None if predicate is None else dump(_analysed(alteration, predicate, "index_predicate")),
        ),
    )
    if not alteration.rewrite and catalog.pg_class.get(oid).relkind == "i":
        new_storage(alteration.ctx, oid)
        alteration.builds.append(oid)


def _rebuild_foreign_key(alteration: Any, oid: int, relid: int) -> None:
    from ..values import make_array
    from .constraints import foreign_key_operators

    transaction = alteration.transaction
    catalog = transaction.catalog
    row = catalog.pg_constraint.get(oid)
    if row is None:
        return
    relation, target = catalog.relation(relid), catalog.relation(row.confrelid)
    operators = [
        foreign_key_operators(alteration.ctx, relation, target, a, b, row.conname)
        for a, b in zip(row.conkey.items, row.confkey.items, strict=True)
    ]
    transaction.catalog_update(
        "pg_constraint",
        row,
        row._replace(
            conpfeqop=make_array(26, [pair[0] for pair in operators]),
            conppeqop=make_array(26, [pair[1] for pair in operators]),
            conffeqop=make_array(26, [pair[2] for pair in operators]),
        ),
    )
    if row.convalidated and row.conenforced:
        alteration.foreign_keys.append((relid, oid))


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {"AT_AlterColumnType": alter_column_type}
