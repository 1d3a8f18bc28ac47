"""EXPLAIN's structure (explain.explain_structure) as JSON, YAML and XML, in PostgreSQL's layout."""

import json
from typing import Any
from xml.sax.saxutils import escape

NAMESPACE = "http://www.postgresql.org/2009/explain"
_DECIMALS = {
    "Actual Startup Time": 3,
    "Actual Total Time": 3,
    "Planning Time": 3,
    "Execution Time": 3,
    "Time": 3,
}


def _number(label: str, value: float) -> str:
    return f"{value:.{_DECIMALS.get(label, 2)}f}"


def _plain(label: str, value: Any) -> str | None:
    """Numbers and booleans, which are not quoted; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(label, value)
    return str(value) if isinstance(value, int) else None


def to_json(value: Any, label: str = "", indent: int = 0) -> str:
    """The structure as EXPLAIN (FORMAT JSON) writes it."""
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(key)}: {to_json(item, key, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + "  " * indent + "}"
    if isinstance(value, list):
        if value and not isinstance(value[0], dict):
            return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in value) + "]"
        body = ",\n".join(pad + to_json(item, label, indent + 1) for item in value)
        return "[\n" + body + ("\n" if body else "") + "  " * indent + "]"
    plain = _plain(label, value)
    return plain if plain is not None else json.dumps(value, ensure_ascii=False)


def to_yaml(value: Any, indent: int = 0) -> str:
    """The structure as EXPLAIN (FORMAT YAML) writes it."""
    pad = " " * indent
    if isinstance(value, dict):
        parts = []
        for key, item in value.items():
            if isinstance(item, dict | list):
                below = f"\n{to_yaml(item, indent + 2)}" if item else ""
                parts.append(f"{pad}{key}: {below}")
            else:
                plain = _plain(key, item)
                text = plain if plain is not None else json.dumps(item, ensure_ascii=False)
                parts.append(f"{pad}{key}: {text}")
        return "\n".join(parts)
    out = []
    for item in value:
        if isinstance(item, dict):
            text = to_yaml(item, indent + 2)[indent + 2 :]
        else:
            text = json.dumps(item, ensure_ascii=False)
        out.append(f"{pad}- {text}")
    return "\n".join(out)


def to_xml(value: Any, tag: str = "Plan", indent: int = 0) -> str:
    """The structure as EXPLAIN (FORMAT XML) writes it: element names are the labels with dashes."""
    pad = " " * indent
    name = tag.replace(" ", "-")
    if isinstance(value, dict | list):
        lines = [f"{pad}<{name}>"]
        if isinstance(value, dict):
            lines += [to_xml(item, key, indent + 2) for key, item in value.items()]
        else:
            lines += [
                to_xml(item, "Plan" if isinstance(item, dict) else "Item", indent + 2) for item in value
            ]
        return "\n".join([*lines, f"{pad}</{name}>"])
    plain = _plain(tag, value)
    return f"{pad}<{name}>{escape(str(value)) if plain is None else plain}</{name}>"
