"""Join order and methods (optimizer/path/joinrels.c, joinpath.c): dynamic programming over sets of
relations, greedy beyond eight items.

A Path is a finished plan node with what the search needs to know: its order, which outer relations
it takes values from (a nested loop must supply them), and which join clauses it already enforces.
"""

from typing import Any

from ..errors import SqlError
from ..lsyscache import op_hashjoinable
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..tree import OpExpr
from ..treetypes import expr_type
from . import costs
from .clauses import btree_members, contain_subplans, get_commutator
from .jointree import Clause, Deconstructed, EquivalenceClass, FullJoin, JoinInfo, equality
from .nodes import Distinct, HashJoin, MergeJoin, NestLoop, Plan
from .root import DISABLED_COST, Root

DYNAMIC_PROGRAMMING_ITEMS_MAX = 8
EMPTY: frozenset[Any] = frozenset()


class Path:
    """A way to get the rows of a Rel."""

    __slots__ = ("cost", "enforced", "keys", "plan", "req", "rows", "startup")

    def __init__(
        self, plan: Plan, keys: tuple[Any, ...] = (), req: int = 0, enforced: frozenset[Any] = EMPTY
    ) -> None:
        self.plan = plan
        self.keys = keys
        self.req = req
        self.enforced = enforced
        self.rows = plan.rows
        self.cost = plan.cost
        self.startup = plan.startup_cost


class Rel:
    """A base relation, a join, or a full join taken as one item."""

    __slots__ = (
        "children",
        "clauses",
        "hidden",
        "lateral",
        "paths",
        "relation",
        "relids",
        "rows",
        "rte",
        "single_row",
        "tuples",
        "varno",
    )  # fmt: skip

    def __init__(self, relids: int) -> None:
        self.relids = relids
        self.rows = 1.0
        self.tuples = 1.0
        self.paths: list[Path] = []
        self.hidden = 0  # right sides of semi and anti joins done inside
        self.lateral = 0
        self.varno = 0
        self.rte: Any = None
        self.relation: Any = None
        self.clauses: list[Clause] = []
        self.single_row = False
        self.children: Any = None  # of a relation with children: those that hold rows

    def add_path(self, path: Path) -> None:
        """Keeps the path unless another is as good in every respect (add_path)."""
        kept = []
        for old in self.paths:
            if dominates(old, path):
                return
            if not dominates(path, old):
                kept.append(old)
        kept.append(path)
        self.paths = kept

    def cheapest(self) -> Path:
        """The cheapest path without parameters, or with as few as there are."""
        best = None
        for path in self.paths:
            if best is None or (path.req.bit_count(), path.cost) < (best.req.bit_count(), best.cost):
                best = path
        assert best is not None
        return best


def dominates(a: Path, b: Path) -> bool:
    """Whether `a` makes `b` superfluous."""
    return (
        a.cost <= b.cost * 1.0001
        and a.startup <= b.startup * 1.0001 + 1.0
        and not a.req & ~b.req
        and a.rows <= b.rows * 1.0001
        and a.keys[: len(b.keys)] == b.keys
        and (not b.req or a.req != b.req or a.enforced >= b.enforced)
    )


class JoinSearch:
    """Finds the best plans for a list of join items."""

    def __init__(self, root: Root, tree: Deconstructed) -> None:
        self.root = root
        self.tree = tree
        self.catalog = root.catalog
        self.rels: dict[int, Rel] = {}
        self.estimator = root.estimator

    # --- the search -------------------------------------------------------------------------------

    def search(self, items: list[Any]) -> Rel:
        initial = [self._item(item) for item in items]
        if len(initial) == 1:
            return initial[0]
        if len(initial) <= DYNAMIC_PROGRAMMING_ITEMS_MAX:
            return self._dynamic(initial)
        return self._greedy(initial)

    def _item(self, item: Any) -> Rel:
        if not isinstance(item, FullJoin):
            return self.root.rels[item]
        left = self.search(item.left)
        right = self.search(item.right)
        rel = self._join(left, right, item.info)
        assert rel is not None
        return rel

    def _dynamic(self, initial: list[Rel]) -> Rel:
        for cross in (False, True):
            found = self._levels(initial, cross)
            if found is not None:
                return found
        raise AssertionError("no join order found")

    def _levels(self, initial: list[Rel], cross_always: bool) -> Rel | None:
        """Joins of 2, 3, ... items; without a join clause only where there are no others on that level,
        unless the outer joins turn out to need such joins elsewhere."""
        levels: list[list[Rel]] = [[], initial]
        for size in range(2, len(initial) + 1):
            level: dict[int, Rel] = {}
            for cross in (True,) if cross_always else (False, True):
                for small in range(1, size // 2 + 1):
                    for a in levels[size - small]:
                        for b in levels[small]:
                            if a.relids & b.relids or (small == size - small and a.relids > b.relids):
                                continue
                            if cross or self._connected(a, b):
                                self._try_join(a, b, level)
                if level:
                    break
            levels.append(list(level.values()))
        return levels[-1][0] if levels[-1] else None

    def _greedy(self, initial: list[Rel]) -> Rel:
        rels = list(initial)
        while len(rels) > 1:
            best: Rel | None = None
            pair = (0, 0)
            for cross in (False, True):
                for i, a in enumerate(rels):
                    for j in range(i + 1, len(rels)):
                        b = rels[j]
                        if not cross and not self._connected(a, b):
                            continue
                        joined = self.rels.get(a.relids | b.relids)
                        if joined is None:
                            level: dict[int, Rel] = {}
                            self._try_join(a, b, level)
                            joined = next(iter(level.values()), None)
                        if joined is None:
                            continue
                        if best is None or self._greedy_key(joined, a, b) < self._greedy_key(
                            best, rels[pair[0]], rels[pair[1]]
                        ):
                            best, pair = joined, (i, j)
                if best is not None:
                    break
            assert best is not None, "no join order found"
            rels = [r for k, r in enumerate(rels) if k not in pair] + [best]
        return rels[0]

    @staticmethod
    def _greedy_key(joined: Rel, a: Rel, b: Rel) -> tuple[float, float]:
        return joined.rows - max(a.rows, b.rows), joined.cheapest().cost

    def _connected(self, a: Rel, b: Rel) -> bool:
        both = a.relids | b.relids
        if a.lateral & b.relids or b.lateral & a.relids:
            return True
        for clause in self.tree.join_clauses:
            if clause.relids & a.relids and clause.relids & b.relids and not clause.required & ~both:
                return True
        for ec in self.tree.ecs:
            if ec.const is None and self._members(ec, a) and self._members(ec, b):
                return True
        for info in self.tree.joins:
            left, right = info.min_left, info.min_right
            if (not left & ~a.relids and not right & ~b.relids) or (
                not left & ~b.relids and not right & ~a.relids
            ):
                return True
        # a relation without any clause joins with whatever is there, but late
        return False

    def _members(self, ec: EquivalenceClass, rel: Rel) -> list[Any]:
        visible = rel.relids & ~rel.hidden
        return [m for m in ec.members if m[1] and not m[1] & ~visible]

    def _legal(self, a: Rel, b: Rel) -> tuple[bool, JoinInfo | None, bool]:
        """(may be joined, as which special join, with sides swapped) (join_is_legal)."""
        both = a.relids | b.relids
        match: JoinInfo | None = None
        swapped = False
        for info in self.tree.joins:
            if not info.min_right & both or not both & ~info.min_right:
                continue
            if self._done(info, a) or self._done(info, b):
                continue
            if (
                not info.min_left & ~a.relids
                and not info.min_right & ~b.relids
                and info.min_right == b.relids & info.syn_right
            ):
                if match is not None:
                    return False, None, False
                match, swapped = info, False
            elif not info.min_left & ~b.relids and not info.min_right & ~a.relids:
                if match is not None:
                    return False, None, False
                match, swapped = info, True
            else:
                return False, None, False
        if match is not None:
            inner = a if swapped else b
            if inner.relids & ~match.syn_right:
                return False, None, False
        return True, match, swapped

    @staticmethod
    def _done(info: JoinInfo, rel: Rel) -> bool:
        return not (info.min_left | info.min_right) & ~rel.relids

    def _try_join(self, a: Rel, b: Rel, level: dict[int, Rel]) -> None:
        legal, info, swapped = self._legal(a, b)
        if not legal:
            return
        if swapped:
            a, b = b, a
        if a.lateral & b.relids and b.lateral & a.relids:
            return
        if info is not None and a.lateral & b.relids:
            return
        rel = self._join(a, b, info)
        if rel is not None:
            level[rel.relids] = rel

    # --- one join ----------------------------------------------------------------------------------

    def _clauses(self, a: Rel, b: Rel, info: JoinInfo | None) -> tuple[list[Clause], list[Clause]]:
        """(join conditions, filters above the join)."""
        both = a.relids | b.relids
        plain = []
        for clause in self.tree.join_clauses:
            required = clause.required
            if not required & ~both and required & ~a.relids and required & ~b.relids:
                plain.append(clause)
        for ec in self.tree.ecs:
            if ec.const is None:
                plain.extend(self._class_clauses(ec, a, b))
        if info is None:
            return plain, []
        if info.jointype == "semi":
            return [*info.clauses, *plain], []
        return info.clauses, plain

    def _class_clauses(self, ec: EquivalenceClass, a: Rel, b: Rel) -> list[Clause]:
        left = self._members(ec, a)
        right = self._members(ec, b)
        both = a.relids | b.relids
        spanning = [m for m in ec.members if not m[1] & ~both and m[1] & a.relids and m[1] & b.relids]
        out = []
        if left and right:
            pair = None
            for x in left:
                for y in right:
                    if any({s.expr.args[0], s.expr.args[1]} == {x[0], y[0]} for s in ec.sources):
                        pair = (x, y)
                        break
                if pair:
                    break
            x, y = pair or (left[0], right[0])
            out.append(self._class_clause(ec, x, y))
        if spanning:
            anchor = (left or right or spanning)[0]
            for member in spanning:
                if member is not anchor:
                    out.append(self._class_clause(ec, anchor, member))
        return out

    def _class_clause(self, ec: EquivalenceClass, x: Any, y: Any) -> Clause:
        relids = x[1] | y[1]
        clause = Clause(equality(self.catalog, ec, x, y), relids, relids)
        clause.ec = ec
        return clause

    def _join(self, a: Rel, b: Rel, info: JoinInfo | None) -> Rel | None:
        relids = a.relids | b.relids
        joinquals, filters = self._clauses(a, b, info)
        rel = self.rels.get(relids)
        if rel is None:
            rel = self.rels[relids] = Rel(relids)
            rel.rows = self._size(a, b, joinquals, filters, info)
            rel.hidden = a.hidden | b.hidden
            if info is not None and info.jointype in ("semi", "anti"):
                rel.hidden |= b.relids
            rel.lateral = (a.lateral | b.lateral) & ~relids
        if info is None:
            self._paths(rel, a, b, "inner", joinquals, filters)
            self._paths(rel, b, a, "inner", joinquals, filters)
        else:
            self._paths(rel, a, b, info.jointype, joinquals, filters)
            if info.jointype == "semi":
                self._unique_paths(rel, a, b, joinquals, info)
            elif info.jointype == "left":
                self._right_paths(rel, a, b, joinquals, filters)
        return rel if rel.paths else None

    def _size(
        self, a: Rel, b: Rel, joinquals: list[Clause], filters: list[Clause], info: JoinInfo | None
    ) -> float:
        est = self.estimator
        sel = est.clauselist([c.expr for c in joinquals])
        kind = "inner" if info is None else info.jointype
        if kind == "inner":
            rows = a.rows * b.rows * sel
        elif kind == "left":
            rows = max(a.rows * b.rows * sel, a.rows)
        elif kind == "full":
            rows = max(a.rows * b.rows * sel, a.rows, b.rows)
        else:
            matched = min(b.rows * sel, 1.0)
            rows = a.rows * (matched if kind == "semi" else max(1.0 - matched, 0.1))
        if filters:
            rows *= est.clauselist([c.expr for c in filters])
        return max(rows, 1.0)

    # --- paths ---------------------------------------------------------------------------------------

    def _paths(
        self, rel: Rel, outer: Rel, inner: Rel, kind: str, joinquals: list[Clause], filters: list[Clause]
    ) -> None:
        quals = tuple([c.expr for c in filters])
        hash_keys, rest = self._hash_keys(joinquals, outer.relids, inner.relids)
        loop_possible = kind != "full" and not outer.lateral & inner.relids
        hash_possible = bool(hash_keys) and not (inner.lateral & outer.relids or outer.lateral & inner.relids)
        for first in outer.paths:
            if first.req & inner.relids:
                continue
            if loop_possible:
                for second in inner.paths:
                    if not second.req & outer.hidden and (second.req & outer.relids or not second.req):
                        self._nestloop(rel, first, second, outer, kind, joinquals, quals)
        if hash_possible:
            self._hash(rel, outer, inner, kind, hash_keys, rest, quals)
        if kind == "full" and not rel.paths:
            self._full(rel, outer, inner, hash_keys, joinquals, quals)

    def _nestloop(
        self, rel: Rel, first: Path, second: Path, outer: Rel, kind: str, joinquals: list[Clause], quals: Any
    ) -> None:
        rescan = bool(second.req)
        conditions = joinquals
        if second.enforced:
            conditions = [c for c in joinquals if not is_enforced(c, second.enforced, outer.relids)]
        outer_rows = max(first.rows, 1.0)
        pairs = outer_rows * second.rows
        if kind in ("semi", "anti"):
            pairs *= 0.5
        if rescan:
            cost = first.cost + outer_rows * second.cost
        else:
            cost = first.cost + second.cost + second.rows * costs.COLLECTED_ROW + pairs * costs.LOOP_ROW
        cost += pairs * (len(conditions) * costs.QUAL + costs.LOOP_ROW)
        if not self.root.glob.enabled("enable_nestloop"):
            cost += DISABLED_COST
        req = (first.req | second.req) & ~rel.relids
        rows = rel.rows if not req else max(min(rel.rows, pairs), 1.0)
        node = NestLoop(
            jointype=kind,
            outer=first.plan,
            inner=second.plan,
            joinquals=tuple([c.expr for c in order_clauses(conditions)]),
            quals=quals,
            rescan=rescan,
            inner_unique=bool(getattr(second.plan, "unique", False)),
            rows=rows,
            cost=cost,
            startup_cost=first.startup + (second.startup if rescan else second.cost),
            width=first.plan.width + second.plan.width,
        )
        rel.add_path(Path(node, first.keys, req, first.enforced | second.enforced))

    def _hash_keys(self, joinquals: list[Clause], outer: int, inner: int) -> tuple[list[Any], list[Clause]]:
        keys = []
        rest = []
        for clause in joinquals:
            key = self._hash_key(clause, outer, inner)
            if key is None:
                rest.append(clause)
            else:
                keys.append((*key, clause))
        return keys, rest

    def _hash_key(self, clause: Clause, outer: int, inner: int) -> tuple[Any, Any, int] | None:
        expr = clause.expr
        if type(expr) is not OpExpr or not clause.left_relids or not clause.right_relids or clause.volatile:
            return None
        row = self.catalog.pg_operator.get(expr.opno)
        if not row.oprcanhash or not op_hashjoinable(self.catalog, expr.opno, expr_type(expr.args[0])):
            return None
        left, right = expr.args
        if not clause.left_relids & ~outer and not clause.right_relids & ~inner:
            return left, right, expr.opno
        if not clause.left_relids & ~inner and not clause.right_relids & ~outer:
            commutator = get_commutator(self.catalog, expr.opno)
            return (right, left, commutator) if commutator else None
        return None

    def _hash(
        self, rel: Rel, outer: Rel, inner: Rel, kind: str, keys: list[Any], rest: list[Clause], quals: Any
    ) -> None:
        first = outer.cheapest()
        second = inner.cheapest()
        if first.req & inner.relids or second.req & outer.relids:
            return
        enforced = first.enforced | second.enforced
        cost = (
            first.cost
            + second.cost
            + second.rows * costs.HASH_BUILD_ROW
            + first.rows * costs.HASH_PROBE_ROW
            + costs.hash_key_cost(first.rows + second.rows, len(keys))
            + rel.rows * (costs.LOOP_ROW + len(rest) * costs.QUAL)
        )
        if not self.root.glob.enabled("enable_hashjoin"):
            cost += DISABLED_COST
        node = HashJoin(
            jointype=kind,
            outer=first.plan,
            inner=second.plan,
            keys=tuple([(k[0], k[1], k[2]) for k in keys]),
            joinquals=tuple([c.expr for c in order_clauses(rest)]),
            quals=quals,
            rows=rel.rows,
            cost=cost,
            startup_cost=second.cost + second.rows * costs.HASH_BUILD_ROW + first.startup,
            width=first.plan.width + second.plan.width,
        )
        req = (first.req | second.req) & ~rel.relids
        rel.add_path(Path(node, (), req, enforced))

    def _right_paths(
        self, rel: Rel, left: Rel, right: Rel, joinquals: list[Clause], filters: list[Clause]
    ) -> None:
        """A LEFT join with the hash table over the left side, if that is much smaller."""
        if left.rows * 2 > right.rows or left.lateral or right.lateral:
            return
        keys, rest = self._hash_keys(joinquals, right.relids, left.relids)
        if keys:
            self._hash(rel, right, left, "right", keys, rest, tuple([c.expr for c in filters]))

    def _unique_paths(self, rel: Rel, left: Rel, right: Rel, joinquals: list[Clause], info: JoinInfo) -> None:
        """A semi join as an inner nested loop from the distinct rows of its right side, for index scans
        of the left side (JOIN_UNIQUE_OUTER)."""
        if right.relids != info.syn_right or right.lateral or not joinquals:
            return
        keys, rest = self._hash_keys(joinquals, left.relids, right.relids)
        if rest or not keys:
            return
        source = right.cheapest()
        if source.req:
            return
        rows = self.estimator.groups([k[1] for k in keys], source.rows)
        unique = Distinct(
            input=source.plan,
            keys=tuple([(k[1], same_type_equality(self.catalog, k[2], k[1])) for k in keys]),
            rows=rows,
            cost=source.cost + source.rows * costs.GROUP_ROW,
            startup_cost=source.startup,
            width=source.plan.width,
        )
        if not all(eqop for _, eqop in unique.keys):
            return
        first = Path(unique)
        for second in left.paths:
            if second.req and not second.req & ~right.relids:
                self._nestloop(rel, first, second, right, "inner", joinquals, ())

    def _full(
        self, rel: Rel, outer: Rel, inner: Rel, hash_keys: list[Any], joinquals: list[Clause], quals: Any
    ) -> None:
        """A FULL join that hashing cannot do."""
        first, second = outer.cheapest(), inner.cheapest()
        merge = []
        rest = []
        for clause in joinquals:
            key = self._merge_key(clause, outer.relids, inner.relids)
            if key is None:
                rest.append(clause)
            else:
                merge.append(key)
        if not merge and any(c.relids for c in joinquals):
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions",
            )
        cost = first.cost + second.cost + costs.sort_cost(first.rows) + costs.sort_cost(second.rows)
        common = {
            "jointype": "full",
            "joinquals": tuple([c.expr for c in rest]),
            "quals": quals,
            "rows": rel.rows,
            "cost": cost,
            "startup_cost": cost,
        }
        node: Plan
        if merge:
            from .grouping import make_sort
            from .nodes import SortKey

            left_sort = make_sort(
                first.plan,
                tuple([SortKey(expr=k[0], sortop=k[2], descending=False, nulls_first=False) for k in merge]),
            )
            right_sort = make_sort(
                second.plan,
                tuple([SortKey(expr=k[1], sortop=k[3], descending=False, nulls_first=False) for k in merge]),
            )
            node = MergeJoin(
                outer=left_sort,
                inner=right_sort,
                keys=tuple([(k[0], k[1], k[2], False, False) for k in merge]),
                **common,
            )
        else:
            node = HashJoin(outer=first.plan, inner=second.plan, keys=(), **common)
        rel.add_path(Path(node))

    def _merge_key(self, clause: Clause, outer: int, inner: int) -> tuple[Any, Any, int, int] | None:
        from ..lsyscache import get_opfamily_member

        expr = clause.expr
        if type(expr) is not OpExpr or not clause.left_relids or not clause.right_relids:
            return None
        for m in btree_members(self.catalog, expr.opno):
            if m[3] != 3:
                continue
            left = get_opfamily_member(self.catalog, m[0], m[1], m[1], 1)
            right = get_opfamily_member(self.catalog, m[0], m[2], m[2], 1)
            if not left or not right:
                continue
            if not clause.left_relids & ~outer and not clause.right_relids & ~inner:
                return expr.args[0], expr.args[1], left, right
            if not clause.left_relids & ~inner and not clause.right_relids & ~outer:
                return expr.args[1], expr.args[0], right, left
        return None


def same_type_equality(catalog: Any, eqop: int, expr: Any) -> int:
    """The equality of the right argument's type with itself, in the family of `eqop`."""
    from ..lsyscache import get_opfamily_member

    for m in btree_members(catalog, eqop):
        if m[3] == 3:
            return get_opfamily_member(catalog, m[0], m[2], m[2], 3)
    row = catalog.pg_operator.get(eqop)
    return eqop if row.oprleft == row.oprright else 0


def enforcement(clause: Clause, other: int) -> Any:
    """What a parameterised path notes of a clause that it enforces: the clause, or its equivalence class
    with the relations on the other side."""
    return id(clause) if clause.ec is None else (id(clause.ec), other)


def is_enforced(clause: Clause, enforced: frozenset[Any], outer: int) -> bool:
    """Whether the inner path enforces the clause with values of the outer relations."""
    if clause.ec is None:
        return id(clause) in enforced
    ec = id(clause.ec)
    return any(type(item) is tuple and item[0] == ec and not item[1] & ~outer for item in enforced)


def order_clauses(clauses: list[Clause]) -> list[Clause]:
    """Cheap conditions before those with subqueries."""
    if len(clauses) < 2:
        return clauses
    return sorted(clauses, key=lambda c: contain_subplans(c.expr))
