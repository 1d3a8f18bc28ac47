"""bool: input and output, comparison, logic aggregates and casts."""

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INVALID_BINARY_REPRESENTATION, INVALID_TEXT_REPRESENTATION

_WORDS: dict[str, bool] = {}
for _word, _value in (("true", True), ("false", False), ("yes", True), ("no", False)):
    for _length in range(1, len(_word) + 1):
        _WORDS[_word[:_length]] = _value
_WORDS.update({"on": True, "off": False, "of": False, "1": True, "0": False})
_BLANKS = " \t\n\r\v\f"


@implements("boolin")
def boolin(text: str) -> bool:
    value = _WORDS.get(text.strip(_BLANKS).lower())
    if value is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type boolean: "{text}"')
    return value


@implements("boolout", inline="('t' if {0} else 'f')")
def boolout(value: bool) -> str:
    return "t" if value else "f"


@implements("boolrecv")
def boolrecv(data: bytes) -> bool:
    if not data:
        raise SqlError(INVALID_BINARY_REPRESENTATION, "insufficient data left in message")
    return data[0] != 0


@implements("boolsend", inline="(b'\\x01' if {0} else b'\\x00')")
def boolsend(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


@implements("booltext", inline="('true' if {0} else 'false')")
def booltext(value: bool) -> str:
    return "true" if value else "false"


def _comparison(name: str, operator: str) -> None:
    template = "({0} " + operator + " {1})"
    implements(name, inline=template)(eval("lambda a, b: " + template.format("a", "b")))


for _suffix, _operator in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
    _comparison("bool" + _suffix, _operator)


@implements("btboolcmp", inline="({0} - {1})")
def btboolcmp(a: bool, b: bool) -> int:
    return a - b


@implements("hashbool")
def hashbool(value: bool) -> int:
    from .hashing import hash_uint32

    return hash_uint32(1 if value else 0)


@implements("booland_statefunc", inline="({0} and {1})")
def booland_statefunc(state: bool, value: bool) -> bool:
    return state and value


@implements("boolor_statefunc", inline="({0} or {1})")
def boolor_statefunc(state: bool, value: bool) -> bool:
    return state or value


@implements("bool_accum")
def bool_accum(state: list[int] | None, value: bool | None) -> list[int]:
    """Moving-aggregate state: [inputs, true inputs]."""
    if state is None:
        state = [0, 0]
    if value is not None:
        state[0] += 1
        state[1] += value
    return state


@implements("bool_accum_inv")
def bool_accum_inv(state: list[int], value: bool | None) -> list[int]:
    if value is not None:
        state[0] -= 1
        state[1] -= value
    return state


@implements("bool_alltrue")
def bool_alltrue(state: list[int]) -> bool | None:
    return None if not state[0] else state[0] == state[1]


@implements("bool_anytrue")
def bool_anytrue(state: list[int]) -> bool | None:
    return None if not state[0] else state[1] > 0


@implements("bool_int4", inline="(1 if {0} else 0)")
def bool_int4(value: bool) -> int:
    return 1 if value else 0


@implements("int4_bool", inline="({0} != 0)")
def int4_bool(value: int) -> bool:
    return value != 0
