-- Triggers of partitioned tables and of parents and children, roles, errors in functions, views.

create table log (id serial, what text);
create function f() returns trigger language plpgsql as $$
begin
  insert into log(what) values (tg_name||' '||tg_when||' '||tg_level||' '||tg_op||' '||tg_table_name||' new='||coalesce(new::text,'null')||' old='||coalesce(old::text,'null'));
  if tg_level='STATEMENT' then return null; end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;
create table pt (a int, b text) partition by range (a);
create table p1 partition of pt for values from (0) to (10);
create table p2 (b text, a int);
create trigger rb before insert or update or delete on pt for each row execute function f();
create trigger ra after insert or update or delete on pt for each row when (pg_trigger_depth() < 5) execute function f();
create trigger st after insert or update or delete on pt for each statement execute function f();
alter table pt attach partition p2 for values from (10) to (20);
select tgrelid::regclass, tgname, tgparentid<>0 from pg_trigger where tgname in ('rb','ra','st') order by 1,2;
insert into pt values (1,'one'),(11,'eleven');
update pt set b=b||'!' ;
update pt set a = 12 where a=1;
delete from pt where a=11;
select what from log order by id; truncate log restart identity;
drop trigger rb on p1;
alter trigger rb on p1 rename to rbx;
alter trigger rb on pt rename to rbx;
alter table pt disable trigger rbx;
select tgrelid::regclass, tgname, tgenabled from pg_trigger where tgname like 'rb%' order by 1,2;
alter table only pt enable trigger rbx;
select tgrelid::regclass, tgname, tgenabled from pg_trigger where tgname like 'rb%' order by 1,2;
alter table pt detach partition p2;
create table p3 partition of pt for values from (20) to (30);
copy pt from stdin;
21	x
5	y
\.
select what from log order by id; truncate log restart identity;
create function mv() returns trigger language plpgsql as $$ begin new.a := new.a + 20; return new; end $$;
create trigger mv before insert on pt for each row execute function mv();
insert into pt values (3,'q');
drop trigger mv on pt;
drop table pt cascade;
-- inheritance
create table par (a int, b text); create table kid () inherits (par);
create trigger pr before update on par for each row execute function f();
create trigger ps after update on par for each statement execute function f();
create trigger kr before update on kid for each row execute function f();
create trigger ks after update on kid for each statement execute function f();
insert into par values (1,'p'); insert into kid values (2,'k');
update par set b = 'u'; update kid set b = 'v';
select what from log order by id; truncate log restart identity;
-- roles
alter table par enable replica trigger pr; alter table par enable always trigger ps;
update only par set b='o';
set session_replication_role = replica;
update only par set b='r';
reset session_replication_role;
select what from log order by id; truncate log restart identity;
-- exceptions, savepoints
create table q (a int primary key, b int);
create function chk() returns trigger language plpgsql as $$ begin if new.b < 0 then raise exception 'negative %', new.b using errcode='22000', hint='be positive'; end if; return new; end $$;
create trigger chk after insert or update on q for each row execute function chk();
insert into q values (1,1),(2,-2);
select * from q;
begin; insert into q values (1,1); savepoint s; insert into q values (2,-2); rollback to s; insert into q values (3,3); commit;
select * from q;
do $$ begin insert into q values (9,-9); exception when others then raise notice 'caught %', sqlerrm; end $$;
select * from q;
-- audit of changed rows with old and new
create function audit() returns trigger language plpgsql as $$ declare n int; begin select count(*) into n from q; insert into log(what) select format('%s of %s', tg_op, n); return null; end $$;
create trigger audit after insert or update or delete on q for each row execute function audit();
insert into q select i,i from generate_series(100,102) i;
update q set b = b+1 where a>=100;
delete from q where a=101;
with d as (delete from q where a=102 returning *) insert into q select a+1000, b from d;
select what from log order by id; truncate log restart identity;
-- generated
create table g (a int, b int generated always as (a*2) stored);
create trigger gb before insert or update on g for each row execute function f();
create trigger ga after insert or update on g for each row execute function f();
insert into g values (1); update g set a = 5;
select * from g; select what from log order by id; truncate log restart identity;
create trigger gw before update on g for each row when (new.b > 3) execute function f();
create trigger gw before update on g for each row when (new is distinct from old) execute function f();
create trigger sr before update on q for each row execute function suppress_redundant_updates_trigger();
update q set b = b; update q set b = b+1 where a = 1;
-- privileges
create role trg_user; grant insert on q to trg_user; set role trg_user;
create trigger nope before insert on q for each row execute function f();
reset role;
revoke insert on q from trg_user; drop role trg_user;
create view v as select 1 as x;
create trigger vb before insert on v for each row execute function f();
create trigger vt after truncate on v for each statement execute function f();
create sequence s; create trigger sq before insert on s for each row execute function f();
create trigger cat before insert on pg_class for each row execute function f();
alter table q disable trigger user; insert into q values (77,-1); alter table q enable trigger all; alter table q disable trigger nosuch;
alter table q drop column b;
alter table q drop column b cascade;
drop table q, g, par cascade; select count(*) from pg_trigger where not tgisinternal;

