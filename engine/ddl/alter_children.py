"""ALTER TABLE on the children of a table: which actions go down to them, and how they merge with what is
there.

A child's Alteration shares the passes of the one that the statement names; so a table is changed once,
whichever way the recursion comes to it.
"""

from collections.abc import Iterator
from typing import Any

from ..catalog.inheritance import children_of, descendants, renumber
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_OBJECT,
    INVALID_OBJECT_DEFINITION,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
)
from ..tree import strip_locations
from .alter_inherit import check_same_type
from .deletion import perform_deletion
from .dependencies import PG_CLASS, PG_CONSTRAINT, Address

# Actions that are simply done to all tables below (ATSimpleRecursion).
SIMPLE = frozenset(("AT_ColumnDefault", "AT_SetStatistics", "AT_SetStorage", "AT_DropExpression"))


def child_alterations(alteration: Any) -> list[Any]:
    """The Alterations of the direct children."""
    catalog = alteration.transaction.catalog
    if alteration.relation.kind not in "rpf" or not alteration.relation.row.relhassubclass:
        return []
    return [alteration.of(oid) for oid in children_of(catalog, alteration.relid)]


def all_below(alteration: Any) -> Iterator[Any]:
    """The Alterations of all tables below."""
    if alteration.relation.kind in "rpf" and alteration.relation.row.relhassubclass:
        for oid in descendants(alteration.transaction.catalog, alteration.relid)[1:]:
            yield alteration.of(oid)


def refuse_only(alteration: Any, children: list[Any], message: str, hint: str | None = None) -> None:
    """42P16 if ONLY leaves out children that must follow."""
    if children and not alteration.recurse:
        raise SqlError(INVALID_TABLE_DEFINITION, message, hint=hint)


def column_named(relation: Any, name: str) -> Any:
    """A live column by name; None if there is none."""
    return next((column for column in relation.columns if column.name == name and not column.dropped), None)


def is_key_column(catalog: Any, relation: Any, attnum: int) -> bool:
    """Whether a partitioned table's key uses the column."""
    from ..run.partitions import partition_table
    from ..treetypes import walk

    if relation.kind != "p":
        return False
    for key in partition_table(catalog, relation.oid).keys:
        if key.attnum == attnum:
            return True
        if not key.attnum and any(getattr(node, "varattno", -1) in (0, attnum) for node in walk(key.expr)):
            return True
    return False


def check_key_column(alteration: Any, attnum: int, what: str, position: int | None = None) -> None:
    """42P16 if a column that is to be dropped or retyped is part of the partition key."""
    relation = alteration.relation
    if is_key_column(alteration.transaction.catalog, relation, attnum):
        name = relation.columns[attnum - 1].name
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot {what} column "{name}" because it is part of the partition key of relation '
            f'"{relation.name}"',
            position=position,
        )


def check_other_parents(alteration: Any, row: Any, verb: str) -> None:
    """42P16 if a child's column also comes from a table that is not altered."""
    catalog = alteration.transaction.catalog
    family = set(descendants(catalog, alteration.root.relid))
    links = catalog.pg_inherits.find("inhrelid", alteration.relid)
    if row.attinhcount > sum(link.inhparent in family for link in links):
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot {verb} inherited column "{row.attname}" of relation "{alteration.relation.name}"',
            detail=None,
        )


# --- columns ------------------------------------------------------------------------------------------


def merge_added_column(alteration: Any, spec: Any) -> bool:
    """ADD COLUMN comes to a child: whether it has the column already, and now of one more parent."""
    relation = alteration.relation
    own = column_named(relation, spec.name)
    if own is None:
        return False
    check_same_type(relation, own, spec)
    row = alteration.transaction.catalog.pg_attribute.get(alteration.relid, own.attnum)
    alteration.transaction.catalog_update("pg_attribute", row, row._replace(attinhcount=row.attinhcount + 1))
    alteration.ctx.notice(Notice(f'merging definition of column "{spec.name}" for child "{relation.name}"'))
    return True


def drop_from_children(alteration: Any, name: str) -> list[Address]:
    """DROP COLUMN goes down: the columns that go with it; with ONLY the children keep them as their own."""
    found: list[Address] = []
    transaction = alteration.transaction
    children = child_alterations(alteration)
    if children and not alteration.recurse and alteration.relation.kind == "p":
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            "cannot drop column from only the partitioned table when partitions exist",
            hint="Do not specify the ONLY keyword.",
        )
    for child in children:
        column = column_named(child.relation, name)
        row = transaction.catalog.pg_attribute.get(child.relid, column.attnum)
        if alteration.recurse and row.attinhcount == 1 and not row.attislocal:
            check_key_column(child, column.attnum, "drop")
            found += [Address(PG_CLASS, child.relid, column.attnum), *drop_from_children(child, name)]
            continue
        values: dict[str, Any] = {"attinhcount": row.attinhcount - 1}
        if not alteration.recurse:
            values["attislocal"] = True
        transaction.catalog_update("pg_attribute", row, row._replace(**values))
    return found


# --- constraints --------------------------------------------------------------------------------------------


def add_check_to_children(alteration: Any, name: str, expr: Any, constraint: Any) -> None:
    """ADD CHECK goes down: each child gets it, or its own one of that name is merged."""
    children = child_alterations(alteration)
    if constraint.is_no_inherit:
        return
    refuse_only(alteration, children, "constraint must be added to child tables too")
    from ..catalog.inheritance import attribute_map

    for child in children:
        mapped = renumber(expr, attribute_map(alteration.relation, child.relation))
        if not _merge_check(child, name, mapped, constraint):
            _add_check(child, name, mapped, constraint)
            add_check_to_children(child, name, mapped, constraint)


def _add_check(alteration: Any, name: str, expr: Any, constraint: Any) -> None:
    from .constraints import add_cooked_check

    enforced = bool(constraint.is_enforced)
    valid = not constraint.skip_validation and enforced
    add_cooked_check(
        alteration.ctx,
        alteration.relid,
        name,
        expr,
        validated=valid,
        enforced=enforced,
        no_inherit=False,
        local=False,
        parents=1,
    )
    if valid:
        alteration.checks.append((name, expr))


def _merge_check(alteration: Any, name: str, expr: Any, constraint: Any) -> bool:
    transaction = alteration.transaction
    relation = alteration.relation
    rows = transaction.catalog.pg_constraint.find("conrelid_contypid_conname", alteration.relid, 0, name)
    if not rows:
        return False
    row = rows[0]
    own = next((check for check in relation.checks if check.oid == row.oid), None)
    if own is None or strip_locations(own.expr) != strip_locations(expr):
        raise SqlError(DUPLICATE_OBJECT, f'constraint "{name}" for relation "{relation.name}" already exists')
    if row.connoinherit:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'constraint "{name}" conflicts with non-inherited constraint on relation "{relation.name}"',
        )
    if not row.convalidated and not constraint.skip_validation:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'constraint "{name}" conflicts with NOT VALID constraint on relation "{relation.name}"',
        )
    alteration.ctx.notice(Notice(f'merging constraint "{name}" with inherited definition'))
    values: dict[str, Any] = {"coninhcount": row.coninhcount + 1}
    if relation.row.relispartition:
        values = {"coninhcount": 1, "conislocal": False}
    transaction.catalog_update("pg_constraint", row, row._replace(**values))
    return True


def add_not_null_to_children(
    alteration: Any, name: str, label: str, validate: bool, forced: bool = False
) -> None:
    """NOT NULL goes down; `forced`: with ONLY, too."""
    from .alter_columns import require_not_null

    children = child_alterations(alteration)
    if not forced:
        message = "constraint must be added to child tables too"
        refuse_only(alteration, children, message, "Do not specify the ONLY keyword.")
    for child in children:
        column = column_named(child.relation, name)
        own = child.relation.extra.get("not_null", {}).get(column.attnum)
        if own is not None:
            if own.connoinherit:
                raise SqlError(
                    OBJECT_NOT_IN_PREREQUISITE_STATE,
                    f'cannot change NO INHERIT status of NOT NULL constraint "{own.conname}" on relation '
                    f'"{child.relation.name}"',
                )
            alteration.transaction.catalog_update(
                "pg_constraint", own, own._replace(coninhcount=own.coninhcount + 1)
            )
            continue
        require_not_null(child, column.attnum, label, False, validate=validate, inherited=True)


def drop_constraint_tree(alteration: Any, row: Any, cascade: bool, *, recursing: bool = False) -> None:
    """DROP CONSTRAINT of a table and of its children (dropconstraint_internal)."""
    relation = alteration.relation
    if row.coninhcount and not recursing:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot drop inherited constraint "{row.conname}" of relation "{relation.name}"',
        )
    column = relation.columns[row.conkey.items[0] - 1].name if row.contype == "n" else ""
    perform_deletion(alteration.ctx, [Address(PG_CONSTRAINT, row.oid)], cascade=cascade)
    if row.contype not in "cn" or row.connoinherit:
        return
    children = child_alterations(alteration)
    transaction = alteration.transaction
    for child in children:
        own = _counterpart(child, row, column)
        if own is None:
            continue
        if alteration.recurse and own.coninhcount == 1 and not own.conislocal:
            drop_constraint_tree(child, own, cascade, recursing=True)
            continue
        values: dict[str, Any] = {"coninhcount": own.coninhcount - 1}
        if not alteration.recurse:
            values["conislocal"] = True
        transaction.catalog_update("pg_constraint", own, own._replace(**values))


def _counterpart(child: Any, row: Any, column: str) -> Any:
    """A child's constraint that is there because of the parent's."""
    if row.contype == "n":
        mine = column_named(child.relation, column)
        return None if mine is None else child.relation.extra.get("not_null", {}).get(mine.attnum)
    rows = child.transaction.catalog.pg_constraint.find(
        "conrelid_contypid_conname", child.relid, 0, row.conname
    )
    return rows[0] if rows and rows[0].contype == row.contype else None


def validate_children(alteration: Any, row: Any, queue: Any) -> None:
    """VALIDATE CONSTRAINT goes down to the children's parts of a CHECK or NOT NULL; `queue(alteration,
    row)`."""
    relation = alteration.relation
    column = relation.columns[row.conkey.items[0] - 1].name if row.contype == "n" else ""
    children = [] if row.connoinherit else child_alterations(alteration)
    refuse_only(alteration, children, "constraint must be validated on child tables too")
    for child in children:
        own = _counterpart(child, row, column)
        if own is not None and not own.convalidated:
            queue(child, own)
            validate_children(child, own, queue)


def foreign_key_parts(catalog: Any, oid: int) -> list[Any]:
    """All constraints that are parts of a foreign key, at whatever depth."""
    found = []
    pending = [oid]
    while pending:
        rows = catalog.pg_constraint.find("conparentid", pending.pop())
        found += rows
        pending += [row.oid for row in rows]
    return found
