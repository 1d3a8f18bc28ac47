"""The crossbar experiment: reproducible, collapses with the number of hosts, and is brought back."""

from gaveldb.journal.experiment.model import DESIGNS, TPS_PER_HOST, Design, simulate

PLAIN = DESIGNS[0]
REPAIRED = Design("all", hedged=True, heartbeats=True, routed=True, ranges=True, windows=10)
SECONDS = 30.0


def test_same_seed_same_result() -> None:
    first = simulate(PLAIN, 5, seconds=SECONDS, seed=3)
    assert simulate(PLAIN, 5, seconds=SECONDS, seed=3) == first
    assert simulate(PLAIN, 5, seconds=SECONDS, seed=4) != first


def test_more_hosts_carry_less() -> None:
    one = simulate(PLAIN, 1, seconds=SECONDS)
    forty = simulate(PLAIN, 40, seconds=SECONDS)
    assert one.tps > 0.75 * TPS_PER_HOST
    assert one.p999 < 1.3
    assert forty.tps < one.tps
    assert forty.p99 > 5


def test_what_brings_it_back() -> None:
    plain = simulate(PLAIN, 20, seconds=SECONDS)
    repaired = simulate(REPAIRED, 20, seconds=SECONDS)
    assert repaired.tps > 5 * plain.tps
    assert repaired.tps > 0.6 * 20 * TPS_PER_HOST
    assert repaired.p99 < 1
    still = simulate(DESIGNS[-1], 20, seconds=SECONDS)
    assert still.tps > 0.99 * 20 * TPS_PER_HOST
    assert still.p999 < 0.01


def test_each_remedy_alone_is_not_enough() -> None:
    """Writers and readers both stall: what masks one of them leaves the other."""
    for design in (Design("", hedged=True), Design("", heartbeats=True), Design("", ranges=True)):
        assert simulate(design, 40, seconds=SECONDS).tps < 0.2 * 40 * TPS_PER_HOST
