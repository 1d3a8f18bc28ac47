"""The join tree taken apart (optimizer/plan/initsplan.c, reduce_outer_joins of prepjointree.c).

1. RIGHT joins are turned round, outer joins reduced where a strict qual above makes them so.
2. Every qual becomes a Clause that knows at which join it may be evaluated at the earliest
   (`required`): a qual from above an outer join that uses its nullable side waits for that join.
3. LEFT, SEMI and ANTI joins become JoinInfos, which restrict the join order; a FULL join is a join
   problem of its own.
4. Equalities from inner joins and WHERE go to equivalence classes, one set per nullable side.
"""

from typing import Any

from ..lsyscache import get_opfamily_member
from ..tree import Const, FromExpr, JoinExpr, OpExpr, RangeTblRef
from .clauses import (
    btree_members,
    contain_volatile_functions,
    find_nonnullable_rels,
    get_commutator,
    is_strict,
    make_op,
)
from .pullup import jointree_relids
from .root import Root
from .walk import bits, pull_varnos, replace


class Clause:
    """A conjunct (RestrictInfo). `relids`: what it uses; `required`: what must be joined before it is
    evaluated; `delayed`: it waits for an outer join; `on`: the JoinInfo whose condition it is."""

    __slots__ = (
        "delayed",
        "ec",
        "expr",
        "left_relids",
        "on",
        "relids",
        "required",
        "right_relids",
        "sel",
        "volatile",
    )

    def __init__(self, expr: Any, relids: int, required: int, delayed: bool = False, on: Any = None) -> None:
        self.expr = expr
        self.relids = relids
        self.required = required
        self.delayed = delayed
        self.on = on
        self.ec: Any = None
        self.sel = -1.0
        self.volatile = False
        if type(expr) is OpExpr and len(expr.args) == 2:
            self.left_relids = pull_varnos(expr.args[0])
            self.right_relids = pull_varnos(expr.args[1])
        else:
            self.left_relids = self.right_relids = 0


class JoinInfo:
    """An outer, semi or anti join (SpecialJoinInfo)."""

    __slots__ = ("clauses", "jointype", "min_left", "min_right", "semi_clauses", "syn_left", "syn_right")

    def __init__(self, jointype: str, syn_left: int, syn_right: int) -> None:
        self.jointype = jointype
        self.syn_left = self.min_left = syn_left
        self.syn_right = self.min_right = syn_right
        self.clauses: list[Clause] = []
        self.semi_clauses: list[Any] = []


class FullJoin:
    """A FULL join in a list of join items."""

    __slots__ = ("info", "left", "relids", "right")

    def __init__(self, info: JoinInfo, left: list[Any], right: list[Any]) -> None:
        self.info = info
        self.left = left
        self.right = right
        self.relids = info.syn_left | info.syn_right


class EquivalenceClass:
    """Expressions that are equal wherever the quals of their scope hold."""

    __slots__ = ("collation", "const", "family", "members", "scope", "sources")

    def __init__(self, family: int, collation: int, scope: int) -> None:
        self.members: list[tuple[Any, int, int]] = []  # (expr, relids, type in the operator family)
        self.family = family
        self.collation = collation
        self.scope = scope
        self.sources: list[Clause] = []
        self.const: tuple[Any, int, int] | None = None


def reduce_outer_joins(root: Root, node: Any, nonnullable: int = 0) -> Any:
    """The join tree with RIGHT joins turned and outer joins reduced, quals preprocessed to lists of
    conjuncts (kept as tuples in `quals`)."""
    if type(node) is RangeTblRef:
        return node
    catalog = root.catalog
    if type(node) is FromExpr:
        quals = tuple(root.preprocess_qual(node.quals)) if type(node.quals) is not tuple else node.quals
        items = node.fromlist
        if any(type(item) is not RangeTblRef for item in items):
            for qual in quals:
                nonnullable |= find_nonnullable_rels(catalog, qual)
            items = tuple([reduce_outer_joins(root, i, nonnullable) for i in items])
        return replace(node, fromlist=items, quals=quals)
    kind = node.jointype
    larg, rarg = node.larg, node.rarg
    left, right = jointree_relids(larg), jointree_relids(rarg)
    quals = tuple(root.preprocess_qual(node.quals)) if type(node.quals) is not tuple else node.quals
    if kind == "full":
        if nonnullable & left:
            kind = "inner" if nonnullable & right else "left"
        elif nonnullable & right:
            kind = "right"
    if kind == "right":
        kind, larg, rarg, left, right = "left", rarg, larg, right, left
    if kind == "left" and nonnullable & right:
        kind = "inner"
    inner_nonnull = 0
    for qual in quals:
        inner_nonnull |= find_nonnullable_rels(catalog, qual)
    if kind in ("inner", "semi"):
        for_left = for_right = nonnullable | inner_nonnull
    elif kind == "full":
        for_left = for_right = 0
    else:
        for_left, for_right = nonnullable, inner_nonnull
    larg = reduce_outer_joins(root, larg, for_left)
    rarg = reduce_outer_joins(root, rarg, for_right)
    return replace(node, jointype=kind, larg=larg, rarg=rarg, quals=quals)


class Deconstructed:
    """The result of deconstruct_jointree."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self.joins: list[JoinInfo] = []
        self.items: list[Any] = []  # varnos and FullJoins
        self.base_clauses: dict[int, list[Clause]] = {}
        self.join_clauses: list[Clause] = []
        self.onetime: list[Any] = []
        self.ecs: list[EquivalenceClass] = []
        self.scopes = 0
        self._postponed: list[Any] = []
        self._scope_relids: dict[int, int] = {}
        self._ec_sources: list[tuple[Clause, int]] = []

    def run(self, jointree: FromExpr) -> None:
        _relids, _joins, self.items = self._recurse(jointree, 0)
        assert not self._postponed, "lateral qual outside of its join"
        self._form_classes()

    def _recurse(self, node: Any, scope: int) -> tuple[int, list[JoinInfo], list[Any]]:
        if type(node) is RangeTblRef:
            return 1 << node.rtindex, [], [node.rtindex]
        if type(node) is FromExpr:
            relids, joins, items = 0, [], []
            for item in node.fromlist:
                r, j, i = self._recurse(item, scope)
                relids |= r
                joins += j
                items += i
            for qual in [*(node.quals or ()), *self._take_postponed(relids)]:
                self._distribute(qual, relids, joins, scope)
            return relids, joins, items
        if node.jointype == "inner":
            return self._recurse(FromExpr(fromlist=(node.larg, node.rarg), quals=node.quals), scope)
        return self._special(node, scope)

    def _take_postponed(self, relids: int) -> list[Any]:
        taken = [q for q in self._postponed if not pull_varnos(q) & ~relids]
        if taken:
            self._postponed = [q for q in self._postponed if pull_varnos(q) & ~relids]
        return taken

    def _special(self, node: JoinExpr, scope: int) -> tuple[int, list[JoinInfo], list[Any]]:
        kind = node.jointype
        left_scope = right_scope = scope
        if kind != "semi":
            self.scopes += 1
            right_scope = self.scopes
            if kind == "full":
                self.scopes += 1
                left_scope = self.scopes
        left, left_joins, left_items = self._recurse(node.larg, left_scope)
        right, right_joins, right_items = self._recurse(node.rarg, right_scope)
        info = JoinInfo(kind, left, right)
        used = 0
        for qual in [*(node.quals or ()), *self._take_postponed(left | right)]:
            relids = pull_varnos(qual)
            used |= relids
            if (
                relids
                and not relids & ~right
                and kind != "full"
                and not contain_volatile_functions(self.root.catalog, qual)
            ):
                self._distribute(qual, right, right_joins, right_scope)
            elif relids & ~(left | right):
                self._postponed.append(qual)
            else:
                clause = Clause(qual, relids, left | right if kind == "full" else relids, False, info)
                if kind == "semi":
                    info.semi_clauses.append(qual)
                    if self._may_be_equivalence(clause, left_joins + right_joins):
                        self._ec_sources.append((clause, scope))
                        continue
                info.clauses.append(clause)
        if kind != "full":
            info.min_left = used & left or left
            for lateral in bits(right):
                info.min_left |= self.root.rels[lateral].lateral & left
            for _ in left_joins:
                for lower in left_joins:
                    if lower.jointype in ("left", "full") and self._nullable(lower) & info.min_left:
                        info.min_left |= (lower.min_left | lower.min_right) & left
        if kind == "full":
            return left | right, [*left_joins, *right_joins, info], [FullJoin(info, left_items, right_items)]
        self.joins.append(info)
        return left | right, [*left_joins, *right_joins, info], left_items + right_items

    def _nullable(self, info: JoinInfo) -> int:
        if info.jointype == "full":
            return info.syn_left | info.syn_right
        return info.syn_right if info.jointype in ("left", "anti") else 0

    def _distribute(self, qual: Any, scope_relids: int, joins: list[JoinInfo], scope: int) -> None:
        relids = pull_varnos(qual)
        if relids & ~scope_relids:
            self._postponed.append(qual)
            return
        volatile = contain_volatile_functions(self.root.catalog, qual)
        if not relids:
            if scope == 0 and not volatile:
                self.onetime.append(qual)
                return
            relids = scope_relids
            if not relids:
                self.onetime.append(qual)
                return
        required = relids
        changed = True
        while changed:
            changed = False
            for info in joins:
                if self._nullable(info) & required:
                    wider = required | info.min_left | info.min_right
                    if wider != required:
                        required, changed = wider, True
        if volatile:
            required = scope_relids if required & (required - 1) else required
        clause = Clause(qual, relids, required, required != relids)
        clause.volatile = volatile
        if self._may_be_equivalence(clause, joins):
            self._ec_sources.append((clause, scope))
        else:
            self.add_clause(clause)

    def add_clause(self, clause: Clause) -> None:
        required = clause.required
        if required & (required - 1):
            self.join_clauses.append(clause)
        else:
            self.base_clauses.setdefault(required.bit_length() - 1, []).append(clause)

    # --- equivalence classes ------------------------------------------------------------------------

    def _may_be_equivalence(self, clause: Clause, joins: list[JoinInfo]) -> bool:
        expr = clause.expr
        if type(expr) is not OpExpr or len(expr.args) != 2 or clause.delayed:
            return False
        if clause.left_relids & clause.right_relids or not (clause.left_relids | clause.right_relids):
            return False
        catalog = self.root.catalog
        row = catalog.pg_operator.get(expr.opno)
        if not row.oprcanmerge or not is_strict(catalog, expr.opfuncid):
            return False
        if any(self._nullable(info) & clause.relids for info in joins):
            return False
        if contain_volatile_functions(catalog, expr):
            return False
        return any(m[3] == 3 for m in btree_members(catalog, expr.opno))

    def _form_classes(self) -> None:
        catalog = self.root.catalog
        classes: list[EquivalenceClass] = []
        for clause, scope in self._ec_sources:
            expr = clause.expr
            member = next(m for m in btree_members(catalog, expr.opno) if m[3] == 3)
            left = (expr.args[0], clause.left_relids, member[1])
            right = (expr.args[1], clause.right_relids, member[2])
            key = (member[0], expr.inputcollid, scope)
            first = _class_of(classes, key, left)
            second = _class_of(classes, key, right)
            if first is None and second is None:
                first = EquivalenceClass(*key)
                first.members += [left, right]
                classes.append(first)
            elif first is None:
                assert second is not None
                second.members.append(left)
                first = second
            elif second is None:
                first.members.append(right)
            elif first is not second:
                first.members += second.members
                first.sources += second.sources
                classes.remove(second)
            first.sources.append(clause)
        for ec in classes:
            self._finish_class(ec)

    def _finish_class(self, ec: EquivalenceClass) -> None:
        consts = [m for m in ec.members if not m[1]]
        if not self._complete(ec):
            for clause in ec.sources:
                if clause.on is not None:
                    clause.on.clauses.append(clause)
                else:
                    self.add_clause(clause)
            return
        if consts:
            ec.const = next((m for m in consts if type(m[0]) is Const), consts[0])
            for member in ec.members:
                if member is not ec.const:
                    expr = equality(self.root.catalog, ec, member, ec.const)
                    if member[1]:
                        clause = Clause(expr, member[1], member[1])
                        clause.ec = ec
                        self.add_clause(clause)
                    else:
                        self._constant_equality(ec, self.root.simplify(expr))
        else:
            by_rel: dict[int, Any] = {}
            for member in ec.members:
                relids = member[1]
                if relids & (relids - 1):
                    continue
                previous = by_rel.get(relids)
                if previous is not None:
                    self.add_clause(Clause(equality(self.root.catalog, ec, previous, member), relids, relids))
                by_rel[relids] = member
        self.ecs.append(ec)

    def _constant_equality(self, ec: EquivalenceClass, expr: Any) -> None:
        """Two constants of a class, tested once; below an outer join with one of the class's relations,
        since only that side has no rows if they differ."""
        if type(expr) is Const and not expr.constisnull and expr.constvalue:
            return
        if ec.scope == 0:
            self.onetime.append(expr)
            return
        relids = next(m[1] for m in ec.members if m[1])
        self.add_clause(Clause(expr, relids, relids))

    def _complete(self, ec: EquivalenceClass) -> bool:
        """Whether the family has the equality operator of every pair of members."""
        types = {m[2] for m in ec.members}
        catalog = self.root.catalog
        return all(get_opfamily_member(catalog, ec.family, a, b, 3) for a in types for b in types)


def _class_of(classes: list[EquivalenceClass], key: Any, member: Any) -> EquivalenceClass | None:
    for ec in classes:
        if (ec.family, ec.collation, ec.scope) == key:
            for other in ec.members:
                if other[0] == member[0] and other[2] == member[2]:
                    return ec
    return None


def equality(catalog: Any, ec: EquivalenceClass, a: Any, b: Any) -> Any:
    """a = b, by the clause that was written if there is one."""
    for clause in ec.sources:
        args = clause.expr.args
        if (args[0] == a[0] and args[1] == b[0]) or (args[0] == b[0] and args[1] == a[0]):
            return clause.expr
    opno = get_opfamily_member(catalog, ec.family, a[2], b[2], 3)
    return make_op(catalog, opno, a[0], b[0], ec.collation)


def commute(catalog: Any, expr: OpExpr) -> OpExpr | None:
    """The operator call with its arguments swapped, if there is a commutator."""
    opno = get_commutator(catalog, expr.opno)
    if not opno:
        return None
    row = catalog.pg_operator.get(opno)
    return replace(expr, opno=opno, opfuncid=row.oprcode, args=(expr.args[1], expr.args[0]))
