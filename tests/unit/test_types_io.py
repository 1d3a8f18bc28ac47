"""Text and binary forms of values: what goes out comes back (hypothesis), and keys order as PostgreSQL's."""

import math
from decimal import Decimal

import pytest
from gaveldb.engine.errors import SqlError
from gaveldb.engine.types import (
    arrays,
    bits,
    bytea,
    compare,
    composite,
    floats,
    integers,
    jsonb,
    numeric,
    storage,
)
from gaveldb.engine.values import Array, Interval, Jsonb
from hypothesis import given
from hypothesis import strategies as st

DECIMALS = st.builds(
    lambda digits, scale: Decimal(digits).scaleb(-scale, numeric.CONTEXT),
    st.integers(-(10**40), 10**40),
    st.integers(0, 30),
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4).map(jsonb.sort_keys)
    ),
)


@given(DECIMALS)
def test_numeric(value: Decimal) -> None:
    value = value if value else abs(value)
    assert str(numeric.parse_numeric(numeric.numeric_out(value))) == str(value)
    assert str(numeric.numeric_recv(numeric.numeric_send(value))) == str(value)


@given(st.floats(allow_nan=False))
def test_float8(value: float) -> None:
    assert floats.float8in(floats.float8_text(value)) == value
    assert floats.float8recv(floats.float8send(value)) == value


@given(st.floats(width=32, allow_nan=False))
def test_float4(value: float) -> None:
    assert floats.float4in(floats.float4_text(value)) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_int8(value: int) -> None:
    assert integers.int8in(str(value)) == value


@given(st.binary())
def test_bytea(value: bytes) -> None:
    assert bytea.byteain(bytea.byteaout(None, value)) == value
    assert bytea.byteain(bytea.escape_text(value)) == value


@given(st.text("01"))
def test_bits(value: str) -> None:
    assert bits.varbit_recv(bits.bit_send(value)) == value


@given(st.lists(st.none() | TEXTS, min_size=1, max_size=6))
def test_array(items: list[str | None]) -> None:
    array = Array(25, tuple(items), (len(items),), (1,))
    assert arrays.parse_array(arrays.array_text(array, str), 25, ",", str) == array
    cube = Array(25, tuple(items) * 4, (2, len(items), 2), (0, 1, -3))
    assert arrays.parse_array(arrays.array_text(cube, str), 25, ",", str) == cube
    assert storage.unpack_array(storage.pack_array(cube, None), 25, None) == cube


@given(JSONS)
def test_jsonb(value: object) -> None:
    text = jsonb.value_text(value)
    assert jsonb.jsonb_parse(text) == Jsonb(value)
    assert jsonb.jsonb_load(text) == Jsonb(value)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{1,2", "Unexpected end of input."),
        ("1,2}", 'Array value must start with "{" or dimension information.'),
        ("{1,{2}}", "Multidimensional arrays must have sub-arrays with matching dimensions."),
        ("[1:2]={}", "Specified array dimensions do not match array contents."),
        ('{"a"b}', "Incorrectly quoted array element."),
        ("{,1}", 'Unexpected "," character.'),
    ],
)
def test_malformed_array(text: str, detail: str) -> None:
    with pytest.raises(SqlError) as caught:
        arrays.parse_array(text, 23, ",", int)
    assert caught.value.message == f'malformed array literal: "{text}"'
    assert caught.value.detail == detail


def test_keys() -> None:
    key = compare.any_key
    assert key(math.nan) > key(math.inf) and key(math.nan) == key(Decimal("NaN"))
    assert hash(key(Decimal("1.0"))) == hash(key(1.00)) and key(-0.0) == key(0.0)
    assert key(Interval(1, 0, 0)) == key(Interval(0, 30, 0))
    assert key("ab  ", 1042) == key("ab", 1042)
    short, null = Array(23, (1,), (1,), (1,)), Array(23, (1, None), (2,), (1,))
    assert key(short) < key(Array(23, (1, 5), (2,), (1,))) < key(null)
    order = [[], None, "a", 1, True, [1], [1, 2], {}, {"a": 1}]
    keys = [compare.jsonb_key(Jsonb(value)) for value in order]
    assert keys == sorted(keys)


def test_record_field_quoting() -> None:
    assert composite.record_field_text('a"b') == '"a""b"'
    assert composite.record_field_text("a b\\") == '"a b\\\\"'
