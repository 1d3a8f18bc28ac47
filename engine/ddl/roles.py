"""Roles: CREATE, ALTER, DROP ROLE, memberships (PostgreSQL's user.c)."""

import base64
import hashlib
import hmac
import os
import re
from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INTERNAL_ERROR,
    INVALID_GRANT_OPERATION,
    INVALID_PARAMETER_VALUE,
    OBJECT_IN_USE,
    RESERVED_NAME,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    WARNING,
    WARNING_DEPRECATED_FEATURE,
)
from .names import is_owner
from .rows import new_row
from .schemas import role_of_spec

SCRAM_ITERATIONS = 4096
_FLAGS = {
    "superuser": "rolsuper",
    "inherit": "rolinherit",
    "createrole": "rolcreaterole",
    "createdb": "rolcreatedb",
    "canlogin": "rolcanlogin",
    "isreplication": "rolreplication",
    "bypassrls": "rolbypassrls",
}


def scram_verifier(password: str, *, salt: bytes | None = None, iterations: int = SCRAM_ITERATIONS) -> str:
    """SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, as pg_authid.rolpassword holds it."""
    from scramp.core import ScramException, saslprep

    try:
        prepared = saslprep(password)
    except ScramException:  # RFC 5803 by PostgreSQL: what SASLprep refuses is taken as it is
        prepared = password
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", prepared.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = hashlib.sha256(client).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"


def stored_password(ctx: Any, role: str, text: str | None) -> str | None:
    """What is stored for a given password: verifiers as they are, others made into one."""
    if text is None:
        return None
    if _opens_with_empty(role, text):
        ctx.notice(Notice("empty string is not a valid password, clearing password"))
        return None
    md5 = _MD5_VERIFIER.fullmatch(text)
    if md5 is None and _scram_parts(text) is None:
        settings = ctx.session.settings
        if settings.get("password_encryption") != "md5":
            return scram_verifier(text, iterations=int(settings.get("scram_iterations")))
        text = _md5_verifier(role, text)
        md5 = _MD5_VERIFIER.fullmatch(text)
    if md5 is not None and ctx.session.settings.get("md5_password_warnings") in ("on", True):
        ctx.notice(
            Notice(
                "setting an MD5-encrypted password",
                sqlstate=WARNING_DEPRECATED_FEATURE,
                severity="WARNING",
                detail="MD5 password support is deprecated and will be removed in a future release "
                "of PostgreSQL.",
                hint="Refer to the PostgreSQL documentation for details about migrating to another "
                "password type.",
            )
        )
    return text


_MD5_VERIFIER = re.compile("md5[0-9a-f]{32}")
_SCRAM_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([^$:]*)\$([^$:]*):([^$:]*)")


def _md5_verifier(role: str, password: str) -> str:
    return "md5" + hashlib.md5((password + role).encode(), usedforsecurity=False).hexdigest()


def _scram_parts(text: str) -> tuple[int, bytes, bytes] | None:
    """Iterations, salt and StoredKey of a SCRAM verifier; None if the text is none."""
    found = _SCRAM_VERIFIER.fullmatch(text)
    if found is None:
        return None
    try:
        salt, stored, server = (base64.b64decode(part, validate=True) for part in found.groups()[1:])
    except ValueError:
        return None
    return (int(found[1]), salt, stored) if len(stored) == len(server) == 32 else None


def _opens_with_empty(role: str, text: str) -> bool:
    """Whether the password, or what the verifier was made from, is the empty string."""
    if text == "" or text == _md5_verifier(role, ""):
        return True
    parts = _scram_parts(text)
    if parts is None:
        return False
    iterations, salt, stored = parts
    client = hmac.digest(hashlib.pbkdf2_hmac("sha256", b"", salt, iterations), b"Client Key", "sha256")
    return hashlib.sha256(client).digest() == stored


def _is_superuser(ctx: Any) -> bool:
    from ..catalog.privileges import is_superuser

    return is_superuser(ctx.transaction.catalog, ctx.session.role)


def _denied(message: str, detail: str) -> SqlError:
    return SqlError(INSUFFICIENT_PRIVILEGE, message, detail=detail)


def _sort_options(options: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for option in options or ():
        if option.defname in given:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options", position=option.location)
        given[option.defname] = option
    return given


def _columns(ctx: Any, role: str, given: dict[str, Any]) -> dict[str, Any]:
    """The pg_authid columns that options set."""
    values: dict[str, Any] = {}
    for name, column in _FLAGS.items():
        if name in given:
            values[column] = bool(given[name].arg.boolval)
    if "password" in given:
        arg = given["password"].arg
        if isinstance(arg, ast.ParamRef):  # the parser takes it, PostgreSQL's does not
            raise SqlError(SYNTAX_ERROR, f'syntax error at or near "${arg.number}"', position=arg.location)
        values["rolpassword"] = stored_password(ctx, role, None if arg is None else arg.sval)
    if "connectionlimit" in given:
        limit = given["connectionlimit"].arg.ival or 0
        if limit < -1:
            raise SqlError(INVALID_PARAMETER_VALUE, f"invalid connection limit: {limit}")
        values["rolconnlimit"] = limit
    if "validUntil" in given:
        values["rolvaliduntil"] = _timestamp(ctx, given["validUntil"].arg.sval)
    return values


def _timestamp(ctx: Any, text: str) -> Any:
    from ..bind.coercion import COERCION_EXPLICIT, coerce_type
    from ..evaluate import evaluate_expression
    from ..tree import Const

    pstate = ctx.session.parse_state(ctx.source)
    expr = coerce_type(pstate, Const(705, text), 705, 1184, -1, COERCION_EXPLICIT, "explicit", -1)
    ctx.catalog = ctx.transaction.catalog
    return evaluate_expression(ctx, expr)


def check_role_name(name: str) -> None:
    """42939 for names that are PostgreSQL's own."""
    if name.startswith("pg_"):
        raise SqlError(
            RESERVED_NAME,
            f'role name "{name}" is reserved',
            detail='Role names starting with "pg_" are reserved.',
        )


@command("CreateRoleStmt", tag="CREATE ROLE")
def create_role(ctx: Any, statement: ast.CreateRoleStmt) -> None:
    """CREATE ROLE | USER | GROUP."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    creator = catalog.pg_authid.get(ctx.session.role)
    given = _sort_options(statement.options)
    values = {
        "rolsuper": False,
        "rolinherit": True,
        "rolcreaterole": False,
        "rolcreatedb": False,
        "rolcanlogin": statement.stmt_type.name == "ROLESTMT_USER",
        "rolreplication": False,
        "rolbypassrls": False,
        "rolconnlimit": -1,
        "rolpassword": None,
        "rolvaliduntil": None,
    }
    if "sysid" in given:
        ctx.notice(Notice("SYSID can no longer be specified"))
    values.update(_columns(ctx, statement.role, given))
    if not _is_superuser(ctx):
        message = "permission denied to create role"
        if not creator.rolcreaterole:
            raise _denied(message, "Only roles with the CREATEROLE attribute may create roles.")
        for column, own, word in (
            ("rolsuper", False, "SUPERUSER"),
            ("rolcreatedb", creator.rolcreatedb, "CREATEDB"),
            ("rolreplication", creator.rolreplication, "REPLICATION"),
            ("rolbypassrls", creator.rolbypassrls, "BYPASSRLS"),
        ):
            if values[column] and not own:
                raise _denied(
                    message,
                    f"Only roles with the {word} attribute may create roles with the {word} attribute.",
                )
    check_role_name(statement.role)
    if catalog.role_oid(statement.role) is not None:
        raise SqlError(DUPLICATE_OBJECT, f'role "{statement.role}" already exists')
    oid = int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_authid", new_row(transaction.base_catalog, "pg_authid", oid=oid, rolname=statement.role, **values)
    )
    if not _is_superuser(ctx):
        add_membership(ctx, oid, ctx.session.role, 10, {"admin": True, "inherit": False, "set": False})
    for option, admin in (("addroleto", False), ("rolemembers", False), ("adminmembers", True)):
        for spec in given[option].arg if option in given else ():
            other = role_of_spec(ctx, spec)
            role, member = (other, oid) if option == "addroleto" else (oid, other)
            if option == "addroleto":
                _require_admin(ctx, role, grant=True)
            grant_membership(ctx, role, member, _grantor(ctx, role, None), {"admin": admin} if admin else {})


def require_role_control(ctx: Any, oid: int, what: str = "alter") -> None:
    """42501 unless the current role may administer the role."""
    from ..catalog.privileges import is_admin_of_role, is_superuser

    catalog = ctx.transaction.catalog
    if is_superuser(catalog, ctx.session.role):
        return
    name = catalog.role_name(oid)
    message = f"permission denied to {what} role"
    me = catalog.pg_authid.get(ctx.session.role)
    if is_superuser(catalog, oid):
        raise _denied(
            message, f"Only roles with the SUPERUSER attribute may {what} roles with the SUPERUSER attribute."
        )
    if not me.rolcreaterole or not is_admin_of_role(catalog, ctx.session.role, oid):
        raise _denied(
            message,
            f'Only roles with the CREATEROLE attribute and the ADMIN option on role "{name}" may {what} this '
            "role.",
        )


@command("AlterRoleStmt", tag="ALTER ROLE")
def alter_role(ctx: Any, statement: ast.AlterRoleStmt) -> None:
    """ALTER ROLE | USER ... options; ALTER GROUP ... ADD | DROP USER."""
    transaction = ctx.transaction
    oid = role_of_spec(ctx, statement.role)
    row = transaction.catalog.pg_authid.get(oid)
    check_role_name(row.rolname)
    given = _sort_options(statement.options)
    members = given.pop("rolemembers", None)
    values = _columns(ctx, row.rolname, given)
    own_password = oid == ctx.session.role and set(given) <= {"password"} and members is None
    if not own_password:
        require_role_control(ctx, oid)
        if not _is_superuser(ctx):
            me = transaction.catalog.pg_authid.get(ctx.session.role)
            for column, own, word in (
                ("rolsuper", False, "SUPERUSER"),
                ("rolcreatedb", me.rolcreatedb, "CREATEDB"),
                ("rolreplication", me.rolreplication, "REPLICATION"),
                ("rolbypassrls", me.rolbypassrls, "BYPASSRLS"),
            ):
                if column in values and not own:
                    raise _denied(
                        "permission denied to alter role",
                        f"Only roles with the {word} attribute may change the {word} attribute.",
                    )
    if oid == 10 and values.get("rolsuper") is False:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "permission denied to alter role",
            detail="The bootstrap superuser must have the SUPERUSER attribute.",
        )
    if values:
        transaction.catalog_update("pg_authid", row, row._replace(**values))
    for spec in members.arg if members is not None else ():
        member = role_of_spec(ctx, spec)
        if statement.action > 0:
            grant_membership(ctx, oid, member, _grantor(ctx, oid, None), {})
        else:
            revoke_membership(ctx, oid, member, _grantor(ctx, oid, None), "", cascade=False)


@command("AlterRoleSetStmt", tag="ALTER ROLE")
def alter_role_set(ctx: Any, statement: ast.AlterRoleSetStmt) -> None:
    """ALTER ROLE name | ALL [IN DATABASE db] SET | RESET."""
    from ..sqlstates import UNDEFINED_DATABASE

    role = database = 0
    if statement.role is not None:
        role = role_of_spec(ctx, statement.role)
        if role != ctx.session.role:
            require_role_control(ctx, role)
    elif not _is_superuser(ctx):
        raise _denied(
            "permission denied to alter setting",
            "Only roles with the SUPERUSER attribute may alter settings globally.",
        )
    if statement.database is not None:
        rows = ctx.transaction.catalog.pg_database.find("datname", statement.database)
        if not rows:
            raise SqlError(UNDEFINED_DATABASE, f'database "{statement.database}" does not exist')
        database = rows[0].oid
    store_setting(ctx, database, role, statement.setstmt)


def store_setting(ctx: Any, database: int, role: int, statement: Any) -> None:
    """Change pg_db_role_setting as a SET or RESET says (AlterSetting)."""
    from ..commands.settings import argument_strings
    from ..values import make_array

    transaction = ctx.transaction
    settings = ctx.session.settings
    table = transaction.catalog.pg_db_role_setting
    old = next(iter(table.find("setdatabase_setrole", database, role)), None)
    current = dict(item.partition("=")[::2] for item in (old.setconfig.items if old is not None else ()))
    kind = statement.kind.name
    if kind == "VAR_RESET_ALL":
        current = {}
    else:
        name = settings.canonical_name(statement.name)
        if kind in ("VAR_SET_VALUE", "VAR_SET_CURRENT"):
            if kind == "VAR_SET_VALUE":
                text = ", ".join(argument_strings(statement.name, statement.args))
            else:
                text = settings.show(statement.name)
            settings.check_value(name, text)
            current[name] = text
        elif kind in ("VAR_SET_DEFAULT", "VAR_RESET"):
            settings.show(name)
            current.pop(name, None)
        else:
            raise SqlError(FEATURE_NOT_SUPPORTED, f"{kind} is not supported here")
    config = make_array(25, [f"{name}={value}" for name, value in current.items()])
    if old is not None:
        if current:
            transaction.catalog_update("pg_db_role_setting", old, old._replace(setconfig=config))
        else:
            transaction.catalog_delete("pg_db_role_setting", old)
    elif current:
        transaction.catalog_insert(
            "pg_db_role_setting",
            new_row(
                transaction.base_catalog,
                "pg_db_role_setting",
                setdatabase=database,
                setrole=role,
                setconfig=config,
            ),
        )


@command("DropRoleStmt", tag="DROP ROLE")
def drop_role(ctx: Any, statement: ast.DropRoleStmt) -> None:
    """DROP ROLE [IF EXISTS] names."""
    transaction = ctx.transaction
    me = transaction.catalog.pg_authid.get(ctx.session.role)
    if not me.rolsuper and not me.rolcreaterole:
        raise _denied(
            "permission denied to drop role",
            "Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop "
            "roles.",
        )
    found = []
    for spec in statement.roles:
        if spec.roletype.name != "ROLESPEC_CSTRING":
            raise SqlError(INVALID_PARAMETER_VALUE, "cannot use special role specifier in DROP ROLE")
        oid = transaction.catalog.role_oid(spec.rolename)
        if oid is None:
            if not statement.missing_ok:
                raise SqlError(UNDEFINED_OBJECT, f'role "{spec.rolename}" does not exist')
            ctx.notice(Notice(f'role "{spec.rolename}" does not exist, skipping'))
            continue
        for mine, which in ((ctx.session.role, "current"), (ctx.session.session_role, "session")):
            if oid == mine:
                raise SqlError(OBJECT_IN_USE, f"{which} user cannot be dropped")
        require_role_control(ctx, oid, "drop")
        found.append(oid)
    for oid in found:
        for row in _memberships(transaction.catalog, oid):
            transaction.catalog_delete("pg_auth_members", row)
    for oid in found:
        if ctx.session.engine.dsql:
            from ..dsql.iam import require_unmapped

            require_unmapped(ctx, oid)
        _drop(ctx, oid)


def _memberships(catalog: Any, oid: int) -> list[Any]:
    rows = [*catalog.pg_auth_members.find("member", oid), *catalog.pg_auth_members.find("roleid", oid)]
    return list({row.oid: row for row in rows}.values())


def _drop(ctx: Any, oid: int) -> None:
    from .roledeps import role_dependencies

    transaction = ctx.transaction
    catalog = transaction.catalog
    name = catalog.role_name(oid)
    if oid < 16384:
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f"cannot drop role {name} because it is required by the database system",
        )
    lines = role_dependencies(ctx, oid)
    if lines:
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f'role "{name}" cannot be dropped because some objects depend on it',
            detail="\n".join(lines),
        )
    for setting in catalog.pg_db_role_setting.find("setrole", oid):
        transaction.catalog_delete("pg_db_role_setting", setting)
    for description in catalog.pg_shdescription.find("objoid", oid):
        if description.classoid == 1260:
            transaction.catalog_delete("pg_shdescription", description)
    transaction.catalog_delete("pg_authid", catalog.pg_authid.get(oid))


# --- memberships ------------------------------------------------------------------------------------


@command("GrantRoleStmt", tag="GRANT ROLE")
def grant_role(ctx: Any, statement: ast.GrantRoleStmt) -> str:
    """GRANT role TO role, REVOKE role FROM role."""
    options: dict[str, bool] = {}
    for option in statement.opt or ():
        arg = option.arg
        value = (
            True
            if arg is None
            else bool(getattr(arg, "boolval", False))
            or (str(getattr(arg, "sval", "")).lower() in ("true", "on", "option"))
        )
        options[option.defname] = value
    for granted in statement.granted_roles:
        if granted.cols:
            raise SqlError(INVALID_GRANT_OPERATION, "column names cannot be included in GRANT/REVOKE ROLE")
        role = ctx.transaction.catalog.role_oid(granted.priv_name)
        if role is None:
            raise SqlError(UNDEFINED_OBJECT, f'role "{granted.priv_name}" does not exist')
        _require_admin(ctx, role, grant=bool(statement.is_grant))
        grantor = _grantor(ctx, role, statement.grantor)
        for spec in statement.grantee_roles:
            member = role_of_spec(ctx, spec)
            if statement.is_grant:
                grant_membership(ctx, role, member, grantor, options)
            else:
                only = next(iter(options), "")
                revoke_membership(
                    ctx, role, member, grantor, only, cascade=statement.behavior.name == "DROP_CASCADE"
                )
    return "GRANT ROLE" if statement.is_grant else "REVOKE ROLE"


def _require_admin(ctx: Any, role: int, *, grant: bool) -> None:
    from ..catalog.privileges import PG_DATABASE_OWNER, is_admin_of_role, is_superuser

    catalog = ctx.transaction.catalog
    name = catalog.role_name(role)
    verb = "grant" if grant else "revoke"
    if grant and role == PG_DATABASE_OWNER:
        raise SqlError(INTERNAL_ERROR, f'role "{name}" cannot have explicit members')
    if is_superuser(catalog, role):
        if not _is_superuser(ctx):
            raise _denied(
                f'permission denied to {verb} role "{name}"',
                f"Only roles with the SUPERUSER attribute may {verb} roles with the SUPERUSER attribute.",
            )
    elif not is_admin_of_role(catalog, ctx.session.role, role):
        raise _denied(
            f'permission denied to {verb} role "{name}"',
            f'Only roles with the ADMIN option on role "{name}" may {verb} this role.',
        )


def _grantor(ctx: Any, role: int, spec: Any) -> int:
    if spec is not None:
        grantor = role_of_spec(ctx, spec)
        if not is_owner(ctx, grantor):
            catalog = ctx.transaction.catalog
            raise _denied(
                f'permission denied to grant privileges as role "{catalog.role_name(grantor)}"',
                f'Only roles with privileges of role "{catalog.role_name(grantor)}" may grant privileges as '
                "this role.",
            )
        return grantor
    # a superuser's grants are the bootstrap superuser's
    if _is_superuser(ctx):
        return 10
    from ..catalog.privileges import best_admin

    return best_admin(ctx.transaction.catalog, ctx.session.role, role) or int(ctx.session.role)


def grant_membership(ctx: Any, role: int, member: int, grantor: int, options: dict[str, bool]) -> None:
    """One GRANT role TO member (AddRoleMems)."""
    from ..catalog.privileges import PG_DATABASE_OWNER, member_roles

    catalog = ctx.transaction.catalog
    if member == PG_DATABASE_OWNER:
        raise SqlError(INTERNAL_ERROR, f'role "{catalog.role_name(member)}" cannot be a member of any role')
    if role == member or (member in member_roles(catalog, role) and role != member):
        raise SqlError(
            INVALID_GRANT_OPERATION,
            f'role "{catalog.role_name(role)}" is a member of role "{catalog.role_name(member)}"',
        )
    rows = catalog.pg_auth_members.find("roleid_member_grantor", role, member, grantor)
    wanted = {f"{name}_option": value for name, value in options.items()}
    if rows:
        row = rows[0]
        if all(getattr(row, name) == value for name, value in wanted.items()):
            ctx.notice(
                Notice(
                    f'role "{catalog.role_name(member)}" has already been granted membership in role '
                    f'"{catalog.role_name(role)}" by role "{catalog.role_name(grantor)}"'
                )
            )
            return
        ctx.transaction.catalog_update("pg_auth_members", row, row._replace(**wanted))
        return
    inherit = bool(catalog.pg_authid.get(member).rolinherit)
    add_membership(ctx, role, member, grantor, {"admin": False, "inherit": inherit, "set": True, **options})


def add_membership(ctx: Any, role: int, member: int, grantor: int, options: dict[str, bool]) -> None:
    """A new pg_auth_members row."""
    transaction = ctx.transaction
    transaction.catalog_insert(
        "pg_auth_members",
        new_row(
            transaction.base_catalog,
            "pg_auth_members",
            oid=int(transaction.new_oid()),
            roleid=role,
            member=member,
            grantor=grantor,
            admin_option=options["admin"],
            inherit_option=options["inherit"],
            set_option=options["set"],
        ),
    )


def revoke_membership(ctx: Any, role: int, member: int, grantor: int, only: str, *, cascade: bool) -> None:
    """One REVOKE [option FOR] role FROM member (DelRoleMems)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    rows = catalog.pg_auth_members.find("roleid_member_grantor", role, member, grantor)
    if not rows:
        ctx.notice(
            Notice(
                f'role "{catalog.role_name(member)}" has not been granted membership in role '
                f'"{catalog.role_name(role)}" by role "{catalog.role_name(grantor)}"',
                severity="WARNING",
                sqlstate=WARNING,
            )
        )
        return
    row = rows[0]
    if row.admin_option and only in ("", "admin"):
        others = [one for one in catalog.pg_auth_members.find("roleid", role) if one.grantor == member]
        if others and not cascade:
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                "dependent privileges exist",
                hint="Use CASCADE to revoke them too.",
            )
        for other in others:
            revoke_membership(ctx, role, other.member, member, "", cascade=True)
    if only:
        values: dict[str, Any] = {f"{only}_option": False}
        transaction.catalog_update("pg_auth_members", row, row._replace(**values))
    else:
        transaction.catalog_delete("pg_auth_members", row)


@command("ReassignOwnedStmt", tag="REASSIGN OWNED")
def reassign_owned(ctx: Any, statement: ast.ReassignOwnedStmt) -> None:
    """REASSIGN OWNED BY roles TO role: the objects of this database."""
    from .roledeps import reassign

    roles = [role_of_spec(ctx, spec) for spec in statement.roles]
    for role in roles:
        _require_role_rights(ctx, role, "reassign objects", "reassign objects owned by it")
    owner = role_of_spec(ctx, statement.newrole)
    _require_role_rights(ctx, owner, "reassign objects", "reassign objects to it")
    for role in roles:
        reassign(ctx, role, owner)


@command("DropOwnedStmt", tag="DROP OWNED")
def drop_owned(ctx: Any, statement: ast.DropOwnedStmt) -> None:
    """DROP OWNED BY roles [CASCADE]: their objects in this database, and privileges granted to them."""
    from .roledeps import drop_all_owned

    roles = [role_of_spec(ctx, spec) for spec in statement.roles]
    for role in roles:
        _require_role_rights(ctx, role, "drop objects", "drop objects owned by it")
    drop_all_owned(ctx, roles, cascade=statement.behavior.name == "DROP_CASCADE")


def _require_role_rights(ctx: Any, role: int, what: str, detail: str) -> None:
    if not is_owner(ctx, role):
        name = ctx.transaction.catalog.role_name(role)
        raise _denied(
            f"permission denied to {what}", f'Only roles with privileges of role "{name}" may {detail}.'
        )
