"""Window functions: partitions, frames, the built-in functions, and aggregates over frames.

The generated code collects the sorted input as Rows and gets back one result per function and row.
A Partition answers what a function may ask (PostgreSQL's WindowObject): positions, peers, frames,
argument values. An aggregate whose frame starts at the partition's start is advanced row by row.
If the frame moves, rows leave it too: counts and sums of exact numbers subtract them, all other
aggregates are computed anew for each distinct frame. Plans with windows run on a strand: long loops
pause in the middle.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from ..errors import SqlError
from ..sqlstates import (
    INVALID_ARGUMENT_FOR_NTH_VALUE,
    INVALID_ARGUMENT_FOR_NTILE,
    INVALID_PRECEDING_OR_FOLLOWING_SIZE,
    NULL_VALUE_NOT_ALLOWED,
)
from .graveyard import bury
from .moving import MovingKind

T = TypeVar("T")
PORTION = 512
BREATH_SECONDS = 0.003


def paced(items: Iterable[T]) -> Iterator[T]:
    """The items, with a pause whenever some time has passed."""
    from .strand import pause

    deadline = monotonic() + BREATH_SECONDS
    for number, item in enumerate(items):
        if not number % PORTION and monotonic() > deadline:
            pause()
            deadline = monotonic() + BREATH_SECONDS
        yield item


# PostgreSQL's FRAMEOPTION_* bits (nodes/parsenodes.h)
RANGE, ROWS, GROUPS = 0x2, 0x4, 0x8
START_UNBOUNDED_PRECEDING, END_UNBOUNDED_FOLLOWING = 0x20, 0x100
START_CURRENT_ROW, END_CURRENT_ROW = 0x200, 0x400
START_OFFSET_PRECEDING, END_OFFSET_PRECEDING = 0x800, 0x1000
START_OFFSET_FOLLOWING, END_OFFSET_FOLLOWING = 0x2000, 0x4000
START_OFFSET, END_OFFSET = 0x2800, 0x5000
EXCLUDE_CURRENT_ROW, EXCLUDE_GROUP, EXCLUDE_TIES = 0x8000, 0x10000, 0x20000
EXCLUSION = 0x38000


class Row(NamedTuple):
    """An input row: keys to tell partitions and peers apart, the order column's value (for RANGE
    offsets), the values kept for the nodes above, and the arguments of each function (None: the
    FILTER is not true)."""

    partition: Any
    order: Any
    order_value: Any
    kept: tuple[Any, ...]
    arguments: tuple[Any, ...]


InRange = Callable[[Any, Any, Any, bool, bool], bool]


class Frame(NamedTuple):
    """The frame clause with its offsets evaluated."""

    options: int
    start_offset: Any
    end_offset: Any
    start_in_range: InRange | None
    end_in_range: InRange | None
    ascending: bool
    nulls_first: bool


def check_frame(frame: Frame) -> Frame:
    """Refuse NULL and negative offsets."""
    for bit, offset, which in (
        (START_OFFSET, frame.start_offset, "starting"),
        (END_OFFSET, frame.end_offset, "ending"),
    ):
        if not frame.options & bit:
            continue
        if offset is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, f"frame {which} offset must not be null")
        if frame.options & (ROWS | GROUPS) and offset < 0:
            raise SqlError(INVALID_PRECEDING_OR_FOLLOWING_SIZE, f"frame {which} offset must not be negative")
    return frame


class Partition:
    """The rows of one partition."""

    def __init__(self, rows: Sequence[Row], frame: Frame) -> None:
        self.rows = rows
        self.frame_clause = frame
        self.count = len(rows)
        self.group_of: list[int] = []  # peer group number per row
        self.groups: list[int] = []  # first row per group, and the count at the end
        last: Any = self
        for place, row in enumerate(paced(rows)):
            if row.order != last:
                last = row.order
                self.groups.append(place)
            self.group_of.append(len(self.groups) - 1)
        self.groups.append(self.count)
        self._frames: list[tuple[int, int]] | None = None

    def peers(self, place: int) -> tuple[int, int]:
        """The first row of the row's peer group, and the first behind it."""
        group = self.group_of[place]
        return self.groups[group], self.groups[group + 1]

    def frames(self) -> list[tuple[int, int]]:
        """(first, behind last) of every row's frame, without exclusions."""
        if self._frames is None:
            starts = self._edges(self.frame_clause.options, True)
            ends = self._edges(self.frame_clause.options, False)
            self._frames = [(start, max(start, end)) for start, end in paced(zip(starts, ends, strict=True))]
        return self._frames

    def positions(self, place: int) -> Sequence[int]:
        """The rows of a row's frame, exclusions taken out."""
        start, end = self.frames()[place]
        options = self.frame_clause.options
        if not options & EXCLUSION:
            return range(start, end)
        if options & EXCLUDE_CURRENT_ROW:
            return [i for i in range(start, end) if i != place]
        first, behind = self.peers(place)
        keep = place if options & EXCLUDE_TIES else -1
        return [i for i in range(start, end) if not first <= i < behind or i == keep]

    # --- frame edges --------------------------------------------------------------------------

    def _edges(self, options: int, start: bool) -> list[int]:
        count = self.count
        unbounded = START_UNBOUNDED_PRECEDING if start else END_UNBOUNDED_FOLLOWING
        if options & unbounded:
            return [0 if start else count] * count
        if options & (START_CURRENT_ROW if start else END_CURRENT_ROW):
            if options & ROWS:
                return list(range(count)) if start else list(range(1, count + 1))
            return [self.peers(place)[0 if start else 1] for place in paced(range(count))]
        preceding = bool(options & (START_OFFSET_PRECEDING if start else END_OFFSET_PRECEDING))
        offset = self.frame_clause.start_offset if start else self.frame_clause.end_offset
        if options & ROWS:
            shift = -offset if preceding else offset
            behind = 0 if start else 1
            return [min(max(place + shift + behind, 0), count) for place in paced(range(count))]
        if options & GROUPS:
            shift = (-offset if preceding else offset) + (0 if start else 1)
            last = len(self.groups) - 1
            return [self.groups[min(max(group + shift, 0), last)] for group in paced(self.group_of)]
        return self._range_edges(start, preceding, offset)

    def _range_edges(self, start: bool, preceding: bool, offset: Any) -> list[int]:
        """RANGE with an offset: rows whose order value is within `offset` of the current row's."""
        frame = self.frame_clause
        in_range = frame.start_in_range if start else frame.end_in_range
        assert in_range is not None
        rows = self.rows
        first = next((i for i in range(self.count) if rows[i].order_value is not None), self.count)
        behind = next(
            (i + 1 for i in range(self.count - 1, -1, -1) if rows[i].order_value is not None), first
        )
        # `sub`: subtract the offset; `less`: is the value <= the bound. Descending order mirrors both.
        sub = preceding if frame.ascending else not preceding
        less = not frame.ascending if start else frame.ascending
        edges = []
        for place, row in enumerate(paced(rows)):
            base = row.order_value
            if base is None:
                edges.append(self.peers(place)[0 if start else 1])
                continue
            low, high = first, behind
            while low < high:  # the rows for which the test fails come first (start) or last (end)
                middle = (low + high) // 2
                if bool(in_range(rows[middle].order_value, base, offset, sub, less)) == start:
                    high = middle
                else:
                    low = middle + 1
            edges.append(low)
        return edges


# --- functions ------------------------------------------------------------------------------------

Function = Callable[[Partition, int], list[Any]]
WINDOW_FUNCTIONS: dict[str, Function] = {}


def window_function(*prosrc: str) -> Callable[[Function], Function]:
    """Register a function (partition, index of its arguments) -> results."""

    def register(function: Function) -> Function:
        for name in prosrc:
            WINDOW_FUNCTIONS[name] = function
        return function

    return register


@window_function("window_row_number")
def _row_number(partition: Partition, slot: int) -> list[Any]:
    return list(range(1, partition.count + 1))


@window_function("window_rank")
def _rank(partition: Partition, slot: int) -> list[Any]:
    return [partition.peers(place)[0] + 1 for place in paced(range(partition.count))]


@window_function("window_dense_rank")
def _dense_rank(partition: Partition, slot: int) -> list[Any]:
    return [group + 1 for group in partition.group_of]


@window_function("window_percent_rank")
def _percent_rank(partition: Partition, slot: int) -> list[Any]:
    others = partition.count - 1
    return [partition.peers(place)[0] / others if others else 0.0 for place in range(partition.count)]


@window_function("window_cume_dist")
def _cume_dist(partition: Partition, slot: int) -> list[Any]:
    return [partition.peers(place)[1] / partition.count for place in range(partition.count)]


@window_function("window_ntile")
def _ntile(partition: Partition, slot: int) -> list[Any]:
    buckets = partition.rows[0].arguments[slot][0]
    if buckets is None:
        return [None] * partition.count
    if buckets <= 0:
        raise SqlError(INVALID_ARGUMENT_FOR_NTILE, "argument of ntile must be greater than zero")
    size, larger = divmod(partition.count, buckets)
    results = []
    for place in range(partition.count):
        if place < larger * (size + 1):
            results.append(place // (size + 1) + 1)
        else:
            results.append(larger + (place - larger * (size + 1)) // size + 1)
    return results


def _shift(partition: Partition, slot: int, direction: int) -> list[Any]:
    rows, count = partition.rows, partition.count
    results: list[Any] = []
    for place, row in enumerate(paced(rows)):
        arguments = row.arguments[slot]
        offset = arguments[1] if len(arguments) > 1 else 1
        if offset is None:
            results.append(None)
            continue
        target = place + direction * offset
        if 0 <= target < count:
            results.append(rows[target].arguments[slot][0])
        else:
            results.append(arguments[2] if len(arguments) > 2 else None)
    return results


@window_function("window_lag", "window_lag_with_offset", "window_lag_with_offset_and_default")
def _lag(partition: Partition, slot: int) -> list[Any]:
    return _shift(partition, slot, -1)


@window_function("window_lead", "window_lead_with_offset", "window_lead_with_offset_and_default")
def _lead(partition: Partition, slot: int) -> list[Any]:
    return _shift(partition, slot, 1)


@window_function("window_first_value")
def _first_value(partition: Partition, slot: int) -> list[Any]:
    return [_at(partition, slot, place, 0) for place in paced(range(partition.count))]


@window_function("window_last_value")
def _last_value(partition: Partition, slot: int) -> list[Any]:
    return [_at(partition, slot, place, -1) for place in paced(range(partition.count))]


def _at(partition: Partition, slot: int, place: int, index: int) -> Any:
    positions = partition.positions(place)
    if not positions or index >= len(positions):
        return None
    return partition.rows[positions[index]].arguments[slot][0]


@window_function("window_nth_value")
def _nth_value(partition: Partition, slot: int) -> list[Any]:
    results: list[Any] = []
    for place, row in enumerate(paced(partition.rows)):
        nth = row.arguments[slot][1]
        if nth is None:
            results.append(None)
            continue
        if nth <= 0:
            raise SqlError(INVALID_ARGUMENT_FOR_NTH_VALUE, "argument of nth_value must be greater than zero")
        results.append(_at(partition, slot, place, nth - 1))
    return results


# --- aggregates -----------------------------------------------------------------------------------

Make = Callable[[], tuple[Callable[..., None], Callable[[], Any]]]  # add one row's arguments, current result


def aggregate_over_frames(
    partition: Partition, slot: int, make: Make, moving: MovingKind | None
) -> list[Any]:
    """The results of an aggregate."""
    frames = partition.frames()
    arguments = [row.arguments[slot] for row in paced(partition.rows)]
    if partition.frame_clause.options & EXCLUSION:
        places = paced(range(partition.count))
        return [_fresh([arguments[i] for i in partition.positions(p)], make) for p in places]
    if moving is not None and (frames[0][0] == frames[-1][0] or not moving.applies(arguments)):
        moving = None
    results: list[Any] = []
    from_, to = -1, -1  # the frame that `result` is of
    result: Any = None
    add: Any = None
    value: Any = None
    remove: Any = None
    for start, end in paced(frames):
        if start != from_ or end != to:
            if start < from_ or end < to or start >= to or (start > from_ and moving is None):
                if moving is not None:
                    add, value, remove = moving.make()
                else:
                    add, value = make()
                first = start
            else:
                for item in arguments[from_:start]:
                    if item is not None:
                        remove(*item)
                first = to
            fresh = arguments[first:end]
            for item in fresh if len(fresh) < PORTION else paced(fresh):
                if item is not None:
                    add(*item)
            result = value()
            from_, to = start, end
        results.append(result)
    bury(arguments)
    return results


def _fresh(arguments: list[Any], make: Any) -> Any:
    add, value = make()
    for item in arguments:
        if item is not None:
            add(*item)
    return value()


def plain_in_range(value: Any, base: Any, offset: Any, sub: bool, less: bool) -> bool:
    """in_range for numbers."""
    if offset < 0:
        raise SqlError(
            INVALID_PRECEDING_OR_FOLLOWING_SIZE, "invalid preceding or following size in window function"
        )
    bound = base - offset if sub else base + offset
    return bool(value <= bound if less else value >= bound)


Compute = Callable[[Partition], list[Any]]


def window_rows(
    rows: list[Row], functions: list[Compute], frame: Frame
) -> Iterator[list[tuple[Any, ...]] | None]:
    """(kept values, result...) for each row, in lists; None is a breath."""
    if rows:
        check_frame(frame)
    start = 0
    count = len(rows)
    while start < count:
        end = _partition_end(rows, start)
        partition = Partition(rows[start:end], frame)
        columns = []
        for function in functions:
            columns.append(function(partition))
            yield None
        own = partition.rows
        rows[start:end] = [None] * (end - start)  # type: ignore[list-item]
        for place in range(0, len(own), PORTION):
            behind = place + PORTION
            yield list(
                zip(
                    [row.kept for row in own[place:behind]],
                    *[column[place:behind] for column in columns],
                    strict=True,
                )
            )
        for column in columns:
            bury(column)
        bury(own)
        start = end


def _partition_end(rows: list[Row], start: int) -> int:
    """The first row behind the partition that begins at `start`."""
    key = rows[start].partition
    for end in paced(range(start + 1, len(rows))):
        if rows[end].partition != key:
            return end
    return len(rows)


__all__ = ["WINDOW_FUNCTIONS", "Frame", "Row", "window_rows"]
