"""EXPLAIN's structure (explain.explain_structure) as YAML and XML, in PostgreSQL's layout."""

import json
from typing import Any
from xml.sax.saxutils import escape


def to_yaml(value: Any, indent: int = 0) -> str:
    """The structure as EXPLAIN (FORMAT YAML) writes it."""
    pad = " " * indent
    if isinstance(value, dict):
        parts = []
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                parts.append(f"{pad}{key}: \n{to_yaml(item, indent + 2)}")
            else:
                parts.append(f"{pad}{key}: {_yaml_scalar(item)}")
        return "\n".join(parts)
    if isinstance(value, list):
        out = []
        for item in value:
            text = (
                to_yaml(item, indent + 2)
                if isinstance(item, (dict, list))
                else " " * (indent + 2) + json.dumps(item)
            )
            out.append(pad + "- " + text[indent + 2 :])
        return "\n".join(out)
    return pad + _yaml_scalar(value)


def _yaml_scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value)


def to_xml(value: dict[str, Any], tag: str = "Plan", indent: int = 0) -> str:
    """The structure as EXPLAIN (FORMAT XML) writes it: element names are the labels with dashes."""
    pad = " " * indent
    name = tag.replace(" ", "-")
    lines = [f"{pad}<{name}>"]
    for key, item in value.items():
        element = key.replace(" ", "-")
        if key == "Plans":
            lines.append(f"{pad}  <Plans>")
            lines += [to_xml(child, "Plan", indent + 4) for child in item]
            lines.append(f"{pad}  </Plans>")
        elif isinstance(item, list):
            lines.append(f"{pad}  <{element}>")
            lines += [f"{pad}    <Item>{escape(str(i))}</Item>" for i in item]
            lines.append(f"{pad}  </{element}>")
        elif isinstance(item, dict):
            lines.append(to_xml(item, key, indent + 2))
        else:
            text = (
                ("true" if item else "false")
                if isinstance(item, bool)
                else f"{item:.2f}"
                if isinstance(item, float)
                else str(item)
            )
            lines.append(f"{pad}  <{element}>{escape(text)}</{element}>")
    lines.append(f"{pad}</{name}>")
    return "\n".join(lines)
