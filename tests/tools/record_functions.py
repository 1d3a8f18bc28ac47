"""Records PostgreSQL's answers to tests/unit/sql/NAME.sql, a statement per line, as golden/NAME.json.

    python -m tests.tools.record_functions HOST PORT NAME...

The answer to a statement is its rows as texts, or {"error": [sqlstate, message, detail, hint]}. Lines run in
one session in order, so that a line may create what later ones use; what is created goes to pg_temp.
"""

import json
import pathlib
import sys
from typing import Any

import psycopg

UNIT = pathlib.Path(__file__).parent.parent / "unit"


def statements(name: str) -> list[str]:
    """The lines that are neither blank nor comments."""
    lines = (UNIT / "sql" / f"{name}.sql").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("--")]


def ask(connection: Any, sql: str) -> Any:
    """PostgreSQL's answer."""
    answer = connection.pgconn.exec_(sql.encode())
    if answer.status == psycopg.pq.ExecStatus.FATAL_ERROR:
        fields = [answer.error_field(ord(code)) for code in "CMDH"]
        return {"error": [None if field is None else field.decode() for field in fields]}
    rows = []
    for row in range(answer.ntuples):
        values = [answer.get_value(row, column) for column in range(answer.nfields)]
        rows.append([None if value is None else value.decode() for value in values])
    return rows


def main() -> None:
    host, port, *names = sys.argv[1:]
    for name in names:
        with psycopg.connect(
            f"host={host} port={port} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(
                "set search_path to pg_catalog, pg_temp; set timezone to 'UTC'; set intervalstyle to postgres"
            )
            cases = [[sql, ask(connection, sql)] for sql in statements(name)]
        lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
        (UNIT / "golden").mkdir(exist_ok=True)
        (UNIT / "golden" / f"{name}.json").write_text(f"[\n{lines}\n]\n")
        print(name, len(cases))


if __name__ == "__main__":
    main()
