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


def token(action: str = "DbConnectAdmin", *, at: datetime | None = None, seconds: int = 900) -> str:
    date = (at if at is not None else datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    return (
        f"{HOST}/?Action={action}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIA%2F20261001%2Fus-east-1%2Fdsql%2Faws4_request&X-Amz-Date={date}"
        f"&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host&X-Amz-Signature=0123456789abcdef"
    )


# --- the check ----------------------------------------------------------------------------------------


def verdict(user: str, text: str) -> tuple[str, str | None] | None:
    check = token_check(lambda name: name == "mapped", lambda: datetime(2026, 10, 1, 12, tzinfo=UTC))
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


# --- a server as strict as the service ----------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("dsql")
    server = ServerProcess(folder / "data", 0, "--dsql", "--user", "admin", "--tls", "self-signed",
                           "--dsql-tokens", "check")  # fmt: skip
    with server:
        yield server


def connect(server: ServerProcess, user: str, password: str, host: str = "localhost", **more: Any) -> Any:
    assert server.data_dir is not None
    return psycopg.connect(
        host=host, hostaddr="127.0.0.1", port=server.port, user=user, password=password,
        dbname="postgres", sslmode=more.pop("sslmode", "require"), autocommit=True, **more,
    )  # fmt: skip


def refusal(server: ServerProcess, user: str, password: str, **more: Any) -> str:
    with pytest.raises(psycopg.OperationalError) as caught:
        connect(server, user, password, **more)
    return str(caught.value)


def test_sni_and_tls_are_required(strict: ServerProcess) -> None:
    with connect(strict, "admin", token(), HOST) as connection:
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
    with connect(strict, "admin", token(), **more) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_wrong_tokens(strict: ServerProcess) -> None:
    assert "access denied" in refusal(strict, "admin", "secret")
    assert "Wrong user to action mapping. user: admin, action: DbConnect" in refusal(
        strict, "admin", token("DbConnect")
    )
    old = datetime.now(UTC) - timedelta(hours=1)
    text = refusal(strict, "admin", token(at=old))
    assert "access denied" in text and "HINT:  Signature expired: " in text


def test_iam_grant(strict: ServerProcess) -> None:
    mappings = "select arn, pg_role_name from sys.iam_pg_role_mappings order by 1"
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role app login")
        assert "access denied" in refusal(strict, "app", token("DbConnect"))
        done = admin.execute(f"AWS IAM GRANT app TO '{ARN}'")  # type: ignore[call-overload]
        assert done.statusmessage == "AWS IAM GRANT"
        admin.execute("aws iam grant app to 'arn:aws:iam::1:user/two'")
        assert admin.execute(mappings).fetchall() == [(ARN, "app"), ("arn:aws:iam::1:user/two", "app")]
        with connect(strict, "app", token("DbConnect")) as app:
            assert app.execute("select current_user").fetchall() == [("app",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("AWS IAM GRANT app TO 'x'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="table iam_pg_role_mappings"):
            admin.execute("delete from sys.iam_pg_role_mappings")
        with pytest.raises(psycopg.errors.UndefinedObject, match='role "nobody" does not exist'):
            admin.execute("AWS IAM GRANT nobody TO 'x'")
        for rest in (
            "app",
            "app TO 'x' WITH ADMIN OPTION",
            "app, app TO 'x'",
            "app TO 'x', 'y'",
            "app FROM 'x'",
        ):
            with pytest.raises(psycopg.errors.SyntaxError):
                admin.execute(f"AWS IAM GRANT {rest}")  # type: ignore[call-overload]
        done = admin.execute(f"AWS IAM REVOKE app FROM '{ARN}'")  # type: ignore[call-overload]
        assert done.statusmessage == "AWS IAM REVOKE"
        assert admin.execute(mappings).fetchall() == [("arn:aws:iam::1:user/two", "app")]
        admin.execute("drop role app")
        assert admin.execute(mappings).fetchall() == []


def test_iam_grant_changes_the_catalog(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin, connect(strict, "admin", token()) as other:
        admin.execute("create table seen (a int primary key)")
        admin.execute("create role changed login")
        for _ in range(2):
            try:
                other.execute("select * from seen")
            except psycopg.errors.SerializationFailure:
                continue
        admin.execute("AWS IAM GRANT changed TO 'x'")
        with pytest.raises(psycopg.errors.SerializationFailure, match="OC001"):
            other.execute("select * from seen")
        other.execute("select * from seen")
        admin.execute("drop table seen")
        admin.execute("drop role changed")


def test_what_it_says_of_itself(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        assert admin.execute("select version()").fetchall() == [("PostgreSQL 16",)]
        assert admin.info.server_version == 160015


def test_mappings_outlive_a_restart(strict: ServerProcess) -> None:
    with connect(strict, "admin", token()) as admin:
        admin.execute("create role lasting login")
        admin.execute("AWS IAM GRANT lasting TO 'x'")
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
