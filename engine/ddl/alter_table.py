"""ALTER TABLE | INDEX | VIEW | SEQUENCE | TYPE: several actions in PostgreSQL's order (tablecmds.c).

1. Actions are sorted into passes (drop before retype before add before constraints), each changes catalogs.
2. What they ask of the stored rows is collected in an Alteration: values of rewritten columns, checks, index
   builds, foreign keys.
3. `finish` then rewrites the table if need be, builds indexes and verifies the rows: a generator of breaths.
"""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

from gaveldb.journal.api import ACCESS_EXCLUSIVE_LOCK
from pglast import ast

from ..catalog.inheritance import is_detaching
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..relationlocks import is_lockable, lock_relation
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    OBJECT_IN_USE,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    WRONG_OBJECT_TYPE,
)
from .addresses import relation_word
from .alter_children import SIMPLE, all_below, foreign_key_parts
from .alter_inherit import FINALIZE_HINT
from .names import find_relation, is_owner

(
    DROP,
    ALTER_TYPE,
    ADD_COLUMN,
    SET_EXPRESSION,
    ADD_CONSTRAINT,
    COLUMN_ATTRIBUTES,
    ADD_INDEX,
    ADD_OTHER,
    MISC,
) = range(9)

_TAGS = {
    "OBJECT_TABLE": "ALTER TABLE",
    "OBJECT_INDEX": "ALTER INDEX",
    "OBJECT_VIEW": "ALTER VIEW",
    "OBJECT_SEQUENCE": "ALTER SEQUENCE",
    "OBJECT_MATVIEW": "ALTER MATERIALIZED VIEW",
    "OBJECT_TYPE": "ALTER TYPE",
    "OBJECT_FOREIGN_TABLE": "ALTER FOREIGN TABLE",
}
_TABLE, _TABLE_VIEW, _TABLE_MATVIEW_INDEX = "rp", "rpv", "rpmi"
# action -> (pass, relkinds it is for, how the error calls it)
ACTIONS: dict[str, tuple[int, str, str]] = {
    "AT_AddColumn": (ADD_COLUMN, "rpcf", "ADD COLUMN"),
    "AT_ColumnDefault": (ADD_OTHER, "rpvf", "ALTER COLUMN ... SET DEFAULT"),
    "AT_DropNotNull": (DROP, "rpf", "ALTER COLUMN ... DROP NOT NULL"),
    "AT_SetNotNull": (COLUMN_ATTRIBUTES, "rpf", "ALTER COLUMN ... SET NOT NULL"),
    "AT_SetExpression": (SET_EXPRESSION, "rpf", "ALTER COLUMN ... SET EXPRESSION"),
    "AT_DropExpression": (DROP, "rpf", "ALTER COLUMN ... DROP EXPRESSION"),
    "AT_SetStatistics": (MISC, "rpmiIf", "ALTER COLUMN ... SET STATISTICS"),
    "AT_SetOptions": (MISC, "rpmf", "ALTER COLUMN ... SET"),
    "AT_ResetOptions": (MISC, "rpmf", "ALTER COLUMN ... RESET"),
    "AT_SetStorage": (MISC, "rpmf", "ALTER COLUMN ... SET STORAGE"),
    "AT_SetCompression": (MISC, "rpm", "ALTER COLUMN ... SET COMPRESSION"),
    "AT_DropColumn": (DROP, "rpcf", "DROP COLUMN"),
    "AT_AddConstraint": (ADD_CONSTRAINT, "rpf", "ADD CONSTRAINT"),
    "AT_AlterConstraint": (MISC, "rp", "ALTER CONSTRAINT"),
    "AT_ValidateConstraint": (MISC, "rpf", "VALIDATE CONSTRAINT"),
    "AT_DropConstraint": (DROP, "rpf", "DROP CONSTRAINT"),
    "AT_AlterColumnType": (ALTER_TYPE, "rpcf", "ALTER COLUMN ... SET DATA TYPE"),
    "AT_ChangeOwner": (MISC, "rpvmSifcI", "OWNER TO"),
    "AT_ClusterOn": (MISC, "rpm", "CLUSTER ON"),
    "AT_DropCluster": (MISC, "rpm", "SET WITHOUT CLUSTER"),
    "AT_SetLogged": (MISC, "rpS", "SET LOGGED"),
    "AT_SetUnLogged": (MISC, "rpS", "SET UNLOGGED"),
    "AT_DropOids": (DROP, "rpf", "SET WITHOUT OIDS"),
    "AT_SetAccessMethod": (MISC, "rpm", "SET ACCESS METHOD"),
    "AT_SetTableSpace": (MISC, "rpmiI", "SET TABLESPACE"),
    "AT_SetRelOptions": (MISC, "rpvmi", "SET"),
    "AT_ResetRelOptions": (MISC, "rpvmi", "RESET"),
    "AT_EnableTrig": (MISC, "rpf", "ENABLE TRIGGER"),
    "AT_EnableAlwaysTrig": (MISC, "rpf", "ENABLE ALWAYS TRIGGER"),
    "AT_EnableReplicaTrig": (MISC, "rpf", "ENABLE REPLICA TRIGGER"),
    "AT_EnableTrigAll": (MISC, "rpf", "ENABLE TRIGGER ALL"),
    "AT_EnableTrigUser": (MISC, "rpf", "ENABLE TRIGGER USER"),
    "AT_DisableTrig": (MISC, "rpf", "DISABLE TRIGGER"),
    "AT_DisableTrigAll": (MISC, "rpf", "DISABLE TRIGGER ALL"),
    "AT_DisableTrigUser": (MISC, "rpf", "DISABLE TRIGGER USER"),
    "AT_AddIdentity": (ADD_OTHER, "rpvf", "ALTER COLUMN ... ADD IDENTITY"),
    "AT_SetIdentity": (MISC, "rpvf", "ALTER COLUMN ... SET"),
    "AT_DropIdentity": (DROP, "rpvf", "ALTER COLUMN ... DROP IDENTITY"),
    "AT_AddInherit": (MISC, "rpf", "INHERIT"),
    "AT_DropInherit": (MISC, "rpf", "NO INHERIT"),
    "AT_AttachPartition": (MISC, "pI", "ATTACH PARTITION"),
    "AT_DetachPartition": (MISC, "p", "DETACH PARTITION"),
    "AT_DetachPartitionFinalize": (MISC, "p", "DETACH PARTITION ... FINALIZE"),
    "AT_ReplicaIdentity": (MISC, "rpm", "REPLICA IDENTITY"),
    "AT_EnableRowSecurity": (MISC, "rp", "ENABLE ROW SECURITY"),
    "AT_DisableRowSecurity": (MISC, "rp", "DISABLE ROW SECURITY"),
    "AT_ForceRowSecurity": (MISC, "rp", "FORCE ROW SECURITY"),
    "AT_NoForceRowSecurity": (MISC, "rp", "NO FORCE ROW SECURITY"),
}
_UNSUPPORTED = {
    "AT_AddOf": "ALTER TABLE ... OF",
    "AT_DropOf": "ALTER TABLE ... NOT OF",
    "AT_EnableRule": "ENABLE RULE",
    "AT_EnableAlwaysRule": "ENABLE ALWAYS RULE",
    "AT_EnableReplicaRule": "ENABLE REPLICA RULE",
    "AT_DisableRule": "DISABLE RULE",
    "AT_GenericOptions": "OPTIONS",
    "AT_AlterColumnGenericOptions": "OPTIONS",
}


class Alteration:
    """One ALTER TABLE while it runs: what its actions ask of the stored rows."""

    def __init__(self, ctx: Any, relid: int, statement: Any, root: "Alteration | None" = None) -> None:
        self.ctx = ctx
        self.relid = relid
        self.statement = statement
        self.transaction = ctx.transaction
        self.old_catalog = ctx.transaction.catalog
        self.root = self if root is None else root
        self.members: dict[int, Alteration] = {relid: self}  # of the root: all tables that are altered
        self.passes: list[list[Callable[[], None]]] = (
            [[] for _ in range(MISC + 1)] if root is None else root.passes
        )
        self.recurse = bool(statement.relation.inh)
        self.rewrite = False
        self.new_values: dict[int, Any] = {}  # attnum -> expression over the old columns
        self.not_nulls: list[int] = []
        self.checks: list[tuple[str, Any]] = []
        self.foreign_keys: list[tuple[int, int]] = []  # (table, constraint) to verify
        self.builds: list[int] = []  # indexes to fill
        self.lasts: list[Iterator[Any]] = []  # what waits for rows

    @property
    def relation(self) -> Any:
        """The table as it is now."""
        return self.transaction.catalog.relation(self.relid)

    def of(self, relid: int) -> "Alteration":
        """The Alteration of a child of the table."""
        members = self.root.members
        found = members.get(relid)
        if found is None:
            catalog = self.transaction.catalog
            if self.transaction.locking and is_lockable(catalog, relid):
                if lock_relation(self.ctx.session, relid, ACCESS_EXCLUSIVE_LOCK):
                    self.ctx.session.renew_catalog(self.ctx)
            check_pending_events(self.ctx, relid, catalog.pg_class.get(relid).relname, "ALTER TABLE")
            found = members[relid] = Alteration(self.ctx, relid, self.statement, self.root)
        return found

    @property
    def temporary(self) -> bool:
        """Whether the table is a temporary one."""
        return bool(self.old_catalog.pg_class.get(self.relid).relpersistence == "t")

    def later(self, which: int, action: Callable[[], None]) -> None:
        """Run `action` in a pass."""
        self.passes[which].append(action)

    def last(self, steps: Iterator[Any]) -> None:
        """Run a generator of breaths before rows are looked at."""
        self.lasts.append(steps)

    def run(self) -> None:
        """All passes; actions may add to later ones (and to the running one)."""
        for actions in self.passes:
            index = 0
            while index < len(actions):
                actions[index]()
                index += 1

    def finish(self) -> Iterator[Any]:
        """The stored rows: rewrite, indexes, verification."""
        from .rewrite import rewrite_table, verify_rows

        ctx = self.ctx
        for steps in self.lasts:
            yield from steps
        catalog = self.transaction.catalog
        if catalog.pg_class.get(self.relid) is None:
            return
        if self.rewrite and self.relation.kind in "rm":
            from .generated import stored_values
            from .types import check_row_type_unused

            check_row_type_unused(ctx, self.relation)
            values = stored_values(self)
            yield from rewrite_table(ctx, self.old_catalog, self.relid, values)
            self.builds = [index.oid for index in self.relation.indexes]
        self.transaction.end_command()
        yield from verify_rows(ctx, self.relid, self.not_nulls, ())
        for oid in dict.fromkeys(self.builds):
            if self.transaction.catalog.pg_class.get(oid) is not None:
                from .indexes import build_index

                table = self.transaction.catalog.pg_index.get(oid).indrelid
                yield from build_index(ctx, table, oid)
        yield from verify_rows(ctx, self.relid, (), self.checks)
        for relid, oid in dict.fromkeys(self._stored_foreign_keys()):
            relation = self.transaction.catalog.relation(relid)
            foreign_key = next((fk for fk in relation.foreign_keys if fk.oid == oid), None)
            if foreign_key is not None:
                from ..run.deferred import validate_foreign_key

                yield from validate_foreign_key(ctx, relation, foreign_key)

    def _stored_foreign_keys(self) -> Iterator[tuple[int, int]]:
        """The foreign keys to verify; of partitioned tables those of the partitions."""
        catalog = self.transaction.catalog
        for relid, oid in self.foreign_keys:
            if catalog.pg_class.get(relid).relkind != "p":
                yield relid, oid
                continue
            for part in foreign_key_parts(catalog, oid):
                row = catalog.pg_class.get(part.conrelid)
                if row.relkind == "r" and part.conrelid != relid:
                    yield part.conrelid, part.oid


@command("AlterTableStmt", tag="ALTER TABLE")
def alter_table(ctx: Any, statement: ast.AlterTableStmt) -> Generator[Any, Any, str]:
    """ALTER TABLE and its relatives."""
    tag = _TAGS.get(statement.objtype.name, "ALTER TABLE")
    oid = find_relation(ctx, statement.relation, missing_ok=bool(statement.missing_ok))
    if oid is None:
        ctx.notice(Notice(f'relation "{statement.relation.relname}" does not exist, skipping'))
        return tag
    row = ctx.transaction.catalog.pg_class.get(oid)
    check_alterable(ctx, row, statement.objtype.name)
    check_pending_events(ctx, oid, row.relname, tag.replace(tag, "ALTER TABLE"))
    alteration = Alteration(ctx, oid, statement)
    for action in statement.cmds:
        prepare_action(alteration, action)
    alteration.run()
    for member in list(alteration.members.values()):
        yield from member.finish()
    return tag


def check_alterable(ctx: Any, row: Any, object_type: str) -> None:
    """The relation has the kind that the command names, and belongs to the role."""
    if row.oid < 16384 and not ctx.session.allow_system_table_mods():
        raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied: "{row.relname}" is a system catalog')
    if not is_owner(ctx, row.relowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {relation_word(row.relkind)} {row.relname}")
    wanted = {
        "OBJECT_VIEW": ("v", "a view"),
        "OBJECT_MATVIEW": ("m", "a materialized view"),
        "OBJECT_SEQUENCE": ("S", "a sequence"),
        "OBJECT_INDEX": ("iI", "an index"),
        "OBJECT_FOREIGN_TABLE": ("f", "a foreign table"),
        "OBJECT_TYPE": ("c", "a composite type"),
    }.get(object_type)
    if wanted is not None and row.relkind not in wanted[0]:
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.relname}" is not {wanted[1]}')
    if object_type != "OBJECT_TYPE" and row.relkind == "c":
        raise SqlError(
            WRONG_OBJECT_TYPE, f'"{row.relname}" is a composite type', hint="Use ALTER TYPE instead."
        )


def check_pending_events(ctx: Any, oid: int, name: str, what: str) -> None:
    """55006 if deferred checks of this transaction still refer to the table (CheckTableNotInUse)."""
    for event in ctx.transaction.deferred:
        foreign_key = getattr(event, "foreign_key", None)
        if foreign_key is not None:
            touched = oid in (foreign_key.relid, foreign_key.refrelid)
        else:
            touched = event.relation.oid == oid
        if touched:
            raise SqlError(OBJECT_IN_USE, f'cannot {what} "{name}" because it has pending trigger events')


def prepare_action(alteration: Alteration, action: Any) -> None:
    """Sort one action into its pass."""
    kind = action.subtype.name
    unsupported = _UNSUPPORTED.get(kind)
    if unsupported is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"{unsupported} is not supported")
    found = ACTIONS.get(kind)
    function = find_action(kind)
    if found is None or function is None:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"ALTER TABLE action {kind} is not supported")
    which, kinds, words = found
    relation = alteration.relation
    if relation.row.relispartition and kind != "AT_DetachPartitionFinalize":
        if is_detaching(alteration.transaction.catalog, relation.oid):
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f'cannot alter partition "{relation.name}" with an incomplete detach',
                hint=FINALIZE_HINT,
            )
    if relation.kind not in kinds:
        from .indexes import unsuitable_relation

        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'ALTER action {words} cannot be performed on relation "{relation.name}"',
            detail=unsuitable_relation(relation.kind),
        )
    if kind == "AT_ColumnDefault" and action.def_ is None:
        which = DROP
    if kind == "AT_AlterColumnType":
        from .alter_type import prepare_alter_type

        prepare_alter_type(alteration, action)
    alteration.later(which, lambda: function(alteration, action))
    if kind in SIMPLE and alteration.recurse:
        for below in all_below(alteration):
            alteration.later(which, partial(function, below, action))


def find_action(kind: str) -> Callable[[Alteration, Any], None] | None:
    """The function of an action."""
    from . import (
        alter_columns,
        alter_constraints,
        alter_detach,
        alter_inherit,
        alter_misc,
        alter_partitions,
        alter_type,
    )

    for module in (
        alter_columns,
        alter_constraints,
        alter_misc,
        alter_type,
        alter_inherit,
        alter_partitions,
        alter_detach,
    ):
        found = module.FUNCTIONS.get(kind)
        if found is not None:
            return found
    return None
