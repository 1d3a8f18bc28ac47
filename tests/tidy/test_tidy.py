"""The rules of the code base that a program can check: rooms, imports, packaging, sizes."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("server", "engine", "storage", "journal")
BELOW = {
    "server": {"engine"},
    "engine": {"journal", "storage"},
    "storage": {"journal"},
    "journal": set[str](),
}
# The modules of a room that others may import. The SQLSTATE constants are part of the error door.
DOORS = {"api", "errors", "sqlstates"}
# server/cli.py wires the rooms, and so knows them all.
WIRING = {"server/cli.py"}
LINES_MAX = 800
# Files that were longer when the limit came, with the most they may have. Numbers only go down.
LONG_FILES: dict[str, int] = {}
PRINTING = {"server/cli.py"}
CLOCKS = {"time.time", "datetime.now", "datetime.datetime.now", "date.today", "datetime.utcnow"}
CLOCK_FILES = {"clock.py", "cli.py"}


def sources() -> list[Path]:
    """All Python files of the rooms; data tables are not code."""
    return [
        path
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "catalog/data" not in path.as_posix() and "__pycache__" not in path.parts
    ]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


SOURCES = sources()
TREES = {named(path): ast.parse(path.read_text()) for path in SOURCES}


def imports(tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    """(line, level, module) of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or ""


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of each call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_imports_go_downwards_and_through_doors() -> None:
    wrong = []
    for file, tree in TREES.items():
        room = file.split("/")[0]
        for line, level, module in imports(tree):
            if level or not module.startswith("gaveldb") or file.startswith("server/main/"):
                continue
            parts = module.split(".")
            where = f"{file}:{line}: imports {module}"
            if len(parts) < 2 or parts[1] not in ROOMS:
                if module != "gaveldb":
                    wrong.append(f"{where}: there is no such room")
            elif parts[1] == room:
                wrong.append(f"{where}: inside a room imports are relative")
            elif file not in WIRING and parts[1] not in BELOW[room]:
                wrong.append(f"{where}: {room} must not know {parts[1]}")
            elif len(parts) != 3 or parts[2] not in DOORS:
                wrong.append(f"{where}: only {', '.join(sorted(DOORS))} of another room")
    assert not wrong, "\n".join(wrong)


def test_relative_imports_stay_in_the_room() -> None:
    wrong = []
    for file, tree in TREES.items():
        depth = file.count("/")
        for line, level, module in imports(tree):
            if level > depth:
                wrong.append(f"{file}:{line}: leaves its room for {module}")
            if not level and module.split(".")[0] in ROOMS:
                wrong.append(f"{file}:{line}: imports {module} as a top-level package")
    assert not wrong, "\n".join(wrong)


def test_every_package_is_shipped() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(settings["tool"]["setuptools"]["packages"])
    found = {"gaveldb"}
    for room in ROOMS:
        for folder in (ROOT / room, *(ROOT / room).rglob("*")):
            if folder.is_dir() and any(folder.glob("*.py")) and folder != ROOT / "server/main":
                assert (folder / "__init__.py").exists(), f"{named(folder)} has no __init__.py"
                found.add(".".join(("gaveldb", *folder.relative_to(ROOT).parts)))
    assert found == listed


def test_every_dependency_is_declared() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {re.split(r"[^\w-]", line)[0].lower() for line in settings["project"]["dependencies"]}
    extra = settings["project"]["optional-dependencies"]["experiment"]
    optional = {re.split(r"[^\w-]", line)[0].lower() for line in extra}
    import sys

    wrong = []
    for file, tree in TREES.items():
        for line, level, module in imports(tree):
            top = module.split(".")[0]
            if level or top in sys.stdlib_module_names or top == "gaveldb":
                continue
            if file.startswith("journal/experiment/") and top in optional:
                continue
            if top.replace("_", "-").lower() not in declared:
                wrong.append(f"{file}:{line}: {top} is not among the dependencies")
    assert not wrong, "\n".join(wrong)


def test_nothing_prints() -> None:
    wrong = [
        f"{file}:{line}"
        for file, tree in TREES.items()
        if file not in PRINTING
        for line, name in calls(tree)
        if name == "print"
    ]
    assert not wrong, wrong


def test_time_comes_from_the_clock() -> None:
    wrong = [
        f"{file}:{line}: {name}"
        for file, tree in TREES.items()
        if Path(file).name not in CLOCK_FILES and file.split("/")[0] in ("journal", "storage")
        for line, name in calls(tree)
        if name in CLOCKS or name.startswith("random.")
    ]
    assert not wrong, wrong


def test_files_are_short() -> None:
    wrong = []
    for path in SOURCES:
        lines = len(path.read_text().splitlines())
        limit = LONG_FILES.get(named(path), LINES_MAX)
        if lines > limit:
            wrong.append(f"{named(path)}: {lines} lines, {limit} are allowed")
        elif limit != LINES_MAX and lines < limit:
            wrong.append(f"{named(path)}: shrank to {lines}; lower its number in LONG_FILES")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", sorted(TREES))
def test_a_module_says_what_it_is(file: str) -> None:
    assert ast.get_docstring(TREES[file]), f"{file} has no docstring"


def test_no_bare_except_and_no_unnumbered_todo() -> None:
    wrong = []
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{file}:{node.lineno}: bare except")
        for number, line in enumerate((ROOT / file).read_text().splitlines(), 1):
            if re.search(r"#.*\b(TODO|FIXME)\b(?!.*#\d)", line):
                wrong.append(f"{file}:{number}: a TODO without an issue number")
    assert not wrong, "\n".join(wrong)
