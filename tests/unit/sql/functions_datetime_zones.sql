set timezone='UTC'
select timestamptz '2024-05-06 10:11:12.345678' at time zone 'Z'
select timestamp '2024-05-06 10:11:12.345678' at time zone interval '-05:30', timestamptz '2024-05-06 10:11:12.345678' at time zone interval '-05:30'
select timestamptz '2024-03-10 02:30:00' at time zone 'america/los_angeles'
select timestamptz '2024-03-10 02:30:00' at time zone 'Z'
select timestamptz '2024-03-10 02:30:00' at time zone 'posixrules'
select timestamptz '2024-03-10 02:30:00' at time zone 'AEST'
select timestamp '2024-03-10 02:30:00' at time zone 'CKT'
select timestamp '2024-03-10 02:30:00' at time zone '+1:2:3'
select timestamp '2024-11-03 01:30' at time zone '+05:30'
select timestamptz '2024-11-03 01:30' at time zone 'Asia/Kathmandu'
select timestamp '2024-11-03 01:30' at time zone 'IST'
select timestamptz '2024-11-03 01:30' at time zone 'IST'
select timestamp '2024-11-03 01:30' at time zone interval '-05:30', timestamptz '2024-11-03 01:30' at time zone interval '-05:30'
select timestamp '0044-03-15 12:00 BC' at time zone 'FOO3BAR'
select timestamptz 'infinity' at time zone '+05:30'
select timestamptz '-infinity' at time zone 'Etc/GMT-14'
select timestamp '-infinity' at time zone 'CKT'
select timestamptz '-infinity' at time zone '+16:00'
select timestamp '-infinity' at time zone interval '1 day', timestamptz '-infinity' at time zone interval '1 day'
select timestamptz '294276-12-31 23:59:59.999999' at time zone 'LMT'
select timestamptz_hash('294276-12-31 23:59:59.999999'), timestamp_hash_extended('294276-12-31 23:59:59.999999',5), timestamp '294276-12-31 23:59:59.999999'(2), isfinite(timestamp '294276-12-31 23:59:59.999999')
select timestamp '4714-11-24 BC' at time zone 'msk'
select timestamp '4714-11-24 BC' at time zone 'a/b'
select timestamp '2011-03-27 02:30' at time zone '+05:30'
select timestamp '2011-03-27 02:30' at time zone 'Asia/Kathmandu'
select timestamptz '2011-03-27 02:30' at time zone 'LMT'
select timestamp '2011-03-27 02:30' at time zone 'Europe/Dublin'
select timestamp '1900-01-01' at time zone 'america/los_angeles'
select timestamptz '2300-07-01 12:00' at time zone '<+05>-05'
select timestamptz '9999-07-01 12:00' at time zone '+05:30'
select timestamptz '9999-07-01 12:00' at time zone 'IST'
select timestamp '100000-07-01' at time zone 'UTC'
select timestamptz '100000-07-01' at time zone 'msk'
select timestamptz '100000-07-01' at time zone 'a/b'
select timestamptz '100000-07-01' at time zone '+16:00'
select timestamptz_send('100000-07-01'), timestamp_send('100000-07-01')
select extract(timezone from timetz '10:00+01' at time zone '<+05>-05') is null
select g from generate_series(timestamptz '2024-03-09 00:00','2024-03-12','12 hours','America/New_York') g
set timezone='America/New_York'
select timestamptz '2024-05-06 10:11:12.345678' at time zone 'EST'
select timestamptz_hash('2024-05-06 10:11:12.345678'), timestamp_hash_extended('2024-05-06 10:11:12.345678',5), timestamp '2024-05-06 10:11:12.345678'(2), isfinite(timestamp '2024-05-06 10:11:12.345678')
select timestamp '2024-03-10 02:30:00' at time zone 'UTC'
select timestamp '2024-03-10 02:30:00' at time zone 'EST5EDT4,M3.2.0,M11.1.0'
select timestamp '2024-03-10 02:30:00' at local, timestamptz '2024-03-10 02:30:00' at local, timestamp '2024-03-10 02:30:00'::timestamptz
select timestamptz '0044-03-15 12:00 BC' at time zone 'posixrules'
select timestamp '0044-03-15 12:00 BC' at time zone '+1:2:3'
select timestamp 'infinity' at time zone 'UTC'
select timestamp 'infinity' at time zone 'FOO3BAR'
select timestamp 'infinity' at time zone 'CKT'
select timestamp 'infinity' at local, timestamptz 'infinity' at local, timestamp 'infinity'::timestamptz
select timestamptz '-infinity' at time zone 'UTC+3'
select timestamp '-infinity' at time zone interval '1.5 s', timestamptz '-infinity' at time zone interval '1.5 s'
select timestamp '294276-12-31 23:59:59.999999' at time zone '<+05>-05'
select timestamptz '294276-12-31 23:59:59.999999' at time zone 'Z'
select timestamp '4714-11-24 BC' at time zone 'America/New_York'
select timestamptz '2011-03-27 02:30' at time zone 'america/los_angeles'
select timestamptz '2011-03-27 02:30' at time zone 'LMT'
select timestamp '2011-03-27 02:30' at time zone 'Europe/Dublin'
select timestamp '2011-03-27 02:30' at local, timestamptz '2011-03-27 02:30' at local, timestamp '2011-03-27 02:30'::timestamptz
select timestamptz '1900-01-01' at time zone 'america/los_angeles'
select timestamp '1900-01-01' at local, timestamptz '1900-01-01' at local, timestamp '1900-01-01'::timestamptz
select timestamptz '2300-07-01 12:00' at time zone '<+05>-05'
select timestamptz '2300-07-01 12:00' at time zone '+16:00'
select timestamptz '9999-07-01 12:00' at time zone 'IST'
select timestamptz '9999-07-01 12:00' at time zone 'AEST'
select timestamp '100000-07-01' at time zone 'MSD'
select timestamp '100000-07-01' at time zone interval '1.5 s', timestamptz '100000-07-01' at time zone interval '1.5 s'
select make_timestamptz(2024,5,6,7,8,9.5,'EST')
select extract(timezone from timetz '10:00+01' at time zone 'IST') is null
select extract(timezone from timetz '10:00+01' at time zone 'EST5EDT4,M3.2.0,M11.1.0') is null
select extract(timezone from timetz '10:00+01' at time zone 'LHDT') is null
set timezone='Europe/London'
select timestamptz '2024-05-06 10:11:12.345678' at time zone 'america/los_angeles'
select timestamptz '2024-05-06 10:11:12.345678' at time zone ''
select timestamp '2024-05-06 10:11:12.345678' at time zone 'posixrules'
select timestamptz '2024-11-03 01:30' at time zone 'Z'
select timestamptz 'infinity' at time zone 'Etc/GMT-14'
select timestamptz 'infinity' at time zone 'AEST'
select timestamp 'infinity' at time zone interval '1.5 s', timestamptz 'infinity' at time zone interval '1.5 s'
select timestamptz '294276-12-31 23:59:59.999999' at time zone '+05:30'
select timestamptz '294276-12-31 23:59:59.999999' at time zone 'UTC+3'
select timestamp '294276-12-31 23:59:59.999999' at time zone interval '1 hour', timestamptz '294276-12-31 23:59:59.999999' at time zone interval '1 hour'
select timestamp '4714-11-24 BC' at time zone 'VET'
select timestamptz '2011-03-27 02:30' at time zone 'CKT'
select timestamptz '2011-03-27 02:30'::date, timestamptz '2011-03-27 02:30'::time, timestamptz '2011-03-27 02:30'::timetz, timestamptz '2011-03-27 02:30'::timestamp, timestamp '2011-03-27 02:30'::date,timestamp '2011-03-27 02:30'::time
select timestamptz '1900-01-01' at time zone 'LMT'
select timestamptz '1900-01-01' at time zone 'AEST'
select timestamptz '2300-07-01 12:00' at time zone 'Etc/GMT-14'
select timestamptz '100000-07-01' at time zone 'America/New_York'
select timestamptz '100000-07-01' at time zone ''
select timestamp '100000-07-01' at time zone interval '1.5 s', timestamptz '100000-07-01' at time zone interval '1.5 s'
select make_timestamptz(2024,5,6,7,8,9.5,'-3')
select extract(timezone from timetz '10:00+01' at time zone 'LHDT') is null
set timezone='Asia/Kolkata'
select timestamp '2024-05-06 10:11:12.345678' at time zone 'MSD'
select timestamp '2024-05-06 10:11:12.345678' at time zone 'LMT'
select timestamptz '2024-05-06 10:11:12.345678' at time zone 'VET'
select timestamp '2024-03-10 02:30:00' at time zone 'EDT'
select timestamptz '2024-11-03 01:30' at time zone 'America/New_York'
select timestamptz '2024-11-03 01:30' at time zone '<+05>-05'
select timestamp '2024-11-03 01:30' at time zone interval '-05:30', timestamptz '2024-11-03 01:30' at time zone interval '-05:30'
select timestamp '2024-11-03 01:30' at time zone interval '1.5 s', timestamptz '2024-11-03 01:30' at time zone interval '1.5 s'
select timestamptz '0044-03-15 12:00 BC' at time zone 'America/New_York'
select timestamp '0044-03-15 12:00 BC' at time zone '-3'
select timestamp '0044-03-15 12:00 BC' at time zone 'IST'
select timestamp '0044-03-15 12:00 BC' at time zone 'Etc/GMT-14'
select timestamptz 'infinity' at time zone 'IST'
select timestamptz '-infinity'::date, timestamptz '-infinity'::time, timestamptz '-infinity'::timetz, timestamptz '-infinity'::timestamp, timestamp '-infinity'::date,timestamp '-infinity'::time
select timestamp '294276-12-31 23:59:59.999999' at time zone '+05:30'
select timestamptz '294276-12-31 23:59:59.999999' at time zone 'posixrules'
select timestamptz '4714-11-24 BC' at time zone '+16:00'
select timestamp '2011-03-27 02:30' at time zone 'LHDT'
select timestamptz '1900-01-01' at time zone 'UTC'
select timestamp '1900-01-01' at time zone 'MSD'
select timestamp '1900-01-01' at time zone 'FOO3BAR'
select timestamp '1900-01-01' at time zone 'LMT'
select timestamptz '2300-07-01 12:00' at time zone 'LHDT'
select timestamp '2300-07-01 12:00' at time zone '+1:2:3'
select timestamptz '2300-07-01 12:00'::date, timestamptz '2300-07-01 12:00'::time, timestamptz '2300-07-01 12:00'::timetz, timestamptz '2300-07-01 12:00'::timestamp, timestamp '2300-07-01 12:00'::date,timestamp '2300-07-01 12:00'::time
select timestamptz '100000-07-01' at time zone 'Asia/Kathmandu'
select timestamp '100000-07-01' at time zone 'CKT'
select make_timestamptz(2024,5,6,7,8,9.5,'UTC+3')
select extract(timezone from timetz '10:00+01' at time zone '+16:00') is null
set timezone='Australia/Lord_Howe'
select timestamp '2024-05-06 10:11:12.345678' at time zone 'LMT'
select timestamp '2024-05-06 10:11:12.345678' at time zone 'Etc/GMT-14'
select timestamp '2024-05-06 10:11:12.345678' at time zone interval '1.5 s', timestamptz '2024-05-06 10:11:12.345678' at time zone interval '1.5 s'
select timestamp '2024-03-10 02:30:00' at time zone interval '1.5 s', timestamptz '2024-03-10 02:30:00' at time zone interval '1.5 s'
select timestamp '0044-03-15 12:00 BC' at time zone 'UTC'
select timestamp '0044-03-15 12:00 BC' at time zone '+1:2:3'
select timestamp '-infinity' at time zone 'America/New_York'
select timestamptz '-infinity' at time zone 'UTC+3'
select timestamptz '-infinity' at time zone 'FOO3BAR'
select timestamp '4714-11-24 BC' at time zone 'msk'
select timestamp '4714-11-24 BC' at time zone 'Europe/Dublin'
select timestamp '2011-03-27 02:30' at time zone 'UTC'
select timestamp '2011-03-27 02:30' at time zone 'posixrules'
select timestamptz '2011-03-27 02:30' at time zone 'EST5EDT4,M3.2.0,M11.1.0'
select timestamp '2011-03-27 02:30' at local, timestamptz '2011-03-27 02:30' at local, timestamp '2011-03-27 02:30'::timestamptz
select timestamp '1900-01-01' at time zone 'EDT'
select timestamp '1900-01-01' at time zone 'MSD'
select timestamp '1900-01-01' at time zone '<+05>-05'
select timestamptz '2300-07-01 12:00' at time zone ''
select timestamp '2300-07-01 12:00' at time zone 'Europe/Dublin'
select timestamptz '9999-07-01 12:00' at time zone 'VET'
select timestamptz '100000-07-01' at time zone 'EDT'
select timestamp '100000-07-01' at time zone 'america/los_angeles'
select make_timestamptz(2024,5,6,7,8,9.5,'a/b')
set timezone='FOO+3'
select timestamptz '2024-03-10 02:30:00' at time zone 'EST'
select timestamptz '2024-03-10 02:30:00' at time zone '-3'
select timestamp '2024-03-10 02:30:00' at time zone 'AEST'
select timestamp '2024-11-03 01:30' at time zone 'FOO3BAR'
select timestamp '2024-11-03 01:30' at time zone 'Etc/GMT-14'
select timestamptz '0044-03-15 12:00 BC' at time zone 'EST'
select timestamp '0044-03-15 12:00 BC' at time zone 'LMT'
select timestamp '0044-03-15 12:00 BC' at time zone '+16:00'
select timestamp '0044-03-15 12:00 BC' at time zone interval '1 day', timestamptz '0044-03-15 12:00 BC' at time zone interval '1 day'
select timestamptz 'infinity' at time zone 'UTC+3'
select timestamptz 'infinity' at time zone 'VET'
select timestamp 'infinity' at time zone '+1:2:3'
select timestamptz '-infinity' at time zone 'nope'
select timestamptz '-infinity' at time zone 'posixrules'
select timestamp '-infinity' at time zone '+16:00'
select timestamp '294276-12-31 23:59:59.999999' at time zone 'Etc/GMT-14'
select timestamptz '294276-12-31 23:59:59.999999' at time zone 'CKT'
select timestamp '294276-12-31 23:59:59.999999' at time zone interval '-05:30', timestamptz '294276-12-31 23:59:59.999999' at time zone interval '-05:30'
select timestamp '294276-12-31 23:59:59.999999' at time zone interval '1 day', timestamptz '294276-12-31 23:59:59.999999' at time zone interval '1 day'
select timestamp '4714-11-24 BC' at time zone 'FOO3BAR'
select timestamptz '4714-11-24 BC' at time zone 'LMT'
select timestamp '2011-03-27 02:30' at time zone 'EDT'
select timestamptz '2011-03-27 02:30' at time zone 'IST'
select timestamp '2011-03-27 02:30' at time zone 'CKT'
select timestamptz '2011-03-27 02:30' at time zone 'LHDT'
select timestamptz '2011-03-27 02:30'::date, timestamptz '2011-03-27 02:30'::time, timestamptz '2011-03-27 02:30'::timetz, timestamptz '2011-03-27 02:30'::timestamp, timestamp '2011-03-27 02:30'::date,timestamp '2011-03-27 02:30'::time
select timestamptz '1900-01-01' at time zone 'EST'
select timestamp '1900-01-01' at time zone 'VET'
select timestamp '1900-01-01' at time zone 'posixrules'
select timestamp '2300-07-01 12:00' at time zone 'EST'
select timestamp '2300-07-01 12:00' at time zone '+16:00'
select timestamp '2300-07-01 12:00' at time zone interval '1.5 s', timestamptz '2300-07-01 12:00' at time zone interval '1.5 s'
select timestamp '9999-07-01 12:00' at time zone 'Etc/GMT-14'
select timestamptz '100000-07-01' at time zone '-3'
select timestamp '100000-07-01' at time zone interval 'infinity', timestamptz '100000-07-01' at time zone interval 'infinity'
select make_timestamptz(2024,5,6,7,8,9.5,'-3')
select extract(timezone from timetz '10:00+01' at time zone '<+05>-05') is null
select make_timestamptz(2024,5,6,7,8,9.5,'posixrules')
select make_timestamp(0,1,1,10,11,12.5)
select make_date(5874897,12,31)
select make_time(23,59,60.1)
select make_timestamp(2024,1,1,10,1,'NaN')
select make_timestamp(2024,1,1,1,2,-0.1)
select (null::time, null::time) overlaps ('12:00'::time, '12:00'::time)
select ('10:00'::time, null::time) overlaps (null::time, '11:00'::time)
select ('10:00'::time, null::time) overlaps ('10:00'::time, '12:00'::time)
select ('10:00'::time, '11:00'::time) overlaps ('10:00'::time, '11:00'::time)
select ('10:00'::time, '11:00'::time) overlaps ('12:00'::time, '10:00'::time)
select ('12:00'::time, '10:00'::time) overlaps (null::time, '10:00'::time)
select ('12:00'::time, '10:00'::time) overlaps ('10:00'::time, '12:00'::time)
select ('12:00'::time, '10:00'::time) overlaps ('12:00'::time, null::time)
select ('12:00'::time, '12:00'::time) overlaps ('12:00'::time, '11:00'::time)
select date_bin('15 minutes',timestamp '-infinity',timestamp 'infinity')
select date_bin('15 minutes',timestamp '2300-07-01 12:00',timestamp '2000-01-01')
select date_bin('1 day 2:30',timestamp '0044-03-15 12:00 BC',timestamp '2030-01-01')
select date_bin('1 day 2:30',timestamp '9999-07-01 12:00',timestamp '2030-01-01')
select date_bin('1 mon',timestamp '0044-03-15 12:00 BC',timestamp '2030-01-01')
select date_bin('1 mon',timestamp 'infinity',timestamp 'infinity')
select date_bin('0',timestamp '4714-11-24 BC',timestamp '2030-01-01')
select date_bin('-1 day',timestamp '2024-05-06 10:11:12.345678',timestamp 'infinity')
select date_bin('-1 day',timestamp '2024-03-10 02:30:00',timestamp '2030-01-01')
select date_bin('-1 day',timestamp '1900-01-01',timestamp '2000-01-01')
select date_bin('200000 days 2400000000:00',timestamp '4714-11-24 BC',timestamp '2030-01-01')
create temp table w(i int,d date,t timestamp,z timestamptz,tm time,tz timetz,iv interval)
insert into w select g, date '2024-01-01'+g*3, timestamp '2024-01-01'+g*interval '7 hours', timestamptz '2024-03-08'+g*interval '7 hours', time '00:30'+g*interval '2 hours', timetz '00:30+01'+g*interval '2 hours', g*interval '5 days' from generate_series(0,9) g
insert into w values(10,'infinity','infinity','infinity','24:00','24:00+03','infinity'),(11,'-infinity','-infinity','-infinity','00:00','00:00+15','-infinity')
select i, count(*) over (order by d asc range between '4 days' preceding and current row) from w order by i
select i, count(*) over (order by d desc range between '4 days' preceding and current row) from w order by i
select i, count(*) over (order by d asc range between current row and '4 days' following) from w order by i
select i, count(*) over (order by d desc range between current row and '4 days' following) from w order by i
select i, count(*) over (order by d asc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by d desc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by d asc range between current row and '1 mon' following) from w order by i
select i, count(*) over (order by d desc range between current row and '1 mon' following) from w order by i
select i, count(*) over (order by d asc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by d desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by d asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by d desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by d asc range between '-1 day' preceding and current row) from w order by i
select i, count(*) over (order by d desc range between '-1 day' preceding and current row) from w order by i
select i, count(*) over (order by d asc range between current row and '-1 day' following) from w order by i
select i, count(*) over (order by d desc range between current row and '-1 day' following) from w order by i
select i, count(*) over (order by t asc range between '8 hours' preceding and current row) from w order by i
select i, count(*) over (order by t desc range between '8 hours' preceding and current row) from w order by i
select i, count(*) over (order by t asc range between current row and '8 hours' following) from w order by i
select i, count(*) over (order by t desc range between current row and '8 hours' following) from w order by i
select i, count(*) over (order by t asc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by t desc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by t asc range between current row and '1 mon' following) from w order by i
select i, count(*) over (order by t desc range between current row and '1 mon' following) from w order by i
select i, count(*) over (order by t asc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by t desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by t asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by t desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by z asc range between '8 hours' preceding and current row) from w order by i
select i, count(*) over (order by z desc range between '8 hours' preceding and current row) from w order by i
select i, count(*) over (order by z asc range between current row and '8 hours' following) from w order by i
select i, count(*) over (order by z desc range between current row and '8 hours' following) from w order by i
select i, count(*) over (order by z asc range between '1 day' preceding and current row) from w order by i
select i, count(*) over (order by z desc range between '1 day' preceding and current row) from w order by i
select i, count(*) over (order by z asc range between current row and '1 day' following) from w order by i
select i, count(*) over (order by z desc range between current row and '1 day' following) from w order by i
select i, count(*) over (order by z asc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by z desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by z asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by z desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by tm asc range between '3 hours' preceding and current row) from w order by i
select i, count(*) over (order by tm desc range between '3 hours' preceding and current row) from w order by i
select i, count(*) over (order by tm asc range between current row and '3 hours' following) from w order by i
select i, count(*) over (order by tm desc range between current row and '3 hours' following) from w order by i
select i, count(*) over (order by tm asc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by tm desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by tm asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by tm desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by tm asc range between '-1 hour' preceding and current row) from w order by i
select i, count(*) over (order by tm desc range between '-1 hour' preceding and current row) from w order by i
select i, count(*) over (order by tm asc range between current row and '-1 hour' following) from w order by i
select i, count(*) over (order by tm desc range between current row and '-1 hour' following) from w order by i
select i, count(*) over (order by tz asc range between '3 hours' preceding and current row) from w order by i
select i, count(*) over (order by tz desc range between '3 hours' preceding and current row) from w order by i
select i, count(*) over (order by tz asc range between current row and '3 hours' following) from w order by i
select i, count(*) over (order by tz desc range between current row and '3 hours' following) from w order by i
select i, count(*) over (order by tz desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by tz asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by tz desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by iv asc range between '6 days' preceding and current row) from w order by i
select i, count(*) over (order by iv desc range between '6 days' preceding and current row) from w order by i
select i, count(*) over (order by iv asc range between current row and '6 days' following) from w order by i
select i, count(*) over (order by iv desc range between current row and '6 days' following) from w order by i
select i, count(*) over (order by iv asc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by iv desc range between 'infinity' preceding and current row) from w order by i
select i, count(*) over (order by iv asc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by iv desc range between current row and 'infinity' following) from w order by i
select i, count(*) over (order by iv asc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by iv desc range between '1 mon' preceding and current row) from w order by i
select i, count(*) over (order by iv asc range between current row and '1 mon' following) from w order by i
select i, count(*) over (order by iv desc range between current row and '1 mon' following) from w order by i
select sum(iv),avg(iv) from w where i<10
select sum(iv), avg(iv) from w where i<>11
select sum(iv) from w where i<0
select i, sum(iv) over (order by i rows between 2 preceding and current row), avg(iv) over (order by i rows between 1 preceding and 1 following) from w where i < 10 order by i
select d, count(*) from w group by d order by d
select distinct iv from w order by iv desc
select i from w order by tz, i
select percentile_cont(0.5) within group (order by iv) from w where i<10
select count(*) from w a join w b on a.iv=b.iv
select count(*) from w a join w b on a.d = b.t
select i from w where t between '2024-01-01' and '2024-01-02' order by 1
create temp table iv2(a interval day to second(3), b interval year, c timestamp(2), d timestamptz(0), e time(1), f interval(2))
insert into iv2 values ('1 mon 2 days 03:04:05.6789','1-6','2024-01-01 10:00:00.555','2024-01-01 10:00:00.555','10:00:00.55','1.239 s') returning *
