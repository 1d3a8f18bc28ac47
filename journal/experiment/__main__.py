"""The command: runs every design, prints the table, writes it and the plots into a folder."""

import sys
from pathlib import Path

import click

from .model import DESIGNS, Result, simulate

HOSTS = (1, 2, 5, 10, 20, 40, 70, 100)
TABLE_HOSTS = 40


def table(results: list[Result]) -> str:
    """The designs at 40 hosts, as Markdown."""
    lines = [
        "| design | transactions/s | mean | p50 | p99 | p99.9 | costs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for r in results:
        times = " | ".join(seconds(value) for value in (r.mean, r.p50, r.p99, r.p999))
        lines.append(f"| {r.design.name} | {r.tps:,.0f} | {times} | {r.design.cost} |")
    return "\n".join(lines) + "\n"


def growth(results: list[Result]) -> str:
    """One design over the number of hosts, as Markdown."""
    lines = [
        "| hosts | transactions/s | of what is offered | mean | p50 | p99 | p99.9 |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for r in results:
        times = " | ".join(seconds(value) for value in (r.mean, r.p50, r.p99, r.p999))
        lines.append(f"| {r.hosts} | {r.tps:,.0f} | {r.tps / r.hosts / 250:.1f} % | {times} |")
    return "\n".join(lines) + "\n"


def seconds(value: float) -> str:
    """Seconds, or milliseconds if they are few."""
    return f"{value:.1f} s" if value >= 1 else f"{value * 1000:.0f} ms"


@click.command()
@click.option("--seed", default=0, show_default=True)
@click.option("--seconds", "length", default=60.0, show_default=True, help="Simulated time of a run.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("crossbar"), show_default=True)
@click.option("--plots/--no-plots", default=True, help="Plots need matplotlib.")
def main(seed: int, length: float, folder: Path, plots: bool) -> None:
    """How many transactions a second a crossbar carries, from 1 to 100 hosts that stall now and then."""
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        design.name: [simulate(design, hosts, seconds=length, seed=seed) for hosts in HOSTS]
        for design in DESIGNS
    }
    at_40 = table([runs[HOSTS.index(TABLE_HOSTS)] for runs in results.values()])
    collapse = growth(results[DESIGNS[0].name])
    text = f"{DESIGNS[0].name}:\n\n{collapse}\nAt {TABLE_HOSTS} hosts:\n\n{at_40}"
    click.echo(text)
    (folder / "tables.md").write_text(text)
    if plots:
        try:
            from .plots import draw
        except ImportError:
            sys.exit("plots need matplotlib: pip install 'gaveldb[experiment]', or say --no-plots")
        draw(results, folder)


if __name__ == "__main__":
    main()
