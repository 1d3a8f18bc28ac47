"""The runner of isolation specs: its language, and a small spec of our own run twice against one server."""

from pathlib import Path

import pytest

from ..server_process import ServerProcess
from .specs.compare import compare
from .specs.language import Marker, SpecError, parse_spec

SPEC = """
# Two sessions, one row.
setup { CREATE TABLE pair (id int PRIMARY KEY, n int); INSERT INTO pair VALUES (1, 0); }
teardown { DROP TABLE pair; }
session one
step change { UPDATE pair SET n = n + 1 WHERE id = 1; }
session two
setup { BEGIN; }
step look { SELECT n FROM pair; }
step "leave" { COMMIT; }
permutation change look leave
permutation look change(look, leave notices 2) leave
"""


def test_language() -> None:
    spec = parse_spec(SPEC)
    assert [session.name for session in spec.sessions] == ["one", "two"]
    assert spec.sessions[1].setup == "BEGIN;"
    assert [[place.step.name for place in places] for places in spec.permutations] == [
        ["change", "look", "leave"],
        ["look", "change", "leave"],
    ]
    assert spec.permutations[1][1].markers == (Marker("look"), Marker("leave", 2))


def test_all_interleavings_without_permutations() -> None:
    text = SPEC[: SPEC.index("permutation")]
    orders = [[place.step.name for place in places] for places in parse_spec(text).permutations]
    assert orders == [["change", "look", "leave"], ["look", "change", "leave"], ["look", "leave", "change"]]


def test_unknown_step() -> None:
    with pytest.raises(SpecError, match="undefined step"):
        parse_spec(SPEC + "permutation nothing\n")


def test_a_spec_equals_itself(tmp_path: Path) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "pair.spec").write_text(SPEC.replace("(look, leave notices 2)", ""))
    with ServerProcess() as server:
        counts = compare(tmp_path, tmp_path / "records", server.url, server.url, None, lambda line: None)
    assert [tuple(count) for count in counts] == [("pair", 2, 2)]
    recorded = (tmp_path / "records" / "pair.oracle.json").read_text()
    assert "step look: SELECT n FROM pair;" in recorded
