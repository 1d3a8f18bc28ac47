"""How many of PostgreSQL's functions have an implementation: python -m tests.tools.count_functions [-v].

Functions are counted by pg_proc row; aggregates and window functions by the implementations of their parts.
"""

import sys
from collections import Counter
from importlib import import_module

from gaveldb.engine.catalog.schema import Catalog
from gaveldb.engine.functions.loader import MODULES
from gaveldb.engine.registry import IMPLEMENTATIONS


def main() -> None:
    for name in MODULES:
        try:
            import_module(f"gaveldb.engine.{name}")
        except ModuleNotFoundError as error:
            print(f"missing module: {error.name}", file=sys.stderr)
    catalog = Catalog.bootstrap()
    have: Counter[str] = Counter()
    total: Counter[str] = Counter()
    missing: dict[str, list[str]] = {}
    for row in catalog.pg_proc.rows():
        kind = {"f": "function", "a": "aggregate", "w": "window", "p": "procedure"}[row.prokind]
        if row.prosrc.endswith(("_handler", "sel", "joinsel", "_support")):
            kind = "planner"
        sources = [row.prosrc]
        if row.prokind == "a":
            aggregate = catalog.pg_aggregate.get(row.oid)
            parts = (aggregate.aggtransfn, aggregate.aggfinalfn)
            sources = [catalog.pg_proc.get(part).prosrc for part in parts if part]
        total[kind] += 1
        absent = [source for source in sources if source not in IMPLEMENTATIONS]
        if absent:
            missing.setdefault(kind, []).append(f"{row.proname} ({', '.join(absent)})")
        else:
            have[kind] += 1
    for kind in sorted(total):
        print(f"{kind}: {have[kind]} of {total[kind]}")
    known = {row.prosrc for row in catalog.pg_proc.rows()}
    strange = sorted(set(IMPLEMENTATIONS) - known)
    print(f"implementations without a catalog row: {len(strange)}")
    if "-v" in sys.argv:
        for kind, names in missing.items():
            print(f"\n{kind}: " + ", ".join(names))
        print("\nwithout a row: " + ", ".join(strange))


if __name__ == "__main__":
    main()
