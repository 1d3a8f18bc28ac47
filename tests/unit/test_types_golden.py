"""Implementations of catalog functions against PostgreSQL's answers (tests/tools/record_types.py)."""

import json
import pathlib
from collections import defaultdict
from importlib import import_module
from typing import Any

import pytest
from gaveldb.engine.errors import SqlError
from gaveldb.engine.registry import IMPLEMENTATIONS, CallSite
from gaveldb.engine.types import arrays, boolean, bytea, floats, integers, numeric

import_module("gaveldb.engine.types.text")
for _name in ("math_float", "math_numeric", "strings", "text_format", "regexp", "patterns", "format_number"):
    import_module(f"gaveldb.engine.functions.{_name}")

READ: dict[str, Any] = {
    "numeric": numeric.numeric_in,
    "float8": floats.float8in,
    "int4": integers.int4in,
    "text": str,
    "bytea": bytea.byteain,
}
WRITE: dict[str, Any] = {
    "numeric": numeric.numeric_out,
    "double precision": floats.float8_text,
    "integer": str,
    "bigint": str,
    "text": str,
    "boolean": boolean.boolout,
    "bytea": lambda value: bytea.byteaout(None, value),
    "text[]": lambda value: arrays.array_text(value, str),
}
SITE = CallSite(None, 0, (25,) * 8, (-1,) * 8, 25, -1, 100, False)


def _groups() -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for case in json.loads((pathlib.Path(__file__).parent / "golden" / "types.json").read_text()):
        groups[case[0]].append(case)
    return groups


GROUPS = _groups()


def _answer(prosrc: str, result_type: str, is_set: bool, types: list[str], texts: list[str]) -> Any:
    found = IMPLEMENTATIONS[prosrc]
    function = found.function(SITE) if found.bind else found.function
    write = WRITE[result_type]
    try:
        arguments = [READ[kind](text) for kind, text in zip(types, texts, strict=True)]
        value = function(*arguments)
    except SqlError as error:
        return {"error": [str(error.sqlstate), error.message, error.detail, error.hint]}
    rows = list(value) if is_set else [value]
    return [None if row is None else write(row) for row in rows]


@pytest.mark.parametrize("prosrc", sorted(GROUPS))
def test_function(prosrc: str) -> None:
    wrong = []
    for name, result_type, _strict, is_set, types, texts, expected in GROUPS[prosrc]:
        got = _answer(name, result_type, is_set, types, texts)
        if got != expected:
            wrong.append((texts, got, expected))
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("prosrc", sorted(name for name in GROUPS if IMPLEMENTATIONS[name].inline))
def test_inline_agrees(prosrc: str) -> None:
    """The template for generated code means the same as the function."""
    found = IMPLEMENTATIONS[prosrc]
    assert found.inline is not None
    for name, result_type, _strict, is_set, types, texts, _expected in GROUPS[prosrc]:
        expected = _answer(name, result_type, is_set, types, texts)
        names = [f"x{place}" for place in range(len(types))]
        try:
            values = {key: READ[kind](text) for key, kind, text in zip(names, types, texts, strict=True)}
            code = f"lambda {', '.join(names)}: {found.inline.format(*names)}"
            value = eval(code, dict(found.names or {}))(*values.values())
        except SqlError as error:
            got: Any = {"error": [str(error.sqlstate), error.message, error.detail, error.hint]}
        else:
            got = [None if value is None else WRITE[result_type](value)]
        assert got == expected, (texts, got, expected)
