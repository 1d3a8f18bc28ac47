"""GavelDB answers the message scripts as PostgreSQL 18 did when they were recorded."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .runner import SCRIPTS, play

NAMES = sorted(path.stem for path in SCRIPTS.glob("*.txt"))

# Scripts that need more of the engine than there is. Delete names; add none.
PENDING = frozenset(
    {
        "bad_message_length", "bind_errors", "bind_formats", "cancel", "cancel_32",
        "constraint_error", "copy_in", "copy_in_error", "copy_in_extended", "copy_in_fail",
        "copy_in_lost", "copy_out", "copy_stray", "describe", "extended",
        "extended_error_rolls_back", "extended_failed_block", "extended_names",
        "extended_parse_errors", "extended_pipelined", "extended_skip_until_sync", "function_call",
        "half_closed", "malformed", "notify", "parameter_status", "portal_ends_with_sync",
        "portal_limit_exact", "portal_limits", "simple", "simple_error", "simple_malformed",
        "simple_transaction",  "tags",
    }
)  # fmt: skip


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
def test_script(name: str, address: tuple[str, int], request: pytest.FixtureRequest) -> None:
    if name in PENDING:
        request.applymarker(pytest.mark.xfail(reason="the engine cannot do it yet", strict=False))
    text = (SCRIPTS / f"{name}.txt").read_text()
    assert play(text, address) == text
