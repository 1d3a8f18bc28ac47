"""Scans: rows of stored relations and system catalogs, of VALUES, and the one row of Result.

A stored row is decoded once into a list `r`; a column becomes a local when it is first wanted. Rows
stored before ADD COLUMN are shorter than the column list: they are extended by what the columns say
is missing, unless a NOT NULL column proves that all rows are long enough.
"""

from typing import Any

import msgspec
from gaveldb.storage.api import row_key, row_span

from ..catalog.inheritance import inherited_view
from ..catalog.relation import Column, Relation
from ..plan import nodes as plan
from ..run import sqlvalue
from ..run.scans import ColumnScan, entry_chunks, value_chunks
from ..tree import CurrentOfExpr
from ..types.storage import pack_value, unpack_template
from ..values import Record, RowType
from .expressions import emit_filter, template_helpers, value
from .needs import RAW_ROW
from .produce import loop_rows, produce, produces
from .scope import Scope
from .unit import Consume

DECODE = msgspec.msgpack.Decoder().decode


def scanned_relation(scope: Scope, node: Any) -> Relation:
    """What a scan reads, with the columns of its range table entry."""
    if node.parent:
        return inherited_view(scope.catalog, node.relid, node.parent)
    relation: Relation = scope.catalog.relation(node.relid)
    return relation


@produces(plan.Result)
def _result(scope: Scope, node: plan.Result, consume: Consume) -> None:
    with scope.frame.block("for _ in ONCE:"):
        emit_filter(scope, node.quals)
        consume()


@produces(plan.Filter)
def _filter(scope: Scope, node: plan.Filter, consume: Consume) -> None:
    if node.onetime:
        with scope.frame.block("for _ in ONCE:"):
            emit_filter(scope, node.quals)
            produce(scope, node.input, consume)
        return

    def checked() -> None:
        emit_filter(scope, node.quals)
        consume()

    produce(scope, node.input, checked)


@produces(plan.SeqScan)
def _seq_scan(scope: Scope, node: plan.SeqScan, consume: Consume) -> None:
    relation = scanned_relation(scope, node)
    if relation.system:
        _system_scan(scope, node, relation, consume)
        return
    low, high = row_span(relation.storage_id)
    scope.unit.root.need_prelude("txn = ctx.transaction")
    attnums = wanted_columns(scope, node.varno)
    if relation.kind == "S":
        row = scope.unit.fresh(relation.name)
        source = f"ctx.session.database.sequences.read(txn, {relation.oid})"
        with scope.frame.block(f"for {row} in ({source},):"):
            key = f"row_key({relation.storage_id}, 1)"
            for attnum in attnums:
                bind_stored_column(scope, node.varno, relation, attnum, row, key)
            emit_filter(scope, node.quals)
            consume()
        return
    if scope.frame.breathing and all(attnum > 0 or attnum == -6 for attnum in attnums):
        _column_scan(scope, node, relation, attnums, consume)
        return
    keyed = any(attnum < 0 and attnum not in (RAW_ROW, -6) for attnum in attnums)
    with stored_rows(scope, low, high, keyed) as (key, stored):
        bind_stored_row(scope, node.varno, relation, key, stored)
        emit_filter(scope, node.quals)
        consume()


def _column_scan(
    scope: Scope, node: plan.SeqScan, relation: Relation, attnums: list[int], consume: Consume
) -> None:
    """A scan that wants nothing but columns: values are taken from the rows in bulk, or from memory."""
    frame, unit = scope.frame, scope.unit
    columns, stored = relation.columns, relation.stored
    wanted = [attnum for attnum in attnums if attnum > 0]
    places = [columns[attnum - 1].place for attnum in wanted]
    highest = max(places, default=-1) + 1
    width = 0 if not highest or _surely_stored(stored.columns, highest) else highest
    missing = _missing_values(scope.catalog, stored.columns)
    scan = ColumnScan(stored, row_span(relation.storage_id), places, missing, width)
    chunk = unit.fresh("chunk")
    outer = frame.block(f"for {chunk} in {unit.constant(scan, 'scan_' + relation.name)}.chunks(txn):")
    outer.__enter__()
    names = {attnum: unit.fresh(scope.column_name(node.varno, attnum)) for attnum in wanted}
    inner = frame.block(f"for {', '.join(names.values()) or '_'} in {chunk}:")
    inner.__enter__()
    for attnum in attnums:
        atom = ("var", node.varno, attnum)
        if attnum < 0:
            scope.bind(atom, unit.fresh("tableoid"), False, str(relation.oid))
            continue
        column = columns[attnum - 1]
        name = names[attnum]
        null = not column.notnull
        template = None if column.dropped else unpack_template(scope.catalog, column.typid)
        if template is None:
            scope.bind(atom, name, null)
            continue
        unit.helpers(template_helpers(template))
        source = template.format(name)
        load = f"None if {name} is None else {source}" if null else source
        scope.bind(atom, unit.fresh(column.name), null, load)
    emit_filter(scope, node.quals)
    consume()
    inner.__exit__(None, None, None)
    frame.breathe()
    outer.__exit__(None, None, None)


class stored_rows:
    """`with stored_rows(...) as (key, value)`: loop over a key range in chunks, with breaths. Without
    `keyed` only values are read, and the key's name must not be used."""

    def __init__(self, scope: Scope, low: bytes, high: bytes, keyed: bool) -> None:
        self.scope = scope
        self.low, self.high, self.keyed = low, high, keyed

    def __enter__(self) -> tuple[str, str]:
        frame, unit = self.scope.frame, self.scope.unit
        key, stored = unit.fresh("k"), unit.fresh("v")
        span = f"{self.low!r}, {self.high!r}"
        target = f"{key}, {stored}" if self.keyed else stored
        self.outer = None
        if frame.breathing:
            helper = entry_chunks if self.keyed else value_chunks
            unit.helper(helper.__name__, helper)
            source = unit.fresh("chunk")
            self.outer = frame.block(f"for {source} in {helper.__name__}(txn, {span}):")
            self.outer.__enter__()
        else:
            source = f"txn.scan({span})"
            target = f"{key}, {stored}"
        self.inner = frame.block(f"for {target} in {source}:")
        self.inner.__enter__()
        return key, stored

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self.inner.__exit__(None, None, None)
            if self.outer is not None:
                self.scope.frame.breathe()
                self.outer.__exit__(None, None, None)


def wanted_columns(scope: Scope, varno: int, node: plan.Plan | None = None) -> list[int]:
    """All attnums of a range table entry that the query uses anywhere (0: the whole row)."""
    found = {atom[2] for atom in scope.needs.used if atom[1] == varno}
    return sorted(found)


def bind_stored_row(scope: Scope, varno: int, relation: Relation, key: str, stored: str) -> str:
    """Decode the stored row; its columns become available. Returns the name of the decoded list."""
    frame, unit = scope.frame, scope.unit
    attnums = wanted_columns(scope, varno)
    row = unit.fresh("r")
    columns = relation.stored.columns
    highest = max([relation.columns[attnum - 1].place for attnum in attnums if attnum > 0], default=-1) + 1
    if 0 in attnums or RAW_ROW in attnums:
        highest = len(columns)
    if highest > 0:
        unit.helper("decode", DECODE)
        frame.line(f"{row} = decode({stored})")
        if not _surely_stored(columns, highest):
            missing = unit.constant(_missing_values(scope.catalog, columns), "missing")
            with frame.block(f"if len({row}) < {highest}:"):
                frame.line(f"{row}.extend({missing}[len({row}):])")
    for attnum in attnums:
        bind_stored_column(scope, varno, relation, attnum, row, key)
    return row


def decode_whole_row(scope: Scope, relation: Relation, row: str, stored: str) -> None:
    """Decode a stored row at its full width into the local `row`."""
    frame = scope.frame
    columns = relation.stored.columns
    width = len(columns)
    frame.line(f"{row} = decode({stored})")
    if not _surely_stored(columns, width):
        missing = scope.unit.constant(_missing_values(scope.catalog, columns), "missing")
        with frame.block(f"if len({row}) < {width}:"):
            frame.line(f"{row}.extend({missing}[len({row}):])")


def bind_stored_column(scope: Scope, varno: int, relation: Relation, attnum: int, row: str, key: str) -> None:
    """Make one column (or system column, or the whole row) of a decoded row available."""
    unit = scope.unit
    name = unit.fresh(scope.column_name(varno, attnum))
    atom = ("var", varno, attnum)
    if attnum > 0:
        column = relation.columns[attnum - 1]
        null = not column.notnull
        scope.bind(atom, name, null, column_source(scope, column, row, name, null))
    elif attnum == 0:
        scope.bind(atom, name, False, _whole_row_source(scope, relation, row))
    elif attnum == RAW_ROW:
        scope.bind(atom, row, False)
    else:
        bind_system_column(scope, atom, name, relation, f"int.from_bytes({key}[4:12], 'big')")


def _whole_row_source(scope: Scope, relation: Relation, row: str) -> str:
    unit = scope.unit
    unit.helper("Record", Record)
    shape = unit.constant(row_type(relation), "shape")
    fields = []
    for column in relation.columns:
        if not column.dropped:
            field = unit.fresh(column.name)
            fields.append(f"({column_source(scope, column, row, field, not column.notnull)}), ")
    return f"Record({shape}, ({''.join(fields)}))"


def stored_column_source(
    scope: Scope, relation: Relation, attnum: int, row: str, name: str, rowid: str
) -> str:
    """Source of a column, the whole row (0), ctid or tableoid of a decoded row that may lack NOT NULL."""
    if attnum > 0:
        return column_source(scope, relation.columns[attnum - 1], row, name + "_", True)
    if attnum == 0:
        return _whole_row_source(scope, relation, row)
    return rowid if attnum == -1 else str(relation.oid)


def bind_system_column(scope: Scope, atom: Any, name: str, relation: Relation, rowid: str) -> None:
    attnum = atom[2]
    if attnum == -1:
        scope.bind(atom, name, False, rowid)
    elif attnum == -6:
        scope.bind(atom, name, False, str(relation.oid))
    else:  # xmin: frozen; cmin, xmax, cmax
        scope.bind(atom, name, False, "2" if attnum == -2 else "0")


def column_source(scope: Scope, column: Column, row: str, name: str, null: bool) -> str:
    """Source of a column's engine value from a decoded row."""
    field = f"{row}[{column.place}]"
    template = None if column.dropped else unpack_template(scope.catalog, column.typid)
    if template is None:
        return field
    scope.unit.helpers(template_helpers(template))
    if null:
        return f"None if ({name} := {field}) is None else {template.format(name)}"
    return template.format(field)


def row_type(relation: Relation) -> RowType:
    live = [column for column in relation.columns if not column.dropped]
    return RowType(
        relation.rowtype,
        tuple([column.name for column in live]),
        tuple([column.typid for column in live]),
        tuple([column.typmod for column in live]),
    )


def _surely_stored(columns: tuple[Column, ...], highest: int) -> bool:
    """Whether every stored row has at least `highest` fields."""
    return any(
        column.notnull
        and not column.has_missing
        and not column.dropped
        and column.generated != "v"
        and column.attnum >= highest
        for column in columns
    )


def _missing_values(catalog: Any, columns: tuple[Column, ...]) -> list[Any]:
    """The stored form of what each column has in rows that are too short for it."""
    return [
        pack_value(catalog, column.typid, column.missing)
        if column.has_missing and column.missing is not None
        else None
        for column in columns
    ]


def _system_scan(scope: Scope, node: Any, relation: Relation, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    unit.root.need_prelude("catalog = ctx.catalog")
    table = unit.fresh(relation.name)
    frame.line(f"{table} = catalog.table({relation.oid})")
    source = f"{table}.rows()"
    if relation.oid in scope.catalog.shown:
        source = f"catalog.shown[{relation.oid}](catalog)"
    if frame.breathing:
        rows = unit.fresh("rows")
        frame.line(f"{rows} = list({source})")
        with loop_rows(scope, rows) as row:
            _consume_system_row(scope, node, relation, table, row, consume)
    else:
        row = unit.fresh("r")
        with frame.block(f"for {row} in {source}:"):
            _consume_system_row(scope, node, relation, table, row, consume)


def _consume_system_row(
    scope: Scope, node: Any, relation: Relation, table: str, row: str, consume: Consume
) -> None:
    unit = scope.unit
    for attnum in wanted_columns(scope, node.varno):
        name = unit.fresh(scope.column_name(node.varno, attnum))
        atom = ("var", node.varno, attnum)
        if attnum > 0:
            column = relation.columns[attnum - 1]
            scope.bind(atom, name, not column.notnull, f"{row}[{attnum - 1}]")
        elif attnum == 0:
            unit.helper("Record", Record)
            shape = unit.constant(row_type(relation), "shape")
            scope.bind(atom, name, False, f"Record({shape}, tuple({row}))")
        else:
            bind_system_column(scope, atom, name, relation, f"{table}.rowid({row})")
    emit_filter(scope, node.quals)
    consume()


def _ctid_source(scope: Scope, ctid: Any, child: int) -> str:
    if type(ctid) is CurrentOfExpr:
        cursor_rowid = scope.unit.helper("cursor_rowid", sqlvalue.cursor_rowid)
        relid = scope.planned.rtable[ctid.cvarno - 1].relid
        return f"{cursor_rowid}(ctx, {ctid.cursor_name!r}, {relid}, {child})"
    return value(scope, ctid).source


@produces(plan.RowidScan)
def _rowid_scan(scope: Scope, node: plan.RowidScan, consume: Consume) -> None:
    unit, frame = scope.unit, scope.frame
    relation = scanned_relation(scope, node)
    unit.root.need_prelude("txn = ctx.transaction")
    rowid = unit.fresh("rowid")
    if node.array:
        array = value(scope, node.ctids[0])
        name = unit.fresh("tids")
        frame.line(f"{name} = {array.source}")
        source = f"dict.fromkeys({name}.items) if {name} is not None else ()"
    else:
        codes = ", ".join(_ctid_source(scope, ctid, node.relid) for ctid in node.ctids)
        source = f"dict.fromkeys(({codes},))" if len(node.ctids) > 1 else f"({codes},)"
    with frame.block(f"for {rowid} in {source}:"):
        with frame.block(f"if {rowid} is None:"):
            frame.line("continue")
        if relation.system:
            table = unit.fresh(relation.name)
            row = unit.fresh("r")
            unit.root.need_prelude("catalog = ctx.catalog")
            frame.line(f"{table} = catalog.table({relation.oid})")
            frame.line(f"{row} = next((x for x in {table}.rows() if {table}.rowid(x) == {rowid}), None)")
            with frame.block(f"if {row} is None:"):
                frame.line("continue")
            _consume_system_row(scope, node, relation, table, row, consume)
            return
        fetch_row(scope, node.varno, relation, rowid)
        emit_filter(scope, node.quals)
        consume()


def fetch_row(scope: Scope, varno: int, relation: Relation, rowid: str) -> None:
    """Get a row by the row id in a local; skip the current one if there is none."""
    unit, frame = scope.unit, scope.frame
    key, stored = unit.fresh("k"), unit.fresh("v")
    prefix = row_key(relation.storage_id, 0)[:4]
    frame.line(f"{key} = {prefix!r} + {rowid}.to_bytes(8, 'big')")
    frame.line(f"{stored} = txn.get({key})")
    with frame.block(f"if {stored} is None:"):
        frame.line("continue")
    bind_stored_row(scope, varno, relation, key, stored)


@produces(plan.ValuesScan)
def _values_scan(scope: Scope, node: plan.ValuesScan, consume: Consume) -> None:
    from ..tree import Const

    unit, frame = scope.unit, scope.frame
    width = len(node.lists[0]) if node.lists else 0
    nulls = [True] * width
    if all(isinstance(expr, Const) for exprs in node.lists for expr in exprs):
        rows = unit.constant(
            [tuple([None if e.constisnull else e.constvalue for e in exprs]) for exprs in node.lists],
            "values",
        )
        nulls = [any(exprs[i].constisnull for exprs in node.lists) for i in range(width)]
    else:
        lists = [[value(scope, expr) for expr in exprs] for exprs in node.lists]
        rows = unit.fresh("values")
        frame.line(f"{rows} = [")
        for codes in lists:
            frame.line(f"    ({', '.join(code.source for code in codes)},),")
        frame.line("]")
    atoms = [("var", node.varno, i + 1) for i in range(width)]
    with loop_rows(scope, rows) as row:
        scope.restore(atoms, row, nulls)
        bind_whole_row(scope, node.varno, row)
        emit_filter(scope, node.quals)
        consume()


def bind_whole_row(scope: Scope, varno: int, row: str) -> None:
    """The whole-row Var of an entry whose row is a tuple of all its columns."""
    if ("var", varno, 0) not in scope.needs.used:
        return
    rte = scope.planned.rtable[varno - 1]
    unit = scope.unit
    unit.helper("Record", Record)
    whole = scope.needs.used[("var", varno, 0)]
    names = tuple(rte.eref_colnames)
    types = tuple(rte.coltypes) or tuple([0] * len(names))
    typmods = tuple(rte.coltypmods) or tuple([-1] * len(names))
    if rte.subquery is not None:
        targets = [entry for entry in rte.subquery.targetList if not entry.resjunk]
        types = tuple([scope.type_of(entry.expr) for entry in targets])
        typmods = tuple([scope.typmod_of(entry.expr) for entry in targets])
    shape = unit.constant(RowType(whole.vartype, names, types, typmods), "shape")
    scope.bind(("var", varno, 0), unit.fresh("row"), False, f"Record({shape}, tuple({row}))")


__all__ = ["DECODE", "bind_stored_row", "fetch_row", "row_key", "stored_rows"]
