"""Implementations of catalog functions, found by pg_proc.prosrc as PostgreSQL's fmgr does.

    @implements("int4pl", inline="...")
    def int4pl(a: int, b: int) -> int: ...

Rules, which the compiler relies on:

1. Strictness, volatility, set-returning etc. come from the pg_proc row, never from here. The
   compiler adds NULL handling for strict functions, so a strict body never sees None; a
   non-strict one does.
2. Arguments are positional, as many as pronargs (a VARIADIC argument arrives as one Array, as in
   PostgreSQL; for VARIADIC "any" the arguments arrive one by one).
3. `context=True`: the first argument is the ExecutionContext (engine/context.py): settings,
   catalog, transaction times, user, notices.
4. `bind=True`: the function is a factory, called once when the plan is compiled with a CallSite
   (argument and result types, collation, catalog) and returns the callable to be called per row
   (which takes the context first if context=True as well). For polymorphic functions that need
   element comparison or output functions.
5. A set-returning function returns an iterable of values (of tuples, if its result is a row).
6. `inline`: a format template for generated code, e.g. "({0} < {1})"; arguments are expressions
   without side effects that may be repeated; it must mean the same as the function. It must not
   refer to any name other than its arguments, Python builtins, and names listed in `names`
   (helpers put into the generated function's globals).
7. Aggregate transition and final functions are registered the same way, by their own prosrc;
   "internal" states are any Python object and may be mutated in place. Transition functions of
   aggregates get (state, *args), final functions (state [, extra args as None]).
   Window functions get a WindowObject (engine/run/window.py) with context as first argument.
8. Type input functions take (text[, typioparam, typmod]) as their pg_proc row declares, receive
   functions take bytes for `internal`; output functions return str, send functions bytes.
   "soft errors" (COPY ON_ERROR, pg_input_is_valid) are done by catching SqlError.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class CallSite(NamedTuple):
    """What a bind=True factory is told about the call it is made for."""

    catalog: Any
    funcid: int
    arg_types: tuple[int, ...]
    arg_typmods: tuple[int, ...]
    result_type: int
    result_typmod: int
    collation: int
    variadic: bool
    result_columns: tuple[tuple[str, int, int], ...] = ()  # (name, type, typmod) of a row result


class Implementation(NamedTuple):
    """A registered implementation and how it wants to be called."""

    function: Callable[..., Any]
    context: bool
    bind: bool
    inline: str | None
    names: dict[str, Any] | None
    waits: bool = False  # may wait for something (engine/run/strand.py): the plan runs on a strand


class _Implementations(dict[str, Implementation]):
    """prosrc -> Implementation. A name that is asked for and not there yet makes the module that
    registers it be imported (functions/index.py; all modules, if the index does not know it)."""

    def __missing__(self, prosrc: str) -> Implementation:
        from .functions.loader import load_for

        load_for(prosrc)
        if not dict.__contains__(self, prosrc):
            raise KeyError(prosrc)
        return dict.__getitem__(self, prosrc)

    def get(self, prosrc: str, default: Any = None) -> Any:
        """The implementation, or the default."""
        try:
            return self[prosrc]
        except KeyError:
            return default

    def __contains__(self, prosrc: object) -> bool:
        return self.get(prosrc) is not None  # type: ignore[arg-type]


IMPLEMENTATIONS: dict[str, Implementation] = _Implementations()


def implements(
    *prosrc: str,
    context: bool = False,
    bind: bool = False,
    inline: str | None = None,
    names: dict[str, Any] | None = None,
    waits: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated function under each pg_proc.prosrc name given."""

    def register(function: Function) -> Function:
        for name in prosrc:
            if dict.__contains__(IMPLEMENTATIONS, name):
                raise AssertionError(f"two implementations of {name}")
            IMPLEMENTATIONS[name] = Implementation(function, context, bind, inline, names, waits)
        return function

    return register
