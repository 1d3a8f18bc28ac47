"""The variables that are in sight at a place of a PL/pgSQL function."""

from typing import Any

RECORDOID = 2249


class Variable:
    """A variable: `number` is its place in the frame. A record has type 2249 and no shape of its own."""

    __slots__ = ("constant", "cursor", "depth", "name", "not_null", "number", "type", "typmod")

    def __init__(self, name: str, number: int, typid: int, typmod: int = -1) -> None:
        self.name = name
        self.number = number
        self.type = typid
        self.typmod = typmod
        self.constant = False
        self.not_null = False
        self.cursor: Any = None  # the declaration of a bound cursor
        self.depth = 1  # how many names led to it where it was found last

    @property
    def is_record(self) -> bool:
        """Whether its fields are those of whatever row it has."""
        return self.type == RECORDOID


class Scope:
    """Blocks from the outermost to the innermost: (label, names)."""

    def __init__(self, variables: list[Variable], blocks: list[tuple[str, dict[str, Variable]]]) -> None:
        self.variables = variables
        self.blocks = blocks
        self.conflict = "error"
        self.tables: dict[str, Variable] = {}  # transition tables: arrays of rows

    def inner(self, label: str) -> "Scope":
        """The scope of a block inside this one."""
        scope = Scope(self.variables, [*self.blocks, (label, {})])
        scope.conflict = self.conflict
        scope.tables = self.tables
        return scope

    @property
    def names(self) -> dict[str, Variable]:
        """The innermost block's."""
        return self.blocks[-1][1]

    def add(self, name: str, typid: int, typmod: int = -1) -> Variable:
        """A new variable of the innermost block."""
        variable = Variable(name, len(self.variables), typid, typmod)
        self.variables.append(variable)
        self.names[name] = variable
        return variable

    def find(self, names: list[str]) -> tuple[Variable, list[str]] | None:
        """(the variable that names mean, the fields behind it)."""
        for label, known in reversed(self.blocks):
            variable = known.get(names[0])
            if variable is not None:
                variable.depth = 1
                return variable, names[1:]
            if len(names) > 1 and label and label == names[0]:
                variable = known.get(names[1])
                if variable is not None:
                    variable.depth = 2
                    return variable, names[2:]
        return None

    def types(self) -> list[int]:
        """The types of all variables of the function so far, by number."""
        return [variable.type for variable in self.variables]
