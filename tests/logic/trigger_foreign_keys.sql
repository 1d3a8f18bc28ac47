-- DISABLE TRIGGER ALL and session_replication_role: the checks of foreign keys rest.

create table pa (id int primary key, u int unique);
create table ch (id int primary key, p int references pa on delete cascade on update set null, q int references pa(u) deferrable initially deferred);
insert into pa values (1, 1), (2, 2), (3, 3);
insert into ch values (1, 1, 1), (2, 2, 2);
insert into ch values (3, 99, 1);
-- the side that refers
alter table ch disable trigger all;
select regexp_replace(tgname, '\d+$', 'N'), tgname ~ (oid || '$'), tgrelid::regclass, tgfoid::regproc, tgtype, tgenabled, tgisinternal, tgconstrrelid::regclass, tgconstrindid::regclass, (select conname from pg_constraint c where c.oid = tgconstraint), tgdeferrable, tginitdeferred, tgnargs, tgattr, tgargs, tgqual, tgoldtable, regexp_replace(pg_get_triggerdef(oid), '_\d+', '_N') from pg_trigger where tgrelid = 'ch'::regclass order by 2, 3, 4, 9;
select d.deptype, regexp_replace(pg_describe_object(classid, objid, objsubid), '_\d+', '_N'), pg_describe_object(refclassid, refobjid, refobjsubid) from pg_depend d join pg_trigger t on t.oid = d.objid and d.classid = 'pg_trigger'::regclass where tgrelid = 'ch'::regclass order by 2, 3;
insert into ch values (3, 99, 98);
update ch set p = 97 where id = 1;
copy ch from stdin;
4	55	56
\.
delete from pa where id = 2;
select * from ch order by id;
alter table ch enable trigger user;
insert into ch values (5, 99, 98);
alter table ch enable trigger all;
insert into ch values (6, 99, 1);
insert into ch values (6, 1, 99);
update ch set p = 96 where id = 1;
update ch set id = 11 where id = 1;
alter table ch disable trigger user;
insert into ch values (7, 99, 1);
alter table ch enable trigger user;
-- the other side
delete from ch;
insert into ch values (1, 1, 1), (3, 3, 3);
alter table pa disable trigger all;
select regexp_replace(tgname, '\d+$', 'N'), tgfoid::regproc, tgtype, tgenabled, tgconstrrelid::regclass, tgdeferrable, tginitdeferred from pg_trigger where tgrelid = 'pa'::regclass order by 1, 2;
delete from pa where id = 1;
update pa set id = 33, u = 34 where id = 3;
select * from ch order by id;
truncate pa;
insert into ch values (8, 1, null);
alter table pa enable trigger all;
insert into pa values (1, 1), (3, 3);
delete from pa where id = 1;
select * from ch order by id;
alter table ch drop constraint ch_q_fkey;
delete from pa where id = 1;
select * from ch order by id;
-- of a transaction
begin;
alter table ch disable trigger all;
insert into ch values (20, 77);
rollback;
insert into ch values (20, 77);
-- by name
do $$ declare n text; begin select tgname into n from pg_trigger where tgrelid = 'ch'::regclass and tgtype = 5; execute format('alter table ch disable trigger %I', n); end $$;
insert into ch values (21, 77);
update ch set p = 78 where id = 21;
do $$ declare n text; begin select tgname into n from pg_trigger where tgrelid = 'ch'::regclass and tgtype = 5; execute format('alter table ch enable replica trigger %I', n); end $$;
insert into ch values (22, 77);
alter table ch enable trigger all;
insert into ch values (23, 77);
-- whoever is no superuser
create role trigger_fk_owner;
grant all on schema public to trigger_fk_owner;
alter table ch owner to trigger_fk_owner;
set role trigger_fk_owner;
do $$ begin execute 'alter table ch disable trigger all'; exception when insufficient_privilege then raise notice '%', regexp_replace(sqlerrm, '\d+', 'N'); end $$;
do $$ begin execute 'alter table ch enable trigger all'; exception when insufficient_privilege then raise notice '%', regexp_replace(sqlerrm, '\d+', 'N'); end $$;
alter table ch disable trigger user;
reset role;
alter table ch owner to current_user;
revoke all on schema public from trigger_fk_owner;
drop role trigger_fk_owner;
-- what goes with them
alter table ch disable trigger all;
alter table ch drop constraint ch_p_fkey;
select count(*) from pg_trigger where tgrelid in ('ch'::regclass, 'pa'::regclass);
drop table ch, pa;
-- a table that refers to itself
create table tree (id int primary key, up int references tree on delete cascade);
insert into tree values (1, null), (2, 1), (3, 2);
alter table tree disable trigger all;
insert into tree values (9, 99);
delete from tree where id = 2;
update tree set id = 100 where id = 1;
select * from tree order by id;
alter table tree enable trigger all;
insert into tree values (10, 99);
delete from tree where id = 3;
drop table tree;
-- partitions
create table pa (id int primary key);
create table pt (id int, p int references pa) partition by list (id);
create table pt1 partition of pt for values in (1);
create table pt2 partition of pt for values in (2) partition by list (p);
create table pt21 partition of pt2 for values in (7, 8, 9);
alter table pt disable trigger all;
select tgrelid::regclass, tgfoid::regproc, tgenabled from pg_trigger where tgrelid in ('pt'::regclass, 'pt1'::regclass, 'pt2'::regclass, 'pt21'::regclass) order by 1, 2;
insert into pt values (1, 5), (2, 7);
alter table pt enable trigger all;
insert into pt values (1, 5);
insert into pt values (2, 7);
alter table pt1 disable trigger all;
insert into pt values (1, 5);
insert into pt values (2, 7);
alter table only pt enable trigger all;
insert into pt values (1, 5);
alter table pt1 enable trigger all;
insert into pt values (1, 5);
drop table pt;
create table pp (id int primary key) partition by list (id);
create table pp1 partition of pp for values in (1);
create table ch (id int, p int references pp on delete cascade);
insert into pp values (1);
insert into ch values (1, 1);
alter table pp disable trigger all;
delete from pp;
select * from ch;
alter table pp enable trigger all;
insert into pp values (1);
delete from pp;
select * from ch;
-- the role of the session
insert into pp values (1);
set session_replication_role = replica;
insert into ch values (2, 22), (3, 1);
update ch set p = 23 where id = 2;
delete from pp;
select * from ch order by id;
set session_replication_role = local;
insert into ch values (4, 22);
begin;
set local session_replication_role = replica;
insert into ch values (4, 22);
commit;
insert into ch values (5, 22);
reset session_replication_role;
insert into ch values (5, 22);
drop table ch, pp, pa;
