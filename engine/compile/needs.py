"""Which values each plan node must keep for the nodes above it.

An *atom* is something that a row makes available: a Var of this query, as ("var", varno, attno), or
above Agg, WindowAgg and ProjectSet an expression node that stands for its own value. `Needs`
answers, per node, which atoms the nodes above use (`above`) and which the node provides (`provides`).
"""

from typing import Any

import msgspec

from ..plan import nodes as plan
from ..tree import Aggref, GroupingFunc, Node, OldNewVar, RangeTblEntry, Var, map_children

Atom = Any
Atoms = dict[Any, Any]  # ordered set: atom -> the expression it was found as
RAW_ROW = -100  # pseudo column: the decoded stored row (for ModifyTable)
NO_EXPRS: frozenset[Any] = frozenset()


def var_atom(varno: int, attno: int) -> Atom:
    return ("var", varno, attno)


def lower_levels(node: Any, delta: int) -> Any:
    """The expression as seen from `delta` query levels further out."""
    if delta == 0:
        return node
    if isinstance(node, Var):
        return msgspec.structs.replace(node, varlevelsup=node.varlevelsup - delta)
    if isinstance(node, Aggref | GroupingFunc):
        node = msgspec.structs.replace(node, agglevelsup=node.agglevelsup - delta)
    return map_children(node, lambda child: lower_levels(child, delta))


class Needs:
    """The analysis of one PlannedQuery."""

    def __init__(self, planned: plan.PlannedQuery) -> None:
        self.rtable = planned.rtable
        self.known: dict[int, frozenset[Any]] = {}
        self.varnos: dict[int, frozenset[int]] = {}
        self.above: dict[int, Atoms] = {}
        self._bottom_up(planned.plan)
        self.used: Atoms = {}  # every Var atom used anywhere in this query
        found: Atoms = {}
        self.collect(planned.targets, self.known[id(planned.plan)], found)
        self._top_down(planned.plan, found)
        self._walk(planned.plan, 0, NO_EXPRS, self.used)
        self._walk(planned.targets, 0, NO_EXPRS, self.used)
        for above in self.above.values():
            self.used.update((atom, node) for atom, node in above.items() if atom not in self.used)
        self.used = {atom: node for atom, node in self.used.items() if type(atom) is tuple}

    # --- what nodes provide -------------------------------------------------------------------

    def _bottom_up(self, node: plan.Plan) -> None:
        known: set[Any] = set()
        varnos: set[int] = set()
        for child in inputs(node):
            self._bottom_up(child)
            known |= self.known[id(child)]
            varnos |= self.varnos[id(child)]
        varno = getattr(node, "varno", 0)
        if varno:
            varnos.add(varno)
        if isinstance(node, plan.Agg):
            known = {expr for expr, _ in node.keys if not is_plain_var(expr)} | set(node.aggs)
        elif isinstance(node, plan.WindowAgg):
            known |= set(node.functions)
        elif isinstance(node, plan.ProjectSet):
            known |= set(node.calls)
        self.known[id(node)] = frozenset(known)
        self.varnos[id(node)] = frozenset(varnos)

    def provides(self, node: plan.Plan, atom: Atom) -> bool:
        """Whether rows of `node` have this atom."""
        if type(atom) is tuple and atom and atom[0] == "var":
            return atom[1] in self.varnos[id(node)]
        return atom in self.known[id(node)] or isinstance(atom, GroupingFunc)

    def kept(self, node: plan.Plan, child: plan.Plan | None = None) -> list[Any]:
        """The atoms of the node's input (or of a given child) that nodes above `node` use."""
        target = node if child is None else child
        return [atom for atom in self.above[id(node)] if self.provides(target, atom)]

    # --- what is used above ---------------------------------------------------------------------

    def _top_down(self, node: plan.Plan, above: Atoms) -> None:
        self.above[id(node)] = above
        children = inputs(node)
        if not children:
            return
        below = {} if isinstance(node, plan.Agg) else dict(above)
        for name in node.__struct_fields__:
            value = getattr(node, name)
            if name in ("input", "outer", "inner", "scans") or (
                isinstance(node, plan.Agg) and name == "quals"
            ):
                continue
            if isinstance(value, tuple | Node):
                known: frozenset[Any] = NO_EXPRS
                for child in children:
                    known |= self.known[id(child)]
                if isinstance(node, plan.WindowAgg) and name == "functions":
                    for function in node.functions:
                        self.collect((function.args, function.aggfilter), known, below)
                    continue
                if isinstance(node, plan.ProjectSet) and name == "calls":
                    for call in node.calls:
                        self._collect_children(call, known, below)
                    continue
                self.collect(value, known, below)
        if isinstance(node, plan.Agg):
            # Vars above that depend on the grouping columns come from the group's first row; a
            # HAVING clause uses them too.
            extra = dict(above)
            self.collect(node.quals, self.known[id(node)], extra)
            self.above[id(node)] = extra
            keys = {var_atom(e.varno, e.varattno) for e, _ in node.keys if is_plain_var(e)}
            for atom in extra:
                if type(atom) is tuple and atom[0] == "var" and atom not in keys:
                    below[atom] = extra[atom]
        if isinstance(node, plan.LockRows):
            for mark in node.marks:
                if self.rtable[mark.rti - 1].rtekind != "relation":
                    continue
                below[var_atom(mark.rti, -1)] = None
                if mark.rti in node.inherited:
                    below[var_atom(mark.rti, -6)] = None
        if isinstance(node, plan.ModifyTable) and node.operation != "insert" and node.old_row is None:
            for attno in (RAW_ROW, -1, -6) if node.inherited else (RAW_ROW, -1):
                below[var_atom(node.varno, attno)] = None
        if isinstance(node, plan.NestLoop):
            inner_uses: Atoms = {}
            self._walk(node.inner, 0, self.known[id(node.outer)], inner_uses)
            outer_below = dict(below)
            outer_below.update(inner_uses)
            self._top_down(node.outer, outer_below)
            self._top_down(node.inner, below)
            return
        for child in children:
            self._top_down(child, below)

    def _collect_children(self, node: Any, known: frozenset[Any], found: Atoms) -> None:
        for name in node.__struct_fields__:
            self._walk(getattr(node, name), 0, known, found)

    def collect(self, value: Any, known: frozenset[Any], found: Atoms) -> None:
        """Add the atoms used by an expression (or tuples of them, or anything with them inside)."""
        self._walk(value, 0, known, found)

    def _walk(self, value: Any, depth: int, known: frozenset[Any], found: Atoms) -> None:
        kind = type(value)
        if kind is tuple or kind is list:
            for item in value:
                self._walk(item, depth, known, found)
        elif kind is Var:
            if value.varlevelsup == depth:
                found[var_atom(value.varno, value.varattno)] = value
        elif isinstance(value, Node):
            if depth == 0 and known and value in known:
                found[value] = value
                return
            if isinstance(value, Aggref | GroupingFunc) and value.agglevelsup == depth:
                lowered = lower_levels(value, depth)
                if lowered in known or isinstance(value, GroupingFunc):
                    found[lowered] = lowered
                    return
            if kind is OldNewVar:
                return
            if kind is plan.SubPlan:
                self._walk(value.testexpr, depth, known, found)
                self._walk(value.plan, depth, known, found)
                return
            for name in value.__struct_fields__:
                self._walk(getattr(value, name), depth, known, found)
        elif kind is plan.PlannedQuery:
            self._walk(value.plan, depth + 1, known, found)
            self._walk(value.targets, depth + 1, known, found)
            for cte in value.ctes.values():
                self._walk(cte, depth + 1, known, found)
        elif isinstance(value, msgspec.Struct) and kind is not RangeTblEntry:
            for name in value.__struct_fields__:
                self._walk(getattr(value, name), depth, known, found)


def is_plain_var(expr: Any) -> bool:
    return type(expr) is Var and expr.varlevelsup == 0


def inputs(node: plan.Plan) -> list[plan.Plan]:
    """The nodes of the same query below `node`."""
    if isinstance(node, plan.NestLoop | plan.HashJoin | plan.MergeJoin):
        return [node.outer, node.inner]
    if isinstance(node, plan.ChildAppend):
        return list(node.scans)
    child = getattr(node, "input", None)
    return [child] if isinstance(child, plan.Plan) else []


def correlated(value: Any) -> bool:
    """Whether a planned query refers to Vars of any enclosing query."""
    return _refers_out(value, 0)


def _refers_out(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind is tuple or kind is list:
        return any(_refers_out(item, depth) for item in value)
    if kind is Var:
        return bool(value.varlevelsup >= depth and depth > 0)
    if kind is plan.PlannedQuery:
        return (
            _refers_out(value.plan, depth + 1)
            or _refers_out(value.targets, depth + 1)
            or any(_refers_out(cte, depth + 1) for cte in value.ctes.values())
        )
    if isinstance(value, Aggref | GroupingFunc) and value.agglevelsup >= depth > 0:
        return True
    if isinstance(value, msgspec.Struct) and kind is not RangeTblEntry:
        return any(_refers_out(getattr(value, name), depth) for name in value.__struct_fields__)
    return False
