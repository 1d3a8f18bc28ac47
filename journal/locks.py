"""The lock table: who holds which lock in which mode, who waits for it, and who waits in a circle.

Pure: no timers, no texts; a wait is a Request (a Future) that completes when the lock is granted. Keys are
hashable and mean nothing here. An owner is whoever waits as one (a session): its own locks never stand
in its way.

1. Most locks have one holder and nobody who waits: then the table has the Hold itself for the key, and
   taking and giving back are one dict operation each. Anything else is a Lock.
2. Which modes exclude one another is data (MODES). Of some modes the queue is fair: a request also waits
   for those before it in the queue, unless its owner holds the lock already. Row locks are not, as in
   PostgreSQL: who can have the row at once takes it.
3. A request is granted by whoever gives the lock back: it is then a holder, whether it has run again or not.
4. A Hold is what an owner has in one mode for one duration, its keys in the order in which they were
   taken; a savepoint is a length of that list.
"""

from asyncio import AbstractEventLoop
from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from .lockrequest import Request


class Mode(NamedTuple):
    """`conflicts`: the bits 1 << mode of all modes that exclude this one."""

    name: str
    conflicts: int
    fair: bool


def _bits(*modes: int) -> int:
    return sum(1 << mode for mode in modes)


# Rows (manual, table 13.3) ...
KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE = range(4)
# ... and everything else (table 13.2); advisory locks use SHARE_LOCK and EXCLUSIVE_LOCK.
(
    ACCESS_SHARE_LOCK,
    ROW_SHARE_LOCK,
    ROW_EXCLUSIVE_LOCK,
    SHARE_UPDATE_EXCLUSIVE_LOCK,
    SHARE_LOCK,
    SHARE_ROW_EXCLUSIVE_LOCK,
    EXCLUSIVE_LOCK,
    ACCESS_EXCLUSIVE_LOCK,
) = range(4, 12)
MODES = (
    Mode("KeyShare", _bits(UPDATE), False),
    Mode("Share", _bits(NO_KEY_UPDATE, UPDATE), False),
    Mode("NoKeyUpdate", _bits(SHARE, NO_KEY_UPDATE, UPDATE), False),
    Mode("Update", _bits(KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE), False),
    Mode("AccessShareLock", _bits(11), True),
    Mode("RowShareLock", _bits(10, 11), True),
    Mode("RowExclusiveLock", _bits(8, 9, 10, 11), True),
    Mode("ShareUpdateExclusiveLock", _bits(7, 8, 9, 10, 11), True),
    Mode("ShareLock", _bits(6, 7, 9, 10, 11), True),
    Mode("ShareRowExclusiveLock", _bits(6, 7, 8, 9, 10, 11), True),
    Mode("ExclusiveLock", _bits(5, 6, 7, 8, 9, 10, 11), True),
    Mode("AccessExclusiveLock", _bits(4, 5, 6, 7, 8, 9, 10, 11), True),
)
CONFLICTS = tuple(mode.conflicts for mode in MODES)


class Hold:
    """What an owner holds in one mode."""

    __slots__ = ("keys", "mode", "owner")

    def __init__(self, owner: Any, mode: int) -> None:
        self.owner = owner
        self.mode = mode
        self.keys: list[Hashable] = []


class Lock:
    """A key with several holders, or with somebody who waits. A Hold is among the holders as often as it
    has taken the lock."""

    __slots__ = ("holders", "queue")

    def __init__(self) -> None:
        self.holders: list[Hold] = []
        self.queue: list[Request] = []

    def blockers(self, owner: Any, mode: int) -> list[Any]:
        """The other owners whose hold excludes the mode."""
        conflicts = CONFLICTS[mode]
        return [h.owner for h in self.holders if conflicts >> h.mode & 1 and h.owner is not owner]

    def waits_behind(self, owner: Any, mode: int, before: list[Request]) -> list[Any]:
        """The owners of requests in the queue that a request has to let go first."""
        if not MODES[mode].fair or any(h.owner is owner for h in self.holders):
            return []
        conflicts = CONFLICTS[mode]
        return [
            request.hold.owner
            for request in before
            if conflicts >> request.hold.mode & 1 and request.hold.owner is not owner
        ]


class Wait(NamedTuple):
    """A request as others see it, and the owners that it waits for."""

    request: Request
    owners: list[Any]


class LockTable:
    """The locks of one database."""

    def __init__(self) -> None:
        # Also read and written where row locks are taken (Transaction.lock_row): see 1.
        self.held: dict[Hashable, Hold | Lock] = {}
        self._waiting: dict[Hashable, Lock] = {}

    def acquire(self, hold: Hold, key: Hashable, loop: AbstractEventLoop) -> Request | None:
        """Take the lock, or (the result is not None) wait for it."""
        if self.try_acquire(hold, key):
            return None
        lock = self._shared(key)
        request = Request(loop=loop)
        request.hold, request.key = hold, key
        self._enqueue(lock, request)
        self._waiting[key] = lock
        request.add_done_callback(self._left)
        return request

    def _enqueue(self, lock: Lock, request: Request) -> None:
        """Into the queue: before the first one that waits for what the owner has already (ProcSleep)."""
        hold = request.hold
        if MODES[hold.mode].fair:
            mine = sum({1 << h.mode for h in lock.holders if h.owner is hold.owner})
            for place, other in enumerate(lock.queue if mine else ()):
                if CONFLICTS[other.hold.mode] & mine:
                    theirs = [h.mode for h in lock.holders if h.owner is other.hold.owner]
                    request.doomed = any(CONFLICTS[hold.mode] >> mode & 1 for mode in theirs)
                    lock.queue.insert(place, request)
                    return
        lock.queue.append(request)

    def try_acquire(self, hold: Hold, key: Hashable) -> bool:
        """Take the lock if that is possible at once. An owner that has the row in a stronger mode has it."""
        found = self.held.get(key)
        if found is None:
            self.held[key] = hold
            hold.keys.append(key)
            return True
        mode, owner = hold.mode, hold.owner
        if isinstance(found, Lock):
            if mode <= UPDATE and any(h.owner is owner and h.mode >= mode for h in found.holders):
                return True
            if found.blockers(owner, mode) or found.waits_behind(owner, mode, found.queue):
                return False
        elif found.owner is owner:
            if found.mode >= mode and mode <= UPDATE:
                return True
        elif CONFLICTS[mode] >> found.mode & 1:
            return False
        self._shared(key).holders.append(hold)
        hold.keys.append(key)
        return True

    def enter(self, hold: Hold, key: Hashable) -> None:
        """Take a lock that is known to exclude nobody who has it."""
        if key not in self.held:
            self.held[key] = hold
        else:
            self._shared(key).holders.append(hold)
        hold.keys.append(key)

    def _shared(self, key: Hashable) -> Lock:
        """The key's Lock, made of its Hold if need be."""
        found = self.held[key]
        if isinstance(found, Lock):
            return found
        lock = Lock()
        lock.holders.append(found)
        self.held[key] = lock
        return lock

    def release(self, hold: Hold, first: int = 0) -> None:
        """Give back all that the hold has taken since it had `first` keys."""
        keys = hold.keys[first:]
        del hold.keys[first:]
        held = self.held
        for key in keys:
            found = held.get(key)
            if found is hold:
                del held[key]
            elif isinstance(found, Lock) and hold in found.holders:
                found.holders.remove(hold)
                self._wake(key, found)

    def release_one(self, hold: Hold, key: Hashable) -> bool:
        """Give back one key, the latest taking of it; False if the hold does not have it."""
        keys = hold.keys
        for place in range(len(keys) - 1, -1, -1):
            if keys[place] == key:
                break
        else:
            return False
        del keys[place]
        found = self.held[key]
        if isinstance(found, Lock):
            found.holders.remove(hold)
            self._wake(key, found)
        else:
            del self.held[key]
        return True

    def withdraw(self, request: Request) -> None:
        """No longer wait; a lock that was granted meanwhile is given back."""
        if not request.done():
            request.cancel()
        lock = self._waiting.get(request.key)
        if lock is not None and request in lock.queue:
            lock.queue.remove(request)
            self._wake(request.key, lock)
        elif not request.cancelled() and request.exception() is None:
            self.release_one(request.hold, request.key)

    def _left(self, request: Any) -> None:
        """A cancelled or failed request goes at once: its statement may be gone without having run again."""
        if request.cancelled() or request.exception() is not None:
            lock = self._waiting.get(request.key)
            if lock is not None and request in lock.queue:
                lock.queue.remove(request)
                self._wake(request.key, lock)

    def _wake(self, key: Hashable, lock: Lock) -> None:
        """Grant what can be granted, in the order of the queue."""
        before: list[Request] = []
        for request in lock.queue:
            if request.done():  # failed, and about to leave
                continue
            hold = request.hold
            holders = lock.holders
            if len(holders) == 1:  # the usual case, for a hot row once for each that waits
                only = holders[0]
                refused = only.owner is not hold.owner and CONFLICTS[hold.mode] >> only.mode & 1
            else:
                refused = bool(lock.blockers(hold.owner, hold.mode))
            if not refused and not lock.waits_behind(hold.owner, hold.mode, before):
                holders.append(hold)
                hold.keys.append(key)
                request.set_result(None)
            else:
                before.append(request)
        lock.queue = before
        if before:
            return
        self._waiting.pop(key, None)
        if not lock.holders:
            del self.held[key]
        elif len(lock.holders) == 1:
            self.held[key] = lock.holders[0]

    def queued(self) -> int:
        """How many requests wait."""
        return sum([len(lock.queue) for lock in self._waiting.values()])

    # --- who waits for whom -----------------------------------------------------------------------

    def holders(self, key: Hashable) -> list[Hold]:
        """Who has the lock."""
        found = self.held.get(key)
        if found is None:
            return []
        return list(found.holders) if isinstance(found, Lock) else [found]

    def conflicting(self, owner: Any, key: Hashable, mode: int) -> list[Hold]:
        """The holds of others that exclude the mode."""
        conflicts = CONFLICTS[mode]
        return [h for h in self.holders(key) if conflicts >> h.mode & 1 and h.owner is not owner]

    def waits(self) -> dict[Any, Wait]:
        """By owner: what it waits for."""
        out: dict[Any, Wait] = {}
        for lock in self._waiting.values():
            before: list[Request] = []
            for request in lock.queue:
                if request.done():
                    continue
                hold = request.hold
                whom = lock.blockers(hold.owner, hold.mode)
                whom += lock.waits_behind(hold.owner, hold.mode, before)
                if not MODES[hold.mode].fair:  # a row's queue: the next one is the first of those that wait
                    whom += [r.hold.owner for r in before if CONFLICTS[hold.mode] >> r.hold.mode & 1]
                out[hold.owner] = Wait(request, list(dict.fromkeys(whom)))
                before.append(request)
        return out

    def untangle(self, owner: Any) -> list[Wait]:
        """The circle that the owner is part of, [] if there is none. A circle in which somebody waits for
        nobody but those before it in a queue is none: it is let past them (a soft deadlock)."""
        while True:
            circle = self.circle(owner)
            for place in reversed(range(len(circle))):  # as PostgreSQL: the one found last is tried first
                wait = circle[place]
                lock = self._waiting[wait.request.key]
                hold = wait.request.hold
                blocker = circle[(place + 1) % len(circle)].request.hold.owner
                if MODES[hold.mode].fair and blocker not in lock.blockers(hold.owner, hold.mode):
                    lock.queue.remove(wait.request)
                    ahead = next(i for i, other in enumerate(lock.queue) if other.hold.owner is blocker)
                    lock.queue.insert(ahead, wait.request)
                    self._wake(wait.request.key, lock)
                    break
            else:
                return circle

    def circle(self, owner: Any) -> list[Wait]:
        """The waits of a circle that the owner is part of, its own first; [] if there is none."""
        waits = self.waits()
        path: list[Any] = []

        def reaches(who: Any) -> bool:
            path.append(who)
            wait = waits.get(who)
            for blocker in wait.owners if wait is not None else ():
                if blocker is owner or (blocker not in path and reaches(blocker)):
                    return True
            path.pop()
            return False

        if owner not in waits or not reaches(owner):
            return []
        return [waits[who] for who in path]

    def entries(self) -> Iterator[tuple[Hashable, Hold, bool]]:
        """(key, hold, whether it is granted) of all locks, for pg_locks."""
        for key, found in list(self.held.items()):
            if isinstance(found, Lock):
                for hold in dict.fromkeys(found.holders):
                    yield key, hold, True
                for request in found.queue:
                    yield key, request.hold, False
            else:
                yield key, found, True
