"""A PL/pgSQL body becomes one Python function of its frame `f` (runtime.py).

Statements are straight code: IF is `if`, loops are `while True`, and what evaluates SQL calls an Expression.
EXIT and CONTINUE raise a Leave with the number of their loop or block, which only a loop or block that is
left that way catches. `f.at` is the number of the statement that runs, for the context of errors.
"""

import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from ..errors import SqlError
from ..sqlstates import (
    DATATYPE_MISMATCH,
    RAISE_EXCEPTION,
    STATEMENT_TOO_COMPLEX,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
)
from . import runtime
from .conditions import CONDITIONS
from .expressions import Expression
from .parser import Node, Parser
from .scope import RECORDOID, Scope, Variable

_numbers = count(1)
BOOLOID, INT4OID, TEXTOID, REFCURSOROID, VOIDOID = 16, 23, 25, 1790, 2278


class Compiler:
    """One function being compiled. `result`: (type, typmod) that RETURN gives; `outs`: its OUT parameters."""

    def __init__(self, session: Any, text: str, result: int, returns_set: bool) -> None:
        self.session = session
        self.parser = Parser(text)
        self.result = result
        self.returns_set = returns_set
        self.outs: list[Variable] = []
        self.scope = Scope([], [("", {})])
        self.found = self.scope.add("found", BOOLOID)
        self.lines: list[str] = []
        self.indent = 1
        self.globals: dict[str, Any] = {"Leave": runtime.Leave, "SqlError": SqlError, "rt": runtime}
        self.places: list[tuple[int, str]] = [(0, "")]
        self.labels: list[tuple[str, int, bool]] = []  # (label, number, whether a loop)
        self.serial = count(1)

    # --- pieces -----------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self.indent += 1
        yield
        self.indent -= 1

    def constant(self, value: Any) -> str:
        name = f"c{len(self.globals)}"
        self.globals[name] = value
        return name

    def expression(self, text: str, target: tuple[int, int] | None = None, **more: Any) -> str:
        return self.constant(Expression(text, self.scope, target, **more))

    def value(self, text: str, target: tuple[int, int] | None = None) -> str:
        return f"{self.expression(text, target)}.value(f)"

    def at(self, node: Node, what: str | None = None) -> None:
        self.places.append((node.line, what or node.what))
        self.line(f"f.at = {len(self.places) - 1}")

    def variable(self, names: list[str], token: Any = None) -> Variable:
        found = self.scope.find(names)
        if found is None or found[1]:
            position = token.start if token is not None else None
            raise SqlError(SYNTAX_ERROR, f'"{".".join(names)}" is not a known variable', position=position)
        return found[0]

    def writable(self, names: list[str], token: Any = None) -> tuple[Variable, list[str]]:
        found = self.scope.find(names)
        if found is None:
            position = token.start if token is not None else None
            raise SqlError(SYNTAX_ERROR, f'"{".".join(names)}" is not a known variable', position=position)
        if found[0].constant:
            from ..sqlstates import ERROR_IN_ASSIGNMENT

            position = token.start if token is not None else None
            raise SqlError(
                ERROR_IN_ASSIGNMENT, f'variable "{found[0].name}" is declared CONSTANT', position=position
            )
        return found

    def targets(self, targets: list[list[str]]) -> str:
        """A constant that says where rows go: a list of (variable, fields)."""
        return self.constant([self.writable(names) for names in targets])

    # --- the function -----------------------------------------------------------------------------

    def compile(self) -> Callable[[Any], Any]:
        """The function of the frame."""
        body = self.parser.parse()
        self.scope.conflict = self.parser.option or "error"
        self.statement(body)
        source = "\n".join(["def run(f):", "    v = f.v", *self.lines, "    return f.fell_off()"]) + "\n"
        file = f"<plpgsql {next(_numbers)}>"
        try:
            exec(compile(source, file, "exec"), self.globals)
        except (SyntaxError, MemoryError):  # CPython's limit of 20 nested loops and handlers
            raise SqlError(STATEMENT_TOO_COMPLEX, "statements are nested too deeply") from None
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        run: Callable[[Any], Any] = self.globals["run"]
        return run

    def body(self, statements: list[Node]) -> None:
        if not statements:
            self.line("pass")
        for node in statements:
            self.statement(node)

    def statement(self, node: Node) -> None:
        if node.kind == "null":
            self.line("pass")
            return
        if node.kind != "block":
            self.at(node)
        getattr(self, "_" + node.kind)(node)

    def _block(self, node: Node) -> None:
        outer = self.scope
        self.scope = outer.inner(node.label)
        for declaration in node.declarations:
            getattr(self, "declare_" + declaration.kind)(declaration)
        if node.handlers is None:
            self._labelled(node, lambda: self.body(node.body))
        else:
            self._labelled(node, lambda: self._guarded(node))
        self.scope = outer

    def _labelled(self, node: Node, emit: Callable[[], None]) -> None:
        if not node.label:
            emit()
            return
        number = next(self.serial)
        self.labels.append((node.label, number, False))
        with self.block("try:"):
            emit()
        self.labels.pop()
        with self.block("except Leave as leave:"), self.block(f"if leave.number != {number}:"):
            self.line("raise")

    def _guarded(self, node: Node) -> None:
        self.at(node)
        point = f"s{next(self.serial)}"
        self.line(f"{point} = f.begin_subtransaction()")
        with self.block("try:"):
            self.body(node.body)
        with self.block("except SqlError as error:"):
            self.line(f"f.caught({point}, error)")
            word = "if"
            outer = self.scope
            self.scope = outer.inner("")
            state, message = self.scope.add("sqlstate", TEXTOID), self.scope.add("sqlerrm", TEXTOID)
            for handler in node.handlers:
                test = self.constant(self._conditions(handler))
                with self.block(f"{word} {test}(error.sqlstate):"):
                    self.line(f"v[{state.number}] = str(error.sqlstate)")
                    self.line(f"v[{message.number}] = error.message")
                    with self.block("try:"):
                        self.line("f.errors.append(error)")
                        self.body(handler.body)
                    with self.block("finally:"):
                        self.line("f.errors.pop()")
                word = "elif"
            with self.block("else:"):
                self.line("raise")
            self.scope = outer
        with self.block("finally:"):  # also by RETURN and EXIT
            self.line(f"f.release({point})")

    def _conditions(self, handler: Node) -> Callable[[str], bool]:
        codes: set[str] = set()
        others = False
        for kind, text, token in handler.conditions:
            if kind == "sqlstate":
                codes.add(text)
            elif text == "others":
                others = True
            elif text in CONDITIONS:
                codes.update(CONDITIONS[text])
            else:
                raise SqlError(
                    UNDEFINED_OBJECT, f'unrecognized exception condition "{text}"', position=token.start
                )

        def matches(sqlstate: str) -> bool:
            if sqlstate in codes or (sqlstate[:2] + "000" in codes):
                return True
            return others and sqlstate not in ("57014", "P0004")

        return matches

    # --- declarations -----------------------------------------------------------------------------

    def declare(self, name: str, text: str, token: Any) -> Variable:
        if name in self.scope.names:
            raise SqlError(SYNTAX_ERROR, f'duplicate declaration at or near "{name}"', position=token.start)
        return self.scope.add(name, *runtime.datatype(self.session, self.scope, text))

    def declare_variable(self, node: Node) -> None:
        self.at(node, "during statement block local variable initialization")
        outer = Scope(self.scope.variables, list(self.scope.blocks))
        outer.blocks[-1] = ("", dict(self.scope.names))
        outer.conflict = self.scope.conflict
        outer.tables = self.scope.tables
        variable = self.declare(node.name, node.type, node.token)
        variable.constant, variable.not_null = node.constant, node.not_null
        shape = runtime.composite_shape(self.session, variable.type)
        if node.default is None:
            self.line(f"f.reset({variable.number}, {self.constant(shape)})")
            if runtime.needs_check(self.session, variable.type):
                self.line(f"f.check_domain({self.constant(variable)})")
            return
        name = self.constant(Expression(node.default, outer, (variable.type, variable.typmod)))
        self.line(f"f.store({self.constant(variable)}, {name}.value(f))")

    def declare_alias(self, node: Node) -> None:
        self.scope.names[node.name] = self.variable(node.target, node.token)

    def declare_cursor(self, node: Node) -> None:
        arguments = []
        inner = self.scope.inner("")
        for name, text in node.arguments:
            arguments.append(inner.add(name, *runtime.datatype(self.session, self.scope, text)))
        query = Expression(node.query, inner, query=True)
        variable = self.scope.add(node.name, REFCURSOROID)
        variable.cursor = (query, arguments, node.scroll)
        self.line(f"v[{variable.number}] = None")

    # --- assignments, conditions ------------------------------------------------------------------

    def _assign(self, node: Node) -> None:
        variable, rest = self.writable(node.names, node.token)
        if rest or "[" in node.target:
            variable.depth = len(node.names) - len(rest)
            name = self.expression(node.value, place=(variable, node.target))
        else:
            name = self.expression(node.value, (variable.type, variable.typmod))
        if variable.is_record or variable.not_null or rest:
            self.line(f"f.store({self.constant(variable)}, {name}.value(f))")
        else:
            self.line(f"v[{variable.number}] = {name}.value(f)")

    def _if(self, node: Node) -> None:
        depth = self.indent
        for number, (_, test, body) in enumerate(node.branches):
            if number:
                self.line("else:")
                self.indent += 1
            with self.block(f"if {self.value(test, (BOOLOID, -1))}:"):
                self.body(body)
        if node.otherwise:
            with self.block("else:"):
                self.body(node.otherwise)
        self.indent = depth

    def _case(self, node: Node) -> None:
        depth = self.indent
        if node.operand:
            number = len(self.scope.variables)
            name = f"__case__variable_{number}__"
            operand = self.expression(node.operand)
            variable = self.scope.add(name, RECORDOID)
            self.line(f"f.set_case({self.constant(variable)}, {operand})")
        for place, (test, body) in enumerate(node.branches):
            if place:
                self.line("else:")
                self.indent += 1
            text = f'"{name}" IN ({test})' if node.operand else test
            with self.block(f"if {self.value(text, (BOOLOID, -1))}:"):
                self.body(body)
        with self.block("else:"):
            if node.otherwise is None:
                self.line("rt.case_not_found()")
            else:
                self.body(node.otherwise)
        self.indent = depth

    # --- loops ------------------------------------------------------------------------------------

    def _looping(self, node: Node, head: str, before: Callable[[], None] | None = None) -> None:
        number = next(self.serial)
        self.labels.append((node.label, number, True))
        with self.block("try:"), self.block(head):
            self.line("f.breathe()")
            with self.block("try:"):
                if before is not None:
                    before()
                self.body(node.body)
            other = f"if leave.number != {number} or not leave.again:"
            with self.block("except Leave as leave:"), self.block(other):
                self.line("raise")
        self.labels.pop()
        with self.block("except Leave as leave:"), self.block(f"if leave.number != {number}:"):
            self.line("raise")

    def _loop(self, node: Node) -> None:
        self._looping(node, "while True:")

    def _while(self, node: Node) -> None:
        self._looping(node, f"while {self.value(node.test, (BOOLOID, -1))}:")

    def _forint(self, node: Node) -> None:
        low, high = self.value(node.low, (INT4OID, -1)), self.value(node.high, (INT4OID, -1))
        step = self.value(node.step, (INT4OID, -1)) if node.step else "1"
        outer = self.scope
        self.scope = outer.inner(node.label)
        variable = self.scope.add(node.targets[0][0], INT4OID)
        head = f"for v[{variable.number}] in rt.integers({low}, {high}, {step}, {node.reverse}):"
        name = f"any{next(self.serial)}"
        self.line(f"{name} = False")
        self._looping(node, head, lambda: self.line(f"{name} = True"))
        self.line(f"v[0] = {name}")
        self.scope = outer

    def _rows(self, node: Node, source: str) -> None:
        name = f"any{next(self.serial)}"
        item = f"row{next(self.serial)}"
        targets = self.targets(node.targets)
        self.line(f"{name} = False")

        def before() -> None:
            self.line(f"{name} = True")
            self.line(f"f.into({targets}, {item}, {item}_plan)")

        self.line(f"{item}_rows, {item}_plan = {source}")
        self._looping(node, f"for {item} in {item}_rows:", before)
        with self.block(f"if not {name}:"):
            self.line(f"f.into({targets}, None, {item}_plan)")
        self.line(f"v[0] = {name}")

    def _forquery(self, node: Node) -> None:
        self._rows(node, f"{self.expression(node.query, query=True)}.rows(f)")

    def _forexecute(self, node: Node) -> None:
        self._rows(node, self._dynamic(node))

    def _forcursor(self, node: Node) -> None:
        variable = self.variable([node.cursor], node.token)
        outer = self.scope
        self.scope = outer.inner(node.label)
        for names in node.targets:
            record = self.scope.add(names[0], RECORDOID)
            self.line(f"f.reset({record.number}, None)")
        self._arguments(variable, node)
        self._rows(node, f"{self.constant(variable.cursor[0])}.rows(f)")
        self.scope = outer

    def _foreach(self, node: Node) -> None:
        array = self.expression(node.array)
        variable = self.writable(node.targets[0])[0]
        name, item = f"any{next(self.serial)}", f"item{next(self.serial)}"
        self.line(f"{name} = False")

        def before() -> None:
            self.line(f"{name} = True")
            self.line(f"f.cast_into({self.constant(variable)}, {item}, {array}, {node.slice})")

        self._looping(node, f"for {item} in rt.elements({array}.value(f), {node.slice}):", before)
        self.line(f"v[0] = {name}")

    def _exit(self, node: Node) -> None:
        number = 0
        for label, candidate, is_loop in reversed(self.labels):
            if (node.label and label == node.label) or (not node.label and is_loop):
                if node.loop and not is_loop:
                    message = f'block label "{node.label}" cannot be used in CONTINUE'
                    raise SqlError(SYNTAX_ERROR, message)
                number = candidate
                break
        if not number:
            if node.label:
                message = f'there is no label "{node.label}" attached to any block or loop enclosing this '
                raise SqlError(SYNTAX_ERROR, message + "statement")
            raise SqlError(SYNTAX_ERROR, f"{node.what} cannot be used outside a loop, unless it has a label")
        leave = self.constant(runtime.leave(number, node.loop))
        if node.test is None:
            self.line(f"raise {leave}")
        else:
            with self.block(f"if {self.value(node.test, (BOOLOID, -1))}:"):
                self.line(f"raise {leave}")

    # --- results ----------------------------------------------------------------------------------

    def _return(self, node: Node) -> None:
        if self.returns_set:
            if node.value:
                raise SqlError(
                    DATATYPE_MISMATCH,
                    "RETURN cannot have a parameter in function returning set",
                    hint="Use RETURN NEXT or RETURN QUERY.",
                )
            self.line("return None")
        elif self.outs or self.result == VOIDOID:
            if node.value:
                what = "with OUT parameters" if self.outs else "returning void"
                raise SqlError(DATATYPE_MISMATCH, f"RETURN cannot have a parameter in function {what}")
            self.line("return f.outs()")
        elif not node.value:
            raise SqlError(SYNTAX_ERROR, 'missing expression at or near ";"')
        else:
            self.line(f"return f.returned({self._result_expression(node.value)})")

    def _result_expression(self, text: str) -> str:
        scalar = runtime.composite_shape(self.session, self.result) is None and self.result != RECORDOID
        return self.value(text, (self.result, -1) if scalar else None)

    def _returnnext(self, node: Node) -> None:
        if not self.returns_set:
            raise SqlError(DATATYPE_MISMATCH, "cannot use RETURN NEXT in a non-SETOF function")
        if self.outs:
            if node.value:
                message = "RETURN NEXT cannot have a parameter in function with OUT parameters"
                raise SqlError(DATATYPE_MISMATCH, message)
            self.line("f.results.append(f.outs())")
        else:
            self.line(f"f.results.append(f.returned({self._result_expression(node.value)}))")

    def _returnquery(self, node: Node) -> None:
        if not self.returns_set:
            raise SqlError(DATATYPE_MISMATCH, "cannot use RETURN QUERY in a non-SETOF function")
        self.line(f"f.return_query(*{self.expression(node.query, query=True)}.rows(f))")

    def _returnexecute(self, node: Node) -> None:
        if not self.returns_set:
            raise SqlError(DATATYPE_MISMATCH, "cannot use RETURN QUERY in a non-SETOF function")
        self.line(f"f.return_query(*{self._dynamic(node)})")

    # --- SQL --------------------------------------------------------------------------------------

    def _perform(self, node: Node) -> None:
        self.line(f"v[0] = bool({self.expression(node.query, query=True)}.rows(f)[0])")

    def _sql(self, node: Node) -> None:
        name = self.expression(node.query, query=True)
        targets = self.targets(node.into) if node.into is not None else "None"
        self.line(f"f.sql({name}, {targets}, {node.strict})")

    def _dynamic(self, node: Node) -> str:
        params = "".join(self.expression(text) + ", " for text in node.params)
        return f"f.dynamic({self.expression(node.query)}, ({params}))"

    def _execute(self, node: Node) -> None:
        targets = self.targets(node.into) if node.into is not None else "None"
        self.line(f"f.execute({self._dynamic(node)}, {targets}, {node.strict})")

    def _call(self, node: Node) -> None:
        self.line(f"f.call({self.constant(self.scope)}, {node.query!r})")

    def _diagnostics(self, node: Node) -> None:
        for names, item in node.items:
            variable = self.constant(self.writable(names)[0])
            self.line(f"f.diagnostic({variable}, {item!r}, {node.stacked})")

    # --- messages ---------------------------------------------------------------------------------

    def _raise(self, node: Node) -> None:
        if node.message is None and node.condition is None and not node.options:
            self.line("f.raise_again()")
            return
        message = None
        if node.message is not None:
            from ..statement import parse

            constant = parse("SELECT " + node.message.text)[0].stmt.targetList[0].val
            message = constant.val.sval
            wanted = message.replace("%%", "").count("%")
            if wanted != len(node.params):
                few = "few" if wanted > len(node.params) else "many"
                raise SqlError(SYNTAX_ERROR, f"too {few} parameters specified for RAISE")
        code = str(RAISE_EXCEPTION) if node.level == "exception" else ""
        name = None
        if node.condition is not None:
            kind, text = node.condition
            if kind == "name" and text not in CONDITIONS:
                raise SqlError(UNDEFINED_OBJECT, f'unrecognized exception condition "{text}"')
            code = text if kind == "sqlstate" else CONDITIONS[text][0]
            name = text
        params = "".join(self.expression(text) + ", " for text in node.params)
        options = "".join(f"({option!r}, {self.expression(text)}), " for option, text in node.options)
        self.line(f"f.report({node.level!r}, {code!r}, {name!r}, {message!r}, ({params}), ({options}))")

    def _assert(self, node: Node) -> None:
        message = self.expression(node.message, (TEXTOID, -1)) if node.message is not None else "None"
        with self.block(f"if not {self.value(node.test, (BOOLOID, -1))}:"):
            self.line(f"f.assertion_failed({message})")

    # --- cursors ----------------------------------------------------------------------------------

    def _arguments(self, variable: Variable, node: Node) -> None:
        if variable.cursor is None:
            return
        arguments = variable.cursor[1]
        given = []
        if node.arguments:
            reader = Parser(node.arguments + ")")
            given = reader.list_until(")")
        if len(given) != len(arguments):
            what = f'cursor "{variable.name}" has {"no" if not arguments else "different"} arguments'
            raise SqlError(SYNTAX_ERROR, what)
        names = [argument.name for argument in arguments]
        for place, text in enumerate(given):
            for mark in (":=", "=>"):
                first, found, rest = text.partition(mark)
                if found and first.strip() in names:
                    place, text = names.index(first.strip()), rest
                    break
            argument = arguments[place]
            value = self.value(text, (argument.type, argument.typmod))
            self.line(f"v[{argument.number}] = {value}")

    def _open(self, node: Node) -> None:
        variable = self.variable(node.cursor, node.token)
        name = self.constant(variable)
        if node.query is None:
            if variable.cursor is None:
                raise SqlError(SYNTAX_ERROR, 'syntax error at end of input, expected "FOR"')
            self._arguments(variable, node)
            self.line(f"f.open({name}, {self.constant(variable.cursor[0])}, {variable.cursor[2]!r})")
        elif node.dynamic:
            params = "".join(self.expression(text) + ", " for text in node.params)
            query = self.expression(node.query)
            self.line(f"f.open_dynamic({name}, {query}, ({params}), {node.scroll!r})")
        else:
            query = self.expression(node.query, query=True)
            self.line(f"f.open({name}, {query}, {node.scroll!r})")

    def _fetch(self, node: Node) -> None:
        variable = self.constant(self.variable(node.cursor))
        targets = self.targets(node.into) if node.into is not None else "None"
        number = self.expression(node.count, (20, -1))
        self.line(f"f.fetch({variable}, {node.direction!r}, {number}, {targets})")

    def _close(self, node: Node) -> None:
        self.line(f"f.close({self.constant(self.variable(node.cursor))})")
