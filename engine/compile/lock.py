"""LockRows: FOR UPDATE and FOR SHARE."""

from gaveldb.storage.api import row_key

from ..plan import nodes as plan
from .produce import produce, produces
from .scope import Scope
from .unit import Consume


@produces(plan.LockRows)
def _lock_rows(scope: Scope, node: plan.LockRows, consume: Consume) -> None:
    """Each marked row is locked by its key; a row that SKIP LOCKED refuses is left out."""
    frame = scope.frame
    scope.unit.root.need_prelude("txn = ctx.transaction")

    def lock() -> None:
        for mark in node.marks:
            rte = scope.planned.rtable[mark.rti - 1]
            if rte.rtekind != "relation":
                continue
            relation = scope.catalog.relation(rte.relid)
            prefix = row_key(relation.storage_id, 0)[:4]
            rowid = scope.var(mark.rti, -1)
            test = "" if not rowid.null else f"{rowid.source} is not None and "
            key = f"{prefix!r} + {rowid.source}.to_bytes(8, 'big')"
            with frame.block(f"if {test}not txn.lock_row({key}, {mark.strength!r}, {mark.waitPolicy!r}):"):
                frame.line("continue")
        consume()

    produce(scope, node.input, lock)
