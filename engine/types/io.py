"""Type input and output: the functions behind pg_type.typinput, typoutput, typreceive, typsend.

Each door returns a plain callable for one type, found once per catalog version through
pg_type -> pg_proc.prosrc -> the registry and cached in catalog.cache:

    text_input(catalog, typid)     -> f(ctx, text, typmod) -> value
    text_output(catalog, typid)    -> f(ctx, value) -> text
    binary_receive(catalog, typid) -> f(ctx, bytes, typmod) -> value
    binary_send(catalog, typid)    -> f(ctx, value) -> bytes

None of them handles NULL: callers do. `ctx` may be None for types whose I/O depends on nothing.
"""

from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, CallSite, Implementation
from ..sqlstates import FEATURE_NOT_SUPPORTED, UNDEFINED_FUNCTION, UNDEFINED_OBJECT

Input = Callable[[Any, str, int], Any]
Output = Callable[[Any, Any], str]
Receive = Callable[[Any, bytes, int], Any]
Send = Callable[[Any, Any], bytes]


def text_input(catalog: Any, typid: int) -> Input:
    """The type's input function."""
    found = catalog.cache.get(("text_input", typid))
    if found is None:
        found = catalog.cache[("text_input", typid)] = _reader(catalog, typid, "typinput")
    return found


def text_output(catalog: Any, typid: int) -> Output:
    """The type's output function."""
    found = catalog.cache.get(("text_output", typid))
    if found is None:
        found = catalog.cache[("text_output", typid)] = _writer(catalog, typid, "typoutput")
    return found


def binary_receive(catalog: Any, typid: int) -> Receive:
    """The type's binary input function."""
    found = catalog.cache.get(("binary_receive", typid))
    if found is None:
        found = catalog.cache[("binary_receive", typid)] = _reader(catalog, typid, "typreceive")
    return found


def binary_send(catalog: Any, typid: int) -> Send:
    """The type's binary output function."""
    found = catalog.cache.get(("binary_send", typid))
    if found is None:
        found = catalog.cache[("binary_send", typid)] = _writer(catalog, typid, "typsend")
    return found


def io_parameter(catalog: Any, typid: int) -> int:
    """What an input function gets as typioparam (PostgreSQL's getTypeIOParam)."""
    row = type_row(catalog, typid)
    return row.typelem or row.oid


def type_row(catalog: Any, typid: int) -> Any:
    """The pg_type row; an error if there is none."""
    row = catalog.pg_type.get(typid)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, f"type with OID {typid} does not exist")
    return row


def implementation(catalog: Any, funcid: int) -> tuple[Any, Implementation]:
    """The pg_proc row and the registered implementation of a function."""
    proc = catalog.pg_proc.get(funcid)
    found = IMPLEMENTATIONS.get(proc.prosrc)
    if found is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"function {proc.proname} is not supported")
    return proc, found


def bound(catalog: Any, proc: Any, found: Implementation, typid: int, result: int) -> Callable[..., Any]:
    """The implementation as a function whose first argument is the context."""
    function = found.function
    if found.bind:
        nargs = proc.pronargs
        function = function(
            CallSite(catalog, proc.oid, (typid,) * nargs, (-1,) * nargs, result, -1, 0, False)
        )
    if found.context:
        return function
    return lambda ctx, *args: function(*args)


def _reader(catalog: Any, typid: int, column: str) -> Callable[[Any, Any, int], Any]:
    row = type_row(catalog, typid)
    funcid = getattr(row, column)
    if not funcid:
        what = "binary input" if column == "typreceive" else "input"
        raise SqlError(
            UNDEFINED_FUNCTION, f"no {what} function available for type {catalog.format_type(typid)}"
        )
    proc, found = implementation(catalog, funcid)
    parameter = row.typelem or row.oid
    nargs = proc.pronargs
    if not found.bind and not found.context:
        function = found.function
        if nargs == 1:
            return lambda ctx, source, typmod: function(source)
        if nargs == 2:
            return lambda ctx, source, typmod: function(source, parameter)
        return lambda ctx, source, typmod: function(source, parameter, typmod)
    call = bound(catalog, proc, found, typid, typid)
    if nargs == 1:
        return lambda ctx, source, typmod: call(ctx, source)
    if nargs == 2:
        return lambda ctx, source, typmod: call(ctx, source, parameter)
    return lambda ctx, source, typmod: call(ctx, source, parameter, typmod)


def _writer(catalog: Any, typid: int, column: str) -> Callable[[Any, Any], Any]:
    row = type_row(catalog, typid)
    funcid = getattr(row, column)
    if not funcid:
        what = "binary output" if column == "typsend" else "output"
        raise SqlError(
            UNDEFINED_FUNCTION, f"no {what} function available for type {catalog.format_type(typid)}"
        )
    proc, found = implementation(catalog, funcid)
    if not found.bind and not found.context:
        function = found.function
        return lambda ctx, value: function(value)
    return bound(catalog, proc, found, typid, 2275 if column == "typoutput" else 17)
