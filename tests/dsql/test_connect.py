"""Connecting in the dsql mode: tokens, SNI, TLS, AWS IAM GRANT, the limits on connections, what is told of
itself."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from gaveldb.engine.errors import SqlError
from gaveldb.server.tokens import token_check

from ..server_process import ServerProcess

HOST = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws"
ARN = "arn:aws:iam::123456789012:role/a-role-with-a-name-that-is-longer-than-an-identifier-may-be"


def token(
    action: str = "DbConnectAdmin", *, at: datetime | None = None, seconds: int = 900, host: str = HOST
) -> str:
    date = (at if at is not None else datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    return (
        f"{host}/?Action={action}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIA%2F20261001%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date={date}"
        f"&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=0123456789abcdef"
    )


# --- the check ----------------------------------------------------------------------------------------


def verdict(user: str, text: str, server_name: str | None = None) -> tuple[str, str | None] | None:
    check = token_check(
        lambda name: name == "mapped", lambda: datetime(2026, 10, 1, 12, tzinfo=UTC), server_name
    )
    try:
        assert check(user, text)
    except SqlError as error:
        assert error.severity == "FATAL" and error.sqlstate == "28000"
        return error.message, error.hint
    return None


DENIED = "unable to accept connection, access denied"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("user", "text", "expected"),
    [
        ("admin", token(at=NOON), None),
        ("mapped", token("DbConnect", at=NOON), None),
        ("stranger", token("DbConnect", at=NOON), (DENIED, None)),
        (
            "admin",
            token("DbConnect", at=NOON),
            ("Wrong user to action mapping. user: admin, action: DbConnect", None),
        ),
        (
            "mapped",
            token(at=NOON),
            ("Wrong user to action mapping. user: mapped, action: DbConnectAdmin", None),
        ),
        (
            "admin",
            token(at=NOON - timedelta(minutes=16)),
            (DENIED, "Signature expired: 20261001T115900Z is now earlier than 20261001T120000Z"),
        ),
        ("admin", token(at=NOON, seconds=604_801), (DENIED, None)),
        ("admin", "secret", (DENIED, None)),
        ("admin", token(at=NOON).replace("X-Amz-Signature", "X-Amz-Other"), (DENIED, None)),
        ("admin", token(at=NOON).replace("20261001T", "yesterday"), (DENIED, None)),
    ],
)
def test_tokens(user: str, text: str, expected: tuple[str, str | None] | None) -> None:
    assert verdict(user, text) == expected


def test_token_of_another_host() -> None:
    assert verdict("admin", token(at=NOON), HOST.upper()) is None
    assert verdict("admin", token(at=NOON, host=HOST + ":5432"), HOST) is None
    assert verdict("admin", token(at=NOON), "localhost") == (DENIED, None)


# --- a server as strict as the service ----------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("dsql")
    server = ServerProcess(folder / "data", 0, "--dsql", "--user", "admin", "--tls", "self-signed",
                           "--dsql-tokens", "check")  # fmt: skip
    with server:
        yield server


def connect(server: ServerProcess, user: str, password: str, host: str = HOST, **more: Any) -> Any:
    assert server.data_dir is not None
    return psycopg.connect(
        host=host, hostaddr="127.0.0.1", port=server.port, user=user, password=password,
        autocommit=True, **{"dbname": "postgres", "sslmode": "require", **more},
    )  # fmt: skip


def refusal(server: ServerProcess, user: str, password: str, **more: Any) -> str:
    with pytest.raises(psycopg.OperationalError) as caught:
        connect(server, user, password, **more)
    return str(caught.value)


def test_sni_and_tls_are_required(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
        assert connection.pgconn.ssl_in_use
    assert "sni was not received" in refusal(strict, "admin", token(), host="127.0.0.1")
    assert "TLS is required" in refusal(strict, "admin", token(), sslmode="disable")


def test_direct_tls_and_verified(strict: ServerProcess) -> None:
    assert strict.data_dir is not None
    certificate = str(strict.data_dir / "tls" / "server.crt")
    more = {"sslmode": "verify-full", "sslrootcert": certificate}
    if psycopg.pq.version() >= 170000:
        more["sslnegotiation"] = "direct"
    with connect(strict, "admin", token(host="localhost"), host="localhost", **more) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_wrong_tokens(strict: ServerProcess) -> None:
    assert "access denied" in refusal(strict, "admin", "secret")
    assert "access denied" in refusal(strict, "admin", token(), host="localhost")
    assert "Wrong user to action mapping. user: admin, action: DbConnect" in refusal(
        strict, "admin", token("DbConnect")
    )
    old = datetime.now(UTC) - timedelta(hours=1)
    text = refusal(strict, "admin", token(at=old))
    assert "access denied" in text and "HINT:  Signature expired: " in text


TWO = "arn:aws:iam::123456789012:user/two"
MAPPINGS = "select arn, pg_role_name from sys.iam_pg_role_mappings order by 1"


def refused(connection: Any, sql: str) -> tuple[str, str]:
    with pytest.raises(psycopg.Error) as caught:
        connection.execute(sql)
    return str(caught.value.sqlstate), str(caught.value.diag.message_primary)


def test_iam_grant(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role app login")
        assert "access denied" in refusal(strict, "app", token("DbConnect"))
        assert admin.execute(f"AWS IAM GRANT app TO '{ARN}'").statusmessage == "AWS IAM GRANT"
        admin.execute(f"aws iam grant app to '{TWO}'")
        assert admin.execute(MAPPINGS).fetchall() == [(ARN, "app"), (TWO, "app")]
        with connect(strict, "app", token("DbConnect")) as app:
            assert app.execute("select current_user").fetchall() == [("app",)]
            assert app.execute(MAPPINGS).fetchall() == [(ARN, "app"), (TWO, "app")]
            assert refused(app, f"AWS IAM GRANT app TO '{ARN}'") == (
                "42501", "permission denied to grant IAM trust with role app"
            )  # fmt: skip
        assert admin.execute(f"AWS IAM REVOKE app FROM '{ARN}'").statusmessage == "AWS IAM REVOKE"
        assert admin.execute(MAPPINGS).fetchall() == [(TWO, "app")]
        assert refused(admin, "drop role app") == (
            "2BP01", 'role "app" cannot be dropped because some objects depend on it'
        )  # fmt: skip
        admin.execute(f"AWS IAM REVOKE app FROM '{TWO}'")
        admin.execute("drop role app")
        assert admin.execute(MAPPINGS).fetchall() == []


def test_iam_grant_refused(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role app login")
        admin.execute("create role group_of_some")
        no_arn = ("22023", "IAM role must look like an IAM ARN")
        wanted = {
            "GRANT app TO 'x'": no_arn,
            "GRANT app TO 'arn:aws:s3:::bucket'": no_arn,
            "REVOKE app FROM 'x'": no_arn,
            f"GRANT nobody TO '{ARN}'": ("42704", 'role "nobody" does not exist'),
            f"GRANT group_of_some TO '{ARN}'": (
                "0A000", "role group_of_some must have the LOGIN attribute"
            ),
            f"GRANT admin TO '{ARN}'": ("42501", "permission denied to grant IAM trust with role admin"),
            f"REVOKE postgres FROM '{ARN}'": (
                "42501", "permission denied to revoke IAM trust with role postgres"
            ),
        }  # fmt: skip
        assert {rest: refused(admin, f"AWS IAM {rest}") for rest in wanted} == wanted
        for rest in (
            "app",
            f"app TO '{ARN}' WITH ADMIN OPTION",
            f"app, app TO '{ARN}'",
            f"app TO '{ARN}', '{TWO}'",
            f"app FROM '{ARN}'",
        ):
            assert refused(admin, f"AWS IAM GRANT {rest}")[0] == "42601"
        for sql in ("delete from sys.iam_pg_role_mappings", "delete from sys.iam_mappings"):
            assert refused(admin, sql)[0] in ("55000", "42501")
        admin.execute("drop role app")
        admin.execute("drop role group_of_some")


def test_a_mapping_is_of_the_role_not_of_its_name(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role before login")
        admin.execute(f"AWS IAM GRANT before TO '{ARN}'")
        admin.execute("alter role before rename to after")
        columns = "iam_oid, arn, pg_role_oid, pg_role_name, grantor_pg_role_oid, grantor_pg_role_name"
        found = admin.execute("select * from sys.iam_pg_role_mappings")
        assert ", ".join([column.name for column in found.description]) == columns
        ((iam_oid, arn, role_oid, role, grantor_oid, grantor),) = found.fetchall()
        assert iam_oid and (arn, role, grantor) == (ARN, "after", "admin")
        oids = admin.execute("select oid from pg_roles where rolname in ('after', 'admin') order by rolname")
        assert oids.fetchall() == [(grantor_oid,), (role_oid,)]
        connect(strict, "after", token("DbConnect")).close()
        assert "access denied" in refusal(strict, "before", token("DbConnect"))
        admin.execute(f"AWS IAM REVOKE after FROM '{ARN}'")
        admin.execute("drop role after")


def test_admin_is_no_superuser(strict: ServerProcess) -> None:
    flags = "select rolsuper, rolcreaterole, rolcreatedb, rolcanlogin from pg_roles where rolname = 'admin'"
    with connect(strict, "admin", token()) as admin:
        assert admin.execute(flags).fetchall() == [(False, True, False, True)]
        admin.execute("select gaveldb.fail_commits(0, scope => 'server'), gaveldb.reset_faults()")
        admin.execute("create role app login")
        admin.execute("create schema own")
        admin.execute("create table own.t (id int primary key)")
        admin.execute("create table theirs (id int primary key)")
        admin.execute("grant usage on schema own to app")
        admin.execute("grant select on own.t to app")
        admin.execute("grant select on theirs to app")
        admin.execute(f"AWS IAM GRANT app TO '{ARN}'")
        with connect(strict, "app", token("DbConnect")) as app:
            assert app.execute("select * from own.t").fetchall() == []
            assert refused(app, "insert into own.t values (1)")[0] == "42501"
            assert refused(app, "select * from public.theirs") == (
                "42501", "permission denied for schema public"
            )  # fmt: skip
            assert refused(app, "create table own.u (id int primary key)")[0] == "42501"
            assert refused(app, "create role other")[0] == "42501"
        for sql in ("create role boss superuser", "alter role postgres nologin", "drop role postgres",
                    "select * from pg_authid"):  # fmt: skip
            assert refused(admin, sql)[0] == "42501"
        admin.execute(f"AWS IAM REVOKE app FROM '{ARN}'")
        for sql in ("drop table theirs", "drop schema own cascade", "drop role app"):
            admin.execute(sql)


def test_start_up_packets(strict: ServerProcess) -> None:
    for name in ("template1", "other"):
        assert f'FATAL:  database "{name}" does not exist' in refusal(strict, "admin", token(), dbname=name)
    text = refusal(strict, "admin", token(), options="-c statement_timeout=5")
    assert 'FATAL:  setting configuration parameter "statement_timeout" not supported' in text


def test_copy(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create table copied (id int primary key, a text)")
        with admin.cursor().copy("copy copied from stdin") as copy:
            copy.write("1\tone\n2\ttwo\n")
        with admin.cursor().copy("copy (select * from copied order by 1) to stdout (format csv)") as copy:
            assert b"".join(copy) == b"1,one\n2,two\n"
        admin.execute("drop table copied")


def test_iam_grant_changes_the_catalog(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin, connect(strict, "admin", token()) as other:
        admin.execute("create table seen (a int primary key)")
        admin.execute("create role changed login")
        for _ in range(2):
            try:
                other.execute("select * from seen")
            except psycopg.errors.SerializationFailure:
                continue
        admin.execute(f"AWS IAM GRANT changed TO '{ARN}'")
        with pytest.raises(psycopg.errors.SerializationFailure, match="OC001"):
            other.execute("select * from seen")
        other.execute("select * from seen")
        admin.execute("drop table seen")
        admin.execute(f"AWS IAM REVOKE changed FROM '{ARN}'")
        admin.execute("drop role changed")


def test_what_it_says_of_itself(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        assert admin.execute("select version()").fetchall() == [("PostgreSQL 16",)]
        assert admin.info.server_version == 160015


def test_mappings_outlive_a_restart(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role lasting login")
        admin.execute(f"AWS IAM GRANT lasting TO '{ARN}'")
    strict.kill9()
    strict.start()
    with connect(strict, "lasting", token("DbConnect")) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


# --- laptops, and the limits ----------------------------------------------------------------------------


def test_any_token_over_tls_and_none_without(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, 0, "--dsql", "--user", "admin", "--tls", "self-signed")
    with server:
        connect(server, "admin", "anything", host="127.0.0.1").close()
        psycopg.connect(f"postgresql://admin@127.0.0.1:{server.port}/postgres?sslmode=disable").close()


def test_a_password_is_not_replaced_by_a_token(tmp_path: Path) -> None:
    options = ("--dsql", "--user", "admin", "--tls", "self-signed", "--password", "secret")
    with ServerProcess(tmp_path, 0, *options) as server:
        assert "password authentication failed" in refusal(server, "admin", token(), host="127.0.0.1")
        connect(server, "admin", "secret", host="127.0.0.1").close()


def test_count_rate_and_age() -> None:
    options = ["--dsql", "--user", "admin"]
    for limit in ("connections=2", "connection_seconds=1"):
        options += ["--dsql-limit", limit]
    with ServerProcess(None, 0, *options) as server:
        url = f"postgresql://admin@127.0.0.1:{server.port}/postgres?sslmode=disable"
        first, second = psycopg.connect(url, autocommit=True), psycopg.connect(url)
        with pytest.raises(psycopg.OperationalError, match="too many open connections"):
            psycopg.connect(url)
        second.execute("select 1")  # its transaction goes on
        asyncio.run(asyncio.sleep(1.5))
        with pytest.raises(psycopg.OperationalError):
            first.execute("select 1")
        second.execute("select 1")
        second.commit()
        asyncio.run(asyncio.sleep(1.5))
        with pytest.raises(psycopg.OperationalError):
            second.execute("select 1")
    options = ["--dsql", "--user", "admin"]
    for limit in ("connection_burst=3", "connection_rate=1"):
        options += ["--dsql-limit", limit]
    with ServerProcess(None, 0, *options) as server:
        url = f"postgresql://admin@127.0.0.1:{server.port}/postgres?sslmode=disable"
        with pytest.raises(psycopg.OperationalError, match="rate exceeded"):
            for _ in range(6):
                psycopg.connect(url).close()
