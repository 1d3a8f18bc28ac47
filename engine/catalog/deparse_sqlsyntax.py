"""Functions that are printed in the SQL standard's special syntax (get_func_sql_syntax)."""

from typing import Any

from ..tree import Const, FuncExpr


def sql_syntax(out: Any, node: FuncExpr) -> bool:
    """Append the call; False if it is not one of these functions."""
    proc = out.catalog.pg_proc.get(node.funcid)
    if proc is None or proc.pronamespace != 11:
        return False
    printer = _PRINTERS.get(proc.proname)
    return printer is not None and bool(printer(out, node.args, proc.proname))


def _parts(out: Any, *parts: Any) -> bool:
    for part in parts:
        if isinstance(part, str):
            out.buf += part
        else:
            out.expr(part, False)
    return True


def _timezone(out: Any, args: Any, name: str) -> bool:
    if len(args) == 1:
        out.buf += "("
        out.paren(args[0], False, None)
        out.buf += " AT LOCAL)"
        return True
    out.buf += "("
    out.paren(args[1], False, FuncExpr(0, 0, funcformat="sql"))
    out.buf += " AT TIME ZONE "
    out.paren(args[0], False, FuncExpr(0, 0, funcformat="sql"))
    out.buf += ")"
    return True


def _overlaps(out: Any, args: Any, name: str) -> bool:
    return _parts(out, "((", args[0], ", ", args[1], ") OVERLAPS (", args[2], ", ", args[3], "))")


def _extract(out: Any, args: Any, name: str) -> bool:
    if not isinstance(args[0], Const):
        return False
    return _parts(out, f"EXTRACT({args[0].constvalue} FROM ", args[1], ")")


def _normalized(out: Any, args: Any, name: str) -> bool:
    form = f" {args[1].constvalue}" if len(args) == 2 else ""
    out.buf += "("
    out.paren(args[0], False, FuncExpr(0, 0, funcformat="sql"))
    out.buf += f" IS{form} NORMALIZED)"
    return True


def _normalize(out: Any, args: Any, name: str) -> bool:
    return _parts(out, "NORMALIZE(", args[0], f", {args[1].constvalue})" if len(args) == 2 else ")")


def _overlay(out: Any, args: Any, name: str) -> bool:
    tail = (" FOR ", args[3], ")") if len(args) == 4 else (")",)
    return _parts(out, "OVERLAY(", args[0], " PLACING ", args[1], " FROM ", args[2], *tail)


def _position(out: Any, args: Any, name: str) -> bool:
    return _parts(out, "POSITION((", args[1], ") IN (", args[0], "))")


def _substring(out: Any, args: Any, name: str) -> bool:
    from ..treetypes import expr_type

    if len(args) == 3 and expr_type(args[1]) == 25:
        return _parts(out, "SUBSTRING(", args[0], " SIMILAR ", args[1], " ESCAPE ", args[2], ")")
    if len(args) == 2 and expr_type(args[1]) == 25:
        return False
    tail = (" FOR ", args[2], ")") if len(args) == 3 else (")",)
    return _parts(out, "SUBSTRING(", args[0], " FROM ", args[1], *tail)


def _trim(out: Any, args: Any, name: str) -> bool:
    side = {"btrim": "BOTH", "ltrim": "LEADING", "rtrim": "TRAILING"}[name]
    middle = (" ", args[1]) if len(args) == 2 else ()
    return _parts(out, f"TRIM({side}", *middle, " FROM ", args[0], ")")


def _system_user(out: Any, args: Any, name: str) -> bool:
    return _parts(out, "SYSTEM_USER")


def _collation_for(out: Any, args: Any, name: str) -> bool:
    return _parts(out, "COLLATION FOR (", args[0], ")")


_PRINTERS = {
    "timezone": _timezone,
    "overlaps": _overlaps,
    "extract": _extract,
    "is_normalized": _normalized,
    "normalize": _normalize,
    "overlay": _overlay,
    "position": _position,
    "substring": _substring,
    "btrim": _trim,
    "ltrim": _trim,
    "rtrim": _trim,
    "system_user": _system_user,
    "pg_collation_for": _collation_for,
}
