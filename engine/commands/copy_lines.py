"""COPY FROM, the text formats: bytes as they arrive become lines, and lines become fields.

A reader's `feed` takes pieces cut anywhere and gives Lines: whole lines with the number of the first.
`plain` Lines hold nothing that is quoted or escaped, so that splitting at the delimiter gives their
fields; the others go through `fields`, which gives None for the NULL marker and DEFAULT for the
default marker.

The end of line (newline, carriage return, or both) is what the first line ends with; another one
later is an error, as in PostgreSQL's copyfromparse.c.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..errors import SqlError
from ..sqlstates import BAD_COPY_FILE_FORMAT, CHARACTER_NOT_IN_REPERTOIRE
from .copy_options import CopyOptions

DEFAULT: Any = object()
Fields = Callable[[str], list[Any]]


class Lines(NamedTuple):
    """Some lines of the data. `ascii`: all are."""

    first: int
    lines: list[str]
    plain: bool
    ascii: bool
    numbers: list[int] | None = None  # of each line, where records span lines


class LineError(SqlError):
    """The line of this number cannot be read as a line."""

    line = 0


def line_error(line: int, sqlstate: Any, message: str, hint: str | None = None) -> LineError:
    """An error with the line's number for the CONTEXT."""
    error = LineError(sqlstate, message, hint=hint)
    error.line = line
    return error


def utf8_length(first: int) -> int:
    """The length of the character that begins with this byte."""
    if first & 0xE0 == 0xC0:
        return 2
    if first & 0xF0 == 0xE0:
        return 3
    return 4 if first & 0xF8 == 0xF0 else 1


class LineReader:
    """What the readers of text and of csv have in common: the bytes up to the last whole line."""

    def __init__(self, options: CopyOptions, codec: str, encoding: str) -> None:
        self.options = options
        self.codec = codec
        self.encoding = encoding
        self.delimiter = options.delimiter or ""
        self.null = options.null or ""
        self.default = options.default
        self.end = ""  # "\n", "\r" or "\r\n", when known
        self.number = 1  # of the next line
        self.ended = False  # the end marker was read
        self._pieces: list[bytes] = []
        self._pattern = re.compile(self._first_end().encode("latin-1"), re.DOTALL)

    def _first_end(self) -> str:
        raise NotImplementedError

    def _lines(self, text: str, final: bool) -> Iterator[Lines]:
        raise NotImplementedError

    def fields(self, line: str) -> list[Any]:
        """The fields of one line."""
        raise NotImplementedError

    def feed(self, data: bytes, final: bool) -> Iterator[Lines]:
        """The lines that are complete with this piece."""
        if self.ended:
            return
        pieces = self._pieces
        pieces.append(data)
        if not final and b"\n" not in data and b"\r" not in data:
            return
        buffer = b"".join(pieces)
        if not self.end and not self._find_end(buffer, final):
            self._pieces = [buffer]
            return
        if final:
            self._pieces = []
            head = buffer
        else:
            cut = buffer.rfind(b"\r" if self.end == "\r" else b"\n") + 1
            self._pieces = [buffer[cut:]]
            head = buffer[:cut]
        if head or final:
            yield from self._decoded(head, final)

    def _find_end(self, buffer: bytes, final: bool) -> bool:
        for found in self._pattern.finditer(buffer):
            end = found.group("end")
            if end is None:
                continue
            if end == b"\r" and found.end() == len(buffer) and not final:
                return False
            self.end = end.decode()
            return True
        if final:
            self.end = "\n"
        return final

    def _decoded(self, head: bytes, final: bool) -> Iterator[Lines]:
        failure = None
        zero = head.find(b"\0")
        if zero >= 0:
            failure = (zero, b"\0")
        try:
            text = head.decode(self.codec)
        except UnicodeDecodeError as error:
            at = error.start
            if zero < 0 or at < zero:
                length = utf8_length(head[at]) if self.codec == "utf-8" else 1
                failure = (at, head[at : at + length])
        if failure is None:
            yield from self._lines(text, final)
            return
        at, bad = failure
        mark = b"\r" if self.end == "\r" else b"\n"
        start = head.rfind(mark, 0, at) + 1
        if start:
            yield from self._lines(head[:start].decode(self.codec), False)
        if not self.ended:
            shown = " ".join(f"0x{byte:02x}" for byte in bad)
            raise line_error(
                self.number,
                CHARACTER_NOT_IN_REPERTOIRE,
                f'invalid byte sequence for encoding "{self.encoding}": {shown}',
            )

    def _split(self, text: str, final: bool) -> list[str]:
        """Split at the end of line that this data uses, without looking at escapes."""
        lines = text.split("\r" if self.end == "\r" else "\n")
        if lines[-1] == "":
            lines.pop()
        return lines

    def _literal(self, number: int, newline: bool, csv: bool) -> LineError:
        name, short = ("newline", "n") if newline else ("carriage return", "r")
        if csv:
            return line_error(
                number,
                BAD_COPY_FILE_FORMAT,
                f"unquoted {name} found in data",
                f"Use quoted CSV field to represent {name}.",
            )
        return line_error(
            number,
            BAD_COPY_FILE_FORMAT,
            f"literal {name} found in data",
            f'Use "\\{short}" to represent {name}.',
        )


_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPED = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED_BYTES = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _code(text: str) -> int | None:
    if text[0] == "x" and len(text) > 1:
        return int(text[1:], 16)
    if text[0] in "01234567":
        return int(text, 8) & 0xFF
    return None


def unescape(text: str) -> str:
    """Backslash sequences of the text format; those of single bytes must make UTF-8."""
    if "\\" not in text:
        return text
    raw = False

    def one(found: re.Match[str]) -> str:
        nonlocal raw
        item = found.group(1)
        code = _code(item)
        if code is None:
            return _NAMED.get(item, item)
        if code == 0 or code > 127:
            raw = True
        return chr(code)

    result = _ESCAPED.sub(one, text)
    if not raw:
        return result

    def one_byte(found: re.Match[bytes]) -> bytes:
        item = found.group(1).decode("latin-1")
        code = _code(item)
        return bytes([code]) if code is not None else _NAMED.get(item, item).encode("latin-1")

    data = _ESCAPED_BYTES.sub(one_byte, text.encode())
    bad = b""
    try:
        result = data.decode()
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + utf8_length(data[error.start])]
    if not bad and "\0" in result:
        bad = b"\0"
    if bad:
        shown = " ".join(f"0x{byte:02x}" for byte in bad)
        raise SqlError(CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "UTF8": {shown}')
    return result


class TextReader(LineReader):
    """The text format."""

    def __init__(self, options: CopyOptions, codec: str, encoding: str) -> None:
        super().__init__(options, codec, encoding)
        self._carry: list[str] = []
        self._usual = self.null == "\\N" and self.default is None

    def _first_end(self) -> str:
        return r"\\(?:\r\n|.)|(?P<end>\r\n|\r|\n)"

    def _lines(self, text: str, final: bool) -> Iterator[Lines]:
        lines = self._split(text, final)
        ascii_only = text.isascii()
        simple = "\\" not in text and not self._carry
        if simple and ("\r" not in text or self.end == "\r"):
            if self.end == "\r" and "\n" in text:
                yield from self._careful(text, lines, ascii_only, final)
                return
            if self.end == "\r\n" and lines:
                raise self._literal(self.number, True, False)
            if lines:
                first = self.number
                self.number += len(lines)
                yield Lines(first, lines, True, ascii_only)
            return
        if (
            self.end == "\n"
            and not self._carry
            and self._usual
            and "\r" not in text
            and text.count("\\") == text.count("\\N")
        ):
            first = self.number
            self.number += len(lines)
            yield Lines(first, lines, False, ascii_only)
            return
        yield from self._careful(text, lines, ascii_only, final)

    def _careful(self, text: str, lines: list[str], ascii_only: bool, final: bool) -> Iterator[Lines]:
        """Escaped ends of lines, the end marker, and ends of lines that do not fit."""
        out: list[str] = []
        first = self.number
        failure = None
        last = final and not text.endswith(self.end[-1])  # the last line has no end
        for index, raw in enumerate(lines):
            try:
                line = self._whole_line(raw, last and index == len(lines) - 1)
            except LineError as error:
                failure = error
                break
            if line is not None:
                out.append(line)
                self.number += 1
            elif self.ended:
                break
        if final and self._carry and failure is None:
            out.append("".join(self._carry))
            self._carry = []
            self.number += 1
        if out:
            yield Lines(first, out, False, ascii_only)
        if failure is not None:
            raise failure

    def _whole_line(self, line: str, last: bool) -> str | None:
        """The line that this piece ends; None if it goes on, or is the end marker."""
        if self.end == "\r\n":
            if line.endswith("\r"):
                line = line[:-1]
            elif not last:
                if line == "\\.":
                    raise self._marker("does not match previous newline style")
                raise self._literal(self.number, True, False)
        if self._carry:
            line = "".join(self._carry) + line
            self._carry = []
        if "\\" in line:
            if line == "\\.":
                self.ended = True
                return None
            if self._escapes(line) and not last:
                self._carry = [line, "\r" if self.end == "\r" else "\n"]
                return None
        if "\r" in line or (self.end == "\r" and "\n" in line):
            rest = _ESCAPE.sub("", line)
            if "\r" in rest or (self.end == "\r" and "\n" in rest):
                raise self._literal(self.number, "\r" not in rest, False)
        return line

    def _escapes(self, line: str) -> bool:
        """Whether the line ends within an escape; the end marker must not be in it."""
        last = None
        for found in _ESCAPE.finditer(line):
            last = found.group(1)
            if last == ".":
                if found.start() == 0 and line[2:] == "\r":
                    raise self._marker("does not match previous newline style")
                raise self._marker("is not alone on its line")
        return last == ""

    def _marker(self, what: str) -> LineError:
        return line_error(self.number, BAD_COPY_FILE_FORMAT, f"end-of-copy marker {what}")

    def fields(self, line: str) -> list[Any]:
        """Split at delimiters that are not escaped; markers are compared before escapes are undone."""
        parts = line.split(self.delimiter)
        null = self.null
        if "\\" not in line:
            if self.default is None:
                return [None if part == null else part for part in parts]
            return [self._marked(part) for part in parts]
        if self._usual and line.count("\\") == parts.count(null):
            return [None if part == null else part for part in parts]
        joined: list[str] = []
        pending = ""
        for part in parts:
            if pending:
                part = pending + part
                pending = ""
            if part.endswith("\\") and (len(part) - len(part.rstrip("\\"))) % 2:
                pending = part + self.delimiter
            else:
                joined.append(part)
        if pending:  # a backslash at the very end stays
            joined.append(pending[: -len(self.delimiter)])
        return [self._marked(part) for part in joined]

    def _marked(self, part: str) -> Any:
        if part == self.null:
            return None
        if self.default is not None and part == self.default:
            return DEFAULT
        return unescape(part)


class CsvReader(LineReader):
    """The csv format."""

    def __init__(self, options: CopyOptions, codec: str, encoding: str) -> None:
        self.quote = options.quote or '"'
        self.escape = options.escape or self.quote
        super().__init__(options, codec, encoding)
        self._partial: list[str] = []
        self._known_before = False  # the end of line was known when the record began
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        delimiter = re.escape(self.delimiter)
        if self.quote == self.escape:
            self._quoted = re.compile(f"{quote}[^{quote}]*{quote}", re.DOTALL)
        else:
            self._quoted = re.compile(f"{quote}(?:{escape}.|[^{quote}{escape}])*{quote}", re.DOTALL)
        self._unquoted_run = re.compile(f"[^{quote}{delimiter}]*", re.DOTALL)
        self._quoted_run = re.compile(f"[^{quote}{escape}]*", re.DOTALL)
        # a field that is quoted as a whole or not at all: the usual case
        inner = f"[^{quote}{escape}]*"
        if self.quote == self.escape:
            inner = f"(?:[^{quote}]|{quote}{quote})*"
        self._whole = re.compile(
            f"(?:{quote}({inner}){quote}|([^{quote}{delimiter}]*))({delimiter}|\\Z)", re.DOTALL
        )

    def _first_end(self) -> str:
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        if self.quote == self.escape:
            return f"{quote}[^{quote}]*(?:{quote}|\\Z)|(?P<end>\\r\\n|\\r|\\n)"
        return f"{quote}(?:{escape}.|[^{quote}{escape}])*(?:{quote}|\\Z)|(?P<end>\\r\\n|\\r|\\n)"

    def _lines(self, text: str, final: bool) -> Iterator[Lines]:
        lines = self._split(text, final)
        ascii_only = text.isascii()
        if self.quote not in text and not self._partial and self.end == "\n" and "\r" not in text:
            if lines:
                first = self.number
                self.number += len(lines)
                self._known_before = True
                yield Lines(first, lines, True, ascii_only)
            return
        records: list[str] = []
        numbers: list[int] = []
        failure = None
        last = final and not text.endswith(self._mark())
        for index, line in enumerate(lines):
            try:
                record = self._record(line, last and index == len(lines) - 1)
            except LineError as error:
                failure = error
                break
            if record is not None:
                records.append(record)
                numbers.append(self.number - 1)
        if failure is None and final and self._partial:  # ends inside quotes
            rest = "".join(self._partial)
            records.append(rest[:-1] if rest.endswith(self._mark()) else rest)
            numbers.append(self.number)
        if records:
            yield Lines(numbers[0], records, False, ascii_only, numbers)
        if failure is not None:
            raise failure

    def _mark(self) -> str:
        return "\r" if self.end == "\r" else "\n"

    def _record(self, line: str, last: bool) -> str | None:
        """The record that this line ends, None if it goes on."""
        partial = self._partial
        if partial:
            partial += (line,)
            record = "".join(partial)
        else:
            record = line
        if self.quote in record and self._open(record):
            if not partial:
                partial.append(line)
            partial.append(self._mark())
            if self._known_before and not last:  # PostgreSQL counts carriage returns unless lines end in \n
                self.number += line.count("\r") if self.end == "\r\n" else 1
            return None
        if partial:
            self._partial = []
        if self.end == "\r\n":
            if record.endswith("\r"):
                record = record[:-1]
            elif not last:
                raise self._literal(self.number, True, True)
        if "\r" in record or (self.end == "\r" and "\n" in record):
            rest = self._quoted.sub("", record) if self.quote in record else record
            if "\r" in rest or (self.end == "\r" and "\n" in rest):
                raise self._literal(self.number, "\r" not in rest, True)
        self._known_before = True
        self.number += 1
        return record

    def _open(self, record: str) -> bool:
        """Whether the record ends inside quotes."""
        if self.quote == self.escape:
            return record.count(self.quote) % 2 == 1
        return self.quote in self._quoted.sub("", record)

    def fields(self, line: str) -> list[Any]:
        """Quoted and unquoted fields; a quoted one is never a marker."""
        null, default = self.null, self.default
        if self.quote not in line:
            parts = line.split(self.delimiter)
            if default is None:
                return [None if part == null else part for part in parts]
            return [None if part == null else DEFAULT if part == default else part for part in parts]
        out: list[Any] = []
        match = self._whole.match
        position = 0
        doubled = self.quote * 2
        simple = self.quote == self.escape
        while True:
            found = match(line, position)
            if found is None:
                value, position, closed = self._field(line, position)
                out.append(value)
                if closed:
                    return out
                continue
            quoted, plain, delimiter = found.groups()
            if quoted is not None:
                out.append(quoted.replace(doubled, self.quote) if simple else quoted)
            elif plain == null:
                out.append(None)
            elif default is not None and plain == default:
                out.append(DEFAULT)
            else:
                out.append(plain)
            if not delimiter:
                return out
            position = found.end()

    def _field(self, line: str, position: int) -> tuple[str, int, bool]:
        """A field with quotes in its middle: (value, where the next begins, whether it was the last)."""
        size = len(line)
        parts: list[str] = []
        while True:
            found = self._unquoted_run.match(line, position)
            assert found is not None
            parts.append(found.group())
            position = found.end()
            if position == size:
                return "".join(parts), position, True
            if line[position] == self.delimiter:
                return "".join(parts), position + 1, False
            position += 1
            while True:
                found = self._quoted_run.match(line, position)
                assert found is not None
                parts.append(found.group())
                position = found.end()
                if position >= size:
                    raise SqlError(BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field")
                char = line[position]
                following = line[position + 1 : position + 2]
                if char == self.escape and following in (self.escape, self.quote):
                    parts.append(following)
                    position += 2
                    continue
                if char == self.quote:
                    position += 1
                    break
                parts.append(char)
                position += 1
