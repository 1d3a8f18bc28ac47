"""How engine values lie in stored rows: templates between engine values and msgpack-native values.

A stored row is a msgpack array; msgpack knows None, bool, 64-bit integers, floats, str, bytes and
arrays. `pack_template` and `unpack_template` give, per type, a format string for generated code
({0} = a not NULL value), or None where the value is stored as it is. `TEMPLATE_NAMES` holds the
globals which the templates mention.

| type           | stored as                                                                     |
|----------------|-------------------------------------------------------------------------------|
| numeric        | str                                                                           |
| jsonb          | str: its JSON text                                                            |
| interval, timetz | array of the fields (the codec writes named tuples so)                      |
| array          | [items, ...] for one dimension from 1; [items, dims, lowers] wrapped otherwise |
| range          | [flags, lower, upper]; multirange: an array of them                           |
| composite      | array by attribute number, holes for dropped attributes                       |
| the others     | themselves                                                                    |
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..values import Array, Interval, Record, RowType, TimeTz
from .jsonb import jsonb_load, jsonb_text

Convert = Callable[[Any], Any]


def pack_array(array: Array, pack: Convert | None) -> list[Any]:
    """[items] if the array has one dimension from 1 (or none), else [items, dims, lowers]."""
    items: Any = array.items
    if pack is not None:
        items = [None if item is None else pack(item) for item in items]
    dims = array.dims
    if len(dims) <= 1 and array.lowers in ((), (1,)):
        return [items]
    return [items, dims, array.lowers]


def unpack_array(stored: Any, elemtype: int, unpack: Convert | None) -> Array:
    """The array that pack_array stored."""
    items = stored[0]
    if unpack is not None:
        items = [None if item is None else unpack(item) for item in items]
    if len(stored) == 1:
        return Array(elemtype, tuple(items), (len(items),), (1,)) if items else Array(elemtype, (), (), ())
    return Array(elemtype, tuple(items), tuple(stored[1]), tuple(stored[2]))


def pack_record(
    record: Record, positions: tuple[int, ...], width: int, packs: "tuple[Convert | None, ...]"
) -> list[Any]:
    """The values by attribute number (position = number - 1)."""
    stored: list[Any] = [None] * width
    for value, position, pack in zip(record.values, positions, packs, strict=True):
        if value is not None:
            stored[position] = value if pack is None else pack(value)
    return stored


def unpack_record(
    stored: Any, rowtype: RowType, positions: tuple[int, ...], unpacks: "tuple[Convert | None, ...]"
) -> Record:
    """The record that pack_record stored; attributes added since are NULL."""
    width = len(stored)
    values = []
    for position, unpack in zip(positions, unpacks, strict=True):
        value = stored[position] if position < width else None
        values.append(value if value is None or unpack is None else unpack(value))
    return Record(rowtype, tuple(values))


TEMPLATE_NAMES: dict[str, Any] = {
    "Decimal": Decimal,
    "Interval": Interval,
    "TimeTz": TimeTz,
    "RowType": RowType,
    "jsonb_load": jsonb_load,
    "jsonb_text": jsonb_text,
    "pack_array": pack_array,
    "unpack_array": unpack_array,
    "pack_record": pack_record,
    "unpack_record": unpack_record,
}

_TEMPLATES: dict[int, tuple[str | None, str | None]] = {
    1700: ("str({0})", "Decimal({0})"),
    3802: ("jsonb_text({0})", "jsonb_load({0})"),
    1186: (None, "Interval(*{0})"),
    1266: (None, "TimeTz(*{0})"),
}


def register_storage(typid: int, pack: str | None, unpack: str | None, names: dict[str, Any]) -> None:
    """Give a type its own stored form and the names its templates use."""
    _TEMPLATES[typid] = (pack, unpack)
    TEMPLATE_NAMES.update(names)


def pack_template(catalog: Any, typid: int) -> str | None:
    """Engine value -> stored value, as a format template; None: no change."""
    return _templates(catalog, typid)[0]


def unpack_template(catalog: Any, typid: int) -> str | None:
    """Stored value -> engine value, as a format template; None: no change."""
    return _templates(catalog, typid)[1]


def _templates(catalog: Any, typid: int) -> tuple[str | None, str | None]:
    found = catalog.cache.get(("storage_templates", typid))
    if found is None:
        found = catalog.cache[("storage_templates", typid)] = _find_templates(catalog, typid)
    return found


def _find_templates(catalog: Any, typid: int) -> tuple[str | None, str | None]:
    if typid in _TEMPLATES:
        return _TEMPLATES[typid]
    if typid in (22, 30):  # int2vector, oidvector: one dimension from 0
        element = 21 if typid == 22 else 26
        return "pack_array({0}, None)", f"unpack_array({{0}}, {element}, None)"
    row = catalog.pg_type.get(typid)
    if row is None:
        return None, None
    if row.typtype == "d":
        return _templates(catalog, catalog.base_type(typid))
    if row.typtype == "c":
        return _composite_templates(catalog, row)
    if row.typtype in ("r", "m"):
        return _range_templates(catalog, row)
    if row.typtype == "p" and row.typname in ("record", "anyarray"):
        raise SqlError(FEATURE_NOT_SUPPORTED, f"values of type {row.typname} cannot be stored")
    element = catalog.element_type(typid)
    if element:
        pack, unpack = _templates(catalog, element)
        return (
            f"pack_array({{0}}, {_lambda(pack)})",
            f"unpack_array({{0}}, {element}, {_lambda(unpack)})",
        )
    return None, None


def _range_templates(catalog: Any, row: Any) -> tuple[str, str]:
    from .ranges import STORAGE_NAMES, range_info

    TEMPLATE_NAMES.update(STORAGE_NAMES)
    kind = "range" if row.typtype == "r" else "multirange"
    info = range_info(catalog, row.oid)
    pack, unpack = _templates(catalog, info.subtype)
    return (
        f"pack_{kind}({{0}}, {_lambda(pack)})",
        f"unpack_{kind}({{0}}, {info.typid}, {info.multirange}, {_lambda(unpack)})",
    )


def _composite_templates(catalog: Any, row: Any) -> tuple[str, str]:
    columns = catalog.relation(row.typrelid).columns
    live = [column for column in columns if not column.dropped]
    pairs = [_templates(catalog, column.typid) for column in live]
    positions = tuple(column.attnum - 1 for column in live)
    rowtype = RowType(
        row.oid,
        tuple(column.name for column in live),
        tuple(column.typid for column in live),
        tuple(column.typmod for column in live),
    )
    shape = f"RowType{tuple(rowtype)!r}".replace("{", "{{").replace("}", "}}")
    packs = "(" + "".join(_lambda(pack) + ", " for pack, _ in pairs) + ")"
    unpacks = "(" + "".join(_lambda(unpack) + ", " for _, unpack in pairs) + ")"
    return (
        f"pack_record({{0}}, {positions!r}, {len(columns)}, {packs})",
        f"unpack_record({{0}}, {shape}, {positions!r}, {unpacks})",
    )


def _lambda(template: str | None) -> str:
    return "None" if template is None else "(lambda x: " + template.replace("{0}", "x") + ")"


def _function(catalog: Any, typid: int, which: int) -> Convert | None:
    cache_key = ("storage_function", typid, which)
    try:
        return catalog.cache[cache_key]
    except KeyError:
        template = _templates(catalog, typid)[which]
        found = None if template is None else eval("lambda x: " + template.format("x"), dict(TEMPLATE_NAMES))
        catalog.cache[cache_key] = found
        return found


def pack_value(catalog: Any, typid: int, value: Any) -> Any:
    """One value (NULL included) as stored."""
    pack = _function(catalog, typid, 0)
    return value if value is None or pack is None else pack(value)


def unpack_value(catalog: Any, typid: int, stored: Any) -> Any:
    """One stored value (NULL included) as the engine's."""
    unpack = _function(catalog, typid, 1)
    return stored if stored is None or unpack is None else unpack(stored)
