"""GavelDB servers in processes of their own, as users start them: one for all tests that ask for it, and
durable ones that a test may kill.

TEST_SERVER=host:port runs the tests against a server that is there already, such as PostgreSQL itself: what
fails there is a mistake of the test.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from .server_process import ServerProcess, oracle_folder


class Server(NamedTuple):
    """Where it listens."""

    host: str
    port: int
    url: str
    process: ServerProcess

    @property
    def environment(self) -> dict[str, str]:
        """What libpq's programs need to find it."""
        return self.process.environment


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if where := os.environ.get("TEST_SERVER"):
        host, port = where.split(":")
        other = ServerProcess(port=int(port))
        other.host = host
        yield Server(host, int(port), other.url, other)
        return
    process = ServerProcess().start()
    try:
        yield Server(process.host, process.port, process.url, process)
    finally:
        assert process.stop() == 0


@pytest.fixture
def durable_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """With its data in a folder of its own; the test may call kill9() and restart()."""
    with ServerProcess(tmp_path / "data") as process:
        yield process


@pytest.fixture(scope="session")
def oracle_bin() -> Path:
    """The folder of psql, pg_dump and pgbench."""
    return oracle_folder()
