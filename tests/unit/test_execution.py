"""Executing statements: answers that depend on the execution engine, not on a single function."""

from collections.abc import Iterator
from typing import Any

import pytest

from .sql_session import SqlSession


@pytest.fixture(scope="module")
def sql() -> Iterator[SqlSession]:
    session = SqlSession()
    yield session
    session.close()


def failed(answer: Any) -> tuple[str, str]:
    """SQLSTATE and message of an error."""
    return answer["error"][0], answer["error"][1]


DOMAIN = "value for domain information_schema.{} violates check constraint"


@pytest.mark.parametrize(
    ("query", "domain"),
    [
        ("select (-1)::int::information_schema.cardinal_number", "cardinal_number"),
        ("select '-1'::information_schema.cardinal_number", "cardinal_number"),
        ("select x::text::information_schema.yes_or_no from (values ('YES'), ('MAYBE')) v(x)", "yes_or_no"),
    ],
)
def test_domain_checks(sql: SqlSession, query: str, domain: str) -> None:
    state, message = failed(sql.run(query))
    assert state == "23514"
    assert message.startswith(DOMAIN.format(domain))


def test_domain_values(sql: SqlSession) -> None:
    assert sql.run("select '5'::information_schema.cardinal_number, 'NO'::information_schema.yes_or_no") == [
        ["5", "NO"]
    ]
    assert sql.run("select null::information_schema.cardinal_number") == [[None]]
