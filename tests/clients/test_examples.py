"""The examples run as their docstrings say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ..fix_server import Server

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE example")
        yield server.url.removesuffix("/postgres") + "/example"
        connection.execute("DROP DATABASE example")


def test_sqlalchemy_shop(database: str) -> None:
    told = run("examples.sqlalchemy_shop", database.replace("postgresql:", "postgresql+psycopg:"))
    assert "Ada pays 6.20 True" in told
    assert "rolled back: only 1 of brick" in told
    assert "turnover: [('Ada', 1, Decimal('6.20')), ('Bob', 1, Decimal('1.25'))]" in told
    assert "best sellers: [(1, 'apple', 10), (2, 'banana', 5), (3, 'brick', 2)]" in told
    assert "like red: ['Ada']" in told


@pytest.mark.parametrize("isolation", ["serializable", "repeatable_read", "read_committed"])
def test_asyncpg_bank(database: str, isolation: str) -> None:
    told = run("examples.asyncpg_bank", database, "--isolation", isolation, "--transfers", "160")
    assert "'total': 10000" in told
    assert "'wrong': 0" in told


@pytest.mark.parametrize("form", [[], ["--binary"]])
def test_psycopg_loader(database: str, form: list[str]) -> None:
    told = run("examples.psycopg_loader", "--url", database, "--rows", "20000", *form)
    assert "rows=20000" in told
    assert "sensors=100, total=2489044.5, exported=2014" in told


@pytest.mark.slow
def test_psycopg_loader_of_a_million(database: str) -> None:
    assert "rows=1000000" in run("examples.psycopg_loader", "--url", database, "--rows", "1000000")
