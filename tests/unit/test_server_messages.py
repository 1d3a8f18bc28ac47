"""Message bodies: well-formed ones, and PostgreSQL's errors for the others."""

import struct

import pytest
from gaveldb.engine.api import ColumnDescription
from gaveldb.engine.errors import SqlError
from gaveldb.engine.sqlstates import SYNTAX_ERROR
from gaveldb.server import messages, replies
from gaveldb.server.frames import Inbound
from gaveldb.server.startup import parse_options, parse_startup
from hypothesis import given
from hypothesis import strategies as st

PADDING = b"\1\2\3\4"
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
formats = st.lists(st.integers(0, 1), max_size=4)


def shorts(values: list[int]) -> bytes:
    return struct.pack(f"!H{len(values)}H", len(values), *values)


@given(names, names, formats, st.lists(st.none() | st.binary(max_size=9), max_size=5), formats)
def test_bind_round_trip(
    portal: str, name: str, formats: list[int], values: list[bytes | None], results: list[int]
) -> None:
    body = portal.encode() + b"\0" + name.encode() + b"\0" + shorts(formats)
    body += struct.pack("!H", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    body += shorts(results)
    read = messages.parse_bind(PADDING + body + PADDING, 4, 4 + len(body), "utf-8")
    assert read == (portal, name, tuple(formats), values, tuple(results))
    for cut in range(len(body)):
        for after in (PADDING, b""):
            data = PADDING + body[:cut] + after
            with pytest.raises(SqlError) as caught:
                messages.parse_bind(data, 4, 4 + cut, "utf-8")
            assert caught.value.sqlstate == "08P01"


@given(names, names, st.lists(st.integers(0, 2**32 - 1), max_size=4))
def test_parse_round_trip(name: str, text: str, types: list[int]) -> None:
    body = f"{name}\0{text}\0".encode() + struct.pack(f"!H{len(types)}I", len(types), *types)
    data = PADDING + body + PADDING
    assert messages.parse_parse(data, 4, 4 + len(body), "utf-8") == (name, text, tuple(types))
    for cut in range(len(body)):
        with pytest.raises(SqlError):
            messages.parse_parse(data, 4, 4 + cut, "utf-8")


@pytest.mark.parametrize(
    "data, shown",
    [(b"a\xff", "0xff"), (b"\xe2\x28\xa1", "0xe2 0x28 0xa1"), (b"\xc3", "0xc3"), (b"\xf0\x28", "0xf0 0x28")],
)
def test_bytes_that_are_no_text(data: bytes, shown: str) -> None:
    with pytest.raises(SqlError, match=f'invalid byte sequence for encoding "UTF8": {shown}$'):
        messages.decode(data)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=10))
def test_inbound_keeps_all_bytes(pieces: list[bytes]) -> None:
    inbound = Inbound()
    for piece in pieces:
        inbound.feed(piece)
        inbound.gather()
    inbound.needed = 0
    inbound.gather()
    assert inbound.data[inbound.position :] == b"".join(pieces)
    assert len(inbound) == sum(map(len, pieces))


@pytest.mark.parametrize(
    "text, settings",
    [
        ("", {}),
        ("-c a=1 -cb=2 --c-d=3", {"a": "1", "b": "2", "c_d": "3"}),
        (r"-c a=x\ y\\z", {"a": "x y\\z"}),
        ("  -c   a=", {"a": ""}),
    ],
)
def test_options(text: str, settings: dict[str, str]) -> None:
    assert parse_options(text) == settings


@pytest.mark.parametrize("text", ["-z", "-c a", "word", "--", "-c"])
def test_bad_options(text: str) -> None:
    with pytest.raises(SqlError):
        parse_options(text)


def test_startup_packet() -> None:
    packet = parse_startup(b"\0\x03\0\x05user\0u\0_pq_.x\0\x31\0options\0-c a=1\0b\0\x32\0\0")
    assert (packet.user, packet.database, packet.refused) == ("u", "u", ("_pq_.x",))
    assert packet.downgraded and packet.version == 0x30002 and packet.cancel_key_bytes == 32
    assert packet.all_settings() == {"a": "1", "b": "2"}


def test_error_position_counts_characters() -> None:
    error = SqlError(SYNTAX_ERROR, "no", position=len("select 'é', "))
    assert b"P13\0" in replies.error_response(error, "select 'é', nix")
    assert b"P" not in replies.error_response(SqlError(SYNTAX_ERROR, "no", position=-1))[6:]


def test_row_description_is_remembered_by_formats() -> None:
    columns = (ColumnDescription("a", 1, 2, 23, 4, -1),)
    text = replies.row_description(columns, ())
    assert replies.row_description(columns, (0,)) == text
    assert replies.row_description(columns, (1,))[-2:] == b"\0\1"
    assert replies.row_description(columns, ()) is text
