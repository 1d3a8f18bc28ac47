"""Access paths of base relations: scans of the whole relation, by ctid, by index, by bitmap; and the
rows of subqueries, functions, VALUES and WITH items (optimizer/path/allpaths.c, indxpath.c)."""

from typing import Any

from ..tree import BoolExpr, Const, CurrentOfExpr, OpExpr, ScalarArrayOpExpr, Var
from . import costs
from .clauses import function_of, is_pseudo_constant
from .indexes import IndexInfo, Match, conditions_of, match_clause, predicate_implied_by
from .inherit import expand, inherited_paths, is_inherited
from .joins import EMPTY, Path, Rel, enforcement, order_clauses
from .jointree import Clause, Deconstructed
from .nodes import (
    BitmapAnd,
    BitmapIndex,
    BitmapOr,
    BitmapScan,
    IndexScan,
    RowidScan,
    SeqScan,
)
from .root import DISABLED_COST, Root
from .statistics import relation_rows
from .walk import make_ands_implicit, pull_varnos

TID_EQUAL = 387
INDEX_ONLY_TYPES = frozenset((16, 20, 21, 23, 25, 26, 1043, 1082, 1083, 1114, 1184, 2950, 17))


def make_base_rel(root: Root, varno: int) -> Rel:
    """The Rel of a range table entry, without clauses and paths yet."""
    rel = Rel(1 << varno)
    rte = root.rte(varno)
    rel.varno = varno
    rel.rte = rte
    if rte.rtekind == "relation":
        rel.relation = root.catalog.relation(rte.relid)
        rel.tuples = relation_rows(root.catalog, rel.relation)
        root.glob.relations[rte.relid] = None
        if rel.relation.kind == "p" or is_inherited(root, varno):
            expand(root, rel)
    elif rte.rtekind not in ("values", "result"):
        rel.tuples = 100.0
    root.rels[varno] = rel
    return rel


def clause_cost(root: Root, clauses: Any) -> float:
    """The cost of evaluating the clauses for one row."""
    cost = 0.0
    for clause in clauses:
        expr = clause.expr if isinstance(clause, Clause) else clause
        cost += expression_cost(root, expr)
    return cost


def expression_cost(root: Root, expr: Any) -> float:
    """A rough cost of evaluating an expression once."""
    if type(expr) is OpExpr and type(expr.args[0]) is Var:
        return costs.QUAL
    cost = 0.0
    stack = [expr]
    from .nodes import SubPlan
    from .walk import child_nodes

    while stack:
        node = stack.pop()
        if type(node) is SubPlan:
            if node.hashed or not node.correlated:
                cost += costs.HASH_PROBE_ROW
            elif node.kind == "exists":
                cost += costs.SUBPLAN_START + node.plan.plan.cost / max(node.plan.plan.rows, 1.0)
            else:
                cost += costs.SUBPLAN_START + node.plan.plan.cost
            continue
        if function_of(node):
            cost += costs.QUAL
        stack.extend(child_nodes(node))
    return cost or costs.QUAL / 2


def set_base_paths(root: Root, rel: Rel, tree: Deconstructed) -> None:
    """All useful paths of a base relation."""
    rel.clauses = order_clauses(tree.base_clauses.get(rel.varno, []))
    kind = rel.rte.rtekind
    if kind == "relation":
        selectivity = root.estimator.clauselist([c.expr for c in rel.clauses])
        rel.rows = max(rel.tuples * selectivity, 1.0)
        if rel.children is None:
            _relation_paths(root, rel, tree)
        else:
            inherited_paths(root, rel, tree, _relation_paths)
    else:
        from .fromitems import set_from_item_path

        set_from_item_path(root, rel)
        rel.rows = max(rel.paths[0].rows, 1.0)


def _relation_paths(root: Root, rel: Rel, tree: Deconstructed) -> None:
    quals = tuple([c.expr for c in rel.clauses])
    rowid = _rowid_path(root, rel)
    if rowid is not None:
        rel.add_path(rowid)
        if any(type(c.expr) is CurrentOfExpr for c in rel.clauses):
            return
    cost = rel.tuples * (costs.SEQ_ROW + clause_cost(root, rel.clauses))
    if not root.glob.enabled("enable_seqscan"):
        cost += DISABLED_COST
    sample = rel.rte.tablesample
    scan = SeqScan(
        varno=rel.varno,
        relid=rel.relation.oid,
        parent=_parent(rel),
        quals=quals,
        rows=rel.rows,
        cost=cost,
        width=relation_width(rel.relation),
        tablesample=root.preprocess_expression(sample) if hasattr(sample, "__struct_fields__") else sample,
    )
    rel.add_path(Path(scan))
    if sample is not None or rel.relation.system or not rel.relation.indexes:
        return
    infos = [
        IndexInfo(root, index, rel.varno, rel.relation)
        for index in rel.relation.indexes
        if index.valid and index.am == "btree"
    ]
    if root.glob.enabled("enable_indexscan"):
        join_clauses = _movable_join_clauses(root, rel, tree)
        base_exprs = [c.expr for c in rel.clauses]
        for info in infos:
            if info.predicate and not predicate_implied_by(root.catalog, info.predicate, base_exprs):
                continue
            index_paths(root, rel, info, join_clauses, tree)
    if root.glob.enabled("enable_bitmapscan") and rel.clauses:
        bitmap = _bitmap_path(root, rel, infos)
        if bitmap is not None:
            rel.add_path(bitmap)


def _parent(rel: Rel) -> int:
    """The relation whose child is scanned; 0: it is scanned as itself."""
    return 0 if rel.relation.oid == rel.rte.relid else int(rel.rte.relid)


def relation_width(relation: Any) -> int:
    """A rough width of a row."""
    return 8 * sum(1 for c in relation.columns if not c.dropped)


# --- ctid -----------------------------------------------------------------------------------------


def _rowid_path(root: Root, rel: Rel) -> Path | None:
    for clause in rel.clauses:
        expr = clause.expr
        ctids: tuple[Any, ...] = ()
        array = False
        count = 1.0
        if type(expr) is CurrentOfExpr:
            ctids = (expr,)
        elif type(expr) is OpExpr and expr.opno == TID_EQUAL:
            left, right = expr.args
            for a, b in ((left, right), (right, left)):
                if _is_ctid(a, rel.varno) and is_pseudo_constant(root.catalog, b):
                    ctids = (b,)
                    break
        elif type(expr) is ScalarArrayOpExpr and expr.opno == TID_EQUAL and expr.useOr:
            if _is_ctid(expr.args[0], rel.varno) and is_pseudo_constant(root.catalog, expr.args[1]):
                ctids, array, count = (expr.args[1],), True, 10.0
        if ctids:
            rest = tuple([c.expr for c in rel.clauses if c is not clause])
            scan = RowidScan(
                varno=rel.varno,
                relid=rel.relation.oid,
                parent=_parent(rel),
                ctids=ctids,
                array=array,
                quals=rest,
                rows=count,
                cost=count * costs.ROWID_GET,
                width=relation_width(rel.relation),
            )
            return Path(scan)
    return None


def _is_ctid(node: Any, varno: int) -> bool:
    return type(node) is Var and node.varattno == -1 and node.varno == varno and node.varlevelsup == 0


# --- indexes --------------------------------------------------------------------------------------


def _movable_join_clauses(root: Root, rel: Rel, tree: Deconstructed) -> list[Clause]:
    """Join clauses that may be enforced by a scan of this relation inside a nested loop."""
    bit = 1 << rel.varno
    out = []
    for clause in tree.join_clauses:
        if clause.relids & bit and not clause.delayed and not clause.volatile:
            out.append(clause)
    for info in tree.joins:
        if info.jointype == "full":
            continue
        for clause in info.clauses:
            if clause.relids & bit and (info.syn_right & bit or info.jointype == "semi"):
                out.append(clause)
    from .jointree import equality

    for ec in tree.ecs:
        if ec.const is not None:
            continue
        mine = [m for m in ec.members if m[1] == bit]
        if not mine:
            continue
        for other in ec.members:
            if other[1] and not other[1] & bit:
                for member in mine:
                    clause = Clause(equality(root.catalog, ec, member, other), bit | other[1], bit | other[1])
                    clause.ec = ec
                    out.append(clause)
    return out


def index_paths(
    root: Root, rel: Rel, info: IndexInfo, join_clauses: list[Clause], tree: Deconstructed
) -> None:
    """Plain and parameterised scans of one index."""
    base_matches: list[Match] = []
    join_matches: list[Match] = []
    for column in range(len(info.exprs)):
        for clause in rel.clauses:
            base_matches.extend(match_clause(root, info, column, clause))
        for clause in join_clauses:
            join_matches.extend([m for m in match_clause(root, info, column, clause) if m.other])
    base_matches = [m for m in base_matches if not m.other]
    _add_index_path(root, rel, info, base_matches, 0)
    if not join_matches:
        return
    combinations: dict[int, None] = {}
    for match in join_matches:
        combinations[match.other] = None
    union = 0
    for match in join_matches:
        union |= match.other
        combinations[union] = None
    for available in combinations:
        usable = [m for m in join_matches if not m.other & ~available]
        _add_index_path(root, rel, info, [*base_matches, *usable], available)


def _add_index_path(root: Root, rel: Rel, info: IndexInfo, matches: list[Match], available: int) -> None:
    conditions, used, equated = conditions_of(matches)
    req = 0
    for match in used:
        req |= match.other
    if available and not req:
        return
    index = info.index
    keys = index_pathkeys(root, info, conditions)
    useful = not available and (
        useful_order(root, keys) or useful_order(root, index_pathkeys(root, info, conditions, True))
    )
    covering = _is_covering(root, rel, info)
    if not conditions and not useful and not covering and not info.predicate:
        return
    consumed = {id(m.clause) for m in used if not m.lossy and m.clause is not None}
    rest = [c for c in rel.clauses if id(c) not in consumed]
    if info.predicate:
        rest = [c for c in rest if c.expr not in info.predicate]
    enforced = frozenset([enforcement(m.clause, m.other) for m in used if m.other])
    unique = (
        index.unique
        and not index.deferrable
        and equated == len(index.keys)
        and all(c.op == "=" for c in conditions)
    )
    est = root.estimator
    clauses = [m.clause.expr for m in used]
    selectivity = est.clauselist(list(dict.fromkeys(clauses))) if clauses else 1.0
    if info.predicate:
        selectivity *= est.clauselist(info.predicate)
    scanned = 1.0 if unique else max(rel.tuples * selectivity, 1.0)
    rows = scanned * est.clauselist([c.expr for c in rest]) if rest else scanned
    rows = max(rows, 1.0)
    if not req:
        rows = min(rows, max(rel.rows, 1.0)) if not unique else 1.0
    starts = 1.0
    for condition in conditions:
        if condition.op == "in":
            value = condition.value
            starts *= len(value.constvalue.items) if type(value) is Const else 10
    per_row = costs.INDEX_ONLY_ROW if covering else costs.INDEX_ROW
    cost = starts * costs.INDEX_START + scanned * (per_row + clause_cost(root, rest))
    for backward in (False, True):
        ordered = index_pathkeys(root, info, conditions, backward)
        if backward and (available or not useful_order(root, ordered)):
            break
        if (
            not backward
            and not conditions
            and not covering
            and not info.predicate
            and not useful_order(root, ordered)
        ):
            continue
        node = IndexScan(
            varno=rel.varno,
            relid=rel.relation.oid,
            parent=_parent(rel),
            indexid=index.oid,
            conditions=conditions,
            backward=backward,
            index_only=covering,
            quals=tuple([c.expr for c in rest]),
            unique=unique,
            rows=rows,
            cost=cost,
            startup_cost=costs.INDEX_START,
            width=relation_width(rel.relation),
        )
        rel.add_path(
            Path(node, ordered if useful_order(root, ordered) else (), req, enforced if req else EMPTY)
        )
        if unique:
            rel.single_row = rel.single_row or not req


def _is_covering(root: Root, rel: Rel, info: IndexInfo) -> bool:
    """Whether the entries of the index hold all columns that the query needs."""
    if not root.index_only_allowed or not root.glob.enabled("enable_indexonlyscan"):
        return False
    held = set(info.index.include)
    for key in info.index.keys:
        if key.attnum and rel.relation.columns[key.attnum - 1].typid in INDEX_ONLY_TYPES:
            held.add(key.attnum)
    return root.used_columns(rel.varno) <= held


def index_pathkeys(root: Root, info: IndexInfo, conditions: Any, backward: bool = False) -> tuple[Any, ...]:
    """The order of an index scan: (expression, family, collation, descending, nulls first) per key."""
    equated = set()
    for condition in conditions:
        if condition.op == "in":
            return ()
        if condition.op in ("=", "is_null"):
            equated.add(condition.column)
    out = []
    for column, key in enumerate(info.index.keys):
        if column in equated:
            continue
        expr = canonical_expression(root, info.exprs[column], key.opfamily)
        if expr is not None:
            out.append(
                (expr, key.opfamily, key.collation, key.descending != backward, key.nulls_first != backward)
            )
    return tuple(out)


def canonical_expression(root: Root, expr: Any, family: int) -> Any:
    """The representative of an expression's equivalence class; None if it equals a constant."""
    for ec in root.ecs:
        if ec.scope == 0 and ec.family == family:
            for member in ec.members:
                if member[0] == expr:
                    return None if ec.const is not None else ec.members[0][0]
    return expr


def useful_order(root: Root, keys: tuple[Any, ...]) -> bool:
    """Whether the query can use (a prefix of) this order."""
    if not keys:
        return False
    for wanted in root.wanted_orders:
        if wanted and wanted[0] == keys[0]:
            return True
    return bool(root.wanted_groups and keys[0][0] in root.wanted_groups)


# --- bitmaps --------------------------------------------------------------------------------------


def _bitmap_path(root: Root, rel: Rel, infos: list[IndexInfo]) -> Path | None:
    """The best bitmap scan by an OR clause or by two indexes together."""
    options = []
    for clause in rel.clauses:
        if type(clause.expr) is BoolExpr and clause.expr.boolop == "or":
            option = _bitmap_or(root, rel, infos, clause)
            if option is not None:
                options.append(option)
    singles = [s for s in (_bitmap_single(root, rel, info, rel.clauses) for info in infos) if s is not None]
    singles.sort(key=lambda s: s[1])
    if len(singles) > 1:
        first = singles[0]
        for second in singles[1:]:
            if not first[2] & second[2] and first[0].conditions:
                node = BitmapAnd(inputs=(first[0], second[0]), cost=first[0].cost + second[0].cost)
                options.append((node, first[1] * second[1], first[2] | second[2]))
                break
    best = None
    for node, selectivity, _ in options:
        fetched = max(rel.tuples * selectivity, 1.0)
        cost = node.cost + fetched * (costs.BITMAP_ROW + clause_cost(root, rel.clauses))
        if best is None or cost < best.cost:
            best = BitmapScan(
                varno=rel.varno,
                relid=rel.relation.oid,
                parent=_parent(rel),
                bitmap=node,
                quals=tuple([c.expr for c in rel.clauses]),
                rows=rel.rows,
                cost=cost,
                startup_cost=node.cost,
                width=relation_width(rel.relation),
            )
    return None if best is None else Path(best)


def _bitmap_single(
    root: Root, rel: Rel, info: IndexInfo, clauses: list[Clause]
) -> tuple[Any, float, set[int]] | None:
    if info.predicate and not predicate_implied_by(root.catalog, info.predicate, [c.expr for c in clauses]):
        return None
    matches = []
    for column in range(len(info.exprs)):
        for clause in clauses:
            matches.extend([m for m in match_clause(root, info, column, clause) if not m.other])
    conditions, used, _ = conditions_of(matches)
    if not conditions:
        return None
    exprs = list(dict.fromkeys([m.clause.expr for m in used]))
    selectivity = root.estimator.clauselist(exprs)
    entries = max(rel.tuples * selectivity, 1.0)
    node = BitmapIndex(
        indexid=info.index.oid,
        conditions=conditions,
        rows=entries,
        cost=costs.INDEX_START + entries * costs.INDEX_ONLY_ROW,
    )
    return node, selectivity, {id(m.clause) for m in used}


def _bitmap_or(
    root: Root, rel: Rel, infos: list[IndexInfo], clause: Clause
) -> tuple[Any, float, set[int]] | None:
    inputs = []
    cost = 0.0
    for arm in clause.expr.args:
        conjuncts = [Clause(e, pull_varnos(e), clause.required) for e in make_ands_implicit(arm)]
        best = None
        for info in infos:
            single = _bitmap_single(root, rel, info, conjuncts)
            if single is not None and (best is None or single[1] < best[1]):
                best = single
        if best is None:
            return None
        inputs.append(best[0])
        cost += best[0].cost
    selectivity = root.estimator.clause(clause.expr)
    return BitmapOr(inputs=tuple(inputs), cost=cost), selectivity, {id(clause)}
