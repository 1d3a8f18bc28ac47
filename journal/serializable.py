"""Serializable snapshot isolation: which transactions may not all commit.

Cahill, Roehm and Fekete (2008); Ports and Grittner, "Serializable Snapshot Isolation in PostgreSQL" (2012).

A transaction that read what a concurrent one overwrites comes before it in every serial order: a
rw-conflict, reader -> writer. Every anomaly of snapshot isolation has two in a row, T1 -> T2 -> T3, of which
T3 commits first. Whoever would complete such a structure fails, the pivot T2 where that is possible. The
rules, and at which moment they are applied, are those of PostgreSQL's predicate.c, so that the same
transactions fail here; but what was read is known by key and by key range, not by page.

Pure: opaque keys, no clock. Commits are counted, and a snapshot is the count of commits that it has seen.
"""

from asyncio import Future
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .errors import SerializationFailure

KEYS_MAX = 1000  # single keys of one relation; more become the whole of it
RELATION_BYTES = 4


class Unserializable(SerializationFailure):
    """The transaction cannot be part of any serial order; `reason` as PostgreSQL's detail gives it."""

    def __init__(self, reason: str) -> None:
        super().__init__("read/write dependencies among transactions", None, 0)
        self.reason = reason


class Member:
    """A serializable transaction, until no other one that overlapped it is left (SERIALIZABLEXACT)."""

    __slots__ = (
        "commit_number", "committed", "conflict_in", "conflict_out", "doomed", "earliest_out",
        "finished_before", "ins", "keys", "name", "outs", "owner", "possible", "prepare_number", "prepared",
        "ranges", "read_only", "seen", "unsafe", "waiter", "writes",
    )  # fmt: skip

    def __init__(self, seen: int, read_only: bool) -> None:
        self.seen = seen  # lastCommitBeforeSnapshot
        self.read_only = read_only
        self.name = 0  # for messages
        self.owner: Any = None
        self.waiter: Future[None] | None = None  # of a DEFERRABLE one: told when it is safe or unsafe
        self.keys: dict[bytes, set[bytes]] = {}  # read, by relation
        self.ranges: dict[bytes, list[tuple[bytes, bytes]]] = {}
        self.writes: dict[bytes, set[bytes]] = {}  # by relation
        self.ins: set[Member] = set()  # who read what this one wrote
        self.outs: set[Member] = set()  # who wrote what this one read
        self.doomed = self.prepared = self.committed = False
        self.conflict_in = False  # restored after a restart: from whomever
        self.conflict_out = False  # to one that committed before this one
        self.prepare_number = self.commit_number = 0
        self.earliest_out = 0
        self.finished_before = 0  # the newest snapshot at the time of its end
        self.possible: set[Member] | None = None  # READ ONLY: writers that could make it unsafe
        self.unsafe = False

    def reads(self, key: bytes) -> bool:
        """Whether it has read the key, or a range with it."""
        relation = key[:RELATION_BYTES]
        keys = self.keys.get(relation)
        if keys is not None and key in keys:
            return True
        return any(low <= key < high for low, high in self.ranges.get(relation, ()))

    def all_reads(self) -> list[list[tuple[bytes, bytes]]]:
        """What `Serializer.restore` needs: keys (as ranges) and ranges."""
        keys = [(key, key + b"\x00") for found in self.keys.values() for key in found]
        return [keys, [span for spans in self.ranges.values() for span in spans]]

    def wrote(self, key: bytes) -> bool:
        keys = self.writes.get(key[:RELATION_BYTES])
        return keys is not None and key in keys

    def wrote_in(self, low: bytes, high: bytes) -> bool:
        keys = self.writes.get(low[:RELATION_BYTES])
        return keys is not None and any(low <= key < high for key in keys)

    @property
    def safe(self) -> bool:
        """READ ONLY, and no writer that was under way at its snapshot can do it any harm."""
        return self.possible is not None and not self.possible and not self.unsafe


class Serializer:
    """The serializable transactions of one database."""

    def __init__(self) -> None:
        self._members: dict[Member, None] = {}
        self._commits = 0

    def begin(self, read_only: bool) -> Member:
        """A transaction whose snapshot is of now."""
        member = Member(self._commits, read_only)
        if read_only:
            member.possible = {m for m in self._members if not m.committed and not m.read_only}
        self._members[member] = None
        return member

    def restore(self, reads: Iterable[Iterable[Sequence[bytes]]], writes: Iterable[bytes]) -> Member:
        """A prepared transaction after a restart. Whom it had conflicts with is forgotten: it is taken to
        have had some on both sides."""
        member = self.begin(False)
        for spans in reads:
            for low, high in spans:
                member.ranges.setdefault(low[:RELATION_BYTES], []).append((low, high))
        for key in writes:
            member.writes.setdefault(key[:RELATION_BYTES], set()).add(key)
        self._commits += 1
        member.prepare_number = self._commits
        member.prepared = member.conflict_in = member.conflict_out = True
        return member

    # --- reading and writing ------------------------------------------------------------------------

    def read_key(self, member: Member, key: bytes) -> None:
        """The transaction reads a key, there or not. Raises Unserializable."""
        keys = member.keys.setdefault(key[:RELATION_BYTES], set())
        if key in keys or member.safe:
            return
        if len(keys) >= KEYS_MAX:
            low = key[:RELATION_BYTES]
            high = (int.from_bytes(low, "big") + 1).to_bytes(RELATION_BYTES, "big")
            self.read_range(member, low, high)
            return
        keys.add(key)
        self._read(member, [other for other in self._others(member) if other.wrote(key)])

    def read_range(self, member: Member, low: bytes, high: bytes) -> None:
        """As read_key for all keys with low <= key < high, of one relation."""
        if member.safe:
            return
        ranges = member.ranges.setdefault(low[:RELATION_BYTES], [])
        if not any(first <= low and high <= last for first, last in ranges):
            ranges.append((low, high))
        self._read(member, [other for other in self._others(member) if other.wrote_in(low, high)])

    def _read(self, reader: Member, writers: list[Member]) -> None:
        """The reader does not see what these have written (CheckForSerializableConflictOut)."""
        if reader.doomed:
            raise Unserializable("Canceled on identification as a pivot, during conflict out checking.")
        for writer in writers:
            if writer.doomed or writer in reader.outs:
                continue
            if writer.committed:
                if writer.commit_number <= reader.seen:
                    continue  # the snapshot has it
                if reader.read_only and (not writer.conflict_out or reader.seen < writer.earliest_out):
                    continue
            self._flag(reader, writer, reader)

    def write(self, member: Member, keys: Iterable[bytes]) -> None:
        """The transaction is about to write keys. Raises Unserializable."""
        if member.doomed:
            raise Unserializable("Canceled on identification as a pivot, during conflict in checking.")
        others = [other for other in self._others(member) if not other.safe]
        for key in keys:
            member.writes.setdefault(key[:RELATION_BYTES], set()).add(key)
            for other in others:
                if other.doomed or other in member.ins or not other.reads(key):
                    continue
                if other.committed and other.finished_before <= member.seen:
                    continue
                self._flag(other, member, member)

    def _others(self, member: Member) -> Iterator[Member]:
        for other in self._members:
            if other is not member:
                yield other

    def _flag(self, reader: Member, writer: Member, me: Member) -> None:
        """A rw-conflict; who fails if it is one too many (OnConflict_CheckForSerializationFailure)."""
        if self._is_dangerous(reader, writer):
            if me is writer:
                raise Unserializable("Canceled on identification as a pivot, during write.")
            if writer.prepared:
                raise Unserializable(f"Canceled on conflict out to pivot {writer.name}, during read.")
            writer.doomed = True
        reader.outs.add(writer)
        writer.ins.add(reader)

    def _is_dangerous(self, reader: Member, writer: Member) -> bool:
        if writer.conflict_out and (writer.committed or writer.conflict_in):
            return True  # reader -> writer -> T2, and T2 committed before the writer
        if reader.conflict_in and writer.prepared:
            return True
        for second in writer.outs:  # reader -> writer -> T2, and T2 has committed first
            if (
                second.prepared
                and (not reader.committed or second.prepare_number <= reader.commit_number)
                and (not writer.committed or second.prepare_number <= writer.commit_number)
                and (not reader.read_only or second.prepare_number <= reader.seen)
            ):
                return True
        if writer.prepared and not reader.read_only:  # T0 -> reader -> writer, and the writer committed first
            for first in reader.ins:
                if (
                    not first.doomed
                    and (not first.committed or first.commit_number >= writer.prepare_number)
                    and (not first.read_only or first.seen >= writer.prepare_number)
                ):
                    return True
        return False

    # --- the end --------------------------------------------------------------------------------------

    def prepare(self, member: Member) -> None:
        """The transaction is about to commit (PreCommit_CheckForSerializationFailure). Raises Unserializable;
        afterwards nobody can make it fail any more."""
        if member.doomed:
            raise Unserializable("Canceled on identification as a pivot, during commit attempt.")
        for near in member.ins:
            if near.committed or near.doomed:
                continue
            for far in near.ins:
                if far is member or not (far.committed or far.read_only or far.doomed):
                    if near.prepared:
                        raise Unserializable(
                            "Canceled on commit attempt with conflict in from prepared pivot."
                        )
                    near.doomed = True
                    break
        self._commits += 1
        member.prepare_number = self._commits
        member.prepared = True

    def end(self, member: Member, committed: bool) -> None:
        """The transaction has ended (ReleasePredicateLocks)."""
        if member not in self._members:
            return
        if committed:
            self._commits += 1
            member.commit_number = member.finished_before = self._commits
            member.committed = True
            if not member.writes:
                member.read_only = True
            self._settle_conflicts(member)
        else:
            member.doomed = True
            self._forget(member)
        for other in self._members:
            if other.possible and member in other.possible:
                other.possible.discard(member)
                if member.conflict_out and member.earliest_out <= other.seen:
                    other.unsafe = True
                    other.possible.clear()
                if not other.possible and other.waiter is not None and not other.waiter.done():
                    other.waiter.set_result(None)
        self._clean()

    def _settle_conflicts(self, member: Member) -> None:
        """At a commit: conflicts with those that have committed before are over, but for what is remembered
        of them."""
        for other in [other for other in member.outs if other.committed]:
            if not member.read_only:
                if not member.conflict_out or other.prepare_number < member.earliest_out:
                    member.earliest_out = other.prepare_number
                member.conflict_out = True
            member.outs.discard(other)
            other.ins.discard(member)
        for other in [other for other in member.ins if other.committed or other.read_only]:
            member.ins.discard(other)
            other.outs.discard(member)

    def _forget(self, member: Member) -> None:
        for other in member.ins:
            other.outs.discard(member)
        for other in member.outs:
            other.ins.discard(member)
        self._members.pop(member, None)

    def _clean(self) -> None:
        """Forget those that no transaction still under way overlapped."""
        oldest = min((m.seen for m in self._members if not m.committed), default=self._commits)
        for member in [m for m in self._members if m.committed and m.commit_number <= oldest]:
            self._forget(member)
