"""TLS between a transport and a protocol, and the server's certificate.

TlsTransport is a transport to the protocol above and a protocol to the transport below, on
ssl.SSLObject and two memory BIOs. asyncio's own start_tls cannot take over a connection whose first
bytes are read already, which direct TLS needs; here bytes received go in by hand.
"""

import asyncio
import contextlib
import hashlib
import ssl
from pathlib import Path
from typing import Any, cast

ALPN = "postgresql"
_READ_BYTES = 64 * 1024


def make_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The server's side of TLS 1.2 and 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols([ALPN])
    context.sni_callback = _note_server_name
    return context


def _note_server_name(tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
    tls.asked_for = name  # type: ignore[attr-defined]


def endpoint_hash(certificate: Path) -> bytes:
    """Channel binding tls-server-end-point (RFC 5929): the certificate's hash by its own algorithm,
    SHA-256 in place of MD5 and SHA-1."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    algorithm = parsed.signature_hash_algorithm
    name = algorithm.name if algorithm is not None else "sha256"
    return hashlib.new(
        "sha256" if name in ("md5", "sha1") else name, parsed.public_bytes(Encoding.DER)
    ).digest()


def make_self_signed(directory: Path) -> tuple[Path, Path]:
    """Certificate and key for localhost in `directory`, made unless they are there."""
    certificate_path, key_path = directory / "server.crt", directory / "server.key"
    if certificate_path.exists() and key_path.exists():
        return certificate_path, key_path
    import datetime
    import ipaddress
    import os

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    start = datetime.datetime.fromtimestamp(0, datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=365 * 100))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate_path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return certificate_path, key_path


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """Encrypts what the protocol above writes, decrypts what the transport below receives."""

    def __init__(
        self, below: asyncio.Transport, context: ssl.SSLContext, above: asyncio.Protocol, *, direct: bool
    ) -> None:
        super().__init__()
        self._below = below
        self._above = above
        self._direct = direct
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaking = True
        self._closing = False
        below.set_protocol(self)

    @property
    def server_name(self) -> str | None:
        """The host that the client has asked for (SNI); None: it has not said."""
        name: str | None = getattr(self._tls, "asked_for", None)
        return name

    # A protocol to the transport below.

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            if self._shaking:
                self._tls.do_handshake()
                self._shaking = False
                if self._direct and self._tls.selected_alpn_protocol() != ALPN:
                    self.abort()  # PostgreSQL, too, insists on it, against cross-protocol attacks
                    return
            self._send()
            self._receive()
        except (ssl.SSLWantReadError, ssl.SSLSyscallError):
            self._send()
        except ssl.SSLError:
            self._send()
            self._below.close()

    def _receive(self) -> None:
        while not self._closing:
            plain = self._tls.read(_READ_BYTES)
            if not plain:  # close_notify
                self._above.eof_received()
                self.close()
                return
            self._above.data_received(plain)

    def _send(self) -> None:
        if self._outgoing.pending:
            self._below.write(self._outgoing.read())

    def eof_received(self) -> bool | None:
        self._above.eof_received()
        return False

    def connection_lost(self, exception: Exception | None) -> None:
        self._above.connection_lost(exception)

    def pause_writing(self) -> None:
        self._above.pause_writing()

    def resume_writing(self) -> None:
        self._above.resume_writing()

    # A transport to the protocol above.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._shaking:
            return
        rest = memoryview(data)
        while rest:  # each call takes one TLS record at most
            rest = rest[self._tls.write(rest) :]
        self._send()

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if not self._shaking:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()  # close_notify goes out, the peer's is not awaited
            self._send()
        self._below.close()

    def abort(self) -> None:
        self._closing = True
        self._below.abort()

    def is_closing(self) -> bool:
        return self._closing or self._below.is_closing()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._above = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._above

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._tls if name == "ssl_object" else self._below.get_extra_info(name, default)
