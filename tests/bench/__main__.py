"""GavelDB and PostgreSQL side by side: the same pgbench, the same loopback, fsync on for both, in turn.

python -m tests.bench [--quick] [--only select,copy] [--rounds 3]

Each figure is the median of the rounds; the ratio is ours / theirs, so more than 1 is faster for rates and
slower for times. The two servers are never loaded at the same time.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from ..server_process import ServerProcess
from . import pgbench, queries, solo
from .oracle import OracleServer
from .table import Figure, Place, show


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="short runs, smaller tables, one round")
    parser.add_argument("--only", default="", help="names or parts of names, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    scale = 1 if options.quick else 10
    rows = 100_000 if options.quick else 1_000_000
    seconds = 2 if options.quick else 5
    rounds = 1 if options.quick else options.rounds
    wanted = [part for part in options.only.split(",") if part]

    def chosen(name: str) -> bool:
        return not wanted or any(part in name for part in wanted)

    figures = [figure for figure in pgbench.figures(seconds) if chosen(figure.name)]
    large = [figure for figure in queries.figures(rows) if chosen(figure.name)]
    print(f"{os.cpu_count()} cores, pgbench scale {scale}, {rows:,} rows, {rounds} rounds", flush=True)
    results: dict[str, tuple[list[float], list[float]]] = {}
    if figures or large:
        folder = Path(tempfile.mkdtemp(prefix="gaveldb-bench-"))
        try:
            with ServerProcess(folder / "data") as ours, OracleServer() as theirs:
                places = (
                    Place("gaveldb", ours.host, ours.port),
                    Place("postgresql", theirs.host, theirs.port),
                )
                if figures:
                    each(places, lambda place: pgbench.prepare(place, scale))
                if large:
                    each(places, lambda place: queries.prepare(place, rows))
                compare(figures + large, places, rounds, results)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    for name, measure in solo.FIGURES.items():
        if chosen(name):
            show(name, *measure())
    print()
    for name, (ours_found, theirs_found) in results.items():
        figure = next(figure for figure in figures + large if figure.name == name)
        show(name, median(ours_found) if ours_found else None, median(theirs_found), figure.unit)
    return 0


def each(places: tuple[Place, ...], work: Callable[[Place], object]) -> None:
    for place in places:
        try:
            work(place)
        except Exception as error:
            print(f"{place.name}: preparing failed: {error}", flush=True)


def compare(
    figures: list[Figure],
    places: tuple[Place, ...],
    rounds: int,
    results: dict[str, tuple[list[float], list[float]]],
) -> None:
    """All figures in all rounds, the servers in turn."""
    for turn in range(rounds):
        for figure in figures:
            found = results.setdefault(figure.name, ([], []))
            for index in (0, 1) if turn % 2 == 0 else (1, 0):
                try:
                    found[index].append(figure.measure(places[index]))
                except Exception as error:
                    line = " ".join(str(error).split())[:300]
                    print(f"{places[index].name}: {figure.name} failed: {line}", flush=True)
            if rounds == 1 or turn == rounds - 1:
                show(figure.name, *(median(some) if some else None for some in found), figure.unit)


if __name__ == "__main__":
    sys.exit(main())
