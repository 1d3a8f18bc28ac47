"""ALTER TABLE actions on columns: ADD and DROP COLUMN, defaults, NOT NULL, identity, generation."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .. import tree as t
from ..catalog.inheritance import attribute_map, descendants, renumber
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    TOO_MANY_COLUMNS,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
)
from ..treetypes import contain_volatile_functions
from ..values import Array
from .alter_children import (
    add_check_to_children,
    add_not_null_to_children,
    all_below,
    check_key_column,
    child_alterations,
    column_named,
    drop_constraint_tree,
    drop_from_children,
    merge_added_column,
    refuse_only,
)
from .constraints import add_check, add_foreign_key, add_key, add_not_null, merge_check
from .deletion import perform_deletion
from .dependencies import INTERNAL, PG_ATTRDEF, PG_CLASS, Address
from .heap import (
    COLUMNS_MAX,
    SYSTEM_COLUMN_NAMES,
    check_column_type,
    column_number,
    cook_default,
    insert_attribute,
    store_default,
    table_parse_state,
)
from .sequences import change_sequence, identity_sequence
from .tables import add_owned_sequence, table_parts


@contextmanager
def unpositioned() -> Iterator[None]:
    """PostgreSQL has no positions for errors in expressions that ALTER TABLE analyses while it runs."""
    try:
        yield
    except SqlError as error:
        error.position = None
        raise


def require_column(alteration: Any, name: str) -> Any:
    """The Column; 42703 if there is none, 0A000 for system columns."""
    relation = alteration.relation
    if name in SYSTEM_COLUMN_NAMES:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'cannot alter system column "{name}"')
    attnum = column_number(relation, name)
    if attnum is None:
        raise SqlError(UNDEFINED_COLUMN, f'column "{name}" of relation "{relation.name}" does not exist')
    return relation.columns[attnum - 1]


def update_attribute(alteration: Any, attnum: int, **values: Any) -> None:
    """Change a column's pg_attribute row."""
    transaction = alteration.transaction
    row = transaction.catalog.pg_attribute.get(alteration.relid, attnum)
    transaction.catalog_update("pg_attribute", row, row._replace(**values))
    touch(alteration)


def touch(alteration: Any) -> None:
    """Writers of the table conflict with the change of its definition."""
    transaction = alteration.transaction
    row = transaction.catalog.pg_class.get(alteration.relid)
    transaction.catalog_touch("pg_class", row)


# --- ADD COLUMN -------------------------------------------------------------------------------------


def add_column(alteration: Any, action: Any) -> None:
    """ADD COLUMN with everything its definition says."""
    ctx = alteration.ctx
    relation = alteration.relation
    element = action.def_
    if relation.row.relispartition:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot add column to a partition")
    if column_number(relation, element.colname) is not None:
        if action.missing_ok:
            ctx.notice(
                Notice(
                    f'column "{element.colname}" of relation "{relation.name}" already exists, skipping',
                    sqlstate=DUPLICATE_COLUMN,
                )
            )
            return
        raise SqlError(
            DUPLICATE_COLUMN, f'column "{element.colname}" of relation "{relation.name}" already exists'
        )
    if element.colname in SYSTEM_COLUMN_NAMES:
        raise SqlError(
            DUPLICATE_COLUMN, f'column name "{element.colname}" conflicts with a system column name'
        )
    parts = table_parts(ctx, (element,), relation.name)
    spec = parts.columns[0]
    check_column_type(ctx, spec.name, spec.typid, relation.kind)
    children = child_alterations(alteration)
    if spec.identity and relation.kind != "p" and children and alteration.recurse:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            "cannot recursively add identity column to table that has child tables",
        )
    attnum = _insert_column(alteration, spec)
    _new_column_values(alteration, parts, spec, attnum)
    refuse_only(alteration, children, "column must be added to child tables too")
    default = alteration.relation.columns[attnum - 1].default
    for child in children:
        _add_to_child(child, alteration, spec, default)
    _new_column_constraints(alteration, parts, attnum)


def _insert_column(alteration: Any, spec: Any) -> int:
    """A new column's pg_attribute row; returns its attnum."""
    attnum = len(alteration.relation.columns) + 1
    if attnum > COLUMNS_MAX:
        raise SqlError(TOO_MANY_COLUMNS, f"tables can have at most {COLUMNS_MAX} columns")
    transaction = alteration.transaction
    insert_attribute(alteration.ctx, alteration.relid, attnum, spec, temporary=alteration.temporary)
    row = transaction.catalog.pg_class.get(alteration.relid)
    transaction.catalog_update("pg_class", row, row._replace(relnatts=attnum))
    return attnum


def _add_to_child(alteration: Any, parent: Any, spec: Any, default: Any) -> None:
    """ADD COLUMN comes to a child, and to those below it; `default` is over the parent's columns."""
    if merge_added_column(alteration, spec):
        return
    mine = replace(spec, local=False, parents=1)
    if not alteration.relation.row.relispartition:
        mine.identity = ""
    attnum = _insert_column(alteration, mine)
    if default is not None:
        numbers = attribute_map(parent.relation, alteration.relation)
        expr = renumber(default, numbers) if spec.generated else default
        store_default(
            alteration.ctx,
            alteration.relid,
            attnum,
            expr,
            temporary=alteration.temporary,
            generated=spec.generated,
        )
        default = expr
    value = default
    if mine.identity:
        sequence = identity_sequence(alteration.ctx, parent.root.relid, parent.relation.columns[-1].attnum)
        value = t.NextValueExpr(sequence, spec.typid)
    if spec.generated == "s":
        alteration.rewrite = True
    elif not spec.generated:
        _fill_column(alteration, spec, attnum, value)
    for child in child_alterations(alteration):
        _add_to_child(child, alteration, spec, default)


def _new_column_values(alteration: Any, parts: Any, spec: Any, attnum: int) -> None:
    """Default, sequence or generation expression, and what existing rows get."""
    ctx = alteration.ctx
    relation = alteration.relation
    value = None
    for column, options, kind, _ in parts.sequences:
        sequence = add_owned_sequence(
            ctx,
            alteration.relid,
            relation.name,
            relation.namespace,
            column,
            attnum,
            options,
            kind,
            relation.persistence,
        )
        if kind == INTERNAL:
            value = t.NextValueExpr(sequence, spec.typid)
    for _, raw, generated in parts.defaults:
        pstate = (
            table_parse_state(ctx, alteration.relid) if generated else ctx.session.parse_state(ctx.source)
        )
        with unpositioned():
            expr = cook_default(ctx, pstate, raw, spec, generated)
        if isinstance(expr, t.Const) and expr.constisnull and not generated:
            continue
        store_default(
            ctx, alteration.relid, attnum, expr, temporary=alteration.temporary, generated=generated
        )
        if generated:
            if generated == "s":
                alteration.rewrite = True
            return
        value = expr
    if value is None:
        column = alteration.relation.columns[attnum - 1]
        value = column.default
    _fill_column(alteration, spec, attnum, value)


def _fill_column(alteration: Any, spec: Any, attnum: int, value: Any) -> None:
    """What existing rows get in a new column."""
    from ..bind.coercion import coerce_null_to_domain

    ctx = alteration.ctx
    relation = alteration.relation
    catalog = alteration.transaction.catalog
    if value is None and catalog.pg_type.get(spec.typid).typtype == "d":
        value = coerce_null_to_domain(
            ctx.session.parse_state(ctx.source), spec.typid, spec.typmod, spec.collation
        )
    if value is None:
        return
    if (
        relation.kind == "r"
        and not _is_domain(catalog, spec.typid)
        and not contain_volatile_functions(catalog, value)
        and not isinstance(value, t.NextValueExpr)
    ) and _store_missing(alteration, attnum, spec, value):
        return
    alteration.new_values[attnum] = value
    alteration.rewrite = True


def _is_domain(catalog: Any, typid: int) -> bool:
    return bool(catalog.pg_type.get(typid).typtype == "d")


def _store_missing(alteration: Any, attnum: int, spec: Any, expr: Any) -> bool:
    """Existing rows get the value without being touched; False if the catalogs cannot hold it."""
    from ..catalog.rowcodec import freeze
    from ..evaluate import evaluate_expression

    ctx = alteration.ctx
    ctx.catalog = alteration.transaction.catalog
    value = evaluate_expression(ctx, expr)
    if value is None:
        return True
    try:
        freeze(value)
    except TypeError:
        return False
    update_attribute(
        alteration, attnum, atthasmissing=True, attmissingval=Array(spec.typid, (value,), (1,), (1,))
    )
    return True


def _new_column_constraints(alteration: Any, parts: Any, attnum: int) -> None:
    from .alter_table import ADD_INDEX, ADD_OTHER, COLUMN_ATTRIBUTES

    for _, name, no_inherit in parts.not_nulls:
        alteration.later(
            COLUMN_ATTRIBUTES,
            lambda name=name, no_inherit=no_inherit: require_not_null(alteration, attnum, name, no_inherit),
        )
    for key in parts.keys:
        alteration.later(ADD_INDEX, lambda key=key: add_key_constraint(alteration, key))
    for check in parts.checks:
        alteration.later(ADD_OTHER, lambda check=check: add_check_constraint(alteration, check))
    for foreign_key in parts.foreign_keys:
        alteration.later(
            ADD_OTHER, lambda foreign_key=foreign_key: add_foreign_key_constraint(alteration, foreign_key)
        )


def require_not_null(
    alteration: Any,
    attnum: int,
    name: str | None,
    no_inherit: bool,
    *,
    validate: bool = True,
    inherited: bool = False,
    forced: bool = False,
) -> None:
    """A NOT NULL constraint, also of the children; existing rows are verified in the last phase."""
    column = alteration.relation.columns[attnum - 1]
    had = column.notnull
    if no_inherit and alteration.relation.kind == "p":
        raise SqlError(
            FEATURE_NOT_SUPPORTED, "not-null constraints on partitioned tables cannot be NO INHERIT"
        )
    add_not_null(
        alteration.ctx,
        alteration.relid,
        attnum,
        name,
        no_inherit=no_inherit,
        validated=validate,
        local=not inherited,
        parents=int(inherited),
    )
    if not no_inherit:
        label = alteration.relation.extra["not_null"][attnum].conname
        add_not_null_to_children(alteration, column.name, label, validate, forced)
    if (
        validate
        and not had
        and not (column.has_missing and column.missing is not None and _is_new(alteration, attnum))
    ) and attnum not in alteration.not_nulls:
        alteration.not_nulls.append(attnum)
    touch(alteration)


def _is_new(alteration: Any, attnum: int) -> bool:
    return attnum > len(alteration.old_catalog.relation(alteration.relid).columns)


def add_key_constraint(alteration: Any, constraint: Any) -> None:
    """PRIMARY KEY or UNIQUE: the rows' entries are made in the last phase."""
    catalog = alteration.transaction.catalog
    primary = constraint.contype.name == "CONSTR_PRIMARY"
    if primary and any(index.primary for index in alteration.relation.indexes):
        name = alteration.relation.name
        raise SqlError(INVALID_TABLE_DEFINITION, f'multiple primary keys for table "{name}" are not allowed')
    before = {index.oid for index in alteration.relation.indexes}
    tables = descendants(catalog, alteration.relid) if alteration.relation.kind == "p" else []
    before.update(index.oid for oid in tables for index in catalog.relation(oid).indexes)
    if primary and child_alterations(alteration):
        for key in constraint.keys:
            attnum = column_number(alteration.relation, key.sval)
            if attnum is None:
                continue
            if not alteration.recurse:
                _require_marked(alteration, key.sval)
            if attnum not in alteration.relation.extra.get("not_null", {}):
                require_not_null(alteration, attnum, None, False, forced=True)
    notnull = {column.attnum for column in alteration.relation.columns if column.notnull}
    only = not alteration.recurse
    for _ in add_key(alteration.ctx, alteration.relid, constraint, build=False, only=only):
        raise AssertionError("without building there is nothing to wait for")
    relation = alteration.relation
    catalog = alteration.transaction.catalog
    for oid in tables or (alteration.relid,):
        for index in catalog.relation(oid).indexes:
            if index.oid not in before and catalog.pg_class.get(index.oid).relkind == "i":
                alteration.builds.append(index.oid)
    for column in relation.columns:
        if not column.notnull or column.attnum in notnull or column.attnum in alteration.not_nulls:
            continue
        if not (column.has_missing and column.missing is not None and _is_new(alteration, column.attnum)):
            alteration.not_nulls.append(column.attnum)


def _require_marked(alteration: Any, name: str) -> None:
    """A primary key with ONLY: the children's columns must be NOT NULL already."""
    for child in child_alterations(alteration):
        column = column_named(child.relation, name)
        if not column.notnull:
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'column "{name}" of table "{child.relation.name}" is not marked NOT NULL',
            )


def add_check_constraint(alteration: Any, constraint: Any) -> None:
    """CHECK; existing rows are verified in the last phase."""
    validate = not constraint.skip_validation and bool(constraint.is_enforced)
    with unpositioned():
        if merge_check(alteration.ctx, alteration.relid, constraint):
            return
        expr, name = add_check(
            alteration.ctx, alteration.relid, constraint, validated=not constraint.skip_validation
        )
    if validate:
        alteration.checks.append((name, expr))
    add_check_to_children(alteration, name, expr, constraint)


def add_foreign_key_constraint(alteration: Any, constraint: Any) -> None:
    """FOREIGN KEY; existing rows are verified in the last phase."""
    before = {foreign_key.oid for foreign_key in alteration.relation.foreign_keys}
    only = not alteration.recurse
    for _ in add_foreign_key(alteration.ctx, alteration.relid, constraint, validate=False, only=only):
        raise AssertionError("without validation there is nothing to wait for")
    if not constraint.skip_validation and constraint.is_enforced:
        for foreign_key in alteration.relation.foreign_keys:
            if foreign_key.oid not in before:
                alteration.foreign_keys.append((alteration.relid, foreign_key.oid))


# --- DROP COLUMN ------------------------------------------------------------------------------------


def drop_column(alteration: Any, action: Any) -> None:
    """DROP COLUMN [IF EXISTS] name [CASCADE]."""
    ctx = alteration.ctx
    relation = alteration.relation
    cascade = action.behavior.name == "DROP_CASCADE"
    if action.name in SYSTEM_COLUMN_NAMES:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'cannot drop system column "{action.name}"')
    attnum = column_number(relation, action.name)
    if attnum is None:
        if action.missing_ok:
            ctx.notice(
                Notice(f'column "{action.name}" of relation "{relation.name}" does not exist, skipping')
            )
            return
        raise SqlError(
            UNDEFINED_COLUMN, f'column "{action.name}" of relation "{relation.name}" does not exist'
        )
    row = alteration.transaction.catalog.pg_attribute.get(alteration.relid, attnum)
    if row.attinhcount:
        raise SqlError(INVALID_TABLE_DEFINITION, f'cannot drop inherited column "{action.name}"')
    check_key_column(alteration, attnum, "drop")
    below = drop_from_children(alteration, action.name)
    perform_deletion(ctx, [Address(PG_CLASS, alteration.relid, attnum), *below], cascade=cascade)


# --- defaults ---------------------------------------------------------------------------------------


def column_default(alteration: Any, action: Any) -> None:
    """SET DEFAULT expr, DROP DEFAULT."""
    ctx = alteration.ctx
    column = require_column(alteration, action.name)
    relation = alteration.relation
    where = f'column "{column.name}" of relation "{relation.name}"'
    if column.identity:
        raise SqlError(
            SYNTAX_ERROR,
            f"{where} is an identity column",
            hint=None
            if action.def_ is not None
            else "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.",
        )
    if column.generated:
        hint: str | None = "Use ALTER TABLE ... ALTER COLUMN ... SET EXPRESSION instead."
        if action.def_ is None:
            hint = "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead."
            if column.generated == "v":
                hint = None
        raise SqlError(SYNTAX_ERROR, f"{where} is a generated column", hint=hint)
    remove_default(alteration, column.attnum)
    if action.def_ is None:
        return
    pstate = ctx.session.parse_state(ctx.source)
    with unpositioned():
        expr = cook_default(ctx, pstate, action.def_, column, "")
    if isinstance(expr, t.Const) and expr.constisnull and column.typid == expr.consttype:
        return
    store_default(ctx, alteration.relid, column.attnum, expr, temporary=alteration.temporary)
    touch(alteration)


def remove_default(alteration: Any, attnum: int, *, cascade: bool = False) -> None:
    """Delete the column's pg_attrdef row, if it has one (RemoveAttrDefault)."""
    rows = alteration.transaction.catalog.pg_attrdef.find("adrelid_adnum", alteration.relid, attnum)
    transaction = alteration.transaction
    for row in rows:
        for depend in transaction.catalog.pg_depend.find("classid_objid", PG_ATTRDEF, row.oid):
            if depend.deptype == INTERNAL:  # of a generated column
                transaction.catalog_delete("pg_depend", depend)
        perform_deletion(alteration.ctx, [Address(PG_ATTRDEF, row.oid)], cascade=cascade, quiet=True)


# --- NOT NULL ---------------------------------------------------------------------------------------


def set_not_null(alteration: Any, action: Any) -> None:
    """SET NOT NULL."""
    column = require_column(alteration, action.name)
    if column.attnum in alteration.relation.extra.get("not_null", {}):
        constraint = alteration.relation.extra["not_null"][column.attnum]
        if not constraint.convalidated:
            alteration.transaction.catalog_update(
                "pg_constraint", constraint, constraint._replace(convalidated=True)
            )
            alteration.not_nulls.append(column.attnum)
        if not constraint.conislocal and not alteration.relation.row.relispartition:
            row = alteration.relation.extra["not_null"][column.attnum]
            alteration.transaction.catalog_update("pg_constraint", row, row._replace(conislocal=True))
        return
    # ONLY of a table with children that are no partitions is like NO INHERIT.
    alone = not alteration.recurse and alteration.relation.kind == "r" and child_alterations(alteration)
    require_not_null(alteration, column.attnum, None, bool(alone))


def drop_not_null(alteration: Any, action: Any) -> None:
    """DROP NOT NULL."""
    column = require_column(alteration, action.name)
    relation = alteration.relation
    constraint = relation.extra.get("not_null", {}).get(column.attnum)
    if constraint is None:
        return
    check_not_null_droppable(alteration.transaction.catalog, relation, column)
    if relation.row.relispartition and constraint.coninhcount:
        raise SqlError(INVALID_TABLE_DEFINITION, f'column "{column.name}" is marked NOT NULL in parent table')
    drop_constraint_tree(alteration, constraint, False)


def check_not_null_droppable(catalog: Any, relation: Any, column: Any) -> None:
    """Identity and primary key columns stay NOT NULL."""
    if column.identity:
        raise SqlError(
            SYNTAX_ERROR, f'column "{column.name}" of relation "{relation.name}" is an identity column'
        )
    for index in relation.indexes:
        if index.primary and any(key.attnum == column.attnum for key in index.keys):
            raise SqlError(INVALID_TABLE_DEFINITION, f'column "{column.name}" is in a primary key')
        if any(key.attnum == column.attnum for key in index.keys):
            row = catalog.pg_index.get(index.oid)
            if row is not None and row.indisreplident:
                raise SqlError(
                    INVALID_TABLE_DEFINITION, f'column "{column.name}" is in index used as replica identity'
                )


def add_table_not_null(alteration: Any, constraint: Any) -> None:
    """ADD [CONSTRAINT name] NOT NULL column."""
    column = require_column(alteration, constraint.keys[0].sval)
    existing = alteration.relation.extra.get("not_null", {}).get(column.attnum)
    if existing is not None:
        if constraint.conname is not None and constraint.conname != existing.conname:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f'cannot create not-null constraint "{constraint.conname}" on column "{column.name}" of '
                f'table "{alteration.relation.name}"',
                detail=f'A not-null constraint named "{existing.conname}" already exists for this column.',
            )
        return
    require_not_null(
        alteration,
        column.attnum,
        constraint.conname,
        bool(constraint.is_no_inherit),
        validate=not constraint.skip_validation,
    )


# --- identity ---------------------------------------------------------------------------------------


def _check_identity_level(alteration: Any, verb: str, only: str) -> None:
    """Identity is a matter of the root of partitions, and then of all of them."""
    relation = alteration.relation
    if relation.row.relispartition:
        raise SqlError(INVALID_TABLE_DEFINITION, f"cannot {verb} of a partition")
    if relation.kind == "p":
        message = f"cannot {only} of only the partitioned table"
        refuse_only(alteration, child_alterations(alteration), message, "Do not specify the ONLY keyword.")


def _identity_below(alteration: Any, name: str, identity: str) -> None:
    """The partitions' columns have the identity of the root's."""
    if alteration.relation.kind == "p":
        for below in all_below(alteration):
            update_attribute(below, column_number(below.relation, name) or 0, attidentity=identity)


def add_identity(alteration: Any, action: Any) -> None:
    """ADD GENERATED ... AS IDENTITY."""
    _check_identity_level(alteration, "add identity to a column", "add identity to a column")
    column = require_column(alteration, action.name)
    relation = alteration.relation
    where = f'column "{column.name}" of relation "{relation.name}"'
    if not column.notnull:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f"{where} must be declared NOT NULL before identity can be added",
        )
    if column.identity:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{where} is already an identity column")
    if column.default is not None:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{where} already has a default value")
    update_attribute(alteration, column.attnum, attidentity=action.def_.generated_when)
    _identity_below(alteration, column.name, action.def_.generated_when)
    add_owned_sequence(
        alteration.ctx,
        alteration.relid,
        relation.name,
        relation.namespace,
        column.name,
        column.attnum,
        {"options": action.def_.options or (), "as": column.typid},
        INTERNAL,
        relation.persistence,
    )


def set_identity(alteration: Any, action: Any) -> None:
    """SET GENERATED ALWAYS | BY DEFAULT, SET sequence_option, RESTART."""
    _check_identity_level(alteration, "change identity column", "change identity column")
    column = require_column(alteration, action.name)
    relation = alteration.relation
    where = f'column "{column.name}" of relation "{relation.name}"'
    if not column.identity:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{where} is not an identity column")
    options = []
    for option in action.def_:
        if option.defname == "generated":
            update_attribute(alteration, column.attnum, attidentity=chr(option.arg.ival))
            _identity_below(alteration, column.name, chr(option.arg.ival))
        else:
            options.append(option)
    if options:
        sequence = identity_sequence(alteration.ctx, alteration.relid, column.attnum)
        change_sequence(alteration.ctx, sequence, options, for_identity=True)


def drop_identity(alteration: Any, action: Any) -> None:
    """DROP IDENTITY [IF EXISTS]."""
    _check_identity_level(alteration, "drop identity from a column", "drop identity from a column")
    column = require_column(alteration, action.name)
    relation = alteration.relation
    if not column.identity:
        where = f'column "{column.name}" of relation "{relation.name}"'
        if action.missing_ok:
            alteration.ctx.notice(Notice(f"{where} is not an identity column, skipping"))
            return
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{where} is not an identity column")
    sequence = identity_sequence(alteration.ctx, alteration.relid, column.attnum)
    update_attribute(alteration, column.attnum, attidentity="")
    _identity_below(alteration, column.name, "")
    transaction = alteration.transaction
    for row in transaction.catalog.pg_depend.find("classid_objid", PG_CLASS, sequence):
        if row.deptype == INTERNAL:
            transaction.catalog_delete("pg_depend", row)
    perform_deletion(alteration.ctx, [Address(PG_CLASS, sequence)], cascade=False)


# --- generation expressions -------------------------------------------------------------------------


def set_expression(alteration: Any, action: Any) -> None:
    """SET EXPRESSION AS (expr)."""
    ctx = alteration.ctx
    column = require_column(alteration, action.name)
    relation = alteration.relation
    if not column.generated:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'column "{column.name}" of relation "{relation.name}" is not a generated column',
        )
    generated = column.generated
    if generated == "v" and relation.checks:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "ALTER TABLE / SET EXPRESSION is not supported for virtual generated columns in tables with "
            "check constraints",
            detail=f'Column "{column.name}" of relation "{relation.name}" is a virtual generated column.',
        )
    remove_default(alteration, column.attnum)
    pstate = table_parse_state(ctx, alteration.relid)
    with unpositioned():
        expr = cook_default(ctx, pstate, action.def_, column, generated)
    store_default(
        ctx, alteration.relid, column.attnum, expr, temporary=alteration.temporary, generated=generated
    )
    touch(alteration)
    if generated == "s":
        from .generated import substitute

        alteration.new_values[column.attnum] = substitute(expr, alteration.new_values)
        alteration.rewrite = True


def drop_expression(alteration: Any, action: Any) -> None:
    """DROP EXPRESSION [IF EXISTS]: the values stay."""
    column = require_column(alteration, action.name)
    relation = alteration.relation
    if column.generated == "v":
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "ALTER TABLE / DROP EXPRESSION is not supported for virtual generated columns",
            detail=f'Column "{column.name}" of relation "{relation.name}" is a virtual generated column.',
        )
    if not column.generated:
        where = f'column "{column.name}" of relation "{relation.name}"'
        if action.missing_ok:
            alteration.ctx.notice(Notice(f"{where} is not a generated column, skipping"))
            return
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"{where} is not a generated column")
    row = alteration.transaction.catalog.pg_attribute.get(alteration.relid, column.attnum)
    if alteration.root is alteration:
        if not alteration.recurse and child_alterations(alteration):
            raise SqlError(
                FEATURE_NOT_SUPPORTED, "ALTER TABLE / DROP EXPRESSION must be applied to child tables too"
            )
        if row.attinhcount:
            raise SqlError(
                INVALID_TABLE_DEFINITION, "cannot drop generation expression from inherited column"
            )
    update_attribute(alteration, column.attnum, attgenerated="")
    remove_default(alteration, column.attnum)


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_AddColumn": add_column,
    "AT_DropColumn": drop_column,
    "AT_ColumnDefault": column_default,
    "AT_SetNotNull": set_not_null,
    "AT_DropNotNull": drop_not_null,
    "AT_AddIdentity": add_identity,
    "AT_SetIdentity": set_identity,
    "AT_DropIdentity": drop_identity,
    "AT_SetExpression": set_expression,
    "AT_DropExpression": drop_expression,
}
