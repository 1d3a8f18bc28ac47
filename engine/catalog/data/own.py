"""What GavelDB has built in beyond PostgreSQL: the extension gaveldb with its schema and functions.

Rows as in the modules beside this one, by catalog. As members of an extension they are dumped by nobody:
pg_dump leaves the members of extensions out, and built-in extensions too. Their oids lie among those that
PostgreSQL keeps for its development (8000 to 9999), and so in no release.
"""

# ruff: noqa
# fmt: off
ROWS = {
    "pg_namespace": r"""
[9900,"gaveldb",10,[[10,10,768],[0,10,256]]]
""",
    "pg_extension": r"""
[9901,"gaveldb",10,11,false,"1.0",null,null]
""",
    "pg_proc": r"""
[9914,"last_commit",9900,10,12,1.0,0.0,0,0,"f",false,false,true,false,"v","u",0,0,2249,[],[20,1184,23,23,20,701,701,701],["o","o","o","o","o","o","o","o"],["tau","committed_at","journal","group_size","group_bytes","lock_wait_ms","durable_ms","sync_ms"],null,null,"gaveldb_last_commit",null,null,null,null]
""",
    "pg_depend": r"""
[2615,9900,0,3079,9901,0,"e"]
[1255,9914,0,3079,9901,0,"e"]
""",
    "pg_description": r"""
[9900,2615,0,"what became of commits"]
[9901,3079,0,"what GavelDB has beyond PostgreSQL"]
[9914,1255,0,"what became of the session's last commit that wrote"]
""",
}
