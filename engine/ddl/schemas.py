"""CREATE SCHEMA."""

from collections.abc import Iterator
from typing import Any

from pglast import ast

from ..commands.registry import command, find_command
from ..errors import Notice, SqlError
from ..sqlstates import DUPLICATE_SCHEMA, INSUFFICIENT_PRIVILEGE, RESERVED_NAME, UNDEFINED_OBJECT
from .names import is_owner
from .rows import new_row


def role_of_spec(ctx: Any, spec: Any) -> int:
    """The role a RoleSpec names."""
    session = ctx.session
    kind = spec.roletype.name
    if kind == "ROLESPEC_CURRENT_USER" or kind == "ROLESPEC_CURRENT_ROLE":
        return int(session.role)
    if kind == "ROLESPEC_SESSION_USER":
        return int(session.session_role)
    if kind == "ROLESPEC_PUBLIC":
        raise SqlError(UNDEFINED_OBJECT, 'role "public" does not exist')
    oid = ctx.transaction.catalog.role_oid(spec.rolename)
    if oid is None:
        raise SqlError(UNDEFINED_OBJECT, f'role "{spec.rolename}" does not exist')
    return int(oid)


@command("CreateSchemaStmt", tag="CREATE SCHEMA")
def create_schema(ctx: Any, statement: ast.CreateSchemaStmt) -> Any:
    """CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION role] [elements]."""
    from ..catalog.privileges import has_privilege, user_default_acl

    transaction = ctx.transaction
    catalog = transaction.catalog
    owner = role_of_spec(ctx, statement.authrole) if statement.authrole is not None else ctx.session.role
    name = statement.schemaname or catalog.role_name(owner)
    database = catalog.pg_database.get(ctx.session.database.oid)
    if not has_privilege(catalog, ctx.session.role, "database", ctx.session.database.oid, "CREATE"):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for database {database.datname}")
    if not is_owner(ctx, owner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'must be able to SET ROLE "{catalog.role_name(owner)}"')
    if name.startswith("pg_") and not ctx.session.allow_system_table_mods():
        raise SqlError(
            RESERVED_NAME,
            f'unacceptable schema name "{name}"',
            detail='The prefix "pg_" is reserved for system schemas.',
        )
    if catalog.namespace_oid(name) is not None:
        if statement.if_not_exists:
            ctx.notice(Notice(f'schema "{name}" already exists, skipping', sqlstate=DUPLICATE_SCHEMA))
            return None
        raise SqlError(DUPLICATE_SCHEMA, f'schema "{name}" already exists')
    oid = transaction.new_oid()
    acl = user_default_acl(catalog, "schema", owner, 0)
    transaction.catalog_insert(
        "pg_namespace", new_row(catalog, "pg_namespace", oid=oid, nspname=name, nspowner=owner, nspacl=acl)
    )
    if not statement.schemaElts:
        return None
    return _elements(ctx, statement, name, owner)


def _elements(ctx: Any, statement: ast.CreateSchemaStmt, name: str, owner: int) -> Iterator[Any]:
    """The statements inside CREATE SCHEMA, in PostgreSQL's order, with the schema first on the path."""
    session = ctx.session
    mark = session.settings.mark()
    session.settings.set("search_path", [name, *session.settings.search_path], local=True)
    order = {
        "CreateSeqStmt": 0,
        "CreateStmt": 1,
        "ViewStmt": 2,
        "IndexStmt": 3,
        "CreateTrigStmt": 4,
        "GrantStmt": 5,
    }
    for element in sorted(statement.schemaElts, key=lambda item: order.get(type(item).__name__, 9)):
        found = find_command(type(element).__name__)
        assert found is not None
        result = found.run(ctx, element)
        if isinstance(result, Iterator):
            yield from result
        ctx.transaction.end_command()
        ctx.catalog = ctx.transaction.catalog
    session.settings.rollback_to(mark)
    session.settings_changed()
