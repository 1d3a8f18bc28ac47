"""SET, SHOW, RESET, SET TRANSACTION, DISCARD."""

from collections.abc import Sequence
from typing import Any

from pglast import ast

from ..api import ColumnDescription
from ..errors import Notice, SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, NO_ACTIVE_SQL_TRANSACTION, SYNTAX_ERROR
from .registry import command, describes

TEXT_OID = 25


@command("VariableSetStmt", tag="SET", read_only_ok=True)
def set_variable(ctx: Any, statement: ast.VariableSetStmt) -> str:
    """SET and RESET in all their forms."""
    session = ctx.session
    settings = session.settings
    kind = statement.kind.name
    name = statement.name
    transaction = session.transaction
    local = bool(statement.is_local)
    if local and not transaction.explicit:
        ctx.notice(
            Notice(
                "SET LOCAL can only be used in transaction blocks",
                sqlstate=NO_ACTIVE_SQL_TRANSACTION,
                severity="WARNING",
            )
        )
    if kind == "VAR_SET_VALUE":
        settings.set(name, argument_strings(name, statement.args), local=local)
    elif kind in ("VAR_SET_DEFAULT", "VAR_RESET"):
        own = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
        if kind == "VAR_RESET" and name in own:
            raise SqlError(FEATURE_NOT_SUPPORTED, f'parameter "{name}" cannot be reset')
        settings.reset(name, local=local)
    elif kind == "VAR_RESET_ALL":
        settings.reset_all()
    elif kind == "VAR_SET_CURRENT":
        settings.set(name, [settings.show(name)], local=local)
    elif kind == "VAR_SET_MULTI":
        _set_multi(ctx, statement)
    return "RESET" if kind in ("VAR_RESET", "VAR_RESET_ALL") else "SET"


def _set_multi(ctx: Any, statement: ast.VariableSetStmt) -> None:
    from .transactions import set_modes

    transaction = ctx.session.transaction
    if statement.name == "TRANSACTION":
        if not transaction.explicit:
            ctx.notice(
                Notice(
                    "SET TRANSACTION can only be used in transaction blocks",
                    sqlstate=NO_ACTIVE_SQL_TRANSACTION,
                    severity="WARNING",
                )
            )
        set_modes(ctx, statement.args)
    elif statement.name == "SESSION CHARACTERISTICS":
        for option in statement.args:
            value = option.arg.val
            text = value.sval if isinstance(value, ast.String) else ("on" if value.ival else "off")
            ctx.session.settings.set("default_" + option.defname, [text])
    else:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"SET {statement.name} is not supported")


def argument_strings(name: str, args: Any) -> list[str]:
    """The values of SET name = a, b as strings (flatten_set_variable_args)."""
    out = []
    for arg in args or ():
        out.append(_argument_string(name, arg))
    return out


def _argument_string(name: str, arg: Any) -> str:
    if isinstance(arg, ast.TypeCast):  # SET TIME ZONE INTERVAL '...' HOUR TO MINUTE
        from ..types.datetime_format import format_interval
        from ..types.interval_parse import FULL_PRECISION, FULL_RANGE, parse_interval
        from ..types.intervals import interval_scale

        numbers = [item.val.ival for item in arg.typeName.typmods or ()]
        fields = numbers[0] if numbers else FULL_RANGE
        precision = numbers[1] if len(numbers) > 1 else FULL_PRECISION
        value = parse_interval(str(arg.arg.val.sval), "postgres", fields)
        return f"INTERVAL '{format_interval(interval_scale(value, fields << 16 | precision), 'postgres')}'"
    if isinstance(arg, ast.ParamRef):  # the parser takes it, PostgreSQL's does not
        raise SqlError(SYNTAX_ERROR, f'syntax error at or near "${arg.number}"', position=arg.location)
    value = arg.val
    if isinstance(value, ast.Integer):
        return str(value.ival)
    if isinstance(value, ast.Float):
        return str(value.fval)
    if isinstance(value, ast.Boolean):
        return "true" if value.boolval else "false"
    return str(value.sval)


@describes("VariableShowStmt")
def describe_show(session: Any, statement: ast.VariableShowStmt) -> Sequence[ColumnDescription]:
    """One text column named after the parameter; three for SHOW ALL."""
    name = statement.name
    if name == "all":
        return [
            ColumnDescription(column, 0, 0, TEXT_OID, -1, -1) for column in ("name", "setting", "description")
        ]
    return [ColumnDescription(session.settings.canonical_name(name), 0, 0, TEXT_OID, -1, -1)]


@command("VariableShowStmt", tag="SHOW", read_only_ok=True)
def show_variable(ctx: Any, statement: ast.VariableShowStmt) -> Any:
    """SHOW name, SHOW ALL."""
    settings = ctx.session.settings
    if statement.name == "all":
        rows = [tuple(row) for row in settings.show_all()]
    else:
        rows = [(settings.show(statement.name),)]
    yield rows
    return "SHOW"


@command("DiscardStmt", tag="DISCARD", read_only_ok=True)
def discard(ctx: Any, statement: ast.DiscardStmt) -> str:
    """DISCARD ALL | PLANS | SEQUENCES | TEMP."""
    session = ctx.session
    target = statement.target.name
    if target == "DISCARD_ALL":
        session.require_no_block("DISCARD ALL")
        session.portals.clear()
        session.settings.reset_all()
        session.reset_authorization()
        session.prepared_statements.clear()
        for channel in session.listening():
            session.engine.unlisten(session, channel)
        session.release_advisory_locks()
    if target in ("DISCARD_ALL", "DISCARD_PLANS"):
        ctx.catalog.cache.pop("plans", None)
    if target in ("DISCARD_ALL", "DISCARD_SEQUENCES"):
        session.last_values.clear()
        session.last_sequence = 0
    if target in ("DISCARD_ALL", "DISCARD_TEMP") and session.temporary_namespace:
        from ..ddl.drop import drop_temporary_objects

        drop_temporary_objects(ctx)
    return target.replace("DISCARD_", "DISCARD ")
