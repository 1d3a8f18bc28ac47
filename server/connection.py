"""Connection: one client after authentication, from data_received to transport.write.

The hot path creates no task and no future. `_turn` cuts the received bytes into messages and calls
one function per message; what the engine cannot finish at once it returns as a coroutine, which
`_advance` steps by hand:

1. It ends at once in the common case, and the turn goes on with the next message.
2. It yields None, a breath: the loop gets control and steps it again in its next turn.
3. It yields a Future: it is stepped again when that is done.

While a coroutine is suspended no further message is looked at (COPY data excepted, which the
coroutine itself pulls out of the received bytes); beyond BACKLOG_BYTES_MAX reading is paused. The same
holds while the client does not read its replies. A turn ends after TURN_SECONDS_MAX at the latest,
so that a client that pipelines thousands of messages starves nobody.

After an error within the extended protocol everything up to Sync is skipped ("Frontend/Backend
Protocol, Extended Query"). When the client is gone, what it has sent is still executed, as in
PostgreSQL, until an answer would have to be sent.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast

from gaveldb.engine.api import Portal, Session, Step
from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import (
    ADMIN_SHUTDOWN,
    CONNECTION_FAILURE,
    INTERNAL_ERROR,
    UNDEFINED_CURSOR,
    UNDEFINED_PSTATEMENT,
)

from . import messages, replies
from .copy import pull_copy_data
from .errors import RequestError, protocol_lost, protocol_violation
from .express import Express, answer, answer_parse, remember
from .expressquery import Query, answer_query
from .fastpath import call_function
from .frames import HEADER, HEADER_BYTES, Inbound
from .output import BUFFER_BYTES_MAX, ClientOutput

if TYPE_CHECKING:
    from .listener import Server

log = logging.getLogger("gaveldb.server")

BACKLOG_BYTES_MAX = 1024 * 1024
TURN_SECONDS_MAX = 0.005
MESSAGES_PER_CLOCK = 32

SYNC: Final = ord("S")
TERMINATE: Final = ord("X")
STATEMENT: Final = ord("S")
PORTAL: Final = ord("P")

_unpack_header = HEADER.unpack_from


class Connection(asyncio.Protocol):
    """The protocol state machine of one session."""

    __slots__ = (
        "_busy_poll", "_closing", "_copy_waiter", "_ended", "_inbound", "_limits", "_out_of_step",
        "_paused_reading", "_ready_after", "_running", "_scheduled", "_skipping", "_texts", "_turning",
        "express", "key", "output", "parsed", "queries", "server", "session", "transport",
    )  # fmt: skip

    def __init__(self, server: "Server", transport: asyncio.Transport, output: ClientOutput, session: Session,
                 key: bytes) -> None:  # fmt: skip
        self.server = server
        self.transport = transport
        self.output = output
        self.session = session
        self.key = key
        output.pull_copy = self._pull_copy
        output.on_lost = session.cancel
        session.on_cancel = self.cancel  # type: ignore[attr-defined]
        session.on_terminate = self.abort  # type: ignore[attr-defined]
        output.idle = self._at_rest
        self._inbound = Inbound()
        self._limits = server.message_limits
        self._running: Coroutine[Any, Any, None] | None = None
        self._copy_waiter: asyncio.Future[bytes | None] | None = None
        self._ready_after = False  # ReadyForQuery is due when the message at hand is done
        self._skipping = False  # until Sync
        self._scheduled = False  # a turn is on its way
        self._turning = False  # _turn is on the stack
        self._paused_reading = False
        self._out_of_step = False  # nobody knows where the next message begins
        self._closing = False  # nothing more is to be executed
        self._ended = False  # the client will send no more
        self._texts: dict[str, str] | None = None  # prepared statements with characters of several bytes
        self._busy_poll = server.busy_poll
        self.express: dict[bytes, Express] = {}  # by the name of the prepared statement
        self.parsed: dict[bytes, Express | None] = {}  # by the body of Parse of the unnamed statement
        self.queries: dict[tuple[str, ...], Query | int] = {}  # by the text without its literals

    # Called by the transport.

    def data_received(self, data: bytes) -> None:
        if self._busy_poll.active:
            self._busy_poll.received()
        inbound = self._inbound
        way = EXPRESS_WAYS.get(data[0])
        if (
            way is not None
            and self._running is None
            and not (inbound.data or inbound.tail or self._skipping or self._scheduled or self._closing)
            and not self.output.paused
            and way(self, data)
        ):
            return
        inbound.feed(data)
        if self._running is None:
            if not self._scheduled and not self.output.paused:
                self._turn()
        elif self._copy_waiter is not None:
            self._feed_copy()
        # Not while COPY waits: its message may be larger than any backlog.
        waits = self._running is not None or self.output.paused
        if waits and self._copy_waiter is None and len(inbound) > BACKLOG_BYTES_MAX:
            self._pause_reading()

    def eof_received(self) -> bool:
        # Half-open until what came before is answered; TLS cannot stay half-open.
        self._ended = True
        if self._copy_waiter is not None:
            self._abort_copy()
        if self._idle():
            return False
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exception: Exception | None) -> None:
        self._ended = True
        self.output.lost = True
        if self.output.cork is not None:
            self.output.cork.forget(self.output)
        self.server.count_closed()
        if self._copy_waiter is not None:
            self._abort_copy()
        self.output.resume()
        if self._running is None and not self._turning and not self._scheduled:
            self._turn()
        if self._running is None and not self._turning and not self._scheduled:
            self._finish()

    def pause_writing(self) -> None:
        self.output.paused = True

    def resume_writing(self) -> None:
        self.output.resume()
        if self._running is None:
            self._schedule()

    # Called by the server.

    def start(self, leftover: bytes) -> None:
        """Begin with what came together with the last authentication message."""
        self._inbound.feed(leftover)
        self._turn()

    def cancel(self) -> None:
        """A cancel request: only what runs is cancelled."""
        if self._running is not None:
            self.session.cancel()

    def shut_down(self) -> bool:
        """Say goodbye, unless a statement runs; then False."""
        if self._running is not None:
            return False
        self._fatal(
            SqlError(ADMIN_SHUTDOWN, "terminating connection due to administrator command", severity="FATAL")
        )
        return True

    # The turn.

    def _turn(self) -> None:
        """Execute the messages that are there."""
        inbound = self._inbound
        inbound.gather()
        output = self.output
        limits = self._limits
        output.busy = self._turning = True
        data = inbound.data
        position = inbound.position
        size = len(data)
        count = 0
        deadline = 0.0
        while size - position >= HEADER_BYTES and not self._closing and not output.paused:
            tag, length = _unpack_header(data, position)
            if not 4 <= length <= limits[tag]:
                self._bad_frame(tag, length)
                break
            following = position + 1 + length
            if following > size:
                inbound.needed = following - position
                break
            inbound.position = following
            if self._skipping and tag != SYNC and tag != TERMINATE:
                position = following
                continue
            try:
                step = HANDLERS[tag](self, data, position + 5, following)
            except Exception as error:
                self._fail(error)
            else:
                if step is not None:
                    if not self._advance(step):
                        break
                    data = inbound.data
                    following = inbound.position
                    size = len(data)
            position = following
            count += 1
            if not count % MESSAGES_PER_CLOCK:
                if len(output.buffer) > BUFFER_BYTES_MAX:
                    output.flush()
                now = perf_counter()
                if not deadline:
                    deadline = now + TURN_SECONDS_MAX
                elif now > deadline:
                    self._schedule()
                    break
        output.busy = self._turning = False
        inbound.release()
        if output.urgent:
            output.flush()
        if self._paused_reading and self._running is None and not output.paused:
            self._resume_reading()
        if (self._ended or self._closing) and self._idle():
            self._finish()

    def _advance(self, step: Coroutine[Any, Any, None]) -> bool:
        """Step the engine's coroutine; True when it is through, whether well or with an error."""
        try:
            yielded = step.send(None)
        except StopIteration:
            self._running = None
            if self._ready_after:
                self._ready()
            return True
        except (Exception, asyncio.CancelledError) as error:
            self._running = None
            self._fail(error)
            return True
        self._running = step
        if self.output.urgent:
            self.output.flush()
        if yielded is None:
            asyncio.get_running_loop().call_soon(self._breathed)
        else:
            yielded._asyncio_future_blocking = False
            yielded.add_done_callback(self._wake)
        return False

    def _wake(self, _: object = None) -> None:
        """Go on with the suspended coroutine, and after it with the next messages."""
        step = self._running
        if step is None:
            return
        self.output.busy = True
        done = self._advance(step)
        self.output.busy = False
        if done:
            self.output.text = None
            self._turn()

    def _breathed(self) -> None:
        """Go on with a step that may take long: others' replies do not wait for it."""
        if self.output.cork is not None:
            self.output.cork.release()
        self._wake()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._scheduled_turn)

    def _scheduled_turn(self) -> None:
        self._scheduled = False
        if self._running is None and not self._closing:
            if not self.output.paused:
                self._turn()
        elif self._closing and self._running is None:
            self._finish()

    def _at_rest(self) -> bool:
        """Neither a statement nor a transaction runs: asynchronous messages may be sent."""
        return self._running is None and not self._turning and self.session.status == b"I"

    def _idle(self) -> bool:
        if self._running is not None or self._scheduled or self._turning:
            return False
        inbound = self._inbound
        return len(inbound) < max(inbound.needed, HEADER_BYTES) or self._closing

    def _ready(self) -> None:
        """ReadyForQuery."""
        self._busy_poll.replied()
        output = self.output
        output.ready(self.session.status)
        self._ready_after = False
        if output.text is not None:
            output.text = None
        if self.server.stopping:
            self.shut_down()

    # The express ways (express.py, expressquery.py): a packet that ends with Sync, or is one Query.

    def reply(self, data: bytes) -> None:
        """All that answers the packet; nothing else waits to be sent."""
        output = self.output
        output.sent += len(data)
        if not output.lost:
            output.write(data)
            self._busy_poll.replied()
        if self.server.stopping:
            self.shut_down()

    def replied_early(self) -> None:
        """The reply has gone out already."""
        self.output.acknowledged = False
        self._busy_poll.replied()
        if self.server.stopping:
            self.shut_down()

    def go_on(self, packet: bytes, step: Coroutine[Any, Any, None] | None) -> None:
        """The packet is executed but for `step`, and Sync."""
        self.output.let_go()
        self._inbound.feed(packet)
        self._inbound.position = len(packet) - HEADER_BYTES
        if step is not None:
            self.output.busy = True
            done = self._advance(step)
            self.output.busy = False
            if not done:
                return
        self._turn()

    def fail_packet(self, packet: bytes, error: BaseException) -> None:
        """The packet's statement has failed."""
        self.output.let_go()
        self._fail(error)
        if not self._closing:
            self.go_on(packet, None)

    def go_on_query(self, step: Coroutine[Any, Any, None] | None) -> None:
        """The query is executed but for `step`."""
        self.output.let_go()
        self._ready_after = True
        if step is None:
            self._ready()
        else:
            self.output.busy = True
            done = self._advance(step)
            self.output.busy = False
            if not done:
                return
        self._turn()

    def fail_query(self, error: BaseException) -> None:
        """The query has failed."""
        self.output.let_go()
        self._ready_after = True
        self._fail(error)
        self._turn()

    def has_plain_text(self, name: str) -> bool:
        """Whether positions in the text of a prepared statement are those of its bytes."""
        return self._texts is None or name not in self._texts

    # Errors and the end.

    def _fail(self, error: BaseException) -> None:
        """Report the error, and go on as the protocol says."""
        if not isinstance(error, SqlError):
            log.error("internal error in session %d", self.session.pid, exc_info=error)
            name = type(error).__name__
            error = RequestError(INTERNAL_ERROR, f"{name}: {error}" if str(error) else name)
        if isinstance(error, RequestError):
            self._tell_session(error)
        if error.severity in ("FATAL", "PANIC"):
            self._fatal(error)
            return
        self.output.error(error)
        self.output.text = None
        if self._out_of_step:
            self._fatal(protocol_lost("terminating connection because protocol synchronization was lost"))
        elif self._ready_after:
            self._ready()
        else:
            self._skipping = True

    def _tell_session(self, error: SqlError) -> None:
        try:
            self.session.fail(error)
        except Exception:
            log.exception("session %d cannot fail its transaction", self.session.pid)

    def _fatal(self, error: SqlError) -> None:
        """Report the error and close."""
        self.output.text = None
        self.output.error(error)
        self._close()

    def _bad_frame(self, tag: int, length: int) -> None:
        if not self._limits[tag]:
            self._fatal(protocol_lost(f"invalid frontend message type {tag}"))
        elif self.server.config.dsql:
            self._fatal(protocol_lost(self.server.engine.limits.error("message_bytes", length).message))
        else:
            # As PostgreSQL: only the log hears of it, for the peer hardly speaks the protocol.
            log.warning("invalid message length %d of message type %d", length, tag)
            self._close()

    def _close(self) -> None:
        """Execute nothing more; the client gets what it has not yet read, if it reads at all."""
        self._closing = True
        self._say_last()
        if self._running is None and not self._turning:
            self._finish()

    def _finish(self) -> None:
        """Release the session, whose locks must not wait for a client that does not read."""
        if not self._closing:
            self._closing = True
            self._say_last()
        if self.server.forget(self):
            try:
                self.session.close()
            except Exception:
                log.exception("session %d cannot be closed", self.session.pid)

    def _say_last(self) -> None:
        self.output.flush()
        if self.output.cork is not None:
            self.output.cork.release()
        self.transport.close()

    def abort(self) -> None:
        """Shutdown waits no longer for the statement."""
        self.session.cancel()
        self.output.error(
            SqlError(ADMIN_SHUTDOWN, "terminating connection due to administrator command", severity="FATAL")
        )
        self._close()

    def _pause_reading(self) -> None:
        if not self._paused_reading and not self.output.lost:
            self._paused_reading = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        self._paused_reading = False
        if not self.output.lost and not self.transport.is_closing():
            self.transport.resume_reading()

    # COPY FROM STDIN.

    def _pull_copy(self) -> "asyncio.Future[bytes | None]":
        """What output.copy_data_in() gives to the engine."""
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._copy_waiter = future
        self._feed_copy()
        if self._copy_waiter is not None:
            if self._ended:
                self._abort_copy()
            elif self._paused_reading:
                self._resume_reading()
        return future

    def _feed_copy(self) -> None:
        future = self._copy_waiter
        if future is None:
            return
        if future.done():  # the engine gave up waiting
            self._copy_waiter = None
            return
        try:
            found = pull_copy_data(self._inbound, self.output.codec, self._limits)
        except SqlError as error:
            self._copy_waiter = None
            self._out_of_step = error.severity == "FATAL"
            # From here on it is an error of the engine's own statement.
            future.set_exception(SqlError(error.sqlstate, error.message))
            return
        if found is not False:
            self._copy_waiter = None
            future.set_result(found)

    def _abort_copy(self) -> None:
        future, self._copy_waiter = self._copy_waiter, None
        if future is not None and not future.done():
            message = "unexpected EOF on client connection with an open transaction"
            future.set_exception(SqlError(CONNECTION_FAILURE, message))

    # The messages.

    def _on_query(self, data: bytes, position: int, end: int) -> Step:
        self._ready_after = True
        text = messages.parse_query(data, position, end, self.output.codec)
        if not text.isascii():
            self.output.text = text
        step = self.session.simple_query(text, self.output)
        if step is None:
            self._ready()
        return step

    def _on_parse(self, data: bytes, position: int, end: int) -> Step:
        name, text, types = messages.parse_parse(data, position, end, self.output.codec)
        session = self.session
        if text.isascii():
            if self._texts is not None:
                self._texts.pop(name, None)
        else:
            self.output.text = text
        prepared = session.prepare(text, types)
        session.store_prepared(name, prepared)
        if not name:
            remember(self, data[position + 1 : end], prepared)
        output = self.output
        if output.text is not None:
            self._texts = self._texts or {}
            self._texts[name] = text
            output.text = None
        output.buffer += replies.PARSE_COMPLETE
        return None

    def _on_bind(self, data: bytes, position: int, end: int) -> Step:
        portal, name, formats, values, result_formats = messages.parse_bind(
            data, position, end, self.output.codec
        )
        session = self.session
        prepared = session.prepared(name)
        if prepared is None:
            raise _no_statement(name)
        if self._texts is not None:
            self.output.text = self._texts.get(name)
        session.refresh(prepared)
        session.bind(prepared, portal, formats, values, result_formats)
        self.output.buffer += replies.BIND_COMPLETE
        return None

    def _on_describe(self, data: bytes, position: int, end: int) -> Step:
        kind, name = messages.parse_target(data, position, end, self.output.codec)
        session = self.session
        output = self.output
        formats: Any = ()
        if kind == STATEMENT:
            prepared = session.prepared(name)
            if prepared is None:
                raise _no_statement(name)
            session.refresh(prepared)
            output.buffer += replies.parameter_description(prepared.parameter_types)
            columns = prepared.columns
        elif kind == PORTAL:
            portal = self._portal(name)
            columns = portal.columns
            formats = portal.formats
        else:
            raise protocol_violation(f"invalid DESCRIBE message subtype {kind}")
        if columns is None:
            output.buffer += replies.NO_DATA
        else:
            output.buffer += replies.row_description(columns, formats, output.codec)
        return None

    def _on_execute(self, data: bytes, position: int, end: int) -> Step:
        name, limit = messages.parse_execute(data, position, end, self.output.codec)
        return self.session.execute(self._portal(name), limit, self.output)

    def _on_close(self, data: bytes, position: int, end: int) -> Step:
        kind, name = messages.parse_target(data, position, end, self.output.codec)
        if kind == STATEMENT:
            self.session.close_prepared(name)
            self.express.pop(name.encode(), None)
            if self._texts is not None:
                self._texts.pop(name, None)
        elif kind == PORTAL:
            self.session.close_portal(name)
        else:
            raise protocol_violation(f"invalid CLOSE message subtype {kind}")
        self.output.buffer += replies.CLOSE_COMPLETE
        return None

    def _on_sync(self, data: bytes, position: int, end: int) -> Step:
        self._skipping = False
        self._ready_after = True
        if position != end:
            messages.parse_nothing(data, position, end, self.output.codec)
        step = self.session.sync(self.output)
        if step is None:
            self._ready()
        return step

    def _on_flush(self, data: bytes, position: int, end: int) -> Step:
        messages.parse_nothing(data, position, end, self.output.codec)
        self.output.urgent = True
        return None

    def _on_function_call(self, data: bytes, position: int, end: int) -> Step:
        self._ready_after = True
        call = messages.parse_function_call(data, position, end, self.output.codec)
        return call_function(self.session, self.output, *call)

    def _on_terminate(self, data: bytes, position: int, end: int) -> Step:
        if not self.output.urgent:
            self.output.buffer.clear()  # nobody asked for it with Sync or Flush
        self._close()
        return None

    def _on_stray_copy(self, data: bytes, position: int, end: int) -> Step:
        """CopyData, CopyDone and CopyFail still under way after COPY has failed."""
        return None

    def _portal(self, name: str) -> Portal:
        portal = self.session.portal(name)
        if portal is None:
            raise RequestError(UNDEFINED_CURSOR, f'portal "{name}" does not exist')
        return portal


def _no_statement(name: str) -> RequestError:
    if not name:
        return RequestError(UNDEFINED_PSTATEMENT, "unnamed prepared statement does not exist")
    return RequestError(UNDEFINED_PSTATEMENT, f'prepared statement "{name}" does not exist')


Handler = Callable[[Connection, bytes, int, int], Step]


def _handlers() -> tuple[Handler, ...]:
    table = cast("list[Handler]", [None] * 256)
    table[ord("Q")] = Connection._on_query
    table[ord("P")] = Connection._on_parse
    table[ord("B")] = Connection._on_bind
    table[ord("D")] = Connection._on_describe
    table[ord("E")] = Connection._on_execute
    table[ord("C")] = Connection._on_close
    table[ord("S")] = Connection._on_sync
    table[ord("H")] = Connection._on_flush
    table[ord("F")] = Connection._on_function_call
    table[ord("X")] = Connection._on_terminate
    for tag in b"dcf":
        table[tag] = Connection._on_stray_copy
    return tuple(table)


HANDLERS = _handlers()
EXPRESS_WAYS: dict[int, Callable[[Connection, bytes], bool]] = {
    ord("B"): answer,
    ord("P"): answer_parse,
    ord("Q"): answer_query,
}
