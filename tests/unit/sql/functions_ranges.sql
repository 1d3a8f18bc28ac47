select '[1,5)'::int4range, '(1,5]'::int4range, '(1,2)'::int4range, 'empty'::int4range, '[,]'::int4range, ' [ 1 , 2 ) '::numrange
select ''::int4range
select '1,2'::int4range
select '[1'::int4range
select '[1,2'::int4range
select '[1,2,3]'::int4range
select '[1,2) x'::int4range
select 'empty x'::int4range
select '[2,1]'::int4range
select '[1]'::int4range
select '["a'::int4range
select int4range(1,2,'x')
select int4range(1,2,null)
select int4range(5,1), 1
select int4range(1,2147483647,'[]')
select int4range(null,5), int4range(1,null,'()'), numrange(1.5,2.5,'[]'), daterange('2020-01-01','2020-02-01','[]'), tsrange('2020-01-01','2020-02-01'), int8range(1,1)
select int4range(1,3) + int4range(5,6)
select int4range(1,10) - int4range(3,5)
select int4range(1,3)+int4range(3,6), int4range(1,10)*int4range(5,20), int4range(1,10)-int4range(5,20), int4range(1,10)-int4range(0,3), range_merge(int4range(1,2),int4range(5,6)), int4range(1,5)-int4range(1,9), 'empty'::int4range+int4range(1,2)
select int4range(1,5)@>3, int4range(1,5)@>5, 3<@int4range(1,5), int4range(1,5)@>int4range(2,3), int4range(1,5)@>'empty'::int4range, int4range(2,3)<@int4range(1,5), int4range(1,5)&&int4range(4,9), int4range(1,5)&&int4range(5,9)
select int4range(1,5)<<int4range(5,9), int4range(5,9)>>int4range(1,5), int4range(1,5)&<int4range(2,5), int4range(1,5)&>int4range(2,5), int4range(1,5)-|-int4range(5,9), numrange(1,5)-|-numrange(5,9,'()'), int4range(1,4,'[]')-|-int4range(5,9)
select int4range(1,5)=int4range(1,4,'[]'), int4range(1,5)<int4range(1,6), 'empty'::int4range<int4range(null,null), int4range(null,5)<int4range(1,5), int4range(1,null)>int4range(1,5), range_cmp(int4range(1,2),int4range(1,2))
select lower(int4range(1,5)), upper(int4range(1,5)), lower('empty'::int4range), isempty('empty'::int4range), lower_inc(int4range(1,5)), upper_inc(int4range(1,5)), lower_inf(int4range(null,5)), upper_inf(int4range(1,5)), lower(int4range(null,5))
select hash_range('[1,5)'::int4range), hash_range('empty'::int4range), hash_range('(,1.5]'::numrange), hash_multirange('{[1,5)}'::int4multirange), hash_multirange('{[1,5),[7,9)}'::int4multirange), hash_multirange('{}'::int4multirange)
select ''::int4multirange
select '{'::int4multirange
select '{[1,2)'::int4multirange
select '{[1,2),}'::int4multirange
select '{1}'::int4multirange
select '{[1,2)} x'::int4multirange
select '{[1,2) x}'::int4multirange
select '{[1,a)}'::int4multirange
select '{[1,2),[2,5),empty,[7,9)}'::int4multirange, '{}'::int4multirange, '{ [1,2) , EMPTY }'::int4multirange, '{[1,2]}'::nummultirange
select int4multirange(null::int4range), int4multirange(), int4multirange(int4range(1,2)), int4multirange(int4range(5,6),int4range(1,2))
select int4multirange(variadic array[null::int4range])
select int4multirange(variadic array[[int4range(1,2)]])
select range_agg(x) from (values (int4range(1,2)),(null),(int4range(2,4)),('empty')) t(x)
select range_agg(x), range_intersect_agg(x) from (values (int4range(1,5)),(null),(int4range(2,7))) t(x)
select range_agg(x), range_intersect_agg(x) from (values (int4multirange(int4range(1,5))),(null),(int4multirange(int4range(2,7)))) t(x)
select range_agg(x) from (values (null::int4range)) t(x)
select range_agg(x) from (values (int4multirange())) t(x)
select '{[1,3),[5,9)}'::int4multirange + '{[3,5)}', '{[1,9)}'::int4multirange - '{[2,3),[5,6)}', '{[1,5),[8,12)}'::int4multirange * '{[3,9)}'
select '{[1,3),[5,9)}'::int4multirange @> 6, '{[1,3)}'::int4multirange @> int4range(1,2), '{[1,3)}'::int4multirange && int4range(2,9), int4range(2,9) && '{[1,3)}'::int4multirange, '{[1,3)}'::int4multirange << '{[3,4)}', '{[1,3)}'::int4multirange -|- int4range(3,5), '{[1,3)}'::int4multirange <@ int4range(0,5), 2 <@ '{[1,3)}'::int4multirange
select lower('{[1,3),[5,9)}'::int4multirange), upper('{[1,3),[5,9)}'::int4multirange), isempty('{}'::int4multirange), range_merge('{[1,3),[5,9)}'::int4multirange), unnest('{[1,3),[5,9)}'::int4multirange)
select '{[1,3)}'::int4multirange = '{[1,2]}', '{[1,3)}'::int4multirange < '{[1,3),[5,6)}', '{}'::int4multirange < '{[1,2)}'
select x, count(*) from (values (int4range(1,3)),('[1,2]'),('empty'),(null)) t(x) group by x order by x
select array_agg(x order by x desc), array[int4range(1,2)] from (values (int4range(1,3)),('(,5)'),('empty')) t(x)
select '["2020-01-01 00:00:00","2020-02-01 00:00:00")'::tsrange, '[a,"b c"]'::text, to_json(int4range(1,2)), int4range(1,5)::int4multirange
create temp table rng (r int4range, m nummultirange, n numrange)
insert into rng values ('[1,5]', '{[1.5,2],[3,4)}', '(1.50,)'), ('empty', '{}', 'empty'), (null, null, '[1,2]')
select * from rng order by r
select r from rng where r @> 3
