create table r (a int, b int, c text default 'c', primary key (a, b)) partition by range (a, lower(c));
create table r (a int, b int, c text default 'c', primary key (a, b)) partition by range (a);
create table r1 partition of r for values from (1) to (10);
create table r2 (c text, b int not null, a int not null);
alter table r attach partition r2 for values from (10) to (20);
create table r3 partition of r default partition by list (b);
create table r31 partition of r3 (c default 'x', check (b < 100)) for values in (1, 2, null);
create index on r (c);
create table fk (x int, y int, foreign key (x, y) references r) partition by hash (x);
create table fk1 partition of fk for values with (modulus 2, remainder 0);
create table i0 (a int not null, b text, constraint ck check (a > 0));
create table i1 (c int) inherits (i0);
create table i2 () inherits (i0, i1);
\d
\dP
\dPi
\dPn
\d r
\d+ r
\d r1
\d+ r2
\d r3
\d+ r31
\d fk
\d fk1
\d i0
\d+ i0
\d i1
\d+ i2
\d r_pkey
\d+ r_c_idx
alter table r detach partition r2;
\d r2
