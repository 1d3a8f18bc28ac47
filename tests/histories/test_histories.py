"""A sample; `python -m tests.histories` does more."""

from pathlib import Path

import pytest

from .run import LEVELS, run_level


@pytest.mark.parametrize("level", LEVELS)
def test_level(level: str, tmp_path: Path) -> None:
    run = run_level(level, tmp_path / "data", 400, 1, 1)
    assert run.kills == 1


def test_what_a_level_allows_the_next_one_does_not(tmp_path: Path) -> None:
    """The checker finds the anomalies that are there: those of a level, taken for a stricter one."""
    weak = run_level("read committed", tmp_path / "weak", 600, 0, 2)
    weak.level = "repeatable read"
    assert any("G-single" in wrong for wrong in weak.judge())
    snapshots = run_level("repeatable read", tmp_path / "snapshots", 600, 0, 2)
    for entry in snapshots.history.entries:
        entry.serializable = True
    assert any("write skew" in wrong for wrong in snapshots.judge())
    lost = next(content for content in snapshots.final.values() if len(content) > 2)
    lost.pop()
    assert snapshots.judge()
