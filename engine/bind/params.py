"""Types of the parameters $1, $2, ... (PostgreSQL's parse_param.c).

Fixed: all types are given, as in SQL functions and PL/pgSQL. Variable: types not given are deduced
from where the parameter is used first, as for Parse messages and PREPARE.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from .. import tree as t
from ..errors import SqlError
from ..lsyscache import get_typcollation
from ..sqlstates import AMBIGUOUS_PARAMETER, INDETERMINATE_DATATYPE, INTERNAL_ERROR, UNDEFINED_PARAMETER
from ..treetypes import query_any
from .parse_state import EXPR_KIND_CALL_ARGUMENT, ParseState

UNKNOWNOID = 705
VOIDOID = 2278
PARAMS_MAX = 65535  # the protocol's Bind message has a 16-bit count


class ParamTypes:
    """The parameter types of one statement; 0: not mentioned yet, 705: type still unknown."""

    def __init__(self, types: Sequence[int] = (), variable: bool = False) -> None:
        self.given = list(types)
        self.types = list(types)
        self.variable = variable

    def reset(self) -> None:
        """Forget what was deduced."""
        self.types = list(self.given)

    def paramref(self, pstate: ParseState, node: Any) -> t.Param:
        """The Param of a $n in the statement."""
        number = node.number
        types = self.types
        if self.variable:
            if not 0 < number <= PARAMS_MAX:
                raise no_parameter(pstate, number, node.location)
            if number > len(types):
                types.extend([0] * (number - len(types)))
            typid = types[number - 1]
            if not typid or (typid == VOIDOID and pstate.p_expr_kind == EXPR_KIND_CALL_ARGUMENT):
                typid = types[number - 1] = UNKNOWNOID
        else:
            if not 0 < number <= len(types) or not types[number - 1]:
                raise no_parameter(pstate, number, node.location)
            typid = types[number - 1]
        if pstate.catalog.pg_type.get(typid) is None:  # Parse has named a type that there is not
            raise SqlError(INTERNAL_ERROR, f"cache lookup failed for type {typid}")
        return t.Param(number, typid, -1, get_typcollation(pstate.catalog, typid), "extern", node.location)

    def coerce(
        self, pstate: ParseState, param: t.Param, target: int, target_typmod: int, location: int
    ) -> t.Param | None:
        """A parameter of unknown type takes the type it is coerced to; None: coerce as usual."""
        if not self.variable or param.paramkind != "extern" or param.paramtype != UNKNOWNOID:
            return None
        known = self.types[param.paramid - 1]
        if known == UNKNOWNOID:
            self.types[param.paramid - 1] = target
        elif known != target:
            catalog = pstate.catalog
            raise pstate.error(
                AMBIGUOUS_PARAMETER,
                f"inconsistent types deduced for parameter ${param.paramid}",
                param.location,
                detail=f"{catalog.format_type(known)} versus {catalog.format_type(target)}",
            )
        if location >= 0 and (param.location < 0 or location < param.location):
            at = location
        else:
            at = param.location
        return msgspec.structs.replace(
            param,
            paramtype=target,
            paramtypmod=-1,
            paramcollid=get_typcollation(pstate.catalog, target),
            location=at,
        )

    def check(self, pstate: ParseState, query: t.Query) -> None:
        """After analysis: no Param may be left whose type was deduced only later."""
        if not self.variable or not self.types:
            return

        def unresolved(node: Any, depth: int) -> bool:
            if isinstance(node, t.Param) and node.paramkind == "extern":
                known = self.types[node.paramid - 1]
                if node.paramtype != known:
                    raise undetermined(pstate, AMBIGUOUS_PARAMETER, node.paramid, node.location)
            return False

        query_any(query, unresolved)

    def resolved(self, pstate: ParseState) -> tuple[int, ...]:
        """The types of all parameters; 42P18 if one is not known."""
        for number, typid in enumerate(self.types, 1):
            if typid in (0, UNKNOWNOID):
                raise undetermined(pstate, INDETERMINATE_DATATYPE, number, None)
        return tuple(self.types)


def undetermined(pstate: ParseState, sqlstate: Any, number: int, location: int | None) -> Exception:
    """The error for a parameter without a type."""
    return pstate.error(sqlstate, f"could not determine data type of parameter ${number}", location)


def no_parameter(pstate: ParseState, number: int, location: int) -> Exception:
    """42P02."""
    return pstate.error(UNDEFINED_PARAMETER, f"there is no parameter ${number}", location)
