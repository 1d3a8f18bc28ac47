"""CREATE FUNCTION, CREATE PROCEDURE and ALTER FUNCTION (functioncmds.c, pg_proc.c); bodies in SQL only.

1. `_parameters` reads the parameter list, `_attributes` the options.
2. `_body` analyses the body, unless check_function_bodies is off or types are polymorphic.
3. `_store` makes the pg_proc row, or replaces that of a function with the same input types.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pglast import ast

from ..bind import parse_state as k
from ..bind.polymorphic import check_valid_polymorphic_signature, is_polymorphic_type
from ..bind.sqlfunctions import analyze_body_statement, atomic_statements, check_sql_fn_retval, signature_of
from ..catalog.trees import load_tree
from ..commands.registry import command
from ..errors import Notice, SqlError
from ..registry import IMPLEMENTATIONS
from ..sqlstates import (
    DUPLICATE_FUNCTION,
    FEATURE_NOT_SUPPORTED,
    INSUFFICIENT_PRIVILEGE,
    INVALID_COLUMN_REFERENCE,
    INVALID_FUNCTION_DEFINITION,
    INVALID_PARAMETER_VALUE,
    SYNTAX_ERROR,
    TOO_MANY_ARGUMENTS,
    UNDEFINED_FUNCTION,
    UNDEFINED_OBJECT,
    WRONG_OBJECT_TYPE,
)
from ..treecodec import dump
from ..treetypes import expr_type
from ..values import make_array
from .dependencies import (
    NORMAL,
    PG_NAMESPACE,
    PG_PROC,
    PG_TYPE,
    Address,
    expression_addresses,
    query_addresses,
)
from .dependencies import record_dependency as record
from .names import creation_schema, is_owner, require_type_usage
from .rows import new_row

SQL_LANGUAGE = 14
INTERNAL_LANGUAGE = 12
PLPGSQL_LANGUAGE = 12775
RECORD, VOID, ANY, ANYARRAY, ANYCOMPATIBLEARRAY, TRIGGER = 2249, 2278, 2276, 2277, 5078, 2279
ARGUMENTS_MAX = 100
_COMMON = ("strict", "volatility", "security", "leakproof", "set", "cost", "rows", "support", "parallel")
_KINDS = {"f": "function", "a": "aggregate function", "w": "window function", "p": "procedure"}


class Parameters(NamedTuple):
    """The parameter list as pg_proc has it."""

    input_types: list[int]
    all_types: list[int]
    modes: list[str]
    names: list[str]
    defaults: list[Any]
    variadic: int
    required_result: int  # what OUT parameters make of the result; 0: nothing

    @property
    def has_modes(self) -> bool:
        """Whether there are other parameters than plain IN ones."""
        return any(mode != "i" for mode in self.modes)


def _bad(message: str, location: int | None = None, **more: Any) -> SqlError:
    return SqlError(INVALID_FUNCTION_DEFINITION, message, position=location, **more)


@command("CreateFunctionStmt")
def create_function(ctx: Any, statement: ast.CreateFunctionStmt) -> str:
    """CREATE [OR REPLACE] FUNCTION | PROCEDURE."""
    procedure = bool(statement.is_procedure)
    schema = statement.funcname[-2].sval if len(statement.funcname) > 1 else None
    name = statement.funcname[-1].sval
    namespace = creation_schema(ctx, schema)
    options = _attributes(statement.options or (), procedure)
    if statement.sql_body is not None and "as" in options:
        raise _bad("duplicate function body specified")
    if statement.sql_body is None and "as" not in options:
        raise _bad("no function body specified")
    language = _language(ctx, options, statement.sql_body is not None)
    parameters = _parameters(ctx, statement.parameters or (), procedure, language.lanname)
    result, returns_set = _result(ctx, statement, parameters, procedure, language.lanname)
    if "rows" in options and not returns_set:
        raise SqlError(INVALID_PARAMETER_VALUE, "ROWS is not applicable when function does not return a set")
    _check_polymorphic(ctx, parameters, result)
    if len(parameters.input_types) > ARGUMENTS_MAX:
        raise SqlError(TOO_MANY_ARGUMENTS, f"functions cannot have more than {ARGUMENTS_MAX} arguments")
    catalog = ctx.transaction.catalog
    body = options["as"].arg if "as" in options else ()
    if len(body) > 1:
        raise _bad(f'only one AS item needed for language "{language.lanname}"')
    row = new_row(
        catalog,
        "pg_proc",
        oid=0,
        proname=name,
        pronamespace=namespace,
        proowner=ctx.session.role,
        prolang=language.oid,
        procost=1.0 if language.oid == INTERNAL_LANGUAGE else 100.0,
        prorows=1000.0 if returns_set else 0.0,
        provariadic=parameters.variadic,
        prokind="p" if procedure else "f",
        proretset=returns_set,
        pronargs=len(parameters.input_types),
        pronargdefaults=len(parameters.defaults),
        prorettype=result,
        proargtypes=_vector(parameters.input_types),
        proallargtypes=make_array(26, parameters.all_types) if parameters.has_modes else None,
        proargmodes=make_array(18, parameters.modes) if parameters.has_modes else None,
        proargnames=make_array(25, parameters.names) if any(parameters.names) else None,
        proargdefaults=dump(parameters.defaults) if parameters.defaults else None,
        prosrc=body[0].sval if body else "",
    )
    row = _apply(ctx, row, options)
    if options.get("window") is not None:
        raise SqlError(FEATURE_NOT_SUPPORTED, "window functions in SQL are not supported")
    row, queries = _parsed_body(ctx, statement, row, language)
    _store(ctx, row, parameters, queries, bool(statement.replace))
    if statement.sql_body is None and language.oid == SQL_LANGUAGE:
        _check_types(catalog, row)
        if ctx.session.settings.get("check_function_bodies") in ("on", True):
            _validate(ctx, row, statement)  # now, as a function may call itself
    if language.oid == PLPGSQL_LANGUAGE and ctx.session.settings.get("check_function_bodies") in ("on", True):
        _validate_plpgsql(ctx, row)
    return "CREATE PROCEDURE" if procedure else "CREATE FUNCTION"


def _vector(items: Sequence[int]) -> Any:
    array = make_array(26, list(items))
    return array._replace(lowers=(0,)) if items else array


# --- clauses ----------------------------------------------------------------------------------------


def _attributes(options: Sequence[Any], procedure: bool) -> dict[str, Any]:
    """The options by name; "set" has a list."""
    found: dict[str, Any] = {}
    for option in options:
        name = option.defname
        if name == "set":
            found.setdefault("set", []).append(option.arg)
            continue
        if name in found:
            raise SqlError(SYNTAX_ERROR, "conflicting or redundant options", position=option.location)
        if procedure and name in (
            "window",
            "volatility",
            "strict",
            "leakproof",
            "cost",
            "rows",
            "support",
            "parallel",
        ):
            raise _bad("invalid attribute in procedure definition", option.location)
        found[name] = option
    return found


def _language(ctx: Any, options: dict[str, Any], has_body: bool) -> Any:
    catalog = ctx.transaction.catalog
    if "language" not in options:
        if not has_body:
            raise _bad("no language specified")
        name = "sql"
    else:
        name = options["language"].arg.sval
    found = next((row for row in catalog.pg_language.rows() if row.lanname == name), None)
    if found is None:
        raise SqlError(UNDEFINED_OBJECT, f'language "{name}" does not exist')
    if has_body and found.oid != SQL_LANGUAGE:
        raise _bad("inline SQL function body only valid for language SQL")
    if found.oid not in (SQL_LANGUAGE, INTERNAL_LANGUAGE, PLPGSQL_LANGUAGE):
        raise SqlError(FEATURE_NOT_SUPPORTED, f"functions in language {name} are not supported")
    if not found.lanpltrusted:
        from ..catalog.privileges import is_superuser

        if not is_superuser(catalog, ctx.session.role):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for language {name}")
    elif found.lanacl is not None:
        from ..catalog.privileges import has_privilege

        if not has_privilege(catalog, ctx.session.role, "language", found.oid, "USAGE"):
            raise SqlError(INSUFFICIENT_PRIVILEGE, f"permission denied for language {name}")
    return found


def _parameters(ctx: Any, parameters: Sequence[Any], procedure: bool, language: str) -> Parameters:
    context = ctx.session.analyze_context()
    pstate = k.make_parsestate(context, ctx.source)
    catalog = context.catalog
    from ..bind.typenames import lookup_type_name, typename_to_string

    made = Parameters([], [], [], [], [], 0, 0)
    outs: list[int] = []
    variadic = 0
    for parameter in parameters:
        mode = {"d": "i"}.get(parameter.mode.value, parameter.mode.value)
        row = lookup_type_name(context, parameter.argType)
        if row is None:
            raise SqlError(
                UNDEFINED_OBJECT, f"type {typename_to_string(catalog, parameter.argType)} does not exist"
            )
        if not row.typisdefined and language == "sql":
            raise _bad(f"SQL function cannot accept shell type {catalog.format_type(row.oid)}")
        require_type_usage(ctx, row.oid)
        if parameter.argType.setof:
            kind = "procedures" if procedure else "functions"
            raise _bad(f"{kind} cannot accept set arguments", parameter.location)
        typid = row.oid
        is_input = mode in ("i", "b", "v")
        if is_input:
            if variadic:
                raise _bad("VARIADIC parameter must be the last input parameter", parameter.location)
            made.input_types.append(typid)
        if mode in ("o", "b", "t"):
            if procedure and mode == "o" and made.defaults:
                raise _bad(
                    "procedure OUT parameters cannot appear after one with a default value",
                    parameter.location,
                )
            outs.append(typid)
        if mode == "v":
            variadic = _variadic_element(catalog, typid, parameter.location)
        made.all_types.append(typid)
        made.modes.append(mode)
        _check_name(made, parameter.name or "", mode, parameter.location)
        made.names.append(parameter.name or "")
        if parameter.defexpr is not None:
            if not is_input:
                raise _bad("only input parameters can have default values", parameter.location)
            made.defaults.append(_default(pstate, parameter.defexpr, typid))
        elif is_input and made.defaults:
            raise _bad(
                "input parameters after one with a default value must also have defaults", parameter.location
            )
    required = 0
    if outs:
        required = RECORD if procedure or len(outs) > 1 else outs[0]
    return made._replace(variadic=variadic, required_result=required)


def _variadic_element(catalog: Any, typid: int, location: int) -> int:
    if typid == ANY:
        return ANY
    if typid in (ANYARRAY, ANYCOMPATIBLEARRAY):
        return {ANYARRAY: 2283, ANYCOMPATIBLEARRAY: 5077}[typid]
    element = catalog.element_type(typid)
    if not element:
        raise _bad("VARIADIC parameter must be an array", location)
    return int(element)


def _check_name(made: Parameters, name: str, mode: str, location: int) -> None:
    if not name:
        return
    for other, known in zip(made.modes[:-1], made.names, strict=True):
        inputs, outputs = ("i", "v"), ("o", "t")
        if (mode in inputs and other in outputs) or (mode in outputs and other in inputs):
            continue
        if known == name:
            raise _bad(f'parameter name "{name}" used more than once', location)


def _default(pstate: Any, raw: Any, typid: int) -> Any:
    from ..bind.coercion import coerce_to_specific_type
    from ..bind.collations import assign_expr_collations
    from ..bind.constants import analyze_with_locations
    from ..bind.expressions import transform_expr
    from ..tree import Var, strip_locations
    from ..treetypes import walk

    def run() -> Any:
        expr = transform_expr(pstate, raw, k.EXPR_KIND_FUNCTION_DEFAULT)
        expr = coerce_to_specific_type(pstate, expr, typid, "DEFAULT")
        return assign_expr_collations(pstate, expr) or expr

    expr = analyze_with_locations(pstate.context, pstate.p_sourcetext, raw, run)
    if pstate.p_rtable or any(isinstance(node, Var) for node in walk(expr)):
        raise SqlError(INVALID_COLUMN_REFERENCE, "cannot use table references in parameter default value")
    return strip_locations(expr)


def _result(
    ctx: Any, statement: Any, parameters: Parameters, procedure: bool, language: str
) -> tuple[int, bool]:
    from ..bind.typenames import lookup_type_name, typename_to_string

    context = ctx.session.analyze_context()
    catalog = context.catalog
    required = parameters.required_result
    if procedure:
        return required or VOID, False
    if statement.returnType is None:
        if not required:
            raise _bad("function result type must be specified")
        return required, False
    row = lookup_type_name(context, statement.returnType)
    if row is None:
        raise SqlError(
            UNDEFINED_OBJECT, f'type "{typename_to_string(catalog, statement.returnType)}" does not exist'
        )
    if not row.typisdefined and language == "sql":
        raise _bad(f"SQL function cannot return shell type {catalog.format_type(row.oid)}")
    require_type_usage(ctx, row.oid)
    if required and row.oid != required and not any(mode == "t" for mode in parameters.modes):
        raise _bad(f"function result type must be {catalog.format_type(required)} because of OUT parameters")
    return row.oid, bool(statement.returnType.setof)


def _check_polymorphic(ctx: Any, parameters: Parameters, result: int) -> None:
    catalog = ctx.transaction.catalog
    outs = [t for t, m in zip(parameters.all_types, parameters.modes, strict=True) if m in ("o", "t")]
    for typid in (result, *outs):
        detail = check_valid_polymorphic_signature(catalog, typid, parameters.input_types)
        if detail is not None:
            raise _bad("cannot determine result data type", detail=detail)


def _apply(ctx: Any, row: Any, options: dict[str, Any]) -> Any:
    """The options that CREATE and ALTER have in common, put into the row."""
    changes: dict[str, Any] = {}
    for name in _COMMON:
        option = options.get(name)
        if option is None:
            continue
        if name == "set":
            changes["proconfig"] = _config(ctx, row.proconfig, option)
            continue
        arg = option.arg
        if name == "strict":
            changes["proisstrict"] = bool(arg.boolval)
        elif name == "volatility":
            changes["provolatile"] = {"immutable": "i", "stable": "s", "volatile": "v"}[arg.sval]
        elif name == "security":
            changes["prosecdef"] = bool(arg.boolval)
        elif name == "leakproof":
            from ..catalog.privileges import is_superuser

            if arg.boolval and not is_superuser(ctx.transaction.catalog, ctx.session.role):
                raise SqlError(INSUFFICIENT_PRIVILEGE, "only superuser can define a leakproof function")
            changes["proleakproof"] = bool(arg.boolval)
        elif name in ("cost", "rows"):
            number = float(arg.ival if isinstance(arg, ast.Integer) else arg.fval)
            if number <= 0:
                raise SqlError(INVALID_PARAMETER_VALUE, f"{name.upper()} must be positive")
            changes["pro" + name] = number
        elif name == "parallel":
            word = arg.sval
            if word not in ("safe", "unsafe", "restricted"):
                raise SqlError(
                    INVALID_PARAMETER_VALUE, 'parameter "parallel" must be SAFE, RESTRICTED, or UNSAFE'
                )
            changes["proparallel"] = word[0]
        else:
            raise SqlError(FEATURE_NOT_SUPPORTED, "planner support functions are not supported")
    return row._replace(**changes)


def _config(ctx: Any, current: Any, sets: Sequence[Any]) -> Any:
    """proconfig after SET and RESET clauses."""
    from ..commands.settings import argument_strings

    settings = ctx.session.settings
    values = dict(item.split("=", 1) for item in current.items) if current is not None else {}
    for item in sets:
        kind = item.kind.name
        if kind == "VAR_RESET_ALL":
            values.clear()
        elif kind in ("VAR_RESET", "VAR_SET_DEFAULT"):
            values.pop(item.name, None)
        else:
            if kind == "VAR_SET_CURRENT":
                text = settings.show(item.name)
            else:
                strings = argument_strings(item.name, item.args)
                text = ", ".join(strings)
                if len(strings) > 1 or item.name == "search_path":
                    from ..catalog.quoting import quote_identifier

                    text = ", ".join([quote_identifier(part) for part in strings])
            settings.check_value(item.name, text)
            values[settings.canonical_name(item.name)] = text
    return make_array(25, [f"{name}={text}" for name, text in values.items()]) if values else None


# --- the body ---------------------------------------------------------------------------------------


def _parsed_body(ctx: Any, statement: Any, row: Any, language: Any) -> tuple[Any, list[Any]]:
    """The row with its parsed body, if it has one, and the queries it consists of (else [])."""
    if language.oid == INTERNAL_LANGUAGE:
        if row.prosrc not in IMPLEMENTATIONS:
            raise SqlError(UNDEFINED_FUNCTION, f'there is no built-in function named "{row.prosrc}"')
        return row, []
    if statement.sql_body is None:
        return row, []
    catalog = ctx.transaction.catalog
    _check_types(catalog, row)
    context = ctx.session.analyze_context()
    signature = signature_of(catalog, row)
    queries = []
    for raw in atomic_statements(statement.sql_body):
        query = analyze_body_statement(context, signature, raw, ctx.source)
        if query.commandType == "utility":
            name = type(query.utilityStmt).__name__
            raise SqlError(
                FEATURE_NOT_SUPPORTED, f"{name} is not yet supported in unquoted SQL function body"
            )
        queries.append(query)
    is_return = isinstance(statement.sql_body, ast.ReturnStmt)
    row = row._replace(prosqlbody=dump(queries[0] if is_return else queries))
    _check_result(context, signature, queries[-1] if queries else None)
    return row, queries


def _check_types(catalog: Any, row: Any) -> None:
    """Pseudo-types that SQL functions cannot have (fmgr_sql_validator)."""
    result = catalog.pg_type.get(row.prorettype)
    if result.typtype == "p" and result.oid not in (RECORD, VOID) and not is_polymorphic_type(result.oid):
        raise _bad(f"SQL functions cannot return type {catalog.format_type(result.oid)}")
    for typid in row.proargtypes.items:
        if catalog.pg_type.get(typid).typtype == "p" and not is_polymorphic_type(typid):
            raise _bad(f"SQL functions cannot have arguments of type {catalog.format_type(typid)}")


def _validate(ctx: Any, row: Any, statement: Any) -> None:
    """Parse and analyse a body given as a string; errors point into the CREATE FUNCTION."""
    from ..statement import parse_body

    text = row.prosrc
    session = ctx.session
    context = session.analyze_context()
    signature = signature_of(context.catalog, row)
    mark = session.settings.mark()
    names = []
    try:
        for item in row.proconfig.items if row.proconfig is not None else ():
            name, _, value = item.partition("=")
            session.settings.set_text(name, value, local=True)
            names.append(name)
        if names:
            context = session.analyze_context()
        raws = parse_body(session, text)
        if any(is_polymorphic_type(typid) for typid in signature.arg_types):
            return
        queries = [analyze_body_statement(context, signature, raw, text) for raw in raws]
        _check_result(context, signature, queries[-1] if queries else None)
    except SqlError as error:
        if error.position is not None and error.position >= 0:
            _transpose(ctx.source, statement, text, error)
        raise
    finally:
        if names:
            session.settings.leave_function(mark, names)


def _validate_plpgsql(ctx: Any, row: Any) -> None:
    from ..plpgsql.routine import check_body

    check_body(ctx, _find_same(ctx.transaction.catalog, row))


def _check_result(context: Any, signature: Any, final: Any) -> None:
    try:
        check_sql_fn_retval(context, signature, final)
    except SqlError as error:
        error.where = f'SQL function "{signature.name}"'
        raise


def _transpose(source: str, statement: Any, text: str, error: SqlError) -> None:
    """Move a position in the body into the statement that it is in (function_parse_error_transpose)."""
    option = next(option for option in statement.options if option.defname == "as")
    start = source.find(text, max(option.location or 0, 0))
    position = error.position or 0
    if text and start >= 0:
        error.position = start + position
        return
    quoted = text.replace("'", "''")
    start = source.find(quoted, max(option.location or 0, 0))
    if text and start >= 0:
        error.position = start + len(text[:position].replace("'", "''"))
        return
    error.internal_position, error.internal_query, error.position = position, text, None


# --- the row ----------------------------------------------------------------------------------------


def _store(ctx: Any, row: Any, parameters: Parameters, queries: list[Any], replace: bool) -> None:
    from ..catalog.privileges import user_default_acl

    transaction = ctx.transaction
    catalog = transaction.catalog
    old = _find_same(catalog, row)
    if old is None:
        oid = int(transaction.new_oid())
        acl = user_default_acl(catalog, "function", row.proowner, row.pronamespace)
        transaction.catalog_insert("pg_proc", row._replace(oid=oid, proacl=acl))
    else:
        _check_replacement(ctx, old, row, replace)
        oid = int(old.oid)
        transaction.catalog_update(
            "pg_proc", old, row._replace(oid=oid, proowner=old.proowner, proacl=old.proacl)
        )
        for dependency in catalog.pg_depend.find("classid_objid", PG_PROC, oid):
            transaction.catalog_delete("pg_depend", dependency)
    _dependencies(ctx, oid, row, parameters, queries)


def _find_same(catalog: Any, row: Any) -> Any:
    from ..catalog.namespaces import function_candidates

    for other in function_candidates(catalog, row.proname, (), row.pronamespace):
        if other.pronamespace == row.pronamespace and tuple(other.proargtypes.items) == tuple(
            row.proargtypes.items
        ):
            return other
    return None


def _check_replacement(ctx: Any, old: Any, new: Any, replace: bool) -> None:
    catalog = ctx.transaction.catalog
    if not replace:
        raise SqlError(
            DUPLICATE_FUNCTION, f'function "{new.proname}" already exists with same argument types'
        )
    if not is_owner(ctx, old.proowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of function {new.proname}")
    if old.prokind != new.prokind:
        article = "an" if old.prokind == "a" else "a"
        raise SqlError(
            WRONG_OBJECT_TYPE,
            "cannot change routine kind",
            detail=f'"{old.proname}" is {article} {_KINDS[old.prokind]}.',
        )
    from .objects import function_signature

    word = "PROCEDURE" if new.prokind == "p" else "FUNCTION"
    hint = f"Use DROP {word} {function_signature(catalog, ctx.session.search_path(catalog), old.oid)} first."
    if old.prorettype != new.prorettype or old.proretset != new.proretset:
        message = (
            "cannot change whether a procedure has output parameters"
            if new.prokind == "p"
            else "cannot change return type of existing function"
        )
        raise _bad(message, hint=hint)
    old_outs, new_outs = _out_row(old), _out_row(new)
    if new.prorettype == RECORD and old_outs != new_outs:
        raise _bad(
            "cannot change return type of existing function",
            detail="Row type defined by OUT parameters is different.",
            hint=hint,
        )
    _check_names(old, new, hint)
    if new.pronargdefaults < old.pronargdefaults:
        raise _bad("cannot remove parameter defaults from existing function", hint=hint)
    if old.pronargdefaults:
        pairs = zip(
            load_tree(old.proargdefaults),
            load_tree(new.proargdefaults)[new.pronargdefaults - old.pronargdefaults :],
            strict=True,
        )
        if any(expr_type(before) != expr_type(after) for before, after in pairs):
            raise _bad("cannot change data type of existing parameter default value", hint=hint)


def _out_row(row: Any) -> list[tuple[str, int]]:
    if row.proargmodes is None:
        return []
    names = row.proargnames.items if row.proargnames is not None else [""] * len(row.proargmodes.items)
    return [
        (name, typid)
        for mode, name, typid in zip(row.proargmodes.items, names, row.proallargtypes.items, strict=True)
        if mode in ("o", "b", "t")
    ]


def _check_names(old: Any, new: Any, hint: str) -> None:
    def inputs(row: Any) -> list[str]:
        if row.proargnames is None:
            return []
        modes = row.proargmodes.items if row.proargmodes is not None else ["i"] * len(row.proargnames.items)
        return [
            name for mode, name in zip(modes, row.proargnames.items, strict=True) if mode in ("i", "b", "v")
        ]

    before, after = inputs(old), inputs(new)
    for index, name in enumerate(before):
        if name and (index >= len(after) or after[index] != name):
            raise _bad(f'cannot change name of input parameter "{name}"', hint=hint)


def _dependencies(ctx: Any, oid: int, row: Any, parameters: Parameters, queries: list[Any]) -> None:
    transaction = ctx.transaction
    address = Address(PG_PROC, oid)
    found = {Address(PG_NAMESPACE, row.pronamespace), Address(PG_TYPE, row.prorettype)}
    found.update(Address(PG_TYPE, typid) for typid in parameters.all_types)
    for expr in parameters.defaults:
        found.update(expression_addresses(expr, ()))
    for query in queries:
        found.update(query_addresses(query))
    for target in sorted(found):
        if target != address:
            record(transaction, address, target, NORMAL)


# --- ALTER and DROP ---------------------------------------------------------------------------------


@command("AlterFunctionStmt")
def alter_function(ctx: Any, statement: ast.AlterFunctionStmt) -> str:
    """ALTER FUNCTION | PROCEDURE | ROUTINE ... options."""
    from .routines import find_routine

    transaction = ctx.transaction
    kind = statement.objtype.name
    row = transaction.catalog.pg_proc.get(find_routine(ctx, statement.func, kind))
    if not is_owner(ctx, row.proowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {_word(row)} {row.proname}")
    if row.prokind == "a":
        raise SqlError(WRONG_OBJECT_TYPE, f'"{row.proname}" is an aggregate function')
    options = _attributes(statement.actions or (), row.prokind == "p")
    if "rows" in options and not row.proretset:
        raise SqlError(INVALID_PARAMETER_VALUE, "ROWS is not applicable when function does not return a set")
    transaction.catalog_update("pg_proc", row, _apply(ctx, row, options))
    return "ALTER " + kind.removeprefix("OBJECT_")


def _word(row: Any) -> str:
    return {"p": "procedure", "a": "aggregate"}.get(row.prokind, "function")


def find_dropped_routine(ctx: Any, value: Any, kind: str, missing_ok: bool) -> Address | None:
    """What DROP FUNCTION | PROCEDURE | ROUTINE | AGGREGATE means; None with a notice if it is not there."""
    from ..bind.typenames import typename_to_string
    from .routines import find_routine

    catalog = ctx.transaction.catalog
    oid = find_routine(ctx, value, kind, missing_ok)
    if not oid:
        shown = ".".join([part.sval for part in value.objname])
        arguments = (
            ""
            if value.args_unspecified
            else ",".join([typename_to_string(catalog, item) for item in value.objargs or ()])
        )
        word = kind.removeprefix("OBJECT_").lower()
        ctx.notice(Notice(f"{word} {shown}({arguments}) does not exist, skipping"))
        return None
    row = catalog.pg_proc.get(oid)
    if not is_owner(ctx, row.proowner):
        raise SqlError(INSUFFICIENT_PRIVILEGE, f"must be owner of {_word(row)} {row.proname}")
    return Address(PG_PROC, oid)
