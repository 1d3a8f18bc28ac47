"""Making relations: pg_class, the row type, pg_attribute and defaults (PostgreSQL's catalog/heap.c)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    INVALID_OBJECT_DEFINITION,
    INVALID_TABLE_DEFINITION,
    TOO_MANY_COLUMNS,
)
from ..values import Array, make_array
from .dependencies import (
    AUTO,
    INTERNAL,
    NORMAL,
    PG_ATTRDEF,
    PG_CLASS,
    PG_COLLATION,
    PG_NAMESPACE,
    PG_TYPE,
    Address,
    record_dependency,
    record_expression,
)
from .names import NAME_BYTES_MAX, require_type_usage
from .rows import new_row

COLUMNS_MAX = 1600
RECORD_IN, RECORD_OUT, RECORD_RECV, RECORD_SEND = 2290, 2291, 2402, 2403
ARRAY_IN, ARRAY_OUT, ARRAY_RECV, ARRAY_SEND = 750, 751, 2400, 2401
ARRAY_TYPANALYZE, ARRAY_SUBSCRIPT = 3816, 6179
HEAP_AM, BTREE_AM = 2, 403
SYSTEM_COLUMN_NAMES = frozenset(("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"))


@dataclass(slots=True)
class ColumnSpec:
    """A column of a relation that is being made."""

    name: str
    typid: int
    typmod: int = -1
    collation: int = 0
    notnull: bool = False
    identity: str = ""
    generated: str = ""
    dimensions: int = 0
    storage: str = ""
    compression: str = ""
    local: bool = True
    parents: int = 0  # attinhcount
    location: int | None = None


def create_relation(
    ctx: Any,
    name: str,
    namespace: int,
    columns: Sequence[ColumnSpec],
    kind: str,
    *,
    persistence: str = "p",
    owner: int | None = None,
    with_type: bool = True,
    options: Array | None = None,
    am: int = 0,
    oftype: int = 0,
) -> int:
    """Make the catalog rows of a relation; returns its oid. 42P07 if the name is taken."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    temporary = persistence == "t"
    owner = ctx.session.role if owner is None else owner
    check_columns(ctx, columns, kind)
    if catalog.pg_class.find("relname_relnamespace", name, namespace):
        raise SqlError(DUPLICATE_TABLE, f'relation "{name}" already exists')
    if with_type and catalog.pg_type.find("typname_typnamespace", name, namespace):
        existing = catalog.pg_type.find("typname_typnamespace", name, namespace)[0]
        if not (existing.typelem and rename_array_type(ctx, existing, namespace)):
            raise SqlError(
                DUPLICATE_OBJECT,
                f'type "{name}" already exists',
                hint="A relation has an associated type of the same name, so you must use a name that "
                "doesn't conflict with any existing type.",
            )
    oid = transaction.new_oid()
    rowtype = 0
    if with_type:
        rowtype = create_row_type(ctx, name, namespace, oid, owner, kind, temporary=temporary)
    row = new_row(
        catalog,
        "pg_class",
        oid=oid,
        relname=name,
        relnamespace=namespace,
        reltype=rowtype,
        reloftype=oftype,
        relowner=owner,
        relam=am,
        relfilenode=transaction.new_storage_id(temporary, kind) if kind in "rmSi" else 0,
        relpersistence=persistence,
        relkind=kind,
        relnatts=len(columns),
        reloptions=options,
        relreplident="d" if kind in "rmp" else "n",
        reltuples=-1.0 if kind != "S" else 1.0,
        relacl=default_privileges(catalog, kind, owner, namespace),
    )
    transaction.catalog_insert("pg_class", row, temporary=temporary)
    if kind not in "iI":
        record_dependency(
            transaction, Address(PG_CLASS, oid), Address(PG_NAMESPACE, namespace), NORMAL, temporary=temporary
        )
    for number, column in enumerate(columns, 1):
        insert_attribute(ctx, oid, number, column, temporary=temporary, depend=kind not in "iI")
    return int(oid)


def default_privileges(catalog: Any, kind: str, owner: int, namespace: int) -> Any:
    """What ALTER DEFAULT PRIVILEGES gives a new relation; None almost always."""
    from ..catalog.privileges import user_default_acl

    if kind not in "rvmSpf":
        return None
    return user_default_acl(catalog, "sequence" if kind == "S" else "table", owner, namespace)


def check_columns(ctx: Any, columns: Sequence[ColumnSpec], kind: str) -> None:
    """Names and types of a new relation's columns (CheckAttributeNamesTypes)."""
    if len(columns) > COLUMNS_MAX:
        raise SqlError(TOO_MANY_COLUMNS, f"tables can have at most {COLUMNS_MAX} columns")
    seen: set[str] = set()
    for column in columns:
        if kind not in "vc" and column.name in SYSTEM_COLUMN_NAMES:
            raise SqlError(
                DUPLICATE_COLUMN, f'column name "{column.name}" conflicts with a system column name'
            )
        if column.name in seen:
            raise SqlError(DUPLICATE_COLUMN, f'column "{column.name}" specified more than once')
        seen.add(column.name)
        check_column_type(ctx, column.name, column.typid, kind)


def check_column_type(ctx: Any, name: str, typid: int, kind: str = "r") -> None:
    """Pseudo-types cannot be columns; other types need USAGE."""
    catalog = ctx.transaction.catalog
    if kind in "rpmvcf":
        require_type_usage(ctx, typid)
    row = catalog.pg_type.get(typid)
    if row is not None and row.typtype == "p" and kind not in "iI" and not (typid == 2277 and kind == "S"):
        if typid == 705 and kind == "v":
            return
        raise SqlError(
            INVALID_TABLE_DEFINITION, f'column "{name}" has pseudo-type {catalog.format_type(typid)}'
        )


def insert_attribute(
    ctx: Any, relid: int, number: int, column: ColumnSpec, *, temporary: bool, depend: bool = True
) -> None:
    """The pg_attribute row of one column."""
    transaction = ctx.transaction
    catalog = transaction.base_catalog
    type_row = catalog.pg_type.get(column.typid) or transaction.catalog.pg_type.get(column.typid)
    row = new_row(
        catalog,
        "pg_attribute",
        attrelid=relid,
        attname=column.name,
        atttypid=column.typid,
        attlen=type_row.typlen,
        attnum=number,
        atttypmod=column.typmod,
        attndims=column.dimensions,
        attbyval=type_row.typbyval,
        attalign=type_row.typalign,
        attstorage=column.storage or type_row.typstorage,
        attcompression=column.compression,
        attnotnull=column.notnull,
        attidentity=column.identity,
        attgenerated=column.generated,
        attcollation=column.collation,
        attislocal=column.local,
        attinhcount=column.parents,
    )
    transaction.catalog_insert("pg_attribute", row, temporary=temporary)
    if depend:
        address = Address(PG_CLASS, relid, number)
        record_dependency(transaction, address, Address(PG_TYPE, column.typid), NORMAL, temporary=temporary)
        if column.collation not in (0, 100):
            record_dependency(
                transaction, address, Address(PG_COLLATION, column.collation), NORMAL, temporary=temporary
            )


def create_row_type(
    ctx: Any, name: str, namespace: int, relid: int, owner: int, kind: str, *, temporary: bool
) -> int:
    """The composite type of a relation and the array type over it; returns the former's oid."""
    transaction = ctx.transaction
    catalog = transaction.base_catalog
    oid, array = transaction.new_oid(), transaction.new_oid()
    transaction.catalog_insert(
        "pg_type",
        new_row(
            catalog,
            "pg_type",
            oid=oid,
            typname=name,
            typnamespace=namespace,
            typowner=owner,
            typtype="c",
            typcategory="C",
            typrelid=relid,
            typarray=array,
            typinput=RECORD_IN,
            typoutput=RECORD_OUT,
            typreceive=RECORD_RECV,
            typsend=RECORD_SEND,
        ),
        temporary=temporary,
    )
    if kind == "c":
        record_dependency(
            transaction, Address(PG_CLASS, relid), Address(PG_TYPE, oid), INTERNAL, temporary=temporary
        )
        record_dependency(
            transaction, Address(PG_TYPE, oid), Address(PG_NAMESPACE, namespace), NORMAL, temporary=temporary
        )
    else:
        record_dependency(
            transaction, Address(PG_TYPE, oid), Address(PG_CLASS, relid), INTERNAL, temporary=temporary
        )
    create_array_type(ctx, name, namespace, owner, oid, array, temporary=temporary)
    return int(oid)


def create_array_type(
    ctx: Any,
    name: str,
    namespace: int,
    owner: int,
    element: int,
    oid: int,
    *,
    temporary: bool = False,
    align: str = "d",
    collation: int = 0,
    delimiter: str = ",",
    typmodin: int = 0,
    typmodout: int = 0,
) -> None:
    """The array type over `element`, named _name or so."""
    transaction = ctx.transaction
    transaction.catalog_insert(
        "pg_type",
        new_row(
            transaction.base_catalog,
            "pg_type",
            oid=oid,
            typname=array_type_name(ctx, name, namespace),
            typnamespace=namespace,
            typowner=owner,
            typtype="b",
            typcategory="A",
            typelem=element,
            typinput=ARRAY_IN,
            typoutput=ARRAY_OUT,
            typreceive=ARRAY_RECV,
            typsend=ARRAY_SEND,
            typanalyze=ARRAY_TYPANALYZE,
            typsubscript=ARRAY_SUBSCRIPT,
            typalign=align,
            typcollation=collation,
            typdelim=delimiter,
            typmodin=typmodin,
            typmodout=typmodout,
        ),
        temporary=temporary,
    )
    record_dependency(
        transaction, Address(PG_TYPE, oid), Address(PG_TYPE, element), INTERNAL, temporary=temporary
    )


def array_type_name(ctx: Any, name: str, namespace: int) -> str:
    """_name, with more underscores and numbers as long as it is taken (makeArrayTypeName)."""
    catalog = ctx.transaction.catalog
    number = 0
    while True:
        candidate = f"_{name}" if number == 0 else f"_{name}_{number}"
        encoded = candidate.encode()
        if len(encoded) > NAME_BYTES_MAX:
            suffix = "" if number == 0 else f"_{number}"
            candidate = ("_" + name).encode()[: NAME_BYTES_MAX - len(suffix)].decode(
                "utf-8", "ignore"
            ) + suffix
        if not catalog.pg_type.find("typname_typnamespace", candidate, namespace):
            return candidate
        number += 1


def rename_array_type(ctx: Any, row: Any, namespace: int) -> bool:
    """Move an automatically named array type out of a new type's way."""
    transaction = ctx.transaction
    element = transaction.catalog.pg_type.get(row.typelem)
    if element is None or element.typarray != row.oid:
        return False
    new_name = array_type_name(ctx, element.typname, namespace)
    transaction.catalog_update("pg_type", row, row._replace(typname=new_name))
    return True


def store_default(
    ctx: Any, relid: int, attnum: int, expr: Any, *, temporary: bool, generated: str = ""
) -> None:
    """The pg_attrdef row of a column's (cooked) default or generation expression."""
    from ..treecodec import dump

    transaction = ctx.transaction
    oid = transaction.new_oid()
    transaction.catalog_insert(
        "pg_attrdef",
        new_row(
            transaction.base_catalog, "pg_attrdef", oid=oid, adrelid=relid, adnum=attnum, adbin=dump(expr)
        ),
        temporary=temporary,
    )
    attribute = transaction.catalog.pg_attribute.get(relid, attnum)
    if not attribute.atthasdef or attribute.attgenerated != generated:
        transaction.catalog_update(
            "pg_attribute", attribute, attribute._replace(atthasdef=True, attgenerated=generated)
        )
    address = Address(PG_ATTRDEF, oid)
    kind = INTERNAL if generated else AUTO
    record_dependency(transaction, address, Address(PG_CLASS, relid, attnum), kind, temporary=temporary)
    record_expression(transaction, address, expr, relid, NORMAL, NORMAL, temporary=temporary)


def cook_default(ctx: Any, pstate: Any, raw: Any, column: ColumnSpec, generated: str) -> Any:
    """Analyse a raw default expression and coerce it to the column's type (cookDefault)."""
    from ..bind.coercion import COERCION_ASSIGNMENT, coerce_to_target_type
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..treetypes import contain_mutable_functions, expr_type

    catalog = ctx.transaction.catalog
    expr = transform_expr(pstate, raw, "generated_column" if generated else "column_default")
    if generated:
        check_generated_references(pstate, expr)
        if contain_mutable_functions(catalog, expr):
            raise SqlError(INVALID_OBJECT_DEFINITION, "generation expression is not immutable")
    given = expr_type(expr)
    coerced = coerce_to_target_type(
        pstate, expr, given, column.typid, column.typmod, COERCION_ASSIGNMENT, "implicit", -1
    )
    if coerced is None:
        raise SqlError(
            DATATYPE_MISMATCH,
            f'column "{column.name}" is of type {catalog.format_type(column.typid)} but default expression '
            f"is of type {catalog.format_type(given)}",
            hint="You will need to rewrite or cast the expression.",
        )
    return assign_expr_collations(pstate, coerced)


def check_generated_references(pstate: Any, expr: Any) -> None:
    """A generation expression may not refer to generated columns."""
    from .. import tree as t
    from ..treetypes import walk

    relation = pstate.p_target_relation
    for node in walk(expr):
        if isinstance(node, t.Var) and relation is not None:
            if node.varattno == 0:
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    "cannot use whole-row variable in column generation expression",
                    detail="This would cause the generated column to depend on its own value.",
                    position=node.location,
                )
            if node.varattno > 0 and relation.columns[node.varattno - 1].generated:
                name = relation.columns[node.varattno - 1].name
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    f'cannot use generated column "{name}" in column generation expression',
                    detail="A generated column cannot reference another generated column.",
                    position=node.location,
                )


def table_parse_state(ctx: Any, relid: int) -> Any:
    """A ParseState in which the relation's columns are in scope (varno 1)."""
    from ..bind.rangetable import add_ns_item_to_query, add_range_table_entry_for_relation

    pstate = ctx.session.parse_state(ctx.source)
    relation = ctx.transaction.catalog.relation(relid)
    item = add_range_table_entry_for_relation(pstate, relation, None, False, True)
    add_ns_item_to_query(pstate, item, False, True, True)
    pstate.p_target_relation = relation
    return pstate


def attnums_array(attnums: Sequence[int]) -> Array:
    """An int2[] of attribute numbers."""
    return make_array(21, list(attnums))


def column_number(relation: Any, name: str) -> int | None:
    """The attnum of a live column, None if there is none of that name."""
    for column in relation.columns:
        if column.name == name and not column.dropped:
            return int(column.attnum)
    return None
