"""pg_get_viewdef(), pg_get_indexdef() and the rest of the family, over engine/catalog/deparse.py."""

from typing import Any

from ..catalog import deparse
from ..registry import implements
from .regtypes import relation_named, search_path


@implements("pg_get_viewdef", context=True)
def pg_get_viewdef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_viewdef(ctx.catalog, oid, False, search_path(ctx), ctx)


@implements("pg_get_viewdef_ext", context=True)
def pg_get_viewdef_ext(ctx: Any, oid: int, pretty: bool) -> str | None:
    return deparse.pg_get_viewdef(ctx.catalog, oid, pretty, search_path(ctx), ctx)


@implements("pg_get_viewdef_wrap", context=True)
def pg_get_viewdef_wrap(ctx: Any, oid: int, wrap: int) -> str | None:
    return deparse.pg_get_viewdef(ctx.catalog, oid, True, search_path(ctx), ctx, wrap)


@implements("pg_get_viewdef_name", context=True)
def pg_get_viewdef_name(ctx: Any, name: str) -> str | None:
    return pg_get_viewdef(ctx, relation_named(ctx, name) or 0)


@implements("pg_get_viewdef_name_ext", context=True)
def pg_get_viewdef_name_ext(ctx: Any, name: str, pretty: bool) -> str | None:
    return pg_get_viewdef_ext(ctx, relation_named(ctx, name) or 0, pretty)


@implements("pg_get_expr", context=True)
def pg_get_expr(ctx: Any, text: str, relid: int) -> str | None:
    return deparse.pg_get_expr(ctx.catalog, text, relid, False, search_path(ctx), ctx)


@implements("pg_get_expr_ext", context=True)
def pg_get_expr_ext(ctx: Any, text: str, relid: int, pretty: bool) -> str | None:
    return deparse.pg_get_expr(ctx.catalog, text, relid, pretty, search_path(ctx), ctx)


@implements("pg_get_indexdef", context=True)
def pg_get_indexdef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_indexdef(ctx.catalog, oid, 0, False, search_path(ctx), ctx)


@implements("pg_get_indexdef_ext", context=True)
def pg_get_indexdef_ext(ctx: Any, oid: int, column: int, pretty: bool) -> str | None:
    return deparse.pg_get_indexdef(ctx.catalog, oid, column, pretty, search_path(ctx), ctx)


@implements("pg_get_constraintdef", context=True)
def pg_get_constraintdef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_constraintdef(ctx.catalog, oid, False, search_path(ctx), ctx)


@implements("pg_get_constraintdef_ext", context=True)
def pg_get_constraintdef_ext(ctx: Any, oid: int, pretty: bool) -> str | None:
    return deparse.pg_get_constraintdef(ctx.catalog, oid, pretty, search_path(ctx), ctx)


@implements("pg_get_triggerdef", context=True)
def pg_get_triggerdef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_triggerdef(ctx.catalog, oid, False, search_path(ctx), ctx)


@implements("pg_get_triggerdef_ext", context=True)
def pg_get_triggerdef_ext(ctx: Any, oid: int, pretty: bool) -> str | None:
    return deparse.pg_get_triggerdef(ctx.catalog, oid, pretty, search_path(ctx), ctx)


@implements("pg_get_ruledef", context=True)
def pg_get_ruledef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_ruledef(ctx.catalog, oid, False, search_path(ctx), ctx)


@implements("pg_get_ruledef_ext", context=True)
def pg_get_ruledef_ext(ctx: Any, oid: int, pretty: bool) -> str | None:
    return deparse.pg_get_ruledef(ctx.catalog, oid, pretty, search_path(ctx), ctx)


@implements("pg_get_functiondef", context=True)
def pg_get_functiondef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_functiondef(ctx.catalog, oid, search_path(ctx), ctx)


@implements("pg_get_function_arguments", context=True)
def pg_get_function_arguments(ctx: Any, oid: int) -> str | None:
    proc = ctx.catalog.pg_proc.get(oid)
    return None if proc is None else deparse.function_arguments(ctx.catalog, proc, search_path(ctx), ctx)


@implements("pg_get_function_identity_arguments", context=True)
def pg_get_function_identity_arguments(ctx: Any, oid: int) -> str | None:
    proc = ctx.catalog.pg_proc.get(oid)
    if proc is None:
        return None
    return deparse.function_arguments(ctx.catalog, proc, search_path(ctx), ctx, defaults=False)


@implements("pg_get_function_result", context=True)
def pg_get_function_result(ctx: Any, oid: int) -> str | None:
    proc = ctx.catalog.pg_proc.get(oid)
    return None if proc is None else deparse.function_result(ctx.catalog, proc, search_path(ctx))


@implements("pg_get_function_sqlbody", context=True)
def pg_get_function_sqlbody(ctx: Any, oid: int) -> str | None:
    proc = ctx.catalog.pg_proc.get(oid)
    return None if proc is None else deparse.function_sqlbody(ctx.catalog, proc, search_path(ctx), ctx)


@implements("pg_get_function_arg_default", context=True)
def pg_get_function_arg_default(ctx: Any, oid: int, number: int) -> str | None:
    from ..catalog.trees import function_defaults

    proc = ctx.catalog.pg_proc.get(oid)
    if proc is None:
        return None
    arguments = deparse.argument_lists(proc)
    if not 1 <= number <= len(arguments) or arguments[number - 1][0] not in "ibv":
        return None
    position = sum(mode in "ibv" for mode, _, _ in arguments[:number]) - 1
    defaults = function_defaults(ctx.catalog, proc)
    first = proc.pronargs - len(defaults)
    if position < first:
        return None
    return deparse.deparse_expression(
        defaults[position - first], None, ctx.catalog, False, search_path(ctx), ctx
    )


@implements("pg_get_partkeydef", context=True)
def pg_get_partkeydef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_partkeydef(ctx.catalog, oid, search_path(ctx), ctx)


@implements("pg_get_statisticsobjdef", context=True)
def pg_get_statisticsobjdef(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_statisticsobjdef(ctx.catalog, oid, False, search_path(ctx), ctx)


@implements("pg_get_statisticsobjdef_columns", context=True)
def pg_get_statisticsobjdef_columns(ctx: Any, oid: int) -> str | None:
    return deparse.pg_get_statisticsobjdef(ctx.catalog, oid, True, search_path(ctx), ctx)
