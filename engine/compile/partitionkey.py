"""The values of a partition key, of a stored row: a generated function."""

import linecache
from collections.abc import Sequence
from itertools import count
from typing import Any

from ..catalog.relation import IndexKey, Relation
from ..functions.loader import load_types
from ..tree import Var, strip_locations
from .expressions import value
from .lone import empty_query
from .scan import column_source
from .scope import Scope
from .unit import Unit

_numbers = count(1)


def compile_key(catalog: Any, relation: Relation, keys: Sequence[IndexKey]) -> Any:
    """key(ctx, row) -> the engine values of the key's columns and expressions."""
    load_types()
    unit = Unit(catalog, None, breathing=False)
    scope = Scope(unit, None, empty_query())
    for column in relation.columns:
        if not column.dropped:
            name = unit.fresh(column.name)
            scope.bind(("var", 1, column.attnum), name, True, column_source(scope, column, "n", name, True))
    parts = []
    for key in keys:
        expr = Var(1, key.attnum, key.typid) if key.attnum else strip_locations(key.expr)
        parts.append(value(scope, expr).source)
    unit.root.line(f"return ({', '.join(parts)},)")
    source = "\n".join(unit.root.finish("def key(ctx, n):")) + "\n"
    file = f"<partition key {relation.name} {next(_numbers)}>"
    exec(compile(source, file, "exec"), unit.globals)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return unit.globals["key"]
