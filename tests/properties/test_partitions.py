"""Pruning loses no rows, and routing puts each row where its constraint holds: random rows and conditions."""

from collections.abc import Iterator
from random import Random

import pytest

from ..unit.sql_session import SqlSession

SETUP = """
create table r (a int, b int, t text) partition by range (a, b);
create table r1 partition of r for values from (minvalue, minvalue) to (1, 5);
create table r2 partition of r for values from (1, 5) to (1, 10);
create table r3 (t text, b int, z int, a int);
alter table r3 drop column z;
alter table r attach partition r3 for values from (1, 10) to (5, minvalue);
create table r4 partition of r for values from (5, 0) to (8, maxvalue) partition by list (t);
create table r4a partition of r4 for values in ('a', 'b');
create table r4n partition of r4 for values in (null, 'c');
create table r4d partition of r4 default;
create table r6 partition of r for values from (12, 3) to (maxvalue, maxvalue);
create table rd partition of r default;
create index on r (a);
create table h (a int, b int, t text) partition by hash (a, t);
create table h0 partition of h for values with (modulus 3, remainder 0);
create table h1 partition of h for values with (modulus 3, remainder 1);
create table h2 partition of h for values with (modulus 3, remainder 2);
create table l (a int, b int, t text) partition by list (t);
create table l1 partition of l for values in ('a', 'c');
create table l2 partition of l for values in ('b', null);
create table ld partition of l default partition by range (b);
create table ld1 partition of ld for values from (0) to (6);
create table ldd partition of ld default;
"""
TABLES = ("r", "h", "l")


@pytest.fixture
def session() -> Iterator[SqlSession]:
    made = SqlSession()
    made.run(SETUP)
    yield made
    made.close()


class Sentences:
    """Random values and conditions."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def value(self, column: str) -> str:
        if self.random.random() < 0.12:
            return "null"
        return f"'{self.random.choice('abcxyz')}'" if column == "t" else str(self.random.randint(-2, 15))

    def condition(self) -> str:
        random = self.random
        column = random.choice("abt")
        kind = random.random()
        if kind < 0.2:
            return f"{column} is {random.choice(['', 'not '])}null"
        if kind < 0.35:
            return f"{column} in ({', '.join(self.value(column) for _ in range(3))})"
        if kind < 0.45:
            return f"{column} between {self.value(column)} and {self.value(column)}"
        if kind < 0.65:
            return f"({self.condition()} {random.choice(['or', 'and'])} {self.condition()})"
        return f"{column} {random.choice(['=', '=', '<', '<=', '>', '>=', '<>'])} {self.value(column)}"


@pytest.mark.parametrize("seed", range(3))
def test_pruning_loses_no_rows(session: SqlSession, seed: int) -> None:
    sentences = Sentences(seed)
    for table in TABLES:
        for _ in range(40):
            values = ", ".join(sentences.value(column) for column in "abt")
            session.run(f"insert into {table} values ({values})")
    for _ in range(60):
        table = sentences.random.choice(TABLES)
        where = " and ".join(sentences.condition() for _ in range(sentences.random.randint(1, 2)))
        query = f"select tableoid::regclass, * from {table} where {where} order by 1, 2, 3, 4"
        pruned = session.run(query)
        session.run("set enable_partition_pruning = off")
        assert pruned == session.run(query), query
        session.run("set enable_partition_pruning = on")


def test_rows_are_where_their_constraint_holds(session: SqlSession) -> None:
    sentences = Sentences(7)
    for table in TABLES:
        for _ in range(60):
            values = ", ".join(sentences.value(column) for column in "abt")
            session.run(f"insert into {table} values ({values})")
        session.run(f"update {table} set a = b, b = a, t = 'c' where a < 6")
    leaves = session.run(
        "select relname, pg_get_partition_constraintdef(oid) from pg_class "
        "where relispartition and relkind = 'r'"
    )
    assert len(leaves) == 15
    for leaf, constraint in leaves:
        assert session.run(f"select count(*) from {leaf} where not ({constraint or 'true'})") == [["0"]], leaf
