"""GRANT, REVOKE and ALTER DEFAULT PRIVILEGES (PostgreSQL's aclchk.c and acl.c)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pglast import ast

from ..catalog.acl import (
    ACL_CREATE,
    ACL_INSERT,
    ACL_REFERENCES,
    ACL_SELECT,
    ACL_UPDATE,
    ACL_USAGE,
    ACLITEMOID,
    AclItem,
)
from ..catalog.privileges import CLASSES, PRIVILEGE_BITS, PRIVILEGE_NAMES, acl_mask, default_acl, object_acl
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_GRANT_OPERATION,
    INVALID_SCHEMA_NAME,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    WARNING_PRIVILEGE_NOT_GRANTED,
    WARNING_PRIVILEGE_NOT_REVOKED,
    WRONG_OBJECT_TYPE,
)
from ..values import Array, make_array
from .addresses import find_object
from .dependencies import AUTO, PG_NAMESPACE, Address, record_dependency
from .heap import column_number
from .names import find_relation, is_owner
from .rows import new_row
from .schemas import role_of_spec

PG_DEFAULT_ACL = 826
COLUMN_RIGHTS = ACL_INSERT | ACL_SELECT | ACL_UPDATE | ACL_REFERENCES
# object type -> (class, how errors about privileges call it)
_TYPES = {
    "OBJECT_TABLE": ("table", "relation"),
    "OBJECT_SEQUENCE": ("sequence", "sequence"),
    "OBJECT_DATABASE": ("database", "database"),
    "OBJECT_FUNCTION": ("function", "function"),
    "OBJECT_PROCEDURE": ("function", "procedure"),
    "OBJECT_ROUTINE": ("function", "routine"),
    "OBJECT_SCHEMA": ("schema", "schema"),
    "OBJECT_TYPE": ("type", "type"),
    "OBJECT_DOMAIN": ("type", "domain"),
    "OBJECT_LANGUAGE": ("language", "language"),
    "OBJECT_TABLESPACE": ("tablespace", "tablespace"),
}
_IN_SCHEMA_KINDS = {"OBJECT_TABLE": "rvmfp", "OBJECT_SEQUENCE": "S"}
_DEFAULT_TYPES = {
    "OBJECT_TABLE": ("r", "table"),
    "OBJECT_SEQUENCE": ("S", "sequence"),
    "OBJECT_FUNCTION": ("f", "function"),
    "OBJECT_ROUTINE": ("f", "function"),
    "OBJECT_PROCEDURE": ("f", "function"),
    "OBJECT_TYPE": ("T", "type"),
    "OBJECT_SCHEMA": ("n", "schema"),
}


class Grant(NamedTuple):
    """What a GRANT or REVOKE says, without its objects."""

    grant: bool
    privileges: int
    everything: bool  # ALL PRIVILEGES
    columns: tuple[tuple[int, tuple[str, ...]], ...]  # (privilege bits; 0: all, columns)
    grantees: tuple[int, ...]
    option: bool
    cascade: bool


@command("GrantStmt", tag="GRANT")
def grant(ctx: Any, statement: ast.GrantStmt) -> str:
    """GRANT and REVOKE on objects."""
    kind = statement.objtype.name
    found = _TYPES.get(kind)
    if found is None:
        what = kind.removeprefix("OBJECT_").replace("_", " ")
        raise SqlError(FEATURE_NOT_SUPPORTED, f"GRANT and REVOKE on {what} are not supported")
    object_class, word = found
    if statement.grantor is not None and role_of_spec(ctx, statement.grantor) != ctx.session.role:
        raise SqlError(FEATURE_NOT_SUPPORTED, "grantor must be current user")
    oids = _objects(ctx, statement, kind)
    request = _request(ctx, statement, object_class, word)
    for oid in oids:
        if object_class in ("table", "sequence"):
            _grant_relation(ctx, oid, kind, request)
        else:
            _grant_object(ctx, object_class, oid, request)
        ctx.transaction.catalog  # noqa: B018 - the next object sees the change
    return "GRANT" if statement.is_grant else "REVOKE"


def _request(ctx: Any, statement: Any, object_class: str, word: str) -> Grant:
    allowed = CLASSES[object_class][3]
    if word == "relation":
        allowed |= CLASSES["sequence"][3]
    grantees = []
    for spec in statement.grantees:
        if spec.roletype.name == "ROLESPEC_PUBLIC":
            grantees.append(0)
        else:
            grantees.append(role_of_spec(ctx, spec))
    privileges = 0
    columns = []
    for privilege in statement.privileges or ():
        if privilege.priv_name is None:
            bit = 0
        else:
            found = PRIVILEGE_BITS.get(privilege.priv_name.upper())
            if found is None:
                raise SqlError(SYNTAX_ERROR, f'unrecognized privilege type "{privilege.priv_name}"')
            bit = found
        if privilege.cols:
            if word != "relation":
                raise SqlError(INVALID_GRANT_OPERATION, "column privileges are only valid for relations")
            if bit & ~COLUMN_RIGHTS:
                raise SqlError(
                    INVALID_GRANT_OPERATION, f"invalid privilege type {PRIVILEGE_NAMES[bit]} for column"
                )
            columns.append((bit, tuple(name.sval for name in privilege.cols)))
            continue
        if bit & ~allowed:
            raise SqlError(
                INVALID_GRANT_OPERATION, f"invalid privilege type {PRIVILEGE_NAMES[bit]} for {word}"
            )
        privileges |= bit
    option = bool(statement.grant_option)
    if statement.is_grant and option and 0 in grantees:
        raise SqlError(INVALID_GRANT_OPERATION, "grant options can only be granted to roles")
    return Grant(
        bool(statement.is_grant),
        privileges,
        not statement.privileges,
        tuple(columns),
        tuple(grantees),
        option,
        statement.behavior.name == "DROP_CASCADE",
    )


def _objects(ctx: Any, statement: Any, kind: str) -> list[int]:
    catalog = ctx.transaction.catalog
    if statement.targtype.name == "ACL_TARGET_ALL_IN_SCHEMA":
        oids: list[int] = []
        for name in statement.objects:
            namespace = catalog.namespace_oid(name.sval)
            if namespace is None:
                raise SqlError(INVALID_SCHEMA_NAME, f'schema "{name.sval}" does not exist')
            if kind in _IN_SCHEMA_KINDS:
                rows = catalog.pg_class.find("relnamespace", namespace)
                oids += [row.oid for row in rows if row.relkind in _IN_SCHEMA_KINDS[kind]]
            else:
                kinds = {"OBJECT_FUNCTION": "faw", "OBJECT_PROCEDURE": "p", "OBJECT_ROUTINE": "fawp"}[kind]
                oids += [
                    row.oid for row in catalog.pg_proc.find("pronamespace", namespace) if row.prokind in kinds
                ]
        return oids
    out = []
    for target in statement.objects:
        if kind in ("OBJECT_TABLE", "OBJECT_SEQUENCE"):
            out.append(find_relation(ctx, target))
        else:
            address = find_object(ctx, kind, target)
            assert address is not None
            out.append(address.objid)
    return [oid for oid in out if oid is not None]


# --- lists ------------------------------------------------------------------------------------------


def best_grantor(ctx: Any, items: Sequence[AclItem], owner: int, privileges: int) -> tuple[int, int]:
    """(grantor, the privileges it may grant) for the current role (select_best_grantor)."""
    from ..catalog.privileges import member_roles

    if is_owner(ctx, owner):
        return owner, privileges
    catalog = ctx.transaction.catalog
    best, best_options = int(ctx.session.role), 0
    for role in sorted(member_roles(catalog, ctx.session.role, "inherit")):
        options = 0
        for item in items:
            if item.grantee == role:
                options |= (item.privileges >> 32) & privileges
        if options == privileges:
            return role, options
        if options.bit_count() > best_options.bit_count():
            best, best_options = role, options
    return best, best_options


def merged(
    items: Sequence[AclItem], request: Grant, privileges: int, grantor: int, owner: int
) -> list[AclItem]:
    """The list after the grant or revocation (merge_acl_with_grant)."""
    acl = {(item.grantee, item.grantor): item.privileges for item in items}
    for grantee in request.grantees:
        bits = privileges if request.grant or not request.option else 0
        options = privileges << 32 if not request.grant or request.option else 0
        key = (grantee, grantor)
        if request.grant:
            # the owner's options are implied, and nobody's options may go in circles
            acl[key] = acl.get(key, 0) | bits | options
        elif key in acl:
            _revoke(acl, key, bits | options, owner, cascade=request.cascade)
    return [AclItem(grantee, grantor_, bits) for (grantee, grantor_), bits in acl.items() if bits]


def _revoke(
    acl: dict[tuple[int, int], int], key: tuple[int, int], bits: int, owner: int, *, cascade: bool
) -> None:
    old = acl.get(key, 0)
    acl[key] = old & ~bits
    lost = (old & bits) >> 32
    grantee = key[0]
    if not lost or grantee == owner:
        return
    for (other, _), value in acl.items():  # the same options may have come from another grantor
        if other == grantee:
            lost &= ~(value >> 32)
    for dependent in [item for item in acl if item[1] == grantee]:
        gone = acl[dependent] & (lost | lost << 32)
        if not gone:
            continue
        if not cascade:
            raise SqlError(
                DEPENDENT_OBJECTS_STILL_EXIST,
                "dependent privileges exist",
                hint="Use CASCADE to revoke them too.",
            )
        _revoke(acl, dependent, lost | lost << 32, owner, cascade=True)


def _restrict(
    ctx: Any,
    request: Grant,
    privileges: int,
    everything: bool,
    available: int,
    name: str,
    holds_something: bool,
    what: str,
) -> int:
    """The privileges that can be granted, with PostgreSQL's warnings (restrict_and_check_grant)."""
    if not available and not holds_something:
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {what}")
    possible = privileges & available
    message = None
    if not possible:
        message = "no privileges were granted for" if request.grant else "no privileges could be revoked for"
    elif not everything and possible != privileges:
        message = (
            "not all privileges were granted for"
            if request.grant
            else "not all privileges could be revoked for"
        )
    if message is not None:
        sqlstate = WARNING_PRIVILEGE_NOT_GRANTED if request.grant else WARNING_PRIVILEGE_NOT_REVOKED
        ctx.notice(Notice(f"{message} {name}", severity="WARNING", sqlstate=sqlstate))
    return possible


def _store(ctx: Any, table: str, row: Any, column: str, items: Sequence[AclItem], *, empty: Any = ()) -> None:
    acl: Array | None = make_array(ACLITEMOID, list(items))
    if not items and empty is None:
        acl = None
    values: dict[str, Any] = {column: acl}
    ctx.transaction.catalog_update(table, row, row._replace(**values))


# --- objects ----------------------------------------------------------------------------------------


def _grant_object(ctx: Any, object_class: str, oid: int, request: Grant) -> None:
    table, _, column, all_rights, _, _ = CLASSES[object_class]
    catalog = ctx.transaction.catalog
    row = catalog.table(table).get(oid)
    if object_class == "type" and row.typelem and row.typsubscript == 6179:
        raise SqlError(
            INVALID_GRANT_OPERATION,
            "cannot set privileges of array types",
            hint="Set the privileges of the element type instead.",
        )
    if object_class == "language" and not row.lanpltrusted:
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'language "{row.lanname}" is not trusted',
            detail="GRANT and REVOKE are not allowed on untrusted languages, because only superusers can use "
            "untrusted languages.",
        )
    name = _object_name(row)
    owner, items = object_acl(catalog, object_class, row)
    privileges = all_rights if request.everything else request.privileges
    grantor, available = best_grantor(ctx, items, owner, privileges)
    holds = bool(acl_mask(catalog, items, ctx.session.role, owner, all_rights | all_rights << 32))
    possible = _restrict(
        ctx, request, privileges, request.everything, available, f'"{name}"', holds, f"{object_class} {name}"
    )
    _store(ctx, table, row, column, merged(items, request, possible, grantor, owner))


def _object_name(row: Any) -> str:
    for column in ("nspname", "datname", "proname", "typname", "lanname", "spcname", "relname"):
        name = getattr(row, column, None)
        if name is not None:
            return str(name)
    raise AssertionError(row)


def _grant_relation(ctx: Any, oid: int, kind: str, request: Grant) -> None:
    catalog = ctx.transaction.catalog
    row = catalog.pg_class.get(oid)
    if row.relkind in "iI":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is an index')
    if row.relkind == "c":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is a composite type')
    if kind == "OBJECT_SEQUENCE" and row.relkind != "S":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not a sequence')
    sequence = row.relkind == "S"
    all_rights = CLASSES["sequence" if sequence else "table"][3]
    privileges = all_rights if request.everything else request.privileges
    if kind == "OBJECT_TABLE" and sequence and privileges & ~all_rights:
        ctx.notice(
            Notice(
                f'sequence "{row.relname}" only supports USAGE, SELECT, and UPDATE privileges',
                severity="WARNING",
                sqlstate=INVALID_GRANT_OPERATION,
            )
        )
        privileges &= all_rights
    elif not sequence and privileges & ACL_USAGE:
        raise SqlError(INVALID_GRANT_OPERATION, "invalid privilege type USAGE for table")
    owner, items = object_acl(catalog, "table", row)
    if privileges:
        grantor, available = best_grantor(ctx, items, owner, privileges)
        holds = bool(acl_mask(catalog, items, ctx.session.role, owner, all_rights | all_rights << 32))
        word = {"S": "sequence", "v": "view", "m": "materialized view"}.get(row.relkind, "table")
        possible = _restrict(
            ctx,
            request,
            privileges,
            request.everything,
            available,
            f'"{row.relname}"',
            holds,
            f"{word} {row.relname}",
        )
        _store(ctx, "pg_class", row, "relacl", merged(items, request, possible, grantor, owner))
        if not request.grant and not sequence and possible & COLUMN_RIGHTS:
            for attribute in catalog.pg_attribute.find("attrelid", oid):
                if attribute.attacl is not None:
                    _grant_column(ctx, row, attribute, request, possible & COLUMN_RIGHTS, quiet=True)
    for bit, names in request.columns:
        relation = catalog.relation(oid)
        for name in names:
            attnum = column_number(relation, name)
            if attnum is None:
                raise SqlError(
                    UNDEFINED_COLUMN, f'column "{name}" of relation "{row.relname}" does not exist'
                )
            attribute = ctx.transaction.catalog.pg_attribute.get(oid, attnum)
            _grant_column(ctx, row, attribute, request, bit or COLUMN_RIGHTS, quiet=False)


def _grant_column(
    ctx: Any, row: Any, attribute: Any, request: Grant, privileges: int, *, quiet: bool
) -> None:
    catalog = ctx.transaction.catalog
    owner, table_items = object_acl(catalog, "table", catalog.pg_class.get(row.oid))
    items = tuple(attribute.attacl.items) if attribute.attacl is not None else ()
    grantor, available = best_grantor(ctx, (*table_items, *items), owner, privileges)
    if quiet:
        possible = privileges & available
    else:
        holds = bool(
            acl_mask(
                catalog, (*table_items, *items), ctx.session.role, owner, COLUMN_RIGHTS | COLUMN_RIGHTS << 32
            )
        )
        possible = _restrict(
            ctx,
            request,
            privileges,
            False,
            available,
            f'column "{attribute.attname}" of relation "{row.relname}"',
            holds,
            f"table {row.relname}",
        )
    _store(
        ctx, "pg_attribute", attribute, "attacl", merged(items, request, possible, grantor, owner), empty=None
    )


# --- default privileges -----------------------------------------------------------------------------


@command("AlterDefaultPrivilegesStmt", tag="ALTER DEFAULT PRIVILEGES")
def alter_default_privileges(ctx: Any, statement: ast.AlterDefaultPrivilegesStmt) -> None:
    """ALTER DEFAULT PRIVILEGES [FOR ROLE ...] [IN SCHEMA ...] GRANT | REVOKE ..."""
    roles = [int(ctx.session.role)]
    schemas = [0]
    catalog = ctx.transaction.catalog
    for option in statement.options or ():
        if option.defname == "roles":
            roles = [role_of_spec(ctx, spec) for spec in option.arg]
            for role in roles:
                if not is_owner(ctx, role):
                    raise SqlError(INSUFFICIENT_PRIVILEGE, "permission denied to change default privileges")
        elif option.defname == "schemas":
            schemas = []
            for name in option.arg:
                oid = catalog.namespace_oid(name.sval)
                if oid is None:
                    raise SqlError(INVALID_SCHEMA_NAME, f'schema "{name.sval}" does not exist')
                schemas.append(oid)
    action = statement.action
    found = _DEFAULT_TYPES.get(action.objtype.name)
    if found is None:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, f"default privileges on {action.objtype.name} are not supported"
        )
    letter, object_class = found
    word = "relation" if object_class == "table" else object_class
    if object_class == "schema" and schemas != [0]:
        raise SqlError(
            INVALID_GRANT_OPERATION, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS"
        )
    request = _request(ctx, action, object_class, word)
    if request.columns:
        raise SqlError(INVALID_GRANT_OPERATION, "default privileges cannot be set for columns")
    for role in roles:
        for schema in schemas:
            _set_default(ctx, role, schema, letter, object_class, request)


def _set_default(ctx: Any, role: int, schema: int, letter: str, object_class: str, request: Grant) -> None:
    transaction = ctx.transaction
    catalog = transaction.catalog
    rows = catalog.pg_default_acl.find("defaclrole_defaclnamespace_defaclobjtype", role, schema, letter)
    base = () if schema else default_acl(object_class, role)
    items = rows[0].defaclacl.items if rows else base
    privileges = CLASSES[object_class][3] if request.everything else request.privileges
    if object_class == "schema" and not request.everything:
        privileges &= ACL_USAGE | ACL_CREATE
    new = merged(items, request, privileges, role, role)
    if sorted(new) == sorted(base):
        if rows:
            transaction.catalog_delete("pg_default_acl", rows[0])
            for dependency in catalog.pg_depend.find("classid_objid", PG_DEFAULT_ACL, rows[0].oid):
                transaction.catalog_delete("pg_depend", dependency)
        return
    acl = make_array(ACLITEMOID, new)
    if rows:
        transaction.catalog_update("pg_default_acl", rows[0], rows[0]._replace(defaclacl=acl))
        return
    oid = int(transaction.new_oid())
    if schema:  # goes with the schema
        record_dependency(transaction, Address(PG_DEFAULT_ACL, oid), Address(PG_NAMESPACE, schema), AUTO)
    transaction.catalog_insert(
        "pg_default_acl",
        new_row(
            transaction.base_catalog,
            "pg_default_acl",
            oid=oid,
            defaclrole=role,
            defaclnamespace=schema,
            defaclobjtype=letter,
            defaclacl=acl,
        ),
    )
