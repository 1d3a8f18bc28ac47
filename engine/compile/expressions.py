"""Expressions as Python source: leaves, calls, booleans, CASE and the like.

`value(scope, node)` gives source whose value is the SQL value (None for NULL). `true` and `false`
give source that is truthy exactly if the expression is true (false): there NULL needs no value of
its own, which is what WHERE, joins and CASE want. Strict calls test their arguments for None only
where these can be None; an argument that must be tested and used gets a temporary (:=).
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import tree as t
from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, CallSite, Implementation
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR
from ..treetypes import expr_type, walk
from ..types.compare import TEMPLATE_NAMES, hash_key, hash_key_template, sort_key_template
from ..values import relabelling
from .scope import Scope
from .unit import FALSE, NULL, TRUE, Code

Emitter = Callable[[Scope, Any], Code]
EMITTERS: dict[type, Emitter] = {}
INTERNAL_LANGUAGES = (12, 13)
FIRST_USER_OID = 16384
BOOL = 16

_NEVER_NULL = re.compile(
    r"(int[248]+|float[48]+|numeric|text|bpchar|name|date|time|timestamp|timestamptz|timetz|interval|oid"
    r"|bool|bytea|uuid|char|cash|tid|enum)_?(pl|mi|mul|div|mod|um|up|abs|eq|ne|lt|le|gt|ge|larger|smaller"
    r"|cmp|add|sub|uminus|uplus|like|nlike|iclike|icnlike|regexeq|regexne|cat|xor)"
)


def emits(*kinds: type) -> Callable[[Emitter], Emitter]:
    """Register the decorated function as the emitter of these node classes."""

    def register(function: Emitter) -> Emitter:
        for kind in kinds:
            EMITTERS[kind] = function
        return function

    return register


def value(scope: Scope, node: Any) -> Code:
    """The expression's value."""
    if scope.expressions and type(node) is not t.Var and not isinstance(node, t.Const):
        slot = scope.slots.get(node)
        if slot is not None:
            return slot.code()
    emitter = EMITTERS.get(type(node))
    if emitter is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"expression {type(node).__name__} is not supported here")
    return emitter(scope, node)


def values(scope: Scope, nodes: Any) -> list[Code]:
    return [value(scope, node) for node in nodes]


# --- leaves -----------------------------------------------------------------------------------


@emits(t.Var)
def _var(scope: Scope, node: t.Var) -> Code:
    return scope.level(node.varlevelsup).var(node.varno, node.varattno)


@emits(t.Const)
def _const(scope: Scope, node: t.Const) -> Code:
    return NULL if node.constisnull else literal(scope, node.constvalue)


def literal(scope: Scope, item: Any) -> Code:
    """Source for a constant that is not NULL: itself if it is short, else a global."""
    kind = type(item)
    if kind is bool:
        return TRUE if item else FALSE
    if kind is int:
        return Code(str(item) if item >= 0 else f"({item})", False, True)
    if (kind is str or kind is bytes) and len(item) <= 40:
        return Code(repr(item), False, True)
    if kind is float and item == item and abs(item) != float("inf"):
        return Code(repr(item) if item >= 0 and repr(item)[0] != "-" else f"({item!r})", False, True)
    return Code(scope.unit.constant(item), False, True)


@emits(t.Param)
def _param(scope: Scope, node: t.Param) -> Code:
    if node.paramkind == "sublink":
        return scope.sublink_params[-1][node.paramid - 1]
    if node.paramkind != "extern":
        raise SqlError(FEATURE_NOT_SUPPORTED, f'parameter of kind "{node.paramkind}" is not supported')
    return param(scope, node.paramid)


def param(scope: Scope, number: int) -> Code:
    """$number as a local of the outermost function."""
    root = scope.unit.root
    root.need_prelude("params = ctx.params")
    root.need_prelude(f"p{number} = params[{number - 1}]")
    return Code(f"p{number}", True, True)


@emits(t.CaseTestExpr)
def _case_test(scope: Scope, node: t.CaseTestExpr) -> Code:
    if not scope.case_values:
        raise SqlError(INTERNAL_ERROR, "CASE test value outside of CASE")
    return scope.case_values[-1]


@emits(t.CoerceToDomainValue)
def _domain_value(scope: Scope, node: Any) -> Code:
    return scope.domain_values[-1]


@emits(t.RelabelType, t.CollateExpr)
def _relabel(scope: Scope, node: Any) -> Code:
    code = value(scope, node.arg)
    if isinstance(node, t.RelabelType):
        change = relabelling(expr_type(node.arg), node.resulttype)
        if change is not None:
            helper = scope.unit.helper(change.__name__, change)
            if not code.null:
                return Code(f"{helper}({code.source})", False)
            name = scope.unit.fresh("same")
            return Code(f"(None if ({name} := {code.source}) is None else {helper}({name}))", True)
    return code


@emits(t.JsonConstructorExpr)
def _json_constructor(scope: Scope, node: t.JsonConstructorExpr) -> Code:
    if node.func is None:
        from ..run import jsonbuild

        parts = "".join(code.source + ", " for code in values(scope, node.args))
        name = f"json_{node.type}_text"
        scope.unit.helper(name, getattr(jsonbuild, name))
        flags = f"{node.absent_on_null}" if node.type == "array" else f"{node.absent_on_null}, {node.unique}"
        return Code(f"{name}(({parts}), {flags})", False)
    return value(scope, node.coercion if node.coercion is not None else node.func)


# --- strict evaluation ------------------------------------------------------------------------


class Parts(NamedTuple):
    """A strict evaluation: tests that must hold for the body to be evaluated (else NULL)."""

    tests: list[str]
    body: str
    null: bool  # whether the body itself may be None
    sure: bool = False  # the tests only assign temporaries and always hold

    def code(self) -> Code:
        if not self.tests:
            return Code(self.body, self.null)
        return Code(f"({self.body} if {' and '.join(self.tests)} else None)", self.null or not self.sure)

    def true(self) -> str:
        if not self.tests:
            return self.body
        return f"({' and '.join([*self.tests, self.body])})"

    def false(self) -> str:
        last = f"{self.body} is False" if self.null else f"not {self.body}"
        return f"({' and '.join([*self.tests, last])})"


def strict(
    scope: Scope,
    args: list[Code],
    build: Callable[[list[str]], str],
    null: bool,
    repeated: Callable[[int], bool] = lambda index: False,
) -> Parts:
    """Guard the arguments that may be None and build the body over names for them."""
    tests = []
    names = []
    for index, code in enumerate(args):
        source = code.source
        if code.simple:
            if code.null:
                test = f"{source} is not None"
                if test not in tests:
                    tests.append(test)
        elif code.null or repeated(index):
            name = scope.unit.fresh("t")
            tests.append(f"({name} := {source}) is not None")
            source = name
        names.append(source)
    sure = not any(code.null for code in args)
    return Parts(tests, build(names), null, sure)


def apply_template(scope: Scope, template: str | None, code: Code) -> Code:
    """A key or storage template ({0} = a value that is not NULL) over a value that may be None."""
    if template is None:
        return code
    scope.unit.helpers(template_helpers(template))
    repeated = template.count("{0}") > 1
    parts = strict(scope, [code], lambda names: f"({template.format(names[0])})", False, lambda _: repeated)
    return parts.code()


def template_helpers(template: str) -> dict[str, Any]:
    from ..types import storage

    words = set(re.findall(r"[A-Za-z_]\w*", template))
    names = {name: item for name, item in TEMPLATE_NAMES.items() if name in words}
    names.update({name: item for name, item in storage.TEMPLATE_NAMES.items() if name in words})
    return names


# --- calls ------------------------------------------------------------------------------------


class Callee(NamedTuple):
    """A function found for a call: how its call is written, given the argument sources."""

    build: Callable[[list[str]], str]
    strict: bool
    null: bool
    template: str | None


def may_return_none(implementation: Implementation, prosrc: str) -> bool:
    """Whether a call with no NULL argument may give NULL: told by the return annotation."""
    if _NEVER_NULL.fullmatch(prosrc):
        return False
    annotation = str(getattr(implementation.function, "__annotations__", {}).get("return", "Any"))
    if implementation.bind and "Callable" not in annotation:
        return True
    return "None" in annotation or "Any" in annotation or "object" in annotation


def callee(
    scope: Scope,
    funcid: int,
    arg_types: tuple[int, ...],
    arg_typmods: tuple[int, ...],
    result_type: int,
    collation: int,
    variadic: bool = False,
    result_columns: tuple[Any, ...] = (),
) -> Callee:
    """Find the implementation of a catalog function."""
    proc = scope.catalog.pg_proc.get(funcid)
    if proc is None:
        raise SqlError(INTERNAL_ERROR, f"cache lookup failed for function {funcid}")
    unit = scope.unit
    site = CallSite(
        scope.catalog, funcid, arg_types, arg_typmods, result_type, -1, collation, variadic, result_columns
    )
    if proc.prolang not in INTERNAL_LANGUAGES and not (
        funcid < FIRST_USER_OID and proc.prosrc in IMPLEMENTATIONS
    ):
        # the catalog's own functions in SQL are implemented in Python (functions/sqlbodies.py)
        from ..routines import routine_caller

        unit.needs_strand()
        name = unit.constant(routine_caller(site), f"call_{proc.proname}")
        return Callee(lambda names: f"{name}({', '.join(['ctx', *names])})", proc.proisstrict, True, None)
    implementation = IMPLEMENTATIONS.get(proc.prosrc)
    if implementation is None:
        return Callee(_missing(scope, proc, arg_types), False, True, None)
    if implementation.waits:
        unit.needs_strand()
    null = may_return_none(implementation, proc.prosrc)
    template = implementation.inline
    if template is not None:
        unit.helpers(implementation.names)
        return Callee(lambda names: f"({template.format(*names)})", proc.proisstrict, null, template)
    function = implementation.function(site) if implementation.bind else implementation.function
    name = unit.constant(function, proc.prosrc if not implementation.bind else f"{proc.prosrc}_bound")
    first = ["ctx"] if implementation.context else []
    return Callee(lambda names: f"{name}({', '.join(first + names)})", proc.proisstrict, null, None)


def may_stop(catalog: Any, expr: Any) -> bool:
    """Whether an expression calls what may stop (run/strand.py), uncompiled; a domain is taken to."""
    for node in walk(expr):
        if isinstance(node, t.CoerceToDomain):
            return True
        funcid = getattr(node, "funcid", 0) or getattr(node, "opfuncid", 0)
        proc = catalog.pg_proc.get(funcid) if funcid else None
        if proc is None:
            continue
        known = IMPLEMENTATIONS.get(proc.prosrc)
        if known.waits if known is not None else proc.prolang not in INTERNAL_LANGUAGES:
            return True
    return False


def _missing(scope: Scope, proc: Any, arg_types: tuple[int, ...]) -> Callable[[list[str]], str]:
    arguments = ", ".join(scope.catalog.format_type(typid) for typid in arg_types)
    text = f"function {proc.proname}({arguments}) is not implemented"

    def missing(*args: Any) -> Any:
        raise SqlError(FEATURE_NOT_SUPPORTED, text)

    name = scope.unit.constant(missing, f"missing_{proc.proname}")
    return lambda names: f"{name}({', '.join(names)})"


def call_parts(scope: Scope, found: Callee, args: list[Code]) -> Parts:
    """The call over compiled arguments."""
    template = found.template
    if not found.strict:
        if template is not None and any(template.count(f"{{{i}}}") > 1 for i in range(len(args))):
            simple = [bind_temporary(scope, code) for code in args]
            tests = [test for test, _ in simple if test]
            return Parts(tests, found.build([name for _, name in simple]), found.null, sure=True)
        return Parts([], found.build([code.source for code in args]), found.null)

    def repeated(index: int) -> bool:
        return template is not None and template.count(f"{{{index}}}") != 1

    return strict(scope, args, found.build, found.null, repeated)


def bind_temporary(scope: Scope, code: Code) -> tuple[str, str]:
    """(a test that is always true and assigns, the name) for a value used more than once."""
    if code.simple:
        return "", code.source
    name = scope.unit.fresh("t")
    return f"(({name} := {code.source}), True)[1]", name


def function_parts(scope: Scope, node: Any) -> Parts:
    """The Parts of a FuncExpr or OpExpr."""
    if isinstance(node, t.FuncExpr):
        funcid, result_type, variadic = node.funcid, node.funcresulttype, node.funcvariadic
    else:
        funcid, result_type, variadic = node.opfuncid, node.opresulttype, False
    args = values(scope, node.args)
    found = callee_of(scope, funcid, node.args, result_type, node.inputcollid, variadic)
    return call_parts(scope, found, args)


def callee_of(
    scope: Scope,
    funcid: int,
    args: Any,
    result_type: int,
    collation: int,
    variadic: bool = False,
    result_columns: tuple[Any, ...] = (),
) -> Callee:
    types = tuple([scope.type_of(arg) for arg in args])
    typmods = tuple([scope.typmod_of(arg) for arg in args])
    return callee(scope, funcid, types, typmods, result_type, collation, variadic, result_columns)


@emits(t.FuncExpr, t.OpExpr)
def _call(scope: Scope, node: Any) -> Code:
    return function_parts(scope, node).code()


def equality_parts(scope: Scope, node: Any, args: list[Code]) -> Parts:
    found = callee_of(scope, node.opfuncid, node.args, BOOL, node.inputcollid)
    return call_parts(scope, found, args)


@emits(t.DistinctExpr)
def _distinct(scope: Scope, node: t.DistinctExpr) -> Code:
    left, right = values(scope, node.args)
    (test_a, a), (test_b, b) = bind_temporary(scope, left), bind_temporary(scope, right)
    parts = equality_parts(scope, node, [Code(a, False, True), Code(b, False, True)])
    if not left.null and not right.null:
        body = f"(not {parts.body})"
    elif left.null and right.null:
        body = f"({b} is not None if {a} is None else {b} is None or not {parts.body})"
    else:
        body = f"({a if left.null else b} is None or not {parts.body})"
    tests = [test for test in (test_a, test_b) if test]
    return Code(f"({' and '.join([*tests, body])})" if tests else body, False)


@emits(t.NullIfExpr)
def _nullif(scope: Scope, node: t.NullIfExpr) -> Code:
    left, right = values(scope, node.args)
    (test_a, a), (test_b, b) = bind_temporary(scope, left), bind_temporary(scope, right)
    parts = equality_parts(scope, node, [Code(a, left.null, True), Code(b, right.null, True)])
    tests = [test for test in (test_a, test_b) if test]
    return Code(f"(None if {' and '.join([*tests, parts.true()])} else {a})", True)


# --- booleans ---------------------------------------------------------------------------------


def true(scope: Scope, node: Any) -> str:
    """Source that is truthy exactly if the expression is true."""
    if not (scope.expressions and node in scope.slots):
        if isinstance(node, t.BoolExpr):
            if node.boolop == "not":
                return false(scope, node.args[0])
            joiner = " and " if node.boolop == "and" else " or "
            return f"({joiner.join([true(scope, arg) for arg in node.args])})"
        if isinstance(node, t.FuncExpr | t.OpExpr):
            return function_parts(scope, node).true()
        if isinstance(node, t.ScalarArrayOpExpr):
            return scalar_array_true(scope, node)
    return value(scope, node).source


def false(scope: Scope, node: Any) -> str:
    """Source that is truthy exactly if the expression is false."""
    if not (scope.expressions and node in scope.slots):
        if isinstance(node, t.BoolExpr):
            if node.boolop == "not":
                return true(scope, node.args[0])
            joiner = " or " if node.boolop == "and" else " and "
            return f"({joiner.join([false(scope, arg) for arg in node.args])})"
        if isinstance(node, t.FuncExpr | t.OpExpr):
            return function_parts(scope, node).false()
    code = value(scope, node)
    return f"({code.source} is False)" if code.null else f"(not {code.source})"


@emits(t.BoolExpr)
def _bool(scope: Scope, node: t.BoolExpr) -> Code:
    codes = values(scope, node.args)
    if node.boolop == "not":
        code = codes[0]
        if not code.null:
            return Code(f"(not {code.source})", False)
        return strict(scope, codes, lambda names: f"(not {names[0]})", False).code()
    is_and = node.boolop == "and"
    if not any(code.null for code in codes):
        return Code(f"({(' and ' if is_and else ' or ').join(code.source for code in codes)})", False)
    result = codes[-1]
    for code in reversed(codes[:-1]):
        result = _three_valued(scope, is_and, code, result)
    return result


def _three_valued(scope: Scope, is_and: bool, left: Code, right: Code) -> Code:
    """AND or OR with short circuit where either side may be None."""
    if not left.null:
        return Code(f"({left.source} {'and' if is_and else 'or'} {right.source})", right.null)
    test, name = bind_temporary(scope, left)
    held = f"({name} := {left.source})" if test else name
    # decided: FALSE for AND, TRUE for OR; otherwise the right side decides unless it is neutral.
    decided = "False" if is_and else "True"
    other, neutral = scope.unit.fresh("t"), "True" if is_and else "False"
    if right.simple:
        other_held = other = right.source
    else:
        other_held = f"({other} := {right.source})"
    return Code(
        f"({decided} if {held} is {decided} else {name} if {other_held} is {neutral} else {other}"
        f" if {other} is {decided} else None)",
        True,
    )


@emits(t.BooleanTest)
def _boolean_test(scope: Scope, node: t.BooleanTest) -> Code:
    kind = node.booltesttype
    if kind == "is_true":
        return Code(f"(True if {true(scope, node.arg)} else False)", False)
    if kind == "is_not_true":
        return Code(f"(False if {true(scope, node.arg)} else True)", False)
    if kind == "is_false":
        return Code(f"(True if {false(scope, node.arg)} else False)", False)
    if kind == "is_not_false":
        return Code(f"(False if {false(scope, node.arg)} else True)", False)
    code = value(scope, node.arg)
    return Code(f"({code.source} {'is' if kind == 'is_unknown' else 'is not'} None)", False)


@emits(t.NullTest)
def _null_test(scope: Scope, node: t.NullTest) -> Code:
    code = value(scope, node.arg)
    is_null = node.nulltesttype == "is_null"
    if node.argisrow:
        from ..run.rows import row_is_not_null, row_is_null

        helper = row_is_null if is_null else row_is_not_null
        scope.unit.helper(helper.__name__, helper)
        return Code(f"{helper.__name__}({code.source})", False)
    if not code.null:
        if code.simple:
            return FALSE if is_null else TRUE
        # The value is computed for its errors.
        return Code(f"(({code.source}) is {'' if is_null else 'not '}None)", False)
    return Code(f"({code.source} is {'' if is_null else 'not '}None)", False)


# --- choices ----------------------------------------------------------------------------------


@emits(t.CaseExpr)
def _case(scope: Scope, node: t.CaseExpr) -> Code:
    default = NULL if node.defresult is None else value(scope, node.defresult)
    if node.arg is None:
        return _case_arms(scope, node, default)
    test, name = bind_temporary(scope, argument := value(scope, node.arg))
    with scope.case_value(Code(name, argument.null, True)):
        code = _case_arms(scope, node, default)
    return Code(f"({code.source} if {test} else None)", code.null) if test else code


def _case_arms(scope: Scope, node: t.CaseExpr, default: Code) -> Code:
    pieces = []
    null = default.null
    for arm in node.args:
        condition = true(scope, arm.expr)
        result = value_outside_case(scope, arm.result)
        null = null or result.null
        pieces.append(f"{result.source} if {condition} else ")
    return Code(f"({''.join(pieces)}{default.source})", null)


def value_outside_case(scope: Scope, node: Any) -> Code:
    """A CASE result: its own CaseTestExprs, if any, belong to an outer node."""
    saved = scope.case_values[-1:] if len(scope.case_values) > 1 else []
    if not saved:
        return value(scope, node)
    innermost = scope.case_values.pop()
    try:
        return value(scope, node)
    finally:
        scope.case_values.append(innermost)


@emits(t.CoalesceExpr)
def _coalesce(scope: Scope, node: t.CoalesceExpr) -> Code:
    codes = []
    for arg in node.args:
        code = value(scope, arg)
        if code is NULL:
            continue
        codes.append(code)
        if not code.null:
            break
    if not codes:
        return NULL
    pieces = []
    for code in codes[:-1]:
        if code.simple:
            pieces.append(f"{code.source} if {code.source} is not None else ")
        else:
            name = scope.unit.fresh("t")
            pieces.append(f"{name} if ({name} := {code.source}) is not None else ")
    return Code(f"({''.join(pieces)}{codes[-1].source})", codes[-1].null)


@emits(t.MinMaxExpr)
def _min_max(scope: Scope, node: t.MinMaxExpr) -> Code:
    from ..types.compare import sort_key

    codes = values(scope, node.args)
    key = sort_key(scope.catalog, node.minmaxtype)
    function = "max" if node.op == "greatest" else "min"
    suffix = "" if key is None else f", key={scope.unit.constant(key, 'sort_key')}"
    items = ", ".join(code.source for code in codes)
    if not any(code.null for code in codes):
        return Code(f"{function}(({items},){suffix})", False)
    given = scope.unit.helper("is_given", _is_given)  # not a comprehension: items may assign
    return Code(f"{function}(filter({given}, ({items},)){suffix}, default=None)", True)


def _is_given(value: Any) -> bool:
    return value is not None


# --- arrays of operands -----------------------------------------------------------------------


def scalar_array_true(scope: Scope, node: t.ScalarArrayOpExpr) -> str:
    """x op ANY (array) as a condition; constant arrays of a hashable = are a set probe."""
    probe = _hashed_probe(scope, node)
    if probe is not None:
        tests, key, members, _ = probe
        return f"({' and '.join([*tests, f'{key} in {members}'])})"
    code = _scalar_array(scope, node, condition=True)
    return code.source


def _hashed_probe(scope: Scope, node: t.ScalarArrayOpExpr) -> tuple[list[str], str, str, str] | None:
    """(tests, key source, name of the set, name of has-null) if the array does not depend on rows."""
    array = node.args[1]
    while isinstance(array, t.RelabelType):
        array = array.arg
    operator = scope.catalog.pg_operator.get(node.opno)
    if not node.useOr or not operator.oprcanhash:
        return None
    if isinstance(array, t.Const):
        if array.constisnull:
            return None
    elif not (isinstance(array, t.Param) and array.paramkind == "extern" and scope.unit.breathing):
        return None
    element_type = scope.catalog.element_type(scope.catalog.base_type(scope.type_of(node.args[1])))
    template = hash_key_template(scope.catalog, scope.type_of(node.args[0]))
    element_key = hash_key(scope.catalog, element_type)
    from ..run.arrays import hashed_items

    unit = scope.unit
    if isinstance(array, t.Const):
        members, has_null = hashed_items(array.constvalue, element_key)
        members_name = unit.constant(members, "members")
        null_name = "True" if has_null else "False"
    else:
        unit.helper("hashed_items", hashed_items)
        members_name, null_name = f"members_p{array.paramid}", f"members_null_p{array.paramid}"
        key_name = "None" if element_key is None else unit.constant(element_key, "hash_key")
        source = param(scope, array.paramid).source
        unit.root.need_prelude(f"{members_name}, {null_name} = hashed_items({source}, {key_name})")
    if template is not None:
        unit.helpers(template_helpers(template))
    repeated = template is not None and template.count("{0}") > 1
    parts = strict(
        scope,
        [value(scope, node.args[0])],
        lambda names: names[0] if template is None else f"({template.format(names[0])})",
        False,
        lambda _: repeated,
    )
    if not isinstance(array, t.Const):
        parts.tests.append(f"{members_name} is not None")
    return parts.tests, parts.body, members_name, null_name


@emits(t.ScalarArrayOpExpr)
def _scalar_array_op(scope: Scope, node: t.ScalarArrayOpExpr) -> Code:
    probe = _hashed_probe(scope, node)
    if probe is None:
        return _scalar_array(scope, node, condition=False)
    tests, key, members, has_null = probe
    absent = {"True": "None", "False": "False"}.get(has_null, f"(None if {has_null} else False)")
    body = f"(True if {key} in {members} else {absent})"
    if absent == "False":
        body = f"({key} in {members})"
    return Parts(tests, body, absent != "False").code()


def _scalar_array(scope: Scope, node: t.ScalarArrayOpExpr, condition: bool) -> Code:
    from ..run.arrays import all_of, any_of

    left, array = values(scope, node.args)
    unit = scope.unit
    proc = scope.catalog.pg_proc.get(node.opfuncid)
    element_type = scope.catalog.element_type(scope.catalog.base_type(scope.type_of(node.args[1])))
    element_type = element_type or {22: 21, 30: 26}.get(scope.type_of(node.args[1]), 0)
    item = unit.fresh("item")
    found = callee(
        scope, node.opfuncid, (scope.type_of(node.args[0]), element_type), (-1, -1), BOOL, node.inputcollid
    )
    test_left, left_name = bind_temporary(scope, left)
    parts = call_parts(scope, found, [Code(left_name, left.null, True), Code(item, True, True)])
    array_name = array.source if array.simple else unit.fresh("t")
    tests = [test_left] if test_left else []
    if not array.simple:
        tests.append(f"({array_name} := {array.source}) is not None")
    elif array.null:
        tests.append(f"{array_name} is not None")
    if condition and node.useOr:
        # a temporary set inside a generator expression would be a cell; strict binds names only here
        body = f"any([True for {item} in {array_name}.items if {parts.true()}])"
        return Code(f"({' and '.join([*tests, body])})", False)
    helper = any_of if node.useOr else all_of
    unit.helper(helper.__name__, helper)
    body = f"{helper.__name__}([{parts.code().source} for {item} in {array_name}.items])"
    del proc
    return Parts(tests, body, True).code()


# --- keys ---------------------------------------------------------------------------------------


def hash_code(scope: Scope, node: Any) -> Code:
    """The hash key of an expression's value (None for NULL)."""
    return apply_template(scope, hash_key_template(scope.catalog, scope.type_of(node)), value(scope, node))


def sort_code(scope: Scope, node: Any) -> Code:
    """The sort key of an expression's value (None for NULL)."""
    return apply_template(scope, sort_key_template(scope.catalog, scope.type_of(node)), value(scope, node))


# --- filters ------------------------------------------------------------------------------------


def emit_filter(scope: Scope, quals: Any) -> None:
    """Skip the current row unless all quals are true. Columns that a passed strict qual has tested
    are known not to be NULL from here on."""
    for qual in quals:
        if isinstance(qual, t.BoolExpr) and qual.boolop == "and":
            emit_filter(scope, qual.args)
            continue
        if isinstance(qual, t.Const) and not qual.constisnull and qual.constvalue is True:
            continue
        source = true(scope, qual)
        with scope.frame.block(f"if not {source}:"):
            scope.frame.line("continue")
        narrow(scope, qual)


def narrow(scope: Scope, qual: Any) -> None:
    """Note that Vars which a true `qual` needs to be not NULL are so."""
    for node in _strict_vars(scope, qual):
        slot = scope.slots.get(("var", node.varno, node.varattno))
        if slot is not None and slot.null:
            slot.null = False
            scope.frame.narrowed[-1].append(slot)


def _strict_vars(scope: Scope, node: Any) -> list[t.Var]:
    if isinstance(node, t.Var):
        return [node] if node.varlevelsup == 0 else []
    if isinstance(node, t.RelabelType):
        return _strict_vars(scope, node.arg)
    if isinstance(node, t.NullTest):
        return (
            _strict_vars(scope, node.arg) if node.nulltesttype == "is_not_null" and not node.argisrow else []
        )
    if isinstance(node, t.ScalarArrayOpExpr):
        return _strict_vars(scope, node.args[0]) if node.useOr and _is_strict(scope, node.opfuncid) else []
    if isinstance(node, t.FuncExpr | t.OpExpr):
        funcid = node.funcid if isinstance(node, t.FuncExpr) else node.opfuncid
        if _is_strict(scope, funcid):
            return [var for arg in node.args for var in _strict_vars(scope, arg)]
    return []


def _is_strict(scope: Scope, funcid: int) -> bool:
    return bool(scope.catalog.pg_proc.get(funcid).proisstrict)


from . import constructs as _constructs  # noqa: E402,F401  (registers its emitters)
