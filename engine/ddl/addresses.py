"""From the object of a COMMENT, RENAME, OWNER TO, DROP, ... to its address (objectaddress.c)."""

from typing import Any

from pglast import ast

from ..errors import SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_DATABASE,
    UNDEFINED_OBJECT,
    UNDEFINED_SCHEMA,
    WRONG_OBJECT_TYPE,
)
from .dependencies import (
    PG_CLASS,
    PG_COLLATION,
    PG_CONSTRAINT,
    PG_NAMESPACE,
    PG_OPERATOR,
    PG_PROC,
    PG_REWRITE,
    PG_TYPE,
    Address,
)
from .heap import column_number
from .names import find_relation, is_owner

PG_AUTHID, PG_DATABASE, PG_TABLESPACE = 1260, 1262, 1213
PG_TRIGGER, PG_CAST, PG_STATISTIC_EXT, PG_POLICY = 2620, 2605, 3381, 3256
PG_LANGUAGE, PG_EXTENSION, PG_OPCLASS, PG_OPFAMILY, PG_AM = 2612, 3079, 2616, 2753, 2601
PG_EVENT_TRIGGER, PG_PUBLICATION, PG_SUBSCRIPTION, PG_FDW, PG_SERVER = 3466, 6104, 6100, 2328, 1417
PG_CONVERSION, PG_TS_CONFIG, PG_TS_DICT, PG_TS_PARSER, PG_TS_TEMPLATE = 2607, 3602, 3600, 3601, 3764

RELATION_KINDS = {
    "OBJECT_TABLE": ("rp", "table"),
    "OBJECT_VIEW": ("v", "view"),
    "OBJECT_MATVIEW": ("m", "materialized view"),
    "OBJECT_SEQUENCE": ("S", "sequence"),
    "OBJECT_INDEX": ("iI", "index"),
    "OBJECT_FOREIGN_TABLE": ("f", "foreign table"),
}
KIND_WORDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "i": "index",
    "I": "index",
    "f": "foreign table",
    "c": "composite type",
    "t": "TOAST table",
}
# object type -> (catalog, its number, name column, word, SQLSTATE if absent)
NAMED_OBJECTS = {
    "OBJECT_DATABASE": ("pg_database", PG_DATABASE, "datname", "database", UNDEFINED_DATABASE),
    "OBJECT_ROLE": ("pg_authid", PG_AUTHID, "rolname", "role", UNDEFINED_OBJECT),
    "OBJECT_SCHEMA": ("pg_namespace", PG_NAMESPACE, "nspname", "schema", UNDEFINED_SCHEMA),
    "OBJECT_LANGUAGE": ("pg_language", PG_LANGUAGE, "lanname", "language", UNDEFINED_OBJECT),
    "OBJECT_EXTENSION": ("pg_extension", PG_EXTENSION, "extname", "extension", UNDEFINED_OBJECT),
    "OBJECT_TABLESPACE": ("pg_tablespace", PG_TABLESPACE, "spcname", "tablespace", UNDEFINED_OBJECT),
    "OBJECT_ACCESS_METHOD": ("pg_am", PG_AM, "amname", "access method", UNDEFINED_OBJECT),
    "OBJECT_EVENT_TRIGGER": (
        "pg_event_trigger",
        PG_EVENT_TRIGGER,
        "evtname",
        "event trigger",
        UNDEFINED_OBJECT,
    ),
    "OBJECT_PUBLICATION": ("pg_publication", PG_PUBLICATION, "pubname", "publication", UNDEFINED_OBJECT),
    "OBJECT_SUBSCRIPTION": ("pg_subscription", PG_SUBSCRIPTION, "subname", "subscription", UNDEFINED_OBJECT),
    "OBJECT_FDW": ("pg_foreign_data_wrapper", PG_FDW, "fdwname", "foreign-data wrapper", UNDEFINED_OBJECT),
    "OBJECT_FOREIGN_SERVER": ("pg_foreign_server", PG_SERVER, "srvname", "server", UNDEFINED_OBJECT),
}
# object type -> (catalog, its number, name column, namespace column, word)
QUALIFIED_OBJECTS = {
    "OBJECT_COLLATION": ("pg_collation", PG_COLLATION, "collname", "collnamespace", "collation"),
    "OBJECT_CONVERSION": ("pg_conversion", PG_CONVERSION, "conname", "connamespace", "conversion"),
    "OBJECT_STATISTIC_EXT": (
        "pg_statistic_ext",
        PG_STATISTIC_EXT,
        "stxname",
        "stxnamespace",
        "statistics object",
    ),
    "OBJECT_TSCONFIGURATION": (
        "pg_ts_config",
        PG_TS_CONFIG,
        "cfgname",
        "cfgnamespace",
        "text search configuration",
    ),
    "OBJECT_TSDICTIONARY": ("pg_ts_dict", PG_TS_DICT, "dictname", "dictnamespace", "text search dictionary"),
    "OBJECT_TSPARSER": ("pg_ts_parser", PG_TS_PARSER, "prsname", "prsnamespace", "text search parser"),
    "OBJECT_TSTEMPLATE": (
        "pg_ts_template",
        PG_TS_TEMPLATE,
        "tmplname",
        "tmplnamespace",
        "text search template",
    ),
}
# object type -> (catalog, its number, relation column, name column, word)
RELATION_OBJECTS = {
    "OBJECT_TABCONSTRAINT": ("pg_constraint", PG_CONSTRAINT, "conrelid", "conname", "constraint"),
    "OBJECT_TRIGGER": ("pg_trigger", PG_TRIGGER, "tgrelid", "tgname", "trigger"),
    "OBJECT_RULE": ("pg_rewrite", PG_REWRITE, "ev_class", "rulename", "rule"),
    "OBJECT_POLICY": ("pg_policy", PG_POLICY, "polrelid", "polname", "policy"),
}


def names_of(value: Any) -> list[str]:
    """The strings of a list of String nodes (or of one)."""
    if isinstance(value, ast.String):
        return [value.sval]
    if isinstance(value, ast.TypeName):
        return [part.sval for part in value.names]
    return [part.sval for part in value]


def range_var(names: list[str]) -> ast.RangeVar:
    """The RangeVar of a dotted name."""
    return ast.RangeVar(
        relname=names[-1],
        schemaname=names[-2] if len(names) > 1 else None,
        catalogname=names[-3] if len(names) > 2 else None,
    )


def find_object(
    ctx: Any, kind: str, value: Any, relation: Any = None, *, missing_ok: bool = False
) -> Address | None:
    """The address of a named object; the error PostgreSQL gives if there is none (None if missing_ok)."""
    if kind in RELATION_KINDS:
        return relation_address(ctx, kind, relation or range_var(names_of(value)), missing_ok=missing_ok)
    if kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE"):
        return _column_address(ctx, names_of(value), missing_ok)
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        return type_address(ctx, kind, value, missing_ok=missing_ok)
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        from .routines import find_routine

        oid = find_routine(ctx, value, kind, missing_ok)
        return Address(PG_PROC, oid) if oid else None
    if kind in NAMED_OBJECTS:
        return _named(ctx, kind, names_of(value)[-1], missing_ok)
    if kind in QUALIFIED_OBJECTS:
        return _qualified(ctx, kind, names_of(value), missing_ok)
    if kind in RELATION_OBJECTS:
        return _of_relation(ctx, kind, names_of(value), missing_ok)
    if kind == "OBJECT_DOMCONSTRAINT":
        return _domain_constraint(ctx, value, missing_ok)
    if kind == "OBJECT_OPERATOR":
        from .routines import find_operator

        oid = find_operator(ctx, value, missing_ok)
        return Address(PG_OPERATOR, oid) if oid else None
    if kind == "OBJECT_CAST":
        return _cast(ctx, value, missing_ok)
    if kind in ("OBJECT_OPCLASS", "OBJECT_OPFAMILY"):
        return _opclass(ctx, kind, names_of(value), missing_ok)
    what = kind.removeprefix("OBJECT_").replace("_", " ")
    raise SqlError(FEATURE_NOT_SUPPORTED, f"{what} objects are not supported")


def relation_address(ctx: Any, kind: str, target: Any, *, missing_ok: bool = False) -> Address | None:
    """A relation of the right kind; 42809 otherwise."""
    oid = find_relation(ctx, target, missing_ok=missing_ok)
    if oid is None:
        return None
    row = ctx.transaction.catalog.pg_class.get(oid)
    kinds, word = RELATION_KINDS[kind]
    if row.relkind not in kinds:
        article = "an" if word == "index" else "a"
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not {article} {word}')
    return Address(PG_CLASS, oid)


def _column_address(ctx: Any, names: list[str], missing_ok: bool) -> Address | None:
    if len(names) < 2:
        raise SqlError(SYNTAX_ERROR, "column name must be qualified")
    oid = find_relation(ctx, range_var(names[:-1]), missing_ok=missing_ok)
    if oid is None:
        return None
    relation = ctx.transaction.catalog.relation(oid)
    attnum = column_number(relation, names[-1])
    if attnum is None:
        if missing_ok:
            return None
        raise SqlError(
            UNDEFINED_COLUMN, f'column "{names[-1]}" of relation "{".".join(names[:-1])}" does not exist'
        )
    return Address(PG_CLASS, oid, attnum)


def type_address(ctx: Any, kind: str, value: Any, *, missing_ok: bool = False) -> Address | None:
    """A type; with OBJECT_DOMAIN it must be a domain."""
    from ..bind.typenames import lookup_type_name_oid, typename_to_string

    context = ctx.session.analyze_context()
    name = (
        value
        if isinstance(value, ast.TypeName)
        else ast.TypeName(names=tuple(ast.String(sval=part) for part in names_of(value)), typemod=-1)
    )
    oid = lookup_type_name_oid(context, name, True)
    catalog = ctx.transaction.catalog
    if not oid:
        if missing_ok:
            return None
        raise SqlError(UNDEFINED_OBJECT, f'type "{typename_to_string(catalog, name)}" does not exist')
    row = catalog.pg_type.get(oid)
    if kind == "OBJECT_DOMAIN" and row.typtype != "d":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{catalog.format_type(oid)}" is not a domain')
    return Address(PG_TYPE, int(oid))


def _named(ctx: Any, kind: str, name: str, missing_ok: bool) -> Address | None:
    table, classid, column, word, sqlstate = NAMED_OBJECTS[kind]
    rows = ctx.transaction.catalog.table(table).find(column, name)
    if not rows:
        if missing_ok:
            return None
        raise SqlError(sqlstate, f'{word} "{name}" does not exist')
    return Address(classid, rows[0].oid)


def _qualified(ctx: Any, kind: str, names: list[str], missing_ok: bool) -> Address | None:
    from ..catalog.namespaces import named_oid

    table, classid, column, namespace_column, word = QUALIFIED_OBJECTS[kind]
    catalog = ctx.transaction.catalog
    oid = None
    if len(names) > 1:
        namespace = catalog.namespace_oid(names[-2])
        if namespace is None and not missing_ok:
            raise SqlError(UNDEFINED_SCHEMA, f'schema "{names[-2]}" does not exist')
        rows = (
            catalog.table(table).find(f"{column}_{namespace_column}", names[-1], namespace)
            if namespace
            else ()
        )
        oid = rows[0].oid if rows else None
    else:
        oid = named_oid(catalog, table, names[-1], ctx.session.search_path(catalog))
    if oid is None:
        if missing_ok:
            return None
        shown = ".".join(names)
        if kind == "OBJECT_COLLATION":
            raise SqlError(UNDEFINED_OBJECT, f'collation "{shown}" for encoding "UTF8" does not exist')
        raise SqlError(UNDEFINED_OBJECT, f'{word} "{shown}" does not exist')
    return Address(classid, int(oid))


def _of_relation(ctx: Any, kind: str, names: list[str], missing_ok: bool) -> Address | None:
    table, classid, relation_column, name_column, word = RELATION_OBJECTS[kind]
    oid = find_relation(ctx, range_var(names[:-1]), missing_ok=missing_ok)
    if oid is None:
        return None
    catalog = ctx.transaction.catalog
    for row in catalog.table(table).find(relation_column, oid):
        if getattr(row, name_column) == names[-1]:
            return Address(classid, row.oid)
    if missing_ok:
        return None
    relation = catalog.pg_class.get(oid)
    if kind == "OBJECT_RULE":
        raise SqlError(
            UNDEFINED_OBJECT, f'rule "{names[-1]}" for relation "{relation.relname}" does not exist'
        )
    if kind in ("OBJECT_TRIGGER", "OBJECT_TABCONSTRAINT", "OBJECT_POLICY"):
        raise SqlError(
            UNDEFINED_OBJECT, f'{word} "{names[-1]}" for table "{relation.relname}" does not exist'
        )
    raise AssertionError(kind)


def _domain_constraint(ctx: Any, value: Any, missing_ok: bool) -> Address | None:
    address = type_address(ctx, "OBJECT_DOMAIN", value[0], missing_ok=missing_ok)
    if address is None:
        return None
    catalog = ctx.transaction.catalog
    name = value[1].sval
    for row in catalog.pg_constraint.find("contypid", address.objid):
        if row.conname == name:
            return Address(PG_CONSTRAINT, row.oid)
    if missing_ok:
        return None
    raise SqlError(
        UNDEFINED_OBJECT,
        f'constraint "{name}" for domain {catalog.format_type(address.objid)} does not exist',
    )


def _cast(ctx: Any, value: Any, missing_ok: bool) -> Address | None:
    from ..bind.typenames import typename_type_id

    context = ctx.session.analyze_context()
    source, target = (typename_type_id(context, name) for name in value)
    catalog = ctx.transaction.catalog
    rows = catalog.pg_cast.find("castsource_casttarget", source, target)
    if rows:
        return Address(PG_CAST, rows[0].oid)
    if missing_ok:
        return None
    raise SqlError(
        UNDEFINED_OBJECT,
        f"cast from type {catalog.format_type(source)} to type {catalog.format_type(target)} does not exist",
    )


def _opclass(ctx: Any, kind: str, names: list[str], missing_ok: bool) -> Address | None:
    catalog = ctx.transaction.catalog
    methods = catalog.pg_am.find("amname", names[0])
    if not methods:
        raise SqlError(UNDEFINED_OBJECT, f'access method "{names[0]}" does not exist')
    prefix, table, classid, word = (
        ("opc", "pg_opclass", PG_OPCLASS, "operator class")
        if kind == "OBJECT_OPCLASS"
        else ("opf", "pg_opfamily", PG_OPFAMILY, "operator family")
    )
    namespace = catalog.namespace_oid(names[-2]) if len(names) > 2 else None
    if len(names) > 2 and namespace is None:
        raise SqlError(UNDEFINED_SCHEMA, f'schema "{names[-2]}" does not exist')
    for row in catalog.table(table).find(f"{prefix}name", names[-1]):
        if getattr(row, f"{prefix}method") != methods[0].oid:
            continue
        if namespace is None or getattr(row, f"{prefix}namespace") == namespace:
            return Address(classid, row.oid)
    if missing_ok:
        return None
    raise SqlError(
        UNDEFINED_OBJECT, f'{word} "{".".join(names[1:])}" does not exist for access method "{names[0]}"'
    )


# object type -> what the owner error calls it
_OWNED = {
    "OBJECT_SCHEMA": "schema",
    "OBJECT_DATABASE": "database",
    "OBJECT_LANGUAGE": "language",
    "OBJECT_COLLATION": "collation",
    "OBJECT_CONVERSION": "conversion",
    "OBJECT_STATISTIC_EXT": "statistics object",
    "OBJECT_OPERATOR": "operator",
    "OBJECT_OPCLASS": "operator class",
    "OBJECT_OPFAMILY": "operator family",
    "OBJECT_TSDICTIONARY": "text search dictionary",
    "OBJECT_TSCONFIGURATION": "text search configuration",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_TABLESPACE": "tablespace",
    "OBJECT_EVENT_TRIGGER": "event trigger",
}
_OWNER_COLUMNS = {
    "OBJECT_SCHEMA": "nspowner",
    "OBJECT_DATABASE": "datdba",
    "OBJECT_LANGUAGE": "lanowner",
    "OBJECT_COLLATION": "collowner",
    "OBJECT_CONVERSION": "conowner",
    "OBJECT_STATISTIC_EXT": "stxowner",
    "OBJECT_OPERATOR": "oprowner",
    "OBJECT_OPCLASS": "opcowner",
    "OBJECT_OPFAMILY": "opfowner",
    "OBJECT_TSDICTIONARY": "dictowner",
    "OBJECT_TSCONFIGURATION": "cfgowner",
    "OBJECT_EXTENSION": "extowner",
    "OBJECT_TABLESPACE": "spcowner",
    "OBJECT_EVENT_TRIGGER": "evtowner",
}


def relation_word(kind: str) -> str:
    """What owner errors call a relation of this relkind."""
    return {"c": "type"}.get(kind) or KIND_WORDS.get(kind, "relation")


def require_object_owner(ctx: Any, kind: str, address: Address) -> None:
    """42501 "must be owner of ..." unless the role owns the object."""
    catalog = ctx.transaction.catalog
    row = catalog.table(address.classid).get(address.objid)
    if kind in RELATION_KINDS or kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE"):
        if not is_owner(ctx, row.relowner):
            raise SqlError(
                INSUFFICIENT_PRIVILEGE, f"must be owner of {relation_word(row.relkind)} {row.relname}"
            )
    elif kind in RELATION_OBJECTS:
        relid = getattr(row, RELATION_OBJECTS[kind][2])
        relation = catalog.pg_class.get(relid)
        if not is_owner(ctx, relation.relowner):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of relation {relation.relname}")
    elif kind in ("OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_DOMCONSTRAINT", "OBJECT_CAST"):
        if kind == "OBJECT_DOMCONSTRAINT":
            row = catalog.pg_type.get(row.contypid)
        elif kind == "OBJECT_CAST":
            row = catalog.pg_type.get(row.castsource)
        if not is_owner(ctx, row.typowner):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of type {catalog.format_type(row.oid)}")
    elif address.classid == PG_PROC:
        if not is_owner(ctx, row.proowner):
            word = {"p": "procedure", "a": "aggregate"}.get(row.prokind, "function")
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {word} {row.proname}")
    elif kind == "OBJECT_ROLE":
        from .roles import require_role_control

        require_role_control(ctx, address.objid)
    elif kind in _OWNED:
        if not is_owner(ctx, getattr(row, _OWNER_COLUMNS[kind])):
            table = NAMED_OBJECTS.get(kind) or QUALIFIED_OBJECTS.get(kind)
            name = getattr(row, table[2]) if table else getattr(row, "oprname", "")
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {_OWNED[kind]} {name}")
    elif not is_owner(ctx, 10):
        raise SqlError(INSUFFICIENT_PRIVILEGE, "must be superuser")
