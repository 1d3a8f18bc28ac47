-- Transition tables: statements, rows, partitions, cascades; triggers under prepared statements.

create table q (a int primary key, b text); create table log(id serial, what text);
create function tr() returns trigger language plpgsql as $$
declare r record;
begin
  if tg_op in ('UPDATE','INSERT') then for r in select * from nt order by a loop insert into log(what) values (tg_name||' new '||r.a||' '||r.b); end loop; end if;
  if tg_op in ('UPDATE','DELETE') then for r in select o.* from ot o order by a loop insert into log(what) values (tg_name||' old '||r::text); end loop; end if;
  insert into log(what) select tg_op||' '||count(*) from q;
  return null;
end $$;
create trigger i after insert on q referencing new table as nt for each statement execute function tr();
create trigger u after update on q referencing new table as nt old table as ot for each statement execute function tr();
create trigger d after delete on q referencing old table as ot for each statement execute function tr();
insert into q values (1,'a'),(2,'b');
update q set b = b||'x' where a=1;
update q set b = 'none' where a = 55;
delete from q;
insert into q values (1,'a') on conflict (a) do update set b='c';
insert into q values (1,'a'),(7,'z') on conflict (a) do update set b='c';
merge into q using (values (1,'m'),(9,'n')) v(a,b) on q.a=v.a when matched then update set b=v.b when not matched then insert values (v.a,v.b);
copy q from stdin;
20	tw
21	to
\.
select what from log order by id; truncate log restart identity;
select pg_get_triggerdef(oid) from pg_trigger where tgname in ('i','u','d') order by tgname;
create function jn() returns trigger language plpgsql as $$ begin insert into log(what) select format('%s: %s -> %s', n.a, o.b, n.b) from nt n join ot o using (a); return null; end $$;
create trigger ur after update on q referencing new table as nt old table as ot for each row execute function jn();
update q set b = b||'?' where a in (1,7);
select what from log order by id; truncate log restart identity;
create function bad() returns trigger language plpgsql as $$ begin insert into nt values (1); return null; end $$;
create trigger bad after insert on q referencing new table as nt for each statement execute function bad();
insert into q values (300,'x');
create trigger e1 before insert on q referencing new table as nt for each statement execute function tr();
create trigger e2 after insert or update on q referencing new table as nt for each statement execute function tr();
create trigger e3 after update of b on q referencing new table as nt for each statement execute function tr();
create trigger e4 after insert on q referencing old table as nt for each statement execute function tr();
create trigger e5 after delete on q referencing new table as nt for each statement execute function tr();
create trigger e6 after update on q referencing new table as nt old table as nt for each statement execute function tr();
create trigger e7 after update on q referencing new table as nt new table as n2 for each statement execute function tr();
create trigger e8 after truncate on q referencing old table as nt for each statement execute function tr();
create trigger e9 after update on q referencing new row as nt for each row execute function tr();
create table pt (a int, b text) partition by range (a);
create table p1 (b text, a int); alter table pt attach partition p1 for values from (0) to (10); create table p2 partition of pt for values from (10) to (20);
create trigger u after update on pt referencing new table as nt old table as ot for each statement execute function tr();
create trigger i after insert on pt referencing new table as nt for each statement execute function tr();
create trigger e10 after insert on pt referencing new table as nt for each row execute function tr();
create trigger e11 after insert on p1 referencing new table as nt for each row execute function tr();
insert into pt values (1,'x'),(12,'y');
update pt set a = a + 1; update pt set a = 15 where a=2;
select what from log order by id; truncate log restart identity;
create table par (id int primary key); create table chd (id int references par on delete cascade);
create function cnt() returns trigger language plpgsql as $$ begin insert into log(what) select tg_table_name||' '||count(*) from ot; return null; end $$;
create trigger c after delete on chd referencing old table as ot for each statement execute function cnt();
create trigger c after delete on par referencing old table as ot for each statement execute function cnt();
insert into par values (1),(2); insert into chd values (1),(1),(2);
delete from par;
select what from log order by id; truncate log restart identity;
create temp table tmp (a int); create trigger tt before insert on tmp for each row execute function tr();
create table tz (a int, ts timestamp); create function touch() returns trigger language plpgsql as $$ begin new.ts = now(); return new; end $$;
create trigger touch before insert or update on tz for each row execute function touch();
insert into tz values (1); select ts = now() , ts is not null from tz; update tz set a = 2 returning a, ts is not null;
prepare pu as update tz set a = $1 returning a; execute pu(5); drop trigger touch on tz; execute pu(6);
