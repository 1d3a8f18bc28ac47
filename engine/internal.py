"""SQL that the server runs on its own account: referential actions, checks of existing rows."""

from collections.abc import Generator, Sequence
from typing import Any

from .catalog.quoting import quote_identifier
from .lockwait import batches
from .portal import StatementContext
from .statement import cached_plan


def run_internal(
    session: Any, text: str, types: Sequence[int] = (), params: Sequence[Any] = (), *, role: int | None = None
) -> Generator[Any, Any, tuple[list[Any], int]]:
    """Run one statement in the current transaction: a generator of breaths that returns (rows, count of
    rows changed). `role`: whose privileges count."""
    saved = session.role
    if role is not None and role != saved:
        session.set_role(role)
    try:
        plan = cached_plan(session, text, tuple(types))
    finally:
        if session.role != saved:
            session.set_role(saved)
    ctx = StatementContext(session, tuple(params), text)
    ctx.attach(session.transaction)
    rows: list[Any] = []
    for item in batches(plan, ctx):
        if type(item) is list:
            rows += item
            yield []
        else:
            yield item
    if not plan.read_only:
        session.transaction.end_command()
    return rows, ctx.processed


def table_name(catalog: Any, relation: Any) -> str:
    """The quoted, schema-qualified name for internal SQL."""
    schema = catalog.pg_namespace.get(relation.namespace).nspname
    return f"{quote_identifier(schema)}.{quote_identifier(relation.name)}"
