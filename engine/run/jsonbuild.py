"""JSON_OBJECT and JSON_ARRAY where no catalog function does it: ABSENT ON NULL, WITH UNIQUE KEYS.

The parts are JSON texts, None for SQL NULL.
"""

from collections.abc import Sequence

from ..errors import SqlError
from ..sqlstates import DUPLICATE_JSON_OBJECT_KEY_VALUE, NULL_VALUE_NOT_ALLOWED


def json_array_text(parts: Sequence[str | None], absent: bool) -> str:
    """[a, b, ...], laid out as json_build_array does."""
    if absent:
        return "[" + ", ".join([part for part in parts if part is not None]) + "]"
    return "[" + ", ".join(["null" if part is None else part for part in parts]) + "]"


def json_object_text(parts: Sequence[str | None], absent: bool, unique: bool) -> str:
    """{a : b, ...} of keys and values in turn, laid out as json_build_object does."""
    seen: set[str] = set()
    pairs = []
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        if key is None:
            raise SqlError(NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
        if unique:
            if key in seen:
                raise SqlError(DUPLICATE_JSON_OBJECT_KEY_VALUE, f"duplicate JSON object key value: {key}")
            seen.add(key)
        if value is None:
            if absent:
                continue
            value = "null"
        pairs.append(f"{key} : {value}")
    return "{" + ", ".join(pairs) + "}"
