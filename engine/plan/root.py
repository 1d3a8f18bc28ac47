"""Root: the state of planning one query level (PostgreSQL's PlannerInfo), and what all levels share.

Var resolution: a Var of a join entry or of a pulled-up subquery stands for an expression; `subst`
holds it by range table number. Inner queries resolve their outer Vars through their ancestors'
Roots, so a subquery is planned only after its parent's range table has settled.
"""

from typing import Any

from ..tree import Aggref, Const, FromExpr, GroupingFunc, Query, RangeTblEntry, RowExpr, SubLink, Var
from .nodes import SubPlan
from .preprocess import Simplifier, canonicalize_qual
from .statistics import Estimator
from .walk import increment_var_sublevels_up, make_ands_implicit, mutate, replace, transform, walk

BOOLEAN_SETTINGS = (
    "enable_seqscan",
    "enable_indexscan",
    "enable_bitmapscan",
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_hashagg",
    "enable_indexonlyscan",
    "enable_tidscan",
    "enable_sort",
)
DISABLED_COST = 1e10


class PlannerGlobal:
    """What the planning of one statement shares over all its query levels (PlannerGlobal)."""

    def __init__(self, catalog: Any, settings: Any, params: Any) -> None:
        self.catalog = catalog
        self.settings = settings
        self.params = params
        self.plan_ids = 0
        self.relations: dict[int, None] = {}
        self._enabled: dict[str, bool] = {}

    def next_plan_id(self) -> int:
        self.plan_ids += 1
        return self.plan_ids

    def enabled(self, name: str) -> bool:
        """An enable_* setting."""
        found = self._enabled.get(name)
        if found is None:
            found = True
            if self.settings is not None:
                try:
                    value = self.settings.get(name)
                except (KeyError, LookupError, AttributeError):
                    value = None
                found = value not in (False, "off", "false", "no", "0")
            self._enabled[name] = found
        return found


class CteInfo:
    """How a WITH item is used: inlined (its Query) or materialised (its plan)."""

    __slots__ = ("name", "planned", "planning", "query", "recursive", "references", "root", "rows")

    def __init__(self, name: str, query: Query | None, references: int) -> None:
        self.name = name
        self.query = query
        self.references = references
        self.planned: Any = None
        self.root: Any = None
        self.recursive = False
        self.planning = False
        self.rows = 100.0


class Root:
    """One query level while it is planned."""

    def __init__(
        self, glob: PlannerGlobal, query: Query, parent: "Root | None", pulled: bool = False
    ) -> None:
        self.glob = glob
        self.catalog = glob.catalog
        self.parent = parent
        self.query = query
        self.pulled = pulled  # it will be merged into its parent
        self.rtable: list[RangeTblEntry] = list(query.rtable)
        self.jointree: FromExpr = query.jointree if query.jointree is not None else FromExpr(fromlist=())
        self.subst: dict[int, Any] = {}
        self.resolved: dict[tuple[int, int], Any] = {}
        self.ctes: dict[str, CteInfo] = {}
        self.planned_ctes: dict[str, Any] = {}
        self.modifying_ctes: tuple[str, ...] = ()
        self.outer_refs: dict[Any, None] = {}
        self.outer_aggs: dict[Any, None] = {}
        self.has_sublinks = query.hasSubLinks
        self.volatile = query.commandType != "select" or bool(query.rowMarks)
        self.simplify = Simplifier(self.catalog, self.resolve_var, glob.params)
        self.estimator = Estimator(self)
        self.rels: dict[int, Any] = {}
        self.index_only_allowed = True
        self.planned: Any = None  # the PlannedQuery
        self.tuple_fraction = 0.0
        self.tlist: list[Any] = []
        self.having: list[Any] = []
        self.used: dict[int, set[int]] | None = None
        self.ecs: list[Any] = []
        self.parts: Any = None  # the Deconstructed join tree
        self.multiexpr: dict[int, Any] = {}
        self.onetime: list[Any] = []
        self.extra_uses: list[Any] = []
        self.wanted_orders: tuple[Any, ...] = ()
        self.wanted_groups: set[Any] = set()
        self.limit_count: Any = None
        self.limit_offset: Any = None
        self.limit_rows: float | None = None

    # --- range table ---------------------------------------------------------------------------------

    def rte(self, varno: int) -> RangeTblEntry:
        return self.rtable[varno - 1]

    def base_rel(self, varno: int) -> Any:
        """The joins.BaseRel of a range table entry, None before it is made."""
        return self.rels.get(varno)

    def ancestor(self, levels: int) -> "Root":
        root = self
        for _ in range(levels):
            assert root.parent is not None, "reference beyond the outermost query"
            root = root.parent
        return root

    def column_is_unique(self, varno: int, attnum: int) -> bool:
        """Whether a unique index on this column alone makes its values distinct."""
        rel = self.rels.get(varno)
        if rel is None or rel.relation is None:
            return False
        if rel.relation.system:
            return attnum > 0 and rel.relation.columns[attnum - 1].name == "oid"
        if rel.children is not None and rel.relation.kind != "p":
            return False
        for index in rel.relation.indexes:
            if (
                index.unique
                and len(index.keys) == 1
                and index.keys[0].attnum == attnum
                and index.predicate is None
            ):
                return True
        return False

    # --- Vars -----------------------------------------------------------------------------------------

    def resolve_var(self, var: Var) -> Any:
        """What stands for a Var of this query or of an outer one, simplified."""
        levels = var.varlevelsup
        if levels:
            outer = self.ancestor(levels)
            expr = outer.resolve_var(replace(var, varlevelsup=0, location=-1))
            expr = increment_var_sublevels_up(expr, levels)
            self.note_outer_refs(expr)
            return expr
        exprs = self.subst.get(var.varno)
        if exprs is None:
            return var if var.location == -1 else replace(var, location=-1)
        key = (var.varno, var.varattno)
        found = self.resolved.get(key)
        if found is None:
            if var.varattno == 0:
                rte = self.rte(var.varno)
                found = RowExpr(
                    args=tuple([self.simplify(e) for e in exprs if e is not None]),
                    row_typeid=var.vartype,
                    row_format="implicit",
                    colnames=tuple(
                        [n for n, e in zip(rte.eref_colnames, exprs, strict=False) if e is not None]
                    ),
                )
            else:
                saved, self.simplify.case_value = self.simplify.case_value, None
                found = self.simplify(exprs[var.varattno - 1])
                self.simplify.case_value = saved
            self.resolved[key] = found
        return found

    def note_outer_refs(self, expr: Any) -> None:
        """Records the references of an expression to outer queries, here and in the queries between."""
        for node in walk(expr):
            cls = type(node)
            if cls is Var:
                self._note(node, node.varlevelsup)
            elif cls is SubLink:
                # planned later, in this query; its own planning notes what it uses
                continue

    def _note(self, node: Any, levels: int) -> None:
        root: Root | None = self
        while levels > 0 and root is not None:
            root.outer_refs[node] = None
            levels -= 1
            node = increment_var_sublevels_up(node, -1, 1)
            root = root.parent

    def note_outer_aggregate(self, node: Any) -> None:
        """An aggregate (or GROUPING) of an outer query used here: that query must compute it."""
        levels = node.agglevelsup
        owner = self.ancestor(levels)
        self._note(node, levels)
        owner.outer_aggs[increment_var_sublevels_up(node, -levels, levels)] = None

    # --- expressions ------------------------------------------------------------------------------------

    def preprocess_expression(self, node: Any) -> Any:
        """Vars resolved, constants folded, subqueries planned, no locations."""
        if node is None:
            return None
        node = self.simplify(node)
        if self.parent is not None:
            for inner in walk(node):
                cls = type(inner)
                if (cls is Aggref or cls is GroupingFunc) and inner.agglevelsup:
                    self.note_outer_aggregate(inner)
        if self.has_sublinks:
            node = self.process_sublinks(node)
        return node

    def preprocess_qual(self, node: Any) -> list[Any]:
        """A qual as a list of preprocessed conjuncts."""
        if node is None:
            return []
        node = canonicalize_qual(self.simplify(node))
        if self.has_sublinks:
            node = self.process_sublinks(node, is_qual=True)
        if self.parent is not None:
            for inner in walk(node):
                if type(inner) in (Aggref, GroupingFunc) and inner.agglevelsup:
                    self.note_outer_aggregate(inner)
        if type(node) is Const and not node.constisnull and node.constvalue:
            return []
        return make_ands_implicit(node)

    def process_sublinks(self, node: Any, is_qual: bool = False) -> Any:
        """SubLinks replaced by SubPlans."""
        cls = type(node)
        if cls is SubLink:
            from .sublinks import make_subplan

            testexpr = node.testexpr
            if testexpr is not None:
                testexpr = self.process_sublinks(testexpr)
            return make_subplan(self, replace(node, testexpr=testexpr), is_qual)
        if cls is SubPlan:
            return node
        if is_qual and cls.__name__ == "BoolExpr":
            return mutate(node, lambda child: self.process_sublinks(child, node.boolop != "not"))
        return mutate(node, self.process_sublinks)

    def used_columns(self, varno: int) -> set[int]:
        """The attnums of a range table entry that anything in this query uses."""
        used = self.used
        if used is None:
            used = self.used = {}
            roots = [*self.tlist, *self.having, *self.extra_uses]
            for node in roots:
                for n in walk(node):
                    if type(n) is Var and not n.varlevelsup:
                        used.setdefault(n.varno, set()).add(n.varattno)
        return used.get(varno, set())


def merge_child(root: Root, child: Root) -> tuple[int, Any]:
    """Appends a child's range table to the parent's: (offset, function to bring the child's
    expressions to the parent's level)."""
    offset = len(root.rtable)

    def function(node: Any, level: int) -> Any:
        cls = type(node)
        if cls is Var:
            if node.varlevelsup == level:
                return replace(node, varno=node.varno + offset)
            return replace(node, varlevelsup=node.varlevelsup - 1) if node.varlevelsup > level else node
        if cls is Aggref or cls is GroupingFunc:
            if node.agglevelsup > level:
                node = replace(node, agglevelsup=node.agglevelsup - 1)
                return mutate(node, lambda c: transform(c, function, rte_function, level))
            return None
        if level == 0:
            name = cls.__name__
            if name == "RangeTblRef":
                return replace(node, rtindex=node.rtindex + offset)
            if name == "JoinExpr" and node.rtindex:
                node = replace(node, rtindex=node.rtindex + offset)
                return mutate(node, lambda c: transform(c, function, rte_function, level))
            if name == "CurrentOfExpr":
                return replace(node, cvarno=node.cvarno + offset)
        return None

    def rte_function(rte: RangeTblEntry, level: int) -> RangeTblEntry:
        if rte.rtekind == "cte" and rte.ctelevelsup > level:
            return replace(rte, ctelevelsup=rte.ctelevelsup - 1)
        return rte

    from .walk import transform_rte

    for rte in child.rtable:
        root.rtable.append(transform_rte(rte, function, rte_function, 0))

    def bring(node: Any) -> Any:
        return None if node is None else transform(node, function, rte_function, 0)

    for varno, exprs in child.subst.items():
        root.subst[varno + offset] = tuple([bring(e) for e in exprs])
    if child.has_sublinks:
        root.has_sublinks = True
    return offset, bring
