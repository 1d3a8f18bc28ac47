"""pg_depend: which object needs which (PostgreSQL's pg_depend.c and dependency.c).

An address is (catalog relid, oid, sub-id); the sub-id is a column's attnum or 0. Built-in objects
(oid < FIRST_NORMAL_OID) are pinned: nothing is recorded on them.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from .. import tree as t
from ..treetypes import walk
from .rows import new_row

FIRST_NORMAL_OID = 16_384

PG_TYPE = 1247
PG_ATTRIBUTE = 1249
PG_PROC = 1255
PG_CLASS = 1259
PG_NAMESPACE = 2615
PG_CONSTRAINT = 2606
PG_ATTRDEF = 2604
PG_REWRITE = 2618
PG_OPERATOR = 2617
PG_COLLATION = 3456

NORMAL = "n"
AUTO = "a"
INTERNAL = "i"


class Address(NamedTuple):
    """An object: the catalog it lives in, its oid, and a column of it (0: the whole)."""

    classid: int
    objid: int
    objsubid: int = 0


def record_dependency(
    transaction: Any, depender: Address, referenced: Address, kind: str, *, temporary: bool = False
) -> None:
    """`depender` needs `referenced`; kind NORMAL, AUTO or INTERNAL."""
    if referenced.objid < FIRST_NORMAL_OID:
        return
    row = new_row(
        transaction.base_catalog,
        "pg_depend",
        classid=depender.classid,
        objid=depender.objid,
        objsubid=depender.objsubid,
        refclassid=referenced.classid,
        refobjid=referenced.objid,
        refobjsubid=referenced.objsubid,
        deptype=kind,
    )
    transaction.catalog_insert("pg_depend", row, temporary=temporary)


def record_expression(
    transaction: Any,
    depender: Address,
    expr: Any,
    relid: int,
    kind: str = NORMAL,
    self_kind: str = AUTO,
    *,
    temporary: bool = False,
) -> None:
    """Dependencies of an expression whose Vars (varno 1) are columns of `relid` (0: it has none):
    `self_kind` on those columns, `kind` on everything else."""
    seen: set[Address] = set()
    for address in expression_addresses(expr, (relid,)):
        if address in seen or address == depender:
            continue
        seen.add(address)
        own = relid and address.classid == PG_CLASS and address.objid == relid
        record_dependency(transaction, depender, address, self_kind if own else kind, temporary=temporary)


def expression_addresses(expr: Any, relids: tuple[int, ...]) -> Iterable[Address]:
    """What an expression refers to; Var(varno n) is a column of relids[n - 1]."""
    for node in walk(expr):
        if isinstance(node, t.Var):
            if node.varlevelsup == 0 and 0 < node.varno <= len(relids) and relids[node.varno - 1]:
                if node.varattno > 0:
                    yield Address(PG_CLASS, relids[node.varno - 1], node.varattno)
                else:
                    yield Address(PG_CLASS, relids[node.varno - 1])
        elif isinstance(node, t.FuncExpr):
            yield Address(PG_PROC, node.funcid)
        elif isinstance(node, (t.OpExpr, t.DistinctExpr, t.NullIfExpr, t.ScalarArrayOpExpr)):
            yield Address(PG_OPERATOR, node.opno)
        elif isinstance(node, t.Aggref):
            yield Address(PG_PROC, node.aggfnoid)
        elif isinstance(node, t.WindowFunc):
            yield Address(PG_PROC, node.winfnoid)
        elif isinstance(node, t.Const):
            yield Address(PG_TYPE, node.consttype)
            if node.consttype == 2205 and node.constvalue:  # regclass, as in nextval('s')
                yield Address(PG_CLASS, node.constvalue)
        elif isinstance(node, t.NextValueExpr):
            yield Address(PG_CLASS, node.seqid)
        elif isinstance(
            node, (t.RelabelType, t.CoerceViaIO, t.ArrayCoerceExpr, t.CoerceToDomain, t.FieldSelect)
        ):
            yield Address(PG_TYPE, node.resulttype)
        elif isinstance(node, t.RowExpr):
            yield Address(PG_TYPE, node.row_typeid)
        elif isinstance(node, t.CollateExpr):
            yield Address(PG_COLLATION, node.collOid)
        elif isinstance(node, t.SubLink):
            yield from query_addresses(node.subselect)


def query_addresses(query: t.Query) -> Iterable[Address]:
    """What a query (a view's) refers to: relations with the columns used, functions, types."""
    relids = tuple(entry.relid if entry.rtekind == "relation" else 0 for entry in query.rtable)
    for entry in query.rtable:
        if entry.rtekind == "relation":
            yield Address(PG_CLASS, entry.relid)
            for attnum in entry.selectedCols:
                if attnum > 0:
                    yield Address(PG_CLASS, entry.relid, attnum)
        elif entry.rtekind == "subquery" and entry.subquery is not None:
            yield from query_addresses(entry.subquery)
        for function in entry.functions:
            yield from expression_addresses(function.funcexpr, relids)
        for values in entry.values_lists:
            for value in values:
                yield from expression_addresses(value, relids)
    for cte in query.cteList:
        yield from query_addresses(cte.ctequery)
    parts: list[Any] = [*query.targetList, *query.returningList]
    if query.jointree is not None:
        parts.append(query.jointree)
    parts += [query.havingQual, query.limitCount, query.limitOffset]
    for part in parts:
        if part is not None:
            yield from expression_addresses(part, relids)
    # Vars of a join entry mean merged USING columns; all others refer to what was joined
    for entry in query.rtable:
        for expr in entry.joinaliasvars[: entry.joinmergedcols]:
            yield from expression_addresses(expr, relids)
