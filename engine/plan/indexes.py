"""Matching clauses to index keys (optimizer/path/indxpath.c) and partial-index implication
(optimizer/util/predtest.c)."""

from typing import Any

from ..lsyscache import get_opfamily_member
from ..tree import (
    BooleanTest,
    BoolExpr,
    Const,
    FuncExpr,
    NullTest,
    OpExpr,
    RelabelType,
    ScalarArrayOpExpr,
    Var,
)
from ..values import Array, make_array
from .clauses import btree_members, get_commutator, is_pseudo_constant, strip_relabel
from .nodes import IndexCondition
from .preprocess import FALSE, TRUE, Simplifier
from .walk import make_ands_implicit, pull_varnos, replace, transform

INTEGER_RANGES = {21: (-(2**15), 2**15 - 1), 23: (-(2**31), 2**31 - 1), 20: (-(2**63), 2**63 - 1)}
STRATEGY_OPS = {1: "<", 2: "<=", 3: "=", 4: ">=", 5: ">"}
C_ORDERED = frozenset((0, 100, 950, 951))
LIKE_FUNCTIONS = frozenset(("textlike", "bpcharlike", "namelike"))
BTREE_LIKE_FAMILIES = frozenset(
    (1994, 2095, 426, 2097)
)  # text_ops, text_pattern_ops, bpchar_ops, bpchar_pattern_ops


class Match:
    """A clause (or part of it) that an index key can serve."""

    __slots__ = ("clause", "column", "lossy", "op", "other", "value")

    def __init__(
        self, column: int, op: str, value: Any, clause: Any, lossy: bool = False, other: int = 0
    ) -> None:
        self.column = column
        self.op = op
        self.value = value
        self.clause = clause  # jointree.Clause, or None for a derived bound
        self.lossy = lossy  # the clause itself must be checked as well
        self.other = other  # relations that the value uses


class IndexInfo:
    """An index of a relation as range table entry `varno`: its key expressions there."""

    __slots__ = ("attnums", "exprs", "index", "predicate", "varno")

    def __init__(self, root: Any, index: Any, varno: int, relation: Any) -> None:
        self.index = index
        self.varno = varno
        simplify = Simplifier(root.catalog)
        exprs = []
        for key in index.keys:
            if key.attnum:
                column = relation.columns[key.attnum - 1]
                exprs.append(
                    Var(
                        varno=varno,
                        varattno=key.attnum,
                        vartype=column.typid,
                        vartypmod=column.typmod,
                        varcollid=column.collation,
                    )
                )
            else:
                exprs.append(strip_relabel(simplify(move_to(key.expr, varno))))
        self.exprs = tuple(exprs)
        self.attnums = tuple([key.attnum for key in index.keys])
        predicate = index.predicate
        self.predicate = (
            () if predicate is None else tuple(make_ands_implicit(simplify(move_to(predicate, varno))))
        )


def move_to(expr: Any, varno: int) -> Any:
    """An expression over a relation's columns (varno 1) as range table entry `varno`."""
    if varno == 1:
        return expr

    def function(node: Any, level: int) -> Any:
        if type(node) is Var and node.varlevelsup == level:
            return replace(node, varno=varno)
        return None

    return transform(expr, function)


def operand_matches(info: IndexInfo, column: int, operand: Any) -> bool:
    """Whether an expression is the index's key."""
    operand = strip_relabel(operand)
    attnum = info.attnums[column]
    if attnum:
        return (
            type(operand) is Var
            and operand.varattno == attnum
            and operand.varno == info.varno
            and operand.varlevelsup == 0
        )
    return bool(operand == info.exprs[column])


def collation_matches(key: Any, inputcollid: int, equality: bool) -> bool:
    """Whether an operator's collation gives the index's order; any will do for equality."""
    if not key.collation or key.collation == inputcollid:
        return True
    return equality or (key.collation in C_ORDERED and inputcollid in C_ORDERED)


def match_clause(root: Any, info: IndexInfo, column: int, clause: Any) -> list[Match]:
    """How the clause restricts key number `column`: [] if it does not."""
    expr = clause.expr
    key = info.index.keys[column]
    cls = type(expr)
    if cls is OpExpr:
        if len(expr.args) != 2:
            return []
        left, right = expr.args
        if operand_matches(info, column, left):
            return _match_operator(root, info, column, key, clause, expr.opno, right)
        if operand_matches(info, column, right):
            commutator = get_commutator(root.catalog, expr.opno)
            if commutator:
                return _match_operator(root, info, column, key, clause, commutator, left)
        return []
    if cls is ScalarArrayOpExpr:
        return _match_array(root, info, column, key, clause)
    if cls is NullTest:
        if not expr.argisrow and operand_matches(info, column, expr.arg):
            return [Match(column, expr.nulltesttype, None, clause)]
        return []
    if key.typid == 16:
        if cls is Var and operand_matches(info, column, expr):
            return [Match(column, "=", TRUE, clause)]
        if cls is BoolExpr and expr.boolop == "not" and operand_matches(info, column, expr.args[0]):
            return [Match(column, "=", FALSE, clause)]
        if cls is BooleanTest and operand_matches(info, column, expr.arg):
            if expr.booltesttype == "is_true":
                return [Match(column, "=", TRUE, clause)]
            if expr.booltesttype == "is_false":
                return [Match(column, "=", FALSE, clause)]
    return []


def _match_operator(
    root: Any, info: IndexInfo, column: int, key: Any, clause: Any, opno: int, value: Any
) -> list[Match]:
    other = pull_varnos(value)
    if other & (1 << info.varno):
        return []
    catalog = root.catalog
    expr = clause.expr
    if not other and not is_pseudo_constant(catalog, value):
        return []
    if other and clause.volatile:
        return []
    for member in btree_members(catalog, opno):
        if member[0] != key.opfamily:
            continue
        op = STRATEGY_OPS[member[3]]
        if not collation_matches(key, expr.inputcollid, op == "="):
            return []
        value = coerce_to_key(root, value, key.typid, member[1], member[2])
        if value is None:
            return []
        return [Match(column, op, value, clause, False, other)]
    if not other and type(value) is Const and isinstance(value.constvalue, str):
        return _match_pattern(root, info, column, key, clause, value)
    return []


def _match_pattern(
    root: Any, info: IndexInfo, column: int, key: Any, clause: Any, pattern: Const
) -> list[Match]:
    """LIKE 'prefix%' and ^@ as a range."""
    row = root.catalog.pg_proc.get(clause.expr.opfuncid)
    if row is None or key.opfamily not in BTREE_LIKE_FAMILIES or key.collation not in C_ORDERED:
        return []
    if clause.expr.args[1] is not pattern and clause.expr.args[1] != pattern:
        return []
    if row.prosrc in LIKE_FUNCTIONS:
        prefix, exact = like_prefix(pattern.constvalue)
    elif row.prosrc in ("text_starts_with",):
        prefix, exact = pattern.constvalue, False
    else:
        return []
    if not prefix or key.typid == 1042 or key.typid == 19:
        return []
    low = Const(consttype=key.typid, constvalue=prefix, constcollid=key.collation)
    if exact:
        return [Match(column, "=", low, clause, True)]
    out = [Match(column, ">=", low, clause, True)]
    last = prefix[-1]
    code = ord(last) + 1
    if 0xD800 <= code <= 0xDFFF:
        code = 0xE000
    if code <= 0x10FFFF:
        high = Const(consttype=key.typid, constvalue=prefix[:-1] + chr(code), constcollid=key.collation)
        out.append(Match(column, "<", high, clause, True))
    return out


def like_prefix(pattern: str) -> tuple[str, bool]:
    """(the fixed prefix of a LIKE pattern, whether that is all of it)."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        c = pattern[i]
        if c in "%_":
            return "".join(out), False
        if c == "\\":
            i += 1
            if i >= len(pattern):
                break
            c = pattern[i]
        out.append(c)
        i += 1
    return "".join(out), True


def _match_array(root: Any, info: IndexInfo, column: int, key: Any, clause: Any) -> list[Match]:
    expr = clause.expr
    left, array = expr.args
    if not expr.useOr or not operand_matches(info, column, left):
        return []
    other = pull_varnos(array)
    if other & (1 << info.varno) or (not other and not is_pseudo_constant(root.catalog, array)):
        return []
    for member in btree_members(root.catalog, expr.opno):
        if member[0] == key.opfamily and member[3] == 3:
            value = _coerce_array(root, array, key.typid, member[1], member[2])
            if value is None:
                return []
            if type(value) is Const and len(value.constvalue.items) == 1:
                item = value.constvalue.items[0]
                const = Const(consttype=key.typid, constvalue=item, constisnull=item is None)
                return [Match(column, "=", const, clause, False, other)]
            return [Match(column, "in", value, clause, False, other)]
    return []


def _coerce_array(root: Any, array: Any, key_type: int, left_type: int, right_type: int) -> Any:
    """The array with elements of the key's type, None if that is not possible."""
    if type(array) is Const:
        if array.constisnull:
            return None
        value = array.constvalue
        if len(value.dims) > 1:
            value = make_array(value.elemtype, value.items)
        if left_type == right_type:
            return Const(consttype=array.consttype, constvalue=value, constcollid=array.constcollid)
        if key_type in INTEGER_RANGES and value.elemtype in INTEGER_RANGES:
            low, high = INTEGER_RANGES[key_type]
            items = [item for item in value.items if item is not None and low <= item <= high]
            return Const(consttype=root.catalog.array_type(key_type), constvalue=make_array(key_type, items))
        return None
    return array if left_type == right_type else None


def coerce_to_key(root: Any, value: Any, key_type: int, left_type: int, right_type: int) -> Any:
    """`value` as the key's type where no information is lost, else None."""
    if left_type == right_type:
        return value
    if type(value) is Const and value.constisnull:
        return replace(value, consttype=key_type)
    if left_type in INTEGER_RANGES and right_type in INTEGER_RANGES:
        low, high = INTEGER_RANGES[left_type]
        if type(value) is Const:
            if low <= value.constvalue <= high:
                return Const(consttype=left_type, constvalue=value.constvalue)
            return None
        narrow_low, narrow_high = INTEGER_RANGES[right_type]
        if narrow_low >= low and narrow_high <= high:
            return RelabelType(arg=value, resulttype=left_type)
        return None
    for row in root.catalog.pg_cast.find("castsource_casttarget", right_type, left_type):
        if row.castcontext != "i":
            return None
        if row.castmethod == "b":
            return RelabelType(arg=value, resulttype=left_type)
        if row.castmethod == "f":
            proc = root.catalog.pg_proc.get(row.castfunc)
            if proc.pronargs != 1:
                return None
            call = FuncExpr(
                funcid=row.castfunc, funcresulttype=left_type, args=(value,), funcformat="implicit"
            )
            return Simplifier(root.catalog)(call)
    return None


# --- implication ----------------------------------------------------------------------------------


def predicate_implied_by(catalog: Any, predicate: Any, clauses: list[Any]) -> bool:
    """Whether the clauses (ANDed) prove every conjunct of an index predicate."""
    return all(_implied(catalog, conjunct, clauses) for conjunct in predicate)


def _implied(catalog: Any, goal: Any, clauses: list[Any]) -> bool:
    if goal in clauses:
        return True
    if type(goal) is BoolExpr and goal.boolop == "or":
        return any(_implied(catalog, arm, clauses) for arm in goal.args)
    if type(goal) is BoolExpr and goal.boolop == "and":
        return all(_implied(catalog, arm, clauses) for arm in goal.args)
    for clause in clauses:
        if type(clause) is BoolExpr and clause.boolop == "or":
            if all(_implied(catalog, goal, make_ands_implicit(arm)) for arm in clause.args):
                return True
        elif _implies(catalog, clause, goal):
            return True
    return False


def _implies(catalog: Any, clause: Any, goal: Any) -> bool:
    if clause == goal:
        return True
    if type(goal) is NullTest and goal.nulltesttype == "is_not_null" and not goal.argisrow:
        return _strict_for(catalog, clause, goal.arg)
    if type(goal) is OpExpr and len(goal.args) == 2 and type(goal.args[1]) is Const:
        if type(clause) is OpExpr and len(clause.args) == 2 and type(clause.args[1]) is Const:
            return _operator_implies(catalog, clause, goal)
        if type(clause) is ScalarArrayOpExpr and clause.useOr and type(clause.args[1]) is Const:
            return _array_implies(catalog, clause, goal)
    if (
        (
            type(goal) is ScalarArrayOpExpr
            and goal.useOr
            and type(goal.args[1]) is Const
            and not goal.args[1].constisnull
        )
        and type(clause) is OpExpr
        and clause.opno == goal.opno
        and clause.args[0] == goal.args[0]
    ):
        value = clause.args[1]
        if type(value) is Const and not value.constisnull:
            return value.constvalue in goal.args[1].constvalue.items
    return False


def _strict_for(catalog: Any, clause: Any, arg: Any) -> bool:
    """Whether a true clause proves that arg (a Var or its relabeling) is not NULL."""
    from .clauses import find_nonnullable_vars

    arg = strip_relabel(arg)
    if type(arg) is not Var:
        return (
            type(clause) is OpExpr
            and any(a == arg for a in clause.args)
            and bool(btree_members(catalog, clause.opno))
        )
    return (arg.varno, arg.varattno) in find_nonnullable_vars(catalog, clause)


def _array_implies(catalog: Any, clause: ScalarArrayOpExpr, goal: OpExpr) -> bool:
    array = clause.args[1]
    if array.constisnull or not isinstance(array.constvalue, Array):
        return False
    right = array.constvalue.elemtype
    for item in array.constvalue.items:
        if item is None:
            continue
        one = OpExpr(
            opno=clause.opno,
            opfuncid=clause.opfuncid,
            opresulttype=16,
            args=(clause.args[0], Const(consttype=right, constvalue=item)),
            inputcollid=clause.inputcollid,
        )
        if not _operator_implies(catalog, one, goal):
            return False
    return True


_IMPLICATIONS = {
    # (clause strategy, goal strategy): comparison of the constants that proves the goal, as a strategy
    (1, 1): 2, (1, 2): 2, (2, 2): 2, (2, 1): 1,
    (5, 5): 4, (5, 4): 4, (4, 4): 4, (4, 5): 5,
    (3, 3): 3, (3, 1): 1, (3, 2): 2, (3, 4): 4, (3, 5): 5,
}  # fmt: skip


def _operator_implies(catalog: Any, clause: OpExpr, goal: OpExpr) -> bool:
    """x < 3 proves x < 5 and so on: the constants compared as the table says."""
    if clause.args[0] != goal.args[0] or clause.inputcollid != goal.inputcollid:
        return False
    value, bound = clause.args[1], goal.args[1]
    if value.constisnull or bound.constisnull:
        return False
    if (
        clause.opno == goal.opno
        and value.constvalue == bound.constvalue
        and value.consttype == bound.consttype
    ):
        return True
    for a in btree_members(catalog, clause.opno):
        for b in btree_members(catalog, goal.opno):
            if a[0] != b[0]:
                continue
            needed = _IMPLICATIONS.get((a[3], b[3]))
            if needed is None:
                continue
            opno = get_opfamily_member(catalog, a[0], a[2], b[2], needed)
            if opno and _constants_compare(catalog, opno, value, bound, clause.inputcollid):
                return True
    # <> : x = 3 proves x <> 5
    negator = catalog.pg_operator.get(goal.opno).oprnegate
    if negator:
        for a in btree_members(catalog, clause.opno):
            for b in btree_members(catalog, negator):
                if a[0] == b[0] and b[3] == 3 and a[3] in (1, 3, 5):
                    strategy = {1: 4, 5: 2}.get(a[3])
                    if strategy is not None:
                        opno = get_opfamily_member(catalog, a[0], b[2], a[2], strategy)
                        if opno and _constants_compare(catalog, opno, bound, value, clause.inputcollid):
                            return True
                    else:
                        opno = get_opfamily_member(catalog, a[0], a[2], b[2], 3)
                        if (
                            opno
                            and _constants_compare(catalog, opno, value, bound, clause.inputcollid) is False
                        ):
                            return True
    return False


def _constants_compare(catalog: Any, opno: int, left: Const, right: Const, collation: int) -> bool | None:
    from .clauses import make_op

    folded = Simplifier(catalog)(make_op(catalog, opno, left, right, collation))
    if type(folded) is not Const or folded.constisnull:
        return None
    return bool(folded.constvalue)


def conditions_of(matches: list[Match]) -> tuple[tuple[IndexCondition, ...], list[Match], int]:
    """The scan that the matches allow: equalities on a prefix of the keys, then bounds on the next
    one. Gives (conditions, matches used, number of equated columns)."""
    by_column: dict[int, list[Match]] = {}
    for match in matches:
        by_column.setdefault(match.column, []).append(match)
    conditions: list[IndexCondition] = []
    used: list[Match] = []
    column = 0
    while column in by_column:
        best = None
        for match in by_column[column]:
            if match.op in ("=", "is_null", "in"):
                if best is None or (best.op == "in" and match.op != "in"):
                    best = match
        if best is None:
            break
        conditions.append(IndexCondition(column=column, op=best.op, value=best.value))
        used.append(best)
        column += 1
    equated = column
    low = high = not_null = None
    for match in by_column.get(column, ()):
        if match.op in (">", ">="):
            low = low or match
        elif match.op in ("<", "<="):
            high = high or match
        elif match.op == "is_not_null":
            not_null = not_null or match
    for bound in (low, high):
        if bound is not None:
            conditions.append(IndexCondition(column=column, op=bound.op, value=bound.value))
            used.append(bound)
    if not_null is not None:
        if low is None and high is None:
            conditions.append(IndexCondition(column=column, op="is_not_null"))
        used.append(not_null)
    return tuple(conditions), used, equated
