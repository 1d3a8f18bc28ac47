"""Every permutation of every spec, on the oracle and on the server under test: which answers are the same."""

import difflib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from psycopg import OperationalError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .language import SpecError, parse_spec
from .tester import Stuck, Tester

SCRIPTS = Path(__file__).parents[1] / "scripts"  # specs of our own, with PostgreSQL's recorded answers
PERMUTATION_SECONDS = 25.0
DATABASE = "isolation_regression"
STUCK_MAX = 8  # permutations of one spec that may hang before the rest is given up


class Count(NamedTuple):
    """Of one spec."""

    name: str
    same: int
    all: int


def _execute(conninfo: str, text: str) -> None:
    connection = pq.PGconn.connect(conninfo.encode())
    try:
        if connection.status != pq.ConnStatus.OK:
            raise OperationalError(connection.get_error_message())
        result = connection.exec_(text.encode())
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise OperationalError(result.error_message.decode())
    finally:
        connection.finish()


def _fresh(url: str) -> str:
    """An empty database; the conninfo to it."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    _execute(make_conninfo(**parts), f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _execute(make_conninfo(**parts), f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    parts["dbname"] = DATABASE
    return make_conninfo(**parts)


def outputs(text: str, name: str, url: str) -> list[str]:
    """What a server answers to each permutation of a spec. What is stuck ends with a line that says so."""
    spec = parse_spec(text)
    answers: list[str] = []
    tester: Tester | None = None
    stuck = 0
    for permutation in spec.permutations:
        if stuck >= STUCK_MAX:
            answers.append("given up")
            continue
        if tester is None:
            tester = Tester(spec, _fresh(url), name)
        start = time.monotonic()
        try:
            answers.append(tester.run(permutation, PERMUTATION_SECONDS))
        except Stuck as reason:
            answers.append("".join(tester.written) + f"STUCK: {reason}\n")
            stuck += time.monotonic() - start > 1
            if "setup failed" in str(reason):
                stuck += 1
            tester.close()
            tester = None
    if tester is not None:
        tester.close()
    return answers


def compare(
    source: Path, records: Path, url: str, oracle: str, only: str | None, tell: Callable[[str], object]
) -> list[Count]:
    """Counts per spec; the oracle's answers and the differences are kept in the folder `records`."""
    folder = source / "specs" if (source / "specs").is_dir() else source / "src/test/isolation/specs"
    records.mkdir(parents=True, exist_ok=True)
    counts = []
    for path in sorted(folder.glob("*.spec")):
        name = path.stem
        if only is not None and only not in name:
            continue
        text = path.read_text()
        kept = records / f"{name}.oracle.json"
        try:
            if not kept.exists():
                kept.write_text(json.dumps(outputs(text, name, oracle)))
            expected: list[str] = json.loads(kept.read_text())
        except SpecError as error:
            tell(f"{name}: {error}")
            continue
        start = time.monotonic()
        got = outputs(text, name, url)
        differences = []
        for want, have in zip(expected, got, strict=True):
            if want != have:
                lines = difflib.unified_diff(
                    want.splitlines(), have.splitlines(), "oracle", "server", lineterm="", n=99
                )
                differences.append("\n".join(lines))
        (records / f"{name}.diff").write_text("\n\n".join(differences))
        count = Count(name, len(got) - len(differences), len(got))
        counts.append(count)
        tell(f"{name:36} {count.same:4} of {count.all:4}  {time.monotonic() - start:6.1f} s")
    return counts


def total(counts: list[Count]) -> str:
    same, everything = sum(count.same for count in counts), sum(count.all for count in counts)
    whole = sum(count.same == count.all for count in counts)
    share = 100 * same / everything if everything else 0
    return f"{same} of {everything} permutations ({share:.1f} %); {whole} of {len(counts)} specs whole"
