"""The options of COPY: reading and checking them (ProcessCopyOptions of PostgreSQL's copy.c)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pglast import ast

from ..errors import SqlError
from ..settingchecks import encoding_entry
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    SYNTAX_ERROR,
)
from .options import conflicting_option, option_boolean, option_string, unknown_option


@dataclass(slots=True)
class CopyOptions:
    """What COPY does with its data. `encoding` is Python's codec, None for the client's."""

    is_from: bool
    format: str = "text"
    freeze: bool = False
    delimiter: str | None = None
    null: str | None = None
    default: str | None = None
    header: str = ""  # "", "true" or "match"
    quote: str | None = None
    escape: str | None = None
    force_quote: "Sequence[str] | str | None" = None  # names, or "*"
    force_not_null: "Sequence[str] | str | None" = None
    force_null: "Sequence[str] | str | None" = None
    encoding: str | None = None
    encoding_name: str = ""
    on_error: str = "stop"
    reject_limit: int = 0
    log_verbosity: str = "default"

    @property
    def csv(self) -> bool:
        return self.format == "csv"

    @property
    def binary(self) -> bool:
        return self.format == "binary"


def read_options(elements: Sequence[ast.DefElem] | None, is_from: bool) -> CopyOptions:
    """The options of a COPY statement, checked against each other."""
    options = CopyOptions(is_from)
    seen: set[str] = set()
    for element in elements or ():
        name = element.defname
        if name not in _READERS:
            raise unknown_option(element)
        if name in seen:
            raise conflicting_option(element)
        seen.add(name)
        _READERS[name](options, element)
    _check_text(options)
    _check_csv(options)
    _check_direction(options)
    if options.reject_limit and options.on_error != "ignore":
        raise _invalid("COPY REJECT_LIMIT requires ON_ERROR to be set to IGNORE")
    return options


def _invalid(message: str, element: ast.DefElem | None = None) -> SqlError:
    return SqlError(INVALID_PARAMETER_VALUE, message, position=element.location if element else None)


def _unsupported(message: str) -> SqlError:
    return SqlError(FEATURE_NOT_SUPPORTED, message)


# --- one reader per option ---------------------------------------------------------------------


def _format(options: CopyOptions, element: ast.DefElem) -> None:
    value = option_string(element)
    if value not in ("text", "csv", "binary"):
        raise _invalid(f'COPY format "{value}" not recognized', element)
    options.format = value


def _header(options: CopyOptions, element: ast.DefElem) -> None:
    if element.arg is None:
        options.header = "true"
        return
    value = option_string(element).lower()
    if isinstance(element.arg, ast.Integer):
        known = {"0": "", "1": "true"}
    else:
        known = {"true": "true", "on": "true", "false": "", "off": "", "match": "match"}
    if value not in known:
        raise SqlError(SYNTAX_ERROR, f'{element.defname} requires a Boolean value or "match"')
    if known[value] == "match" and not options.is_from:
        raise _unsupported(f'cannot use "{option_string(element)}" with HEADER in COPY TO')
    options.header = known[value]


def _column_names(element: ast.DefElem, star: bool = True) -> "Sequence[str] | str":
    value = element.arg
    if isinstance(value, ast.A_Star) and star:
        return "*"
    if isinstance(value, tuple | list):
        return [item.sval for item in value]
    raise _invalid(f'argument to option "{element.defname}" must be a list of column names', element)


def _encoding(options: CopyOptions, element: ast.DefElem) -> None:
    entry = encoding_entry(option_string(element))
    if entry is None:
        raise _invalid(f'argument to option "{element.defname}" must be a valid encoding name', element)
    options.encoding_name, options.encoding = entry[0], entry[1]


def _on_error(options: CopyOptions, element: ast.DefElem) -> None:
    value = option_string(element)
    if not options.is_from:
        raise _invalid("COPY ON_ERROR cannot be used with COPY TO", element)
    if value.lower() not in ("stop", "ignore"):
        raise _invalid(f'COPY ON_ERROR "{value}" not recognized', element)
    options.on_error = value.lower()


def _reject_limit(options: CopyOptions, element: ast.DefElem) -> None:
    text = option_string(element)
    try:
        limit = int(text)
    except ValueError:
        raise SqlError(
            INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type bigint: "{text}"'
        ) from None
    if not -(2**63) <= limit < 2**63:
        raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{text}" is out of range for type bigint')
    if limit <= 0:
        raise _invalid(f"REJECT_LIMIT ({limit}) must be greater than zero")
    options.reject_limit = limit


def _log_verbosity(options: CopyOptions, element: ast.DefElem) -> None:
    value = option_string(element)
    if value.lower() not in ("default", "verbose", "silent"):
        raise _invalid(f'COPY LOG_VERBOSITY "{value}" not recognized', element)
    options.log_verbosity = value.lower()


def _text(attribute: str) -> Callable[[CopyOptions, ast.DefElem], None]:
    def read(options: CopyOptions, element: ast.DefElem) -> None:
        setattr(options, attribute, option_string(element))

    return read


def _freeze(options: CopyOptions, element: ast.DefElem) -> None:
    options.freeze = option_boolean(element)


def _names(attribute: str) -> Callable[[CopyOptions, ast.DefElem], None]:
    def read(options: CopyOptions, element: ast.DefElem) -> None:
        setattr(options, attribute, _column_names(element))

    return read


_READERS: dict[str, Callable[[CopyOptions, ast.DefElem], None]] = {
    "format": _format,
    "freeze": _freeze,
    "delimiter": _text("delimiter"),
    "null": _text("null"),
    "default": _text("default"),
    "header": _header,
    "quote": _text("quote"),
    "escape": _text("escape"),
    "force_quote": _names("force_quote"),
    "force_not_null": _names("force_not_null"),
    "force_null": _names("force_null"),
    "encoding": _encoding,
    "on_error": _on_error,
    "reject_limit": _reject_limit,
    "log_verbosity": _log_verbosity,
}


# --- checks between options ----------------------------------------------------------------------


def _check_text(options: CopyOptions) -> None:
    if options.binary:
        for name in ("delimiter", "null", "default"):
            if getattr(options, name) is not None:
                raise SqlError(SYNTAX_ERROR, f"cannot specify {name.upper()} in BINARY mode")
    csv = options.csv
    if options.delimiter is None:
        options.delimiter = "," if csv else "\t"
    if options.null is None:
        options.null = "" if csv else "\\N"
    if csv:
        if options.quote is None:
            options.quote = '"'
        if options.escape is None:
            options.escape = options.quote
    delimiter = options.delimiter
    if len(delimiter.encode()) != 1:
        raise _unsupported("COPY delimiter must be a single one-byte character")
    if delimiter in "\r\n":
        raise _invalid("COPY delimiter cannot be newline or carriage return")
    if "\r" in options.null or "\n" in options.null:
        raise _invalid("COPY null representation cannot use newline or carriage return")
    if options.default is not None and ("\r" in options.default or "\n" in options.default):
        raise _invalid("COPY default representation cannot use newline or carriage return")
    if not csv and delimiter in "\\.abcdefghijklmnopqrstuvwxyz0123456789":
        raise _invalid(f'COPY delimiter cannot be "{delimiter}"')
    if options.binary and options.header:
        raise _unsupported("cannot specify HEADER in BINARY mode")


def _check_csv(options: CopyOptions) -> None:
    csv = options.csv
    if not csv:
        for name in ("quote", "escape", "force_quote", "force_not_null", "force_null"):
            if getattr(options, name) is not None:
                raise _unsupported(f"COPY {name.upper()} requires CSV mode")
        return
    assert options.quote is not None and options.escape is not None
    if len(options.quote.encode()) != 1:
        raise _unsupported("COPY quote must be a single one-byte character")
    if options.delimiter == options.quote:
        raise _invalid("COPY delimiter and quote must be different")
    if len(options.escape.encode()) != 1:
        raise _unsupported("COPY escape must be a single one-byte character")
    if options.force_quote is not None and options.is_from:
        raise _unsupported("COPY FORCE_QUOTE cannot be used with COPY FROM")
    for name in ("force_not_null", "force_null"):
        if getattr(options, name) is not None and not options.is_from:
            raise _invalid(f"COPY {name.upper()} cannot be used with COPY TO")


def _check_direction(options: CopyOptions) -> None:
    assert options.delimiter is not None and options.null is not None
    if options.delimiter in options.null:
        raise _invalid("COPY delimiter character must not appear in the NULL specification")
    if options.csv and options.quote in options.null:  # type: ignore[operator]
        raise _invalid("CSV quote character must not appear in the NULL specification")
    if options.freeze and not options.is_from:
        raise _invalid("COPY FREEZE cannot be used with COPY TO")
    default = options.default
    if default is not None:
        if not options.is_from:
            raise _unsupported("COPY DEFAULT cannot be used with COPY TO")
        if options.delimiter in default:
            raise _unsupported("COPY delimiter character must not appear in the DEFAULT specification")
        if options.csv and options.quote in default:  # type: ignore[operator]
            raise _unsupported("CSV quote character must not appear in the DEFAULT specification")
        if default == options.null:
            raise _unsupported("NULL specification and DEFAULT specification cannot be the same")
    if options.binary and options.on_error != "stop":
        raise SqlError(SYNTAX_ERROR, "only ON_ERROR STOP is allowed in BINARY mode")


def force_columns(names: Any, option: str, columns: Sequence[Any], relation: Any) -> frozenset[int]:
    """The positions in the column list that a FORCE_... option names."""
    from ..sqlstates import DUPLICATE_COLUMN, INVALID_COLUMN_REFERENCE, UNDEFINED_COLUMN

    if names is None:
        return frozenset()
    if names == "*":
        return frozenset(range(len(columns)))
    found: set[int] = set()
    for name in names:
        position = next((i for i, column in enumerate(columns) if column.name == name), None)
        if position is None:
            if relation is not None and any(c.name == name and not c.dropped for c in relation.columns):
                raise SqlError(INVALID_COLUMN_REFERENCE, f'{option} column "{name}" not referenced by COPY')
            of = f' of relation "{relation.name}"' if relation is not None else ""
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}"{of} does not exist')
        if position in found:
            raise SqlError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        found.add(position)
    return frozenset(found)
