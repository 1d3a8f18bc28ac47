create temp table ik (id int, r int4range, m nummultirange, j jsonb, i inet, a macaddr)
insert into ik values (1,'[1,5]','{[1.5,2],[3,4)}','{"a":1}','10.0.0.1','08:00:2b:01:02:03'), (2,'empty','{}','[1,2]','10.0.0.0/8','08:00:2b:01:02:02'), (3,'(,5)','{(,3)}','1','::1',null), (4,'[1,)','{[1,2]}','"x"','9.0.0.1','ff:00:00:00:00:00'), (5,null,null,null,null,null), (6,'[1,3)','{[1,2)}','true','10.0.0.0/16','00:00:00:00:00:00'), (7,'(,)','{(,)}','null','192.168.1.1/24',null), (8,'[2,4)','{[1.5,2]}','{"a":1,"b":[]}','10.0.0.1/8',null), (9,'(,9)','{[0,1],[9,10]}','{"b":0}','10.1.0.0/16',null), (10,'[3,4)','{[0,1],(9,10]}','[]','::',null), (11,'[3,5)','{[0,1],[9,10)}','1.50','::ffff:1.2.3.4',null)
create index ik_r on ik (r)
create index ik_m on ik (m)
create index ik_j on ik (j)
create index ik_i on ik (i)
create index ik_a on ik (a desc nulls last)
set enable_seqscan to off
set enable_sort to off
select id, r from ik order by r
select id, m from ik order by m
select id, j from ik order by j
select id, i from ik order by i
select id, a from ik where id < 7 order by a desc nulls last
select id from ik where r = '[1,6)'
select id from ik where m < '{[1,2)}' order by m
select id from ik where j = '1.5'
select id from ik where j > '[]' order by j
select id from ik where i >= '10.0.0.0/8' and i < '10.1.0.0/16' order by i
select id from ik where a = '08:00:2b:01:02:03'
