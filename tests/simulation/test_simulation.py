"""A sample of seeds; `python -m tests.simulation --seeds 0-10000` runs more."""

import pytest

from .run import run_seed


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_seeds(first: int) -> None:
    for seed in range(first, first + 20):
        world = run_seed(seed)
        assert not world.findings, f"python -m tests.simulation --seed {seed}: {world.findings[0]}"


def test_a_seed_repeats_itself() -> None:
    assert run_seed(7).notes == run_seed(7).notes
