"""The rows of the fact sheet on Aurora DSQL that have no test elsewhere: types, statements, DDL, catalogs,
conflicts, transactions."""

from collections.abc import Iterator
from typing import Any

import pytest

from .test_async import World, job_of
from .test_dsql import OC000, OC001

TYPES = """smallint,integer,bigint,real,double precision,numeric,numeric(10),numeric(1000),char(5),varchar(5),
    bpchar(5),text,date,time,timetz,timestamp,timestamptz,interval,boolean,bytea,uuid,json,jsonb""".split(",")  # noqa: SIM905
NOT_IN_KEYS = {
    "timetz": "time with time zone",
    "interval": "interval",
    "bytea": "bytea",
    "json": "json",
    "jsonb": "jsonb",
}
NOT_COLUMNS = """int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange
    nummultirange tsmultirange tstzmultirange datemultirange""".split()  # noqa: SIM905
SERIALS = "serial serial2 serial4 serial8 smallserial bigserial".split()  # noqa: SIM905
SETTABLE = """application_name=x client_encoding=UTF8 datestyle=ISO extra_float_digits=1
    intervalstyle=postgres timezone=UTC search_path=public role=admin enable_seqscan=on
    dsql.enable_batched_nestloop=off disable_sync_create_index=off""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    made = World()
    made.run("DROP TABLE t")
    made.run("CREATE TABLE g (id int PRIMARY KEY, a int, b text)")
    made.run("INSERT INTO g VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z')")
    yield made
    made.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.run("DROP TABLE t")
    made.run("CREATE TABLE p (id int PRIMARY KEY, a int)")
    made.run("CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p (id))")
    made.run("INSERT INTO p VALUES (1, 1), (2, 2)")
    yield made
    made.close()


def wrong(world: World, wanted: dict[str, Any]) -> dict[str, Any]:
    """The statements with another answer than wanted, run in their order."""
    answers = {sql: world.retry(sql) for sql in wanted}
    return {sql: answer for sql, answer in answers.items() if answer != wanted[sql]}


# --- types ----------------------------------------------------------------------------------------------


def test_types_of_columns(shared: World) -> None:
    for number, name in enumerate(TYPES):
        assert shared.run(f"CREATE DOMAIN d{number} AS {name}") == [], name
        assert shared.run(f"CREATE TABLE y{number} (a {name}, b d{number})") == [], name


@pytest.mark.parametrize("name", NOT_IN_KEYS)
def test_types_in_no_key(shared: World, name: str) -> None:
    refusal = ("0A000", f"datatype {NOT_IN_KEYS[name]} is not supported in a key")
    shared.run(f"CREATE DOMAIN over_{name} AS {name}")
    for declared in (name, f"over_{name}"):
        for key in ("a {} PRIMARY KEY", "a {} UNIQUE", "i int, a {}, PRIMARY KEY (i, a)", "a {}, UNIQUE (a)"):
            assert shared.run(f"CREATE TABLE k ({key.format(declared)})") == refusal


@pytest.mark.parametrize("name", NOT_COLUMNS)
def test_ranges_are_no_columns(shared: World, name: str) -> None:
    assert shared.run(f"CREATE TABLE k (a {name})") == ("0A000", f"datatype {name} not supported")


@pytest.mark.parametrize("name", SERIALS)
def test_serials(shared: World, name: str) -> None:
    assert shared.run(f"CREATE TABLE k (a {name})") == ("42704", f'type "{name}" does not exist')


def test_numeric_without_size(world: World) -> None:
    assert not wrong(world, {
        "CREATE TABLE n (id int PRIMARY KEY, n numeric)": [],
        "INSERT INTO n VALUES (1, 999999999999.1234567) RETURNING n": [["999999999999.123457"]],
        "INSERT INTO n VALUES (2, 1000000000000)": ("22003", "numeric field overflow"),
        "ALTER TABLE n ADD COLUMN m numeric": [],
        "UPDATE n SET m = 1.23456789 RETURNING m": [["1.234568"]],
    })  # fmt: skip


def test_types_in_expressions(shared: World) -> None:
    assert not wrong(shared, {
        "SELECT ARRAY[1, 2]": [["{1,2}"]],
        "SELECT (ARRAY['a', 'b'])[2]": [["b"]],
        "SELECT array_agg(id ORDER BY id) FROM g": [["{1,2,3}"]],
        "SELECT '1.2.3.4'::inet": [["1.2.3.4"]],
        "SELECT id FROM g WHERE id = ANY (ARRAY[1, 3])": [["1"], ["3"]],
    })  # fmt: skip


def test_collation_and_zone(shared: World) -> None:
    assert not wrong(shared, {
        "SELECT 'a' < 'B', pg_typeof(1.0)": [["f", "numeric"]],
        "SELECT datcollate, datctype FROM pg_database WHERE datname = 'postgres'": [["C", "C"]],
        "SHOW timezone": [["UTC"]],
        "SHOW server_encoding": [["UTF8"]],
        "SELECT current_schema()": [["public"]],
    })  # fmt: skip


# --- statements -----------------------------------------------------------------------------------------

ACCEPTED: dict[str, Any] = {
    "SELECT g.id, q FROM g CROSS JOIN LATERAL (SELECT g.a + 1 AS q) s": [["1", "2"], ["2", "2"], ["3", "3"]],
    "SELECT count(*) FROM g, LATERAL generate_series(1, g.a) n": [["4"]],
    "SELECT count(*) FROM g LEFT JOIN LATERAL (SELECT 1 AS q) s ON true": [["3"]],
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r": [
        ["1"], ["2"], ["3"]
    ],
    "SELECT id, sum(a) OVER (ORDER BY id) FROM g": [["1", "1"], ["2", "2"], ["3", "4"]],
    "SELECT a, count(*) FROM g GROUP BY GROUPING SETS ((a), ()) ORDER BY a": [
        ["1", "2"], ["2", "1"], [None, "3"]
    ],
    "SELECT a, count(*) FROM g GROUP BY ROLLUP (a) ORDER BY a": [["1", "2"], ["2", "1"], [None, "3"]],
    "SELECT count(*) FROM (SELECT a, b FROM g GROUP BY CUBE (a, b)) s": [["9"]],
    "SELECT count(*) FILTER (WHERE a = 1) FROM g": [["2"]],
    "SELECT DISTINCT ON (a) a, id FROM g ORDER BY a, id": [["1", "1"], ["2", "3"]],
    "SELECT 1 UNION SELECT 2 EXCEPT SELECT 1 INTERSECT SELECT 3 ORDER BY 1": [["1"], ["2"]],
    "INSERT INTO g VALUES (1, 9, 'c') ON CONFLICT (id) DO UPDATE SET a = excluded.a RETURNING *": [
        ["1", "9", "x"]
    ],
    "INSERT INTO g VALUES (1, 9, 'c') ON CONFLICT DO NOTHING": [],
    "INSERT INTO g SELECT id + 10, a, b FROM g RETURNING id": [["11"], ["12"], ["13"]],
    "DELETE FROM g USING g h WHERE g.id = h.id AND g.id > 11 RETURNING g.id": [["12"], ["13"]],
    "DELETE FROM g WHERE id = 11 RETURNING a": [["9"]],
    "UPDATE g SET a = h.id FROM g h WHERE h.id = g.id AND g.id = 1 RETURNING g.a": [["1"]],
    "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'": [],
    "SELECT f(1)": [["2"]],
    "ALTER ROUTINE f(int) STABLE": [],
    "DROP ROUTINE f(int)": [],
    "CREATE DOMAIN pos AS int CHECK (VALUE > 0)": [],
    "ALTER DOMAIN pos SET DEFAULT 1": [],
    "SELECT 0::pos": ("23514", 'value for domain pos violates check constraint "pos_check"'),
    "DROP DOMAIN pos": [],
    "CREATE STATISTICS st ON a, b FROM g": [],
    "ALTER STATISTICS st RENAME TO st2": [],
    "DROP STATISTICS st2": [],
    "COMMENT ON TABLE g IS 'x'": [],
    "SELECT obj_description('g'::regclass)": [["x"]],
    "ANALYZE g": [],
    "DEALLOCATE ALL": [],
    "SET CONSTRAINTS ALL DEFERRED": [],
    "CREATE VIEW v AS SELECT * FROM g": [],
    "ALTER VIEW v RENAME TO w": [],
    "DROP VIEW w": [],
    "CREATE SCHEMA s CREATE TABLE x (a int PRIMARY KEY) CREATE VIEW y AS SELECT 1": [],
    "ALTER SCHEMA s RENAME TO s2": [],
    "CREATE SEQUENCE q CACHE 1": [],
    "SELECT nextval('q')": [["1"]],
    "ALTER SEQUENCE q RESTART": [],
    "DROP SEQUENCE q": [],
    "CREATE ROLE r": [],
    "ALTER ROLE r RENAME TO r2": [],
    "GRANT SELECT ON g TO r2": [],
    "REVOKE SELECT ON g FROM r2": [],
    "ALTER DEFAULT PRIVILEGES IN SCHEMA s2 GRANT SELECT ON TABLES TO r2": [],
    "ALTER DEFAULT PRIVILEGES IN SCHEMA s2 REVOKE SELECT ON TABLES FROM r2": [],
    "DROP ROLE r2": [],
    "ALTER TABLE g RENAME TO h": [],
    "ALTER TABLE h RENAME TO g": [],
    "START TRANSACTION READ ONLY": [],
    "END": [],
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE": [],
    "ABORT": [],
    "BEGIN": [],
    "COMMIT": [],
    "RESET ALL": [],
}  # fmt: skip


def test_accepted(shared: World) -> None:
    assert not wrong(shared, ACCEPTED)


@pytest.mark.parametrize("options", ["", "ANALYZE ", "VERBOSE "])
def test_explain(shared: World, options: str) -> None:
    assert "Scan on" in shared.run(f"EXPLAIN {options}SELECT * FROM g")[0][0]


@pytest.mark.parametrize("setting", SETTABLE)
def test_settable(shared: World, setting: str) -> None:
    name, _, text = setting.partition("=")
    assert shared.run(f"SET {name} = '{text}'") == []
    assert shared.run(f"SHOW {name}")[0][0].startswith(text)
    assert shared.run(f"RESET {name}") == []


LATERAL = ("42804", "attribute 1 of type g has wrong type")
NO_CONFIGURATION = ("42704", 'text search configuration "english" does not exist')
QUIRKS = {
    "SELECT a, count(*) FROM g GROUP BY ALL": ("42601", "syntax error at end of input"),
    "SELECT * FROM g LEFT JOIN LATERAL (SELECT g.a AS q) s ON true": LATERAL,
    "SELECT * FROM g x LEFT JOIN LATERAL (SELECT count(*) FROM g y WHERE y.a = x.id) s ON true": LATERAL,
    "SELECT (SELECT s.q FROM g y LEFT JOIN LATERAL (SELECT x.a AS q) s ON true LIMIT 1) FROM g x LIMIT 1": [
        ["1"]
    ],
    "SELECT to_tsvector('english', 'a')": NO_CONFIGURATION,
    "SELECT to_tsvector('a')": NO_CONFIGURATION,
    "SELECT 'a'::text @@ to_tsquery('a')": NO_CONFIGURATION,
    "SHOW lc_collate": ("42704", 'unrecognized configuration parameter "lc_collate"'),
    "SELECT sys.wait_for_job('x'::text)": ("42809", "sys.wait_for_job(text) is a procedure"),
}


def test_quirks(shared: World) -> None:
    assert not wrong(shared, QUIRKS)


def test_many_statements_are_one_transaction(world: World) -> None:
    assert world.run("INSERT INTO p VALUES (7); SELECT count(*) FROM p; SELECT 1/0") == (
        "22012", "division by zero"
    )  # fmt: skip
    assert world.run("SELECT count(*) FROM p") == [["2"]]
    sink = world.session(1)[1]
    tags: list[str] = []
    sink.command_complete = tags.append  # type: ignore[method-assign]
    assert world.run("INSERT INTO p VALUES (7) RETURNING id; SELECT count(*) FROM p") == [["3"]]
    assert tags == ["INSERT 0 1", "SELECT 1"]


# --- DDL ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["GRANT SELECT ON p TO public", "REVOKE SELECT ON p FROM public"])
def test_privileges_are_ddl(world: World, second: str) -> None:
    assert world.run("BEGIN") == []
    assert world.run("GRANT UPDATE ON p TO public") == []
    assert world.run(second) == ("0A000", "multiple ddl statements not supported in a transaction")
    assert world.run("ROLLBACK") == []
    assert world.run("BEGIN") == []
    assert world.run("INSERT INTO p VALUES (9)") == []
    assert world.run(second) == ("0A000", "ddl and dml are not supported in the same transaction")
    assert world.run("ROLLBACK") == []


ALTERATIONS = [
    "CREATE TABLE e (id int PRIMARY KEY, a text NOT NULL, b int GENERATED ALWAYS AS (id + 1) STORED, "
    "i bigint NOT NULL, u int)",
    "ALTER TABLE e ALTER a SET STORAGE EXTERNAL",
    "ALTER TABLE e ALTER a DROP NOT NULL",
    "ALTER TABLE e ALTER b DROP EXPRESSION",
    "ALTER TABLE e ALTER i ADD GENERATED BY DEFAULT AS IDENTITY (CACHE 65536)",
    "ALTER TABLE e ALTER i SET GENERATED ALWAYS",
    "ALTER TABLE e ALTER i RESTART",
    "ALTER TABLE e ALTER i DROP IDENTITY",
]
INDEXES = [
    "(a) INCLUDE (u)",
    "(a NULLS FIRST)",
    "(a NULLS LAST)",
    "(i) NULLS NOT DISTINCT",
    "(lower(a))",
    "(a) WHERE u > 1",
]


def test_alterations_and_indexes(world: World) -> None:
    assert not wrong(world, {sql: [] for sql in ALTERATIONS})
    for index in INDEXES:
        job_of(world.retry(f"CREATE {'UNIQUE ' if 'DISTINCT' in index else ''}INDEX ASYNC ON e {index}"))
    job = job_of(world.retry("CREATE UNIQUE INDEX ASYNC e_u ON e (u)"))
    assert world.run(f"CALL sys.wait_for_job('{job}')") == [["t"]]
    assert not wrong(world, {
        "ALTER TABLE e ADD CONSTRAINT e_uq UNIQUE USING INDEX e_u": [],
        "CREATE INDEX ASYNC ON e (a) WHERE random() > 1": (
            "42P17", "functions in index predicate must be marked IMMUTABLE"
        ),
    })  # fmt: skip


NOT_BIGINT = "datatype integer not supported, identity column type must be bigint"
TEMPORARY = "TEMPORARY or TEMP table not supported for CREATE TABLE"
MERGE = "MERGE INTO g USING g h ON g.id = h.id WHEN MATCHED THEN DELETE"
NO_TIMEOUT = 'setting configuration parameter "statement_timeout" not supported'
REFUSED = {
    f"EXPLAIN {MERGE}": "unsupported statement type: MERGE",
    f"WITH x AS ({MERGE} RETURNING 1) SELECT * FROM x": "unsupported statement type: MERGE",
    "EXPLAIN CREATE TABLE x AS SELECT 1": "unsupported statement: CreateTableAs",
    "CREATE SCHEMA x CREATE TEMP TABLE y (a int)": TEMPORARY,
    "CREATE SCHEMA x CREATE INDEX ON g (a)": "unsupported mode. please use CREATE INDEX ASYNC.",
    "CREATE SCHEMA x CREATE TABLE y (a int[])": "datatype integer[] not supported",
    "CREATE TABLE pg_temp.x (a int)": TEMPORARY,
    "CREATE VIEW v AS SELECT * FROM g TABLESAMPLE system (1)": "TABLESAMPLE clause not supported",
    "COPY (SELECT pg_advisory_lock(1)) TO STDOUT": "function pg_advisory_lock not supported",
    "ALTER ROLE admin SET statement_timeout = 1": NO_TIMEOUT,
    "CREATE FUNCTION x() RETURNS int LANGUAGE sql SET statement_timeout = 1 AS 'SELECT 1'": NO_TIMEOUT,
    "SET TRANSACTION SNAPSHOT 'x'": 'setting configuration parameter "TRANSACTION" not supported',
    "ALTER TABLE g ALTER id ADD GENERATED ALWAYS AS IDENTITY (CACHE 1)": NOT_BIGINT,
    "CREATE INDEX ASYNC ON g ((b::jsonb))": "datatype jsonb is not supported in a key",
}


def test_refused_within_others(shared: World) -> None:
    assert not wrong(shared, {sql: ("0A000", message) for sql, message in REFUSED.items()})


def test_sizes_of_caches(world: World) -> None:
    said = (
        "is not supported without an explicit cache size. please define CACHE greater than or equal to 65536"
    )
    columns = "id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1)"
    assert not wrong(world, {f"CREATE TABLE i ({columns})": [], "ALTER SEQUENCE i_id_seq CACHE 65536": []})
    for sql, what in (
        ("ALTER SEQUENCE i_id_seq CACHE 5", "ALTER SEQUENCE"),
        ("ALTER TABLE i ALTER id SET CACHE 5", "identity column"),
    ):
        assert world.run(sql) == ("0A000", f"{what} {said} or equal to 1")


BODIES = {
    "SELECT pg_notify('c', 'x')": "function pg_notify not supported",
    "SELECT pg_advisory_lock(1)": "function pg_advisory_lock not supported",
    "SELECT * FROM g FOR SHARE": "locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported",
    "SELECT 1; SELECT id FROM g TABLESAMPLE system (1)": "TABLESAMPLE clause not supported",
}


@pytest.mark.parametrize("body", BODIES)
def test_refused_in_bodies(shared: World, body: str) -> None:
    create = "CREATE FUNCTION x() RETURNS void LANGUAGE sql"
    assert shared.run(f"{create} AS $$ {body} $$") == ("0A000", BODIES[body])
    assert shared.run(f"{create} BEGIN ATOMIC {body}; END") == ("0A000", BODIES[body])
    assert shared.run(body) == ("0A000", BODIES[body])


HIDDEN_WRITES = [
    "SELECT w(50)",
    "EXPLAIN ANALYZE INSERT INTO p VALUES (51, 1)",
    "EXECUTE w51",
]


@pytest.mark.parametrize("write", HIDDEN_WRITES)
def test_writes_within_others(world: World, write: str) -> None:
    """They are DML beside DDL, and find out about changed definitions."""
    mixed = ("0A000", "ddl and dml are not supported in the same transaction")
    body = "INSERT INTO p VALUES ($1, 1) RETURNING id"
    assert world.run(f"CREATE FUNCTION w(int) RETURNS int LANGUAGE sql AS '{body}'") == []
    for ddl_first in (True, False):
        world.run("ROLLBACK")
        world.run("DEALLOCATE ALL")
        world.run("PREPARE w51 AS INSERT INTO p VALUES (52, 1)")
        assert world.run("BEGIN") == []
        if ddl_first:
            assert world.run("COMMENT ON TABLE c IS 'x'") == []
            assert world.run(write) == mixed
        else:
            assert isinstance(world.run(write), list)
            assert world.run("COMMENT ON TABLE c IS 'x'") == mixed
    world.run("ROLLBACK")
    if not write.startswith("SELECT"):
        world.run("SELECT FROM p")
        assert world.run("COMMENT ON TABLE c IS 'y'", 2) == []
        assert world.run(write) == OC001
        assert isinstance(world.run(write), list)


def test_using(world: World) -> None:
    assert world.run('CREATE TABLE "using" (a int PRIMARY KEY, b int)') == []
    assert len(world.retry('CREATE INDEX ASYNC ON /* using */ "using" (b)')) == 1
    for method in ("USING btree", "/* ( */ using btree"):
        refusal = ("0A000", "USING not supported for CREATE INDEX")
        assert world.retry(f'CREATE INDEX ASYNC ON "using" {method} (b)') == refusal


def test_set_config(shared: World) -> None:
    refusal = ("0A000", NO_TIMEOUT)
    assert not wrong(shared, {
        "SELECT set_config('statement_timeout', '1', false)": refusal,
        "CREATE FUNCTION sc() RETURNS text LANGUAGE sql AS $$ "
        "SELECT set_config('statement_' || 'timeout', '1', true) $$": [],
        "SELECT sc()": refusal,
        "SELECT set_config('search_path', 'public', false)": [["public"]],
    })  # fmt: skip


# --- catalogs -------------------------------------------------------------------------------------------

CATALOGS = {
    "SELECT version()": [["PostgreSQL 16"]],
    "SELECT amname FROM pg_am WHERE oid = 403": [["btree_index"]],
    "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'g_pkey'": [
        ["PRIMARY KEY (id) INCLUDE (a, b)"]
    ],
    "SELECT indnatts, indnkeyatts, indkey FROM pg_index WHERE indexrelid = 'g_pkey'::regclass": [
        ["3", "1", "1 2 3"]
    ],
    "SELECT relnatts FROM pg_class WHERE relname = 'g_pkey'": [["3"]],
    "SELECT attname, attnum, attnotnull FROM pg_attribute WHERE attrelid = 'g_pkey'::regclass ORDER BY 2": [
        ["id", "1", "f"], ["a", "2", "f"], ["b", "3", "f"]
    ],
    "SELECT count(DISTINCT ctid) FROM pg_attribute WHERE attrelid = 'g'::regclass AND attnum > 0": [["3"]],
    "SELECT n, pg_get_indexdef('g_pkey'::regclass, n, true) FROM generate_series(1, 4) n": [
        ["1", "id"], ["2", "a"], ["3", "b"], ["4", ""]
    ],
    "SELECT pg_get_indexdef('g_pkey'::regclass)": [
        ["CREATE UNIQUE INDEX g_pkey ON public.g USING btree_index (id) INCLUDE (a, b)"]
    ],
    "SELECT count(*) FROM pg_enum": [["0"]],
    "SELECT count(*) FROM pg_policy": [["0"]],
    "SELECT count(*) > 0 FROM pg_proc": [["t"]],
    "SELECT count(*) FROM pg_sequence": [["1"]],
    "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'o'::regclass": [["(1 + 1)"]],
    "SELECT pg_get_viewdef('ov'::regclass)": [[" SELECT id\n   FROM o;"]],
    "SELECT pg_get_serial_sequence('o', 'id')": [["public.o_id_seq"]],
    "SELECT format_type(1043, 54), format_type(1700, (18 << 16) + 6 + 4)": [
        ["character varying(50)", "numeric(18,6)"]
    ],
}  # fmt: skip


def test_catalogs(shared: World) -> None:
    before = [
        "CREATE TABLE o (id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1), n int DEFAULT 1 + 1)",
        "CREATE VIEW ov AS SELECT id FROM o",
    ]
    assert not wrong(shared, {sql: [] for sql in before} | CATALOGS)


# --- conflicts ------------------------------------------------------------------------------------------

CONFLICTS = [  # of the first committer and the second
    ("INSERT INTO c VALUES (1, 1)", "DELETE FROM p WHERE id = 1", True),
    ("DELETE FROM p WHERE id = 1", "INSERT INTO c VALUES (1, 1)", True),
    ("DELETE FROM p WHERE id = 1", "INSERT INTO c VALUES (1, 2)", False),
    ("INSERT INTO c VALUES (1, 1)", "UPDATE p SET a = 9 WHERE id = 1", False),
    ("UPDATE p SET a = 9 WHERE id = 1", "INSERT INTO c VALUES (1, 1)", False),
    ("INSERT INTO c VALUES (1, 1)", "INSERT INTO c VALUES (2, 1)", False),
    ("INSERT INTO c VALUES (1, 1)", "DELETE FROM p WHERE id = 2", False),
    ("UPDATE c SET p = 1 WHERE id = 7", "DELETE FROM p WHERE id = 1", True),
    ("INSERT INTO c VALUES (1, 1)", "UPDATE p SET id = 9 WHERE id = 1", True),
    ("INSERT INTO x VALUES (1)", "DELETE FROM p WHERE id = 1", True),
    ("INSERT INTO c VALUES (1, 1)", "SELECT * FROM p WHERE id = 1 FOR KEY SHARE", False),
    ("SELECT * FROM p WHERE id = 1 FOR KEY SHARE", "DELETE FROM p WHERE id = 1", True),
    ("SELECT * FROM p WHERE id = 1 FOR KEY SHARE", "UPDATE p SET a = 9 WHERE id = 1", False),
    ("SELECT * FROM p WHERE id = 1 FOR UPDATE", "UPDATE p SET a = 9 WHERE id = 1", True),
    ("SELECT * FROM p WHERE id = 1 FOR UPDATE", "SELECT * FROM p WHERE id = 1 FOR UPDATE", True),
    ("SELECT * FROM p WHERE id = 1 FOR UPDATE", "SELECT * FROM p WHERE id = 2 FOR UPDATE", False),
    ("UPDATE p SET a = 9 WHERE id = 1", "SELECT * FROM p WHERE id = 1 FOR KEY SHARE", False),
    ("DELETE FROM p WHERE id = 1", "SELECT * FROM p WHERE id = 1 FOR KEY SHARE", True),
    ("UPDATE p SET id = 9 WHERE id = 1", "SELECT * FROM p WHERE id = 1 FOR KEY SHARE", True),
    ("UPDATE p SET a = 9 WHERE id = 1", "SELECT * FROM p WHERE id = 1 FOR UPDATE", True),
    ("DELETE FROM n WHERE a = 1", "SELECT * FROM n WHERE a = 1 FOR KEY SHARE", True),
]


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(("first", "second", "conflict"), CONFLICTS)
def test_conflicts(world: World, first: str, second: str, conflict: bool, writes: bool) -> None:
    """Who commits second loses, if what it read for an update, or the key it refers to, has changed;
    whether there is anything else that it writes or not."""
    for table in ("other (id int PRIMARY KEY)", "n (a int)", "x (p bigint REFERENCES p (id))"):
        assert world.run(f"CREATE TABLE {table}") == []
    world.run("INSERT INTO n VALUES (1)")
    world.run("INSERT INTO c VALUES (7, NULL)")
    for number in (1, 2):
        while not isinstance(world.run("SELECT FROM p, c, other", number), list):
            pass
        world.run("BEGIN", number)
    for number, sql in enumerate((first, second), 1):
        assert isinstance(world.run(sql, number), list)
        if writes:
            assert world.run(f"INSERT INTO other VALUES ({number})", number) == []
    assert world.run("COMMIT", 1) == []
    assert world.run("COMMIT", 2) == (OC000 if conflict else [])


def test_missing_parent(world: World) -> None:
    answer = world.run("INSERT INTO c VALUES (1, 3)")
    assert answer[0] == "23503"


@pytest.mark.parametrize("change", ["GRANT SELECT ON p TO public", "REVOKE SELECT ON p FROM public"])
@pytest.mark.parametrize("begin", ["BEGIN READ ONLY", "BEGIN", None])
def test_catalog_changes(world: World, change: str, begin: str | None) -> None:
    assert world.run("SELECT count(*) FROM p", 2) == [["2"]]
    assert world.run(change) == []
    if begin is not None:
        assert world.run(begin, 2) == []
    assert world.run("SELECT count(*) FROM p", 2) == OC001
    if begin is not None:
        assert world.run("ROLLBACK", 2) == []
    assert world.run("SELECT count(*) FROM p", 2) == [["2"]]


def test_read_only_commit_after_a_catalog_change(world: World) -> None:
    assert world.run("BEGIN READ ONLY", 2) == []
    assert world.run("SELECT count(*) FROM p", 2) == [["2"]]
    assert world.run("GRANT SELECT ON p TO public") == []
    assert world.run("COMMIT", 2) == OC001


def test_aborted_blocks(world: World) -> None:
    aborted = ("25P02", "current transaction is aborted, commands ignored until end of transaction block")
    assert world.run("BEGIN") == []
    assert world.run("TRUNCATE p") == ("0A000", "unsupported statement: Truncate")
    for sql in ("TRUNCATE p", "SAVEPOINT s", "SELECT 1", "CREATE INDEX ON p (a)"):
        assert world.run(sql) == aborted
    tags: list[str] = []
    world.session(1)[1].command_complete = tags.append  # type: ignore[method-assign]
    assert world.run("COMMIT") == []
    assert tags == ["ROLLBACK"]
    assert world.run("SELECT 1") == [["1"]]
