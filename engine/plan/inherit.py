"""Relations with children: each child that may have rows is scanned as the parent's range table entry
(optimizer/util/inherit.c, partitioning/partprune.c).

A child is seen with the parent's columns (catalog/inheritance.py), so its access paths are made as those of
any relation, and what is above the scans knows nothing of children.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..catalog.inheritance import has_children, inherited_view, scanned_children
from ..catalog.relation import Index, IndexKey, Relation
from ..lsyscache import get_default_opclass
from ..run.partitions import KeyCondition, PartitionTable, live_children, partition_table
from ..tree import BoolExpr, Const, Var
from ..treetypes import walk
from . import costs
from .indexes import IndexInfo, match_clause
from .joins import Path, Rel
from .jointree import Clause, Deconstructed
from .nodes import ChildAppend, IndexCondition
from .root import Root
from .statistics import relation_rows
from .walk import make_ands_implicit, pull_varnos

BTREE = 403


def is_inherited(root: Root, varno: int) -> bool:
    """Whether a range table entry stands for a relation with children, too."""
    rte = root.rte(varno)
    return (
        rte.rtekind == "relation"
        and rte.inh
        and rte.relkind in "rpf"
        and has_children(root.catalog, root.catalog.relation(rte.relid))
    )


def expand(root: Root, rel: Rel) -> None:
    """Find the relations that hold the rows of a relation with children; all are locked with it."""
    if rel.rte.inh:
        children = scanned_children(root.catalog, rel.relation)
    else:  # ONLY a partitioned table: it has no rows itself
        children = ()
    rel.children = children
    for oid in children:
        root.glob.relations[oid] = None
    rel.tuples = sum(relation_rows(root.catalog, root.catalog.relation(oid)) for oid in children) or 1.0


def inherited_paths(root: Root, rel: Rel, tree: Deconstructed, child_paths: Callable[..., None]) -> None:
    """The paths of a relation with children, from those of the children that are left by pruning."""
    children, pruning = prune(root, rel, tree)
    parts: list[Rel] = []
    selectivity = rel.rows / max(rel.tuples, 1.0)
    for oid in children:
        child = Rel(rel.relids)
        child.varno, child.rte, child.clauses = rel.varno, rel.rte, rel.clauses
        child.relation = inherited_view(root.catalog, oid, rel.rte.relid)
        child.tuples = relation_rows(root.catalog, child.relation)
        child.rows = max(child.tuples * selectivity, 1.0)
        child_paths(root, child, tree)
        parts.append(child)
    rel.rows = max(sum(child.rows for child in parts), 1.0)
    if len(parts) == 1 and not pruning:
        for path in parts[0].paths:
            rel.add_path(path)
        rel.single_row = parts[0].single_row
        return
    rel.add_path(_append(rel, [child.cheapest() for child in parts], children, pruning))
    if parts:
        _parameterized(rel, parts, children, pruning)
        _ordered(root, rel, parts, children, pruning)


def _ordered(root: Root, rel: Rel, parts: list[Rel], children: Sequence[int], pruning: Any) -> None:
    """Range partitions one after another are in the order of the partition key, if each is so by an index."""
    table = partition_table(root.catalog, rel.rte.relid) if rel.relation.kind == "p" else None
    if table is None or table.strategy != "r" or _has_whole_row(root.catalog, rel.rte.relid):
        return
    if table.default in children or any(oid not in table.owners for oid in children):
        return
    from .paths import canonical_expression

    info = _key_info(root, rel, table, rel.relation)
    for keys in {path.keys: None for path in parts[0].paths if path.keys and not path.req}:
        descending = keys[0][3]
        in_order = all(
            (canonical_expression(root, expr, key.opfamily), key.opfamily, key.collation, descending)
            == given[:4]
            for expr, key, given in zip(info.exprs, info.index.keys, keys, strict=False)
        )
        if not in_order:
            continue
        chosen = []
        for child in parts:
            same = [path for path in child.paths if path.keys == keys and not path.req]
            if not same:
                break
            chosen.append(min(same, key=lambda path: path.cost))
        else:
            order = list(children)
            if descending:
                chosen.reverse()
                order.reverse()
            rel.add_path(_append(rel, chosen, order, pruning, keys))


def _parameterized(rel: Rel, parts: list[Rel], children: Sequence[int], pruning: Any) -> None:
    """Nested loops' inner sides: only where each child has a scan by the same values."""
    wanted = {(path.req, path.enforced): None for path in parts[0].paths if path.req}
    for req, enforced in wanted:
        chosen = []
        for child in parts:
            same = [path for path in child.paths if path.req == req and path.enforced == enforced]
            if not same:
                break
            chosen.append(min(same, key=lambda path: path.cost))
        else:
            rel.add_path(_append(rel, chosen, children, pruning))


def _append(
    rel: Rel, paths: list[Path], children: Sequence[int], pruning: Any, keys: tuple[Any, ...] = ()
) -> Path:
    # What a scan takes from outer rows may prune, too, and more than the estimates say.
    share = 1.0 / len(paths) if pruning and len(paths) > 1 else 1.0
    node = ChildAppend(
        varno=rel.varno,
        relid=rel.rte.relid,
        scans=tuple([path.plan for path in paths]),
        relids=tuple(children),
        pruning=pruning,
        rows=max(sum(path.rows for path in paths), 1.0),
        cost=sum(path.cost for path in paths) * share + sum(path.rows for path in paths) * costs.LOOP_ROW,
        startup_cost=paths[0].startup if keys else 0.0,
        width=paths[0].plan.width if paths else 0,
    )
    req, enforced = (paths[0].req, paths[0].enforced) if paths else (0, frozenset[Any]())
    return Path(node, keys, req, enforced)


# --- pruning --------------------------------------------------------------------------------------


def prune(root: Root, rel: Rel, tree: Deconstructed) -> tuple[Sequence[int], Any]:
    """(the children that the constants in the conditions leave, conditions to be evaluated by each run)."""
    if rel.relation.kind != "p" or not rel.children or not root.glob.enabled("enable_partition_pruning"):
        return rel.children, ()
    selected: dict[int, Callable[[PartitionTable], set[int]]] = {}
    later = []
    for oid in _partitioned(root.catalog, rel.relation):
        if _has_whole_row(root.catalog, oid):
            continue
        view = inherited_view(root.catalog, oid, rel.rte.relid)
        found = _conditions(root, rel, partition_table(root.catalog, oid), view)
        constant = [c for c in found if c.value is None or type(c.value) is Const]
        choices = _alternatives(root, rel, partition_table(root.catalog, oid), view)
        if constant or choices:
            conditions = tuple([_known(c) for c in constant])
            selected[oid] = partial(_select, conditions, choices)
        if len(constant) < len(found):
            later.append((oid, tuple(found)))
    if not selected:
        return rel.children, tuple(later)
    live = live_children(root.catalog, rel.rte.relid, selected)
    return [oid for oid in rel.children if oid in live], tuple(later)


def _has_whole_row(catalog: Any, oid: int) -> bool:
    """Whether a partition key uses the row as a whole: no condition is matched with that."""
    return any(
        type(node) is Var and node.varattno == 0
        for key in partition_table(catalog, oid).keys
        if not key.attnum
        for node in walk(key.expr)
    )


def _partitioned(catalog: Any, relation: Relation) -> list[int]:
    """The relation and the partitioned tables below it."""
    found = [relation.oid]
    for oid in found:
        found += [c for c in partition_table(catalog, oid).order if catalog.pg_class.get(c).relkind == "p"]
    return found


def _select(
    conditions: tuple[KeyCondition, ...], choices: list[list[tuple[KeyCondition, ...]]], table: PartitionTable
) -> set[int]:
    found = table.select(conditions)
    for arms in choices:
        found &= set().union(*[table.select(arm) for arm in arms])
    return found


def _known(condition: IndexCondition) -> KeyCondition:
    value: Any = condition.value
    if value is not None:
        value = None if value.constisnull else value.constvalue
        if condition.op == "in" and value is not None:
            value = value.items
    return KeyCondition(condition.column, condition.op, value)


def _key_info(root: Root, rel: Rel, table: PartitionTable, view: Relation) -> IndexInfo:
    """The partition key as an index of the parent's range table entry. Hash keys are matched by the operators
    of the types' ordering, whose equality is the same."""
    from ..catalog.inheritance import attribute_map, renumber

    keys: list[IndexKey] = []
    back = {mine: theirs for theirs, mine in attribute_map(rel.relation, table.relation).items()}
    for key in table.keys:
        family = key.opfamily
        if table.strategy == "h":
            row = get_default_opclass(root.catalog, root.catalog.base_type(key.typid), BTREE)
            family = row.opcfamily if row is not None else 0
        keys.append(
            IndexKey(
                attnum=back[key.attnum] if key.attnum else 0,
                expr=None if key.attnum else renumber(key.expr, back),
                typid=key.typid,
                collation=key.collation,
                opclass=key.opclass,
                opfamily=family,
            )
        )
    index = Index(0, "", rel.rte.relid, tuple(keys), (), False, False, False)
    return IndexInfo(root, index, rel.varno, view)


def _conditions(root: Root, rel: Rel, table: PartitionTable, view: Relation) -> list[IndexCondition]:
    return _matching(root, _key_info(root, rel, table, view), rel.clauses)


def _matching(root: Root, info: IndexInfo, clauses: Sequence[Clause]) -> list[IndexCondition]:
    found = []
    for column in range(len(info.exprs)):
        for clause in clauses:
            for match in match_clause(root, info, column, clause):
                if not match.other:
                    found.append(IndexCondition(column=column, op=match.op, value=match.value))
    return found


def _alternatives(
    root: Root, rel: Rel, table: PartitionTable, view: Relation
) -> list[list[tuple[KeyCondition, ...]]]:
    """OR clauses all of whose arms have constants for the key: the conditions of each arm."""
    choices = []
    info = None
    for clause in rel.clauses:
        if type(clause.expr) is not BoolExpr or clause.expr.boolop != "or":
            continue
        info = info or _key_info(root, rel, table, view)
        arms = []
        for arm in clause.expr.args:
            conjuncts = [Clause(e, pull_varnos(e), clause.required) for e in make_ands_implicit(arm)]
            found = _matching(root, info, conjuncts)
            constant = [_known(c) for c in found if c.value is None or type(c.value) is Const]
            if not constant:
                break
            arms.append(tuple(constant))
        else:
            choices.append(arms)
    return choices
