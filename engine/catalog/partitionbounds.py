"""FOR VALUES of a partition, and its constraint, as SQL (get_rule_expr of T_PartitionBoundSpec,
partbounds.c)."""

from collections.abc import Iterable
from typing import Any

from ..tree import PartitionBoundSpec


def constant_text(catalog: Any, datum: Any, ctx: Any = None) -> str:
    """A constant without its type."""
    from .deparse_query import Deparser

    out = Deparser(catalog, ctx=ctx)
    out.const(datum, -1)
    return out.buf


def bound_text(catalog: Any, spec: PartitionBoundSpec, ctx: Any = None) -> str:
    """FOR VALUES IN (...) and so on, or DEFAULT."""
    if spec.is_default:
        return "DEFAULT"
    if spec.strategy == "h":
        return f"FOR VALUES WITH (modulus {spec.modulus}, remainder {spec.remainder})"
    if spec.strategy == "l":
        return f"FOR VALUES IN ({', '.join([constant_text(catalog, d, ctx) for d in spec.listdatums])})"
    low, high = datums_text(catalog, spec.lowerdatums, ctx), datums_text(catalog, spec.upperdatums, ctx)
    return f"FOR VALUES FROM {low} TO {high}"


def datums_text(catalog: Any, datums: Iterable[Any], ctx: Any = None) -> str:
    """(1, MINVALUE) of a range bound."""
    words = {-1: "MINVALUE", 1: "MAXVALUE"}
    parts = [words.get(datum.kind) or constant_text(catalog, datum.value, ctx) for datum in datums]
    return f"({', '.join(parts)})"
