"""Random queries planned and run over an in-memory transaction, and by PostgreSQL: rows must agree.

    python -m tests.fuzz.planner [seed] [count] [--port 55418]

The tables are small and full of NULLs and duplicates, with indexes of all kinds; queries are joins of
all types, subqueries in FROM and in expressions, grouping, DISTINCT, set operations, LIMIT.
"""

import argparse
import asyncio
import random
from typing import Any

import asyncpg
import msgspec
from gaveldb.engine.compile.query import compile_query
from gaveldb.engine.errors import SqlError
from gaveldb.engine.indexkeys import entry_key
from gaveldb.engine.plan.build import plan_query
from gaveldb.engine.types.storage import pack_value
from gaveldb.storage.api import row_key, rowid_bytes

from ..unit.compile_fixture import Context, FakeTransaction
from ..unit.plan_catalog import TestCatalog, query_of, shape

pack = msgspec.msgpack.Encoder().encode
DATABASE = "x_planner"
TABLES = {
    "t": (
        "id int4 notnull, a int4, b text, c int8",
        [("t_pkey", [1], True), ("t_a", [2], False), ("t_ba", [3, 2], False)],
    ),
    "u": (
        "id int4 notnull, t_id int4, x int4, y text",
        [("u_pkey", [1], True), ("u_t", [2], False), ("u_xy", [3, 4], False)],
    ),
    "w": ("k int4 notnull, v int4 notnull, z int8", [("w_pkey", [1, 2], True)]),
    "s": ("n int4, m text", []),
}
COLUMNS = {
    "t": {"i": ["id", "a", "c"], "s": ["b"]},
    "u": {"i": ["id", "t_id", "x"], "s": ["y"]},
    "w": {"i": ["k", "v", "z"], "s": []},
    "s": {"i": ["n"], "s": ["m"]},
}
SQL_TYPES = {"int4": "int", "int8": "bigint", "text": "text"}


def make_rows(rng: random.Random) -> dict[str, list[tuple[Any, ...]]]:
    def number(top: int) -> Any:
        return None if rng.random() < 0.15 else rng.randrange(top)

    def text() -> Any:
        return None if rng.random() < 0.15 else rng.choice(["a", "b", "ab", "abc", "", "B"])

    keys = [(k, v) for k in range(6) for v in range(5)]
    return {
        "t": [(i, number(8), text(), number(30)) for i in range(40)],
        "u": [(i, number(45), number(6), text()) for i in range(60)],
        "w": [(k, v, number(20)) for k, v in rng.sample(keys, 20)],
        "s": [(number(10), text()) for _ in range(8)],
    }


class World:
    """The tables here; `sizes` are the row counts that the planner is told."""

    def __init__(self, data: dict[str, list[tuple[Any, ...]]], sizes: dict[str, float]) -> None:
        made = TestCatalog()
        for name, (columns, indexes) in TABLES.items():
            relid = made.relation(name, columns, rows=sizes[name])
            types = [c.split()[1] for c in columns.split(",")]
            for index, attnums, unique in indexes:
                made.index(
                    index, relid, attnums, [types[a - 1] for a in attnums], unique, index.endswith("pkey")
                )
        self.catalog = made.finish()
        self.transaction = FakeTransaction()
        for name in TABLES:
            relation = self.catalog.relation(self.catalog.relation_oid(name, (2200,)))
            for rowid, row in enumerate(data[name], 1):
                self.transaction.data[row_key(relation.storage_id, rowid)] = pack(
                    [
                        None if v is None else pack_value(self.catalog, c.typid, v)
                        for c, v in zip(relation.columns, row, strict=False)
                    ]
                )
                for index in relation.indexes:
                    values = [row[k.attnum - 1] for k in index.keys]
                    self.transaction.data[entry_key(self.catalog, index)(values, rowid)] = rowid_bytes(rowid)

    def plan(self, sql: str) -> Any:
        return plan_query(query_of(self.catalog, sql), self.catalog, None)

    def run(self, planned: Any) -> list[tuple[Any, ...]]:
        compiled = compile_query(planned, self.catalog, None)
        context = Context(self.catalog, self.transaction)
        return [tuple(row) for batch in compiled.run(context) for row in batch]


class Generator:
    """Random SQL."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.n = 0

    def alias(self) -> str:
        self.n += 1
        return f"q{self.n}"

    def number(self, scope: list[Any]) -> str:
        r = self.rng.random()
        columns = [f"{a}.{c}" for a, cols in scope for c in cols["i"]]
        if not columns or r < 0.15:
            return str(self.rng.randrange(10))
        if r < 0.85:
            return self.rng.choice(columns)
        if r < 0.92:
            return f"({self.rng.choice(columns)} + {self.rng.randrange(3)})"
        return f"coalesce({self.rng.choice(columns)}, {self.rng.choice(columns)})"

    def text(self, scope: list[Any]) -> str | None:
        columns = [f"{a}.{c}" for a, cols in scope for c in cols["s"]]
        return self.rng.choice(columns) if columns else None

    def condition(self, scope: list[Any], depth: int, outer: list[Any] | None = None) -> str:
        rng = self.rng
        r = rng.random()
        both = scope + (outer or [])
        if r < 0.35:
            return f"{self.number(scope)} = {self.number(both)}"
        if r < 0.47:
            return f"{self.number(scope)} {rng.choice(['<', '>', '<=', '>=', '<>'])} {self.number(both)}"
        if r < 0.53:
            number = self.number(scope)
            return f"{number} in ({', '.join(str(rng.randrange(12)) for _ in range(rng.randint(1, 4)))})"
        if r < 0.59:
            return f"{self.number(scope)} is {rng.choice(['', 'not '])}null"
        if r < 0.66:
            text = self.text(scope)
            if text is None:
                return "true"
            return rng.choice([f"{text} like 'a%'", f"{text} = 'ab'", f"{text} >= 'ab'", f"{text} like 'ab'"])
        if r < 0.70:
            return f"{self.number(scope)} is distinct from {self.number(both)}"
        if r < 0.80:
            left = self.condition(scope, depth, outer)
            return f"({left} {rng.choice(['or', 'and'])} {self.condition(scope, depth, outer)})"
        if r < 0.83:
            return f"not ({self.condition(scope, depth, outer)})"
        if depth <= 0:
            return f"{self.number(scope)} = {self.number(both)}"
        inner = self.alias()
        table = rng.choice(list(COLUMNS))
        mine = [(inner, COLUMNS[table])]
        where = " and ".join(self.condition(mine, depth - 1, both) for _ in range(rng.randint(1, 2)))
        negated = rng.choice(["", "not "])
        kind = rng.random()
        if kind < 0.5:
            return f"{negated}exists (select 1 from {table} {inner} where {where})"
        if kind < 0.9:
            lone = " and ".join(self.condition(mine, depth - 1) for _ in range(rng.randint(0, 1))) or "true"
            if rng.random() < 0.3:
                lone = where
            number = self.number(scope)
            return f"{number} {negated}in (select {self.number(mine)} from {table} {inner} where {lone})"
        return f"{self.number(scope)} = (select max({self.number(mine)}) from {table} {inner} where {where})"

    def from_item(self, depth: int, outer: list[Any]) -> tuple[str, list[Any]]:
        rng = self.rng
        r = rng.random()
        name = self.alias()
        if depth <= 0 or r < 0.5:
            table = rng.choice(list(COLUMNS))
            return f"{table} {name}", [(name, COLUMNS[table])]
        if r < 0.82:
            left, scope_left = self.from_item(depth - 1, outer)
            right, scope_right = self.from_item(depth - 1, outer)
            kind = rng.choice(["join", "left join", "left join", "right join", "full join", "join"])
            scope = scope_left + scope_right
            if kind == "full join":
                on = f"{self.number(scope_left)} = {self.number(scope_right)}"
                lefts = [f"{a}.{c}" for a, cols in scope_left for c in cols["i"]]
                rights = [f"{a}.{c}" for a, cols in scope_right for c in cols["i"]]
                if not lefts or not rights:
                    kind = "join"
                else:
                    on = f"{rng.choice(lefts)} = {rng.choice(rights)}"
            else:
                on = " and ".join(self.condition(scope, depth - 1) for _ in range(rng.randint(1, 2)))
                if rng.random() < 0.6:
                    on = f"{self.number(scope_left)} = {self.number(scope_right)} and {on}"
            return f"({left} {kind} {right} on {on})", scope
        sub, columns = self.subquery(depth - 1, outer if r > 0.95 else [])
        lateral = "lateral " if r > 0.95 and outer else ""
        return f"{lateral}({sub}) {name}", [(name, columns)]

    def subquery(self, depth: int, outer: list[Any]) -> tuple[str, dict[str, list[str]]]:
        rng = self.rng
        source, scope = self.from_item(depth, [])
        if rng.random() < 0.3:
            second, more = self.from_item(0, [])
            source, scope = f"{source}, {second}", scope + more
        where = " and ".join(self.condition(scope, depth, outer) for _ in range(rng.randint(0, 2))) or "true"
        r = rng.random()
        if r < 0.3:
            key = self.number(scope)
            having = rng.choice(["", " having count(*) > 1"])
            return (
                f"select {key} as g, count(*) as n, min({self.number(scope)}) as m "
                f"from {source} where {where} group by 1{having}"
            ), {"i": ["g", "n", "m"], "s": []}
        if r < 0.4:
            return (
                f"select distinct {self.number(scope)} as g, {self.number(scope)} as h "
                f"from {source} where {where}",
                {
                    "i": ["g", "h"],
                    "s": [],
                },
            )
        if r < 0.5:
            other, scope2 = self.from_item(0, [])
            op = rng.choice(["union", "union all", "intersect", "except"])
            return (
                f"select ({self.number(scope)})::int8 as g from {source} where {where} {op}"
                f" select ({self.number(scope2)})::int8 from {other}"
            ), {"i": ["g"], "s": []}
        if r < 0.6:
            a, b = self.number(scope), self.number(scope)
            return (
                f"select {a} as g, {b} as h, 7 as seven from {source} where {where}"
                f" order by {a}, {b} limit {rng.randint(1, 9)}"
            ), {"i": ["g", "h", "seven"], "s": []}
        return (
            f"select {self.number(scope)} as g, {self.number(scope)} as h, 5 as five "
            f"from {source} where {where}",
            {"i": ["g", "h", "five"], "s": []},
        )

    def query(self) -> tuple[str, bool]:
        """(SQL, whether the order of rows matters)."""
        rng = self.rng
        self.n = 0
        items, scope = self.from_item(rng.randint(0, 3), [])
        for _ in range(rng.choice([0, 0, 1, 2])):
            item, more = self.from_item(rng.randint(0, 1), scope)
            items, scope = f"{items}, {item}", scope + more
        where = " and ".join(self.condition(scope, 2) for _ in range(rng.randint(1, 3)))
        if items.count(",") and rng.random() < 0.8:
            where += f" and {self.number(scope)} = {self.number(scope)}"
        r = rng.random()
        if r < 0.2:
            key = self.number(scope)
            return (
                f"select {key}, count(*), sum({self.number(scope)}), max({self.number(scope)}) "
                f"from {items} where {where} group by {key}",
                False,
            )
        if r < 0.3:
            return (
                f"select count(*), min({self.number(scope)}), max({self.number(scope)}) "
                f"from {items} where {where}",
                False,
            )
        if r < 0.4:
            return (
                f"select distinct {self.number(scope)}, {self.number(scope)} from {items} where {where}",
                False,
            )
        columns = [f"{a}.{c}" for a, cols in scope for c in cols["i"] + cols["s"]]
        chosen = rng.sample(columns, min(len(columns), 4))
        if rng.random() < 0.2:
            chosen.append(f"(select count(*) from u z where z.x = {self.number(scope)})")
        targets = ", ".join(chosen)
        if r < 0.65:
            order = ", ".join(
                f"{i + 1} {rng.choice(['', 'desc', 'nulls first', 'desc nulls last'])}"
                for i in range(len(chosen))
            )
            limit = rng.choice(["", f" limit {rng.randint(1, 10)}", f" limit 5 offset {rng.randint(0, 4)}"])
            return f"select {targets} from {items} where {where} order by {order}{limit}", True
        return f"select {targets} from {items} where {where}", False


def normal(rows: Any, ordered: bool) -> list[Any]:
    out = [tuple(None if v is None else str(v) for v in row) for row in rows]
    return out if ordered else sorted(out, key=repr)


async def prepare(connection: Any, data: dict[str, list[tuple[Any, ...]]]) -> None:
    for name, (columns, indexes) in TABLES.items():
        await connection.execute(f"drop table if exists {name}")
        specs = [c.split() for c in columns.split(",")]
        names = [s[0] for s in specs]
        collation = {"text": ' collate "C"'}
        body = ", ".join(f"{s[0]} {SQL_TYPES[s[1]]}{collation.get(s[1], '')}" for s in specs)
        await connection.execute(f"create table {name} ({body})")
        for index, attnums, unique in indexes:
            keys = ", ".join(names[a - 1] for a in attnums)
            await connection.execute(f"create {'unique ' if unique else ''}index {index} on {name} ({keys})")
        await connection.copy_records_to_table(name, records=data[name])


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("count", type=int, nargs="?", default=300)
    parser.add_argument("--port", type=int, default=55418)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    data = make_rows(rng)
    admin = await asyncpg.connect(host="127.0.0.1", port=args.port, user="postgres", database="postgres")
    if not await admin.fetchval("select 1 from pg_database where datname = $1", DATABASE):
        await admin.execute(f"create database {DATABASE}")
    await admin.close()
    oracle = await asyncpg.connect(host="127.0.0.1", port=args.port, user="postgres", database=DATABASE)
    await prepare(oracle, data)
    await oracle.execute("set statement_timeout = '5s'")
    small = {name: float(len(rows)) for name, rows in data.items()}
    worlds = [World(data, small), World(data, {"t": 100000.0, "u": 500.0, "w": 10000.0, "s": 10.0})]
    generator = Generator(rng)
    failures = 0
    for number in range(args.count):
        sql, ordered = generator.query()
        try:
            expected: Any = normal(await oracle.fetch(sql), ordered)
        except asyncpg.PostgresError as error:
            expected = error.sqlstate
        for world in worlds:
            planned: Any = None
            try:
                planned = world.plan(sql)
                found: Any = normal(world.run(planned), ordered)
            except SqlError as error:
                found = str(error.sqlstate)
                if found in ("0A000", "XX000") and found != expected:
                    found = f"{found} {error.message}"
            except Exception as error:
                found = f"{type(error).__name__}: {error}"
            if expected == "57014":
                continue
            if found != expected:
                failures += 1
                print(f"--- {number} {sql}\n    {shape(planned) if planned is not None else ''}")
                print(f"    expected {str(expected)[:300]}\n    found    {str(found)[:300]}")
    print(f"{args.count} queries, {failures} failures")
    await oracle.close()


if __name__ == "__main__":
    asyncio.run(main())
