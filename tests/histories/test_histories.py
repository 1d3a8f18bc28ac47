"""A sample; `python -m tests.histories` does more."""

from pathlib import Path

import pytest

from .run import LEVELS, run_level


@pytest.mark.parametrize("level", LEVELS)
def test_level(level: str, tmp_path: Path) -> None:
    run = run_level(level, tmp_path / "data", 400, 1, 1)
    assert run.kills == 1
