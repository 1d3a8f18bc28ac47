"""What pg_trigger tells of foreign keys (PostgreSQL's RI triggers).

The checks are no triggers here (engine/run/deferred.py), so a foreign key has no rows in pg_trigger, until
DISABLE TRIGGER ALL makes those of one of its sides: they say that the side is silent.
"""

from collections.abc import Iterator
from typing import Any

from ..catalog.inheritance import children_of
from ..catalog.privileges import is_superuser
from ..catalog.rowcodec import int2vector
from ..catalog.triggers import DELETE, INSERT, RI_CHECKS, ROW, UPDATE
from ..errors import SqlError
from ..sqlstates import INSUFFICIENT_PRIVILEGE
from .addresses import PG_TRIGGER
from .dependencies import INTERNAL, PG_CONSTRAINT, Address, record_dependency
from .rows import new_row

_CHECKS = tuple(zip((ROW | INSERT, ROW | UPDATE), RI_CHECKS, strict=True))  # tgtype, function
_ON_DELETE = {"c": 1646, "r": 1648, "n": 1650, "d": 1652, "a": 1654}  # RI_FKey_cascade_del ...
_ON_UPDATE = {"c": 1647, "r": 1649, "n": 1651, "d": 1653, "a": 1655}


def disable_foreign_keys(ctx: Any, relation: Any, recurse: bool) -> bool:
    """The triggers of a relation's foreign keys, on either side, that there are not yet, all disabled;
    returns whether any were missing."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    known: set[int] = set()
    pending = [relation.oid]
    made = False
    while pending:
        here = catalog.relation(pending.pop())
        there = {
            (row.tgconstraint, row.tgfoid)
            for row in catalog.pg_trigger.find("tgrelid", here.oid)
            if row.tgisinternal
        }
        for side, foreign_key, kind, function in _triggers(here):
            parent = catalog.pg_constraint.get(foreign_key.oid).conparentid
            if here.oid != relation.oid and parent not in known:
                continue
            known.add(foreign_key.oid)
            if (foreign_key.oid, function) not in there:
                made = True
                _insert(ctx, here, side, foreign_key, kind, function)
        if recurse:
            pending += children_of(catalog, here.oid)
    return made


def _triggers(relation: Any) -> Iterator[tuple[str, Any, int, int]]:
    """(side, foreign key, tgtype, function) of all that a relation's foreign keys have in PostgreSQL."""
    for foreign_key in relation.foreign_keys:
        if foreign_key.enforced:
            for kind, function in _CHECKS:
                yield "c", foreign_key, kind, function
    for foreign_key in relation.referenced_by:
        if foreign_key.enforced:
            yield "a", foreign_key, ROW | DELETE, _ON_DELETE[foreign_key.on_delete]
            yield "a", foreign_key, ROW | UPDATE, _ON_UPDATE[foreign_key.on_update]


def _insert(ctx: Any, relation: Any, side: str, foreign_key: Any, kind: int, function: int) -> None:
    transaction = ctx.transaction
    oid = int(transaction.new_oid())
    name = f"RI_ConstraintTrigger_{side}_{oid}"
    require_superuser(ctx, name)
    later = foreign_key.deferrable and function not in set(_actions())
    row = new_row(
        transaction.base_catalog,
        "pg_trigger",
        oid=oid,
        tgrelid=relation.oid,
        tgparentid=0,
        tgname=name,
        tgfoid=function,
        tgtype=kind,
        tgenabled="D",
        tgisinternal=True,
        tgconstrrelid=foreign_key.refrelid if side == "c" else foreign_key.relid,
        tgconstrindid=foreign_key.index,
        tgconstraint=foreign_key.oid,
        tgdeferrable=later,
        tginitdeferred=later and foreign_key.deferred,
        tgnargs=0,
        tgattr=int2vector(),
        tgargs=b"",
        tgqual=None,
        tgoldtable=None,
        tgnewtable=None,
    )
    temporary = relation.persistence == "t"
    transaction.catalog_insert("pg_trigger", row, temporary=temporary)
    on = Address(PG_CONSTRAINT, foreign_key.oid)
    record_dependency(transaction, Address(PG_TRIGGER, oid), on, INTERNAL, temporary=temporary)


def _actions() -> Iterator[int]:
    """The functions that are never deferred: all actions but NO ACTION."""
    for functions in (_ON_DELETE, _ON_UPDATE):
        yield from [function for action, function in functions.items() if action != "a"]


def require_superuser(ctx: Any, name: str) -> None:
    """42501 for a trigger that belongs to a constraint."""
    if not is_superuser(ctx.transaction.catalog, ctx.session.role):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{name}" is a system trigger')
