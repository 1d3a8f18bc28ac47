"""The command line: unsafe or contradictory flags are refused; when ready it prints the URL."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from gaveldb.server.cli import main


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--host", "0.0.0.0"], "refusing to listen on 0.0.0.0 without a password"),
        (["--host", "127.0.0.1", "--host", "::"], "refusing to listen on :: without a password"),
        (["--tls-cert", __file__], "--tls-cert and --tls-key belong together"),
        (["--password", ""], "the password is empty"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--set", "work_mem"], "--set 'work_mem': NAME=VALUE is needed"),
        (["--set", "work_mem=1"], '1 kB is outside the valid range for parameter "work_mem"'),
        (["--set", "nothing=1"], 'unrecognized configuration parameter "nothing"'),
        (["--set", "port=1"], 'parameter "port" cannot be set here'),
    ],
)
def test_refused(flags: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--in-memory", *flags])
    assert result.exit_code != 0
    assert message in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_and_stops(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "gaveldb", "serve", "--in-memory", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("GavelDB is ready: postgresql://postgres@127.0.0.1:")
        server.send_signal(number)
        assert server.wait(10) == 0
    assert not list(tmp_path.iterdir())
