"""CREATE TABLE: columns, constraints, LIKE, serial and identity (PostgreSQL's parse_utilcmd.c)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_OBJECT,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    INVALID_PARAMETER_VALUE,
    INVALID_TABLE_DEFINITION,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from .constraints import add_check, add_foreign_key, add_key, merge_check
from .dependencies import AUTO, INTERNAL
from .heap import HEAP_AM, ColumnSpec, cook_default, create_relation, store_default, table_parse_state
from .inheriting import (
    Inherited,
    inherit,
    merge_columns,
    open_parents,
    partition_column,
    store_checks,
    store_defaults,
    store_not_nulls,
    store_parents,
)
from .names import choose_relation_name, creation_schema
from .partitioning import store_partition_key
from .partitions import become_partition, copy_to_partition
from .reloptions import storage_options
from .sequences import make_sequence, own_sequence, sequence_parameters

_SERIALS = {
    "smallserial": 21,
    "serial2": 21,
    "serial": 23,
    "serial4": 23,
    "bigserial": 20,
    "serial8": 20,
}
_STORAGE = {"plain": "p", "external": "e", "extended": "x", "main": "m"}
_KEYS = frozenset(("CONSTR_PRIMARY", "CONSTR_UNIQUE"))


@dataclass(slots=True)
class TableParts:
    """What the elements of a CREATE TABLE come to."""

    columns: list[ColumnSpec] = field(default_factory=list)
    defaults: list[tuple[str, Any, str]] = field(default_factory=list)  # (column, raw expression, generated)
    cooked_defaults: list[tuple[str, Any, str]] = field(default_factory=list)
    sequences: list[tuple[str, dict[str, Any], str, str | None]] = field(
        default_factory=list
    )  # column, options, kind
    not_nulls: list[tuple[str, str | None, bool]] = field(default_factory=list)
    checks: list[Any] = field(default_factory=list)
    keys: list[Any] = field(default_factory=list)
    foreign_keys: list[Any] = field(default_factory=list)
    likes: list[Any] = field(default_factory=list)


@command("CreateStmt", tag="CREATE TABLE")
def create_table(ctx: Any, statement: ast.CreateStmt) -> Any:
    """CREATE [TEMPORARY | UNLOGGED] TABLE."""
    refuse_unsupported(statement)
    target = statement.relation
    persistence = target.relpersistence
    if statement.oncommit.name != "ONCOMMIT_NOOP" and persistence != "t" and target.schemaname != "pg_temp":
        raise SqlError(INVALID_TABLE_DEFINITION, "ON COMMIT can only be used on temporary tables")
    try:
        namespace = creation_schema(ctx, target.schemaname, temporary=persistence == "t")
    except SqlError as error:
        if error.position is None:
            error.position = target.location
        raise
    if namespace == ctx.session.temporary_namespace and namespace:
        persistence = "t"
    catalog = ctx.transaction.catalog
    if statement.if_not_exists and catalog.pg_class.find("relname_relnamespace", target.relname, namespace):
        ctx.notice(Notice(f'relation "{target.relname}" already exists, skipping', sqlstate=DUPLICATE_TABLE))
        return None
    partition = statement.partbound is not None
    parents = open_parents(ctx, statement.inhRelations or (), persistence, partition=partition)
    parent = parents[0] if partition else None
    parts = table_parts(ctx, statement.tableElts or (), target.relname, parent)
    inherited = inherit(ctx, parents, partition=partition)
    merge_columns(ctx, inherited, parts)
    return build_table(ctx, target.relname, namespace, persistence, parts, statement, inherited)


def refuse_unsupported(statement: ast.CreateStmt) -> None:
    """0A000 for what tables cannot be yet."""
    if statement.partspec is not None:
        if statement.inhRelations and statement.partbound is None:
            raise SqlError(INVALID_OBJECT_DEFINITION, "cannot create partitioned table as inheritance child")
        if statement.relation.relpersistence == "u":
            raise SqlError(WRONG_OBJECT_TYPE, "partitioned tables cannot be unlogged")
    if statement.ofTypename is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "typed tables (CREATE TABLE OF) are not supported")
    if statement.tablespacename not in (None, "pg_default"):
        raise SqlError(UNDEFINED_OBJECT, f'tablespace "{statement.tablespacename}" does not exist')
    if statement.accessMethod not in (None, "heap"):
        raise SqlError(UNDEFINED_OBJECT, f'access method "{statement.accessMethod}" does not exist')


def table_parts(ctx: Any, elements: Any, table: str, parent: Any = None) -> TableParts:
    """Sort the elements of a CREATE TABLE (or one ADD COLUMN) into their kinds. `parent`: the Relation that
    the table is to be a partition of."""
    parts = TableParts()
    for element in elements:
        if isinstance(element, ast.ColumnDef):
            if parent is None:
                add_column_definition(ctx, parts, element, table)
            else:
                partition_column(ctx, parts, element, parent, table)
        elif isinstance(element, ast.TableLikeClause):
            from .like import expand_like

            expand_like(ctx, parts, element)
        else:
            add_table_constraint(parts, element)
    return parts


def add_table_constraint(parts: TableParts, element: Any) -> None:
    """A table constraint into its list."""
    kind = element.contype.name
    if kind in _KEYS:
        parts.keys.append(element)
    elif kind == "CONSTR_CHECK":
        parts.checks.append(element)
    elif kind == "CONSTR_FOREIGN":
        parts.foreign_keys.append(element)
    elif kind == "CONSTR_NOTNULL":
        parts.not_nulls.append((element.keys[0].sval, element.conname, bool(element.is_no_inherit)))
    elif kind == "CONSTR_EXCLUSION":
        raise SqlError(FEATURE_NOT_SUPPORTED, "exclusion constraints are not supported")
    else:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"constraint {kind} is not supported")


def add_column_definition(ctx: Any, parts: TableParts, element: ast.ColumnDef, table: str) -> ColumnSpec:
    """A column and its constraints (transformColumnDefinition)."""
    from ..bind.typenames import get_column_def_collation, typename_type_id_and_mod

    context = ctx.session.analyze_context()
    context.catalog = ctx.transaction.catalog
    type_name = element.typeName
    serial = None
    if len(type_name.names) == 1 and not type_name.pct_type:
        serial = _SERIALS.get(type_name.names[0].sval)
    if serial is not None:
        if type_name.arrayBounds:
            raise SqlError(
                FEATURE_NOT_SUPPORTED, "array of serial is not implemented", position=type_name.location
            )
        typid, typmod = serial, -1
    else:
        typid, typmod = typename_type_id_and_mod(context, type_name)
    spec = ColumnSpec(
        element.colname, typid, typmod, location=element.location, dimensions=len(type_name.arrayBounds or ())
    )
    spec.collation = get_column_def_collation(context, element, typid)
    parts.columns.append(spec)
    if serial is not None:
        parts.sequences.append((spec.name, {"options": (), "as": serial}, AUTO, None))
        parts.not_nulls.append((spec.name, None, False))
    column_constraints(parts, spec, element, table, has_default=serial is not None)
    if element.storage_name:
        spec.storage = _STORAGE.get(element.storage_name.lower(), "")
    return spec


def column_constraints(
    parts: TableParts, spec: ColumnSpec, element: ast.ColumnDef, table: str, *, has_default: bool
) -> None:
    """The constraints of a column definition into their lists."""
    nullable = False
    notnull = has_default
    last: Any = None
    seen_identity = False
    for constraint in element.constraints or ():
        kind = constraint.contype.name
        where = f'column "{spec.name}" of table "{table}"'
        position = constraint.location
        if kind == "CONSTR_NULL":
            if notnull:
                raise SqlError(
                    SYNTAX_ERROR, f"conflicting NULL/NOT NULL declarations for {where}", position=position
                )
            nullable = True
        elif kind == "CONSTR_NOTNULL":
            if nullable:
                raise SqlError(
                    SYNTAX_ERROR, f"conflicting NULL/NOT NULL declarations for {where}", position=position
                )
            notnull = True
            parts.not_nulls = [item for item in parts.not_nulls if item[0] != spec.name]
            parts.not_nulls.append((spec.name, constraint.conname, bool(constraint.is_no_inherit)))
        elif kind in ("CONSTR_DEFAULT", "CONSTR_GENERATED", "CONSTR_IDENTITY"):
            both = {"CONSTR_DEFAULT": "default", "CONSTR_GENERATED": "generation expression"}
            if kind == "CONSTR_IDENTITY":
                if seen_identity:
                    raise SqlError(
                        SYNTAX_ERROR, f"multiple identity specifications for {where}", position=position
                    )
                seen_identity = True
                if has_default:
                    raise SqlError(
                        SYNTAX_ERROR, f"both default and identity specified for {where}", position=position
                    )
                if nullable:
                    raise SqlError(
                        SYNTAX_ERROR, f"conflicting NULL/NOT NULL declarations for {where}", position=position
                    )
                spec.identity = constraint.generated_when
                options = {"options": constraint.options or (), "as": spec.typid}
                parts.sequences.append((spec.name, options, INTERNAL, None))
                if not any(item[0] == spec.name for item in parts.not_nulls):
                    parts.not_nulls.append((spec.name, None, False))
                notnull = True
            else:
                if seen_identity:
                    raise SqlError(
                        SYNTAX_ERROR,
                        f"both {both[kind]} and identity specified for {where}"
                        if kind == "CONSTR_DEFAULT"
                        else f"both identity and generation expression specified for {where}",
                        position=position,
                    )
                if has_default:
                    raise SqlError(
                        SYNTAX_ERROR,
                        f"multiple default values specified for {where}"
                        if kind == "CONSTR_DEFAULT"
                        else f"both default and generation expression specified for {where}",
                        position=position,
                    )
                has_default = True
                generated = ""
                if kind == "CONSTR_GENERATED":
                    generated = constraint.generated_kind
                    spec.generated = generated
                parts.defaults.append((spec.name, constraint.raw_expr, generated))
        elif kind == "CONSTR_CHECK":
            parts.checks.append(constraint)
        elif kind in _KEYS:
            constraint.keys = (ast.String(sval=spec.name),)
            parts.keys.append(constraint)
        elif kind == "CONSTR_FOREIGN":
            constraint.fk_attrs = (ast.String(sval=spec.name),)
            parts.foreign_keys.append(constraint)
        else:
            _constraint_attribute(kind, last, constraint)
            continue
        last = constraint


def _constraint_attribute(kind: str, last: Any, constraint: Any) -> None:
    """DEFERRABLE, INITIALLY DEFERRED, [NOT] ENFORCED behind a column constraint."""
    deferrable = last is not None and last.contype.name in (
        "CONSTR_PRIMARY",
        "CONSTR_UNIQUE",
        "CONSTR_FOREIGN",
    )
    words = {
        "CONSTR_ATTR_DEFERRABLE": "DEFERRABLE",
        "CONSTR_ATTR_NOT_DEFERRABLE": "NOT DEFERRABLE",
        "CONSTR_ATTR_DEFERRED": "INITIALLY DEFERRED",
        "CONSTR_ATTR_IMMEDIATE": "INITIALLY IMMEDIATE",
        "CONSTR_ATTR_ENFORCED": "ENFORCED",
        "CONSTR_ATTR_NOT_ENFORCED": "NOT ENFORCED",
    }
    word = words.get(kind)
    if word is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"column constraint {kind} is not supported")
    enforcement = "ENFORCED" in word
    if enforcement:
        if last is None or last.contype.name not in ("CONSTR_CHECK", "CONSTR_FOREIGN"):
            raise SqlError(SYNTAX_ERROR, f"misplaced {word} clause", position=constraint.location)
        last.is_enforced = word == "ENFORCED"
        if not last.is_enforced:
            last.skip_validation = True
            last.initially_valid = False
        return
    if not deferrable:
        raise SqlError(SYNTAX_ERROR, f"misplaced {word} clause", position=constraint.location)
    if word == "DEFERRABLE":
        last.deferrable = True
    elif word == "NOT DEFERRABLE":
        last.deferrable = False
        if last.initdeferred:
            raise SqlError(
                SYNTAX_ERROR,
                "constraint declared INITIALLY DEFERRED must be DEFERRABLE",
                position=constraint.location,
            )
    elif word == "INITIALLY DEFERRED":
        last.deferrable = last.initdeferred = True
    else:
        last.initdeferred = False


def build_table(
    ctx: Any,
    name: str,
    namespace: int,
    persistence: str,
    parts: TableParts,
    statement: Any,
    inherited: Inherited,
) -> Iterator[Any]:
    """Make the table with everything that belongs to it: a generator of breaths."""
    partitioned = statement.partspec is not None
    if partitioned and statement.options:
        raise SqlError(
            WRONG_OBJECT_TYPE,
            "cannot specify storage parameters for a partitioned table",
            hint="Specify storage parameters for its leaf partitions instead.",
        )
    oid = create_relation(
        ctx,
        name,
        namespace,
        parts.columns,
        "p" if partitioned else "r",
        persistence=persistence,
        am=0 if partitioned else HEAP_AM,
        options=storage_options(statement.options, "r"),
    )
    if statement.oncommit.name in ("ONCOMMIT_DROP", "ONCOMMIT_DELETE_ROWS"):
        ctx.session.on_commit_action(oid, statement.oncommit.name)
    store_parents(ctx, oid, inherited)
    if inherited.partition:
        yield from become_partition(ctx, oid, inherited.parents[0], statement.partbound)
    add_column_extras(ctx, oid, name, namespace, parts, persistence, inherited)
    if partitioned:
        store_partition_key(ctx, oid, statement.partspec)
    if inherited.partition:
        yield from copy_to_partition(ctx, oid, inherited.parents[0])
    for like in parts.likes:
        yield from like(oid)
    for key in sorted(parts.keys, key=lambda item: item.contype.name != "CONSTR_PRIMARY"):
        yield from add_key(ctx, oid, key, build=False)
    names: set[str] = set()
    for check in parts.checks:
        if check.conname is not None and check.conname in names:
            raise SqlError(DUPLICATE_OBJECT, f'check constraint "{check.conname}" already exists')
        names.add(check.conname)
        if not merge_check(ctx, oid, check):
            add_check(ctx, oid, check)
    for foreign_key in parts.foreign_keys:
        yield from add_foreign_key(ctx, oid, foreign_key, validate=False)


def add_column_extras(
    ctx: Any,
    oid: int,
    name: str,
    namespace: int,
    parts: TableParts,
    persistence: str,
    inherited: Inherited,
) -> None:
    """Defaults, sequences and NOT NULLs of the columns just made."""
    temporary = persistence == "t"
    numbers = {column.name: column.attnum for column in ctx.transaction.catalog.relation(oid).columns}
    specs = {column.name: column for column in parts.columns}
    for column, options, kind, _ in parts.sequences:
        add_owned_sequence(ctx, oid, name, namespace, column, numbers[column], options, kind, persistence)
    if parts.defaults:
        for column, raw, generated in parts.defaults:
            pstate = table_parse_state(ctx, oid) if generated else ctx.session.parse_state(ctx.source)
            pstate.context.catalog = pstate.catalog = ctx.transaction.catalog
            expr = cook_default(ctx, pstate, raw, specs[column], generated)
            if _is_null_constant(expr) and not generated:
                continue
            store_default(ctx, oid, numbers[column], expr, temporary=temporary, generated=generated)
    for column, expr, generated in parts.cooked_defaults:
        store_default(ctx, oid, numbers[column], expr, temporary=temporary, generated=generated)
    store_defaults(ctx, oid, inherited)
    store_not_nulls(ctx, oid, inherited, parts.not_nulls)
    store_checks(ctx, oid, inherited)


def add_owned_sequence(
    ctx: Any,
    oid: int,
    name: str,
    namespace: int,
    column: str,
    attnum: int,
    options: Any,
    kind: str,
    persistence: str,
) -> int:
    """The sequence of a serial or identity column (generateSerialExtraStmts)."""
    from .. import tree as t

    sequence_name = None
    given = []
    for option in options["options"]:
        if option.defname == "sequence_name":
            sequence_name = option.arg[-1].sval
        else:
            given.append(option)
    if options["as"] not in (21, 23, 20):
        raise SqlError(INVALID_PARAMETER_VALUE, "identity column type must be smallint, integer, or bigint")
    if not any(option.defname == "as" for option in given):
        type_name = {21: "int2", 23: "int4", 20: "int8"}[options["as"]]
        given.append(
            ast.DefElem(
                defname="as",
                arg=ast.TypeName(
                    names=(ast.String(sval="pg_catalog"), ast.String(sval=type_name)), typemod=-1
                ),
            )
        )
    parameters = sequence_parameters(ctx, given, None, for_identity=kind == INTERNAL)
    if sequence_name is None:
        sequence_name = choose_relation_name(ctx, name, column, "seq", namespace)
    sequence = make_sequence(ctx, sequence_name, namespace, parameters, persistence=persistence)
    temporary = persistence == "t"
    own_sequence(ctx, sequence, oid, attnum, kind, temporary=temporary)
    if kind == INTERNAL:
        attribute = ctx.transaction.catalog.pg_attribute.get(oid, attnum)
        ctx.transaction.catalog_update(
            "pg_attribute",
            attribute,
            attribute._replace(attidentity=_identity_of(ctx, oid, attnum, attribute)),
        )
    else:
        expr = t.FuncExpr(
            funcid=1574, funcresulttype=20, args=(t.Const(2205, sequence),), funcformat=t.COERCE_EXPLICIT_CALL
        )
        cast = {21: 714, 23: 480}.get(options["as"])
        value: Any = expr
        if cast is not None:
            value = t.FuncExpr(
                funcid=cast, funcresulttype=options["as"], args=(expr,), funcformat=t.COERCE_IMPLICIT_CAST
            )
        store_default(ctx, oid, attnum, value, temporary=temporary)
    return sequence


def _identity_of(ctx: Any, oid: int, attnum: int, attribute: Any) -> str:
    return attribute.attidentity or "d"


def _is_null_constant(expr: Any) -> bool:
    from .. import tree as t

    return isinstance(expr, t.Const) and expr.constisnull
