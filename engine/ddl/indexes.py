"""CREATE INDEX, and the indexes of PRIMARY KEY and UNIQUE constraints; filling them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    DUPLICATE_COLUMN,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    TOO_MANY_COLUMNS,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..values import make_array
from .dependencies import (
    AUTO,
    INTERNAL,
    NORMAL,
    PG_CLASS,
    PG_CONSTRAINT,
    Address,
    record_dependency,
    record_expression,
)
from .heap import BTREE_AM, ColumnSpec, column_number, create_relation, table_parse_state
from .names import choose_relation_name, find_relation, require_owner, require_schema_create
from .reloptions import storage_options
from .rows import new_row

KEYS_MAX = 32
HASH_AM = 405
_NO_ORDER = frozenset((HASH_AM,))


@dataclass(slots=True)
class IndexColumn:
    """A key column to be: an attnum, or an expression (attnum 0) with its name."""

    attnum: int
    expr: Any
    name: str
    typid: int
    typmod: int
    collation: int
    opclass: int
    options: int  # 1 descending, 2 nulls first


@command("IndexStmt", tag="CREATE INDEX")
def create_index(ctx: Any, statement: ast.IndexStmt, *, build: bool = True) -> Any:
    """CREATE [UNIQUE] INDEX [CONCURRENTLY]; not `build`: its entries are left to somebody else."""
    oid = find_relation(ctx, statement.relation)
    assert oid is not None
    transaction = ctx.transaction
    relation = transaction.catalog.relation(oid)
    if relation.kind not in "rmp":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot create index on relation "{relation.name}"',
            detail=unsuitable_relation(relation.kind),
        )
    require_owner(ctx, relation.row)
    require_schema_create(ctx, relation.namespace)
    if statement.concurrent:
        ctx.session.require_no_block("CREATE INDEX CONCURRENTLY")
        if relation.kind == "p":
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f'cannot create index on partitioned table "{relation.name}" concurrently',
            )
    if statement.tableSpace is not None and statement.tableSpace != "pg_default":
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{statement.tableSpace}" does not exist')
    if statement.excludeOpNames:
        raise SqlError(FEATURE_NOT_SUPPORTED, "exclusion constraints are not supported")
    name = statement.idxname
    taken = name is not None and bool(
        transaction.catalog.pg_class.find("relname_relnamespace", name, relation.namespace)
    )
    if taken and statement.if_not_exists:
        ctx.notice(Notice(f'relation "{name}" already exists, skipping', sqlstate=DUPLICATE_TABLE))
        return None
    am = index_am(ctx, statement.accessMethod or "btree")
    pstate = table_parse_state(ctx, oid)
    columns = [index_column(ctx, pstate, relation, element, am) for element in statement.indexParams]
    include = [included_column(relation, element) for element in statement.indexIncludingParams or ()]
    check_column_count(ctx, len(columns) + len(include))
    if statement.unique and am != BTREE_AM:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, f'access method "{statement.accessMethod}" does not support unique indexes'
        )
    if am != BTREE_AM and len(columns) > 1:
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'access method "{statement.accessMethod}" does not support multicolumn indexes',
        )
    predicate = index_predicate(ctx, pstate, statement.whereClause)
    if statement.unique:
        from .partitionindexes import check_unique_key

        check_unique_key(ctx, relation, [column.attnum for column in columns], "UNIQUE")
    if taken:
        raise SqlError(DUPLICATE_TABLE, f'relation "{name}" already exists')
    if name is None:
        name = default_index_name(ctx, relation, columns, include, "idx")
    return define_index(
        ctx,
        relation,
        name,
        columns,
        include,
        unique=bool(statement.unique),
        predicate=predicate,
        nulls_not_distinct=bool(statement.nulls_not_distinct),
        am=am,
        options=storage_options(statement.options, statement.accessMethod or "btree"),
        only=not statement.relation.inh,
        build=build,
    )


def check_column_count(ctx: Any, count: int) -> None:
    """Key and INCLUDEd columns of an index."""
    limits = ctx.session.engine.limits
    if limits is not None:
        limits.check("index_columns", count)
    elif count > KEYS_MAX:
        raise SqlError(TOO_MANY_COLUMNS, f"cannot use more than {KEYS_MAX} columns in an index")


def unsuitable_relation(kind: str) -> str:
    """The detail of errors about relations of a wrong kind (errdetail_relkind_not_supported)."""
    names = {
        "r": "tables",
        "v": "views",
        "S": "sequences",
        "i": "indexes",
        "I": "partitioned indexes",
        "p": "partitioned tables",
        "c": "composite types",
        "t": "TOAST tables",
        "f": "foreign tables",
        "m": "materialized views",
    }
    return f"This operation is not supported for {names.get(kind, 'this relation')}."


def index_am(ctx: Any, name: str) -> int:
    """The access method; all are stored as ordered keys, so btree and hash are offered."""
    if name == "btree":  # whatever it is called in pg_am
        return BTREE_AM
    rows = ctx.transaction.catalog.pg_am.find("amname", name)
    if not rows:
        raise SqlError(UNDEFINED_OBJECT, f'access method "{name}" does not exist')
    oid = rows[0].oid
    if oid not in (BTREE_AM, HASH_AM):
        if rows[0].amtype != "i":
            raise SqlError(WRONG_OBJECT_TYPE, f'access method "{name}" is not of type INDEX')
        raise SqlError(FEATURE_NOT_SUPPORTED, f'index access method "{name}" is not supported')
    return int(oid)


def default_index_name(
    ctx: Any, relation: Any, columns: Sequence[IndexColumn], include: Sequence[int], label: str
) -> str:
    """table_col1_col2_idx, INCLUDEd columns too (ChooseIndexName)."""
    given = [column.name for column in columns]
    given += [relation.columns[attnum - 1].name for attnum in include]
    names: list[str] = []
    for base in given:
        name, number = base, 1
        while name in names:
            name, number = f"{base}{number}", number + 1
        names.append(name)
    return choose_relation_name(ctx, relation.name, "_".join(names)[:63], label, relation.namespace)


def index_column(ctx: Any, pstate: Any, relation: Any, element: Any, am: int) -> IndexColumn:
    """An IndexElem: a column or an immutable expression, with its opclass and order."""
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..bind.targets import figure_index_colname
    from ..bind.typenames import lookup_collation
    from ..treetypes import contain_mutable_functions, expr_collation, expr_type, expr_typmod

    catalog = ctx.transaction.catalog
    if element.name is not None:
        attnum = column_number(relation, element.name)
        if attnum is None:
            raise SqlError(UNDEFINED_COLUMN, f'column "{element.name}" does not exist')
        column = relation.columns[attnum - 1]
        expr, name = None, column.name
        typid, typmod, collation = column.typid, column.typmod, column.collation
        if column.generated == "v":
            raise SqlError(FEATURE_NOT_SUPPORTED, "indexes on virtual generated columns are not supported")
    else:
        raw = element.expr
        expr = assign_expr_collations(pstate, transform_expr(pstate, raw, "index_expression"))
        if contain_mutable_functions(catalog, expr):
            raise SqlError(
                INVALID_OBJECT_DEFINITION, "functions in index expression must be marked IMMUTABLE"
            )
        attnum = 0
        name = element.indexcolname or figure_index_colname(raw) or "expr"
        typid, typmod, collation = expr_type(expr), expr_typmod(expr), expr_collation(expr)
        if type(expr).__name__ == "Var" and expr.varattno > 0:
            attnum, expr = expr.varattno, None
    if element.collation:
        collation = lookup_collation(
            ctx.session.analyze_context(), element.collation, getattr(element, "location", -1)
        )
    opclass = index_opclass(ctx, element.opclass, typid, am)
    descending = element.ordering.name == "SORTBY_DESC"
    nulls = element.nulls_ordering.name
    if am in _NO_ORDER:
        if element.ordering.name != "SORTBY_DEFAULT":
            raise SqlError(FEATURE_NOT_SUPPORTED, 'access method "hash" does not support ASC/DESC options')
        if nulls != "SORTBY_NULLS_DEFAULT":
            raise SqlError(
                FEATURE_NOT_SUPPORTED, 'access method "hash" does not support NULLS FIRST/LAST options'
            )
    nulls_first = descending if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
    return IndexColumn(
        attnum,
        expr,
        name,
        typid,
        typmod,
        collation,
        opclass,
        (1 if descending else 0) | (2 if nulls_first else 0),
    )


def index_opclass(ctx: Any, names: Any, typid: int, am: int) -> int:
    """The operator class: the named one or the type's default; 42704 if there is none."""
    from ..bind.coercion import is_binary_coercible
    from ..lsyscache import get_default_opclass

    catalog = ctx.transaction.catalog
    am_name = catalog.pg_am.get(am).amname
    if names:
        name = names[-1].sval
        for row in catalog.pg_opclass.find("opcname", name):
            if row.opcmethod == am:
                if not is_binary_coercible(catalog, typid, row.opcintype):
                    raise SqlError(
                        DATATYPE_MISMATCH,
                        f'operator class "{name}" does not accept data type {catalog.format_type(typid)}',
                    )
                return int(row.oid)
        full = ".".join(part.sval for part in names)
        raise SqlError(
            UNDEFINED_OBJECT, f'operator class "{full}" does not exist for access method "{am_name}"'
        )
    row = get_default_opclass(catalog, typid, am)
    if row is None:
        raise SqlError(
            UNDEFINED_OBJECT,
            f"data type {catalog.format_type(typid)} has no default operator class for access method "
            f'"{am_name}"',
            hint="You must specify an operator class for the index or define a default operator class for "
            "the data type.",
        )
    return int(row.oid)


def included_column(relation: Any, element: Any) -> int:
    """An INCLUDEd column's attnum."""
    if element.expr is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "expressions are not supported in included columns")
    attnum = column_number(relation, element.name)
    if attnum is None:
        raise SqlError(UNDEFINED_COLUMN, f'column "{element.name}" does not exist')
    return attnum


def index_predicate(ctx: Any, pstate: Any, raw: Any) -> Any:
    """The WHERE of a partial index."""
    if raw is None:
        return None
    from ..bind.clauses import transform_where_clause
    from ..bind.collations import assign_expr_collations
    from ..treetypes import contain_mutable_functions

    expr = assign_expr_collations(pstate, transform_where_clause(pstate, raw, "index_predicate", "WHERE"))
    if contain_mutable_functions(ctx.transaction.catalog, expr):
        raise SqlError(INVALID_OBJECT_DEFINITION, "functions in index predicate must be marked IMMUTABLE")
    return expr


def define_index(
    ctx: Any,
    relation: Any,
    name: str,
    columns: Sequence[IndexColumn],
    include: Sequence[int],
    *,
    unique: bool = False,
    primary: bool = False,
    predicate: Any = None,
    nulls_not_distinct: bool = False,
    am: int = BTREE_AM,
    immediate: bool = True,
    constraint: int = 0,
    options: Any = None,
    only: bool = False,
    build: bool = True,
) -> Iterator[Any]:
    """Make an index's catalog rows and, if `build`, fill it: a generator of breaths; returns the index
    oid's tag (None). The oid is known before the first breath: see `insert_index`."""
    oid = insert_index(
        ctx,
        relation,
        name,
        columns,
        include,
        unique=unique,
        primary=primary,
        predicate=predicate,
        nulls_not_distinct=nulls_not_distinct,
        am=am,
        immediate=immediate,
        constraint=constraint,
        options=options,
    )
    if relation.kind == "p":
        from .partitionindexes import index_partitions, invalidate_index

        if only:
            invalidate_index(ctx, oid)
        else:
            yield from index_partitions(ctx, relation.oid, oid)
    elif build:
        yield from build_index(ctx, relation.oid, oid)
    return None


def insert_index(
    ctx: Any,
    relation: Any,
    name: str,
    columns: Sequence[IndexColumn],
    include: Sequence[int],
    *,
    unique: bool,
    primary: bool,
    predicate: Any,
    nulls_not_distinct: bool,
    am: int,
    immediate: bool,
    constraint: int,
    options: Any,
) -> int:
    """The catalog rows of an index; returns its oid."""
    from ..treecodec import dump

    transaction = ctx.transaction
    temporary = relation.persistence == "t"
    if predicate is not None and len(columns) == 0:
        raise SqlError(DUPLICATE_COLUMN, "index has no columns")
    specs = [
        ColumnSpec(_unique_name(columns, number), column.typid, column.typmod, column.collation)
        for number, column in enumerate(columns)
    ]
    for attnum in include:
        column = relation.columns[attnum - 1]
        specs.append(ColumnSpec(column.name, column.typid, column.typmod, column.collation))
    attnums = [*[column.attnum for column in columns], *include]
    for spec, attnum in zip(specs, attnums, strict=True):
        if attnum > 0:
            spec.storage = transaction.catalog.pg_attribute.get(relation.oid, attnum).attstorage
    names: set[str] = set()
    for spec in specs:
        base, number = spec.name, 1
        while spec.name in names:
            spec.name = f"{base}{number}"
            number += 1
        names.add(spec.name)
    oid = create_relation(
        ctx,
        name,
        relation.namespace,
        specs,
        "I" if relation.kind == "p" else "i",
        persistence=relation.persistence,
        owner=relation.owner,
        with_type=False,
        am=am,
        options=options,
    )
    expressions = tuple(column.expr for column in columns if column.attnum == 0)
    transaction.catalog_insert(
        "pg_index",
        new_row(
            transaction.base_catalog,
            "pg_index",
            indexrelid=oid,
            indrelid=relation.oid,
            indnatts=len(specs),
            indnkeyatts=len(columns),
            indisunique=unique,
            indnullsnotdistinct=nulls_not_distinct,
            indisprimary=primary,
            indimmediate=immediate,
            indkey=_vector(21, [column.attnum for column in columns] + list(include)),
            indcollation=_vector(26, [column.collation for column in columns]),
            indclass=_vector(26, [column.opclass for column in columns]),
            indoption=_vector(21, [column.options for column in columns]),
            indexprs=dump(list(expressions)) if expressions else None,
            indpred=dump(predicate) if predicate is not None else None,
        ),
        temporary=temporary,
    )
    row = transaction.catalog.pg_class.get(relation.oid)
    transaction.catalog_update("pg_class", row, row._replace(relhasindex=True))
    address = Address(PG_CLASS, oid)
    if constraint:
        record_dependency(
            transaction, address, Address(PG_CONSTRAINT, constraint), INTERNAL, temporary=temporary
        )
        made = transaction.catalog.pg_constraint.get(constraint)
        transaction.catalog_update("pg_constraint", made, made._replace(conindid=oid))
    else:
        simple = False
        for attnum in [column.attnum for column in columns if column.attnum] + list(include):
            record_dependency(
                transaction, address, Address(PG_CLASS, relation.oid, attnum), AUTO, temporary=temporary
            )
            simple = True
        if not simple and not expressions:
            record_dependency(
                transaction, address, Address(PG_CLASS, relation.oid), AUTO, temporary=temporary
            )
    for expr in expressions:
        record_expression(transaction, address, expr, relation.oid, NORMAL, AUTO, temporary=temporary)
    if predicate is not None:
        record_expression(transaction, address, predicate, relation.oid, NORMAL, AUTO, temporary=temporary)
    return oid


def _unique_name(columns: Sequence[IndexColumn], number: int) -> str:
    return columns[number].name


def _vector(elemtype: int, items: Sequence[int]) -> Any:
    array = make_array(elemtype, list(items))
    return array._replace(lowers=(0,)) if items else array


def build_index(ctx: Any, relid: int, index_oid: int) -> Iterator[Any]:
    """Write the entries of all rows of the table; 23505 if a unique index cannot be."""
    from ..run.indexbuild import fill_index

    yield from fill_index(ctx, ctx.transaction.catalog.relation(relid), index_oid)
