"""COPY: between tables or queries and the client or server files.

copy_options.py reads the options; copy_from.py with copy_lines.py, copy_load.py and copy_binary.py is COPY
FROM, copy_to.py is COPY TO.
"""

from collections.abc import Generator
from typing import Any

from pglast import ast

from ..catalog.privileges import has_column_privilege, has_privilege, has_privs_of_role
from ..ddl.names import find_relation
from ..errors import SqlError
from ..sqlstates import (
    DUPLICATE_COLUMN,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_COLUMN_REFERENCE,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
)
from .copy_options import read_options
from .registry import command

ROLE_PG_READ_SERVER_FILES = 4569
ROLE_PG_WRITE_SERVER_FILES = 4570
ROLE_PG_EXECUTE_SERVER_PROGRAM = 4571
_ANYONE = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone."


@command("CopyStmt", read_only_ok=True)
def copy(ctx: Any, statement: ast.CopyStmt) -> Generator[Any, None, Any]:
    """COPY in both directions."""
    from .copy_from import copy_from, copy_where

    is_from = bool(statement.is_from)
    _check_files(ctx, statement)
    if statement.relation is None:
        from .copy_to import copy_query

        count = yield from copy_query(ctx, statement)
        return f"COPY {count}"
    oid = find_relation(ctx, statement.relation)
    relation = ctx.catalog.relation(oid)
    if relation.kind in "icI":
        kind = {"c": "composite types"}.get(relation.kind, "indexes")
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot open relation "{relation.name}"',
            detail=f"This operation is not supported for {kind}.",
        )
    where = copy_where(ctx, statement, relation) if is_from else None
    columns = copy_columns(relation, statement.attlist)
    _check_privileges(ctx, relation, columns, is_from)
    options = read_options(statement.options, is_from)
    if is_from:
        count = yield from copy_from(ctx, statement, relation, columns, options, where)
    else:
        from .copy_to import copy_table

        count = yield from copy_table(ctx, statement, relation, columns, options)
    return f"COPY {count}"


def _check_files(ctx: Any, statement: ast.CopyStmt) -> None:
    if statement.filename is None:
        return
    if statement.is_program:
        role, name, act = (
            ROLE_PG_EXECUTE_SERVER_PROGRAM,
            "execute_server_program",
            "to or from an external program",
        )
    elif statement.is_from:
        role, name, act = ROLE_PG_READ_SERVER_FILES, "read_server_files", "from a file"
    else:
        role, name, act = ROLE_PG_WRITE_SERVER_FILES, "write_server_files", "to a file"
    if not has_privs_of_role(ctx.catalog, ctx.session.role, role):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            f"permission denied to COPY {act}",
            detail=f'Only roles with privileges of the "pg_{name}" role may COPY {act}.',
            hint=_ANYONE,
        )
    if statement.is_program:
        raise SqlError(FEATURE_NOT_SUPPORTED, "COPY to or from a program is not supported")


def copy_columns(relation: Any, names: Any) -> list[Any]:
    """The columns that a COPY names, or all but generated ones."""
    if names is None:
        return [column for column in relation.columns if not column.dropped and not column.generated]
    found: list[Any] = []
    for node in names:
        name = node.sval
        column = next((c for c in relation.columns if c.name == name and not c.dropped), None)
        if column is None:
            raise SqlError(UNDEFINED_COLUMN, f'column "{name}" of relation "{relation.name}" does not exist')
        if column.generated:
            raise SqlError(
                INVALID_COLUMN_REFERENCE,
                f'column "{name}" is a generated column',
                detail="Generated columns cannot be used in COPY.",
            )
        if column in found:
            raise SqlError(DUPLICATE_COLUMN, f'column "{name}" specified more than once')
        found.append(column)
    return found


def _check_privileges(ctx: Any, relation: Any, columns: list[Any], is_from: bool) -> None:
    catalog, role = ctx.catalog, ctx.session.role
    privilege = "INSERT" if is_from else "SELECT"
    if has_privilege(catalog, role, "table", relation.oid, privilege):
        return
    if columns and all(
        has_column_privilege(catalog, role, relation.oid, column.attnum, privilege) for column in columns
    ):
        return
    kind = {"v": "view", "m": "materialized view", "S": "sequence"}.get(relation.kind, "table")
    raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {kind} {relation.name}")
