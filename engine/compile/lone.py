"""Expressions that stand alone: a function of a context and of a few values, without any plan."""

import linecache
from collections.abc import Callable
from itertools import count
from typing import Any

from ..catalog.trees import load_tree
from ..functions.loader import load_types
from ..plan import nodes as plan
from ..tree import strip_locations
from .expressions import value
from .scope import Scope
from .unit import Code, Unit

_numbers = count(1)


def empty_query() -> plan.PlannedQuery:
    """A query level without tables."""
    return plan.PlannedQuery(plan=plan.Result(), targets=(), names=(), types=(), typmods=(), rtable=[])


def compile_lone(catalog: Any, expr: Any, arguments: str, prepare: Callable[[Scope], None]) -> Any:
    """A function (ctx, arguments) that gives the expression's value. `prepare` tells the scope what the
    arguments are."""
    load_types()
    unit = Unit(catalog, None, breathing=False)
    scope = Scope(unit, None, empty_query())
    prepare(scope)
    code = value(scope, expr)
    unit.root.line(f"return {code.source}")
    source = "\n".join(unit.root.finish(f"def evaluate(ctx, {arguments}):")) + "\n"
    file = f"<expression {next(_numbers)}>"
    exec(compile(source, file, "exec"), unit.globals)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return unit.globals["evaluate"]


def compile_domain_check(catalog: Any, conbin: str) -> Callable[[Any, Any], Any]:
    """The CHECK expression of a domain as a function (ctx, value) -> True, False or None."""

    def prepare(scope: Scope) -> None:
        scope.domain_values.append(Code("value", True, True))

    return compile_lone(catalog, strip_locations(load_tree(conbin)), "value", prepare)
