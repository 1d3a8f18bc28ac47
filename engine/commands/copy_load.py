"""COPY FROM: generated code from fields to stored rows.

For each table, column list and kind of line there is one generated loop: it splits a line, converts
the fields straight to stored form, and hands the row to the table's writer (engine/compile/writer.py).
Where storing runs nothing of the user's, the rows of a piece are handed over together.
The loop carries no bookkeeping for errors: when a line fails, `Loader.failure` converts its fields again
one by one to find the column that PostgreSQL would name.
"""

import linecache
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from ..compile.expressions import template_helpers
from ..compile.writer import TableWriter
from ..errors import Notice, SqlError
from ..sqlstates import (
    BAD_COPY_FILE_FORMAT,
    CHARACTER_NOT_IN_REPERTOIRE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    UNIQUE_VIOLATION,
)
from ..types.io import text_input
from ..types.storage import pack_template, pack_value
from .copy_lines import DEFAULT, Lines
from .copy_options import CopyOptions

SHOWN_BYTES_MAX = 100
_numbers = count(1)
_INTEGERS = {21: 2**15, 23: 2**31, 20: 2**63}
_TEXTS = frozenset((25, 19, 1043, 1042))
_BOOLEANS = {"t": True, "f": False, "true": True, "false": False}


def shown(text: str) -> str:
    """A value or line for CONTEXT: at most 100 bytes."""
    data = text.encode()
    if len(data) <= SHOWN_BYTES_MAX:
        return text
    return data[:SHOWN_BYTES_MAX].decode("utf-8", "ignore") + "..."


class Target:
    """What COPY FROM fills: the table, its columns in the data's order, and values for the others.

    `defaults`: position in the stored row -> function(ctx) giving the stored value; `constants`: those
    that are always the same; `marked`: as defaults, by position in the data, for the DEFAULT marker.
    `null_checks`: position in the data -> function(ctx) raising for a domain that forbids NULL.
    """

    def __init__(self, relation: Any, columns: Sequence[Any], writer: TableWriter) -> None:
        self.relation = relation
        self.columns = columns
        self.writer = writer
        self.defaults: dict[int, Callable[[Any], Any]] = {}
        self.constants: dict[int, Any] = {}
        self.marked: dict[int, Callable[[Any], Any]] = {}
        self.null_checks: dict[int, Callable[[Any], Any]] = {}
        self.where: Callable[[Any, Any], bool] | None = None
        self.triggers: Any = None
        self.lines_in_batches = True  # errors of unique constraints do not show the line


class Loader:
    """Loads Lines into a Target."""

    def __init__(self, ctx: Any, target: Target, options: CopyOptions, fields: Any) -> None:
        self.ctx = ctx
        self.target = target
        self.options = options
        self.fields = fields
        self.count = 0
        self.skipped = 0
        self._limit: SqlError | None = None
        self.force_not_null: frozenset[int] = frozenset()
        self.force_null: frozenset[int] = frozenset()
        self._loops: dict[tuple[str, bool], Any] = {}
        catalog = ctx.catalog
        self.inputs = [text_input(catalog, column.typid) for column in target.columns]

    def load(self, lines: Lines) -> None:
        """Store the rows of some lines."""
        options = self.options
        forced = bool(self.force_not_null or self.force_null)
        if lines.plain and not forced and options.default is None:
            mode = "compare" if options.csv or "\\" not in options.null else "values"  # type: ignore[operator]
        else:
            mode = "fields"
        loop = self._loops.get((mode, lines.ascii))
        if loop is None:
            loop = self._loops[mode, lines.ascii] = self._make(mode, lines.ascii)
        fields = self._forced_fields if forced else self.fields
        self.count += loop(self.ctx, lines.lines, fields, lines.first, lines.numbers)

    def _forced_fields(self, line: str) -> list[Any]:
        """FORCE_NOT_NULL and FORCE_NULL."""
        out: list[Any] = self.fields(line)
        null = self.options.null
        for position, value in enumerate(out):
            if value is None:
                if position in self.force_not_null:
                    out[position] = null
            elif value == null and position in self.force_null:
                out[position] = None
        return out

    # --- code -------------------------------------------------------------------------------------

    def _make(self, mode: str, ascii_only: bool) -> Any:
        target = self.target
        names: dict[str, Any] = {
            "prepare": target.writer.prepare,
            "store": target.writer.store,
            "bulk": target.writer.bulk,
            "where": target.where,
            "fail": self.failure,
            "bulk_fail": self.bulk_failure,
            "skip": self.skip,
            "too_large": _too_large,
            "BOOLEANS": _BOOLEANS,
            "DEFAULT": DEFAULT,
            "NULL": self.options.null,
            "delimiter": self.options.delimiter,
        }
        ignore = self.options.on_error == "ignore"
        width = len(target.columns)
        body: list[str] = []
        if width:
            source = "fields(line)" if mode == "fields" else "line.split(delimiter)"
            body.append(f"{', '.join(f'c{i}' for i in range(width))}, = {source}")
        else:
            body.append("if line: raise ValueError")
        for position in range(width):
            body += self._convert(position, mode, ascii_only, names)
        items = self._row_items(names)
        row = f"n = [{', '.join(items)}]"
        lines = ["def load(ctx, lines, fields, first, numbers):", "    count = 0", "    number = first"]
        bulk = names["bulk"] is not None and target.where is None and not ignore
        if bulk:
            lines += ["    rows = []", "    append = rows.append"]
        lines += ["    line = ''", "    try:", "        for number, line in enumerate(lines, first):"]
        indent = " " * 12
        if ignore:
            lines.append(indent + "try:")
            lines += [indent + "    " + text for text in body]
            lines.append(indent + "except Exception as error:")
            lines.append(indent + "    skip(error, numbers[number - first] if numbers else number, line)")
            lines.append(indent + "    continue")
        else:
            lines += [indent + text for text in body]
        lines.append(indent + row)
        if target.where is not None:
            lines.append(indent + "if not where(ctx, n):")
            lines.append(indent + "    continue")
        if bulk:
            lines += [indent + "append(n)", "        bulk(ctx, rows)", "    except Exception as error:"]
            lines += ["        raise bulk_fail(error, ctx, rows, first, number, numbers, lines) from None"]
            lines += ["    return len(rows)"]
            return compile_function("\n".join(lines) + "\n", f"copy {target.relation.name}", "load", names)
        lines += [indent + "if prepare(ctx, n):", indent + "    continue"]  # triggers will not have it
        lines += [indent + "store(ctx, n)", indent + "count += 1"]
        lines += ["    except Exception as error:"]
        lines.append(
            "        raise fail(error, numbers[number - first] if numbers else number, line) from None"
        )
        lines.append("    return count")
        return compile_function("\n".join(lines) + "\n", f"copy {target.relation.name}", "load", names)

    def _row_items(self, names: dict[str, Any]) -> list[str]:
        target = self.target
        items = ["None"] * len(target.relation.columns)
        for position, column in enumerate(target.columns):
            items[column.attnum - 1] = f"c{position}"
        for place, value in target.constants.items():
            names[f"constant{place}"] = value
            items[place] = f"constant{place}"
        for place, default in target.defaults.items():
            names[f"default{place}"] = default
            items[place] = f"default{place}(ctx)"
        return items

    def _convert(self, position: int, mode: str, ascii_only: bool, names: dict[str, Any]) -> list[str]:
        """Statements that turn the text c{position} into the stored value."""
        target = self.target
        column = target.columns[position]
        name = f"c{position}"
        lines = self._conversion(position, column, name, ascii_only, names)
        test = {"values": "", "compare": f"{name} == NULL", "fields": f"{name} is None"}[mode]
        branches: list[tuple[str, list[str]]] = []
        if test:
            on_null = [f"{name} = None"] if mode == "compare" else ["pass"]
            if position in target.null_checks:
                names[f"null{position}"] = target.null_checks[position]
                on_null.append(f"null{position}(ctx)")
            if lines or on_null != ["pass"]:
                branches.append((test, on_null))
        if mode == "fields" and self.options.default is not None:
            if position in target.marked:
                names[f"marked{position}"] = target.marked[position]
                branches.append((f"{name} is DEFAULT", [f"{name} = marked{position}(ctx)"]))
            else:
                branches.append((f"{name} is DEFAULT", ["raise ValueError"]))
        if not branches:
            return lines
        out = []
        for index, (condition, statements) in enumerate(branches):
            out.append(f"{'elif' if index else 'if'} {condition}:")
            out += ["    " + statement for statement in statements]
        if lines:
            out.append("else:")
            out += ["    " + line for line in lines]
        return out

    def _conversion(
        self, position: int, column: Any, name: str, ascii_only: bool, names: dict[str, Any]
    ) -> list[str]:
        typid, typmod = column.typid, column.typmod
        names[f"input{position}"] = self.inputs[position]
        general = f"input{position}(ctx, {name}, {typmod})"
        if typid in _INTEGERS and ascii_only:
            limit = _INTEGERS[typid]
            return [
                "try:",
                f"    {name} = int({name})",
                "except ValueError:",
                f"    {name} = {general}",
                f"if not {-limit} <= {name} < {limit}: too_large()",
            ]
        if typid in _TEXTS and typid != 19 and typmod < 0:
            return []
        if typid == 1043:
            return [f"if len({name}) > {typmod - 4}: {name} = {general}"]
        if typid == 1042:
            return [
                f"{name} = {name}.ljust({typmod - 4}) if len({name}) <= {typmod - 4} else {general}",
            ]
        if typid == 16:
            return [f"{name} = BOOLEANS[{name}] if {name} in BOOLEANS else {general}"]
        template = pack_template(self.ctx.catalog, typid)
        if template is None:
            return [f"{name} = {general}"]
        names.update(template_helpers(template))
        return [f"{name} = {general}", f"{name} = {template.format(name)}"]

    # --- failures ---------------------------------------------------------------------------------

    def _again(self, line: str) -> tuple[SqlError | None, Any, Any]:
        """(error, column, its text) of a line that could not be converted; (None, None, None) if it can."""
        target = self.target
        try:
            plain = self._forced_fields(line) if self.force_null or self.force_not_null else self.fields(line)
        except SqlError as error:
            return error, None, None
        width = len(target.columns)
        if len(plain) > width and not (width == 0 and line == ""):
            return SqlError(BAD_COPY_FILE_FORMAT, "extra data after last expected column"), None, None
        for position, column in enumerate(target.columns):
            if position >= len(plain):
                return SqlError(BAD_COPY_FILE_FORMAT, f'missing data for column "{column.name}"'), None, None
            value = plain[position]
            if value is DEFAULT:
                if position not in target.marked:
                    unexpected = SqlError(
                        BAD_COPY_FILE_FORMAT,
                        "unexpected default marker in COPY data",
                        detail=f'Column "{column.name}" has no default value.',
                    )
                    return unexpected, None, None
                continue
            try:
                if value is None:
                    if position in target.null_checks:
                        target.null_checks[position](self.ctx)
                else:
                    stored = self.inputs[position](self.ctx, value, column.typmod)
                    pack_value(self.ctx.catalog, column.typid, stored)
            except SqlError as error:
                return error, column, value
        return None, None, None

    def failure(self, error: BaseException, number: int, line: str) -> BaseException:
        """The error to raise for a line, with its CONTEXT."""
        if error is self._limit:
            return error
        found, column, value = self._again(line)
        if found is None:
            if not isinstance(error, SqlError):
                return error
            text: str | None = line
            if error.sqlstate == UNIQUE_VIOLATION and self.target.lines_in_batches:
                text = None
            return self.in_context(error, number, text)
        return self.in_context(found, number, line, column, value)

    def bulk_failure(
        self,
        error: BaseException,
        ctx: Any,
        rows: list[Any],
        first: int,
        number: int,
        numbers: list[int] | None,
        lines: Sequence[str],
    ) -> BaseException:
        """The error of the first line that has one: those before a line that cannot be converted
        have not been stored yet."""
        place: Any = getattr(error, "bulk_place", None)
        if place is None:
            place = number - first
            try:
                self.target.writer.bulk(ctx, rows)
            except Exception as earlier:
                error = earlier
                place = getattr(earlier, "bulk_place", place)
        line = lines[place] if place < len(lines) else ""
        return self.failure(error, numbers[place] if numbers else first + place, line)

    def in_context(
        self, error: SqlError, number: int, line: str | None, column: Any = None, value: Any = None
    ) -> SqlError:
        """Add the CONTEXT of a line, or of a value in it."""
        where = f"COPY {self.target.relation.name}, line {number}"
        if column is not None:
            where += f", column {column.name}: " + ("null input" if value is None else f'"{shown(value)}"')
        elif line is not None:
            where += f': "{shown(line)}"'
        error.where = f"{error.where}\n{where}" if error.where else where
        return error

    def skip(self, error: BaseException, number: int, line: str) -> None:
        """ON_ERROR IGNORE: count a line whose values do not fit their types; raise anything else."""
        found, column, value = self._again(line)
        if found is None or column is None or found.sqlstate == CHARACTER_NOT_IN_REPERTOIRE:
            raise self.failure(error, number, line) from None
        self.skipped += 1
        options = self.options
        text = "null input" if value is None else f'"{shown(value)}"'
        if options.log_verbosity == "verbose":
            notice = Notice(
                f"skipping row due to data type incompatibility at line {number} "
                f'for column "{column.name}": {text}'
            )
            notice.where = f"COPY {self.target.relation.name}"
            self.ctx.notice(notice)
        if options.reject_limit and self.skipped > options.reject_limit:
            limit = options.reject_limit
            self._limit = SqlError(
                INVALID_TEXT_REPRESENTATION,
                f"skipped more than REJECT_LIMIT ({limit}) rows due to data type incompatibility",
            )
            raise self.in_context(self._limit, number, line, column, value) from None


def _too_large() -> None:
    raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, "out of range")


def compile_function(source: str, what: str, name: str, names: dict[str, Any]) -> Any:
    """Run generated source and return the function of that name; tracebacks show its lines."""
    file = f"<{what} {next(_numbers)}>"
    exec(compile(source, file, "exec"), names)
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return names[name]
