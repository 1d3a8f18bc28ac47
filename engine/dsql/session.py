"""A session of the dsql mode: OC001, one DDL per transaction, the limits of a transaction, no retries."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from gaveldb.journal.errors import SerializationFailure

from ..api import Output
from ..errors import SqlError
from ..portal import Portal
from ..session import Session
from ..settings import startup_options
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_CATALOG_NAME,
    T_R_SERIALIZATION_FAILURE,
)
from ..statement import Plan
from ..transaction import EPOCH_OFFSET_US, Transaction
from . import rules
from .check import unsettable
from .syscatalog import FIRST_SYS_OID, TABLES
from .transaction import DsqlTransaction

FIRST_NORMAL_OID = 16_384
POSTGRES_OID = 5
ADMIN = "admin"
MAKE_ADMIN = f"CREATE ROLE {ADMIN} LOGIN CREATEROLE"
DEMOTE_ADMIN = f"ALTER ROLE {ADMIN} NOSUPERUSER"  # older versions made a superuser
ADMIN_STATEMENTS = (  # the last one shows that all are done
    "REVOKE ALL ON SCHEMA public FROM public",
    f"ALTER DATABASE postgres OWNER TO {ADMIN}",
)


_TOUCHING = frozenset(("CopyStmt", "ExplainStmt", "ExecuteStmt"))  # utilities that use tables


class DsqlSession(Session):
    """Session, with what Aurora DSQL does differently before a statement and before COMMIT."""

    def __init__(
        self,
        engine: Any,
        database: Any,
        role: int,
        output: Output,
        settings: Any,
        *,
        pid: int,
        peer: str,
        user: str,
    ) -> None:
        super().__init__(engine, database, role, output, settings, pid=pid, peer=peer, user=user)
        self._known: Any = self.database.catalog  # the catalogs that the session's cache has
        self.holds_size = True  # whether a full cluster refuses what it writes

    async def _run(self, portal: Portal, output: Output, row_limit: int, *, describe: bool = False) -> None:
        plan = portal.plan
        assert plan is not None
        if not portal.started and not self.failed:
            self._before(plan)
        await super()._run(portal, output, row_limit, describe=describe)

    def execute(self, portal: Portal, row_limit: int, output: Output) -> Any:
        """Execute, always by `_run`."""
        return self._execute_slowly(portal, row_limit, output)

    def _before(self, plan: Plan) -> None:
        """Whether the transaction may have this statement."""
        ddl = plan.node in rules.DDL
        copies = plan.node == "CopyStmt"
        touches = plan.node in _TOUCHING
        if plan.utility is not None and not (ddl or touches):
            return
        self._begin_statement()
        transaction = self.transaction
        assert isinstance(transaction, DsqlTransaction)
        transaction.in_ddl = ddl
        self._check_age(transaction)
        dml = bool(plan.utility.is_from) if copies else plan.utility is None and not plan.read_only
        if ddl and transaction.has_ddl:
            raise SqlError(FEATURE_NOT_SUPPORTED, rules.SECOND_DDL)
        if (ddl and transaction.has_dml) or (dml and transaction.has_ddl):
            raise SqlError(FEATURE_NOT_SUPPORTED, rules.DDL_AND_DML)
        transaction.has_ddl |= ddl
        transaction.has_dml |= dml
        planned = plan.planned
        query = plan.query
        if query is not None and query.resultRelation:
            relid = query.rtable[query.resultRelation - 1].relid
            if relid >= FIRST_SYS_OID:  # the text is inferred
                raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for table {TABLES[relid][0]}")
        if touches or (
            planned is not None and any(FIRST_NORMAL_OID <= oid < FIRST_SYS_OID for oid in planned.relations)
        ):
            transaction.touched = True
            self._check_catalog()

    def _check_catalog(self) -> None:
        """OC001, once, if anybody has changed the catalogs."""
        current = self.database.catalog
        known, self._known = self._known, current
        if known is not None and known is not current:
            raise SqlError(T_R_SERIALIZATION_FAILURE, rules.SCHEMA_CHANGED)

    def know_catalog(self) -> None:
        """The session has been told of all changes so far."""
        self._known = self.database.catalog

    def _check_age(self, transaction: Transaction) -> None:
        now = time.time_ns() // 1000 - EPOCH_OFFSET_US
        age = (now - transaction.transaction_timestamp) // 1_000_000
        self.engine.limits.check("transaction_seconds", age)

    def commit_steps(self) -> Iterator[Any]:
        """COMMIT, after the checks that are made there."""
        transaction = self.transaction
        assert isinstance(transaction, DsqlTransaction)
        try:
            self._check_age(transaction)
            if transaction.touched:
                self._check_catalog()
            if transaction.has_dml:
                self.engine.limits.check("transaction_bytes", transaction.size())
            if self.holds_size and (transaction.written or transaction.shared_writes):
                storage = self.engine.storage
                self.engine.limits.check("storage_bytes", sum(map(storage.size, storage.databases())))
        except SqlError:
            self._abort()
            raise
        yield from super().commit_steps()

    def ends_quietly(self) -> bool:
        """Never, if there is something to check at COMMIT."""
        transaction = self.transaction
        assert isinstance(transaction, DsqlTransaction)
        return not (transaction.touched or transaction.has_writes) and super().ends_quietly()

    def _committed(self, transaction: Transaction) -> None:
        changed = transaction.changed_catalog() or bool(transaction.shared_writes)
        super()._committed(transaction)
        if changed:
            self._known = self.database.catalog

    def _commit_lost(self, error: BaseException) -> Any:
        if isinstance(error, SerializationFailure):
            self._known = None  # what the next statement finds
        return super()._commit_lost(error)


def check_start(database: int, name: str, options: Mapping[str, str]) -> None:
    """The start-up packet: FATAL for another database than the one, or a parameter off the list."""
    if database != POSTGRES_OID:
        # the text is inferred
        raise SqlError(INVALID_CATALOG_NAME, f'database "{name}" does not exist', severity="FATAL")
    for name, _ in startup_options(options):
        if not rules.is_settable(name):
            error = unsettable(name)
            error.severity = "FATAL"
            raise error


class Nobody:
    """The output of a session that no client has."""

    def command_complete(self, tag: str) -> None: ...

    def notice(self, notice: Any) -> None: ...

    def parameter_status(self, name: str, value: str) -> None: ...

    def drained(self) -> None:
        return None

    def mark(self) -> int:
        return 0

    def rewind(self, mark: int) -> bool:
        return False


def _undone(catalog: Any) -> Iterator[str]:
    rows = catalog.pg_authid.find("rolname", ADMIN)
    if not rows:
        yield MAKE_ADMIN
    elif rows[0].rolsuper:
        yield DEMOTE_ADMIN
    owner = catalog.role_name(catalog.pg_database.get(POSTGRES_OID).datdba)
    if owner != ADMIN:
        yield from ADMIN_STATEMENTS


async def make_admin(engine: Any) -> None:
    """The role admin, which every cluster has: no superuser, but the owner of the database, and so of the
    schema public (the privileges are inferred from what it can do). What an older version, or one that was
    stopped on the way, has left undone is done now."""
    output: Any = Nobody()
    session = engine.open_session("postgres", "postgres", {}, output, pid=0, peer="")
    session.faults = None
    try:
        for statement in _undone(session.catalog):
            await session.simple_query(statement, output)
    finally:
        session.close()
