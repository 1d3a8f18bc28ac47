"""The built-in rows of sql_parts, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""

# ruff: noqa
# fmt: off
COLUMNS = ('feature_id', 'feature_name', 'is_supported', 'is_verified_by', 'comments')
ROWS = r"""
["1","Framework (SQL/Framework)","NO",null,""]
["10","Object Language Bindings (SQL/OLB)","NO",null,""]
["11","Information and Definition Schema (SQL/Schemata)","NO",null,""]
["13","Routines and Types Using the Java Programming Language (SQL/JRT)","NO",null,""]
["14","XML-Related Specifications (SQL/XML)","NO",null,""]
["15","Multi-Dimensional Arrays (SQL/MDA)","NO",null,""]
["16","Property Graph Queries (SQL/PGQ)","NO",null,""]
["2","Foundation (SQL/Foundation)","NO",null,""]
["3","Call-Level Interface (SQL/CLI)","NO",null,""]
["4","Persistent Stored Modules (SQL/PSM)","NO",null,""]
["9","Management of External Data (SQL/MED)","NO",null,""]
"""
