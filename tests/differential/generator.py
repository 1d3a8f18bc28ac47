"""Random SELECTs over typed tables that are small and full of NULLs, duplicates and extremes.

Expressions are built by the type that is wanted, so nearly all statements are valid. What may
differ for good reason is not generated: LIMIT without a full order, sums of inexact floats, errors that
depend on the order of evaluation.
"""

# ruff: noqa: E501
import random
from typing import NamedTuple

INT, NUM, FLOAT, TEXT, BOOL, DATE, TIME, SPAN, INTS, JSON = (
    "int4", "numeric", "float8", "text", "bool", "date", "timestamp", "interval", "int4[]", "jsonb",
)  # fmt: skip
TYPES = (INT, NUM, FLOAT, TEXT, BOOL, DATE, TIME, SPAN, INTS, JSON)
COMPARABLE = TYPES

SCHEMA = """
create table r1 (id int4 primary key, i int4, n numeric, f float8, s text, b bool);
create table r2 (id int4 primary key, r1_id int4, i int4, s text, d date, t timestamp);
create table r3 (k int4, v int4, s text, p interval, a int4[], j jsonb, primary key (k, v));
create table r4 (i int4, s text);
insert into r1 select g, nullif(g % 7, 3), case when g % 9 = 0 then null when g = 10 then 'NaN' else g * 1.25 end,
    case g when 5 then null when 6 then 'NaN' when 7 then 'infinity' when 8 then '-0' else g / 4.0 - 2 end,
    (array['a', 'b', 'ab', '', 'B', null, 'abc'])[g % 7 + 1], nullif(g % 3, 2) = 1 from generate_series(1, 30) g;
insert into r2 select g, nullif(g * 3 % 37, 12), nullif(g % 5, 0), (array['a', 'x', null, 'ab'])[g % 4 + 1],
    case when g % 6 <> 0 then date '2024-02-25' + g % 9 end,
    case when g % 5 <> 0 then timestamp '2024-02-28 22:00' + g * interval '37 minutes' end from generate_series(1, 40) g;
insert into r3 select g / 4, g % 4, nullif(chr(97 + g % 5), 'c'), nullif(g % 6, 0) * interval '1 day 2 hours',
    case when g % 5 <> 0 then array[g % 3, nullif(g % 4, 1)] end,
    case g % 4 when 0 then null when 1 then jsonb_build_object('a', g, 'b', g % 3) when 2 then to_jsonb(g % 5) else '[1, "x"]' end
    from generate_series(0, 23) g;
insert into r4 values (1, 'a'), (1, 'a'), (2, null), (null, 'b'), (null, null), (5, 'ab');
create index r1_i on r1 (i);
create index r2_s on r2 (s, i desc);
create index r2_r1 on r2 (r1_id);
analyze;
"""

TABLES = {
    "r1": {"id": INT, "i": INT, "n": NUM, "f": FLOAT, "s": TEXT, "b": BOOL},
    "r2": {"id": INT, "r1_id": INT, "i": INT, "s": TEXT, "d": DATE, "t": TIME},
    "r3": {"k": INT, "v": INT, "s": TEXT, "p": SPAN, "a": INTS, "j": JSON},
    "r4": {"i": INT, "s": TEXT},
}

LITERALS = {
    INT: ["0", "1", "2", "3", "7", "-1", "100"],
    NUM: ["0.0", "1.5", "2.50", "-3.25", "1e3", "'NaN'::numeric"],
    FLOAT: ["0.5::float8", "2::float8", "'NaN'::float8", "'infinity'::float8"],
    TEXT: ["'a'", "'ab'", "''", "'B'", "'x y'"],
    BOOL: ["true", "false"],
    DATE: ["date '2024-02-29'", "date '2024-03-01'"],
    TIME: ["timestamp '2024-02-29 12:00'", "timestamp '2024-02-29'"],
    SPAN: ["interval '1 day'", "interval '26 hours'", "interval '-1 month'"],
    INTS: ["array[1, 2]", "'{}'::int4[]", "array[null, 0]"],
    JSON: ["'{\"a\": 1}'::jsonb", "'[1]'::jsonb", "'null'::jsonb"],
}

# result type -> templates; {int}, {text}, ... stand for operands of those types
FORMS: dict[str, list[str]] = {
    INT: ["({i} + {i})", "({i} - {i})", "({i} * 2)", "({i} / nullif({i}, 0))", "({i} % nullif({i}, 0))", "abs({i})",
          "-({i})", "length({s})", "coalesce({i}, {i})", "nullif({i}, {i})", "greatest({i}, {i})", "least({i}, {i}, 3)",
          "case when {b} then {i} else {i} end", "case {i} when {i} then {i} end", "strpos({s}, {s})", "({d} - {d0})",
          "cardinality({a})", "({a})[1]", "array_position({a}, {i})", "extract(day from {d0})::int4", "ascii({s})",
          "({b})::int4", "sign({i})::int4"],
    NUM: ["({n} + {n})", "({n} * {i})", "({n} - {i})", "round({n}, 1)", "trunc({n})", "abs({n})", "({i})::numeric",
          "coalesce({n}, {i})", "case when {b} then {n} end", "({i} / nullif({n}, 0))", "extract(epoch from {p})", "div({n}, 2)"],
    FLOAT: ["({f} + {f})", "({f} * 0.5)", "({i})::float8", "abs({f})", "floor({f})", "coalesce({f}, {i})", "greatest({f}, {f})"],
    TEXT: ["({s} || {s})", "upper({s})", "lower({s})", "substr({s}, 2)", "left({s}, 1)", "coalesce({s}, {s})",
           "case when {b} then {s} else {s} end", "({i})::text", "concat({s}, {i})", "concat_ws('-', {s}, {s}, {i})",
           "replace({s}, 'a', 'zz')", "reverse({s})", "lpad({s}, 4, '*')", "nullif({s}, {s})", "({j} ->> 'a')", "({d})::text",
           "to_char({t}, 'YYYY-MM-DD HH24:MI')", "array_to_string({a}, ',', 'n')", "md5({s})", "({b})::text", "({n})::text",
           "quote_literal({s})", "initcap({s})", "max_of({s})", "({a})::text", "({p})::text", "split_part({s}, 'b', 1)",
           "regexp_replace({s}, '[ab]', 'q', 'g')"],
    BOOL: ["({i} = {i})", "({i} < {i})", "({i} >= {n})", "({n} <> {n})", "({f} > {f})", "({s} = {s})", "({s} < {s})",
           "({s} like 'a%')", "({s} ilike '%B%')", "({s} ~ '^[ab]+$')", "({b} and {b})", "({b} or {b})", "(not {b})",
           "({i} is null)", "({s} is not null)", "({b} is true)", "({b} is not false)", "({i} is distinct from {i})",
           "({i} in (1, 2, {i}))", "({i} not in (0, {i}))", "({i} between {i} and {i})", "({d} < {d})", "({t} >= {d})",
           "({p} > {p})", "({a} @> array[1])", "({i} = any ({a}))", "({i} <> all ({a}))", "({j} @> '{\"b\": 1}')", "({j} ? 'a')",
           "(({i}, {s}) = ({i}, {s}))", "(({i}, {i}) < ({i}, {i}))", "({a} = {a})", "({j} = {j})", "({i}::int8 = {f})",
           "({s} in ('a', 'ab', {s}))", "({s} similar to '(a|b)+')", "({a} < {a})", "({d} = {t})", "({s} = any (array['a', {s}]))"],
    DATE: ["({d} + {i})", "({t})::date", "coalesce({d}, {d})", "least({d}, {d})", "case when {b} then {d} end"],
    TIME: ["({t} + {p})", "({d0} + {p})", "date_trunc('hour', {t})", "coalesce({t}, {d0})", "({d0})::timestamp"],
    SPAN: ["({p} + {p})", "({p} * 2)", "({t0} - {t})", "-({p})", "justify_hours({p})", "coalesce({p}, {p})"],
    INTS: ["({a} || {i})", "({a} || {a})", "array[{i}, {i}]", "array_remove({a}, {i})", "array_append({a}, {i})", "({a})[1:1]",
           "coalesce({a}, {a})"],
    JSON: ["({j} -> 'a')", "to_jsonb({i})", "to_jsonb({s})", "jsonb_build_object('k', {i}, 'l', {s})", "jsonb_build_array({i}, {b})",
           "coalesce({j}, {j})", "({j} -> 0)", "to_jsonb({a})", "to_jsonb({d})"],
}  # fmt: skip
FORMS[TEXT].remove("max_of({s})")
LETTERS = {
    "i": INT,
    "n": NUM,
    "f": FLOAT,
    "s": TEXT,
    "b": BOOL,
    "d": DATE,
    "t": TIME,
    "p": SPAN,
    "a": INTS,
    "j": JSON,
}

AGGREGATES: list[tuple[str, str]] = [
    (INT, "min({i})"), (INT, "max({i})"), (INT, "count(*)::int4"), (INT, "count({s})::int4"), (INT, "count(distinct {i})::int4"),
    (NUM, "sum({i})::numeric"), (NUM, "avg({i})"), (NUM, "sum({n})"), (NUM, "sum(distinct {i})::numeric"), (NUM, "max({n})"),
    (TEXT, "min({s})"), (TEXT, "max({s})"), (TEXT, "string_agg({s!}, ',' order by {s!})"), (BOOL, "bool_and({b})"), (BOOL, "bool_or({b})"),
    (DATE, "max({d})"), (TIME, "min({t})"), (INTS, "array_agg({i!} order by {i!})"), (INTS, "array_agg(distinct {i})"),
    (INT, "count(*) filter (where {b})::int4"), (NUM, "sum({i}) filter (where {b})::numeric"), (NUM, "variance({i})"),
    (INT, "mode() within group (order by {i})"), (INT, "percentile_disc(0.5) within group (order by {i})"),
    (JSON, "jsonb_agg({i!} order by {i!})"), (SPAN, "sum({p})"), (INT, "bit_or({i})"), (FLOAT, "max({f})"), (INTS, "max({a})"),
]  # fmt: skip
AGGREGATES = [(t, e.replace(" filter (where {b})::", " filter (where {b})::")) for t, e in AGGREGATES]

WINDOWS: list[tuple[str, str]] = [
    (INT, "row_number() over (partition by {i} order by {all})::int4"), (INT, "rank() over (order by {i})::int4"),
    (INT, "dense_rank() over (partition by {s} order by {i})::int4"), (NUM, "sum({i}) over (order by {i})::numeric"),
    (INT, "lag({i}) over (order by {all})"), (INT, "lead({i}, 2, 0) over (partition by {b} order by {all})"),
    (INT, "first_value({i}) over (order by {all})"), (INT, "count(*) over (partition by {i})::int4"), (TEXT, "max({s}) over (partition by {i})"),
    (NUM, "sum({i}) over (order by {all} rows between 2 preceding and 1 following)::numeric"), (INT, "ntile(3) over (order by {all})"),
    (NUM, "avg({i}) over (order by {i} range between 1 preceding and 1 following)"),
    (NUM, "sum({i}) over (order by {i} groups between 1 preceding and current row exclude ties)::numeric"),
]  # fmt: skip


class Item(NamedTuple):
    """A FROM item: its alias and columns."""

    alias: str
    columns: dict[str, str]


Scope = list[Item]


class Generator:
    """Statements, one after the other, of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.aliases = 0

    def statement(self) -> str:
        """A whole SELECT."""
        self.aliases = 0
        return self.query(3, [], top=True)[0]

    # --- expressions ----------------------------------------------------------------------------------

    def expression(self, kind: str, scope: Scope, depth: int) -> str:
        rng = self.random
        if depth <= 0 or rng.random() < 0.3:
            return self.leaf(kind, scope)
        if rng.random() < 0.05 and kind in (INT, TEXT, BOOL):
            return self.subquery(kind, scope, depth)
        return self.fill(rng.choice(FORMS[kind]), scope, depth - 1)

    def leaf(self, kind: str, scope: Scope) -> str:
        columns = [
            f"{item.alias}.{name}" for item in scope for name, has in item.columns.items() if has == kind
        ]
        if columns and self.random.random() < 0.85:
            return self.random.choice(columns)
        if self.random.random() < 0.07:
            return f"null::{kind}"
        return self.random.choice(LITERALS[kind])

    def fill(self, form: str, scope: Scope, depth: int) -> str:
        out = ""
        rest = form
        kept: dict[str, str] = {}  # {i!}: the same operand wherever it stands
        while rest:
            before, brace, after = rest.partition("{")
            out += before
            if not brace:
                break
            name, _, rest = after.partition("}")
            if name == "all":
                out += self.total_order(scope)
            elif name == "d0":
                out += "date '2024-03-01'"
            elif name == "t0":
                out += "timestamp '2024-03-01'"
            elif name[1:] == "!":
                if name not in kept:
                    kept[name] = self.expression(LETTERS[name[0]], scope, depth)
                out += kept[name]
            elif name in LETTERS:
                out += self.expression(LETTERS[name], scope, depth)
            else:  # a brace of the text itself
                out += "{" + name + "}"
        return out

    def total_order(self, scope: Scope) -> str:
        columns = [
            f"{item.alias}.{name}" for item in scope for name, has in item.columns.items() if has != JSON
        ]
        self.random.shuffle(columns)
        return ", ".join(columns)

    def subquery(self, kind: str, scope: Scope, depth: int) -> str:
        rng = self.random
        item_text, inner = self.from_item(0, [])
        both = inner + scope
        where = self.condition(both, depth - 1)
        if kind == BOOL:
            choice = rng.random()
            negated = rng.choice(["", "not "])
            if choice < 0.5:
                return f"({negated}exists (select 1 from {item_text} where {where}))"
            of = rng.choice((INT, TEXT))
            left = self.expression(of, scope, depth - 1)
            right = self.expression(of, inner, depth - 1)
            if choice < 0.8:
                return f"({left} {negated}in (select {right} from {item_text} where {where}))"
            operator = rng.choice(["= any", "< all", "<> all", "> any"])
            return f"({left} {operator} (select {right} from {item_text} where {where}))"
        aggregate = rng.choice(["max", "min", "count"] if kind == INT else ["max", "min"])
        cast = "::int4" if aggregate == "count" else ""
        return f"(select {aggregate}({self.expression(kind, inner, 1)}){cast} from {item_text} where {where})"

    def condition(self, scope: Scope, depth: int) -> str:
        return self.expression(BOOL, scope, max(depth, 1))

    # --- FROM -------------------------------------------------------------------------------------------

    def alias(self) -> str:
        self.aliases += 1
        return f"q{self.aliases}"

    def from_item(self, depth: int, outer: Scope) -> tuple[str, Scope]:
        rng = self.random
        alias = self.alias()
        choice = rng.random()
        if depth <= 0 or choice < 0.5:
            table = rng.choice(list(TABLES))
            return f"{table} {alias}", [Item(alias, TABLES[table])]
        if choice < 0.6:
            text, types = self.query(depth - 1, [])
            return f"({text}) {alias}", [Item(alias, types)]
        if choice < 0.65:
            rows = ", ".join(
                f"({self.leaf(INT, [])}, {self.leaf(TEXT, [])})" for _ in range(rng.randint(1, 4))
            )
            return f"(values {rows}, (null, null)) {alias} (v1, v2)", [Item(alias, {"v1": INT, "v2": TEXT})]
        left, left_scope = self.from_item(depth - 1, outer)
        if choice < 0.72:
            name = self.alias()
            text, types = self.query(depth - 2, left_scope)
            joined = f"{left} {rng.choice(['cross join', 'left join'])} lateral ({text}) {name}"
            return joined + (" on true" if " left join lateral" in joined else ""), [
                *left_scope,
                Item(name, types),
            ]
        right, right_scope = self.from_item(depth - 1, outer)
        scope = left_scope + right_scope
        kind = rng.choice(["join", "left join", "right join", "full join", "cross join"])
        if kind == "cross join":
            return f"({left} cross join {right})", scope
        pairs = [
            f"{a.alias}.{x} = {b.alias}.{y}"
            for a in left_scope for x, tx in a.columns.items()
            for b in right_scope for y, ty in b.columns.items() if tx == ty and tx in (INT, TEXT)
        ]  # fmt: skip
        on = rng.choice(pairs) if pairs else "true"
        if not pairs and kind == "full join":
            kind = "left join"
        if kind != "full join" and rng.random() < 0.4:
            on += f" and {self.condition(scope, 1)}"
        return f"({left} {kind} {right} on {on})", scope

    # --- queries ------------------------------------------------------------------------------------------

    def query(self, depth: int, outer: Scope, top: bool = False) -> tuple[str, dict[str, str]]:
        rng = self.random
        if depth > 1 and rng.random() < 0.15:
            return self.set_operation(depth, outer)
        text, scope = self.from_item(max(depth - 1, 0), outer)
        where = f" where {self.condition(scope + outer, depth)}" if rng.random() < 0.6 else ""
        grouped = rng.random() < 0.3
        if grouped:
            targets, tail = self.grouped(scope, outer, depth)
        else:
            targets, tail = self.plain(scope, outer, depth)
        names = {f"c{number}": kind for number, (kind, _) in enumerate(targets, 1)}
        listed = ", ".join(f"{code} as c{number}" for number, (_, code) in enumerate(targets, 1))
        distinct = "distinct " if not grouped and rng.random() < 0.15 else ""
        query = f"select {distinct}{listed} from {text}{where}{tail}"
        if rng.random() < (0.5 if top else 0.1):
            ends = rng.choices(["", " desc", " nulls first", " desc nulls last"], k=len(targets))
            query += " order by " + ", ".join(f"{n}{e}" for n, e in enumerate(ends, 1))
            if rng.random() < 0.5:
                query += f" limit {rng.randint(0, 9)}" + rng.choice(["", f" offset {rng.randint(0, 4)}"])
        return query, names

    def plain(self, scope: Scope, outer: Scope, depth: int) -> tuple[list[tuple[str, str]], str]:
        rng = self.random
        targets = []
        for _ in range(rng.randint(1, 4)):
            if rng.random() < 0.08 and depth > 1 and not outer:
                kind, form = rng.choice(WINDOWS)
                code = self.fill(form, scope, 1)
                if "::" in form and form.rpartition("::")[2] in ("int4", "numeric"):
                    code = f"({code})" if not code.startswith("(") else code
                targets.append((kind, code))
            else:
                kind = rng.choice((INT, INT, TEXT, TEXT, *TYPES))
                targets.append((kind, self.expression(kind, scope + outer, depth)))
        return targets, ""

    def grouped(self, scope: Scope, outer: Scope, depth: int) -> tuple[list[tuple[str, str]], str]:
        rng = self.random
        columns = [(has, f"{item.alias}.{name}") for item in scope for name, has in item.columns.items()]
        keys = rng.sample(columns, min(rng.randint(0, 2), len(columns)))
        targets = list(keys)
        for _ in range(rng.randint(1, 3)):
            kind, form = rng.choice(AGGREGATES)
            code, cast, final = form.partition("::")
            if cast and "filter" in code:
                code = f"({self.fill(code, scope, 1)})::{final}"
            else:
                code = self.fill(form, scope, 1)
            targets.append((kind, code))
        tail = ""
        if keys:
            listed = ", ".join(code for _, code in keys)
            tail = " group by " + rng.choice([listed, listed, f"rollup ({listed})", f"cube ({listed})"])
        if rng.random() < 0.3:
            tail += f" having count(*) {rng.choice(['>', '<=', '<>'])} {rng.randint(0, 3)}"
        return targets, tail

    def set_operation(self, depth: int, outer: Scope) -> tuple[str, dict[str, str]]:
        rng = self.random
        kinds = [rng.choice((INT, TEXT, NUM, BOOL, DATE)) for _ in range(rng.randint(1, 3))]
        arms = []
        for _ in range(2):
            text, scope = self.from_item(depth - 2, [])
            listed = ", ".join(f"{self.expression(k, scope, 1)} as c{n}" for n, k in enumerate(kinds, 1))
            where = f" where {self.condition(scope + outer, 1)}" if rng.random() < 0.5 else ""
            arms.append(f"select {listed} from {text}{where}")
        word = rng.choice(["union", "union all", "intersect", "intersect all", "except", "except all"])
        return f"({arms[0]}) {word} ({arms[1]})", {f"c{n}": k for n, k in enumerate(kinds, 1)}
