"""INSERT, UPDATE, DELETE and MERGE: a ModifyTable over the rows to be written
(optimizer/prep/preptlist.c, createplan.c: make_modifytable, plancat.c: infer_arbiter_indexes)."""

from typing import Any

from ..catalog.inheritance import identity_owner
from ..errors import SqlError
from ..lsyscache import get_typcollation
from ..sqlstates import INVALID_COLUMN_REFERENCE, WRONG_OBJECT_TYPE
from ..tree import (
    CoerceToDomain,
    FromExpr,
    JoinExpr,
    MergeAction,
    NextValueExpr,
    OnConflictExpr,
    Param,
    Query,
    RangeTblRef,
    SetToDefault,
    SubLink,
    TargetEntry,
    Var,
)
from .clauses import strip_relabel
from .grouping import finish
from .indexes import predicate_implied_by
from .inherit import is_inherited
from .nodes import ModifyTable, Plan, PlannedQuery
from .preprocess import Simplifier, null_const
from .pullup import prepare_jointree
from .recheck import recheck_quals
from .root import Root
from .walk import any_node, make_ands_implicit, replace, transform

PG_CLASS = 1259


def plan_modify(root: Root) -> PlannedQuery:
    """The PlannedQuery of a data-modifying query."""
    from .build import make_planned_query, preprocess_targets

    query = root.query
    relid = root.rte(query.resultRelation).relid
    relation = root.catalog.relation(relid)
    root.glob.relations[relid] = None
    root.index_only_allowed = False
    _fill_values_defaults(root, relation)
    targets = _target_list(root, relation)
    if query.commandType == "merge":
        root.jointree = _merge_jointree(root)
    elif query.commandType != "insert" and not _mentions(root.jointree, _source_relation(query)):
        root.jointree = FromExpr(
            fromlist=(RangeTblRef(rtindex=_source_relation(query)), *root.jointree.fromlist),
            quals=root.jointree.quals,
        )
    prepare_jointree(root)
    targets = _expand_multiexpr(root, targets)
    root.tlist = preprocess_targets(root, targets)
    root.limit_count = root.limit_offset = None
    returning = preprocess_targets(root, query.returningList)
    on_conflict, arbiters = _on_conflict(root, relation)
    actions = tuple([_merge_action(root, relation, action) for action in query.mergeActionList])
    condition = None
    if query.commandType == "merge" and any(a.matchKind == "not_matched_by_source" for a in actions):
        condition = root.preprocess_expression(query.mergeJoinCondition)
    options = tuple([_check_option(root, option) for option in query.withCheckOptions])
    root.extra_uses.extend([entry.expr for entry in returning])
    for action in actions:
        root.extra_uses.append(action)
    if condition is not None:
        root.extra_uses.append(condition)
    old_row, old_whole = _old_row(root, relation)
    plan = _input(root)
    visible = [entry for entry in root.tlist if not entry.resjunk]
    node = ModifyTable(
        operation=query.commandType,
        varno=query.resultRelation,
        relid=relid,
        input=plan,
        targetList=tuple(visible),
        generated=generated_columns(root, relation, query.resultRelation),
        on_conflict=on_conflict,
        arbiters=arbiters,
        merge_actions=actions,
        merge_join_condition=condition,
        returning=tuple(returning),
        check_options=options,
        conflict_var=query.onConflict.exclRelIndex if query.onConflict is not None else 0,
        recheck=recheck_quals(root, query.resultRelation)
        if query.commandType in ("update", "delete") and relation.kind != "v"
        else None,
        inherited=relation.kind == "p"
        or (query.commandType != "insert" and is_inherited(root, query.resultRelation)),
        old_row=old_row,
        old_whole=old_whole,
        rows=plan.rows if returning else 0.0,
        cost=plan.cost + plan.rows * 3.0,
        startup_cost=plan.startup_cost,
        width=plan.width,
    )
    root.volatile = True
    return make_planned_query(root, node, returning, query.commandType)


def _source_relation(query: Query) -> int:
    """Whose rows UPDATE, DELETE and MERGE change: a view's, in another entry than the target's."""
    return query.mergeTargetRelation or query.resultRelation


def _old_row(root: Root, relation: Any) -> tuple[tuple[TargetEntry, ...] | None, Any]:
    """The old row of a view, and for MERGE the same as one value."""
    from .build import preprocess_targets

    query = root.query
    if relation.kind != "v" or query.commandType == "insert":
        return None, None
    index = _source_relation(query)
    columns = [
        TargetEntry(
            expr=Var(index, column.attnum, column.typid, column.typmod, column.collation),
            resno=column.attnum,
            resname=column.name,
        )
        for column in relation.columns
        if not column.dropped
    ]
    row = tuple(preprocess_targets(root, columns))
    whole = None
    if query.commandType == "merge":
        whole = root.preprocess_expression(query.targetList[0].expr)
    root.extra_uses.extend([entry.expr for entry in row])
    if whole is not None:
        root.extra_uses.append(whole)
    return row, whole


def _input(root: Root) -> Plan:
    """The rows to be written."""
    from .build import query_planner

    best: Plan | None = None
    for path in query_planner(root):
        plan = finish(root, path)
        if best is None or plan.cost < best.cost:
            best = plan
    assert best is not None
    return best


def _mentions(node: Any, varno: int) -> bool:
    return any_node(node, lambda n: type(n) is RangeTblRef and n.rtindex == varno) if node.fromlist else False


# --- targets --------------------------------------------------------------------------------------


def column_default(root: Root, relation: Any, column: Any) -> Any:
    """The expression that a column gets when no value is given (build_column_default)."""
    if column.identity:
        sequence = identity_sequence(root.catalog, relation.oid, column.attnum)
        if sequence:
            return NextValueExpr(seqid=sequence, typeId=column.typid)
    if column.default is not None and not column.generated:
        return column.default
    return type_default(root, column.typid, column.typmod, column.collation)


def type_default(root: Root, typid: int, typmod: int, collation: int) -> Any:
    """A domain's default, or NULL."""
    catalog = root.catalog
    row = catalog.pg_type.get(typid)
    if row is None or row.typtype != "d":
        return null_const(typid, typmod, collation)
    default = None
    if row.typdefaultbin:
        from ..catalog.trees import load_tree

        default = load_tree(catalog, row.typdefaultbin)
    base, base_typmod = catalog.base_type_and_typmod(typid, typmod)
    if default is None:
        default = null_const(base, base_typmod, get_typcollation(catalog, base))
    elif type(default) is CoerceToDomain:
        return default
    return CoerceToDomain(
        arg=default, resulttype=typid, resulttypmod=typmod, resultcollid=collation, coercionformat="implicit"
    )


def identity_sequence(catalog: Any, relid: int, attnum: int) -> int:
    """The sequence of an identity column (getIdentitySequence), 0 if there is none."""
    relid, attnum = identity_owner(catalog, relid, attnum)
    for row in catalog.pg_depend.find("refclassid_refobjid_refobjsubid", PG_CLASS, relid, attnum):
        if row.classid == PG_CLASS and row.deptype == "i":
            found = catalog.pg_class.get(row.objid)
            if found is not None and found.relkind == "S":
                return int(row.objid)
    return 0


def _target_list(root: Root, relation: Any) -> list[TargetEntry]:
    """INSERT: one entry per column; UPDATE: the assigned ones with DEFAULT put in."""
    query = root.query
    if query.commandType == "insert":
        return list(expand_insert_targets(root, relation, query.targetList))
    if query.commandType == "update":
        return [_without_default(root, relation, entry) for entry in query.targetList]
    return []


def expand_insert_targets(root: Root, relation: Any, targets: Any) -> tuple[TargetEntry, ...]:
    """An entry for every live column that is not generated, in attnum order (expand_insert_targetlist)."""
    given = {entry.resno: entry for entry in targets if not entry.resjunk}
    out = []
    for column in relation.columns:
        if column.dropped or column.generated:
            continue
        entry = given.get(column.attnum)
        if entry is None:
            expr = column_default(root, relation, column)
            out.append(TargetEntry(expr=expr, resno=column.attnum, resname=column.name))
        else:
            out.append(_without_default(root, relation, entry))
    return tuple(out)


def _without_default(root: Root, relation: Any, entry: TargetEntry) -> TargetEntry:
    if type(entry.expr) is SetToDefault and not entry.resjunk:
        column = relation.columns[entry.resno - 1]
        return replace(entry, expr=column_default(root, relation, column))
    return entry


def _fill_values_defaults(root: Root, relation: Any) -> None:
    """DEFAULT inside the VALUES lists of a multi-row INSERT (rewriteValuesRTE)."""
    query = root.query
    if query.commandType != "insert":
        return
    for i, rte in enumerate(root.rtable):
        if rte.rtekind != "values" or not any(
            type(e) is SetToDefault for row in rte.values_lists for e in row
        ):
            continue
        attnums = {}
        for entry in query.targetList:
            below = strip_relabel(entry.expr)
            if type(below) is Var and below.varno == i + 1:
                attnums[below.varattno] = entry.resno
        lists = []
        for row in rte.values_lists:
            new = []
            for position, expr in enumerate(row, 1):
                if type(expr) is SetToDefault:
                    attnum = attnums.get(position)
                    if attnum is None:
                        expr = null_const(expr.typeId, expr.typeMod, expr.collation)
                    else:
                        expr = column_default(root, relation, relation.columns[attnum - 1])
                new.append(expr)
            lists.append(tuple(new))
        root.rtable[i] = replace(rte, values_lists=tuple(lists))


def generated_columns(root: Root, relation: Any, varno: int) -> tuple[TargetEntry, ...]:
    """The stored generated columns' expressions over the new row."""
    from .indexes import move_to

    out = []
    simplify = Simplifier(root.catalog)
    for column in relation.columns:
        if column.generated == "s" and not column.dropped:
            expr = simplify(move_to(column.default, varno))
            out.append(TargetEntry(expr=expr, resno=column.attnum, resname=column.name))
    return tuple(out)


def _expand_multiexpr(root: Root, targets: list[TargetEntry]) -> list[TargetEntry]:
    """SET (a, b) = (SELECT x, y ...): each column becomes a scalar subquery for its output. The subquery
    runs once per column: a price paid only by multi-column assignments."""
    sublinks = {}
    kept = []
    for entry in targets:
        if entry.resjunk and type(entry.expr) is SubLink and entry.expr.subLinkType == "multiexpr":
            sublinks[entry.expr.subLinkId] = entry.expr
        else:
            kept.append(entry)
    if not sublinks:
        return targets

    def function(node: Any, level: int) -> Any:
        if type(node) is Param and node.paramkind == "multiexpr" and level == 0:
            sublink = sublinks[node.paramid >> 16]
            return _output_of(sublink, node.paramid & 0xFFFF)
        return None

    return [replace(entry, expr=transform(entry.expr, function)) for entry in kept]


def _output_of(sublink: SubLink, column: int) -> SubLink:
    """The subquery as a scalar one giving its column number `column`."""
    query = sublink.subselect
    targets = []
    position = 0
    chosen = None
    for entry in query.targetList:
        if entry.resjunk:
            targets.append(entry)
            continue
        position += 1
        if position == column:
            chosen = replace(entry, resjunk=False)
        else:
            targets.append(replace(entry, resjunk=True))
    assert chosen is not None
    return replace(
        sublink, subLinkType="expr", testexpr=None, subselect=replace(query, targetList=[chosen, *targets])
    )


def _check_option(root: Root, option: Any) -> Any:
    """A view's WITH CHECK OPTION: (view name, expression, cascaded)."""
    return (option.relname, root.preprocess_expression(option.qual), option.cascaded)


# --- ON CONFLICT ----------------------------------------------------------------------------------


def _on_conflict(root: Root, relation: Any) -> tuple[OnConflictExpr | None, tuple[int, ...]]:
    clause = root.query.onConflict
    if clause is None:
        return None, ()
    arbiters = infer_arbiter_indexes(root, relation, clause)
    assigned = tuple([_without_default(root, relation, entry) for entry in clause.onConflictSet])
    assigned = tuple(_expand_multiexpr(root, list(assigned)))
    new = replace(
        clause,
        onConflictSet=tuple([replace(e, expr=root.preprocess_expression(e.expr)) for e in assigned]),
        onConflictWhere=root.preprocess_expression(clause.onConflictWhere),
        arbiterWhere=None,
        arbiterElems=(),
    )
    for entry in new.onConflictSet:
        root.extra_uses.append(entry.expr)
    if new.onConflictWhere is not None:
        root.extra_uses.append(new.onConflictWhere)
    return new, arbiters


def infer_arbiter_indexes(root: Root, relation: Any, clause: OnConflictExpr) -> tuple[int, ...]:
    """The unique indexes that ON CONFLICT names, () if any of them will do."""
    if clause.constraint:
        for index in relation.indexes:
            if index.constraint == clause.constraint:
                if not index.unique and clause.action == "update":
                    raise SqlError(
                        WRONG_OBJECT_TYPE, "ON CONFLICT DO UPDATE not supported with exclusion constraints"
                    )
                return (index.oid,)
        raise SqlError(WRONG_OBJECT_TYPE, "constraint in ON CONFLICT clause has no associated index")
    if not clause.arbiterElems:
        return ()
    simplify = Simplifier(root.catalog)
    varno = root.query.resultRelation
    wanted = []
    for elem in clause.arbiterElems:
        wanted.append((_as_key(simplify(elem.expr), varno), elem.infercollid, elem.inferopclass))
    where = (
        []
        if clause.arbiterWhere is None
        else [_as_key(q, varno) for q in make_ands_implicit(simplify(clause.arbiterWhere))]
    )
    found = []
    for index in relation.indexes:
        if (
            index.valid
            and index.unique
            and not index.deferrable
            and _infers(root, simplify, index, wanted, where)
        ):
            found.append(index.oid)
    if not found:
        raise SqlError(
            INVALID_COLUMN_REFERENCE,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification",
        )
    return tuple(found)


def _as_key(expr: Any, varno: int) -> Any:
    """The expression over the relation's columns with varno 1, as in index definitions."""

    def function(node: Any, level: int) -> Any:
        if type(node) is Var and node.varno == varno and node.varlevelsup == level:
            return Var(
                varno=1,
                varattno=node.varattno,
                vartype=node.vartype,
                vartypmod=node.vartypmod,
                varcollid=node.varcollid,
                varlevelsup=node.varlevelsup,
            )
        return None

    return transform(expr, function)


def _infers(root: Root, simplify: Simplifier, index: Any, wanted: list[Any], where: list[Any]) -> bool:
    """Whether the index has just the wanted key columns and expressions, and its predicate follows from
    the inference clause's WHERE."""
    matched = set()
    for key in index.keys:
        expr = None if key.attnum else simplify(key.expr)
        hit = False
        for i, (element, collation, opclass) in enumerate(wanted):
            below = strip_relabel(element)
            if key.attnum:
                same = type(below) is Var and below.varattno == key.attnum
            else:
                same = element == expr or below == strip_relabel(expr)
            if not same:
                continue
            if collation and collation != key.collation:
                continue
            if opclass and not _same_opclass(root, key, opclass):
                continue
            matched.add(i)
            hit = True
        if not hit:
            return False
    if len(matched) != len(wanted):
        return False
    if index.predicate is None:
        return True
    return predicate_implied_by(root.catalog, make_ands_implicit(simplify(index.predicate)), where)


def _same_opclass(root: Root, key: Any, opclass: int) -> bool:
    if key.opclass == opclass:
        return True
    row = root.catalog.pg_opclass.get(opclass)
    return row is not None and row.opcfamily == key.opfamily


# --- MERGE ----------------------------------------------------------------------------------------


def _merge_jointree(root: Root) -> FromExpr:
    """The join of source and target: outer on the side whose unmatched rows have actions
    (transform_MERGE_to_join)."""
    query = root.query
    kinds = {action.matchKind for action in query.mergeActionList}
    by_target = "not_matched_by_target" in kinds
    by_source = "not_matched_by_source" in kinds
    jointype = "inner"
    if by_target and by_source:
        jointype = "full"
    elif by_source:
        jointype = "left"
    elif by_target:
        jointype = "right"
    source: Any = root.jointree
    target: Any = RangeTblRef(rtindex=_source_relation(query))
    if source.quals is not None:  # those of the view that the statement named: about the target
        target = FromExpr(fromlist=(target,), quals=source.quals)
        source = replace(source, quals=None)
    if len(source.fromlist) == 1:
        source = source.fromlist[0]
    join = JoinExpr(
        jointype=jointype,
        larg=target,
        rarg=source,
        quals=query.mergeJoinCondition,
    )
    return FromExpr(fromlist=(join,))


def _merge_action(root: Root, relation: Any, action: MergeAction) -> MergeAction:
    targets: tuple[TargetEntry, ...] = action.targetList
    if action.commandType == "insert":
        targets = expand_insert_targets(root, relation, targets)
    elif action.commandType == "update":
        targets = tuple(_expand_multiexpr(root, [_without_default(root, relation, e) for e in targets]))
    return replace(
        action,
        qual=root.preprocess_expression(action.qual),
        targetList=tuple([replace(e, expr=root.preprocess_expression(e.expr)) for e in targets]),
    )
