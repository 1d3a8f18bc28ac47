-- PL/pgSQL: functions, procedures and DO; variables, control, SQL, errors, cursors.

create table item (id int primary key, name text, price numeric(10,2));
insert into item values (1, 'apple', 1.5), (2, 'pear', 2.25), (3, 'fig', 3);

create function add_one(a int) returns int language plpgsql as $$ begin return a + 1; end $$;
select add_one(41), add_one(null);

create function fact(n int) returns bigint language plpgsql as $$
begin
  if n <= 1 then return 1; end if;
  return n * fact(n - 1);
end $$;
select fact(10);

create function sums(n int, out total int, out odd int) language plpgsql as $$
declare i int;
begin
  total := 0; odd := 0;
  for i in 1..n loop
    total := total + i;
    continue when i % 2 = 0;
    odd := odd + i;
  end loop;
end $$;
select * from sums(10);
select sums(4);

create function loops() returns text language plpgsql as $$
declare r text := ''; i int := 0;
begin
  <<outer>>
  loop
    i := i + 1;
    for j in reverse 3..1 loop
      exit outer when i = 3;
      continue outer when j = 1;
      r := r || i || j || ' ';
    end loop;
  end loop;
  while i < 5 loop i := i + 1; r := r || '.'; end loop;
  for k in 1..10 by 4 loop r := r || k; end loop;
  return r;
end $$;
select loops();

create function kinds(n int) returns text language plpgsql as $$
begin
  case n when 1, 2 then return 'few'; when 3 then return 'three'; else null; end case;
  case when n > 100 then return 'big'; end case;
  return 'none';
end $$;
select kinds(1), kinds(3), kinds(101);
select kinds(5);

create function items() returns setof item language plpgsql as $$
declare r item%rowtype;
begin
  for r in select * from item order by id loop
    r.price := r.price * 2;
    return next r;
  end loop;
  return query select * from item where id = 1;
end $$;
select * from items();

create function listed(low int) returns table (id int, label text) language plpgsql as $$
begin
  return query select i.id, i.name || '!' from item i where i.id >= low order by 1;
  id := 99; label := 'last'; return next;
  return query execute 'select 5, $1' using 'dynamic'::text;
end $$;
select * from listed(2);

create function first_name(p int) returns text language plpgsql as $$
declare n item.name%type; r record;
begin
  select name into n from item where id = p;
  if not found then return 'nobody'; end if;
  select * into r from item where id = p;
  return n || ' ' || r.price || ' ' || r.name;
end $$;
select first_name(1), first_name(9);

create function strictly(p int) returns text language plpgsql as $$
declare n text;
begin
  select name into strict n from item where id >= p;
  return n;
exception
  when no_data_found then return 'no row: ' || sqlerrm;
  when too_many_rows then return 'rows: ' || sqlstate;
end $$;
select strictly(3), strictly(4), strictly(1);

create function change(p int) returns int language plpgsql as $$
declare n int; m text;
begin
  update item set price = price + 1 where id <= p;
  get diagnostics n = row_count;
  insert into item values (50 + p, 'new', 1) returning name into m;
  delete from item where id = 50 + p;
  return n;
end $$;
select change(2);
select * from item order by id;

create function safe(a int, b int) returns int language plpgsql as $$
begin
  insert into item values (a + 1000, 'x', 1);
  return a / b;
exception when division_by_zero then
  raise notice 'caught % (%)', sqlerrm, sqlstate;
  return -1;
end $$;
select safe(1, 0), safe(4, 2);
select id from item where id > 100;

create function unique_safe(p int) returns text language plpgsql as $$
begin
  begin
    insert into item values (p, 'again', 0);
  exception when unique_violation then
    return 'there is one: ' || sqlerrm;
  end;
  return 'inserted';
end $$;
select unique_safe(1);
select unique_safe(7);

create function diag() returns text language plpgsql as $$
declare a text; b text; c text; d text;
begin
  raise exception 'bad %', 'thing' using detail = 'the detail', hint = 'the hint', errcode = 'P1234';
exception when others then
  get stacked diagnostics a = returned_sqlstate, b = message_text, c = pg_exception_detail, d = pg_exception_hint;
  return concat_ws('|', a, b, c, d);
end $$;
select diag();

create function fails(n int) returns int language plpgsql as $$
begin
  if n = 1 then raise exception 'plain %%, %', n; end if;
  if n = 2 then raise unique_violation using message = 'mine', table = 'tt'; end if;
  if n = 3 then raise sqlstate '22012'; end if;
  if n = 4 then perform 1 / (n - 4); end if;
  if n = 5 then return 'x' || n; end if;
  if n = 6 then perform fails(4); end if;
  if n = 7 then assert n = 8, 'not eight'; end if;
  if n = 8 then raise division_by_zero; end if;
end $$;
select fails(1);
select fails(2);
select fails(3);
select fails(4);
select fails(5);
select fails(6);
select fails(7);
select fails(8);
select fails(9);

do $$ declare x int := 3; y constant text := 'c'; begin raise notice 'x is %, y is %, %', x, y, null::int; end $$;
do $$ begin raise warning 'careful'; raise info 'so'; raise debug 'hidden'; end $$;
do $$ declare z int not null := 1; begin z := null; end $$;
do $$ begin nothing := 1; end $$;
do $$ declare a int := 1; begin a := ; end $$;
do $$ declare c constant int := 1; begin c := 2; end $$;
do $$ begin select 1; end $$;

create function arrays() returns text language plpgsql as $$
declare a int[] := '{1,2,3}'; s int := 0; x int; b int[];
begin
  a[2] := 20; a[5] := 50;
  foreach x in array a loop s := s + coalesce(x, 0); end loop;
  foreach b slice 1 in array array[[1,2],[3,4]] loop s := s + b[1] * 100; end loop;
  return a::text || ' ' || s;
end $$;
select arrays();

create type pair as (a int, b text);
create function pairs(p pair) returns pair language plpgsql as $$
declare q pair; r pair := row(5, 'five');
begin
  q := p; q.a := q.a + r.a; q.b := r.b || p.b;
  return q;
end $$;
select pairs(row(1, 'one')), (pairs(row(2, 'two'))).b;

create function any_two(a anyelement, b anyelement) returns anyarray language plpgsql as $$
declare t a%type; begin t := b; return array[a, t]; end $$;
select any_two(1, 2), any_two('x'::text, 'y');

create function various(variadic n int[]) returns int language plpgsql as $$
declare alias_n alias for $1; begin return alias_n[1] + cardinality(n); end $$;
select various(10, 20, 30);

create function cursors() returns text language plpgsql as $$
declare c cursor (low int) for select name from item where id >= low order by id; n text; r text := ''; u refcursor;
begin
  open c(2);
  loop fetch c into n; exit when not found; r := r || n || ' '; end loop;
  close c;
  for rec in c(3) loop r := r || rec.name || ';'; end loop;
  open u for select name from item order by id desc;
  move forward 1 from u;
  fetch u into n; r := r || ' ' || n;
  close u;
  return r;
end $$;
select cursors();

create procedure proc(inout a int, b text default 'd') language plpgsql as $$
begin a := a * 2; raise notice 'b is %', b; end $$;
call proc(4);
do $$ declare n int := 5; begin call proc(n, 'x'); raise notice 'n is %', n; end $$;

create function dynamic(t text, v int) returns bigint language plpgsql as $$
declare n bigint;
begin
  execute format('select count(*) from %I where id > $1', t) into n using v;
  execute 'create table made (x int)';
  execute 'insert into made select generate_series(1, 3)';
  n := n + (select count(*) from made);
  drop table made;
  return n;
end $$;
select dynamic('item', 1);

create function ambiguous(id int) returns text language plpgsql as $$
begin return (select name from item where id = id); end $$;
select ambiguous(1);
create function column_first(id int) returns bigint language plpgsql as $$
#variable_conflict use_column
begin return (select count(*) from item where id = id and item.id < 5); end $$;
select column_first(1);
create function variable_first(id int) returns text language plpgsql as $$
#variable_conflict use_variable
begin return (select name from item where item.id = id); end $$;
select variable_first(2);

create function syntax() returns int language plpgsql as $$ begin return 1 end $$;
create function syntax() returns int language plpgsql as $$ begin if true return 1; end if; end $$;
create function quiet() returns void language plpgsql as $$ begin perform add_one(1); end $$;
select quiet();
create function nested() returns int language plpgsql as $$
<<a>> declare x int := 1; begin declare x int := 2; begin return a.x * 10 + x; end; end $$;
select nested();
create function stable_write() returns void stable language plpgsql as $$ begin insert into item values (77, 'no', 1); end $$;
select stable_write();
create function nofield() returns int language plpgsql as $$ declare r record; begin select 1 as a into r; return r.b; end $$;
select nofield();
create function unassigned() returns int language plpgsql as $$ declare r record; begin return r.a; end $$;
select unassigned();
select count(*) from pg_proc p join pg_language l on l.oid = p.prolang where lanname = 'plpgsql' and proname = 'quiet';

-- What a block with handlers leaves by RETURN or EXIT stays, and so do the writes of the statement around it.
create table kept (a int primary key);
create function keep(x int) returns int language plpgsql as $$
begin insert into kept values (x); return x; exception when unique_violation then return -1; end $$;
insert into kept select keep(g) + 100 from generate_series(1, 3) g;
select * from kept order by a;
insert into kept select keep(g) - 1000 - g from generate_series(1, 2) g;
select count(*) from kept;
do $$ begin for i in 1..3 loop begin insert into kept values (200 + i); exit when i = 2; exception when others then null; end; end loop; end $$;
begin;
savepoint s;
select keep(300);
rollback to s;
select keep(301);
commit;
select a from kept where a > 150 order by a;

create function deep(n int) returns int language plpgsql as $$
begin if n = 0 then return 0; end if; return 1 + deep(n - 1); end $$;
select deep(200);
create temp table seen (a int, b text);
create function anyrec(t text) returns setof record language plpgsql as $$
begin return query execute 'select 1, b from (values (''x'')) v (b) where $1 = ''' || t || '''' using t; end $$;
select * from anyrec('seen') as (a int, b text);
create function dflt(a int default 5, b text default 'q') returns text language plpgsql as $$ begin return a || b; end $$;
select dflt(), dflt(b => 'z');
create function sets() returns text set datestyle = 'German' language plpgsql as $$ begin return '2020-01-02'::date; end $$;
select sets();
create domain posint as int check (value > 0);
create function dom(x int) returns int language plpgsql as $$ declare d posint; begin d := x; return d; end $$;
select dom(1);
select dom(-1);
create function over_json(p jsonb) returns text language plpgsql as $$
declare k text; v jsonb; o text := '';
begin for k, v in select * from jsonb_each(p) loop o := o || k || '=' || v::text || ';'; end loop; return o; end $$;
select over_json('{"a": 1, "b": [2]}');
create function opens(c refcursor) returns refcursor language plpgsql as $$
begin open c for select id, name from item where id < 3 order by id; return c; end $$;
begin;
select opens('cc');
fetch all from cc;
commit;
create function nothing_to_leave() returns int language plpgsql as $$ begin raise notice '% %', 1, 2; return 5; end $$;
select nothing_to_leave();

-- $n is the n-th argument, named or not, whatever variables there are besides.
create function dollars(int, named text, out sum int, out shown text) language plpgsql as $$
declare found_one bool; inner_one int := $1;
begin
  perform 1;
  declare own int := $1 + 1;
  begin
    sum := $1 + own; shown := $2 || named || inner_one;
    $1 := 100;
    sum := sum + $1;
  end;
  raise notice '% % %', $1, $2, $3;
end $$;
select * from dollars(1, 'x');
create function no_dollar(int) returns int language plpgsql as $$ begin return $2; end $$;
select no_dollar(1);
create function dollar_rows(int) returns setof int language plpgsql as $$
declare i int;
begin
  for i in select g from generate_series(1, $1) g loop return next i * $1; end loop;
  return query execute 'select $1 + $2' using $1, 40;
end $$;
select * from dollar_rows(2);
drop function dollars, no_dollar, dollar_rows;

-- The statement of a FOR loop is not named: its rows come from a portal.
create or replace function nf(int) returns int language plpgsql as $$ begin if $1 > 1 then return 1 / ($1 - 2); end if; raise notice 'x %', $1; return 1; end $$;
do $$ declare r record; begin for r in select nf(1) loop null; end loop; end $$;
do $$ declare r record; begin for r in select nf(2) loop null; end loop; end $$;
do $$ declare r record; begin for r in execute 'select nf(1)' loop null; end loop; end $$;
do $$ declare r record; begin for r in execute 'select nf(2)' loop null; end loop; end $$;
do $$ declare c cursor for select nf(1); begin for r in c loop null; end loop; end $$;
do $$ declare c cursor for select nf(2); begin for r in c loop null; end loop; end $$;
do $$ declare r record; begin for r in select nosuch(2) loop null; end loop; end $$;
do $$ declare r record; begin select nf(2) into r; end $$;
do $$ declare r record; begin execute 'select nf(2)' into r; end $$;
do $$ declare r record; begin perform nf(2); end $$;
