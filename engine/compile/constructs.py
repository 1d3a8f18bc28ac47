"""Expressions that build or take apart values: arrays, rows, subscripts, coercions, domains."""

from typing import Any

from .. import tree as t
from ..errors import SqlError
from ..run import arrays, domains, rows, sqlvalue
from ..sqlstates import FEATURE_NOT_SUPPORTED, INTERNAL_ERROR, INVALID_CURSOR_STATE
from ..types.io import text_input, text_output
from ..values import Array, Record, RowType
from .expressions import (
    apply_template,
    bind_temporary,
    call_parts,
    callee_of,
    emits,
    sort_code,
    strict,
    true,
    value,
    values,
)
from .scope import Scope
from .unit import NULL, Code

TEXT_LIKE = frozenset({25, 1043, 2275, 705})
JSONB = 3802


# --- arrays ---------------------------------------------------------------------------------------


@emits(t.ArrayExpr)
def _array_expr(scope: Scope, node: t.ArrayExpr) -> Code:
    items = ", ".join(code.source for code in values(scope, node.elements))
    unit = scope.unit
    if node.multidims:
        unit.helper("stack_arrays", arrays.stack_arrays)
        return Code(f"stack_arrays({node.element_typeid}, [{items}])", False)
    unit.helper("Array", Array)
    count = len(node.elements)
    if not count:
        return Code(f"Array({node.element_typeid}, (), (), ())", False)
    return Code(f"Array({node.element_typeid}, ({items},), ({count},), (1,))", False)


@emits(t.SubscriptingRef)
def _subscripting(scope: Scope, node: t.SubscriptingRef) -> Code:
    container = value(scope, node.refexpr)
    unit = scope.unit
    upper = [NULL if item is None else value(scope, item) for item in node.refupperindexpr]
    lower = [NULL if item is None else value(scope, item) for item in node.reflowerindexpr]
    given_upper = tuple([item is not None for item in node.refupperindexpr])
    given_lower = tuple([item is not None for item in node.reflowerindexpr])
    uppers = "".join(code.source + ", " for code in upper)
    lowers = "".join(code.source + ", " for code in lower)
    base = scope.catalog.base_type(node.refcontainertype)
    if base == JSONB:
        return _jsonb_subscript(scope, node, container, uppers)
    if node.refassgnexpr is not None:
        with scope.case_value(Code("current_element", True, True)):
            new = value(scope, node.refassgnexpr)
        element = scope.catalog.element_type(base) or node.refelemtype
        if lower:
            unit.helper("array_assign_slice", arrays.array_assign_slice)
            return Code(
                f"array_assign_slice({element}, {container.source}, ({lowers}), ({uppers}), {given_lower},"
                f" {given_upper}, {new.source})",
                True,
            )
        unit.helper("array_assign", arrays.array_assign)
        unit.helper("array_get", arrays.array_get)
        # the lambda gives a nested assignment (a[1].f = x) the element that it changes
        old, subscripts = unit.fresh("t"), unit.fresh("t")
        element_now = f"array_get({old}, *{subscripts}) if {old} is not None else None"
        change = f"(lambda current_element: {new.source})({element_now})"
        return Code(
            f"array_assign({element}, ({old} := {container.source}), ({subscripts} := ({uppers})), {change})",
            True,
        )
    if lower:
        unit.helper("array_slice", arrays.array_slice)
        return strict(
            scope,
            [container],
            lambda names: f"array_slice({names[0]}, ({lowers}), ({uppers}), {given_lower}, {given_upper})",
            True,
        ).code()
    unit.helper("array_get", arrays.array_get)
    return strict(scope, [container], lambda names: f"array_get({names[0]}, {uppers})", True).code()


def _jsonb_subscript(scope: Scope, node: t.SubscriptingRef, container: Code, path: str) -> Code:
    unit = scope.unit
    if node.reflowerindexpr:
        raise SqlError(FEATURE_NOT_SUPPORTED, "jsonb subscript does not support slices")
    unit.helper("jsonb_fetch", rows.jsonb_fetch)
    if node.refassgnexpr is None:
        return strict(scope, [container], lambda names: f"jsonb_fetch({names[0]}, ({path}))", True).code()
    unit.helper("jsonb_assign", rows.jsonb_assign)
    new = value(scope, node.refassgnexpr)
    return Code(f"jsonb_assign({container.source}, ({path}), {new.source})", False)


@emits(t.ArrayCoerceExpr)
def _array_coerce(scope: Scope, node: t.ArrayCoerceExpr) -> Code:
    unit = scope.unit
    item = unit.fresh("item")
    element = scope.catalog.element_type(scope.catalog.base_type(node.resulttype))
    with scope.case_value(Code(item, True, True)):
        code = value(scope, node.elemexpr)
    if code.source == item:
        return value(scope, node.arg) if element == 0 else _retyped(scope, node, element)
    unit.helper("Array", Array)
    return strict(
        scope,
        [value(scope, node.arg)],
        lambda n: (
            f"Array({element}, tuple([{code.source} for {item} in {n[0]}.items]), {n[0]}.dims, {n[0]}.lowers)"
        ),
        False,
        lambda _: True,
    ).code()


def _retyped(scope: Scope, node: t.ArrayCoerceExpr, element: int) -> Code:
    return strict(
        scope, [value(scope, node.arg)], lambda n: f"{n[0]}._replace(elemtype={element})", False
    ).code()


# --- rows -----------------------------------------------------------------------------------------


def composite_shape(scope: Scope, typid: int) -> RowType:
    columns = scope.catalog.row_columns(typid)
    return RowType(
        typid, tuple([c[0] for c in columns]), tuple([c[1] for c in columns]), tuple([c[2] for c in columns])
    )


@emits(t.RowExpr)
def _row_expr(scope: Scope, node: t.RowExpr) -> Code:
    unit = scope.unit
    unit.helper("Record", Record)
    base = scope.catalog.base_type(node.row_typeid)
    if base == 2249:
        names = node.colnames or tuple([f"f{i + 1}" for i in range(len(node.args))])
        types = tuple([scope.type_of(arg) for arg in node.args])
        shape = RowType(2249, tuple(names), types, tuple([scope.typmod_of(arg) for arg in node.args]))
    else:
        shape = composite_shape(scope, base)
    fields = "".join(code.source + ", " for code in values(scope, node.args)[: len(shape.types)])
    return Code(f"Record({unit.constant(shape, 'shape')}, ({fields}))", False)


def field_position(scope: Scope, typid: int, fieldnum: int) -> int:
    """The index in Record.values of an attribute number (dropped attributes have no value)."""
    base = scope.catalog.base_type(typid)
    row = scope.catalog.pg_type.get(base)
    if row is None or not row.typrelid:
        return fieldnum - 1
    columns = scope.catalog.relation(row.typrelid).columns
    return sum(1 for column in columns[: fieldnum - 1] if not column.dropped)


@emits(t.FieldSelect)
def _field_select(scope: Scope, node: t.FieldSelect) -> Code:
    position = field_position(scope, scope.type_of(node.arg), node.fieldnum)
    return strict(
        scope, [value(scope, node.arg)], lambda names: f"{names[0]}.values[{position}]", True
    ).code()


@emits(t.FieldStore)
def _field_store(scope: Scope, node: t.FieldStore) -> Code:
    unit = scope.unit
    shape = composite_shape(scope, scope.catalog.base_type(node.resulttype))
    old = value(scope, node.arg)
    unit.helper("record_replace", rows.record_replace)
    old_name = unit.fresh("t")
    pieces = []
    stored: dict[int, str] = {}  # what an earlier assignment has made of a field: f.a[1] = .., f.a[2] = ..
    for fieldnum, new in zip(node.fieldnums, node.newvals, strict=True):
        position = field_position(scope, node.resulttype, fieldnum)
        current = stored.get(position, f"({old_name}.values[{position}] if {old_name} is not None else None)")
        with scope.case_value(Code(current, True, True)):
            source = value(scope, new).source
        if node.fieldnums.count(fieldnum) > 1:
            stored[position] = unit.fresh("t")
            source = f"({stored[position]} := {source})"
        pieces.append(f"{position}: {source}")
    constant = unit.constant(shape, "shape")
    return Code(
        f"record_replace({constant}, ({old_name} := {old.source}), {{{', '.join(pieces)}}})",
        False,
    )


@emits(t.ConvertRowtypeExpr)
def _convert_rowtype(scope: Scope, node: t.ConvertRowtypeExpr) -> Code:
    source = composite_shape(scope, scope.catalog.base_type(scope.type_of(node.arg)))
    target = composite_shape(scope, node.resulttype)
    positions = tuple([source.names.index(name) for name in target.names])
    unit = scope.unit
    unit.helper("Record", Record)
    shape = unit.constant(target, "shape")
    return strict(
        scope,
        [value(scope, node.arg)],
        lambda n: f"Record({shape}, tuple([{n[0]}.values[i] for i in {positions}]))",
        False,
        lambda _: True,
    ).code()


@emits(t.RowCompareExpr)
def _row_compare(scope: Scope, node: t.RowCompareExpr) -> Code:
    """Compare column by column: the first unequal pair decides; a NULL before that is unknown."""
    unit = scope.unit
    unit.helper("compare_rows", rows.compare_rows)
    lefts = ", ".join(sort_code(scope, arg).source for arg in node.largs)
    rights = ", ".join(sort_code(scope, arg).source for arg in node.rargs)
    order = unit.fresh("order")
    return Code(
        f"(None if ({order} := compare_rows(({lefts},), ({rights},))) is None else {order} {node.cmptype} 0)",
        True,
    )


# --- coercions ------------------------------------------------------------------------------------


def _deferred(make: Any, *args: Any) -> Any:
    """An I/O function; one that does not exist raises when it is called."""
    try:
        return make(*args)
    except SqlError as error:
        failure = error

        def fail(*_: Any) -> Any:
            raise failure

        return fail


@emits(t.CoerceViaIO)
def _coerce_via_io(scope: Scope, node: t.CoerceViaIO) -> Code:
    source, target = scope.type_of(node.arg), node.resulttype
    unit = scope.unit
    write = read = ""
    if scope.catalog.base_type(source) not in TEXT_LIKE:
        write = unit.constant(_deferred(text_output, scope.catalog, source), f"write_{source}")
    if scope.catalog.base_type(target) not in TEXT_LIKE:
        read = unit.constant(
            _deferred(text_input, scope.catalog, scope.catalog.base_type(target)), f"read_{target}"
        )

    def build(names: list[str]) -> str:
        text = f"{write}(ctx, {names[0]})" if write else names[0]
        return f"{read}(ctx, {text}, -1)" if read else text

    return strict(scope, [value(scope, node.arg)], build, False).code()


@emits(t.CoerceToDomain)
def _coerce_to_domain(scope: Scope, node: t.CoerceToDomain) -> Code:
    code = value(scope, node.arg)
    check = domain_check(scope, node.resulttype)
    if check is None:
        return code
    return Code(f"{check}({code.source})", code.null)


def domain_check(scope: Scope, typid: int) -> str | None:
    """The name of a generated function value -> value that checks a domain; None: nothing to check."""
    unit = scope.unit
    key = ("domain", typid)
    if key in unit.subplans:
        return unit.subplans[key] or None
    constraints = domains.domain_constraints(scope.catalog, typid)
    if not constraints:
        unit.subplans[key] = ""
        return None
    name = unit.fresh("domain")
    unit.subplans[key] = name
    outer = unit.frame
    unit.frame = unit.root
    place = len(unit.root.lines)
    with unit.function(name, "collect", "value") as frame:
        for constraint in constraints:
            failure = unit.constant(constraint.failure, "failure")
            if constraint.expr is None:
                test = "value is None"
            else:
                inner = Scope(unit, None, _NO_QUERY)
                with inner.domain_value(Code("value", True, True)):
                    code = value(inner, constraint.expr)
                test = f"{code.source} is False"
            with frame.block(f"if {test}:"):
                frame.line(f"{failure}()")
        frame.line("return value")
    lines = unit.root.lines[place:]
    del unit.root.lines[place:]
    unit.root.prelude.extend([str(text)[4 * unit.root.indent :] for text in lines if type(text) is str])
    unit.frame = outer
    return name


def _empty_query() -> Any:
    from ..plan import nodes as plan

    return plan.PlannedQuery(plan=plan.Result(), targets=(), names=(), types=(), typmods=(), rtable=[])


_NO_QUERY = _empty_query()


# --- values of the session --------------------------------------------------------------------------


@emits(t.SQLValueFunction)
def _sql_value(scope: Scope, node: t.SQLValueFunction) -> Code:
    unit = scope.unit
    unit.helper("sql_value", sqlvalue.sql_value)
    name = f"sql_{node.op}_{node.typmod if node.typmod >= 0 else 'x'}"
    unit.root.need_prelude(f"{name} = sql_value(ctx, {node.op!r}, {node.typmod})")
    return Code(name, True, True)


@emits(t.NextValueExpr)
def _next_value(scope: Scope, node: t.NextValueExpr) -> Code:
    # the sequence belongs to the column: whoever may insert may use it
    from ..functions.sequences import next_value

    name = scope.unit.constant(next_value, "next_value")
    return Code(f"{name}(ctx, {node.seqid}, check=False)", False)


@emits(t.JsonIsPredicate)
def _json_is(scope: Scope, node: t.JsonIsPredicate) -> Code:
    unit = scope.unit
    unit.helper("is_json", rows.is_json)
    return strict(
        scope,
        [value(scope, node.expr)],
        lambda names: f"is_json({names[0]}, {node.item_type!r}, {node.unique_keys})",
        False,
    ).code()


@emits(t.MergeSupportFunc)
def _merge_action(scope: Scope, node: t.MergeSupportFunc) -> Code:
    home: Scope | None = scope
    while home is not None and not home.merge_action:
        home = home.parent
    if home is None:
        raise SqlError(INTERNAL_ERROR, "MERGE_ACTION() is not available here")
    return Code(home.merge_action, False)


@emits(t.OldNewVar)
def _old_new(scope: Scope, node: t.OldNewVar) -> Code:
    atom = (node.which, node.var.varno, node.var.varattno)
    return scope.level(node.var.varlevelsup).atom_code(atom)


@emits(t.Aggref, t.GroupingFunc)
def _outer_aggregate(scope: Scope, node: Any) -> Code:
    from .needs import lower_levels

    if node.agglevelsup:
        return value(scope.level(node.agglevelsup), lower_levels(node, node.agglevelsup))
    raise SqlError(INTERNAL_ERROR, "aggregate is not available here")


@emits(t.SetToDefault)
def _default(scope: Scope, node: Any) -> Code:
    return NULL


@emits(t.CurrentOfExpr)
def _current_of(scope: Scope, node: t.CurrentOfExpr) -> Code:
    unit = scope.unit
    rowid = scope.var(node.cvarno, -1)
    unit.helper("cursor_rowid", sqlvalue.cursor_rowid)
    relid = scope.planned.rtable[node.cvarno - 1].relid
    return Code(f"({rowid.source} == cursor_rowid(ctx, {node.cursor_name!r}, {relid}, {relid}))", False)


__all__ = [
    "INVALID_CURSOR_STATE",
    "apply_template",
    "bind_temporary",
    "call_parts",
    "callee_of",
    "domain_check",
    "true",
]
