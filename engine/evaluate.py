"""Evaluate one typed expression outside a query: EXECUTE arguments, defaults, partition bounds, ..."""

from typing import Any

from .plan.nodes import PlannedQuery, Result
from .tree import strip_locations
from .treetypes import expr_type, expr_typmod


def expression_function(catalog: Any, settings: Any, expr: Any) -> Any:
    """The compiled form of an expression without Vars: a function of the context."""
    from .compile.query import compile_query

    planned = PlannedQuery(
        plan=Result(),
        targets=(strip_locations(expr),),
        names=("?column?",),
        types=(expr_type(expr),),
        typmods=(expr_typmod(expr),),
        rtable=[],
    )
    compiled = compile_query(planned, catalog, settings)

    def evaluate(ctx: Any) -> Any:
        if compiled.point is not None:
            return compiled.point(ctx)[0][0]
        for batch in compiled.run(ctx):
            if batch:
                return batch[0][0]
        raise AssertionError("an expression gives one row")

    return evaluate


def evaluate_expression(ctx: Any, expr: Any) -> Any:
    """The value of an expression without Vars, in this context."""
    return expression_function(ctx.catalog, ctx.settings, expr)(ctx)
