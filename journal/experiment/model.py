"""The model: sessions at N hosts, commits merged up to the lowest watermark, processes that stall.

1. Every host is home to `SESSIONS` sessions in a closed loop: think, then a transaction. At most
   `window` transactions of a host are past the watermark at once; the others queue, first come first.
2. Every host has a journal writer, and a reader (the crossbar's server) that reads this journal to the rest.
   Both stall now and then: up for an exponential time, then silent for `stall` seconds.
3. A transaction that starts at t ends one round trip after every journal that it needs has shown, and a
   reader has passed on, a watermark >= t, and after its own host's writer has taken its commit.
   Merging all journals, it needs all N of them; with watermarks per range, those of the ranges it reads.
4. A stall is a silence, not a loss: a journal that stalled before t shows t when it is back, so what waits
   for t waits for the stalls that cover t only. Stalls that follow catch the next transactions.

Transactions move in batches of `BATCH`, one event each: batch r of a host starts when its sessions have
thought, a place in the window is free, and the host has served the batch before; so the whole run is a
recursion over r, done for all hosts and replications at once. Times are seconds. Same seed, same result.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TPS_PER_HOST = 25_000  # 1,000,000 a second at 40 hosts
ROUND_TRIP = 0.0012
BATCH = 30  # = TPS_PER_HOST * ROUND_TRIP: what is on its way when nothing waits
SESSIONS = 1_500  # 60,000 at 40 hosts: Little's law for 6,000 a second at 10 s
THINK = SESSIONS / TPS_PER_HOST - ROUND_TRIP
HEADROOM = 1.25  # a host can serve so much more than it is offered: it catches up after a stall
UP_SECONDS = 15.0  # of one process, between stalls; the reported collapse fixes it
STALL_SECONDS = 1.0
RANGES_READ = 4  # ranges, and so hosts, that a transaction touches, its home included
REPLICAS = 3  # of a journal, each with a reader
HEDGE_AFTER = 0.005  # several round trips: a reader that has not answered is asked no longer alone
SILENCE = 0.020  # after which others speak for a writer
TICK = 0.001
WARM_UP = 5.0
RUNS_MIN = 3


class Design(NamedTuple):
    """A crossbar. Fields that are False are what the plain one lacks."""

    name: str
    hedged: bool = False  # a second and third reader, at replicas of the journal
    heartbeats: bool = False  # others promise for a silent writer, which is fenced
    ranges: bool = False  # a transaction waits for the watermarks of its ranges
    routed: bool = False  # sessions of a silent host commit at another
    windows: int = 1  # window, in batches
    stall: float = STALL_SECONDS  # 0: none
    cost: str = ""


class Result(NamedTuple):
    """What came out; latencies in seconds."""

    design: Design
    hosts: int
    tps: float
    mean: float
    p50: float
    p99: float
    p999: float
    hedged_share: float  # of reads that were sent to a second replica


def waits(source: np.random.Generator, processes: int, ticks: int, stall: float) -> Floats:
    """[process, tick]: how long a process that is asked then keeps silent."""
    out = np.zeros((processes, ticks), dtype=np.float64)
    if stall <= 0:
        return out
    length = round(stall / TICK)
    ramp = np.arange(length, 0, -1) * TICK
    for row in out:
        at = int(source.exponential(UP_SECONDS) / TICK)
        if source.random() < STALL_SECONDS / (UP_SECONDS + STALL_SECONDS):  # in a stall at the beginning
            at = -int(source.integers(1, length + 1))
        while at < ticks:
            first, last = max(at, 0), min(at + length, ticks)
            if last > first:
                row[first:last] = ramp[first - at : last - at]
            at += length + 1 + int(source.exponential(UP_SECONDS) / TICK)
    return out


class Network:
    """The silences of one run as readers and committers feel them, under a design."""

    def __init__(self, design: Design, hosts: int, seconds: float, seed: int) -> None:
        ticks = int((seconds + 60) / TICK)
        # Each process has its own source, so that all designs and host counts meet the same stalls.
        writers = np.empty((hosts, ticks))
        journals = np.empty((hosts, ticks))
        self.hedged_share = 0.0
        for host in range(hosts):
            streams = [np.random.default_rng([seed, host, n]) for n in range(1 + REPLICAS)]
            writers[host] = waits(streams[0], 1, ticks, design.stall)[0]
            seen = waits(streams[1], 1, ticks, design.stall)[0]
            if design.hedged:
                self.hedged_share += float(np.mean(seen > HEDGE_AFTER)) / hosts
                for n in range(1, REPLICAS):
                    other = waits(streams[1 + n], 1, ticks, design.stall)[0]
                    seen = np.minimum(seen, n * HEDGE_AFTER + other)
            shown = np.minimum(writers[host], SILENCE) if design.heartbeats else writers[host]
            journals[host] = np.maximum(shown, seen)
        self.commits = np.minimum(writers, SILENCE + ROUND_TRIP) if design.routed else writers
        self.journals = journals
        self.all = journals.max(axis=0)
        self.ticks = ticks


def simulate(design: Design, hosts: int, *, seconds: float = 60.0, seed: int = 0) -> Result:
    """Run one design with so many hosts; small systems several times over, for a steadier tail."""
    runs = max(RUNS_MIN, 40 // hosts)
    networks = [Network(design, hosts, seconds, seed * 1000 + n) for n in range(runs)]
    commits = np.concatenate([network.commits for network in networks])
    lowest = np.stack([network.all for network in networks])
    journals = np.concatenate([network.journals for network in networks])
    width, ticks = commits.shape
    home = np.arange(width)
    run = home // hosts
    source = np.random.default_rng([seed, 77])

    groups = SESSIONS // BATCH
    spacing = ROUND_TRIP / HEADROOM
    ends = np.tile(np.linspace(0, THINK, groups)[:, None], (1, width)) - THINK  # of each session's last batch
    free = np.zeros((design.windows, width))
    starts = np.full(width, -1.0)
    latencies: list[Floats] = []
    number = 0
    while True:
        arrived = ends[number % groups] + THINK
        starts = np.maximum(np.maximum(arrived, free[number % design.windows]), starts + spacing)
        if starts.min() >= seconds:
            break
        tick = np.minimum((starts / TICK).astype(np.int64), ticks - 1)
        wait = commits[home, tick]
        if design.ranges:
            wait = np.maximum(wait, journals[home, tick])
            for _ in range(RANGES_READ - 1):
                other = run * hosts + source.integers(0, hosts, width)
                wait = np.maximum(wait, journals[other, tick])
        else:
            wait = np.maximum(wait, lowest[run, tick])
        end = starts + wait + ROUND_TRIP
        ends[number % groups] = end
        free[number % design.windows] = end
        latencies.append((end - arrived)[(end >= WARM_UP) & (end < seconds)])
        number += 1
    found = np.concatenate(latencies)
    p50, p99, p999 = np.percentile(found, (50, 99, 99.9)) if len(found) else (np.nan, np.nan, np.nan)
    tps = len(found) * BATCH / runs / (seconds - WARM_UP)
    share = sum(network.hedged_share for network in networks) / runs
    mean = float(found.mean()) if len(found) else float("nan")
    return Result(design, hosts, tps, mean, float(p50), float(p99), float(p999), share)


DESIGNS = (
    Design("merge all journals", cost="nothing"),
    Design("window x 10", windows=10, cost="10 x the commits buffered past the watermark"),
    Design("window x 50 (all sessions)", windows=50, cost="every session's commit buffered"),
    Design("hedged reads", hedged=True, cost="3 readers per journal"),
    Design(
        "heartbeats by others", heartbeats=True, cost="a quorum's fence; the fenced writer's commits fail"
    ),
    Design(
        "watermarks per range", ranges=True, cost="a watermark per range and journal; snapshots per range"
    ),
    Design("routing around", routed=True, cost="sessions move; their adjudicator's window is handed over"),
    Design("hedged + heartbeats", hedged=True, heartbeats=True, cost="both"),
    Design("hedged + heartbeats + routing", hedged=True, heartbeats=True, routed=True, cost="all three"),
    Design(
        "hedged + heartbeats + routing + ranges",
        hedged=True,
        heartbeats=True,
        routed=True,
        ranges=True,
        cost="all four",
    ),
    Design(
        "the three, window x 10",
        hedged=True,
        heartbeats=True,
        routed=True,
        windows=10,
        cost="all three, 10 x the buffer",
    ),
    Design(
        "all four, window x 10",
        hedged=True,
        heartbeats=True,
        routed=True,
        ranges=True,
        windows=10,
        cost="all four, 10 x the buffer",
    ),
    Design("stalls of 10 ms", stall=0.01, cost="another runtime, or a collector that keeps to 10 ms"),
    Design("no stalls", stall=0.0, cost="the rewrite in Rust"),
)
