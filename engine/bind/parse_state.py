"""The state of parse analysis: PostgreSQL's ParseState, its namespace items, and AnalyzeContext.

One ParseState per query level; `parentParseState` links to the enclosing query's. All levels of
one statement share one AnalyzeContext: what analysis may know of its surroundings.
"""

from typing import Any, NamedTuple

from ..errors import SqlError
from ..sqlstates import SqlState
from ..tree import RangeTblEntry

# --- kinds of expressions (ParseExprKind) ---------------------------------------------------------

EXPR_KIND_NONE = ""
EXPR_KIND_OTHER = "other"
EXPR_KIND_JOIN_ON = "join_on"
EXPR_KIND_JOIN_USING = "join_using"
EXPR_KIND_FROM_SUBSELECT = "from_subselect"
EXPR_KIND_FROM_FUNCTION = "from_function"
EXPR_KIND_WHERE = "where"
EXPR_KIND_HAVING = "having"
EXPR_KIND_FILTER = "filter"
EXPR_KIND_WINDOW_PARTITION = "window_partition"
EXPR_KIND_WINDOW_ORDER = "window_order"
EXPR_KIND_WINDOW_FRAME_RANGE = "window_frame_range"
EXPR_KIND_WINDOW_FRAME_ROWS = "window_frame_rows"
EXPR_KIND_WINDOW_FRAME_GROUPS = "window_frame_groups"
EXPR_KIND_SELECT_TARGET = "select_target"
EXPR_KIND_INSERT_TARGET = "insert_target"
EXPR_KIND_UPDATE_SOURCE = "update_source"
EXPR_KIND_UPDATE_TARGET = "update_target"
EXPR_KIND_MERGE_WHEN = "merge_when"
EXPR_KIND_GROUP_BY = "group_by"
EXPR_KIND_ORDER_BY = "order_by"
EXPR_KIND_DISTINCT_ON = "distinct_on"
EXPR_KIND_LIMIT = "limit"
EXPR_KIND_OFFSET = "offset"
EXPR_KIND_RETURNING = "returning"
EXPR_KIND_MERGE_RETURNING = "merge_returning"
EXPR_KIND_VALUES = "values"
EXPR_KIND_VALUES_SINGLE = "values_single"
EXPR_KIND_CHECK_CONSTRAINT = "check_constraint"
EXPR_KIND_DOMAIN_CHECK = "domain_check"
EXPR_KIND_COLUMN_DEFAULT = "column_default"
EXPR_KIND_FUNCTION_DEFAULT = "function_default"
EXPR_KIND_INDEX_EXPRESSION = "index_expression"
EXPR_KIND_INDEX_PREDICATE = "index_predicate"
EXPR_KIND_STATS_EXPRESSION = "stats_expression"
EXPR_KIND_ALTER_COL_TRANSFORM = "alter_col_transform"
EXPR_KIND_EXECUTE_PARAMETER = "execute_parameter"
EXPR_KIND_TRIGGER_WHEN = "trigger_when"
EXPR_KIND_POLICY = "policy"
EXPR_KIND_PARTITION_BOUND = "partition_bound"
EXPR_KIND_PARTITION_EXPRESSION = "partition_expression"
EXPR_KIND_CALL_ARGUMENT = "call_argument"
EXPR_KIND_COPY_WHERE = "copy_where"
EXPR_KIND_GENERATED_COLUMN = "generated_column"
EXPR_KIND_CYCLE_MARK = "cycle_mark"

# The construct's name in messages (ParseExprKindName).
EXPR_KIND_NAMES: dict[str, str] = {
    EXPR_KIND_NONE: "invalid expression context",
    EXPR_KIND_OTHER: "extension expression",
    EXPR_KIND_JOIN_ON: "JOIN/ON",
    EXPR_KIND_JOIN_USING: "JOIN/USING",
    EXPR_KIND_FROM_SUBSELECT: "sub-SELECT in FROM",
    EXPR_KIND_FROM_FUNCTION: "function in FROM",
    EXPR_KIND_WHERE: "WHERE",
    EXPR_KIND_POLICY: "POLICY",
    EXPR_KIND_HAVING: "HAVING",
    EXPR_KIND_FILTER: "FILTER",
    EXPR_KIND_WINDOW_PARTITION: "window PARTITION BY",
    EXPR_KIND_WINDOW_ORDER: "window ORDER BY",
    EXPR_KIND_WINDOW_FRAME_RANGE: "window RANGE",
    EXPR_KIND_WINDOW_FRAME_ROWS: "window ROWS",
    EXPR_KIND_WINDOW_FRAME_GROUPS: "window GROUPS",
    EXPR_KIND_SELECT_TARGET: "SELECT",
    EXPR_KIND_INSERT_TARGET: "INSERT",
    EXPR_KIND_UPDATE_SOURCE: "UPDATE",
    EXPR_KIND_UPDATE_TARGET: "UPDATE",
    EXPR_KIND_MERGE_WHEN: "MERGE WHEN",
    EXPR_KIND_GROUP_BY: "GROUP BY",
    EXPR_KIND_ORDER_BY: "ORDER BY",
    EXPR_KIND_DISTINCT_ON: "DISTINCT ON",
    EXPR_KIND_LIMIT: "LIMIT",
    EXPR_KIND_OFFSET: "OFFSET",
    EXPR_KIND_RETURNING: "RETURNING",
    EXPR_KIND_MERGE_RETURNING: "RETURNING",
    EXPR_KIND_VALUES: "VALUES",
    EXPR_KIND_VALUES_SINGLE: "VALUES",
    EXPR_KIND_CHECK_CONSTRAINT: "CHECK",
    EXPR_KIND_DOMAIN_CHECK: "CHECK",
    EXPR_KIND_COLUMN_DEFAULT: "DEFAULT",
    EXPR_KIND_FUNCTION_DEFAULT: "DEFAULT",
    EXPR_KIND_INDEX_EXPRESSION: "index expression",
    EXPR_KIND_INDEX_PREDICATE: "index predicate",
    EXPR_KIND_STATS_EXPRESSION: "statistics expression",
    EXPR_KIND_ALTER_COL_TRANSFORM: "USING",
    EXPR_KIND_EXECUTE_PARAMETER: "EXECUTE",
    EXPR_KIND_TRIGGER_WHEN: "WHEN",
    EXPR_KIND_PARTITION_BOUND: "partition bound",
    EXPR_KIND_PARTITION_EXPRESSION: "PARTITION BY",
    EXPR_KIND_CALL_ARGUMENT: "CALL",
    EXPR_KIND_COPY_WHERE: "WHERE",
    EXPR_KIND_GENERATED_COLUMN: "GENERATED AS",
    EXPR_KIND_CYCLE_MARK: "CYCLE",
}


def parse_expr_kind_name(kind: str) -> str:
    """The SQL construct that an expression kind stands for, as error messages call it."""
    return EXPR_KIND_NAMES[kind]


# --- namespaces ------------------------------------------------------------------------------------


class NamespaceColumn(NamedTuple):
    """How to build a Var for one column of a NamespaceItem (ParseNamespaceColumn).

    p_varno 0 marks a dropped column. p_varnosyn / p_varattnosyn name the column as written, where a
    join alias hides the table that the Var refers to. p_varreturningtype: "", "old" or "new".
    """

    p_varno: int
    p_varattno: int
    p_vartype: int
    p_vartypmod: int = -1
    p_varcollid: int = 0
    p_varnosyn: int = 0
    p_varattnosyn: int = 0
    p_dontexpand: bool = False
    p_varreturningtype: str = ""


class Alias(NamedTuple):
    """A relation name and its column names as visible ("" for a dropped column)."""

    aliasname: str
    colnames: tuple[str, ...] = ()


class NamespaceItem:
    """One name in scope (ParseNamespaceItem): which range table entry it is, and what is visible.

    p_rel_visible: usable as qualifier; p_cols_visible: its columns are found unqualified.
    p_lateral_only: visible to LATERAL items only; unless p_lateral_ok, using it is an error.
    p_returning_type: "old" or "new" for those items of a RETURNING list, else "".
    """

    __slots__ = (
        "p_cols_visible",
        "p_lateral_ok",
        "p_lateral_only",
        "p_names",
        "p_nscolumns",
        "p_rel_visible",
        "p_returning_type",
        "p_rte",
        "p_rtindex",
    )

    def __init__(
        self,
        p_names: Alias,
        p_rte: RangeTblEntry,
        p_rtindex: int,
        p_nscolumns: tuple[NamespaceColumn, ...],
        p_rel_visible: bool = True,
        p_cols_visible: bool = True,
        p_lateral_only: bool = False,
        p_lateral_ok: bool = True,
        p_returning_type: str = "",
    ) -> None:
        self.p_names = p_names
        self.p_rte = p_rte
        self.p_rtindex = p_rtindex
        self.p_nscolumns = p_nscolumns
        self.p_rel_visible = p_rel_visible
        self.p_cols_visible = p_cols_visible
        self.p_lateral_only = p_lateral_only
        self.p_lateral_ok = p_lateral_ok
        self.p_returning_type = p_returning_type


# --- the state ---------------------------------------------------------------------------------------


class AnalyzeContext:
    """What the analysis of one statement may know of its surroundings.

    search_path: namespace oids in order, with pg_catalog (and the temporary namespace, if there is
    one) at the places where they are effective. ctx: an ExecutionContext (engine/context.py), given
    to type input functions. params: a params.ParamTypes, or None where $n is not allowed.
    literal_locations: see constants.py.
    """

    def __init__(
        self,
        catalog: Any,
        search_path: tuple[int, ...],
        *,
        role: int = 10,
        settings: Any = None,
        ctx: Any = None,
        temp_namespace: int = 0,
        params: Any = None,
    ) -> None:
        self.catalog = catalog
        self.search_path = search_path
        self.role = role
        self.settings = settings
        self.ctx = ctx
        self.temp_namespace = temp_namespace
        self.params = params
        self.literal_locations: dict[int, int] | None = None


class ParseState:
    """The state of the analysis of one query level; field names are PostgreSQL's."""

    def __init__(
        self,
        context: AnalyzeContext,
        source: str = "",
        parent: "ParseState | None" = None,
    ) -> None:
        self.context = context
        self.catalog = context.catalog
        self.parentParseState = parent
        self.p_sourcetext: str = source or (parent.p_sourcetext if parent else "")
        self.p_rtable: list[RangeTblEntry] = []
        self.p_joinexprs: list[Any] = []  # parallel to p_rtable, None for entries that are no joins
        self.p_nullingrels: list[Any] = []
        self.p_joinlist: list[Any] = []
        self.p_namespace: list[NamespaceItem] = []
        self.p_lateral_active = False
        self.p_ctenamespace: list[Any] = []  # CommonTableExpr items of part B
        self.p_future_ctes: list[Any] = []
        self.p_parent_cte: Any = None
        self.p_target_relation: Any = None  # engine.catalog.relation.Relation
        self.p_target_nsitem: NamespaceItem | None = None
        self.p_grouping_nsitem: NamespaceItem | None = None
        self.p_is_insert = False
        self.p_windowdefs: list[Any] = []  # raw WindowDefs; winref is the 1-based index
        self.p_expr_kind = EXPR_KIND_NONE
        self.p_next_resno = 1
        self.p_multiassign_exprs: list[Any] = []
        self.p_locking_clause: Any = ()
        self.p_locked_from_parent = False
        self.p_resolve_unknowns: bool = parent.p_resolve_unknowns if parent else True
        self.p_hasAggs = False
        self.p_hasWindowFuncs = False
        self.p_hasTargetSRFs = False
        self.p_hasSubLinks = False
        self.p_hasModifyingCTE = False
        self.p_last_srf: Any = None
        # Hooks: (pstate, cref) -> expr | None before, (pstate, cref, var) -> expr | None after column
        # look-up. Inherited by sub-queries, for domain checks' VALUE, SQL functions and PL/pgSQL.
        self.p_pre_columnref_hook: Any = parent.p_pre_columnref_hook if parent else None
        self.p_post_columnref_hook: Any = parent.p_post_columnref_hook if parent else None
        self.p_returning_old: str | None = None  # the alias under which OLD / NEW are visible
        self.p_returning_new: str | None = None

    def error(
        self,
        sqlstate: SqlState,
        message: str,
        location: int | None = None,
        *,
        detail: str | None = None,
        hint: str | None = None,
    ) -> SqlError:
        """The SqlError to raise; `location` is a byte offset, negative or None if unknown."""
        if location is not None and location < 0:
            location = None
        return SqlError(sqlstate, message, position=location, detail=detail, hint=hint)


def make_parsestate(parent: "ParseState | AnalyzeContext", source: str = "") -> ParseState:
    """A new query level below `parent`, or a top one over an AnalyzeContext."""
    if isinstance(parent, ParseState):
        return ParseState(parent.context, source, parent)
    return ParseState(parent, source)
