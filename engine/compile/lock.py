"""Row locks in generated code: LockRows (FOR UPDATE and the like), and the rows that are written.

The row is locked by its key (engine/rowlocks.py). If others have changed it since the snapshot, its newest
version takes the row's place here, if it still satisfies the conditions on it (plan/recheck.py).
"""

from dataclasses import replace
from typing import Any

from gaveldb.journal.api import KEY_SHARE
from gaveldb.storage.api import row_key

from ..catalog.relation import Relation
from ..lockwait import StatementRestart
from ..plan import nodes as plan
from ..rowlocks import STRENGTHS
from ..run.childtargets import child_targets
from .expressions import true
from .needs import RAW_ROW
from .produce import produce, produces
from .scan import DECODE, bind_stored_column, decode_whole_row
from .scope import Scope
from .unit import Consume


def emit_lock(
    scope: Scope,
    relation: Relation,
    varno: int,
    key: str,
    mode: int,
    recheck: tuple[Any, ...] | None,
    newest: str,
    policy: str = "block",
    marked: bool = False,
    child: str = "",
) -> Any:
    """Write code that locks the row of a key. Returns a block, to be filled with what is done if there is
    a newer version, whose decoded row is then in the local `newest` and satisfies the conditions. `child`:
    the local of the ChildTarget that the row is of, if it is one of a child."""
    frame, unit = scope.frame, scope.unit
    unit.strand = True
    unit.helper("decode", DECODE)
    state = unit.fresh("state")
    arguments = f"{key}, {mode}"
    if marked or policy != "block":
        arguments += f", {policy!r}, {relation.name!r}, {marked}"
    if mode == KEY_SHARE:
        arguments += f", {tuple(sorted(attnum - 1 for attnum in relation.key_columns()))!r}"
    if child:
        call = f"lock_shared(txn, {key}, {mode}, {policy!r})"
        if mode != KEY_SHARE:
            call = f"lock(txn, {key}, {mode}, {policy!r}, {marked})"
        frame.line(f"{state} = {child}.{call}")
    else:
        frame.line(f"{state} = txn.lock_row({arguments})")
    block = frame.block(f"if {state} is not None:")
    block.__enter__()
    with frame.block(f"if {state} is False:"):
        frame.line("continue")
    if recheck is None:
        frame.line(f"raise {unit.helper('StatementRestart', StatementRestart)}")
        return block
    if child:
        row = unit.fresh("row")
        frame.line(f"{newest} = {child}.decode({state})")
        frame.line(f"{row} = {child}.to_root({newest})")
        bind_row(scope, relation, varno, row, key)
        scope.bind(("var", varno, -6), unit.fresh("tableoid"), False, f"{child}.relid")
    else:
        decode_whole_row(scope, relation, newest, state)
        bind_row(scope, relation, varno, newest, key)
    for qual in recheck:
        with frame.block(f"if not ({true(scope, qual)}):"):
            frame.line("continue")
    return block


def bind_row(scope: Scope, relation: Relation, varno: int, row: str, key: str) -> None:
    """Var(varno, *) are the columns of the decoded row named `row` from here on."""
    attnums = {atom[2] for atom in scope.needs.used if atom[1] == varno}
    for attnum in sorted(attnums):
        bind_stored_column(scope, varno, relation, attnum, row, key)


def seen_relation(scope: Scope, relation: Relation) -> Relation:
    """A relation with children, as all of them can be read: a column may be NOT NULL in the parent alone."""
    if relation.kind == "p":
        return relation
    columns = tuple([replace(column, notnull=False) for column in relation.columns])
    return replace(relation, columns=columns)


def child_local(scope: Scope, relation: Relation, tableoid: str) -> str:
    """Write code that sets a local to the ChildTarget of a row; returns its name."""
    name = scope.unit.fresh("child")
    targets = scope.unit.constant(child_targets(scope.catalog, relation.oid), "targets")
    scope.frame.line(f"{name} = {targets}[{tableoid}]")
    return name


@produces(plan.LockRows)
def _lock_rows(scope: Scope, node: plan.LockRows, consume: Consume) -> None:
    """Each marked row is locked; one that SKIP LOCKED refuses, or that is no longer there, is left out."""
    scope.unit.root.need_prelude("txn = ctx.transaction")

    def lock() -> None:
        for mark, recheck in zip(node.marks, node.rechecks, strict=True):
            rte = scope.planned.rtable[mark.rti - 1]
            if rte.rtekind == "relation":
                relation = scope.catalog.relation(rte.relid)
                if not relation.system and relation.kind in "rmp":
                    _lock_marked(scope, node, mark, relation, recheck, mark.rti in node.inherited)
        consume()

    produce(scope, node.input, lock)


def _lock_marked(
    scope: Scope, node: plan.LockRows, mark: Any, relation: Relation, recheck: Any, inherited: bool
) -> None:
    frame, unit = scope.frame, scope.unit
    varno = mark.rti
    child = ""
    wanted = [atom for atom in scope.needs.above[id(node)] if type(atom) is tuple and atom[1] == varno]
    old = {atom: scope.atom_code(atom) for atom in wanted}
    rowid = scope.var(varno, -1)
    key, newest = unit.fresh("k"), unit.fresh("newest")
    names = {atom: unit.fresh(scope.atom_name(atom)) for atom in wanted}
    nulls = {}
    for atom, code in old.items():
        frame.line(f"{names[atom]} = {code.source}")
        nulls[atom] = code.null
    prefix = row_key(relation.storage_id, 0)[:4]
    test = None
    if rowid.null:
        test = frame.block(f"if {rowid.source} is not None:")
        test.__enter__()
    if inherited:
        child = child_local(scope, relation, scope.var(varno, -6).source)
        relation = seen_relation(scope, relation)
        frame.line(f"{key} = {child}.key({rowid.source})")
    else:
        frame.line(f"{key} = {prefix!r} + {rowid.source}.to_bytes(8, 'big')")
    if inherited or not relation.storage_id & 0x8000_0000:
        mode = STRENGTHS[mark.strength]
        block = emit_lock(scope, relation, varno, key, mode, recheck, newest, mark.waitPolicy, True, child)
        if recheck is not None:
            if child:
                frame.line(f"{newest} = {child}.to_root({newest})")
            bind_row(scope, relation, varno, newest, key)
            if child:
                scope.bind(("var", varno, -6), unit.fresh("tableoid"), False, f"{child}.relid")
            for atom, name in names.items():
                code = scope.atom_code(atom)
                nulls[atom] = nulls[atom] or code.null
                frame.line(f"{name} = {code.source}")
        block.__exit__(None, None, None)
    if test is not None:
        test.__exit__(None, None, None)
    for atom, name in names.items():
        scope.bind(atom, name, nulls[atom])
    if RAW_ROW in {atom[2] for atom in wanted}:
        raise AssertionError("rows are locked or written, not both")
