"""Sort, LIMIT, DISTINCT and Materialize: nodes that keep rows."""

from typing import Any

from ..plan import nodes as plan
from ..run.sorting import ITEM0, RUN, Descending, Sorter, inverted_text, limit_count, limit_offset
from .expressions import hash_code, sort_code, value
from .produce import loop_rows, produce, produces, split
from .scope import Scope
from .unit import Code, Consume

TEXTS = frozenset({19, 25, 1043})  # their sort keys are strings
# their sort keys are plain numbers, so that descending order is ascending order of -key
NUMBERS = frozenset({20, 21, 23, 26, 1082, 1083, 1114, 1184, 1186})


def emit_sort_key(scope: Scope, keys: tuple[plan.SortKey, ...]) -> tuple[str, bool]:
    """Compute the sort key of the current row; returns its source, and whether to sort in reverse."""
    unit = scope.unit
    reverse = all(key.descending for key in keys)
    pieces = []
    for key in keys:
        code = sort_code(scope, key.expr)
        if (code.null or key.descending) and not code.simple:
            name = unit.fresh("key")
            scope.frame.line(f"{name} = {code.source}")
            code = Code(name, code.null, True)
        source = code.source
        if key.descending and not reverse:
            if scope.catalog.base_type(scope.type_of(key.expr)) in NUMBERS:
                source = f"-{code.source}"
            elif scope.catalog.base_type(scope.type_of(key.expr)) in TEXTS:
                unit.helper("inverted_text", inverted_text)
                source = f"inverted_text({code.source})"
            else:
                unit.helper("Descending", Descending)
                source = f"Descending({code.source})"
            if code.null:
                source = f"(None if {code.source} is None else {source})"
        if code.null:
            first = key.nulls_first != reverse
            pieces.append(f"{code.source} is {'not ' if first else ''}None")
        pieces.append(source)
    return (pieces[0] if len(pieces) == 1 else f"({', '.join(pieces)})"), reverse


@produces(plan.Sort)
def _sort(scope: Scope, node: plan.Sort, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    rows = unit.fresh("sorted")
    atoms = scope.needs.kept(node)
    nulls: list[bool] = []
    reverse = False
    frame.line(f"{rows} = []")
    bound = _begin_top(scope, node, rows) if node.limit is not None else ""
    held = frame.holds()
    sorter = unit.fresh("sorter") if frame.breathing and not bound else ""
    if sorter:
        unit.helper("Sorter", Sorter)
        frame.line(f"{sorter} = Sorter(ctx, {all(key.descending for key in node.keys)})")

    def keep() -> None:
        nonlocal nulls, reverse
        key, reverse = emit_sort_key(scope, node.keys)
        saved, nulls = scope.save(atoms)
        if bound:
            name = unit.fresh("key")
            frame.line(f"{name} = {key}")
            key = name
            with frame.block(f"if {bound} and not {name} {'>' if reverse else '<'} {bound}[0]:"):
                frame.line("continue")
        frame.line(f"{rows}.append(({key}, {saved[1:]})" if atoms else f"{rows}.append(({key},))")
        frame.hold(held, f"{rows}[-1]", f"len({rows})" if bound else "")
        if sorter:
            with frame.block(f"if len({rows}) == {RUN}:"):
                frame.line(f"{rows} = {sorter}.run({rows})")
                frame.breathe()
        if bound:
            with frame.block(f"if len({rows}) == {bound}_most:"):
                frame.line(f"{rows}.sort(key=ITEM0, reverse={reverse})")
                frame.line(f"del {rows}[{bound}_limit:]")
                frame.line(f"{bound} = {rows}[-1]")

    unit.helper("ITEM0", ITEM0)
    produce(scope, node.input, keep)
    if bound:
        frame.line(f"{rows}.sort(key=ITEM0, reverse={reverse})")
        with frame.block(f"if {bound}_limit is not None:"):
            frame.line(f"del {rows}[{bound}_limit:]")
        with loop_rows(scope, rows) as row:
            scope.restore(atoms, row, nulls, 1)
            consume()
    elif not frame.breathing:
        frame.line(f"{rows}.sort(key=ITEM0, reverse={reverse})")
        with loop_rows(scope, rows) as row:
            scope.restore(atoms, row, nulls, 1)
            consume()
    else:
        _consume_chunks(scope, f"{sorter}.chunks({rows})", atoms, nulls, consume)


def _consume_chunks(scope: Scope, source: str, atoms: list[Any], nulls: list[bool], consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    chunk, row = unit.fresh("chunk"), unit.fresh("row")
    with frame.block(f"for {chunk} in {source}:"):
        with frame.block(f"if {chunk} is None:"):
            frame.breathe()
            frame.line("continue")
        with frame.block(f"for {row} in {chunk}:"):
            scope.restore(atoms, row, nulls, 1)
            consume()
        frame.breathe()


def _begin_top(scope: Scope, node: plan.Sort, rows: str) -> str:
    """Top-N: the rows are cut back to the limit whenever they are more than twice as many."""
    unit, frame = scope.unit, scope.frame
    bound = unit.fresh("last")
    code = value(scope, node.limit)
    frame.line(f"{bound} = None")
    frame.line(f"{bound}_limit = {code.source}")
    with frame.block(f"if {bound}_limit is not None:"):
        frame.line(f"{bound}_limit = max({bound}_limit, 1)")
    frame.line(f"{bound}_most = -1 if {bound}_limit is None else {bound}_limit * 2 + 500")
    return bound


@produces(plan.Limit)
def _limit(scope: Scope, node: plan.Limit, consume: Consume) -> None:
    """Outside of a function of its own a LIMIT could not leave all loops at once."""
    split(scope, node, consume, make=limit_rows)


def limit_rows(scope: Scope, node: plan.Limit, consume: Consume) -> None:
    """LIMIT where the function ends with the last row."""
    unit, frame = scope.unit, scope.frame
    count = offset = ""
    counted = unit.fresh("rows")
    if node.count is not None:
        unit.helper("limit_count", limit_count)
        count = unit.fresh("limit")
        frame.line(f"{count} = limit_count({value(scope, node.count).source})")
    if node.offset is not None:
        unit.helper("limit_offset", limit_offset)
        offset = unit.fresh("offset")
        frame.line(f"{offset} = limit_offset({value(scope, node.offset).source})")
    if count:
        with frame.block(f"if {count} == 0:"):
            frame.end()
        frame.line(f"{counted} = 0")

    def counted_row() -> None:
        if offset:
            with frame.block(f"if {offset}:"):
                frame.line(f"{offset} -= 1")
                frame.line("continue")
        if node.with_ties and count:
            key, _ = emit_sort_key(scope, node.with_ties)
            name = unit.fresh("key")
            frame.line(f"{name} = {key}")
            with frame.block(f"if {counted} >= {count} >= 0 and {name} != {counted}_key:"):
                frame.end()
            with frame.block(f"if {counted} < {count}:"):
                frame.line(f"{counted}_key = {name}")
            frame.line(f"{counted} += 1")
            consume()
            return
        consume()
        if count:
            frame.line(f"{counted} += 1")
            with frame.block(f"if {counted} == {count}:"):
                frame.end()

    produce(scope, node.input, counted_row)


@produces(plan.Distinct)
def _distinct(scope: Scope, node: plan.Distinct, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    seen = unit.fresh("seen")
    frame.line(f"{seen} = {'None' if node.sorted else 'set()'}")
    held = "" if node.sorted else frame.holds()

    def checked() -> None:
        key = emit_hash_key(scope, [expr for expr, _ in node.keys])[0]
        if node.sorted:
            with frame.block(f"if {key} == {seen}:"):
                frame.line("continue")
            frame.line(f"{seen} = {key}")
        else:
            with frame.block(f"if {key} in {seen}:"):
                frame.line("continue")
            frame.line(f"{seen}.add({key})")
            frame.hold(held, key)
        consume()

    if node.sorted:
        frame.line(f"{seen} = {seen}_none = object()")
    produce(scope, node.input, checked)
    if not node.sorted:
        frame.bury(seen)


def emit_hash_key(scope: Scope, exprs: list[Any], strict: bool = False) -> tuple[str, bool]:
    """Compute a hash key of the current row into a local: one value, or a tuple. With `strict` the
    key of a row with any NULL is None (the second result tells whether that can be)."""
    unit, frame = scope.unit, scope.frame
    key = unit.fresh("key")
    codes = [hash_code(scope, expr) for expr in exprs]
    if len(codes) == 1:
        frame.line(f"{key} = {codes[0].source}")
        return key, codes[0].null
    names = []
    tests = []
    for code in codes:
        name = code.source
        if strict and code.null and not code.simple:
            name = unit.fresh("key")
            frame.line(f"{name} = {code.source}")
        if code.null:
            tests.append(f"{name} is None")
        names.append(name)
    source = f"({', '.join(names)})"
    if strict and tests:
        source = f"None if {' or '.join(tests)} else {source}"
    frame.line(f"{key} = {source}")
    return key, bool(strict and tests)


@produces(plan.Materialize)
def _materialize(scope: Scope, node: plan.Materialize, consume: Consume) -> None:
    materialized(scope, node, node.input, consume)


def materialized(
    scope: Scope, node: plan.Plan, child: plan.Plan, consume: Consume, atoms: Any = None
) -> None:
    """Collect the rows of `child` when they are first wanted; loop over the collection."""
    unit, frame = scope.unit, scope.frame
    if atoms is None:
        atoms = scope.needs.kept(child)
    kept = unit.fresh("kept")
    scope.declare(f"{kept} = []")
    nulls: list[bool] = []
    collected = unit.fresh("rows")
    with frame.block(f"if not {kept}:"):
        frame.line(f"{collected} = []")
        held = frame.holds()

        def keep() -> None:
            nonlocal nulls
            source, nulls = scope.save(atoms)
            frame.line(f"{collected}.append({source})")
            frame.hold(held, f"{collected}[-1]")

        produce(scope, child, keep)
        frame.line(f"{kept}.append({collected})")
    frame.line(f"{collected} = {kept}[0]")
    with loop_rows(scope, collected) as row:
        scope.restore(atoms, row, nulls)
        consume()
