"""pg_stat_get_*: what an idle PostgreSQL answers - zeros, NULLs and no rows - unless the engine counts.

A session's engine may offer `statistics(name, *args)`, which returns a number or None (not counted).
"""

from typing import Any

from ..registry import implements
from ..values import Record
from .catalog import record

_NULLS = [
    "last_vacuum_time",
    "last_autovacuum_time",
    "last_analyze_time",
    "last_autoanalyze_time",
    "db_stat_reset_time",
    "bgwriter_stat_reset_time",
    "db_checksum_last_failure",
    "snapshot_timestamp",
    "lastscan",
    "checkpointer_stat_reset_time",
    "backend_client_addr",
    "backend_client_port",
    "backend_wait_event_type",
    "backend_wait_event",
    "backend_start",
    "backend_activity_start",
    "backend_xact_start",
    "backend_activity",
    "backend_dbid",
    "backend_userid",
    "backend_pid",
    "db_checksum_failures",
    "wal_receiver",
    "backend_subxact",
    "replication_slot",
    "backend_wal",
    "function_calls",
    "function_total_time",
    "function_self_time",
    "xact_function_calls",
    "xact_function_total_time",
    "xact_function_self_time",
]
_INTEGERS = [
    "numscans",
    "tuples_returned",
    "tuples_fetched",
    "tuples_inserted",
    "tuples_updated",
    "tuples_deleted",
    "blocks_fetched",
    "blocks_hit",
    "db_xact_commit",
    "db_xact_rollback",
    "db_blocks_fetched",
    "db_blocks_hit",
    "tuples_hot_updated",
    "db_tuples_returned",
    "db_tuples_fetched",
    "db_tuples_inserted",
    "db_tuples_updated",
    "db_tuples_deleted",
    "checkpointer_num_timed",
    "checkpointer_num_requested",
    "checkpointer_buffers_written",
    "bgwriter_buf_written_clean",
    "bgwriter_maxwritten_clean",
    "buf_alloc",
    "dead_tuples",
    "xact_numscans",
    "xact_tuples_returned",
    "xact_tuples_fetched",
    "xact_tuples_inserted",
    "xact_tuples_updated",
    "xact_tuples_deleted",
    "xact_tuples_hot_updated",
    "xact_blocks_fetched",
    "xact_blocks_hit",
    "vacuum_count",
    "autovacuum_count",
    "analyze_count",
    "autoanalyze_count",
    "db_conflict_tablespace",
    "db_conflict_lock",
    "db_conflict_snapshot",
    "db_conflict_bufferpin",
    "db_conflict_startup_deadlock",
    "db_conflict_all",
    "db_temp_files",
    "db_temp_bytes",
    "db_deadlocks",
    "mod_since_analyze",
    "ins_since_vacuum",
    "db_sessions",
    "db_sessions_abandoned",
    "db_sessions_fatal",
    "db_sessions_killed",
    "tuples_newpage_updated",
    "xact_tuples_newpage_updated",
    "db_conflict_logicalslot",
    "checkpointer_restartpoints_timed",
    "checkpointer_restartpoints_requested",
    "checkpointer_restartpoints_performed",
    "db_parallel_workers_to_launch",
    "db_parallel_workers_launched",
    "checkpointer_slru_written",
    "checkpointer_num_performed",
]
_FLOATS = [
    "db_blk_read_time",
    "db_blk_write_time",
    "checkpointer_write_time",
    "checkpointer_sync_time",
    "db_session_time",
    "db_active_time",
    "db_idle_in_transaction_time",
    "total_vacuum_time",
    "total_autovacuum_time",
    "total_analyze_time",
    "total_autoanalyze_time",
]
_NO_ROWS = "slru wal_senders progress_info subscription io recovery_prefetch backend_io"
_VOID = [
    "pg_stat_force_next_flush",
    "pg_stat_clear_snapshot",
    "pg_stat_reset",
    "pg_stat_reset_slru",
    "pg_stat_reset_shared",
    "pg_stat_reset_single_table_counters",
    "pg_stat_reset_single_function_counters",
    "pg_stat_reset_replication_slot",
    "pg_stat_reset_subscription_stats",
    "pg_stat_reset_backend_stats",
]


def _register(name: str, idle: Any) -> None:
    @implements(f"pg_stat_get_{name}", context=True)
    def statistic(ctx: Any, *args: Any) -> Any:
        counted = getattr(ctx.session.engine, "statistics", None)
        if counted is not None:
            value = counted(name, *args)
            if value is not None:
                return value
        return idle


for _name in _NULLS:
    _register(_name, None)
for _name in _INTEGERS:
    _register(_name, 0)
for _name in _FLOATS:
    _register(_name, 0.0)


@implements(*[f"pg_stat_get_{name}" for name in _NO_ROWS.split()])
def no_rows(*args: Any) -> tuple[Any, ...]:
    return ()


@implements(*_VOID)
def reset(*args: Any) -> str:
    return ""


@implements("pg_stat_get_live_tuples", context=True)
def live_tuples(ctx: Any, oid: int) -> int:
    row = ctx.catalog.pg_class.get(oid)
    return 0 if row is None else int(max(row.reltuples, 0))


@implements("pg_stat_get_db_numbackends", context=True)
def db_numbackends(ctx: Any, oid: int) -> int:
    sessions = getattr(ctx.session.engine, "sessions", None) or {}
    return sum(1 for s in sessions.values() if getattr(s.database, "oid", 0) == oid) or int(
        oid == ctx.catalog.database_oid
    )


@implements("pg_stat_get_backend_idset", context=True)
def backend_idset(ctx: Any) -> Any:
    sessions = getattr(ctx.session.engine, "sessions", None) or {ctx.session.pid: ctx.session}
    return range(1, len(sessions) + 1)


@implements("pg_stat_have_stats")
def have_stats(*args: Any) -> bool:
    return False


@implements("pg_stat_get_wal")
def stat_wal() -> Record:
    from decimal import Decimal

    return record(
        (
            ("wal_records", 20),
            ("wal_fpi", 20),
            ("wal_bytes", 1700),
            ("wal_buffers_full", 20),
            ("stats_reset", 1184),
        ),
        (0, 0, Decimal(0), 0, None),
    )


@implements("pg_stat_get_archiver")
def stat_archiver() -> Record:
    return record(
        (
            ("archived_count", 20),
            ("last_archived_wal", 25),
            ("last_archived_time", 1184),
            ("failed_count", 20),
            ("last_failed_wal", 25),
            ("last_failed_time", 1184),
            ("stats_reset", 1184),
        ),
        (0, None, None, 0, None, None, None),
    )
