"""Constraints of tables: CHECK, NOT NULL, PRIMARY KEY, UNIQUE, FOREIGN KEY as pg_constraint rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from ..catalog.trees import load_tree
from ..errors import Notice, SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_FOREIGN_KEY,
    INVALID_OBJECT_DEFINITION,
    INVALID_TABLE_DEFINITION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..tree import strip_locations
from .dependencies import AUTO, NORMAL, PG_CLASS, PG_CONSTRAINT, Address, record_dependency, record_expression
from .heap import BTREE_AM, attnums_array, column_number, table_parse_state
from .indexes import IndexColumn, check_column_count, index_opclass, insert_index
from .names import choose_relation_name, find_relation, is_owner, make_object_name
from .reloptions import storage_options
from .rows import new_row


def constraint_name_taken(ctx: Any, relid: int, name: str) -> bool:
    """Whether the relation has a constraint of that name."""
    return bool(ctx.transaction.catalog.pg_constraint.find("conrelid_contypid_conname", relid, 0, name))


def choose_constraint_name(ctx: Any, name1: str, name2: str | None, label: str, namespace: int) -> str:
    """table_col_label, numbered if taken in the schema (ChooseConstraintName)."""
    catalog = ctx.transaction.catalog
    number = 0
    while True:
        name = make_object_name(name1, name2, f"{label}{number}" if number else label)
        if not catalog.pg_constraint.find("conname_connamespace", name, namespace):
            return name
        number += 1


def insert_constraint(ctx: Any, relation: Any, name: str, kind: str, **columns: Any) -> int:
    """The pg_constraint row of a table constraint; 42710 if the name is taken. Returns its oid."""
    transaction = ctx.transaction
    if constraint_name_taken(ctx, relation.oid, name):
        raise SqlError(DUPLICATE_OBJECT, f'constraint "{name}" for relation "{relation.name}" already exists')
    oid = int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_constraint",
        new_row(
            transaction.base_catalog,
            "pg_constraint",
            oid=oid,
            conname=name,
            connamespace=relation.namespace,
            contype=kind,
            conrelid=relation.oid,
            **columns,
        ),
        temporary=relation.persistence == "t",
    )
    return oid


def add_check(ctx: Any, relid: int, constraint: Any, *, validated: bool = True) -> Any:
    """A CHECK constraint; returns the cooked expression and the name."""
    from ..bind.coercion import coerce_to_boolean
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr

    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    pstate = table_parse_state(ctx, relid)
    expr = transform_expr(pstate, constraint.raw_expr, "check_constraint")
    expr = assign_expr_collations(pstate, coerce_to_boolean(pstate, expr, "CHECK"))
    name = constraint.conname or check_name(ctx, relation, expr)
    add_cooked_check(
        ctx,
        relid,
        name,
        expr,
        validated=validated and bool(constraint.is_enforced),
        enforced=bool(constraint.is_enforced),
        no_inherit=bool(constraint.is_no_inherit),
    )
    return expr, name


def check_name(ctx: Any, relation: Any, expr: Any) -> str:
    """The name of a CHECK without one: with its column's, if it uses only one."""
    from ..tree import Var
    from ..treetypes import walk

    attnums = {node.varattno for node in walk(expr) if isinstance(node, Var) and node.varattno > 0}
    column = relation.columns[attnums.pop() - 1].name if len(attnums) == 1 else None
    return choose_constraint_name(ctx, relation.name, column, "check", relation.namespace)


def merge_check(ctx: Any, relid: int, constraint: Any) -> bool:
    """Whether a CHECK of CREATE TABLE is one that the parents have, too; it then is the table's own as well
    (MergeWithExistingConstraint)."""
    if constraint.conname is None:
        return False
    expr = None
    if constraint.raw_expr is not None:
        rows = ctx.transaction.catalog.pg_constraint.find(
            "conrelid_contypid_conname", relid, 0, constraint.conname
        )
        if not rows or not rows[0].coninhcount:
            return False
        expr = _cooked(ctx, relid, constraint)
    return merge_cooked_check(
        ctx,
        relid,
        constraint.conname,
        expr,
        enforced=bool(constraint.is_enforced),
        no_inherit=bool(constraint.is_no_inherit),
    )


def merge_cooked_check(
    ctx: Any, relid: int, name: str, expr: Any, *, enforced: bool, no_inherit: bool
) -> bool:
    """As merge_check, of an analysed expression."""
    transaction = ctx.transaction
    rows = transaction.catalog.pg_constraint.find("conrelid_contypid_conname", relid, 0, name)
    if not rows or rows[0].contype != "c" or not rows[0].coninhcount:
        return False
    row = rows[0]
    relation = transaction.catalog.relation(relid)
    if strip_locations(expr) != strip_locations(load_tree(row.conbin)):
        raise SqlError(DUPLICATE_OBJECT, f'constraint "{name}" for relation "{relation.name}" already exists')
    if no_inherit:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'constraint "{name}" conflicts with inherited constraint on relation "{relation.name}"',
        )
    if not enforced and row.conenforced:
        raise SqlError(
            INVALID_OBJECT_DEFINITION,
            f'constraint "{name}" conflicts with NOT ENFORCED constraint on relation "{relation.name}"',
        )
    ctx.notice(Notice(f'merging constraint "{name}" with inherited definition'))
    if not relation.row.relispartition:
        transaction.catalog_update("pg_constraint", row, row._replace(conislocal=True))
    return True


def _cooked(ctx: Any, relid: int, constraint: Any) -> Any:
    from ..bind.coercion import coerce_to_boolean
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr

    pstate = table_parse_state(ctx, relid)
    expr = transform_expr(pstate, constraint.raw_expr, "check_constraint")
    return strip_locations(assign_expr_collations(pstate, coerce_to_boolean(pstate, expr, "CHECK")))


def add_cooked_check(
    ctx: Any,
    relid: int,
    name: str,
    expr: Any,
    *,
    validated: bool,
    enforced: bool,
    no_inherit: bool,
    local: bool = True,
    parents: int = 0,
) -> int:
    """The rows of a CHECK constraint with an analysed expression; returns its oid."""
    from .. import tree as t
    from ..treecodec import dump
    from ..treetypes import walk

    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    if no_inherit and relation.kind == "p":
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot add NO INHERIT constraint to partitioned table "{relation.name}"',
        )
    attnums = sorted({node.varattno for node in walk(expr) if isinstance(node, t.Var) and node.varattno > 0})
    temporary = relation.persistence == "t"
    oid = insert_constraint(
        ctx,
        relation,
        name,
        "c",
        conbin=dump(expr),
        conkey=attnums_array(attnums) if attnums else None,
        convalidated=validated,
        conenforced=enforced,
        connoinherit=no_inherit,
        conislocal=local,
        coninhcount=parents,
    )
    address = Address(PG_CONSTRAINT, oid)
    for attnum in attnums:
        record_dependency(transaction, address, Address(PG_CLASS, relid, attnum), AUTO, temporary=temporary)
    if not attnums:
        record_dependency(transaction, address, Address(PG_CLASS, relid), AUTO, temporary=temporary)
    record_expression(transaction, address, expr, relid, NORMAL, NORMAL, temporary=temporary)
    row = transaction.catalog.pg_class.get(relid)
    transaction.catalog_update("pg_class", row, row._replace(relchecks=row.relchecks + 1))
    return oid


def add_not_null(
    ctx: Any,
    relid: int,
    attnum: int,
    name: str | None = None,
    *,
    no_inherit: bool = False,
    validated: bool = True,
    local: bool = True,
    parents: int = 0,
) -> None:
    """A NOT NULL constraint (PostgreSQL 18 keeps them in pg_constraint) and attnotnull."""
    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    column = relation.columns[attnum - 1]
    if attnum in relation.extra.get("not_null", {}):
        return
    if name is None:
        name = choose_constraint_name(ctx, relation.name, column.name, "not_null", relation.namespace)
    temporary = relation.persistence == "t"
    oid = insert_constraint(
        ctx,
        relation,
        name,
        "n",
        conkey=attnums_array([attnum]),
        connoinherit=no_inherit,
        convalidated=validated,
        conislocal=local,
        coninhcount=parents,
    )
    record_dependency(
        transaction, Address(PG_CONSTRAINT, oid), Address(PG_CLASS, relid, attnum), AUTO, temporary=temporary
    )
    row = transaction.catalog.pg_attribute.get(relid, attnum)
    if not row.attnotnull:
        transaction.catalog_update("pg_attribute", row, row._replace(attnotnull=True))


def key_columns(ctx: Any, relation: Any, constraint: Any) -> tuple[list[int], list[int]]:
    """The key and INCLUDE attnums of a PRIMARY KEY or UNIQUE constraint."""
    what = "primary key" if constraint.contype.name == "CONSTR_PRIMARY" else "unique"
    keys: list[int] = []
    for key in constraint.keys:
        attnum = column_number(relation, key.sval)
        if attnum is None:
            raise SqlError(
                UNDEFINED_COLUMN,
                f'column "{key.sval}" named in key does not exist',
                position=constraint.location,
            )
        if attnum in keys:
            raise SqlError(
                DUPLICATE_COLUMN,
                f'column "{key.sval}" appears twice in {what} constraint',
                position=constraint.location,
            )
        keys.append(attnum)
    include = []
    for key in constraint.including or ():
        attnum = column_number(relation, key.sval)
        if attnum is None:
            raise SqlError(
                UNDEFINED_COLUMN,
                f'column "{key.sval}" named in key does not exist',
                position=constraint.location,
            )
        include.append(attnum)
    return keys, include


def add_key(ctx: Any, relid: int, constraint: Any, *, build: bool, only: bool = False) -> Iterator[Any]:
    """A PRIMARY KEY or UNIQUE constraint with its index; a generator of breaths."""
    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    primary = constraint.contype.name == "CONSTR_PRIMARY"
    if constraint.without_overlaps:
        raise SqlError(FEATURE_NOT_SUPPORTED, "WITHOUT OVERLAPS constraints are not supported")
    if primary and any(index.primary for index in relation.indexes):
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'multiple primary keys for table "{relation.name}" are not allowed',
            position=constraint.location
            if constraint.location is not None
            and constraint.location >= 0
            and not relation.row.relispartition
            else None,
        )
    keys, include = key_columns(ctx, relation, constraint)
    check_column_count(ctx, len(keys) + len(include))
    if primary:
        for attnum in keys:
            if relation.columns[attnum - 1].generated == "v":
                raise SqlError(
                    FEATURE_NOT_SUPPORTED, "primary keys on virtual generated columns are not supported"
                )
            add_not_null(ctx, relid, attnum)
        relation = transaction.catalog.relation(relid)
    from .partitionindexes import check_unique_key, index_partitions, invalidate_index

    check_unique_key(ctx, relation, keys, "PRIMARY KEY" if primary else "UNIQUE")
    columns = []
    for attnum in keys:
        column = relation.columns[attnum - 1]
        columns.append(
            IndexColumn(
                attnum,
                None,
                column.name,
                column.typid,
                column.typmod,
                column.collation,
                index_opclass(ctx, None, column.typid, BTREE_AM),
                0,
            )
        )
    name = constraint.conname
    if name is None:
        named = [relation.columns[attnum - 1].name for attnum in (*keys, *include)]
        joined = None if primary else "_".join(named)
        name = choose_relation_name(
            ctx, relation.name, joined, "pkey" if primary else "key", relation.namespace
        )
    oid = insert_key_constraint_row(
        ctx,
        relation,
        name,
        primary,
        keys,
        deferrable=bool(constraint.deferrable),
        deferred=bool(constraint.initdeferred),
        include=include,
    )
    index = insert_index(
        ctx,
        relation,
        name,
        columns,
        include,
        unique=True,
        primary=primary,
        predicate=None,
        nulls_not_distinct=bool(constraint.nulls_not_distinct),
        am=BTREE_AM,
        immediate=not constraint.deferrable,
        constraint=oid,
        options=storage_options(constraint.options, "btree"),
    )
    if relation.kind == "p" and only:
        invalidate_index(ctx, index)
    elif build or relation.kind == "p":
        yield from index_partitions(ctx, relid, index, build=build)


def insert_key_constraint_row(
    ctx: Any,
    relation: Any,
    name: str,
    primary: bool,
    keys: Sequence[int],
    *,
    deferrable: bool,
    deferred: bool,
    include: Sequence[int] = (),
) -> int:
    """The pg_constraint row of a PRIMARY KEY or UNIQUE constraint; its index is set later."""
    oid = insert_constraint(
        ctx,
        relation,
        name,
        "p" if primary else "u",
        conkey=attnums_array(keys),
        condeferrable=deferrable,
        condeferred=deferred,
        connoinherit=True,
    )
    for attnum in [*keys, *include]:
        record_dependency(
            ctx.transaction,
            Address(PG_CONSTRAINT, oid),
            Address(PG_CLASS, relation.oid, attnum),
            AUTO,
            temporary=relation.persistence == "t",
        )
    return oid


def add_foreign_key(
    ctx: Any, relid: int, constraint: Any, *, validate: bool, only: bool = False
) -> Iterator[Any]:
    """A FOREIGN KEY constraint (ATAddForeignKeyConstraint); with `validate` existing rows are checked."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    relation = catalog.relation(relid)
    target_oid = find_relation(ctx, constraint.pktable)
    target = catalog.relation(target_oid)
    if target.kind not in "rp":
        raise SqlError(WRONG_OBJECT_TYPE, f'referenced relation "{target.name}" is not a table')
    if relation.kind == "p" and only and not relation.row.relispartition:
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot use ONLY for foreign key on partitioned table "{relation.name}" referencing relation '
            f'"{target.name}"',
        )
    _check_persistence(relation, target)
    columns = _fk_columns(relation, constraint.fk_attrs or ())
    if constraint.pk_attrs:
        refcolumns = _fk_columns(target, constraint.pk_attrs)
        index = _matching_index(ctx, target, refcolumns)
    else:
        index = next((index for index in target.indexes if index.primary), None)
        if index is None:
            raise SqlError(UNDEFINED_OBJECT, f'there is no primary key for referenced table "{target.name}"')
        refcolumns = [key.attnum for key in index.keys]
    if index.deferrable:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f"cannot use a deferrable {'primary key' if index.primary else 'unique constraint'} for "
            f'referenced table "{target.name}"',
        )
    if len(columns) != len(refcolumns):
        raise SqlError(
            INVALID_FOREIGN_KEY, "number of referencing and referenced columns for foreign key disagree"
        )
    if not is_owner(ctx, target.owner):
        from ..catalog.privileges import has_privilege

        if not has_privilege(catalog, ctx.session.role, "table", target.oid, "REFERENCES"):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for table {target.name}")
    name = constraint.conname
    if name is None:
        joined = "_".join(relation.columns[attnum - 1].name for attnum in columns)
        name = choose_constraint_name(ctx, relation.name, joined, "fkey", relation.namespace)
    operators = [
        foreign_key_operators(ctx, relation, target, a, b, name)
        for a, b in zip(columns, refcolumns, strict=True)
    ]
    set_columns = _fk_columns(relation, constraint.fk_del_set_cols or ())
    oid = _insert_foreign_key(
        ctx, relation, target, name, constraint, columns, refcolumns, index, operators, set_columns
    )
    from .partitionkeys import expand_foreign_key

    expand_foreign_key(ctx, oid)
    if validate and not constraint.skip_validation and constraint.is_enforced:
        from ..run.deferred import validate_foreign_key

        fresh = transaction.catalog.relation(relid)
        foreign_key = next(fk for fk in fresh.foreign_keys if fk.oid == oid)
        yield from validate_foreign_key(ctx, fresh, foreign_key)


def _insert_foreign_key(
    ctx: Any,
    relation: Any,
    target: Any,
    name: str,
    constraint: Any,
    columns: Sequence[int],
    refcolumns: Sequence[int],
    index: Any,
    operators: Sequence[tuple[int, int, int]],
    set_columns: Sequence[int],
) -> int:
    from ..values import make_array

    transaction = ctx.transaction
    oid = insert_constraint(
        ctx,
        relation,
        name,
        "f",
        confrelid=target.oid,
        conindid=index.oid,
        conkey=attnums_array(columns),
        confkey=attnums_array(refcolumns),
        confupdtype=constraint.fk_upd_action,
        confdeltype=constraint.fk_del_action,
        confmatchtype=constraint.fk_matchtype,
        condeferrable=bool(constraint.deferrable),
        condeferred=bool(constraint.initdeferred),
        conenforced=bool(constraint.is_enforced),
        convalidated=bool(constraint.initially_valid)
        and not constraint.skip_validation
        and bool(constraint.is_enforced),
        conpfeqop=make_array(26, [pair[0] for pair in operators]),
        conppeqop=make_array(26, [pair[1] for pair in operators]),
        conffeqop=make_array(26, [pair[2] for pair in operators]),
        confdelsetcols=attnums_array(set_columns) if set_columns else None,
        connoinherit=relation.kind != "p",
    )
    temporary = relation.persistence == "t"
    address = Address(PG_CONSTRAINT, oid)
    for attnum in columns:
        record_dependency(
            transaction, address, Address(PG_CLASS, relation.oid, attnum), AUTO, temporary=temporary
        )
    for attnum in refcolumns:
        record_dependency(
            transaction, address, Address(PG_CLASS, target.oid, attnum), NORMAL, temporary=temporary
        )
    record_dependency(transaction, address, Address(PG_CLASS, index.oid), NORMAL, temporary=temporary)
    for relid in {relation.oid, target.oid}:
        row = transaction.catalog.pg_class.get(relid)
        transaction.catalog_update("pg_class", row, row._replace(relhastriggers=True))
    return oid


def _check_persistence(relation: Any, target: Any) -> None:
    message = None
    if relation.persistence == "p" and target.persistence != "p":
        message = "constraints on permanent tables may reference only permanent tables"
    elif relation.persistence == "u" and target.persistence not in "pu":
        message = "constraints on unlogged tables may reference only permanent or unlogged tables"
    elif relation.persistence == "t" and target.persistence != "t":
        message = "constraints on temporary tables may reference only temporary tables"
    if message is not None:
        raise SqlError(INVALID_TABLE_DEFINITION, message)


def _fk_columns(relation: Any, names: Any) -> list[int]:
    out = []
    for name in names:
        attnum = column_number(relation, name.sval)
        if attnum is None:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{name.sval}" referenced in foreign key constraint does not exist'
            )
        out.append(attnum)
    return out


def _matching_index(ctx: Any, target: Any, refcolumns: Sequence[int]) -> Any:
    if len(set(refcolumns)) != len(refcolumns):
        raise SqlError(INVALID_FOREIGN_KEY, "foreign key referenced-columns list must not contain duplicates")
    deferrable = None
    for index in target.indexes:
        if not index.unique or index.predicate is not None or len(index.keys) != len(refcolumns):
            continue
        if any(key.attnum == 0 for key in index.keys) or {key.attnum for key in index.keys} != set(
            refcolumns
        ):
            continue
        if index.deferrable:
            deferrable = index
            continue
        return index
    if deferrable is not None:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot use a deferrable unique constraint for referenced table "{target.name}"',
        )
    raise SqlError(
        INVALID_FOREIGN_KEY,
        f'there is no unique constraint matching given keys for referenced table "{target.name}"',
    )


def foreign_key_operators(
    ctx: Any, relation: Any, target: Any, attnum: int, refattnum: int, name: str
) -> tuple[int, int, int]:
    """(pk = fk, pk = pk, fk = fk) equality operators; 42804 if there is none."""
    from ..bind.coercion import COERCION_IMPLICIT, can_coerce_type
    from ..lsyscache import get_default_opclass, get_opfamily_member

    catalog = ctx.transaction.catalog
    fk_type = catalog.base_type(relation.columns[attnum - 1].typid)
    pk_type = catalog.base_type(target.columns[refattnum - 1].typid)
    opclass = get_default_opclass(catalog, pk_type, BTREE_AM)
    if opclass is not None:
        family, input_type = opclass.opcfamily, opclass.opcintype
        pp = get_opfamily_member(catalog, family, input_type, input_type, 3)
        pf = get_opfamily_member(catalog, family, input_type, fk_type, 3)
        ff = get_opfamily_member(catalog, family, fk_type, fk_type, 3)
        if not (pf and ff) and can_coerce_type(
            catalog, (pk_type, fk_type), (input_type, input_type), COERCION_IMPLICIT
        ):
            pf = ff = pp
        if pf and ff:
            return pf, pp, ff
    fk_column, pk_column = relation.columns[attnum - 1], target.columns[refattnum - 1]
    raise SqlError(
        DATATYPE_MISMATCH,
        f'foreign key constraint "{name}" cannot be implemented',
        detail=f'Key columns "{fk_column.name}" of the referencing table and "{pk_column.name}" of the '
        "referenced "
        f"table are of incompatible types: {catalog.format_type(fk_column.typid, fk_column.typmod)} and "
        f"{catalog.format_type(pk_column.typid, pk_column.typmod)}.",
    )
