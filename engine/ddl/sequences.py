"""CREATE SEQUENCE, ALTER SEQUENCE, and the sequences of serial and identity columns."""

from typing import Any

from pglast import ast

from ..catalog.inheritance import identity_owner
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sequences import initial_row
from ..sqlstates import (
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
    NUMERIC_VALUE_OUT_OF_RANGE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    WRONG_OBJECT_TYPE,
)
from .dependencies import AUTO, INTERNAL, PG_CLASS, Address, record_dependency
from .heap import ColumnSpec, column_number, create_relation
from .names import creation_schema, find_relation, require_owner
from .rows import new_row

INT2, INT4, INT8 = 21, 23, 20
_LIMITS = {INT2: (-(2**15), 2**15 - 1), INT4: (-(2**31), 2**31 - 1), INT8: (-(2**63), 2**63 - 1)}
_COLUMNS = (
    ColumnSpec("last_value", INT8, notnull=True),
    ColumnSpec("log_cnt", INT8, notnull=True),
    ColumnSpec("is_called", 16, notnull=True),
)


def option_number(option: Any) -> int:
    """The integer of a DefElem (defGetInt64)."""
    arg = option.arg
    if isinstance(arg, ast.Integer):
        return int(arg.ival)
    if isinstance(arg, ast.Float):
        if not arg.fval.lstrip("+-").isdecimal():
            raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type bigint: "{arg.fval}"')
        number = int(arg.fval)
        if not -(2**63) <= number < 2**63:
            raise SqlError(NUMERIC_VALUE_OUT_OF_RANGE, f'value "{arg.fval}" is out of range for type bigint')
        return number
    raise SqlError(SYNTAX_ERROR, f"{option.defname} requires a numeric value")


def sequence_parameters(
    ctx: Any, options: Any, old: Any | None, *, for_identity: bool = False
) -> dict[str, Any]:
    """The pg_sequence columns that options ask for, and "restart" (init_params). `old`: the row to
    alter; PostgreSQL's checks and messages."""
    given: dict[str, Any] = {}
    for option in options or ():
        name = option.defname
        if name == "sequence_name":
            continue
        if name in given:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options", position=option.location)
        given[name] = option
    out: dict[str, Any] = {}
    typid = old.seqtypid if old is not None else INT8
    type_changed = False
    if "as" in given:
        from ..bind.typenames import typename_type_id

        new_type = typename_type_id(ctx.session.analyze_context(), given["as"].arg)
        if new_type not in _LIMITS:
            what = "identity column type" if for_identity else "sequence type"
            raise SqlError(INVALID_PARAMETER_VALUE, f"{what} must be smallint, integer, or bigint")
        type_changed = old is not None and new_type != typid

        typid = new_type
    low, high = _LIMITS[typid]
    out["seqtypid"] = typid
    increment = (
        option_number(given["increment"]) if "increment" in given else (old.seqincrement if old else 1)
    )
    if increment == 0:
        raise SqlError(INVALID_PARAMETER_VALUE, "INCREMENT must not be zero")
    out["seqincrement"] = increment
    cycle = given.get("cycle")
    out["seqcycle"] = bool(cycle.arg.boolval) if cycle is not None else (old.seqcycle if old else False)

    def bound(name: str, current: int | None, default: int, limit: int, old_limit: int) -> int:
        option = given.get(name)
        if option is not None and option.arg is not None:
            return option_number(option)
        if type_changed and current == old_limit:
            return limit  # it was all that the old type has
        return default if option is not None or current is None else current

    ascending = increment > 0
    old_range = _LIMITS[old.seqtypid] if old is not None else (0, 0)
    maximum = bound("maxvalue", old.seqmax if old else None, high if ascending else -1, high, old_range[1])
    minimum = bound("minvalue", old.seqmin if old else None, 1 if ascending else low, low, old_range[0])
    type_name = ctx.catalog.format_type(typid)
    if not low <= maximum <= high:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f"MAXVALUE ({maximum}) is out of range for sequence data type {type_name}",
        )
    if not low <= minimum <= high:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f"MINVALUE ({minimum}) is out of range for sequence data type {type_name}",
        )
    if minimum >= maximum:
        raise SqlError(
            INVALID_PARAMETER_VALUE, f"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})"
        )
    out["seqmin"], out["seqmax"] = minimum, maximum
    if "start" in given:
        start = option_number(given["start"])
    elif old is not None:
        start = old.seqstart
    else:
        start = minimum if ascending else maximum
    if start < minimum:
        raise SqlError(
            INVALID_PARAMETER_VALUE, f"START value ({start}) cannot be less than MINVALUE ({minimum})"
        )
    if start > maximum:
        raise SqlError(
            INVALID_PARAMETER_VALUE, f"START value ({start}) cannot be greater than MAXVALUE ({maximum})"
        )
    out["seqstart"] = start
    cache = option_number(given["cache"]) if "cache" in given else (old.seqcache if old else 1)
    if cache <= 0:
        raise SqlError(INVALID_PARAMETER_VALUE, f"CACHE ({cache}) must be greater than zero")
    out["seqcache"] = cache
    restart = given.get("restart")
    if restart is not None:
        out["restart"] = option_number(restart) if restart.arg is not None else start
        if out["restart"] < minimum:
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f"RESTART value ({out['restart']}) cannot be less than MINVALUE ({minimum})",
            )
        if out["restart"] > maximum:
            raise SqlError(
                INVALID_PARAMETER_VALUE,
                f"RESTART value ({out['restart']}) cannot be greater than MAXVALUE ({maximum})",
            )
    if "owned_by" in given:
        out["owned_by"] = given["owned_by"].arg
    return out


def make_sequence(
    ctx: Any,
    name: str,
    namespace: int,
    parameters: dict[str, Any],
    *,
    persistence: str = "p",
    owner: int | None = None,
) -> int:
    """The catalog rows and the initial stored row of a sequence; returns its oid."""
    from gaveldb.storage.api import row_key

    transaction = ctx.transaction
    temporary = persistence == "t"
    oid = create_relation(
        ctx, name, namespace, _COLUMNS, "S", persistence=persistence, owner=owner, with_type=False
    )
    columns = {key: value for key, value in parameters.items() if key.startswith("seq")}
    transaction.catalog_insert(
        "pg_sequence",
        new_row(transaction.base_catalog, "pg_sequence", seqrelid=oid, **columns),
        temporary=temporary,
    )
    storage_id = transaction.catalog.relation(oid).storage_id
    transaction.put(row_key(storage_id, 1), initial_row(parameters["seqstart"]))
    return oid


def own_sequence(
    ctx: Any, sequence: int, table: int, attnum: int, kind: str, *, temporary: bool = False
) -> None:
    """Tie a sequence to a column: AUTO for OWNED BY and serial, INTERNAL for identity."""
    record_dependency(
        ctx.transaction,
        Address(PG_CLASS, sequence),
        Address(PG_CLASS, table, attnum),
        kind,
        temporary=temporary,
    )


@command("CreateSeqStmt", tag="CREATE SEQUENCE")
def create_sequence(ctx: Any, statement: ast.CreateSeqStmt) -> None:
    """CREATE SEQUENCE."""
    target = statement.sequence
    persistence = target.relpersistence
    namespace = creation_schema(ctx, target.schemaname, temporary=persistence == "t")
    if namespace == ctx.session.temporary_namespace and namespace:
        persistence = "t"
    catalog = ctx.transaction.catalog
    if statement.if_not_exists and catalog.pg_class.find("relname_relnamespace", target.relname, namespace):
        ctx.notice(Notice(f'relation "{target.relname}" already exists, skipping', sqlstate=DUPLICATE_TABLE))
        return
    parameters = sequence_parameters(ctx, statement.options, None)
    oid = make_sequence(ctx, target.relname, namespace, parameters, persistence=persistence)
    if "owned_by" in parameters:
        set_owned_by(ctx, oid, parameters["owned_by"])


def set_owned_by(ctx: Any, oid: int, names: Any) -> None:
    """OWNED BY table.column | NONE."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    parts = [name.sval for name in names]
    if len(parts) == 1:
        if parts[0] != "none":
            raise SqlError(
                SYNTAX_ERROR,
                "invalid OWNED BY option",
                hint="Specify OWNED BY table.column or OWNED BY NONE.",
            )
        table, attnum = None, 0
    else:
        range_var = ast.RangeVar(relname=parts[-2], schemaname=parts[-3] if len(parts) > 2 else None)
        table = find_relation(ctx, range_var)
        relation = catalog.relation(table)
        sequence = catalog.relation(oid)
        if relation.kind not in "rfvp":
            raise SqlError(
                WRONG_OBJECT_TYPE,
                f'sequence cannot be owned by relation "{relation.name}"',
            )
        if relation.owner != sequence.owner:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence must have same owner as table it is linked to"
            )
        if relation.namespace != sequence.namespace:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence must be in same schema as table it is linked to"
            )
        number = column_number(relation, parts[-1])
        if number is None:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{parts[-1]}" of relation "{relation.name}" does not exist'
            )
        attnum = number
    for row in catalog.pg_depend.find("classid_objid", PG_CLASS, oid):
        if row.refclassid == PG_CLASS and row.refobjsubid and row.deptype in (AUTO, INTERNAL):
            if row.deptype == INTERNAL:
                raise SqlError(
                    FEATURE_NOT_SUPPORTED,
                    "cannot change ownership of identity sequence",
                    detail=f'Sequence "{catalog.relation(oid).name}" is linked to table '
                    f'"{catalog.relation(row.refobjid).name}".',
                )
            transaction.catalog_delete("pg_depend", row)
    if table is not None:
        own_sequence(ctx, oid, table, attnum, AUTO, temporary=catalog.relation(oid).persistence == "t")


@command("AlterSeqStmt", tag="ALTER SEQUENCE")
def alter_sequence(ctx: Any, statement: ast.AlterSeqStmt) -> None:
    """ALTER SEQUENCE; a new range or RESTART takes effect at COMMIT."""
    catalog = ctx.transaction.catalog
    oid = find_relation(ctx, statement.sequence, missing_ok=bool(statement.missing_ok))
    if oid is None:
        ctx.notice(Notice(f'relation "{statement.sequence.relname}" does not exist, skipping'))
        return
    relation = catalog.relation(oid)
    if relation.kind != "S":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'"{relation.name}" is not a sequence',
        )
    require_owner(ctx, relation.row, "sequence")
    change_sequence(ctx, oid, statement.options)


def change_sequence(ctx: Any, oid: int, options: Any, *, for_identity: bool = False) -> None:
    """Apply ALTER SEQUENCE options (also those of ALTER COLUMN ... SET identity options)."""
    from gaveldb.storage.api import row_key, row_span

    transaction = ctx.transaction
    catalog = transaction.catalog
    old = catalog.pg_sequence.get(oid)
    parameters = sequence_parameters(ctx, options, old, for_identity=for_identity)
    last_value, _, is_called = ctx.session.database.sequences.read(transaction, oid)
    if "restart" in parameters:
        last_value, is_called = parameters["restart"], False
    minimum, maximum = parameters["seqmin"], parameters["seqmax"]
    if last_value < minimum:
        raise SqlError(
            INVALID_PARAMETER_VALUE, f"RESTART value ({last_value}) cannot be less than MINVALUE ({minimum})"
        )
    if last_value > maximum:
        raise SqlError(
            INVALID_PARAMETER_VALUE,
            f"RESTART value ({last_value}) cannot be greater than MAXVALUE ({maximum})",
        )
    columns = {key: value for key, value in parameters.items() if key.startswith("seq")}
    transaction.catalog_update("pg_sequence", old, old._replace(**columns))
    relation = catalog.relation(oid)
    storage_id = transaction.new_storage_id(relation.persistence == "t")
    transaction.catalog_update("pg_class", relation.row, relation.row._replace(relfilenode=storage_id))
    transaction.delete_range(*row_span(relation.storage_id))
    import msgspec

    transaction.put(row_key(storage_id, 1), msgspec.msgpack.encode([last_value, 0, is_called]))
    if "owned_by" in parameters:
        set_owned_by(ctx, oid, parameters["owned_by"])


def identity_sequence(ctx: Any, relid: int, attnum: int) -> int:
    """The sequence behind an identity column (getIdentitySequence)."""
    catalog = ctx.transaction.catalog
    relid, attnum = identity_owner(catalog, relid, attnum)
    for row in catalog.pg_depend.find("refclassid_refobjid", PG_CLASS, relid):
        if (
            row.classid == PG_CLASS
            and row.refobjsubid == attnum
            and row.deptype == INTERNAL
            and not row.objsubid
        ):
            found = catalog.pg_class.get(row.objid)
            if found is not None and found.relkind == "S":
                return int(row.objid)
    raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, "no owned sequence found")
