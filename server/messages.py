"""Reads the bodies of frontend messages. No I/O, and no objects on the hot path.

Each parse function gets the bytes and the half-open range of one body. It reads straight ahead,
assuming a well-formed message, and checks at the end that it arrived exactly at the end of the
body; only if not does the slow `BodyReader` read the body again, to raise the error that
PostgreSQL raises (pqformat.c).
"""

from collections.abc import Callable, Sequence
from struct import Struct
from struct import error as StructError
from typing import NoReturn

from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import CHARACTER_NOT_IN_REPERTOIRE

from .errors import RequestError, protocol_violation

UINT16 = Struct("!H")
INT32 = Struct("!i")
_unpack_uint16 = UINT16.unpack_from
_unpack_int32 = INT32.unpack_from

BindFields = tuple[str, str, Sequence[int], list[bytes | None], Sequence[int]]

# Python's codec by the name that client_encoding reports. Not here: UTF8, and SQL_ASCII, which means
# that nothing is converted, so that the bytes are the server's own UTF8.
CODECS = {
    "LATIN1": "latin-1", "LATIN2": "iso8859-2", "LATIN3": "iso8859-3",
    "LATIN4": "iso8859-4", "LATIN5": "iso8859-9", "LATIN6": "iso8859-10", "LATIN7": "iso8859-13",
    "LATIN8": "iso8859-14", "LATIN9": "iso8859-15", "LATIN10": "iso8859-16", "ISO_8859_5": "iso8859-5",
    "ISO_8859_6": "iso8859-6", "ISO_8859_7": "iso8859-7", "ISO_8859_8": "iso8859-8", "WIN1250": "cp1250",
    "WIN1251": "cp1251", "WIN1252": "cp1252", "WIN1253": "cp1253", "WIN1254": "cp1254", "WIN1255": "cp1255",
    "WIN1256": "cp1256", "WIN1257": "cp1257", "WIN1258": "cp1258", "WIN866": "cp866", "WIN874": "cp874",
    "KOI8R": "koi8-r", "KOI8U": "koi8-u", "EUC_JP": "euc-jp", "EUC_KR": "euc-kr", "EUC_CN": "gb2312",
    "SJIS": "shift-jis", "BIG5": "big5", "GBK": "gbk", "GB18030": "gb18030", "UHC": "cp949",
    "JOHAB": "johab",
}  # fmt: skip


def decode(data: bytes, codec: str = "utf-8") -> str:
    """Client text to str; 22021 names the bytes that are not text."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        start = error.start
        bad = data[start : start + _utf8_length(data[start])] if codec == "utf-8" else data[start : start + 1]
        shown = " ".join(f"0x{byte:02x}" for byte in bad)
        name = next((name for name, known in CODECS.items() if known == codec), "UTF8")
        raise RequestError(
            CHARACTER_NOT_IN_REPERTOIRE, f'invalid byte sequence for encoding "{name}": {shown}'
        ) from None


def _utf8_length(first: int) -> int:
    if first & 0xE0 == 0xC0:
        return 2
    if first & 0xF0 == 0xE0:
        return 3
    return 4 if first & 0xF8 == 0xF0 else 1


def parse_query(data: bytes, position: int, end: int, codec: str) -> str:
    """Query: the text."""
    if data.find(0, position, end) != end - 1:
        reader = BodyReader(data, position, end, codec)
        reader.string()
        reader.finish()
    return decode(data[position : end - 1], codec)


def parse_parse(data: bytes, position: int, end: int, codec: str) -> tuple[str, str, Sequence[int]]:
    """Parse: statement name, text, parameter types."""
    zero = data.find(0, position, end)
    name = decode(data[position:zero], codec) if zero > position else ""
    after = data.find(0, zero + 1, end)
    if zero < 0 or after < 0 or after + 3 > end:
        _malformed(_read_parse, data, position, end, codec)
    text = decode(data[zero + 1 : after], codec)
    (count,) = _unpack_uint16(data, after + 1)
    if after + 3 + 4 * count != end:
        _malformed(_read_parse, data, position, end, codec)
    if not count:
        return name, text, ()
    types = Struct(f"!{count}I").unpack_from(data, after + 3)
    return name, text, types


def parse_bind(data: bytes, position: int, end: int, codec: str) -> BindFields:
    """Bind: portal, statement, parameter formats, parameter values, result formats."""
    start = position
    zero = data.find(0, position, end)
    portal = decode(data[position:zero], codec) if zero > position else ""
    position = zero + 1
    zero = data.find(0, position, end)
    statement = decode(data[position:zero], codec) if zero > position else ""
    if not position or zero < 0:
        _malformed(_read_bind, data, start, end, codec)
    try:
        (count,) = _unpack_uint16(data, zero + 1)
        position = zero + 3
        formats: Sequence[int] = ()
        if count:
            formats = Struct(f"!{count}H").unpack_from(data, position)
            position += 2 * count
        (count,) = _unpack_uint16(data, position)
        position += 2
        values: list[bytes | None] = []
        while count:
            (length,) = _unpack_int32(data, position)
            position += 4
            if length >= 0:
                values.append(data[position : position + length])
                position += length
            elif length == -1:
                values.append(None)
            else:
                break
            count -= 1
        (results,) = _unpack_uint16(data, position)
        position += 2
        if results == 1:
            result_formats: Sequence[int] = _unpack_uint16(data, position)
            position += 2
        elif results:
            result_formats = Struct(f"!{results}H").unpack_from(data, position)
            position += 2 * results
        else:
            result_formats = ()
    except StructError:
        position = end + 1
    if position != end or count:
        _malformed(_read_bind, data, start, end, codec)
    return portal, statement, formats, values, result_formats


def parse_execute(data: bytes, position: int, end: int, codec: str) -> tuple[str, int]:
    """Execute: portal, row limit (0: none)."""
    zero = data.find(0, position, end)
    if zero < 0 or zero + 5 != end:
        reader = BodyReader(data, position, end, codec)
        reader.string()
        reader.take(4)
        reader.finish()
    (limit,) = _unpack_int32(data, zero + 1)
    return (decode(data[position:zero], codec) if zero > position else ""), max(limit, 0)


def parse_target(data: bytes, position: int, end: int, codec: str) -> tuple[int, str]:
    """Describe and Close: the kind (S or P) and a name."""
    if end - position < 2 or data.find(0, position + 1, end) != end - 1:
        reader = BodyReader(data, position, end, codec)
        reader.byte()
        reader.string()
        reader.finish()
    return data[position], decode(data[position + 1 : end - 1], codec)


def parse_function_call(
    data: bytes, position: int, end: int, codec: str
) -> tuple[int, Sequence[int], list[bytes | None], int]:
    """FunctionCall: function oid, argument formats, arguments, result format."""
    reader = BodyReader(data, position, end, codec)
    oid = reader.int32() & 0xFFFFFFFF
    formats = [reader.uint16() for _ in range(reader.uint16())]
    arguments = [reader.value() for _ in range(reader.uint16())]
    result_format = reader.uint16()
    reader.finish()
    return oid, formats, arguments, result_format


def parse_string(data: bytes, position: int, end: int, codec: str) -> str:
    """A body that is one string: CopyFail, PasswordMessage."""
    reader = BodyReader(data, position, end, codec)
    text = reader.string()
    reader.finish()
    return text


def parse_nothing(data: bytes, position: int, end: int, codec: str) -> None:
    """An empty body: Sync, Flush."""
    if position != end:
        raise protocol_violation("invalid message format")


class BodyReader:
    """Field by field, each checked: for rare messages, and to find what is wrong with a bad one."""

    def __init__(self, data: bytes, position: int, end: int, codec: str) -> None:
        self._data = data
        self._position = position
        self._end = end
        self._codec = codec

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count < 0 or count > self._end - self._position:
            raise protocol_violation("insufficient data left in message")
        self._position += count
        return self._data[self._position - count : self._position]

    def byte(self) -> int:
        """One byte."""
        if self._position >= self._end:
            raise protocol_violation("no data left in message")
        return self.take(1)[0]

    def uint16(self) -> int:
        """An Int16, unsigned as PostgreSQL takes it."""
        return int(UINT16.unpack(self.take(2))[0])

    def int32(self) -> int:
        """An Int32."""
        return int(INT32.unpack(self.take(4))[0])

    def string(self) -> str:
        """Bytes up to a zero."""
        zero = self._data.find(0, self._position, self._end)
        if zero < 0:
            raise protocol_violation("invalid string in message")
        text = decode(self._data[self._position : zero], self._codec)
        self._position = zero + 1
        return text

    def value(self) -> bytes | None:
        """A length and so many bytes; -1 is NULL."""
        length = self.int32()
        return None if length == -1 else self.take(length)

    def finish(self) -> None:
        """Nothing may be left."""
        if self._position != self._end:
            raise protocol_violation("invalid message format")


def _read_parse(reader: BodyReader) -> None:
    reader.string()
    reader.string()
    for _ in range(reader.uint16()):
        reader.int32()
    reader.finish()


def _read_bind(reader: BodyReader) -> None:
    name = reader.string()
    reader.string()
    for _ in range(reader.uint16()):
        reader.uint16()
    for index in range(reader.uint16()):
        length = reader.int32()
        if length != -1:
            try:
                reader.take(length)
            except SqlError as error:
                portal = f'portal "{name}"' if name else "unnamed portal"
                error.where = f"{portal} parameter ${index + 1}"
                raise
    for _ in range(reader.uint16()):
        reader.uint16()
    reader.finish()


def _malformed(
    read: Callable[[BodyReader], None], data: bytes, position: int, end: int, codec: str
) -> NoReturn:
    read(BodyReader(data, position, end, codec))
    raise protocol_violation("invalid message format")
