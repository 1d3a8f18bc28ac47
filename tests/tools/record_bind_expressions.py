"""Records what PostgreSQL says of each statement in tests/unit/bind_expressions.txt.

    python -m tests.tools.record_bind_expressions "host=127.0.0.1 port=5432 user=postgres"

Statements are prepared, not run. Under each one stand its column types and parameter types, or its
error: SQLSTATE, position, message, and hint and detail on lines of their own.
"""

import sys
from pathlib import Path

import psycopg
from psycopg import pq

PATH = Path(__file__).parents[1] / "unit" / "bind_expressions.txt"


def answer(connection: "psycopg.Connection[tuple[object, ...]]", statement: str) -> list[str]:
    """The lines to record for a statement."""
    result = connection.pgconn.prepare(b"", statement.encode())
    if result.status == pq.ExecStatus.FATAL_ERROR:

        def field(code: pq.DiagnosticField) -> str | None:
            value = result.error_field(code)
            return None if value is None else value.decode()

        names = pq.DiagnosticField
        position = field(names.STATEMENT_POSITION) or "-"
        lines = [f"  error {field(names.SQLSTATE)} at {position}: {field(names.MESSAGE_PRIMARY)}"]
        for label, code in (("detail", names.MESSAGE_DETAIL), ("hint", names.MESSAGE_HINT)):
            text = field(code)
            if text is not None:
                lines.append(f"  {label}: {text}")
        return lines
    result = connection.pgconn.describe_prepared(b"")
    columns = " ".join(
        [f"{(result.fname(i) or b'').decode()}={result.ftype(i)}" for i in range(result.nfields)]
    )
    types = " ".join([str(result.param_type(i)) for i in range(result.nparams)])
    return [f"  columns {columns}"] + ([f"  parameters {types}"] if types else [])


def main() -> None:
    """Rewrite the file."""
    lines = PATH.read_text().splitlines()
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        out = []
        for line in lines:
            if line.startswith("  "):
                continue
            out.append(line)
            if line and not line.startswith("--"):
                out += answer(connection, line)
    PATH.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
