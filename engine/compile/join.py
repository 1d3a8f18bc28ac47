"""Joins: nested loops, hash tables, merging."""

from typing import Any

from ..plan import nodes as plan
from .expressions import emit_filter
from .needs import inputs
from .produce import loop_over, loop_rows, produce, produces, rows_function
from .scope import Scope
from .sort import emit_hash_key, materialized
from .unit import Consume


def wanted(scope: Scope, node: Any, child: plan.Plan, extra: bool = True) -> list[Any]:
    """The atoms of a join's input that are used above the join or in its quals (not only as keys)."""
    found = dict(scope.needs.above[id(node)])
    known = scope.needs.known[id(child)]
    if extra:
        scope.needs.collect((node.joinquals, node.quals), known, found)
    return [atom for atom in found if scope.needs.provides(child, atom)]


def null_rows(scope: Scope, atoms: list[Any]) -> str:
    """A global with one all-NULL row of that width."""
    return scope.unit.constant(_null_rows(len(atoms)), "null_rows")


_NULL_ROWS: dict[int, Any] = {}


def _null_rows(width: int) -> Any:
    return _NULL_ROWS.setdefault(width, ((None,) * width,))


# --- nested loops -------------------------------------------------------------------------------


@produces(plan.NestLoop)
def _nest_loop(scope: Scope, node: plan.NestLoop, consume: Consume) -> None:
    emit = {"inner": _nest_inner, "left": _nest_left, "semi": _nest_semi, "anti": _nest_semi}[node.jointype]
    produce(scope, node.outer, lambda: emit(scope, node, consume))


def _produce_inner(scope: Scope, node: plan.NestLoop, consume: Consume) -> None:
    if node.rescan or isinstance(node.inner, plan.Materialize):
        produce(scope, node.inner, consume)
    else:
        materialized(scope, node, node.inner, consume)


def _nest_inner(scope: Scope, node: plan.NestLoop, consume: Consume) -> None:
    def match() -> None:
        emit_filter(scope, node.joinquals)
        emit_filter(scope, node.quals)
        consume()

    _produce_inner(scope, node, match)


def _nest_left(scope: Scope, node: plan.NestLoop, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    atoms = wanted(scope, node, node.inner)
    matched = unit.fresh("matched")
    frame.line(f"{matched} = []")
    nulls: list[bool] = []

    def match() -> None:
        nonlocal nulls
        emit_filter(scope, node.joinquals)
        source, nulls = scope.save(atoms)
        frame.line(f"{matched}.append({source})")

    _produce_inner(scope, node, match)
    _consume_matched(scope, node, matched, atoms, consume)


def _consume_matched(scope: Scope, node: Any, matched: str, atoms: list[Any], consume: Consume) -> None:
    """The matches of an outer row, or one row of NULLs."""
    with loop_rows_or_null(scope, matched, atoms) as row:
        scope.restore(atoms, row, [True] * len(atoms))
        emit_filter(scope, node.quals)
        consume()


class loop_rows_or_null:
    """A loop over a list of rows, or over one row of NULLs if it is empty."""

    def __init__(self, scope: Scope, rows: str, atoms: list[Any]) -> None:
        self.row = scope.unit.fresh("row")
        self.block = scope.frame.block(f"for {self.row} in {rows} or {null_rows(scope, atoms)}:")

    def __enter__(self) -> str:
        self.block.__enter__()
        return self.row

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.block.__exit__(None, None, None)


def _nest_semi(scope: Scope, node: plan.NestLoop, consume: Consume) -> None:
    """Semi and anti: look for a first match in an inner generator, which can be left at once."""
    unit, frame = scope.unit, scope.frame
    inner_node = node.inner
    saved = dict(scope.slots)

    def make(inner: Scope, _: Any, give: Consume) -> None:
        def match() -> None:
            emit_filter(inner, node.joinquals)
            give()

        _produce_inner(inner, node, match)

    name, _ = rows_function(scope, inner_node, [], make)
    found = unit.fresh("found")
    frame.line(f"{found} = False")
    with loop_over(scope, f"{name}()"):
        frame.line(f"{found} = True")
        frame.line("break")
    with frame.block(f"if {'not ' if node.jointype == 'semi' else ''}{found}:"):
        frame.line("continue")
    scope.slots = saved
    if node.jointype == "anti":
        _bind_nulls(scope, list(wanted(scope, node, inner_node)))
    emit_filter(scope, node.quals)
    consume()


def _bind_nulls(scope: Scope, atoms: list[Any]) -> None:
    for atom in atoms:
        scope.bind(atom, "None", True)


# --- hash joins ---------------------------------------------------------------------------------


@produces(plan.HashJoin)
def _hash_join(scope: Scope, node: plan.HashJoin, consume: Consume) -> None:
    if node.jointype in ("right", "full", "right_semi", "right_anti"):
        _hash_from_inner(scope, node, consume)
        return
    unit, frame = scope.unit, scope.frame
    atoms = wanted(scope, node, node.inner)
    table = unit.fresh("hashed")
    as_set = node.jointype in ("semi", "anti") and not node.joinquals
    single = node.inner_unique and not as_set
    frame.line(f"{table} = {'set()' if as_set else '{}'}")
    held = frame.holds()
    if node.null_aware:
        frame.line(f"{table}_null = False")
    nulls: list[bool] = []

    def build() -> None:
        nonlocal nulls
        key, null = emit_hash_key(scope, [inner for _, inner, _ in node.keys], strict=True)
        if null:
            with frame.block(f"if {key} is None:"):
                if node.null_aware:
                    frame.line(f"{table}_null = True")
                frame.line("continue")
        if as_set:
            frame.line(f"{table}.add({key})")
            frame.hold(held, key, f"len({table})")
            return
        source, nulls = scope.save(atoms)
        frame.hold(held, f"({key}, {source})")
        if single:
            frame.line(f"{table}[{key}] = {source}")
            return
        emit_append(scope, table, key, source)

    produce(scope, node.inner, build)
    emit = {"inner": _probe_inner, "left": _probe_left, "semi": _probe_semi, "anti": _probe_semi}[
        node.jointype
    ]

    def probe() -> None:
        key, _ = emit_hash_key(scope, [outer for outer, _, _ in node.keys])
        emit(scope, node, table, key, atoms, nulls, single, consume)

    if node.jointype in ("inner", "semi"):
        with frame.block(f"if {table}:"):
            produce(scope, node.outer, probe)
    else:
        produce(scope, node.outer, probe)
    frame.bury(table)


def emit_append(scope: Scope, table: str, key: str, source: str) -> None:
    """Append a row to the list under a key."""
    unit, frame = scope.unit, scope.frame
    bucket = unit.fresh("bucket")
    frame.line(f"{bucket} = {table}.get({key})")
    with frame.block(f"if {bucket} is None:"):
        frame.line(f"{table}[{key}] = [{source}]")
    with frame.block("else:"):
        frame.line(f"{bucket}.append({source})")


def _probe_inner(
    scope: Scope,
    node: Any,
    table: str,
    key: str,
    atoms: list[Any],
    nulls: list[bool],
    single: bool,
    consume: Consume,
) -> None:
    unit, frame = scope.unit, scope.frame
    match = unit.fresh("match")
    frame.line(f"{match} = {table}.get({key})")
    with frame.block(f"if {match} is None:"):
        frame.line("continue")
    if single:
        scope.restore(atoms, match, nulls)
        emit_filter(scope, node.joinquals)
        emit_filter(scope, node.quals)
        consume()
        return
    with bucket_rows(scope, match) as row:
        scope.restore(atoms, row, nulls)
        emit_filter(scope, node.joinquals)
        emit_filter(scope, node.quals)
        consume()


class bucket_rows:
    """A loop over the rows of a bucket; in a long one there is a breath now and then."""

    def __init__(self, scope: Scope, bucket: str) -> None:
        self.scope = scope
        self.row = scope.unit.fresh("row")
        source = bucket
        if scope.frame.breathing:
            scope.unit.helper("spread", spread)
            source = f"{bucket} if len({bucket}) < 500 else spread({bucket})"
        self.block = scope.frame.block(f"for {self.row} in {source}:")

    def __enter__(self) -> str:
        self.block.__enter__()
        frame = self.scope.frame
        if frame.breathing:
            with frame.block(f"if {self.row} is None:"):
                frame.breathe()
                frame.line("continue")
        return self.row

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.block.__exit__(None, None, None)


def spread(rows: Any) -> Any:
    """The rows with a None after every 256."""
    for start in range(0, len(rows), 256):
        yield from rows[start : start + 256]
        yield None


def _probe_left(
    scope: Scope,
    node: Any,
    table: str,
    key: str,
    atoms: list[Any],
    nulls: list[bool],
    single: bool,
    consume: Consume,
) -> None:
    unit, frame = scope.unit, scope.frame
    match = unit.fresh("match")
    nothing = null_rows(scope, atoms)
    if single and not node.joinquals:
        frame.line(f"{match} = {table}.get({key}, {nothing}[0])")
        scope.restore(atoms, match, nulls, force_null=True)
        emit_filter(scope, node.quals)
        consume()
        return
    if not node.joinquals:
        frame.line(f"{match} = {table}.get({key}, {nothing})")
        with bucket_rows(scope, match) as row:
            scope.restore(atoms, row, nulls, force_null=True)
            emit_filter(scope, node.quals)
            consume()
        return
    matched = unit.fresh("matched")
    frame.line(f"{matched} = []")
    frame.line(f"{match} = {table}.get({key}, ())")
    with frame.block(
        f"for {match} in ({match},) if {match} else ():" if single else f"for {match} in {match}:"
    ):
        scope.restore(atoms, match, nulls)
        emit_filter(scope, node.joinquals)
        frame.line(f"{matched}.append({match})")
    _consume_matched(scope, node, matched, atoms, consume)


def _probe_semi(
    scope: Scope,
    node: Any,
    table: str,
    key: str,
    atoms: list[Any],
    nulls: list[bool],
    single: bool,
    consume: Consume,
) -> None:
    """Semi and anti joins; an anti join for NOT IN passes a row only if the answer is surely no."""
    unit, frame = scope.unit, scope.frame
    semi = node.jointype == "semi"
    saved = dict(scope.slots)
    if not node.joinquals:
        test = f"{key} not in {table}" if semi else f"{key} in {table}"
        if node.null_aware:
            test = f"{table}_null or {test} or {key} is None and {table}"
        with frame.block(f"if {test}:"):
            frame.line("continue")
    else:
        found, match = unit.fresh("found"), unit.fresh("match")
        frame.line(f"{found} = False")
        frame.line(f"{match} = {table}.get({key}, ())")
        with frame.block(
            f"for {match} in ({match},) if {match} else ():" if single else f"for {match} in {match}:"
        ):
            scope.restore(atoms, match, nulls)
            emit_filter(scope, node.joinquals)
            frame.line(f"{found} = True")
            frame.line("break")
        with frame.block(f"if {'not ' if semi else ''}{found}:"):
            frame.line("continue")
    scope.slots = saved
    if not semi:
        _bind_nulls(scope, wanted(scope, node, node.inner))
    emit_filter(scope, node.quals)
    consume()


def _hash_from_inner(scope: Scope, node: plan.HashJoin, consume: Consume) -> None:
    """Right, full, right semi and right anti: inner rows remember whether they were matched."""
    inner_atoms = wanted(scope, node, node.inner)
    outer_atoms = wanted(scope, node, node.outer)
    inner_only = node.jointype in ("right_semi", "right_anti")
    unit = scope.unit
    given = inner_atoms if inner_only else [*outer_atoms, *inner_atoms]
    name = unit.fresh("rows_hashjoin")
    with unit.function(name, "rows") as frame:
        table, rows = unit.fresh("hashed"), unit.fresh("rows")
        frame.line(f"{table} = {{}}")
        frame.line(f"{rows} = []")
        held = frame.holds()
        nulls: list[bool] = []

        def build() -> None:
            nonlocal nulls
            key, null = emit_hash_key(scope, [inner for _, inner, _ in node.keys], strict=True)
            source, nulls = scope.save(inner_atoms)
            entry = unit.fresh("entry")
            frame.line(f"{entry} = [False, {source[1:-1]}]")
            frame.line(f"{rows}.append({entry})")
            frame.hold(held, f"({key}, {entry})")
            if null:
                with frame.block(f"if {key} is None:"):
                    frame.line("continue")
            emit_append(scope, table, key, entry)

        produce(scope, node.inner, build)

        def probe() -> None:
            key, _ = emit_hash_key(scope, [outer for outer, _, _ in node.keys])
            matched, match = unit.fresh("matched"), unit.fresh("match")
            if node.jointype == "full":
                frame.line(f"{matched} = False")
            frame.line(f"{match} = {table}.get({key}, ())")
            with bucket_rows(scope, match) as row:
                if inner_only:
                    with frame.block(f"if {row}[0]:"):
                        frame.line("continue")
                scope.restore(inner_atoms, row, nulls, 1)
                emit_filter(scope, node.joinquals)
                frame.line(f"{row}[0] = True")
                if node.jointype == "full":
                    frame.line(f"{matched} = True")
                if node.jointype != "right_anti":
                    frame.line(f"yield {scope.save(given)[0]}")
            if node.jointype == "full":
                with frame.block(f"if not {matched}:"):
                    outer_source = scope.save(outer_atoms)[0]
                    padding = "None, " * len(inner_atoms)
                    frame.line(f"yield ({outer_source[1:-1]} {padding})")

        produce(scope, node.outer, probe)
        if node.jointype != "right_semi":
            entry = unit.fresh("entry")
            with loop_rows(scope, rows, entry):
                with frame.block(f"if {entry}[0]:"):
                    frame.line("continue")
                padding = "" if inner_only else "None, " * len(outer_atoms)
                frame.line(f"yield ({padding}*{entry}[1:],)")
        frame.bury(table)
        frame.bury(rows)
    with loop_over(scope, f"{name}()", None) as row:
        scope.restore(given, row, [True] * len(given))
        if node.jointype == "right_anti":
            _bind_nulls(scope, outer_atoms)
        emit_filter(scope, node.quals)
        consume()


__all__ = ["inputs", "spread", "wanted"]
