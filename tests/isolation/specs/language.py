"""The language of isolation specs: setup, teardown, sessions with steps, permutations with wait markers.

The grammar is the one told in src/test/isolation/README of PostgreSQL's source.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    r"(?P<space>[ \t\r\f\n]+|\#[^\n\r]*)|\{[ \t\r\f]*(?P<sql>[^}]*?)[ \t\r\f]*\}"
    r'|(?P<name>[A-Za-z_\u0080-\uffff][A-Za-z_0-9$\u0080-\uffff]*)|"(?P<quoted>(?:[^"\n]|"")*)"'
    r"|(?P<number>[0-9]+)|(?P<mark>[,()*])"
)
KEYWORDS = {"notices", "permutation", "session", "setup", "step", "teardown"}


class Step(NamedTuple):
    """A named text of SQL of one session (its number)."""

    name: str
    sql: str
    session: int


class Marker(NamedTuple):
    """What delays the report of a step: `*` (no step), another step, or a count of its notices."""

    step: str | None
    notices: int | None = None


class Place(NamedTuple):
    """A step in a permutation."""

    step: Step
    markers: tuple[Marker, ...] = ()


class Session(NamedTuple):
    """One connection."""

    name: str
    setup: str | None
    teardown: str | None
    steps: list[Step]


class Spec(NamedTuple):
    """A whole file; its permutations are those written or all interleavings."""

    setups: list[str]
    teardown: str | None
    sessions: list[Session]
    permutations: list[list[Place]]


class SpecError(Exception):
    """The text is not in the language."""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise SpecError(f"syntax error near {text[place : place + 20]!r}")
        place = found.end()
        kind = found.lastgroup
        assert kind is not None
        if kind == "space":
            continue
        value = found[kind]
        if kind == "name" and value in KEYWORDS:
            yield value, value
        elif kind == "quoted":
            yield "name", value.replace('""', '"')
        else:
            yield (value if kind == "mark" else kind), value
    yield "end", ""


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.place = 0

    def accept(self, kind: str) -> str | None:
        if self.tokens[self.place][0] != kind:
            return None
        self.place += 1
        return self.tokens[self.place - 1][1]

    def expect(self, kind: str) -> str:
        value = self.accept(kind)
        if value is None:
            raise SpecError(f"expected {kind}, found {self.tokens[self.place]}")
        return value

    def block(self, keyword: str) -> str | None:
        return None if self.accept(keyword) is None else self.expect("sql")

    def session(self, number: int) -> Session:
        name = self.expect("name")
        setup = self.block("setup")
        steps = []
        while self.accept("step") is not None:
            steps.append(Step(self.expect("name"), self.expect("sql"), number))
        return Session(name, setup, self.block("teardown"), steps)

    def marker(self) -> Marker:
        if self.accept("*") is not None:
            return Marker(None)
        step = self.expect("name")
        if self.accept("notices") is not None:
            return Marker(step, int(self.expect("number")))
        return Marker(step)

    def permutation(self, steps: dict[str, Step]) -> list[Place]:
        places = []
        while (name := self.accept("name")) is not None:
            if name not in steps:
                raise SpecError(f'undefined step "{name}"')
            markers: list[Marker] = []
            if self.accept("(") is not None:
                markers.append(self.marker())
                while self.accept(",") is not None:
                    markers.append(self.marker())
                self.expect(")")
            places.append(Place(steps[name], tuple(markers)))
        return places


def parse_spec(text: str) -> Spec:
    """A Spec, or SpecError."""
    parser = _Parser(text)
    setups = []
    while (setup := parser.block("setup")) is not None:
        setups.append(setup)
    teardown = parser.block("teardown")
    sessions: list[Session] = []
    while parser.accept("session") is not None:
        sessions.append(parser.session(len(sessions)))
    steps = {step.name: step for session in sessions for step in session.steps}
    permutations = []
    while parser.accept("permutation") is not None:
        permutations.append(parser.permutation(steps))
    parser.expect("end")
    if not permutations:
        permutations = list(_interleavings([session.steps for session in sessions]))
    return Spec(setups, teardown, sessions, permutations)


def _interleavings(piles: list[list[Step]]) -> Iterator[list[Place]]:
    """All orders that keep each session's own order, first sessions first."""
    if not any(piles):
        yield []
    for number, pile in enumerate(piles):
        if pile:
            rest = [*piles[:number], pile[1:], *piles[number + 1 :]]
            for following in _interleavings(rest):
                yield [Place(pile[0]), *following]
