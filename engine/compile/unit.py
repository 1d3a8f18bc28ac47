"""The text being generated: functions (frames) of one unit, names, and what a row has available.

1. A Unit becomes one Python module source: its globals are constants, implementations and helpers.
2. A Frame is one Python function being written: lines with indentation, a prelude that ends up at
   the top of its body, and the block structure. Frames nest as Python functions do, and an inner one
   sees the names of the outer ones.
3. A Slot tells how to get a value that the current row makes available: a local name, or a field of
   a decoded row that becomes a local when it is first wanted. A field loaded inside an indented
   block is forgotten when the block ends, since the code after it may run without it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, NamedTuple

from ..errors import SqlError
from ..sqlstates import PROGRAM_LIMIT_EXCEEDED

LOOPS_MAX = 14  # CPython refuses more than 20 statically nested blocks
INDENT_MAX = 80  # its tokenizer refuses 100 levels
BREATH_SECONDS = 0.003
BATCH_ROWS = 1000
ONCE = (None,)


class Code(NamedTuple):
    """A Python expression: its source (safe to put anywhere), whether it may be None, and whether
    it is a name or literal (free to repeat)."""

    source: str
    null: bool
    simple: bool = False


NULL = Code("None", True, True)
TRUE = Code("True", False, True)
FALSE = Code("False", False, True)


class Slot:
    """How to get one value of the current row."""

    __slots__ = ("frame", "load", "name", "null", "source")

    def __init__(self, frame: "Frame", name: str, null: bool, load: str | None = None) -> None:
        self.frame = frame
        self.name = name
        self.null = null
        self.load = load  # source that gives the value, until it is loaded into `name`

    def code(self) -> Code:
        """The local's name, after loading it if need be."""
        if self.load is not None:
            self.frame.load(self)
        return Code(self.name, self.null, True)


class Frame:
    """One Python function being written."""

    def __init__(self, unit: "Unit", parent: "Frame | None", kind: str) -> None:
        self.unit = unit
        self.parent = parent
        self.kind = kind  # "batch", "rows", "quiet", "point", "collect", "subquery"
        self.lines: list[str | list[str]] = []  # a list: declarations that are still being collected
        self.stop: list[str] = ["return"]
        self.prelude: list[str] = []
        self.indent = 1
        self.loops = 0
        self.loaded: list[list[tuple[Slot, str]]] = [[]]
        self.narrowed: list[list[Slot]] = [[]]
        self.depth: int = 0 if parent is None else parent.depth + parent.indent

    @property
    def breathing(self) -> bool:
        return self.kind in ("batch", "rows", "subquery")

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def declarations(self) -> Callable[[str], None]:
        """A place for declarations, here, that can be added to later."""
        place: list[str] = []
        self.lines.append(place)
        indent = "    " * self.indent

        def declare(text: str) -> None:
            if indent + text not in place:
                place.append(indent + text)

        return declare

    def end(self) -> None:
        """Leave the function: no more rows are wanted."""
        for text in self.stop:
            self.line(text)

    def load(self, slot: Slot) -> None:
        assert slot.load is not None
        self.line(f"{slot.name} = {slot.load}")
        self.loaded[-1].append((slot, slot.load))
        slot.load = None

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """An indented block; a `for` or `while` counts as a loop."""
        loop = head.startswith(("for ", "while ", "try"))
        self.line(head)
        self.indent += 1
        self.loops += loop
        self.loaded.append([])
        self.narrowed.append([])
        size = len(self.lines)
        yield
        if len(self.lines) == size:
            self.line("pass")
        self.indent -= 1
        self.loops -= loop
        for slot, source in self.loaded.pop():
            slot.load = source
        for slot in self.narrowed.pop():
            slot.null = True

    def need_prelude(self, text: str) -> None:
        if text not in self.prelude:
            self.prelude.append(text)

    def breathe(self) -> None:
        """Give control back if a batch is full or the time is up."""
        unit = self.unit
        if self.kind == "batch":
            self.need_prelude("out = []")
            self.need_prelude("deadline = clock() + BREATH")
            with self.block("if clock() > deadline or len(out) > BATCH:"):
                self.line("yield out")
                self.line("out = []")
                self.line("deadline = clock() + BREATH")
        elif self.kind == "rows":
            self.need_prelude("deadline = clock() + BREATH")
            with self.block("if clock() > deadline:"):
                self.line("yield None")
                self.line("deadline = clock() + BREATH")
        elif self.kind == "subquery":
            unit.needs_strand()
            self.need_prelude("deadline = clock() + BREATH")
            with self.block("if clock() > deadline:"):
                self.line("pause()")
                self.line("deadline = clock() + BREATH")

    def holds(self) -> str:
        """Code before rows are collected, where what a query holds is limited; a name for `hold`."""
        unit = self.unit
        if not unit.metered:
            return ""
        from ..dsql.memory import QueryMemory

        unit.helper("QueryMemory", QueryMemory)
        unit.root.need_prelude("held_memory = QueryMemory(ctx)")
        name = unit.fresh("held")
        self.line(f"{name} = 0")
        self.line(f"{name}_next = 1")
        return name

    def hold(self, name: str, row: str, count: str = "") -> None:
        """Code for one more row; `count`: how many there are, if not all are kept."""
        if not name:
            return
        if not count:
            self.line(f"{name} += 1")
        with self.block(f"if {count or name} >= {name}_next:"):
            self.line(f"{name}_next = held_memory.look({name!r}, {count or name}, {row})")

    def bury(self, name: str) -> None:
        """The collection in a local is not needed any more; nobody shall wait while it is freed."""
        if self.breathing:
            from ..run.graveyard import bury

            self.unit.helper("bury", bury)
            self.line(f"bury({name})")

    def pass_breath(self) -> None:
        """Code for a breath that an inner generator has taken."""
        unit = self.unit
        if self.kind == "batch":
            self.need_prelude("out = []")
            self.need_prelude("deadline = clock() + BREATH")
            self.line("yield out")
            self.line("out = []")
            self.line("deadline = clock() + BREATH")
        elif self.kind == "rows":
            self.line("yield None")
            if "deadline = clock() + BREATH" in self.prelude:
                self.line("deadline = clock() + BREATH")
        elif self.kind == "subquery":
            unit.needs_strand()
            self.line("pause()")

    def finish(self, head: str) -> list[str]:
        """The function's text with `head` as its def line."""
        body = ["    " + text for text in self.prelude]
        for item in self.lines:
            if type(item) is str:
                body.append(item)
            else:
                body.extend(item)
        return [head, *(body or ["    pass"])]


class Unit:
    """One generated module."""

    def __init__(self, catalog: Any, settings: Any, breathing: bool, instrumented: bool = False) -> None:
        self.catalog = catalog
        self.settings = settings
        self.breathing = breathing
        self.instrumented = instrumented
        self.metered = False  # whether the code tells of what it holds in memory
        self.strand = False  # whether the code may stop at any depth: it needs a strand
        self.long = False  # whether it may take long: not to be run without breaths
        self.globals: dict[str, Any] = {
            "clock": monotonic,
            "BREATH": BREATH_SECONDS,
            "BATCH": BATCH_ROWS,
            "ONCE": ONCE,
        }
        self._counter = 0
        self._global_names: dict[int, str] = {}
        self._keep: list[Any] = []
        self.frame: Frame = Frame(self, None, "point")
        self.root = self.frame
        self.plan_ids: dict[int, int] = {}
        self.subplans: dict[Any, str] = {}

    def keep(self, item: Any) -> None:
        """Keep an object alive: ids of live objects are unique."""
        self._keep.append(item)

    def needs_strand(self) -> None:
        """The code calls something that may stop, or stops itself outside of generators."""
        from ..run.strand import pause

        self.strand = self.long = True
        self.helper("pause", pause)

    def fresh(self, stem: str) -> str:
        """A name not used yet: a readable stem and a number."""
        self._counter += 1
        clean = re.sub(r"\W", "_", stem)[:24]
        if not clean or clean[0].isdigit() or not clean.isascii():
            clean = "v"
        return f"{clean}_{self._counter}"

    def constant(self, value: Any, stem: str = "const") -> str:
        """A global name for an object (the same name for the same object)."""
        name = self._global_names.get(id(value))
        if name is None:
            name = self._global_names[id(value)] = self.fresh(stem)
            self.globals[name] = value
            self._keep.append(value)
        return name

    def helper(self, name: str, value: Any) -> str:
        """Put a helper into the globals under a fixed name."""
        known = self.globals.setdefault(name, value)
        if known is not value and known != value:
            raise AssertionError(f"two helpers named {name}")
        return name

    def helpers(self, names: dict[str, Any] | None) -> None:
        for name, value in (names or {}).items():
            self.helper(name, value)

    @contextmanager
    def function(self, name: str, kind: str, arguments: str = "", root: bool = False) -> Iterator[Frame]:
        """Write a nested function; at the end its def stands in the enclosing frame (or, if root,
        in the prelude of the outermost one)."""
        outer = self.frame
        if outer.depth + outer.indent > INDENT_MAX:
            raise SqlError(PROGRAM_LIMIT_EXCEEDED, "query is nested too deeply")
        if kind == "rows" and not self.breathing:
            kind = "quiet"  # a generator without breaths
        frame = Frame(self, outer, kind)
        self.frame = frame
        try:
            yield frame
        finally:
            self.frame = outer
        for slot in frame.narrowed[0]:
            slot.null = True
        lines = frame.finish(f"def {name}({arguments}):")
        if root:
            self.root.prelude.extend(lines)
        else:
            for text in lines:
                outer.line(text)

    @contextmanager
    def at_root(self) -> Iterator[None]:
        """Write into the outermost frame's prelude scope."""
        outer = self.frame
        self.frame = self.root
        try:
            yield
        finally:
            self.frame = outer


Consume = Callable[[], None]
