"""DECLARE CURSOR, FETCH, MOVE, CLOSE.

A cursor's rows are kept as they are produced, so that any cursor can go backwards; NO SCROLL
cursors refuse to. WITH HOLD cursors are read to the end at COMMIT.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..errors import SqlError
from ..portal import Portal, StatementContext
from ..sqlstates import (
    DUPLICATE_CURSOR,
    INVALID_CURSOR_DEFINITION,
    INVALID_CURSOR_NAME,
    NO_ACTIVE_SQL_TRANSACTION,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
)
from .registry import command, describes

CURSOR_OPT_BINARY = 0x0001
CURSOR_OPT_SCROLL = 0x0002
CURSOR_OPT_NO_SCROLL = 0x0004
CURSOR_OPT_INSENSITIVE = 0x0008
CURSOR_OPT_ASENSITIVE = 0x0010
CURSOR_OPT_HOLD = 0x0020
FETCH_ALL = 2**63 - 1


class CursorRows:
    """The rows of a cursor: those read so far, and the plan that gives the others.

    `position` counts from 1; 0 is before the first row, len(rows) + 1 (once `ended`) after the last.
    """

    __slots__ = ("ended", "position", "rows", "source")

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.rows: list[Any] = []
        self.position = 0
        self.ended = False

    def read_to(self, count: int) -> Iterator[Any]:
        """Read until `count` rows are there or the source ends; yields breaths."""
        while len(self.rows) < count and not self.ended:
            try:
                item = next(self.source)
            except StopIteration:
                self.ended = True
                return
            if type(item) is list:
                self.rows += item
                yield []
            else:
                yield item


@command("DeclareCursorStmt", tag="DECLARE CURSOR", read_only_ok=True)
def declare_cursor(ctx: Any, statement: ast.DeclareCursorStmt) -> None:
    """DECLARE name [BINARY] [INSENSITIVE] [[NO] SCROLL] CURSOR [WITH HOLD] FOR query."""
    from ..statement import Plan, plan_analyzed
    from ..bind.analyze import analyze

    session = ctx.session
    options = statement.options
    name = statement.portalname
    if not name:
        raise SqlError(INVALID_CURSOR_NAME, "invalid cursor name: must not be empty")
    hold = bool(options & CURSOR_OPT_HOLD)
    if not hold and not session.transaction.explicit and not session.in_implicit_block:
        raise SqlError(NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks")
    if options & CURSOR_OPT_SCROLL and options & CURSOR_OPT_NO_SCROLL:
        raise SqlError(INVALID_CURSOR_DEFINITION, "cannot specify both SCROLL and NO SCROLL")
    if options & CURSOR_OPT_ASENSITIVE and options & CURSOR_OPT_INSENSITIVE:
        raise SqlError(INVALID_CURSOR_DEFINITION, "cannot specify both INSENSITIVE and ASENSITIVE")
    if name in session.portals:
        raise SqlError(DUPLICATE_CURSOR, f'cursor "{name}" already exists')
    plan = Plan()
    plan.source = ctx.source
    plan.node = "SelectStmt"
    plan.catalog = ctx.catalog
    query, _ = analyze(ast.RawStmt(stmt=statement.query), ctx.source, session.analyze_context(), [], False)
    plan_analyzed(session, plan, query)
    inner = StatementContext(session, ctx.params, ctx.source)
    inner.output = ctx.output
    inner.attach(session.transaction)
    columns = plan.columns
    assert columns is not None
    formats = (1 if options & CURSOR_OPT_BINARY else 0,) * len(columns)
    portal = Portal(name, None, plan, inner, formats, columns)
    portal.declared = True
    portal.holdable = hold
    portal.binary = bool(options & CURSOR_OPT_BINARY)
    portal.scroll = not options & CURSOR_OPT_NO_SCROLL
    portal.source = ctx.source.strip().rstrip(";")
    portal.created_at = session.transaction.statement_timestamp
    portal.stored = False
    portal.started = True
    portal.running = None
    source = iter([plan.point(inner)]) if plan.point is not None else plan.run(inner)  # type: ignore[misc]
    portal.rows = []
    portal.position = CursorRows(iter(source))  # type: ignore[arg-type]
    session.portals[name] = portal


def cursor_rows(portal: Portal, session: Any) -> CursorRows:
    """The rows of any portal that FETCH may be used on."""
    rows = getattr(portal, "position", None)
    if isinstance(rows, CursorRows):
        return rows
    plan = portal.plan
    if plan is None or plan.columns is None or plan.utility is not None:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, f'portal "{portal.name}" cannot be run')
    if not portal.started:
        portal.started = True
        portal.context.attach(session.transaction)
        source: Any = iter([plan.point(portal.context)]) if plan.point is not None else plan.run(portal.context)  # type: ignore[misc]
    else:
        source = portal.running if portal.running is not None else iter(())
    fresh = CursorRows(iter(source))
    fresh.rows = list(portal.rows)
    portal.position = fresh  # type: ignore[assignment]
    portal.scroll = False
    return fresh


def find_cursor(session: Any, name: str) -> Portal:
    """34000 if there is no such cursor."""
    portal = session.portals.get(name)
    if portal is None or not name:
        raise SqlError(INVALID_CURSOR_NAME, f'cursor "{name}" does not exist')
    return portal  # type: ignore[no-any-return]


@describes("FetchStmt")
def describe_fetch(session: Any, statement: ast.FetchStmt) -> Sequence[ColumnDescription] | None:
    """The cursor's columns; MOVE returns none."""
    if statement.ismove:
        return None
    portal = session.portals.get(statement.portalname)
    return portal.columns if portal is not None else None


@command("FetchStmt", read_only_ok=True)
def fetch(ctx: Any, statement: ast.FetchStmt) -> Iterator[Any]:
    """FETCH and MOVE in all directions."""
    session = ctx.session
    portal = find_cursor(session, statement.portalname)
    cursor = cursor_rows(portal, session)
    start, stop, step = yield from _window(cursor, portal, statement.direction.name, statement.howMany)
    count = 0
    rows = []
    index = start
    while (index <= stop) if step > 0 else (index >= stop):
        rows.append(cursor.rows[index - 1])
        index += step
    count = len(rows)
    if statement.ismove:
        return f"MOVE {count}"
    for first in range(0, count, 1000):
        yield rows[first : first + 1000]
    return f"FETCH {count}"


def _window(cursor: CursorRows, portal: Portal, direction: str, count: int) -> Iterator[Any]:
    """Moves the cursor; returns (first row, last row, step) to deliver (an empty range if none)."""
    if direction == "FETCH_BACKWARD":
        if count < 0:
            direction, count = "FETCH_FORWARD", -count
    elif direction == "FETCH_FORWARD" and count < 0:
        direction, count = "FETCH_BACKWARD", -count
    position = cursor.position
    if direction == "FETCH_FORWARD":
        if count == 0:
            return (position, position, 1) if 0 < position <= len(cursor.rows) else (1, 0, 1)
        target = position + count if count < FETCH_ALL else FETCH_ALL
        yield from cursor.read_to(target)
        last = min(target, len(cursor.rows))
        cursor.position = target if target <= len(cursor.rows) else len(cursor.rows) + 1
        return position + 1, last, 1
    if direction == "FETCH_BACKWARD":
        _need_scroll(portal, count)
        if count == 0:
            return (position, position, 1) if 0 < position <= len(cursor.rows) else (1, 0, 1)
        first = max(1, position - count) if count < FETCH_ALL else 1
        cursor.position = position - count if position - count >= 1 else 0
        return min(position - 1, len(cursor.rows)), first, -1
    if direction == "FETCH_ABSOLUTE":
        if count < 0:
            yield from cursor.read_to(FETCH_ALL)
            target = max(0, len(cursor.rows) + 1 + count)
        else:
            target = count
            yield from cursor.read_to(target)
    else:  # FETCH_RELATIVE
        target = max(0, position + count)
        yield from cursor.read_to(target)
    if target < position:
        _need_scroll(portal, 1)
    if target > len(cursor.rows):
        target = len(cursor.rows) + 1
    cursor.position = target
    return (target, target, 1) if 0 < target <= len(cursor.rows) else (1, 0, 1)


def _need_scroll(portal: Portal, count: int) -> None:
    if count and not getattr(portal, "scroll", False):
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


