"""The COPY FROM STDIN sub-protocol: takes CopyData out of the received bytes. No I/O.

COPY pulls: the engine asks for the next piece, and whole CopyData messages that have arrived are
handed over together, up to PIECE_BYTES_MAX. Flush and Sync are ignored meanwhile, as clients which
pipeline send them early ("Frontend/Backend Protocol, COPY Operations").
"""

from typing import Final, Literal

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import QUERY_CANCELED

from .errors import protocol_lost
from .frames import HEADER, HEADER_BYTES, Inbound
from .messages import parse_string

PIECE_BYTES_MAX = 256 * 1024

COPY_DATA: Final = ord("d")
COPY_DONE: Final = ord("c")
COPY_FAIL: Final = ord("f")
IGNORED: Final = b"HS"


def pull_copy_data(inbound: Inbound, codec: str, limits: tuple[int, ...]) -> bytes | Literal[False] | None:
    """The next piece, None after CopyDone, False if nothing has arrived yet. `limits`: see frames.py.

    Raises 57014 after CopyFail, and 08P01, FATAL, for any other message.
    """
    inbound.gather()
    data = inbound.data
    position = inbound.position
    size = len(data)
    pieces: list[bytes] = []
    pieces_bytes = 0
    while size - position >= HEADER_BYTES and pieces_bytes < PIECE_BYTES_MAX:
        tag, length = HEADER.unpack_from(data, position)
        following = position + 1 + length
        if limits[tag] and not 4 <= length <= limits[tag]:
            if pieces:
                break
            raise protocol_lost("invalid message length")
        if limits[tag] and following > size:
            inbound.needed = following - position
            break
        if tag == COPY_DATA:
            pieces.append(data[position + 5 : following])
            pieces_bytes += length
        elif tag not in IGNORED:
            if pieces:
                break
            inbound.position = following
            _end(tag, data, position + 5, following, codec)
            return None
        position = following
    inbound.position = position
    inbound.release()
    return b"".join(pieces) if pieces else False


def _end(tag: int, data: bytes, position: int, end: int, codec: str) -> None:
    if tag == COPY_FAIL:
        reason = parse_string(data, position, end, codec)
        raise SqlError(QUERY_CANCELED, f"COPY from stdin failed: {reason}")
    if tag != COPY_DONE:
        raise protocol_lost(f"unexpected message type 0x{tag:02X} during COPY from stdin")
