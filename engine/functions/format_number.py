"""to_char(number, format) and to_number(text, format) (manual section 9.8, Table 9.29).

The digits are laid out as formatting.c's number processor does, in locale C: the group separator
is a comma, the currency symbol a blank.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NoReturn

from ..errors import SqlError
from ..registry import implements
from ..sqlstates import FEATURE_NOT_SUPPORTED, INVALID_TEXT_REPRESENTATION, SYNTAX_ERROR
from ..types.integers import int4_overflow, int8_overflow
from ..types.numeric import CONTEXT, numeric_mul, parse_numeric, round_scale, to_integer
from .math_numeric import numeric_power

_TOKEN = re.compile(
    r'(EEEE|eeee|FM|fm|MI|mi|PL|pl|PR|pr|RN|rn|SG|sg|SP|sp|TH|th|[,.09BbCcDdGgLlSsVv])|"((?:\\.|[^"\\])*)"?|\\?(.)',
    re.DOTALL,
)


class Layout:
    """What a format says before any number is seen: counts of digits, flags, and its tokens."""

    def __init__(self, text: str) -> None:
        self.pre = self.post = self.multi = self.zero_start = self.zero_end = self.lsign_at = 0
        self.blank = self.bracket = self.decimal = self.eeee = self.fill = self.minus = self.plus = False
        self.roman = self.zero = self.scaled = False
        self.lsign = ""  # "", "pre", "post"
        self.tokens: list[tuple[str, str]] = []
        for match in _TOKEN.finditer(text):
            keyword, quoted, plain = match.groups()
            if keyword is not None:
                name = keyword if keyword in ("rn", "th") else keyword.upper()
                self.prepare(name)
                self.tokens.append((name, ""))
            elif plain is not None:
                self.tokens.append(("text", plain))
            else:
                self.tokens.append(("text", re.sub(r"\\(.)", r"\1", quoted or "")))

    def prepare(self, key: str) -> None:
        if self.eeee and key != "EEEE":
            _syntax('"EEEE" must be the last pattern used')
        if key == "9":
            if self.bracket:
                _syntax('"9" must be ahead of "PR"')
            if self.scaled:
                self.multi += 1
            elif self.decimal:
                self.post += 1
            else:
                self.pre += 1
        elif key == "0":
            if self.bracket:
                _syntax('"0" must be ahead of "PR"')
            if not self.zero and not self.decimal:
                self.zero = True
                self.zero_start = self.pre + 1
            if self.decimal:
                self.post += 1
            else:
                self.pre += 1
            self.zero_end = self.pre + self.post
        elif key == "B":
            self.blank = self.blank or (self.pre == 0 and self.post == 0 and not self.zero)
        elif key in ("D", "."):
            if self.decimal:
                _syntax("multiple decimal points")
            if self.scaled:
                _syntax('cannot use "V" and decimal point together')
            self.decimal = True
        elif key == "FM":
            self.fill = True
        elif key == "V":
            if self.decimal:
                _syntax('cannot use "V" and decimal point together')
            self.scaled = True
        elif key in ("rn", "RN"):
            self.roman = True
        elif key == "EEEE":
            self.exponent()
        else:
            self.sign(key)

    def exponent(self) -> None:
        if self.eeee:
            _syntax('cannot use "EEEE" twice')
        if any(
            (self.blank, self.fill, self.lsign, self.bracket, self.minus, self.plus, self.roman, self.scaled)
        ):
            raise SqlError(
                SYNTAX_ERROR,
                '"EEEE" is incompatible with other formats',
                detail='"EEEE" may only be used together with digit and decimal point patterns.',
            )
        self.eeee = True

    def sign(self, key: str) -> None:
        if key == "S":
            if self.lsign:
                _syntax('cannot use "S" twice')
            if self.plus or self.minus or self.bracket:
                _syntax('cannot use "S" and "PL"/"MI"/"SG"/"PR" together')
            self.lsign = "post" if self.decimal else "pre"
            self.lsign_at = self.pre
        elif key in ("MI", "PL", "SG"):
            if self.lsign:
                _syntax(f'cannot use "S" and "{key}" together')
            self.minus = self.minus or key != "PL"
            self.plus = self.plus or key != "MI"
        elif key == "PR":
            if self.lsign or self.plus or self.minus:
                _syntax('cannot use "PR" and "S"/"PL"/"MI"/"SG" together')
            self.bracket = True


def _syntax(text: str) -> NoReturn:
    raise SqlError(SYNTAX_ERROR, text)


@lru_cache(maxsize=500)
def layout(text: str) -> Layout:
    """The parsed format, cached."""
    return Layout(text)


def _ordinal(number: str) -> str:
    last, before = number[-1:], number[-2:-1]
    if not last.isdigit():
        raise SqlError(INVALID_TEXT_REPRESENTATION, f'"{number}" is not a number')
    if before == "1":
        return "th"
    return {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")


class _Writer:
    """Lays one number out: `number` is its digits without sign, `spaces` the unused places before it."""

    def __init__(self, form: Layout, number: str, sign: str, spaces: int) -> None:
        self.form, self.number, self.sign, self.spaces = form, number, sign, spaces
        self.out: list[str] = []
        self.place = self.current = 0
        self.digits_begun = False
        self.zero_start = form.zero_start - 1 if form.zero_start else 0
        self.bracket, self.lsign = form.bracket, form.lsign
        if form.plus or form.minus:
            self.sign_written = not (form.plus and not form.minus)
        else:
            if sign != "-" and self.bracket and form.fill:
                self.bracket = False
            self.sign_written = sign == "+" and form.fill and not form.lsign
            if self.lsign == "pre" and form.pre == form.lsign_at:
                self.lsign = "post"
        self.count = form.post + form.pre - 1
        self.last = self.last_relevant() if form.fill and form.decimal else None
        if not self.sign_written and spaces == 0:
            self.count += 1

    def last_relevant(self) -> int | None:
        """The place of the last decimal that FM keeps."""
        dot = self.number.find(".")
        if dot < 0:
            return None
        last = max(len(self.number.rstrip("0")) - 1, dot)
        if self.form.zero_end > self.spaces:
            last = max(last, min(len(self.number) - 1, self.form.zero_end - self.spaces))
        return last

    def last_is_dot(self) -> bool:
        return self.last is not None and self.number[self.last] == "."

    def before_decimal_space(self) -> bool:
        return not self.form.zero and self.place == 0 and self.number[:1] == "0" and self.form.post != 0

    def write_sign(self) -> None:
        if self.lsign:
            if self.lsign == "pre":
                self.out.append("-" if self.sign == "-" else "+")
                self.sign_written = True
        elif self.bracket:
            self.out.append("<" if self.sign == "-" else " ")
            self.sign_written = True
        elif self.sign == "+":
            if not self.form.fill:
                self.out.append(" ")
            self.sign_written = True
        else:
            self.out.append("-")
            self.sign_written = True

    def digit(self, key: str) -> None:
        form = self.form
        if form.roman:
            return
        self.digits_begun = False
        if (
            not self.sign_written
            and (self.current >= self.spaces or (form.zero and self.zero_start == self.current))
            and (not self.before_decimal_space() or self.last_is_dot())
        ):
            self.write_sign()
        if self.current < self.spaces and (self.zero_start > self.current or not form.zero):
            if not form.fill:
                self.out.append(" ")
        elif form.zero and self.current < self.spaces and self.zero_start <= self.current:
            self.out.append("0")
            self.digits_begun = True
        else:
            self.significant(key)
            if self.place < len(self.number):
                self.place += 1
        end = self.count + (1 if self.spaces else 0) + (1 if form.decimal else 0)
        if self.last is not None and self.last == self.place:
            end = self.current
        if self.current + 1 == end:
            if self.sign_written and self.bracket:
                self.out.append(">" if self.sign == "-" else " ")
            elif self.lsign == "post":
                self.out.append("-" if self.sign == "-" else "+")
        self.current += 1

    def significant(self, key: str) -> None:
        char = self.number[self.place : self.place + 1]
        if char == ".":
            if not self.last_is_dot() or self.form.fill:
                self.out.append(".")
        elif self.last is not None and self.place > self.last and key != "0":
            pass
        elif self.before_decimal_space():
            if not self.form.fill:
                self.out.append(" ")
            elif self.last_is_dot():
                self.out.append("0")
        else:
            self.out.append(char)
            self.digits_begun = True

    def run(self) -> str:
        form, out = self.form, self.out
        for key, text in form.tokens:
            if key == "text":
                out.append(text)
            elif key in ("9", "0", ".", "D"):
                self.digit(key)
            elif key in (",", "G"):
                if self.digits_begun:
                    out.append(",")
                elif not form.fill:
                    out.append(" ")
            elif key == "L":
                out.append(" ")
            elif key in ("RN", "rn"):
                roman = self.number.lower() if key == "rn" else self.number
                out.append(roman if form.fill else roman.rjust(15))
            elif key in ("TH", "th"):
                if not (form.roman or self.number[:1] == "#" or self.sign == "-" or form.decimal):
                    ending = _ordinal(self.number)
                    out.append(ending.upper() if key == "TH" else ending)
            elif key in ("MI", "PL"):
                wanted = "-" if key == "MI" else "+"
                if self.sign == wanted:
                    out.append(wanted)
                elif not form.fill:
                    out.append(" ")
            elif key == "SG":
                out.append(self.sign)
        return "".join(out)


_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)


def _roman(number: int) -> str:
    if not 1 <= number <= 3999:
        return "#" * 15
    parts = []
    for value, letters in _ROMAN:
        parts.append(letters * (number // value))
        number %= value
    return "".join(parts)


def _arrange(form: Layout, text: str, pre: int, post: int) -> str:
    sign, number = ("-", text[1:]) if text[:1] == "-" else ("+", text)
    length = number.find(".") if "." in number else len(number)
    spaces = 0
    if length < pre:
        spaces = pre - length
    elif length > pre:
        number = "#" * pre + "." + "#" * post
    arranged = _Writer(form, number, sign, spaces)
    return arranged.run()


def _scientific(form: Layout, text: str, special: bool) -> str:
    if special:
        return " " + "#" * form.pre + "." + "#" * (form.post + 4)
    return text if text[0] == "-" else " " + text


def _scientific_numeric(value: Decimal, post: int) -> str:
    if not value:
        return f"{0.0:.{post}e}"
    adjusted = value.adjusted()
    # A mantissa rounded up to 10.00 stays so, as in PostgreSQL.
    mantissa = round_scale(value.scaleb(-adjusted, CONTEXT), post)
    return f"{mantissa:f}e{adjusted:+03d}"


@implements("numeric_to_char")
def numeric_to_char(value: Decimal, text: str) -> str:
    form = layout(text)
    if form.roman:
        number = to_integer(value, 4) if value.is_finite() and value.copy_abs() < 10000 else 0
        return _Writer(form, _roman(number), "", 0).run()
    if form.eeee:
        if not value.is_finite():
            return _scientific(form, "", True)
        return _scientific(form, _scientific_numeric(value, form.post), False)
    if form.scaled:
        value = CONTEXT.multiply(value, Decimal(10**form.multi))
    rounded = round_scale(value, form.post) if value.is_finite() else value
    return _arrange(form, format(rounded, "f"), form.pre + form.multi, form.post)


def _int_to_char(value: int, text: str, limit: int) -> str:
    form = layout(text)
    if form.roman:
        return _Writer(form, _roman(value), "", 0).run()
    if form.eeee:
        return _scientific(form, _scientific_numeric(Decimal(value), form.post), False)
    if form.scaled:
        value *= 10**form.multi
        if not -limit <= value < limit:
            (int4_overflow if limit == 2**31 else int8_overflow)()
    number = str(value) + ("." + "0" * form.post if form.post else "")
    return _arrange(form, number, form.pre + form.multi, form.post)


@implements("int4_to_char")
def int4_to_char(value: int, text: str) -> str:
    return _int_to_char(value, text, 2**31)


@implements("int8_to_char")
def int8_to_char(value: int, text: str) -> str:
    return _int_to_char(value, text, 2**63)


def _float_to_char(value: float, text: str, digits: int) -> str:
    form = layout(text)
    special = value - value != 0.0
    if form.roman:
        number = 0 if special or abs(value) >= 2**31 else round(value)
        return _Writer(form, _roman(number), "", 0).run()
    if form.eeee:
        return _scientific(form, "" if special else f"{value:.{form.post}e}", special)
    if form.scaled:
        value *= 10.0**form.multi
    if special:
        shown = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return _arrange(form, shown, form.pre + form.multi, form.post)
    length = len(f"{abs(value):.0f}")
    post = form.post
    if length >= digits:
        post = 0
    elif length + post > digits:
        post = digits - length
    return _arrange(form, f"{value:.{post}f}", form.pre + form.multi, post)


@implements("float8_to_char")
def float8_to_char(value: float, text: str) -> str:
    return _float_to_char(value, text, 15)


@implements("float4_to_char")
def float4_to_char(value: float, text: str) -> str:
    return _float_to_char(value, text, 6)


_ROMAN_TEXT = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})", re.IGNORECASE)


def _from_roman(text: str) -> Decimal:
    word = text.strip().upper()
    if not word or _ROMAN_TEXT.fullmatch(word) is None:
        raise SqlError(INVALID_TEXT_REPRESENTATION, "invalid Roman numeral")
    total = 0
    for value, letters in _ROMAN:
        while word.startswith(letters):
            total += value
            word = word[len(letters) :]
    return Decimal(total)


@implements("numeric_to_number")
def numeric_to_number(text: str, template: str) -> Decimal | None:
    """The digits of the text, as many as the format has places, with its sign and decimal point."""
    if not template:
        return None
    form = layout(template)
    if form.eeee:
        raise SqlError(FEATURE_NOT_SUPPORTED, '"EEEE" not supported for input')
    if form.roman:
        return _from_roman(text)
    negative = "-" in text or ("<" in text and form.bracket)
    digits: list[str] = []
    pre, post, seen_dot = 0, 0, False
    for char in text:
        if char.isdigit() and char.isascii():
            if seen_dot:
                if post >= form.post:
                    break
                post += 1
            else:
                if pre >= form.pre + form.multi:
                    break
                pre += 1
            digits.append(char)
        elif char == "." and form.decimal and not seen_dot:
            seen_dot = True
            digits.append(".")
        elif char == ".":
            break
    word = "".join(digits)
    value = parse_numeric(("-" if negative else "") + word if word else " ")
    if form.scaled and form.multi:
        value = numeric_mul(value, numeric_power(Decimal(10), Decimal(-form.multi)))
    return value
