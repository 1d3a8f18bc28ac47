"""The process that syncs files for ProcessSyncer (syncing.py): python -I -S syncprocess.py SOCKET.

A request is one byte. With it comes the descriptor of a file, if that is another than the last time; the
file is synced, and the answer is errno as four bytes, 0 if it went well. It ends when the other end of the
socket is closed, however that came about.
"""

import errno
import os
import socket
import sys
from contextlib import suppress
from typing import Final

ANSWER_BYTES: Final = 4
_fdatasync = getattr(os, "fdatasync", os.fsync)


def serve(requests: socket.socket) -> None:
    """Until the server is gone."""
    descriptor = -1
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
        if not request:
            return
        if descriptors:
            if descriptor >= 0:
                os.close(descriptor)
            descriptor = descriptors[0]
        failure = 0
        try:
            _fdatasync(descriptor)
        except OSError as error:
            failure = error.errno or errno.EIO
        requests.sendall(failure.to_bytes(ANSWER_BYTES, "little"))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as end, suppress(BrokenPipeError, ConnectionResetError):
        serve(end)
