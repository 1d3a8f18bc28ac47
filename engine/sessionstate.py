"""A session's state: settings, roles, catalogs, temporary objects, advisory locks."""

import time
from asyncio import Future
from collections import deque
from collections.abc import Mapping
from typing import Any

from gaveldb.journal.api import Hold

from .api import Output
from .errors import Notice, SqlError
from .faults import SessionFaults
from .portal import Portal, PreparedStatement, StatementContext
from .sqlstates import (
    ACTIVE_SQL_TRANSACTION,
)
from .temporary import TemporaryStore
from .transaction import EPOCH_OFFSET_US, Transaction

TEMPORARY_ROWID_FIRST = 1 << 62


class SessionState:
    """What the other parts of a Session work on."""

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
        self.engine = engine
        self.database = database
        self.pid = pid
        self.peer = peer
        self.user = user
        self.session_role = role
        self.role = role
        self.login_role = role
        self.settings = settings
        if settings.get("role") != "none":
            self._start_as(settings)
        self.output: Output = output
        self.transaction: Transaction | None = None
        self.failed = False
        self.temporary = TemporaryStore()
        self.temporary_namespace = 0
        self.prepared_statements: dict[str, PreparedStatement] = {}
        self.portals: dict[str, Portal] = {}
        self.last_values: dict[int, int] = {}  # currval
        self.last_sequence = 0
        self.backend_start = time.time_ns() // 1000 - EPOCH_OFFSET_US
        self.query_start = 0
        self.current_query = ""
        self.cancelled: SqlError | None = None
        self.waiting: Any = None  # the Future that the running command waits for
        self.in_implicit_block = False  # several statements in one simple query
        self.trigger_depth = 0  # how many trigger functions run
        self.functions: dict[Any, Any] = {}  # state of functions that keep some, e.g. random()
        self._on_commit: dict[int, str] = {}  # temporary tables: ONCOMMIT_DROP, ONCOMMIT_DELETE_ROWS
        self._temporary_rows: dict[int, dict[int, Any]] = {}
        self._temporary_next = TEMPORARY_ROWID_FIRST
        self._catalog: Any = None
        self._catalog_base: Any = None
        self._spare: Transaction | None = None
        self.advisory_holds: dict[int, Hold] = {}  # advisory locks held for the session, by mode
        self.committing: Any = None  # the Future of a COMMIT, which must hear itself what comes of it
        self.faults: SessionFaults | None = None  # the conflicts on purpose that concern the session
        self.last_commit: tuple[Future[int], int] | None = None  # (its tau, when its transaction began)
        self.lock_waits: deque[tuple[int, int]] = deque(maxlen=64)  # (since 1970, for how long: us)
        self.on_cancel: Any = None  # set by the server: cancels what runs, ends the connection
        self.on_terminate: Any = None
        self._driven: Portal | None = None  # the portal that runs at present
        self._replay: list[Any] | None = []
        self._replay_mark = -1
        self._tag_mark = -1  # in the output: where CommandComplete of the latest statement begins
        self._plan_settings: Any = None
        self._plan_settings_version = -1
        self._analyze_context: Any = None

    @property
    def status(self) -> bytes:
        """The transaction status of ReadyForQuery."""
        if self.failed:
            return b"E"
        transaction = self.transaction
        return b"T" if transaction is not None and transaction.explicit else b"I"

    @property
    def catalog(self) -> Any:
        """The catalogs as the next statement sees them."""
        transaction = self.transaction
        if transaction is not None and transaction.snapshot is not None:
            return transaction.catalog
        return self.current_catalog()

    def current_catalog(self) -> Any:
        """The database's newest catalogs, with this session's temporary objects."""
        shared = self.database.catalog
        if not self._temporary_rows:
            return shared
        if shared is not self._catalog_base:
            self._catalog_base = shared
            self._catalog = shared.evolve(self._temporary_rows)
        return self._catalog

    def temporary_catalog_rowid(self) -> int:
        """A row id for a catalog row of a temporary object."""
        self._temporary_next += 1
        return self._temporary_next

    def merge_temporary_catalog(self, changes: dict[int, dict[int, Any]]) -> None:
        """Catalog rows of temporary objects that a transaction has committed."""
        for relid, rows in changes.items():
            mine = self._temporary_rows.setdefault(relid, {})
            for rowid, row in rows.items():
                if row is None:
                    mine.pop(rowid, None)
                else:
                    mine[rowid] = row
        self._catalog_base = None

    def plan_settings(self) -> Any:
        """What plans depend on besides the catalogs: a hashable value."""
        settings = self.settings
        if settings.version != self._plan_settings_version:
            self._plan_settings_version = settings.version
            self._plan_settings = (
                self.role,
                self.session_role,
                self.temporary_namespace,
                settings.plan_key(),
            )
            self._analyze_context = None
        return self._plan_settings

    def settings_changed(self) -> None:
        """The role or something else outside `settings` that plans depend on has changed."""
        self._plan_settings_version = -1

    def search_path(self, catalog: Any) -> tuple[int, ...]:
        """The effective search path: namespace oids, pg_temp and pg_catalog included."""
        key = ("search_path", self.settings.search_path, self.role, self.temporary_namespace)
        path = catalog.cache.get(key)
        if path is None:
            from .catalog.namespaces import effective_search_path

            path = effective_search_path(
                catalog, self.settings.search_path, self.role, self.temporary_namespace
            )
            catalog.cache[key] = path
        return path

    def analyze_context(self) -> Any:
        """The AnalyzeContext of engine/bind for the session's current catalog."""
        from .bind.parse_state import AnalyzeContext

        catalog = self.catalog
        context = StatementContext(self, (), "")
        context.catalog = catalog
        context.transaction = self.transaction
        transaction = self.transaction
        now = time.time_ns() // 1000 - EPOCH_OFFSET_US
        context.transaction_timestamp = transaction.transaction_timestamp if transaction is not None else now
        context.statement_timestamp = transaction.statement_timestamp if transaction is not None else now
        return AnalyzeContext(
            catalog=catalog,
            search_path=self.search_path(catalog),
            role=self.role,
            settings=self.settings,
            ctx=context,
            temp_namespace=self.temporary_namespace,
        )

    def renew_catalog(self, context: StatementContext) -> None:
        """Go on with the catalogs as they are after a wait for a lock on a relation."""
        assert self.transaction is not None
        self.transaction.renew_catalog()
        context.attach(self.transaction)

    def send_notice(self, notice: Notice) -> None:
        """A notice to the client, if client_min_messages lets it through."""
        if self.settings.lets_through(notice.severity):
            self.output.notice(notice)

    def parameters(self) -> Mapping[str, str]:
        """The settings that are reported to the client."""
        return self.settings.reported()

    def on_commit_action(self, oid: int, action: str | None) -> None:
        """What COMMIT does with a temporary table: ONCOMMIT_DROP, ONCOMMIT_DELETE_ROWS or None."""
        if action is None:
            self._on_commit.pop(oid, None)
        else:
            self._on_commit[oid] = action

    def on_commit_tables(self) -> list[tuple[int, str]]:
        """The temporary tables with an action."""
        return list(self._on_commit.items())

    def require_no_block(self, what: str) -> None:
        """25001 inside a transaction block."""
        transaction = self.transaction
        if self.in_implicit_block or (transaction is not None and transaction.explicit):
            raise SqlError(ACTIVE_SQL_TRANSACTION, f"{what} cannot run inside a transaction block")

    def listening(self) -> list[str]:
        """The channels that the session listens to."""
        return sorted(name for name, who in self.engine.listeners.items() if self in who)

    def parse_state(self, source: str) -> Any:
        """A fresh ParseState of engine/bind for expressions of utility statements."""
        from .bind.parse_state import make_parsestate

        return make_parsestate(self.analyze_context(), source)

    def set_role(self, role: int, *, session_authorization: bool = False) -> None:
        """SET ROLE, SET SESSION AUTHORIZATION."""
        self.role = role
        if session_authorization:
            self.session_role = role
        self.settings_changed()

    def _start_as(self, settings: Any) -> None:
        """The role that ALTER ROLE ... SET role gives a new session, if it may be that."""
        from .catalog.privileges import member_can_set_role

        rows = settings.catalog.pg_authid.find("rolname", settings.get("role"))
        if rows and member_can_set_role(settings.catalog, self.login_role, rows[0].oid):
            self.role = rows[0].oid

    def role_name(self) -> str:
        """The current role's name."""
        return self.current_catalog().role_name(self.role)

    def allow_system_table_mods(self) -> bool:
        """The setting allow_system_table_mods."""
        return self.settings.get("allow_system_table_mods") == "on"

    def reset_authorization(self) -> None:
        """Back to the role that logged in."""
        self.role = self.session_role = self.login_role
        self.settings_changed()

    def release_advisory_locks(self) -> None:
        """Give back the session's advisory locks."""
        self.database.advisory.unlock_all(self)
