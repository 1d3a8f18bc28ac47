"""The start-up packet and its relatives: SSLRequest, GSSENCRequest, CancelRequest. No I/O.

A start-up packet is a length, a protocol version and pairs of names and values. Version 3.0 and 3.2
differ in the length of the cancel key only; asked for a newer minor version, or for options
`_pq_.*` that are not known, the server answers NegotiateProtocolVersion and goes on.
"""

from dataclasses import dataclass, field

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_AUTHORIZATION_SPECIFICATION,
    INVALID_PARAMETER_VALUE,
    SYNTAX_ERROR,
)

from .errors import protocol_lost
from .messages import decode

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102

VERSION_MIN = 3 << 16
VERSION_MAX = 3 << 16 | 2
IDENTIFIER_BYTES_MAX = 63

_BOOLEANS = {"true": True, "on": True, "yes": True, "1": True, "t": True, "y": True,
             "false": False, "off": False, "no": False, "0": False, "f": False, "n": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StartupPacket:
    """What the client said of itself."""

    version: int  # as spoken from here on
    user: str
    database: str
    settings: dict[str, str] = field(default_factory=dict)
    command_line: str = ""  # the parameter `options`
    refused: tuple[str, ...] = ()  # options _pq_.* not known
    downgraded: bool = False  # the client asked for a newer version

    def all_settings(self) -> dict[str, str]:
        """Those of `options` first; SqlError, which the client may learn after authentication only."""
        return parse_options(self.command_line) | self.settings

    @property
    def cancel_key_bytes(self) -> int:
        """Length of the cancel key: 4 up to 3.1, else as PostgreSQL."""
        return 4 if self.version < VERSION_MAX else 32


def unsupported_version(version: int) -> SqlError:
    """The answer to another major version."""
    shown = f"{version >> 16}.{version & 0xFFFF}"
    return SqlError(
        FEATURE_NOT_SUPPORTED,
        f"unsupported frontend protocol {shown}: server supports 3.0 to 3.2",
        severity="FATAL",
    )


def parse_startup(body: bytes) -> StartupPacket:
    """Read a start-up packet after its length; raises SqlError, FATAL."""
    version = int.from_bytes(body[:4], "big")
    if version >> 16 != 3:
        raise unsupported_version(version)
    user = database = command_line = ""
    settings: dict[str, str] = {}
    refused: list[str] = []
    for name, value in _pairs(body[4:]):
        if name == "user":
            user = _truncate(value)
        elif name == "database":
            database = _truncate(value)
        elif name == "options":
            command_line = value
        elif name == "replication":
            _refuse_replication(value)
        elif name.startswith("_pq_."):
            refused.append(name)
        else:
            settings[name] = value
    if not user:
        raise SqlError(
            INVALID_AUTHORIZATION_SPECIFICATION,
            "no PostgreSQL user name specified in startup packet",
            severity="FATAL",
        )
    return StartupPacket(
        min(version, VERSION_MAX),
        user,
        database or user,
        settings,
        command_line,
        tuple(refused),
        version > VERSION_MAX,
    )


def _pairs(body: bytes) -> list[tuple[str, str]]:
    pairs = []
    position = 0
    while position < len(body) and body[position]:
        name_end = body.find(0, position)
        value_end = body.find(0, name_end + 1) if name_end >= 0 else -1
        if value_end < 0:
            break
        pairs.append((decode(body[position:name_end]), decode(body[name_end + 1 : value_end])))
        position = value_end + 1
    if position != len(body) - 1:
        raise protocol_lost("invalid startup packet layout: expected terminator as last byte")
    return pairs


def _truncate(name: str) -> str:
    return name.encode()[:IDENTIFIER_BYTES_MAX].decode(errors="ignore")


def _refuse_replication(value: str) -> None:
    if value != "database" and _BOOLEANS.get(value.lower()) is None:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'invalid value for parameter "replication": "{value}"',
            hint='Valid values are: "false", 0, "true", 1, "database".',
            severity="FATAL",
        )
    if _BOOLEANS.get(value.lower(), True):
        raise SqlError(FEATURE_NOT_SUPPORTED, "replication connections are not supported", severity="FATAL")


def parse_options(text: str) -> dict[str, str]:
    """The settings in PGOPTIONS: `-c name=value` and `--name=value`."""
    settings: dict[str, str] = {}
    words = _split_options(text)
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if word.startswith("--") and len(word) > 2:
            flag, assignment = "--", word[2:]
        elif word.startswith("-c"):
            flag, assignment = "-c ", word[2:]
            if not assignment and index < len(words):
                assignment = words[index]
                index += 1
        else:
            raise SqlError(
                SYNTAX_ERROR,
                f"invalid command-line argument for server process: {word}",
                hint='Try "postgres --help" for more information.',
                severity="FATAL",
            )
        name, equals, value = assignment.partition("=")
        if not equals:
            raise SqlError(SYNTAX_ERROR, f"{flag}{assignment} requires a value", severity="FATAL")
        settings[name.replace("-", "_")] = value
    return settings


def _split_options(text: str) -> list[str]:
    """Words between blanks; a backslash takes the next character as it is."""
    words: list[str] = []
    word = ""
    begun = escaped = False
    for character in text:
        if escaped:
            word += character
            escaped = False
        elif character == "\\":
            begun = escaped = True
        elif character.isspace():
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word += character
            begun = True
    if begun:
        words.append(word)
    return words
