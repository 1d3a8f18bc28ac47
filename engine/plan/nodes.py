"""Plan nodes: what the planner makes of a Query and the compiler turns into one Python function.

Conventions, which differ from PostgreSQL's because plans are compiled into fused loops:

1. Expressions in a plan are typed-tree expressions over the *range table*: Var(varno, varattno) of
   the same PlannedQuery; there is no OUTER_VAR / INNER_VAR. A node that produces a row of range
   table entry n makes Var(n, *) available to all nodes above it. A node that stores rows (sort,
   hash, materialize) saves what the nodes above need and makes it available again. The compiler
   works out which Vars are needed.
2. Above Agg, an Aggref (or GroupingFunc, or a grouping expression) stands for its own value: the
   compiler keeps a map from expression to Python name. The same for WindowFunc above WindowAgg,
   and for set-returning calls above ProjectSet.
3. A Var with varlevelsup = k > 0 refers to the k-th enclosing PlannedQuery: a correlated subquery
   becomes an inner Python function that sees the outer row as closure variables. Subqueries in
   FROM (SubqueryScan) have a PlannedQuery of their own; LATERAL references are Vars with
   varlevelsup 1 as in PostgreSQL.
4. All expressions are without locations (tree.strip_locations) except where a run-time error
   needs one; sublinks are replaced by SubPlan nodes.
5. `rows` and `cost` are estimates; `width` in bytes. EXPLAIN prints the tree as PostgreSQL does.
"""

from typing import Any

import msgspec

from ..tree import Node


class SubPlan(Node, frozen=True):
    """An expression: a planned subquery. kind as SubLink.subLinkType ("exists", "expr", "array",
    "any", "all", "rowcompare", "multiexpr").

    correlated False: evaluated at most once per execution, on first need. hashed: for "any" with
    uncorrelated plan: build a set of the rows and probe (NULL rules as PostgreSQL's hashed SubPlan).
    testexpr is over Param(paramkind="sublink", paramid=n) for output column n.
    """

    kind: str
    plan: "PlannedQuery"
    testexpr: Any = None
    correlated: bool = True
    hashed: bool = False
    plan_id: int = 0
    first_column_type: int = 0
    first_column_typmod: int = -1
    # The outer Vars (and Aggrefs, GroupingFuncs of outer queries) used inside `plan`, as they are
    # seen from where the SubPlan stands (levelsup 0 = the query that contains the SubPlan). Inside
    # `plan` such an Aggref has agglevelsup k and Vars with varlevelsup >= k.
    outer_refs: tuple[Any, ...] = ()


class Plan(msgspec.Struct, kw_only=True, eq=False):
    """Base of plan nodes."""

    rows: float = 1.0
    cost: float = 0.0
    startup_cost: float = 0.0
    width: int = 0


class Result(Plan):
    """One row of no columns (SELECT without FROM), or none if a qual is not true."""

    quals: tuple[Any, ...] = ()


class Filter(Plan):
    """Rows of `input` for which all quals are true. `onetime` quals do not depend on rows."""

    input: Plan
    quals: tuple[Any, ...]
    onetime: bool = False


class SeqScan(Plan):
    """All rows of a stored relation, or of a system catalog (Relation.system)."""

    varno: int
    relid: int
    quals: tuple[Any, ...] = ()
    tablesample: Any = None  # RangeTblEntry.tablesample, its arguments preprocessed
    parent: int = 0  # relid is a child of this relation, whose columns the entry has


class RowidScan(Plan):
    """Rows by ctid: `ctids` are expressions of type tid (each one row), or one tid[] if array. A
    CurrentOfExpr stands for the row that its cursor is on."""

    varno: int
    relid: int
    ctids: tuple[Any, ...]
    array: bool = False
    quals: tuple[Any, ...] = ()
    parent: int = 0  # relid is a child of this relation, whose columns the entry has


class IndexCondition(msgspec.Struct, frozen=True):
    """Condition on the index's key column number `column` (0-based): op "=", "<", "<=", ">", ">=",
    "is_null", "is_not_null", "in" (value is an array: the scan runs once per distinct element, in
    order). `value` has the key column's type (coerced by the planner) and does not depend on the
    scanned row; it may depend on Vars of outer rows (a nested loop with inner index scan).
    A NULL value means no rows (except with is_null)."""

    column: int
    op: str
    value: Any = None


class IndexScan(Plan):
    """Rows by an index: equality conditions on a prefix of the key columns, then at most one
    lower and one upper bound on the next column. Order is the index's, or its reverse.

    index_only: only key and INCLUDEd columns are needed, so the row is not fetched.
    quals are checked on each row; recheck: also the conditions (prefix-truncated keys).
    """

    varno: int
    relid: int
    indexid: int
    conditions: tuple[IndexCondition, ...] = ()
    backward: bool = False
    index_only: bool = False
    quals: tuple[Any, ...] = ()
    unique: bool = False  # at most one row: all key columns of a unique index are equated
    parent: int = 0  # relid is a child of this relation, whose columns the entry has


class BitmapScan(Plan):
    """Rows whose row ids are in a set made by `bitmap`, in row id order."""

    varno: int
    relid: int
    bitmap: Any  # BitmapIndex | BitmapAnd | BitmapOr
    quals: tuple[Any, ...] = ()  # include the recheck
    parent: int = 0  # relid is a child of this relation, whose columns the entry has


class BitmapIndex(Plan):
    """Row ids by an index (roaring bitmap)."""

    indexid: int
    conditions: tuple[IndexCondition, ...]


class BitmapAnd(Plan):
    inputs: tuple[Any, ...]


class BitmapOr(Plan):
    inputs: tuple[Any, ...]


class ValuesScan(Plan):
    """A VALUES list as range table entry `varno`."""

    varno: int
    lists: tuple[tuple[Any, ...], ...]
    quals: tuple[Any, ...] = ()


class FunctionScan(Plan):
    """Functions in FROM (ROWS FROM: several, zipped); ordinality adds an int8 column."""

    varno: int
    functions: tuple[Any, ...]  # RangeTblFunction
    ordinality: bool = False
    quals: tuple[Any, ...] = ()


class SubqueryScan(Plan):
    """The rows of a planned subquery as range table entry `varno` (Var attno = output position)."""

    varno: int
    plan: "PlannedQuery"
    quals: tuple[Any, ...] = ()


class CteScan(Plan):
    """The rows of a materialised CTE: PlannedQuery.ctes[name] of the query `levelsup` levels out."""

    varno: int
    ctename: str
    levelsup: int
    quals: tuple[Any, ...] = ()


class WorkTableScan(Plan):
    """Inside the recursive term: the rows of the last iteration of the CTE `ctename`."""

    varno: int
    ctename: str
    quals: tuple[Any, ...] = ()


class NestLoop(Plan):
    """For each outer row, all inner rows. jointype: "inner", "left", "semi", "anti".

    The inner plan may use Vars of the outer one (index conditions, LATERAL). Unless
    `rescan`, the inner rows are collected once. joinquals decide matches; quals filter after.
    For "left", "anti": inner Vars are NULL for unmatched outer rows.
    """

    jointype: str
    outer: Plan
    inner: Plan
    joinquals: tuple[Any, ...] = ()
    quals: tuple[Any, ...] = ()
    rescan: bool = False
    inner_unique: bool = False


class HashJoin(Plan):
    """Hash table over `inner`, probed by `outer`. jointype: "inner", "left", "right", "full",
    "semi", "anti", "right_semi", "right_anti". hash keys are pairs (outer expr, inner expr, eqop)
    whose values are hashed by engine/run/hashing.py's key functions (equal iff eqop says so)."""

    jointype: str
    outer: Plan
    inner: Plan
    keys: tuple[tuple[Any, Any, int], ...]
    joinquals: tuple[Any, ...] = ()
    quals: tuple[Any, ...] = ()
    inner_unique: bool = False
    null_aware: bool = False  # anti join for NOT IN


class MergeJoin(Plan):
    """Join of inputs sorted on the keys: (outer expr, inner expr, SortGroupClause-like sort)."""

    jointype: str
    outer: Plan
    inner: Plan
    keys: tuple[tuple[Any, Any, int, bool, bool], ...]  # (outer, inner, sortop, reverse, nulls_first)
    joinquals: tuple[Any, ...] = ()
    quals: tuple[Any, ...] = ()


class SortKey(msgspec.Struct, frozen=True):
    """Sort by expr with the btree ordering of sortop ("<" or ">" operator)."""

    expr: Any
    sortop: int
    descending: bool
    nulls_first: bool


class Sort(Plan):
    """Sorted rows; with `limit` (an expression) only the first limit rows are kept (top-N heap);
    `presorted` first keys are already in order (incremental sort)."""

    input: Plan
    keys: tuple[SortKey, ...]
    limit: Any = None
    presorted: int = 0


class Limit(Plan):
    """LIMIT / OFFSET; with_ties compares `ties` keys."""

    input: Plan
    count: Any = None
    offset: Any = None
    with_ties: tuple[SortKey, ...] = ()


class Distinct(Plan):
    """Distinct rows by expressions: (expr, eqop). sorted: equal rows are adjacent, keep the first
    (DISTINCT ON needs it); else by hash."""

    input: Plan
    keys: tuple[tuple[Any, int], ...]
    sorted: bool = False


class Agg(Plan):
    """Grouping and aggregation. strategy: "plain" (one row), "hash", "sorted".

    keys: (expr, eqop) for all grouping expressions. grouping_sets: tuples of indexes into keys;
    more than one: GROUPING SETS (absent keys are NULL above). aggs: the distinct Aggrefs to
    compute. quals: HAVING.
    """

    input: Plan
    strategy: str
    keys: tuple[tuple[Any, int], ...] = ()
    refs: tuple[int, ...] = ()  # tleSortGroupRef of each key, for GROUPING()
    grouping_sets: tuple[tuple[int, ...], ...] = ()
    aggs: tuple[Any, ...] = ()
    quals: tuple[Any, ...] = ()


class WindowAgg(Plan):
    """Window functions of one WindowClause; the input is sorted by partition and order keys."""

    input: Plan
    window: Any  # WindowClause
    partition: tuple[tuple[Any, int], ...]  # (expr, eqop)
    order: tuple[SortKey, ...]
    order_eqops: tuple[int, ...]
    functions: tuple[Any, ...]  # WindowFunc


class ProjectSet(Plan):
    """Set-returning calls in the target list, run in lockstep (PostgreSQL's ExecProjectSet)."""

    input: Plan
    calls: tuple[Any, ...]


class Append(Plan):
    """UNION ALL: the outputs of planned queries one after another, as entry `varno`'s columns."""

    varno: int
    inputs: tuple[Any, ...]  # PlannedQuery


class ChildAppend(Plan):
    """The rows of a relation with children: scans of those that have rows, all as entry `varno`. `pruning`:
    (partitioned relation, conditions on its key), to be evaluated before the scans (run/partitions.py)."""

    varno: int
    relid: int
    scans: tuple[Any, ...]
    relids: tuple[int, ...]  # what each scan reads
    pruning: tuple[tuple[int, tuple[IndexCondition, ...]], ...] = ()


class SetOp(Plan):
    """INTERSECT / EXCEPT [ALL] of two planned queries, as entry `varno`'s columns, and UNION
    (which is Append below Distinct). eqops per column."""

    varno: int
    op: str
    all: bool
    left: "PlannedQuery"
    right: "PlannedQuery"
    eqops: tuple[int, ...]


class RecursiveUnion(Plan):
    """WITH RECURSIVE: the rows of `first`, then of `recursive` over the last iteration's rows,
    as the columns of CTE `ctename`. distinct: eqops per column for UNION, () for UNION ALL."""

    ctename: str
    first: "PlannedQuery"
    recursive: "PlannedQuery"
    distinct: tuple[int, ...] = ()


class Materialize(Plan):
    """Collects the rows once, gives them again on rescans."""

    input: Plan


class LockRows(Plan):
    """FOR UPDATE / SHARE on rows of the given range table entries."""

    input: Plan
    marks: tuple[Any, ...]  # RowMarkClause
    rechecks: tuple[Any, ...] = ()  # per mark: see plan/recheck.py
    inherited: tuple[int, ...] = ()  # entries whose rows are of children


class ModifyTable(Plan):
    """INSERT / UPDATE / DELETE / MERGE on one relation. `input` gives:
    insert: targetList has an expression for every column that is not generated, by attnum;
    update: the old row as Var(resultRelation, *) incl. ctid, targetList the assigned columns;
    delete: the old row;
    merge: the join of source and target (target Vars NULL if not matched), and the actions.
    The target may be a view with INSTEAD OF triggers: then the old row is that of old_row.
    Defaults, identity and generated columns are already put in by the planner. Index entries, NOT
    NULL, CHECK, unique and foreign key enforcement: engine/run/modify.py.
    returning: expressions over the new row as Var(resultRelation, *) (old row: OldNewVar)."""

    operation: str
    varno: int
    relid: int
    input: Plan
    targetList: tuple[Any, ...] = ()  # TargetEntry, resno = attnum
    generated: tuple[Any, ...] = ()  # TargetEntry of stored generated columns, over the new row
    on_conflict: Any = None  # OnConflictExpr
    arbiters: tuple[int, ...] = ()  # index oids, () = any
    merge_actions: tuple[Any, ...] = ()
    merge_join_condition: Any = None
    returning: tuple[Any, ...] = ()  # TargetEntry
    check_options: tuple[Any, ...] = ()  # of views: (view name, expr, cascaded)
    conflict_var: int = 0  # varno of EXCLUDED
    recheck: tuple[Any, ...] | None = None  # update, delete: see plan/recheck.py
    inherited: bool = False  # the rows are of children, or are put into partitions
    old_row: tuple[Any, ...] | None = None  # views: TargetEntry of every column of the old row
    old_whole: Any = None  # views, merge: NULL where no row of the target is matched


class PlannedQuery(msgspec.Struct, kw_only=True, eq=False):
    """A planned query: the plan and its output columns (targets, junk removed).

    targets are expressions over the plan's Vars. ctes: name -> PlannedQuery or RecursiveUnion to
    be materialised once per execution (data-modifying ones run to completion even if unread).
    """

    plan: Plan
    targets: tuple[Any, ...]
    names: tuple[str, ...]
    types: tuple[int, ...]
    typmods: tuple[int, ...]
    rtable: list[Any]
    command: str = "select"
    ctes: dict[str, Any] = {}
    modifying_ctes: tuple[str, ...] = ()
    resorigtbl: tuple[int, ...] = ()
    resorigcol: tuple[int, ...] = ()
    relations: tuple[int, ...] = ()  # oids read or written, for locks and privileges
    param_types: tuple[int, ...] = ()
    volatile: bool = False
