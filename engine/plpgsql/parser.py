"""The text of a PL/pgSQL body as a tree of Nodes (manual chapter 41).

SQL inside a body, expressions and statements, stays text here: what ends it is found by the tokens of
PostgreSQL's own scanner, as pl_gram.y does. Names are resolved later (compiler.py).
"""

from collections.abc import Callable
from typing import Any

from pglast.parser import ParseError, scan

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, SYNTAX_ERROR
from ..statement import syntax_error

LEVELS = ("debug", "log", "info", "notice", "warning", "exception")
RAISE_OPTIONS = (
    "message",
    "detail",
    "hint",
    "errcode",
    "column",
    "constraint",
    "datatype",
    "table",
    "schema",
)
_OPENING, _CLOSING = ("(", "["), (")", "]")


class Node:
    """A statement or a part of one; `kind` tells which attributes there are."""

    def __init__(self, kind: str, line: int, **fields: Any) -> None:
        self.kind = kind
        self.line = line
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value


class Token:
    """A token: `word` is its text in lower case, unless it is quoted; `name` what it is as an identifier."""

    __slots__ = ("end", "kind", "name", "start", "text", "word")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind, self.text, self.start, self.end = kind, text, start, end
        quoted = text.startswith('"')
        self.word = "" if quoted or kind == "SCONST" else text.lower()
        self.name = text[1:-1].replace('""', '"') if quoted else text.lower()

    @property
    def is_name(self) -> bool:
        """Whether it can name something."""
        first = self.text[:1]
        return first.isalpha() or first in ('"', "_") or first > "\x7f"


class Parser:
    """One body being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.option = ""  # #variable_conflict
        try:
            scanned = scan(text)
        except ParseError as error:
            raise syntax_error(text, error) from None
        self.tokens = [
            Token(t.name, text[t.start : t.end + 1], t.start, t.end + 1)
            for t in scanned
            if t.name not in ("SQL_COMMENT", "C_COMMENT")
        ]
        self.tokens.append(Token("end", "", len(text), len(text)))
        self.at = 0

    # --- tokens -----------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def peek(self, offset: int = 1) -> Token:
        return self.tokens[min(self.at + offset, len(self.tokens) - 1)]

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def line(self, token: Token | None = None) -> int:
        """The line of a token; the first is the one on which the body's text begins."""
        return self.text.count("\n", 0, (token or self.token).start) + 1

    def fail(self, message: str = "", token: Token | None = None) -> SqlError:
        token = token or self.token
        if not message:
            near = f'syntax error at or near "{token.text}"' if token.text else "syntax error at end of input"
            message = near
        return SqlError(SYNTAX_ERROR, message, position=token.start)

    def accept(self, *words: str) -> bool:
        """Go over the words, if they come next."""
        for offset, word in enumerate(words):
            if self.peek(offset).word != word:
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.fail()

    def name(self) -> str:
        if not self.token.is_name:
            raise self.fail()
        return self.next().name

    def until(self, *ends: str, empty: bool = False) -> str:
        """The text before the first of the words outside of parentheses, which is not consumed."""
        first, depth = self.at, 0
        while True:
            token = self.token
            if not depth and token.word in ends:
                break
            if token.kind == "end" or (token.word == ";" and ";" not in ends):
                if token.kind == "end" or self.at == first:
                    raise self.fail()
                raise self.fail(f'missing "{ends[0].upper()}" at end of SQL expression')
            depth += (token.word in _OPENING) - (token.word in _CLOSING)
            if depth < 0:
                raise self.fail("mismatched parentheses")
            self.at += 1
        if self.at == first and not empty:
            raise self.fail(f'missing expression at or near "{self.token.text}"')
        return self.text[self.tokens[first].start : self.tokens[self.at - 1].end] if self.at > first else ""

    def list_until(self, end: str) -> list[str]:
        """Expressions between commas, up to `end`."""
        items = [self.until(",", end)]
        while self.accept(","):
            items.append(self.until(",", end))
        return items

    # --- blocks -----------------------------------------------------------------------------------

    def parse(self) -> Node:
        """The body."""
        while self.accept("#"):
            self.expect("variable_conflict")
            self.option = self.next().word
            if self.option not in ("error", "use_variable", "use_column"):
                raise self.fail()
        block = self.block(self.label())
        self.accept(";")
        if self.token.kind != "end":
            raise self.fail()
        return block

    def label(self) -> str:
        if not self.accept("<<"):
            return ""
        name = self.name()
        self.expect(">>")
        return name

    def end_label(self, label: str) -> None:
        if self.token.is_name:
            token = self.token
            given = self.name()
            if not label:
                raise self.fail(f'end label "{given}" specified for unlabeled block', token)
            if given != label:
                raise self.fail(f'end label "{given}" differs from block\'s label "{label}"', token)

    def block(self, label: str) -> Node:
        declarations: list[Node] = []
        if self.accept("declare"):
            while self.token.word != "begin":
                if not self.accept("declare"):
                    declarations.append(self.declaration())
        line = self.line()
        self.expect("begin")
        body = self.statements("end", "exception")
        handlers = None
        if self.accept("exception"):
            handlers = []
            while self.token.word == "when":
                handlers.append(self.handler())
        self.expect("end")
        self.end_label(label)
        return Node(
            "block", line, label=label, declarations=declarations, body=body, handlers=handlers,
            what="statement block",
        )  # fmt: skip

    def handler(self) -> Node:
        line = self.line()
        self.expect("when")
        conditions: list[tuple[str, str, Token]] = []
        while True:
            token = self.token
            name = self.name()
            if name == "sqlstate" and self.token.kind == "SCONST":
                conditions.append(("sqlstate", self.next().text.strip("'"), token))
            else:
                conditions.append(("name", name, token))
            if not self.accept("or"):
                break
        self.expect("then")
        return Node("handler", line, conditions=conditions, body=self.statements("end", "when"))

    def declaration(self) -> Node:
        line, token = self.line(), self.token
        name = self.name()
        if self.accept("alias", "for"):
            target = [self.next().name]
            while self.accept("."):
                target.append(self.name())
            self.expect(";")
            return Node("alias", line, name=name, target=target, token=token)
        scroll = self.scroll()
        if self.accept("cursor"):
            return self.cursor_declaration(name, line, scroll, token)
        constant = self.accept("constant")
        first = self.at
        while self.token.word not in (";", ":=", "=", "default", "not", "collate") or self.at == first:
            if self.token.kind == "end":
                raise self.fail()
            self.next()
        datatype = self.text[self.tokens[first].start : self.tokens[self.at - 1].end]
        if self.accept("collate"):
            collation = self.name()
            while self.accept("."):
                collation = self.name()
            if collation not in ("C", "POSIX", "default", "ucs_basic"):  # all alike: C is the only one
                raise SqlError(
                    FEATURE_NOT_SUPPORTED, f'COLLATE "{collation}" of a PL/pgSQL variable is not supported'
                )
        not_null = self.accept("not", "null")
        default = None
        if self.accept(":=") or self.accept("=") or self.accept("default"):
            default = self.until(";")
        self.expect(";")
        if not_null and default is None:
            raise self.fail(
                f'variable "{name}" must have a default value, since it\'s declared NOT NULL', token
            )
        return Node(
            "variable", line, name=name, type=datatype, constant=constant, not_null=not_null,
            default=default, token=token,
        )  # fmt: skip

    def scroll(self) -> bool | None:
        if self.accept("no", "scroll"):
            return False
        return True if self.accept("scroll") else None

    def cursor_declaration(self, name: str, line: int, scroll: bool | None, token: Token) -> Node:
        arguments: list[tuple[str, str]] = []
        if self.accept("("):
            while True:
                argument = self.name()
                arguments.append((argument, self.until(",", ")")))
                if not self.accept(","):
                    break
            self.expect(")")
        if not self.accept("for"):
            self.expect("is")
        query = self.until(";")
        self.expect(";")
        return Node("cursor", line, name=name, arguments=arguments, query=query, scroll=scroll, token=token)

    # --- statements -------------------------------------------------------------------------------

    def statements(self, *ends: str) -> list[Node]:
        found = []
        while self.token.word not in ends:
            if self.token.kind == "end":
                raise self.fail()
            found.append(self.statement())
        return found

    def statement(self) -> Node:
        label = self.label()
        word, line = self.token.word, self.line()
        if word in ("declare", "begin"):
            node = self.block(label)
        elif word in ("loop", "while", "for", "foreach"):
            node = self.loop(label, line)
        elif label:
            raise self.fail()
        elif (self.token.is_name and self.peek().word in (":=", "=", "[", ".")) or self.token.kind == "PARAM":
            node = self.assignment(line)
        else:
            reader: Callable[[int], Node] | None = getattr(self, f"{word}_statement", None) if word else None
            node = reader(line) if reader is not None else self.sql(line)
        self.expect(";")
        return node

    def assignment(self, line: int) -> Node:
        first = self.at
        target = self.until(":=", "=", ";")
        if self.token.word == ";":
            self.at = first
            return self.sql(line)
        names, place = [self.tokens[first].name], first + 1
        while self.tokens[place].word == "." and self.tokens[place + 1].is_name:
            names.append(self.tokens[place + 1].name)
            place += 2
        self.next()
        value = self.until(";")
        return Node(
            "assign", line, names=names, target=target, value=value, token=self.tokens[first],
            what="assignment",
        )  # fmt: skip

    def loop_body(self, label: str) -> list[Node]:
        self.expect("loop")
        body = self.statements("end")
        self.expect("end", "loop")
        self.end_label(label)
        return body

    def loop(self, label: str, line: int) -> Node:
        if self.accept("while"):
            test = self.until("loop")
            return Node("while", line, label=label, test=test, body=self.loop_body(label), what="WHILE")
        if self.accept("for"):
            return self.for_loop(label, line)
        if self.accept("foreach"):
            targets = self.targets()
            dimension = int(self.next().text) if self.accept("slice") else 0
            self.expect("in", "array")
            array = self.until("loop")
            return Node(
                "foreach", line, label=label, targets=targets, slice=dimension, array=array,
                body=self.loop_body(label), what="FOREACH over array",
            )  # fmt: skip
        return Node("loop", line, label=label, body=self.loop_body(label), what="LOOP")

    def for_loop(self, label: str, line: int) -> Node:
        token = self.token
        targets = self.targets()
        self.expect("in")
        common: dict[str, Any] = {"label": label, "targets": targets, "token": token}
        if self.accept("execute"):
            query = self.until("loop", "using")
            params = self.list_until("loop") if self.accept("using") else []
            body = self.loop_body(label)
            what = "FOR over EXECUTE statement"
            return Node("forexecute", line, query=query, params=params, body=body, what=what, **common)
        reverse = self.accept("reverse")
        first, start = self.at, self.token
        low = self.until("..", "loop")
        if self.accept(".."):
            high = self.until("by", "loop")
            step = self.until("loop") if self.accept("by") else None
            body = self.loop_body(label)
            what = "FOR with integer loop variable"
            return Node(
                "forint", line, low=low, high=high, step=step, reverse=reverse, body=body, what=what, **common
            )
        if reverse:
            raise self.fail("cannot specify REVERSE in query FOR loop", start)
        is_name = start.is_name and self.tokens[first + 1].word in ("(", "loop")
        body = self.loop_body(label)
        what = "FOR over SELECT rows"
        if is_name and start.word not in ("select", "values", "with"):
            arguments = low[low.index("(") + 1 : low.rindex(")")] if "(" in low else ""
            return Node(
                "forcursor", line, cursor=start.name, arguments=arguments, body=body,
                what="FOR over cursor", **common,
            )  # fmt: skip
        return Node("forquery", line, query=low, body=body, what=what, **common)

    def targets(self) -> list[list[str]]:
        """The variables of INTO and FOR, each as its parts between dots."""
        found = []
        while True:
            parts = [self.next().name if self.token.kind == "PARAM" else self.name()]
            while self.accept("."):
                parts.append(self.name())
            found.append(parts)
            if not self.accept(","):
                return found

    def if_statement(self, line: int) -> Node:
        self.next()
        branches = []
        test = self.until("then")
        while True:
            self.expect("then")
            branches.append((line, test, self.statements("elsif", "elseif", "else", "end")))
            if not (self.accept("elsif") or self.accept("elseif")):
                break
            test = self.until("then")
        otherwise = self.statements("end") if self.accept("else") else []
        self.expect("end", "if")
        return Node("if", line, branches=branches, otherwise=otherwise, what="IF")

    def case_statement(self, line: int) -> Node:
        self.next()
        operand = self.until("when", empty=True)
        branches = []
        while self.accept("when"):
            test = self.until("then")
            self.expect("then")
            branches.append((test, self.statements("when", "else", "end")))
        otherwise = self.statements("end") if self.accept("else") else None
        self.expect("end", "case")
        return Node("case", line, operand=operand, branches=branches, otherwise=otherwise, what="CASE")

    def exit_statement(self, line: int) -> Node:
        kind = self.next().word
        label = "" if self.token.word in (";", "when") else self.name()
        test = self.until(";") if self.accept("when") else None
        return Node("exit", line, loop=kind == "continue", label=label, test=test, what=kind.upper())

    continue_statement = exit_statement

    def return_statement(self, line: int) -> Node:
        self.next()
        if self.accept("next"):
            return Node("returnnext", line, value=self.until(";", empty=True), what="RETURN NEXT")
        if self.accept("query"):
            if self.accept("execute"):
                query = self.until(";", "using")
                params = self.list_until(";") if self.accept("using") else []
                return Node("returnexecute", line, query=query, params=params, what="RETURN QUERY")
            return Node("returnquery", line, query=self.until(";"), what="RETURN QUERY")
        return Node("return", line, value=self.until(";", empty=True), what="RETURN")

    def null_statement(self, line: int) -> Node:
        self.next()
        return Node("null", line, what="NULL")

    def perform_statement(self, line: int) -> Node:
        self.next()
        return Node("perform", line, query="SELECT " + self.until(";"), what="PERFORM")

    def assert_statement(self, line: int) -> Node:
        self.next()
        test = self.until(",", ";")
        message = self.until(";") if self.accept(",") else None
        return Node("assert", line, test=test, message=message, what="ASSERT")

    def execute_statement(self, line: int) -> Node:
        self.next()
        query = self.until("into", "using", ";")
        into, strict, params = None, False, []
        while self.token.word != ";":
            if self.accept("into"):
                strict = self.accept("strict")
                into = self.targets()
            else:
                self.expect("using")
                first = self.until(",", "into", ";")
                params = [first]
                while self.accept(","):
                    params.append(self.until(",", "into", ";"))
        return Node("execute", line, query=query, into=into, strict=strict, params=params, what="EXECUTE")

    def get_statement(self, line: int) -> Node:
        self.next()
        stacked = self.accept("stacked")
        if not stacked:
            self.accept("current")
        self.expect("diagnostics")
        items = []
        while True:
            target = self.targets()[0]
            if not (self.accept(":=") or self.accept("=")):
                raise self.fail()
            items.append((target, self.name()))
            if not self.accept(","):
                break
        what = "GET STACKED DIAGNOSTICS" if stacked else "GET DIAGNOSTICS"
        return Node("diagnostics", line, stacked=stacked, items=items, what=what)

    def raise_statement(self, line: int) -> Node:
        self.next()
        level, explicit = "exception", False
        if self.token.word in LEVELS:
            level, explicit = self.next().word, True
        node = Node(
            "raise", line, level=level, message=None, condition=None, params=[], options=[], what="RAISE"
        )
        if self.token.word == ";":
            if explicit:
                raise self.fail()
            return node
        if self.token.kind == "SCONST":
            node.message = self.next()
            if self.accept(","):
                node.params = [self.until(",", ";", "using")]
                while self.accept(","):
                    node.params.append(self.until(",", ";", "using"))
        elif self.token.word != "using":
            if self.accept("sqlstate"):
                node.condition = ("sqlstate", self.next().text.strip("'"))
            else:
                node.condition = ("name", self.name())
        if self.accept("using"):
            while True:
                option = self.name()
                if option not in RAISE_OPTIONS:
                    raise self.fail("unrecognized RAISE statement option", self.tokens[self.at - 1])
                if not (self.accept("=") or self.accept(":=")):
                    raise self.fail('syntax error, expected "="')
                node.options.append((option, self.until(",", ";")))
                if not self.accept(","):
                    break
        return node

    def open_statement(self, line: int) -> Node:
        self.next()
        token = self.token
        cursor = self.targets()[0]
        scroll = self.scroll()
        node = Node(
            "open", line, cursor=cursor, token=token, scroll=scroll, query=None, dynamic=False, params=[],
            arguments="", what="OPEN",
        )  # fmt: skip
        if self.accept("for"):
            if self.accept("execute"):
                node.dynamic = True
                node.query = self.until("using", ";")
                node.params = self.list_until(";") if self.accept("using") else []
            else:
                node.query = self.until(";")
        elif self.accept("("):
            node.arguments = self.until(")")
            self.expect(")")
        return node

    def fetch_statement(self, line: int) -> Node:
        move = self.next().word == "move"
        direction, count = "NEXT", "1"
        words = {"next": ("RELATIVE", "1"), "prior": ("RELATIVE", "-1"), "first": ("ABSOLUTE", "1")}
        words["last"] = ("ABSOLUTE", "-1")
        word = self.token.word
        direction, count = "RELATIVE", "1"
        if word in words and self.peek().word not in (";", "into"):
            self.next()
            direction, count = words[word]
        elif word in ("absolute", "relative"):
            self.next()
            direction, count = word.upper(), self.until("from", "in")
        elif word in ("forward", "backward"):
            self.next()
            direction, count = word.upper(), "1"
            if self.accept("all"):
                count = str(2**63 - 1)
            elif self.token.word not in ("from", "in") and self.peek().word in ("from", "in"):
                count = self.until("from", "in")
        elif word == "all":
            self.next()
            direction, count = "FORWARD", str(2**63 - 1)
        if not self.accept("from"):
            self.accept("in")
        cursor = self.targets()[0]
        into = None
        if not move:
            self.expect("into")
            into = self.targets()
        return Node(
            "fetch", line, move=move, direction=direction, count=count, cursor=cursor, into=into,
            what="MOVE" if move else "FETCH",
        )  # fmt: skip

    move_statement = fetch_statement

    def close_statement(self, line: int) -> Node:
        self.next()
        return Node("close", line, cursor=self.targets()[0], what="CLOSE")

    def call_statement(self, line: int) -> Node:
        return Node("call", line, query=self.until(";"), what="CALL")

    def commit_statement(self, line: int) -> Node:
        word = self.token.word.upper()
        raise SqlError(
            FEATURE_NOT_SUPPORTED, f"{word} in PL/pgSQL is not supported", position=self.token.start
        )

    rollback_statement = commit_statement

    def sql(self, line: int) -> Node:
        """Any SQL statement; INTO is taken out of it (not the one of INSERT INTO or MERGE INTO)."""
        first, depth = self.at, 0
        into, strict, hole = None, False, None
        if self.token.kind == "end" or (not self.token.is_name and self.token.word != "("):
            raise self.fail()
        atomic = self.token.word == "create"
        while self.token.word != ";" or depth:
            token = self.token
            if token.kind == "end":
                raise self.fail()
            depth += (token.word in _OPENING) - (token.word in _CLOSING)
            before = self.tokens[self.at - 1].word if self.at > first else ""
            if token.word == "into" and not depth and not atomic and before not in ("insert", "merge"):
                start = self.next().start
                strict = self.accept("strict")
                into = self.targets()
                hole = (start, self.tokens[self.at - 1].end)
                continue
            self.at += 1
        start, end = self.tokens[first].start, self.tokens[self.at - 1].end
        query = self.text[start:end]
        if hole is not None:
            query = self.text[start : hole[0]] + " " * (hole[1] - hole[0]) + self.text[hole[1] : end]
            query = query.rstrip()
        return Node("sql", line, query=query, into=into, strict=strict, what="SQL statement")
