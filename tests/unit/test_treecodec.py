"""Stored trees come back as they were, constants of every Python type included."""

from decimal import Decimal

import pytest
from gaveldb.engine import tree
from gaveldb.engine.treecodec import dump, load
from gaveldb.engine.values import Interval, Jsonb, Record, RowType, TimeTz, make_array

VALUES = [
    None,
    True,
    5,
    2**63 - 1,
    -(2**63),
    2**70,
    1.5,
    -0.0,
    float("inf"),
    float("-inf"),
    "text \u0000 \U0001f600",
    b"\x00\xff",
    Decimal("1.00"),
    Decimal("0E-10"),
    Decimal("NaN"),
    Decimal("-Infinity"),
    Interval(2**31 - 1, 2**31 - 1, 2**63 - 1),
    Interval(-(2**31), -(2**31), -(2**63)),
    TimeTz(5, -3600),
    make_array(1700, (Decimal("1.10"), None)),
    make_array(23, ()),
    Record(RowType(2249, ("a", "b"), (23, 25), (-1, -1)), (1, make_array(25, ("x",)))),
    Jsonb({"a": [1, Decimal("1.0"), None, {"$": "int", "v": []}], "b": True, "node": 2**65}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_constants(value: object) -> None:
    const = tree.Const(25, value, value is None, location=3)
    again = load(dump(const))
    assert again == const
    assert type(again.constvalue) is type(value)


def test_nan() -> None:
    again = load(dump(tree.Const(701, float("nan"))))
    assert again.constvalue != again.constvalue


def test_query() -> None:
    var = tree.Var(1, 2, 23)
    inner = tree.Query(
        "select",
        rtable=[tree.RangeTblEntry("relation", relid=1259, eref="c", eref_colnames=("a", "b"))],
        jointree=tree.FromExpr((tree.RangeTblRef(1),), tree.BoolExpr("not", (var,))),
        targetList=[tree.TargetEntry(var, 1, "b")],
        sortClause=[tree.SortGroupClause(1, 96, 97)],
    )
    outer = tree.Query(
        "select",
        hasSubLinks=True,
        cteList=[tree.CommonTableExpr("w", inner, ctecolnames=("b",))],
        targetList=[tree.TargetEntry(tree.SubLink("expr", inner), 1, "x")],
        jointree=tree.FromExpr(()),
    )
    again = load(dump(outer))
    assert dump(again) == dump(outer)
    assert again.targetList[0].expr.subselect.targetList == inner.targetList
    assert again.cteList[0].ctequery.rtable == inner.rtable
    assert type(again.rtable) is list


def test_every_node_class_is_known() -> None:
    assert load(dump((tree.GroupingSet("rollup", (tree.GroupingSet("simple", (1, 2)),)),)))[0].content[
        0
    ].content == (
        1,
        2,
    )
