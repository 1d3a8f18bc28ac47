"""Range and multirange values: canonical form, comparison keys, text, binary and stored forms.

A bound as a key: (0,) for minus infinity, (1, key of the value, e) and (2,) for infinity; e is 0 for an
inclusive bound, +1 for an exclusive lower and -1 for an exclusive upper one. Lower and upper bounds
compare with each other by these keys as range_cmp_bounds does.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, CallSite, implements
from ..sqlstates import (
    DATA_EXCEPTION,
    DATETIME_FIELD_OVERFLOW,
    FEATURE_NOT_SUPPORTED,
    INVALID_BINARY_REPRESENTATION,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
)
from ..values import DATE_INFINITY, DATE_MINUS_INFINITY, Multirange, Range
from .compare import any_key, sort_key, sort_key_template
from .io import binary_receive, binary_send, text_input, text_output

EMPTY, LOWER_INC, UPPER_INC, LOWER_INF, UPPER_INF = 1, 2, 4, 8, 16  # RANGE_* flag bits
Key = tuple[Any, ...]


class RangeInfo(NamedTuple):
    """What the catalogs say of a range type."""

    typid: int
    multirange: int
    subtype: int
    key: Callable[[Any], Any]
    canonical: Callable[[Range], Range] | None
    catalog: Any


def range_info(catalog: Any, typid: int) -> RangeInfo:
    """Of a range type or of the range type of a multirange type."""
    found = catalog.cache.get(("range_info", typid))
    if found is None:
        from ..lsyscache import get_multirange_range

        row = catalog.pg_range.get(typid) or catalog.pg_range.get(get_multirange_range(catalog, typid))
        canonical = None
        if row.rngcanonical:
            implementation = IMPLEMENTATIONS.get(catalog.pg_proc.get(row.rngcanonical).prosrc)
            if implementation is None:
                raise SqlError(FEATURE_NOT_SUPPORTED, "canonical functions of range types are not supported")
            canonical = implementation.function
        key = sort_key(catalog, row.rngsubtype) or _same
        found = RangeInfo(row.rngtypid, row.rngmultitypid, row.rngsubtype, key, canonical, catalog)
        catalog.cache["range_info", typid] = found
    return found


def _same(value: Any) -> Any:
    return value


# --- keys ---------------------------------------------------------------------------------------------


def lower_key(value: Range, key: Callable[[Any], Any]) -> Key:
    """The lower bound."""
    return (0,) if value.lower is None else (1, key(value.lower), 0 if value.lower_inc else 1)


def upper_key(value: Range, key: Callable[[Any], Any]) -> Key:
    """The upper bound."""
    return (2,) if value.upper is None else (1, key(value.upper), 0 if value.upper_inc else -1)


def range_key(value: Range, key: Callable[[Any], Any] | None) -> Key:
    """Orders and tells apart ranges: the empty one first."""
    if value.empty:
        return (0,)
    key = key or _same
    return (1, lower_key(value, key), upper_key(value, key))


def multirange_key(value: Multirange, key: Callable[[Any], Any] | None) -> Key:
    """Range by range, shorter ones first."""
    return tuple([range_key(item, key) for item in value.ranges])


def any_range_key(value: Range | Multirange) -> Key:
    """The key where the type is known at run time only."""
    return range_key(value, any_key) if isinstance(value, Range) else multirange_key(value, any_key)


def key_template(catalog: Any, typid: int, typtype: str) -> str:
    """For types/compare.py."""
    from .compare import TEMPLATE_NAMES

    TEMPLATE_NAMES.update(range_key=range_key, multirange_key=multirange_key)
    template = sort_key_template(catalog, range_info(catalog, typid).subtype)
    element = "None" if template is None else "(lambda x: " + template.replace("{0}", "x") + ")"
    return f"{'range' if typtype == 'r' else 'multirange'}_key({{0}}, {element})"


# --- making -------------------------------------------------------------------------------------------


def empty_range(typid: int) -> Range:
    """The empty range."""
    return Range(typid, None, None, False, False, True)


def make_range(info: RangeInfo, lower: Any, upper: Any, lower_inc: bool, upper_inc: bool) -> Range:
    """A range in canonical form; an error if the bounds are out of order."""
    if lower is None:
        lower_inc = False
    if upper is None:
        upper_inc = False
    if lower is not None and upper is not None:
        low, high = info.key(lower), info.key(upper)
        if low > high:
            raise SqlError(
                DATA_EXCEPTION, "range lower bound must be less than or equal to range upper bound"
            )
        if low == high and not (lower_inc and upper_inc):
            return empty_range(info.typid)
    made = Range(info.typid, lower, upper, lower_inc, upper_inc)
    if info.canonical is None:
        return made
    made = info.canonical(made)
    if made.lower is not None and made.upper is not None and made.lower >= made.upper:
        return empty_range(info.typid)
    return made


def _discrete(check: Callable[[int], int]) -> Callable[[Range], Range]:
    def canonical(value: Range) -> Range:
        if value.empty:
            return value
        lower, upper = value.lower, value.upper
        lower_inc, upper_inc = value.lower_inc, value.upper_inc
        if lower is not None and not lower_inc:
            lower, lower_inc = check(lower), True
        if upper is not None and upper_inc:
            upper, upper_inc = check(upper), False
        return Range(value.typid, lower, upper, lower_inc, upper_inc)

    return canonical


def _next_int(limit: int, name: str) -> Callable[[int], int]:
    def following(value: int) -> int:
        if value + 1 >= limit:
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f"{name} out of range")
        return value + 1

    return following


def _next_day(value: int) -> int:
    if value >= 2_145_031_948:  # the day after the last, 5874897-12-31
        raise SqlError(DATETIME_FIELD_OVERFLOW, "date out of range")
    return value + 1


implements("int4range_canonical")(_discrete(_next_int(2**31, "integer")))
implements("int8range_canonical")(_discrete(_next_int(2**63, "bigint")))


@implements("daterange_canonical")
def daterange_canonical(value: Range) -> Range:
    """As the others, but infinite dates have no next day."""
    if value.empty:
        return value
    lower, upper = value.lower, value.upper
    lower_inc, upper_inc = value.lower_inc, value.upper_inc
    finite = (None, DATE_INFINITY, DATE_MINUS_INFINITY)
    if lower not in finite and not lower_inc:
        lower, lower_inc = _next_day(lower), True
    if upper not in finite and upper_inc:
        upper, upper_inc = _next_day(upper), False
    return Range(value.typid, lower, upper, lower_inc, upper_inc)


def make_multirange(info: RangeInfo, ranges: Iterable[Range]) -> Multirange:
    """The ranges in order, those that overlap or touch joined."""
    from ..functions.ranges import adjacent, overlaps, union

    joined: list[Range] = []
    for item in sorted([r for r in ranges if not r.empty], key=lambda r: range_key(r, info.key)):
        if joined and (overlaps(info, joined[-1], item) or adjacent(info, joined[-1], item)):
            joined[-1] = union(info, joined[-1], item)
        else:
            joined.append(item)
    return Multirange(info.multirange, tuple(joined))


# --- text ---------------------------------------------------------------------------------------------

_BLANKS = " \t\n\r\v\f"


def _malformed(text: str, detail: str) -> NoReturn:
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'malformed range literal: "{text}"', detail=detail)


def _bound(text: str, here: int) -> tuple[str | None, int]:
    """The bound that starts at `here` (None: infinite) and the place of what ends it."""
    if text[here : here + 1] in (",", ")", "]"):
        return None, here
    parts: list[str] = []
    quoted = False
    while True:
        char = text[here : here + 1]
        if not quoted and char in (",", ")", "]") and char:
            return "".join(parts), here
        here += 1
        if char == "\\":
            char = text[here : here + 1]
            here += 1
        elif char == '"':
            if quoted and text[here : here + 1] == '"':
                here += 1
            else:
                quoted = not quoted
                continue
        if char == "":
            _malformed(text, "Unexpected end of input.")
        parts.append(char)


def split_range(text: str) -> tuple[str | None, str | None, bool, bool] | None:
    """(lower, upper, lower inclusive, upper inclusive) of a literal; None for the empty range."""
    stripped = text.strip(_BLANKS)
    if stripped[:5].lower() == "empty":
        if len(stripped) > 5:
            _malformed(text, 'Junk after "empty" key word.')
        return None
    here = len(text) - len(text.lstrip(_BLANKS))
    if text[here : here + 1] not in ("[", "("):
        _malformed(text, "Missing left parenthesis or bracket.")
    lower_inc = text[here] == "["
    lower, here = _bound(text, here + 1)
    if text[here] != ",":
        _malformed(text, "Missing comma after lower bound.")
    upper, here = _bound(text, here + 1)
    if text[here] == ",":
        _malformed(text, "Too many commas.")
    upper_inc = text[here] == "]"
    if text[here + 1 :].strip(_BLANKS):
        _malformed(text, "Junk after right parenthesis or bracket.")
    return lower, upper, lower_inc, upper_inc


def bound_text(text: str) -> str:
    """A bound as range_out writes it, quoted where it must be."""
    if text == "" or any(char in '"\\()[], \t\n\r\v\f' for char in text):
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
    return text


def read_range(ctx: Any, info: RangeInfo, text: str, typmod: int) -> Range:
    """The range of a literal."""
    parts = split_range(text)
    if parts is None:
        return empty_range(info.typid)
    read = text_input(info.catalog, info.subtype)
    lower, upper, lower_inc, upper_inc = parts
    return make_range(
        info,
        None if lower is None else read(ctx, lower, typmod),
        None if upper is None else read(ctx, upper, typmod),
        lower_inc,
        upper_inc,
    )


def range_text(ctx: Any, info: RangeInfo, value: Range) -> str:
    """A range as range_out prints it."""
    if value.empty:
        return "empty"
    write = text_output(info.catalog, info.subtype)
    lower = "" if value.lower is None else bound_text(write(ctx, value.lower))
    upper = "" if value.upper is None else bound_text(write(ctx, value.upper))
    return f"{'[' if value.lower_inc else '('}{lower},{upper}{']' if value.upper_inc else ')'}"


@implements("range_in", context=True, bind=True)
def range_in(site: CallSite) -> Callable[..., Range]:
    return lambda ctx, text, typid, typmod: read_range(ctx, range_info(site.catalog, typid), text, typmod)


@implements("range_out", "anyrange_out", "anycompatiblerange_out", context=True, bind=True)
def range_out(site: CallSite) -> Callable[..., str]:
    return lambda ctx, value: range_text(ctx, range_info(site.catalog, value.typid), value)


def _malformed_multirange(text: str, detail: str) -> NoReturn:
    raise SqlError(INVALID_TEXT_REPRESENTATION, f'malformed multirange literal: "{text}"', detail=detail)


def split_multirange(text: str) -> list[str]:
    """The literals of the ranges."""
    here = len(text) - len(text.lstrip(_BLANKS))
    if text[here : here + 1] != "{":
        _malformed_multirange(text, "Missing left brace.")
    here += 1
    found: list[str] = []
    state = "first"
    while True:
        while text[here : here + 1] in _BLANKS and here < len(text):
            here += 1
        char = text[here : here + 1]
        if char == "":
            _malformed_multirange(text, "Unexpected end of input.")
        if char == "}" and state in ("first", "after"):
            break
        if state == "after":
            if char != ",":
                _malformed_multirange(text, "Expected comma or end of multirange.")
            here += 1
            state = "start"
            continue
        if text[here : here + 5].lower() == "empty":
            found.append("empty")
            here += 5
        elif char in "[(":
            end = _range_end(text, here)
            found.append(text[here:end])
            here = end
        else:
            _malformed_multirange(text, "Expected range start.")
        state = "after"
    if text[here + 1 :].strip(_BLANKS):
        _malformed_multirange(text, "Junk after closing right brace.")
    return found


def _range_end(text: str, here: int) -> int:
    """The place behind the range that starts at `here`."""
    quoted = False
    here += 1
    while here < len(text):
        char = text[here]
        if char == "\\":
            here += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "])":
            return here + 1
        here += 1
    _malformed_multirange(text, "Unexpected end of input.")


@implements("multirange_in", context=True, bind=True)
def multirange_in(site: CallSite) -> Callable[..., Multirange]:
    def read(ctx: Any, text: str, typid: int, typmod: int) -> Multirange:
        info = range_info(site.catalog, typid)
        return make_multirange(info, [read_range(ctx, info, part, typmod) for part in split_multirange(text)])

    return read


@implements("multirange_out", "anymultirange_out", "anycompatiblemultirange_out", context=True, bind=True)
def multirange_out(site: CallSite) -> Callable[..., str]:
    def write(ctx: Any, value: Multirange) -> str:
        info = range_info(site.catalog, value.typid)
        return "{" + ",".join([range_text(ctx, info, item) for item in value.ranges]) + "}"

    return write


# --- binary ------------------------------------------------------------------------------------------


def range_flags(value: Range) -> int:
    """PostgreSQL's flag byte."""
    if value.empty:
        return EMPTY
    flags = LOWER_INF if value.lower is None else LOWER_INC if value.lower_inc else 0
    return flags | (UPPER_INF if value.upper is None else UPPER_INC if value.upper_inc else 0)


def send_range(ctx: Any, info: RangeInfo, value: Range) -> bytes:
    """The binary form."""
    parts = [bytes([range_flags(value)])]
    send = binary_send(info.catalog, info.subtype)
    for bound in (value.lower, value.upper):
        if bound is not None:
            data = send(ctx, bound)
            parts.append(struct.pack(">i", len(data)) + data)
    return b"".join(parts)


def receive_range(ctx: Any, info: RangeInfo, data: bytes, typmod: int) -> Range:
    """The range of a binary form."""
    receive = binary_receive(info.catalog, info.subtype)
    if not data:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "no data left in message")
    flags, here = data[0], 1
    if flags & EMPTY:
        return empty_range(info.typid)
    bounds: list[Any] = []
    for infinite in (LOWER_INF, UPPER_INF):
        if flags & infinite:
            bounds.append(None)
            continue
        if here + 4 > len(data):
            raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message")
        (length,) = struct.unpack_from(">i", data, here)
        here += 4
        if length < 0 or here + length > len(data):
            raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message")
        bounds.append(receive(ctx, data[here : here + length], typmod))
        here += length
    return make_range(info, bounds[0], bounds[1], bool(flags & LOWER_INC), bool(flags & UPPER_INC))


@implements("range_send", context=True, bind=True)
def range_send(site: CallSite) -> Callable[..., bytes]:
    return lambda ctx, value: send_range(ctx, range_info(site.catalog, value.typid), value)


@implements("range_recv", context=True, bind=True)
def range_recv(site: CallSite) -> Callable[..., Range]:
    return lambda ctx, data, typid, typmod: receive_range(ctx, range_info(site.catalog, typid), data, typmod)


@implements("multirange_send", context=True, bind=True)
def multirange_send(site: CallSite) -> Callable[..., bytes]:
    def send(ctx: Any, value: Multirange) -> bytes:
        info = range_info(site.catalog, value.typid)
        parts = [send_range(ctx, info, item) for item in value.ranges]
        return struct.pack(">i", len(parts)) + b"".join([struct.pack(">i", len(p)) + p for p in parts])

    return send


@implements("multirange_recv", context=True, bind=True)
def multirange_recv(site: CallSite) -> Callable[..., Multirange]:
    def receive(ctx: Any, data: bytes, typid: int, typmod: int) -> Multirange:
        info = range_info(site.catalog, typid)
        found = []
        try:
            (count,) = struct.unpack_from(">i", data)
            here = 4
            for _ in range(count):
                (length,) = struct.unpack_from(">i", data, here)
                found.append(receive_range(ctx, info, data[here + 4 : here + 4 + length], typmod))
                here += 4 + length
        except struct.error:
            raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message") from None
        return make_multirange(info, found)

    return receive


# --- stored --------------------------------------------------------------------------------------------


def pack_range(value: Range, pack: Callable[[Any], Any] | None) -> list[Any]:
    """[flags, lower, upper]"""
    bounds = (value.lower, value.upper)
    return [range_flags(value), *[b if b is None or pack is None else pack(b) for b in bounds]]


def unpack_range(stored: Any, typid: int, _multirange: int, unpack: Callable[[Any], Any] | None) -> Range:
    """The range that pack_range stored."""
    flags, lower, upper = stored
    if unpack is not None:
        lower = None if lower is None else unpack(lower)
        upper = None if upper is None else unpack(upper)
    return Range(typid, lower, upper, bool(flags & LOWER_INC), bool(flags & UPPER_INC), bool(flags & EMPTY))


def pack_multirange(value: Multirange, pack: Callable[[Any], Any] | None) -> list[Any]:
    """The ranges' stored forms."""
    return [pack_range(item, pack) for item in value.ranges]


def unpack_multirange(
    stored: Any, typid: int, multirange: int, unpack: Callable[[Any], Any] | None
) -> Multirange:
    """The multirange that pack_multirange stored."""
    return Multirange(multirange, tuple([unpack_range(item, typid, multirange, unpack) for item in stored]))


STORAGE_NAMES: dict[str, Any] = {
    "pack_range": pack_range,
    "unpack_range": unpack_range,
    "pack_multirange": pack_multirange,
    "unpack_multirange": unpack_multirange,
}
