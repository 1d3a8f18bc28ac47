"""ALTER ... RENAME and ALTER ... SET SCHEMA."""

from typing import Any

from pglast import ast

from ..catalog.inheritance import descendants
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    DUPLICATE_COLUMN,
    DUPLICATE_DATABASE,
    DUPLICATE_FUNCTION,
    DUPLICATE_OBJECT,
    DUPLICATE_SCHEMA,
    DUPLICATE_TABLE,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_TABLE_DEFINITION,
    RESERVED_NAME,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    UNDEFINED_SCHEMA,
    WRONG_OBJECT_TYPE,
)
from .addresses import (
    NAMED_OBJECTS,
    QUALIFIED_OBJECTS,
    RELATION_KINDS,
    find_object,
    relation_word,
    require_object_owner,
)
from .databases import refuse_users
from .dependencies import PG_CLASS, PG_NAMESPACE, PG_PROC, PG_TYPE, Address, record_dependency
from .heap import SYSTEM_COLUMN_NAMES, array_type_name, column_number, rename_array_type
from .names import creation_schema, find_relation, is_owner, require_schema_create
from .owner import alter_tag
from .triggers import rename_trigger


@command("RenameStmt", tag="ALTER")
def rename(ctx: Any, statement: ast.RenameStmt) -> str:
    """ALTER object RENAME ... TO new name."""
    kind = statement.renameType.name
    if kind in RELATION_KINDS:
        return _rename_relation(ctx, statement, kind)
    if kind in ("OBJECT_COLUMN", "OBJECT_ATTRIBUTE"):
        return _rename_column(ctx, statement, kind)
    if kind == "OBJECT_TABCONSTRAINT":
        return _rename_constraint(ctx, statement)
    if kind == "OBJECT_TRIGGER":
        return rename_trigger(ctx, statement)
    if kind == "OBJECT_DOMCONSTRAINT":
        return _rename_domain_constraint(ctx, statement)
    if kind in ("OBJECT_TYPE", "OBJECT_DOMAIN"):
        return _rename_type(ctx, statement, kind)
    if kind in ("OBJECT_SCHEMA", "OBJECT_DATABASE", "OBJECT_ROLE", "OBJECT_TABLESPACE"):
        return _rename_named(ctx, statement, kind)
    if kind in ("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"):
        return _rename_routine(ctx, statement, kind)
    if kind in QUALIFIED_OBJECTS:
        return _rename_qualified(ctx, statement, kind)
    raise SqlError(FEATURE_NOT_SUPPORTED, f"{alter_tag(kind)} RENAME is not supported")


def check_relation_kind(ctx: Any, oid: int, kind: str, *, loose: bool) -> Any:
    """The pg_class row, if the command's object type fits it (RangeVarCallbackForAlterRelation)."""
    row = ctx.transaction.catalog.pg_class.get(oid)
    if not is_owner(ctx, row.relowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {relation_word(row.relkind)} {row.relname}")
    if oid < 16384 and not ctx.session.allow_system_table_mods():
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{row.relname}" is a system catalog')
    kinds, word = RELATION_KINDS[kind]
    if kind == "OBJECT_INDEX" and loose and row.relkind not in kinds:
        return row  # ALTER INDEX ... RENAME accepts other relations too
    if kind != "OBJECT_TABLE" and row.relkind not in kinds:
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not {"an" if word == "index" else "a"} {word}')
    if row.relkind == "c":
        raise SqlError(
            WRONG_OBJECT_TYPE, f'"{row.relname}" is a composite type', hint="Use ALTER TYPE instead."
        )
    return row


def _rename_relation(ctx: Any, statement: Any, kind: str) -> str:
    oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
    if oid is None:
        ctx.notice(Notice(f'relation "{statement.relation.relname}" does not exist, skipping'))
        return alter_tag(kind)
    row = check_relation_kind(ctx, oid, kind, loose=True)
    if row.relkind not in "iI":
        require_schema_create(ctx, row.relnamespace)
    rename_relation(ctx, oid, statement.newname)
    return alter_tag(kind)


def rename_relation(ctx: Any, oid: int, name: str) -> None:
    """The relation, its row type, and the constraint whose index it is (RenameRelationInternal)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    row = catalog.pg_class.get(oid)
    if catalog.pg_class.find("relname_relnamespace", name, row.relnamespace):
        raise SqlError(DUPLICATE_TABLE, f'relation "{name}" already exists')
    transaction.catalog_update("pg_class", row, row._replace(relname=name))
    if row.reltype:
        rename_type(ctx, catalog.pg_type.get(row.reltype), name)
    if row.relkind in "iI":
        for constraint in catalog.pg_constraint.find("conindid", oid):
            if constraint.contype in "pux":
                _check_constraint_name(ctx, constraint.conrelid, name)
                transaction.catalog_update("pg_constraint", constraint, constraint._replace(conname=name))


def rename_type(ctx: Any, row: Any, name: str) -> None:
    """A type and its array type (RenameTypeInternal)."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    existing = catalog.pg_type.find("typname_typnamespace", name, row.typnamespace)
    if existing and not (existing[0].typelem and rename_array_type(ctx, existing[0], row.typnamespace)):
        raise SqlError(DUPLICATE_OBJECT, f'type "{name}" already exists')
    row = transaction.catalog.pg_type.get(row.oid)
    transaction.catalog_update("pg_type", row, row._replace(typname=name))
    if row.typarray:
        array = transaction.catalog.pg_type.get(row.typarray)
        if array is not None:
            new_name = array_type_name(ctx, name, row.typnamespace)
            transaction.catalog_update("pg_type", array, array._replace(typname=new_name))


def _rename_column(ctx: Any, statement: Any, kind: str) -> str:
    object_type = "OBJECT_TYPE" if kind == "OBJECT_ATTRIBUTE" else statement.relationType.name
    tag = alter_tag(object_type)
    oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
    if oid is None:
        ctx.notice(Notice(f'relation "{statement.relation.relname}" does not exist, skipping'))
        return tag
    transaction = ctx.transaction
    catalog = transaction.catalog
    relation = catalog.relation(oid)
    if relation.kind not in "rvmcipfI":
        from .indexes import unsuitable_relation

        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot rename columns of relation "{relation.name}"',
            detail=unsuitable_relation(relation.kind),
        )
    if not is_owner(ctx, relation.owner):
        raise SqlError(
            INSUFFICIENT_PRIVILEGE, f"must be owner of {relation_word(relation.kind)} {relation.name}"
        )
    if oid < 16384 and not ctx.session.allow_system_table_mods():
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{relation.name}" is a system catalog')
    if relation.kind == "c" and kind == "OBJECT_COLUMN":
        raise SqlError(
            WRONG_OBJECT_TYPE, f'"{relation.name}" is a composite type', hint="Use ALTER TYPE instead."
        )
    attnum = column_number(relation, statement.subname)
    if attnum is None:
        if statement.subname in SYSTEM_COLUMN_NAMES:
            raise SqlError(FEATURE_NOT_SUPPORTED, f'cannot rename system column "{statement.subname}"')
        raise SqlError(UNDEFINED_COLUMN, f'column "{statement.subname}" does not exist')
    if relation.kind != "c" and statement.newname in SYSTEM_COLUMN_NAMES:
        raise SqlError(
            DUPLICATE_COLUMN, f'column name "{statement.newname}" conflicts with a system column name'
        )
    if column_number(relation, statement.newname) is not None:
        raise SqlError(
            DUPLICATE_COLUMN, f'column "{statement.newname}" of relation "{relation.name}" already exists'
        )
    row = catalog.pg_attribute.get(oid, attnum)
    below = descendants(catalog, oid)[1:] if relation.kind in "rpf" and relation.row.relhassubclass else []
    if below and not statement.relation.inh:
        raise SqlError(
            INVALID_TABLE_DEFINITION,
            f'inherited column "{statement.subname}" must be renamed in child tables too',
        )
    if row.attinhcount:
        raise SqlError(INVALID_TABLE_DEFINITION, f'cannot rename inherited column "{statement.subname}"')
    _check_all_parents(catalog, oid, below, statement.subname)
    _rename_attribute(ctx, oid, statement)
    for child in below:
        _rename_attribute(ctx, child, statement)
    if relation.kind in "vm":
        _rename_view_column(ctx, oid, attnum, statement.newname)
    return tag


def _check_all_parents(catalog: Any, oid: int, below: list[int], name: str) -> None:
    """A column that also comes from a table that is not renamed must keep its name."""
    family = {oid, *below}
    for child in below:
        column = column_number(catalog.relation(child), name)
        row = catalog.pg_attribute.get(child, column)
        expected = sum(link.inhparent in family for link in catalog.pg_inherits.find("inhrelid", child))
        if row.attinhcount > expected:
            raise SqlError(INVALID_TABLE_DEFINITION, f'cannot rename inherited column "{name}"')


def _rename_attribute(ctx: Any, oid: int, statement: Any) -> None:
    """One table's column, and those of its indexes that have its name."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    relation = catalog.relation(oid)
    attnum = column_number(relation, statement.subname)
    if column_number(relation, statement.newname) is not None:
        raise SqlError(
            DUPLICATE_COLUMN, f'column "{statement.newname}" of relation "{relation.name}" already exists'
        )
    row = catalog.pg_attribute.get(oid, attnum)
    transaction.catalog_update("pg_attribute", row, row._replace(attname=statement.newname))
    transaction.catalog_touch("pg_class", catalog.pg_class.get(oid))
    for index in relation.indexes:
        shape = catalog.pg_index.get(index.oid)
        for number, key in enumerate(shape.indkey.items, 1):
            if key == attnum:
                attribute = catalog.pg_attribute.get(index.oid, number)
                if attribute.attname == statement.subname:
                    transaction.catalog_update(
                        "pg_attribute", attribute, attribute._replace(attname=statement.newname)
                    )


def _rename_view_column(ctx: Any, oid: int, attnum: int, name: str) -> None:
    """The stored query's target list has the view's column names."""
    import msgspec

    from ..treecodec import dump, load

    for rule in ctx.transaction.catalog.pg_rewrite.find("ev_class", oid):
        if rule.rulename != "_RETURN":
            continue
        query = load(rule.ev_action)
        if isinstance(query, (list, tuple)):
            query = query[0]
        query.targetList = [
            msgspec.structs.replace(entry, resname=name)
            if entry.resno == attnum and not entry.resjunk
            else entry
            for entry in query.targetList
        ]
        ctx.transaction.catalog_update("pg_rewrite", rule, rule._replace(ev_action=dump(query)))


def _check_constraint_name(ctx: Any, relid: int, name: str, domain: int = 0) -> None:
    catalog = ctx.transaction.catalog
    if catalog.pg_constraint.find("conrelid_contypid_conname", relid, domain, name):
        if domain:
            raise SqlError(
                DUPLICATE_OBJECT,
                f'constraint "{name}" for domain {catalog.format_type(domain)} already exists',
            )
        relation = catalog.pg_class.get(relid)
        raise SqlError(
            DUPLICATE_OBJECT, f'constraint "{name}" for relation "{relation.relname}" already exists'
        )


def _rename_constraint(ctx: Any, statement: Any) -> str:
    oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
    if oid is None:
        ctx.notice(Notice(f'relation "{statement.relation.relname}" does not exist, skipping'))
        return "ALTER TABLE"
    row = check_relation_kind(ctx, oid, "OBJECT_TABLE", loose=False)
    transaction = ctx.transaction
    found = transaction.catalog.pg_constraint.find("conrelid_contypid_conname", oid, 0, statement.subname)
    if not found:
        raise SqlError(
            UNDEFINED_OBJECT, f'constraint "{statement.subname}" for table "{row.relname}" does not exist'
        )
    constraint = found[0]
    if constraint.coninhcount:
        raise SqlError(INVALID_TABLE_DEFINITION, f'cannot rename inherited constraint "{statement.subname}"')
    if constraint.contype in "cn" and not constraint.connoinherit:
        below = descendants(transaction.catalog, oid)[1:]
        if below and not statement.relation.inh:
            raise SqlError(
                INVALID_TABLE_DEFINITION,
                f'inherited constraint "{statement.subname}" must be renamed in child tables too',
            )
        for child in below:
            rows = transaction.catalog.pg_constraint.find(
                "conrelid_contypid_conname", child, 0, statement.subname
            )
            for row in rows:
                _check_constraint_name(ctx, child, statement.newname)
                transaction.catalog_update("pg_constraint", row, row._replace(conname=statement.newname))
    if constraint.conindid and constraint.contype in "pux":
        rename_relation(ctx, constraint.conindid, statement.newname)
    else:
        _check_constraint_name(ctx, oid, statement.newname)
        transaction.catalog_update(
            "pg_constraint", constraint, constraint._replace(conname=statement.newname)
        )
    return "ALTER TABLE"


def _rename_domain_constraint(ctx: Any, statement: Any) -> str:
    address = find_object(ctx, "OBJECT_DOMAIN", statement.object)
    assert address is not None
    require_object_owner(ctx, "OBJECT_DOMAIN", address)
    transaction = ctx.transaction
    found = transaction.catalog.pg_constraint.find(
        "conrelid_contypid_conname", 0, address.objid, statement.subname
    )
    if not found:
        raise SqlError(
            UNDEFINED_OBJECT,
            f'constraint "{statement.subname}" for domain '
            f"{transaction.catalog.format_type(address.objid)} does not exist",
        )
    _check_constraint_name(ctx, 0, statement.newname, address.objid)
    transaction.catalog_update("pg_constraint", found[0], found[0]._replace(conname=statement.newname))
    return "ALTER DOMAIN"


def _rename_type(ctx: Any, statement: Any, kind: str) -> str:
    address = find_object(ctx, kind, statement.object)
    assert address is not None
    require_object_owner(ctx, kind, address)
    catalog = ctx.transaction.catalog
    row = catalog.pg_type.get(address.objid)
    if row.typtype == "c" and catalog.pg_class.get(row.typrelid).relkind != "c":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f"{catalog.format_type(row.oid)} is a table's row type",
            hint="Use ALTER TABLE instead.",
        )
    if catalog.element_type(row.oid) and catalog.pg_type.get(row.typelem).typarray == row.oid:
        element = catalog.format_type(row.typelem)
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f"cannot alter array type {catalog.format_type(row.oid)}",
            hint=f"You can alter type {element}, which will alter the array type as well.",
        )
    if row.typtype == "c":
        rename_relation(ctx, row.typrelid, statement.newname)
    else:
        rename_type(ctx, row, statement.newname)
    return alter_tag(kind)


def _rename_named(ctx: Any, statement: Any, kind: str) -> str:
    from ..catalog.privileges import has_privilege

    address = find_object(ctx, kind, ast.String(sval=statement.subname))
    assert address is not None
    table, _, column, word, _ = NAMED_OBJECTS[kind]
    transaction = ctx.transaction
    catalog = transaction.catalog
    name = statement.newname
    row = catalog.table(table).get(address.objid)
    if kind == "OBJECT_ROLE" and address.objid in (ctx.session.session_role, ctx.session.role):
        which = "session" if address.objid == ctx.session.session_role else "current"
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{which} user cannot be renamed")
    if kind == "OBJECT_ROLE" and (name.startswith("pg_") or name in ("public", "none")):
        detail = 'Role names starting with "pg_" are reserved.' if name.startswith("pg_") else None
        raise SqlError(RESERVED_NAME, f'role name "{name}" is reserved', detail=detail)
    if kind == "OBJECT_ROLE" and row.rolname.startswith("pg_"):
        raise SqlError(
            RESERVED_NAME,
            f'role name "{row.rolname}" is reserved',
            detail='Role names starting with "pg_" are reserved.',
        )
    if catalog.table(table).find(column, name):
        code = {"OBJECT_SCHEMA": DUPLICATE_SCHEMA, "OBJECT_DATABASE": DUPLICATE_DATABASE}.get(
            kind, DUPLICATE_OBJECT
        )
        raise SqlError(code, f'{word} "{name}" already exists')
    require_object_owner(ctx, kind, address)
    if kind == "OBJECT_SCHEMA":
        database = ctx.session.database.oid
        if not has_privilege(catalog, ctx.session.role, "database", database, "CREATE"):
            raise SqlError(
                INSUFFICIENT_PRIVILEGE,
                f"permission denied for database {catalog.pg_database.get(database).datname}",
            )
        if name.startswith("pg_") and not ctx.session.allow_system_table_mods():
            raise SqlError(
                RESERVED_NAME,
                f'unacceptable schema name "{name}"',
                detail='The prefix "pg_" is reserved for system schemas.',
            )
    elif kind == "OBJECT_DATABASE":
        if address.objid == ctx.session.database.oid:
            raise SqlError(FEATURE_NOT_SUPPORTED, "current database cannot be renamed")
        refuse_users(ctx, row, f'database "{statement.subname}" is being accessed by other users')
    values: dict[str, Any] = {column: name}
    if kind == "OBJECT_ROLE" and (row.rolpassword or "").startswith("md5"):
        values["rolpassword"] = None  # the old name is its salt
        ctx.notice(Notice("MD5 password cleared because of role rename"))
    transaction.catalog_update(table, row, row._replace(**values))
    return alter_tag(kind)


def _rename_routine(ctx: Any, statement: Any, kind: str) -> str:
    address = find_object(ctx, kind, statement.object)
    assert address is not None
    require_object_owner(ctx, kind, address)
    catalog = ctx.transaction.catalog
    row = catalog.pg_proc.get(address.objid)
    _check_routine_name(ctx, row, statement.newname, row.pronamespace)
    require_schema_create(ctx, row.pronamespace)
    ctx.transaction.catalog_update("pg_proc", row, row._replace(proname=statement.newname))
    return alter_tag(kind)


def _check_routine_name(ctx: Any, row: Any, name: str, namespace: int) -> None:
    catalog = ctx.transaction.catalog
    for other in catalog.pg_proc.find("proname_pronamespace", name, namespace):
        if other.proargtypes.items == row.proargtypes.items:
            schema = catalog.pg_namespace.get(namespace).nspname
            types = ", ".join(catalog.format_type(typid) for typid in row.proargtypes.items)
            raise SqlError(
                DUPLICATE_FUNCTION, f'function {name}({types}) already exists in schema "{schema}"'
            )


def _rename_qualified(ctx: Any, statement: Any, kind: str) -> str:
    address = find_object(ctx, kind, statement.object)
    assert address is not None
    require_object_owner(ctx, kind, address)
    table, _, column, namespace_column, word = QUALIFIED_OBJECTS[kind]
    catalog = ctx.transaction.catalog
    row = catalog.table(table).get(address.objid)
    namespace = getattr(row, namespace_column)
    if catalog.table(table).find(f"{column}_{namespace_column}", statement.newname, namespace):
        schema = catalog.pg_namespace.get(namespace).nspname
        raise SqlError(DUPLICATE_OBJECT, f'{word} "{statement.newname}" already exists in schema "{schema}"')
    values: dict[str, Any] = {column: statement.newname}
    ctx.transaction.catalog_update(table, row, row._replace(**values))
    return alter_tag(kind)


# --- SET SCHEMA -------------------------------------------------------------------------------------


@command("AlterObjectSchemaStmt", tag="ALTER")
def set_schema(ctx: Any, statement: ast.AlterObjectSchemaStmt) -> str:
    """ALTER object SET SCHEMA new."""
    kind = statement.objectType.name
    tag = alter_tag(kind)
    if kind in RELATION_KINDS:
        oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
        if oid is None:
            ctx.notice(Notice(f'relation "{statement.relation.relname}" does not exist, skipping'))
            return tag
        row = check_relation_kind(ctx, oid, kind, loose=False)
        if row.relkind in "iI":
            raise SqlError(
                WRONG_OBJECT_TYPE,
                f'cannot change schema of index "{row.relname}"',
                hint="Change the schema of the table instead.",
            )
        _check_not_owned(ctx, row)
        namespace = _target_namespace(ctx, statement.newschema, row.relnamespace)
        move_relation(ctx, row, namespace)
        return tag
    address = find_object(ctx, kind, statement.object)
    assert address is not None
    require_object_owner(ctx, kind, address)
    catalog = ctx.transaction.catalog
    if address.classid == PG_TYPE:
        row = catalog.pg_type.get(address.objid)
        namespace = _target_namespace(ctx, statement.newschema, row.typnamespace)
        _move_user_type(ctx, row, namespace)
    elif address.classid == PG_PROC:
        row = catalog.pg_proc.get(address.objid)
        namespace = _target_namespace(ctx, statement.newschema, row.pronamespace)
        if namespace != row.pronamespace:
            _check_routine_name(ctx, row, row.proname, namespace)
            ctx.transaction.catalog_update("pg_proc", row, row._replace(pronamespace=namespace))
            _move_dependency(ctx, address, row.pronamespace, namespace)
    elif kind in QUALIFIED_OBJECTS:
        table, _, column, namespace_column, word = QUALIFIED_OBJECTS[kind]
        row = catalog.table(table).get(address.objid)
        old = getattr(row, namespace_column)
        namespace = _target_namespace(ctx, statement.newschema, old)
        name = getattr(row, column)
        if namespace != old:
            if catalog.table(table).find(f"{column}_{namespace_column}", name, namespace):
                raise SqlError(
                    DUPLICATE_OBJECT, f'{word} "{name}" already exists in schema "{statement.newschema}"'
                )
            values: dict[str, Any] = {namespace_column: namespace}
            ctx.transaction.catalog_update(table, row, row._replace(**values))
            _move_dependency(ctx, address, old, namespace)
    else:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{tag} SET SCHEMA is not supported")
    return tag


def _target_namespace(ctx: Any, name: str, old: int) -> int:
    catalog = ctx.transaction.catalog
    oid = catalog.namespace_oid(name)
    if oid is None:
        raise SqlError(UNDEFINED_SCHEMA, f'schema "{name}" does not exist')
    if old != oid:
        temporary = [catalog.pg_namespace.get(one).nspname.startswith("pg_temp") for one in (old, oid)]
        if any(temporary):
            raise SqlError(FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas")
    return creation_schema(ctx, name)


def _check_not_owned(ctx: Any, row: Any) -> None:
    catalog = ctx.transaction.catalog
    if row.relkind != "S":
        return
    for depend in catalog.pg_depend.find("classid_objid", PG_CLASS, row.oid):
        if depend.refclassid == PG_CLASS and depend.refobjsubid and depend.deptype in "ai":
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "cannot move an owned sequence into another schema",
                detail=f'Sequence "{row.relname}" is linked to table '
                f'"{catalog.pg_class.get(depend.refobjid).relname}".',
            )


def _move_dependency(ctx: Any, address: Address, old: int, new: int) -> None:
    transaction = ctx.transaction
    for depend in transaction.catalog.pg_depend.find("classid_objid", address.classid, address.objid):
        if depend.refclassid == PG_NAMESPACE and depend.refobjid == old:
            transaction.catalog_delete("pg_depend", depend)
    record_dependency(transaction, address, Address(PG_NAMESPACE, new), "n")


def move_relation(ctx: Any, row: Any, namespace: int) -> None:
    """A relation with its row type, indexes, constraints and owned sequences."""
    transaction = ctx.transaction
    catalog = transaction.catalog
    old = row.relnamespace
    if old == namespace:
        return
    if catalog.pg_class.find("relname_relnamespace", row.relname, namespace):
        schema = catalog.pg_namespace.get(namespace).nspname
        raise SqlError(DUPLICATE_TABLE, f'relation "{row.relname}" already exists in schema "{schema}"')
    transaction.catalog_update("pg_class", row, row._replace(relnamespace=namespace))
    if row.relkind not in "iI":
        _move_dependency(ctx, Address(PG_CLASS, row.oid), old, namespace)
    if row.reltype:
        _move_type(ctx, catalog.pg_type.get(row.reltype), namespace)
    for index in catalog.pg_index.find("indrelid", row.oid):
        move_relation(ctx, catalog.pg_class.get(index.indexrelid), namespace)
    for constraint in catalog.pg_constraint.find("conrelid", row.oid):
        transaction.catalog_update("pg_constraint", constraint, constraint._replace(connamespace=namespace))
    for depend in catalog.pg_depend.find("refclassid_refobjid", PG_CLASS, row.oid):
        if depend.classid == PG_CLASS and depend.refobjsubid and depend.deptype in "ai":
            sequence = catalog.pg_class.get(depend.objid)
            if sequence is not None and sequence.relkind == "S":
                move_relation(ctx, sequence, namespace)


def _move_type(ctx: Any, row: Any, namespace: int) -> None:
    transaction = ctx.transaction
    catalog = transaction.catalog
    if catalog.pg_type.find("typname_typnamespace", row.typname, namespace):
        schema = catalog.pg_namespace.get(namespace).nspname
        raise SqlError(DUPLICATE_OBJECT, f'type "{row.typname}" already exists in schema "{schema}"')
    transaction.catalog_update("pg_type", row, row._replace(typnamespace=namespace))
    if row.typarray:
        array = catalog.pg_type.get(row.typarray)
        transaction.catalog_update("pg_type", array, array._replace(typnamespace=namespace))


def _move_user_type(ctx: Any, row: Any, namespace: int) -> None:
    catalog = ctx.transaction.catalog
    old = row.typnamespace
    if row.typtype == "c" and catalog.pg_class.get(row.typrelid).relkind != "c":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f"{catalog.format_type(row.oid)} is a table's row type",
            hint="Use ALTER TABLE instead.",
        )
    if old == namespace:
        return
    _move_type(ctx, row, namespace)
    if row.typtype == "c":
        relation = catalog.pg_class.get(row.typrelid)
        ctx.transaction.catalog_update("pg_class", relation, relation._replace(relnamespace=namespace))
    for constraint in catalog.pg_constraint.find("contypid", row.oid):
        ctx.transaction.catalog_update(
            "pg_constraint", constraint, constraint._replace(connamespace=namespace)
        )
    _move_dependency(ctx, Address(PG_TYPE, row.oid), old, namespace)
