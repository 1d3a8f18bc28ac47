"""The window: which key was last committed when, as far back as anybody may ask.

Two generations of keys, each at most `span` microseconds or `keys_max` keys long. When the younger
is full the older is forgotten as a whole, and `horizon` moves up to the last tau that was in it:

    forgotten   |  previous generation  |  current generation
    ------------+-----------------------+--------------------> tau
             horizon

1. A question about a tau before the horizon has no answer (TooOld).
2. A key in neither generation was not committed since the horizon.

Keys are also kept in the order of their commits, so that a range is checked by looking at what was
committed since the base, which for most transactions is very little. Spans are ranges that were
committed to as a whole: emptied, or filled by a load (bulkwrites.py), whose keys are not kept one by one.
Marks are keys that a commit has not written: `locked` ones are among the keys all the same, `kept` ones are
asked for by those who delete.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence

from .api import KeyRange

_LINEAR_MAX = 2048  # up to here looking at each key is cheaper than sorting
_SPAN_WEIGHT = 100  # of keys, when a generation is full


class Generation:
    """A stretch of consecutive commits."""

    __slots__ = ("_sorted", "commit_offsets", "commit_taus", "kept", "keys", "last_tau", "span_tau", "spans",
                 "taus", "unusual", "view")  # fmt: skip

    def __init__(self) -> None:
        self.taus: dict[bytes, int] = {}  # key -> tau of its last commit in this generation
        self.view = self.taus.keys()
        self.keys: list[bytes] = []  # in commit order, with repetitions
        self.commit_taus: list[int] = []
        self.commit_offsets: list[int] = []  # where the keys of a commit begin
        self.spans: list[tuple[int, bytes, bytes]] = []
        self.span_tau = 0  # of the last one
        self.kept: dict[bytes, int] = {}  # key -> tau of the last commit that marked it so
        self.unusual = False  # whether there are spans or kept keys
        self.last_tau = 0
        self._sorted: tuple[int, list[bytes]] = (0, [])

    def committed_in(self, low: bytes, high: bytes, after: int) -> tuple[bytes, int] | None:
        """A key in low <= key < high that was committed after `after`, with its tau."""
        first = bisect_right(self.commit_taus, after)
        if first == len(self.commit_taus):
            return None
        keys = self.keys
        start = self.commit_offsets[first]
        if len(keys) - start > _LINEAR_MAX:
            sealed, ordered = self._sorted
            if len(keys) - sealed > _LINEAR_MAX:
                sealed, ordered = self._sorted = len(keys), sorted(self.taus)
            for index in range(bisect_left(ordered, low), len(ordered)):
                key = ordered[index]
                if key >= high:
                    break
                if self.taus[key] > after:
                    return key, self.taus[key]
            start = max(start, sealed)
        for key in keys[start:]:
            if low <= key < high:
                return key, self.taus[key]
        return None

    def span_over(self, key: bytes, after: int) -> int:
        """The tau of a span after `after` that covers the key, or 0."""
        for tau, low, high in self.spans:
            if tau > after and low <= key < high:
                return tau
        return 0

    def span_within(self, low: bytes, high: bytes, after: int) -> int:
        """The tau of a span after `after` that overlaps the range, or 0."""
        for tau, first, last in self.spans:
            if tau > after and first < high and low < last:
                return tau
        return 0


class Window:
    """The two generations."""

    __slots__ = ("_keys_max", "_rotate_at", "_span", "current", "generations", "horizon", "previous")

    def __init__(self, horizon: int = 0, *, span: int = 300_000_000, keys_max: int = 1_000_000) -> None:
        self.horizon = horizon
        self.current = Generation()
        self.previous = Generation()
        self.generations = (self.current, self.previous)
        self._span = span
        self._keys_max = keys_max
        self._rotate_at = 0

    def record(
        self, tau: int, writes: Iterable[bytes], spans: Sequence[KeyRange | tuple[bytes, bytes]] = ()
    ) -> None:
        """Remember a commit; taus come in increasing order."""
        if tau >= self._rotate_at:
            self._turn(tau)
        current = self.current
        keys = current.keys
        current.commit_taus.append(tau)
        current.commit_offsets.append(len(keys))
        keys.extend(writes)
        current.taus.update(dict.fromkeys(writes, tau))
        current.last_tau = tau
        if spans:
            current.spans.extend((tau, low, high) for low, high in spans)
            current.span_tau = tau
            current.unusual = True
        if len(keys) + _SPAN_WEIGHT * len(current.spans) > self._keys_max:
            self._rotate_at = 0

    def mark(self, tau: int, locked: Collection[bytes], kept: Collection[bytes]) -> None:
        """The marks of the commit that has just been recorded."""
        current = self.current
        current.keys.extend(locked)
        current.taus.update(dict.fromkeys(locked, tau))
        if kept:
            current.kept.update(dict.fromkeys(kept, tau))
            current.unusual = True
        if len(current.keys) + len(current.kept) > self._keys_max:
            self._rotate_at = 0

    def _turn(self, tau: int) -> None:
        if self.current.commit_taus:
            self.horizon = max(self.horizon, self.previous.last_tau)
            self.previous = self.current
            self.current = Generation()
            self.generations = (self.current, self.previous)
        self._rotate_at = tau + self._span
