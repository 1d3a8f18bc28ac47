"""Names to oids: PostgreSQL's namespace.c over a Catalog.

A search path here is the active one: a tuple of namespace oids in which the implicit members
(pg_temp, pg_catalog) already stand where they are searched.
"""

from collections.abc import Iterable
from typing import Any

from ..errors import SqlError
from ..sqlstates import INSUFFICIENT_PRIVILEGE, INVALID_NAME, UNDEFINED_SCHEMA
from .privileges import has_privilege

PG_CATALOG = 11
PG_TOAST = 99
PUBLIC = 2200


def effective_search_path(
    catalog: Any, names: Iterable[str], role: int, temp_namespace: int = 0
) -> tuple[int, ...]:
    """The namespaces a search_path setting stands for, in search order (recomputeNamespacePath).

    Schemas that do not exist, or on which `role` has no USAGE, are left out.
    """
    path: list[int] = []
    temp_named = False
    for name in names:
        if name == "$user":
            name = catalog.role_name(role)
        if name == "pg_temp":
            temp_named = True
            if temp_namespace and temp_namespace not in path:
                path.append(temp_namespace)
            continue
        oid = catalog.namespace_oid(name)
        if oid is not None and oid not in path and has_privilege(catalog, role, "schema", oid, "USAGE"):
            path.append(oid)
    if PG_CATALOG not in path:
        path.insert(0, PG_CATALOG)
    if temp_namespace and not temp_named:
        path.insert(0, temp_namespace)
    return tuple(path)


def creation_namespace(catalog: Any, names: Iterable[str], user: str, temp_namespace: int = 0) -> int | None:
    """The first existing schema of the setting: where CREATE puts things; None if there is none."""
    for name in names:
        if name == "$user":
            name = user
        if name == "pg_temp":
            return temp_namespace
        oid = catalog.namespace_oid(name)
        if oid is not None:
            return int(oid)
    return None


def explicit_namespace(catalog: Any, name: str, temp_namespace: int = 0, position: int | None = None) -> int:
    """The oid of a schema named in the statement (LookupExplicitNamespace); raises 3F000."""
    if name == "pg_temp" and temp_namespace:
        return temp_namespace
    oid = catalog.namespace_oid(name)
    if oid is None:
        raise SqlError(UNDEFINED_SCHEMA, f'schema "{name}" does not exist', position=position)
    return int(oid)


def require_usage(
    catalog: Any, role: int, namespace: int, temp_namespace: int = 0, position: int | None = None
) -> None:
    """42501 unless the role may look up names in a schema that the statement names."""
    if namespace != temp_namespace and not has_privilege(catalog, role, "schema", namespace, "USAGE"):
        name = catalog.pg_namespace.get(namespace).nspname
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for schema {name}", position=position)


def function_candidates(
    catalog: Any, name: str, path: Iterable[int], schema: int | None = None
) -> tuple[Any, ...]:
    """pg_proc rows with this name, visible on the path or in `schema`, nearest namespace first; of
    functions with equal argument types only the nearest is kept."""
    return _candidates(
        catalog.pg_proc.find("proname", name), "pronamespace", lambda row: row.proargtypes.items, path, schema
    )


def operator_candidates(
    catalog: Any, name: str, path: Iterable[int], schema: int | None = None
) -> tuple[Any, ...]:
    """pg_operator rows, as function_candidates."""
    return _candidates(
        catalog.pg_operator.find("oprname", name),
        "oprnamespace",
        lambda row: (row.oprleft, row.oprright),
        path,
        schema,
    )


def _candidates(
    rows: tuple[Any, ...], column: str, signature: Any, path: Iterable[int], schema: int | None
) -> tuple[Any, ...]:
    if schema is not None:
        return tuple([row for row in rows if getattr(row, column) == schema])
    order = {namespace: n for n, namespace in enumerate(path)}
    found = [row for row in rows if getattr(row, column) in order]
    if len({getattr(row, column) for row in found}) <= 1:
        return tuple(found)
    found.sort(key=lambda row: order[getattr(row, column)])
    out: dict[Any, Any] = {}
    for row in found:
        out.setdefault(signature(row), row)
    return tuple(out.values())


# catalog -> (name column, namespace column)
NAMED: dict[str, tuple[str, str]] = {
    "pg_class": ("relname", "relnamespace"),
    "pg_type": ("typname", "typnamespace"),
    "pg_collation": ("collname", "collnamespace"),
    "pg_conversion": ("conname", "connamespace"),
    "pg_statistic_ext": ("stxname", "stxnamespace"),
    "pg_ts_config": ("cfgname", "cfgnamespace"),
    "pg_ts_dict": ("dictname", "dictnamespace"),
    "pg_ts_parser": ("prsname", "prsnamespace"),
    "pg_ts_template": ("tmplname", "tmplnamespace"),
}


def named_oid(
    catalog: Any, table: str, name: str, path: Iterable[int], temp_namespace: int = 0
) -> int | None:
    """The oid of the first object with this name on the path, in one of the NAMED catalogs. Only
    relations and types are looked for in the temporary namespace."""
    name_column, namespace_column = NAMED[table]
    rows = catalog.table(table).find(name_column, name)
    if not rows:
        return None
    by_namespace = {getattr(row, namespace_column): row.oid for row in rows}
    for namespace in path:
        if namespace in by_namespace and (namespace != temp_namespace or table in ("pg_class", "pg_type")):
            return int(by_namespace[namespace])
    return None


def is_visible(
    catalog: Any, table: str, oid: int, path: Iterable[int], temp_namespace: int = 0
) -> bool | None:
    """Whether an object is found by its bare name (RelationIsVisible and friends); None if it does
    not exist. `table`: a NAMED catalog, pg_proc, pg_operator, pg_opclass or pg_opfamily."""
    row = catalog.table(table).get(oid)
    if row is None:
        return None
    path = tuple(path)
    if table in NAMED:
        return named_oid(catalog, table, getattr(row, NAMED[table][0]), path, temp_namespace) == oid
    if table == "pg_proc":
        return row.pronamespace in path and row in function_candidates(catalog, row.proname, path)
    if table == "pg_operator":
        return row.oprnamespace in path and row in operator_candidates(catalog, row.oprname, path)
    prefix = {"pg_opclass": "opc", "pg_opfamily": "opf"}[table]
    name = getattr(row, prefix + "name")
    same = {
        getattr(other, prefix + "namespace"): other.oid
        for other in catalog.table(table).find(prefix + "name", name)
        if getattr(other, prefix + "method") == getattr(row, prefix + "method")
    }
    for namespace in path:
        if namespace in same:
            return bool(same[namespace] == oid)
    return False


def split_identifier_list(text: str) -> list[str]:
    """ "a, "B c", d" as names (SplitIdentifierString); raises 42602 invalid list syntax."""
    names: list[str] = []
    position, end = 0, len(text)

    def skip() -> None:
        nonlocal position
        while position < end and text[position] in " \t\n\r\f\v":
            position += 1

    skip()
    if position == end:
        return names
    while True:
        if position < end and text[position] == '"':
            name = ""
            while True:
                close = text.find('"', position + 1)
                if close < 0:
                    raise SqlError(INVALID_NAME, "invalid name syntax")
                name += text[position + 1 : close]
                position = close + 1
                if position < end and text[position] == '"':
                    name += '"'
                    continue
                break
        else:
            start = position
            while position < end and text[position] not in ", \t\n\r\f\v":
                position += 1
            if position == start:
                raise SqlError(INVALID_NAME, "invalid name syntax")
            name = "".join([c.lower() if "A" <= c <= "Z" else c for c in text[start:position]])
        names.append(name.encode()[:63].decode(errors="ignore"))
        skip()
        if position == end:
            return names
        if text[position] != ",":
            raise SqlError(INVALID_NAME, "invalid name syntax")
        position += 1
        skip()
