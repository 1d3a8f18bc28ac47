"""FROM clauses back to SQL: the part of PostgreSQL's ruleutils.c about range table entries and joins."""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..treetypes import expr_type
from .deparse_columns import Columns
from .deparse_expr import INDENT_JOIN, INDENT_STD, INDENT_VAR, ExpressionDeparser
from .quoting import quote_identifier


class FromDeparser(ExpressionDeparser):
    """Expressions and FROM clauses; deparse_query.Deparser adds queries."""

    # what a FROM item may have inside is in deparse_query

    def query(self, query: Any, result_names: Any = None, names_visible: bool = True) -> None:
        raise NotImplementedError

    def _values(self, lists: Any) -> None:
        raise NotImplementedError

    def _from(self, query: t.Query, prefix: str) -> None:
        first = True
        for item in query.jointree.fromlist if query.jointree is not None else ():
            if isinstance(item, t.RangeTblRef) and not query.rtable[item.rtindex - 1].inFromCl:
                continue
            if first:
                self.keyword(prefix, -INDENT_STD, INDENT_STD, 2)
                first = False
                self._from_item(item, query)
                continue
            self.buf += ", "
            saved, self.buf = self.buf, ""
            self._from_item(item, query)
            text, self.buf = self.buf, saved
            if self.pretty_indent and self.wrap_column >= 0:
                if text.startswith("\n"):
                    self.buf = self.buf.rstrip(" ")
                else:
                    line = self.buf[self.buf.rfind("\n") + 1 :]
                    if len(line) + len(text) > self.wrap_column:
                        self.keyword("", -INDENT_STD, INDENT_STD, INDENT_VAR)
            self.buf += text

    def _from_item(self, item: Any, query: t.Query) -> None:
        if isinstance(item, t.JoinExpr):
            self._join(item, query)
            return
        number = item.rtindex
        rte = query.rtable[number - 1]
        if rte.lateral:
            self.buf += "LATERAL "
        kind = rte.rtekind
        if kind == "relation" or (kind == "subquery" and rte.relid):
            self.buf += ("" if rte.inh or rte.relkind == "v" else "ONLY ") + self.relation_name(rte.relid)
            kind = "relation"
        elif kind == "subquery":
            self.buf += "("
            self.query(rte.subquery)
            self.buf += ")"
        elif kind == "function":
            self._function_item(rte)
        elif kind == "values":
            self.buf += "("
            self._values(rte.values_lists)
            self.buf += ")"
        elif kind == "cte":
            self.buf += quote_identifier(rte.ctename)
        else:
            raise SqlError(FEATURE_NOT_SUPPORTED, f"printing a FROM item of kind {kind} is not supported")
        self._alias(rte, number, kind)
        if rte.tablesample is not None:
            self._tablesample(rte.tablesample)

    def _alias(self, rte: Any, number: int, kind: str) -> None:
        name = self.namespaces[0].names[number - 1]
        columns = self.namespaces[0].columns[number - 1]
        show = bool(rte.alias) or columns.print_aliases
        if kind == "relation":
            show = show or name != self.catalog.pg_class.get(rte.relid).relname
        elif kind == "cte":
            show = show or name != rte.ctename
        else:
            show = True
        if show and name is not None:
            self.buf += " " + quote_identifier(name)
        functions = rte.functions
        if (
            kind == "function"
            and len(functions) == 1
            and functions[0].funccolnames
            and not rte.funcordinality
        ):
            self._column_definitions(functions[0])
            return
        self._column_aliases(columns)

    def _column_aliases(self, columns: Columns) -> None:
        if columns.print_aliases and columns.new_names:
            self.buf += f"({', '.join([quote_identifier(name) for name in columns.new_names])})"

    def _column_definitions(self, function: t.RangeTblFunction) -> None:
        parts = []
        for name, typid, typmod, collation in zip(
            function.funccolnames,
            function.funccoltypes,
            function.funccoltypmods,
            function.funccolcollations,
            strict=True,
        ):
            text = f"{quote_identifier(name)} {self.type_name(typid, typmod)}"
            row = self.catalog.pg_type.get(typid)
            if collation and row is not None and collation != row.typcollation:
                text += " COLLATE " + self.collation_name(collation)
            parts.append(text)
        self.buf += f"({', '.join(parts)})"

    def _function_item(self, rte: Any) -> None:
        functions = rte.functions
        if len(functions) == 1 and not (functions[0].funccolnames and rte.funcordinality):
            self._function_call(functions[0].funcexpr)
        elif all(
            isinstance(f.funcexpr, t.FuncExpr) and f.funcexpr.funcid == 2331 and not f.funccolnames
            for f in functions
        ):
            self.buf += "UNNEST("
            self.list([arg for f in functions for arg in f.funcexpr.args])
            self.buf += ")"
        else:
            self.buf += "ROWS FROM("
            for n, function in enumerate(functions):
                if n:
                    self.buf += ", "
                self._function_call(function.funcexpr)
                if function.funccolnames:
                    self.buf += " AS "
                    self._column_definitions(function)
            self.buf += ")"
        if rte.funcordinality:
            self.buf += " WITH ORDINALITY"

    def _function_call(self, node: Any) -> None:
        """An expression where the grammar wants a function call: else as a CAST."""
        if isinstance(node, (t.NullIfExpr, t.CoalesceExpr, t.MinMaxExpr, t.SQLValueFunction)) or (
            isinstance(node, t.FuncExpr) and node.funcformat in (t.COERCE_EXPLICIT_CALL, t.COERCE_SQL_SYNTAX)
        ):
            self.expr(node, True)
        else:
            self.buf += "CAST("
            self.expr(node, False)
            self.buf += f" AS {self.type_name(expr_type(node))})"

    def _tablesample(self, sample: Any) -> None:
        self.buf += f" TABLESAMPLE {self.function_name(sample.tsmhandler)} ("
        self.list(sample.args, implicit=False)
        self.buf += ")"
        if getattr(sample, "repeatable", None) is not None:
            self.buf += " REPEATABLE ("
            self.expr(sample.repeatable)
            self.buf += ")"

    def _join(self, join: t.JoinExpr, query: t.Query) -> None:
        rte = query.rtable[join.rtindex - 1] if join.rtindex else None
        columns = self.namespaces[0].columns[join.rtindex - 1]
        alias = rte.alias if rte is not None else None
        right_paren = (
            self.pretty_paren
            and isinstance(join.rarg, t.JoinExpr)
            and not (query.rtable[join.rarg.rtindex - 1].alias)
        )
        outer = not self.pretty_paren or bool(alias)
        if outer:
            self.buf += "("
        self._from_item(join.larg, query)
        word = {
            "inner": " JOIN " if join.quals is not None else " CROSS JOIN ",
            "left": " LEFT JOIN ",
            "full": " FULL JOIN ",
            "right": " RIGHT JOIN ",
        }[join.jointype]
        self.keyword(word, -INDENT_STD, INDENT_STD, INDENT_JOIN)
        if right_paren:
            self.buf += "("
        self._from_item(join.rarg, query)
        if right_paren:
            self.buf += ")"
        if join.usingClause:
            self.buf += f" USING ({', '.join([quote_identifier(c) for c in columns.using_names])})"
            if rte is not None and rte.join_using_alias:
                self.buf += " AS " + quote_identifier(rte.join_using_alias)
        elif join.quals is not None:
            self.buf += " ON "
            self._open()
            self.expr(join.quals)
            self._close()
        elif join.jointype != "inner":
            self.buf += " ON TRUE"
        if outer:
            self.buf += ")"
        if alias and rte is not None:
            name = self.namespaces[0].names[join.rtindex - 1]
            self.buf += " " + quote_identifier(name or alias)
            self._column_aliases(columns)
