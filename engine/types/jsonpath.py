"""The jsonpath type: its language (manual section 9.16.2), parsed to chains of nodes, and printed back.

A path is a chain: a tuple of nodes, each applied to what the one before it gives. The arguments of a node
are chains or plain values. The parser accepts what jsonpath_gram.y accepts and finds its errors at the
same token; predicates and expressions are told apart while parsing.
"""

import re
from decimal import Decimal
from json.encoder import encode_basestring as quote_string
from typing import Any, NamedTuple, NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import (
    FEATURE_NOT_SUPPORTED,
    INTERNAL_ERROR,
    INVALID_TEXT_REPRESENTATION,
    SYNTAX_ERROR,
)
from .jsonb import json_number, value_text
from .storage import register_storage
from .text import decode_text

LEVEL_LAST = 0xFFFFFFFF


class Node(NamedTuple):
    """One step of a path."""

    kind: str
    args: tuple[Any, ...] = ()


Chain = tuple[Node, ...]


class JsonPath:
    """A jsonpath value; its canonical text is what it prints, stores and compares by."""

    __slots__ = ("chain", "lax", "text")

    def __init__(self, lax: bool, chain: Chain) -> None:
        self.lax = lax
        self.chain = chain
        self.text = ("" if lax else "strict ") + print_chain(chain, True)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"JsonPath({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonPath) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


# --- tokens ---------------------------------------------------------------------------------------------

_SPECIAL = "?%$.[]{}()|&!=<>@#,*:-+/"
_BLANKS = " \t\n\r\f"
_OPERATORS = ("&&", "||", "**", "<=", ">=", "==", "!=", "<>")
_DIGITS = r"(?:0|[1-9](?:_?[0-9])*)"
_FRACTION = r"[0-9](?:_?[0-9])*"
_NUMBER = re.compile(
    rf"0[xX][0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0[oO][0-7](?:_?[0-7])*|0[bB][01](?:_?[01])*"
    rf"|(?:{_DIGITS}(?:\.(?:{_FRACTION})?)?|\.{_FRACTION})(?:[eE][+-]?{_FRACTION})?"
)
_NUMERIC_METHODS = ("abs", "bigint", "ceiling", "decimal", "double", "floor", "integer", "number")
_TIME_METHODS = ("date", "datetime", "time", "time_tz", "timestamp", "timestamp_tz")
_METHODS = frozenset((*_NUMERIC_METHODS, *_TIME_METHODS, "boolean", "keyvalue", "size", "string", "type"))
_KEYWORDS = _METHODS | frozenset(
    ("exists", "flag", "is", "lax", "last", "like_regex", "starts", "strict", "to", "unknown", "with")
)
_LOWER_KEYWORDS = frozenset(("true", "false", "null"))
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Token(NamedTuple):
    """`kind`: an operator or keyword itself, or string, ident, number, variable, end; `shown` is what an
    error message shows ("" where the lexer has looked at the end of the word already)."""

    kind: str
    value: Any
    shown: str


def syntax_error(what: str, shown: str) -> NoReturn:
    where = f'at or near "{shown}"' if shown else "at end"
    raise SqlError(SYNTAX_ERROR, f"{what} {where} of jsonpath input")


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.here = 0

    def tokens(self) -> list[Token]:
        found = []
        while (token := self.next()).kind != "end":
            found.append(token)
        found.append(token)
        return found

    def next(self) -> Token:
        text = self.text
        while True:
            while self.here < len(text) and text[self.here] in _BLANKS:
                self.here += 1
            if not text.startswith("/*", self.here):
                break
            end = text.find("*/", self.here + 2)
            if end < 0:
                self.here = len(text)
                syntax_error("unexpected end of comment", "")
            self.here = end + 2
        if self.here >= len(text):
            return Token("end", None, "")
        char = text[self.here]
        if char == '"':
            return Token("string", self.quoted(), '"')
        if (char.isascii() and char.isdigit()) or (
            char == "." and text[self.here + 1 : self.here + 2].isdigit()
        ):
            return self.number()
        if char == "$":
            return self.variable()
        for operator in _OPERATORS:
            if text.startswith(operator, self.here):
                self.here += 2
                return Token("!=" if operator == "<>" else operator, None, operator)
        if char in _SPECIAL:
            self.here += 1
            return Token(char, None, char)
        word = self.word()
        if word in _LOWER_KEYWORDS:
            return Token(word, word, "")
        lower = word.lower()
        return Token(lower if lower in _KEYWORDS else "ident", word, "")

    def variable(self) -> Token:
        self.here += 1
        char = self.text[self.here : self.here + 1]
        if char == '"':
            return Token("variable", self.quoted(), '"')
        if char == "" or char in _SPECIAL or char in _BLANKS:
            return Token("$", None, "$")
        return Token("variable", self.word(), "")

    def number(self) -> Token:
        match = _NUMBER.match(self.text, self.here)
        assert match is not None
        end = match.end()
        following = self.text[end : end + 1]
        if following and (following not in _SPECIAL and following not in _BLANKS and following != '"'):
            syntax_error("trailing junk after numeric literal", self.text[self.here : end + 1])
        shown = match.group()
        self.here = end
        source = shown.replace("_", "")
        if source[:2].lower() in ("0x", "0o", "0b"):
            return Token("number", int(source, 0), shown)
        integer = source.isdigit()
        source = "0" + source if source.startswith(".") else source
        return Token("number", int(source) if integer else _number(source), shown)

    def word(self) -> str:
        text, parts = self.text, []
        while self.here < len(text):
            char = text[self.here]
            if char == "\\":
                parts.append(self.escape())
                continue
            if char in _SPECIAL or char in _BLANKS or char == '"':
                break
            parts.append(char)
            self.here += 1
        return "".join(parts)

    def quoted(self) -> str:
        text = self.text
        parts: list[str] = []
        self.here += 1
        while True:
            char = text[self.here : self.here + 1]
            if char == "":
                syntax_error("unterminated quoted string", "")
            if char == '"':
                self.here += 1
                return "".join(parts)
            if char == "\\":
                parts.append(self.escape())
                continue
            parts.append(char)
            self.here += 1

    def escape(self) -> str:
        text = self.text
        code = text[self.here + 1 : self.here + 2]
        if code == "":
            syntax_error("unexpected end after backslash", "")
        if code == "x":
            return chr(self.hexadecimal(2, 2, "invalid hexadecimal character sequence"))
        if code == "u":
            return self.unicode()
        self.here += 2
        return _ESCAPES.get(code, code)

    def hexadecimal(self, skip: int, width: int, message: str) -> int:
        start = self.here + skip
        digits = self.text[start : start + width]
        if len(digits) < width or not all(c in "0123456789abcdefABCDEF" for c in digits):
            syntax_error(message, self.text[self.here : start])
        self.here = start + width
        value = int(digits, 16)
        if not value:
            from ..sqlstates import UNTRANSLATABLE_CHARACTER

            raise SqlError(
                UNTRANSLATABLE_CHARACTER,
                "unsupported Unicode escape sequence",
                detail="\\u0000 cannot be converted to text.",
            )
        return value

    def unicode(self) -> str:
        message = "invalid Unicode escape sequence"
        text = self.text
        if text.startswith("{", self.here + 2):
            end = text.find("}", self.here)
            digits = text[self.here + 3 : end] if end > 0 else ""
            if not 1 <= len(digits) <= 6:
                syntax_error(message, text[self.here : self.here + 3])
            value = self.hexadecimal(3, len(digits), message)
            self.here += 1
        else:
            value = self.hexadecimal(2, 4, message)
        if 0xD800 <= value < 0xDC00:
            low = self.hexadecimal(2, 4, message) if text.startswith("\\u", self.here) else 0
            if not 0xDC00 <= low < 0xE000:
                raise SqlError(
                    INVALID_TEXT_REPRESENTATION,
                    "invalid input syntax for type jsonpath",
                    detail="Unicode low surrogate must follow a high surrogate.",
                )
            value = 0x10000 + ((value & 0x3FF) << 10) + (low & 0x3FF)
        elif 0xDC00 <= value < 0xE000:
            raise SqlError(
                INVALID_TEXT_REPRESENTATION,
                "invalid input syntax for type jsonpath",
                detail="Unicode low surrogate must follow a high surrogate.",
            )
        return chr(value)


def _number(source: str) -> Any:
    return json_number(source[:-1] if source.endswith(".") else source)


# --- the parser -------------------------------------------------------------------------------------------

_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
_LITERALS = {"null": None, "true": True, "false": False}
_DATETIMES = frozenset(("time", "time_tz", "timestamp", "timestamp_tz"))


class _Parser:
    def __init__(self, text: str) -> None:
        self.list = _Lexer(text).tokens()
        self.place = 0

    @property
    def kind(self) -> str:
        return self.list[self.place].kind

    def fail(self) -> NoReturn:
        syntax_error("syntax error", self.list[self.place].shown)

    def take(self, kind: str) -> Token:
        token = self.list[self.place]
        if token.kind != kind:
            self.fail()
        self.place += 1
        return token

    def accept(self, kind: str) -> bool:
        if self.kind != kind:
            return False
        self.place += 1
        return True

    def path(self) -> JsonPath:
        lax = True
        if self.kind in ("strict", "lax"):
            lax = self.kind == "lax"
            self.place += 1
        chain, _ = self.either()
        if self.kind != "end":
            self.fail()
        check_places(chain, 0, False)
        return JsonPath(lax, chain)

    def expression(self) -> Chain:
        chain, is_predicate = self.either()
        if is_predicate:
            self.fail()
        return chain

    def predicate(self) -> Chain:
        chain, is_predicate = self.either()
        if not is_predicate:
            self.fail()
        return chain

    def either(self) -> tuple[Chain, bool]:
        """An expression or (True) a predicate."""
        left, is_predicate = self.conjunction()
        while self.kind == "||":
            left = self.combine(left, is_predicate, self.conjunction)
        return left, is_predicate

    def conjunction(self) -> tuple[Chain, bool]:
        left, is_predicate = self.negation()
        while self.kind == "&&":
            left = self.combine(left, is_predicate, self.negation)
        return left, is_predicate

    def combine(self, left: Chain, is_predicate: bool, more: Any) -> Chain:
        if not is_predicate:
            self.fail()
        operator = self.take(self.kind).kind
        right, right_predicate = more()
        if not right_predicate:
            self.fail()
        return (Node(operator, (left, right)),)

    def negation(self) -> tuple[Chain, bool]:
        if self.accept("!"):
            if self.kind == "exists":
                return (Node("!", (self.exists(),)),), True
            self.take("(")
            inner = self.predicate()
            self.take(")")
            return (Node("!", (inner,)),), True
        return self.comparison()

    def exists(self) -> Chain:
        self.take("exists")
        self.take("(")
        inner = self.expression()
        self.take(")")
        return (Node("exists", (inner,)),)

    def comparison(self) -> tuple[Chain, bool]:
        left, is_predicate = self.sum()
        kind = self.kind
        if kind not in _COMPARISONS and kind not in ("starts", "like_regex"):
            return left, is_predicate
        if is_predicate:
            self.fail()
        self.place += 1
        if kind == "starts":
            self.take("with")
            return (Node("starts with", (left, (self.initial(),))),), True
        if kind == "like_regex":
            return (self.like_regex(left),), True
        right, right_predicate = self.sum()
        if right_predicate:
            self.fail()
        return (Node(kind, (left, right)),), True

    def initial(self) -> Node:
        if self.kind == "variable":
            return Node("variable", (self.take("variable").value,))
        return Node("literal", (self.take("string").value,))

    def like_regex(self, left: Chain) -> Node:
        pattern = self.take("string").value
        flags = self.take("string").value if self.accept("flag") else ""
        for flag in flags:
            if flag not in "ismxq":
                raise SqlError(
                    SYNTAX_ERROR,
                    "invalid input syntax for type jsonpath",
                    detail=f'Unrecognized flag character "{flag}" in LIKE_REGEX predicate.',
                )
        flags = "".join([flag for flag in "ismxq" if flag in flags])
        compile_pattern(pattern, flags)
        return Node("like_regex", (left, pattern, flags))

    def sum(self) -> tuple[Chain, bool]:
        return self.operators(("+", "-"), self.product)

    def product(self) -> tuple[Chain, bool]:
        return self.operators(("*", "/", "%"), self.unary)

    def operators(self, kinds: tuple[str, ...], part: Any) -> tuple[Chain, bool]:
        left, is_predicate = part()
        while self.kind in kinds:
            if is_predicate:
                self.fail()
            operator = self.take(self.kind).kind
            right, right_predicate = part()
            if right_predicate:
                self.fail()
            left = (Node(operator, (left, right)),)
        return left, is_predicate

    def unary(self) -> tuple[Chain, bool]:
        kind = self.kind
        if kind not in ("+", "-"):
            return self.accessors()
        self.place += 1
        inner, is_predicate = self.unary()
        if is_predicate:
            self.fail()
        if len(inner) == 1 and inner[0].kind == "literal" and _is_number(inner[0].args[0]):
            value = inner[0].args[0]
            return (Node("literal", (-value if kind == "-" else value,)),), False
        return (Node(f"unary {kind}", (inner,)),), False

    def accessors(self) -> tuple[Chain, bool]:
        chain, is_predicate = self.primary()
        if is_predicate and self.kind not in (".", "[", "?"):
            return chain, True
        nodes = list(chain)
        while self.kind in (".", "[", "?"):
            nodes.append(self.accessor())
        return tuple(nodes), False

    def primary(self) -> tuple[Chain, bool]:
        kind = self.kind
        if kind in _LITERALS:
            self.place += 1
            return (Node("literal", (_LITERALS[kind],)),), False
        if kind in ("string", "number"):
            return (Node("literal", (self.take(kind).value,)),), False
        if kind == "variable":
            return (Node("variable", (self.take(kind).value,)),), False
        if kind in ("$", "@", "last"):
            self.place += 1
            return (Node(kind),), False
        if kind == "exists":
            return self.exists(), True
        self.take("(")
        inner, is_predicate = self.either()
        self.take(")")
        if is_predicate and self.accept("is"):
            self.take("unknown")
            return (Node("is unknown", (inner,)),), True
        return inner, is_predicate

    def accessor(self) -> Node:
        if self.accept("["):
            return self.subscripts()
        if self.accept("?"):
            self.take("(")
            inner = self.predicate()
            self.take(")")
            return Node("filter", (inner,))
        self.take(".")
        if self.accept("*"):
            return Node("any key")
        if self.accept("**"):
            return self.any_path()
        token = self.list[self.place]
        if token.kind != "string" and not isinstance(token.value, str):
            self.fail()
        if token.kind == "variable":
            self.fail()
        self.place += 1
        if token.kind in _METHODS and self.kind == "(":
            return self.method(token.kind)
        return Node("key", (token.value,))

    def subscripts(self) -> Node:
        if self.accept("*"):
            self.take("]")
            return Node("any item")
        found = []
        while True:
            first = self.expression()
            found.append((first, self.expression() if self.accept("to") else None))
            if not self.accept(","):
                break
        self.take("]")
        return Node("items", tuple(found))

    def any_path(self) -> Node:
        if not self.accept("{"):
            return Node("any", (0, LEVEL_LAST))
        first = self.level()
        last = self.level() if self.accept("to") else first
        self.take("}")
        return Node("any", (first, last))

    def level(self) -> int:
        if self.accept("last"):
            return LEVEL_LAST
        token = self.take("number")
        if not isinstance(token.value, int):
            self.place -= 1
            self.fail()
        return token.value

    def method(self, name: str) -> Node:
        self.take("(")
        args: list[Any] = []
        if name == "datetime" and self.kind == "string":
            args.append(self.take("string").value)
        elif name in _DATETIMES and self.kind == "number":
            args.append(self.integer())
        elif name == "decimal":
            while self.kind in ("number", "+", "-"):
                sign = -1 if self.accept("-") else 1
                if sign == 1:
                    self.accept("+")
                args.append(sign * self.integer())
                if len(args) == 2 or not self.accept(","):
                    break
        self.take(")")
        return Node(name, tuple(args))

    def integer(self) -> int:
        token = self.take("number")
        if not isinstance(token.value, int):
            self.place -= 1
            self.fail()
        return token.value


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Decimal


def check_places(chain: Chain, depth: int, in_subscript: bool) -> None:
    """Refuse @ outside of filters and LAST outside of subscripts."""
    for node in chain:
        if node.kind == "@" and depth <= 0:
            raise SqlError(SYNTAX_ERROR, "@ is not allowed in root expressions")
        if node.kind == "last" and not in_subscript:
            raise SqlError(SYNTAX_ERROR, "LAST is allowed only in array subscripts")
        if node.kind == "items":
            for first, last in node.args:
                check_places(first, depth, True)
                if last is not None:
                    check_places(last, depth, True)
            continue
        for arg in node.args:
            if isinstance(arg, tuple):
                check_places(arg, depth + (node.kind == "filter"), in_subscript)


def compile_pattern(pattern: str, flags: str) -> Any:
    """LIKE_REGEX's pattern as a Regex; XQuery's flags in terms of PostgreSQL's."""
    from ..functions.regex import compile_regex

    if "x" in flags and "q" not in flags:
        raise SqlError(
            FEATURE_NOT_SUPPORTED, 'XQuery "x" flag (expanded regular expressions) is not implemented'
        )
    options = "i" if "i" in flags else ""
    if "q" in flags:
        return compile_regex(pattern, options + "q")
    newline = {(False, False): "p", (False, True): "n", (True, False): "", (True, True): "w"}
    return compile_regex(pattern, options + newline["s" in flags, "m" in flags])


def parse_jsonpath(text: str) -> JsonPath:
    """Text as the jsonpath input function takes it."""
    if not text.strip(_BLANKS):
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'invalid input syntax for type jsonpath: "{text}"')
    try:
        return _Parser(text).path()
    except RecursionError:
        raise SqlError(INTERNAL_ERROR, "stack depth limit exceeded") from None


# --- printing ---------------------------------------------------------------------------------------------

_PRIORITIES = {"||": 0, "&&": 1, "starts with": 2, "like_regex": 2, "+": 3, "-": 3, "*": 4, "/": 4, "%": 4}
_PRIORITIES |= dict.fromkeys(_COMPARISONS, 2) | {"unary +": 5, "unary -": 5}


def _priority(kind: str) -> int:
    return 6 if kind == "like_regex" else _PRIORITIES.get(kind, 6)


def print_chain(chain: Chain, brackets: bool) -> str:
    """The canonical text; `brackets` around an operator at its head."""
    head = _print_head(chain[0], brackets)
    if len(chain) > 1 and chain[0].kind == "literal" and _is_number(chain[0].args[0]):
        head = f"({head})"
    return head + "".join([_print_accessor(node) for node in chain[1:]])


def _print_head(node: Node, brackets: bool) -> str:
    kind, args = node
    if kind == "literal":
        return value_text(args[0])
    if kind == "variable":
        return "$" + quote_string(args[0])
    if kind == "!":
        return f"!({print_chain(args[0], False)})"
    if kind == "is unknown":
        return f"({print_chain(args[0], False)}) is unknown"
    if kind == "exists":
        return f"exists ({print_chain(args[0], False)})"
    if kind == "like_regex":
        text = f"{_operand(args[0], kind)} like_regex {quote_string(args[1])}"
        text += f' flag "{args[2]}"' if args[2] else ""
    elif kind.startswith("unary"):
        text = kind[-1] + _operand(args[0], kind)
    elif kind in _PRIORITIES:
        text = f"{_operand(args[0], kind)} {kind} {_operand(args[1], kind)}"
    else:
        return kind  # $ @ last
    return f"({text})" if brackets else text


def _operand(chain: Chain, kind: str) -> str:
    own = _PRIORITIES[kind]
    return print_chain(chain, _priority(chain[0].kind) <= own)


def _print_accessor(node: Node) -> str:
    kind, args = node
    if kind == "key":
        return "." + quote_string(args[0])
    if kind == "any key":
        return ".*"
    if kind == "any item":
        return "[*]"
    if kind == "items":
        parts = [
            print_chain(first, False) + (f" to {print_chain(last, False)}" if last is not None else "")
            for first, last in args
        ]
        return f"[{','.join(parts)}]"
    if kind == "filter":
        return f"?({print_chain(args[0], False)})"
    if kind == "any":
        return ".**" + _print_levels(*args)
    return f".{kind}({','.join([quote_string(a) if isinstance(a, str) else str(a) for a in args])})"


def _print_levels(first: int, last: int) -> str:
    if first == 0 and last == LEVEL_LAST:
        return ""
    start = "last" if first == LEVEL_LAST else str(first)
    if first == last:
        return "{" + start + "}"
    return "{" + start + " to " + ("last" if last == LEVEL_LAST else str(last)) + "}"


# --- the type ---------------------------------------------------------------------------------------------


@implements("jsonpath_in")
def jsonpath_in(text: str) -> JsonPath:
    return parse_jsonpath(text)


@implements("jsonpath_out", inline="{0}.text")
def jsonpath_out(path: JsonPath) -> str:
    return path.text


@implements("jsonpath_recv")
def jsonpath_recv(data: bytes) -> JsonPath:
    if data[:1] != b"\x01":
        raise SqlError(INTERNAL_ERROR, f"unsupported jsonpath version number: {data[0] if data else 0}")
    return parse_jsonpath(decode_text(data[1:]))


@implements("jsonpath_send")
def jsonpath_send(path: JsonPath) -> bytes:
    return b"\x01" + path.text.encode()


register_storage(4072, "{0}.text", "parse_jsonpath({0})", {"parse_jsonpath": parse_jsonpath})
