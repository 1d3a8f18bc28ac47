"""What fuzzing finds, told once for each place in the program."""

import re
from collections import Counter

# PostgreSQL says XX000 there, too.
EXPECTED = (
    "could not open relation with OID",
    "cache lookup failed for ",
    "failed to find conversion function from ",  # select (select 'x')::unknown
)


class Findings:
    """Internal errors by their text without values; everything else by itself."""

    def __init__(self) -> None:
        self.first: dict[str, str] = {}
        self.count: Counter[str] = Counter()

    def add(self, what: str, statement: str) -> None:
        if what.startswith(EXPECTED):
            return
        name = re.sub(r"\d+", "N", re.sub(r"'[^']*[^\w'][^']*'", "'...'", what))[:160]
        self.count[name] += 1
        old = self.first.get(name)
        new = f"{what}\n    {statement}"
        if old is None or len(new) < len(old):
            self.first[name] = new

    def __len__(self) -> int:
        return len(self.first)

    def __str__(self) -> str:
        return "\n".join(f"{self.count[name]} x {text}" for name, text in sorted(self.first.items()))
