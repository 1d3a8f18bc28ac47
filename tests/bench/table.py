"""Figures and how they are printed."""

from collections.abc import Callable
from typing import NamedTuple


class Place(NamedTuple):
    """A server to measure."""

    name: str
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"


class Figure(NamedTuple):
    """Something to measure on both."""

    name: str
    unit: str
    measure: Callable[[Place], float]


def _number(value: float | None) -> str:
    if value is None:
        return "failed"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(name: str, ours: float | None, theirs: float | None, unit: str) -> None:
    """One line: ours, theirs, ratio."""
    line = f"{name:<42} {_number(ours):>12}"
    if theirs is not None:
        line += f" {_number(theirs):>12}  {unit:<8}"
        if ours is not None:
            line += f" {ours / theirs:6.2f}"
    else:
        line += f" {'':>12}  {unit}"
    print(line, flush=True)
