"""Replies go to the socket at once, where the event loop would keep them until the end of its turn.

The client can then get on with its next request while the server still tidies up. What the socket does
not take, and all that comes behind it, goes through the transport.

The descriptor is the transport's own. Both event loops close it only after connection_lost, which ends
the use of the writer, so it cannot become another connection's in between.
"""

import asyncio
import os
import socket
from collections.abc import Callable

_SIZE_MAX = 64 * 1024


def direct_writer(transport: asyncio.Transport) -> Callable[[bytes | bytearray], None]:
    """A function that writes to a plain socket; the transport's own for any other (TLS, tests)."""
    plain = transport.get_extra_info("socket")
    if plain is None or transport.get_extra_info("ssl_object") is not None:
        return transport.write
    if plain.family not in (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", None)):
        return transport.write
    descriptor: int = plain.fileno()
    queued = transport.get_write_buffer_size
    hand_over = transport.write
    is_closing = transport.is_closing

    def write(data: bytes | bytearray) -> None:
        if queued() or len(data) > _SIZE_MAX or is_closing():
            hand_over(data)
            return
        try:
            sent = os.write(descriptor, data)
        except OSError:  # the transport finds out what it is, and ends the connection if it must
            sent = 0
        if sent < len(data):
            hand_over(memoryview(data)[sent:] if sent else data)

    return write
