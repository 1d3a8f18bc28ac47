"""CREATE TYPE AS ENUM | AS (...), ALTER TYPE of enums; what domains share with them (typecmds.c)."""

import struct
from typing import Any

from pglast import ast

from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_NAME,
    INVALID_PARAMETER_VALUE,
    UNIQUE_VIOLATION,
    WRONG_OBJECT_TYPE,
)
from .addresses import find_object, names_of
from .dependencies import NORMAL, PG_CLASS, PG_NAMESPACE, PG_TYPE, Address, record_dependency
from .heap import ColumnSpec, create_array_type, create_relation, rename_array_type
from .names import NAME_BYTES_MAX, creation_schema, is_owner
from .rows import new_row


def procedure(catalog: Any, name: str) -> int:
    """The oid of a built-in function with a unique name."""
    return int(catalog.pg_proc.find("proname_pronamespace", name, 11)[0].oid)


def new_type_place(ctx: Any, names: Any) -> tuple[str, int]:
    """(name, namespace) of a type to be; 42710 if it exists and cannot move away."""
    parts = [part.sval for part in names]
    namespace = creation_schema(ctx, parts[-2] if len(parts) > 1 else None)
    make_way(ctx, parts[-1], namespace)
    return parts[-1], namespace


def make_way(ctx: Any, name: str, namespace: int) -> None:
    """An automatic array type of the name gets another one; any other type is an error."""
    existing = ctx.transaction.catalog.pg_type.find("typname_typnamespace", name, namespace)
    if existing and not (existing[0].typelem and rename_array_type(ctx, existing[0], namespace)):
        raise SqlError(DUPLICATE_OBJECT, f'type "{name}" already exists')


def insert_type(ctx: Any, name: str, namespace: int, **columns: Any) -> int:
    """A type and the array type over it; returns the former's oid."""
    from ..catalog.privileges import user_default_acl

    transaction = ctx.transaction
    owner = ctx.session.role
    temporary = namespace == ctx.session.temporary_namespace and namespace != 0
    oid, array = int(transaction.new_oid()), int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_type",
        new_row(
            transaction.base_catalog,
            "pg_type",
            oid=oid,
            typname=name,
            typnamespace=namespace,
            typowner=owner,
            typarray=array,
            typacl=user_default_acl(transaction.catalog, "type", owner, namespace),
            **columns,
        ),
        temporary=temporary,
    )
    record_dependency(
        transaction, Address(PG_TYPE, oid), Address(PG_NAMESPACE, namespace), NORMAL, temporary=temporary
    )
    create_array_type(
        ctx,
        name,
        namespace,
        owner,
        oid,
        array,
        temporary=temporary,
        align="d" if columns.get("typalign") == "d" else "i",
        collation=columns.get("typcollation", 0),
        delimiter=columns.get("typdelim", ","),
    )
    return oid


# --- enums ------------------------------------------------------------------------------------------


@command("CreateEnumStmt", tag="CREATE TYPE")
def create_enum(ctx: Any, statement: ast.CreateEnumStmt) -> None:
    """CREATE TYPE name AS ENUM (labels)."""
    name, namespace = new_type_place(ctx, statement.typeName)
    catalog = ctx.transaction.catalog
    labels = [label.sval for label in statement.vals or ()]
    for label in labels:
        _check_label(label)
    oid = insert_type(
        ctx,
        name,
        namespace,
        typlen=4,
        typbyval=True,
        typtype="e",
        typcategory="E",
        typalign="i",
        typstorage="p",
        typinput=procedure(catalog, "enum_in"),
        typoutput=procedure(catalog, "enum_out"),
        typreceive=procedure(catalog, "enum_recv"),
        typsend=procedure(catalog, "enum_send"),
    )
    for number, label in enumerate(labels, 1):
        if label in labels[: number - 1]:
            raise SqlError(
                UNIQUE_VIOLATION,
                'duplicate key value violates unique constraint "pg_enum_typid_label_index"',
                detail=f"Key (enumtypid, enumlabel)=({oid}, {label}) already exists.",
            )
        _insert_label(ctx, oid, label, float(number))


def _check_label(label: str) -> None:
    if len(label.encode()) > NAME_BYTES_MAX:
        raise SqlError(
            INVALID_NAME,
            f'invalid enum label "{label}"',
            detail=f"Labels must be {NAME_BYTES_MAX} bytes or less.",
        )


def _insert_label(ctx: Any, oid: int, label: str, order: float) -> None:
    transaction = ctx.transaction
    transaction.catalog_insert(
        "pg_enum",
        new_row(
            transaction.base_catalog,
            "pg_enum",
            oid=int(transaction.new_oid()),
            enumtypid=oid,
            enumsortorder=order,
            enumlabel=label,
        ),
    )


@command("AlterEnumStmt", tag="ALTER TYPE")
def alter_enum(ctx: Any, statement: ast.AlterEnumStmt) -> None:
    """ALTER TYPE name ADD VALUE | RENAME VALUE."""
    address = find_object(ctx, "OBJECT_TYPE", statement.typeName)
    assert address is not None
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_type.get(address.objid)
    if row.typtype != "e":
        raise SqlError(WRONG_OBJECT_TYPE, f"{catalog.format_type(row.oid)} is not an enum")
    if not is_owner(ctx, row.typowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of type {catalog.format_type(row.oid)}")
    labels = list(catalog.pg_enum.find("enumtypid", row.oid))
    by_name = {label.enumlabel: label for label in labels}
    name = statement.newVal
    if statement.oldVal is not None:
        if statement.oldVal not in by_name:
            raise SqlError(INVALID_PARAMETER_VALUE, f'"{statement.oldVal}" is not an existing enum label')
        _check_label(name)
        if name in by_name:
            raise SqlError(DUPLICATE_OBJECT, f'enum label "{name}" already exists')
        old = by_name[statement.oldVal]
        transaction.catalog_update("pg_enum", old, old._replace(enumlabel=name))
    else:
        _check_label(name)
        if name in by_name:
            if statement.skipIfNewValExists:
                ctx.notice(Notice(f'enum label "{name}" already exists, skipping', sqlstate=DUPLICATE_OBJECT))
                return
            raise SqlError(DUPLICATE_OBJECT, f'enum label "{name}" already exists')
        order = _new_order(ctx, labels, statement)
        _insert_label(ctx, row.oid, name, order)
    transaction.catalog_touch("pg_type", row)


def _new_order(ctx: Any, labels: list[Any], statement: Any) -> float:
    """The sort position of a new label; labels are renumbered when no float4 lies between two."""
    if not labels:
        return 1.0
    neighbour = statement.newValNeighbor
    if neighbour is None:
        return float(labels[-1].enumsortorder) + 1.0
    index = next((n for n, label in enumerate(labels) if label.enumlabel == neighbour), None)
    if index is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'"{neighbour}" is not an existing enum label')
    if statement.newValIsAfter:
        index += 1
    if index == 0:
        return float(labels[0].enumsortorder) - 1.0
    if index == len(labels):
        return float(labels[-1].enumsortorder) + 1.0
    low, high = labels[index - 1].enumsortorder, labels[index].enumsortorder
    middle: float = struct.unpack("f", struct.pack("f", (low + high) / 2))[0]
    if low < middle < high:
        return middle
    for number, label in enumerate(labels, 1):
        ctx.transaction.catalog_update("pg_enum", label, label._replace(enumsortorder=float(number)))
    return index + 0.5


# --- composite types --------------------------------------------------------------------------------


@command("CompositeTypeStmt", tag="CREATE TYPE")
def create_composite(ctx: Any, statement: ast.CompositeTypeStmt) -> None:
    """CREATE TYPE name AS (attributes)."""
    from ..bind.typenames import get_column_def_collation, typename_type_id_and_mod

    target = statement.typevar
    namespace = creation_schema(ctx, target.schemaname)
    make_way(ctx, target.relname, namespace)
    context = ctx.session.analyze_context()
    columns = []
    for element in statement.coldeflist or ():
        typid, typmod = typename_type_id_and_mod(context, element.typeName)
        columns.append(
            ColumnSpec(
                element.colname,
                typid,
                typmod,
                get_column_def_collation(context, element, typid),
                dimensions=len(element.typeName.arrayBounds or ()),
                location=element.location,
            )
        )
    temporary = namespace == ctx.session.temporary_namespace and namespace != 0
    create_relation(ctx, target.relname, namespace, columns, "c", persistence="t" if temporary else "p")


def check_row_type_unused(ctx: Any, relation: Any) -> None:
    """0A000 if a stored column has the row type (find_composite_type_dependencies)."""
    _find_users(ctx, relation.rowtype, relation, set())


def _find_users(ctx: Any, typid: int, relation: Any, seen: set[int]) -> None:
    if typid in seen:
        return
    seen.add(typid)
    catalog = ctx.transaction.catalog
    for depend in catalog.pg_depend.find("refclassid_refobjid", PG_TYPE, typid):
        if depend.classid == PG_TYPE:
            _find_users(ctx, depend.objid, relation, seen)
        elif depend.classid == PG_CLASS and depend.objsubid:
            user = catalog.pg_class.get(depend.objid)
            column = catalog.pg_attribute.get(depend.objid, depend.objsubid)
            if user is None or column is None or column.atttypid != typid:
                continue
            if user.relkind in "rmp":
                if relation is not None and relation.kind != "c":
                    message = (
                        f'cannot alter table "{relation.name}" because column '
                        f'"{user.relname}.{column.attname}" uses its row type'
                    )
                else:
                    name = relation.name if relation is not None else catalog.format_type(typid)
                    message = (
                        f'cannot alter type "{name}" because column "{user.relname}.{column.attname}" uses it'
                    )
                raise SqlError(FEATURE_NOT_SUPPORTED, message)
            if user.reltype:
                _find_users(ctx, user.reltype, relation, seen)


@command("CreateRangeStmt", tag="CREATE TYPE")
def create_range(ctx: Any, statement: ast.CreateRangeStmt) -> None:
    """Range types cannot be made yet."""
    raise SqlError(FEATURE_NOT_SUPPORTED, "creating range types is not supported")


def type_names(value: Any) -> str:
    """The name as messages show it."""
    return ".".join(names_of(value))
