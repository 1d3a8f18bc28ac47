"""System catalog information functions (manual, 9.27): names, visibility, comments, sizes, encodings."""

from collections.abc import Iterator
from typing import Any

from ..catalog.namespaces import is_visible
from ..catalog.typenames import format_type
from ..errors import SqlError
from ..registry import implements
from ..settingchecks import ENCODING_NUMBERS, encoding_entry
from ..sqlstates import UNDEFINED_OBJECT
from ..values import Array, Record, RowType, make_array
from .regtypes import relation_named, search_path

TEXT, OID, BIGINT, BOOLEAN = 25, 26, 20, 16
_PAGE = 8192


@implements("format_type", context=True)
def format_type_(ctx: Any, typid: int | None, typmod: int | None) -> str | None:
    return None if typid is None else format_type(ctx.catalog, typid, typmod, path=search_path(ctx))


def _register_visible(function: str, table: str) -> None:
    @implements(function, context=True)
    def visible(ctx: Any, oid: int) -> bool | None:
        temp = getattr(getattr(ctx, "session", None), "temporary_namespace", 0)
        return is_visible(ctx.catalog, table, oid, search_path(ctx), temp)


for _function, _table in (
    ("pg_table_is_visible", "pg_class"),
    ("pg_type_is_visible", "pg_type"),
    ("pg_function_is_visible", "pg_proc"),
    ("pg_operator_is_visible", "pg_operator"),
    ("pg_opclass_is_visible", "pg_opclass"),
    ("pg_opfamily_is_visible", "pg_opfamily"),
    ("pg_collation_is_visible", "pg_collation"),
    ("pg_conversion_is_visible", "pg_conversion"),
    ("pg_statistics_obj_is_visible", "pg_statistic_ext"),
    ("pg_ts_parser_is_visible", "pg_ts_parser"),
    ("pg_ts_dict_is_visible", "pg_ts_dict"),
    ("pg_ts_template_is_visible", "pg_ts_template"),
    ("pg_ts_config_is_visible", "pg_ts_config"),
):
    _register_visible(_function, _table)


# --- comments -------------------------------------------------------------------------------------


@implements("obj_description_1215", context=True)
def obj_description(ctx: Any, oid: int, catalog_name: str) -> str | None:
    classes = ctx.catalog.pg_class.find("relname_relnamespace", catalog_name, 11)
    if not classes:
        return None
    row = ctx.catalog.pg_description.get(oid, classes[0].oid, 0)
    return None if row is None else row.description


@implements("obj_description_1348", context=True)
def obj_description_any(ctx: Any, oid: int) -> str | None:
    for row in ctx.catalog.pg_description.find("objoid", oid):
        if row.objsubid == 0:
            return row.description
    return None


@implements("col_description_1216", context=True)
def col_description(ctx: Any, oid: int, attnum: int) -> str | None:
    row = ctx.catalog.pg_description.get(oid, 1259, attnum)
    return None if row is None else row.description


@implements("shobj_description_1993", context=True)
def shobj_description(ctx: Any, oid: int, catalog_name: str) -> str | None:
    classes = ctx.catalog.pg_class.find("relname_relnamespace", catalog_name, 11)
    if not classes:
        return None
    row = ctx.catalog.pg_shdescription.get(oid, classes[0].oid)
    return None if row is None else row.description


# --- names by oid ---------------------------------------------------------------------------------


@implements("pg_get_userbyid", context=True)
def pg_get_userbyid(ctx: Any, oid: int) -> str:
    return ctx.catalog.role_name(oid)


@implements("pg_encoding_to_char", "PG_encoding_to_char")
def pg_encoding_to_char(encoding: int) -> str:
    return ENCODING_NUMBERS.get(encoding, "")


@implements("pg_char_to_encoding", "PG_char_to_encoding")
def pg_char_to_encoding(name: str) -> int:
    entry = encoding_entry(name)
    if entry is not None:
        return entry[2]
    wanted = "".join([c for c in name.lower() if c.isalnum()])
    for number, known in ENCODING_NUMBERS.items():
        if "".join([c for c in known.lower() if c.isalnum()]) == wanted:
            return number
    return -1


_WIDTHS = {6: 4, 1: 3, 2: 3, 3: 3, 4: 4, 5: 3, 7: 4, 35: 2, 36: 2, 37: 2, 38: 2, 39: 4, 40: 3, 41: 2}


@implements("pg_encoding_max_length_sql")
def pg_encoding_max_length(encoding: int) -> int | None:
    return _WIDTHS.get(encoding, 1) if encoding in ENCODING_NUMBERS else None


@implements("getdatabaseencoding")
def getdatabaseencoding() -> str:
    return "UTF8"


@implements("pg_client_encoding", context=True)
def pg_client_encoding(ctx: Any) -> str:
    return ctx.settings.client_encoding


@implements("pg_get_keywords")
def pg_get_keywords() -> Iterator[tuple[Any, ...]]:
    from pglast import keywords

    kinds = (
        (keywords.UNRESERVED_KEYWORDS, "U", "unreserved"),
        (keywords.COL_NAME_KEYWORDS, "C", "unreserved (cannot be function or type name)"),
        (keywords.TYPE_FUNC_NAME_KEYWORDS, "T", "reserved (can be function or type name)"),
        (keywords.RESERVED_KEYWORDS, "R", "reserved"),
    )
    words = sorted((word, letter, description) for group, letter, description in kinds for word in group)
    for word, letter, description in words:
        bare = word not in _AS_LABELS
        yield (word, letter, bare, description, "can be bare label" if bare else "requires AS")


# keywords that are no bare column labels (kwlist.h's AS_LABEL)
_AS_LABELS = frozenset(
    [
        "array",
        "as",
        "char",
        "character",
        "create",
        "day",
        "except",
        "fetch",
        "filter",
        "for",
        "from",
        "grant",
        "group",
        "having",
        "hour",
        "intersect",
        "into",
        "isnull",
        "limit",
        "minute",
        "month",
        "notnull",
        "offset",
        "on",
        "order",
        "over",
        "overlaps",
        "precision",
        "returning",
        "second",
        "to",
        "union",
        "varying",
        "where",
        "window",
        "with",
        "within",
        "without",
        "year",
    ]
)


# --- sizes and files ------------------------------------------------------------------------------


def relation_bytes(ctx: Any, oid: int) -> int | None:
    """An estimate of the relation's size from its row count: rows are not in pages here."""
    row = ctx.catalog.pg_class.get(oid)
    if row is None:
        return None
    counter = getattr(ctx.transaction, "relation_bytes", None)
    if counter is not None:
        return int(counter(oid))
    rows = max(row.reltuples, 0)
    return int(max(row.relpages, -(-rows // 64)) * _PAGE)


@implements("pg_relation_size", context=True)
def pg_relation_size(ctx: Any, oid: int, fork: str) -> int | None:
    if fork not in ("main", "fsm", "vm", "init"):
        from ..sqlstates import INVALID_PARAMETER_VALUE

        raise SqlError(
            INVALID_PARAMETER_VALUE,
            "invalid fork name",
            hint='Valid fork names are "main", "fsm", "vm", and "init".',
        )
    size = relation_bytes(ctx, oid)
    return size if size is None or fork == "main" else 0


@implements("pg_relation_size_2325", "pg_table_size", context=True)
def pg_table_size(ctx: Any, oid: int) -> int | None:
    return relation_bytes(ctx, oid)


@implements("pg_indexes_size", context=True)
def pg_indexes_size(ctx: Any, oid: int) -> int | None:
    if ctx.catalog.pg_class.get(oid) is None:
        return None
    return sum(relation_bytes(ctx, i.indexrelid) or 0 for i in ctx.catalog.pg_index.find("indrelid", oid))


@implements("pg_total_relation_size", context=True)
def pg_total_relation_size(ctx: Any, oid: int) -> int | None:
    size = relation_bytes(ctx, oid)
    return None if size is None else size + (pg_indexes_size(ctx, oid) or 0)


def _database_bytes(ctx: Any, oid: int) -> int:
    sizes = getattr(getattr(ctx.session, "engine", None), "database_bytes", None)
    return int(sizes(oid)) if sizes is not None else 1024 * _PAGE


@implements("pg_database_size_oid", context=True)
def pg_database_size_oid(ctx: Any, oid: int) -> int | None:
    return None if ctx.catalog.pg_database.get(oid) is None else _database_bytes(ctx, oid)


@implements("pg_database_size_name", context=True)
def pg_database_size_name(ctx: Any, name: str) -> int:
    rows = ctx.catalog.pg_database.find("datname", name)
    if not rows:
        from ..sqlstates import UNDEFINED_DATABASE

        raise SqlError(UNDEFINED_DATABASE, f'database "{name}" does not exist')
    return _database_bytes(ctx, rows[0].oid)


@implements("pg_tablespace_size_oid", context=True)
def pg_tablespace_size_oid(ctx: Any, oid: int) -> int | None:
    if ctx.catalog.pg_tablespace.get(oid) is None:
        return None
    return _database_bytes(ctx, ctx.catalog.database_oid)


@implements("pg_tablespace_size_name", context=True)
def pg_tablespace_size_name(ctx: Any, name: str) -> int:
    if not ctx.catalog.pg_tablespace.find("spcname", name):
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{name}" does not exist')
    return _database_bytes(ctx, ctx.catalog.database_oid)


@implements("pg_relation_filenode", context=True)
def pg_relation_filenode(ctx: Any, oid: int) -> int | None:
    row = ctx.catalog.pg_class.get(oid)
    if row is None or row.relkind not in "rmtiS":
        return None
    return row.relfilenode or oid


@implements("pg_relation_filepath", context=True)
def pg_relation_filepath(ctx: Any, oid: int) -> str | None:
    node = pg_relation_filenode(ctx, oid)
    if node is None:
        return None
    shared = ctx.catalog.pg_class.get(oid).relisshared
    return f"global/{node}" if shared else f"base/{ctx.catalog.database_oid}/{node}"


@implements("pg_filenode_relation", context=True)
def pg_filenode_relation(ctx: Any, tablespace: int, filenode: int) -> int | None:
    for row in ctx.catalog.pg_class.find("relfilenode", filenode):
        if row.reltablespace in (tablespace, 0) and row.relpersistence != "t":
            return row.oid
    row = ctx.catalog.pg_class.get(filenode)
    return filenode if row is not None and not row.relfilenode and row.relpersistence != "t" else None


@implements("pg_tablespace_location")
def pg_tablespace_location(oid: int) -> str:
    return ""


@implements("pg_tablespace_databases", context=True)
def pg_tablespace_databases(ctx: Any, oid: int) -> Iterator[int]:
    for row in ctx.catalog.pg_database.rows():
        if row.dattablespace == oid:
            yield row.oid


# --- types, sequences, options --------------------------------------------------------------------


def record(columns: tuple[tuple[str, int], ...], values: tuple[Any, ...]) -> Record:
    """A record value for a function with OUT parameters."""
    names, types = zip(*columns, strict=True)
    return Record(RowType(2249, names, types, (-1,) * len(types)), values)


_SEQUENCE_COLUMNS = (
    ("start_value", BIGINT),
    ("minimum_value", BIGINT),
    ("maximum_value", BIGINT),
    ("increment", BIGINT),
    ("cycle_option", BOOLEAN),
    ("cache_size", BIGINT),
    ("data_type", OID),
)


@implements("pg_sequence_parameters", context=True)
def pg_sequence_parameters(ctx: Any, oid: int) -> Record:
    row = ctx.catalog.pg_sequence.get(oid)
    if row is None:
        from ..sqlstates import INTERNAL_ERROR

        raise SqlError(INTERNAL_ERROR, f"cache lookup failed for sequence {oid}")
    return record(
        _SEQUENCE_COLUMNS,
        (row.seqstart, row.seqmin, row.seqmax, row.seqincrement, row.seqcycle, row.seqcache, row.seqtypid),
    )


@implements("pg_get_serial_sequence", context=True)
def pg_get_serial_sequence(ctx: Any, table: str, column: str) -> str | None:
    from ..catalog.quoting import quote_qualified
    from ..sqlstates import UNDEFINED_COLUMN

    catalog = ctx.catalog
    relid = relation_named(ctx, table)
    attribute = next(
        (
            a
            for a in catalog.pg_attribute.find("attrelid", relid)
            if a.attname == column and not a.attisdropped
        ),
        None,
    )
    if attribute is None:
        name = catalog.pg_class.get(relid).relname
        raise SqlError(UNDEFINED_COLUMN, f'column "{column}" of relation "{name}" does not exist')
    for depend in catalog.pg_depend.find("refclassid_refobjid_refobjsubid", 1259, relid, attribute.attnum):
        if depend.classid == 1259 and depend.objsubid == 0 and depend.deptype in "ai":
            row = catalog.pg_class.get(depend.objid)
            if row is not None and row.relkind == "S":
                schema = catalog.pg_namespace.get(row.relnamespace).nspname
                return quote_qualified(schema, row.relname)
    return None


@implements("pg_options_to_table")
def pg_options_to_table(options: Array) -> Iterator[tuple[str, str | None]]:
    for option in options.items:
        name, equals, value = option.partition("=")
        yield name, value if equals else None


@implements("pg_basetype", context=True)
def pg_basetype(ctx: Any, typid: int) -> int | None:
    return None if ctx.catalog.pg_type.get(typid) is None else ctx.catalog.base_type(typid)


@implements("pg_collation_for", context=True, bind=True)
def pg_collation_for(site: Any) -> Any:
    from ..registry import IMPLEMENTATIONS
    from ..sqlstates import DATATYPE_MISMATCH

    typid = site.arg_types[0]
    row = site.catalog.pg_type.get(typid)
    if typid != 705 and row is not None and not row.typcollation:
        raise SqlError(
            DATATYPE_MISMATCH, f"collations are not supported by type {site.catalog.format_type(typid)}"
        )
    output = IMPLEMENTATIONS["regcollationout"].function
    collation = site.collation
    return lambda ctx, value: output(ctx, collation) if collation else None


@implements("pg_typeof", bind=True)
def pg_typeof(site: Any) -> Any:
    typid = site.arg_types[0]
    return lambda value: typid


_EVENT_BITS = {"update": 4, "insert": 8, "delete": 16}  # 1 << CmdType


@implements("pg_relation_is_updatable", context=True)
def pg_relation_is_updatable(ctx: Any, oid: int, include_triggers: bool) -> int:
    events, _ = _updatable(ctx, oid, include_triggers)
    return sum([_EVENT_BITS[event] for event in events])


@implements("pg_column_is_updatable", context=True)
def pg_column_is_updatable(ctx: Any, oid: int, attnum: int, include_triggers: bool) -> bool:
    if attnum <= 0:
        return False
    events, columns = _updatable(ctx, oid, include_triggers)
    if attnum not in columns:  # then only triggers update it
        if not include_triggers or not events or ctx.catalog.pg_class.get(oid).relkind != "v":
            return False
        from ..bind.viewupdate import instead_events

        return "update" in instead_events(ctx.catalog, ctx.catalog.relation(oid)) and "delete" in events
    return {"update", "delete"} <= events


def _updatable(ctx: Any, oid: int, include_triggers: bool) -> tuple[set[str], set[int]]:
    """(events, columns) of a table or view that may be changed."""
    from ..bind.viewupdate import updatable_events

    row = ctx.catalog.pg_class.get(oid)
    if row is None or row.relkind not in "rpv":
        return set(), set()
    return updatable_events(ctx.catalog, oid, include_triggers)


# --- index properties -----------------------------------------------------------------------------

_BTREE = {
    "can_order": True,
    "can_unique": True,
    "can_multi_col": True,
    "can_exclude": True,
    "can_include": True,
}
_AM_PROPERTIES: dict[str, dict[str, bool]] = {
    "btree": _BTREE,
    "btree_index": _BTREE,  # as Aurora DSQL calls it
    "hash": {
        "can_order": False,
        "can_unique": False,
        "can_multi_col": False,
        "can_exclude": True,
        "can_include": False,
    },
    "gist": {
        "can_order": False,
        "can_unique": False,
        "can_multi_col": True,
        "can_exclude": True,
        "can_include": True,
    },
    "gin": {
        "can_order": False,
        "can_unique": False,
        "can_multi_col": True,
        "can_exclude": False,
        "can_include": False,
    },
    "spgist": {
        "can_order": False,
        "can_unique": False,
        "can_multi_col": False,
        "can_exclude": True,
        "can_include": True,
    },
    "brin": {
        "can_order": False,
        "can_unique": False,
        "can_multi_col": True,
        "can_exclude": False,
        "can_include": False,
    },
}
_INDEX_PROPERTIES: dict[str, dict[str, bool]] = {
    "btree": {"clusterable": True, "index_scan": True, "bitmap_scan": True, "backward_scan": True},
    "hash": {"clusterable": False, "index_scan": True, "bitmap_scan": True, "backward_scan": True},
    "gist": {"clusterable": True, "index_scan": True, "bitmap_scan": True, "backward_scan": False},
    "gin": {"clusterable": False, "index_scan": False, "bitmap_scan": True, "backward_scan": False},
    "spgist": {"clusterable": False, "index_scan": True, "bitmap_scan": True, "backward_scan": False},
    "brin": {"clusterable": False, "index_scan": False, "bitmap_scan": True, "backward_scan": False},
}


@implements("pg_indexam_has_property", context=True)
def pg_indexam_has_property(ctx: Any, am: int, name: str) -> bool | None:
    row = ctx.catalog.pg_am.get(am)
    return None if row is None else _AM_PROPERTIES.get(row.amname, {}).get(name.lower())


def _index_am(ctx: Any, oid: int) -> str | None:
    row = ctx.catalog.pg_class.get(oid)
    if row is None or row.relkind not in "iI":
        return None
    return "btree" if row.relam == 403 else str(ctx.catalog.pg_am.get(row.relam).amname)


@implements("pg_index_has_property", context=True)
def pg_index_has_property(ctx: Any, oid: int, name: str) -> bool | None:
    am = _index_am(ctx, oid)
    return None if am is None else _INDEX_PROPERTIES.get(am, {}).get(name.lower())


@implements("pg_index_column_has_property", context=True)
def pg_index_column_has_property(ctx: Any, oid: int, attnum: int, name: str) -> bool | None:
    am = _index_am(ctx, oid)
    row = ctx.catalog.pg_index.get(oid) if am is not None else None
    name = name.lower()
    if row is None or attnum < 1 or attnum > row.indnatts:
        return None
    if attnum > row.indnkeyatts:  # INCLUDEd columns only can be returned
        return {
            "returnable": True,
            "orderable": False,
            "distance_orderable": False,
            "search_array": False,
            "search_nulls": False,
        }.get(name)
    option = row.indoption.items[attnum - 1]
    order = am == "btree"
    answers = {
        "asc": order and not option & 1,
        "desc": order and bool(option & 1),
        "nulls_first": order and bool(option & 2),
        "nulls_last": order and not option & 2,
        "orderable": order,
        "distance_orderable": False,
        "returnable": order,
        "search_array": order,
        "search_nulls": am in ("btree", "gist", "spgist", "brin"),
    }
    return answers.get(name)


@implements("pg_get_statisticsobjdef_expressions", context=True)
def pg_get_statisticsobjdef_expressions(ctx: Any, oid: int) -> Array | None:
    from ..catalog.deparse import deparse_expression
    from ..catalog.trees import load_tree

    row = ctx.catalog.pg_statistic_ext.get(oid)
    if row is None or row.stxexprs is None:
        return None
    return make_array(
        TEXT, [deparse_expression(e, row.stxrelid, ctx.catalog) for e in load_tree(row.stxexprs)]
    )
