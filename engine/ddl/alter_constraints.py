"""ALTER TABLE actions on constraints: ADD (also USING INDEX), DROP, VALIDATE, ALTER."""

from collections.abc import Callable
from typing import Any

from ..errors import Notice, SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from .alter_children import drop_constraint_tree, foreign_key_parts, validate_children
from .alter_columns import (
    add_check_constraint,
    add_foreign_key_constraint,
    add_key_constraint,
    add_table_not_null,
    check_not_null_droppable,
)
from .constraints import add_not_null, insert_key_constraint_row
from .dependencies import AUTO, INTERNAL, PG_CLASS, PG_CONSTRAINT, Address, record_dependency
from .truncate import new_storage


def add_constraint(alteration: Any, action: Any) -> None:
    """ADD CONSTRAINT: into the pass of its kind."""
    from .alter_table import ADD_INDEX, ADD_OTHER, COLUMN_ATTRIBUTES

    constraint = action.def_
    kind = constraint.contype.name
    if kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
        function = add_using_index if constraint.indexname else add_key_constraint
        alteration.later(ADD_INDEX, lambda: function(alteration, constraint))
    elif kind == "CONSTR_CHECK":
        alteration.later(ADD_OTHER, lambda: add_check_constraint(alteration, constraint))
    elif kind == "CONSTR_FOREIGN":
        alteration.later(ADD_OTHER, lambda: add_foreign_key_constraint(alteration, constraint))
    elif kind == "CONSTR_NOTNULL":
        alteration.later(COLUMN_ATTRIBUTES, lambda: add_table_not_null(alteration, constraint))
    elif kind == "CONSTR_EXCLUSION":
        raise SqlError(FEATURE_NOT_SUPPORTED, "exclusion constraints are not supported")
    else:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"constraint {kind} is not supported")


def add_using_index(alteration: Any, constraint: Any) -> None:
    """ADD CONSTRAINT ... PRIMARY KEY | UNIQUE USING INDEX name: the index becomes the constraint's."""
    ctx, transaction = alteration.ctx, alteration.transaction
    catalog = transaction.catalog
    relation = alteration.relation
    name = constraint.indexname
    primary = constraint.contype.name == "CONSTR_PRIMARY"
    position = constraint.location
    rows = catalog.pg_class.find("relname_relnamespace", name, relation.namespace)
    if not rows:
        raise SqlError(UNDEFINED_OBJECT, f'index "{name}" does not exist', position=position)
    index = next((index for index in relation.indexes if index.oid == rows[0].oid), None)
    if rows[0].relkind not in "iI":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{name}" is not an index')
    if index is None:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'index "{name}" does not belong to table "{relation.name}"',
            position=position,
        )
    if index.constraint:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'index "{name}" is already associated with a constraint',
            position=position,
        )
    if not index.valid:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'index "{name}" is not valid', position=position)
    detail = "Cannot create a primary key or unique constraint using such an index."
    problem = None
    if not index.unique:
        problem = f'"{name}" is not a unique index'
    elif any(not key.attnum for key in index.keys):
        problem = f'index "{name}" contains expressions'
    elif index.predicate is not None:
        problem = f'"{name}" is a partial index'
    else:
        shape = catalog.pg_index.get(index.oid)
        for number, option in enumerate(shape.indoption.items, 1):
            if option:
                problem = f'index "{name}" column number {number} does not have default sorting behavior'
                break
    if problem is not None:
        raise SqlError(WRONG_OBJECT_TYPE, problem, detail=detail, position=position)
    if primary and any(other.primary for other in relation.indexes):
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'multiple primary keys for table "{relation.name}" are not allowed',
        )
    constraint_name = constraint.conname or name
    if constraint_name != name:
        ctx.notice(
            Notice(
                f'ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "{name}" to "{constraint_name}"'
            )
        )
        from .rename import rename_relation

        rename_relation(ctx, index.oid, constraint_name)
    keys = [key.attnum for key in index.keys]
    if primary:
        for attnum in keys:
            column = relation.columns[attnum - 1]
            if not column.notnull:
                add_not_null(ctx, alteration.relid, attnum)
                alteration.not_nulls.append(attnum)
    oid = insert_key_constraint_row(
        ctx,
        alteration.relation,
        constraint_name,
        primary,
        keys,
        deferrable=bool(constraint.deferrable),
        deferred=bool(constraint.initdeferred),
        include=index.include,
    )
    _give_index(alteration, index, oid, primary=primary, deferrable=bool(constraint.deferrable))


def _give_index(alteration: Any, index: Any, constraint: int, *, primary: bool, deferrable: bool) -> None:
    transaction = alteration.transaction
    catalog = transaction.catalog
    made = catalog.pg_constraint.get(constraint)
    transaction.catalog_update("pg_constraint", made, made._replace(conindid=index.oid))
    for row in catalog.pg_depend.find("classid_objid", PG_CLASS, index.oid):
        if row.refclassid == PG_CLASS and row.refobjid == alteration.relid and row.deptype == AUTO:
            transaction.catalog_delete("pg_depend", row)
    record_dependency(
        transaction,
        Address(PG_CLASS, index.oid),
        Address(PG_CONSTRAINT, constraint),
        INTERNAL,
        temporary=alteration.temporary,
    )
    shape = transaction.catalog.pg_index.get(index.oid)
    transaction.catalog_update(
        "pg_index", shape, shape._replace(indisprimary=primary, indimmediate=not deferrable)
    )
    if deferrable:  # such indexes have other entries
        new_storage(alteration.ctx, index.oid)
        alteration.builds.append(index.oid)


def find_constraint(alteration: Any, name: str) -> Any:
    """The pg_constraint row of the table's constraint, or None."""
    rows = alteration.transaction.catalog.pg_constraint.find(
        "conrelid_contypid_conname", alteration.relid, 0, name
    )
    return rows[0] if rows else None


def _missing(alteration: Any, name: str) -> SqlError:
    return SqlError(
        UNDEFINED_OBJECT, f'constraint "{name}" of relation "{alteration.relation.name}" does not exist'
    )


def drop_constraint(alteration: Any, action: Any) -> None:
    """DROP CONSTRAINT [IF EXISTS] name [CASCADE]."""
    row = find_constraint(alteration, action.name)
    relation = alteration.relation
    if row is None:
        if action.missing_ok:
            alteration.ctx.notice(
                Notice(f'constraint "{action.name}" of relation "{relation.name}" does not exist, skipping')
            )
            return
        raise _missing(alteration, action.name)
    if row.contype == "n":
        column = relation.columns[row.conkey.items[0] - 1]
        check_not_null_droppable(alteration.transaction.catalog, relation, column)
    drop_constraint_tree(alteration, row, action.behavior.name == "DROP_CASCADE")


def validate_constraint(alteration: Any, action: Any) -> None:
    """VALIDATE CONSTRAINT name: the rows are looked at in the last phase."""
    row = find_constraint(alteration, action.name)
    if row is None:
        raise _missing(alteration, action.name)
    if row.contype not in "fcn":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot validate constraint "{action.name}" of relation "{alteration.relation.name}"',
            detail="This operation is not supported for this type of constraint.",
        )
    if not row.conenforced:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot validate NOT ENFORCED constraint")
    if row.convalidated:
        return
    _queue_validation(alteration, row)
    if row.contype in "cn":
        validate_children(alteration, row, _queue_validation)


def _queue_validation(alteration: Any, row: Any) -> None:
    alteration.transaction.catalog_update("pg_constraint", row, row._replace(convalidated=True))
    if row.contype == "f":
        for part in foreign_key_parts(alteration.transaction.catalog, row.oid):
            alteration.transaction.catalog_update("pg_constraint", part, part._replace(convalidated=True))
        alteration.foreign_keys.append((alteration.relid, row.oid))
    elif row.contype == "n":
        alteration.not_nulls.append(row.conkey.items[0])
    else:
        from ..catalog.trees import load_tree

        alteration.checks.append((row.conname, load_tree(row.conbin)))


def alter_constraint(alteration: Any, action: Any) -> None:
    """ALTER CONSTRAINT name [NOT] DEFERRABLE | [NOT] ENFORCED | [NO] INHERIT."""
    change = action.def_
    row = find_constraint(alteration, change.conname)
    if row is None:
        raise _missing(alteration, change.conname)
    where = f'constraint "{change.conname}" of relation "{alteration.relation.name}"'
    if change.alterDeferrability and row.contype != "f":
        raise SqlError(WRONG_OBJECT_TYPE, f"{where} is not a foreign key constraint")
    if change.alterEnforceability and row.contype != "f":
        raise SqlError(WRONG_OBJECT_TYPE, f"cannot alter enforceability of {where}")
    if change.alterInheritability and row.contype != "n":
        raise SqlError(WRONG_OBJECT_TYPE, f"{where} is not a not-null constraint")
    values: dict[str, Any] = {}
    if change.alterDeferrability:
        values.update(condeferrable=bool(change.deferrable), condeferred=bool(change.initdeferred))
    if change.alterInheritability:
        values["connoinherit"] = bool(change.noinherit)
    enforced = bool(change.is_enforced)
    if change.alterEnforceability and row.conenforced != enforced:
        values.update(conenforced=enforced, convalidated=enforced)
        if enforced:
            alteration.foreign_keys.append((alteration.relid, row.oid))
    if row.conparentid and change.alterDeferrability:
        above = row
        while above.conparentid:
            above = alteration.transaction.catalog.pg_constraint.get(above.conparentid)
        table = alteration.transaction.catalog.pg_class.get(above.conrelid).relname
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot alter constraint "{change.conname}" on relation "{alteration.relation.name}"',
            detail=f'Constraint "{change.conname}" is derived from constraint "{above.conname}" of relation '
            f'"{table}".',
            hint="You may alter the constraint it derives from instead.",
        )
    if values:
        for part in (row, *foreign_key_parts(alteration.transaction.catalog, row.oid)):
            alteration.transaction.catalog_update("pg_constraint", part, part._replace(**values))


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_AddConstraint": add_constraint,
    "AT_DropConstraint": drop_constraint,
    "AT_ValidateConstraint": validate_constraint,
    "AT_AlterConstraint": alter_constraint,
}
