"""The plan cache of the simple protocol: statement texts with their literals taken out.

`SELECT a FROM t WHERE id = 17` and `... = 18` are one shape. A literal becomes a parameter only where
that cannot change the meaning: as an operand of a comparison or of + - * in a WHERE or SET, and as
a value of INSERT ... VALUES. All other literals stay part of the shape. A shape's text is the
statement with $n put in for its parameters; its plan comes from the ordinary plan cache, so it
dies with its Catalog. If a parameter's value does not fit (bad input, out of range), the statement
is run as it is written, which raises PostgreSQL's error with the right position.
"""

import re
from typing import Any, NamedTuple

from pglast import ast

from .errors import SqlError
from .statement import Plan, cached_plan, parse
from .types.io import text_input

INT4 = 23
INT8 = 20
NUMERIC = 1700
UNKNOWN = 0
SHAPES_MAX = 5_000
TEXT_MAX = 10_000

# A literal, or something that must be skipped whole. Numbers do not start inside identifiers; a
# minus sign belongs to the number where no operand can stand before it.
_TOKEN = re.compile(
    r"""
      (?P<string>'(?:[^'\\]|'')*')
    | (?P<number>(?<![\w$.])(?:(?<=[=<>(,+*/])\s*-\s*)?(?:\d+(?:\.\d*)?|\.\d+)(?![\w$.]))
    | (?P<odd>"|--|/\*|\$|\\|;|(?<![\w])[eEbBxXnNuU]&?'|')
    | (?P<word>[A-Za-z_\u0080-\uffff][\w$]*)
    """,
    re.VERBOSE,
)
_FIRST = re.compile(r"\s*(?:select|insert|update|delete)\b", re.IGNORECASE)
_COMPARISONS = frozenset(("=", "<>", "<", ">", "<=", ">=", "+", "-", "*"))


class LiteralPlans:
    """Shapes of the server's simple-protocol statements."""

    def __init__(self) -> None:
        self._shapes: dict[str, tuple[int, ...] | None] = {}

    def find(self, session: Any, text: str) -> tuple[Plan, tuple[Any, ...]] | None:
        """A plan and its parameter values for a text, or None if it takes the ordinary way."""
        cut = cut_literals(text)
        if cut is None:
            return None
        parameters = self.parameters(text, cut)
        if not parameters:
            return None
        return _plan_for(session, cut, parameters)

    def parameters(self, text: str, cut: "Cut") -> tuple[int, ...] | None:
        """Which of the literals may become parameters."""
        shape_key = "\x00".join(cut.pieces) + "\x01" + cut.tail
        shapes = self._shapes
        if shape_key not in shapes:
            if len(shapes) >= SHAPES_MAX:
                shapes.clear()
            shapes[shape_key] = _analyse_shape(text, cut.literals)
        return shapes[shape_key]


class Cut(NamedTuple):
    """A text: piece, literal, piece, literal, ..., tail."""

    pieces: list[str]
    literals: list[tuple[int, int, str]]  # start, end, as it is written
    tail: str


def cut_literals(text: str) -> Cut | None:
    """A single SELECT, INSERT, UPDATE or DELETE cut at its literals; None if it has none, or if there is
    something in it that would need a real scanner."""
    if len(text) > TEXT_MAX or _FIRST.match(text) is None:
        return None
    literals: list[tuple[int, int, str]] = []
    pieces: list[str] = []
    last = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            continue
        if kind == "odd":
            if match.group() == ";" and not text[match.end() :].strip():
                break
            return None
        start, end = match.span()
        value = match.group()
        stripped = value.lstrip()
        start += len(value) - len(stripped)
        pieces.append(text[last:start])
        literals.append((start, end, stripped))
        last = end
    if not literals:
        return None
    return Cut(pieces, literals, text[last:])


def parametrized(cut: Cut, parameters: tuple[int, ...]) -> tuple[str, list[int], list[str]]:
    """The text with parameters for the chosen literals, their declared types, and the literals."""
    chosen = set(parameters)
    out: list[str] = []
    types: list[int] = []
    texts: list[str] = []
    for index, piece in enumerate(cut.pieces):
        out.append(piece)
        literal = cut.literals[index][2]
        if index in chosen:
            types.append(_literal_type(literal))
            texts.append(literal)
            out.append(f"${len(types)}")
        else:
            out.append(literal)
    out.append(cut.tail)
    return "".join(out), types, texts


def _plan_for(session: Any, cut: Cut, parameters: tuple[int, ...]) -> tuple[Plan, tuple[Any, ...]] | None:
    key_text, types, texts = parametrized(cut, parameters)
    try:
        plan = cached_plan(session, key_text, tuple(types))
    except SqlError:
        return None
    if plan.utility is not None:
        return None
    values: list[Any] = []
    context = None
    for literal, declared, typid in zip(texts, types, plan.param_types, strict=True):
        if declared in (INT4, INT8):
            values.append(int(literal.replace(" ", "")) if declared == typid else None)
            if declared != typid:
                return None
            continue
        if context is None:
            context = session.analyze_context().ctx
        raw = literal[1:-1].replace("''", "'") if declared == UNKNOWN else literal.replace(" ", "")
        try:
            values.append(text_input(plan.catalog, typid)(context, raw, -1))
        except SqlError:
            return None
    return plan, tuple(values)


def _literal_type(literal: str) -> int:
    if literal[0] == "'":
        return UNKNOWN
    if "." in literal:
        return NUMERIC
    value = int(literal.replace(" ", ""))
    if -(2**31) <= value < 2**31:
        return INT4
    if -(2**63) <= value < 2**63:
        return INT8
    return NUMERIC


def _analyse_shape(text: str, literals: list[tuple[int, int, str]]) -> tuple[int, ...] | None:
    from .bind.constants import literal_locations

    by_offset = {start: index for index, (start, _, _) in enumerate(literals)}
    try:
        statements = parse(text)
    except SqlError:
        return None
    if len(statements) != 1:
        return None
    positions = {
        node: by_offset[offset]
        for node, offset in literal_locations(text, statements[0]).items()
        if offset in by_offset
    }
    found: set[int] = set()
    _collect(statements[0].stmt, positions, literals, found)
    return tuple(sorted(found))


def _collect(node: Any, positions: dict[int, int], literals: Any, found: set[int]) -> None:
    """Indexes of the literals that may become parameters, anywhere below a statement node."""
    if isinstance(node, ast.SelectStmt):
        for values in node.valuesLists or ():
            for value in values:
                _operand(value, positions, literals, found)
        _qualification(node.whereClause, positions, literals, found)
    elif isinstance(node, ast.InsertStmt):
        if isinstance(node.selectStmt, ast.SelectStmt) and node.selectStmt.valuesLists:
            # several rows: literals of one column may have different types; only one row is safe
            if len(node.selectStmt.valuesLists) == 1:
                _collect(node.selectStmt, positions, literals, found)
    elif isinstance(node, ast.UpdateStmt):
        for target in node.targetList or ():
            _operand(target.val, positions, literals, found)
            _qualification(target.val, positions, literals, found)
        _qualification(node.whereClause, positions, literals, found)
    elif isinstance(node, ast.DeleteStmt):
        _qualification(node.whereClause, positions, literals, found)


def _qualification(node: Any, positions: dict[int, int], literals: Any, found: set[int]) -> None:
    if isinstance(node, ast.BoolExpr):
        for arg in node.args:
            _qualification(arg, positions, literals, found)
    elif isinstance(node, ast.A_Expr):
        if node.kind.name == "AEXPR_OP" and len(node.name) == 1 and node.name[0].sval in _COMPARISONS:
            left, right = node.lexpr, node.rexpr
            if isinstance(left, ast.ColumnRef):
                _operand(right, positions, literals, found)
            _qualification(left, positions, literals, found)
            _qualification(right, positions, literals, found)


def _operand(node: Any, positions: dict[int, int], literals: Any, found: set[int]) -> None:
    if not isinstance(node, ast.A_Const) or node.isnull:
        return
    index = positions.get(id(node))
    if index is None:
        return
    literal = literals[index][2]
    value = node.val
    if isinstance(value, ast.Integer):
        if literal.replace(" ", "") == str(value.ival):
            found.add(index)
    elif isinstance(value, ast.Float):
        if literal.replace(" ", "") == value.fval:
            found.add(index)
    elif isinstance(value, ast.String) and literal[0] == "'":
        found.add(index)
