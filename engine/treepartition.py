"""Bounds of partitions in the typed tree (PostgreSQL's PartitionBoundSpec and PartitionRangeDatum)."""

from typing import Any

from .treewalk import Node


class PartitionRangeDatum(Node, frozen=True):
    """A bound of one column of a range partition; kind -1 MINVALUE, 0 a value, 1 MAXVALUE."""

    kind: int
    value: Any = None  # Const


class PartitionBoundSpec(Node, frozen=True):
    """FOR VALUES of a partition (pg_class.relpartbound). Datums are Consts of the key's types."""

    strategy: str  # "l", "r", "h"
    is_default: bool = False
    modulus: int = 0
    remainder: int = 0
    listdatums: tuple[Any, ...] = ()
    lowerdatums: tuple[PartitionRangeDatum, ...] = ()
    upperdatums: tuple[PartitionRangeDatum, ...] = ()
