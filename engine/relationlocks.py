"""Table-level locks (manual section 13.3.1): of statements by their plans, of commands by a table.

1. ACCESS SHARE, ROW SHARE and ROW EXCLUSIVE, which every statement takes, exclude none of each other. A
   transaction only notes them (`used`), unless somebody holds or wants one of the relations in a mode that
   may exclude them: the database's `strong` relations. That is empty nearly always, and then costs nothing.
2. Whoever wants a strong mode first enters the relation in `strong`, then enters into the lock table what
   other transactions have noted of it, then takes the lock as any other. (PostgreSQL's fast-path locks.)
3. What was waited for may have changed the catalogs: the names are looked up again, plans are made again.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from typing import Any

from gaveldb.journal.api import (
    ACCESS_EXCLUSIVE_LOCK,
    ACCESS_SHARE_LOCK,
    EXCLUSIVE_LOCK,
    ROW_EXCLUSIVE_LOCK,
    ROW_SHARE_LOCK,
    SHARE_LOCK,
    SHARE_ROW_EXCLUSIVE_LOCK,
    SHARE_UPDATE_EXCLUSIVE_LOCK,
)
from pglast import ast

from .catalog.inheritance import ancestors, descendants
from .catalog.privileges import has_privilege
from .errors import SqlError
from .lockwait import RelationKey, WouldBlock, wait_steps
from .run.strand import on_stack, pause
from .sqlstates import LOCK_NOT_AVAILABLE

FIRST_NORMAL_OID = 16_384
_PRIVILEGES = ("TRUNCATE", "SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "TRIGGER", "MAINTAIN")


class RelationLocks:
    """What a plan locks: (relation, mode), the strongest one of each relation."""

    __slots__ = ("locks",)

    def __init__(self, locks: tuple[tuple[int, int], ...]) -> None:
        self.locks = locks


@lru_cache(10_000)
def noted(oid: int, mode: int) -> RelationLocks:
    """One and the same, however often a transaction notes it."""
    return RelationLocks(((oid, mode),))


def plan_locks(catalog: Any, planned: Any, query: Any) -> RelationLocks | None:
    """The locks of a planned query; None if it uses no tables."""
    modes: dict[int, int] = dict.fromkeys(planned.relations, ACCESS_SHARE_LOCK)
    for oid, mode in _query_modes(query):
        modes[oid] = max(mode, modes.get(oid, 0))
        row = catalog.pg_class.get(oid)
        if row is not None and row.relhassubclass:
            for child in descendants(catalog, oid):
                if child in modes:
                    modes[child] = max(mode, modes[child])
    locks = tuple([(oid, mode) for oid, mode in modes.items() if is_lockable(catalog, oid)])
    return RelationLocks(locks) if locks else None


def _query_modes(query: Any) -> Iterator[tuple[int, int]]:
    """The relations that a query, its WITH items and its subqueries in FROM change or lock rows of."""
    if query.commandType in ("insert", "update", "delete", "merge"):
        yield query.rtable[query.resultRelation - 1].relid, ROW_EXCLUSIVE_LOCK
    for mark in query.rowMarks:
        rte = query.rtable[mark.rti - 1]
        if rte.rtekind == "relation":
            yield rte.relid, ROW_SHARE_LOCK
    for cte in query.cteList:
        yield from _query_modes(cte.ctequery)
    for rte in query.rtable:
        if rte.subquery is not None:
            yield from _query_modes(rte.subquery)


def is_lockable(catalog: Any, oid: int) -> bool:
    """Whether other sessions could be in the way: not of temporary objects; system catalogs never change."""
    if oid < FIRST_NORMAL_OID:
        return False
    row = catalog.pg_class.get(oid)
    return row is not None and row.relpersistence != "t"


# --- taking them --------------------------------------------------------------------------------------


def lock_plan_steps(session: Any, plan: Any) -> Generator[Any, Any, bool]:
    """Take a plan's locks, waiting in a generator; returns whether it has waited."""
    locks = plan.locks
    if locks is None:
        return False
    transaction = session.transaction
    strong = session.database.strong
    waited = False
    if strong:
        for oid, mode in locks.locks:
            if oid in strong:
                waited = (yield from lock_steps(session, oid, mode)) or waited
    transaction.used.add(locks)
    return waited


def lock_steps(session: Any, oid: int, mode: int, *, nowait: str | None = None) -> Generator[Any, Any, bool]:
    """Lock a relation, waiting in a generator; returns whether it has waited. `nowait`: the relation's name
    for 55P03, if it is not to be had at once."""
    database, transaction = session.database, session.transaction
    if mode < SHARE_UPDATE_EXCLUSIVE_LOCK and oid not in database.strong:
        transaction.used.add(noted(oid, mode))
        return False
    if mode > SHARE_UPDATE_EXCLUSIVE_LOCK and oid not in transaction.strong:
        transaction.strong.add(oid)
        database.strong[oid] = database.strong.get(oid, 0) + 1
        _enter_noted(database, oid)
    hold, key = transaction.hold(mode), RelationKey(oid)
    if key in hold.keys:
        return False
    if nowait is not None:
        if not database.locks.try_acquire(hold, key):
            raise SqlError(LOCK_NOT_AVAILABLE, f'could not obtain lock on relation "{nowait}"')
        return False
    request = database.locks.acquire(hold, key, asyncio.get_running_loop())
    if request is None:
        return False
    yield from wait_steps(session, request)
    return True


def _enter_noted(database: Any, oid: int) -> None:
    """Enter into the lock table what transactions have only noted of a relation."""
    key = RelationKey(oid)
    engine = database.engine
    for session in (*engine.sessions.values(), *engine.prepared.values()):
        transaction = session.transaction
        if session.database is not database or transaction is None:
            continue
        for locks in transaction.used:
            for relation, mode in locks.locks:
                if relation == oid:
                    hold = transaction.hold(mode)
                    if key not in hold.keys:
                        database.locks.enter(hold, key)


def lock_relation(session: Any, oid: int, mode: int, *, nowait: str | None = None) -> bool:
    """Lock a relation on the strand that runs; returns whether it has waited. WouldBlock if there is none."""
    steps = lock_steps(session, oid, mode, nowait=nowait)
    while True:
        try:
            item = next(steps)
        except StopIteration as stop:
            return bool(stop.value)
        if not on_stack():
            steps.close()
            raise WouldBlock
        pause(item)


def lock_relations(session: Any, locks: Iterable[tuple[int, int]]) -> bool:
    """As lock_relation, for several (relation, mode); nothing where transactions have no locks."""
    if not session.transaction.locking:
        return False
    waited = False
    for oid, mode in locks:
        waited = lock_relation(session, oid, mode) or waited
    return waited


# --- commands -----------------------------------------------------------------------------------------

Wanted = Iterator[tuple[Any, int]]  # RangeVar, or oid, and mode

# ALTER TABLE: the modes of its actions (AlterTableGetLockLevel); ACCESS EXCLUSIVE unless listed.
_ACTION_MODES = {
    "AT_AttachPartition": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_DetachPartitionFinalize": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_SetStatistics": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_SetOptions": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_ResetOptions": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_ClusterOn": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_DropCluster": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_ValidateConstraint": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_SetRelOptions": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_ResetRelOptions": SHARE_UPDATE_EXCLUSIVE_LOCK,
    "AT_EnableTrig": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_EnableAlwaysTrig": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_EnableReplicaTrig": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_EnableTrigAll": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_EnableTrigUser": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_DisableTrig": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_DisableTrigAll": SHARE_ROW_EXCLUSIVE_LOCK,
    "AT_DisableTrigUser": SHARE_ROW_EXCLUSIVE_LOCK,
}


def _alter_table(statement: Any) -> Wanted:
    strongest = 0
    parents = []
    for action in statement.cmds:
        mode = _ACTION_MODES.get(action.subtype.name, ACCESS_EXCLUSIVE_LOCK)
        if action.subtype.name == "AT_DetachPartition" and action.def_.concurrent:
            mode = SHARE_UPDATE_EXCLUSIVE_LOCK
        if action.subtype.name in ("AT_AddConstraint", "AT_AddColumn"):
            mine = list(_referenced(action.def_))
            parents += mine
            if mine and action.subtype.name == "AT_AddConstraint":
                mode = SHARE_ROW_EXCLUSIVE_LOCK
        strongest = max(strongest, mode)
    yield statement.relation, strongest
    for parent in parents:
        yield parent, SHARE_ROW_EXCLUSIVE_LOCK


def _create_table(statement: Any) -> Wanted:
    mode = ACCESS_EXCLUSIVE_LOCK if statement.partbound is not None else SHARE_UPDATE_EXCLUSIVE_LOCK
    for parent in statement.inhRelations or ():
        yield parent, mode
    for element in statement.tableElts or ():
        for parent in _referenced(element):
            yield parent, SHARE_ROW_EXCLUSIVE_LOCK


def _referenced(element: Any) -> Iterator[Any]:
    """The tables that a constraint, or a column with its constraints, refers to."""
    for constraint in getattr(element, "constraints", None) or (element,):
        if isinstance(constraint, ast.Constraint) and constraint.pktable is not None:
            yield constraint.pktable


_DROPPED = ("OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE", "OBJECT_INDEX")


def _drop(statement: Any) -> Wanted:
    if statement.removeType.name in _DROPPED:
        for name in statement.objects:
            parts = [part.sval for part in name]
            schema = parts[-2] if len(parts) > 1 else None
            mode = SHARE_UPDATE_EXCLUSIVE_LOCK if statement.concurrent else ACCESS_EXCLUSIVE_LOCK
            yield ast.RangeVar(relname=parts[-1], schemaname=schema), mode


def _of_relation(mode: int) -> Callable[[Any], Wanted]:
    def wanted(statement: Any) -> Wanted:
        if statement.relation is not None:
            yield statement.relation, mode

    return wanted


def _truncate(statement: Any) -> Wanted:
    for relation in statement.relations:
        yield relation, ACCESS_EXCLUSIVE_LOCK


def _create_index(statement: Any) -> Wanted:
    yield statement.relation, SHARE_LOCK  # CONCURRENTLY, too: it is built from one snapshot


def _refresh(statement: Any) -> Wanted:
    yield statement.relation, EXCLUSIVE_LOCK if statement.concurrent else ACCESS_EXCLUSIVE_LOCK


def _reindex(statement: Any) -> Wanted:
    if statement.relation is not None:
        yield statement.relation, ACCESS_EXCLUSIVE_LOCK


def _vacuum(statement: Any) -> Wanted:
    from .commands.options import option_boolean

    options = statement.options or ()
    if any(option.defname == "skip_locked" and option_boolean(option) for option in options):
        return  # the command itself takes those that are to be had at once
    full = statement.is_vacuumcmd and any(option.defname == "full" for option in options)
    for target in statement.rels or ():
        if target.relation is not None:
            yield target.relation, ACCESS_EXCLUSIVE_LOCK if full else SHARE_UPDATE_EXCLUSIVE_LOCK


def _copy(statement: Any) -> Wanted:
    if statement.relation is not None:
        yield statement.relation, ROW_EXCLUSIVE_LOCK if statement.is_from else ACCESS_SHARE_LOCK


def _comment(statement: Any) -> Wanted:
    kinds = {"OBJECT_TABLE": -1, "OBJECT_VIEW": -1, "OBJECT_MATVIEW": -1, "OBJECT_COLUMN": -2}
    last = kinds.get(statement.objtype.name)
    if last is not None:
        parts = [part.sval for part in statement.object][: len(statement.object) + last + 1]
        schema = parts[-2] if len(parts) > 1 else None
        yield ast.RangeVar(relname=parts[-1], schemaname=schema), SHARE_UPDATE_EXCLUSIVE_LOCK


COMMANDS: dict[str, Callable[[Any], Wanted]] = {
    "AlterTableStmt": _alter_table,
    "AlterObjectSchemaStmt": _of_relation(ACCESS_EXCLUSIVE_LOCK),
    "AlterSeqStmt": lambda statement: iter([(statement.sequence, SHARE_ROW_EXCLUSIVE_LOCK)]),
    "ClusterStmt": _of_relation(ACCESS_EXCLUSIVE_LOCK),
    "CommentStmt": _comment,
    "CopyStmt": _copy,
    "CreateStmt": _create_table,
    "CreateTrigStmt": _of_relation(SHARE_ROW_EXCLUSIVE_LOCK),
    "DropStmt": _drop,
    "IndexStmt": _create_index,
    "RefreshMatViewStmt": _refresh,
    "ReindexStmt": _reindex,
    "RenameStmt": _of_relation(ACCESS_EXCLUSIVE_LOCK),
    "TruncateStmt": _truncate,
    "VacuumStmt": _vacuum,
}


def lock_for_command(ctx: Any, statement: Any) -> None:
    """Take the locks of a command on the relations that it names, before it looks at any of them. After a
    wait all names are looked up again, in the catalogs of then. What is not found, the command reports."""
    wanted = COMMANDS.get(type(statement).__name__)
    if wanted is None:
        return
    lock_named = _lock_dropped if isinstance(statement, ast.DropStmt) else _lock_named
    while any(lock_named(ctx, target, mode) for target, mode in wanted(statement)):
        ctx.session.renew_catalog(ctx)


def _may_lock(ctx: Any, oid: int) -> bool:
    """Whoever has no privilege at all is refused by the command, and must not wait, nor make others wait."""
    role = ctx.session.role
    return any(has_privilege(ctx.catalog, role, "table", oid, one) for one in _PRIVILEGES)


def _lock_dropped(ctx: Any, target: Any, mode: int) -> bool:
    """Lock what is to be dropped; a partition's parent first (RangeVarCallbackForDropRelation)."""
    from .ddl.names import find_relation

    catalog = ctx.transaction.catalog
    oid = find_relation(ctx, target, missing_ok=True)
    waited = False
    if oid is not None and catalog.pg_class.get(oid).relispartition and _may_lock(ctx, oid):
        parent = next(ancestors(catalog, oid))
        if is_lockable(catalog, parent):
            waited = lock_relation(ctx.session, parent, mode)
    return _lock_named(ctx, target, mode) or waited


def _lock_named(ctx: Any, target: Any, mode: int) -> bool:
    """Lock a relation by its name; an index's table, too. Returns whether that has waited."""
    from .ddl.names import find_relation

    catalog = ctx.transaction.catalog
    session = ctx.session
    oid = find_relation(ctx, target, missing_ok=True)
    if oid is None or not is_lockable(catalog, oid) or not _may_lock(ctx, oid):
        return False
    waited = False
    index = catalog.pg_index.get(oid)
    if index is not None and is_lockable(catalog, index.indrelid):
        tables = [index.indrelid]
        if catalog.pg_class.get(oid).relkind == "I" and mode == ACCESS_EXCLUSIVE_LOCK:
            tables = descendants(catalog, index.indrelid)
        for table in tables:
            waited = lock_relation(session, table, mode) or waited
    return lock_relation(session, oid, mode) or waited
