"""Input and output functions of json and jsonb."""

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import INTERNAL_ERROR
from ..values import Jsonb
from .jsonb import check_json, jsonb_parse, jsonb_text
from .text import decode_text


@implements("json_in")
def json_in(text: str) -> str:
    check_json(text, unicode_checks=False)
    return text


@implements("json_out", inline="{0}")
def json_out(value: str) -> str:
    return value


@implements("json_recv")
def json_recv(data: bytes) -> str:
    return json_in(decode_text(data))


@implements("json_send", inline="({0}).encode()")
def json_send(value: str) -> bytes:
    return value.encode()


@implements("jsonb_in")
def jsonb_in(text: str) -> Jsonb:
    return jsonb_parse(text)


@implements("jsonb_out", inline="jsonb_text({0})", names={"jsonb_text": jsonb_text})
def jsonb_out(value: Jsonb) -> str:
    return jsonb_text(value)


@implements("jsonb_recv")
def jsonb_recv(data: bytes) -> Jsonb:
    if data[:1] != b"\x01":
        raise SqlError(INTERNAL_ERROR, f"unsupported jsonb version number {data[0] if data else 0}")
    return jsonb_parse(decode_text(data[1:]))


@implements("jsonb_send")
def jsonb_send(value: Jsonb) -> bytes:
    return b"\x01" + jsonb_text(value).encode()
