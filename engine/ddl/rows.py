"""Rows of system catalogs with PostgreSQL's defaults for the columns that a command does not set."""

from typing import Any

# What a fresh object has in the columns that its command says nothing about.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "pg_class": dict(
        reloftype=0, relam=0, reltablespace=0, relpages=0, reltuples=-1.0, relallvisible=0, relallfrozen=0,
        reltoastrelid=0, relhasindex=False, relisshared=False, relpersistence="p", relchecks=0, relhasrules=False,
        relhastriggers=False, relhassubclass=False, relrowsecurity=False, relforcerowsecurity=False,
        relispopulated=True, relreplident="d", relispartition=False, relrewrite=0, relfrozenxid=0, relminmxid=0,
        relacl=None, reloptions=None, relpartbound=None, reltype=0,
    ),
    "pg_attribute": dict(
        atttypmod=-1, attndims=0, attcompression="", attnotnull=False, atthasdef=False, atthasmissing=False,
        attidentity="", attgenerated="", attisdropped=False, attislocal=True, attinhcount=0, attcollation=0,
        attstattarget=None, attacl=None, attoptions=None, attfdwoptions=None, attmissingval=None,
    ),
    "pg_type": dict(
        typbyval=False, typispreferred=False, typisdefined=True, typdelim=",", typrelid=0, typsubscript=0, typelem=0,
        typarray=0, typmodin=0, typmodout=0, typanalyze=0, typalign="d", typstorage="x", typnotnull=False,
        typbasetype=0, typtypmod=-1, typndims=0, typcollation=0, typdefaultbin=None, typdefault=None, typacl=None,
        typlen=-1,
    ),
    "pg_index": dict(
        indisunique=False, indnullsnotdistinct=False, indisprimary=False, indisexclusion=False, indimmediate=True,
        indisclustered=False, indisvalid=True, indcheckxmin=False, indisready=True, indislive=True,
        indisreplident=False, indexprs=None, indpred=None,
    ),
    "pg_constraint": dict(
        condeferrable=False, condeferred=False, conenforced=True, convalidated=True, conrelid=0, contypid=0,
        conindid=0, conparentid=0, confrelid=0, confupdtype=" ", confdeltype=" ", confmatchtype=" ", conislocal=True,
        coninhcount=0, connoinherit=False, conperiod=False, conkey=None, confkey=None, conpfeqop=None, conppeqop=None,
        conffeqop=None, confdelsetcols=None, conexclop=None, conbin=None,
    ),
    "pg_proc": dict(
        procost=100.0, prorows=0.0, provariadic=0, prosupport=0, prokind="f", prosecdef=False, proleakproof=False,
        proisstrict=False, proretset=False, provolatile="v", proparallel="u", pronargdefaults=0, proallargtypes=None,
        proargmodes=None, proargnames=None, proargdefaults=None, protrftypes=None, probin=None, prosqlbody=None,
        proconfig=None, proacl=None,
    ),
}


def new_row(catalog: Any, table: str, **values: Any) -> Any:
    """A row of a system catalog; every column is given here or has a default above."""
    row_type = catalog.table(table).row_type
    defaults = _DEFAULTS.get(table)
    if defaults is not None:
        values = {**defaults, **values}
    return row_type(**values)
