select '10/8'::inet, '10.1.2.3'::inet, '10.1.2.3/24'::inet, '10'::cidr, '10.1'::cidr, '192.168.1'::cidr, '192.168.1/24'::cidr, '::1'::inet, '::ffff:1.2.3.4'::inet, 'fe80::1/64'::inet, '2001:db8::/32'::cidr, '::'::inet, '224'::cidr, '240.1'::cidr, '128'::cidr
select '10'::inet
select '10.1.2.3/33'::inet
select '10.1.2.3/24'::cidr
select '1.2.3.256'::inet
select ''::inet
select 'x'::cidr
select abbrev('10.1.0.0/16'::inet), abbrev('10.1.0.0/16'::cidr), abbrev('10.0.0.0/8'::cidr), abbrev('2001:db8::/32'::cidr), abbrev('10.1.2.3'::inet), abbrev('0.0.0.0/0'::cidr), abbrev('10.1.128.0/17'::cidr),  abbrev('::1/128'::cidr), abbrev('2001:db8::1/64'::inet)
select broadcast('192.168.1.5/24'::inet), host('192.168.1.5/24'::inet), hostmask('192.168.23.20/30'::inet), masklen('192.168.1.5/24'), netmask('192.168.1.5/24'), network('192.168.1.5/24'), set_masklen('192.168.1.5/24'::inet,16), set_masklen('192.168.1.5/32'::cidr,16), text('192.168.1.5'::inet), family('::1'), inet_same_family('::1','1.1.1.1'), inet_merge('192.168.1.5/24','192.168.2.5/24')
select inet_merge('::1','1.1.1.1')
select set_masklen('192.168.1.5/24'::inet,33)
select ~'192.168.1.6'::inet, '192.168.1.6'::inet & '0.0.0.255', '192.168.1.6'::inet | '0.0.0.255', '192.168.1.6'::inet + 25, '192.168.1.43'::inet - 36, '192.168.1.43'::inet - '192.168.1.19'::inet
select '1.1.1.1'::inet & '::1'
select '255.255.255.255'::inet + 1
select '::1'::inet - '1.1.1.1'
select 'ffff::'::inet - '::1'
select '10.0.0.0/8'::inet << '10.0.0.0/7', '10.1.2.3'::inet <<= '10.0.0.0/8', '10.0.0.0/8'::inet >> '10.1.1.1', '10.0.0.0/8'::inet && '10.1.0.0/16', '10.0.0.1/8'::inet = '10.0.0.1/8', '10.1.0.0/16'::inet < '10.128.0.0/8', '::1'::inet > '1.1.1.1'
select hashinet('10.1.2.3/24'), hashinet('::1'), inet_send('10.1.2.3/24'), cidr_send('10.0.0.0/8'), '10.1.2.3/24'::inet::cidr, cidr('10.1.2.3/24'::inet), max(x) from (values ('1.1.1.1'::inet)) t(x)
select '08:00:2b:01:02:03'::macaddr, '08002b:010203'::macaddr, '08002b010203'::macaddr, '0800.2b01.0203'::macaddr, '08-00-2b-01-02-03'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8, '08:00:2b:01:02:03'::macaddr8, trunc('08:00:2b:01:02:03'::macaddr), '0800-2b01-0203'::macaddr, macaddr8_set7bit('00:34:56:ab:cd:ef'), '08002b-010203'::macaddr
select 'x'::macaddr
select '08:00:2b:01:02'::macaddr
select '08:00:2b:01:02:03:04'::macaddr8
select '08:00:2b:01:02:03:04:05'::macaddr8::macaddr
select '08:00:2b:ff:fe:05:04:05'::macaddr8::macaddr, '08:00:2b:01:02:03'::macaddr::macaddr8, ~'08:00:2b:01:02:03'::macaddr, '08:00:2b:01:02:03'::macaddr & 'ff:00:ff:00:ff:00', '08:00:2b:01:02:03'::macaddr | 'ff:00:ff:00:ff:00', hashmacaddr('08:00:2b:01:02:03'), hashmacaddr8('08:00:2b:01:02:03:04:05')
select 'zz:00:2b:01:02:03'::macaddr8
select x from (values ('10.0.0.1'::inet),('10.0.0.0/8'),('::1'),('9.1.1.1'),('10.0.0.0/16'),('10.0.0.1/8')) t(x) order by x
