select '$.a[*] ? (@.b > 1 && !(@.c == "x")).d + 1'::jsonpath, 'strict $'::jsonpath, '-1'::jsonpath, '-$.a'::jsonpath, '$.**{2 to last}.x'::jsonpath,'$[0 to last, 1]'::jsonpath, '$."a b"'::jsonpath, '$x.y'::jsonpath
select '$.a like_regex "^a" flag "ix"'::jsonpath
select '$.a like_regex "^a" flag "i"'::jsonpath, '$.a like_regex "^a" flag "ismq"'::jsonpath, '$ ? (@ starts with "a")'::jsonpath, '$ ? ((@ > 1) is unknown)'::jsonpath, '$ ? (exists(@.a))'::jsonpath, '1.50.type()'::jsonpath, '(1).type()'::jsonpath, '$.a.decimal(3,1)'::jsonpath, '$.datetime("HH24")'::jsonpath, '$.datetime()'::jsonpath, '0x1F'::jsonpath, '1e3'::jsonpath, '.5'::jsonpath
select ''::jsonpath
select '$.'::jsonpath
select '$ a'::jsonpath
select '@'::jsonpath
select 'last'::jsonpath
select '$.a like_regex "("'::jsonpath
select '$ ? (1)'::jsonpath
select '$.a like_regex "a" flag "z"'::jsonpath
select '$[a]'::jsonpath
select '1a'::jsonpath
select '"abc'::jsonpath
select '$.type'::jsonpath, '$.true'::jsonpath, '$.LAST'::jsonpath, '$.a.size()'::jsonpath, 'LAX $'::jsonpath, '$.**.a'::jsonpath, '$.**{3}'::jsonpath, '$.**{last}'::jsonpath, '$.*'::jsonpath, '$ == 1'::jsonpath, '!(1==1)'::jsonpath, '(1+2)*3'::jsonpath, '1+2*3'::jsonpath, '1-(2-3)'::jsonpath, '+$.a'::jsonpath, '-(1)'::jsonpath, '- 1 + 2'::jsonpath
select jsonb_path_query('{"a":[{"b":1}]}', '$.a.keyvalue()'), jsonb_path_query('{"a":{"b":1}}', '$.keyvalue()')
select jsonb_path_query('{"a":1}', 'strict $.b')
select jsonb_path_query('[1]', 'strict $.b')
select jsonb_path_query('1', 'strict $[*]')
select jsonb_path_query('[1]', 'strict $[3]')
select jsonb_path_query('[1]', '$ + "a"')
select jsonb_path_query('[1]', '1/0')
select jsonb_path_query('["a"]', '-$')
select jsonb_path_query('"a"', '$.abs()')
select jsonb_path_query('"a"', '$.double()')
select jsonb_path_query('[[]]', '$.double()')
select jsonb_path_query('1', 'strict $.size()')
select jsonb_path_query('1', '$.keyvalue()')
select jsonb_path_query('1', '$x')
select jsonb_path_query('1', '$x', '[1]')
select jsonb_path_match('1', '$')
select jsonb_path_query('[1]', '$["a"]')
select jsonb_path_query('[1]', '$[9999999999]')
select jsonb_path_query('"2020-01-01"', '$.datetime()'), jsonb_path_query('"2020-01-01 10:00:00+02"', '$.datetime().type()'), jsonb_path_query('"x"', '$.datetime()', silent=>true)
select jsonb_path_query('"x"', '$.datetime()')
select jsonb_path_query('1', '$.datetime()')
select jsonb_path_query('"x"', '$.date()')
select jsonb_path_query('"2020-01-01 10:00:00+02"', '$.date()')
select jsonb_path_query_tz('"2020-01-01 10:00:00+02"', '$.date()'), jsonb_path_query('"2020-01-01 10:00:00"', '$.time()'), jsonb_path_query('"12:34:56.789"', '$.time(1)')
select jsonb_path_query('"a"', '$.bigint()')
select jsonb_path_query('"12"', '$.bigint()'), jsonb_path_query('12.5', '$.integer()'), jsonb_path_query('"yes"', '$.boolean()'), jsonb_path_query('1', '$.boolean()'), jsonb_path_query('12.345', '$.decimal(4,2)'), jsonb_path_query('"12.3"', '$.number()'), jsonb_path_query('12.30', '$.string()'), jsonb_path_query('true', '$.string()'), jsonb_path_query('"1.5"','$.decimal()')
select jsonb_path_query('12345', '$.decimal(3,1)')
select jsonb_path_query('"x"', '$.boolean()')
select jsonb_path_query('12.5', '$.boolean()')
select jsonb_path_query('[]', '$.string()'), 1
select jsonb_path_query('{}', '$.string()')
select jsonb_path_query('{}', '$.bigint()')
select jsonb_path_query('99999999999', '$.integer()')
select jsonb_path_query('"99999999999"', '$.integer()')
select jsonb_path_query('["2020-01-01", "2020-01-01 00:00:00+00"]', '$[*].datetime() ? (@ == "2020-01-01".datetime())')
select jsonb_path_query_tz('["2020-01-01", "2020-01-01 00:00:00+00"]', '$[*].datetime() ? (@ == "2020-01-01".datetime())')
select '["1",2,0,3]'::jsonb @? '-$[*]', '{"a":1}'::jsonb @? '$.a', '{"a":1}'::jsonb @@ '$.a == 1', '{"a":1}'::jsonb @@ '$.a', '{"a":1}'::jsonb @? 'strict $.b'
select jsonb_path_query_array('{"a":[1,2,3,4]}', '$.a[*] ? (@ > $min)', '{"min":2}'), jsonb_path_query_first('[3,2]', '$[last]'), jsonb_path_exists('[1]', '$[*] ? (@ > 5)'), jsonb_path_match('[1,2]', 'exists($[*] ? (@ == 2))')
select jsonb_path_query('{"a":{"b":{"c":1}}}', '$.**')
select jsonb_path_query('{"a":{"b":{"c":1}}}', '$.**{2 to last}'), jsonb_path_query('{"a":[{"b":1},{"b":2}]}', 'lax $.a.b')
select jsonb_path_query('["abc","Abd","x"]', '$[*] ? (@ like_regex "^ab" flag "i")')
select jsonb_path_query('["abc","Abd","x"]', '$[*] ? (@ starts with "a" || @ == "x")')
select jsonb_path_query('[1,"1",true,null,{},[]]', '$[*].type()')
select jsonb_path_query('[1.5,-2.5]', '$[*].floor()'), jsonb_path_query('[1.5,-2.5]', '$[*].ceiling()'), jsonb_path_query('[1.5,-2.5]', '$[*].abs()')
select jsonb_path_query('[1,2]', '($[0] + $[1]) * 2 - 7 % 4'), jsonb_path_query('1.50', '$ * 2'), jsonb_path_query('10', '$ / 4')
select jsonb_path_query('[1,null,"a"]', '$[*] ? (@ != null)'), jsonb_path_query('[{"a":1},{"b":2}]', '$[*] ? (exists(@.a))'), jsonb_path_query('[1,"x"]', '$[*] ? ((@ > 0) is unknown)')
select jsonb_path_query('"10-03-2017 12:34 +05:20"', '$.datetime("dd-mm-yyyy HH24:MI TZH:TZM")'), jsonb_path_query('"12:34"', '$.datetime("HH24:MI")'), jsonb_path_query('"10.03.2017"', '$.datetime("dd.mm.yyyy").type()')
select jsonb_path_query('"12:34"', '$.datetime("HH24:MI TZH")')
select jsonb_path_query('"aaaa"', '$.datetime("HH24")')
