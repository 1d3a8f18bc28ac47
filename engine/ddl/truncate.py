"""TRUNCATE: the tables get fresh storage, so it is transactional and takes no time."""

from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK
from gaveldb.storage.api import row_span
from pglast import ast

from ..catalog.inheritance import descendants
from ..catalog.triggers import triggers_of
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..relationlocks import is_lockable, lock_relation
from ..run.triggers import statement as fire_statement
from ..sqlstates import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE, WRONG_OBJECT_TYPE
from .dependencies import PG_CLASS
from .names import find_relation


@command("TruncateStmt", tag="TRUNCATE TABLE")
def truncate(ctx: Any, statement: ast.TruncateStmt) -> None:
    """TRUNCATE tables [RESTART IDENTITY] [CASCADE]."""
    from ..catalog.privileges import has_privilege

    catalog = ctx.transaction.catalog
    cascade = statement.behavior.name == "DROP_CASCADE"
    oids: list[int] = []
    for target in statement.relations:
        oid = find_relation(ctx, target)
        assert oid is not None
        row = catalog.pg_class.get(oid)
        if row.relkind not in "rp":
            raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not a table')
        if oid < 16384:
            raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{row.relname}" is a system catalog')
        if not has_privilege(catalog, ctx.session.role, "table", oid, "TRUNCATE"):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for table {row.relname}")
        if oid not in oids:
            oids.append(oid)
        if target.inh:
            for child in descendants(catalog, oid)[1:]:
                if child not in oids:
                    _lock_child(ctx, child)
                    oids.append(child)
        elif row.relkind == "p":
            raise SqlError(
                WRONG_OBJECT_TYPE,
                "cannot truncate only a partitioned table",
                hint="Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.",
            )
    index = 0
    while index < len(oids):
        relation = catalog.relation(oids[index])
        index += 1
        for foreign_key in relation.referenced_by:
            if foreign_key.relid in oids:
                continue
            child = catalog.pg_class.get(foreign_key.relid)
            if not cascade:
                raise SqlError(
                    FEATURE_NOT_SUPPORTED,
                    "cannot truncate a table referenced in a foreign key constraint",
                    detail=f'Table "{child.relname}" references "{relation.name}".',
                    hint=f'Truncate table "{child.relname}" at the same time, or use TRUNCATE ... CASCADE.',
                )
            lockable = ctx.transaction.locking and is_lockable(catalog, child.oid)
            if lockable and lock_relation(ctx.session, child.oid, ACCESS_EXCLUSIVE_LOCK):
                ctx.session.renew_catalog(ctx)
                catalog = ctx.transaction.catalog
                if catalog.pg_class.get(child.oid) is None:
                    continue
            ctx.notice(Notice(f'truncate cascades to table "{child.relname}"'))
            oids += [oid for oid in descendants(catalog, foreign_key.relid) if oid not in oids]
    for oid in oids:
        triggers = triggers_of(ctx.transaction.catalog, oid)
        if triggers is not None:
            fire_statement(ctx, triggers, [("truncate", frozenset())])
    for oid in oids:
        truncate_relation(ctx, oid)
        if statement.restart_seqs:
            restart_sequences(ctx, oid)


def truncate_relation(ctx: Any, oid: int) -> None:
    """Fresh storage for a table and its indexes."""
    catalog = ctx.transaction.catalog
    relation = catalog.relation(oid)
    if relation.kind == "p":
        return
    for target in (oid, *[index.oid for index in relation.indexes]):
        new_storage(ctx, target)


def _lock_child(ctx: Any, oid: int) -> None:
    if ctx.transaction.locking and is_lockable(ctx.transaction.catalog, oid):
        lock_relation(ctx.session, oid, ACCESS_EXCLUSIVE_LOCK)


def new_storage(ctx: Any, oid: int) -> int:
    """An empty storage number for a relation; the old one's rows go at COMMIT."""
    transaction = ctx.transaction
    row = transaction.catalog.pg_class.get(oid)
    low, high = row_span(row.relfilenode)
    transaction.delete_range(low, high)
    transaction.validate_range(low, high)
    storage_id = transaction.new_storage_id(row.relpersistence == "t", row.relkind)
    transaction.catalog_update("pg_class", row, row._replace(relfilenode=storage_id, reltuples=-1.0))
    return int(storage_id)


def restart_sequences(ctx: Any, oid: int) -> None:
    """RESTART IDENTITY: the sequences owned by the table's columns."""
    from .sequences import change_sequence

    catalog = ctx.transaction.catalog
    for row in catalog.pg_depend.find("refclassid_refobjid", PG_CLASS, oid):
        if row.classid == PG_CLASS and row.refobjsubid and row.deptype in "ai":
            sequence = catalog.pg_class.get(row.objid)
            if sequence is not None and sequence.relkind == "S":
                change_sequence(ctx, row.objid, (ast.DefElem(defname="restart", arg=None),))
