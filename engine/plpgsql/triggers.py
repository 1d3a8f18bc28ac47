"""PL/pgSQL functions as triggers: NEW, OLD and the TG_ variables (manual section 41.10)."""

from typing import Any

from ..compile.scan import row_type
from ..errors import SqlError
from ..sqlstates import DATATYPE_MISMATCH, S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT
from ..values import Array, Record
from .compiler import Compiler
from .expressions import caster
from .routine import PlpgsqlRoutine
from .scope import RECORDOID

_NAME, _TEXT, _OID, _INT4, _TEXT_ARRAY = 19, 25, 26, 23, 1009
VARIABLES = {
    "new": RECORDOID,
    "old": RECORDOID,
    "tg_name": _NAME,
    "tg_when": _TEXT,
    "tg_level": _TEXT,
    "tg_op": _TEXT,
    "tg_relid": _OID,
    "tg_relname": _NAME,
    "tg_table_name": _NAME,
    "tg_table_schema": _NAME,
    "tg_nargs": _INT4,
    "tg_argv": _TEXT_ARRAY,
}


class TriggerCompiler(Compiler):
    """RETURN gives a row, or NULL."""

    def _return(self, node: Any) -> None:
        if not node.value:
            super()._return(node)
        else:
            self.line(f"return f.routine.row(f, {self.value(node.value)})")


class TriggerRoutine(PlpgsqlRoutine):
    """A trigger function, compiled for one relation's rows and one version of the catalogs."""

    def __init__(
        self, ctx: Any, catalog: Any, proc: Any, relation: Any, tables: tuple[str | None, ...]
    ) -> None:
        from ..ddl.objects import function_signature

        self.proc = proc
        self.session = None
        self.oid = proc.oid
        self.name = proc.proname
        self.text = proc.prosrc
        self.special = proc.prosecdef or proc.proconfig is not None
        self.read_only = proc.provolatile != "v"
        self.returns_set = self.void = self.returns_record = False
        self.result_type = RECORDOID
        self.result_shape = self.out_shape = self.query_types = None
        self.outs = []
        self.signature_text = function_signature(catalog, ctx.session.search_path(catalog), proc.oid)
        self.row_shape = row_type(relation)
        compiler = TriggerCompiler(ctx.session, self.text, RECORDOID, False)
        compiler.scope.blocks.append((proc.proname, {}))
        self.inputs = [compiler.scope.add(name, typid) for name, typid in VARIABLES.items()]
        rows = catalog.pg_type.get(relation.rowtype).typarray
        for name in tables:
            if name:
                table = compiler.scope.tables[name] = compiler.scope.add(f"table {name}", rows)
                self.inputs.append(table)
        self._compile(ctx, compiler)
        for variable in self.inputs[:2]:
            self.shapes[variable.number] = self.row_shape

    def row(self, frame: Any, value: Any) -> Record | None:
        """The value of RETURN as a row of the relation."""
        if value is None:
            return None
        if not isinstance(value, Record):
            raise SqlError(
                DATATYPE_MISMATCH, "cannot return non-composite value from function returning composite type"
            )
        shape = self.row_shape
        if value.rowtype is shape or value.rowtype.typid == shape.typid:
            return value
        frame.at = -1
        message = "returned row structure does not match the structure of the triggering table"
        values = []
        for place, (mine, wanted) in enumerate(zip(value.rowtype.types, shape.types, strict=False)):
            if mine != wanted and mine != 705:
                show = frame.catalog.format_type
                raise SqlError(
                    DATATYPE_MISMATCH,
                    message,
                    detail=f"Returned type {show(mine)} does not match expected type {show(wanted)} in "
                    f'column "{shape.names[place]}" (position {place + 1}).',
                )
            cast = caster(frame, mine, wanted, shape.typmods[place])
            values.append(value.values[place] if cast is None else cast(frame.ctx, value.values[place]))
        if len(value.values) != len(shape.types):
            raise SqlError(
                DATATYPE_MISMATCH,
                message,
                detail=f"Number of returned columns ({len(value.values)}) does not match expected column "
                f"count ({len(shape.types)}).",
            )
        return Record(shape, tuple(values))

    def fell_off(self) -> SqlError:
        """The end of the function without RETURN."""
        return SqlError(
            S_R_E_FUNCTION_EXECUTED_NO_RETURN_STATEMENT,
            "control reached end of trigger procedure without RETURN",
        )


def trigger_routine(ctx: Any, proc: Any, relation: Any, tables: tuple[str | None, ...]) -> TriggerRoutine:
    """The function for a relation and the names of transition tables, from the Catalog's cache."""
    catalog = ctx.transaction.catalog
    key = ("trigger routine", proc.oid, relation.oid, tables, ctx.session.plan_settings())
    found: TriggerRoutine | None = catalog.cache.get(key)
    if found is None:
        found = catalog.cache[key] = TriggerRoutine(ctx, catalog, proc, relation, tables)
    return found


def variables(
    catalog: Any, trigger: Any, relation: Any, operation: str, new: Record | None, old: Record | None
) -> tuple[Any, ...]:
    """The values of VARIABLES for one call."""
    schema = catalog.pg_namespace.get(relation.namespace)
    args = Array(_TEXT, trigger.args, (len(trigger.args),), (0,)) if trigger.args else None
    return (
        new,
        old,
        trigger.name,
        trigger.timing,
        "ROW" if trigger.kind & 1 else "STATEMENT",
        operation,
        relation.oid,
        relation.name,
        relation.name,
        schema.nspname if schema is not None else "",
        len(trigger.args),
        args,
    )
