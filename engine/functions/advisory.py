"""Advisory lock functions (manual section 9.28.10), pg_cancel_backend and pg_terminate_backend."""

import asyncio
from collections.abc import Callable
from typing import Any

from ..advisory import mode_name
from ..catalog.privileges import has_privs_of_role, is_superuser
from ..errors import Notice, SqlError
from ..lockwait import AdvisoryKey
from ..registry import implements
from ..sqlstates import (
    ADMIN_SHUTDOWN,
    INSUFFICIENT_PRIVILEGE,
    NUMERIC_VALUE_OUT_OF_RANGE,
    QUERY_CANCELED,
    WARNING,
)

ROLE_PG_SIGNAL_BACKEND = 4200
_LOW = 0xFFFFFFFF


def _key8(number: int) -> AdvisoryKey:
    return AdvisoryKey(number >> 32 & _LOW, number & _LOW, 1)


def _key44(first: int, second: int) -> AdvisoryKey:
    return AdvisoryKey(first & _LOW, second & _LOW, 2)


def _locking(exclusive: bool, transaction: bool, key: Callable[..., AdvisoryKey]) -> Callable[..., str]:
    def lock(ctx: Any, *numbers: int) -> str:
        ctx.session.database.advisory.lock(ctx.session, key(*numbers), exclusive, transaction)
        return ""

    return lock


def _trying(exclusive: bool, transaction: bool, key: Callable[..., AdvisoryKey]) -> Callable[..., bool]:
    def lock(ctx: Any, *numbers: int) -> bool:
        locks = ctx.session.database.advisory
        return bool(locks.try_lock(ctx.session, key(*numbers), exclusive, transaction))

    return lock


def _unlocking(exclusive: bool, key: Callable[..., AdvisoryKey]) -> Callable[..., bool]:
    def unlock(ctx: Any, *numbers: int) -> bool:
        if ctx.session.database.advisory.unlock(ctx.session, key(*numbers), exclusive):
            return True
        text = f"you don't own a lock of type {mode_name(exclusive)}"
        ctx.notice(Notice(text, sqlstate=WARNING, severity="WARNING"))
        return False

    return unlock


for _suffix, _key in (("int8", _key8), ("int4", _key44)):
    for _shared in ("", "shared_"):
        _exclusive = not _shared
        for _level in ("", "xact_"):
            _name = f"advisory_{_level}lock_{_shared}{_suffix}"
            implements(f"pg_{_name}", context=True, waits=True)(_locking(_exclusive, bool(_level), _key))
            implements(f"pg_try_{_name}", context=True)(_trying(_exclusive, bool(_level), _key))
        implements(f"pg_advisory_unlock_{_shared}{_suffix}", context=True)(_unlocking(_exclusive, _key))


@implements("pg_advisory_unlock_all", context=True)
def pg_advisory_unlock_all(ctx: Any) -> str:
    """Give back all of the session's locks."""
    ctx.session.database.advisory.unlock_all(ctx.session)
    return ""


def _signalled(ctx: Any, pid: int, deed: str) -> Any:
    """The session of that process; None, with a warning, if there is none."""
    found = ctx.session.engine.sessions.get(pid)
    if found is None:
        text = f"PID {pid} is not a PostgreSQL backend process"
        ctx.notice(Notice(text, sqlstate=WARNING, severity="WARNING"))
        return None
    catalog, role = ctx.catalog, ctx.session.role
    what = "query" if deed == "cancel query" else "process"
    queries = "cancel queries" if deed == "cancel query" else "terminate processes"
    done = "canceled" if deed == "cancel query" else "terminated"
    if is_superuser(catalog, found.login_role) and not is_superuser(catalog, role):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            f"permission denied to {deed}",
            detail=f"Only roles with the SUPERUSER attribute may {queries} of roles with the "
            "SUPERUSER attribute.",
        )
    if not has_privs_of_role(catalog, role, found.login_role) and not has_privs_of_role(
        catalog, role, ROLE_PG_SIGNAL_BACKEND
    ):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            f"permission denied to {deed}",
            detail=f"Only roles with privileges of the role whose {what} is being {done} or with "
            f'privileges of the "pg_signal_backend" role may {deed}.',
        )
    return found


@implements("pg_cancel_backend", context=True)
def pg_cancel_backend(ctx: Any, pid: int) -> bool:
    """Cancel what a session runs."""
    found = _signalled(ctx, pid, "cancel query")
    if found is None:
        return False
    if found is ctx.session:
        raise SqlError(QUERY_CANCELED, "canceling statement due to user request")
    if found.on_cancel is not None:
        found.on_cancel()
    return True


@implements("pg_terminate_backend", context=True)
def pg_terminate_backend(ctx: Any, pid: int, timeout: int) -> bool:
    """End a session."""
    if timeout < 0:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, '"timeout" must not be negative')
    found = _signalled(ctx, pid, "terminate process")
    if found is None:
        return False
    if found is ctx.session:
        raise SqlError(
            ADMIN_SHUTDOWN, "terminating connection due to administrator command", severity="FATAL"
        )
    if found.on_terminate is not None:
        asyncio.get_running_loop().call_soon(found.on_terminate)
    return True
