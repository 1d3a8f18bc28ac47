"""Writes engine/functions/index.py: which module registers which implementation.

    python -m tests.tools.index_functions

Run it after adding functions; tests/tidy compares the index with the modules.
"""

from importlib import import_module
from pathlib import Path

from gaveldb.engine.functions.loader import MODULES
from gaveldb.engine.registry import IMPLEMENTATIONS

TARGET = Path(__file__).parents[2] / "engine" / "functions" / "index.py"


def index() -> dict[str, str]:
    """prosrc -> module name as in MODULES: the first module whose import brings the name. Right in a
    fresh process only."""
    found: dict[str, str] = {}
    for module in MODULES:
        import_module(f"gaveldb.engine.{module}")
        for prosrc in dict.keys(IMPLEMENTATIONS):
            found.setdefault(prosrc, module)
    return found


def text(found: dict[str, str]) -> str:
    """The module's source: names by module, one line each."""
    by_module: dict[str, list[str]] = {}
    for prosrc, module in sorted(found.items()):
        by_module.setdefault(module, []).append(prosrc)
    lines = ['"""Which module registers which implementation; made by tests/tools/index_functions.py."""', ""]
    lines += ["# ruff: noqa", "# fmt: off", "_NAMES = {"]
    lines += [f'    "{module}": "{" ".join(names)}",' for module, names in sorted(by_module.items())]
    lines += [
        "}",
        "",
        "MODULE_OF: dict[str, str] = {",
        "    name: module for module, names in _NAMES.items() for name in names.split()",
        "}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(text(index()))
