"""Sequence functions (manual section 9.17)."""

from typing import Any

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INSUFFICIENT_PRIVILEGE, OBJECT_NOT_IN_PREREQUISITE_STATE, WRONG_OBJECT_TYPE


def _sequence(ctx: Any, oid: int) -> Any:
    relation = ctx.transaction.catalog.relation(oid)
    if relation.kind != "S":
        raise SqlError(
            WRONG_OBJECT_TYPE,
            f'cannot open relation "{relation.name}"',
            detail="This operation is not supported for "
            + {"r": "tables", "v": "views", "i": "indexes"}.get(relation.kind, "this relation")
            + ".",
        )
    return relation


def _require(ctx: Any, oid: int, *privileges: str) -> None:
    from ..catalog.privileges import has_privilege

    catalog = ctx.transaction.catalog
    if not any(
        has_privilege(catalog, ctx.session.role, "sequence", oid, privilege) for privilege in privileges
    ):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for sequence {catalog.relation(oid).name}")


def next_value(ctx: Any, oid: int, *, check: bool = True) -> int:
    """Advance a sequence, for nextval() and identity columns."""
    relation = _sequence(ctx, oid)
    if check:
        _require(ctx, oid, "USAGE", "UPDATE")
    if relation.persistence != "t":
        ctx.transaction.forbid_if_read_only("nextval()")
    session = ctx.session
    value = session.database.sequences.nextval(ctx.transaction, oid)
    session.last_values[oid] = value
    session.last_sequence = oid
    return int(value)


@implements("nextval_oid", context=True)
def nextval(ctx: Any, oid: int) -> int:
    """nextval(regclass)."""
    return next_value(ctx, oid)


@implements("currval_oid", context=True)
def currval(ctx: Any, oid: int) -> int:
    """currval(regclass): 55000 unless nextval was called in this session."""
    relation = _sequence(ctx, oid)
    _require(ctx, oid, "SELECT", "USAGE")
    value = ctx.session.last_values.get(oid)
    if value is None:
        raise SqlError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'currval of sequence "{relation.name}" is not yet defined in this session',
        )
    return int(value)


@implements("lastval", context=True)
def lastval(ctx: Any) -> int:
    """lastval()."""
    oid = ctx.session.last_sequence
    if not oid or ctx.transaction.catalog.pg_class.get(oid) is None:
        raise SqlError(OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session")
    _require(ctx, oid, "SELECT", "USAGE")
    return int(ctx.session.last_values[oid])


@implements("setval_oid", context=True)
def setval(ctx: Any, oid: int, value: int) -> int:
    """setval(regclass, bigint)."""
    return setval3(ctx, oid, value, True)


@implements("setval3_oid", context=True)
def setval3(ctx: Any, oid: int, value: int, is_called: bool) -> int:
    """setval(regclass, bigint, boolean)."""
    relation = _sequence(ctx, oid)
    _require(ctx, oid, "UPDATE")
    if relation.persistence != "t":
        ctx.transaction.forbid_if_read_only("setval()")
    ctx.session.database.sequences.setval(ctx.transaction, oid, value, is_called)
    if is_called:
        ctx.session.last_values[oid] = value
    return value


@implements("pg_sequence_last_value", context=True)
def pg_sequence_last_value(ctx: Any, oid: int) -> int | None:
    """The last value of pg_sequences; NULL if the sequence was not used."""
    _sequence(ctx, oid)
    last_value, _, is_called = ctx.session.database.sequences.read(ctx.transaction, oid)
    return last_value if is_called else None


@implements("pg_get_sequence_data", context=True)
def pg_get_sequence_data(ctx: Any, oid: int) -> tuple[Any, ...]:
    """(last_value, is_called) as pg_dump asks for."""
    _sequence(ctx, oid)
    last_value, _, is_called = ctx.session.database.sequences.read(ctx.transaction, oid)
    return last_value, is_called
