"""A catalog with a few tables and a view, built in memory, and the same as SQL for a real PostgreSQL."""

import contextlib
from importlib import import_module
from typing import Any

import pglast
from gaveldb.engine.bind.analyze import analyze
from gaveldb.engine.bind.parse_state import AnalyzeContext
from gaveldb.engine.catalog.schema import Catalog
from gaveldb.engine.functions import loader
from gaveldb.engine.treecodec import dump
from gaveldb.engine.values import make_array

# name -> [(column, type, options)]; options: pk, notnull, default:<sql>, always, stored:<sql>, virtual:<sql>
TABLES: dict[str, list[tuple[str, str, str]]] = {
    "t": [
        ("a", "int4", "pk"),
        ("b", "text", "default:'x'"),
        ("c", "numeric(10,2)", ""),
        ("arr", "int4[]", ""),
    ],
    "s": [("a", "int4", ""), ("d", "timestamptz", ""), ("name", "varchar(20)", "")],
    "ident": [("id", "int8", "always"), ("v", "text", "")],
    "gen": [("x", "int4", ""), ("y", "int4", "stored:x * 2"), ("z", "int4", "virtual:x + 1")],
}
VIEWS: dict[str, str] = {
    "tv": "select a, b as bb, c + 1 as c1 from t where a > 0",
    "agg": "select b, count(*) as n from t group by b",
}


def oracle_sql() -> list[str]:
    """The statements that make the same objects in PostgreSQL."""
    result = []
    for name, columns in TABLES.items():
        parts = []
        for column, typ, options in columns:
            kind, _, value = options.partition(":")
            parts.append(
                f"{column} {typ} "
                + {
                    "": "",
                    "pk": "primary key",
                    "default": f"default {value}",
                    "always": "generated always as identity",
                    "stored": f"generated always as ({value}) stored",
                    "virtual": f"generated always as ({value}) virtual",
                }[kind]
            )
        result.append(f"create table {name} ({', '.join(parts)})")
    result += [f"create view {name} as {query}" for name, query in VIEWS.items()]
    return result


class World:
    """The catalog and how to analyse statements in it."""

    def __init__(self) -> None:
        for module in loader.MODULES:
            with contextlib.suppress(ModuleNotFoundError):
                import_module(f"gaveldb.engine.{module}")
        self.catalog: Any = Catalog.bootstrap()
        self.next_oid = 20000
        self.next_row = 2**32
        for name, columns in TABLES.items():
            self._table(name, columns)
        for name, query in VIEWS.items():
            self._view(name, query)

    def context(self) -> AnalyzeContext:
        catalog = self.catalog

        class Context:
            pass

        ctx: Any = Context()
        ctx.catalog = catalog
        ctx.session = None
        return AnalyzeContext(catalog, (11, 2200), ctx=ctx)

    def analyze(self, sql: str, **options: Any) -> Any:
        return analyze(pglast.parse_sql(sql)[0], sql, self.context(), **options)

    def _add(self, table: str, like: Any, **values: Any) -> int:
        oid = values.get("oid", 0)
        rows = self.catalog.table(table)
        self.catalog = self.catalog.evolve({rows.relid: {self.next_row: like._replace(**values)}})
        self.next_row += 1
        return int(oid)

    def _oid(self) -> int:
        self.next_oid += 1
        return self.next_oid

    def _relation(self, name: str, kind: str, columns: list[Any]) -> int:
        catalog = self.catalog
        oid, rowtype = self._oid(), self._oid()
        like = catalog.pg_type.get(catalog.pg_class.get(1259).reltype)
        self._add("pg_type", like, oid=rowtype, typname=name, typnamespace=2200, typrelid=oid, typarray=0)
        self._add(
            "pg_class",
            catalog.pg_class.get(1259),
            oid=oid,
            relname=name,
            relnamespace=2200,
            reltype=rowtype,
            relkind=kind,
            relfilenode=oid,
            relnatts=len(columns),
            relhasindex=kind == "r",
            relhasrules=kind == "v",
        )
        for number, (column, typid, typmod, collation, extra) in enumerate(columns, 1):
            self._add(
                "pg_attribute",
                catalog.pg_attribute.get(1259, 1),
                attrelid=oid,
                attname=column,
                atttypid=typid,
                atttypmod=typmod,
                attnum=number,
                attcollation=collation,
                attnotnull=False,
                **extra,
            )
        return oid

    def _table(self, name: str, columns: list[tuple[str, str, str]]) -> None:
        from gaveldb.engine.bind.typenames import parse_type_string

        parsed = []
        for column, typ, options in columns:
            typid, typmod = parse_type_string(self.context(), typ)
            extra = {
                "always": {"attidentity": "a"},
                "stored": {"attgenerated": "s"},
                "virtual": {"attgenerated": "v"},
            }
            kind = options.partition(":")[0]
            collation = self.catalog.pg_type.get(typid).typcollation
            parsed.append((column, typid, typmod, collation, extra.get(kind, {})))
        oid = self._relation(name, "r", parsed)
        for number, (_, typ, options) in enumerate(columns, 1):
            kind, _, value = options.partition(":")
            if kind in ("default", "stored", "virtual"):
                source = f"select ({value})::{typ}" + ("" if kind == "default" else f" from {name}")
                expr = self.analyze(source).query.targetList[0].expr
                self._add(
                    "pg_attrdef",
                    self.catalog.pg_attrdef.row_type(0, 0, 0, ""),
                    oid=self._oid(),
                    adrelid=oid,
                    adnum=number,
                    adbin=dump(expr),
                )
            elif kind == "always":
                seq = self._relation(f"{name}_seq", "S", [])
                self._add(
                    "pg_depend",
                    next(iter(self.catalog.pg_depend.rows()), None)
                    or self.catalog.pg_depend.row_type(0, 0, 0, 0, 0, 0, "i"),
                    classid=1259,
                    objid=seq,
                    objsubid=0,
                    refclassid=1259,
                    refobjid=oid,
                    refobjsubid=number,
                    deptype="i",
                )
            elif kind == "pk":
                self._primary_key(name, oid, number)

    def _primary_key(self, name: str, oid: int, attnum: int) -> None:
        index = self._relation(f"{name}_pkey", "i", [("a", 23, -1, 0, {})])
        like = next(iter(self.catalog.pg_index.rows()))
        self._add(
            "pg_index",
            like,
            indexrelid=index,
            indrelid=oid,
            indnatts=1,
            indnkeyatts=1,
            indisunique=True,
            indisprimary=True,
            indimmediate=True,
            indkey=make_array(21, [attnum]),
            indcollation=make_array(26, [0]),
            indclass=make_array(26, [1978]),
            indoption=make_array(21, [0]),
            indexprs=None,
            indpred=None,
        )
        row_type = self.catalog.pg_constraint.row_type
        blank = row_type(*[None] * len(row_type._fields))
        self._add(
            "pg_constraint",
            blank,
            oid=self._oid(),
            conname=f"{name}_pkey",
            connamespace=2200,
            contype="p",
            condeferrable=False,
            condeferred=False,
            conenforced=True,
            convalidated=True,
            conrelid=oid,
            contypid=0,
            conindid=index,
            conparentid=0,
            confrelid=0,
            conkey=make_array(21, [attnum]),
        )

    def _view(self, name: str, text: str) -> None:
        from gaveldb.engine.bind.rewrite import result_columns
        from gaveldb.engine.treetypes import expr_collation

        query = self.analyze(text).query
        columns = [
            (column.name, column.type_oid, column.typmod, expr_collation(entry.expr), {})
            for column, entry in zip(result_columns(query) or (), query.targetList, strict=False)
        ]
        oid = self._relation(name, "v", columns)
        row_type = self.catalog.pg_rewrite.row_type
        blank = row_type(*[None] * len(row_type._fields))
        self._add(
            "pg_rewrite",
            blank,
            oid=self._oid(),
            rulename="_RETURN",
            ev_class=oid,
            ev_type="1",
            ev_enabled="O",
            is_instead=True,
            ev_action=dump((query,)),
        )
