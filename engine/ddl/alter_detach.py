"""ALTER TABLE ... DETACH PARTITION [CONCURRENTLY | FINALIZE] (ATExecDetachPartition).

CONCURRENTLY is two transactions. The first marks the partition in pg_inherits: catalogs from then on route
and read without it, those of older snapshots go on with it. Then all that use the partitioned table are
waited for, without a lock that others would have to wait behind. The second detaches. What ends the command
in between (cancel, an error, a crash) leaves the mark: FINALIZE does the rest.
"""

from collections.abc import Callable, Iterator
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK, SHARE_UPDATE_EXCLUSIVE_LOCK

from ..catalog.inheritance import attribute_map, children_of, renumber
from ..catalog.trees import load_tree
from ..errors import SqlError
from ..relationlocks import is_lockable, lock_relation
from ..sqlstates import DUPLICATE_OBJECT, OBJECT_NOT_IN_PREREQUISITE_STATE
from ..transactionwaits import wait_for_lockers, wait_for_older_snapshots
from ..tree import BoolExpr, NullTest, Var, strip_locations
from .alter_inherit import mark_detaching, remove_inheritance
from .names import find_relation
from .partitionindexes import detach_index
from .partitioning import set_default_partition
from .partitionkeys import check_references, detach_foreign_keys
from .partitions import lock_table, lock_tree
from .triggers import drop_cloned_triggers


def detach_partition(alteration: Any, action: Any) -> None:
    """DETACH PARTITION name [CONCURRENTLY]."""
    command = action.def_
    if command.concurrent:
        alteration.ctx.require_top_level("ALTER TABLE ... DETACH CONCURRENTLY")
        alteration.last(_detach_concurrently(alteration, command))
    else:
        alteration.last(_detach(alteration, command))


def _detach(alteration: Any, command: Any) -> Iterator[Any]:
    from ..run.partitions import partition_table

    ctx, parent = alteration.ctx, alteration.relid
    oid = find_relation(ctx, command.name)
    assert oid is not None
    lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)
    lock_table(ctx, partition_table(ctx.transaction.catalog, parent).default)
    remove_inheritance(ctx, oid, parent, partition=True)
    yield from check_references(ctx, oid, parent)
    _make_independent(ctx, oid, parent)


def _make_independent(ctx: Any, oid: int, parent: int) -> None:
    """What has ceased to be a child is a table on its own (DetachPartitionFinalize)."""
    transaction = ctx.transaction
    detach_foreign_keys(ctx, oid, parent)
    drop_cloned_triggers(ctx, oid)
    parents = {index.oid for index in transaction.catalog.relation(parent).indexes}
    for index in transaction.catalog.relation(oid).indexes:
        links = transaction.catalog.pg_inherits.find("inhrelid", index.oid)
        if any(link.inhparent in parents for link in links):
            detach_index(ctx, index.oid)
    row = transaction.catalog.pg_class.get(oid)
    transaction.catalog_update("pg_class", row, row._replace(relispartition=False, relpartbound=None))
    key = transaction.catalog.pg_partitioned_table.get(parent)
    if key.partdefid == oid:
        set_default_partition(ctx, parent, 0)


# --- CONCURRENTLY -----------------------------------------------------------------------------------------


def _detach_concurrently(alteration: Any, command: Any) -> Iterator[Any]:
    ctx, parent = alteration.ctx, alteration.relid
    session = ctx.session
    oid = find_relation(ctx, command.name)
    assert oid is not None
    yield from _begin_detach(ctx, oid, parent)
    catalog = ctx.transaction.catalog
    names = catalog.pg_class.get(parent).relname, catalog.pg_class.get(oid).relname
    yield from session.commit_and_go_on(ctx)
    alteration.transaction = ctx.transaction
    try:
        yield from wait_for_lockers(session, parent)
        _lock_again(ctx, oid, parent, names)
        remove_inheritance(ctx, oid, parent, partition=True, pending=True)
        _make_independent(ctx, oid, parent)
    except SqlError as error:
        error.retryable = False
        raise


def _begin_detach(ctx: Any, oid: int, parent: int) -> Iterator[Any]:
    """The first transaction."""
    from ..run.partitions import partition_table

    if partition_table(ctx.transaction.catalog, parent).default:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cannot detach partitions concurrently when a default partition exists",
        )
    lock_tree(ctx, oid, SHARE_UPDATE_EXCLUSIVE_LOCK)
    mark_detaching(ctx, oid, parent)
    yield from check_references(ctx, oid, parent)
    _keep_constraint(ctx, oid, parent)


def _lock_again(ctx: Any, oid: int, parent: int, names: tuple[str, str]) -> None:
    """The locks of the second transaction; 55000 if one of the tables has gone meanwhile."""
    session = ctx.session
    session.renew_catalog(ctx)
    if is_lockable(ctx.transaction.catalog, parent):
        lock_relation(session, parent, SHARE_UPDATE_EXCLUSIVE_LOCK)
        session.renew_catalog(ctx)
    if ctx.transaction.catalog.pg_class.get(oid) is not None:
        lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)
        session.renew_catalog(ctx)
    for what, relid, name in (("partitioned table", parent, names[0]), ("partition", oid, names[1])):
        if ctx.transaction.catalog.pg_class.get(relid) is None:
            raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'{what} "{name}" was removed concurrently')


def _keep_constraint(ctx: Any, oid: int, parent: int) -> None:
    """The partition's constraint becomes a CHECK, unless others imply it (DetachAddConstraintIfNeeded): it
    holds when the bound is no longer looked at, and it can be attached again quickly."""
    from ..catalog.partitionquals import partition_constraint
    from .constraints import check_name

    relation = ctx.transaction.catalog.relation(oid)
    expr = partition_constraint(ctx.transaction.catalog, oid, parent)
    if expr is None or _is_implied(relation, expr):
        return
    _add_check(ctx, oid, check_name(ctx, relation, expr), expr, 0)


def _add_check(ctx: Any, oid: int, name: str, expr: Any, parents: int) -> None:
    """A CHECK of a table and of those below it."""
    from .constraints import add_cooked_check

    transaction = ctx.transaction
    own = transaction.catalog.pg_constraint.find("conrelid_contypid_conname", oid, 0, name)
    relation = transaction.catalog.relation(oid)
    if own and strip_locations(load_tree(own[0].conbin)) != strip_locations(expr):
        message = f'constraint "{name}" for relation "{relation.name}" already exists'
        raise SqlError(DUPLICATE_OBJECT, message)
    if own:
        merged = own[0]._replace(coninhcount=own[0].coninhcount + parents)
        transaction.catalog_update("pg_constraint", own[0], merged)
        return
    add_cooked_check(
        ctx,
        oid,
        name,
        expr,
        validated=True,
        enforced=True,
        no_inherit=False,
        local=not parents,
        parents=parents,
    )
    for child in children_of(transaction.catalog, oid):
        below = transaction.catalog.relation(child)
        _add_check(ctx, child, name, renumber(expr, attribute_map(relation, below)), 1)


def _is_implied(relation: Any, expr: Any) -> bool:
    """Whether each conjunct is one of a valid CHECK, or a NOT NULL that the table has."""
    given = []
    for check in relation.checks:
        if check.validated and check.enforced:
            given += _conjuncts(check.expr)
    not_null = relation.extra.get("not_null", {})
    for part in _conjuncts(expr):
        column = part.arg if type(part) is NullTest and part.nulltesttype == "is_not_null" else None
        if part not in given and not (type(column) is Var and column.varattno in not_null):
            return False
    return True


def _conjuncts(expr: Any) -> list[Any]:
    expr = strip_locations(expr)
    if type(expr) is BoolExpr and expr.boolop == "and":
        return [part for each in expr.args for part in _conjuncts(each)]
    return [expr]


# --- FINALIZE ---------------------------------------------------------------------------------------------


def detach_finalize(alteration: Any, action: Any) -> None:
    """DETACH PARTITION name FINALIZE: the second half of a CONCURRENTLY that has not come to its end."""
    alteration.last(_finalize(alteration, action.def_))


def _finalize(alteration: Any, command: Any) -> Iterator[Any]:
    """ATExecDetachPartitionFinalize: whoever might still see the partition is waited for."""
    ctx, parent = alteration.ctx, alteration.relid
    oid = find_relation(ctx, command.name)
    assert oid is not None
    lock_tree(ctx, oid, ACCESS_EXCLUSIVE_LOCK)
    yield from wait_for_older_snapshots(ctx.session)
    remove_inheritance(ctx, oid, parent, partition=True, pending=True)
    _make_independent(ctx, oid, parent)


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_DetachPartition": detach_partition,
    "AT_DetachPartitionFinalize": detach_finalize,
}
