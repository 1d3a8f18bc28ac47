"""Names in DDL: where new objects go, whose they are, and which existing ones are meant."""

from typing import Any

from ..catalog.namespaces import creation_namespace, explicit_namespace, require_usage
from ..errors import SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_TABLE_DEFINITION,
    UNDEFINED_SCHEMA,
    UNDEFINED_TABLE,
)
from .rows import new_row

NAME_BYTES_MAX = 63


def creation_schema(ctx: Any, schema: str | None, *, temporary: bool = False) -> int:
    """The namespace oid for a new object named with (or without) a schema; checks CREATE on it."""
    session = ctx.session
    catalog = ctx.transaction.catalog
    if temporary or schema == "pg_temp":
        if schema not in (None, "pg_temp"):
            explicit_namespace(catalog, schema, session.temporary_namespace)
            raise SqlError(
                INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema"
            )
        return temporary_namespace(ctx)
    if schema is not None:
        oid = explicit_namespace(catalog, schema, session.temporary_namespace)
    else:
        found = creation_namespace(
            catalog, session.settings.search_path, session.role_name(), session.temporary_namespace
        )
        if found is None:
            raise SqlError(UNDEFINED_SCHEMA, "no schema has been selected to create in")
        oid = found
    require_schema_create(ctx, oid)
    return oid


def require_schema_create(ctx: Any, namespace: int) -> None:
    """42501 unless the role may create in the schema."""
    from ..catalog.privileges import has_privilege

    catalog = ctx.transaction.catalog
    if namespace == ctx.session.temporary_namespace:
        return
    name = catalog.pg_namespace.get(namespace).nspname
    if namespace in (11, 99) and not ctx.session.allow_system_table_mods():
        raise SqlError(
            INSUFFICIENT_PRIVILEGE,
            f'permission denied to create "{name}" object',
            detail="System catalog modifications are currently disallowed.",
        )
    if not has_privilege(catalog, ctx.session.role, "schema", namespace, "CREATE"):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for schema {name}")


def temporary_namespace(ctx: Any) -> int:
    """This session's pg_temp_n, made when it is first needed."""
    session = ctx.session
    if not session.temporary_namespace:
        from ..catalog.privileges import has_privilege

        transaction = ctx.transaction
        catalog = transaction.catalog
        if not has_privilege(catalog, session.role, "database", session.database.oid, "TEMPORARY"):
            name = catalog.pg_database.get(session.database.oid).datname
            raise SqlError(
                INSUFFICIENT_PRIVILEGE, f'permission denied to create temporary tables in database "{name}"'
            )
        oid = ctx.session.engine.new_oid()
        row = new_row(
            transaction.base_catalog,
            "pg_namespace",
            oid=oid,
            nspname=f"pg_temp_{session.pid % 100_000}",
            nspowner=10,
            nspacl=None,
        )
        # outside the transaction: it stays if that is rolled back
        rowid = transaction.catalog_insert("pg_namespace", row, temporary=True)
        session.merge_temporary_catalog({2615: {rowid: row}})
        session.temporary_namespace = oid
        session.settings_changed()
    return int(session.temporary_namespace)


def find_relation(ctx: Any, range_var: Any, *, missing_ok: bool = False) -> int | None:
    """The oid of the relation a RangeVar means; 42P01 / 3F000 if there is none."""
    session = ctx.session
    catalog = ctx.transaction.catalog
    check_catalog_name(ctx, range_var)
    if range_var.schemaname is not None:
        namespace = (
            session.temporary_namespace
            if range_var.schemaname == "pg_temp"
            else catalog.namespace_oid(range_var.schemaname)
        )
        if namespace:
            require_usage(catalog, session.role, namespace, session.temporary_namespace)
        oid = catalog.relation_oid(range_var.relname, (namespace,)) if namespace else None
        if oid is None and not missing_ok:
            if not namespace:
                raise SqlError(
                    UNDEFINED_SCHEMA,
                    f'schema "{range_var.schemaname}" does not exist',
                    position=range_var.location,
                )
            raise SqlError(
                UNDEFINED_TABLE,
                f'relation "{range_var.schemaname}.{range_var.relname}" does not exist',
            )
        return oid
    oid = catalog.relation_oid(range_var.relname, session.search_path(catalog))
    if oid is None and not missing_ok:
        raise SqlError(UNDEFINED_TABLE, f'relation "{range_var.relname}" does not exist')
    return oid


def check_catalog_name(ctx: Any, range_var: Any) -> None:
    """database.schema.table may only name the current database."""
    if range_var.catalogname is not None and range_var.catalogname != ctx.session.database.name:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'cross-database references are not implemented: "{range_var.catalogname}.'
            f'{range_var.schemaname}.{range_var.relname}"',
            position=range_var.location,
        )


def require_owner(ctx: Any, relation_row: Any, kind: str = "table") -> None:
    """42501 "must be owner of table x" unless the role owns it or is a superuser."""
    if not is_owner(ctx, relation_row.relowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {kind} {relation_row.relname}")


def require_type_usage(ctx: Any, typid: int) -> None:
    """42501 unless the role has USAGE on the type, on an array's its element type."""
    catalog = ctx.transaction.catalog
    row = catalog.pg_type.get(typid)
    if row is not None and row.typelem and row.typsubscript == 6179:
        row = catalog.pg_type.get(row.typelem)
    if row is None or row.typacl is None:
        return
    from ..catalog.privileges import has_privilege

    if not has_privilege(catalog, ctx.session.role, "type", row.oid, "USAGE"):
        from .objects import type_name

        name = type_name(catalog, ctx.session.search_path(catalog), row.oid)
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for type {name}")


def is_owner(ctx: Any, owner: int) -> bool:
    """Whether the current role has the rights of `owner`."""
    from ..catalog.privileges import has_privs_of_role

    return bool(has_privs_of_role(ctx.transaction.catalog, ctx.session.role, owner))


def truncate_name(name: str) -> str:
    """At most 63 bytes, cut at a character border."""
    encoded = name.encode()
    if len(encoded) <= NAME_BYTES_MAX:
        return name
    return encoded[:NAME_BYTES_MAX].decode("utf-8", "ignore")


def make_object_name(name1: str, name2: str | None, label: str | None) -> str:
    """name1_name2_label, the longer of the names cut to fit 63 bytes (PostgreSQL's makeObjectName)."""
    overhead = (len(name2.encode()) + 1 if name2 else 0) - (len(name2.encode()) if name2 else 0)
    overhead += len(label.encode()) + 1 if label else 0
    available = NAME_BYTES_MAX - overhead
    bytes1 = name1.encode()
    bytes2 = name2.encode() if name2 else b""
    length1, length2 = len(bytes1), len(bytes2)
    while length1 + length2 > available:
        if length1 > length2:
            length1 -= 1
        else:
            length2 -= 1
    parts = [bytes1[:length1].decode("utf-8", "ignore")]
    if name2:
        parts.append(bytes2[:length2].decode("utf-8", "ignore"))
    if label:
        parts.append(label)
    return "_".join(parts)


def choose_relation_name(
    ctx: Any, name1: str, name2: str | None, label: str, namespace: int, taken: set[str] | None = None
) -> str:
    """A relation (and constraint) name not in use in the schema: ..._label, ..._label1, ..."""
    catalog = ctx.transaction.catalog
    number = 0
    while True:
        name = make_object_name(name1, name2, f"{label}{number}" if number else label)
        if (
            not catalog.pg_class.find("relname_relnamespace", name, namespace)
            and not catalog.pg_constraint.find("conname_connamespace", name, namespace)
            and (taken is None or name not in taken)
        ):
            return name
        number += 1
