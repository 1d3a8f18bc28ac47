"""COPY FROM: what is filled and with what, where the data comes from, and the loop over it."""

import os
import time
from collections.abc import Generator, Iterator
from typing import Any

from pglast import ast

from ..bind.viewupdate import instead_events
from ..catalog.triggers import triggers_of
from ..compile.writer import table_writer
from ..errors import Notice, SqlError
from ..evaluate import expression_function
from ..run.childtargets import InsteadWriter, RoutingWriter, TriggeredWriter
from ..run.triggers import statement as statement_triggers
from ..sqlstates import (
    BAD_COPY_FILE_FORMAT,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_FILE,
    WRONG_OBJECT_TYPE,
)
from ..tree import Const, NextValueExpr, Var
from ..treetypes import walk
from ..types.storage import pack_value
from .copy_lines import CsvReader, LineError, LineReader, Lines, TextReader
from .copy_load import Loader, Target
from .copy_options import CopyOptions, force_columns

PIECE_LINES = 500
BREATH_SECONDS = 0.004
FILE_PIECE_BYTES = 1 << 18


def copy_from(
    ctx: Any, statement: ast.CopyStmt, relation: Any, columns: list[Any], options: CopyOptions, where: Any
) -> Generator[Any, None, Any]:
    """COPY relation (columns) FROM ...; returns the number of rows."""
    _check_target(ctx, relation, options)
    transaction = ctx.transaction
    if relation.persistence != "t":
        transaction.forbid_if_read_only("COPY FROM")
    target = make_target(ctx, relation, columns, options, where)
    if target.triggers is not None:
        kept = statement_triggers(ctx, target.triggers, [("insert", frozenset())])
        target.writer.transitions = kept  # type: ignore[attr-defined]
    session = ctx.session
    codec = options.encoding or session.settings.client_codec
    encoding = options.encoding_name or session.settings.get("client_encoding")
    if options.binary:
        from .copy_binary import BinaryLoader

        source = _source(ctx, statement, options, len(columns))
        loader = BinaryLoader(ctx, target)
        transaction.uses_relation(relation.oid)
        return (yield from _load_binary(source, loader))
    not_null = force_columns(options.force_not_null, "FORCE_NOT_NULL", columns, relation)
    null = force_columns(options.force_null, "FORCE_NULL", columns, relation)
    reader: LineReader = (CsvReader if options.csv else TextReader)(options, codec, encoding)
    rows = Loader(ctx, target, options, reader.fields)
    rows.force_not_null, rows.force_null = not_null, null
    transaction.uses_relation(relation.oid)
    source = _source(ctx, statement, options, len(columns))
    yield from _load_lines(source, reader, rows)
    if rows.skipped and options.log_verbosity != "silent":
        were = "1 row was" if rows.skipped == 1 else f"{rows.skipped} rows were"
        ctx.notice(Notice(f"{were} skipped due to data type incompatibility"))
    return rows.count


def _check_target(ctx: Any, relation: Any, options: CopyOptions) -> None:
    name, kind = relation.name, relation.kind
    if kind == "v":
        if "insert" in instead_events(ctx.catalog, relation):
            return
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot copy to view "{name}"',
            hint="To enable copying to a view, provide an INSTEAD OF INSERT trigger.",
        )
    if kind in ("m", "S"):
        what = "materialized view" if kind == "m" else "sequence"
        raise SqlError(WRONG_OBJECT_TYPE, f'cannot copy to {what} "{name}"')
    if kind not in "rp":
        raise SqlError(FEATURE_NOT_SUPPORTED, f'COPY to relation "{name}" of kind "{kind}" is not supported')
    if relation.system:
        raise SqlError(FEATURE_NOT_SUPPORTED, f'COPY to system catalog "{name}" is not supported')
    if options.freeze:
        before = ctx.session.current_catalog().pg_class.get(relation.oid)
        if before is not None and before.relfilenode == relation.storage_id:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot perform COPY FREEZE because the table was not created or truncated in the current "
                "subtransaction",
            )


# --- values of columns ----------------------------------------------------------------------------


def make_target(ctx: Any, relation: Any, columns: list[Any], options: CopyOptions, where: Any) -> Target:
    """The defaults, checks and filter of a table for one COPY."""
    from ..bind.coercion import coerce_null_to_domain
    from ..bind.defaults import build_column_default

    catalog, settings = ctx.catalog, ctx.settings
    writer = table_writer(catalog, settings, relation.oid)
    triggers = triggers_of(catalog, relation.oid)
    rows: Any = writer
    if relation.kind == "p":
        rows = RoutingWriter(catalog, writer)
    elif relation.kind == "v":
        assert triggers is not None
        rows = InsteadWriter(triggers)
    elif triggers is not None:
        rows = TriggeredWriter(writer, triggers)
    target = Target(relation, columns, rows)
    target.triggers = triggers
    pstate = ctx.session.parse_state(ctx.source)
    given = {column.attnum for column in columns}
    for column in relation.columns:
        if column.dropped or column.generated or column.attnum in given:
            continue
        expr = build_column_default(pstate, relation, column.attnum)
        if expr is None:
            continue
        if isinstance(expr, Const):
            target.constants[column.attnum - 1] = pack_value(catalog, column.typid, expr.constvalue)
        else:
            target.defaults[column.attnum - 1] = _default(ctx, column, expr)
            if any(not isinstance(node, NextValueExpr) and _volatile(catalog, node) for node in walk(expr)):
                target.lines_in_batches = False
    for position, column in enumerate(columns):
        if options.default is not None:
            expr = build_column_default(pstate, relation, column.attnum)
            if expr is not None:
                target.marked[position] = _default(ctx, column, expr)
        row = catalog.pg_type.get(column.typid)
        if row.typtype == "d":
            from ..run.domains import domain_constraints

            if domain_constraints(catalog, column.typid):
                null = coerce_null_to_domain(pstate, column.typid, column.typmod, column.collation)
                target.null_checks[position] = expression_function(catalog, settings, null)
    if where is not None:
        target.where = writer.predicate(where)
        if any(_volatile(catalog, node) for node in walk(where)):
            target.lines_in_batches = False
    return target


def _default(ctx: Any, column: Any, expr: Any) -> Any:
    evaluate = expression_function(ctx.catalog, ctx.settings, expr)
    catalog, typid = ctx.catalog, column.typid
    from ..types.storage import pack_template

    if pack_template(catalog, typid) is None:
        return evaluate
    return lambda ctx: pack_value(catalog, typid, evaluate(ctx))


def _volatile(catalog: Any, node: Any) -> bool:
    funcid = getattr(node, "funcid", None) or getattr(node, "opfuncid", None)
    if not funcid:
        return False
    row = catalog.pg_proc.get(funcid)
    return row is not None and row.provolatile == "v" and row.proname != "nextval"


def copy_where(ctx: Any, statement: ast.CopyStmt, relation: Any) -> Any:
    """The typed tree of COPY FROM ... WHERE, None without one."""
    if statement.whereClause is None:
        return None
    from ..bind.coercion import coerce_to_boolean
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..bind.parse_state import EXPR_KIND_COPY_WHERE
    from ..bind.rangetable import add_ns_item_to_query, add_range_table_entry_for_relation

    pstate = ctx.session.parse_state(ctx.source)
    item = add_range_table_entry_for_relation(pstate, relation, None, False, False)
    add_ns_item_to_query(pstate, item, False, True, True)
    expr = transform_expr(pstate, statement.whereClause, EXPR_KIND_COPY_WHERE)
    expr = coerce_to_boolean(pstate, expr, "WHERE")
    expr = assign_expr_collations(pstate, expr)
    for node in walk(expr):
        if isinstance(node, Var):
            used = (
                relation.columns
                if node.varattno == 0
                else relation.columns[node.varattno - 1 : node.varattno]
                if node.varattno > 0
                else ()
            )
            for column in used:
                if column.generated:
                    raise SqlError(
                        INVALID_COLUMN_REFERENCE,
                        "generated columns are not supported in COPY FROM WHERE conditions",
                        detail=f'Column "{column.name}" is a generated column.',
                    )
    return expr


# --- the data ---------------------------------------------------------------------------------------


def _source(ctx: Any, statement: ast.CopyStmt, options: CopyOptions, width: int) -> Generator[Any, None, Any]:
    """The data in pieces (bytes), ended by b""; in between breaths and Futures."""
    if statement.filename is not None:
        return _file(statement.filename)
    return _client(ctx.output, options, width)


def _client(output: Any, options: CopyOptions, width: int) -> Generator[Any, None, Any]:
    output.copy_in_response(options.binary, (1 if options.binary else 0,) * width)
    while True:
        future = output.copy_data_in()
        if not future.done():
            yield future
        data = future.result()
        if data is None:
            yield b""
            return
        if data:
            yield data


def _file(name: str) -> Generator[Any, None, Any]:
    text = f'could not open file "{name}" for reading: '
    try:
        file = open(name, "rb")  # noqa: SIM115
    except IsADirectoryError:
        raise SqlError(WRONG_OBJECT_TYPE, f'"{name}" is a directory') from None
    except OSError as error:
        hint = None
        if error.errno in (2, 13):
            hint = (
                "COPY FROM instructs the PostgreSQL server process to read a file. "
                "You may want a client-side facility such as psql's \\copy."
            )
        raise file_error(text + os.strerror(error.errno or 0), error, hint) from None
    return _file_pieces(file)


def _file_pieces(file: Any) -> Generator[Any, None, Any]:
    with file:
        while data := file.read(FILE_PIECE_BYTES):
            yield data
    yield b""


def file_error(message: str, error: OSError, hint: str | None = None) -> SqlError:
    """An error of the operating system as errcode_for_file_access() classes it."""
    from ..sqlstates import DISK_FULL, INSUFFICIENT_PRIVILEGE, IO_ERROR

    states = {2: UNDEFINED_FILE, 1: INSUFFICIENT_PRIVILEGE, 13: INSUFFICIENT_PRIVILEGE, 28: DISK_FULL,
              20: WRONG_OBJECT_TYPE, 21: WRONG_OBJECT_TYPE, 30: INSUFFICIENT_PRIVILEGE}  # fmt: skip
    return SqlError(states.get(error.errno or 0, IO_ERROR), message, hint=hint)


def _load_lines(source: Iterator[Any], reader: LineReader, loader: Loader) -> Generator[Any, None, Any]:
    header = bool(loader.options.header)
    breath_at = time.monotonic() + BREATH_SECONDS
    number = 1  # of the line that would come next
    while True:
        try:
            piece = next(source, None)
        except SqlError as error:  # the client has given up
            raise loader.in_context(error, number, None) from None
        if piece is None:
            break
        if type(piece) is not bytes:
            yield piece
            continue
        batches = reader.feed(piece, not piece)
        while True:
            try:
                lines = next(batches, None)
            except LineError as error:
                raise loader.in_context(error, error.line, None) from None
            if lines is None:
                break
            number = lines.first + len(lines.lines)
            if header:
                header = False
                if loader.options.header == "match":
                    _match_header(loader, lines.lines[0])
                lines = _rest(lines, 1)
            while lines.lines:
                part = lines
                if len(lines.lines) > PIECE_LINES:
                    part = Lines(
                        lines.first, lines.lines[:PIECE_LINES], lines.plain, lines.ascii,
                        lines.numbers[:PIECE_LINES] if lines.numbers else None,
                    )  # fmt: skip
                loader.load(part)
                lines = _rest(lines, PIECE_LINES)
                if time.monotonic() > breath_at:
                    yield []
                    breath_at = time.monotonic() + BREATH_SECONDS
        if not piece and header and loader.options.header == "match":
            _match_header(loader, "")


def _rest(lines: Lines, count: int) -> Lines:
    numbers = lines.numbers[count:] if lines.numbers else None
    return Lines(lines.first + count, lines.lines[count:], lines.plain, lines.ascii, numbers)


def _match_header(loader: Loader, line: str) -> None:
    columns = loader.target.columns
    given = loader.fields(line)
    error = None
    if len(given) != len(columns):
        error = f"wrong number of fields in header line: got {len(given)}, expected {len(columns)}"
    else:
        for number, (name, column) in enumerate(zip(given, columns, strict=True), 1):
            if name != column.name:
                got = f'null value ("{loader.options.null}")' if name is None else f'"{name}"'
                error = (
                    f'column name mismatch in header line field {number}: got {got}, expected "{column.name}"'
                )
                break
    if error is not None:
        raise loader.in_context(SqlError(BAD_COPY_FILE_FORMAT, error), 1, line)


def _load_binary(source: Iterator[Any], loader: Any) -> Generator[Any, None, Any]:
    for piece in source:
        if type(piece) is not bytes:
            yield piece
            continue
        for _ in loader.feed(piece, not piece):
            yield []
    return loader.count
