"""Keys are ordered as PostgreSQL orders the values; entries decode to what went in."""

import math
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, NamedTuple

import pytest
from gaveldb.storage.api import (
    array_encoder,
    column_encoder,
    describe,
    encode_int8,
    index_span,
    key_encoder,
    record_encoder,
    row_key,
    row_span,
    rowid_bytes,
    rowid_of,
    successor,
)
from gaveldb.storage.keydecoding import decode_columns
from hypothesis import given, settings
from hypothesis import strategies as st


class Array(NamedTuple):
    items: tuple[Any, ...]
    dims: tuple[int, ...]
    lowers: tuple[int, ...]


class Record(NamedTuple):
    values: tuple[Any, ...]


int64 = st.integers(-(2**63), 2**63 - 1)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numeric = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.builds(lambda n, e: Decimal(n).scaleb(e), st.integers(-(10**6), 10**6), st.integers(-8, 3)),
    st.sampled_from([Decimal(s) for s in ("NaN", "Infinity", "-Infinity", "0", "-0.00", "1.0", "1.00")]),
)
SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int8": int64,
    "uint4": st.integers(0, 2**32 - 1),
    "float8": st.floats() | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan]),
    "numeric": numeric,
    "text": text,
    "bpchar": st.text("a b", max_size=4),
    "bytes": st.binary(max_size=6) | st.binary(max_size=6).map(lambda b: b.replace(b"a", b"\x00")),
    "uuid": st.binary(min_size=16, max_size=16),
    "interval": st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), int64)
    | st.tuples(st.integers(-2, 2), st.integers(-60, 60), st.integers(-2, 2)),
    "timetz": st.tuples(st.integers(0, 86_400_000_000), st.integers(-57_540, 57_540))
    | st.tuples(st.sampled_from([0, 3_600_000_000]), st.sampled_from([0, -3600])),
}


def compare(a: Any, b: Any) -> int:
    return (a > b) - (a < b)


def reference(kind: str, a: Any, b: Any) -> int:
    """PostgreSQL's comparison, spelled out."""
    if kind in ("float8", "numeric"):
        if a != a or b != b:
            return compare(a != a, b != b)
        return compare(a, b)
    if kind == "text":
        return compare([ord(c) for c in a], [ord(c) for c in b])
    if kind == "bpchar":
        return compare(a.rstrip(" "), b.rstrip(" "))
    if kind == "interval":
        spans = [(m * 30 + d) * 86_400_000_000 + us for m, d, us in (a, b)]
        return compare(*spans)
    if kind == "timetz":
        instants = [(us + zone * 1_000_000, zone) for us, zone in (a, b)]
        return compare(*instants)
    return compare(a, b)


def null_aware(kind: str, a: Any, b: Any, descending: bool, nulls_first: bool) -> int:
    if a is None or b is None:
        order = compare(a is None, b is None)
        return -order if nulls_first else order
    order = reference(kind, a, b)
    return -order if descending else order


@pytest.mark.parametrize("kind", SAMPLES)
@settings(max_examples=120, deadline=None)
@given(data=st.data(), descending=st.booleans(), nulls_first=st.none() | st.booleans())
def test_columns(kind: str, data: st.DataObject, descending: bool, nulls_first: bool | None) -> None:
    sample = st.none() | SAMPLES[kind]
    a, b = data.draw(sample), data.draw(sample)
    encode = column_encoder(kind, descending=descending, nulls_first=nulls_first)
    first = descending if nulls_first is None else nulls_first
    assert compare(encode(a), encode(b)) == null_aware(kind, a, b, descending, first)
    # What follows never matters unless the values are equal: no encoding is a prefix of another.
    assert compare(encode(a) + b"\xff", encode(b) + b"\x00") == (
        null_aware(kind, a, b, descending, first) or 1
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.none() | int64, st.none() | text, st.none() | numeric), max_size=12))
def test_keys_of_several_columns(rows: list[tuple[Any, ...]]) -> None:
    kinds, descending = ("int8", "text", "numeric"), (False, True, False)
    columns = [column_encoder(k, descending=d) for k, d in zip(kinds, descending, strict=True)]
    encode = key_encoder(77, columns)

    def order(a: tuple[Any, ...], b: tuple[Any, ...]) -> int:
        for kind, down, x, y in zip(kinds, descending, a, b, strict=True):
            verdict = null_aware(kind, x, y, down, down)
            if verdict:
                return verdict
        return 0

    ordered = sorted(rows, key=cmp_to_key(order))
    assert [encode(row) for row in ordered] == sorted(map(encode, rows))
    for row in rows:
        low, high = index_span(77, encode(row[:1])[4:])
        assert low <= encode(row) < high
        values, rest = decode_columns(encode(row)[4:] + rowid_bytes(5), ("int8", "text desc", "numeric"))
        assert values == list(row) or (row[2] is not None and row[2] != row[2])
        assert rest == rowid_bytes(5)


items = st.lists(st.none() | st.integers(-2, 2), max_size=3)


@given(items, items)
def test_arrays_and_records(a: list[int | None], b: list[int | None]) -> None:
    def as_array(values: list[int | None]) -> Array:
        return Array(tuple(values), (len(values),) if values else (), (1,) if values else ())

    def ordered(values: list[int | None]) -> list[tuple[bool, int]]:
        return [(value is None, value or 0) for value in values]

    encode = array_encoder(encode_int8)
    assert compare(encode(as_array(a)), encode(as_array(b))) == compare(ordered(a), ordered(b))
    if len(a) == len(b):
        encode = record_encoder([encode_int8] * len(a))
        assert compare(encode(Record(tuple(a))), encode(Record(tuple(b)))) == compare(ordered(a), ordered(b))


def test_arrays_of_other_shapes() -> None:
    encode = array_encoder(encode_int8)
    shapes = [((1, 2, 3, 4), (4,), (1,)), ((1, 2, 3, 4), (4,), (2,)), ((1, 2, 3, 4), (2, 2), (1, 1))]
    encoded = [encode(Array(*shape)) for shape in shapes]
    assert encoded == sorted(encoded)
    assert len(set(encoded)) == 3


def test_rows_and_spans() -> None:
    low, high = row_span(5)
    assert low <= row_key(5, 0) < row_key(5, 2**64 - 1) < high <= row_key(6, 0)
    assert rowid_of(row_key(5, 99)) == 99
    assert successor(b"\x00\xff\xff") == b"\x01"
    assert index_span(255) == (b"\x00\x00\x00\xff", b"\x00\x00\x01")


def test_descriptions() -> None:
    assert describe(row_key(16384, 7)) == "16384/7"
    encode = key_encoder(16385, [column_encoder("int8"), column_encoder("text", descending=True)])
    key = encode((42, "x"))
    assert describe(key + rowid_bytes(7), ("int8", "text desc")) == "16385(42, 'x')/7"
    assert describe(encode((None, "x")), ("int8", "text desc")) == "16385(NULL, 'x')"
    assert describe(key).startswith("16385:01")


@given(numeric)
def test_numeric_decodes(value: Decimal) -> None:
    values, _ = decode_columns(column_encoder("numeric")(value), ("numeric",))
    assert values[0] == value or value != value
