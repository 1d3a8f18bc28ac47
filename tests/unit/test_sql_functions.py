"""Functions in LANGUAGE sql: CREATE FUNCTION, and calls of all kinds. Answers are PostgreSQL 18's."""

# ruff: noqa: E501

from typing import Any

import pytest

from .sql_session import SqlSession

# (statements, the rows or the error of the last one)
SCRIPT: tuple[tuple[str, Any], ...] = (
    ("create table acc (id int primary key, bal numeric not null, name text)", []),
    (
        """create function add_acc(id int, bal numeric, name text default 'x') returns acc language sql as
        $$ insert into acc values (add_acc.id, $2, add_acc.name) returning * $$""",
        [],
    ),
    ("select add_acc(1, 10), add_acc(2, 20, 'two')", [["(1,10,x)", "(2,20,two)"]]),
    ("select * from add_acc(3, 30)", [["3", "30", "x"]]),
    ("select (add_acc(4, 40)).*", "23505"),
    (
        """create function bump(k int, by numeric) returns numeric language sql as
        $$ update acc set bal = bal + by where id = k; select bal from acc where id = k; $$""",
        [],
    ),
    ("select bump(1, 5), bump(1, 5)", [["15", "20"]]),
    ("select id, bump(id, 1) from acc order by id", [["1", "21"], ["2", "21"], ["3", "31"]]),
    (
        "create function accs(low numeric) returns setof acc language sql as 'select * from acc where bal >= low'",
        [],
    ),
    ("select id, name from accs(22)", [["3", "x"]]),
    ("select a.id, x.id from acc a, lateral accs(a.bal + 5) x", [["1", "3"], ["2", "3"]]),
    ("create function tag(a acc) returns text language sql as 'select a.name || $1.id'", []),
    ("select acc.tag from acc order by id", [["x1"], ["two2"], ["x3"]]),
    (
        """create function fact(n int) returns numeric language sql as
        'select case when n <= 1 then 1 else n * fact(n - 1) end'""",
        [],
    ),
    ("select fact(20)", [["2432902008176640000"]]),
    ("create function st(a int, b int) returns int language sql strict as 'select a + coalesce(b, 0)'", []),
    ("select st(1, null), st(1, 2)", [[None, "3"]]),
    (
        "create function swap(inout a int, inout b int) language sql as 'select b, a'; select swap(1, 2)",
        [["(2,1)"]],
    ),
    ("select b from swap(1, 2)", [["1"]]),
    (
        "create function vari(variadic a int[]) returns int8 language sql as 'select sum(x) from unnest($1) x'",
        [],
    ),
    ("select vari(1, 2, 3), vari(variadic array[4, 5])", [["6", "9"]]),
    (
        "create function dflt(a int, b int default 5, c int default 7) returns int return a * 100 + b * 10 + c",
        [],
    ),
    ("select dflt(1), dflt(1, 2), dflt(1, c => 3), dflt(a => 1, b => 0)", [["157", "127", "153", "107"]]),
    (
        "create function poly(a anyelement, anyelement) returns anyelement language sql as 'select greatest(a, $2)'",
        [],
    ),
    ("select poly(1, 2), poly('a'::text, 'b'::text)", [["2", "b"]]),
    (
        """create function tt(n int) returns table (i int, sq bigint) language sql as
        'select g, g * g from generate_series(1, n) g'""",
        [],
    ),
    ("select * from tt(2) with ordinality", [["1", "1", "1"], ["2", "4", "2"]]),
    ("select tt(2), 5", [["(1,1)", "5"], ["(2,4)", "5"]]),
    ("create function two() returns int begin atomic select 1; select 2; end; select two()", [["2"]]),
    ("create function many() returns int language sql as 'values (5), (6)'; select many()", [["5"]]),
    ("create function nothing() returns void language sql as 'select 1'; select nothing() is null", [["t"]]),
    ("create function rec() returns record language sql as 'select 1, 2'; select rec()", [["(1,2)"]]),
    ("select * from rec() as t(a int, b text)", [["1", "2"]]),
    (
        """create function mem() returns text language sql set work_mem = '1MB' as
        $$ select current_setting('work_mem') $$; select mem(), current_setting('work_mem')""",
        [["1MB", "4MB"]],
    ),
    (
        "create procedure pr(a int, out b int) language sql as 'insert into acc values (a, a) returning id + 1'",
        [],
    ),
    ("call pr(50, null)", [["51"]]),
    ("create function bad() returns int language sql as 'select 1, 2'", "42P13"),
    ("create function bad(a int) returns int language sql as 'select nope'", "42703"),
    ("create function bad(a int, a int) returns int language sql as 'select 1'", "42P13"),
    ("create function st(x int, y int) returns int language sql as 'select 1'", "42723"),
    ("create or replace function st(x int, y int) returns int language sql as 'select 1'", "42P13"),
    (
        "create function ro() returns int language sql stable as 'delete from acc returning 1'; select ro()",
        "0A000",
    ),
    ("select count(*) from acc", [["4"]]),
    ("alter function st(int, int) immutable called on null input", []),
    ("select provolatile, proisstrict from pg_proc where proname = 'st'", [["i", "f"]]),
    ("drop table acc", "2BP01"),
    ("drop function st; select st(1, 2)", "42883"),
)


def test_sql_functions() -> None:
    session = SqlSession()
    try:
        for text, wanted in SCRIPT:
            answer = session.run(text)
            if isinstance(answer, dict):
                answer = answer["error"][0] if isinstance(wanted, str) else answer
            assert answer == wanted, text
    finally:
        session.close()


@pytest.mark.parametrize("query", ["select loop(1)", "select * from loop(1)"])
def test_endless_recursion_is_an_error(query: str) -> None:
    session = SqlSession()
    try:
        session.run("create function loop(n int) returns int language sql as 'select loop(n + 1)'")
        assert session.run(query)["error"][0] == "54001"
        assert session.run("select 1") == [["1"]]
    finally:
        session.close()
