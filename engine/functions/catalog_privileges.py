"""aclitem and the access privilege inquiry functions (has_table_privilege(), pg_has_role(), ...)."""

from collections.abc import Callable, Iterator
from typing import Any

from ..catalog.acl import ACLITEMOID, LETTERS, AclItem
from ..catalog.privileges import (
    CLASSES,
    PRIVILEGE_BITS,
    PRIVILEGE_NAMES,
    acl_item_text,
    column_mask,
    default_acl,
    has_any_column_privilege,
    has_privs_of_role,
    is_admin_of_role,
    is_member_of_role,
    member_can_set_role,
    privilege_mask,
)
from ..errors import SqlError
from ..registry import IMPLEMENTATIONS, implements
from ..sqlstates import (
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    UNDEFINED_COLUMN,
    UNDEFINED_DATABASE,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..values import Array, make_array
from .regtypes import regprocedurein, regtypein, relation_named

# --- aclitem --------------------------------------------------------------------------------------------


def _take_name(text: str, position: int) -> tuple[str, int]:
    name, quoted, end = "", False, len(text)
    while position < end:
        c = text[position]
        if c == '"':
            if quoted and position + 1 < end and text[position + 1] == '"':
                name += '"'
                position += 2
                continue
            quoted = not quoted
        elif not quoted and not (c.isalnum() or c == "_"):
            break
        else:
            name += c
        position += 1
    return name, position


@implements("aclitemin", context=True)
def aclitemin(ctx: Any, text: str) -> AclItem:
    catalog = ctx.catalog
    name, position = _take_name(text, len(text) - len(text.lstrip()))
    rest = text[position:]
    if not rest.lstrip().startswith("=") and name in ("group", "user"):
        name, position = _take_name(text, position + len(rest) - len(rest.lstrip()))
        rest = text[position:]
    rest = rest.lstrip()
    if not rest.startswith("="):
        raise SqlError(INVALID_TEXT_REPRESENTATION, 'missing "=" sign')
    bits = last = 0
    position = 1
    while position < len(rest) and (rest[position].isalpha() or rest[position] == "*"):
        c = rest[position]
        if c == "*":
            bits |= last << 32
        elif c in LETTERS:
            last = 1 << LETTERS.index(c)
            bits |= last
        else:
            raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid mode character: must be one of "{LETTERS}"')
        position += 1

    def role(wanted: str) -> int:
        oid = catalog.role_oid(wanted)
        if oid is None:
            raise SqlError(UNDEFINED_OBJECT, f'role "{wanted}" does not exist')
        return int(oid)

    grantee = role(name) if name else 0
    if position < len(rest) and rest[position] == "/":
        grantor_name, position = _take_name(rest, position + 1)
        if not grantor_name:
            raise SqlError(INVALID_TEXT_REPRESENTATION, 'a name must follow the "/" sign')
        grantor = role(grantor_name)
    else:
        grantor = 10
    if rest[position:].strip():
        raise SqlError(INVALID_TEXT_REPRESENTATION, "extra garbage at the end of the ACL specification")
    return AclItem(grantee, grantor, bits)


@implements("aclitemout", context=True)
def aclitemout(ctx: Any, item: AclItem) -> str:
    return acl_item_text(ctx.catalog, item)


@implements("aclitem_eq")
def aclitem_eq(a: AclItem, b: AclItem) -> bool:
    return a == b


@implements("hash_aclitem")
def hash_aclitem(item: AclItem) -> int:
    value = (item.privileges + item.grantee + item.grantor) & 0xFFFFFFFF
    return value - 2**32 if value >= 2**31 else value


@implements("aclcontains")
def aclcontains(acl: Array, item: AclItem) -> bool:
    return any(
        i.grantee == item.grantee
        and i.grantor == item.grantor
        and i.privileges & item.privileges == item.privileges
        for i in acl.items
    )


@implements("makeaclitem")
def makeaclitem(grantee: int, grantor: int, privileges: str, grantable: bool) -> AclItem:
    bits = 0
    for name, _ in _privileges(privileges, None):
        bits |= name
    return AclItem(grantee, grantor, bits | bits << 32 if grantable else bits)


_DEFAULT_LETTERS = {
    "c": None,
    "r": "table",
    "s": "sequence",
    "d": "database",
    "f": "function",
    "l": "language",
    "L": "largeobject",
    "n": "schema",
    "p": "parameter",
    "t": "tablespace",
    "F": "foreign_data_wrapper",
    "S": "server",
    "T": "type",
}


@implements("acldefault_sql")
def acldefault(kind: str, owner: int) -> Array:
    if kind not in _DEFAULT_LETTERS:
        raise SqlError(INVALID_PARAMETER_VALUE, f"unrecognized object type abbreviation: {kind}")
    name = _DEFAULT_LETTERS[kind]
    return make_array(ACLITEMOID, () if name is None else default_acl(name, owner))


@implements("aclexplode")
def aclexplode(acl: Array) -> Iterator[tuple[int, int, str, bool]]:
    for item in acl.items:
        for bit, name in _BY_BIT:
            if item.privileges & bit:
                yield item.grantor, item.grantee, name, bool(item.privileges >> 32 & bit)


_BY_BIT = sorted(PRIVILEGE_NAMES.items())


# --- inquiry ----------------------------------------------------------------------------------------------


def _privileges(text: str, allowed: int | None) -> list[tuple[int, bool]]:
    """(bit, with grant option) of "SELECT, UPDATE WITH GRANT OPTION"."""
    out = []
    for part in text.split(","):
        name = " ".join(part.strip().upper().split())
        grant = name.endswith(" WITH GRANT OPTION")
        bit = PRIVILEGE_BITS.get(name.removesuffix(" WITH GRANT OPTION"))
        if bit is None or (allowed is not None and not bit & allowed):
            raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized privilege type: "{part.strip()}"')
        out.append((bit, grant))
    return out


def _mask(text: str, allowed: int) -> list[int]:
    return [bit << 32 if grant else bit for bit, grant in _privileges(text, allowed)]


def role_named(ctx: Any, name: str, public_ok: bool = True) -> int:
    """The role's oid, 0 for "public"."""
    if public_ok and name == "public":
        return 0
    oid = ctx.catalog.role_oid(name)
    if oid is None:
        raise SqlError(UNDEFINED_OBJECT, f'role "{name}" does not exist')
    return int(oid)


def _by_name(table: str, column: str, message: str, state: Any) -> Callable[[Any, str], int]:
    def find(ctx: Any, name: str) -> int:
        rows = ctx.catalog.table(table).find(column, name)
        if not rows:
            raise SqlError(state, message.format(name))
        return int(rows[0].oid)

    return find


def _function(ctx: Any, text: str) -> int:
    return regprocedurein(ctx, text)


def _schema(ctx: Any, name: str) -> int:
    from ..catalog.namespaces import explicit_namespace

    return explicit_namespace(ctx.catalog, name, ctx.session.temporary_namespace)


def _relation(ctx: Any, text: str) -> int:
    oid = relation_named(ctx, text)
    assert oid is not None
    return oid


def _sequence(ctx: Any, text: str) -> int:
    oid = _relation(ctx, text)
    if ctx.catalog.pg_class.get(oid).relkind != "S":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{text}" is not a sequence')
    return oid


_FINDERS: dict[str, Callable[[Any, str], int]] = {
    "table": _relation,
    "sequence": _sequence,
    "schema": _schema,
    "function": _function,
    "type": regtypein,
    "database": _by_name("pg_database", "datname", 'database "{}" does not exist', UNDEFINED_DATABASE),
    "language": _by_name("pg_language", "lanname", 'language "{}" does not exist', UNDEFINED_OBJECT),
    "tablespace": _by_name("pg_tablespace", "spcname", 'tablespace "{}" does not exist', UNDEFINED_OBJECT),
    "server": _by_name("pg_foreign_server", "srvname", 'server "{}" does not exist', UNDEFINED_OBJECT),
    "foreign_data_wrapper": _by_name(
        "pg_foreign_data_wrapper", "fdwname", 'foreign-data wrapper "{}" does not exist', UNDEFINED_OBJECT
    ),
}


def _register_class(kind: str) -> None:
    """The six has_<kind>_privilege functions."""
    find = _FINDERS[kind]
    table = CLASSES[kind][0]
    allowed = CLASSES[kind][3]
    if kind == "sequence":

        def check_kind(ctx: Any, row: Any, oid: int) -> None:
            if row.relkind != "S":
                raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not a sequence')
    else:
        check_kind = None  # type: ignore[assignment]

    def answer(ctx: Any, role: int, oid: int, privileges: str) -> bool | None:
        row = ctx.catalog.table(table).get(oid)
        if row is None:
            return None
        if check_kind is not None:
            check_kind(ctx, row, oid)
        return any(privilege_mask(ctx.catalog, role, kind, oid, bit) for bit in _mask(privileges, allowed))

    prefix = f"has_{kind}_privilege_"
    implements(prefix + "name_name", context=True)(
        lambda ctx, role, what, mode: answer(ctx, role_named(ctx, role), find(ctx, what), mode)
    )
    implements(prefix + "name", context=True)(
        lambda ctx, what, mode: answer(ctx, ctx.session.role, find(ctx, what), mode)
    )
    implements(prefix + "name_id", context=True)(
        lambda ctx, role, oid, mode: answer(ctx, role_named(ctx, role), oid, mode)
    )
    implements(prefix + "id", context=True)(lambda ctx, oid, mode: answer(ctx, ctx.session.role, oid, mode))
    implements(prefix + "id_name", context=True)(
        lambda ctx, role, what, mode: answer(ctx, role, find(ctx, what), mode)
    )
    implements(prefix + "id_id", context=True)(lambda ctx, role, oid, mode: answer(ctx, role, oid, mode))


for _kind in _FINDERS:
    _register_class(_kind)


def _user(ctx: Any, how: str, role: Any) -> int:
    return role_named(ctx, role) if how == "name" else int(role)


def _register_columns() -> None:
    """has_column_privilege and has_any_column_privilege in all their forms."""
    allowed = CLASSES["table"][3] & ~(8 | 16 | 64 | 1 << 14)

    def column(ctx: Any, relid: int, name: str) -> int | None:
        for a in ctx.catalog.pg_attribute.find("attrelid", relid):
            if a.attname == name and not a.attisdropped:
                return int(a.attnum)
        relation = ctx.catalog.pg_class.get(relid)
        if relation is None:
            return None
        raise SqlError(UNDEFINED_COLUMN, f'column "{name}" of relation "{relation.relname}" does not exist')

    def answer(ctx: Any, role: int, relid: int, attnum: int | None, mode: str) -> bool | None:
        masks = _mask(mode, allowed)
        catalog = ctx.catalog
        if attnum is None or catalog.pg_class.get(relid) is None:
            return None
        attribute = catalog.pg_attribute.get(relid, attnum)
        if attribute is None or attribute.attisdropped:
            return None
        return any(
            privilege_mask(catalog, role, "table", relid, bit)
            or column_mask(catalog, role, relid, attnum, bit)
            for bit in masks
        )

    for user in ("name", "id", ""):
        for table in ("name", "id"):
            for which in ("name", "attnum"):

                def check(
                    ctx: Any, *args: Any, user: str = user, table: str = table, which: str = which
                ) -> bool | None:
                    role = _user(ctx, user, args[0]) if user else ctx.session.role
                    relation, wanted, mode = args[1:] if user else args
                    relid = _relation(ctx, relation) if table == "name" else relation
                    attnum = column(ctx, relid, wanted) if which == "name" else wanted
                    return answer(ctx, role, relid, attnum, mode)

                implements(
                    "has_column_privilege_" + "_".join(filter(None, (user, table, which))), context=True
                )(check)

            def check_any(ctx: Any, *args: Any, user: str = user, table: str = table) -> bool | None:
                role = _user(ctx, user, args[0]) if user else ctx.session.role
                relation, mode = args[1:] if user else args
                relid = _relation(ctx, relation) if table == "name" else relation
                if ctx.catalog.pg_class.get(relid) is None:
                    return None
                return any(
                    has_any_column_privilege(ctx.catalog, role, relid, bit) for bit in _mask(mode, allowed)
                )

            implements("has_any_column_privilege_" + "_".join(filter(None, (user, table))), context=True)(
                check_any
            )


_register_columns()


def _role_answer(ctx: Any, member: int, role: int, mode: str) -> bool:
    for part in mode.split(","):
        name = " ".join(part.strip().upper().split())
        plain, _, option = name.partition(" WITH ")
        if plain not in ("USAGE", "MEMBER", "SET") or option not in ("", "GRANT OPTION", "ADMIN OPTION"):
            raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized privilege type: "{part.strip()}"')
        catalog = ctx.catalog
        if option:
            held = is_admin_of_role(catalog, member, role)
        elif plain == "USAGE":
            held = has_privs_of_role(catalog, member, role)
        elif plain == "SET":
            held = member_can_set_role(catalog, member, role)
        else:
            held = is_member_of_role(catalog, member, role)
        if held:
            return True
    return False


def _register_roles() -> None:
    for first in ("name", "id"):
        for second in ("name", "id"):

            def check(
                ctx: Any, member: Any, role: Any, mode: str, first: str = first, second: str = second
            ) -> bool:
                return _role_answer(
                    ctx,
                    role_named(ctx, member, False) if first == "name" else member,
                    role_named(ctx, role, False) if second == "name" else role,
                    mode,
                )

            implements(f"pg_has_role_{first}_{second}", context=True)(check)

        def own(ctx: Any, role: Any, mode: str, first: str = first) -> bool:
            wanted = role_named(ctx, role, False) if first == "name" else role
            return _role_answer(ctx, ctx.session.role, wanted, mode)

        implements(f"pg_has_role_{first}", context=True)(own)


_register_roles()


def _parameter(ctx: Any, role: int, name: str, mode: str) -> bool:
    from ..catalog.privileges import acl_mask, is_superuser

    masks = _mask(mode, CLASSES["parameter"][3])
    if is_superuser(ctx.catalog, role):
        return True
    rows = ctx.catalog.pg_parameter_acl.find("parname", name.lower())
    return any(acl_mask(ctx.catalog, row.paracl.items, role, 10, bit) for row in rows for bit in masks)


implements("has_parameter_privilege_name_name", context=True)(
    lambda ctx, role, name, mode: _parameter(ctx, role_named(ctx, role), name, mode)
)
implements("has_parameter_privilege_id_name", context=True)(_parameter)
implements("has_parameter_privilege_name", context=True)(
    lambda ctx, name, mode: _parameter(ctx, ctx.session.role, name, mode)
)


@implements("row_security_active", context=True)
def row_security_active(ctx: Any, oid: int) -> bool | None:
    row = ctx.catalog.pg_class.get(oid)
    if row is None or not row.relrowsecurity:
        return False
    role = ctx.catalog.pg_authid.get(ctx.session.role)
    if role is not None and (role.rolsuper or role.rolbypassrls):
        return False
    return bool(row.relforcerowsecurity) or not has_privs_of_role(ctx.catalog, ctx.session.role, row.relowner)


@implements("row_security_active_name", context=True)
def row_security_active_name(ctx: Any, name: str) -> bool | None:
    return row_security_active(ctx, _relation(ctx, name))


__all__ = ["IMPLEMENTATIONS", "aclitemin", "aclitemout", "role_named"]
