select '12.5'::money, '$1,234.567'::money, '-5'::money, '(3)'::money, '12.345'::money, 5::money, 12.345::numeric::money, '1.5'::money*2, '1.5'::money/2, '10'::money/'4'::money, '1.5'::money*1.5::float8, '1.25'::money::numeric, cash_words('123.45'), '1'::money+'2'::money, '7'::money/2::int8, '1.00'::money*3::int2, 2::float4*'1'::money, cash_words('-1000000.01'), cash_words('0')
select 'x'::money
select '99999999999999999999'::money
select '1'::money/0
select '1'::money/0::float8
select '92233720368547758.07'::money, '-92233720368547758.08'::money, '$ 1'::money, '1,2,3'::money, '- $5'::money, '$-5'::money, '5-'::money
select '1e3'::money
select '92233720368547758.07'::money + '1'
select '1'::money/'0'::money
select cash_words('1'), cash_words('112.10'), cash_words('1234567.89'), cash_words('20.20'), cash_words('15.01'), '-1.555'::money, ''::money, '7'::money/-2, max(x), sum(x) from (values ('1'::money),('2.5')) t(x)
select '16/B374D848'::pg_lsn, '16/B374D848'::pg_lsn - '16/B374D000'::pg_lsn, '0/0'::pg_lsn + 5, '0/10'::pg_lsn - 5::numeric, pg_lsn(23.0), '0/1'::pg_lsn < '0/2', pg_lsn_cmp('0/1','0/2'), pg_lsn_hash('16/B374D848')
select 'x'::pg_lsn
select '0/0'::pg_lsn - 5::numeric
select '0/0'::pg_lsn + 'NaN'
select 'FFFFFFFF/FFFFFFFF'::pg_lsn + 1
