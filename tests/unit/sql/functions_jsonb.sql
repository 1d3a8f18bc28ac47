select jsonb_strip_nulls('{"a" : null, "b": [1, null, {"c" :null}], "d" : "x"}'), jsonb_strip_nulls('[1,null]',true), jsonb_strip_nulls('null')
select '[1,2]'::jsonb->0, '[1,2]'::jsonb->-1, '{"a":{"b":1}}'::jsonb->'a', '{"a":null}'::jsonb->>'a', '{"a":null}'::jsonb->'a', '1'::jsonb->0, '{"a":1}'::jsonb->0, '["a",true,1.50,[1]]'::jsonb->>0, '["a",true,1.50,[1]]'::jsonb->>1, '["a",true,1.50,[1]]'::jsonb->>2, '["a",true,1.50,[1]]'::jsonb->>3
select * from jsonb_each('{"b":1,"aa":[1]}')
select * from jsonb_each_text('{"b":"x","aa":null}')
select * from jsonb_each('[1]')
select * from jsonb_each_text('1')
select jsonb_object_keys('{"b":1,"aa":2}')
select jsonb_object_keys('[1]')
select jsonb_object_keys('1')
select jsonb_array_length('{"a":1}')
select jsonb_array_length('1')
select jsonb_array_length('[1,2]'), jsonb_typeof('1'),jsonb_typeof(' {}'),jsonb_typeof('[]'),jsonb_typeof('"a"'),jsonb_typeof('null'),jsonb_typeof('true')
select jsonb_array_elements('[1,"a",null,{"a":[]}]'), jsonb_array_elements_text('[1,"a",null,{"a":[]}]')
select jsonb_array_elements('{"a":1}')
select jsonb_array_elements('1')
select jsonb_array_elements_text('1')
select jsonb_set('[1,2]','{x}','1')
select jsonb_set('1','{x}','1')
select jsonb_set('{"a":1}','{a,b}','1'), jsonb_set('{"a":[1]}','{a,5}','1'), jsonb_set('{"a":[1]}','{a,-5}','1'), jsonb_set('{"a":[1]}','{a,-5}','1',false), jsonb_set('{"a":[1]}','{b}','1',false), jsonb_set('{}','{a,b}','1'), jsonb_set('{"a":1}','{}','2')
select jsonb_set('{"a":1}','{{a}}','2')
select jsonb_set('{"a":1}',array[null]::text[],'2')
select jsonb_set('{"a":{"b":1}}',array['a',null]::text[],'2')
select jsonb_set('{"a":[1]}','{a,x}','2')
select jsonb_set('{"a":[[1]]}','{a,0,x}','2')
select jsonb_set('{"a":[[1]]}','{a,99999999999}','2')
select jsonb_set('{"a":[]}','{a,3}','2'), jsonb_set('{"a":[]}','{a,-3}','2',false), jsonb_set('{"bb":1}','{a}','2'), jsonb_set('[]','{0}','1',false), jsonb_set('{}','{a}','1',false), jsonb_set('[1,2,3]','{1}','[9]')
select jsonb_insert('{"a":[0,1,2]}','{a,1}','"n"'), jsonb_insert('{"a":[0,1,2]}','{a,1}','"n"',true), jsonb_insert('{"a":[0,1,2]}','{a,-1}','"n"',true), jsonb_insert('{"a":[0,1,2]}','{a,-9}','"n"',true), jsonb_insert('{}','{a}','1')
select jsonb_insert('{"a":[0,1,2]}','{a,3}','"n"'), jsonb_insert('{"a":[0,1,2]}','{a,5}','"n"',true), jsonb_insert('[]','{1}','"n"',true), jsonb_insert('{"a":1}','{b,c}','1')
select jsonb_insert('{"a":1}','{a}','1')
select jsonb_insert('1','{a}','1')
select jsonb_set_lax('{"a":1,"b":2}','{b}',null), jsonb_set_lax('{"a":1,"b":2}','{b}',null,true,'delete_key'), jsonb_set_lax('{"a":1,"b":2}','{b}',null,true,'return_target'), jsonb_set_lax('{"a":1,"b":2}','{b}','3',null)
select jsonb_set_lax('{"a":1,"b":2}','{b}',null,true,'raise_exception')
select jsonb_set_lax('{"a":1,"b":2}','{b}',null,true,'x')
select jsonb_set_lax('{"a":1,"b":2}','{b}',null,true,null)
select '{"a":1}'::jsonb - 0
select '1'::jsonb - 0
select '1'::jsonb - 'a'
select '[1,2,3]'::jsonb - 1, '[1,2,3]'::jsonb - -1, '[1]'::jsonb - 5, '{"a":1,"b":2}'::jsonb - 'a', '["a","b"]'::jsonb - 'a', '{"a":1,"b":2}'::jsonb - '{a,c}'::text[], '["a","b","a"]'::jsonb - '{a}'::text[]
select '1'::jsonb - '{a}'::text[]
select '{"a":1}'::jsonb - '{{a}}'::text[]
select '{"a":[1,{"b":2}]}'::jsonb #- '{a,1,b}', '[1,2]'::jsonb #- '{-1}', '[1,2]'::jsonb #- '{7}', '{"a":1}'::jsonb #- '{}'
select '[1,2]'::jsonb #- '{x}'
select '1'::jsonb #- '{x}'
select '{"a":1}'::jsonb || '{"b":2,"a":3}', '[1]'::jsonb||'2', '1'::jsonb||'2', '[1]'::jsonb||'{"a":1}', '{"a":1}'::jsonb||'[2]', '[1]'::jsonb||'[]', '{}'::jsonb||'{}'
select '{"a":1}'::jsonb||'2'
select '"a"'::jsonb||'{"a":1}'
select '[1,2]'::jsonb @> '1', '1'::jsonb @> '[1]', '[1,[2,3]]'::jsonb @> '[[3]]', '{"a":{"b":1,"c":2}}'::jsonb @> '{"a":{"c":2}}', '[1,1]'::jsonb @> '[1,1,1]', '{}'::jsonb @> '{}', '[]'::jsonb @> '{}', '{"a":[1,2]}'::jsonb @> '{"a":[1]}', '[1.0]'::jsonb @> '[1]', '[true]'::jsonb @> '[1]', '[1]'::jsonb <@ '[1,2]', '1'::jsonb <@ '1'
select '{"a":1}'::jsonb ? 'a', '["a"]'::jsonb ? 'a', '"a"'::jsonb ? 'a', '1'::jsonb ? 'a', '{"a":1}'::jsonb ?| '{a,null,c}', '{"a":1,"b":2}'::jsonb ?& '{a,b,null}', '{}'::jsonb ?& '{}', '{}'::jsonb ?| '{}'
select jsonb_pretty('{"a":[1,{"b":2}],"c":{},"d":[]}'), jsonb_pretty('1'), jsonb_pretty('[]')
select '1.5'::jsonb::int, '1'::jsonb::numeric, 'true'::jsonb::bool, '2.5'::jsonb::int8, '1e3'::jsonb::float4, 'null'::jsonb::int
select '"a"'::jsonb::int
select '[]'::jsonb::numeric
select '{}'::jsonb::bool
select '1e10'::jsonb::int4
select '{"a":1}'::jsonb < '[1]', '[1,2]'::jsonb < '[3]', '1'::jsonb < '[]', '"b"'::jsonb > '"a"', 'null'::jsonb < '1', '{"b":1}'::jsonb > '{"a":2}', '{"a":1}'::jsonb < '{"a":1,"b":1}', 'true'::jsonb > '1', '[]'::jsonb < 'null', jsonb_cmp('1','1.0')
select jsonb_hash('1'), jsonb_hash('{"a":[1,null,true,"x"]}'), jsonb_hash('[]'), jsonb_hash('1.0'), jsonb_hash('false'), jsonb_hash_extended('{"a":[1,null,true,"x"]}',5)
select jsonb_hash_extended('{"a":[1,null,true,"x"]}',0), jsonb_hash_extended('[]',3), jsonb_hash_extended('1',-1)
select jsonb_extract_path('{"a":[1]}','a','0'), jsonb_extract_path_text('{"a":["x"]}','a','0'), json_extract_path('{"a": [1, 2]}','a'), json_extract_path_text('{"a": [1, "b"]}','a','1')
select '[1,2]'::jsonb #> '{1,a}', '[[5]]'::jsonb #>> '{0,0}', '{"a":null}'::jsonb #>> '{a}', '{"a":1}'::jsonb #> array['a',null]
select '[1]'::jsonb -> ' 0', '[1]'::jsonb #> '{ 0}', '[1]'::jsonb #> '{+0}', '[1]'::jsonb #> '{0x}', '[1]'::jsonb #> '{99999999999}', '[1]'::json #> '{ 0}'
select ('{"a":[1,2]}'::jsonb)['a'], ('{"a":[1,2]}'::jsonb)['a'][1], ('[1,2]'::jsonb)[0], ('[1,2]'::jsonb)[-1], ('[1,2]'::jsonb)['x'], ('{"a":1}'::jsonb)[null]
select x, count(*) from (values ('1'::jsonb),('1.0'),('[1]'),('{"a":1}'),('{"a":1.0}'),('true')) t(x) group by x order by x
select distinct x from (values ('1'::jsonb),('1.0'),('"1"'),('true')) t(x) order by 1 desc
select '[1]' is json, '{}' is json object, '[' is json, '{"a":1,"a":2}' is json with unique keys, '1' is json scalar, '[]' is json array, '1'::jsonb is json object
