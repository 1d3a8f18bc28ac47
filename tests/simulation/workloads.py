"""What clients do, and what must be true of what they saw and of what is left.

Each workload has rows of its own: `setup` writes the first ones, `step` is one transaction of one
client, `look` judges a whole view of its rows (a snapshot's or the final one), `check` the history.
`happened` holds the numbers of the transactions whose markers are in the final state.
"""

from collections.abc import Callable
from typing import Any

from msgspec import msgpack

from .client import DATABASES, Session, Transaction
from .elle import check_lists
from .history import COMMITTED, History

View = Callable[[int, bytes, bytes], dict[bytes, bytes]]  # database, low, high


def key(relation: int, number: int) -> bytes:
    return relation.to_bytes(4, "big") + number.to_bytes(4, "big")


def span(relation: int) -> tuple[bytes, bytes]:
    return relation.to_bytes(4, "big"), (relation + 1).to_bytes(4, "big")


def number(value: bytes | None) -> int:
    return int(value) if value is not None else 0


def number_of(key_: bytes) -> int:
    return int.from_bytes(key_[4:], "big")


class Workload:
    """See the module."""

    name = ""

    def setup(self, tx: Transaction) -> None:
        """Write the first rows."""

    async def step(self, session: Session) -> None:
        raise NotImplementedError

    def look(self, view: View) -> str | None:
        """What is wrong with it."""
        return None

    def check(self, history: History, view: View, happened: set[int]) -> list[str]:
        wrong = self.look(view)
        return [f"the final state: {wrong}"] if wrong else []

    async def audit(self, session: Session) -> None:
        """Look at a snapshot."""

        async def body(tx: Transaction) -> None:
            await session.think()
            wrong = self.look(lambda database, low, high: dict(tx.snapshots[database].scan(low, high)))
            if wrong:
                session.world.find(f"{self.name}: a snapshot at {tx.base}: {wrong}")

        await session.transact(self.name, body)


class Bank(Workload):
    """Money moves between accounts of two databases; there is always as much of it."""

    name = "bank"
    accounts = 8
    relation = 10
    transfers = 11
    first = 100

    def place(self, account: int) -> tuple[int, bytes]:
        return 1 + account % 2, key(self.relation, account)

    def setup(self, tx: Transaction) -> None:
        for account in range(self.accounts):
            tx.put(*self.place(account), b"%d" % self.first)

    async def step(self, session: Session) -> None:
        source = session.world.random
        if source.random() < 0.2:
            await self.audit(session)
            return
        one, other = source.sample(range(self.accounts), 2)

        async def body(tx: Transaction) -> None:
            left = number(tx.get(*self.place(one)))
            await session.think()
            right = number(tx.get(*self.place(other)))
            amount = source.randint(1, 9)
            tx.put(*self.place(one), b"%d" % (left - amount))
            tx.put(*self.place(other), b"%d" % (right + amount))
            tx.put(
                source.choice((1, 2)),
                key(self.transfers, tx.entry.number),
                msgpack.encode((one, other, amount)),
            )
            tx.note(one, other, amount)

        await session.transact(self.name, body)

    def look(self, view: View) -> str | None:
        balances = [self.first] * self.accounts
        for database in (1, 2):
            for value in view(database, *span(self.transfers)).values():
                one, other, amount = msgpack.decode(value)
                balances[one] -= amount
                balances[other] += amount
        found: dict[int, int] = {}
        for database in (1, 2):
            for key_, value in view(database, *span(self.relation)).items():
                found[number_of(key_)] = number(value)
        if found and [found.get(n) for n in range(self.accounts)] != balances:
            return f"accounts have {found}, by the transfers it should be {balances}"
        return None

    def check(self, history: History, view: View, happened: set[int]) -> list[str]:
        wrong = super().check(history, view, happened)
        there = {number_of(k) for database in (1, 2) for k in view(database, *span(self.transfers))}
        for entry in history.of(self.name):
            if entry.actions and (entry.number in there) != (entry.number in happened):
                wrong.append(f"of transfer {entry.number} there is one row but not the other")
        return wrong


class Cycle(Workload):
    """Invariants that hold only if what was read is validated: always serializable.

    A ring of nodes, where a transaction moves the next node behind the one after it; pairs of numbers
    whose sum must not fall below zero, of which a transaction changes one; and a range that may hold so
    many rows and no more.
    """

    name = "cycle"
    nodes = 7
    ring = 20
    pairs = 21
    slots = 22
    slots_max = 5

    def setup(self, tx: Transaction) -> None:
        for node in range(self.nodes):
            tx.put(1, key(self.ring, node), b"%d" % ((node + 1) % self.nodes))
        for pair in range(2):
            tx.put(1, key(self.pairs, 2 * pair), b"5")
            tx.put(2, key(self.pairs, 2 * pair + 1), b"5")

    async def step(self, session: Session) -> None:
        source = session.world.random
        body = source.choice([self._rotate, self._withdraw, self._occupy, None])
        if body is None:
            await self.audit(session)
        else:
            await session.transact(self.name, lambda tx: body(tx, session), serializable=True)

    async def _rotate(self, tx: Transaction, session: Session) -> None:
        one = session.world.random.randrange(self.nodes)
        two = number(tx.get(1, key(self.ring, one)))
        await session.think()
        three = number(tx.get(1, key(self.ring, two)))
        four = number(tx.get(1, key(self.ring, three)))
        tx.put(1, key(self.ring, one), b"%d" % three)
        tx.put(1, key(self.ring, three), b"%d" % two)
        tx.put(1, key(self.ring, two), b"%d" % four)

    async def _withdraw(self, tx: Transaction, session: Session) -> None:
        source = session.world.random
        pair = source.randrange(2)
        places = [(1, key(self.pairs, 2 * pair)), (2, key(self.pairs, 2 * pair + 1))]
        values = [number(tx.get(*place)) for place in places]
        await session.think()
        side = source.randrange(2)
        change = source.choice([-7, -4, 3])
        if sum(values) + change >= 0:
            tx.put(*places[side], b"%d" % (values[side] + change))

    async def _occupy(self, tx: Transaction, session: Session) -> None:
        source = session.world.random
        there = tx.scan(2, *span(self.slots))
        await session.think()
        if len(there) < self.slots_max:
            tx.put(2, key(self.slots, source.randrange(1000)), b"x")
        elif source.random() < 0.5:
            tx.delete_range(2, *span(self.slots))
        else:
            tx.put(2, source.choice(list(there)), None)

    def look(self, view: View) -> str | None:
        ring = {number_of(k): number(v) for k, v in view(1, *span(self.ring)).items()}
        if not ring:
            return None
        seen = [0]
        while (following := ring.get(seen[-1], -1)) not in seen and following >= 0:
            seen.append(following)
        if len(seen) != self.nodes or following != 0:
            return f"the ring is {ring}"
        values = {number_of(k): number(v) for d in (1, 2) for k, v in view(d, *span(self.pairs)).items()}
        for pair in (0, 2):
            if values[pair] + values[pair + 1] < 0:
                return f"a pair has {values[pair]} and {values[pair + 1]}"
        count = len(view(2, *span(self.slots)))
        return f"{count} slots of {self.slots_max} are taken" if count > self.slots_max else None


class Lists(Workload):
    """Transactions read lists and append to them; who saw what tells which orders are possible."""

    name = "lists"
    lists = 5
    relation = 30

    def place(self, item: int) -> tuple[int, bytes]:
        return DATABASES[item % 3], key(self.relation, item)

    async def step(self, session: Session) -> None:
        source = session.world.random

        async def body(tx: Transaction) -> None:
            for _ in range(source.randint(1, 4)):
                item = source.randrange(self.lists)
                place = self.place(item)
                value = tx.get(*place)
                content = msgpack.decode(value) if value is not None else []
                if source.random() < 0.5:
                    tx.note("read", item, content)
                else:
                    made = tx.entry.number * 10 + len(tx.entry.actions)
                    tx.put(*place, msgpack.encode([*content, made]))
                    tx.note("append", item, made)
                if source.random() < 0.3:
                    await session.think()

        await session.transact(self.name, body)

    def check(self, history: History, view: View, happened: set[int]) -> list[str]:
        final: dict[int, list[int]] = {}
        for item in range(self.lists):
            database, key_ = self.place(item)
            value = view(database, key_, key_ + b"\x00").get(key_)
            final[item] = msgpack.decode(value) if value is not None else []
        return check_lists(history.of(self.name), final, happened)


class Register(Workload):
    """Single values, read and written, must behave as if there were but one copy: linearizable."""

    name = "register"
    registers = 3
    relation = 40

    def place(self, item: int) -> tuple[int, bytes]:
        return DATABASES[item % 3], key(self.relation, item)

    async def step(self, session: Session) -> None:
        source = session.world.random
        item = source.randrange(self.registers)

        async def body(tx: Transaction) -> None:
            if source.random() < 0.5:
                tx.note("read", item, number(tx.get(*self.place(item))))
            else:
                tx.put(*self.place(item), b"%d" % tx.entry.number)
                tx.note("write", item, tx.entry.number)

        await session.transact(self.name, body)

    def check(self, history: History, view: View, happened: set[int]) -> list[str]:
        wrong = []
        entries = history.of(self.name)
        for item in range(self.registers):
            database, key_ = self.place(item)
            last = number(view(database, key_, key_ + b"\x00").get(key_))
            writes = {0: None, **{e.number: e for e in entries if ("write", item, e.number) in e.actions}}
            wrong += self._linearizable(item, entries, writes, last, happened)
        return wrong

    def _linearizable(
        self, item: int, entries: list[Any], writes: dict[int, Any], last: int, happened: set[int]
    ) -> list[str]:
        """Reads and acknowledged writes by their time: what is over before another begins comes before it."""
        wrong = []
        entries = [entry for entry in entries if entry.was_told(happened)]
        for written in (last, *(a[2] for e in entries for a in e.actions if a[:2] == ("read", item))):
            if written not in writes or (written and written not in happened):
                wrong.append(f"register {item} had {written}, which nobody committed")
        if wrong:
            return wrong
        # What is known to have been the value at some moment: (from, to, number).
        seen: list[tuple[float, float, int]] = []
        for e in entries:
            for action in e.actions:
                if action[:2] == ("read", item):
                    seen.append((e.begun, e.begun, action[2]))
                elif action[:2] == ("write", item) and e.outcome == COMMITTED:
                    seen.append((e.begun, e.ended, action[2]))
        seen.sort()
        order = {0: 0, **{n: e.tau for n, e in writes.items() if e is not None and e.tau}}
        newest, until = 0, 0.0
        by_end = sorted(seen, key=lambda row: row[1])
        position = 0
        for start, _, value in seen:
            while position < len(by_end) and by_end[position][1] < start:
                done = order.get(by_end[position][2], 0)
                if done > newest:
                    newest, until = done, by_end[position][1]
                position += 1
            tau = order.get(value)
            if tau is not None and tau < newest:
                wrong.append(f"register {item} had {value} at {start}, a newer value was over at {until}")
        if last in order and order[last] < newest:
            wrong.append(f"register {item} is {last} in the end, but had a newer value")
        return wrong


class Queue(Workload):
    """Rows come in one by one, and go all at once; none is lost, none counted twice."""

    name = "queue"
    relation = 50
    counter = 51

    async def step(self, session: Session) -> None:
        source = session.world.random
        drain = source.random() < 0.2

        async def body(tx: Transaction) -> None:
            if not drain:
                tx.put(1, key(self.relation, tx.entry.number), b"row")
                tx.note("insert")
                return
            there = tx.scan(1, *span(self.relation))
            total = number(tx.get(0, key(self.counter, 0)))
            await session.think()
            tx.delete_range(1, *span(self.relation))
            tx.put(0, key(self.counter, 0), b"%d" % (total + len(there)))
            if source.random() < 0.3:  # a row that comes in with the removal of the others stays
                tx.put(1, key(self.relation, tx.entry.number), b"row")
                tx.note("insert")

        await session.transact(self.name, body)

    def check(self, history: History, view: View, happened: set[int]) -> list[str]:
        total = number(view(0, *span(self.counter)).get(key(self.counter, 0)))
        left = len(view(1, *span(self.relation)))
        inserted = sum(1 for e in history.of(self.name) if e.number in happened and ("insert",) in e.actions)
        if total + left != inserted:
            return [f"{inserted} rows came in, {total} went, {left} are left"]
        return []


class Family(Workload):
    """Children have parents, although who removes a parent validates no child: a child marks its parent."""

    name = "family"
    parents = 60
    children = 61
    parents_max = 4

    def setup(self, tx: Transaction) -> None:
        for parent in range(self.parents_max):
            tx.put(1, key(self.parents, parent), b"x")

    async def step(self, session: Session) -> None:
        body = session.world.random.choice([self._bear, self._bear, self._leave, None])
        if body is None:
            await self.audit(session)
        else:
            await session.transact(self.name, lambda tx: body(tx, session), serializable=False)

    async def _bear(self, tx: Transaction, session: Session) -> None:
        parent = key(self.parents, session.world.random.randrange(self.parents_max))
        there = tx.get(1, parent) is not None
        await session.think()
        if there:
            tx.keep(1, parent)
            tx.put(1, key(self.children, tx.entry.number), b"%d" % number_of(parent))
        else:
            tx.put(1, parent, b"x")

    async def _leave(self, tx: Transaction, session: Session) -> None:
        source = session.world.random
        there = tx.scan(1, *span(self.children))
        parent = source.randrange(self.parents_max)
        await session.think()
        mine = [child for child, value in there.items() if number(value) == parent]
        for child in mine:
            tx.put(1, child, None)
        if source.random() < 0.5:
            tx.put(1, key(self.parents, parent), None)
        else:
            tx.delete_range(1, key(self.parents, parent), key(self.parents, parent + 1))

    def look(self, view: View) -> str | None:
        there = {number_of(parent) for parent in view(1, *span(self.parents))}
        children = view(1, *span(self.children))
        orphans = [number_of(child) for child, value in children.items() if number(value) not in there]
        return f"{orphans} have lost their parents, {there} are there" if orphans else None


WORKLOADS: dict[str, type[Workload]] = {w.name: w for w in (Bank, Cycle, Lists, Register, Queue, Family)}
