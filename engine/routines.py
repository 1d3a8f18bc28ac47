"""Calls of functions in LANGUAGE sql.

The statements of a body are analysed and compiled one after the other when the function first runs,
and kept in the catalog version's cache, per argument types and plan settings. A statement that
writes is a command of its own: what the calling statement has written so far is put aside, the
function's writes are merged, so the next statement sees them. Only a final SELECT of a
set-returning function is read lazily; everything else runs to its end inside the call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .bind import sqlfunctions as bind
from .errors import SqlError
from .lockwait import StatementRestart
from .portal import StatementContext
from .registry import CallSite
from .rowlocks import concurrent_update
from .run.strand import drain, pause
from .sqlstates import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE
from .values import Record, RowType

SQL_LANGUAGE = 14
PLPGSQL_LANGUAGE = 12775
SQL_PREFIX = "sql:"
FIRST_USER_OID = 16384
RECORDOID = 2249


def routine_caller(site: CallSite) -> Callable[..., Any]:
    """A function (ctx, *args) that runs the site's routine: its value, or an iterable of them."""
    proc = site.catalog.pg_proc.get(site.funcid)
    make: Callable[[Any, Any, CallSite], Any] = Routine
    if proc.prolang == PLPGSQL_LANGUAGE:
        from .plpgsql.routine import routine_of

        make = routine_of
    elif proc.prolang != SQL_LANGUAGE:
        language = site.catalog.pg_language.get(proc.prolang).lanname
        raise SqlError(FEATURE_NOT_SUPPORTED, f"functions in language {language} are not supported")
    first = ("routine", site.funcid, site.arg_types, site.result_type, site.result_columns)

    def call(ctx: Any, *args: Any) -> Any:
        session = ctx.session
        if session is None or ctx.transaction is None:
            raise SqlError(FEATURE_NOT_SUPPORTED, f"function {proc.proname} cannot be called here")
        catalog = ctx.transaction.catalog
        key = (*first, session.plan_settings())
        routine = catalog.cache.get(key)
        if routine is None:
            routine = catalog.cache[key] = make(ctx, catalog, site)
        return routine.call(ctx, args)

    return call


class Statement:
    """One statement of a body, compiled for one catalog."""

    __slots__ = ("catalog", "command", "compiled", "query", "raw", "read_only")

    def __init__(self, raw: Any, query: Any) -> None:
        self.raw = raw  # to be analysed, or None
        self.query = query
        self.catalog: Any = None
        self.compiled: Any = None
        self.command: Any = None  # a utility statement
        self.read_only = True


class Routine:
    """An SQL function for certain argument types."""

    def __init__(self, ctx: Any, catalog: Any, site: CallSite) -> None:
        proc = catalog.pg_proc.get(site.funcid)
        self.proc = proc
        self.name = proc.proname
        self.signature = bind.signature_of(catalog, proc, site.arg_types, site.result_type)
        if site.result_columns and site.result_type == RECORDOID and not self.signature.columns:
            columns = tuple([(name, typid) for name, typid, _ in site.result_columns])
            self.signature = self.signature._replace(columns=columns)
        self.text = ""
        self.result: Any = None
        self.convert: Callable[[Any, Any], Any] | None = None
        self.special = proc.prosecdef or proc.proconfig is not None
        self.path: tuple[int, ...] | None = (11,) if site.funcid < FIRST_USER_OID else None
        self._check_privilege(ctx, catalog)
        self.statements = self._parse(ctx.session)
        if not self.statements:
            self.convert = lambda ctx, row: None

    def _check_privilege(self, ctx: Any, catalog: Any) -> None:
        if self.proc.oid < FIRST_USER_OID:
            return
        from .catalog.privileges import has_privilege

        if not has_privilege(catalog, ctx.session.role, "function", self.proc.oid, "EXECUTE"):
            kind = "procedure" if self.proc.prokind == "p" else "function"
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {kind} {self.name}")

    def _parse(self, session: Any) -> list[Statement]:
        from .statement import parse, parse_body

        body = self.proc.prosqlbody
        if body is None:
            self.text = self.proc.prosrc
            return [Statement(raw, None) for raw in parse_body(session, self.text)]
        if body.startswith(SQL_PREFIX):
            self.text = f"CREATE FUNCTION f() RETURNS int LANGUAGE sql {body[4:]}"
            raw = parse(self.text)[0].stmt
            return [Statement(item, None) for item in bind.atomic_statements(raw.sql_body)]
        from .treecodec import load

        loaded = load(body)
        return [
            Statement(None, query) for query in (loaded if isinstance(loaded, list | tuple) else (loaded,))
        ]

    # --- running ----------------------------------------------------------------------------------

    def call(self, ctx: Any, args: tuple[Any, ...]) -> Any:
        """Run the function."""
        if self.proc.proretset:
            if self.special:
                with self._settings(ctx):
                    return list(self._rows(ctx, args))
            last = len(self.statements) - 1
            for index in range(last):
                self._step(ctx, args, index)
            if not self.statements or not self._lazy(ctx):
                return list(self._last_rows(ctx, args))
            return self._last_rows(ctx, args)
        if self.special:
            with self._settings(ctx):
                return self._value(ctx, args)
        return self._value(ctx, args)

    def _lazy(self, ctx: Any) -> bool:
        with self._context(len(self.statements)):
            return self._ready(ctx, len(self.statements) - 1).read_only

    def _value(self, ctx: Any, args: tuple[Any, ...]) -> Any:
        last = len(self.statements) - 1
        for index in range(last):
            self._step(ctx, args, index)
        if last < 0:
            return None
        with self._context(last + 1):
            statement = self._ready(ctx, last)
            convert = self.convert
            assert convert is not None
            compiled = statement.compiled
            if compiled is not None and statement.read_only:
                inner = self._inner(ctx, args)
                if compiled.point is not None:
                    rows = compiled.point(inner)
                    return convert(inner, rows[0]) if rows else None
                running = compiled.run(inner)
                for batch in drain(running):
                    return convert(inner, batch[0])
                return None
            rows = self._run(ctx, args, statement)
            return convert(ctx, rows[0]) if rows else None

    def _rows(self, ctx: Any, args: tuple[Any, ...]) -> Iterator[Any]:
        for index in range(len(self.statements) - 1):
            self._step(ctx, args, index)
        yield from self._last_rows(ctx, args)

    def _last_rows(self, ctx: Any, args: tuple[Any, ...]) -> Iterator[Any]:
        last = len(self.statements) - 1
        if last < 0:
            return
        with self._context(last + 1):
            statement = self._ready(ctx, last)
            convert = self.convert
            assert convert is not None
            if self.result.kind == "void":
                self._run(ctx, args, statement)
                return
            inner = self._inner(ctx, args)
            if not statement.read_only or statement.compiled is None:
                batches: Any = [self._run(ctx, args, statement)]
            elif statement.compiled.point is not None:
                batches = [statement.compiled.point(inner)]
            else:
                batches = drain(statement.compiled.run(inner))
            for batch in batches:
                for row in batch:
                    yield convert(inner, row)

    def _step(self, ctx: Any, args: tuple[Any, ...], index: int) -> None:
        with self._context(index + 1):
            self._run(ctx, args, self._ready(ctx, index))

    def _inner(self, ctx: Any, args: tuple[Any, ...]) -> StatementContext:
        inner = StatementContext(ctx.session, args, self.text)
        inner.attach(ctx.transaction)
        inner.output = getattr(ctx, "output", None)
        return inner

    def _run(self, ctx: Any, args: tuple[Any, ...], statement: Statement) -> list[Any]:
        """All rows of a statement, which is a command of its own."""
        inner = self._inner(ctx, args)
        transaction = ctx.transaction
        if statement.read_only:
            return self._collect(inner, statement)
        transaction.forbid_if_read_only(_command_name(statement))
        outer, transaction.pending = transaction.pending, {}
        try:
            rows = self._collect(inner, statement)
            transaction.end_command()
            if transaction.deferred:
                from .run.deferred import check_immediate

                for item in check_immediate(transaction):
                    pause(None if type(item) is list else item)
        finally:
            transaction.pending = outer
        return rows

    def _collect(self, inner: StatementContext, statement: Statement) -> list[Any]:
        if statement.command is not None:
            inner.in_function = True
            running = statement.command.run(inner, statement.query.utilityStmt)
            if isinstance(running, Iterator):
                for _ in drain(running):
                    pass
            return []
        compiled = statement.compiled
        if compiled.point is not None:
            return compiled.point(inner)
        rows: list[Any] = []
        try:
            for batch in drain(compiled.run(inner)):
                rows += batch
        except StatementRestart:
            raise concurrent_update() from None  # the statement around it cannot begin again
        return rows

    @contextmanager
    def _context(self, number: int) -> Iterator[None]:
        """Tell errors where they happened."""
        try:
            yield
        except SqlError as error:
            if error.position is not None:
                error.internal_position, error.position = error.position, None
                error.internal_query = self.text
            here = f'SQL function "{self.name}" statement {number}'
            error.where = f"{error.where}\n{here}" if error.where else here
            raise

    @contextmanager
    def _settings(self, ctx: Any) -> Iterator[None]:
        """SECURITY DEFINER and SET clauses."""
        session, proc = ctx.session, self.proc
        role = session.role
        mark = session.settings.mark()
        names = []
        if proc.prosecdef:
            session.set_role(proc.proowner)
        try:
            for item in proc.proconfig.items if proc.proconfig is not None else ():
                name, _, text = item.partition("=")
                session.settings.set_text(name, text, local=True)
                names.append(name)
            yield
        finally:
            if names:
                session.settings.leave_function(mark, names)
            if proc.prosecdef:
                session.set_role(role)

    # --- preparing --------------------------------------------------------------------------------

    def _ready(self, ctx: Any, index: int) -> Statement:
        statement = self.statements[index]
        catalog = ctx.transaction.catalog
        if statement.catalog is not catalog:
            self._prepare(ctx, statement, catalog, index == len(self.statements) - 1)
        return statement

    def _prepare(self, ctx: Any, statement: Statement, catalog: Any, last: bool) -> None:
        from .bind.rewrite import rewrite_query
        from .compile.query import compile_query
        from .permissions import check_permissions
        from .plan.build import plan_query

        context = ctx.session.analyze_context()
        context.catalog = catalog
        if self.path is not None:
            context.search_path = self.path
        if statement.raw is not None:
            query = bind.analyze_body_statement(context, self.signature, statement.raw, self.text)
        else:
            query = self._parse(ctx.session)[self.statements.index(statement)].query
        statement.query = query
        statement.compiled = statement.command = None
        if last:
            self.result = bind.check_sql_fn_retval(context, self.signature, query)
            self.convert = self._converter(catalog)
        if query.commandType == "utility":
            self._prepare_utility(statement)
        else:
            statement.read_only = query.commandType == "select" and not query.hasModifyingCTE
            if not statement.read_only and self.proc.provolatile != "v":
                raise _not_allowed(query.commandType.upper())
            queries = rewrite_query(query, context)
            if len(queries) != 1:
                raise SqlError(FEATURE_NOT_SUPPORTED, "rules that make several queries are not supported")
            check_permissions(catalog, ctx.session.role, queries[0])
            planned = plan_query(queries[0], catalog, ctx.session.settings)
            statement.compiled = compile_query(planned, catalog, ctx.session.settings)
        statement.catalog = catalog

    def _prepare_utility(self, statement: Statement) -> None:
        from .commands.registry import find_command

        node = statement.query.utilityStmt
        name = type(node).__name__
        found = find_command(name)
        if found is None:
            raise SqlError(FEATURE_NOT_SUPPORTED, f"statement {name} is not supported")
        if name in ("TransactionStmt", "CopyStmt") or not found.in_block:
            tag = found.tag or (
                node.kind.name.removeprefix("TRANS_STMT_") if name == "TransactionStmt" else "COPY"
            )
            raise SqlError(FEATURE_NOT_SUPPORTED, f"{tag} is not allowed in an SQL function")
        if self.proc.provolatile != "v":
            raise _not_allowed(found.tag or name)
        statement.command = found
        statement.read_only = False

    def _converter(self, catalog: Any) -> Callable[[Any, Any], Any]:
        """(ctx, row of the final statement) -> result."""
        result = self.result
        if result.kind == "void":
            return lambda ctx, row: None
        coercions = [None if expr is None else _coercion(catalog, expr) for expr in result.coercions]
        if result.kind != "row":
            coerce = coercions[0]
            if coerce is None:
                return lambda ctx, row: row[0]
            return lambda ctx, row: coerce(ctx, row[0])
        typid = catalog.base_type(self.signature.result_type)
        if catalog.pg_type.get(typid).typtype == "c":
            columns = catalog.row_columns(typid)
            typmods = tuple([column[2] for column in columns])
        else:
            typid, typmods = RECORDOID, (-1,) * len(result.types)
        shape = RowType(typid, result.names, result.types, typmods)
        if not any(coercions):
            return lambda ctx, row: Record(shape, row)

        def convert(ctx: Any, row: Any) -> Record:
            return Record(
                shape,
                tuple([x if f is None else f(ctx, x) for x, f in zip(row, coercions, strict=True)]),
            )

        return convert


def _coercion(catalog: Any, expr: Any) -> Callable[[Any, Any], Any]:
    from .compile.lone import compile_lone
    from .compile.unit import Code
    from .tree import strip_locations

    def prepare(scope: Any) -> None:
        scope.case_values.append(Code("value", True, True))

    return compile_lone(catalog, strip_locations(expr), "value", prepare)


def _command_name(statement: Statement) -> str:
    if statement.command is not None:
        return str(statement.command.tag)
    return str(statement.query.commandType.upper())


def _not_allowed(what: str) -> SqlError:
    return SqlError(FEATURE_NOT_SUPPORTED, f"{what} is not allowed in a non-volatile function")
