"""Values of stored generated columns when a table is rewritten."""

from typing import Any

from .. import tree as t
from ..treetypes import walk


def stored_values(alteration: Any) -> dict[int, Any]:
    """What each column that changes is computed from: over the table's old columns."""
    values = dict(alteration.new_values)
    old = {column.attnum: column for column in alteration.old_catalog.relation(alteration.relid).columns}
    known = dict(alteration.new_values)
    for column in alteration.relation.columns:
        if column.attnum not in old and column.attnum not in known and not column.generated:
            null = column.missing is None
            known[column.attnum] = t.Const(
                column.typid, column.missing, null, column.typmod, column.collation
            )
    for column in alteration.relation.columns:
        if column.generated != "s" or column.dropped or column.default is None:
            continue
        before = old.get(column.attnum)
        used = {node.varattno for node in walk(column.default) if isinstance(node, t.Var)}
        if (
            before is not None
            and before.generated == "s"
            and column.attnum not in values
            and not used & set(values)
        ):
            continue
        if column.attnum in alteration.new_values and before is not None and before.typid != column.typid:
            continue
        values[column.attnum] = substitute(column.default, known)
    return values


def substitute(expr: Any, values: dict[int, Any]) -> Any:
    """The expression with columns replaced by what they will be computed from."""
    if isinstance(expr, t.Var) and expr.varlevelsup == 0 and expr.varattno in values:
        return values[expr.varattno]
    return t.map_children(expr, lambda node: substitute(node, values))
