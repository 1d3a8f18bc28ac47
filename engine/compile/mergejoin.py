"""MergeJoin: as a hash join whose table is made of the inner side; the outer side's order, which the
nodes above may rely on, is kept. Full and right joins append the unmatched inner rows, so for
those the planner sorts above if order matters."""

from ..plan import nodes as plan
from .produce import PRODUCERS, produces
from .scope import Scope
from .unit import Consume


@produces(plan.MergeJoin)
def _merge_join(scope: Scope, node: plan.MergeJoin, consume: Consume) -> None:
    join = plan.HashJoin(
        jointype=node.jointype,
        outer=node.outer,
        inner=node.inner,
        keys=tuple([(outer, inner, 0) for outer, inner, *_ in node.keys]),
        joinquals=node.joinquals,
        quals=node.quals,
    )
    needs = scope.needs
    needs.above[id(join)] = needs.above[id(node)]
    needs.known[id(join)] = needs.known[id(node)]
    needs.varnos[id(join)] = needs.varnos[id(node)]
    scope.unit.keep(join)
    PRODUCERS[plan.HashJoin](scope, join, consume)
