"""A few cycles of `make crash`."""

from pathlib import Path

from .cycles import run_cycles


async def test_cycles(tmp_path: Path) -> None:
    lines: list[str] = []
    total = await run_cycles(tmp_path / "data", 6, 7, tell=lines.append)
    assert not total.wrong, "\n".join(lines)
    assert total.acknowledged > 50
