"""pg_notify and pg_listening_channels."""

from typing import Any

from ..registry import implements


@implements("pg_notify", context=True)
def pg_notify(ctx: Any, channel: str | None, payload: str | None) -> str:
    """NOTIFY as a function; NULLs are empty."""
    from ..commands.notify import add_notification

    add_notification(ctx, channel or "", payload or "")
    return ""


@implements("pg_listening_channels", context=True)
def pg_listening_channels(ctx: Any) -> list[str]:
    """The channels this session listens to."""
    return list(ctx.session.listening())
