"""Evaluation of jsonpath over jsonb trees, after jsonpath_exec.c.

A step gives its items lazily, so that an existence test stops at the first. Errors that the standard
lets a path suppress are PathError; they make predicates unknown and silent calls end.
"""

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from ..errors import SqlError
from ..registry import IMPLEMENTATIONS
from ..sqlstates import (
    INTERNAL_ERROR,
    INVALID_SQL_JSON_SUBSCRIPT,
    NON_NUMERIC_SQL_JSON_ITEM,
    SINGLETON_SQL_JSON_ITEM_REQUIRED,
    SQL_JSON_ARRAY_NOT_FOUND,
    SQL_JSON_MEMBER_NOT_FOUND,
    SQL_JSON_NUMBER_NOT_FOUND,
    SQL_JSON_OBJECT_NOT_FOUND,
    UNDEFINED_OBJECT,
)
from ..types.jsonb import json_number, sort_keys
from ..types.jsonpath import LEVEL_LAST, Chain, JsonPath, Node, compile_pattern
from . import jsonpath_datetime as datetimes
from .jsonb_access import tree_typeof

Items = Iterator[Any]


class PathError(SqlError):
    """An error which `silent` suppresses."""


def is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Decimal


def _is_container(value: Any) -> bool:
    return type(value) is dict or type(value) is list


def _members(container: Any) -> Any:
    return container.values() if type(container) is dict else container


class Executor:
    """One evaluation of a path."""

    def __init__(self, path: JsonPath, root: Any, variables: dict[str, Any] | None, ctx: Any, use_tz: bool):
        self.root = root
        self.variables = variables
        self.ctx = ctx
        self.use_tz = use_tz
        self.lax = path.lax
        self.ignore = path.lax  # structural errors
        self.current = root
        self.size = -1  # of the innermost array with subscripts
        self.probed: Chain | None = None  # the path of an existence test

    def run(self, chain: Chain) -> Items:
        return self.item(chain, 0, self.root, self.lax)

    # --- paths --------------------------------------------------------------------------------------

    def rest(self, chain: Chain, place: int, value: Any) -> Items:
        """What the nodes behind `place` make of a value."""
        if place + 1 == len(chain):
            yield value
        else:
            yield from self.item(chain, place + 1, value, self.lax)

    def item(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        """What the nodes from `place` on make of a value."""
        node = chain[place]
        step = _STEPS.get(node.kind)
        if step is not None:
            yield from step(self, chain, place, value, unwrap)
        elif node.kind in _PREDICATES:
            yield from self.rest(chain, place, self.test(chain[place], value))
        else:
            method = _METHODS[node.kind]
            if unwrap and type(value) is list:
                yield from self.each(chain, place, value)
            else:
                yield from self.rest(chain, place, method(self, node, value))

    def each(self, chain: Chain, place: int, array: list[Any]) -> Items:
        """The same node for each item of an array, which is not unwrapped once more."""
        for item in array:
            yield from self.item(chain, place, item, False)

    def list(self, chain: Chain, value: Any, unwrap: bool) -> list[Any]:
        """All results, arrays among them unwrapped in lax mode."""
        found = list(self.item(chain, 0, value, self.lax))
        if unwrap and self.lax:
            return [part for item in found for part in (item if type(item) is list else (item,))]
        return found

    def literal(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        return self.rest(chain, place, chain[place].args[0])

    def root_item(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        return self.rest(chain, place, self.root)

    def current_item(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        return self.rest(chain, place, self.current)

    def variable(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        name = chain[place].args[0]
        if self.variables is None or name not in self.variables:
            raise SqlError(UNDEFINED_OBJECT, f'could not find jsonpath variable "{name}"')
        return self.rest(chain, place, self.variables[name])

    def last(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if self.size < 0:
            raise SqlError(INTERNAL_ERROR, "evaluating jsonpath LAST outside of array subscript")
        return self.rest(chain, place, self.size - 1)

    def key(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        name = chain[place].args[0]
        if type(value) is dict:
            if name in value:
                yield from self.rest(chain, place, value[name])
            elif not self.ignore:
                raise PathError(SQL_JSON_MEMBER_NOT_FOUND, f'JSON object does not contain key "{name}"')
        elif unwrap and type(value) is list:
            yield from self.each(chain, place, value)
        elif not self.ignore:
            raise PathError(
                SQL_JSON_MEMBER_NOT_FOUND, "jsonpath member accessor can only be applied to an object"
            )

    def any_key(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if type(value) is dict:
            for member in value.values():
                yield from self.rest(chain, place, member)
        elif unwrap and type(value) is list:
            yield from self.each(chain, place, value)
        elif not self.ignore:
            raise PathError(
                SQL_JSON_OBJECT_NOT_FOUND,
                "jsonpath wildcard member accessor can only be applied to an object",
            )

    def any_item(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if type(value) is list:
            for item in value:
                yield from self.rest(chain, place, item)
        elif self.lax:
            yield from self.rest(chain, place, value)
        elif not self.ignore:
            raise PathError(
                SQL_JSON_ARRAY_NOT_FOUND, "jsonpath wildcard array accessor can only be applied to an array"
            )

    def items(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if type(value) is not list and not self.lax:
            if not self.ignore:
                raise PathError(
                    SQL_JSON_ARRAY_NOT_FOUND, "jsonpath array accessor can only be applied to an array"
                )
            return
        array = value if type(value) is list else [value]
        saved = self.size
        for first_chain, last_chain in chain[place].args:
            self.size = len(array)
            first = self.index(first_chain, value)
            last = first if last_chain is None else self.index(last_chain, value)
            if not self.ignore and (first < 0 or first > last or last >= len(array)):
                raise PathError(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of bounds")
            for position in range(max(first, 0), min(last, len(array) - 1) + 1):
                self.size = len(array)
                yield from self.rest(chain, place, array[position])
        self.size = saved

    def index(self, chain: Chain, value: Any) -> int:
        found = list(self.item(chain, 0, value, self.lax))
        if len(found) != 1 or not is_number(found[0]):
            raise PathError(
                INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is not a single numeric value"
            )
        index = int(found[0])
        if not -(2**31) <= index < 2**31:
            raise PathError(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of integer range")
        return index

    def any_path(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        first, last = chain[place].args
        if first == 0:
            yield from self.tolerant(self.rest(chain, place, value))
        if _is_container(value):
            yield from self.below(chain, place, value, 1, first, last)

    def below(self, chain: Chain, place: int, value: Any, level: int, first: int, last: int) -> Items:
        if level > last:
            return
        for item in _members(value):
            if level >= first or (first == last == LEVEL_LAST and not _is_container(item)):
                yield from self.tolerant(self.rest(chain, place, item))
            if level < last and _is_container(item):
                yield from self.below(chain, place, item, level + 1, first, last)

    def tolerant(self, items: Items) -> Items:
        """The items, found with structural errors ignored."""
        saved = self.ignore
        while True:
            self.ignore = True
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.ignore = saved
            yield item

    def filter(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if unwrap and type(value) is list:
            yield from self.each(chain, place, value)
            return
        saved, self.current = self.current, value
        try:
            passed = self.test(chain[place].args[0][0], value)
        finally:
            self.current = saved
        if passed is True:
            yield from self.rest(chain, place, value)

    # --- arithmetic -----------------------------------------------------------------------------------

    def arithmetic(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        operator = chain[place].kind
        operands = [self.list(arg, value, True) for arg in chain[place].args]
        for side, found in zip(("left", "right"), operands, strict=True):
            if len(found) != 1 or not is_number(found[0]):
                raise PathError(
                    SINGLETON_SQL_JSON_ITEM_REQUIRED,
                    f"{side} operand of jsonpath operator {operator} is not a single numeric value",
                )
        function = IMPLEMENTATIONS[_ARITHMETIC[operator]].function
        try:
            result = function(Decimal(operands[0][0]), Decimal(operands[1][0]))
        except SqlError as error:
            raise _suppressible(error) from None
        return self.rest(chain, place, plain_number(result))

    def sign(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        operator = chain[place].kind[-1]
        for item in self.list(chain[place].args[0], value, True):
            if not is_number(item):
                if self.probed is chain and place + 1 == len(chain):
                    continue
                raise PathError(
                    SQL_JSON_NUMBER_NOT_FOUND,
                    f"operand of unary jsonpath operator {operator} is not a numeric value",
                )
            yield from self.rest(chain, place, -item if operator == "-" else item)

    def key_values(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if unwrap and type(value) is list:
            yield from self.each(chain, place, value)
            return
        if type(value) is not dict:
            raise PathError(
                SQL_JSON_OBJECT_NOT_FOUND, "jsonpath item method .keyvalue() can only be applied to an object"
            )
        from .jsonpath_layout import offset_of

        number = offset_of(self.root, value)
        for key, item in value.items():
            yield from self.rest(chain, place, sort_keys({"id": number, "key": key, "value": item}))

    def size_of(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        if type(value) is not list and not self.lax:
            if not self.ignore:
                raise PathError(
                    SQL_JSON_ARRAY_NOT_FOUND, "jsonpath item method .size() can only be applied to an array"
                )
            return
        yield from self.rest(chain, place, len(value) if type(value) is list else 1)

    def type_of(self, chain: Chain, place: int, value: Any, unwrap: bool) -> Items:
        name = datetimes.type_name(value) if type(value) is datetimes.DateTime else tree_typeof(value)
        return self.rest(chain, place, name)

    # --- predicates --------------------------------------------------------------------------------------

    def test(self, node: Node, value: Any) -> bool | None:
        """A predicate: True, False or None (unknown)."""
        kind, args = node
        if kind == "&&":
            left = self.test(args[0][0], value)
            if left is False:
                return False
            right = self.test(args[1][0], value)
            return left if right is True else right
        if kind == "||":
            left = self.test(args[0][0], value)
            if left is True:
                return True
            right = self.test(args[1][0], value)
            return left if right is False else right
        if kind == "!":
            inner = self.test(args[0][0], value)
            return None if inner is None else not inner
        if kind == "is unknown":
            return self.test(args[0][0], value) is None
        if kind == "exists":
            return self.exists(args[0], value)
        if kind == "starts with":
            return self.pairs(args[0], args[1], value, False, _starts_with)
        if kind == "like_regex":
            regex = compile_pattern(args[1], args[2])
            return self.pairs(args[0], None, value, False, lambda text, _: _matches(regex, text))
        return self.pairs(args[0], args[1], value, True, lambda a, b: self.compare(kind, a, b))

    def exists(self, chain: Chain, value: Any) -> bool | None:
        size = self.size
        try:
            items = self.item(chain, 0, value, self.lax)
            if self.lax:
                return next(items, _NOTHING) is not _NOTHING
            return bool(list(items))
        except PathError:
            return None
        finally:
            self.size = size

    def pairs(
        self, left: Chain, right: Chain | None, value: Any, unwrap: bool, test: Callable[[Any, Any], Any]
    ) -> bool | None:
        """Whether the test holds for any pair; errors and failed comparisons make it unknown."""
        size = self.size
        try:
            lefts = self.list(left, value, True)
            rights = [None] if right is None else self.list(right, value, unwrap)
        except PathError:
            self.size = size
            return None
        error = found = False
        for a in lefts:
            for b in rights:
                result = test(a, b)
                if result is None:
                    if not self.lax:
                        return None
                    error = True
                elif result:
                    if self.lax:
                        return True
                    found = True
        if found:
            return True
        return None if error else False

    def compare(self, operator: str, a: Any, b: Any) -> bool | None:
        if type(a) is datetimes.DateTime and type(b) is datetimes.DateTime:
            order = datetimes.compare(self, a, b)
            return None if order is None else _ORDER[operator](order, 0)
        left, right = _class(a), _class(b)
        if left != right:
            return operator == "!=" if "null" in (left, right) else None
        if left == "null":
            return _ORDER[operator](0, 0)
        if left == "container" or left == "datetime":
            return None
        return _ORDER[operator](a, b)


_NOTHING = object()
_ARITHMETIC = {
    "+": "numeric_add", "-": "numeric_sub", "*": "numeric_mul", "/": "numeric_div", "%": "numeric_mod",
}  # fmt: skip
_PREDICATES = frozenset(
    ("&&", "||", "!", "is unknown", "exists", "starts with", "like_regex", "==", "!=", "<", "<=", ">", ">=")
)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _class(value: Any) -> str:
    if _is_container(value):
        return "container"
    return "datetime" if type(value) is datetimes.DateTime else tree_typeof(value)


def _starts_with(text: Any, initial: Any) -> bool | None:
    if type(text) is not str or type(initial) is not str:
        return None
    return text.startswith(initial)


def _matches(regex: Any, text: Any) -> bool | None:
    return bool(regex.search(text)) if type(text) is str else None


def plain_number(value: Decimal) -> Any:
    """A numeric as jsonb holds it."""
    return json_number(f"{value:f}") if value.is_finite() else value


def _suppressible(error: SqlError) -> PathError:
    return PathError(error.sqlstate, error.message, detail=error.detail, hint=error.hint)


# --- methods that give one item for one -----------------------------------------------------------------


def _refuse(name: str, what: str) -> PathError:
    return PathError(
        NON_NUMERIC_SQL_JSON_ITEM, f"jsonpath item method .{name}() can only be applied to a {what}"
    )


def _invalid(value: Any, name: str, typename: str) -> PathError:
    return PathError(
        NON_NUMERIC_SQL_JSON_ITEM,
        f'argument "{value}" of jsonpath item method .{name}() is invalid for type {typename}',
    )


def _rounding(mode: str | None) -> Callable[[Executor, Node, Any], Any]:
    def apply(run: Executor, node: Node, value: Any) -> Any:
        if not is_number(value):
            raise _refuse(node.kind, "numeric value")
        if mode is None:
            return abs(value)
        return value if type(value) is int else plain_number(value.to_integral_value(mode))

    return apply


def _text_of(value: Any) -> str:
    return f"{value:f}" if type(value) is Decimal else str(value)


def _convert(value: Any, name: str, convert: str, typename: str) -> Any:
    if type(value) is not str and not is_number(value):
        raise _refuse(name, "string or numeric value")
    try:
        if type(value) is str:
            return IMPLEMENTATIONS[convert + "in"].function(value)
        return IMPLEMENTATIONS[f"numeric_{convert}"].function(Decimal(value))
    except SqlError:
        raise _invalid(_text_of(value), name, typename) from None


def _double(run: Executor, node: Node, value: Any) -> Any:
    found = _convert(value, "double", "float8", "double precision")
    if found != found or found in (float("inf"), float("-inf")):
        raise PathError(
            NON_NUMERIC_SQL_JSON_ITEM, "NaN or Infinity is not allowed for jsonpath item method .double()"
        )
    if is_number(value):
        return value
    return plain_number(IMPLEMENTATIONS["float8_numeric"].function(found))


def _integer(name: str, convert: str, typename: str) -> Callable[[Executor, Node, Any], Any]:
    return lambda run, node, value: _convert(value, name, convert, typename)


def _number(run: Executor, node: Node, value: Any) -> Any:
    name = node.kind
    if type(value) is not str and not is_number(value):
        raise _refuse(name, "string or numeric value")
    text = _text_of(value)
    try:
        number = IMPLEMENTATIONS["numeric_in"].function(text, 0, -1)
    except SqlError:
        raise _invalid(text, name, "numeric") from None
    if not number.is_finite():
        raise PathError(
            NON_NUMERIC_SQL_JSON_ITEM, f"NaN or Infinity is not allowed for jsonpath item method .{name}()"
        )
    if node.args:
        precision, scale = node.args[0], node.args[1] if len(node.args) > 1 else 0
        if not 1 <= precision <= 1000 or not -1000 <= scale <= 1000:
            _bad_typmod(precision, scale)
        typmod = ((precision << 16) | (scale & 0x7FF)) + 4
        try:
            number = IMPLEMENTATIONS["numeric_in"].function(text, 0, typmod)
        except SqlError:
            raise _invalid(text, name, "numeric") from None
    return plain_number(number)


def _bad_typmod(precision: int, scale: int) -> None:
    from ..sqlstates import INVALID_PARAMETER_VALUE

    if not 1 <= precision <= 1000:
        message = f"NUMERIC precision {precision} must be between 1 and 1000"
    else:
        message = f"NUMERIC scale {scale} must be between -1000 and 1000"
    raise SqlError(INVALID_PARAMETER_VALUE, message)


def _boolean(run: Executor, node: Node, value: Any) -> Any:
    if type(value) is bool:
        return value
    if is_number(value):
        if type(value) is Decimal and value != value.to_integral_value():
            raise _invalid(_text_of(value), "boolean", "boolean")
        if not -(2**31) <= value < 2**31:
            raise _invalid(_text_of(value), "boolean", "boolean")
        return value != 0
    if type(value) is not str:
        raise _refuse("boolean", "boolean, string, or numeric value")
    try:
        return IMPLEMENTATIONS["boolin"].function(value)
    except SqlError:
        raise _invalid(value, "boolean", "boolean") from None


def _string(run: Executor, node: Node, value: Any) -> Any:
    if type(value) is datetimes.DateTime:
        return datetimes.text(run.ctx, value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is str or is_number(value):
        return _text_of(value)
    raise _refuse("string", "boolean, string, numeric, or datetime value")


_METHODS: dict[str, Callable[[Executor, Node, Any], Any]] = {
    "abs": _rounding(None),
    "ceiling": _rounding(ROUND_CEILING),
    "floor": _rounding(ROUND_FLOOR),
    "double": _double,
    "bigint": _integer("bigint", "int8", "bigint"),
    "integer": _integer("integer", "int4", "integer"),
    "number": _number,
    "decimal": _number,
    "boolean": _boolean,
    "string": _string,
}
for _name in ("datetime", "date", "time", "time_tz", "timestamp", "timestamp_tz"):
    _METHODS[_name] = datetimes.convert

_STEPS: dict[str, Callable[[Executor, Chain, int, Any, bool], Items]] = {
    "literal": Executor.literal,
    "$": Executor.root_item,
    "@": Executor.current_item,
    "variable": Executor.variable,
    "last": Executor.last,
    "key": Executor.key,
    "any key": Executor.any_key,
    "any item": Executor.any_item,
    "items": Executor.items,
    "any": Executor.any_path,
    "filter": Executor.filter,
    "unary +": Executor.sign,
    "unary -": Executor.sign,
    "keyvalue": Executor.key_values,
    "size": Executor.size_of,
    "type": Executor.type_of,
} | dict.fromkeys(_ARITHMETIC, Executor.arithmetic)
