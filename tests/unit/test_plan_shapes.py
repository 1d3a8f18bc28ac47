"""SQL -> plan shape (plan_catalog.shape). t has 10000 rows and indexes on id, a, b; u has 50000 and indexes
on id, t_id; w has 1000 and one on (k, v); s has 20 and none."""

from typing import Any

import pytest
from gaveldb.engine.errors import SqlError

from .plan_catalog import make_catalog, plan_of, shape

CASES = [
    ("select 1", "Result"),
    ("select * from t where id = 5", "IndexScan t 0= unique"),
    ("select * from t where id = $1", "IndexScan t 0= unique"),
    ("select * from t where id in (1, 2, 3)", "IndexScan t 0in"),
    ("select * from t where id between 5 and 10", "IndexScan t 0>=,0<="),
    ("select * from t where b like 'abc%'", "IndexScan t 0>=,0< [1]"),
    ("select * from t where a is null", "IndexScan t 0is_null"),
    ("select * from t where ctid = '(0,1)'", "RowidScan t"),
    ("select * from t where a = 1 or id = 2", "BitmapScan t [1]"),
    ("select * from t where d", "SeqScan t [1]"),
    ("select * from t where 1 = 2", "Filter [1](SeqScan t)"),
    ("select id from t where id < 10", "IndexScan t 0< only"),
    ("select * from t order by id limit 10", "Limit(IndexScan t )"),
    ("select * from t order by id desc limit 10", "Limit(IndexScan t  backward)"),
    ("select * from t order by c limit 10", "Limit(Sort(SeqScan t))"),
    ("select * from w where k = 1 order by v", "IndexScan w 0="),
    ("select b, count(*) from t group by b having count(*) > 1", "Agg hash [1](SeqScan t)"),
    ("select a, count(*) from t group by a having a = 1", "Agg sorted(IndexScan t 0= only)"),
    ("select max(id), min(a) from t", "Result"),
    ("select * from t join u on u.t_id = t.id", "HashJoin inner 1(SeqScan u, SeqScan t)"),
    (
        "select * from t left join u on u.t_id = t.id where t.id = 5",
        "NestLoop left(IndexScan t 0= unique, IndexScan u 0=)",
    ),
    (
        "select * from t left join u on u.t_id = t.id where u.x = 5",
        "NestLoop inner(SeqScan u [1], IndexScan t 0= unique)",
    ),
    ("select * from t full join u on u.t_id = t.id", "HashJoin full 1(SeqScan t, SeqScan u)"),
    ("select * from t where id not in (select t_id from u)", "SeqScan t [1]"),
    (
        "select * from t where id in (select n from s)",
        "NestLoop inner(Distinct(SeqScan s), IndexScan t 0= unique)",
    ),
    (
        "select * from t where not exists (select 1 from s where s.n = t.c)",
        "HashJoin anti 1(SeqScan t, SeqScan s)",
    ),
    (
        "select * from t, lateral (select * from u where u.t_id = t.id limit 2) l",
        "NestLoop inner(SeqScan t, SubqueryScan l(Limit(IndexScan u 0=)))",
    ),
    (
        "select * from (select a, count(*) c from t group by a) x where x.a = 3",
        "SubqueryScan x(Agg sorted(IndexScan t 0= only))",
    ),
    ("with q as (select * from t where a = 1) select * from q where id = 3", "IndexScan t 0= unique [1]"),
    (
        "with q as materialized (select * from t where a = 1) select * from q where id = 3",
        "CteScan q [1] with q=IndexScan t 0=",
    ),
    (
        "with recursive r(n) as (select 1 union all select n+1 from r where n < 10) select * from r",
        "CteScan r with r=RecursiveUnion(Result, WorkTableScan r [1])",
    ),
    ("select 1 union all select 2 union all select 3", "Append *SELECT* 1(Result, Result, Result)"),
    ("select id, row_number() over (partition by a order by b) from t", "WindowAgg(Sort(SeqScan t))"),
    ("select generate_series(1,3), c from t order by c", "ProjectSet(Sort(SeqScan t))"),
    ("select random() r from t order by r", "Sort(SubqueryScan sorted(SeqScan t))"),
    ("select * from t for update", "LockRows(SeqScan t)"),
    ("insert into t (id, a) values (1, 2)", "ModifyTable t insert(Result)"),
    ("insert into t (id, a) values (1, 2), (3, 4)", "ModifyTable t insert(ValuesScan *VALUES*)"),
    ("update t set a = a + 1 where id = $1 returning *", "ModifyTable t update(IndexScan t 0= unique)"),
    (
        "delete from t using u where u.t_id = t.id and u.id = 3",
        "ModifyTable t delete(NestLoop inner(IndexScan u 0= unique, IndexScan t 0= unique))",
    ),
    (
        "merge into t using s on t.id = s.n when matched then delete "
        "when not matched then insert (id) values (s.n)",
        "ModifyTable t merge(NestLoop left(SeqScan s, IndexScan t 0= unique))",
    ),
]


@pytest.fixture(scope="module")
def catalog() -> Any:
    return make_catalog()


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql[:60] for sql, _ in CASES])
def test_shape(catalog: Any, sql: str, expected: str) -> None:
    assert shape(plan_of(catalog, sql, types=[23] if "$" in sql else None)) == expected


ERRORS = [
    (
        "insert into t (id) values (1) on conflict (a) do nothing",
        "42P10",
        "there is no unique or exclusion constraint matching the ON CONFLICT specification",
    ),
    (
        "select * from t full join u on t.a < u.x",
        "0A000",
        "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions",
    ),
    ("select 1/0 from t", "22012", "division by zero"),
]


@pytest.mark.parametrize(("sql", "sqlstate", "message"), ERRORS)
def test_error(catalog: Any, sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        plan_of(catalog, sql)
    assert (str(caught.value.sqlstate), caught.value.message) == (sqlstate, message)


def test_insert_targets_are_complete_and_in_order(catalog: Any) -> None:
    planned = plan_of(catalog, "insert into t (a, id) values (2, 1)")
    assert [entry.resno for entry in planned.plan.targetList] == [1, 2, 3, 4, 5]


def test_custom_plan_uses_parameter_values(catalog: Any) -> None:
    generic = plan_of(catalog, "select * from t where $1 = 2", types=[23])
    assert shape(generic) == "Filter [1](SeqScan t)"
    assert (
        shape(plan_of(catalog, "select * from t where $1 = 2", types=[23], param_values=(2,))) == "SeqScan t"
    )
