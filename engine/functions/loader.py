"""Imports every module that registers implementations, so that the registry is complete."""

from importlib import import_module

MODULES: tuple[str, ...] = (
    "types.boolean",
    "types.integers",
    "types.identifiers",
    "types.floats",
    "types.numeric",
    "types.text",
    "types.bytea",
    "types.uuid",
    "types.arrays",
    "types.composite",
    "types.pseudotypes",
    "types.bits",
    "types.jsonio",
    "types.intervals",
    "types.timestamps",
    "types.dates",
    "types.times",
    "functions.math_float",
    "functions.math_numeric",
    "functions.aggregates_numeric",
    "functions.strings",
    "functions.text_format",
    "functions.binary",
    "functions.format_number",
    "functions.patterns",
    "functions.regexp",
    "functions.generic",
    "functions.regtypes",
    "functions.catalog",
    "functions.catalog_session",
    "functions.catalog_privileges",
    "functions.catalog_statistics",
    "functions.catalog_deparse",
    "functions.catalog_misc",
    "functions.sequences",
    "functions.messages",
    "functions.sqlbodies",
    "functions.sleeping",
    "functions.arrays",
    "functions.json_build",
    "functions.json_access",
    "functions.jsonb_access",
    "functions.jsonb_change",
    "functions.datetime_now",
)

_loaded = False


def load_all() -> None:
    """Import all implementation modules once."""
    global _loaded
    if _loaded:
        return
    room = __name__.rpartition(".functions")[0]
    for name in MODULES:
        import_module(f"{room}.{name}")
    _loaded = True
