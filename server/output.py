"""ClientOutput: where a session writes (engine.api.Output), one buffer for one connection.

Messages gather in a bytearray that is given to the transport as a whole, once per turn of the loop:
at ReadyForQuery, Flush, an error or a notice, or when it exceeds 64 KiB. The buffer is given away,
not cleared, because the transport may still hold it when the next message is written.

Positions count all bytes since the connection began: `sent` are gone, the rest is in `buffer`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from gaveldb.engine.api import ColumnDescription
from gaveldb.engine.errors import SqlError

from . import replies
from .cork import Cork

BUFFER_BYTES_MAX = 64 * 1024


class ClientOutput:
    """The unsent output of one client, and whether it keeps up."""

    __slots__ = ("acknowledged", "buffer", "busy", "changed", "codec", "cork", "early", "held", "idle",
                 "lost", "notified", "on_lost", "paused", "pull_copy", "reported", "sent", "text",
                 "transport", "transport_write", "urgent", "waiter")  # fmt: skip

    def __init__(self, transport: asyncio.Transport, cork: Cork | None = None) -> None:
        self.transport = transport
        self.transport_write: Callable[[bytes | bytearray], None] = transport.write
        self.cork = cork
        self.buffer = bytearray()
        self.sent = 0
        self.held = b""  # comes before the buffer: what answers the Bind of an express run under way
        self.early = b""  # the whole reply to the express COMMIT that is being executed
        self.acknowledged = False  # it has been sent
        self.urgent = False  # something in the buffer must not wait for more
        self.busy = False  # the connection is in its turn, and will flush at the end of it
        self.paused = False
        self.lost = False
        self.codec = "utf-8"  # of client_encoding
        self.text: str | None = None  # the statement which positions in errors refer to, if not ASCII
        self.waiter: asyncio.Future[None] | None = None
        self.on_lost: Callable[[], None] | None = None
        self.changed: dict[str, str] = {}  # parameters to report before ReadyForQuery
        self.reported: dict[str, str] = {}
        self.notified = bytearray()  # notifications for the end of the transaction
        self.idle: Callable[[], bool] | None = None  # whether neither a statement nor a transaction runs
        self.pull_copy: Callable[[], asyncio.Future[bytes | None]] | None = None

    # What the engine calls.

    def row_description(self, columns: Sequence[ColumnDescription], formats: Sequence[int]) -> None:
        """RowDescription."""
        self.buffer += replies.row_description(columns, formats, self.codec)

    def rows(self, messages: bytes | bytearray) -> None:
        """DataRow messages, already encoded."""
        self.buffer += messages
        if len(self.buffer) > BUFFER_BYTES_MAX:
            self.flush()

    def command_complete(self, tag: str) -> None:
        """CommandComplete."""
        self.buffer += replies.command_complete(tag)

    def empty_query(self) -> None:
        """EmptyQueryResponse."""
        self.buffer += replies.EMPTY_QUERY

    def portal_suspended(self) -> None:
        """PortalSuspended."""
        self.buffer += replies.PORTAL_SUSPENDED

    def notice(self, notice: Any) -> None:
        """NoticeResponse."""
        self._urgently(replies.notice_response(notice, self.text, self.codec))

    def parameter_status(self, name: str, value: str) -> None:
        """ParameterStatus, before the next ReadyForQuery; client_encoding also decides at once how the
        client's text is read."""
        if name == "client_encoding":
            self.set_encoding(value)
        self.changed[name] = value

    def notification(self, pid: int, channel: str, payload: str) -> None:
        """NotificationResponse, when no transaction runs."""
        reply = replies.notification(pid, channel, payload, self.codec)
        if self.idle is None or self.idle():
            self._urgently(reply)
        else:
            self.notified += reply

    def copy_in_response(self, binary: bool, formats: Sequence[int]) -> None:
        """CopyInResponse."""
        self.buffer += replies.copy_response(b"G", binary, formats)
        self.flush()

    def copy_data_in(self) -> "asyncio.Future[bytes | None]":
        """The next piece of COPY data."""
        assert self.pull_copy is not None
        return self.pull_copy()

    def copy_out_response(self, binary: bool, formats: Sequence[int]) -> None:
        """CopyOutResponse."""
        self.buffer += replies.copy_response(b"H", binary, formats)

    def copy_data_out(self, data: bytes) -> None:
        """CopyData."""
        buffer = self.buffer
        buffer += b"d"
        buffer += (len(data) + 4).to_bytes(4, "big")
        buffer += data
        if len(buffer) > BUFFER_BYTES_MAX:
            self.flush()

    def copy_done(self) -> None:
        """CopyDone."""
        self.buffer += replies.COPY_DONE

    def drained(self) -> "asyncio.Future[None] | None":
        """None if the client keeps up."""
        if not self.paused or self.lost:
            return None
        if self.waiter is None or self.waiter.done():
            self.waiter = asyncio.get_running_loop().create_future()
        return self.waiter

    def acknowledge(self) -> None:
        """Send the reply that `early` holds."""
        self.acknowledged = True
        self.sent += len(self.early)
        if not self.lost:
            self.write(self.early)

    def mark(self) -> int:
        """A position for `rewind`."""
        return self.sent + len(self.held) + len(self.buffer)

    def rewind(self, mark: int) -> bool:
        """Take back what is unsent since `mark`."""
        if mark < self.sent:
            return False
        self.let_go()
        del self.buffer[mark - self.sent :]
        return True

    # What the connection calls.

    def write(self, data: bytes | bytearray) -> None:
        """Give it to the transport, at the end of the turn at the latest."""
        if self.cork is None:
            self.transport_write(data)
        else:
            self.cork.send(self, data)

    def error(self, error: SqlError) -> None:
        """ErrorResponse."""
        self.buffer += replies.error_response(error, self.text, self.codec)
        self.urgent = True

    def ready(self, status: bytes) -> None:
        """ReadyForQuery, after what waited for it."""
        if self.notified and status == b"I":
            self.buffer += self.notified
            self.notified = bytearray()
        if self.changed:
            for name, value in self.changed.items():
                if self.reported.get(name) != value:
                    self.reported[name] = value
                    self.buffer += replies.parameter_status(name, value, self.codec)
            self.changed.clear()
        self.buffer += replies.READY_FOR_QUERY[status]
        self.urgent = True

    def let_go(self) -> None:
        """What was held back takes its place before the rest."""
        if self.held:
            self.buffer[:0] = self.held
            self.held = b""

    def flush(self) -> None:
        """Give everything to the transport."""
        self.urgent = False
        self.let_go()
        buffer = self.buffer
        if not buffer:
            return
        self.sent += len(buffer)
        self.buffer = bytearray()
        if not self.lost:
            self.write(buffer)
        elif self.on_lost is not None:
            self.on_lost()

    def set_encoding(self, name: str) -> None:
        """Follow client_encoding."""
        if name in ("UTF8", "UNICODE"):
            self.codec = "utf-8"
        else:
            from .messages import CODECS

            self.codec = CODECS.get(name, "utf-8")

    def resume(self) -> None:
        """The client keeps up again, or is gone."""
        self.paused = False
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _urgently(self, reply: bytes) -> None:
        self.buffer += reply
        if self.busy or self.held:
            self.urgent = True
        else:
            self.flush()
