"""Typed trees in catalog columns, and the definitions of the built-in rows given as SQL ("sql:...").

Trees of expressions are immutable, so they are decoded once per text and shared by all versions.
"""

import re
from functools import lru_cache
from typing import Any

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED
from ..tree import CoerceToDomainValue, Const, OpExpr, RelabelType, ScalarArrayOpExpr
from ..values import Array, Jsonb, make_array

SQL_PREFIX = "sql:"
DEFAULT_COLLATION = 100


@lru_cache(8192)
def load_tree(text: str) -> Any:
    """The expression (or tuple of expressions) of a pg_node_tree column."""
    if text.startswith(SQL_PREFIX):
        return _builtin_check(text[4:])
    from ..treecodec import load

    tree = load(text)
    return tuple(tree) if isinstance(tree, list) else tree


def _builtin_check(text: str) -> Any:
    """The CHECK expressions of information_schema's two constrained domains."""
    if text == "((VALUE >= 0))":
        return OpExpr(525, 150, 16, (CoerceToDomainValue(23), Const(23, 0)))
    if text.startswith("(((VALUE)::text = ANY"):
        values = make_array(1043, ["YES", "NO"])
        array = RelabelType(
            Const(1015, values, constcollid=DEFAULT_COLLATION),
            1009,
            resultcollid=DEFAULT_COLLATION,
            relabelformat="cast",
        )
        value = RelabelType(CoerceToDomainValue(1043, 7, 950), 25, resultcollid=950, relabelformat="cast")
        return ScalarArrayOpExpr(98, 67, True, (value, array), inputcollid=950)
    raise SqlError(FEATURE_NOT_SUPPORTED, f"built-in expression {text} is not supported")


def function_defaults(catalog: Any, proc: Any) -> tuple[Any, ...]:
    """The default expressions of a function's last pronargdefaults input parameters."""
    text = proc.proargdefaults
    if text is None:
        return ()
    if not text.startswith(SQL_PREFIX):
        tree = load_tree(text)
        return tree if isinstance(tree, tuple) else (tree,)
    types = proc.proargtypes.items[proc.pronargs - proc.pronargdefaults :]
    parts = re.findall(r"(?:'[^']*'|[^,'])+", text[4:])
    return tuple([_builtin_default(part.strip(), typid) for part, typid in zip(parts, types, strict=True)])


def _builtin_default(text: str, typid: int) -> Const:
    """A constant like 'NFC'::text, false, 0 or NULL::text."""
    literal = text.split("::")[0].strip("'")
    collation = DEFAULT_COLLATION if typid == 25 else 0
    if text.startswith("NULL"):
        return Const(typid, None, True, constcollid=collation)
    value: Any
    if typid == 16:
        value = literal == "true"
    elif typid in (20, 21, 23):
        value = int(literal)
    elif typid in (700, 701):
        value = float(literal)
    elif typid == 3802:
        value = Jsonb({})
    elif typid == 1009:
        value = Array(25, (), (), ())
    else:
        value = literal
    return Const(typid, value, constcollid=collation)


def view_definition(relid: int) -> str | None:
    """The SQL text of a system view, None for others."""
    from .data.views import VIEWS

    return VIEWS.get(relid)


def view_query(catalog: Any, relid: int) -> Any:
    """The Query of a view or materialized view."""
    if relid < 16384:
        text = view_definition(relid)
        if text is not None:
            return _analyze_system_view(catalog, relid, text)
    from ..treecodec import load

    for rule in catalog.pg_rewrite.find("ev_class", relid):
        if rule.rulename == "_RETURN":
            if rule.ev_action.startswith(SQL_PREFIX):
                return _analyze_system_view(catalog, relid, rule.ev_action[len(SQL_PREFIX) :])
            query = load(rule.ev_action)
            return query[0] if isinstance(query, (list, tuple)) else query
    raise SqlError(FEATURE_NOT_SUPPORTED, f"view with OID {relid} has no definition")


def _analyze_system_view(catalog: Any, relid: int, text: str) -> Any:
    """Parse and analyse a definition with search_path pg_catalog, as the bootstrap superuser."""
    from pglast import parse_sql

    from ..bind.analyze import analyze
    from ..bind.parse_state import AnalyzeContext

    context = AnalyzeContext(catalog, (11,), role=10, ctx=BootstrapContext(catalog))
    return analyze(parse_sql(text)[0], text, context).query


class BootstrapContext:
    """An ExecutionContext for analysis outside any session, with the settings' defaults."""

    session = None
    transaction = None
    params: tuple[Any, ...] = ()
    statement_timestamp = transaction_timestamp = 0

    def __init__(self, catalog: Any) -> None:
        from ..settings import Settings

        self.catalog = catalog
        self.settings = Settings(None)

    def notice(self, notice: Exception) -> None:
        """Nobody listens."""
