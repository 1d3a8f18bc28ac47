"""The triggers of a relation as what changes its rows needs them (manual chapter 37, pg_trigger)."""

from typing import Any

from .trees import load_tree

ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE, INSTEAD = 1, 2, 4, 8, 16, 32, 64  # bits of tgtype
EVENTS = {"insert": INSERT, "delete": DELETE, "update": UPDATE, "truncate": TRUNCATE}
RI_CHECKS = (1644, 1645)  # RI_FKey_check_ins, RI_FKey_check_upd: the side of the table that refers
_TIMING = BEFORE | INSTEAD
_REPLICA = "replica"


class Trigger:
    """One trigger. `columns`: attnums of UPDATE OF, empty for any; `when`: its condition over Var(1, OLD)
    and Var(2, NEW), or None; `old_table`, `new_table`: the names of its transition tables, or None."""

    __slots__ = ("args", "columns", "constraint", "deferrable", "deferred", "enabled", "function", "kind",
                 "name", "new_table", "old_table", "test", "when")  # fmt: skip

    def __init__(self, row: Any) -> None:
        self.name = row.tgname
        self.function = row.tgfoid
        self.kind = row.tgtype
        self.enabled = row.tgenabled
        self.columns = frozenset(row.tgattr.items)
        self.args = tuple([arg.decode() for arg in row.tgargs.split(b"\0")[:-1]]) if row.tgargs else ()
        self.when = None if row.tgqual is None else load_tree(row.tgqual)
        self.test: Any = None  # the condition as a function, when it has been needed
        self.constraint = row.tgconstraint
        self.deferrable = row.tgdeferrable
        self.deferred = row.tginitdeferred
        self.old_table = row.tgoldtable
        self.new_table = row.tgnewtable

    @property
    def timing(self) -> str:
        """TG_WHEN."""
        return "BEFORE" if self.kind & BEFORE else "INSTEAD OF" if self.kind & INSTEAD else "AFTER"


class Triggers:
    """Those of one relation that may fire, in the order of their names."""

    def __init__(self, relation: Any, triggers: list[Trigger]) -> None:
        self.relation = relation
        self._all = triggers
        self._chosen: dict[tuple[int, bool], tuple[Trigger, ...]] = {}

    def choose(self, kind: int, role: str) -> tuple[Trigger, ...]:
        """Those of this timing, level and event (bits of tgtype). `role`: session_replication_role."""
        key = kind, role == _REPLICA
        found = self._chosen.get(key)
        if found is None:
            exact, event = ROW | _TIMING, kind & ~(ROW | _TIMING)
            silent = "O" if key[1] else "R"
            found = self._chosen[key] = tuple(
                [
                    trigger
                    for trigger in self._all
                    if trigger.kind & exact == kind & exact
                    and trigger.kind & event
                    and trigger.enabled != silent
                ]
            )
        return found

    def has(self, kind: int) -> bool:
        """Whether there are any of this kind, in whatever role."""
        return bool(self.choose(kind, "") or self.choose(kind, _REPLICA))

    def collects(self, event: str) -> bool:
        """Whether there are transition tables of this event."""
        bit = EVENTS[event]
        return any(t.kind & bit and (t.old_table or t.new_table) for t in self._all)

    def __iter__(self) -> Any:
        return iter(self._all)


def triggers_of(catalog: Any, relid: int) -> Triggers | None:
    """The relation's triggers that are not disabled, None without any."""
    cache: dict[Any, Any] = catalog.cache
    key = "triggers", relid
    if key not in cache:
        rows = catalog.pg_trigger.find("tgrelid", relid)
        found = [Trigger(row) for row in rows if not row.tgisinternal and row.tgenabled != "D"]
        found.sort(key=lambda trigger: trigger.name)
        cache[key] = Triggers(catalog.relation(relid), found) if found else None
    made: Triggers | None = cache[key]
    return made
