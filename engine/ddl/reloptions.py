"""Storage parameters: WITH (...) of tables, indexes and views as pg_class.reloptions (reloptions.c).

They are checked and kept; of their effects only those of views exist.
"""

from typing import Any

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, SYNTAX_ERROR
from ..values import Array, make_array

_BOOL = "bool"
_TERNARY = "bool"
_Number = tuple[str, float, float]


def _int(low: int, high: int) -> _Number:
    return ("integer", low, high)


def _real(low: float, high: float) -> _Number:
    return ("floating point", low, high)


_AUTOVACUUM: dict[str, Any] = {
    "autovacuum_enabled": _BOOL,
    "autovacuum_vacuum_threshold": _int(0, 2**31 - 1),
    "autovacuum_vacuum_max_threshold": _int(-1, 2**31 - 1),
    "autovacuum_vacuum_insert_threshold": _int(-1, 2**31 - 1),
    "autovacuum_analyze_threshold": _int(0, 2**31 - 1),
    "autovacuum_vacuum_cost_limit": _int(1, 10000),
    "autovacuum_freeze_min_age": _int(0, 1000000000),
    "autovacuum_multixact_freeze_min_age": _int(0, 1000000000),
    "autovacuum_freeze_max_age": _int(100000, 2000000000),
    "autovacuum_multixact_freeze_max_age": _int(10000, 2000000000),
    "autovacuum_freeze_table_age": _int(0, 2000000000),
    "autovacuum_multixact_freeze_table_age": _int(0, 2000000000),
    "log_autovacuum_min_duration": _int(-1, 2**31 - 1),
    "autovacuum_vacuum_cost_delay": _real(-1.0, 100.0),
    "autovacuum_vacuum_scale_factor": _real(0.0, 100.0),
    "autovacuum_vacuum_insert_scale_factor": _real(0.0, 100.0),
    "autovacuum_analyze_scale_factor": _real(0.0, 100.0),
    "vacuum_max_eager_freeze_failure_rate": _real(0.0, 1.0),
    "vacuum_index_cleanup": ("enum", ("auto", "on", "off"), 'Valid values are "on", "off", and "auto".'),
    "vacuum_truncate": _BOOL,
}
_KINDS: dict[str, dict[str, Any]] = {
    "r": {
        **_AUTOVACUUM,
        "fillfactor": _int(10, 100),
        "toast_tuple_target": _int(128, 8160),
        "parallel_workers": _int(0, 1024),
        "user_catalog_table": _BOOL,
    },
    "btree": {
        "fillfactor": _int(10, 100),
        "deduplicate_items": _BOOL,
        "vacuum_cleanup_index_scale_factor": _real(0.0, 1e10),
    },
    "hash": {"fillfactor": _int(10, 100)},
    "v": {
        "security_barrier": _BOOL,
        "security_invoker": _BOOL,
        "check_option": ("enum", ("local", "cascaded"), 'Valid values are "local" and "cascaded".'),
    },
}
_KINDS["m"] = _KINDS["r"]
_TRUE = ("true", "on", "yes", "1")
_FALSE = ("false", "off", "no", "0")


def option_text(option: Any) -> str:
    """The value of a DefElem as text; "true" without one (defGetString)."""
    arg = option.arg
    if arg is None:
        return "true"
    for name in ("sval", "fval"):
        value = getattr(arg, name, None)
        if value is not None:
            return str(value)
    if hasattr(arg, "ival"):
        return str(arg.ival)
    if hasattr(arg, "boolval"):
        return "true" if arg.boolval else "false"
    names = getattr(arg, "names", None)
    if names:
        return str(names[-1].sval)
    return str(arg)


def storage_options(
    options: Any, kind: str, old: Array | None = None, *, reset: bool = False
) -> Array | None:
    """The reloptions array after setting (or resetting) `options`; kind: "r", "m", "v" or an index am."""
    current: dict[str, str] = {}
    for item in old.items if old is not None else ():
        name, _, value = item.partition("=")
        current[name] = value
    known = _KINDS.get(kind, {})
    for option in options or ():
        name = option.defname
        if option.defnamespace is not None:
            if option.defnamespace != "toast" or kind not in "rm":
                raise SqlError(
                    INVALID_PARAMETER_VALUE, f'unrecognized parameter namespace "{option.defnamespace}"'
                )
            if name not in _AUTOVACUUM:
                raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized parameter "{name}"')
            continue
        if reset:
            if option.arg is not None:
                raise SqlError(SYNTAX_ERROR, "RESET must not include values for parameters")
            current.pop(name, None)
            continue
        if name == "oids" and kind == "r":
            if option_text(option) in _TRUE:
                raise SqlError(FEATURE_NOT_SUPPORTED, "tables declared WITH OIDS are not supported")
            continue
        if name not in known:
            raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized parameter "{name}"')
        text = option_text(option)
        check_option_value(name, text, known[name])
        current.pop(name, None)
        current[name] = text
    return make_array(25, [f"{name}={value}" for name, value in current.items()]) if current else None


def check_option_value(name: str, text: str, rule: Any) -> None:
    """22023 if a value is not allowed."""
    if rule == _BOOL:
        word = text.lower()
        if (word and any(full.startswith(word) for full in ("true", "false", "yes", "no"))) or word in (
            "on",
            "off",
            "of",
            "1",
            "0",
        ):
            return
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid value for boolean option "{name}": {text}')
    if rule[0] == "enum":
        if text.lower() not in rule[1]:
            raise SqlError(
                INVALID_PARAMETER_VALUE, f'invalid value for enum option "{name}": {text}', detail=rule[2]
            )
        return
    what, low, high = rule
    try:
        number = int(text) if what == "integer" else float(text)
    except ValueError:
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid value for {what} option "{name}": {text}') from None
    if not low <= number <= high:
        bounds = f'"{low}" and "{high}"' if what == "integer" else f'"{low:f}" and "{high:f}"'
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'value {text} out of bounds for option "{name}"',
            detail=f"Valid values are between {bounds}.",
        )
