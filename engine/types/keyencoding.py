"""Order-preserving encodings of ranges, multiranges and jsonb for index keys.

No encoding is a proper prefix of another. A range is 00 if empty, else 01, lower bound, upper bound; a
bound is 00 (minus infinity), 01 value e, or 02 (infinity), where e orders inclusive and exclusive
bounds. A multirange is 01 range for each, then 00. A jsonb value begins with its type's rank.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..values import Jsonb, Multirange, Range

Encoder = Callable[[Any], bytes]


def range_encoder(element: Encoder) -> Encoder:
    """For a range type, given the encoder of its element type."""

    def encode(value: Range) -> bytes:
        if value.empty:
            return b"\x00"
        lower, upper = b"\x00", b"\x02"
        if value.lower is not None:
            lower = b"\x01" + element(value.lower) + (b"\x00" if value.lower_inc else b"\x01")
        if value.upper is not None:
            upper = b"\x01" + element(value.upper) + (b"\x01" if value.upper_inc else b"\x00")
        return b"\x01" + lower + upper

    return encode


def multirange_encoder(element: Encoder) -> Encoder:
    """For a multirange type, given the encoder of its element type."""
    encode = range_encoder(element)

    def encode_all(value: Multirange) -> bytes:
        return b"".join([b"\x01" + encode(item) for item in value.ranges]) + b"\x00"

    return encode_all


def jsonb_encoder(text: Encoder, numeric: Encoder) -> Encoder:
    """For jsonb; a bare scalar is an array of one item that sorts before real ones."""

    def encode(value: Any) -> bytes:
        if value is None:
            return b"\x00"
        if type(value) is bool:
            return b"\x03\x01" if value else b"\x03\x00"
        if type(value) is str:
            return b"\x01" + text(value)
        if type(value) is list:
            return b"\x10" + len(value).to_bytes(4) + b"\x01" + b"".join([encode(item) for item in value])
        if type(value) is dict:
            pairs = [text(key) + encode(item) for key, item in value.items()]
            return b"\x11" + len(value).to_bytes(4) + b"".join(pairs)
        return b"\x02" + numeric(Decimal(value))

    def encode_root(jsonb: Jsonb) -> bytes:
        value = jsonb.value
        if type(value) is list or type(value) is dict:
            return encode(value)
        return b"\x10\x00\x00\x00\x01\x00" + encode(value)

    return encode_root
