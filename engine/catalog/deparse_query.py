"""Queries back to SQL: the part of PostgreSQL's ruleutils.c about Query trees."""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR
from ..treetypes import expr_type
from .deparse_columns import ColumnNamer, Columns
from .deparse_expr import INDENT_STD, INDENT_VAR
from .deparse_from import FromDeparser
from .quoting import quote_identifier

# nodes/parsenodes.h FRAMEOPTION_*
_NONDEFAULT, _RANGE, _ROWS, _GROUPS, _BETWEEN = 0x1, 0x2, 0x4, 0x8, 0x10
_START_UNBOUNDED_PRECEDING, _END_UNBOUNDED_FOLLOWING = 0x20, 0x100
_START_CURRENT, _END_CURRENT = 0x200, 0x400
_START_PRECEDING, _END_PRECEDING, _START_FOLLOWING, _END_FOLLOWING = 0x800, 0x1000, 0x2000, 0x4000
_EXCLUDE = ((0x8000, "EXCLUDE CURRENT ROW "), (0x10000, "EXCLUDE GROUP "), (0x20000, "EXCLUDE TIES "))
_LOCKS = {
    "keyshare": " FOR KEY SHARE",
    "share": " FOR SHARE",
    "nokeyupdate": " FOR NO KEY UPDATE",
    "update": " FOR UPDATE",
}


class Namespace:
    """One query level: its range table, and the name by which each entry and column goes."""

    def __init__(self, rtable: Any, names: list[str | None], columns: list[Columns], ctes: Any) -> None:
        self.rtable = rtable
        self.names = names
        self.columns = columns
        self.ctes = ctes


class Deparser(FromDeparser):
    """Expressions and queries."""

    # --- names of range table entries -------------------------------------------------------------

    def push(self, rtable: Any, ctes: Any = (), jointree: Any = None) -> None:
        """Enter a query level: choose unique names for its range table (set_rtable_names)."""
        used = {name for ns in self.namespaces for name in ns.names if name}
        names: list[str | None] = []
        for rte in rtable:
            if rte.alias:
                name: str | None = rte.alias
            elif rte.rtekind == "relation" or (rte.relid and rte.rtekind == "subquery"):
                row = self.catalog.pg_class.get(rte.relid)
                name = row.relname if row is not None else rte.eref
            elif rte.rtekind == "join":
                name = None
            else:
                name = rte.eref or None
            if name is not None and name in used:
                n = 1
                while f"{name}_{n}" in used:
                    n += 1
                name = f"{name}_{n}"
            if name is not None:
                used.add(name)
            names.append(name)
        columns = ColumnNamer(self.catalog, rtable).run(jointree)
        self.namespaces.insert(0, Namespace(rtable, names, columns, ctes))

    def _Var(self, node: t.Var, implicit: bool) -> None:
        self.variable(node, False)

    def variable(self, node: t.Var, top: bool, levels: int = 0) -> str | None:
        """Append a Var; returns the column's name, None for a whole row (get_variable)."""
        level = node.varlevelsup + levels
        if level >= len(self.namespaces):
            raise SqlError(INTERNAL_ERROR, f"bogus varlevelsup: {node.varlevelsup} offset {levels}")
        namespace = self.namespaces[level]
        index, number = node.varno, node.varattno
        if node.varnosyn:  # as it was written
            index, number = node.varnosyn, node.varattnosyn
        rte = namespace.rtable[index - 1]
        name = namespace.names[index - 1]
        if rte.rtekind == "join" and not rte.alias and number > 0:
            source = rte.joinaliasvars[number - 1]
            if isinstance(source, t.Var):
                return self.variable(source, top, level)
        if number == 0:
            column = None
        elif number > 0:
            column = namespace.columns[index - 1].names[number - 1]
        else:
            column = {-1: "ctid", -2: "xmin", -3: "cmin", -4: "xmax", -5: "cmax", -6: "tableoid"}[number]
        if name and (self.varprefix or column is None):
            self.buf += quote_identifier(name) + "."
        if column is None:
            self.buf += "*"
            if top:
                self.buf += "::" + self.type_name(node.vartype, node.vartypmod)
        else:
            self.buf += quote_identifier(column)
        return column

    def record_source(self, node: t.Var) -> tuple[Any, Any]:
        namespaces = self.namespaces[node.varlevelsup :]
        rte = namespaces[0].rtable[node.varno - 1]
        number = node.varattno
        query = None
        if rte.rtekind == "subquery":
            query = rte.subquery
        elif rte.rtekind == "cte":
            namespaces = namespaces[rte.ctelevelsup :]
            query = next((c.ctequery for c in namespaces[0].ctes if c.ctename == rte.ctename), None)
        elif rte.rtekind == "function" and number == 0 and len(rte.functions) == 1:
            return rte.functions[0].funcexpr, namespaces
        elif rte.rtekind == "join" and number > 0:
            return rte.joinaliasvars[number - 1], namespaces
        if query is None or number <= 0:
            return None, namespaces
        while query.setOperations is not None:
            arm = query.setOperations
            while isinstance(arm, t.SetOperationStmt):
                arm = arm.larg
            query = query.rtable[arm.rtindex - 1].subquery
        target = next(x for x in query.targetList if x.resno == number)
        inner = Deparser(self.catalog, path=self.path, ctx=self.ctx)
        inner.namespaces = list(namespaces)
        inner.push(query.rtable, query.cteList, query.jointree)
        return target.expr, inner.namespaces

    # --- queries ----------------------------------------------------------------------------------

    def query(self, query: t.Query, result_names: Any = None, names_visible: bool = True) -> None:
        """Append a query as one more level (get_query_def)."""
        saved = (self.varprefix, self.windows, self.window_targets, self.indent_level)
        self.varprefix = bool(self.namespaces) or len(query.rtable) != 1
        self.push(query.rtable, query.cteList, query.jointree)
        try:
            if query.commandType == "select":
                self._select(query, result_names, names_visible)
            elif query.commandType == "insert":
                self._insert(query, names_visible)
            elif query.commandType == "update":
                self._update(query, names_visible)
            elif query.commandType == "delete":
                self._delete(query, names_visible)
            else:
                raise SqlError(FEATURE_NOT_SUPPORTED, f"printing {query.commandType} is not supported")
        finally:
            self.namespaces.pop(0)
            self.varprefix, self.windows, self.window_targets, self.indent_level = saved

    def _with(self, query: t.Query) -> None:
        if not query.cteList:
            return
        if self.pretty_indent:
            self.indent_level += INDENT_STD
            self.buf += " "
        separator = "WITH RECURSIVE " if query.hasRecursive else "WITH "
        for cte in query.cteList:
            self.buf += separator + quote_identifier(cte.ctename)
            separator = ", "
            if cte.aliascolnames:
                self.buf += f"({', '.join([quote_identifier(c) for c in cte.aliascolnames])})"
            self.buf += " AS " + {"always": "MATERIALIZED ", "never": "NOT MATERIALIZED "}.get(
                cte.ctematerialized, ""
            )
            self.buf += "("
            if self.pretty_indent:
                self.keyword("", 0, 0, 0)
            self.query(cte.ctequery)
            if self.pretty_indent:
                self.keyword("", 0, 0, 0)
            self.buf += ")"
            self._search_and_cycle(cte)
        if self.pretty_indent:
            self.indent_level -= INDENT_STD
            self.keyword("", 0, 0, 0)
        else:
            self.buf += " "

    def _search_and_cycle(self, cte: t.CommonTableExpr) -> None:
        search, cycle = cte.search_clause, cte.cycle_clause
        if search is not None:
            kind = "BREADTH" if search.search_breadth_first else "DEPTH"
            columns = ", ".join([quote_identifier(c) for c in search.search_col_list])
            self.buf += f" SEARCH {kind} FIRST BY {columns} SET {quote_identifier(search.search_seq_column)}"
        if cycle is not None:
            columns = ", ".join([quote_identifier(c) for c in cycle.cycle_col_list])
            self.buf += f" CYCLE {columns} SET {quote_identifier(cycle.cycle_mark_column)}"
            marks = [(m.consttype, m.constvalue) for m in (cycle.cycle_mark_value, cycle.cycle_mark_default)]
            if marks != [(16, True), (16, False)]:
                self.buf += " TO "
                self.expr(cycle.cycle_mark_value)
                self.buf += " DEFAULT "
                self.expr(cycle.cycle_mark_default)
            self.buf += f" USING {quote_identifier(cycle.cycle_path_column)}"

    def _select(self, query: t.Query, result_names: Any, names_visible: bool) -> None:
        self._with(query)
        self.windows, self.window_targets = query.windowClause, query.targetList
        numbers = query.setOperations is not None
        if query.setOperations is not None:
            self._set_operation(query.setOperations, query, result_names, names_visible)
        else:
            self._basic_select(query, result_names, names_visible)
        if query.sortClause:
            self.keyword(" ORDER BY ", -INDENT_STD, INDENT_STD, 1)
            self.order_by(query.sortClause, query.targetList, numbers)
        if query.limitOffset is not None:
            self.keyword(" OFFSET ", -INDENT_STD, INDENT_STD, 0)
            self.expr(query.limitOffset)
        if query.limitCount is not None:
            if query.limitOption == "with_ties":
                self.keyword(" FETCH FIRST ", -INDENT_STD, INDENT_STD, 0)
                self.buf += "("
                self.expr(query.limitCount)
                self.buf += ") ROWS WITH TIES"
            else:
                self.keyword(" LIMIT ", -INDENT_STD, INDENT_STD, 0)
                if isinstance(query.limitCount, t.Const) and query.limitCount.constisnull:
                    self.buf += "ALL"
                else:
                    self.expr(query.limitCount)
        for mark in query.rowMarks:
            if not mark.pushedDown:
                self.keyword(_LOCKS[mark.strength], -INDENT_STD, INDENT_STD, 0)
                self.buf += " OF " + quote_identifier(self.namespaces[0].names[mark.rti - 1])
                self.buf += {"error": " NOWAIT", "skip": " SKIP LOCKED"}.get(mark.waitPolicy, "")

    def _simple_values(self, query: t.Query, result_names: Any) -> Any:
        """The VALUES entry of a query that is nothing but VALUES."""
        if query.jointree is None or len(query.jointree.fromlist) != 1 or query.jointree.quals is not None:
            return None
        values = [rte for rte in query.rtable if rte.inFromCl]
        if (
            len(values) != 1
            or values[0].rtekind != "values"
            or len(query.targetList) != len(values[0].eref_colnames)
        ):
            return None
        rte = values[0]
        for number, target in enumerate(query.targetList):
            name = (
                result_names[number]
                if result_names is not None and number < len(result_names)
                else target.resname
            )
            if target.resjunk or not isinstance(target.expr, t.Var) or target.expr.varattno != number + 1:
                return None
            if name != rte.eref_colnames[number]:
                return None
        return rte

    def _values(self, lists: Any) -> None:
        self.buf += "VALUES "
        for n, row in enumerate(lists):
            self.buf += ", (" if n else "("
            for m, value in enumerate(row):
                if m:
                    self.buf += ","
                self._top(value)
            self.buf += ")"

    def _top(self, value: Any) -> None:
        """An expression where a whole-row Var must not look like a column list."""
        if isinstance(value, t.Var):
            self.variable(value, True)
        else:
            self.expr(value, False)

    def _basic_select(self, query: t.Query, result_names: Any, names_visible: bool) -> None:
        if self.pretty_indent:
            self.indent_level += INDENT_STD
            self.buf += " "
        values = self._simple_values(query, result_names)
        if values is not None:
            self._values(values.values_lists)
            return
        self.buf += "SELECT"
        if query.distinctClause:
            if query.hasDistinctOn:
                self.buf += " DISTINCT ON ("
                for n, clause in enumerate(query.distinctClause):
                    if n:
                        self.buf += ", "
                    self.sort_group(clause.tleSortGroupRef, query.targetList, False)
                self.buf += ")"
            else:
                self.buf += " DISTINCT"
        self._targets(query.targetList, result_names, names_visible)
        self._from(query, " FROM ")
        if query.jointree is not None and query.jointree.quals is not None:
            self.keyword(" WHERE ", -INDENT_STD, INDENT_STD, 1)
            self.expr(query.jointree.quals)
        if query.groupClause or query.groupingSets:
            self.keyword(" GROUP BY ", -INDENT_STD, INDENT_STD, 1)
            if query.groupDistinct:
                self.buf += "DISTINCT "
            if query.groupingSets:
                for n, grouping in enumerate(query.groupingSets):
                    if n:
                        self.buf += ", "
                    self._grouping_set(grouping, query.targetList, True)
            else:
                for n, clause in enumerate(query.groupClause):
                    if n:
                        self.buf += ", "
                    self.sort_group(clause.tleSortGroupRef, query.targetList, False)
        if query.havingQual is not None:
            self.keyword(" HAVING ", -INDENT_STD, INDENT_STD, 0)
            self.expr(query.havingQual)
        separator = None
        for window in query.windowClause:
            if window.name:
                if separator is None:
                    self.keyword(" WINDOW ", -INDENT_STD, INDENT_STD, 1)
                else:
                    self.buf += separator
                self.buf += quote_identifier(window.name) + " AS "
                self.window_spec(window, query.targetList)
                separator = ", "

    def _targets(self, targets: Any, result_names: Any, names_visible: bool) -> None:
        separator, number, multiline = " ", 0, False
        for target in targets:
            if target.resjunk:
                continue
            self.buf += separator
            separator = ", "
            number += 1
            saved, self.buf = self.buf, ""
            if isinstance(target.expr, t.Var):
                own = self.variable(target.expr, True)
            else:
                self.expr(target.expr, True)
                own = None if names_visible else "?column?"
            name = target.resname
            if result_names is not None and number <= len(result_names):
                name = result_names[number - 1]
            if name is not None and own != name:
                self.buf += " AS " + quote_identifier(name)
            text, self.buf = self.buf, saved
            if self.pretty_indent and self.wrap_column >= 0:
                leading = text.startswith("\n")
                if leading:
                    self.buf = self.buf.rstrip(" ")
                else:
                    line = self.buf[self.buf.rfind("\n") + 1 :]
                    if number > 1 and (len(line) + len(text) > self.wrap_column or multiline):
                        self.keyword("", -INDENT_STD, INDENT_STD, INDENT_VAR)
                multiline = "\n" in text[1 if leading else 0 :]
            self.buf += text

    def _set_operation(self, node: Any, query: t.Query, result_names: Any, names_visible: bool) -> None:
        if isinstance(node, t.RangeTblRef):
            sub = query.rtable[node.rtindex - 1].subquery
            assert sub is not None
            need = bool(
                sub.cteList
                or sub.sortClause
                or sub.rowMarks
                or sub.limitOffset is not None
                or sub.limitCount is not None
                or sub.setOperations
            )
            if need:
                self.buf += "("
            self.query(sub, result_names, names_visible)
            if need:
                self.buf += ")"
            return
        left = node.larg
        need = isinstance(left, t.SetOperationStmt) and (left.op != node.op or left.all != node.all)
        if need:
            self.buf += "("
            self.keyword("", INDENT_STD, 0, 0)
        self._set_operation(left, query, result_names, names_visible)
        if need:
            self.keyword(") ", -INDENT_STD, 0, 0)
        elif self.pretty_indent:
            self.keyword("", 0, 0, 0)
        else:
            self.buf += " "
        self.buf += node.op.upper() + (" ALL " if node.all else " ")
        need = isinstance(node.rarg, t.SetOperationStmt)
        indent = INDENT_STD if need else 0
        if need:
            self.buf += "("
        self.keyword("", indent, 0, 0)
        self._set_operation(node.rarg, query, result_names, False)
        if self.pretty_indent:
            self.indent_level -= indent
        if need:
            self.keyword(")", 0, 0, 0)

    def sort_group(self, ref: int, targets: Any, number: bool) -> Any:
        """Append what a SortGroupClause refers to; returns the expression."""
        target = next(x for x in targets if x.ressortgroupref == ref)
        expr = target.expr
        if number:
            self.buf += str(target.resno)
        elif isinstance(expr, t.Const):
            self.const(expr, 1)
        elif isinstance(expr, t.Var):
            self.expr(expr, True)
        else:
            need = self.pretty_paren or isinstance(expr, (t.FuncExpr, t.Aggref, t.WindowFunc))
            if need:
                self.buf += "("
            self.expr(expr, True)
            if need:
                self.buf += ")"
        return expr

    def order_by(self, clauses: Any, targets: Any, numbers: bool) -> None:
        from ..lsyscache import lookup_type_cache

        for n, clause in enumerate(clauses):
            if n:
                self.buf += ", "
            expr = self.sort_group(clause.tleSortGroupRef, targets, numbers)
            operators = lookup_type_cache(self.catalog, expr_type(expr))
            if clause.sortop == operators.lt_opr:
                if clause.nulls_first:
                    self.buf += " NULLS FIRST"
            elif clause.sortop == operators.gt_opr:
                self.buf += " DESC"
                if not clause.nulls_first:
                    self.buf += " NULLS LAST"
            else:
                self.buf += f" USING {self.operator_name(clause.sortop)}"
                self.buf += " NULLS FIRST" if clause.nulls_first else " NULLS LAST"

    def _grouping_set(self, grouping: t.GroupingSet, targets: Any, omit: bool) -> None:
        if grouping.kind == "empty":
            self.buf += "()"
            return
        if grouping.kind == "simple":
            need = not omit or len(grouping.content) != 1
            if need:
                self.buf += "("
            for n, ref in enumerate(grouping.content):
                if n:
                    self.buf += ", "
                self.sort_group(ref, targets, False)
            if need:
                self.buf += ")"
            return
        self.buf += {"rollup": "ROLLUP(", "cube": "CUBE(", "sets": "GROUPING SETS ("}[grouping.kind]
        for n, item in enumerate(grouping.content):
            if n:
                self.buf += ", "
            self._grouping_set(item, targets, grouping.kind != "sets")
        self.buf += ")"

    def window_spec(self, window: t.WindowClause, targets: Any) -> None:
        """(PARTITION BY ... ORDER BY ... frame)."""
        self.buf += "("
        space = False
        if window.refname:
            self.buf += quote_identifier(window.refname)
            space = True
        if window.partitionClause and not window.refname:
            self.buf += "PARTITION BY "
            for n, clause in enumerate(window.partitionClause):
                if n:
                    self.buf += ", "
                self.sort_group(clause.tleSortGroupRef, targets, False)
            space = True
        if window.orderClause and not window.copiedOrder:
            if space:
                self.buf += " "
            self.buf += "ORDER BY "
            self.order_by(window.orderClause, targets, False)
            space = True
        options = window.frameOptions
        if options & _NONDEFAULT:
            if space:
                self.buf += " "
            self.buf += "RANGE " if options & _RANGE else "ROWS " if options & _ROWS else "GROUPS "
            if options & _BETWEEN:
                self.buf += "BETWEEN "
            if options & _START_UNBOUNDED_PRECEDING:
                self.buf += "UNBOUNDED PRECEDING "
            elif options & _START_CURRENT:
                self.buf += "CURRENT ROW "
            else:
                self.expr(window.startOffset)
                self.buf += " PRECEDING " if options & _START_PRECEDING else " FOLLOWING "
            if options & _BETWEEN:
                self.buf += "AND "
                if options & _END_UNBOUNDED_FOLLOWING:
                    self.buf += "UNBOUNDED FOLLOWING "
                elif options & _END_CURRENT:
                    self.buf += "CURRENT ROW "
                else:
                    self.expr(window.endOffset)
                    self.buf += " PRECEDING " if options & _END_PRECEDING else " FOLLOWING "
            for bit, text in _EXCLUDE:
                if options & bit:
                    self.buf += text
            self.buf = self.buf[:-1]
        self.buf += ")"

    # --- subqueries and DML -----------------------------------------------------------------------

    def _SubLink(self, node: t.SubLink, implicit: bool) -> None:
        kind = node.subLinkType
        self.buf += "ARRAY(" if kind == "array" else "("
        operator = "="
        test = node.testexpr
        if test is not None and kind in ("any", "all", "rowcompare"):
            if isinstance(test, t.OpExpr):
                self.paren(test.args[0], True, test)
                operator = self.operator_name(test.opno)
            elif isinstance(test, t.BoolExpr):
                self.buf += "("
                for n, part in enumerate(test.args):
                    if n:
                        self.buf += ", "
                    self.expr(part.args[0], False)
                    if not n:
                        operator = self.operator_name(part.opno)
                self.buf += ")"
            elif isinstance(test, t.RowCompareExpr):
                self.buf += "("
                self.list(test.largs)
                operator = self.operator_name(test.opnos[0])
                self.buf += ")"
        need = kind in ("exists", "any", "all", "rowcompare")
        if kind == "exists":
            self.buf += "EXISTS "
        elif kind == "any":
            self.buf += " IN " if operator == "=" else f" {operator} ANY "
        elif kind == "all":
            self.buf += f" {operator} ALL "
        elif kind == "rowcompare":
            self.buf += f" {operator} "
        if need:
            self.buf += "("
        self.query(node.subselect, None, False)
        self.buf += "))" if need else ")"

    def _insert(self, query: t.Query, names_visible: bool) -> None:
        self._with(query)
        rte = query.rtable[query.resultRelation - 1]
        source = next((r for r in query.rtable if r.rtekind in ("subquery", "values") and r is not rte), None)
        if self.pretty_indent:
            self.indent_level += INDENT_STD
            self.buf += " "
        self.buf += f"INSERT INTO {self.relation_name(rte.relid)}"
        if rte.alias:
            self.buf += f" AS {quote_identifier(rte.alias)}"
        self.buf += " "
        values, separator = [], "("
        names = {a.attnum: a.attname for a in self.catalog.pg_attribute.find("attrelid", rte.relid)}
        for target in query.targetList:
            if not target.resjunk:
                self.buf += separator + quote_identifier(names[target.resno])
                separator = ", "
                values.append(self._indirection(target.expr))
        if query.targetList:
            self.buf += ") "
        if query.override:
            self.buf += f"OVERRIDING {query.override.upper()} VALUE "
        if source is not None and source.rtekind == "subquery":
            assert source.subquery is not None
            self.query(source.subquery, None, False)
        elif source is not None:
            self._values(source.values_lists)
        elif values:
            self.keyword("VALUES (", -INDENT_STD, INDENT_STD, 2)
            for n, value in enumerate(values):
                if n:
                    self.buf += ", "
                self._top(value)
            self.buf += ")"
        else:
            self.buf += "DEFAULT VALUES"
        if query.onConflict is not None:
            self._on_conflict(query, query.onConflict, names)
        self._returning(query, names_visible)

    def _on_conflict(self, query: t.Query, conflict: t.OnConflictExpr, names: dict[int, str]) -> None:
        self.buf += " ON CONFLICT"
        if conflict.arbiterElems:
            saved, self.varprefix = self.varprefix, False
            self.buf += "("
            self.list(conflict.arbiterElems, implicit=False)
            self.buf += ")"
            if conflict.arbiterWhere is not None:
                self.keyword(" WHERE ", -INDENT_STD, INDENT_STD, 1)
                self.expr(conflict.arbiterWhere)
            self.varprefix = saved
        elif conflict.constraint:
            row = self.catalog.pg_constraint.get(conflict.constraint)
            self.buf += " ON CONSTRAINT " + quote_identifier(row.conname)
        if conflict.action == "nothing":
            self.buf += " DO NOTHING"
            return
        self.buf += " DO UPDATE SET "
        self._assignments(conflict.onConflictSet, names)
        if conflict.onConflictWhere is not None:
            self.keyword(" WHERE ", -INDENT_STD, INDENT_STD, 1)
            self.expr(conflict.onConflictWhere)

    def _assignments(self, targets: Any, names: dict[int, str]) -> None:
        separator = ""
        for target in targets:
            if not target.resjunk:
                self.buf += separator + quote_identifier(names[target.resno])
                separator = ", "
                value = self._indirection(target.expr)
                self.buf += " = "
                self.expr(value)

    def _indirection(self, node: Any) -> Any:
        """Append .field and [n] of an assignment's target; returns the value assigned."""
        while True:
            if isinstance(node, t.FieldStore) and len(node.newvals) == 1:
                row = self.catalog.pg_type.get(self.catalog.base_type(node.resulttype))
                attribute = self.catalog.pg_attribute.get(row.typrelid, node.fieldnums[0])
                self.buf += "." + quote_identifier(attribute.attname)
                node = node.newvals[0]
            elif isinstance(node, t.SubscriptingRef) and node.refassgnexpr is not None:
                self.subscripts(node)
                node = node.refassgnexpr
            elif isinstance(node, t.CoerceToDomain) and isinstance(
                node.arg, (t.FieldStore, t.SubscriptingRef)
            ):
                node = node.arg
            else:
                return node

    def _target_relation(self, query: t.Query) -> Any:
        rte = query.rtable[query.resultRelation - 1]
        self.buf += ("" if rte.inh else "ONLY ") + self.relation_name(rte.relid)
        if rte.alias:
            self.buf += " " + quote_identifier(rte.alias)
        return rte

    def _update(self, query: t.Query, names_visible: bool) -> None:
        self._with(query)
        if self.pretty_indent:
            self.buf += " "
            self.indent_level += INDENT_STD
        self.buf += "UPDATE "
        rte = self._target_relation(query)
        self.buf += " SET "
        self._assignments(
            query.targetList,
            {a.attnum: a.attname for a in self.catalog.pg_attribute.find("attrelid", rte.relid)},
        )
        self._from(query, " FROM ")
        self._where_returning(query, names_visible)

    def _delete(self, query: t.Query, names_visible: bool) -> None:
        self._with(query)
        if self.pretty_indent:
            self.buf += " "
            self.indent_level += INDENT_STD
        self.buf += "DELETE FROM "
        self._target_relation(query)
        self._from(query, " USING ")
        self._where_returning(query, names_visible)

    def _where_returning(self, query: t.Query, names_visible: bool) -> None:
        if query.jointree is not None and query.jointree.quals is not None:
            self.keyword(" WHERE ", -INDENT_STD, INDENT_STD, 1)
            self.expr(query.jointree.quals)
        self._returning(query, names_visible)

    def _returning(self, query: t.Query, names_visible: bool) -> None:
        if query.returningList:
            self.keyword(" RETURNING", -INDENT_STD, INDENT_STD, 1)
            self._targets(query.returningList, None, names_visible)
