"""format_type: the SQL names of types with their modifiers."""

from typing import Any

from .quoting import quote_identifier

# types whose standard name differs from pg_type.typname
STANDARD_NAMES = {
    1560: "bit",
    16: "boolean",
    1042: "character",
    700: "real",
    701: "double precision",
    21: "smallint",
    23: "integer",
    20: "bigint",
    1700: "numeric",
    1186: "interval",
    1083: "time without time zone",
    1266: "time with time zone",
    1114: "timestamp without time zone",
    1184: "timestamp with time zone",
    1562: "bit varying",
    1043: "character varying",
    114: "json",
}

_INTERVAL_FIELDS = {
    1 << 2: " year",
    1 << 1: " month",
    1 << 3: " day",
    1 << 10: " hour",
    1 << 11: " minute",
    1 << 12: " second",
    6: " year to month",
    8 | 1 << 10: " day to hour",
    8 | 3 << 10: " day to minute",
    8 | 7 << 10: " day to second",
    3 << 10: " hour to minute",
    7 << 10: " hour to second",
    6 << 10: " minute to second",
    0x7FFF: "",
}


def format_type(
    catalog: Any,
    typid: int,
    typmod: int | None = None,
    qualify: bool | None = None,
    path: tuple[int, ...] = (11, 2200),
) -> str:
    """The type's SQL name. `typmod` None: no modifier known, so bpchar is "character"; -1: none set,
    so bpchar is "bpchar". Names not visible on `path` are qualified; always if `qualify`."""
    if typid == 0:
        return "-"
    row = catalog.pg_type.get(typid)
    if row is None:
        return "???"
    array = False
    if row.typelem and row.typsubscript == 6179:  # array_subscript_handler: a true array type
        if row.typstorage != "p":
            element = catalog.pg_type.get(row.typelem)
            if element is None:
                return "???[]"
            typid, row, array = element.oid, element, True
    name = _standard_name(typid, typmod)
    if name is None or (qualify and name in ("json",)):
        visible = not qualify and (
            (row.typnamespace == 11 and 11 in path) or catalog.type_oid(row.typname, path) == typid
        )
        name = quote_identifier(row.typname)
        if not visible:
            schema = catalog.pg_namespace.get(row.typnamespace)
            name = quote_identifier(schema.nspname) + "." + name if schema else name
        if typmod is not None and typmod >= 0:
            name += typmod_text(catalog, row, typmod)
    return name + "[]" if array else name


def _standard_name(typid: int, typmod: int | None) -> str | None:
    """The SQL standard's spelling with its modifier, None for types that have no special one."""
    name = STANDARD_NAMES.get(typid)
    if name is None or name == "json":
        return name
    given = typmod is not None and typmod >= 0
    if typid in (1560, 1042):
        if given:
            return name + (f"({typmod})" if typid == 1560 else f"({typmod - 4})")  # type: ignore[operator]
        if typmod is not None:
            return '"bit"' if typid == 1560 else "bpchar"
        return name
    if not given:
        return name
    assert typmod is not None
    if typid == 1562:
        return f"{name}({typmod})"
    if typid == 1043:
        return f"{name}({typmod - 4})"
    if typid == 1700:
        return f"{name}{numeric_typmod(typmod)}"
    if typid == 1186:
        return name + interval_typmod(typmod)
    if typid in (1083, 1266, 1114, 1184):
        first, rest = name.split(" ", 1)
        return f"{first}({typmod}) {rest}"
    return name


def numeric_typmod(typmod: int) -> str:
    """(precision,scale)."""
    if typmod < 4:
        return ""
    packed = typmod - 4
    scale = ((packed & 0x7FF) ^ 1024) - 1024
    return f"({packed >> 16 & 0xFFFF},{scale})"


def interval_typmod(typmod: int) -> str:
    """The fields and precision of an interval, as " day to second(3)"."""
    fields, precision = typmod >> 16 & 0x7FFF, typmod & 0xFFFF
    text = _INTERVAL_FIELDS.get(fields, "")
    return text if precision == 0xFFFF else f"{text}({precision})"


def typmod_text(catalog: Any, row: Any, typmod: int) -> str:
    """The modifier of a type without a standard name, by its typmodout function."""
    if not row.typmodout:
        return f"({typmod})"
    from ..registry import IMPLEMENTATIONS

    proc = catalog.pg_proc.get(row.typmodout)
    implementation = IMPLEMENTATIONS.get(proc.prosrc)
    return f"({typmod})" if implementation is None else str(implementation.function(typmod))
