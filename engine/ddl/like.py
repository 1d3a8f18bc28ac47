"""CREATE TABLE (LIKE source INCLUDING ...): what is copied from another relation (transformTableLikeClause).

Columns and NOT NULL constraints are copied while the elements are sorted; what refers to columns of the new
table (defaults, checks, indexes, statistics, comments) once it exists.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from pglast import ast

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE, WRONG_OBJECT_TYPE
from .comment import copy_comment
from .constraints import add_cooked_check, insert_key_constraint_row, merge_cooked_check
from .dependencies import INTERNAL, PG_CLASS, PG_CONSTRAINT
from .heap import BTREE_AM, ColumnSpec, store_default
from .indexes import IndexColumn, build_index, default_index_name, insert_index, unsuitable_relation
from .names import choose_relation_name, find_relation

COMMENTS, COMPRESSION, CONSTRAINTS, DEFAULTS, GENERATED, IDENTITY, INDEXES, STATISTICS, STORAGE = (
    1 << n for n in range(9)
)


def expand_like(ctx: Any, parts: Any, element: ast.TableLikeClause) -> None:
    """Add the source's columns to `parts`, and a function that copies the rest to `parts.likes`."""
    from ..catalog.privileges import has_privilege

    oid = find_relation(ctx, element.relation)
    catalog = ctx.transaction.catalog
    source = catalog.relation(oid)
    if source.kind not in "rvmcfp":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'relation "{source.name}" is invalid in LIKE clause',
            detail=unsuitable_relation(source.kind),
            position=element.relation.location,
        )
    if source.kind == "c":
        if not has_privilege(catalog, ctx.session.role, "type", source.rowtype, "USAGE"):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for type {source.name}")
    elif not has_privilege(catalog, ctx.session.role, "table", source.oid, "SELECT"):
        word = "view" if source.kind in "v" else "table"
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {word} {source.name}")
    options = element.options or 0
    not_null = source.extra.get("not_null", {})
    for column in source.columns:
        if column.dropped:
            continue
        row = catalog.pg_attribute.get(source.oid, column.attnum)
        spec = ColumnSpec(column.name, column.typid, column.typmod, column.collation, dimensions=row.attndims)
        parts.columns.append(spec)
        if options & STORAGE:
            spec.storage = row.attstorage
        if options & COMPRESSION:
            spec.compression = row.attcompression
        if column.identity and options & IDENTITY:
            spec.identity = column.identity
            parts.sequences.append(
                (
                    spec.name,
                    {"options": _identity_options(ctx, source.oid, column.attnum), "as": spec.typid},
                    INTERNAL,
                    None,
                )
            )
        constraint = not_null.get(column.attnum)
        if constraint is not None:
            parts.not_nulls.append((spec.name, constraint.conname, constraint.connoinherit))
        elif spec.identity:
            parts.not_nulls.append((spec.name, None, False))
    parts.likes.append(lambda new: _copy_rest(ctx, source, new, options))


def _identity_options(ctx: Any, relid: int, attnum: int) -> tuple[Any, ...]:
    """The options of a column's identity sequence, as the parser would give them."""
    from .sequences import identity_sequence

    sequence = ctx.transaction.catalog.pg_sequence.get(identity_sequence(ctx, relid, attnum))

    def number(name: str, value: int) -> Any:
        return ast.DefElem(defname=name, arg=ast.Float(fval=str(value)))

    return (
        number("cache", sequence.seqcache),
        number("increment", sequence.seqincrement),
        number("maxvalue", sequence.seqmax),
        number("minvalue", sequence.seqmin),
        number("start", sequence.seqstart),
        ast.DefElem(defname="cycle", arg=ast.Boolean(boolval=sequence.seqcycle)),
    )


def map_variables(expr: Any, numbers: dict[int, int], refuse: Any) -> Any:
    """The expression with its columns renumbered; `refuse()` makes the error for whole-row Vars."""
    if isinstance(expr, t.Var) and expr.varlevelsup == 0:
        if expr.varattno == 0:
            raise refuse()
        if expr.varattno > 0:
            return msgspec.structs.replace(expr, varattno=numbers[expr.varattno])
        return expr
    return t.map_children(expr, lambda node: map_variables(node, numbers, refuse))


def _copy_rest(ctx: Any, source: Any, new: int, options: int) -> Iterator[Any]:
    transaction = ctx.transaction
    relation = transaction.catalog.relation(new)
    temporary = relation.persistence == "t"
    by_name = {column.name: column.attnum for column in relation.columns}
    numbers = {column.attnum: by_name[column.name] for column in source.columns if not column.dropped}
    for column in source.columns:
        if column.dropped or column.default is None:
            continue
        if options & (GENERATED if column.generated else DEFAULTS):

            def refuse(name: str = column.name) -> SqlError:
                return SqlError(
                    FEATURE_NOT_SUPPORTED,
                    "cannot convert whole-row table reference",
                    detail=f'Generation expression for column "{name}" contains a whole-row reference to '
                    f'table "{source.name}".',
                )

            expr = map_variables(column.default, numbers, refuse)
            store_default(
                ctx, new, numbers[column.attnum], expr, temporary=temporary, generated=column.generated
            )
    if options & CONSTRAINTS:
        for check in sorted(source.checks, key=lambda item: item.name):
            _copy_check(ctx, source, new, check, numbers, options)
    if options & COMMENTS:
        for old, number in numbers.items():
            copy_comment(ctx, (PG_CLASS, source.oid, old), (PG_CLASS, new, number))
    if options & INDEXES:
        for index in source.indexes:
            yield from _copy_index(ctx, source, new, index, numbers, options)
    if options & STATISTICS:
        from .statistics import copy_statistics

        copy_statistics(ctx, source, new, numbers, comments=bool(options & COMMENTS))


def _copy_check(ctx: Any, source: Any, new: int, check: Any, numbers: dict[int, int], options: int) -> None:
    def refuse() -> SqlError:
        return SqlError(
            FEATURE_NOT_SUPPORTED,
            "cannot convert whole-row table reference",
            detail=f'Constraint "{check.name}" contains a whole-row reference to table "{source.name}".',
        )

    row = ctx.transaction.catalog.pg_constraint.get(check.oid)
    expr = map_variables(check.expr, numbers, refuse)
    if merge_cooked_check(ctx, new, check.name, expr, enforced=row.conenforced, no_inherit=row.connoinherit):
        rows = ctx.transaction.catalog.pg_constraint.find("conrelid_contypid_conname", new, 0, check.name)
        if options & COMMENTS:
            copy_comment(ctx, (PG_CONSTRAINT, check.oid, 0), (PG_CONSTRAINT, rows[0].oid, 0))
        return
    oid = add_cooked_check(
        ctx,
        new,
        check.name,
        expr,
        validated=row.conenforced,
        enforced=row.conenforced,
        no_inherit=row.connoinherit,
    )
    if options & COMMENTS:
        copy_comment(ctx, (PG_CONSTRAINT, check.oid, 0), (PG_CONSTRAINT, oid, 0))


def _copy_index(
    ctx: Any, source: Any, new: int, index: Any, numbers: dict[int, int], options: int
) -> Iterator[Any]:
    def refuse() -> SqlError:
        return SqlError(
            FEATURE_NOT_SUPPORTED,
            "cannot convert whole-row table reference",
            detail=f'Index "{index.name}" contains a whole-row table reference.',
        )

    catalog = ctx.transaction.catalog
    relation = catalog.relation(new)
    shape = catalog.pg_index.get(index.oid)
    attributes = {row.attnum: row for row in catalog.pg_attribute.find("attrelid", index.oid)}
    columns = []
    for number, key in enumerate(index.keys, 1):
        attribute = attributes[number]
        columns.append(
            IndexColumn(
                numbers[key.attnum] if key.attnum else 0,
                None if key.expr is None else map_variables(key.expr, numbers, refuse),
                attribute.attname,
                attribute.atttypid,
                attribute.atttypmod,
                key.collation,
                key.opclass,
                shape.indoption.items[number - 1],
            )
        )
    constraint = catalog.pg_constraint.get(index.constraint) if index.constraint else None
    include = [numbers[attnum] for attnum in index.include]
    predicate = None if index.predicate is None else map_variables(index.predicate, numbers, refuse)
    if constraint is not None:
        names = [column.name for column in columns]
        names += [relation.columns[attnum - 1].name for attnum in include]
        joined = None if index.primary else "_".join(names)
        name = choose_relation_name(
            ctx, relation.name, joined, "pkey" if index.primary else "key", relation.namespace
        )
        constraint_oid = insert_key_constraint_row(
            ctx,
            relation,
            name,
            index.primary,
            [column.attnum for column in columns],
            deferrable=index.deferrable,
            deferred=index.deferred,
            include=include,
        )
    else:
        name, constraint_oid = default_index_name(ctx, relation, columns, include, "idx"), 0
    am = catalog.pg_class.get(index.oid).relam or BTREE_AM
    oid = insert_index(
        ctx,
        relation,
        name,
        columns,
        include,
        unique=index.unique,
        primary=index.primary,
        predicate=predicate,
        nulls_not_distinct=index.nulls_not_distinct,
        am=am,
        immediate=not index.deferrable,
        constraint=constraint_oid,
        options=catalog.pg_class.get(index.oid).reloptions,
    )
    if options & COMMENTS:
        copy_comment(ctx, (PG_CLASS, index.oid, 0), (PG_CLASS, oid, 0))
        if constraint_oid:
            copy_comment(ctx, (PG_CONSTRAINT, index.constraint, 0), (PG_CONSTRAINT, constraint_oid, 0))
    yield from build_index(ctx, new, oid)
