"""The errors of constraint violations, with PostgreSQL's texts and fields."""

from typing import Any

from ..catalog.quoting import quote_identifier
from ..errors import SqlError
from ..sqlstates import (
    CARDINALITY_VIOLATION,
    CHECK_VIOLATION,
    FEATURE_NOT_SUPPORTED,
    NOT_NULL_VIOLATION,
    UNIQUE_VIOLATION,
)
from ..types.io import text_output

VALUE_CHARACTERS_MAX = 64


def _readable(ctx: Any, relation: Any, attnums: Any) -> set[int] | None:
    """Those of the columns that the role may SELECT, as errors show no more; None if it is all."""
    role = getattr(getattr(ctx, "session", None), "role", None)
    if role is None:
        return None
    from ..catalog.privileges import has_column_privilege, has_privilege

    if has_privilege(ctx.catalog, role, "table", relation.oid, "SELECT"):
        return None
    return {n for n in attnums if n and has_column_privilege(ctx.catalog, role, relation.oid, n, "SELECT")}


def failing_row(ctx: Any, relation: Any, values: Any) -> str | None:
    """The DETAIL that shows a row, None if the role may read nothing of it."""
    shown = row_description(ctx, relation, values)
    return None if shown is None else f"Failing row contains {shown}."


def row_description(ctx: Any, relation: Any, values: Any) -> str | None:
    """(1, null, abc...) for DETAIL; each value cut to 64 characters. With the names of the columns if not
    all may be read, None if none may."""
    parts = []
    readable = _readable(ctx, relation, range(1, len(relation.columns) + 1))
    if readable is not None and not readable:
        return None
    for column in relation.columns:
        if column.dropped or (readable is not None and column.attnum not in readable):
            continue
        if column.generated == "v":
            parts.append("virtual")
            continue
        value = values[column.attnum - 1]
        if value is None:
            parts.append("null")
        else:
            text = text_output(ctx.catalog, column.typid)(ctx, value)
            if len(text.encode()) > VALUE_CHARACTERS_MAX:
                text = text.encode()[:VALUE_CHARACTERS_MAX].decode("utf-8", "ignore") + "..."
            parts.append(text)
    if readable is not None:
        names = [c.name for c in relation.columns if c.attnum in readable and not c.dropped]
        return f"({', '.join(names)}) = ({', '.join(parts)})"
    return f"({', '.join(parts)})"


def _schema(ctx: Any, relation: Any) -> str:
    row = ctx.catalog.pg_namespace.get(relation.namespace)
    return row.nspname if row is not None else ""


def not_null(ctx: Any, relation: Any, attnum: int, values: Any) -> SqlError:
    """23502."""
    column = relation.columns[attnum - 1]
    return SqlError(
        NOT_NULL_VIOLATION,
        f'null value in column "{column.name}" of relation "{relation.name}" violates not-null constraint',
        detail=failing_row(ctx, relation, values),
        schema=_schema(ctx, relation),
        table=relation.name,
        column=column.name,
    )


def check(ctx: Any, relation: Any, name: str, values: Any) -> SqlError:
    """23514."""
    return SqlError(
        CHECK_VIOLATION,
        f'new row for relation "{relation.name}" violates check constraint "{name}"',
        detail=failing_row(ctx, relation, values),
        schema=_schema(ctx, relation),
        table=relation.name,
        constraint=name,
    )


def outside_partition(ctx: Any, relation: Any, values: Any) -> SqlError:
    """23514 of a partition: the row belongs to another one."""
    return SqlError(
        CHECK_VIOLATION,
        f'new row for relation "{relation.name}" violates partition constraint',
        detail=failing_row(ctx, relation, values),
        schema=_schema(ctx, relation),
        table=relation.name,
    )


def no_partition(ctx: Any, table: Any, values: Any) -> SqlError:
    """23514 of a partitioned table (a PartitionTable): no partition takes a row with these values of the
    key."""
    shown = key_description(ctx, table.relation, table, values, cut=VALUE_CHARACTERS_MAX)
    return SqlError(
        CHECK_VIOLATION,
        f'no partition of relation "{table.relation.name}" found for row',
        detail=None if shown is None else f"Partition key of the failing row contains {shown}.",
        schema=_schema(ctx, table.relation),
        table=table.relation.name,
    )


def key_description(ctx: Any, relation: Any, index: Any, values: Any, cut: int | None = None) -> str | None:
    """(a, lower(b))=(1, x) of an index's key columns; values are those of the key columns. None if the role
    may not read all of them. `cut`: of a partition key, whose values are shortened."""
    keys = [key.attnum for key in index.keys]
    readable = _readable(ctx, relation, keys)
    if readable is not None and not readable.issuperset(keys):
        return None
    names = []
    for key in index.keys:
        if key.attnum:
            names.append(quote_identifier(relation.columns[key.attnum - 1].name))
        else:
            from ..catalog.deparse import deparse_expression

            names.append(deparse_expression(key.expr, relation, ctx.catalog))
    texts = [
        "null" if value is None else text_output(ctx.catalog, key.typid)(ctx, value)
        for key, value in zip(index.keys, values, strict=True)
    ]
    if cut is not None:
        texts = [text if len(text) <= cut else text[:cut] + "..." for text in texts]
        return f"({', '.join(names)}) = ({', '.join(texts)})"
    return f"({', '.join(names)})=({', '.join(texts)})"


def _key_detail(ctx: Any, relation: Any, index: Any, values: Any, what: str) -> str | None:
    shown = key_description(ctx, relation, index, values)
    return None if shown is None else f"Key {shown} {what}."


def unique(ctx: Any, relation: Any, index: Any, values: Any) -> SqlError:
    """23505; the constraint field is the index's name."""
    return SqlError(
        UNIQUE_VIOLATION,
        f'duplicate key value violates unique constraint "{index.name}"',
        detail=_key_detail(ctx, relation, index, values, "already exists"),
        schema=_schema(ctx, relation),
        table=relation.name,
        constraint=index.name,
    )


def not_buildable(ctx: Any, relation: Any, index: Any, values: Any) -> SqlError:
    """23505 of CREATE UNIQUE INDEX."""
    return SqlError(
        UNIQUE_VIOLATION,
        f'could not create unique index "{index.name}"',
        detail=_key_detail(ctx, relation, index, values, "is duplicated"),
        schema=_schema(ctx, relation),
        table=relation.name,
        constraint=index.name,
    )


def moved_by_conflict() -> SqlError:
    """0A000: ON CONFLICT DO UPDATE cannot put a row into another partition."""
    return SqlError(
        FEATURE_NOT_SUPPORTED,
        "invalid ON UPDATE specification",
        detail="The result tuple would appear in a different partition than the original tuple.",
    )


def second_time(command: str) -> SqlError:
    """21000: one command may not change a row twice."""
    hints = {
        "ON CONFLICT DO UPDATE": "Ensure that no rows proposed for insertion within the same command have "
        "duplicate constrained values.",
        "MERGE": "Ensure that not more than one source row matches any one target row.",
    }
    return SqlError(
        CARDINALITY_VIOLATION, f"{command} command cannot affect row a second time", hint=hints.get(command)
    )
