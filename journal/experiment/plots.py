"""The two plots: throughput and tail latency over the number of hosts, lines named where they end."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .model import TPS_PER_HOST, Result

# design -> (colour, what is written at the line's end)
SHOWN = {
    "no stalls": ("#222222", "no stalls"),
    "stalls of 10 ms": ("#2a7f62", "stalls of 10 ms"),
    "all four, window x 10": ("#1f5fa8", "all four,\nwindow x 10"),
    "hedged + heartbeats + routing": ("#7a4fa3", "hedged + heart-\nbeats + routing"),
    "hedged reads": ("#b5842b", "hedged reads"),
    "merge all journals": ("#c0392b", "merge all journals"),
}


def draw(results: dict[str, list[Result]], folder: Path) -> None:
    """Write throughput.svg and tail.svg."""
    plt.rcParams.update({"font.size": 10, "svg.hashsalt": "crossbar", "font.family": "DejaVu Sans"})
    figure, axes = plt.subplots(figsize=(8, 5))
    _lines(axes, results, lambda r: r.tps, 1.5)
    axes.set_ylim(bottom=300)
    axes.set_title("Transactions a second: one stalled host stops all", loc="left", fontsize=12)
    reported = [(40, 6_000, "reported: 6,000 at 40 hosts"), (40, 40 * TPS_PER_HOST, "expected: 1,000,000")]
    for (x, y, text), offset in zip(reported, ((-12, -22), (-30, 14)), strict=True):
        axes.plot([x], [y], "o", color="black", markersize=6, markerfacecolor="none")
        axes.annotate(text, (x, y), offset, textcoords="offset points", ha="right", fontsize=9)
    _save(figure, axes, folder / "throughput.svg", "transactions a second")
    figure, axes = plt.subplots(figsize=(8, 5))
    _lines(axes, results, lambda r: r.p99, 1.6)
    axes.set_title("99th percentile of latency, seconds", loc="left", fontsize=12)
    _save(figure, axes, folder / "tail.svg", "p99, seconds")


def _lines(axes: Axes, results: dict[str, list[Result]], value: "object", gap: float) -> None:
    """The lines, and their names at the right, pushed apart by the factor `gap` where they would touch."""
    assert callable(value)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = []
    for name, (colour, text) in SHOWN.items():
        runs = [run for run in results[name] if run.tps > 0]
        values = [value(run) for run in runs]
        axes.plot([run.hosts for run in runs], values, color=colour, linewidth=2, marker="o", markersize=3)
        ends.append((values[-1], runs[-1].hosts, text, colour))
    ends.sort()
    last = 0.0
    for y, x, text, colour in ends:
        last = max(y, last * gap * (1.25 if "\n" in text else 1))
        axes.annotate(text, (x * 1.06, last), color=colour, va="center", fontsize=9, annotation_clip=False)


def _save(figure: Figure, axes: Axes, path: Path, label: str) -> None:
    axes.set_xlabel("hosts (25,000 transactions a second are offered to each)")
    axes.set_ylabel(label)
    axes.set_xticks([1, 2, 5, 10, 20, 40, 100], ["1", "2", "5", "10", "20", "40", "100"])
    axes.minorticks_off()
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.subplots_adjust(left=0.1, right=0.8, bottom=0.12, top=0.92)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
