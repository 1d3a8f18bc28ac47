"""ALTER TABLE actions without consequences for rows: options, owner, storage, replica identity, ..."""

from collections.abc import Callable
from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    INVALID_TABLE_DEFINITION,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..values import make_array
from .alter_columns import require_column, update_attribute
from .dependencies import PG_CLASS
from .reloptions import check_option_value, option_text, storage_options
from .triggers import enable_triggers

_STORAGE = {"plain": "p", "external": "e", "extended": "x", "main": "m"}
_COLUMN_OPTIONS = {
    "n_distinct": ("floating point", -1.0, 1.7e308),
    "n_distinct_inherited": ("floating point", -1.0, 1.7e308),
}


def _update_class(alteration: Any, oid: int | None = None, **values: Any) -> None:
    transaction = alteration.transaction
    row = transaction.catalog.pg_class.get(oid or alteration.relid)
    transaction.catalog_update("pg_class", row, row._replace(**values))


def set_statistics(alteration: Any, action: Any) -> None:
    """SET STATISTICS n."""
    relation = alteration.relation
    if action.name is not None:
        attnum = require_column(alteration, action.name).attnum
    else:
        attnum = action.num
        if not 0 < attnum <= len(relation.columns):
            raise SqlError(
                UNDEFINED_COLUMN, f'column number {attnum} of relation "{relation.name}" does not exist'
            )
    _refuse_index_column(alteration, attnum)
    value = action.def_.ival if action.def_ is not None else None
    value = None if value == -1 else value or 0
    if value is not None and value < 0:
        raise SqlError(INVALID_PARAMETER_VALUE, f"statistics target {value} is too low")
    if value is not None and value > 10000:
        from ..errors import Notice

        alteration.ctx.notice(
            Notice(
                "lowering statistics target to 10000", severity="WARNING", sqlstate=INVALID_PARAMETER_VALUE
            )
        )
        value = 10000
    update_attribute(alteration, attnum, attstattarget=value)


def _refuse_index_column(alteration: Any, attnum: int) -> None:
    """Of an index only expressions have statistics."""
    relation = alteration.relation
    if relation.kind not in "iI":
        return
    keys = alteration.transaction.catalog.pg_index.get(relation.oid)
    which = None
    if attnum > keys.indnkeyatts:
        which = "included"
    elif keys.indkey.items[attnum - 1]:
        which = "non-expression"
    if which is not None:
        name = alteration.transaction.catalog.pg_attribute.get(relation.oid, attnum).attname
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'cannot alter statistics on {which} column "{name}" of index "{relation.name}"',
            hint=None if which == "included" else "Alter statistics on table column instead.",
        )


def set_column_options(alteration: Any, action: Any) -> None:
    """SET (n_distinct = ...), RESET (...) of a column."""
    column = require_column(alteration, action.name)
    reset = action.subtype.name == "AT_ResetOptions"
    row = alteration.transaction.catalog.pg_attribute.get(alteration.relid, column.attnum)
    current = dict(item.partition("=")[::2] for item in (row.attoptions.items if row.attoptions else ()))
    for option in action.def_:
        if option.defname not in _COLUMN_OPTIONS:
            raise SqlError(INVALID_PARAMETER_VALUE, f'unrecognized parameter "{option.defname}"')
        if reset:
            current.pop(option.defname, None)
            continue
        check_option_value(option.defname, option_text(option), _COLUMN_OPTIONS[option.defname])
        current[option.defname] = option_text(option)
    update_attribute(
        alteration,
        column.attnum,
        attoptions=make_array(25, [f"{name}={value}" for name, value in current.items()])
        if current
        else None,
    )


def set_storage(alteration: Any, action: Any) -> None:
    """SET STORAGE: kept for clients to see."""
    column = require_column(alteration, action.name)
    catalog = alteration.transaction.catalog
    default = catalog.pg_type.get(column.typid).typstorage
    word = action.def_.sval.lower()
    storage = default if word == "default" else _STORAGE.get(word)
    if storage is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid storage type "{action.def_.sval}"')
    if default == "p" and storage != "p":
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f"column data type {catalog.format_type(column.typid)} can only have storage PLAIN",
        )
    update_attribute(alteration, column.attnum, attstorage=storage)


def set_compression(alteration: Any, action: Any) -> None:
    """SET COMPRESSION: kept for clients to see."""
    column = require_column(alteration, action.name)
    catalog = alteration.transaction.catalog
    word = action.def_.sval
    methods = {"default": "", "pglz": "p", "lz4": "l"}
    if catalog.pg_type.get(column.typid).typstorage == "p":
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f"column data type {catalog.format_type(column.typid)} does not support compression",
        )
    if word not in methods:
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid compression method "{word}"')
    update_attribute(alteration, column.attnum, attcompression=methods[word])


def change_owner(alteration: Any, action: Any) -> None:
    """OWNER TO."""
    from .owner import change_relation_owner
    from .schemas import role_of_spec

    change_relation_owner(alteration.ctx, alteration.relid, role_of_spec(alteration.ctx, action.newowner))


def cluster_on(alteration: Any, action: Any) -> None:
    """CLUSTER ON index, SET WITHOUT CLUSTER."""
    relation = alteration.relation
    wanted = 0
    if action.name is not None:
        wanted = next((index.oid for index in relation.indexes if index.name == action.name), 0)
        if not wanted:
            raise SqlError(
                UNDEFINED_OBJECT, f'index "{action.name}" for table "{relation.name}" does not exist'
            )
    for index in relation.indexes:
        row = alteration.transaction.catalog.pg_index.get(index.oid)
        if row.indisclustered != (index.oid == wanted):
            alteration.transaction.catalog_update(
                "pg_index", row, row._replace(indisclustered=index.oid == wanted)
            )


def set_persistence(alteration: Any, action: Any) -> None:
    """SET LOGGED, SET UNLOGGED: every table is journaled, so only what catalogs say changes."""
    relation = alteration.relation
    persistence = "p" if action.subtype.name == "AT_SetLogged" else "u"
    if relation.persistence == "t":
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'cannot change logged status of table "{relation.name}" because it is temporary',
        )
    if relation.persistence == persistence:
        return
    catalog = alteration.transaction.catalog
    others = relation.foreign_keys if persistence == "p" else relation.referenced_by
    for foreign_key in others:
        other = catalog.relation(foreign_key.refrelid if persistence == "p" else foreign_key.relid)
        if other.oid == relation.oid or other.persistence == persistence:
            continue
        if persistence == "p":
            text = f'could not change table "{relation.name}" to logged because it references unlogged table'
        else:
            text = f'could not change table "{relation.name}" to unlogged because it references logged table'
        raise SqlError(INVALID_TABLE_DEFINITION, f'{text} "{other.name}"')
    for oid in (relation.oid, *[index.oid for index in relation.indexes]):
        _update_class(alteration, oid, relpersistence=persistence)
    from .alter_table import MISC

    alteration.later(MISC, lambda: _follow_sequences(alteration, persistence))


def _follow_sequences(alteration: Any, persistence: str) -> None:
    """Sequences that columns own, also those of this very command, are as the table is."""
    catalog = alteration.transaction.catalog
    for dependency in catalog.pg_depend.find("refclassid_refobjid", PG_CLASS, alteration.relid):
        if dependency.classid != PG_CLASS or dependency.deptype not in "ai":
            continue
        row = catalog.pg_class.get(dependency.objid)
        if row is not None and row.relkind == "S":
            _update_class(alteration, row.oid, relpersistence=persistence)


def set_tablespace(alteration: Any, action: Any) -> None:
    """SET TABLESPACE: there is only pg_default."""
    if action.name != "pg_default":
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{action.name}" does not exist')


def set_access_method(alteration: Any, action: Any) -> None:
    """SET ACCESS METHOD: there is only heap."""
    if action.name not in (None, "heap"):
        raise SqlError(UNDEFINED_OBJECT, f'access method "{action.name}" does not exist')


def set_options(alteration: Any, action: Any) -> None:
    """SET (...), RESET (...)."""
    relation = alteration.relation
    catalog = alteration.transaction.catalog
    kind = relation.kind
    if kind in "iI":
        kind = catalog.pg_am.get(relation.row.relam).amname
    elif kind == "p":
        kind = "r"
    reset = action.subtype.name == "AT_ResetRelOptions"
    options = storage_options(action.def_, kind, relation.row.reloptions, reset=reset)
    if kind == "v" and not reset and any(option.defname == "check_option" for option in action.def_):
        from .views import require_updatable

        require_updatable(relation.view_query)
    _update_class(alteration, reloptions=options)


def replica_identity(alteration: Any, action: Any) -> None:
    """REPLICA IDENTITY DEFAULT | FULL | NOTHING | USING INDEX name."""
    relation = alteration.relation
    wanted = 0
    if action.def_.identity_type == "i":
        index = next((index for index in relation.indexes if index.name == action.def_.name), None)
        if index is None:
            raise SqlError(
                UNDEFINED_OBJECT, f'index "{action.def_.name}" for table "{relation.name}" does not exist'
            )
        if not index.unique:
            raise SqlError(
                WRONG_OBJECT_TYPE, f'cannot use non-unique index "{index.name}" as replica identity'
            )
        if index.deferrable:
            raise SqlError(
                WRONG_OBJECT_TYPE, f'cannot use non-immediate index "{index.name}" as replica identity'
            )
        if index.predicate is not None:
            raise SqlError(WRONG_OBJECT_TYPE, f'cannot use partial index "{index.name}" as replica identity')
        for key in index.keys:
            if not key.attnum:
                raise SqlError(
                    WRONG_OBJECT_TYPE, f'cannot use expression index "{index.name}" as replica identity'
                )
            column = relation.columns[key.attnum - 1]
            if not column.notnull:
                raise SqlError(
                    WRONG_OBJECT_TYPE,
                    f'index "{index.name}" cannot be used as replica identity because column "{column.name}" '
                    "is nullable",
                )
        wanted = index.oid
    for index in relation.indexes:
        row = alteration.transaction.catalog.pg_index.get(index.oid)
        if row.indisreplident != (index.oid == wanted):
            alteration.transaction.catalog_update(
                "pg_index", row, row._replace(indisreplident=index.oid == wanted)
            )
    _update_class(alteration, relreplident=action.def_.identity_type)


def row_security(alteration: Any, action: Any) -> None:
    """Row security cannot be enabled."""
    if action.subtype.name in ("AT_EnableRowSecurity", "AT_ForceRowSecurity"):
        raise SqlError(FEATURE_NOT_SUPPORTED, "row-level security is not supported")


def nothing(alteration: Any, action: Any) -> None:
    """SET WITHOUT OIDS has no effect in PostgreSQL either."""


FUNCTIONS: dict[str, Callable[[Any, Any], None]] = {
    "AT_SetStatistics": set_statistics,
    "AT_SetOptions": set_column_options,
    "AT_ResetOptions": set_column_options,
    "AT_SetStorage": set_storage,
    "AT_SetCompression": set_compression,
    "AT_ChangeOwner": change_owner,
    "AT_ClusterOn": cluster_on,
    "AT_DropCluster": cluster_on,
    "AT_SetLogged": set_persistence,
    "AT_SetUnLogged": set_persistence,
    "AT_DropOids": nothing,
    "AT_SetAccessMethod": set_access_method,
    "AT_SetTableSpace": set_tablespace,
    "AT_SetRelOptions": set_options,
    "AT_ResetRelOptions": set_options,
    "AT_EnableTrig": enable_triggers,
    "AT_EnableAlwaysTrig": enable_triggers,
    "AT_EnableReplicaTrig": enable_triggers,
    "AT_EnableTrigAll": enable_triggers,
    "AT_EnableTrigUser": enable_triggers,
    "AT_DisableTrig": enable_triggers,
    "AT_DisableTrigAll": enable_triggers,
    "AT_DisableTrigUser": enable_triggers,
    "AT_ReplicaIdentity": replica_identity,
    "AT_EnableRowSecurity": row_security,
    "AT_DisableRowSecurity": row_security,
    "AT_ForceRowSecurity": row_security,
    "AT_NoForceRowSecurity": row_security,
}
