"""Columns that go: ALTER TABLE ... DROP COLUMN and what cascades to one."""

from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK

from ..relationlocks import is_lockable, lock_relation


def drop_column_rows(ctx: Any, relid: int, attnum: int) -> None:
    """Mark the column as dropped (RemoveAttributeById); its values stay in the rows, unread."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_attribute.get(relid, attnum)
    if row is None or row.attisdropped:
        return
    transaction.catalog_update(
        "pg_attribute",
        row,
        row._replace(
            attisdropped=True,
            attname=f"........pg.dropped.{attnum}........",
            atttypid=0,
            attnotnull=False,
            attgenerated="",
            atthasmissing=False,
            attmissingval=None,
            attstattarget=None,
            attacl=None,
            attoptions=None,
            atthasdef=False,
            attidentity="",
        ),
    )
    for statistic in catalog.pg_statistic.find("starelid_staattnum", relid, attnum):
        transaction.catalog_delete("pg_statistic", statistic)
    relation = catalog.pg_class.get(relid)
    if relation is not None:
        if transaction.locking and is_lockable(catalog, relid):
            lock_relation(ctx.session, relid, ACCESS_EXCLUSIVE_LOCK)
        transaction.catalog_touch("pg_class", relation)
