"""Expression preprocessing: Vars resolved, constants folded, booleans simplified.

PostgreSQL's eval_const_expressions (optimizer/util/clauses.c) and canonicalize_qual
(optimizer/prep/prepqual.c). Immutable functions of constants are computed by their registered
implementations; a SqlError they raise is the statement's error, as in PostgreSQL. Branches of CASE
that cannot be reached are dropped before they are looked at.
"""

from collections.abc import Callable
from typing import Any

from ..registry import IMPLEMENTATIONS, CallSite
from ..tree import (
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    CaseExpr,
    CaseTestExpr,
    CaseWhen,
    CoalesceExpr,
    CoerceToDomain,
    CollateExpr,
    Const,
    DistinctExpr,
    FieldSelect,
    FuncExpr,
    NullIfExpr,
    NullTest,
    OpExpr,
    Param,
    RelabelType,
    RowExpr,
    ScalarArrayOpExpr,
    SubLink,
    Var,
)
from ..treetypes import expr_type, expr_typmod
from ..values import make_array, relabelling
from .clauses import contain_volatile_functions, get_negator
from .walk import make_and, mutate, replace

TRUE = Const(consttype=16, constvalue=True)
FALSE = Const(consttype=16, constvalue=False)
NULL_BOOL = Const(consttype=16, constvalue=None, constisnull=True)
ANYOID = 2276
RECORDOID = 2249
INTERNAL_LANGUAGES = (12, 13)


def null_const(typid: int, typmod: int = -1, collation: int = 0) -> Const:
    """NULL of a type."""
    return Const(
        consttype=typid, constvalue=None, constisnull=True, consttypmod=typmod, constcollid=collation
    )


def evaluate_function(
    catalog: Any,
    funcid: int,
    args: tuple[Any, ...],
    result_type: int,
    result_typmod: int,
    collation: int,
    variadic: bool = False,
) -> Any:
    """The call as a Const if the function is immutable and its implementation can run now, else None."""
    row = catalog.pg_proc.get(funcid)
    if row is None or row.provolatile != "i" or row.proretset or row.prokind != "f":
        return None
    if row.prolang not in INTERNAL_LANGUAGES or row.provariadic == ANYOID or result_type == RECORDOID:
        return None
    if row.proisstrict:
        for arg in args:
            if arg.constisnull:
                return null_const(result_type, result_typmod)
    implementation = IMPLEMENTATIONS.get(row.prosrc)
    if implementation is None or implementation.context:
        return None
    function = implementation.function
    values = [arg.constvalue for arg in args]
    if implementation.bind:
        function = function(
            CallSite(
                catalog,
                funcid,
                tuple([arg.consttype for arg in args]),
                tuple([arg.consttypmod for arg in args]),
                result_type,
                result_typmod,
                collation,
                variadic,
            )
        )
    value = function(*values)
    return Const(
        consttype=result_type,
        constvalue=value,
        constisnull=value is None,
        consttypmod=result_typmod,
        constcollid=0,
    )


class Simplifier:
    """Simplifies expressions; `resolve_var` gives what stands for a Var, `params` the known values
    of $n (None: unknown)."""

    def __init__(
        self, catalog: Any, resolve_var: Callable[[Var], Any] | None = None, params: Any = None
    ) -> None:
        self.catalog = catalog
        self.resolve_var = resolve_var
        self.params = params
        self.case_value: Any = None

    def __call__(self, node: Any) -> Any:
        method = _METHODS.get(type(node))
        if method is not None:
            return method(self, node)
        node = mutate(node, self)
        if getattr(node, "location", -1) != -1:
            node = replace(node, location=-1)
        return node

    def _args(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([self(arg) for arg in args])

    def var(self, node: Var) -> Any:
        if node.location != -1 or node.varnosyn:  # equal columns are equal however they were written
            node = replace(node, location=-1, varnosyn=0, varattnosyn=0)
        return node if self.resolve_var is None else self.resolve_var(node)

    def const(self, node: Const) -> Any:
        return node if node.location == -1 else replace(node, location=-1)

    def param(self, node: Param) -> Any:
        if self.params is not None and node.paramkind == "extern" and node.paramid <= len(self.params):
            value = self.params[node.paramid - 1]
            return Const(
                consttype=node.paramtype,
                constvalue=value,
                constisnull=value is None,
                consttypmod=node.paramtypmod,
                constcollid=node.paramcollid,
            )
        return node if node.location == -1 else replace(node, location=-1)

    def case_test(self, node: CaseTestExpr) -> Any:
        return node if self.case_value is None else self.case_value

    def function(self, node: FuncExpr) -> Any:
        args = self._args(node.args)
        if not node.funcretset:
            if all(type(arg) is Const for arg in args):
                typmod = expr_typmod(node)
                folded = evaluate_function(
                    self.catalog,
                    node.funcid,
                    args,
                    node.funcresulttype,
                    typmod,
                    node.inputcollid,
                    node.funcvariadic,
                )
                if folded is not None:
                    return replace(folded, constcollid=node.funccollid) if node.funccollid else folded
            elif self._strict_null(node.funcid, args):
                return null_const(node.funcresulttype, -1, node.funccollid)
        return replace(node, args=args, location=-1)

    def _strict_null(self, funcid: int, args: tuple[Any, ...]) -> bool:
        """Whether a strict, not volatile function has a constant NULL argument."""
        if not any(type(arg) is Const and arg.constisnull for arg in args):
            return False
        row = self.catalog.pg_proc.get(funcid)
        return (
            row is not None
            and row.proisstrict
            and row.provolatile != "v"
            and not row.proretset
            and not any(contain_volatile_functions(self.catalog, arg) for arg in args)
        )

    def operator(self, node: OpExpr) -> Any:
        args = self._args(node.args)
        if all(type(arg) is Const for arg in args):
            folded = evaluate_function(
                self.catalog, node.opfuncid, args, node.opresulttype, -1, node.inputcollid
            )
            if folded is not None:
                return replace(folded, constcollid=node.opcollid) if node.opcollid else folded
        elif self._strict_null(node.opfuncid, args):
            return null_const(node.opresulttype, -1, node.opcollid)
        if len(args) == 2 and (node.opno == 91 or node.opno == 85):
            folded = self._boolean_equality(node.opno == 91, args)
            if folded is not None:
                return folded
        return replace(node, args=args, location=-1)

    def _boolean_equality(self, equal: bool, args: tuple[Any, ...]) -> Any:
        """x = true is x, x = false is NOT x (simplify_boolean_equality)."""
        for a, b in ((args[0], args[1]), (args[1], args[0])):
            if type(b) is Const and not b.constisnull:
                return a if bool(b.constvalue) == equal else self.negate(a)
        return None

    def distinct(self, node: DistinctExpr) -> Any:
        args = self._args(node.args)
        left, right = args
        left_null = type(left) is Const and left.constisnull
        right_null = type(right) is Const and right.constisnull
        if left_null and right_null:
            return FALSE
        if left_null or right_null:
            other = right if left_null else left
            if type(other) is Const:
                return TRUE
            if not self._is_row(other):
                return NullTest(arg=other, nulltesttype="is_not_null")
        elif type(left) is Const and type(right) is Const:
            folded = evaluate_function(self.catalog, node.opfuncid, args, 16, -1, node.inputcollid)
            if folded is not None:
                return FALSE if folded.constvalue else TRUE
        return replace(node, args=args, location=-1)

    def _is_row(self, node: Any) -> bool:
        typid = expr_type(node)
        if typid == RECORDOID:
            return True
        row = self.catalog.pg_type.get(self.catalog.base_type(typid))
        return row is None or row.typtype == "c"

    def nullif(self, node: NullIfExpr) -> Any:
        args = self._args(node.args)
        if type(args[0]) is Const and args[0].constisnull:
            return args[0]
        if type(args[1]) is Const and args[1].constisnull:
            return args[0]
        if type(args[0]) is Const and type(args[1]) is Const:
            folded = evaluate_function(self.catalog, node.opfuncid, args, 16, -1, node.inputcollid)
            if folded is not None:
                return null_const(node.opresulttype) if folded.constvalue else args[0]
        return replace(node, args=args, location=-1)

    def scalar_array(self, node: ScalarArrayOpExpr) -> Any:
        args = self._args(node.args)
        array = args[1]
        if type(array) is Const and array.constisnull:
            row = self.catalog.pg_proc.get(node.opfuncid)
            if row is not None and row.proisstrict:
                return NULL_BOOL
        if type(array) is Const and not array.constisnull and not array.constvalue.items:
            return FALSE if node.useOr else TRUE
        if (
            type(array) is Const
            and type(args[0]) is Const
            and not array.constisnull
            and len(array.constvalue.items) <= 100
        ):
            # fold element by element with the operator's own rules
            items = [
                OpExpr(
                    opno=node.opno,
                    opfuncid=node.opfuncid,
                    opresulttype=16,
                    args=(
                        args[0],
                        Const(
                            consttype=array.constvalue.elemtype,
                            constvalue=item,
                            constisnull=item is None,
                            constcollid=array.constcollid,
                        ),
                    ),
                    inputcollid=node.inputcollid,
                )
                for item in array.constvalue.items
            ]
            folded = (
                self(BoolExpr(boolop="or" if node.useOr else "and", args=tuple(items))) if items else None
            )
            if type(folded) is Const:
                return folded
            if not items:
                return FALSE if node.useOr else TRUE
        return replace(node, args=args, location=-1)

    def boolean(self, node: BoolExpr) -> Any:
        if node.boolop == "not":
            return self.negate(self(node.args[0]))
        return self.combine(node.boolop, [self(arg) for arg in node.args])

    def combine(self, boolop: str, args: list[Any]) -> Any:
        """AND or OR of simplified arguments: flattened, constants and duplicates taken out."""
        out: list[Any] = []
        has_null = False
        absorbing = boolop == "or"
        for arg in args:
            if type(arg) is BoolExpr and arg.boolop == boolop:
                out.extend(arg.args)
            elif type(arg) is Const:
                if arg.constisnull:
                    has_null = True
                elif bool(arg.constvalue) == absorbing:
                    return TRUE if absorbing else FALSE
            else:
                out.append(arg)
        if has_null:
            if not out:
                return NULL_BOOL
            out.append(NULL_BOOL)
        if not out:
            return FALSE if absorbing else TRUE
        if len(out) == 1:
            return out[0]
        return BoolExpr(boolop=boolop, args=tuple(out))

    def negate(self, node: Any) -> Any:
        """NOT of a simplified expression (negate_clause)."""
        cls = type(node)
        if cls is Const:
            return node if node.constisnull else (FALSE if node.constvalue else TRUE)
        if cls is OpExpr:
            negator = get_negator(self.catalog, node.opno)
            if negator:
                row = self.catalog.pg_operator.get(negator)
                return replace(node, opno=negator, opfuncid=row.oprcode)
        elif cls is ScalarArrayOpExpr:
            negator = get_negator(self.catalog, node.opno)
            if negator:
                row = self.catalog.pg_operator.get(negator)
                return replace(node, opno=negator, opfuncid=row.oprcode, useOr=not node.useOr)
        elif cls is BoolExpr:
            if node.boolop == "not":
                return node.args[0]
            other = "or" if node.boolop == "and" else "and"
            return self.combine(other, [self.negate(arg) for arg in node.args])
        elif cls is NullTest and not node.argisrow:
            kind = "is_null" if node.nulltesttype == "is_not_null" else "is_not_null"
            return replace(node, nulltesttype=kind)
        elif cls is BooleanTest:
            kind = node.booltesttype
            kind = "is_" + kind[7:] if kind.startswith("is_not_") else "is_not_" + kind[3:]
            return replace(node, booltesttype=kind)
        return BoolExpr(boolop="not", args=(node,))

    def case(self, node: CaseExpr) -> Any:
        arg = None if node.arg is None else self(node.arg)
        saved = self.case_value
        whens: list[CaseWhen] = []
        default: Any = None
        has_default = False
        constant = arg if type(arg) is Const else None
        for when in node.args:
            self.case_value = constant
            condition = self(when.expr)
            self.case_value = saved
            if type(condition) is Const:
                if condition.constisnull or not condition.constvalue:
                    continue
                default = self(when.result)
                has_default = True
                break
            whens.append(CaseWhen(expr=condition, result=self(when.result)))
        if not has_default:
            default = None if node.defresult is None else self(node.defresult)
        if not whens:
            return null_const(node.casetype) if default is None else default
        arg = None if constant is not None else arg
        return CaseExpr(
            casetype=node.casetype, arg=arg, args=tuple(whens), defresult=default, casecollid=node.casecollid
        )

    def coalesce(self, node: CoalesceExpr) -> Any:
        args: list[Any] = []
        for arg in node.args:
            arg = self(arg)
            if type(arg) is Const:
                if arg.constisnull:
                    continue
                if not args:
                    return arg
                args.append(arg)
                break
            args.append(arg)
        if not args:
            return null_const(node.coalescetype, -1, node.coalescecollid)
        if len(args) == 1:
            return args[0]
        return replace(node, args=tuple(args), location=-1)

    def null_test(self, node: NullTest) -> Any:
        arg = self(node.arg)
        if not node.argisrow and type(arg) is Const:
            return TRUE if arg.constisnull == (node.nulltesttype == "is_null") else FALSE
        return NullTest(arg=arg, nulltesttype=node.nulltesttype, argisrow=node.argisrow)

    def boolean_test(self, node: BooleanTest) -> Any:
        arg = self(node.arg)
        if type(arg) is Const:
            value = None if arg.constisnull else bool(arg.constvalue)
            kind = node.booltesttype
            wanted = {"true": True, "false": False, "unknown": None}[kind.rsplit("_", 1)[1]]
            result = value is wanted
            return TRUE if result != kind.startswith("is_not_") else FALSE
        return BooleanTest(arg=arg, booltesttype=node.booltesttype)

    def relabel(self, node: RelabelType) -> Any:
        arg = self(node.arg)
        if type(arg) is RelabelType and relabelling(expr_type(arg.arg), arg.resulttype) is None:
            arg = arg.arg
        if type(arg) is Const:
            change = relabelling(arg.consttype, node.resulttype)
            if change is not None and arg.constvalue is not None:
                arg = replace(arg, constvalue=change(arg.constvalue))
            return replace(
                arg,
                consttype=node.resulttype,
                consttypmod=node.resulttypmod,
                constcollid=node.resultcollid,
                location=-1,
            )
        return replace(node, arg=arg, location=-1)

    def collate(self, node: CollateExpr) -> Any:
        arg = self(node.arg)
        if type(arg) is Const:
            return replace(arg, constcollid=node.collOid)
        return RelabelType(
            arg=arg, resulttype=expr_type(arg), resulttypmod=expr_typmod(arg), resultcollid=node.collOid
        )

    def array(self, node: ArrayExpr) -> Any:
        elements = self._args(node.elements)
        if not node.multidims and all(type(e) is Const for e in elements):
            value = make_array(node.element_typeid, [e.constvalue for e in elements])
            return Const(
                consttype=node.array_typeid,
                constvalue=value,
                consttypmod=expr_typmod(node),
                constcollid=node.array_collid,
            )
        return replace(node, elements=elements, location=-1)

    def domain(self, node: CoerceToDomain) -> Any:
        return replace(node, arg=self(node.arg), location=-1)

    def field(self, node: FieldSelect) -> Any:
        arg = self(node.arg)
        if type(arg) is RowExpr and 0 < node.fieldnum <= len(arg.args):
            chosen = arg.args[node.fieldnum - 1]
            if expr_type(chosen) == node.resulttype and not any(
                contain_volatile_functions(self.catalog, a) for a in arg.args if a is not chosen
            ):
                return chosen
        if type(arg) is Var and arg.varattno == 0 and arg.vartype != RECORDOID:
            if self._column_type(arg.vartype, node.fieldnum) == node.resulttype:
                return Var(
                    varno=arg.varno,
                    varattno=node.fieldnum,
                    vartype=node.resulttype,
                    vartypmod=node.resulttypmod,
                    varcollid=node.resultcollid,
                    varlevelsup=arg.varlevelsup,
                )
        return replace(node, arg=arg)

    def _column_type(self, typid: int, attnum: int) -> int:
        row = self.catalog.pg_type.get(typid)
        if row is None or not row.typrelid:
            return 0
        column = self.catalog.pg_attribute.get(row.typrelid, attnum)
        return 0 if column is None or column.attisdropped else int(column.atttypid)

    def sublink(self, node: SubLink) -> Any:
        testexpr = None if node.testexpr is None else self(node.testexpr)
        return replace(node, testexpr=testexpr, location=-1)


_METHODS: dict[type, Any] = {
    Var: Simplifier.var,
    Const: Simplifier.const,
    Param: Simplifier.param,
    CaseTestExpr: Simplifier.case_test,
    FuncExpr: Simplifier.function,
    OpExpr: Simplifier.operator,
    DistinctExpr: Simplifier.distinct,
    NullIfExpr: Simplifier.nullif,
    ScalarArrayOpExpr: Simplifier.scalar_array,
    BoolExpr: Simplifier.boolean,
    CaseExpr: Simplifier.case,
    CoalesceExpr: Simplifier.coalesce,
    NullTest: Simplifier.null_test,
    BooleanTest: Simplifier.boolean_test,
    RelabelType: Simplifier.relabel,
    CollateExpr: Simplifier.collate,
    ArrayExpr: Simplifier.array,
    CoerceToDomain: Simplifier.domain,
    FieldSelect: Simplifier.field,
    SubLink: Simplifier.sublink,
}


def canonicalize_qual(node: Any) -> Any:
    """ORs whose arms share conjuncts get these outside: (A AND B) OR (A AND C) is A AND (B OR C)
    (process_duplicate_ors)."""
    if type(node) is not BoolExpr:
        return node
    if node.boolop == "and":
        out: list[Any] = []
        for arg in node.args:
            arg = canonicalize_qual(arg)
            if type(arg) is BoolExpr and arg.boolop == "and":
                out.extend(arg.args)
            else:
                out.append(arg)
        unique = list(dict.fromkeys(out))
        return make_and(unique)
    if node.boolop != "or":
        return node
    arms = [canonicalize_qual(arg) for arg in node.args]
    lists = [list(a.args) if type(a) is BoolExpr and a.boolop == "and" else [a] for a in arms]
    common = [clause for clause in lists[0] if all(clause in other for other in lists[1:])]
    if not common:
        return BoolExpr(boolop="or", args=tuple(dict.fromkeys(arms)))
    rest = []
    for clauses in lists:
        remaining = [c for c in clauses if c not in common]
        if not remaining:
            return make_and(common)  # (A) OR (A AND B) is A
        rest.append(make_and(remaining))
    rest = list(dict.fromkeys(rest))
    alternative = rest[0] if len(rest) == 1 else BoolExpr(boolop="or", args=tuple(rest))
    return make_and([*common, alternative])
