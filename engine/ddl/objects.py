"""What objects are called in messages: PostgreSQL's getObjectDescription."""

from typing import Any

from ..catalog.quoting import quote_identifier
from .dependencies import (
    PG_ATTRDEF,
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

PG_TRIGGER = 2620
PG_CAST = 2605
PG_POLICY = 3256
PG_STATISTIC_EXT = 3381
PG_DEFAULT_ACL = 826
_RELATION_KINDS = {
    "r": "table",
    "p": "table",
    "i": "index",
    "I": "index",
    "S": "sequence",
    "t": "toast table",
    "v": "view",
    "m": "materialized view",
    "c": "composite type",
    "f": "foreign table",
}


def qualified_name(
    catalog: Any, path: tuple[int, ...], table: str, row: Any, name: str, namespace: int
) -> str:
    """The quoted name, with its schema unless it is found without."""
    from ..catalog.namespaces import is_visible

    quoted = quote_identifier(name)
    if is_visible(catalog, table, row.oid, path):
        return quoted
    schema = catalog.pg_namespace.get(namespace)
    return f"{quote_identifier(schema.nspname)}.{quoted}" if schema is not None else quoted


def describe_relation(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    """ "table t", "view s.v", ..."""
    row = catalog.pg_class.get(oid)
    name = qualified_name(catalog, path, "pg_class", row, row.relname, row.relnamespace)
    return f"{_RELATION_KINDS.get(row.relkind, 'relation')} {name}"


def describe_object(catalog: Any, path: tuple[int, ...], address: Address) -> str:
    """The object as error details call it."""
    classid, oid, sub = address
    if classid == PG_CLASS:
        if sub:
            column = catalog.pg_attribute.get(oid, sub)
            return f"column {column.attname} of {describe_relation(catalog, path, oid)}"
        return describe_relation(catalog, path, oid)
    describer = _DESCRIBERS.get(classid)
    if describer is None:
        return f"object {oid} of catalog {classid}"
    return str(describer(catalog, path, oid))


def _type(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    return f"type {type_name(catalog, path, oid)}"


def type_name(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    """format_type_be, with the schema of a user type that is not visible."""
    row = catalog.pg_type.get(oid)
    if row.typelem and row.typsubscript == 6179 and catalog.pg_type.get(row.typelem).oid >= 16384:
        return type_name(catalog, path, row.typelem) + "[]"
    if oid < 16384:
        return str(catalog.format_type(oid))
    return qualified_name(catalog, path, "pg_type", row, row.typname, row.typnamespace)


def function_signature(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    """name(argument types) (format_procedure)."""
    row = catalog.pg_proc.get(oid)
    name = qualified_name(catalog, path, "pg_proc", row, row.proname, row.pronamespace)
    types = ",".join(type_name(catalog, path, typid) for typid in row.proargtypes.items)
    return f"{name}({types})"


def _function(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    return f"function {function_signature(catalog, path, oid)}"


def _constraint(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_constraint.get(oid)
    name = row.conname
    if row.conrelid:
        return f"constraint {name} on {describe_relation(catalog, path, row.conrelid)}"
    return f"constraint {name} on type {type_name(catalog, path, row.contypid)}"


def _default(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_attrdef.get(oid)
    column = catalog.pg_attribute.get(row.adrelid, row.adnum)
    return f"default value for column {column.attname} of {describe_relation(catalog, path, row.adrelid)}"


def _rule(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_rewrite.get(oid)
    return f"rule {row.rulename} on {describe_relation(catalog, path, row.ev_class)}"


def _trigger(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_trigger.get(oid)
    return f"trigger {row.tgname} on {describe_relation(catalog, path, row.tgrelid)}"


def _schema(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    return f"schema {catalog.pg_namespace.get(oid).nspname}"


def _operator(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_operator.get(oid)
    left = type_name(catalog, path, row.oprleft) if row.oprleft else "NONE"
    right = type_name(catalog, path, row.oprright) if row.oprright else "NONE"
    return f"operator {row.oprname}({left},{right})"


def _collation(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_collation.get(oid)
    name = qualified_name(catalog, path, "pg_collation", row, row.collname, row.collnamespace)
    return f"collation {name}"


def _statistics(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_statistic_ext.get(oid)
    return f"statistics object {quote_identifier(row.stxname)}"


def _cast(catalog: Any, path: tuple[int, ...], oid: int) -> str:
    row = catalog.pg_cast.get(oid)
    return f"cast from {catalog.format_type(row.castsource)} to {catalog.format_type(row.casttarget)}"


_DESCRIBERS = {
    PG_TYPE: _type,
    PG_PROC: _function,
    PG_CONSTRAINT: _constraint,
    PG_ATTRDEF: _default,
    PG_REWRITE: _rule,
    PG_TRIGGER: _trigger,
    PG_NAMESPACE: _schema,
    PG_OPERATOR: _operator,
    PG_COLLATION: _collation,
    PG_STATISTIC_EXT: _statistics,
    PG_CAST: _cast,
}
