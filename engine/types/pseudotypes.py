"""Input and output of pseudo-types: void, and those that only refuse."""

from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import FEATURE_NOT_SUPPORTED


@implements("void_in")
def void_in(_text: str) -> str:
    return ""


@implements("void_out")
def void_out(_value: Any) -> str:
    return ""


@implements("void_recv")
def void_recv(_data: bytes) -> str:
    return ""


@implements("void_send")
def void_send(_value: Any) -> bytes:
    return b""


def _refuse(verb: str, name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any) -> NoReturn:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"cannot {verb} a value of type {name}")

    return refuse


_BOTH = (
    "any trigger event_trigger language_handler fdw_handler table_am_handler index_am_handler tsm_handler "
    "internal anyelement anynonarray anycompatible anycompatiblenonarray"
)
_INPUT_ONLY = "anyenum anyrange anymultirange anycompatiblearray anycompatiblerange anycompatiblemultirange"
for _name in _BOTH.split():
    implements(f"{_name}_in")(_refuse("accept", _name))
    implements(f"{_name}_out")(_refuse("display", _name))
for _name in _INPUT_ONLY.split():
    implements(f"{_name}_in")(_refuse("accept", _name))
implements("anycompatiblearray_recv")(_refuse("accept", "anycompatiblearray"))


@implements("shell_in")
def shell_in(_text: str) -> NoReturn:
    raise SqlError(FEATURE_NOT_SUPPORTED, "cannot accept a value of a shell type")


@implements("shell_out")
def shell_out(_value: Any) -> NoReturn:
    raise SqlError(FEATURE_NOT_SUPPORTED, "cannot display a value of a shell type")
