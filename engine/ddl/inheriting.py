"""INHERITS and PARTITION OF in CREATE TABLE: what a new table has of its parents (MergeAttributes)."""

from dataclasses import dataclass, field
from typing import Any

from .. import tree as t
from ..catalog.inheritance import attribute_map, renumber
from ..errors import Notice, SqlError
from ..sqlstates import (
    COLLATION_MISMATCH,
    DATATYPE_MISMATCH,
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_DEFINITION,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
)
from .dependencies import AUTO, NORMAL, PG_CLASS, Address, record_dependency
from .heap import ColumnSpec
from .names import find_relation, require_owner
from .rows import new_row


@dataclass(slots=True)
class InheritedCheck:
    """A CHECK constraint of the parents, over the new table's columns once these are numbered."""

    name: str
    parent: Any
    expr: Any
    enforced: bool
    count: int = 1


@dataclass(slots=True)
class Inherited:
    """What the parents give to a new table."""

    parents: list[int] = field(default_factory=list)
    partition: bool = False
    columns: dict[str, ColumnSpec] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)  # column -> (parent, expression, generated)
    conflicting: set[str] = field(default_factory=set)  # columns with different defaults
    not_nulls: dict[str, tuple[str, int]] = field(default_factory=dict)  # column -> (name, parents)
    checks: list[InheritedCheck] = field(default_factory=list)


def open_parents(ctx: Any, names: Any, persistence: str, *, partition: bool) -> list[Any]:
    """The Relations of the parents, checked."""
    catalog = ctx.transaction.catalog
    parents: list[Any] = []
    for name in names:
        oid = find_relation(ctx, name)
        relation = catalog.relation(oid)
        if any(other.oid == oid for other in parents):
            raise SqlError(
                DUPLICATE_TABLE, f'relation "{relation.name}" would be inherited from more than once'
            )
        check_parent(ctx, relation, persistence, partition=partition)
        parents.append(relation)
    return parents


def check_parent(ctx: Any, relation: Any, persistence: str, *, partition: bool) -> None:
    """Whether the table may have children, of that persistence."""
    if partition:
        require_owner(ctx, relation.row)
        if relation.kind != "p":
            raise SqlError(WRONG_OBJECT_TYPE, f'"{relation.name}" is not partitioned')
    if relation.kind == "p" and not partition:
        raise SqlError(WRONG_OBJECT_TYPE, f'cannot inherit from partitioned table "{relation.name}"')
    if relation.row.relispartition and not partition:
        raise SqlError(WRONG_OBJECT_TYPE, f'cannot inherit from partition "{relation.name}"')
    if relation.kind not in "rfp":
        raise SqlError(
            WRONG_OBJECT_TYPE, f'inherited relation "{relation.name}" is not a table or foreign table'
        )
    if relation.persistence == "t" and persistence != "t":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot create a permanent relation as partition of temporary relation "{relation.name}"'
            if partition
            else f'cannot inherit from temporary relation "{relation.name}"',
        )
    if partition and persistence == "t" and relation.persistence != "t":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot create a temporary relation as partition of permanent relation "{relation.name}"',
        )
    if not partition:
        require_owner(ctx, relation.row)


def inherit(ctx: Any, parents: list[Any], *, partition: bool) -> Inherited:
    """What the parents have in common and each by itself."""
    found = Inherited([parent.oid for parent in parents], partition)
    for parent in parents:
        for column in parent.columns:
            if not column.dropped:
                _inherit_column(ctx, found, parent, column)
        for attnum, row in parent.extra.get("not_null", {}).items():
            if not row.connoinherit:
                name = parent.columns[attnum - 1].name
                first, count = found.not_nulls.get(name, (row.conname, 0))
                found.not_nulls[name] = first, count + 1
        for check in sorted(parent.checks, key=lambda item: item.name):
            _inherit_check(ctx, found, parent, check)
    return found


def _inherit_column(ctx: Any, found: Inherited, parent: Any, column: Any) -> None:
    catalog = ctx.transaction.catalog
    row = catalog.pg_attribute.get(parent.oid, column.attnum)
    spec = found.columns.get(column.name)
    if spec is None:
        spec = found.columns[column.name] = ColumnSpec(
            column.name,
            column.typid,
            column.typmod,
            column.collation,
            generated=column.generated,
            dimensions=row.attndims,
            storage=row.attstorage,
            compression=row.attcompression,
            local=False,
            parents=1,
            identity=column.identity if found.partition else "",
        )
    else:
        ctx.notice(Notice(f'merging multiple inherited definitions of column "{column.name}"'))
        require_same_type(catalog, "inherited column", spec, column)
        if spec.generated != column.generated:
            raise SqlError(DATATYPE_MISMATCH, f'inherited column "{column.name}" has a generation conflict')
        check_storage("inherited column", column.name, spec.storage, row.attstorage)
        spec.parents += 1
    if column.default is None:
        return
    given = parent, column.default, column.generated
    known = found.defaults.setdefault(column.name, given)
    if known is not given and _mapped_by_name(*known[:2]) != _mapped_by_name(*given[:2]):
        found.conflicting.add(column.name)


def _mapped_by_name(relation: Any, expr: Any) -> Any:
    """An expression whose columns are comparable between relations."""
    numbers = {column.attnum: hash(column.name) for column in relation.columns}
    return t.strip_locations(renumber(expr, numbers))


def require_same_type(catalog: Any, what: str, one: Any, other: Any) -> None:
    """42804 or 42P21 unless two definitions of a column agree."""
    if (one.typid, one.typmod) != (other.typid, other.typmod):
        raise SqlError(
            DATATYPE_MISMATCH,
            f'{what} "{other.name}" has a type conflict',
            detail=f"{catalog.format_type(one.typid, one.typmod)} versus "
            f"{catalog.format_type(other.typid, other.typmod)}",
        )
    if one.collation != other.collation:
        names = [catalog.pg_collation.get(oid) for oid in (one.collation, other.collation)]
        shown = [row.collname if row is not None else "" for row in names]
        raise SqlError(
            COLLATION_MISMATCH,
            f'{what} "{other.name}" has a collation conflict',
            detail=f'"{shown[0]}" versus "{shown[1]}"',
        )


def check_storage(what: str, name: str, one: str, other: str) -> None:
    """42804 unless two definitions of a column are stored alike."""
    words = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
    if words.get(one, one) != words.get(other, other):
        raise SqlError(
            DATATYPE_MISMATCH,
            f'{what} "{name}" has a storage parameter conflict',
            detail=f"{words.get(one, one)} versus {words.get(other, other)}",
        )


def _inherit_check(ctx: Any, found: Inherited, parent: Any, check: Any) -> None:
    if ctx.transaction.catalog.pg_constraint.get(check.oid).connoinherit:
        return
    for known in found.checks:
        if known.name == check.name:
            if _mapped_by_name(known.parent, known.expr) != _mapped_by_name(parent, check.expr):
                raise SqlError(
                    DUPLICATE_OBJECT,
                    f'check constraint name "{check.name}" appears multiple times but with different '
                    "expressions",
                )
            known.count += 1
            known.enforced = known.enforced or check.enforced
            return
    found.checks.append(InheritedCheck(check.name, parent, check.expr, check.enforced))


# --- the new table's own columns --------------------------------------------------------------------


def merge_columns(ctx: Any, found: Inherited, parts: Any) -> None:
    """Inherited columns come first; what the statement defines again is merged into them."""
    catalog = ctx.transaction.catalog
    mine = {spec.name: spec for spec in parts.columns}
    merged: list[ColumnSpec] = []
    places = {name: place for place, name in enumerate(found.columns)}
    defaults = {name for name, _, _ in parts.defaults} | {name for name, _, _, _ in parts.sequences}
    for place, own in enumerate(parts.columns):
        spec = found.columns.get(own.name)
        if spec is not None and own is mine.pop(own.name, None):
            if not found.partition:
                _tell_merge(ctx, own.name, place, places[own.name])
                require_same_type(catalog, "column", spec, own)
            _merge_column(spec, own, own.name in defaults)
            spec.local = not found.partition
    merged.extend(found.columns.values())
    if found.partition and mine:
        raise SqlError(UNDEFINED_COLUMN, f'column "{next(iter(mine))}" does not exist')
    parts.columns[:] = [*merged, *[spec for spec in parts.columns if spec.name in mine]]
    unsettled = found.conflicting - defaults
    if unsettled:
        name = next(spec.name for spec in merged if spec.name in unsettled)
        generated = found.columns[name].generated
        what = "generation expressions" if generated else "default values"
        raise SqlError(
            INVALID_COLUMN_DEFINITION,
            f'column "{name}" inherits conflicting {what}',
            hint=f"To resolve the conflict, specify a {'generation expression' if generated else 'default'} "
            "explicitly.",
        )
    for name in defaults:
        found.defaults.pop(name, None)


def _tell_merge(ctx: Any, name: str, place: int, inherited_place: int) -> None:
    if place == inherited_place:
        ctx.notice(Notice(f'merging column "{name}" with inherited definition'))
    else:
        ctx.notice(
            Notice(
                f'moving and merging column "{name}" with inherited definition',
                detail="User-specified column moved to the position of the inherited column.",
            )
        )


def _merge_column(spec: ColumnSpec, own: ColumnSpec, has_default: bool) -> None:
    if spec.generated:
        if own.identity:
            raise SqlError(
                INVALID_COLUMN_DEFINITION,
                f'column "{spec.name}" inherits from generated column but specifies identity',
            )
        if has_default and not own.generated:
            raise SqlError(
                INVALID_COLUMN_DEFINITION,
                f'column "{spec.name}" inherits from generated column but specifies default',
            )
        if own.generated and own.generated != spec.generated:
            words = {"s": "STORED", "v": "VIRTUAL"}
            raise SqlError(
                INVALID_COLUMN_DEFINITION,
                f'column "{spec.name}" inherits from generated column of different kind',
                detail=f"Parent column is {words[spec.generated]}, child column is {words[own.generated]}.",
            )
    elif own.generated:
        raise SqlError(
            INVALID_COLUMN_DEFINITION,
            f'child column "{spec.name}" specifies generation expression',
            hint="A child table column cannot be generated unless its parent column is.",
        )
    if own.identity and not spec.identity:
        spec.identity = own.identity
    spec.location = own.location
    if own.storage:
        if own.location is None:  # of LIKE: what is written out wins
            check_storage("column", spec.name, spec.storage, own.storage)
        spec.storage = own.storage
    if own.compression:
        spec.compression = own.compression


def partition_column(ctx: Any, parts: Any, element: Any, parent: Any, table: str) -> None:
    """A column of PARTITION OF: only options and constraints, its type is the parent's."""
    from .tables import column_constraints

    column = next((c for c in parent.columns if c.name == element.colname and not c.dropped), None)
    if column is None:
        raise SqlError(UNDEFINED_COLUMN, f'column "{element.colname}" does not exist')
    if any(spec.name == column.name for spec in parts.columns):
        from ..sqlstates import DUPLICATE_COLUMN

        raise SqlError(DUPLICATE_COLUMN, f'column "{column.name}" specified more than once')
    spec = ColumnSpec(column.name, column.typid, column.typmod, column.collation, location=element.location)
    parts.columns.append(spec)
    column_constraints(parts, spec, element, table, has_default=False)
    if spec.identity:
        raise SqlError(FEATURE_NOT_SUPPORTED, "identity columns are not supported on partitions")


# --- after the relation has been made ------------------------------------------------------------------


def store_defaults(ctx: Any, oid: int, found: Inherited) -> None:
    """Inherited defaults and generation expressions."""
    from .heap import store_default

    relation = ctx.transaction.catalog.relation(oid)
    attnums = {column.name: column.attnum for column in relation.columns}
    for name, (parent, expr, generated) in found.defaults.items():
        expr = renumber(expr, attribute_map(parent, relation)) if generated else expr
        store_default(
            ctx, oid, attnums[name], expr, temporary=relation.persistence == "t", generated=generated
        )


def store_not_nulls(ctx: Any, oid: int, found: Inherited, local: list[tuple[str, str | None, bool]]) -> Any:
    """NOT NULL constraints of the parents that the statement does not repeat; returns those that it
    repeats, as (column, name, no inherit, parents)."""
    from .constraints import add_not_null, choose_constraint_name, constraint_name_taken

    relation = ctx.transaction.catalog.relation(oid)
    attnums = {column.name: column.attnum for column in relation.columns}
    mine = {column for column, _, _ in local}
    repeated = []
    for column, name, no_inherit in local:
        _, count = found.not_nulls.get(column, (None, 0))
        if count and no_inherit:
            raise SqlError(
                DATATYPE_MISMATCH,
                f'cannot define not-null constraint with NO INHERIT on column "{column}"',
                detail="The column has an inherited not-null constraint.",
            )
        repeated.append((column, name, no_inherit, count))
    for column, name, no_inherit, count in repeated:
        if column not in attnums:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{column}" of relation "{relation.name}" does not exist'
            )
        add_not_null(ctx, oid, attnums[column], name, no_inherit=no_inherit, parents=count)
    for spec in found.columns.values():
        given = found.not_nulls.get(spec.name)
        if given is None or spec.name in mine:
            continue
        label: str | None = given[0]
        if constraint_name_taken(ctx, oid, given[0]):
            label = choose_constraint_name(ctx, relation.name, spec.name, "not_null", relation.namespace)
        add_not_null(ctx, oid, attnums[spec.name], label, local=False, parents=given[1])


def store_checks(ctx: Any, oid: int, found: Inherited) -> None:
    """CHECK constraints of the parents."""
    from .constraints import add_cooked_check

    relation = ctx.transaction.catalog.relation(oid)
    for check in found.checks:
        try:
            expr = renumber(check.expr, attribute_map(check.parent, relation))
        except KeyError:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "cannot convert whole-row table reference",
                detail=f'Constraint "{check.name}" contains a whole-row reference to table '
                f'"{check.parent.name}".',
            ) from None
        add_cooked_check(
            ctx,
            oid,
            check.name,
            expr,
            validated=check.enforced,
            enforced=check.enforced,
            no_inherit=False,
            local=False,
            parents=check.count,
        )


def store_parents(ctx: Any, oid: int, found: Inherited) -> None:
    """pg_inherits, dependencies, and the parents' mark (StoreCatalogInheritance)."""
    for number, parent in enumerate(found.parents, 1):
        store_parent(ctx, oid, parent, number, partition=found.partition)


def store_parent(ctx: Any, oid: int, parent: int, number: int, *, partition: bool) -> None:
    """One row of pg_inherits."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    temporary = catalog.pg_class.get(oid).relpersistence == "t"
    row = new_row(
        transaction.base_catalog,
        "pg_inherits",
        inhrelid=oid,
        inhparent=parent,
        inhseqno=number,
        inhdetachpending=False,
    )
    transaction.catalog_insert("pg_inherits", row, temporary=temporary)
    record_dependency(
        transaction,
        Address(PG_CLASS, oid),
        Address(PG_CLASS, parent),
        AUTO if partition else NORMAL,
        temporary=temporary,
    )
    above = transaction.catalog.pg_class.get(parent)
    if not above.relhassubclass:
        transaction.catalog_update("pg_class", above, above._replace(relhassubclass=True))
    else:
        transaction.catalog_touch("pg_class", above)
