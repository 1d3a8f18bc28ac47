"""Authentication exchanges: SCRAM-SHA-256 and -PLUS, MD5, cleartext. No I/O.

An exchange is made with what is known of the role; `begin` gives the first request, `answer` takes
each password message and gives the next one, or None when the client has proved itself; SqlError
28P01 when not. Nothing in an exchange tells whether a role exists: an unknown one gets a salt made
from its name and a secret of this process, and fails at the end (RFC 5802; PostgreSQL's
auth-scram.c, "mock authentication").

SCRAM is written out here, because libpq sends an empty user name within it (the start-up packet has the
real one), which scramp as a server refuses.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import INVALID_AUTHORIZATION_SPECIFICATION, INVALID_PASSWORD

from . import replies
from .errors import protocol_lost
from .messages import parse_string

SCRAM_ITERATIONS = 4096
SCRAM_SALT_BYTES = 16
SCRAM_NONCE_BYTES = 18

_mock_secret = secrets.token_bytes(32)

TokenCheck = Callable[[str, str], bool]
"""Decides whether a cleartext password (a token) lets the user in: (user, password) -> bool."""


class Exchange(Protocol):
    """One authentication dialogue."""

    def begin(self) -> bytes:
        """The first message to the client."""

    def answer(self, body: bytes) -> tuple[bytes, bool]:
        """Take a password message; the reply, and whether the client is authenticated."""


def password_failed(user: str) -> SqlError:
    """28P01."""
    return SqlError(INVALID_PASSWORD, f'password authentication failed for user "{user}"', severity="FATAL")


def no_entry(peer: str, user: str, database: str, encrypted: bool) -> SqlError:
    """28000, in the words of a server whose pg_hba.conf has no line for the client."""
    encryption = "SSL encryption" if encrypted else "no encryption"
    return SqlError(
        INVALID_AUTHORIZATION_SPECIFICATION,
        f'no pg_hba.conf entry for host "{peer}", user "{user}", database "{database}", {encryption}',
        severity="FATAL",
    )


class CleartextExchange:
    """The password as it is: for tokens, which a hook checks."""

    def __init__(self, user: str, check: TokenCheck) -> None:
        self._user = user
        self._check = check

    def begin(self) -> bytes:
        """AuthenticationCleartextPassword."""
        return replies.AUTHENTICATION_CLEARTEXT

    def answer(self, body: bytes) -> tuple[bytes, bool]:
        """One message decides."""
        password = _password(body)
        if not self._check(self._user, password):
            raise password_failed(self._user)
        return b"", True


class Md5Exchange:
    """For roles whose stored password is an MD5 hash, which PostgreSQL 18 deprecates."""

    def __init__(self, user: str, stored: str) -> None:
        self._user = user
        self._stored = stored
        self._salt = secrets.token_bytes(4)

    def begin(self) -> bytes:
        """AuthenticationMD5Password."""
        return replies.authentication(5, self._salt)

    def answer(self, body: bytes) -> tuple[bytes, bool]:
        """One message decides."""
        digest = hashlib.md5(self._stored[3:].encode() + self._salt).hexdigest()
        if not hmac.compare_digest(_password(body).encode(), b"md5" + digest.encode()):
            raise password_failed(self._user)
        return b"", True


def _password(body: bytes) -> str:
    password = parse_string(body, 0, len(body), "utf-8")
    if not password:
        raise SqlError(INVALID_PASSWORD, "empty password returned by client", severity="FATAL")
    return password


def scram_verifier(password: str, salt: bytes | None = None, iterations: int = SCRAM_ITERATIONS) -> str:
    """What pg_authid.rolpassword stores: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey."""
    from scramp.utils import ScramException, saslprep

    try:
        prepared = saslprep(password)
    except ScramException:  # not valid SASLprep input: the bytes as they are, as PostgreSQL
        prepared = password
    salt = salt or secrets.token_bytes(SCRAM_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", prepared.encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{_b64(salt)}${_b64(stored_key)}:{_b64(server_key)}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class ScramExchange:
    """SCRAM-SHA-256, with channel binding tls-server-end-point when there is TLS."""

    def __init__(self, user: str, verifier: str | None, endpoint: bytes | None) -> None:
        self._user = user
        self._endpoint = endpoint  # hash of the server's certificate
        self._doomed = verifier is None
        if verifier is None:
            salt = hmac.digest(_mock_secret, user.encode(), "sha256")[:SCRAM_SALT_BYTES]
            self._iterations, self._salt = SCRAM_ITERATIONS, _b64(salt)
            self._stored_key = self._server_key = bytes(32)
        else:
            _, parameters, keys = verifier.split("$")
            iterations, self._salt = parameters.split(":")
            self._iterations = int(iterations)
            stored_key, server_key = keys.split(":")
            self._stored_key = base64.b64decode(stored_key)
            self._server_key = base64.b64decode(server_key)
        self._mechanism = ""
        self._header = ""
        self._nonce = ""
        self._first = ""  # client-first-message-bare "," server-first-message

    def begin(self) -> bytes:
        """AuthenticationSASL: the mechanisms, the better first."""
        names = b"SCRAM-SHA-256\0\0"
        return replies.authentication(10, b"SCRAM-SHA-256-PLUS\0" + names if self._endpoint else names)

    def answer(self, body: bytes) -> tuple[bytes, bool]:
        """SASLInitialResponse first, then SASLResponse."""
        if self._first:
            return self._final(_text(body)), True
        zero = body.find(0)
        self._mechanism = body[:zero].decode("latin-1")
        known = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256") if self._endpoint else ("SCRAM-SHA-256",)
        if self._mechanism not in known:
            raise protocol_lost("client selected an invalid SASL authentication mechanism")
        length = int.from_bytes(body[zero + 1 : zero + 5], "big", signed=True)
        if length == -1:
            return replies.authentication(11), False
        if length != len(body) - zero - 5:
            raise protocol_lost("insufficient data left in message")
        return self._initial(_text(body[zero + 5 :])), False

    def _initial(self, message: str) -> bytes:
        parts = message.split(",", 2)
        if len(parts) != 3:
            raise _malformed("Message length does not match input length.")
        binding, authzid, bare = parts
        self._check_binding_flag(binding)
        if authzid:
            raise protocol_lost("client uses authorization identity, but it is not supported")
        if bare.startswith("m="):
            raise protocol_lost("client requires an unsupported SCRAM extension")
        attributes = bare.split(",")
        if len(attributes) < 2 or not attributes[0].startswith("n=") or not attributes[1].startswith("r="):
            raise _malformed('Expected attribute "r".')
        client_nonce = attributes[1][2:]
        if not client_nonce or not all("!" <= character <= "~" for character in client_nonce):
            raise protocol_lost("non-printable characters in SCRAM nonce")
        self._header = f"{binding},{authzid},"
        self._nonce = client_nonce + _b64(secrets.token_bytes(SCRAM_NONCE_BYTES))
        server_first = f"r={self._nonce},s={self._salt},i={self._iterations}"
        self._first = f"{bare},{server_first}"
        return replies.authentication(11, server_first.encode())

    def _check_binding_flag(self, binding: str) -> None:
        plus = self._mechanism == "SCRAM-SHA-256-PLUS"
        if binding == "n":
            if plus:
                raise _malformed(
                    "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include"
                    " channel binding data."
                )
        elif binding == "y":
            if plus:
                raise _malformed(
                    "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include"
                    " channel binding data."
                )
            if self._endpoint:
                raise SqlError(
                    INVALID_AUTHORIZATION_SPECIFICATION,
                    "SCRAM channel binding negotiation error",
                    detail="The client supports SCRAM channel binding but thinks the server does not."
                    "  However, this server does support channel binding.",
                    severity="FATAL",
                )
        elif not binding.startswith("p="):
            raise _malformed(f'Unexpected channel-binding flag "{binding[:1]}".')
        elif not plus:
            raise _malformed(
                "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes"
                " channel binding data."
            )
        elif binding != "p=tls-server-end-point":
            raise protocol_lost(f'unsupported SCRAM channel-binding type "{binding[2:]}"')

    def _final(self, message: str) -> bytes:
        without_proof, marker, proof_text = message.rpartition(",p=")
        attributes = without_proof.split(",")
        if not marker or len(attributes) < 2:
            raise _malformed('Expected attribute "p".')
        header = self._header.encode()
        if self._header.startswith("p="):
            header += self._endpoint or b""
        if attributes[0] != "c=" + _b64(header):
            if self._header.startswith("p="):
                raise SqlError(
                    INVALID_AUTHORIZATION_SPECIFICATION,
                    "SCRAM channel binding check failed",
                    severity="FATAL",
                )
            raise protocol_lost("unexpected SCRAM channel-binding attribute in client-final-message")
        if attributes[1] != "r=" + self._nonce:
            raise protocol_lost("invalid SCRAM response", detail="Nonce does not match.")
        try:
            proof = base64.b64decode(proof_text, validate=True)
        except binascii.Error:
            proof = b""
        if len(proof) != 32:
            raise _malformed("Malformed proof in client-final-message.")
        signed = f"{self._first},{without_proof}".encode()
        signature = hmac.digest(self._stored_key, signed, "sha256")
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        proved = hmac.compare_digest(hashlib.sha256(client_key).digest(), self._stored_key)
        if self._doomed or not proved:
            raise password_failed(self._user)
        server_signature = hmac.digest(self._server_key, signed, "sha256")
        return replies.authentication(12, b"v=" + _b64(server_signature).encode())


def _malformed(detail: str) -> SqlError:
    return protocol_lost("malformed SCRAM message", detail=detail)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _malformed("Message length does not match input length.") from None
