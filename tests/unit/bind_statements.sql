select a, b as x, c, arr from t
select * from t join s using (a)
select * from t natural join s
select * from t full join s using (a) where a = 1
select t.*, s.name from t left join s on t.a = s.a order by s.d desc nulls last
select aa from t
select nme from s
select t.nme from s
select s.nme from s
select x.a from t
select t.a from t x
select a from t, s
select * from t, (select t.a) q
select * from t, lateral (select t.a as k) q
select * from s right join lateral (select s.a) q on true
select a from t group by b
select b, count(*), sum(c), avg(a) from t group by b having sum(c) > 1 order by 2
select a, b, c from t group by a
select count(*) from t where count(*) > 1
select sum(sum(a)) from t
select a, sum(c) over (partition by b order by a) s1, lag(b) over w from t window w as (order by a)
select sum(a) over w from t
select 1 union select 'x'
select a, b from t union all select a, name from s order by b
select a from t union select a, b from t
select a from t union select d from s
select a as q from t union select a from s order by a
select a as q from t union select a from s order by q + 1
values (1, 'a'), (2, null)
values (1, 2), (3)
select * from (values (1,'a'),(2.5,'b')) v(n, s)
select * from (values (1,'a')) v(n, s, q)
with w as (select a from t) select * from w
with w(x, y) as (select a from t) select * from w
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r
with recursive r(n) as (select 1 union all select n + 1.5 from r) select * from r
with recursive r(n) as (select 1 union all select 2 from r r1, r r2) select * from r
with recursive r as (select 1 as n union all select n from (select n from r) x where exists (select 1 from r)) select * from r
with recursive r as (select n from r union all select 1 as n) select n from r
with recursive x as (select * from y), y as (select * from x) select * from x
with a as (select * from b), b as (select 1) select * from a
with w as (insert into s values (1) returning *) select * from w
with w as (insert into s values (1)) select * from w
select (select a from t), array(select b from t), exists (select 1)
select (select a, b from t)
select case when a > 1 then b end, coalesce(b, 'q'), a::text, b collate "C", nullif(a, 1), greatest(a, 2) from t
select distinct on (b) a, b from t order by a
select distinct b from t order by a
select a from t order by 3
select a from t order by 'x'
select a, b a from t order by a
select a from t limit a
select a from t limit 'x'
select b, grouping(b), count(*) from t group by rollup (b, c)
select grouping(a) from t group by b
select a, b from t group by grouping sets ((a, b), (), cube (a, b))
select * from generate_series(1, 3) with ordinality as g(x, y)
select * from generate_series(1, 3)
select * from unnest(array[1,2], array['a']) u
select * from generate_series(1, 3) as x(a int)
select (t).a, (t).* from t
select ctid, tableoid, xmin from t
select * from t for update of q
select count(*) from t for update
select * from t for share of t
select
select * 
select foo()
select public.t.a from public.t
select * from nosuch
select * from nosch.t
select * from t t1 join t t1 on true
select a from t where b
select a from t where a = 'x'
select arr[1], arr[1:2] from t
select b.c from t
insert into t values (1, 'a', 2.5)
insert into t (a, b) values (1)
insert into t (a) values (1, 2)
insert into t (a, a) values (1, 2)
insert into t (q) values (1)
insert into t (a, b) values (1, 2), (3, default) returning a, b || 'x'
insert into t (a, c) select a, name from s
insert into t default values returning *
insert into t (arr[1], arr[2]) values (1, 2)
insert into t values ('x')
insert into t (a) values (now())
insert into t as q (a) values (1) on conflict (a) do update set b = excluded.b || q.b where q.a > 1 returning q.*
insert into t (a) values (1) on conflict do update set b = 'x'
insert into t (a) values (1) on conflict (a) do nothing
insert into t (a) values (1) on conflict on constraint nope do nothing
insert into ident values (1, 'x')
insert into ident overriding system value values (1, 'x')
insert into ident values (default, 'x'), (default, 'y')
insert into gen values (1, 2)
insert into gen (x) values (1) returning *
update t set b = c
update t set b = 1, a = a + 1 where c > 2 returning old.a, new.a, *
update t set q = 1
update t set t.b = 'x'
update t set b = 'x', b = 'y'
update t set (a, b) = (1, 'x')
update t set (a, b) = (select a, name from s where s.a = t.a)
update t set c = 'x'
update t set a = default, b = default
update t set arr[1] = 'x'
update ident set id = 5
update gen set y = 1
update t set b = s.name from s where s.a = t.a
update t set a = 1 from t
delete from t using s where s.a = t.a returning t.a, s.name
delete from t where nope
delete from agg
update tv set c1 = 1
update tv set bb = 'x' where a = 3 returning *
insert into tv (a, bb) values (1, 'x')
delete from tv where bb = 'q'
select * from tv
select * from agg
merge into t using s on t.a = s.a when matched and s.name is null then delete when matched then update set b = s.name when not matched then insert (a, b) values (s.a, s.name)
merge into t using s on t.a = s.a when not matched then insert values (s.a) when not matched then do nothing
merge into t using s on t.a = s.a when not matched then insert (a) values (t.a)
merge into t using s on t.a = s.a when matched then do nothing returning merge_action(), t.*
merge into t using t on true when matched then delete
select a from t t1 where exists (select 1 from s where s.a = t1.a and nope = 1)
select a from t where a in (select a, b from t)
select sum(a) filter (where b = 'x') from t
select string_agg(b, ',' order by a desc) from t
select percentile_cont(0.5) within group (order by c) from t
select rank() from t
select row_number() over (order by a range between 1 preceding and current row) from t
select row_number() over (order by b range between 1 preceding and current row) from t
select x from (select 1 as x) union select y from (select 2 as y) q
select * from (select a from t) where a = 1
select t1.a from t t1 cross join (t t2 join s using (a)) j
select j.a from (t join s using (a)) as j
select j.a, t.b from t join s using (a) as j
select 1 as x, x from t
select * from t a join t b using (a, nope)
select * from t a join t b on a.a = b.a join s using (a)
select * from (select 1 as a, 2 as a) x join t using (a)
select a from t union select a from t for update
select a from t intersect select a from s except select 1 order by 1 limit 3
(select a from t order by b limit 1) union all (select a from s limit 2) order by a
select 'x' union select 'y'
select null union select 1
select '1' union select 1 order by 1
select * from t where (a, b) in (select a, name from s)
select * from t where (a, b) = (1, 'x')
select * from t where a = any(arr)
select * from t where a > all (select a from s)
select array_agg(distinct b order by a) from t
select array_agg(distinct b order by b) from t
select max(a) from t group by max(a)
select a as q from t group by q
select count(*) as n from t group by n
select row_number() over () from t group by 1
select a from t where row_number() over () > 1
select a from t having a > 1
select 1 from t having true
select b from t group by b order by count(*)
select b from t group by b order by a
select distinct a from t order by a + 1
select a, (select count(*) from s where s.a = t.a) from t group by a
select b, (select t.c) from t group by b
select (select sum(t.a)) from t
select (select sum(t.a) from s where sum(t.a) > 1) from t
select * from t, s where t.a = s.a and x.b = 1
select t.a from t, lateral (select a from s where s.a = t.a limit 1) l
select * from t left join lateral (select t.b as k) q on q.k = 'x'
select * from (t cross join s) as j(p, q)
select * from t as z(p, q) where p = 1
select * from t as z(p, q, r, s, u)
select * from generate_series(1, 3) with ordinality
select * from rows from (generate_series(1, 3), unnest(array['a','b'])) as f(n, m)
select * from rows from (generate_series(1, 3) as (a int))
select * from pg_get_keywords() limit 1
select * from abs(1) x
select * from current_date
select * from current_date d
select generate_series(1, 3) g, a from t
select a from t where generate_series(1, 2) = 1
select count(generate_series(1, 2)) from t
select t.*, x.* from t
select tableoid::regclass, * from s
select xmin from tv
select oid from t
update t set ctid = '(0,1)'
insert into t (ctid) values ('(0,1)')
update t set a = a from t t2 where t.a = t2.a
update t x set b = 'q' where t.a = 1
update t set b = (select name from s limit 1) where a in (select a from s)
update t set (a, b) = (1, 2, 3)
update t set (a, b) = (select 1)
update t set a = count(*)
update t set b = 'x' returning nope
update t set b = 'x' returning with (old as o, new as n) o.b, n.b, o.*
update t set b = 'x' returning with (old as t) *
update t as old set b = 'x' returning old.b, new.b
delete from t where a = (select max(a) from s) returning old.*
insert into t select * from s
insert into t (a) (values (1), (2)) returning a as k
insert into t (a) values (1) returning (select count(*) from s)
insert into s (d) values (now()), (null)
insert into s (name) values (1)
insert into s (name) select a from t
insert into t (c) values ((1, 2))
insert into t (a, b) values ((1, 'x'))
insert into t values (default, default, default, default)
insert into t (a) values (sum(1))
insert into t (a, b) values (1, 'x') on conflict (b) do update set a = excluded.nope
insert into t (a) values (1) on conflict (nope) do nothing
insert into t (a) values (1) on conflict (a) do update set b = b
insert into t (a) values (1) on conflict (a desc) do nothing
insert into ident (v) values ('x') returning id
insert into ident overriding user value values (5, 'x')
insert into ident select 1, 'x'
insert into gen (x, y) values (1, default)
insert into gen values (1, default), (2, default)
insert into gen values (1, default), (2, 5)
insert into gen (x, z) values (1, 2)
insert into tv (c1) values (2)
insert into agg values ('x', 1)
update agg set n = 1
select z, y from gen limit 0
with w as (delete from s returning *), v as (select count(*) from w) select * from v
with w as (select 1), w as (select 2) select * from w
with w(a, b) as (select 1) select * from w
select * from (with w as (insert into s values (1) returning *) select * from w) q
with recursive r as (select 1) select * from r
with recursive r(n) as (values (1) union all select n + 1 from r where n < 3 limit 5) select * from r
with recursive r(n) as (select 1 union all select max(n) from r) select * from r
with recursive r(n) as (select 1 union all (select n from t left join r on true)) select * from r
with recursive r(n) as (select 'a' union all select n || 'b' from r) select * from r
with recursive r(n) as (select 1 intersect select n from r) select * from r
select (array[1,2,3])[2], (array['a'])[1:1], ('{"a":1}'::text)
select a.* from t a, t b
select row(a, b), (row(1, 2)).f1 from t
select (row(1, 2)).* 
select (s).name.x from s
select * from t for no key update of t skip locked
select * from t, s for update of s nowait
select * from agg for update
select 1 for update
select * from t limit 1 for key share
values (1) for update
merge into s using t on t.a = s.a when matched and t.b > 'x' then update set name = t.b, d = default when not matched by source then delete
merge into s using t on t.a = s.a when not matched by source then update set name = t.b
merge into s s1 using s s1 on true when matched then delete
merge into s using t on t.a = s.a when not matched then insert (a, q) values (1, 2)
merge into s using t on t.a = s.a when matched then update set a = sum(1)
merge into ident using t on true when not matched then insert values (1, 'x')
select $1::int + 1, $2 || 'x'
select a from t where a = $1 and b like $2
select $1
select a from t where b in ($1, $2) limit $3
insert into t (a, b) values ($1, $2) returning *
select 1 order by 1, 2
select a from t order by nope
select a from t order by t.nope
select b from t group by 2
select b from t group by b, (select 1), a + c
select sum(c) over (partition by a rows between 1 preceding and 2 following), ntile(4) over (order by a) from t
select sum(c) over (order by a groups between 1 preceding and current row) from t
select sum(c) over (groups between 1 preceding and current row) from t
select sum(c) over (w partition by b) from t window w as (order by a)
select sum(c) over (w order by b) from t window w as (order by a)
select sum(c) over (w) from t window w as (order by a rows 1 preceding)
select sum(c) over (order by a rows a preceding) from t
select rank() over (order by a) from t window w as (order by a), w as (order by b)
select sum(row_number() over ()) over () from t
merge into t using s on 1 when matched then do nothing
merge into t using s on t.a when matched then do nothing
merge into t using s on t.a = s.a when matched and 1 then do nothing
with x as (select * from t) update x set a = 1
select * from s for update of public.s
select count(*) from t group by ()
select count(*), b from t group by distinct rollup (a, b), rollup (b)
select a from t order by a fetch first null rows with ties
select a from t order by a using <
select a from t order by a using =
select json_agg(t) from t
select t.*::text from t
select (t.*).b from t
select b from only t
select * from t where ctid = '(0,1)'
select exists (select from t) as e, not exists (select 1)
select count(distinct a), count(*) filter (where c > 1) from t
select mode() within group (order by b) from t
select a + (select max(a) from s) as total from t
select * from (select 1) q
select * from (select 1), (select 2)
select unnamed_subquery.* from (select 1)
select cast(a as varchar(3)), a::numeric(5,1) from t
select current_user, localtimestamp, extract(year from now()), substring(b from 1 for 2), trim(b), position('a' in b) from t
select a from t where b like 'x%' and c between 1 and 2 or a is distinct from 3
select a from t where a in (1, 2, 3) and b not in ('x') and arr is not null
select a is true from t
select b || 1 from t
select a + b from t
select - b from t
select upper(a) from t
select nofunc(a, 'x') from t
select max(a, b) from t
select a from t where exists (select * from s where t.a = s.a and u.b = 1)
update only t set b = upper(b) where a = 1
delete from only s where name is null
insert into t (a) select max(a) + 1 from t
insert into s table t
table t
