"""ANALYZE, VACUUM, CHECKPOINT, REINDEX, CLUSTER, LOCK TABLE, LOAD.

VACUUM has nothing to remove: old versions do not stay in the store. It checks its arguments and, with
ANALYZE, collects statistics.
"""

from collections.abc import Generator, Sequence
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK, ACCESS_SHARE_LOCK, SHARE_UPDATE_EXCLUSIVE_LOCK
from pglast import ast

from ..catalog.inheritance import descendants
from ..catalog.privileges import has_privilege, has_privs_of_role, is_superuser
from ..catalog.trees import view_query
from ..ddl.names import find_relation
from ..errors import Notice, SqlError
from ..relationlocks import is_lockable, lock_relation
from ..settingvalues import parse_value
from ..sqlstates import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    LOCK_NOT_AVAILABLE,
    NO_ACTIVE_SQL_TRANSACTION,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_FILE,
    UNDEFINED_OBJECT,
    UNDEFINED_SCHEMA,
    WARNING,
    WRONG_OBJECT_TYPE,
)
from .options import option_boolean, option_string
from .registry import command

ROLE_PG_CHECKPOINT = 4544
FIRST_USER_OID = 16384
PARALLEL_MAX = 1024
_VACUUM_FLAGS = frozenset(
    ("verbose", "skip_locked", "analyze", "freeze", "full", "disable_page_skipping", "process_main",
     "process_toast", "truncate", "skip_database_stats", "only_database_stats")
)  # fmt: skip


# --- ANALYZE and VACUUM --------------------------------------------------------------------------------


@command("VacuumStmt", tag="VACUUM", read_only_ok=True)
def vacuum(ctx: Any, statement: ast.VacuumStmt) -> Generator[Any, None, Any]:
    """VACUUM and ANALYZE."""
    is_vacuum = bool(statement.is_vacuumcmd)
    name = "VACUUM" if is_vacuum else "ANALYZE"
    options = _vacuum_options(statement.options, name)
    if is_vacuum:
        ctx.session.require_no_block("VACUUM")
    analyze = options.get("analyze", False) or not is_vacuum
    _check_vacuum(statement, options, analyze)
    verbose = options.get("verbose", False)
    for oid, names in _vacuum_targets(ctx, statement, name, skip=options.get("skip_locked", False)):
        relation = ctx.catalog.relation(oid)
        if relation.kind not in "rmpt":
            _warn(
                ctx,
                f'skipping "{relation.name}" --- cannot {name.lower()} non-tables or special system tables',
            )
            continue
        if not _may_maintain(ctx, relation):
            _warn(ctx, f'permission denied to {name.lower()} "{relation.name}", skipping it')
            continue
        if is_vacuum and verbose:
            _info(ctx, f'vacuuming "{_qualified(ctx, relation, True)}"')
        if analyze and not options.get("only_database_stats"):
            yield from _analyze(ctx, relation, names, verbose)
    return name


def _vacuum_options(elements: Sequence[ast.DefElem] | None, name: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    allowed = _VACUUM_FLAGS if name == "VACUUM" else frozenset(("verbose", "skip_locked"))
    for element in elements or ():
        option = element.defname
        if option == "buffer_usage_limit":
            options[option] = _buffer_limit(option_string(element))
        elif option in allowed:
            options[option] = option_boolean(element)
        elif name == "VACUUM" and option == "index_cleanup":
            if element.arg is not None and option_string(element).lower() != "auto":
                option_boolean(element)
        elif name == "VACUUM" and option == "parallel":
            options[option] = _parallel(element)
        else:
            raise SqlError(SYNTAX_ERROR, f'unrecognized {name} option "{option}"', position=element.location)
    return options


def _buffer_limit(text: str) -> int:
    from ..settings import definitions

    try:
        value = int(parse_value(definitions()["vacuum_buffer_usage_limit"], text))
    except SqlError:
        value = -1
    if value != 0 and not 128 <= value <= 16777216:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "BUFFER_USAGE_LIMIT option must be 0 or between 128 kB and 16777216 kB",
        )
    return value


def _parallel(element: ast.DefElem) -> int:
    if element.arg is None:
        raise SqlError(
            SYNTAX_ERROR,
            f"parallel option requires a value between 0 and {PARALLEL_MAX}",
            position=element.location,
        )
    if not isinstance(element.arg, ast.Integer):
        raise SqlError(SYNTAX_ERROR, "parallel requires an integer value")
    workers = element.arg.ival or 0
    if not 0 <= workers <= PARALLEL_MAX:
        raise SqlError(
            SYNTAX_ERROR,
            f"parallel workers for vacuum must be between 0 and {PARALLEL_MAX}",
            position=element.location,
        )
    return int(workers)


def _check_vacuum(statement: ast.VacuumStmt, options: dict[str, Any], analyze: bool) -> None:
    if options.get("full"):
        if options.get("parallel", 0) > 0:
            raise _unsupported("VACUUM FULL cannot be performed in parallel")
        if options.get("buffer_usage_limit", -1) >= 0 and not analyze:
            raise _unsupported("BUFFER_USAGE_LIMIT cannot be specified for VACUUM FULL")
        if options.get("disable_page_skipping"):
            raise _unsupported("VACUUM option DISABLE_PAGE_SKIPPING cannot be used with FULL")
        if not options.get("process_toast", True):
            raise _unsupported("PROCESS_TOAST required with VACUUM FULL")
    if not analyze and any(target.va_cols for target in statement.rels or ()):
        raise _unsupported("ANALYZE option must be specified when a column list is provided")
    if options.get("only_database_stats"):
        if statement.rels:
            raise _unsupported("ONLY_DATABASE_STATS cannot be specified with a list of tables")
        if any(options.get(name) for name in ("full", "analyze", "freeze", "disable_page_skipping")):
            raise _unsupported("ONLY_DATABASE_STATS cannot be specified with other VACUUM options")


def _unsupported(message: str) -> SqlError:
    return SqlError(FEATURE_NOT_SUPPORTED, message)


def _vacuum_targets(ctx: Any, statement: ast.VacuumStmt, name: str, *, skip: bool) -> list[tuple[int, Any]]:
    """(relation, column names) of those named, or all tables that the role may maintain. `skip`: only those
    whose locks are to be had at once."""
    if statement.rels:
        found = []
        for target in statement.rels:
            oid = find_relation(ctx, target.relation)
            assert oid is not None
            if skip and not _lock_target(ctx, oid, statement, skip):
                what = f'{name.lower()} of "{target.relation.relname}"'
                _warn(ctx, f"skipping {what} --- lock not available", LOCK_NOT_AVAILABLE)
                continue
            found.append((oid, target.va_cols))
            if target.relation.inh:
                below = descendants(ctx.catalog, oid)[1:]
                found += [
                    (child, target.va_cols) for child in below if _lock_target(ctx, child, statement, skip)
                ]
        return found
    catalog = ctx.catalog
    return [
        (row.oid, None)
        for row in catalog.pg_class.rows()
        if row.oid >= FIRST_USER_OID
        and row.relkind in ("rm" if statement.is_vacuumcmd else "rmp")
        and (row.relpersistence != "t" or row.relnamespace == ctx.session.temporary_namespace)
        and has_privilege(catalog, ctx.session.role, "table", row.oid, "MAINTAIN")
    ]


def _lock_target(ctx: Any, oid: int, statement: ast.VacuumStmt, skip: bool) -> bool:
    """Lock a table; False if it is to be skipped."""
    full = any(option.defname == "full" for option in statement.options or ())
    mode = ACCESS_EXCLUSIVE_LOCK if full and statement.is_vacuumcmd else SHARE_UPDATE_EXCLUSIVE_LOCK
    if ctx.transaction.locking and is_lockable(ctx.catalog, oid):
        try:
            lock_relation(ctx.session, oid, mode, nowait="" if skip else None)
        except SqlError as error:
            if error.sqlstate != LOCK_NOT_AVAILABLE or not skip:
                raise
            return False
    return True


def _may_maintain(ctx: Any, relation: Any) -> bool:
    return has_privilege(ctx.catalog, ctx.session.role, "table", relation.oid, "MAINTAIN")


def _warn(ctx: Any, message: str, sqlstate: Any = WARNING) -> None:
    ctx.notice(Notice(message, sqlstate=sqlstate, severity="WARNING"))


def _info(ctx: Any, message: str) -> None:
    ctx.notice(Notice(message, severity="INFO"))


def _qualified(ctx: Any, relation: Any, database: bool = False) -> str:
    schema = ctx.catalog.pg_namespace.get(relation.namespace).nspname
    prefix = f"{ctx.session.database.name}." if database else ""
    return f"{prefix}{schema}.{relation.name}"


def _analyze(ctx: Any, relation: Any, names: Any, verbose: bool) -> Generator[Any, None, Any]:
    from .analyze_table import analyze_relation

    columns = [column for column in relation.columns if not column.dropped]
    if names:
        by_name = {column.name: column for column in columns}
        columns = []
        for node in names:
            column = by_name.get(node.sval)
            if column is None:
                raise SqlError(
                    UNDEFINED_COLUMN, f'column "{node.sval}" of relation "{relation.name}" does not exist'
                )
            if column in columns:
                raise SqlError(
                    DUPLICATE_COLUMN,
                    f'column "{node.sval}" of relation "{relation.name}" appears more than once',
                )
            columns.append(column)
    if relation.system or relation.shared:
        return
    if verbose:
        _info(ctx, f'analyzing "{_qualified(ctx, relation)}"')

    def report(count: int, sampled: int) -> None:
        if verbose:
            _info(
                ctx,
                f'"{relation.name}": containing {count} live rows and 0 dead rows; {sampled} rows in sample, '
                f"{count} estimated total rows",
            )

    yield from analyze_relation(ctx, relation, columns, report)


# --- CHECKPOINT ------------------------------------------------------------------------------------------


@command("CheckPointStmt", tag="CHECKPOINT", read_only_ok=True)
def checkpoint(ctx: Any, statement: ast.CheckPointStmt) -> Generator[Any, None, Any]:
    """Write the store's checkpoint and wait for it."""
    import asyncio

    if not has_privs_of_role(ctx.catalog, ctx.session.role, ROLE_PG_CHECKPOINT):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            "permission denied to execute CHECKPOINT command",
            detail='Only roles with privileges of the "pg_checkpoint" role may execute this command.',
        )
    future = asyncio.ensure_future(ctx.session.engine._handle.checkpoint())
    yield future
    future.result()
    return "CHECKPOINT"


# --- REINDEX -----------------------------------------------------------------------------------------------


@command("ReindexStmt", tag="REINDEX", read_only_ok=True)
def reindex(ctx: Any, statement: ast.ReindexStmt) -> Generator[Any, None, Any]:
    """REINDEX: the entries of the indexes are written anew."""
    concurrently = verbose = False
    for element in statement.params or ():
        if element.defname == "verbose":
            verbose = option_boolean(element)
        elif element.defname == "concurrently":
            concurrently = option_boolean(element)
        elif element.defname == "tablespace":
            _known_tablespace(ctx, option_string(element))
        else:
            raise SqlError(
                SYNTAX_ERROR, f'unrecognized REINDEX option "{element.defname}"', position=element.location
            )
    session = ctx.session
    if concurrently:
        session.require_no_block("REINDEX CONCURRENTLY")
    kind = statement.kind.name.removeprefix("REINDEX_OBJECT_")
    if kind in ("SCHEMA", "SYSTEM", "DATABASE"):
        session.require_no_block(f"REINDEX {kind}")
        indexes = _many_indexes(ctx, kind, statement.name)
    else:
        indexes = _named_indexes(ctx, kind, statement.relation)
    for relid, index in indexes:
        yield from rebuild_index(ctx, relid, index)
        if verbose:
            _info(ctx, f'index "{ctx.catalog.pg_class.get(index).relname}" was reindexed')
    return "REINDEX"


def _known_tablespace(ctx: Any, name: str) -> None:
    if not any(row.spcname == name for row in ctx.catalog.pg_tablespace.rows()):
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{name}" does not exist')
    if name != "pg_default":
        raise _unsupported("tablespaces are not supported")


def _named_indexes(ctx: Any, kind: str, name: Any) -> list[tuple[int, int]]:
    oid = find_relation(ctx, name)
    assert oid is not None
    row = ctx.catalog.pg_class.get(oid)
    if kind == "INDEX":
        if row.relkind not in "iI":
            raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not an index')
        relid = ctx.catalog.pg_index.get(oid).indrelid
        found = _stored_indexes(ctx.catalog, oid)
    else:
        if row.relkind not in "rmpt":
            raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not a table or materialized view')
        relid = oid
        tables = descendants(ctx.catalog, oid) if row.relkind == "p" else (oid,)
        found = [
            (table, index.oid)
            for table in tables
            for index in ctx.catalog.relation(table).indexes
            if ctx.catalog.pg_class.get(index.oid).relkind == "i"
        ]
        if not found and row.relkind != "p":
            ctx.notice(Notice(f'table "{row.relname}" has no indexes to reindex'))
    if not has_privilege(ctx.catalog, ctx.session.role, "table", relid, "MAINTAIN"):
        what = "index" if kind == "INDEX" else "table"
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {what} {row.relname}")
    return [] if relid < FIRST_USER_OID else found


def _stored_indexes(catalog: Any, oid: int) -> list[tuple[int, int]]:
    """(table, index) of an index, or of those of the partitions."""
    return [
        (catalog.pg_index.get(index).indrelid, index)
        for index in descendants(catalog, oid)
        if catalog.pg_class.get(index).relkind == "i"
    ]


def _many_indexes(ctx: Any, kind: str, name: str | None) -> list[tuple[int, int]]:
    catalog = ctx.catalog
    namespace = None
    if kind == "SCHEMA":
        namespace = catalog.namespace_oid(name)
        if namespace is None:
            raise SqlError(UNDEFINED_SCHEMA, f'schema "{name}" does not exist')
    elif name is not None and name != ctx.session.database.name:
        raise _unsupported("can only reindex the currently open database")
    if kind == "SYSTEM":
        return []
    found = []
    for row in list(catalog.pg_class.rows()):
        if row.relkind in "rm" and row.oid >= FIRST_USER_OID and namespace in (None, row.relnamespace):
            if row.relpersistence == "t" and row.relnamespace != ctx.session.temporary_namespace:
                continue
            if has_privilege(catalog, ctx.session.role, "table", row.oid, "MAINTAIN"):
                found += [(row.oid, index.oid) for index in catalog.relation(row.oid).indexes]
    return found


def rebuild_index(ctx: Any, relid: int, index: int) -> Generator[Any, None, Any]:
    """Fresh storage for an index, filled from the table."""
    from ..ddl.indexes import build_index
    from ..ddl.truncate import new_storage

    new_storage(ctx, index)
    yield from build_index(ctx, relid, index)
    ctx.transaction.end_command()


# --- CLUSTER -----------------------------------------------------------------------------------------------


@command("ClusterStmt", tag="CLUSTER", read_only_ok=True)
def cluster(ctx: Any, statement: ast.ClusterStmt) -> Generator[Any, None, Any]:
    """CLUSTER [table [USING index]]: the rows are numbered anew in the order of an index."""
    verbose = False
    for element in statement.params or ():
        if element.defname != "verbose":
            raise SqlError(
                SYNTAX_ERROR, f'unrecognized CLUSTER option "{element.defname}"', position=element.location
            )
        verbose = option_boolean(element)
    if statement.relation is None:
        ctx.session.require_no_block("CLUSTER")
        targets = [
            (row.indrelid, row.indexrelid)
            for row in ctx.catalog.pg_index.rows()
            if row.indisclustered and _may_maintain(ctx, ctx.catalog.relation(row.indrelid))
        ]
    else:
        targets = [_cluster_target(ctx, statement)]
    targets = [part for _, index in targets for part in _cluster_parts(ctx, index)]
    for relid, index in targets:
        if verbose:
            relation = ctx.catalog.relation(relid)
            using = ctx.catalog.pg_class.get(index).relname
            _info(ctx, f'clustering "{_qualified(ctx, relation)}" using index scan on "{using}"')
        yield from _cluster(ctx, relid, index)
    return "CLUSTER"


def _cluster_parts(ctx: Any, oid: int) -> list[tuple[int, int]]:
    """(table, index) of those of the partitions that the role may maintain; all are locked."""
    found = []
    partitioned = ctx.catalog.pg_class.get(oid).relkind == "I"
    if partitioned:
        ctx.session.require_no_block("CLUSTER")
    for relid, index in _stored_indexes(ctx.catalog, oid):
        relation = ctx.catalog.relation(relid)
        if partitioned and not _may_maintain(ctx, relation):
            _warn(ctx, f'permission denied to cluster "{relation.name}", skipping it')
            continue
        if ctx.transaction.locking and is_lockable(ctx.catalog, relid):
            lock_relation(ctx.session, relid, ACCESS_EXCLUSIVE_LOCK)
        found.append((relid, index))
    return found


def _cluster_target(ctx: Any, statement: ast.ClusterStmt) -> tuple[int, int]:
    catalog = ctx.catalog
    oid = find_relation(ctx, statement.relation)
    assert oid is not None
    relation = catalog.relation(oid)
    name = relation.name
    if relation.kind not in "rmp":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{name}" is not a table or materialized view')
    if not _may_maintain(ctx, relation):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for table {name}")
    if relation.system:
        raise _unsupported("clustering system catalogs is not supported")
    if statement.indexname is None:
        for index in relation.indexes:
            if catalog.pg_index.get(index.oid).indisclustered:
                return oid, index.oid
        raise SqlError(UNDEFINED_OBJECT, f'there is no previously clustered index for table "{name}"')
    wanted = catalog.relation_oid(statement.indexname, (relation.namespace,))
    if wanted is None:
        raise SqlError(UNDEFINED_OBJECT, f'index "{statement.indexname}" for table "{name}" does not exist')
    found = next((index for index in relation.indexes if index.oid == wanted), None)
    if found is None:
        raise SqlError(WRONG_OBJECT_TYPE, f'"{statement.indexname}" is not an index for table "{name}"')
    if found.am != "btree":
        raise _unsupported(
            f'cannot cluster on index "{statement.indexname}" because access method does not '
            "support clustering"
        )
    if found.predicate is not None:
        raise _unsupported(f'cannot cluster on partial index "{statement.indexname}"')
    return oid, wanted


def _cluster(ctx: Any, relid: int, index: int) -> Generator[Any, None, Any]:
    from gaveldb.storage.api import row_key

    from ..ddl.truncate import new_storage

    transaction = ctx.transaction
    relation = transaction.catalog.relation(relid)
    old, index_storage = relation.storage_id, transaction.catalog.relation(index).storage_id
    low = index_storage.to_bytes(4, "big")
    high = (index_storage + 1).to_bytes(4, "big")
    rows = []
    for _, entry in transaction.scan(low, high):
        value = transaction.get(row_key(old, int.from_bytes(entry[:8], "big")))
        assert value is not None
        rows.append(bytes(value))
        if len(rows) % 1000 == 0:
            yield []
    for row in transaction.catalog.pg_index.find("indrelid", relid):
        if row.indisclustered != (row.indexrelid == index):
            transaction.catalog_update("pg_index", row, row._replace(indisclustered=row.indexrelid == index))
    new = new_storage(ctx, relid)
    pending = transaction.pending
    for rowid, data in zip(transaction.rowids(new, len(rows)), rows, strict=True):
        pending[row_key(new, rowid)] = data
    transaction.end_command()
    for each in relation.indexes:
        yield from rebuild_index(ctx, relid, each.oid)


# --- LOCK and LOAD ------------------------------------------------------------------------------------------

_LOCK_MODES = (0, *range(ACCESS_SHARE_LOCK, ACCESS_EXCLUSIVE_LOCK + 1))  # of LockStmt.mode
_NOT_LOCKABLE = {
    "S": "sequences",
    "i": "indexes",
    "I": "indexes",
    "c": "composite types",
    "t": "TOAST tables",
}


@command("LockStmt", tag="LOCK TABLE", read_only_ok=True)
def lock_table(ctx: Any, statement: ast.LockStmt) -> None:
    """LOCK TABLE: the definitions of the tables must not change before COMMIT."""
    session = ctx.session
    if not session.transaction.explicit and not session.in_implicit_block:
        raise SqlError(NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks")
    mode = int(statement.mode)
    for target in statement.relations:
        while True:
            oid = find_relation(ctx, target)
            assert oid is not None
            row = ctx.catalog.pg_class.get(oid)
            _check_lockable(ctx, row, mode)
            if not ctx.transaction.locking:
                ctx.transaction.uses_relation(oid)
                break
            if not is_lockable(ctx.catalog, oid):
                break
            nowait = row.relname if statement.nowait else None
            if not lock_relation(session, oid, _LOCK_MODES[mode], nowait=nowait):
                _lock_view(ctx, row, _LOCK_MODES[mode], bool(statement.nowait))
                if target.inh and row.relkind in "rp":
                    for child in descendants(ctx.catalog, oid)[1:]:
                        below = ctx.catalog.pg_class.get(child).relname if statement.nowait else None
                        lock_relation(session, child, _LOCK_MODES[mode], nowait=below)
                break
            session.renew_catalog(ctx)


def _check_lockable(ctx: Any, row: Any, mode: int) -> None:
    if row.relkind in _NOT_LOCKABLE:
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot lock relation "{row.relname}"',
            detail=f"This operation is not supported for {_NOT_LOCKABLE[row.relkind]}.",
        )
    allowed = ["UPDATE", "DELETE", "TRUNCATE", "MAINTAIN"]
    if mode <= 3:
        allowed.append("INSERT")
    if mode == 1:
        allowed.append("SELECT")
    if not any(has_privilege(ctx.catalog, ctx.session.role, "table", row.oid, one) for one in allowed):
        kind = "view" if row.relkind == "v" else "table"
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {kind} {row.relname}")


def _lock_view(ctx: Any, row: Any, mode: int, nowait: bool) -> None:
    """A view's tables are locked with it (LockViewRecurse)."""
    if row.relkind != "v":
        return
    pending, seen = [row.oid], {row.oid}
    while pending:
        query = view_query(ctx.catalog, pending.pop())
        for rte in query.rtable:
            if rte.rtekind == "relation" and rte.relid not in seen and is_lockable(ctx.catalog, rte.relid):
                seen.add(rte.relid)
                below = ctx.catalog.pg_class.get(rte.relid)
                lock_relation(ctx.session, rte.relid, mode, nowait=below.relname if nowait else None)
                if below.relkind == "v":
                    pending.append(rte.relid)


@command("LoadStmt", tag="LOAD", read_only_ok=True, needs_snapshot=True)
def load(ctx: Any, statement: ast.LoadStmt) -> None:
    """LOAD: there are no shared libraries but those that are built in."""
    name = statement.filename
    if not is_superuser(ctx.catalog, ctx.session.role) and not name.startswith("$libdir/plugins/"):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'access to library "{name}" is not allowed')
    if name.removeprefix("$libdir/") not in ("plpgsql", "plpgsql.so"):
        raise SqlError(UNDEFINED_FILE, f'could not access file "{name}": No such file or directory')
