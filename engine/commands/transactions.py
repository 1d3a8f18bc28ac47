"""BEGIN, COMMIT, ROLLBACK, savepoints, SET CONSTRAINTS; transaction modes."""

from collections.abc import Generator
from typing import Any

from pglast import ast

from ..errors import Notice, SqlError
from ..sqlstates import (
    ACTIVE_SQL_TRANSACTION,
    NO_ACTIVE_SQL_TRANSACTION,
)
from ..twophase import finish, prepare
from .registry import command


@command("TransactionStmt", needs_snapshot=False, in_failed=True, read_only_ok=True)
def transaction_statement(ctx: Any, statement: ast.TransactionStmt) -> Any:
    """Dispatch on the statement's kind."""
    return _KINDS[statement.kind.name](ctx, statement)


def _begin(ctx: Any, statement: Any) -> str:
    session = ctx.session
    tag = "BEGIN" if statement.kind.name == "TRANS_STMT_BEGIN" else "START TRANSACTION"
    transaction = session.transaction
    if transaction is not None and transaction.explicit:
        ctx.notice(
            Notice(
                "there is already a transaction in progress",
                sqlstate=ACTIVE_SQL_TRANSACTION,
                severity="WARNING",
            )
        )
    else:
        session.begin_explicit()
    if statement.options:
        set_modes(ctx, statement.options)
    return tag


def set_modes(ctx: Any, options: Any) -> None:
    """ISOLATION LEVEL, READ ONLY / READ WRITE, [NOT] DEFERRABLE of the current transaction."""
    transaction = ctx.session.transaction
    for option in options:
        name = option.defname
        value = option.arg.val
        if name == "transaction_isolation":
            level = value.sval
            uncommitted = level == "read uncommitted"
            if uncommitted:
                level = "read committed"
            if transaction.has_statements and level != transaction.isolation:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION,
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query",
                )
            if transaction.savepoints:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION,
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
                )
            transaction.isolation = level
            transaction.uncommitted = uncommitted
        elif name == "transaction_read_only":
            read_only = bool(value.ival)
            transaction.allow_read_only(read_only)
            transaction.read_only = read_only
        elif name == "transaction_deferrable":
            if transaction.has_statements:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query"
                )
            transaction.deferrable = bool(value.ival)


def _commit(ctx: Any, statement: Any) -> Any:
    session = ctx.session
    transaction = session.transaction
    if session.failed:
        session.rollback_failed()
        if statement.chain:
            session.begin_explicit(like=transaction)
        return "ROLLBACK"
    if transaction is None or not transaction.explicit:
        if statement.chain:
            raise SqlError(
                NO_ACTIVE_SQL_TRANSACTION, "COMMIT AND CHAIN can only be used in transaction blocks"
            )
        ctx.notice(
            Notice(
                "there is no transaction in progress", sqlstate=NO_ACTIVE_SQL_TRANSACTION, severity="WARNING"
            )
        )
        if transaction is not None:  # that of several statements sent together
            return _commit_steps(session, transaction, False)
        return "COMMIT"
    return _commit_steps(session, transaction, statement.chain)


def _commit_steps(session: Any, transaction: Any, chain: bool) -> Generator[Any, Any, str]:
    yield from session.commit_steps()
    if chain:
        session.begin_explicit(like=transaction)
    return "COMMIT"


def _rollback(ctx: Any, statement: Any) -> str:
    session = ctx.session
    transaction = session.transaction
    if not session.failed and (transaction is None or not transaction.explicit):
        if statement.chain:
            raise SqlError(
                NO_ACTIVE_SQL_TRANSACTION, "ROLLBACK AND CHAIN can only be used in transaction blocks"
            )
        ctx.notice(
            Notice(
                "there is no transaction in progress", sqlstate=NO_ACTIVE_SQL_TRANSACTION, severity="WARNING"
            )
        )
        if transaction is not None:
            session.rollback_failed()
        return "ROLLBACK"
    session.rollback_failed()
    if statement.chain:
        session.begin_explicit(like=transaction)
    return "ROLLBACK"


def _block(ctx: Any, what: str) -> Any:
    transaction = ctx.session.transaction
    if transaction is None or not transaction.explicit:
        raise SqlError(NO_ACTIVE_SQL_TRANSACTION, f"{what} can only be used in transaction blocks")
    return transaction


def _savepoint(ctx: Any, statement: Any) -> str:
    transaction = _block(ctx, "SAVEPOINT")
    ctx.session.begin_statement()
    transaction.savepoint(statement.savepoint_name)
    point = transaction.savepoints[-1]
    point.portals = frozenset(ctx.session.portals.values())
    point.locks = transaction.lock_marks()
    transaction.forget_snapshot()
    return "SAVEPOINT"


def _release(ctx: Any, statement: Any) -> str:
    _block(ctx, "RELEASE SAVEPOINT").release_savepoint(statement.savepoint_name)
    return "RELEASE"


def _rollback_to(ctx: Any, statement: Any) -> str:
    session = ctx.session
    transaction = _block(ctx, "ROLLBACK TO SAVEPOINT")
    transaction.rollback_to(statement.savepoint_name)
    session.failed = False
    point = transaction.savepoints[-1]
    transaction.release_locks_after(point.locks)
    for name, portal in list(session.portals.items()):
        if portal.declared and portal not in point.portals:
            session.close_portal(name)
    session.settings_changed()
    return "ROLLBACK"


def _prepare(ctx: Any, statement: Any) -> Any:
    session = ctx.session
    transaction = session.transaction
    if session.failed:
        session.rollback_failed()
        return "ROLLBACK"
    if transaction is None or not transaction.explicit:
        text = "there is no transaction in progress"
        ctx.notice(Notice(text, sqlstate=NO_ACTIVE_SQL_TRANSACTION, severity="WARNING"))
        return "ROLLBACK"
    return _prepare_steps(session, statement.gid)


def _prepare_steps(session: Any, gid: str) -> Generator[Any, Any, str]:
    yield from prepare(session, gid)
    return "PREPARE TRANSACTION"


def _finish(ctx: Any, statement: Any) -> Generator[Any, Any, str]:
    commit = statement.kind.name == "TRANS_STMT_COMMIT_PREPARED"
    tag = "COMMIT PREPARED" if commit else "ROLLBACK PREPARED"
    ctx.session.require_no_block(tag)
    yield from finish(ctx.session, statement.gid, commit)
    return tag


_KINDS = {
    "TRANS_STMT_BEGIN": _begin,
    "TRANS_STMT_START": _begin,
    "TRANS_STMT_COMMIT": _commit,
    "TRANS_STMT_ROLLBACK": _rollback,
    "TRANS_STMT_SAVEPOINT": _savepoint,
    "TRANS_STMT_RELEASE": _release,
    "TRANS_STMT_ROLLBACK_TO": _rollback_to,
    "TRANS_STMT_PREPARE": _prepare,
    "TRANS_STMT_COMMIT_PREPARED": _finish,
    "TRANS_STMT_ROLLBACK_PREPARED": _finish,
}


@command("ConstraintsSetStmt", tag="SET CONSTRAINTS", read_only_ok=True)
def set_constraints(ctx: Any, statement: ast.ConstraintsSetStmt) -> Any:
    """SET CONSTRAINTS {ALL | names} {DEFERRED | IMMEDIATE}."""
    from ..run.deferred import set_constraint_modes

    return set_constraint_modes(ctx, statement)
