"""What must hold for a row again when its newest version has taken its place (EvalPlanQual, manual 13.2.1).

A plan that locks rows of a relation evaluates, for a row that others have changed meanwhile, the conditions
on that relation again: with the row's new values, and the other relations' rows as they were joined. Which
conditions those are is the conjunction that the planner made of WHERE and the inner joins. Where the
relation takes part in an outer, semi or anti join, or LATERAL items depend on it, there is no such list.
"""

from typing import Any

from .jointree import equality
from .root import Root


def recheck_quals(root: Root, varno: int) -> tuple[Any, ...] | None:
    """The conditions on a range table entry, or None: the statement must begin again."""
    parts = root.parts
    bit = 1 << varno
    for info in parts.joins:
        if info.jointype == "full" or any(clause.relids & bit for clause in info.clauses):
            return None
        if (info.syn_right if info.jointype == "left" else info.syn_left | info.syn_right) & bit:
            return None
    if any(rel.lateral & bit for rel in root.rels.values()):
        return None
    quals: dict[Any, None] = {}
    for clause in parts.base_clauses.get(varno, ()):
        quals[clause.expr] = None
    for clause in parts.join_clauses:
        if clause.relids & bit:
            quals[clause.expr] = None
    for ec in parts.ecs:
        if ec.const is None:
            mine = [member for member in ec.members if member[1] == bit]
            other = next((member for member in ec.members if not member[1] & bit), None)
            if mine and other is not None:
                quals[equality(root.catalog, ec, mine[0], other)] = None
    return tuple(quals)
