"""SQL inside a PL/pgSQL body: analysed with the variables in sight, planned once, run with their values.

Variable number n of a function is parameter n+1 of all its plans, and the list of its variables is their
parameter list as it is: a $n in the text is something else, the function's argument. Fields of records are
FieldSelects over it, whose types are those of the row that the record has when the expression is prepared:
other rows make other plans.
"""

import copy
from collections.abc import Callable
from typing import Any

from pglast import ast

from ..bind import coercion as c
from ..bind.analyze import transform_top_level_stmt
from ..bind.constants import analyze_with_locations
from ..bind.params import ParamTypes, no_parameter
from ..bind.parse_state import make_parsestate
from ..errors import SqlError
from ..lsyscache import get_typcollation
from ..portal import StatementContext
from ..run.strand import drain, pause
from ..sqlstates import (
    AMBIGUOUS_COLUMN,
    FEATURE_NOT_SUPPORTED,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
)
from ..statement import Plan, parse, plan_analyzed, select_into
from ..tree import COERCE_IMPLICIT_CAST, FieldSelect, RowExpr
from ..treetypes import expr_type, expr_typmod
from ..values import RowType
from .scope import RECORDOID, Scope, Variable

_PREFIX = "SELECT "


class VariableTypes(ParamTypes):
    """The variables of a function as parameters; $n is the function's n-th argument."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.types(), False)
        self._scope = scope

    def value_of(self, pstate: Any, variable: Variable, location: int) -> Any:
        """The Param of a variable."""
        return super().paramref(pstate, ast.ParamRef(number=variable.number + 1, location=location))

    def paramref(self, pstate: Any, node: Any) -> Any:
        """The Param of a $n."""
        found = self._scope.find([f"${node.number}"])
        if found is None:
            raise no_parameter(pstate, node.number, node.location)
        return self.value_of(pstate, found[0], node.location)


class Expression:
    """An expression, or a statement, at one place of a function.

    `target`: (type, typmod) that the value of an expression is assigned to, or None. `query`: it is a
    statement of its own. `place`: the variable of which a part is assigned, and the text of that part.
    """

    def __init__(
        self,
        text: str,
        scope: Scope,
        target: tuple[int, int] | None = None,
        *,
        query: bool = False,
        place: tuple[Variable, str] | None = None,
    ) -> None:
        self.text = text
        self.scope = scope
        self.target = target
        self.is_query = query
        self.place = place
        self.plan: Any = None
        self.state: Any = None
        self.records: list[Variable] = []  # whose rows the plan depends on
        self.shapes: tuple[Any, ...] = ()
        self.plans: dict[Any, Any] = {}
        self.type = 0
        self.raw: Any = None

    # --- running ----------------------------------------------------------------------------------

    def value(self, f: Any) -> Any:
        """The value of an expression."""
        plan = self.plan
        if plan is None or self.state != f.state or self.records:
            plan = self.ready(f)
        f.evaluating = self
        if plan.point is not None:
            rows = plan.point(f.ctx)
        else:
            rows = [row for batch in drain(plan.run(f.ctx)) for row in batch]
        f.evaluating = None
        if len(rows) != 1:
            if not rows:
                return None
            from ..sqlstates import CARDINALITY_VIOLATION

            error = SqlError(CARDINALITY_VIOLATION, "query returned more than one row")
            error.where = f"query: {self.text}"
            raise error
        return rows[0][0]

    def rows(self, f: Any) -> tuple[list[Any], Any]:
        """(the rows of a statement, its plan); `f.processed` becomes the count of rows for ROW_COUNT."""
        plan = self.plan
        if plan is None or self.state != f.state or self.records or plan.utility is not None:
            plan = self.ready(f)
        f.evaluating = self
        rows = run_plan(f, plan, f.ctx)
        f.evaluating = None
        return rows, plan

    # --- preparing --------------------------------------------------------------------------------

    def ready(self, f: Any) -> Any:
        """The plan for the catalogs, the settings and the rows of now."""
        f.refresh()
        if self.state != f.state:
            self.plans = {}
            self.state = f.state
            self.plan = None
        if self.plan is not None:
            shapes = tuple([shape_of(f, variable) for variable in self.records])
            if shapes == self.shapes:
                return self.plan
            found = self.plans.get(shapes)
            if found is not None:
                self.plan, self.shapes = found, shapes
                return found
        f.evaluating = self
        self.records = []
        self.plan = self._prepare(f)
        f.evaluating = None
        self.shapes = tuple([shape_of(f, variable) for variable in self.records])
        self.plans[self.shapes] = self.plan
        return self.plan

    def _parse(self) -> Any:
        text = self.text if self.is_query else _PREFIX + self.text
        try:
            statements = parse(text)
        except SqlError as error:
            if not self.is_query and error.position is not None:
                error.position = max(0, error.position - len(_PREFIX))
            raise
        if len(statements) != 1:
            raise SqlError(SYNTAX_ERROR, "one statement expected", position=0)
        if self.scope.tables:
            return _with_tables(copy.deepcopy(statements[0]), self.scope.tables)
        return statements[0]

    def _prepare(self, f: Any) -> Any:
        raw = self._parse()
        text = self.text if self.is_query else _PREFIX + self.text
        statement = raw.stmt
        if isinstance(statement, ast.SelectStmt):
            statement = select_into(statement)
        plan = Plan()
        plan.source = text
        plan.node = type(statement).__name__
        plan.catalog = f.catalog
        if not isinstance(
            statement, ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt
        ):
            plan.utility = statement
            return plan
        context = f.session.analyze_context()
        context.catalog = f.catalog

        def run() -> Any:
            context.params = VariableTypes(self.scope)
            pstate = make_parsestate(context, text)
            self._hook(pstate, f)
            query = transform_top_level_stmt(pstate, raw)
            if not self.is_query:
                self._finish(pstate, query, f)
            return query

        context.literal_locations = None
        try:
            query = analyze_with_locations(context, text, raw, run)
            plan_analyzed(f.session, plan, query)
        except SqlError as error:
            if not self.is_query and error.position is not None:
                error.position = max(0, error.position - len(_PREFIX))
            elif not self.is_query and error.where is None:
                error.where = f'PL/pgSQL expression "{self.text}"'
            raise
        finally:
            context.params = None
            context.literal_locations = None
        if not self.is_query:
            self.type = plan.planned.types[0]
        return plan

    def _finish(self, pstate: Any, query: Any, f: Any) -> None:
        """Coerce an expression's value to where it goes."""
        import msgspec

        targets = [entry for entry in query.targetList if not entry.resjunk]
        if len(targets) != 1:
            count = len(targets)
            raise SqlError(SYNTAX_ERROR, f"query returned {count} column{'s' if count != 1 else ''}")
        entry = targets[0]
        expr = entry.expr
        if self.place is not None:
            expr = self._put(pstate, expr, f)
        elif self.target is not None:
            expr = coerce(pstate, expr, *self.target)
        if expr is not entry.expr:
            new = msgspec.structs.replace(entry, expr=expr)
            query.targetList = [new if item is entry else item for item in query.targetList]

    def _put(self, pstate: Any, value: Any, f: Any) -> Any:
        """The new value of a variable of which a part is assigned."""
        from ..bind.targets import transform_assignment_indirection
        from ..treetypes import expr_collation

        assert self.place is not None
        variable, target = self.place
        node = parse(_PREFIX + target)[0].stmt.targetList[0].val
        steps: list[Any] = []
        if isinstance(node, ast.A_Indirection):
            steps = list(node.indirection)
            node = node.arg
        fields = list(node.fields)[variable.depth :] if isinstance(node, ast.ColumnRef) else []
        steps = fields + steps
        params = pstate.context.params
        base = params.value_of(pstate, variable, -1)
        if variable.is_record:
            return self._put_field(pstate, base, variable, steps, value, f)
        return transform_assignment_indirection(
            pstate, base, variable.name, isinstance(steps[0], ast.A_Indices), variable.type, variable.typmod,
            expr_collation(base), tuple(steps), value, c.COERCION_PLPGSQL, -1,
        )  # fmt: skip

    def _put_field(
        self, pstate: Any, base: Any, variable: Variable, steps: list[Any], value: Any, f: Any
    ) -> Any:
        from ..bind.targets import transform_assignment_indirection

        self.records.append(variable)
        shape = shape_of(f, variable)
        number = field_number(f, variable, steps[0].sval, shape)
        assert shape is not None
        parts: list[Any] = []
        for place, (typid, typmod) in enumerate(zip(shape.types, shape.typmods, strict=True)):
            collation = get_typcollation(pstate.catalog, typid)
            part: Any = FieldSelect(base, place + 1, typid, typmod, collation)
            if place == number:
                if len(steps) > 1:
                    part = transform_assignment_indirection(
                        pstate, part, steps[0].sval, isinstance(steps[1], ast.A_Indices), typid, typmod,
                        collation, tuple(steps[1:]), value, c.COERCION_PLPGSQL, -1,
                    )  # fmt: skip
                else:
                    part = coerce(pstate, value, typid, typmod)
            parts.append(part)
        return RowExpr(tuple(parts), shape.typid, colnames=tuple(shape.names))

    # --- names ------------------------------------------------------------------------------------

    def _hook(self, pstate: Any, f: Any) -> None:
        mode = self.scope.conflict

        def resolve(pstate: Any, cref: Any) -> Any:
            fields = list(cref.fields)
            star = isinstance(fields[-1], ast.A_Star)
            if star:
                fields.pop()
            names = [field.sval for field in fields]
            found = self.scope.find(names)
            if found is None:
                return None
            variable, rest = found
            param = pstate.context.params.value_of(pstate, variable, cref.location)
            if variable.is_record:
                return self._record(pstate, param, variable, rest, star, f, cref.location)
            from ..bind.functions import parse_func_or_column

            for name in rest:
                param = parse_func_or_column(
                    pstate, [ast.String(sval=name)], [param], pstate.p_last_srf, None, False, cref.location
                )
                if param is None:
                    return None
            return param

        def before(pstate: Any, cref: Any) -> Any:
            return resolve(pstate, cref)

        def after(pstate: Any, cref: Any, found: Any) -> Any:
            if found is not None and mode == "use_column":
                return None
            mine = resolve(pstate, cref)
            if mine is not None and found is not None:
                shown = ".".join(getattr(field, "sval", "*") for field in cref.fields)
                raise pstate.error(
                    AMBIGUOUS_COLUMN,
                    f'column reference "{shown}" is ambiguous',
                    cref.location,
                    detail="It could refer to either a PL/pgSQL variable or a table column.",
                )
            return mine

        if mode == "use_variable":
            pstate.p_pre_columnref_hook = before
        else:
            pstate.p_post_columnref_hook = after

    def _record(
        self, pstate: Any, param: Any, variable: Variable, rest: list[str], star: bool, f: Any, location: int
    ) -> Any:
        if variable not in self.records:
            self.records.append(variable)
        if not rest and not star:
            return param
        shape = shape_of(f, variable)
        if shape is None:
            raise not_assigned(variable)
        if star:
            fields = [
                FieldSelect(param, place + 1, typid, typmod, get_typcollation(pstate.catalog, typid))
                for place, (typid, typmod) in enumerate(zip(shape.types, shape.typmods, strict=True))
            ]
            return RowExpr(tuple(fields), RECORDOID, colnames=tuple(shape.names))
        number = field_number(f, variable, rest[0], shape)
        typid = shape.types[number]
        node: Any = FieldSelect(
            param, number + 1, typid, shape.typmods[number], get_typcollation(pstate.catalog, typid)
        )
        from ..bind.functions import parse_func_or_column

        for name in rest[1:]:
            node = parse_func_or_column(
                pstate, [ast.String(sval=name)], [node], pstate.p_last_srf, None, False, location
            )
        return node


def _with_tables(node: Any, tables: dict[str, Variable], in_from: bool = False) -> Any:
    """Transition tables in FROM become unnest() of the variables that have their rows."""
    if isinstance(node, tuple):
        return tuple([_with_tables(item, tables, in_from) for item in node])
    if isinstance(node, ast.RangeVar):
        if node.schemaname is not None or node.relname not in tables:
            return node
        if not in_from:
            text = f'relation "{node.relname}" cannot be the target of a modifying statement'
            raise SqlError(FEATURE_NOT_SUPPORTED, text)
        param = ast.ColumnRef(fields=(ast.String(sval=tables[node.relname].name),), location=-1)
        names = (ast.String(sval="pg_catalog"), ast.String(sval="unnest"))
        call = ast.FuncCall(funcname=names, args=(param,), location=-1)
        alias = node.alias or ast.Alias(aliasname=node.relname)
        return ast.RangeFunction(functions=((call, None),), alias=alias)
    if isinstance(node, ast.Node):
        inside = in_from and isinstance(node, ast.JoinExpr)
        for name in node:
            value = getattr(node, name)
            if isinstance(value, tuple | ast.Node):
                here = name in ("fromClause", "usingClause") or (inside and name in ("larg", "rarg"))
                if isinstance(node, ast.MergeStmt) and name == "sourceRelation":
                    here = True
                setattr(node, name, _with_tables(value, tables, here))
    return node


def shape_of(f: Any, variable: Variable) -> RowType | None:
    """The row that a record has at present."""
    value = f.v[variable.number]
    if value is not None:
        return value.rowtype
    return f.shapes.get(variable.number)


def not_assigned(variable: Variable) -> SqlError:
    """55000 for a record without a row."""
    return SqlError(
        OBJECT_NOT_IN_PREREQUISITE_STATE,
        f'record "{variable.name}" is not assigned yet',
        detail="The tuple structure of a not-yet-assigned record is indeterminate.",
    )


def field_number(f: Any, variable: Variable, name: str, shape: RowType | None) -> int:
    """The place of a field in a record, from 0."""
    if shape is None:
        raise not_assigned(variable)
    if name not in shape.names:
        raise SqlError(UNDEFINED_COLUMN, f'record "{variable.name}" has no field "{name}"')
    return shape.names.index(name)


def coerce(pstate: Any, expr: Any, typid: int, typmod: int) -> Any:
    """An expression as PL/pgSQL assigns it to a type."""
    actual = expr_type(expr)
    if actual == typid and (typmod < 0 or expr_typmod(expr) == typmod):
        return expr
    if typid == RECORDOID:
        return expr
    found = c.coerce_to_target_type(
        pstate, expr, actual, typid, typmod, c.COERCION_PLPGSQL, COERCE_IMPLICIT_CAST, -1
    )
    if found is None:
        from ..sqlstates import DATATYPE_MISMATCH

        show = pstate.catalog.format_type
        raise SqlError(DATATYPE_MISMATCH, f"cannot cast type {show(actual)} to {show(typid)}")
    return found


def caster(f: Any, source: int, target: int, typmod: int) -> Callable[[Any, Any], Any] | None:
    """(ctx, value) -> value of another type; None if it needs no change."""
    if (source == target and typmod < 0) or target == RECORDOID:
        return None
    key = ("plpgsql cast", source, target, typmod)
    cache = f.catalog.cache
    if key not in cache:
        from ..routines import _coercion
        from ..tree import CaseTestExpr

        pstate = f.session.parse_state("")
        placeholder = CaseTestExpr(source, -1, get_typcollation(f.catalog, source))
        expr = coerce(pstate, placeholder, target, typmod)
        cache[key] = None if expr is placeholder else _coercion(f.catalog, expr)
    found: Callable[[Any, Any], Any] | None = cache[key]
    return found


# --- statements -------------------------------------------------------------------------------------


def run_plan(f: Any, plan: Any, ctx: StatementContext) -> list[Any]:
    """Run a statement to its end: its rows. It is a command of its own: what the statement around the
    function has written so far is put aside meanwhile."""
    transaction = f.transaction
    ctx.processed = 0
    if plan.utility is not None:
        return _run_utility(f, plan)
    if plan.read_only:
        rows = _collect(plan, ctx)
        f.processed = len(rows)
        return rows
    if f.read_only_function:
        name = plan.query.commandType.upper()
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{name} is not allowed in a non-volatile function")
    transaction.forbid_if_read_only(plan.query.commandType.upper())
    outer, transaction.pending = transaction.pending, {}
    try:
        rows = _collect(plan, ctx)
        f.processed = ctx.processed if plan.query.commandType != "select" else len(rows)
        end_command(transaction)
    finally:
        transaction.pending = outer
    return rows


def _collect(plan: Any, ctx: Any) -> list[Any]:
    from ..lockwait import batches

    return [row for batch in drain(batches(plan, ctx)) for row in batch]


def end_command(transaction: Any) -> None:
    """Merge the writes of a statement and run the checks that are due."""
    transaction.end_command()
    if transaction.deferred:
        from ..run.deferred import check_immediate

        for item in check_immediate(transaction):
            pause(None if type(item) is list else item)


def _run_utility(f: Any, plan: Any) -> list[Any]:
    from ..commands.registry import find_command

    node = plan.utility
    name = type(node).__name__
    found = find_command(name)
    if found is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"statement {name} is not supported")
    if name in ("TransactionStmt", "CopyStmt") or not found.in_block:
        shown = found.tag or name.removesuffix("Stmt").upper()
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{shown} in PL/pgSQL is not supported")
    if f.read_only_function and not found.read_only_ok:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, f"{found.tag or name} is not allowed in a non-volatile function"
        )
    transaction = f.transaction
    ctx = StatementContext(f.session, (), plan.source)
    ctx.attach(transaction)
    ctx.output = f.ctx.output
    if not found.read_only_ok:
        transaction.forbid_if_read_only(found.tag or name)
    outer, transaction.pending = transaction.pending, {}
    rows: list[Any] = []
    try:
        ctx.in_function = True
        running = found.run(ctx, node)
        if hasattr(running, "__next__"):
            for batch in drain(running):
                rows += batch
        end_command(transaction)
    finally:
        transaction.pending = outer
    f.processed = ctx.processed or len(rows)
    f.refresh()
    return rows
