"""Holds a parsed statement against the rules (rules.py) when its plan is made; a cached plan has passed."""

from collections.abc import Callable, Iterator
from typing import Any

from pglast import ast
from pglast.parser import scan

from ..errors import SqlError
from ..sqlstates import FEATURE_NOT_SUPPORTED, UNDEFINED_OBJECT
from . import rules
from .syscatalog import FIRST_SYS_OID

FIRST_NORMAL_OID = 16_384
VARIABLE_HEADER = 4  # what a typmod of char and varchar has added


def refused(message: str) -> SqlError:
    """0A000 with a text of the rules."""
    return SqlError(FEATURE_NOT_SUPPORTED, message)


def check(session: Any, raw: Any, text: str) -> None:
    """Raise what Aurora DSQL answers to a statement that it does not take, nor within another one."""
    source = _source(raw, text)
    for part in _nodes(raw.stmt):
        node = type(part).__name__
        message = rules.STATEMENTS.get(node)
        if message is not None:
            raise refused(message)
        checker = _CHECKS.get(node)
        if checker is not None:
            checker(session, part, source)
        part_check = _PART_CHECKS.get(type(part))
        if part_check is not None:
            part_check(part)


def _source(raw: Any, text: str) -> str:
    start = raw.stmt_location or 0
    return text[start : start + raw.stmt_len] if raw.stmt_len else text[start:]


def _nodes(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif isinstance(item, ast.Node):
            yield item
            for slot in item.__slots__:
                value = getattr(item, slot, None)
                if isinstance(value, (tuple, ast.Node)):
                    stack.append(value)


# --- anywhere in a statement ----------------------------------------------------------------------


def _function_call(node: Any) -> None:
    name = node.funcname[-1].sval
    if name.startswith(rules.REFUSED_FUNCTIONS):
        raise refused(f"function {name} not supported")
    if name in rules.TEXT_SEARCH and len(node.args or ()) == 1:
        known = rules.TEXT_SEARCH_DEFAULT
        raise SqlError(UNDEFINED_OBJECT, f'text search configuration "{known}" does not exist')


def _locking(node: Any) -> None:
    if node.strength.name not in ("LCS_FORUPDATE", "LCS_FORKEYSHARE"):
        raise refused("locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported")


def _sample(node: Any) -> None:
    raise refused("TABLESAMPLE clause not supported")


def _into(node: Any) -> None:
    if node.intoClause is not None:
        raise refused(rules.STATEMENTS["CreateTableAsStmt"])


_PART_CHECKS: dict[type, Callable[[Any], None]] = {
    ast.FuncCall: _function_call,
    ast.LockingClause: _locking,
    ast.RangeTableSample: _sample,
    ast.SelectStmt: _into,
}

# --- transactions and settings --------------------------------------------------------------------


def _isolation(options: Any) -> None:
    for option in options or ():
        if getattr(option, "defname", "") != "transaction_isolation":
            continue
        if option.arg.val.sval != "repeatable read":
            raise refused(f"Unsupported isolation level: {option.arg.val.sval.upper()}")


def _transaction(session: Any, statement: Any, source: str) -> None:
    name = rules.TRANSACTION_STATEMENTS.get(statement.kind.name)
    if name is not None:
        raise refused(f"unsupported transaction statement: {name}")
    _isolation(statement.options)


def require_settable(name: str) -> None:
    """For SET and set_config (for the latter it is inferred)."""
    if not rules.is_settable(name):
        raise unsettable(name)


def unsettable(name: str) -> SqlError:
    """The refusal of a parameter."""
    return refused(f'setting configuration parameter "{name}" not supported')


def _setting(session: Any, statement: Any, source: str) -> None:
    if statement.kind.name == "VAR_RESET_ALL":
        return
    if statement.kind.name == "VAR_SET_MULTI":
        _isolation(statement.args)
        raise unsettable(statement.name.removesuffix(" SNAPSHOT"))
    require_settable(statement.name)


def _vacuum(session: Any, statement: Any, source: str) -> None:
    if statement.is_vacuumcmd:
        raise refused("unsupported VACUUM statement")


# --- objects --------------------------------------------------------------------------------------


def _drop(session: Any, statement: Any, source: str) -> None:
    kind = statement.removeType.name
    if kind in rules.REFUSED_OBJECTS:
        raise refused(rules.DROPPED)
    if kind == "OBJECT_DOMAIN" and statement.behavior.name == "DROP_CASCADE":
        raise refused("DROP DOMAIN with CASCADE unsupported")


def _rename(session: Any, statement: Any, source: str) -> None:
    if statement.renameType.name in rules.REFUSED_RENAMES:
        raise refused(rules.RENAMED)


def _function(session: Any, statement: Any, source: str) -> None:
    if statement.is_procedure:
        raise refused("PROCEDURE is not supported")
    for option in statement.options or ():
        if option.defname == "language" and option.arg.sval.lower() != "sql":
            raise refused(f"CREATE FUNCTION with language {option.arg.sval.lower()} not supported")


def _count(session: Any, table: Any, name: str, wanted: Callable[[Any], bool]) -> None:
    """One more object of a kind must be within its limit."""
    have = sum(1 for row in table.rows() if wanted(row))
    session.engine.limits.check(name, have + 1)


def _schema(session: Any, statement: Any, source: str) -> None:
    _count(
        session,
        session.catalog.pg_namespace,
        "schemas",
        lambda row: FIRST_NORMAL_OID <= row.oid < FIRST_SYS_OID,
    )


def _relations(session: Any, kind: str, name: str) -> None:
    _count(
        session,
        session.catalog.pg_class,
        name,
        lambda row: row.relkind == kind and FIRST_NORMAL_OID <= row.oid < FIRST_SYS_OID,
    )


def _persistence(name: Any) -> str:
    return "t" if name.schemaname == "pg_temp" else str(name.relpersistence)


def _view(session: Any, statement: Any, source: str) -> None:
    if _persistence(statement.view) == "t":
        raise refused("TEMPORARY or TEMP view not supported for CREATE VIEW")  # inferred
    session.engine.limits.check("view_bytes", len(source.encode()))
    _relations(session, "v", "views")


def _sequence(session: Any, statement: Any, source: str) -> None:
    _cache(statement.options, "CREATE SEQUENCE")
    _relations(session, "S", "sequences")


def _statistics(session: Any, statement: Any, source: str) -> None:
    oid = _find(session, statement.relations[0])
    if oid:
        _count(session, session.catalog.pg_statistic_ext, "statistics", lambda row: row.stxrelid == oid)


def _altered_sequence(session: Any, statement: Any, source: str) -> None:
    _altered_cache(statement.options, "ALTER SEQUENCE")


def _altered_cache(options: Any, what: str) -> None:
    """That a new size is held to the same is inferred."""
    if any(option.defname == "cache" for option in options or ()):
        _cache(options, what)


def _cache(options: Any, what: str) -> None:
    for option in options or ():
        if option.defname == "cache":
            size = int(getattr(option.arg, "ival", None) or getattr(option.arg, "fval", 0) or 0)
            if size == 1 or size >= rules.CACHE_LEAST:
                return
    raise refused(rules.NO_CACHE.format(what=what))


# --- tables ---------------------------------------------------------------------------------------


def _table(session: Any, statement: Any, source: str) -> None:
    persistence = rules.PERSISTENCES.get(_persistence(statement.relation))
    if persistence is not None:
        raise refused(f"{persistence} table not supported for CREATE TABLE")
    for value, what in (
        (statement.options, "WITH"),
        (statement.partspec, "PARTITION BY"),
        (statement.partbound, "PARTITION OF"),
        (statement.inhRelations, "INHERITS"),  # inferred
    ):
        if value:
            raise refused(f"{what} clause not supported for CREATE TABLE")
    limits = session.engine.limits
    columns = {}
    keys: list[list[str]] = []
    for element in statement.tableElts or ():
        if isinstance(element, ast.ColumnDef):
            columns[element.colname] = element
            keys += _column(session, element)
        elif isinstance(element, ast.Constraint) and element.keys:
            keys.append([key.sval for key in element.keys])
    limits.check("columns", len(columns))
    limits.check("indexes", len(keys))
    for key in keys:
        limits.check("key_columns", len(key))
        for name in key:
            if name in columns:
                _declared_key(session, columns[name].typeName)
    _relations(session, "r", "tables")


def _size(type_name: Any) -> int:
    typmods = type_name.typmods or ()
    return int(getattr(getattr(typmods[0], "val", None), "ival", 0) or 0) if typmods else 0


def _base(type_name: Any) -> str:
    return str(type_name.names[-1].sval)


def _declared_key(session: Any, type_name: Any) -> None:
    """The type of a key's column as CREATE TABLE has it."""
    catalog = session.catalog
    oid = catalog.type_oid(_base(type_name), session.search_path(catalog))
    if oid:
        size = _size(type_name)
        require_key_type(session, oid, size + VARIABLE_HEADER if size else -1)


def require_key_type(session: Any, typid: int, typmod: int) -> None:
    """Whether a type may be in a key; of a domain the one below it."""
    base, typmod = session.catalog.base_type_and_typmod(typid, typmod)
    row = session.catalog.pg_type.get(base)
    name = row.typname if row is not None else ""
    if name in rules.NOT_IN_KEYS:
        raise refused(f"datatype {rules.TYPE_NAMES[name]} is not supported in a key")
    if name in ("bpchar", "varchar"):
        session.engine.limits.check("declared_key_bytes", typmod - VARIABLE_HEADER)


def _shown(type_name: Any) -> str:
    base = _base(type_name)
    return rules.TYPE_NAMES.get(base, base) + ("[]" if type_name.arrayBounds else "")


def _column(session: Any, column: Any) -> list[list[str]]:
    """A column's type and constraints; returns its own keys."""
    _column_type(session, column.typeName)
    keys = []
    for constraint in column.constraints or ():
        kind = constraint.contype.name
        if kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
            keys.append([column.colname])
        elif kind == "CONSTR_IDENTITY":
            if _base(column.typeName) != "int8":
                raise _not_bigint(_shown(column.typeName))
            _cache(constraint.options, "identity column")
    return keys


def _column_type(session: Any, type_name: Any) -> None:
    base = _base(type_name)
    if base in rules.SERIALS:
        raise SqlError(UNDEFINED_OBJECT, f'type "{base}" does not exist', position=type_name.location)
    if type_name.arrayBounds:
        raise refused(f"datatype {_shown(type_name)} not supported")
    if base not in rules.COLUMN_TYPES:
        rows = session.catalog.pg_type.find("typname_typnamespace", base, 11)
        if rows:
            raise refused(f"datatype {_shown(type_name)} not supported")
        return
    typmods = type_name.typmods or ()
    if base == "numeric" and not typmods:
        type_name.typmods = tuple(
            ast.A_Const(isnull=False, val=ast.Integer(ival=number)) for number in rules.NUMERIC_DEFAULT
        )
    if base == "bpchar":
        session.engine.limits.check("char_bytes", _size(type_name))
    elif base == "varchar":
        session.engine.limits.check("varchar_bytes", _size(type_name))


def _domain(session: Any, statement: Any, source: str) -> None:
    _column_type(session, statement.typeName)


def _find(session: Any, name: Any) -> int:
    """The relation's oid, 0 if there is none: its command will say so."""
    catalog = session.catalog
    for namespace in session.search_path(catalog):
        if name.schemaname and catalog.pg_namespace.get(namespace).nspname != name.schemaname:
            continue
        rows = catalog.pg_class.find("relname_relnamespace", name.relname, namespace)
        if rows:
            return int(rows[0].oid)
    return 0


def _names_method(source: str) -> bool:
    """Whether the key word USING stands between ON and the columns: the tree has btree in any case."""
    names = [token.name for token in scan(source)]
    for place, name in enumerate(names):
        if name == "ON":
            return "USING" in names[place : names.index("ASCII_40", place)]
    return False


def _index_words(statement: Any, source: str) -> None:
    if statement.concurrent:
        raise refused("CONCURRENTLY not supported for CREATE INDEX")
    if _names_method(source):
        raise refused("USING not supported for CREATE INDEX")


def _index(session: Any, statement: Any, source: str) -> None:
    _index_words(statement, source)
    raise refused("unsupported mode. please use CREATE INDEX ASYNC.")


def _async_index(session: Any, statement: Any, source: str) -> None:
    _index_words(statement, source)
    oid = _find(session, statement.relation)
    relation = session.catalog.relation(oid) if oid else None
    columns = {column.name: column for column in relation.columns} if relation else {}
    for element in statement.indexParams:
        if element.ordering.name != "SORTBY_DEFAULT":
            raise refused("specifying sort order not supported for index keys")
        if element.opclass:
            raise refused("opclass not supported for index keys")
        column = columns.get(element.name)
        if column is not None:
            require_key_type(session, column.typid, column.typmod)
    session.engine.limits.check("key_columns", len(statement.indexParams))
    if relation is not None and relation.kind == "r":
        session.engine.limits.check("indexes", len(relation.indexes) + 1)


def _async_alter(session: Any, statement: Any, source: str) -> None:
    kinds = [action.subtype.name for action in statement.cmds or ()]
    if kinds != ["AT_ValidateConstraint"]:
        raise refused("unsupported ALTER TABLE ASYNC statement")  # inferred


def _alter_table(session: Any, statement: Any, source: str) -> None:
    for action in statement.cmds or ():
        kind = action.subtype.name
        message = rules.ALTERATIONS.get(kind)
        if message is not None:
            raise refused(message)
        if kind == "AT_AddColumn":
            if action.def_.constraints or action.def_.collClause:
                raise refused(rules.ADD_COLUMN)
            _column_type(session, action.def_.typeName)
        elif kind == "AT_AddConstraint":
            _add_constraint(action.def_)
        elif kind in ("AT_DropConstraint", "AT_DropColumn"):
            _drop_part(session, statement.relation, action, kind)
        elif kind == "AT_AddIdentity":
            _identity_type(session, statement.relation, action.name)
            _cache(action.def_.options, "identity column")
        elif kind == "AT_SetIdentity":
            _altered_cache(action.def_, "identity column")
    _live_columns(session, statement)


def _identity_type(session: Any, name: Any, wanted: str) -> None:
    oid = _find(session, name)
    for column in session.catalog.relation(oid).columns if oid else ():
        row = session.catalog.pg_type.get(column.typid)
        if column.name == wanted and not column.dropped and row.typname != "int8":
            raise _not_bigint(rules.TYPE_NAMES.get(row.typname, row.typname))


def _not_bigint(shown: str) -> SqlError:
    return refused(f"datatype {shown} not supported, identity column type must be bigint")


def _live_columns(session: Any, statement: Any) -> None:
    """How many columns there would be, without those dropped."""
    actions = statement.cmds or ()
    added = {action.def_.colname for action in actions if action.subtype.name == "AT_AddColumn"}
    oid = _find(session, statement.relation) if added else 0
    if not oid:
        return
    dropped = {action.name for action in actions if action.subtype.name == "AT_DropColumn"}
    live = {column.name for column in session.catalog.relation(oid).columns if not column.dropped}
    session.engine.limits.check("columns", len(live - dropped | added))


def _add_constraint(constraint: Any) -> None:
    kind = constraint.contype.name
    if kind in ("CONSTR_CHECK", "CONSTR_FOREIGN"):
        allowed = bool(constraint.skip_validation)
    else:
        allowed = kind == "CONSTR_UNIQUE" and bool(constraint.indexname)
    if not allowed:
        raise refused(rules.ADD_CONSTRAINT)


def _drop_part(session: Any, name: Any, action: Any, kind: str) -> None:
    oid = _find(session, name)
    relation = session.catalog.relation(oid) if oid else None
    primary = next((index for index in relation.indexes if index.primary), None) if relation else None
    if relation is None or primary is None:
        return
    if kind == "AT_DropConstraint":
        if session.catalog.pg_class.get(primary.oid).relname == action.name:
            raise refused(rules.DROP_CONSTRAINT)
    elif action.name in [relation.columns[key.attnum - 1].name for key in primary.keys]:
        raise refused(f"cannot drop primary key column {action.name}")


_CHECKS: dict[str, Callable[[Any, Any, str], None]] = {
    "TransactionStmt": _transaction,
    "VariableSetStmt": _setting,
    "VacuumStmt": _vacuum,
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "CreateFunctionStmt": _function,
    "CreateSchemaStmt": _schema,
    "ViewStmt": _view,
    "CreateSeqStmt": _sequence,
    "AlterSeqStmt": _altered_sequence,
    "CreateStatsStmt": _statistics,
    "CreateStmt": _table,
    "CreateDomainStmt": _domain,
    "IndexStmt": _index,
    "AsyncIndexStmt": _async_index,
    "AsyncAlterTableStmt": _async_alter,
    "AlterTableStmt": _alter_table,
}
