"""A full disk: commits are refused with 53100, reads served, and all goes on when there is space again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from ..server_process import ServerProcess

MEGABYTES = 64


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(connection: psycopg.Connection) -> int:
    """Insert until the disk is full; the number of rows acknowledged."""
    done = 0
    with pytest.raises(errors.DiskFull):
        for _ in range(MEGABYTES * 4):
            connection.execute("INSERT INTO t (b) SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
            done += 1000
    return done


def test_full_disk(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(20 << 20))
    with ServerProcess(small_disk / "data") as process:
        with psycopg.connect(process.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (a bigserial PRIMARY KEY, b text)")
            done = fill(connection)
            assert done >= 1000
            for _ in range(3):
                with pytest.raises(errors.DiskFull):
                    connection.execute(
                        "INSERT INTO t (b) SELECT repeat('y', 1000) FROM generate_series(1, 1000)"
                    )
                assert connection.execute("SELECT count(*) FROM t").fetchone() == (done,)
            with psycopg.connect(process.url) as other:  # new connections are served, too
                assert other.execute("SELECT count(*), max(length(b)) FROM t").fetchone() == (done, 1000)
            ballast.unlink()
            connection.execute("INSERT INTO t (b) SELECT 'z' FROM generate_series(1, 1000)")
            done += 1000
            assert connection.execute("SELECT count(*), count(DISTINCT a) FROM t").fetchone() == (done, done)
        process.kill9()
        process.start()
        with psycopg.connect(process.url, autocommit=True) as connection:
            assert connection.execute("SELECT count(*), count(DISTINCT a) FROM t").fetchone() == (done, done)
            connection.execute("INSERT INTO t (b) VALUES ('after')")
        assert not [line for line in process.log if "Traceback" in line], "".join(process.log)
