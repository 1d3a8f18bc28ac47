"""CREATE of what there are only built-in ones of: aggregates, operators, base types, collations, casts."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED


@command("DefineStmt", tag="CREATE")
def define(ctx: Any, statement: ast.DefineStmt) -> None:
    """CREATE AGGREGATE | OPERATOR | TYPE (base or shell) | COLLATION | TEXT SEARCH ..."""
    what = statement.kind.name.removeprefix("OBJECT_").replace("_", " ")
    if what == "TYPE":
        what = "TYPE for shell and base types"
    raise SqlError(FEATURE_NOT_SUPPORTED, f"CREATE {what} is not supported")


@command("CreateCastStmt", tag="CREATE CAST")
def create_cast(ctx: Any, statement: ast.CreateCastStmt) -> None:
    """CREATE CAST."""
    raise SqlError(FEATURE_NOT_SUPPORTED, "CREATE CAST is not supported")
