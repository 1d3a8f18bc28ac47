"""Server: listens, knows all connections, cancels and shuts down."""

import asyncio
import hmac
import itertools
import logging
import ssl
from pathlib import Path

from gaveldb.engine.api import Engine
from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import ADMIN_SHUTDOWN

from . import auth, frames
from .busypoll import BusyPoll
from .config import Config, is_loopback
from .connection import Connection
from .cork import Cork
from .dsqlgate import DsqlGate
from .greeting import Greeting
from .startup import StartupPacket

log = logging.getLogger("gaveldb.server")

ACCEPT_BACKLOG = 512
ABORT_GRACE_SECONDS = 1.0
GREETINGS_PER_CONNECTION = 2


class Server:
    """One listening server over an opened engine."""

    def __init__(self, engine: Engine, config: Config) -> None:
        self.engine = engine
        self.config = config
        self.connections: dict[int, Connection] = {}
        self.greetings: set[Greeting] = set()
        self.stopping = False
        self.busy_poll = BusyPoll(config.busy_poll)
        self.cork = Cork()
        self.tls: ssl.SSLContext | None = None
        self.endpoint_hash: bytes | None = None
        self.port = config.port
        self._verifier: str | None = None
        self.gate: DsqlGate | None = DsqlGate(self) if config.dsql else None
        self.message_limits = frames.limits(engine.limits["message_bytes"]) if config.dsql else frames.LIMITS
        self._pids = itertools.count(1000)
        self._listening: list[asyncio.AbstractServer] = []
        self._transports = 0
        self._all_closed: asyncio.Event = asyncio.Event()

    async def start(self) -> None:
        """Listen on every address; `port` is then the true one."""
        config = self.config
        if config.password is not None:
            self._verifier = auth.scram_verifier(config.password)
        self._load_tls()
        loop = asyncio.get_running_loop()
        for host in config.hosts:
            server = await loop.create_server(self._greet, host, self.port, backlog=ACCEPT_BACKLOG)
            self._listening.append(server)
            self.port = self.port or server.sockets[0].getsockname()[1]
        if config.unix_socket_dir is not None:
            path = config.unix_socket_dir / f".s.PGSQL.{self.port}"
            path.unlink(missing_ok=True)
            unix = await loop.create_unix_server(self._greet, str(path), backlog=ACCEPT_BACKLOG)
            path.chmod(0o700)
            self._listening.append(unix)

    def url(self) -> str:
        """How a client connects."""
        host = self.config.hosts[0] if self.config.hosts else "localhost"
        if ":" in host:
            host = f"[{host}]"
        host = {"0.0.0.0": "localhost", "[::]": "localhost"}.get(host, host)
        return f"postgresql://{self.config.superuser}@{host}:{self.port}/postgres"

    async def stop(self) -> None:
        """No new connections; idle ones end at once, running statements have shutdown_timeout."""
        self.stopping = True
        for server in self._listening:
            server.close()
        for greeting in tuple(self.greetings):
            greeting.refuse(_shutting_down())
        for connection in tuple(self.connections.values()):
            connection.shut_down()
        if not await self._emptied(self.config.shutdown_timeout):
            for connection in tuple(self.connections.values()):
                connection.abort()
            if not await self._emptied(ABORT_GRACE_SECONDS):
                log.warning("%d connections did not end", self._transports)
        if self.config.unix_socket_dir is not None:
            (self.config.unix_socket_dir / f".s.PGSQL.{self.port}").unlink(missing_ok=True)

    async def _emptied(self, timeout: float) -> bool:
        if not self._transports:
            return True
        self._all_closed.clear()
        try:
            await asyncio.wait_for(self._all_closed.wait(), timeout)
        except TimeoutError:
            return False
        return True

    def _greet(self) -> Greeting:
        return Greeting(self)

    def _load_tls(self) -> None:
        config = self.config
        certificate, key = config.tls_certificate, config.tls_key
        if config.tls_self_signed and certificate is None:
            from .tls import make_self_signed

            if config.in_memory:
                import tempfile

                with tempfile.TemporaryDirectory() as directory:
                    self._use_certificate(*make_self_signed(Path(directory)))
                return
            certificate, key = make_self_signed(config.data_dir / "tls")
        if certificate is not None and key is not None:
            self._use_certificate(certificate, key)

    def _use_certificate(self, certificate: Path, key: Path) -> None:
        from .tls import endpoint_hash, make_context

        self.tls = make_context(certificate, key)
        self.endpoint_hash = endpoint_hash(certificate)

    # What connections ask.

    def authentication(
        self,
        packet: StartupPacket,
        peer: str,
        endpoint: bytes | None,
        encrypted: bool,
        server_name: str | None = None,
    ) -> auth.Exchange | None:
        """How this client must prove itself; None: it need not.

        A role with a password must know it, wherever it comes from. A server with a password trusts
        nobody else; one without trusts whoever is on the same machine.
        """
        user = packet.user
        tokens = self.gate.token_check(server_name) if self.gate is not None and encrypted else None
        if tokens is not None and self.config.password is None:  # nobody can tell a token from a guess
            return auth.CleartextExchange(user, tokens)
        if self.config.token_check is not None:
            return auth.CleartextExchange(user, self.config.token_check)
        verifier = self.engine.verifier(user)
        if verifier is None and user == self.config.superuser:
            verifier = self._verifier
        if verifier is not None and verifier.startswith("md5"):
            return auth.Md5Exchange(user, verifier)
        if verifier is not None or self.config.password is not None:
            return auth.ScramExchange(user, verifier, endpoint)
        if not is_loopback(peer):
            raise auth.no_entry(peer, user, packet.database, encrypted)
        return None

    def next_pid(self) -> int:
        """A number no live session has."""
        for pid in self._pids:
            if pid >= 2**31 - 1:
                self._pids = itertools.count(1000)
            elif pid not in self.connections:
                return pid
        raise AssertionError("count() does not end")

    def cancel(self, pid: int, key: bytes) -> None:
        """A CancelRequest: answered by nothing, whether right or wrong."""
        connection = self.connections.get(pid)
        if connection is not None and hmac.compare_digest(connection.key, key):
            connection.cancel()

    def forget(self, connection: Connection) -> bool:
        """The session ends; False if that was known."""
        return self.connections.pop(connection.session.pid, None) is not None

    def count_opened(self, transport: asyncio.Transport) -> None:
        """One more transport, session or not; far too many are not even listened to."""
        self._transports += 1
        if len(self.greetings) > GREETINGS_PER_CONNECTION * self.config.max_connections:
            transport.abort()

    def count_closed(self) -> None:
        """One transport less."""
        self._transports -= 1
        if not self._transports:
            self._all_closed.set()


def _shutting_down() -> SqlError:
    return SqlError(ADMIN_SHUTDOWN, "terminating connection due to administrator command", severity="FATAL")
