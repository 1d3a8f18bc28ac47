"""DECLARE CURSOR, FETCH, MOVE, CLOSE.

A cursor's rows are kept as they are produced, so that any cursor can go backwards; NO SCROLL
cursors refuse to. WITH HOLD cursors are read to the end at COMMIT.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..catalog.inheritance import ancestors
from ..errors import SqlError
from ..lockwait import batches
from ..plan import nodes
from ..portal import Portal, StatementContext
from ..relationlocks import lock_relations
from ..sqlstates import (
    DUPLICATE_CURSOR,
    INVALID_CURSOR_NAME,
    INVALID_CURSOR_STATE,
    NO_ACTIVE_SQL_TRANSACTION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
)
from ..tree import TargetEntry, Var
from .registry import command, describes

CURSOR_OPT_BINARY = 0x0001
CURSOR_OPT_SCROLL = 0x0002
CURSOR_OPT_NO_SCROLL = 0x0004
CURSOR_OPT_HOLD = 0x0020
FETCH_ALL = 2**63 - 1
BATCH_ROWS = 1000
CTID_ATTNUM, TIDOID = -1, 27
TABLEOID_ATTNUM, OIDOID = -6, 26


class CursorRows:
    """The rows of a cursor: those read so far, and the plan that gives the others.

    `position` counts from 1; 0 is before the first row, len(rows) + 1 (once `ended`) after the last.
    Rows may be wider than the cursor's `width` columns: the columns behind them are the row ids of
    `tables`, for WHERE CURRENT OF.
    """

    __slots__ = ("_reading", "ended", "locking", "position", "rows", "source", "tables", "width")

    def __init__(
        self, source: Iterator[Any], width: int, tables: Sequence[int] = (), locking: bool = False
    ) -> None:
        self.source = source
        self.width = width
        self.tables = tables
        self.locking = locking  # FOR UPDATE and its kind
        self.rows: list[Any] = []
        self.position = 0
        self.ended = False
        self._reading = False

    def read_to(self, count: int) -> Generator[Any, None, Any]:
        """Read until `count` rows are there or the source ends; yields breaths."""
        while len(self.rows) < count and not self.ended:
            self._reading = True
            try:
                item = next(self.source)
            except StopIteration:
                self.ended = True
                return
            finally:
                self._reading = False
            if type(item) is list:
                self.rows += item
                yield []
            else:
                yield item

    def drain(self) -> None:
        """Read to the end now: what the cursor sees is about to change."""
        if not self._reading:
            for _ in self.read_to(FETCH_ALL):
                pass

    @property
    def on_row(self) -> bool:
        """Whether there is a current row."""
        return 0 < self.position <= len(self.rows)


@command("DeclareCursorStmt", tag="DECLARE CURSOR", read_only_ok=True)
def declare_cursor(ctx: Any, statement: ast.DeclareCursorStmt) -> None:
    """DECLARE name [BINARY] [INSENSITIVE] [[NO] SCROLL] CURSOR [WITH HOLD] FOR query."""
    from ..bind.analyze import analyze
    from ..statement import Plan, plan_analyzed

    session = ctx.session
    options = statement.options
    name = statement.portalname
    if not name:
        raise SqlError(INVALID_CURSOR_NAME, "invalid cursor name: must not be empty")
    hold = bool(options & CURSOR_OPT_HOLD)
    if not hold and not session.transaction.explicit and not session.in_implicit_block:
        raise SqlError(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks")
    while True:
        query = analyze(statement, ctx.source, session.analyze_context(), []).query.utilityQuery
        assert query is not None
        width = sum(1 for target in query.targetList if not target.resjunk)
        tables = () if hold else _add_rowids(query)
        plan = Plan()
        plan.source = ctx.source
        plan.node = "SelectStmt"
        plan.catalog = ctx.catalog
        plan_analyzed(session, plan, query)
        if not lock_relations(session, plan.locks.locks if plan.locks is not None else ()):
            break
        session.renew_catalog(ctx)
    if name in session.portals:
        raise SqlError(DUPLICATE_CURSOR, f'cursor "{name}" already exists')
    inner = StatementContext(session, ctx.params, ctx.source)
    inner.output = ctx.output
    inner.attach(session.transaction)
    assert plan.columns is not None and plan.planned is not None
    columns = plan.columns = plan.columns[:width]
    formats = (1 if options & CURSOR_OPT_BINARY else 0,) * width
    portal = Portal(name, None, plan, inner, formats, columns)
    portal.declared = True
    portal.holdable = hold
    portal.binary = bool(options & CURSOR_OPT_BINARY)
    portal.scroll = bool(options & CURSOR_OPT_SCROLL)
    if not options & (CURSOR_OPT_SCROLL | CURSOR_OPT_NO_SCROLL):
        portal.scroll = not query.rowMarks and scans_backward(plan.planned.plan)
    portal.source = ctx.source.strip()
    portal.created_at = session.transaction.statement_timestamp
    portal.stored = False
    portal.started = True
    portal.running = None
    source: Any = run_plan(plan, inner)
    portal.rows = []
    portal.position = CursorRows(iter(source), width, tables, bool(query.rowMarks))
    session.portals[name] = portal


def run_plan(plan: Any, ctx: Any) -> Iterator[Any]:
    """A plan's row batches, breaths and Futures; it starts when the first is asked for."""
    yield from batches(plan, ctx)


def _add_rowids(query: Any) -> tuple[int, ...]:
    """Add the row ids, and of which table they are, of the tables that WHERE CURRENT OF may mean to the
    query's output: of those FOR UPDATE locks, else of the only one. Returns the tables."""
    if (
        query.hasAggs
        or query.hasWindowFuncs
        or query.hasTargetSRFs
        or query.groupClause
        or query.groupingSets
        or query.havingQual is not None
        or query.distinctClause
        or query.setOperations is not None
    ):
        return ()
    marked = (
        [mark.rti for mark in query.rowMarks] if query.rowMarks else [1] if len(query.rtable) == 1 else []
    )
    tables = []
    for number in marked:
        entry = query.rtable[number - 1]
        if entry.rtekind != "relation" or entry.relkind not in ("r", "m", "p"):
            continue
        targets = list(query.targetList)
        targets.append(TargetEntry(Var(number, CTID_ATTNUM, TIDOID), len(targets) + 1, "ctid"))
        targets.append(TargetEntry(Var(number, TABLEOID_ATTNUM, OIDOID), len(targets) + 1, "tableoid"))
        query.targetList = targets
        tables.append(entry.relid)
    return tuple(tables)


def scans_backward(node: Any) -> bool:
    """Whether PostgreSQL's executor could run the plan backward (ExecSupportsBackwardScan): a cursor
    without SCROLL and NO SCROLL may go back only then."""
    if isinstance(node, _BACKWARD):
        return True
    if isinstance(node, nodes.Limit | nodes.Filter):
        return scans_backward(node.input)
    if isinstance(node, nodes.SubqueryScan):
        return scans_backward(node.plan.plan)
    return False


_BACKWARD = (
    nodes.SeqScan,
    nodes.RowidScan,
    nodes.IndexScan,
    nodes.ValuesScan,
    nodes.FunctionScan,
    nodes.CteScan,
    nodes.Materialize,
    nodes.Sort,
)


def current_rowid(session: Any, name: str, relid: int, child: int) -> int:
    """The row id of a cursor's current row of a table, for WHERE CURRENT OF (execCurrentOf); 0 if the row
    is not one of `child`, the table itself or one of its children."""
    portal = find_cursor(session, name)
    relation = session.transaction.catalog.pg_class.get(relid)
    if portal.plan is None or portal.plan.query is None or portal.plan.query.commandType != "select":
        raise SqlError(INVALID_CURSOR_STATE, f'cursor "{name}" is not a SELECT query')
    if portal.stored:
        raise SqlError(INVALID_CURSOR_STATE, f'cursor "{name}" is held from a previous transaction')
    cursor = portal.position
    places = []
    if cursor is not None:
        catalog = session.transaction.catalog
        above = (
            {relid, *ancestors(catalog, relid)} if catalog.pg_inherits.find("inhrelid", relid) else {relid}
        )
        places = [i for i, table in enumerate(cursor.tables) if table in above]
    if cursor is not None and cursor.locking and len(places) != 1:
        what = "multiple FOR UPDATE/SHARE references" if places else "a FOR UPDATE/SHARE reference"
        have = "has" if places else "does not have"
        raise SqlError(INVALID_CURSOR_STATE, f'cursor "{name}" {have} {what} to table "{relation.relname}"')
    if cursor is None or not places:
        raise SqlError(
            INVALID_CURSOR_STATE,
            f'cursor "{name}" is not a simply updatable scan of table "{relation.relname}"',
        )
    if not cursor.on_row:
        raise SqlError(INVALID_CURSOR_STATE, f'cursor "{name}" is not positioned on a row')
    first = cursor.width + 2 * places[0]
    rowid, tableoid = cursor.rows[cursor.position - 1][first : first + 2]
    return int(rowid) if rowid is not None and tableoid == child else 0


def cursor_rows(portal: Portal, session: Any) -> CursorRows:
    """The rows of any portal that FETCH may be used on."""
    rows = getattr(portal, "position", None)
    if isinstance(rows, CursorRows):
        return rows
    plan = portal.plan
    if plan is None or plan.columns is None or plan.utility is not None:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'portal "{portal.name}" cannot be run')
    width = len(plan.columns)
    if not portal.started:
        portal.started = True
        portal.context.attach(session.transaction)
        source: Any = run_plan(plan, portal.context)
    else:
        source = portal.running if portal.running is not None else iter(())
    fresh = CursorRows(iter(source), width)
    fresh.rows = list(portal.rows)
    portal.position = fresh
    portal.scroll = False
    return fresh


def rows_ahead(cursor: CursorRows, limit: int) -> Generator[Any, None, None]:
    """What Execute gets of a portal that FETCH or MOVE has been used on: the rows behind its position."""
    start, stop, _ = yield from _forward(cursor, limit or FETCH_ALL)
    width = cursor.width
    for first in range(start - 1, stop, BATCH_ROWS):
        rows = cursor.rows[first : min(first + BATCH_ROWS, stop)]
        yield [row[:width] for row in rows] if cursor.tables else rows


def find_cursor(session: Any, name: str) -> Portal:
    """34000 if there is no such cursor."""
    portal = session.portals.get(name)
    if portal is None or not name:
        raise SqlError(INVALID_CURSOR_NAME, f'cursor "{name}" does not exist')
    return portal


@describes("FetchStmt")
def describe_fetch(session: Any, statement: ast.FetchStmt) -> Sequence[ColumnDescription] | None:
    """The cursor's columns; MOVE returns none."""
    if statement.ismove:
        return None
    portal = session.portals.get(statement.portalname)
    return portal.columns if portal is not None else None


@command("FetchStmt", read_only_ok=True)
def fetch(ctx: Any, statement: ast.FetchStmt) -> Generator[Any, None, Any]:
    """FETCH and MOVE in all directions."""
    session = ctx.session
    portal = find_cursor(session, statement.portalname)
    cursor = cursor_rows(portal, session)
    move = bool(statement.ismove)
    start, stop, step = yield from _window(cursor, portal, statement.direction.name, statement.howMany, move)
    count = max(0, (stop - start) * step + 1)
    if move:
        return f"MOVE {count}"
    width = cursor.width
    while count > 0:
        size = min(count, BATCH_ROWS)
        if step > 0:
            rows = cursor.rows[start - 1 : start - 1 + size]
        else:
            rows = [cursor.rows[place - 1] for place in range(start, start - size, -1)]
        if cursor.tables:
            rows = [row[:width] for row in rows]
        yield rows
        start += size * step
        count -= size
    return "FETCH *"


Window = tuple[int, int, int]
_NOTHING: Window = (1, 0, 1)


def _window(
    cursor: CursorRows, portal: Portal, direction: str, count: int, move: bool
) -> Generator[Any, None, Any]:
    """Moves the cursor; returns the Window (first row, last row, step) to deliver, or an empty one. When
    a NO SCROLL cursor complains is what PortalRunFetch() does."""
    direction = direction.removeprefix("FETCH_")
    if direction in ("BACKWARD", "FORWARD") and count < 0:
        direction, count = ("FORWARD" if direction == "BACKWARD" else "BACKWARD"), -count
    if direction == "RELATIVE":
        direction = "NEXT" if count > 0 else "PRIOR" if count < 0 else "FORWARD"
        count = abs(count)
    if count == 0 and direction in ("FORWARD", "BACKWARD"):
        if not cursor.on_row:
            return _NOTHING
        if not move:
            _need_scroll(portal)
        return cursor.position, cursor.position, 1
    if direction == "FORWARD":
        return (yield from _forward(cursor, count))
    if direction == "BACKWARD":
        _need_scroll(portal)
        return _backward(cursor, count)
    if direction == "NEXT":  # the count-th row from here
        start, stop, _ = yield from _forward(cursor, count)
        return (stop, stop, 1) if stop - start + 1 == count else _NOTHING
    if direction == "PRIOR":
        _need_scroll(portal)
        start, stop, _ = _backward(cursor, count)
        return (stop, stop, 1) if start - stop + 1 == count else _NOTHING
    return (yield from _absolute(cursor, portal, count))


def _forward(cursor: CursorRows, count: int) -> Generator[Any, None, Any]:
    position = cursor.position
    target = position + count if count < FETCH_ALL else FETCH_ALL
    yield from cursor.read_to(target)
    last = min(target, len(cursor.rows))
    cursor.position = target if target <= len(cursor.rows) else len(cursor.rows) + 1
    return position + 1, last, 1


def _backward(cursor: CursorRows, count: int) -> Window:
    position = cursor.position
    first = max(1, position - count) if count < FETCH_ALL else 1
    cursor.position = max(0, position - count)
    return min(position - 1, len(cursor.rows)), first, -1


def _absolute(cursor: CursorRows, portal: Portal, count: int) -> Generator[Any, None, Any]:
    position = cursor.position
    if count > 0:
        ended = cursor.ended and position > len(cursor.rows)
        if count - 1 <= position // 2 or ended:
            if position > 0:
                _need_scroll(portal)
        elif count <= position:
            _need_scroll(portal)
        target = count
        yield from cursor.read_to(target)
    elif count < 0:
        yield from cursor.read_to(FETCH_ALL)
        _need_scroll(portal)
        target = max(0, len(cursor.rows) + 1 + count)
    else:
        if position > 0:
            _need_scroll(portal)
        target = 0
    if target > len(cursor.rows):
        target = len(cursor.rows) + 1
    cursor.position = target
    return (target, target, 1) if cursor.on_row else _NOTHING


def _need_scroll(portal: Portal) -> None:
    if not portal.scroll:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            "cursor can only scan forward",
            hint="Declare it with SCROLL option to enable backward scan.",
        )


@command("ClosePortalStmt", tag="CLOSE CURSOR", read_only_ok=True)
def close_cursor(ctx: Any, statement: ast.ClosePortalStmt) -> str:
    """CLOSE name | ALL."""
    session = ctx.session
    if statement.portalname is None:
        for name in [name for name, portal in session.portals.items() if name]:
            session.close_portal(name)
        return "CLOSE CURSOR ALL"
    find_cursor(session, statement.portalname)
    session.close_portal(statement.portalname)
    return "CLOSE CURSOR"
