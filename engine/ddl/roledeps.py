"""What depends on a role: the objects it owns and the privileges it was granted (pg_shdepend's questions).

PostgreSQL keeps pg_shdepend for this; here the catalogs themselves are asked.
"""

from collections.abc import Iterator
from typing import Any

from ..catalog.acl import ACLITEMOID
from ..values import make_array
from .addresses import PG_DATABASE
from .deletion import perform_deletion
from .dependencies import PG_CLASS, Address
from .objects import describe_object
from .owner import OWNER_COLUMNS, change_owner, change_relation_owner

_SHARED = frozenset(("pg_database", "pg_tablespace"))


def _stored(table: Any) -> Iterator[Any]:
    for row in table.stored.values():
        if row is not None:
            yield row


def owned_objects(catalog: Any, role: int) -> list[tuple[str, Any]]:
    """(catalog name, row) of what the role owns, parts of other objects left out."""
    out = []
    for name, (column, _) in OWNER_COLUMNS.items():
        for row in _stored(catalog.table(name)):
            if getattr(row, column) != role or _is_part(catalog, name, row):
                continue
            out.append((name, row))
    return out


def _is_part(catalog: Any, name: str, row: Any) -> bool:
    if name == "pg_class":
        return bool(row.relkind in "iIct")
    if name == "pg_type":
        if row.typtype == "c":
            relation = catalog.pg_class.get(row.typrelid)
            return relation is not None and relation.relkind != "c"
        element = catalog.pg_type.get(row.typelem) if row.typelem else None
        return element is not None and element.typarray == row.oid
    return False


def granted_objects(catalog: Any, role: int) -> list[tuple[str, Any]]:
    """(catalog name, row) of objects whose privileges name the role without its owning them."""
    out = []
    for name, (owner_column, acl_column) in OWNER_COLUMNS.items():
        if acl_column is None:
            continue
        for row in _stored(catalog.table(name)):
            acl = getattr(row, acl_column)
            if acl is None or getattr(row, owner_column) == role:
                continue
            if any(role in (item.grantee, item.grantor) for item in acl.items):
                out.append((name, row))
    for row in _stored(catalog.pg_attribute):
        if row.attacl is not None and any(role in (item.grantee, item.grantor) for item in row.attacl.items):
            out.append(("pg_attribute", row))
    return out


def role_dependencies(ctx: Any, role: int) -> list[str]:
    """The lines of DROP ROLE's error: objects here, then how many in other databases."""
    catalog = ctx.transaction.catalog
    path = ctx.session.search_path(catalog)
    lines: list[tuple[tuple[int, int, int], str]] = []
    for name, row in owned_objects(catalog, role):
        address = Address(catalog.table(name).relid, row.oid)
        lines.append(((row.oid, address.classid, 0), f"owner of {_describe(catalog, path, address)}"))
    for name, row in granted_objects(catalog, role):
        if name == "pg_attribute":
            address = Address(PG_CLASS, row.attrelid, row.attnum)
        else:
            address = Address(catalog.table(name).relid, row.oid)
        lines.append(
            (
                (address.objid, address.classid, address.objsubid),
                f"privileges for {_describe(catalog, path, address)}",
            )
        )
    for row in _stored(catalog.pg_default_acl):
        if row.defaclrole == role or any(
            role in (item.grantee, item.grantor) for item in row.defaclacl.items
        ):
            what = describe_default_acl(catalog, row)
            word = "owner of" if row.defaclrole == role else "privileges for"
            lines.append(((row.oid, 826, 0), f"{word} {what}"))
    out = [line for _, line in sorted(lines)]
    for row in catalog.pg_database.rows():
        if row.oid == ctx.session.database.oid or not row.datallowconn:
            continue
        other = _database(ctx.session.engine, row)
        if other is None:
            continue
        count = sum(name not in _SHARED for name, _ in owned_objects(other.catalog, role))
        count += sum(name not in _SHARED for name, _ in granted_objects(other.catalog, role))
        if count:
            out.append(f"{count} object{'s' if count > 1 else ''} in database {row.datname}")
    return out


def _database(engine: Any, row: Any) -> Any:
    """Another database with its catalogs; loaded for the moment if nobody uses it."""
    from ..database import Database

    found = engine.databases.get(row.oid)
    if found is None and row.oid in set(engine.storage.databases()):
        found = Database(engine, row.oid, row.datname)
        found.load(engine._shared_rows)
    return found


def describe_default_acl(catalog: Any, row: Any) -> str:
    """ "default privileges on new relations belonging to role x in schema y"."""
    words = {
        "r": "relations",
        "S": "sequences",
        "f": "functions",
        "T": "types",
        "n": "schemas",
        "L": "large objects",
    }
    owner = catalog.role_name(row.defaclrole)
    text = f"default privileges on new {words[row.defaclobjtype]} belonging to role {owner}"
    if row.defaclnamespace:
        text += f" in schema {catalog.pg_namespace.get(row.defaclnamespace).nspname}"
    return text


def _describe(catalog: Any, path: tuple[int, ...], address: Address) -> str:
    if address.classid == PG_DATABASE:
        return f"database {catalog.pg_database.get(address.objid).datname}"
    return describe_object(catalog, path, address)


def reassign(ctx: Any, role: int, owner: int) -> None:
    """All objects of a role become another one's."""
    catalog = ctx.transaction.catalog
    for name, row in owned_objects(catalog, role):
        current = ctx.transaction.catalog.table(name).get(row.oid)
        if getattr(current, OWNER_COLUMNS[name][0]) != role:
            continue
        if name == "pg_class":
            change_relation_owner(ctx, row.oid, owner, check=False)
            continue
        change_owner(ctx, name, current, owner)
        if name == "pg_type":
            if row.typarray:
                change_owner(ctx, name, ctx.transaction.catalog.pg_type.get(row.typarray), owner)
            if row.typtype == "c":
                change_owner(ctx, "pg_class", ctx.transaction.catalog.pg_class.get(row.typrelid), owner)
    for row in _stored(catalog.pg_default_acl):
        if row.defaclrole == role:
            ctx.transaction.catalog_delete("pg_default_acl", row)


def drop_all_owned(ctx: Any, roles: list[int], *, cascade: bool) -> None:
    """Revoke what the roles were granted, and drop what they own."""
    transaction = ctx.transaction
    for role in roles:
        for name, row in granted_objects(transaction.catalog, role):
            column = "attacl" if name == "pg_attribute" else OWNER_COLUMNS[name][1]
            assert column is not None
            items = [item for item in getattr(row, column).items if role not in (item.grantee, item.grantor)]
            values: dict[str, Any] = {column: make_array(ACLITEMOID, items) if items else None}
            transaction.catalog_update(name, row, row._replace(**values))
        for row in _stored(transaction.catalog.pg_default_acl):
            if row.defaclrole == role:
                transaction.catalog_delete("pg_default_acl", row)
            elif any(item.grantee == role for item in row.defaclacl.items):
                left = [item for item in row.defaclacl.items if item.grantee != role]
                if left:
                    transaction.catalog_update(
                        "pg_default_acl", row, row._replace(defaclacl=make_array(ACLITEMOID, left))
                    )
                else:
                    transaction.catalog_delete("pg_default_acl", row)
    catalog = transaction.catalog
    addresses = []
    for role in roles:
        for name, row in owned_objects(catalog, role):
            if name in _SHARED:
                continue
            address = Address(catalog.table(name).relid, row.oid)
            if address.classid == PG_CLASS and any(
                depend.deptype in "ai" and depend.refclassid == PG_CLASS and depend.refobjsubid
                for depend in catalog.pg_depend.find("classid_objid", PG_CLASS, row.oid)
            ):
                continue
            addresses.append(address)
    if addresses:
        perform_deletion(ctx, addresses, cascade=cascade)
