"""The row codec: a list of column values and its msgpack form.

Only msgpack's own types go in (None, bool, int, float, str, bytes, list); how a value of another
type is put into those is the engine's business.
"""

from typing import Any

from msgspec.msgpack import Decoder, Encoder

encode_row = Encoder().encode
_decoder: Decoder[list[Any]] = Decoder(list)
decode_row = _decoder.decode

__all__ = ["decode_row", "encode_row"]
