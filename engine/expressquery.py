"""The express way of a simple query: texts that differ in their literals only are one ExpressQuery.

Which literals can become parameters is decided by literals.py, once per shape. The server cuts the
texts with a simpler pattern, so the two must have found the same literals. Then they find the same in
every text of this shape: an integer in another's place, or a string in another's, changes nothing
around it. The results equal those of simple_protocol.py, which also gets whatever is unusual:
`run_query` then says False, with nothing done but perhaps a transaction begun.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .api import Output
from .errors import SqlError
from .express import ExpressControl, ExpressPlan, express_control
from .literals import INT4, UNKNOWN, cut_literals, parametrized
from .lockwait import StatementRestart, WouldBlock, begin_again, withdraw
from .parameters import CONTEXT_FREE
from .portal import Portal, StatementContext
from .sqlstates import T_R_SERIALIZATION_FAILURE
from .statement import Plan, cached_plan, parse
from .types.io import text_input

if TYPE_CHECKING:
    from .extended_protocol import ExtendedProtocol

Decode = Callable[[Any, Sequence[str]], tuple[Any, ...]]


class ExpressQuery(ExpressPlan):
    """Simple queries of one shape, of one session, for one plan."""

    __slots__ = ("_decode", "columns", "portal")

    def __init__(self, session: "ExtendedProtocol", plan: Plan, text: str, decode: Decode) -> None:
        super().__init__(session, plan, text)
        self._decode = decode
        self.columns = plan.columns
        formats = (0,) * len(plan.columns or ())
        self.portal = Portal("", None, plan, self.context, formats, plan.columns)
        if plan.columns is not None:
            self.portal.encode = session.row_encoder(plan, formats)

    def is_current(self) -> bool:
        """See api.ExpressQuery."""
        return self.plan.catalog is self.session.catalog and super().is_current()

    def run_query(self, text: str, literals: Sequence[str], output: Output, mark: int) -> Any:
        """See api.ExpressQuery."""
        session = self.session
        transaction = session.transaction
        if transaction is None:
            if session._temporary_rows:
                return False
        elif not transaction.explicit:
            return False
        context = self.context
        try:
            params = self._decode(context, literals)
        except (SqlError, ValueError):  # the ordinary way finds its position
            return False
        session.current_query = text
        session.forget_unnamed()
        if transaction is None:
            if not self.plan.read_only:
                return self._write_alone(text, params, output, mark)
            context.params = params
            try:
                outcome = self.read_alone(self.portal)
                return self._end(output, mark) if outcome is None else outcome
            except (WouldBlock, StatementRestart) as reason:
                return self._ordinarily(reason)
        transaction.take_snapshot()
        if transaction._catalog is not self.plan.catalog or transaction._catalog_changes:
            return False
        context.params = params
        try:
            self.run_plan(transaction, self.portal, context)
        except (WouldBlock, StatementRestart) as reason:
            return self._ordinarily(reason)
        except BaseException as error:
            raise session._statement_failed(error) from None
        if transaction.waits or transaction.deferred:
            return self.end_statement(output)
        return b"T"

    def _ordinarily(self, reason: BaseException) -> bool:
        """Nothing is left of the statement, which has to wait for a lock or to begin again."""
        begin_again(self.context, self.events, fresh=False)
        withdraw(self.session, reason)
        return False

    def _end(self, output: Output, mark: int) -> Any:
        """The end of a query that has perhaps done more than to read."""
        session = self.session
        transaction = session.transaction
        assert transaction is not None
        if (
            transaction.has_writes
            or transaction.waits
            or transaction.notifications
            or transaction.deferred
            or session.unsettled(transaction)
        ):
            return self._commit("", output, mark)
        session._implicit_end_readonly()
        return b"I"

    def _write_alone(self, text: str, params: tuple[Any, ...], output: Output, mark: int) -> Any:
        """A transaction of its own that writes."""
        session = self.session
        context = self.context = StatementContext(session, params, text)
        context.catalog = self.plan.catalog
        session._begin_statement()
        transaction = session.transaction
        assert transaction is not None
        try:
            self.run_plan(transaction, self.portal, context)
        except (WouldBlock, StatementRestart) as reason:
            return self._ordinarily(reason)
        except BaseException as error:
            raise session._statement_failed(error) from None
        return self._commit(text, output, mark)

    async def _commit(self, text: str, output: Output, mark: int) -> None:
        """The end of the statement and of its transaction. If that is lost, the text is run again, the
        ordinary way, as if nothing had been answered yet."""
        session = self.session
        transaction = session.transaction
        assert transaction is not None
        rows, count = self.rows, self.count
        try:
            if transaction.waits or transaction.deferred:
                await session._end_statement()
            if rows is not None:
                output.rows(rows)
            await session._commit()
            output.command_complete(self.tag(count))
        except BaseException as error:
            lost = session._statement_failed(error)
            if (
                not text
                or not isinstance(lost, SqlError)
                or lost.sqlstate != T_R_SERIALIZATION_FAILURE
                or not output.rewind(mark)
            ):
                raise lost from None
        else:
            return
        await session.simple_query(text, output)


def express_query(
    session: "ExtendedProtocol", text: str, literals: Sequence[tuple[int, int]]
) -> ExpressQuery | ExpressControl | None:
    """See api.Session."""
    if session.failed or (session.transaction is not None and session.transaction.changed_catalog()):
        return None
    try:
        if literals:
            return _with_literals(session, text, literals)
        statements = parse(text)
        if len(statements) != 1:
            return None
        control = express_control(session, statements[0].stmt)
        if control is not None:
            return control
        plan = cached_plan(session, text, (), statements[0])
    except SqlError:  # the ordinary way raises it again
        return None
    if plan.param_types or not _has_express_way(session, plan):
        return None
    return ExpressQuery(session, plan, text, _nothing)


def _with_literals(
    session: "ExtendedProtocol", text: str, literals: Sequence[tuple[int, int]]
) -> ExpressQuery | None:
    cut = cut_literals(text)
    if cut is None or [(start, end) for start, end, _ in cut.literals] != list(literals):
        return None
    parameters = session.engine.literal_plans.parameters(text, cut) or ()
    key_text, declared, _ = parametrized(cut, parameters)
    plan = cached_plan(session, key_text, tuple(declared))
    if not _has_express_way(session, plan):
        return None
    decode = _decoder(plan, declared) if parameters else _nothing
    if decode is None:
        return None
    if len(parameters) < len(literals):
        decode = _with_constants(decode, [literal for _, _, literal in cut.literals], parameters)
    return ExpressQuery(session, plan, text, decode)


def _has_express_way(session: "ExtendedProtocol", plan: Plan) -> bool:
    return plan.point is not None and plan.failure is None and not session.engine.dsql


def _nothing(ctx: Any, literals: Sequence[str]) -> tuple[Any, ...]:
    return ()


def _with_constants(decode: Decode, texts: list[str], parameters: Sequence[int]) -> Decode:
    """For a plan that holds some of the literals as they are: others are ValueErrors."""
    constants = [(index, text) for index, text in enumerate(texts) if index not in parameters]

    def decode_others(ctx: Any, literals: Sequence[str]) -> tuple[Any, ...]:
        for index, text in constants:
            if literals[index] != text:
                raise ValueError
        return decode(ctx, [literals[index] for index in parameters])

    return decode_others


def _decoder(plan: Plan, declared: Sequence[int]) -> Decode | None:
    """From literals as they are written to parameter values. ValueError: not an integer in its place."""
    if all(typid == INT4 for typid in declared):
        if any(typid != INT4 for typid in plan.param_types):
            return None
        if len(declared) == 1:
            return lambda ctx, literals: (int(literals[0]),)
        return lambda ctx, literals: tuple(map(int, literals))
    functions: list[Callable[[Any, str], Any]] = []
    for wanted, typid in zip(declared, plan.param_types, strict=True):
        if wanted == INT4 == typid:
            functions.append(lambda ctx, literal: int(literal))
        elif wanted == UNKNOWN and typid in CONTEXT_FREE:
            functions.append(_string(text_input(plan.catalog, typid)))
        else:
            return None
    return lambda ctx, literals: tuple(
        [function(ctx, literal) for function, literal in zip(functions, literals, strict=True)]
    )


def _string(parse_text: Any) -> Callable[[Any, str], Any]:
    def decode(ctx: Any, literal: str) -> Any:
        if literal[0] != "'":
            raise ValueError
        return parse_text(ctx, literal[1:-1], -1)

    return decode
