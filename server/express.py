"""The express way through the protocol: what a client sends in one packet is answered in one call.

Most drivers send a prepared statement's execution in one packet: Bind to the unnamed portal, Describe
of that portal or not, Execute without a row limit, Sync; without named statements Parse comes first.
`answer` recognizes such a packet by its bytes, has the engine run the statement (engine/express.py),
and writes one reply. Whatever is unusual about the packet, the statement or the session is left,
untouched, to Connection's turn.
"""

from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any

from gaveldb.engine.errors import BindError

from . import replies

if TYPE_CHECKING:
    from .connection import Connection

ENTRIES_MAX = 1000  # of one connection
PARSED_MAX = 200
PARSED_BYTES_MAX = 2000
_BINDINGS_MAX = 16
TAGS_MAX = 64
_EXECUTE_SYNC = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04"
_DESCRIBE_EXECUTE_SYNC = b"D\0\0\0\x06P\0" + _EXECUTE_SYNC
READY = replies.READY_FOR_QUERY
_unpack_length = Struct("!i").unpack_from

Binding = tuple[Any, Any, bytes]


class Express:
    """What is remembered of one prepared statement of a connection, for one plan of it. A statement of
    None has no express way."""

    __slots__ = ("bindings", "name", "plan", "prepared", "statement", "tags")

    def __init__(self, name: str, prepared: Any, statement: Any) -> None:
        self.name = name
        self.prepared = prepared
        self.plan = prepared.plan
        self.statement = statement
        self.bindings: dict[tuple[bytes, bytes], Binding | tuple[()]] = {}
        self.tags: dict[int, bytes] = {}

    def tag(self, count: int) -> bytes:
        """CommandComplete."""
        if len(self.tags) >= TAGS_MAX:
            self.tags.clear()
        reply = self.tags[count] = replies.command_complete(self.statement.tag(count))
        return reply

    def bind(self, formats: bytes, result_formats: bytes) -> Binding | tuple[()]:
        """What the engine wants to be given, and the reply to Bind and Describe, for the format codes as
        they stand in Bind; empty if there is something unusual about them."""
        if len(self.bindings) >= _BINDINGS_MAX:
            self.bindings.clear()
        binding = self.bindings[formats, result_formats] = self._bind(formats, result_formats)
        return binding

    def _bind(self, formats: bytes, result_formats: bytes) -> Binding | tuple[()]:
        given, wanted = _codes(formats[:-2]), _codes(result_formats)
        if given is None or wanted is None:
            return ()
        found = self.statement.binding(given, wanted)
        if found is None:
            return ()
        portal, decoders = found
        described = replies.NO_DATA
        if portal is not None and portal.columns is not None:
            described = replies.row_description(portal.columns, portal.formats)
        return portal, decoders, replies.BIND_COMPLETE + described


def _codes(data: bytes) -> tuple[int, ...] | None:
    """The format codes behind their count; None if the count is not theirs, or a code unknown."""
    if len(data) < 2 or len(data) != 2 + 2 * int.from_bytes(data[:2], "big"):
        return None
    codes = tuple(int.from_bytes(data[at : at + 2], "big") for at in range(2, len(data), 2))
    return codes if all(code in (0, 1) for code in codes) else None


def answer(connection: "Connection", data: bytes) -> bool:
    """Execute a packet that begins with Bind; False if it goes the ordinary way."""
    zero = data.find(0, 6)
    if zero < 0 or data[5]:
        return False
    express = connection.express.get(data[6:zero])
    if (
        express is None
        or express.plan is not express.prepared.plan
        or express.prepared is not connection.session.prepared(express.name)
    ):
        express = _find(connection, data[6:zero])
        if express is None:
            return False
    return _execute(connection, express, data, zero, b"")


def answer_parse(connection: "Connection", data: bytes) -> bool:
    """As `answer`, for a packet that begins with Parse of the unnamed statement and goes on with its Bind: if
    the text and the types are known, and Parse would find the same plan, the statement is that of
    last time."""
    end = 1 + int.from_bytes(data[1:5], "big")
    if (
        end < 6
        or len(data) < end + 7
        or data[5]
        or data[end : end + 1] != b"B"
        or data[end + 5 : end + 7] != b"\0\0"
    ):
        return False
    express = connection.parsed.get(data[6:end])
    if express is None or express.plan is not express.prepared.plan or not connection.has_plain_text(""):
        return False
    statement = express.statement
    if statement is None or not statement.is_fresh():
        return False
    connection.session.store_prepared("", express.prepared)
    return _execute(connection, express, data[end:], 6, replies.PARSE_COMPLETE)


def remember(connection: "Connection", message: bytes, prepared: Any) -> None:
    """The unnamed statement was made by this body of Parse (behind its name); if that was not the first
    time, there may come more."""
    parsed = connection.parsed
    if message not in parsed:
        if len(message) <= PARSED_BYTES_MAX:
            if len(parsed) >= PARSED_MAX:
                parsed.clear()
            parsed[message] = None
        return
    express = parsed[message]
    if express is None or express.plan is not prepared.plan:
        parsed[message] = _find(connection, b"")


def _execute(connection: "Connection", express: Express, data: bytes, zero: int, before: bytes) -> bool:
    """The packet from Bind on; `zero`: where the statement's name ends; `before`: what has been answered."""
    end = 1 + int.from_bytes(data[1:5], "big")
    left = len(data) - end
    if zero >= end:
        return False
    if left == 22:
        if data[end:] != _DESCRIBE_EXECUTE_SYNC:
            return False
    elif left != 15 or data[end:] != _EXECUTE_SYNC:
        return False
    statement = express.statement
    output = connection.output
    if (
        statement is None
        or output.buffer
        or output.changed
        or output.notified
        or output.codec != "utf-8"
        or not statement.is_current()
    ):
        return False
    # Nothing is checked while reading: what does not end exactly at the end is left to messages.py.
    values_at = zero + 5 + 2 * data[zero + 2]
    position = values_at
    values: list[bytes | None] = []
    try:
        for _ in range(data[position - 1]):
            (length,) = _unpack_length(data, position)
            position += 4
            if length >= 0:
                values.append(data[position : position + length])
                position += length
            else:
                values.append(None)
                if length != -1:
                    return False
    except (IndexError, StructError):
        return False
    if position > end:
        return False
    formats, result_formats = data[zero + 1 : values_at], data[position:end]
    binding = express.bindings.get((formats, result_formats))
    if not binding:
        if binding is not None or data[values_at - 2]:
            return False
        if len(values) != len(express.prepared.parameter_types):
            return False
        binding = express.bind(formats, result_formats)
        if not binding:
            return False
    portal, decoders, head = binding
    if left == 15:
        head = replies.BIND_COMPLETE
    if before:
        head = before + head
    if portal is None and not statement.begins:
        output.early = head + (express.tags.get(0) or express.tag(0)) + READY[b"I"]
    output.held = head
    try:
        outcome = statement.run(portal, decoders, values, output)
    except BindError as error:
        output.held = before
        connection.fail_packet(data, error.error)
        return True
    except Exception as error:
        connection.fail_packet(data, error)
        return True
    if outcome is False:
        output.held = b""
        return False
    if output.acknowledged:
        output.held = b""
        connection.replied_early()
        return True
    if outcome is not None and type(outcome) is not bytes:
        connection.go_on(data, outcome)
        return True
    tag = express.tags.get(statement.count) or express.tag(statement.count)
    rows = statement.rows
    reply = tag if rows is None else rows + tag
    if outcome is None or output.buffer or output.changed:  # to be committed, or there is more to be told
        output.buffer += reply
        connection.go_on(data, None)
    else:
        output.held = b""
        connection.reply(head + reply + READY[outcome])
    return True


def _find(connection: "Connection", encoded: bytes) -> Express | None:
    """The entry of a prepared statement, made anew; None if there is no such statement."""
    entries = connection.express
    entries.pop(encoded, None)
    if not encoded.isascii():
        return None
    name = encoded.decode()
    session = connection.session
    prepared = session.prepared(name)
    if prepared is None:
        return None
    statement = session.express(prepared) if connection.has_plain_text(name) else None
    if len(entries) >= ENTRIES_MAX:
        entries.clear()
    found = entries[encoded] = Express(name, prepared, statement)
    return found
