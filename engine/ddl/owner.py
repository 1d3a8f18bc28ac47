"""OWNER TO: who an object belongs to."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INSUFFICIENT_PRIVILEGE, WRONG_OBJECT_TYPE
from ..values import Array, make_array
from .addresses import find_object, require_object_owner
from .dependencies import PG_CLASS
from .names import is_owner
from .schemas import role_of_spec

# catalog -> (owner column, acl column)
OWNER_COLUMNS: dict[str, tuple[str, str | None]] = {
    "pg_class": ("relowner", "relacl"),
    "pg_type": ("typowner", "typacl"),
    "pg_proc": ("proowner", "proacl"),
    "pg_namespace": ("nspowner", "nspacl"),
    "pg_database": ("datdba", "datacl"),
    "pg_language": ("lanowner", "lanacl"),
    "pg_collation": ("collowner", None),
    "pg_conversion": ("conowner", None),
    "pg_statistic_ext": ("stxowner", None),
    "pg_operator": ("oprowner", None),
    "pg_opclass": ("opcowner", None),
    "pg_opfamily": ("opfowner", None),
    "pg_ts_config": ("cfgowner", None),
    "pg_ts_dict": ("dictowner", None),
    "pg_extension": ("extowner", None),
    "pg_tablespace": ("spcowner", "spcacl"),
}
_TAGS = {
    "OBJECT_MATVIEW": "ALTER MATERIALIZED VIEW",
    "OBJECT_STATISTIC_EXT": "ALTER STATISTICS",
    "OBJECT_TSDICTIONARY": "ALTER TEXT SEARCH DICTIONARY",
    "OBJECT_OPFAMILY": "ALTER OPERATOR FAMILY",
    "OBJECT_TSCONFIGURATION": "ALTER TEXT SEARCH CONFIGURATION",
    "OBJECT_OPCLASS": "ALTER OPERATOR CLASS",
}


def alter_tag(kind: str) -> str:
    """The command tag of an ALTER of this object type."""
    return _TAGS.get(kind, "ALTER " + kind.removeprefix("OBJECT_").replace("_", " "))


@command("AlterOwnerStmt", tag="ALTER")
def alter_owner(ctx: Any, statement: ast.AlterOwnerStmt) -> str:
    """ALTER ... OWNER TO role, for all but relations."""
    kind = statement.objectType.name
    address = find_object(ctx, kind, statement.object, statement.relation)
    assert address is not None
    catalog = ctx.transaction.catalog
    table = catalog.table(address.classid).name
    if table not in OWNER_COLUMNS:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{alter_tag(kind)} ... OWNER TO is not supported")
    owner = role_of_spec(ctx, statement.newowner)
    row = catalog.table(table).get(address.objid)
    if table == "pg_type" and row.typtype == "c" and catalog.pg_class.get(row.typrelid).relkind != "c":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f"{catalog.format_type(row.oid)} is a table's row type",
            hint="Use ALTER TABLE instead.",
        )
    if getattr(row, OWNER_COLUMNS[table][0]) != owner:
        require_object_owner(ctx, kind, address)
        check_new_owner(ctx, table, row, owner)
        change_owner(ctx, table, row, owner)
        if table == "pg_type":
            _follow_type(ctx, row, owner)
    return alter_tag(kind)


def _follow_type(ctx: Any, row: Any, owner: int) -> None:
    catalog = ctx.transaction.catalog
    if row.typarray:
        change_owner(ctx, "pg_type", catalog.pg_type.get(row.typarray), owner)
    if row.typtype == "c":
        change_owner(ctx, "pg_class", catalog.pg_class.get(row.typrelid), owner)


def check_new_owner(ctx: Any, table: str, row: Any, owner: int) -> None:
    """The current role must be able to become the new owner, who must be allowed to create the object."""
    from ..catalog.privileges import has_privilege, is_superuser, member_can_set_role

    catalog = ctx.transaction.catalog
    role = ctx.session.role
    if is_superuser(catalog, role):
        return
    if not member_can_set_role(catalog, role, owner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'must be able to SET ROLE "{catalog.role_name(owner)}"')
    column = {"pg_class": "relnamespace", "pg_type": "typnamespace", "pg_proc": "pronamespace"}.get(table)
    if column is not None:
        namespace = getattr(row, column)
        if not has_privilege(catalog, owner, "schema", namespace, "CREATE"):
            name = catalog.pg_namespace.get(namespace).nspname
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for schema {name}")
    elif table == "pg_namespace":
        database = ctx.session.database.oid
        if not has_privilege(catalog, role, "database", database, "CREATE"):
            name = catalog.pg_database.get(database).datname
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for database {name}")


def change_owner(ctx: Any, table: str, row: Any, owner: int) -> None:
    """Write the new owner; privileges that the old one granted become the new one's."""
    owner_column, acl_column = OWNER_COLUMNS[table]
    old = getattr(row, owner_column)
    if old == owner:
        return
    values: dict[str, Any] = {owner_column: owner}
    if acl_column is not None and getattr(row, acl_column) is not None:
        values[acl_column] = acl_of_new_owner(getattr(row, acl_column), old, owner)
    ctx.transaction.catalog_update(table, row, row._replace(**values))


def acl_of_new_owner(acl: Array, old: int, new: int) -> Array:
    """The list with the old owner replaced by the new one (aclnewowner)."""
    from ..catalog.acl import ACLITEMOID, AclItem

    merged: dict[tuple[int, int], int] = {}
    for item in acl.items:
        key = (new if item.grantee == old else item.grantee, new if item.grantor == old else item.grantor)
        merged[key] = merged.get(key, 0) | item.privileges
    return make_array(
        ACLITEMOID, [AclItem(grantee, grantor, bits) for (grantee, grantor), bits in merged.items()]
    )


def change_relation_owner(ctx: Any, oid: int, owner: int, *, check: bool = True) -> None:
    """A relation with its row type, indexes and owned sequences (ATExecChangeOwner)."""
    catalog = ctx.transaction.catalog
    row = catalog.pg_class.get(oid)
    if row.relowner == owner:
        return
    if check:
        if row.relkind == "S":
            for depend in catalog.pg_depend.find("classid_objid", PG_CLASS, oid):
                if depend.refclassid == PG_CLASS and depend.refobjsubid and depend.deptype in "ai":
                    raise SqlError(
                        FEATURE_NOT_SUPPORTED,
                        f'cannot change owner of sequence "{row.relname}"',
                        detail=f'Sequence "{row.relname}" is linked to table '
                        f'"{catalog.pg_class.get(depend.refobjid).relname}".',
                    )
        elif row.relkind in "iI":
            from ..errors import Notice

            ctx.notice(
                Notice(
                    f'cannot change owner of index "{row.relname}"',
                    severity="WARNING",
                    hint="Change the ownership of the index's table instead.",
                    sqlstate=WRONG_OBJECT_TYPE,
                )
            )
            return
        if not is_owner(ctx, row.relowner):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of table {row.relname}")
        check_new_owner(ctx, "pg_class", row, owner)
    change_owner(ctx, "pg_class", row, owner)
    if row.reltype:
        type_row = catalog.pg_type.get(row.reltype)
        change_owner(ctx, "pg_type", type_row, owner)
        if type_row.typarray:
            change_owner(ctx, "pg_type", catalog.pg_type.get(type_row.typarray), owner)
    if row.relkind in "rmp":
        for index in catalog.pg_index.find("indrelid", oid):
            change_owner(ctx, "pg_class", catalog.pg_class.get(index.indexrelid), owner)
    for depend in catalog.pg_depend.find("refclassid_refobjid", PG_CLASS, oid):
        if depend.classid == PG_CLASS and depend.refobjsubid and depend.deptype in "ai":
            sequence = catalog.pg_class.get(depend.objid)
            if sequence is not None and sequence.relkind == "S":
                change_relation_owner(ctx, depend.objid, owner, check=False)
