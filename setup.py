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


def extensions() -> list:
    """One per compiled module, and the library; none without the flag."""
    if os.environ.get("GAVELDB_COMPILED") != "1":
        return []
    from mypyc.build import mypycify

    os.chdir(ROOT)
    os.environ["MYPYPATH"] = "build/links"
    modules = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["gaveldb"]["compiled"]
    paths = [f"build/links/gaveldb/{module.replace('.', '/')}.py" for module in modules]
    return mypycify(["--config-file=pyproject.toml", *paths], opt_level="2", group_name=GROUP)


setup(ext_modules=extensions())
