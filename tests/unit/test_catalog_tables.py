"""The catalogs as data: look-ups, evolution, stored rows, names, settings, deparsing."""

import pytest
from gaveldb.engine.catalog.data.views import VIEWS
from gaveldb.engine.catalog.deparse import deparse_query, function_arguments
from gaveldb.engine.catalog.namespaces import effective_search_path, is_visible, split_identifier_list
from gaveldb.engine.catalog.privileges import acl_item_text, has_privilege
from gaveldb.engine.catalog.quoting import quote_identifier
from gaveldb.engine.catalog.schema import FIRST_STORED_ROWID, Catalog
from gaveldb.engine.errors import SqlError
from gaveldb.engine.functions.loader import load_all
from gaveldb.engine.settings import Settings

PG_CLASS = 1259


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.bootstrap()


def test_builtin_rows_are_found_by_key_and_by_index(catalog: Catalog) -> None:
    assert catalog.pg_proc.get(177).proname == "int4pl"
    assert catalog.pg_cast.find("castsource_casttarget", 23, 20)[0].castfunc == 481
    assert [a.attnum for a in catalog.pg_attribute.find("attrelid", PG_CLASS)][:7] == [
        -6,
        -5,
        -4,
        -3,
        -2,
        -1,
        1,
    ]
    assert catalog.pg_proc.get(1) is None
    assert catalog.relation(PG_CLASS).columns[1].name == "relname"


def test_every_row_survives_packing(catalog: Catalog) -> None:
    for table in catalog.tables.values():
        for row in table.rows():
            assert table.unpack_row(table.pack_row(row)) == row


def test_evolve_adds_replaces_and_hides_without_touching_the_old_version(catalog: Catalog) -> None:
    row = catalog.pg_class.get(PG_CLASS)
    new = row._replace(oid=20000, relname="mine", relnamespace=2200)
    one = catalog.evolve({PG_CLASS: {FIRST_STORED_ROWID: new, PG_CLASS: row._replace(relname="renamed")}})
    assert one.relation_oid("mine", (11, 2200)) == 20000
    assert one.relation_oid("pg_class", (11,)) is None
    assert one.relation_oid("renamed", (11,)) == PG_CLASS
    assert one.pg_class.rowid(new) == FIRST_STORED_ROWID
    two = one.evolve({PG_CLASS: {FIRST_STORED_ROWID: None, PG_CLASS: None}})
    assert two.pg_class.get(PG_CLASS) is None and two.pg_class.get(20000) is None
    assert catalog.relation_oid("pg_class", (11,)) == PG_CLASS
    stored = [(PG_CLASS, rowid, one.pg_class.pack_row(r)) for rowid, r in one.pg_class.stored.items()]
    assert Catalog.load(5, stored).relation_oid("renamed", (11,)) == PG_CLASS


@pytest.mark.parametrize(
    ("typid", "typmod", "name"),
    [
        (1043, 9, "character varying(5)"),
        (1042, -1, "bpchar"),
        (1042, None, "character"),
        (114, -1, "json"),
        (1009, None, "text[]"),
        (1700, 655366, "numeric(10,2)"),
        (1184, 3, "timestamp(3) with time zone"),
        (99999, None, "???"),
        (0, None, "-"),
    ],
)
def test_format_type(catalog: Catalog, typid: int, typmod: int | None, name: str) -> None:
    assert catalog.format_type(typid, typmod) == name


def test_names_and_privileges(catalog: Catalog) -> None:
    assert effective_search_path(catalog, ("$user", "public", "nope"), 10) == (11, 2200)
    assert is_visible(catalog, "pg_proc", 177, (11,)) and not is_visible(catalog, "pg_proc", 177, (2200,))
    assert split_identifier_list('a, "B ""c", D') == ["a", 'B "c', "d"]
    assert [quote_identifier(n) for n in ("a", "A", "user", "1a")] == ["a", '"A"', '"user"', '"1a"']
    assert has_privilege(catalog, 4571, "table", PG_CLASS, "SELECT")
    assert not has_privilege(catalog, 4571, "schema", 2200, "CREATE")
    assert acl_item_text(catalog, catalog.pg_namespace.get(2200).nspacl.items[1]) == "=U/pg_database_owner"


def test_function_arguments_show_modes_and_defaults(catalog: Catalog) -> None:
    assert function_arguments(catalog, catalog.pg_proc.get(6212)) == (
        "mean double precision DEFAULT 0, stddev double precision DEFAULT 1"
    )


def test_system_views_print_as_postgresql_prints_them(catalog: Catalog) -> None:
    load_all()
    different = set()
    for relid, text in VIEWS.items():
        relation = catalog.relation(relid)
        names = [c.name for c in relation.columns]
        if deparse_query(relation.view_query, catalog, path=(11,), names=names).strip() + ";" != text:
            different.add(relation.name)
    # their UNIONs' unnamed second arms have got names by being read back from text
    assert different <= {
        "column_privileges",
        "routine_privileges",
        "table_privileges",
        "udt_privileges",
        "usage_privileges",
    }


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("work_mem", "1.5MB", "1536kB"),
        ("statement_timeout", "1.5h", "90min"),
        ("enable_seqscan", "of", "off"),
        ("datestyle", "german", "German, DMY"),
        ("timezone", "europe/berlin", "Europe/Berlin"),
        ("timezone", "-3.5", "<-03:30>+03:30"),
        ("client_encoding", "utf-8", "UTF8"),
        ("random_page_cost", "1.10", "1.1"),
        ("vacuum_cost_delay", "1500us", "1500us"),
        ("work_mem", "0100", "64kB"),
        ("a.b", "x", "x"),
    ],
)
def test_settings_are_read_and_shown(name: str, value: str, shown: str) -> None:
    assert Settings(None).set_text(name, value) == shown


@pytest.mark.parametrize(
    ("name", "value", "sqlstate", "message"),
    [
        ("foo", "1", "42704", 'unrecognized configuration parameter "foo"'),
        (
            "work_mem",
            "-5",
            "22023",
            '-5 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)',
        ),
        (
            "max_connections",
            "5",
            "55P02",
            'parameter "max_connections" cannot be changed without restarting the server',
        ),
        ("timezone", "z", "22023", 'invalid value for parameter "TimeZone": "z"'),
        ("enable_seqscan", "maybe", "22023", 'parameter "enable_seqscan" requires a Boolean value'),
    ],
)
def test_settings_errors(name: str, value: str, sqlstate: str, message: str) -> None:
    with pytest.raises(SqlError) as raised:
        Settings(None).set_text(name, value)
    assert (str(raised.value.sqlstate), raised.value.message) == (sqlstate, message)


def test_settings_follow_the_transaction() -> None:
    settings = Settings(None)
    settings.set("work_mem", ["100"])
    settings.set("work_mem", ["200"], local=True)
    mark = settings.mark()
    settings.set("work_mem", ["300"])
    settings.rollback_to(mark)
    assert settings.work_mem == 200
    settings.commit()
    assert settings.work_mem == 100 and not settings.dirty
    settings.set("search_path", ["a", "B"])
    assert settings.search_path == ("a", "B") and settings.show("search_path") == 'a, "B"'
    settings.rollback()
    assert settings.search_path == ("$user", "public")
