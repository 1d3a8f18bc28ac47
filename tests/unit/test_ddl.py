"""Data definition against PostgreSQL's recorded answers (tests/tools/record_ddl.py)."""

import asyncio
import json
from typing import Any

import pytest
from gaveldb.engine.api import open_engine
from gaveldb.engine.errors import SqlError

from tests.unit.ddl.script import FOLDER, SCRIPTS, ordered, statements


def _cells(message: bytes) -> list[Any]:
    """The values of DataRow messages."""
    rows, position = [], 0
    while position < len(message):
        end = position + 1 + int.from_bytes(message[position + 1 : position + 5], "big")
        count = int.from_bytes(message[position + 5 : position + 7], "big")
        at, row = position + 7, ["row"]
        for _ in range(count):
            size = int.from_bytes(message[at : at + 4], "big", signed=True)
            at += 4
            row.append(None if size < 0 else message[at : at + size].decode())  # type: ignore[arg-type]
            at += max(size, 0)
        rows.append(row)
        position = end
    return rows


class Recorder:
    """An Output that keeps what is written."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def rows(self, message: Any) -> None:
        self.answers += _cells(bytes(message))

    def command_complete(self, tag: str) -> None:
        self.answers.append(["tag", tag])

    def notice(self, notice: Any) -> None:
        self.answers.append(
            [notice.severity, str(notice.sqlstate), notice.message, notice.detail or "", notice.hint or ""]
        )

    def mark(self) -> int:
        return len(self.answers)

    def rewind(self, mark: int) -> bool:
        del self.answers[mark:]
        return True

    def drained(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


async def _run(texts: list[str]) -> list[list[Any]]:
    engine = open_engine({"in_memory": True})
    await engine.open()
    output = Recorder()
    session = engine.open_session("postgres", "postgres", {}, output, pid=1, peer="")  # type: ignore[arg-type]
    out = []
    for text in texts:
        output.answers = []
        try:
            waiting = session.simple_query(text, output)  # type: ignore[arg-type]
            if waiting is not None:
                await waiting
        except SqlError as error:
            position = error.position
            if position is None or position < 0:
                shown = 0
            else:
                shown = len(text.encode()[:position].decode()) + 1
            output.answers.append(
                ["ERROR", str(error.sqlstate), error.message, error.detail or "", error.hint or "", shown]
            )
        out.append(ordered(output.answers))
    await engine.close()
    return out


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str) -> None:
    script = statements(name)
    recorded = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    answers = asyncio.run(_run([one.text for one in script]))
    wrong = [
        (one.text, answer, expected)
        for one, answer, expected in zip(script, answers, recorded, strict=True)
        if one.compared and answer != expected
    ]
    assert wrong == []
