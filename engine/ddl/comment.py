"""COMMENT ON: pg_description and, for databases, roles and tablespaces, pg_shdescription."""

from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import UNDEFINED_DATABASE, WRONG_OBJECT_TYPE
from .addresses import PG_AUTHID, PG_DATABASE, PG_TABLESPACE, find_object, require_object_owner
from .rows import new_row

_SHARED = frozenset((PG_AUTHID, PG_DATABASE, PG_TABLESPACE))
_COMMENTED_KINDS = "rvmcfp"


@command("CommentStmt", tag="COMMENT")
def comment(ctx: Any, statement: ast.CommentStmt) -> None:
    """COMMENT ON object IS 'text' | NULL."""
    kind = statement.objtype.name
    if kind == "OBJECT_DATABASE":
        name = statement.object.sval
        if not ctx.transaction.catalog.pg_database.find("datname", name):
            ctx.notice(
                Notice(f'database "{name}" does not exist', severity="WARNING", sqlstate=UNDEFINED_DATABASE)
            )
            return
    address = find_object(ctx, kind, statement.object)
    assert address is not None
    if kind == "OBJECT_COLUMN":
        row = ctx.transaction.catalog.pg_class.get(address.objid)
        if row.relkind not in _COMMENTED_KINDS:
            from .indexes import unsuitable_relation

            raise SqlError(
                WRONG_OBJECT_TYPE,
                f'cannot set comment on relation "{row.relname}"',
                detail=unsuitable_relation(row.relkind),
            )
    require_object_owner(ctx, kind, address)
    set_comment(ctx, *address, statement.comment)


def set_comment(ctx: Any, classid: int, objid: int, objsubid: int, text: str | None) -> None:
    """Store, replace or (None, "") delete a comment."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    shared = classid in _SHARED
    table = "pg_shdescription" if shared else "pg_description"
    key = (objid, classid) if shared else (objid, classid, objsubid)
    old = catalog.table(table).get(*key)
    if not text:
        if old is not None:
            transaction.catalog_delete(table, old)
        return
    if old is not None:
        transaction.catalog_update(table, old, old._replace(description=text))
        return
    values = {"objoid": objid, "classoid": classid, "description": text}
    if not shared:
        values["objsubid"] = objsubid
    row = new_row(transaction.base_catalog, table, **values)
    transaction.catalog_insert(table, row, temporary=_is_temporary(catalog, classid, objid))


def _is_temporary(catalog: Any, classid: int, objid: int) -> bool:
    if classid == 1259:
        row = catalog.pg_class.get(objid)
        return row is not None and row.relpersistence == "t"
    return False


def copy_comment(ctx: Any, source: tuple[int, int, int], target: tuple[int, int, int]) -> None:
    """The source's comment, if it has one, for the target too (CREATE TABLE LIKE)."""
    classid, objid, objsubid = source
    row = ctx.transaction.catalog.pg_description.get(objid, classid, objsubid)
    if row is not None:
        set_comment(ctx, *target, row.description)
