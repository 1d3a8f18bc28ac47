"""Who gets in in the dsql mode, for how long, and how many: tokens, SNI, the limits on connections.

`--dsql-tokens` says how strict it is: `trust` asks nobody for a token; `any` asks those who come over TLS
and takes whatever they send; `check` is as the service is: TLS with SNI, and tokens that are looked at
(tokens.py).
"""

import asyncio
from typing import TYPE_CHECKING

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import INVALID_AUTHORIZATION_SPECIFICATION

from .auth import TokenCheck
from .tokens import accept_any, token_check

if TYPE_CHECKING:
    from .connection import Connection
    from .listener import Server

LATER_SECONDS = 1.0


class DsqlGate:
    """One for a server."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._strict = server.config.dsql_tokens == "check"
        self._tokens = 0.0  # how many connections may come at once
        self._filled_at = -1.0

    def token_check(self, server_name: str | None) -> TokenCheck | None:
        """What is done with a token; None: nobody is asked for one."""
        if self._strict:
            return token_check(self._server.engine.is_iam_mapped, server_name=server_name)
        return accept_any if self._server.config.dsql_tokens == "any" else None

    def admit(self, encrypted: bool, server_name: str | None) -> None:
        """A start-up packet has come; SqlError, FATAL, if it comes to nothing."""
        limits = self._server.engine.limits
        if self._strict and not encrypted:  # the text is inferred
            raise _refused("unable to accept connection, TLS is required")
        if self._strict and server_name is None:
            raise _refused("unable to accept connection, sni was not received")
        if len(self._server.connections) >= limits["connections"]:
            raise _fatal(limits.error("connections", len(self._server.connections) + 1))
        now = asyncio.get_running_loop().time()
        burst, rate = limits["connection_burst"], limits["connection_rate"]
        if self._filled_at < 0:
            self._tokens = burst
        else:
            self._tokens = min(burst, self._tokens + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._tokens < 1:
            raise _fatal(limits.error("connection_rate", rate + 1))
        self._tokens -= 1

    def opened(self, connection: "Connection") -> None:
        """It will be closed when it is too old, between two transactions."""
        seconds = self._server.engine.limits["connection_seconds"]
        asyncio.get_running_loop().call_later(seconds, self._expire, connection)

    def _expire(self, connection: "Connection") -> None:
        if self._server.connections.get(connection.session.pid) is not connection:
            return
        if connection.session.status != b"I" or not connection.shut_down():
            asyncio.get_running_loop().call_later(LATER_SECONDS, self._expire, connection)


def _refused(message: str) -> SqlError:
    return SqlError(INVALID_AUTHORIZATION_SPECIFICATION, message, severity="FATAL")  # SQLSTATE inferred


def _fatal(error: SqlError) -> SqlError:
    error.severity = "FATAL"
    return error
