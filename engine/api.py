"""The door of the engine room: what the server may ask of it.

One Session per connection. Methods that may take long return either None (all done) or a coroutine
that the server steps: it yields None for a breath (step it again in the next turn of the loop) or
a Future to wait for, exactly as coroutines of asyncio do. Errors are SqlError; the session has
already put its transaction into the failed state when one is raised.
"""

from asyncio import Future
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

Step = Coroutine[Any, Any, None] | None


class ColumnDescription(NamedTuple):
    """One field of a RowDescription."""

    name: str
    table_oid: int
    attnum: int
    type_oid: int
    type_size: int
    typmod: int


class Output(Protocol):
    """Where a session writes. The server appends messages to one buffer and flushes it at the end of
    a turn, on Flush or Sync, or when it grows large."""

    def row_description(self, columns: Sequence[ColumnDescription], formats: Sequence[int]) -> None:
        """RowDescription; formats 0 text, 1 binary, one per column."""

    def rows(self, messages: bytes | bytearray) -> None:
        """Complete DataRow messages, already encoded."""

    def command_complete(self, tag: str) -> None: ...

    def empty_query(self) -> None: ...

    def portal_suspended(self) -> None: ...

    def notice(self, notice: Any) -> None:
        """An engine.errors.Notice."""

    def parameter_status(self, name: str, value: str) -> None: ...

    def notification(self, pid: int, channel: str, payload: str) -> None: ...

    def copy_in_response(self, binary: bool, formats: Sequence[int]) -> None:
        """CopyInResponse, flushed at once."""

    def copy_data_in(self) -> "Future[bytes | None]":
        """The next CopyData payload; None after CopyDone; fails with SqlError(57014 "COPY from stdin
        failed: ...") after CopyFail. Chunks are cut anywhere."""

    def copy_out_response(self, binary: bool, formats: Sequence[int]) -> None: ...

    def copy_data_out(self, data: bytes) -> None:
        """One CopyData message."""

    def copy_done(self) -> None: ...

    def drained(self) -> "Future[None] | None":
        """None if the client keeps up; else a future to wait for before writing more."""

    def acknowledge(self) -> None:
        """The express way's COMMIT is sure: its reply may go out before the rest of the work is done."""

    def mark(self) -> int:
        """A position in the unsent output, for `rewind`."""

    def rewind(self, mark: int) -> bool:
        """Take back everything written since `mark`; False if some of it has been sent."""


class Prepared(Protocol):
    """A parsed and analysed statement."""

    parameter_types: Sequence[int]
    columns: Sequence[ColumnDescription] | None  # None: returns no rows (NoData)


class Portal(Protocol):
    """A bound statement."""

    columns: Sequence[ColumnDescription] | None
    formats: Sequence[int]


class ExpressStatement(Protocol):
    """A prepared statement that can be bound to the unnamed portal and executed in one call, which is
    the same as bind, execute and (for some) sync."""

    rows: bytes | None
    """What `run` leaves: encoded rows."""
    count: int
    """What `run` leaves for the command tag."""

    def is_current(self) -> bool:
        """Whether the plan may be run in the session as it is now."""

    def is_fresh(self) -> bool:
        """Whether Parse would find the same plan for the same text."""

    def binding(self, formats: tuple[int, ...], result_formats: tuple[int, ...]) -> tuple[Any, Any] | None:
        """Portal and decoders for `run`; None: not in these formats. A portal of None returns no rows."""

    def run(self, portal: Any, decoders: Any, values: Sequence[bytes | None], output: Output) -> Any:
        """False: nothing has happened, take the ordinary way. b"I" or b"T": done, and so is Sync. None:
        done, Sync must end the transaction. Else a coroutine (by its `send`), which writes rows and
        CommandComplete itself; then comes Sync. Raises BindError for a parameter, and what execute raises."""

    def tag(self, count: int) -> str:
        """The command tag."""


class ExpressQuery(Protocol):
    """A simple query of one statement that can be executed in one call."""

    begins: bool | None
    """Whether it is BEGIN; None: neither that nor COMMIT."""
    columns: Sequence[ColumnDescription] | None
    rows: bytes | None
    """What `run_query` leaves: encoded rows."""
    count: int
    """What `run_query` leaves for the command tag."""

    def is_current(self) -> bool:
        """Whether the plan may be run in the session as it is now; if not, it will not be again."""

    def run_query(self, text: str, literals: Sequence[str], output: Output, mark: int) -> Any:
        """False: nothing has happened, take the ordinary way. b"I" or b"T": done. Else a coroutine (by its
        `send`), which writes rows and CommandComplete itself, or all answers anew from `mark` on. Raises
        what simple_query raises."""

    def tag(self, count: int) -> str:
        """The command tag."""


class Session(Protocol):
    """One client's session."""

    pid: int

    @property
    def status(self) -> bytes:
        """b"I" idle, b"T" in a transaction block, b"E" in a failed one."""

    def simple_query(self, text: str, output: Output) -> Step:
        """Everything between Query and ReadyForQuery (which the server sends)."""

    def prepare(self, text: str, parameter_types: Sequence[int]) -> Prepared: ...

    def refresh(self, prepared: Prepared) -> None:
        """Before Describe and Bind: re-analyse if the catalogs have changed; raises 0A000 "cached
        plan must not change result type"."""

    def bind(
        self,
        prepared: Prepared,
        name: str,
        formats: Sequence[int],
        values: Sequence[bytes | None],
        result_formats: Sequence[int],
    ) -> Portal:
        """formats and result_formats: none, one for all, or one each. Registers the portal under
        its name ("" the unnamed one, replaced silently; else 42P03 if it exists)."""

    def portal(self, name: str) -> Portal | None:
        """Portals are also made by DECLARE CURSOR and die with their transaction, so the session,
        not the server, keeps them."""

    def close_portal(self, name: str) -> None: ...

    def execute(self, portal: Portal, row_limit: int, output: Output) -> Step:
        """Writes rows and CommandComplete, or PortalSuspended at row_limit (0: no limit)."""

    def express(self, prepared: Prepared) -> ExpressStatement | None:
        """The express way of a statement, if it has one."""

    def express_query(self, text: str, literals: Sequence[tuple[int, int]]) -> ExpressQuery | None:
        """The express way of simple queries that differ from this ASCII text in nothing but these literals
        (start and end: integers of at most nine digits, perhaps with a minus sign, and strings without quotes
        or backslashes in them), where integers remain integers, and strings strings. None: it has none."""

    def sync(self, output: Output) -> Step:
        """Sync: ends the implicit transaction of the extended protocol."""

    def fail(self, error: Exception) -> None:
        """A protocol-level error: the transaction fails as if a statement had."""

    def cancel(self) -> None:
        """From another connection: the running statement ends with 57014 at its next breath."""

    def prepared(self, name: str) -> Prepared | None:
        """Named statements, of Parse and of PREPARE alike (pg_prepared_statements)."""

    def store_prepared(self, name: str, prepared: Prepared) -> None:
        """42P05 if a named one exists; "" is replaced."""

    def close_prepared(self, name: str) -> None: ...

    def parameters(self) -> Mapping[str, str]:
        """The ParameterStatus values to report after authentication."""

    def close(self) -> None:
        """Rolls back, drops temporary tables, releases everything."""


class Engine(Protocol):
    """One running database server without its network side. `limits`: those of the dsql mode, by name."""

    limits: Any

    def is_iam_mapped(self, user: str) -> bool:
        """In the dsql mode: whether AWS IAM GRANT has given the role to anybody."""

    def verifier(self, user: str) -> str | None:
        """pg_authid.rolpassword of the role ("SCRAM-SHA-256$..."), None if it has none."""

    def open_session(
        self, user: str, database: str, options: Mapping[str, str], output: Output, *, pid: int, peer: str
    ) -> Session:
        """After authentication. Raises SqlError FATAL 28000 (no such role, may not log in),
        3D000 (no such database), 53300 (connection limits), 22023/42704 (bad option). `output` is
        also used for asynchronous notifications and parameter changes."""

    def open(self) -> Coroutine[Any, Any, None]: ...

    def close(self) -> Coroutine[Any, Any, None]:
        """Clean shutdown."""


def open_engine(config: Mapping[str, Any]) -> Engine:
    """An engine; `await engine.open()` before use. Keys of config: data_dir, in_memory, journals, dsql,
    settings (texts NAME=VALUE)."""
    from .engine import open_engine as implementation

    return cast(Engine, implementation(config))  # its sessions take back only what they gave


def last_breath() -> float:
    """time.monotonic() when a long statement last gave control back; 0 if none has yet."""
    from . import memory

    return memory.last_breath
