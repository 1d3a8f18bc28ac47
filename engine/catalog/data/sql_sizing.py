"""The built-in rows of sql_sizing, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('sizing_id', 'sizing_name', 'supported_value', 'comments')
ROWS = r"""
[0,"MAXIMUM DRIVER CONNECTIONS",null,null]
[1,"MAXIMUM CONCURRENT ACTIVITIES",0,null]
[30,"MAXIMUM COLUMN NAME LENGTH",63,"Might be less, depending on character set."]
[31,"MAXIMUM CURSOR NAME LENGTH",63,"Might be less, depending on character set."]
[32,"MAXIMUM SCHEMA NAME LENGTH",63,"Might be less, depending on character set."]
[34,"MAXIMUM CATALOG NAME LENGTH",63,"Might be less, depending on character set."]
[35,"MAXIMUM TABLE NAME LENGTH",63,"Might be less, depending on character set."]
[97,"MAXIMUM COLUMNS IN GROUP BY",0,null]
[99,"MAXIMUM COLUMNS IN ORDER BY",0,null]
[100,"MAXIMUM COLUMNS IN SELECT",1664,null]
[101,"MAXIMUM COLUMNS IN TABLE",1600,null]
[106,"MAXIMUM TABLES IN SELECT",0,null]
[107,"MAXIMUM USER NAME LENGTH",63,"Might be less, depending on character set."]
[10005,"MAXIMUM IDENTIFIER LENGTH",63,"Might be less, depending on character set."]
[20000,"MAXIMUM STATEMENT OCTETS",0,null]
[20001,"MAXIMUM STATEMENT OCTETS DATA",0,null]
[20002,"MAXIMUM STATEMENT OCTETS SCHEMA",0,null]
[25000,"MAXIMUM CURRENT DEFAULT TRANSFORM GROUP LENGTH",null,null]
[25001,"MAXIMUM CURRENT TRANSFORM GROUP LENGTH",null,null]
[25002,"MAXIMUM CURRENT PATH LENGTH",0,null]
[25003,"MAXIMUM CURRENT ROLE LENGTH",null,null]
[25004,"MAXIMUM SESSION USER LENGTH",63,"Might be less, depending on character set."]
[25005,"MAXIMUM SYSTEM USER LENGTH",63,"Might be less, depending on character set."]
"""
