"""Settings as text: parsing with units and ranges, printing (PostgreSQL's guc.c)."""

import re
from math import isfinite
from typing import Any

from .errors import SqlError
from .sqlstates import INVALID_PARAMETER_VALUE

_MEMORY_UNITS = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024), ("B", 1))
_TIME_UNITS = (
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1000),
    ("us", 1),
)
_BASES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2, "ms": 1000, "s": 1_000_000, "min": 60_000_000}
_MEMORY_HINT = 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".'
_TIME_HINT = 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".'

_NUMBER = re.compile(
    r"\s*([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*(.*?)\s*\Z", re.DOTALL
)
_BOOLEANS = (
    ("true", 1, True),
    ("false", 1, False),
    ("yes", 1, True),
    ("no", 1, False),
    ("on", 2, True),
    ("off", 2, False),
    ("1", 1, True),
    ("0", 1, False),
)
_ENUM_SYNONYMS = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_HIDDEN_LEVELS = {"debug": "debug2", "info": "info", "fatal": "fatal", "panic": "panic"}


def invalid_value(name: str, text: str, hint: str | None = None, detail: str | None = None) -> SqlError:
    """invalid value for parameter "name": "text"."""
    return SqlError(
        INVALID_PARAMETER_VALUE, f'invalid value for parameter "{name}": "{text}"', hint=hint, detail=detail
    )


def units_of(unit: str) -> tuple[tuple[str, int], ...]:
    """The units that a parameter with this base unit accepts, largest first, in bytes or us."""
    return _MEMORY_UNITS if unit.endswith("B") else _TIME_UNITS


def parse_bool(text: str) -> bool | None:
    """As parse_bool(): any unambiguous prefix of true, false, yes, no; on, off, 1, 0."""
    wanted = text.lower()
    for word, least, value in _BOOLEANS:
        if len(wanted) >= least and word.startswith(wanted):
            return value
    return None


def parse_value(definition: Any, text: str) -> Any:
    """The typed value of a setting; 22023 if the text does not fit."""
    name, kind = definition.name, definition.vartype
    if kind == "bool":
        value = parse_bool(text)
        if value is None:
            raise SqlError(INVALID_PARAMETER_VALUE, f'parameter "{name}" requires a Boolean value')
        return value
    if kind == "enum":
        return _parse_enum(definition, text)
    if kind == "string":
        return text
    number = _parse_number(definition, text)
    low, high = definition.min_val, definition.max_val
    if kind == "integer":
        if not isfinite(number) or not -(2**31) <= round(number) <= 2**31 - 1:
            raise invalid_value(name, text, "Value exceeds integer range.")
        number = round(number)
        outside = not int(low) <= number <= int(high)
    else:
        outside = not float(low) <= number <= float(high)
    if outside:
        suffix = f" {definition.unit}" if definition.unit else ""
        shown = number if kind == "integer" else f"{number:g}"
        low, high = (low, high) if kind == "integer" else (f"{float(low):g}", f"{float(high):g}")
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f'{shown}{suffix} is outside the valid range for parameter "{name}"'
            f" ({low}{suffix} .. {high}{suffix})",
        )
    return number


def _parse_number(definition: Any, text: str) -> float:
    found = _NUMBER.match(text)
    if found is None:
        raise invalid_value(definition.name, text)
    digits, suffix = found.groups()
    number: float
    if "x" in digits.lower():
        number = int(digits, 16)
    elif definition.vartype == "integer" and re.fullmatch(r"[+-]?0[0-7]+", digits):
        number = int(digits, 8)
    elif re.fullmatch(r"[+-]?\d+", digits):
        number = int(digits)
    else:
        number = float(digits)
    if suffix:
        unit = definition.unit
        if not unit:
            raise invalid_value(definition.name, text)
        factor = dict(units_of(unit)).get(suffix)
        if factor is None:
            raise invalid_value(definition.name, text, _MEMORY_HINT if unit.endswith("B") else _TIME_HINT)
        number = number * factor / _BASES[unit]
    return number


def _parse_enum(definition: Any, text: str) -> str:
    wanted = text.lower()
    values = definition.enumvals
    for value in values:
        if value.lower() == wanted:
            return str(value)
    if "on" in values and wanted in _ENUM_SYNONYMS:
        return _ENUM_SYNONYMS[wanted]
    if "debug2" in values and wanted in _HIDDEN_LEVELS:
        return _HIDDEN_LEVELS[wanted]
    raise invalid_value(definition.name, text, f"Available values: {', '.join(values)}.")


def format_value(definition: Any, value: Any, *, use_units: bool = True) -> str:
    """As SHOW prints it; without units as pg_settings.setting does."""
    kind = definition.vartype
    if kind == "bool":
        return "on" if value else "off"
    if kind in ("string", "enum"):
        return str(value)
    if definition.name in ("data_directory_mode", "log_file_mode", "unix_socket_permissions"):
        return f"{value:04o}"
    if use_units and definition.unit and value > 0:
        base = _BASES[definition.unit]
        for unit, factor in units_of(definition.unit):
            scaled = value * base / factor
            if scaled >= 1 and abs(scaled - round(scaled)) <= 1e-8 * scaled:
                return f"{round(scaled)}{unit}"
        if kind == "integer":
            return f"{value}{definition.unit}"
        return f"{value:g}{definition.unit}"
    return str(value) if kind == "integer" else f"{value:g}"
