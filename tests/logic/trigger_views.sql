-- Triggers of views: INSTEAD OF for each row, BEFORE and AFTER for each statement, and what they may not be.

create table base (id int primary key, name text, n int default 7);
create view v as select id, upper(name) as name, n from base where n > 0;
create view simple as select * from base;
create view joined as select b.id, b.name, c.relname as what from base b join pg_class c on c.oid = 1259;
create table log (no serial, what text);
create function note() returns trigger language plpgsql as $$
begin
  insert into log(what) values (concat_ws(' ', tg_name, tg_when, tg_level, tg_op, tg_table_name, tg_nargs, 'new=' || new::text, 'old=' || old::text));
  return null;
end $$;
create function act() returns trigger language plpgsql as $$
begin
  insert into log(what) values (concat_ws(' ', tg_name, tg_when, tg_level, tg_op, tg_relid::regclass, tg_argv[0], 'new=' || new::text, 'old=' || old::text));
  if tg_op = 'INSERT' then
    insert into base values (new.id, lower(new.name), coalesce(new.n, 1));
    new.n := coalesce(new.n, 1);
    return new;
  elsif tg_op = 'UPDATE' then
    update base set id = new.id, name = lower(new.name), n = new.n where id = old.id;
    if not found then return null; end if;
    new.name := new.name || '!';
    return new;
  else
    delete from base where id = old.id;
    if not found then return null; end if;
    return old;
  end if;
end $$;
-- wrong uses
create trigger t before insert on v for each row execute function act();
create trigger t after update on v for each row execute function act();
create trigger t instead of insert on base for each row execute function act();
create trigger t instead of insert on v execute function act();
create trigger t instead of insert on v for each statement execute function act();
create trigger t instead of insert on v for each row when (new.id > 1) execute function act();
create trigger t instead of update of name on v for each row execute function act();
create trigger t instead of truncate on v for each row execute function act();
create trigger t before truncate on v execute function note();
create trigger t instead of insert on v referencing new table as x for each row execute function act();
create trigger t after insert on v referencing new table as x for each statement execute function act();
create constraint trigger t instead of insert on v for each row execute function act();
create constraint trigger t after insert on v for each row execute function act();
create materialized view mv as select 1 as a;
create trigger t instead of insert on mv for each row execute function act();
insert into v values (1, 'x');
update v set name = 'x';
insert into v(id, n) values (1, 2);
insert into joined values (1);
update joined set name = 'x';
delete from joined;
-- what there is
create trigger act instead of insert or update or delete on v for each row execute function act('arg');
create trigger before before insert or update or delete on v for each statement execute function note();
create trigger after after insert or update of name or delete on v for each statement execute function note();
select tgname, tgtype, tgenabled, tgnargs, tgargs, tgattr, pg_get_triggerdef(oid), pg_get_triggerdef(oid, true) from pg_trigger where tgrelid = 'v'::regclass order by 1;
select trigger_name, event_manipulation, action_orientation, action_timing, action_statement from information_schema.triggers where event_object_table = 'v' order by 1, 2;
select relhastriggers from pg_class where relname = 'v';
select pg_relation_is_updatable('v'::regclass, false), pg_relation_is_updatable('v'::regclass, true), pg_column_is_updatable('v'::regclass, 2::int2, false), pg_column_is_updatable('v'::regclass, 2::int2, true);
select table_name, is_updatable, is_insertable_into, is_trigger_updatable, is_trigger_deletable, is_trigger_insertable_into from information_schema.views where table_schema = 'public' order by 1;
-- changes
insert into v values (1, 'One', 1), (2, 'Two', null), (3, 'Three', default) returning *;
insert into v(name, id) select 'g' || g, g from generate_series(10, 12) g returning id, name, n, old.id, new.n;
update v set n = n + 1 where id in (1, 2) returning *, old.n, new.name;
update v set name = 'q' where id = 99 returning *;
update v set n = c.relnatts from pg_class c where c.relname = 'base' and v.id = 3 returning v.*, c.relname;
update v set id = id where id = 10;
delete from v where id = 1 returning *;
delete from v using base b where b.id = v.id and b.id > 10 returning b.id, v.name;
delete from v where id = 98;
select what from log order by no;
truncate log;
select * from base order by id;
with d as (delete from v where id = 2 returning *), i as (insert into v values (20, 'w') returning id) select * from d, i;
prepare ins(int, text) as insert into v values ($1, $2) returning *;
execute ins(30, 'p');
execute ins(31, 'q');
insert into v values (40, 'x') on conflict do nothing;
insert into v values (40, 'x') on conflict (id) do nothing;
insert into v values (40, 'x') on conflict (id) do update set n = 1;
select what from log order by no;
truncate log;
-- a row that the function leaves
create function no_row() returns trigger language plpgsql as $$ begin return null; end $$;
create or replace trigger act instead of insert or update or delete on v for each row execute function no_row();
insert into v values (50, 'x') returning *;
update v set n = 5 returning *;
delete from v returning *;
drop trigger act on v;
insert into v values (50, 'x');
update v set n = 5 where id = 30 returning *;
drop trigger before on v;
drop trigger after on v;
-- several, in the order of their names
create function add_one() returns trigger language plpgsql as $$ begin raise notice '% % %', tg_name, new, old; new.n := coalesce(new.n, 0) + 1; return new; end $$;
create trigger b instead of insert or update on v for each row execute function add_one();
create trigger a instead of insert or update on v for each row execute function add_one();
create trigger c instead of insert or update on v for each row execute function act();
insert into v values (60, 'm') returning *;
update v set n = 10 where id = 60 returning *;
drop trigger a on v; drop trigger b on v; drop trigger c on v;
-- automatically updatable views
create trigger act instead of insert on simple for each row execute function act('simple');
insert into simple values (70, 'S') returning *;
update simple set n = 3 where id = 70 returning *;
delete from simple where id = 70 returning *;
create view above as select id, name from simple where id > 5 with local check option;
create view above as select id, name from simple where id > 5;
insert into above values (71, 'Over') returning *;
insert into above values (1, 'Under') returning *;
update above set name = 'u' where id = 71 returning *;
delete from above where id = 71 returning *;
create view checked as select id, name from simple where id > 5 with cascaded check option;
insert into checked values (2, 'c');
alter view above set (check_option = local);
insert into above values (3, 'c');
select what from log order by no;
truncate log;
-- defaults of a view's columns
alter view simple alter column n set default 44;
insert into simple(id, name) values (72, 'D'), (73, 'E') returning *;
insert into simple(id, name, n) values (74, 'D', default), (75, 'E', 5) returning *;
-- disabled, replica, dropped
drop trigger act on simple;
create trigger act instead of insert or update on joined for each row execute function act('j');
create trigger act2 instead of delete on joined for each row execute function act('j');
alter table joined disable trigger act;
alter view joined disable trigger act;
select * from pg_trigger where tgrelid = 'joined'::regclass and tgenabled = 'D';
alter trigger act on joined rename to acting;
delete from joined where id = 20 returning *;
update joined set name = 'zz' where id = 30;
merge into joined j using (values (30)) s(x) on j.id = s.x when matched then delete;
merge into joined j using (values (30)) s(x) on j.id = s.x when matched then delete when not matched then insert values (s.x, 'n');
comment on trigger act2 on joined is 'c';
select obj_description(oid) from pg_trigger where tgname = 'act2';
drop view joined;
select tgname from pg_trigger where tgname like 'act%' order by 1;
drop function act();
-- copy
create function put() returns trigger language plpgsql as $$ begin insert into base values (new.id, new.name, new.n); return new; end $$;
copy v from stdin;
80	copied	4
\.
create trigger put instead of insert on v for each row execute function put();
copy v from stdin;
80	copied	4
81	\N	5
\.
copy v (id) from stdin where id > 82;
82
83
\.
select * from base where id between 80 and 89 order by id;
create or replace view v as select id, upper(name) as name, n, 1 as more from base where n > 0;
insert into v(id, name) values (90, 'nn') returning *;
select * from base where id = 90;
explain (costs off) insert into v values (1);
explain (costs off) update v set n = 1 where id = 90;
create trigger upd instead of update or delete on v for each row execute function no_row();
explain (costs off) update v set n = 1 where id = 90;
explain (costs off) delete from v where id = 90;
-- locks and rights
create role trigger_view_user;
grant insert, update, select on v to trigger_view_user;
set role trigger_view_user;
insert into v values (92, 'r') returning id;
update v set n = 1;
delete from v;
create trigger mine instead of insert on v for each row execute function put();
reset role;
drop owned by trigger_view_user;
drop role trigger_view_user;
-- MERGE
create view pair as select b.id, b.name, b.n, l.what from base b left join log l on l.no = b.id;
create function do_pair() returns trigger language plpgsql as $$ begin raise notice '% % %', tg_op, old, new; if tg_op = 'INSERT' then insert into base values (new.id, new.name, new.n); elsif tg_op = 'UPDATE' then update base set name = new.name where id = old.id; else delete from base where id = old.id; return old; end if; new.what := 'done'; return new; end $$;
delete from base;
insert into base values (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
create trigger ins instead of insert on pair for each row execute function do_pair();
merge into pair p using (values (1, 'x'), (9, 'y')) s(id, name) on p.id = s.id when matched then update set name = s.name when not matched then insert values (s.id, s.name);
merge into pair p using (values (1, 'x'), (9, 'y')) s(id, name) on p.id = s.id when not matched then insert values (s.id, s.name) returning merge_action(), p.*, old, new;
create trigger upd instead of update or delete on pair for each row execute function do_pair();
set client_min_messages = warning;
merge into pair p using (values (1, 'x'), (2, 'y'), (9, 'nine'), (10, 'ten')) s(id, name) on p.id = s.id when matched and s.name = 'y' then delete when matched and p.id = 9 then do nothing when matched then update set name = s.name when not matched by source and p.id = 3 then update set name = upper(p.name) when not matched by source then delete when not matched then insert values (s.id, s.name) returning merge_action(), old.*, new.*, p.id;
reset client_min_messages;
select * from base order by id;
create trigger part instead of insert on v for each row execute function do_pair();
merge into simple p using (values (1, 'x'), (9, 'y')) s(id, name) on p.id = s.id when matched then update set name = s.name when not matched then insert values (s.id, s.name);
create trigger part instead of insert on simple for each row execute function do_pair();
merge into simple p using (values (1, 'x'), (9, 'y')) s(id, name) on p.id = s.id when matched then update set name = s.name when not matched then insert values (s.id, s.name);
merge into above p using (values (8, 'x'), (9, 'y')) s(id, name) on p.id = s.id when matched then update set name = s.name when not matched then insert values (s.id, s.name);
-- another role of the session
set session_replication_role = replica;
insert into pair values (50, 'no') returning *;
delete from pair;
reset session_replication_role;
select count(*) from base where id = 50;
-- a view of a view, rows of a subquery, a trigger that fails, a foreign key that does
create table child (id int primary key, parent int references base deferrable initially immediate);
create view kids as select c.id, b.name from child c left join base b on b.id = c.parent;
create function kid() returns trigger language plpgsql as $$ begin insert into child values (new.id, case when new.name = 'none' then -1 else (select id from base where name = new.name) end); if new.id < 0 then raise exception 'negative: %', new using hint = 'none'; end if; return new; end $$;
create trigger kid instead of insert or update on kids for each row execute function kid();
insert into kids select b.id, b.name from base b where b.id > 1 order by b.id returning *;
insert into kids values (-1, 'x');
insert into kids values (77, 'none');
select * from kids order by id;
update kids set (id, name) = (select k.id + 100, k.name from kids k where k.id = kids.id) where id = 9 returning old.id, new.id, kids;
create view all_kids as select id, upper(name) as shown, name from kids where id > 5;
update all_kids set name = 'nine' where id = 9 returning *;
delete from all_kids where id = 9;
drop view all_kids, kids;
do $$ declare r record; begin insert into pair values (61, 'in do') returning * into r; raise notice 'row %', r; end $$;
do $$ declare r record; begin for r in insert into pair values (62, 'in a loop') returning * loop raise notice 'row %', r; end loop; end $$;
begin;
declare c cursor for select id from pair order by id;
fetch 1 from c;
update pair set name = 'cursor' where current of c;
rollback;
update pair set name = 'x' where ctid = '(0,1)';
select tgname, relname from pg_trigger t join pg_class c on c.oid = t.tgrelid where not tgisinternal order by 1, 2;
drop view pair, above, checked, simple, v;
select count(*) from pg_trigger where not tgisinternal;
drop table child, base, log;
