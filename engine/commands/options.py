"""Option lists of utility statements, (name [value], ...): values as PostgreSQL's define.c reads them."""

from pglast import ast

from ..errors import SqlError
from ..sqlstates import SYNTAX_ERROR

_BOOLEANS = {"true": True, "on": True, "false": False, "off": False}


def option_string(option: ast.DefElem) -> str:
    """The value as text; 42601 if there is none."""
    value = option.arg
    if value is None:
        raise SqlError(SYNTAX_ERROR, f"{option.defname} requires a parameter")
    if isinstance(value, ast.Integer):
        return str(value.ival or 0)
    if isinstance(value, ast.Float):
        return str(value.fval)
    if isinstance(value, ast.Boolean):
        return "true" if value.boolval else "false"
    if isinstance(value, ast.String):
        return str(value.sval)
    if isinstance(value, ast.TypeName):
        return ".".join(name.sval for name in value.names)
    if isinstance(value, ast.A_Star):
        return "*"
    if isinstance(value, tuple | list):
        return ".".join(str(name.sval) for name in value)
    raise SqlError(SYNTAX_ERROR, f"{option.defname} requires a parameter")


def option_boolean(option: ast.DefElem) -> bool:
    """The value as a boolean; no value means true."""
    value = option.arg
    if value is None:
        return True
    if isinstance(value, ast.Integer):
        number = value.ival or 0
        if number in (0, 1):
            return bool(number)
    else:
        found = _BOOLEANS.get(option_string(option).lower())
        if found is not None:
            return found
    raise SqlError(SYNTAX_ERROR, f"{option.defname} requires a Boolean value")


def conflicting_option(option: ast.DefElem) -> SqlError:
    """An option that was given before."""
    return SqlError(SYNTAX_ERROR, "conflicting or redundant options", position=option.location)


def unknown_option(option: ast.DefElem) -> SqlError:
    """An option that the statement does not have."""
    return SqlError(SYNTAX_ERROR, f'option "{option.defname}" not recognized', position=option.location)
