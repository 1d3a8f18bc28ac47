"""What psql and pg_dump ask of publications: there are none, but relations that could be in one."""

from typing import Any

from ..registry import implements

FIRST_NORMAL_OID = 16_384


@implements("pg_relation_is_publishable", context=True)
def pg_relation_is_publishable(ctx: Any, relid: int) -> bool | None:
    """Whether a publication could have the relation (is_publishable_class)."""
    row = ctx.catalog.pg_class.get(relid)
    if row is None:
        return None
    return row.relkind in "rp" and row.relpersistence == "p" and relid >= FIRST_NORMAL_OID


@implements("pg_get_publication_tables", context=True)
def pg_get_publication_tables(ctx: Any, names: Any) -> list[Any]:
    """The tables of publications: none, for there are no publications."""
    return []
