"""Result types, parameter types and errors of analysis against recorded answers of PostgreSQL 18."""

import re
from pathlib import Path
from typing import Any

import pytest
from gaveldb.engine.bind.analyze import analyze
from gaveldb.engine.bind.parse_state import AnalyzeContext
from gaveldb.engine.catalog.schema import Catalog
from gaveldb.engine.errors import SqlError
from gaveldb.engine.functions.loader import load_all
from gaveldb.engine.registry import IMPLEMENTATIONS
from gaveldb.engine.settings import Settings
from gaveldb.engine.treetypes import expr_type
from pglast import parse_sql

PATH = Path(__file__).parent / "bind_expressions.txt"


class _Surroundings:
    """As much of an ExecutionContext as input functions ask for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.settings = Settings(None, options={"timezone": "UTC"})
        self.transaction_timestamp = self.statement_timestamp = 0

    def notice(self, notice: Exception) -> None:
        pass


def _lacks_implementation(answer: list[str]) -> bool:
    """Whether the answer is that a literal's type has no input function yet."""
    found = re.match(r"  error 0A000 at \S+: function (\w+) is not supported$", answer[0])
    return found is not None and found[1] not in IMPLEMENTATIONS


def _recorded() -> list[tuple[str, list[str]]]:
    cases: list[tuple[str, list[str]]] = []
    for line in PATH.read_text().splitlines():
        if line.startswith("  "):
            cases[-1][1].append(line)
        elif line and not line.startswith("--"):
            cases.append((line, []))
    return cases


def _answer(catalog: Catalog, statement: str) -> list[str]:
    context = AnalyzeContext(catalog, (11, 2200), ctx=_Surroundings(catalog))
    try:
        query, params = analyze(parse_sql(statement)[0], statement, context, [], True)
    except SqlError as error:
        position: Any = "-" if error.position is None else error.position + 1
        lines = [f"  error {error.sqlstate} at {position}: {error.message}"]
        for label, text in (("detail", error.detail), ("hint", error.hint)):
            if text is not None:
                lines.append(f"  {label}: {text}")
        return lines
    columns = " ".join(
        [f"{entry.resname}={expr_type(entry.expr)}" for entry in query.targetList if not entry.resjunk]
    )
    types = " ".join([str(typid) for typid in params])
    return [f"  columns {columns}"] + ([f"  parameters {types}"] if types else [])


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    load_all()
    return Catalog.bootstrap()


def test_same_answers_as_postgresql(catalog: Catalog) -> None:
    different = []
    for statement, recorded in _recorded():
        answer = _answer(catalog, statement)
        if answer != recorded and not _lacks_implementation(answer):
            different.append("\n".join([statement, *recorded, "  but here:", *answer]))
    assert not different, "\n".join(different)
