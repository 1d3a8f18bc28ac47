"""The functions that ask for conflicts on purpose (engine/faults.py)."""

from collections.abc import Callable, Iterator
from typing import Any

from ..catalog.privileges import has_privs_of_role, is_superuser
from ..errors import SqlError
from ..faults import KINDS, Countdown, KeyFault, arm, arm_all, primary_key, reset
from ..registry import CallSite, implements
from ..sqlstates import (
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    NULL_VALUE_NOT_ALLOWED,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_TABLE,
)
from ..types.io import text_input
from .text_format import variadic_texts

SCOPES = ("session", "server")


def _checked(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'invalid value for argument "{name}": "{value}"',
            hint=f"Available values: {', '.join(choices)}.",
        )
    return value


def _may_disturb_all(session: Any) -> bool:
    """Superusers, and in the dsql mode, which lets nobody be one, the owner of the one database."""
    catalog = session.current_catalog()
    if is_superuser(catalog, session.role):
        return True
    owner = catalog.pg_database.get(catalog.database_oid).datdba
    return session.engine.dsql and has_privs_of_role(catalog, session.role, owner)


@implements("gaveldb_fail_commits", context=True)
def fail_commits(ctx: Any, count: int | None, after: int | None, kind: str | None, scope: str | None) -> str:
    """The next `count` commits after `after` others; 0: none."""
    if count is None or after is None or scope is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "only kind can be null")
    if count < 0 or after < 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "count and after must not be negative")
    if kind is not None:
        kind = _checked("kind", kind.upper(), KINDS)
    session = ctx.session
    countdown = Countdown(count, after, kind) if count else None
    if _checked("scope", scope, SCOPES) == "session":
        arm(session).countdown = countdown
        return ""
    if not _may_disturb_all(session):
        raise SqlError(INSUFFICIENT_PRIVILEGE, "must be superuser to make commits of other sessions fail")
    session.engine.faults.countdown = countdown
    arm_all(session.engine)
    return ""


@implements("gaveldb_fail_key", context=True, bind=True)
def fail_key(site: CallSite) -> Callable[..., str]:
    """The next commit, of whichever session, that writes the row with a primary key."""
    texts = variadic_texts(site, 1)

    def fail(ctx: Any, relid: int, *values: Any) -> str:
        session, catalog = ctx.session, ctx.catalog
        row = catalog.pg_class.get(relid)
        if row is None:
            raise SqlError(UNDEFINED_TABLE, f"relation with OID {relid} does not exist")
        if not has_privs_of_role(catalog, session.role, row.relowner):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of table {row.relname}")
        relation = catalog.relation(relid)
        index = primary_key(relation)
        if index is None or row.relpersistence == "t":
            what = "has no primary key" if index is None else "is temporary"
            raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'relation "{row.relname}" {what}')
        given = texts(ctx, values) or []
        if len(given) != len(index.keys):
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f'the primary key of "{row.relname}" has {len(index.keys)} columns, not {len(given)}',
            )
        columns = [relation.columns[key.attnum - 1] for key in index.keys]
        read = []
        for column, text in zip(columns, given, strict=True):
            if text is None:
                raise SqlError(NULL_VALUE_NOT_ALLOWED, "a primary key cannot be null")
            read.append(text_input(catalog, column.typid)(ctx, text, column.typmod))
        shown = ", ".join([text for text in given if text is not None])
        kind = session.settings.value("gaveldb.commit_failure_kind")
        fault = KeyFault(session.database.oid, relid, tuple(read), shown, kind)
        session.engine.faults.keys.append(fault)
        arm_all(session.engine)
        return ""

    return fail


@implements("gaveldb_reset_faults", context=True)
def reset_faults(ctx: Any) -> str:
    """The session's, and for those who may everybody's."""
    session = ctx.session
    reset(session, everywhere=_may_disturb_all(session))
    return ""


@implements("gaveldb_faults", context=True)
def faults(ctx: Any) -> Iterator[tuple[Any, ...]]:
    """(scope, fault, kind, remaining, after, share, stall in ms, relation, key)."""
    session = ctx.session
    value = session.settings.value
    own = session.faults.countdown if session.faults is not None else None
    default = value("gaveldb.commit_failure_kind")
    for scope, countdown in zip(SCOPES, (own, session.engine.faults.countdown), strict=True):
        if countdown is not None:
            kind = countdown.kind or default
            yield scope, "fail", kind, countdown.count, countdown.after, None, None, None, None
    for fault in session.engine.faults.keys:
        if fault.database == session.database.oid:
            yield "server", "fail", fault.kind, 1, 0, None, None, fault.relation, fault.shown
    if rate := value("gaveldb.commit_failure_rate"):
        yield "session", "fail", default, None, None, float(rate), None, None, None
    if stall := value("gaveldb.commit_stall"):
        share = float(value("gaveldb.commit_stall_rate"))
        yield "session", "stall", None, None, None, share, stall, None, None
