"""Greeting: the protocol of a connection until its session is open, then gone.

    bytes -> [direct TLS] -> SSLRequest, GSSENCRequest, CancelRequest or start-up packet
          -> authentication -> session opened -> Connection takes the transport over

Before authentication nothing is kept but one message of limited length, and all of it must be done
within authentication_timeout.
"""

import asyncio
import logging
import secrets
from struct import Struct
from typing import TYPE_CHECKING, cast

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import CANNOT_CONNECT_NOW, INTERNAL_ERROR, QUERY_CANCELED, TOO_MANY_CONNECTIONS

from . import auth, replies, startup
from .connection import Connection
from .errors import protocol_lost
from .frames import HEADER_BYTES, PASSWORD_BYTES_MAX, STARTUP_PACKET_BYTES_MAX
from .output import ClientOutput
from .tls import TlsTransport

if TYPE_CHECKING:
    from .listener import Server

log = logging.getLogger("gaveldb.server")

TLS_HANDSHAKE = 0x16
PASSWORD_MESSAGE = ord("p")
_HEAD = Struct("!iI")


class Greeting(asyncio.Protocol):
    """One connection that is not yet a session."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._received = b""
        self._packet: startup.StartupPacket | None = None
        self._exchange: auth.Exchange | None = None
        self._encrypted = False
        self._ancient = False  # speaks protocol 2, whose errors are plain text
        self._done = False

    # Called by the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.greetings.add(self)
        self._server.count_opened(self._transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._server.config.authentication_timeout, self._timed_out)

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            while not self._done and self._step():
                pass
        except SqlError as error:
            self.refuse(error)
        except Exception as error:
            log.exception("internal error while a connection begins")
            self.refuse(SqlError(INTERNAL_ERROR, f"{type(error).__name__}: {error}", severity="FATAL"))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exception: Exception | None) -> None:
        self._end()
        self._server.count_closed()

    # The steps; each is True if there may be more to do at once.

    def _step(self) -> bool:
        if self._packet is None:
            return self._startup_step()
        return self._password_step()

    def _startup_step(self) -> bool:
        received = self._received
        if received[:1] == bytes((TLS_HANDSHAKE,)) and not self._encrypted:
            return self._start_tls(direct=True)
        if len(received) < 4:
            return False
        length = int.from_bytes(received[:4], "big", signed=True)
        if not 8 <= length <= STARTUP_PACKET_BYTES_MAX:
            log.warning("invalid length of startup packet")
            return self._hang_up()
        if len(received) < length:
            return False
        body = received[4:length]
        self._received = received[length:]
        code = int.from_bytes(body[:4], "big")
        if code == startup.SSL_REQUEST:
            return self._answer_encryption_request(tls=True)
        if code == startup.GSS_REQUEST:
            return self._answer_encryption_request(tls=False)
        if code == startup.CANCEL_REQUEST:
            self._server.cancel(int.from_bytes(body[4:8], "big"), body[8:])
            return self._hang_up()
        self._ancient = code >> 16 < 3
        self._begin(startup.parse_startup(body))
        return True

    def _answer_encryption_request(self, *, tls: bool) -> bool:
        available = tls and self._server.tls is not None and not self._encrypted
        self._transport.write(b"S" if available else b"N")
        if self._received:
            # Bytes sent ahead might be a third party's, slipped in before the encryption (CVE-2021-23214).
            request = "SSL" if tls else "GSSAPI encryption"
            raise protocol_lost(
                f"received unencrypted data after {request} request",
                detail="This could be either a client-software bug or evidence of an attempted"
                " man-in-the-middle attack.",
            )
        return self._start_tls(direct=False) if available else True

    def _start_tls(self, *, direct: bool) -> bool:
        context = self._server.tls
        if context is None:
            return self._hang_up()
        self._encrypted = True
        received, self._received = self._received, b""
        below = self._transport
        self._transport = TlsTransport(below, context, self, direct=direct)
        if received:
            self._transport.data_received(received)
        return False

    def _begin(self, packet: startup.StartupPacket) -> None:
        self._packet = packet
        server = self._server
        if server.stopping:
            raise SqlError(CANNOT_CONNECT_NOW, "the database system is shutting down", severity="FATAL")
        name = self._transport.server_name if isinstance(self._transport, TlsTransport) else None
        if server.gate is not None:
            server.gate.admit(self._encrypted, name)
        if len(server.connections) + len(server.greetings) > server.config.max_connections:
            raise SqlError(TOO_MANY_CONNECTIONS, "sorry, too many clients already", severity="FATAL")
        if packet.downgraded or packet.refused:
            self._transport.write(replies.negotiate_protocol_version(packet.version, packet.refused))
        peer = self._peer()
        endpoint = server.endpoint_hash if self._encrypted else None
        self._exchange = server.authentication(packet, peer, endpoint, self._encrypted, name)
        if self._exchange is None:
            self._open()
        else:
            self._transport.write(self._exchange.begin())

    def _password_step(self) -> bool:
        received = self._received
        if len(received) < HEADER_BYTES:
            return False
        assert self._exchange is not None
        assert self._packet is not None
        if received[0] != PASSWORD_MESSAGE:
            raise protocol_lost(f"expected password response, got message type {received[0]}")
        length = int.from_bytes(received[1:5], "big", signed=True)
        if not 4 <= length <= PASSWORD_BYTES_MAX:
            return self._hang_up()
        if len(received) < length + 1:
            return False
        self._received = received[length + 1 :]
        try:
            reply, done = self._exchange.answer(received[5 : length + 1])
        except SqlError as error:
            error.severity = "FATAL"
            raise
        if reply:
            self._transport.write(reply)
        if done:
            self._open()
        return True

    def _open(self) -> None:
        """Authenticated: open the session and hand the transport over."""
        packet = self._packet
        assert packet is not None
        server = self._server
        output = ClientOutput(self._transport, self._server.cork)
        output.busy = True
        self._transport.write(replies.AUTHENTICATION_OK)
        pid = server.next_pid()
        try:
            session = server.engine.open_session(
                packet.user, packet.database, packet.all_settings(), output, pid=pid, peer=self._peer()
            )
        except SqlError as error:
            error.severity = "FATAL"
            raise
        self._end()
        key = secrets.token_bytes(packet.cancel_key_bytes)
        connection = Connection(server, self._transport, output, session, key)
        server.connections[pid] = connection
        self._transport.set_protocol(connection)
        self._transport.set_write_buffer_limits(high=server.config.write_buffer_bytes)
        early = bytes(output.buffer)  # notices and changes of settings while it opened
        output.buffer = bytearray()
        parameters = session.parameters()
        output.set_encoding(parameters.get("client_encoding", "UTF8"))
        output.buffer += replies.parameter_statuses(parameters)
        output.reported = dict(parameters)
        output.changed.clear()
        output.buffer += replies.backend_key_data(pid, key)
        output.buffer += early
        output.buffer += replies.READY_FOR_QUERY[session.status]
        output.flush()
        if server.gate is not None:
            server.gate.opened(connection)
        connection.start(self._received)

    # The end.

    def refuse(self, error: SqlError) -> None:
        """Tell the client why, and hang up."""
        if self._ancient:
            self._transport.write(b"E" + f"FATAL:  {error.message}\n".encode() + b"\0")
        else:
            self._transport.write(replies.error_response(error))
        self._hang_up()

    def _hang_up(self) -> bool:
        self._end()
        self._transport.close()
        return False

    def _timed_out(self) -> None:
        if self._packet is None:
            self._hang_up()
        else:
            self.refuse(SqlError(QUERY_CANCELED, "canceling authentication due to timeout", severity="FATAL"))

    def _end(self) -> None:
        self._done = True
        self._timer.cancel()
        self._server.greetings.discard(self)

    def _peer(self) -> str:
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) and name else ""
