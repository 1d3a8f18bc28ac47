"""The built-in rows of pg_authid, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'rolname', 'rolsuper', 'rolinherit', 'rolcreaterole', 'rolcreatedb', 'rolcanlogin', 'rolreplication', 'rolbypassrls', 'rolconnlimit', 'rolpassword', 'rolvaliduntil')
ROWS = r"""
[10,"postgres",true,true,true,true,true,true,true,-1,null,null]
[3373,"pg_monitor",false,true,false,false,false,false,false,-1,null,null]
[3374,"pg_read_all_settings",false,true,false,false,false,false,false,-1,null,null]
[3375,"pg_read_all_stats",false,true,false,false,false,false,false,-1,null,null]
[3377,"pg_stat_scan_tables",false,true,false,false,false,false,false,-1,null,null]
[4200,"pg_signal_backend",false,true,false,false,false,false,false,-1,null,null]
[4544,"pg_checkpoint",false,true,false,false,false,false,false,-1,null,null]
[4550,"pg_use_reserved_connections",false,true,false,false,false,false,false,-1,null,null]
[4569,"pg_read_server_files",false,true,false,false,false,false,false,-1,null,null]
[4570,"pg_write_server_files",false,true,false,false,false,false,false,-1,null,null]
[4571,"pg_execute_server_program",false,true,false,false,false,false,false,-1,null,null]
[6171,"pg_database_owner",false,true,false,false,false,false,false,-1,null,null]
[6181,"pg_read_all_data",false,true,false,false,false,false,false,-1,null,null]
[6182,"pg_write_all_data",false,true,false,false,false,false,false,-1,null,null]
[6304,"pg_create_subscription",false,true,false,false,false,false,false,-1,null,null]
[6337,"pg_maintain",false,true,false,false,false,false,false,-1,null,null]
[6392,"pg_signal_autovacuum_worker",false,true,false,false,false,false,false,-1,null,null]
"""
