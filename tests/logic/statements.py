"""Reads files of SQL statements: divides them, expands alternatives, takes the data of COPY along.

A statement ends with a semicolon. `{{a // b // c}}` stands for one statement each with a, b and c in its
place; several of them give every combination, and an empty alternative is allowed. The lines after
`COPY ... FROM STDIN;` up to `\\.` are its data. Lines that begin with `--` are comments.
"""

import itertools
import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'"""
    r"""|"(?:[^"]|"")*"|[A-Za-z_]\w*|;|.""",
    re.DOTALL,
)
_ALTERNATIVES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_COPY_IN = re.compile(r"copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


class Statement(NamedTuple):
    """A statement, and the bytes to send if it asks for them."""

    text: str
    data: str | None = None

    @property
    def title(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())

    @property
    def ordered(self) -> bool:
        """Whether the order of its rows is part of the answer."""
        depth, plain = 0, []
        for character in _LITERAL.sub("''", self.text):
            depth += (character in "([") - (character in ")]")
            plain.append(character if depth == 0 else " ")
        words = " ".join("".join(plain).lower().split())
        return "order by" in words or words.startswith(("fetch", "explain", "show", "execute"))


def read_statements(text: str) -> list[Statement]:
    """All statements of a file."""
    statements: list[Statement] = []
    position = start = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match
        position = match.end()
        if match[0].startswith("--") and not text[start : match.start()].strip():
            start = position
        elif match[0] == ";":
            if _is_body(text[start : match.start()]):
                continue
            raw = text[start : match.start()].strip()
            start = position
            if _COPY_IN.match(raw):
                end = text.index("\n\\.\n", position)
                data = text[position + 1 : end + 1].lstrip("\n") if end > position else ""
                start = position = end + 4
                statements.append(Statement(raw, data))
            else:
                statements += [Statement(one) for one in _expand(raw)]
    assert not text[start:].strip(), f"no semicolon at the end: {text[start:]}"
    return statements


def _is_body(raw: str) -> bool:
    """Inside BEGIN ATOMIC ... END of a routine."""
    words = raw.lower().split()
    return "atomic" in words and words[-1] != "end"


def _expand(raw: str) -> list[str]:
    parts = _ALTERNATIVES.split(raw)
    if len(parts) == 1:
        return [raw]
    choices = [[p] if i % 2 == 0 else [c.strip() for c in p.split("//")] for i, p in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]
