"""What the compiled form of a PL/pgSQL function calls: its Frame, with its variables in a list `v`."""

from collections.abc import Iterator, Sequence
from itertools import count
from time import monotonic
from typing import Any

from ..errors import Notice, SqlError
from ..portal import Portal, StatementContext
from ..run.strand import drain, pause
from ..sqlstates import (
    ASSERT_FAILURE,
    CASE_NOT_FOUND,
    DATATYPE_MISMATCH,
    INVALID_PARAMETER_VALUE,
    NO_DATA_FOUND,
    NULL_VALUE_NOT_ALLOWED,
    STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
    SYNTAX_ERROR,
    TOO_MANY_ROWS,
    SqlState,
)
from ..statement import cached_plan, parse
from ..values import Array, Record, RowType
from .conditions import CONDITIONS
from .expressions import Expression, VariableTypes, caster, run_plan
from .scope import RECORDOID, Scope, Variable

BREATH_SECONDS = 0.003
VOIDOID = 2278
FRAMES = "plpgsql frames"  # in a session's functions: the calls that run
_points = count(1)
_portals = count(1)


class Leave(BaseException):
    """EXIT, or CONTINUE (`again`), of the loop or block with this number."""

    def __init__(self, number: int, again: bool) -> None:
        self.number = number
        self.again = again


def leave(number: int, again: bool) -> Leave:
    return Leave(number, again)


# --- types ------------------------------------------------------------------------------------------


def datatype(session: Any, scope: Scope, text: str) -> tuple[int, int]:
    """(type, typmod) of a declaration."""
    from ..bind.typenames import parse_type_string

    words = text.split()
    lowered = text.lower()
    if lowered == "record":
        return RECORDOID, -1
    compact = "".join(words).lower()
    if "%" in compact:
        return _copied(session, scope, text)
    found = parse_type_string(session.analyze_context(), text)
    assert found is not None
    catalog = session.catalog
    if catalog.pg_type.get(found[0]).typtype == "p" and found[0] not in (RECORDOID,):
        raise SqlError(
            SYNTAX_ERROR, f'variable has pseudo-type {catalog.format_type(found[0])}'
        )  # fmt: skip
    return found


def _copied(session: Any, scope: Scope, text: str) -> tuple[int, int]:
    """name%TYPE and name%ROWTYPE, perhaps as an array."""
    from pglast import ast, parse_sql

    from ..bind.typenames import typename_type_id_and_mod

    name, _, kind = text.partition("%")
    parts = [field.sval for field in parse_sql(f"SELECT {name}")[0].stmt.targetList[0].val.fields]
    kind = kind.strip().lower()
    context = session.analyze_context()
    context.ctx.quiet = True  # a type reference that is converted has a notice
    if kind.startswith("rowtype"):
        node = ast.TypeName(names=tuple(ast.String(sval=part) for part in parts), typemod=-1)
        typid, typmod = typename_type_id_and_mod(context, node)
    else:
        found = scope.find(parts)
        if found is not None and not found[1]:
            typid, typmod = found[0].type, found[0].typmod
        else:
            node = ast.TypeName(
                names=tuple(ast.String(sval=part) for part in parts), pct_type=True, typemod=-1
            )
            typid, typmod = typename_type_id_and_mod(context, node)
    if kind.endswith("]"):
        return session.catalog.pg_type.get(typid).typarray, typmod
    return typid, typmod


def composite_shape(session: Any, typid: int) -> RowType | None:
    """The row of a named composite type, else None."""
    catalog = session.catalog
    base = catalog.base_type(typid)
    row = catalog.pg_type.get(base)
    if row is None or row.typtype != "c" or base == RECORDOID:
        return None
    columns = catalog.row_columns(base)
    return RowType(
        base, tuple([c[0] for c in columns]), tuple([c[1] for c in columns]), tuple([c[2] for c in columns])
    )


def needs_check(session: Any, typid: int) -> bool:
    """Whether NULL may not be a value of the type: a domain."""
    row = session.catalog.pg_type.get(typid)
    return row is not None and row.typtype == "d"


# --- what needs no frame ------------------------------------------------------------------------------


def integers(low: Any, high: Any, step: Any, reverse: bool) -> range:
    """The values of an integer FOR loop."""
    for value, what in ((low, "lower bound"), (high, "upper bound"), (step, "BY value")):
        if value is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, f"{what} of FOR loop cannot be null")
    if step <= 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "BY value of FOR loop must be greater than zero")
    return range(low, high - 1, -step) if reverse else range(low, high + 1, step)


def elements(value: Any, dimension: int) -> Iterator[Any]:
    """The elements of an array, or its slices."""
    if value is None:
        raise SqlError(NULL_VALUE_NOT_ALLOWED, "FOREACH expression must not be null")
    if not isinstance(value, Array):
        raise SqlError(DATATYPE_MISMATCH, "FOREACH expression must yield an array")
    if not dimension:
        yield from value.items
        return
    if dimension > len(value.dims):
        from ..sqlstates import ARRAY_SUBSCRIPT_ERROR

        raise SqlError(
            ARRAY_SUBSCRIPT_ERROR,
            f"slice dimension ({dimension}) is out of the valid range 0..{len(value.dims)}",
        )
    dims, lowers = value.dims[-dimension:], value.lowers[-dimension:]
    size = 1
    for length in dims:
        size *= length
    for start in range(0, len(value.items), size):
        yield Array(value.elemtype, value.items[start : start + size], dims, lowers)


def case_not_found() -> None:
    raise SqlError(CASE_NOT_FOUND, "case not found", hint="CASE statement is missing ELSE part.")


class Frame:
    """One call of a function."""

    def __init__(self, routine: Any, ctx: Any, args: Sequence[Any]) -> None:
        self.routine = routine
        self.session = ctx.session
        self.transaction = ctx.transaction
        self.v: list[Any] = [None] * len(routine.variables)
        self.v[0] = False
        for variable, value in zip(routine.inputs, args, strict=False):
            self.v[variable.number] = value
        self.shapes: dict[int, RowType | None] = dict(routine.shapes)
        self.ctx = StatementContext(ctx.session, self.v, routine.text)
        self.ctx.attach(ctx.transaction)
        self.ctx.output = getattr(ctx, "output", None)
        self.at = 0  # -1: it has returned
        self.processed = 0
        self.evaluating: Expression | None = None
        self.errors: list[SqlError] = []
        self.results: list[Any] = []
        self.read_only_function = routine.read_only
        self.breath_at = monotonic() + BREATH_SECONDS
        self.catalog: Any = None
        self.state: Any = None
        self.refresh()

    def refresh(self) -> None:
        """Follow the catalogs and the settings."""
        catalog = self.transaction.catalog
        self.catalog = self.ctx.catalog = catalog
        self.state = (id(catalog), self.session.plan_settings())

    def breathe(self) -> None:
        """Let others run, if it is time."""
        if monotonic() > self.breath_at:
            pause()
            self.breath_at = monotonic() + BREATH_SECONDS

    # --- variables --------------------------------------------------------------------------------

    def reset(self, number: int, shape: RowType | None) -> None:
        """A variable without a default, at the start of its block."""
        self.v[number] = None
        self.shapes[number] = shape

    def check_domain(self, variable: Variable) -> None:
        check = caster(self, self.catalog.base_type(variable.type), variable.type, variable.typmod)
        if check is not None:
            check(self.ctx, None)

    def store(self, variable: Variable, value: Any) -> None:
        """Assign a value of the variable's type."""
        if value is None and variable.not_null:
            raise SqlError(
                NULL_VALUE_NOT_ALLOWED,
                f'null value cannot be assigned to variable "{variable.name}" declared NOT NULL',
            )
        if variable.is_record and value is not None and not isinstance(value, Record):
            raise SqlError(DATATYPE_MISMATCH, "cannot assign non-composite value to a record variable")
        self.v[variable.number] = value

    def cast_into(self, variable: Variable, value: Any, array: Expression, dimension: int) -> None:
        """FOREACH: the next element."""
        source = self.catalog.base_type(array.type)
        if not dimension:
            source = self.catalog.element_type(source)
        self._convert(variable, value, source)

    def _convert(self, variable: Variable, value: Any, source: int) -> None:
        cast = caster(self, source, variable.type, variable.typmod)
        self.store(variable, value if cast is None else cast(self.ctx, value))

    def set_case(self, variable: Variable, operand: Expression) -> None:
        """The value that the branches of CASE compare."""
        value = operand.value(self)
        variable.type = operand.type if operand.type != 705 else 25
        self.v[variable.number] = value

    def into(self, targets: list[tuple[Variable, list[str]]], row: Any, plan: Any) -> None:
        """Assign a row, or NULLs, to the targets of INTO or FOR."""
        columns = plan.columns or ()
        first, rest = targets[0]
        if len(targets) == 1 and not rest:
            shape = composite_shape(self.session, first.type)
            if first.is_record or shape is not None:
                self._into_row(first, shape, row, columns)
                return
        for place, (variable, fields) in enumerate(targets):
            known = row is not None and place < len(row)
            value = row[place] if known else None
            source = columns[place].type_oid if place < len(columns) else variable.type
            if fields:
                self._set_field(variable, fields, value, source)
            else:
                self._convert(variable, value, source)

    def _into_row(self, variable: Variable, shape: RowType | None, row: Any, columns: Any) -> None:
        if shape is None:
            mine = RowType(
                RECORDOID,
                tuple([c.name for c in columns]),
                tuple([c.type_oid for c in columns]),
                tuple([c.typmod for c in columns]),
            )
            self.shapes[variable.number] = mine
            self.v[variable.number] = Record(mine, tuple(row)) if row is not None else None
            return
        if row is not None and len(columns) == 1 and columns[0].type_oid == shape.typid:
            self.store(variable, row[0])
            return
        if row is None:
            self.store(variable, None)
            return
        values = self._fields(row, [c.type_oid for c in columns], shape)
        self.store(variable, Record(shape, values))

    def _fields(self, values: Sequence[Any], types: Sequence[int], shape: RowType) -> tuple[Any, ...]:
        made = []
        for place, (typid, typmod) in enumerate(zip(shape.types, shape.typmods, strict=True)):
            value = values[place] if place < len(values) else None
            if place < len(types):
                cast = caster(self, types[place], typid, typmod)
                if cast is not None:
                    value = cast(self.ctx, value)
            made.append(value)
        return tuple(made)

    def _set_field(self, variable: Variable, fields: list[str], value: Any, source: int) -> None:
        from .expressions import field_number, shape_of

        shape = shape_of(self, variable) or composite_shape(self.session, variable.type)
        number = field_number(self, variable, fields[0], shape)
        assert shape is not None
        cast = caster(self, source, shape.types[number], shape.typmods[number])
        if cast is not None:
            value = cast(self.ctx, value)
        old = self.v[variable.number]
        values = list(old.values) if old is not None else [None] * len(shape.types)
        values[number] = value
        self.v[variable.number] = Record(shape, tuple(values))

    # --- SQL --------------------------------------------------------------------------------------

    def sql(self, statement: Expression, targets: Any, strict: bool) -> None:
        """A static statement."""
        rows, plan = statement.rows(self)
        if targets is None:
            if plan.utility is None and plan.query.commandType == "select":
                raise SqlError(
                    SYNTAX_ERROR,
                    "query has no destination for result data",
                    hint="If you want to discard the results of a SELECT, use PERFORM instead.",
                )
            if plan.columns is not None and rows and plan.utility is None:
                raise SqlError(SYNTAX_ERROR, "query has no destination for result data")
            if plan.utility is None:
                self.v[0] = self.processed > 0
            return
        changes = plan.utility is None and plan.query.commandType != "select"
        self._into_first(rows, plan, targets, strict, changes)
        self.v[0] = bool(rows)

    def _into_first(self, rows: list[Any], plan: Any, targets: Any, strict: bool, changes: bool) -> None:
        if plan.columns is None:
            raise SqlError(SYNTAX_ERROR, "INTO used with a command that cannot return data")
        if strict and not rows:
            raise SqlError(NO_DATA_FOUND, "query returned no rows")
        if len(rows) > 1 and (strict or changes):
            hint = "Make sure the query returns a single row, or use LIMIT 1."
            raise SqlError(TOO_MANY_ROWS, "query returned more than one row", hint=hint)
        if not changes:
            self.processed = min(len(rows), 1)
        self.into(targets, rows[0] if rows else None, plan)

    def dynamic(self, query: Expression, params: Sequence[Expression]) -> tuple[list[Any], Any]:
        """EXECUTE: (rows, plan)."""
        plan, ctx = self._dynamic_plan(query, params)
        self.evaluating = Expression(plan.source, Scope([], []), query=True)
        rows = run_plan(self, plan, ctx)
        self.evaluating = None
        return rows, plan

    def _dynamic_plan(self, query: Expression, params: Sequence[Expression]) -> tuple[Any, StatementContext]:
        text = query.value(self)
        if text is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, "query string argument of EXECUTE is null")
        values, types = [], []
        for param in params:
            values.append(param.value(self))
            types.append(param.type if param.type != 705 else 25)
        self.refresh()
        self.evaluating = Expression(text, Scope([], []), query=True)
        statements = parse(text)
        if len(statements) != 1:
            raise SqlError(SYNTAX_ERROR, "EXECUTE of other than one statement is not supported")
        plan = cached_plan(self.session, text, tuple(types), statements[0])
        self.evaluating = None
        ctx = StatementContext(self.session, tuple(values), text)
        ctx.attach(self.transaction)
        ctx.output = self.ctx.output
        return plan, ctx

    def execute(self, found: tuple[list[Any], Any], targets: Any, strict: bool) -> None:
        rows, plan = found
        if targets is not None:
            changes = plan.utility is None and plan.query.commandType != "select"
            self._into_first(rows, plan, targets, strict, changes)

    def call(self, scope: Scope, text: str) -> None:
        """CALL: OUT parameters go back to the variables that stand for them."""
        from ..bind.analyze import transform_top_level_stmt
        from ..bind.parse_state import make_parsestate
        from ..evaluate import expression_function
        from ..tree import Param

        statement = Expression(text, scope, query=True)
        context = self.session.analyze_context()
        context.params = VariableTypes(scope)
        self.evaluating = statement
        try:
            pstate = make_parsestate(context, text)
            statement._hook(pstate, self)
            query = transform_top_level_stmt(pstate, parse(text)[0])
        finally:
            context.params = None
        value = expression_function(self.catalog, self.session.settings, query.callExpr)(self.ctx)
        self.evaluating = None
        self.refresh()
        if not isinstance(value, Record):
            return
        for place, out in enumerate(query.callOutArgs):
            while not isinstance(out, Param) and hasattr(out, "arg"):
                out = out.arg
            if not isinstance(out, Param):
                raise SqlError(SYNTAX_ERROR, "procedure parameter is an output parameter but corresponding "
                               "argument is not writable")  # fmt: skip
            variable = scope.variables[out.paramid - 1]
            self._convert(variable, value.values[place], value.rowtype.types[place])

    # --- subtransactions --------------------------------------------------------------------------

    def begin_subtransaction(self) -> Any:
        """A savepoint: what the statement around the function has written so far is put aside."""
        transaction = self.transaction
        outer, transaction.pending = transaction.pending, {}
        name = f"plpgsql {next(_points)}"
        transaction.savepoint(name)
        point = transaction.savepoints[-1]
        point.portals = frozenset(self.session.portals.values())
        point.locks = transaction.lock_marks()
        return [name, outer]

    def release(self, point: list[Any]) -> None:
        """The block has ended; if it was undone or the transaction has ended, nothing is to be done."""
        name, outer = point
        transaction = self.transaction
        if all(saved.name != name for saved in transaction.savepoints):
            return
        end_read_only = transaction.read_only
        transaction.release_savepoint(name)
        transaction.read_only = end_read_only
        transaction.pending = outer

    def caught(self, point: list[Any], error: SqlError) -> None:
        """The block has failed: undo what it has done."""
        name, outer = point
        self.add_context(error)
        transaction = self.transaction
        transaction.rollback_to(name)
        saved = transaction.savepoints[-1]
        transaction.release_locks_after(saved.locks)
        for portal_name, portal in list(self.session.portals.items()):
            if portal.declared and portal not in saved.portals:
                self.session.close_portal(portal_name)
        self.session.settings_changed()
        transaction.release_savepoint(name)
        transaction.pending = outer
        self.refresh()

    def add_context(self, error: SqlError) -> None:
        """Tell the error where it happened, once."""
        if getattr(error, "plpgsql_frame", None) is self:
            return
        error.plpgsql_frame = self  # type: ignore[attr-defined]
        expression, self.evaluating = self.evaluating, None
        if expression is not None and error.internal_query is None:
            if error.position is not None:
                error.internal_position, error.position = error.position, None
                error.internal_query = expression.text
            elif not hasattr(error, "plpgsql_frames"):
                if self._tells(expression) and (expression.plan is None or expression.plan.utility is None):
                    line = f'SQL statement "{expression.text}"'
                    error.where = f"{error.where}\n{line}" if error.where else line
        here = self.where()
        error.where = f"{error.where}\n{here}" if error.where else here

    def _tells(self, expression: Any) -> bool:
        """Whether the context names the statement that runs: not where its rows come from a portal."""
        if not expression.is_query:
            return False
        return self.at < 0 or not self.routine.places[self.at][1].startswith("FOR over")

    def where(self) -> str:
        """The context line."""
        if self.at < 0:
            return f"PL/pgSQL function {self.routine.signature_text} during function exit"
        line, what = self.routine.places[self.at]
        if not line:
            return f"PL/pgSQL function {self.routine.signature_text}"
        if what.startswith("during "):
            return f"PL/pgSQL function {self.routine.signature_text} line {line} {what}"
        return f"PL/pgSQL function {self.routine.signature_text} line {line} at {what}"

    def stack(self) -> str:
        """The context of a notice: this function, and those that have called it."""
        lines = [self.where()]
        frames = self.session.functions.get(FRAMES, ())
        for frame in reversed(frames[:-1]):
            if frame.evaluating is not None and frame._tells(frame.evaluating):
                lines.append(f'SQL statement "{frame.evaluating.text}"')
            lines.append(frame.where())
        return "\n".join(lines)

    # --- results ----------------------------------------------------------------------------------

    def outs(self) -> Any:
        """What the OUT parameters make of the result."""
        outs = self.routine.outs
        if not outs:
            return None if not self.routine.void else ""
        if self.routine.out_shape is None:
            return self.v[outs[0].number]
        return Record(self.routine.out_shape, tuple([self.v[variable.number] for variable in outs]))

    def returned(self, value: Any) -> Any:
        """The value of RETURN as the result type."""
        shape = self.routine.result_shape
        if value is None or (shape is None and not self.routine.returns_record):
            return value
        if not isinstance(value, Record):
            raise SqlError(
                DATATYPE_MISMATCH, "cannot return non-composite value from function returning composite type"
            )
        if shape is None or value.rowtype.typid == shape.typid != RECORDOID:
            return value
        if len(value.values) != len(shape.types):
            raise self._mismatch(
                f"Number of returned columns ({len(value.values)}) does not match expected column count "
                f"({len(shape.types)})."
            )
        for place, (mine, wanted) in enumerate(zip(value.rowtype.types, shape.types, strict=True), 1):
            if mine != wanted and mine != 705:
                show = self.catalog.format_type
                raise self._mismatch(
                    f"Returned type {show(mine)} does not match expected type {show(wanted)} in column "
                    f'"{shape.names[place - 1]}" (position {place}).'
                )
        return Record(shape, self._fields(value.values, value.rowtype.types, shape))

    def _mismatch(self, detail: str) -> SqlError:
        message = "returned record type does not match expected record type"
        return SqlError(DATATYPE_MISMATCH, message, detail=detail)

    def return_query(self, rows: list[Any], plan: Any) -> None:
        """RETURN QUERY."""
        routine = self.routine
        columns = plan.columns or ()
        types = [c.type_oid for c in columns]
        wanted = routine.query_types
        if wanted is not None:
            self._check_query(types, wanted)
        self.v[0] = bool(rows)
        self.processed = len(rows)
        shape = routine.out_shape or routine.result_shape
        if shape is None and routine.returns_record:
            names = tuple([c.name for c in columns])
            shape = RowType(RECORDOID, names, tuple(types), (-1,) * len(types))
        if shape is None:
            self.results += [row[0] for row in rows]
        else:
            self.results += [Record(shape, tuple(row)) for row in rows]

    def _check_query(self, types: list[int], wanted: Sequence[int]) -> None:
        message = "structure of query does not match function result type"
        if len(types) != len(wanted):
            detail = (
                f"Number of returned columns ({len(types)}) does not match expected column count "
                f"({len(wanted)})."
            )
            raise SqlError(DATATYPE_MISMATCH, message, detail=detail)
        base = self.catalog.base_type
        for place, (mine, needed) in enumerate(zip(types, wanted, strict=True), 1):
            if mine != base(needed):
                show = self.catalog.format_type
                detail = f"Returned type {show(mine)} does not match expected type {show(needed)} in column "
                detail += f"{place}."
                raise SqlError(DATATYPE_MISMATCH, message, detail=detail)

    def fell_off(self) -> Any:
        """The end of the function without RETURN."""
        routine = self.routine
        if routine.outs or routine.void or routine.returns_set:
            return self.outs()
        self.at = 0
        raise routine.fell_off()

    # --- messages ---------------------------------------------------------------------------------

    def text(self, expression: Expression) -> str | None:
        """A value in its output form."""
        from ..types.io import text_output

        value = expression.value(self)
        if value is None:
            return None
        return text_output(self.catalog, expression.type)(self.ctx, value)

    def report(
        self, level: str, code: str, name: str | None, message: str | None, params: Any, options: Any
    ) -> None:
        """RAISE."""
        shown = message
        if message is not None:
            values = [self.text(param) for param in params]
            parts, place, index = [], 0, 0
            while index < len(message):
                if message[index] == "%":
                    if message[index : index + 2] == "%%":
                        parts.append("%")
                        index += 2
                        continue
                    value = values[place]
                    parts.append("<NULL>" if value is None else value)
                    place += 1
                else:
                    parts.append(message[index])
                index += 1
            shown = "".join(parts)
        fields: dict[str, Any] = {}
        for option, expression in options:
            value = self.text(expression)
            if value is None:
                raise SqlError(NULL_VALUE_NOT_ALLOWED, "RAISE statement option cannot be null")
            if option == "errcode":
                code = value if len(value) == 5 and value not in CONDITIONS else CONDITIONS[value][0]
                name = name or value
            elif option == "message":
                if shown is not None:
                    raise SqlError(SYNTAX_ERROR, "RAISE option already specified: MESSAGE")
                shown = value
            else:
                fields[option] = value
        if shown is None:
            shown = name or code
        if level == "exception":
            error = SqlError(SqlState(code), shown, **fields)
            error.plpgsql_frames = True  # type: ignore[attr-defined]
            raise error
        severity = "DEBUG" if level == "debug" else level.upper()
        state = SqlState(code or ("01000" if level == "warning" else "00000"))
        notice = Notice(
            shown, sqlstate=state, severity=severity, detail=fields.get("detail"), hint=fields.get("hint")
        )
        for field in ("schema", "table", "column", "datatype", "constraint"):
            setattr(notice, field, fields.get(field))
        notice.where = self.stack()
        self.ctx.notice(notice)

    def raise_again(self) -> None:
        """RAISE without anything."""
        if not self.errors:
            raise SqlError(
                STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                "RAISE without parameters cannot be used outside an exception handler",
            )
        raise self.errors[-1]

    def assertion_failed(self, message: Expression | None) -> None:
        if self.session.settings.get("plpgsql.check_asserts") in ("off", False):
            return
        text = message.value(self) if message is not None else None
        raise SqlError(ASSERT_FAILURE, text if text is not None else "assertion failed")

    def diagnostic(self, variable: Variable, item: str, stacked: bool) -> None:
        """GET DIAGNOSTICS."""
        value: Any
        source = 25
        if not stacked:
            if item == "row_count":
                value, source = self.processed, 20
            elif item == "pg_context":
                value = self.where()
            elif item == "pg_routine_oid":
                value, source = self.routine.oid, 26
            else:
                raise SqlError(SYNTAX_ERROR, f"diagnostics item {item.upper()} is not allowed in GET CURRENT "
                               "DIAGNOSTICS")  # fmt: skip
        else:
            if not self.errors:
                raise SqlError(
                    STACKED_DIAGNOSTICS_ACCESSED_WITHOUT_ACTIVE_HANDLER,
                    "GET STACKED DIAGNOSTICS cannot be used outside an exception handler",
                )
            error = self.errors[-1]
            attribute = _STACKED.get(item)
            if attribute is None:
                raise SqlError(SYNTAX_ERROR, f"diagnostics item {item.upper()} is not allowed in GET STACKED "
                               "DIAGNOSTICS")  # fmt: skip
            value = str(getattr(error, attribute) or "")
        self._convert(variable, value, source)

    # --- cursors ----------------------------------------------------------------------------------

    def open(self, variable: Variable, query: Expression, scroll: bool | None) -> None:
        """OPEN for a query whose variables keep the values that they have now."""
        plan = query.ready(self)
        ctx = StatementContext(self.session, tuple(self.v), query.text)
        ctx.attach(self.transaction)
        self._open(variable, plan, ctx, scroll)

    def open_dynamic(
        self, variable: Variable, query: Expression, params: Sequence[Expression], scroll: bool | None
    ) -> None:
        """OPEN ... FOR EXECUTE."""
        self._open(variable, *self._dynamic_plan(query, params), scroll)

    def _open(self, variable: Variable, plan: Any, ctx: StatementContext, scroll: bool | None) -> None:
        from ..commands.cursors import CursorRows, run_plan, scans_backward
        from ..sqlstates import DUPLICATE_CURSOR, INVALID_CURSOR_DEFINITION

        if plan.columns is None or plan.utility is not None:
            raise SqlError(INVALID_CURSOR_DEFINITION, "cannot open non-SELECT query as cursor")
        name = self.v[variable.number]
        portals = self.session.portals
        if name is None:
            name = f"<unnamed portal {next(_portals)}>"
            while name in portals:
                name = f"<unnamed portal {next(_portals)}>"
        elif name in portals:
            raise SqlError(DUPLICATE_CURSOR, f'cursor "{name}" already in use')
        width = len(plan.columns)
        portal = Portal(name, None, plan, ctx, (0,) * width, plan.columns)
        portal.declared = True
        portal.scroll = scans_backward(plan.planned.plan) if scroll is None else scroll
        portal.source = plan.source
        portal.created_at = self.transaction.statement_timestamp
        portal.started = True
        portal.position = CursorRows(iter(run_plan(plan, ctx)), width, (), bool(plan.query.rowMarks))
        portals[name] = portal
        self.v[variable.number] = name

    def _portal(self, variable: Variable) -> Portal:
        from ..commands.cursors import find_cursor

        name = self.v[variable.number]
        if name is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, f'cursor variable "{variable.name}" is null')
        return find_cursor(self.session, name)

    def fetch(self, variable: Variable, direction: str, count: Expression, targets: Any) -> None:
        """FETCH and MOVE."""
        from ..commands.cursors import _window, cursor_rows

        portal = self._portal(variable)
        cursor = cursor_rows(portal, self.session)
        steps = _window(cursor, portal, "FETCH_" + direction, count.value(self), targets is None)
        start, stop, step = _result_of(steps)
        number = max(0, (stop - start) * step + 1)
        self.processed = number
        self.v[0] = number > 0
        if targets is not None:
            row = cursor.rows[start - 1][: cursor.width] if number else None
            self.into(targets, row, portal.plan)

    def close(self, variable: Variable) -> None:
        """CLOSE."""
        self.session.close_portal(self._portal(variable).name)


_STACKED = {
    "returned_sqlstate": "sqlstate",
    "message_text": "message",
    "pg_exception_detail": "detail",
    "pg_exception_hint": "hint",
    "pg_exception_context": "where",
    "column_name": "column",
    "constraint_name": "constraint",
    "pg_datatype_name": "datatype",
    "table_name": "table",
    "schema_name": "schema",
}


def _result_of(steps: Any) -> Any:
    """Run a generator of breaths to its end: what it returns."""
    result: list[Any] = []

    def run() -> Any:
        result.append((yield from steps))

    for _ in drain(run()):
        pass
    return result[0]
