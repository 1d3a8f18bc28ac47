"""What is measured on servers of its own: start-up, idle memory, the adjudicator alone."""

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from ..server_process import ServerProcess
from .oracle import OracleServer

Result = tuple[float | None, float | None, str]


def _first_answer(url: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def start_up() -> Result:
    """From nothing to the first answer (for PostgreSQL with initdb)."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with ServerProcess(Path(folder) / "data") as process:
            _first_answer(process.url)
            ours = time.perf_counter() - start
    start = time.perf_counter()
    with OracleServer() as oracle:
        _first_answer(oracle.url)
        theirs = time.perf_counter() - start
    return ours * 1000, theirs * 1000, "ms"


def restart() -> Result:
    """The second start of the same data directory."""
    with tempfile.TemporaryDirectory() as folder:
        with ServerProcess(Path(folder) / "data") as process:
            _first_answer(process.url)
        start = time.perf_counter()
        with process:
            _first_answer(process.url)
            ours = time.perf_counter() - start
    return ours * 1000, None, "ms"


def idle_memory() -> Result:
    """After a few statements; PostgreSQL's is the proportional memory of its processes."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder) / "data") as process:
        _first_answer(process.url)
        ours = process.memory()
    with OracleServer() as oracle:
        _first_answer(oracle.url)
        theirs = oracle.memory()
    return ours / 2**20, theirs / 2**20, "MB"


def adjudicator() -> Result:
    """Requests of three spread keys, decided one after another on one core."""
    from gaveldb.journal.adjudicator import Adjudicator
    from gaveldb.journal.api import CommitRequest
    from gaveldb.journal.errors import SerializationFailure

    source = random.Random(1)
    requests = [
        CommitRequest(max(0, n - 20), {b"%012d" % source.randrange(10_000_000): b"" for _ in range(3)})
        for n in range(200_000)
    ]
    adjudicate = Adjudicator().adjudicate
    start = time.perf_counter()
    for now, request in enumerate(requests, 1):
        with suppress(SerializationFailure):
            adjudicate(request, now)
    return len(requests) / (time.perf_counter() - start), None, "commits/s"


FIGURES: dict[str, Callable[[], Result]] = {
    "start-up to first answer": start_up,
    "start-up of an existing directory": restart,
    "idle memory": idle_memory,
    "adjudicator alone": adjudicator,
}
