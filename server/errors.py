"""Errors which the server room raises itself: violations of the protocol."""

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import PROTOCOL_VIOLATION


def protocol_violation(message: str, *, detail: str | None = None, where: str | None = None) -> SqlError:
    """08P01; the connection goes on."""
    return SqlError(PROTOCOL_VIOLATION, message, detail=detail, where=where)


def protocol_lost(message: str, *, detail: str | None = None) -> SqlError:
    """08P01 after which the message boundaries are not known any more: the connection ends."""
    return SqlError(PROTOCOL_VIOLATION, message, detail=detail, severity="FATAL")
