-- COPY, ANALYZE, VACUUM, CLUSTER, cursors, views and temporary tables over partitions.
create table p (a int, b text) partition by range (a);
create table p1 partition of p for values from (1) to (10);
create table p2 (b text, a int);
alter table p attach partition p2 for values from (10) to (20);
create index pi on p (a);
insert into p values (1, 'x'), (12, 'y'), (5, 'z'), (7, 'yes'), (15, 'yes');
copy p from stdin;
2	x
11	y
\.
copy p (b, a) from stdin with (format csv);
q,3
r,13
\.
copy p from stdin;
100	x
\.
copy p from stdin where a > 5;
4	no
8	yes
15	yes
\.
copy p1 from stdin;
11	x
\.
copy p to stdout;
copy (select * from p order by a) to stdout;
copy p2 to stdout;
select tableoid::regclass, * from p order by a;
analyze p;
analyze;
select relname, reltuples from pg_class where relname in ('p','p1','p2') order by 1;
select tablename, attname, inherited, n_distinct from pg_stats where schemaname='public' order by 1,2,3;
vacuum p;
vacuum analyze p;
vacuum full p;
reindex table p;
reindex index pi;
cluster p using pi;
create table i0 (a int);
create table i1 (b int) inherits (i0);
insert into i0 values (1);
insert into i1 values (2, 3);
copy i0 to stdout;
copy i1 to stdout;
copy (select * from i0) to stdout;
select tableoid::regclass, * from i0 order by 2;
analyze i0;
select tablename, attname, inherited from pg_stats where schemaname='public' and tablename like 'i%' order by 1,2,3;
create view pv as select * from p where a < 15 with check option;
insert into pv values (2, 'v'), (14, 'w');
insert into pv values (16, 'w');
update pv set a = 11 where b = 'v';
update pv set a = 17 where b = 'v';
delete from pv where b = 'w';
select tableoid::regclass, * from p order by a,b;
begin;
declare c cursor for select * from p order by b for update; 
declare d cursor for select * from p;
fetch 2 from d;
update p set b = b || '+' where current of d;
delete from p where current of d;
fetch 1 from d;
select tableoid::regclass, * from p order by a,b;
rollback;
select a, b, (p).b, p from p where a = 12;
select p.*::text from p where a=1;
create table pr (x p, y int);
select count(*), max(a), min(a) from p;
set enable_partition_pruning = off;
reset enable_partition_pruning;
with d as (delete from p where a > 12 returning *) insert into p select a - 10, b from d returning tableoid::regclass, *;
insert into p values (1, 'x') on conflict do nothing;
select * from p where a in (select a from i0) order by 1;
update p set a = i0.a + 2 from i0 where p.a = i0.a returning p.*, p.tableoid::regclass, i0.*;
create table cp (like p including all);
create table cpp (like p including all) partition by list (a);
select * into temp ttt from p;
create temp table tp (a int) partition by list (a);
create temp table tp1 partition of tp for values in (1);
insert into tp values (1);
select tableoid::regclass, * from tp;
update tp set a = a;
create table perm partition of tp for values in (2);
create temp table tperm partition of p for values from (100) to (110);
begin;
create temp table od (a int) partition by list (a) on commit drop;
create temp table od1 partition of od for values in (1);
commit;
select count(*) from pg_class where relname like 'od%';
drop index pi;
drop index p_a_idx;
comment on table p is 'hi'; 
grant select on p to pg_monitor;
select has_table_privilege('pg_monitor','p1','select');
select table_name, table_type, is_insertable_into from information_schema.tables where table_schema='public' and table_name like 'p%' order by 1;
savepoint x;
prepare pp(int) as update p set b = 'prep' where a = $1 returning *;
execute pp(3);
execute pp(11);
execute pp(500);
prepare pi(int) as insert into p values ($1, 'i') returning tableoid::regclass;
execute pi(18);
execute pi(180);
