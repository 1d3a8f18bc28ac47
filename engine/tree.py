"""The typed tree: what analysis makes of a statement and the planner reads.

It is PostgreSQL's Query tree (nodes/parsenodes.h, nodes/primnodes.h), with the same node and field
names, so that PostgreSQL's own descriptions of parse analysis, rewriting and deparsing apply.

1. Expression nodes are frozen and hold tuples, so they hash and compare; `equal()` compares
   them without their `location`s. The planner calls `strip_locations` once, and may then use
   expressions as dictionary keys.
2. Query and RangeTblEntry are mutable and hold lists: analysis fills them in.
3. Every node is a tagged msgspec.Struct: rules of views, defaults, checks and index expressions are
   stored in the catalogs in this form (engine/treecodec.py).
4. Locations are byte offsets into the statement (-1: unknown).
"""

from typing import Any, ClassVar

import msgspec

from .treepartition import PartitionBoundSpec as PartitionBoundSpec
from .treepartition import PartitionRangeDatum as PartitionRangeDatum
from .treewalk import Node as Node
from .treewalk import children as children
from .treewalk import equal as equal
from .treewalk import map_children as map_children
from .treewalk import strip_locations as strip_locations

# --- leaves -----------------------------------------------------------------------------------


class Var(Node, frozen=True):
    """A column of a range table entry; varattno 0 is the whole row, negative a system column.

    varlevelsup counts query levels outwards. varno is 1-based into Query.rtable.
    """

    varno: int
    varattno: int
    vartype: int
    vartypmod: int = -1
    varcollid: int = 0
    varlevelsup: int = 0
    varnullingrels: tuple[int, ...] = ()  # kept empty by analysis; for the planner's own use
    location: int = -1
    varnosyn: int = 0  # the aliased join and column it was written as; 0 if as varno says. For deparsing only
    varattnosyn: int = 0


class Const(Node, frozen=True):
    """A constant; `constvalue` is an engine value (engine/values.py), None if constisnull."""

    has_children: ClassVar[bool] = False

    consttype: int
    constvalue: Any
    constisnull: bool = False
    consttypmod: int = -1
    constcollid: int = 0
    location: int = -1

    # 1.0 and 1.00 are equal Decimals but different constants: compare by representation.
    def _identity(self) -> tuple[Any, ...]:
        return (self.consttype, repr(self.constvalue), self.consttypmod, self.constcollid, self.location)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


class Param(Node, frozen=True):
    """$paramid (1-based) of the statement. paramkind "extern"; "exec" for the planner's own;
    "sublink": column paramid of the SubLink it is in the testexpr of; "multiexpr": column
    paramid & 0xffff of the "multiexpr" SubLink whose subLinkId is paramid >> 16."""

    paramid: int
    paramtype: int
    paramtypmod: int = -1
    paramcollid: int = 0
    paramkind: str = "extern"
    location: int = -1


class CaseTestExpr(Node, frozen=True):
    """The placeholder for CASE's (or an ArrayCoerceExpr's element's) test value."""

    typeId: int
    typeMod: int = -1
    collation: int = 0


class CoerceToDomainValue(Node, frozen=True):
    """VALUE inside a domain's CHECK."""

    typeId: int
    typeMod: int = -1
    collation: int = 0
    location: int = -1


class SetToDefault(Node, frozen=True):
    """DEFAULT as a whole INSERT or UPDATE target value; rewriting replaces it."""

    typeId: int
    typeMod: int = -1
    collation: int = 0
    location: int = -1


class CurrentOfExpr(Node, frozen=True):
    """WHERE CURRENT OF cursor."""

    cvarno: int
    cursor_name: str


# --- calls ------------------------------------------------------------------------------------

# funcformat / coerceformat: how to deparse
COERCE_EXPLICIT_CALL = "call"
COERCE_EXPLICIT_CAST = "cast"
COERCE_IMPLICIT_CAST = "implicit"
COERCE_SQL_SYNTAX = "sql"


class FuncExpr(Node, frozen=True):
    """A function call. Named and default arguments are already put in positional order."""

    funcid: int
    funcresulttype: int
    args: tuple[Any, ...] = ()
    funcretset: bool = False
    funcvariadic: bool = False  # the VARIADIC parameter was given or packed as one array
    funcformat: str = COERCE_EXPLICIT_CALL
    funccollid: int = 0
    inputcollid: int = 0
    location: int = -1


class OpExpr(Node, frozen=True):
    """An operator call of one or two arguments."""

    opno: int
    opfuncid: int
    opresulttype: int
    args: tuple[Any, ...]
    opretset: bool = False
    opcollid: int = 0
    inputcollid: int = 0
    location: int = -1


class DistinctExpr(Node, frozen=True):
    """a IS DISTINCT FROM b; opno is the equality operator."""

    opno: int
    opfuncid: int
    args: tuple[Any, ...]
    opresulttype: int = 16
    inputcollid: int = 0
    location: int = -1


class NullIfExpr(Node, frozen=True):
    """NULLIF(a, b); opno is the equality operator, the result has a's type."""

    opno: int
    opfuncid: int
    opresulttype: int
    args: tuple[Any, ...]
    opcollid: int = 0
    inputcollid: int = 0
    location: int = -1


class ScalarArrayOpExpr(Node, frozen=True):
    """a op ANY (array) if useOr, a op ALL (array) otherwise."""

    opno: int
    opfuncid: int
    useOr: bool
    args: tuple[Any, ...]
    inputcollid: int = 0
    location: int = -1


class BoolExpr(Node, frozen=True):
    """boolop: "and", "or", "not"."""

    boolop: str
    args: tuple[Any, ...]
    location: int = -1


class Aggref(Node, frozen=True):
    """An aggregate call. args are TargetEntry; direct arguments of ordered-set aggregates apart.

    agglevelsup > 0: it belongs to an outer query. aggkind: "n", "o", "h".
    """

    aggfnoid: int
    aggtype: int
    args: tuple[Any, ...] = ()
    aggargtypes: tuple[int, ...] = ()
    aggdirectargs: tuple[Any, ...] = ()
    aggorder: tuple[Any, ...] = ()  # SortGroupClause, tleSortGroupRef refers to args
    aggdistinct: tuple[Any, ...] = ()
    aggfilter: Any = None
    aggstar: bool = False
    aggvariadic: bool = False
    aggkind: str = "n"
    agglevelsup: int = 0
    aggcollid: int = 0
    inputcollid: int = 0
    location: int = -1


class GroupingFunc(Node, frozen=True):
    """GROUPING(args); refs are the tleSortGroupRefs of the arguments."""

    args: tuple[Any, ...]
    refs: tuple[int, ...]
    agglevelsup: int = 0
    location: int = -1


class WindowFunc(Node, frozen=True):
    """A window function or an aggregate with OVER; winref is WindowClause.winref (1-based)."""

    winfnoid: int
    wintype: int
    args: tuple[Any, ...]
    winref: int
    aggfilter: Any = None
    winstar: bool = False
    winagg: bool = False
    ignore_nulls: bool = False
    wincollid: int = 0
    inputcollid: int = 0
    location: int = -1


class SubLink(Node, frozen=True):
    """A subquery in an expression.

    subLinkType: "exists", "all", "any", "rowcompare", "expr", "array", "multiexpr".
    For any/all/rowcompare, testexpr is a boolean expression over the left side and
    Param(paramkind="sublink", paramid=n) for the subquery's n-th column.
    subselect is a Query (held by identity; hashable).
    """

    subLinkType: str
    subselect: "Query"
    testexpr: Any = None
    operName: tuple[str, ...] = ()
    subLinkId: int = 0
    location: int = -1
    arraytype: int = 0  # "array": the result type


# --- row and array construction, coercions ------------------------------------------------------


class SubscriptingRef(Node, frozen=True):
    """array[...] or jsonb[...]; with refassgnexpr the assignment form, whose result is the container.

    An omitted bound of a slice is None. reflowerindexpr is () if it is no slice.
    """

    refcontainertype: int
    refelemtype: int
    refrestype: int
    refexpr: Any
    refupperindexpr: tuple[Any, ...]
    reflowerindexpr: tuple[Any, ...] = ()
    refassgnexpr: Any = None
    reftypmod: int = -1
    refcollid: int = 0


class FieldSelect(Node, frozen=True):
    """(composite).field; fieldnum is the attribute number, 1-based."""

    arg: Any
    fieldnum: int
    resulttype: int
    resulttypmod: int = -1
    resultcollid: int = 0


class FieldStore(Node, frozen=True):
    """A composite with fields replaced (UPDATE t SET c.f = ...)."""

    arg: Any
    newvals: tuple[Any, ...]
    fieldnums: tuple[int, ...]
    resulttype: int


class RelabelType(Node, frozen=True):
    """A binary-compatible coercion: the value stays as it is."""

    arg: Any
    resulttype: int
    resulttypmod: int = -1
    resultcollid: int = 0
    relabelformat: str = COERCE_IMPLICIT_CAST
    location: int = -1


class CoerceViaIO(Node, frozen=True):
    """A coercion through output and input functions."""

    arg: Any
    resulttype: int
    resultcollid: int = 0
    coerceformat: str = COERCE_IMPLICIT_CAST
    location: int = -1


class ArrayCoerceExpr(Node, frozen=True):
    """An array coerced element by element; elemexpr is over CaseTestExpr."""

    arg: Any
    elemexpr: Any
    resulttype: int
    resulttypmod: int = -1
    resultcollid: int = 0
    coerceformat: str = COERCE_IMPLICIT_CAST
    location: int = -1


class ConvertRowtypeExpr(Node, frozen=True):
    """A child's row coerced to its parent's type."""

    arg: Any
    resulttype: int
    convertformat: str = COERCE_IMPLICIT_CAST
    location: int = -1


class CoerceToDomain(Node, frozen=True):
    """A value checked against a domain's constraints at run time."""

    arg: Any
    resulttype: int
    resulttypmod: int = -1
    resultcollid: int = 0
    coercionformat: str = COERCE_IMPLICIT_CAST
    location: int = -1


class CollateExpr(Node, frozen=True):
    """expr COLLATE collation; kept for deparsing."""

    arg: Any
    collOid: int
    location: int = -1


class CaseWhen(Node, frozen=True):
    """One WHEN of a CaseExpr."""

    expr: Any
    result: Any
    location: int = -1


class CaseExpr(Node, frozen=True):
    """CASE; with `arg` each WHEN's expr compares CaseTestExpr to something."""

    casetype: int
    arg: Any
    args: tuple[CaseWhen, ...]
    defresult: Any
    casecollid: int = 0
    location: int = -1


class ArrayExpr(Node, frozen=True):
    """ARRAY[...]; if multidims the elements are arrays themselves."""

    array_typeid: int
    element_typeid: int
    elements: tuple[Any, ...]
    multidims: bool = False
    array_collid: int = 0
    location: int = -1


class RowExpr(Node, frozen=True):
    """ROW(...)."""

    args: tuple[Any, ...]
    row_typeid: int
    row_format: str = COERCE_EXPLICIT_CALL
    colnames: tuple[str, ...] = ()
    location: int = -1


class RowCompareExpr(Node, frozen=True):
    """(a, b) < (c, d); cmptype: "<", "<=", ">=", ">". (= and <> become AND / OR of OpExprs.)"""

    cmptype: str
    opnos: tuple[int, ...]
    opfamilies: tuple[int, ...]
    largs: tuple[Any, ...]
    rargs: tuple[Any, ...]
    inputcollids: tuple[int, ...] = ()


class CoalesceExpr(Node, frozen=True):
    """COALESCE."""

    coalescetype: int
    args: tuple[Any, ...]
    coalescecollid: int = 0
    location: int = -1


class MinMaxExpr(Node, frozen=True):
    """GREATEST / LEAST; op: "greatest", "least"."""

    minmaxtype: int
    op: str
    args: tuple[Any, ...]
    minmaxcollid: int = 0
    inputcollid: int = 0
    location: int = -1


class SQLValueFunction(Node, frozen=True):
    """CURRENT_DATE, CURRENT_USER, ...: op is the keyword in lower case, e.g. "current_timestamp"."""

    op: str
    type: int
    typmod: int = -1
    location: int = -1


class NullTest(Node, frozen=True):
    """IS [NOT] NULL; argisrow: apply per field of a row."""

    arg: Any
    nulltesttype: str  # "is_null", "is_not_null"
    argisrow: bool = False
    location: int = -1


class BooleanTest(Node, frozen=True):
    """IS [NOT] TRUE / FALSE / UNKNOWN; booltesttype e.g. "is_true", "is_not_unknown"."""

    arg: Any
    booltesttype: str
    location: int = -1


class NextValueExpr(Node, frozen=True):
    """nextval of an identity column's sequence, without privilege checks."""

    seqid: int
    typeId: int


class JsonIsPredicate(Node, frozen=True):
    """expr IS JSON [VALUE|SCALAR|ARRAY|OBJECT] [WITH UNIQUE KEYS]."""

    expr: Any
    item_type: str
    unique_keys: bool = False
    location: int = -1


class JsonConstructorExpr(Node, frozen=True):
    """SQL/JSON constructors; kept for deparsing, `func` computes it."""

    type: str
    args: tuple[Any, ...]
    func: Any
    coercion: Any = None
    absent_on_null: bool = False
    unique: bool = False
    location: int = -1


class MergeSupportFunc(Node, frozen=True):
    """merge_action() inside a MERGE's RETURNING."""

    msftype: int = 25
    location: int = -1


class OldNewVar(Node, frozen=True):
    """OLD.column or NEW.column in RETURNING (PostgreSQL 18): which is "old" or "new"."""

    which: str
    var: Var


# --- lists, clauses -------------------------------------------------------------------------------


class TargetEntry(Node, frozen=True):
    """An output column; resno 1-based (the target column's attnum in UPDATE); resjunk: not output."""

    expr: Any
    resno: int
    resname: str | None = None
    ressortgroupref: int = 0
    resorigtbl: int = 0
    resorigcol: int = 0
    resjunk: bool = False


class SortGroupClause(Node, frozen=True):
    """One item of ORDER BY, GROUP BY, DISTINCT or PARTITION BY.

    Refers to the TargetEntry with ressortgroupref == tleSortGroupRef; sortop 0: only hashable.
    """

    tleSortGroupRef: int
    eqop: int
    sortop: int
    reverse_sort: bool = False
    nulls_first: bool = False
    hashable: bool = True


class GroupingSet(Node, frozen=True):
    """kind: "empty", "simple", "rollup", "cube", "sets"; content: refs (simple) or GroupingSets."""

    kind: str
    content: tuple[Any, ...] = ()
    location: int = -1


class WindowClause(Node, frozen=True):
    """A window. frame_options is PostgreSQL's FRAMEOPTION_* bit mask (nodes/parsenodes.h)."""

    winref: int
    name: str | None = None
    refname: str | None = None
    partitionClause: tuple[SortGroupClause, ...] = ()
    orderClause: tuple[SortGroupClause, ...] = ()
    frameOptions: int = 0
    startOffset: Any = None
    endOffset: Any = None
    startInRangeFunc: int = 0
    endInRangeFunc: int = 0
    inRangeColl: int = 0
    inRangeAsc: bool = True
    inRangeNullsFirst: bool = False
    copiedOrder: bool = False


class RowMarkClause(Node, frozen=True):
    """FOR UPDATE and friends; strength: "keyshare", "share", "nokeyupdate", "update";
    waitPolicy: "block", "skip", "error"."""

    rti: int
    strength: str
    waitPolicy: str = "block"
    pushedDown: bool = False


class RangeTblRef(Node, frozen=True):
    """A FROM item: an entry of the range table."""

    rtindex: int


class JoinExpr(Node, frozen=True):
    """A join in FROM; jointype: "inner", "left", "full", "right". rtindex: its own RTE."""

    jointype: str
    larg: Any
    rarg: Any
    quals: Any = None
    rtindex: int = 0
    isNatural: bool = False
    usingClause: tuple[str, ...] = ()
    alias: Any = None


class FromExpr(Node, frozen=True):
    """FROM list and WHERE."""

    fromlist: tuple[Any, ...]
    quals: Any = None


class SetOperationStmt(Node, frozen=True):
    """UNION ("union"), INTERSECT ("intersect"), EXCEPT ("except"); arms are RangeTblRef or nested."""

    op: str
    all: bool
    larg: Any
    rarg: Any
    colTypes: tuple[int, ...]
    colTypmods: tuple[int, ...]
    colCollations: tuple[int, ...]
    groupClauses: tuple[SortGroupClause, ...] = ()


class CTESearchClause(Node, frozen=True):
    """SEARCH DEPTH / BREADTH FIRST BY ... SET column."""

    search_col_list: tuple[str, ...]
    search_breadth_first: bool
    search_seq_column: str


class CTECycleClause(Node, frozen=True):
    """CYCLE ... SET mark TO value DEFAULT default USING path; cycle_mark_neop is the marks' <>."""

    cycle_col_list: tuple[str, ...]
    cycle_mark_column: str
    cycle_mark_value: Any
    cycle_mark_default: Any
    cycle_path_column: str
    cycle_mark_type: int
    cycle_mark_typmod: int
    cycle_mark_collation: int
    cycle_mark_neop: int


class CommonTableExpr(Node, frozen=True):
    """One WITH item. ctematerialized: "default", "always", "never". Rewriting expands search and cycle."""

    ctename: str
    ctequery: "Query"
    ctematerialized: str = "default"
    aliascolnames: tuple[str, ...] = ()
    cterecursive: bool = False
    cterefcount: int = 0
    ctecolnames: tuple[str, ...] = ()
    ctecoltypes: tuple[int, ...] = ()
    ctecoltypmods: tuple[int, ...] = ()
    ctecolcollations: tuple[int, ...] = ()
    search_clause: Any = None
    cycle_clause: Any = None
    location: int = -1


class InferenceElem(Node, frozen=True):
    """One element of an ON CONFLICT arbiter."""

    expr: Any
    infercollid: int = 0
    inferopclass: int = 0


class OnConflictExpr(Node, frozen=True):
    """ON CONFLICT: action "nothing" or "update"; exclRelIndex is the RTE of EXCLUDED."""

    action: str
    arbiterElems: tuple[InferenceElem, ...] = ()
    arbiterWhere: Any = None
    constraint: int = 0
    onConflictSet: tuple[TargetEntry, ...] = ()
    onConflictWhere: Any = None
    exclRelIndex: int = 0


class MergeAction(Node, frozen=True):
    """A WHEN of MERGE. matchKind: "matched", "not_matched_by_source", "not_matched_by_target";
    commandType: "update", "delete", "insert", "nothing". targetList as in INSERT / UPDATE."""

    matchKind: str
    commandType: str
    qual: Any = None
    targetList: tuple[TargetEntry, ...] = ()
    override: str = ""


class WithCheckOption(Node, frozen=True):
    """A view's WITH CHECK OPTION on rows written through it; qual None: only cascades."""

    relname: str
    qual: Any = None
    cascaded: bool = False


class RangeTblFunction(Node, frozen=True):
    """One function of a FunctionScan; with a column definition list the columns are given here."""

    funcexpr: Any
    funccolcount: int
    funccolnames: tuple[str, ...] = ()
    funccoltypes: tuple[int, ...] = ()
    funccoltypmods: tuple[int, ...] = ()
    funccolcollations: tuple[int, ...] = ()


class RangeTblEntry(msgspec.Struct, tag=True, tag_field="node"):
    """A range table entry; rtekind: "relation", "subquery", "join", "function", "values", "cte",
    "result" and "group" are as in PostgreSQL ("group" is not produced).

    eref_colnames are the visible names of its columns in attribute order ("" for a dropped one).
    """

    rtekind: str
    alias: str | None = None  # as written
    alias_colnames: tuple[str, ...] = ()
    eref: str = ""
    eref_colnames: tuple[str, ...] = ()
    lateral: bool = False
    inFromCl: bool = True
    # relation
    relid: int = 0
    relkind: str = ""
    inh: bool = True
    requiredPerms: str = ""  # ACL letters that must be held: "r", "a", "w", "d"
    selectedCols: tuple[int, ...] = ()  # attnums
    insertedCols: tuple[int, ...] = ()
    updatedCols: tuple[int, ...] = ()
    checkAsUser: int = 0
    # subquery (also an expanded view: relid stays set then)
    subquery: "Query | None" = None
    security_barrier: bool = False
    tablesample: Any = None
    # join
    jointype: str = ""
    joinmergedcols: int = 0
    joinaliasvars: tuple[Any, ...] = ()  # one expression per join column
    joinleftcols: tuple[int, ...] = ()
    joinrightcols: tuple[int, ...] = ()
    join_using_alias: str | None = None
    # function
    functions: tuple[RangeTblFunction, ...] = ()
    funcordinality: bool = False
    # values
    values_lists: tuple[tuple[Any, ...], ...] = ()
    # cte
    ctename: str = ""
    ctelevelsup: int = 0
    self_reference: bool = False
    # columns of function, values, cte, tablefunc
    coltypes: tuple[int, ...] = ()
    coltypmods: tuple[int, ...] = ()
    colcollations: tuple[int, ...] = ()


class Query(msgspec.Struct, tag=True, tag_field="node", eq=False):
    """One SELECT, INSERT, UPDATE, DELETE or MERGE after analysis; "utility" carries a pglast node.

    eq=False: compared and hashed by identity, so SubLink and CommonTableExpr stay hashable.
    """

    commandType: str  # "select", "insert", "update", "delete", "merge", "utility"
    querySource: str = "original"
    canSetTag: bool = True
    isReturn: bool = False  # RETURN expression, the body of an SQL function
    utilityStmt: Any = None
    utilityQuery: "Query | None" = None  # utility: the query inside (EXPLAIN, DECLARE CURSOR, ...)
    callExpr: Any = None  # CALL: the FuncExpr with its input arguments
    callOutArgs: list[Any] = []  # CALL: the OUT and INOUT arguments
    resultRelation: int = 0  # 1-based rtindex of the target of DML
    hasAggs: bool = False
    hasWindowFuncs: bool = False
    hasTargetSRFs: bool = False
    hasSubLinks: bool = False
    hasDistinctOn: bool = False
    hasRecursive: bool = False
    hasModifyingCTE: bool = False
    hasForUpdate: bool = False
    cteList: list[CommonTableExpr] = []
    rtable: list[RangeTblEntry] = []
    jointree: FromExpr | None = None
    targetList: list[TargetEntry] = []
    override: str = ""  # OVERRIDING: "user", "system"
    onConflict: OnConflictExpr | None = None
    returningList: list[TargetEntry] = []
    mergeActionList: list[MergeAction] = []
    mergeTargetRelation: int = 0
    mergeJoinCondition: Any = None
    groupClause: list[SortGroupClause] = []
    groupDistinct: bool = False
    groupingSets: list[GroupingSet] = []
    havingQual: Any = None
    windowClause: list[WindowClause] = []
    distinctClause: list[SortGroupClause] = []
    sortClause: list[SortGroupClause] = []
    limitOffset: Any = None
    limitCount: Any = None
    limitOption: str = "count"  # or "with_ties"
    rowMarks: list[RowMarkClause] = []
    setOperations: SetOperationStmt | None = None
    constraintDeps: list[int] = []
    withCheckOptions: list[Any] = []
    stmt_location: int = 0
    stmt_len: int = 0


Expr = Any  # an expression node; an alias for readers


AnyNode = Node | Query | RangeTblEntry
