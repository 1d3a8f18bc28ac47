"""GavelDB answers the message scripts as PostgreSQL 18 did when they were recorded."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .runner import SCRIPTS, play

NAMES = sorted(path.stem for path in SCRIPTS.glob("*.txt"))


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """A server of our own, in a process of its own, as users start it."""
    command = [sys.executable, "-m", "gaveldb", "serve", "--in-memory", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = server.stdout.readline()
        found = re.search(r"postgresql://postgres@([\d.]+):(\d+)/postgres", ready)
        assert found, f"the server said {ready!r}"
        yield found[1], int(found[2])
        server.terminate()
        assert server.wait(15) == 0


@pytest.mark.parametrize("name", NAMES)
def test_script(name: str, address: tuple[str, int]) -> None:
    text = (SCRIPTS / f"{name}.txt").read_text()
    assert play(text, address) == text
