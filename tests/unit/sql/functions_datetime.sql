set timezone='UTC'
select date_part('epoch', timetz '10:11:12.345678+05:30'), date_part('epoch', timetz '01:02:03-03:30:15')
select extract(foo from time '10:11:12.345678'), extract(foo from time '24:00:00')
select extract(usec from time '10:11:12.345678'), extract(usec from time '24:00:00')
select extract(jan from time '10:11:12.345678'), extract(jan from time '24:00:00')
select date_bin('15 min', timestamp '2024-02-29 23:59:59.999999', timestamp '0101-06-05 BC')
select age(timestamp '0001-01-01', timestamp '294276-12-31 23:59:59.999999')
select age(timestamptz '0044-03-15 12:00 BC', timestamptz '4714-11-24 BC')
select timestamp '4714-11-24 BC' - timestamp '2024-05-06 10:11:12.345678'
select date_bin('15 min', timestamp '4714-11-24 BC', timestamp '2000-01-01')
select age(timestamp '4714-11-24 BC', timestamp '2101-01-01')
select timestamp '294276-12-31 23:59:59.999999' - timestamp '4714-11-24 BC'
select date_bin('15 min', timestamp '294276-12-31 23:59:59.999999', timestamp '-infinity')
select age(timestamptz 'infinity', timestamptz '1001-07-01')
select age(timestamp '-infinity', timestamp '2000-01-01')
select age(timestamptz '2000-01-01', timestamptz '294276-12-31 23:59:59.999999')
select date '2000-01-01' < timestamp '2024-03-10 02:30:00', date '2000-01-01' = timestamptz '2024-03-10 02:30:00', timestamp '2000-01-01' >= timestamptz '2024-03-10 02:30:00', timestamptz '2000-01-01' <> timestamp '2024-03-10 02:30:00', timestamptz '2000-01-01' > date '2024-03-10 02:30:00'
select age(timestamptz '1999-12-31 23:59:59', timestamptz '-infinity')
select date '1970-01-01' < timestamp '0044-03-15 12:00 BC', date '1970-01-01' = timestamptz '0044-03-15 12:00 BC', timestamp '1970-01-01' >= timestamptz '0044-03-15 12:00 BC', timestamptz '1970-01-01' <> timestamp '0044-03-15 12:00 BC', timestamptz '1970-01-01' > date '0044-03-15 12:00 BC'
select date_bin('15 min', timestamp '1970-01-01', timestamp '-infinity')
select age(timestamp '1970-01-01', timestamp '2101-01-01')
select date_bin('15 min', timestamp '2000-12-31', timestamp '1999-12-31 23:59:59')
select timestamp '2024-05-06 10:11:12.345678' + interval '2147483647 days'
select timestamptz '0044-03-15 12:00 BC' - interval '-25 hours'
select date '4714-11-24 BC' - interval '35 days 49:00'
select timestamptz '294276-12-31 23:59:59.999999' - interval '-178956970 years -8 mons'
select date 'infinity' - interval '-1 year -2 months -3 days -04:05:06.789'
select timestamp 'infinity' - interval '178956970 years 7 mons'
select date '-infinity' + interval '0'
select timestamptz '-infinity' + interval '13 years -5 days 3 us'
select timestamptz '1999-12-31 23:59:59' - interval '2562047788:00:54.775807'
select timestamptz '2024-03-10 02:30:00' + interval 'infinity'
select date '2024-03-10 02:30:00' - interval 'infinity'
select date '2024-03-10 02:30:00' + interval '14 months'
select timestamp '2024-03-10 02:30:00' - interval '2562047788:00:54.775807'
select timestamptz '1970-01-01' + interval '1 year 2 months 3 days 04:05:06.789'
select timestamp '1970-01-01' + interval '1 mon -1 day'
select date '1970-01-01' - interval '-infinity'
select timestamptz '1970-01-01' - interval '-14 months'
select timestamp '1970-01-01' - interval '2562047788:00:54.775807'
select timestamp '2101-01-01' + interval '0'
select timestamp '2101-01-01' - interval '2562047788:00:54.775807'
select timestamptz '1001-07-01' - interval '1 mon -1 day'
select date '1001-07-01' - interval '-14 months'
select date '0101-06-05 BC' + interval '1 mon -1 day'
select date '0101-06-05 BC' - interval '1 mon -1 day'
select timestamp '0101-06-05 BC' + interval '-178956970 years -8 mons'
select date '0101-06-05 BC' + interval '13 years -5 days 3 us'
select interval '-1 year -2 months -3 days -04:05:06.789' + interval '-178956970 years -8 mons'
select interval '1 mon -1 day' - interval '1 mon -1 day'
select interval '1 mon -1 day' < interval '-25 hours', interval '1 mon -1 day' = interval '-25 hours', least('1 mon -1 day'::interval,'-25 hours')
select interval '-25 hours' < interval '-1 year -2 months -3 days -04:05:06.789', interval '-25 hours' = interval '-1 year -2 months -3 days -04:05:06.789', least('-25 hours'::interval,'-1 year -2 months -3 days -04:05:06.789')
select interval 'infinity' + interval '-178956970 years -8 mons'
select interval 'infinity' - interval '-14 months'
select interval '178956970 years 7 mons' + interval '-infinity'
select interval '-14 months' + interval '35 days 49:00'
select interval '-14 months' < interval '2147483647 days', interval '-14 months' = interval '2147483647 days', least('-14 months'::interval,'2147483647 days')
select interval '-1 year -2 months -3 days -04:05:06.789' hour
select interval '1 mon -1 day' * float8 '-1.5'
select cast(interval '-25 hours' as interval hour)
select interval '0' * float8 '0.5'
select float8 '1e300' * interval '0'
select timetz '10:20+03'-'178956970 years 7 mons'::interval
select float8 'NaN' * interval '178956970 years 7 mons'
select interval '-178956970 years -8 mons' * float8 '2'
select float8 'Infinity' * interval '-14 months'
select interval '-14 months' second
select cast(interval '-14 months' as interval year to month)
select interval '2562047788:00:54.775807' * float8 '2'
select float8 '-1.5' * interval '2562047788:00:54.775807'
select interval '13 years -5 days 3 us' / float8 'NaN'
select cast(interval '13 years -5 days 3 us' as interval year to month)
set timezone='America/New_York'
select date_part('decade', timetz '10:11:12.345678+05:30'), date_part('decade', timetz '01:02:03-03:30:15')
select date '2024-05-06 10:11:12.345678' < timestamp '2024-05-06 10:11:12.345678', date '2024-05-06 10:11:12.345678' = timestamptz '2024-05-06 10:11:12.345678', timestamp '2024-05-06 10:11:12.345678' >= timestamptz '2024-05-06 10:11:12.345678', timestamptz '2024-05-06 10:11:12.345678' <> timestamp '2024-05-06 10:11:12.345678', timestamptz '2024-05-06 10:11:12.345678' > date '2024-05-06 10:11:12.345678'
select age(timestamp '0001-01-01', timestamp '0001-01-01')
select age(timestamptz '0001-01-01', timestamptz '2000-01-01')
select date '0001-01-01' < timestamp '2024-03-10 02:30:00', date '0001-01-01' = timestamptz '2024-03-10 02:30:00', timestamp '0001-01-01' >= timestamptz '2024-03-10 02:30:00', timestamptz '0001-01-01' <> timestamp '2024-03-10 02:30:00', timestamptz '0001-01-01' > date '2024-03-10 02:30:00'
select timestamp '0001-01-01' - timestamp '2101-01-01'
select timestamp '4714-11-24 BC' - timestamp '2024-05-06 10:11:12.345678'
select age(timestamp '4714-11-24 BC', timestamp '2000-12-31')
select age(timestamp '294276-12-31 23:59:59.999999', timestamp '294276-12-31 23:59:59.999999')
select timestamp '294276-12-31 23:59:59.999999' - timestamp '-infinity'
select age(timestamp '294276-12-31 23:59:59.999999', timestamp '1001-07-01')
select date 'infinity' < timestamp '2024-02-29 23:59:59.999999', date 'infinity' = timestamptz '2024-02-29 23:59:59.999999', timestamp 'infinity' >= timestamptz '2024-02-29 23:59:59.999999', timestamptz 'infinity' <> timestamp '2024-02-29 23:59:59.999999', timestamptz 'infinity' > date '2024-02-29 23:59:59.999999'
select timestamp 'infinity' - timestamp '2000-01-01'
select date_bin('15 min', timestamp 'infinity', timestamp '1970-01-01')
select age(timestamp '-infinity', timestamp '2024-05-06 10:11:12.345678')
select timestamp '2024-03-10 02:30:00' - timestamp '2024-02-29 23:59:59.999999'
select age(timestamptz '1970-01-01', timestamptz '0001-01-01')
select date '1970-01-01' < timestamp '4714-11-24 BC', date '1970-01-01' = timestamptz '4714-11-24 BC', timestamp '1970-01-01' >= timestamptz '4714-11-24 BC', timestamptz '1970-01-01' <> timestamp '4714-11-24 BC', timestamptz '1970-01-01' > date '4714-11-24 BC'
select date '2000-12-31' < timestamp '1001-07-01', date '2000-12-31' = timestamptz '1001-07-01', timestamp '2000-12-31' >= timestamptz '1001-07-01', timestamptz '2000-12-31' <> timestamp '1001-07-01', timestamptz '2000-12-31' > date '1001-07-01'
select age(timestamptz '1001-07-01', timestamptz '2024-03-10 02:30:00')
select timestamp '0101-06-05 BC' - timestamp '1001-07-01'
select date '2024-05-06 10:11:12.345678' - interval '1 mon -1 day'
select date '2024-05-06 10:11:12.345678' + interval 'infinity'
select timestamp '2024-05-06 10:11:12.345678' + interval '2147483647 days'
select timestamptz '2024-02-29 23:59:59.999999' - interval '1 mon -1 day'
select date '0001-01-01' - interval '-25 hours'
select timestamp '0001-01-01' + interval '2147483647 days'
select timestamptz '0001-01-01' + interval '14 months'
select date '0001-01-01' - interval '13 years -5 days 3 us'
select timestamp '4714-11-24 BC' + interval '178956970 years 7 mons'
select date '4714-11-24 BC' + interval '2147483647 days'
select timestamp '294276-12-31 23:59:59.999999' + interval '2562047788:00:54.775807'
select timestamptz 'infinity' + interval '-25 hours'
select timestamp 'infinity' + interval 'infinity'
select timestamp '-infinity' - interval 'infinity'
select timestamp '-infinity' - interval '-14 months'
select timestamp '2000-01-01' + interval '1 mon -1 day'
select date '1999-12-31 23:59:59' - interval '178956970 years 7 mons'
select timestamptz '1999-12-31 23:59:59' + interval '2147483647 days'
select timestamp '1999-12-31 23:59:59' - interval '2147483647 days'
select timestamptz '1999-12-31 23:59:59' + interval '14 months'
select date '1999-12-31 23:59:59' + interval '13 years -5 days 3 us'
select timestamptz '2024-03-10 02:30:00' - interval '-25 hours'
select timestamptz '1970-01-01' - interval '35 days 49:00'
select date '2101-01-01' - interval 'infinity'
select date '2101-01-01' - interval '35 days 49:00'
select timestamp '2101-01-01' + interval '14 months'
select date '2101-01-01' - interval '14 months'
select timestamp '2101-01-01' - interval '-14 months'
select timestamptz '2101-01-01' - interval '-14 months'
select timestamptz '1001-07-01' + interval '-1 year -2 months -3 days -04:05:06.789'
select timestamp '1001-07-01' - interval '14 months'
select interval '1 mon -1 day' - interval '1 year 2 months 3 days 04:05:06.789'
select interval '1 mon -1 day' + interval '-14 months'
select interval '-25 hours' + interval '178956970 years 7 mons'
select interval '-infinity' + interval '-14 months'
select interval '0' < interval '1 year 2 months 3 days 04:05:06.789', interval '0' = interval '1 year 2 months 3 days 04:05:06.789', least('0'::interval,'1 year 2 months 3 days 04:05:06.789')
select interval '0' - interval '-25 hours'
select interval '35 days 49:00' + interval '0'
select interval '178956970 years 7 mons' < interval '-14 months', interval '178956970 years 7 mons' = interval '-14 months', least('178956970 years 7 mons'::interval,'-14 months')
select interval '2147483647 days' - interval '-14 months'
select interval '14 months' + interval '-infinity'
select interval '14 months' < interval '-14 months', interval '14 months' = interval '-14 months', least('14 months'::interval,'-14 months')
select interval '-14 months' < interval '-1 year -2 months -3 days -04:05:06.789', interval '-14 months' = interval '-1 year -2 months -3 days -04:05:06.789', least('-14 months'::interval,'-1 year -2 months -3 days -04:05:06.789')
select interval '13 years -5 days 3 us' < interval '-14 months', interval '13 years -5 days 3 us' = interval '-14 months', least('13 years -5 days 3 us'::interval,'-14 months')
select interval '1 year 2 months 3 days 04:05:06.789' * float8 '2'
select cast(interval '-1 year -2 months -3 days -04:05:06.789' as interval minute to second)
select float8 '1e300' * interval 'infinity'
select interval '-infinity' / float8 '2'
select interval '35 days 49:00' / float8 '2'
select float8 'Infinity' * interval '-178956970 years -8 mons'
select float8 '0' * interval '2147483647 days'
select interval '2147483647 days' / float8 '7'
select interval '2147483647 days' day to second
select cast(interval '-14 months' as interval hour)
select interval '2562047788:00:54.775807' * float8 'NaN'
select cast(interval '2562047788:00:54.775807' as interval day)
select cast(interval '13 years -5 days 3 us' as interval second(2))
set timezone='Asia/Kolkata'
select date_part('milliseconds', time '10:11:12.345678'), date_part('milliseconds', time '24:00:00')
select date_part('week', time '10:11:12.345678'), date_part('week', time '24:00:00')
select date_part('now', timetz '10:11:12.345678+05:30'), date_part('now', timetz '01:02:03-03:30:15')
select extract(today from timetz '10:11:12.345678+05:30'), extract(today from timetz '01:02:03-03:30:15')
select date_part('usec', timetz '10:11:12.345678+05:30'), date_part('usec', timetz '01:02:03-03:30:15')
select age(timestamptz '2024-05-06 10:11:12.345678', timestamptz 'infinity')
select age(timestamptz '0001-01-01', timestamptz '0044-03-15 12:00 BC')
select timestamp '0044-03-15 12:00 BC' - timestamp '1001-07-01'
select date '4714-11-24 BC' < timestamp '2024-02-29 23:59:59.999999', date '4714-11-24 BC' = timestamptz '2024-02-29 23:59:59.999999', timestamp '4714-11-24 BC' >= timestamptz '2024-02-29 23:59:59.999999', timestamptz '4714-11-24 BC' <> timestamp '2024-02-29 23:59:59.999999', timestamptz '4714-11-24 BC' > date '2024-02-29 23:59:59.999999'
select date_bin('15 min', timestamp '4714-11-24 BC', timestamp '0044-03-15 12:00 BC')
select age(timestamptz '294276-12-31 23:59:59.999999', timestamptz '4714-11-24 BC')
select age(timestamptz '294276-12-31 23:59:59.999999', timestamptz '294276-12-31 23:59:59.999999')
select age(timestamptz '294276-12-31 23:59:59.999999', timestamptz '1001-07-01')
select age(timestamp 'infinity', timestamp 'infinity')
select age(timestamp 'infinity', timestamp '-infinity')
select date_bin('15 min', timestamp 'infinity', timestamp '1001-07-01')
select age(timestamptz '-infinity', timestamptz 'infinity')
select date '2024-03-10 02:30:00' < timestamp '2024-05-06 10:11:12.345678', date '2024-03-10 02:30:00' = timestamptz '2024-05-06 10:11:12.345678', timestamp '2024-03-10 02:30:00' >= timestamptz '2024-05-06 10:11:12.345678', timestamptz '2024-03-10 02:30:00' <> timestamp '2024-05-06 10:11:12.345678', timestamptz '2024-03-10 02:30:00' > date '2024-05-06 10:11:12.345678'
select age(timestamptz '2024-03-10 02:30:00', timestamptz '0044-03-15 12:00 BC')
select timestamp '2024-03-10 02:30:00' - timestamp '1999-12-31 23:59:59'
select date '2024-03-10 02:30:00' < timestamp '1999-12-31 23:59:59', date '2024-03-10 02:30:00' = timestamptz '1999-12-31 23:59:59', timestamp '2024-03-10 02:30:00' >= timestamptz '1999-12-31 23:59:59', timestamptz '2024-03-10 02:30:00' <> timestamp '1999-12-31 23:59:59', timestamptz '2024-03-10 02:30:00' > date '1999-12-31 23:59:59'
select date '1970-01-01' < timestamp '2000-12-31', date '1970-01-01' = timestamptz '2000-12-31', timestamp '1970-01-01' >= timestamptz '2000-12-31', timestamptz '1970-01-01' <> timestamp '2000-12-31', timestamptz '1970-01-01' > date '2000-12-31'
select age(timestamp '1970-01-01', timestamp '0101-06-05 BC')
select age(timestamp '2101-01-01', timestamp 'infinity')
select age(timestamp '2000-12-31', timestamp 'infinity')
select date_bin('15 min', timestamp '2000-12-31', timestamp 'infinity')
select age(timestamp '0101-06-05 BC', timestamp '0101-06-05 BC')
select timestamp '2024-05-06 10:11:12.345678' - interval '-25 hours'
select timestamptz '2024-05-06 10:11:12.345678' - interval '14 months'
select timestamptz '2024-02-29 23:59:59.999999' - interval '0'
select timestamptz '0001-01-01' + interval '2147483647 days'
select date '0044-03-15 12:00 BC' - interval '35 days 49:00'
select date '294276-12-31 23:59:59.999999' + interval '-25 hours'
select timestamptz 'infinity' - interval '1 mon -1 day'
select date 'infinity' + interval 'infinity'
select timestamptz 'infinity' - interval '2562047788:00:54.775807'
select date '-infinity' + interval '-25 hours'
select date '-infinity' + interval '0'
select timestamptz '2024-03-10 02:30:00' + interval '1 year 2 months 3 days 04:05:06.789'
select date '2024-03-10 02:30:00' - interval '-25 hours'
select date '2024-03-10 02:30:00' - interval '2147483647 days'
select timestamptz '2024-03-10 02:30:00' - interval '14 months'
select timestamp '1970-01-01' - interval '0'
select timestamp '1970-01-01' + interval '-14 months'
select timestamptz '2101-01-01' + interval '2562047788:00:54.775807'
select date '2000-12-31' - interval '1 mon -1 day'
select timestamptz '2000-12-31' + interval '35 days 49:00'
select date '1001-07-01' + interval '2562047788:00:54.775807'
select date '0101-06-05 BC' + interval '14 months'
select interval '1 year 2 months 3 days 04:05:06.789' < interval '-1 year -2 months -3 days -04:05:06.789', interval '1 year 2 months 3 days 04:05:06.789' = interval '-1 year -2 months -3 days -04:05:06.789', least('1 year 2 months 3 days 04:05:06.789'::interval,'-1 year -2 months -3 days -04:05:06.789')
select interval '-1 year -2 months -3 days -04:05:06.789' < interval 'infinity', interval '-1 year -2 months -3 days -04:05:06.789' = interval 'infinity', least('-1 year -2 months -3 days -04:05:06.789'::interval,'infinity')
select interval '-1 year -2 months -3 days -04:05:06.789' - interval '178956970 years 7 mons'
select interval '1 mon -1 day' + interval '1 year 2 months 3 days 04:05:06.789'
select interval '0' - interval '-infinity'
select interval '0' - interval '2147483647 days'
select interval '35 days 49:00' + interval '-25 hours'
select interval '178956970 years 7 mons' < interval '2562047788:00:54.775807', interval '178956970 years 7 mons' = interval '2562047788:00:54.775807', least('178956970 years 7 mons'::interval,'2562047788:00:54.775807')
select interval '-178956970 years -8 mons' < interval '-1 year -2 months -3 days -04:05:06.789', interval '-178956970 years -8 mons' = interval '-1 year -2 months -3 days -04:05:06.789', least('-178956970 years -8 mons'::interval,'-1 year -2 months -3 days -04:05:06.789')
select interval '-178956970 years -8 mons' - interval '-14 months'
select interval '14 months' + interval 'infinity'
select interval '13 years -5 days 3 us' - interval '0'
select cast(interval '-1 year -2 months -3 days -04:05:06.789' as interval day to second(0))
select float8 '7' * interval '1 mon -1 day'
select cast(interval '-25 hours' as interval month)
select interval 'infinity' / float8 '0.5'
select interval 'infinity' / float8 '0'
select interval '0' * float8 '1e300'
select interval '0' * float8 '-Infinity'
select interval '0' hour
select cast(interval '35 days 49:00' as interval day to second(0))
select timetz '10:20+03'-'2147483647 days'::interval
select cast(interval '2147483647 days' as interval day to second)
select justify_interval('14 months')
select interval '14 months' / float8 '7'
select cast(interval '14 months' as interval month)
select interval '-14 months' second
select interval '-14 months' day to second
select interval '-14 months' minute to second
select interval '2562047788:00:54.775807' * float8 '0'
select interval '2562047788:00:54.775807' * float8 '1e300'
select float8 '1e300' * interval '2562047788:00:54.775807'
