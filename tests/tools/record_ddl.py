"""Record what PostgreSQL answers to tests/unit/ddl/*.sql: python -m tests.tools.record_ddl CONNINFO.

Each script runs in a database of its own, which is dropped afterwards.
"""

import json
import sys
from typing import Any

import psycopg
from psycopg import pq

from tests.unit.ddl.script import FOLDER, SCRIPTS, ordered, statements

DATABASE = "gaveldb_ddl"
FIELDS = pq.DiagnosticField


def answers(connection: Any, notices: list[Any], text: str) -> list[Any]:
    """What one statement gives: notices, rows, tag or error."""
    notices.clear()
    out: list[Any] = []
    raw = connection.pgconn
    raw.send_query(text.encode())
    while (result := raw.get_result()) is not None:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            fields = (
                FIELDS.SQLSTATE,
                FIELDS.MESSAGE_PRIMARY,
                FIELDS.MESSAGE_DETAIL,
                FIELDS.MESSAGE_HINT,
                FIELDS.STATEMENT_POSITION,
            )
            values = [(result.error_field(field) or b"").decode() for field in fields]
            out.append(["ERROR", *values[:4], int(values[4] or 0)])
            continue
        for row in range(result.ntuples):
            cells = [result.get_value(row, column) for column in range(result.nfields)]
            out.append(["row", *[None if cell is None else cell.decode() for cell in cells]])
        out.append(["tag", (result.command_status or b"").decode()])
    return ordered([*notices, *out])


def clean(admin: Any) -> None:
    """Drop what the scripts leave in the cluster."""
    for what in (
        "database gaveldb_ddl",
        "database gaveldb_ddl_zz",
        "database gaveldb_ddl_yy",
        "database gaveldb_ddl_ww",
        "role gaveldb_ddl_alice",
        "role gaveldb_ddl_bob",
    ):
        admin.execute(f"drop {what.replace(' ', ' if exists ', 1)}")
    admin.execute("comment on role postgres is null")


def main(conninfo: str) -> None:
    """Write the .jsonl files."""
    admin = psycopg.connect(conninfo, autocommit=True)
    for name in SCRIPTS:
        clean(admin)
        admin.execute(f"create database {DATABASE} template template0")
        connection = psycopg.connect(conninfo, dbname=DATABASE, autocommit=True)
        notices: list[Any] = []
        connection.add_notice_handler(
            lambda d, notices=notices: notices.append(
                [
                    d.severity_nonlocalized,
                    d.sqlstate,
                    d.message_primary,
                    d.message_detail or "",
                    d.message_hint or "",
                ]
            )
        )
        lines = [json.dumps(answers(connection, notices, one.text)) for one in statements(name)]
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        connection.close()
    clean(admin)


if __name__ == "__main__":
    main(sys.argv[1])
