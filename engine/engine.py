"""The engine: databases, sessions, and what they share, over one opened storage.

At the first start the shared environment gets its few rows (the databases template1, template0 and
postgres; the role postgres is built in). All else of PostgreSQL's catalogs is data of the program,
so there is no initdb.
"""

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from gaveldb.journal.api import Batch, CommitGroup, CommitRequest, KeyRange, scattered
from gaveldb.journal.errors import CommitTooLarge, JournalFull, SerializationFailure
from gaveldb.storage.api import SHARED_DATABASE, create_database_write, open_storage, row_key
from gaveldb.storage.errors import StorageFull

from .api import Output
from .database import CATALOG_RELATION_LAST, Database, catalog_rows
from .errors import SqlError
from .faults import ServerFaults, arm_new
from .literals import LiteralPlans
from .session import Session
from .sqlstates import (
    DISK_FULL,
    INVALID_AUTHORIZATION_SPECIFICATION,
    INVALID_CATALOG_NAME,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    PROGRAM_LIMIT_EXCEEDED,
    T_R_SERIALIZATION_FAILURE,
    TOO_MANY_CONNECTIONS,
)
from .twophase import restore

log = logging.getLogger("gaveldb.engine")

FIRST_NORMAL_OID = 16_384
OIDS_RESERVED = 8_192  # PostgreSQL's VAR_OID_PREFETCH
OID_KEY = row_key(1, 1)
CATALOG_KEYS_END = CATALOG_RELATION_LAST.to_bytes(4, "big")
LEISURE_QUEUE = 4  # so many wait for locks: syncs may come a little later
POSTGRES_OID = 5
RECURSION_LIMIT = 8_000  # expressions nest: 1000 terms of a sum are as many levels of the tree
TEMPLATE1_OID = 1
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class GavelEngine:
    """One running database server without its network side (engine/api.py)."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.dsql = bool(config.get("dsql"))
        self.limits: Any = None  # of the dsql mode
        self.jobs: Any = None  # of the dsql mode: dsql/jobs.py
        self._session_class: type[Session] = Session
        self._server_settings: Mapping[str, str] | None = None
        if self.dsql:
            from .dsql import rules
            from .dsql.limits import Limits
            from .dsql.session import DsqlSession

            self.limits = Limits(config.get("dsql_limits") or ())
            self._session_class = DsqlSession
            self._server_settings = rules.SERVER_SETTINGS
        self._command_line: Mapping[str, str] = {}
        if config.get("settings"):
            from .commandline import server_settings

            self._command_line = server_settings(config["settings"])
        self.databases: dict[int, Database] = {}
        self.sessions: dict[int, Session] = {}
        self.listeners: dict[str, set[Session]] = {}
        self.literal_plans = LiteralPlans()
        self.storage: Any = None
        self._handle: Any = None
        self.committer: Any = None
        self._send: Any = None  # the committer's
        self._flush: Any = None
        self.committed_since: Any = None  # the committer's
        self.blocks = 0  # open transaction blocks
        self.faults = ServerFaults()
        self.prepared: dict[str, Any] = {}  # twophase.Prepared by identifier
        self.max_prepared = int(config.get("max_prepared_transactions") or 0)
        # Numbers that are not given again after a restart, unless there were 1000 a second before it.
        self.next_xid = count(1000 + time.time_ns() // 1_000_000 % 2**31).__next__
        self._shared_rows: list[tuple[int, int, bytes]] = []
        self._next_oid = 0
        self._oids_left = 0
        self._oid_reservation: Any = None
        self._awaited: list[tuple[int, asyncio.Future[None]]] = []

    # --- opening and closing --------------------------------------------------------------------

    async def open(self) -> None:
        """Recover the storage and load the catalogs of the default database."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
        directory = self.config.get("data_dir")
        if self.config.get("in_memory"):
            directory = None
        self._handle = open_storage(
            Path(directory) if directory is not None else None,
            journals=int(self.config.get("journals", 1) or 1),
        )
        self.storage = self._handle.storage
        self.committer = self._handle.committer
        self._send = self._handle.committer.commit
        self._flush = self._handle.committer.flush
        self.committed_since = self._handle.committer.committed_since
        self._handle.feed.subscribe(
            [KeyRange(b"\x00" * 4, b"\xff" * 4)], self.current_tau(), self._applied, synchronous=True
        )
        snapshot = self.storage.snapshot(SHARED_DATABASE)
        try:
            stored = snapshot.get(OID_KEY)
            self._shared_rows = list(catalog_rows(snapshot))
        finally:
            snapshot.close()
        self._next_oid = _unpack(stored) if stored is not None else FIRST_NORMAL_OID
        missing = [oid for oid in (TEMPLATE1_OID, POSTGRES_OID) if oid not in set(self.storage.databases())]
        if missing:
            writes: dict[bytes, bytes | None] = dict(create_database_write(oid, None) for oid in missing)
            await self.commit(CommitRequest(self.current_tau(), writes))
        self.committer.before_unsettled = self._before_unsettled
        self.committer.after_settled = self._after_settled
        self.committer.at_leisure = self._at_leisure
        self.database(POSTGRES_OID, "postgres")
        snapshot = self.storage.snapshot(SHARED_DATABASE)
        try:
            restore(self, snapshot)
        finally:
            snapshot.close()
        if self.dsql:
            from .dsql.session import make_admin

            await make_admin(self)
            from .dsql.iam import convert_mappings
            from .dsql.jobs import Jobs

            self.jobs = Jobs(self)
            await self.jobs.transact(lambda ctx: convert_mappings(ctx.transaction), holds_size=False)
            self.jobs.open()

    async def close(self) -> None:
        """Clean shutdown: exact sequence values, then the storage."""
        if self.jobs is not None:
            await self.jobs.close()
        for session in list(self.sessions.values()):
            session.close()
        writes: dict[bytes, bytes | None] = {}
        for database in self.databases.values():
            writes.update(database.sequences.flush())
        if writes:
            await self.commit(CommitRequest(self.adjudicated_tau(), writes))
        self.committer.before_unsettled = self.committer.after_settled = self.committer.at_leisure = None
        for database in self.databases.values():
            database.forget_settled()
            database.retire_snapshot()
        await self._handle.close()

    def database(self, oid: int, name: str) -> Database:
        """The state of a database, loaded when it is first used."""
        database = self.databases.get(oid)
        if database is None:
            database = Database(self, oid, name)
            database.load(self._shared_rows)
            self.databases[oid] = database
        return database

    def _applied(self, batch: Batch) -> None:
        """Catalog changes, in the same loop turn in which the store has applied them."""
        for database in self.databases.values():
            database.retire_snapshot()
        if self._awaited:
            self._tell_awaiting(batch.upto)
        if not batch.commits:
            return
        for database in self.databases.values():
            if not database.columns.empty:
                prefix = database.oid.to_bytes(4, "big")
                for commit in batch.commits:
                    database.forget_columns(commit, prefix)
        for commit in batch.commits:
            by_database: dict[int, dict[bytes, bytes | None]] = {}
            entries = scattered(commit.writes)
            for key in [key for key in entries if key[4:8] < CATALOG_KEYS_END]:
                if len(key) == 16:
                    by_database.setdefault(int.from_bytes(key[:4], "big"), {})[key] = entries[key]
            for oid, writes in by_database.items():
                changes = Batch(batch.upto, [commit._replace(writes=writes)])
                if oid == SHARED_DATABASE:
                    self._remember_shared(writes)
                    for database in self.databases.values():
                        database.apply(changes, shared=True)
                elif oid in self.databases:
                    self.databases[oid].apply(changes, shared=False)

    def _before_unsettled(self) -> None:
        for database in self.databases.values():
            database.keep_settled()

    def _after_settled(self) -> None:
        for database in self.databases.values():
            database.renew_settled()

    def _at_leisure(self) -> bool:
        return sum([database.locks.queued() for database in self.databases.values()]) >= LEISURE_QUEUE

    def applied(self, tau: int) -> "asyncio.Future[None] | None":
        """None if the commit at `tau` is applied, else a Future of that."""
        if tau <= self.storage.current_tau:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((tau, future))
        return future

    def _tell_awaiting(self, upto: int) -> None:
        awaited, self._awaited = self._awaited, []
        for tau, future in awaited:
            if tau > upto:
                self._awaited.append((tau, future))
            elif not future.done():
                future.set_result(None)

    def _remember_shared(self, writes: dict[bytes, bytes | None]) -> None:
        changed = {
            (int.from_bytes(k[4:8], "big"), int.from_bytes(k[8:16], "big")): v for k, v in writes.items()
        }
        rows = [row for row in self._shared_rows if (row[0], row[1]) not in changed]
        rows += [
            (relid, rowid, value)
            for (relid, rowid), value in changed.items()
            if value is not None and relid > 999
        ]
        self._shared_rows = rows

    # --- the pipeline -----------------------------------------------------------------------------

    def commit(self, request: CommitRequest, applied: Callable[[], None] | None = None) -> Any:
        """Send a request to the adjudicator; a Future of its tau. `applied`: see journal.api.Committer."""
        return self._send(request, applied, crowded=self.blocks > 1)

    def commit_alone(
        self,
        request: CommitRequest,
        acknowledge: Callable[[], None] | None,
        applied: Callable[[], None] | None,
    ) -> Any:
        """As commit, for a transaction block; if there is no other, nobody else's commit is waited for.
        `acknowledge`: see journal.api.Committer.flush."""
        if self.blocks > 1:
            return self._send(request, applied, crowded=True)
        future = self._send(request)
        if not future.done():  # it is when the commit was refused
            self._flush(acknowledge)
        return future

    def commit_group(self, tau: int) -> CommitGroup | None:
        """See journal.api.Committer.group_of."""
        group: CommitGroup | None = self._handle.committer.group_of(tau)
        return group

    def reservation(self) -> Any:
        """The reservation of oids that must be durable before any commit that may use them."""
        reservation, self._oid_reservation = self._oid_reservation, None
        return reservation

    def is_reserving(self) -> bool:
        """Whether `reservation` has one to wait for."""
        return self._oid_reservation is not None

    def adjudicated_tau(self) -> int:
        """The newest tau that the adjudicator has given: the base for writes that only this process
        makes, one after another, without waiting for each to be applied."""
        return self._handle.pipeline.adjudicated_tau

    def current_tau(self) -> int:
        """The newest applied tau."""
        return self.storage.current_tau

    def applied_tau(self, database: int) -> int:
        """The tau that a snapshot of this database opened now would have."""
        return self.storage.current_tau

    def new_oid(self) -> int:
        """A fresh oid; blocks of them are reserved in the journal."""
        if self._oids_left == 0:
            self._oids_left = OIDS_RESERVED
            key = SHARED_DATABASE.to_bytes(4, "big") + OID_KEY
            request = CommitRequest(self.adjudicated_tau(), {key: _pack(self._next_oid + OIDS_RESERVED)})
            self._oid_reservation = self.commit(request)
        self._oids_left -= 1
        oid = self._next_oid
        self._next_oid += 1
        return oid

    def commit_error(self, error: BaseException) -> BaseException:
        """What the client is told when its COMMIT failed."""
        if isinstance(error, SerializationFailure):
            if self.dsql:
                from .dsql import rules

                key = error.key
                catalog = error.catalog or (key is not None and key[4:8] < CATALOG_KEYS_END)
                message = rules.SCHEMA_CHANGED if catalog else rules.CONFLICT
                return SqlError(T_R_SERIALIZATION_FAILURE, message)
            return SqlError(T_R_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update")
        if isinstance(error, (JournalFull, StorageFull, OSError)):
            return SqlError(DISK_FULL, f"could not commit: {error}", hint="Check free disk space.")
        if isinstance(error, CommitTooLarge):
            return SqlError(PROGRAM_LIMIT_EXCEEDED, f"the transaction is too large: {error}")
        return error

    # --- sessions -----------------------------------------------------------------------------------

    def is_iam_mapped(self, user: str) -> bool:
        """See api.Engine."""
        from .dsql.iam import is_mapped

        return is_mapped(self, user)

    def verifier(self, user: str) -> str | None:
        """The stored password verifier of a role."""
        catalog = self.databases[POSTGRES_OID].catalog
        for row in catalog.pg_authid.find("rolname", user):
            return row.rolpassword
        return None

    def open_session(
        self, user: str, database: str, options: Mapping[str, str], output: Output, *, pid: int, peer: str
    ) -> Session:
        """A session for an authenticated user; FATAL errors as PostgreSQL's InitPostgres."""
        from .functions.loader import load_types
        from .settings import Settings

        load_types()
        catalog = self.databases[POSTGRES_OID].catalog
        roles = catalog.pg_authid.find("rolname", user)
        if not roles:
            raise SqlError(
                INVALID_AUTHORIZATION_SPECIFICATION, f'role "{user}" does not exist', severity="FATAL"
            )
        role = roles[0]
        if not role.rolcanlogin:
            raise SqlError(
                INVALID_AUTHORIZATION_SPECIFICATION,
                f'role "{user}" is not permitted to log in',
                severity="FATAL",
            )
        rows = catalog.pg_database.find("datname", database)
        if not rows:
            raise SqlError(INVALID_CATALOG_NAME, f'database "{database}" does not exist', severity="FATAL")
        row = rows[0]
        if not row.datallowconn:
            raise SqlError(
                OBJECT_NOT_IN_PREREQUISITE_STATE,
                f'database "{database}" is not currently accepting connections',
                severity="FATAL",
            )
        for limit, used, what in (
            (
                row.datconnlimit,
                sum(s.database.oid == row.oid for s in self.sessions.values()),
                f'database "{database}"',
            ),
            (
                role.rolconnlimit,
                sum(s.login_role == role.oid for s in self.sessions.values()),
                f'role "{user}"',
            ),
        ):
            if limit >= 0 and used >= limit and not role.rolsuper:
                raise SqlError(TOO_MANY_CONNECTIONS, f"too many connections for {what}", severity="FATAL")
        state = self.database(row.oid, database)
        if self.dsql:
            from .dsql.session import check_start

            check_start(row.oid, database, options)
        settings = Settings(state.catalog, role, row.oid, options, self._server_settings, self._command_line)
        settings.of_command_line("max_prepared_transactions", str(self.max_prepared))
        session = self._session_class(self, state, role.oid, output, settings, pid=pid, peer=peer, user=user)
        settings.session = session
        self.sessions[pid] = session
        arm_new(session)
        return session

    def forget_session(self, session: Session) -> None:
        """A closed session."""
        if self.sessions.get(session.pid) is session:
            del self.sessions[session.pid]
        for channel in [name for name, who in self.listeners.items() if session in who]:
            self.unlisten(session, channel)

    # --- LISTEN and NOTIFY ----------------------------------------------------------------------------

    def listen(self, session: Session, channel: str) -> None:
        """From now on the session hears the channel."""
        self.listeners.setdefault(channel, set()).add(session)

    def unlisten(self, session: Session, channel: str) -> None:
        """No more."""
        who = self.listeners.get(channel)
        if who is not None:
            who.discard(session)
            if not who:
                del self.listeners[channel]

    def notify(self, sender: Session, notifications: list[tuple[str, str]]) -> None:
        """Deliver a committed transaction's notifications."""
        for channel, payload in notifications:
            for session in list(self.listeners.get(channel, ())):
                session.output.notification(sender.pid, channel, payload)


def open_engine(config: Mapping[str, Any]) -> GavelEngine:
    """An engine; `await engine.open()` before use. Keys of config: data_dir, in_memory, journals, dsql."""
    return GavelEngine(config)
