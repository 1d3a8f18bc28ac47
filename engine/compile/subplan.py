"""Subqueries in expressions.

A subquery becomes an inner function that is run to its end when its value is needed. An
uncorrelated one is defined in the outermost function and remembers its result; a correlated one is
defined where it is used and sees the outer row's locals as closure variables.
"""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..plan import nodes as plan
from ..run import subquery as run
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..types.compare import hash_key_template
from .expressions import apply_template, emits, hash_code, value
from .needs import correlated
from .scope import Scope
from .unit import Code


def _depends_on_ctes(item: Any, depth: int) -> bool:
    """Whether a planned query reads CTEs or work tables of enclosing queries."""
    kind = type(item)
    if kind is tuple or kind is list:
        return any(_depends_on_ctes(part, depth) for part in item)
    if kind is plan.CteScan and item.levelsup >= depth:
        return True
    if kind is plan.WorkTableScan:
        return True
    if kind is plan.PlannedQuery:
        return any(
            _depends_on_ctes(part, depth + 1) for part in (item.plan, item.targets, list(item.ctes.values()))
        )
    if isinstance(item, plan.Plan | t.Node):
        return any(_depends_on_ctes(getattr(item, name), depth) for name in item.__struct_fields__)
    return False


def _subquery_function(scope: Scope, node: plan.SubPlan, once: bool) -> str:
    """Define the function that gives the subquery's result; with `once` at the top, and remembered."""
    from .query import emit_query, is_point

    unit = scope.unit
    name = unit.fresh(f"subquery_{node.kind}")
    query = node.plan
    outer = unit.frame
    if once:
        unit.frame = unit.root
        place = len(unit.root.lines)
    short = is_point(query.plan) and not query.ctes
    if not short:
        unit.long = True
    with unit.function(name, "subquery" if unit.breathing and not short else "collect") as frame:
        held = _collect_start(node, frame)

        def give(_: Scope, codes: list[Code]) -> None:
            _collect_row(scope, node, frame, codes)
            if held:
                frame.hold(held, "found[-1]")

        emit_query(unit, scope, query, give, own_frame=True)
        frame.line(frame.stop[0])
    if once:
        # moved to the prelude: before anything that may call it
        lines = unit.root.lines[place:]
        del unit.root.lines[place:]
        base = "    " * unit.root.indent
        unit.root.prelude.extend([str(text)[len(base) :] for text in lines])
        unit.frame = outer
        unit.helper("Once", run.Once)
        unit.root.prelude.append(f"{name} = Once({name})")
    return name


def _collect_start(node: plan.SubPlan, frame: Any) -> str:
    """What Frame.hold wants, if rows are collected."""
    kind = node.kind
    if kind == "exists":
        frame.stop = ["return False"]
    elif kind in ("expr", "rowcompare", "multiexpr"):
        frame.line("found = None")
        frame.stop = ["return found"]
    else:
        frame.line("found = []")
        frame.stop = ["return found"]
        return str(frame.holds())
    return ""


def _collect_row(scope: Scope, node: plan.SubPlan, frame: Any, codes: list[Code]) -> None:
    unit = scope.unit
    kind = node.kind
    if kind == "exists":
        frame.line("return True")
    elif kind in ("expr", "rowcompare", "multiexpr"):
        unit.helper("more_than_one_row", run.more_than_one_row)
        with frame.block("if found is not None:"):
            frame.line("more_than_one_row()")
        frame.line(f"found = ({''.join(code.source + ', ' for code in codes)})")
    elif kind == "array":
        frame.line(f"found.append({codes[0].source})")
    else:
        frame.line(f"found.append(({''.join(code.source + ', ' for code in codes)}))")


@emits(plan.SubPlan)
def _subplan(scope: Scope, node: plan.SubPlan) -> Code:
    once = not correlated(node.plan) and not _depends_on_ctes(node.plan, 0)
    unit = scope.unit
    key = (scope, id(node))
    name = unit.subplans.get(key) if once else None
    if name is None:
        if not once:
            scope.frame.breathe()  # the inner function cannot: so at least once per outer row
        name = _subquery_function(scope, node, once)
        unit.subplans[key] = name
    emit = {
        "exists": _exists,
        "expr": _expr,
        "array": _array,
        "any": _any_all,
        "all": _any_all,
        "rowcompare": _row_compare,
        "multiexpr": _multi,
    }.get(node.kind)
    if emit is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'subquery of kind "{node.kind}" is not supported')
    return emit(scope, node, name, once)


def _exists(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    return Code(f"{name}()", False)


def _expr(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    row = scope.unit.fresh("t")
    return Code(f"({row}[0] if ({row} := {name}()) is not None else None)", True)


def _multi(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    return Code(f"{name}()", True)


def _array(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    """ARRAY(subquery): first_column_type is the result's, of which array columns are a dimension."""
    unit = scope.unit
    unit.helper("array_of_rows", run.array_of_rows)
    element = scope.catalog.element_type(node.first_column_type)
    column = scope.catalog.base_type(node.plan.types[0])
    is_array = bool(scope.catalog.element_type(column)) and element != column  # vectors are elements
    return Code(f"array_of_rows({element}, {name}(), {is_array})", False)


def _row_compare(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    row = scope.unit.fresh("t")
    codes = [Code(f"{row}[{i}]", True, True) for i in range(len(node.plan.targets))]
    with scope.sublink_values(codes):
        code = value(scope, node.testexpr)
    return Code(f"({code.source} if ({row} := {name}()) is not None else None)", True)


def _any_all(scope: Scope, node: plan.SubPlan, name: str, once: bool) -> Code:
    unit = scope.unit
    if node.kind == "any" and node.hashed and once:
        code = _hashed_any(scope, node, name)
        if code is not None:
            return code
    row = unit.fresh("row")
    codes = [Code(f"{row}[{i}]", True, True) for i in range(len(node.plan.targets))]
    with scope.sublink_values(codes):
        test = value(scope, node.testexpr)
    from ..run.arrays import all_of, any_of

    helper = any_of if node.kind == "any" else all_of
    unit.helper(helper.__name__, helper)
    return Code(f"{helper.__name__}([{test.source} for {row} in {name}()])", True)


def _hashed_any(scope: Scope, node: plan.SubPlan, name: str) -> Code | None:
    """Probe a set of the subquery's rows: (outer values) = (columns), all by hashable operators."""
    tests = node.testexpr.args if isinstance(node.testexpr, t.BoolExpr) else (node.testexpr,)
    lefts: list[Any] = []
    templates = []
    for test in tests:
        if not isinstance(test, t.OpExpr) or not scope.catalog.pg_operator.get(test.opno).oprcanhash:
            return None
        left, right = test.args
        while isinstance(right, t.RelabelType):
            right = right.arg
        if not (
            isinstance(right, t.Param) and right.paramkind == "sublink" and right.paramid == len(lefts) + 1
        ):
            return None
        lefts.append(left)
        templates.append(hash_key_template(scope.catalog, scope.type_of(test.args[1])))
    unit = scope.unit
    row = unit.fresh("row")
    keys = [
        apply_template(scope, tmpl, Code(f"{row}[{i}]", True, True)).source
        for i, tmpl in enumerate(templates)
    ]
    probe = unit.fresh("probe")
    unit.helper("RowSet", run.RowSet)
    unit.root.prelude.append(f"{probe} = RowSet(lambda: [({', '.join(keys)},) for {row} in {name}()])")
    sources = ", ".join(hash_code(scope, left).source for left in lefts)
    return Code(f"{probe}.has(({sources},))", True)
