"""EXPLAIN: a plan as text in PostgreSQL's layout, or as structures for json, yaml and xml
(commands/explain.c).

A plan is first described as a tree of Described: label, properties, children; the formats are made
from that. `statistics` (EXPLAIN ANALYZE) maps nodes to what the executor measured: objects with
rows, loops, first_seconds and total_seconds (engine/run/instrument.py), or (rows, loops, seconds) tuples.
"""

from typing import Any

from msgspec import structs

from ..catalog.inheritance import inherited_view, scanned_children
from ..lsyscache import get_opfamily_member
from ..tree import BoolExpr, NullTest, OpExpr, Param, ScalarArrayOpExpr, Var
from ..treetypes import expr_collation, expr_type
from . import nodes
from .explain_walk import count_relations, read_children
from .nodes import SubPlan
from .walk import mutate

_JOIN_NAMES = {
    "inner": "",
    "left": " Left",
    "right": " Right",
    "full": " Full",
    "semi": " Semi",
    "anti": " Anti",
    "right_semi": " Right Semi",
    "right_anti": " Right Anti",
}
_STRATEGIES = {"<": 1, "<=": 2, "=": 3, "in": 3, ">=": 4, ">": 5}
_PLACEHOLDER = 900000
_SYSTEM_COLUMNS = {-1: "ctid", -2: "xmin", -3: "cmin", -4: "xmax", -5: "cmax", -6: "tableoid"}


_SCANS = (
    nodes.SeqScan,
    nodes.RowidScan,
    nodes.IndexScan,
    nodes.BitmapScan,
    nodes.ValuesScan,
    nodes.FunctionScan,
    nodes.CteScan,
    nodes.WorkTableScan,
)


class Described:
    """One node of an explained plan. `properties` are (label, value): value a str, a list of str, or a
    number; those with a label in `structured_only` are left out of the text."""

    __slots__ = ("children", "hidden", "name", "node", "properties", "target", "type")

    def __init__(self, name: str, node: Any = None) -> None:
        self.name = name  # as in text, without the relation
        self.type = name  # "Node Type"
        self.target = ""  # " using i on t"
        self.properties: list[tuple[str, Any]] = []
        self.hidden: list[tuple[str, Any]] = []  # only in structured formats, before the properties
        self.children: list[tuple[str, str, Described]] = []  # (relationship, subplan name, node)
        self.node = node


class ExplainOptions:
    """What follows EXPLAIN in parentheses."""

    def __init__(
        self,
        *,
        analyze: bool = False,
        verbose: bool = False,
        costs: bool = True,
        timing: bool = True,
        summary: bool = False,
        buffers: bool = False,
        format: str = "text",
    ) -> None:
        self.analyze = analyze
        self.verbose = verbose
        self.costs = costs
        self.timing = timing
        self.summary = summary
        self.buffers = buffers
        self.format = format


class Explainer:
    """Describes the nodes of one planned query and of the queries inside it."""

    def __init__(self, catalog: Any, verbose: bool = False, parents: tuple[Any, ...] = ()) -> None:
        self.catalog = catalog
        self.verbose = verbose
        self.rtables = parents
        self.rtable: list[Any] = []
        self.subplans: list[SubPlan] = []
        self.initplans: list[SubPlan] = []
        self.depth = 0
        self.relations = 0  # range table entries of the whole statement
        self.suffixes: dict[int, str] = {}  # by entry: what the alias of a child has more
        self.parent = 0  # the relation whose columns these have
        self.scanned = 0  # the range table entry being scanned: its columns need no prefix

    def query(self, planned: nodes.PlannedQuery) -> Described:
        saved = self.rtable, self.rtables, self.subplans, self.initplans
        self.rtables = (self.rtable, *self.rtables) if self.rtable or self.depth else self.rtables
        self.depth += 1
        self.rtable = planned.rtable
        self.subplans, self.initplans = [], []
        described = self.node(planned.plan)
        texts = [self.text(target) for target in planned.targets]
        if self.verbose and texts:
            described.properties.insert(0, ("Output", texts))
        self._attach(described)
        first: list[tuple[str, str, Described]] = []
        for name, cte in planned.ctes.items():
            body = self.node(cte) if isinstance(cte, nodes.RecursiveUnion) else self.query(cte)
            first.append(("InitPlan", f"CTE {name}", body))
        for subplan in sorted(dict.fromkeys(self.initplans), key=lambda item: item.plan_id):
            first.append(("InitPlan", f"InitPlan {subplan.plan_id}", self.query(subplan.plan)))
        described.children[:0] = first
        self.depth -= 1
        self.rtable, self.rtables, self.subplans, self.initplans = saved
        return described

    def _attach(self, described: Described) -> None:
        """The subqueries in a node's expressions become its children; uncorrelated ones are the query's."""
        found = list(dict.fromkeys(self.subplans))
        self.subplans = []
        for subplan in found:
            if subplan.correlated or subplan.hashed:
                described.children.append(("SubPlan", f"SubPlan {subplan.plan_id}", self.query(subplan.plan)))
            else:
                self.initplans.append(subplan)

    # --- expressions --------------------------------------------------------------------------------

    def text(self, expr: Any) -> str:
        """The expression as SQL. In a scan's conditions its own columns have no prefix; columns of other
        relations and of outer queries always have one."""
        from ..catalog.deparse import deparse_expression

        replaced: dict[str, str] = {}

        def placeholder(node: Any, text: str) -> Param:
            number = _PLACEHOLDER + len(replaced)
            replaced[f"${number}"] = text
            return Param(paramid=number, paramtype=expr_type(node))

        def function(node: Any) -> Any:
            if type(node) is SubPlan:
                self.subplans.append(node)
                return placeholder(node, self._subplan_text(node))
            if type(node) is Var:
                foreign = node.varlevelsup or (self.scanned and node.varno != self.scanned)
                if foreign:
                    return placeholder(node, self._qualified(node))
                # how it was written means nothing in a plan's range table
                return structs.replace(node, varnosyn=0, varattnosyn=0) if node.varnosyn else node
            return mutate(node, function)

        prefix = self.verbose or (not self.scanned and self.relations > 1)
        out = str(
            deparse_expression(
                function(expr), self.rtable, self.catalog, use_prefix=prefix, outer_rtables=self.rtables
            )
        )
        for name in reversed(replaced):
            out = out.replace(name, replaced[name])
        return out

    def _qualified(self, var: Var) -> str:
        rtable = self.rtable if not var.varlevelsup else self.rtables[var.varlevelsup - 1]
        rte = rtable[var.varno - 1]
        alias = quote_identifier(rte.alias or rte.eref)
        if var.varattno == 0:
            return f"{alias}.*"
        if var.varattno < 0:
            return f"{alias}.{_SYSTEM_COLUMNS[var.varattno]}"
        return f"{alias}.{quote_identifier(rte.eref_colnames[var.varattno - 1])}"

    def _subplan_text(self, node: SubPlan) -> str:
        number = f"{'SubPlan' if node.correlated or node.hashed else 'InitPlan'} {node.plan_id}"
        if node.kind == "exists":
            return f"EXISTS({number})" if node.correlated else f"({number}).col1"
        if node.kind in ("any", "all", "rowcompare") and node.testexpr is not None:
            prefix = "hashed " if node.hashed else ""
            word = "" if node.kind == "rowcompare" else node.kind.upper() + " "
            return f"({word}{self._testexpr(node, prefix + number)})"
        if node.kind == "array":
            return f"ARRAY({number})"
        return f"({number})" if node.correlated else f"({number}).col1"

    def _testexpr(self, node: SubPlan, name: str) -> str:
        texts: dict[str, str] = {}

        def function(n: Any) -> Any:
            if type(n) is Param and n.paramkind == "sublink":
                number = _PLACEHOLDER + 5000 + n.paramid
                texts[f"${number}"] = f"({name}).col{n.paramid}"
                return Param(paramid=number, paramtype=n.paramtype)
            return mutate(n, function)

        out = self.text(function(node.testexpr))
        for placeholder, text in texts.items():
            out = out.replace(placeholder, text)
        return out

    def conjunction(self, quals: Any) -> str:
        return self.text(quals[0] if len(quals) == 1 else BoolExpr(boolop="and", args=tuple(quals)))

    def sort_key(self, key: nodes.SortKey) -> str:
        out = self.text(key.expr)
        if type(key.expr) not in (Var,) and not out.startswith("(") and "(" not in out:
            out = out if out.isidentifier() else f"({out})"
        collation = expr_collation(key.expr)
        default = getattr(self.catalog.pg_type.get(expr_type(key.expr)), "typcollation", 0)
        if collation and collation != default:
            row = self.catalog.pg_collation.get(collation)
            if row is not None:
                out += f' COLLATE "{row.collname}"'
        if key.descending:
            out += " DESC"
            if not key.nulls_first:
                out += " NULLS LAST"
        elif key.nulls_first:
            out += " NULLS FIRST"
        return out

    # --- nodes --------------------------------------------------------------------------------------------

    def node(self, node: Any) -> Described:
        method = getattr(self, "_" + type(node).__name__.lower())
        saved, self.subplans = self.subplans, []
        scanned, self.scanned = self.scanned, node.varno if isinstance(node, _SCANS) else 0
        described: Described = method(node)
        described.node = node
        self._attach(described)
        self.subplans, self.scanned = saved, scanned
        return described

    def _add_quals(self, d: Described, label: str, quals: Any) -> None:
        if quals:
            d.properties.append((label, self.conjunction(quals)))

    def _child(self, d: Described, node: Any, relationship: str = "Outer") -> None:
        d.children.append((relationship, "", self.node(node)))

    def _relation(self, d: Described, varno: int, relid: int, using: int = 0) -> None:
        rte = self.rtable[varno - 1]
        name = quote_identifier(self.catalog.pg_class.get(relid).relname)
        if self.verbose:
            namespace = self.catalog.pg_namespace.get(self.catalog.pg_class.get(relid).relnamespace)
            name = f"{quote_identifier(namespace.nspname)}.{name}"
        alias = (rte.alias or rte.eref) + self.suffixes.get(varno, "")
        if using:
            index = self.catalog.pg_class.get(using).relname
            d.target += f" using {quote_identifier(index)}"
            d.hidden.append(("Index Name", index))
        d.target += f" on {name}"
        if alias and quote_identifier(alias) != name.rsplit(".", 1)[-1]:
            d.target += f" {quote_identifier(alias)}"
        d.hidden += [("Relation Name", self.catalog.pg_class.get(relid).relname), ("Alias", alias)]

    def _alias(self, d: Described, varno: int) -> None:
        rte = self.rtable[varno - 1]
        d.target += f" on {quote_identifier(rte.alias or rte.eref)}"
        d.hidden.append(("Alias", rte.alias or rte.eref))

    def _result(self, node: nodes.Result) -> Described:
        d = Described("Result")
        self._add_quals(d, "One-Time Filter", node.quals)
        return d

    def _filter(self, node: nodes.Filter) -> Described:
        if node.onetime:
            d = Described("Result")
            self._add_quals(d, "One-Time Filter", node.quals)
            if isinstance(node.input, nodes.Result) or _never(node.quals):
                return d
        else:
            d = Described("Result")
            self._add_quals(d, "Filter", node.quals)
        self._child(d, node.input)
        return d

    def _seqscan(self, node: nodes.SeqScan) -> Described:
        d = Described("Seq Scan")
        if node.tablesample is not None:
            d = Described("Sample Scan")
        self._relation(d, node.varno, node.relid)
        self._add_quals(d, "Filter", node.quals)
        return d

    def _rowidscan(self, node: nodes.RowidScan) -> Described:
        d = Described("Tid Scan")
        self._relation(d, node.varno, node.relid)
        ctid = Var(varno=node.varno, varattno=-1, vartype=27)
        if type(node.ctids[0]).__name__ == "CurrentOfExpr":
            d.properties.append(("TID Cond", f"CURRENT OF {node.ctids[0].cursor_name}"))
        elif node.array:
            cond: Any = ScalarArrayOpExpr(opno=387, opfuncid=1292, useOr=True, args=(ctid, node.ctids[0]))
            d.properties.append(("TID Cond", self.text(cond)))
        else:
            cond = OpExpr(opno=387, opfuncid=1292, opresulttype=16, args=(ctid, node.ctids[0]))
            d.properties.append(("TID Cond", self.text(cond)))
        self._add_quals(d, "Filter", node.quals)
        return d

    def _index(self, relid: int, indexid: int) -> Any:
        return next(index for index in self._seen(relid).indexes if index.oid == indexid)

    def _conditions(self, varno: int, relid: int, indexid: int, conditions: Any) -> list[Any]:
        index = self._index(relid, indexid)
        return [self._condition(varno, relid, index.keys[c.column], c) for c in conditions]

    def _condition(self, varno: int, relid: int, key: Any, condition: Any) -> Any:
        from .indexes import move_to

        if key.attnum:
            column = self._seen(relid).columns[key.attnum - 1]
            left: Any = Var(
                varno=varno,
                varattno=key.attnum,
                vartype=column.typid,
                vartypmod=column.typmod,
                varcollid=column.collation,
            )
        else:
            left = move_to(key.expr, varno)
        if condition.op in ("is_null", "is_not_null"):
            return NullTest(arg=left, nulltesttype=condition.op)
        types = [expr_type(left), self.catalog.pg_opclass.get(key.opclass).opcintype]
        opno = 0
        for typid in types:
            opno = opno or get_opfamily_member(
                self.catalog, key.opfamily, typid, typid, _STRATEGIES[condition.op]
            )
        row = self.catalog.pg_operator.get(opno)
        if condition.op == "in":
            return ScalarArrayOpExpr(
                opno=opno,
                opfuncid=row.oprcode,
                useOr=True,
                args=(left, condition.value),
                inputcollid=key.collation,
            )
        return OpExpr(
            opno=opno,
            opfuncid=row.oprcode,
            opresulttype=16,
            args=(left, condition.value),
            inputcollid=key.collation,
        )

    def _indexscan(self, node: nodes.IndexScan) -> Described:
        d = Described("Index Only Scan" if node.index_only else "Index Scan")
        d.hidden.append(("Scan Direction", "Backward" if node.backward else "Forward"))
        if node.backward:
            d.name += " Backward"
        self._relation(d, node.varno, node.relid, node.indexid)
        if node.conditions:
            conditions = self._conditions(node.varno, node.relid, node.indexid, node.conditions)
            self._add_quals(d, "Index Cond", conditions)
        self._add_quals(d, "Filter", node.quals)
        return d

    def _bitmapscan(self, node: nodes.BitmapScan) -> Described:
        d = Described("Bitmap Heap Scan")
        self._relation(d, node.varno, node.relid)
        self._add_quals(d, "Recheck Cond", node.quals)
        d.children.append(("Outer", "", self._bitmap(node, node.bitmap)))
        return d

    def _bitmap(self, scan: nodes.BitmapScan, node: Any) -> Described:
        if isinstance(node, nodes.BitmapIndex):
            d = Described("Bitmap Index Scan", node)
            name = self.catalog.pg_class.get(node.indexid).relname
            d.target = f" on {quote_identifier(name)}"
            d.hidden.append(("Index Name", name))
            self._add_quals(
                d, "Index Cond", self._conditions(scan.varno, scan.relid, node.indexid, node.conditions)
            )
            return d
        d = Described("BitmapAnd" if isinstance(node, nodes.BitmapAnd) else "BitmapOr", node)
        for part in node.inputs:
            d.children.append(("Member", "", self._bitmap(scan, part)))
        return d

    def _valuesscan(self, node: nodes.ValuesScan) -> Described:
        d = Described("Values Scan")
        self._alias(d, node.varno)
        self._add_quals(d, "Filter", node.quals)
        return d

    def _functionscan(self, node: nodes.FunctionScan) -> Described:
        d = Described("Function Scan")
        rte = self.rtable[node.varno - 1]
        alias = rte.alias or rte.eref
        name = alias
        if len(node.functions) == 1 and type(node.functions[0].funcexpr).__name__ == "FuncExpr":
            name = self.catalog.pg_proc.get(node.functions[0].funcexpr.funcid).proname
            d.hidden.append(("Function Name", name))
        d.target = f" on {quote_identifier(name)}"
        if alias != name:
            d.target += f" {quote_identifier(alias)}"
        d.hidden.append(("Alias", alias))
        self._add_quals(d, "Filter", node.quals)
        return d

    def _subqueryscan(self, node: nodes.SubqueryScan) -> Described:
        d = Described("Subquery Scan")
        self._alias(d, node.varno)
        self._add_quals(d, "Filter", node.quals)
        d.children.append(("Subquery", "", self.query(node.plan)))
        return d

    def _ctescan(self, node: nodes.CteScan) -> Described:
        d = Described("CTE Scan")
        self._named_scan(d, node)
        return d

    def _worktablescan(self, node: nodes.WorkTableScan) -> Described:
        d = Described("WorkTable Scan")
        self._named_scan(d, node)
        return d

    def _named_scan(self, d: Described, node: Any) -> None:
        rte = self.rtable[node.varno - 1]
        alias = rte.alias or rte.eref
        d.target = f" on {quote_identifier(node.ctename)}"
        if alias != node.ctename:
            d.target += f" {quote_identifier(alias)}"
        d.hidden += [("CTE Name", node.ctename), ("Alias", alias)]
        self._add_quals(d, "Filter", node.quals)

    def _join_name(self, d: Described, base: str, jointype: str) -> None:
        word = _JOIN_NAMES[jointype]
        d.type = base if base == "Nested Loop" else f"{base} Join"
        if base == "Nested Loop":
            d.name = base if jointype == "inner" else f"{base}{word} Join"
        else:
            d.name = f"{base}{word} Join"
        d.hidden.append(("Join Type", word.strip() or "Inner"))

    def _nestloop(self, node: nodes.NestLoop) -> Described:
        d = Described("Nested Loop")
        self._join_name(d, "Nested Loop", node.jointype)
        self._add_quals(d, "Join Filter", node.joinquals)
        self._add_quals(d, "Filter", node.quals)
        self._child(d, node.outer)
        inner = self.node(node.inner)
        if not node.rescan and node.outer.rows > 1 and not isinstance(node.inner, nodes.Materialize):
            wrapper = Described("Materialize")
            wrapper.children.append(("Outer", "", inner))
            wrapper.node = nodes.Materialize(
                input=node.inner,
                rows=node.inner.rows,
                cost=node.inner.cost,
                startup_cost=node.inner.startup_cost,
                width=node.inner.width,
            )
            inner = wrapper
        d.children.append(("Inner", "", inner))
        return d

    def _hashjoin(self, node: nodes.HashJoin) -> Described:
        d = Described("Hash Join")
        self._join_name(d, "Hash", node.jointype)
        self._add_quals(d, "Hash Cond", [self._equal(k[0], k[1], k[2]) for k in node.keys])
        self._add_quals(d, "Join Filter", node.joinquals)
        self._add_quals(d, "Filter", node.quals)
        self._child(d, node.outer)
        table = Described("Hash")
        table.node = nodes.Materialize(
            input=node.inner,
            rows=node.inner.rows,
            cost=node.inner.cost,
            startup_cost=node.inner.cost,
            width=node.inner.width,
        )
        self._child(table, node.inner)
        d.children.append(("Inner", "", table))
        return d

    def _equal(self, left: Any, right: Any, opno: int) -> OpExpr:
        row = self.catalog.pg_operator.get(opno)
        return OpExpr(opno=opno, opfuncid=row.oprcode, opresulttype=16, args=(left, right))

    def _mergejoin(self, node: nodes.MergeJoin) -> Described:
        d = Described("Merge Join")
        self._join_name(d, "Merge", node.jointype)
        conditions = []
        for outer, inner, sortop, *_ in node.keys:
            from .clauses import equality_operator_of_ordering

            conditions.append(self._equal(outer, inner, equality_operator_of_ordering(self.catalog, sortop)))
        self._add_quals(d, "Merge Cond", conditions)
        self._add_quals(d, "Join Filter", node.joinquals)
        self._add_quals(d, "Filter", node.quals)
        self._child(d, node.outer)
        self._child(d, node.inner, "Inner")
        return d

    def _sort(self, node: nodes.Sort) -> Described:
        d = Described("Incremental Sort" if node.presorted else "Sort")
        d.properties.append(("Sort Key", [self.sort_key(k) for k in node.keys]))
        if node.presorted:
            d.properties.append(("Presorted Key", [self.text(k.expr) for k in node.keys[: node.presorted]]))
        self._child(d, node.input)
        return d

    def _limit(self, node: nodes.Limit) -> Described:
        d = Described("Limit")
        for expr in (node.count, node.offset):
            if expr is not None:
                self.text(expr)
        self._child(d, node.input)
        return d

    def _distinct(self, node: nodes.Distinct) -> Described:
        if node.sorted:
            d = Described("Unique")
        else:
            d = Described("HashAggregate")
            d.type = "Aggregate"
            d.hidden.append(("Strategy", "Hashed"))
            d.properties.append(("Group Key", [self.text(k[0]) for k in node.keys]))
        self._child(d, node.input)
        return d

    def _agg(self, node: nodes.Agg) -> Described:
        names = {"plain": "Aggregate", "hash": "HashAggregate", "sorted": "GroupAggregate"}
        d = Described(names[node.strategy])
        d.type = "Aggregate"
        strategy = {"plain": "Plain", "hash": "Hashed", "sorted": "Sorted"}[node.strategy]
        if node.grouping_sets and () in node.grouping_sets and len(node.grouping_sets) > 1:
            d.name, strategy = "MixedAggregate", "Mixed"
        d.hidden.append(("Strategy", strategy))
        if node.grouping_sets:
            for members in node.grouping_sets:
                label = "Hash Key" if node.strategy == "hash" and members else "Group Key"
                keys = [self.text(node.keys[i][0]) for i in members]
                d.properties.append((label, keys if keys else "()"))
        elif node.keys:
            d.properties.append(("Group Key", [self.text(k[0]) for k in node.keys]))
        self._add_quals(d, "Filter", node.quals)
        self._child(d, node.input)
        return d

    def _windowagg(self, node: nodes.WindowAgg) -> Described:
        d = Described("WindowAgg")
        name = node.window.name or f"w{node.window.winref}"
        parts = []
        if node.partition:
            parts.append("PARTITION BY " + ", ".join(self.text(k[0]) for k in node.partition))
        if node.order:
            parts.append("ORDER BY " + ", ".join(self.sort_key(k) for k in node.order))
        d.properties.append(("Window", f"{quote_identifier(name)} AS ({' '.join(parts)})"))
        self._child(d, node.input)
        return d

    def _projectset(self, node: nodes.ProjectSet) -> Described:
        d = Described("ProjectSet")
        self._child(d, node.input)
        return d

    def _append(self, node: nodes.Append) -> Described:
        d = Described("Append")
        for part in node.inputs:
            d.children.append(("Member", "", self.query(part)))
        return d

    def _childappend(self, node: nodes.ChildAppend) -> Described:
        if not node.scans:
            d = Described("Result")
            d.properties.append(("One-Time Filter", "false"))
            return d
        d = Described("Append")
        saved, parent = self.suffixes, self.parent
        places = scanned_children(self.catalog, self.catalog.relation(node.relid))
        numbers = sorted(node.relids, key=places.index)
        for relid, scan in zip(node.relids, node.scans, strict=True):
            number = numbers.index(relid) + 1
            self.suffixes, self.parent = {**saved, node.varno: f"_{number}"}, node.relid
            d.children.append(("Member", "", self.node(scan)))
        self.suffixes, self.parent = saved, parent
        return d

    def _seen(self, relid: int) -> Any:
        """The relation that is scanned, with the columns of the range table entry."""
        if self.parent:
            return inherited_view(self.catalog, relid, self.parent)
        return self.catalog.relation(relid)

    def _setop(self, node: nodes.SetOp) -> Described:
        d = Described("HashSetOp")
        d.type = "SetOp"
        command = node.op.capitalize() + (" All" if node.all else "")
        d.target = f" {command}"
        d.hidden += [("Strategy", "Hashed"), ("Command", command)]
        d.children.append(("Outer", "", self.query(node.left)))
        d.children.append(("Inner", "", self.query(node.right)))
        return d

    def _recursiveunion(self, node: nodes.RecursiveUnion) -> Described:
        d = Described("Recursive Union")
        d.children.append(("Outer", "", self.query(node.first)))
        d.children.append(("Inner", "", self.query(node.recursive)))
        return d

    def _materialize(self, node: nodes.Materialize) -> Described:
        d = Described("Materialize")
        self._child(d, node.input)
        return d

    def _lockrows(self, node: nodes.LockRows) -> Described:
        d = Described("LockRows")
        self._child(d, node.input)
        return d

    def _modifytable(self, node: nodes.ModifyTable) -> Described:
        operation = node.operation.capitalize()
        d = Described(operation)
        d.type = "ModifyTable"
        d.hidden.append(("Operation", operation))
        self._relation(d, node.varno, node.relid)
        if node.on_conflict is not None:
            d.properties.append(("Conflict Resolution", node.on_conflict.action.upper()))
            if node.arbiters:
                names = [self.catalog.pg_class.get(a).relname for a in node.arbiters]
                d.properties.append(("Conflict Arbiter Indexes", [quote_identifier(n) for n in names]))
            if node.on_conflict.onConflictWhere is not None:
                d.properties.append(("Conflict Filter", self.text(node.on_conflict.onConflictWhere)))
        for entry in node.targetList:
            self.text(entry.expr)
        saved = self.suffixes
        if node.inherited and node.operation != "insert":
            self._targets(d, node)
        self._child(d, node.input)
        self.suffixes = saved
        return d

    def _targets(self, d: Described, node: nodes.ModifyTable) -> None:
        """The children that a ModifyTable may change, a line each."""
        relids = read_children(node.input, node.varno)
        if len(relids) == 1:
            self.suffixes = {**self.suffixes, node.varno: "_1"}
        places = scanned_children(self.catalog, self.catalog.relation(node.relid))
        lines = []
        for number, relid in enumerate(sorted(relids, key=places.index), 1):
            line = Described("")
            self.suffixes, saved = {**self.suffixes, node.varno: f"_{number}"}, self.suffixes
            self._relation(line, node.varno, relid)
            self.suffixes = saved
            lines.append(f"{d.name}{line.target}")
        d.properties.append(("", lines))


def _never(quals: Any) -> bool:
    """Whether a one-time filter is constantly false."""
    return any(type(q).__name__ == "Const" and (q.constisnull or not q.constvalue) for q in quals)


def quote_identifier(name: str) -> str:
    """The name as PostgreSQL writes it in SQL."""
    from ..catalog.quoting import quote_identifier as quote

    return str(quote(name))


def describe_plan(planned: nodes.PlannedQuery, catalog: Any, verbose: bool = False) -> Described:
    """The described tree of a planned query."""
    explainer = Explainer(catalog, verbose)
    explainer.relations = count_relations(planned)
    return explainer.query(planned)


# --- text -----------------------------------------------------------------------------------------


def measured(statistics: Any, node: Any) -> tuple[float, float, float, float] | None:
    """(rows, loops, seconds to the first row, seconds) that the executor measured for a node."""
    found = None if statistics is None else statistics.get(node)
    if found is None:
        return None
    if isinstance(found, tuple):
        return found[0], found[1], 0.0, found[2]
    return found.rows, found.loops, found.first_seconds, found.total_seconds


def explain_text(
    planned: nodes.PlannedQuery, catalog: Any, options: ExplainOptions, statistics: Any = None
) -> list[str]:
    """EXPLAIN's lines in text format."""
    lines: list[str] = []
    _write(describe_plan(planned, catalog, options.verbose), options, statistics, 0, lines)
    return lines


def _write(d: Described, options: ExplainOptions, statistics: Any, indent: int, lines: list[str]) -> None:
    prefix = ""
    if indent:
        prefix = " " * (indent * 2) + "->  "
        indent += 2
    line = prefix + d.name + d.target
    node = d.node
    if options.costs and node is not None:
        rows = max(round(node.rows), 0)
        line += f"  (cost={node.startup_cost:.2f}..{node.cost:.2f} rows={rows} width={node.width})"
    numbers = measured(statistics, node)
    if options.analyze:
        if numbers is None or not numbers[1]:
            line += "" if numbers is None else " (never executed)"
        else:
            rows, loops, first, seconds = numbers
            time = f"time={first * 1000 / loops:.3f}..{seconds * 1000 / loops:.3f} " if options.timing else ""
            line += f" (actual {time}rows={rows / loops:.2f} loops={loops:.0f})"
    lines.append(line)
    indent += 1
    for label, value in d.properties:
        if not label:
            lines += [" " * (indent * 2) + text for text in value]
            continue
        text = ", ".join(value) if isinstance(value, list) else str(value)
        lines.append(" " * (indent * 2) + f"{label}: {text}")
    for _, name, child in d.children:
        below = indent
        if name:
            lines.append(" " * (indent * 2) + name)
            below += 1
        _write(child, options, statistics, below, lines)


# --- structured formats ---------------------------------------------------------------------------


def explain_structure(
    planned: nodes.PlannedQuery, catalog: Any, options: ExplainOptions, statistics: Any = None
) -> dict[str, Any]:
    """EXPLAIN's tree as dicts and lists; the caller wraps it as [{"Plan": ...}]."""
    return _structure(describe_plan(planned, catalog, options.verbose), options, statistics, "", "")


def _structure(
    d: Described, options: ExplainOptions, statistics: Any, relationship: str, name: str
) -> dict[str, Any]:
    out: dict[str, Any] = {"Node Type": d.type}
    hidden = dict(d.hidden)
    for label in ("Operation", "Strategy"):
        if label in hidden:
            out[label] = hidden.pop(label)
    if relationship:
        out["Parent Relationship"] = relationship
    if name:
        out["Subplan Name"] = name
    out["Parallel Aware"] = False
    out["Async Capable"] = False
    out.update(hidden)
    node = d.node
    if options.costs and node is not None:
        out["Startup Cost"] = round(node.startup_cost, 2)
        out["Total Cost"] = round(node.cost, 2)
        out["Plan Rows"] = max(round(node.rows), 0)
        out["Plan Width"] = node.width
    numbers = measured(statistics, node)
    if options.analyze and numbers is not None:
        rows, loops, first, seconds = numbers
        if options.timing:
            out["Actual Startup Time"] = round(first * 1000 / loops, 3) if loops else 0.0
            out["Actual Total Time"] = round(seconds * 1000 / loops, 3) if loops else 0.0
        out["Actual Rows"] = round(rows / loops, 2) if loops else 0.0
        out["Actual Loops"] = int(loops)
    out["Disabled"] = False
    for label, value in d.properties:
        if label:
            out[label] = value
    if d.children:
        out["Plans"] = [_structure(child, options, statistics, r, n) for r, n, child in d.children]
    return out
