"""Compares GavelDB with a live PostgreSQL 18.

    python -m tests.differential [--oracle HOST:PORT] [--server HOST:PORT] [--seed N] [--count N]
        [--files NAME...]

First the logic files (tests/logic), answered by both, then `count` random statements. Without --server
a GavelDB in memory is started, without --oracle a PostgreSQL from the wheel that carries it. Statements of
tests/logic/deviations.txt may differ.
"""

import argparse
import contextlib
import re
import sys
from collections import Counter
from collections.abc import Iterator

from ..logic.client import Lost
from ..logic.runner import Room, answers, deviations, names
from ..logic.statements import Statement, read_statements
from ..server_process import ServerProcess
from .generator import SCHEMA, Generator
from .oracle import oracle

SETUP = ("set statement_timeout = '5s'", "set work_mem = '64MB'")
LINES_SHOWN = 6
Address = tuple[str, int]


def compare_files(chosen: list[str], server: Address, postgres: Address) -> int:
    """Logic files against both; the number of differences that are not known."""
    failures = total = 0
    for name in chosen:
        known = deviations().get(name, {})
        pairs = zip(answers(name, *server), answers(name, *postgres), strict=True)
        for (statement, got), (_, expected) in pairs:
            total += 1
            if got != expected and statement.title not in known:
                failures += 1
                show(statement.title, expected, got)
    sys.stdout.write(f"{total} statements of {len(chosen)} files: {failures} unexpected differences\n")
    return failures


def compare_random(seed: int, count: int, server: Address, postgres: Address) -> int:
    """Random statements; the number of differences."""
    outcomes: Counter[str] = Counter()
    with Room(*server, "random") as ours, Room(*postgres, "random") as theirs:
        for room in (ours, theirs):
            for statement in read_statements(SCHEMA + ";".join(SETUP) + ";"):
                answer = room.client.ask(statement)
                assert not any(line.startswith("error") for line in answer), (statement.text, answer)
        for number in range(count):
            text = Generator(seed + number).statement()
            expected, got = ask(theirs, text), ask(ours, text)
            outcome = verdict(expected, got)
            outcomes[outcome] += 1
            if outcome == "different":
                sys.stdout.write(f"-- seed {seed + number}\n")
                show(text, expected, got)
    sys.stdout.write(f"{count} random statements: {dict(outcomes)}\n")
    return outcomes["different"]


def ask(room: Room, text: str) -> list[str]:
    try:
        return room.client.ask(Statement(text))
    except Lost as error:
        room.reconnect()
        for statement in SETUP:
            room.client.ask(Statement(statement))
        return [f"lost: {error}"]


def verdict(expected: list[str], got: list[str]) -> str:
    if expected == got:
        return "equal"
    if list(map(_plain, expected)) == list(map(_plain, got)) and Counter(expected) == Counter(got):
        return "equal"  # 1.0 and 1.00 are equal to ORDER BY
    errors = [next((line for line in answer if line.startswith("error ")), "") for answer in (expected, got)]
    if "57014" in errors[0] + errors[1]:
        return "timeout"
    if errors[0] and errors[1] and errors[0][:11] == errors[1][:11]:
        return "same error"
    return "different"


def _plain(line: str) -> str:
    """The line without trailing zeros of decimals."""
    return re.sub(r"\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)", r"\1", line)


def show(text: str, expected: list[str], got: list[str]) -> None:
    sys.stdout.write(f"> {text}\n")
    for sign, mine, other in (("-", expected, got), ("+", got, expected)):
        lines = list((Counter(mine) - Counter(other)).elements())
        for line in lines[:LINES_SHOWN]:
            sys.stdout.write(f"{sign} {line}\n")
        if len(lines) > LINES_SHOWN:
            sys.stdout.write(f"{sign} ... {len(lines) - LINES_SHOWN} more\n")


@contextlib.contextmanager
def started(address: str | None) -> Iterator[Address]:
    """GavelDB: the one at the address, or one of our own."""
    if address is not None:
        host, _, port = address.partition(":")
        yield host, int(port)
        return
    process = ServerProcess().start()
    try:
        yield process.host, process.port
    finally:
        process.stop()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--oracle")
    parser.add_argument("--server")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--files", nargs="*", default=names())
    options = parser.parse_args()
    with oracle(options.oracle) as postgres, started(options.server) as server:
        failures = compare_files(options.files, server, postgres)
        failures += compare_random(options.seed, options.count, server, postgres)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
