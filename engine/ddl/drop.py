"""DROP of everything that has a name, and of a session's temporary objects."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DEPENDENT_OBJECTS_STILL_EXIST,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    UNDEFINED_OBJECT,
    UNDEFINED_SCHEMA,
    UNDEFINED_TABLE,
    WRONG_OBJECT_TYPE,
)
from .deletion import perform_deletion
from .dependencies import PG_CLASS, PG_NAMESPACE, PG_TYPE, Address
from .names import find_relation, is_owner

FIRST_UNPINNED_OID = 12_000  # what initdb's SQL scripts make is not pinned
PUBLIC_OID = 2200
_RELATIONS = {
    "OBJECT_TABLE": ("rp", "table"),
    "OBJECT_VIEW": ("v", "view"),
    "OBJECT_MATVIEW": ("m", "materialized view"),
    "OBJECT_SEQUENCE": ("S", "sequence"),
    "OBJECT_INDEX": ("iI", "index"),
    "OBJECT_FOREIGN_TABLE": ("f", "foreign table"),
}
_KIND_WORDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "i": "index",
    "I": "index",
    "f": "foreign table",
    "c": "type",
}
_ARTICLES = {"index": "an"}


@command("DropStmt")
def drop(ctx: Any, statement: ast.DropStmt) -> str:
    """DROP TABLE | VIEW | INDEX | SEQUENCE | SCHEMA | TYPE | DOMAIN | FUNCTION | ..."""
    kind = statement.removeType.name
    cascade = statement.behavior.name == "DROP_CASCADE"
    tag = "DROP " + kind.removeprefix("OBJECT_").replace("_", " ").replace("MATVIEW", "MATERIALIZED VIEW")
    tag = {
        "DROP STATISTIC EXT": "DROP STATISTICS",
        "DROP OPCLASS": "DROP OPERATOR CLASS",
        "DROP OPFAMILY": "DROP OPERATOR FAMILY",
        "DROP TSCONFIGURATION": "DROP TEXT SEARCH CONFIGURATION",
        "DROP TSDICTIONARY": "DROP TEXT SEARCH DICTIONARY",
        "DROP TSPARSER": "DROP TEXT SEARCH PARSER",
        "DROP TSTEMPLATE": "DROP TEXT SEARCH TEMPLATE",
        "DROP FDW": "DROP FOREIGN DATA WRAPPER",
        "DROP FOREIGN SERVER": "DROP SERVER",
    }.get(tag, tag)
    if statement.concurrent:
        ctx.session.require_no_block("DROP INDEX CONCURRENTLY")
        if len(statement.objects) > 1:
            raise SqlError(
                FEATURE_NOT_SUPPORTED, "DROP INDEX CONCURRENTLY does not support dropping multiple objects"
            )
    find = _finder(kind)
    addresses = []
    for name in statement.objects:
        if statement.missing_ok and kind not in _RELATIONS:
            from .skipping import missing_part

            skipping = missing_part(ctx, kind, name)
            if skipping is not None:
                ctx.notice(Notice(skipping))
                continue
        address = find(ctx, name, kind, bool(statement.missing_ok))
        if address is not None and address not in addresses:
            addresses.append(address)
    if addresses:
        perform_deletion(ctx, addresses, cascade=cascade)
    return tag


def _finder(kind: str) -> Any:
    if kind in _RELATIONS:
        return _find_relation
    if kind == "OBJECT_SCHEMA":
        return _find_schema
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        return _find_type
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        from .functions import find_dropped_routine

        return find_dropped_routine
    from . import drop_others

    finder = drop_others.FINDERS.get(kind)
    if finder is None:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, f"DROP {kind.removeprefix('OBJECT_').replace('_', ' ')} is not supported"
        )
    return finder


def _range_var(name: Any) -> ast.RangeVar:
    parts = [part.sval for part in name]
    return ast.RangeVar(
        relname=parts[-1],
        schemaname=parts[-2] if len(parts) > 1 else None,
        catalogname=parts[-3] if len(parts) > 2 else None,
    )


def _find_relation(ctx: Any, name: Any, kind: str, missing_ok: bool) -> Address | None:
    kinds, word = _RELATIONS[kind]
    target = _range_var(name)
    oid = find_relation(ctx, target, missing_ok=True)
    catalog = ctx.transaction.catalog
    if oid is None:
        if (
            target.schemaname is not None
            and catalog.namespace_oid(target.schemaname) is None
            and (target.schemaname != "pg_temp")
        ):
            if not missing_ok:
                raise SqlError(UNDEFINED_SCHEMA, f'schema "{target.schemaname}" does not exist')
            ctx.notice(
                Notice(f'schema "{target.schemaname}" does not exist, skipping', sqlstate=UNDEFINED_SCHEMA)
            )
            return None
        if missing_ok:
            ctx.notice(Notice(f'{word} "{target.relname}" does not exist, skipping'))
            return None
        code = UNDEFINED_OBJECT if word == "index" else UNDEFINED_TABLE
        raise SqlError(code, f'{word} "{target.relname}" does not exist')
    row = catalog.pg_class.get(oid)
    if row.relkind not in kinds:
        actual = _KIND_WORDS.get(row.relkind, "relation")
        hints = {
            "table": "Use DROP TABLE to remove a table.",
            "view": "Use DROP VIEW to remove a view.",
            "materialized view": "Use DROP MATERIALIZED VIEW to remove a materialized view.",
            "sequence": "Use DROP SEQUENCE to remove a sequence.",
            "index": "Use DROP INDEX to remove an index.",
            "type": "Use DROP TYPE to remove a type.",
            "foreign table": "Use DROP FOREIGN TABLE to remove a foreign table.",
        }
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'"{row.relname}" is not {_ARTICLES.get(word, "a")} {word}',
            hint=hints.get(actual),
        )
    if oid < 16384 and not ctx.session.allow_system_table_mods():
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{row.relname}" is a system catalog')
    namespace = catalog.pg_namespace.get(row.relnamespace)
    if not is_owner(ctx, row.relowner) and not (namespace is not None and is_owner(ctx, namespace.nspowner)):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {word} {row.relname}")
    return Address(PG_CLASS, oid)


def _find_schema(ctx: Any, name: Any, kind: str, missing_ok: bool) -> Address | None:
    text = name.sval
    catalog = ctx.transaction.catalog
    oid = catalog.namespace_oid(text)
    if oid is None:
        if missing_ok:
            ctx.notice(Notice(f'schema "{text}" does not exist, skipping'))
            return None
        raise SqlError(UNDEFINED_SCHEMA, f'schema "{text}" does not exist')
    row = catalog.pg_namespace.get(oid)
    if not is_owner(ctx, row.nspowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of schema {text}")
    if oid < FIRST_UNPINNED_OID and oid != PUBLIC_OID:
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f"cannot drop schema {text} because it is required by the database system",
        )
    return Address(PG_NAMESPACE, oid)


def _find_type(ctx: Any, name: Any, kind: str, missing_ok: bool) -> Address | None:
    from ..bind.typenames import lookup_type_name_oid, typename_to_string

    catalog = ctx.transaction.catalog
    context = ctx.session.analyze_context()
    context.catalog = catalog
    names = name.names if isinstance(name, ast.TypeName) else name
    oid = lookup_type_name_oid(
        context, name if isinstance(name, ast.TypeName) else ast.TypeName(names=names), True
    )
    if not oid:
        text = typename_to_string(catalog, name)
        if missing_ok:
            ctx.notice(Notice(f'type "{text}" does not exist, skipping'))
            return None
        raise SqlError(UNDEFINED_OBJECT, f'type "{text}" does not exist')
    row = catalog.pg_type.get(oid)
    if kind == "OBJECT_DOMAIN" and row.typtype != "d":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.typname}" is not a domain')
    if not is_owner(ctx, row.typowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of type {row.typname}")
    if oid < 16384:
        raise SqlError(
            DEPENDENT_OBJECTS_STILL_EXIST,
            f"cannot drop type {catalog.format_type(oid)} because it is required by the database system",
        )
    return Address(PG_TYPE, oid)


def drop_temporary_objects(ctx: Any) -> None:
    """DISCARD TEMP: everything in the session's temporary schema."""
    catalog = ctx.transaction.catalog
    namespace = ctx.session.temporary_namespace
    addresses = []
    for row in catalog.pg_class.find("relnamespace", namespace):
        if row.relkind in "rvSm":
            address = Address(PG_CLASS, row.oid)
            owned = any(
                d.deptype in "ai" and d.refclassid == PG_CLASS and d.refobjsubid
                for d in catalog.pg_depend.find("classid_objid", PG_CLASS, row.oid)
            )
            if not owned:
                addresses.append(address)
    if addresses:
        perform_deletion(ctx, addresses, cascade=True, quiet=True)
