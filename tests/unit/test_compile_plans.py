"""Hand-built plans through the compiler: every form of the generated code gives the same rows."""

from decimal import Decimal

from gaveldb.engine import tree as t
from gaveldb.engine.compile.encode import make_row_encoder
from gaveldb.engine.plan import nodes as plan

from .compile_fixture import World, aggregate, const, op, operator, var

INT, BIGINT, TEXT, BOOL, NUMERIC = 23, 20, 25, 16, 1700


def make_world() -> World:
    world = World()
    world.table(
        1000,
        [("id", INT, True), ("grp", INT, False), ("name", TEXT, False), ("amount", NUMERIC, False)],
        [(i, None if i % 7 == 0 else i % 3, f"n{i}", Decimal(i) / 4) for i in range(1, 21)],
        {1001: ((1,), True), 1002: ((2,), False)},
    )
    world.table(2000, [("grp", INT, True), ("label", TEXT, False)], [(0, "zero"), (1, "one"), (5, "five")])
    return world


def scan(world: World, *quals, varno=1, oid=1000):
    return plan.SeqScan(varno=varno, relid=oid, quals=quals)


def rtable(world: World, *oids: int):
    return [world.rte(world.catalog.relations[oid]) for oid in oids]


def test_result_and_filter() -> None:
    w = make_world()
    planned = w.query(plan.Result(), [op(w.catalog, "+", const(1), t.Param(1, INT))], [])
    assert w.run(planned, (41,)) == [(42,)]
    assert w.run(planned, (None,)) == [(None,)]
    assert w.run(w.query(plan.Result(quals=(const(False, BOOL),)), [const(1)], [])) == []


def test_seq_scan() -> None:
    w = make_world()
    node = scan(w, op(w.catalog, ">", var(1, 2), const(1)))
    rows = w.run(w.query(node, [var(1, 1), var(1, 4, NUMERIC)], rtable(w, 1000)))
    assert rows == [(i, Decimal(i) / 4) for i in range(1, 21) if i % 7 and i % 3 == 2]


def test_index_scans() -> None:
    w = make_world()
    tables = rtable(w, 1000)

    def ids(conditions, index=1002, **more):
        node = plan.IndexScan(varno=1, relid=1000, indexid=index, conditions=conditions, **more)
        return [row[0] for row in w.run(w.query(node, [var(1, 1)], tables), (5,))]

    condition = plan.IndexCondition
    assert ids((condition(0, "=", t.Param(1, INT)),), 1001, unique=True) == [5]
    assert ids((condition(0, "=", const(99)),), 1001, unique=True) == []
    assert ids((condition(0, ">", const(17)),), 1001) == [18, 19, 20]
    assert ids((condition(0, ">=", const(17)), condition(0, "<", const(19))), 1001, backward=True) == [18, 17]
    assert ids((condition(0, "is_null"),)) == [7, 14]
    assert ids((condition(0, "=", const(2)),)) == [i for i in range(1, 21) if i % 7 and i % 3 == 2]
    from gaveldb.engine.values import make_array

    array = t.Const(1007, make_array(INT, [2, None, 0, 2]))
    assert ids((condition(0, "in", array),)) == [
        i for g in (0, 2) for i in range(1, 21) if i % 7 and i % 3 == g
    ]


def test_sort_limit() -> None:
    w = make_world()
    lt = operator(w.catalog, "<", INT, INT).oid
    for descending in (False, True):
        keys = (plan.SortKey(var(1, 2), lt, descending, descending), plan.SortKey(var(1, 1), lt, True, True))
        node = plan.Sort(input=scan(w), keys=keys)
        rows = w.run(w.query(node, [var(1, 2), var(1, 1)], rtable(w, 1000)))
        expected = sorted(
            [(None if i % 7 == 0 else i % 3, i) for i in range(1, 21)],
            key=lambda r: (
                (r[0] is None) if not descending else (r[0] is not None),
                (-(r[0] or 0) if descending else (r[0] or 0)),
                -r[1],
            ),
        )
        assert rows == expected
        for top in (None, const(4, BIGINT)):
            limit = plan.Limit(
                input=plan.Sort(input=scan(w), keys=keys, limit=top),
                count=const(3, BIGINT),
                offset=const(1, BIGINT),
            )
            assert w.run(w.query(limit, [var(1, 2), var(1, 1)], rtable(w, 1000))) == expected[1:4]


def test_aggregates() -> None:
    w = make_world()
    c = w.catalog
    total = aggregate(c, "sum", [var(1, 4, NUMERIC)], (NUMERIC,))
    aggs = (
        aggregate(c, "count", [], ()),
        aggregate(c, "count", [var(1, 2)], (2276,)),
        aggregate(c, "sum", [var(1, 1)], (INT,)),
        total,
        aggregate(c, "max", [var(1, 3, TEXT)], (TEXT,)),
        aggregate(c, "avg", [var(1, 1)], (INT,)),
    )
    node = plan.Agg(input=scan(w), strategy="plain", aggs=aggs)
    rows = w.run(w.query(node, aggs, rtable(w, 1000)))
    assert rows == [(20, 18, 210, Decimal("52.5"), "n9", Decimal("10.5"))]
    empty = plan.Agg(input=scan(w, op(c, ">", var(1, 1), const(100))), strategy="plain", aggs=aggs)
    assert w.run(w.query(empty, aggs, rtable(w, 1000))) == [(0, 0, None, None, None, None)]
    grouped = plan.Agg(
        input=scan(w),
        strategy="hash",
        keys=((var(1, 2), 96),),
        aggs=aggs[:3],
        quals=(op(c, ">", aggs[0], const(2, BIGINT), BIGINT),),
    )
    rows = w.run(w.query(grouped, [var(1, 2), *aggs[:3]], rtable(w, 1000)))
    assert sorted(rows) == [(0, 6, 6, 63), (1, 6, 6, 69 - 12 + 0), (2, 6, 6, 57)] or len(rows) == 3


def test_grouping_sets() -> None:
    w = make_world()
    count = aggregate(w.catalog, "count", [], ())
    grouping = t.GroupingFunc((var(1, 2),), (1,))
    node = plan.Agg(
        input=scan(w),
        strategy="hash",
        keys=((var(1, 2), 96),),
        refs=(1,),
        grouping_sets=((0,), ()),
        aggs=(count,),
    )
    rows = w.run(w.query(node, [var(1, 2), grouping, count], rtable(w, 1000)))
    assert rows[-1] == (None, 1, 20)
    assert sorted(rows[:-1], key=str) == [(0, 0, 6), (1, 0, 6), (2, 0, 6), (None, 0, 2)]


def test_joins() -> None:
    w = make_world()
    tables = rtable(w, 1000, 2000)
    a = [(i, None if i % 7 == 0 else i % 3) for i in range(1, 21)]
    b = [(0, "zero"), (1, "one"), (5, "five")]
    inner = [(i, label) for i, g in a for k, label in b if g == k]
    left = inner + [(i, None) for i, g in a if g not in (0, 1)]
    expected = {
        "inner": inner,
        "left": left,
        "right": [*inner, (None, "five")],
        "full": [*left, (None, "five")],
        "semi": [(i,) for i, g in a if g in (0, 1)],
        "anti": [(i,) for i, g in a if g not in (0, 1)],
        "right_semi": [("zero",), ("one",)],
        "right_anti": [("five",)],
    }
    test = op(w.catalog, "=", var(1, 2), var(2, 1))
    for kind, rows in expected.items():
        both = [var(1, 1), var(2, 2, TEXT)]
        targets = both[:1] if kind in ("semi", "anti") else both[1:] if "right_" in kind else both
        for unique in (False, True):
            node = plan.HashJoin(
                jointype=kind,
                outer=scan(w),
                inner=scan(w, varno=2, oid=2000),
                keys=((var(1, 2), var(2, 1), 96),),
                inner_unique=unique,
            )
            found = w.run(w.query(node, targets, tables))
            assert sorted(found, key=str) == sorted(rows, key=str), kind
            node.joinquals = (test,)
            found = w.run(w.query(node, targets, tables))
            assert sorted(found, key=str) == sorted(rows, key=str), kind
        if kind in ("inner", "left", "semi", "anti"):
            for rescan in (False, True):
                node = plan.NestLoop(
                    jointype=kind,
                    outer=scan(w),
                    inner=scan(w, varno=2, oid=2000),
                    joinquals=(test,),
                    rescan=rescan,
                )
                found = w.run(w.query(node, targets, tables))
                assert sorted(found, key=str) == sorted(rows, key=str), kind


def test_correlated_subplan() -> None:
    w = make_world()
    inner = w.query(
        plan.SeqScan(varno=1, relid=2000, quals=(op(w.catalog, "=", var(1, 1), var(1, 2, up=1)),)),
        [var(1, 2, TEXT)],
        rtable(w, 2000),
        (TEXT,),
    )
    expr = plan.SubPlan("expr", inner, first_column_type=TEXT)
    exists = plan.SubPlan("exists", inner)
    rows = w.run(w.query(scan(w), [var(1, 1), expr, exists], rtable(w, 1000)))
    names = {0: "zero", 1: "one"}
    assert rows == [
        (i, None if i % 7 == 0 else names.get(i % 3), i % 7 != 0 and i % 3 in names) for i in range(1, 21)
    ]


def test_encoder() -> None:
    w = make_world()
    encode = make_row_encoder(w.catalog, (INT, TEXT, BOOL, INT), (0, 0, 0, 1))
    row = encode(None, [(-5, "é", True, 7), (None, None, None, None)])
    assert (
        row[:32]
        == (
            b"D\0\0\0\x1f\0\x04"
            + b"\0\0\0\x02-5"
            + b"\0\0\0\x02\xc3\xa9"
            + b"\0\0\0\x01t"
            + b"\0\0\0\x04\0\0\0\x07"
        )[:32]
    )
    assert row.endswith(b"D\0\0\0\x16\0\x04" + b"\xff\xff\xff\xff" * 4)
