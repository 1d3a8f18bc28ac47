"""SQL texts that nobody writes: token soup, and mutations of statements that somebody did.

The corpus is corpus.sql and the statements of the logic tests. Each text is sent by the simple or by
the extended protocol, most of them inside a transaction that is rolled back.
"""

import random
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from .findings import Findings
from .wire import Gone, Hang, RawClient, Stuck, error_fields, extended, message, query

FOLDER = Path(__file__).parent
TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/|[eE]?'(?:[^']|'')*'|\"[^\"]*\"|\$\$.*?\$\$|\$\d+|\d+\.?\d*(?:e[-+]?\d+)?"
    r"|\w+|::|[-+*/<>=~!@#%^&|`?]+|.",
    re.DOTALL,
)
EXTREMES = (FOLDER / "extremes.txt").read_text().splitlines()
SOUP = (FOLDER / "words.txt").read_text().splitlines()
KEYWORDS = frozenset(SOUP)
TABLES = ["f1", "f2", "f3", "fv", "fe", "f4"]
FORBIDDEN = re.compile(
    r"(?is)\bcopy\b.*(\bprogram\b|\b(to|from)\s*(e?'|\$))|\bpg_(read|write|ls|sleep)|\blo_|alter\s+system"
    r"|terminate_backend|\bdatabase\b|repeat|[lr]pad"
)


def corpus() -> list[str]:
    """One statement each."""
    texts = [text for text in (FOLDER / "corpus.sql").read_text().split(";\n") if text.strip()]
    for path in sorted((FOLDER.parent / "logic").rglob("*.sql")):
        texts += [text for text in path.read_text().split(";\n") if 0 < len(text.strip()) < 1500]
    return [text.strip() for text in texts]


def tokens(text: str) -> list[str]:
    return TOKEN.findall(text)


def is_name(word: str) -> bool:
    """No keyword."""
    return word.isidentifier() and word.lower() not in KEYWORDS


class Generator:
    """A stream of statements, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.corpus = [tokens(text) for text in corpus()]

    def __iter__(self) -> Iterator[str]:
        while True:
            text = self.soup() if self.random.random() < 0.05 else self.mutation()
            if not FORBIDDEN.search(text):
                yield text

    def soup(self) -> str:
        source = self.random
        words = [
            source.choice(source.choices([SOUP, EXTREMES, TABLES, ["a", "b", "c", "id"]], [6, 2, 1, 1])[0])
            for _ in range(source.randint(1, 30))
        ]
        if source.random() < 0.7:
            words.insert(
                0,
                source.choice(
                    ["select", "insert into f1", "update f1 set", "create", "with x as (", "alter"]
                ),
            )
        return " ".join(words)

    def mutation(self) -> str:
        source = self.random
        words = list(source.choice(self.corpus))
        for _ in range(source.choices([0, 1, 2, 3, 8], [1, 8, 3, 1, 1])[0]):
            if not words:
                break
            solid = [n for n, word in enumerate(words) if not word.isspace()] or [0]
            place = source.choice(solid)
            self.change(words, place)
        return "".join(words)

    def change(self, words: list[str], place: int) -> None:
        source = self.random
        other = source.choice(self.corpus)
        kind = source.choices(range(9), [1, 1, 12, 1, 1, 4, 1, 12, 12])[0]
        if kind == 0:
            del words[place]
        elif kind == 1:
            words.insert(place, words[place] + " ")
        elif kind == 2:
            values = [n for n in range(len(words)) if is_name(words[n]) or words[n][0] in "'0123456789"]
            words[source.choice(values or [place])] = " " + source.choice(EXTREMES) + " "
        elif kind == 3:
            words[place] = " " + source.choice(other) + " "
        elif kind == 4:
            first = source.randrange(len(other))
            words[place:place] = [" ", *other[first : first + source.randint(1, 8)], " "]
        elif kind == 5:
            words[place] = (
                source.choice(["(SELECT ", "CAST("]) + words[place] + source.choice([")", " AS text)"])
            )
        elif kind == 6:
            del words[place : place + source.randint(1, 6)]
        elif kind == 7:
            literals = [n for n, word in enumerate(words) if word[0] in "'0123456789"]
            if literals:
                words[source.choice(literals)] = source.choice(EXTREMES)
        else:
            names = [n for n, word in enumerate(words) if is_name(word)]
            mine = [word for word in other if is_name(word)]
            if names and mine:
                words[source.choice(names)] = source.choice(mine)


def fuzz_statements(host: str, port: int, count: int, seed: int, findings: Findings) -> dict[str, int]:
    """Send them; how many ended how, by SQLSTATE."""
    states: dict[str, int] = {}
    source = random.Random(seed + 1)
    session = _Session(host, port)
    for sent, text in enumerate(islice(Generator(seed), count)):
        if sent % 100 == 0:
            session.reset()
        simple = source.random() < 0.6
        data = query(text) if simple else extended(text)
        wrapped = source.random() < 0.95
        try:
            if wrapped:
                session.ask(query("BEGIN"))
            for tag, body in session.ask(data, copy_answer(source, simple)):
                if tag == b"E":
                    fields = error_fields(body)
                    state = fields.get("C", "?")
                    states[state] = states.get(state, 0) + 1
                    if state == "XX000":
                        findings.add(fields.get("M", ""), text)
                elif tag == b"C":
                    states["ok"] = states.get("ok", 0) + 1
            if wrapped:
                session.ask(query("ROLLBACK"))
        except (Hang, Gone) as error:
            findings.add(f"{type(error).__name__}: {error}", text)
            try:
                session.reset()
            except (Hang, Gone, OSError):
                session.close()
                raise Stuck(text, count - sent - 1) from None
    session.close()
    return states


class _Session:
    """A connection with the tables of the corpus."""

    def __init__(self, host: str, port: int) -> None:
        self.place = host, port
        self.client: RawClient | None = None

    def close(self) -> None:
        if self.client is not None:
            self.client.socket.close()

    def reset(self) -> None:
        self.close()
        self.client = RawClient(*self.place)
        self.client.login(statement_timeout="4000", work_mem="16MB")
        for text in (FOLDER / "schema.sql").read_text().split(";\n"):
            self.ask(query(text))

    def ask(self, data: bytes, answer: bytes = b"") -> list[tuple[bytes, bytes]]:
        assert self.client is not None
        self.client.send(data)
        return self.client.until_ready(answer)


COPY_DATA = [b"1\tx\n", b"1,2\n\\.\n", b"\\N\t\\x\n", b"\xff\xfe", b"", b"PGCOPY\n\xff\r\n\0" + bytes(9)]


def copy_answer(source: random.Random, simple: bool) -> bytes:
    """What to send when asked for COPY data. The Sync of an extended query was swallowed by then."""
    answer = message(b"d", source.choice(COPY_DATA))
    answer += message(b"c") if source.random() < 0.7 else message(b"f", b"no\0")
    return answer if simple else answer + message(b"S")
