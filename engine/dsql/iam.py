"""AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn': rows of sys.iam_pg_role_mappings.

To the server a mapping says that somebody may connect as the role; there is no AWS to ask who it is. Tags and
what a repeated GRANT does are inferred.
"""

from typing import Any

from gaveldb.storage.api import row_key, row_span
from msgspec import msgpack

from ..commands.registry import command
from ..ddl.roles import require_role_control
from ..errors import SqlError
from ..sqlstates import UNDEFINED_OBJECT
from .asynchronous import AwsIamStmt
from .syscatalog import ROLE_MAPPINGS


@command("AwsIamStmt", tag="AWS IAM GRANT")
def aws_iam(ctx: Any, statement: AwsIamStmt) -> str:
    """One role and one ARN, which stands as the grantee."""
    transaction = ctx.transaction
    name = statement.granted_roles[0].priv_name
    arn = statement.grantee_roles[0].rolename
    oid = transaction.catalog.role_oid(name)
    if oid is None:
        raise SqlError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
    require_role_control(ctx, oid)
    row = transaction.catalog.pg_authid.get(oid)
    transaction.catalog_touch("pg_authid", row)  # whoever knows the catalogs is behind them now
    mine = [key for key, (_, known, role) in _rows(transaction) if known == arn and role == name]
    if statement.is_grant:
        if not mine:
            rowid = transaction.next_rowid(ROLE_MAPPINGS)
            value = msgpack.encode([transaction.new_oid(), arn, name])
            transaction.put(row_key(ROLE_MAPPINGS, rowid), value)
        return "AWS IAM GRANT"
    for key in mine:
        transaction.delete(key)
    return "AWS IAM REVOKE"


def forget_role(ctx: Any, name: str) -> None:
    """DROP ROLE: its mappings go."""
    transaction = ctx.transaction
    for key, row in _rows(transaction):
        if row[2] == name:
            transaction.delete(key)


def _rows(reader: Any) -> list[tuple[bytes, list[Any]]]:
    return [(bytes(key), msgpack.decode(value)) for key, value in reader.scan(*row_span(ROLE_MAPPINGS))]


def is_mapped(engine: Any, name: str) -> bool:
    """Whether somebody has been given the role."""
    from ..engine import POSTGRES_OID

    snapshot = engine.storage.snapshot(POSTGRES_OID)
    try:
        return any(row[2] == name for _, row in _rows(snapshot))
    finally:
        snapshot.close()
