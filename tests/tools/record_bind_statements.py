"""Records what a real PostgreSQL says of the statements of tests/unit/bind_statements.sql: output columns
or the error. Usage:
python -m tests.tools.record_bind_statements postgresql://... > tests/unit/bind_statements.jsonl"""

import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from ..unit.bind_world import oracle_sql

STATEMENTS = Path(__file__).parent.parent / "unit" / "bind_statements.sql"


async def describe(connection: asyncpg.Connection, sql: str) -> dict[str, object]:
    """{"columns": [[name, type oid], ...]} or {"error": [...]} of one statement."""
    try:
        statement = await connection.prepare(sql)
        if "$" not in sql and sql.lower().startswith(("insert", "update", "delete", "merge")):
            await connection.execute("explain " + sql)  # rewriting happens after Describe
    except asyncpg.PostgresError as error:
        fields = error.as_dict()
        return {
            "error": [
                fields["sqlstate"],
                fields["message"],
                fields.get("detail"),
                fields.get("hint"),
                int(fields["position"]) - 1 if fields.get("position") else None,
            ]
        }
    return {"columns": [[a.name, a.type.oid] for a in statement.get_attributes()]}


async def main(url: str) -> None:
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("create schema bind_world; set local search_path = bind_world")
    for sql in oracle_sql():
        await connection.execute(sql.replace("public.", "bind_world."))
    for sql in STATEMENTS.read_text().split("\n"):
        if sql.strip():
            save = connection.transaction()
            await save.start()
            answer = await describe(connection, sql.replace("public.t", "bind_world.t"))
            await save.rollback()
            print(json.dumps({"sql": sql, **answer}))
    await transaction.rollback()
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
