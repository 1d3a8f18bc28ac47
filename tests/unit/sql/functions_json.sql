
select '[1,2]'::json->0, '[1,2]'::json->-1, '{"a":  {"b" : 1}}'::json->'a', '{"a":null}'::json->>'a', '{"a":1,"a":2}'::json->'a', '1'::json->0, '{"a":1}'::json->0
select '{"a":[1,{"b":"x\u0041"}]}'::json#>'{a,1,b}', '{"a":[1,{"b":"x\u0041"}]}'::json#>>'{a,1,b}', '{"a":1}'::json#>'{}', '{"a":1}'::json#>>'{}', '[1,2]'::json#>'{-1}', '[1,2]'::json #> '{x}', '{"a":1}'::json#>array[null]::text[]
select '"a\u0000b"'::json#>>'{}'
select '{"a":"a\u0000b"}'::json->>'a'
select '["a\u0000b"]'::json->0
select * from json_each('{"a": "x", "b":null, "a":[1, 2]}')
select * from json_each_text('{"a": "x\ty", "b":null, "a":[1, 2]}')
select json_each('{"a": "x"}'), json_each_text('{"a":"x"}')
select * from json_each('[1]')
select * from json_each('1')
select * from json_each_text('1')
select json_object_keys('{"a":1,"a":2,"b":{"c":1}}')
select json_object_keys('[1]')
select json_object_keys('1')
select json_array_length('[1,[2,3],{"a":1}]'), json_array_length('[]')
select json_array_length('{"a":1}')
select json_array_length('1')
select json_array_elements('[1, "a" ,{"b": 1},null]')
select json_array_elements_text('[1, "a" ,{"b": 1},null]')
select json_array_elements('{"a":1}')
select json_array_elements('1')
select json_array_elements_text('1')
select json_array_elements_text('{"a":1}')
select json_typeof('1'),json_typeof(' {}'),json_typeof('[]'),json_typeof('"a"'),json_typeof('null'),json_typeof('true')
select json_strip_nulls('{"a" : null, "b": [1, null, {"c" :null}], "d" : "x"}'), json_strip_nulls('[1,null]',true), json_strip_nulls('null')
