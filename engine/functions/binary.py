"""Binary string functions (manual section 9.5): bits and bytes, checksums, hashes, trimming."""

import binascii
import hashlib

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import ARRAY_SUBSCRIPT_ERROR, INVALID_PARAMETER_VALUE
from .strings import substring_bounds


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise SqlError(ARRAY_SUBSCRIPT_ERROR, f"index {index} out of valid range, 0..{size - 1}")


@implements("byteaGetByte")
def bytea_get_byte(data: bytes, index: int) -> int:
    _check_index(index, len(data))
    return data[index]


@implements("byteaSetByte")
def bytea_set_byte(data: bytes, index: int, value: int) -> bytes:
    _check_index(index, len(data))
    return data[:index] + bytes((value & 0xFF,)) + data[index + 1 :]


@implements("byteaGetBit")
def bytea_get_bit(data: bytes, index: int) -> int:
    _check_index(index, len(data) * 8)
    return data[index // 8] >> (index % 8) & 1


@implements("byteaSetBit")
def bytea_set_bit(data: bytes, index: int, value: int) -> bytes:
    _check_index(index, len(data) * 8)
    if value not in (0, 1):
        raise SqlError(INVALID_PARAMETER_VALUE, "new bit must be 0 or 1")
    place, mask = index // 8, 1 << index % 8
    byte = data[place] | mask if value else data[place] & ~mask
    return data[:place] + bytes((byte,)) + data[place + 1 :]


@implements("bytea_bit_count")
def bytea_bit_count(data: bytes) -> int:
    return int.from_bytes(data, "big").bit_count()


@implements("bytea_substr")
def bytea_substr(data: bytes, start: int, length: int) -> bytes:
    first, end = substring_bounds(start, length)
    return data[first:end]


@implements("bytea_substr_no_len")
def bytea_substr_no_len(data: bytes, start: int) -> bytes:
    return data[max(start - 1, 0) :]


@implements("byteatrim")
def byteatrim(data: bytes, characters: bytes) -> bytes:
    return data.strip(characters)


@implements("bytealtrim")
def bytealtrim(data: bytes, characters: bytes) -> bytes:
    return data.lstrip(characters)


@implements("byteartrim")
def byteartrim(data: bytes, characters: bytes) -> bytes:
    return data.rstrip(characters)


@implements("crc32_bytea")
def crc32_bytea(data: bytes) -> int:
    return binascii.crc32(data)


@implements("crc32c_bytea")
def crc32c_bytea(data: bytes) -> int:
    from crc32c import crc32c  # slow to import

    return int(crc32c(data))


@implements("sha224_bytea")
def sha224_bytea(data: bytes) -> bytes:
    return hashlib.sha224(data).digest()


@implements("sha256_bytea")
def sha256_bytea(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@implements("sha384_bytea")
def sha384_bytea(data: bytes) -> bytes:
    return hashlib.sha384(data).digest()


@implements("sha512_bytea")
def sha512_bytea(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


@implements("length_in_encoding")
def length_in_encoding(data: bytes, encoding: str) -> int:
    return len(_decode(data, encoding))


_CODECS = {
    "utf8": "utf-8",
    "unicode": "utf-8",
    "sqlascii": "latin-1",
    "latin1": "latin-1",
    "iso88591": "latin-1",
}
_CODECS |= {
    "win1252": "cp1252",
    "win1251": "cp1251",
    "win1250": "cp1250",
    "koi8r": "koi8-r",
    "latin9": "iso8859-15",
}
_CODECS |= {"latin2": "iso8859-2", "iso885915": "iso8859-15", "eucjp": "euc-jp", "sjis": "shift-jis"}


def _codec(encoding: str, which: str) -> str:
    name = "".join(char for char in encoding.lower() if char.isalnum())
    codec = _CODECS.get(name)
    if codec is None:
        raise SqlError(INVALID_PARAMETER_VALUE, f'invalid {which} encoding name "{encoding}"')
    return codec


def _decode(data: bytes, encoding: str, which: str = "source") -> str:
    from ..types.text import decode_text

    codec = _codec(encoding, which)
    return decode_text(data) if codec == "utf-8" else data.decode(codec)


@implements("pg_convert_from")
def pg_convert_from(data: bytes, encoding: str) -> str:
    return _decode(data, encoding)


@implements("pg_convert_to")
def pg_convert_to(text: str, encoding: str) -> bytes:
    from ..sqlstates import UNTRANSLATABLE_CHARACTER

    try:
        codec = _codec(encoding, "destination")
        if codec == "latin-1" and encoding.lower().replace("_", "") == "sqlascii":
            codec = "utf-8"  # no conversion
        return text.encode(codec)
    except UnicodeEncodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in text[error.start].encode())
        raise SqlError(
            UNTRANSLATABLE_CHARACTER,
            f'character with byte sequence {shown} in encoding "UTF8" has no equivalent in encoding '
            f'"{encoding.upper()}"',
        ) from None
