"""What the catalogs of the dsql mode have beyond PostgreSQL's: the schema sys with its tables, the procedure
that waits for a job, and another name for btree.

These rows are laid over the catalogs when a database is loaded, and are never stored.
"""

from collections.abc import Iterator
from typing import Any

from ..catalog.trees import SQL_PREFIX
from ..ddl.rows import new_row
from ..values import make_array

FIRST_SYS_OID = 0x7FFF_FF00  # as the number of a relation it is one that no other gets
SYS, JOBS, WAIT_FOR_JOB, ROLE_MAPPINGS, MAPPINGS_VIEW, MAPPINGS_RULE = range(FIRST_SYS_OID, FIRST_SYS_OID + 6)
FIRST_NORMAL_OID = 16_384
FIRST_ATTRIBUTE_ROW = 0xFFFF_FF00
BTREE_AM, HEAP_AM = 403, 2
OWNER = 10
JOB_COLUMNS = (
    ("job_id", 25),
    ("status", 25),
    ("details", 25),
    ("job_type", 25),
    ("class_id", 26),
    ("object_id", 26),
    ("object_name", 25),
    ("start_time", 1184),
    ("update_time", 1184),
)
MAPPING_COLUMNS = (("iam_oid", 26), ("arn", 25), ("pg_role_oid", 26), ("grantor_pg_role_oid", 26))
MAPPINGS_VIEW_COLUMNS = (
    *MAPPING_COLUMNS[:3],
    ("pg_role_name", 25),
    MAPPING_COLUMNS[3],
    ("grantor_pg_role_name", 25),
)
# the names of roles are those of the moment
MAPPINGS_TEXT = """SELECT iam_oid, arn, pg_role_oid, r.rolname::text, grantor_pg_role_oid, g.rolname::text
FROM sys.iam_mappings JOIN pg_authid r ON r.oid = pg_role_oid
LEFT JOIN pg_authid g ON g.oid = grantor_pg_role_oid"""
TABLES = {
    JOBS: ("jobs", JOB_COLUMNS),
    ROLE_MAPPINGS: ("iam_mappings", MAPPING_COLUMNS),
    MAPPINGS_VIEW: ("iam_pg_role_mappings", MAPPINGS_VIEW_COLUMNS),
}


def with_sys(catalog: Any) -> Any:
    """The catalog with the rows of the dsql mode."""
    new = catalog.evolve(
        {
            # the service has no "english"; that it has no other either is inferred
            3602: dict.fromkeys([row.oid for row in catalog.pg_ts_config.rows()]),
            2601: {BTREE_AM: catalog.pg_am.get(BTREE_AM)._replace(amname="btree_index")},
            2615: {SYS: (SYS, "sys", OWNER, catalog.pg_namespace.get(11).nspacl)},
            1259: {oid: _relation(catalog, oid) for oid in TABLES},
            1249: {FIRST_ATTRIBUTE_ROW + n: row for n, row in enumerate(_attributes(catalog))},
            2618: {MAPPINGS_RULE: _view_rule(catalog)},
            1255: {WAIT_FOR_JOB: _procedure(catalog)},
        }
    )
    new.shown = {1249: shown_attributes, 1259: shown_relations, 2610: shown_indexes}
    return new


# --- primary keys hold the whole row, as the catalogs show it; here they do not, so the rows stay as they are


def _included(catalog: Any, index: Any) -> list[int]:
    """The columns that the index of a primary key says it has besides its key."""
    if not index.indisprimary or index.indrelid < FIRST_NORMAL_OID:
        return []
    attributes = catalog.pg_attribute.find("attrelid", index.indrelid)
    return [
        row.attnum
        for row in attributes
        if row.attnum > 0 and not row.attisdropped and row.attnum not in index.indkey.items
    ]


def shown_indexes(catalog: Any) -> Iterator[Any]:
    """pg_index."""
    for row in catalog.pg_index.rows():
        if others := _included(catalog, row):
            key = make_array(21, [*row.indkey.items, *others])._replace(lowers=row.indkey.lowers)
            row = row._replace(indnatts=len(key.items), indkey=key)
        yield row


def shown_relations(catalog: Any) -> Iterator[Any]:
    """pg_class."""
    for row in catalog.pg_class.rows():
        if row.relkind == "i" and (index := catalog.pg_index.get(row.oid)) is not None:
            row = row._replace(relnatts=row.relnatts + len(_included(catalog, index)))
        yield row


def shown_attributes(catalog: Any) -> Iterator[Any]:
    """pg_attribute."""
    yield from catalog.pg_attribute.rows()
    for index in catalog.pg_index.rows():
        for attnum, column in enumerate(_included(catalog, index), index.indnatts + 1):
            row = catalog.pg_attribute.get(index.indrelid, column)
            yield row._replace(
                attrelid=index.indexrelid,
                attnum=attnum,
                attnotnull=False,
                atthasdef=False,
                attidentity="",
                attgenerated="",
                attacl=None,
            )


def _relation(catalog: Any, oid: int) -> Any:
    name, columns = TABLES[oid]
    view = oid == MAPPINGS_VIEW
    return new_row(
        catalog,
        "pg_class",
        oid=oid,
        relname=name,
        relnamespace=SYS,
        relowner=OWNER,
        relam=0 if view else HEAP_AM,
        relfilenode=0 if view else oid,
        relkind="v" if view else "r",
        relhasrules=view,
        relnatts=len(columns),
        relacl=None if oid == ROLE_MAPPINGS else catalog.pg_class.get(1259).relacl,
    )


def _view_rule(catalog: Any) -> Any:
    return new_row(
        catalog,
        "pg_rewrite",
        oid=MAPPINGS_RULE,
        rulename="_RETURN",
        ev_class=MAPPINGS_VIEW,
        ev_type="1",
        ev_enabled="O",
        is_instead=True,
        ev_qual="<>",
        ev_action=SQL_PREFIX + MAPPINGS_TEXT,
    )


def _attributes(catalog: Any) -> list[Any]:
    rows = []
    columns = [(oid, *column) for oid, (_, some) in TABLES.items() for column in enumerate(some, 1)]
    for oid, number, (name, typid) in columns:
        kind = catalog.pg_type.get(typid)
        rows.append(
            new_row(
                catalog,
                "pg_attribute",
                attrelid=oid,
                attname=name,
                atttypid=typid,
                attnum=number,
                attlen=kind.typlen,
                attbyval=kind.typbyval,
                attalign=kind.typalign,
                attstorage=kind.typstorage,
                attcollation=kind.typcollation,
            )
        )
    return rows


def _procedure(catalog: Any) -> Any:
    oids = make_array(26, [25])._replace(lowers=(0,))
    return new_row(
        catalog,
        "pg_proc",
        oid=WAIT_FOR_JOB,
        proname="wait_for_job",
        pronamespace=SYS,
        proowner=OWNER,
        prolang=12,
        prokind="p",
        pronargs=1,
        prorettype=2278,
        proargtypes=oids,
        prosrc="wait_for_job",
    )
