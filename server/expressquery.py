"""The express way of a Query message: one statement that the engine knows in this shape.

The literals are cut out of the text by a simple pattern; what is left is the key under which the
connection remembers the engine's ExpressQuery. The engine is asked for one when the shape has come 2, 4, 8,
... times. Everything else is left, untouched, to Connection's turn.
"""

import re
from typing import TYPE_CHECKING, Any

from . import replies
from .express import READY, TAGS_MAX

if TYPE_CHECKING:
    from .connection import Connection

ENTRIES_MAX = 1000  # of one connection
TEXT_BYTES_MAX = 2000
_split = re.compile(r"('[^'\\]*'|(?<![\w$.-])-?[0-9]{1,9}(?![\w$.]))").split
_FIRST = re.compile(r"\s*(?:select|insert|update|delete|begin|start|commit|end)\b", re.IGNORECASE)

Shape = tuple[str, ...]


class Query:
    """What is remembered of one shape."""

    __slots__ = ("head", "statement", "tags")

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        columns = statement.columns
        self.head = b"" if columns is None else replies.row_description(columns, (0,) * len(columns))
        self.tags: dict[int, bytes] = {}

    def tag(self, count: int) -> bytes:
        """CommandComplete."""
        if len(self.tags) >= TAGS_MAX:
            self.tags.clear()
        reply = self.tags[count] = replies.command_complete(self.statement.tag(count))
        return reply


def answer_query(connection: "Connection", data: bytes) -> bool:
    """Execute a packet that begins with Query; False if it goes the ordinary way."""
    size = len(data)
    if int.from_bytes(data[1:5], "big") != size - 1 or size > TEXT_BYTES_MAX or not data.isascii():
        return False
    output = connection.output
    if data.find(0, 5) != size - 1 or output.buffer or output.changed or output.notified:
        return False
    text = data[5:-1].decode()
    parts = _split(text)
    shape = tuple(parts[::2])
    query: Any = connection.queries.get(shape)
    if type(query) is not Query:
        query = _find(connection, text, parts, shape)
    if query is None or output.codec != "utf-8":
        return False
    statement = query.statement
    if not statement.is_current():
        connection.queries[shape] = 1
        return False
    if statement.begins is False:
        output.early = (query.tags.get(0) or query.tag(0)) + READY[b"I"]
    output.held = query.head
    try:
        outcome = statement.run_query(text, parts[1::2], output, output.sent)
    except Exception as error:
        connection.fail_query(error)
        return True
    if outcome is False:
        output.held = b""
        return False
    if output.acknowledged:
        output.held = b""
        connection.replied_early()
        return True
    if type(outcome) is not bytes:
        connection.go_on_query(outcome)
        return True
    tag = query.tags.get(statement.count) or query.tag(statement.count)
    rows = statement.rows
    reply = tag if rows is None else rows + tag
    if output.buffer or output.changed:  # there is more to be told
        output.buffer += reply
        connection.go_on_query(None)
    else:
        output.held = b""
        connection.reply(query.head + reply + READY[outcome])
    return True


def _find(connection: "Connection", text: str, parts: list[str], shape: Shape) -> Query | None:
    """The entry of a shape that has none yet, if it is time to ask for one, and there is one."""
    entries = connection.queries
    count: Any = entries.get(shape, 0) + 1  # type: ignore[operator]
    if count == 1:
        if _FIRST.match(text) is None:
            return None
        if len(entries) >= ENTRIES_MAX:
            entries.clear()
    entries[shape] = count
    if count == 1 or count & (count - 1):
        return None
    position = 0
    literals = []
    for index, part in enumerate(parts):
        if index % 2:
            literals.append((position, position + len(part)))
        position += len(part)
    statement = connection.session.express_query(text, literals)
    if statement is None:
        return None
    query = entries[shape] = Query(statement)
    return query
