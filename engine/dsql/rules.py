"""What Aurora DSQL refuses, as data of a date: statements, objects, types, parameters, with their texts.

Texts are those recorded from the service; an entry in INFERRED follows their pattern only.
"""

VERSION = "2026.10"

CONFLICT = "change conflicts with another transaction (OC000)"
SCHEMA_CHANGED = "schema has been updated by another transaction (OC001)"
SECOND_DDL = "multiple ddl statements not supported in a transaction"
DDL_AND_DML = "ddl and dml are not supported in the same transaction"

_PLAIN = (
    "Truncate CreateExtension Listen Notify Unlisten AlterSystem Lock DeclareCursor CreatePolicy "
    "CreateTableSpace CreateForeignTable Createdb CompositeType CreateRange CreateTableAs"
)
_PLAIN_INFERRED = (
    "Dropdb AlterDatabase AlterDatabaseSet AlterPolicy Rule Reindex Cluster RefreshMatView CheckPoint Load "
    "Do CreateCast CreateOpClass CreateOpFamily CreateFdw CreateForeignServer CreateUserMapping "
    "ImportForeignSchema CreateEventTrig AlterEventTrig CreatePLang CreatePublication AlterPublication "
    "CreateSubscription AlterSubscription CreateAm CreateConversion CreateTransform SecLabel Define "
    "AlterExtension DropTableSpace AlterTableSpaceOptions Fetch ClosePortal"
)
STATEMENTS: dict[str, str] = {
    **{f"{name}Stmt": f"unsupported statement: {name}" for name in (_PLAIN + " " + _PLAIN_INFERRED).split()},
    "MergeStmt": "unsupported statement type: MERGE",
    "CreateEnumStmt": "CREATE TYPE not supported",
    "AlterEnumStmt": "ALTER TYPE not supported",
    "AlterTypeStmt": "ALTER TYPE not supported",
    "CreateTrigStmt": "CREATE TRIGGER not supported",
}
INFERRED = frozenset([*(f"{name}Stmt" for name in _PLAIN_INFERRED.split()), "AlterTypeStmt"])

TRANSACTION_STATEMENTS = {
    "TRANS_STMT_SAVEPOINT": "SAVEPOINT",
    "TRANS_STMT_RELEASE": "RELEASE",
    "TRANS_STMT_ROLLBACK_TO": "ROLLBACK TO",
    "TRANS_STMT_PREPARE": "PREPARE TRANSACTION",  # inferred, as the next two
    "TRANS_STMT_COMMIT_PREPARED": "COMMIT PREPARED",
    "TRANS_STMT_ROLLBACK_PREPARED": "ROLLBACK PREPARED",
}
DROPPED = "unsupported object in DROP statement"
RENAMED = "unsupported object in RENAME statement"
REFUSED_OBJECTS = frozenset(  # TYPE is recorded, the others are inferred
    f"OBJECT_{name}"
    for name in [
        "TYPE",
        "MATVIEW",
        "TRIGGER",
        "POLICY",
        "RULE",
        "EXTENSION",
        "FOREIGN_TABLE",
        "CAST",
        "OPERATOR",
        "AGGREGATE",
        "COLLATION",
        "CONVERSION",
        "EVENT_TRIGGER",
        "FDW",
        "FOREIGN_SERVER",
        "LANGUAGE",
        "OPCLASS",
        "OPFAMILY",
        "PROCEDURE",
        "PUBLICATION",
        "TRANSFORM",
    ]
)
REFUSED_RENAMES = frozenset(("OBJECT_TYPE", "OBJECT_ATTRIBUTE"))

ALTERATIONS = {
    "AT_AlterColumnType": "unsupported ALTER TABLE ALTER COLUMN ... SET DATA TYPE statement",
    "AT_SetStatistics": "unsupported ALTER TABLE ALTER COLUMN ... SET STATISTICS statement",
    # the texts of all the following but two are inferred: VALIDATE CONSTRAINT, ENABLE ROW SECURITY
    "AT_SetNotNull": "unsupported ALTER TABLE ALTER COLUMN ... SET NOT NULL statement",
    "AT_ValidateConstraint": "unsupported ALTER TABLE VALIDATE CONSTRAINT statement",
    "AT_EnableRowSecurity": "unsupported ALTER TABLE ENABLE ROW SECURITY statement",
    "AT_DisableRowSecurity": "unsupported ALTER TABLE DISABLE ROW SECURITY statement",
    "AT_ForceRowSecurity": "unsupported ALTER TABLE FORCE ROW SECURITY statement",
    "AT_NoForceRowSecurity": "unsupported ALTER TABLE NO FORCE ROW SECURITY statement",
    "AT_AddInherit": "unsupported ALTER TABLE INHERIT statement",
    "AT_DropInherit": "unsupported ALTER TABLE NO INHERIT statement",
    "AT_AttachPartition": "unsupported ALTER TABLE ATTACH PARTITION statement",
    "AT_DetachPartition": "unsupported ALTER TABLE DETACH PARTITION statement",
    "AT_SetLogged": "unsupported ALTER TABLE SET LOGGED statement",
    "AT_SetUnLogged": "unsupported ALTER TABLE SET UNLOGGED statement",
}
ADD_COLUMN = "ALTER TABLE ADD COLUMN with constraint not supported"
ADD_CONSTRAINT = "unsupported ALTER TABLE ADD CONSTRAINT statement"
DROP_CONSTRAINT = "unsupported ALTER TABLE DROP CONSTRAINT statement"

PERSISTENCES = {"t": "TEMPORARY or TEMP", "u": "UNLOGGED"}
NO_CACHE = (
    "{what} is not supported without an explicit cache size. please define CACHE greater than or equal to "
    "65536 or equal to 1"
)
CACHE_LEAST = 65_536

SERIALS = frozenset(["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"])
# pg_type.typname of what a column can be, and what SQL calls it
COLUMN_TYPES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "numeric": "numeric",
    "bpchar": "character",
    "varchar": "character varying",
    "text": "text",
    "date": "date",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "interval": "interval",
    "bool": "boolean",
    "bytea": "bytea",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "jsonb",
}
TYPE_NAMES = {**COLUMN_TYPES, "varbit": "bit varying"}
NOT_IN_KEYS = frozenset(["timetz", "interval", "bytea", "json", "jsonb"])
NUMERIC_DEFAULT = (18, 6)

REFUSED_FUNCTIONS = (
    "pg_advisory_",
    "pg_try_advisory_",
    "pg_notify",  # inferred
)
# their configuration, if none is given, is one that the service does not have
TEXT_SEARCH = frozenset(
    f"{name}to_ts{kind}"
    for kind in ("query", "vector")
    for name in ("", "plain", "phrase", "websearch_", "json_", "jsonb_")
)
TEXT_SEARCH_DEFAULT = "english"
SETTABLE = frozenset(
    [
        "application_name",
        "client_encoding",
        "datestyle",
        "extra_float_digits",
        "intervalstyle",
        "timezone",
        "search_path",
        "role",
        "dsql.enable_batched_nestloop",
        "disable_sync_create_index",
    ]
)
SETTABLE_PREFIXES = ("enable_", "gaveldb.")  # the second is not the service's
SERVER_SETTINGS = {
    "default_transaction_isolation": "repeatable read",
    "server_version": "16.15",
    "server_version_num": "160015",
    "timezone": "UTC",
    "dsql.enable_batched_nestloop": "on",  # the value is inferred, as the next one's
    "disable_sync_create_index": "on",
}

DDL = frozenset(
    f"{name}Stmt"
    for name in [
        "Create",
        "AlterTable",
        "AsyncAlterTable",
        "Index",
        "AsyncIndex",
        "AwsIam",
        "View",
        "CreateSchema",
        "CreateSeq",
        "AlterSeq",
        "CreateDomain",
        "AlterDomain",
        "CreateRole",
        "AlterRole",
        "AlterRoleSet",
        "DropRole",
        "Drop",
        "Rename",
        "AlterOwner",
        "AlterObjectSchema",
        "AlterObjectDepends",
        "Comment",
        "Grant",
        "GrantRole",
        "AlterDefaultPrivileges",
        "CreateFunction",
        "AlterFunction",
        "CreateStats",
        "AlterStats",
        "ReassignOwned",
        "DropOwned",
    ]
)


def is_settable(name: str) -> bool:
    """Whether SET, RESET and the start-up packet may name the parameter."""
    key = name.lower()
    return key in SETTABLE or key.startswith(SETTABLE_PREFIXES)
