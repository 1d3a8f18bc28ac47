"""Session information functions: who, where, when; settings, cursors, activity, transaction ids."""

import platform
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from ..catalog.namespaces import creation_namespace
from ..errors import SqlError
from ..registry import implements
from ..sqlstates import UNDEFINED_OBJECT
from ..values import Array, make_array

SERVER_VERSION = "18.4"
_UNIX_EPOCH = 946_684_800_000_000
_STARTED = time.time_ns() // 1000 - _UNIX_EPOCH


@implements("pgsql_version", context=True)
def pgsql_version(ctx: Any) -> str:
    """version(); Aurora DSQL's says no more than this."""
    if ctx.session is not None and ctx.session.engine.dsql:
        return "PostgreSQL 16"
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("gaveldb")
    except PackageNotFoundError:
        own = "0"
    bits = 64 if sys.maxsize > 2**32 else 32
    system = f"{platform.machine()}-{platform.system().lower()}"
    python = platform.python_version()
    return f"PostgreSQL {SERVER_VERSION} on {system} (GavelDB {own}), Python {python}, {bits}-bit"


@implements("current_user", context=True)
def current_user(ctx: Any) -> str:
    return ctx.catalog.role_name(ctx.session.role)


@implements("session_user", context=True)
def session_user(ctx: Any) -> str:
    return ctx.catalog.role_name(ctx.session.session_role)


@implements("system_user", context=True)
def system_user(ctx: Any) -> str | None:
    return getattr(ctx.session, "system_user", None)


@implements("current_database", context=True)
def current_database(ctx: Any) -> str:
    return str(ctx.catalog.pg_database.get(ctx.catalog.database_oid).datname)


def _current_namespace(ctx: Any) -> int | None:
    session = ctx.session
    for namespace in session.search_path(ctx.catalog):
        if namespace in (11, session.temporary_namespace):
            continue
        return int(namespace)
    names = session.settings.search_path
    found = creation_namespace(ctx.catalog, names, current_user(ctx), session.temporary_namespace)
    return found or None


@implements("current_schema", context=True)
def current_schema(ctx: Any) -> str | None:
    oid = _current_namespace(ctx)
    row = None if oid is None else ctx.catalog.pg_namespace.get(oid)
    return None if row is None else row.nspname


@implements("current_schemas", context=True)
def current_schemas(ctx: Any, implicit: bool) -> Array:
    session = ctx.session
    path = session.search_path(ctx.catalog)
    if not implicit:
        named = session.settings.search_path
        path = [
            n
            for n in path
            if not (n == 11 and "pg_catalog" not in named)
            and not (n == session.temporary_namespace and n and "pg_temp" not in named)
        ]
    names = [ctx.catalog.pg_namespace.get(n).nspname for n in path]
    return make_array(19, names)


@implements("current_query", context=True)
def current_query(ctx: Any) -> str:
    return str(getattr(ctx, "source", "") or ctx.session.current_query)


@implements("pg_backend_pid", context=True)
def pg_backend_pid(ctx: Any) -> int:
    return int(ctx.session.pid)


@implements("pg_postmaster_start_time", "pg_conf_load_time")
def pg_postmaster_start_time() -> int:
    return _STARTED


@implements("pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_jit_available", "pg_promote")
def pg_is_in_recovery(*args: Any) -> bool:
    return False


@implements("pg_my_temp_schema", context=True)
def pg_my_temp_schema(ctx: Any) -> int:
    return int(ctx.session.temporary_namespace)


@implements("pg_is_other_temp_schema", context=True)
def pg_is_other_temp_schema(ctx: Any, oid: int) -> bool:
    if oid == ctx.session.temporary_namespace:
        return False
    row = ctx.catalog.pg_namespace.get(oid)
    return row is not None and row.nspname.startswith(("pg_temp_", "pg_toast_temp_"))


@implements("pg_safe_snapshot_blocking_pids", context=True)
def pg_safe_snapshot_blocking_pids(ctx: Any, pid: int) -> Array:
    found = ctx.session.engine.sessions.get(pid)
    return make_array(23, [session.pid for session in _unsafe_with(found)] if found is not None else [])


@implements("pg_blocking_pids", context=True)
def pg_blocking_pids(ctx: Any, pid: int) -> Array:
    found = ctx.session.engine.sessions.get(pid)
    wait = found.database.locks.waits().get(found) if found is not None else None
    return make_array(23, [session.pid for session in wait.owners] if wait is not None else [])


@implements("pg_isolation_test_session_is_blocked", context=True)
def pg_isolation_test_session_is_blocked(ctx: Any, pid: int, by: Array) -> bool:
    """Whether a session waits for a lock of one of the others."""
    found = ctx.session.engine.sessions.get(pid)
    if found is None:
        return False
    wait = found.database.locks.waits().get(found)
    owners = wait.owners if wait is not None else _unsafe_with(found)
    return any(owner.pid in by.items for owner in owners)


def _unsafe_with(session: Any) -> list[Any]:
    """The sessions whose end a DEFERRABLE transaction waits for."""
    serial = getattr(session.transaction, "serial", None)
    if serial is None or serial.waiter is None or serial.waiter.done():
        return []
    return [member.owner for member in serial.possible or ()]


def _address(ctx: Any, text: str | None) -> Any:
    if not text:
        return None
    from ..types.io import text_input

    return text_input(ctx.catalog, 869)(ctx, text, -1)


def _peer(ctx: Any) -> tuple[str | None, int | None]:
    """(address, port) of the client; the peer is "address:port", "[address]:port" or a socket."""
    peer = getattr(ctx.session, "peer", "") or ""
    host, _, port = peer.rpartition(":")
    if not host or not port.isdigit():
        return (peer or None, None) if peer and peer[0].isdigit() else (None, None)
    return host.strip("[]"), int(port)


@implements("inet_client_addr", context=True)
def inet_client_addr(ctx: Any) -> Any:
    return _address(ctx, _peer(ctx)[0])


@implements("inet_client_port", context=True)
def inet_client_port(ctx: Any) -> int | None:
    return _peer(ctx)[1]


@implements("inet_server_addr", context=True)
def inet_server_addr(ctx: Any) -> Any:
    return _address(ctx, getattr(ctx.session, "server_address", None))


@implements("inet_server_port", context=True)
def inet_server_port(ctx: Any) -> int | None:
    return getattr(ctx.session, "server_port", None)


@implements("pg_stop_making_pinned_objects")
def pg_stop_making_pinned_objects() -> str:
    return ""


# --- settings -------------------------------------------------------------------------------------


@implements("show_all_settings", context=True)
def show_all_settings(ctx: Any) -> Iterable[tuple[Any, ...]]:
    return ctx.settings.rows()


@implements(
    "show_all_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_show_replication_origin_status",
    "pg_get_replication_slots",
    "pg_get_shmem_allocations",
    "pg_get_shmem_allocations_numa",
    "pg_get_aios",
    "pg_get_wait_events",
    "pg_get_backend_memory_contexts",
    "pg_get_multixact_members",
)
def no_rows(*args: Any) -> tuple[Any, ...]:
    return ()


@implements("pg_prepared_xact", context=True)
def pg_prepared_xact(ctx: Any) -> list[tuple[Any, ...]]:
    from ..twophase import rows

    return rows(ctx.session.engine)


@implements("show_config_by_name", context=True)
def show_config_by_name(ctx: Any, name: str) -> str:
    return ctx.settings.show(name)


@implements("show_config_by_name_missing_ok", context=True)
def show_config_by_name_missing_ok(ctx: Any, name: str, missing_ok: bool) -> str | None:
    try:
        return ctx.settings.show(name)
    except SqlError as error:
        if missing_ok and error.sqlstate == UNDEFINED_OBJECT:
            return None
        raise


@implements("set_config_by_name", context=True)
def set_config_by_name(ctx: Any, name: str | None, value: str | None, local: bool | None) -> str:
    if name is None:
        from ..sqlstates import NULL_VALUE_NOT_ALLOWED

        raise SqlError(NULL_VALUE_NOT_ALLOWED, "SET requires parameter name")
    if ctx.session.engine.dsql:
        from ..dsql.check import require_settable

        require_settable(name)
    settings = ctx.settings
    if value is None:
        settings.reset(name, local=bool(local))
        return settings.show(name)
    return settings.set_text(name, value, local=bool(local))


@implements("pg_settings_get_flags", context=True)
def pg_settings_get_flags(ctx: Any, name: str) -> Array | None:
    from ..settings import definitions

    definition = definitions().get(name.lower())
    return None if definition is None else make_array(25, [f for f in definition.flags if f != "hidden"])


@implements("pg_reload_conf", "pg_rotate_logfile", "pg_rotate_logfile_v2")
def pg_reload_conf() -> bool:
    return True


@implements("pg_config")
def pg_config() -> Iterator[tuple[str, str]]:
    yield "VERSION", f"PostgreSQL {SERVER_VERSION}"


@implements("pg_available_extensions")
def pg_available_extensions() -> Iterator[tuple[str, str, str]]:
    yield "plpgsql", "1.0", "PL/pgSQL procedural language"


@implements("pg_available_extension_versions")
def pg_available_extension_versions() -> Iterator[tuple[Any, ...]]:
    yield "plpgsql", "1.0", False, True, False, "pg_catalog", None, "PL/pgSQL procedural language"


# --- cursors, statements, activity, locks ---------------------------------------------------------


@implements("pg_cursor", context=True)
def pg_cursor(ctx: Any) -> Iterator[tuple[Any, ...]]:
    for name, portal in list(ctx.session.portals.items()):
        if not name and not getattr(portal, "declared", False):
            continue
        yield (
            name,
            getattr(portal, "source", "") or getattr(portal, "text", ""),
            bool(getattr(portal, "holdable", False)),
            bool(getattr(portal, "binary", False)),
            bool(portal.scroll),
            getattr(portal, "created_at", None) or ctx.statement_timestamp,
        )


@implements("pg_prepared_statement", context=True)
def pg_prepared_statement(ctx: Any) -> Iterator[tuple[Any, ...]]:
    for name, statement in list(ctx.session.prepared_statements.items()):
        if not name:
            continue
        columns = statement.columns
        yield (
            name,
            statement.source if statement.from_sql else statement.text,
            statement.prepared_at or ctx.statement_timestamp,
            make_array(2206, list(statement.parameter_types)),
            None if columns is None else make_array(2206, [c.type_oid for c in columns]),
            bool(statement.from_sql),
            getattr(statement, "generic_plans", 0),
            getattr(statement, "custom_plans", 0),
        )


def _sessions(ctx: Any) -> list[Any]:
    sessions = getattr(ctx.session.engine, "sessions", None)
    return list(sessions.values()) if sessions else [ctx.session]


@implements("pg_stat_get_activity", context=True)
def pg_stat_get_activity(ctx: Any, pid: int | None) -> Iterator[tuple[Any, ...]]:
    from ..catalog.privileges import has_privs_of_role

    states = {b"I": "idle", b"T": "idle in transaction", b"E": "idle in transaction (aborted)"}
    for session in _sessions(ctx):
        if pid is not None and session.pid != pid:
            continue
        own = session is ctx.session
        running = own or bool(getattr(session, "running", False))
        state = "active" if running else states[session.status]
        visible = (
            own
            or has_privs_of_role(ctx.catalog, ctx.session.role, session.session_role)
            or has_privs_of_role(ctx.catalog, ctx.session.role, 3375)
        )  # pg_read_all_stats
        transaction = session.transaction
        host, port = _peer(_Of(session))
        hidden: Any = None
        yield (
            ctx.catalog.database_oid if own else getattr(session.database, "oid", None),
            session.pid,
            session.session_role,
            session.settings.application_name,
            state if visible else hidden,
            session.current_query if visible else "<insufficient privilege>",
            None if running or not visible else "Client",
            None if running or not visible else "ClientRead",
            transaction.transaction_timestamp if visible and transaction is not None else None,
            session.query_start or None if visible else None,
            session.backend_start if visible else None,
            session.query_start or None if visible else None,
            _address(ctx, host) if visible else None,
            None,
            (port if port is not None else -1) if visible else None,
            None,
            None,
            "client backend",
            bool(getattr(session, "tls", False)),
            None,
            None,
            None,
            None,
            None,
            None,
            False,
            None,
            False,
            False,
            None,
            None,
        )


class _Of:
    """A context of another session, for _peer."""

    def __init__(self, session: Any) -> None:
        self.session = session


@implements("pg_lock_status", context=True)
def pg_lock_status(ctx: Any) -> Iterator[tuple[Any, ...]]:
    from ..lockview import status

    for database in ctx.session.engine.databases.values():
        yield from status(database)
    pid = ctx.session.pid
    yield (
        "virtualxid",
        None,
        None,
        None,
        None,
        f"{pid}/1",
        None,
        None,
        None,
        None,
        f"{pid}/1",
        pid,
        "ExclusiveLock",
        True,
        True,
        None,
    )


# --- transaction ids ------------------------------------------------------------------------------


@implements("pg_current_xact_id", context=True)
def pg_current_xact_id(ctx: Any) -> int:
    return int(ctx.transaction.assigned_xid())


@implements("pg_current_xact_id_if_assigned", context=True)
def pg_current_xact_id_if_assigned(ctx: Any) -> int | None:
    return ctx.transaction.xid or None


@implements("pg_export_snapshot")
def pg_export_snapshot() -> str:
    from ..sqlstates import FEATURE_NOT_SUPPORTED

    raise SqlError(FEATURE_NOT_SUPPORTED, "pg_export_snapshot is not supported")
