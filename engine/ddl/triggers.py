"""CREATE TRIGGER: there are none yet."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED


@command("CreateTrigStmt", tag="CREATE TRIGGER")
def create_trigger(ctx: Any, statement: ast.CreateTrigStmt) -> None:
    """CREATE [CONSTRAINT] TRIGGER."""
    raise SqlError(FEATURE_NOT_SUPPORTED, "CREATE TRIGGER is not supported")
