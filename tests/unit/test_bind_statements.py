"""Analysis and rewriting of statements agree with PostgreSQL: output columns, error texts, positions.

bind_statements.jsonl was recorded from PostgreSQL 18 by tests/tools/record_bind_statements.py.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from gaveldb.engine.bind.rewrite import result_columns, rewrite_query
from gaveldb.engine.errors import SqlError

from .bind_world import World

_GOLDEN = Path(__file__).with_name("bind_statements.jsonl")
RECORDED = [json.loads(line) for line in _GOLDEN.read_text().splitlines()]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["sql"][:70])
def test_agrees_with_postgresql(world: World, case: dict[str, Any]) -> None:
    """Column names and types, or every field of the error."""
    try:
        query = world.analyze(case["sql"], variable_params=True).query
        columns = result_columns(query)
        rewrite_query(query, world.context())
        answer: dict[str, Any] = {"columns": [[c.name, c.type_oid] for c in columns or ()]}
    except SqlError as error:
        answer = {"error": [error.sqlstate, error.message, error.detail, error.hint, error.position]}
    expected = {key: value for key, value in case.items() if key != "sql"}
    assert answer == expected
