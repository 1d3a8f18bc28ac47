"""PostgreSQL of the oracle's wheel as a server of one's own: its own data directory and port, as the user
nobody where we are root (PostgreSQL refuses root)."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from ..server_process import oracle_folder


class OracleServer:
    """Started by `with`; listens on a free loopback port; fsync on, everything else by default."""

    host = "127.0.0.1"

    def __init__(self, folder: Path | None = None) -> None:
        self._own = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="oracle-"))
        self.bin = oracle_folder()
        with socket.socket() as probe:
            probe.bind((self.host, 0))
            self.port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        user = "nobody" if os.geteuid() == 0 else None
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/")

    def initialise(self) -> None:
        """Create the cluster."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        options = ["-A", "trust", "-E", "UTF8", "--locale=C", "-U", "postgres"]
        self._run("initdb", "-D", str(self.data_dir), *options)
        with (self.data_dir / "postgresql.conf").open("a") as file:
            file.write(f"port={self.port}\nlisten_addresses='{self.host}'\nmax_connections=100\n")
            file.write(f"unix_socket_directories='{self.folder}'\nfsync=on\n")

    def start(self) -> Self:
        """Start it and wait until it answers."""
        if not self.data_dir.exists():
            self.initialise()
        self._run("pg_ctl", "-D", str(self.data_dir), "-l", str(self.folder / "log"), "-w", "start")
        return self

    @property
    def pid(self) -> int:
        return int((self.data_dir / "postmaster.pid").read_text().split("\n")[0])

    def memory(self) -> int:
        """Proportional memory of all its processes, in bytes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        total = 0
        for pid in (str(self.pid), *children):
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except FileNotFoundError:  # a worker that has just ended
                continue
            for line in rollup.splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self) -> None:
        """Shut down; the data is removed if it lay in a folder of our own."""
        self._run("pg_ctl", "-D", str(self.data_dir), "-m", "fast", "-w", "stop")
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()
