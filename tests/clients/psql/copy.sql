\pset pager off
CREATE TABLE ct (a int, b text, c numeric);
\copy ct FROM STDIN
1	one	1.5
2	\N	2
3	tab\there	\N
\.
COPY ct (a, b) FROM STDIN WITH (FORMAT csv, HEADER);
a,b
4,"quoted ""x"", comma"
5,
\.
SELECT * FROM ct ORDER BY a;
\copy ct TO STDOUT
\copy (SELECT a, b FROM ct ORDER BY a DESC) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE *)
COPY ct FROM STDIN;
x	y	z
\.
COPY ct FROM STDIN;
1	y
\.
COPY ct (nothing) TO STDOUT;
SELECT count(*) FROM ct;
DROP TABLE ct;
