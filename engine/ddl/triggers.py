"""CREATE TRIGGER, ALTER TRIGGER ... RENAME, ALTER TABLE ENABLE / DISABLE TRIGGER (PostgreSQL's trigger.c)."""

from typing import Any

from pglast import ast

from ..catalog.triggers import BEFORE, DELETE, INSERT, INSTEAD, ROW, TRUNCATE, UPDATE
from ..commands.registry import command
from ..errors import SqlError
from ..sqlstates import (
    DUPLICATE_COLUMN,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_OBJECT_DEFINITION,
    UNDEFINED_COLUMN,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..tree import Var, strip_locations
from ..treetypes import walk
from .addresses import PG_TRIGGER, find_object
from .dependencies import (
    AUTO,
    INTERNAL,
    NORMAL,
    PG_CLASS,
    PG_CONSTRAINT,
    PG_PROC,
    Address,
    expression_addresses,
    record_dependency,
)
from .foreignkeytriggers import disable_foreign_keys, require_superuser
from .heap import column_number
from .names import find_relation, require_owner
from .partitionindexes import depend_on_partition, forget_partition_dependencies
from .rows import new_row

TRIGGEROID = 2279


@command("CreateTrigStmt", tag="CREATE TRIGGER")
def create_trigger(ctx: Any, statement: ast.CreateTrigStmt) -> None:
    """CREATE [OR REPLACE] [CONSTRAINT] TRIGGER."""
    relid = find_relation(ctx, statement.relation)
    assert relid is not None
    catalog = ctx.transaction.catalog
    row = catalog.pg_class.get(relid)
    _check_relation(row, statement)
    if relid < 16384:
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{row.relname}" is a system catalog')
    from ..catalog.privileges import has_privilege

    if not has_privilege(catalog, ctx.session.role, "table", relid, "TRIGGER"):
        what = "view" if row.relkind == "v" else "table"
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for {what} {row.relname}")
    kind = (ROW if statement.row else 0) | statement.timing | statement.events
    if kind & ROW and kind & TRUNCATE:
        raise SqlError(FEATURE_NOT_SUPPORTED, "TRUNCATE FOR EACH ROW triggers are not supported")
    if kind & INSTEAD:
        _check_instead(statement)
    relation = catalog.relation(relid)
    old_table, new_table = _transition_tables(catalog, relation, statement)
    when = _condition(ctx, relation, statement.whenClause, kind)
    function = _function(ctx, statement.funcname)
    columns = _columns(relation, statement.columns)
    existing = None
    for other in catalog.pg_trigger.find("tgrelid", relid):
        if other.tgname == statement.trigname and not other.tgisinternal:
            existing = other
    if existing is not None:
        _check_replaced(ctx, existing, relation, statement)
    referenced = find_relation(ctx, statement.constrrel) if statement.constrrel is not None else 0
    definition = {
        "tgname": statement.trigname,
        "tgfoid": function,
        "tgtype": kind,
        "tgconstrrelid": referenced,
        "tgdeferrable": bool(statement.deferrable),
        "tginitdeferred": bool(statement.initdeferred),
        "tgargs": b"".join([_argument(arg) + b"\0" for arg in statement.args or ()]),
        "tgnargs": len(statement.args or ()),
        "tgoldtable": old_table,
        "tgnewtable": new_table,
    }
    _store(ctx, relation, definition, columns, when, existing, constraint=bool(statement.isconstraint))


def _argument(node: Any) -> bytes:
    return str(node.sval).encode()


def _check_relation(row: Any, statement: Any) -> None:
    name, kind = row.relname, row.relkind
    timing, events = statement.timing, statement.events
    if kind in "rp":
        if timing & INSTEAD:
            raise SqlError(
                WRONG_OBJECT_TYPE, f'"{name}" is a table', detail="Tables cannot have INSTEAD OF triggers."
            )
        return
    if kind == "v":
        if not timing & INSTEAD and statement.row:
            raise SqlError(
                WRONG_OBJECT_TYPE,
                f'"{name}" is a view',
                detail="Views cannot have row-level BEFORE or AFTER triggers.",
            )
        if events & TRUNCATE:
            raise SqlError(
                WRONG_OBJECT_TYPE, f'"{name}" is a view', detail="Views cannot have TRUNCATE triggers."
            )
        return
    from .indexes import unsuitable_relation

    raise SqlError(
        WRONG_OBJECT_TYPE, f'relation "{name}" cannot have triggers', detail=unsuitable_relation(kind)
    )


def _transition_tables(catalog: Any, relation: Any, statement: Any) -> tuple[str | None, str | None]:
    """The names of REFERENCING OLD TABLE and NEW TABLE."""
    names: dict[bool, str] = {}
    for given in statement.transitionRels or ():
        if not given.isTable:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                "ROW variable naming in the REFERENCING clause is not supported",
                hint="Use OLD TABLE or NEW TABLE for naming transition tables.",
            )
        _check_transitions(catalog, relation, statement)
        word, event = ("NEW", "an INSERT or UPDATE") if given.isNew else ("OLD", "a DELETE or UPDATE")
        if not statement.events & (UPDATE | (INSERT if given.isNew else DELETE)):
            raise SqlError(
                INVALID_OBJECT_DEFINITION, f"{word} TABLE can only be specified for {event} trigger"
            )
        if given.isNew in names:
            raise SqlError(INVALID_OBJECT_DEFINITION, f"{word} TABLE cannot be specified multiple times")
        names[bool(given.isNew)] = given.name
    if len(names) == 2 and names[True] == names[False]:
        raise SqlError(INVALID_OBJECT_DEFINITION, "OLD TABLE name and NEW TABLE name cannot be the same")
    return names.get(False), names.get(True)


def _check_transitions(catalog: Any, relation: Any, statement: Any) -> None:
    name, kind = relation.name, relation.kind
    if kind == "v":
        detail = "Triggers on views cannot have transition tables."
        raise SqlError(WRONG_OBJECT_TYPE, f'"{name}" is a view', detail=detail)
    if kind == "p" and statement.row:
        detail = "ROW triggers with transition tables are not supported on partitioned tables."
        raise SqlError(FEATURE_NOT_SUPPORTED, f'"{name}" is a partitioned table', detail=detail)
    message = None
    if statement.row and catalog.pg_inherits.find("inhrelid", relation.oid):
        where = "partitions" if relation.row.relispartition else "inheritance children"
        message = f"ROW triggers with transition tables are not supported on {where}"
    elif statement.timing:
        text = "transition table name can only be specified for an AFTER trigger"
        raise SqlError(INVALID_OBJECT_DEFINITION, text)
    elif statement.events & TRUNCATE:
        message = "TRUNCATE triggers with transition tables are not supported"
    elif statement.events & (statement.events - 1):
        message = "transition tables cannot be specified for triggers with more than one event"
    elif statement.columns:
        message = "transition tables cannot be specified for triggers with column lists"
    if message is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, message)


def _check_instead(statement: Any) -> None:
    message = None
    if not statement.row:
        message = "INSTEAD OF triggers must be FOR EACH ROW"
    elif statement.whenClause is not None:
        message = "INSTEAD OF triggers cannot have WHEN conditions"
    elif statement.columns:
        message = "INSTEAD OF triggers cannot have column lists"
    if message is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, message)


def _check_replaced(ctx: Any, existing: Any, relation: Any, statement: Any) -> None:
    name = existing.tgname
    if not statement.replace:
        raise SqlError(DUPLICATE_OBJECT, f'trigger "{name}" for relation "{relation.name}" already exists')
    if existing.tgparentid:
        raise SqlError(
            DUPLICATE_OBJECT,
            f'trigger "{name}" for relation "{relation.name}" is an internal or a child trigger',
        )
    if existing.tgconstraint:
        raise SqlError(
            DUPLICATE_OBJECT, f'trigger "{name}" for relation "{relation.name}" is a constraint trigger'
        )
    from .alter_table import check_pending_events

    check_pending_events(ctx, relation.oid, relation.name, "CREATE OR REPLACE TRIGGER")


def _function(ctx: Any, names: Any) -> int:
    from ..catalog.privileges import has_privilege

    address = find_object(
        ctx, "OBJECT_FUNCTION", ast.ObjectWithArgs(objname=names, objargs=(), args_unspecified=False)
    )
    assert address is not None
    catalog = ctx.transaction.catalog
    proc = catalog.pg_proc.get(address.objid)
    if proc.oid >= 16384 and not has_privilege(catalog, ctx.session.role, "function", proc.oid, "EXECUTE"):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for function {proc.proname}")
    if proc.prorettype != TRIGGEROID:
        shown = ".".join([name.sval for name in names])
        raise SqlError(INVALID_OBJECT_DEFINITION, f"function {shown} must return type trigger")
    return int(proc.oid)


def _columns(relation: Any, names: Any) -> list[int]:
    columns: list[int] = []
    for name in names or ():
        attnum = column_number(relation, name.sval)
        if attnum is None:
            raise SqlError(
                UNDEFINED_COLUMN, f'column "{name.sval}" of relation "{relation.name}" does not exist'
            )
        if attnum in columns:
            raise SqlError(DUPLICATE_COLUMN, f'column "{name.sval}" specified more than once')
        columns.append(attnum)
    return columns


def _condition(ctx: Any, relation: Any, clause: Any, kind: int) -> Any:
    """WHEN, over Var(1, OLD) and Var(2, NEW)."""
    if clause is None:
        return None
    from ..bind.clauses import transform_where_clause
    from ..bind.collations import assign_expr_collations
    from ..bind.parse_state import EXPR_KIND_TRIGGER_WHEN
    from ..bind.rangetable import add_ns_item_to_query, add_range_table_entry_for_relation

    pstate = ctx.session.parse_state(ctx.source)
    for alias in ("old", "new"):
        item = add_range_table_entry_for_relation(pstate, relation, ast.Alias(aliasname=alias), False, False)
        add_ns_item_to_query(pstate, item, False, True, True)
    expr = transform_where_clause(pstate, clause, EXPR_KIND_TRIGGER_WHEN, "WHEN")
    expr = assign_expr_collations(pstate, expr)
    for var in walk(expr):
        if isinstance(var, Var):
            _check_reference(pstate, relation, var, kind)
    return strip_locations(expr)


def _check_reference(pstate: Any, relation: Any, var: Any, kind: int) -> None:
    def refused(state: str, text: str, detail: str | None = None) -> SqlError:
        error: SqlError = pstate.error(state, text, var.location, detail=detail)
        return error

    if not kind & ROW:
        text = "statement trigger's WHEN condition cannot reference column values"
        raise refused(INVALID_OBJECT_DEFINITION, text)
    if var.varno == 1 and kind & INSERT:
        text = "INSERT trigger's WHEN condition cannot reference OLD values"
        raise refused(INVALID_OBJECT_DEFINITION, text)
    if var.varno == 1:
        return
    if kind & DELETE:
        text = "DELETE trigger's WHEN condition cannot reference NEW values"
        raise refused(INVALID_OBJECT_DEFINITION, text)
    if not kind & BEFORE:
        return
    if var.varattno < 0:
        text = "BEFORE trigger's WHEN condition cannot reference NEW system columns"
        raise refused(FEATURE_NOT_SUPPORTED, text)
    text = "BEFORE trigger's WHEN condition cannot reference NEW generated columns"
    if var.varattno == 0:
        if any(column.generated and not column.dropped for column in relation.columns):
            detail = "A whole-row reference is used and the table contains generated columns."
            raise refused(INVALID_OBJECT_DEFINITION, text, detail)
    elif relation.columns[var.varattno - 1].generated:
        name = relation.columns[var.varattno - 1].name
        raise refused(INVALID_OBJECT_DEFINITION, text, f'Column "{name}" is a generated column.')


def _store(
    ctx: Any,
    relation: Any,
    definition: dict[str, Any],
    columns: list[int],
    when: Any,
    existing: Any,
    *,
    constraint: bool,
    parent: int = 0,
    enabled: str = "O",
) -> int:
    """The rows of a trigger, and of those that partitions have of it."""
    from ..catalog.rowcodec import int2vector
    from ..treecodec import dump

    transaction = ctx.transaction
    temporary = relation.persistence == "t"
    oid = existing.oid if existing is not None else int(transaction.new_oid())
    constraint_oid = 0
    if constraint:
        from .constraints import insert_constraint

        constraint_oid = insert_constraint(
            ctx,
            relation,
            definition["tgname"],
            "t",
            condeferrable=definition["tgdeferrable"],
            condeferred=definition["tginitdeferred"],
            connoinherit=True,
        )
    row = new_row(
        transaction.base_catalog,
        "pg_trigger",
        oid=oid,
        tgrelid=relation.oid,
        tgparentid=parent,
        tgenabled=enabled,
        tgisinternal=False,
        tgconstrindid=0,
        tgconstraint=constraint_oid,
        tgattr=int2vector(*columns),
        tgqual=None if when is None else dump(when),
        **definition,
    )
    if existing is not None:
        _forget_dependencies(transaction, oid)
        transaction.catalog_update("pg_trigger", existing, row)
    else:
        transaction.catalog_insert("pg_trigger", row, temporary=temporary)
    pg_class = transaction.catalog.pg_class.get(relation.oid)
    if not pg_class.relhastriggers:
        transaction.catalog_update("pg_class", pg_class, pg_class._replace(relhastriggers=True))
    elif not temporary:
        transaction.catalog_touch("pg_class", pg_class)
    me, table = Address(PG_TRIGGER, oid), Address(PG_CLASS, relation.oid)

    def depend(on: Address, how: str) -> None:
        record_dependency(transaction, me, on, how, temporary=temporary)

    depend(Address(PG_PROC, definition["tgfoid"]), NORMAL)
    if parent:
        depend_on_partition(ctx, me, Address(PG_TRIGGER, parent), relation.oid, temporary=temporary)
    else:
        depend(table, AUTO)
    if definition["tgconstrrelid"]:
        depend(Address(PG_CLASS, definition["tgconstrrelid"]), AUTO)
    if constraint_oid:
        on = Address(PG_CONSTRAINT, constraint_oid)
        record_dependency(transaction, on, me, INTERNAL, temporary=temporary)
    for attnum in columns:
        depend(table._replace(objsubid=attnum), NORMAL)
    if when is not None:
        for address in dict.fromkeys(expression_addresses(when, (relation.oid, relation.oid))):
            depend(address, NORMAL)
    if relation.kind == "p" and definition["tgtype"] & ROW:
        for link in transaction.catalog.pg_inherits.find("inhparent", relation.oid):
            clone_row_triggers(ctx, relation, transaction.catalog.relation(link.inhrelid), only=oid)
    return oid


def _forget_dependencies(transaction: Any, oid: int) -> None:
    for row in transaction.catalog.pg_depend.find("classid_objid", PG_TRIGGER, oid):
        transaction.catalog_delete("pg_depend", row)


# --- partitions -------------------------------------------------------------------------------------


def clone_row_triggers(ctx: Any, parent: Any, partition: Any, *, only: int = 0) -> None:
    """Give a partition the row triggers of its parent (CloneRowTriggersToPartition)."""
    from ..catalog.inheritance import attribute_map, renumber
    from ..catalog.trees import load_tree

    catalog = ctx.transaction.catalog
    for row in catalog.pg_trigger.find("tgrelid", parent.oid):
        if not row.tgtype & ROW or row.tgisinternal or (only and row.oid != only):
            continue
        existing = None
        for other in catalog.pg_trigger.find("tgrelid", partition.oid):
            if other.tgparentid == row.oid:
                existing = other
            elif other.tgname == row.tgname:
                raise SqlError(
                    DUPLICATE_OBJECT,
                    f'trigger "{row.tgname}" for relation "{partition.name}" already exists',
                )
        numbers = attribute_map(parent, partition)
        when = None
        if row.tgqual is not None:
            when = renumber(load_tree(row.tgqual), numbers)
        kept = (
            "tgname",
            "tgfoid",
            "tgtype",
            "tgconstrrelid",
            "tgdeferrable",
            "tginitdeferred",
            "tgargs",
            "tgnargs",
            "tgoldtable",
            "tgnewtable",
        )
        _store(
            ctx,
            partition,
            {name: getattr(row, name) for name in kept},
            [numbers[attnum] for attnum in row.tgattr.items],
            when,
            existing,
            constraint=bool(row.tgconstraint) and existing is None,
            parent=row.oid,
            enabled=row.tgenabled,
        )


def drop_cloned_triggers(ctx: Any, partition: int) -> None:
    """DETACH: what the partition had from its parent goes (DropClonedTriggersFromPartition)."""
    from .deletion import perform_deletion

    transaction = ctx.transaction
    for row in transaction.catalog.pg_trigger.find("tgrelid", partition):
        if row.tgparentid:
            forget_partition_dependencies(ctx, Address(PG_TRIGGER, row.oid))
            perform_deletion(ctx, [Address(PG_TRIGGER, row.oid)], cascade=False)


# --- changes ------------------------------------------------------------------------------------------


def rename_trigger(ctx: Any, statement: ast.RenameStmt) -> str:
    """ALTER TRIGGER name ON table RENAME TO name: those of partitions go with it."""
    relid = find_relation(ctx, statement.relation)
    assert relid is not None
    catalog = ctx.transaction.catalog
    table = catalog.pg_class.get(relid)
    if table.relkind not in "rvp":
        from .indexes import unsuitable_relation

        text = f'relation "{table.relname}" cannot have triggers'
        raise SqlError(WRONG_OBJECT_TYPE, text, detail=unsuitable_relation(table.relkind))
    require_owner(ctx, table, "view" if table.relkind == "v" else "table")
    row = _named(ctx, relid, statement.subname, table.relname)
    if row.tgparentid:
        parent = catalog.pg_class.get(catalog.pg_trigger.get(row.tgparentid).tgrelid)
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'cannot rename trigger "{row.tgname}" on table "{table.relname}"',
            hint=f'Rename the trigger on the partitioned table "{parent.relname}" instead.',
        )
    pending = [row]
    while pending:
        one = pending.pop()
        on = catalog.pg_class.get(one.tgrelid)
        for other in catalog.pg_trigger.find("tgrelid", one.tgrelid):
            if other.tgname == statement.newname:
                raise SqlError(
                    DUPLICATE_OBJECT,
                    f'trigger "{statement.newname}" for relation "{on.relname}" already exists',
                )
        ctx.transaction.catalog_update("pg_trigger", one, one._replace(tgname=statement.newname))
        for link in catalog.pg_inherits.find("inhparent", one.tgrelid):
            children = catalog.pg_trigger.find("tgrelid", link.inhrelid)
            pending += [child for child in children if child.tgparentid == one.oid]
    return "ALTER TRIGGER"


def _named(ctx: Any, relid: int, name: str, relname: str) -> Any:
    for row in ctx.transaction.catalog.pg_trigger.find("tgrelid", relid):
        if row.tgname == name:
            return row
    raise SqlError(UNDEFINED_OBJECT, f'trigger "{name}" for table "{relname}" does not exist')


_ENABLED = {
    "AT_EnableTrig": "O",
    "AT_EnableAlwaysTrig": "A",
    "AT_EnableReplicaTrig": "R",
    "AT_EnableTrigAll": "O",
    "AT_EnableTrigUser": "O",
    "AT_DisableTrig": "D",
    "AT_DisableTrigAll": "D",
    "AT_DisableTrigUser": "D",
}


_OF_USERS = ("AT_EnableTrigUser", "AT_DisableTrigUser")


def _follows(catalog: Any, child: Any, row: Any) -> bool:
    """Whether a partition has the trigger from its parent; of a foreign key, by the constraint."""
    if not row.tgisinternal or not child.tgisinternal:
        return bool(child.tgparentid == row.oid)
    constraint = catalog.pg_constraint.get(child.tgconstraint)
    return bool(constraint.conparentid == row.tgconstraint and child.tgfoid == row.tgfoid)


def enable_triggers(alteration: Any, action: Any) -> None:
    """ALTER TABLE ENABLE / DISABLE TRIGGER; row triggers of partitions follow, unless ONLY is given."""
    ctx, relation = alteration.ctx, alteration.relation
    kind = action.subtype.name
    transaction = ctx.transaction
    changed = False
    if kind == "AT_DisableTrigAll" and (relation.foreign_keys or relation.referenced_by):
        changed = disable_foreign_keys(ctx, relation, alteration.recurse)
    enabled = _ENABLED[kind]
    if action.name is not None:
        rows = [_named(ctx, relation.oid, action.name, relation.name)]
    else:
        rows = [
            row
            for row in transaction.catalog.pg_trigger.find("tgrelid", relation.oid)
            if not (row.tgisinternal and kind in _OF_USERS)
        ]
    while rows:
        row = rows.pop()
        if row.tgisinternal:
            require_superuser(ctx, row.tgname)
        if row.tgenabled != enabled:
            transaction.catalog_update("pg_trigger", row, row._replace(tgenabled=enabled))
            changed = True
        if alteration.recurse and row.tgtype & ROW:
            for link in transaction.catalog.pg_inherits.find("inhparent", row.tgrelid):
                children = transaction.catalog.pg_trigger.find("tgrelid", link.inhrelid)
                rows += [child for child in children if _follows(transaction.catalog, child, row)]
    if changed and relation.persistence != "t":
        transaction.catalog_touch("pg_class", transaction.catalog.pg_class.get(relation.oid))
