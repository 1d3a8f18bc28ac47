"""COPY FROM in binary format: a generated loop from the bytes of tuples to stored rows."""

import time
from collections.abc import Iterator
from struct import Struct
from struct import error as StructError
from typing import Any

from ..compile.expressions import template_helpers
from ..errors import SqlError
from ..sqlstates import BAD_COPY_FILE_FORMAT, UNIQUE_VIOLATION
from ..types.io import binary_receive
from ..types.storage import pack_template, pack_value
from .copy_load import Target, compile_function

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
ROWS_PER_STEP = 500
BREATH_SECONDS = 0.004
_FIXED = {21: ">h", 23: ">i", 20: ">q"}
_SHORT = Struct(">h").unpack_from
_LONG = Struct(">i").unpack_from


class BinaryLoader:
    """Loads binary COPY data into a Target."""

    def __init__(self, ctx: Any, target: Target) -> None:
        self.ctx = ctx
        self.target = target
        self.count = 0
        self.number = 1  # of the next tuple
        self._pieces: list[bytes] = []
        self._header_read = False
        self._ended = False
        self.receives = [binary_receive(ctx.catalog, column.typid) for column in target.columns]
        self._load = self._make()

    def feed(self, piece: bytes, final: bool) -> Iterator[None]:
        """Store the rows that are complete with this piece; gives breaths."""
        if self._ended:
            if piece:
                raise self._bad("received copy data after EOF marker")
            return
        self._pieces.append(piece)
        data = b"".join(self._pieces)
        position = 0
        if not self._header_read:
            position = self._header(data, final)
            if position < 0:
                self._pieces = [data]
                return
            self._header_read = True
        breath_at = time.monotonic() + BREATH_SECONDS
        while True:
            before = position
            position, stored = self._load(self.ctx, data, position, self.number)
            self.count += stored
            if position < 0:
                self._ended = True
                self._pieces = []
                rest = data[-position:]
                if rest:
                    raise self._bad("received copy data after EOF marker")
                return
            if position == before:
                break
            if time.monotonic() > breath_at:
                yield None
                breath_at = time.monotonic() + BREATH_SECONDS
        self._pieces = [data[position:]]
        if final and self._pieces[0]:
            raise self._bad("unexpected EOF in COPY data")

    def _header(self, data: bytes, final: bool) -> int:
        """Where the tuples begin, -1 if that has not arrived."""
        if not final and len(data) < 19:
            return -1
        if data[:11] != SIGNATURE:
            raise self._bad("COPY file signature not recognized", False)
        if len(data) < 15:
            raise self._bad("invalid COPY file header (missing flags)", False)
        flags = int.from_bytes(data[11:15], "big")
        if flags & 0x10000:
            raise self._bad("invalid COPY file header (WITH OIDS)", False)
        if flags & 0xFFFF0000:
            raise self._bad("unrecognized critical flags in COPY file header", False)
        if len(data) < 19:
            raise self._bad("invalid COPY file header (missing length)", False)
        extension = int.from_bytes(data[15:19], "big", signed=True)
        if extension < 0:
            raise self._bad("invalid COPY file header (missing length)", False)
        if len(data) < 19 + extension:
            if final:
                raise self._bad("invalid COPY file header (wrong length)", False)
            return -1
        return 19 + extension

    def _bad(self, message: str, numbered: bool = True) -> SqlError:
        error = SqlError(BAD_COPY_FILE_FORMAT, message)
        error.where = f"COPY {self.target.relation.name}" + (f", line {self.number}" if numbered else "")
        return error

    def _make(self) -> Any:
        target = self.target
        catalog = self.ctx.catalog
        width = len(target.columns)
        names: dict[str, Any] = {
            "SHORT": _SHORT, "LONG": _LONG, "prepare": target.writer.prepare, "store": target.writer.store,
            "where": target.where, "fail": self.failure, "at": self._at, "bad_count": self._bad_count,
            "bad_size": self._bad_size, "StructError": StructError, "LIMIT": ROWS_PER_STEP,
        }  # fmt: skip
        tuple_lines = ["width, = SHORT(data, start)", "position = start + 2"]
        tuple_lines += ["if width == -1:", "    return -position, count"]
        tuple_lines += [f"if width != {width}: bad_count(width)"]
        convert: list[str] = []
        for index, column in enumerate(target.columns):
            name = f"c{index}"
            typid = column.typid
            tuple_lines += [f"s{index}, = LONG(data, position)", f"position += 4; p{index} = position"]
            tuple_lines += [f"if s{index} > 0: position += s{index}", f"elif s{index} < -1: bad_size()"]
            names[f"receive{index}"] = self.receives[index]
            value = f"data[p{index}:p{index} + s{index}]"
            template = pack_template(catalog, typid)
            general = f"receive{index}(ctx, {value}, {column.typmod})"
            if template is not None:
                names.update(template_helpers(template))
            if typid in _FIXED:
                layout = Struct(_FIXED[typid])
                names[f"unpack{index}"] = layout.unpack_from
                general = f"unpack{index}(data, p{index})[0] if s{index} == {layout.size} else {general}"
            null = f"{name} = None"
            if index in target.null_checks:
                names[f"null{index}"] = target.null_checks[index]
                null += f"; null{index}(ctx)"
            convert += [f"if s{index} < 0: {null}", "else:", f"    {name} = {general}"]
            if template is not None:
                convert.append(f"    {name} = {template.format(name)}")
        items = ["None"] * len(target.relation.columns)
        for index, column in enumerate(target.columns):
            items[column.attnum - 1] = f"c{index}"
        for place, value in target.constants.items():
            names[f"constant{place}"] = value
            items[place] = f"constant{place}"
        for place, default in target.defaults.items():
            names[f"default{place}"] = default
            items[place] = f"default{place}(ctx)"
        lines = [
            "def load(ctx, data, start, number):",
            "    count = 0",
            "    size = len(data)",
            "    steps = 0",
        ]
        lines += ["    try:", "        while steps < LIMIT:", "            steps += 1"]
        indent = " " * 12
        lines += [indent + "try:", *[indent + "    " + line for line in tuple_lines]]
        lines += [indent + "except StructError:", indent + "    break", indent + "if position > size: break"]
        lines += [indent + line for line in convert]
        lines += [indent + f"n = [{', '.join(items)}]"]
        if target.where is not None:
            lines += [indent + "if where(ctx, n):"]
            lines += [indent + "    if not prepare(ctx, n):"]
        else:
            lines += [indent + "if not prepare(ctx, n):"]
        lines += [indent + "        store(ctx, n)", indent + "        count += 1"]
        lines += [indent + "start = position", indent + "number += 1"]
        lines += [
            "    except Exception as error:",
            "        raise fail(error, data, start, number) from None",
        ]
        lines += ["    at(number)", "    return start, count"]
        return compile_function("\n".join(lines) + "\n", f"copy {target.relation.name}", "load", names)

    def _at(self, number: int) -> None:
        self.number = number

    def _bad_count(self, width: int) -> None:
        raise SqlError(
            BAD_COPY_FILE_FORMAT, f"row field count is {width}, expected {len(self.target.columns)}"
        )

    def _bad_size(self) -> None:
        raise SqlError(BAD_COPY_FILE_FORMAT, "invalid field size")

    def failure(self, error: BaseException, data: bytes, start: int, number: int) -> BaseException:
        """The error of a tuple with its CONTEXT: the column is found by converting again."""
        found, column = self._again(data, start)
        if found is None:
            if not isinstance(error, SqlError):
                return error
            found = error
        where = f"COPY {self.target.relation.name}, line {number}"
        if column is not None:
            where += f", column {column.name}"
        if found.sqlstate != UNIQUE_VIOLATION or not found.where:
            found.where = f"{found.where}\n{where}" if found.where else where
        return found

    def _again(self, data: bytes, start: int) -> tuple[SqlError | None, Any]:
        position = start + 2
        if _SHORT(data, start)[0] != len(self.target.columns):
            return None, None
        for index, column in enumerate(self.target.columns):
            (size,) = _LONG(data, position)
            position += 4
            try:
                if size < -1:
                    self._bad_size()
                if size == -1:
                    check = self.target.null_checks.get(index)
                    if check is not None:
                        check(self.ctx)
                    continue
                value = self.receives[index](self.ctx, data[position : position + size], column.typmod)
                pack_value(self.ctx.catalog, column.typid, value)
                position += size
            except SqlError as error:
                return error, column
        return None, None
