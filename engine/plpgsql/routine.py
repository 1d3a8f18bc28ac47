"""Calls of PL/pgSQL functions and procedures, and DO."""

from typing import Any

from ..bind.polymorphic import is_polymorphic_type
from ..bind.sqlfunctions import signature_of
from ..errors import SqlError
from ..lockwait import StatementRestart
from ..registry import CallSite
from ..routines import RECORDOID, Routine
from ..rowlocks import concurrent_update
from ..sqlstates import FEATURE_NOT_SUPPORTED, S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT
from ..values import RowType
from .compiler import Compiler
from .runtime import FRAMES, VOIDOID, Frame, composite_shape

_TRIGGERS = (2279, 3838)


class PlpgsqlRoutine(Routine):
    """A function for certain argument types, compiled for one version of the catalogs."""

    def __init__(self, ctx: Any, catalog: Any, site: CallSite | None, proc: Any, text: str = "") -> None:
        self.proc = proc
        self.session = None
        self.oid = proc.oid if proc is not None else 0
        self.name = proc.proname if proc is not None else "inline_code_block"
        self.text = proc.prosrc if proc is not None else text
        self.special = proc is not None and (proc.prosecdef or proc.proconfig is not None)
        self.read_only = proc is not None and proc.provolatile != "v"
        self.returns_set = proc is not None and proc.proretset
        self.result_type = VOIDOID
        self.signature_text = "inline_code_block"
        if proc is not None:
            from ..ddl.objects import function_signature

            self._check_privilege(ctx, catalog)
            path = ctx.session.search_path(catalog)
            self.signature_text = function_signature(catalog, path, proc.oid)
            self.result_type = (site.result_type if site is not None else 0) or proc.prorettype
        if self.result_type in _TRIGGERS:
            error = SqlError(FEATURE_NOT_SUPPORTED, "trigger functions can only be called as triggers")
            error.where = f'compilation of PL/pgSQL function "{self.name}" near line 1'
            raise error
        compiler = Compiler(ctx.session, self.text, self.result_type, self.returns_set)
        self._declare(catalog, compiler, site)
        self.void = self.result_type == VOIDOID
        self.result_shape = composite_shape(ctx.session, self.result_type)
        self.returns_record = self.result_type == RECORDOID
        if self.returns_record and not self.outs and site is not None and site.result_columns:
            names = tuple([column[0] for column in site.result_columns])
            types = tuple([column[1] for column in site.result_columns])
            self.result_shape = RowType(RECORDOID, names, types, (-1,) * len(types))
        shape = self.out_shape or self.result_shape
        self.query_types = (
            shape.types if shape is not None else None if self.returns_record else (self.result_type,)
        )
        self._compile(ctx, compiler)

    def _compile(self, ctx: Any, compiler: Compiler) -> None:
        self.shapes: dict[int, RowType | None] = {}
        try:
            self.run = compiler.compile()
        except SqlError as error:
            if error.position is not None:
                error.internal_position, error.position = error.position, None
                error.internal_query = self.text
            raise
        self.variables = compiler.scope.variables
        self.places = compiler.places
        for variable in self.variables:
            self.shapes[variable.number] = composite_shape(ctx.session, variable.type)

    def fell_off(self) -> SqlError:
        """The end of the function without RETURN."""
        return SqlError(
            S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT, "control reached end of function without RETURN"
        )

    def _declare(self, catalog: Any, compiler: Compiler, site: CallSite | None) -> None:
        """The parameters as variables: by name, and as $1, $2, ..."""
        proc, scope = self.proc, compiler.scope
        self.inputs: list[Any] = []
        self.outs: list[Any] = []
        self.out_shape: RowType | None = None
        if proc is None:
            return
        scope.blocks.append((proc.proname, {}))
        given = site.arg_types if site is not None else ()
        signature = signature_of(catalog, proc, given, self.result_type)
        modes = (
            proc.proargmodes.items if proc.proargmodes is not None else ("i",) * len(proc.proargtypes.items)
        )
        names = proc.proargnames.items if proc.proargnames is not None else ("",) * len(modes)
        inputs, columns = iter(signature.arg_types), iter(signature.columns)
        for place, (mode, name) in enumerate(zip(modes, names, strict=True), 1):
            typid = next(inputs) if mode in "ibv" else 0
            if mode in "obt":
                out = next(columns, None)
                typid = out[1] if out is not None else typid or self.result_type
            variable = scope.add(f"${place}", typid)
            if name:
                variable.name = name
                scope.names[name] = variable
            if mode in "ibv":
                self.inputs.append(variable)
            if mode in "obt":
                self.outs.append(variable)
        compiler.outs = self.outs
        if len(self.outs) > 1 or (self.outs and (proc.prokind == "p" or self.result_type == RECORDOID)):
            types = tuple([variable.type for variable in self.outs])
            shown = tuple([variable.name for variable in self.outs])
            if signature.columns:
                shown = tuple([column[0] for column in signature.columns])
            self.out_shape = RowType(RECORDOID, shown, types, (-1,) * len(types))

    def call(self, ctx: Any, args: tuple[Any, ...]) -> Any:
        """Run the function."""
        if self.special:
            with self._settings(ctx):
                return self._run_frame(ctx, args)
        return self._run_frame(ctx, args)

    def _run_frame(self, ctx: Any, args: tuple[Any, ...]) -> Any:
        frame = Frame(self, ctx, args)
        frames = ctx.session.functions.setdefault(FRAMES, [])
        frames.append(frame)
        try:
            value = self.run(frame)
        except SqlError as error:
            frame.add_context(error)
            raise
        except RecursionError:
            from ..sqlstates import STATEMENT_TOO_COMPLEX

            raise SqlError(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded") from None
        except StatementRestart:
            raise concurrent_update() from None  # the statement around it cannot begin again
        finally:
            frames.pop()
        return frame.results if self.returns_set else value


def routine_of(ctx: Any, catalog: Any, site: CallSite) -> PlpgsqlRoutine:
    """What a call site runs."""
    return PlpgsqlRoutine(ctx, catalog, site, catalog.pg_proc.get(site.funcid))


def run_inline(ctx: Any, text: str) -> Any:
    """DO: a generator of breaths."""
    try:
        routine = PlpgsqlRoutine(ctx, ctx.transaction.catalog, None, None, text)
    except SqlError as error:
        _transpose(ctx.source, text, error)
        raise
    routine.call(ctx, ())
    yield []


def check_body(ctx: Any, row: Any) -> None:
    """CREATE FUNCTION: compile a body, if its types are known by now."""
    types = [*row.proargtypes.items, row.prorettype]
    try:
        if row.prorettype in _TRIGGERS or any(is_polymorphic_type(typid) for typid in types):
            from .parser import Parser

            Parser(row.prosrc).parse()
        else:
            PlpgsqlRoutine(ctx, ctx.transaction.catalog, None, row)
    except SqlError as error:
        if error.internal_query is None and error.position is not None:
            error.internal_position, error.position = error.position, None
            error.internal_query = row.prosrc
        _transpose(ctx.source, row.prosrc, error)
        raise


def _transpose(source: str, text: str, error: SqlError) -> None:
    """An error in a body points into the statement that the body is part of."""
    if error.internal_query != text or error.internal_position is None:
        return
    start = source.find(text)
    if start >= 0:
        error.position = start + error.internal_position
        error.internal_position = error.internal_query = None
