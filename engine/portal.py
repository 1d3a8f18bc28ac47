"""Prepared statements and portals of a session."""

from collections.abc import Iterator, Sequence
from typing import Any

from .api import ColumnDescription
from .errors import SqlError
from .sqlstates import ACTIVE_SQL_TRANSACTION
from .statement import Plan


class StatementContext:
    """The ExecutionContext (engine/context.py) of one execution; also what a utility command gets."""

    in_function = False  # it is a statement of a function's body

    def __init__(self, session: Any, params: Sequence[Any], source: str) -> None:
        self.session = session
        self.settings = session.settings
        self.params: Any = params  # a sequence; while PL/pgSQL is analysed, something that it knows
        self.source = source
        self.output: Any = None
        self.catalog: Any = None
        self.transaction: Any = None
        self.statement_timestamp = 0
        self.transaction_timestamp = 0
        self.processed = 0  # rows inserted, updated, deleted or merged
        self.instruments: Any = None
        self.parameter_types: tuple[int, ...] = ()  # of a utility statement
        self.quiet = False  # nobody is to have its notices

    def attach(self, transaction: Any) -> None:
        """Make the transaction's snapshot and catalog this execution's."""
        self.transaction = transaction
        self.catalog = transaction.catalog
        self.statement_timestamp = transaction.statement_timestamp
        self.transaction_timestamp = transaction.transaction_timestamp

    def require_top_level(self, what: str) -> None:
        """25001 in a transaction block, a function or a pipeline: a command that commits in between."""
        self.session.require_no_block(what)
        if self.transaction.has_writes and not self.in_function:  # of messages before it
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{what} cannot run inside a transaction block")
        if self.in_function:
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{what} cannot be executed from a function")

    def notice(self, notice: Any) -> None:
        """Send a notice, if client_min_messages lets it through."""
        if not self.quiet:
            self.session.send_notice(notice)


class PreparedStatement:
    """A parsed and analysed statement, of Parse or of PREPARE."""

    __slots__ = (
        "columns",
        "declared_types",
        "decoders",
        "from_sql",
        "name",
        "parameter_types",
        "plan",
        "prepared_at",
        "raw",
        "row_description",
        "source",
        "text",
    )

    def __init__(self, text: str, raw: Any, declared_types: tuple[int, ...], plan: Plan | None) -> None:
        self.text = text
        self.raw = raw  # None: the empty statement
        self.declared_types = declared_types
        self.plan = plan
        self.parameter_types: Sequence[int] = plan.param_types if plan is not None else ()
        self.columns = plan.columns if plan is not None else None
        self.decoders: dict[Any, Any] = {}  # formats -> engine/parameters.py's Decoders
        self.from_sql = False
        self.source = ""  # of PREPARE: what the client sent
        self.name = ""
        self.prepared_at = 0
        self.row_description: Any = None  # the server's encoded RowDescription


class Portal:
    """A bound statement, and its execution as far as it has come.

    `rows` holds rows that the running plan has produced and nobody has fetched yet.
    """

    __slots__ = (
        "binary",
        "columns",
        "context",
        "created_at",
        "declared",
        "done",
        "encode",
        "formats",
        "holdable",
        "name",
        "plan",
        "position",
        "prepared",
        "raw",
        "row_description",
        "rows",
        "running",
        "scroll",
        "source",
        "started",
        "stored",
    )

    def __init__(
        self,
        name: str,
        prepared: PreparedStatement | None,
        plan: Plan | None,
        context: StatementContext,
        formats: Sequence[int],
        columns: Sequence[ColumnDescription] | None,
    ) -> None:
        self.name = name
        self.prepared = prepared
        self.plan = plan
        self.context = context
        self.formats = formats
        self.columns = columns
        self.running: Iterator[Any] | None = None
        self.rows: list[Any] = []
        self.started = False
        self.done = False
        self.encode: Any = None
        self.declared = False  # DECLARE CURSOR
        self.holdable = False
        self.stored = False  # WITH HOLD, after its transaction's COMMIT
        self.scroll = False
        self.binary = False
        self.source = ""
        self.created_at = 0
        self.position: Any = None  # engine/commands/cursors.py's CursorRows
        self.raw: Any = None
        self.row_description: Any = None
