"""jsonb_path_exists, _match, _query, _query_array, _query_first, their _tz forms, @? and @@."""

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_PARAMETER_VALUE, SINGLETON_SQL_JSON_ITEM_REQUIRED
from ..types.jsonpath import JsonPath
from ..values import Jsonb
from . import jsonpath_datetime
from .jsonpath_run import Executor, PathError


def execute(
    ctx: Any, jsonb: Jsonb, path: JsonPath, variables: Jsonb | None, silent: bool, use_tz: bool
) -> list[Any]:
    """All items; those found before an error if errors are suppressed."""
    found: list[Any] = []
    try:
        for item in _executor(ctx, jsonb, path, variables, use_tz).run(path.chain):
            found.append(jsonpath_datetime.text(ctx, item) if type(item) is _DATETIME else item)
    except PathError:
        if not silent:
            raise
    return found


_DATETIME = jsonpath_datetime.DateTime


def _executor(ctx: Any, jsonb: Jsonb, path: JsonPath, variables: Jsonb | None, use_tz: bool) -> Executor:
    if variables is not None and type(variables.value) is not dict:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            '"vars" argument is not an object',
            detail='Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
        )
    return Executor(path, jsonb.value, None if variables is None else variables.value, ctx, use_tz)


def exists(
    ctx: Any, jsonb: Jsonb, path: JsonPath, variables: Jsonb | None, silent: bool, use_tz: bool
) -> bool | None:
    """Whether there is an item; NULL for a suppressed error."""
    try:
        executor = _executor(ctx, jsonb, path, variables, use_tz)
        items = executor.run(path.chain)
        if path.lax:
            executor.probed = path.chain
            return any(True for _ in items)
        return bool(list(items))
    except PathError:
        if not silent:
            raise
        return None


def match(
    ctx: Any, jsonb: Jsonb, path: JsonPath, variables: Jsonb | None, silent: bool, use_tz: bool
) -> bool | None:
    """The single boolean that a predicate gives."""
    found = execute(ctx, jsonb, path, variables, silent, use_tz)
    if len(found) == 1 and (found[0] is None or type(found[0]) is bool):
        return found[0]
    if not silent:
        raise SqlError(SINGLETON_SQL_JSON_ITEM_REQUIRED, "single boolean result is expected")
    return None


def _query(*args: Any) -> Iterable[Jsonb]:
    return [Jsonb(item) for item in execute(*args)]


def _query_array(*args: Any) -> Jsonb:
    return Jsonb(execute(*args))


def _query_first(*args: Any) -> Jsonb | None:
    found = execute(*args)
    return Jsonb(found[0]) if found else None


def _register(name: str, function: Callable[..., Any], use_tz: bool) -> None:
    @implements(name, context=True)
    def run(
        ctx: Any, jsonb: Jsonb, path: JsonPath, variables: Jsonb | None = None, silent: bool = False
    ) -> Any:
        return function(ctx, jsonb, path, variables, silent, use_tz)


for _name, _function in (
    ("exists", exists),
    ("match", match),
    ("query", _query),
    ("query_array", _query_array),
    ("query_first", _query_first),
):
    _register(f"jsonb_path_{_name}", _function, False)
    _register(f"jsonb_path_{_name}_tz", _function, True)


@implements("jsonb_path_exists_opr", context=True)
def jsonb_path_exists_opr(ctx: Any, jsonb: Jsonb, path: JsonPath) -> bool | None:
    return exists(ctx, jsonb, path, None, True, False)


@implements("jsonb_path_match_opr", context=True)
def jsonb_path_match_opr(ctx: Any, jsonb: Jsonb, path: JsonPath) -> bool | None:
    return match(ctx, jsonb, path, None, True, False)
