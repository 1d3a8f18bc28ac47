"""Settings: one session's configuration parameters (PostgreSQL's GUC).

1. Definitions are the rows of catalog/data/settings.py. A typed value (bool, int, float, str) is what
   is kept; text is made for SHOW.
2. Layers: server default < command line < ALTER DATABASE / ROLE < connection start-up < SET < SET LOCAL.
   `_reset` holds the first four, `_values` what is in force.
3. Every change inside a transaction is in `_undo`; rolling back (to a mark) undoes it in reverse.
   `_locals` remembers what a SET LOCAL hides, to come back at the end of the transaction.
4. Any setting is also an attribute in lower case, as typed value: settings.enable_seqscan,
   settings.work_mem. `search_path` is the tuple of names, `datestyle` (style, order),
   `timezone` the zone's name.
"""

import re
import sys
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from .catalog.namespaces import split_identifier_list
from .catalog.quoting import quote_identifier
from .errors import SqlError
from .faults import FAULT_SEED, FAULT_SETTINGS, arm, begin_sequence
from .settingchecks import CHECKS, ENCODINGS
from .settingvalues import format_value, invalid_value, parse_value
from .sqlstates import (
    ACTIVE_SQL_TRANSACTION,
    CANT_CHANGE_RUNTIME_PARAM,
    INSUFFICIENT_PRIVILEGE,
    INVALID_NAME,
    INVALID_PARAMETER_VALUE,
    UNDEFINED_OBJECT,
)


class Definition(NamedTuple):
    """One parameter; columns as in pg_settings."""

    name: str
    setting: str
    unit: str | None
    category: str
    short_desc: str
    extra_desc: str | None
    context: str
    vartype: str
    min_val: str | None
    max_val: str | None
    enumvals: tuple[str, ...] | None
    boot_val: str | None
    flags: tuple[str, ...]


REPORTED = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "scram_iterations",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
)
_REPORTED = frozenset(name.lower() for name in REPORTED)
# what the meaning of a statement may depend on besides the catalogs
_PLAN_SETTINGS = (
    "search_path",
    "timezone",
    "datestyle",
    "intervalstyle",
    "transform_null_equals",
    "array_nulls",
    "backslash_quote",
    "standard_conforming_strings",
    "default_text_search_config",
    "xmloption",
    "bytea_output",
    "extra_float_digits",
    "row_security",
    "work_mem",
    "client_encoding",
    "quote_all_identifiers",
    "lc_monetary",
    "check_function_bodies",
    "from_collapse_limit",
    "join_collapse_limit",
    "plan_cache_mode",
)
_QUOTED_LISTS = frozenset(
    {
        "search_path",
        "temp_tablespaces",
        "session_preload_libraries",
        "local_preload_libraries",
        "shared_preload_libraries",
        "unix_socket_directories",
    }
)
_LISTS = _QUOTED_LISTS | {
    "datestyle",
    "log_destination",
    "listen_addresses",
    "synchronous_standby_names",
    "wal_consistency_checking",
    "debug_io_direct",
    "createrole_self_grant",
    "log_connections",
    "synchronized_standby_slots",
    "restrict_nonsystem_relation_kind",
}
_OBSOLETE_NAMES = {
    "sort_mem": "work_mem",
    "vacuum_mem": "maintenance_work_mem",
    "ssl_ecdh_curve": "ssl_groups",
}
_LEVELS = {
    "debug5": 0,
    "debug4": 1,
    "debug3": 2,
    "debug2": 3,
    "debug1": 4,
    "debug": 3,
    "log": 5,
    "info": 6,
    "notice": 7,
    "warning": 8,
    "error": 9,
}
_RESERVED_PREFIXES = ("plpgsql", "gaveldb")
_MISSING: Any = object()
_CUSTOM_NAME = re.compile(
    r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*"
    r"(?:\.[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)+\Z"
).match


@lru_cache(1)
def definitions() -> dict[str, Definition]:
    """Lower-case name -> definition, in pg_settings' order."""
    from .catalog.data import own
    from .catalog.data import settings as data

    out = {}
    for row in msgspec.json.Decoder(tuple).decode_lines(data.ROWS + own.SETTINGS):
        enumvals = None if row[10] is None else tuple(row[10])
        out[row[0].lower()] = Definition._make((*row[:10], enumvals, row[11], tuple(row[12] or ())))
    for name, kind, default, values in (
        ("plpgsql.check_asserts", "bool", "on", None),
        ("plpgsql.extra_errors", "string", "none", None),
        ("plpgsql.extra_warnings", "string", "none", None),
        ("plpgsql.print_strict_params", "bool", "off", None),
        ("plpgsql.variable_conflict", "enum", "error", ("error", "use_variable", "use_column")),
    ):
        out[name] = Definition(
            name,
            default,
            None,
            "Customized Options",
            "",
            None,
            "user",
            kind,
            None,
            None,
            values,
            default,
            ("hidden",),
        )
    sys.modules.pop(data.__name__, None)  # the text is not needed again
    vars(sys.modules[data.__name__.rpartition(".")[0]]).pop("settings", None)
    return out


def parse_default(definition: Definition) -> Any:
    """The typed value of a definition's `setting`."""
    if definition.vartype == "bool":
        return definition.setting == "on"
    if definition.vartype == "integer":
        return int(definition.setting)
    if definition.vartype == "real":
        return float(definition.setting)
    return definition.setting


@lru_cache(1)
def default_values() -> dict[str, Any]:
    """Lower-case name -> typed server default."""
    return {name: parse_default(definition) for name, definition in definitions().items()}


class Settings:
    """The parameters of one session. `role`: the login role's pg_authid row."""

    def __init__(
        self,
        catalog: Any,
        role: Any = None,
        database_oid: int = 0,
        options: Mapping[str, str] | None = None,
        server: Mapping[str, str] | None = None,
        command_line: Mapping[str, str] | None = None,
    ) -> None:
        self._catalog = catalog
        self.session: Any = None
        self.version = 0
        self._values = dict(default_values())
        self._reset = self._values
        self._custom = {name: name for name in server or () if name not in definitions()}
        self._values.update(dict.fromkeys(self._custom, ""))
        self._sources: dict[str, str] = {}
        self._undo: list[tuple[str, Any, Any, Any]] = []
        self._locals: dict[str, Any] = {}
        self._plan_key: tuple[Any, ...] | None = None
        self._superuser = role is None or role.rolsuper
        self._values["session_authorization"] = "" if role is None else role.rolname
        self._values["is_superuser"] = self._superuser
        self.statement_fast = True
        self.replica = False  # the checks of foreign keys rest
        self._starting = True
        for name in (
            "search_path",
            "datestyle",
            "timezone",
            "statement_timeout",
            "client_min_messages",
            "default_transaction_isolation",
            "client_encoding",
            "transaction_timeout",
        ):
            self._refresh(name)
        for source, given in (("configuration file", server), ("command line", command_line)):
            for name, text in (given or {}).items():
                self._start(name, text, source, ignore=False)
        if role is not None and catalog is not None:
            self._stored_defaults(database_oid, role.oid)
        if options:
            for name, text in startup_options(options):
                self._start(name, text, "client", ignore=False)
        self._starting = False
        self._reset = dict(self._values)
        self._undo.clear()

    # --- reading ------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"no setting {name}") from None

    @property
    def catalog(self) -> Any:
        """The catalogs as the session sees them now."""
        return self._catalog if self.session is None else self.session.catalog

    @property
    def dirty(self) -> bool:
        """Whether the current transaction has changed anything."""
        return bool(self._undo)

    def definition(self, name: str) -> Definition:
        """The definition; 42704 if there is no such parameter."""
        key = name.lower()
        found = definitions().get(key) or definitions().get(_OBSOLETE_NAMES.get(key, ""))
        if found is not None:
            return found
        if key in self._values:
            return Definition(
                name=self._custom[key],
                setting="",
                unit=None,
                category="Customized Options",
                short_desc="",
                extra_desc=None,
                context="user",
                vartype="string",
                min_val=None,
                max_val=None,
                enumvals=None,
                boot_val="",
                flags=(),
            )
        raise SqlError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')

    def canonical_name(self, name: str) -> str:
        """The name as PostgreSQL spells it."""
        return self.definition(name).name

    def value(self, name: str) -> Any:
        """The typed value in force."""
        definition = self.definition(name)
        return self._typed(definition.name.lower())

    def _typed(self, key: str) -> Any:
        if key.startswith("transaction_") and key != "transaction_timeout" and self.session is not None:
            transaction = self.session.transaction
            if transaction is not None:
                if key == "transaction_isolation":
                    return "read uncommitted" if transaction.uncommitted else transaction.isolation
                if key == "transaction_read_only":
                    return transaction.read_only
                if key == "transaction_deferrable":
                    return transaction.deferrable
            return self._values.get("default_" + key, self._values[key])
        return self._values[key]

    def show(self, name: str) -> str:
        """As SHOW prints it."""
        definition = self.definition(name)
        if definition.name == "seed":
            return "unavailable"
        return format_value(definition, self._typed(definition.name.lower()))

    get = show

    def reset_value(self, name: str) -> Any:
        """The typed value RESET goes back to."""
        return self._reset.get(name.lower(), "")

    def show_all(self) -> Iterable[tuple[str, str, str]]:
        """(name, setting, description) of SHOW ALL."""
        for definition in self._all():
            yield definition.name, self.show(definition.name), definition.short_desc

    def _all(self) -> list[Definition]:
        out = [d for d in definitions().values() if "hidden" not in d.flags and d.name != "is_superuser"]
        out += [self.definition(key) for key in self._custom]
        out.sort(key=lambda d: d.name.lower())
        return out

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """The rows of pg_settings (pg_show_all_settings)."""
        from .values import make_array

        for d in self._all():
            key = d.name.lower()
            reset = format_value(d, self._reset.get(key, ""), use_units=False)
            yield (
                d.name,
                format_value(d, self._typed(key), use_units=False),
                d.unit,
                d.category,
                d.short_desc,
                d.extra_desc,
                d.context,
                d.vartype,
                self._sources.get(key, "default"),
                d.min_val,
                d.max_val,
                None if d.enumvals is None else make_array(25, list(d.enumvals)),
                d.boot_val,
                reset,
                None,
                None,
                False,
            )

    def reported(self) -> dict[str, str]:
        """The ParameterStatus values."""
        return {name: self.show(name) for name in REPORTED}

    def plan_key(self) -> tuple[Any, ...]:
        """A hashable value of what the meaning and plan of a statement depend on."""
        if self._plan_key is None:
            values = self._values
            key = [values[name] for name in _PLAN_SETTINGS]
            key += [value for name, value in values.items() if name.startswith("enable_")]
            self._plan_key = tuple(key)
        return self._plan_key

    def lets_through(self, severity: str) -> bool:
        """Whether client_min_messages lets a message of this severity go to the client."""
        if severity == "INFO":
            return True
        return _LEVELS.get(severity.lower(), 9) >= self._least_level

    def statement_deadline(self) -> float | None:
        """time.monotonic() at which a statement that starts now must end; None: never."""
        timeout = self._statement_timeout
        return time.monotonic() + timeout / 1000 if timeout else None

    def start_transaction(self, transaction: Any) -> None:
        """Give a new transaction its default modes."""
        values = self._values
        level = values["default_transaction_isolation"]
        if level == "read uncommitted":
            transaction.uncommitted = True
            level = "read committed"
        transaction.isolation = level
        transaction.read_only = values["default_transaction_read_only"]
        transaction.deferrable = values["default_transaction_deferrable"]

    # --- changing -----------------------------------------------------------------------------------

    def set(self, name: str, values: Iterable[str], *, local: bool = False) -> None:
        """SET [LOCAL] name = values."""
        items = list(values)
        key = name.lower()
        if key in _QUOTED_LISTS:
            text = ", ".join([quote_identifier(item) for item in items])
        elif key in _LISTS:
            text = ", ".join(items)
        else:
            if len(items) > 1:
                raise SqlError(INVALID_PARAMETER_VALUE, f"SET {name} takes only one argument")
            text = items[0] if items else ""
        self.set_text(name, text, local=local)

    def set_text(self, name: str, text: str, *, local: bool = False, source: str = "session") -> str:
        """set_config(name, text, local): the value is given as one text. Returns it as SHOW would."""
        definition = self._settable(name)
        key = definition.name.lower()
        self._assign(definition, key, self._parse(definition, key, text), local, source)
        return self.show(name)

    def check_value(self, name: str, text: str) -> Any:
        """The typed value, without setting it (ALTER ROLE / DATABASE / FUNCTION ... SET)."""
        definition = self._settable(name, declare=False)
        return self._parse(definition, definition.name.lower(), text)

    def reset(self, name: str, *, local: bool = False) -> None:
        """RESET name, SET name TO DEFAULT."""
        definition = self._settable(name)
        key = definition.name.lower()
        self._assign(definition, key, self._reset.get(key, ""), local, "default")

    def reset_all(self) -> None:
        """RESET ALL."""
        for key, value in list(self._values.items()):
            definition = self.definition(key)
            if "NO_RESET_ALL" in definition.flags or key in (
                "role",
                "session_authorization",
                "seed",
                "is_superuser",
            ):
                continue
            if key.startswith("transaction_") and key != "transaction_timeout":
                continue
            if definition.context in ("user", "superuser") and value != self._reset.get(key, ""):
                self._assign(definition, key, self._reset.get(key, ""), False, "default")

    def mark(self) -> int:
        """A position to roll back to (SAVEPOINT)."""
        return len(self._undo)

    def rollback_to(self, mark: int) -> None:
        """Undo every change since the mark."""
        while len(self._undo) > mark:
            key, value, source, hidden = self._undo.pop()
            self._put(key, value)
            if source is None:
                self._sources.pop(key, None)
            else:
                self._sources[key] = source
            if hidden is _MISSING:
                self._locals.pop(key, None)
            else:
                self._locals[key] = hidden

    def rollback(self) -> None:
        """The transaction has aborted."""
        if self._undo:
            self.rollback_to(0)

    def commit(self) -> None:
        """The transaction has committed: SET LOCALs end."""
        if self._locals:
            for key, value in list(self._locals.items()):
                self._put(key, value)
            self._locals.clear()
        self._undo.clear()

    def leave_function(self, mark: int, names: Iterable[str]) -> None:
        """Undo the changes of `names` since the mark: the end of a function with SET clauses."""
        wanted = {name.lower() for name in names}
        first: dict[str, Any] = {}
        for key, value, _, _ in self._undo[mark:]:
            if key in wanted:
                first.setdefault(key, value)
        for key, value in first.items():
            self._put(key, value)
        self._undo[mark:] = [entry for entry in self._undo[mark:] if entry[0] not in wanted]

    # --- inside -------------------------------------------------------------------------------------

    def _settable(self, name: str, declare: bool = True) -> Definition:
        key = name.lower()
        known = definitions().get(key) or definitions().get(_OBSOLETE_NAMES.get(key, ""))
        if known is None:
            if "." not in key and key not in self._custom:
                raise SqlError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')
            if key not in self._values:
                self._declare(name, key)
            return self.definition(name)
        context = known.context
        if self._starting:
            return known
        if context == "internal":
            raise SqlError(CANT_CHANGE_RUNTIME_PARAM, f'parameter "{known.name}" cannot be changed')
        if context == "postmaster":
            raise SqlError(
                CANT_CHANGE_RUNTIME_PARAM,
                f'parameter "{known.name}" cannot be changed without restarting the server',
            )
        if context == "sighup":
            raise SqlError(CANT_CHANGE_RUNTIME_PARAM, f'parameter "{known.name}" cannot be changed now')
        if context.endswith("backend"):
            raise SqlError(
                CANT_CHANGE_RUNTIME_PARAM, f'parameter "{known.name}" cannot be set after connection start'
            )
        if context == "superuser" and not self._is_superuser():
            raise SqlError(INSUFFICIENT_PRIVILEGE, f'permission denied to set parameter "{known.name}"')
        return known

    def _declare(self, name: str, key: str) -> None:
        if not _CUSTOM_NAME(name):
            raise SqlError(
                INVALID_NAME,
                f'invalid configuration parameter name "{name}"',
                detail="Custom parameter names must be two or more simple identifiers separated by dots.",
            )
        prefix = key.partition(".")[0]
        if prefix in _RESERVED_PREFIXES:
            raise SqlError(
                INVALID_NAME,
                f'invalid configuration parameter name "{name}"',
                detail=f'"{prefix}" is a reserved prefix.',
            )
        self._custom[key] = name
        self._values[key] = ""

    def _is_superuser(self) -> bool:
        if self.session is None:
            return bool(self._superuser)
        row = self.catalog.pg_authid.get(self.session.role)
        return row is not None and bool(row.rolsuper)

    def _parse(self, definition: Definition, key: str, text: str) -> Any:
        value = parse_value(definition, text)
        hook = CHECKS.get(key)
        return value if hook is None else hook(self, value)

    def _assign(self, definition: Definition, key: str, value: Any, local: bool, source: str) -> None:
        if key in ("transaction_isolation", "transaction_read_only", "transaction_deferrable"):
            self._transaction_mode(key, value)
            return
        hidden = self._locals.get(key, _MISSING)
        self._undo.append((key, self._values[key], self._sources.get(key), hidden))
        if local:
            if hidden is _MISSING:
                self._locals[key] = self._values[key]
        else:
            self._locals.pop(key, None)
            self._sources[key] = source
        self._put(key, value)
        if key == FAULT_SEED and self.session is not None:
            begin_sequence(self.session, None if source == "default" else value)
        if key == "session_authorization":  # takes SET ROLE back
            # undone after this setting itself, which makes its role the current one
            self._undo.insert(len(self._undo) - 1, ("role", self._values["role"], None, _MISSING))
            self._put("role", "none")

    def _put(self, key: str, value: Any) -> None:
        """Make a typed value the one in force."""
        if self._values.get(key, _MISSING) == value and type(self._values.get(key)) is type(value):
            return
        self._values[key] = value
        self.version += 1
        self._plan_key = None
        self._refresh(key)
        if self.session is not None:
            self.session._spare = None  # it has the modes that were the default before
            if key in ("role", "session_authorization"):
                self._become(key, value)
            if key in FAULT_SETTINGS:
                arm(self.session)
            if key in _REPORTED:
                definition = definitions()[key]
                self.session.output.parameter_status(definition.name, self.show(key))

    def _refresh(self, key: str) -> None:
        """Keep the fast attributes in step."""
        value = self._values[key]
        if key == "search_path":
            self.search_path = tuple(split_identifier_list(value))
        elif key == "datestyle":
            self.datestyle = tuple(value.split(", "))
        elif key == "timezone":
            self.timezone = value
        elif key in ("statement_timeout", "transaction_timeout"):
            self._statement_timeout = self._values["statement_timeout"]
            self.statement_fast = not self._statement_timeout and not self._values["transaction_timeout"]
        elif key == "session_replication_role":
            self.replica = value == "replica"
        elif key == "client_min_messages":
            self._least_level = _LEVELS[value]
        elif key == "client_encoding":
            self.client_codec = next(codec for name, codec, _ in ENCODINGS.values() if name == value)

    def _become(self, key: str, value: str) -> None:
        """SET ROLE and SET SESSION AUTHORIZATION."""
        session, catalog = self.session, self.catalog
        if key == "session_authorization":
            role = catalog.role_oid(value) if value else session.login_role
            if role is not None:
                session.session_role = session.role = role
                row = catalog.pg_authid.get(role)
                self._put("is_superuser", row is not None and row.rolsuper)
        else:
            role = session.session_role if value == "none" else catalog.role_oid(value)
            if role is not None:
                session.role = role
                row = catalog.pg_authid.get(role)
                self._put("is_superuser", row is not None and row.rolsuper)
        session.settings_changed()

    def _transaction_mode(self, key: str, value: Any) -> None:
        """SET transaction_isolation and friends are SET TRANSACTION."""
        transaction = None if self.session is None else self.session.transaction
        if transaction is None:
            return
        if key == "transaction_isolation":
            transaction.uncommitted = value == "read uncommitted"
            level = "read committed" if transaction.uncommitted else value
            if level != transaction.isolation:
                if transaction.has_statements:
                    raise SqlError(
                        ACTIVE_SQL_TRANSACTION,
                        "SET TRANSACTION ISOLATION LEVEL must be called before any query",
                    )
                transaction.isolation = level
        elif key == "transaction_read_only":
            transaction.allow_read_only(value)
            transaction.read_only = value
        else:
            if transaction.has_statements:
                raise SqlError(
                    ACTIVE_SQL_TRANSACTION, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query"
                )
            transaction.deferrable = value

    def _start(self, name: str, text: str, source: str, *, ignore: bool) -> None:
        """A value from before the session's first statement."""
        try:
            definition = self._settable(name)
            key = definition.name.lower()
            if definition.context in ("internal", "postmaster", "sighup") and source == "client":
                self._starting = False
                self._settable(name)
            if definition.context == "internal" and source == "configuration file":
                value = parse_default(definition._replace(setting=text))  # it has a range of one value
            else:
                value = self._parse(definition, key, text)
        except SqlError as error:
            if ignore:
                return
            error.severity = "FATAL"
            raise
        self._sources[key] = source
        self._put(key, value)

    def of_command_line(self, name: str, text: str) -> None:
        """A parameter that the server was started with."""
        key = name.lower()
        definition = self.definition(name)
        if text != definition.boot_val:
            self._sources[key] = "command line"
        self._put(key, self._parse(definition, key, text))

    def _stored_defaults(self, database_oid: int, role_oid: int) -> None:
        """ALTER DATABASE / ROLE ... SET (pg_db_role_setting), least specific first."""
        table = self._catalog.pg_db_role_setting
        for database, role, source in (
            (0, 0, "global"),
            (database_oid, 0, "database"),
            (0, role_oid, "user"),
            (database_oid, role_oid, "database user"),
        ):
            row = table.get(database, role)
            if row is not None and row.setconfig is not None:
                for item in row.setconfig.items:
                    name, _, text = item.partition("=")
                    self._start(name, text, source, ignore=True)


def startup_options(options: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """(name, text) of a start-up packet's parameters; `options` holds command-line switches."""
    for name, text in options.items():
        if name in ("user", "database", "replication") or name.startswith("_pq_."):
            continue
        if name != "options":
            yield name, text
            continue
        words = re.findall(r"(?:\\.|\S)+", text)
        words = [re.sub(r"\\(.)", r"\1", word) for word in words]
        position = 0
        while position < len(words):
            word = words[position]
            position += 1
            if word == "-c" and position < len(words):
                word = words[position]
                position += 1
            elif word.startswith("-c") or word.startswith("--"):
                word = word[2:]
            else:
                raise SqlError(
                    INVALID_PARAMETER_VALUE,
                    f"invalid command-line argument for server process: {word}",
                    severity="FATAL",
                )
            option, equals, value = word.partition("=")
            if not equals:
                raise SqlError(INVALID_PARAMETER_VALUE, f"-c {option} requires a value", severity="FATAL")
            yield option.replace("-", "_"), value


__all__ = [
    "REPORTED",
    "Definition",
    "Settings",
    "default_values",
    "definitions",
    "invalid_value",
    "startup_options",
]
