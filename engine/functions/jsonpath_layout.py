"""Where an object lies in PostgreSQL's binary jsonb: what .keyvalue() gives as "id"."""

from decimal import Decimal
from typing import Any


def offset_of(root: Any, wanted: Any) -> int:
    """The offset of a container in the binary form of the root; 0 if it is no part of it."""
    found = _find(root, wanted, 0)
    return 0 if found is None else found


def _find(container: Any, wanted: Any, start: int) -> int | None:
    if container is wanted:
        return start
    for value, here in _places(container, start)[0]:
        if type(value) is dict or type(value) is list:
            found = _find(value, wanted, here)
            if found is not None:
                return found
    return None


def _places(container: Any, start: int) -> tuple[list[tuple[Any, int]], int]:
    """([(value, offset)...], end) of a container's values: header, entries, keys, then values."""
    if type(container) is not dict and type(container) is not list:
        return [], start
    values = list(container.values()) if type(container) is dict else container
    here = start + 4 + 4 * len(values) * (2 if type(container) is dict else 1)
    if type(container) is dict:
        here += sum(len(key.encode()) for key in container)
    found = []
    for value in values:
        if type(value) is str:
            here += len(value.encode())
            continue
        if value is None or type(value) is bool:
            continue
        here = (here + 3) & ~3
        found.append((value, here))
        if type(value) is dict or type(value) is list:
            here = _places(value, here)[1]
        else:
            here += _numeric_size(Decimal(value))
    return found, here


def _numeric_size(value: Decimal) -> int:
    """The varlena size of a short-format numeric."""
    whole, _, fraction = f"{abs(value):f}".partition(".")
    whole = whole.lstrip("0")
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    fraction = fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    digits = whole + fraction
    groups = [digits[place : place + 4] for place in range(0, len(digits), 4)]
    while groups and groups[-1] == "0000":
        groups.pop()
    while groups and groups[0] == "0000":
        groups.pop(0)
    return 6 + 2 * len(groups)
