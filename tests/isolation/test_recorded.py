"""The specs of our own (scripts/*.spec): every permutation as PostgreSQL's recorded answers have it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..server_process import ServerProcess
from .specs.compare import SCRIPTS, outputs


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ServerProcess(None, 0, "--max-prepared-transactions", "10") as server:
        yield server.url


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.spec")), ids=lambda path: path.stem)
def test_spec(path: Path, url: str) -> None:
    expected = path.with_suffix(".out").read_text()
    assert "\n".join(outputs(path.read_text(), path.stem, url)) == expected
