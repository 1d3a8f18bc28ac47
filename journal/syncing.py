"""Syncing a file while the loop goes on.

A process of its own does it (syncprocess.py). Measured on two processors, with a loop that has always
something to do: 290 us from request to answer, with 5 us to ask. Linux's AIO leaves the sync to the
processor that asked, where it waits for the loop's time slice to end: 3,900 us, and 80 to ask. A thread
waits for the interpreter's lock. It remains for where no process can be started.
"""

import errno
import os
import socket
import subprocess
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from . import syncprocess
from .syncprocess import ANSWER_BYTES

Done = Callable[[OSError | None], None]


class Syncer(Protocol):
    """One for a journal. At most one sync is under way at a time."""

    def sync(self, descriptor: int, done: Done) -> None:
        """Make durable what was written to the file before this call, then `done` on the loop."""

    def stop(self) -> None:
        """None is under way."""


class ProcessSyncer:
    """By a process of its own. Raises OSError where none can be started."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._done: Done | None = None
        self._file: tuple[int, int] | None = None  # device and inode of what the process has open
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-S", syncprocess.__file__, str(theirs.fileno())]
        with theirs:
            # A session of its own: Ctrl-C is for the server, which may have something to sync before it ends.
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], start_new_session=True, stdin=subprocess.DEVNULL
            )
        self._socket.setblocking(False)
        loop.add_reader(self._socket, self._answered)

    def sync(self, descriptor: int, done: Done) -> None:
        status = os.fstat(descriptor)
        file = (status.st_dev, status.st_ino)  # which no other file can be while the process has it open
        if file == self._file:
            self._socket.send(b"s")
        else:
            socket.send_fds(self._socket, [b"s"], [descriptor])
            self._file = file
        self._done = done

    def _answered(self) -> None:
        done, self._done = self._done, None
        try:
            answer = self._socket.recv(ANSWER_BYTES)
        except OSError:
            answer = b""
        failure = int.from_bytes(answer, "little")
        if len(answer) < ANSWER_BYTES:
            # It was ended by somebody, and nobody knows whether the disk has reported an error to it.
            self._loop.remove_reader(self._socket)
            failure = errno.EIO
        if done is not None:
            done(OSError(failure, os.strerror(failure)) if failure else None)

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.remove_reader(self._socket)
        self._socket.close()
        self._process.wait()


class ThreadSyncer:
    """By a thread of its own."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def sync(self, descriptor: int, done: Done) -> None:
        self._worker.put(_Job(descriptor, done))

    def stop(self) -> None:
        self._worker.stop()


class _Job:
    __slots__ = ("descriptor", "done", "error")

    def __init__(self, descriptor: int, done: Done) -> None:
        self.descriptor = descriptor
        self.done = done
        self.error: OSError | None = None


_fdatasync = getattr(os, "fdatasync", os.fsync)


def work(job: _Job) -> None:
    """In the thread."""
    try:
        _fdatasync(job.descriptor)
    except OSError as error:
        job.error = error


def finish(job: _Job) -> None:
    """On the loop."""
    job.done(job.error)
