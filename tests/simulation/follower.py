"""Subscribers that remember what they got and where they are, as a replica elsewhere would."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from gaveldb.journal.api import Batch, Commit, KeyRange
from gaveldb.journal.errors import JournalTruncated

from .client import DATABASES, MARKERS
from .world import World


class Follower:
    """Follows some ranges from a tau on; its memory outlives the server's processes.

    `rows` begins as what a snapshot had, and becomes what the ranges hold.
    """

    def __init__(self, world: World, name: str, ranges: Sequence[KeyRange], *, synchronous: bool) -> None:
        self.world = world
        self.name = name
        self.ranges = ranges
        self.synchronous = synchronous
        self.first = -1
        self.position = -1
        self.last_tau = 0
        self.rows: dict[bytes, bytes] = {}
        self.markers: list[int] = []
        self.slow = world.random.choice((0.0, 0.0, 0.001, 0.02))

    def subscribe(self, opened: Any) -> None:
        """In a new life of the server."""
        if self.position < 0 or self.synchronous:  # those do not outlive their process
            self.markers.clear()
            self.rows = content(opened, self.ranges)
            self.first = self.position = self.last_tau = opened.storage.current_tau
        take = self._take_now if self.synchronous else self._take_slowly
        try:
            opened.feed.subscribe(self.ranges, self.position, take, synchronous=self.synchronous)
        except JournalTruncated as error:
            self.world.find(f"{self.name} cannot go on after {self.position}: {error}")

    def _take_now(self, batch: Batch) -> None:
        self._take(batch)

    def _take_slowly(self, batch: Batch) -> Awaitable[None] | None:
        if not self.slow:
            self._take(batch)
            return None
        return self._wait_and_take(batch)

    async def _wait_and_take(self, batch: Batch) -> None:
        await asyncio.sleep(self.slow * self.world.random.random())
        self._take(batch)

    def _take(self, batch: Batch) -> None:
        for commit in batch.commits:
            if not self.last_tau < commit.tau <= batch.upto:
                self.world.find(f"{self.name} got {commit.tau} after {self.last_tau}, upto {batch.upto}")
            self.last_tau = commit.tau
            self._apply(commit)
        if batch.upto < self.position:
            self.world.find(f"{self.name} was at {self.position}, now at {batch.upto}")
        self.position = batch.upto

    def _apply(self, commit: Commit) -> None:
        for low, high in commit.deletes:
            for key in [key for key in self.rows if low <= key < high]:
                del self.rows[key]
        for key, value in commit.writes.items():
            if not any(low <= key < high for low, high in self.ranges):
                self.world.find(f"{self.name} got {key!r}, which it does not follow")
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = value
            if key[4:8] == MARKERS:
                self.markers.append(int.from_bytes(key[8:], "big"))

    def check(self, opened: Any, happened: dict[int, bytes]) -> list[str]:
        """At the end, when nothing more comes. `happened`: transaction -> its marker's key."""
        if self.position < 0:
            return []
        wrong = []
        if len(set(self.markers)) < len(self.markers):
            wrong.append(f"{self.name} got a commit twice")
        strange = set(self.markers) - set(happened)
        if strange:
            wrong.append(f"{self.name} got {sorted(strange)}, which nobody else has")
        expected = content(opened, self.ranges)
        if self.rows != expected:
            missing = sorted(n for n, key in happened.items() if key in expected and key not in self.rows)
            wrong.append(f"{self.name}'s rows differ from the store's; transactions missing: {missing}")
        return wrong


def content(opened: Any, ranges: Sequence[KeyRange]) -> dict[bytes, bytes]:
    """What the stores have in the ranges, by the journal's keys."""
    found: dict[bytes, bytes] = {}
    for database in DATABASES:
        prefix = database.to_bytes(4, "big")
        snapshot = opened.storage.snapshot(database)
        for key, value in snapshot.scan(b"", b"\xff" * 8):
            whole = prefix + key
            if any(low <= whole < high for low, high in ranges):
                found[whole] = value
        snapshot.close()
    return found
