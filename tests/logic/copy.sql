-- COPY in text and csv format: options, quoting, escapes, defaults, errors and their CONTEXT; COPY TO.
create table t(a int primary key, b text, c int default 7, d int generated always as (a*2) stored);
create view v as select 1 as x;
create materialized view mv as select 1 x;
create sequence sq;
create index ti on t(b);
create view v2 as select * from t;
copy t to stdout (format xml);
copy t to stdout (format 'csv', format 'text');
copy t to stdout (delimiter ',', delimiter ';');
copy t to stdout (null 'x', null 'y');
copy t to stdout (header 2);
copy t to stdout (header foo);
copy t to stdout (header match);
copy t to stdout (header);
copy t to stdout (header 1.5);
copy t to stdout (quote '"');
copy t to stdout (format csv, quote '""');
copy t to stdout (format csv, quote '');
copy t to stdout (escape 'x');
copy t to stdout (format csv, escape 'xx');
copy t to stdout (format csv, delimiter '"');
copy t to stdout (force_quote (a));
copy t to stdout (force_quote a);
copy t to stdout (format csv, force_quote *);
copy t to stdout (format csv, force_quote (a));
copy t to stdout (format csv, force_not_null (a));
copy t to stdout (format csv, force_not_null *);
copy t to stdout (format csv, force_null (a));
copy t to stdout (format csv, force_null (zz));
copy t to stdout (format csv, force_not_null (zz));
copy t to stdout (force_null (a));
copy t to stdout (force_not_null (a));
copy t to stdout (default 'x');
copy t to stdout (default '\N');
copy t to stdout (default 'a	b');
copy t to stdout (format csv, default 'a,b');
copy t to stdout (format csv, default 'a"b');
copy t to stdout (default E'a\nb');
copy t to stdout (null E'a\nb');
copy t to stdout (format csv, null 'a"');
copy t to stdout (delimiter 'ab');
copy t to stdout (delimiter '');
copy t to stdout (delimiter 'a');
copy t to stdout (delimiter '.');
copy t to stdout (delimiter E'\n');
copy t to stdout (null E'a\tb');
copy t to stdout (format binary, delimiter ',');
copy t to stdout (format binary, null 'x');
copy t to stdout (format binary, header);
copy t to stdout (format binary, default 'x');
copy t to stdout (format binary, on_error ignore);
copy t to stdout (format binary, quote '"');
copy t to stdout (encoding 'foo');
copy t to stdout (encoding 'utf8');
copy t to stdout (encoding 'latin1');
copy t to stdout (freeze);
copy t to stdout (freeze 3);
copy t to stdout (on_error stop);
copy t to stdout (on_error ignore);
copy t to stdout (on_error foo);
copy t to stdout (on_error 3);
copy t to stdout (reject_limit 3);
copy t to stdout (on_error ignore, reject_limit 0);
copy t to stdout (on_error ignore, reject_limit -1);
copy t to stdout (on_error ignore, reject_limit 3);
copy t to stdout (on_error ignore, reject_limit '3');
copy t to stdout (on_error ignore, reject_limit abc);
copy t to stdout (log_verbosity verbose);
copy t to stdout (log_verbosity silent);
copy t to stdout (log_verbosity default);
copy t to stdout (log_verbosity foo);
copy t to stdout (nosuch);
copy t to stdout (nosuch 3);
copy t to stdout (format);
copy t to stdout (format 3);
copy t to stdout (delimiter);
copy t to stdout (encoding);
copy t to stdout (on_error);
copy t to stdout (log_verbosity);
copy t to stdout (format csv, force_quote (a,a));
copy t to stdout (format csv, force_quote *, force_quote (a));
copy t to stdout (on_error ignore, on_error ignore);
copy t to stdout (freeze, freeze);
copy t to stdout (header, header);
copy t to stdout (encoding 'utf8', encoding 'utf8');
copy t to stdout (log_verbosity verbose, log_verbosity verbose);
copy t to stdout (format csv, delimiter 'é');
copy t to stdout (reject_limit 1, reject_limit 2);
copy t to stdout (format text, header match);
copy t to stdout (format csv, quote E'\n');
copy t to stdout (default 'x', null 'x');
copy t to stdout (format csv, default '');
copy v to stdout;
copy mv to stdout;
copy sq to stdout;
copy ti to stdout;
copy t(d) to stdout;
copy t(zz) to stdout;
copy (insert into t values (1)) to stdout;
copy (insert into t values (1) returning a) to stdout;
copy (create table x()) to stdout;
copy (select 1 into foo) to stdout;
copy (merge into t using t x on true when matched then do nothing) to stdout;
copy t to stdout where a=1;
copy binary t to stdout;
copy t to stdout with csv header;
copy t to stdout delimiters ',' null 'x';
copy t to stdout csv force quote b;
copy t to stdout csv force quote *;
copy t to stdout binary;
copy t to stdout delimiter as ',';
copy t to stdout encoding 'utf8';
copy t to stdout csv csv;
copy (values (1),(2)) to stdout;
copy (select $1) to stdout;
copy (select 1 a) to stdout (format csv, force_quote (zz));
copy (select 1 a) to stdout (format csv, force_quote (a));
copy information_schema.tables to stdout;
copy (update t set a=1) to stdout;
copy (delete from t returning 1) to stdout;
copy v2 to stdout;
copy t (a,b) to stdout (format csv, force_quote (c));
copy t (tableoid) to stdout;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	y
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	2	3
\.
select * from t order by 1;
truncate t;
copy t from stdin;
x
\.
select * from t order by 1;
truncate t;
copy t from stdin;

\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	a\tb\x41\101\q\
	3
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	2
1	y	3
\.
select * from t order by 1;
truncate t;
copy t from stdin;
\N	x	2
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	a\.	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
\.x
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	a\	2
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	2\
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy	z
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	99999999999
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin;
1	x\000	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x\xff	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x\xc3\xa9	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
\N	\N	\N
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	a\Nb	2
2	\N	3
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	\\N	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
é1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	é	2
\.
select * from t order by 1;
truncate t;
copy t from stdin;
0x10	x	 2 
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	1_0
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	1__0
\.
select * from t order by 1;
truncate t;
copy t from stdin;
1	x	
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,"a ""b"" c",2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,a"b"c,2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,"a
b",2
x,y,z
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,,2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,"",2
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,"a"b"c"
,2
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,a,2,
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);

\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
 1 , x , 2
\.
select * from t order by 1;
truncate t;
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,\.,2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv);
1,"a,b","3"
2,x"y,z"w,
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, escape '\');
1,"a\"b\\c",2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, escape '\');
1,"a\nb""c",2
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, escape '\');
1,"a\"
b",2
2,"x\\",3
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, force_null(b), force_not_null(c));
1,"",3
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, force_not_null(b,c));
1,,
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, force_not_null(b,c),force_null(b));
1,,3
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, force_null(b), null 'NULL');
1,"NULL",3
\.
select * from t order by 1;
truncate t;
copy t from stdin (default '\D');
1	\D	\D
\.
select * from t order by 1;
truncate t;
copy t(a,c) from stdin (default '\D');
1	\D
\.
select * from t order by 1;
truncate t;
copy t from stdin (format csv, default 'D');
1,"D",D
\.
select * from t order by 1;
truncate t;
copy t(a) from stdin (format csv, default 'D');
D
\.
select * from t order by 1;
truncate t;
copy t from stdin (header);
foo
1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin (header match);
a	b	c
1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin (header match);
a	c	b
1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin (header match);
a	\N	b
1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin (header match, format csv);
a,"b",c,d
1	x	2
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore);
a	b	c
1	x	2
2	y	z
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore);
a	b	c
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore);
a	b	c
1	x	2
2	y
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore);
a	b	c
1	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb	cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity verbose);
a	b	c
1	x	2
2	y	z
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity verbose);
a	b	c
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity verbose);
a	b	c
1	x	2
2	y
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity verbose);
a	b	c
1	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb	cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity silent);
a	b	c
1	x	2
2	y	z
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity silent);
a	b	c
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity silent);
a	b	c
1	x	2
2	y
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, log_verbosity silent);
a	b	c
1	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb	cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 1);
a	b	c
1	x	2
2	y	z
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 1);
a	b	c
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 1);
a	b	c
1	x	2
2	y
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 1);
a	b	c
1	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb	cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 2);
a	b	c
1	x	2
2	y	z
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 2);
a	b	c
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 2);
a	b	c
1	x	2
2	y
\.
select * from t order by 1;
truncate t;
copy t from stdin (on_error ignore, reject_limit 2);
a	b	c
1	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb	cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
\.
select * from t order by 1;
truncate t;
copy t from stdin (null 'x');
1	x	x
\.
select * from t order by 1;
truncate t;
copy t from stdin (null '');
1		
\.
select * from t order by 1;
truncate t;
copy t from stdin (delimiter '|');
1|a\|b|2
\.
select * from t order by 1;
truncate t;
copy t from stdin where a > 1;
1	x	2
2	x	2
\.
select * from t order by 1;
truncate t;
copy t(c) from stdin;
1
\.
select * from t order by 1;
truncate t;
copy t(b,a) from stdin;
1	2
\.
select * from t order by 1;
truncate t;
create table t2 (a int check (a>0), b int not null, c serial);
copy t2 from stdin;
0	1	2
\.
select * from t2;
truncate t;
copy t2 from stdin;
1	1	2
3	\N	4
\.
select * from t2;
truncate t;
copy t2(a) from stdin;
1
\.
select * from t2;
truncate t;
copy t2(a,b) from stdin;
1	2
\.
select * from t2;
truncate t;
create unique index on t2(b);
copy t2(a,b) from stdin;
1	3
1	3
\.
select * from t2;
truncate t;
create table t3 (a int generated always as identity, b bool, n numeric(4,1), v varchar(3), ch char(3), dt date, j jsonb, ar int[]);
copy t3 from stdin;
77	t	12.34	abc	x	2020-01-02	{"a":1}	{1,2}
\.
select * from t3;
truncate t;
copy t3 from stdin;
77	t	12.34	abcd  	x	2020-01-02	{"a":1}	{1,2}
\.
select * from t3;
truncate t;
copy t3 (v) from stdin;
abc  
\.
select * from t3;
truncate t;
copy t3 (n) from stdin;
12345
\.
select * from t3;
truncate t;
copy t3 (dt) from stdin;
2020-13-01
\.
select * from t3;
truncate t;
copy t3 (ch) from stdin;
abcd
\.
select * from t3;
truncate t;
copy t3 (j) from stdin;
{"a"
\.
select * from t3;
truncate t;
copy t3 (b) from stdin;
true
F
yes
x
\.
select * from t3;
truncate t;
create domain dd as int not null check (value > 0);
create table t4(a dd, b int);
copy t4 from stdin;
\N	1
\.
select * from t4;
truncate t;
copy t4 from stdin;
0	1
\.
select * from t4;
truncate t;
copy t4(b) from stdin;
1
\.
select * from t4;
truncate t;
copy t4 from stdin (on_error ignore, log_verbosity verbose);
0	1
\N	2
5	6
\.
select * from t4;
truncate t;
create table t5();
copy t5 from stdin;


\.
select count(*) from t5;
truncate t;
copy t5 from stdin;
x
\.
select count(*) from t5;
truncate t;
copy t5 from stdin;


\.
insert into t values(1,E'a\tb\nc\\d\re\bf\fg\v'),(2,'\.'),(3,''),(4,null),(5,'a,"b');
copy (select a,b,c from t  order by a) to stdout;
copy (select a,b,c from t  order by a) to stdout (format csv);
copy (select b from t  order by a) to stdout (format csv);
copy (select * from t ) to stdout (format csv, delimiter '|', quote '''', force_quote(c), null 'N');
copy (select * from t ) to stdout (format csv, escape '\');
copy (select * from t ) to stdout (header);
copy (select * from t ) to stdout (format csv, header);
copy (select * from t ) to stdout (null 'x');
copy (select * from t ) to stdout (delimiter '|');
copy (select * from t ) to stdout (format csv, force_quote *);
copy (select * from t ) to stdout (encoding 'latin1');
copy (select * from t ) to stdout binary;
copy (select a,b,c from t where a>1 order by a) to stdout;
copy (select a,b,c from t where a>1 order by a) to stdout (format csv);
copy (select b from t where a>1 order by a) to stdout (format csv);
copy (select * from t where a>1) to stdout (format csv, delimiter '|', quote '''', force_quote(c), null 'N');
copy (select * from t where a>1) to stdout (format csv, escape '\');
copy (select * from t where a>1) to stdout (header);
copy (select * from t where a>1) to stdout (format csv, header);
copy (select * from t where a>1) to stdout (null 'x');
copy (select * from t where a>1) to stdout (delimiter '|');
copy (select * from t where a>1) to stdout (format csv, force_quote *);
copy (select * from t where a>1) to stdout (encoding 'latin1');
copy (select * from t where a>1) to stdout binary;
copy (select a,b,c from t where a=3 order by a) to stdout;
copy (select a,b,c from t where a=3 order by a) to stdout (format csv);
copy (select b from t where a=3 order by a) to stdout (format csv);
copy (select * from t where a=3) to stdout (format csv, delimiter '|', quote '''', force_quote(c), null 'N');
copy (select * from t where a=3) to stdout (format csv, escape '\');
copy (select * from t where a=3) to stdout (header);
copy (select * from t where a=3) to stdout (format csv, header);
copy (select * from t where a=3) to stdout (null 'x');
copy (select * from t where a=3) to stdout (delimiter '|');
copy (select * from t where a=3) to stdout (format csv, force_quote *);
copy (select * from t where a=3) to stdout (encoding 'latin1');
copy (select * from t where a=3) to stdout binary;
copy (select a,b,c from t where a=4 order by a) to stdout;
copy (select a,b,c from t where a=4 order by a) to stdout (format csv);
copy (select b from t where a=4 order by a) to stdout (format csv);
copy (select * from t where a=4) to stdout (format csv, delimiter '|', quote '''', force_quote(c), null 'N');
copy (select * from t where a=4) to stdout (format csv, escape '\');
copy (select * from t where a=4) to stdout (header);
copy (select * from t where a=4) to stdout (format csv, header);
copy (select * from t where a=4) to stdout (null 'x');
copy (select * from t where a=4) to stdout (delimiter '|');
copy (select * from t where a=4) to stdout (format csv, force_quote *);
copy (select * from t where a=4) to stdout (encoding 'latin1');
copy (select * from t where a=4) to stdout binary;
copy (select a,b,c from t where a=5 order by a) to stdout;
copy (select a,b,c from t where a=5 order by a) to stdout (format csv);
copy (select b from t where a=5 order by a) to stdout (format csv);
copy (select * from t where a=5) to stdout (format csv, delimiter '|', quote '''', force_quote(c), null 'N');
copy (select * from t where a=5) to stdout (format csv, escape '\');
copy (select * from t where a=5) to stdout (header);
copy (select * from t where a=5) to stdout (format csv, header);
copy (select * from t where a=5) to stdout (null 'x');
copy (select * from t where a=5) to stdout (delimiter '|');
copy (select * from t where a=5) to stdout (format csv, force_quote *);
copy (select * from t where a=5) to stdout (encoding 'latin1');
copy (select * from t where a=5) to stdout binary;
copy (select 'N') to stdout (format csv, null 'N');
copy (select ' x', true, 1.50, null, array[1,2], 'é') to stdout (format csv);
copy t5 to stdout;
copy (select '') to stdout (format csv);
copy (select 'a,b' as "x,y") to stdout (format csv, header);
copy (select 1 as "x	y") to stdout (header);
copy (select 'é€') to stdout (encoding 'latin1');
copy (select 1 where false) to stdout binary;
copy (select E'\x01') to stdout csv;
copy (select '',E'\x01',3) to stdout csv;
copy (select 1,2) to stdout (delimiter '''');
copy (select 1,2) to stdout (delimiter '{');
copy (select 1.5::numeric, 2.5::float8, now()-now(), '2020-01-01'::date, array['a b',null], row(1,2)) to stdout;
