"""A schema that a statement names must be one that the role may use."""

from collections.abc import Iterator

import pytest

from .sql_session import SqlSession

SETUP = """CREATE ROLE app; CREATE SCHEMA z; CREATE TABLE z.t (a int); CREATE VIEW v AS SELECT * FROM z.t;
CREATE FUNCTION z.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT ALL ON z.t, v TO app; SET ROLE app"""


@pytest.fixture
def session() -> Iterator[SqlSession]:
    made = SqlSession()
    assert made.run(SETUP) == []
    yield made
    made.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM z.t",
        "INSERT INTO z.t VALUES (1)",
        "SELECT z.f()",
        "COPY z.t TO STDOUT",
        "ALTER TABLE z.t ADD b int",
    ],
)
def test_refused(session: SqlSession, sql: str) -> None:
    assert session.run(sql)["error"][:2] == ["42501", "permission denied for schema z"]


def test_allowed(session: SqlSession) -> None:
    assert session.run("SELECT * FROM v") == []  # names in a view's definition have been looked up
    assert session.run("RESET ROLE; GRANT USAGE ON SCHEMA z TO app; SET ROLE app") == []
    assert session.run("SELECT z.f() FROM z.t") == []
