"""CREATE DOMAIN, ALTER DOMAIN."""

from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from pglast import ast

from .. import tree as t
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..sqlstates import (
    CHECK_VIOLATION,
    DATATYPE_MISMATCH,
    DUPLICATE_OBJECT,
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    NOT_NULL_VIOLATION,
    SYNTAX_ERROR,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from .addresses import find_object, require_object_owner
from .constraints import choose_constraint_name
from .deletion import perform_deletion
from .dependencies import (
    AUTO,
    NORMAL,
    PG_COLLATION,
    PG_CONSTRAINT,
    PG_TYPE,
    Address,
    record_dependency,
    record_expression,
)
from .heap import ColumnSpec, attnums_array, cook_default
from .names import require_type_usage
from .rows import new_row
from .types import insert_type, new_type_place, procedure

_REFUSED = {
    "CONSTR_UNIQUE": (SYNTAX_ERROR, "unique constraints not possible for domains"),
    "CONSTR_PRIMARY": (SYNTAX_ERROR, "primary key constraints not possible for domains"),
    "CONSTR_EXCLUSION": (SYNTAX_ERROR, "exclusion constraints not possible for domains"),
    "CONSTR_FOREIGN": (SYNTAX_ERROR, "foreign key constraints not possible for domains"),
    "CONSTR_GENERATED": (FEATURE_NOT_SUPPORTED, "specifying GENERATED not supported for domains"),
    "CONSTR_IDENTITY": (FEATURE_NOT_SUPPORTED, "specifying GENERATED not supported for domains"),
    "CONSTR_ATTR_ENFORCED": (
        FEATURE_NOT_SUPPORTED,
        "specifying constraint enforceability not supported for domains",
    ),
    "CONSTR_ATTR_NOT_ENFORCED": (
        FEATURE_NOT_SUPPORTED,
        "specifying constraint enforceability not supported for domains",
    ),
}
for _name in ("DEFERRABLE", "NOT_DEFERRABLE", "DEFERRED", "IMMEDIATE"):
    _REFUSED[f"CONSTR_ATTR_{_name}"] = (
        FEATURE_NOT_SUPPORTED,
        "specifying constraint deferrability not supported for domains",
    )


@command("CreateDomainStmt", tag="CREATE DOMAIN")
def create_domain(ctx: Any, statement: ast.CreateDomainStmt) -> None:
    """CREATE DOMAIN name AS type [COLLATE ...] [DEFAULT ...] [constraints]."""
    from ..bind.typenames import get_column_def_collation, typename_type_id_and_mod
    from ..treecodec import dump

    transaction = ctx.transaction
    name, namespace = new_type_place(ctx, statement.domainname)
    catalog = transaction.catalog
    context = ctx.session.analyze_context()
    base, typmod = typename_type_id_and_mod(context, statement.typeName)
    require_type_usage(ctx, base)
    row = catalog.pg_type.get(base)
    if row.typtype not in "bcderm":
        raise SqlError(
            DATATYPE_MISMATCH,
            f'"{catalog.format_type(base)}" is not a valid base type for a domain',
            position=statement.typeName.location,
        )
    column = ast.ColumnDef(
        colname=name, typeName=statement.typeName, collClause=statement.collClause, location=-1
    )
    if statement.collClause is not None and not row.typcollation:
        raise SqlError(
            DATATYPE_MISMATCH,
            f"collations are not supported by type {catalog.format_type(base)}",
            position=statement.collClause.location,
        )
    collation = get_column_def_collation(context, column, base)
    not_null, default, checks = _sort_constraints(ctx, statement, name, base, typmod, collation)
    default_text, default_tree = row.typdefault, row.typdefaultbin
    if default is not None:
        default_text = default_tree = None
        if not (isinstance(default, t.Const) and default.constisnull):
            default_text, default_tree = _default_text(ctx, default), dump(default)
    oid = insert_type(
        ctx,
        name,
        namespace,
        typlen=row.typlen,
        typbyval=row.typbyval,
        typtype="d",
        typcategory=row.typcategory,
        typdelim=row.typdelim,
        typinput=procedure(catalog, "domain_in"),
        typoutput=row.typoutput,
        typreceive=procedure(catalog, "domain_recv"),
        typsend=row.typsend,
        typanalyze=row.typanalyze,
        typalign=row.typalign,
        typstorage=row.typstorage,
        typbasetype=base,
        typtypmod=typmod,
        typndims=len(statement.typeName.arrayBounds or ()),
        typcollation=collation,
        typdefault=default_text,
        typdefaultbin=default_tree,
        typnotnull=False,
    )
    address = Address(PG_TYPE, oid)
    record_dependency(transaction, address, Address(PG_TYPE, base), NORMAL)
    if collation not in (0, 100):
        record_dependency(transaction, address, Address(PG_COLLATION, collation), NORMAL)
    if default is not None:
        record_expression(transaction, address, default, 0)
    for constraint in checks:
        add_domain_check(ctx, oid, constraint)
    if not_null is not None:
        add_domain_not_null(ctx, oid, not_null)


def _sort_constraints(
    ctx: Any, statement: Any, name: str, base: int, typmod: int, collation: int
) -> tuple[Any, Any, list[Any]]:
    not_null: Any = None
    nullable = False
    default: Any = None
    checks = []
    for constraint in statement.constraints or ():
        kind = constraint.contype.name
        refused = _REFUSED.get(kind)
        if refused is not None:
            raise SqlError(*refused, position=constraint.location)
        if kind == "CONSTR_DEFAULT":
            if default is not None:
                raise SqlError(SYNTAX_ERROR, "multiple default expressions", position=constraint.location)
            spec = ColumnSpec(name, base, typmod, collation)
            default = cook_default(ctx, ctx.session.parse_state(ctx.source), constraint.raw_expr, spec, "")
        elif kind == "CONSTR_NOTNULL":
            if nullable:
                raise SqlError(
                    SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints", position=constraint.location
                )
            if not_null is not None:
                raise SqlError(
                    SYNTAX_ERROR, "redundant NOT NULL constraint definition", position=constraint.location
                )
            not_null = constraint
        elif kind == "CONSTR_NULL":
            if not_null is not None:
                raise SqlError(
                    SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints", position=constraint.location
                )
            nullable = True
        elif kind == "CONSTR_CHECK":
            if constraint.is_no_inherit:
                raise SqlError(
                    INVALID_OBJECT_DEFINITION,
                    "check constraints for domains cannot be marked NO INHERIT",
                    position=constraint.location,
                )
            checks.append(constraint)
    return not_null, default, checks


def _default_text(ctx: Any, expr: Any) -> str:
    from ..catalog.deparse import deparse_expression

    return deparse_expression(expr, None, ctx.transaction.catalog)


def _insert(ctx: Any, domain: Any, name: str, kind: str, **columns: Any) -> int:
    transaction = ctx.transaction
    catalog = transaction.catalog
    if catalog.pg_constraint.find("conrelid_contypid_conname", 0, domain.oid, name):
        raise SqlError(DUPLICATE_OBJECT, f'constraint "{name}" for domain "{domain.typname}" already exists')
    oid = int(transaction.new_oid())
    transaction.catalog_insert(
        "pg_constraint",
        new_row(
            transaction.base_catalog,
            "pg_constraint",
            oid=oid,
            conname=name,
            connamespace=domain.typnamespace,
            contype=kind,
            contypid=domain.oid,
            **columns,
        ),
    )
    record_dependency(transaction, Address(PG_CONSTRAINT, oid), Address(PG_TYPE, domain.oid), AUTO)
    transaction.catalog_touch("pg_type", transaction.catalog.pg_type.get(domain.oid))
    return oid


def add_domain_check(ctx: Any, domain_oid: int, constraint: Any) -> Any:
    """A CHECK over VALUE; returns its expression."""
    from ..bind.coercion import coerce_to_boolean
    from ..bind.collations import assign_expr_collations
    from ..bind.expressions import transform_expr
    from ..treecodec import dump

    catalog = ctx.transaction.catalog
    domain = catalog.pg_type.get(domain_oid)
    name = constraint.conname or choose_constraint_name(
        ctx, domain.typname, None, "check", domain.typnamespace
    )
    pstate = ctx.session.parse_state(ctx.source)
    pstate.p_pre_columnref_hook = partial(_value_reference, domain)
    expr = coerce_to_boolean(pstate, transform_expr(pstate, constraint.raw_expr, "domain_check"), "CHECK")
    expr = assign_expr_collations(pstate, expr)
    oid = _insert(
        ctx,
        domain,
        name,
        "c",
        conbin=dump(expr),
        convalidated=not constraint.skip_validation,
        connoinherit=False,
    )
    record_expression(ctx.transaction, Address(PG_CONSTRAINT, oid), expr, 0)
    return expr


def add_domain_not_null(ctx: Any, domain_oid: int, constraint: Any) -> None:
    """NOT NULL: a constraint row and typnotnull."""
    transaction = ctx.transaction
    domain = transaction.catalog.pg_type.get(domain_oid)
    name = None if constraint is None else constraint.conname
    name = name or choose_constraint_name(ctx, domain.typname, None, "not_null", domain.typnamespace)
    _insert(ctx, domain, name, "n", conkey=attnums_array([1]))
    row = transaction.catalog.pg_type.get(domain_oid)
    transaction.catalog_update("pg_type", row, row._replace(typnotnull=True))


def _value_reference(domain: Any, pstate: Any, cref: Any) -> Any:
    """VALUE in a CHECK; None for other names (replaceDomainConstraintValue)."""
    if len(cref.fields) == 1 and getattr(cref.fields[0], "sval", None) == "value":
        return t.CoerceToDomainValue(
            domain.typbasetype, domain.typtypmod, domain.typcollation, cref.location if cref.location else -1
        )
    return None


@command("AlterDomainStmt", tag="ALTER DOMAIN")
def alter_domain(ctx: Any, statement: ast.AlterDomainStmt) -> Generator[Any, Any, str]:
    """ALTER DOMAIN name SET | DROP DEFAULT | NOT NULL, ADD | DROP | VALIDATE CONSTRAINT."""
    address = find_object(ctx, "OBJECT_DOMAIN", statement.typeName)
    assert address is not None
    require_object_owner(ctx, "OBJECT_DOMAIN", address)
    action = statement.subtype
    if action == "T":
        _alter_default(ctx, address.objid, statement.def_)
    elif action == "O":
        yield from _set_not_null(ctx, address.objid, None)
    elif action == "N":
        _drop_not_null(ctx, address.objid)
    elif action == "C":
        yield from _add_constraint(ctx, address.objid, statement.def_)
    elif action == "X":
        _drop_constraint(ctx, address.objid, statement)
    elif action == "V":
        yield from _validate(ctx, address.objid, statement.name)
    else:
        raise SqlError(FEATURE_NOT_SUPPORTED, f"ALTER DOMAIN action {action} is not supported")
    return "ALTER DOMAIN"


def _alter_default(ctx: Any, oid: int, raw: Any) -> None:
    from ..treecodec import dump

    transaction = ctx.transaction
    row = transaction.catalog.pg_type.get(oid)
    text = tree = None
    if raw is not None:
        spec = ColumnSpec(row.typname, row.typbasetype, row.typtypmod, row.typcollation)
        expr = cook_default(ctx, ctx.session.parse_state(ctx.source), raw, spec, "")
        if not (isinstance(expr, t.Const) and expr.constisnull):
            text, tree = _default_text(ctx, expr), dump(expr)
            record_expression(transaction, Address(PG_TYPE, oid), expr, 0)
    transaction.catalog_update("pg_type", row, row._replace(typdefault=text, typdefaultbin=tree))


def _set_not_null(ctx: Any, oid: int, constraint: Any) -> Iterator[Any]:
    if ctx.transaction.catalog.pg_type.get(oid).typnotnull:
        return
    yield from _verify(ctx, oid, None)
    add_domain_not_null(ctx, oid, constraint)


def _drop_not_null(ctx: Any, oid: int) -> None:
    transaction = ctx.transaction
    row = transaction.catalog.pg_type.get(oid)
    if not row.typnotnull:
        return
    for constraint in transaction.catalog.pg_constraint.find("contypid", oid):
        if constraint.contype == "n":
            perform_deletion(ctx, [Address(PG_CONSTRAINT, constraint.oid)], cascade=False)
    row = transaction.catalog.pg_type.get(oid)
    transaction.catalog_update("pg_type", row, row._replace(typnotnull=False))


def _add_constraint(ctx: Any, oid: int, constraint: Any) -> Iterator[Any]:
    kind = constraint.contype.name
    refused = _REFUSED.get(kind)
    if refused is not None:
        raise SqlError(*refused)
    if kind == "CONSTR_NOTNULL":
        yield from _set_not_null(ctx, oid, constraint)
        return
    if kind != "CONSTR_CHECK":
        raise SqlError(FEATURE_NOT_SUPPORTED, f"constraint {kind} is not supported for domains")
    if constraint.is_no_inherit:
        raise SqlError(INVALID_OBJECT_DEFINITION, "check constraints for domains cannot be marked NO INHERIT")
    expr = add_domain_check(ctx, oid, constraint)
    if not constraint.skip_validation:
        yield from _verify(ctx, oid, expr)


def _find_constraint(ctx: Any, oid: int, name: str) -> Any:
    rows = ctx.transaction.catalog.pg_constraint.find("conrelid_contypid_conname", 0, oid, name)
    return rows[0] if rows else None


def _drop_constraint(ctx: Any, oid: int, statement: Any) -> None:
    from ..bind.typenames import typename_to_string

    transaction = ctx.transaction
    row = _find_constraint(ctx, oid, statement.name)
    shown = typename_to_string(transaction.catalog, ast.TypeName(names=statement.typeName, typemod=-1))
    if row is None:
        message = f'constraint "{statement.name}" of domain "{shown}" does not exist'
        if not statement.missing_ok:
            raise SqlError(UNDEFINED_OBJECT, message)
        ctx.notice(Notice(f"{message}, skipping"))
        return
    cascade = statement.behavior.name == "DROP_CASCADE"
    if row.contype == "n":
        domain = transaction.catalog.pg_type.get(oid)
        transaction.catalog_update("pg_type", domain, domain._replace(typnotnull=False))
    perform_deletion(ctx, [Address(PG_CONSTRAINT, row.oid)], cascade=cascade)


def _validate(ctx: Any, oid: int, name: str) -> Iterator[Any]:
    from ..catalog.trees import load_tree

    transaction = ctx.transaction
    row = _find_constraint(ctx, oid, name)
    domain = transaction.catalog.pg_type.get(oid)
    if row is None:
        raise SqlError(UNDEFINED_OBJECT, f'constraint "{name}" of domain "{domain.typname}" does not exist')
    if row.contype != "c":
        raise SqlError(
            WRONG_OBJECT_TYPE, f'constraint "{name}" of domain "{domain.typname}" is not a check constraint'
        )
    yield from _verify(ctx, oid, load_tree(row.conbin))
    transaction.catalog_update("pg_constraint", row, row._replace(convalidated=True))


def _verify(ctx: Any, oid: int, expr: Any) -> Iterator[Any]:
    """All stored columns of the domain (and of domains over it): the CHECK, or NOT NULL if expr is None."""
    from .rewrite import scan_relation

    catalog = ctx.transaction.catalog
    domains = [oid]
    for one in domains:
        domains += [row.oid for row in catalog.pg_type.find("typbasetype", one) if row.oid not in domains]
    for domain in domains:
        for attribute in reversed(catalog.pg_attribute.find("atttypid", domain)):
            relation = catalog.pg_class.get(attribute.attrelid)
            if relation is None or relation.relkind not in "rm" or attribute.attisdropped:
                continue
            var = t.Var(1, attribute.attnum, domain, attribute.atttypmod, attribute.attcollation)
            base = catalog.base_type(oid)
            value = t.RelabelType(var, base, -1, attribute.attcollation)
            qual = (
                t.NullTest(var, "is_null") if expr is None else t.BoolExpr("not", (_with_value(expr, value),))
            )
            for item in scan_relation(ctx, catalog, relation.oid, (t.Const(23, 1),), qual):
                if type(item) is list and item:
                    where = f'column "{attribute.attname}" of table "{relation.relname}"'
                    if expr is None:
                        raise SqlError(NOT_NULL_VIOLATION, f"{where} contains null values")
                    raise SqlError(
                        CHECK_VIOLATION, f"{where} contains values that violate the new constraint"
                    )
                yield item


def _with_value(expr: Any, value: Any) -> Any:
    if isinstance(expr, t.CoerceToDomainValue):
        return value
    return t.map_children(expr, lambda node: _with_value(node, value))
