"""Catalog objects back to SQL: pg_get_viewdef() and its family (PostgreSQL's ruleutils.c).

`path` is the effective search path names are shortened by; `ctx` an ExecutionContext whose settings
constants are printed with (server defaults if None).
"""

from collections.abc import Iterable
from typing import Any

from ..errors import SqlError
from ..sqlstates import INTERNAL_ERROR
from ..tree import PartitionBoundSpec, RangeTblEntry
from .deparse_expr import quote_simple
from .deparse_query import Deparser
from .partitionbounds import bound_text
from .quoting import quote_identifier, quote_literal, quote_qualified
from .relation import Relation
from .trees import SQL_PREFIX, function_defaults, load_tree, view_definition
from .typenames import format_type

DEFAULT_PATH = (11, 2200)


def deparse_expression(
    expr: Any,
    context: Any,
    catalog: Any,
    pretty: bool = False,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
    use_prefix: bool = False,
    outer_rtables: Iterable[Any] = (),
) -> str:
    """An expression as SQL. `context` says what its Vars are: a relation's oid or descriptor
    (varno 1), a range table, or None or 0 if it has none. `outer_rtables`: those of the enclosing
    query levels, nearest first. `use_prefix`: columns are written table.column."""
    out = Deparser(catalog, pretty=pretty, path=path, ctx=ctx, varprefix=use_prefix)
    for rtable in reversed([rtable for rtable in outer_rtables if rtable is not context]):
        out.push(list(rtable))
    if isinstance(context, Relation):
        context = context.oid
    if not context:
        context = ()
    elif isinstance(context, int):
        row = catalog.pg_class.get(context)
        names = tuple(
            [
                ("" if a.attisdropped else a.attname)
                for a in catalog.pg_attribute.find("attrelid", context)
                if a.attnum > 0
            ]
        )
        context = [
            RangeTblEntry(
                "relation", eref=row.relname, eref_colnames=names, relid=context, relkind=row.relkind
            )
        ]
    out.push(list(context))
    out.expr(expr, False)
    return out.buf


def deparse_query(
    query: Any,
    catalog: Any,
    pretty: bool = False,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
    names: Any = None,
    wrap: int = 0,
) -> str:
    """A Query as SQL; `names` are its column names if they are not those of its targets."""
    out = Deparser(catalog, pretty=pretty, path=path, ctx=ctx)
    out.wrap_column = wrap
    out.query(query, names)
    return out.buf


def pg_get_viewdef(
    catalog: Any,
    oid: int,
    pretty: bool = False,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
    wrap: int = 0,
) -> str | None:
    """The SELECT of a view or materialized view; None for other relations."""
    row = catalog.pg_class.get(oid)
    if row is None or row.relkind not in "vm":
        return None
    relation = catalog.relation(oid)
    if oid < 16384 and not pretty and 11 in path:
        text = view_definition(oid)
        if text is not None:
            return " " + text
    names = [c.name for c in relation.columns]
    return deparse_query(relation.view_query, catalog, pretty, path, ctx, names, wrap) + ";"


def pg_get_expr(
    catalog: Any,
    text: str,
    relid: int,
    pretty: bool = False,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
) -> str | None:
    """The expression in a pg_node_tree column."""
    if text.startswith(SQL_PREFIX):
        return text[4:]
    if text == "<>":
        return None
    if relid and catalog.pg_class.get(relid) is None:
        return None
    tree = load_tree(text)
    if isinstance(tree, PartitionBoundSpec):
        return bound_text(catalog, tree, ctx)
    if isinstance(tree, tuple):
        return ", ".join([deparse_expression(e, relid, catalog, pretty, path, ctx) for e in tree])
    return deparse_expression(tree, relid, catalog, pretty, path, ctx)


# --- indexes and constraints ----------------------------------------------------------------------


def reloptions_text(options: Any) -> str:
    """name=value, name='value' (get_reloptions)."""
    parts = []
    for option in options.items:
        name, _, value = option.partition("=")
        shown = value if quote_identifier(value) == value else quote_simple(value)
        parts.append(f"{quote_identifier(name)}={shown}")
    return ", ".join(parts)


def opclass_text(catalog: Any, opclass: int, typid: int, path: tuple[int, ...]) -> str:
    """ " opclass" unless it is the type's default one (get_opclass_name)."""
    from ..lsyscache import get_default_opclass
    from .namespaces import is_visible

    row = catalog.pg_opclass.get(opclass)
    default = get_default_opclass(catalog, typid, row.opcmethod) if typid else None
    if default is not None and default.oid == opclass:
        return ""
    schema = None
    if not is_visible(catalog, "pg_opclass", opclass, path):
        schema = catalog.pg_namespace.get(row.opcnamespace).nspname
    return " " + quote_qualified(schema, row.opcname)


def pg_get_indexdef(
    catalog: Any,
    oid: int,
    column: int = 0,
    pretty: bool = False,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
    exclude_operators: Any = None,
    constraint: bool = False,
) -> str | None:
    """CREATE INDEX of an index, or one column of it; with exclude_operators what EXCLUDE says."""
    row = catalog.pg_index.get(oid)
    if row is None:
        return None
    relation = catalog.pg_class.get(oid)
    out = Deparser(catalog, pretty=pretty, path=path, ctx=ctx)
    am = catalog.pg_am.get(relation.relam).amname
    attributes = {a.attnum: a for a in catalog.pg_attribute.find("attrelid", row.indrelid)}
    expressions = iter(() if row.indexprs is None else load_tree(row.indexprs))
    items, included = [], []
    for n, attnum in enumerate(row.indkey.items):
        if attnum:
            text = quote_identifier(attributes[attnum].attname)
            typid, collation = attributes[attnum].atttypid, attributes[attnum].attcollation
        else:
            from ..treetypes import expr_collation, expr_type

            expr = next(expressions)
            text = deparse_expression(expr, row.indrelid, catalog, pretty, path, ctx)
            if not _looks_like_function(expr):
                text = f"({text})"
            typid, collation = expr_type(expr), expr_collation(expr)
        if column:
            if n + 1 == column:
                return text
            continue
        if n >= row.indnkeyatts:
            included.append(text)
            continue
        own = row.indcollation.items[n]
        if own and own != collation:
            text += " COLLATE " + out.collation_name(own)
        text += opclass_text(catalog, row.indclass.items[n], typid, path)
        if relation.relam == BTREE_AM:
            option = row.indoption.items[n]
            if option & 1:
                text += " DESC" + ("" if option & 2 else " NULLS LAST")
            elif option & 2:
                text += " NULLS FIRST"
        if exclude_operators is not None:
            text += " WITH " + out.operator_name(exclude_operators[n])
        items.append(text)
    if column:
        hidden = hidden_includes(catalog, row)[column - len(row.indkey.items) - 1 :]
        return hidden[0] if hidden and column > len(row.indkey.items) else ""
    if exclude_operators is not None:
        sql = f"EXCLUDE USING {quote_identifier(am)} ({', '.join(items)})"
    else:
        only = "ONLY " if relation.relkind == "I" else ""
        table = out.relation_name(row.indrelid, qualify=not pretty)
        sql = (
            f"CREATE {'UNIQUE ' if row.indisunique else ''}INDEX {quote_identifier(relation.relname)}"
            f" ON {only}{table} USING {quote_identifier(am)} ({', '.join(items)})"
        )
    included = included or hidden_includes(catalog, row)
    if included:
        sql += f" INCLUDE ({', '.join(included)})"
    if row.indnullsnotdistinct:
        sql += " NULLS NOT DISTINCT"
    if relation.reloptions is not None:
        sql += f" WITH ({reloptions_text(relation.reloptions)})"
    if row.indpred is not None:
        predicate = deparse_expression(load_tree(row.indpred), row.indrelid, catalog, pretty, path, ctx)
        sql += f" WHERE ({predicate})" if exclude_operators is not None else f" WHERE {predicate}"
    return sql


def hidden_includes(catalog: Any, index: Any) -> list[str]:
    """Aurora DSQL's primary keys hold the whole row, and say so: the columns that are not in the key."""
    if not index.indisprimary or index.indrelid < FIRST_NORMAL_OID:
        return []
    if catalog.pg_am.get(BTREE_AM).amname == "btree":
        return []
    return [
        quote_identifier(a.attname)
        for a in catalog.pg_attribute.find("attrelid", index.indrelid)
        if a.attnum > 0 and not a.attisdropped and a.attnum not in index.indkey.items
    ]


def _looks_like_function(expr: Any) -> bool:
    from .. import tree as t

    if isinstance(expr, t.FuncExpr):
        return expr.funcformat in (t.COERCE_EXPLICIT_CALL, t.COERCE_SQL_SYNTAX)
    return isinstance(expr, (t.NullIfExpr, t.CoalesceExpr, t.MinMaxExpr, t.SQLValueFunction))


BTREE_AM = 403
FIRST_NORMAL_OID = 16_384
_ACTIONS = {"a": None, "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def pg_get_constraintdef(
    catalog: Any, oid: int, pretty: bool = False, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """A constraint's definition without its name."""
    row = catalog.pg_constraint.get(oid)
    if row is None:
        return None
    names = {
        a.attnum: quote_identifier(a.attname) for a in catalog.pg_attribute.find("attrelid", row.conrelid)
    }

    def columns(array: Any, known: dict[int, str] = names, period: bool = False) -> str:
        parts = [known[n] for n in array.items]
        if period:
            parts[-1] = "PERIOD " + parts[-1]
        return ", ".join(parts)

    kind = row.contype
    if kind == "f":
        sql = _foreign_key(catalog, row, columns, path)
    elif kind in "pu":
        index = catalog.pg_index.get(row.conindid)
        sql = "PRIMARY KEY " if kind == "p" else "UNIQUE "
        if kind == "u" and index is not None and index.indnullsnotdistinct:
            sql += "NULLS NOT DISTINCT "
        sql += f"({columns(row.conkey)}{' WITHOUT OVERLAPS' if row.conperiod else ''})"
        others = hidden_includes(catalog, index) if index is not None else []
        if others:
            sql += f" INCLUDE ({', '.join(others)})"
        elif index is not None and index.indnatts > index.indnkeyatts:
            sql += f" INCLUDE ({', '.join([names[n] for n in index.indkey.items[index.indnkeyatts :]])})"
    elif kind == "c":
        text = row.conbin
        if text.startswith(SQL_PREFIX):
            sql = "CHECK " + text[4:]
        else:
            sql = f"CHECK ({deparse_expression(load_tree(text), row.conrelid, catalog, pretty, path, ctx)})"
        if row.connoinherit:
            sql += " NO INHERIT"
    elif kind == "n":
        sql = "NOT NULL" + (f" {columns(row.conkey)}" if row.conrelid else "")
        if row.connoinherit:
            sql += " NO INHERIT"
    elif kind == "x":
        sql = pg_get_indexdef(catalog, row.conindid, 0, pretty, path, ctx, row.conexclop.items) or ""
    elif kind == "t":
        sql = "TRIGGER"
    else:
        raise SqlError(INTERNAL_ERROR, f'invalid constraint type "{kind}"')
    if row.condeferrable:
        sql += " DEFERRABLE"
    if row.condeferred:
        sql += " INITIALLY DEFERRED"
    if not row.conenforced:
        sql += " NOT ENFORCED"
    elif not row.convalidated:
        sql += " NOT VALID"
    return sql


def _foreign_key(catalog: Any, row: Any, columns: Any, path: tuple[int, ...]) -> str:
    out = Deparser(catalog, path=path)
    others = {
        a.attnum: quote_identifier(a.attname) for a in catalog.pg_attribute.find("attrelid", row.confrelid)
    }
    sql = (
        f"FOREIGN KEY ({columns(row.conkey, period=row.conperiod)}) REFERENCES "
        f"{out.relation_name(row.confrelid)}({columns(row.confkey, others, row.conperiod)})"
    )
    if row.confmatchtype == "f":
        sql += " MATCH FULL"
    if _ACTIONS[row.confupdtype]:
        sql += f" ON UPDATE {_ACTIONS[row.confupdtype]}"
    if _ACTIONS[row.confdeltype]:
        sql += f" ON DELETE {_ACTIONS[row.confdeltype]}"
    if row.confdelsetcols is not None:
        sql += f" ({columns(row.confdelsetcols)})"
    return sql


# --- functions ------------------------------------------------------------------------------------


def argument_lists(proc: Any) -> list[tuple[str, str, int]]:
    """(mode, name, type) of all arguments."""
    types = proc.proargtypes.items if proc.proallargtypes is None else proc.proallargtypes.items
    modes = ["i"] * len(types) if proc.proargmodes is None else list(proc.proargmodes.items)
    names = [""] * len(types) if proc.proargnames is None else list(proc.proargnames.items)
    return list(zip(modes, names, types, strict=True))


_MODES = {"i": "", "o": "OUT ", "b": "INOUT ", "v": "VARIADIC "}


def function_arguments(
    catalog: Any,
    proc: Any,
    path: tuple[int, ...] = DEFAULT_PATH,
    ctx: Any = None,
    *,
    table: bool = False,
    defaults: bool = True,
) -> str:
    """The argument list; with `table` only the columns of RETURNS TABLE (print_function_arguments)."""
    expressions = list(function_defaults(catalog, proc)) if defaults else []
    texts = None
    if expressions and proc.proargdefaults.startswith(SQL_PREFIX):
        import re

        texts = [p.strip() for p in re.findall(r"(?:'[^']*'|[^,'])+", proc.proargdefaults[4:])]
    arguments = argument_lists(proc)
    inputs = sum(mode in "ibv" for mode, _, _ in arguments)
    first_default = inputs - len(expressions)
    insert_at = -1
    aggregate = catalog.pg_aggregate.get(proc.oid) if proc.prokind == "a" else None
    if aggregate is not None and aggregate.aggkind in "oh":
        insert_at = aggregate.aggnumdirectargs
    parts: list[str] = []
    order_by = ""
    seen = printed = 0
    for mode, name, typid in arguments:
        is_input = mode in "ibv"
        if is_input:
            seen += 1
        if table != (mode == "t"):
            continue
        text = "" if mode == "t" else _MODES[mode]
        if mode == "i" and proc.prokind == "p":
            text = "IN "
        if name:
            text += quote_identifier(name) + " "
        text += format_type(catalog, typid, None, path=path)
        if defaults and is_input and seen > first_default:
            n = seen - first_default - 1
            text += " DEFAULT " + (
                texts[n] if texts else deparse_expression(expressions[n], 0, catalog, False, path, ctx)
            )
        if insert_at == printed and printed == len(parts) and not table:
            order_by = "ORDER BY "
            parts.append(order_by + text)
        else:
            parts.append(text)
        printed += 1
    if insert_at == 0 and parts and not order_by:
        parts[0] = "ORDER BY " + parts[0]
    sql = ", ".join(parts)
    sql = sql.replace(", ORDER BY ", " ORDER BY ") if order_by else sql
    if (
        aggregate is not None
        and aggregate.aggkind == "h"
        and insert_at == len(arguments)
        and not table
        and parts
    ):
        sql += " ORDER BY " + parts[-1].removeprefix(
            "ORDER BY "
        )  # a hypothetical-set VARIADIC is shown twice
    return sql


def function_result(catalog: Any, proc: Any, path: tuple[int, ...] = DEFAULT_PATH) -> str | None:
    """What follows RETURNS; None for procedures."""
    if proc.prokind == "p":
        return None
    columns = function_arguments(catalog, proc, path, table=True, defaults=False)
    if columns:
        return f"TABLE({columns})"
    return ("SETOF " if proc.proretset else "") + format_type(catalog, proc.prorettype, None, path=path)


def pg_get_functiondef(
    catalog: Any, oid: int, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """CREATE OR REPLACE FUNCTION of a function or procedure."""
    from ..sqlstates import WRONG_OBJECT_TYPE

    proc = catalog.pg_proc.get(oid)
    if proc is None:
        return None
    if proc.prokind == "a":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{proc.proname}" is an aggregate function')
    function = proc.prokind != "p"
    language = catalog.pg_language.get(proc.prolang)
    schema = catalog.pg_namespace.get(proc.pronamespace).nspname
    lines = [
        f"CREATE OR REPLACE {'FUNCTION' if function else 'PROCEDURE'} {quote_qualified(schema, proc.proname)}"
        f"({function_arguments(catalog, proc, path, ctx)})"
    ]
    if function:
        lines.append(f" RETURNS {function_result(catalog, proc, path)}")
    if proc.protrftypes is not None:
        types = ", ".join(
            [f"FOR TYPE {format_type(catalog, x, None, path=path)}" for x in proc.protrftypes.items]
        )
        lines.append(f" TRANSFORM {types}")
    lines.append(f" LANGUAGE {quote_identifier(language.lanname)}")
    options = _function_options(catalog, proc, language.lanname, path)
    if options:
        lines.append(options)
    for setting in proc.proconfig.items if proc.proconfig is not None else ():
        name, _, value = setting.partition("=")
        from .namespaces import split_identifier_list

        if name.lower() in ("search_path", "temp_tablespaces", "session_preload_libraries"):
            value = ", ".join([quote_simple(item) for item in split_identifier_list(value)]) or "''"
        else:
            value = quote_simple(value)
        lines.append(f" SET {quote_identifier(name)} TO {value}")
    if proc.prosqlbody is not None:
        body = function_sqlbody(catalog, proc, path, ctx)
        return "\n".join(lines) + f"\n{body}\n"
    text = ""
    if proc.probin is not None:
        text = quote_simple(proc.probin) + ", "
    quote = "$function$" if function else "$procedure$"
    while quote in proc.prosrc:
        quote = quote[:-1] + "x$"
    return "\n".join(lines) + f"\nAS {text}{quote}{proc.prosrc}{quote}\n"


def _function_options(catalog: Any, proc: Any, language: str, path: tuple[int, ...]) -> str:
    text = ""
    if proc.prokind == "w":
        text += " WINDOW"
    text += {"i": " IMMUTABLE", "s": " STABLE"}.get(proc.provolatile, "")
    text += {"s": " PARALLEL SAFE", "r": " PARALLEL RESTRICTED"}.get(proc.proparallel, "")
    if proc.proisstrict:
        text += " STRICT"
    if proc.prosecdef:
        text += " SECURITY DEFINER"
    if proc.proleakproof:
        text += " LEAKPROOF"
    if proc.procost != (1 if language in ("internal", "c") else 100):
        text += f" COST {proc.procost:g}"
    if proc.prorows > 0 and proc.prorows != 1000:
        text += f" ROWS {proc.prorows:g}"
    if proc.prosupport:
        text += " SUPPORT " + Deparser(catalog, path=path).function_name(proc.prosupport)
    return text


def function_sqlbody(
    catalog: Any, proc: Any, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """RETURN ... or BEGIN ATOMIC ... END of an SQL function; None if its body is a string."""
    if proc.prosqlbody is None:
        return None
    if proc.prosqlbody.startswith(SQL_PREFIX):
        return str(proc.prosqlbody[4:])
    tree = load_tree(proc.prosqlbody)
    queries = tree if isinstance(tree, tuple) else (tree,)
    if len(queries) == 1 and getattr(queries[0], "isReturn", False):
        text = deparse_query(queries[0], catalog, path=path, ctx=ctx)
        return "RETURN" + text.strip().removeprefix("SELECT")
    body = "\n".join([f"{deparse_query(q, catalog, path=path, ctx=ctx)};" for q in queries])
    return f"BEGIN ATOMIC\n{body}\nEND"


# --- triggers, rules, statistics, partitions ------------------------------------------------------


def pg_get_triggerdef(
    catalog: Any, oid: int, pretty: bool = False, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """CREATE TRIGGER of a trigger."""
    row = catalog.pg_trigger.get(oid)
    if row is None:
        return None
    out = Deparser(catalog, pretty=pretty, path=path, ctx=ctx)
    kind = row.tgtype
    sql = f"CREATE {'CONSTRAINT ' if row.tgconstraint else ''}TRIGGER {quote_identifier(row.tgname)} "
    sql += "BEFORE" if kind & 2 else "INSTEAD OF" if kind & 64 else "AFTER"
    names = {a.attnum: a.attname for a in catalog.pg_attribute.find("attrelid", row.tgrelid)}
    events = []
    for bit, word in ((4, "INSERT"), (8, "DELETE"), (16, "UPDATE"), (32, "TRUNCATE")):
        if kind & bit:
            if bit == 16 and row.tgattr.items:
                word += " OF " + ", ".join([quote_identifier(names[n]) for n in row.tgattr.items])
            events.append(word)
    sql += f" {' OR '.join(events)} ON {out.relation_name(row.tgrelid, qualify=not pretty)} "
    if row.tgconstraint:
        if row.tgconstrrelid:
            sql += f"FROM {out.relation_name(row.tgconstrrelid)} "
        if not row.tgdeferrable:
            sql += "NOT "
        sql += f"DEFERRABLE INITIALLY {'DEFERRED' if row.tginitdeferred else 'IMMEDIATE'} "
    if row.tgoldtable or row.tgnewtable:
        sql += "REFERENCING "
        if row.tgoldtable:
            sql += f"OLD TABLE AS {quote_identifier(row.tgoldtable)} "
        if row.tgnewtable:
            sql += f"NEW TABLE AS {quote_identifier(row.tgnewtable)} "
    sql += "FOR EACH ROW " if kind & 1 else "FOR EACH STATEMENT "
    if row.tgqual is not None:
        table = catalog.pg_class.get(row.tgrelid)
        columns = tuple([names.get(n, "") for n in range(1, max(names) + 1)])
        rtable = [
            RangeTblEntry(
                "relation",
                alias=alias,
                eref=alias,
                eref_colnames=columns,
                relid=row.tgrelid,
                relkind=table.relkind,
            )
            for alias in ("old", "new")
        ]
        when = deparse_expression(load_tree(row.tgqual), rtable, catalog, pretty, path, ctx, True)
        sql += f"WHEN ({when}) "
    arguments = row.tgargs.split(b"\0")[:-1] if row.tgargs else []
    shown = ", ".join([quote_simple(a.decode()) for a in arguments])
    return sql + f"EXECUTE FUNCTION {out.function_name(row.tgfoid)}({shown})"


def pg_get_ruledef(
    catalog: Any, oid: int, pretty: bool = False, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """CREATE RULE of a rule; only views' own rules exist here."""
    row = catalog.pg_rewrite.get(oid)
    if row is None:
        return None
    out = Deparser(catalog, pretty=pretty, path=path, ctx=ctx)
    event = {"1": "SELECT", "2": "UPDATE", "3": "INSERT", "4": "DELETE"}[row.ev_type]
    sql = f"CREATE RULE {quote_identifier(row.rulename)} AS"
    sql += ("\n    " if out.pretty_indent else " ") + f"ON {event}"
    table = out.relation_name(row.ev_class, qualify=not pretty)
    sql += f" TO {table} DO {'INSTEAD ' if row.is_instead else ''}"
    return sql + (pg_get_viewdef(catalog, row.ev_class, pretty, path, ctx) or "NOTHING;")


def pg_get_partkeydef(
    catalog: Any, oid: int, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """RANGE (a, b) of a partitioned table."""
    row = catalog.pg_partitioned_table.get(oid)
    if row is None:
        return None
    out = Deparser(catalog, path=path, ctx=ctx)
    attributes = {a.attnum: a for a in catalog.pg_attribute.find("attrelid", oid)}
    expressions = iter(() if row.partexprs is None else load_tree(row.partexprs))
    items = []
    for n, attnum in enumerate(row.partattrs.items):
        if attnum:
            text = quote_identifier(attributes[attnum].attname)
            typid, collation = attributes[attnum].atttypid, attributes[attnum].attcollation
        else:
            from ..treetypes import expr_collation, expr_type

            expr = next(expressions)
            text = deparse_expression(expr, oid, catalog, False, path, ctx)
            text = text if _looks_like_function(expr) else f"({text})"
            typid, collation = expr_type(expr), expr_collation(expr)
        own = row.partcollation.items[n]
        if own and own != collation:
            text += " COLLATE " + out.collation_name(own)
        items.append(text + opclass_text(catalog, row.partclass.items[n], typid, path))
    strategy = {"h": "HASH", "l": "LIST", "r": "RANGE"}[row.partstrat]
    return f"{strategy} ({', '.join(items)})"


def pg_get_statisticsobjdef(
    catalog: Any, oid: int, columns_only: bool = False, path: tuple[int, ...] = DEFAULT_PATH, ctx: Any = None
) -> str | None:
    """CREATE STATISTICS of an extended statistics object."""
    row = catalog.pg_statistic_ext.get(oid)
    if row is None:
        return None
    names = {a.attnum: a.attname for a in catalog.pg_attribute.find("attrelid", row.stxrelid)}
    items = [quote_identifier(names[n]) for n in row.stxkeys.items]
    for expr in load_tree(row.stxexprs) if row.stxexprs is not None else ():
        text = deparse_expression(expr, row.stxrelid, catalog, True, path, ctx)
        items.append(text if _looks_like_function(expr) else f"({text})")
    if columns_only:
        return ", ".join(items)
    schema = catalog.pg_namespace.get(row.stxnamespace).nspname
    kinds = [
        word
        for letter, word in (("d", "ndistinct"), ("f", "dependencies"), ("m", "mcv"))
        if letter in row.stxkind.items
    ]
    sql = f"CREATE STATISTICS {quote_qualified(schema, row.stxname)}"
    if len(kinds) < 3 and len(items) > 1:
        sql += f" ({', '.join(kinds)})"
    table = Deparser(catalog, path=path).relation_name(row.stxrelid)
    return f"{sql} ON {', '.join(items)} FROM {table}"


__all__ = [
    "deparse_expression",
    "deparse_query",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_functiondef",
    "pg_get_indexdef",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_statisticsobjdef",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "quote_literal",
]
