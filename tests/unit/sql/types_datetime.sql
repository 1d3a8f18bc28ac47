set timezone='UTC'
set datestyle='ISO, MDY'
set intervalstyle='postgres'
select '24:00:00'::timestamp
select '24:00:00'::interval
select '24:00:00.01'::interval
select '24:00:00.01'::timestamptz
select '23:59:60'::interval
select '23:59:60.5'::interval
select '23:59:60.5'::timestamp
select '2024-02-30'::interval
select '2024-02-30'::time
select '2024-13-01'::date
select '2024-13-01'::interval
select '00-01-01'::timetz
select '00-01-01'::timestamp
select '2024-1-1 25:00'::time
select '2024-1-1 25:00'::timestamptz
select 'J2451545'::interval
select 'J2451545'::timestamp
select 'J2451545.5'::interval
select 'J2451545.5'::time
select 'julian 2451545'::timestamp
select '20240101'::time
select '20240101T101112'::interval
select '20240101T101112'::time
select '20240101T101112.5-05'::timetz
select '20240101T101112.5-05'::time
select '2024-01-01T10:11:12Z'::timetz
select '2024-01-01T10:11:12Z'::interval
select '2024-01-01 10:11:12 EST'::interval
select '2024-01-01 10:11:12 EST'::date
select '2024-07-01 10:11:12 EDT'::timestamptz
select '2024-07-01 10:11:12 EDT'::timestamp
select '2024-07-01 10:11:12 America/New_York'::timestamp
select '2024-07-01 10:11:12 America/New_York'::date
select '99-12-31'::timestamptz
select '99-12-31'::timestamp
select '1/2/3'::interval
select '13/1/2024'::date
select '13/1/2024'::time
select '2024.045'::date
select 'Jan 1 2024'::date
select '1 Jan 24'::time
select '1 Jan 24'::date
select 'Monday January 5 2024'::date
select 'epoch'::timestamp
select 'epoch'::interval
select 'infinity'::date
select 'infinity'::interval
select '-infinity'::time
select '-infinity'::timestamptz
select '+infinity'::interval
select '+infinity'::time
select 'allballs'::timestamptz
select 'noon'::interval
select 'noon'::time
select '294276-12-31 23:59:59.999999'::timetz
select '294276-12-31 23:59:59.999999'::time
select '294277-01-01'::time
select '294277-01-01'::timestamptz
select '4714-11-24 BC'::timetz
select '4714-11-24 BC'::timestamp
select '4714-11-23 BC'::time
select '4714-11-23 BC'::interval
select '5874897-12-31'::timestamp
select '5874897-12-31'::timestamptz
select '5874898-01-01'::timestamptz
select '5874898-01-01'::interval
select '2024-01-01 10:00+16'::interval
select '2024-01-01 10:00+16'::timestamp
select '2024-01-01 10:00+15:59:59'::timestamptz
select '2024-01-01 10:00+15:59:59'::interval
select '2024-01-01 10:00 +5'::interval
select '2024-01-01 10:00 +5'::timestamp
select '2024-01-01 10:00 MSK'::timestamp
select '2024-01-01 10:00 MSK'::timetz
select '2011-03-27 10:00 MSK'::date
select '2011-03-27 10:00 MSK'::timestamptz
select '2024-01-01 10:00 LMT'::time
select '2024-01-01 10:00 LMT'::timetz
select '2024-01-01 10:00 zulu'::timestamp
select '2024-01-01 10:00 zulu'::timetz
select '2024-01-01 10:00 MET DST'::interval
select '2024-01-01 10:00 MET DST'::timestamptz
select '2024-03-10 02:30'::date
select '2024-03-10 02:30'::time
select '2024-11-03 01:30'::time
select '2024-11-03 01:30'::date
select '0044-03-15 BC'::timestamp
select '0044-03-15 BC'::date
select '10:11 am'::timestamp
select '10:11 am'::timestamptz
select '12:00 am'::time
select '12:00 am'::timestamp
select '12:00 pm'::date
select '13:00 pm'::time
select '13:00 pm'::date
select '2024-01-01 10:11:12.9999999'::date
select '2024-01-01 10:11:12.9999999'::timestamp
select '1 day'::timestamptz
select '1 day'::time
select '1 mon -1 day'::time
select '1 mon -1 day'::interval
select 'P1Y2M'::time
select 'P1Y2M'::timestamptz
select 'PT1.5S'::timestamptz
select 'PT1.5S'::interval
select 'P0001-02-03T04:05:06'::interval
select 'P0001-02-03T04:05:06'::timetz
select '-1 12:00'::interval
select '-1 12:00'::time
select '1-2'::timestamp
select '1-2'::interval
select '1-2 3 4:05:06'::timetz
select '1-2 3 4:05:06'::timestamptz
select '1.5 years'::date
select '1.5 years'::interval
select '1.5 months'::timestamp
select '1.5 months'::interval
select '0.5 w'::time
select '0.5 w'::date
select '1 day ago'::time
select '1 day ago'::timestamp
select 'ago 1 day'::interval
select 'ago 1 day'::timestamp
select '1 day 2 day'::date
select '1 day 2 day'::time
select 'infinity ago'::timestamptz
select 'infinity'::interval
select 'infinity'::time
select '@ 1 minute'::interval
select '@ 1 minute'::date
select '1:2:3'::date
select '1:2:3'::interval
select '1:2'::interval
select '1'::timestamp
select '1 2:3'::interval
select '1 2:3'::date
select '9223372036854775807 us'::date
select '9223372036854775807 us'::timestamp
select '9223372036854775808 us'::date
select '9223372036854775808 us'::time
select '2147483647 mons'::time
select '2147483647 mons'::interval
select '2147483648 mons'::timestamp
select '178956970 years 8 months'::interval
select ''::date
select '  '::time
select '  '::timestamp
select ' 2024-01-01 '::timestamp
select ' 2024-01-01 '::date
select '2024-01-01x'::time
select '2024-01-01x'::date
select '2024-01-01 10:00 foo'::date
select '2024-01-01 10:00 foo'::time
select '2024-01-01 10:00 Foo/Bar'::timestamp
select '2024-01-01 10:00 Foo/Bar'::timetz
select '2024-01-01T'::timestamp
select '2024-01-01T'::date
select 'T10:11'::date
select 'T10:11'::timestamp
select 't101112'::interval
select 't101112'::timestamp
select '10'::timestamptz
select '10'::time
select '1011'::time
select '1011'::date
select '101112'::timestamp
select '10:'::date
select '10:'::timestamptz
select '10:11:'::interval
select '10:11:'::timestamp
select '2024-01-01 24:00'::timestamp
select '2024-01-01 24:00'::time
select 'y2001m02d03'::timestamp
select '2024-W01'::date
select '2024-W01'::interval
select '2024-01-01 BC'::date
select '2024-01-01 BC'::time
select '0000-01-01'::timestamp
select '0000-01-01'::time
select '0001-01-01 BC'::interval
select '0001-01-01 BC'::timestamptz
select 'é'::timestamptz
select '2024‐01'::time
select '1997-02-10 17:32:01-07:00:00'::timestamptz
select '1997-02-10 17:32:01-07:00:00'::timetz
select 'Feb 10 17:32:01 1997 PST'::date
select 'Feb 10 17:32:01 1997 PST'::time
select '01:02:03.123456789'::interval
select '01:02:03.123456789'::timestamptz
select '2024-1'::timetz
select '2024-1'::timestamptz
select '1e5 days'::timestamptz
select '1e5 days'::date
select 'P1.5e1D'::timestamp
select 'P1.5e1D'::date
select '1 century'::interval
select '1 microsecond'::time
select '3 milliseconds'::timestamp
select '3 milliseconds'::interval
select '1 quarter'::time
select '1 timezone'::time
select '1 dow'::interval
select '1 dow'::time
select '2 y 3 d'::interval
select '1y2d'::interval
select '1y2d'::timestamp
select '1.'::timestamp
select '.5'::interval
select '.5'::timestamptz
select '+.5 days'::timestamptz
select '-.5 days'::timestamp
select '-.5 days'::interval
select '- 1 day'::time
select '- 1 day'::timestamptz
select '-1-2'::timetz
select '-1-2'::timestamp
select '+1-2'::date
select '+1-2'::timetz
select '1-12'::timestamp
select '1-12'::interval
select 'P'::time
select 'PT'::interval
select 'PT'::timestamptz
select 'P1'::interval
select 'P1'::timestamptz
select 'P12345678'::time
select 'P12345678'::interval
select 'P12345678T123456'::interval
select 'P12345678T123456'::time
select 'P1-2'::timestamp
select 'P1-2'::date
select 'P-1-2-3T-4:5:6'::timetz
select 'P-1-2-3T-4:5:6'::interval
select '2147483647 days 2147483647 days'::interval
select '2147483647 days 2147483647 days'::timestamp
select '2562047788:00:54.775807'::date
select '2562047788:00:54.775808'::interval
select '2562047788:00:54.775808'::date
select '-2562047788:00:54.775808'::timestamptz
select '-2562047788:00:54.775808'::timestamp
select '2 hours 3'::timestamp
select '2 hours 3'::date
select '1 year 2147483640 months'::timestamptz
select '1 year 2147483640 months'::timestamp
select '10:20 1 day'::time
select '10:20 1 day'::interval
select '1 month 1 hour 1 us'::date
set timezone='America/Los_Angeles'
set datestyle='Postgres, DMY'
set intervalstyle='postgres_verbose'
select '24:00:00'::interval
select '24:00:00'::timestamp
select '24:00:00.01'::interval
select '23:59:60'::timestamptz
select '23:59:60'::interval
select '23:59:60.5'::interval
select '23:59:60.5'::timestamptz
select '2024-02-30'::date
select '2024-02-30'::timetz
select '2024-13-01'::interval
select '2024-13-01'::date
select '00-01-01'::timetz
select '00-01-01'::interval
select '2024-1-1 25:00'::timestamp
select '2024-1-1 25:00'::time
select 'J2451545'::date
select 'J2451545'::timestamp
select 'J2451545.5'::timestamptz
select 'J2451545.5'::time
select 'julian 2451545'::interval
select 'julian 2451545'::date
select '20240101'::interval
select '20240101'::timestamptz
select '20240101T101112'::time
select '20240101T101112'::timestamp
select '20240101T101112.5-05'::time
select '20240101T101112.5-05'::date
select '2024-01-01T10:11:12Z'::date
select '2024-01-01T10:11:12Z'::timetz
select '2024-01-01 10:11:12 EST'::date
select '2024-01-01 10:11:12 EST'::interval
select '2024-07-01 10:11:12 EDT'::timestamptz
select '2024-07-01 10:11:12 EDT'::interval
select '2024-07-01 10:11:12 America/New_York'::time
select '2024-07-01 10:11:12 America/New_York'::date
select '99-12-31'::date
select '99-12-31'::interval
select '1/2/3'::timestamp
select '1/2/3'::timestamptz
select '13/1/2024'::date
select '2024.045'::interval
select '2024.045'::date
select 'Jan 1 2024'::time
select '1 Jan 24'::time
select '1 Jan 24'::interval
select 'Monday January 5 2024'::timestamp
select 'epoch'::interval
select 'epoch'::date
select 'infinity'::interval
select '-infinity'::date
select '-infinity'::interval
select '+infinity'::time
select 'allballs'::timestamp
select 'allballs'::date
select 'noon'::interval
select '294276-12-31 23:59:59.999999'::interval
select '294276-12-31 23:59:59.999999'::date
select '294277-01-01'::date
select '294277-01-01'::interval
select '4714-11-24 BC'::timestamp
select '4714-11-24 BC'::interval
select '4714-11-23 BC'::time
select '4714-11-23 BC'::timetz
select '5874897-12-31'::time
select '5874897-12-31'::timestamptz
select '5874898-01-01'::time
select '5874898-01-01'::timetz
select '2024-01-01 10:00+16'::timetz
select '2024-01-01 10:00+16'::timestamptz
select '2024-01-01 10:00+15:59:59'::time
select '2024-01-01 10:00+15:59:59'::date
select '2024-01-01 10:00 +5'::timetz
select '2024-01-01 10:00 +5'::timestamptz
select '2024-01-01 10:00 MSK'::timestamp
select '2024-01-01 10:00 MSK'::timestamptz
select '2011-03-27 10:00 MSK'::date
select '2011-03-27 10:00 MSK'::timetz
select '2024-01-01 10:00 LMT'::timetz
select '2024-01-01 10:00 LMT'::date
select '2024-01-01 10:00 zulu'::timestamp
select '2024-01-01 10:00 zulu'::interval
select '2024-01-01 10:00 MET DST'::interval
select '2024-01-01 10:00 MET DST'::date
select '2024-03-10 02:30'::timestamptz
select '2024-03-10 02:30'::timetz
select '2024-11-03 01:30'::timestamptz
select '2024-11-03 01:30'::timestamp
select '0044-03-15 BC'::timestamp
select '0044-03-15 BC'::interval
select '10:11 am'::date
select '10:11 am'::timestamptz
select '12:00 am'::timestamptz
select '12:00 am'::date
select '12:00 pm'::timestamptz
select '13:00 pm'::interval
select '13:00 pm'::timestamptz
select '2024-01-01 10:11:12.9999999'::time
select '2024-01-01 10:11:12.9999999'::timestamptz
select '1 day'::interval
select '1 day'::timestamp
select '1 mon -1 day'::time
select '1 mon -1 day'::timetz
select 'P1Y2M'::time
select 'P1Y2M'::timestamp
select 'PT1.5S'::time
select 'P0001-02-03T04:05:06'::time
select 'P0001-02-03T04:05:06'::date
select '-1 12:00'::time
select '-1 12:00'::timetz
select '1-2'::timestamp
select '1-2'::interval
select '1-2 3 4:05:06'::date
select '1-2 3 4:05:06'::timestamptz
select '1.5 years'::date
select '1.5 years'::interval
select '1.5 months'::interval
select '0.5 w'::timestamp
select '0.5 w'::time
select '1 day ago'::timestamp
select 'ago 1 day'::date
select 'ago 1 day'::timestamptz
select '1 day 2 day'::time
select '1 day 2 day'::interval
select 'infinity ago'::time
select 'infinity ago'::interval
select 'infinity'::date
select 'infinity'::timestamp
select '@ 1 minute'::time
select '1:2:3'::timestamp
select '1:2'::date
select '1'::timestamptz
select '1'::interval
select '1 2:3'::timestamptz
select '1 2:3'::interval
select '9223372036854775807 us'::timestamptz
select '9223372036854775807 us'::interval
select '9223372036854775808 us'::date
select '2147483647 mons'::time
select '2147483647 mons'::date
select '2147483648 mons'::timestamptz
select '178956970 years 8 months'::timestamp
select '178956970 years 8 months'::timestamptz
select ''::interval
select ''::date
select '  '::interval
select ' 2024-01-01 '::date
select ' 2024-01-01 '::timestamp
select '2024-01-01x'::timetz
select '2024-01-01x'::timestamp
select '2024-01-01 10:00 foo'::date
select '2024-01-01 10:00 foo'::timestamp
select '2024-01-01 10:00 Foo/Bar'::time
select '2024-01-01 10:00 Foo/Bar'::timestamptz
select '2024-01-01T'::timestamptz
select '2024-01-01T'::interval
select 'T10:11'::time
select 't101112'::interval
select 't101112'::date
select '10'::timestamp
select '10'::interval
select '1011'::timestamptz
select '1011'::time
select '101112'::interval
select '101112'::timestamptz
select '10:'::time
select '10:11:'::time
select '2024-01-01 24:00'::date
select '2024-01-01 24:00'::timestamp
select 'y2001m02d03'::interval
select 'y2001m02d03'::timestamp
select '2024-W01'::timestamp
select '2024-01-01 BC'::date
select '2024-01-01 BC'::interval
select '0000-01-01'::timestamptz
select '0000-01-01'::date
select '0001-01-01 BC'::time
select '0001-01-01 BC'::timetz
select 'é'::date
select 'é'::timestamptz
select '2024‐01'::time
select '2024‐01'::interval
select '1997-02-10 17:32:01-07:00:00'::interval
select '1997-02-10 17:32:01-07:00:00'::time
select 'Feb 10 17:32:01 1997 PST'::timestamp
select 'Feb 10 17:32:01 1997 PST'::date
select '01:02:03.123456789'::timestamptz
select '2024-1'::date
select '2024-1'::interval
select '1e5 days'::timestamptz
select '1e5 days'::timestamp
select 'P1.5e1D'::timestamptz
select '1 century'::interval
select '1 century'::date
select '1 microsecond'::timestamptz
select '3 milliseconds'::time
select '3 milliseconds'::date
select '1 quarter'::timestamp
select '1 timezone'::interval
select '1 dow'::interval
select '2 y 3 d'::timestamp
select '2 y 3 d'::date
select '1y2d'::time
select '1.'::time
select '1.'::interval
select '.5'::time
select '.5'::timestamp
select '+.5 days'::timestamp
select '-.5 days'::timestamp
select '-.5 days'::time
select '- 1 day'::interval
select '- 1 day'::timestamp
select '-1-2'::date
select '-1-2'::time
select '+1-2'::interval
select '+1-2'::timestamptz
select '1-12'::date
select '1-12'::timetz
select 'P'::time
select 'P'::date
select 'PT'::timestamptz
select 'PT'::date
select 'P1'::timestamptz
select 'P1'::date
select 'P12345678'::interval
select 'P12345678'::timestamptz
select 'P12345678T123456'::time
select 'P1-2'::time
select 'P1-2'::timetz
select 'P-1-2-3T-4:5:6'::interval
select 'P-1-2-3T-4:5:6'::timestamptz
select '2147483647 days 2147483647 days'::timestamp
select '2562047788:00:54.775807'::time
select '2562047788:00:54.775807'::interval
select '2562047788:00:54.775808'::interval
select '2562047788:00:54.775808'::date
select '-2562047788:00:54.775808'::timetz
select '-2562047788:00:54.775808'::timestamp
select '2 hours 3'::date
select '2 hours 3'::timestamptz
select '1 year 2147483640 months'::timestamptz
select '10:20 1 day'::time
select '10:20 1 day'::timestamptz
select '1 month 1 hour 1 us'::interval
select '1 month 1 hour 1 us'::timestamp
set timezone='Europe/Berlin'
set datestyle='SQL, YMD'
set intervalstyle='sql_standard'
select '24:00:00'::timestamptz
select '24:00:00.01'::timestamp
select '24:00:00.01'::timestamptz
select '23:59:60'::timestamp
select '23:59:60.5'::interval
select '2024-02-30'::time
select '2024-02-30'::date
select '2024-13-01'::timestamp
select '2024-13-01'::time
select '00-01-01'::date
select '00-01-01'::time
select '2024-1-1 25:00'::date
select '2024-1-1 25:00'::interval
select 'J2451545'::time
select 'J2451545'::timestamptz
select 'J2451545.5'::timestamptz
select 'julian 2451545'::date
select 'julian 2451545'::timestamp
select '20240101'::interval
select '20240101T101112'::date
select '20240101T101112.5-05'::timetz
select '20240101T101112.5-05'::time
select '2024-01-01T10:11:12Z'::timestamp
select '2024-01-01T10:11:12Z'::timestamptz
select '2024-01-01 10:11:12 EST'::timestamptz
select '2024-01-01 10:11:12 EST'::time
select '2024-07-01 10:11:12 EDT'::date
select '2024-07-01 10:11:12 EDT'::timetz
select '2024-07-01 10:11:12 America/New_York'::time
select '2024-07-01 10:11:12 America/New_York'::timetz
select '99-12-31'::timestamp
select '99-12-31'::time
select '1/2/3'::timestamp
select '13/1/2024'::timestamptz
select '13/1/2024'::date
select '2024.045'::timestamp
select 'Jan 1 2024'::timestamptz
select '1 Jan 24'::timestamptz
select '1 Jan 24'::time
select 'Monday January 5 2024'::interval
select 'Monday January 5 2024'::timestamp
select 'epoch'::timestamptz
select 'infinity'::timestamp
select '-infinity'::date
select '-infinity'::timestamptz
select '+infinity'::time
select '+infinity'::date
select 'allballs'::time
select 'noon'::timestamptz
select 'noon'::timestamp
select '294276-12-31 23:59:59.999999'::date
select '294276-12-31 23:59:59.999999'::timestamp
select '294277-01-01'::date
select '294277-01-01'::timestamp
select '4714-11-24 BC'::time
select '4714-11-24 BC'::interval
select '4714-11-23 BC'::interval
select '4714-11-23 BC'::timetz
select '5874897-12-31'::interval
select '5874897-12-31'::timetz
select '5874898-01-01'::timetz
select '5874898-01-01'::time
select '2024-01-01 10:00+16'::interval
select '2024-01-01 10:00+16'::timestamp
select '2024-01-01 10:00+15:59:59'::date
select '2024-01-01 10:00+15:59:59'::timestamp
select '2024-01-01 10:00 +5'::date
select '2024-01-01 10:00 +5'::timestamp
select '2024-01-01 10:00 MSK'::time
select '2024-01-01 10:00 MSK'::date
select '2011-03-27 10:00 MSK'::timestamptz
select '2011-03-27 10:00 MSK'::interval
select '2024-01-01 10:00 LMT'::date
select '2024-01-01 10:00 LMT'::timestamptz
select '2024-01-01 10:00 zulu'::date
select '2024-01-01 10:00 zulu'::timetz
select '2024-01-01 10:00 MET DST'::interval
select '2024-01-01 10:00 MET DST'::date
select '2024-03-10 02:30'::timestamp
select '2024-03-10 02:30'::timestamptz
select '2024-11-03 01:30'::timetz
select '2024-11-03 01:30'::timestamptz
select '0044-03-15 BC'::timestamptz
select '0044-03-15 BC'::timetz
select '10:11 am'::time
select '12:00 am'::interval
select '12:00 pm'::interval
select '13:00 pm'::date
select '13:00 pm'::timestamptz
select '2024-01-01 10:11:12.9999999'::timestamp
select '2024-01-01 10:11:12.9999999'::timestamptz
select '1 day'::timestamptz
select '1 day'::timestamp
select '1 mon -1 day'::time
select '1 mon -1 day'::timetz
select 'P1Y2M'::timestamptz
select 'P1Y2M'::date
select 'PT1.5S'::timestamptz
select 'P0001-02-03T04:05:06'::timetz
select 'P0001-02-03T04:05:06'::date
select '-1 12:00'::timestamptz
select '-1 12:00'::timetz
select '1-2'::date
select '1-2'::timetz
select '1-2 3 4:05:06'::date
select '1-2 3 4:05:06'::timestamptz
select '1.5 years'::date
select '1.5 years'::time
select '1.5 months'::date
select '1.5 months'::time
select '0.5 w'::timestamp
select '0.5 w'::date
select '1 day ago'::date
select '1 day ago'::timestamptz
select 'ago 1 day'::interval
select 'ago 1 day'::timestamp
select '1 day 2 day'::time
select '1 day 2 day'::interval
select 'infinity ago'::time
select 'infinity ago'::timestamptz
select 'infinity'::date
select 'infinity'::time
select '@ 1 minute'::date
select '@ 1 minute'::interval
select '1:2:3'::timestamptz
select '1:2:3'::date
select '1:2'::timestamptz
select '1:2'::time
select '1'::date
select '1'::interval
select '1 2:3'::date
select '1 2:3'::time
select '9223372036854775807 us'::timestamptz
select '9223372036854775807 us'::interval
select '9223372036854775808 us'::interval
select '9223372036854775808 us'::date
select '2147483647 mons'::interval
select '2147483647 mons'::time
select '2147483648 mons'::timestamptz
select '2147483648 mons'::interval
select '178956970 years 8 months'::timestamptz
select ''::time
select '  '::date
select '  '::time
select ' 2024-01-01 '::timestamp
select ' 2024-01-01 '::timestamptz
select '2024-01-01x'::time
select '2024-01-01x'::timestamptz
select '2024-01-01 10:00 foo'::date
select '2024-01-01 10:00 foo'::timestamptz
select '2024-01-01 10:00 Foo/Bar'::timetz
select '2024-01-01 10:00 Foo/Bar'::interval
select '2024-01-01T'::interval
select '2024-01-01T'::timestamp
select 'T10:11'::timestamp
select 't101112'::timestamptz
select '10'::interval
select '10'::timestamp
select '1011'::interval
select '1011'::timestamptz
select '101112'::interval
select '10:'::timestamp
select '10:'::date
select '10:11:'::time
select '10:11:'::timestamp
select '2024-01-01 24:00'::interval
select '2024-01-01 24:00'::timestamptz
select 'y2001m02d03'::timestamptz
select '2024-W01'::timestamp
select '2024-W01'::time
select '2024-01-01 BC'::timestamptz
select '2024-01-01 BC'::timetz
select '0000-01-01'::time
select '0000-01-01'::date
select '0001-01-01 BC'::time
select '0001-01-01 BC'::timestamptz
select 'é'::timestamp
select '2024‐01'::timestamp
select '1997-02-10 17:32:01-07:00:00'::timetz
select '1997-02-10 17:32:01-07:00:00'::time
select 'Feb 10 17:32:01 1997 PST'::timestamptz
select 'Feb 10 17:32:01 1997 PST'::time
select '01:02:03.123456789'::date
select '01:02:03.123456789'::time
select '2024-1'::time
select '2024-1'::timestamptz
select '1e5 days'::timestamptz
select '1e5 days'::time
select 'P1.5e1D'::timestamp
select 'P1.5e1D'::timestamptz
select '1 century'::timestamp
select '1 century'::date
select '1 microsecond'::timestamptz
select '3 milliseconds'::timestamptz
select '3 milliseconds'::interval
select '1 quarter'::interval
select '1 timezone'::date
select '1 timezone'::interval
select '1 dow'::time
select '1 dow'::timestamp
select '2 y 3 d'::timestamptz
select '2 y 3 d'::date
select '1y2d'::date
select '1y2d'::timestamp
select '1.'::time
select '.5'::time
select '.5'::date
select '+.5 days'::timestamp
select '+.5 days'::time
select '-.5 days'::timestamptz
select '-.5 days'::time
select '- 1 day'::time
select '- 1 day'::date
select '-1-2'::interval
select '-1-2'::timestamptz
select '+1-2'::time
select '+1-2'::date
select '1-12'::timestamp
select '1-12'::time
select 'P'::date
select 'P'::time
select 'PT'::date
select 'PT'::interval
select 'P1'::interval
select 'P1'::timestamp
select 'P12345678'::timestamptz
select 'P12345678'::timestamp
select 'P12345678T123456'::interval
select 'P12345678T123456'::timestamptz
select 'P1-2'::time
select 'P1-2'::timestamp
select 'P-1-2-3T-4:5:6'::timetz
select 'P-1-2-3T-4:5:6'::date
select '2147483647 days 2147483647 days'::timestamptz
select '2147483647 days 2147483647 days'::time
select '2562047788:00:54.775807'::timestamptz
select '2562047788:00:54.775808'::timestamptz
select '2562047788:00:54.775808'::date
select '-2562047788:00:54.775808'::interval
select '-2562047788:00:54.775808'::date
select '2 hours 3'::time
select '1 year 2147483640 months'::timestamp
select '1 year 2147483640 months'::interval
select '10:20 1 day'::timestamptz
select '1 month 1 hour 1 us'::time
select '1 month 1 hour 1 us'::interval
set timezone='Asia/Kolkata'
set datestyle='German'
set intervalstyle='iso_8601'
select '24:00:00'::time
select '24:00:00'::interval
select '24:00:00.01'::interval
select '23:59:60'::time
select '23:59:60'::timestamp
select '23:59:60.5'::timestamp
select '2024-02-30'::timestamp
select '2024-02-30'::date
select '2024-13-01'::timestamp
select '2024-13-01'::timetz
select '00-01-01'::interval
select '00-01-01'::time
select '2024-1-1 25:00'::timetz
select '2024-1-1 25:00'::timestamp
select 'J2451545'::date
select 'J2451545'::timestamptz
select 'J2451545.5'::timestamp
select 'J2451545.5'::time
select 'julian 2451545'::date
select 'julian 2451545'::timestamp
select '20240101'::timestamp
select '20240101'::interval
select '20240101T101112'::timestamptz
select '20240101T101112.5-05'::timestamptz
select '20240101T101112.5-05'::timestamp
select '2024-01-01T10:11:12Z'::date
select '2024-01-01T10:11:12Z'::time
select '2024-01-01 10:11:12 EST'::timetz
select '2024-01-01 10:11:12 EST'::timestamp
select '2024-07-01 10:11:12 EDT'::interval
select '2024-07-01 10:11:12 EDT'::timetz
select '2024-07-01 10:11:12 America/New_York'::timestamptz
select '2024-07-01 10:11:12 America/New_York'::timetz
select '99-12-31'::time
select '99-12-31'::timestamp
select '1/2/3'::date
select '13/1/2024'::time
select '13/1/2024'::timestamptz
select '2024.045'::interval
select 'Jan 1 2024'::date
select 'Jan 1 2024'::timestamptz
select '1 Jan 24'::interval
select 'Monday January 5 2024'::interval
select 'Monday January 5 2024'::date
select 'epoch'::timestamptz
select 'infinity'::timestamptz
select '-infinity'::interval
select '-infinity'::timestamptz
select '+infinity'::time
select 'allballs'::date
select 'allballs'::interval
select 'noon'::timestamptz
select 'noon'::timestamp
select '294276-12-31 23:59:59.999999'::interval
select '294276-12-31 23:59:59.999999'::timestamp
select '294277-01-01'::date
select '294277-01-01'::timestamptz
select '4714-11-24 BC'::date
select '4714-11-24 BC'::interval
select '4714-11-23 BC'::date
select '4714-11-23 BC'::timestamp
select '5874897-12-31'::date
select '5874897-12-31'::time
select '5874898-01-01'::timestamptz
select '5874898-01-01'::timestamp
select '2024-01-01 10:00+16'::timestamptz
select '2024-01-01 10:00+16'::date
select '2024-01-01 10:00+15:59:59'::timestamptz
select '2024-01-01 10:00+15:59:59'::interval
select '2024-01-01 10:00 +5'::interval
select '2024-01-01 10:00 +5'::timetz
select '2024-01-01 10:00 MSK'::timestamptz
select '2024-01-01 10:00 MSK'::date
select '2011-03-27 10:00 MSK'::date
select '2011-03-27 10:00 MSK'::timetz
select '2024-01-01 10:00 LMT'::time
select '2024-01-01 10:00 LMT'::interval
select '2024-01-01 10:00 zulu'::timestamptz
select '2024-01-01 10:00 zulu'::time
select '2024-01-01 10:00 MET DST'::timestamptz
select '2024-01-01 10:00 MET DST'::time
select '2024-03-10 02:30'::date
select '2024-03-10 02:30'::time
select '2024-11-03 01:30'::interval
select '2024-11-03 01:30'::timestamptz
select '0044-03-15 BC'::timestamptz
select '0044-03-15 BC'::interval
select '10:11 am'::time
select '10:11 am'::timestamptz
select '12:00 am'::timestamptz
select '12:00 am'::interval
select '12:00 pm'::timestamptz
select '12:00 pm'::timestamp
select '13:00 pm'::date
select '2024-01-01 10:11:12.9999999'::timestamptz
select '2024-01-01 10:11:12.9999999'::interval
select '1 day'::time
select '1 day'::timestamptz
select '1 mon -1 day'::timetz
select '1 mon -1 day'::date
select 'P1Y2M'::time
select 'P1Y2M'::date
select 'PT1.5S'::date
select 'PT1.5S'::time
select 'P0001-02-03T04:05:06'::timetz
select 'P0001-02-03T04:05:06'::date
select '-1 12:00'::timetz
select '-1 12:00'::time
select '1-2'::timetz
select '1-2'::interval
select '1-2 3 4:05:06'::timestamptz
select '1-2 3 4:05:06'::date
select '1.5 years'::interval
select '1.5 years'::timestamptz
select '1.5 months'::timestamptz
select '0.5 w'::time
select '1 day ago'::timestamp
select 'ago 1 day'::time
select 'ago 1 day'::timestamp
select '1 day 2 day'::timestamptz
select '1 day 2 day'::date
select 'infinity ago'::time
select 'infinity ago'::interval
select 'infinity'::timestamptz
select 'infinity'::interval
select '@ 1 minute'::time
select '@ 1 minute'::interval
select '1:2:3'::time
select '1:2:3'::date
select '1:2'::date
select '1'::timestamptz
select '1'::date
select '1 2:3'::date
select '1 2:3'::timestamp
select '9223372036854775807 us'::date
select '9223372036854775807 us'::interval
select '9223372036854775808 us'::timestamptz
select '9223372036854775808 us'::date
select '2147483647 mons'::time
select '2147483647 mons'::interval
select '2147483648 mons'::date
select '178956970 years 8 months'::time
select '178956970 years 8 months'::timestamp
select ''::time
select ''::timestamptz
select '  '::date
select '  '::timestamptz
select ' 2024-01-01 '::timetz
select ' 2024-01-01 '::timestamp
select '2024-01-01x'::time
select '2024-01-01x'::date
select '2024-01-01 10:00 foo'::time
select '2024-01-01 10:00 foo'::date
select '2024-01-01 10:00 Foo/Bar'::time
select '2024-01-01 10:00 Foo/Bar'::timestamp
select '2024-01-01T'::timestamptz
select '2024-01-01T'::timestamp
select 'T10:11'::date
select 'T10:11'::interval
select 't101112'::interval
select '10'::time
select '10'::date
select '1011'::time
select '1011'::timestamptz
select '101112'::time
select '101112'::timestamp
select '10:'::date
select '10:11:'::interval
select '10:11:'::timestamp
select '2024-01-01 24:00'::time
select '2024-01-01 24:00'::timestamp
select 'y2001m02d03'::timestamp
select '2024-W01'::timestamptz
select '2024-01-01 BC'::timestamp
select '2024-01-01 BC'::interval
select '0000-01-01'::timestamptz
select '0000-01-01'::timestamp
select '0001-01-01 BC'::timestamp
select '0001-01-01 BC'::timestamptz
select 'é'::time
select 'é'::interval
select '2024‐01'::interval
select '1997-02-10 17:32:01-07:00:00'::timetz
select '1997-02-10 17:32:01-07:00:00'::timestamp
select 'Feb 10 17:32:01 1997 PST'::timestamp
select '01:02:03.123456789'::timestamptz
select '01:02:03.123456789'::date
select '2024-1'::timestamptz
select '2024-1'::time
select '1e5 days'::interval
select 'P1.5e1D'::interval
select 'P1.5e1D'::timestamp
select '1 century'::interval
select '1 century'::time
select '1 microsecond'::timestamp
select '1 microsecond'::time
select '3 milliseconds'::timestamptz
select '1 quarter'::interval
select '1 timezone'::timestamptz
select '1 timezone'::interval
select '1 dow'::timestamptz
select '1 dow'::interval
select '2 y 3 d'::time
select '1y2d'::timestamp
select '1y2d'::timestamptz
select '1.'::interval
select '1.'::time
select '.5'::time
select '.5'::timestamptz
select '+.5 days'::timestamp
select '+.5 days'::time
select '-.5 days'::date
select '- 1 day'::time
select '- 1 day'::interval
select '-1-2'::timestamptz
select '-1-2'::interval
select '+1-2'::date
select '+1-2'::time
select '1-12'::timetz
select '1-12'::timestamp
select 'P'::date
select 'P'::timestamp
select 'PT'::interval
select 'PT'::timestamp
select 'P1'::interval
select 'P1'::date
select 'P12345678'::time
select 'P12345678'::date
select 'P12345678T123456'::interval
select 'P12345678T123456'::time
select 'P1-2'::interval
select 'P1-2'::date
select 'P-1-2-3T-4:5:6'::time
select 'P-1-2-3T-4:5:6'::timetz
select '2147483647 days 2147483647 days'::interval
select '2562047788:00:54.775807'::date
select '2562047788:00:54.775807'::interval
select '2562047788:00:54.775808'::time
select '2562047788:00:54.775808'::interval
select '-2562047788:00:54.775808'::interval
select '-2562047788:00:54.775808'::timestamp
select '2 hours 3'::interval
select '1 year 2147483640 months'::timestamptz
select '1 year 2147483640 months'::timestamp
select '10:20 1 day'::date
select '10:20 1 day'::timestamptz
select '1 month 1 hour 1 us'::timestamp
