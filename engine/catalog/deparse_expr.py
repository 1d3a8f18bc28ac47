"""Expressions back to SQL: the part of PostgreSQL's ruleutils.c about expression trees.

`Deparser.buf` grows as the tree is walked; nested queries continue in the same buffer, because
indentation depends on what stands before. In the non-pretty form every operator has parentheses.
"""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import INTERNAL_ERROR
from ..treetypes import expr_is_length_coercion, expr_type
from .namespaces import is_visible, named_oid
from .quoting import quote_identifier, quote_qualified
from .trees import BootstrapContext
from .typenames import format_type

INDENT_STD, INDENT_JOIN, INDENT_VAR = 8, 4, 4
INDENT_LIMIT = 40

_LEAVES = (t.Var, t.Const, t.Param, t.CoerceToDomainValue, t.SetToDefault, t.CurrentOfExpr)
_CALLS = (
    t.SubscriptingRef,
    t.ArrayExpr,
    t.RowExpr,
    t.CoalesceExpr,
    t.MinMaxExpr,
    t.SQLValueFunction,
    t.NextValueExpr,
    t.NullIfExpr,
    t.Aggref,
    t.GroupingFunc,
    t.WindowFunc,
    t.FuncExpr,
    t.CaseExpr,
    t.JsonConstructorExpr,
    t.MergeSupportFunc,
)
_SEPARATED = (
    t.SubscriptingRef,
    t.ArrayExpr,
    t.RowExpr,
    t.CoalesceExpr,
    t.MinMaxExpr,
    t.NullIfExpr,
    t.Aggref,
    t.GroupingFunc,
    t.WindowFunc,
    t.CaseExpr,
)
_COERCIONS = (t.CoerceToDomain, t.RelabelType, t.CoerceViaIO, t.ArrayCoerceExpr, t.ConvertRowtypeExpr)


def quote_simple(text: str) -> str:
    """A string literal under standard_conforming_strings; never E''."""
    return "'" + text.replace("'", "''") + "'"


def coercion_form(node: Any) -> str:
    """The coerceformat of a coercion node, whatever its field is called."""
    for name in ("relabelformat", "coerceformat", "convertformat", "coercionformat", "funcformat"):
        form = getattr(node, name, None)
        if form is not None:
            return str(form)
    return ""


def strip_implicit_coercions(node: Any) -> Any:
    """The expression below coercions that the user did not write."""
    while True:
        if isinstance(node, t.FuncExpr) and node.funcformat == t.COERCE_IMPLICIT_CAST:
            node = node.args[0]
        elif isinstance(node, _COERCIONS) and coercion_form(node) == t.COERCE_IMPLICIT_CAST:
            node = node.arg
        else:
            return node


class ExpressionDeparser:
    """Walks expressions; deparse_query.Deparser adds queries."""

    def __init__(
        self,
        catalog: Any,
        *,
        pretty: bool = False,
        indent: bool = True,
        path: tuple[int, ...] = (11, 2200),
        ctx: Any = None,
        varprefix: bool = False,
    ) -> None:
        self.catalog = catalog
        self.pretty_paren = pretty
        self.pretty_schema = pretty
        self.pretty_indent = indent
        self.wrap_column = 0
        self.path = path
        self.ctx = BootstrapContext(catalog) if ctx is None else ctx
        self.varprefix = varprefix
        self.buf = ""
        self.indent_level = 0
        self.namespaces: list[Any] = []
        self.windows: Any = []
        self.window_targets: Any = []
        self.appended_target: Any = None

    # --- names ------------------------------------------------------------------------------------------

    def relation_name(self, relid: int, qualify: bool = False) -> str:
        """The relation's name, qualified if it is not visible (or a CTE hides it)."""
        row = self.catalog.pg_class.get(relid)
        if row is None:
            raise SqlError(INTERNAL_ERROR, f"cache lookup failed for relation {relid}")
        if not qualify:
            qualify = self.catalog.relation_oid(row.relname, self.path) != relid or any(
                cte.ctename == row.relname for ns in self.namespaces for cte in ns.ctes
            )
        schema = self.catalog.pg_namespace.get(row.relnamespace).nspname if qualify else None
        return quote_qualified(schema, row.relname)

    def function_name(self, funcid: int) -> str:
        row = self.catalog.pg_proc.get(funcid)
        if row is None:
            raise SqlError(INTERNAL_ERROR, f"cache lookup failed for function {funcid}")
        visible = is_visible(self.catalog, "pg_proc", funcid, self.path)
        schema = None if visible else self.catalog.pg_namespace.get(row.pronamespace).nspname
        return quote_qualified(schema, row.proname)

    def operator_name(self, opno: int) -> str:
        row = self.catalog.pg_operator.get(opno)
        if is_visible(self.catalog, "pg_operator", opno, self.path):
            return str(row.oprname)
        schema = self.catalog.pg_namespace.get(row.oprnamespace).nspname
        return f"OPERATOR({quote_identifier(schema)}.{row.oprname})"

    def collation_name(self, oid: int) -> str:
        row = self.catalog.pg_collation.get(oid)
        visible = named_oid(self.catalog, "pg_collation", row.collname, self.path) == oid
        schema = None if visible else self.catalog.pg_namespace.get(row.collnamespace).nspname
        return quote_qualified(schema, row.collname)

    def type_name(self, typid: int, typmod: int = -1) -> str:
        return format_type(self.catalog, typid, typmod, path=self.path)

    # --- the buffer ---------------------------------------------------------------------------------------

    def keyword(self, text: str, before: int, after: int, plus: int) -> None:
        """A clause's keyword on a line of its own if indenting (appendContextKeyword)."""
        if not self.pretty_indent:
            self.buf += text
            return
        self.indent_level += before
        self.buf = self.buf.rstrip(" ") + "\n"
        level = max(self.indent_level, 0)
        if self.indent_level < INDENT_LIMIT:
            amount = level + plus
        else:
            amount = INDENT_LIMIT + (self.indent_level - INDENT_LIMIT) // (INDENT_STD // 2)
            amount = amount % INDENT_LIMIT + plus
        self.buf += " " * amount + text
        self.indent_level = max(self.indent_level + after, 0)

    def list(self, nodes: Any, separator: str = ", ", implicit: bool = True) -> None:
        """Expressions one after the other."""
        for n, node in enumerate(nodes):
            if n:
                self.buf += separator
            self.expr(node, implicit)

    def paren(self, node: Any, implicit: bool, parent: Any) -> None:
        """An operand: in parentheses if pretty printing and they are needed (get_rule_expr_paren)."""
        need = self.pretty_paren and not self.is_simple(node, parent)
        if need:
            self.buf += "("
        self.expr(node, implicit)
        if need:
            self.buf += ")"

    def is_simple(self, node: Any, parent: Any) -> bool:
        """Whether an operand needs no parentheses under `parent` (isSimpleNode)."""
        if isinstance(node, (*_LEAVES, *_CALLS)):
            return True
        if isinstance(node, (t.FieldSelect, t.FieldStore)):
            return type(node) is not type(parent)
        if isinstance(node, _COERCIONS):
            return self.is_simple(node.arg, node)
        if isinstance(node, t.OpExpr) and isinstance(parent, t.OpExpr):
            return self._operator_binds(node, parent)
        if isinstance(node, (t.OpExpr, t.SubLink, t.NullTest, t.BooleanTest, t.DistinctExpr)):
            if isinstance(parent, t.FuncExpr):
                return parent.funcformat == t.COERCE_EXPLICIT_CALL
            return isinstance(parent, (t.BoolExpr, *_SEPARATED))
        if isinstance(node, t.BoolExpr):
            if isinstance(parent, t.BoolExpr):
                return parent.boolop == "or" or (parent.boolop == "and" and node.boolop != "or")
            if isinstance(parent, t.FuncExpr):
                return parent.funcformat == t.COERCE_EXPLICIT_CALL
            return isinstance(parent, _SEPARATED)
        return False

    def _operator_binds(self, node: Any, parent: Any) -> bool:
        own, outer = self._binary_name(node), self._binary_name(parent)
        if not own or not outer or own not in "+-*/%" or outer not in "+-*/%":
            return False
        if own in "*/%" and outer in "+-":
            return True
        if own in "+-" and outer in "*/%":
            return False
        return node is parent.args[0]

    def _binary_name(self, node: Any) -> str | None:
        if len(node.args) != 2:
            return None
        name = self.operator_name(node.opno)
        return name if len(name) == 1 else None

    # --- expressions --------------------------------------------------------------------------------------

    def expr(self, node: Any, implicit: bool = False) -> None:
        """Append an expression; `implicit`: show implicit casts at its top (get_rule_expr)."""
        if node is None:
            return
        if type(node) is tuple or type(node) is list:
            self.list(node, implicit=implicit)
            return
        method = getattr(self, "_" + type(node).__name__, None)
        if method is None:
            raise SqlError(INTERNAL_ERROR, f"cannot deparse a {type(node).__name__}")
        method(node, implicit)

    def _Const(self, node: t.Const, implicit: bool) -> None:
        self.const(node, 0)

    def const(self, node: t.Const, show_type: int) -> None:
        """show_type: -1 never, 0 if needed, 1 always (get_const_expr)."""
        typid = node.consttype
        if node.constisnull:
            self.buf += "NULL"
            if show_type >= 0:
                self.buf += "::" + self.type_name(typid, node.consttypmod)
                self._const_collation(node)
            return
        if typid == 16:
            self.buf += "true" if node.constvalue else "false"
            label = False
        else:
            from ..types.io import text_output

            text = text_output(self.catalog, typid)(self.ctx, node.constvalue)
            label = True
            if typid == 23 and text[0] != "-":
                self.buf += text
                label = False
            elif typid == 1700 and text[0].isdigit() and any(c in text for c in "eE."):
                self.buf += text
                label = node.consttypmod >= 0
            elif typid in (23, 1700):
                self.buf += f"'{text}'"
            else:
                self.buf += quote_simple(text)
                label = typid != 705
        if show_type < 0:
            return
        if label or show_type > 0:
            self.buf += "::" + self.type_name(typid, node.consttypmod)
        self._const_collation(node)

    def _const_collation(self, node: t.Const) -> None:
        if node.constcollid:
            row = self.catalog.pg_type.get(node.consttype)
            if row is not None and row.typcollation != node.constcollid:
                self.buf += " COLLATE " + self.collation_name(node.constcollid)

    def _Param(self, node: t.Param, implicit: bool) -> None:
        self.buf += f"${node.paramid}"

    def _CaseTestExpr(self, node: Any, implicit: bool) -> None:
        self.buf += "CASE_TEST_EXPR"

    def _CoerceToDomainValue(self, node: Any, implicit: bool) -> None:
        self.buf += "VALUE"

    def _SetToDefault(self, node: Any, implicit: bool) -> None:
        self.buf += "DEFAULT"

    def _CurrentOfExpr(self, node: t.CurrentOfExpr, implicit: bool) -> None:
        self.buf += "CURRENT OF " + quote_identifier(node.cursor_name)

    def _OldNewVar(self, node: t.OldNewVar, implicit: bool) -> None:
        saved, self.buf = self.buf, ""
        self.expr(node.var)
        name = self.buf.rsplit(".", 1)[-1]
        self.buf = f"{saved}{node.which}.{name}"

    def coercion(self, arg: Any, typid: int, typmod: int, parent: Any) -> None:
        """(arg)::type (get_coercion_expr)."""
        if isinstance(arg, t.Const) and arg.consttype == typid and arg.consttypmod == -1:
            self.const(arg, -1)
        else:
            if not self.pretty_paren:
                self.buf += "("
            self.paren(arg, False, parent)
            if not self.pretty_paren:
                self.buf += ")"
        self.buf += "::" + self.type_name(typid, typmod)

    def _cast(self, node: Any, implicit: bool) -> None:
        if coercion_form(node) == t.COERCE_IMPLICIT_CAST and not implicit:
            self.paren(node.arg, False, node)
        else:
            self.coercion(node.arg, node.resulttype, getattr(node, "resulttypmod", -1), node)

    _RelabelType = _CoerceViaIO = _ArrayCoerceExpr = _ConvertRowtypeExpr = _cast

    def _CoerceToDomain(self, node: t.CoerceToDomain, implicit: bool) -> None:
        if node.coercionformat == t.COERCE_IMPLICIT_CAST and not implicit:
            self.expr(node.arg, False)
        else:
            self.coercion(node.arg, node.resulttype, node.resulttypmod, node)

    def _FuncExpr(self, node: t.FuncExpr, implicit: bool) -> None:
        form = node.funcformat
        if form == t.COERCE_IMPLICIT_CAST and not implicit:
            self.paren(node.args[0], False, node)
            return
        if form in (t.COERCE_IMPLICIT_CAST, t.COERCE_EXPLICIT_CAST):
            typmod = expr_is_length_coercion(node)
            self.coercion(node.args[0], node.funcresulttype, -1 if typmod is None else typmod, node)
            return
        if form == t.COERCE_SQL_SYNTAX:
            from .deparse_sqlsyntax import sql_syntax

            if sql_syntax(self, node):
                return
        self.buf += self.function_name(node.funcid) + "("
        self._arguments(node.args, node.funcvariadic)
        self.buf += ")"

    def _arguments(self, args: Any, variadic: bool) -> None:
        last = len(args) - 1
        for n, arg in enumerate(args):
            if n:
                self.buf += ", "
            if variadic and n == last:
                self.buf += "VARIADIC "
            self.expr(arg, True)

    def _open(self) -> None:
        if not self.pretty_paren:
            self.buf += "("

    def _close(self) -> None:
        if not self.pretty_paren:
            self.buf += ")"

    def _OpExpr(self, node: t.OpExpr, implicit: bool) -> None:
        self._open()
        if len(node.args) == 2:
            self.paren(node.args[0], True, node)
            self.buf += f" {self.operator_name(node.opno)} "
            self.paren(node.args[1], True, node)
        else:
            self.buf += self.operator_name(node.opno) + " "
            self.paren(node.args[0], True, node)
        self._close()

    def _DistinctExpr(self, node: t.DistinctExpr, implicit: bool) -> None:
        self._open()
        self.paren(node.args[0], True, node)
        self.buf += " IS DISTINCT FROM "
        self.paren(node.args[1], True, node)
        self._close()

    def _NullIfExpr(self, node: t.NullIfExpr, implicit: bool) -> None:
        self.buf += "NULLIF("
        self.list(node.args)
        self.buf += ")"

    def _ScalarArrayOpExpr(self, node: t.ScalarArrayOpExpr, implicit: bool) -> None:
        left, right = node.args
        self._open()
        self.paren(left, True, node)
        self.buf += f" {self.operator_name(node.opno)} {'ANY' if node.useOr else 'ALL'} ("
        self.paren(right, True, node)
        # a bare subquery would be taken for = ANY (SELECT ...) again
        if isinstance(right, t.SubLink) and right.subLinkType == "expr":
            self.buf += "::" + self.type_name(expr_type(right))
        self.buf += ")"
        self._close()

    def _BoolExpr(self, node: t.BoolExpr, implicit: bool) -> None:
        self._open()
        if node.boolop == "not":
            self.buf += "NOT "
            self.paren(node.args[0], False, node)
        else:
            for n, arg in enumerate(node.args):
                if n:
                    self.buf += f" {node.boolop.upper()} "
                self.paren(arg, False, node)
        self._close()

    def _SubscriptingRef(self, node: t.SubscriptingRef, implicit: bool) -> None:
        if isinstance(node.refexpr, t.CaseTestExpr):  # an assignment's target is printed by its SET
            self.expr(node.refassgnexpr)
            return
        need = not isinstance(node.refexpr, (t.Var, t.FieldSelect))
        if need:
            self.buf += "("
        self.expr(node.refexpr, implicit)
        if need:
            self.buf += ")"
        self.subscripts(node)
        if node.refassgnexpr is not None:
            self.buf += " := "
            self.expr(node.refassgnexpr, implicit)

    def subscripts(self, node: t.SubscriptingRef) -> None:
        lowers = node.reflowerindexpr or (None,) * len(node.refupperindexpr)
        for upper, lower in zip(node.refupperindexpr, lowers, strict=True):
            self.buf += "["
            if node.reflowerindexpr:
                self.expr(lower, False)
                self.buf += ":"
            self.expr(upper, False)
            self.buf += "]"

    def _FieldSelect(self, node: t.FieldSelect, implicit: bool) -> None:
        arg = node.arg
        need = not isinstance(arg, (t.SubscriptingRef, t.FieldSelect))
        if need:
            self.buf += "("
        self.expr(arg, True)
        if need:
            self.buf += ")"
        self.buf += "." + quote_identifier(self.field_name(arg, node.fieldnum))

    def field_name(self, arg: Any, number: int) -> str:
        typid = self.catalog.base_type(expr_type(arg))
        if isinstance(arg, t.RowExpr) and arg.colnames:
            return arg.colnames[number - 1]
        row = self.catalog.pg_type.get(typid)
        if row is not None and row.typrelid:
            attribute = self.catalog.pg_attribute.get(row.typrelid, number)
            if attribute is not None:
                return str(attribute.attname)
        if isinstance(arg, t.Var) and typid == 2249:
            source, namespaces = self.record_source(arg)
            if source is not None:
                saved, self.namespaces = self.namespaces, namespaces
                try:
                    return self.field_name(source, number)
                finally:
                    self.namespaces = saved
        if isinstance(arg, t.FuncExpr):
            proc = self.catalog.pg_proc.get(arg.funcid)
            if proc.proargmodes is not None and proc.proargnames is not None:
                outputs = [
                    name
                    for name, mode in zip(proc.proargnames.items, proc.proargmodes.items, strict=True)
                    if mode in "obt"
                ]
                if number <= len(outputs):
                    return str(outputs[number - 1])
        return f"f{number}"

    def record_source(self, node: t.Var) -> tuple[Any, Any]:
        """The expression a Var of type record stands for, and the namespaces it is to be read in."""
        return None, self.namespaces

    def _FieldStore(self, node: t.FieldStore, implicit: bool) -> None:
        need = len(node.newvals) != 1
        if need:
            self.buf += "ROW("
        self.list(node.newvals, implicit=implicit)
        if need:
            self.buf += ")"

    def _CollateExpr(self, node: t.CollateExpr, implicit: bool) -> None:
        self._open()
        self.paren(node.arg, implicit, node)
        self.buf += " COLLATE " + self.collation_name(node.collOid)
        self._close()

    def _CaseExpr(self, node: t.CaseExpr, implicit: bool) -> None:
        self.keyword("CASE", 0, INDENT_VAR, 0)
        if node.arg is not None:
            self.buf += " "
            self.expr(node.arg, True)
        for when in node.args:
            condition = when.expr
            if (
                node.arg is not None
                and isinstance(condition, t.OpExpr)
                and len(condition.args) == 2
                and isinstance(strip_implicit_coercions(condition.args[0]), t.CaseTestExpr)
            ):
                condition = condition.args[1]
            if not self.pretty_indent:
                self.buf += " "
            self.keyword("WHEN ", 0, 0, 0)
            self.expr(condition, False)
            self.buf += " THEN "
            self.expr(when.result, True)
        if node.defresult is not None:
            if not self.pretty_indent:
                self.buf += " "
            self.keyword("ELSE ", 0, 0, 0)
            self.expr(node.defresult, True)
        else:
            if not self.pretty_indent:
                self.buf += " "
            self.keyword("ELSE ", 0, 0, 0)
            self.buf += "NULL::" + self.type_name(node.casetype)
        if not self.pretty_indent:
            self.buf += " "
        self.keyword("END", -INDENT_VAR, 0, 0)

    def _ArrayExpr(self, node: t.ArrayExpr, implicit: bool) -> None:
        self.buf += "ARRAY["
        self.list(node.elements)
        self.buf += "]"
        if not node.elements:
            self.buf += "::" + self.type_name(node.array_typeid)

    def _RowExpr(self, node: t.RowExpr, implicit: bool) -> None:
        self.buf += "ROW("
        self.list(node.args)
        self.buf += ")"
        if node.row_format == t.COERCE_EXPLICIT_CAST:
            self.buf += "::" + self.type_name(node.row_typeid)

    def _RowCompareExpr(self, node: t.RowCompareExpr, implicit: bool) -> None:
        self.buf += "(ROW("
        self.list(node.largs)
        self.buf += f") {self.operator_name(node.opnos[0])} ROW("
        self.list(node.rargs)
        self.buf += "))"

    def _CoalesceExpr(self, node: t.CoalesceExpr, implicit: bool) -> None:
        self.buf += "COALESCE("
        self.list(node.args)
        self.buf += ")"

    def _MinMaxExpr(self, node: t.MinMaxExpr, implicit: bool) -> None:
        self.buf += node.op.upper() + "("
        self.list(node.args)
        self.buf += ")"

    def _SQLValueFunction(self, node: t.SQLValueFunction, implicit: bool) -> None:
        self.buf += node.op.upper().removesuffix("_N")
        if node.typmod >= 0 and node.type in (1083, 1266, 1114, 1184):
            self.buf += f"({node.typmod})"

    def _NullTest(self, node: t.NullTest, implicit: bool) -> None:
        from ..lsyscache import type_is_rowtype

        self._open()
        self.paren(node.arg, True, node)
        is_null = node.nulltesttype == "is_null"
        if node.argisrow or not type_is_rowtype(self.catalog, expr_type(node.arg)):
            self.buf += " IS NULL" if is_null else " IS NOT NULL"
        else:
            self.buf += " IS NOT DISTINCT FROM NULL" if is_null else " IS DISTINCT FROM NULL"
        self._close()

    def _BooleanTest(self, node: t.BooleanTest, implicit: bool) -> None:
        self._open()
        self.paren(node.arg, False, node)
        self.buf += " " + node.booltesttype.upper().replace("_", " ")
        self._close()

    def _NextValueExpr(self, node: t.NextValueExpr, implicit: bool) -> None:
        self.buf += f"nextval({quote_simple(self.relation_name(node.seqid))}::regclass)"

    def _JsonIsPredicate(self, node: t.JsonIsPredicate, implicit: bool) -> None:
        self._open()
        self.paren(node.expr, True, node)
        kind = node.item_type.upper()
        self.buf += " IS JSON" + ("" if kind in ("", "VALUE", "ANY") else " " + kind)
        if node.unique_keys:
            self.buf += " WITH UNIQUE KEYS"
        self._close()

    def _JsonConstructorExpr(self, node: t.JsonConstructorExpr, implicit: bool) -> None:
        names = {
            "json_object": "JSON_OBJECT",
            "json_array": "JSON_ARRAY",
            "json_objectagg": "JSON_OBJECTAGG",
            "json_arrayagg": "JSON_ARRAYAGG",
            "json_scalar": "JSON_SCALAR",
            "json_serialize": "JSON_SERIALIZE",
            "json_parse": "JSON",
        }
        name = names.get(node.type, node.type.upper())
        self.buf += name + "("
        pairs = name in ("JSON_OBJECT", "JSON_OBJECTAGG")
        for n, arg in enumerate(node.args):
            if n:
                self.buf += " : " if pairs and n % 2 else ", "
            self.expr(arg, True)
        if pairs and node.absent_on_null:
            self.buf += " ABSENT ON NULL"
        if not pairs and name in ("JSON_ARRAY", "JSON_ARRAYAGG") and not node.absent_on_null:
            self.buf += " NULL ON NULL"
        if node.unique:
            self.buf += " WITH UNIQUE KEYS"
        self.buf += ")"

    def _MergeSupportFunc(self, node: Any, implicit: bool) -> None:
        self.buf += "MERGE_ACTION()"

    def _InferenceElem(self, node: t.InferenceElem, implicit: bool) -> None:
        need = not isinstance(node.expr, (t.Var, t.FuncExpr))
        if need:
            self.buf += "("
        self.expr(node.expr, False)
        if need:
            self.buf += ")"
        if node.infercollid:
            self.buf += " COLLATE " + self.collation_name(node.infercollid)

    def _TargetEntry(self, node: t.TargetEntry, implicit: bool) -> None:
        self.expr(node.expr, implicit)

    # --- aggregates and windows ---------------------------------------------------------------------------

    def _GroupingFunc(self, node: t.GroupingFunc, implicit: bool) -> None:
        self.buf += "GROUPING("
        self.list(node.args)
        self.buf += ")"

    def _Aggref(self, node: t.Aggref, implicit: bool) -> None:
        self.buf += self.function_name(node.aggfnoid) + "("
        if node.aggdistinct:
            self.buf += "DISTINCT "
        if node.aggkind != "n":
            self.list(node.aggdirectargs)
            self.buf += ") WITHIN GROUP (ORDER BY "
            self.order_by(node.aggorder, node.args, False)
        else:
            if node.aggstar:
                self.buf += "*"
            else:
                self._arguments([a for a in node.args if not a.resjunk], node.aggvariadic)
            if node.aggorder:
                self.buf += " ORDER BY "
                self.order_by(node.aggorder, node.args, False)
        if node.aggfilter is not None:
            self.buf += ") FILTER (WHERE "
            self.expr(node.aggfilter, False)
        self.buf += ")"

    def _WindowFunc(self, node: t.WindowFunc, implicit: bool) -> None:
        self.buf += self.function_name(node.winfnoid) + "("
        if node.winstar:
            self.buf += "*"
        else:
            self.list(node.args)
        if node.aggfilter is not None:
            self.buf += ") FILTER (WHERE "
            self.expr(node.aggfilter, False)
        self.buf += ") OVER "
        for window in self.windows:
            if window.winref == node.winref:
                if window.name:
                    self.buf += quote_identifier(window.name)
                else:
                    self.window_spec(window, self.window_targets)
                return
        self.buf += "(?)"

    # order_by, window_spec and what reads the range table are in deparse_query

    def order_by(self, clauses: Any, targets: Any, numbers: bool) -> None:
        raise NotImplementedError

    def window_spec(self, window: Any, targets: Any) -> None:
        raise NotImplementedError
