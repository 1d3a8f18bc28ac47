"""Syncing while the loop goes on: by a process, and what becomes of it when that ends or the disk fails."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from gaveldb.journal.syncing import ProcessSyncer


class Synced:
    """Waits for syncs."""

    def __init__(self) -> None:
        self.syncer = ProcessSyncer(asyncio.get_running_loop())

    async def sync(self, descriptor: int) -> OSError | None:
        answer: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()
        self.syncer.sync(descriptor, answer.set_result)
        return await asyncio.wait_for(answer, 30)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[int]]:
    found = [os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in ("first", "second")]
    yield found
    for descriptor in found:
        os.close(descriptor)


def _opened(pid: int) -> set[str]:
    """What files the process has open."""
    folder = Path(f"/proc/{pid}/fd")
    return {os.readlink(folder / name).rsplit("/", 1)[-1] for name in os.listdir(folder)}


async def test_files_one_after_the_other(files: list[int]) -> None:
    synced = Synced()
    for turn, descriptor in enumerate([files[0], files[0], files[1], files[0]]):
        os.write(descriptor, b"%d" % turn)
        assert await synced.sync(descriptor) is None
    if os.path.isdir("/proc/self/fd"):
        opened = _opened(synced.syncer._process.pid)
        assert "first" in opened and "second" not in opened
    synced.syncer.stop()


async def test_a_file_with_the_number_of_another_is_another(tmp_path: Path) -> None:
    synced = Synced()
    for name in ("first", "second"):
        descriptor = os.open(tmp_path / name, os.O_RDWR | os.O_CREAT)
        os.write(descriptor, b"x")
        assert await synced.sync(descriptor) is None
        if os.path.isdir("/proc/self/fd"):
            assert name in _opened(synced.syncer._process.pid)
        os.close(descriptor)
    synced.syncer.stop()


async def test_the_error_of_the_disk_is_told() -> None:
    synced = Synced()
    reading, writing = os.pipe()
    error = await synced.sync(writing)
    assert error is not None and error.errno
    os.close(reading)
    os.close(writing)
    synced.syncer.stop()


async def test_a_process_that_was_ended_is_an_error(files: list[int]) -> None:
    synced = Synced()
    assert await synced.sync(files[0]) is None
    os.kill(synced.syncer._process.pid, signal.SIGKILL)
    synced.syncer._process.wait()
    try:
        error = await synced.sync(files[0])
    except OSError as refused:
        error = refused
    assert isinstance(error, OSError)
    synced.syncer.stop()


async def test_it_ends_with_the_server(files: list[int]) -> None:
    synced = Synced()
    assert await synced.sync(files[0]) is None
    synced.syncer.stop()
    assert synced.syncer._process.returncode == 0
