"""AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn': rows of sys.iam_mappings, which
sys.iam_pg_role_mappings shows with the names of the roles.

To the server a mapping says that somebody may connect as the role; there is no AWS to ask who it is. Tags,
SQLSTATEs, the order of the checks and what a repeated GRANT does are inferred.
"""

import re
from typing import Any

from gaveldb.storage.api import row_key, row_span
from msgspec import msgpack

from ..catalog.privileges import is_admin_of_role, is_superuser
from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_PARAMETER_VALUE,
    UNDEFINED_OBJECT,
)
from .asynchronous import AwsIamStmt
from .session import ADMIN
from .syscatalog import MAPPING_COLUMNS, ROLE_MAPPINGS

_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:\S+").fullmatch  # inferred


@command("AwsIamStmt", tag="AWS IAM GRANT")
def aws_iam(ctx: Any, statement: AwsIamStmt) -> str:
    """One role and one ARN, which stands as the grantee."""
    transaction = ctx.transaction
    name = statement.granted_roles[0].priv_name
    arn = statement.grantee_roles[0].rolename
    grant = bool(statement.is_grant)
    if not _ARN(arn):
        raise SqlError(INVALID_PARAMETER_VALUE, "IAM role must look like an IAM ARN")
    oid = transaction.catalog.role_oid(name)
    if oid is None:
        raise SqlError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
    _require_right(ctx, oid, name, grant)
    row = transaction.catalog.pg_authid.get(oid)
    if grant and not row.rolcanlogin:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"role {name} must have the LOGIN attribute")
    transaction.catalog_touch("pg_authid", row)  # whoever knows the catalogs is behind them now
    mine = [key for key, (_, known, role, _) in _rows(transaction) if known == arn and role == oid]
    if grant:
        if not mine:
            rowid = transaction.next_rowid(ROLE_MAPPINGS)
            value = msgpack.encode([transaction.new_oid(), arn, oid, ctx.session.role])
            transaction.put(row_key(ROLE_MAPPINGS, rowid), value)
        return "AWS IAM GRANT"
    for key in mine:
        transaction.delete(key)
    return "AWS IAM REVOKE"


def _require_right(ctx: Any, oid: int, name: str, grant: bool) -> None:
    catalog, me = ctx.transaction.catalog, ctx.session.role
    if is_superuser(catalog, me):
        return
    if not catalog.pg_authid.get(me).rolcreaterole or not is_admin_of_role(catalog, me, oid):
        verb = "grant" if grant else "revoke"  # the second is inferred
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied to {verb} IAM trust with role {name}")


def require_unmapped(ctx: Any, oid: int) -> None:
    """DROP ROLE: 2BP01 if the role is mapped, or has mapped another one (the latter is inferred)."""
    if any(oid in row[2:] for _, row in _rows(ctx.transaction)):
        name = ctx.transaction.catalog.role_name(oid)
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f'role "{name}" cannot be dropped because some objects depend on it',
        )


def _rows(reader: Any) -> list[tuple[bytes, list[Any]]]:
    return [(bytes(key), msgpack.decode(value)) for key, value in reader.scan(*row_span(ROLE_MAPPINGS))]


def convert_mappings(transaction: Any) -> None:
    """Older versions stored the role's name, and nobody as the grantor; admin stands for it (inferred)."""
    catalog = transaction.catalog
    for key, row in _rows(transaction):
        if len(row) != len(MAPPING_COLUMNS):
            iam_oid, arn, name = row
            oid = catalog.role_oid(name)
            if oid is None:
                transaction.delete(key)
            else:
                transaction.put(key, msgpack.encode([iam_oid, arn, oid, catalog.role_oid(ADMIN)]))


def is_mapped(engine: Any, name: str) -> bool:
    """Whether somebody has been given the role."""
    from ..engine import POSTGRES_OID

    oid = engine.databases[POSTGRES_OID].catalog.role_oid(name)
    snapshot = engine.storage.snapshot(POSTGRES_OID)
    try:
        return any(row[2] == oid for _, row in _rows(snapshot))
    finally:
        snapshot.close()
