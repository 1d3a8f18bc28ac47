"""Privilege checks of queries: PostgreSQL's ExecCheckPermissions over a range table."""

from collections.abc import Iterable
from typing import Any

from .errors import SqlError
from .sqlstates import INSUFFICIENT_PRIVILEGE
from .tree import Query, RangeTblEntry

_NAMES = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "f": "foreign table",
    "i": "index",
    "c": "type",
}


def check_permissions(catalog: Any, role: int, query: Query) -> None:
    """42501 unless the role holds what every range table entry and every function of the query needs."""
    row = catalog.pg_authid.get(role)
    if row is not None and row.rolsuper:
        return
    queries, functions = _parts(query)
    for query_level in queries:
        for entry in query_level.rtable:
            if entry.rtekind in ("relation", "subquery") and entry.relid and entry.requiredPerms:
                _check_entry(catalog, entry.checkAsUser or role, entry)
    for oid in functions:
        check_function(catalog, role, oid)


def check_function(catalog: Any, role: int, oid: int) -> None:
    """42501 unless the role may execute the function; what anybody may, the usual case, costs a look-up."""
    row = catalog.pg_proc.get(oid)
    if row is None or row.proacl is None:
        return
    from .catalog.privileges import has_privilege

    if not has_privilege(catalog, role, "function", oid, "EXECUTE"):
        kind = {"a": "aggregate", "p": "procedure"}.get(row.prokind, "function")
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {kind} {row.proname}")


_FUNCTION_FIELDS = frozenset(("funcid", "opfuncid", "aggfnoid", "winfnoid"))


def _parts(query: Query) -> tuple[list[Query], Iterable[int]]:
    """All levels of a query, and the functions that any of them calls."""
    found: list[Query] = []
    functions: dict[int, None] = {}
    seen: set[int] = set()

    def visit(value: Any) -> None:
        if isinstance(value, Query):
            if id(value) in seen:
                return
            seen.add(id(value))
            found.append(value)
        elif isinstance(value, (list, tuple)):
            for item in value:
                visit(item)
            return
        elif not hasattr(value, "__struct_fields__"):
            return
        for name in value.__struct_fields__:
            if name in _FUNCTION_FIELDS:
                functions[getattr(value, name)] = None
            else:
                visit(getattr(value, name))

    visit(query)
    return found, functions


def _check_entry(catalog: Any, role: int, entry: RangeTblEntry) -> None:
    from .catalog.privileges import has_any_column_privilege, has_column_privilege, has_privilege

    missing = [
        letter
        for letter in entry.requiredPerms
        if not has_privilege(catalog, role, "table", entry.relid, _NAMES[letter])
    ]
    if not missing:
        return
    columns = {"r": entry.selectedCols, "a": entry.insertedCols, "w": entry.updatedCols}
    for letter in missing:
        name = _NAMES[letter]
        if letter == "d":
            allowed = False
        elif not columns[letter]:
            # no column is touched (count(*), DEFAULT VALUES): a privilege on any of them will do
            allowed = has_any_column_privilege(catalog, role, entry.relid, name)
        else:
            allowed = all(
                has_column_privilege(catalog, role, entry.relid, attnum, name)
                if attnum
                else _has_all_columns(catalog, role, entry.relid, name)
                for attnum in columns[letter]
            )
        if not allowed:
            relation = catalog.pg_class.get(entry.relid)
            raise SqlError(
                INSUFFICIENT_PRIVILEGE,
                f"permission denied for {_KINDS.get(relation.relkind, 'table')} {relation.relname}",
            )


def _has_all_columns(catalog: Any, role: int, relid: int, name: str) -> bool:
    """Whether a whole row may be read: the privilege on each column, as pg_attribute_aclcheck_all has it."""
    from .catalog.privileges import has_column_privilege

    return all(
        has_column_privilege(catalog, role, relid, attribute.attnum, name)
        for attribute in catalog.pg_attribute.find("attrelid", relid)
        if attribute.attnum > 0 and not attribute.attisdropped
    )
