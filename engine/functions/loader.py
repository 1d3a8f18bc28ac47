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
    "functions.partitions",
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
    "functions.publications",
    "functions.sqlbodies",
    "functions.sleeping",
    "functions.advisory",
    "functions.faults",
    "functions.lastcommit",
    "functions.arrays",
    "functions.json_build",
    "functions.json_access",
    "functions.jsonb_access",
    "functions.jsonb_change",
    "functions.json_populate",
    "types.jsonpath",
    "functions.jsonpath",
    "types.ranges",
    "functions.ranges",
    "functions.multiranges",
    "functions.hashes_extended",
    "types.network",
    "functions.network",
    "types.money",
    "types.lsn",
    "functions.datetime_now",
    "functions.datetime_parts",
    "functions.datetime_zones",
    "functions.datetime_make",
    "functions.formatting_datetime",
    "functions.formatting_input",
)

# types that register nothing but functions: imported when one of these is asked for
_FUNCTIONS_ONLY = frozenset(
    {"types.intervals", "types.timestamps", "types.dates", "types.times"}
    | {"types.ranges", "types.network", "types.money", "types.lsn"}
)
_loaded = False
_types_loaded = False


def load_types() -> None:
    """Import the modules of the types: besides functions they register encodings and sort keys."""
    global _types_loaded
    if not _types_loaded:
        _types_loaded = True
        for name in MODULES:
            if name.startswith("types.") and name not in _FUNCTIONS_ONLY:
                _import(name)


def load_all() -> None:
    """Import all implementation modules once."""
    global _loaded
    if _loaded:
        return
    _loaded = True  # before: modules look for each other's implementations while they are imported
    for name in MODULES:
        _import(name)


def load_for(prosrc: str) -> None:
    """Import what registers this implementation, if anything does."""
    if _loaded:
        return
    from .index import MODULE_OF

    module = MODULE_OF.get(prosrc)
    if module is not None:
        _import(module)
    else:
        load_all()


def _import(name: str) -> None:
    import_module(f"{__name__.rpartition('.functions')[0]}.{name}")
