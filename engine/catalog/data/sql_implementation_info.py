"""The built-in rows of sql_implementation_info, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('implementation_info_id', 'implementation_info_name', 'integer_value', 'character_value', 'comments')
ROWS = r"""
["10003","CATALOG NAME",null,"Y",null]
["10004","COLLATING SEQUENCE",null,"C",null]
["13","SERVER NAME",null,"",null]
["17","DBMS NAME",null,"PostgreSQL",null]
["18","DBMS VERSION",null,"18.04.0000",null]
["2","DATA SOURCE NAME",null,"",null]
["23","CURSOR COMMIT BEHAVIOR",1,null,"close cursors and retain prepared statements"]
["26","DEFAULT TRANSACTION ISOLATION",2,null,"READ COMMITTED; user-settable"]
["28","IDENTIFIER CASE",3,null,"stored in mixed case - case sensitive"]
["46","TRANSACTION CAPABLE",2,null,"both DML and DDL"]
["85","NULL COLLATION",0,null,"nulls higher than non-nulls"]
["94","SPECIAL CHARACTERS",null,"","all non-ASCII characters allowed"]
"""
