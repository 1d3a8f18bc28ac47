"""A catalog with a few tables for the planner's tests, and a short form of plans."""

from typing import Any

from gaveldb.engine.bind.analyze import analyze
from gaveldb.engine.bind.parse_state import AnalyzeContext
from gaveldb.engine.catalog.schema import Catalog
from gaveldb.engine.ddl.rows import new_row
from gaveldb.engine.functions.loader import load_all
from gaveldb.engine.lsyscache import get_default_opclass
from gaveldb.engine.plan import nodes
from gaveldb.engine.plan.build import plan_query
from gaveldb.engine.values import make_array
from pglast import parse_sql

PUBLIC = 2200
BTREE = 403


class TestCatalog:
    """Collects rows of new tables and indexes."""

    __test__ = False

    def __init__(self) -> None:
        self.base = Catalog.bootstrap()
        self.changes: dict[int, dict[int, Any]] = {}
        self.next = 16384
        self.rowid = 2**32

    def add(self, table: str, **values: Any) -> None:
        row = new_row(self.base, table, **values)
        self.changes.setdefault(self.base.table(table).relid, {})[self.rowid] = row
        self.rowid += 1

    def relation(self, name: str, columns: str, kind: str = "r", rows: float = -1, am: int = 2) -> int:
        oid = self.next
        self.next += 4
        specs = [c.split() for c in columns.split(",")]
        self.add(
            "pg_class",
            oid=oid,
            relname=name,
            relnamespace=PUBLIC,
            relowner=10,
            relkind=kind,
            relnatts=len(specs),
            relfilenode=oid,
            relam=am,
            relhasindex=kind == "r",
            reltuples=rows,
            reltype=oid + 1 if kind == "r" else 0,
        )
        for attnum, spec in enumerate(specs, 1):
            typid = self.base.type_oid(spec[1], (11,))
            typ = self.base.pg_type.get(typid)
            self.add(
                "pg_attribute",
                attrelid=oid,
                attname=spec[0],
                atttypid=typid,
                attnum=attnum,
                attlen=typ.typlen,
                attbyval=typ.typbyval,
                attalign=typ.typalign,
                attstorage=typ.typstorage,
                attcollation=typ.typcollation,
                attnotnull="notnull" in spec,
            )
        return oid

    def index(
        self,
        name: str,
        relid: int,
        attnums: list[int],
        types: list[str],
        unique: bool = False,
        primary: bool = False,
        predicate: str | None = None,
        exprs: str | None = None,
    ) -> int:
        typids = [self.base.type_oid(t, (11,)) for t in types]
        oid = self.relation(name, ",".join(f"k{i} {t}" for i, t in enumerate(types)), "i", am=BTREE)
        classes = [get_default_opclass(self.base, t, BTREE).oid for t in typids]
        collations = [self.base.pg_type.get(t).typcollation for t in typids]
        self.add(
            "pg_index", indexrelid=oid, indrelid=relid, indnatts=len(attnums), indnkeyatts=len(attnums),
            indisunique=unique, indisprimary=primary, indkey=make_array(21, attnums),
            indcollation=make_array(26, collations), indclass=make_array(26, classes),
            indoption=make_array(21, [0] * len(attnums)), indpred=predicate, indexprs=exprs,
        )  # fmt: skip
        return oid

    def finish(self) -> Any:
        return self.base.evolve(self.changes)


def make_catalog() -> Any:
    load_all()
    c = TestCatalog()
    t = c.relation("t", "id int4 notnull, a int4, b text, c int8, d bool", rows=10000)
    c.index("t_pkey", t, [1], ["int4"], unique=True, primary=True)
    c.index("t_a", t, [2], ["int4"])
    c.index("t_b", t, [3], ["text"])
    u = c.relation("u", "id int4 notnull, t_id int4, x int4, y text", rows=50000)
    c.index("u_pkey", u, [1], ["int4"], unique=True, primary=True)
    c.index("u_t_id", u, [2], ["int4"])
    w = c.relation("w", "k int4 notnull, v int4 notnull, z numeric", rows=1000)
    c.index("w_pkey", w, [1, 2], ["int4", "int4"], unique=True, primary=True)
    c.relation("s", "n int4, m text", rows=20)
    return c.finish()


def query_of(catalog: Any, sql: str, types: Any = None) -> Any:
    raw = parse_sql(sql)[0]
    context = AnalyzeContext(catalog, (11, PUBLIC))
    query = analyze(raw, sql, context, list(types) if types is not None else None, types is not None)[0]
    try:
        from gaveldb.engine.bind.rewrite import rewrite_query
    except ImportError:
        return query
    return rewrite_query(query, context)[0]


def plan_of(catalog: Any, sql: str, types: Any = None, **kwargs: Any) -> Any:
    return plan_query(query_of(catalog, sql, types), catalog, None, **kwargs)


def shape(node: Any) -> str:
    """A plan as nested names: Limit(Sort(SeqScan t [1]))."""
    return _Shape().node(node)


class _Shape:
    def __init__(self) -> None:
        self.rtable: list[Any] = []

    def node(self, node: Any) -> str:
        kind = type(node).__name__
        if isinstance(node, nodes.PlannedQuery):
            saved, self.rtable = self.rtable, node.rtable
            out = self.node(node.plan)
            for name, cte in node.ctes.items():
                out += f" with {name}={self.node(cte)}"
            self.rtable = saved
            return out
        if isinstance(node, nodes.RecursiveUnion):
            return f"RecursiveUnion({self.node(node.first)}, {self.node(node.recursive)})"
        detail = ""
        if hasattr(node, "varno") and node.varno <= len(self.rtable):
            detail = " " + (self.rtable[node.varno - 1].eref or "?")
        for field in ("jointype", "strategy", "operation"):
            if hasattr(node, field):
                detail += " " + getattr(node, field)
        if isinstance(node, nodes.SetOp):
            detail += f" {node.op}"
        if isinstance(node, nodes.IndexScan):
            detail += " " + ",".join(f"{c.column}{c.op}" for c in node.conditions)
            detail += (" backward" if node.backward else "") + (" only" if node.index_only else "")
            detail += " unique" if node.unique else ""
        if isinstance(node, nodes.HashJoin):
            detail += f" {len(node.keys)}"
        quals = len(getattr(node, "quals", ()) or ()) + len(getattr(node, "joinquals", ()) or ())
        if quals:
            detail += f" [{quals}]"
        below = []
        for field in ("input", "outer", "inner", "plan", "left", "right"):
            if hasattr(node, field):
                below.append(self.node(getattr(node, field)))
        if isinstance(node, nodes.Append):
            below += [self.node(i) for i in node.inputs]
        return kind + detail + (f"({', '.join(below)})" if below else "")
