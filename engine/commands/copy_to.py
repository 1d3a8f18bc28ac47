"""COPY TO: rows as text, csv or binary, one CopyData message per row, or into a server file.

The encoder of a query's rows is generated. A batch is first written as if no value needed quoting or
escaping, with NULL as a zero byte (which no value has); one look at the whole batch tells whether
that was right, and only if not it is written again carefully.
"""

import os
from collections.abc import Callable, Generator, Sequence
from struct import Struct
from typing import Any

from pglast import ast

from ..catalog.quoting import quote_identifier
from ..errors import SqlError
from ..internal import table_name
from ..lockwait import batches
from ..portal import StatementContext
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_NAME,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNTRANSLATABLE_CHARACTER,
    WRONG_OBJECT_TYPE,
)
from ..statement import Plan, cached_plan, plan_analyzed
from ..types.io import text_output
from .copy_load import compile_function
from .copy_options import CopyOptions, force_columns, read_options

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
_KINDS = {"v": "view", "S": "sequence", "f": "foreign table", "p": "partitioned table"}
_INTEGERS = frozenset((20, 21, 23, 26))
_TEXTS = frozenset((25, 1042, 1043, 19, 114, 705))
_HEAD = Struct(">cI").pack
Encode = Callable[[Any, Sequence[Any]], list[bytes]]


def copy_table(
    ctx: Any, statement: ast.CopyStmt, relation: Any, columns: list[Any], options: CopyOptions
) -> Generator[Any, None, Any]:
    """COPY table (columns) TO."""
    if relation.kind not in ("r", "m"):
        kind = _KINDS.get(relation.kind)
        what = f'{kind} "{relation.name}"' if kind else f'non-table relation "{relation.name}"'
        hint = None if relation.kind == "S" else "Try the COPY (SELECT ...) TO variant."
        raise SqlError(WRONG_OBJECT_TYPE, f"cannot copy from {what}", hint=hint)
    if relation.kind == "m" and not relation.row.relispopulated:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot copy from unpopulated materialized view "{relation.name}"',
            hint="Use the REFRESH MATERIALIZED VIEW command.",
        )
    forced = force_columns(options.force_quote, "FORCE_QUOTE", columns, relation)
    names = ", ".join(quote_identifier(column.name) for column in columns)
    plan = cached_plan(ctx.session, f"SELECT {names} FROM ONLY {table_name(ctx.catalog, relation)}", ())
    return (yield from _copy_out(ctx, statement, plan, options, forced, ctx.source))


def copy_query(ctx: Any, statement: ast.CopyStmt) -> Generator[Any, None, Any]:
    """COPY (query) TO."""
    from ..bind.analyze import analyze

    node = statement.query
    if isinstance(node, ast.SelectStmt) and _leftmost(node).intoClause is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "COPY (SELECT INTO) is not supported")
    options = read_options(statement.options, False)
    session = ctx.session
    plan = Plan()
    plan.source, plan.node, plan.catalog = ctx.source, "SelectStmt", ctx.catalog
    query, _ = analyze(ast.RawStmt(stmt=node), ctx.source, session.analyze_context(), [], False)
    if query.commandType != "select" and not query.returningList:
        raise SqlError(FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause")
    plan_analyzed(session, plan, query)
    if not plan.read_only:
        ctx.transaction.forbid_if_read_only(
            "COPY TO" if query.commandType == "select" else query.commandType.upper()
        )
    forced = force_columns(options.force_quote, "FORCE_QUOTE", plan.columns or (), None)
    return (yield from _copy_out(ctx, statement, plan, options, forced, ctx.source))


def _leftmost(node: ast.SelectStmt) -> ast.SelectStmt:
    while node.larg is not None:
        node = node.larg
    return node


def _copy_out(
    ctx: Any, statement: ast.CopyStmt, plan: Plan, options: CopyOptions, forced: frozenset[int], source: str
) -> Generator[Any, None, Any]:
    session = ctx.session
    columns = plan.columns
    assert columns is not None and plan.planned is not None
    types = plan.planned.types
    codec = options.encoding or session.settings.client_codec
    names = tuple(column.name for column in columns)
    sink: Any
    if statement.filename is None:
        sink = ClientSink(ctx.output, options, len(columns))
    else:
        sink = FileSink(statement.filename)
    encode: Encode
    if options.binary:
        from ..compile.encode import make_row_encoder

        encode = _binary(make_row_encoder(plan.catalog, types, (1,) * len(types)))
        first = SIGNATURE
    else:
        name = options.encoding_name or session.settings.get("client_encoding")
        encode = _in_encoding(_text_encoder(plan.catalog, types, options, forced), codec, name)
        first = b""
        if options.header:
            writer = _careful(options, frozenset(), len(names))  # FORCE_QUOTE is about values
            sink.put([(writer(names) + "\n").encode(codec)])
    inner = StatementContext(session, (), source)
    inner.output = ctx.output
    inner.attach(session.transaction)
    count = 0
    try:
        for item in _rows(plan, inner):
            if type(item) is list and item:
                count += len(item)
                rows = encode(inner, item)
                if first:
                    rows[0] = first + rows[0]
                    first = b""
                sink.put(rows)
                waiting = sink.waiting()
                if waiting is not None:
                    yield waiting
            else:
                yield item
        if options.binary:
            sink.put([first + TRAILER])
    finally:
        sink.close()
    sink.done()
    if not plan.read_only:
        session.transaction.end_command()
        return inner.processed
    return count


def _rows(plan: Plan, ctx: Any) -> Generator[Any, None, Any]:
    yield from batches(plan, ctx)


class ClientSink:
    """CopyData messages to the client."""

    def __init__(self, output: Any, options: CopyOptions, width: int) -> None:
        self.output = output
        output.copy_out_response(options.binary, (1 if options.binary else 0,) * width)

    def put(self, rows: list[bytes]) -> None:
        """One message per row."""
        messages: list[bytes] = []
        add = messages.append
        for row in rows:
            add(_HEAD(b"d", len(row) + 4))
            add(row)
        self.output.rows(b"".join(messages))

    def waiting(self) -> Any:
        """A Future, if the client does not keep up."""
        return self.output.drained()

    def close(self) -> None:
        """Nothing to release."""

    def done(self) -> None:
        """All is out."""
        self.output.copy_done()


class FileSink:
    """A file of the server."""

    def __init__(self, name: str) -> None:
        from .copy_from import file_error

        if not os.path.isabs(name):
            raise SqlError(INVALID_NAME, "relative path not allowed for COPY to file")
        try:
            self.file = open(name, "wb")  # noqa: SIM115
        except OSError as error:
            hint = None
            if error.errno in (2, 13):
                hint = (
                    "COPY TO instructs the PostgreSQL server process to write a file. "
                    "You may want a client-side facility such as psql's \\copy."
                )
            text = f'could not open file "{name}" for writing: {os.strerror(error.errno or 0)}'
            raise file_error(text, error, hint) from None

    def put(self, rows: list[bytes]) -> None:
        """Append."""
        from .copy_from import file_error

        try:
            self.file.write(b"".join(rows))
        except OSError as error:
            raise file_error(
                f"could not write to COPY file: {os.strerror(error.errno or 0)}", error
            ) from None

    def waiting(self) -> Any:
        """Files keep up."""
        return None

    def close(self) -> None:
        """Release the file."""
        self.file.close()

    def done(self) -> None:
        """Nothing more to say."""


# --- encoders ------------------------------------------------------------------------------------------


def _binary(encode: Any) -> Encode:
    """Rows in binary format are what DataRow messages hold."""

    def rows(ctx: Any, rows: Sequence[Any]) -> list[bytes]:
        data = encode(ctx, rows)
        out = []
        position = 0
        size = len(data)
        while position < size:
            end = position + 1 + int.from_bytes(data[position + 1 : position + 5], "big")
            out.append(data[position + 5 : end])
            position = end
        return out

    return rows


def _in_encoding(encode: Callable[[Any, Sequence[Any]], list[str]], codec: str, name: str) -> Encode:
    def rows(ctx: Any, rows: Sequence[Any]) -> list[bytes]:
        try:
            return [line.encode(codec) for line in encode(ctx, rows)]
        except UnicodeEncodeError as error:
            bad = " ".join(f"0x{byte:02x}" for byte in error.object[error.start].encode())
            raise SqlError(
                UNTRANSLATABLE_CHARACTER,
                f'character with byte sequence {bad} in encoding "UTF8" has no equivalent in '
                f'encoding "{name}"',
            ) from None

    if codec != "utf-8":
        return rows
    return lambda ctx, rows: [line.encode() for line in encode(ctx, rows)]


def _careful(options: CopyOptions, forced: frozenset[int], width: int) -> Callable[[Sequence[Any]], str]:
    """Rows of texts (None is NULL) as lines, with all quoting and escaping."""
    delimiter, null = options.delimiter or "", options.null or ""
    if not options.csv:
        table = {ord(char): "\\" + name for char, name in zip("\b\f\n\r\t\v", "bfnrtv", strict=True)}
        table[ord("\\")] = "\\\\"
        if delimiter not in "\b\f\v\t":
            table[ord(delimiter)] = "\\" + delimiter

        def text(values: Sequence[Any]) -> str:
            return delimiter.join([null if value is None else value.translate(table) for value in values])

        return text
    quote, escape = options.quote or "", options.escape or ""
    special = (delimiter, quote, "\n", "\r")

    def field(value: str, force: bool) -> str:
        if (
            force
            or value == null
            or any(char in value for char in special)
            or (width == 1 and value == "\\.")
        ):
            if escape != quote:
                value = value.replace(escape, escape + escape)
            return quote + value.replace(quote, escape + quote) + quote
        return value

    def csv(values: Sequence[Any]) -> str:
        return delimiter.join(
            [null if value is None else field(value, index in forced) for index, value in enumerate(values)]
        )

    return csv


def _text_encoder(
    catalog: Any, types: Sequence[int], options: CopyOptions, forced: frozenset[int]
) -> Callable[[Any, Sequence[Any]], list[str]]:
    """A function (ctx, rows) -> lines with their newlines."""
    width = len(types)
    careful = _careful(options, forced, width)
    names: dict[str, Any] = {"careful": careful, "Z": "\0", "E": "\0\1", "D": options.delimiter}
    columns = [f"c{index}" for index in range(width)]
    texts, plain, statements = [], [], []
    for index, typid in enumerate(types):
        name = columns[index]
        base = catalog.base_type(typid)
        if base in _INTEGERS:
            texts.append(f"None if {name} is None else str({name})")
            plain.append(f"{{Z if {name} is None else {name}}}")
        elif base in _TEXTS:
            texts.append(name)
            empty = f" else E if {name} == ''" if options.csv and options.null == "" else ""
            plain.append(f"{{Z if {name} is None{empty} else {name}}}")
        else:
            if base == 16:
                convert = f"'t' if {name} else 'f'"
            else:
                names[f"output{index}"] = text_output(catalog, typid)
                convert = f"output{index}(ctx, {name})"
            statements.append(f"if {name} is not None: {name} = {convert}")
            texts.append(name)
            plain.append(f"{{Z if {name} is None else {name}}}")
    target = f"{', '.join(columns)}," if width else "_"
    loop = [f"    for {target} in rows:", *["        " + text for text in statements]]
    delimiter = "{D}" if options.delimiter in ("'", '"', "{", "}", "\\") else repr(options.delimiter)[1:-1]
    fast = not forced and (not options.csv or options.null == "") and width > 0
    source = ["def encode(ctx, rows):"]
    if fast:
        quoted = delimiter.join(plain)
        source += ["    out = []", "    add = out.append", *loop, f'        add(f"""{quoted}\\n""")']
        source += [
            "    text = ''.join(out)",
            "    if fits(text, len(out)):",
            "        return finish(out, text)",
        ]
        names["fits"] = _fits(options, width)
        names["finish"] = _finish(options)
    source += ["    out = []", "    add = out.append", *loop]
    source += [
        f"        add(careful(({', '.join(texts)}{',' if width == 1 else ''})) + '\\n')",
        "    return out",
    ]
    return compile_function("\n".join(source) + "\n", "copy to", "encode", names)


def _fits(options: CopyOptions, width: int) -> Callable[[str, int], bool]:
    """Whether a batch that was written plainly needs no quoting or escaping."""
    delimiter = options.delimiter or ""
    specials = [options.quote or '"', "\r"] if options.csv else ["\\", "\r", "\b", "\f", "\v"]
    if not options.csv and delimiter != "\t":
        specials.append("\t")
    specials = [char for char in specials if char != delimiter]
    alone = options.csv and width == 1

    def fits(text: str, rows: int) -> bool:
        for special in specials:
            if special in text:
                return False
        if text.count("\n") != rows or (alone and "\\." in text):
            return False
        return text.count(delimiter) == rows * (width - 1)

    return fits


def _finish(options: CopyOptions) -> Callable[[list[str], str], list[str]]:
    null = options.null or ""
    empty = (options.quote or "") * 2

    def finish(lines: list[str], text: str) -> list[str]:
        if "\0" in text:
            if "\0\1" in text:  # an empty string, which is quoted to differ from NULL
                lines = [line.replace("\0\1", empty) for line in lines]
            lines = [line.replace("\0", null) for line in lines]
        return lines

    return finish
