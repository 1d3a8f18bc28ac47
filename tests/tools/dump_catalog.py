"""Write PostgreSQL's built-in catalog rows, view definitions and settings as Python data.

Usage: python -m tests.tools.dump_catalog [conninfo]   (a fresh copy of template0 is made and dropped)

Only rows that initdb made are taken (oid < 16384), and no fact that depends on the machine or on
the instance (statistics, transaction ids, locations). Expressions that PostgreSQL keeps as
pg_node_tree are written as "sql:" + their text; engine/catalog/trees.py analyses them on first use.

ROWS is text, one JSON array per row: Python compiles that a hundred times faster than a tuple of
tuples where no .pyc can be written, and msgspec decodes 3,400 rows in 4 ms.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import psycopg

DATA = Path(__file__).resolve().parents[2] / "engine" / "catalog" / "data"
SCRATCH = "x_dump_catalog"
DEFAULT_CONNINFO = "host=127.0.0.1 port=55418 user=postgres dbname=postgres"

INT_TYPES = {20, 21, 23, 26, 28, 29}  # int8 int2 int4 oid xid cid
REG_TYPES = {24, 2205, 2206, 2202, 2203, 2204, 4096, 4089, 3734, 3769, 4191}
TEXT_TYPES = {18, 19, 25}
ARRAY_TYPES = {1005, 1007, 1009, 1002, 1021, 1028}
VECTOR_TYPES = {22, 30}
NODE_TREE = 194
ACLITEM_ARRAY = 1034
ACL_LETTERS = "arwdDxtXUCTcsAm"

# catalog -> column -> SQL for its value
OVERRIDES: dict[str, dict[str, str]] = {
    "pg_class": {
        "relpages": "0",
        "reltuples": "-1",
        "relallvisible": "0",
        "relallfrozen": "0",
        "relfrozenxid": "case when relkind = 'r' then 3 else 0 end",
        "relminmxid": "case when relkind = 'r' then 1 else 0 end",
    },
    "pg_database": {"datfrozenxid": "3", "datminmxid": "1"},
    "pg_authid": {"rolpassword": "null", "rolvaliduntil": "null"},
    "pg_rewrite": {"ev_qual": "'<>'", "ev_action": "'<>'"},
    "pg_proc": {
        "proargdefaults": "'sql:' || pg_get_expr(proargdefaults, 0)",
        "prosqlbody": "'sql:' || pg_get_function_sqlbody(oid)",
        # SQL functions with a parsed body have none: give them a name to be implemented under
        "prosrc": "case when prosrc = '' then proname || '_' || oid else prosrc end",
    },
    "pg_constraint": {"conbin": "'sql:' || substr(pg_get_constraintdef(oid), 7)"},
    "pg_type": {"typdefaultbin": "null"},
}
FILTERS = {
    "pg_statistic": "false",
    "pg_statistic_ext_data": "false",
    "pg_db_role_setting": "false",
    "pg_database": "datname in ('template1', 'template0', 'postgres')",
    "pg_authid": "oid < 16384",
    "pg_shdepend": "refobjid < 16384 and dbid = 0 and objid < 16384",
    "pg_auth_members": "roleid < 16384 and member < 16384",
    "pg_shdescription": "objoid < 16384",
}
ORDER = {
    "pg_attribute": "attrelid, attnum",
    "pg_description": "classoid, objoid, objsubid",
    "pg_depend": "classid, objid, objsubid, refclassid, refobjid, refobjsubid",
    "pg_init_privs": "classoid, objoid, objsubid",
}


def main() -> None:
    conninfo = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_CONNINFO
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(f"drop database if exists {SCRATCH}")
        admin.execute(f"create database {SCRATCH} template template0")
        try:
            with psycopg.connect(conninfo, dbname=SCRATCH, autocommit=True) as conn:
                dump(conn)
        finally:
            admin.execute(f"drop database if exists {SCRATCH}")


def dump(conn: psycopg.Connection[Any]) -> None:
    roles = {name: oid for oid, name in conn.execute("select oid::int8, rolname::text from pg_authid")}
    roles[""] = 0
    tables: dict[int, Any] = {}
    catalogs = conn.execute(
        "select oid::int8, relname::text, relisshared from pg_class"
        " where relnamespace = 11 and relkind = 'r' and relname <> 'pg_largeobject' order by relname"
    ).fetchall()
    largeobject = conn.execute(
        "select oid::int8, relname::text, relisshared from pg_class where oid = 2613"
    ).fetchall()
    information_schema = conn.execute(
        "select oid::int8, 'information_schema.' || relname::text, relisshared from pg_class"
        " where relnamespace = 'information_schema'::regnamespace and relkind = 'r' order by relname"
    ).fetchall()
    for relid, name, shared in catalogs + largeobject + information_schema:
        columns = conn.execute(
            "select attname::text, atttypid::int8 from pg_attribute"
            " where attrelid = %s and attnum > 0 order by attnum",
            [relid],
        ).fetchall()
        primary = conn.execute(
            "select array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(n, o)"
            " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n order by k.o)"
            " from pg_index i where indrelid = %s and indisprimary",
            [relid],
        ).fetchone()
        tables[relid] = (
            name.split(".")[-1],
            shared,
            tuple(c for c, _ in columns),
            tuple(t for _, t in columns),
            tuple(primary[0]) if primary else (),
        )
        write_catalog(conn, relid, name, columns, roles)
    write_tables(tables)
    write_views(conn)
    write_settings(conn)


SETTING_OVERRIDES = {
    "application_name": "",
    "config_file": "",
    "data_directory": "",
    "external_pid_file": "",
    "hba_file": "",
    "ident_file": "",
    "listen_addresses": "localhost",
    "max_connections": "100",
    "max_prepared_transactions": "0",
    "port": "5432",
    "shared_buffers": "16384",
    "unix_socket_directories": "",
    "commit_timestamp_buffers": "32",
    "transaction_buffers": "32",
    "subtransaction_buffers": "32",
    "wal_buffers": "512",
    "shared_memory_size": "149",
    "shared_memory_size_in_huge_pages": "75",
    "num_os_semaphores": "152",
    "data_directory_mode": "448",
    "log_file_mode": "384",
    "unix_socket_permissions": "511",
    "client_encoding": "UTF8",
    "TimeZone": "Etc/UTC",
    "log_timezone": "Etc/UTC",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
}
# GUC_NO_SHOW_ALL: not in pg_settings, but SHOW and SET know them
HIDDEN_SETTINGS = (
    (
        "is_superuser",
        "off",
        None,
        "Preset Options",
        "Shows whether the current user is a superuser.",
        None,
        "internal",
        "bool",
        None,
        None,
        None,
        "off",
        (),
    ),
    (
        "role",
        "none",
        None,
        "Client Connection Defaults / Statement Behavior",
        "Sets the current role.",
        None,
        "user",
        "string",
        None,
        None,
        None,
        "none",
        ("hidden",),
    ),
    (
        "seed",
        "0",
        None,
        "Query Tuning / Other Planner Options",
        "Sets the seed for random-number generation.",
        None,
        "user",
        "real",
        "-1",
        "1",
        None,
        "0",
        ("hidden",),
    ),
    (
        "session_authorization",
        "",
        None,
        "Client Connection Defaults / Statement Behavior",
        "Sets the session user name.",
        None,
        "user",
        "string",
        None,
        None,
        None,
        "",
        ("hidden",),
    ),
)


def write_settings(conn: psycopg.Connection[Any]) -> None:
    rows = conn.execute(
        "select name, setting, unit, category, short_desc, extra_desc, context, vartype, min_val, max_val,"
        " enumvals, boot_val, pg_settings_get_flags(name) from pg_settings"
    ).fetchall()
    have = {row[0] for row in rows}
    rows += [row for row in HIDDEN_SETTINGS if row[0] not in have]
    rows.sort(key=lambda row: row[0].lower())
    lines = [
        '"""The settings of PostgreSQL 18 (tests/tools/dump_catalog.py), one JSON array per line."""\n',
        "# ruff: noqa",
        "# fmt: off",
        'COLUMNS = ("name", "setting", "unit", "category", "short_desc", "extra_desc", "context",',
        '           "vartype", "min_val", "max_val", "enumvals", "boot_val", "flags")',
        'ROWS = r"""',
    ]
    for row in rows:
        values = (row[0], SETTING_OVERRIDES.get(row[0], row[1]), *row[2:])
        lines.append(msgspec.json.encode(values).decode())
    lines.append('"""\n')
    (DATA / "settings.py").write_text("\n".join(lines))
    print(f"settings: {len(rows)}")


def write_catalog(
    conn: psycopg.Connection[Any],
    relid: int,
    name: str,
    columns: list[tuple[str, int]],
    roles: dict[str, int],
) -> None:
    """data/<name>.py: the rows of one catalog."""
    overrides = OVERRIDES.get(name, {})
    items = ", ".join(f"({overrides.get(c) or column_sql(c, t)})" for c, t in columns)
    order = ORDER.get(name) or ("oid" if columns[0][0] == "oid" else "1, 2, 3" if len(columns) > 2 else "1")
    where = FILTERS.get(name) or ("oid < 16384" if columns[0][0] == "oid" else "true")
    rows = conn.execute(f"select {items} from {name} where {where} order by {order}").fetchall()
    name = name.split(".")[-1]
    lines = [
        f'"""The built-in rows of {name}, as PostgreSQL 18 has them (tests/tools/dump_catalog.py)."""\n',
        "# ruff: noqa",
        "# fmt: off",
        f"COLUMNS = {tuple(c for c, _ in columns)!r}",
        'ROWS = r"""',
    ]
    for row in rows:
        values = tuple(
            python_value(v, t, c in overrides, roles) for v, (c, t) in zip(row, columns, strict=True)
        )
        line = msgspec.json.encode(values).decode()
        assert '"""' not in line
        lines.append(line)
    lines.append('"""\n')
    (DATA / f"{name}.py").write_text("\n".join(lines))
    print(f"{name}: {len(rows)}")


def column_sql(column: str, typid: int) -> str:
    if typid in REG_TYPES:
        return f"{column}::oid::int8"
    if typid in (26, 28, 29):
        return f"{column}::text::int8"
    if typid in (18, 19, NODE_TREE, 3220):
        return f"{column}::text"
    if typid in VECTOR_TYPES:
        return f"{column}::text"
    if typid == ACLITEM_ARRAY:
        return f"{column}::text[]"
    if typid == 1028:
        return f"{column}::int8[]"
    if typid == 1002:
        return f"{column}::text[]"
    if typid in (2277, 3361, 3402, 5017, 10029):
        return "null"
    return f'"{column}"'


def python_value(value: Any, typid: int, overridden: bool, roles: dict[str, int]) -> Any:
    if value is None:
        return None
    if typid in VECTOR_TYPES:
        return tuple(int(x) for x in value.split())
    if typid == ACLITEM_ARRAY:
        return tuple(acl_item(item, roles) for item in value)
    if isinstance(value, list):
        return tuple(value)
    if typid == 700:
        return float(value)
    if isinstance(value, (int, str, bool, float, bytes)):
        return value
    raise TypeError((value, typid))


def acl_item(text: str, roles: dict[str, int]) -> tuple[int, int, int]:
    """(grantee, grantor, privilege bits; grant options in the upper half)."""
    grantee, rest = text.split("=")
    privileges, grantor = rest.split("/")
    bits = last = 0
    for letter in privileges:
        if letter == "*":
            bits |= last << 32
        else:
            last = 1 << ACL_LETTERS.index(letter)
            bits |= last
    return (roles[grantee], roles[grantor], bits)


def write_tables(tables: dict[int, Any]) -> None:
    lines = [
        '"""The shape of every system catalog: relid -> (name, shared, columns, type oids, primary key).',
        "",
        'Written by tests/tools/dump_catalog.py."""\n',
        "# ruff: noqa",
        "# fmt: off",
        "TABLES = {",
    ]
    lines += [f"{relid}: {shape!r}," for relid, shape in sorted(tables.items())]
    (DATA / "tables.py").write_text("\n".join(lines) + "\n}\n")


def write_views(conn: psycopg.Connection[Any]) -> None:
    conn.execute("set search_path = pg_catalog")
    rows = conn.execute(
        "select oid::int8, pg_get_viewdef(oid) from pg_class where relkind = 'v' and oid < 16384 order by oid"
    ).fetchall()
    lines = [
        '"""The definitions of the system views: relid -> SQL, to be read with search_path pg_catalog.',
        "",
        'Written by tests/tools/dump_catalog.py."""\n',
        "# ruff: noqa",
        "# fmt: off",
        "VIEWS = {",
    ]
    lines += [f"{relid}: {text.strip()!r}," for relid, text in rows]
    (DATA / "views.py").write_text("\n".join(lines) + "\n}\n")
    print(f"views: {len(rows)}")


if __name__ == "__main__":
    main()
