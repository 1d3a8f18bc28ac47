"""Logic tests: files of SQL statements (statements.py), each with PostgreSQL's answers in a golden file.

    python -m tests.logic.runner record HOST:PORT [file...]     ask PostgreSQL 18, write the golden files
    python -m tests.logic.runner check HOST:PORT [file...]      ask GavelDB, print differences
    python -m tests.logic.runner list HOST:PORT "reason" [file...]    note all differences as deviations
    python -m tests.logic.runner prune HOST:PORT [file...]      forget the deviations that are none any more

An answer is compared whole: names and types of columns, rows (sorted where the statement does not order
them), notices, command tags, parameters, and all fields of errors. Known differences are in
deviations.txt: a line `# reason`, then lines `file: statement`. A difference that is not listed fails,
and so does one that is listed and is none.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from .client import Client, Lost
from .statements import Statement, read_statements

FOLDER = Path(__file__).parent
DEVIATIONS = FOLDER / "deviations.txt"


class Difference(NamedTuple):
    """A statement that was not answered as recorded."""

    statement: Statement
    expected: list[str]
    got: list[str]

    def __str__(self) -> str:
        lines = [f"> {self.statement.title}"]
        for old, new in zip_longest(self.expected, self.got):
            if old == new:
                continue
            lines += [f"  expected {old}"] * (old is not None) + [f"  got      {new}"] * (new is not None)
        return "\n".join(lines[:30])


def names() -> list[str]:
    """All files, without their suffix."""
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


def answers(name: str, host: str, port: int) -> Iterator[tuple[Statement, list[str]]]:
    """What a server says to the statements of a file, in an empty database."""
    statements = read_statements((FOLDER / f"{name}.sql").read_text())
    with Room(host, port, name) as room:
        for statement in statements:
            try:
                yield statement, room.client.ask(statement)
            except Lost as error:
                room.reconnect()
                yield statement, [f"lost: {error}"]


class Room:
    """An empty database of a file's own; gone afterwards."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self.host, self.port, self.database = host, port, f"logic_{name}"

    def __enter__(self) -> "Room":
        outside = Client(self.host, self.port)
        try:
            outside.rows(f"drop database if exists {self.database}")
            outside.rows(f"create database {self.database}")
            self.made = True
        except RuntimeError:
            self.database, self.made = "postgres", False
            self.clear(outside)
        finally:
            outside.close()
        self.client = Client(self.host, self.port, self.database)
        return self

    def reconnect(self) -> None:
        self.client.close()
        self.client = Client(self.host, self.port, self.database)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.made:
            outside = Client(self.host, self.port)
            outside.rows(f"drop database {self.database} with (force)")
            outside.close()

    @staticmethod
    def clear(client: Client) -> None:
        """Without CREATE DATABASE: the schemas of the one there is."""
        for (schema,) in client.rows(
            "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'"
        ):
            client.rows(f'drop schema "{schema}" cascade')
        client.rows("create schema public")


def write_golden(name: str, pairs: Iterable[tuple[Statement, list[str]]]) -> None:
    lines = []
    for statement, answer in pairs:
        lines += [f"> {statement.title}", *answer]
    (FOLDER / f"{name}.golden").write_text("\n".join(lines) + "\n")


def read_golden(name: str) -> list[tuple[str, list[str]]]:
    """(statement, answer) as recorded."""
    recorded: list[tuple[str, list[str]]] = []
    for line in (FOLDER / f"{name}.golden").read_text().split("\n")[:-1]:
        if line.startswith("> "):
            recorded.append((line[2:], []))
        else:
            recorded[-1][1].append(line)
    return recorded


def differences(name: str, host: str, port: int) -> list[Difference]:
    """The statements of a file that a server answers differently from its golden file."""
    found = []
    for (statement, got), (title, expected) in zip(answers(name, host, port), read_golden(name), strict=True):
        assert title == statement.title, f"the golden file of {name} is of another file: {title}"
        if got != expected:
            found.append(Difference(statement, expected, got))
    return found


def deviations() -> dict[str, dict[str, str]]:
    """file -> statement -> reason."""
    known: dict[str, dict[str, str]] = {}
    reason = ""
    for line in DEVIATIONS.read_text().splitlines():
        if line.startswith("#"):
            reason = line[1:].strip()
        elif line.strip():
            name, _, title = line.partition(": ")
            known.setdefault(name, {})[title] = reason
    return known


def _list(name: str, found: list[Difference], reason: str) -> None:
    known = deviations().get(name, {})
    titles = [d.statement.title for d in found if d.statement.title not in known]
    lines = DEVIATIONS.read_text().splitlines()
    if f"# {reason}" not in lines:
        lines += ["", f"# {reason}"]
    at = lines.index(f"# {reason}") + 1
    lines[at:at] = [f"{name}: {title}" for title in dict.fromkeys(titles)]
    DEVIATIONS.write_text("\n".join(lines) + "\n")


def _prune(stale: set[str]) -> None:
    """Take these lines out, and reasons that no line is left for."""
    blocks = [block.splitlines() for block in DEVIATIONS.read_text().split("\n\n")]
    kept = [[line for line in block if line not in stale] for block in blocks]
    DEVIATIONS.write_text("\n\n".join("\n".join(block) for block in kept if len(block) > 1) + "\n")


def main(mode: str, address: str, *rest: str) -> int:
    host, _, port = address.partition(":")
    reason, chosen = (rest[0], rest[1:]) if mode == "list" else ("", rest)
    total = different = 0
    for name in chosen or names():
        if mode == "record":
            write_golden(name, answers(name, host, int(port)))
            continue
        found = differences(name, host, int(port))
        known = deviations().get(name, {})
        total += len(read_golden(name))
        unknown = [d for d in found if d.statement.title not in known]
        different += len(found)
        sys.stdout.writelines(f"{difference}\n" for difference in unknown)
        stale = set(known) - {d.statement.title for d in found}
        sys.stdout.writelines(f"listed, but agrees: {name}: {title}\n" for title in sorted(stale))
        sys.stdout.write(f"== {name}: {len(found)} differ, {len(unknown)} of them not listed\n")
        if mode == "list":
            _list(name, found, reason)
        if mode == "prune":
            _prune({f"{name}: {title}" for title in stale})
    if mode != "record":
        sys.stdout.write(f"{total - different} of {total} statements agree\n")
    return different


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 1))
