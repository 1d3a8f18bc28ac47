"""Runs one permutation of a spec over libpq and writes what PostgreSQL's isolationtester would write.

A step has "blocked" when the server says so (pg_isolation_test_session_is_blocked), or, where the server
has no such function, when it has run for BLOCKED_SECONDS.
"""

import select
import time
from collections.abc import Iterator

from psycopg import OperationalError, pq

from .language import Place, Spec

BLOCKED_SECONDS = 0.3
POLL_SECONDS = 0.01
STEP_SECONDS = 10.0
DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY)
NUMERIC = set("0123456789.Ee -")


class Stuck(Exception):
    """A permutation cannot go on: its setup failed, a step does not end, the connection is gone."""


def table(result: pq.abc.PGresult) -> str:
    """Rows as PQprint aligns them."""
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    if not names:
        return ""
    rows = [
        [(result.get_value(row, column) or b"").decode() for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    widths = [
        max([len(name.encode()), *(len(value.encode()) for value in column)])
        for name, column in zip(names, columns, strict=True)
    ]
    right = [all(_numeric(value) for value in column if value) for column in columns]
    lines = [_line(names, widths, right), "+".join("-" * width for width in widths)]
    lines += [_line(row, widths, right) for row in rows]
    return "\n".join(lines) + f"\n({len(rows)} row{'' if len(rows) == 1 else 's'})\n\n"


def _numeric(value: str) -> bool:
    return NUMERIC.issuperset(value) and value[0] not in "Ee" and value[-1].isdigit()


def _line(values: list[str], widths: list[int], right: list[bool]) -> str:
    return "|".join(
        value.rjust(width) if numeric else value.ljust(width)
        for value, width, numeric in zip(values, widths, right, strict=True)
    )


class Connection:
    """A libpq connection of one session; `active` is the place in the permutation that it works on."""

    def __init__(self, tester: "Tester", name: str, conninfo: str, quiet: bool = False) -> None:
        self.name = name
        self.tester = tester
        self.active: Place | None = None
        self.notices = 0
        self.pg = pq.PGconn.connect(conninfo.encode())
        if self.pg.status != pq.ConnStatus.OK:
            raise Stuck(f"connection failed: {self.pg.get_error_message()}")
        if not quiet:
            self.pg.notice_handler = self._notice
        name_it = "current_setting('application_name') || '/' || $1"
        text = f"SELECT set_config('application_name', {name_it}, false)".encode()
        self.pg.exec_params(text, [name.encode()])

    def _notice(self, result: pq.abc.PGresult) -> None:
        self.tester.write(f"{self.name}: {result.error_message.decode()}")
        self.notices += 1
        self.tester.new_notice = True

    def execute(self, sql: str, what: str, fatal: bool) -> None:
        """Setup or teardown: rows are shown; what fails ends the permutation if it must."""
        self.pg.send_query(sql.encode())
        deadline = time.monotonic() + STEP_SECONDS
        while self.busy(POLL_SECONDS):
            if time.monotonic() > deadline:
                raise Stuck(f"{what} does not end")
        last = None
        while (result := self.pg.get_result()) is not None:
            last = result
        if last is None or last.status in DONE:
            return
        if last.status == pq.ExecStatus.TUPLES_OK:
            self.tester.write(table(last))
        elif fatal:
            raise Stuck(f"{what} failed: {last.error_message.decode()}")

    def busy(self, seconds: float) -> bool:
        """Is the query still running, after waiting for input for so long?"""
        try:
            if self.pg.is_busy():
                if select.select([self.pg.socket], [], [], seconds)[0]:
                    self.pg.consume_input()
            return bool(self.pg.is_busy())
        except OperationalError as gone:
            raise Stuck(f"connection of {self.name} is gone: {gone}") from gone


class Tester:
    """The connections of one spec, and the text written so far."""

    def __init__(self, spec: Spec, conninfo: str, name: str) -> None:
        conninfo += f" application_name=isolation/{name}"
        conninfo += " options='-c datestyle=postgres,mdy -c timezone=PST8PDT'"
        self.spec = spec
        self.written: list[str] = []
        self.new_notice = False
        self.control = Connection(self, "control connection", conninfo, quiet=True)
        self.sessions = [Connection(self, session.name, conninfo) for session in spec.sessions]
        self.pids = "{" + ",".join(str(session.pg.backend_pid) for session in self.sessions) + "}"
        self.targets: dict[tuple[int, int], int] = {}
        probe = self._ask(self.sessions[0].pg.backend_pid)
        self.asks = probe is not None

    def write(self, text: str) -> None:
        self.written.append(text)

    def close(self) -> None:
        for connection in (self.control, *self.sessions):
            connection.pg.finish()

    def _ask(self, pid: int) -> bool | None:
        text = b"SELECT pg_catalog.pg_isolation_test_session_is_blocked($1, $2)"
        result = self.control.pg.exec_params(text, [str(pid).encode(), self.pids.encode()])
        return result.get_value(0, 0) == b"t" if result.status == pq.ExecStatus.TUPLES_OK else None

    def run(self, permutation: list[Place], seconds: float) -> str:
        """The output of one permutation; raises Stuck, with `written` as far as it came."""
        self.deadline = time.monotonic() + seconds
        self.written = ["starting permutation: " + " ".join(place.step.name for place in permutation) + "\n"]
        for setup in self.spec.setups:
            self.control.execute(setup, "setup", fatal=True)
        for session, connection in zip(self.spec.sessions, self.sessions, strict=True):
            if session.setup:
                connection.execute(session.setup, f"setup of session {session.name}", fatal=True)
        self._steps(permutation)
        for session, connection in zip(self.spec.sessions, self.sessions, strict=True):
            if session.teardown:
                connection.execute(session.teardown, f"teardown of session {session.name}", fatal=False)
        if self.spec.teardown:
            self.control.execute(self.spec.teardown, "teardown", fatal=False)
        return "".join(self.written)

    def _steps(self, permutation: list[Place]) -> None:
        waiting: list[Place] = []
        for place in permutation:
            connection = self.sessions[place.step.session]
            while connection.active is not None:
                old = connection.active
                if not self._try(old, may_block=False, again=True):
                    waiting = [other for other in waiting if other is not old]
                waiting = self._try_all(waiting, may_block=True)
                if connection.active is not None:
                    self._check_time(connection.active)
            connection.pg.send_query(place.step.sql.encode())
            connection.active = place
            for number, marker in enumerate(place.markers):
                if marker.notices is not None:
                    other = self._session_of(marker.step)
                    self.targets[id(place), number] = other.notices + marker.notices
            must_wait = self._try(place, may_block=True, again=False)
            waiting = self._try_all(waiting, may_block=True)
            if must_wait:
                waiting.append(place)
        waiting = self._try_all(waiting, may_block=False)
        if waiting:
            raise Stuck("failed to complete permutation due to mutually-blocking steps")

    def _session_of(self, step: str | None) -> Connection:
        for session, connection in zip(self.spec.sessions, self.sessions, strict=True):
            if any(other.name == step for other in session.steps):
                return connection
        raise Stuck(f"no step {step}")

    def _check_time(self, place: Place) -> None:
        if time.monotonic() > self.deadline:
            raise Stuck(f"step {place.step.name} does not end")

    def _try_all(self, waiting: list[Place], may_block: bool) -> list[Place]:
        while True:
            self.new_notice = False
            left = [place for place in waiting if self._try(place, may_block, again=True)]
            marked = any(place.markers for place in left)
            if not marked or (len(left) == len(waiting) and not self.new_notice):
                return left
            waiting = left

    def _try(self, place: Place, may_block: bool, again: bool) -> bool:
        """True if the step goes on waiting."""
        connection = self.sessions[place.step.session]
        waits = f"step {place.step.name}: {place.step.sql} <waiting ...>\n"
        if not again and any(marker.step is None for marker in place.markers):
            self.write(waits)
            return True
        if self._blocked(connection, place, may_block) or self._held(place):
            if not again:
                self.write(waits)
            return True
        done = "<... completed>" if again else place.step.sql
        self.write(f"step {place.step.name}: {done}\n")
        for text in self._results(connection):
            self.write(text)
        self._notifications(connection)
        connection.active = None
        return False

    def _blocked(self, connection: Connection, place: Place, may_block: bool) -> bool:
        start = time.monotonic()
        cancelled = False
        while connection.busy(POLL_SECONDS):
            if connection.pg.status != pq.ConnStatus.OK:
                return False
            passed = time.monotonic() - start
            if may_block:
                pid = connection.pg.backend_pid
                blocked = bool(self._ask(pid)) if self.asks else passed > BLOCKED_SECONDS
                if blocked and connection.busy(0):
                    return True
            if passed > STEP_SECONDS and not cancelled:
                connection.pg.get_cancel().cancel()
                self.write(f"isolationtester: canceling step {place.step.name} after {int(passed)} seconds\n")
                cancelled = True
            self._check_time(place)
        return False

    def _held(self, place: Place) -> bool:
        for number, marker in enumerate(place.markers):
            if marker.step is None:
                continue
            other = self._session_of(marker.step)
            if marker.notices is not None:
                if other.notices < self.targets[id(place), number]:
                    return True
            elif other.active is not None and other.active.step.name == marker.step:
                return True
        return False

    def _results(self, connection: Connection) -> Iterator[str]:
        while (result := connection.pg.get_result()) is not None:
            if result.status == pq.ExecStatus.TUPLES_OK:
                yield table(result)
            elif result.status not in DONE:
                severity = result.error_field(pq.DiagnosticField.SEVERITY)
                message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
                if severity and message:
                    yield f"{severity.decode()}:  {message.decode()}\n"
                else:
                    yield result.error_message.decode() + "\n"

    def _notifications(self, connection: Connection) -> None:
        if connection.pg.status != pq.ConnStatus.OK:
            return
        connection.pg.consume_input()
        while (notify := connection.pg.notifies()) is not None:
            senders = [other.name for other in self.sessions if other.pg.backend_pid == notify.be_pid]
            sender = senders[0] if senders else f"PID {notify.be_pid}"
            self.write(
                f'{connection.name}: NOTIFY "{notify.relname.decode()}" with payload '
                f'"{notify.extra.decode()}" from {sender}\n'
            )
            connection.pg.consume_input()
