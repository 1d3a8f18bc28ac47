-- EXPLAIN of partitioned tables: which partitions are read and changed.
create table p (a int, b text) partition by range (a);
create table p1 partition of p for values from (1) to (10);
create table p2 partition of p for values from (10) to (20);
explain (costs off) update p set b = 'x' where a = 3;
explain (costs off) update p set b = 'x';
explain (costs off) delete from p x where a > 100;
explain (costs off) delete from p x using p y where x.a = y.a and x.a = 5;
explain (costs off) insert into p values (1, 'x');
explain (costs off) select a from p order by b;
create table i0 (a int); create table i1 () inherits (i0);
explain (costs off) select * from p where a in (1, 2);
explain (costs off) select * from p where a < 5 or a > 15;
explain (costs off) select * from only i0;
