"""Amazon's own clients against the dsql mode as strict as the service: the connectors for psycopg and
asyncpg, the SQLAlchemy dialect and the Django backend. Their tokens are signed with made-up credentials."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ..server_process import ServerProcess

HOST = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip


JOBS = "select job_id from sys.jobs where job_type = 'INDEX_BUILD'"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("adapters")
    options = ["--dsql", "--user", "admin", "--tls", "self-signed", "--dsql-tokens", "check"]
    with ServerProcess(folder / "data", 0, *options) as made:
        yield made


@pytest.fixture
def place(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Where the cluster is: a name that only we know, on this machine."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return {"hostaddr": "127.0.0.1", "port": server.port}


def certificate(server: ServerProcess) -> str:
    assert server.data_dir is not None
    return str(server.data_dir / "tls" / "server.crt")


def test_psycopg(place: dict[str, Any]) -> None:
    import aurora_dsql_psycopg as dsql

    with dsql.connect(host=HOST, user="admin", dbname="postgres", sslmode="require", **place) as connection:
        connection.autocommit = True
        connection.execute("create table of_psycopg (id uuid primary key default gen_random_uuid(), a int)")
        connection.execute("insert into of_psycopg (a) values (1), (2)")
        assert connection.execute("select sum(a) from of_psycopg").fetchall() == [(3,)]


def test_psycopg_tries_again(place: dict[str, Any]) -> None:
    """The pool's retry loop, with a conflict on purpose."""
    import aurora_dsql_psycopg as dsql

    where = {"host": HOST, "user": "admin", "dbname": "postgres", "sslmode": "require", **place}
    with dsql.connect(**where) as connection:
        connection.autocommit = True
        connection.execute("create table retried (a int primary key)")
    attempts = []

    def work(connection: Any) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            connection.execute("select gaveldb.fail_commits(1)")
        connection.execute("insert into retried values (%s)", [len(attempts)])

    with dsql.create_pool(kwargs=where, min_size=1, max_size=1, retry=True) as pool:
        pool.run_transaction(work)
    with dsql.connect(**where) as connection:
        assert connection.execute("select a from retried").fetchall() == [(2,)]


async def test_asyncpg(server: ServerProcess, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import aurora_dsql_asyncpg as dsql

    known = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **more: Any) -> Any:
        return known("127.0.0.1" if host == HOST else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    connection = await dsql.connect(
        host=HOST, user="admin", database="postgres", port=server.port, ssl="require"
    )
    await connection.execute("create table of_asyncpg (id int primary key, a text)")
    await connection.execute("insert into of_asyncpg values ($1, $2)", 1, "one")
    assert await connection.fetchval("select a from of_asyncpg where id = $1", 1) == "one"
    await connection.close()


def test_sqlalchemy(server: ServerProcess, place: dict[str, Any]) -> None:
    import sqlalchemy as sa
    from aurora_dsql_sqlalchemy import create_dsql_engine
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    class Base(DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "author"
        id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(cache=65536), primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(50))
        born: Mapped[int | None]
        __table_args__ = (sa.Index("author_name", "name"),)

    engine = create_dsql_engine(
        host=HOST, user="admin", sslmode="require", sslrootcert=certificate(server), connect_args=place
    )
    Base.metadata.create_all(engine)
    with engine.connect() as connection:  # the index becomes valid some time: for others that is OC001, once
        for (job,) in connection.exec_driver_sql(JOBS).fetchall():
            connection.exec_driver_sql(f"call sys.wait_for_job('{job}')")
    engine.dispose()
    with Session(engine) as session:
        session.add_all([Author(name="Ada", born=1815), Author(name="Grace")])
        session.commit()
    with Session(engine) as session:
        found = session.scalars(sa.select(Author).where(Author.name == "Ada")).one()
        found.born = 1816
        session.commit()
        rows = session.execute(sa.select(Author.name, Author.born).order_by(Author.name))
        assert [tuple(row) for row in rows] == [("Ada", 1816), ("Grace", None)]
    inspector = sa.inspect(engine)
    assert "author" in inspector.get_table_names()  # its get_columns does not work with SQLAlchemy 2.1
    assert [index["name"] for index in inspector.get_indexes("author")] == ["author_name"]
    Base.metadata.drop_all(engine)
    engine.dispose()


DJANGO = """
import json, sys
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": json.loads(sys.argv[1])}, INSTALLED_APPS=[], USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.db import connection, models, transaction


class Person(models.Model):
    name = models.CharField(max_length=40, db_index=True)
    born = models.DateField(null=True)

    class Meta:
        app_label = "people"


with connection.schema_editor() as editor:
    editor.create_model(Person)
with connection.cursor() as cursor:  # the indexes become valid some time: for others that is OC001, once
    cursor.execute("select job_id from sys.jobs where job_type = 'INDEX_BUILD'")
    for (job,) in cursor.fetchall():
        cursor.execute(f"call sys.wait_for_job('{job}')")
connection.close()
Person.objects.create(name="Ada", born="1815-12-10")
with transaction.atomic():
    Person.objects.bulk_create([Person(name="Grace"), Person(name="Barbara")])
Person.objects.filter(name="Grace").update(born="1906-12-09")
names = list(Person.objects.exclude(born=None).order_by("name").values_list("name", flat=True))
print(json.dumps([names, Person.objects.count(), connection.introspection.table_names()]))
"""


def test_django(server: ServerProcess) -> None:
    database = {
        "ENGINE": "aurora_dsql_django", "HOST": HOST, "USER": "admin", "NAME": "postgres",
        "PORT": str(server.port), "OPTIONS": {"sslmode": "require", "hostaddr": "127.0.0.1"},
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, json.dumps(database)],
        capture_output=True, text=True, check=False, env={**os.environ, **CREDENTIALS},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    names, count, tables = json.loads(done.stdout)
    assert names == ["Ada", "Grace"] and count == 3 and "people_person" in tables
