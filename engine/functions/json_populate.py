"""JSON to SQL values by type: json[b]_populate_record[set], json[b]_to_record[set].

json and jsonb are read through the same two-method view (TextJson, TreeJson), since json values keep
their text. A JSON string becomes a value of any type through the type's input function.
"""

from collections.abc import Callable, Iterable
from json.encoder import encode_basestring as quote_string
from typing import Any, NamedTuple, NoReturn

from ..errors import SqlError
from ..registry import CallSite, implements
from ..sqlstates import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_PARAMETER_VALUE,
    INVALID_TEXT_REPRESENTATION,
)
from ..types import jsontext
from ..types.composite import domain_check, row_type
from ..types.io import text_input
from ..types.jsonb import value_text
from ..values import Array, Jsonb, Record, RowType

JSON, JSONB, RECORD = 114, 3802, 2249


class TextJson:
    """How to read json values: texts."""

    name = "json"

    @staticmethod
    def kind(value: str) -> str:
        return jsontext.typeof(value)

    @staticmethod
    def items(value: str) -> list[str]:
        return jsontext.children(value)

    @staticmethod
    def fields(value: str) -> dict[str, str]:
        return dict(jsontext.pairs(value))

    @staticmethod
    def scalar(value: str, as_json: bool) -> str:
        value = value.strip(" \t\n\r")
        if value[:1] != '"':
            return value
        text = jsontext.unquote(value)
        return quote_string(text) if as_json else text


class TreeJson:
    """How to read jsonb values: what lies in a Jsonb."""

    name = "jsonb"

    @staticmethod
    def kind(value: Any) -> str:
        from .jsonb_access import tree_typeof

        return tree_typeof(value)

    @staticmethod
    def items(value: list[Any]) -> list[Any]:
        return value

    @staticmethod
    def fields(value: dict[str, Any]) -> dict[str, Any]:
        return value

    @staticmethod
    def scalar(value: Any, as_json: bool) -> str:
        return value if type(value) is str and not as_json else value_text(value)


View = type[TextJson] | type[TreeJson]


class Target(NamedTuple):
    """What is known of a type: its way of being filled, and its base or element type."""

    way: str  # scalar, array, row, domain
    typid: int
    typmod: int
    inner: int
    inner_typmod: int


def _target(catalog: Any, typid: int, typmod: int) -> Target:
    key = ("json_target", typid, typmod)
    found = catalog.cache.get(key)
    if found is None:
        row = catalog.pg_type.get(typid)
        if row.typtype == "d":
            base, base_typmod = catalog.base_type_and_typmod(typid, -1)
            found = Target("domain", typid, typmod, base, base_typmod)
        elif row.typtype == "c" or typid == RECORD:
            found = Target("row", typid, typmod, 0, -1)
        elif catalog.element_type(typid):
            found = Target("array", typid, typmod, catalog.element_type(typid), typmod)
        else:
            found = Target("scalar", typid, typmod, 0, -1)
        catalog.cache[key] = found
    return found


class Reader:
    """Fills values of one statement from JSON seen through a view."""

    __slots__ = ("catalog", "ctx", "view")

    def __init__(self, catalog: Any, ctx: Any, view: View) -> None:
        self.catalog = catalog
        self.ctx = ctx
        self.view = view

    def value(self, typid: int, typmod: int, json: Any, name: str | None, old: Any = None) -> Any:
        """A JSON value as a value of a type; `json` None (not JSON null) where there is none."""
        target = _target(self.catalog, typid, typmod)
        kind = "null" if json is MISSING else self.view.kind(json)
        if target.way == "domain":
            value = None
            if kind != "null":
                value = self.value(target.inner, target.inner_typmod, json, name, old)
            check = domain_check(self.catalog, typid)
            return value if check is None else check(self.ctx, value)
        if kind == "null":
            return None
        if target.way == "scalar" or kind == "string":
            return self.scalar(target, json)
        if target.way == "array":
            return self.array(target, json, name)
        shape = old.rowtype if typid == RECORD and old is not None else row_type(self.catalog, typid)
        return self.row(shape, json, old)

    def scalar(self, target: Target, json: Any) -> Any:
        base = target.typid
        if base == JSONB and self.view is TreeJson:
            return Jsonb(json)
        text = self.view.scalar(json, base in (JSON, JSONB))
        return text_input(self.catalog, base)(self.ctx, text, target.typmod)

    def row(self, shape: RowType, json: Any, old: Record | None) -> Record | None:
        """An object as a row; fields without a key stay as in `old`."""
        kind = self.view.kind(json)
        if kind != "object":
            what = "an array" if kind == "array" else "a scalar"
            raise SqlError(INVALID_PARAMETER_VALUE, f"cannot call populate_composite on {what}")
        fields = self.view.fields(json)
        if not fields and old is not None:
            return old
        values = []
        for place, (name, typid) in enumerate(zip(shape.names, shape.types, strict=True)):
            json_value = fields.get(name, MISSING)
            before = None if old is None else old.values[place]
            if json_value is MISSING and old is not None:
                values.append(before)
            else:
                values.append(self.value(typid, shape.typmods[place], json_value, name, before))
        return Record(shape, tuple(values))

    # --- arrays -------------------------------------------------------------------------------------

    def array(self, target: Target, json: Any, name: str | None) -> Array:
        filler = _ArrayFiller(self, target, name)
        filler.dimension(json, 1)
        if not filler.items:
            return Array(target.inner, (), (), ())
        filler.dims[0] = filler.sizes[0]
        return Array(target.inner, tuple(filler.items), tuple(filler.dims), (1,) * len(filler.dims))


class _ArrayFiller:
    """Nested JSON arrays as one array; the depth of the first item tells the number of dimensions."""

    def __init__(self, reader: Reader, target: Target, name: str | None) -> None:
        self.reader = reader
        self.target = target
        self.name = name
        self.items: list[Any] = []
        self.dims: list[int] = []
        self.sizes: list[int] = [0] * 7

    def dimension(self, json: Any, depth: int) -> None:
        view = self.reader.view
        if view.kind(json) != "array":
            self.expected_array(depth - 1)
        items = view.items(json)
        if not self.dims and (not items or view.kind(items[0]) != "array"):
            self.dims = [-1] * depth
        for item in items:
            if self.dims and depth >= len(self.dims):
                target = self.target
                self.items.append(self.reader.value(target.inner, target.inner_typmod, item, None))
                self.sizes[depth - 1] += 1
            else:
                self.dimension(item, depth + 1)
                self.check(depth)

    def check(self, depth: int) -> None:
        size = self.sizes[depth]
        if self.dims[depth] == -1:
            self.dims[depth] = size
        elif self.dims[depth] != size:
            raise SqlError(
                INVALID_TEXT_REPRESENTATION,
                "malformed JSON array",
                detail="Multidimensional arrays must have sub-arrays with matching dimensions.",
            )
        self.sizes[depth] = 0
        self.sizes[depth - 1] += 1

    def expected_array(self, depth: int) -> NoReturn:
        hint = None
        if depth <= 0:
            if self.name is not None:
                hint = f'See the value of key "{self.name}".'
        else:
            places = "".join([f"[{size}]" for size in self.sizes[:depth]])
            hint = f"See the array element {places}"
            hint += f' of key "{self.name}".' if self.name is not None else "."
        raise SqlError(INVALID_TEXT_REPRESENTATION, "expected JSON array", hint=hint)


MISSING: Any = object()


# --- the functions ----------------------------------------------------------------------------------------


def _read(view: View, value: Any) -> Any:
    if view is TreeJson:
        return value.value
    jsontext.check_escapes(value)
    return value


def _shape(site: CallSite, name: str, old: Record | None) -> RowType:
    """The rows' shape: of the argument's type, of the argument, or of the column definition list."""
    if site.arg_types and name.endswith(("populate_record", "populate_recordset", "_valid")):
        typid = site.catalog.base_type(site.arg_types[0])
        if typid != RECORD:
            return row_type(site.catalog, typid)
    if old is not None:
        if site.result_columns:
            _check_columns(site, old.rowtype)
        return old.rowtype
    if site.result_columns:
        names, types, typmods = zip(*site.result_columns, strict=True)
        return RowType(RECORD, names, types, typmods)
    raise SqlError(
        FEATURE_NOT_SUPPORTED,
        f"could not determine row type for result of {name}",
        hint="Provide a non-null record argument, or call the function in the FROM clause using a "
        "column definition list.",
    )


def _check_columns(site: CallSite, shape: RowType) -> None:
    """The argument's columns must be those of the column definition list."""
    message = "function return row and query-specified return row do not match"
    columns = site.result_columns
    if len(shape.types) != len(columns):
        have = len(shape.types)
        raise SqlError(
            DATATYPE_MISMATCH,
            message,
            detail=f"Returned row contains {have} attribute{'' if have == 1 else 's'}, "
            f"but query expects {len(columns)}.",
        )
    for place, (returned, column) in enumerate(zip(shape.types, columns, strict=True)):
        if returned != column[1]:
            names = [site.catalog.format_type(typid) for typid in (returned, column[1])]
            raise SqlError(
                DATATYPE_MISMATCH,
                message,
                detail=f"Returned type {names[0]} at ordinal position {place + 1}, "
                f"but query expects {names[1]}.",
            )


def _check_row_argument(site: CallSite, name: str) -> None:
    typid = site.catalog.base_type(site.arg_types[0])
    row = site.catalog.pg_type.get(typid)
    if typid != RECORD and row.typtype != "c":
        raise SqlError(DATATYPE_MISMATCH, f"first argument of {name} must be a row type")


def _checked(site: CallSite, ctx: Any, record: Any) -> Any:
    """The row checked by the argument's domain, if it is one."""
    check = domain_check(site.catalog, site.arg_types[0])
    return record if check is None else check(ctx, record)


def _register(view: View) -> None:
    prefix = view.name

    def populate_record(site: CallSite) -> Callable[..., Any]:
        name = f"{prefix}_populate_record"

        def run(ctx: Any, old: Record | None, value: Any, _unused: Any = None) -> Any:
            _check_row_argument(site, name)
            if value is None:
                return old
            shape = _shape(site, name, old)
            return _checked(
                site, ctx, Reader(site.catalog, ctx, view).row(shape, _read(view, value), _fit(shape, old))
            )

        return run

    def to_record(site: CallSite) -> Callable[..., Any]:
        name = f"{prefix}_to_record"

        def run(ctx: Any, value: Any) -> Any:
            shape = _shape(site, name, None)
            return Reader(site.catalog, ctx, view).row(shape, _read(view, value), None)

        return run

    def populate_recordset(site: CallSite) -> Callable[..., Any]:
        name = f"{prefix}_populate_recordset"

        def run(ctx: Any, old: Record | None, value: Any, _unused: Any = None) -> Iterable[Any]:
            _check_row_argument(site, name)
            if value is None:
                return ()
            shape = _shape(site, name, old)
            reader = Reader(site.catalog, ctx, view)
            rows = _objects(reader, name, _read(view, value))
            return [_checked(site, ctx, reader.row(shape, item, _fit(shape, old))) for item in rows]

        return run

    def to_recordset(site: CallSite) -> Callable[..., Any]:
        name = f"{prefix}_to_recordset"

        def run(ctx: Any, value: Any) -> Iterable[Any]:
            if value is None:
                return ()
            shape = _shape(site, name, None)
            reader = Reader(site.catalog, ctx, view)
            return [reader.row(shape, item, None) for item in _objects(reader, name, _read(view, value))]

        return run

    for maker in (populate_record, to_record, populate_recordset, to_recordset):
        implements(f"{prefix}_{maker.__name__}", context=True, bind=True)(maker)


def _fit(shape: RowType, old: Record | None) -> Record | None:
    """The old row, if it has the shape's columns."""
    return old if old is not None and len(old.values) == len(shape.types) else None


def _objects(reader: Reader, name: str, json: Any) -> list[Any]:
    kind = reader.view.kind(json)
    if kind != "array":
        text_what = "an object" if kind == "object" else "a scalar"
        what = "a non-array" if reader.view is TreeJson else text_what
        raise SqlError(INVALID_PARAMETER_VALUE, f"cannot call {name} on {what}")
    items = reader.view.items(json)
    if any(reader.view.kind(item) != "object" for item in items):
        raise SqlError(INVALID_PARAMETER_VALUE, f"argument of {name} must be an array of objects")
    return items


_register(TextJson)
_register(TreeJson)


@implements("jsonb_populate_record_valid", context=True, bind=True)
def jsonb_populate_record_valid(site: CallSite) -> Callable[..., bool | None]:
    def run(ctx: Any, old: Record | None, value: Jsonb | None) -> bool | None:
        _check_row_argument(site, "jsonb_populate_record_valid")
        if value is None:
            return None
        shape = _shape(site, "jsonb_populate_record_valid", old)
        try:
            _checked(site, ctx, Reader(site.catalog, ctx, TreeJson).row(shape, value.value, None))
        except SqlError:
            return False
        return True

    return run
