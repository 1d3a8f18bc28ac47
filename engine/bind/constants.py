"""Literals: make_const, and where they stand in the statement.

pglast's A_Const nodes have no location, libpg_query's JSON form has. Only errors need locations of
literals, so analysis runs without them; if it fails, analyze_with_locations finds them and runs
the analysis once more, which fails again, pointing at the literal.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from pglast import ast

from .. import tree as t
from ..errors import SqlError
from ..sqlstates import STATEMENT_TOO_COMPLEX
from .parse_state import AnalyzeContext, ParseState

BOOLOID = 16
INT8OID = 20
INT4OID = 23
UNKNOWNOID = 705
BITOID = 1560
NUMERICOID = 1700

T = TypeVar("T")


def const_location(pstate: ParseState, node: Any) -> int:
    """Where a literal stands, -1 while that is not known."""
    locations = pstate.context.literal_locations
    return -1 if locations is None else locations.get(id(node), -1)


def make_const(pstate: ParseState, node: Any) -> t.Const:
    """The Const of a literal; strings and NULL are of type unknown."""
    location = const_location(pstate, node)
    if node.isnull:
        return t.Const(UNKNOWNOID, None, True, -1, 0, location)
    value = node.val
    cls = value.__class__
    if cls is ast.Integer:
        return t.Const(INT4OID, value.ival, False, -1, 0, location)
    if cls is ast.String:
        return t.Const(UNKNOWNOID, value.sval, False, -1, 0, location)
    if cls is ast.Boolean:
        return t.Const(BOOLOID, bool(value.boolval), False, -1, 0, location)
    if cls is ast.Float:
        return _make_number(pstate, value.fval, location)
    if cls is ast.BitString:
        from .coercion import input_const

        bits = input_const(pstate, BITOID, value.bsval, -1, location)
        return t.Const(BITOID, bits, False, -1, 0, location)
    raise AssertionError(f"unrecognized literal {cls.__name__}")


def _make_number(pstate: ParseState, text: str, location: int) -> t.Const:
    """A number too large for int4 or with a fraction: int8 if it fits, else numeric."""
    try:
        number = int(text.replace("_", ""), 0) if text[:1] != "0" or len(text) < 2 else _radix(text)
    except ValueError:
        number = None
    if number is not None:
        if -(2**31) <= number < 2**31:
            return t.Const(INT4OID, number, False, -1, 0, location)
        if -(2**63) <= number < 2**63:
            return t.Const(INT8OID, number, False, -1, 0, location)
        return t.Const(NUMERICOID, Decimal(number), False, -1, 0, location)
    if len(text) < 1000 and text.replace(".", "", 1).isdigit():
        return t.Const(NUMERICOID, Decimal(text), False, -1, 0, location)
    from .coercion import input_const

    value = input_const(pstate, NUMERICOID, text, -1, location)
    return t.Const(NUMERICOID, value, False, -1, 0, location)


def _radix(text: str) -> int | None:
    """An integer literal that begins with 0: hexadecimal, octal, binary, or leading zeros."""
    digits = text.replace("_", "")
    return int(digits, 0) if digits[1:2] in "xXoObB" and digits[1:2] else int(digits)


# --- locations of literals ------------------------------------------------------------------------------


def analyze_with_locations(context: AnalyzeContext, source: str, raw: Any, run: Callable[[], T]) -> T:
    """run(), once more with the locations of literals known if it raises an SqlError.

    `raw` is the pglast statement (RawStmt or its stmt) that `source` was parsed into.
    """
    try:
        return run()
    except RecursionError:
        raise too_complex() from None
    except SqlError:
        if context.literal_locations is not None:
            raise
        context.literal_locations = literal_locations(source, raw)
        if not context.literal_locations:
            raise
    if context.params is not None:
        context.params.reset()
    return run()


def too_complex() -> SqlError:
    """The error for a statement nested too deeply."""
    return SqlError(
        STATEMENT_TOO_COMPLEX,
        "stack depth limit exceeded",
        hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring '
        "the platform's stack depth limit is adequate.",
    )


def literal_locations(source: str, raw: Any) -> dict[int, int]:
    """id(A_Const) -> character offset, for the literals below `raw`; {} if they cannot be found."""
    import msgspec
    from pglast.parser import ParseError, parse_sql_json

    try:
        document = msgspec.json.decode(parse_sql_json(source))
    except ParseError:
        return {}
    nodes = list(_raw_constants(raw))
    encoded = source.encode()
    ascii_only = len(encoded) == len(source)
    candidates = [list(_json_constants(statement["stmt"])) for statement in document.get("stmts", ())]
    if len(candidates) > 1 and isinstance(raw, ast.RawStmt):
        start = raw.stmt_location
        candidates = [
            locations
            for locations, statement in zip(candidates, document["stmts"], strict=True)
            if len(encoded[: statement.get("stmt_location", 0)].decode()) == start
        ]
    for locations in candidates:
        if len(locations) == len(nodes):
            return {
                id(node): offset if ascii_only or offset < 0 else len(encoded[:offset].decode())
                for node, offset in zip(nodes, locations, strict=True)
            }
    return {}


def _raw_constants(value: Any) -> Iterator[Any]:
    if isinstance(value, ast.A_Const):
        yield value
    elif isinstance(value, ast.Node):
        names: Any = value.__class__.__slots__
        for name in names:
            yield from _raw_constants(getattr(value, name))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _raw_constants(item)


def _json_constants(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "A_Const":
                yield item.get("location", 0)
            else:
                yield from _json_constants(item)
    elif isinstance(value, list):
        for item in value:
            yield from _json_constants(item)
