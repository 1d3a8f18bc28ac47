"""Set-returning functions: in FROM, and in the target list."""

from typing import Any

from .. import tree as t
from ..plan import nodes as plan
from ..run import functionscan
from ..values import Record
from .expressions import call_parts, callee_of, emit_filter, value, values
from .produce import produce, produces
from .scan import bind_whole_row
from .scope import Scope
from .unit import Code, Consume


def _result_columns(
    scope: Scope, function: t.RangeTblFunction, expr: Any
) -> tuple[tuple[str, int, int], ...]:
    """(name, type, typmod) of a row result: the definition list's, the composite type's, or OUT's."""
    if function.funccolnames:
        return tuple(zip(function.funccolnames, function.funccoltypes, function.funccoltypmods, strict=True))
    typid = scope.catalog.base_type(scope.type_of(expr))
    row = scope.catalog.pg_type.get(typid)
    if row is not None and row.typtype == "c":
        return tuple(scope.catalog.row_columns(typid))
    if typid == 2249 and isinstance(expr, t.FuncExpr | t.OpExpr):
        funcid = expr.funcid if isinstance(expr, t.FuncExpr) else expr.opfuncid
        return out_columns(scope.catalog, funcid)
    return ()


def out_columns(catalog: Any, funcid: int) -> tuple[tuple[str, int, int], ...]:
    """The OUT, INOUT and TABLE parameters of a function."""
    proc = catalog.pg_proc.get(funcid)
    if proc.proargmodes is None:
        return ()
    modes, types = items_of(proc.proargmodes), items_of(proc.proallargtypes)
    names = items_of(proc.proargnames) if proc.proargnames is not None else [""] * len(modes)
    found: list[tuple[str, int, int]] = []
    for mode, typid, name in zip(modes, types, names, strict=True):
        if mode in ("o", "b", "t"):
            found.append((name or f"column{len(found) + 1}", typid, -1))
    return tuple(found)


def items_of(array: Any) -> Any:
    return array.items if hasattr(array, "items") and not isinstance(array, dict) else array


def set_source(scope: Scope, expr: Any, columns: tuple[Any, ...]) -> str:
    """Source of an iterable of the results of a (perhaps set-returning) call."""
    unit = scope.unit
    if isinstance(expr, t.FuncExpr | t.OpExpr):
        if isinstance(expr, t.FuncExpr):
            retset, variadic = expr.funcretset, expr.funcvariadic
            funcid, result = expr.funcid, expr.funcresulttype
        else:
            retset, variadic = expr.opretset, False
            funcid, result = expr.opfuncid, expr.opresulttype
        if retset or columns:
            found = callee_of(scope, funcid, expr.args, result, expr.inputcollid, variadic, columns)
            parts = call_parts(scope, found, values(scope, expr.args))
            if not retset:
                return f"({parts.code().source},)"
            if not parts.tests:
                return f"{parts.body} or ()" if parts.null else parts.body
            return f"({parts.body} if {' and '.join(parts.tests)} else ()) or ()"
    del unit
    return f"({value(scope, expr).source},)"


@produces(plan.FunctionScan)
def _function_scan(scope: Scope, node: plan.FunctionScan, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    single = len(node.functions) == 1
    if single:
        function = node.functions[0]
        columns = _result_columns(scope, function, function.funcexpr)
        is_row = bool(columns)
        source = set_source(scope, function.funcexpr, columns)
        width = function.funccolcount
        attnums = _live_attnums(scope, function, is_row)
    else:
        parts = []
        width = 0
        attnums = []
        for function in node.functions:
            columns = _result_columns(scope, function, function.funcexpr)
            live = _live_attnums(scope, function, bool(columns))
            parts.append(f"({set_source(scope, function.funcexpr, columns)}, {len(live)}, {bool(columns)})")
            attnums += [width + attnum for attnum in live]
            width += function.funccolcount
        unit.helper("zip_functions", functionscan.zip_functions)
        source = f"zip_functions([{', '.join(parts)}])"
        is_row = True
    item = unit.fresh("item")
    _, single_column = single, single and not is_row
    unit.helper("breathing", functionscan.breathing)
    number = unit.fresh("ordinality")
    if node.ordinality:
        frame.line(f"{number} = 0")
    with _loop(scope, source, item, single_column):
        if node.ordinality:
            frame.line(f"{number} += 1")
        if single_column:
            scope.bind(("var", node.varno, 1), item, True)
            whole = f"({item},{' ' + number + ',' if node.ordinality else ''})"
        else:
            row = unit.fresh("row")
            unit.helper("fields_of", functionscan.fields_of)
            frame.line(f"{row} = fields_of({item}, {len(attnums)})")
            scope.restore([("var", node.varno, attnum) for attnum in attnums], row, [True] * len(attnums))
            whole = f"(*{row}, {number})" if node.ordinality else row
        if node.ordinality:
            ordinal = unit.fresh("ordinality")
            scope.bind(("var", node.varno, width + 1), ordinal, False, number)
        _bind_whole(scope, node, whole, item, single_column)
        emit_filter(scope, node.quals)
        consume()


def _live_attnums(scope: Scope, function: t.RangeTblFunction, is_row: bool) -> list[int]:
    """The columns that a function's rows have: a dropped column of its row type still counts."""
    everything = list(range(1, function.funccolcount + 1))
    if not is_row or function.funccolnames:
        return everything
    row = scope.catalog.pg_type.get(scope.catalog.base_type(scope.type_of(function.funcexpr)))
    if row is None or not row.typrelid:
        return everything
    attributes = scope.catalog.pg_attribute.find("attrelid", row.typrelid)
    return [a.attnum for a in attributes if 0 < a.attnum <= function.funccolcount and not a.attisdropped]


def _bind_whole(scope: Scope, node: Any, whole: str, item: str, single_column: bool) -> None:
    atom = ("var", node.varno, 0)
    if atom not in scope.needs.used:
        return
    var = scope.needs.used[atom]
    base = scope.catalog.base_type(var.vartype)
    row = scope.catalog.pg_type.get(base)
    if single_column and not (row is not None and row.typtype == "c") and base != 2249:
        scope.bind(atom, item, True)  # a scalar function's entry as a whole is its value
        return
    from .constructs import composite_shape

    if row is not None and row.typtype == "c":
        scope.unit.helper("Record", Record)
        shape = scope.unit.constant(composite_shape(scope, base), "shape")
        scope.bind(atom, scope.unit.fresh("row"), False, f"Record({shape}, tuple({whole}))")
    else:
        rte = scope.planned.rtable[node.varno - 1]
        types: list[int] = []
        typmods: list[int] = []
        for function in rte.functions:
            columns = _result_columns(scope, function, function.funcexpr)
            types += [c[1] for c in columns] or [scope.type_of(function.funcexpr)]
            typmods += [c[2] for c in columns] or [-1]
        if node.ordinality:
            types.append(20)
            typmods.append(-1)
        rte.coltypes, rte.coltypmods = tuple(types), tuple(typmods)
        bind_whole_row(scope, node.varno, whole)


class _loop:
    """A loop over a function's results, with a breath now and then."""

    def __init__(self, scope: Scope, source: str, item: str, scalar: bool) -> None:
        self.scope = scope
        self.breathing = scope.frame.breathing
        if self.breathing:
            self.outer = scope.unit.fresh("chunk")
            self.blocks = [
                scope.frame.block(f"for {self.outer} in breathing({source}):"),
                scope.frame.block(f"for {item} in {self.outer}:"),
            ]
        else:
            self.blocks = [scope.frame.block(f"for {item} in {source}:")]

    def __enter__(self) -> None:
        for block in self.blocks:
            block.__enter__()

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.blocks[-1].__exit__(None, None, None)
            if self.breathing:
                self.scope.frame.breathe()
                self.blocks[0].__exit__(None, None, None)


@produces(plan.ProjectSet)
def _project_set(scope: Scope, node: plan.ProjectSet, consume: Consume) -> None:
    """All calls of a row in lockstep; those that end early give NULL."""
    unit = scope.unit

    def expand() -> None:
        sources = []
        for call in node.calls:
            columns: tuple[Any, ...] = ()
            typid = scope.catalog.base_type(scope.type_of(call))
            is_row = typid == 2249 or scope.catalog.pg_type.get(typid).typtype == "c"
            if is_row:
                columns = _result_columns(scope, t.RangeTblFunction(call, 1), call)
            source = set_source(scope, call, columns)
            if is_row:
                unit.helper("as_records", functionscan.as_records)
                from ..values import RowType

                shape = RowType(
                    typid,
                    tuple([c[0] for c in columns]),
                    tuple([c[1] for c in columns]),
                    tuple([c[2] for c in columns]),
                )
                source = f"as_records({source}, {unit.constant(shape, 'shape')})"
            sources.append(source)
        if len(sources) == 1:
            item = unit.fresh("item")
            unit.helper("breathing", functionscan.breathing)
            with _loop(scope, sources[0], item, True):
                scope.bind(node.calls[0], item, True)
                consume()
            return
        unit.helper("lockstep", functionscan.lockstep)
        unit.helper("breathing", functionscan.breathing)
        row = unit.fresh("row")
        with _loop(scope, f"lockstep({', '.join(f'({s})' for s in sources)})", row, True):
            scope.restore(list(node.calls), row, [True] * len(node.calls))
            consume()

    produce(scope, node.input, expand)


__all__ = ["Code", "out_columns"]
