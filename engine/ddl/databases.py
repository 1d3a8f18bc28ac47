"""CREATE, ALTER and DROP DATABASE: a row of pg_database and, in the same commit, the environment."""

import asyncio
import time
from typing import Any

from gaveldb.storage.api import create_database_write, drop_database_write
from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..run.strand import pause
from ..sqlstates import (
    DUPLICATE_DATABASE,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    OBJECT_IN_USE,
    SYNTAX_ERROR,
    UNDEFINED_DATABASE,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from .names import is_owner
from .roles import store_setting

TERMINATION_SECONDS = 5.0
_TRUE = ("true", "on", "yes", "1", "t", "y")
_LOCALE_OPTIONS = frozenset(
    (
        "locale",
        "lc_collate",
        "lc_ctype",
        "locale_provider",
        "icu_locale",
        "icu_rules",
        "builtin_locale",
        "collation_version",
        "strategy",
        "oid",
    )
)


def _options(options: Any, known: frozenset[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for option in options or ():
        if option.defname not in known:
            raise SqlError(
                SYNTAX_ERROR, f'option "{option.defname}" not recognized', position=option.location
            )
        if option.defname in given:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options", position=option.location)
        given[option.defname] = option
    return given


def _text(option: Any) -> str | None:
    arg = option.arg
    if arg is None:
        return None
    if isinstance(arg, ast.TypeName):
        return str(arg.names[-1].sval)
    for name in ("sval", "fval"):
        value = getattr(arg, name, None)
        if value is not None:
            return str(value)
    if isinstance(arg, ast.Boolean):
        return "true" if arg.boolval else "false"
    return str(getattr(arg, "ival", 0) or 0)


def find_database(ctx: Any, name: str, *, missing_ok: bool = False) -> Any:
    """The pg_database row; 3D000 if there is none."""
    rows = ctx.transaction.catalog.pg_database.find("datname", name)
    if rows:
        return rows[0]
    if missing_ok:
        return None
    raise SqlError(UNDEFINED_DATABASE, f'database "{name}" does not exist')


def _users(ctx: Any, oid: int) -> int:
    return sum(
        session.database.oid == oid and session is not ctx.session
        for session in ctx.session.engine.sessions.values()
    )


def refuse_users(ctx: Any, row: Any, message: str) -> None:
    """55006 with this message if other sessions or prepared transactions use a database."""
    sessions, prepared = _users(ctx, row.oid), _prepared(ctx, row.oid)
    if sessions or prepared:
        raise SqlError(OBJECT_IN_USE, message, detail=_busy(sessions, prepared))


def _prepared(ctx: Any, oid: int) -> int:
    return sum(one.database.oid == oid for one in ctx.session.engine.prepared.values())


def _busy(sessions: int, prepared: int) -> str:
    """Who uses a database (errdetail_busy_db)."""
    if sessions and prepared:
        users = f"{sessions} other session(s) and {prepared} prepared transaction(s)"
        return f"There are {users} using the database."
    count = sessions or prepared
    noun = "other session" if sessions else "prepared transaction"
    return (
        f"There {'is' if count == 1 else 'are'} {count} {noun}{'' if count == 1 else 's'} using the database."
    )


@command("CreatedbStmt", tag="CREATE DATABASE", in_block=False)
def create_database(ctx: Any, statement: ast.CreatedbStmt) -> None:
    """CREATE DATABASE name [TEMPLATE other] [options]: the template's environment is copied."""
    ctx.session.require_no_block("CREATE DATABASE")
    transaction = ctx.transaction
    catalog = transaction.catalog
    given = _options(
        statement.options,
        frozenset(
            (
                "template",
                "owner",
                "encoding",
                "tablespace",
                "is_template",
                "allow_connections",
                "connection_limit",
            )
        )
        | _LOCALE_OPTIONS,
    )
    owner = int(ctx.session.role)
    if "owner" in given and _text(given["owner"]) is not None:
        found = catalog.role_oid(_text(given["owner"]))
        if found is None:
            raise SqlError(UNDEFINED_OBJECT, f'role "{_text(given["owner"])}" does not exist')
        owner = int(found)
    me = catalog.pg_authid.get(ctx.session.role)
    if not me.rolcreatedb and not me.rolsuper:
        raise SqlError(INSUFFICIENT_PRIVILEGE, "permission denied to create database")
    if not is_owner(ctx, owner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'must be able to SET ROLE "{catalog.role_name(owner)}"')
    if "encoding" in given:
        encoding = (_text(given["encoding"]) or "").upper().replace("-", "").replace("_", "")
        if encoding not in ("UTF8", "UNICODE", "6", "DEFAULT", ""):
            raise SqlError(FEATURE_NOT_SUPPORTED, f'encoding "{_text(given["encoding"])}" is not supported')
    if "tablespace" in given and _text(given["tablespace"]) not in (None, "pg_default"):
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{_text(given["tablespace"])}" does not exist')
    template_name = (_text(given["template"]) if "template" in given else None) or "template1"
    templates = catalog.pg_database.find("datname", template_name)
    if not templates:
        raise SqlError(UNDEFINED_DATABASE, f'template database "{template_name}" does not exist')
    template = templates[0]
    if not template.datistemplate and not is_owner(ctx, template.datdba):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied to copy database "{template_name}"')
    if catalog.pg_database.find("datname", statement.dbname):
        raise SqlError(DUPLICATE_DATABASE, f'database "{statement.dbname}" already exists')
    if template.oid != ctx.session.database.oid:
        refuse_users(ctx, template, f'source database "{template_name}" is being accessed by other users')
    values = _changes(given)
    oid = int(transaction.new_oid())
    row = template._replace(
        oid=oid,
        datname=statement.dbname,
        datdba=owner,
        datistemplate=False,
        datallowconn=True,
        datacl=None,
        datconnlimit=-1,
    )
    transaction.catalog_insert("pg_database", row._replace(**values))
    existing = set(ctx.session.engine.storage.databases())
    transaction.add_raw_write(*create_database_write(oid, template.oid if template.oid in existing else None))


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "is_template" in given:
        values["datistemplate"] = (_text(given["is_template"]) or "true").lower() in _TRUE
    if "allow_connections" in given:
        values["datallowconn"] = (_text(given["allow_connections"]) or "true").lower() in _TRUE
    if "connection_limit" in given:
        limit = int(_text(given["connection_limit"]) or 0)
        if limit < -1:
            raise SqlError(INVALID_PARAMETER_VALUE, f"invalid connection limit: {limit}")
        values["datconnlimit"] = limit
    return values


@command("DropdbStmt", tag="DROP DATABASE", in_block=False)
def drop_database(ctx: Any, statement: ast.DropdbStmt) -> None:
    """DROP DATABASE [IF EXISTS] name [WITH (FORCE)]."""
    ctx.session.require_no_block("DROP DATABASE")
    transaction = ctx.transaction
    row = find_database(ctx, statement.dbname, missing_ok=bool(statement.missing_ok))
    if row is None:
        ctx.notice(Notice(f'database "{statement.dbname}" does not exist, skipping'))
        return
    force = any(option.defname == "force" for option in statement.options or ())
    if not is_owner(ctx, row.datdba):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of database {row.datname}")
    if row.datistemplate:
        raise SqlError(WRONG_OBJECT_TYPE, "cannot drop a template database")
    if row.oid == ctx.session.database.oid:
        raise SqlError(OBJECT_IN_USE, "cannot drop the currently open database")
    if force:
        prepared = _prepared(ctx, row.oid)
        if prepared:
            raise SqlError(
                OBJECT_IN_USE,
                f'database "{row.datname}" is being used by prepared transactions',
                detail=_busy(0, prepared),
            )
        _terminate_users(ctx, row.oid)
    refuse_users(ctx, row, f'database "{row.datname}" is being accessed by other users')
    catalog = transaction.catalog
    for setting in catalog.pg_db_role_setting.find("setdatabase", row.oid):
        transaction.catalog_delete("pg_db_role_setting", setting)
    for description in catalog.pg_shdescription.find("objoid", row.oid):
        if description.classoid == 1262:
            transaction.catalog_delete("pg_shdescription", description)
    transaction.catalog_delete("pg_database", row)
    if row.oid in set(ctx.session.engine.storage.databases()):
        transaction.add_raw_write(*drop_database_write(row.oid))
    oid = row.oid
    transaction.on_commit.append(lambda: ctx.session.engine.databases.pop(oid, None))


def _terminate_users(ctx: Any, database: int) -> None:
    """End the sessions of a database, and wait for that for some time (TerminateOtherDBBackends)."""

    def users() -> list[Any]:
        sessions = ctx.session.engine.sessions.values()
        return [session for session in sessions if session.database.oid == database]

    loop = asyncio.get_running_loop()
    for session in users():
        if session.on_terminate is not None:
            loop.call_soon(session.on_terminate)
    until = time.monotonic() + TERMINATION_SECONDS
    while users() and time.monotonic() < until:
        pause()


@command("AlterDatabaseStmt", tag="ALTER DATABASE")
def alter_database(ctx: Any, statement: ast.AlterDatabaseStmt) -> None:
    """ALTER DATABASE name [WITH] options."""
    given = _options(
        statement.options, frozenset(("is_template", "allow_connections", "connection_limit", "tablespace"))
    )
    row = find_database(ctx, statement.dbname)
    if not is_owner(ctx, row.datdba):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of database {row.datname}")
    if "tablespace" in given and _text(given["tablespace"]) != "pg_default":
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{_text(given["tablespace"])}" does not exist')
    values = _changes(given)
    if values.get("datallowconn") is False and row.oid == ctx.session.database.oid:
        raise SqlError(INVALID_PARAMETER_VALUE, "cannot disallow connections for current database")
    if values:
        ctx.transaction.catalog_update("pg_database", row, row._replace(**values))


@command("AlterDatabaseSetStmt", tag="ALTER DATABASE")
def alter_database_set(ctx: Any, statement: ast.AlterDatabaseSetStmt) -> None:
    """ALTER DATABASE name SET | RESET."""
    row = find_database(ctx, statement.dbname)
    if not is_owner(ctx, row.datdba):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of database {row.datname}")
    store_setting(ctx, row.oid, 0, statement.setstmt)
