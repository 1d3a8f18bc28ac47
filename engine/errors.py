"""The one error class of the SQL side: PostgreSQL's error fields, with a SQLSTATE from birth.

`raise SqlError(UNDEFINED_TABLE, f'relation "{name}" does not exist', position=node.location)`.
The fields are those of the manual's section "Error and Notice Message Fields". Texts follow
PostgreSQL's style: the primary message in lower case without a full stop, detail and hint as
sentences.
"""

from .sqlstates import SUCCESSFUL_COMPLETION, SqlState


class SqlError(Exception):
    """An error that the client caused and is told of.

    `position` is a character offset into the statement text as pglast counts it (0-based; -1 or None:
    unknown); the server turns it into the 1-based position of the protocol.
    """

    retryable = True  # by the server, where it may run a lost statement again

    def __init__(
        self,
        sqlstate: SqlState,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        position: int | None = None,
        internal_position: int | None = None,
        internal_query: str | None = None,
        where: str | None = None,
        schema: str | None = None,
        table: str | None = None,
        column: str | None = None,
        datatype: str | None = None,
        constraint: str | None = None,
        severity: str = "ERROR",
        routine: str | None = None,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
        self.internal_position = internal_position
        self.internal_query = internal_query
        self.where = where
        self.schema = schema
        self.table = table
        self.column = column
        self.datatype = datatype
        self.constraint = constraint
        self.severity = severity
        self.routine = routine  # where drivers look for the function that PostgreSQL reports it in

    def __str__(self) -> str:
        return f"{self.sqlstate}: {self.message}"

    def again(self) -> "SqlError":
        """A copy to raise, for an error that is kept: a traceback would keep all that led to it."""
        error = type(self).__new__(type(self))
        error.args = self.args
        error.__dict__.update(self.__dict__)
        return error


class Notice(SqlError):
    """A NoticeResponse: the same fields; severity NOTICE, WARNING, INFO, LOG or DEBUG."""

    def __init__(
        self,
        message: str,
        *,
        sqlstate: SqlState = SUCCESSFUL_COMPLETION,
        severity: str = "NOTICE",
        detail: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(sqlstate, message, detail=detail, hint=hint, severity=severity)


class BindError(Exception):
    """The error of a parameter on the express way, where BindComplete was not yet due."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error
