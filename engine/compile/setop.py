"""Queries inside queries: FROM subqueries, UNION ALL, INTERSECT, EXCEPT, WITH, WITH RECURSIVE."""

from typing import Any

from ..errors import SqlError
from ..plan import nodes as plan
from ..run.shared import SharedRows
from ..sqlstates import INTERNAL_ERROR
from ..treetypes import contain_volatile_functions
from ..types.compare import hash_key_template
from .expressions import apply_template, emit_filter
from .produce import loop_over, loop_rows, produces
from .scan import bind_whole_row
from .scope import Scope
from .unit import Code, Consume


def wanted_outputs(scope: Scope, varno: int) -> list[int] | None:
    """The output positions (0-based) of entry `varno` that are used; None: all."""
    used = scope.needs.used
    if ("var", varno, 0) in used:
        return None
    return [atom[2] - 1 for atom in used if atom[1] == varno]


@produces(plan.SubqueryScan)
def _subquery_scan(scope: Scope, node: plan.SubqueryScan, consume: Consume) -> None:
    from .query import emit_query

    unit, frame = scope.unit, scope.frame
    wanted = wanted_outputs(scope, node.varno)
    inner = node.plan
    if wanted is not None and inner.volatile:
        wanted = list(wanted) + [
            index
            for index, target in enumerate(inner.targets)
            if index not in wanted and contain_volatile_functions(scope.catalog, target)
        ]

    def give(_: Scope, codes: list[Code]) -> None:
        for index, code in enumerate(codes):
            if wanted is not None and index not in wanted:
                continue
            name = code.source
            if not code.simple:
                name = unit.fresh(scope.column_name(node.varno, index + 1))
                frame.line(f"{name} = {code.source}")
            scope.bind(("var", node.varno, index + 1), name, code.null)
        if wanted is None:
            row = ", ".join(scope.var(node.varno, index + 1).source for index in range(len(codes)))
            bind_whole_row(scope, node.varno, f"({row},)" if codes else "()")
        emit_filter(scope, node.quals)
        consume()

    emit_query(unit, scope, inner, give, wanted=wanted)


def query_function(scope: Scope, planned: plan.PlannedQuery, stem: str, kept: bool = False) -> str:
    """Define an inner generator of a query's output tuples (and breaths). `kept`: somebody collects them."""
    from .query import emit_query

    unit = scope.unit
    name = unit.fresh(stem)
    with unit.function(name, "rows") as frame:
        held = frame.holds() if kept else ""

        def give(_: Scope, codes: list[Code]) -> None:
            row = f"({''.join(code.source + ', ' for code in codes)})"
            if held:
                frame.line(f"{held}_row = {row}")
                row = f"{held}_row"
                frame.hold(held, row)
            frame.line(f"yield {row}")

        emit_query(unit, scope, planned, give, own_frame=True)
    return name


def bind_row(scope: Scope, varno: int, width: int, row: str) -> None:
    """The columns of entry `varno` from a tuple of all of them."""
    scope.restore([("var", varno, i + 1) for i in range(width)], row, [True] * width)
    bind_whole_row(scope, varno, row)


@produces(plan.Append)
def _append(scope: Scope, node: plan.Append, consume: Consume) -> None:
    from .query import emit_query

    unit = scope.unit
    width = len(node.inputs[0].targets)
    name = unit.fresh("rows_append")
    with unit.function(name, "rows") as frame:

        def give(_: Scope, codes: list[Code]) -> None:
            frame.line(f"yield ({''.join(code.source + ', ' for code in codes)})")

        for arm in node.inputs:
            emit_query(unit, scope, arm, give)
    with loop_over(scope, f"{name}()") as row:
        bind_row(scope, node.varno, width, row)
        consume()


def _row_key(scope: Scope, codes: list[Code], types: Any) -> str:
    """Source of a hash key of a whole output row."""
    parts = []
    for code, typid in zip(codes, types, strict=True):
        template = hash_key_template(scope.catalog, typid)
        if template is not None and not code.simple:
            name = scope.unit.fresh("x")
            scope.frame.line(f"{name} = {code.source}")
            code = Code(name, code.null, True)
        parts.append(apply_template(scope, template, code).source + ", ")
    return f"({''.join(parts)})"


@produces(plan.SetOp)
def _set_op(scope: Scope, node: plan.SetOp, consume: Consume) -> None:
    """The right side is counted by key; the left side is then let through or not."""
    from .query import emit_query

    unit, frame = scope.unit, scope.frame
    counts = unit.fresh("counts")
    frame.line(f"{counts} = {{}}")
    held = frame.holds()
    types = node.left.types

    def count(inner: Scope, codes: list[Code]) -> None:
        key = unit.fresh("key")
        frame.line(f"{key} = {_row_key(inner, codes, types)}")
        frame.line(f"{counts}[{key}] = {counts}.get({key}, 0) + 1" if node.all else f"{counts}[{key}] = 1")
        frame.hold(held, key, f"len({counts})")

    def check(inner: Scope, codes: list[Code]) -> None:
        codes = inner.named(codes)
        key, left = unit.fresh("key"), unit.fresh("left")
        frame.line(f"{key} = {_row_key(inner, codes, types)}")
        frame.line(f"{left} = {counts}.get({key}, 0)")
        if node.op == "intersect":
            with frame.block(f"if {left} <= 0:"):
                frame.line("continue")
            frame.line(f"{counts}[{key}] = {left} - 1")
        elif node.all:
            with frame.block(f"if {left} > 0:"):
                frame.line(f"{counts}[{key}] = {left} - 1")
                frame.line("continue")
        else:
            with frame.block(f"if {left}:"):
                frame.line("continue")
            frame.line(f"{counts}[{key}] = 1")
            frame.hold(held, key, f"len({counts})")
        for index, code in enumerate(codes):
            scope.bind(("var", node.varno, index + 1), code.source, code.null)
        row = "".join(code.source + ", " for code in codes)
        bind_whole_row(scope, node.varno, f"({row})")
        consume()

    if isinstance(node.right.plan, plan.Limit):
        _give_by_function(scope, node.right, count)
    else:
        emit_query(unit, scope, node.right, count)
    emit_query(unit, scope, node.left, check)


def _give_by_function(scope: Scope, planned: plan.PlannedQuery, give: Any) -> None:
    name = query_function(scope, planned, "rows_query")
    with loop_over(scope, f"{name}()") as row:
        give(scope, [Code(f"{row}[{i}]", True, False) for i in range(len(planned.targets))])


# --- WITH -----------------------------------------------------------------------------------------


def emit_ctes(scope: Scope) -> None:
    """Define the query's CTEs as shared row sources that are read on demand."""
    unit, frame = scope.unit, scope.frame
    unit.helper("SharedRows", SharedRows)
    for ctename, cte in scope.planned.ctes.items():
        shared = unit.fresh("cte_" + ctename)
        if isinstance(cte, plan.RecursiveUnion):
            name = _recursive_function(scope, cte)
            planned = cte.first
        else:
            name = query_function(scope, cte, "rows_cte_" + ctename, kept=True)
            planned = cte
        frame.line(f"{shared} = SharedRows({name}())")
        scope.ctes[ctename] = (shared, planned)
    for ctename in scope.planned.modifying_ctes:
        shared, _ = scope.ctes[ctename]
        with loop_over(scope, f"{shared}.rest()"):
            pass


def _recursive_function(scope: Scope, cte: plan.RecursiveUnion) -> str:
    from .query import emit_query

    unit = scope.unit
    name = unit.fresh("rows_cte_" + cte.ctename)
    work, seen, last = unit.fresh("work"), unit.fresh("seen"), unit.fresh("last")
    with unit.function(name, "rows") as frame:
        frame.line(f"{work} = []")
        held = frame.holds()
        if cte.distinct:
            frame.line(f"{seen} = set()")

        def give(inner: Scope, codes: list[Code]) -> None:
            codes = inner.named(codes) if cte.distinct else codes
            if cte.distinct:
                key = unit.fresh("key")
                frame.line(f"{key} = {_row_key(inner, codes, cte.first.types)}")
                with frame.block(f"if {key} in {seen}:"):
                    frame.line("continue")
                frame.line(f"{seen}.add({key})")
            row = unit.fresh("row")
            frame.line(f"{row} = ({''.join(code.source + ', ' for code in codes)})")
            frame.line(f"{work}.append({row})")
            frame.hold(held, row)
            frame.line(f"yield {row}")

        emit_query(unit, scope, cte.first, give)
        scope.work_tables[cte.ctename] = last
        with frame.block(f"while {work}:"):
            frame.line(f"{last} = {work}")
            frame.line(f"{work} = []")
            emit_query(unit, scope, cte.recursive, give)
            frame.breathe()
    return name


@produces(plan.CteScan)
def _cte_scan(scope: Scope, node: plan.CteScan, consume: Consume) -> None:
    home = scope.level(node.levelsup)
    if node.ctename not in home.ctes:
        raise SqlError(INTERNAL_ERROR, f'could not find CTE "{node.ctename}"')
    shared, planned = home.ctes[node.ctename]
    with loop_over(scope, f"{shared}.read()") as row:
        bind_row(scope, node.varno, len(planned.targets), row)
        emit_filter(scope, node.quals)
        consume()


@produces(plan.WorkTableScan)
def _work_table_scan(scope: Scope, node: plan.WorkTableScan, consume: Consume) -> None:
    home: Scope | None = scope
    while home is not None and node.ctename not in home.work_tables:
        home = home.parent
    if home is None:
        raise SqlError(INTERNAL_ERROR, f'could not find work table of CTE "{node.ctename}"')
    width = len(scope.planned.rtable[node.varno - 1].coltypes)
    with loop_rows(scope, home.work_tables[node.ctename]) as row:
        bind_row(scope, node.varno, width, row)
        emit_filter(scope, node.quals)
        consume()
