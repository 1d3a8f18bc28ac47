"""The state of compiling one PlannedQuery: what its current row makes available, and its CTEs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import SqlError
from ..plan import nodes as plan
from ..sqlstates import INTERNAL_ERROR
from ..tree import Var
from ..treetypes import expr_type, expr_typmod
from .needs import Atom, Needs, var_atom
from .unit import Code, Frame, Slot, Unit


class Scope:
    """One query level. `parent` is the enclosing level, as varlevelsup counts."""

    def __init__(self, unit: Unit, parent: "Scope | None", planned: plan.PlannedQuery) -> None:
        self.unit = unit
        self.parent = parent
        self.planned = planned
        self.needs = Needs(planned)
        self.slots: dict[Atom, Slot] = {}
        self.expressions = False  # whether slots holds expression atoms
        self.ctes: dict[str, Any] = {}
        self.work_tables: dict[str, str] = {}
        self.declare = unit.frame.declarations()  # at the start of this query's code
        self.case_values: list[Code] = []
        self.domain_values: list[Code] = []
        self.sublink_params: list[list[Code]] = []
        self.merge_action = ""  # the local that holds MERGE's action, in RETURNING

    @property
    def frame(self) -> Frame:
        return self.unit.frame

    @property
    def catalog(self) -> Any:
        return self.unit.catalog

    def level(self, levelsup: int) -> "Scope":
        scope: Scope | None = self
        for _ in range(levelsup):
            scope = scope.parent if scope is not None else None
        if scope is None:
            raise SqlError(INTERNAL_ERROR, "variable refers to a query level that does not exist")
        return scope

    # --- slots --------------------------------------------------------------------------------

    def bind(self, atom: Atom, name: str, null: bool, load: str | None = None) -> Slot:
        """Make an atom available from here on."""
        slot = self.slots[atom] = Slot(self.frame, name, null, load)
        if not (type(atom) is tuple and atom[0] == "var"):
            self.expressions = True
        return slot

    def atom_code(self, atom: Atom) -> Code:
        slot = self.slots.get(atom)
        if slot is None:
            raise SqlError(INTERNAL_ERROR, f"value is not available in the plan: {atom!r}")
        return slot.code()

    def var(self, varno: int, attno: int) -> Code:
        return self.atom_code(var_atom(varno, attno))

    def atom_name(self, atom: Atom) -> str:
        """A readable stem for a local that holds the atom."""
        if type(atom) is tuple and atom[0] == "var":
            return self.column_name(atom[1], atom[2])
        return "value"

    def column_name(self, varno: int, attno: int) -> str:
        if attno <= 0:
            return {0: "row", -1: "ctid", -6: "tableoid"}.get(attno, "system")
        try:
            names = self.planned.rtable[varno - 1].eref_colnames
            return str(names[attno - 1]) or "column"
        except IndexError:
            return "column"

    def named(self, codes: list[Code]) -> list[Code]:
        """The values in locals: they are wanted more than once."""
        out = []
        for code in codes:
            if not code.simple:
                name = self.unit.fresh("x")
                self.frame.line(f"{name} = {code.source}")
                code = Code(name, code.null, True)
            out.append(code)
        return out

    def save(self, atoms: list[Atom]) -> tuple[str, list[bool]]:
        """Source of a tuple of the atoms' values, and which may be None."""
        codes = [self.atom_code(atom) for atom in atoms]
        source = ", ".join(code.source for code in codes)
        return f"({source},)" if codes else "()", [code.null for code in codes]

    def restore(
        self, atoms: list[Atom], row: str, nulls: list[bool], first: int = 0, force_null: bool = False
    ) -> None:
        """Make atoms available from the fields of a saved tuple named `row`."""
        for index, (atom, null) in enumerate(zip(atoms, nulls, strict=True)):
            name = self.unit.fresh(self.atom_name(atom))
            self.bind(atom, name, null or force_null, f"{row}[{first + index}]")

    def restore_names(self, atoms: list[Atom], nulls: list[bool], force_null: bool = False) -> list[str]:
        """Fresh locals for the atoms, which the caller assigns (loop targets)."""
        names = []
        for atom, null in zip(atoms, nulls, strict=True):
            name = self.unit.fresh(self.atom_name(atom))
            self.bind(atom, name, null or force_null)
            names.append(name)
        return names

    # --- values that surround an expression ---------------------------------------------------

    @contextmanager
    def case_value(self, code: Code) -> Iterator[None]:
        self.case_values.append(code)
        yield
        self.case_values.pop()

    @contextmanager
    def domain_value(self, code: Code) -> Iterator[None]:
        self.domain_values.append(code)
        yield
        self.domain_values.pop()

    @contextmanager
    def sublink_values(self, codes: list[Code]) -> Iterator[None]:
        self.sublink_params.append(codes)
        yield
        self.sublink_params.pop()

    # --- types --------------------------------------------------------------------------------

    def type_of(self, node: Any) -> int:
        if isinstance(node, plan.SubPlan):
            if node.kind in ("expr", "array"):
                return node.first_column_type
            return 2249 if node.kind == "multiexpr" else 16
        return expr_type(node)

    def typmod_of(self, node: Any) -> int:
        if isinstance(node, plan.SubPlan):
            return node.first_column_typmod if node.kind == "expr" else -1
        return expr_typmod(node)


def is_var(node: Any) -> bool:
    return type(node) is Var
