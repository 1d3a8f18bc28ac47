"""PostgreSQL's advanced regular expressions as Python's (manual section 9.7.3), compiled and cached.

The syntax is translated token by token, with PostgreSQL's error texts. Two rules need more than
syntax: POSIX wants the longest match of an alternation, Python takes the first branch that fits.
`Regex.match_at` therefore asks for longer matches from the same start if the expression has an
alternation and ends the search at the text's end (texts up to LONGEST_MAX characters).

Not the same: an expression mixing greedy and non-greedy quantifiers (PostgreSQL gives the whole
expression one preference), and lookbehind of variable width (refused with 0A000).
"""

import re
from functools import lru_cache
from typing import NoReturn

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, INVALID_REGULAR_EXPRESSION

LONGEST_MAX = 5000
_REPEAT_MAX = 255
_BOUNDS = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_CLASSES = {
    "alpha": r"^\W\d_",
    "digit": r"\d",
    "alnum": r"^\W_",
    "upper": "A-Z\u00c0-\u00d6\u00d8-\u00de",
    "lower": "a-z\u00df-\u00f6\u00f8-\u00ff",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": r"\x20-\x7e\u00a0-\U0010ffff",
    "graph": r"\x21-\x7e\u00a1-\U0010ffff",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
    "ascii": r"\x00-\x7f",
}
# Classes that Python can only say negated become the positive ranges of ASCII and Latin plus the rest.
_CLASSES["alpha"] = (
    r"A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u1fff\u3040-\ufdff"
)
_CLASSES["alnum"] = r"0-9" + _CLASSES["alpha"]
_CHARACTERS = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "B": "\\",
}
_CONSTRAINTS = {"A": r"\A", "m": r"\b(?=\w)", "M": r"\b(?<=\w)", "y": r"\b", "Y": r"\B", "Z": r"\Z"}
_SHORTHANDS = "dswDSW"


def _fail(text: str) -> NoReturn:
    raise SqlError(INVALID_REGULAR_EXPRESSION, f"invalid regular expression: {text}")


class Flags:
    """The options of a regular expression; `options` as in the manual's table of embedded options."""

    __slots__ = ("expanded", "global_", "ignore_case", "line_anchors", "literal", "newline_stops")

    def __init__(self, options: str = "") -> None:
        self.global_ = self.ignore_case = self.expanded = self.literal = False
        self.newline_stops = self.line_anchors = False
        for option in options:
            if not self.apply(option):
                raise SqlError(INVALID_PARAMETER_VALUE, f'invalid regular expression option: "{option}"')

    def apply(self, option: str) -> bool:
        """Set one option; False if there is none such."""
        if option == "g":
            self.global_ = True
        elif option == "i":
            self.ignore_case = True
        elif option == "c":
            self.ignore_case = False
        elif option in "mn":
            self.newline_stops = self.line_anchors = True
        elif option == "p":
            self.newline_stops, self.line_anchors = True, False
        elif option == "w":
            self.newline_stops, self.line_anchors = False, True
        elif option == "s":
            self.newline_stops = self.line_anchors = False
        elif option == "x":
            self.expanded = True
        elif option == "t":
            self.expanded = False
        elif option == "q":
            self.literal = True
        elif option in "be":
            self.literal = False
        else:
            return False
        return True


class _Translator:
    """One pass over a pattern; `output` collects Python's spelling."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.flags = flags
        self.here = 0
        self.output: list[str] = []
        self.groups = 0
        self.open_groups: list[bool] = []  # capturing?
        self.closed: set[int] = set()
        self.numbers: list[int] = []
        self.alternation = self.top_alternation = self.lazy = self.anchored_end = False

    def director(self) -> None:
        if self.pattern.startswith("***="):
            self.pattern = self.pattern[4:]
            self.flags.literal = True
            return
        if self.pattern.startswith("***:"):
            self.pattern = self.pattern[4:]
        elif self.pattern.startswith("***"):
            _fail("invalid regexp (reg version 0.8)")
        match = re.match(r"\(\?([a-zA-Z]+)\)", self.pattern)
        if match:
            for option in match.group(1):
                if option == "g" or not self.flags.apply(option):
                    _fail("invalid embedded option")
            self.pattern = self.pattern[match.end() :]

    def translate(self) -> str:
        self.director()
        if self.flags.literal:
            return re.escape(self.pattern)
        pattern = self.pattern
        can_repeat = False
        while self.here < len(pattern):
            char = pattern[self.here]
            if self.flags.expanded and self.skip_comment(char):
                continue
            if char in "*+?" or (char == "{" and pattern[self.here + 1 : self.here + 2].isdigit()):
                self.quantifier(can_repeat)
                can_repeat = False
                continue
            can_repeat = self.atom(char)
        if self.open_groups:
            _fail("parentheses () not balanced")
        return "".join(self.output)

    def skip_comment(self, char: str) -> bool:
        if char in " \t\n\r\v\f":
            self.here += 1
            return True
        if char == "#":
            end = self.pattern.find("\n", self.here)
            self.here = len(self.pattern) if end < 0 else end
            return True
        return False

    def atom(self, char: str) -> bool:
        """Translate one atom or operator; True if a quantifier may follow."""
        if char == "(":
            return self.open()
        if char == ")":
            return self.close()
        if char == "[":
            self.output.append(self.bracket())
            return True
        if char == "\\":
            return self.escape()
        self.here += 1
        if char == "|":
            self.output.append("|")
            self.alternation = True
            self.top_alternation = self.top_alternation or not self.open_groups
            return False
        if char == "^":
            self.output.append("(?m:^)" if self.flags.line_anchors else r"\A")
            return False
        if char == "$":
            self.anchored_end = True
            self.output.append("(?m:$)" if self.flags.line_anchors else r"\Z")
            return False
        if char == ".":
            self.output.append(r"[^\n]" if self.flags.newline_stops else r"(?s:.)")
            return True
        self.output.append(re.escape(char))
        return True

    def open(self) -> bool:
        pattern = self.pattern
        for prefix in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
            if pattern.startswith(prefix, self.here):
                self.here += len(prefix)
                self.output.append(prefix)
                self.open_groups.append(prefix == "(?:")
                self.numbers.append(0)
                if prefix != "(?:":
                    self.anchored_end = True
                return False
        if pattern.startswith("(?#", self.here):
            end = pattern.find(")", self.here)
            if end < 0:
                _fail("parentheses () not balanced")
            self.here = end + 1
            return False
        if pattern.startswith("(?", self.here):
            _fail("quantifier operand invalid")
        self.here += 1
        self.groups += 1
        self.output.append("(")
        self.open_groups.append(True)
        self.numbers.append(self.groups)
        return False

    def close(self) -> bool:
        if not self.open_groups:
            _fail("parentheses () not balanced")
        self.here += 1
        self.output.append(")")
        number = self.numbers.pop()
        if number:
            self.closed.add(number)
        return self.open_groups.pop()

    def quantifier(self, allowed: bool) -> None:
        pattern, char = self.pattern, self.pattern[self.here]
        if char == "{":
            match = _BOUNDS.match(pattern, self.here)
            if match is None:
                _fail(
                    "braces {} not balanced"
                    if "}" not in pattern[self.here :]
                    else "invalid repetition count(s)"
                )
            low = int(match.group(1)[:6])
            high = int(match.group(3)[:6]) if match.group(3) else low
            if low > _REPEAT_MAX or high > _REPEAT_MAX or high < low:
                _fail("invalid repetition count(s)")
            token = match.group()
        else:
            token = char
        if not allowed:
            _fail("quantifier operand invalid")
        self.here += len(token)
        self.output.append(token)
        if pattern[self.here : self.here + 1] == "?":
            self.here += 1
            self.output.append("?")
            self.lazy = True

    def escape(self) -> bool:
        pattern = self.pattern
        char = pattern[self.here + 1 : self.here + 2]
        if not char:
            _fail("invalid escape \\ sequence")
        if char in _SHORTHANDS:
            self.here += 2
            self.output.append("\\" + char)
            return True
        if char in _CONSTRAINTS:
            self.here += 2
            self.output.append(_CONSTRAINTS[char])
            self.anchored_end = True
            return False
        if char.isdigit() and char != "0":
            digits = re.match(r"[0-9]+", pattern[self.here + 1 :])
            assert digits is not None
            number = digits.group()
            if len(number) == 1 or int(number) <= self.groups:
                if int(number) not in self.closed:
                    _fail("invalid backreference number")
                self.here += 1 + len(number)
                self.output.append(f"(?:\\{number})")
                return True
        self.output.append(re.escape(self.character()))
        return True

    def character(self) -> str:
        """The character that an escape at `here` stands for."""
        pattern = self.pattern
        char = pattern[self.here + 1 : self.here + 2]
        if char in _CHARACTERS:
            self.here += 2
            return _CHARACTERS[char]
        if char == "c" and self.here + 2 < len(pattern):
            self.here += 3
            return chr(ord(pattern[self.here - 1]) & 31)
        for lead, form in (("u", r"[0-9a-fA-F]{4}"), ("U", r"[0-9a-fA-F]{8}"), ("x", r"[0-9a-fA-F]+")):
            if char == lead:
                match = re.compile(form).match(pattern, self.here + 2)
                if match is None or int(match.group(), 16) > 0x10FFFF:
                    _fail("invalid escape \\ sequence")
                self.here = match.end()
                return chr(int(match.group(), 16))
        if char.isdigit():
            match = re.compile(r"[0-7]{1,3}").match(pattern, self.here + 1)
            if match is None:
                _fail("invalid escape \\ sequence")
            self.here = match.end()
            return chr(int(match.group(), 8))
        if not char or (char.isalnum() and char.isascii()):
            _fail("invalid escape \\ sequence")
        self.here += 2
        return char

    def bracket(self) -> str:
        pattern = self.pattern
        for word, constraint in (("[[:<:]]", r"\b(?=\w)"), ("[[:>:]]", r"\b(?<=\w)")):
            if pattern.startswith(word, self.here):
                self.here += len(word)
                self.anchored_end = True
                return constraint
        self.here += 1
        negated = pattern.startswith("^", self.here)
        self.here += negated
        parts: list[str] = []
        if negated and self.flags.newline_stops:
            parts.append(r"\n")
        first = True
        while True:
            char = pattern[self.here : self.here + 1]
            if not char:
                _fail("brackets [] not balanced")
            if char == "]" and not first:
                self.here += 1
                break
            first = False
            parts.append(self.bracket_item(char))
        return "[" + ("^" if negated else "") + "".join(parts) + "]"

    def bracket_item(self, char: str) -> str:
        pattern = self.pattern
        if char == "\\" and pattern[self.here + 1 : self.here + 2] in ("d", "s", "w", "D", "S", "W"):
            self.here += 2
            return pattern[self.here - 2 : self.here]
        if pattern.startswith("[:", self.here):
            end = pattern.find(":]", self.here)
            name = pattern[self.here + 2 : end] if end > 0 else ""
            if name not in _CLASSES:
                _fail("invalid character class" if end > 0 else "brackets [] not balanced")
            self.here = end + 2
            return _CLASSES[name]
        low = self.bracket_character()
        if pattern[self.here : self.here + 1] == "-" and pattern[self.here + 1 : self.here + 2] not in (
            "]",
            "",
        ):
            self.here += 1
            high = self.bracket_character()
            if high < low:
                _fail("invalid character range")
            return f"{re.escape(low)}-{re.escape(high)}"
        return "\\" + low if low in "[]^-\\&~|" else low

    def bracket_character(self) -> str:
        pattern = self.pattern
        char = pattern[self.here : self.here + 1]
        if not char:
            _fail("brackets [] not balanced")
        if char == "\\":
            return self.character()
        for lead in ("[.", "[="):
            if pattern.startswith(lead, self.here):
                end = pattern.find(lead[1] + "]", self.here + 2)
                name = pattern[self.here + 2 : end] if end > 0 else ""
                if len(name) != 1:
                    _fail("invalid collating element")
                self.here = end + 2
                return name
        self.here += 1
        return char


class Regex:
    """A compiled regular expression."""

    __slots__ = ("compiled", "groups", "longest")

    def __init__(self, pattern: str, flags: Flags) -> None:
        translator = _Translator(pattern, flags)
        source = translator.translate()
        options = re.IGNORECASE if flags.ignore_case else 0
        try:
            self.compiled = re.compile(source, options)
        except (re.error, OverflowError, RecursionError) as error:
            if "look-behind" in str(error):
                raise SqlError(
                    FEATURE_NOT_SUPPORTED, "lookbehind of variable width is not supported"
                ) from None
            _fail(str(error))
        self.groups = self.compiled.groups
        self.longest = (
            translator.alternation
            and not translator.anchored_end
            and (translator.top_alternation or not translator.lazy)
        )

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The leftmost match from `start`, the longest of those at its place."""
        match = self.compiled.search(text, start)
        if match is None or not self.longest or len(text) > LONGEST_MAX:
            return match
        first, end = match.span()
        for longer in range(len(text), end, -1):
            found = self.compiled.fullmatch(text, first, longer)
            if found is not None:
                return found
        return match


@lru_cache(maxsize=500)
def compile_regex(pattern: str, options: str = "") -> Regex:
    """The Regex of a pattern; options as in the flags argument of the regexp functions."""
    return Regex(pattern, Flags(options))


@lru_cache(maxsize=500)
def regex_tester(pattern: str, ignore_case: bool = False) -> object:
    """A search function, for ~ and ~*: which match it finds does not matter."""
    return compile_regex(pattern, "i" if ignore_case else "").compiled.search
