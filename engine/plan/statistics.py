"""Selectivities and row counts: from pg_statistic where ANALYZE has run, else PostgreSQL's defaults
(utils/adt/selfuncs.c, optimizer/path/clausesel.c)."""

import contextlib
from typing import Any, NamedTuple

from ..errors import SqlError
from ..tree import (
    BooleanTest,
    BoolExpr,
    Const,
    DistinctExpr,
    FuncExpr,
    NullTest,
    OpExpr,
    Param,
    RelabelType,
    ScalarArrayOpExpr,
    Var,
)
from .clauses import btree_members, strip_relabel
from .nodes import SubPlan
from .walk import bits, pull_varnos

DEFAULT_EQ_SEL = 0.005
DEFAULT_INEQ_SEL = 1.0 / 3.0
DEFAULT_RANGE_INEQ_SEL = 0.005
DEFAULT_MATCH_SEL = 0.005
DEFAULT_NUM_DISTINCT = 200.0
DEFAULT_UNK_SEL = 0.005
DEFAULT_NOT_UNK_SEL = 0.995
UNKNOWN_RELATION_ROWS = 1000.0
MATCH_FUNCTIONS = frozenset(
    ("textlike", "texticlike", "textregexeq", "texticregexeq", "bpcharlike", "namelike")
)
NOT_MATCH_FUNCTIONS = frozenset(("textnlike", "texticnlike", "textregexne", "texticregexne"))
_COMPARABLE = (int, float, str, bytes)


class ColumnStatistics(NamedTuple):
    """What pg_statistic knows of a column."""

    null_fraction: float
    width: int
    distinct: float  # as stadistinct: negative is a fraction of the rows, 0 unknown
    common: dict[Any, float]
    histogram: tuple[Any, ...]
    correlation: float


def column_statistics(
    catalog: Any, relid: int, attnum: int, inherited: bool = False
) -> ColumnStatistics | None:
    """The statistics of a column, None before ANALYZE. `inherited`: those of its children as well."""
    cache = catalog.cache
    key = ("column_statistics", relid, attnum, inherited)
    if key in cache:
        return cache[key]
    table = getattr(catalog, "pg_statistic", None)
    row = None if table is None else table.get(relid, attnum, inherited)
    result = None
    if row is not None:
        common: dict[Any, float] = {}
        histogram: tuple[Any, ...] = ()
        correlation = 0.0
        for slot in range(1, 6):
            kind = getattr(row, f"stakind{slot}")
            numbers = getattr(row, f"stanumbers{slot}")
            values = getattr(row, f"stavalues{slot}")
            if kind == 1 and numbers is not None and values is not None:
                for value, frequency in zip(values.items, numbers.items, strict=False):
                    with contextlib.suppress(TypeError):
                        common[value] = frequency
            elif kind == 2 and values is not None:
                histogram = values.items
            elif kind == 3 and numbers is not None and numbers.items:
                correlation = numbers.items[0]
        result = ColumnStatistics(
            row.stanullfrac, row.stawidth, row.stadistinct, common, histogram, correlation
        )
    cache[key] = result
    return result


def relation_rows(catalog: Any, relation: Any) -> float:
    """The estimated number of rows of a stored relation or system catalog."""
    if relation.system:
        cache = catalog.cache
        key = ("system_rows", relation.oid)
        count = cache.get(key)
        if count is None:
            count = cache[key] = _system_rows(catalog, relation.oid)
        return max(float(count), 1.0)
    if relation.reltuples >= 0:
        # A table that ANALYZE saw empty may have been filled since.
        return max(relation.reltuples, 10.0)
    return UNKNOWN_RELATION_ROWS


def _system_rows(catalog: Any, relid: int) -> float:
    try:
        table = catalog.table(relid)
    except (LookupError, SqlError):  # a relation with computed rows has no CatalogTable
        return 100.0
    try:
        return float(len(table))
    except TypeError:
        return float(sum(1 for _ in table.rows()))


class Estimator:
    """Selectivities of clauses over the relations of one query level (a build.Root)."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.catalog = root.catalog

    # --- columns ----------------------------------------------------------------------------------

    def _statistics(self, rel: Any, attnum: int) -> ColumnStatistics | None:
        return column_statistics(self.catalog, rel.relation.oid, attnum, rel.children is not None)

    def _column(self, node: Any) -> tuple[Any, ColumnStatistics | None, float]:
        """(Var or None, statistics, rows of its relation) of an expression."""
        node = strip_relabel(node)
        if type(node) is not Var or node.varlevelsup:
            return None, None, 0.0
        rel = self.root.base_rel(node.varno)
        if rel is None:
            return node, None, 0.0
        if rel.relation is None or node.varattno <= 0:
            return node, None, rel.tuples
        return node, self._statistics(rel, node.varattno), rel.tuples

    def distinct_values(self, node: Any) -> float:
        """How many different values an expression takes."""
        node = strip_relabel(node)
        cls = type(node)
        if cls is Const or cls is Param:
            return 1.0
        var, stats, rows = self._column(node)
        if var is None:
            out = 1.0
            for n in bits(pull_varnos(node)):
                rel = self.root.base_rel(n)
                out *= min(DEFAULT_NUM_DISTINCT, rel.tuples if rel is not None else DEFAULT_NUM_DISTINCT)
            return out
        rows = max(rows, 1.0)
        if stats is not None and stats.distinct:
            return max(stats.distinct if stats.distinct > 0 else -stats.distinct * rows, 1.0)
        if var.varattno == -1 or self.root.column_is_unique(var.varno, var.varattno):
            return rows
        if var.vartype == 16:
            return 2.0
        return min(rows, DEFAULT_NUM_DISTINCT)

    # --- clauses ----------------------------------------------------------------------------------

    def clauselist(self, clauses: Any, jointype: str = "inner") -> float:
        """The selectivity of a list of ANDed clauses."""
        out = 1.0
        ranges: dict[Any, list[float]] = {}
        for clause in clauses:
            sel = self.clause(clause)
            if type(clause) is OpExpr and len(clause.args) == 2:
                side = self._range_side(clause)
                if side is not None:
                    entry = ranges.setdefault(side[0], [-1.0, -1.0])
                    entry[side[1]] = sel if entry[side[1]] < 0 else min(sel, entry[side[1]])
                    continue
            out *= sel
        for low, high in ranges.values():
            if low >= 0 and high >= 0:
                if low == DEFAULT_INEQ_SEL and high == DEFAULT_INEQ_SEL:
                    out *= DEFAULT_RANGE_INEQ_SEL
                else:
                    out *= max(low + high - 1.0, 0.0001)
            else:
                out *= low if low >= 0 else high
        return max(out, 1e-10)

    def _range_side(self, clause: OpExpr) -> tuple[Any, int] | None:
        left, right = clause.args
        for m in btree_members(self.catalog, clause.opno):
            if m[3] in (1, 2, 4, 5):
                greater = m[3] in (4, 5)
                if type(right) is Const or type(right) is Param:
                    return strip_relabel(left), 0 if greater else 1
                if type(left) is Const or type(left) is Param:
                    return strip_relabel(right), 1 if greater else 0
        return None

    def clause(self, node: Any) -> float:
        """The fraction of rows for which the clause is true."""
        cls = type(node)
        if cls is Const:
            return 0.0 if node.constisnull or not node.constvalue else 1.0
        if cls is OpExpr:
            return self._operator(node)
        if cls is BoolExpr:
            if node.boolop == "not":
                return max(1.0 - self.clause(node.args[0]), 0.0)
            if node.boolop == "and":
                return self.clauselist(node.args)
            out = 0.0
            for arg in node.args:
                sel = self.clause(arg)
                out = out + sel - out * sel
            return out
        if cls is ScalarArrayOpExpr:
            return self._scalar_array(node)
        if cls is NullTest:
            _, stats, _ = self._column(node.arg)
            fraction = stats.null_fraction if stats is not None else DEFAULT_UNK_SEL
            return fraction if node.nulltesttype == "is_null" else 1.0 - fraction
        if cls is BooleanTest:
            return DEFAULT_UNK_SEL if node.booltesttype == "is_unknown" else 0.5
        if cls is DistinctExpr:
            return 1.0 - self._equality(node.args[0], node.args[1])
        if cls is Var:
            _var, stats, _ = self._column(node)
            if stats is not None and stats.common:
                return stats.common.get(True, 0.0)
            return 0.5
        if cls is RelabelType:
            return self.clause(node.arg)
        if cls is FuncExpr:
            return 0.3333333
        if cls is SubPlan:
            return 0.5
        return 0.5

    def _operator(self, node: OpExpr) -> float:
        if len(node.args) != 2:
            return 0.5
        left, right = node.args
        for m in btree_members(self.catalog, node.opno):
            strategy = m[3]
            if strategy == 3:
                return self._equality(left, right)
            left_const = type(left) is Const or type(left) is Param
            if left_const:
                return self._inequality(right, left, {1: 5, 2: 4, 4: 2, 5: 1}[strategy])
            return self._inequality(left, right, strategy)
        row = self.catalog.pg_operator.get(node.opno)
        if row is None:
            return 0.5
        if str(row.oprrest) not in ("0", "-", ""):
            if row.oprnegate and any(m[3] == 3 for m in btree_members(self.catalog, row.oprnegate)):
                return max(1.0 - self._equality(left, right), 0.0)
            if row.oprcanhash or row.oprcanmerge:
                return self._equality(left, right)
        name = row.oprname
        if name in ("~~", "~", "~*", "~~*"):
            return self._match(right)
        if name in ("!~~", "!~", "!~*", "!~~*"):
            return 1.0 - self._match(right)
        if name in ("@>", "<@", "&&", "@@", "?", "?|", "?&"):
            return 0.01
        return 0.3333333

    def _match(self, pattern: Any) -> float:
        if type(pattern) is Const and isinstance(pattern.constvalue, str):
            fixed = sum(1 for c in pattern.constvalue if c not in "%_")
            return max(min(1.0, 0.20 ** min(fixed, 6)), 0.0001) * 5 if fixed else 1.0
        return DEFAULT_MATCH_SEL

    def _equality(self, left: Any, right: Any) -> float:
        _lvar, lstats, _lrows = self._column(left)
        _rvar, rstats, _ = self._column(right)
        left_known = type(left) is Const or type(left) is Param or not pull_varnos(left)
        right_known = type(right) is Const or type(right) is Param or not pull_varnos(right)
        if left_known or right_known:
            node, value, stats = (right, left, rstats) if left_known else (left, right, lstats)
            if type(value) is Const:
                if value.constisnull:
                    return 0.0
                if stats is not None and stats.common:
                    try:
                        frequency = stats.common.get(value.constvalue)
                    except TypeError:
                        frequency = None
                    if frequency is not None:
                        return frequency
                    rest = max(1.0 - sum(stats.common.values()) - stats.null_fraction, 0.0)
                    others = self.distinct_values(node) - len(stats.common)
                    return rest / others if others > 1 else rest
            null_fraction = stats.null_fraction if stats is not None else 0.0
            return (1.0 - null_fraction) / max(self.distinct_values(node), 1.0)
        if pull_varnos(left) == pull_varnos(right):
            return DEFAULT_EQ_SEL
        nulls = 1.0
        if lstats is not None:
            nulls *= 1.0 - lstats.null_fraction
        if rstats is not None:
            nulls *= 1.0 - rstats.null_fraction
        return nulls / max(self.distinct_values(left), self.distinct_values(right), 1.0)

    def _inequality(self, node: Any, value: Any, strategy: int) -> float:
        _, stats, _ = self._column(node)
        if stats is None or type(value) is not Const or value.constisnull:
            return DEFAULT_INEQ_SEL
        constant = value.constvalue
        histogram = stats.histogram
        if not isinstance(constant, _COMPARABLE) and type(constant).__name__ != "Decimal":
            return DEFAULT_INEQ_SEL
        try:
            common = sum(f for v, f in stats.common.items() if v < constant)
            common_total = sum(stats.common.values())
            below = sum(1 for v in histogram if v < constant)
        except (TypeError, ArithmeticError):  # NaN among Decimals cannot be compared
            return DEFAULT_INEQ_SEL
        fraction = 0.5
        if len(histogram) > 1:
            fraction = min(max((below - 0.5) / (len(histogram) - 1), 0.0), 1.0)
        rest = max(1.0 - common_total - stats.null_fraction, 0.0)
        less = common + rest * fraction
        out = less if strategy in (1, 2) else 1.0 - less - stats.null_fraction
        return min(max(out, 0.0001), 1.0)

    def _scalar_array(self, node: ScalarArrayOpExpr) -> float:
        array = node.args[1]
        count = 10
        if type(array) is Const and not array.constisnull:
            count = len(array.constvalue.items)
        elif hasattr(array, "elements"):
            count = len(array.elements)
        row = self.catalog.pg_operator.get(node.opno)
        members = btree_members(self.catalog, node.opno)
        equality = any(m[3] == 3 for m in members) or (row is not None and row.oprcanhash)
        if node.useOr:
            one = 1.0 / max(self.distinct_values(node.args[0]), 1.0) if equality else DEFAULT_INEQ_SEL
            return min(one * max(count, 0), 1.0)
        if not equality and row is not None and row.oprnegate:
            one = 1.0 / max(self.distinct_values(node.args[0]), 1.0)
            return max(1.0 - one * count, 0.0)
        return float(DEFAULT_INEQ_SEL ** min(count, 5))

    def groups(self, exprs: Any, rows: float) -> float:
        """How many groups the expressions make of `rows` rows (estimate_num_groups)."""
        out = 1.0
        for expr in exprs:
            out *= max(self.distinct_values(expr), 1.0)
            if out > rows:
                return max(rows, 1.0)
        return max(min(out, rows), 1.0)
