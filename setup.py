"""The optional compiled build: with GAVELDB_COMPILED=1, mypyc makes C extensions of some modules.

pyproject.toml holds everything else, and lists the modules. The sources stay pure Python and work without it;
`make compiled` builds a wheel this way and installs it into an environment of its own.
"""

import os
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
GROUP = "gaveldb.journal.compiled"  # the library that all of them share lies in one of the packages
C_FILES = Path("build/c")


def is_outdated(compiled: str, source: str) -> bool:
    """Whether a C file is to be compiled again: it or a header (the layouts of classes) is newer."""
    if not os.path.exists(compiled):
        return True
    made = os.path.getmtime(compiled)
    return any(os.path.getmtime(path) >= made for path in (source, *C_FILES.rglob("*.h")))


def extensions() -> list:
    """One per compiled module, and the library; none without the flag."""
    if os.environ.get("GAVELDB_COMPILED") != "1":
        return []
    from mypyc.build import mypycify
    from pybind11.setup_helpers import ParallelCompile

    os.chdir(ROOT)
    os.environ["MYPYPATH"] = "build/links"
    modules = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["gaveldb"]["compiled"]
    paths = [f"build/links/gaveldb/{module.replace('.', '/')}.py" for module in modules]
    options = ["--config-file=pyproject.toml", *paths]
    # One C file per module: all processors compile, and only what has changed.
    ParallelCompile(needs_recompile=is_outdated).install()
    found = mypycify(options, opt_level="2", group_name=GROUP, multi_file=True, target_dir=str(C_FILES))
    for extension in found:
        extension.include_dirs.append(str(C_FILES / Path(*GROUP.split(".")[:-1])))
    return found


setup(ext_modules=extensions())
