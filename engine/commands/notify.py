"""LISTEN, UNLISTEN, NOTIFY: at COMMIT, in order, duplicates within a transaction dropped."""

from typing import Any

from pglast import ast

from ..errors import SqlError
from ..sqlstates import INVALID_PARAMETER_VALUE
from .registry import command


def add_notification(ctx: Any, channel: str, payload: str) -> None:
    """Queue for COMMIT, as NOTIFY and pg_notify() do."""
    if not channel:
        raise SqlError(INVALID_PARAMETER_VALUE, "channel name cannot be empty")
    if len(channel.encode()) >= 64:
        raise SqlError(INVALID_PARAMETER_VALUE, "channel name too long")
    if len(payload.encode()) >= 8000:
        raise SqlError(INVALID_PARAMETER_VALUE, "payload string too long")
    notifications = ctx.session.transaction.notifications
    if (channel, payload) not in notifications:
        notifications.append((channel, payload))


@command("NotifyStmt", tag="NOTIFY", read_only_ok=True)
def notify(ctx: Any, statement: ast.NotifyStmt) -> None:
    """NOTIFY channel [, payload]."""
    add_notification(ctx, statement.conditionname, statement.payload or "")


@command("ListenStmt", tag="LISTEN", read_only_ok=True)
def listen(ctx: Any, statement: ast.ListenStmt) -> None:
    """LISTEN channel: effective at COMMIT."""
    session = ctx.session
    channel = statement.conditionname
    session.transaction.listens = True
    session.transaction.on_commit.append(lambda: session.engine.listen(session, channel))


@command("UnlistenStmt", tag="UNLISTEN", read_only_ok=True)
def unlisten(ctx: Any, statement: ast.UnlistenStmt) -> None:
    """UNLISTEN channel | *: effective at COMMIT."""
    session = ctx.session
    channel = statement.conditionname
    session.transaction.listens = True

    def stop() -> None:
        for name in [channel] if channel else session.listening():
            session.engine.unlisten(session, name)

    session.transaction.on_commit.append(stop)
