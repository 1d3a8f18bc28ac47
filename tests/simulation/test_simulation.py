"""A sample of seeds, and each of the bugs put in on purpose until it is found.

`python -m tests.simulation --seeds 0-10000` and `--mutations` do more.
"""

import pytest

from .mutations import MUTATIONS, find
from .run import run_seed

# Where to begin, for bugs that show seldom.
FIRST = {
    "checkpoint: copies are ahead of the journal": 180,
    "journal: a failed group stays": 580,
    "pipeline: what is applied passes for durable": 790,
}


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_seeds(first: int) -> None:
    for seed in range(first, first + 20):
        world = run_seed(seed)
        assert not world.findings, f"python -m tests.simulation --seed {seed}: {world.findings[0]}"


def test_a_seed_repeats_itself() -> None:
    assert run_seed(7).notes == run_seed(7).notes


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_bug_is_found(name: str) -> None:
    first = FIRST.get(name, 0)
    assert find(name, iter(range(first, first + 200))), f"{name} was not found"
