"""ON COMMIT DROP and ON COMMIT DELETE ROWS of temporary tables."""

from typing import Any

from gaveldb.storage.api import row_span

from ..portal import StatementContext
from .deletion import perform_deletion
from .dependencies import PG_CLASS, Address


def on_commit_actions(session: Any) -> None:
    """Empty or drop the session's temporary tables that ask for it, as the last thing before COMMIT."""
    transaction = session.transaction
    transaction.end_command()
    if transaction.snapshot is None:  # BEGIN; COMMIT
        transaction.take_snapshot()
    dropped: list[Address] = []
    for oid, action in session.on_commit_tables():
        if transaction.catalog.pg_class.get(oid) is None:  # its CREATE was rolled back
            session.on_commit_action(oid, None)
        elif action == "ONCOMMIT_DROP":
            dropped.append(Address(PG_CLASS, oid))
        else:
            _delete_rows(transaction, oid)
    if dropped:
        ctx = StatementContext(session, (), "")
        ctx.attach(transaction)
        perform_deletion(ctx, dropped, cascade=True, quiet=True)
        for address in dropped:
            session.on_commit_action(address.objid, None)
    transaction.end_command()


def _delete_rows(transaction: Any, oid: int) -> None:
    relation = transaction.catalog.relation(oid)
    targets = [relation, *[transaction.catalog.relation(index.oid) for index in relation.indexes]]
    for target in targets:
        for key, _ in transaction.scan(*row_span(target.storage_id)):
            transaction.delete(key)
