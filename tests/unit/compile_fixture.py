"""A catalog with hand-made relations and a transaction over a dict, to run hand-built plans."""

from importlib.util import find_spec
from typing import Any

import msgspec
from gaveldb.engine import tree as t
from gaveldb.engine.catalog.relation import Column, Index, IndexKey, Relation
from gaveldb.engine.catalog.schema import Catalog
from gaveldb.engine.compile.query import compile_query
from gaveldb.engine.functions import loader
from gaveldb.engine.functions.loader import load_all
from gaveldb.engine.indexkeys import entry_key
from gaveldb.engine.plan import nodes as plan
from gaveldb.engine.types.storage import pack_value
from gaveldb.storage.api import row_key, rowid_bytes
from sortedcontainers import SortedDict

loader.MODULES = tuple(m for m in loader.MODULES if find_spec(f"gaveldb.engine.{m}") is not None)
load_all()
pack = msgspec.msgpack.Encoder().encode


class FakeCatalog:
    """The built-in catalog plus relations."""

    def __init__(self) -> None:
        self._base = Catalog.bootstrap()
        self.cache: dict[Any, Any] = {}
        self.relations: dict[int, Relation] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)

    def relation(self, oid: int) -> Any:
        return self.relations[oid] if oid in self.relations else self._base.relation(oid)


class FakeTransaction:
    def __init__(self) -> None:
        self.data: SortedDict = SortedDict()

    def column_chunks(self, relation: object, positions: object, missing: object) -> None:
        return None

    def get(self, key: bytes) -> bytes | None:
        return self.data.get(key)

    def scan(self, low: bytes, high: bytes, reverse: bool = False) -> Any:
        return ((k, self.data[k]) for k in self.data.irange(low, high, (True, False), reverse))

    def plain_snapshot(self, low: bytes) -> Any:
        return None


class Context:
    def __init__(self, catalog: Any, transaction: Any, params: tuple[Any, ...] = ()) -> None:
        self.catalog = catalog
        self.transaction = transaction
        self.params = params
        self.settings: Any = None
        self.session: Any = None
        self.transaction_timestamp = 0
        self.statement_timestamp = 0


class World:
    """Tables and queries of one test."""

    def __init__(self) -> None:
        self.catalog = FakeCatalog()
        self.transaction = FakeTransaction()

    def table(
        self,
        oid: int,
        columns: list[tuple[str, int, bool]],
        rows: list[tuple[Any, ...]],
        indexes: dict[int, tuple[tuple[int, ...], bool]] | None = None,
    ) -> Relation:
        cols = tuple(Column(i + 1, n, typ, -1, 0, notnull) for i, (n, typ, notnull) in enumerate(columns))
        made = []
        for index_oid, (attnums, unique) in (indexes or {}).items():
            keys = tuple(IndexKey(a, None, columns[a - 1][1], 0, 0, 0) for a in attnums)
            made.append(Index(index_oid, f"i{index_oid}", oid, keys, (), unique, False, False))
            self.catalog.relations[index_oid] = Relation(
                index_oid, f"i{index_oid}", 2200, "i", "p", 10, 0, (), storage_id=index_oid
            )
        relation = Relation(oid, f"t{oid}", 2200, "r", "p", 10, 0, cols, tuple(made), storage_id=oid)
        self.catalog.relations[oid] = relation
        for rowid, row in enumerate(rows, 1):
            packed = [
                pack_value(self.catalog, c.typid, v) if v is not None else None
                for c, v in zip(cols, row, strict=False)
            ]
            self.transaction.data[row_key(oid, rowid)] = pack(packed)
            for index in made:
                values = [row[k.attnum - 1] for k in index.keys]
                self.transaction.data[entry_key(self.catalog, index)(values, rowid)] = rowid_bytes(rowid)
        return relation

    def rte(self, relation: Relation) -> t.RangeTblEntry:
        return t.RangeTblEntry(
            "relation",
            eref=relation.name,
            relid=relation.oid,
            eref_colnames=tuple(c.name for c in relation.columns),
        )

    def query(
        self, node: plan.Plan, targets: list[Any], rtable: list[Any], types: Any = None, **more: Any
    ) -> Any:
        n = len(targets)
        return plan.PlannedQuery(
            plan=node,
            targets=tuple(targets),
            names=("c",) * n,
            types=tuple(types or (23,) * n),
            typmods=(-1,) * n,
            rtable=rtable,
            **more,
        )

    def run(self, planned: Any, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Both forms, which must agree."""
        compiled = compile_query(planned, self.catalog, None)
        ctx = Context(self.catalog, self.transaction, params)
        rows = [row for batch in compiled.run(ctx) for row in batch]
        if compiled.point is not None:
            assert compiled.point(ctx) == rows
        run, _ = compiled.instrumented()
        assert [row for batch in run(ctx) for row in batch] == rows
        return rows


def operator(catalog: Any, name: str, left: int, right: int) -> Any:
    return next(
        o for o in catalog.pg_operator.find("oprname", name) if (o.oprleft, o.oprright) == (left, right)
    )


def op(catalog: Any, name: str, a: Any, b: Any, typid: int = 23) -> t.OpExpr:
    row = operator(catalog, name, typid, typid)
    return t.OpExpr(row.oid, row.oprcode, row.oprresult, (a, b))


def aggregate(catalog: Any, name: str, args: list[Any], types: tuple[int, ...], **more: Any) -> t.Aggref:
    for proc in catalog.pg_proc.find("proname", name):
        arguments = proc.proargtypes
        arguments = tuple(arguments.items if hasattr(arguments, "items") else arguments)
        if proc.prokind == "a" and arguments == types:
            entries = tuple(t.TargetEntry(a, i + 1, ressortgroupref=i + 1) for i, a in enumerate(args))
            return t.Aggref(proc.oid, proc.prorettype, entries, types, aggstar=not types, **more)
    raise LookupError(name)


def var(varno: int, attno: int, typid: int = 23, up: int = 0) -> t.Var:
    return t.Var(varno, attno, typid, varlevelsup=up)


def const(value: Any, typid: int = 23) -> t.Const:
    return t.Const(typid, value, value is None)
