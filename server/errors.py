"""Errors which the server room raises itself, mostly violations of the protocol."""

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import PROTOCOL_VIOLATION


class RequestError(SqlError):
    """Found here and not by the engine, whose session must yet be told that its transaction fails."""


def protocol_violation(message: str, *, detail: str | None = None, where: str | None = None) -> RequestError:
    """08P01; the connection goes on."""
    return RequestError(PROTOCOL_VIOLATION, message, detail=detail, where=where)


def protocol_lost(message: str, *, detail: str | None = None) -> RequestError:
    """08P01 after which the message boundaries are not known any more: the connection ends."""
    return RequestError(PROTOCOL_VIOLATION, message, detail=detail, severity="FATAL")
