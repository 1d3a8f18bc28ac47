"""Utility statements, found by the name of their parse node.

    @command("CreateSchemaStmt", tag="CREATE SCHEMA")
    def create_schema(ctx: StatementContext, statement: ast.CreateSchemaStmt) -> None: ...

A command returns None (its `tag` is the command tag), a str (the tag), or a generator: what that
yields is a list of rows (the empty list is a breath: nothing that takes long may go without one every few
milliseconds) or a Future to wait for; what it returns is the tag as above. `ctx.source` is the
statement's text, `ctx.transaction` reads and writes, `ctx.catalog` is the transaction's catalog
(`ctx.transaction.catalog` after own changes).

`@describes("VariableShowStmt")`: the columns of a statement that returns rows, from (session, statement).
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from ..api import ColumnDescription


class Command(NamedTuple):
    """How a utility statement is run and what it is allowed in."""

    run: Callable[..., Any]
    tag: str
    needs_snapshot: bool
    in_failed: bool  # allowed in a failed transaction block
    read_only_ok: bool
    in_block: bool  # False: "cannot run inside a transaction block" (25001)


COMMANDS: dict[str, Command] = {}
DESCRIBERS: dict[str, Callable[..., Sequence[ColumnDescription] | None]] = {}


def command(
    *nodes: str,
    tag: str = "",
    needs_snapshot: bool = True,
    in_failed: bool = False,
    read_only_ok: bool = False,
    in_block: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function for parse nodes of these class names."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for node in nodes:
            if node in COMMANDS:
                raise AssertionError(f"two commands for {node}")
            COMMANDS[node] = Command(function, tag, needs_snapshot, in_failed, read_only_ok, in_block)
        return function

    return register


def describes(*nodes: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the describer of row-returning utility statements."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for node in nodes:
            DESCRIBERS[node] = function
        return function

    return register


def find_command(node: str) -> Command | None:
    """The command for a parse node's class name; imports its module when it is first needed."""
    found = COMMANDS.get(node)
    if found is None:
        load_module_of(node)
        found = COMMANDS.get(node)
    return found


def find_describer(node: str) -> Callable[..., Sequence[ColumnDescription] | None] | None:
    """The describer for a parse node's class name, if it returns rows."""
    if node not in COMMANDS:
        load_module_of(node)
    return DESCRIBERS.get(node)


def load_module_of(node: str) -> None:
    """Import the module that registers the node."""
    from .modules import COMMAND_MODULES

    module = COMMAND_MODULES.get(node)
    if module is not None:
        import_module(module, __package__)
