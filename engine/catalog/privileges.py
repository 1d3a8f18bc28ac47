"""Who may do what: access control lists and role membership (PostgreSQL's acl.c, aclchk.c)."""

from collections.abc import Iterable
from typing import Any

from ..values import Array, make_array
from .acl import (
    ACL_ALTER_SYSTEM,
    ACL_CONNECT,
    ACL_CREATE,
    ACL_CREATE_TEMP,
    ACL_DELETE,
    ACL_EXECUTE,
    ACL_INSERT,
    ACL_MAINTAIN,
    ACL_REFERENCES,
    ACL_SELECT,
    ACL_SET,
    ACL_TRIGGER,
    ACL_TRUNCATE,
    ACL_UPDATE,
    ACL_USAGE,
    ACLITEMOID,
    BITS,
    LETTERS,
    AclItem,
)

BOOTSTRAP_SUPERUSER = 10
PG_DATABASE_OWNER = 6171
PG_READ_ALL_DATA = 6181
PG_WRITE_ALL_DATA = 6182
PG_MAINTAIN = 6337

PRIVILEGE_BITS = {
    "INSERT": ACL_INSERT,
    "SELECT": ACL_SELECT,
    "UPDATE": ACL_UPDATE,
    "DELETE": ACL_DELETE,
    "TRUNCATE": ACL_TRUNCATE,
    "REFERENCES": ACL_REFERENCES,
    "TRIGGER": ACL_TRIGGER,
    "EXECUTE": ACL_EXECUTE,
    "USAGE": ACL_USAGE,
    "CREATE": ACL_CREATE,
    "TEMPORARY": ACL_CREATE_TEMP,
    "TEMP": ACL_CREATE_TEMP,
    "CONNECT": ACL_CONNECT,
    "SET": ACL_SET,
    "ALTER SYSTEM": ACL_ALTER_SYSTEM,
    "MAINTAIN": ACL_MAINTAIN,
}
PRIVILEGE_NAMES = {
    ACL_INSERT: "INSERT",
    ACL_SELECT: "SELECT",
    ACL_UPDATE: "UPDATE",
    ACL_DELETE: "DELETE",
    ACL_TRUNCATE: "TRUNCATE",
    ACL_REFERENCES: "REFERENCES",
    ACL_TRIGGER: "TRIGGER",
    ACL_EXECUTE: "EXECUTE",
    ACL_USAGE: "USAGE",
    ACL_CREATE: "CREATE",
    ACL_CREATE_TEMP: "TEMPORARY",
    ACL_CONNECT: "CONNECT",
    ACL_SET: "SET",
    ACL_ALTER_SYSTEM: "ALTER SYSTEM",
    ACL_MAINTAIN: "MAINTAIN",
}

_ALL_TABLE = (
    ACL_INSERT
    | ACL_SELECT
    | ACL_UPDATE
    | ACL_DELETE
    | ACL_TRUNCATE
    | ACL_REFERENCES
    | ACL_TRIGGER
    | ACL_MAINTAIN
)
# object class -> (catalog, owner column, acl column, all privileges, PUBLIC's default, acldefault letter)
CLASSES: dict[str, tuple[str, str, str, int, int, str]] = {
    "table": ("pg_class", "relowner", "relacl", _ALL_TABLE, 0, "r"),
    "sequence": ("pg_class", "relowner", "relacl", ACL_USAGE | ACL_SELECT | ACL_UPDATE, 0, "s"),
    "schema": ("pg_namespace", "nspowner", "nspacl", ACL_USAGE | ACL_CREATE, 0, "n"),
    "database": (
        "pg_database",
        "datdba",
        "datacl",
        ACL_CREATE | ACL_CREATE_TEMP | ACL_CONNECT,
        ACL_CREATE_TEMP | ACL_CONNECT,
        "d",
    ),
    "function": ("pg_proc", "proowner", "proacl", ACL_EXECUTE, ACL_EXECUTE, "f"),
    "type": ("pg_type", "typowner", "typacl", ACL_USAGE, ACL_USAGE, "T"),
    "language": ("pg_language", "lanowner", "lanacl", ACL_USAGE, ACL_USAGE, "l"),
    "tablespace": ("pg_tablespace", "spcowner", "spcacl", ACL_CREATE, 0, "t"),
    "foreign_data_wrapper": ("pg_foreign_data_wrapper", "fdwowner", "fdwacl", ACL_USAGE, 0, "F"),
    "server": ("pg_foreign_server", "srvowner", "srvacl", ACL_USAGE, 0, "S"),
    "parameter": ("pg_parameter_acl", "", "paracl", ACL_SET | ACL_ALTER_SYSTEM, 0, "p"),
    "largeobject": ("pg_largeobject_metadata", "lomowner", "lomacl", ACL_SELECT | ACL_UPDATE, 0, "L"),
}
_CLASS_NAMES = {  # catalogs' names do as well
    entry[0]: name for name, entry in CLASSES.items() if name != "sequence"
}
COLUMN_PRIVILEGES = ACL_INSERT | ACL_SELECT | ACL_UPDATE | ACL_REFERENCES


# --- roles ----------------------------------------------------------------------------------------------


def is_superuser(catalog: Any, role: int) -> bool:
    """Whether the role is a superuser."""
    row = catalog.pg_authid.get(role)
    return row is not None and bool(row.rolsuper)


def member_roles(catalog: Any, role: int, kind: str = "member") -> frozenset[int]:
    """The roles that `role` is a member of, itself included (roles_is_member_of).

    kind: "member" any way, "inherit" with the privileges, "set" as SET ROLE may go.
    """
    key = ("member_roles", role, kind)
    found = catalog.cache.get(key)
    if found is None:
        seen = {role}
        queue = [role]
        while queue:
            member = queue.pop()
            granted = [
                m.roleid
                for m in catalog.pg_auth_members.find("member", member)
                if kind == "member" or (m.inherit_option if kind == "inherit" else m.set_option)
            ]
            database = catalog.pg_database.get(catalog.database_oid)
            if database is not None and database.datdba == member:
                granted.append(PG_DATABASE_OWNER)
            for one in granted:
                if one not in seen:
                    seen.add(one)
                    queue.append(one)
        found = catalog.cache[key] = frozenset(seen)
    return found


def has_privs_of_role(catalog: Any, member: int, role: int) -> bool:
    """Whether `member` has all privileges of `role` (has_privs_of_role)."""
    return member == role or is_superuser(catalog, member) or role in member_roles(catalog, member, "inherit")


def is_member_of_role(catalog: Any, member: int, role: int) -> bool:
    """Whether `member` is a member of `role`, directly or not; superusers are of every role."""
    return member == role or is_superuser(catalog, member) or role in member_roles(catalog, member)


def member_can_set_role(catalog: Any, member: int, role: int) -> bool:
    """Whether `member` may SET ROLE to `role`."""
    return member == role or is_superuser(catalog, member) or role in member_roles(catalog, member, "set")


def is_admin_of_role(catalog: Any, member: int, role: int) -> bool:
    """Whether `member` may grant `role` to others."""
    if is_superuser(catalog, member):
        return True
    if member == role:
        return False
    holders = member_roles(catalog, member)
    return any(m.admin_option and m.member in holders for m in catalog.pg_auth_members.find("roleid", role))


def best_admin(catalog: Any, member: int, role: int) -> int:
    """Which role, of those whose privileges `member` has, grants `role` (select_best_admin); 0 if none."""
    admins = {m.member for m in catalog.pg_auth_members.find("roleid", role) if m.admin_option}
    if member == role or not admins:
        return 0
    queue, seen = [member], {member}
    for one in queue:
        if one in admins:
            return one
        for membership in catalog.pg_auth_members.find("member", one):
            if membership.inherit_option and membership.roleid not in seen:
                seen.add(membership.roleid)
                queue.append(membership.roleid)
    return 0


# --- lists ----------------------------------------------------------------------------------------------


def default_acl(object_class: str, owner: int) -> tuple[AclItem, ...]:
    """The privileges an object has whose acl column is NULL (acldefault)."""
    _, _, _, everything, public, _ = CLASSES[object_class]
    items = []
    if public:
        items.append(AclItem(0, owner, public))
    if owner:
        items.append(AclItem(owner, owner, everything))
    return tuple(items)


def object_acl(catalog: Any, object_class: str, row: Any) -> tuple[int, tuple[AclItem, ...]]:
    """(owner, items) of an object's row."""
    _, owner_column, acl_column, _, _, _ = CLASSES[object_class]
    owner = getattr(row, owner_column) if owner_column else BOOTSTRAP_SUPERUSER
    acl = getattr(row, acl_column)
    if acl is None:
        if object_class == "table" and row.relkind == "S":
            object_class = "sequence"
        return owner, default_acl(object_class, owner)
    return owner, acl.items


def acl_mask(catalog: Any, items: Iterable[AclItem], role: int, owner: int, mask: int) -> int:
    """Which bits of `mask` (with grant options 32 bits up) the role holds (aclmask)."""
    result = 0
    roles = member_roles(catalog, role, "inherit")
    if mask >> 32 and (owner in roles or is_superuser(catalog, role)):
        result = mask & ~0xFFFFFFFF
    for item in items:
        if item.grantee == 0 or item.grantee in roles:
            result |= item.privileges & mask
    return result


def privilege_mask(catalog: Any, role: int, object_class: str, oid: int, mask: int) -> int:
    """Which bits of `mask` the role holds on an object; 0 if it does not exist."""
    row = catalog.table(CLASSES[object_class][0]).get(oid)
    if row is None:
        return 0
    if is_superuser(catalog, role):
        return mask
    if object_class == "type":
        if row.typelem and row.typsubscript == 6179:  # arrays have their element type's
            element = catalog.pg_type.get(row.typelem)
            row = row if element is None else element
        if row.typtype == "m":
            ranges = catalog.pg_range.find("rngmultitypid", row.oid)
            row = catalog.pg_type.get(ranges[0].rngtypid) if ranges else row
    if object_class in ("table", "sequence") and row.oid < 16384 and row.relnamespace in (11, 99):
        if row.relkind != "v" and mask & (ACL_INSERT | ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE | ACL_USAGE):
            mask &= ~(ACL_INSERT | ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE | ACL_USAGE)
    owner, items = object_acl(catalog, object_class, row)
    result = acl_mask(catalog, items, role, owner, mask)
    if result != mask and object_class in ("table", "schema", "sequence"):
        result |= _predefined_roles(catalog, role, object_class, mask)
    return result


def _predefined_roles(catalog: Any, role: int, object_class: str, mask: int) -> int:
    """What pg_read_all_data and the like give."""
    roles = member_roles(catalog, role, "inherit")
    if object_class == "schema":
        return mask & ACL_USAGE if PG_READ_ALL_DATA in roles or PG_WRITE_ALL_DATA in roles else 0
    result = 0
    if PG_READ_ALL_DATA in roles:
        result |= mask & ACL_SELECT
    if PG_WRITE_ALL_DATA in roles:
        result |= mask & (ACL_INSERT | ACL_UPDATE | ACL_DELETE)
    if PG_MAINTAIN in roles:
        result |= mask & ACL_MAINTAIN
    return result


def mask_of(mode: "str | int") -> int:
    """Privilege bits of a name ("SELECT"), acl letters ("rw") or bits."""
    if isinstance(mode, int):
        return mode
    bit = PRIVILEGE_BITS.get(mode.upper()) if mode.isupper() and len(mode) > 1 else None
    if bit is not None:
        return bit
    if all(letter in BITS for letter in mode):
        bits = 0
        for letter in mode:
            bits |= BITS[letter]
        return bits
    return PRIVILEGE_BITS[mode.upper()]


def has_privilege(
    catalog: Any, role: int, object_class: str, oid: int, mode: "str | int", any_of: bool = False
) -> bool:
    """Whether the role holds the privilege(s) on an object of a class in CLASSES. `mode`: a name as
    "SELECT", letters as "rw", or bits; all of them, or any of them if `any_of`."""
    object_class = _CLASS_NAMES.get(object_class, object_class)
    key = ("privilege", role, object_class, oid, mode, any_of)
    answer = catalog.cache.get(key)
    if answer is None:
        mask = mask_of(mode)
        held = privilege_mask(catalog, role, object_class, oid, mask)
        answer = catalog.cache[key] = bool(held) if any_of else held == mask
    return answer


def column_mask(catalog: Any, role: int, relid: int, attnum: int, mask: int) -> int:
    """Which bits the role holds on a column by the column's own list (pg_attribute_aclmask)."""
    row = catalog.pg_attribute.get(relid, attnum)
    relation = catalog.pg_class.get(relid)
    if row is None or relation is None or row.attisdropped or row.attacl is None:
        return 0
    return acl_mask(catalog, row.attacl.items, role, relation.relowner, mask)


def has_column_privilege(catalog: Any, role: int, relid: int, attnum: int, mode: "str | int") -> bool:
    """Whether the role holds the privilege on the column, by the table's or the column's list."""
    mask = mask_of(mode)
    held = privilege_mask(catalog, role, "table", relid, mask)
    return held == mask or held | column_mask(catalog, role, relid, attnum, mask) == mask


def has_any_column_privilege(catalog: Any, role: int, relid: int, mode: "str | int") -> bool:
    """Whether the role holds the privilege on the table or on at least one column."""
    mask = mask_of(mode)
    if privilege_mask(catalog, role, "table", relid, mask) == mask:
        return True
    return any(
        column_mask(catalog, role, relid, a.attnum, mask) == mask
        for a in catalog.pg_attribute.find("attrelid", relid)
        if a.attnum > 0 and not a.attisdropped
    )


def is_owner(catalog: Any, role: int, object_class: str, oid: int) -> bool:
    """Whether the role owns the object (object_ownercheck)."""
    table, owner_column, *_ = CLASSES[object_class]
    row = catalog.table(table).get(oid)
    return row is not None and has_privs_of_role(catalog, role, getattr(row, owner_column))


def user_default_acl(catalog: Any, object_class: str, owner: int, namespace: int) -> Array | None:
    """The acl a new object gets by ALTER DEFAULT PRIVILEGES; None if just the built-in default."""
    letter = {
        "table": "r",
        "sequence": "S",
        "function": "f",
        "type": "T",
        "schema": "n",
        "largeobject": "L",
    }.get(object_class)
    if letter is None:
        return None
    find = catalog.pg_default_acl.find
    index = "defaclrole_defaclnamespace_defaclobjtype"
    everywhere = find(index, owner, 0, letter)
    here = find(index, owner, namespace, letter) if namespace else ()
    if not everywhere and not here:
        return None
    base = everywhere[0].defaclacl.items if everywhere else default_acl(object_class, owner)
    merged = {(i.grantee, i.grantor): i.privileges for i in base}
    for item in here[0].defaclacl.items if here else ():
        key = (item.grantee, item.grantor)
        merged[key] = merged.get(key, 0) | item.privileges
    items = [AclItem(grantee, grantor, bits) for (grantee, grantor), bits in merged.items()]
    if sorted(items) == sorted(default_acl(object_class, owner)):
        return None
    return make_array(ACLITEMOID, items)


# --- text -----------------------------------------------------------------------------------------------


def _put_name(name: str) -> str:
    if name and all(c.isalnum() or c == "_" for c in name):
        return name
    return '"' + name.replace('"', '""') + '"'


def acl_item_text(catalog: Any, item: AclItem) -> str:
    """grantee=privileges/grantor (aclitemout)."""

    def name(role: int) -> str:
        row = catalog.pg_authid.get(role)
        return _put_name(row.rolname) if row is not None else str(role)

    letters = "".join(
        [
            letter + ("*" if item.privileges >> n + 32 & 1 else "")
            for n, letter in enumerate(LETTERS)
            if item.privileges >> n & 1
        ]
    )
    return f"{name(item.grantee) if item.grantee else ''}={letters}/{name(item.grantor)}"
