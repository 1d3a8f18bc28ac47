"""Keys longer than LMDB takes.

LMDB's keys end at 511 bytes. A key of more than 500 bytes lives in a bucket, together with all
others that share its first 500 bytes:

    LMDB key    first 500 bytes | 0x00            (so 501 bytes; no other LMDB key is that long)
    LMDB value  msgpack [[rest of key, value], ...] in key order

A bucket's key sorts behind the key that is exactly its 500 bytes, and before everything that is not
an extension of them. So going through the entries in LMDB's order and each bucket in its own order
is going through all keys in order. A bucket is rewritten as a whole: thousands of keys that agree
in 500 bytes are slow to change, and nothing else is.
"""

from bisect import bisect_left

from msgspec.msgpack import Decoder, Encoder

SHORT_MAX = 500
BUCKET_SIZE = SHORT_MAX + 1

Bucket = list[tuple[bytes, bytes]]

encode_bucket = Encoder().encode
decode_bucket = Decoder(list[tuple[bytes, bytes]]).decode


def bucket_key(key: bytes) -> bytes:
    """The LMDB key of the bucket that holds a long key."""
    return key[:SHORT_MAX] + b"\x00"


def find(bucket: Bucket, rest: bytes) -> int:
    """Where the entry is or would be."""
    return bisect_left(bucket, rest, key=_rest)


def look_up(content: bytes, key: bytes) -> bytes | None:
    """The value of a long key in an encoded bucket."""
    bucket = decode_bucket(content)
    rest = key[SHORT_MAX:]
    index = find(bucket, rest)
    if index < len(bucket) and bucket[index][0] == rest:
        return bucket[index][1]
    return None


def change(bucket: Bucket, rest: bytes, value: bytes | None) -> None:
    """Put, replace or remove one entry."""
    index = find(bucket, rest)
    present = index < len(bucket) and bucket[index][0] == rest
    if value is None:
        if present:
            del bucket[index]
    elif present:
        bucket[index] = (rest, value)
    else:
        bucket.insert(index, (rest, value))


def expand(key: bytes, content: bytes) -> Bucket:
    """The entries of a bucket under their whole keys."""
    prefix = key[:SHORT_MAX]
    return [(prefix + rest, value) for rest, value in decode_bucket(content)]


def _rest(entry: tuple[bytes, bytes]) -> bytes:
    return entry[0]
