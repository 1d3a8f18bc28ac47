"""The FunctionCall message ("fast-path interface"), which libpq's large object functions use.

The call becomes a statement of the same session, SELECT of the function with typed parameters, so
that privileges, strictness and snapshots are those of any other call.
"""

from collections.abc import Sequence

from gaveldb.engine.api import ColumnDescription, Session, Step
from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import INVALID_PARAMETER_VALUE, UNDEFINED_FUNCTION

from . import replies
from .errors import RequestError, protocol_violation
from .output import ClientOutput

_LOOKUP = (
    "SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname),"
    " array_to_string(ARRAY(SELECT format_type(a, NULL) FROM unnest(p.proargtypes) AS a), ';')"
    " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = $1"
)
_OID = 26


class _RowCatcher(ClientOutput):
    """Keeps the rows of one statement and drops the rest; notices go on to the client."""

    __slots__ = ("_client", "caught")

    def __init__(self, client: ClientOutput) -> None:
        super().__init__(client.transport)
        self._client = client
        self.caught = bytearray()

    def rows(self, messages: bytes | bytearray) -> None:
        """Keep them."""
        self.caught += messages

    def notice(self, notice: SqlError) -> None:
        """Pass it on."""
        self._client.notice(notice)

    def parameter_status(self, name: str, value: str) -> None:
        """Pass it on."""
        self._client.parameter_status(name, value)

    def notification(self, pid: int, channel: str, payload: str) -> None:
        """Pass it on."""
        self._client.notification(pid, channel, payload)

    def row_description(self, columns: Sequence[ColumnDescription], formats: Sequence[int]) -> None:
        """Not asked for."""

    def command_complete(self, tag: str) -> None:
        """Not asked for."""

    def fields(self) -> list[bytes | None]:
        """The fields of the first row; none if there is no row."""
        if not self.caught:
            return []
        position = 7
        fields: list[bytes | None] = []
        for _ in range(int.from_bytes(self.caught[5:7], "big")):
            length = int.from_bytes(self.caught[position : position + 4], "big", signed=True)
            position += 4
            fields.append(None if length < 0 else bytes(self.caught[position : position + length]))
            position += max(length, 0)
        return fields


async def _select(
    session: Session,
    client: ClientOutput,
    text: str,
    types: Sequence[int],
    formats: Sequence[int],
    values: Sequence[bytes | None],
    result_format: int,
) -> list[bytes | None]:
    output = _RowCatcher(client)
    prepared = session.prepare(text, types)
    portal = session.bind(prepared, "", formats, values, (result_format,))
    step = session.execute(portal, 0, output)
    if step is not None:
        await step
    session.close_portal("")
    return output.fields()


def call_function(
    session: Session,
    client: ClientOutput,
    oid: int,
    formats: Sequence[int],
    arguments: Sequence[bytes | None],
    result_format: int,
) -> Step:
    """Call the function and answer with FunctionCallResponse."""
    return _call(session, client, oid, formats, arguments, result_format)


async def _call(
    session: Session,
    client: ClientOutput,
    oid: int,
    formats: Sequence[int],
    arguments: Sequence[bytes | None],
    result_format: int,
) -> None:
    found = await _select(session, client, _LOOKUP, (_OID,), (1,), (oid.to_bytes(4, "big"),), 0)
    if not found:
        raise RequestError(UNDEFINED_FUNCTION, f"function with OID {oid} does not exist")
    name, types = (field.decode() if field else "" for field in found)
    casts = types.split(";") if types else []
    if len(casts) != len(arguments):
        raise protocol_violation(
            f"function call message contains {len(arguments)} arguments but function requires {len(casts)}"
        )
    if len(formats) > 1 and len(formats) != len(arguments):
        raise protocol_violation(
            f"function call message contains {len(formats)} argument formats but {len(arguments)} arguments"
        )
    if result_format not in (0, 1):
        raise RequestError(INVALID_PARAMETER_VALUE, f"unsupported format code: {result_format}")
    call = ", ".join(f"${index + 1}::{cast}" for index, cast in enumerate(casts))
    row = await _select(session, client, f"SELECT {name}({call})", (), formats, arguments, result_format)
    client.buffer += replies.function_call_response(row[0] if row else None)
    step = session.sync(client)
    if step is not None:
        await step
