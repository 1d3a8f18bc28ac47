"""Privilege checks of queries: PostgreSQL's ExecCheckPermissions over a range table."""

from typing import Any

from .errors import SqlError
from .sqlstates import INSUFFICIENT_PRIVILEGE
from .tree import Query, RangeTblEntry

_NAMES = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_KINDS = {
    "r": "table", "p": "table", "v": "view", "m": "materialized view", "S": "sequence", "f": "foreign table",
    "i": "index", "c": "type",
}


def check_permissions(catalog: Any, role: int, query: Query) -> None:
    """42501 unless the role holds what every range table entry of the query needs."""
    row = catalog.pg_authid.get(role)
    if row is not None and row.rolsuper:
        return
    for query_level in _queries(query):
        for entry in query_level.rtable:
            if entry.rtekind in ("relation", "subquery") and entry.relid and entry.requiredPerms:
                _check_entry(catalog, entry.checkAsUser or role, entry)


def _queries(query: Query) -> list[Query]:
    found: list[Query] = []
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
            visit(getattr(value, name))

    visit(query)
    return found


def _check_entry(catalog: Any, role: int, entry: RangeTblEntry) -> None:
    from .catalog.privileges import has_column_privilege, has_privilege

    missing = [
        letter for letter in entry.requiredPerms
        if not has_privilege(catalog, role, "table", entry.relid, _NAMES[letter])
    ]
    if not missing:
        return
    columns = {"r": entry.selectedCols, "a": entry.insertedCols, "w": entry.updatedCols}
    for letter in missing:
        attnums = columns.get(letter)
        if not attnums or not all(
            has_column_privilege(catalog, role, entry.relid, attnum, _NAMES[letter]) for attnum in attnums
        ):
            relation = catalog.pg_class.get(entry.relid)
            raise SqlError(
                INSUFFICIENT_PRIVILEGE,
                f"permission denied for {_KINDS.get(relation.relkind, 'table')} {relation.relname}",
            )
