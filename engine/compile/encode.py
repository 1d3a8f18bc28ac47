"""The row encoder: generated code that writes rows as DataRow messages into one buffer.

A row is `D`, int32 length, int16 number of columns, then per column int32 length and bytes, or -1
for NULL. Each column gets code of its own for its type and format.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from ..errors import SqlError
from ..types.io import binary_send, text_output

RowEncoder = Callable[[Any, Sequence[tuple[Any, ...]]], bytes]

INTEGERS = frozenset({20, 21, 23, 26, 28, 29})
TEXTS = frozenset({25, 1042, 1043, 19, 114, 705, 2275, 142})
_BINARY = {16: ">i?", 21: ">ih", 23: ">ii", 20: ">iq", 26: ">iI", 700: ">if", 701: ">id",
           1082: ">ii", 1114: ">iq", 1184: ">iq", 1083: ">iq"}  # fmt: skip
_LENGTHS = {16: 1, 21: 2, 23: 4, 20: 8, 26: 4, 700: 4, 701: 8, 1082: 4, 1114: 8, 1184: 8, 1083: 8}
NULL_FIELD = b"\xff\xff\xff\xff"


def make_row_encoder(catalog: Any, types: Sequence[int], formats: Sequence[int]) -> RowEncoder:
    """A function (ctx, rows) -> bytes of DataRow messages; formats: 0 text, 1 binary per column."""
    key = ("row_encoder", tuple(types), tuple(formats))
    found = catalog.cache.get(key)
    if found is None:
        found = catalog.cache[key] = _make(catalog, types, formats)
    return found


def _make(catalog: Any, types: Sequence[int], formats: Sequence[int]) -> RowEncoder:
    names: dict[str, Any] = {
        "NULL": NULL_FIELD,
        "head": Struct(">ciH").pack,
        "size": Struct(">i").pack,
    }
    width = len(types)
    columns = ", ".join(f"c{i}" for i in range(width))
    lines = ["def encode(ctx, rows):", "    out = []", "    add = out.append"]
    target = f"{columns}," if width else "_"
    lines.append(f"    for {target} in rows:")
    for index, (typid, binary) in enumerate(zip(types, formats, strict=True)):
        lines += ["        " + text for text in _column(catalog, names, index, typid, binary)]
    if not width:
        lines.append("        add(b'D\\x00\\x00\\x00\\x06\\x00\\x00')")
    else:
        fields = ", ".join(f"f{i}" for i in range(width))
        lengths = " + ".join(f"len(f{i})" for i in range(width))
        lines.append(f"        add(head(b'D', 6 + {lengths}, {width}))")
        lines += (
            [f"        add(f{i})" for i in range(width)] if width <= 2 else [f"        out += ({fields})"]
        )
    lines.append("    return b''.join(out)")
    exec(compile("\n".join(lines), "<row encoder>", "exec"), names)
    return names["encode"]


def _column(catalog: Any, names: dict[str, Any], index: int, typid: int, binary: int) -> list[str]:
    """Statements that make field f{index} from value c{index}."""
    base = catalog.base_type(typid)
    value, field = f"c{index}", f"f{index}"
    if binary and base in _BINARY:
        names[f"pack{index}"] = Struct(_BINARY[base]).pack
        return [f"{field} = NULL if {value} is None else pack{index}({_LENGTHS[base]}, {value})"]
    if not binary and base == 16:
        names["TRUE"], names["FALSE"] = b"\0\0\0\1t", b"\0\0\0\1f"
        return [f"{field} = NULL if {value} is None else TRUE if {value} else FALSE"]
    if not binary and base in INTEGERS:
        source = f"b'%d' % {value}"
    elif base in TEXTS:
        source = f"{value}.encode()"
    elif (base == 17 and binary) or (base == 2950 and binary):
        source = value
    else:
        source = _generic(catalog, names, index, base, binary)
    return [
        f"if {value} is None:",
        f"    {field} = NULL",
        "else:",
        f"    {field} = {source}",
        f"    {field} = size(len({field})) + {field}",
    ]


def _generic(catalog: Any, names: dict[str, Any], index: int, typid: int, binary: int) -> str:
    try:
        function = binary_send(catalog, typid) if binary else text_output(catalog, typid)
    except SqlError as error:
        failure = error

        def function(ctx: Any, value: Any) -> Any:
            raise failure

    names[f"write{index}"] = function
    call = f"write{index}(ctx, c{index})"
    return call if binary else f"{call}.encode()"
