"""The built-in rows of pg_language, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'lanname', 'lanowner', 'lanispl', 'lanpltrusted', 'lanplcallfoid', 'laninline', 'lanvalidator', 'lanacl')
ROWS = r"""
[12,"internal",10,false,false,0,0,2246,null]
[13,"c",10,false,false,0,0,2247,null]
[14,"sql",10,false,true,0,0,2248,null]
[12775,"plpgsql",10,true,true,12772,12773,12774,null]
"""
