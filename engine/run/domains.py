"""The constraints of a domain, its base domains' first, and how they fail."""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..catalog.trees import load_tree
from ..errors import SqlError
from ..sqlstates import CHECK_VIOLATION, NOT_NULL_VIOLATION
from ..tree import strip_locations


class DomainConstraint(NamedTuple):
    """expr None: NOT NULL; else a CHECK over CoerceToDomainValue. `failure` raises."""

    expr: Any
    failure: Callable[[], NoReturn]


def domain_constraints(catalog: Any, typid: int) -> list[DomainConstraint]:
    """All constraints to check for a value of this domain; [] if it is no domain."""
    key = ("domain_constraints", typid)
    found: list[DomainConstraint] | None = catalog.cache.get(key)
    if found is None:
        found = catalog.cache[key] = _find(catalog, typid)
    return found


def _find(catalog: Any, typid: int) -> list[DomainConstraint]:
    row = catalog.pg_type.get(typid)
    if row is None or row.typtype != "d":
        return []
    found = _find(catalog, row.typbasetype)
    name = row.typname
    schema = catalog.pg_namespace.get(row.typnamespace).nspname
    if row.typnotnull:
        found.insert(0, DomainConstraint(None, _not_null(catalog.format_type(typid), schema, name)))
    checks = [c for c in catalog.pg_constraint.find("contypid", typid) if c.contype == "c"]
    for check in sorted(checks, key=lambda c: str(c.conname)):
        failure = _violation(catalog.format_type(typid), schema, name, check.conname)
        found.append(DomainConstraint(strip_locations(load_tree(check.conbin)), failure))
    return found


def _not_null(domain: str, schema: str, name: str) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise SqlError(
            NOT_NULL_VIOLATION, f"domain {domain} does not allow null values", schema=schema, datatype=name
        )

    return fail


def _violation(domain: str, schema: str, name: str, constraint: str) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise SqlError(
            CHECK_VIOLATION,
            f'value for domain {domain} violates check constraint "{constraint}"',
            schema=schema,
            datatype=name,
            constraint=constraint,
        )

    return fail
