"""What GavelDB has built in beyond PostgreSQL: the extension gaveldb with its schema and functions, and settings.

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
[9910,"fail_commits",9900,10,12,1.0,0.0,0,0,"f",false,false,false,false,"v","u",4,4,2278,[23,23,25,25],null,null,["count","after","kind","scope"],"sql:1, 0, NULL::text, 'session'::text",null,"gaveldb_fail_commits",null,null,null,null]
[9911,"fail_key",9900,10,12,1.0,0.0,2276,0,"f",false,false,true,false,"v","u",2,0,2278,[2205,2276],[2205,2276],["i","v"],["relation","key"],null,null,"gaveldb_fail_key",null,null,null,null]
[9912,"reset_faults",9900,10,12,1.0,0.0,0,0,"f",false,false,true,false,"v","u",0,0,2278,[],null,null,null,null,null,"gaveldb_reset_faults",null,null,null,null]
[9913,"faults",9900,10,12,1.0,10.0,0,0,"f",false,false,true,true,"v","u",0,0,2249,[],[25,25,25,23,23,701,23,2205,25],["o","o","o","o","o","o","o","o","o"],["scope","fault","kind","remaining","after","share","stall_ms","relation","key"],null,null,"gaveldb_faults",null,null,null,null]
[9914,"last_commit",9900,10,12,1.0,0.0,0,0,"f",false,false,true,false,"v","u",0,0,2249,[],[20,1184,23,23,20,701,701,701],["o","o","o","o","o","o","o","o"],["tau","committed_at","journal","group_size","group_bytes","lock_wait_ms","durable_ms","sync_ms"],null,null,"gaveldb_last_commit",null,null,null,null]
""",
    "pg_depend": r"""
[2615,9900,0,3079,9901,0,"e"]
[1255,9910,0,3079,9901,0,"e"]
[1255,9911,0,3079,9901,0,"e"]
[1255,9912,0,3079,9901,0,"e"]
[1255,9913,0,3079,9901,0,"e"]
[1255,9914,0,3079,9901,0,"e"]
""",
    "pg_init_privs": r"""
[9900,2615,0,"e",[[10,10,768],[0,10,256]]]
""",
    "pg_description": r"""
[9900,2615,0,"conflicts on purpose, and what became of commits"]
[9901,3079,0,"what GavelDB has beyond PostgreSQL"]
[9910,1255,0,"make the next commits that write fail, of this session or of all"]
[9911,1255,0,"make the next commit that writes the row with this primary key fail"]
[9912,1255,0,"forget all faults that functions have asked for"]
[9913,1255,0,"the faults that are asked for"]
[9914,1255,0,"what became of the session's last commit that wrote"]
""",
}
SETTINGS = r"""
["gaveldb.job_delay","0","ms","Customized Options","Sets how long asynchronous jobs of --dsql wait before they work.",null,"user","integer","0","2147483647",null,"0",[]]
["gaveldb.job_failure","off",null,"Customized Options","Makes asynchronous jobs of --dsql fail.",null,"user","bool",null,null,null,"off",[]]
["gaveldb.commit_failure_kind","40001",null,"Customized Options","Sets how commits fail that are made to.","The conflict or deadlock that the client is told of. OC000 and OC001 have the texts of Aurora DSQL; so has 40001 with --dsql.","user","enum",null,null,["40001","40P01","OC000","OC001"],"40001",[]]
["gaveldb.commit_failure_rate","0",null,"Customized Options","Sets the share of commits that are made to fail, of those that write.",null,"user","real","0","1",null,"0",[]]
["gaveldb.commit_stall","0","ms","Customized Options","Sets for how long commits that write are held up.","0 holds up none.","user","integer","0","2147483647",null,"0",[]]
["gaveldb.commit_stall_rate","1",null,"Customized Options","Sets the share of commits that are held up for gaveldb.commit_stall.",null,"user","real","0","1",null,"1",[]]
["gaveldb.fault_seed","0",null,"Customized Options","Sets the seed by which commits are chosen to fail or to stall.","SET begins the session's own sequence; sessions that have the seed from elsewhere share one.","user","integer","0","2147483647",null,"0",[]]
"""
