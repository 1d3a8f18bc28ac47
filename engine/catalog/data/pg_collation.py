"""The built-in rows of pg_collation, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'collname', 'collnamespace', 'collowner', 'collprovider', 'collisdeterministic', 'collencoding', 'collcollate', 'collctype', 'colllocale', 'collicurules', 'collversion')
ROWS = r"""
[100,"default",11,10,"d",true,-1,null,null,null,null,null]
[811,"pg_c_utf8",11,10,"b",true,6,null,null,"C.UTF-8",null,"1"]
[950,"C",11,10,"c",true,-1,"C","C",null,null,null]
[951,"POSIX",11,10,"c",true,-1,"POSIX","POSIX",null,null,null]
[962,"ucs_basic",11,10,"b",true,6,null,null,"C",null,"1"]
[963,"unicode",11,10,"i",true,-1,null,null,"und",null,null]
[6411,"pg_unicode_fast",11,10,"b",true,6,null,null,"PG_UNICODE_FAST",null,"1"]
[12359,"C.utf8",11,10,"c",true,6,"C.utf8","C.utf8",null,null,null]
"""
