"""Clusters that older versions have made, or one that was stopped when it was made."""

from pathlib import Path
from typing import Any

from gaveldb.engine.dsql import session as dsql_session
from gaveldb.engine.dsql.syscatalog import ROLE_MAPPINGS
from gaveldb.storage.api import row_key
from msgspec import msgpack

from .test_dsql import World

ARN = "arn:aws:iam::123456789012:role/app"
ADMIN = """SELECT rolsuper, rolcreaterole, pg_get_userbyid(datdba),
    has_schema_privilege('app', 'public', 'USAGE')
    FROM pg_roles, pg_database WHERE rolname = 'admin' AND datname = 'postgres'"""
OLD_ADMIN = (
    "ALTER ROLE admin SUPERUSER",
    "ALTER DATABASE postgres OWNER TO postgres",
    "GRANT ALL ON SCHEMA public TO public",
)


def _as_superuser(world: World, *statements: str) -> None:
    sink = world.sessions[1][1]
    world.sessions[9] = (world.engine.open_session("postgres", "postgres", {}, sink, pid=9, peer=""), sink)
    for sql in statements:
        assert world.run(sql, 9) == [], sql


def test_old_cluster(tmp_path: Path) -> None:
    world = World(data_dir=tmp_path)
    assert world.run("CREATE ROLE app LOGIN") == []
    _as_superuser(world, *OLD_ADMIN)

    def old_mappings(ctx: Any) -> None:
        for rowid, name in enumerate(("app", "gone"), 1):
            ctx.transaction.put(row_key(ROLE_MAPPINGS, rowid), msgpack.encode([rowid, ARN, name]))

    world.loop.run_until_complete(world.engine.jobs.transact(old_mappings))
    world.close()
    for _ in range(2):  # the second time there is nothing to do
        world = World(data_dir=tmp_path)
        assert world.run(ADMIN) == [["f", "t", "admin", "f"]]
        mappings = "SELECT iam_oid, arn, pg_role_name, grantor_pg_role_name FROM sys.iam_pg_role_mappings"
        assert world.run(mappings) == [["1", ARN, "app", "admin"]]
        assert world.engine.is_iam_mapped("app")
        world.close()


def test_stopped_when_it_was_made(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(dsql_session, "ADMIN_STATEMENTS", dsql_session.ADMIN_STATEMENTS[:1])
    World(data_dir=tmp_path).close()
    monkeypatch.undo()
    world = World(data_dir=tmp_path)
    assert world.run("CREATE ROLE app LOGIN") == []
    assert world.run(ADMIN) == [["f", "t", "admin", "f"]]
    world.close()


def test_what_admin_grants_stays(tmp_path: Path) -> None:
    world = World(data_dir=tmp_path)
    assert world.run("CREATE ROLE app LOGIN") == []
    assert world.run("GRANT USAGE ON SCHEMA public TO public") == []
    world.close()
    world = World(data_dir=tmp_path)
    assert world.run(ADMIN) == [["f", "t", "admin", "t"]]
    world.close()
