"""Reading the statement files of this folder: one statement per line; `-- differs: why` before one that is
not compared."""

from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.sql"))


class Statement(NamedTuple):
    text: str
    compared: bool


def statements(name: str) -> list[Statement]:
    """The statements of a file."""
    out: list[Statement] = []
    compared = True
    for line in (FOLDER / f"{name}.sql").read_text().splitlines():
        if line.startswith("-- differs:"):
            compared = False
        elif line.strip() and not line.startswith("--"):
            out.append(Statement(line, compared))
            compared = True
    return out


def ordered(answers: list[Any]) -> list[Any]:
    """Notices first: how they fall between rows is of no interest."""
    return sorted(answers, key=lambda answer: answer[0] in ("row", "tag", "ERROR"))
