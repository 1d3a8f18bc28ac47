"""CREATE RULE: only views have rules."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED


@command("RuleStmt", tag="CREATE RULE")
def create_rule(ctx: Any, statement: ast.RuleStmt) -> None:
    """CREATE RULE."""
    raise SqlError(FEATURE_NOT_SUPPORTED, "CREATE RULE is not supported")
