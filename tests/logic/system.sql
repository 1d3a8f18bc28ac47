-- System catalogs and functions, information_schema, privileges, EXPLAIN in its plainest form, COPY.
create table t (id int primary key, a text default 'x' not null, n numeric(6, 2), arr int[], ts timestamptz(3), v varchar(10) unique);
create view vw as select id, a from t where n > 1;
create index t_n on t (n desc) where a <> '';
create sequence sq;
create type e as enum ('a', 'b');
insert into t values (1, 'one', 1.5, '{1,2}', '2024-01-01 10:00+00', 'v1'), (2, E'tab\there', null, null, null, null), (3, E'back\\slash\nnl', -2, '{}', 'infinity', '');
select attname, atttypid::regtype, atttypmod, attnotnull, atthasdef, attnum from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum;
select relname, relkind, relnatts, relhasindex, relpersistence from pg_class where relnamespace = 'public'::regnamespace order by 1;
select conname, contype, conkey, pg_get_constraintdef(oid) from pg_constraint where conrelid = 't'::regclass order by 1;
select indexrelid::regclass, indisunique, indisprimary, indkey, pg_get_indexdef(indexrelid) from pg_index where indrelid = 't'::regclass order by 1::text;
select pg_get_expr(adbin, adrelid), adnum from pg_attrdef where adrelid = 't'::regclass;
select typname, typtype, typcategory, typlen, typbyval from pg_type where typname in ('int4', '_int4', 'text', 'e', 't', 'numeric', 'record') order by 1;
select enumlabel from pg_enum where enumtypid = 'e'::regtype order by enumsortorder;
select table_name, table_type, is_insertable_into from information_schema.tables where table_schema = 'public' order by 1;
select column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, datetime_precision, udt_name from information_schema.columns where table_name = 't' order by 2;
select constraint_name, constraint_type from information_schema.table_constraints where table_name = 't' and constraint_type <> 'CHECK' order by 1;
select column_name, constraint_name, ordinal_position from information_schema.key_column_usage where table_name = 't' order by 2;
select sequence_name, data_type, start_value, increment from information_schema.sequences;
select schema_name from information_schema.schemata where schema_name in ('public', 'pg_catalog', 'information_schema') order by 1;
select table_name, is_updatable from information_schema.views where table_schema = 'public';
select schemaname, tablename, tableowner, hasindexes from pg_tables where schemaname = 'public';
select viewname, definition from pg_views where schemaname = 'public';
select sequencename, start_value, min_value, max_value, increment_by, cycle, last_value from pg_sequences;
select count(*) > 3000 from pg_proc;
select proname, pronargs, prorettype::regtype, proisstrict, provolatile, prokind from pg_proc where proname in ('lower', 'now', 'count', 'row_number', 'generate_series') order by 1, oid;
select oprname, oprleft::regtype, oprright::regtype, oprresult::regtype from pg_operator where oprname = '||' order by 2, 3;
select castsource::regtype, casttarget::regtype, castcontext, castmethod from pg_cast where castsource = 'int4'::regtype order by 2;
select nspname from pg_namespace where nspname !~ '^pg_t' order by 1;
select rolname, rolsuper, rolcanlogin from pg_roles where rolname in ('postgres', 'pg_read_all_data') order by 1;
select datname, datistemplate, datallowconn from pg_database where datname in ('postgres', 'template0', 'template1') order by 1;
select amname, amtype from pg_am order by 1;
select collname, collprovider from pg_collation where collname in ('C', 'POSIX', 'default') order by 1;
select format_type({{23, -1 // 1043, 14 // 1700, 393222 // 1114, 3 // 1007, null // 25, null // 1042, 8 // 1560, 5}}) as r;
select pg_get_viewdef('vw'), pg_get_viewdef('vw'::regclass, true);
select pg_get_indexdef('t_n'::regclass), pg_get_indexdef('t_n'::regclass, 1, true), pg_get_serial_sequence('t', 'id');
select pg_get_userbyid(10), pg_table_is_visible('t'::regclass), pg_type_is_visible('e'::regtype), pg_function_is_visible('abs(int)'::regprocedure), has_table_privilege('t', 'select'), has_schema_privilege('public', 'usage'), has_column_privilege('t', 'a', 'update'), has_database_privilege(current_database(), 'connect');
select pg_get_function_arguments('lpad(text,int,text)'::regprocedure), pg_get_function_result('generate_series(int,int)'::regprocedure), pg_get_function_identity_arguments('make_interval'::regproc);
select current_schema, current_schemas(true), current_user, session_user, user, current_role, pg_backend_pid() > 0, pg_is_in_recovery(), version() like 'PostgreSQL 18%', current_setting('server_version_num')::int / 10000;
select pg_typeof({{1 // 'a' // null // '{}'::int[] // row(1, 2) // now() // t}}) from t limit 1;
select pg_column_size(1), pg_size_pretty(123456789::int8), pg_size_pretty(1::int8), pg_size_bytes('1 GB'), pg_size_bytes('10kB');
select obj_description('t'::regclass), col_description('t'::regclass, 1), shobj_description(1, 'pg_database');
select pg_input_is_valid('x', 'int'), pg_input_is_valid('5', 'int'), pg_input_is_valid('123456', 'numeric(3)');
select * from pg_input_error_info({{'x', 'int' // '5', 'int' // '99999', 'int2' // 'abcd', 'varchar(2)' // '{1,', 'int[]'}});
select num_nulls(1, null, 2), num_nonnulls(1, null, 2), num_nulls(variadic array[1, null]);
select pg_collation_for('a'), collation for ('a' collate "C");
select collation for (1);
select pg_relation_size('t') >= 0, pg_total_relation_size('t') >= 0, pg_indexes_size('t') >= 0, pg_database_size(current_database()) > 0;
select txid_current() = txid_current(), pg_current_xact_id() is not null, age('5'::xid) is not null;
select unnest(string_to_array(setting, ',')) from pg_settings where name = 'DateStyle';
select array_agg(name order by name) from pg_settings where name like 'enable_hash%';
select getdatabaseencoding(), pg_encoding_to_char(6), pg_char_to_encoding('UTF8'), pg_client_encoding();
select relname from pg_catalog.pg_class c left join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', '') and n.nspname <> 'pg_catalog' and n.nspname !~ '^pg_toast' and n.nspname <> 'information_schema' and pg_catalog.pg_table_is_visible(c.oid) order by 1;
explain (costs off) select 1;
explain (costs off) select * from generate_series(1, 3);
explain (format json, costs off) select 1;
explain (costs off) values (1), (2);
explain (analyze, costs off, timing off, summary off, buffers off) select 1;
explain (costs off) insert into t (id) values (9);
explain (verbose, costs off) select 1 + 1 as two;
explain (costs off, format yaml) select 1;
explain (bogus) select 1;
explain select nope;
copy t (id, a, n) from stdin;
4	four	4.5
5	a\tb	\N
6	\\x	-1
\.
copy t (id, a, v) from stdin with (format csv, header);
id,a,v
7,"quo""ted",
8,"multi
line",x
\.
copy t (id, a) from stdin;
4	dup
\.
copy t (id, a) from stdin;
x	bad
\.
copy t (id, a) from stdin;
9
\.
copy t (id, a) from stdin;
9	a	b
\.
copy t (id, a) from stdin (null 'NULL', delimiter '|');
9|NULL
\.
copy t (id, a, n) from stdin (delimiter '|', null 'NULL');
9|nine|NULL
\.
copy t (id, nope) from stdin;
\.
copy t (id, a, n) from stdin (format csv, force_null (n), quote '''', delimiter ';');
10;'te;n';''
\.
copy t (id, a) from stdin where id > 11;
11	skipped
12	kept
\.
copy (select id, a, n, arr, ts, v from t order by id) to stdout;
copy (select id, a, n, arr, v from t order by id) to stdout (format csv, header, force_quote (a));
copy (select 1, null, 'x|y', true) to stdout (delimiter '|', null 'nil');
copy t (id, n) to stdout;
copy (select * from t where id = 1) to stdout with csv;
copy vw to stdout;
copy nope to stdout;
copy (select nope from t) to stdout;
copy t to stdout (format nope);
copy t to stdout (delimiter 'xx');
copy t to stdout (header nope);
copy (values (1, 'a'), (2, 'b')) to stdout csv header;
copy t to stdout (format csv, format text);
select count(*), sum(id) from t;
create role alice;
create role bob login password 'secret' nocreatedb;
create role alice;
create user carol in role alice;
grant select, insert on t to alice;
grant select (id) on vw to bob;
grant usage on sequence sq to bob;
select has_table_privilege('alice', 't', 'select'), has_table_privilege('alice', 't', 'delete'), has_table_privilege('carol', 't', 'insert'), has_column_privilege('bob', 'vw', 'id', 'select'), has_sequence_privilege('bob', 'sq', 'usage'), pg_has_role('carol', 'alice', 'member');
set role alice;
select current_user, session_user;
select count(*) from t;
insert into t (id) values (100);
update t set n = 1 where id = 100;
delete from t;
select * from vw;
drop table t;
create table mine (a int);
alter table t add z int;
create role dave;
truncate t;
create schema s;
reset role;
set role bob;
select id from vw limit 0;
select a from vw;
select * from vw;
select nextval('sq');
select count(*) from t;
set role alice;
reset role;
grant alice to bob;
set role bob;
select count(*) from t where id = 1;
set role alice;
reset role;
revoke insert on t from alice;
revoke alice from bob;
grant create on schema public to alice;
set role alice;
create table mine (a int);
select tableowner from pg_tables where tablename = 'mine';
reset role;
grant all on mine to bob with grant option;
select relacl from pg_class where relname = 'mine';
grant select on nope to alice;
grant select on t to nope;
grant nope on t to alice;
alter role bob superuser;
select rolsuper, rolcreatedb from pg_roles where rolname = 'bob';
alter role bob nosuperuser;
alter role bob set work_mem = '1MB';
alter role bob rename to robert;
alter table mine owner to robert;
drop role robert;
reassign owned by robert to postgres;
drop owned by robert, alice;
drop table mine;
drop role carol, robert, alice;
drop role nope;
drop role if exists nope;
