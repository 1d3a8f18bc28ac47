"""An adjudicator for reading: a list of all commits, and the rules over it. It judges the fast ones.

It forgets nothing, so it never finds a request too old; the fast ones may, if they say so truly.
"""

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from gaveldb.journal.api import Commit, CommitRequest, KeyRange
from gaveldb.journal.errors import SerializationFailure, TooOld


class Past(NamedTuple):
    """A commit, as far as others can conflict with it."""

    tau: int
    keys: frozenset[bytes]
    deletes: tuple[KeyRange, ...]
    catalog: int | None  # the database whose catalog it changed
    kept: frozenset[bytes] = frozenset()

    def touches_key(self, key: bytes) -> bool:
        return key in self.keys or any(low <= key < high for low, high in self.deletes)

    def touches_range(self, low: bytes, high: bytes) -> bool:
        return any(low <= key < high for key in self.keys) or any(
            first < high and low < last for first, last in self.deletes
        )


class Reference:
    """All commits, in order."""

    def __init__(self) -> None:
        self.commits: list[Past] = []

    def record(
        self,
        commit: Commit,
        catalog: int | None = None,
        locked: Collection[bytes] = (),
        kept: Collection[bytes] = (),
    ) -> None:
        """One more; taus ascend."""
        assert not self.commits or self.commits[-1].tau < commit.tau
        deletes = tuple(KeyRange(*span) for span in commit.deletes)
        keys = frozenset([*commit.writes, *locked])
        self.commits.append(Past(commit.tau, keys, deletes, catalog, frozenset(kept)))

    def conflicts(self, request: CommitRequest) -> set[int]:
        """The taus of all commits that it conflicts with."""
        return {past.tau for past in self.commits if self._conflict(request, past)}

    def _conflict(self, request: CommitRequest, past: Past) -> bool:
        bases = request.bases or {}
        return (
            any(past.tau > bases.get(k, request.base) and past.touches_key(k) for k in request.writes)
            or any(past.tau > request.base and past.touches_range(*span) for span in request.deletes)
            or any(past.tau > read_at and past.touches_key(key) for key, read_at in request.reads)
            or any(past.tau > read_at and past.touches_range(*span) for span, read_at in request.read_ranges)
            or any(
                past.tau > bases.get(key, request.base) and key in past.kept
                for key, value in request.writes.items()
                if value is None
            )
            or any(
                past.tau > request.base and low <= key < high
                for low, high in request.deletes
                for key in past.kept
            )
            or (0 < request.catalog_tau < past.tau and past.catalog in (0, request.database))
        )


class Checked:
    """journal.adjudicator.Decider: what another one decides, compared with the reference."""

    def __init__(self, fast: Any, reference: Reference) -> None:
        self.fast = fast
        self.reference = reference
        self.wrong: list[str] = []
        self.tell: Callable[[str], None] = self.wrong.append

    @property
    def last_tau(self) -> int:
        return int(self.fast.last_tau)

    @last_tau.setter
    def last_tau(self, tau: int) -> None:
        self.fast.last_tau = tau

    def restore(self, commit: Commit) -> None:
        self.fast.restore(commit)
        self.reference.record(commit)

    def committed_since(self, key: bytes, tau: int) -> bool:
        return bool(self.fast.committed_since(key, tau))

    def adjudicate(self, request: CommitRequest, now: int) -> int:
        """As the fast one decides; `tell` gets what the reference says against it."""
        conflicts = self.reference.conflicts(request)
        before = self.last_tau
        try:
            tau: int = self.fast.adjudicate(request, now)
        except TooOld as error:
            asked = {request.base, *(request.bases or {}).values()}
            asked |= {tau for _, tau in (*request.reads, *request.read_ranges)}
            if error.base not in asked or error.base >= error.horizon:
                self.tell(f"{request} was too old, which it is not")
            raise
        except SerializationFailure as error:
            if error.committed_at not in conflicts:
                self.tell(f"{request} was refused for {error.committed_at}, it conflicts with {conflicts}")
            raise
        if conflicts:
            self.tell(f"{request} was admitted, it conflicts with {conflicts}")
        if tau <= before or tau < now:
            self.tell(f"tau {tau} at {now} after {before}")
        catalog = request.database if request.changes_catalog else None
        commit = Commit(tau, request.writes, request.deletes)
        self.reference.record(commit, catalog, request.locked, request.kept)
        return tau
