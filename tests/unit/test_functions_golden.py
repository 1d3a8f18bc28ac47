"""SQL functions end to end in an in-memory engine against PostgreSQL's recorded answers.

The statements are in tests/unit/sql, the answers in tests/unit/golden (tests/tools/record_functions.py).
"""

import json
import pathlib

import pytest

from .sql_session import SqlSession

HERE = pathlib.Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "sql").glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_answers(name: str) -> None:
    session = SqlSession()
    try:
        wrong = []
        for sql, expected in json.loads((HERE / "golden" / f"{name}.json").read_text()):
            got = session.run(sql)
            if got != expected:
                wrong.append(f"{sql}\n  got      {got}\n  expected {expected}")
    finally:
        session.close()
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
