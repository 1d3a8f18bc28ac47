"""The built-in rows of pg_database, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('oid', 'datname', 'datdba', 'encoding', 'datlocprovider', 'datistemplate', 'datallowconn', 'dathasloginevt', 'datconnlimit', 'datfrozenxid', 'datminmxid', 'dattablespace', 'datcollate', 'datctype', 'datlocale', 'daticurules', 'datcollversion', 'datacl')
ROWS = r"""
[1,"template1",10,6,"c",true,true,false,-1,3,1,1663,"C","C",null,null,null,[[0,10,2048],[10,10,3584]]]
[4,"template0",10,6,"c",true,false,false,-1,3,1,1663,"C","C",null,null,null,[[0,10,2048],[10,10,3584]]]
[5,"postgres",10,6,"c",false,true,false,-1,3,1,1663,"C","C",null,null,null,null]
"""
